
/*
 * Copyright (C) convrelay contributors
 *
 * The figures are copied once, so that the text and its length agree.  Live
 * calls are not counted when they come and go, but here: the calls of a killed
 * worker do not remain in the count.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_status.h"
#include "ngx_http_convrelay_store.h"
#include "ngx_http_convrelay_zone.h"


typedef struct {
    ngx_http_convrelay_status_t      *st;
    convrelay_metric_location_t     **blocks; /* by index; NULL: not named */
    convrelay_metric_location_t      *other;
    ngx_uint_t                        others; /* calls */
} ngx_http_convrelay_status_calls_t;


/* how LLMs, or tools, are read */

typedef struct {
    ngx_http_convrelay_status_part_t *names;
    ngx_uint_t                        n;      /* blocks */
    ngx_uint_t                        nwords;
    ngx_uint_t                        overflow;       /* 0: all have blocks */
    uint64_t                        (*words)(convrelay_metric_store_t *store,
                                             unsigned block, uint64_t now,
                                             convrelay_metric_t *words,
                                             convrelay_metric_t *recent);
} ngx_http_convrelay_status_read_t;


static ngx_int_t ngx_http_convrelay_status_locations(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report);
static ngx_int_t ngx_http_convrelay_status_llms(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report,
    ngx_http_convrelay_status_calls_t *calls);
static ngx_int_t ngx_http_convrelay_status_tools(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report,
    ngx_http_convrelay_status_calls_t *calls);
static convrelay_metric_part_t *ngx_http_convrelay_status_parts(
    ngx_pool_t *pool, ngx_http_convrelay_status_read_t *read,
    ngx_http_convrelay_status_calls_t *calls, uint64_t now, unsigned *nparts);
static void ngx_http_convrelay_status_call(void *data, uint32_t mark,
    uint32_t until);
static ngx_int_t ngx_http_convrelay_status_zones(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report);
static ngx_int_t ngx_http_convrelay_status_aways(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report);


ngx_int_t
ngx_http_convrelay_status_report(ngx_pool_t *pool,
    ngx_http_convrelay_main_conf_t *mcf, convrelay_metric_report_t *report)
{
    convrelay_metric_slot_t      *slots;
    ngx_http_convrelay_status_t  *st;

    st = mcf->status->data;

    ngx_memzero(report, sizeof(convrelay_metric_report_t));

    report->version = CONVRELAY_VERSION;
    report->nginx = NGINX_VERSION;
    report->now = ngx_current_msec;

    if (ngx_http_convrelay_status_locations(pool, st, report) != NGX_OK
        || ngx_http_convrelay_status_zones(pool, st, report) != NGX_OK
        || ngx_http_convrelay_status_aways(pool, st, report) != NGX_OK)
    {
        return NGX_ERROR;
    }

    slots = ngx_palloc(pool, CONVRELAY_METRIC_SLOTS
                             * sizeof(convrelay_metric_slot_t));
    if (slots == NULL) {
        return NGX_ERROR;
    }

    report->slots = slots;
    report->nslots = convrelay_metric_store_slots(st->store, slots);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_locations(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report)
{
    ngx_uint_t                          i, n;
    convrelay_metric_t                 *words;
    convrelay_metric_location_t        *location;
    ngx_http_convrelay_status_calls_t   calls;

    n = 1;

    for (i = 1; i < CONVRELAY_METRIC_BLOCKS; i++) {
        n += (st->names[i].location.data != NULL);
    }

    location = ngx_pcalloc(pool, n * sizeof(convrelay_metric_location_t));
    words = ngx_pcalloc(pool, 2 * n * CONVRELAY_METRIC_N
                              * sizeof(convrelay_metric_t));
    calls.blocks = ngx_pcalloc(pool, CONVRELAY_METRIC_BLOCKS
                                     * sizeof(convrelay_metric_location_t *));

    if (location == NULL || words == NULL || calls.blocks == NULL) {
        return NGX_ERROR;
    }

    calls.st = st;
    calls.others = 0;
    n = 0;

    /* locations without a block come last, as "other" */

    for (i = 1; i <= CONVRELAY_METRIC_BLOCKS; i++) {

        if (i == CONVRELAY_METRIC_BLOCKS) {
            calls.other = &location[n];
            location[n].call = 1;
            location[n].twiml = 1;
            location[n].action = 1;
            convrelay_str_set(&location[n].location, "other");

        } else if (st->names[i].location.data) {
            calls.blocks[i] = &location[n];
            location[n].server = ngx_http_convrelay_str(&st->names[i].server);
            location[n].location = ngx_http_convrelay_str(
                                                     &st->names[i].location);
            location[n].call = st->names[i].call;
            location[n].twiml = st->names[i].twiml;
            location[n].action = st->names[i].action;

        } else {
            continue;
        }

        report->window = convrelay_metric_store_read(st->store,
                                      i % CONVRELAY_METRIC_BLOCKS, report->now,
                                      words, words + CONVRELAY_METRIC_N);
        location[n].words = words;
        location[n].recent = words + CONVRELAY_METRIC_N;

        words += 2 * CONVRELAY_METRIC_N;
        n++;
    }

    (void) ngx_http_convrelay_zone_calls(st->main,
                                         ngx_http_convrelay_status_call,
                                         &calls);

    report->locations = location;
    report->nlocations = (st->overflow || calls.others || st->llm_overflow
                          || st->tool_overflow)
                         ? n : n - 1;

    if (ngx_http_convrelay_status_llms(pool, st, report, &calls) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_status_tools(pool, st, report, &calls);
}


static ngx_int_t
ngx_http_convrelay_status_llms(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report,
    ngx_http_convrelay_status_calls_t *calls)
{
    ngx_uint_t                         i, n;
    convrelay_metric_part_t           *llm;
    ngx_http_convrelay_status_read_t   read;
    convrelay_metric_location_t       *location;

    read.names = st->llms;
    read.n = CONVRELAY_METRIC_LLMS;
    read.nwords = CONVRELAY_METRIC_LLM_N;
    read.overflow = st->overflow + st->llm_overflow;
    read.words = convrelay_metric_store_read_llm;

    llm = ngx_http_convrelay_status_parts(pool, &read, calls, report->now,
                                          &report->nllms);
    if (llm == NULL) {
        return NGX_ERROR;
    }

    report->llms = llm;

    for (i = 0; i < report->nllms; i++) {
        location = (convrelay_metric_location_t *) llm[i].location;

        for (n = 0; n < CONVRELAY_METRIC_LLM_N; n++) {
            location->words[CONVRELAY_METRIC_LLM + n] += llm[i].words[n];
            location->recent[CONVRELAY_METRIC_LLM + n] += llm[i].recent[n];
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_tools(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report,
    ngx_http_convrelay_status_calls_t *calls)
{
    ngx_http_convrelay_status_read_t  read;

    read.names = st->tools;
    read.n = CONVRELAY_METRIC_TOOLS;
    read.nwords = CONVRELAY_METRIC_TOOL_N;
    read.overflow = st->tool_overflow;
    read.words = convrelay_metric_store_read_tool;

    report->tools = ngx_http_convrelay_status_parts(pool, &read, calls,
                                                    report->now,
                                                    &report->ntools);

    return report->tools ? NGX_OK : NGX_ERROR;
}


/* the LLMs or tools that have a name; those without a block are one, the last;
   NULL: no memory */

static convrelay_metric_part_t *
ngx_http_convrelay_status_parts(ngx_pool_t *pool,
    ngx_http_convrelay_status_read_t *read,
    ngx_http_convrelay_status_calls_t *calls, uint64_t now, unsigned *nparts)
{
    ngx_uint_t                i, n;
    convrelay_metric_t       *words;
    convrelay_metric_part_t  *parts, *part;

    n = (read->overflow != 0);

    for (i = 1; i < read->n; i++) {
        n += (read->names[i].block != 0);
    }

    parts = ngx_pcalloc(pool, (n + 1) * sizeof(convrelay_metric_part_t));
    words = ngx_palloc(pool, (2 * n * read->nwords + 1)
                             * sizeof(convrelay_metric_t));

    if (parts == NULL || words == NULL) {
        return NULL;
    }

    part = parts;

    for (i = 1; i <= read->n; i++) {

        if (i == read->n) {

            if (read->overflow == 0) {
                break;
            }

            part->location = calls->other;
            convrelay_str_set(&part->name, "other");

        } else if (read->names[i].block) {
            part->location = calls->blocks[read->names[i].block];
            part->name = ngx_http_convrelay_str(&read->names[i].name);

        } else {
            continue;
        }

        (void) read->words(calls->st->store, i % read->n, now, words,
                           words + read->nwords);
        part->words = words;
        part->recent = words + read->nwords;

        words += 2 * read->nwords;
        part++;
    }

    *nparts = n;

    return parts;
}


/* calls of a location that the configuration no longer has go to "other" */

static void
ngx_http_convrelay_status_call(void *data, uint32_t mark, uint32_t until)
{
    ngx_http_convrelay_status_calls_t *calls = data;

    ngx_uint_t                    state, block, worker;
    convrelay_metric_location_t  *location;

    block = ngx_http_convrelay_mark_block(mark);
    state = ngx_http_convrelay_mark_state(mark);

    location = (block < CONVRELAY_METRIC_BLOCKS) ? calls->blocks[block] : NULL;

    if (location == NULL) {
        location = calls->other;
        calls->others++;
    }

    if (state >= CONVRELAY_METRIC_STATES) {
        return;
    }

    if (state == CONVRELAY_METRIC_SPEAKING
        && (int32_t) (until - (uint32_t) ngx_current_msec) <= 0)
    {
        state = CONVRELAY_METRIC_LISTENING;
    }

    worker = (ngx_http_convrelay_mark_generation(mark)
              == (calls->st->store->current & 0xffff))
             ? CONVRELAY_METRIC_ACTIVE : CONVRELAY_METRIC_DRAINING;

    location->calls[state][worker]++;
}


static ngx_int_t
ngx_http_convrelay_status_zones(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report)
{
    ngx_str_t                 name;
    ngx_uint_t                i;
    convrelay_store_stat_t    stat;
    convrelay_metric_zone_t  *zone;

    zone = ngx_pcalloc(pool, 3 * sizeof(convrelay_metric_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_zone_bytes(st->main, &zone[0].size, &zone[0].used);

    if (ngx_http_convrelay_status_shown(pool, &st->main->zone->shm.name,
                                        &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone[0].name = ngx_http_convrelay_str(&name);

    zone[1].name = ngx_http_convrelay_str(&st->main->status->shm.name);
    zone[1].size = sizeof(convrelay_metric_store_t);
    zone[1].used = zone[1].size
                   - CONVRELAY_METRIC_BLOCKS * sizeof(convrelay_metric_block_t)
                   - CONVRELAY_METRIC_LLMS
                     * sizeof(convrelay_metric_llm_block_t)
                   - CONVRELAY_METRIC_TOOLS
                     * sizeof(convrelay_metric_tool_block_t);

    for (i = 0; i < CONVRELAY_METRIC_BLOCKS; i++) {

        if (st->store->blocks[i].owner.used) {
            zone[1].used += sizeof(convrelay_metric_block_t);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_LLMS; i++) {

        if (st->store->llms[i].owner.used) {
            zone[1].used += sizeof(convrelay_metric_llm_block_t);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_TOOLS; i++) {

        if (st->store->tools[i].owner.used) {
            zone[1].used += sizeof(convrelay_metric_tool_block_t);
        }
    }

    report->zones = zone;
    report->nzones = 2;

    if (ngx_http_convrelay_store_figures(st->main, &stat) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_http_convrelay_status_shown(pool, &st->main->store->shm.name,
                                        &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone[2].name = ngx_http_convrelay_str(&name);
    zone[2].size = stat.size;
    zone[2].used = stat.used;

    report->nzones = 3;

    report->has_store = 1;
    report->records = stat.records;
    report->evicted = stat.evicted;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_aways(ngx_pool_t *pool,
    ngx_http_convrelay_status_t *st, convrelay_metric_report_t *report)
{
    ngx_str_t                          server, uri;
    ngx_uint_t                         i, n;
    convrelay_metric_away_t           *away;
    ngx_http_convrelay_away_t         *first;
    ngx_http_core_srv_conf_t          *cscf;
    ngx_http_convrelay_away_store_t  **store;
    ngx_http_convrelay_shared_known_t  known;

    if (st->main->aways == NULL) {
        return NGX_OK;
    }

    n = st->main->aways->stores.nelts;
    store = st->main->aways->stores.elts;
    known.n = 0;

    away = ngx_pcalloc(pool, n * sizeof(convrelay_metric_away_t));
    if (away == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        first = store[i]->first;
        cscf = first->ctx->srv_conf[ngx_http_core_module.ctx_index];

        if (ngx_http_convrelay_status_shown(pool, &cscf->server_name, &server)
            != NGX_OK
            || ngx_http_convrelay_status_shown(pool, &first->conf->store.uri,
                                               &uri)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        away[i].server = ngx_http_convrelay_str(&server);
        away[i].uri = ngx_http_convrelay_str(&uri);

        away[i].pending = ngx_http_convrelay_away_pending(store[i], &known);

        away[i].out[CONVRELAY_METRIC_AWAY_READ] =
              ngx_http_convrelay_away_out(store[i], CONVRELAY_OUTAGE_READ);
        away[i].out[CONVRELAY_METRIC_AWAY_WRITE] =
              ngx_http_convrelay_away_out(store[i], CONVRELAY_OUTAGE_WRITE);
    }

    report->aways = away;
    report->naways = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_status_shown(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *shown)
{
    convrelay_str_t  str;

    str = ngx_http_convrelay_str(name);

    shown->len = convrelay_metric_printable(NULL, &str);
    shown->data = ngx_pnalloc(pool, shown->len + 1);
    if (shown->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_metric_printable(shown->data, &str);

    return NGX_OK;
}
