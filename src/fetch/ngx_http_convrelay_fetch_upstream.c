
/*
 * Copyright (C) convrelay contributors
 *
 * The upstream of a fetch, if the handler of the location has one.
 *
 * nginx reads from an upstream as long as there is something to read, and only
 * then returns to the event loop: no timer can interrupt it.  Bytes outside of
 * a body never reach a filter: headers of interim responses, chunk extensions,
 * trailers, HTTP/2 frames.  So the functions that handle input are wrapped in
 * functions that count all of it.
 */


#include "ngx_http_convrelay_fetch.h"


static ngx_int_t ngx_http_convrelay_fetch_raw(ngx_http_convrelay_fetch_t *f,
    off_t size);
static ngx_int_t ngx_http_convrelay_fetch_process_header(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_fetch_reinit_request(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_fetch_input_filter_init(void *data);
static ngx_int_t ngx_http_convrelay_fetch_input_filter(void *data,
    ssize_t bytes);
static ngx_int_t ngx_http_convrelay_fetch_pipe_init(void *data);
static ngx_int_t ngx_http_convrelay_fetch_pipe_filter(ngx_event_pipe_t *p,
    ngx_buf_t *buf);


void
ngx_http_convrelay_fetch_guard(ngx_http_upstream_conf_t *conf)
{
    conf->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                            |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                            |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                            |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                            |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET;
    conf->intercept_errors = 0;
    conf->store = 0;
}


/* in all these modules, loc_conf starts with the upstream configuration */

void
ngx_http_convrelay_fetch_guard_location(ngx_conf_t *cf, void **loc_conf)
{
    ngx_uint_t     i, n;
    ngx_module_t  *module;

    static const char  *names[] = {
        "ngx_http_proxy_module", "ngx_http_fastcgi_module",
        "ngx_http_scgi_module", "ngx_http_uwsgi_module",
        "ngx_http_grpc_module", "ngx_http_memcached_module"
    };

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {

            if (ngx_strcmp(module->name, names[n]) == 0) {
                ngx_http_convrelay_fetch_guard(loc_conf[module->ctx_index]);
            }
        }
    }
}


/*
 * The configuration is changed in place.  It belongs to the location, whose
 * handler serves only requests of this module.  nginx 1.29.7 finds the kept
 * connections of a location by this address: with a copy it would find none.
 */

void
ngx_http_convrelay_fetch_upstream_init(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u)
{
    ngx_http_convrelay_fetch_guard(u->conf);

    u->store = 0;

    ngx_http_convrelay_fetch_upstream_watch(f, u);
}


void
ngx_http_convrelay_fetch_upstream_watch(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u)
{
    if (f->status == 0 && u->process_header && u->reinit_request
        && u->process_header != ngx_http_convrelay_fetch_process_header)
    {
        f->process_header = u->process_header;
        u->process_header = ngx_http_convrelay_fetch_process_header;

        f->reinit_request = u->reinit_request;
        u->reinit_request = ngx_http_convrelay_fetch_reinit_request;
    }
}


/* called for each read and each interim response; the wrapped function may
   install another one in its place */

static ngx_int_t
ngx_http_convrelay_fetch_process_header(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_upstream_t         *u;
    ngx_http_convrelay_fetch_t  *f;

    f = r->post_subrequest->data;
    u = r->upstream;

    /* an answer from a cache has no state of an upstream */

    if (u->state
        && ngx_http_convrelay_fetch_raw(f, u->state->bytes_received) != NGX_OK)
    {
        return NGX_ERROR;
    }

    u->process_header = f->process_header;

    rc = f->process_header(r);

    f->process_header = u->process_header;
    u->process_header = ngx_http_convrelay_fetch_process_header;

    return rc;
}


/* called before the next server is tried */

static ngx_int_t
ngx_http_convrelay_fetch_reinit_request(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_upstream_t         *u;
    ngx_http_convrelay_fetch_t  *f;

    f = r->post_subrequest->data;
    u = r->upstream;

    u->process_header = f->process_header;

    rc = f->reinit_request(r);

    f->process_header = u->process_header;
    u->process_header = ngx_http_convrelay_fetch_process_header;

    return rc;
}


void
ngx_http_convrelay_fetch_upstream_header(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u)
{
    if (f->to.stream) {
        u->buffering = 0;
    }

    if (u->buffering) {

        if (u->pipe && u->pipe->input_ctx == f->request) {
            f->input_filter_init = u->input_filter_init;
            u->input_filter_init = ngx_http_convrelay_fetch_pipe_init;
        }

        return;
    }

    /* an upstream without one gets one that passes all bytes to the body
       filter */

    if (u->input_filter == NULL) {
        return;
    }

    f->input_filter_init = u->input_filter_init;
    u->input_filter_init = ngx_http_convrelay_fetch_input_filter_init;

    f->input_filter_ctx = u->input_filter_ctx;
    u->input_filter_ctx = f;
}


static ngx_int_t
ngx_http_convrelay_fetch_input_filter_init(void *data)
{
    ngx_http_convrelay_fetch_t *f = data;

    ngx_int_t             rc;
    ngx_http_upstream_t  *u;

    u = f->request->upstream;

    rc = f->input_filter_init(f->input_filter_ctx);

    f->input_filter = u->input_filter;
    u->input_filter = ngx_http_convrelay_fetch_input_filter;

    return rc;
}


static ngx_int_t
ngx_http_convrelay_fetch_input_filter(void *data, ssize_t bytes)
{
    ngx_http_convrelay_fetch_t *f = data;

    if (ngx_http_convrelay_fetch_raw(f,
                                f->request->upstream->state->bytes_received)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return f->input_filter(f->input_filter_ctx, bytes);
}


/* called with the request, like the pipe's own filter */

static ngx_int_t
ngx_http_convrelay_fetch_pipe_init(void *data)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r = data;
    ngx_http_convrelay_fetch_t  *f;

    f = r->post_subrequest->data;

    rc = f->input_filter_init ? f->input_filter_init(data) : NGX_OK;

    f->pipe_filter = r->upstream->pipe->input_filter;
    r->upstream->pipe->input_filter = ngx_http_convrelay_fetch_pipe_filter;

    return rc;
}


static ngx_int_t
ngx_http_convrelay_fetch_pipe_filter(ngx_event_pipe_t *p, ngx_buf_t *buf)
{
    ngx_http_request_t          *r;
    ngx_http_convrelay_fetch_t  *f;

    r = p->input_ctx;
    f = r->post_subrequest->data;

    if (ngx_http_convrelay_fetch_raw(f, p->read_length) != NGX_OK) {
        return NGX_ERROR;
    }

    return f->pipe_filter(p, buf);
}


/* like limit(), for all bytes that an upstream has sent */

static ngx_int_t
ngx_http_convrelay_fetch_raw(ngx_http_convrelay_fetch_t *f, off_t size)
{
    if (f->to.stream) {
        return ngx_http_convrelay_fetch_limit(f, size);
    }

    if (f->to.max_received && size > f->to.max_received) {
        f->large = 1;
    }

    return (f->large || f->full || f->cancelled) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_convrelay_fetch_limit(ngx_http_convrelay_fetch_t *f, off_t size)
{
    if (f->to.max_size && size > f->to.max_size) {
        f->large = 1;
    }

    return (f->large || f->cancelled) ? NGX_ERROR : NGX_OK;
}


off_t
ngx_http_convrelay_fetch_received(ngx_http_convrelay_fetch_t *f)
{
    return (f->to.stream && f->input_filter)
           ? f->request->upstream->state->bytes_received : f->received;
}
