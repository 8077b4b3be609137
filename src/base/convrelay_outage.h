
/*
 * Copyright (C) convrelay contributors
 *
 * A service that many processes use is out: pauses before it is tried again,
 * and knows when the outage begins and ends, so that each is logged once.
 *
 * A service can answer reads and refuse writes, or the other way round.  So
 * each kind of request has a state and pauses of its own; the outage begins
 * with the first kind that is out, and ends with the last.
 *
 * CONVRELAY_OUTAGE_FAILURES failures in a row, not all of them of one record,
 * or one for which somebody has waited, put a kind out, unless a request that
 * was begun later has worked.  Then there is a pause of a second; after it, one
 * request is let through; while those fail, there are two seconds between two
 * of them, so that a service that is back is not left alone for long.  Only
 * reads that are out again soon have twice their last pause, up to half a
 * minute: with each time that they come back, somebody waits for the next one.
 *
 * An outage that begins soon after another one is over only when all has worked
 * for a while, which is longer each time that it does not.  So what comes and
 * goes is one outage, whenever it is asked meanwhile.
 *
 * The memory is shared; the caller holds a lock.  Times are in ms, of a clock
 * that all processes share.
 */


#ifndef CONVRELAY_OUTAGE_H_INCLUDED
#define CONVRELAY_OUTAGE_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_OUTAGE_FAILURES   3
#define CONVRELAY_OUTAGE_PAUSE      1000        /* ms, the first one */
#define CONVRELAY_OUTAGE_PROBE      2000        /* ... and the others */
#define CONVRELAY_OUTAGE_MAX_PAUSE  30000       /* of reads that come and go */
#define CONVRELAY_OUTAGE_CALM       60000       /* after which it is a new
                                                   one */
#define CONVRELAY_OUTAGE_HOLD       2000        /* ms that all has to work, the
                                                   first time, up to CALM */
#define CONVRELAY_OUTAGES           1024        /* slots of a table */


typedef enum {
    CONVRELAY_OUTAGE_READ = 0,
    CONVRELAY_OUTAGE_WRITE,
    CONVRELAY_OUTAGE_KINDS
} convrelay_outage_kind_e;


typedef struct {
    uint64_t                 since;       /* when it went out; 0: it is not */
    uint64_t                 ended;       /* when it last came back, or 0 */
    uint64_t                 until;       /* the end of the pause */
    uint64_t                 pause;       /* ms */
    uint64_t                 worked;      /* when the latest one that has worked
                                             was begun */
    uint64_t                 record;      /* of the last failure */
    unsigned                 row;         /* failures, up to FAILURES */
    unsigned                 several;     /* ... of different records */
} convrelay_outage_kind_t;


/* zero-filled at first */

typedef struct {
    uint64_t                 id;          /* of a slot; 0: it is free */
    uint64_t                 used;        /* when */
    uint64_t                 since;       /* when it began; 0: there is none */
    uint64_t                 back;        /* since when all works, in an outage
                                             that is not over; or 0 */
    uint64_t                 hold;        /* ms until it is over then */
    uint64_t                 ended;       /* when the last one did, or 0 */
    uint64_t                 failed;      /* requests, since all worked */
    convrelay_outage_kind_t  kinds[CONVRELAY_OUTAGE_KINDS];
} convrelay_outage_t;


/* a request; zero where it is not known */

typedef struct {
    convrelay_outage_kind_e  kind;
    uint64_t                 record;      /* a hash of its name */
    uint64_t                 began;       /* when it was sent */
} convrelay_outage_request_t;


/* a request of this kind has to wait */
unsigned convrelay_outage_is(const convrelay_outage_t *o,
    convrelay_outage_kind_e kind);

/* CONVRELAY_OK: ask; CONVRELAY_DECLINED: not before kinds[kind].until */
int convrelay_outage_ask(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t now);

/*
 * A request has failed.  waited: somebody did.  CONVRELAY_DONE: an outage
 * begins; or CONVRELAY_OK.
 */
int convrelay_outage_failed(convrelay_outage_t *o,
    const convrelay_outage_request_t *r, uint64_t now, unsigned waited);

/*
 * ... has worked.  CONVRELAY_DONE: the outage is over, see
 * convrelay_outage_over(); CONVRELAY_AGAIN: only this kind has come back, and
 * the other one may be asked at once; or CONVRELAY_OK.
 */
int convrelay_outage_worked(convrelay_outage_t *o,
    const convrelay_outage_request_t *r, uint64_t now, uint64_t *lasted,
    uint64_t *failed);

/*
 * Whether an outage is over, which has to be asked at back + hold, if back is
 * not 0, or later.  CONVRELAY_DONE: it is: it took *lasted ms until all worked,
 * and *failed requests have failed; or CONVRELAY_OK.
 */
int convrelay_outage_over(convrelay_outage_t *o, uint64_t now, uint64_t *lasted,
    uint64_t *failed);

/* the slot of an id, which is not 0, in a table of CONVRELAY_OUTAGES; where all
   are taken, that of the one that was used longest ago */
convrelay_outage_t *convrelay_outage_slot(convrelay_outage_t *table,
    uint64_t id, uint64_t now);


#endif /* CONVRELAY_OUTAGE_H_INCLUDED */
