
/*
 * Copyright (C) convrelay contributors
 *
 * Raw TwiML.  The configuration contains XML; its variables contain text, which
 * is escaped.
 */


#include "ngx_http_convrelay_webhook.h"
#include "convrelay_xml.h"


static ngx_int_t ngx_http_convrelay_twiml_xml_check(ngx_conf_t *cf,
    ngx_str_t *directive, ngx_array_t *parts, ngx_uint_t first);
static size_t ngx_http_convrelay_xml_escape(u_char *p,
    ngx_http_convrelay_part_t *part, convrelay_str_t *value);


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
                                  sizeof(ngx_http_convrelay_part_t));
        if (*parts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    first = (*parts)->nelts;

    if (ngx_http_convrelay_template_compile(cf, source, 0, *parts) != NGX_OK
        || ngx_http_convrelay_twiml_xml_check(cf, directive, *parts, first)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* each directive separately, so that a message names its line */

static ngx_int_t
ngx_http_convrelay_twiml_xml_check(ngx_conf_t *cf, ngx_str_t *directive,
    ngx_array_t *parts, ngx_uint_t first)
{
    ngx_str_t                   near;
    ngx_uint_t                  i;
    const char                 *error;
    const u_char               *pos;
    convrelay_str_t             xml;
    ngx_http_convrelay_part_t  *part;

    part = parts->elts;

    for (i = first; i < parts->nelts; i++) {

        if (part[i].index == -1
            && ngx_strlchr(part[i].text.data,
                           part[i].text.data + part[i].text.len,
                           CONVRELAY_TWIML_VALUE))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "XML of \"%V\" has a character that XML does "
                               "not allow", directive);
            return NGX_ERROR;
        }
    }

    if (ngx_http_convrelay_template_sample(cf->temp_pool, parts, first,
                                           CONVRELAY_TWIML_VALUE, &xml)
        != NGX_OK)
    {
        return NGX_ERROR;
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
    if (parts == NULL || parts->nelts == 0) {
        return NGX_OK;
    }

    return ngx_http_convrelay_template_eval(r, parts,
                                            ngx_http_convrelay_xml_escape,
                                            xml);
}


static size_t
ngx_http_convrelay_xml_escape(u_char *p, ngx_http_convrelay_part_t *part,
    convrelay_str_t *value)
{
    if (p == NULL) {
        return convrelay_xml_escaped_len(value->data, value->len);
    }

    return convrelay_xml_escape(p, value->data, value->len) - p;
}
