
/*
 * Copyright (C) convrelay contributors
 *
 * What the zones of the module have in common: memory that the workers share,
 * which one object of a pure room fills, and a lock.
 *
 * A worker can be killed while it holds the lock.  nginx's master frees the
 * lock of a worker that has died, but only in zones of the current
 * configuration; the workers of an older one free it themselves.  In either
 * case the next holder repairs what the dead worker was changing.
 */


#ifndef NGX_HTTP_CONVRELAY_SHARED_H_INCLUDED
#define NGX_HTTP_CONVRELAY_SHARED_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* the zone of a configuration that has this tag, or NULL */
ngx_shm_zone_t *ngx_http_convrelay_shared_find(ngx_cycle_t *cycle, void *tag);

/*
 * For a zone of cycle->old_cycle that the new one does not have: without a
 * master process, the calls of the old configuration go on in this process, so
 * that its memory lives as long as that configuration.
 */
void ngx_http_convrelay_shared_replaced(ngx_cycle_t *cycle,
    ngx_shm_zone_t *old);

/* all memory of a new zone: the slab allocator has no other use; *size is its
   length.  NULL: there is none */
void *ngx_http_convrelay_shared_take(ngx_shm_zone_t *shm_zone, size_t *size);

/* the memory of a zone that exists, of at most *size bytes, whose contents are
   not checked; NULL: it cannot be that of this module */
void *ngx_http_convrelay_shared_memory(ngx_shm_zone_t *shm_zone,
    size_t *size);

void ngx_http_convrelay_shared_lock(ngx_slab_pool_t *shpool);
void ngx_http_convrelay_shared_unlock(ngx_slab_pool_t *shpool);

/* whether a process exists; the second one: another than this */
int ngx_http_convrelay_shared_alive(ngx_pid_t pid);
int ngx_http_convrelay_shared_alive_other(ngx_pid_t pid);


#endif /* NGX_HTTP_CONVRELAY_SHARED_H_INCLUDED */
