
/*
 * Copyright (C) convrelay contributors
 *
 * The locations of tools, of the context, of reports, of prewarms and of
 * stores.  Each must be in this server and internal.  Anything else is an
 * error, because allow, deny and auth_* do not run for our requests.
 */


#include "ngx_http_convrelay_prewarm.h"
#include "ngx_http_convrelay_target.h"


static ngx_int_t ngx_http_convrelay_check_internal(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_str_t *uri,
    ngx_http_convrelay_place_t *place, ngx_str_t *what);
static void ngx_http_convrelay_check_prewarm(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_prewarm_conf_t *prewarm);
static ngx_int_t ngx_http_convrelay_check_phrase(ngx_conf_t *cf,
    ngx_str_t *what, const char *fmt, ngx_str_t *uri, ngx_str_t *name);


ngx_int_t
ngx_http_convrelay_check_tools(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket)
{
    ngx_str_t                           what;
    ngx_uint_t                          i, n;
    ngx_http_convrelay_tool_t          *tool;
    ngx_http_convrelay_report_conf_t   *report;
    ngx_http_convrelay_context_conf_t  *context;
    ngx_http_convrelay_prewarm_conf_t  *prewarm;

    n = socket->conf->tools.list ? socket->conf->tools.list->nelts : 0;
    tool = n ? socket->conf->tools.list->elts : NULL;

    for (i = 0; i < n; i++) {

        if (tool[i].uri.len == 0) {
            continue;
        }

        if (ngx_http_convrelay_check_phrase(cf, &what,
                                            "\"uri=%V\" of the tool \"%V\"",
                                            &tool[i].uri, &tool[i].name)
            != NGX_OK
            || ngx_http_convrelay_check_internal(cf, socket, &tool[i].uri,
                                                 &tool[i].place, &what)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    context = socket->conf->context;

    if (context
        && (ngx_http_convrelay_check_phrase(cf, &what,
                                            "\"convrelay_context %V\"",
                                            &context->uri, &context->uri)
            != NGX_OK
            || ngx_http_convrelay_check_internal(cf, socket, &context->uri,
                                                 &context->place, &what)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    report = socket->conf->report;

    if (report
        && (ngx_http_convrelay_check_phrase(cf, &what,
                                            "\"convrelay_report %V\"",
                                            &report->uri, &report->uri)
            != NGX_OK
            || ngx_http_convrelay_check_internal(cf, socket, &report->uri,
                                                 &report->place, &what)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    prewarm = socket->conf->prewarm;

    if (prewarm
        && (ngx_http_convrelay_check_phrase(cf, &what,
                                            "\"convrelay_prewarm %V\"",
                                            &prewarm->uri, &prewarm->uri)
            != NGX_OK
            || ngx_http_convrelay_check_internal(cf, socket, &prewarm->uri,
                                                 &prewarm->place, &what)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (prewarm) {
        ngx_http_convrelay_check_prewarm(cf, socket, prewarm);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_check_store(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_str_t                         what;
    ngx_http_convrelay_store_conf_t  *store;

    store = &location->conf->store;

    if (store->away == 0) {
        return NGX_OK;
    }

    if (ngx_http_convrelay_check_phrase(cf, &what, "\"convrelay_store %V\"",
                                        &store->uri, &store->uri)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_check_internal(cf, location, &store->uri,
                                             &store->place, &what);
}


/* it is of use only where its connection is one to the LLM */

static void
ngx_http_convrelay_check_prewarm(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_prewarm_conf_t *prewarm)
{
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_upstream_srv_conf_t  *llm, *upstream;

    if (ngx_http_convrelay_target_first(cf, socket->server, &prewarm->uri,
                                        &clcf)
        != NGX_OK)
    {
        return;
    }

    llm = ngx_http_convrelay_location_upstream(cf, socket->location->loc_conf);
    upstream = ngx_http_convrelay_location_upstream(cf, clcf->loc_conf);

    if (llm == NULL || upstream == NULL || upstream == llm) {
        return;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &prewarm->place,
                           "\"convrelay_prewarm %V\" leads to \"%V\", but the "
                           "LLM of location \"%V\" is \"%V\": use the same "
                           "upstream, or its connection is of no use",
                           &prewarm->uri, &upstream->host,
                           &socket->location->name, &llm->host);
}


static ngx_int_t
ngx_http_convrelay_check_phrase(ngx_conf_t *cf, ngx_str_t *what,
    const char *fmt, ngx_str_t *uri, ngx_str_t *name)
{
    size_t  size;

    size = ngx_strlen(fmt) + uri->len + name->len;

    what->data = ngx_pnalloc(cf->temp_pool, size);
    if (what->data == NULL) {
        return NGX_ERROR;
    }

    what->len = ngx_snprintf(what->data, size, fmt, uri, name) - what->data;

    return NGX_OK;
}


/* what: the directive's words, for messages */

static ngx_int_t
ngx_http_convrelay_check_internal(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_str_t *uri,
    ngx_http_convrelay_place_t *place, ngx_str_t *what)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    rc = ngx_http_convrelay_target_first(cf, socket->server, uri, &clcf);

    if (clcf == NULL) {

        /* directives such as "set" or "rewrite" of the server come first */

        rc = NGX_OK;
        clcf = ngx_http_convrelay_target_literal(socket->server, uri);

        if (clcf == NULL || (!clcf->internal && clcf->name.len != uri->len)) {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, place,
                           "no location of this server matches %V, unless a "
                           "\"rewrite\" of the server changes it", what);
            return NGX_OK;
        }
    }

    if (rc != NGX_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "no location of this server matches %V: add "
                           "\"location = %V { internal; ... }\"", what, uri);
        return NGX_ERROR;
    }

    if (!clcf->internal && !clcf->exact_match && clcf->name.len != uri->len) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "%V is handled by \"location %V\", which anyone can "
                           "request: add \"location = %V { internal; ... }\"",
                           what, &clcf->name, uri);
        return NGX_ERROR;
    }

    if (!clcf->internal) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "anyone can request the location of %V: add "
                           "\"internal;\" to it", what);
        return NGX_ERROR;
    }

    ngx_http_convrelay_fetch_guard_location(cf, clcf->loc_conf);

    return NGX_OK;
}
