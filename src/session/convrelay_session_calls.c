
/*
 * Copyright (C) convrelay contributors
 *
 * The calls of an answer: their tools are run, their actions performed; when
 * all are settled, the LLM is asked again.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_session_tools.h"
#include "convrelay_utf8.h"


/* bytes of a location's answer that the LLM gets if the actions failed */
#define CONVRELAY_SESSION_MAX_ANSWERED  512


static void convrelay_session_tools_go(convrelay_session_t *s,
    convrelay_tool_run_t **runs, size_t n, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_tools_next(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_tools_complete(convrelay_session_t *s,
    uint64_t now, convrelay_actions_t *out);
static void convrelay_session_tools_trigger(convrelay_session_t *s,
    convrelay_tool_run_t *run, convrelay_actions_t *out);
static u_char *convrelay_session_tools_failure(const convrelay_tool_run_t *run,
    const char *why, size_t *len);


void
convrelay_session_turn_calls(convrelay_session_t *s,
    const convrelay_str_t *extra, const convrelay_llm_call_t *calls, size_t n,
    uint64_t now, convrelay_actions_t *out)
{
    int                     rc;
    size_t                  i;
    convrelay_str_t        *results, *owned;
    convrelay_tool_run_t  **runs;

    static const convrelay_str_t  none = convrelay_null_string;

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    if (s->tools == NULL || n == 0
        || s->tools->rounds >= s->conf->max_tool_rounds)
    {
        convrelay_session_note(out, CONVRELAY_LOG_ERR,
                               "LLM calls tools in the last request of a turn, "
                               "which are not run", NULL);
        convrelay_session_turn_end(s, CONVRELAY_TURN_COMPLETE, &none, now,
                                   out);
        return;
    }

    /* what the caller interrupts, the caller may not want */

    if (convrelay_session_paused(s)) {

        if (convrelay_session_pause_calls(s, extra, calls, n)
            != CONVRELAY_OK)
        {
            convrelay_session_no_memory(s, out);
        }

        return;
    }

    convrelay_session_tools_accepted(s);
    convrelay_session_llm_answered(s, CONVRELAY_TURN_COMPLETE, now);
    convrelay_session_speech_answered(s, now, out);

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    results = calloc(n, 2 * sizeof(convrelay_str_t)
                        + sizeof(convrelay_tool_run_t *));
    if (results == NULL) {
        convrelay_session_no_memory(s, out);
        return;
    }

    owned = results + n;
    runs = (convrelay_tool_run_t **) (owned + n);
    rc = CONVRELAY_OK;

    for (i = 0; i < n && rc == CONVRELAY_OK; i++) {
        runs[i] = convrelay_session_tools_call(s, &calls[i], &owned[i], out);
        results[i] = runs[i] ? convrelay_tool_running : owned[i];

        if (results[i].data == NULL) {
            rc = CONVRELAY_ERROR;
        }
    }

    s->tool_calls += i;

    if (rc == CONVRELAY_OK && s->turn == CONVRELAY_TURN_SPEAKING) {
        rc = convrelay_session_answer_part(s);
    }

    if (rc == CONVRELAY_OK) {
        rc = convrelay_history_append_calls(&s->history, s->llm, extra, calls,
                                            results, n);
    }

    if (rc == CONVRELAY_OK) {
        convrelay_session_tools_pin(s, runs, n);
    }

    for (i = 0; i < n; i++) {
        free(owned[i].data);
    }

    if (rc == CONVRELAY_OK) {
        s->tools->round = 1;
        s->version++;
        s->deadlines[CONVRELAY_DEADLINE_ANSWER] = 0;
        s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;

        convrelay_session_hedge_drop(s, NULL, out);

        convrelay_session_tools_go(s, runs, n, now, out);

    } else {
        convrelay_session_no_memory(s, out);
    }

    free(results);

    if (s->state == CONVRELAY_SESSION_OPEN) {
        convrelay_session_tools_next(s, now, out);
    }
}


/* requests all locations at once; a call that is already running is not
   repeated */

static void
convrelay_session_tools_go(convrelay_session_t *s,
    convrelay_tool_run_t **runs, size_t n, uint64_t now,
    convrelay_actions_t *out)
{
    size_t              i, k;
    convrelay_str_t     result;
    convrelay_action_t  a;

    static const convrelay_str_t  none = convrelay_null_string;

    for (i = 0; i < n; i++) {

        if (runs[i] == NULL || runs[i]->same) {
            continue;
        }

        if (!runs[i]->tool->uri || runs[i]->result.len) {
            runs[i]->acts = 1;
            continue;
        }

        memset(&a, 0, sizeof(convrelay_action_t));

        a.type = CONVRELAY_ACT_TOOL;
        a.run = runs[i];

        out->act(out, &a);
    }

    for (i = 0; i < n; i++) {

        if (runs[i] == NULL || !runs[i]->failed || runs[i]->same) {
            continue;
        }

        /* runs that wait for this one are freed with it */

        for (k = i + 1; k < n; k++) {

            if (runs[k] && runs[k]->same == runs[i]) {
                runs[k] = NULL;
            }
        }

        convrelay_session_tools_ends(runs[i]->index, CONVRELAY_TOOL_UNSTARTED,
                                     out);

        result.data = convrelay_tool_failure("the service cannot be reached",
                                             &none, NULL, &result.len);

        if (result.data == NULL
            || convrelay_session_tools_settle(s, runs[i], &result, 0)
               != CONVRELAY_OK)
        {
            free(result.data);
            convrelay_session_no_memory(s, out);
            return;
        }

        free(result.data);
    }
}


/* handles the end of a run, or of a wait */

static void
convrelay_session_tools_next(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_tool_run_t       *run;
    convrelay_session_tools_t  *t;

    t = s->tools;
    run = convrelay_session_tools_pending(s);

    if (s->state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    if (t->waiting && run == NULL) {
        t->waiting = 0;
        convrelay_session_start(s, now, out);
        return;
    }

    if (!t->round || run || s->run) {
        return;
    }

    for (run = t->runs; run; run = run->next) {

        if (!run->late && run->acts) {
            convrelay_session_tools_trigger(s, run, out);
            return;
        }
    }

    convrelay_session_tools_complete(s, now, out);
}


/* all calls of the answer are settled */

static void
convrelay_session_tools_complete(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned                    sent;
    convrelay_session_tools_t  *t;

    t = s->tools;
    t->round = 0;

    if (!t->skip) {
        t->rounds++;
        convrelay_tool_guard_free(&t->guard);
        convrelay_session_again(s, now, out);
        return;
    }

    sent = (s->turn == CONVRELAY_TURN_SPEAKING);

    convrelay_session_turn_over(s);
    s->repeat_until = 0;
    s->silence.since = convrelay_session_time(s, now);

    if (sent) {
        convrelay_session_answer_end(s);
        convrelay_session_text_last(out);
    }
}


static void
convrelay_session_tools_trigger(convrelay_session_t *s,
    convrelay_tool_run_t *run, convrelay_actions_t *out)
{
    s->run = run;
    s->tools->failure = NULL;
    s->tools->call_until = s->deadlines[CONVRELAY_DEADLINE_CALL];
    s->tools->time_until = s->deadlines[CONVRELAY_DEADLINE_CALL_TIME];

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_TOOL, &run->tool->name,
                              out);
}


void
convrelay_session_tool_failed(convrelay_session_t *s, const char *why)
{
    if (s->run && s->tools->failure == NULL) {
        s->tools->failure = why;
    }
}


void
convrelay_session_tools_acted(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int                         rc;
    unsigned                    ok, goodbye;
    convrelay_str_t             result, failure;
    convrelay_tool_run_t       *run;
    convrelay_session_tools_t  *t;

    t = s->tools;
    run = s->run;
    s->run = NULL;

    if (run == NULL || s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    ok = (t->failure == NULL);
    failure.data = NULL;
    result = run->result.len ? run->result : convrelay_tool_done;

    if (!ok) {
        failure.data = convrelay_session_tools_failure(run, t->failure,
                                                       &failure.len);
        result = failure;

        if (failure.data == NULL) {
            convrelay_session_no_memory(s, out);
            return;
        }
    }

    if (!ok || !run->tool->uri) {
        convrelay_session_tools_ends(run->index, ok ? CONVRELAY_TOOL_ACTED
                                                    : CONVRELAY_TOOL_NOT_ACTED,
                                     out);
    }

    /* an end without hand-off data may be taken back */

    goodbye = (s->state == CONVRELAY_SESSION_ENDING
               && (s->texts == NULL || s->texts->handoff.len == 0)
               && t->goodbye == NULL);

    if (goodbye) {
        t->goodbye_done = (run->result.len != 0);
        memcpy(t->goodbye_digest, run->arguments.digest,
               CONVRELAY_TOOL_DIGEST);
    }

    rc = convrelay_session_tools_settle(s, run, &result, ok);

    free(failure.data);

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (goodbye) {
        t->goodbye = t->settled;
        t->goodbye->pinned = 1;
        t->talk_from = 0;
    }

    convrelay_session_tools_next(s, now, out);
}


/* the result if an action could not be done; if a location was asked before,
   the LLM has to know what that did */

static u_char *
convrelay_session_tools_failure(const convrelay_tool_run_t *run,
    const char *why, size_t *len)
{
    char             phrase[160];
    convrelay_str_t  text;

    text = run->result;

    if (text.len == 0) {
        return convrelay_tool_failure(why, &text, NULL, len);
    }

    snprintf(phrase, sizeof(phrase), "%.80s; but before that the service has "
             "done its part and answered: ", why);

    text.len = convrelay_utf8_fit(text.data, text.len,
                                  CONVRELAY_SESSION_MAX_ANSWERED);

    return convrelay_tool_failure(phrase, &text, NULL, len);
}


void
convrelay_session_tool_end(convrelay_session_t *s, convrelay_tool_run_t *run,
    const convrelay_str_t *result, unsigned ok, uint64_t now,
    convrelay_actions_t *out)
{
    u_char                      digest[CONVRELAY_TOOL_DIGEST];
    unsigned                    acts, undo;
    convrelay_tool_run_t       *heir;
    convrelay_session_tools_t  *t;

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    t = s->tools;

    convrelay_session_since(s, now);

    acts = (ok && run->tool->actions && (t->round || t->resume));

    /* without a socket, nobody performs them */

    undo = (ok && run->tool->actions && !run->late
            && s->state == CONVRELAY_SESSION_GONE);

    memcpy(digest, run->arguments.digest, CONVRELAY_TOOL_DIGEST);

    if (acts && run->late) {
        heir = convrelay_session_tools_inherit(s, run);

        acts = (heir != NULL);
        run = heir ? heir : run;
    }

    /* after other words of the caller, only its result matters */

    if (acts) {

        run->result.data = malloc(result->len ? result->len : 1);
        if (run->result.data == NULL) {
            convrelay_session_no_memory(s, out);
            return;
        }

        memcpy(run->result.data, result->data, result->len);
        run->result.len = result->len;
        run->acts = 1;

    } else if (convrelay_session_tools_settle(s, run, result, ok)
               != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (undo) {
        convrelay_session_tools_undo(s, digest, 1);
    }

    convrelay_session_tools_next(s, now, out);
}


void
convrelay_session_tools_interrupt(convrelay_session_t *s, unsigned running,
    unsigned unheard, uint64_t now, convrelay_actions_t *out)
{
    convrelay_action_t          a;
    convrelay_tool_run_t       *run, *next;
    convrelay_session_tools_t  *t;

    t = s->tools;

    if (s->turn == CONVRELAY_TURN_IDLE) {
        convrelay_tool_guard_free(&t->guard);
    }

    if (running) {
        t->round = 0;
        t->resume = 1;
        t->talk_from = 0;
        t->unheard = unheard;

        convrelay_session_wait(s, CONVRELAY_DEADLINE_TOOLS, now,
                               CONVRELAY_SESSION_WORDS_TIME);
    }

    for (run = t->runs; run; run = next) {
        next = run->next;

        if (!run->tool->cancel || run->acts || run->late || run->same) {
            continue;
        }

        memset(&a, 0, sizeof(convrelay_action_t));

        a.type = CONVRELAY_ACT_TOOL_CANCEL;
        a.run = run;

        out->act(out, &a);

        if (convrelay_session_tools_settle(s, run, &convrelay_tool_cancelled,
                                           0)
            != CONVRELAY_OK)
        {
            convrelay_session_no_memory(s, out);
            return;
        }

        next = t->runs;
    }

    /* a prompt that was waiting for them no longer has to wait */

    if (t->waiting && convrelay_session_tools_pending(s) == NULL) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_TOOLS, now, 0);
    }
}


void
convrelay_session_tools_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_tool_run_t       *run;
    convrelay_session_tools_t  *t;

    t = s->tools;

    if (t->waiting) {
        t->waiting = 0;

        for (run = t->runs; run; run = run->next) {
            run->late = 1;
        }

        convrelay_session_start(s, now, out);
        return;
    }

    if (t->resume && s->turn == CONVRELAY_TURN_IDLE
        && !convrelay_session_words_come(s, now))
    {
        convrelay_session_tools_resume(s, now, out);
    }
}


void
convrelay_session_tools_resume(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_tools_t  *t;

    t = s->tools;

    if (t == NULL || !t->resume || s->turn != CONVRELAY_TURN_IDLE) {
        return;
    }

    s->deadlines[CONVRELAY_DEADLINE_TOOLS] = 0;

    /* nothing followed: it continues as if it had not been interrupted */

    t->resume = 0;
    t->round = 1;

    s->turn = CONVRELAY_TURN_ASKED;

    convrelay_session_tools_next(s, now, out);
}
