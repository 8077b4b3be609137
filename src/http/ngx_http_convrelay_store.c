
/*
 * Copyright (C) convrelay contributors
 *
 * The records of calls in shared memory: convrelay_store_zone, and who may
 * write which.
 */


#include "ngx_http_convrelay_store.h"
#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_shared.h"


#define NGX_HTTP_CONVRELAY_STORE_TICK  1000     /* ms */
#define NGX_HTTP_CONVRELAY_STORE_EXPIRE 64      /* records, with one lock */
#define NGX_HTTP_CONVRELAY_STORE_SWEEPS 8       /* in a tick, one lock each */
#define NGX_HTTP_CONVRELAY_STORE_WARN  60000    /* ms between two warnings */
#define NGX_HTTP_CONVRELAY_STORE_READS 8        /* tries */


typedef struct {
    convrelay_store_t            *store;
    ngx_slab_pool_t              *shpool;     /* its mutex is the lock */
    ngx_str_t                     name;
    ngx_event_t                   tick;       /* timer: expired records */
    uint32_t                      cursor;     /* of its sweep */
    ngx_msec_t                    warned;     /* that it is full, or 0 */
} ngx_http_convrelay_store_t;


static ngx_int_t ngx_http_convrelay_store_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void *ngx_http_convrelay_store_create(void *mem, size_t size);
static void *ngx_http_convrelay_store_open(void *mem, size_t size);
static void ngx_http_convrelay_store_single(ngx_shm_zone_t *old,
    ngx_shm_zone_t *new, ngx_cycle_t *cycle);
static void ngx_http_convrelay_store_start(ngx_http_convrelay_store_t *st,
    ngx_cycle_t *cycle);
static void ngx_http_convrelay_store_tick_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_convrelay_store_sweep(
    ngx_http_convrelay_store_t *st);

static convrelay_store_t *ngx_http_convrelay_store_lock(
    ngx_http_convrelay_store_t *st);
static void ngx_http_convrelay_store_unlock(ngx_http_convrelay_store_t *st);
static ngx_uint_t ngx_http_convrelay_record_mine(convrelay_store_t *store,
    ngx_http_convrelay_record_t *record);
static ngx_int_t ngx_http_convrelay_record_reserve(
    ngx_http_convrelay_store_t *st, ngx_http_convrelay_record_t *record,
    size_t len, uint32_t *draft);
static void ngx_http_convrelay_store_full(ngx_http_convrelay_store_t *st);
static uint64_t ngx_http_convrelay_record_serial(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_record_t *record);


/* its address is the tag of the zone */

static ngx_str_t  ngx_http_convrelay_store_tag =
    ngx_string("convrelay_store_zone");


char *
ngx_http_convrelay_store_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ngx_str_t                   *value;
    ngx_http_convrelay_store_t  *st;

    value = cf->args->elts;

    if (mcf->store) {
        return "is duplicate";
    }

    mcf->store = ngx_http_convrelay_shared_add(cf,
                       &ngx_http_convrelay_store_tag,
                       "\"64m\" for about 7000 calls of 8 kilobytes each");
    if (mcf->store == NULL) {
        return NGX_CONF_ERROR;
    }

    st = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_store_t));
    if (st == NULL) {
        return NGX_CONF_ERROR;
    }

    st->name = value[1];

    mcf->store->init = ngx_http_convrelay_store_init;
    mcf->store->data = st;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_store_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_convrelay_store_t  *st;

    st = shm_zone->data;

    st->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    st->store = ngx_http_convrelay_shared_init(shm_zone, data,
                                           "convrelay_store_zone",
                                           ngx_http_convrelay_store_create,
                                           ngx_http_convrelay_store_open);

    return st->store ? NGX_OK : NGX_ERROR;
}


static void *
ngx_http_convrelay_store_create(void *mem, size_t size)
{
    return convrelay_store_create(mem, size);
}


static void *
ngx_http_convrelay_store_open(void *mem, size_t size)
{
    return convrelay_store_open(mem, size);
}


/* a reload may end the zone of calls that are in progress */

void
ngx_http_convrelay_store_init_module(ngx_cycle_t *cycle)
{
    ngx_shm_zone_t          *old, *new;
    convrelay_store_t       *store;
    convrelay_store_stat_t   stat;

    old = ngx_http_convrelay_shared_find(cycle->old_cycle,
                                         &ngx_http_convrelay_store_tag);
    new = ngx_http_convrelay_shared_find(cycle, &ngx_http_convrelay_store_tag);

    if (old && ngx_process == NGX_PROCESS_SINGLE) {
        ngx_http_convrelay_store_single(old, new, cycle);
    }

    if (old == NULL || (new && new->shm.addr == old->shm.addr)) {
        return;
    }

    store = ngx_http_convrelay_shared_open(old, ngx_http_convrelay_store_open);
    if (store == NULL) {
        return;
    }

    convrelay_store_stat(store, &stat);

    if (stat.records) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "convrelay_store_zone \"%V\" of %uz bytes %s with %uD "
                      "records: none of their calls can be resumed if its "
                      "socket is lost from now on",
                      &old->shm.name, old->shm.size,
                      new ? "was replaced by an empty one" : "was removed",
                      stat.records);
    }

    ngx_http_convrelay_shared_replaced(cycle, old);
}


/* without a master process, the old memory will be gone when its timer fires,
   and no process begins */

static void
ngx_http_convrelay_store_single(ngx_shm_zone_t *old, ngx_shm_zone_t *new,
    ngx_cycle_t *cycle)
{
    ngx_http_convrelay_store_t  *st;

    st = old->data;

    if (!st->tick.timer_set) {
        return;
    }

    ngx_del_timer(&st->tick);

    if (new) {
        ngx_http_convrelay_store_start(new->data, cycle);
    }
}


ngx_int_t
ngx_http_convrelay_store_init_process(ngx_cycle_t *cycle)
{
    convrelay_store_t               *store;
    ngx_http_convrelay_store_t      *st;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->store == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    st = mcf->store->data;

    ngx_http_convrelay_store_start(st, cycle);

    store = ngx_http_convrelay_store_lock(st);

    /* this process has no drafts yet: those with its pid belonged to another
       one */

    (void) convrelay_store_reap(store, ngx_http_convrelay_shared_alive_other);

    ngx_http_convrelay_store_unlock(st);

    return NGX_OK;
}


static void
ngx_http_convrelay_store_start(ngx_http_convrelay_store_t *st,
    ngx_cycle_t *cycle)
{
    st->tick.handler = ngx_http_convrelay_store_tick_handler;
    st->tick.data = st;
    st->tick.log = cycle->log;
    st->tick.cancelable = 1;

    ngx_add_timer(&st->tick, NGX_HTTP_CONVRELAY_STORE_TICK);
}


/* what people said is not kept for longer than is configured */

static void
ngx_http_convrelay_store_tick_handler(ngx_event_t *ev)
{
    ngx_uint_t                   n;
    convrelay_store_t           *store;
    convrelay_store_key_t        key;
    ngx_http_convrelay_store_t  *st;

    st = ev->data;
    n = 0;

    store = ngx_http_convrelay_store_lock(st);

    /* their text is overwritten: many at once would hold the lock for long */

    while (n < NGX_HTTP_CONVRELAY_STORE_EXPIRE
           && convrelay_store_expire(store, ngx_current_msec, &key)
              == CONVRELAY_OK)
    {
        n++;
    }

    ngx_http_convrelay_store_unlock(st);

    if (n == NGX_HTTP_CONVRELAY_STORE_EXPIRE
        || ngx_http_convrelay_store_sweep(st) == NGX_AGAIN)
    {
        ngx_add_timer(ev, 1);
        return;
    }

    ngx_add_timer(ev, NGX_HTTP_CONVRELAY_STORE_TICK);
}


/*
 * Locations can have different times, so that an expired record can have been
 * written after one that lives: the records are looked at one after the other,
 * some of them in each tick.  NGX_OK, or NGX_AGAIN: many have expired.
 */

static ngx_int_t
ngx_http_convrelay_store_sweep(ngx_http_convrelay_store_t *st)
{
    int                     rc;
    ngx_uint_t              i, n;
    convrelay_store_t      *store;
    convrelay_store_key_t   key;

    for (i = 0; i < NGX_HTTP_CONVRELAY_STORE_SWEEPS; i++) {

        store = ngx_http_convrelay_store_lock(st);

        for (n = 0; n < NGX_HTTP_CONVRELAY_STORE_EXPIRE; n++) {

            rc = convrelay_store_sweep(store, ngx_current_msec, &st->cursor,
                                       &key);

            if (rc != CONVRELAY_OK) {
                break;
            }
        }

        ngx_http_convrelay_store_unlock(st);

        if (rc == CONVRELAY_DECLINED) {
            return NGX_OK;
        }
    }

    return (rc == CONVRELAY_OK) ? NGX_AGAIN : NGX_OK;
}


ngx_int_t
ngx_http_convrelay_record_write(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, const convrelay_str_t *text,
    ngx_msec_t ttl)
{
    size_t                       len;
    u_char                      *p;
    uint32_t                     draft;
    ngx_int_t                    rc;
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;

    record->head.pid = ngx_http_convrelay_shared_process(&mcf->process);

    if (record->careful) {

        /* newer than what it was, but not than what another machine has
           written since */

        record->head.saved++;

    } else if (!record->foreign) {

        /* newer than what was read, also where that machine's clock is ahead */

        record->head.saved = ngx_max(ngx_http_convrelay_away_now(),
                                     record->head.saved + 1);
    }

    p = text->data - NGX_HTTP_CONVRELAY_RECORD_HEAD;
    len = text->len + NGX_HTTP_CONVRELAY_RECORD_HEAD;

    ngx_memcpy(p, &record->head, NGX_HTTP_CONVRELAY_RECORD_HEAD);

    rc = ngx_http_convrelay_record_reserve(st, record, len, &draft);

    if (rc != NGX_OK) {
        return rc;
    }

    convrelay_store_fill(st->store, draft, p);

    store = ngx_http_convrelay_store_lock(st);

    /* another worker may have written it meanwhile */

    rc = convrelay_store_commit_mine(store, draft, &record->key,
                                     record->serial, record->expires,
                                     ngx_current_msec, ngx_current_msec + ttl);

    if (rc == CONVRELAY_OK) {
        record->serial = convrelay_store_serial(store, &record->key,
                                                ngx_current_msec);
        record->expires = ngx_current_msec + ttl;
        record->claimed = 0;
    }

    ngx_http_convrelay_store_unlock(st);

    if (rc == NGX_OK && record->away) {
        ngx_http_convrelay_away_written(mcf, record, ttl);
    }

    return rc;
}


static ngx_int_t
ngx_http_convrelay_record_reserve(ngx_http_convrelay_store_t *st,
    ngx_http_convrelay_record_t *record, size_t len, uint32_t *draft)
{
    int                      rc;
    uint32_t                 evicted;
    ngx_int_t                mine;
    convrelay_store_t       *store;
    convrelay_store_stat_t   before, after;

    store = ngx_http_convrelay_store_lock(st);

    mine = ngx_http_convrelay_record_mine(store, record);
    rc = CONVRELAY_OK;
    evicted = 0;

    if (mine) {
        convrelay_store_stat(store, &before);

        rc = convrelay_store_reserve(store, len, record->head.pid,
                                     ngx_current_msec, draft);

        /* drafts of dead workers must not fill the zone */

        if (rc != CONVRELAY_OK
            && convrelay_store_reap(store, ngx_http_convrelay_shared_alive))
        {
            rc = convrelay_store_reserve(store, len, record->head.pid,
                                         ngx_current_msec, draft);
        }

        convrelay_store_stat(store, &after);
        evicted = after.evicted - before.evicted;
    }

    ngx_http_convrelay_store_unlock(st);

    if (!mine) {
        return NGX_DECLINED;
    }

    if (rc != CONVRELAY_OK || evicted) {
        ngx_http_convrelay_store_full(st);
    }

    return (rc == CONVRELAY_OK) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_convrelay_store_full(ngx_http_convrelay_store_t *st)
{
    if (st->warned
        && ngx_current_msec - st->warned < NGX_HTTP_CONVRELAY_STORE_WARN)
    {
        return;
    }

    st->warned = ngx_current_msec;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "convrelay_store_zone \"%V\" is full: the calls that were "
                  "stored longest ago cannot be resumed, make it larger",
                  &st->name);
}


/* the owner wrote or read it last; the first write of a session replaces
   whatever there is */

static ngx_uint_t
ngx_http_convrelay_record_mine(convrelay_store_t *store,
    ngx_http_convrelay_record_t *record)
{
    return convrelay_store_mine(store, &record->key, record->serial,
                                record->expires, ngx_current_msec);
}


ngx_int_t
ngx_http_convrelay_record_read(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, convrelay_str_t *text)
{
    int                          rc;
    size_t                       len, size;
    u_char                      *p;
    ngx_uint_t                   i;
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;
    p = NULL;
    size = 0;

    /* memory is not allocated while the lock is held */

    for (i = 0; i < NGX_HTTP_CONVRELAY_STORE_READS; i++) {

        store = ngx_http_convrelay_store_lock(st);

        rc = convrelay_store_read(store, &record->key, ngx_current_msec, p,
                                  size, &len);

        record->serial = convrelay_store_serial(store, &record->key,
                                                ngx_current_msec);

        ngx_http_convrelay_store_unlock(st);

        if (rc == CONVRELAY_OK && len >= NGX_HTTP_CONVRELAY_RECORD_HEAD) {
            ngx_memcpy(&record->head, p, NGX_HTTP_CONVRELAY_RECORD_HEAD);

            text->data = p + NGX_HTTP_CONVRELAY_RECORD_HEAD;
            text->len = len - NGX_HTTP_CONVRELAY_RECORD_HEAD;

            return NGX_OK;
        }

        if (p) {
            ngx_free(p);
            p = NULL;
        }

        if (rc != CONVRELAY_AGAIN) {
            break;
        }

        /* it may have grown when it is read again */

        size = len + 2 * CONVRELAY_STORE_PIECE;

        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            return NGX_ERROR;
        }
    }

    if (p) {
        ngx_free(p);
    }

    record->serial = 0;

    return NGX_DECLINED;
}


void
ngx_http_convrelay_record_free(convrelay_str_t *text)
{
    if (text->data) {
        ngx_free(text->data - NGX_HTTP_CONVRELAY_RECORD_HEAD);
    }

    convrelay_str_null(text);
}


ngx_uint_t
ngx_http_convrelay_record_exists(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    return ngx_http_convrelay_record_serial(mcf, record) != 0;
}


ngx_uint_t
ngx_http_convrelay_record_same(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    return ngx_http_convrelay_record_serial(mcf, record) == record->serial;
}


static uint64_t
ngx_http_convrelay_record_serial(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    uint64_t                     serial;
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;

    store = ngx_http_convrelay_store_lock(st);

    serial = convrelay_store_serial(store, &record->key, ngx_current_msec);

    ngx_http_convrelay_store_unlock(st);

    return serial;
}


ngx_int_t
ngx_http_convrelay_record_touch(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, ngx_msec_t ttl)
{
    ngx_int_t                    rc;
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    if (record->serial == 0) {
        return NGX_DECLINED;
    }

    st = mcf->store->data;
    rc = NGX_DECLINED;

    store = ngx_http_convrelay_store_lock(st);

    if (ngx_http_convrelay_record_mine(store, record)) {
        rc = convrelay_store_touch(store, &record->key, ngx_current_msec,
                                   ngx_current_msec + ttl);
    }

    /* where it has expired, the owner writes it again */

    if (rc == NGX_OK) {
        record->serial = convrelay_store_serial(store, &record->key,
                                                ngx_current_msec);
        record->expires = ngx_current_msec + ttl;
    }

    ngx_http_convrelay_store_unlock(st);

    if (rc == NGX_OK && record->away) {
        ngx_http_convrelay_away_written(mcf, record, ttl);
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_record_remove(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    ngx_int_t                    rc;
    ngx_uint_t                   mine;
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;
    rc = NGX_DECLINED;

    store = ngx_http_convrelay_store_lock(st);

    mine = ngx_http_convrelay_record_mine(store, record);

    if (mine) {
        rc = convrelay_store_remove(store, &record->key);
    }

    ngx_http_convrelay_store_unlock(st);

    /* in the location, too, where another machine may have written it */

    if (mine && record->away) {
        ngx_http_convrelay_away_changed(mcf, record->away, &record->key, 0, 1);
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_record_claim(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, uint64_t ticket)
{
    ngx_int_t                          rc;
    convrelay_store_t                 *store;
    ngx_http_convrelay_store_t        *st;
    ngx_http_convrelay_record_head_t   head;

    st = mcf->store->data;
    rc = NGX_DECLINED;

    store = ngx_http_convrelay_store_lock(st);

    if (convrelay_store_head(store, &record->key, ngx_current_msec, &head,
                             NGX_HTTP_CONVRELAY_RECORD_HEAD)
        == CONVRELAY_OK
        && head.ticket == ticket
        && (head.lost || !ngx_http_convrelay_shared_alive(head.pid)))
    {
        head.pid = ngx_http_convrelay_shared_process(&mcf->process);
        head.lost = 0;

        rc = convrelay_store_patch(store, &record->key, ngx_current_msec,
                                   &head, NGX_HTTP_CONVRELAY_RECORD_HEAD);
        record->claimed = 1;
    }

    ngx_http_convrelay_store_unlock(st);

    return rc;
}


void
ngx_http_convrelay_record_release(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    convrelay_store_t                 *store;
    ngx_http_convrelay_store_t        *st;
    ngx_http_convrelay_record_head_t   head;

    st = mcf->store->data;

    store = ngx_http_convrelay_store_lock(st);

    if (convrelay_store_head(store, &record->key, ngx_current_msec, &head,
                             NGX_HTTP_CONVRELAY_RECORD_HEAD)
        == CONVRELAY_OK
        && head.pid
           == (uint32_t) ngx_http_convrelay_shared_process(&mcf->process))
    {
        head.lost = 1;

        (void) convrelay_store_patch(store, &record->key, ngx_current_msec,
                                     &head, NGX_HTTP_CONVRELAY_RECORD_HEAD);
    }

    ngx_http_convrelay_store_unlock(st);

    record->claimed = 0;
}


ngx_uint_t
ngx_http_convrelay_record_lost(ngx_http_convrelay_record_t *record)
{
    return record->claimed || record->head.lost
           || !ngx_http_convrelay_shared_alive(record->head.pid);
}


void
ngx_http_convrelay_record_head(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record)
{
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;

    store = ngx_http_convrelay_store_lock(st);

    if (ngx_http_convrelay_record_mine(store, record)) {
        (void) convrelay_store_head(store, &record->key, ngx_current_msec,
                                    &record->head,
                                    NGX_HTTP_CONVRELAY_RECORD_HEAD);
    }

    ngx_http_convrelay_store_unlock(st);
}


ngx_int_t
ngx_http_convrelay_record_next(ngx_http_convrelay_main_conf_t *mcf,
    uint64_t tag, uint32_t *cursor, ngx_http_convrelay_record_t *record,
    u_char *p, size_t size)
{
    int                          rc;
    u_char                       buf[NGX_HTTP_CONVRELAY_RECORD_HEAD
                                     + NGX_HTTP_CONVRELAY_RECORD_LOOK];
    convrelay_store_t           *store;
    ngx_http_convrelay_store_t  *st;

    st = mcf->store->data;

    ngx_memzero(record, sizeof(ngx_http_convrelay_record_t));

    store = ngx_http_convrelay_store_lock(st);

    rc = convrelay_store_next(store, tag, ngx_current_msec, cursor,
                              &record->key, buf,
                              NGX_HTTP_CONVRELAY_RECORD_HEAD + size);

    ngx_http_convrelay_store_unlock(st);

    if (rc == CONVRELAY_OK) {
        ngx_memcpy(p, buf + NGX_HTTP_CONVRELAY_RECORD_HEAD, size);
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_store_figures(ngx_http_convrelay_main_conf_t *mcf,
    convrelay_store_stat_t *stat)
{
    ngx_http_convrelay_store_t  *st;

    if (mcf->store == NULL) {
        return NGX_DECLINED;
    }

    st = mcf->store->data;

    (void) ngx_http_convrelay_store_lock(st);

    convrelay_store_stat(st->store, stat);

    ngx_http_convrelay_store_unlock(st);

    return NGX_OK;
}


/* the memory, for what may be done only with the lock */

static convrelay_store_t *
ngx_http_convrelay_store_lock(ngx_http_convrelay_store_t *st)
{
    ngx_http_convrelay_shared_lock(st->shpool);

    if (convrelay_store_repair(st->store) == CONVRELAY_DONE) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "a process was killed while changing the "
                      "convrelay_store_zone: repaired");
    }

    return st->store;
}


static void
ngx_http_convrelay_store_unlock(ngx_http_convrelay_store_t *st)
{
    ngx_http_convrelay_shared_unlock(st->shpool);
}
