
/*
 * Copyright (C) convrelay contributors
 *
 * The answer of a turn: filters on top of the chain take its bytes away, the
 * LLM's stream becomes pieces of text, and in the end one outcome.
 */


#include "ngx_http_convrelay_upstream.h"


static ngx_int_t ngx_http_convrelay_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_convrelay_answer_buf(
    ngx_http_convrelay_turn_t *t, ngx_buf_t *b);
static void ngx_http_convrelay_feed(ngx_http_convrelay_turn_t *t,
    ngx_buf_t *b);
static void ngx_http_convrelay_bytes(ngx_http_convrelay_turn_t *t,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_delta(ngx_http_convrelay_turn_t *t,
    convrelay_str_t *text);
static void ngx_http_convrelay_answered(ngx_http_convrelay_turn_t *t);
static convrelay_turn_outcome_e ngx_http_convrelay_answer_outcome(
    ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_log_failure(ngx_http_convrelay_turn_t *t);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_convrelay_header_filter(ngx_http_request_t *r)
{
    ngx_table_elt_t            *h;
    ngx_http_convrelay_turn_t  *t;

    if (r->post_subrequest == NULL
        || r->post_subrequest->handler != ngx_http_convrelay_turn_post_handler)
    {
        return ngx_http_next_header_filter(r);
    }

    t = r->post_subrequest->data;

    t->header = 1;
    t->status = r->headers_out.status;
    t->stream.status = t->status;

    h = r->headers_out.content_encoding;

    if (h && h->hash && h->value.len
        && !(h->value.len == 8
             && ngx_strncasecmp(h->value.data, (u_char *) "identity", 8) == 0))
    {
        t->encoded = 1;
    }

    if (r->upstream) {
        ngx_http_convrelay_upstream_header(t, r->upstream);
    }

    r->header_sent = 1;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay turn header status:%ui", t->status);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                  *b;
    ngx_chain_t                *cl;
    ngx_http_convrelay_call_t  *call;
    ngx_http_convrelay_turn_t  *t;

    if (r->post_subrequest == NULL
        || r->post_subrequest->handler != ngx_http_convrelay_turn_post_handler)
    {
        return ngx_http_next_body_filter(r, in);
    }

    t = r->post_subrequest->data;
    call = t->call;

    r->connection->log->action = "reading LLM's answer";

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (b->pos < b->last) {
            ngx_http_convrelay_answer_buf(t, b);
            b->pos = b->last;
        }

        if (b->in_file) {
            b->file_pos = b->file_last;
        }

        if (b->last_buf || b->last_in_chain) {
            t->clean = 1;
        }
    }

    if (call->output.first && !call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }

    /* an error here would be one of the client's connection */

    return NGX_OK;
}


static void
ngx_http_convrelay_answer_buf(ngx_http_convrelay_turn_t *t, ngx_buf_t *b)
{
    if (t->input_filter == NULL) {
        t->received += b->last - b->pos;

        if (ngx_http_convrelay_received(t, t->received) != NGX_OK) {

            if (t->request->upstream) {

                /* it would read on before the event runs */

                t->request->upstream->error = 1;
            }

            ngx_post_event(&t->event, &ngx_posted_events);

            return;
        }
    }

    ngx_http_convrelay_feed(t, b);
}


ngx_int_t
ngx_http_convrelay_received(ngx_http_convrelay_turn_t *t, off_t size)
{
    if (size <= t->max_received && !t->cancelled) {
        return NGX_OK;
    }

    if (t->call->turn == t && !t->large) {
        t->large = 1;

        ngx_log_error(NGX_LOG_WARN, t->call->connection->log, 0,
                      "LLM's answer has %O bytes and more, limit is %O",
                      size, t->max_received);
    }

    return NGX_ERROR;
}


static void
ngx_http_convrelay_feed(ngx_http_convrelay_turn_t *t, ngx_buf_t *b)
{
    u_char               *copy;
    size_t                len;
    ngx_http_upstream_t  *u;

    u = t->request->upstream;

    /* the bytes of an upstream's own buffer are nobody else's */

    if (b->temporary || (u && b->tag == u->output.tag)) {
        ngx_http_convrelay_bytes(t, b->pos, b->last);
        return;
    }

    len = b->last - b->pos;

    copy = ngx_alloc(len, t->call->connection->log);

    if (copy == NULL) {

        /* an answer is not to go on behind a gap */

        t->stream.failed = 1;
        ngx_http_convrelay_bytes(t, b->last, b->last);

        return;
    }

    ngx_memcpy(copy, b->pos, len);
    ngx_http_convrelay_bytes(t, copy, copy + len);
    ngx_free(copy);
}


static void
ngx_http_convrelay_bytes(ngx_http_convrelay_turn_t *t, u_char *pos,
    u_char *last)
{
    int              rc;
    convrelay_str_t  text;

    while (t->call->turn == t && !t->encoded) {

        rc = convrelay_llm_stream_read(&t->stream, &pos, last, &text);

        if (rc == CONVRELAY_AGAIN) {
            return;
        }

        if (rc == CONVRELAY_OK) {
            ngx_http_convrelay_delta(t, &text);
            continue;
        }

        /* [DONE], or an error: what follows does not matter any more */

        ngx_http_convrelay_answered(t);

        if (t->stream.failed) {
            ngx_post_event(&t->event, &ngx_posted_events);

        } else {
            ngx_http_convrelay_turn_drain(t);
        }
    }
}


static void
ngx_http_convrelay_delta(ngx_http_convrelay_turn_t *t, convrelay_str_t *text)
{
    convrelay_actions_t  out;

    convrelay_session_delta(t->call->session, text, ngx_current_msec, &out);
    ngx_http_convrelay_act(t->call, &out);
}


void
ngx_http_convrelay_answer_end(ngx_http_convrelay_turn_t *t)
{
    convrelay_str_t             text;
    ngx_http_convrelay_call_t  *call;

    call = t->call;

    while (call->turn == t && t->header && !t->encoded && !t->large
           && convrelay_llm_stream_end(&t->stream, &text) == CONVRELAY_OK)
    {
        ngx_http_convrelay_delta(t, &text);
    }

    if (call->turn == t) {
        ngx_http_convrelay_answered(t);
    }
}


/* the answer is over, its request may not be */

static void
ngx_http_convrelay_answered(ngx_http_convrelay_turn_t *t)
{
    off_t                       received;
    convrelay_actions_t         out;
    convrelay_turn_outcome_e    how;
    ngx_http_upstream_t        *u;
    ngx_http_convrelay_call_t  *call;

    call = t->call;
    u = t->request->upstream;

    t->answered = 1;
    call->turn = NULL;

    received = t->input_filter ? u->state->bytes_received : t->received;
    t->max_received = received + NGX_HTTP_CONVRELAY_DRAIN_SIZE;

    how = ngx_http_convrelay_answer_outcome(t);

    convrelay_llm_stream_free(&t->stream);

    convrelay_session_turn_end(call->session, how, ngx_current_msec, &out);
    ngx_http_convrelay_act(call, &out);
}


static convrelay_turn_outcome_e
ngx_http_convrelay_answer_outcome(ngx_http_convrelay_turn_t *t)
{
    ngx_log_t  *log;

    log = t->call->connection->log;

    if (!t->header || t->encoded || t->late || t->large) {
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_FAILED;
    }

    switch (convrelay_llm_outcome(&t->stream, t->clean)) {

    case CONVRELAY_LLM_COMPLETE:

        if (t->stream.finish == CONVRELAY_LLM_FINISH_LENGTH) {
            ngx_log_error(NGX_LOG_INFO, log, 0,
                          "LLM's answer was cut by its token limit");
        }

        return CONVRELAY_TURN_COMPLETE;

    case CONVRELAY_LLM_EMPTY:
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_EMPTY;

    case CONVRELAY_LLM_TRUNCATED:
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "LLM's answer ended without \"[DONE]\" or a "
                      "finish_reason");
        return CONVRELAY_TURN_TRUNCATED;

    default: /* CONVRELAY_LLM_FAILED */
        break;
    }

    ngx_http_convrelay_log_failure(t);

    if (t->status == NGX_HTTP_BAD_REQUEST
        || t->status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
        || t->status == 422)
    {
        return CONVRELAY_TURN_REJECTED;
    }

    return CONVRELAY_TURN_FAILED;
}


/* once a turn: who failed, how, and what it had to say about it */

static void
ngx_http_convrelay_log_failure(ngx_http_convrelay_turn_t *t)
{
    ngx_str_t               peer;
    const char             *reason;
    ngx_http_upstream_t    *u;
    convrelay_llm_error_t  *e;

    ngx_str_set(&peer, "-");

    u = t->request->upstream;

    if (u && u->state && u->state->peer) {
        peer = *u->state->peer;
    }

    e = t->stream.error;

    if (t->no_path && t->header) {
        ngx_log_error(NGX_LOG_ERR, t->call->connection->log, 0,
                      "LLM was asked for \"%V\", the name of the location: "
                      "\"proxy_pass\" has no path, write the whole URL of the "
                      "LLM, such as \"https://host/v1/chat/completions\"",
                      &u->uri);
    }

    if (t->encoded) {
        reason = "it sent a Content-Encoding that was not asked for";

    } else if (t->late) {
        reason = "took too long";

    } else if (t->large) {
        reason = "sent too much";

    } else if (!t->header) {
        reason = (t->rc == NGX_HTTP_GATEWAY_TIME_OUT) ? "timed out"
                                                      : "gave no answer";

    } else if (e) {
        ngx_log_error(NGX_LOG_ERR, t->call->connection->log, 0,
                      "LLM failed: upstream: %V, status: %ui, code: \"%s\", "
                      "type: \"%s\", message: \"%s\"",
                      &peer, t->status, e->code, e->type, e->message);
        return;

    } else if (t->stream.spoken) {
        reason = "broke off in mid-answer";

    } else {
        reason = "its answer was empty";
    }

    ngx_log_error(NGX_LOG_ERR, t->call->connection->log, 0,
                  "LLM failed: upstream: %V, status: %ui, %s",
                  &peer, t->header ? t->status
                                   : (ngx_uint_t) ngx_max(t->rc, 0), reason);
}


ngx_int_t
ngx_http_convrelay_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_convrelay_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_convrelay_body_filter;

    return NGX_OK;
}
