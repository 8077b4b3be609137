
/*
 * Copyright (C) convrelay contributors
 *
 * The URL of this server as seen from outside: convrelay_public_url, otherwise
 * the host that a request is for.  Headers in which proxies forward a host can
 * be forged, and are ignored.
 */


#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_env.h"

#include "convrelay_url.h"


static ngx_int_t ngx_http_convrelay_public_url_parse(ngx_str_t *url,
    ngx_http_convrelay_public_url_t *public);


ngx_int_t
ngx_http_convrelay_public_url(ngx_http_request_t *r,
    ngx_http_convrelay_public_url_t *public)
{
    ngx_str_t                       url;
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (clcf->auth.public_url == NULL) {

        if (ngx_http_convrelay_secure(r)) {
            ngx_str_set(&public->scheme, "https");

        } else {
            ngx_str_null(&public->scheme);
        }

        return ngx_http_convrelay_authority(r, &public->rest);
    }

    if (ngx_http_complex_value(r, clcf->auth.public_url->value, &url)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_public_url_parse(&url, public) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the value \"%V\" of \"convrelay_public_url\" is "
                      "not a URL such as \"https://voice.example.com\"",
                      &url);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NGX_OK, or NGX_DECLINED if it is not such a URL */

static ngx_int_t
ngx_http_convrelay_public_url_parse(ngx_str_t *url,
    ngx_http_convrelay_public_url_t *public)
{
    size_t           len;
    convrelay_str_t  str;
    convrelay_url_t  u;

    str = ngx_http_convrelay_str(url);

    if (convrelay_url_split(&u, &str) != CONVRELAY_OK
        || convrelay_url_clean(&str) != str.len
        || convrelay_url_port(&u) == -1
        || !(convrelay_str_eq(&u.scheme, "https")
             || convrelay_str_eq(&u.scheme, "http"))
        || u.host.len == 0
        || u.query.len
        || u.fragment.len)
    {
        return NGX_DECLINED;
    }

    public->scheme = ngx_http_convrelay_ngx_str(&u.scheme);

    len = u.user.len + u.host.len + u.port.len + u.path.len;

    public->rest.len = len;
    public->rest.data = u.user.data;

    /* the request's URI brings its own */

    if (public->rest.data[len - 1] == '/') {
        public->rest.len--;
    }

    return NGX_OK;
}


char *
ngx_http_convrelay_public_url_check(ngx_conf_t *cf,
    ngx_http_convrelay_value_t *v)
{
    ngx_int_t                        rc;
    ngx_str_t                        url;
    ngx_http_convrelay_public_url_t  public;

    rc = ngx_http_convrelay_env_expand(cf, &v->source, &url);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_OK
        && ngx_http_convrelay_public_url_parse(&url, &public) != NGX_OK)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                           "the value \"%V\" of \"convrelay_public_url\" is "
                           "not a URL such as \"https://voice.example.com\"",
                           &url);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
