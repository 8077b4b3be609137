
/*
 * Copyright (C) convrelay contributors
 *
 * The layout of the store; for the room itself and its tests.
 */


#ifndef CONVRELAY_STORE_PARTS_H_INCLUDED
#define CONVRELAY_STORE_PARTS_H_INCLUDED


#include "convrelay_store.h"


/* values of a record's "state" */

#define CONVRELAY_STORE_FREE   0
#define CONVRELAY_STORE_DRAFT  1
#define CONVRELAY_STORE_LIVE   2


#define CONVRELAY_STORE_STEPS  1024     /* records that one call looks at */


/*
 * Records and pieces refer to each other by position, from 1; 0 is none.  What
 * belongs to the index is marked so.
 */

typedef struct {
    convrelay_store_key_t    key;
    uint64_t                 serial;    /* of its last write */
    uint64_t                 expires;
    uint64_t                 len;
    uint32_t                 state;
    uint32_t                 first;     /* piece */
    pid_t                    pid;       /* of a draft */
    uint32_t                 next;      /* index: in its chain, or free one */
    uint32_t                 older;     /* index: live ones, by their serials */
    uint32_t                 newer;     /* index */
} convrelay_store_record_t;


typedef struct {
    uint32_t                 next;      /* of its record; index: free one */
    uint32_t                 used;      /* index: it has a record */
    u_char                   data[CONVRELAY_STORE_PIECE];
} convrelay_store_piece_t;


struct convrelay_store_s {
    uint32_t                 magic;
    uint32_t                 layout;
    uint64_t                 size;
    uint64_t                 serial;    /* of the last write */
    uint64_t                 evicted_serial;  /* the highest that lack of room
                                           has removed */
    uint32_t                 n;         /* records, pieces, buckets */
    uint32_t                 changing;
    uint32_t                 top_record;  /* ever used: they only grow */
    uint32_t                 top_piece;
    uint32_t                 evicted;
    uint32_t                 free_record; /* index, from here on */
    uint32_t                 free_piece;
    uint32_t                 nfree;     /* pieces, those above the top aside */
    uint32_t                 ndraft;    /* pieces of drafts */
    uint32_t                 nlive;
    uint32_t                 oldest;
    uint32_t                 newest;
};


/* a live record that has not expired, or 0 */
uint32_t convrelay_store_find(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now);

/* pieces that are free */
uint64_t convrelay_store_room(const convrelay_store_t *store);

/* by position */
convrelay_store_record_t *convrelay_store_record(
    const convrelay_store_t *store, uint32_t pos);
convrelay_store_piece_t *convrelay_store_piece(
    const convrelay_store_t *store, uint32_t pos);


#endif /* CONVRELAY_STORE_PARTS_H_INCLUDED */
