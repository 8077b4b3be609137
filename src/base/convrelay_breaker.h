
/*
 * Copyright (C) convrelay contributors
 *
 * A circuit breaker: says whether a service that failed lately is worth another
 * try.  Several processes may use one at the same time, without a lock: each
 * field is one word, and a lost count means one more try.
 */


#ifndef CONVRELAY_BREAKER_H_INCLUDED
#define CONVRELAY_BREAKER_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_BREAKER_TIME  30000   /* ms within which two failures
                                           count */


/* zero-filled at first; in ms of a clock that all processes share */

typedef struct {
    uint64_t                 id;          /* of a slot; 0: it is free */
    uint64_t                 failed_at;   /* 0: not since it last worked */
    uint64_t                 until;       /* not before this; 0: it worked
                                             since */
} convrelay_breaker_t;


/* notes a failure; the second one within CONVRELAY_BREAKER_TIME opens the
   breaker for cooldown ms, as does every later one until the service works */
void convrelay_breaker_failed(convrelay_breaker_t *b, uint64_t now,
    uint64_t cooldown);
void convrelay_breaker_worked(convrelay_breaker_t *b);

/* true if the service must not be asked now */
unsigned convrelay_breaker_is_open(const convrelay_breaker_t *b, uint64_t now);

/*
 * The slot of an id, which is not 0, in a table of n slots.  An id without a
 * slot gets a free one, or one without failures.  NULL: there is none.
 */
convrelay_breaker_t *convrelay_breaker_slot(convrelay_breaker_t *table,
    size_t n, uint64_t id);


#endif /* CONVRELAY_BREAKER_H_INCLUDED */
