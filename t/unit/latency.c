
/*
 * Copyright (C) convrelay contributors
 *
 * The worst and the median of many times, in a limited amount of memory.
 */


#include "convrelay_latency.h"
#include "tap.h"


static void few_test(void);
static void few(const char *times, uint32_t median, uint32_t max);
static void many_test(void);


int
main(void)
{
    few_test();
    many_test();

    return tap_done();
}


static void
few_test(void)
{
    few("", 0, 0);
    few("0", 0, 0);
    few("7", 7, 7);
    few("7 3", 3, 7);
    few("3 7", 3, 7);
    few("9 1 5", 5, 9);
    few("5 5 1", 5, 5);
    few("1 5 1 5", 1, 5);
    few("4 4 4 4", 4, 4);
    few("400 300 200 100 900", 300, 900);
    few("65534", 65534, 65534);
    few("65535", 65535, 65535);
    few("65536 70000 80000", 65535, 80000);
    few("4294967295", 65535, 4294967295u);
    few("4294967296", 65535, 4294967295u);
    few("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 "
        "27 28 29 30 31", 16, 31);
    few("32 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 "
        "26 27 28 29 30 31", 16, 32);
}


static void
few(const char *times, uint32_t median, uint32_t max)
{
    char                 *end;
    const char           *p;
    convrelay_latency_t  *l;

    l = NULL;

    for (p = times; *p; p = end) {
        (void) convrelay_latency_add(&l, strtoull(p, &end, 10));
    }

    tap_ok(convrelay_latency_median(l) == median && (l ? l->max : 0) == max,
           "median and worst of %s", *times ? times : "nothing");

    if (convrelay_latency_median(l) != median) {
        printf("# %u\n", convrelay_latency_median(l));
    }

    free(l);
}


/* samples stay evenly spaced, up to the newest, whatever their number */

static void
many_test(void)
{
    unsigned              i, n, bad;
    uint64_t              median;
    convrelay_latency_t  *l;

    l = NULL;
    bad = 0;

    for (n = 1; n <= 60000; n++) {
        (void) convrelay_latency_add(&l, n);

        if (l->n > CONVRELAY_LATENCY_SAMPLES || l->max != n
            || (n >= 16 && l->n < 16))
        {
            bad++;
            continue;
        }

        for (i = 1; i < l->n; i++) {
            bad += (l->samples[i] - l->samples[i - 1] != l->every);
        }

        bad += (l->samples[l->n - 1] + l->every <= n);

        /* it is off by one sample at most */

        median = convrelay_latency_median(l);

        bad += (median + l->every < (n + 1) / 2
                || median > (n + 1) / 2 + l->every);
    }

    tap_ok(bad == 0, "the median of up to 60000 times");

    for (n = 0; n < 5000000; n++) {
        (void) convrelay_latency_add(&l, 5);
    }

    tap_ok(convrelay_latency_median(l) == 5 && l->n >= 16
           && l->n <= CONVRELAY_LATENCY_SAMPLES && l->max == 60000,
           "and of five million more");

    free(l);
}
