
/*
 * Copyright (C) convrelay contributors
 *
 * Whose connections an upstream has.  Redis executes a command whose AUTH or
 * SELECT it has refused, as the user and in the database that the connection
 * has from the request before.  So a connection is kept only where all its
 * requests have the same.
 */


#include "ngx_http_convrelay_redis.h"


static ngx_uint_t ngx_http_convrelay_redis_same_value(
    ngx_http_complex_value_t *one, ngx_http_complex_value_t *two);
static ngx_uint_t ngx_http_convrelay_redis_varies(
    ngx_http_complex_value_t *value);


char *
ngx_http_convrelay_redis_pool(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *prev,
    ngx_http_convrelay_redis_loc_conf_t *conf, ngx_uint_t inherited)
{
    ngx_uint_t                              i;
    ngx_http_convrelay_redis_pool_t        *pool;
    ngx_http_convrelay_redis_loc_conf_t   **passes;
    ngx_http_convrelay_redis_main_conf_t   *rmcf;

    if (conf->upstream.upstream == NULL) {
        return NGX_CONF_OK;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_convrelay_redis_module);
    pool = inherited ? prev->pool : NULL;
    passes = rmcf->passes.elts;

    for (i = 0; pool == NULL && i < rmcf->passes.nelts; i++) {

        if (passes[i]->upstream.upstream == conf->upstream.upstream) {
            pool = passes[i]->pool;
        }
    }

    if (pool == NULL) {
        pool = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_redis_pool_t));
        if (pool == NULL) {
            return NGX_CONF_ERROR;
        }

        pool->user = conf->user;
        pool->password = conf->password;
        pool->db = conf->db;
    }

    conf->pool = pool;

    if (pool->db != conf->db
        || !ngx_http_convrelay_redis_same_value(pool->user, conf->user)
        || !ngx_http_convrelay_redis_same_value(pool->password, conf->password)
        || ngx_http_convrelay_redis_varies(conf->user)
        || ngx_http_convrelay_redis_varies(conf->password))
    {
        pool->mixed = 1;
    }

    if (inherited) {
        return NGX_CONF_OK;
    }

    passes = ngx_array_push(&rmcf->passes);
    if (passes == NULL) {
        return NGX_CONF_ERROR;
    }

    *passes = conf;

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_convrelay_redis_same_value(ngx_http_complex_value_t *one,
    ngx_http_complex_value_t *two)
{
    if (one == NULL || two == NULL) {
        return one == two;
    }

    return ngx_http_convrelay_redis_same(&one->value, &two->value);
}


/* true if it can be another one in each request; a variable of the environment
   cannot */

static ngx_uint_t
ngx_http_convrelay_redis_varies(ngx_http_complex_value_t *value)
{
    ngx_str_t  *text;

    static const char  env[] = "$convrelay_env_";

    if (value == NULL || value->lengths == NULL) {
        return 0;
    }

    text = &value->value;

    return ngx_http_script_variables_count(text) != 1
           || text->len < sizeof(env)
           || ngx_strncasecmp(text->data, (u_char *) env, sizeof(env) - 1)
              != 0;
}


ngx_uint_t
ngx_http_convrelay_redis_same(ngx_str_t *one, ngx_str_t *two)
{
    return one->len == two->len
           && (one->len == 0
               || ngx_memcmp(one->data, two->data, one->len) == 0);
}
