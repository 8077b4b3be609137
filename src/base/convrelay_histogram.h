
/*
 * Copyright (C) convrelay contributors
 *
 * A distribution of times in a fixed amount of memory: 32 steps per octave,
 * so that a percentile is at most 3 percent too high.
 */


#ifndef CONVRELAY_HISTOGRAM_H_INCLUDED
#define CONVRELAY_HISTOGRAM_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_HISTOGRAM_STEPS    32
#define CONVRELAY_HISTOGRAM_OCTAVES  36      /* of microseconds: 12 days */

#define CONVRELAY_HISTOGRAM_SIZE                                              \
    (CONVRELAY_HISTOGRAM_STEPS * CONVRELAY_HISTOGRAM_OCTAVES)


/* zero-fill to start; the unit is the owner's */

typedef struct {
    uint64_t   n;
    int64_t    max;
    uint32_t   counts[CONVRELAY_HISTOGRAM_SIZE];
} convrelay_histogram_t;


/* a negative value counts as 0 */
void convrelay_histogram_add(convrelay_histogram_t *h, int64_t value);

/* the smallest value that percent of all values do not exceed; 0 if empty */
int64_t convrelay_histogram_at(const convrelay_histogram_t *h, double percent);


#endif /* CONVRELAY_HISTOGRAM_H_INCLUDED */
