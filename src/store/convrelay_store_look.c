
/*
 * Copyright (C) convrelay contributors
 *
 * What is in the store, without a change of its index.
 */


#include "convrelay_store_parts.h"


static convrelay_store_piece_t *convrelay_store_first(
    convrelay_store_t *store, const convrelay_store_key_t *key, uint64_t now,
    size_t len);


int
convrelay_store_read(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, u_char *p, size_t size,
    size_t *len)
{
    size_t                     n;
    uint32_t                   pos;
    uint64_t                   left;
    convrelay_store_piece_t   *piece;
    convrelay_store_record_t  *record;

    pos = convrelay_store_find(store, key, now);

    if (pos == 0) {
        return CONVRELAY_DECLINED;
    }

    record = convrelay_store_record(store, pos);
    *len = record->len;

    if (record->len > size) {
        return CONVRELAY_AGAIN;
    }

    pos = record->first;

    for (left = record->len; left; left -= n) {

        piece = convrelay_store_piece(store, pos);
        n = (left < CONVRELAY_STORE_PIECE) ? left : CONVRELAY_STORE_PIECE;

        memcpy(p, piece->data, n);

        p += n;
        pos = piece->next;
    }

    return CONVRELAY_OK;
}


uint64_t
convrelay_store_serial(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now)
{
    uint32_t  pos;

    pos = convrelay_store_find(store, key, now);

    return pos ? convrelay_store_record(store, pos)->serial : 0;
}


int
convrelay_store_was_evicted(const convrelay_store_t *store, uint64_t serial)
{
    /* the oldest write always goes first */

    return serial <= store->evicted_serial;
}


int
convrelay_store_head(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, void *p, size_t len)
{
    convrelay_store_piece_t  *piece;

    piece = convrelay_store_first(store, key, now, len);

    if (piece == NULL) {
        return CONVRELAY_DECLINED;
    }

    memcpy(p, piece->data, len);

    return CONVRELAY_OK;
}


int
convrelay_store_patch(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, const void *p, size_t len)
{
    convrelay_store_piece_t  *piece;

    piece = convrelay_store_first(store, key, now, len);

    if (piece == NULL) {
        return CONVRELAY_DECLINED;
    }

    memcpy(piece->data, p, len);

    return CONVRELAY_OK;
}


/* the first piece of a record of at least len bytes, or NULL */

static convrelay_store_piece_t *
convrelay_store_first(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, size_t len)
{
    uint32_t                   pos;
    convrelay_store_record_t  *record;

    pos = convrelay_store_find(store, key, now);

    if (pos == 0) {
        return NULL;
    }

    record = convrelay_store_record(store, pos);

    return (record->len >= len) ? convrelay_store_piece(store, record->first)
                                : NULL;
}


void
convrelay_store_stat(const convrelay_store_t *store,
    convrelay_store_stat_t *stat)
{
    stat->size = store->size;
    stat->records = store->nlive;
    stat->evicted = store->evicted;
    stat->used = (store->n - convrelay_store_room(store))
                 * (store->size / store->n);
}


int
convrelay_store_mine(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t serial, uint64_t expired,
    uint64_t now)
{
    uint64_t  current;

    if (serial == 0) {
        return 1;
    }

    /* expired or not */

    current = convrelay_store_serial(store, key, 0);

    return current ? current == serial
                   : (convrelay_store_was_evicted(store, serial)
                      || (expired && expired <= now));
}
