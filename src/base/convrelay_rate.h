
/*
 * Copyright (C) convrelay contributors
 *
 * A leaky bucket: limits how often something may happen, and how many times at
 * once.
 */


#ifndef CONVRELAY_RATE_H_INCLUDED
#define CONVRELAY_RATE_H_INCLUDED


#include "convrelay_base.h"


/* shared by all buckets; may change between two events */

typedef struct {
    unsigned   number;   /* events that leak in a period */
    unsigned   period;   /* ms, not 0 */
    unsigned   burst;    /* events that the bucket holds */
} convrelay_rate_limit_t;


/* zero-filled at first, except at: the clock's ms at that time */

typedef struct {
    uint64_t   at;       /* of the last event */
    uint64_t   level;    /* events that have not leaked, times period */
} convrelay_rate_t;


/*
 * Counts an event at now, in ms of a monotonic clock.  CONVRELAY_OK, or
 * CONVRELAY_DECLINED if the bucket overflows.  The event is counted in both
 * cases, so a peer that does not wait has to wait longer.
 */
int convrelay_rate_add(convrelay_rate_t *r,
    const convrelay_rate_limit_t *limit, uint64_t now);

/* events that have not leaked, the last one included, rounded up */
unsigned convrelay_rate_ahead(const convrelay_rate_t *r,
    const convrelay_rate_limit_t *limit);


#endif /* CONVRELAY_RATE_H_INCLUDED */
