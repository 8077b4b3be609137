
/*
 * Copyright (C) convrelay contributors
 *
 * The environment: dotenv files, the process environment and defaults, for
 * $convrelay_env_NAME.  Everything is read with the configuration, by the
 * master.  Workers inherit the table: everything that the files set, and the
 * names of the process environment that the configuration uses.  No value is
 * ever logged.
 */


#include "ngx_http_convrelay_env.h"

#include "convrelay_secret.h"
#include "convrelay_template.h"


#define NGX_HTTP_CONVRELAY_ENV_PREFIX  "convrelay_env_"


static ngx_int_t ngx_http_convrelay_env_check_name(ngx_conf_t *cf,
    ngx_str_t *name, ngx_uint_t last);
static ngx_int_t ngx_http_convrelay_env_check_value(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t last);
static ngx_int_t ngx_http_convrelay_env_keep(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_env_walk(
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *source, u_char *p,
    size_t *size);


char *
ngx_http_convrelay_env(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_convrelay_env_t  *env;

    value = cf->args->elts;

    for (i = 0; i < value[1].len; i++) {

        if (value[1].data[i] != '_' && !convrelay_is_alpha(value[1].data[i])
            && (i == 0 || !convrelay_is_digit(value[1].data[i])))
        {
            break;
        }
    }

    if (i < value[1].len || i == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\": letters, digits and \"_\" "
                           "can follow \"$convrelay_env_\", and a digit is "
                           "not the first", &value[1]);
        return NGX_CONF_ERROR;
    }

    env = mcf->defaults.elts;

    for (i = 0; i < mcf->defaults.nelts; i++) {

        if (env[i].name.len == value[1].len
            && ngx_strncasecmp(env[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            return "is duplicate";
        }
    }

    env = ngx_array_push(&mcf->defaults);
    if (env == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(env, sizeof(ngx_http_convrelay_env_t));

    env->name = value[1];
    env->value = value[2];

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_convrelay_env_is_set(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *name, ngx_uint_t file)
{
    ngx_str_t                  value;
    ngx_http_convrelay_env_t  *env;

    if (ngx_http_convrelay_env_process(name->data, name->len, &value)
        == NGX_OK)
    {
        return 1;
    }

    env = ngx_http_convrelay_env_find(&mcf->env, name->data, name->len);

    return env && env->file != file;
}


ngx_int_t
ngx_http_convrelay_env_set(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t file, ngx_uint_t text)
{
    ngx_http_convrelay_env_t  *env;

    env = ngx_http_convrelay_env_find(&mcf->env, name->data, name->len);

    if (env == NULL) {
        env = ngx_array_push(&mcf->env);
        if (env == NULL) {
            return NGX_ERROR;
        }

        env->name = *name;
    }

    env->value = *value;
    env->file = file;
    env->text = text;

    return NGX_OK;
}


ngx_http_convrelay_env_t *
ngx_http_convrelay_env_find(ngx_array_t *array, u_char *name, size_t len)
{
    ngx_uint_t                 i;
    ngx_http_convrelay_env_t  *env;

    env = array->elts;

    for (i = 0; i < array->nelts; i++) {

        if (env[i].name.len == len
            && ngx_strncasecmp(env[i].name.data, name, len) == 0)
        {
            return &env[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_convrelay_env_lookup(ngx_http_convrelay_main_conf_t *mcf,
    u_char *name, size_t len, ngx_str_t *value)
{
    ngx_http_convrelay_env_t  *env;

    env = ngx_http_convrelay_env_find(&mcf->env, name, len);

    if (env) {
        *value = env->value;

    } else if (ngx_http_convrelay_env_process(name, len, value) != NGX_OK) {
        value->len = 0;
    }

    if (value->len) {
        return NGX_OK;
    }

    env = ngx_http_convrelay_env_find(&mcf->defaults, name, len);

    if (env) {
        *value = env->value;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_convrelay_env_check(ngx_conf_t *cf, ngx_uint_t last)
{
    size_t                      prefix;
    ngx_str_t                   name;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    prefix = sizeof(NGX_HTTP_CONVRELAY_ENV_PREFIX) - 1;
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (v[i].name.len <= prefix
            || ngx_strncmp(v[i].name.data, NGX_HTTP_CONVRELAY_ENV_PREFIX,
                           prefix)
               != 0)
        {
            continue;
        }

        name.len = v[i].name.len - prefix;
        name.data = v[i].name.data + prefix;

        if (ngx_http_convrelay_env_check_name(cf, &name, last) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_env_check_name(ngx_conf_t *cf, ngx_str_t *name,
    ngx_uint_t last)
{
    u_char                          *p;
    ngx_int_t                        rc;
    ngx_str_t                        upper, value;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (ngx_http_convrelay_env_use(cf, mcf, name->data, name->len) != NGX_OK) {
        return NGX_ERROR;
    }

    upper.len = name->len;
    upper.data = ngx_pstrdup(cf->pool, name);
    if (upper.data == NULL) {
        return NGX_ERROR;
    }

    for (p = upper.data; p < upper.data + upper.len; p++) {
        *p = ngx_toupper(*p);
    }

    rc = ngx_http_convrelay_env_lookup(mcf, name->data, name->len, &value);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%V is required: the configuration uses "
                      "$convrelay_env_%V, which is not set or empty. Put "
                      "shared values in .env and secrets in .env.local "
                      "(\"convrelay_env_file\"), set it in the environment, or "
                      "give a default with \"convrelay_env %V VALUE\"",
                      &upper, &upper, &upper);

        return NGX_ERROR;
    }

    if (ngx_http_convrelay_env_check_value(cf, &upper, &value, last)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_env_keep(cf, mcf, name, &value);
}


/* the value becomes part of headers that this module does not see */

static ngx_int_t
ngx_http_convrelay_env_check_value(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t last)
{
    int                              ch;
    convrelay_str_t                  text;
    ngx_http_convrelay_env_t        *env;
    ngx_http_convrelay_main_conf_t  *mcf;

    text = ngx_http_convrelay_str(value);

    ch = convrelay_secret_control(&text);

    if (ch != -1) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%V has a control character (0x%02xi) in its value, "
                      "which would break the header that it becomes part of: "
                      "remove it, or put a prompt of several lines into a file "
                      "(\"convrelay_system_prompt_file\")", name,
                      (ngx_int_t) ch);
        return NGX_ERROR;
    }

    if (!last) {
        return NGX_OK;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);
    env = ngx_http_convrelay_env_find(&mcf->env, name->data, name->len);

    if (convrelay_secret_is_quoted(&text) && (env == NULL || !env->text)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "%V is in quotes, which are part of its value: quotes "
                      "are removed only in a \"convrelay_env_file\"", name);
    }

    if (convrelay_secret_is_placeholder(&text)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "%V is still a placeholder, not a value", name);
    }

    return NGX_OK;
}


/* workers have no process environment: the names in use are copied */

static ngx_int_t
ngx_http_convrelay_env_keep(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t  copy;

    if (ngx_http_convrelay_env_find(&mcf->env, name->data, name->len)) {
        return NGX_OK;
    }

    copy.len = value->len;
    copy.data = ngx_pstrdup(cf->pool, value);
    if (copy.data == NULL && copy.len) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_env_set(mcf, name, &copy, 0, 0);
}


ngx_int_t
ngx_http_convrelay_env_expand(ngx_conf_t *cf, ngx_str_t *source,
    ngx_str_t *value)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (ngx_http_convrelay_env_walk(mcf, source, NULL, &value->len) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(cf->pool, value->len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->data[value->len] = '\0';

    return ngx_http_convrelay_env_walk(mcf, source, value->data, &value->len);
}


/* measures if p is NULL, otherwise writes; NGX_OK or NGX_DECLINED */

static ngx_int_t
ngx_http_convrelay_env_walk(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *source, u_char *p, size_t *size)
{
    size_t                      prefix;
    ngx_str_t                   value;
    convrelay_str_t            *text;
    convrelay_template_t        t;
    convrelay_template_part_t   part;

    prefix = sizeof(NGX_HTTP_CONVRELAY_ENV_PREFIX) - 1;
    *size = 0;

    ngx_memzero(&t, sizeof(convrelay_template_t));

    t.pos = source->data;
    t.last = source->data + source->len;

    while (convrelay_template_next(&t, &part) == CONVRELAY_OK) {

        text = &part.text;

        if (!part.variable) {
            value = ngx_http_convrelay_ngx_str(text);

        } else if (text->len <= prefix
                   || ngx_strncasecmp(text->data, (u_char *)
                                      NGX_HTTP_CONVRELAY_ENV_PREFIX, prefix)
                      != 0)
        {
            return NGX_DECLINED;

        } else if (ngx_http_convrelay_env_lookup(mcf, text->data + prefix,
                                                 text->len - prefix, &value)
                   != NGX_OK)
        {
            value.len = 0;
        }

        if (p) {
            p = ngx_cpymem(p, value.data, value.len);
        }

        *size += value.len;
    }

    return NGX_OK;
}
