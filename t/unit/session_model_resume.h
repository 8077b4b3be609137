
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with tools that lose their socket: another session reads what the one
 * before has written.  A question without an answer is asked again, a tool is
 * never asked twice, and no result that came is lost.
 *
 * Between two turns the new session is the same as the old one: given the same
 * events, both hand out the same actions, and leave the same state.
 */


#include "session_model_state.h"


static void said(call_t *c);


static void
lose(call_t *c)
{
    int       rc;
    u_char   *state;
    size_t    len;
    unsigned  asked;

    if (c->s.state != CONVRELAY_SESSION_OPEN || c->trigger || c->closed) {
        return;
    }

    asked = convrelay_session_turn_open(&c->s)
            || convrelay_session_tools_waiting(&c->s);

    /* either the process goes on without the socket, and tools may still end,
       or it is killed */

    if (rnd(2)) {
        convrelay_session_gone(&c->s, c->now);

        /* or nothing of its answer was heard, but a filler before it */

        if (c->s.ask_again && !asked) {
            asked = 1;
            nunheard++;

            if (c->s.history.last->role == CONVRELAY_LLM_ASSISTANT) {
                bad(c, "an answer is left");
            }
        }

        while (c->nruns && rnd(3)) {
            tool_end(c, rnd(c->nruns));
            nadded++;
        }

        if (c->trigger) {
            bad(c, "actions without a socket");
        }
    }

    state = state_of(c, &len);

    convrelay_session_free(&c->s);

    c->llm = 0;
    c->open = 0;
    c->now += rnd(4000);

    begin(c);

    rc = take(c, state, len, 1);

    if (rc != (c->nruns ? CONVRELAY_AGAIN : CONVRELAY_OK)) {
        bad(c, "waits for a tool, or does not");
    }

    if (rc == CONVRELAY_AGAIN) {

        if (c->s.state != CONVRELAY_SESSION_WAITING || c->s.history.first) {
            bad(c, "something is taken before the result");
        }

        (void) take(c, state, len, 0);
        nunsure++;
    }

    free(state);
    c->nruns = 0;

    if (c->conf.context) {
        convrelay_session_context_end(&c->s, c->now, &c->out);
    }

    if (c->s.resumed != c->sessions - 1) {
        bad(c, "the state is not taken");
    }

    if (c->llm != asked || (asked && !c->s.resume_lost)) {
        bad(c, "the question is not asked again, or one that has an answer");
    }

    nlost++;
    nasked += asked;
}


static void
twin(call_t *c)
{
    u_char         *state;
    size_t          len;
    uint64_t        at;
    unsigned        i;
    static call_t   r;

    if (c->s.state != CONVRELAY_SESSION_OPEN || c->trigger || c->closed
        || c->llm || c->nruns || convrelay_session_turn_open(&c->s)
        || convrelay_session_tools_waiting(&c->s)
        || (c->s.tools && c->s.tools->runs) || c->s.silence.client_speaking)
    {
        return;
    }

    /* what was said before has been heard */

    c->now += 20000;

    state = state_of(c, &len);

    r = *c;
    r.out.act = act;

    begin(&r);

    if (take(&r, state, len, 1) != CONVRELAY_OK) {
        bad(c, "a twin waits");
    }

    free(state);

    if (r.conf.context) {
        convrelay_session_context_end(&r.s, r.now, &r.out);
    }

    c->log = 0;
    r.log = 0;
    r.waits = c->waits;

    for (i = 0; i < 16 && !c->closed && !c->ended; i++) {
        at = rnd_at();

        if (i == 0) {
            said(c);
            rnd_back(at);
            said(&r);

        } else {
            event(c);
            rnd_back(at);
            event(&r);
        }

        check(c);
        check(&r);

        if (c->log != r.log || c->now != r.now) {
            bad(c, "the new session is another one");
            break;
        }
    }

    if (c->s.state != CONVRELAY_SESSION_CLOSED && !same_state(c, &r)) {
        bad(c, "the new session keeps something else");
    }

    convrelay_session_free(&r.s);
    ntwins++;
}


/* a question, and the first words of its answer: what was said before it does
   not matter any longer */

static void
said(call_t *c)
{
    convrelay_str_t  text;

    caller(c, CONVRELAY_RELAY_PROMPT);

    convrelay_str_set(&text, "Well.");
    convrelay_session_delta(&c->s, &text, c->now, &c->out);
}
