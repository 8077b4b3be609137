
/*
 * Copyright (C) convrelay contributors
 *
 * When an outage of a service begins and ends, and when it is asked meanwhile.
 */


#include "tap.h"
#include "convrelay_outage.h"


static void test_begin(void);
static void test_pauses(void);
static void test_late(void);
static void test_slots(void);


static uint64_t  since, failed;


int
main(void)
{
    test_begin();
    test_pauses();
    test_late();
    test_slots();

    return tap_done();
}


static void
test_begin(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    tap_ok(convrelay_outage_ask(&o, 1000) == CONVRELAY_OK, "it is asked");
    tap_ok(convrelay_outage_failed(&o, 1000, 1000, 0) == CONVRELAY_OK
           && convrelay_outage_failed(&o, 1000, 1001, 0) == CONVRELAY_OK
           && convrelay_outage_ask(&o, 1001) == CONVRELAY_OK,
           "two failures are not an outage");
    tap_ok(convrelay_outage_worked(&o, 1001, 1002, &since, &failed)
           == CONVRELAY_OK
           && convrelay_outage_failed(&o, 1000, 1003, 0) == CONVRELAY_OK
           && convrelay_outage_failed(&o, 1000, 1003, 0) == CONVRELAY_OK,
           "... if it works in between");
    tap_ok(convrelay_outage_failed(&o, 1000, 1004, 0) == CONVRELAY_DONE,
           "three in a row are");
    tap_ok(convrelay_outage_ask(&o, 2003) == CONVRELAY_DECLINED,
           "it is left alone for a second");

    memset(&o, 0, sizeof(o));

    tap_ok(convrelay_outage_failed(&o, 1, 1000, 1) == CONVRELAY_DONE,
           "so is one, if somebody has waited");
}


static void
test_pauses(void)
{
    size_t              i;
    uint64_t            now, began;
    convrelay_outage_t  o;

    static const uint64_t  pauses[] = {
        1000, 2000, 4000, 8000, 16000, 30000, 30000
    };

    memset(&o, 0, sizeof(o));

    now = 10;
    (void) convrelay_outage_failed(&o, now, now, 1);

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        tap_ok(convrelay_outage_ask(&o, now + pauses[i] - 1)
               == CONVRELAY_DECLINED, "pause %d", (int) i);

        now += pauses[i];

        tap_ok(convrelay_outage_ask(&o, now) == CONVRELAY_OK, "... is over");
        tap_ok(convrelay_outage_ask(&o, now) == CONVRELAY_DECLINED,
               "... for one request");
        began = now++;
        tap_ok(convrelay_outage_failed(&o, began, now, 0) == CONVRELAY_OK,
               "... which fails");
    }

    now += 30000;

    tap_ok(convrelay_outage_ask(&o, now) == CONVRELAY_OK
           && convrelay_outage_worked(&o, now, now + 1, &since, &failed)
              == CONVRELAY_DONE,
           "it works again");
    tap_ok(since == 10 && failed == 8, "... after so long and so many");
    tap_ok(convrelay_outage_ask(&o, now + 2) == CONVRELAY_OK
           && convrelay_outage_ask(&o, now + 2) == CONVRELAY_OK,
           "... for all requests");

    tap_ok(convrelay_outage_failed(&o, now, now + 5000, 1) == CONVRELAY_DONE
           && convrelay_outage_ask(&o, now + 34999) == CONVRELAY_DECLINED,
           "an outage soon after it has its pauses");

    (void) convrelay_outage_worked(&o, now + 35000, now + 35000, &since,
                                   &failed);

    tap_ok(convrelay_outage_failed(&o, now + 96000, now + 96000, 1)
           == CONVRELAY_DONE
           && convrelay_outage_ask(&o, now + 97000) == CONVRELAY_OK,
           "one that comes later begins with a second");
}


/* what was begun before the outage says nothing of it */

static void
test_late(void)
{
    convrelay_outage_t  o;

    memset(&o, 0, sizeof(o));

    (void) convrelay_outage_failed(&o, 100, 200, 1);

    tap_ok(convrelay_outage_worked(&o, 150, 210, &since, &failed)
           == CONVRELAY_OK && o.since == 200, "an answer of before it");
    tap_ok(convrelay_outage_failed(&o, 150, 300, 0) == CONVRELAY_OK
           && convrelay_outage_ask(&o, 1200) == CONVRELAY_OK,
           "a failure of before it does not make the pause longer");
}


static void
test_slots(void)
{
    size_t               i;
    convrelay_outage_t  *o;
    convrelay_outage_t   table[CONVRELAY_OUTAGES];

    memset(table, 0, sizeof(table));

    for (i = 1; i <= CONVRELAY_OUTAGES; i++) {
        o = convrelay_outage_slot(table, i, 1000 + i);
        o->failed = i;
    }

    tap_ok(convrelay_outage_slot(table, 1, 5000)->failed == 1,
           "a slot is found");

    o = convrelay_outage_slot(table, 1000, 5001);

    tap_ok(o->id == 1000 && o->failed == 0, "a full table has room");
    tap_ok(convrelay_outage_slot(table, 1, 5002)->failed == 1
           && convrelay_outage_slot(table, 3, 5002)->failed == 3,
           "... for what was used lately");
    tap_ok(convrelay_outage_slot(table, 2, 5003)->failed == 0,
           "... not for what was used longest ago");
}
