
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
    mcf->talk_zone->data = mcf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    void             *mem;
    u_char            key[CONVRELAY_TALK_KEY_LEN];
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {

        if (convrelay_spent_open(shpool->data, sizeof(convrelay_spent_t))
            == NULL)
        {
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

    shpool->data = convrelay_spent_create(mem, key);

    return NGX_OK;
}


const u_char *
ngx_http_convrelay_talk_key(ngx_http_convrelay_main_conf_t *mcf)
{
    ngx_slab_pool_t    *shpool;
    convrelay_spent_t  *spent;

    shpool = (ngx_slab_pool_t *) mcf->talk_zone->shm.addr;
    spent = shpool->data;

    return spent->key;
}


ngx_int_t
ngx_http_convrelay_talk_spend(ngx_http_convrelay_main_conf_t *mcf,
    const u_char *nonce, uint32_t expires)
{
    ngx_int_t         rc;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) mcf->talk_zone->shm.addr;

    ngx_http_convrelay_shared_lock(shpool);

    rc = convrelay_spent_add(shpool->data, nonce, expires,
                             (uint32_t) ngx_time());

    ngx_http_convrelay_shared_unlock(shpool);

    return rc;
}
