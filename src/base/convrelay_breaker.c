
/*
 * Copyright (C) convrelay contributors
 *
 * Counts failures across processes.
 */


#include "convrelay_breaker.h"


#define convrelay_breaker_get(word)                                          \
    __atomic_load_n(&(word), __ATOMIC_RELAXED)

#define convrelay_breaker_set(word, value)                                   \
    __atomic_store_n(&(word), value, __ATOMIC_RELAXED)


void
convrelay_breaker_failed(convrelay_breaker_t *b, uint64_t now,
    uint64_t cooldown)
{
    uint64_t  failed_at;

    failed_at = convrelay_breaker_get(b->failed_at);

    if (convrelay_breaker_get(b->until)
        || (failed_at && now - failed_at <= CONVRELAY_BREAKER_TIME))
    {
        convrelay_breaker_set(b->until, now + cooldown);
    }

    convrelay_breaker_set(b->failed_at, now);
}


void
convrelay_breaker_worked(convrelay_breaker_t *b)
{
    /* usually there is nothing to write: leave the shared cache line alone */

    if (convrelay_breaker_get(b->failed_at)) {
        convrelay_breaker_set(b->failed_at, 0);
        convrelay_breaker_set(b->until, 0);
    }
}


unsigned
convrelay_breaker_is_open(const convrelay_breaker_t *b, uint64_t now)
{
    return now < convrelay_breaker_get(b->until);
}


convrelay_breaker_t *
convrelay_breaker_slot(convrelay_breaker_t *table, size_t n, uint64_t id)
{
    size_t    i;
    uint64_t  found;

    for (i = 0; i < n; i++) {
        found = 0;

        if (__atomic_compare_exchange_n(&table[i].id, &found, id, 0,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)
            || found == id)
        {
            return &table[i];
        }
    }

    /* take a slot without failures: it may belong to an old configuration */

    for (i = 0; i < n; i++) {
        found = convrelay_breaker_get(table[i].id);

        if (convrelay_breaker_get(table[i].failed_at) == 0
            && __atomic_compare_exchange_n(&table[i].id, &found, id, 0,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        {
            return &table[i];
        }
    }

    return NULL;
}
