
/*
 * Copyright (C) convrelay contributors
 *
 * The upstream of a turn, where the handler of the location has one.
 *
 * nginx reads from an upstream for as long as there is something to read, and
 * does not return to the event loop before: no timer can end that.  What is
 * not part of a body never reaches a filter: headers of interim responses,
 * chunk extensions, trailers, frames of HTTP/2.  So the functions that take
 * what was read are called through ours, which count all of it.
 */


#include "ngx_http_convrelay_upstream.h"


static ngx_int_t ngx_http_convrelay_process_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_reinit_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_input_filter_init(void *data);
static ngx_int_t ngx_http_convrelay_input_filter(void *data, ssize_t bytes);
static void ngx_http_convrelay_check_request(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u);


void
ngx_http_convrelay_upstream_guard(ngx_http_upstream_conf_t *conf)
{
    conf->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                            |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                            |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                            |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                            |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET;
    conf->intercept_errors = 0;
    conf->store = 0;
}


/*
 * The configuration is changed where it is.  It belongs to the location, of
 * which all requests to its handler are turns, and nginx 1.29.7 knows the
 * connections in a pool of one location by its address: a copy would never
 * find one.
 */

void
ngx_http_convrelay_upstream_init(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u)
{
    ngx_http_convrelay_upstream_guard(u->conf);

    u->store = 0;

    /* equal by chance, or proxy_pass has no path: logged if the turn fails */

    t->no_path = (u->uri.len == t->request->uri.len
                  && ngx_strncmp(u->uri.data, t->request->uri.data, u->uri.len)
                     == 0);

    if (!t->header && u->process_header && u->reinit_request) {
        t->process_header = u->process_header;
        u->process_header = ngx_http_convrelay_process_header;

        t->reinit_request = u->reinit_request;
        u->reinit_request = ngx_http_convrelay_reinit_request;
    }

    if (!t->call->conf->llm.checked && u->request_bufs) {
        t->call->conf->llm.checked = 1;
        ngx_http_convrelay_check_request(t, u);
    }
}


static void
ngx_http_convrelay_check_request(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u)
{
    u_char     *p, *last;
    ngx_buf_t  *b;

    b = u->request_bufs->buf;
    last = b->last;

    for (p = b->start; p < last && *p != CR; p++) { /* void */ }

    if (p - b->start > 9 && ngx_strncmp(p - 9, " HTTP/1.0", 9) == 0) {
        ngx_log_error(NGX_LOG_WARN, t->call->connection->log, 0,
                      "requests to the LLM are HTTP/1.0, each on a new "
                      "connection: add \"proxy_http_version 1.1\" and "
                      "\"proxy_set_header Connection \"\"\"");
    }
}


/* called for each read and each interim response; may name its successor */

static ngx_int_t
ngx_http_convrelay_process_header(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_upstream_t        *u;
    ngx_http_convrelay_turn_t  *t;

    t = r->post_subrequest->data;
    u = r->upstream;

    if (ngx_http_convrelay_received(t, u->state->bytes_received) != NGX_OK) {
        return NGX_ERROR;
    }

    u->process_header = t->process_header;

    rc = t->process_header(r);

    t->process_header = u->process_header;
    u->process_header = ngx_http_convrelay_process_header;

    return rc;
}


/* the next server is asked */

static ngx_int_t
ngx_http_convrelay_reinit_request(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_upstream_t        *u;
    ngx_http_convrelay_turn_t  *t;

    t = r->post_subrequest->data;
    u = r->upstream;

    u->process_header = t->process_header;

    rc = t->reinit_request(r);

    t->process_header = u->process_header;
    u->process_header = ngx_http_convrelay_process_header;

    return rc;
}


void
ngx_http_convrelay_upstream_header(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u)
{
    u->buffering = 0;

    /* what has none gets one that passes all bytes to the body filter */

    if (u->input_filter == NULL) {
        return;
    }

    t->input_filter_init = u->input_filter_init;
    u->input_filter_init = ngx_http_convrelay_input_filter_init;

    t->input_filter_ctx = u->input_filter_ctx;
    u->input_filter_ctx = t;
}


static ngx_int_t
ngx_http_convrelay_input_filter_init(void *data)
{
    ngx_http_convrelay_turn_t *t = data;

    ngx_int_t             rc;
    ngx_http_upstream_t  *u;

    u = t->request->upstream;

    rc = t->input_filter_init(t->input_filter_ctx);

    t->input_filter = u->input_filter;
    u->input_filter = ngx_http_convrelay_input_filter;

    return rc;
}


static ngx_int_t
ngx_http_convrelay_input_filter(void *data, ssize_t bytes)
{
    ngx_http_convrelay_turn_t *t = data;

    if (ngx_http_convrelay_received(t,
                                t->request->upstream->state->bytes_received)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return t->input_filter(t->input_filter_ctx, bytes);
}
