
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_store /uri, convrelay_store_secret SECRET [OLD] | off
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_env.h"
#include "ngx_http_convrelay_shared.h"

#include "convrelay_secret.h"
#include "convrelay_sha256.h"


#define NGX_HTTP_CONVRELAY_AWAY_SECRET  16      /* bytes, at least */
#define NGX_HTTP_CONVRELAY_AWAY_LIST    65535
#define NGX_HTTP_CONVRELAY_AWAY_STORES  (CONVRELAY_OUTAGES / 2)
                                                /* old workers have others */


static ngx_int_t ngx_http_convrelay_away_key(ngx_conf_t *cf,
    ngx_http_convrelay_away_t *away, ngx_http_convrelay_value_t *v);
static ngx_http_convrelay_aways_t *ngx_http_convrelay_aways_create(
    ngx_conf_t *cf, ngx_http_convrelay_main_conf_t *mcf);
static ngx_http_convrelay_away_t *ngx_http_convrelay_away_create(
    ngx_conf_t *cf, ngx_http_convrelay_loc_conf_t *conf);
static ngx_http_convrelay_away_store_t *ngx_http_convrelay_away_store(
    ngx_conf_t *cf, ngx_http_convrelay_away_t *away);
static ngx_int_t ngx_http_convrelay_away_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static uint64_t ngx_http_convrelay_away_id(ngx_http_convrelay_away_t *away);


/* its address is the tag of the zone */

static ngx_str_t  ngx_http_convrelay_away_name =
    ngx_string("convrelay_store_location");


char *
ngx_http_convrelay_store_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                        *rv;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_convrelay_value_t  *v;

    if (clcf->store.secrets != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        clcf->store.secrets = NULL;
        return NGX_CONF_OK;
    }

#if !(NGX_OPENSSL)

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"convrelay_store_secret\" needs an nginx with "
                       "OpenSSL, write \"off\"");
    return NGX_CONF_ERROR;

#endif

    clcf->store.secrets = ngx_array_create(cf->pool, 2,
                                          sizeof(ngx_http_convrelay_value_t));
    if (clcf->store.secrets == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "has an empty secret";
        }

        if (ngx_strcmp(value[i].data, "off") == 0) {
            return "takes \"off\" alone, without a secret";
        }

        v = ngx_array_push(clcf->store.secrets);
        if (v == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(v, sizeof(ngx_http_convrelay_value_t));

        rv = ngx_http_convrelay_value_compile(cf, &value[i], v, 0);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_away_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                        i;
    ngx_http_convrelay_away_t        *away, **element;
    ngx_http_convrelay_value_t       *v;
    ngx_http_convrelay_main_conf_t   *mcf;

    if (conf->store.secrets == NGX_CONF_UNSET_PTR) {
        conf->store.secrets = prev->store.secrets;
    }

    if (!conf->store.enable || conf->store.uri.len == 0
        || (!conf->enable && !conf->connect.enable))
    {
        return NGX_CONF_OK;
    }

    if (conf->store.secrets == NGX_CONF_UNSET_PTR) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->store.place,
                       "\"convrelay_store %V\" needs to know how records are "
                       "sealed: write \"convrelay_store_secret\" with a secret "
                       "that all machines have, or with \"off\"",
                       &conf->store.uri);
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (mcf->aways == NULL) {
        mcf->aways = ngx_http_convrelay_aways_create(cf, mcf);

        if (mcf->aways == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (mcf->aways->list.nelts == NGX_HTTP_CONVRELAY_AWAY_LIST) {
        return "is used by too many locations";
    }

    away = ngx_http_convrelay_away_create(cf, conf);
    if (away == NULL) {
        return NGX_CONF_ERROR;
    }

    v = conf->store.secrets ? conf->store.secrets->elts : NULL;

    for (i = 0; v && i < conf->store.secrets->nelts; i++) {

        if (ngx_http_convrelay_away_key(cf, away, &v[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    element = ngx_array_push(&mcf->aways->list);
    if (element == NULL) {
        return NGX_CONF_ERROR;
    }

    *element = away;
    conf->store.away = mcf->aways->list.nelts;

    return NGX_CONF_OK;
}


/* NGX_OK or NGX_ERROR; the secret is not logged */

static ngx_int_t
ngx_http_convrelay_away_key(ngx_conf_t *cf, ngx_http_convrelay_away_t *away,
    ngx_http_convrelay_value_t *v)
{
#if (NGX_OPENSSL)

    ngx_int_t        rc;
    ngx_str_t        secret;
    convrelay_str_t  str;

    rc = ngx_http_convrelay_env_expand(cf, &v->source, &secret);

    if (rc == NGX_DECLINED || (rc == NGX_OK && secret.len == 0)) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "the secret of \"convrelay_store_secret\" %s",
                       (rc == NGX_OK)
                       ? "is empty: set it, or write \"off\""
                       : "can have no other variables than "
                         "\"$convrelay_env_NAME\"");
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    str = ngx_http_convrelay_str(&secret);

    if (!v->warned
        && (secret.len < NGX_HTTP_CONVRELAY_AWAY_SECRET
            || convrelay_secret_is_placeholder(&str)))
    {
        v->warned = 1;

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &v->place,
                       "the secret of \"convrelay_store_secret\" can be "
                       "guessed: write at least %d random characters",
                       NGX_HTTP_CONVRELAY_AWAY_SECRET);
    }

    convrelay_seal_key(&away->keys[away->nkeys++], &str);

#endif

    return NGX_OK;
}


static ngx_http_convrelay_aways_t *
ngx_http_convrelay_aways_create(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_convrelay_aways_t  *all;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    all = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_aways_t));
    if (all == NULL) {
        return NULL;
    }

    if (ngx_array_init(&all->list, cf->pool, 4,
                       sizeof(ngx_http_convrelay_away_t *))
        != NGX_OK
        || ngx_array_init(&all->stores, cf->pool, 4,
                          sizeof(ngx_http_convrelay_away_store_t *))
           != NGX_OK)
    {
        return NULL;
    }

    cln->handler = ngx_http_convrelay_away_cleanup;
    cln->data = all;

    all->mcf = mcf;

    ngx_rbtree_init(&all->tree, &all->sentinel, ngx_rbtree_insert_value);
    ngx_queue_init(&all->sent);

    all->writes.max = NGX_HTTP_CONVRELAY_AWAY_WRITES;

    all->event.handler = ngx_http_convrelay_away_handler;
    all->event.data = all;
    all->event.log = &cf->cycle->new_log;

    return all;
}


static ngx_http_convrelay_away_t *
ngx_http_convrelay_away_create(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_core_srv_conf_t        *cscf;
    ngx_http_convrelay_away_t       *away;
    ngx_http_convrelay_main_conf_t  *mcf;

    away = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_away_t));
    if (away == NULL) {
        return NULL;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    away->ctx = cscf->ctx;
    away->conf = conf;
    away->all = mcf->aways;

    return away;
}


ngx_int_t
ngx_http_convrelay_away_init(ngx_conf_t *cf)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_away_t      **away;
    ngx_http_convrelay_aways_t      *all;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    all = mcf->aways;

    if (all == NULL) {
        return NGX_OK;
    }

    away = all->list.elts;

    for (i = 0; i < all->list.nelts; i++) {
        away[i]->store = ngx_http_convrelay_away_store(cf, away[i]);

        if (away[i]->store == NULL) {
            return NGX_ERROR;
        }
    }

    all->zone = ngx_shared_memory_add(cf, &ngx_http_convrelay_away_name,
                           ngx_align(sizeof(ngx_http_convrelay_away_shared_t),
                                     ngx_pagesize)
                           + NGX_HTTP_CONVRELAY_AWAY_PROCESSES
                             * ngx_align(NGX_HTTP_CONVRELAY_AWAY_COUNTERS,
                                         ngx_pagesize)
                           + 8 * ngx_pagesize,
                                      &ngx_http_convrelay_away_name);
    if (all->zone == NULL) {
        return NGX_ERROR;
    }

    all->zone->init = ngx_http_convrelay_away_zone_init;
    all->zone->data = all;

    return NGX_OK;
}


/* that of another location, or a new one */

static ngx_http_convrelay_away_store_t *
ngx_http_convrelay_away_store(ngx_conf_t *cf, ngx_http_convrelay_away_t *away)
{
    uint64_t                           id;
    ngx_uint_t                         i;
    ngx_http_convrelay_away_store_t   *store, **element;

    id = ngx_http_convrelay_away_id(away);
    element = away->all->stores.elts;

    for (i = 0; i < away->all->stores.nelts; i++) {

        if (element[i]->id == id) {

            if (!element[i]->first->conf->enable) {
                element[i]->first = away;
            }

            return element[i];
        }
    }

    if (away->all->stores.nelts == NGX_HTTP_CONVRELAY_AWAY_STORES) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                       &away->conf->store.place,
                       "\"convrelay_store %V\" is one of more than %d, which "
                       "differ in their server or their URI: write one server "
                       "with several names",
                       &away->conf->store.uri, NGX_HTTP_CONVRELAY_AWAY_STORES);
        return NULL;
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_away_store_t));
    if (store == NULL) {
        return NULL;
    }

    store->id = id;
    store->pending = &store->uncounted;
    store->first = away;
    store->all = away->all;

    store->timer.handler = ngx_http_convrelay_away_timer_handler;
    store->timer.data = store;
    store->timer.log = &cf->cycle->new_log;

    store->probe.handler = ngx_http_convrelay_away_probe_handler;
    store->probe.data = store;
    store->probe.log = &cf->cycle->new_log;
    store->probe.cancelable = 1;

    ngx_queue_init(&store->asked);
    ngx_queue_init(&store->idle);
    ngx_queue_init(&store->changed);
    ngx_queue_init(&store->again);

    element = ngx_array_push(&away->all->stores);
    if (element == NULL) {
        return NULL;
    }

    *element = store;

    return store;
}


/* the size never changes, so a reload keeps it */

static ngx_int_t
ngx_http_convrelay_away_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_uint_t                         i;
    ngx_slab_pool_t                   *shpool;
    ngx_http_convrelay_aways_t        *all;
    ngx_http_convrelay_away_store_t  **store;
    ngx_http_convrelay_away_shared_t  *shared;

    all = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {

        shpool->data = ngx_slab_calloc(shpool,
                                     sizeof(ngx_http_convrelay_away_shared_t));
        if (shpool->data == NULL) {
            return NGX_ERROR;
        }

        shared = shpool->data;

        if (ngx_http_convrelay_random((u_char *) &shared->machine,
                                      sizeof(uint64_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    shared = shpool->data;
    all->shared = shared;

    store = all->stores.elts;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < all->stores.nelts; i++) {
        store[i]->outage = convrelay_outage_slot(shared->outages,
                                                 store[i]->id,
                                                 ngx_current_msec + 1);
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return NGX_OK;
}


/* the same server and URI are the same store */

static uint64_t
ngx_http_convrelay_away_id(ngx_http_convrelay_away_t *away)
{
    u_char                     digest[CONVRELAY_SHA256_LEN];
    uint64_t                   id;
    ngx_str_t                 *uri;
    convrelay_sha256_t         h;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = away->ctx->srv_conf[ngx_http_core_module.ctx_index];
    uri = &away->conf->store.uri;

    convrelay_sha256_init(&h);

    if (cscf->server_name.len) {
        convrelay_sha256_update(&h, cscf->server_name.data,
                                cscf->server_name.len);
    }

    convrelay_sha256_update(&h, "", 1);
    convrelay_sha256_update(&h, uri->data, uri->len);
    convrelay_sha256_final(&h, digest);

    ngx_memcpy(&id, digest, sizeof(uint64_t));

    return id ? id : 1;
}
