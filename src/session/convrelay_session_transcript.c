
/*
 * Copyright (C) convrelay contributors
 *
 * What a transcript has of a call that may end in the middle of an answer.  The
 * session is only read: it may have lost its socket, be closed, or go on.
 */


#include "convrelay_session_parts.h"


static void convrelay_session_transcript_answer(const convrelay_session_t *s,
    uint64_t now, convrelay_transcript_t *t);
static size_t convrelay_session_transcript_rest(const convrelay_answer_t *a,
    size_t heard);


void
convrelay_session_transcript(const convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_transcript_t *t)
{
    memset(t, 0, sizeof(convrelay_transcript_t));

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED
        || (over && convrelay_session_audible(s)))
    {
        convrelay_session_transcript_answer(s, now, t);
    }

    if (s->texts && s->texts->lost.len) {
        t->said = s->texts->lost;
    }

    if (s->state != CONVRELAY_SESSION_GONE
        && convrelay_session_prompt_waits(s))
    {
        t->prompt = s->pause->prompt;
    }
}


static void
convrelay_session_transcript_answer(const convrelay_session_t *s,
    uint64_t now, convrelay_transcript_t *t)
{
    size_t                       len, heard, clause;
    const convrelay_answer_t    *a;
    convrelay_relay_interrupt_t  m;

    a = &s->answer;

    if (a->state == CONVRELAY_ANSWER_PAUSED) {
        heard = s->pause->heard;

    } else {
        memset(&m, 0, sizeof(convrelay_relay_interrupt_t));
        m.duration = -1;

        heard = convrelay_session_heard_until(s, &m, now, &clause);
    }

    heard = convrelay_session_answer_written(s, heard);
    len = convrelay_session_answer_len(s) - a->unstored;

    t->answer = a;
    t->heard = (heard < len) ? heard : len;

    if (a->message && a->stored == 0) {
        t->said.data = a->message->text;
        t->said.len = convrelay_session_transcript_rest(a, t->heard);

        if (convrelay_session_blank(t->said.data, t->said.len)) {
            t->said.len = 0;
        }
    }
}


/* how much of it is in the answer's last message */

static size_t
convrelay_session_transcript_rest(const convrelay_answer_t *a, size_t heard)
{
    return (heard > a->base) ? heard - a->base : 0;
}


size_t
convrelay_session_transcript_len(const convrelay_transcript_t *t,
    const convrelay_llm_message_t *m)
{
    size_t                          len;
    unsigned                        i;
    const convrelay_answer_t       *a;
    const convrelay_answer_part_t  *part;

    a = t->answer;
    len = m->len;

    if (a == NULL) {
        return len;
    }

    if (m == a->message) {
        len = convrelay_session_transcript_rest(a, t->heard);
        return convrelay_session_blank(m->text, len) ? 0 : len;
    }

    for (i = 0; a->whole && i < a->whole->nparts; i++) {
        part = &a->whole->parts[i];

        if (m == part->message && t->heard < part->from + len) {
            len = (t->heard > part->from) ? t->heard - part->from : 0;
            return convrelay_session_blank(m->text, len) ? 0 : len;
        }
    }

    return len;
}


void
convrelay_session_transcript_lost(convrelay_session_t *s, size_t heard)
{
    convrelay_str_t  text;

    if (s->answer.message == NULL) {
        return;
    }

    text.data = s->answer.message->text;
    text.len = convrelay_session_transcript_rest(&s->answer, heard);

    if (!convrelay_session_blank(text.data, text.len)
        && convrelay_session_texts(s) == CONVRELAY_OK)
    {
        (void) convrelay_session_copy_text(&s->texts->lost, &text);
    }
}
