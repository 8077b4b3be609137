
/*
 * Copyright (C) convrelay contributors
 *
 * The context of a call: what a location knows of it is asked for once, after
 * setup, and nothing that the caller does is handled before that is known.  No
 * input is queued for it: the socket is not read, except for the bytes that
 * came together with the setup message.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_auth.h"


#define NGX_HTTP_CONVRELAY_CONTEXT_SIZE      16384    /* bytes of an answer */
#define NGX_HTTP_CONVRELAY_CONTEXT_RECEIVED  196608   /* the same, with all
                                                         framing */


/* in the pool of its fetch */

struct ngx_http_convrelay_context_s {
    ngx_http_convrelay_call_t        *call;
    ngx_http_convrelay_fetch_t       *fetch;
    ngx_msec_t                        started;
    convrelay_str_t                   rest;   /* of the input */
    u_char                           *body;   /* CONTEXT_SIZE bytes */
    size_t                            len;
    unsigned                          failed:1;       /* no memory for it */
};


static ngx_http_convrelay_context_t *ngx_http_convrelay_context_create(
    ngx_http_convrelay_call_t *call, u_char *pos, u_char *last);
static ngx_int_t ngx_http_convrelay_context_request(
    ngx_http_convrelay_context_t *x);
static void ngx_http_convrelay_context_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_context_end(ngx_http_convrelay_fetch_t *f);
static int ngx_http_convrelay_context_answer(ngx_http_convrelay_context_t *x,
    convrelay_tool_context_t *context);
static void ngx_http_convrelay_context_log(ngx_http_convrelay_call_t *call,
    const char *phrase, ngx_uint_t status, ngx_msec_t started);
static ngx_int_t ngx_http_convrelay_context_begin(
    ngx_http_convrelay_call_t *call, const convrelay_tool_context_t *context);
static void ngx_http_convrelay_context_cancel(
    ngx_http_convrelay_context_t *x);


static const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_context_sink = {
    NULL,
    ngx_http_convrelay_context_data,
    NULL,
    ngx_http_convrelay_context_end
};


void
ngx_http_convrelay_context_start(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_context_t  *x;

    static const convrelay_tool_context_t  none;

    call->wait = 0;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay context");

    x = ngx_http_convrelay_context_create(call, pos, last);

    if (x && ngx_http_convrelay_fetch_start(x->fetch,
                                            &ngx_http_convrelay_context_sink,
                                            x)
             == NGX_OK)
    {
        call->context = x;
        call->paused = 1;
        return;
    }

    ngx_http_convrelay_context_log(call, "could not be requested", 0,
                                   ngx_current_msec);

    if (ngx_http_convrelay_context_begin(call, &none) != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    (void) ngx_http_convrelay_input(call, pos, last);
}


static ngx_http_convrelay_context_t *
ngx_http_convrelay_context_create(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_ctx_t      *ctx;
    ngx_http_convrelay_fetch_t    *f;
    ngx_http_convrelay_context_t  *x;

    f = ngx_http_convrelay_fetch_create(call->request, 1);
    if (f == NULL) {
        return NULL;
    }

    x = ngx_pcalloc(f->pool, sizeof(ngx_http_convrelay_context_t));

    if (x == NULL || ngx_http_convrelay_call_bind(call, f->main) != NGX_OK) {
        ngx_http_convrelay_fetch_free(f);
        return NULL;
    }

    ctx = ngx_http_convrelay_get_ctx(f->main);
    ctx->copies = 1;

    x->call = call;
    x->fetch = f;
    x->started = ngx_current_msec;

    if (pos < last) {
        x->rest.len = last - pos;
        x->rest.data = ngx_pnalloc(f->pool, x->rest.len);

        if (x->rest.data) {
            ngx_memcpy(x->rest.data, pos, x->rest.len);
        }
    }

    if ((x->rest.len && x->rest.data == NULL)
        || ngx_http_convrelay_context_request(x) != NGX_OK)
    {
        ngx_http_convrelay_fetch_free(f);
        return NULL;
    }

    return x;
}


static ngx_int_t
ngx_http_convrelay_context_request(ngx_http_convrelay_context_t *x)
{
    size_t                               size;
    ngx_buf_t                           *b;
    convrelay_session_t                 *s;
    ngx_http_convrelay_context_conf_t   *ccf;
    ngx_http_convrelay_fetch_request_t  *to;

    s = x->call->session;
    ccf = x->call->conf->context;
    to = &x->fetch->to;

    /* the ticket is a secret between the webhook and the socket */

    size = convrelay_session_setup_size(s, NGX_HTTP_CONVRELAY_TICKET_NAME);

    b = ngx_create_temp_buf(x->fetch->pool, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = convrelay_session_setup_write(b->pos, s,
                                            NGX_HTTP_CONVRELAY_TICKET_NAME);

    to->uri = ccf->uri;
    to->args = ccf->args;
    to->timeout = ccf->timeout;
    to->max_size = NGX_HTTP_CONVRELAY_CONTEXT_SIZE;
    to->max_received = NGX_HTTP_CONVRELAY_CONTEXT_RECEIVED;
    to->body = b;

    ngx_str_set(&to->content_type, "application/json");
    ngx_str_set(&to->accept, "application/json, text/plain;q=0.9");

    return NGX_OK;
}


static void
ngx_http_convrelay_context_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    size_t                         n;
    ngx_http_convrelay_context_t  *x = f->data;

    n = last - pos;

    if (x->body == NULL) {
        x->body = ngx_pnalloc(f->pool, NGX_HTTP_CONVRELAY_CONTEXT_SIZE);
    }

    if (x->body == NULL) {
        x->failed = 1;
        ngx_http_convrelay_fetch_full(f);
        return;
    }

    ngx_memcpy(x->body + x->len, pos, n);
    x->len += n;
}


static void
ngx_http_convrelay_context_end(ngx_http_convrelay_fetch_t *f)
{
    int                            rc;
    ngx_connection_t              *c;
    convrelay_tool_context_t       context;
    ngx_http_convrelay_call_t     *call;
    ngx_http_convrelay_context_t  *x = f->data;

    call = x->call;
    call->context = NULL;
    call->paused = 0;

    if (call->dead || call->closing) {
        return;
    }

    c = call->connection;
    ngx_http_set_log_request(c->log, call->request);

    rc = ngx_http_convrelay_context_answer(x, &context);

    if (rc == CONVRELAY_OK) {
        rc = ngx_http_convrelay_context_begin(call, &context);
    }

    convrelay_tool_context_free(&context);

    if (rc != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    (void) ngx_http_convrelay_input(call, x->rest.data,
                                    x->rest.data + x->rest.len);

    if (!call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }

    ngx_http_convrelay_clock_update(call);

    /* bytes that came meanwhile, perhaps in the buffer of TLS */

    ngx_post_event(c->read, &ngx_posted_events);

    ngx_http_run_posted_requests(c);
}


/* CONVRELAY_OK, with an empty context after a failure (logged), or
   CONVRELAY_ERROR: no memory */

static int
ngx_http_convrelay_context_answer(ngx_http_convrelay_context_t *x,
    convrelay_tool_context_t *context)
{
    int                             rc;
    const char                     *error;
    ngx_uint_t                      status;
    convrelay_str_t                 type, body;
    ngx_http_request_t             *sr;
    ngx_http_convrelay_fetch_end_e  end;

    ngx_memzero(context, sizeof(convrelay_tool_context_t));

    if (x->failed) {
        return CONVRELAY_ERROR;
    }

    sr = x->fetch->request;
    status = x->fetch->status;
    end = ngx_http_convrelay_fetch_result(x->fetch);

    if (status == 0) {
        status = (end == NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT)
                 ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;
    }

    if (end != NGX_HTTP_CONVRELAY_FETCH_OK) {
        ngx_http_convrelay_context_log(x->call,
                                       ngx_http_convrelay_fetch_phrase(end),
                                       status, x->started);
        return CONVRELAY_OK;
    }

    if (status < NGX_HTTP_OK || status >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_convrelay_context_log(x->call, "failed", status, x->started);
        return CONVRELAY_OK;
    }

    type = ngx_http_convrelay_str(&sr->headers_out.content_type);

    body.data = x->body;
    body.len = x->len;

    rc = convrelay_tool_context_read(context, &type, &body, &error);

    if (rc == CONVRELAY_DECLINED) {
        ngx_http_convrelay_context_log(x->call, error, status, x->started);
        return CONVRELAY_OK;
    }

    return rc;
}


/* nothing of the answer is logged: it is private to the caller */

static void
ngx_http_convrelay_context_log(ngx_http_convrelay_call_t *call,
    const char *phrase, ngx_uint_t status, ngx_msec_t started)
{
    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "context \"%V\" %s, status: %ui, %M ms, the call begins "
                  "without it", &call->conf->context->uri, phrase, status,
                  ngx_current_msec - started);
}


/* NGX_OK, or NGX_ERROR: no memory */

static ngx_int_t
ngx_http_convrelay_context_begin(ngx_http_convrelay_call_t *call,
    const convrelay_tool_context_t *context)
{
    convrelay_actions_t  out;

    if (convrelay_session_set_variables(call->session, context->variables,
                                        context->nvariables)
        != CONVRELAY_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_convrelay_request_begin(call, &context->system);

    if (call->closing || call->dead) {
        return NGX_OK;
    }

    out = ngx_http_convrelay_actions(call);

    convrelay_session_context_end(call->session, ngx_current_msec, &out);

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_clock_update(call);

    return NGX_OK;
}


void
ngx_http_convrelay_context_drop(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_context_t  *x;

    x = call->context;
    call->context = NULL;
    call->paused = 0;

    (void) ngx_http_convrelay_input(call, x->rest.data,
                                    x->rest.data + x->rest.len);

    ngx_http_convrelay_context_cancel(x);
}


void
ngx_http_convrelay_context_leave(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_context_t  *x;

    x = call->context;
    call->context = NULL;

    if (x) {
        ngx_http_convrelay_context_cancel(x);
    }
}


/* the fetch may end after the call, so it forgets it */

static void
ngx_http_convrelay_context_cancel(ngx_http_convrelay_context_t *x)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_convrelay_get_ctx(x->fetch->main);

    ctx->call = NULL;
    ctx->session = NULL;

    ngx_http_convrelay_fetch_cancel(x->fetch);
}
