
/*
 * Copyright (C) convrelay contributors
 *
 * Settings that are of no use in a location with "convrelay": error pages,
 * functions that nothing handles, a listener without HTTP/1.1.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_target.h"


static ngx_uint_t ngx_http_convrelay_check_error_pages(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);
static ngx_uint_t ngx_http_convrelay_check_intercepts(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);

static ngx_int_t ngx_http_convrelay_check_fields(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);
static ngx_int_t ngx_http_convrelay_check_functions(ngx_conf_t *cf,
    ngx_http_convrelay_field_t *field);

static void ngx_http_convrelay_check_listen(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


ngx_int_t
ngx_http_convrelay_check_socket_alone(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_uint_t  pages, intercepts;

    pages = ngx_http_convrelay_check_error_pages(cf, location);
    intercepts = ngx_http_convrelay_check_intercepts(cf, location);

    if (pages || intercepts) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                           &location->conf->place,
                           "\"%s\" of location \"%V\" has no effect on turns: "
                           "when the LLM fails, the caller hears "
                           "\"convrelay_error_message\"; for another server, "
                           "use \"proxy_next_upstream\" and a \"backup\", "
                           "or \"convrelay_fallback\"",
                           pages ? "error_page" : "proxy_intercept_errors",
                           &location->location->name);
    }

    if (location->conf->store.enable
        && location->conf->auth.tokens == NULL
        && location->conf->auth.ticket == NULL)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                           &location->conf->place,
                           "calls of location \"%V\" are stored, but anybody "
                           "can continue one by naming its CallSid: write "
                           "\"convrelay_auth_token\" or \"convrelay_ticket\", "
                           "or \"convrelay_store off\"",
                           &location->location->name);
    }

    ngx_http_convrelay_check_listen(cf, location);

    return ngx_http_convrelay_check_fields(cf, location);
}


/*
 * Only an error_page of the location itself counts: other locations use an
 * inherited one.  Statuses with which a handshake is refused are left alone.
 */

static ngx_uint_t
ngx_http_convrelay_check_error_pages(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_uint_t                 i;
    ngx_array_t               *pages;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *outer;

    outer = location->server->ctx->loc_conf[ngx_http_core_module.ctx_index];
    pages = location->location->error_pages;

    if (pages == NULL || pages == outer->error_pages) {
        return 0;
    }

    page = pages->elts;

    for (i = 0; i < pages->nelts; i++) {

        if (page[i].status == NGX_HTTP_INTERNAL_SERVER_ERROR
            || page[i].status == NGX_HTTP_BAD_GATEWAY
            || page[i].status == NGX_HTTP_GATEWAY_TIME_OUT)
        {
            return 1;
        }
    }

    return 0;
}


/* the same for proxy_intercept_errors; fetch_guard() has reset it here */

static ngx_uint_t
ngx_http_convrelay_check_intercepts(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_uint_t                 i;
    ngx_module_t              *module;
    ngx_http_upstream_conf_t  *upstream;

    if (!location->conf->llm.intercepts) {
        return 0;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, "ngx_http_proxy_module") == 0) {
            upstream = location->server->ctx->loc_conf[module->ctx_index];
            return upstream->intercept_errors != 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_convrelay_check_fields(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_array_t                 *fields;
    ngx_http_convrelay_field_t  *field;

    fields = location->conf->llm.fields;

    if (fields == NULL) {
        return NGX_OK;
    }

    field = fields->elts;

    for (i = 0; i < fields->nelts; i++) {

        if (field[i].warned) {
            continue;
        }

        rc = ngx_http_convrelay_check_functions(cf, &field[i]);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        field[i].warned = 1;

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &field[i].place,
                           "functions in \"convrelay_request_field %V\" are "
                           "not supported: if the LLM calls one, the caller "
                           "gets no answer; remove them",
                           &field[i].name);
    }

    return NGX_OK;
}


/*
 * Tools of other types are run by the LLM's server itself.  Returns NGX_OK if
 * the field has functions, NGX_DECLINED if it has none or a variable hides
 * them, or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_check_functions(ngx_conf_t *cf,
    ngx_http_convrelay_field_t *field)
{
    u_char                  *copy;
    ngx_int_t                rc;
    ngx_uint_t               legacy;
    convrelay_str_t          json, type;
    convrelay_json_value_t  *tool;
    convrelay_json_reader_t  r;

    legacy = (ngx_strcmp(field->name.data, "functions") == 0);

    if (!legacy && ngx_strcmp(field->name.data, "tools") != 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_convrelay_template_sample(cf->pool, &field->parts, 0, '0',
                                           &json)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    copy = NULL;
    rc = NGX_DECLINED;

    if (convrelay_json_read(&r, json.data, json.len, &copy) == CONVRELAY_OK) {

        for (tool = convrelay_json_element(r.values, NULL);
             tool && rc != NGX_OK;
             tool = convrelay_json_element(r.values, tool))
        {
            if (legacy
                || convrelay_json_member(tool, "function")
                || (convrelay_json_text(convrelay_json_member(tool, "type"),
                                        &type)
                    == CONVRELAY_OK
                    && convrelay_str_eq(&type, "function")))
            {
                rc = NGX_OK;
            }
        }
    }

    convrelay_json_reader_free(&r);
    ngx_free(copy);

    return rc;
}


/* since nginx 1.25.1 such a listener accepts HTTP/1.1 as well */

static void
ngx_http_convrelay_check_listen(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
#if (NGX_HTTP_V2 && nginx_version < 1025001)

    ngx_uint_t                   i, n, s;
    ngx_http_conf_addr_t        *addr;
    ngx_http_conf_port_t        *port;
    ngx_http_core_srv_conf_t   **server;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL) {
        return;
    }

    port = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {
        addr = port[i].addrs.elts;

        for (n = 0; n < port[i].addrs.nelts; n++) {

            if (!addr[n].opt.http2 || addr[n].opt.ssl) {
                continue;
            }

            server = addr[n].servers.elts;

            for (s = 0; s < addr[n].servers.nelts; s++) {

                if (server[s] != location->server) {
                    continue;
                }

                ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                           &location->conf->place,
                           "location \"%V\" is on \"listen %V http2\" "
                           "without \"ssl\", which accepts only HTTP/2: "
                           "Twilio cannot connect, remove \"http2\"",
                           &location->location->name,
                           &addr[n].opt.addr_text);
            }
        }
    }

#endif
}
