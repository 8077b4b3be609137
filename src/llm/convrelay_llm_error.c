
/*
 * Copyright (C) convrelay contributors
 *
 * Makes errors that vendors send instead of an answer safe for one log line.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_llm_parts.h"
#include "convrelay_redact.h"


/* {"message":{"detail":[{"msg":...}]}} */

#define CONVRELAY_LLM_ERROR_DEPTH  4


static convrelay_llm_error_t *convrelay_llm_fail_start(
    convrelay_llm_stream_t *s);
static unsigned convrelay_llm_is_too_long(const convrelay_llm_stream_t *s);
static unsigned convrelay_llm_is_prompt_filtered(
    const convrelay_llm_stream_t *s);
static unsigned convrelay_llm_looks_wrong(
    const convrelay_json_value_t *object);
static void convrelay_llm_error_fill(convrelay_llm_error_t *e,
    const convrelay_json_value_t *object);
static void convrelay_llm_error_message(convrelay_llm_error_t *e,
    convrelay_json_value_t *value, unsigned depth);
static void convrelay_llm_error_place(convrelay_llm_error_t *e,
    const convrelay_json_value_t *object);
static void convrelay_llm_error_string(const convrelay_json_value_t *object,
    const char *name, char *dst, size_t size);


void
convrelay_llm_fail(convrelay_llm_stream_t *s, const char *code,
    const char *message)
{
    convrelay_str_t  str;

    str.len = strlen(code);
    str.data = (u_char *) code;

    convrelay_llm_fail_code(s, &str, message);
}


void
convrelay_llm_fail_code(convrelay_llm_stream_t *s,
    const convrelay_str_t *code, const char *message)
{
    convrelay_llm_error_t  *e;

    e = convrelay_llm_fail_start(s);
    if (e == NULL) {
        return;
    }

    convrelay_redact(e->code, sizeof(e->code), code->data, code->len);
    convrelay_redact(e->message, sizeof(e->message), (u_char *) message,
                     strlen(message));

    e->own = 1;
}


void
convrelay_llm_fail_text(convrelay_llm_stream_t *s,
    const convrelay_str_t *text)
{
    convrelay_llm_error_t  *e;

    e = convrelay_llm_fail_start(s);
    if (e == NULL) {
        return;
    }

    convrelay_redact(e->message, sizeof(e->message), text->data,
                     text->len);
}


void
convrelay_llm_fail_json(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *root, const convrelay_str_t *raw)
{
    unsigned                       nested;
    convrelay_llm_error_t         *e;
    const convrelay_json_value_t  *object, *error;

    e = convrelay_llm_fail_start(s);
    if (e == NULL) {
        return;
    }

    object = convrelay_llm_unwrap(root);
    error = convrelay_json_member(object, "error");

    nested = (error && error->type == CONVRELAY_JSON_OBJECT);

    convrelay_llm_error_fill(e, nested ? error : object);

    if (e->message[0] != '\0') {
        return;
    }

    if (convrelay_llm_good(s)) {
        (void) snprintf(e->message, sizeof(e->message),
                        "is an error without a message");
        return;
    }

    (void) snprintf(e->message, sizeof(e->message),
                    "none in %lu bytes of JSON of an unknown form",
                    (unsigned long) raw->len);
}


void
convrelay_llm_hint(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw)
{
    convrelay_str_t         type;
    convrelay_llm_error_t   e;

    if (convrelay_json_text(convrelay_json_member(object, "type"), &type)
        == CONVRELAY_OK
        && convrelay_str_eq(&type, "error"))
    {
        convrelay_llm_fail_json(s, object, raw);
        return;
    }

    if (s->failed || s->hint || !convrelay_llm_looks_wrong(object)) {
        return;
    }

    memset(&e, 0, sizeof(convrelay_llm_error_t));

    convrelay_llm_error_fill(&e, object);

    if (e.message[0] == '\0') {
        return;
    }

    s->hint = 1;
    s->error = malloc(sizeof(convrelay_llm_error_t));

    if (s->error) {
        *s->error = e;
    }
}


static unsigned
convrelay_llm_looks_wrong(const convrelay_json_value_t *object)
{
    size_t           i;
    double           number;
    convrelay_str_t  text;

    static const char  *codes[] = { "code", "status", "status_code" };
    static const char  *messages[] = { "detail", "error_message" };

    for (i = 0; i < sizeof(codes) / sizeof(char *); i++) {

        if (convrelay_json_value_number(convrelay_json_member(object,
                                                              codes[i]),
                                        &number)
            == CONVRELAY_OK && number >= 400)
        {
            return 1;
        }
    }

    for (i = 0; i < sizeof(messages) / sizeof(char *); i++) {

        if (convrelay_json_text(convrelay_json_member(object, messages[i]),
                                &text)
            == CONVRELAY_OK)
        {
            return 1;
        }
    }

    return 0;
}


static void
convrelay_llm_error_fill(convrelay_llm_error_t *e,
    const convrelay_json_value_t *object)
{
    size_t  i;

    static const char  *types[] = { "type", "status", "error_type" };

    convrelay_llm_error_string(object, "code", e->code, sizeof(e->code));

    for (i = 0; e->type[0] == '\0' && i < sizeof(types) / sizeof(char *);
         i++)
    {
        convrelay_llm_error_string(object, types[i], e->type,
                                   sizeof(e->type));
    }

    convrelay_llm_error_message(e, (convrelay_json_value_t *) object,
                                CONVRELAY_LLM_ERROR_DEPTH);
}


/*
 * Reads a text, or an object or a list that contains one: validators send a
 * list of their complaints, and gateways send such a list as the message.
 */

static void
convrelay_llm_error_message(convrelay_llm_error_t *e,
    convrelay_json_value_t *value, unsigned depth)
{
    size_t                   i;
    convrelay_str_t          text;
    convrelay_json_value_t  *element;

    static const char  *names[] = { "message", "detail", "error_message",
                                    "msg", "errors", "error" };

    if (convrelay_json_text(value, &text) == CONVRELAY_OK) {
        convrelay_redact(e->message, sizeof(e->message), text.data, text.len);
        return;
    }

    if (depth == 0) {
        return;
    }

    element = convrelay_json_element(value, NULL);

    if (element) {
        convrelay_llm_error_message(e, element, depth - 1);
        convrelay_llm_error_place(e, element);
        return;
    }

    for (i = 0; e->message[0] == '\0'
                && i < sizeof(names) / sizeof(char *); i++)
    {
        convrelay_llm_error_message(e, convrelay_json_member(value, names[i]),
                                    depth - 1);
    }
}


/* "loc": the names and indexes that lead to the value of a complaint */

static void
convrelay_llm_error_place(convrelay_llm_error_t *e,
    const convrelay_json_value_t *object)
{
    char                    *p, *last;
    double                   number;
    unsigned                 named;
    const char              *before;
    convrelay_str_t          text;
    convrelay_json_value_t  *loc, *value;

    loc = convrelay_json_member(object, "loc");

    p = e->message + strlen(e->message);
    last = e->message + sizeof(e->message);

    if (p == e->message) {
        return;
    }

    before = ": ";

    for (value = convrelay_json_element(loc, NULL);
         value;
         value = convrelay_json_element(loc, value))
    {
        named = (convrelay_json_text(value, &text) == CONVRELAY_OK);

        if (!named
            && convrelay_json_value_number(value, &number) != CONVRELAY_OK)
        {
            continue;
        }

        if ((size_t) (last - p) < sizeof(": ")) {
            return;
        }

        p += snprintf(p, last - p, "%s", before);

        if (named) {
            convrelay_redact(p, last - p, text.data, text.len);

        } else {
            (void) snprintf(p, last - p, "%.0f", number);
        }

        p += strlen(p);
        before = ".";
    }
}


/*
 * The codes count inside a stream as well: a server that keeps the connection
 * alive while it waits has already sent its 200.  A message counts only if the
 * request was refused.
 */

static unsigned
convrelay_llm_is_too_long(const convrelay_llm_stream_t *s)
{
    size_t                        i;
    const convrelay_llm_error_t  *e;

    static const char  *codes[] = {
        "context_length_exceeded",        /* OpenAI and most others */
        "exceed_context_size_error"       /* llama.cpp */
    };

    static const char  *messages[] = {
        "maximum context length",         /* vLLM and others */
        "prompt is too long"              /* Anthropic */
    };

    e = s->error;

    if (e == NULL) {
        return 0;
    }

    for (i = 0; i < sizeof(codes) / sizeof(char *); i++) {

        if (strcmp(e->code, codes[i]) == 0 || strcmp(e->type, codes[i]) == 0)
        {
            return 1;
        }
    }

    for (i = 0; i < sizeof(messages) / sizeof(char *); i++) {

        if (s->status == 400 && strstr(e->message, messages[i])) {
            return 1;
        }
    }

    return 0;
}


/* Azure says so with status 400; where it is an error in a stream, the filter
   may have stopped an answer that had begun */

static unsigned
convrelay_llm_is_prompt_filtered(const convrelay_llm_stream_t *s)
{
    const convrelay_llm_error_t  *e;

    e = s->error;

    return e && !e->own && !s->spoken && strcmp(e->code, "content_filter") == 0;
}


convrelay_llm_outcome_e
convrelay_llm_failure(const convrelay_llm_stream_t *s)
{
    if (s->status == 413 /* Content Too Large */
        || convrelay_llm_is_too_long(s))
    {
        return CONVRELAY_LLM_TOO_LONG;
    }

    if (convrelay_llm_is_prompt_filtered(s)) {
        return CONVRELAY_LLM_PROMPT_FILTERED;
    }

    switch (s->status) {

    case 400: /* Bad Request */
    case 422: /* Unprocessable Content */
        return CONVRELAY_LLM_REJECTED;

    default:
        return CONVRELAY_LLM_FAILED;
    }
}


const convrelay_json_value_t *
convrelay_llm_unwrap(const convrelay_json_value_t *root)
{
    return (root->type == CONVRELAY_JSON_ARRAY)
           ? convrelay_json_element(root, NULL) : root;
}


unsigned
convrelay_llm_is_error(convrelay_json_value_t *error,
    convrelay_json_value_t *object)
{
    convrelay_str_t  text;

    if (error && error->type != CONVRELAY_JSON_NULL
        && error->type != CONVRELAY_JSON_FALSE
        && (convrelay_json_text(error, &text) != CONVRELAY_OK || text.len))
    {
        return 1;
    }

    /* most are "chat.completion.chunk", and are not looked at */

    return object && object->len == sizeof("error") - 1
           && convrelay_json_text(object, &text) == CONVRELAY_OK
           && convrelay_str_eq(&text, "error");
}


static convrelay_llm_error_t *
convrelay_llm_fail_start(convrelay_llm_stream_t *s)
{
    if (s->failed) {
        return NULL;
    }

    s->failed = 1;

    free(s->error);
    s->error = calloc(1, sizeof(convrelay_llm_error_t));

    return s->error;
}


static void
convrelay_llm_error_string(const convrelay_json_value_t *object,
    const char *name, char *dst, size_t size)
{
    double                   number;
    convrelay_str_t          text;
    convrelay_json_value_t  *value;

    value = convrelay_json_member(object, name);

    if (convrelay_json_text(value, &text) == CONVRELAY_OK) {
        convrelay_redact(dst, size, text.data, text.len);

    } else if (convrelay_json_value_number(value, &number) == CONVRELAY_OK) {
        (void) snprintf(dst, size, "%.0f", number);
    }
}


void
convrelay_llm_why(const convrelay_llm_stream_t *s, char *dst, size_t size)
{
    char  tokens[48];

    tokens[0] = '\0';

    if (s->completion_tokens >= 0) {
        (void) snprintf(tokens, sizeof(tokens), " after %lld tokens",
                        (long long) s->completion_tokens);
    }

    (void) snprintf(dst, size, "%s%s%s%s%s%s%s",
                    s->reason[0] ? ", finish_reason: \"" : "", s->reason,
                    s->reason[0] ? "\"" : "",
                    (s->finish == CONVRELAY_LLM_FINISH_LENGTH)
                    ? ", cut by its token limit" : "",
                    (s->finish == CONVRELAY_LLM_FINISH_LENGTH) ? tokens : "",
                    s->tools ? ", it called a tool" : "",
                    s->thought ? ", it had reasoning only" : "");
}
