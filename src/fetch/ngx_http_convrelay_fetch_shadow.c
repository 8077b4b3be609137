
/*
 * Copyright (C) convrelay contributors
 *
 * The shadow: a main request in a pool of its own, with which values are
 * evaluated and subrequests are run, so that nothing accumulates in the pool of
 * a long request.
 */


#include "ngx_http_convrelay_fetch.h"


#define NGX_HTTP_CONVRELAY_SHADOW_COUNT  1000   /* references that are never
                                                   released */


static ngx_int_t ngx_http_convrelay_shadow_lists(ngx_http_request_t *m);
static ngx_int_t ngx_http_convrelay_shadow_variables(ngx_http_request_t *m,
    ngx_http_request_t *r);
static void ngx_http_convrelay_shadow_share(ngx_http_request_t *m,
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_shadow_part(ngx_http_request_t *m,
    ngx_http_conf_ctx_t *ctx, ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_shadow_copy(ngx_pool_t *pool,
    ngx_str_t *to, ngx_str_t *from);
static u_char *ngx_http_convrelay_shadow_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


/*
 * nginx can work with a shadow but never finalizes it: its count does not reach
 * zero, and terminating it only drops a reference.
 */

ngx_http_request_t *
ngx_http_convrelay_fetch_shadow(ngx_pool_t *pool, ngx_connection_t *c,
    ngx_http_conf_ctx_t *ctx, ngx_http_request_t *r, ngx_uint_t keep)
{
    ngx_time_t          *tp;
    ngx_http_log_ctx_t  *log;
    ngx_http_request_t  *m;

    m = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    if (m == NULL) {
        return NULL;
    }

    m->signature = NGX_HTTP_MODULE;
    m->connection = c;
    m->pool = pool;
    m->main = m;
    m->count = NGX_HTTP_CONVRELAY_SHADOW_COUNT;

    m->main_conf = ctx->main_conf;
    m->srv_conf = ctx->srv_conf;
    m->loc_conf = ctx->loc_conf;

    m->ctx = ngx_pcalloc(pool, sizeof(void *) * ngx_http_max_module);
    if (m->ctx == NULL) {
        return NULL;
    }

    if (ngx_http_convrelay_shadow_lists(m) != NGX_OK
        || ngx_http_convrelay_shadow_variables(m, keep ? r : NULL) != NGX_OK)
    {
        return NULL;
    }

    m->headers_in.content_length_n = -1;
    m->headers_in.keep_alive_n = -1;

    m->method = NGX_HTTP_POST;
    ngx_str_set(&m->method_name, "POST");
    m->http_version = NGX_HTTP_VERSION_11;

    m->read_event_handler = ngx_http_request_empty_handler;
    m->write_event_handler = NULL;

    m->subrequests = NGX_HTTP_MAX_SUBREQUESTS + 1;
    m->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    m->logged = 1;

    tp = ngx_timeofday();
    m->start_sec = tp->sec;
    m->start_msec = tp->msec;

    if (keep) {
        ngx_http_convrelay_shadow_share(m, r);
        return m;
    }

    if (ngx_http_convrelay_shadow_part(m, ctx, r) != NGX_OK) {
        return NULL;
    }

    log = c->log->data;
    log->request = m;
    log->current_request = m;

    return m;
}


static ngx_int_t
ngx_http_convrelay_shadow_lists(ngx_http_request_t *m)
{
    if (ngx_list_init(&m->headers_in.headers, m->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&m->headers_out.headers, m->pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_list_init(&m->headers_out.trailers, m->pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_shadow_variables(ngx_http_request_t *m,
    ngx_http_request_t *r)
{
    size_t                      size;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(m, ngx_http_core_module);
    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    if (r == NULL) {
        m->variables = ngx_pcalloc(m->pool, size);
        return m->variables ? NGX_OK : NGX_ERROR;
    }

    m->variables = ngx_palloc(m->pool, size);
    if (m->variables == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(m->variables, r->variables, size);

    return NGX_OK;
}


static void
ngx_http_convrelay_shadow_share(ngx_http_request_t *m, ngx_http_request_t *r)
{
    m->headers_in.server = r->headers_in.server;
    m->header_in = r->header_in;
    m->http_protocol = r->http_protocol;
    m->request_line = r->request_line;
    m->uri = r->uri;
    m->args = r->args;
    m->exten = r->exten;
    m->unparsed_uri = r->unparsed_uri;
    m->schema = r->schema;
#if (nginx_version >= 1029003)
    m->port = r->port;
#endif

    m->http_connection = r->http_connection;
    m->log_handler = r->log_handler;

    ngx_http_convrelay_fetch_captures(m, r);
}


/* copies $1 and the like; a regex executed for m has an array of its own */

void
ngx_http_convrelay_fetch_captures(ngx_http_request_t *m,
    ngx_http_request_t *r)
{
#if (NGX_PCRE)
    m->captures = r->captures;
    m->ncaptures = r->ncaptures;
    m->captures_data = r->captures_data;
    m->realloc_captures = 1;
#endif
}


/* nothing in m points to memory of r: m may outlive r */

static ngx_int_t
ngx_http_convrelay_shadow_part(ngx_http_request_t *m, ngx_http_conf_ctx_t *ctx,
    ngx_http_request_t *r)
{
    ngx_http_connection_t     *hc;
    ngx_http_core_srv_conf_t  *cscf;

    hc = ngx_pcalloc(m->pool, sizeof(ngx_http_connection_t));
    if (hc == NULL) {
        return NGX_ERROR;
    }

    cscf = ngx_http_get_module_srv_conf(m, ngx_http_core_module);

    hc->conf_ctx = cscf->ctx;
    hc->addr_conf = r ? r->http_connection->addr_conf : NULL;

    m->http_connection = hc;
    m->headers_in.server = cscf->server_name;
    m->log_handler = ngx_http_convrelay_shadow_log_handler;

    ngx_str_set(&m->http_protocol, "HTTP/1.1");
    ngx_str_set(&m->schema, "http");
    ngx_str_set(&m->uri, "/");
    m->unparsed_uri = m->uri;

    if (r == NULL) {
        return NGX_OK;
    }

#if (nginx_version >= 1029003)
    m->port = r->port;
#endif

    if (ngx_http_convrelay_shadow_copy(m->pool, &m->headers_in.server,
                                       &r->headers_in.server)
        != NGX_OK
        || ngx_http_convrelay_shadow_copy(m->pool, &m->uri, &r->uri) != NGX_OK
        || ngx_http_convrelay_shadow_copy(m->pool, &m->args, &r->args)
           != NGX_OK
        || ngx_http_convrelay_shadow_copy(m->pool, &m->unparsed_uri,
                                          &r->unparsed_uri)
           != NGX_OK
        || ngx_http_convrelay_shadow_copy(m->pool, &m->schema, &r->schema)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_shadow_copy(ngx_pool_t *pool, ngx_str_t *to,
    ngx_str_t *from)
{
    to->len = from->len;
    to->data = ngx_pstrdup(pool, from);

    return (to->data || from->len == 0) ? NGX_OK : NGX_ERROR;
}


static u_char *
ngx_http_convrelay_shadow_log_handler(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len)
{
    u_char                    *p;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    p = ngx_snprintf(buf, len, ", server: %V", &cscf->server_name);

    if (r == sr) {
        return p;
    }

    return ngx_http_convrelay_fetch_where(sr, p, len - (p - buf));
}


/* without URIs that "rewrite" or variables have made */

u_char *
ngx_http_convrelay_fetch_where(ngx_http_request_t *sr, u_char *buf, size_t len)
{
    u_char                      *p;
    ngx_str_t                   *path;
    ngx_http_upstream_t         *u;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_convrelay_fetch_t  *f;

    f = sr->main->post_subrequest ? sr->main->post_subrequest->data : NULL;

    if (f && f->to.handler == NULL) {
        path = &f->to.uri;

    } else {
        clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);
        path = &clcf->name;
    }

    p = ngx_snprintf(buf, len, ", subrequest: \"%V\"", path);

    u = sr->upstream;

    if (u == NULL || u->peer.name == NULL) {
        return p;
    }

    len -= p - buf;
    buf = p;

    if (f && f->to.handler && u->resolved == NULL) {
        return ngx_snprintf(buf, len, ", upstream: \"%V%V%V\"", &u->schema,
                            u->peer.name, &u->uri);
    }

    return ngx_snprintf(buf, len, ", upstream: \"%V%V\"", &u->schema,
                        u->peer.name);
}
