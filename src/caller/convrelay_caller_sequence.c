
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_sequence.h"


#define CONVRELAY_CALLER_STAMP  1000000000ULL     /* no count goes so far */


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
