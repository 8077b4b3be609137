
/*
 * Copyright (C) convrelay contributors
 *
 * A handshake with an Origin comes from a browser (RFC 6455, 10.2); Twilio
 * sends none.  Any page in the world can make its visitors open a socket here,
 * even on a developer's own machine, and use the LLM with the operator's key.
 * So only pages of this server are allowed to.
 */


#include "ngx_http_convrelay_call.h"

#include "convrelay_url.h"


#define NGX_HTTP_CONVRELAY_LOGGED_ORIGIN  256


static ngx_int_t ngx_http_convrelay_foreign_origin(ngx_http_request_t *r,
    ngx_http_convrelay_public_url_t *public, convrelay_str_t *host,
    convrelay_str_t *origin);


ngx_int_t
ngx_http_convrelay_origin(ngx_http_request_t *r, convrelay_ws_handshake_t *h)
{
    ngx_int_t                        rc;
    convrelay_str_t                  str;
    convrelay_url_t                  u;
    ngx_http_convrelay_public_url_t  public;

    if (h->origins == 0) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_public_url(r, &public);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_str_null(&public.rest);
    }

    /* a path may follow the authority */

    str.data = public.rest.data;

    for (str.len = 0; str.len < public.rest.len; str.len++) {

        if (str.data[str.len] == '/') {
            break;
        }
    }

    convrelay_url_split_authority(&u, &str);

    u.scheme = ngx_http_convrelay_str(&public.scheme);

    if (h->origins == 1
        && convrelay_url_check_origin(&u, &h->origin) == CONVRELAY_OK)
    {
        return NGX_OK;
    }

    str.len -= u.user.len;
    str.data = u.host.data;

    return ngx_http_convrelay_foreign_origin(r, &public, &str, &h->origin);
}


static ngx_int_t
ngx_http_convrelay_foreign_origin(ngx_http_request_t *r,
    ngx_http_convrelay_public_url_t *public, convrelay_str_t *host,
    convrelay_str_t *origin)
{
    convrelay_str_t  str;

    str.len = ngx_min(origin->len, NGX_HTTP_CONVRELAY_LOGGED_ORIGIN);
    str.data = origin->data;

    if (ngx_http_convrelay_one_line(r->pool, &str) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client sent foreign \"Origin: %*s\", this server is "
                  "\"%V%s%*s\": if that is wrong, set "
                  "\"convrelay_public_url\"",
                  str.len, str.data, &public->scheme,
                  public->scheme.len ? "://" : "", host->len, host->data);

    return NGX_HTTP_FORBIDDEN;
}
