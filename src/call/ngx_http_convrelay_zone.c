
/*
 * Copyright (C) convrelay contributors
 *
 * The live calls of all workers, in the shared memory of convrelay_zone.
 *
 * Calls that a dead worker left behind are found by its pid: single calls when
 * they are in the way, all of them by the worker that replaces it.  While a
 * worker lives, only that worker frees its nodes.
 *
 * A session that is reconnected replaces its old socket, which may live in
 * another worker.  That worker is not woken: each worker that has calls checks
 * once a second whether one of them was replaced.
 */


#include "ngx_http_convrelay_zone.h"
#include "ngx_http_convrelay_shared.h"


#define NGX_HTTP_CONVRELAY_WATCH_TIME  1000     /* ms */
#define NGX_HTTP_CONVRELAY_REAP_TIME   1000     /* ms between two */


static ngx_int_t ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void *ngx_http_convrelay_zone_create(void *mem, size_t size);
static void *ngx_http_convrelay_zone_open(void *mem, size_t size);

static ngx_int_t ngx_http_convrelay_zone_reap(
    ngx_http_convrelay_zone_t *zone);
static void ngx_http_convrelay_zone_watch_handler(ngx_event_t *ev);
static void ngx_http_convrelay_zone_close_replaced(
    ngx_http_convrelay_zone_t *zone);

static convrelay_shm_t *ngx_http_convrelay_zone_lock(
    ngx_http_convrelay_zone_t *zone);
static void ngx_http_convrelay_zone_unlock(ngx_http_convrelay_zone_t *zone);


char *
ngx_http_convrelay_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    if (mcf->zone) {
        return "is duplicate";
    }

    mcf->zone = ngx_http_convrelay_shared_add(cf, &ngx_http_convrelay_module,
                                              "\"1m\" for about 3700 calls");
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


static ngx_int_t
ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = shm_zone->data;

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    zone->shm = ngx_http_convrelay_shared_init(shm_zone, data,
                                           "convrelay_zone",
                                           ngx_http_convrelay_zone_create,
                                           ngx_http_convrelay_zone_open);

    return zone->shm ? NGX_OK : NGX_ERROR;
}


static void *
ngx_http_convrelay_zone_create(void *mem, size_t size)
{
    return convrelay_shm_create(mem, size);
}


static void *
ngx_http_convrelay_zone_open(void *mem, size_t size)
{
    return convrelay_shm_open(mem, size);
}


/* a reload may end the zone of calls that are in progress */

void
ngx_http_convrelay_zone_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t        calls;
    ngx_shm_zone_t   *old, *new;
    convrelay_shm_t  *shm;

    old = ngx_http_convrelay_shared_find(cycle->old_cycle,
                                         &ngx_http_convrelay_module);
    new = ngx_http_convrelay_shared_find(cycle, &ngx_http_convrelay_module);

    if (old == NULL || (new && new->shm.addr == old->shm.addr)) {
        return;
    }

    shm = ngx_http_convrelay_shared_open(old, ngx_http_convrelay_zone_open);
    if (shm == NULL) {
        return;
    }

    calls = convrelay_shm_live(shm, ngx_http_convrelay_shared_alive);

    if (calls) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "convrelay_zone \"%V\" of %uz bytes %s with %ui live "
                      "calls: they are no longer counted, and a second socket "
                      "can be opened for each of them",
                      &old->shm.name, old->shm.size,
                      new ? "was replaced by an empty one" : "was removed",
                      calls);
    }

    ngx_http_convrelay_shared_replaced(cycle, old);
}


/* the worker that this one replaces may have crashed and left calls behind */

ngx_int_t
ngx_http_convrelay_zone_init_process(ngx_cycle_t *cycle,
    ngx_http_convrelay_replaced_pt replaced)
{
    convrelay_shm_t                 *shm;
    ngx_http_convrelay_zone_t       *zone;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->zone == NULL) {
        return NGX_OK;
    }

    zone = mcf->zone->data;

    zone->replaced = replaced;

    zone->watch.handler = ngx_http_convrelay_zone_watch_handler;
    zone->watch.data = zone;
    zone->watch.log = cycle->log;
    zone->watch.cancelable = 1;

    /* without a master process, the calls of before a reload go on */

    if (cycle != ngx_cycle) {
        return NGX_OK;
    }

    shm = ngx_http_convrelay_zone_lock(zone);

    /* this process has no calls yet: those with its pid belonged to another
       one */

    (void) convrelay_shm_reap(shm, ngx_http_convrelay_shared_alive_other);

    ngx_http_convrelay_zone_unlock(zone);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_zone_add(ngx_http_convrelay_call_t *call,
    const convrelay_shm_entry_t *entry, int *full)
{
    ngx_int_t                   rc;
    convrelay_shm_t            *shm;
    ngx_http_convrelay_zone_t  *zone;

    zone = call->main->zone->data;

    shm = ngx_http_convrelay_zone_lock(zone);

    rc = convrelay_shm_add(shm, entry, ngx_http_convrelay_shared_alive,
                           &call->node, full);

    /* calls of dead workers must neither count towards a limit nor fill the
       zone */

    if ((rc == NGX_ERROR || (rc == NGX_DECLINED && *full >= 0))
        && ngx_http_convrelay_zone_reap(zone) == NGX_OK)
    {
        rc = convrelay_shm_add(shm, entry, ngx_http_convrelay_shared_alive,
                               &call->node, full);
    }

    ngx_http_convrelay_zone_unlock(zone);

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    if (zone->calls++ == 0) {
        ngx_add_timer(&zone->watch, NGX_HTTP_CONVRELAY_WATCH_TIME);
    }

    if (rc == NGX_DONE) {

        /* the replaced call may belong to this worker */

        ngx_http_convrelay_zone_close_replaced(zone);
    }

    return NGX_OK;
}


/*
 * NGX_OK if some calls belonged to dead workers.  This visits each call and
 * makes system calls for each worker, so a limit that refuses repeatedly does
 * not do it each time.
 */

static ngx_int_t
ngx_http_convrelay_zone_reap(ngx_http_convrelay_zone_t *zone)
{
    if (zone->reaped
        && ngx_current_msec - zone->reaped < NGX_HTTP_CONVRELAY_REAP_TIME)
    {
        return NGX_DECLINED;
    }

    zone->reaped = ngx_current_msec;

    return convrelay_shm_reap(zone->shm, ngx_http_convrelay_shared_alive)
           ? NGX_OK : NGX_DECLINED;
}


void
ngx_http_convrelay_zone_leave(ngx_http_convrelay_call_t *call)
{
    convrelay_shm_t            *shm;
    ngx_http_convrelay_zone_t  *zone;

    if (call->node == 0) {
        return;
    }

    zone = call->main->zone->data;

    shm = ngx_http_convrelay_zone_lock(zone);

    convrelay_shm_remove(shm, call->node);

    ngx_http_convrelay_zone_unlock(zone);

    call->node = 0;

    if (--zone->calls == 0) {
        ngx_del_timer(&zone->watch);
    }
}


void
ngx_http_convrelay_zone_session(ngx_http_convrelay_call_t *call,
    convrelay_str_t *session_id)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = call->main->zone->data;

    ngx_http_convrelay_shared_lock(zone->shpool);

    convrelay_shm_session(zone->shm, call->node,
                          ngx_crc32_long(session_id->data, session_id->len));

    ngx_http_convrelay_shared_unlock(zone->shpool);
}


void
ngx_http_convrelay_zone_mark(ngx_http_convrelay_call_t *call, uint32_t mark,
    uint32_t until)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = call->main->zone->data;

    convrelay_shm_mark(zone->shm, call->node, mark, until);
}


ngx_uint_t
ngx_http_convrelay_zone_calls(ngx_http_convrelay_main_conf_t *mcf,
    convrelay_shm_marked_pt marked, void *data)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = mcf->zone->data;

    return convrelay_shm_marks(zone->shm, ngx_http_convrelay_shared_alive,
                               marked, data);
}


void
ngx_http_convrelay_zone_bytes(ngx_http_convrelay_main_conf_t *mcf,
    uint64_t *size, uint64_t *used)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = mcf->zone->data;

    *size = convrelay_shm_size(zone->shm);
    *used = convrelay_shm_used(zone->shm);
}


static void
ngx_http_convrelay_zone_watch_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_zone_t  *zone;

    zone = ev->data;

    ngx_http_convrelay_zone_close_replaced(zone);

    ngx_add_timer(ev, NGX_HTTP_CONVRELAY_WATCH_TIME);
}


static void
ngx_http_convrelay_zone_close_replaced(ngx_http_convrelay_zone_t *zone)
{
    convrelay_shm_t            *shm;
    ngx_http_convrelay_call_t  *call;

    if (!convrelay_shm_has_replaced(zone->shm, zone->seen)) {
        return;
    }

    for ( ;; ) {
        shm = ngx_http_convrelay_zone_lock(zone);

        call = convrelay_shm_replaced(shm,
                             ngx_http_convrelay_shared_process(&zone->process),
                             &zone->seen);

        ngx_http_convrelay_zone_unlock(zone);

        if (call == NULL) {
            return;
        }

        zone->replaced(call);
    }
}


/* the memory, for what may be done only with the lock */

static convrelay_shm_t *
ngx_http_convrelay_zone_lock(ngx_http_convrelay_zone_t *zone)
{
    ngx_http_convrelay_shared_lock(zone->shpool);

    if (convrelay_shm_repair(zone->shm) == NGX_DONE) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "a process was killed while changing the convrelay_zone: "
                      "repaired");
    }

    return zone->shm;
}


static void
ngx_http_convrelay_zone_unlock(ngx_http_convrelay_zone_t *zone)
{
    ngx_http_convrelay_shared_unlock(zone->shpool);
}
