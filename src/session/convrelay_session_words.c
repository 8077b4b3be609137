
/*
 * Copyright (C) convrelay contributors
 *
 * Words may follow an interruption, or none.  A turn whose tools were
 * interrupted, and a goodbye, wait for them, and wait longer while the caller
 * is still talking: Twilio sends a prompt only after its last word.
 */


#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"


static convrelay_deadline_e convrelay_session_words_deadline(
    const convrelay_session_t *s);


void
convrelay_session_words(convrelay_session_t *s, uint64_t now)
{
    uint64_t                    until;
    convrelay_deadline_e        deadline;
    convrelay_session_tools_t  *t;

    if (s->pause) {
        convrelay_session_pause_words(s, now);
    }

    t = s->tools;

    if (t == NULL) {
        return;
    }

    t->talk_at = now;

    deadline = convrelay_session_words_deadline(s);

    if (deadline == CONVRELAY_DEADLINES) {
        return;
    }

    if (t->talk_from == 0) {
        t->talk_from = now;
    }

    until = now + CONVRELAY_SESSION_WORDS_TIME;

    if (convrelay_session_until(s, deadline) < until
        && now < t->talk_from + CONVRELAY_SESSION_TALK_TIME)
    {
        s->deadlines[deadline] = convrelay_session_time(s, until);
    }
}


unsigned
convrelay_session_words_come(convrelay_session_t *s, uint64_t now)
{
    uint64_t                    from;
    convrelay_deadline_e        deadline;
    convrelay_session_tools_t  *t;

    deadline = convrelay_session_words_deadline(s);

    if (deadline == CONVRELAY_DEADLINES) {
        return 0;
    }

    t = s->tools;
    from = now;

    if (!s->silence.client_speaking
        && s->deadlines[CONVRELAY_DEADLINE_KEYS] == 0)
    {
        from = t->talk_at;

        if (from == 0 || now >= from + CONVRELAY_SESSION_WORDS_TIME) {
            return 0;
        }
    }

    if (t->talk_from == 0) {
        t->talk_from = now;
    }

    if (now >= t->talk_from + CONVRELAY_SESSION_TALK_TIME) {
        return 0;
    }

    convrelay_session_wait(s, deadline, from, CONVRELAY_SESSION_WORDS_TIME);

    return 1;
}


/* what waits for words; CONVRELAY_DEADLINES: nothing */

static convrelay_deadline_e
convrelay_session_words_deadline(const convrelay_session_t *s)
{
    if (convrelay_session_tools_goodbye(s)) {
        return CONVRELAY_DEADLINE_END;
    }

    return (s->tools && s->tools->resume && s->state == CONVRELAY_SESSION_OPEN)
           ? CONVRELAY_DEADLINE_TOOLS : CONVRELAY_DEADLINES;
}
