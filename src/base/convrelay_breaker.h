
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


#define CONVRELAY_BREAKERS      128     /* slots of a table */


/* zero-filled at first; in ms of a clock that all processes share */

typedef struct {
    uint64_t                 id;          /* of a slot; 0: it is free */
    uint64_t                 generation;  /* the last one that had the id */
    uint64_t                 failed_at;   /* 0: not since it last worked */
    uint64_t                 until;       /* not before this; 0: it worked
                                             since */
    uint64_t                 client;      /* for whom it was slow at failed_at;
                                             0: it failed by itself */
    uint64_t                 client_until;        /* the same as until, for
                                             this client alone */
} convrelay_breaker_t;


/* the breakers of all configurations that processes still have; zero-filled at
   first */

typedef struct {
    uint64_t                 generation;  /* of the newest configuration */
    convrelay_breaker_t      slots[CONVRELAY_BREAKERS];
} convrelay_breakers_t;


/* notes a failure; the second one within CONVRELAY_BREAKER_TIME opens the
   breaker for cooldown ms, as does every later one until the service works */
void convrelay_breaker_failed(convrelay_breaker_t *b, uint64_t now,
    uint64_t cooldown);
void convrelay_breaker_worked(convrelay_breaker_t *b);

/*
 * The same for a failure that a client can cause: a service may be slow because
 * of what it is asked.  Those of one client, which is not 0, open the breaker
 * for this client only; those of two clients open it for all.
 */
void convrelay_breaker_slow(convrelay_breaker_t *b, uint64_t client,
    uint64_t now, uint64_t cooldown);

/* true if the service must not be asked now, for this client */
unsigned convrelay_breaker_is_open(const convrelay_breaker_t *b,
    uint64_t client, uint64_t now);

/* a new configuration begins; one process at a time */
void convrelay_breakers_begin(convrelay_breakers_t *table);

/*
 * The slot of an id, which is not 0, of the newest configuration.  An id
 * without a slot gets a free one, or the one that has been unused the longest:
 * neither by this configuration nor by the one before it, which may have
 * processes that still work.  NULL: there is none.
 */
convrelay_breaker_t *convrelay_breakers_slot(convrelay_breakers_t *table,
    uint64_t id);


#endif /* CONVRELAY_BREAKER_H_INCLUDED */
