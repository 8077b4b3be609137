
/*
 * Copyright (C) convrelay contributors
 *
 * The shared memory of used tickets.  The first convrelay_talk creates it; its
 * size never changes, so a reload keeps it, and the key.
 */


#include "ngx_http_convrelay_talk.h"
#include "ngx_http_convrelay_shared.h"

#include "convrelay_spent.h"
#include "convrelay_talk.h"


#if (CONVRELAY_SPENT_KEY_LEN != CONVRELAY_TALK_KEY_LEN                       \
     || CONVRELAY_SPENT_NONCE_LEN != CONVRELAY_TALK_NONCE_LEN)
#error used tickets differ from tickets
#endif


/* nginx may change the address in a zone that a reload has removed */

typedef struct {
    ngx_slab_pool_t    *shpool;     /* its mutex is the lock */
    convrelay_spent_t  *spent;
} ngx_http_convrelay_talk_zone_t;


static ngx_int_t ngx_http_convrelay_talk_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);


/* its address is the tag of the zone */

static ngx_str_t  ngx_http_convrelay_talk_name = ngx_string("convrelay_talk");


ngx_int_t
ngx_http_convrelay_talk_zone(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf)
{
    size_t  pages;

    /* plus what the slab allocator needs for itself */

    pages = sizeof(convrelay_spent_t) / ngx_pagesize + 9;

    mcf->talk_zone = ngx_shared_memory_add(cf, &ngx_http_convrelay_talk_name,
                                           pages * ngx_pagesize,
                                           &ngx_http_convrelay_talk_name);
    if (mcf->talk_zone == NULL) {
        return NGX_ERROR;
    }

    mcf->talk_zone->init = ngx_http_convrelay_talk_zone_init;

    mcf->talk_zone->data = ngx_pcalloc(cf->pool,
                                      sizeof(ngx_http_convrelay_talk_zone_t));

    return mcf->talk_zone->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_convrelay_talk_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    void                            *mem;
    u_char                           key[CONVRELAY_TALK_KEY_LEN];
    ngx_slab_pool_t                 *shpool;
    ngx_http_convrelay_talk_zone_t  *zone;

    zone = shm_zone->data;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    zone->shpool = shpool;

    if (data || shm_zone->shm.exists) {

        zone->spent = convrelay_spent_open(shpool->data,
                                           sizeof(convrelay_spent_t));
        if (zone->spent == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "the zone of \"convrelay_talk\" was created by "
                          "another version of the module: restart nginx");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    mem = ngx_slab_alloc(shpool, sizeof(convrelay_spent_t));

    if (mem == NULL
        || ngx_http_convrelay_random(key, sizeof(key)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->spent = convrelay_spent_create(mem, key);
    shpool->data = zone->spent;

    return NGX_OK;
}


void
ngx_http_convrelay_talk_init_module(ngx_cycle_t *cycle)
{
    ngx_shm_zone_t  *old, *new;

    old = ngx_http_convrelay_shared_find(cycle->old_cycle,
                                         &ngx_http_convrelay_talk_name);
    new = ngx_http_convrelay_shared_find(cycle, &ngx_http_convrelay_talk_name);

    if (old && new == NULL) {
        ngx_http_convrelay_shared_replaced(cycle, old);
    }
}


const u_char *
ngx_http_convrelay_talk_key(ngx_http_convrelay_main_conf_t *mcf)
{
    ngx_http_convrelay_talk_zone_t  *zone;

    zone = mcf->talk_zone->data;

    return zone->spent->key;
}


ngx_int_t
ngx_http_convrelay_talk_spend(ngx_http_convrelay_main_conf_t *mcf,
    const u_char *nonce, uint32_t expires)
{
    ngx_int_t                        rc;
    ngx_http_convrelay_talk_zone_t  *zone;

    zone = mcf->talk_zone->data;

    ngx_http_convrelay_shared_lock(zone->shpool);

    rc = convrelay_spent_add(zone->spent, nonce, expires,
                             (uint32_t) ngx_time());

    ngx_http_convrelay_shared_unlock(zone->shpool);

    return rc;
}
