
/*
 * Copyright (C) convrelay contributors
 *
 * The memory in which failures of LLMs are counted: with a convrelay_zone, a
 * small zone of its own for all workers, otherwise memory of each worker.  The
 * size of that zone never changes, so a reload keeps it.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_tenant.h"


static ngx_int_t ngx_http_convrelay_breaker_zone_init(
    ngx_shm_zone_t *shm_zone, void *data);
static void ngx_http_convrelay_breaker_share(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_loc_conf_t *conf,
    uint64_t id);


/* its address is the tag of the zone */

static ngx_str_t  ngx_http_convrelay_breaker_name =
    ngx_string("convrelay_fallback");


ngx_int_t
ngx_http_convrelay_breaker_init(ngx_conf_t *cf)
{
    ngx_uint_t                       i, k, used;
    ngx_http_convrelay_loc_conf_t   *conf, *of;
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    location = mcf->locations.elts;
    used = 0;

    for (i = 0; i < mcf->locations.nelts; i++) {
        conf = location[i].conf;

        for (k = 0; conf->enable && k <= conf->session.nfallbacks; k++) {

            if (conf->session.nfallbacks == 0) {
                break;
            }

            used = 1;
            of = k ? conf->llm.backups[k - 1].conf : conf;

            if (of->llm.breaker == NULL) {
                of->llm.breaker = ngx_pcalloc(cf->pool,
                                              sizeof(convrelay_breaker_t));
                if (of->llm.breaker == NULL) {
                    return NGX_ERROR;
                }
            }
        }
    }

    if (!used || mcf->zone == NULL) {
        return NGX_OK;
    }

    mcf->breakers = ngx_shared_memory_add(cf, &ngx_http_convrelay_breaker_name,
                                          8 * ngx_pagesize,
                                          &ngx_http_convrelay_breaker_name);
    if (mcf->breakers == NULL) {
        return NGX_ERROR;
    }

    mcf->breakers->init = ngx_http_convrelay_breaker_zone_init;
    mcf->breakers->data = mcf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_breaker_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_uint_t                       i, k;
    ngx_slab_pool_t                 *shpool;
    ngx_http_convrelay_backup_t     *backup;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {

        shpool->data = ngx_slab_calloc(shpool, sizeof(convrelay_breakers_t));
        if (shpool->data == NULL) {
            return NGX_ERROR;
        }
    }

    convrelay_breakers_begin(shpool->data);

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {
        conf = location[i].conf;

        if (!conf->enable || conf->session.nfallbacks == 0) {
            continue;
        }

        ngx_http_convrelay_breaker_share(mcf, conf, location[i].id);

        for (k = 0; k < conf->session.nfallbacks; k++) {
            backup = &conf->llm.backups[k];

            ngx_http_convrelay_breaker_share(mcf, backup->conf,
                ngx_http_convrelay_tenant_beside(&location[i],
                                                 backup->location));
        }
    }

    return NGX_OK;
}


/* if no slot is free, each worker counts on its own */

static void
ngx_http_convrelay_breaker_share(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_loc_conf_t *conf, uint64_t id)
{
    ngx_slab_pool_t      *shpool;
    convrelay_breaker_t  *slot;

    shpool = (ngx_slab_pool_t *) mcf->breakers->shm.addr;

    slot = convrelay_breakers_slot(shpool->data, id ? id : 1);

    if (slot) {
        conf->llm.breaker = slot;
    }
}
