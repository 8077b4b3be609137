
/*
 * Copyright (C) convrelay contributors
 *
 * The tickets of pages that were used, in memory that the workers share: each
 * can be used once, by any worker.  And the key that signs them.
 *
 * A worker can be killed at any instruction: an entry counts from the store of
 * the one word that says until when, and was written before.  The lock is the
 * caller's.
 */


#ifndef CONVRELAY_SPENT_H_INCLUDED
#define CONVRELAY_SPENT_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_SPENT_NONCE_LEN  12       /* bytes */
#define CONVRELAY_SPENT_KEY_LEN    32
#define CONVRELAY_SPENT_MAX        512      /* tickets in their lifetime */


typedef struct {
    uint32_t            expires;        /* 0: the entry was never used */
    u_char              nonce[CONVRELAY_SPENT_NONCE_LEN];
} convrelay_spent_entry_t;


typedef struct {
    uint32_t                 magic;
    uint32_t                 size;      /* bytes of all of this */
    u_char                   key[CONVRELAY_SPENT_KEY_LEN];
    convrelay_spent_entry_t  entries[CONVRELAY_SPENT_MAX];
} convrelay_spent_t;


/* lays out an empty table in memory of sizeof(convrelay_spent_t) bytes; the key
   has CONVRELAY_SPENT_KEY_LEN bytes */
convrelay_spent_t *convrelay_spent_create(void *mem, const u_char *key);

/* the table in memory of size bytes, or NULL: it holds something else */
convrelay_spent_t *convrelay_spent_open(void *mem, size_t size);

/*
 * Notes that a nonce is used, until its ticket expires; times are in seconds.
 *
 *     CONVRELAY_OK        it was not used before
 *     CONVRELAY_DECLINED  it was
 *     CONVRELAY_ERROR     all places are taken
 */
int convrelay_spent_add(convrelay_spent_t *s, const u_char *nonce,
    uint32_t expires, uint32_t now);


#endif /* CONVRELAY_SPENT_H_INCLUDED */
