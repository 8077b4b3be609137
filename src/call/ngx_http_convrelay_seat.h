
/*
 * Copyright (C) convrelay contributors
 *
 * The shared memory of convrelay_zone.  Each live call has a seat there, from
 * setup to its end, and with it is a member of its keys: its CallSid, and
 * what convrelay_limit_calls counts.
 */


#ifndef NGX_HTTP_CONVRELAY_SEAT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_SEAT_H_INCLUDED


#include "ngx_http_convrelay_call.h"


/* what is shared by all workers */

typedef struct {
    ngx_rbtree_t                  keys;
    ngx_rbtree_node_t             sentinel;
    ngx_queue_t                   live;     /* seats */
    ngx_queue_t                   replaced; /* seats without keys: the worker
                                               has to end their calls */
} ngx_http_convrelay_seats_t;


/* one worker's side of it */

struct ngx_http_convrelay_zone_s {
    ngx_http_convrelay_seats_t   *seats;
    ngx_slab_pool_t              *shpool;
    ngx_uint_t                    taken;    /* seats of this worker */
    ngx_event_t                   watch;    /* looks for the replaced ones */
    ngx_msec_t                    reaped;   /* a full key, last */
};


/* a key of which a call is to be a member, as one of at most max */

typedef struct {
    ngx_str_t                     name;
    ngx_str_t                     value;    /* as the logs show it */
    ngx_uint_t                    max;
    ngx_http_convrelay_limit_t   *limit;    /* NULL: it is the CallSid */
} ngx_http_convrelay_claim_t;


/* lays an empty zone out; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_seats_create(ngx_http_convrelay_zone_t *zone);

/*
 * Frees what processes that are no more have left behind; to be called
 * before the calling process has taken a seat.
 */
void ngx_http_convrelay_seats_reap(ngx_http_convrelay_zone_t *zone);

/*
 * Makes the call a member of all keys, or of none; a seat is call->seat then.
 * over: the session of the same CallSid that is over and may be replaced, or
 * empty.
 *
 *     NGX_OK     the call has a seat
 *     NGX_DONE   it has, in the place of the session that is over
 *     NGX_BUSY   *full, one of the claims, has as many as it may have
 *     NGX_ERROR  there is no memory
 */
ngx_int_t ngx_http_convrelay_seat_take(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_call_t *call, ngx_array_t *claims, ngx_str_t *over,
    ngx_http_convrelay_claim_t **full);

/* gives the call's seat back; it has one */
void ngx_http_convrelay_seat_leave(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_call_t *call);

/* the next call of this worker that was replaced, told once, or NULL */
ngx_http_convrelay_call_t *ngx_http_convrelay_seat_replaced(
    ngx_http_convrelay_zone_t *zone);


#endif /* NGX_HTTP_CONVRELAY_SEAT_H_INCLUDED */
