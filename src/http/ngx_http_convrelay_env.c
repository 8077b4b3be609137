
/*
 * Copyright (C) convrelay contributors
 *
 * The environment: dotenv files, the process environment and defaults, for
 * $convrelay_env_NAME.  Everything is read with the configuration, by the
 * master.  Workers inherit the table: all that the files set, and what the
 * configuration uses of the process environment.  We log none of it.
 *
 * nginx starts a new binary with an environment of its own making: what its
 * "env" directive names.  What the configuration uses is added to that, or the
 * new binary would not start.
 */


#include "ngx_http_convrelay_env.h"

#include "convrelay_dotenv.h"
#include "convrelay_template.h"


#define NGX_HTTP_CONVRELAY_MAX_ENV_FILE  1048576
#define NGX_HTTP_CONVRELAY_ENV_PREFIX    "convrelay_env_"


extern char  **environ;


static ngx_int_t ngx_http_convrelay_env_load(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *file, ngx_str_t *content,
    ngx_uint_t override);
static ngx_int_t ngx_http_convrelay_env_set(
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *name, ngx_str_t *value,
    ngx_uint_t file);
static ngx_uint_t ngx_http_convrelay_env_is_set(
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *name, ngx_uint_t file);
static ngx_http_convrelay_env_t *ngx_http_convrelay_env_find(
    ngx_array_t *array, u_char *name, size_t len);
static ngx_int_t ngx_http_convrelay_env_process(u_char *name, size_t len,
    ngx_str_t *value);
static u_char *ngx_http_convrelay_env_process_find(u_char *name, size_t len);
static ngx_int_t ngx_http_convrelay_env_use(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, u_char *name, size_t len);
static ngx_uint_t ngx_http_convrelay_env_listed(ngx_array_t *names,
    ngx_str_t *name);
static ngx_int_t ngx_http_convrelay_env_keep(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, u_char *data, size_t len,
    ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_env_walk(
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *source, u_char *p,
    size_t *size);


char *
ngx_http_convrelay_env_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ngx_int_t         rc;
    ngx_str_t        *value, file, content;
    ngx_uint_t        i, override, optional;
    ngx_file_info_t   fi;

    value = cf->args->elts;
    override = 0;
    optional = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "override") == 0) {
            override = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "optional") == 0) {
            optional = 1;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", it can be \"override\" "
                           "or \"optional\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_convrelay_read_file(cf->pool, NGX_LOG_EMERG, cf->log, &file,
                                      &file, NGX_HTTP_CONVRELAY_MAX_ENV_FILE,
                                      &content, &fi);

    if (rc == NGX_DECLINED && optional) {
        return NGX_CONF_OK;
    }

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file);
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_OK && override && (fi.st_mode & S_IROTH)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%V\" holds secrets and can be read by everybody: "
                           "\"chmod o-r\" it", &file);
    }

    if (rc != NGX_OK
        || ngx_http_convrelay_env_load(cf, mcf, &file, &content, override)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_env_load(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *file, ngx_str_t *content,
    ngx_uint_t override)
{
    int                 rc;
    ngx_str_t           name, value;
    convrelay_pair_t    pair;
    convrelay_dotenv_t  env;

    mcf->nfiles++;

    convrelay_dotenv_init(&env, content->data, content->len);

    for ( ;; ) {

        rc = convrelay_dotenv_next(&env, &pair);

        if (rc == CONVRELAY_DONE) {
            return NGX_OK;
        }

        if (rc != CONVRELAY_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" line %ui: %s",
                               file, (ngx_uint_t) env.line, env.error);
            return NGX_ERROR;
        }

        name = ngx_http_convrelay_ngx_str(&pair.name);
        value = ngx_http_convrelay_ngx_str(&pair.value);

        if (!override
            && ngx_http_convrelay_env_is_set(mcf, &name, mcf->nfiles))
        {
            continue;
        }

        if (ngx_http_convrelay_env_set(mcf, &name, &value, mcf->nfiles)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


char *
ngx_http_convrelay_env(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_convrelay_env_t  *env;

    value = cf->args->elts;

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


/*
 * A plain file changes neither the process environment nor what another file
 * has set; in one file the last line wins.
 */

static ngx_uint_t
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


static ngx_int_t
ngx_http_convrelay_env_set(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t file)
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

    return NGX_OK;
}


/* nginx has variable names in lower case, so case does not count */

static ngx_http_convrelay_env_t *
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


static ngx_int_t
ngx_http_convrelay_env_process(u_char *name, size_t len, ngx_str_t *value)
{
    u_char  *p;

    p = ngx_http_convrelay_env_process_find(name, len);

    if (p == NULL) {
        return NGX_DECLINED;
    }

    value->data = p + len + 1;
    value->len = ngx_strlen(value->data);

    return NGX_OK;
}


/* "NAME=value", where case does not count, or NULL */

static u_char *
ngx_http_convrelay_env_process_find(u_char *name, size_t len)
{
    char  **p;

    for (p = environ; p && *p; p++) {

        if (ngx_strncasecmp((u_char *) *p, name, len) == 0
            && (*p)[len] == '=')
        {
            return (u_char *) *p;
        }
    }

    return NULL;
}


/*
 * The process may have this name, which is used.  Whatever wins today, a new
 * binary has to find the same as this one after a reload.
 */

static ngx_int_t
ngx_http_convrelay_env_use(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, u_char *name, size_t len)
{
    u_char     *p;
    ngx_str_t   used, *push;

    p = ngx_http_convrelay_env_process_find(name, len);

    if (p == NULL) {
        return NGX_OK;
    }

    used.len = len;
    used.data = p;

    if (ngx_http_convrelay_env_listed(&mcf->process_env, &used)) {
        return NGX_OK;
    }

    push = ngx_array_push(&mcf->process_env);
    if (push == NULL) {
        return NGX_ERROR;
    }

    push->len = len;
    push->data = ngx_pnalloc(cf->pool, len + 1);
    if (push->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(push->data, p, len + 1);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_convrelay_env_listed(ngx_array_t *names, ngx_str_t *name)
{
    ngx_str_t   *n;
    ngx_uint_t   i;

    n = names->elts;

    for (i = 0; i < names->nelts; i++) {

        if (n[i].len == name->len
            && ngx_strncmp(n[i].data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * After the whole configuration was read: an "env" directive of the operator,
 * which may give a value of its own, comes first.
 */

void
ngx_http_convrelay_env_init_module(ngx_cycle_t *cycle)
{
    ngx_str_t                       *name, *env;
    ngx_uint_t                       i;
    ngx_core_conf_t                 *ccf;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);
    if (mcf == NULL) {
        return;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    name = mcf->process_env.elts;

    for (i = 0; i < mcf->process_env.nelts; i++) {

        if (ngx_http_convrelay_env_listed(&ccf->env, &name[i])) {
            continue;
        }

        env = ngx_array_push(&ccf->env);
        if (env == NULL) {
            return;
        }

        *env = name[i];
    }
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
ngx_http_convrelay_env_check(ngx_conf_t *cf)
{
    u_char                          *p;
    size_t                           len, prefix;
    ngx_str_t                        name, *value;
    ngx_uint_t                       i;
    ngx_http_variable_t             *v;
    ngx_http_core_main_conf_t       *cmcf;
    ngx_http_convrelay_main_conf_t  *mcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

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

        len = v[i].name.len - prefix;

        if (ngx_http_convrelay_env_use(cf, mcf, v[i].name.data + prefix, len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        value = ngx_palloc(cf->pool, sizeof(ngx_str_t));
        if (value == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_convrelay_env_lookup(mcf, v[i].name.data + prefix, len,
                                          value)
            == NGX_OK)
        {
            if (ngx_http_convrelay_env_keep(cf, mcf, v[i].name.data + prefix,
                                            len, value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            continue;
        }

        name.len = len;
        name.data = ngx_pstrdup(cf->pool, &v[i].name);
        if (name.data == NULL) {
            return NGX_ERROR;
        }

        name.data += prefix;

        for (p = name.data; p < name.data + len; p++) {
            *p = ngx_toupper(*p);
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%V is required: the configuration uses "
                      "$convrelay_env_%V, and it is not set or empty. Put "
                      "shared examples in .env and secrets in .env.local "
                      "(\"convrelay_env_file\"), set it in the environment, "
                      "or give a default with \"convrelay_env %V VALUE\"",
                      &name, &name, &name);

        return NGX_ERROR;
    }

    return NGX_OK;
}


/* workers have no process environment: what is used of it is copied */

static ngx_int_t
ngx_http_convrelay_env_keep(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, u_char *data, size_t len,
    ngx_str_t *value)
{
    ngx_str_t  name;

    if (ngx_http_convrelay_env_find(&mcf->env, data, len)) {
        return NGX_OK;
    }

    name.len = len;
    name.data = data;

    value->data = ngx_pstrdup(cf->pool, value);
    if (value->data == NULL && value->len) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_env_set(mcf, &name, value, 0);
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


/* measures where p is NULL, else writes; NGX_OK or NGX_DECLINED */

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
