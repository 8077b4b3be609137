
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_store_parts.h"


#define CONVRELAY_STORE_MAGIC  0x43525401     /* the last byte: version */

/* of the layout, which may differ in other versions */

#define CONVRELAY_STORE_LAYOUT                                               \
    (uint32_t) (sizeof(convrelay_store_t) << 20                              \
                | sizeof(convrelay_store_record_t) << 11                     \
                | sizeof(convrelay_store_piece_t))

#define CONVRELAY_STORE_RUNS   32             /* of 2^i records each */


static uint64_t convrelay_store_need(size_t len);
static int convrelay_store_make_room(convrelay_store_t *store, uint64_t need,
    uint64_t now);
static uint32_t convrelay_store_lookup(convrelay_store_t *store,
    const convrelay_store_key_t *key);
static void convrelay_store_drop(convrelay_store_t *store, uint32_t pos);

static uint32_t convrelay_store_take_record(convrelay_store_t *store);
static uint32_t convrelay_store_take_piece(convrelay_store_t *store);
static void convrelay_store_give(convrelay_store_t *store, uint32_t pos);
static void convrelay_store_link(convrelay_store_t *store, uint32_t pos);
static void convrelay_store_unlink(convrelay_store_t *store, uint32_t pos);
static void convrelay_store_append(convrelay_store_t *store, uint32_t pos);
static void convrelay_store_detach(convrelay_store_t *store, uint32_t pos);

static void convrelay_store_rebuild_records(convrelay_store_t *store);
static void convrelay_store_rebuild_pieces(convrelay_store_t *store);
static uint32_t convrelay_store_sort(convrelay_store_t *store, uint32_t list);
static uint32_t convrelay_store_merge(convrelay_store_t *store, uint32_t a,
    uint32_t b);

static void convrelay_store_begin(convrelay_store_t *store);
static void convrelay_store_end(convrelay_store_t *store);
static void convrelay_store_set(uint32_t *p, uint32_t value);

static uint32_t *convrelay_store_bucket(const convrelay_store_t *store,
    const convrelay_store_key_t *key);


size_t
convrelay_store_capacity(size_t size)
{
    size_t  n;

    if (size < sizeof(convrelay_store_t)) {
        return 0;
    }

    /* as many records as pieces, since each record has one; and buckets */

    n = (size - sizeof(convrelay_store_t))
        / (sizeof(convrelay_store_record_t) + sizeof(convrelay_store_piece_t)
           + sizeof(uint64_t));

    return (n < UINT32_MAX) ? n : UINT32_MAX - 1;
}


convrelay_store_t *
convrelay_store_create(void *mem, size_t size)
{
    size_t              n;
    convrelay_store_t  *store = mem;

    n = convrelay_store_capacity(size);

    if (n == 0) {
        return NULL;
    }

    memset(store, 0, sizeof(convrelay_store_t));

    store->layout = CONVRELAY_STORE_LAYOUT;
    store->size = size;
    store->n = n;

    memset(convrelay_store_bucket(store, NULL), 0, n * sizeof(uint32_t));

    convrelay_store_set(&store->magic, CONVRELAY_STORE_MAGIC);

    return store;
}


convrelay_store_t *
convrelay_store_open(void *mem, size_t size)
{
    convrelay_store_t  *store = mem;

    if (store == NULL
        || size < sizeof(convrelay_store_t)
        || store->magic != CONVRELAY_STORE_MAGIC
        || store->layout != CONVRELAY_STORE_LAYOUT
        || store->size > size
        || store->n != convrelay_store_capacity(store->size))
    {
        return NULL;
    }

    return store;
}


int
convrelay_store_repair(convrelay_store_t *store)
{
    if (!store->changing) {
        return CONVRELAY_OK;
    }

    /*
     * Of what is always correct, this changes only one thing: of two records
     * with one key the older one is freed, so it may be interrupted as well.
     */

    convrelay_store_rebuild_records(store);
    convrelay_store_rebuild_pieces(store);

    convrelay_store_end(store);

    return CONVRELAY_DONE;
}


static void
convrelay_store_rebuild_records(convrelay_store_t *store)
{
    uint32_t                   pos, list, next;
    convrelay_store_record_t  *record;

    memset(convrelay_store_bucket(store, NULL), 0,
           store->n * sizeof(uint32_t));

    store->free_record = 0;
    store->nlive = 0;
    store->oldest = 0;
    store->newest = 0;

    list = 0;

    for (pos = 1; pos <= store->top_record; pos++) {

        record = convrelay_store_record(store, pos);

        if (record->state == CONVRELAY_STORE_FREE) {
            record->next = store->free_record;
            store->free_record = pos;

        } else if (record->state == CONVRELAY_STORE_LIVE) {
            record->newer = list;
            list = pos;

            /* a kill may leave the store's own too low: no later write may
               have the same one */

            if (store->serial < record->serial) {
                store->serial = record->serial;
            }
        }
    }

    for (pos = convrelay_store_sort(store, list); pos; pos = next) {

        next = convrelay_store_record(store, pos)->newer;

        list = convrelay_store_lookup(store,
                                    &convrelay_store_record(store, pos)->key);

        if (list) {
            record = convrelay_store_record(store, list);

            convrelay_store_set(&record->state, CONVRELAY_STORE_FREE);

            convrelay_store_unlink(store, list);
            convrelay_store_detach(store, list);

            record->next = store->free_record;
            store->free_record = list;
        }

        convrelay_store_link(store, pos);
        convrelay_store_append(store, pos);
    }
}


static void
convrelay_store_rebuild_pieces(convrelay_store_t *store)
{
    uint32_t                   pos, i;
    uint64_t                   n;
    convrelay_store_piece_t   *piece;
    convrelay_store_record_t  *record;

    store->free_piece = 0;
    store->nfree = 0;
    store->ndraft = 0;

    for (pos = 1; pos <= store->top_piece; pos++) {
        convrelay_store_piece(store, pos)->used = 0;
    }

    for (pos = 1; pos <= store->top_record; pos++) {

        record = convrelay_store_record(store, pos);

        if (record->state == CONVRELAY_STORE_FREE) {
            continue;
        }

        i = record->first;
        n = convrelay_store_need(record->len);

        if (record->state == CONVRELAY_STORE_DRAFT) {
            store->ndraft += n;
        }

        for ( /* void */ ; n; n--) {
            piece = convrelay_store_piece(store, i);
            piece->used = 1;
            i = piece->next;
        }
    }

    for (pos = 1; pos <= store->top_piece; pos++) {

        piece = convrelay_store_piece(store, pos);

        if (!piece->used) {
            memset(piece->data, 0, CONVRELAY_STORE_PIECE);
            piece->next = store->free_piece;
            store->free_piece = pos;
            store->nfree++;
        }
    }
}


/* sorts a list, linked by "newer", by its serials; returns its first record */

static uint32_t
convrelay_store_sort(convrelay_store_t *store, uint32_t list)
{
    uint32_t  i, pos, runs[CONVRELAY_STORE_RUNS];

    memset(runs, 0, sizeof(runs));

    while (list) {
        pos = list;
        list = convrelay_store_record(store, pos)->newer;
        convrelay_store_record(store, pos)->newer = 0;

        for (i = 0; i < CONVRELAY_STORE_RUNS - 1 && runs[i]; i++) {
            pos = convrelay_store_merge(store, runs[i], pos);
            runs[i] = 0;
        }

        runs[i] = convrelay_store_merge(store, runs[i], pos);
    }

    pos = 0;

    for (i = 0; i < CONVRELAY_STORE_RUNS; i++) {
        pos = convrelay_store_merge(store, pos, runs[i]);
    }

    return pos;
}


static uint32_t
convrelay_store_merge(convrelay_store_t *store, uint32_t a, uint32_t b)
{
    uint32_t   first, *p;

    p = &first;

    while (a && b) {

        if (convrelay_store_record(store, a)->serial
            < convrelay_store_record(store, b)->serial)
        {
            *p = a;
            p = &convrelay_store_record(store, a)->newer;
            a = *p;

        } else {
            *p = b;
            p = &convrelay_store_record(store, b)->newer;
            b = *p;
        }
    }

    *p = a ? a : b;

    return first;
}


int
convrelay_store_reserve(convrelay_store_t *store, size_t len, pid_t pid,
    uint64_t now, uint32_t *draft)
{
    uint32_t                   pos, *p;
    uint64_t                   n, need;
    convrelay_store_record_t  *record;

    need = convrelay_store_need(len);

    convrelay_store_begin(store);

    if (convrelay_store_make_room(store, need, now) != CONVRELAY_OK) {
        convrelay_store_end(store);
        return CONVRELAY_DECLINED;
    }

    pos = convrelay_store_take_record(store);
    record = convrelay_store_record(store, pos);

    record->len = len;
    record->pid = pid;

    p = &record->first;

    for (n = need; n; n--) {
        *p = convrelay_store_take_piece(store);
        p = &convrelay_store_piece(store, *p)->next;
    }

    *p = 0;

    convrelay_store_set(&record->state, CONVRELAY_STORE_DRAFT);

    store->ndraft += need;

    convrelay_store_end(store);

    *draft = pos;

    return CONVRELAY_OK;
}


/* frees pieces until there are so many; drafts are left alone */

static int
convrelay_store_make_room(convrelay_store_t *store, uint64_t need,
    uint64_t now)
{
    convrelay_store_record_t  *record;

    if (need > store->n - store->ndraft) {
        return CONVRELAY_DECLINED;
    }

    while (convrelay_store_room(store) < need) {

        record = convrelay_store_record(store, store->oldest);

        if (record->expires > now) {
            store->evicted++;
        }

        store->evicted_serial = record->serial;

        convrelay_store_drop(store, store->oldest);
    }

    return CONVRELAY_OK;
}


void
convrelay_store_fill(convrelay_store_t *store, uint32_t draft,
    const u_char *data)
{
    size_t                     n;
    uint32_t                   pos;
    uint64_t                   len;
    convrelay_store_piece_t   *piece;
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, draft);
    pos = record->first;

    for (len = record->len; len; len -= n) {

        piece = convrelay_store_piece(store, pos);
        n = (len < CONVRELAY_STORE_PIECE) ? len : CONVRELAY_STORE_PIECE;

        memcpy(piece->data, data, n);

        data += n;
        pos = piece->next;
    }
}


void
convrelay_store_commit(convrelay_store_t *store, uint32_t draft,
    const convrelay_store_key_t *key, uint64_t expires)
{
    uint32_t                   old;
    convrelay_store_record_t  *record;

    convrelay_store_begin(store);

    old = convrelay_store_lookup(store, key);
    record = convrelay_store_record(store, draft);

    store->serial++;

    record->key = *key;
    record->serial = store->serial;
    record->expires = expires;

    convrelay_store_set(&record->state, CONVRELAY_STORE_LIVE);

    store->ndraft -= convrelay_store_need(record->len);

    /* a kill here leaves two: the one with the higher serial counts */

    if (old) {
        convrelay_store_drop(store, old);
    }

    convrelay_store_link(store, draft);
    convrelay_store_append(store, draft);

    convrelay_store_end(store);
}


void
convrelay_store_discard(convrelay_store_t *store, uint32_t draft)
{
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, draft);

    convrelay_store_begin(store);

    convrelay_store_set(&record->state, CONVRELAY_STORE_FREE);

    store->ndraft -= convrelay_store_need(record->len);

    convrelay_store_give(store, draft);

    convrelay_store_end(store);
}


int
convrelay_store_commit_mine(convrelay_store_t *store, uint32_t draft,
    const convrelay_store_key_t *key, uint64_t serial, uint64_t expired,
    uint64_t now, uint64_t expires)
{
    if (!convrelay_store_mine(store, key, serial, expired, now)) {
        convrelay_store_discard(store, draft);
        return CONVRELAY_DECLINED;
    }

    convrelay_store_commit(store, draft, key, expires);

    return CONVRELAY_OK;
}


int
convrelay_store_touch(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, uint64_t expires)
{
    uint32_t                   pos;
    convrelay_store_record_t  *record;

    pos = convrelay_store_find(store, key, now);

    if (pos == 0) {
        return CONVRELAY_DECLINED;
    }

    convrelay_store_begin(store);

    record = convrelay_store_record(store, pos);

    store->serial++;

    record->expires = expires;
    record->serial = store->serial;

    convrelay_store_detach(store, pos);
    convrelay_store_append(store, pos);

    convrelay_store_end(store);

    return CONVRELAY_OK;
}


int
convrelay_store_remove(convrelay_store_t *store,
    const convrelay_store_key_t *key)
{
    uint32_t  pos;

    pos = convrelay_store_lookup(store, key);

    if (pos == 0) {
        return CONVRELAY_DECLINED;
    }

    convrelay_store_begin(store);
    convrelay_store_drop(store, pos);
    convrelay_store_end(store);

    return CONVRELAY_OK;
}


int
convrelay_store_expire(convrelay_store_t *store, uint64_t now,
    convrelay_store_key_t *key)
{
    convrelay_store_record_t  *record;

    if (store->oldest == 0) {
        return CONVRELAY_DECLINED;
    }

    record = convrelay_store_record(store, store->oldest);

    if (record->expires > now) {
        return CONVRELAY_DECLINED;
    }

    *key = record->key;

    convrelay_store_begin(store);
    convrelay_store_drop(store, store->oldest);
    convrelay_store_end(store);

    return CONVRELAY_OK;
}


int
convrelay_store_sweep(convrelay_store_t *store, uint64_t now,
    uint32_t *cursor, convrelay_store_key_t *key)
{
    uint32_t                   steps;
    convrelay_store_record_t  *record;

    for (steps = 0; *cursor < store->top_record; steps++) {

        if (steps == CONVRELAY_STORE_STEPS) {
            return CONVRELAY_AGAIN;
        }

        record = convrelay_store_record(store, ++*cursor);

        if (record->state == CONVRELAY_STORE_LIVE && record->expires <= now) {
            *key = record->key;

            convrelay_store_begin(store);
            convrelay_store_drop(store, *cursor);
            convrelay_store_end(store);

            return CONVRELAY_OK;
        }
    }

    *cursor = 0;

    return CONVRELAY_DECLINED;
}


uint32_t
convrelay_store_reap(convrelay_store_t *store, convrelay_store_alive_pt alive)
{
    uint32_t                   n, pos;
    convrelay_store_record_t  *record;

    n = 0;

    for (pos = 1; pos <= store->top_record; pos++) {

        record = convrelay_store_record(store, pos);

        if (record->state == CONVRELAY_STORE_DRAFT && !alive(record->pid)) {
            convrelay_store_discard(store, pos);
            n++;
        }
    }

    return n;
}


/* pieces: an empty text has one as well */

static uint64_t
convrelay_store_need(size_t len)
{
    return len ? (len - 1) / CONVRELAY_STORE_PIECE + 1 : 1;
}


uint64_t
convrelay_store_room(const convrelay_store_t *store)
{
    return (uint64_t) store->nfree + store->n - store->top_piece;
}


/* a live record that has not expired, or 0 */

uint32_t
convrelay_store_find(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now)
{
    uint32_t  pos;

    pos = convrelay_store_lookup(store, key);

    return (pos && convrelay_store_record(store, pos)->expires > now) ? pos : 0;
}


static uint32_t
convrelay_store_lookup(convrelay_store_t *store,
    const convrelay_store_key_t *key)
{
    uint32_t                   pos;
    convrelay_store_record_t  *record;

    for (pos = *convrelay_store_bucket(store, key); pos; pos = record->next) {

        record = convrelay_store_record(store, pos);

        if (memcmp(&record->key, key, sizeof(convrelay_store_key_t)) == 0) {
            return pos;
        }
    }

    return 0;
}


/* frees a live record */

static void
convrelay_store_drop(convrelay_store_t *store, uint32_t pos)
{
    convrelay_store_set(&convrelay_store_record(store, pos)->state,
                        CONVRELAY_STORE_FREE);

    convrelay_store_unlink(store, pos);
    convrelay_store_detach(store, pos);
    convrelay_store_give(store, pos);
}


/* never 0: who has a piece for it has a record */

static uint32_t
convrelay_store_take_record(convrelay_store_t *store)
{
    uint32_t  pos;

    pos = store->free_record;

    if (pos) {
        store->free_record = convrelay_store_record(store, pos)->next;
        return pos;
    }

    pos = store->top_record + 1;

    convrelay_store_record(store, pos)->state = CONVRELAY_STORE_FREE;
    convrelay_store_set(&store->top_record, pos);

    return pos;
}


static uint32_t
convrelay_store_take_piece(convrelay_store_t *store)
{
    uint32_t  pos;

    pos = store->free_piece;

    if (pos) {
        store->free_piece = convrelay_store_piece(store, pos)->next;
        store->nfree--;
        return pos;
    }

    pos = store->top_piece + 1;

    convrelay_store_set(&store->top_piece, pos);

    return pos;
}


/* frees a record that has left the index, and its pieces */

static void
convrelay_store_give(convrelay_store_t *store, uint32_t pos)
{
    uint64_t                   n;
    uint32_t                   i, next;
    convrelay_store_piece_t   *piece;
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, pos);
    i = record->first;

    for (n = convrelay_store_need(record->len); n; n--) {

        piece = convrelay_store_piece(store, i);
        next = piece->next;

        memset(piece->data, 0, CONVRELAY_STORE_PIECE);

        piece->next = store->free_piece;
        store->free_piece = i;
        store->nfree++;

        i = next;
    }

    record->next = store->free_record;
    store->free_record = pos;
}


static void
convrelay_store_link(convrelay_store_t *store, uint32_t pos)
{
    uint32_t                  *head;
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, pos);
    head = convrelay_store_bucket(store, &record->key);

    record->next = *head;
    *head = pos;
}


static void
convrelay_store_unlink(convrelay_store_t *store, uint32_t pos)
{
    uint32_t                  *p;
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, pos);
    p = convrelay_store_bucket(store, &record->key);

    while (*p != pos) {
        p = &convrelay_store_record(store, *p)->next;
    }

    *p = record->next;
}


/* makes it the newest one */

static void
convrelay_store_append(convrelay_store_t *store, uint32_t pos)
{
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, pos);

    record->older = store->newest;
    record->newer = 0;

    if (store->newest) {
        convrelay_store_record(store, store->newest)->newer = pos;

    } else {
        store->oldest = pos;
    }

    store->newest = pos;
    store->nlive++;
}


static void
convrelay_store_detach(convrelay_store_t *store, uint32_t pos)
{
    convrelay_store_record_t  *record;

    record = convrelay_store_record(store, pos);

    if (record->older) {
        convrelay_store_record(store, record->older)->newer = record->newer;

    } else {
        store->oldest = record->newer;
    }

    if (record->newer) {
        convrelay_store_record(store, record->newer)->older = record->older;

    } else {
        store->newest = record->older;
    }

    store->nlive--;
}


static void
convrelay_store_begin(convrelay_store_t *store)
{
    convrelay_store_set(&store->changing, 1);
}


static void
convrelay_store_end(convrelay_store_t *store)
{
    convrelay_store_set(&store->changing, 0);
}


/* one store, ordered after all writes above it and before all below it */

static void
convrelay_store_set(uint32_t *p, uint32_t value)
{
    __sync_synchronize();

    *(volatile uint32_t *) p = value;

    __sync_synchronize();
}


/* in the memory: this structure, records, pieces, buckets */

convrelay_store_record_t *
convrelay_store_record(const convrelay_store_t *store, uint32_t pos)
{
    return (convrelay_store_record_t *) (store + 1) + (pos - 1);
}


convrelay_store_piece_t *
convrelay_store_piece(const convrelay_store_t *store, uint32_t pos)
{
    return (convrelay_store_piece_t *)
               ((convrelay_store_record_t *) (store + 1) + store->n)
           + (pos - 1);
}


/* that of a key, or without one the first */

static uint32_t *
convrelay_store_bucket(const convrelay_store_t *store,
    const convrelay_store_key_t *key)
{
    uint32_t  *buckets;

    buckets = (uint32_t *) convrelay_store_piece(store, store->n + 1);

    return key ? &buckets[key->word[0] % store->n] : buckets;
}
