
/*
 * Copyright (C) convrelay contributors
 *
 * The current activity of a call, for status reports.
 */


#include "convrelay_session_tools.h"


convrelay_activity_e
convrelay_session_activity(const convrelay_session_t *s, uint64_t *until)
{
    const convrelay_answer_t  *a;

    a = &s->answer;
    *until = 0;

    if (s->state >= CONVRELAY_SESSION_ENDING) {
        return CONVRELAY_ACTIVITY_PARTING;
    }

    if (convrelay_session_paused(s)) {
        return CONVRELAY_ACTIVITY_LISTENING;
    }

    if (s->turn == CONVRELAY_TURN_ASKED) {
        return CONVRELAY_ACTIVITY_THINKING;
    }

    if (s->turns == 0 && s->prompt == NULL) {
        return CONVRELAY_ACTIVITY_GREETING;
    }

    if (s->turn == CONVRELAY_TURN_SPEAKING) {
        *until = UINT64_MAX;

        return CONVRELAY_ACTIVITY_SPEAKING;
    }

    if (!convrelay_session_audible(s)
        || (s->playback.voice_reports && !s->playback.voice)
        || (a->heard.reported && a->heard.played == a->len))
    {
        return CONVRELAY_ACTIVITY_LISTENING;
    }

    /* bytes, not characters: good enough for a status, and it costs nothing */

    *until = convrelay_session_ms(s, a->started) + CONVRELAY_HEARD_START_MS
             + a->len * CONVRELAY_HEARD_MS_PER_CHAR;

    return CONVRELAY_ACTIVITY_SPEAKING;
}


int
convrelay_session_between_turns(const convrelay_session_t *s, uint64_t now)
{
    if (s->state != CONVRELAY_SESSION_OPEN
        || s->turn != CONVRELAY_TURN_IDLE
        || (s->turns == 0 && s->prompt == NULL)
        || s->trigger != CONVRELAY_TRIGGER_NONE
        || convrelay_session_paused(s) || convrelay_session_prompt_waits(s)
        || s->keys.state != CONVRELAY_KEYS_NONE)
    {
        return 0;
    }

    if (s->tools && (s->tools->runs || s->tools->resume)) {
        return 0;
    }

    return convrelay_session_is_quiet(s)
           && convrelay_session_words_until(s) <= now
           && convrelay_session_ms(s, s->silence.since)
              + CONVRELAY_SESSION_WORDS_TIME <= now;
}


int
convrelay_session_turn_open(const convrelay_session_t *s)
{
    return s->turn != CONVRELAY_TURN_IDLE || (s->tools && s->tools->resume);
}


int
convrelay_session_turn_said(const convrelay_session_t *s)
{
    return s->turn == CONVRELAY_TURN_SPEAKING
           || (s->tools && s->tools->guard.held)
           || convrelay_session_speech_held(s);
}
