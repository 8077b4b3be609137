
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_latency.h"


#define CONVRELAY_LATENCY_MAX_SAMPLE  UINT16_MAX


static int convrelay_latency_grow(convrelay_latency_t *l);


int
convrelay_latency_add(convrelay_latency_t *l, uint64_t ms)
{
    size_t  i;

    if (ms > l->max) {
        l->max = (ms < UINT32_MAX) ? ms : UINT32_MAX;
    }

    if (l->every == 0) {
        l->every = 1;
    }

    if (++l->skipped < l->every) {
        return CONVRELAY_OK;
    }

    l->skipped = 0;

    if (l->n == CONVRELAY_LATENCY_SAMPLES) {

        /* drop every second sample, and keep half as many from now on */

        for (i = 0; i < CONVRELAY_LATENCY_SAMPLES / 2; i++) {
            l->samples[i] = l->samples[2 * i + 1];
        }

        l->n = i;

        if (l->every <= UINT16_MAX / 2) {
            l->every *= 2;
            l->skipped = l->every / 2;
            return CONVRELAY_OK;
        }
    }

    if (l->n == l->size && convrelay_latency_grow(l) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    l->samples[l->n++] = (ms < CONVRELAY_LATENCY_MAX_SAMPLE)
                         ? ms : CONVRELAY_LATENCY_MAX_SAMPLE;

    return CONVRELAY_OK;
}


/* most calls are short */

static int
convrelay_latency_grow(convrelay_latency_t *l)
{
    size_t     size;
    uint16_t  *samples;

    size = l->size ? 2 * l->size : CONVRELAY_LATENCY_FIRST;

    samples = realloc(l->samples, size * sizeof(uint16_t));
    if (samples == NULL) {
        return CONVRELAY_ERROR;
    }

    l->samples = samples;
    l->size = size;

    return CONVRELAY_OK;
}


/* finds the sample that has half of the others below it */

uint32_t
convrelay_latency_median(const convrelay_latency_t *l)
{
    size_t  i, j, below, equal, middle;

    if (l->n == 0) {
        return 0;
    }

    middle = (l->n - 1) / 2;

    for (i = 0; i < l->n; i++) {
        below = 0;
        equal = 0;

        for (j = 0; j < l->n; j++) {
            below += (l->samples[j] < l->samples[i]);
            equal += (l->samples[j] == l->samples[i]);
        }

        if (below <= middle && middle < below + equal) {
            break;
        }
    }

    return l->samples[i];
}


void
convrelay_latency_free(convrelay_latency_t *l)
{
    free(l->samples);

    memset(l, 0, sizeof(convrelay_latency_t));
}
