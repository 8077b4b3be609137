
/*
 * Copyright (C) convrelay contributors
 *
 * The configuration of "convrelay_fallback".  Its locations are found once all
 * locations are known, see ngx_http_convrelay_check_fallback.c.
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_COOLDOWN  30000      /* ms */


static char *ngx_http_convrelay_fallback_name(ngx_conf_t *cf,
    ngx_array_t *fallbacks, ngx_str_t *name);
static char *ngx_http_convrelay_fallback_option(ngx_conf_t *cf,
    ngx_http_convrelay_fallback_t *fallback, ngx_uint_t first,
    ngx_str_t *option);


char *
ngx_http_convrelay_fallback(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    ngx_array_t                   **fallbacks;
    ngx_http_convrelay_fallback_t  *fallback;

    value = cf->args->elts;
    fallbacks = &clcf->llm.fallbacks;
    ngx_http_convrelay_place(cf, &clcf->own);

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {

        if (*fallbacks != NGX_CONF_UNSET_PTR) {
            return "\"off\" cannot be combined with a location";
        }

        *fallbacks = NULL;
        return NGX_CONF_OK;
    }

    if (*fallbacks == NULL) {
        return "\"off\" cannot be combined with a location";
    }

    if (*fallbacks == NGX_CONF_UNSET_PTR) {

        *fallbacks = ngx_array_create(cf->pool, 2,
                                      sizeof(ngx_http_convrelay_fallback_t));
        if (*fallbacks == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_convrelay_fallback_name(cf, *fallbacks, &value[1])
        != NGX_CONF_OK
        || ngx_http_convrelay_conf_options(cf, 2, cf->args->nelts)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    fallback = ngx_array_push(*fallbacks);
    if (fallback == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(fallback, sizeof(ngx_http_convrelay_fallback_t));

    fallback->name = value[1];
    fallback->cooldown = NGX_HTTP_CONVRELAY_COOLDOWN;
    ngx_http_convrelay_place(cf, &fallback->place);

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_convrelay_fallback_option(cf, fallback,
                                               (*fallbacks)->nelts == 1,
                                               &value[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_fallback_name(ngx_conf_t *cf, ngx_array_t *fallbacks,
    ngx_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_convrelay_fallback_t  *fallback;

    if (ngx_strchr(name->data, '$') != NULL || name->len < 2
        || (name->data[0] != '/' && name->data[0] != '@'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a location, write the name of a "
                           "location of this server, without variables, as in "
                           "\"convrelay_fallback /backup\" or "
                           "\"convrelay_fallback @backup\"", name);
        return NGX_CONF_ERROR;
    }

    fallback = fallbacks->elts;

    for (i = 0; i < fallbacks->nelts; i++) {

        if (fallback[i].name.len == name->len
            && ngx_strncmp(fallback[i].name.data, name->data, name->len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate \"convrelay_fallback %V\"", name);
            return NGX_CONF_ERROR;
        }
    }

    if (i == CONVRELAY_SESSION_MAX_FALLBACKS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d \"convrelay_fallback\" directives",
                           CONVRELAY_SESSION_MAX_FALLBACKS);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_fallback_option(ngx_conf_t *cf,
    ngx_http_convrelay_fallback_t *fallback, ngx_uint_t first,
    ngx_str_t *option)
{
    ngx_int_t  time;
    ngx_str_t  value;

    if (ngx_strncmp(option->data, "cooldown=", 9) == 0) {
        value.data = option->data + 9;
        value.len = option->len - 9;

        time = ngx_parse_time(&value, 0);

        if (time != NGX_ERROR) {
            fallback->cooldown = time;
            return NGX_CONF_OK;
        }
    }

    if (ngx_strncmp(option->data, "hedge=", 6) == 0) {

        if (!first) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of \"convrelay_fallback %V\": only the "
                               "first one can be asked in parallel", option,
                               &fallback->name);
            return NGX_CONF_ERROR;
        }

        value.data = option->data + 6;
        value.len = option->len - 6;

        time = ngx_parse_time(&value, 0);

        if (time != NGX_ERROR && time > 0) {
            fallback->hedge = time;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\", write \"hedge=1200ms\" or "
                       "\"cooldown=30s\"", option);

    return NGX_CONF_ERROR;
}


char *
ngx_http_convrelay_fallback_count(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule)
{
    ngx_int_t  n;

    rule->count = 1;

    if (rule->match.len == 0) {
        return NGX_CONF_OK;
    }

    n = ngx_atoi(rule->match.data + 6, rule->match.len - 6);

    if (n < 1 || n > 255) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\" of \"llm_failed\", write how many "
                           "turns failed in a row, such as \"count=3\"",
                           &rule->match);
        return NGX_CONF_ERROR;
    }

    rule->count = n;

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_fallback_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                      n;
    convrelay_session_llm_t        *llms;
    convrelay_session_conf_t       *session;
    ngx_http_convrelay_fallback_t  *fallback;

    session = &conf->session;

    if (prev) {
        conf->llm.backups = prev->llm.backups;

        session->fallbacks = prev->session.fallbacks;
        session->nfallbacks = prev->session.nfallbacks;
        session->hedge = prev->session.hedge;
        session->llm.cooldown = prev->session.llm.cooldown;
        session->llm.breaker = prev->session.llm.breaker;

        return NGX_CONF_OK;
    }

    if (conf->llm.fallbacks == NULL) {
        return NGX_CONF_OK;
    }

    fallback = conf->llm.fallbacks->elts;
    n = conf->llm.fallbacks->nelts;

    conf->llm.backups = ngx_pcalloc(cf->pool,
                                    n * sizeof(ngx_http_convrelay_backup_t));
    llms = ngx_pcalloc(cf->pool, n * sizeof(convrelay_session_llm_t));

    if (conf->llm.backups == NULL || llms == NULL) {
        return NGX_CONF_ERROR;
    }

    session->fallbacks = llms;
    session->nfallbacks = n;
    session->hedge = fallback[0].hedge;
    session->llm.cooldown = fallback[0].cooldown;
    session->llm.breaker = &conf->llm.breaker;

    return NGX_CONF_OK;
}
