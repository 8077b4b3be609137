
/*
 * Copyright (C) convrelay contributors
 *
 * Estimates how long the caller hears fillers.
 */


#include "convrelay_session_filler.h"


unsigned
convrelay_session_fillers(const convrelay_session_t *s)
{
    return s->filler ? s->filler->total : 0;
}


uint64_t
convrelay_session_filler_until(const convrelay_session_t *s)
{
    return (s->filler && s->filler->queued) ? s->filler->end : 0;
}


uint64_t
convrelay_session_filler_spoken(const convrelay_session_t *s, uint64_t now)
{
    const convrelay_session_filler_t  *f;

    f = s->filler;

    return (f && f->queued && f->until > now && f->end > now) ? f->until : 0;
}


uint64_t
convrelay_session_filler_next(convrelay_session_t *s, uint64_t now)
{
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (convrelay_session_filler_spoken(s, now) == 0) {
        return now;
    }

    if (f->preemptible) {
        f->queued = 0;
        f->end = now;

        return now;
    }

    return f->until;
}


void
convrelay_session_filler_first(convrelay_session_t *s)
{
    if (s->filler) {
        s->filler->at = 0;
    }
}
