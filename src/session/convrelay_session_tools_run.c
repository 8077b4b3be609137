
/*
 * Copyright (C) convrelay contributors
 *
 * The calls of tools, from the LLM's answer to their results in the history,
 * and the memory of those that succeeded.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_session_tools.h"


/* bytes of the list of names in the answer to an unknown tool */
#define CONVRELAY_SESSION_MAX_NAMES  512


static convrelay_tool_run_t *convrelay_session_tools_new(
    convrelay_session_t *s, const convrelay_llm_call_t *call, size_t tool,
    convrelay_str_t *result, convrelay_actions_t *out);
static unsigned convrelay_session_tools_full(const convrelay_session_t *s);
static int convrelay_session_tools_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_str_t *result);
static int convrelay_session_tools_tell(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result,
    convrelay_llm_message_t **told);
static int convrelay_session_tools_late(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result);
static int convrelay_session_tools_remember(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result);
static convrelay_session_once_t *convrelay_session_tools_recall(
    const convrelay_session_t *s, const u_char *digest);
static uint64_t convrelay_session_tools_succeeded(
    const convrelay_session_t *s, const u_char *digest);
static convrelay_llm_message_t *convrelay_session_tools_withhold(
    convrelay_session_t *s, convrelay_llm_message_t *m);


/* a run, or NULL with the result, malloc'ed; its data are NULL without
   memory */

convrelay_tool_run_t *
convrelay_session_tools_call(convrelay_session_t *s,
    const convrelay_llm_call_t *call, convrelay_str_t *result,
    convrelay_actions_t *out)
{
    size_t  i;

    for (i = 0; i < s->conf->ntools; i++) {

        if (convrelay_str_equal(&s->conf->tools[i].name, &call->name)) {
            return convrelay_session_tools_new(s, call, i, result, out);
        }
    }

    s->tool_failures++;
    convrelay_session_tools_ends(0, CONVRELAY_TOOL_UNKNOWN, out);

    (void) convrelay_session_tools_unknown(s, &call->name, result);

    return NULL;
}


static convrelay_tool_run_t *
convrelay_session_tools_new(convrelay_session_t *s,
    const convrelay_llm_call_t *call, size_t tool, convrelay_str_t *result,
    convrelay_actions_t *out)
{
    int                          rc;
    u_char                      *p;
    size_t                       size;
    uint64_t                     n;
    const char                  *error;
    convrelay_tool_run_t        *run, *other, **next;
    convrelay_session_once_t    *earlier;
    convrelay_relay_setup_t      setup;

    static const convrelay_str_t  none = convrelay_null_string;

    size = call->name.len + call->arguments.len;

    run = calloc(1, sizeof(convrelay_tool_run_t) + size);
    if (run == NULL) {
        return NULL;
    }

    run->tool = &s->conf->tools[tool];
    run->index = tool;

    p = run->block;

    run->call.name.data = p;
    run->call.name.len = call->name.len;
    p = convrelay_str_copy(p, &call->name);

    run->call.arguments.data = p;
    run->call.arguments.len = call->arguments.len;
    (void) convrelay_str_copy(p, &call->arguments);

    run->call.valid = 1;

    rc = convrelay_tool_arguments_read(&run->arguments, &run->tool->name,
                                       &run->call.arguments, &error);

    if (rc != CONVRELAY_OK) {

        if (rc == CONVRELAY_DECLINED) {
            s->tool_failures++;
            convrelay_session_tools_ends(tool, CONVRELAY_TOOL_ARGUMENTS, out);
            result->data = convrelay_tool_failure("the arguments ", &none,
                                                  error, &result->len);
        }

        free(run);
        return NULL;
    }

    run->call.arguments = run->arguments.json;

    earlier = run->tool->once
              ? convrelay_session_tools_recall(s, run->arguments.digest)
              : NULL;

    if (earlier) {
        run->result.data = convrelay_tool_repeated(&earlier->result,
                                                   &run->result.len);

        if (run->result.data == NULL || !earlier->undone) {
            *result = run->result;

            convrelay_tool_arguments_free(&run->arguments);
            free(run);
            return NULL;
        }
    }

    n = run->tool->once
        ? 0 : convrelay_session_tools_succeeded(s, run->arguments.digest);

    convrelay_session_get_setup(s, &setup);

    convrelay_tool_key(run->key, &setup.call_sid,
                       setup.session_id.len ? &setup.session_id : &setup.nonce,
                       run->arguments.digest, n);

    for (next = &s->tools->runs; *next; next = &(*next)->next) {
        other = *next;

        if (run->same == NULL && other->same == NULL
            && memcmp(other->arguments.digest, run->arguments.digest,
                      CONVRELAY_TOOL_DIGEST)
               == 0)
        {
            run->same = other;
        }
    }

    /* one with a result has only its actions left */

    if (run->same == NULL && run->tool->uri && run->result.len == 0
        && convrelay_session_tools_full(s))
    {
        s->tool_failures++;
        convrelay_session_tools_ends(tool, CONVRELAY_TOOL_BUSY, out);
        result->data = convrelay_tool_failure("too many tools are running, "
                                              "wait for their results", &none,
                                              NULL, &result->len);

        convrelay_tool_arguments_free(&run->arguments);
        free(run);
        return NULL;
    }

    *next = run;

    return run;
}


void
convrelay_session_tools_ends(size_t tool, convrelay_tool_ends_e how,
    convrelay_actions_t *out)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_TOOL_ENDS;
    a.code = how;
    a.tool = tool;

    out->act(out, &a);
}


/*
 * Each location that is asked takes connections of the worker, which all calls
 * share, and a new turn need not wait for the tools of an earlier one.
 */

static unsigned
convrelay_session_tools_full(const convrelay_session_t *s)
{
    unsigned                     n;
    const convrelay_tool_run_t  *run;

    n = 0;

    for (run = s->tools->runs; run; run = run->next) {
        n += (run->tool->uri && !run->acts && run->same == NULL);
    }

    return s->conf->max_tool_runs && n >= s->conf->max_tool_runs;
}


/* the result for a tool that does not exist, or no longer exists */

static int
convrelay_session_tools_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_str_t *result)
{
    char                    names[CONVRELAY_SESSION_MAX_NAMES];
    size_t                  i, len;
    const convrelay_str_t  *tool;

    static const char  start[] = "\"; the tools are: ";

    memcpy(names, start, sizeof(start));
    len = sizeof(start) - 1;

    for (i = 0; i < s->conf->ntools; i++) {
        tool = &s->conf->tools[i].name;

        if (len + tool->len + 3 > sizeof(names)) {
            break;
        }

        len += snprintf(names + len, sizeof(names) - len, "%s%.*s",
                        i ? ", " : "", (int) tool->len, tool->data);
    }

    result->data = convrelay_tool_failure("there is no tool \"", name, names,
                                          &result->len);

    return result->data ? CONVRELAY_OK : CONVRELAY_ERROR;
}


/* the newest n messages of the history are the results */

void
convrelay_session_tools_pin(convrelay_session_t *s,
    convrelay_tool_run_t **runs, size_t n)
{
    size_t                    i;
    convrelay_llm_message_t  *m, *ahead;

    m = s->history.first;
    i = 0;

    for (ahead = m; ahead; ahead = ahead->next) {

        if (i++ >= n) {
            m = m->next;
        }
    }

    for (i = 0; i < n; i++) {

        if (runs[i]) {
            m->pinned = 1;
            runs[i]->message = m;
        }

        m = m->next;
    }
}


/* its result is known, and that of those that waited for it; it is freed */

int
convrelay_session_tools_settle(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok)
{
    int                       rc;
    convrelay_tool_run_t     *other, *next;
    convrelay_llm_message_t  *told;

    if (ok) {
        rc = convrelay_session_tools_remember(s, run, result);

    } else {
        s->tool_failures++;
        rc = CONVRELAY_OK;

        /* the work of its location is not undone */

        if (run->result.len && run->tool->once) {
            rc = convrelay_session_tools_remember(s, run, &run->result);

            if (rc == CONVRELAY_OK) {
                convrelay_session_tools_undo(s, run->arguments.digest, 1);
            }
        }
    }

    told = NULL;

    for (other = s->tools->runs; other && rc == CONVRELAY_OK; other = next) {
        next = other->next;

        if (other->same != run) {
            continue;
        }

        rc = convrelay_session_tools_tell(s, other, result, &told);

        convrelay_session_tools_unlink(s, other);
    }

    if (rc == CONVRELAY_OK) {
        rc = convrelay_session_tools_tell(s, run, result, &told);
    }

    if (rc == CONVRELAY_OK && told == NULL) {
        rc = convrelay_session_tools_late(s, run, result);
        told = s->history.last;
    }

    s->tools->settled = told;
    s->version++;

    convrelay_session_tools_unlink(s, run);

    return rc;
}


convrelay_tool_run_t *
convrelay_session_tools_inherit(convrelay_session_t *s,
    convrelay_tool_run_t *run)
{
    convrelay_tool_run_t  *heir, *other;

    for (heir = run->next; heir; heir = heir->next) {

        if (heir->same == run && !heir->late) {
            break;
        }
    }

    if (heir == NULL) {
        return NULL;
    }

    heir->same = NULL;

    for (other = run->next; other; other = other->next) {

        if (other->same == run) {
            other->same = heir;
        }
    }

    convrelay_session_tools_unlink(s, run);

    return heir;
}


/* replaces "still running", unless a request has sent that or the history has
   dropped it; *told becomes the message, if it was replaced */

static int
convrelay_session_tools_tell(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result,
    convrelay_llm_message_t **told)
{
    convrelay_llm_message_t  *m;

    if (run->late || !run->message->listed) {
        return CONVRELAY_OK;
    }

    m = convrelay_history_result(&s->history, run->message, result);
    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    run->message = m;
    *told = m;

    return CONVRELAY_OK;
}


static int
convrelay_session_tools_late(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result)
{
    int                   n;
    char                  id[32];
    convrelay_llm_call_t  call;

    static const convrelay_str_t  none = convrelay_null_string;

    n = snprintf(id, sizeof(id), "late_%llu",
                 (unsigned long long) ++s->tools->nlate);

    call = run->call;
    call.id.data = (u_char *) id;
    call.id.len = n;

    return convrelay_history_append_calls(&s->history, s->llm, &none, &call,
                                          result, 1);
}


void
convrelay_session_tools_unlink(convrelay_session_t *s,
    convrelay_tool_run_t *run)
{
    convrelay_tool_run_t  **next;

    for (next = &s->tools->runs; *next != run; next = &(*next)->next) {
        /* void */
    }

    *next = run->next;

    convrelay_session_tools_unpin(run->message);
    convrelay_tool_arguments_free(&run->arguments);
    free(run->result.data);
    free(run);
}


void
convrelay_session_tools_unpin(convrelay_llm_message_t *m)
{
    if (m == NULL) {
        return;
    }

    m->pinned = 0;

    if (!m->listed) {
        free(m);
    }
}


/* counts a success for the next key, and keeps its result for "once" */

static int
convrelay_session_tools_remember(convrelay_session_t *s,
    convrelay_tool_run_t *run, const convrelay_str_t *result)
{
    u_char                     *p;
    size_t                      i;
    convrelay_session_key_t    *keys;
    convrelay_session_once_t   *once;
    convrelay_session_tools_t  *t;

    t = s->tools;

    if (run->tool->once) {
        once = convrelay_session_tools_recall(s, run->arguments.digest);

        if (once) {
            once->undone = 0;
            return CONVRELAY_OK;
        }

        p = malloc(result->len ? result->len : 1);
        if (p == NULL) {
            return CONVRELAY_ERROR;
        }

        once = convrelay_session_tools_once(t);

        if (once == NULL) {
            free(p);
            return CONVRELAY_ERROR;
        }

        memcpy(p, result->data, result->len);

        memcpy(once->digest, run->arguments.digest, CONVRELAY_TOOL_DIGEST);
        once->result.data = p;
        once->result.len = result->len;
        once->undone = 0;

        return CONVRELAY_OK;
    }

    for (i = 0; i < t->nkeys; i++) {

        if (memcmp(t->keys[i].digest, run->arguments.digest,
                   CONVRELAY_TOOL_DIGEST)
            == 0)
        {
            t->keys[i].n++;
            return CONVRELAY_OK;
        }
    }

    if (t->nkeys == CONVRELAY_SESSION_MAX_KEYS) {
        i = t->next_key++ % CONVRELAY_SESSION_MAX_KEYS;

    } else {

        if ((t->nkeys & (t->nkeys - 1)) == 0) {
            keys = realloc(t->keys, (t->nkeys ? 2 * t->nkeys : 1)
                                    * sizeof(convrelay_session_key_t));
            if (keys == NULL) {
                return CONVRELAY_ERROR;
            }

            t->keys = keys;
        }

        t->nkeys++;
    }

    memcpy(t->keys[i].digest, run->arguments.digest, CONVRELAY_TOOL_DIGEST);
    t->keys[i].n = 1;

    return CONVRELAY_OK;
}


convrelay_session_once_t *
convrelay_session_tools_once(convrelay_session_tools_t *t)
{
    convrelay_session_once_t  *once;

    if (t->nresults == CONVRELAY_SESSION_MAX_ONCE) {
        once = &t->once[t->next_once++ % CONVRELAY_SESSION_MAX_ONCE];
        free(once->result.data);

    } else {

        if ((t->nresults & (t->nresults - 1)) == 0) {
            once = realloc(t->once, (t->nresults ? 2 * t->nresults : 1)
                                    * sizeof(convrelay_session_once_t));
            if (once == NULL) {
                return NULL;
            }

            t->once = once;
        }

        once = &t->once[t->nresults++];
    }

    once->result.data = NULL;

    return once;
}


void
convrelay_session_tools_undo(convrelay_session_t *s, const u_char *digest,
    unsigned located)
{
    size_t                      i;
    convrelay_session_once_t   *once;
    convrelay_session_tools_t  *t;

    t = s->tools;

    once = convrelay_session_tools_recall(s, digest);

    if (once && located) {
        once->undone = 1;

    } else if (once) {
        free(once->result.data);
        once->result.data = NULL;
    }

    for (i = 0; i < t->nkeys && !located; i++) {

        if (t->keys[i].n
            && memcmp(t->keys[i].digest, digest, CONVRELAY_TOOL_DIGEST) == 0)
        {
            t->keys[i].n--;
            return;
        }
    }
}


static convrelay_session_once_t *
convrelay_session_tools_recall(const convrelay_session_t *s,
    const u_char *digest)
{
    unsigned                   i;
    convrelay_session_once_t  *once;

    for (i = 0; i < s->tools->nresults; i++) {
        once = &s->tools->once[i];

        if (once->result.data
            && memcmp(once->digest, digest, CONVRELAY_TOOL_DIGEST) == 0)
        {
            return once;
        }
    }

    return NULL;
}


static uint64_t
convrelay_session_tools_succeeded(const convrelay_session_t *s,
    const u_char *digest)
{
    size_t  i;

    for (i = 0; i < s->tools->nkeys; i++) {

        if (memcmp(s->tools->keys[i].digest, digest, CONVRELAY_TOOL_DIGEST)
            == 0)
        {
            return s->tools->keys[i].n;
        }
    }

    return 0;
}


int
convrelay_session_tools_refused(convrelay_session_t *s)
{
    convrelay_llm_message_t    *m;
    convrelay_session_tools_t  *t;

    t = s->tools;

    if (t->refused) {

        for (m = s->history.first; m; m = m->next) {

            if (m->role != CONVRELAY_LLM_TOOL || m->pinned) {
                continue;
            }

            m = convrelay_session_tools_withhold(s, m);
            if (m == NULL) {
                return CONVRELAY_ERROR;
            }
        }
    }

    t->refused = 1;

    return (t->rounds > 1) ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


/* drops a result's text; the LLM still sees whether the tool succeeded */

static convrelay_llm_message_t *
convrelay_session_tools_withhold(convrelay_session_t *s,
    convrelay_llm_message_t *m)
{
    convrelay_str_t       text;
    convrelay_llm_call_t  result;

    convrelay_llm_message_call(m, &result);

    text = convrelay_tool_withheld(&result.arguments);

    if (convrelay_str_equal(&text, &result.arguments)) {
        return m;
    }

    return convrelay_history_result(&s->history, m, &text);
}


void
convrelay_session_tools_accepted(convrelay_session_t *s)
{
    if (s->tools) {
        s->tools->refused = 0;
    }
}
