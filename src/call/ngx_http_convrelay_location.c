
/*
 * Copyright (C) convrelay contributors
 *
 * Directives of other modules in a location with "convrelay" that a turn
 * cannot honour.
 */


#include "ngx_http_convrelay_upstream.h"


static char *ngx_http_convrelay_check_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_module_t *module, const char *cache,
    ngx_http_convrelay_place_t *place);


char *
ngx_http_convrelay_check_location(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_convrelay_place_t *place)
{
    char          *rv;
    ngx_uint_t     i, n;
    ngx_module_t  *module;

    static struct {
        const char  *name;
        const char  *cache;
    }  upstreams[] = {
        { "ngx_http_proxy_module", "proxy_cache" },
        { "ngx_http_fastcgi_module", "fastcgi_cache" },
        { "ngx_http_scgi_module", "scgi_cache" },
        { "ngx_http_uwsgi_module", "uwsgi_cache" }
    };

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

            rv = ngx_http_convrelay_check_upstream(cf, clcf, module,
                                                   upstreams[n].cache, place);

            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }
    }

    return NGX_CONF_OK;
}


/*
 * A location's configuration of all of these modules starts with its
 * upstream's.  That of a module which it does not use has no address; so has
 * one with variables in it, which only proxy_pass is known to be used with.
 */

static char *
ngx_http_convrelay_check_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_module_t *module, const char *cache,
    ngx_http_convrelay_place_t *place)
{
    ngx_http_upstream_conf_t  *upstream;

    upstream = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf[module->ctx_index];

    ngx_http_convrelay_upstream_guard(upstream);

#if (NGX_HTTP_CACHE)

    if (upstream->cache == 1
        && (upstream->upstream || ngx_strcmp(cache, "proxy_cache") == 0))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "\"%s\" cannot be used in location \"%V\" with "
                           "\"convrelay\": answers are not the same twice, "
                           "write \"%s off\"", cache, &clcf->name, cache);
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}
