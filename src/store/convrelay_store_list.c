
/*
 * Copyright (C) convrelay contributors
 *
 * Finds the records of a kind, one after the other.
 */


#include "convrelay_store_parts.h"


int
convrelay_store_next(const convrelay_store_t *store, uint64_t tag,
    uint64_t now, uint32_t *cursor, convrelay_store_key_t *key, u_char *p,
    size_t size)
{
    uint32_t                         steps, top;
    const convrelay_store_piece_t   *piece;
    const convrelay_store_record_t  *records, *record;

    records = (const convrelay_store_record_t *) (store + 1);
    piece = (const convrelay_store_piece_t *) (records + store->n);

    top = store->top_record;

    for (steps = 0; *cursor < top; steps++) {

        if (steps == CONVRELAY_STORE_STEPS) {
            return CONVRELAY_AGAIN;
        }

        record = &records[(*cursor)++];

        if (record->state == CONVRELAY_STORE_LIVE
            && record->key.word[3] == tag
            && record->expires > now
            && record->len >= size)
        {
            *key = record->key;
            memcpy(p, piece[record->first - 1].data, size);

            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_DECLINED;
}
