
/*
 * Copyright (C) convrelay contributors
 *
 * The parts of a report that come from a session.
 */


#include <stdlib.h>

#include "convrelay_report_parts.h"
#include "convrelay_json_reader.h"


#define CONVRELAY_REPORT_PREFIX  "convrelay_"


static void convrelay_report_parameters(convrelay_report_out_t *out,
    const convrelay_session_t *s, const convrelay_relay_setup_t *setup,
    unsigned numbers);
static void convrelay_report_phone(convrelay_report_out_t *out,
    const convrelay_str_t *number);
static void convrelay_report_handoff(convrelay_report_out_t *out,
    const convrelay_str_t *handoff);

static void convrelay_report_message(convrelay_report_out_t *out,
    const convrelay_llm_message_t *m, const convrelay_transcript_t *t);
static void convrelay_report_last(convrelay_report_out_t *out,
    const convrelay_transcript_t *t);
static void convrelay_report_said(convrelay_report_out_t *out,
    const char *role, const convrelay_str_t *text);


void
convrelay_report_members(convrelay_report_out_t *out,
    const convrelay_session_t *s, unsigned numbers)
{
    convrelay_relay_setup_t  setup;

    convrelay_session_get_setup(s, &setup);

    if (numbers) {
        convrelay_report_member(out, "from", &setup.from);
        convrelay_report_member(out, "to", &setup.to);

    } else {

        if (setup.from.len) {
            convrelay_report_text(out, ",\"from\":");
            convrelay_report_phone(out, &setup.from);
        }

        if (setup.to.len) {
            convrelay_report_text(out, ",\"to\":");
            convrelay_report_phone(out, &setup.to);
        }
    }

    convrelay_report_member(out, "direction", &setup.direction);
    convrelay_report_member(out, "language", &s->lang);

    convrelay_report_parameters(out, s, &setup, numbers);

    if (s->texts) {
        convrelay_report_handoff(out, &s->texts->handoff);
    }
}


static void
convrelay_report_parameters(convrelay_report_out_t *out,
    const convrelay_session_t *s, const convrelay_relay_setup_t *setup,
    unsigned numbers)
{
    size_t                   i;
    const char              *separator;
    const convrelay_str_t   *value;

    convrelay_report_text(out, ",\"parameters\":{");
    separator = "";

    for (i = 0; i < s->nparameters; i++) {

        if (convrelay_str_starts_nocase(&s->parameters[i].name,
                                        CONVRELAY_REPORT_PREFIX))
        {
            continue;
        }

        value = &s->parameters[i].value;

        convrelay_report_text(out, separator);
        convrelay_report_string(out, &s->parameters[i].name);
        convrelay_report_text(out, ":");

        if (!numbers && value->len
            && (convrelay_str_equal(value, &setup->from)
                || convrelay_str_equal(value, &setup->to)))
        {
            convrelay_report_phone(out, value);

        } else {
            convrelay_report_string(out, value);
        }

        separator = ",";
    }

    convrelay_report_text(out, "}");
}


/* as in the error log: at most both ends are shown */

static void
convrelay_report_phone(convrelay_report_out_t *out,
    const convrelay_str_t *number)
{
    u_char           buf[8];
    convrelay_str_t  masked;

    masked.data = buf;
    masked.len = 0;

    if (number->len >= 8) {
        memcpy(buf, number->data, 3);
        masked.len = 3;
    }

    memcpy(buf + masked.len, "***", 3);
    masked.len += 3;

    if (number->len >= 8) {
        memcpy(buf + masked.len, number->data + number->len - 2, 2);
        masked.len += 2;
    }

    convrelay_report_string(out, &masked);
}


/*
 * An object is written as one.  The reader accepts more than RFC 8259 does:
 * what has control characters or invalid UTF-8 is written as a string.
 */

static void
convrelay_report_handoff(convrelay_report_out_t *out,
    const convrelay_str_t *handoff)
{
    int                      rc;
    u_char                  *copy;
    size_t                   i;
    convrelay_json_reader_t  r;

    for (i = 0; i < handoff->len; i++) {

        if (handoff->data[i] < 0x20) {
            break;
        }
    }

    if (i < handoff->len || i == 0 || handoff->data[0] != '{') {
        convrelay_report_member(out, "handoff", handoff);
        return;
    }

    copy = NULL;
    rc = convrelay_json_read(&r, handoff->data, handoff->len, &copy);

    if (rc == CONVRELAY_OK && copy == NULL) {
        convrelay_report_text(out, ",\"handoff\":");
        convrelay_report_put(out, handoff->data, handoff->len);

    } else {
        convrelay_report_member(out, "handoff", handoff);
    }

    convrelay_json_reader_free(&r);
    free(copy);
}


void
convrelay_report_messages(convrelay_report_out_t *out,
    const convrelay_history_t *history, const convrelay_transcript_t *t,
    size_t max)
{
    size_t                          start, from;
    convrelay_report_out_t          list;
    const convrelay_llm_message_t  *m;

    memset(&list, 0, sizeof(convrelay_report_out_t));

    for (m = history->first; m; m = m->next) {
        convrelay_report_message(&list, m, t);
    }

    convrelay_report_last(&list, t);

    from = 0;

    /* the list begins again at the first message of a later turn that leaves
       no more than max bytes */

    if (list.len > max) {
        from = list.len;

        convrelay_report_free(&list);

        for (m = history->first; m; m = m->next) {
            start = list.len;
            convrelay_report_message(&list, m, t);

            if (m->role == CONVRELAY_LLM_USER && from - start <= max) {
                from = start;
                break;
            }
        }

        if (m == NULL) {
            convrelay_report_free(&list);
            return;
        }

        while (m->next) {
            m = m->next;
            convrelay_report_message(&list, m, t);
        }

        convrelay_report_last(&list, t);
    }

    if (list.failed) {
        out->failed = 1;
    }

    convrelay_report_put(out, list.data ? list.data + from : NULL,
                         list.len - from);
    convrelay_report_free(&list);
}


void
convrelay_report_earlier(convrelay_report_out_t *out,
    const convrelay_str_t *messages, size_t max)
{
    size_t  from, len;

    static const char  turn[] = ",{\"role\":\"user\"";

    len = sizeof(turn) - 1;

    if (messages->len <= max) {
        convrelay_report_put(out, messages->data, messages->len);
        return;
    }

    /* a quote in a string has a backslash, so this is where a turn begins */

    for (from = messages->len - max; from + len <= messages->len; from++) {

        if (memcmp(messages->data + from, turn, len) == 0) {
            convrelay_report_put(out, messages->data + from,
                                 messages->len - from);
            return;
        }
    }
}


/* as an API for chat completions has it */

static void
convrelay_report_message(convrelay_report_out_t *out,
    const convrelay_llm_message_t *m, const convrelay_transcript_t *t)
{
    convrelay_str_t       text;
    convrelay_llm_call_t  call;

    text.data = (u_char *) m->text;
    text.len = m->len;

    switch (m->role) {

    case CONVRELAY_LLM_USER:
        convrelay_report_said(out, "user", &text);
        return;

    case CONVRELAY_LLM_ASSISTANT:
        text.len = convrelay_session_transcript_len(t, m);

        if (text.len) {
            convrelay_report_said(out, "assistant", &text);
        }

        return;

    case CONVRELAY_LLM_CALL:
        convrelay_llm_message_call(m, &call);

        convrelay_report_text(out, ",{\"role\":\"assistant\","
                              "\"tool_calls\":[{\"id\":");
        convrelay_report_string(out, &call.id);
        convrelay_report_text(out, ",\"type\":\"function\",\"function\":"
                              "{\"name\":");
        convrelay_report_string(out, &call.name);
        convrelay_report_text(out, ",\"arguments\":");
        convrelay_report_string(out, &call.arguments);
        convrelay_report_text(out, "}}]");
        break;

    case CONVRELAY_LLM_TOOL:
        convrelay_llm_message_call(m, &call);

        convrelay_report_text(out, ",{\"role\":\"tool\",\"tool_call_id\":");
        convrelay_report_string(out, &call.id);
        convrelay_report_text(out, ",\"content\":");
        convrelay_report_string(out, &call.arguments);
        break;

    default:
        return;
    }

    convrelay_report_text(out, "}");
}


/* what follows the last message, as a part of the newest turn */

static void
convrelay_report_last(convrelay_report_out_t *out,
    const convrelay_transcript_t *t)
{
    if (t->said.len) {
        convrelay_report_said(out, "assistant", &t->said);
    }

    if (t->prompt.len) {
        convrelay_report_said(out, "user", &t->prompt);
    }
}


static void
convrelay_report_said(convrelay_report_out_t *out, const char *role,
    const convrelay_str_t *text)
{
    convrelay_report_text(out, ",{\"role\":\"");
    convrelay_report_text(out, role);
    convrelay_report_text(out, "\",\"content\":");
    convrelay_report_string(out, text);
    convrelay_report_text(out, "}");
}
