
/*
 * Copyright (C) convrelay contributors
 *
 * Who may use a connection once more.  Redis executes a command whose AUTH or
 * SELECT it has refused, as the user and in the database that the connection
 * has from the request before, and TLS is verified only when a connection is
 * opened.  So it is kept only where all that can get it have the same of these.
 */


#include "ngx_http_convrelay_redis.h"


static ngx_uint_t ngx_http_convrelay_redis_meet(
    ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two);
static ngx_uint_t ngx_http_convrelay_redis_alike(
    ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two);
static ngx_uint_t ngx_http_convrelay_redis_same_value(
    ngx_http_complex_value_t *one, ngx_http_complex_value_t *two);
static ngx_uint_t ngx_http_convrelay_redis_varies(
    ngx_http_complex_value_t *value);


void
ngx_http_convrelay_redis_pools(ngx_http_convrelay_redis_main_conf_t *rmcf)
{
    ngx_uint_t                              i, j;
    ngx_http_convrelay_redis_loc_conf_t   **passes;

    passes = rmcf->passes.elts;

    for (i = 0; i < rmcf->passes.nelts; i++) {
        passes[i]->keep = !ngx_http_convrelay_redis_varies(passes[i]->user)
                          && !ngx_http_convrelay_redis_varies(
                                                          passes[i]->password);

        for (j = 0; passes[i]->keep && j < rmcf->passes.nelts; j++) {

            if (ngx_http_convrelay_redis_meet(passes[i], passes[j])
                && !ngx_http_convrelay_redis_alike(passes[i], passes[j]))
            {
                passes[i]->keep = 0;
            }
        }
    }
}


/* a variable can be the name of any upstream */

static ngx_uint_t
ngx_http_convrelay_redis_meet(ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two)
{
    return one->pass || two->pass
           || one->upstream.upstream == two->upstream.upstream;
}


static ngx_uint_t
ngx_http_convrelay_redis_alike(ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two)
{
#if (NGX_HTTP_SSL)

    if (!ngx_http_convrelay_redis_same_ssl(one, two)) {
        return 0;
    }

#endif

    return one->db == two->db
           && ngx_http_convrelay_redis_same_value(one->user, two->user)
           && ngx_http_convrelay_redis_same_value(one->password,
                                                  two->password);
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
