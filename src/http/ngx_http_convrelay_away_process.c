
/*
 * Copyright (C) convrelay contributors
 *
 * What the processes of a machine do for its stores.  One that begins tries
 * reads that are out, since those that have tried them may have gone, and gets
 * counters of its own for what the stores do not have yet, which nobody else
 * writes: so nothing of a killed process remains in the sum.
 */


#include "ngx_http_convrelay_away.h"


static uint32_t *ngx_http_convrelay_away_counters(
    ngx_http_convrelay_aways_t *all);


ngx_int_t
ngx_http_convrelay_away_init_process(ngx_cycle_t *cycle)
{
    uint32_t                          *counters;
    ngx_uint_t                         i;
    convrelay_store_key_t              none;
    ngx_http_convrelay_main_conf_t    *mcf;
    ngx_http_convrelay_away_store_t  **store;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->aways == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    counters = ngx_http_convrelay_away_counters(mcf->aways);

    store = mcf->aways->stores.elts;
    ngx_memzero(&none, sizeof(convrelay_store_key_t));

    for (i = 0; i < mcf->aways->stores.nelts; i++) {

        if (counters) {
            store[i]->pending = &counters[store[i]->outage
                                          - mcf->aways->shared->outages];
        }

        if (convrelay_outage_is(store[i]->outage, CONVRELAY_OUTAGE_READ)) {
            ngx_http_convrelay_away_probe(store[i]->first, &none);

        } else if (store[i]->outage->back) {
            ngx_add_timer(&store[i]->probe, CONVRELAY_OUTAGE_HOLD);
        }
    }

    return NGX_OK;
}


/* NULL: too many processes */

static uint32_t *
ngx_http_convrelay_away_counters(ngx_http_convrelay_aways_t *all)
{
    ngx_pid_t                           process;
    ngx_uint_t                          i;
    ngx_slab_pool_t                    *shpool;
    ngx_http_convrelay_away_process_t  *p, *slot;

    process = ngx_http_convrelay_shared_process(&all->mcf->process);
    shpool = (ngx_slab_pool_t *) all->zone->shm.addr;
    slot = NULL;

    ngx_http_convrelay_shared_lock(shpool);

    for (i = 0; i < NGX_HTTP_CONVRELAY_AWAY_PROCESSES; i++) {
        p = &all->shared->processes[i];

        if (p->process == process && ngx_process == NGX_PROCESS_SINGLE) {

            /* those of the configuration before this one go on */

            ngx_http_convrelay_shared_unlock(shpool);
            return p->pending;
        }

        if (slot == NULL
            && (p->process == 0 || p->process == process
                || !ngx_http_convrelay_shared_alive(p->process)))
        {
            slot = p;
        }

        if (p->process == 0) {
            break;
        }
    }

    if (slot && slot->pending == NULL) {
        slot->pending = ngx_slab_alloc_locked(shpool,
                                            NGX_HTTP_CONVRELAY_AWAY_COUNTERS);
    }

    if (slot && slot->pending) {
        ngx_memzero(slot->pending, NGX_HTTP_CONVRELAY_AWAY_COUNTERS);

        /* those that count do not take the lock */

        __atomic_store_n(&slot->process, process, __ATOMIC_RELEASE);

    } else {
        slot = NULL;
    }

    ngx_http_convrelay_shared_unlock(shpool);

    if (slot == NULL) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "changes that \"convrelay_store\" does not have yet are "
                      "not counted for this process: there are more than %d",
                      NGX_HTTP_CONVRELAY_AWAY_PROCESSES);
        return NULL;
    }

    return slot->pending;
}


uint64_t
ngx_http_convrelay_away_pending(ngx_http_convrelay_away_store_t *store,
    ngx_http_convrelay_shared_known_t *known)
{
    uint32_t                            n;
    uint64_t                            pending;
    ngx_pid_t                           process;
    ngx_uint_t                          i;
    ngx_http_convrelay_away_shared_t   *shared;
    ngx_http_convrelay_away_process_t  *p;

    shared = store->all->shared;
    pending = 0;

    for (i = 0; i < NGX_HTTP_CONVRELAY_AWAY_PROCESSES; i++) {
        p = &shared->processes[i];
        process = __atomic_load_n(&p->process, __ATOMIC_ACQUIRE);

        if (process == 0) {
            break;
        }

        n = __atomic_load_n(&p->pending[store->outage - shared->outages],
                            __ATOMIC_RELAXED);

        if (n && ngx_http_convrelay_shared_alive_known(known, process)) {
            pending += n;
        }
    }

    return pending;
}
