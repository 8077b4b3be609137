
/*
 * Copyright (C) convrelay contributors
 *
 * A stand-in for an OpenAI-compatible server, spoken by nginx itself:
 *
 *     location = /v1/chat/completions {
 *         convrelay_mock_llm  answer=rule interval=20ms fault=$arg_fault;
 *     }
 *
 * A request passes through the files in this order: module (what to do),
 * request (the client's JSON), answer (the text to say), stream (when to send
 * it), event (what comes next, and how it goes wrong), shape (the vendor's
 * JSON around a piece of text).  The reply file has everything that is not a
 * stream.
 */


#ifndef NGX_HTTP_CONVRELAY_MOCK_H_INCLUDED
#define NGX_HTTP_CONVRELAY_MOCK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "convrelay_json_tree.h"


/* limits of a model name and a piece of text, and so of an event */

#define NGX_HTTP_CONVRELAY_MOCK_MAX_MODEL          128
#define NGX_HTTP_CONVRELAY_MOCK_MAX_WORD           24
#define NGX_HTTP_CONVRELAY_MOCK_MAX_WORDS          8
#define NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT          4096
#define NGX_HTTP_CONVRELAY_MOCK_MAX_TOOLS          1024
#define NGX_HTTP_CONVRELAY_MOCK_MAX_TOOL           128
#define NGX_HTTP_CONVRELAY_MOCK_MAX_PIECE          384      /* of arguments */

#define NGX_HTTP_CONVRELAY_MOCK_MAX_TOKENS         1000000


#define NGX_HTTP_CONVRELAY_MOCK_RULE               0
#define NGX_HTTP_CONVRELAY_MOCK_REPEAT             1
#define NGX_HTTP_CONVRELAY_MOCK_COUNT              2
#define NGX_HTTP_CONVRELAY_MOCK_HISTORY            3
#define NGX_HTTP_CONVRELAY_MOCK_SAY                4
#define NGX_HTTP_CONVRELAY_MOCK_ASKED              5
#define NGX_HTTP_CONVRELAY_MOCK_SCRIPT             6


#define NGX_HTTP_CONVRELAY_MOCK_NO_FAULT           0
#define NGX_HTTP_CONVRELAY_MOCK_STALL_BEFORE       1
#define NGX_HTTP_CONVRELAY_MOCK_CUT_BEFORE         2
#define NGX_HTTP_CONVRELAY_MOCK_HTML               3
#define NGX_HTTP_CONVRELAY_MOCK_EMPTY              4
#define NGX_HTTP_CONVRELAY_MOCK_JSON               5
#define NGX_HTTP_CONVRELAY_MOCK_DONE_ONLY          6
#define NGX_HTTP_CONVRELAY_MOCK_NO_FINISH          7
#define NGX_HTTP_CONVRELAY_MOCK_NO_DONE            8
#define NGX_HTTP_CONVRELAY_MOCK_TEAR               9
#define NGX_HTTP_CONVRELAY_MOCK_BYTEWISE           10

/* these happen after "at_token" tokens */

#define NGX_HTTP_CONVRELAY_MOCK_STALL_AFTER        11
#define NGX_HTTP_CONVRELAY_MOCK_CUT                12
#define NGX_HTTP_CONVRELAY_MOCK_CUT_CHUNK          13
#define NGX_HTTP_CONVRELAY_MOCK_EOF                14
#define NGX_HTTP_CONVRELAY_MOCK_ERROR_IN_STREAM    15
#define NGX_HTTP_CONVRELAY_MOCK_GARBAGE            16
#define NGX_HTTP_CONVRELAY_MOCK_HALF_CLOSE         17
#define NGX_HTTP_CONVRELAY_MOCK_KEEPALIVE          18
#define NGX_HTTP_CONVRELAY_MOCK_REASONING          19


/* the order of the table of shapes */

#define NGX_HTTP_CONVRELAY_MOCK_OPENAI             0
#define NGX_HTTP_CONVRELAY_MOCK_AZURE              1
#define NGX_HTTP_CONVRELAY_MOCK_VLLM               2
#define NGX_HTTP_CONVRELAY_MOCK_LLAMACPP           3
#define NGX_HTTP_CONVRELAY_MOCK_OLLAMA             4
#define NGX_HTTP_CONVRELAY_MOCK_GROQ               5
#define NGX_HTTP_CONVRELAY_MOCK_OPENROUTER         6
#define NGX_HTTP_CONVRELAY_MOCK_GEMINI             7
#define NGX_HTTP_CONVRELAY_MOCK_CRLF               8
#define NGX_HTTP_CONVRELAY_MOCK_COMMENTS           9
#define NGX_HTTP_CONVRELAY_MOCK_BOM                10


/* how to answer a request, from the directive */

typedef struct {
    ngx_str_t                            say;
    ngx_str_t                            finish;
    ngx_str_t                            tools;    /* rules */
    ngx_uint_t                           answer;
    ngx_uint_t                           fault;
    ngx_uint_t                           quirk;
    ngx_uint_t                           status;
    ngx_uint_t                           tokens;
    ngx_uint_t                           at_token;
    ngx_uint_t                           stamp;
    ngx_msec_t                           first;
    ngx_msec_t                           interval;
} ngx_http_convrelay_mock_opts_t;


/* an error as OpenAI words it; param and code are "null" where empty */

typedef struct {
    ngx_uint_t                           status;
    ngx_str_t                            message;
    ngx_str_t                            type;
    ngx_str_t                            param;
    ngx_str_t                            code;
} ngx_http_convrelay_mock_error_t;


/* a call of a tool; arguments are what is not yet sent of them */

typedef struct {
    ngx_str_t                            name;
    ngx_str_t                            arguments;
    size_t                               piece;    /* bytes, at most */
    unsigned                             split:1;  /* the name goes first */
    unsigned                             begun:1;
} ngx_http_convrelay_mock_call_t;


/*
 * The JSON of a vendor.  The texts are templates: $id, $time, $model, $content,
 * $finish, $usage, $nousage, $pad, $message, $type, $param, $code, $status.
 */

typedef struct {
    ngx_str_t                            type;     /* Content-Type */
    ngx_str_t                            lead;     /* raw, before the events */
    ngx_str_t                            between;  /* raw, before each event */
    ngx_str_t                            eol;

    ngx_str_t                            first;    /* event before the role */
    ngx_str_t                            role;
    ngx_str_t                            token;
    ngx_str_t                            finish;
    ngx_str_t                            after;    /* after finish, always */
    ngx_str_t                            usage;    /* then, if asked for */
    ngx_str_t                            fault;    /* error in the stream */
    ngx_str_t                            fault_event;
    ngx_str_t                            body;     /* of a bad HTTP status */

    ngx_uint_t                           words;    /* in one delta */

    unsigned                             early:1;  /* header before tokens */
    unsigned                             joined:1; /* finish has content */
    unsigned                             fault_done:1;
} ngx_http_convrelay_mock_shape_t;


typedef struct {
    ngx_event_t                          timer;
    ngx_http_convrelay_mock_opts_t       opts;
    ngx_http_convrelay_mock_shape_t     *shape;
    ngx_http_convrelay_mock_error_t      error;

    ngx_str_t                            id;
    ngx_str_t                            model;    /* escaped */
    time_t                               created;

    ngx_array_t                         *calls;    /* or NULL */
    ngx_uint_t                           call;     /* being sent */
    ngx_str_t                            text;     /* the answer */
    u_char                              *pos;      /* not yet said */
    ngx_str_t                            content;  /* being said */
    ngx_uint_t                           sent;     /* tokens */
    ngx_uint_t                           limit;
    ngx_uint_t                           prompt_tokens;

    ngx_str_t                            open;     /* token template before */
    ngx_str_t                            close;    /* and after $content */

    ngx_chain_t                          out;      /* one buffer, reused */
    u_char                              *ready;    /* end of what may be sent */
    ngx_int_t                            then;     /* see ..._mock_next() */
    ngx_msec_t                           pause;
    ngx_uint_t                           stage;

    u_char                               scratch[NGX_INT64_LEN + 1];

    unsigned                             stream:1;
    unsigned                             usage:1;
    unsigned                             pad:1;
    unsigned                             header:1;
    unsigned                             blocked:1;
    unsigned                             torn:1;
    unsigned                             faulted:1;
} ngx_http_convrelay_mock_ctx_t;


/*
 * Reads the body of the request into ctx: model, flags, and the answer.
 * Returns NGX_OK, NGX_DECLINED (a bad request, ctx->error says why), or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_mock_read(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);

/* the text of a message, its parts joined, in the pool if necessary */
ngx_int_t ngx_http_convrelay_mock_content(ngx_pool_t *pool,
    const cJSON *message, ngx_str_t *text);

/* the answer to the messages into ctx->text, NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_mock_answer(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages);

/*
 * Calls of tools, or what is said of their results, into ctx.  NGX_OK;
 * NGX_DECLINED: nothing of them; NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_mock_tools(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root,
    const cJSON *messages);

/*
 * Whether a call is not yet sent.  _piece writes the next entry of
 * "tool_calls", less than an event is long, and _calls whole ones, joined, into
 * the pool.
 */
ngx_uint_t ngx_http_convrelay_mock_calls_left(
    ngx_http_convrelay_mock_ctx_t *ctx);
u_char *ngx_http_convrelay_mock_piece(ngx_http_convrelay_mock_ctx_t *ctx,
    u_char *p);
ngx_int_t ngx_http_convrelay_mock_calls(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *calls);

/*
 * The next piece of the answer into ctx->content: NGX_OK, or NGX_DONE when
 * all is said.
 */
ngx_int_t ngx_http_convrelay_mock_token(ngx_http_convrelay_mock_ctx_t *ctx);
ngx_uint_t ngx_http_convrelay_mock_more(ngx_http_convrelay_mock_ctx_t *ctx);

ngx_http_convrelay_mock_shape_t *ngx_http_convrelay_mock_shape(
    ngx_uint_t quirk);

/* writes a template to p, never past end */
u_char *ngx_http_convrelay_mock_expand(ngx_http_convrelay_mock_ctx_t *ctx,
    u_char *p, u_char *end, ngx_str_t *text);

/* expands the token template, except $content, into ctx->open and close */
ngx_int_t ngx_http_convrelay_mock_prepare(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx);

/* the answer as one chat.completion */
ngx_int_t ngx_http_convrelay_mock_whole(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *json);

/*
 * Replies that are not streams: the one that a fault or the request asks for,
 * the status of the directive, a request that was refused (ctx->error).  What
 * they return is for a content handler to return and for others to finalize
 * the request with.
 */
ngx_uint_t ngx_http_convrelay_mock_streamed(
    ngx_http_convrelay_mock_ctx_t *ctx);
ngx_int_t ngx_http_convrelay_mock_send_reply(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
ngx_int_t ngx_http_convrelay_mock_send_status(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
ngx_int_t ngx_http_convrelay_mock_send_error(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);

/* the code that cuts the connection, if it is ours to close */
ngx_int_t ngx_http_convrelay_mock_cut(ngx_http_request_t *r);

/*
 * Writes events at ctx->ready until there is something to wait for, which
 * ctx->then names.  Sets where the next piece of what is ready ends: with all
 * of it, except for the tearing faults.
 */
void ngx_http_convrelay_mock_fill(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
u_char *ngx_http_convrelay_mock_split(ngx_http_convrelay_mock_ctx_t *ctx);

/* starts to answer a request that was read, and owns it from then on */
void ngx_http_convrelay_mock_start(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);


extern ngx_module_t  ngx_http_convrelay_mock_module;


#endif /* NGX_HTTP_CONVRELAY_MOCK_H_INCLUDED */
