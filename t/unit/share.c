
/*
 * Copyright (C) convrelay contributors
 *
 * How many of the slots that all parties share one of them may have.
 */


#include "tap.h"
#include "convrelay_share.h"


static size_t fill(convrelay_shares_t *all, convrelay_share_t *own);


int
main(void)
{
    size_t               i;
    convrelay_share_t    own[20];
    convrelay_shares_t   all;

    memset(own, 0, sizeof(own));
    memset(&all, 0, sizeof(all));

    tap_ok(!convrelay_share_may(&all, &own[0]), "of none, nobody has one");

    all.max = 32;

    tap_ok(fill(&all, &own[0]) == 16, "one party has half of them");
    tap_ok(fill(&all, &own[1]) == 8, "... and another one half of the rest");
    tap_ok(fill(&all, &own[0]) == 0, "... while the first one has no more");

    for (i = 0; i < 5; i++) {
        convrelay_share_give(&all, &own[0]);
    }

    tap_ok(own[0].used == 11 && all.used == 19, "some are given back");
    tap_ok(fill(&all, &own[0]) == 1 && fill(&all, &own[1]) == 2,
           "... and are for all of them");

    memset(own, 0, sizeof(own));
    all.used = 0;

    for (i = 0; i < 15; i++) {
        convrelay_share_take(&all, &own[i]);
        convrelay_share_take(&all, &own[i]);
    }

    tap_ok(convrelay_share_may(&all, &own[15]) && fill(&all, &own[15]) == 1,
           "of 16 parties, the last one has one, too");
    tap_ok(fill(&all, &own[0]) == 0, "... the others no more");

    convrelay_share_take(&all, &own[0]);
    convrelay_share_take(&all, &own[0]);

    tap_ok(all.used == 33 && !convrelay_share_may(&all, &own[16]),
           "more than there are can be taken unasked");

    return tap_done();
}


/* how many more it gets */

static size_t
fill(convrelay_shares_t *all, convrelay_share_t *own)
{
    size_t  n;

    for (n = 0; convrelay_share_may(all, own); n++) {
        convrelay_share_take(all, own);
    }

    return n;
}
