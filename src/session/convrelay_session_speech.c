
/*
 * Copyright (C) convrelay contributors
 *
 * The filter of an answer: what it makes of the LLM's text is spoken.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


static void convrelay_session_speech_said(convrelay_session_t *s, int rc,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);


int
convrelay_session_speech_begin(convrelay_session_t *s)
{
    if (s->speech == NULL) {
        s->speech = calloc(1, sizeof(convrelay_session_speech_t));
    }

    return s->speech ? CONVRELAY_OK : CONVRELAY_ERROR;
}


void
convrelay_session_speech_drop(convrelay_session_t *s)
{
    convrelay_session_speech_reset(s);

    if (s->speech) {
        convrelay_session_hedge_free(s);
        free(s->speech);

        s->speech = NULL;
    }
}


void
convrelay_session_speech_over(convrelay_session_t *s)
{
    if (s->hedge) {
        convrelay_session_speech_reset(s);

    } else {
        convrelay_session_speech_drop(s);
    }
}


void
convrelay_session_speech_reset(convrelay_session_t *s)
{
    convrelay_session_hedge_t  *hedge;

    s->deadlines[CONVRELAY_DEADLINE_SPEECH] = 0;

    if (s->speech) {
        hedge = s->speech->hedge;

        convrelay_speech_free(&s->speech->filter);
        convrelay_pronounce_free(&s->speech->pronounce);

        memset(s->speech, 0, sizeof(convrelay_session_speech_t));

        s->speech->hedge = hedge;
    }
}


void
convrelay_session_speech(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    int                  rc;
    convrelay_str_t      piece;
    convrelay_speech_t  *filter;

    if (s->speech == NULL || s->conf->speech == CONVRELAY_SPEECH_OFF) {
        convrelay_session_say(s, text, now, out);
        return;
    }

    filter = &s->speech->filter;

    filter->mode = s->conf->speech;
    filter->english = convrelay_speech_english(&s->lang);

    rc = convrelay_speech_read(filter, text, &piece);

    s->speech->moved |= filter->moved;

    convrelay_session_speech_said(s, rc, &piece, now, out);
}


void
convrelay_session_speech_flush(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int              rc;
    convrelay_str_t  rest;

    rc = convrelay_speech_flush(&s->speech->filter, &rest);

    convrelay_session_speech_said(s, rc, &rest, now, out);
}


void
convrelay_session_speech_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int              rc;
    convrelay_str_t  rest;

    rc = convrelay_speech_end(&s->speech->filter, &rest);

    convrelay_session_speech_said(s, rc, &rest, now, out);
}


static void
convrelay_session_speech_said(convrelay_session_t *s, int rc,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (text->len) {

        /* the turn fails, see convrelay_session_delta() */

        if (s->turn == CONVRELAY_TURN_ASKED
            && convrelay_session_speech_full(s))
        {
            return;
        }

        convrelay_session_say(s, text, now, out);
    }

    convrelay_session_speech_altered(s);
}


void
convrelay_session_speech_altered(convrelay_session_t *s)
{
    if (s->speech && s->turn == CONVRELAY_TURN_SPEAKING
        && (s->speech->filter.changed || s->speech->think.dropped
            || s->speech->marker.dropped))
    {
        s->answer.altered = 1;
    }
}


size_t
convrelay_session_speech_dropped(const convrelay_session_t *s)
{
    return s->speech ? s->speech->think.dropped + s->speech->marker.dropped
                       + s->speech->filter.dropped
                     : 0;
}


unsigned
convrelay_session_speech_full(const convrelay_session_t *s)
{
    size_t  len;

    len = convrelay_session_speech_dropped(s);

    if (s->conf->max_answer == 0 || len == 0) {
        return 0;
    }

    if (s->turn == CONVRELAY_TURN_SPEAKING) {
        return len + convrelay_session_answer_len(s) > s->conf->max_answer;
    }

    return len >= s->conf->max_answer;
}


unsigned
convrelay_session_speech_held(const convrelay_session_t *s)
{
    return s->speech
           && (s->speech->filter.held || s->speech->think.held
               || s->speech->marker.held || s->speech->pronounce.held);
}
