
/*
 * Copyright (C) convrelay contributors
 *
 * Outages of the location of the store.  nginx would log each request that
 * fails; here an outage is logged when it begins, with what nginx had to say of
 * the request, and when it ends.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_shared.h"


static void ngx_http_convrelay_away_request(ngx_http_convrelay_away_op_t *op,
    convrelay_outage_request_t *r);
static void ngx_http_convrelay_away_ended(
    ngx_http_convrelay_away_store_t *store, uint64_t lasted, uint64_t failed);
static const char *ngx_http_convrelay_away_method(
    ngx_http_convrelay_away_op_t *op);
static void ngx_http_convrelay_away_lock(
    ngx_http_convrelay_away_store_t *store);
static void ngx_http_convrelay_away_unlock(
    ngx_http_convrelay_away_store_t *store);


void
ngx_http_convrelay_away_failed(ngx_http_convrelay_away_op_t *op,
    const char *phrase, ngx_uint_t waited)
{
    int                               rc;
    ngx_str_t                         why, *peer;
    ngx_uint_t                        level;
    ngx_http_request_t               *r;
    ngx_http_convrelay_away_t        *away;
    convrelay_outage_request_t        request;
    ngx_http_convrelay_away_store_t  *store;

    static ngx_str_t  none = ngx_string("none");

    away = op->away;
    store = away->store;

    ngx_http_convrelay_away_request(op, &request);

    ngx_http_convrelay_away_lock(store);

    rc = convrelay_outage_failed(store->outage, &request, ngx_current_msec,
                                 waited);

    ngx_http_convrelay_away_unlock(store);

    if (request.kind == CONVRELAY_OUTAGE_READ
        && convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_READ))
    {
        ngx_http_convrelay_away_probe(away, &op->key);
    }

    r = op->fetch ? op->fetch->request : NULL;
    peer = (r && r->upstream && r->upstream->peer.name)
           ? r->upstream->peer.name : &none;

    ngx_str_null(&why);

    if (op->fetch && op->why) {
        why.data = op->why->text;
        why.len = op->why->len;
    }

    if (rc == CONVRELAY_DONE) {
        ngx_http_convrelay_count(store->first->conf, STORE_OUTAGE_BEGAN);
    }

    level = (rc == CONVRELAY_DONE) ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, ngx_cycle->log, 0,
                  "%s of \"convrelay_store %V\" %s, status: %ui, upstream: %V"
                  "%s%V%s",
                  ngx_http_convrelay_away_method(op),
                  &away->conf->store.uri, phrase,
                  op->fetch ? op->fetch->status : 0, peer,
                  why.len ? ", " : "", &why,
                  (rc == CONVRELAY_DONE)
                  ? ": until it works again, calls go on without it" : "");
}


static void
ngx_http_convrelay_away_request(ngx_http_convrelay_away_op_t *op,
    convrelay_outage_request_t *r)
{
    r->kind = (op->method == NGX_HTTP_GET) ? CONVRELAY_OUTAGE_READ
                                           : CONVRELAY_OUTAGE_WRITE;
    r->record = op->key.word[0];
    r->began = op->began;
}


void
ngx_http_convrelay_away_probe(ngx_http_convrelay_away_t *away,
    const convrelay_store_key_t *key)
{
    uint64_t                          until;
    ngx_http_convrelay_away_store_t  *store;

    store = away->store;

    store->probe_away = away;
    store->probe_key = *key;

    until = store->outage->kinds[CONVRELAY_OUTAGE_READ].until;

    ngx_add_timer(&store->probe, (until > ngx_current_msec)
                                 ? (ngx_msec_t) (until - ngx_current_msec)
                                 : 1);
}


void
ngx_http_convrelay_away_worked(ngx_http_convrelay_away_op_t *op)
{
    int                               rc;
    uint64_t                          lasted, failed;
    ngx_http_convrelay_away_t        *away;
    convrelay_outage_request_t        request;
    ngx_http_convrelay_away_store_t  *store;

    away = op->away;
    store = away->store;

    ngx_http_convrelay_away_request(op, &request);

    ngx_http_convrelay_away_lock(store);

    rc = convrelay_outage_worked(store->outage, &request, ngx_current_msec,
                                 &lasted, &failed);

    ngx_http_convrelay_away_unlock(store);

    if (rc == CONVRELAY_AGAIN) {

        if (request.kind == CONVRELAY_OUTAGE_WRITE) {
            ngx_http_convrelay_away_probe(away, &op->key);

        } else if (store->nchanged) {
            ngx_http_convrelay_away_pause(store, 1);
        }

    } else if (rc == CONVRELAY_DONE) {
        ngx_http_convrelay_away_ended(store, lasted, failed);

    } else if (store->outage->back && !store->probe.timer_set) {
        ngx_add_timer(&store->probe, CONVRELAY_OUTAGE_HOLD);
    }
}


ngx_msec_t
ngx_http_convrelay_away_over(ngx_http_convrelay_away_store_t *store)
{
    int       rc;
    uint64_t  lasted, failed;

    if (!store->outage->back) {
        return 0;
    }

    ngx_http_convrelay_away_lock(store);

    rc = convrelay_outage_over(store->outage, ngx_current_msec, &lasted,
                               &failed);

    ngx_http_convrelay_away_unlock(store);

    if (rc != CONVRELAY_DONE) {
        return CONVRELAY_OUTAGE_HOLD;
    }

    ngx_http_convrelay_away_ended(store, lasted, failed);

    return 0;
}


static void
ngx_http_convrelay_away_ended(ngx_http_convrelay_away_store_t *store,
    uint64_t lasted, uint64_t failed)
{
    ngx_http_convrelay_loc_conf_t  *conf;

    conf = store->first->conf;

    ngx_http_convrelay_count(conf, STORE_OUTAGE_ENDED);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "\"convrelay_store %V\" works again, after %uL ms and %uL "
                  "requests that failed", &conf->store.uri, lasted, failed);
}


void
ngx_http_convrelay_away_unsent(ngx_http_convrelay_away_op_t *op,
    const char *phrase)
{
    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "%s of \"convrelay_store %V\" %s",
                  ngx_http_convrelay_away_method(op),
                  &op->away->conf->store.uri, phrase);
}


static const char *
ngx_http_convrelay_away_method(ngx_http_convrelay_away_op_t *op)
{
    return (op->method == NGX_HTTP_GET) ? "GET"
           : (op->method == NGX_HTTP_PUT) ? "PUT" : "DELETE";
}


ngx_int_t
ngx_http_convrelay_away_ask(ngx_http_convrelay_away_store_t *store,
    convrelay_outage_kind_e kind, uint64_t *until)
{
    int                       rc;
    convrelay_outage_kind_t  *k;

    if (!convrelay_outage_is(store->outage, kind)) {
        return NGX_OK;
    }

    k = &store->outage->kinds[kind];

    ngx_http_convrelay_away_lock(store);

    rc = convrelay_outage_ask(store->outage, kind, ngx_current_msec);
    *until = ngx_max(k->until, ngx_current_msec + 1);

    ngx_http_convrelay_away_unlock(store);

    return rc;
}


uint64_t
ngx_http_convrelay_away_out(ngx_http_convrelay_away_store_t *store,
    convrelay_outage_kind_e kind)
{
    uint64_t  since;

    since = store->outage->kinds[kind].since;

    /* the clock of this process may be a moment older */

    return (since == 0) ? 0
           : (ngx_current_msec > since) ? ngx_current_msec - since : 1;
}


static void
ngx_http_convrelay_away_lock(ngx_http_convrelay_away_store_t *store)
{
    ngx_http_convrelay_shared_lock(
                         (ngx_slab_pool_t *) store->all->zone->shm.addr);
}


static void
ngx_http_convrelay_away_unlock(ngx_http_convrelay_away_store_t *store)
{
    ngx_http_convrelay_shared_unlock(
                         (ngx_slab_pool_t *) store->all->zone->shm.addr);
}


uint64_t
ngx_http_convrelay_away_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
