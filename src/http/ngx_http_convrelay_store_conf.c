
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_store memory | /uri | off
 */


#include "ngx_http_convrelay_store.h"


char *
ngx_http_convrelay_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t  *value;

    if (clcf->store.enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "memory") == 0) {
        clcf->store.enable = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        clcf->store.enable = 0;

    } else if (value[1].len > 1 && value[1].data[0] == '/'
               && ngx_strchr(value[1].data, '?') == NULL)
    {
        clcf->store.enable = 1;
        clcf->store.uri = value[1];

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"convrelay_store\", write "
                           "\"memory\", the URI of a location of this server, "
                           "such as \"/store\", or \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_place(cf, &clcf->store.place);

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_store_merge(ngx_conf_t *cf,
    ngx_http_convrelay_store_conf_t *prev,
    ngx_http_convrelay_store_conf_t *conf)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = prev->enable;
        conf->uri = prev->uri;
        conf->place = prev->place;
    }

    if (conf->enable == 1 && mcf->store == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->place,
                       "\"convrelay_store %s%V\" needs memory: write "
                       "\"convrelay_store_zone calls 64m\" in the \"http\" "
                       "block", conf->uri.len ? "" : "memory", &conf->uri);
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_value(conf->enable, mcf->store != NULL);

    return NGX_CONF_OK;
}
