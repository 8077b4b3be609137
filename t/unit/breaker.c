
/*
 * Copyright (C) convrelay contributors
 *
 * Failures, and when something is asked again.
 */


#include "tap.h"
#include "convrelay_breaker.h"


static void test_time(void);
static void test_slots(void);


int
main(void)
{
    test_time();
    test_slots();

    return tap_done();
}


static void
test_time(void)
{
    convrelay_breaker_t  b;

    memset(&b, 0, sizeof(convrelay_breaker_t));

    tap_ok(!convrelay_breaker_is_open(&b, 1), "it is closed at first");

    convrelay_breaker_failed(&b, 1000, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 1000), "one failure is none");

    convrelay_breaker_failed(&b, 31001, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 31001),
           "nor are two that are far apart");

    convrelay_breaker_failed(&b, 61001, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 61001), "two within the time are");
    tap_ok(convrelay_breaker_is_open(&b, 66000), "for its cooldown");
    tap_ok(!convrelay_breaker_is_open(&b, 66001), "not longer");

    convrelay_breaker_failed(&b, 500000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 504999),
           "then one is enough, however late");

    convrelay_breaker_worked(&b);
    tap_ok(!convrelay_breaker_is_open(&b, 500001), "until it has worked");

    convrelay_breaker_failed(&b, 500002, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 500002), "which begins it again");

    convrelay_breaker_worked(&b);
    convrelay_breaker_failed(&b, 500003, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 500003),
           "also between two failures");

    convrelay_breaker_failed(&b, 500004, 0);
    tap_ok(!convrelay_breaker_is_open(&b, 500004),
           "without a cooldown it is never open");
}


static void
test_slots(void)
{
    convrelay_breaker_t  table[3], *one, *two;

    memset(table, 0, sizeof(table));

    one = convrelay_breaker_slot(table, 3, 7);
    two = convrelay_breaker_slot(table, 3, 8);

    tap_ok(one && two && one != two, "each id has its slot");
    tap_ok(convrelay_breaker_slot(table, 3, 7) == one, "always the same");
    tap_ok(convrelay_breaker_slot(table, 3, 9) != NULL, "the last one");

    convrelay_breaker_failed(one, 1, 1000);
    convrelay_breaker_failed(two, 1, 1000);
    convrelay_breaker_failed(&table[2], 1, 1000);

    tap_ok(convrelay_breaker_slot(table, 3, 10) == NULL, "and no more");
    tap_ok(convrelay_breaker_slot(table, 3, 8) == two, "the others stay");

    convrelay_breaker_worked(one);

    tap_ok(convrelay_breaker_slot(table, 3, 10) == one,
           "one that works again can go");

    convrelay_breaker_failed(one, 1, 1000);

    tap_ok(convrelay_breaker_slot(table, 3, 7) == NULL, "and is gone then");
}
