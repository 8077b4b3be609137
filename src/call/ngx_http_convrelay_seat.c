
/*
 * Copyright (C) convrelay contributors
 *
 * Seats of calls in shared memory.
 *
 * A seat is freed by the worker whose call it is, and by nobody else, as the
 * call points to it: a call that is replaced loses its keys at once, but
 * keeps the empty seat until its worker has ended it.  Seats that a worker
 * left behind when it crashed are found by its pid: once they are in the
 * way, and all of them by the worker that takes its place.
 */


#include "ngx_http_convrelay_seat.h"


#define NGX_HTTP_CONVRELAY_REAP_TIME  1000      /* ms between two */

#define ngx_http_convrelay_member(q)                                         \
    ((ngx_http_convrelay_member_t *)                                         \
         ngx_queue_data(q, ngx_http_convrelay_member_t, queue))


typedef struct {
    ngx_str_node_t                sn;
    ngx_queue_t                   members;
    ngx_uint_t                    count;
} ngx_http_convrelay_key_t;


typedef struct {
    ngx_queue_t                   queue;
    ngx_http_convrelay_key_t     *key;
    ngx_http_convrelay_seat_t    *seat;
} ngx_http_convrelay_member_t;


struct ngx_http_convrelay_seat_s {
    ngx_queue_t                   queue;
    ngx_http_convrelay_call_t    *call;     /* of the process pid */
    ngx_pid_t                     pid;
    uint32_t                      session;  /* a hash: sessions of one call
                                               are told apart by it */
    unsigned                      nmembers:16;      /* 0: it is replaced */
    unsigned                      told:1;   /* so is its worker */
    ngx_http_convrelay_member_t   members[1];
};


static void ngx_http_convrelay_key_reap(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_claim_t *claim);
static ngx_int_t ngx_http_convrelay_seat_check(
    ngx_http_convrelay_zone_t *zone, ngx_http_convrelay_claim_t *claim,
    ngx_str_t *over, ngx_http_convrelay_seat_t **old);
static ngx_http_convrelay_seat_t *ngx_http_convrelay_seat_create(
    ngx_http_convrelay_zone_t *zone, ngx_array_t *claims);

static ngx_uint_t ngx_http_convrelay_seat_orphaned(
    ngx_http_convrelay_seat_t *seat);
static void ngx_http_convrelay_seat_clear(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_seat_t *seat);
static void ngx_http_convrelay_seat_free(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_seat_t *seat);

static ngx_http_convrelay_key_t *ngx_http_convrelay_key_find(
    ngx_http_convrelay_zone_t *zone, ngx_str_t *name);
static ngx_http_convrelay_key_t *ngx_http_convrelay_key_get(
    ngx_http_convrelay_zone_t *zone, ngx_str_t *name);
static void ngx_http_convrelay_key_release(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key);


ngx_int_t
ngx_http_convrelay_seats_create(ngx_http_convrelay_zone_t *zone)
{
    ngx_http_convrelay_seats_t  *seats;

    seats = ngx_slab_alloc(zone->shpool, sizeof(ngx_http_convrelay_seats_t));
    if (seats == NULL) {
        return NGX_ERROR;
    }

    ngx_rbtree_init(&seats->keys, &seats->sentinel,
                    ngx_str_rbtree_insert_value);

    ngx_queue_init(&seats->live);
    ngx_queue_init(&seats->replaced);

    zone->seats = seats;

    return NGX_OK;
}


void
ngx_http_convrelay_seats_reap(ngx_http_convrelay_zone_t *zone)
{
    ngx_uint_t                  i;
    ngx_queue_t                *queue[2], *q, *next;
    ngx_http_convrelay_seat_t  *seat;

    queue[0] = &zone->seats->live;
    queue[1] = &zone->seats->replaced;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < 2; i++) {

        for (q = ngx_queue_head(queue[i]); q != queue[i]; q = next) {

            next = ngx_queue_next(q);
            seat = ngx_queue_data(q, ngx_http_convrelay_seat_t, queue);

            /* a pid of ours is one that is used again */

            if (seat->pid == ngx_pid
                || ngx_http_convrelay_seat_orphaned(seat))
            {
                ngx_http_convrelay_seat_free(zone, seat);
            }
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


ngx_int_t
ngx_http_convrelay_seat_take(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_call_t *call, ngx_array_t *claims, ngx_str_t *over,
    ngx_http_convrelay_claim_t **full)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    convrelay_str_t             *session;
    ngx_http_convrelay_seat_t   *seat, *old;
    ngx_http_convrelay_claim_t  *claim;

    claim = claims->elts;
    old = NULL;
    rc = NGX_OK;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < claims->nelts; i++) {
        ngx_http_convrelay_key_reap(zone, &claim[i]);
    }

    for (i = 0; i < claims->nelts; i++) {

        if (ngx_http_convrelay_seat_check(zone, &claim[i], over, &old)
            != NGX_OK)
        {
            *full = &claim[i];
            rc = NGX_BUSY;
            goto done;
        }
    }

    seat = ngx_http_convrelay_seat_create(zone, claims);

    if (seat == NULL) {
        rc = NGX_ERROR;
        goto done;
    }

    session = &call->session->setup.session_id;

    seat->call = call;
    seat->session = ngx_crc32_long(session->data, session->len);

    call->seat = seat;

    if (old) {
        ngx_http_convrelay_seat_clear(zone, old);

        ngx_queue_remove(&old->queue);
        ngx_queue_insert_tail(&zone->seats->replaced, &old->queue);

        rc = NGX_DONE;
    }

done:

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return rc;
}


/*
 * A key that is full: are all of its members alive?  That is a system call for
 * each, so a limit that refuses again and again does not ask each time.
 */

static void
ngx_http_convrelay_key_reap(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_claim_t *claim)
{
    ngx_queue_t                *q, *next;
    ngx_http_convrelay_key_t   *key;
    ngx_http_convrelay_seat_t  *seat;

    key = ngx_http_convrelay_key_find(zone, &claim->name);

    if (key == NULL || key->count < claim->max) {
        return;
    }

    if (claim->limit) {

        if (zone->reaped
            && ngx_current_msec - zone->reaped < NGX_HTTP_CONVRELAY_REAP_TIME)
        {
            return;
        }

        zone->reaped = ngx_current_msec;
    }

    /* a seat that goes takes keys without members along, but not this one */

    key->count++;

    for (q = ngx_queue_head(&key->members); q != &key->members; q = next) {

        next = ngx_queue_next(q);
        seat = ngx_http_convrelay_member(q)->seat;

        /* the same key, claimed twice */

        while (next != &key->members
               && ngx_http_convrelay_member(next)->seat == seat)
        {
            next = ngx_queue_next(next);
        }

        if (ngx_http_convrelay_seat_orphaned(seat)) {
            ngx_http_convrelay_seat_free(zone, seat);
        }
    }

    key->count--;

    ngx_http_convrelay_key_release(zone, key);
}


/*
 * NGX_OK, or NGX_BUSY.  The claims of the CallSid come first: *old is the
 * seat to be replaced then, and does not count.
 */

static ngx_int_t
ngx_http_convrelay_seat_check(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_claim_t *claim, ngx_str_t *over,
    ngx_http_convrelay_seat_t **old)
{
    ngx_uint_t                  i, count;
    ngx_http_convrelay_key_t   *key;
    ngx_http_convrelay_seat_t  *seat;

    key = ngx_http_convrelay_key_find(zone, &claim->name);

    if (key == NULL) {
        return NGX_OK;
    }

    if (claim->limit == NULL) {
        seat = ngx_http_convrelay_member(ngx_queue_head(&key->members))->seat;

        if (over->len == 0
            || seat->session != ngx_crc32_long(over->data, over->len))
        {
            return NGX_BUSY;
        }

        *old = seat;

        return NGX_OK;
    }

    count = key->count;

    for (i = 0; *old && i < (*old)->nmembers; i++) {
        count -= ((*old)->members[i].key == key);
    }

    return (count < claim->max) ? NGX_OK : NGX_BUSY;
}


/* a live seat with all of its keys, or NULL without memory */

static ngx_http_convrelay_seat_t *
ngx_http_convrelay_seat_create(ngx_http_convrelay_zone_t *zone,
    ngx_array_t *claims)
{
    size_t                        size;
    ngx_uint_t                    i;
    ngx_http_convrelay_key_t     *key;
    ngx_http_convrelay_seat_t    *seat;
    ngx_http_convrelay_claim_t   *claim;
    ngx_http_convrelay_member_t  *m;

    size = offsetof(ngx_http_convrelay_seat_t, members)
           + claims->nelts * sizeof(ngx_http_convrelay_member_t);

    seat = ngx_slab_calloc_locked(zone->shpool, size);
    if (seat == NULL) {
        return NULL;
    }

    seat->pid = ngx_pid;

    ngx_queue_insert_tail(&zone->seats->live, &seat->queue);

    claim = claims->elts;

    for (i = 0; i < claims->nelts; i++) {

        key = ngx_http_convrelay_key_get(zone, &claim[i].name);

        if (key == NULL) {
            ngx_http_convrelay_seat_free(zone, seat);
            return NULL;
        }

        m = &seat->members[seat->nmembers++];

        m->key = key;
        m->seat = seat;

        ngx_queue_insert_tail(&key->members, &m->queue);
        key->count++;
    }

    return seat;
}


void
ngx_http_convrelay_seat_leave(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_call_t *call)
{
    ngx_shmtx_lock(&zone->shpool->mutex);

    ngx_http_convrelay_seat_free(zone, call->seat);

    ngx_shmtx_unlock(&zone->shpool->mutex);

    call->seat = NULL;
}


ngx_http_convrelay_call_t *
ngx_http_convrelay_seat_replaced(ngx_http_convrelay_zone_t *zone)
{
    ngx_queue_t                *q, *queue;
    ngx_http_convrelay_call_t  *call;
    ngx_http_convrelay_seat_t  *seat;

    queue = &zone->seats->replaced;

    /* without the lock: what is missed now is found the next time */

    if (ngx_queue_empty(queue)) {
        return NULL;
    }

    call = NULL;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (q = ngx_queue_head(queue); q != queue; q = ngx_queue_next(q)) {

        seat = ngx_queue_data(q, ngx_http_convrelay_seat_t, queue);

        if (seat->pid == ngx_pid && !seat->told) {
            seat->told = 1;
            call = seat->call;
            break;
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return call;
}


static ngx_uint_t
ngx_http_convrelay_seat_orphaned(ngx_http_convrelay_seat_t *seat)
{
    return seat->pid != ngx_pid
           && kill(seat->pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}


/* takes a seat's keys away */

static void
ngx_http_convrelay_seat_clear(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_seat_t *seat)
{
    ngx_http_convrelay_member_t  *m;

    while (seat->nmembers) {
        m = &seat->members[--seat->nmembers];

        ngx_queue_remove(&m->queue);
        m->key->count--;

        ngx_http_convrelay_key_release(zone, m->key);
    }
}


static void
ngx_http_convrelay_seat_free(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_seat_t *seat)
{
    ngx_http_convrelay_seat_clear(zone, seat);

    ngx_queue_remove(&seat->queue);
    ngx_slab_free_locked(zone->shpool, seat);
}


static ngx_http_convrelay_key_t *
ngx_http_convrelay_key_find(ngx_http_convrelay_zone_t *zone, ngx_str_t *name)
{
    return (ngx_http_convrelay_key_t *)
               ngx_str_rbtree_lookup(&zone->seats->keys, name,
                                     ngx_crc32_long(name->data, name->len));
}


/* the key of that name, made where there is none; NULL without memory */

static ngx_http_convrelay_key_t *
ngx_http_convrelay_key_get(ngx_http_convrelay_zone_t *zone, ngx_str_t *name)
{
    ngx_http_convrelay_key_t  *key;

    key = ngx_http_convrelay_key_find(zone, name);

    if (key) {
        return key;
    }

    key = ngx_slab_alloc_locked(zone->shpool,
                                sizeof(ngx_http_convrelay_key_t) + name->len);
    if (key == NULL) {
        return NULL;
    }

    key->sn.node.key = ngx_crc32_long(name->data, name->len);
    key->sn.str.len = name->len;
    key->sn.str.data = (u_char *) (key + 1);
    key->count = 0;

    ngx_memcpy(key->sn.str.data, name->data, name->len);
    ngx_queue_init(&key->members);
    ngx_rbtree_insert(&zone->seats->keys, &key->sn.node);

    return key;
}


/* a key without members goes */

static void
ngx_http_convrelay_key_release(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key)
{
    if (key->count == 0) {
        ngx_rbtree_delete(&zone->seats->keys, &key->sn.node);
        ngx_slab_free_locked(zone->shpool, key);
    }
}
