
/*
 * Copyright (C) convrelay contributors
 *
 * The configuration of a call's location.
 */


#include "ngx_http_convrelay_call.h"


static ngx_int_t ngx_http_convrelay_upstream_name(ngx_conf_t *cf,
    void **loc_conf, ngx_str_t *name);
static char *ngx_http_convrelay_check_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_upstream_conf_t *upstream,
    const char *cache, ngx_http_convrelay_place_t *place);


/*
 * The location's content handler becomes the LLM of its calls, and the module's
 * own handler takes its place.  Blocks of "if" and "limit_except" belong to
 * their location, nested locations do not.
 */

char *
ngx_http_convrelay_location_merge(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_convrelay_loc_conf_t *prev,
    ngx_http_convrelay_loc_conf_t *conf, ngx_http_handler_pt webhook)
{
    ngx_uint_t  block;

    block = clcf->noname || clcf->lmt_excpt;

    if (block && prev->enable == 1) {
        conf->enable = 1;
        conf->llm.handler = prev->llm.handler;
    }

    ngx_conf_init_value(conf->enable, 0);

    if (webhook && !block
        && (conf->enable || clcf->handler != webhook
            || (conf->twiml.url != NULL) + (conf->connect.enable != 0)
               + (conf->status != 0) + (conf->talk.page != NULL) > 1))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                           conf->twiml.url ? &conf->twiml.url->place
                                           : &conf->place,
                           "location \"%V\" has both \"%s\" and %s: each needs "
                           "its own location", &clcf->name,
                           conf->twiml.url ? "convrelay_twiml"
                           : conf->connect.enable ? "convrelay_connect_action"
                           : conf->status ? "convrelay_status"
                           : "convrelay_talk",
                           conf->enable ? "\"convrelay\""
                                        : "another content handler");
        return NGX_CONF_ERROR;
    }

    if (!conf->enable) {

        /* a block of "limit_except" does not inherit a handler */

        if (webhook && clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = webhook;
        }

        if (conf->own.line && clcf->handler && !block && webhook == NULL
            && !clcf->internal && !clcf->named)
        {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &conf->own,
                               "location \"%V\" has convrelay directives, but "
                               "not \"convrelay;\": anybody can use its LLM",
                               &clcf->name);
        }

        return NGX_CONF_OK;
    }

    if (clcf->handler) {
        conf->llm.handler = clcf->handler;
    }

    if (clcf->handler || clcf->lmt_excpt) {
        clcf->handler = ngx_http_convrelay_handler;
    }

    if (conf->llm.handler == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->place,
                           "location \"%V\" has \"convrelay\", but no LLM: add "
                           "\"proxy_pass https://host/v1/chat/completions\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    conf->llm.metrics = ngx_http_convrelay_location_llm(cf, conf->metrics,
                               ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf);
    if (conf->llm.metrics == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_convrelay_fallback_merge(cf, block ? prev : NULL, conf)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_location_check(cf, clcf,
                           ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf,
                           &conf->place);
}


char *
ngx_http_convrelay_location_check(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, void **loc_conf,
    ngx_http_convrelay_place_t *place)
{
    char                           *rv;
    ngx_uint_t                      i, n;
    ngx_module_t                   *module;
    ngx_http_upstream_conf_t       *upstream;
    ngx_http_convrelay_loc_conf_t  *conf;

    static struct {
        const char  *name;
        const char  *cache;
    }  upstreams[] = {
        { "ngx_http_proxy_module", "proxy_cache" },
        { "ngx_http_fastcgi_module", "fastcgi_cache" },
        { "ngx_http_scgi_module", "scgi_cache" },
        { "ngx_http_uwsgi_module", "uwsgi_cache" }
    };

    conf = loc_conf[ngx_http_convrelay_module.ctx_index];

    if (clcf->post_action.data) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "\"post_action\" cannot be used in location \"%V\" "
                           "with \"convrelay\"", &clcf->name);
        return NGX_CONF_ERROR;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {

        module = cf->cycle->modules[i];

        for (n = 0; n < sizeof(upstreams) / sizeof(upstreams[0]); n++) {

            if (ngx_strcmp(module->name, upstreams[n].name) != 0) {
                continue;
            }

            /* their configuration starts with that of the upstream */

            upstream = loc_conf[module->ctx_index];
            conf->llm.intercepts |= (upstream->intercept_errors == 1);

            rv = ngx_http_convrelay_check_upstream(cf, clcf, upstream,
                                                   upstreams[n].cache, place);

            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }
    }

    ngx_http_convrelay_fetch_guard_location(cf, loc_conf);

    return NGX_CONF_OK;
}


/*
 * It has no address if the location does not use the module, or if the address
 * contains variables, which is common only for proxy_pass.
 */

static char *
ngx_http_convrelay_check_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_upstream_conf_t *upstream,
    const char *cache, ngx_http_convrelay_place_t *place)
{
#if (NGX_HTTP_CACHE)

    if (upstream->cache == 1
        && (upstream->upstream || ngx_strcmp(cache, "proxy_cache") == 0))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "\"%s\" cannot be used in location \"%V\" with "
                           "\"convrelay\": answers differ each time, write "
                           "\"%s off\"", cache, &clcf->name, cache);
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


/* two LLMs whose upstreams have the same name are counted as one */

ngx_http_convrelay_llm_metrics_t *
ngx_http_convrelay_location_llm(ngx_conf_t *cf,
    ngx_http_convrelay_metrics_t *metrics, void **loc_conf)
{
    ngx_str_t                          name;
    ngx_http_convrelay_llm_metrics_t  *llm;

    if (ngx_http_convrelay_upstream_name(cf, loc_conf, &name) != NGX_OK) {
        return NULL;
    }

    for (llm = metrics->llms; llm; llm = llm->next) {

        if (llm->upstream.len == name.len
            && ngx_strncmp(llm->upstream.data, name.data, name.len) == 0)
        {
            return llm;
        }
    }

    llm = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_llm_metrics_t));
    if (llm == NULL) {
        return NULL;
    }

    llm->upstream = name;
    llm->next = metrics->llms;
    metrics->llms = llm;

    return llm;
}


ngx_http_upstream_srv_conf_t *
ngx_http_convrelay_location_upstream(ngx_conf_t *cf, void **loc_conf)
{
    ngx_uint_t                      i, n;
    ngx_module_t                   *module;
    ngx_http_upstream_conf_t       *conf;
    ngx_http_upstream_srv_conf_t   *upstream;

    static const char  *modules[] = {
        "ngx_http_proxy_module", "ngx_http_grpc_module",
        "ngx_http_fastcgi_module", "ngx_http_scgi_module",
        "ngx_http_uwsgi_module"
    };

    upstream = NULL;

    for (i = 0; cf->cycle->modules[i]; i++) {

        module = cf->cycle->modules[i];

        for (n = 0; n < sizeof(modules) / sizeof(modules[0]); n++) {

            if (ngx_strcmp(module->name, modules[n]) != 0) {
                continue;
            }

            /* their configuration starts with that of the upstream */

            conf = loc_conf[module->ctx_index];
            upstream = conf->upstream ? conf->upstream : upstream;
        }
    }

    return upstream;
}


/*
 * The name as in "proxy_pass", with the port if it has one, or "variable" where
 * nothing is known before a request.  NGX_OK or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_upstream_name(ngx_conf_t *cf, void **loc_conf,
    ngx_str_t *name)
{
    ngx_http_upstream_srv_conf_t  *upstream;

    upstream = ngx_http_convrelay_location_upstream(cf, loc_conf);

    if (upstream == NULL) {
        ngx_str_set(name, "variable");
        return NGX_OK;
    }

    *name = upstream->host;

    if (upstream->no_port || upstream->port == 0) {
        return NGX_OK;
    }

    name->data = ngx_pnalloc(cf->pool, name->len + sizeof(":65535") - 1);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    name->len = ngx_sprintf(name->data, "%V:%d", &upstream->host,
                            (int) upstream->port)
                - name->data;

    return NGX_OK;
}
