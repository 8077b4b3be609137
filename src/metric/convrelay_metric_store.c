
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_metric_store.h"


#define CONVRELAY_METRIC_MAGIC   0x63726d74


static uint32_t convrelay_metric_layout(void);
static uint32_t convrelay_metric_hash(uint32_t hash, const char *text);
static unsigned convrelay_metric_find(convrelay_metric_store_t *store,
    void *blocks, size_t size, unsigned n, const convrelay_metric_id_t *id);
static void convrelay_metric_copy(convrelay_metric_t *to,
    convrelay_metric_t *from, unsigned n);
static uint64_t convrelay_metric_since(convrelay_metric_store_t *store,
    uint64_t now, convrelay_metric_t *words,
    convrelay_metric_t *copies, convrelay_metric_t *to,
    convrelay_metric_t *recent, unsigned n);
static void convrelay_metric_store_copies(convrelay_metric_store_t *store,
    uint64_t now);


convrelay_metric_store_t *
convrelay_metric_store_create(void *mem, uint64_t now)
{
    convrelay_metric_store_t  *store = mem;

    memset(store, 0, sizeof(convrelay_metric_store_t));

    store->layout = convrelay_metric_layout();
    store->size = sizeof(convrelay_metric_store_t);
    store->copied[0] = now;
    store->copied[1] = now;
    store->due = now;
    store->blocks[0].owner.used = 1;
    store->llms[0].owner.used = 1;
    store->tools[0].owner.used = 1;
    store->magic = CONVRELAY_METRIC_MAGIC;

    return store;
}


convrelay_metric_store_t *
convrelay_metric_store_open(void *mem, size_t size)
{
    convrelay_metric_store_t  *store = mem;

    if (store == NULL
        || size < sizeof(convrelay_metric_store_t)
        || store->magic != CONVRELAY_METRIC_MAGIC
        || store->size != sizeof(convrelay_metric_store_t)
        || store->layout != convrelay_metric_layout())
    {
        return NULL;
    }

    return store;
}


/* a hash of the meaning of a block's words */

static uint32_t
convrelay_metric_layout(void)
{
    uint32_t                        hash;
    const convrelay_metric_line_t  *line;

    hash = 5381;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        hash = convrelay_metric_hash(hash, line->name);
        hash = convrelay_metric_hash(hash, line->value);
        hash = convrelay_metric_hash(hash, line->kind);
    }

    return hash;
}


static uint32_t
convrelay_metric_hash(uint32_t hash, const char *text)
{
    while (text && *text) {
        hash = hash * 33 + (u_char) *text++;
    }

    return hash * 33;
}


uint32_t
convrelay_metric_store_begin(convrelay_metric_store_t *store)
{
    return ++store->generation;
}


unsigned
convrelay_metric_store_block(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id)
{
    return convrelay_metric_find(store, store->blocks,
                                 sizeof(convrelay_metric_block_t),
                                 CONVRELAY_METRIC_BLOCKS, id);
}


unsigned
convrelay_metric_store_llm(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id)
{
    return convrelay_metric_find(store, store->llms,
                                 sizeof(convrelay_metric_llm_block_t),
                                 CONVRELAY_METRIC_LLMS, id);
}


unsigned
convrelay_metric_store_tool(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id)
{
    return convrelay_metric_find(store, store->tools,
                                 sizeof(convrelay_metric_tool_block_t),
                                 CONVRELAY_METRIC_TOOLS, id);
}


/* of n blocks of this size, each of which begins with its owner */

static unsigned
convrelay_metric_find(convrelay_metric_store_t *store, void *blocks,
    size_t size, unsigned n, const convrelay_metric_id_t *id)
{
    unsigned                   i, unused, oldest;
    uint32_t                   generation;
    convrelay_metric_owner_t  *owner;

    unused = 0;
    oldest = 0;
    generation = 0;

    for (i = 1; i < n; i++) {

        owner = (convrelay_metric_owner_t *) ((u_char *) blocks + i * size);

        if (!owner->used) {
            unused = unused ? unused : i;
            continue;
        }

        if (memcmp(&owner->id, id, sizeof(convrelay_metric_id_t)) == 0) {
            owner->generation = store->generation;
            return i;
        }

        if (store->generation - owner->generation > 1
            && (oldest == 0 || owner->generation < generation))
        {
            oldest = i;
            generation = owner->generation;
        }
    }

    i = unused ? unused : oldest;

    if (i) {
        owner = (convrelay_metric_owner_t *) ((u_char *) blocks + i * size);

        memset(owner, 0, size);

        owner->id = *id;
        owner->generation = store->generation;
        owner->used = 1;
    }

    return i;
}


int
convrelay_metric_store_due(convrelay_metric_store_t *store, uint64_t now)
{
    uint64_t  due;

    due = __atomic_load_n(&store->due, __ATOMIC_RELAXED);

    return now >= due
           && __atomic_compare_exchange_n(&store->due, &due,
                                          now + CONVRELAY_METRIC_SLOT_TIME, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}


void
convrelay_metric_store_tick(convrelay_metric_store_t *store, uint64_t now,
    uint64_t calls)
{
    unsigned                  i, n;
    convrelay_metric_slot_t  *slot;

    slot = &store->slots[store->nslots % CONVRELAY_METRIC_SLOTS];

    __atomic_store_n(&slot->at, 0, __ATOMIC_RELEASE);

    slot->calls = calls;
    memset(slot->words, 0, sizeof(slot->words));

    for (i = 0; i < CONVRELAY_METRIC_BLOCKS; i++) {

        if (!store->blocks[i].owner.used) {
            continue;
        }

        for (n = 0; n < CONVRELAY_METRIC_LLM; n++) {
            slot->words[n] += __atomic_load_n(&store->blocks[i].words[n],
                                              __ATOMIC_RELAXED);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_LLMS; i++) {

        if (!store->llms[i].owner.used) {
            continue;
        }

        for (n = 0; n < CONVRELAY_METRIC_LLM_N; n++) {
            slot->words[CONVRELAY_METRIC_LLM + n] +=
                                   __atomic_load_n(&store->llms[i].words[n],
                                                   __ATOMIC_RELAXED);
        }
    }

    __atomic_store_n(&slot->at, now, __ATOMIC_RELEASE);
    __atomic_store_n(&store->nslots, store->nslots + 1, __ATOMIC_RELEASE);

    if (now - store->copied[store->newest] >= CONVRELAY_METRIC_COPY_TIME) {
        convrelay_metric_store_copies(store, now);
    }
}


/* the older copy becomes the newest */

static void
convrelay_metric_store_copies(convrelay_metric_store_t *store, uint64_t now)
{
    unsigned  i, copy;

    copy = !store->newest;

    for (i = 0; i < CONVRELAY_METRIC_BLOCKS; i++) {

        if (store->blocks[i].owner.used) {
            convrelay_metric_copy(store->blocks[i].copies[copy],
                                  store->blocks[i].words, CONVRELAY_METRIC_LLM);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_LLMS; i++) {

        if (store->llms[i].owner.used) {
            convrelay_metric_copy(store->llms[i].copies[copy],
                                  store->llms[i].words,
                                  CONVRELAY_METRIC_LLM_N);
        }
    }

    for (i = 0; i < CONVRELAY_METRIC_TOOLS; i++) {

        if (store->tools[i].owner.used) {
            convrelay_metric_copy(store->tools[i].copies[copy],
                                  store->tools[i].words,
                                  CONVRELAY_METRIC_TOOL_N);
        }
    }

    store->copied[copy] = now;
    __atomic_store_n(&store->newest, copy, __ATOMIC_RELEASE);
}


static void
convrelay_metric_copy(convrelay_metric_t *to, convrelay_metric_t *from,
    unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    }
}


uint64_t
convrelay_metric_store_read(convrelay_metric_store_t *store, unsigned block,
    uint64_t now, convrelay_metric_t *words, convrelay_metric_t *recent)
{
    convrelay_metric_block_t  *b;

    b = &store->blocks[block];

    return convrelay_metric_since(store, now, b->words, b->copies[0], words,
                                  recent, CONVRELAY_METRIC_LLM);
}


uint64_t
convrelay_metric_store_read_llm(convrelay_metric_store_t *store, unsigned llm,
    uint64_t now, convrelay_metric_t *words, convrelay_metric_t *recent)
{
    convrelay_metric_llm_block_t  *b;

    b = &store->llms[llm];

    return convrelay_metric_since(store, now, b->words, b->copies[0], words,
                                  recent, CONVRELAY_METRIC_LLM_N);
}


uint64_t
convrelay_metric_store_read_tool(convrelay_metric_store_t *store,
    unsigned tool, uint64_t now, convrelay_metric_t *words,
    convrelay_metric_t *recent)
{
    convrelay_metric_tool_block_t  *b;

    b = &store->tools[tool];

    return convrelay_metric_since(store, now, b->words, b->copies[0], words,
                                  recent, CONVRELAY_METRIC_TOOL_N);
}


/* the copy, of two, is read first: it is never more than the word */

static uint64_t
convrelay_metric_since(convrelay_metric_store_t *store, uint64_t now,
    convrelay_metric_t *words, convrelay_metric_t *copies,
    convrelay_metric_t *to, convrelay_metric_t *recent, unsigned n)
{
    unsigned  i, copy;

    copy = !__atomic_load_n(&store->newest, __ATOMIC_ACQUIRE);

    convrelay_metric_copy(recent, copies + copy * n, n);
    convrelay_metric_copy(to, words, n);

    for (i = 0; i < n; i++) {
        recent[i] = to[i] - recent[i];
    }

    return now - store->copied[copy];
}


unsigned
convrelay_metric_store_slots(convrelay_metric_store_t *store,
    convrelay_metric_slot_t *slots)
{
    unsigned                  i, n, nslots, first;
    convrelay_metric_slot_t  *slot;

    n = 0;
    nslots = __atomic_load_n(&store->nslots, __ATOMIC_ACQUIRE);

    first = (nslots > CONVRELAY_METRIC_SLOTS)
            ? nslots - CONVRELAY_METRIC_SLOTS : 0;

    for (i = first; i < nslots; i++) {

        slot = &store->slots[i % CONVRELAY_METRIC_SLOTS];
        slots[n] = *slot;

        if (slots[n].at
            && __atomic_load_n(&slot->at, __ATOMIC_ACQUIRE) == slots[n].at)
        {
            n++;
        }
    }

    return n;
}
