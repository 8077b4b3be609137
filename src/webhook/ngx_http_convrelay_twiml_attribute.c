
/*
 * Copyright (C) convrelay contributors
 *
 * Attributes of the TwiML as the configuration holds them: a name and a value
 * that is checked as soon as it is known.
 */


#include "ngx_http_convrelay_webhook.h"


char *
ngx_http_convrelay_twiml_pair(ngx_conf_t *cf, ngx_array_t *attributes,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t unchecked)
{
    ngx_http_convrelay_attribute_t  *a;

    if (ngx_http_convrelay_find_attribute(attributes, name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate attribute \"%V\"", name);
        return NGX_CONF_ERROR;
    }

    a = ngx_array_push(attributes);
    if (a == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(a, sizeof(ngx_http_convrelay_attribute_t));

    a->name = *name;
    a->unchecked = unchecked;

    return ngx_http_convrelay_twiml_pair_value(cf, a, value);
}


char *
ngx_http_convrelay_twiml_pair_value(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a, ngx_str_t *value)
{
    char  *rv;

    rv = ngx_http_convrelay_value_compile(cf, value, &a->value, 1);

    if (rv != NGX_CONF_OK || a->value.value->lengths) {
        return rv;
    }

    a->known = 1;
    a->text = *value;

    return ngx_http_convrelay_twiml_check_known(cf, a);
}


ngx_http_convrelay_attribute_t *
ngx_http_convrelay_find_attribute(ngx_array_t *attributes, ngx_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_attribute_t  *a;

    a = attributes->elts;

    for (i = 0; i < attributes->nelts; i++) {

        if (a[i].name.len == name->len
            && ngx_strncmp(a[i].name.data, name->data, name->len) == 0)
        {
            return &a[i];
        }
    }

    return NULL;
}


char *
ngx_http_convrelay_twiml_check_known(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a)
{
    ngx_int_t         rc;
    const char       *error;
    convrelay_str_t   name, text;

    if (!a->known) {

        rc = ngx_http_convrelay_env_expand(cf, &a->value.source, &a->text);

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DECLINED) {
            return NGX_CONF_OK;
        }

        a->known = 1;
    }

    if (a->unchecked) {
        return NGX_CONF_OK;
    }

    name = ngx_http_convrelay_str(&a->name);
    text = ngx_http_convrelay_str(&a->text);

    if (convrelay_twiml_check_value(&name, &text, &error) != CONVRELAY_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &a->value.place,
                           "\"%V\" is not a valid value of \"%V\", %s",
                           &a->text, &a->name, error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the URL of an action, which may come from the environment */

char *
ngx_http_convrelay_twiml_check_action(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *action)
{
    char             *rv;
    const char       *error;
    convrelay_str_t   url;

    rv = ngx_http_convrelay_twiml_check_known(cf, action);

    if (rv != NGX_CONF_OK || !action->known) {
        return rv;
    }

    url = ngx_http_convrelay_str(&action->text);

    if (convrelay_twiml_check_action(&url, &error) != CONVRELAY_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                           &action->value.place,
                           "the URL of \"convrelay_twiml_action %V\" %s",
                           &action->value.source, error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
