
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_latency.h"


#define CONVRELAY_LATENCY_MAX_SAMPLE  UINT16_MAX


static convrelay_latency_t *convrelay_latency_grow(convrelay_latency_t *l);
static size_t convrelay_latency_more(size_t size);


int
convrelay_latency_add(convrelay_latency_t **latency, uint64_t ms)
{
    size_t                i;
    convrelay_latency_t  *l;

    l = *latency;

    if (l == NULL || l->n == l->size) {
        l = convrelay_latency_grow(l);
        if (l == NULL) {
            return CONVRELAY_ERROR;
        }

        *latency = l;
    }

    if (ms > l->max) {
        l->max = (ms < UINT32_MAX) ? ms : UINT32_MAX;
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

    l->samples[l->n++] = (ms < CONVRELAY_LATENCY_MAX_SAMPLE)
                         ? ms : CONVRELAY_LATENCY_MAX_SAMPLE;

    return CONVRELAY_OK;
}


convrelay_latency_t *
convrelay_latency_create(size_t n)
{
    size_t                size;
    convrelay_latency_t  *l;

    for (size = CONVRELAY_LATENCY_FIRST; size < n; /* void */ ) {
        size = convrelay_latency_more(size);
    }

    l = calloc(1, sizeof(convrelay_latency_t) + size * sizeof(uint16_t));

    if (l) {
        l->every = 1;
        l->size = size;
    }

    return l;
}


static convrelay_latency_t *
convrelay_latency_grow(convrelay_latency_t *l)
{
    size_t  size;

    if (l == NULL) {
        return convrelay_latency_create(1);
    }

    size = convrelay_latency_more(l->size);

    l = realloc(l, sizeof(convrelay_latency_t) + size * sizeof(uint16_t));

    if (l) {
        l->size = size;
    }

    return l;
}


/* the largest size has room for one more than there can be, so that it never
   grows */

static size_t
convrelay_latency_more(size_t size)
{
    size = 2 * size + 4;

    return (size < CONVRELAY_LATENCY_SAMPLES) ? size
                                              : CONVRELAY_LATENCY_SAMPLES + 1;
}


/* finds the sample that has half of the others below it */

uint32_t
convrelay_latency_median(const convrelay_latency_t *l)
{
    size_t  i, j, below, equal, middle;

    if (l == NULL) {
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
