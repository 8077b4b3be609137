
/*
 * Copyright (C) convrelay contributors
 *
 * The shadow of a call: a main request in a pool of its own, for values to be
 * evaluated with and for subrequests, so that nothing of them stays in the
 * pool of a call that lasts.
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_SHADOW_COUNT  1000   /* references that are never
                                                   given back */


/*
 * A main request that nginx can work with and will never finalize: its count
 * does not reach zero, and terminating it only drops a reference.
 */

ngx_http_request_t *
ngx_http_convrelay_shadow(ngx_http_convrelay_call_t *call, ngx_pool_t *pool)
{
    size_t                      size;
    ngx_time_t                 *tp;
    ngx_http_request_t         *r, *m;
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_core_main_conf_t  *cmcf;

    r = call->request;

    m = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    if (m == NULL) {
        return NULL;
    }

    m->signature = NGX_HTTP_MODULE;
    m->connection = r->connection;
    m->pool = pool;
    m->main = m;
    m->count = NGX_HTTP_CONVRELAY_SHADOW_COUNT;

    m->main_conf = r->main_conf;
    m->srv_conf = r->srv_conf;
    m->loc_conf = r->loc_conf;

    m->ctx = ngx_pcalloc(pool, sizeof(void *) * ngx_http_max_module);
    if (m->ctx == NULL) {
        return NULL;
    }

    if (ngx_list_init(&m->headers_in.headers, pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&m->headers_out.headers, pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_list_init(&m->headers_out.trailers, pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NULL;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    m->variables = ngx_palloc(pool, size);
    if (m->variables == NULL) {
        return NULL;
    }

    ngx_memcpy(m->variables, r->variables, size);

    ctx = ngx_http_convrelay_get_ctx(m);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->call = call;
    ctx->session = call->session;

    m->headers_in.server = r->headers_in.server;
    m->headers_in.content_length_n = -1;
    m->headers_in.keep_alive_n = -1;

    m->header_in = r->header_in;
    m->method = NGX_HTTP_POST;
    ngx_str_set(&m->method_name, "POST");
    m->http_version = NGX_HTTP_VERSION_11;
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
    m->read_event_handler = ngx_http_request_empty_handler;
    m->write_event_handler = NULL;

    m->subrequests = NGX_HTTP_MAX_SUBREQUESTS + 1;
    m->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    m->logged = 1;

    tp = ngx_timeofday();
    m->start_sec = tp->sec;
    m->start_msec = tp->msec;

    return m;
}
