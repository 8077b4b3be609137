
/*
 * Copyright (C) convrelay contributors
 *
 * The shared memory of convrelay_zone: one worker's side of it.
 */


#ifndef NGX_HTTP_CONVRELAY_ZONE_H_INCLUDED
#define NGX_HTTP_CONVRELAY_ZONE_H_INCLUDED


#include "ngx_http_convrelay_call.h"

#include "convrelay_shm.h"


typedef struct {
    convrelay_shm_t              *shm;
    ngx_slab_pool_t              *shpool;   /* its mutex is the lock */
    ngx_uint_t                    calls;    /* of this worker */
    ngx_event_t                   watch;    /* timer: look for replaced ones */
    uint32_t                      seen;     /* replaced calls */
    ngx_pid_t                     process;  /* of this worker, or 0 */
    ngx_msec_t                    reaped;   /* last, or 0 */
    ngx_http_convrelay_replaced_pt  replaced;
} ngx_http_convrelay_zone_t;


/* a zone's mark of a call: of 16, 12 and 4 bits */

#define ngx_http_convrelay_mark(generation, block, state)                    \
    ((uint32_t) (generation) << 16 | (uint32_t) (block) << 4 | (state))
#define ngx_http_convrelay_mark_generation(mark)  ((mark) >> 16)
#define ngx_http_convrelay_mark_block(mark)       ((mark) >> 4 & 0xfff)
#define ngx_http_convrelay_mark_state(mark)       ((mark) & 0xf)


/*
 * Adds the call of the entry, and sets call->node.
 *
 *     NGX_OK
 *     NGX_DECLINED  *full is the index of the limit that is reached; or -1:
 *                   the CallSid has a live call
 *     NGX_ERROR     the zone is full
 */
ngx_int_t ngx_http_convrelay_zone_add(ngx_http_convrelay_call_t *call,
    const convrelay_shm_entry_t *entry, int *full);

/* the SessionId of a call that has a node is known only now */
void ngx_http_convrelay_zone_session(ngx_http_convrelay_call_t *call,
    convrelay_str_t *session_id);

/* see convrelay_shm_mark(); for a call that has a node */
void ngx_http_convrelay_zone_mark(ngx_http_convrelay_call_t *call,
    uint32_t mark, uint32_t until);


#endif /* NGX_HTTP_CONVRELAY_ZONE_H_INCLUDED */
