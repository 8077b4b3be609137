
/*
 * Copyright (C) convrelay contributors
 *
 * Failures, and when something is asked again.
 */


#include "tap.h"
#include "convrelay_breaker.h"


static void test_time(void);
static void test_clients(void);
static void test_slots(void);


int
main(void)
{
    test_time();
    test_clients();
    test_slots();

    return tap_done();
}


static void
test_time(void)
{
    convrelay_breaker_t  b;

    memset(&b, 0, sizeof(convrelay_breaker_t));

    tap_ok(!convrelay_breaker_is_open(&b, 7, 1), "it is closed at first");

    convrelay_breaker_failed(&b, 1000, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 1000), "one failure is none");

    convrelay_breaker_failed(&b, 31001, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 31001),
           "nor are two that are far apart");

    convrelay_breaker_failed(&b, 61001, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 7, 61001), "two within the time are");
    tap_ok(convrelay_breaker_is_open(&b, 7, 66000), "for its cooldown");
    tap_ok(!convrelay_breaker_is_open(&b, 7, 66001), "not longer");

    convrelay_breaker_failed(&b, 500000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 7, 504999),
           "then one is enough, however late");

    convrelay_breaker_worked(&b);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 500001), "until it has worked");

    convrelay_breaker_failed(&b, 500002, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 500002), "which begins it again");

    convrelay_breaker_worked(&b);
    convrelay_breaker_failed(&b, 500003, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 500003),
           "also between two failures");

    convrelay_breaker_failed(&b, 500004, 0);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 500004),
           "without a cooldown it is never open");
}


static void
test_clients(void)
{
    convrelay_breaker_t  b;

    memset(&b, 0, sizeof(convrelay_breaker_t));

    convrelay_breaker_slow(&b, 7, 1000, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 7, 1000), "slow once is nothing");

    convrelay_breaker_slow(&b, 7, 31000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 7, 35999),
           "slow twice for one client opens it for this one");
    tap_ok(!convrelay_breaker_is_open(&b, 7, 36000), "for its cooldown");
    tap_ok(!convrelay_breaker_is_open(&b, 8, 31000), "not for others");

    convrelay_breaker_slow(&b, 7, 90000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 7, 94999)
           && !convrelay_breaker_is_open(&b, 8, 90000),
           "then one is enough, for this one");

    convrelay_breaker_slow(&b, 8, 120001, 5000);
    tap_ok(!convrelay_breaker_is_open(&b, 8, 120001),
           "slow for another client, much later, is the first time");

    convrelay_breaker_slow(&b, 7, 150001, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 9, 155000)
           && !convrelay_breaker_is_open(&b, 9, 155001),
           "slow for two clients opens it for all");

    convrelay_breaker_slow(&b, 7, 200000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 7, 200000)
           && !convrelay_breaker_is_open(&b, 9, 200000),
           "one client does not keep it open for others");

    convrelay_breaker_failed(&b, 300000, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 9, 300000),
           "a failure by itself does");

    convrelay_breaker_worked(&b);
    tap_ok(b.failed_at == 0 && b.until == 0 && b.client == 0
           && b.client_until == 0, "once it works, all is forgotten");

    convrelay_breaker_failed(&b, 400000, 5000);
    convrelay_breaker_slow(&b, 7, 400001, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 9, 400001),
           "slow after a failure counts");

    convrelay_breaker_worked(&b);
    convrelay_breaker_slow(&b, 7, 500000, 5000);
    convrelay_breaker_slow(&b, 7, 500001, 5000);
    convrelay_breaker_failed(&b, 500002, 5000);
    tap_ok(convrelay_breaker_is_open(&b, 9, 500002),
           "as does a failure after slow ones");
}


static void
test_slots(void)
{
    uint64_t              i, n;
    convrelay_breaker_t  *one, *two;

    static convrelay_breakers_t  table;

    convrelay_breakers_begin(&table);

    one = convrelay_breakers_slot(&table, 1);
    two = convrelay_breakers_slot(&table, 2);

    tap_ok(one && two && one != two, "each id has its slot");
    tap_ok(convrelay_breakers_slot(&table, 1) == one, "always the same");

    for (i = 3, n = 0; i <= CONVRELAY_BREAKERS; i++) {
        n += (convrelay_breakers_slot(&table, i) != NULL);
    }

    tap_ok(n == CONVRELAY_BREAKERS - 2, "there are many");
    tap_ok(convrelay_breakers_slot(&table, 1000) == NULL, "and no more");

    convrelay_breaker_failed(one, 1, 1000);
    convrelay_breaker_failed(one, 1, 1000);

    convrelay_breakers_begin(&table);

    tap_ok(convrelay_breakers_slot(&table, 1000) == NULL,
           "those of the configuration before are kept");
    tap_ok(convrelay_breakers_slot(&table, 2) == two, "so is an id");

    convrelay_breakers_begin(&table);

    tap_ok(convrelay_breakers_slot(&table, 1000) == one,
           "those that were before it are taken");
    tap_ok(!convrelay_breaker_is_open(one, 7, 2), "as new ones");

    for (i = 1001, n = 0; i < 1500; i++) {
        n += (convrelay_breakers_slot(&table, i) != NULL);
    }

    tap_ok(n == CONVRELAY_BREAKERS - 2, "one after the other");
    tap_ok(convrelay_breakers_slot(&table, 2) == two
           && convrelay_breakers_slot(&table, 1000) == one,
           "but none that is in use");
    tap_ok(convrelay_breakers_slot(&table, 3) == NULL,
           "and an old id does not come back");
}
