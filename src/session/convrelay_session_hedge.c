
/*
 * Copyright (C) convrelay contributors
 *
 * The text of a second LLM, while two are asked.  It takes the same way as that
 * of the first one, see convrelay_session_speech_read.c, except that it is kept
 * where that would be spoken: the LLM has the turn once there is a word in it.
 * How words are pronounced makes no difference to that.
 */


#include <stdlib.h>

#include "convrelay_session_tools.h"


static int convrelay_session_hedge_begin(convrelay_session_t *s);
static int convrelay_session_hedge_marker(convrelay_session_t *s,
    const convrelay_str_t *text);
static int convrelay_session_hedge_guard(convrelay_session_t *s,
    const convrelay_str_t *text);
static int convrelay_session_hedge_filter(convrelay_session_t *s,
    const convrelay_str_t *text);
static int convrelay_session_hedge_keep(convrelay_session_hedge_t *h,
    const convrelay_str_t *text);
static int convrelay_session_hedge_useful(const convrelay_session_t *s,
    size_t from);
static unsigned convrelay_session_hedge_blank(
    const convrelay_session_hedge_t *h);


static int
convrelay_session_hedge_begin(convrelay_session_t *s)
{
    if (convrelay_session_speech_begin(s) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (s->speech->hedge == NULL) {
        s->speech->hedge = calloc(1, sizeof(convrelay_session_hedge_t));
    }

    return s->speech->hedge ? CONVRELAY_OK : CONVRELAY_ERROR;
}


void
convrelay_session_hedge_free(convrelay_session_t *s)
{
    convrelay_session_hedge_t  *h;

    if (s->speech == NULL || s->speech->hedge == NULL) {
        return;
    }

    h = s->speech->hedge;

    convrelay_tool_guard_free(&h->guard);
    convrelay_speech_free(&h->filter);
    free(h->text);
    free(h);

    s->speech->hedge = NULL;
}


int
convrelay_session_hedge_read(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    int                         rc;
    size_t                      from;
    convrelay_str_t             rest, piece;
    convrelay_session_hedge_t  *h;

    if (convrelay_session_hedge_begin(s) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    h = s->speech->hedge;

    if (convrelay_session_hedge_blank(h)) {
        h->len = 0;
    }

    from = h->len;
    rest = *text;
    rc = CONVRELAY_OK;

    if (s->conf->speech == CONVRELAY_SPEECH_OFF) {
        rc = convrelay_session_hedge_marker(s, &rest);
        rest.len = 0;
    }

    while (rest.len && rc == CONVRELAY_OK) {
        convrelay_speech_think(&h->think, &rest, &piece);

        rc = convrelay_session_hedge_marker(s, &piece);
    }

    return (rc == CONVRELAY_OK) ? convrelay_session_hedge_useful(s, from)
                                : CONVRELAY_ERROR;
}


int
convrelay_session_hedge_over(convrelay_session_t *s)
{
    size_t                      from;
    convrelay_str_t             rest;
    convrelay_session_hedge_t  *h;

    if (s->speech == NULL || s->speech->hedge == NULL) {
        return CONVRELAY_DECLINED;
    }

    h = s->speech->hedge;
    from = h->len;

    convrelay_speech_think_flush(&h->think, &rest);

    if (convrelay_session_hedge_marker(s, &rest) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (h->marker.held) {
        convrelay_speech_marker_flush(&h->marker, &s->conf->spoken_marker,
                                      &rest);

        if (convrelay_session_hedge_guard(s, &rest) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    convrelay_tool_guard_end(&h->guard, &rest);

    if (convrelay_session_hedge_filter(s, &rest) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (s->conf->speech != CONVRELAY_SPEECH_OFF
        && (convrelay_speech_end(&h->filter, &rest) != CONVRELAY_OK
            || convrelay_session_hedge_keep(h, &rest) != CONVRELAY_OK))
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_session_hedge_useful(s, from);
}


static int
convrelay_session_hedge_marker(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    int                         rc;
    convrelay_str_t             rest, piece;
    const convrelay_str_t      *marker;
    convrelay_session_hedge_t  *h;

    h = s->speech->hedge;
    marker = &s->conf->spoken_marker;

    if (marker->len == 0) {
        return convrelay_session_hedge_guard(s, text);
    }

    rest = *text;
    rc = CONVRELAY_OK;

    while (rest.len && rc == CONVRELAY_OK) {
        convrelay_speech_marker(&h->marker, marker, &rest, &piece);

        rc = convrelay_session_hedge_guard(s, &piece);
    }

    return rc;
}


static int
convrelay_session_hedge_guard(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    convrelay_str_t             piece;
    convrelay_session_hedge_t  *h;

    h = s->speech->hedge;

    if (s->conf->ntools == 0) {
        return convrelay_session_hedge_filter(s, text);
    }

    if (convrelay_tool_guard_read(&h->guard, &s->conf->shapes, text, &piece)
        == CONVRELAY_ERROR)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_session_hedge_filter(s, &piece);
}


static int
convrelay_session_hedge_filter(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    convrelay_str_t             piece;
    convrelay_session_hedge_t  *h;

    h = s->speech->hedge;

    if (text->len == 0 || s->conf->speech == CONVRELAY_SPEECH_OFF) {
        return convrelay_session_hedge_keep(h, text);
    }

    h->filter.mode = s->conf->speech;
    h->filter.english = convrelay_speech_english(&s->lang);

    if (convrelay_speech_read(&h->filter, text, &piece) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_session_hedge_keep(h, &piece);
}


static int
convrelay_session_hedge_keep(convrelay_session_hedge_t *h,
    const convrelay_str_t *text)
{
    size_t   size;
    u_char  *p;

    if (text->len == 0) {
        return CONVRELAY_OK;
    }

    if (text->len > h->size - h->len) {
        size = h->len + h->len / 2 + text->len + 64;

        p = realloc(h->text, size);
        if (p == NULL) {
            return CONVRELAY_ERROR;
        }

        h->text = p;
        h->size = size;
    }

    memcpy(h->text + h->len, text->data, text->len);
    h->len += text->len;

    return CONVRELAY_OK;
}


/* CONVRELAY_OK: there is a word in its text from there on; DECLINED: not yet,
   or what was dropped before it has left it no room */

static int
convrelay_session_hedge_useful(const convrelay_session_t *s, size_t from)
{
    convrelay_str_t                   text;
    const convrelay_session_hedge_t  *h;

    h = s->speech->hedge;

    if (h->len == from
        || (s->conf->max_answer
            && convrelay_session_hedge_dropped(s) - h->len
               >= s->conf->max_answer))
    {
        return CONVRELAY_DECLINED;
    }

    text.data = h->text + from;
    text.len = h->len - from;

    return convrelay_session_has_word(s, &text) ? CONVRELAY_OK
                                                : CONVRELAY_DECLINED;
}


static unsigned
convrelay_session_hedge_blank(const convrelay_session_hedge_t *h)
{
    return h->len && convrelay_session_blank(h->text, h->len);
}


size_t
convrelay_session_hedge_dropped(const convrelay_session_t *s)
{
    const convrelay_session_hedge_t  *h;

    h = s->speech ? s->speech->hedge : NULL;

    return h ? h->think.dropped + h->marker.dropped + h->filter.dropped + h->len
             : 0;
}


void
convrelay_session_hedge_speak(convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_actions_t *out)
{
    unsigned                    leaked;
    convrelay_str_t             text;
    convrelay_session_hedge_t  *h;

    convrelay_session_speech_reset(s);

    if (s->speech == NULL || s->speech->hedge == NULL) {
        return;
    }

    h = s->speech->hedge;
    s->speech->hedge = NULL;

    s->speech->think = h->think;
    s->speech->marker = h->marker;
    s->speech->filter = h->filter;

    leaked = h->guard.leaked;

    if (s->tools) {
        convrelay_tool_guard_free(&s->tools->guard);
        s->tools->guard = h->guard;

    } else {
        convrelay_tool_guard_free(&h->guard);
    }

    text.data = h->text;
    text.len = h->len;

    if (text.len && !convrelay_session_hedge_blank(h)) {
        convrelay_session_say(s, &text, now, out);
        convrelay_session_speech_altered(s);
    }

    free(h->text);
    free(h);

    if (s->speech == NULL || s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    if (leaked) {
        convrelay_session_tools_leaked(s, out);
    }

    /* its end was read already */

    if (over) {
        convrelay_speech_free(&s->speech->filter);
        return;
    }

    if (convrelay_session_speech_held(s)) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_SPEECH, now,
                               CONVRELAY_SPEECH_TIME);
    }
}
