
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_json.h"
#include "convrelay_llm_body.h"
#include "tap.h"


#define QUOTED  "{\"role\":\"user\",\"content\":\"a \\\"b\\\"\"}"
#define PLAIN   "{\"role\":\"assistant\",\"content\":\"a b\"}"


static convrelay_llm_message_t *message(convrelay_llm_role_e role,
    const char *text);
static void test_message(convrelay_llm_role_e role, const char *text,
    const char *want);
static void test_list(const char *text);
static void test_body(const convrelay_llm_body_t *b, const char *want,
    const char *name);
static void test_field(const char *name, const char *json,
    const char *want);


int
main(void)
{
    convrelay_llm_body_t      b;
    convrelay_llm_message_t  *first, *second;

    static const convrelay_pair_t  fields[] = {
        { convrelay_string("temperature"), convrelay_string("0.4") },
        { convrelay_string("x\"y"), convrelay_string("{\"a\":[1, 2]}") }
    };

    test_message(CONVRELAY_LLM_SYSTEM, "Be brief.",
                 "{\"role\":\"system\",\"content\":\"Be brief.\"}");
    test_message(CONVRELAY_LLM_USER, "a \"b\"\n\xff",
                 "{\"role\":\"user\",\"content\":"
                 "\"a \\\"b\\\"\\n\xef\xbf\xbd\"}");
    test_message(CONVRELAY_LLM_ASSISTANT, "",
                 "{\"role\":\"assistant\",\"content\":\"\"}");

    memset(&b, 0, sizeof(b));
    test_body(&b, "{\"stream\":true,\"messages\":[]}", "an empty one");

    first = message(CONVRELAY_LLM_USER, "a \"b\"");
    second = message(CONVRELAY_LLM_ASSISTANT, "a b");

    b.messages = first;
    b.messages_len = sizeof(QUOTED) - 1;
    test_body(&b, "{\"stream\":true,\"messages\":[" QUOTED "]}",
              "a message only");

    convrelay_str_set(&b.system, "{\"s\":1}");
    first->next = second;
    b.messages_len = sizeof(QUOTED "," PLAIN) - 1;
    test_body(&b, "{\"stream\":true,\"messages\":[{\"s\":1}," QUOTED ","
              PLAIN "]}", "system and messages");

    tap_ok(!first->plain && second->plain, "which needs an escape is known");

    test_list("caf\xc3\xa9 \xf0\x9f\x98\x80");
    test_list("\x01\x1f\\");
    test_list("half a character: \xf0\x9f\x98");
    test_list("\xc3");
    test_list("");

    free(first);
    free(second);

    b.messages = NULL;
    b.messages_len = 0;
    convrelay_str_set(&b.model, "gpt \"4\"");
    test_body(&b, "{\"model\":\"gpt \\\"4\\\"\",\"stream\":true,"
              "\"messages\":[{\"s\":1}]}", "model and system");

    b.fields = fields;
    b.nfields = 2;
    test_body(&b, "{\"model\":\"gpt \\\"4\\\"\",\"stream\":true,"
              "\"temperature\":0.4,\"x\\\"y\":{\"a\":[1, 2]},"
              "\"messages\":[{\"s\":1}]}", "fields");

    test_field("temperature", "0.4", NULL);
    test_field("stop", " [\"a\", \"\\n\\\"\"]\n", NULL);
    test_field("x", "null", NULL);
    test_field("", "1", "has no name");
    test_field("model", "\"x\"", "is a field that convrelay sends itself");
    test_field("messages", "[]", "is a field that convrelay sends itself");
    test_field("stream", "true", "is a field that convrelay sends itself");
    test_field("x", "", "is not valid JSON");
    test_field("x", "low", "is not valid JSON");
    test_field("x", "{\"a\":1", "is not valid JSON");
    test_field("x", "1,\"messages\":[]", "has bytes after its end");
    test_field("x", "\"\xff\"", "is not valid UTF-8");
    test_field("x", "\"a\nb\"", "has a control character in a string");
    test_field("x", "\"\\u12\"", "has a bad escape");

    return tap_done();
}


static convrelay_llm_message_t *
message(convrelay_llm_role_e role, const char *text)
{
    convrelay_llm_message_t  *m;

    m = calloc(1, sizeof(convrelay_llm_message_t) + strlen(text));
    m->role = role;
    memcpy(m->text, text, strlen(text));

    convrelay_llm_message_set(m, strlen(text));

    return m;
}


static void
test_message(convrelay_llm_role_e role, const char *text, const char *want)
{
    u_char           *p, *in;
    size_t            n, len;
    convrelay_str_t   str;

    len = strlen(want);
    in = tap_flush(text, strlen(text));

    str.data = in;
    str.len = strlen(text);

    n = convrelay_llm_message_size(role, &str);
    tap_ok(n == len, "message of %zu bytes", n);

    p = tap_flush(want, len);
    memset(p, 0, len);

    n = convrelay_llm_message_write(p, role, &str) - p;
    tap_is(p, n, want, len, "and written");

    tap_unflush(p, len);
    tap_unflush(in, str.len);
}


/* a message of a list is written as one alone */

static void
test_list(const char *text)
{
    u_char                    one[256], list[256];
    size_t                    n, len;
    convrelay_str_t           str;
    convrelay_llm_message_t  *m;

    str.data = (u_char *) text;
    str.len = strlen(text);

    n = convrelay_llm_message_write(one, CONVRELAY_LLM_USER, &str) - one;

    m = message(CONVRELAY_LLM_USER, text);
    len = convrelay_llm_messages_write(list, m) - list;

    tap_is(list, len, (char *) one, n, "listed, and its JSON is the same");
    tap_ok(convrelay_llm_message_json_len(m) == n, "as is its length");

    free(m);
}


static void
test_body(const convrelay_llm_body_t *b, const char *want, const char *name)
{
    u_char  *p;
    size_t   n, len;

    len = strlen(want);

    n = convrelay_llm_body_size(b);
    tap_ok(n == len, "%s: %zu bytes", name, n);

    p = tap_flush(want, len);
    memset(p, 0, len);

    n = convrelay_llm_body_write(p, b) - p;
    tap_is(p, n, want, len, name);

    tap_unflush(p, len);
}


static void
test_field(const char *name, const char *json, const char *want)
{
    int               rc;
    u_char           *p;
    const char       *error;
    convrelay_str_t   n, value;

    p = tap_flush(json, strlen(json));

    n.data = (u_char *) name;
    n.len = strlen(name);

    value.data = p;
    value.len = strlen(json);

    error = NULL;
    rc = convrelay_llm_check_field(&n, &value, &error);

    if (want) {
        tap_ok(rc == CONVRELAY_DECLINED && error && strcmp(error, want) == 0,
               "field \"%s\": %s %s", name, json, want);

    } else {
        tap_ok(rc == CONVRELAY_OK, "field \"%s\": %s", name, json);
    }

    tap_is(p, value.len, json, strlen(json), "the data is left");

    tap_unflush(p, value.len);
}
