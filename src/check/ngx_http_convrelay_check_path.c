
/*
 * Copyright (C) convrelay contributors
 *
 * Finds out whether a URL leads to a server of this configuration, and to which
 * path of it.
 */


#include "ngx_http_convrelay_env.h"
#include "ngx_http_convrelay_target.h"

#include "convrelay_url.h"


static ngx_uint_t ngx_http_convrelay_is_ours(ngx_http_core_srv_conf_t *server,
    convrelay_str_t *host);
static ngx_uint_t ngx_http_convrelay_name_fits(ngx_http_server_name_t *name,
    convrelay_str_t *host);
static ngx_uint_t ngx_http_convrelay_ends_in(convrelay_str_t *host,
    ngx_str_t *domain);


ngx_int_t
ngx_http_convrelay_local_path(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml, convrelay_str_t *host,
    convrelay_str_t *uri, ngx_str_t *path)
{
    u_char                      *dst, *src;
    ngx_int_t                    rc;
    ngx_str_t                    url;
    ngx_uint_t                   ours;
    convrelay_str_t              str, prefix;
    convrelay_url_t              u;
    ngx_http_convrelay_value_t  *public;

    public = twiml->conf->auth.public_url;
    ngx_memzero(&prefix, sizeof(convrelay_str_t));
    ours = (host == NULL
            || ngx_http_convrelay_is_ours(twiml->server, host));

    if (public) {
        rc = ngx_http_convrelay_env_expand(cf, &public->source, &url);
        if (rc != NGX_OK) {
            return rc;
        }

        str = ngx_http_convrelay_str(&url);

        if (convrelay_url_split(&u, &str) == CONVRELAY_OK) {
            prefix = u.path;

            ours |= (host && host->len == u.host.len
                     && ngx_strncasecmp(host->data, u.host.data, host->len)
                        == 0);
        }
    }

    while (prefix.len && prefix.data[prefix.len - 1] == '/') {
        prefix.len--;
    }

    if (!ours || uri->len < prefix.len
        || ngx_memcmp(uri->data, prefix.data, prefix.len) != 0
        || (uri->len > prefix.len && uri->data[prefix.len] != '/'))
    {
        return NGX_DECLINED;
    }

    src = uri->data + prefix.len;
    path->len = uri->len - prefix.len;

    path->data = ngx_pnalloc(cf->pool, path->len + 1);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    if (path->len == 0) {
        path->len = 1;
        path->data[0] = '/';
        return NGX_OK;
    }

    dst = path->data;
    ngx_unescape_uri(&dst, &src, path->len, 0);
    path->len = dst - path->data;

    return NGX_OK;
}


/* a server without a real name is assumed to serve every host */

static ngx_uint_t
ngx_http_convrelay_is_ours(ngx_http_core_srv_conf_t *server,
    convrelay_str_t *host)
{
    ngx_uint_t               i, named;
    ngx_http_server_name_t  *name;

    name = server->server_names.elts;
    named = 0;

    for (i = 0; i < server->server_names.nelts; i++) {

        if (ngx_http_convrelay_name_fits(&name[i], host)) {
            return 1;
        }

        if (name[i].name.len > 1
            && ngx_strcmp(name[i].name.data, "localhost") != 0)
        {
            named = 1;
        }
    }

    return !named;
}


static ngx_uint_t
ngx_http_convrelay_name_fits(ngx_http_server_name_t *name,
    convrelay_str_t *host)
{
    ngx_str_t  part;
#if (NGX_PCRE)
    ngx_str_t  str;

    if (name->regex) {
        str = ngx_http_convrelay_ngx_str(host);
        return ngx_regex_exec(name->regex->regex, &str, NULL, 0) >= 0;
    }
#endif

    part = name->name;

    if (part.len > 1 && part.data[part.len - 1] == '*') {
        part.len--;

        return host->len > part.len
               && ngx_strncasecmp(host->data, part.data, part.len) == 0;
    }

    if (part.len > 1 && part.data[0] == '*') {
        part.len--;
        part.data++;

        return ngx_http_convrelay_ends_in(host, &part);
    }

    if (part.len > 1 && part.data[0] == '.') {

        /* ".example.com" is "*.example.com" and "example.com" */

        if (ngx_http_convrelay_ends_in(host, &part)) {
            return 1;
        }

        part.len--;
        part.data++;
    }

    return host->len == part.len
           && ngx_strncasecmp(host->data, part.data, part.len) == 0;
}


/* domain: with the dot before it */

static ngx_uint_t
ngx_http_convrelay_ends_in(convrelay_str_t *host, ngx_str_t *domain)
{
    return host->len >= domain->len
           && ngx_strncasecmp(host->data + host->len - domain->len,
                              domain->data, domain->len)
              == 0;
}
