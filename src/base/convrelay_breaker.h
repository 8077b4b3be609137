
/*
 * Copyright (C) convrelay contributors
 *
 * Whether something that failed lately is worth asking.  Several processes may
 * use one at the same time, without a lock: each field is one word, and a
 * count that is lost means one more try.
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


/* a failure; the second one within the time opens it for cooldown ms, and after
   that each one does until it works */
void convrelay_breaker_failed(convrelay_breaker_t *b, uint64_t now,
    uint64_t cooldown);
void convrelay_breaker_worked(convrelay_breaker_t *b);

/* true: it is not to be asked now */
unsigned convrelay_breaker_is_open(const convrelay_breaker_t *b, uint64_t now);

/*
 * The slot of an id, not 0, in a table of n; a free one, or one without
 * failures, becomes its own.  NULL: there is none.
 */
convrelay_breaker_t *convrelay_breaker_slot(convrelay_breaker_t *table,
    size_t n, uint64_t id);


#endif /* CONVRELAY_BREAKER_H_INCLUDED */
