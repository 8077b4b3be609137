
/*
 * Copyright (C) convrelay contributors
 *
 * The live calls of all workers, in memory that the workers share.
 *
 * A worker can be killed at any instruction, even in the middle of a change.
 * So the memory holds a record, which is always correct, and an index, which
 * can be rebuilt from the record:
 *
 *   - The record is the table of calls, and the ids of their counters.  A
 *     call is written while its node is free.  One store of one word then
 *     makes it live, marks it as replaced, or frees it.
 *   - The index is everything else: hash chains, how many calls each counter
 *     has, and which nodes are free.
 *
 * A change sets "changing", does its work, and clears "changing".  A worker
 * that takes the lock and finds "changing" set knows that another one was
 * killed, and rebuilds the index, see convrelay_shm_repair().  Calls of a dead
 * process are found by its pid, see convrelay_shm_reap(); it may be a word of
 * convrelay_process.h, so that the next process of that pid is another one.
 *
 * Nothing is allocated.  The tables are laid out once, with as many counters
 * as all calls together can need, so only calls can run out.  Nodes refer to
 * each other by position, from 1; 0 is none.
 *
 * The lock is the caller's.  A function needs it unless its comment says
 * otherwise.
 */


#ifndef CONVRELAY_SHM_H_INCLUDED
#define CONVRELAY_SHM_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_SHM_MAX_LIMITS  8     /* of one call */


typedef struct convrelay_shm_s  convrelay_shm_t;


/* a hash, long enough that equal hashes count as equal values */

typedef struct {
    uint64_t                word[2];
} convrelay_shm_id_t;


/* at most max live calls with this id */

typedef struct {
    convrelay_shm_id_t      id;
    uint32_t                max;
} convrelay_shm_limit_t;


/* a call that is to be added */

typedef struct {
    void                   *data;           /* the call, in process pid */
    pid_t                   pid;
    convrelay_shm_id_t      id;             /* of its CallSid; all 0: none */
    convrelay_shm_id_t      also;           /* another one, that a live call of
                                               its CallSid may have; the same */
    uint32_t                session;        /* hash of its SessionId */
    uint32_t                ended_session;  /* the same, if replaces is set */
    uint32_t                mark;           /* to begin with */
    uint32_t                nlimits;
    convrelay_shm_limit_t   limits[CONVRELAY_SHM_MAX_LIMITS];
    unsigned                replaces:1;     /* ended_session may be replaced */
} convrelay_shm_entry_t;


/* receives the mark of a live call; see convrelay_shm_mark() */

typedef void (*convrelay_shm_marked_pt)(void *data, uint32_t mark,
    uint32_t until);


/* whether a process exists */

typedef int (*convrelay_shm_alive_pt)(pid_t pid);


/* number of calls that fit into size bytes, 0 if there is room for none */
size_t convrelay_shm_capacity(size_t size);

/*
 * Lays out empty tables in size bytes of any content, aligned to 8.  Returns
 * NULL if there is no room for one call.  Other processes must not know the
 * memory yet.
 */
convrelay_shm_t *convrelay_shm_create(void *mem, size_t size);

/*
 * The tables that convrelay_shm_create() laid out in at most size bytes, or
 * NULL if the memory holds something else, such as the tables of another
 * version.  Needs no lock.
 */
convrelay_shm_t *convrelay_shm_open(void *mem, size_t size);

/*
 * Must be called each time the lock was taken.  CONVRELAY_OK: nothing to do;
 * CONVRELAY_DONE: a process was killed in the middle of a change, and the index
 * was rebuilt.
 */
int convrelay_shm_repair(convrelay_shm_t *shm);

/*
 * Adds a call.  A live call of the same CallSid is replaced if it belongs to
 * the ended session; it keeps its node until its own process removes it, but
 * is no longer counted.
 *
 *     CONVRELAY_OK        *call is its node, for convrelay_shm_remove()
 *     CONVRELAY_DONE      the same, and another call was replaced
 *     CONVRELAY_DECLINED  *full is the index of a limit that is reached; or -1:
 *                         the CallSid has a live call, in a live process
 *     CONVRELAY_ERROR     there is no room
 */
int convrelay_shm_add(convrelay_shm_t *shm, const convrelay_shm_entry_t *entry,
    convrelay_shm_alive_pt alive, uint32_t *call, int *full);

void convrelay_shm_remove(convrelay_shm_t *shm, uint32_t call);

/*
 * Returns the data of the next call of process pid that was replaced, or NULL;
 * each call is returned once.  *seen belongs to the process and starts as 0.
 */
void *convrelay_shm_replaced(convrelay_shm_t *shm, pid_t pid, uint32_t *seen);

/* whether convrelay_shm_replaced() may return one; needs no lock */
int convrelay_shm_has_replaced(convrelay_shm_t *shm, uint32_t seen);

/* removes all calls of processes that are not alive; returns their number */
uint32_t convrelay_shm_reap(convrelay_shm_t *shm,
    convrelay_shm_alive_pt alive);

/* number of live calls of processes that are alive; needs no lock */
uint32_t convrelay_shm_live(convrelay_shm_t *shm,
    convrelay_shm_alive_pt alive);

/*
 * Sets two words of a call for others to read; they have no meaning here.  Only
 * the call's own process writes them.  Needs no lock, so a reader may see only
 * one of them changed.
 */
void convrelay_shm_mark(convrelay_shm_t *shm, uint32_t call, uint32_t mark,
    uint32_t until);

/* the session of a call is known only now: another one may replace it */
void convrelay_shm_session(convrelay_shm_t *shm, uint32_t call,
    uint32_t session);

/* calls marked() for each live call of a process that is alive; returns their
   number.  Needs no lock */
uint32_t convrelay_shm_marks(convrelay_shm_t *shm,
    convrelay_shm_alive_pt alive, convrelay_shm_marked_pt marked, void *data);

/* bytes of the memory, and of the calls in it; need no lock */
uint64_t convrelay_shm_size(const convrelay_shm_t *shm);
uint64_t convrelay_shm_used(convrelay_shm_t *shm);


#endif /* CONVRELAY_SHM_H_INCLUDED */
