
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


/*
 * Lays out an object in size bytes of new memory, or finds the one in memory
 * that exists, of at most size bytes; NULL: that is not possible.
 */
typedef void *(*ngx_http_convrelay_shared_pt)(void *mem, size_t size);


/* processes, and whether they exist */

typedef struct {
    ngx_uint_t  n;
    struct {
        ngx_pid_t  process;
        int        alive;
    } list[16];
} ngx_http_convrelay_shared_known_t;


/* the zone of a directive NAME SIZE; example: of a size, for a message that
   says what to write; NULL: logged */
ngx_shm_zone_t *ngx_http_convrelay_shared_add(ngx_conf_t *cf, void *tag,
    const char *example);

/*
 * The object in a zone that is initialised: data is that of the old
 * configuration, if its memory is used again.  NULL: there is none, which is
 * logged if the memory is that of another version.
 */
void *ngx_http_convrelay_shared_init(ngx_shm_zone_t *shm_zone, void *data,
    const char *directive, ngx_http_convrelay_shared_pt create,
    ngx_http_convrelay_shared_pt open);

/* the object in a zone that exists, or NULL: it does not have this module's
   layout */
void *ngx_http_convrelay_shared_open(ngx_shm_zone_t *shm_zone,
    ngx_http_convrelay_shared_pt open);

/* the zone of a configuration that has this tag, or NULL */
ngx_shm_zone_t *ngx_http_convrelay_shared_find(ngx_cycle_t *cycle, void *tag);

/*
 * For a zone of cycle->old_cycle that the new one does not have: without a
 * master process, the calls of the old configuration go on in this process, so
 * that its memory lives as long as that configuration.
 */
void ngx_http_convrelay_shared_replaced(ngx_cycle_t *cycle,
    ngx_shm_zone_t *old);

void ngx_http_convrelay_shared_lock(ngx_slab_pool_t *shpool);
void ngx_http_convrelay_shared_unlock(ngx_slab_pool_t *shpool);

/*
 * This process, as shared memory names it: its pid and some of the time when it
 * started, see convrelay_process.h.  *known: what was returned before in this
 * process or in one that has forked it, or 0.
 */
ngx_pid_t ngx_http_convrelay_shared_process(ngx_pid_t *known);

/* whether such a process exists, or one of which only the pid is given; the
   second one: another than this.  A system call or four */
int ngx_http_convrelay_shared_alive(ngx_pid_t process);
int ngx_http_convrelay_shared_alive_other(ngx_pid_t process);

/* the same for many, as of the first time that each was asked about */
int ngx_http_convrelay_shared_alive_known(
    ngx_http_convrelay_shared_known_t *known, ngx_pid_t process);


#endif /* NGX_HTTP_CONVRELAY_SHARED_H_INCLUDED */
