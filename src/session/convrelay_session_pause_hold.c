
/*
 * Copyright (C) convrelay contributors
 *
 * What is kept while an answer is paused, and how it is dropped.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


/* bytes that an LLM may write meanwhile */
#define CONVRELAY_SESSION_MAX_PAUSED  65536


static int convrelay_session_pause_hold(convrelay_session_t *s,
    convrelay_pause_end_e end, const convrelay_str_t *extra,
    const convrelay_llm_call_t *calls, size_t n);
static unsigned convrelay_session_pause_running(const convrelay_session_t *s);
static void convrelay_session_pause_lose(convrelay_session_t *s,
    unsigned running);


convrelay_session_pause_t *
convrelay_session_pause_block(convrelay_session_t *s)
{
    if (s->pause == NULL) {
        s->pause = calloc(1, sizeof(convrelay_session_pause_t));
    }

    return s->pause;
}


void
convrelay_session_pause_begin(convrelay_session_t *s)
{
    s->answer.state = CONVRELAY_ANSWER_PAUSED;
}


unsigned
convrelay_session_pause_full(convrelay_session_t *s,
    const convrelay_spoken_t *text, convrelay_actions_t *out)
{
    convrelay_session_pause_t  *p;

    p = s->pause;

    if (p->held.end == CONVRELAY_PAUSE_LONG) {
        return 1;
    }

    if (convrelay_session_answer_sent(s) - p->sent + text->spoken.len
        <= CONVRELAY_SESSION_MAX_PAUSED)
    {
        return 0;
    }

    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "LLM wrote more than 64 KiB while its answer was "
                           "paused", NULL);
    convrelay_session_pause_long(s, out);

    return 1;
}


void
convrelay_session_pause_long(convrelay_session_t *s, convrelay_actions_t *out)
{
    (void) convrelay_session_pause_hold(s, CONVRELAY_PAUSE_LONG, NULL, NULL,
                                        0);
    convrelay_session_act(out, CONVRELAY_ACT_CANCEL);
}


int
convrelay_session_pause_end(convrelay_session_t *s,
    convrelay_turn_outcome_e how, const convrelay_str_t *extra)
{
    s->pause->held.how = how;

    return convrelay_session_pause_hold(s, CONVRELAY_PAUSE_END, extra, NULL,
                                        0);
}


int
convrelay_session_pause_calls(convrelay_session_t *s,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls, size_t n)
{
    return convrelay_session_pause_hold(s, CONVRELAY_PAUSE_CALLS, extra, calls,
                                        n);
}


/* copies what the LLM's answer has ended with */

static int
convrelay_session_pause_hold(convrelay_session_t *s,
    convrelay_pause_end_e end, const convrelay_str_t *extra,
    const convrelay_llm_call_t *calls, size_t n)
{
    size_t                   i, k, size;
    u_char                  *p;
    convrelay_str_t         *str[4];
    convrelay_pause_held_t  *held;

    held = &s->pause->held;

    convrelay_session_pause_unhold(s);

    size = n * sizeof(convrelay_llm_call_t) + (extra ? extra->len : 0);

    for (i = 0; i < n; i++) {
        size += calls[i].id.len + calls[i].name.len + calls[i].arguments.len
                + calls[i].extra.len;
    }

    if (size) {
        held->block = malloc(size);
        if (held->block == NULL) {
            return CONVRELAY_ERROR;
        }

        held->calls = held->block;
        held->ncalls = n;

        p = (u_char *) (held->calls + n);

        if (extra && extra->len) {
            held->extra.data = p;
            held->extra.len = extra->len;
            p = convrelay_str_copy(p, extra);
        }

        for (i = 0; i < n; i++) {
            held->calls[i] = calls[i];

            str[0] = &held->calls[i].id;
            str[1] = &held->calls[i].name;
            str[2] = &held->calls[i].arguments;
            str[3] = &held->calls[i].extra;

            for (k = 0; k < 4; k++) {

                if (str[k]->len) {
                    memcpy(p, str[k]->data, str[k]->len);
                    str[k]->data = p;
                    p += str[k]->len;
                }
            }
        }
    }

    held->end = end;

    s->deadlines[CONVRELAY_DEADLINE_ANSWER] = 0;
    s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;

    return CONVRELAY_OK;
}


void
convrelay_session_pause_unhold(convrelay_session_t *s)
{
    convrelay_turn_outcome_e   how;
    convrelay_pause_held_t    *held;

    held = &s->pause->held;
    how = held->how;

    free(held->block);
    memset(held, 0, sizeof(convrelay_pause_held_t));

    held->how = how;
}


int
convrelay_session_pause_lead(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    u_char  *p;

    p = malloc(text->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, text->data, text->len);

    free(s->pause->lead.data);

    s->pause->lead.data = p;
    s->pause->lead.len = text->len;

    return CONVRELAY_OK;
}


int
convrelay_session_pause_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now)
{
    u_char                     *p;
    convrelay_session_pause_t  *pause;

    pause = s->pause;

    p = malloc(prompt->voice_prompt.len + prompt->lang.len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    pause->prompt.data = p;
    pause->prompt.len = prompt->voice_prompt.len;
    p = convrelay_str_copy(p, &prompt->voice_prompt);

    pause->lang.data = p;
    pause->lang.len = prompt->lang.len;
    (void) convrelay_str_copy(p, &prompt->lang);

    pause->newest = 1;
    pause->until = now;

    return CONVRELAY_OK;
}


void
convrelay_session_pause_words(convrelay_session_t *s, uint64_t now)
{
    uint64_t                    until;
    convrelay_session_pause_t  *p;

    p = s->pause;

    if (!p->waiting) {
        return;
    }

    if (p->talk_from == 0) {
        p->talk_from = now;
    }

    until = now + s->conf->pause;

    if (p->until < until && now < p->talk_from + CONVRELAY_SESSION_TALK_TIME) {
        p->until = until;
    }
}


void
convrelay_session_pause_drop(convrelay_session_t *s, convrelay_actions_t *out)
{
    unsigned  running;

    running = convrelay_session_pause_running(s);

    if (s->turn != CONVRELAY_TURN_IDLE) {
        convrelay_session_turn_over(s);
        s->repeat_until = 0;

        convrelay_session_act(out, CONVRELAY_ACT_CANCEL);

        if (s->pause->begun) {
            convrelay_session_text_last(out);
        }
    }

    convrelay_session_pause_lose(s, running);
}


/* true if the LLM has not written all of the answer, as far as it is known */

static unsigned
convrelay_session_pause_running(const convrelay_session_t *s)
{
    return s->turn != CONVRELAY_TURN_IDLE
           && s->pause->held.end != CONVRELAY_PAUSE_END;
}


/* the answer becomes what was heard of it */

static void
convrelay_session_pause_lose(convrelay_session_t *s, unsigned running)
{
    s->pause->waiting = 0;

    convrelay_session_pause_unhold(s);

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED) {
        convrelay_session_cut_at(s, s->pause->heard, running, 0);
    }
}


void
convrelay_session_pause_gone(convrelay_session_t *s)
{
    unsigned  running;

    if (s->pause->sent) {
        running = convrelay_session_pause_running(s);

        convrelay_session_turn_over(s);
        convrelay_session_pause_lose(s, running);

        s->answer.lost = 1;
        return;
    }

    /* nothing of it was spoken: the question is asked again */

    s->pause->waiting = 0;

    convrelay_session_pause_unhold(s);

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED) {
        convrelay_session_answer_reset(s, CONVRELAY_ANSWER_CUT, 0);

        s->answer.lost = 1;
    }
}


void
convrelay_session_pause_free(convrelay_session_t *s, unsigned all)
{
    if (s->pause == NULL) {
        return;
    }

    s->pause->waiting = 0;

    convrelay_session_pause_unhold(s);

    free(s->pause->lead.data);
    free(s->pause->prompt.data);

    s->pause->lead.data = NULL;
    s->pause->lead.len = 0;
    s->pause->prompt.data = NULL;
    s->pause->prompt.len = 0;

    if (all) {
        free(s->pause);
        s->pause = NULL;
    }
}


unsigned
convrelay_session_went_on(const convrelay_session_t *s)
{
    return s->pause ? s->pause->went_on : 0;
}
