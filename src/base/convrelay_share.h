
/*
 * Copyright (C) convrelay contributors
 *
 * A limited number of slots that several parties share, of which any may keep
 * its slots for long.  A party may have one more slot while it has fewer than
 * are free.  So one party alone has half of them at most, two have a third
 * each, and so on; the next party finds free ones, and nobody has to judge
 * which of them is slow.
 */


#ifndef CONVRELAY_SHARE_H_INCLUDED
#define CONVRELAY_SHARE_H_INCLUDED


#include "convrelay_base.h"


/* what one party has; zero at first */

typedef struct {
    size_t                     used;
} convrelay_share_t;


typedef struct {
    size_t                     max;
    size_t                     used;      /* by all parties, at most max */
} convrelay_shares_t;


/* whether the party may take one */
unsigned convrelay_share_may(const convrelay_shares_t *all,
    const convrelay_share_t *own);

/* it may be taken without having been asked for: max is not a limit then */
void convrelay_share_take(convrelay_shares_t *all, convrelay_share_t *own);
void convrelay_share_give(convrelay_shares_t *all, convrelay_share_t *own);


#endif /* CONVRELAY_SHARE_H_INCLUDED */
