
/*
 * Copyright (C) convrelay contributors
 *
 * Ends calls.
 *
 * A call is never torn down where the need is noticed: the code may be running
 * below read events, timers and callbacks of upstreams, and the callbacks
 * cannot survive the end of their request.  So the end is marked and an event
 * is posted, which runs before the event loop sleeps again (see socket.c).
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_keep.h"


void
ngx_http_convrelay_call_close(ngx_http_convrelay_call_t *call,
    ngx_uint_t code, convrelay_str_t *reason)
{
    u_char           buf[CONVRELAY_WS_MAX_CONTROL];
    convrelay_str_t  data;

    if (call->closing || call->dead) {
        return;
    }

    data.data = buf;
    data.len = 0;

    if (code != CONVRELAY_WS_NO_STATUS) {
        data.len = convrelay_ws_close_payload(buf, code, reason) - buf;
    }

    if (ngx_http_convrelay_output_control(call, CONVRELAY_WS_CLOSE, &data)
        != NGX_OK)
    {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay close code:%ui", code);

    call->closing = 1;
    call->linger = 1;

    ngx_http_convrelay_stat_state(call);

    call->send_by = ngx_current_msec + NGX_HTTP_CONVRELAY_CLOSE_TIME;
    ngx_http_convrelay_clock_update(call);

    ngx_post_event(&call->event, &ngx_posted_events);
}


void
ngx_http_convrelay_call_fail(ngx_http_convrelay_call_t *call, ngx_int_t rc)
{
    if (call->dead) {
        return;
    }

    call->dead = 1;
    call->rc = rc;

    ngx_post_event(&call->event, &ngx_posted_events);
}


void
ngx_http_convrelay_call_replaced(ngx_http_convrelay_call_t *call)
{
    convrelay_str_t  reason = convrelay_string("replaced");

    ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                  "session was reconnected, closing its old socket");

    ngx_http_convrelay_keep_replaced(call);
    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_REPLACED);
    ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                  &reason);
}


ngx_int_t
ngx_http_convrelay_call_rate(ngx_http_convrelay_call_t *call,
    convrelay_rate_t *rate, const convrelay_rate_limit_t *limit,
    const char *what, const char *period)
{
    u_char           buf[32];
    convrelay_str_t  reason;

    if (limit->number == 0
        || convrelay_rate_add(rate, limit, ngx_current_msec) == CONVRELAY_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "client sends too fast: %ui %s ahead, limit is %ui per %s, "
                  "closing",
                  (ngx_uint_t) convrelay_rate_ahead(rate, limit), what,
                  (ngx_uint_t) limit->number, period);

    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_TOO_FAST);

    ngx_http_convrelay_count(call->conf, LIMIT_FRAME_RATE);

    reason.data = buf;
    reason.len = ngx_sprintf(buf, "too many %s", what) - buf;

    ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                  &reason);

    return NGX_DECLINED;
}


ngx_http_request_t *
ngx_http_convrelay_shadow(ngx_http_convrelay_call_t *call, ngx_pool_t *pool)
{
    ngx_http_request_t   *r, *m;
    ngx_http_conf_ctx_t   ctx;

    r = call->request;

    ctx.main_conf = r->main_conf;
    ctx.srv_conf = r->srv_conf;
    ctx.loc_conf = r->loc_conf;

    m = ngx_http_convrelay_fetch_shadow(pool, r->connection, &ctx, r, 1);

    if (m == NULL || ngx_http_convrelay_call_bind(call, m) != NGX_OK) {
        return NULL;
    }

    return m;
}


ngx_int_t
ngx_http_convrelay_call_bind(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_convrelay_get_ctx(m);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->call = call;
    ctx->session = call->session;

    return NGX_OK;
}


void
ngx_http_convrelay_captures_keep(ngx_http_request_t *r,
    ngx_http_convrelay_captures_t *kept)
{
#if (NGX_PCRE)
    kept->captures = r->captures;
    kept->n = r->ncaptures;
    kept->data = r->captures_data;

    r->realloc_captures = 1;
#endif
}


void
ngx_http_convrelay_captures_restore(ngx_http_request_t *r,
    ngx_http_convrelay_captures_t *kept)
{
#if (NGX_PCRE)
    r->captures = kept->captures;
    r->ncaptures = kept->n;
    r->captures_data = kept->data;

    r->realloc_captures = 1;
#endif
}
