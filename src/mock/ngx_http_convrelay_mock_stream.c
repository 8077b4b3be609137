
/*
 * Copyright (C) convrelay contributors
 *
 * Sends the answer: when the next piece goes out, and when there is no more.
 *
 * The request is either an ordinary one or a turn of a call: a background
 * subrequest on the connection of a caller that does not know of the mock.
 * So the pace comes from a timer of the mock's own, and a connection is only
 * touched (read, waited for, closed) if the request is its main one.
 *
 * Events gather in one buffer until there is something to wait for, then go
 * out together.  The buffer is reused once it was consumed, so the memory of a
 * request does not depend on the length of its answer.
 */


#include "ngx_http_convrelay_mock.h"


#define NGX_HTTP_CONVRELAY_MOCK_BUFFER                                        \
    (2 * NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT)


static ngx_int_t ngx_http_convrelay_mock_init(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static void ngx_http_convrelay_mock_cleanup(void *data);

static void ngx_http_convrelay_mock_timer_handler(ngx_event_t *ev);
static void ngx_http_convrelay_mock_write_handler(ngx_http_request_t *r);

static void ngx_http_convrelay_mock_run(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_stream_header(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_write(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_renew(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_wait(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_mock_next(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);


void
ngx_http_convrelay_mock_start(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    if (ngx_http_convrelay_mock_init(r, ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay mock answer:%ui fault:%ui",
                   ctx->opts.answer, ctx->opts.fault);

    if (ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_STALL_BEFORE) {
        return;
    }

    if (ctx->opts.first == 0
        || (ctx->shape->early && ngx_http_convrelay_mock_streamed(ctx)))
    {
        ngx_http_convrelay_mock_run(r, ctx);
        return;
    }

    ngx_add_timer(&ctx->timer, ctx->opts.first);
}


static ngx_int_t
ngx_http_convrelay_mock_init(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char              *p;
    ngx_event_t         *rev;
    ngx_http_cleanup_t  *hcln;
    ngx_pool_cleanup_t  *cln;

    hcln = ngx_http_cleanup_add(r, 0);
    if (hcln == NULL) {
        return NGX_ERROR;
    }

    hcln->handler = ngx_http_convrelay_mock_cleanup;
    hcln->data = ctx;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_convrelay_mock_cleanup;
    cln->data = ctx;

    ctx->timer.handler = ngx_http_convrelay_mock_timer_handler;
    ctx->timer.data = r;
    ctx->timer.log = r->connection->log;

    p = ngx_pnalloc(r->pool, sizeof("chatcmpl-") - 1 + 16);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->id.data = p;
    p = ngx_sprintf(p, "chatcmpl-%08xD%08xD", (uint32_t) ngx_random(),
                    (uint32_t) ngx_random());
    ctx->id.len = p - ctx->id.data;

    if (ngx_http_convrelay_mock_prepare(r->pool, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->out.buf = ngx_create_temp_buf(r->pool,
                                       NGX_HTTP_CONVRELAY_MOCK_BUFFER);
    if (ctx->out.buf == NULL) {
        return NGX_ERROR;
    }

    ctx->ready = ctx->out.buf->last;
    ctx->torn = (ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_TEAR
                 || ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_BYTEWISE);

    r->write_event_handler = ngx_http_convrelay_mock_write_handler;

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;

        rev = r->connection->read;

        if (rev->ready || rev->pending_eof) {
            ngx_post_event(rev, &ngx_posted_events);
        }
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_mock_cleanup(void *data)
{
    ngx_http_convrelay_mock_ctx_t *ctx = data;

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }

    if (ctx->timer.posted) {
        ngx_delete_posted_event(&ctx->timer);
    }
}


static void
ngx_http_convrelay_mock_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_convrelay_mock_ctx_t  *ctx;

    r = ev->data;

    /* the turn was cancelled, and its pool is about to be destroyed */

    if (r->write_event_handler != ngx_http_convrelay_mock_write_handler) {
        return;
    }

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_mock_module);

    ngx_http_convrelay_mock_run(r, ctx);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_mock_write_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_event_t                    *wev;
    ngx_connection_t               *c;
    ngx_http_convrelay_mock_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_mock_module);

    if (!ctx->blocked) {
        return;
    }

    c = r->connection;
    wev = c->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = wev->delayed ? NGX_AGAIN : ngx_http_output_filter(r, NULL);

    if (rc == NGX_AGAIN) {
        rc = ngx_http_convrelay_mock_wait(r);
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (rc == NGX_AGAIN) {
        return;
    }

    /* limit_rate uses its own timer there */

    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    ctx->blocked = 0;

    if (ngx_http_convrelay_mock_next(r, ctx) == NGX_OK) {
        ngx_http_convrelay_mock_run(r, ctx);
    }
}


static void
ngx_http_convrelay_mock_run(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (!ctx->header) {
        ctx->header = 1;

        if (!ngx_http_convrelay_mock_streamed(ctx)) {
            rc = ngx_http_convrelay_mock_send_reply(r, ctx);
            ngx_http_finalize_request(r, rc);
            return;
        }

        rc = ngx_http_convrelay_mock_stream_header(r, ctx);

        if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
            ngx_http_finalize_request(r, rc);
            return;
        }
    }

    do {
        rc = ngx_http_convrelay_mock_write(r, ctx);

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, ngx_http_convrelay_mock_cut(r));
            return;
        }

        if (rc == NGX_AGAIN) {
            return;
        }

    } while (ngx_http_convrelay_mock_next(r, ctx) == NGX_OK);
}


static ngx_int_t
ngx_http_convrelay_mock_stream_header(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r == r->main && clcf->tcp_nodelay
        && ngx_tcp_nodelay(r->connection) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = ctx->opts.status;
    r->headers_out.content_type = ctx->shape->type;
    r->headers_out.content_type_len = ctx->shape->type.len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_send_header(r);
}


/*
 * Sends the next piece.  NGX_OK if it was sent, NGX_AGAIN if the write handler
 * continues, or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_mock_write(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_uint_t   last;

    if (ngx_http_convrelay_mock_renew(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    b = ctx->out.buf;

    if (b->last == ctx->ready) {
        b->pos = b->start;
        b->last = b->start;
        ctx->ready = b->start;

        ngx_http_convrelay_mock_fill(r, ctx);
    }

    b->last = ngx_http_convrelay_mock_split(ctx);

    last = (ctx->then == NGX_DONE && b->last == ctx->ready);

    b->temporary = (b->last > b->pos);
    b->flush = !last;
    b->last_in_chain = last;
    b->last_buf = (last && r == r->main);
    b->sync = (last && r != r->main && !b->temporary);

    rc = ngx_http_output_filter(r, &ctx->out);

    if (rc == NGX_AGAIN && r == r->main) {
        ctx->blocked = 1;
        return ngx_http_convrelay_mock_wait(r);
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* a filter may keep a subrequest's buffer until it may send */

static ngx_int_t
ngx_http_convrelay_mock_renew(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    size_t      size;
    ngx_buf_t  *b;

    if (ctx->out.buf->pos == ctx->out.buf->last) {
        return NGX_OK;
    }

    b = ngx_create_temp_buf(r->pool, NGX_HTTP_CONVRELAY_MOCK_BUFFER);
    if (b == NULL) {
        return NGX_ERROR;
    }

    size = ctx->ready - ctx->out.buf->last;
    ctx->ready = ngx_cpymem(b->start, ctx->out.buf->last, size);
    ctx->out.buf = b;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/*
 * Does what ctx->then says after a piece was sent: NGX_OK and NGX_AGAIN
 * continue, at once or after a pause; NGX_DONE ends the answer, NGX_ABORT cuts
 * it; NGX_DECLINED sends nothing more.  Returns NGX_OK if the next piece is to
 * be sent at once; otherwise the request may be gone.
 */

static ngx_int_t
ngx_http_convrelay_mock_next(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_event_t  *ev;

    /*
     * A pause between pieces lets the reader wake up; between bytes, of which
     * there are many, only a reader in this event loop.
     */

    if (ctx->out.buf->last < ctx->ready) {
        ev = &ctx->timer;

        if (ctx->opts.fault == NGX_HTTP_CONVRELAY_MOCK_BYTEWISE) {
            ngx_post_event(ev, &ngx_posted_next_events);

        } else {
            ngx_add_timer(ev, 2);
        }

        return NGX_AGAIN;
    }

    switch (ctx->then) {

    case NGX_DONE:
        ngx_http_finalize_request(r, NGX_OK);
        return NGX_DONE;

    case NGX_ABORT:
        ngx_http_finalize_request(r, ngx_http_convrelay_mock_cut(r));
        return NGX_DONE;

    case NGX_AGAIN:

        if (ctx->pause) {
            ngx_add_timer(&ctx->timer, ctx->pause);
            return NGX_AGAIN;
        }

        return NGX_OK;

    default: /* NGX_OK, NGX_DECLINED */
        return ctx->then;
    }
}
