
/*
 * Copyright (C) convrelay contributors
 *
 * The time that the caller waited for the first words of answers: the worst and
 * the median of a call, in a limited amount of memory.
 */


#ifndef CONVRELAY_LATENCY_H_INCLUDED
#define CONVRELAY_LATENCY_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_LATENCY_SAMPLES  32
#define CONVRELAY_LATENCY_FIRST    6      /* that there is room for at first:
                                             most calls are short */


/* a block of malloc(), NULL before the first time; all in ms */

typedef struct {
    uint32_t          max;
    uint16_t          n;          /* samples */
    uint16_t          every;      /* one sample in so many is kept */
    uint16_t          skipped;    /* since the last one that was kept */
    uint16_t          size;       /* of samples */
    uint16_t          samples[];  /* 65535: or more */
} convrelay_latency_t;


/* CONVRELAY_OK, or CONVRELAY_ERROR: no memory */
int convrelay_latency_add(convrelay_latency_t **l, uint64_t ms);

/* with room for n samples, at most CONVRELAY_LATENCY_SAMPLES, and none yet;
   NULL: no memory */
convrelay_latency_t *convrelay_latency_create(size_t n);

/*
 * Exact up to CONVRELAY_LATENCY_SAMPLES; beyond that, the median of 16 to 32
 * samples, evenly spaced.  For an even number, the lower of the two in the
 * middle; 0: l is NULL.
 */
uint32_t convrelay_latency_median(const convrelay_latency_t *l);

#endif /* CONVRELAY_LATENCY_H_INCLUDED */
