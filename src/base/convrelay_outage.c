
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_outage.h"


static uint64_t convrelay_outage_longer(uint64_t pause, uint64_t max);
static unsigned convrelay_outage_puts_out(convrelay_outage_kind_t *k,
    const convrelay_outage_request_t *r, unsigned waited);
static int convrelay_outage_begins(convrelay_outage_t *o, uint64_t now);


unsigned
convrelay_outage_is(const convrelay_outage_t *o, convrelay_outage_kind_e kind)
{
    return o->kinds[kind].since != 0;
}


int
convrelay_outage_ask(convrelay_outage_t *o, convrelay_outage_kind_e kind,
    uint64_t now)
{
    convrelay_outage_kind_t  *k;

    o->used = now;
    k = &o->kinds[kind];

    if (k->since == 0) {
        return CONVRELAY_OK;
    }

    if (now < k->until) {
        return CONVRELAY_DECLINED;
    }

    /* one, of all processes: the others wait for what becomes of it */

    k->until = now + k->pause;

    return CONVRELAY_OK;
}


int
convrelay_outage_failed(convrelay_outage_t *o,
    const convrelay_outage_request_t *r, uint64_t now, unsigned waited)
{
    convrelay_outage_kind_t  *k;

    k = &o->kinds[r->kind];

    o->failed++;

    if (k->since) {

        /* those that were begun before it say nothing new */

        if (r->began > k->since) {
            k->pause = convrelay_outage_longer(k->pause,
                                               CONVRELAY_OUTAGE_PROBE);
            k->until = now + k->pause;
        }

        return CONVRELAY_OK;
    }

    if (!convrelay_outage_puts_out(k, r, waited)) {
        return CONVRELAY_OK;
    }

    if (k->pause && now <= k->ended + CONVRELAY_OUTAGE_CALM) {
        k->pause = convrelay_outage_longer(k->pause,
                                           (r->kind == CONVRELAY_OUTAGE_READ)
                                           ? CONVRELAY_OUTAGE_MAX_PAUSE
                                           : CONVRELAY_OUTAGE_PROBE);

    } else {
        k->pause = CONVRELAY_OUTAGE_PAUSE;
    }

    k->since = now;
    k->until = now + k->pause;

    return convrelay_outage_begins(o, now);
}


/* max, unless it is longer already */

static uint64_t
convrelay_outage_longer(uint64_t pause, uint64_t max)
{
    if (pause >= max) {
        return pause;
    }

    return (2 * pause > max) ? max : 2 * pause;
}


/* a kind is out: a new outage, or the same one again */

static int
convrelay_outage_begins(convrelay_outage_t *o, uint64_t now)
{
    unsigned  again;

    again = o->since ? (o->back != 0)
                     : (o->ended && now <= o->ended + CONVRELAY_OUTAGE_CALM);

    if (again) {
        o->hold = o->hold ? convrelay_outage_longer(o->hold,
                                                    CONVRELAY_OUTAGE_CALM)
                          : CONVRELAY_OUTAGE_HOLD;

    } else if (o->since == 0) {
        o->hold = 0;
    }

    o->back = 0;

    if (o->since) {
        return CONVRELAY_OK;
    }

    o->since = now;

    return CONVRELAY_DONE;
}


static unsigned
convrelay_outage_puts_out(convrelay_outage_kind_t *k,
    const convrelay_outage_request_t *r, unsigned waited)
{
    if (r->began <= k->worked) {
        waited = 0;
    }

    if (k->row && r->record != k->record) {
        k->several = 1;
    }

    k->record = r->record;

    if (k->row < CONVRELAY_OUTAGE_FAILURES) {
        k->row++;
    }

    return waited || (k->row == CONVRELAY_OUTAGE_FAILURES && k->several);
}


int
convrelay_outage_worked(convrelay_outage_t *o,
    const convrelay_outage_request_t *r, uint64_t now, uint64_t *lasted,
    uint64_t *failed)
{
    size_t                    i;
    unsigned                  back;
    convrelay_outage_kind_t  *k;

    back = 0;
    k = &o->kinds[r->kind];

    if (r->began > k->worked) {
        k->worked = r->began;
    }

    if (k->since && r->began <= k->since) {
        return CONVRELAY_OK;
    }

    k->row = 0;
    k->several = 0;

    if (k->since) {
        k->since = 0;
        k->ended = now;
        back = 1;
    }

    if (!o->since) {
        o->failed = 0;
        return CONVRELAY_OK;
    }

    for (i = 0; i < CONVRELAY_OUTAGE_KINDS; i++) {

        if (o->kinds[i].since) {

            if (!back) {
                return CONVRELAY_OK;
            }

            o->kinds[i].until = now;
            return CONVRELAY_AGAIN;
        }
    }

    if (back) {
        o->back = now;
    }

    return convrelay_outage_over(o, now, lasted, failed);
}


int
convrelay_outage_over(convrelay_outage_t *o, uint64_t now, uint64_t *lasted,
    uint64_t *failed)
{
    if (o->since == 0 || o->back == 0 || now < o->back + o->hold) {
        return CONVRELAY_OK;
    }

    /* the clock of another process may be a moment older */

    *lasted = (o->back > o->since) ? o->back - o->since : 0;
    *failed = o->failed;

    o->since = 0;
    o->back = 0;
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
