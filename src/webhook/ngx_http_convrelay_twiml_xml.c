
/*
 * Copyright (C) convrelay contributors
 *
 * Raw TwiML.  What is written in the configuration is XML; what variables
 * give is text, and escaped.
 */


#include "ngx_http_convrelay.h"


static ngx_int_t ngx_http_convrelay_twiml_xml_parse(ngx_conf_t *cf,
    ngx_str_t *source, ngx_array_t *parts);
static ngx_int_t ngx_http_convrelay_twiml_xml_check(ngx_conf_t *cf,
    ngx_str_t *directive, ngx_array_t *parts, ngx_uint_t first);


char *
ngx_http_convrelay_twiml_xml_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    return ngx_http_convrelay_twiml_xml_compile(cf, &value[0], &value[1],
                                         (ngx_array_t **) (p + cmd->offset));
}


char *
ngx_http_convrelay_twiml_xml_compile(ngx_conf_t *cf, ngx_str_t *directive,
    ngx_str_t *source, ngx_array_t **parts)
{
    ngx_uint_t  first;

    if (ngx_http_convrelay_phrase_check(cf, source) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (*parts == NGX_CONF_UNSET_PTR) {

        *parts = ngx_array_create(cf->pool, 4,
                                  sizeof(ngx_http_convrelay_xml_part_t));
        if (*parts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    first = (*parts)->nelts;

    if (ngx_http_convrelay_twiml_xml_parse(cf, source, *parts) != NGX_OK
        || ngx_http_convrelay_twiml_xml_check(cf, directive, *parts, first)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_twiml_xml_parse(ngx_conf_t *cf, ngx_str_t *source,
    ngx_array_t *parts)
{
    size_t                          i, n;
    ngx_str_t                       name;
    ngx_uint_t                      literal;
    ngx_http_convrelay_xml_part_t  *part;

    part = NULL;
    literal = 0;

    for (i = 0; i < source->len; i += n) {

        n = ngx_http_convrelay_variable_name(source, i, &name);

        if (n || !literal) {

            part = ngx_array_push(parts);
            if (part == NULL) {
                return NGX_ERROR;
            }

            part->index = -1;
            part->text.len = 0;
            part->text.data = &source->data[i];
        }

        if (n == 0) {
            n = 1;
            part->text.len++;
            literal = 1;
            continue;
        }

        part->index = ngx_http_get_variable_index(cf, &name);
        if (part->index == NGX_ERROR) {
            return NGX_ERROR;
        }

        literal = 0;
    }

    return NGX_OK;
}


/* each directive by itself: the message then has its line */

static ngx_int_t
ngx_http_convrelay_twiml_xml_check(ngx_conf_t *cf, ngx_str_t *directive,
    ngx_array_t *parts, ngx_uint_t first)
{
    size_t                          len;
    u_char                         *p;
    ngx_str_t                       near;
    ngx_uint_t                      i;
    const char                     *error;
    const u_char                   *pos;
    convrelay_str_t                 xml;
    ngx_http_convrelay_xml_part_t  *part;

    part = parts->elts;
    len = 0;

    for (i = first; i < parts->nelts; i++) {
        len += (part[i].index == -1) ? part[i].text.len : 1;
    }

    xml.len = len;
    xml.data = ngx_pnalloc(cf->temp_pool, len + 1);
    if (xml.data == NULL) {
        return NGX_ERROR;
    }

    p = xml.data;

    for (i = first; i < parts->nelts; i++) {

        if (part[i].index != -1) {
            *p++ = CONVRELAY_TWIML_VALUE;
            continue;
        }

        if (ngx_strlchr(part[i].text.data,
                        part[i].text.data + part[i].text.len,
                        CONVRELAY_TWIML_VALUE))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "XML of \"%V\" has a character that XML does "
                               "not have", directive);
            return NGX_ERROR;
        }

        p = ngx_cpymem(p, part[i].text.data, part[i].text.len);
    }

    if (convrelay_twiml_check_xml(&xml, &error, &pos) == CONVRELAY_OK) {
        return NGX_OK;
    }

    near.data = (u_char *) pos;
    near.len = ngx_min((size_t) (xml.data + xml.len - pos), 24);

    for (i = 0; i < near.len; i++) {

        if (near.data[i] == CONVRELAY_TWIML_VALUE) {
            near.data[i] = '$';
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "XML of \"%V\" %s, at \"%V\"",
                       directive, error, &near);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_convrelay_twiml_xml(ngx_http_request_t *r, ngx_array_t *parts,
    convrelay_str_t *xml)
{
    u_char                         *p;
    ngx_uint_t                      i;
    convrelay_str_t                *values;
    ngx_http_variable_value_t      *vv;
    ngx_http_convrelay_xml_part_t  *part;

    if (parts == NULL || parts->nelts == 0) {
        return NGX_OK;
    }

    part = parts->elts;

    values = ngx_pcalloc(r->pool, parts->nelts * sizeof(convrelay_str_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    xml->len = 0;

    for (i = 0; i < parts->nelts; i++) {

        if (part[i].index == -1) {
            xml->len += part[i].text.len;
            continue;
        }

        vv = ngx_http_get_flushed_variable(r, part[i].index);

        if (vv == NULL || vv->not_found) {
            continue;
        }

        values[i].len = vv->len;
        values[i].data = vv->data;

        xml->len += convrelay_xml_escaped_len(vv->data, vv->len);
    }

    p = ngx_pnalloc(r->pool, xml->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    xml->data = p;

    for (i = 0; i < parts->nelts; i++) {

        if (part[i].index == -1) {
            p = ngx_cpymem(p, part[i].text.data, part[i].text.len);
            continue;
        }

        p = convrelay_xml_escape(p, values[i].data, values[i].len);
    }

    return NGX_OK;
}
