
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


static unsigned convrelay_breaker_again(const convrelay_breaker_t *b,
    uint64_t now);


void
convrelay_breaker_failed(convrelay_breaker_t *b, uint64_t now,
    uint64_t cooldown)
{
    if (convrelay_breaker_again(b, now)) {
        convrelay_breaker_set(b->until, now + cooldown);
    }

    convrelay_breaker_set(b->client, 0);
    convrelay_breaker_set(b->client_until, 0);
    convrelay_breaker_set(b->failed_at, now);
}


void
convrelay_breaker_slow(convrelay_breaker_t *b, uint64_t client, uint64_t now,
    uint64_t cooldown)
{
    if (convrelay_breaker_get(b->client) != client) {
        convrelay_breaker_failed(b, now, cooldown);
        convrelay_breaker_set(b->client, client);
        return;
    }

    if (convrelay_breaker_get(b->client_until)
        || convrelay_breaker_again(b, now))
    {
        convrelay_breaker_set(b->client_until, now + cooldown);
    }

    convrelay_breaker_set(b->failed_at, now);
}


/* a failure now would not be the only one */

static unsigned
convrelay_breaker_again(const convrelay_breaker_t *b, uint64_t now)
{
    uint64_t  failed_at;

    failed_at = convrelay_breaker_get(b->failed_at);

    return convrelay_breaker_get(b->until)
           || (failed_at && now - failed_at <= CONVRELAY_BREAKER_TIME);
}


void
convrelay_breaker_worked(convrelay_breaker_t *b)
{
    /* usually there is nothing to write: leave the shared cache line alone */

    if (convrelay_breaker_get(b->failed_at)) {
        convrelay_breaker_set(b->failed_at, 0);
        convrelay_breaker_set(b->until, 0);
        convrelay_breaker_set(b->client, 0);
        convrelay_breaker_set(b->client_until, 0);
    }
}


unsigned
convrelay_breaker_is_open(const convrelay_breaker_t *b, uint64_t client,
    uint64_t now)
{
    return now < convrelay_breaker_get(b->until)
           || (now < convrelay_breaker_get(b->client_until)
               && client == convrelay_breaker_get(b->client));
}


void
convrelay_breakers_begin(convrelay_breakers_t *table)
{
    table->generation++;
}


convrelay_breaker_t *
convrelay_breakers_slot(convrelay_breakers_t *table, uint64_t id)
{
    size_t                i;
    convrelay_breaker_t  *slot, *unused, *oldest;

    unused = NULL;
    oldest = NULL;

    for (i = 0; i < CONVRELAY_BREAKERS; i++) {
        slot = &table->slots[i];

        if (slot->id == id) {
            slot->generation = table->generation;
            return slot;
        }

        if (slot->id == 0) {
            unused = unused ? unused : slot;
            continue;
        }

        if (table->generation - slot->generation > 1
            && (oldest == NULL || slot->generation < oldest->generation))
        {
            oldest = slot;
        }
    }

    slot = unused ? unused : oldest;

    if (slot) {
        slot->id = id;
        slot->generation = table->generation;

        convrelay_breaker_worked(slot);
    }

    return slot;
}
