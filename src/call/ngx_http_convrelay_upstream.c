
/*
 * Copyright (C) convrelay contributors
 *
 * The upstream of a turn, where the handler of the location has one.
 */


#include "ngx_http_convrelay_call.h"


void
ngx_http_convrelay_guard(ngx_http_upstream_conf_t *conf)
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

ngx_int_t
ngx_http_convrelay_upstream_init(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u)
{
    u_char     *p, *last;
    ngx_buf_t  *b;

    ngx_http_convrelay_guard(u->conf);

    u->store = 0;

    /* by chance, or for want of a path in proxy_pass: told if it fails */

    t->no_path = (u->uri.len == t->request->uri.len
                  && ngx_strncmp(u->uri.data, t->request->uri.data, u->uri.len)
                     == 0);

    if (t->call->conf->checked || u->request_bufs == NULL) {
        return NGX_OK;
    }

    t->call->conf->checked = 1;

    b = u->request_bufs->buf;
    last = b->last;

    for (p = b->start; p < last && *p != CR; p++) { /* void */ }

    if (p - b->start > 9 && ngx_strncmp(p - 9, " HTTP/1.0", 9) == 0) {
        ngx_log_error(NGX_LOG_WARN, t->call->connection->log, 0,
                      "requests to the LLM are HTTP/1.0, each on a new "
                      "connection: add \"proxy_http_version 1.1\" and "
                      "\"proxy_set_header Connection \"\"\"");
    }

    return NGX_OK;
}
