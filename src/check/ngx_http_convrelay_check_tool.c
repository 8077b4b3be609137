
/*
 * Copyright (C) convrelay contributors
 *
 * The locations of tools.  Each must be in this server and internal.  Anything
 * else is an error, because allow, deny and auth_* do not run for our requests.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_target.h"


static ngx_int_t ngx_http_convrelay_check_tool(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_http_convrelay_tool_t *tool);


ngx_int_t
ngx_http_convrelay_check_tools(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket)
{
    ngx_uint_t                  i;
    ngx_http_convrelay_tool_t  *tool;

    if (socket->conf->tools.list == NULL) {
        return NGX_OK;
    }

    tool = socket->conf->tools.list->elts;

    for (i = 0; i < socket->conf->tools.list->nelts; i++) {

        if (tool[i].uri.len
            && ngx_http_convrelay_check_tool(cf, socket, &tool[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_check_tool(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_http_convrelay_tool_t *tool)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    rc = ngx_http_convrelay_target_first(cf, socket->server, &tool->uri, &clcf);

    if (clcf == NULL) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &tool->place,
                           "no location of this server matches \"uri=%V\" of "
                           "the tool \"%V\": add \"location = %V { internal; "
                           "... }\"", &tool->uri, &tool->name, &tool->uri);
        return NGX_ERROR;
    }

    if (!clcf->internal && !clcf->exact_match
        && clcf->name.len != tool->uri.len)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &tool->place,
                           "\"uri=%V\" of the tool \"%V\" is handled by "
                           "\"location %V\", which anyone can request: add "
                           "\"location = %V { internal; ... }\"", &tool->uri,
                           &tool->name, &clcf->name, &tool->uri);
        return NGX_ERROR;
    }

    if (!clcf->internal) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &tool->place,
                           "anyone can request the location of \"uri=%V\" of "
                           "the tool \"%V\": add \"internal;\" to it",
                           &tool->uri, &tool->name);
        return NGX_ERROR;
    }

    ngx_http_convrelay_fetch_guard_location(cf, clcf->loc_conf);

    return NGX_OK;
}
