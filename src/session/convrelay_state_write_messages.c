
/*
 * Copyright (C) convrelay contributors
 *
 * Writes the messages of a session.
 */


#include "convrelay_state_parts.h"


static void convrelay_state_text(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_state_plain(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);
static size_t convrelay_state_heard(const convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_state_call(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_state_result(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m);


void
convrelay_state_write_messages(convrelay_state_out_t *w)
{
    const convrelay_llm_message_t  *m;

    for (m = w->first; m; m = m->next) {

        if (m != w->first) {
            convrelay_state_put(w, ",");
        }

        convrelay_state_write_message(w, m);
    }
}


void
convrelay_state_write_message(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    switch (m->role) {

    case CONVRELAY_LLM_USER:
    case CONVRELAY_LLM_ASSISTANT:
        convrelay_state_text(w, m);
        break;

    case CONVRELAY_LLM_TOOL:
        convrelay_state_result(w, m);
        break;

    default:
        convrelay_state_call(w, m);
        break;
    }
}


/*
 * "rest": what follows if all of it was heard; without reports, that is what is
 * supposed.  "cut": the caller has ended it early.  So the caller has if it is
 * paused, because then its rest will not be heard.
 */

static void
convrelay_state_text(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    size_t           heard;
    unsigned         cut;
    convrelay_str_t  text;

    heard = m->pinned ? convrelay_state_heard(w, m) : m->len;

    cut = m->cut || (heard < m->len
                     && w->s->answer.state == CONVRELAY_ANSWER_PAUSED);

    if (m->plain && heard == m->len && !cut) {
        convrelay_state_plain(w, m);
        return;
    }

    text.data = (u_char *) m->text;
    text.len = heard;

    convrelay_state_put(w, (m->role == CONVRELAY_LLM_USER)
                           ? "{\"role\":\"user\",\"content\":"
                           : "{\"role\":\"assistant\",\"content\":");

    convrelay_state_string(w, &text);

    if (heard < m->len) {
        text.data += heard;
        text.len = m->len - heard;

        convrelay_state_put(w, ",\"rest\":");
        convrelay_state_string(w, &text);
    }

    convrelay_state_put(w, cut ? ",\"cut\":true}" : "}");
}


/* nearly all messages, all of whose bytes are written as they are */

static void
convrelay_state_plain(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    u_char                 *p;
    const convrelay_str_t  *before;

    static const convrelay_str_t  user =
        convrelay_string("{\"role\":\"user\",\"content\":\"");
    static const convrelay_str_t  assistant =
        convrelay_string("{\"role\":\"assistant\",\"content\":\"");

    before = (m->role == CONVRELAY_LLM_USER) ? &user : &assistant;

    if (w->p) {
        p = convrelay_str_copy(w->p + w->len, before);

        memcpy(p, m->text, m->len);
        p += m->len;

        *p++ = '"';
        *p = '}';
    }

    w->len += before->len + m->len + 2;
}


/* bytes of m that were heard, as reported, of an answer that is spoken */

static size_t
convrelay_state_heard(const convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    size_t                     heard, from;
    uint32_t                   i, n;
    convrelay_str_t            text;
    const convrelay_answer_t  *a;

    static const convrelay_str_t  none = convrelay_string("");

    a = &w->s->answer;

    if (a->state != CONVRELAY_ANSWER_PAUSED
        && (!a->heard.reported || !convrelay_session_audible(w->s)))
    {
        return m->len;
    }

    from = a->base;

    if (m != a->message) {

        n = a->whole ? a->whole->nparts : 0;

        for (i = 0; i < n && a->whole->parts[i].message != m; i++) {
            /* void */
        }

        if (i == n) {
            return m->len;
        }

        from = a->whole->parts[i].from;
    }

    convrelay_session_answer_text(w->s, &text);

    heard = (a->state == CONVRELAY_ANSWER_PAUSED)
            ? w->s->pause->heard
            : convrelay_heard_interrupt(&a->heard, &text, &none, 1, -1);
    heard = convrelay_session_answer_written(w->s, heard);
    heard = (heard > from) ? heard - from : 0;

    return (heard < m->len) ? heard : m->len;
}


static void
convrelay_state_call(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_call_t  call;

    convrelay_llm_message_call(m, &call);

    if (m->role == CONVRELAY_LLM_CALL) {
        convrelay_state_put(w, "{\"role\":\"call\",\"id\":");
        convrelay_state_string(w, &call.id);
        convrelay_state_put(w, ",\"name\":");
        convrelay_state_string(w, &call.name);
        convrelay_state_put(w, ",\"arguments\":");
        convrelay_state_string(w, &call.arguments);
        convrelay_state_put(w, call.valid ? "" : ",\"invalid\":true");

    } else {
        convrelay_state_put(w, "{\"role\":\"extra\"");
        convrelay_state_put(w, call.valid ? ",\"calls\":true" : "");
    }

    w->extra |= (call.extra.len != 0);

    convrelay_state_member(w, ",\"extra\":", &call.extra);
    convrelay_state_count(w, ",\"llm\":", call.llm);
    convrelay_state_put(w, "}");
}


static void
convrelay_state_result(convrelay_state_out_t *w,
    const convrelay_llm_message_t *m)
{
    unsigned                     open;
    convrelay_str_t              text;
    convrelay_llm_call_t         result;
    const convrelay_tool_run_t  *run;

    convrelay_llm_message_call(m, &result);

    text = result.arguments;
    open = 0;
    run = m->pinned ? convrelay_state_run(w->s, m) : NULL;

    if (run && !run->late) {
        run = run->same ? run->same : run;

        open = convrelay_state_is_open(run);

        if (!open) {
            text = run->result.len ? run->result : convrelay_tool_cancelled;
        }
    }

    convrelay_state_put(w, "{\"role\":\"tool\",\"id\":");
    convrelay_state_string(w, &result.id);
    convrelay_state_put(w, ",\"name\":");
    convrelay_state_string(w, &result.name);
    convrelay_state_put(w, ",\"content\":");
    convrelay_state_string(w, &text);
    convrelay_state_put(w, open ? ",\"open\":true}" : "}");
}
