
/*
 * Copyright (C) convrelay contributors
 *
 * The way of the LLM's text: its reasoning is dropped first, so that a call in
 * it is not taken for one; then the marker of interruptions, which the LLM has
 * learned from its own messages; then the guard of tools reads what the LLM
 * wrote; then the filter makes that fit to be spoken; and then words are
 * replaced that are pronounced in another way.
 */


#include "convrelay_session_tools.h"


static unsigned convrelay_session_speech_plain(convrelay_session_t *s,
    const convrelay_str_t *text);
static void convrelay_session_speech_off(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
static void convrelay_session_speech_marker(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
static void convrelay_session_speech_first(convrelay_session_t *s,
    uint64_t now, convrelay_actions_t *out);
static void convrelay_session_speech_pass(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
static void convrelay_session_speech_hold(convrelay_session_t *s,
    unsigned think, unsigned filter, uint64_t now);
static void convrelay_session_speech_late(convrelay_session_t *s,
    convrelay_actions_t *out);


void
convrelay_session_speech_read(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    unsigned         think, filter;
    convrelay_str_t  rest, piece;

    if (s->conf->speech == CONVRELAY_SPEECH_OFF) {
        convrelay_session_speech_off(s, text, now, out);
        return;
    }

    /* most pieces are words, for which there is nothing to do */

    if (s->speech && s->conf->ntools == 0
        && convrelay_session_speech_plain(s, text))
    {
        s->speech->pronounce.moved = 0;

        convrelay_session_say(s, text, now, out);

        if (s->conf->lexicon && s->speech && s->turn != CONVRELAY_TURN_IDLE) {
            convrelay_session_speech_hold(s, 0, 0, now);
        }

        return;
    }

    if (convrelay_session_speech_begin(s) != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    s->speech->moved = 0;
    s->speech->pronounce.moved = 0;

    think = (s->speech->think.held || s->speech->marker.held);
    filter = (s->speech->filter.held != 0);
    rest = *text;

    while (rest.len) {
        convrelay_speech_think(&s->speech->think, &rest, &piece);

        if (piece.len) {
            convrelay_session_speech_marker(s, &piece, now, out);
        }

        /* the turn may be over, or another request may run */

        if (s->speech == NULL || s->turn == CONVRELAY_TURN_IDLE) {
            return;
        }
    }

    convrelay_session_speech_late(s, out);
    convrelay_session_speech_hold(s, think, filter, now);
}


/* true if text is passed on as it is, except for its pronunciation */

static unsigned
convrelay_session_speech_plain(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    convrelay_session_speech_t  *speech;

    speech = s->speech;

    if (speech->think.region || speech->think.held) {
        return 0;
    }

    if (s->conf->spoken_marker.len
        && !convrelay_speech_marker_plain(&speech->marker,
                                          &s->conf->spoken_marker, text))
    {
        return 0;
    }

    return convrelay_speech_plain(&speech->filter, text);
}


/* the text is not filtered */

static void
convrelay_session_speech_off(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    unsigned  held;

    if (s->conf->lexicon == NULL && s->conf->spoken_marker.len == 0) {
        convrelay_session_speech_pass(s, text, now, out);
        return;
    }

    if (convrelay_session_speech_begin(s) != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    s->speech->pronounce.moved = 0;
    held = (s->speech->marker.held != 0);

    convrelay_session_speech_marker(s, text, now, out);

    if (s->speech && s->turn != CONVRELAY_TURN_IDLE) {
        convrelay_session_speech_hold(s, held, 0, now);
    }
}


/* the marker of interruptions is dropped */

static void
convrelay_session_speech_marker(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    convrelay_str_t         rest, piece;
    const convrelay_str_t  *marker;

    marker = &s->conf->spoken_marker;

    if (marker->len == 0) {
        convrelay_session_speech_pass(s, text, now, out);
        return;
    }

    rest = *text;

    while (rest.len) {
        convrelay_speech_marker(&s->speech->marker, marker, &rest, &piece);

        if (s->speech->marker.dropped && !s->marker_logged) {
            s->marker_logged = 1;
            convrelay_session_note(out, CONVRELAY_LOG_INFO,
                                   "LLM wrote the marker of an interruption "
                                   "into its text, which is not spoken", NULL);
        }

        if (piece.len) {
            convrelay_session_speech_pass(s, &piece, now, out);
        }

        if (s->speech == NULL || s->turn == CONVRELAY_TURN_IDLE) {
            return;
        }
    }
}


/* what the first stages hold is passed on */

static void
convrelay_session_speech_first(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_str_t  rest;

    convrelay_speech_think_flush(&s->speech->think, &rest);

    if (rest.len) {
        convrelay_session_speech_marker(s, &rest, now, out);
    }

    if (s->speech == NULL || s->turn == CONVRELAY_TURN_IDLE
        || s->speech->marker.held == 0)
    {
        return;
    }

    convrelay_speech_marker_flush(&s->speech->marker, &s->conf->spoken_marker,
                                  &rest);

    convrelay_session_speech_pass(s, &rest, now, out);
}


static void
convrelay_session_speech_pass(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    if (s->conf->ntools) {
        convrelay_session_tools_delta(s, text, now, out);

    } else {
        convrelay_session_speech(s, text, now, out);
    }
}


/* how long the text that is held back has to wait; think, filter: some was held
   by the first stage, by the filter, before */

static void
convrelay_session_speech_hold(convrelay_session_t *s, unsigned think,
    unsigned filter, uint64_t now)
{
    unsigned                     first;
    convrelay_session_speech_t  *speech;

    speech = s->speech;

    if (!convrelay_session_speech_held(s)) {
        s->deadlines[CONVRELAY_DEADLINE_SPEECH] = 0;
        return;
    }

    /* of all that is held, the text in the last stage has waited longest */

    if (speech->pronounce.held) {
        first = speech->pronounce.moved && !filter && !think;

    } else if (speech->filter.held) {
        first = speech->moved;

    } else {
        first = !think;
    }

    if (first || s->deadlines[CONVRELAY_DEADLINE_SPEECH] == 0) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_SPEECH, now,
                               CONVRELAY_SPEECH_TIME);
    }
}


/* once a call */

static void
convrelay_session_speech_late(convrelay_session_t *s,
    convrelay_actions_t *out)
{
    if (s->speech->think.late && !s->think_logged) {
        s->think_logged = 1;
        convrelay_session_note(out, CONVRELAY_LOG_WARN,
                               "LLM ended its reasoning in its text without a "
                               "beginning, so that it was spoken", NULL);
    }
}


void
convrelay_session_speech_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->speech == NULL || s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    convrelay_session_speech_first(s, now, out);

    if (s->speech && s->turn != CONVRELAY_TURN_IDLE
        && s->conf->speech != CONVRELAY_SPEECH_OFF)
    {
        convrelay_session_speech_flush(s, now, out);
    }

    convrelay_session_pronounce_flush(s, CONVRELAY_PRONOUNCE_FLUSH, now, out);
}


void
convrelay_session_speech_answered(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->speech) {
        convrelay_session_speech_first(s, now, out);
    }

    if (s->tools && s->turn != CONVRELAY_TURN_IDLE) {
        convrelay_session_tools_answered(s, now, out);
    }

    if (s->speech && s->turn != CONVRELAY_TURN_IDLE
        && s->conf->speech != CONVRELAY_SPEECH_OFF)
    {
        convrelay_session_speech_end(s, now, out);
    }

    convrelay_session_pronounce_flush(s, CONVRELAY_PRONOUNCE_END, now, out);
    convrelay_session_speech_altered(s);
    convrelay_session_speech_over(s);
}
