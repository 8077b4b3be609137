
/*
 * Copyright (C) convrelay contributors
 *
 * Knows whether anybody speaks, and when the last words were heard.
 */


#include "convrelay_session_parts.h"


void
convrelay_session_stir(convrelay_session_t *s, uint64_t now)
{
    s->silence.stage = 0;
    s->silence.hold_until = 0;
    s->silence.since = convrelay_session_time(s, now);

    convrelay_session_filler_stir(s, now);
}


void
convrelay_session_since(convrelay_session_t *s, uint64_t now)
{
    uint32_t  since;

    since = convrelay_session_time(s, now);

    if (s->silence.since < since) {
        s->silence.since = since;
    }
}


void
convrelay_session_heard(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    s->silence.heard_at = convrelay_session_time(s, now);

    convrelay_session_filler_heard(s, now);

    if (s->state == CONVRELAY_SESSION_ENDING
        && !convrelay_session_words_come(s, now))
    {
        convrelay_session_send_end(s, now, out);
    }
}


uint64_t
convrelay_session_words_until(const convrelay_session_t *s)
{
    uint64_t  started, spoken, filler;

    if (s->silence.heard_at) {
        return convrelay_session_ms(s, s->silence.heard_at);
    }

    spoken = convrelay_session_spoken_until(s);
    filler = convrelay_session_filler_until(s);

    if (spoken) {
        started = convrelay_session_ms(s, s->answer.started);
        spoken = started + convrelay_playback_time(&s->playback,
                                                   spoken - started);
    }

    return convrelay_session_later(spoken, filler);
}


unsigned
convrelay_session_is_quiet(const convrelay_session_t *s)
{
    return !s->silence.client_speaking
           && !s->playback.file && !s->playback.voice
           && s->deadlines[CONVRELAY_DEADLINE_KEYS] == 0;
}
