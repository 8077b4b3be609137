
/*
 * Copyright (C) convrelay contributors
 *
 * The events of a stream in their order, and the faults among them.
 */


#include "ngx_http_convrelay_mock.h"


static ngx_int_t ngx_http_convrelay_mock_event(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_say(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_fail(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_pause(
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_msec_t pause);

static void ngx_http_convrelay_mock_put(ngx_http_convrelay_mock_ctx_t *ctx,
    ngx_str_t *text);
static void ngx_http_convrelay_mock_put_token(
    ngx_http_convrelay_mock_ctx_t *ctx);
static void ngx_http_convrelay_mock_put_call(
    ngx_http_convrelay_mock_ctx_t *ctx);
static void ngx_http_convrelay_mock_put_event(
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *json);


typedef enum {
    ngx_http_convrelay_mock_st_lead = 0,
    ngx_http_convrelay_mock_st_first,
    ngx_http_convrelay_mock_st_role,
    ngx_http_convrelay_mock_st_token,
    ngx_http_convrelay_mock_st_finish,
    ngx_http_convrelay_mock_st_after,
    ngx_http_convrelay_mock_st_usage,
    ngx_http_convrelay_mock_st_done
} ngx_http_convrelay_mock_stage_e;


static ngx_str_t  ngx_http_convrelay_mock_done = ngx_string("[DONE]");


void
ngx_http_convrelay_mock_fill(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_buf_t  *b;

    b = ctx->out.buf;

    do {
        ctx->then = ngx_http_convrelay_mock_event(r, ctx);

        if (ctx->torn && ctx->ready > b->start) {
            return;
        }

    } while (ctx->then == NGX_OK
             && b->end - ctx->ready >= NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT);
}


static ngx_int_t
ngx_http_convrelay_mock_event(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_http_convrelay_mock_shape_t  *shape;

    shape = ctx->shape;

    switch (ctx->stage++) {

    case ngx_http_convrelay_mock_st_lead:
        ngx_http_convrelay_mock_put(ctx, &shape->lead);

        if (ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_DONE_ONLY) {
            ctx->stage = ngx_http_convrelay_mock_st_done;
        }

        return ngx_http_convrelay_mock_pause(ctx, shape->early
                                                  ? ctx->opts.first : 0);

    case ngx_http_convrelay_mock_st_first:
        ngx_http_convrelay_mock_put_event(ctx, &shape->first);
        return NGX_OK;

    case ngx_http_convrelay_mock_st_role:
        ngx_http_convrelay_mock_put_event(ctx, &shape->role);
        return NGX_OK;

    case ngx_http_convrelay_mock_st_token:
        return ngx_http_convrelay_mock_say(r, ctx);

    case ngx_http_convrelay_mock_st_finish:

        if (ctx->opts.fault != NGX_HTTP_CONVRELAY_MOCK_NO_FINISH) {
            ngx_http_convrelay_mock_put_event(ctx, &shape->finish);
        }

        return NGX_OK;

    case ngx_http_convrelay_mock_st_after:

        if (ctx->opts.fault != NGX_HTTP_CONVRELAY_MOCK_NO_FINISH) {
            ngx_http_convrelay_mock_put_event(ctx, &shape->after);
        }

        return NGX_OK;

    case ngx_http_convrelay_mock_st_usage:

        if (ctx->usage) {
            ngx_http_convrelay_mock_put_event(ctx, &shape->usage);
        }

        return NGX_OK;

    default: /* ngx_http_convrelay_mock_st_done */

        if (ctx->opts.fault != NGX_HTTP_CONVRELAY_MOCK_NO_DONE) {
            ngx_http_convrelay_mock_put_event(ctx,
                                              &ngx_http_convrelay_mock_done);
        }

        return NGX_DONE;
    }
}


/* a token, or the fault that is due there; the state stays; calls are last */

static ngx_int_t
ngx_http_convrelay_mock_say(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_uint_t  due, left;

    left = ngx_http_convrelay_mock_calls_left(ctx);

    due = (ctx->opts.fault >= NGX_HTTP_CONVRELAY_MOCK_STALL_AFTER
           && !ctx->faulted);

    if (due
        && (ctx->sent >= ctx->opts.at_token
            || (!left && !ngx_http_convrelay_mock_more(ctx))))
    {
        ctx->stage = ngx_http_convrelay_mock_st_token;
        return ngx_http_convrelay_mock_fail(r, ctx);
    }

    if (ngx_http_convrelay_mock_token(ctx) == NGX_DONE) {

        if (!left) {
            return NGX_OK;
        }

        ctx->stage = ngx_http_convrelay_mock_st_token;

        ngx_http_convrelay_mock_put_call(ctx);

        return ngx_http_convrelay_mock_pause(ctx, ctx->opts.interval);
    }

    if (ctx->shape->joined
        && !due
        && !left
        && !ngx_http_convrelay_mock_more(ctx)
        && ctx->opts.fault != NGX_HTTP_CONVRELAY_MOCK_NO_FINISH)
    {
        ctx->stage = ngx_http_convrelay_mock_st_finish;
        return NGX_OK;
    }

    ctx->stage = ngx_http_convrelay_mock_st_token;

    ngx_http_convrelay_mock_put_token(ctx);

    return ngx_http_convrelay_mock_pause(ctx, ctx->opts.interval);
}


static ngx_int_t
ngx_http_convrelay_mock_fail(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char  *start;

    static ngx_str_t  event = ngx_string("event: ");
    static ngx_str_t  size = ngx_string("fff" CRLF);
    static ngx_str_t  comment = ngx_string(": keep-alive\n\n");
    static ngx_str_t  thought = ngx_string("{\"choices\":[{\"index\":0,"
        "\"delta\":{\"reasoning_content\":\"Well, \"},"
        "\"finish_reason\":null}]}");
    static ngx_str_t  garbage = ngx_string("{\"id\":\"chatcmpl-broken\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":");

    switch (ctx->opts.fault) {

    case NGX_HTTP_CONVRELAY_MOCK_STALL_AFTER:
        return NGX_DECLINED;

    case NGX_HTTP_CONVRELAY_MOCK_CUT:
        return NGX_ABORT;

    /* these go on for ever */

    case NGX_HTTP_CONVRELAY_MOCK_KEEPALIVE:
        ngx_http_convrelay_mock_put(ctx, &comment);

        return ngx_http_convrelay_mock_pause(ctx,
                                         ngx_max(ctx->opts.interval, 10));

    case NGX_HTTP_CONVRELAY_MOCK_REASONING:
        ngx_http_convrelay_mock_put_event(ctx, &thought);

        return ngx_http_convrelay_mock_pause(ctx,
                                         ngx_max(ctx->opts.interval, 10));

    case NGX_HTTP_CONVRELAY_MOCK_HALF_CLOSE:

        if (r != r->main) {
            return NGX_ABORT;
        }

        if (ctx->ready > ctx->out.buf->start) {
            return NGX_AGAIN;
        }

        /* a FIN, with TLS without close_notify; the socket stays open */

        (void) ngx_shutdown_socket(r->connection->fd, NGX_WRITE_SHUTDOWN);

        return NGX_DECLINED;

    case NGX_HTTP_CONVRELAY_MOCK_CUT_CHUNK:

        /* what is in the buffer is sent before, as a whole chunk */

        if (ctx->ready > ctx->out.buf->start) {
            return NGX_AGAIN;
        }

        if (r == r->main && r->chunked) {
            r->chunked = 0;
            ngx_http_convrelay_mock_put(ctx, &size);
        }

        start = ctx->ready;
        (void) ngx_http_convrelay_mock_token(ctx);
        ngx_http_convrelay_mock_put_token(ctx);
        ctx->ready = start + (ctx->ready - start) / 2;

        return NGX_ABORT;

    case NGX_HTTP_CONVRELAY_MOCK_ERROR_IN_STREAM:

        if (ctx->shape->fault_event.len) {
            ngx_http_convrelay_mock_put(ctx, &event);
            ngx_http_convrelay_mock_put(ctx, &ctx->shape->fault_event);
            ngx_http_convrelay_mock_put(ctx, &ctx->shape->eol);
        }

        ngx_http_convrelay_mock_put_event(ctx, &ctx->shape->fault);

        if (ctx->shape->fault_done) {
            ngx_http_convrelay_mock_put_event(ctx,
                                              &ngx_http_convrelay_mock_done);
        }

        return NGX_DONE;

    case NGX_HTTP_CONVRELAY_MOCK_GARBAGE:
        ngx_http_convrelay_mock_put_event(ctx, &garbage);
        ctx->faulted = 1;
        return NGX_OK;

    default: /* NGX_HTTP_CONVRELAY_MOCK_EOF */
        return NGX_DONE;
    }
}


static ngx_int_t
ngx_http_convrelay_mock_pause(ngx_http_convrelay_mock_ctx_t *ctx,
    ngx_msec_t pause)
{
    ctx->pause = pause;

    return pause ? NGX_AGAIN : NGX_OK;
}


static void
ngx_http_convrelay_mock_put(ngx_http_convrelay_mock_ctx_t *ctx,
    ngx_str_t *text)
{
    ctx->ready = ngx_cpymem(ctx->ready, text->data, text->len);
}


static void
ngx_http_convrelay_mock_put_token(ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_http_convrelay_mock_put(ctx, &ctx->open);
    ctx->ready = convrelay_json_escape(ctx->ready, ctx->content.data,
                                       ctx->content.len);
    ngx_http_convrelay_mock_put(ctx, &ctx->close);
}


/* a call may contain a "$", so it is not a template */

static void
ngx_http_convrelay_mock_put_call(ngx_http_convrelay_mock_ctx_t *ctx)
{
    static ngx_str_t  head = ngx_string("data: {\"object\":"
        "\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"tool_calls\":[");
    static ngx_str_t  tail = ngx_string("]},\"finish_reason\":null}]}");

    ngx_http_convrelay_mock_put(ctx, &ctx->shape->between);
    ngx_http_convrelay_mock_put(ctx, &head);
    ctx->ready = ngx_http_convrelay_mock_piece(ctx, ctx->ready);
    ngx_http_convrelay_mock_put(ctx, &tail);
    ngx_http_convrelay_mock_put(ctx, &ctx->shape->eol);
    ngx_http_convrelay_mock_put(ctx, &ctx->shape->eol);

    ctx->sent++;
}


static void
ngx_http_convrelay_mock_put_event(ngx_http_convrelay_mock_ctx_t *ctx,
    ngx_str_t *json)
{
    static ngx_str_t  data = ngx_string("data: ");

    if (json->len == 0) {
        return;
    }

    ngx_http_convrelay_mock_put(ctx, &ctx->shape->between);
    ngx_http_convrelay_mock_put(ctx, &data);
    ctx->ready = ngx_http_convrelay_mock_expand(ctx, ctx->ready,
                                                ctx->out.buf->end - 8, json);
    ngx_http_convrelay_mock_put(ctx, &ctx->shape->eol);
    ngx_http_convrelay_mock_put(ctx, &ctx->shape->eol);
}


u_char *
ngx_http_convrelay_mock_split(ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char  *p, *pos, *start;

    start = ctx->out.buf->start;
    pos = ctx->out.buf->last;

    if (!ctx->torn || pos == ctx->ready) {
        return ctx->ready;
    }

    if (ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_BYTEWISE) {
        return pos + 1;
    }

    for (p = pos; p < ctx->ready; p++) {

        /* inside a character */

        if (*p >= 0xc0) {
            return p + 1;
        }
    }

    return (pos == start) ? pos + (ctx->ready - pos + 1) / 2 : ctx->ready;
}
