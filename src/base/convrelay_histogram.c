
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_histogram.h"


void
convrelay_histogram_add(convrelay_histogram_t *h, int64_t value)
{
    unsigned  octave, index;

    if (value < 0) {
        value = 0;
    }

    h->n++;

    if (value > h->max) {
        h->max = value;
    }

    octave = 0;

    while ((value >> octave) >= 2 * CONVRELAY_HISTOGRAM_STEPS) {
        octave++;
    }

    index = octave * CONVRELAY_HISTOGRAM_STEPS + (value >> octave);

    if (index >= CONVRELAY_HISTOGRAM_SIZE) {
        index = CONVRELAY_HISTOGRAM_SIZE - 1;
    }

    h->counts[index]++;
}


int64_t
convrelay_histogram_at(const convrelay_histogram_t *h, double percent)
{
    int64_t   value;
    uint64_t  n, want;
    unsigned  i, octave;

    if (h->n == 0) {
        return 0;
    }

    want = h->n * percent / 100;

    if (want >= h->n) {
        return h->max;
    }

    n = 0;

    for (i = 0; i < CONVRELAY_HISTOGRAM_SIZE; i++) {
        n += h->counts[i];

        if (n > want) {
            break;
        }
    }

    /* the top of the step; values below 64 are exact */

    octave = 0;

    if (i >= 2 * CONVRELAY_HISTOGRAM_STEPS) {
        octave = i / CONVRELAY_HISTOGRAM_STEPS - 1;
    }

    i -= octave * CONVRELAY_HISTOGRAM_STEPS;
    value = (((int64_t) i + 1) << octave) - 1;

    return (value < h->max) ? value : h->max;
}
