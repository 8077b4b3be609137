
/*
 * Copyright (C) convrelay contributors
 *
 * Writes the request of chat completions.  The same walk measures and writes.
 *
 * The chat templates of many models refuse two messages of one role in a row,
 * and a conversation that the assistant begins.  So such messages are written
 * as one, joined by a line end, and CONVRELAY_LLM_BEGIN precedes a greeting.
 */


#include "convrelay_json_reader.h"
#include "convrelay_llm_api.h"
#include "convrelay_utf8.h"


typedef struct {
    u_char                 *p;        /* NULL: measured only */
    size_t                  len;
    const convrelay_str_t  *marker;   /* of a message that was cut */
    unsigned                llm;      /* that is asked */
    unsigned                comma:1;  /* before the next message */
} convrelay_llm_writer_t;


#define convrelay_llm_chat_put(w, literal)                                   \
    convrelay_llm_chat_bytes(w, (u_char *) literal, sizeof(literal) - 1)

#define convrelay_llm_chat_str(w, str)                                       \
    convrelay_llm_chat_bytes(w, (str)->data, (str)->len)


static void convrelay_llm_chat_request(convrelay_llm_writer_t *w,
    const convrelay_llm_request_t *r);
static void convrelay_llm_chat_fields(convrelay_llm_writer_t *w,
    const convrelay_llm_request_t *r);
static void convrelay_llm_chat_messages(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m);
static const convrelay_llm_message_t *convrelay_llm_chat_text(
    convrelay_llm_writer_t *w, const convrelay_llm_message_t *m);
static const convrelay_llm_message_t *convrelay_llm_chat_run(
    convrelay_llm_writer_t *w, const convrelay_llm_message_t *m,
    convrelay_llm_role_e role);
static const convrelay_llm_message_t *convrelay_llm_chat_assistant(
    convrelay_llm_writer_t *w, const convrelay_llm_message_t *m);
static void convrelay_llm_chat_call(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_llm_chat_extra(convrelay_llm_writer_t *w,
    const convrelay_llm_call_t *from);
static void convrelay_llm_chat_result(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_llm_chat_message(convrelay_llm_writer_t *w);
static void convrelay_llm_chat_said(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m);
static void convrelay_llm_chat_escaped(convrelay_llm_writer_t *w,
    const convrelay_str_t *text);
static void convrelay_llm_chat_bytes(convrelay_llm_writer_t *w,
    const u_char *data, size_t len);


size_t
convrelay_llm_chat_size(const convrelay_llm_request_t *r)
{
    convrelay_llm_writer_t  w;

    memset(&w, 0, sizeof(convrelay_llm_writer_t));

    convrelay_llm_chat_request(&w, r);

    return w.len;
}


u_char *
convrelay_llm_chat_write(u_char *p, const convrelay_llm_request_t *r)
{
    convrelay_llm_writer_t  w;

    memset(&w, 0, sizeof(convrelay_llm_writer_t));

    w.p = p;

    convrelay_llm_chat_request(&w, r);

    return p + w.len;
}


static void
convrelay_llm_chat_request(convrelay_llm_writer_t *w,
    const convrelay_llm_request_t *r)
{
    w->llm = r->llm;
    w->marker = &r->marker;

    convrelay_llm_chat_put(w, "{");

    if (r->model.len) {
        convrelay_llm_chat_put(w, "\"model\":\"");
        convrelay_llm_chat_escaped(w, &r->model);
        convrelay_llm_chat_put(w, "\",");
    }

    convrelay_llm_chat_put(w, "\"stream\":true,");

    convrelay_llm_chat_fields(w, r);

    if (r->tools.len) {
        convrelay_llm_chat_put(w, "\"tools\":");
        convrelay_llm_chat_str(w, &r->tools);
        convrelay_llm_chat_put(w, ",");
    }

    if (r->tool_choice.len) {
        convrelay_llm_chat_put(w, "\"tool_choice\":");
        convrelay_llm_chat_str(w, &r->tool_choice);
        convrelay_llm_chat_put(w, ",");
    }

    convrelay_llm_chat_put(w, "\"messages\":[");

    if (r->system.len) {
        convrelay_llm_chat_message(w);
        convrelay_llm_chat_put(w, "{\"role\":\"system\",\"content\":\"");
        convrelay_llm_chat_escaped(w, &r->system);
        convrelay_llm_chat_put(w, "\"}");
    }

    convrelay_llm_chat_messages(w, r->messages);

    convrelay_llm_chat_put(w, "]}");
}


static void
convrelay_llm_chat_fields(convrelay_llm_writer_t *w,
    const convrelay_llm_request_t *r)
{
    size_t                   i;
    const convrelay_pair_t  *field;

    for (i = 0; i < r->nfields; i++) {
        field = &r->fields[i];

        if (r->tool_choice.len
            && convrelay_str_eq(&field->name, "tool_choice"))
        {
            continue;
        }

        convrelay_llm_chat_put(w, "\"");
        convrelay_llm_chat_escaped(w, &field->name);
        convrelay_llm_chat_put(w, "\":");
        convrelay_llm_chat_str(w, &field->value);
        convrelay_llm_chat_put(w, ",");
    }
}


static void
convrelay_llm_chat_messages(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    if (m && m->role != CONVRELAY_LLM_USER
        && m->role != CONVRELAY_LLM_SYSTEM)
    {
        convrelay_llm_chat_message(w);
        convrelay_llm_chat_put(w, "{\"role\":\"user\",\"content\":\""
                                  CONVRELAY_LLM_BEGIN "\"}");
    }

    while (m) {

        switch (m->role) {

        case CONVRELAY_LLM_TOOL:
            convrelay_llm_chat_result(w, m);
            m = m->next;
            break;

        case CONVRELAY_LLM_ASSISTANT:
        case CONVRELAY_LLM_EXTRA:
        case CONVRELAY_LLM_CALL:
            m = convrelay_llm_chat_assistant(w, m);
            break;

        default: /* CONVRELAY_LLM_SYSTEM, CONVRELAY_LLM_USER */
            m = convrelay_llm_chat_text(w, m);
            break;
        }
    }
}


static const convrelay_llm_message_t *
convrelay_llm_chat_text(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_chat_message(w);

    if (m->role == CONVRELAY_LLM_SYSTEM) {
        convrelay_llm_chat_put(w, "{\"role\":\"system\",\"content\":\"");

    } else {
        convrelay_llm_chat_put(w, "{\"role\":\"user\",\"content\":\"");
    }

    m = convrelay_llm_chat_run(w, m, m->role);
    convrelay_llm_chat_put(w, "\"}");

    return m;
}


/* writes consecutive texts of one role; the assistant's may have extras between
   them */

static const convrelay_llm_message_t *
convrelay_llm_chat_run(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m, convrelay_llm_role_e role)
{
    convrelay_llm_chat_said(w, m);

    for (m = m->next; m; m = m->next) {

        if (m->role == role) {
            convrelay_llm_chat_put(w, "\\n");
            convrelay_llm_chat_said(w, m);

        } else if (role != CONVRELAY_LLM_ASSISTANT
                   || m->role != CONVRELAY_LLM_EXTRA)
        {
            break;
        }
    }

    return m;
}


/*
 * Makes one message of the text, the extra and the calls of an answer.  The
 * extra is left out if the message has more, or less, than the answer had.
 */

static const convrelay_llm_message_t *
convrelay_llm_chat_assistant(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    size_t                          ntexts;
    unsigned                        calls;
    convrelay_llm_call_t            extra;
    const convrelay_llm_message_t  *text;

    text = NULL;
    ntexts = 0;
    memset(&extra, 0, sizeof(convrelay_llm_call_t));

    for ( /* void */ ;
         m && (m->role == CONVRELAY_LLM_ASSISTANT
               || m->role == CONVRELAY_LLM_EXTRA);
         m = m->next)
    {
        if (m->role == CONVRELAY_LLM_EXTRA) {
            convrelay_llm_message_call(m, &extra);
            continue;
        }

        text = text ? text : m;
        ntexts++;
    }

    calls = (m && m->role == CONVRELAY_LLM_CALL);

    if (text == NULL && !calls) {
        return m;
    }

    convrelay_llm_chat_message(w);
    convrelay_llm_chat_put(w, "{\"role\":\"assistant\",\"content\":");

    if (text) {
        convrelay_llm_chat_put(w, "\"");
        (void) convrelay_llm_chat_run(w, text, CONVRELAY_LLM_ASSISTANT);
        convrelay_llm_chat_put(w, "\"");

    } else {
        convrelay_llm_chat_put(w, "null");
    }

    if (calls ? extra.valid : (ntexts == 1)) {
        convrelay_llm_chat_extra(w, &extra);
    }

    if (calls) {
        convrelay_llm_chat_put(w, ",\"tool_calls\":[");

        for ( ;; ) {
            convrelay_llm_chat_call(w, m);
            m = m->next;

            if (m == NULL || m->role != CONVRELAY_LLM_CALL) {
                break;
            }

            convrelay_llm_chat_put(w, ",");
        }

        convrelay_llm_chat_put(w, "]");
    }

    convrelay_llm_chat_put(w, "}");

    return m;
}


static void
convrelay_llm_chat_call(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_call_t  call;

    convrelay_llm_message_call(m, &call);

    convrelay_llm_chat_put(w, "{\"id\":\"");
    convrelay_llm_chat_escaped(w, &call.id);
    convrelay_llm_chat_put(w, "\",\"type\":\"function\",\"function\":"
                              "{\"name\":\"");
    convrelay_llm_chat_escaped(w, &call.name);
    convrelay_llm_chat_put(w, "\",\"arguments\":\"");

    if (call.valid) {
        convrelay_llm_chat_escaped(w, &call.arguments);

    } else {
        convrelay_llm_chat_put(w, "{}");
    }

    convrelay_llm_chat_put(w, "\"}");

    convrelay_llm_chat_extra(w, &call);
    convrelay_llm_chat_put(w, "}");
}


/* what the LLM that is asked sent with an answer or a call of its own */

static void
convrelay_llm_chat_extra(convrelay_llm_writer_t *w,
    const convrelay_llm_call_t *from)
{
    if (from->extra.len && from->llm == w->llm) {
        convrelay_llm_chat_put(w, ",\"extra_content\":");
        convrelay_llm_chat_str(w, &from->extra);
    }
}


static void
convrelay_llm_chat_result(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    convrelay_llm_call_t  call;

    convrelay_llm_message_call(m, &call);

    convrelay_llm_chat_message(w);
    convrelay_llm_chat_put(w, "{\"role\":\"tool\",\"tool_call_id\":\"");
    convrelay_llm_chat_escaped(w, &call.id);
    convrelay_llm_chat_put(w, "\",\"content\":\"");
    convrelay_llm_chat_escaped(w, &call.arguments);
    convrelay_llm_chat_put(w, "\"}");
}


/* a message begins */

static void
convrelay_llm_chat_message(convrelay_llm_writer_t *w)
{
    if (w->comma) {
        convrelay_llm_chat_put(w, ",");
    }

    w->comma = 1;
}


static void
convrelay_llm_chat_said(convrelay_llm_writer_t *w,
    const convrelay_llm_message_t *m)
{
    convrelay_str_t  text;

    text.len = m->len;
    text.data = (u_char *) m->text;

    if (m->plain) {
        convrelay_llm_chat_str(w, &text);

    } else {
        convrelay_llm_chat_escaped(w, &text);
    }

    if (m->cut && w->marker->len) {
        convrelay_llm_chat_escaped(w, w->marker);
    }
}


static void
convrelay_llm_chat_escaped(convrelay_llm_writer_t *w,
    const convrelay_str_t *text)
{
    u_char  *last;

    if (w->p == NULL) {
        w->len += convrelay_json_escaped_len(text->data, text->len);
        return;
    }

    last = convrelay_json_escape(w->p, text->data, text->len);

    w->len += last - w->p;
    w->p = last;
}


static void
convrelay_llm_chat_bytes(convrelay_llm_writer_t *w, const u_char *data,
    size_t len)
{
    if (len && w->p) {
        memcpy(w->p, data, len);
        w->p += len;
    }

    w->len += len;
}


int
convrelay_llm_check_field(const convrelay_str_t *name,
    const convrelay_str_t *json, const char **error)
{
    if (name->len == 0) {
        *error = "has no name";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_str_eq(name, "model") || convrelay_str_eq(name, "stream")
        || convrelay_str_eq(name, "messages"))
    {
        *error = "is a field that convrelay sends itself";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_utf8_valid(json->data, json->len) != json->len) {
        *error = "is not valid UTF-8";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_llm_raw_control(json)) {
        *error = "has a control character in a string";
        return CONVRELAY_DECLINED;
    }

    return (convrelay_json_check(json->data, json->len, error)
            == CONVRELAY_OK) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


unsigned
convrelay_llm_raw_control(const convrelay_str_t *json)
{
    u_char    c;
    size_t    i;
    unsigned  string;

    string = 0;

    for (i = 0; i < json->len; i++) {
        c = json->data[i];

        if (c == '"') {
            string = !string;
            continue;
        }

        if (!string) {
            continue;
        }

        if (c < 0x20) {
            return 1;
        }

        if (c == '\\') {
            i++;
        }
    }

    return 0;
}
