
/*
 * Copyright (C) convrelay contributors
 *
 * A process that begins: what others have left undone for the stores.
 */


#include "ngx_http_convrelay_away.h"


/* the processes that have tried them may have gone */

ngx_int_t
ngx_http_convrelay_away_init_process(ngx_cycle_t *cycle)
{
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

    store = mcf->aways->stores.elts;
    ngx_memzero(&none, sizeof(convrelay_store_key_t));

    for (i = 0; i < mcf->aways->stores.nelts; i++) {

        if (convrelay_outage_is(store[i]->outage, CONVRELAY_OUTAGE_READ)) {
            ngx_http_convrelay_away_probe(store[i]->first, &none);

        } else if (store[i]->outage->back) {
            ngx_add_timer(&store[i]->probe, CONVRELAY_OUTAGE_HOLD);
        }
    }

    return NGX_OK;
}
