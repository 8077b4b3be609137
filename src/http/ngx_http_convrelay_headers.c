
/*
 * Copyright (C) convrelay contributors
 *
 * Headers for which nginx has no field, and their counterparts in the request
 * line.
 */


#include "ngx_http_convrelay.h"


ngx_table_elt_t *
ngx_http_convrelay_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == len
                && ngx_strncmp(h[i].lowcase_key, name, len) == 0)
            {
                return &h[i];
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_convrelay_add_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = ngx_strlen(value);
    h->value.data = (u_char *) value;

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_authority(ngx_http_request_t *r, ngx_str_t *authority)
{
    u_char  *p, *last;

    r = r->main;

    if (r->host_end) {
        p = r->host_end;

        /* older versions of nginx leave the port out */

        if (r->http_version < NGX_HTTP_VERSION_20) {
            last = r->request_line.data + r->request_line.len;

            if (p < last && *p == ':') {

                do {
                    p++;
                } while (p < last && *p >= '0' && *p <= '9');
            }
        }

        authority->len = p - r->host_start;
        authority->data = r->host_start;

        return NGX_OK;
    }

    if (r->headers_in.host) {
        *authority = r->headers_in.host->value;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_http_convrelay_secure(ngx_http_request_t *r)
{
#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        return 1;
    }
#endif

    return r->http_version >= NGX_HTTP_CONVRELAY_VERSION_30;
}
