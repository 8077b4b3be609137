
/*
 * Copyright (C) convrelay contributors
 *
 * Whether the numbered tokens of an answer came complete and in order.
 */


#ifndef CONVRELAY_CALLER_SEQUENCE_H_INCLUDED
#define CONVRELAY_CALLER_SEQUENCE_H_INCLUDED


#include "convrelay_caller.h"


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


/* reads the next piece of an answer, however it was split */
void convrelay_caller_sequence_read(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order, const u_char *p, size_t len);

/* the answer ends here: its last number is complete */
void convrelay_caller_sequence_end(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order);


#endif /* CONVRELAY_CALLER_SEQUENCE_H_INCLUDED */
