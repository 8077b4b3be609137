
/*
 * Copyright (C) convrelay contributors
 *
 * Fillers: phrases that are said while the caller waits for an answer.  A
 * filler is a text of its own between two pieces of the answer, or before the
 * first: it is not in the record of the answer, and reports of it are kept
 * apart from those of the answer, so that the history stays exact.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"
#include "convrelay_session_filler.h"
#include "convrelay_word.h"


static unsigned convrelay_session_filler_last(const convrelay_session_t *s);


int
convrelay_session_filler_begin(convrelay_session_t *s, uint64_t now)
{
    convrelay_session_filler_t  *f;

    if (s->conf->filler == NULL) {
        return CONVRELAY_OK;
    }

    if (s->filler == NULL) {
        s->filler = calloc(1, sizeof(convrelay_session_filler_t));
        if (s->filler == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    f = s->filler;

    f->said = 0;
    f->since = now;
    f->tokens = s->tokens;

    if (f->until <= now) {
        f->queued = 0;
    }

    return CONVRELAY_OK;
}


void
convrelay_session_filler_stir(convrelay_session_t *s, uint64_t until)
{
    if (s->filler) {
        s->filler->since = until;
    }
}


void
convrelay_session_filler_request(convrelay_session_t *s)
{
    if (s->filler) {
        s->filler->tokens = s->tokens;
    }
}


void
convrelay_session_filler_wordless(convrelay_session_t *s)
{
    if (s->filler && s->filler->tokens == s->tokens) {
        s->filler->tokens++;
    }
}


unsigned
convrelay_session_filler_waits(const convrelay_session_t *s)
{
    if (s->filler == NULL || s->conf->filler == NULL
        || s->state != CONVRELAY_SESSION_OPEN)
    {
        return 0;
    }

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return convrelay_session_tools_waiting(s);
    }

    /* in the middle of a sentence it would be worse than silence */

    return s->filler->tokens == s->tokens
           || convrelay_session_tools_running(s);
}


/* Twilio speaks in the order in which it was sent: what was said before the
   filler is reported first, and a report of what was said after it means that
   it is over */

int
convrelay_session_filler_played(convrelay_session_t *s,
    const convrelay_str_t *value)
{
    int                          rc;
    convrelay_str_t              text;
    convrelay_heard_t            before;
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL || !f->queued) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_session_audible(s) && s->answer.heard.played > f->at) {
        f->queued = 0;
        return CONVRELAY_DECLINED;
    }

    if (convrelay_session_audible(s) && f->at) {
        convrelay_session_answer_text(s, &text);
        text.len = f->at;

        if (!convrelay_heard_all(&s->answer.heard, &text)) {
            before = s->answer.heard;

            rc = convrelay_heard_played(&before, &text, value);

            if (rc != CONVRELAY_DECLINED) {
                return (rc == CONVRELAY_OK) ? CONVRELAY_DECLINED : rc;
            }
        }
    }

    return convrelay_heard_played(&f->heard, &f->text, value);
}


int
convrelay_session_filler_all(const convrelay_session_t *s)
{
    if (!convrelay_session_filler_last(s)) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_heard_all(&s->filler->heard, &s->filler->text)
           ? CONVRELAY_OK : CONVRELAY_AGAIN;
}


static unsigned
convrelay_session_filler_last(const convrelay_session_t *s)
{
    return s->filler && s->filler->queued
           && (!convrelay_session_audible(s)
               || s->filler->at == convrelay_session_answer_sent(s));
}


void
convrelay_session_filler_heard(convrelay_session_t *s, uint64_t now)
{
    if (s->filler && s->filler->queued && s->filler->end > now) {
        s->filler->end = now;
    }
}


unsigned
convrelay_session_filler_interrupted(const convrelay_session_t *s,
    const convrelay_str_t *utterance, uint64_t now, size_t *heard)
{
    unsigned                           after;
    convrelay_str_t                    text;
    convrelay_heard_t                  h;
    const convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL || !f->queued) {
        return 0;
    }

    *heard = f->at;
    after = 0;

    if (convrelay_session_audible(s)) {
        convrelay_session_answer_text(s, &text);

        after = (text.len > f->at);

        if (after && s->answer.heard.reported
            && s->answer.heard.played > f->at)
        {
            return 0;
        }
    }

    if (!convrelay_has_word(utterance)) {
        return now < f->until;
    }

    memset(&h, 0, sizeof(convrelay_heard_t));

    if (convrelay_heard_played(&h, &f->text, utterance) != CONVRELAY_OK) {
        return 0;
    }

    if (!after || now < f->until) {
        return 1;
    }

    /* the same words are in what was said after it, and by now they are more
       likely to be those */

    h.played = f->at;

    return convrelay_heard_played(&h, &text, utterance) != CONVRELAY_OK;
}


unsigned
convrelay_session_filler_cut(convrelay_session_t *s, uint64_t now)
{
    if (s->filler == NULL || !s->filler->queued) {
        return 0;
    }

    s->filler->queued = 0;
    s->filler->end = now;

    return 1;
}


void
convrelay_session_filler_over(convrelay_session_t *s)
{
    convrelay_session_filler_t  *f;

    f = s->filler;

    if (f == NULL) {
        return;
    }

    free(f->text.data);
    free(f->phrase.data);

    f->text.data = NULL;
    f->text.len = 0;
    f->phrase.data = NULL;
    f->phrase.len = 0;
    f->queued = 0;
}


void
convrelay_session_filler_free(convrelay_session_t *s)
{
    convrelay_session_filler_over(s);

    free(s->filler);

    s->filler = NULL;
}
