
/*
 * Copyright (C) convrelay contributors
 *
 * The files of convrelay_env_file.
 */


#include "ngx_http_convrelay_env.h"

#include "convrelay_dotenv.h"


#define NGX_HTTP_CONVRELAY_MAX_ENV_FILE  1048576


static ngx_int_t ngx_http_convrelay_env_load(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, ngx_str_t *file, ngx_str_t *content,
    ngx_uint_t override);


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
