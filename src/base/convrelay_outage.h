
/*
 * Copyright (C) convrelay contributors
 *
 * A service that many processes use is out: pauses before it is tried again,
 * and knows when the outage begins and ends, so that each is logged once.
 *
 * CONVRELAY_OUTAGE_FAILURES failures in a row, or one for which somebody has
 * waited, begin an outage.  Then there is a pause of a second; after it, one
 * request is let through; if that fails, the next pause is twice as long, up to
 * half a minute.  An outage that begins soon after the last one goes on with
 * its pauses, so that a service that comes and goes does not fill the log.
 *
 * The memory is shared; the caller holds a lock.  Times are in ms, of a clock
 * that all processes share.
 */


#ifndef CONVRELAY_OUTAGE_H_INCLUDED
#define CONVRELAY_OUTAGE_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_OUTAGE_FAILURES   3
#define CONVRELAY_OUTAGE_PAUSE      1000
#define CONVRELAY_OUTAGE_MAX_PAUSE  30000
#define CONVRELAY_OUTAGE_CALM       60000       /* after which it is a new
                                                   one */
#define CONVRELAY_OUTAGES           32          /* slots of a table */


/* zero-filled at first */

typedef struct {
    uint64_t                 id;          /* of a slot; 0: it is free */
    uint64_t                 used;        /* when */
    uint64_t                 since;       /* when it began; 0: there is none */
    uint64_t                 ended;       /* when the last one did, or 0 */
    uint64_t                 until;       /* the end of the pause */
    uint64_t                 pause;       /* ms */
    uint64_t                 failed;      /* requests, in a row */
} convrelay_outage_t;


/* CONVRELAY_OK: ask; CONVRELAY_DECLINED: not before o->until */
int convrelay_outage_ask(convrelay_outage_t *o, uint64_t now);

/*
 * A request that was begun at "began" has failed.  waited: somebody did.
 * CONVRELAY_DONE: an outage begins; or CONVRELAY_OK.
 */
int convrelay_outage_failed(convrelay_outage_t *o, uint64_t began,
    uint64_t now, unsigned waited);

/*
 * ... has worked.  CONVRELAY_DONE: the outage is over, since *since, and
 * *failed requests have failed; or CONVRELAY_OK.
 */
int convrelay_outage_worked(convrelay_outage_t *o, uint64_t began,
    uint64_t now, uint64_t *since, uint64_t *failed);

/* the slot of an id, which is not 0, in a table of CONVRELAY_OUTAGES; where all
   are taken, that of the one that was used longest ago */
convrelay_outage_t *convrelay_outage_slot(convrelay_outage_t *table,
    uint64_t id, uint64_t now);


#endif /* CONVRELAY_OUTAGE_H_INCLUDED */
