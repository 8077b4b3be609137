
/*
 * Copyright (C) convrelay contributors
 *
 * Filters at the top of the chain take the answer of a fetch before any other
 * filter sees it.
 */


#include "ngx_http_convrelay_fetch.h"


#define NGX_HTTP_CONVRELAY_FETCH_BUFFER_SIZE  16384


static ngx_int_t ngx_http_convrelay_fetch_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_fetch_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_convrelay_fetch_memory(ngx_http_convrelay_fetch_t *f,
    ngx_buf_t *b);
static void ngx_http_convrelay_fetch_file(ngx_http_convrelay_fetch_t *f,
    ngx_buf_t *b);
static void ngx_http_convrelay_fetch_bytes(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_fetch_fail(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_fetch_give_up(ngx_http_convrelay_fetch_t *f);
static ngx_int_t ngx_http_convrelay_fetch_phase_handler(
    ngx_http_request_t *r);
static ngx_uint_t ngx_http_convrelay_fetch_was_redirected(
    ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_convrelay_fetch_header_filter(ngx_http_request_t *r)
{
    ngx_table_elt_t             *h;
    ngx_http_upstream_t         *u;
    ngx_http_convrelay_fetch_t  *f;

    f = ngx_http_convrelay_fetch_of(r);

    if (f == NULL) {
        return ngx_http_next_header_filter(r);
    }

    r->header_sent = 1;

    if (ngx_http_convrelay_fetch_was_redirected(r)) {
        f->redirected = 1;
        ngx_post_event(&f->event, &ngx_posted_events);
        return NGX_OK;
    }

    f->status = r->headers_out.status;

    h = r->headers_out.content_encoding;

    if (h && h->hash && h->value.len
        && !(h->value.len == 8
             && ngx_strncasecmp(h->value.data, (u_char *) "identity", 8) == 0))
    {
        f->encoded = 1;
    }

    u = r->upstream;

    if (u && (f->to.stream || f->to.max_received)) {
        ngx_http_convrelay_fetch_upstream_header(f, u);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay fetch header status:%ui", f->status);

    if (f->sink->header && !ngx_http_convrelay_fetch_over(f)) {
        f->sink->header(f);
    }

    return NGX_OK;
}


/* never returns an error: nginx would take it for one of the connection */

static ngx_int_t
ngx_http_convrelay_fetch_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                   *b;
    ngx_uint_t                   wanted;
    ngx_chain_t                 *cl;
    ngx_http_convrelay_fetch_t  *f;

    f = ngx_http_convrelay_fetch_of(r);

    if (f == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    wanted = !ngx_http_convrelay_fetch_over(f);

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (b->pos < b->last) {
            ngx_http_convrelay_fetch_memory(f, b);
            b->pos = b->last;

        } else if (b->in_file && b->file_pos < b->file_last) {
            ngx_http_convrelay_fetch_file(f, b);
        }

        if (b->in_file) {
            b->file_pos = b->file_last;
        }

        if (b->last_buf || b->last_in_chain) {
            f->clean = 1;
        }
    }

    if (f->sink->flush && wanted) {
        f->sink->flush(f);
    }

    if (ngx_http_convrelay_fetch_over(f)) {
        ngx_http_convrelay_fetch_give_up(f);
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_fetch_memory(ngx_http_convrelay_fetch_t *f, ngx_buf_t *b)
{
    u_char               *copy;
    size_t                len;
    ngx_http_upstream_t  *u;

    u = f->request->upstream;

    /* the bytes of an upstream's own buffer are not shared: no copy needed */

    if (b->temporary || (u && b->tag == u->output.tag)) {
        ngx_http_convrelay_fetch_bytes(f, b->pos, b->last);
        return;
    }

    len = b->last - b->pos;

    copy = ngx_alloc(len, f->request->connection->log);

    if (copy == NULL) {

        ngx_http_convrelay_fetch_fail(f);
        return;
    }

    ngx_memcpy(copy, b->pos, len);
    ngx_http_convrelay_fetch_bytes(f, copy, copy + len);
    ngx_free(copy);
}


/* reads a file: of the location, of its cache, or with a spooled answer */

static void
ngx_http_convrelay_fetch_file(ngx_http_convrelay_fetch_t *f, ngx_buf_t *b)
{
    off_t    pos;
    size_t   size;
    ssize_t  n;

    if (f->buffer == NULL) {
        f->buffer = ngx_palloc(f->pool, NGX_HTTP_CONVRELAY_FETCH_BUFFER_SIZE);
        if (f->buffer == NULL) {
            ngx_http_convrelay_fetch_fail(f);
            return;
        }
    }

    for (pos = b->file_pos;
         pos < b->file_last && !ngx_http_convrelay_fetch_over(f);
         pos += n)
    {
        size = (size_t) ngx_min(b->file_last - pos,
                                NGX_HTTP_CONVRELAY_FETCH_BUFFER_SIZE);

        n = ngx_read_file(b->file, f->buffer, size, pos);

        if (n <= 0) {
            ngx_http_convrelay_fetch_fail(f);
            return;
        }

        ngx_http_convrelay_fetch_bytes(f, f->buffer, f->buffer + n);
    }
}


static void
ngx_http_convrelay_fetch_bytes(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    if (ngx_http_convrelay_fetch_over(f)) {
        return;
    }

    if (f->input_filter == NULL || !f->to.stream) {
        f->received += last - pos;

        if (ngx_http_convrelay_fetch_limit(f, f->received) != NGX_OK) {
            ngx_post_event(&f->event, &ngx_posted_events);
            return;
        }
    }

    if (f->sink->data && !f->encoded) {
        f->sink->data(f, pos, last);
    }
}


/* ends the fetch: its answer must not continue after a gap */

static void
ngx_http_convrelay_fetch_fail(ngx_http_convrelay_fetch_t *f)
{
    f->failed = 1;
    ngx_post_event(&f->event, &ngx_posted_events);
}


/* stops the upstream, which would read on until the posted event runs */

static void
ngx_http_convrelay_fetch_give_up(ngx_http_convrelay_fetch_t *f)
{
    if (f->request->upstream) {
        f->request->upstream->error = 1;
    }
}


/*
 * Reached before a location is run: the first one, or another one, to which an
 * error_page has led, or an upstream's X-Accel-Redirect.  The latter might be
 * anything, so it is not run.
 */

static ngx_int_t
ngx_http_convrelay_fetch_phase_handler(ngx_http_request_t *r)
{
    ngx_http_convrelay_fetch_t  *f;

    f = ngx_http_convrelay_fetch_of(r);

    if (f == NULL) {
        return NGX_DECLINED;
    }

    if (!ngx_http_convrelay_fetch_was_redirected(r)) {

        if (f->own) {
            f->moved = 1;
            ngx_post_event(&f->event, &ngx_posted_events);
        }

        return NGX_DECLINED;
    }

    f->redirected = 1;
    r->header_sent = 1;

    return NGX_HTTP_BAD_GATEWAY;
}


static ngx_uint_t
ngx_http_convrelay_fetch_was_redirected(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    return u && u->headers_in.x_accel_redirect
           && !(u->conf->ignore_headers & NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT);
}


ngx_int_t
ngx_http_convrelay_fetch_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_convrelay_fetch_phase_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_convrelay_fetch_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_convrelay_fetch_body_filter;

    return NGX_OK;
}
