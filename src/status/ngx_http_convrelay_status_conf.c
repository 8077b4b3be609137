
/*
 * Copyright (C) convrelay contributors
 *
 * The directive convrelay_status.
 */


#include "ngx_http_convrelay_status.h"


static const char  *ngx_http_convrelay_status_formats[] = {
    "", "prometheus", "json", "html"
};


char *
ngx_http_convrelay_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                       *value, *access;
    ngx_uint_t                       i;
    ngx_http_core_loc_conf_t        *core;
    ngx_http_convrelay_main_conf_t  *mcf;

    if (clcf->status) {
        return "is duplicate";
    }

    value = cf->args->elts;
    access = &value[cf->args->nelts - 1];

    i = NGX_HTTP_CONVRELAY_STATUS_PROMETHEUS;

    /* a single parameter may be the format or the access */

    if (cf->args->nelts == 3
        || (cf->args->nelts == 2
            && ngx_strcmp(access->data, "protected") != 0
            && ngx_strcmp(access->data, "public") != 0))
    {
        for (i = NGX_HTTP_CONVRELAY_STATUS_HTML; i; i--) {

            if (ngx_strcmp(value[1].data,
                           ngx_http_convrelay_status_formats[i])
                == 0)
            {
                break;
            }
        }

        if (i == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid format \"%V\" of \"convrelay_status\", "
                               "write \"prometheus\", \"json\" or \"html\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_strcmp(access->data, "protected") != 0
        && ngx_strcmp(access->data, "public") != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_status\" must say who can see it: "
                           "write \"convrelay_status %s protected\" in a "
                           "location that has \"allow\" and \"deny\", "
                           "\"auth_basic\" or the like, or "
                           "\"convrelay_status %s public\"",
                           ngx_http_convrelay_status_formats[i],
                           ngx_http_convrelay_status_formats[i]);
        return NGX_CONF_ERROR;
    }

    clcf->status = i;
    ngx_http_convrelay_place(cf, &clcf->place);

    core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = ngx_http_convrelay_status_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (mcf->status) {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &mcf->status_place);

    return (ngx_http_convrelay_status_zone(cf, mcf) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* runs when all directives of http are known */

char *
ngx_http_convrelay_status_check(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf)
{
    if (mcf->status == NULL || mcf->zone) {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &mcf->status_place,
                       "\"convrelay_status\" counts live calls in shared "
                       "memory: add \"convrelay_zone NAME SIZE\" to http");

    return NGX_CONF_ERROR;
}
