
/*
 * Copyright (C) convrelay contributors
 *
 * Directives of the webhook.
 */


#include "ngx_http_convrelay_webhook.h"
#include "ngx_http_convrelay_target.h"


static char *ngx_http_convrelay_twiml_check_name(ngx_conf_t *cf,
    convrelay_twiml_element_e element, ngx_str_t *name);
static ngx_int_t ngx_http_convrelay_split(ngx_str_t *source, ngx_str_t *name,
    ngx_str_t *value);


char *
ngx_http_convrelay_twiml(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_http_convrelay_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_convrelay_twiml_handler;

    return ngx_http_convrelay_register(cf, conf);
}


char *
ngx_http_convrelay_twiml_attribute(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char             *rv;
    ngx_str_t        *value;
    ngx_uint_t        unchecked;
    convrelay_str_t   name;

    value = cf->args->elts;
    unchecked = (cf->args->nelts == 4);

    if (unchecked && ngx_strcmp(value[3].data, "unchecked") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", put quotes around the "
                           "value", &value[3]);
        return NGX_CONF_ERROR;
    }

    name = ngx_http_convrelay_str(&value[1]);

    if (convrelay_twiml_check_name(&name) != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not an attribute name, write one such as "
                           "\"welcomeGreeting\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (convrelay_str_eq(&name, "url")) {
        return "cannot set \"url\", \"convrelay_twiml\" does";
    }

    if (!unchecked) {
        rv = ngx_http_convrelay_twiml_check_name(cf, CONVRELAY_TWIML_RELAY,
                                                 &value[1]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (clcf->twiml.attributes == NGX_CONF_UNSET_PTR) {

        clcf->twiml.attributes = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_http_convrelay_attribute_t));
        if (clcf->twiml.attributes == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_convrelay_twiml_pair(cf, clcf->twiml.attributes, &value[1],
                                         &value[2], unchecked);
}


char *
ngx_http_convrelay_twiml_language(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                           *rv;
    ngx_str_t                      *value, name, text;
    ngx_uint_t                      i, n, unchecked;
    ngx_http_convrelay_language_t  *language;

    value = cf->args->elts;
    n = cf->args->nelts;

    unchecked = (n > 2 && ngx_strcmp(value[n - 1].data, "unchecked") == 0);
    n -= unchecked;

    if (value[1].len == 0) {
        return "has an empty code, write one such as \"es-ES\"";
    }

    if (clcf->twiml.languages == NGX_CONF_UNSET_PTR) {

        clcf->twiml.languages = ngx_array_create(cf->pool, 4,
                                       sizeof(ngx_http_convrelay_language_t));
        if (clcf->twiml.languages == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    language = clcf->twiml.languages->elts;

    for (i = 0; i < clcf->twiml.languages->nelts; i++) {

        if (language[i].code.value.source.len == value[1].len
            && ngx_strncasecmp(language[i].code.value.source.data,
                               value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate language \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    language = ngx_array_push(clcf->twiml.languages);
    if (language == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(language, sizeof(ngx_http_convrelay_language_t));

    if (ngx_array_init(&language->attributes, cf->pool, 4,
                       sizeof(ngx_http_convrelay_attribute_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&language->code.name, "language");
    language->code.unchecked = unchecked;

    rv = ngx_http_convrelay_twiml_pair_value(cf, &language->code, &value[1]);

    for (i = 2; i < n && rv == NGX_CONF_OK; i++) {

        if (ngx_http_convrelay_split(&value[i], &name, &text) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", write NAME=VALUE, "
                               "such as \"voice=Lucia-Neural\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (!unchecked) {
            rv = ngx_http_convrelay_twiml_check_name(cf,
                                             CONVRELAY_TWIML_LANGUAGE, &name);
            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }

        rv = ngx_http_convrelay_twiml_pair(cf, &language->attributes, &name,
                                           &text, unchecked);
    }

    return rv;
}


/* "name=value", with the name of an attribute */

static ngx_int_t
ngx_http_convrelay_split(ngx_str_t *source, ngx_str_t *name, ngx_str_t *value)
{
    u_char           *p, *last;
    convrelay_str_t   str;

    last = source->data + source->len;
    p = ngx_strlchr(source->data, last, '=');

    if (p == NULL) {
        return NGX_DECLINED;
    }

    name->len = p - source->data;
    name->data = source->data;

    value->len = last - (p + 1);
    value->data = p + 1;

    str = ngx_http_convrelay_str(name);

    return convrelay_twiml_check_name(&str);
}


char *
ngx_http_convrelay_twiml_parameter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "has an empty name";
    }

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        return "cannot have a variable in the name";
    }

    if (value[1].len >= sizeof("convrelay_") - 1
        && ngx_strncasecmp(value[1].data, (u_char *) "convrelay_",
                           sizeof("convrelay_") - 1)
           == 0)
    {
        return "cannot set a name that starts with \"convrelay_\"";
    }

    if (clcf->twiml.parameters != NGX_CONF_UNSET_PTR
        && ngx_http_convrelay_find_attribute(clcf->twiml.parameters, &value[1]))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (clcf->twiml.parameters == NGX_CONF_UNSET_PTR) {

        clcf->twiml.parameters = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_http_convrelay_attribute_t));
        if (clcf->twiml.parameters == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_convrelay_twiml_pair(cf, clcf->twiml.parameters, &value[1],
                                         &value[2], 1);
}


char *
ngx_http_convrelay_twiml_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_http_convrelay_attribute_t  *action;

    if (clcf->twiml.action != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    action = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_attribute_t));
    if (action == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "GET") != 0
            && ngx_strcmp(value[2].data, "POST") != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid method \"%V\", write \"GET\" or "
                               "\"POST\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        action->name = value[2];
    }

    action->unchecked = 1;

    rv = ngx_http_convrelay_twiml_pair_value(cf, action, &value[1]);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    clcf->twiml.action = action;

    return action->known ? ngx_http_convrelay_twiml_check_action(cf, action)
                         : NGX_CONF_OK;
}


char *
ngx_http_convrelay_twiml_after(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_place(cf, &clcf->twiml.after_place);

    return ngx_http_convrelay_twiml_xml_slot(cf, cmd, conf);
}


static char *
ngx_http_convrelay_twiml_check_name(ngx_conf_t *cf,
    convrelay_twiml_element_e element, ngx_str_t *name)
{
    const char       *hint, *tag;
    convrelay_str_t   str;

    str = ngx_http_convrelay_str(name);

    if (convrelay_twiml_check_attribute(element, &str, &hint)
        == CONVRELAY_OK)
    {
        return NGX_CONF_OK;
    }

    tag = (element == CONVRELAY_TWIML_LANGUAGE) ? "Language"
                                                : "ConversationRelay";

    if (hint) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not an attribute of <%s>, did you mean "
                           "\"%s\"?", name, tag, hint);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" is not an attribute of <%s>; if it is newer "
                       "than this module, put \"unchecked\" at the end",
                       name, tag);

    return NGX_CONF_ERROR;
}


ngx_http_convrelay_loc_conf_t *
ngx_http_convrelay_twiml_find(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_core_srv_conf_t *server, convrelay_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_convrelay_loc_conf_t  *found;
    ngx_http_convrelay_location_t  *twiml;

    twiml = mcf->locations.elts;
    found = NULL;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (twiml[i].server != server || twiml[i].conf->twiml.url == NULL
            || twiml[i].conf->twiml.url == NGX_CONF_UNSET_PTR)
        {
            continue;
        }

        if (name->len == 0) {

            if (found) {
                return NULL;
            }

            found = twiml[i].conf;
            continue;
        }

        if (twiml[i].location->name.len != name->len
            || ngx_strncmp(twiml[i].location->name.data, name->data,
                           name->len)
               != 0)
        {
            continue;
        }

        /* a request for "/twiml" goes to "= /twiml" */

        if (twiml[i].location->exact_match) {
            return twiml[i].conf;
        }

        if (found == NULL) {
            found = twiml[i].conf;
        }
    }

    return found;
}
