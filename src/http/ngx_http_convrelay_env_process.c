
/*
 * Copyright (C) convrelay contributors
 *
 * The environment of the process.
 *
 * nginx starts a new binary with an environment of its own: the names of its
 * "env" directive.  The names that the configuration uses are added to it,
 * otherwise the new binary would not start.
 */


#include "ngx_http_convrelay_env.h"


extern char  **environ;


static u_char *ngx_http_convrelay_env_process_find(u_char *name, size_t len);
static ngx_uint_t ngx_http_convrelay_env_listed(ngx_array_t *names,
    ngx_str_t *name);


ngx_int_t
ngx_http_convrelay_env_process(u_char *name, size_t len, ngx_str_t *value)
{
    u_char           *p;
    convrelay_str_t   text;

    p = ngx_http_convrelay_env_process_find(name, len);

    if (p == NULL) {
        return NGX_DECLINED;
    }

    /* a secret from a file or a pipe often ends in a line break */

    text.data = p + len + 1;
    text.len = ngx_strlen(text.data);

    convrelay_str_trim(&text);

    *value = ngx_http_convrelay_ngx_str(&text);

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


/* keeps all names, even those that a file overrides now: a new binary must find
   what a reload would */

ngx_int_t
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
 * Runs after the whole configuration was read: an "env" directive of the
 * operator, which may have its own value, takes precedence.
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
