
/*
 * Copyright (C) convrelay contributors
 *
 * What an interruption cuts: how much of the answer was heard, and what else
 * follows, now or after a pause.
 */


#include "convrelay_session_parts.h"
#include "convrelay_word.h"


static int64_t convrelay_session_clause(const convrelay_session_t *s,
    int64_t duration, uint64_t now);


void
convrelay_session_interrupted(convrelay_session_t *s, unsigned running,
    unsigned unheard, uint64_t now, convrelay_actions_t *out)
{
    if (s->tools) {
        convrelay_session_tools_interrupt(s, running, unheard, now, out);

        if (s->state == CONVRELAY_SESSION_CLOSED) {
            return;
        }
    }

    if (s->keys.state == CONVRELAY_KEYS_COMPLETE) {
        convrelay_session_keys_end(s, out);

    } else if (convrelay_session_has_rule(s, CONVRELAY_TRIGGER_INTERRUPT)) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_INTERRUPT, NULL, out);
    }
}


void
convrelay_session_cut_answer(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now)
{
    size_t  heard, clause;

    if (convrelay_session_audible(s)) {
        heard = convrelay_session_heard_until(s, m, now, &clause);

        convrelay_session_cut_at(s, heard, 0, now);
    }
}


void
convrelay_session_cut_at(convrelay_session_t *s, size_t heard,
    unsigned running, uint64_t now)
{
    size_t           written;
    convrelay_str_t  rest;

    written = convrelay_session_answer_written(s, heard);

    convrelay_session_answer_text(s, &rest);

    /* one before a turn that is asked has had its prompt */

    if (s->turn != CONVRELAY_TURN_ASKED
        && convrelay_heard_question(&rest, heard))
    {
        s->question_cut = 1;
    }

    if (heard) {
        rest.data += heard;
        rest.len -= heard;
    }

    /* what failed may have said something that is not in the history */

    rest.len -= (rest.len < s->answer.unstored) ? rest.len
                                                : s->answer.unstored;

    if (running || (rest.len && convrelay_has_word(&rest))) {
        s->answer.cut = 1;
    }

    convrelay_session_answer_store(s, written);
    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_CUT, now);
}


void
convrelay_session_cut_short(convrelay_session_t *s)
{
    if (s->turn == CONVRELAY_TURN_SPEAKING && convrelay_session_audible(s)) {
        s->answer.cut = 1;
    }
}


size_t
convrelay_session_heard_until(const convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now, size_t *clause)
{
    size_t           heard;
    convrelay_str_t  text;

    if (convrelay_session_filler_interrupted(s, &m->utterance, now, &heard)) {
        *clause = heard;
        return heard;
    }

    convrelay_session_answer_text(s, &text);

    return convrelay_heard_cut(&s->answer.heard, &text, &m->utterance,
                               s->playback.reports,
                               convrelay_session_clause(s, m->duration, now),
                               clause);
}


/* estimates where in the answer the clause began, in characters */

static int64_t
convrelay_session_clause(const convrelay_session_t *s, int64_t duration,
    uint64_t now)
{
    int64_t  spoken;

    if (duration < 0) {
        return -1;
    }

    /* an answer can begin later than now: a filler comes first */

    spoken = (int64_t) (now - convrelay_session_ms(s, s->answer.started))
             - CONVRELAY_HEARD_START_MS - duration;

    return (spoken < 0) ? 0 : spoken / CONVRELAY_HEARD_MS_PER_CHAR;
}
