
/*
 * Copyright (C) convrelay contributors
 *
 * The locations of "convrelay_fallback": found once all locations are known,
 * and checked like that of the call.  A mistake in one is an error, because it
 * would not show until the first LLM fails.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_target.h"


static uint64_t ngx_http_convrelay_check_llm(ngx_http_core_srv_conf_t *server,
    ngx_http_core_loc_conf_t *location, ngx_http_convrelay_loc_conf_t *conf);
static ngx_int_t ngx_http_convrelay_check_fallback(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_fallback_t *fallback,
    ngx_http_core_loc_conf_t *clcf);


ngx_int_t
ngx_http_convrelay_check_fallbacks(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket)
{
    ngx_uint_t                      i;
    convrelay_session_llm_t        *llms;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_loc_conf_t  *conf, *other;
    ngx_http_convrelay_fallback_t  *fallback;

    conf = socket->conf;

    conf->session.llm.id = ngx_http_convrelay_check_llm(socket->server,
                                                        socket->location,
                                                        conf);

    if (conf->llm.fallbacks == NULL) {
        return NGX_OK;
    }

    fallback = conf->llm.fallbacks->elts;
    llms = (convrelay_session_llm_t *) conf->session.fallbacks;

    for (i = 0; i < conf->llm.fallbacks->nelts; i++) {

        clcf = ngx_http_convrelay_target_literal(socket->server,
                                                 &fallback[i].name);

        if (ngx_http_convrelay_check_fallback(cf, socket, &fallback[i], clcf)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        other = clcf->loc_conf[ngx_http_convrelay_module.ctx_index];

        other->llm.handler = clcf->handler;
        other->llm.api = conf->llm.api;

        conf->llm.backups[i].location = clcf;
        conf->llm.backups[i].conf = other;
        conf->llm.backups[i].metrics = ngx_http_convrelay_location_llm(cf,
                                                               conf->metrics,
                                                               clcf->loc_conf);
        if (conf->llm.backups[i].metrics == NULL) {
            return NGX_ERROR;
        }

        llms[i] = other->session.llm;
        llms[i].cooldown = fallback[i].cooldown;
        llms[i].breaker = &other->llm.breaker;
        llms[i].id = ngx_http_convrelay_check_llm(socket->server, clcf, other);
    }

    return NGX_OK;
}


/* an LLM is the same one after a reload if server, location and model have the
   same names; "/ws" and "= /ws" are two locations */

static uint64_t
ngx_http_convrelay_check_llm(ngx_http_core_srv_conf_t *server,
    ngx_http_core_loc_conf_t *location, ngx_http_convrelay_loc_conf_t *conf)
{
    uint32_t   hash;
    uint64_t   id;
    ngx_str_t  model;

    ngx_str_null(&model);

    if (conf->llm.model) {
        model = conf->llm.model->source;
    }

    hash = ngx_murmur_hash2(server->server_name.data, server->server_name.len);
    hash = hash * 31 + ngx_murmur_hash2(location->name.data,
                                        location->name.len);
    hash += location->exact_match;

    id = (uint64_t) hash << 21 ^ ngx_murmur_hash2(model.data, model.len);

    return id ? id : 1;
}


static ngx_int_t
ngx_http_convrelay_check_fallback(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_fallback_t *fallback, ngx_http_core_loc_conf_t *clcf)
{
    ngx_str_t                      *name;
    ngx_http_convrelay_loc_conf_t  *conf;

    name = &fallback->name;

    if (clcf == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &fallback->place,
                           "no location of this server matches "
                           "\"convrelay_fallback %V\": add \"location %s%V { "
                           "%sproxy_pass ...; }\"", name,
                           name->data[0] == '@' ? "" : "= ", name,
                           name->data[0] == '@' ? "" : "internal; ");
        return NGX_ERROR;
    }

    if (!clcf->named && !clcf->internal) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &fallback->place,
                           "anyone can request \"location %V\", which "
                           "\"convrelay_fallback %V\" uses: add \"internal;\" "
                           "to it", &clcf->name, name);
        return NGX_ERROR;
    }

    conf = clcf->loc_conf[ngx_http_convrelay_module.ctx_index];

    if (conf->enable || conf->twiml.url || conf->connect.enable
        || conf->status)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &fallback->place,
                           "\"location %V\", which \"convrelay_fallback %V\" "
                           "uses, is not an LLM: it has \"%s\"", &clcf->name,
                           name, conf->enable ? "convrelay"
                                 : conf->twiml.url ? "convrelay_twiml"
                                 : conf->status ? "convrelay_status"
                                 : "convrelay_connect_action");
        return NGX_ERROR;
    }

    if (clcf->handler == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &fallback->place,
                           "\"location %V\", which \"convrelay_fallback %V\" "
                           "uses, has no LLM: add \"proxy_pass "
                           "https://host%s\"", &clcf->name, name,
                           clcf->named ? "" : "/v1/chat/completions");
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_target_rewrites(cf, clcf->loc_conf)) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &fallback->place,
                           "\"set\", \"rewrite\", \"if\" and the like have no "
                           "effect in \"location %V\": "
                           "\"convrelay_fallback %V\" runs only its content "
                           "handler, such as \"proxy_pass\"", &clcf->name,
                           name);
    }

    if (ngx_http_convrelay_location_check(cf, clcf, clcf->loc_conf,
                                          &fallback->place)
        != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
