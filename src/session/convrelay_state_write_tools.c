
/*
 * Copyright (C) convrelay contributors
 *
 * Writes what a session remembers of tools, and those without a result.
 */


#include "convrelay_state_parts.h"


static void convrelay_state_once(convrelay_state_out_t *w, unsigned *n,
    const u_char *digest, const convrelay_str_t *result, unsigned undone);
static void convrelay_state_keys(convrelay_state_out_t *w);
static void convrelay_state_key(convrelay_state_out_t *w, unsigned *n,
    const u_char *digest, uint64_t succeeded);
static void convrelay_state_runs(convrelay_state_out_t *w);
static unsigned convrelay_state_told(const convrelay_state_out_t *w,
    const convrelay_tool_run_t *run);
static unsigned convrelay_state_is_located(const convrelay_tool_run_t *run);


void
convrelay_state_write_tools(convrelay_state_out_t *w)
{
    unsigned                          i, n;
    const convrelay_tool_run_t       *run;
    const convrelay_session_once_t   *once;
    const convrelay_session_tools_t  *t;

    t = w->s->tools;

    convrelay_state_count(w, ",\"late\":", t->nlate);

    if (t->refused) {
        convrelay_state_put(w, ",\"refused\":true");
    }

    n = 0;

    for (i = 0; i < t->nresults; i++) {

        /* the oldest first */

        once = &t->once[(t->next_once + i) % t->nresults];

        if (once->result.data) {
            convrelay_state_once(w, &n, once->digest, &once->result,
                                 once->undone);
        }
    }

    for (run = t->runs; run; run = run->next) {

        if (convrelay_state_is_located(run) && run->tool->once) {
            convrelay_state_once(w, &n, run->arguments.digest, &run->result,
                                 1);
        }
    }

    if (n) {
        convrelay_state_put(w, "]");
    }

    convrelay_state_keys(w);
    convrelay_state_runs(w);
}


static void
convrelay_state_once(convrelay_state_out_t *w, unsigned *n,
    const u_char *digest, const convrelay_str_t *result, unsigned undone)
{
    convrelay_str_t  text;

    text = w->withheld ? convrelay_tool_withheld(result) : *result;

    convrelay_state_put(w, *n ? "," : ",\"once\":[");
    (*n)++;

    convrelay_state_put(w, "{\"digest\":");
    convrelay_state_digest(w, digest);
    convrelay_state_put(w, ",\"result\":");
    convrelay_state_string(w, &text);
    convrelay_state_put(w, undone ? ",\"undone\":true}" : "}");
}


/* where a location has done its part, that counts as a success, whatever
   becomes of the actions */

static void
convrelay_state_keys(convrelay_state_out_t *w)
{
    size_t                            i;
    uint64_t                          succeeded;
    unsigned                          n;
    const convrelay_tool_run_t       *run;
    const convrelay_session_key_t    *key;
    const convrelay_session_tools_t  *t;

    t = w->s->tools;
    n = 0;

    for (i = 0; i < t->nkeys; i++) {

        /* the oldest first */

        key = &t->keys[(t->next_key + i) % t->nkeys];
        succeeded = key->n;

        for (run = t->runs; run; run = run->next) {

            if (convrelay_state_is_located(run)
                && memcmp(run->arguments.digest, key->digest,
                          CONVRELAY_TOOL_DIGEST)
                   == 0)
            {
                succeeded++;
            }
        }

        if (succeeded) {
            convrelay_state_key(w, &n, key->digest, succeeded);
        }
    }

    for (run = t->runs; run; run = run->next) {

        if (!convrelay_state_is_located(run) || run->tool->once) {
            continue;
        }

        for (i = 0; i < t->nkeys; i++) {

            if (memcmp(run->arguments.digest, t->keys[i].digest,
                       CONVRELAY_TOOL_DIGEST)
                == 0)
            {
                break;
            }
        }

        if (i == t->nkeys && n < CONVRELAY_SESSION_MAX_KEYS) {
            convrelay_state_key(w, &n, run->arguments.digest, 1);
        }
    }

    if (n) {
        convrelay_state_put(w, "]");
    }
}


static void
convrelay_state_key(convrelay_state_out_t *w, unsigned *n,
    const u_char *digest, uint64_t succeeded)
{
    convrelay_state_put(w, *n ? "," : ",\"keys\":[");
    (*n)++;

    convrelay_state_put(w, "{\"digest\":");
    convrelay_state_digest(w, digest);
    convrelay_state_count(w, ",\"n\":", succeeded);
    convrelay_state_put(w, "}");
}


/* those without a result that no message of the history is going to have */

static void
convrelay_state_runs(convrelay_state_out_t *w)
{
    unsigned                     n;
    const convrelay_tool_run_t  *run;

    n = 0;

    for (run = w->s->tools->runs; run; run = run->next) {

        if (run->same || !convrelay_state_is_open(run)
            || convrelay_state_told(w, run))
        {
            continue;
        }

        convrelay_state_put(w, n ? "," : ",\"runs\":[");
        n++;

        convrelay_state_put(w, "{\"name\":");
        convrelay_state_string(w, &run->call.name);
        convrelay_state_put(w, ",\"arguments\":");
        convrelay_state_string(w, &run->call.arguments);
        convrelay_state_put(w, "}");
    }

    if (n) {
        convrelay_state_put(w, "]");
    }
}


/* true if the state has a message that gets the result of run */

static unsigned
convrelay_state_told(const convrelay_state_out_t *w,
    const convrelay_tool_run_t *run)
{
    const convrelay_tool_run_t     *other;
    const convrelay_llm_message_t  *m;

    for (m = w->first; m; m = m->next) {
        other = m->pinned ? convrelay_state_run(w->s, m) : NULL;

        if (other && !other->late && (other == run || other->same == run)) {
            return 1;
        }
    }

    return 0;
}


const convrelay_tool_run_t *
convrelay_state_run(const convrelay_session_t *s,
    const convrelay_llm_message_t *m)
{
    const convrelay_tool_run_t  *run;

    for (run = s->tools ? s->tools->runs : NULL; run; run = run->next) {

        if (run->message == m) {
            return run;
        }
    }

    return NULL;
}


/* its location has answered, and its actions wait for the turn; as with a turn
   that ends before, they will not be performed */

static unsigned
convrelay_state_is_located(const convrelay_tool_run_t *run)
{
    return run->same == NULL && run->acts && run->result.len;
}


/* its location was asked, or is about to be, and has not answered */

unsigned
convrelay_state_is_open(const convrelay_tool_run_t *run)
{
    return run->tool->uri && !run->acts && run->result.len == 0;
}
