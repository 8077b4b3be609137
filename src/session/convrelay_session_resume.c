
/*
 * Copyright (C) convrelay contributors
 *
 * A session that loses its socket, and one that goes on where an earlier one
 * lost it.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"


/* ms after a resume within which a prompt may be one that Twilio sends again */
#define CONVRELAY_SESSION_REPLAY_TIME  5000


static void convrelay_session_leave(convrelay_session_t *s);
static unsigned convrelay_session_lost(convrelay_session_t *s, uint64_t now);
static unsigned convrelay_session_is_answer(const convrelay_session_t *s);
static convrelay_llm_message_t *convrelay_session_asked(
    const convrelay_session_t *s);


void
convrelay_session_gone(convrelay_session_t *s, uint64_t now)
{
    unsigned  asked, unheard;

    if (s->state < CONVRELAY_SESSION_OPEN
        || s->state == CONVRELAY_SESSION_GONE)
    {
        return;
    }

    s->version++;

    if (convrelay_session_paused(s)) {
        convrelay_session_pause_gone(s);
    }

    unheard = convrelay_session_lost(s, now);

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    /* it comes after the answer that it cut, and nobody has answered it */

    asked = (convrelay_session_prompt_waits(s)
             && convrelay_session_ask(s, &s->pause->prompt, now)
                == CONVRELAY_OK);

    if (asked) {
        (void) convrelay_session_set_lang(s, &s->pause->lang);
        unheard = 1;
    }

    s->ask_again = (unheard && s->state == CONVRELAY_SESSION_OPEN);

    if (convrelay_session_turn_open(s) || convrelay_session_tools_waiting(s)) {
        convrelay_session_leave(s);
    }

    if (asked && s->state == CONVRELAY_SESSION_OPEN) {

        /* a turn of its own, none of whose requests was made */

        s->turns++;

        if (s->tools) {
            s->tools->rounds = 1;
        }
    }

    convrelay_session_enter(s, CONVRELAY_SESSION_GONE);
}


/* the turn that runs, or a question that waits for tools, is another session's
   from now on */

static void
convrelay_session_leave(convrelay_session_t *s)
{
    convrelay_session_tools_t  *t;

    t = s->tools;
    s->ask_again = 1;

    if (t == NULL) {
        return;
    }

    if (t->waiting) {
        s->turns++;
        t->rounds = 1;

    } else {
        t->rounds += (t->round || t->resume);
    }

    t->waiting = 0;
    t->round = 0;
    t->resume = 0;
}


/*
 * The answer becomes what was heard of it: as reported, or else all.  Of the
 * running one only the parts before calls are in the history; the rest will be
 * another answer, and what was heard of it is only for a transcript.  True if
 * nothing is left of the answer to the newest question, or nothing after its
 * calls.
 */

static unsigned
convrelay_session_lost(convrelay_session_t *s, uint64_t now)
{
    size_t               heard;
    unsigned             answer;
    convrelay_str_t      text;
    convrelay_answer_t  *a;

    static const convrelay_str_t  none = convrelay_string("");

    a = &s->answer;

    if (!convrelay_session_audible(s)) {
        return 0;
    }

    if (a->state == CONVRELAY_ANSWER_ENDED
        && (convrelay_session_heard_all(s)
            || convrelay_session_spoken_until(s) <= now))
    {
        return 0;
    }

    convrelay_session_answer_text(s, &text);

    if (!convrelay_session_filler_interrupted(s, &none, now, &heard)) {
        heard = convrelay_heard_interrupt(&a->heard, &text, &none,
                                          s->playback.reports, -1);
    }

    heard = convrelay_session_answer_written(s, heard);

    if (a->state == CONVRELAY_ANSWER_RUNNING && heard > a->base) {
        convrelay_session_transcript_lost(s, heard);
        heard = a->base;
    }

    answer = convrelay_session_is_answer(s);

    convrelay_session_answer_store(s, heard);

    answer = (answer && !a->message->listed
              && convrelay_session_unanswered(&s->history));

    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_CUT, now);

    a->lost = 1;

    return answer;
}


unsigned
convrelay_session_unanswered(const convrelay_history_t *h)
{
    return h->last && (h->last->role == CONVRELAY_LLM_USER
                       || h->last->role == CONVRELAY_LLM_TOOL);
}


/* true if the answer ends one to the newest question */

static unsigned
convrelay_session_is_answer(const convrelay_session_t *s)
{
    const convrelay_answer_t       *a;
    const convrelay_llm_message_t  *m;

    a = &s->answer;

    if (!a->asked || a->message == NULL || !a->message->listed) {
        return 0;
    }

    for (m = a->message->next; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_USER) {
            return 0;
        }
    }

    return convrelay_session_asked(s) != NULL;
}


void
convrelay_session_resume(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned  rounds;

    if (!s->ask_again) {
        return;
    }

    if (s->state != CONVRELAY_SESSION_OPEN || s->turn != CONVRELAY_TURN_IDLE) {
        s->ask_again = 0;
        return;
    }

    s->prompt = convrelay_session_asked(s);

    if (convrelay_session_filler_begin(s, now) != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    /* the turn has been counted, and so have its requests */

    rounds = s->tools ? s->tools->rounds : 0;

    if (s->conf->ntools) {

        if (convrelay_session_tools_begin(s, now) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

        s->tools->rounds = rounds ? rounds : 1;
    }

    s->turns--;

    convrelay_session_start_now(s, now, out);
}


/* the newest question, or NULL */

static convrelay_llm_message_t *
convrelay_session_asked(const convrelay_session_t *s)
{
    convrelay_llm_message_t  *m, *asked;

    asked = NULL;

    for (m = s->history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_USER) {
            asked = m;
        }
    }

    return asked;
}


unsigned
convrelay_session_replayed(const convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now)
{
    convrelay_llm_message_t  *m;

    if (!s->ask_again
        || now >= convrelay_session_ms(s, s->asked_at)
                  + CONVRELAY_SESSION_REPLAY_TIME)
    {
        return 0;
    }

    m = convrelay_session_asked(s);

    return m && m->len == text->len
           && memcmp(m->text, text->data, text->len) == 0;
}
