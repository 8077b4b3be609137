
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_stat.h"


#define CONVRELAY_CALLER_STAMP  1000000000ULL     /* no count goes so far */


void
convrelay_caller_hist_add(convrelay_caller_hist_t *h, int64_t us)
{
    unsigned  octave, index;

    if (us < 0) {
        us = 0;
    }

    h->n++;

    if (us > h->max) {
        h->max = us;
    }

    octave = 0;

    while ((us >> octave) >= 2 * CONVRELAY_CALLER_STEPS) {
        octave++;
    }

    index = octave * CONVRELAY_CALLER_STEPS + (us >> octave);

    if (index >= CONVRELAY_CALLER_STEPS * CONVRELAY_CALLER_OCTAVES) {
        index = CONVRELAY_CALLER_STEPS * CONVRELAY_CALLER_OCTAVES - 1;
    }

    h->counts[index]++;
}


int64_t
convrelay_caller_hist_at(const convrelay_caller_hist_t *h, double percent)
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

    for (i = 0; i < CONVRELAY_CALLER_STEPS * CONVRELAY_CALLER_OCTAVES; i++) {
        n += h->counts[i];

        if (n > want) {
            break;
        }
    }

    /* the top of the step; steps below 64 us are exact */

    octave = (i < 2 * CONVRELAY_CALLER_STEPS) ? 0
                                            : i / CONVRELAY_CALLER_STEPS - 1;
    value = (((int64_t) i - octave * CONVRELAY_CALLER_STEPS + 1) << octave) - 1;

    return (value < h->max) ? value : h->max;
}


void
convrelay_caller_sequence_read(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order, const u_char *p, size_t len)
{
    const u_char  *last;

    for (last = p + len; p < last; p++) {

        if (*p >= '0' && *p <= '9' && s->digits < 19) {
            s->number = s->number * 10 + (*p - '0');
            s->digits++;
            continue;
        }

        convrelay_caller_sequence_end(s, order);

        if (*p != ' ') {
            s->words = 1;
        }
    }
}


void
convrelay_caller_sequence_end(convrelay_caller_sequence_t *s,
    convrelay_caller_order_t *order)
{
    uint64_t  number;

    if (s->digits == 0) {
        return;
    }

    number = s->number;

    s->number = 0;
    s->digits = 0;
    s->count++;

    if (s->words) {
        return;
    }

    if (number >= CONVRELAY_CALLER_STAMP) {
        s->stamps = 1;
    }

    if (number == s->last) {
        order->doubled++;
        return;
    }

    if (number < s->last) {
        order->reordered++;
        return;
    }

    if (!s->stamps) {
        order->lost += number - s->last - 1;
    }

    s->last = number;
}
