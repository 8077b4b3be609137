
/*
 * Copyright (C) convrelay contributors
 *
 * Percentiles of a distribution.
 */


#include "tap.h"

#include "convrelay_histogram.h"


static void test_percentiles(void);
static void test_steps(void);


int
main(void)
{
    test_percentiles();
    test_steps();

    return tap_done();
}


static int
near(int64_t got, int64_t want)
{
    return got >= want && got <= want + want / 32 + 1;
}


static void
test_percentiles(void)
{
    int64_t                       i;
    static convrelay_histogram_t  h;

    tap_ok(convrelay_histogram_at(&h, 50) == 0, "nothing has no median");

    for (i = 1; i <= 100000; i++) {
        convrelay_histogram_add(&h, i);
    }

    tap_ok(near(convrelay_histogram_at(&h, 50), 50000), "median %lld",
           (long long) convrelay_histogram_at(&h, 50));
    tap_ok(near(convrelay_histogram_at(&h, 99), 99000), "p99 %lld",
           (long long) convrelay_histogram_at(&h, 99));
    tap_ok(convrelay_histogram_at(&h, 100) == 100000, "the largest");

    /* two halves, whose values are far apart */

    memset(&h, 0, sizeof(convrelay_histogram_t));

    for (i = 0; i < 1000; i++) {
        convrelay_histogram_add(&h, i < 500 ? 1 : 60);
    }

    tap_ok(convrelay_histogram_at(&h, 49.9) == 1, "just below the step");
    tap_ok(convrelay_histogram_at(&h, 50) == 60, "the step");
    tap_ok(convrelay_histogram_at(&h, 49.89) == 1, "and before it");

    memset(&h, 0, sizeof(convrelay_histogram_t));
    convrelay_histogram_add(&h, -5);
    convrelay_histogram_add(&h, 63);
    tap_ok(convrelay_histogram_at(&h, 0) == 0, "negative is none");
    tap_ok(convrelay_histogram_at(&h, 60) == 63, "small ones are exact");

    memset(&h, 0, sizeof(convrelay_histogram_t));
    convrelay_histogram_add(&h, 64);
    convrelay_histogram_add(&h, INT64_MAX);
    tap_ok(near(convrelay_histogram_at(&h, 10), 64), "the first octave");
    tap_ok(convrelay_histogram_at(&h, 99.9) > 0, "and no more than the last");
}


/* alone, each value is its own percentile, or a little above it */

static void
test_steps(void)
{
    int64_t                       i;
    unsigned                      bad;
    static convrelay_histogram_t  h;

    bad = 0;

    for (i = 0; i < (1LL << 40); i += 1 + (i > 4096) * i / 50) {
        memset(&h, 0, sizeof(convrelay_histogram_t));
        convrelay_histogram_add(&h, i);
        convrelay_histogram_add(&h, INT64_MAX);

        if (convrelay_histogram_at(&h, 49) < i
            || convrelay_histogram_at(&h, 49) > i + i / 32)
        {
            bad++;
        }
    }

    tap_ok(bad == 0, "a step is 3 percent wide at most: %u are wider", bad);
}
