
/*
 * Copyright (C) convrelay contributors
 *
 * Records of calls in memory that the workers share: the text of a session,
 * by a key, until it expires.
 *
 * A worker can be killed at any instruction.  As in convrelay_shm.h, the memory
 * holds what is always correct, and an index that can be rebuilt from it:
 *
 *   - Always correct are the records and the chains of their pieces.  A record
 *     is taken as a draft, filled, and made live by one store of one word.
 *   - The index is everything else: hash chains, the order of writing, the
 *     lists of records and pieces that are free.
 *
 * Text is stored in pieces of 1 KB, so that there is nothing to fragment.  To
 * write takes three steps, since only the second one, which copies the text,
 * can do without the lock:
 *
 *     lock    convrelay_store_reserve()
 *     unlock  convrelay_store_fill()
 *     lock    convrelay_store_commit()
 *
 * A kill between them loses this write; what was stored before remains.  When
 * there is no room, the record with the oldest write is removed.  Text that is
 * replaced, removed or expired is overwritten at once, or after a kill by the
 * repair.
 *
 * The lock is the caller's.  A function needs it unless its comment says
 * otherwise.  Times are in milliseconds, of any clock that all workers share.
 */


#ifndef CONVRELAY_STORE_H_INCLUDED
#define CONVRELAY_STORE_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_STORE_PIECE  1016     /* bytes of text */


typedef struct convrelay_store_s  convrelay_store_t;


/* a hash: equal keys are taken for equal names */

typedef struct {
    uint64_t                 word[4];
} convrelay_store_key_t;


typedef struct {
    uint64_t                 size;      /* bytes of the memory */
    uint64_t                 used;      /* of them, by records and drafts */
    uint32_t                 records;   /* live ones */
    uint32_t                 evicted;   /* removed before they had expired,
                                           for lack of room; ever */
} convrelay_store_stat_t;


/* whether a process exists; pid may be a word of convrelay_process.h */

typedef int (*convrelay_store_alive_pt)(pid_t pid);


/* number of pieces that fit into size bytes */
size_t convrelay_store_capacity(size_t size);

/*
 * Lays out an empty store in size bytes of any content, aligned to 8.  Returns
 * NULL if there is no room for one piece.  Other processes must not know the
 * memory yet.
 */
convrelay_store_t *convrelay_store_create(void *mem, size_t size);

/*
 * The store that convrelay_store_create() laid out in at most size bytes, or
 * NULL if the memory holds something else, such as the store of another
 * version.  Needs no lock.
 */
convrelay_store_t *convrelay_store_open(void *mem, size_t size);

/*
 * Must be called each time the lock was taken.  CONVRELAY_OK: nothing to do;
 * CONVRELAY_DONE: a process was killed in the middle of a change, and the index
 * was rebuilt.
 */
int convrelay_store_repair(convrelay_store_t *store);

/*
 * Reserves room for len bytes, for process pid.  Removes as many records as
 * necessary, the oldest writes first.
 *
 *     CONVRELAY_OK        *draft is for fill(), and commit() or discard()
 *     CONVRELAY_DECLINED  there is no room, even without any record
 */
int convrelay_store_reserve(convrelay_store_t *store, size_t len, pid_t pid,
    uint64_t now, uint32_t *draft);

/* copies the text into a draft of this process; needs no lock */
void convrelay_store_fill(convrelay_store_t *store, uint32_t draft,
    const u_char *data);

/* makes the draft the record of this key, in place of an earlier one */
void convrelay_store_commit(convrelay_store_t *store, uint32_t draft,
    const convrelay_store_key_t *key, uint64_t expires);

void convrelay_store_discard(convrelay_store_t *store, uint32_t draft);

/*
 * The same two, of which only one is done: CONVRELAY_OK, it was committed, or
 * CONVRELAY_DECLINED, it was discarded since the record is not the writer's, as
 * convrelay_store_mine() says.
 */
int convrelay_store_commit_mine(convrelay_store_t *store, uint32_t draft,
    const convrelay_store_key_t *key, uint64_t serial, uint64_t expired,
    uint64_t now, uint64_t expires);

/*
 * Whether a writer that wrote or read a record last with this serial may write
 * it again; serial 0: it has not yet, and may.  expired: when the record
 * expires, as far as the writer knows, or 0.  A record that was removed, though
 * there was room for it and before it had expired, is that of a call that is
 * over.  A writer that stood still can find that its own record has expired.
 */
int convrelay_store_mine(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t serial, uint64_t expired,
    uint64_t now);

/*
 * Reads a record into size bytes at p; *len is its length.
 *
 *     CONVRELAY_OK        it is at p
 *     CONVRELAY_AGAIN     it is longer than size, nothing was copied
 *     CONVRELAY_DECLINED  there is none, or it has expired
 */
int convrelay_store_read(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, u_char *p, size_t size,
    size_t *len);

/* a number that each write of a record changes; 0: there is none, or it has
   expired */
uint64_t convrelay_store_serial(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now);

/* true if a record that was written with this serial and is no longer there was
   removed for lack of room, or would have been */
int convrelay_store_was_evicted(const convrelay_store_t *store,
    uint64_t serial);

/*
 * The first len bytes of a record, at most CONVRELAY_STORE_PIECE: head() copies
 * them to p; patch() overwrites them, and does not count as a write: a kill may
 * leave half of it.  CONVRELAY_OK, or CONVRELAY_DECLINED: there is none, or it
 * is shorter.
 */
int convrelay_store_head(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, void *p, size_t len);
int convrelay_store_patch(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, const void *p,
    size_t len);

/*
 * Lets a record live until another time, and counts as a write.  CONVRELAY_OK,
 * or CONVRELAY_DECLINED: there is none.
 */
int convrelay_store_touch(convrelay_store_t *store,
    const convrelay_store_key_t *key, uint64_t now, uint64_t expires);

/* CONVRELAY_OK, or CONVRELAY_DECLINED: there was none */
int convrelay_store_remove(convrelay_store_t *store,
    const convrelay_store_key_t *key);

/*
 * Removes the record with the oldest write if it has expired by now, so where
 * all records live equally long, calls of this function remove all that have
 * expired.  CONVRELAY_OK, *key is its key; or CONVRELAY_DECLINED: it lives.
 */
int convrelay_store_expire(convrelay_store_t *store, uint64_t now,
    convrelay_store_key_t *key);

/*
 * Removes the next record, from *cursor on, which is 0 at first, that has
 * expired by now, in whatever order they were written.
 *
 *     CONVRELAY_OK        *key is its key
 *     CONVRELAY_AGAIN     not yet: the caller may release the lock, and go on
 *     CONVRELAY_DECLINED  that was all of them; *cursor is 0 again
 */
int convrelay_store_sweep(convrelay_store_t *store, uint64_t now,
    uint32_t *cursor, convrelay_store_key_t *key);

/* discards the drafts of processes that are not alive; returns their number */
uint32_t convrelay_store_reap(convrelay_store_t *store,
    convrelay_store_alive_pt alive);

void convrelay_store_stat(const convrelay_store_t *store,
    convrelay_store_stat_t *stat);

/*
 * The next record, from *cursor on, which is 0 at first, whose key has tag as
 * its last word: *key, and the first size bytes of its text at p, at most
 * CONVRELAY_STORE_PIECE; shorter ones are left out.
 *
 *     CONVRELAY_OK        it was found
 *     CONVRELAY_AGAIN     not yet: the caller may release the lock, and go on
 *     CONVRELAY_DECLINED  there are no more
 */
int convrelay_store_next(const convrelay_store_t *store, uint64_t tag,
    uint64_t now, uint32_t *cursor, convrelay_store_key_t *key, u_char *p,
    size_t size);


#endif /* CONVRELAY_STORE_H_INCLUDED */
