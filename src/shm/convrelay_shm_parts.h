
/*
 * Copyright (C) convrelay contributors
 *
 * The layout of the shared memory; for the room itself and its tests.
 */


#ifndef CONVRELAY_SHM_PARTS_H_INCLUDED
#define CONVRELAY_SHM_PARTS_H_INCLUDED


#include "convrelay_shm.h"


/* values of a call's "use"; a counter's is the number of its live calls */

#define CONVRELAY_SHM_FREE      0
#define CONVRELAY_SHM_LIVE      1
#define CONVRELAY_SHM_REPLACED  2           /* not in the index */
#define CONVRELAY_SHM_NOTIFIED  3           /* the same; its process knows */


typedef struct {
    convrelay_shm_id_t      id;
    uint32_t                next;           /* in its chain, or free one */
    uint32_t                use;            /* 0: it is free */
} convrelay_shm_node_t;


typedef struct {
    convrelay_shm_node_t    node;
    void                   *data;
    pid_t                   pid;
    uint32_t                session;
    uint32_t                mark;           /* convrelay_shm_mark() */
    uint32_t                until;
    uint32_t                counters[CONVRELAY_SHM_MAX_LIMITS];
} convrelay_shm_call_t;


typedef struct {
    convrelay_shm_node_t    node;
} convrelay_shm_counter_t;


/* offsets are in bytes, from the start of convrelay_shm_t */

typedef struct {
    uint64_t                nodes;          /* offset */
    uint64_t                buckets;        /* offset of uint32_t, heads of
                                               the hash chains */
    uint32_t                nbuckets;
    uint32_t                size;           /* bytes of a node */
    uint32_t                n;              /* nodes */
    uint32_t                top;            /* nodes ever used, part of the
                                               record: it only grows */
    uint32_t                free;           /* first of those that are free */
} convrelay_shm_table_t;


struct convrelay_shm_s {
    uint32_t                magic;
    uint32_t                layout;
    uint64_t                size;           /* bytes, with all tables */
    uint32_t                changing;
    uint32_t                replaced;       /* calls so far */
    convrelay_shm_table_t   calls;
    convrelay_shm_table_t   counters;
};


#endif /* CONVRELAY_SHM_PARTS_H_INCLUDED */
