
/*
 * Copyright (C) convrelay contributors
 *
 * One call on its connection: its events, its time and its end.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_keep.h"


/* recv() calls per event, before other connections have their turn */
#define NGX_HTTP_CONVRELAY_READS  4


static u_char *ngx_http_convrelay_call_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);
static void ngx_http_convrelay_call_cleanup(void *data);
static void ngx_http_convrelay_call_free(void *data);
static void ngx_http_convrelay_call_stop(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_call_finalize(ngx_http_convrelay_call_t *call,
    ngx_int_t rc);

static void ngx_http_convrelay_call_handler(ngx_event_t *ev);
static void ngx_http_convrelay_call_go_on(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_call_end(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_read_handler(ngx_http_request_t *r);
static void ngx_http_convrelay_call_read(ngx_http_convrelay_call_t *call,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_call_pause(ngx_http_convrelay_call_t *call,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_call_drop(ngx_http_convrelay_call_t *call);
static ngx_uint_t ngx_http_convrelay_hung_up(ngx_connection_t *c);
static void ngx_http_convrelay_write_handler(ngx_http_request_t *r);
static void ngx_http_convrelay_clock(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_clock_session(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_ping(ngx_http_convrelay_call_t *call);


ngx_http_convrelay_call_t *
ngx_http_convrelay_call_create(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *conf,
    const ngx_http_convrelay_tenant_t *tenant)
{
    ngx_connection_t           *c;
    ngx_http_cleanup_t         *cln;
    ngx_pool_cleanup_t         *pcln;
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_convrelay_call_t  *call;

    ctx = ngx_http_convrelay_get_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    pcln = ngx_pool_cleanup_add(r->pool, 0);
    if (pcln == NULL) {
        return NULL;
    }

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_convrelay_call_t));
    if (call == NULL) {
        return NULL;
    }

    /* on the heap where it may outlive the request */

    call->session = conf->store.enable
                    ? ngx_alloc(sizeof(convrelay_session_t), r->connection->log)
                    : ngx_palloc(r->pool, sizeof(convrelay_session_t));

    if (call->session == NULL) {
        return NULL;
    }

    c = r->connection;

    call->request = r;
    call->connection = c;
    call->conf = conf;
    call->main = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    ngx_queue_init(&call->turns);

    call->reader.max_message = conf->limits.max_message_size;
    call->reader.max_fragments = conf->limits.max_fragments;

    convrelay_session_init(call->session, &conf->session, ngx_current_msec);

    call->pinged = ngx_current_msec;
    call->frames.at = ngx_current_msec;

    call->event.handler = ngx_http_convrelay_call_handler;
    call->event.data = call;
    call->event.log = c->log;

    pcln->handler = ngx_http_convrelay_call_free;
    pcln->data = call;

    /* not in the pool: a call just fits into one block of it */

    if (ngx_http_convrelay_fetch_private_log(NULL, c->log) != NGX_OK) {
        return NULL;
    }

    ngx_http_convrelay_memory_enter(call->main);
    ngx_http_convrelay_drain_watch(call);

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_convrelay_call_cleanup;
    cln->data = call;

    if (conf->store.enable || conf->report || call->main->zone) {
        call->tenant = ngx_alloc(sizeof(ngx_http_convrelay_tenant_t), c->log);
        if (call->tenant == NULL) {
            return NULL;
        }

        *call->tenant = *tenant;
    }

    ctx->call = call;
    ctx->session = call->session;
    ctx->log_handler = r->log_handler;

    r->log_handler = ngx_http_convrelay_call_log_handler;

    return call;
}


/* nginx's handler, except for a turn, whose URI may have a caller's number; an
   error_page may have cleared ctx */

static u_char *
ngx_http_convrelay_call_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len)
{
    u_char                    *p;
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_module);

    if (ctx == NULL || ctx->log_handler == NULL) {
        return ngx_snprintf(buf, len, ", request: \"%V\"", &r->request_line);
    }

    if (sr->main == r) {
        return ctx->log_handler(r, sr, buf, len);
    }

    p = ctx->log_handler(r, r, buf, len);

    return ngx_http_convrelay_fetch_where(sr, p, len - (p - buf));
}


ngx_int_t
ngx_http_convrelay_call_start(ngx_http_convrelay_call_t *call)
{
    u_char              *pos, *last;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = call->connection;
    r = call->request;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "convrelay call start");

    c->log->action = "reading websocket frame";

    r->read_event_handler = ngx_http_convrelay_read_handler;
    r->write_event_handler = ngx_http_convrelay_write_handler;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    ngx_http_convrelay_clock_update(call);

    pos = r->header_in->pos;
    last = r->header_in->last;
    r->header_in->pos = last;

    ngx_http_convrelay_call_read(call, pos, last);

    if (ngx_http_convrelay_output_flush(call) == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_post_event(c->read, &ngx_posted_events);

    return NGX_OK;
}


/*
 * The request is about to end, for any reason.  If the worker's shutdown
 * timeout closes the connection, the peer gets a Close frame.
 */

static void
ngx_http_convrelay_call_cleanup(void *data)
{
    ngx_http_convrelay_call_t *call = data;

    convrelay_str_t  reason = convrelay_string("server is shutting down");

    if (call->connection->close && !call->ended) {
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_SHUTDOWN);
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_GOING_AWAY, &reason);
        (void) ngx_http_convrelay_output_flush(call);
    }

    ngx_http_convrelay_call_stop(call);
}


static void
ngx_http_convrelay_call_stop(ngx_http_convrelay_call_t *call)
{
    if (!call->ended) {
        ngx_http_convrelay_stat_session(call);
    }

    call->dead = 1;
    call->ended = 1;

    ngx_http_convrelay_context_leave(call);
    ngx_http_convrelay_keep_end(call);
    ngx_http_convrelay_account_end(call);
    ngx_http_convrelay_tools_leave(call);
    ngx_http_convrelay_turns_abort(call);

    ngx_http_convrelay_zone_leave(call);
    ngx_http_convrelay_log_end(call);

    if (call->event.timer_set) {
        ngx_del_timer(&call->event);
    }

    if (call->event.posted) {
        ngx_delete_posted_event(&call->event);
    }

    /* the connection may linger; data for the access log stays */

    ngx_http_convrelay_output_free(call);
    convrelay_ws_reader_free(&call->reader);

    if (call->parted == NULL) {
        convrelay_session_over(call->session);
    }
}


/* runs when the request's pool is destroyed, after its access log line */

static void
ngx_http_convrelay_call_free(void *data)
{
    ngx_http_convrelay_call_t *call = data;

    ngx_http_convrelay_turns_free(call);
    ngx_http_convrelay_log_end(call);

    if (call->tenant) {
        ngx_free(call->tenant);
    }

    if (call->parted) {
        ngx_http_convrelay_keep_leave(call->parted);

    } else {
        convrelay_session_free(call->session);

        if (call->conf->store.enable) {
            ngx_free(call->session);
        }
    }

    ngx_http_convrelay_memory_leave(call->main);
    ngx_http_convrelay_fetch_public_log(call->connection->log);
}


static void
ngx_http_convrelay_call_finalize(ngx_http_convrelay_call_t *call,
    ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = call->connection;
    r = call->request;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "convrelay call finalize rc:%i", rc);

    if (call->output.first) {

        /* ngx_ssl_shutdown() must not meet a write that is pending */

        c->error = 1;
    }

    ngx_http_convrelay_call_stop(call);

    r->lingering_close = call->linger;

    ngx_http_finalize_request(r, rc);
}


ngx_http_convrelay_call_t *
ngx_http_convrelay_call_of(const ngx_event_t *ev)
{
    return (ev->handler == ngx_http_convrelay_call_handler) ? ev->data : NULL;
}


static void
ngx_http_convrelay_call_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_call_t  *call;

    call = ev->data;

    ngx_http_set_log_request(call->connection->log, call->request);

    if (ev->timedout) {
        ev->timedout = 0;
        ngx_http_convrelay_clock(call);
        return;
    }

    if (!call->dead && !call->closing) {
        ngx_http_convrelay_call_go_on(call);
        return;
    }

    ngx_http_convrelay_call_end(call);
}


/* an answer led to another request, which could not be made in its callback */

static void
ngx_http_convrelay_call_go_on(ngx_http_convrelay_call_t *call)
{
    ngx_connection_t  *c;

    c = call->connection;

    ngx_http_convrelay_act_start(call);

    if (call->output.first && !call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }

    ngx_http_convrelay_clock_update(call);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_call_end(ngx_http_convrelay_call_t *call)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = call->connection;

    if (call->dead) {
        ngx_http_convrelay_call_finalize(call, call->rc);
        ngx_http_run_posted_requests(c);
        return;
    }

    ngx_http_convrelay_turns_abort(call);

    rc = ngx_http_convrelay_output_flush(call);

    if (rc != NGX_AGAIN) {
        ngx_http_convrelay_call_finalize(call, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_read_handler(ngx_http_request_t *r)
{
    u_char                     *buffer;
    ssize_t                     n;
    ngx_uint_t                  i;
    ngx_event_t                *rev;
    ngx_connection_t           *c;
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_convrelay_call_t  *call;

    c = r->connection;
    rev = c->read;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_module);

    call = ctx->call;
    buffer = call->main->buffer;
    c->log->action = "reading websocket frame";

    for (i = 0; i < NGX_HTTP_CONVRELAY_READS; i++) {

        if (call->paused && ngx_http_convrelay_hung_up(c)) {
            ngx_http_convrelay_call_drop(call);
        }

        if (call->dead) {
            return;
        }

        if (call->paused) {
            break;
        }

        n = c->recv(c, buffer, NGX_HTTP_CONVRELAY_READ_SIZE);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {

            if (n == 0 && !call->closing) {
                ngx_log_error(NGX_LOG_INFO, c->log, 0,
                              "client closed connection without a close "
                              "frame");
            }

            ngx_http_convrelay_stat_ends(call,
                                         CONVRELAY_METRIC_SESSION_DROPPED);

            ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
            return;
        }

        call->silent = 0;

        ngx_http_convrelay_call_read(call, buffer, buffer + n);
    }

    if (i == NGX_HTTP_CONVRELAY_READS) {

        /* other connections come first */

        ngx_post_event(rev, &ngx_posted_next_events);
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    if (ngx_http_convrelay_output_flush(call) == NGX_ERROR) {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


static void
ngx_http_convrelay_call_read(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_call_pause(call, ngx_http_convrelay_input(call, pos,
                                                                 last), last);
}


/* where a pause is to begin: keeps the bytes that follow */

static void
ngx_http_convrelay_call_pause(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    ngx_int_t  rc;

    if (!call->wait) {
        return;
    }

    rc = ngx_http_convrelay_redial_rest(call, &pos, &last);

    if (rc == NGX_ERROR) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    if (call->session->restoring) {
        ngx_http_convrelay_resume_wait(call, pos, last);

    } else {
        ngx_http_convrelay_context_start(call, pos, last);
    }

    if (rc == NGX_OK) {
        ngx_free(pos);
    }
}


static void
ngx_http_convrelay_call_drop(ngx_http_convrelay_call_t *call)
{
    if (call->context) {
        ngx_http_convrelay_context_drop(call);

    } else {
        ngx_http_convrelay_resume_drop(call);
    }
}


/*
 * During a pause, the socket is not read, and the kernel holds what the peer
 * sends.  A connection that the peer has closed is noticed: it is read to its
 * end.
 */

static ngx_uint_t
ngx_http_convrelay_hung_up(ngx_connection_t *c)
{
    char       b;
    ssize_t    n;
    ngx_err_t  err;

    if (c->read->pending_eof) {
        return 1;
    }

    n = recv(c->fd, &b, 1, MSG_PEEK);
    err = ngx_socket_errno;

    /* ready: ngx_handle_read_event() removes an event that would come again and
       again */

    c->read->ready = (n > 0);

    return n == 0 || (n == -1 && err != NGX_EAGAIN && err != NGX_EINTR);
}


static void
ngx_http_convrelay_write_handler(ngx_http_request_t *r)
{
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_convrelay_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_module);
    call = ctx->call;

    /*
     * The upstreams of turns set the timer of this event for their own
     * purposes; the deadline of the output is call->send_by.
     */

    r->connection->write->timedout = 0;

    if (call->dead) {
        return;
    }

    if (ngx_http_convrelay_output_flush(call) == NGX_ERROR) {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


/* the socket's own deadlines; all others are the session's */

static void
ngx_http_convrelay_clock(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_limits_conf_t  *limits;

    if (call->dead) {
        return;
    }

    limits = &call->conf->limits;

    if (call->send_by
        && (ngx_msec_int_t) (call->send_by - ngx_current_msec) <= 0)
    {
        ngx_log_error(NGX_LOG_INFO, call->connection->log, NGX_ETIMEDOUT,
                      "client timed out: %uz bytes are queued for it, limit is "
                      "%M ms", call->output.queued,
                      call->closing ? NGX_HTTP_CONVRELAY_CLOSE_TIME
                                    : limits->send_timeout);

        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_SLOW);
        ngx_http_convrelay_call_fail(call, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!call->closing) {
        ngx_http_convrelay_clock_session(call);

        if (ngx_current_msec - call->pinged >= limits->ping_interval) {
            ngx_http_convrelay_ping(call);
        }
    }

    ngx_http_convrelay_clock_update(call);
}


static void
ngx_http_convrelay_clock_session(ngx_http_convrelay_call_t *call)
{
    uint64_t             deadline;
    convrelay_actions_t  out;

    deadline = convrelay_session_deadline(call->session);

    if (deadline == 0 || deadline > ngx_current_msec) {
        return;
    }

    out = ngx_http_convrelay_actions(call);

    convrelay_session_clock(call->session, ngx_current_msec, &out);

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_call_pause(call, NULL, NULL);

    if (!call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


static void
ngx_http_convrelay_ping(ngx_http_convrelay_call_t *call)
{
    ngx_int_t  rc;

    call->pinged = ngx_current_msec;

    if (call->closing || call->output.first) {
        return;
    }

    /* RFC 6455, 5.5.2: a ping has to be answered; but during a pause, answers
       are not read */

    if (!call->paused
        && call->silent == NGX_HTTP_CONVRELAY_SILENT_PINGS)
    {
        ngx_log_error(NGX_LOG_INFO, call->connection->log, NGX_ETIMEDOUT,
                      "client sent nothing, not even a pong after %d pings",
                      NGX_HTTP_CONVRELAY_SILENT_PINGS);
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_SILENT);
        ngx_http_convrelay_call_fail(call, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!call->paused) {
        call->silent++;
    }

    rc = ngx_http_convrelay_output_control(call, CONVRELAY_WS_PING, NULL);

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_output_flush(call);
    }

    if (rc == NGX_ERROR) {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}
