
/*
 * Copyright (C) convrelay contributors
 *
 * An interrupt is not always one: a cough, or a voice in the background, stops
 * Twilio's speech as words do.  So an answer can be paused first.  Its turn
 * goes on, and what the LLM writes becomes part of the answer, but nothing is
 * sent, and the end of the LLM's answer is kept for later.  Then the answer is
 * cut, as an interrupt without a pause does at once, or it goes on.
 */


#include <stdlib.h>

#include "convrelay_session_tools.h"
#include "convrelay_session_filler.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


/* characters: a shorter rest is not worth being spoken */
#define CONVRELAY_SESSION_REST        15

/* how often an answer goes on: noise that never ends must not repeat it */
#define CONVRELAY_SESSION_GOES_ON     2

/* bytes of a piece of the rest */
#define CONVRELAY_SESSION_PIECE       1024


static unsigned convrelay_session_pause_answer(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now);
static unsigned convrelay_session_pause_newest(const convrelay_session_t *s);
static unsigned convrelay_session_pause_over(const convrelay_session_t *s);
static void convrelay_session_pause_rest(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_pause_release(convrelay_session_t *s,
    uint64_t now, convrelay_actions_t *out);


unsigned
convrelay_session_pause(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned                    again;
    convrelay_session_pause_t  *p;

    if (s->conf->pause == 0 || s->state != CONVRELAY_SESSION_OPEN) {
        return 0;
    }

    /* the caller has spoken, and there is room for one prompt */

    if (convrelay_session_prompt_waits(s)) {
        return 0;
    }

    p = convrelay_session_pause_block(s);

    if (p == NULL) {
        convrelay_session_no_memory(s, out);
        return 1;
    }

    again = p->waiting;

    /* a key is meant */

    if (!again
        && (s->keys.state != CONVRELAY_KEYS_NONE
            || (p->key_at && now < p->key_at + CONVRELAY_SESSION_SETTLE_TIME)
            || !convrelay_session_pause_answer(s, m, now)))
    {
        return 0;
    }

    p->waiting = 1;
    p->until = now + s->conf->pause;

    if (!again) {
        p->from = now;
        p->talk_from = 0;
    }

    return 1;
}


/* true if there is an answer that can go on, which is paused then */

static unsigned
convrelay_session_pause_answer(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now)
{
    size_t                      heard, clause;
    unsigned                    idle;
    convrelay_str_t             text;
    convrelay_answer_t         *a;
    convrelay_session_pause_t  *p;

    p = s->pause;
    a = &s->answer;
    idle = (s->turn == CONVRELAY_TURN_IDLE);

    p->begun = 0;
    p->heard = 0;
    p->clause = 0;
    p->sent = 0;

    /* a turn whose tools run goes on in its own way, see tools_interrupt() */

    if (convrelay_session_tools_running(s)) {
        return 0;
    }

    if (s->turn == CONVRELAY_TURN_ASKED) {

        /* so does one that has only said a filler */

        if (s->filler && s->filler->queued) {
            return 0;
        }

        /* what was cut is the answer before it, which its prompt has ended */

        convrelay_session_cut_answer(s, m, now);

        return 1;
    }

    if (!convrelay_session_audible(s) || a->error_spoken
        || a->went_on == CONVRELAY_SESSION_GOES_ON
        || (idle && !convrelay_session_pause_newest(s)))
    {
        return 0;
    }

    heard = convrelay_session_heard_until(s, m, now, &clause);

    convrelay_session_answer_text(s, &text);

    if (clause < a->fixed
        || (idle && convrelay_heard_chars(&text, heard, text.len)
                    < CONVRELAY_SESSION_REST))
    {
        return 0;
    }

    (void) convrelay_session_filler_cut(s, now);

    p->begun = !idle;
    p->heard = heard;
    p->clause = clause;
    p->sent = text.len;

    a->state = CONVRELAY_ANSWER_PAUSED;

    return 1;
}


/* true if nothing was asked or said after the answer */

static unsigned
convrelay_session_pause_newest(const convrelay_session_t *s)
{
    const convrelay_answer_t       *a;
    const convrelay_llm_message_t  *m;

    a = &s->answer;

    if (s->tools && (s->tools->waiting || s->tools->resume)) {
        return 0;
    }

    if (a->message) {
        return a->stored == 0
               || convrelay_history_is_last(&s->history, a->message);
    }

    /* it ends before calls, whose results follow it */

    if (a->whole == NULL || a->whole->nparts == 0) {
        return 0;
    }

    m = a->whole->parts[a->whole->nparts - 1].message;

    if (!m->listed) {
        return 0;
    }

    for (m = m->next; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_USER || m->role == CONVRELAY_LLM_ASSISTANT)
        {
            return 0;
        }
    }

    return 1;
}


void
convrelay_session_pause_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->silence.client_speaking) {
        convrelay_session_pause_words(s, now);

        if (s->pause->until > now) {
            return;
        }
    }

    convrelay_session_pause_decide(s, "no words followed", now, out);
}


void
convrelay_session_pause_decide(convrelay_session_t *s, const char *why,
    uint64_t now, convrelay_actions_t *out)
{
    convrelay_str_t             text;
    convrelay_session_pause_t  *p;

    p = s->pause;

    convrelay_session_answer_text(s, &text);

    if (p->sent && convrelay_session_pause_over(s)
        && convrelay_heard_chars(&text, p->heard, text.len)
           < CONVRELAY_SESSION_REST)
    {
        convrelay_session_pause_cut(s, now, out);
        return;
    }

    convrelay_session_log(out, CONVRELAY_LOG_INFO, "answer goes on",
                          "answer goes on %llu ms after an interruption: %s",
                          (unsigned long long) (now - p->from), why);

    convrelay_session_pause_go_on(s, now, out);
}


/* true if no more text can come, and nothing needs to be said about that */

static unsigned
convrelay_session_pause_over(const convrelay_session_t *s)
{
    const convrelay_pause_held_t  *held;

    held = &s->pause->held;

    return s->turn == CONVRELAY_TURN_IDLE
           || held->end == CONVRELAY_PAUSE_LONG
           || (held->end == CONVRELAY_PAUSE_END
               && held->how <= CONVRELAY_TURN_TRUNCATED);
}


void
convrelay_session_pause_go_on(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_answer_t         *a;
    convrelay_session_pause_t  *p;

    p = s->pause;
    a = &s->answer;

    p->waiting = 0;
    s->version++;

    convrelay_session_since(s, now);

    if (a->state == CONVRELAY_ANSWER_PAUSED) {
        a->state = (s->turn == CONVRELAY_TURN_IDLE)
                   ? CONVRELAY_ANSWER_ENDED : CONVRELAY_ANSWER_RUNNING;

        if (p->sent) {
            a->went_on++;
            p->went_on++;

            convrelay_session_act(out, CONVRELAY_ACT_GO_ON);

            if (s->state == CONVRELAY_SESSION_CLOSED) {
                return;
            }
        }

        convrelay_session_pause_rest(s, now, out);

        if (s->state == CONVRELAY_SESSION_CLOSED) {
            return;
        }
    }

    convrelay_session_pause_release(s, now, out);
}


/* speaks what the caller has not heard */

static void
convrelay_session_pause_rest(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    size_t                      clause;
    int64_t                     before;
    convrelay_str_t             text, piece;
    convrelay_answer_t         *a;
    convrelay_session_pause_t  *p;

    p = s->pause;
    a = &s->answer;
    clause = p->clause;

    if (p->lead.len) {
        text = p->lead;

        p->lead.data = NULL;
        p->lead.len = 0;

        if (convrelay_session_filler_lead(s, &text, clause, now, out)
            != CONVRELAY_OK)
        {
            free(text.data);
            convrelay_session_no_memory(s, out);
            return;
        }
    }

    convrelay_session_answer_text(s, &text);

    /* as if all before the clause had been spoken just now */

    before = convrelay_heard_chars(&text, 0, clause)
             * CONVRELAY_HEARD_MS_PER_CHAR;

    a->started = convrelay_session_time(s,
                              convrelay_session_filler_next(s, now) - before);

    a->heard.played = clause;
    a->heard.fragment = clause;
    a->heard.missed = 0;

    s->silence.heard_at = 0;

    convrelay_playback_text(&s->playback);

    while (clause < text.len && text.data[clause] <= ' ') {
        clause++;
    }

    while (clause < text.len) {
        piece.data = text.data + clause;
        piece.len = convrelay_utf8_fit(piece.data, text.len - clause,
                                       CONVRELAY_SESSION_PIECE);
        clause += piece.len;

        convrelay_session_text(out, &piece);
    }

    if (s->turn == CONVRELAY_TURN_IDLE) {
        convrelay_session_text_last(out);
    }
}


/* what the LLM's answer has ended with has its effect now */

static void
convrelay_session_pause_release(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_pause_held_t  held;

    held = s->pause->held;

    memset(&s->pause->held, 0, sizeof(convrelay_pause_held_t));

    switch (held.end) {

    case CONVRELAY_PAUSE_RUNNING:
        break;

    case CONVRELAY_PAUSE_END:
        convrelay_session_turn_ended(s, held.how, &held.extra, now, out);
        break;

    case CONVRELAY_PAUSE_CALLS:
        convrelay_session_turn_calls(s, &held.extra, held.calls, held.ncalls,
                                     now, out);
        break;

    case CONVRELAY_PAUSE_LONG:
        convrelay_session_cancel(s, out);
        break;
    }

    free(held.block);
}


void
convrelay_session_lead(convrelay_session_t *s, const convrelay_str_t *text,
    convrelay_actions_t *out)
{
    int                    rc;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  pronounce;

    static const convrelay_str_t  none = convrelay_null_string;

    if (s->state != CONVRELAY_SESSION_OPEN || !convrelay_has_word(text)) {
        return;
    }

    rc = convrelay_session_respell(s, &pronounce, text, &none, &spoken);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_session_pause_lead(s, &spoken.spoken);
    }

    convrelay_pronounce_free(&pronounce);

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
    }
}


void
convrelay_session_pause_cut(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_log(out, CONVRELAY_LOG_INFO, "answer is cut",
                          "answer is cut %llu ms after the interruption",
                          (unsigned long long) (now - s->pause->from));

    convrelay_session_pause_drop(s, out);

    if (s->state == CONVRELAY_SESSION_OPEN) {
        convrelay_session_interrupted(s, 0, 0, now, out);
    }
}
