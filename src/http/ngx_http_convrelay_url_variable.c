
/*
 * Copyright (C) convrelay contributors
 *
 * $convrelay_url_NAME: another variable of the module, encoded for a URL.
 */


#include "ngx_http_convrelay.h"

#include "convrelay_tool.h"


ngx_int_t
ngx_http_convrelay_url_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     *p;
    ngx_str_t                  *url, name;
    convrelay_str_t             text;
    ngx_http_variable_value_t  *value;

    static ngx_str_t  prefix = ngx_string("convrelay_");
    static ngx_str_t  skip = ngx_string("convrelay_url_");

    url = (ngx_str_t *) data;

    name.len = prefix.len + url->len - skip.len;
    name.data = ngx_pnalloc(r->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name.data, prefix.data, prefix.len);
    ngx_memcpy(p, url->data + skip.len, url->len - skip.len);

    value = ngx_http_get_variable(r, &name,
                                  ngx_hash_key(name.data, name.len));
    if (value == NULL) {
        return NGX_ERROR;
    }

    if (value->not_found) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.len = value->len;
    text.data = value->data;

    return ngx_http_convrelay_variable_encoded(r, v, &text);
}


ngx_int_t
ngx_http_convrelay_variable_encoded(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const convrelay_str_t *text)
{
    u_char  *p;
    size_t   len;

    len = convrelay_tool_url_size(text);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_tool_url_write(p, text);

    v->data = p;
    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
