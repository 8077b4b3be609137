
/*
 * Copyright (C) convrelay contributors
 *
 * The life of a fetch: created, started, ended by its posted event, freed.
 */


#include "ngx_http_convrelay_fetch.h"


#define NGX_HTTP_CONVRELAY_FETCH_POOL_SIZE     4096
#define NGX_HTTP_CONVRELAY_FETCH_BLOCKED_TIME  20     /* ms until aio is asked
                                                         again */


static ngx_http_convrelay_fetch_t *ngx_http_convrelay_fetch_new(
    ngx_http_conf_ctx_t *ctx, ngx_http_request_t *r, ngx_uint_t own);
static ngx_int_t ngx_http_convrelay_fetch_subrequest(
    ngx_http_convrelay_fetch_t *f);
static ngx_int_t ngx_http_convrelay_fetch_body(ngx_http_convrelay_fetch_t *f);
static ngx_int_t ngx_http_convrelay_fetch_headers(
    ngx_http_convrelay_fetch_t *f);
static ngx_int_t ngx_http_convrelay_fetch_push(ngx_http_request_t *sr,
    ngx_table_elt_t **elt, const char *name, ngx_str_t *value);
static void ngx_http_convrelay_fetch_run(ngx_http_convrelay_fetch_t *f);

static void ngx_http_convrelay_fetch_terminated(void *data);
static void ngx_http_convrelay_fetch_handler(ngx_event_t *ev);
static void ngx_http_convrelay_fetch_timer_handler(ngx_event_t *ev);
static void ngx_http_convrelay_fetch_post(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_fetch_stop(ngx_http_convrelay_fetch_t *f);


ngx_http_convrelay_fetch_t *
ngx_http_convrelay_fetch_create(ngx_http_request_t *r, ngx_uint_t own)
{
    ngx_http_conf_ctx_t  ctx;

    ctx.main_conf = r->main_conf;
    ctx.srv_conf = r->srv_conf;
    ctx.loc_conf = r->loc_conf;

    return ngx_http_convrelay_fetch_new(&ctx, r, own);
}


ngx_http_convrelay_fetch_t *
ngx_http_convrelay_fetch_create_in(ngx_http_request_t *r, void **loc_conf)
{
    ngx_http_conf_ctx_t  ctx;

    ctx.main_conf = r->main_conf;
    ctx.srv_conf = r->srv_conf;
    ctx.loc_conf = loc_conf;

    return ngx_http_convrelay_fetch_new(&ctx, r, 0);
}


ngx_http_convrelay_fetch_t *
ngx_http_convrelay_fetch_create_alone(ngx_http_conf_ctx_t *ctx)
{
    return ngx_http_convrelay_fetch_new(ctx, NULL, 1);
}


static ngx_http_convrelay_fetch_t *
ngx_http_convrelay_fetch_new(ngx_http_conf_ctx_t *ctx, ngx_http_request_t *r,
    ngx_uint_t own)
{
    ngx_pool_t                  *pool;
    ngx_connection_t            *c;
    ngx_http_convrelay_fetch_t  *f;

    pool = ngx_create_pool(NGX_HTTP_CONVRELAY_FETCH_POOL_SIZE,
                           own ? ngx_cycle->log : r->connection->log);
    if (pool == NULL) {
        return NULL;
    }

    f = ngx_pcalloc(pool, sizeof(ngx_http_convrelay_fetch_t));
    if (f == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    f->pool = pool;
    f->to.method = NGX_HTTP_POST;
    ngx_str_set(&f->to.method_name, "POST");

    if (own) {
        f->own = ngx_http_convrelay_fetch_connect(pool, r ? r->connection
                                                          : NULL);
        if (f->own == NULL) {
            ngx_destroy_pool(pool);
            return NULL;
        }

    } else {
        f->client = r;
    }

    c = own ? f->own : r->connection;

    f->event.handler = ngx_http_convrelay_fetch_handler;
    f->event.data = f;
    f->event.log = c->log;

    f->timer.handler = ngx_http_convrelay_fetch_timer_handler;
    f->timer.data = f;
    f->timer.log = c->log;

    f->main = ngx_http_convrelay_fetch_shadow(pool, c, ctx, r, !own);
    if (f->main == NULL) {
        ngx_http_convrelay_fetch_free(f);
        return NULL;
    }

    if (own) {
        c->data = f->main;
    }

    return f;
}


ngx_int_t
ngx_http_convrelay_fetch_start(ngx_http_convrelay_fetch_t *f,
    const ngx_http_convrelay_fetch_sink_t *sink, void *data)
{
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(f->main, 0);
    if (cln == NULL) {
        ngx_http_convrelay_fetch_free(f);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_convrelay_fetch_terminated;
    cln->data = f;

    f->sink = sink;
    f->data = data;

    f->post.handler = ngx_http_convrelay_fetch_post_handler;
    f->post.data = f;

    f->main->post_subrequest = &f->post;

    if (ngx_http_convrelay_fetch_subrequest(f) != NGX_OK
        || ngx_http_convrelay_fetch_body(f) != NGX_OK
        || ngx_http_convrelay_fetch_headers(f) != NGX_OK)
    {
        ngx_http_convrelay_fetch_free(f);
        return NGX_ERROR;
    }

    ngx_http_convrelay_fetch_timeout(f, f->to.timeout);

    ngx_http_convrelay_fetch_run(f);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_fetch_subrequest(ngx_http_convrelay_fetch_t *f)
{
    ngx_str_t                  uri;
    ngx_http_request_t        *sr;
    ngx_http_core_loc_conf_t  *clcf;

    uri = f->to.uri;

    if (f->to.handler && uri.len == 0) {

        /* the location's own name: the URI of proxy_pass replaces it */

        clcf = ngx_http_get_module_loc_conf(f->main, ngx_http_core_module);
        uri = clcf->name;
    }

    if (ngx_http_subrequest(f->main, &uri, &f->to.args, &sr, &f->post,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    f->request = sr;

    sr->method = f->to.method;
    sr->method_name = f->to.method_name;

    if (f->own) {

        /* events of the connection go to sr; nginx runs posted requests */

        f->own->data = sr;
        return NGX_OK;
    }

    /* nothing else would run the subrequest: it is started here */

    f->main->posted_requests = NULL;

    sr->loc_conf = f->main->loc_conf;
    sr->valid_location = 1;
    sr->filter_need_in_memory = 1;
    sr->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_convrelay_fetch_captures(sr, f->main);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_fetch_body(ngx_http_convrelay_fetch_t *f)
{
    ngx_buf_t                *b;
    ngx_http_request_t       *sr;
    ngx_http_request_body_t  *rb;

    sr = f->request;
    b = f->to.body;

    sr->request_body = NULL;
    sr->headers_in.content_length_n = -1;

    if (b == NULL) {
        return NGX_OK;
    }

    rb = ngx_pcalloc(f->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    sr->request_body = rb;
    sr->headers_in.content_length_n = b->last - b->pos;

    if (b->pos == b->last) {
        return NGX_OK;
    }

    rb->bufs = ngx_alloc_chain_link(f->pool);
    if (rb->bufs == NULL) {
        return NGX_ERROR;
    }

    b->last_buf = 1;

    rb->buf = b;
    rb->bufs->buf = b;
    rb->bufs->next = NULL;

    return NGX_OK;
}


/* no header of the client, including signatures, gets any further */

static ngx_int_t
ngx_http_convrelay_fetch_headers(ngx_http_convrelay_fetch_t *f)
{
    ngx_str_t            value;
    ngx_uint_t           i;
    ngx_http_request_t  *sr;

    static ngx_str_t  identity = ngx_string("identity");
    static ngx_str_t  agent = ngx_string("convrelay");

    sr = f->request;

    if (ngx_list_init(&sr->headers_in.headers, f->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (f->to.body) {

        /* for "fastcgi_param CONTENT_LENGTH $content_length" */

        value.data = ngx_pnalloc(f->pool, NGX_OFF_T_LEN);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        value.len = ngx_sprintf(value.data, "%O",
                                sr->headers_in.content_length_n)
                    - value.data;

        if (ngx_http_convrelay_fetch_push(sr, &sr->headers_in.content_type,
                                          "Content-Type",
                                          &f->to.content_type)
            != NGX_OK
            || ngx_http_convrelay_fetch_push(sr,
                                             &sr->headers_in.content_length,
                                             "Content-Length", &value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (f->to.accept.len
        && ngx_http_convrelay_fetch_push(sr, NULL, "Accept", &f->to.accept)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_fetch_push(sr, NULL, "Accept-Encoding", &identity)
        != NGX_OK
        || ngx_http_convrelay_fetch_push(sr, &sr->headers_in.user_agent,
                                         "User-Agent", &agent)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < f->to.nheaders; i++) {

        if (ngx_http_convrelay_fetch_push(sr, NULL,
                                          (char *) f->to.headers[i].key.data,
                                          &f->to.headers[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_fetch_push(ngx_http_request_t *sr, ngx_table_elt_t **elt,
    const char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

    h->lowcase_key = ngx_pnalloc(sr->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NGX_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    if (elt) {
        *elt = h;
    }

    return NGX_OK;
}


/* the fetch may be over when this returns, but its event has not run yet */

static void
ngx_http_convrelay_fetch_run(ngx_http_convrelay_fetch_t *f)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *sr;

    sr = f->request;
    c = sr->connection;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "convrelay fetch \"%V\" body:%O", &sr->uri,
                   sr->headers_in.content_length_n);

    if (f->own) {
        ngx_http_run_posted_requests(c);
        ngx_http_convrelay_fetch_hold(f);

        return;
    }

    /* as in the content phase */

    rc = f->to.handler(sr);

    if (rc == NGX_DECLINED) {
        rc = NGX_HTTP_NOT_FOUND;
    }

    ngx_http_finalize_request(sr, rc);

    if (!f->done && sr->upstream) {
        ngx_http_convrelay_fetch_upstream_init(f, sr->upstream);
    }

    ngx_http_set_log_request(c->log, f->client);
}


/*
 * If the location's handler returned a status and sent nothing, nginx first
 * makes an answer of it: the location's error_page, or nginx's own text.  This
 * handler is then called again, at the end of that answer.
 */

ngx_int_t
ngx_http_convrelay_fetch_post_handler(ngx_http_request_t *r, void *data,
    ngx_int_t rc)
{
    ngx_http_convrelay_fetch_t  *f = data;

    ngx_connection_t  *c;

    if (f->done) {
        return NGX_OK;
    }

    c = r->connection;

    if (f->own && !f->stopping && !r->header_sent && !c->error
        && (rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_HTTP_CREATED
            || rc == NGX_HTTP_NO_CONTENT)
        && rc != NGX_HTTP_CLOSE && rc != NGX_HTTP_REQUEST_TIME_OUT
        && rc != NGX_HTTP_CLIENT_CLOSED_REQUEST)
    {
        return rc;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "convrelay fetch done rc:%i", rc);

    f->done = 1;
    f->rc = rc;

    if (r->headers_out.status == 0) {
        r->headers_out.status = (rc > 0) ? rc
                                         : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_convrelay_fetch_post(f);

    return NGX_OK;
}


static void
ngx_http_convrelay_fetch_post(ngx_http_convrelay_fetch_t *f)
{
    ngx_post_event(&f->event, &ngx_posted_events);
}


void
ngx_http_convrelay_fetch_cancel(ngx_http_convrelay_fetch_t *f)
{
    f->cancelled = 1;

    ngx_http_convrelay_fetch_post(f);
}


void
ngx_http_convrelay_fetch_full(ngx_http_convrelay_fetch_t *f)
{
    f->full = 1;
    f->enough = 1;

    ngx_http_convrelay_fetch_post(f);
}


/*
 * nginx terminates the shadow: worker_shutdown_timeout has closed a connection
 * whose events nginx has taken back, as it does for the answer that it makes of
 * a status; or a request below the subrequest met an error.
 */

static void
ngx_http_convrelay_fetch_terminated(void *data)
{
    ngx_http_convrelay_fetch_t *f = data;

    if (f->done || f->stopping) {
        return;
    }

    if (f->own && f->own->close) {
        f->late = 1;

    } else {
        f->failed = 1;
    }

    ngx_http_convrelay_fetch_post(f);
}


/* posted: the subrequest is over, or has to be; or it is in another location */

static void
ngx_http_convrelay_fetch_handler(ngx_event_t *ev)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *client;
    ngx_http_convrelay_fetch_t  *f;

    f = ev->data;
    client = f->client;
    c = f->main->connection;

    if (f->moved) {
        f->moved = 0;

        if (!f->done && !ngx_http_convrelay_fetch_over(f)) {
            ngx_http_convrelay_fetch_hold(f);
            return;
        }
    }

    if (client) {
        ngx_http_set_log_request(c->log, client);
    }

    c->log->action = "ending request";

    if (!f->done) {
        ngx_http_convrelay_fetch_stop(f);
    }

    if (f->main->blocked) {
        ngx_add_timer(&f->timer, NGX_HTTP_CONVRELAY_FETCH_BLOCKED_TIME);
        return;
    }

    if (f->timer.timer_set) {
        ngx_del_timer(&f->timer);
    }

    if (!f->cancelled && f->sink->end) {
        f->sink->end(f);
    }

    ngx_http_convrelay_fetch_free(f);

    if (client) {
        ngx_http_run_posted_requests(c);
    }
}


void
ngx_http_convrelay_fetch_timeout(ngx_http_convrelay_fetch_t *f,
    ngx_msec_t timeout)
{
    if (timeout) {
        ngx_add_timer(&f->timer, timeout);

    } else if (f->timer.timer_set) {
        ngx_del_timer(&f->timer);
    }
}


static void
ngx_http_convrelay_fetch_timer_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_fetch_t  *f;

    f = ev->data;

    if (!f->done) {
        f->late = 1;
    }

    ngx_http_convrelay_fetch_post(f);
}


/*
 * Ends a subrequest that is not over, in the way in which
 * ngx_http_upstream_create() gets rid of an upstream.  Must not be called below
 * a callback of the upstream.
 */

static void
ngx_http_convrelay_fetch_stop(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = f->request;

    if (sr == NULL || f->done) {
        return;
    }

    f->stopping = 1;

    if (!f->enough) {
        sr->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    sr->write_event_handler = ngx_http_request_empty_handler;

    u = sr->upstream;

    if (u && u->cleanup) {
        sr->main->count++;
        (*u->cleanup)(sr);
    }

    ngx_http_finalize_request(sr, NGX_HTTP_CLIENT_CLOSED_REQUEST);
}


void
ngx_http_convrelay_fetch_abort(ngx_http_convrelay_fetch_t *f)
{
    f->cancelled = 1;

    ngx_http_convrelay_fetch_stop(f);
}


void
ngx_http_convrelay_fetch_free(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_cleanup_t  *cln;
    ngx_http_log_ctx_t  *ctx;

    if (f->main) {

        cln = f->main->cleanup;
        f->main->cleanup = NULL;

        for ( /* void */ ; cln; cln = cln->next) {
            if (cln->handler) {
                cln->handler(cln->data);
            }
        }
    }

    if (f->event.posted) {
        ngx_delete_posted_event(&f->event);
    }

    if (f->timer.timer_set) {
        ngx_del_timer(&f->timer);
    }

    if (f->own) {
        ngx_http_convrelay_fetch_disconnect(f->own);

    } else {
        ctx = f->client->connection->log->data;

        if (ctx->current_request == f->request) {
            ctx->current_request = f->client;
        }
    }

    ngx_destroy_pool(f->pool);
}


/* a value stays once it is evaluated; it is copied to the fetch's memory */

void
ngx_http_convrelay_fetch_detach(ngx_http_convrelay_fetch_t *f)
{
    u_char                     *p;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_variable_value_t  *value;
    ngx_http_core_main_conf_t  *cmcf;

    static ngx_str_t  prefix = ngx_string("convrelay_");

    cmcf = ngx_http_get_module_main_conf(f->main, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (v[i].name.len > prefix.len
            && ngx_strncmp(v[i].name.data, prefix.data, prefix.len) == 0)
        {
            value = ngx_http_get_indexed_variable(f->main, i);

            if (value == NULL || value->not_found) {
                continue;
            }

            /* the value may be in the call's memory */

            p = ngx_pnalloc(f->pool, value->len);
            if (p == NULL) {
                value->len = 0;
                continue;
            }

            ngx_memcpy(p, value->data, value->len);

            value->data = p;
            value->no_cacheable = 0;
        }
    }
}


ngx_http_convrelay_fetch_end_e
ngx_http_convrelay_fetch_result(ngx_http_convrelay_fetch_t *f)
{
    if (f->large) {
        return NGX_HTTP_CONVRELAY_FETCH_TOO_LARGE;
    }

    if (f->redirected) {
        return NGX_HTTP_CONVRELAY_FETCH_REDIRECTED;
    }

    if (f->failed) {
        return f->status ? NGX_HTTP_CONVRELAY_FETCH_CUT
                         : NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER;
    }

    if (f->full) {
        return NGX_HTTP_CONVRELAY_FETCH_OK;
    }

    if (f->late && !f->clean) {
        return NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT;
    }

    if (f->status == 0) {
        return (f->rc == NGX_HTTP_GATEWAY_TIME_OUT)
               ? NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT
               : NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER;
    }

    if (f->encoded) {
        return NGX_HTTP_CONVRELAY_FETCH_ENCODED;
    }

    /* a handler without an upstream reports its result by the return code */

    if (f->clean || (f->request->upstream == NULL && f->rc == NGX_OK)) {
        return NGX_HTTP_CONVRELAY_FETCH_OK;
    }

    return NGX_HTTP_CONVRELAY_FETCH_CUT;
}


const char *
ngx_http_convrelay_fetch_phrase(ngx_http_convrelay_fetch_end_e end)
{
    switch (end) {

    case NGX_HTTP_CONVRELAY_FETCH_OK:
        return "was answered";

    case NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER:
        return "got no answer";

    case NGX_HTTP_CONVRELAY_FETCH_CUT:
        return "got an answer that broke off";

    case NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT:
        return "timed out";

    case NGX_HTTP_CONVRELAY_FETCH_TOO_LARGE:
        return "got an answer that is too large";

    case NGX_HTTP_CONVRELAY_FETCH_ENCODED:
        return "got an answer with a Content-Encoding";

    default: /* NGX_HTTP_CONVRELAY_FETCH_REDIRECTED */
        return "was redirected by X-Accel-Redirect";
    }
}
