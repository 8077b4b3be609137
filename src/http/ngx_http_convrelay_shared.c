
/*
 * Copyright (C) convrelay contributors
 *
 * What the zones of the module have in common.
 */


#include "ngx_http_convrelay_shared.h"
#include "convrelay_process.h"


#define NGX_HTTP_CONVRELAY_SPIN  256    /* tries, then others run */


static void ngx_http_convrelay_shared_cleanup(void *data);
static ngx_int_t ngx_http_convrelay_shared_start(ngx_pid_t pid,
    uint64_t *start);


ngx_shm_zone_t *
ngx_http_convrelay_shared_find(ngx_cycle_t *cycle, void *tag)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_shm_zone_t   *shm_zone;

    for (part = &cycle->shared_memory.part; part; part = part->next) {

        shm_zone = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (shm_zone[i].tag == tag) {
                return &shm_zone[i];
            }
        }
    }

    return NULL;
}


void
ngx_http_convrelay_shared_replaced(ngx_cycle_t *cycle, ngx_shm_zone_t *old)
{
    ngx_shm_t           *shm;
    ngx_pool_cleanup_t  *cln;

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return;
    }

    cln = ngx_pool_cleanup_add(cycle->old_cycle->pool, sizeof(ngx_shm_t));
    if (cln == NULL) {
        return;
    }

    shm = cln->data;
    *shm = old->shm;
    shm->log = cycle->log;

    /* nginx frees the memory of "old" next: that is new memory then */

    if (ngx_shm_alloc(&old->shm) != NGX_OK) {
        old->shm.addr = shm->addr;
        return;
    }

    cln->handler = ngx_http_convrelay_shared_cleanup;
}


static void
ngx_http_convrelay_shared_cleanup(void *data)
{
    ngx_shm_free(data);
}


ngx_shm_zone_t *
ngx_http_convrelay_shared_add(ngx_conf_t *cf, void *tag, const char *example)
{
    ssize_t     size;
    ngx_str_t  *value;

    value = cf->args->elts;

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\", write a size of at least "
                           "%uz, such as %s",
                           &value[2], 8 * ngx_pagesize, example);
        return NULL;
    }

    return ngx_shared_memory_add(cf, &value[1], size, tag);
}


void *
ngx_http_convrelay_shared_init(ngx_shm_zone_t *shm_zone, void *data,
    const char *directive, ngx_http_convrelay_shared_pt create,
    ngx_http_convrelay_shared_pt open)
{
    void             *object;
    size_t            size;
    ngx_slab_pool_t  *shpool;

    if (data || shm_zone->shm.exists) {

        object = ngx_http_convrelay_shared_open(shm_zone, open);

        if (object == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "%s \"%V\" was created by another version of the "
                          "module: give it another name or size, or restart "
                          "nginx", directive, &shm_zone->shm.name);
        }

        return object;
    }

    /* all of it: the slab allocator has no other use */

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    size = shpool->pfree * ngx_pagesize;

    shpool->data = ngx_slab_alloc(shpool, size);

    return shpool->data ? create(shpool->data, size) : NULL;
}


void *
ngx_http_convrelay_shared_open(ngx_shm_zone_t *shm_zone,
    ngx_http_convrelay_shared_pt open)
{
    u_char           *mem, *last;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    mem = shpool->data;
    last = shm_zone->shm.addr + shm_zone->shm.size;

    if (mem < shm_zone->shm.addr || mem >= last) {
        return NULL;
    }

    return open(mem, last - mem);
}


void
ngx_http_convrelay_shared_lock(ngx_slab_pool_t *shpool)
{
    ngx_uint_t    n;
#if (NGX_HAVE_ATOMIC_OPS)
    ngx_pid_t     holder;
#endif
    ngx_shmtx_t  *mutex;

    mutex = &shpool->mutex;

    /* not ngx_shmtx_lock(), which would wait forever for a dead process */

    for (n = 1; !ngx_shmtx_trylock(mutex); n++) {

        if (n % NGX_HTTP_CONVRELAY_SPIN) {
            ngx_cpu_pause();
            continue;
        }

#if (NGX_HAVE_ATOMIC_OPS)

        holder = *mutex->lock;

        if (holder && !ngx_http_convrelay_shared_alive(holder)) {
            (void) ngx_shmtx_force_unlock(mutex, holder);
        }

#endif

        ngx_sched_yield();
    }
}


void
ngx_http_convrelay_shared_unlock(ngx_slab_pool_t *shpool)
{
    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_pid_t
ngx_http_convrelay_shared_process(ngx_pid_t *known)
{
    uint64_t  start;

    if (*known == 0 || convrelay_process_pid(*known) != ngx_pid) {
        *known = (ngx_pid >> CONVRELAY_PROCESS_PID_BITS) ? 0 : ngx_pid;

        if (ngx_http_convrelay_shared_start(ngx_pid, &start) == NGX_OK) {
            *known = convrelay_process(ngx_pid, start);
        }
    }

    return *known ? *known : ngx_pid;
}


/*
 * Where the process cannot be read about, though it exists, it may be the one.
 * One that has died may still be read about until its parent asks for it.
 */

int
ngx_http_convrelay_shared_alive(ngx_pid_t process)
{
    uint64_t   start;
    ngx_pid_t  pid;

    pid = process;

#if (NGX_LINUX)
    pid = convrelay_process_pid(process);
#endif

    if (pid != ngx_pid && kill(pid, 0) == -1 && ngx_errno == NGX_ESRCH) {
        return 0;
    }

    return pid == process
           || ngx_http_convrelay_shared_start(pid, &start) != NGX_OK
           || convrelay_process_started(process, start);
}


int
ngx_http_convrelay_shared_alive_other(ngx_pid_t process)
{
    ngx_pid_t  known;

    known = 0;

    return process != ngx_pid
           && process != ngx_http_convrelay_shared_process(&known)
           && ngx_http_convrelay_shared_alive(process);
}


int
ngx_http_convrelay_shared_alive_known(ngx_http_convrelay_shared_known_t *known,
    ngx_pid_t process)
{
    ngx_uint_t  i;

    for (i = 0; i < known->n; i++) {
        if (known->list[i].process == process) {
            return known->list[i].alive;
        }
    }

    if (known->n == sizeof(known->list) / sizeof(known->list[0])) {
        known->n = 0;
    }

    i = known->n++;

    known->list[i].process = process;
    known->list[i].alive = ngx_http_convrelay_shared_alive(process);

    return known->list[i].alive;
}


/* NGX_DECLINED: the system does not say it */

static ngx_int_t
ngx_http_convrelay_shared_start(ngx_pid_t pid, uint64_t *start)
{
#if (NGX_LINUX)

    ssize_t   n;
    ngx_fd_t  fd;
    u_char    text[1024];

    (void) ngx_sprintf(text, "/proc/%P/stat%Z", pid);

    fd = open((char *) text, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return NGX_DECLINED;
    }

    n = read(fd, text, sizeof(text));

    (void) close(fd);

    return (n > 0
            && convrelay_process_start(text, n, start) == CONVRELAY_OK)
           ? NGX_OK : NGX_DECLINED;

#else

    return NGX_DECLINED;

#endif
}
