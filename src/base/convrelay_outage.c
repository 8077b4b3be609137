
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_outage.h"


int
convrelay_outage_ask(convrelay_outage_t *o, uint64_t now)
{
    o->used = now;

    if (o->since == 0) {
        return CONVRELAY_OK;
    }

    if (now < o->until) {
        return CONVRELAY_DECLINED;
    }

    /* one, of all processes: the others wait for what becomes of it */

    o->until = now + o->pause;

    return CONVRELAY_OK;
}


int
convrelay_outage_failed(convrelay_outage_t *o, uint64_t began, uint64_t now,
    unsigned waited)
{
    o->failed++;

    if (o->since == 0) {

        if (!waited && o->failed < CONVRELAY_OUTAGE_FAILURES) {
            return CONVRELAY_OK;
        }

        if (o->pause == 0 || now - o->ended > CONVRELAY_OUTAGE_CALM) {
            o->pause = CONVRELAY_OUTAGE_PAUSE;
        }

        o->since = now;
        o->until = now + o->pause;

        return CONVRELAY_DONE;
    }

    /* those that were begun before it say nothing new */

    if (began >= o->since) {
        o->pause = 2 * o->pause;

        if (o->pause > CONVRELAY_OUTAGE_MAX_PAUSE) {
            o->pause = CONVRELAY_OUTAGE_MAX_PAUSE;
        }

        o->until = now + o->pause;
    }

    return CONVRELAY_OK;
}


int
convrelay_outage_worked(convrelay_outage_t *o, uint64_t began, uint64_t now,
    uint64_t *since, uint64_t *failed)
{
    if (o->since == 0) {
        o->failed = 0;
        return CONVRELAY_OK;
    }

    if (began < o->since) {
        return CONVRELAY_OK;
    }

    *since = o->since;
    *failed = o->failed;

    o->since = 0;
    o->failed = 0;
    o->ended = now;

    return CONVRELAY_DONE;
}


convrelay_outage_t *
convrelay_outage_slot(convrelay_outage_t *table, uint64_t id, uint64_t now)
{
    size_t               i;
    convrelay_outage_t  *o, *slot;

    slot = &table[0];

    for (i = 0; i < CONVRELAY_OUTAGES; i++) {
        o = &table[i];

        if (o->id == id) {
            o->used = now;
            return o;
        }

        if (slot->id && (o->id == 0 || o->used < slot->used)) {
            slot = o;
        }
    }

    memset(slot, 0, sizeof(convrelay_outage_t));

    slot->id = id;
    slot->used = now;

    return slot;
}
