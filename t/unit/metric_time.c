
/*
 * Copyright (C) convrelay contributors
 *
 * Histograms at both ends of each bucket, percentiles, values of labels, and
 * numbers as they are written.
 */


#include <limits.h>

#include "convrelay_metric_out.h"
#include "tap.h"


#define B  CONVRELAY_METRIC_BUCKETS


static void test_buckets(const convrelay_metric_bounds_t *bounds,
    unsigned hist, const char *name);
static void test_percentiles(void);
static void test_values(void);
static void test_numbers(void);
static int shown(void (*write)(convrelay_metric_out_t *out, uint64_t n),
    uint64_t n, const char *want);


int
main(void)
{
    test_buckets(&convrelay_metric_seconds, CONVRELAY_METRIC_FIRST_WORD,
                 "answers");
    test_buckets(&convrelay_metric_minutes, CONVRELAY_METRIC_SESSION_SECONDS,
                 "sessions");
    test_percentiles();
    test_values();
    test_numbers();

    return tap_done();
}


static void
test_buckets(const convrelay_metric_bounds_t *bounds, unsigned hist,
    const char *name)
{
    char                text[32];
    unsigned            i, bad;
    convrelay_metric_t  w[CONVRELAY_METRIC_N];

    bad = 0;

    for (i = 0; i < B - 1; i++) {
        bad += (convrelay_metric_bucket(bounds, bounds->ms[i]) != i
                || convrelay_metric_bucket(bounds, bounds->ms[i] + 1) != i + 1
                || (i && bounds->ms[i] <= bounds->ms[i - 1]));

        /* the bound as a text is the same number */

        if (bounds->ms[i] % 1000) {
            sprintf(text, "%g", bounds->ms[i] / 1000.0);

        } else {
            sprintf(text, "%u", bounds->ms[i] / 1000);
        }

        bad += (strcmp(text, bounds->text[i]) != 0);

        memset(w, 0, sizeof(w));
        convrelay_metric_time(w, hist, bounds->ms[i]);
        convrelay_metric_time(w, hist, bounds->ms[i] + 1);

        bad += (w[hist + i] != 1 || w[hist + i + 1] != 1
                || w[hist + B] != 2 * bounds->ms[i] + 1
                || convrelay_metric_count(w, hist) != 2);
    }

    bad += (strcmp(bounds->text[B - 1], "+Inf") != 0);

    tap_ok(bad == 0, "the buckets of %s", name);
}


/* of equal parts of a bucket */

static void
test_percentiles(void)
{
    uint64_t            ms;
    unsigned            h, i, bad;
    convrelay_metric_t  w[CONVRELAY_METRIC_N];

    h = CONVRELAY_METRIC_TURN_SECONDS;
    memset(w, 0, sizeof(w));

    /* what is before and after a histogram is not of it */

    w[h - 1] = 1000;
    w[h + B + 1] = 1000;

    w[h] = 10;

    tap_ok(convrelay_metric_percentile(w, h, 0) == 0
           && convrelay_metric_percentile(w, h, 10) == 1
           && convrelay_metric_percentile(w, h, 50) == 5
           && convrelay_metric_percentile(w, h, 100) == 10,
           "the first bucket begins with 0");

    w[h + 2] = 10;

    tap_ok(convrelay_metric_percentile(w, h, 50) == 10
           && convrelay_metric_percentile(w, h, 75) == 30
           && convrelay_metric_percentile(w, h, 100) == 40,
           "an empty one between two is passed over");

    w[h + 13] = 20;

    tap_ok(convrelay_metric_percentile(w, h, 50) == 40
           && convrelay_metric_percentile(w, h, 75) == 61440
           && convrelay_metric_percentile(w, h, 100) == 81920,
           "the last one with a bound");

    w[h + 14] = 40;

    tap_ok(convrelay_metric_percentile(w, h, 50) == 81920
           && convrelay_metric_percentile(w, h, 51) == 81920
           && convrelay_metric_percentile(w, h, 100) == 81920,
           "what has none is at the last bound");

    h = CONVRELAY_METRIC_SESSION_SECONDS;
    memset(w, 0, sizeof(w));
    w[h + 1] = 4;

    tap_ok(convrelay_metric_percentile(w, h, 25) == 15000
           && convrelay_metric_percentile(w, h, 100) == 30000,
           "sessions have bounds of their own");

    h = CONVRELAY_METRIC_FIRST_WORD;
    memset(w, 0, sizeof(w));
    bad = 0;

    for (i = 0; i <= 100; i++) {
        bad += (convrelay_metric_percentile(w, h, i) != 0);
    }

    tap_ok(bad == 0, "of nothing, each percentile is 0");

    /* figures that a double cannot hold exactly */

    w[h + 3] = ULONG_MAX / 2;
    w[h + 13] = ULONG_MAX / 2 + 1;

    for (i = 1; i <= 100; i++) {
        ms = convrelay_metric_percentile(w, h, i);

        bad += (ms < convrelay_metric_percentile(w, h, i - 1)
                || (i < 50 && (ms < 40 || ms > 80))
                || (i > 50 && (ms < 40960 || ms > 81920)));
    }

    tap_ok(bad == 0, "the largest counts have percentiles, in order");
}


static void
test_values(void)
{
    unsigned                        bad;
    const convrelay_metric_line_t  *line;

    bad = 0;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name) {
            bad += (line->bounds
                    && convrelay_metric_value(line->index) != NULL);
            continue;
        }

        bad += (convrelay_metric_value(line->index) != line->value);
    }

    tap_ok(bad == 0, "the value of each counter's label");
    tap_ok(convrelay_metric_value(CONVRELAY_METRIC_N) == NULL
           && convrelay_metric_value(CONVRELAY_METRIC_N + 1) == NULL,
           "none of what there is not");

    tap_ok(convrelay_metric_twilio(64101) == CONVRELAY_METRIC_TWILIO_64101
           && convrelay_metric_twilio(64110) == CONVRELAY_METRIC_TWILIO_64110
           && convrelay_metric_twilio(64100) == CONVRELAY_METRIC_TWILIO_OTHER
           && convrelay_metric_twilio(403) == CONVRELAY_METRIC_TWILIO_OTHER
           && convrelay_metric_twilio(2) == CONVRELAY_METRIC_TWILIO_OTHER,
           "codes of Twilio's, and no other label's value");
}


static void
test_numbers(void)
{
    tap_ok(shown(convrelay_metric_number, 0, "0")
           && shown(convrelay_metric_number, 9, "9")
           && shown(convrelay_metric_number, 10, "10")
           && shown(convrelay_metric_number, 99, "99")
           && shown(convrelay_metric_number, 100, "100")
           && shown(convrelay_metric_number, UINT64_MAX,
                    "18446744073709551615"), "numbers");

    tap_ok(shown(convrelay_metric_ms, 0, "0")
           && shown(convrelay_metric_ms, 1, "0.001")
           && shown(convrelay_metric_ms, 12, "0.012")
           && shown(convrelay_metric_ms, 345, "0.345")
           && shown(convrelay_metric_ms, 999, "0.999")
           && shown(convrelay_metric_ms, 1000, "1")
           && shown(convrelay_metric_ms, 1100, "1.100")
           && shown(convrelay_metric_ms, UINT64_MAX,
                    "18446744073709551.615"), "ms as seconds");
}


static int
shown(void (*write)(convrelay_metric_out_t *out, uint64_t n), uint64_t n,
    const char *want)
{
    u_char                  buf[64];
    convrelay_metric_out_t  out;

    memset(buf, '#', sizeof(buf));

    out.p = NULL;
    out.len = 0;
    write(&out, n);

    if (out.len != strlen(want)) {
        return 0;
    }

    out.p = buf;
    out.len = 0;
    write(&out, n);

    return out.len == strlen(want) && memcmp(buf, want, out.len) == 0
           && buf[out.len] == '#';
}
