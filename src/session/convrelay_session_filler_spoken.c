
/*
 * Copyright (C) convrelay contributors
 *
 * Estimates how long the caller hears fillers, and whether what the caller
 * hears besides the answer is a question.
 */


#include "convrelay_session_filler.h"


static unsigned convrelay_session_phrase_question(const convrelay_str_t *text,
    uint64_t started, uint64_t now);


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


unsigned
convrelay_session_phrase_asks(const convrelay_session_t *s, uint64_t now)
{
    uint64_t                           time, started;
    convrelay_str_t                    text;
    const convrelay_str_t             *phrase;
    const convrelay_session_filler_t  *f;

    f = s->filler;

    if (f && f->queued
        && now < f->until + CONVRELAY_HEARD_REACTION
                            * CONVRELAY_HEARD_MS_PER_CHAR)
    {
        time = convrelay_heard_chars(&f->text, 0, f->text.len)
               * CONVRELAY_HEARD_MS_PER_CHAR;

        if (convrelay_session_phrase_question(&f->text, f->until - time, now)) {
            return 1;
        }
    }

    if (!s->answer.error_spoken) {
        return 0;
    }

    phrase = &s->conf->error_message;
    time = convrelay_heard_chars(phrase, 0, phrase->len)
           * CONVRELAY_HEARD_MS_PER_CHAR;
    started = convrelay_session_spoken_until(s) - time;

    convrelay_session_answer_text(s, &text);

    if (now < started && !convrelay_heard_all(&s->answer.heard, &text)) {
        return 0;
    }

    return convrelay_session_phrase_question(phrase, started, now);
}


/* true if text, which is short, ends in a question, or is one where it is heard
   now */

static unsigned
convrelay_session_phrase_question(const convrelay_str_t *text,
    uint64_t started, uint64_t now)
{
    size_t  pos;

    pos = (started < now)
          ? convrelay_heard_pos(text, (now - started)
                                      / CONVRELAY_HEARD_MS_PER_CHAR)
          : 0;

    return convrelay_heard_question(text, pos)
           || convrelay_heard_question(text, text->len);
}
