
/*
 * Copyright (C) convrelay contributors
 *
 * The shared memory of the counters: a block for each location, LLM and tool,
 * and copies from a while ago.
 *
 * A block belongs to a name as long as the memory lasts, so a reload continues
 * with the same numbers.  Blocks are found when a configuration is read, by
 * the one process that reads it; workers know their addresses.  A worker that
 * is killed leaves every word right: it has added to it or it has not.
 *
 * Workers of an old configuration continue to count in the block of a location
 * that the new configuration lacks.  Such a block is given to another name
 * only when there are no others, and not by the very next configuration.
 *
 * The difference between now and a while ago shows what happened lately.  Each
 * block has two copies for that; the sum of all blocks has a ring of copies,
 * for the curves on the page.  One of the workers makes them, see tick().
 */


#ifndef CONVRELAY_METRIC_STORE_H_INCLUDED
#define CONVRELAY_METRIC_STORE_H_INCLUDED


#include "convrelay_metric.h"


#define CONVRELAY_METRIC_BLOCKS     257     /* the first one is for locations
                                               that have none of their own */
#define CONVRELAY_METRIC_LLMS       513     /* the same, for LLMs, */
#define CONVRELAY_METRIC_TOOLS      257     /* and for tools */
#define CONVRELAY_METRIC_SLOTS      60      /* of the ring */
#define CONVRELAY_METRIC_SLOT_TIME  10000   /* ms */
#define CONVRELAY_METRIC_COPY_TIME  150000  /* ms between two copies */


/* a hash, long enough that equal ones are taken for equal names */

typedef struct {
    uint64_t                 word[2];
} convrelay_metric_id_t;


/* whose a block is */

typedef struct {
    convrelay_metric_id_t    id;
    uint32_t                 used;        /* the id is set */
    uint32_t                 generation;  /* of the last configuration that
                                             has named it */
} convrelay_metric_owner_t;


typedef struct {
    convrelay_metric_owner_t owner;
    convrelay_metric_t       words[CONVRELAY_METRIC_LLM];
    convrelay_metric_t       copies[2][CONVRELAY_METRIC_LLM];
} convrelay_metric_block_t;


typedef struct {
    convrelay_metric_owner_t owner;
    convrelay_metric_t       words[CONVRELAY_METRIC_LLM_N];
    convrelay_metric_t       copies[2][CONVRELAY_METRIC_LLM_N];
} convrelay_metric_llm_block_t;


typedef struct {
    convrelay_metric_owner_t owner;
    convrelay_metric_t       words[CONVRELAY_METRIC_TOOL_N];
    convrelay_metric_t       copies[2][CONVRELAY_METRIC_TOOL_N];
} convrelay_metric_tool_block_t;


/* the sum of all blocks of locations and LLMs at a time */

typedef struct {
    uint64_t                 at;          /* ms; 0: empty or being written */
    uint64_t                 calls;       /* live at that moment */
    convrelay_metric_t       words[CONVRELAY_METRIC_N];
} convrelay_metric_slot_t;


typedef struct {
    uint32_t                 magic;
    uint32_t                 layout;
    uint64_t                 size;
    uint32_t                 generation;
    uint32_t                 current;     /* generation of the one that is in
                                             use, the glue's to set */
    uint32_t                 newest;      /* copy: 0 or 1 */
    uint64_t                 copied[2];   /* ms, when each copy was made */
    uint64_t                 due;         /* ms: the next tick */
    uint32_t                 nslots;      /* ever written */
    convrelay_metric_slot_t  slots[CONVRELAY_METRIC_SLOTS];
    convrelay_metric_block_t blocks[CONVRELAY_METRIC_BLOCKS];
    convrelay_metric_llm_block_t   llms[CONVRELAY_METRIC_LLMS];
    convrelay_metric_tool_block_t  tools[CONVRELAY_METRIC_TOOLS];
} convrelay_metric_store_t;


/* lays out an empty store in sizeof(convrelay_metric_store_t) bytes */
convrelay_metric_store_t *convrelay_metric_store_create(void *mem,
    uint64_t now);

/* the store that create() laid out, or NULL: another version did */
convrelay_metric_store_t *convrelay_metric_store_open(void *mem, size_t size);

/* call it before block() when a configuration is read; returns the number of
   the configuration, from 1 */
uint32_t convrelay_metric_store_begin(convrelay_metric_store_t *store);

/* the index of the block of a name, a location's, or that of an LLM or a tool
   of it; 0: all are in use */
unsigned convrelay_metric_store_block(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id);
unsigned convrelay_metric_store_llm(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id);
unsigned convrelay_metric_store_tool(convrelay_metric_store_t *store,
    const convrelay_metric_id_t *id);

/*
 * Returns 1 if it is time to tick() and this process has to do it: only one of
 * all that ask gets 1.
 */
int convrelay_metric_store_due(convrelay_metric_store_t *store, uint64_t now);

/* makes the copies that are due; calls is the number of live calls */
void convrelay_metric_store_tick(convrelay_metric_store_t *store,
    uint64_t now, uint64_t calls);

/*
 * Copies of a block's words: as they are, and what was added lately; each has
 * room for CONVRELAY_METRIC_LLM, _LLM_N or _TOOL_N of them.  Returns how many
 * ms "lately" are.
 */
uint64_t convrelay_metric_store_read(convrelay_metric_store_t *store,
    unsigned block, uint64_t now, convrelay_metric_t *words,
    convrelay_metric_t *recent);
uint64_t convrelay_metric_store_read_llm(convrelay_metric_store_t *store,
    unsigned llm, uint64_t now, convrelay_metric_t *words,
    convrelay_metric_t *recent);
uint64_t convrelay_metric_store_read_tool(convrelay_metric_store_t *store,
    unsigned tool, uint64_t now, convrelay_metric_t *words,
    convrelay_metric_t *recent);

/*
 * Copies the ring, oldest first, into slots, which has room for
 * CONVRELAY_METRIC_SLOTS.  Returns how many there are.
 */
unsigned convrelay_metric_store_slots(convrelay_metric_store_t *store,
    convrelay_metric_slot_t *slots);


#endif /* CONVRELAY_METRIC_STORE_H_INCLUDED */
