
/*
 * Copyright (C) convrelay contributors
 *
 * What many calls measure: distributions of times, and whether the numbered
 * tokens of an answer came complete and in order.
 */


#ifndef CONVRELAY_CALLER_STAT_H_INCLUDED
#define CONVRELAY_CALLER_STAT_H_INCLUDED


#include "convrelay_caller.h"


/* microseconds, 32 steps an octave: within 3 percent, up to 12 days */

#define CONVRELAY_CALLER_STEPS    32
#define CONVRELAY_CALLER_OCTAVES  36


typedef struct {
    uint64_t   n;
    int64_t    max;
    uint32_t   counts[CONVRELAY_CALLER_STEPS * CONVRELAY_CALLER_OCTAVES];
} convrelay_caller_hist_t;


/*
 * Numbers as the mock streams them: " 1 2 3", or growing time stamps.  Zero-
 * filled at the start of an answer.
 */

typedef struct {
    uint64_t   last;             /* number that came before */
    uint64_t   number;           /* being read */
    unsigned   digits;
    unsigned   count;            /* numbers so far */
    unsigned   stamps:1;         /* not one by one, only growing */
    unsigned   words:1;          /* there was something else in it */
} convrelay_caller_sequence_t;


typedef struct {
    uint64_t   lost;
    uint64_t   doubled;
    uint64_t   reordered;
} convrelay_caller_order_t;


void convrelay_caller_hist_add(convrelay_caller_hist_t *h, int64_t us);

/* the value that percent of all are not above; 0 where there is none */
int64_t convrelay_caller_hist_at(const convrelay_caller_hist_t *h,
    double percent);

/* reads the next piece of an answer, however it was split */
void convrelay_caller_sequence_read(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order, const u_char *p, size_t len);

/* the answer ends here: its last number is complete */
void convrelay_caller_sequence_end(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order);


#endif /* CONVRELAY_CALLER_STAT_H_INCLUDED */
