
/*
 * Copyright (C) convrelay contributors
 *
 * Tools in a turn.  The calls of an answer are in the history as soon as the
 * answer is complete, each with the result "still running", which is replaced
 * when the real one is known.  So the history never has a call without a
 * result, and no call is forgotten, whatever the caller does meanwhile.  Once a
 * request has told the LLM that a call is still running, this result stays in
 * the history, and the real result follows later, as a call and a result of its
 * own.
 */


#include <stdlib.h>

#include "convrelay_session_tools.h"


static int convrelay_session_tools_drop_actions(convrelay_session_t *s);


int
convrelay_session_tools_begin(convrelay_session_t *s, uint64_t now)
{
    convrelay_tool_run_t       *run;
    convrelay_session_tools_t  *t;

    if (s->tools == NULL) {
        s->tools = calloc(1, sizeof(convrelay_session_tools_t));
        if (s->tools == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    t = s->tools;
    t->resume = 0;

    if (convrelay_session_tools_pending(s) && s->conf->tool_wait) {

        if (!t->waiting) {
            convrelay_session_wait(s, CONVRELAY_DEADLINE_TOOLS, now,
                                   s->conf->tool_wait);
        }

        t->waiting = 1;

        return CONVRELAY_AGAIN;
    }

    for (run = t->runs; run; run = run->next) {
        run->late = 1;
    }

    s->deadlines[CONVRELAY_DEADLINE_TOOLS] = 0;

    t->waiting = 0;
    t->round = 0;
    t->skip = 0;
    t->retried = 0;
    t->rounds = 1;

    convrelay_tool_guard_free(&t->guard);

    return CONVRELAY_OK;
}


void
convrelay_session_tools_retry(convrelay_session_t *s)
{
    if (s->tools) {
        convrelay_tool_guard_free(&s->tools->guard);
    }
}


void
convrelay_session_tools_skip(convrelay_session_t *s)
{
    if (s->run) {
        s->tools->skip = 1;
    }
}


/* the newest answer's first run whose location has not answered yet */

convrelay_tool_run_t *
convrelay_session_tools_pending(const convrelay_session_t *s)
{
    convrelay_tool_run_t  *run;

    for (run = s->tools->runs; run; run = run->next) {

        if (!run->late && !(run->same ? run->same->acts : run->acts)) {
            return run;
        }
    }

    return NULL;
}


/* they were waiting for the turn, which is over */

static int
convrelay_session_tools_drop_actions(convrelay_session_t *s)
{
    int                    rc;
    u_char                 digest[CONVRELAY_TOOL_DIGEST];
    unsigned               located;
    convrelay_tool_run_t  *run, *next;

    rc = CONVRELAY_OK;
    run = s->tools->runs;

    while (run && rc == CONVRELAY_OK) {
        next = run->next;

        if (run->acts && run != s->run) {
            located = (run->result.len != 0);

            memcpy(digest, run->arguments.digest, CONVRELAY_TOOL_DIGEST);

            rc = convrelay_session_tools_settle(s, run,
                                                located
                                                ? &run->result
                                                : &convrelay_tool_cancelled,
                                                located);

            if (located && rc == CONVRELAY_OK) {
                convrelay_session_tools_undo(s, digest, 1);
            }

            /* those that had the same result are gone as well */

            next = s->tools->runs;
        }

        run = next;
    }

    return rc;
}


void
convrelay_session_tools_stop(convrelay_session_t *s, convrelay_actions_t *out)
{
    if (s->tools == NULL || s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    s->tools->round = 0;

    if (s->tools->resume) {
        s->tools->resume = 0;
        s->deadlines[CONVRELAY_DEADLINE_TOOLS] = 0;
    }

    convrelay_tool_guard_free(&s->tools->guard);

    if (convrelay_session_tools_drop_actions(s) != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
    }
}


void
convrelay_session_tools_forget(convrelay_session_t *s,
    convrelay_actions_t *out)
{
    if (s->tools == NULL) {
        return;
    }

    convrelay_session_tools_stop(s, out);

    s->tools->waiting = 0;
    s->deadlines[CONVRELAY_DEADLINE_TOOLS] = 0;
}


unsigned
convrelay_session_tools_running(const convrelay_session_t *s)
{
    return s->tools && s->turn != CONVRELAY_TURN_IDLE && s->tools->round;
}


unsigned
convrelay_session_tools_waiting(const convrelay_session_t *s)
{
    return s->tools && s->tools->waiting;
}


unsigned
convrelay_session_tools_interrupted(const convrelay_session_t *s)
{
    return s->tools && s->tools->resume;
}


unsigned
convrelay_session_tools_unheard(const convrelay_session_t *s)
{
    return s->tools && s->turn == CONVRELAY_TURN_IDLE
           && (s->tools->waiting || (s->tools->resume && s->tools->unheard));
}


unsigned
convrelay_session_tools_goodbye(const convrelay_session_t *s)
{
    return s->tools && s->tools->goodbye
           && s->state == CONVRELAY_SESSION_ENDING;
}


int
convrelay_session_tools_take_back(convrelay_session_t *s)
{
    convrelay_llm_message_t    *m;
    convrelay_session_tools_t  *t;

    t = s->tools;
    m = t->goodbye;

    convrelay_session_enter(s, CONVRELAY_SESSION_OPEN);

    s->deadlines[CONVRELAY_DEADLINE_END] = 0;
    s->deadlines[CONVRELAY_DEADLINE_CALL] = t->call_until;
    s->deadlines[CONVRELAY_DEADLINE_CALL_TIME] = t->time_until;

    /* the work of its location is not undone */

    if (m->listed && !t->goodbye_done) {
        m = convrelay_history_result(&s->history, m,
                                     &convrelay_tool_taken_back);

        if (m == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    t->goodbye = NULL;
    s->version++;

    convrelay_session_tools_unpin(m);
    convrelay_session_tools_undo(s, t->goodbye_digest, t->goodbye_done);

    return CONVRELAY_OK;
}


unsigned
convrelay_session_last_round(const convrelay_session_t *s)
{
    return s->tools && s->tools->rounds >= s->conf->max_tool_rounds;
}


void
convrelay_session_tools_free(convrelay_session_t *s)
{
    unsigned                    i;
    convrelay_session_tools_t  *t;

    t = s->tools;

    s->run = NULL;

    if (t == NULL) {
        return;
    }

    while (t->runs) {
        convrelay_session_tools_unlink(s, t->runs);
    }

    convrelay_session_tools_unpin(t->goodbye);
    convrelay_tool_guard_free(&t->guard);

    for (i = 0; i < t->nresults; i++) {
        free(t->once[i].result.data);
    }

    free(t->once);
    free(t->keys);
    free(t);

    s->tools = NULL;
}
