
/*
 * Copyright (C) convrelay contributors
 *
 * Calls that are alive, across all workers: how many there are of a key, and
 * that there is only one of a CallSid.
 *
 * A call that is dialed again takes the place of its old socket, which may
 * live in another worker.  That one is not woken for it: each worker that has
 * calls looks once a second whether any of them was replaced.
 */


#include "ngx_http_convrelay_seat.h"


#define NGX_HTTP_CONVRELAY_KEY_LEN     255      /* bytes of a key, at most */
#define NGX_HTTP_CONVRELAY_WATCH_TIME  1000     /* ms */
#define NGX_HTTP_CONVRELAY_CLAIM_POOL  1024


static ngx_int_t ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_convrelay_watch_handler(ngx_event_t *ev);
static void ngx_http_convrelay_zone_sweep(ngx_http_convrelay_zone_t *zone);

static ngx_int_t ngx_http_convrelay_zone_claim(
    ngx_http_convrelay_call_t *call, ngx_shm_zone_t *shm_zone,
    convrelay_str_t *over, ngx_pool_t *pool);
static ngx_int_t ngx_http_convrelay_claims(ngx_http_convrelay_call_t *call,
    ngx_array_t *claims);
static ngx_int_t ngx_http_convrelay_claim_push(
    ngx_http_convrelay_call_t *call, ngx_array_t *claims,
    ngx_http_convrelay_limit_t *limit, ngx_str_t *value);
static void ngx_http_convrelay_refused(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_claim_t *claim);
static void ngx_http_convrelay_mask(ngx_str_t *value, u_char *buf,
    convrelay_str_t *masked);


char *
ngx_http_convrelay_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (mcf->zone) {
        return "is duplicate";
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone size \"%V\" has to be a size of at least %uz, "
                           "such as \"1m\" for some 2000 calls",
                           &value[2], 8 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    mcf->zone = ngx_shared_memory_add(cf, &value[1], size,
                                      &ngx_http_convrelay_module);
    if (mcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->zone->init = ngx_http_convrelay_zone_init;

    mcf->zone->data = ngx_pcalloc(cf->pool,
                                  sizeof(ngx_http_convrelay_zone_t));
    if (mcf->zone->data == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_limit_calls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_int_t                    max;
    ngx_str_t                   *value;
    ngx_http_convrelay_limit_t  *limit;

    value = cf->args->elts;

    max = ngx_atoi(value[2].data, value[2].len);

    if (max == NGX_ERROR || max == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "number of calls \"%V\" has to be at least 1",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    if (clcf->limits == NGX_CONF_UNSET_PTR) {

        clcf->limits = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_http_convrelay_limit_t));
        if (clcf->limits == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    limit = ngx_array_push(clcf->limits);
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    limit->max = max;

    return ngx_http_convrelay_value_compile(cf, &value[1], &limit->key, 0);
}


char *
ngx_http_convrelay_zone_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_convrelay_limit_t      *limit;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (conf->enable && conf->limits && mcf->zone == NULL) {
        limit = conf->limits->elts;

        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &limit->key.place,
                           "\"convrelay_limit_calls\" counts in shared memory: "
                           "add \"convrelay_zone NAME SIZE\" to http");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_convrelay_zone_t *old = data;

    ngx_http_convrelay_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {
        zone->seats = old->seats;
        zone->shpool = old->shpool;
        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->seats = zone->shpool->data;
        return NGX_OK;
    }

    if (ngx_http_convrelay_seats_create(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    zone->shpool->data = zone->seats;
    zone->shpool->log_nomem = 0;

    return NGX_OK;
}


/* whom a new worker replaces may have left seats behind */

ngx_int_t
ngx_http_convrelay_zone_init_process(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_zone_t       *zone;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->zone == NULL) {
        return NGX_OK;
    }

    zone = mcf->zone->data;

    zone->watch.handler = ngx_http_convrelay_watch_handler;
    zone->watch.data = zone;
    zone->watch.log = cycle->log;
    zone->watch.cancelable = 1;

    ngx_http_convrelay_seats_reap(zone);

    return NGX_OK;
}


static void
ngx_http_convrelay_watch_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = ev->data;

    ngx_http_convrelay_zone_sweep(zone);

    ngx_add_timer(ev, NGX_HTTP_CONVRELAY_WATCH_TIME);
}


static void
ngx_http_convrelay_zone_sweep(ngx_http_convrelay_zone_t *zone)
{
    convrelay_str_t             reason = convrelay_string("replaced");
    ngx_http_convrelay_call_t  *call;

    for ( ;; ) {
        call = ngx_http_convrelay_seat_replaced(zone);

        if (call == NULL) {
            return;
        }

        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "call was dialed again: closing its old socket");

        ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                      &reason);
    }
}


ngx_int_t
ngx_http_convrelay_zone_setup(ngx_http_convrelay_call_t *call,
    convrelay_str_t *over)
{
    ngx_int_t                        rc;
    ngx_pool_t                      *pool;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(call->request,
                                        ngx_http_convrelay_module);

    if (mcf->zone == NULL) {
        return NGX_OK;
    }

    pool = ngx_create_pool(NGX_HTTP_CONVRELAY_CLAIM_POOL,
                           call->connection->log);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_zone_claim(call, mcf->zone, over, pool);

    ngx_destroy_pool(pool);

    return rc;
}


static ngx_int_t
ngx_http_convrelay_zone_claim(ngx_http_convrelay_call_t *call,
    ngx_shm_zone_t *shm_zone, convrelay_str_t *over, ngx_pool_t *pool)
{
    ngx_int_t                    rc;
    ngx_str_t                    session;
    ngx_array_t                  claims;
    ngx_http_convrelay_zone_t   *zone;
    ngx_http_convrelay_claim_t  *full;

    zone = shm_zone->data;

    if (ngx_array_init(&claims, pool, 4, sizeof(ngx_http_convrelay_claim_t))
        != NGX_OK
        || ngx_http_convrelay_claims(call, &claims) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (claims.nelts == 0) {
        return NGX_OK;
    }

    session.len = over->len;
    session.data = over->data;

    rc = ngx_http_convrelay_seat_take(zone, call, &claims, &session, &full);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                      "convrelay_zone \"%V\" is full, its size is %uz: call "
                      "refused", &shm_zone->shm.name, shm_zone->shm.size);
        return NGX_DECLINED;
    }

    if (rc == NGX_BUSY) {
        ngx_http_convrelay_refused(call, full);
        return NGX_DECLINED;
    }

    if (zone->taken++ == 0) {
        ngx_add_timer(&zone->watch, NGX_HTTP_CONVRELAY_WATCH_TIME);
    }

    if (rc == NGX_DONE) {

        /* it can be a call of this worker */

        ngx_http_convrelay_zone_sweep(zone);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_claims(ngx_http_convrelay_call_t *call,
    ngx_array_t *claims)
{
    ngx_str_t                    value;
    ngx_uint_t                   i;
    ngx_http_convrelay_limit_t  *limit;

    value.len = call->session->setup.call_sid.len;
    value.data = call->session->setup.call_sid.data;

    if (ngx_http_convrelay_claim_push(call, claims, NULL, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (call->conf->limits == NULL) {
        return NGX_OK;
    }

    limit = call->conf->limits->elts;

    for (i = 0; i < call->conf->limits->nelts; i++) {

        if (ngx_http_complex_value(call->request, limit[i].key.value, &value)
            != NGX_OK
            || ngx_http_convrelay_claim_push(call, claims, &limit[i], &value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * An empty key is not counted, as with limit_conn.  A number that calls and
 * the same number that is called are different keys: they are told apart by
 * how the key was written.
 */

static ngx_int_t
ngx_http_convrelay_claim_push(ngx_http_convrelay_call_t *call,
    ngx_array_t *claims, ngx_http_convrelay_limit_t *limit, ngx_str_t *value)
{
    u_char                      *p;
    uint32_t                     hash;
    ngx_http_convrelay_claim_t  *claim;

    if (value->len == 0) {
        return NGX_OK;
    }

    if (value->len > NGX_HTTP_CONVRELAY_KEY_LEN) {
        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "client sent setup with a value of %uz bytes that has to "
                      "be counted, limit is %d: call refused",
                      value->len, NGX_HTTP_CONVRELAY_KEY_LEN);
        return NGX_ERROR;
    }

    claim = ngx_array_push(claims);
    if (claim == NULL) {
        return NGX_ERROR;
    }

    claim->value = *value;
    claim->limit = limit;
    claim->max = limit ? limit->max : 1;

    claim->name.len = sizeof(hash) + value->len;
    claim->name.data = ngx_pnalloc(claims->pool, claim->name.len);
    if (claim->name.data == NULL) {
        return NGX_ERROR;
    }

    hash = limit ? ngx_crc32_short(limit->key.source.data,
                                   limit->key.source.len)
                 : 0;

    p = ngx_cpymem(claim->name.data, &hash, sizeof(hash));
    ngx_memcpy(p, value->data, value->len);

    return NGX_OK;
}


static void
ngx_http_convrelay_refused(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_claim_t *claim)
{
    char             text[65];
    u_char           buf[16];
    convrelay_str_t  shown;

    shown.len = claim->value.len;
    shown.data = claim->value.data;

    if (claim->limit && !call->conf->log_numbers) {
        ngx_http_convrelay_mask(&claim->value, buf, &shown);
    }

    /* it came from outside: one line, and printable */

    convrelay_redact(text, sizeof(text), shown.data, shown.len);

    if (claim->limit == NULL) {
        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "call \"%s\" has a live socket already: second one "
                      "refused", text);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                  "too many calls of \"%s\" (%V): limit is %ui, call refused",
                  text, &claim->limit->key.source, claim->max);
}


/* a value that may be a phone number: its ends at most */

static void
ngx_http_convrelay_mask(ngx_str_t *value, u_char *buf,
    convrelay_str_t *masked)
{
    masked->data = buf;

    if (value->len < 8) {
        masked->len = ngx_sprintf(buf, "***") - buf;
        return;
    }

    masked->len = ngx_sprintf(buf, "%*s***%*s", (size_t) 3, value->data,
                              (size_t) 2, value->data + value->len - 2)
                  - buf;
}


void
ngx_http_convrelay_zone_leave(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_zone_t       *zone;
    ngx_http_convrelay_main_conf_t  *mcf;

    if (call->seat == NULL) {
        return;
    }

    mcf = ngx_http_get_module_main_conf(call->request,
                                        ngx_http_convrelay_module);
    zone = mcf->zone->data;

    ngx_http_convrelay_seat_leave(zone, call);

    if (--zone->taken == 0) {
        ngx_del_timer(&zone->watch);
    }
}
