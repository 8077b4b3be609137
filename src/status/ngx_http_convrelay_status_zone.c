
/*
 * Copyright (C) convrelay contributors
 *
 * The shared memory of the counters.  The first convrelay_status creates it.
 * Its size never changes, so a reload keeps it.  When it is mapped, all
 * locations of the configuration are known, and each gets its block.
 */


#include <ngx_sha1.h>

#include "ngx_http_convrelay_status.h"
#include "ngx_http_convrelay_shared.h"


static ngx_int_t ngx_http_convrelay_status_zone_init(
    ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t ngx_http_convrelay_status_names(
    ngx_http_convrelay_status_t *st, ngx_log_t *log);
static ngx_int_t ngx_http_convrelay_status_llms(
    ngx_http_convrelay_status_t *st, ngx_http_convrelay_location_t *location,
    ngx_uint_t block);
static ngx_int_t ngx_http_convrelay_status_tools(
    ngx_http_convrelay_status_t *st, ngx_http_convrelay_location_t *location,
    ngx_uint_t block);
static void ngx_http_convrelay_status_id(convrelay_metric_id_t *id,
    ngx_str_t *server, ngx_str_t *location, ngx_str_t *part);
static ngx_http_convrelay_status_t *ngx_http_convrelay_status_of(
    ngx_cycle_t *cycle);
static void ngx_http_convrelay_status_tick_handler(ngx_event_t *ev);


/* its address is the tag of the zone */

static ngx_str_t  ngx_http_convrelay_status_name =
    ngx_string("convrelay_status");


ngx_int_t
ngx_http_convrelay_status_zone(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf)
{
    size_t                        size;
    ngx_http_convrelay_status_t  *st;

    /* plus what the slab allocator needs for itself */

    size = sizeof(convrelay_metric_store_t) / ngx_pagesize + 1;
    size += size * sizeof(ngx_slab_page_t) / ngx_pagesize + 9;

    mcf->status = ngx_shared_memory_add(cf, &ngx_http_convrelay_status_name,
                                        size * ngx_pagesize,
                                        &ngx_http_convrelay_status_name);
    if (mcf->status == NULL) {
        return NGX_ERROR;
    }

    st = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_status_t));
    if (st == NULL) {
        return NGX_ERROR;
    }

    st->names = ngx_pcalloc(cf->pool, CONVRELAY_METRIC_BLOCKS
                                  * sizeof(ngx_http_convrelay_status_name_t));
    st->llms = ngx_pcalloc(cf->pool, CONVRELAY_METRIC_LLMS
                                  * sizeof(ngx_http_convrelay_status_part_t));
    st->tools = ngx_pcalloc(cf->pool, CONVRELAY_METRIC_TOOLS
                                  * sizeof(ngx_http_convrelay_status_part_t));

    if (st->names == NULL || st->llms == NULL || st->tools == NULL) {
        return NGX_ERROR;
    }

    st->main = mcf;
    st->pool = cf->pool;

    mcf->status->init = ngx_http_convrelay_status_zone_init;
    mcf->status->data = st;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    void                         *mem;
    ngx_slab_pool_t              *shpool;
    ngx_http_convrelay_status_t  *st;

    st = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {

        st->store = convrelay_metric_store_open(shpool->data,
                                           sizeof(convrelay_metric_store_t));

        if (st->store == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "the zone of \"convrelay_status\" was created by "
                          "another version of the module: restart nginx");
            return NGX_ERROR;
        }

    } else {
        mem = ngx_slab_alloc(shpool, sizeof(convrelay_metric_store_t));
        if (mem == NULL) {
            return NGX_ERROR;
        }

        st->store = convrelay_metric_store_create(mem, ngx_current_msec);
        shpool->data = st->store;
    }

    return ngx_http_convrelay_status_names(st, shm_zone->shm.log);
}


/* workers of the previous configuration continue to count meanwhile */

static ngx_int_t
ngx_http_convrelay_status_names(ngx_http_convrelay_status_t *st,
    ngx_log_t *log)
{
    ngx_str_t                      *server, *name;
    ngx_uint_t                      i, block;
    convrelay_metric_id_t           id;
    ngx_http_convrelay_metrics_t   *metrics;
    ngx_http_convrelay_location_t  *location;

    st->main->generation = convrelay_metric_store_begin(st->store);

    location = st->main->locations.elts;

    for (i = 0; i < st->main->locations.nelts; i++) {

        server = &location[i].server->server_name;
        name = &location[i].location->name;

        ngx_http_convrelay_status_id(&id, server, name, NULL);

        block = convrelay_metric_store_block(st->store, &id);

        metrics = location[i].conf->metrics;
        metrics->block = block;
        metrics->words = st->store->blocks[block].words;

        if (ngx_http_convrelay_status_llms(st, &location[i], block) != NGX_OK
            || ngx_http_convrelay_status_tools(st, &location[i], block)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (block == 0) {
            st->overflow++;
            continue;
        }

        if (ngx_http_convrelay_status_shown(st->pool, server,
                                            &st->names[block].server)
            != NGX_OK
            || ngx_http_convrelay_status_shown(st->pool, name,
                                               &st->names[block].location)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (location[i].conf->enable == 1) {
            st->names[block].call = 1;

        } else if (location[i].conf->twiml.url) {
            st->names[block].twiml = 1;

        } else {
            st->names[block].action = 1;
        }
    }

    if (st->overflow) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"convrelay_status\" has counters for %d locations: %ui "
                      "others are counted together as \"other\"",
                      CONVRELAY_METRIC_BLOCKS - 1, st->overflow);
    }

    if (st->llm_overflow) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"convrelay_status\" has counters for %d LLMs of "
                      "locations: %ui others are counted together as "
                      "\"other\"",
                      CONVRELAY_METRIC_LLMS - 1, st->llm_overflow);
    }

    if (st->tool_overflow) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"convrelay_status\" has counters for %d tools of "
                      "locations: %ui others are counted together as "
                      "\"other\"",
                      CONVRELAY_METRIC_TOOLS - 1, st->tool_overflow);
    }

    return NGX_OK;
}


/* a location that has no block of its own has none for its LLMs, either */

static ngx_int_t
ngx_http_convrelay_status_llms(ngx_http_convrelay_status_t *st,
    ngx_http_convrelay_location_t *location, ngx_uint_t block)
{
    ngx_uint_t                         index;
    convrelay_metric_id_t              id;
    ngx_http_convrelay_llm_metrics_t  *llm;

    for (llm = location->conf->metrics->llms; llm; llm = llm->next) {
        index = 0;

        if (block) {
            ngx_http_convrelay_status_id(&id, &location->server->server_name,
                                         &location->location->name,
                                         &llm->upstream);

            index = convrelay_metric_store_llm(st->store, &id);
            st->llm_overflow += (index == 0);
        }

        llm->words = st->store->llms[index].words;

        if (index == 0) {
            continue;
        }

        if (ngx_http_convrelay_status_shown(st->pool, &llm->upstream,
                                            &st->llms[index].name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        st->llms[index].block = block;
    }

    return NGX_OK;
}


/* the same is true of its tools */

static ngx_int_t
ngx_http_convrelay_status_tools(ngx_http_convrelay_status_t *st,
    ngx_http_convrelay_location_t *location, ngx_uint_t block)
{
    ngx_str_t                     *name;
    ngx_uint_t                     i, n, index;
    convrelay_metric_id_t          id;
    ngx_http_convrelay_tool_t     *tool;
    ngx_http_convrelay_metrics_t  *metrics;

    metrics = location->conf->metrics;

    if (location->conf->tools.list == NULL) {
        return NGX_OK;
    }

    tool = location->conf->tools.list->elts;
    n = location->conf->tools.list->nelts;

    metrics->tools = ngx_palloc(st->pool, n * sizeof(convrelay_metric_t *));
    if (metrics->tools == NULL) {
        return NGX_ERROR;
    }

    name = &location->location->name;

    for (i = 0; i < n; i++) {
        index = 0;

        if (block) {
            ngx_http_convrelay_status_id(&id, &location->server->server_name,
                                         name, &tool[i].name);

            index = convrelay_metric_store_tool(st->store, &id);
        }

        metrics->tools[i] = st->store->tools[index].words;

        if (index == 0) {
            st->tool_overflow++;
            continue;
        }

        st->tools[index].name = tool[i].name;
        st->tools[index].block = block;
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_status_id(convrelay_metric_id_t *id, ngx_str_t *server,
    ngx_str_t *location, ngx_str_t *part)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, server->data, server->len);
    ngx_sha1_update(&sha1, "\0", 1);
    ngx_sha1_update(&sha1, location->data, location->len);

    if (part) {
        ngx_sha1_update(&sha1, "\0", 1);
        ngx_sha1_update(&sha1, part->data, part->len);
    }

    ngx_sha1_final(digest, &sha1);

    ngx_memcpy(id, digest, sizeof(convrelay_metric_id_t));
}


/* a failed reload does not get here, so the new configuration is in use */

void
ngx_http_convrelay_status_init_module(ngx_cycle_t *cycle)
{
    ngx_shm_zone_t               *old;
    ngx_http_convrelay_status_t  *st;

    old = ngx_http_convrelay_shared_find(cycle->old_cycle,
                                         &ngx_http_convrelay_status_name);

    if (old) {
        st = old->data;

        /* without a master process it is set */

        if (st->tick.timer_set) {
            ngx_del_timer(&st->tick);
        }
    }

    st = ngx_http_convrelay_status_of(cycle);

    if (st) {
        st->store->current = st->main->generation;

    } else if (old) {
        ngx_http_convrelay_shared_replaced(cycle, old);
    }
}


ngx_int_t
ngx_http_convrelay_status_init_process(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_status_t  *st;

    st = ngx_http_convrelay_status_of(cycle);

    if (st == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    st->tick.handler = ngx_http_convrelay_status_tick_handler;
    st->tick.data = st;
    st->tick.log = cycle->log;
    st->tick.cancelable = 1;

    ngx_add_timer(&st->tick, CONVRELAY_METRIC_SLOT_TIME);

    return NGX_OK;
}


static ngx_http_convrelay_status_t *
ngx_http_convrelay_status_of(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    return (mcf && mcf->status) ? mcf->status->data : NULL;
}


/*
 * Every worker has this timer; the first one to fire does the work.  A worker
 * that is shutting down leaves it to the new workers: their configuration may
 * have another zone, and nobody may read the old one any more.
 */

static void
ngx_http_convrelay_status_tick_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_status_t  *st;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    st = ev->data;

    if (convrelay_metric_store_due(st->store, ngx_current_msec)) {
        convrelay_metric_store_tick(st->store, ngx_current_msec,
                                    ngx_http_convrelay_zone_calls(st->main,
                                                                  NULL, NULL));
    }

    ngx_add_timer(ev, CONVRELAY_METRIC_SLOT_TIME);
}
