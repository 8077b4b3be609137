
/*
 * Copyright (C) convrelay contributors
 *
 * Templates: the configuration contains JSON or XML, and its variables contain
 * text, which is escaped.
 */


#include "ngx_http_convrelay.h"

#include "convrelay_template.h"


static size_t ngx_http_convrelay_json_escape(u_char *p,
    ngx_http_convrelay_part_t *part, convrelay_str_t *value);


ngx_int_t
ngx_http_convrelay_template_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_uint_t json, ngx_array_t *parts)
{
    ngx_str_t                   name;
    convrelay_template_t        t;
    convrelay_template_part_t   piece;
    ngx_http_convrelay_part_t  *part;

    ngx_memzero(&t, sizeof(convrelay_template_t));

    t.pos = source->data;
    t.last = source->data + source->len;
    t.json = json;

    while (convrelay_template_next(&t, &piece) == CONVRELAY_OK) {

        part = ngx_array_push(parts);
        if (part == NULL) {
            return NGX_ERROR;
        }

        part->text = piece.text;
        part->quoted = piece.quoted;
        part->index = -1;

        if (!piece.variable) {
            continue;
        }

        name = ngx_http_convrelay_ngx_str(&piece.text);

        part->index = ngx_http_get_variable_index(cf, &name);
        if (part->index == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_template_sample(ngx_pool_t *pool, ngx_array_t *parts,
    ngx_uint_t first, u_char value, convrelay_str_t *text)
{
    u_char                     *p;
    ngx_uint_t                  i;
    ngx_http_convrelay_part_t  *part;

    part = parts->elts;
    text->len = 0;

    for (i = first; i < parts->nelts; i++) {
        text->len += (part[i].index == -1) ? part[i].text.len : 1;
    }

    p = ngx_pnalloc(pool, text->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = first; i < parts->nelts; i++) {

        if (part[i].index == -1) {
            p = ngx_cpymem(p, part[i].text.data, part[i].text.len);

        } else {
            *p++ = value;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_template_eval(ngx_http_request_t *r, ngx_array_t *parts,
    ngx_http_convrelay_escape_pt escape, convrelay_str_t *text)
{
    u_char                     *p;
    ngx_uint_t                  i;
    convrelay_str_t            *values;
    ngx_http_variable_value_t  *vv;
    ngx_http_convrelay_part_t  *part;

    part = parts->elts;

    values = ngx_pcalloc(r->pool, parts->nelts * sizeof(convrelay_str_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    text->len = 0;

    for (i = 0; i < parts->nelts; i++) {

        if (part[i].index == -1) {
            text->len += part[i].text.len;
            continue;
        }

        vv = ngx_http_get_flushed_variable(r, part[i].index);

        if (vv && !vv->not_found) {
            values[i].len = vv->len;
            values[i].data = vv->data;
        }

        text->len += escape(NULL, &part[i], &values[i]);
    }

    p = ngx_pnalloc(r->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 0; i < parts->nelts; i++) {

        if (part[i].index == -1) {
            p = ngx_cpymem(p, part[i].text.data, part[i].text.len);

        } else {
            p += escape(p, &part[i], &values[i]);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_json_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_array_t *parts)
{
    if (ngx_array_init(parts, cf->pool, 3, sizeof(ngx_http_convrelay_part_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_template_compile(cf, source, 1, parts);
}


ngx_int_t
ngx_http_convrelay_json_eval(ngx_http_request_t *r, ngx_array_t *parts,
    convrelay_str_t *json)
{
    return ngx_http_convrelay_template_eval(r, parts,
                                            ngx_http_convrelay_json_escape,
                                            json);
}


/*
 * A variable inside a string is escaped; one that is a whole value is a number,
 * true, false or null if it looks like one, otherwise a string.  In both cases
 * it cannot become more than one value.
 */

static size_t
ngx_http_convrelay_json_escape(u_char *p, ngx_http_convrelay_part_t *part,
    convrelay_str_t *value)
{
    size_t  len;

    if (!part->quoted && convrelay_json_is_literal(value)) {

        if (p) {
            ngx_memcpy(p, value->data, value->len);
        }

        return value->len;
    }

    len = convrelay_json_escaped_len(value->data, value->len);

    if (part->quoted) {

        if (p) {
            (void) convrelay_json_escape(p, value->data, value->len);
        }

        return len;
    }

    if (p) {
        *p++ = '"';
        p = convrelay_json_escape(p, value->data, value->len);
        *p = '"';
    }

    return len + 2;
}
