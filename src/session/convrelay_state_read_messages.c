
/*
 * Copyright (C) convrelay contributors
 *
 * Reads the messages of a state.  They become a history in the same way as in a
 * call: no call of a tool without its result, no result without its call, no
 * extra without its answer.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_state_parts.h"


#define CONVRELAY_STATE_NO_LLM  (CONVRELAY_SESSION_MAX_FALLBACKS + 1)


typedef struct {
    convrelay_json_value_t  *role;
    convrelay_json_value_t  *content;
    convrelay_json_value_t  *rest;
    convrelay_json_value_t  *cut;
    convrelay_json_value_t  *id;
    convrelay_json_value_t  *name;
    convrelay_json_value_t  *arguments;
    convrelay_json_value_t  *invalid;
    convrelay_json_value_t  *extra;
    convrelay_json_value_t  *calls;
    convrelay_json_value_t  *llm;
    convrelay_json_value_t  *open;
} convrelay_state_message_t;


typedef enum {
    CONVRELAY_STATE_NONE = 0,     /* another role */
    CONVRELAY_STATE_USER,
    CONVRELAY_STATE_ASSISTANT,
    CONVRELAY_STATE_EXTRA,
    CONVRELAY_STATE_CALL,
    CONVRELAY_STATE_TOOL
} convrelay_state_role_e;


static convrelay_state_role_e convrelay_state_role(
    convrelay_json_value_t *value, convrelay_state_message_t *m);
static int convrelay_state_said(convrelay_state_in_t *in,
    convrelay_llm_role_e role, const convrelay_state_message_t *m);
static int convrelay_state_extra(convrelay_state_in_t *in,
    const convrelay_state_message_t *m);
static int convrelay_state_calls(convrelay_state_in_t *in,
    convrelay_json_value_t **value);
static size_t convrelay_state_count_calls(convrelay_json_value_t *value,
    const convrelay_json_value_t *messages);
static void convrelay_state_call(convrelay_state_in_t *in,
    convrelay_llm_call_t *call, const convrelay_state_message_t *m);
static void convrelay_state_result(convrelay_state_in_t *in,
    const convrelay_llm_call_t *call, convrelay_str_t *result,
    convrelay_json_value_t *value);
static convrelay_str_t convrelay_state_opaque(convrelay_state_in_t *in,
    convrelay_json_value_t *value, unsigned llm);
static unsigned convrelay_state_llm(convrelay_state_in_t *in,
    const convrelay_state_message_t *m);
static int convrelay_state_runs(convrelay_state_in_t *in);
static unsigned convrelay_state_is_asked(const convrelay_state_in_t *in);


#define convrelay_state_field(name)                                          \
    { convrelay_string(#name), offsetof(convrelay_state_message_t, name) }


static const convrelay_json_field_t  convrelay_state_message_fields[] = {
    convrelay_state_field(role),
    convrelay_state_field(content),
    convrelay_state_field(rest),
    convrelay_state_field(cut),
    convrelay_state_field(id),
    convrelay_state_field(name),
    convrelay_state_field(arguments),
    convrelay_state_field(invalid),
    convrelay_state_field(extra),
    convrelay_state_field(calls),
    convrelay_state_field(llm),
    convrelay_state_field(open),
    convrelay_json_no_field
};


int
convrelay_state_read_messages(convrelay_state_in_t *in)
{
    int                        rc;
    convrelay_json_value_t    *value;
    convrelay_state_message_t  m;

    if (in->m.messages == NULL
        || in->m.messages->type != CONVRELAY_JSON_ARRAY)
    {
        in->error = "has no messages";
        return CONVRELAY_DECLINED;
    }

    value = convrelay_json_element(in->m.messages, NULL);

    while (value) {

        switch (convrelay_state_role(value, &m)) {

        case CONVRELAY_STATE_USER:
            rc = convrelay_state_said(in, CONVRELAY_LLM_USER, &m);
            break;

        case CONVRELAY_STATE_ASSISTANT:
            rc = convrelay_state_said(in, CONVRELAY_LLM_ASSISTANT, &m);
            break;

        case CONVRELAY_STATE_EXTRA:

            if (convrelay_state_flag(in, m.calls)) {
                rc = convrelay_state_calls(in, &value);
                break;
            }

            rc = convrelay_state_extra(in, &m);
            break;

        case CONVRELAY_STATE_CALL:
            rc = convrelay_state_calls(in, &value);
            break;

        default:
            in->error = "has a wrong message";
            return CONVRELAY_DECLINED;
        }

        if (rc != CONVRELAY_OK || in->error) {
            return in->error ? CONVRELAY_DECLINED : CONVRELAY_ERROR;
        }

        value = convrelay_json_element(in->m.messages, value);
    }

    if (convrelay_state_runs(in) != CONVRELAY_OK) {
        return in->error ? CONVRELAY_DECLINED : CONVRELAY_ERROR;
    }

    if (in->m.turn && !convrelay_state_is_asked(in)) {
        in->error = "has a turn without a question";
        return CONVRELAY_DECLINED;
    }

    if (in->m.again && in->unheard && convrelay_state_is_asked(in)
        && convrelay_session_unanswered(&in->history))
    {
        in->asked = in->recent;
    }

    return CONVRELAY_OK;
}


static convrelay_state_role_e
convrelay_state_role(convrelay_json_value_t *value,
    convrelay_state_message_t *m)
{
    size_t           i;
    convrelay_str_t  role;

    static const convrelay_str_t  roles[] = {
        convrelay_string("user"),
        convrelay_string("assistant"),
        convrelay_string("extra"),
        convrelay_string("call"),
        convrelay_string("tool")
    };

    convrelay_json_members(value, convrelay_state_message_fields, m);

    if (m->role == NULL || m->role->type != CONVRELAY_JSON_STRING) {
        return CONVRELAY_STATE_NONE;
    }

    /* written without escapes; not decoded, for it is read more than once */

    role.data = m->role->data;
    role.len = m->role->len;

    for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {

        if (convrelay_str_equal(&role, &roles[i])) {
            return CONVRELAY_STATE_USER + i;
        }
    }

    return CONVRELAY_STATE_NONE;
}


/* what was not heard of an answer that was cut is left out */

static int
convrelay_state_said(convrelay_state_in_t *in, convrelay_llm_role_e role,
    const convrelay_state_message_t *m)
{
    size_t                    len;
    u_char                   *p;
    unsigned                  cut;
    convrelay_str_t           text, rest;
    convrelay_llm_message_t  *message;

    text = convrelay_state_string_of(in, m->content);
    rest = convrelay_state_string_of(in, (role == CONVRELAY_LLM_ASSISTANT)
                                         ? m->rest : NULL);
    cut = convrelay_state_flag(in, (role == CONVRELAY_LLM_ASSISTANT)
                                   ? m->cut : NULL);

    in->dropped = cut;
    in->unheard = 0;

    if (in->cut && rest.len) {
        rest.len = 0;
        in->dropped = 1;

        if (convrelay_session_blank(text.data, text.len)) {
            in->unheard = 1;
            return CONVRELAY_OK;
        }
    }

    len = text.len + rest.len;

    message = convrelay_history_message(role, len);
    if (message == NULL) {
        return CONVRELAY_ERROR;
    }

    p = convrelay_str_copy(message->text, &text);
    (void) convrelay_str_copy(p, &rest);

    if (len == 0 || (role == CONVRELAY_LLM_ASSISTANT
                     && convrelay_session_blank(message->text, len)))
    {
        free(message);
        in->error = in->error ? in->error : "has an empty message";
        return CONVRELAY_DECLINED;
    }

    convrelay_history_append(&in->history, message, len);

    message->cut = cut;

    return CONVRELAY_OK;
}


/* that of the text before it, which must be as it was */

static int
convrelay_state_extra(convrelay_state_in_t *in,
    const convrelay_state_message_t *m)
{
    unsigned                  llm;
    convrelay_str_t           extra;
    convrelay_llm_message_t  *last;

    llm = convrelay_state_llm(in, m);
    last = in->history.last;

    if (in->dropped) {
        in->dropped = 0;
        return CONVRELAY_OK;
    }

    if (m->extra == NULL || last == NULL
        || last->role != CONVRELAY_LLM_ASSISTANT)
    {
        in->error = "has an extra without an answer";
        return CONVRELAY_DECLINED;
    }

    extra = convrelay_state_opaque(in, m->extra, llm);

    if (in->error) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_history_append_extra(&in->history, last, llm, &extra);
}


/* *value: the extra of calls, or the first call; becomes the last result */

static int
convrelay_state_calls(convrelay_state_in_t *in,
    convrelay_json_value_t **value)
{
    int                         rc;
    size_t                      i, n;
    unsigned                    llm;
    convrelay_str_t             extra, *results;
    convrelay_llm_call_t       *calls;
    convrelay_json_value_t     *v;
    convrelay_state_message_t   m;

    v = *value;
    in->dropped = 0;
    convrelay_str_null(&extra);

    (void) convrelay_state_role(v, &m);
    llm = convrelay_state_llm(in, &m);

    if (convrelay_state_role(v, &m) == CONVRELAY_STATE_EXTRA) {
        extra = convrelay_state_opaque(in, m.extra, llm);

        if (m.extra == NULL) {
            in->error = "has an extra that is empty";
        }

        v = convrelay_json_element(in->m.messages, v);
    }

    n = convrelay_state_count_calls(v, in->m.messages);

    if (n == 0 || in->error) {
        in->error = in->error ? in->error : "has an extra without calls";
        return CONVRELAY_DECLINED;
    }

    calls = calloc(n, sizeof(convrelay_llm_call_t) + sizeof(convrelay_str_t));
    if (calls == NULL) {
        return CONVRELAY_ERROR;
    }

    results = (convrelay_str_t *) (calls + n);

    for (i = 0; i < n; i++) {
        (void) convrelay_state_role(v, &m);
        convrelay_state_call(in, &calls[i], &m);

        if (calls[i].llm != llm) {
            in->error = "has calls of several LLMs";
        }

        v = convrelay_json_element(in->m.messages, v);
    }

    for (i = 0; i < n; i++) {
        convrelay_state_result(in, &calls[i], &results[i], v);

        if (in->error) {
            free(calls);
            return CONVRELAY_DECLINED;
        }

        *value = v;
        v = convrelay_json_element(in->m.messages, v);
    }

    rc = convrelay_history_append_calls(&in->history,
                                        (llm == CONVRELAY_STATE_NO_LLM)
                                        ? 0 : llm, &extra, calls, results, n);

    free(calls);

    return rc;
}


static size_t
convrelay_state_count_calls(convrelay_json_value_t *value,
    const convrelay_json_value_t *messages)
{
    size_t                     n;
    convrelay_state_message_t  m;

    for (n = 0; value; n++) {

        if (convrelay_state_role(value, &m) != CONVRELAY_STATE_CALL) {
            break;
        }

        value = convrelay_json_element(messages, value);
    }

    return n;
}


static void
convrelay_state_call(convrelay_state_in_t *in, convrelay_llm_call_t *call,
    const convrelay_state_message_t *m)
{
    call->llm = convrelay_state_llm(in, m);
    call->id = convrelay_state_string_of(in, m->id);
    call->name = convrelay_state_string_of(in, m->name);
    call->arguments = convrelay_state_string_of(in, m->arguments);
    call->extra = convrelay_state_opaque(in, m->extra, call->llm);
    call->valid = !convrelay_state_flag(in, m->invalid);
}


/* that of call, in value, which is NULL after the last message */

static void
convrelay_state_result(convrelay_state_in_t *in,
    const convrelay_llm_call_t *call, convrelay_str_t *result,
    convrelay_json_value_t *value)
{
    convrelay_str_t            id, name;
    convrelay_state_message_t  m;

    if (value == NULL
        || convrelay_state_role(value, &m) != CONVRELAY_STATE_TOOL)
    {
        in->error = "has a call without a result";
        return;
    }

    id = convrelay_state_string_of(in, m.id);
    name = convrelay_state_string_of(in, m.name);
    *result = convrelay_state_string_of(in, m.content);

    if (!convrelay_str_equal(&id, &call->id)
        || !convrelay_str_equal(&name, &call->name) || result->len == 0)
    {
        in->error = "has a wrong result";
    }

    if (convrelay_state_flag(in, m.open)) {
        *result = convrelay_tool_unsure;
        in->nopen++;
    }
}


/* it goes into requests as it is; without the LLM that wrote it, empty */

static convrelay_str_t
convrelay_state_opaque(convrelay_state_in_t *in,
    convrelay_json_value_t *value, unsigned llm)
{
    const char       *error;
    convrelay_str_t   extra;

    extra = convrelay_state_string_of(in, value);

    if (value && in->error == NULL
        && (extra.len == 0
            || convrelay_json_check(extra.data, extra.len, &error)
               != CONVRELAY_OK))
    {
        in->error = "has an extra that is not JSON";
    }

    if (llm > in->s->conf->nfallbacks) {
        convrelay_str_null(&extra);
    }

    return extra;
}


/* its number now, if that exists; NO_LLM: there is none that is the same */

static unsigned
convrelay_state_llm(convrelay_state_in_t *in,
    const convrelay_state_message_t *m)
{
    size_t                           i, n;
    uint64_t                         id;
    convrelay_json_value_t          *v;
    const convrelay_session_conf_t  *conf;

    conf = in->s->conf;

    n = convrelay_state_get(in, m->llm, CONVRELAY_SESSION_MAX_FALLBACKS);

    if (in->m.llms == NULL) {
        return n;
    }

    if (in->m.llms->type != CONVRELAY_JSON_ARRAY) {
        in->error = "has wrong LLMs";
        return CONVRELAY_STATE_NO_LLM;
    }

    v = convrelay_json_element(in->m.llms, NULL);

    for (i = 0; v && i < n; i++) {
        v = convrelay_json_element(in->m.llms, v);
    }

    id = convrelay_state_get(in, v, CONVRELAY_STATE_MAX_NUMBER);

    if (id == 0) {
        return CONVRELAY_STATE_NO_LLM;
    }

    if (id == conf->llm.id) {
        return 0;
    }

    for (i = 0; i < conf->nfallbacks; i++) {

        if (id == conf->fallbacks[i].id) {
            return i + 1;
        }
    }

    return CONVRELAY_STATE_NO_LLM;
}


/* tools without a result, whose calls are no longer among the messages, or were
   told to be still running */

static int
convrelay_state_runs(convrelay_state_in_t *in)
{
    int                      n;
    char                     id[32];
    convrelay_llm_call_t     call;
    convrelay_json_value_t  *run;

    static const convrelay_str_t  none = convrelay_null_string;

    if (in->m.runs && in->m.runs->type != CONVRELAY_JSON_ARRAY) {
        in->error = "has wrong tools";
        return CONVRELAY_DECLINED;
    }

    for (run = convrelay_json_element(in->m.runs, NULL); run;
         run = convrelay_json_element(in->m.runs, run))
    {
        memset(&call, 0, sizeof(convrelay_llm_call_t));

        call.name = convrelay_state_string_of(in,
                               convrelay_json_member(run, "name"));
        call.arguments = convrelay_state_string_of(in,
                               convrelay_json_member(run, "arguments"));

        if (call.name.len == 0 || in->error) {
            in->error = "has wrong tools";
            return CONVRELAY_DECLINED;
        }

        n = snprintf(id, sizeof(id), "late_%llu",
                     (unsigned long long) ++in->nlate);

        call.id.data = (u_char *) id;
        call.id.len = n;
        call.valid = 1;

        if (convrelay_history_append_calls(&in->history, 0, &none, &call,
                                           &convrelay_tool_unsure, 1)
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }

        in->nopen++;
    }

    return CONVRELAY_OK;
}


static unsigned
convrelay_state_is_asked(const convrelay_state_in_t *in)
{
    const convrelay_llm_message_t  *m;

    for (m = in->history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_USER) {
            return 1;
        }
    }

    return 0;
}
