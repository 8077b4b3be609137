
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_rate.h"
#include "tap.h"


static void test_burst(void);
static void test_rate(void);
static void test_waits(void);
static void test_long(void);
static unsigned test_at_once(convrelay_rate_t *r,
    const convrelay_rate_limit_t *limit, uint64_t now);


int
main(void)
{
    test_burst();
    test_rate();
    test_waits();
    test_long();

    return tap_done();
}


static void
test_burst(void)
{
    convrelay_rate_t        r = { 1000, 0 };
    convrelay_rate_limit_t  limit = { 100, 1000, 1000 };

    tap_ok(test_at_once(&r, &limit, 1000) == 1000, "a burst, and no more");
    tap_ok(convrelay_rate_ahead(&r, &limit) == 1001, "the one more is told");

    memset(&r, 0, sizeof(r));
    limit.burst = 0;

    tap_ok(test_at_once(&r, &limit, 1) == 0, "no burst: none");
}


static void
test_rate(void)
{
    unsigned                i, n;
    convrelay_rate_t        r = { 0, 0 };
    convrelay_rate_limit_t  limit = { 60, 60000, 5 };

    for (i = 0; i < 5; i++) {
        (void) convrelay_rate_add(&r, &limit, 0);
    }

    n = 0;

    for (i = 1; i <= 1000; i++) {
        n += convrelay_rate_add(&r, &limit, i * 1000) == CONVRELAY_OK;
    }

    tap_ok(n == 1000, "at the rate after a burst");
    tap_ok(convrelay_rate_add(&r, &limit, 1000999) == CONVRELAY_DECLINED,
           "a millisecond too early");

    memset(&r, 0, sizeof(r));
    limit.burst = 1;
    n = 0;

    for (i = 0; i < 1000; i++) {
        n += convrelay_rate_add(&r, &limit, i * 1000) == CONVRELAY_OK;
    }

    tap_ok(n == 1000, "one at a time");
}


static void
test_waits(void)
{
    convrelay_rate_t        r = { 0, 0 };
    convrelay_rate_limit_t  limit = { 60, 60000, 60 };

    (void) test_at_once(&r, &limit, 0);

    tap_ok(convrelay_rate_ahead(&r, &limit) == 61, "over by one");
    tap_ok(convrelay_rate_add(&r, &limit, 1999) == CONVRELAY_DECLINED,
           "who was refused waits for that one, too");
    tap_ok(convrelay_rate_add(&r, &limit, 4000) == CONVRELAY_OK,
           "and then goes on");
    tap_ok(test_at_once(&r, &limit, 4000 + 60000) == 60,
           "a period later there is room for all");
}


/* the longest that a call lasts, and the highest rates */

static void
test_long(void)
{
    convrelay_rate_t        r = { 0, 0 };
    convrelay_rate_limit_t  limit = { 1000000, 1000, 10000000 };

    r.level = (uint64_t) 10000000 * 1000;

    tap_ok(convrelay_rate_add(&r, &limit, 31536000000ULL) == CONVRELAY_OK
           && convrelay_rate_ahead(&r, &limit) == 1, "a year of silence");
}


/* how many of them are let through */

static unsigned
test_at_once(convrelay_rate_t *r, const convrelay_rate_limit_t *limit,
    uint64_t now)
{
    unsigned  n;

    for (n = 0; convrelay_rate_add(r, limit, now) == CONVRELAY_OK; n++) {
        /* void */
    }

    return n;
}
