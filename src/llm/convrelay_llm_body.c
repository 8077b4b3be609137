
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_json_reader.h"
#include "convrelay_llm_body.h"
#include "convrelay_utf8.h"


static unsigned convrelay_llm_raw_control(const convrelay_str_t *json);


static const convrelay_str_t  convrelay_llm_roles[] = {
    convrelay_string("{\"role\":\"system\",\"content\":\""),
    convrelay_string("{\"role\":\"user\",\"content\":\""),
    convrelay_string("{\"role\":\"assistant\",\"content\":\"")
};

static const convrelay_str_t  convrelay_llm_message_end =
    convrelay_string("\"}");

static const convrelay_str_t  convrelay_llm_model =
    convrelay_string("\"model\":\"");

static const convrelay_str_t  convrelay_llm_model_end =
    convrelay_string("\",");

static const convrelay_str_t  convrelay_llm_stream =
    convrelay_string("\"stream\":true,");

static const convrelay_str_t  convrelay_llm_messages =
    convrelay_string("\"messages\":[");

static const convrelay_str_t  convrelay_llm_body_end =
    convrelay_string("]}");


size_t
convrelay_llm_message_size(convrelay_llm_role_e role,
    const convrelay_str_t *text)
{
    return convrelay_llm_roles[role].len
           + convrelay_json_escaped_len(text->data, text->len)
           + convrelay_llm_message_end.len;
}


u_char *
convrelay_llm_message_write(u_char *p, convrelay_llm_role_e role,
    const convrelay_str_t *text)
{
    p = convrelay_str_copy(p, &convrelay_llm_roles[role]);
    p = convrelay_json_escape(p, text->data, text->len);

    return convrelay_str_copy(p, &convrelay_llm_message_end);
}


void
convrelay_llm_message_set(convrelay_llm_message_t *m, size_t len)
{
    m->len = len;

    /* an escape is longer than what it stands for; what is not UTF-8 is mended,
       and may be as long then as before */

    m->plain = (convrelay_json_escaped_len(m->text, len) == len
                && convrelay_utf8_valid(m->text, len) == len);
}


size_t
convrelay_llm_message_json_len(const convrelay_llm_message_t *m)
{
    convrelay_str_t  text;

    if (m->plain) {
        return convrelay_llm_roles[m->role].len + m->len
               + convrelay_llm_message_end.len;
    }

    text.len = m->len;
    text.data = (u_char *) m->text;

    return convrelay_llm_message_size(m->role, &text);
}


u_char *
convrelay_llm_messages_write(u_char *p, const convrelay_llm_message_t *m)
{
    convrelay_str_t  text;

    for ( /* void */ ; m; m = m->next) {
        text.len = m->len;
        text.data = (u_char *) m->text;

        if (m->plain) {
            p = convrelay_str_copy(p, &convrelay_llm_roles[m->role]);
            p = convrelay_str_copy(p, &text);
            p = convrelay_str_copy(p, &convrelay_llm_message_end);

        } else {
            p = convrelay_llm_message_write(p, m->role, &text);
        }

        if (m->next) {
            *p++ = ',';
        }
    }

    return p;
}


size_t
convrelay_llm_body_size(const convrelay_llm_body_t *b)
{
    size_t                   size, i;
    const convrelay_pair_t  *field;

    size = sizeof("{") - 1 + convrelay_llm_stream.len
           + convrelay_llm_messages.len + b->system.len + b->messages_len
           + convrelay_llm_body_end.len;

    if (b->model.len) {
        size += convrelay_llm_model.len
                + convrelay_json_escaped_len(b->model.data, b->model.len)
                + convrelay_llm_model_end.len;
    }

    for (i = 0; i < b->nfields; i++) {
        field = &b->fields[i];

        size += sizeof("\"\":,") - 1 + field->value.len
                + convrelay_json_escaped_len(field->name.data,
                                             field->name.len);
    }

    if (b->system.len && b->messages) {
        size += sizeof(",") - 1;
    }

    return size;
}


u_char *
convrelay_llm_body_write(u_char *p, const convrelay_llm_body_t *b)
{
    size_t                   i;
    const convrelay_pair_t  *field;

    *p++ = '{';

    if (b->model.len) {
        p = convrelay_str_copy(p, &convrelay_llm_model);
        p = convrelay_json_escape(p, b->model.data, b->model.len);
        p = convrelay_str_copy(p, &convrelay_llm_model_end);
    }

    p = convrelay_str_copy(p, &convrelay_llm_stream);

    for (i = 0; i < b->nfields; i++) {
        field = &b->fields[i];

        *p++ = '"';
        p = convrelay_json_escape(p, field->name.data, field->name.len);
        *p++ = '"';
        *p++ = ':';
        p = convrelay_str_copy(p, &field->value);
        *p++ = ',';
    }

    p = convrelay_str_copy(p, &convrelay_llm_messages);
    p = convrelay_str_copy(p, &b->system);

    if (b->system.len && b->messages) {
        *p++ = ',';
    }

    p = convrelay_llm_messages_write(p, b->messages);

    return convrelay_str_copy(p, &convrelay_llm_body_end);
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


/* the reader accepts them in strings, servers do not (RFC 8259, section 7) */

static unsigned
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
