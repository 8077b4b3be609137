
/*
 * Copyright (C) convrelay contributors
 *
 * Headers that nginx has no field for.
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
    ngx_str_t         str;
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    str.len = ngx_strlen(value);
    str.data = (u_char *) value;

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = str.len;

    h->value.data = ngx_pstrdup(r->pool, &str);
    if (h->value.data == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    return NGX_OK;
}
