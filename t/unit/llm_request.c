
/*
 * Copyright (C) convrelay contributors
 *
 * The request of chat completions.  What is written is as long as was
 * measured, and lies flush against an unreadable page.
 */


#include "convrelay_history.h"
#include "convrelay_llm_api.h"
#include "tap.h"


#define U  CONVRELAY_LLM_USER
#define A  CONVRELAY_LLM_ASSISTANT

#define HEAD        "{\"stream\":true,\"messages\":["
#define SYSTEM(t)   "{\"role\":\"system\",\"content\":\"" t "\"}"
#define USER(t)     "{\"role\":\"user\",\"content\":\"" t "\"}"
#define SAID(t)     "{\"role\":\"assistant\",\"content\":\"" t "\"}"
#define CALLS(t, c) "{\"role\":\"assistant\",\"content\":" t                 \
                    ",\"tool_calls\":[" c "]}"
#define CALL(i, n, a)                                                        \
    "{\"id\":\"" i "\",\"type\":\"function\",\"function\":{\"name\":\"" n    \
    "\",\"arguments\":\"" a "\"}}"
#define SIGNED(t)                                                            \
    "{\"role\":\"assistant\",\"content\":\"" t "\",\"extra_content\":"      \
    "{\"google\": {\"s\":\"A\"}}}"
#define SIGNED_CALL                                                          \
    "{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\"," \
    "\"arguments\":\"{}\"},\"extra_content\":{\"google\":{\"s\":\"B\"}}}"
#define TOOL(i, t)                                                           \
    "{\"role\":\"tool\",\"tool_call_id\":\"" i "\",\"content\":\"" t "\"}"

#define str(s)      (convrelay_str_t) convrelay_string(s)


static void add(convrelay_history_t *h, convrelay_llm_role_e role,
    const char *text);
static void test_messages(void);
static void test_texts(void);
static void test_roles(void);
static void test_calls(void);
static void test_extra(void);
static void test_extra_llm(void);
static void test_marker(void);
static void test_tools(void);
static void test_fields(void);
static void test_text(const char *text, const char *want);
static void test_request(const convrelay_llm_request_t *r, const char *want,
    const char *name);
static void test_history(convrelay_history_t *h, const char *want,
    const char *name);
static void test_field(const char *name, const char *json,
    const char *want);


int
main(void)
{
    test_messages();
    test_texts();
    test_roles();
    test_calls();
    test_extra();
    test_extra_llm();
    test_marker();
    test_tools();
    test_fields();

    return tap_done();
}


static void
test_messages(void)
{
    convrelay_history_t      h;
    convrelay_llm_request_t  r;

    static const convrelay_pair_t  fields[] = {
        { convrelay_string("temperature"), convrelay_string("0.4") },
        { convrelay_string("x\"y"), convrelay_string("{\"a\":[1, 2]}") }
    };

    memset(&r, 0, sizeof(r));
    memset(&h, 0, sizeof(h));

    test_request(&r, HEAD "]}", "an empty one");

    add(&h, U, "a \"b\"");
    r.messages = h.first;
    test_request(&r, HEAD USER("a \\\"b\\\"") "]}", "a message only");

    add(&h, A, "a b");
    tap_ok(!h.first->plain && h.last->plain, "which needs an escape is known");

    r.system = str("Be \"brief\".\n\xff");
    test_request(&r, HEAD SYSTEM("Be \\\"brief\\\".\\n\xef\xbf\xbd") ","
                 USER("a \\\"b\\\"") "," SAID("a b") "]}",
                 "system and messages");

    r.messages = NULL;
    r.model = str("gpt \"4\"");
    r.fields = fields;
    r.nfields = 2;
    test_request(&r, "{\"model\":\"gpt \\\"4\\\"\",\"stream\":true,"
                 "\"temperature\":0.4,\"x\\\"y\":{\"a\":[1, 2]},"
                 "\"messages\":[" SYSTEM("Be \\\"brief\\\".\\n\xef\xbf\xbd")
                 "]}", "model, fields and system");

    convrelay_history_free(&h);
}


static void
test_texts(void)
{
    test_text("caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80");
    test_text("\x01\x1f\\", "\\u0001\\u001f\\\\");
    test_text("half a character: \xf0\x9f\x98",
              "half a character: \xef\xbf\xbd");
    test_text("\xc3", "\xef\xbf\xbd");
    test_text("", "");
}


static void
test_text(const char *text, const char *want)
{
    char                 json[256];
    convrelay_history_t  h;

    memset(&h, 0, sizeof(h));

    add(&h, U, text);
    sprintf(json, USER("%s"), want);
    test_history(&h, json, "a text");

    convrelay_history_free(&h);
}


/* two of one role never stand in a row, and a user begins */

static void
test_roles(void)
{
    convrelay_history_t      h;
    convrelay_llm_request_t  r;

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));

    add(&h, U, "I need to reset");
    add(&h, U, "my \"front door\" sensor");
    add(&h, U, "please");
    add(&h, A, "Fine.");
    add(&h, A, "Anything else?");
    add(&h, U, "No.");

    test_history(&h, USER("I need to reset\\nmy \\\"front door\\\" sensor"
                          "\\nplease") ","
                 SAID("Fine.\\nAnything else?") "," USER("No."),
                 "what stands in a row is one message");

    convrelay_history_free(&h);

    add(&h, A, "Hi, I am Ann.");
    add(&h, U, "Hi");

    test_history(&h, USER("(The call begins.)") "," SAID("Hi, I am Ann.") ","
                 USER("Hi"), "before a greeting the call begins");

    r.system = str("Be brief.");
    r.messages = h.first;

    test_request(&r, HEAD SYSTEM("Be brief.") "," USER("(The call begins.)")
                 "," SAID("Hi, I am Ann.") "," USER("Hi") "]}",
                 "after the system prompt");

    convrelay_history_free(&h);
}


static void
test_calls(void)
{
    convrelay_history_t   h;
    convrelay_llm_call_t  calls[2];
    convrelay_str_t       results[2], none;

    memset(&h, 0, sizeof(h));
    memset(calls, 0, sizeof(calls));
    memset(&none, 0, sizeof(none));

    calls[0].id = str("call \"1\"");
    calls[0].name = str("slots");
    calls[0].arguments = str("{\"day\":\"Mon\"}");
    calls[0].valid = 1;
    calls[1].id = str("call_2");
    calls[1].name = str("price");
    calls[1].arguments = str("{\"oops");

    results[0] = str("{\"free\":[]}");
    results[1] = str("{\"ok\":false}");

    add(&h, U, "Monday?");
    add(&h, A, "Let me look.");

    (void) convrelay_history_append_calls(&h, 0, &none, calls, results, 2);

    add(&h, A, "Full.");
    add(&h, U, "Oh.");

    test_history(&h, USER("Monday?") ","
                 CALLS("\"Let me look.\"",
                       CALL("call \\\"1\\\"", "slots",
                            "{\\\"day\\\":\\\"Mon\\\"}") ","
                       CALL("call_2", "price", "{}"))
                 "," TOOL("call \\\"1\\\"", "{\\\"free\\\":[]}")
                 "," TOOL("call_2", "{\\\"ok\\\":false}")
                 "," SAID("Full.") "," USER("Oh."),
                 "the calls of an answer, what it said, and the results");

    convrelay_history_free(&h);

    add(&h, U, "Monday?");
    (void) convrelay_history_append_calls(&h, 0, &none, calls, results, 1);
    (void) convrelay_history_append_calls(&h, 0, &none, calls + 1,
                                          results + 1, 1);

    test_history(&h, USER("Monday?") ","
                 CALLS("null", CALL("call \\\"1\\\"", "slots",
                                    "{\\\"day\\\":\\\"Mon\\\"}")) ","
                 TOOL("call \\\"1\\\"", "{\\\"free\\\":[]}") ","
                 CALLS("null", CALL("call_2", "price", "{}")) ","
                 TOOL("call_2", "{\\\"ok\\\":false}"),
                 "two rounds in which nothing was said");

    convrelay_history_free(&h);
}


static void
test_extra(void)
{
    convrelay_history_t   h;
    convrelay_llm_call_t  call;
    convrelay_str_t       extra, none, result;

    memset(&h, 0, sizeof(h));
    memset(&none, 0, sizeof(none));
    memset(&call, 0, sizeof(call));

    extra = str("{\"google\": {\"s\":\"A\"}}");
    result = str("1");

    call.id = str("c");
    call.name = str("f");
    call.arguments = str("{}");
    call.extra = str("{\"google\":{\"s\":\"B\"}}");
    call.valid = 1;

    (void) convrelay_history_append_calls(&h, 0, &extra, &call, &result, 1);

    test_history(&h, USER("(The call begins.)")
                 ",{\"role\":\"assistant\",\"content\":null,"
                 "\"extra_content\":{\"google\": {\"s\":\"A\"}},"
                 "\"tool_calls\":[" SIGNED_CALL "]},"
                 TOOL("c", "1"),
                 "what a server wants back goes back as it was");

    convrelay_history_free(&h);

    add(&h, U, "Hi");
    add(&h, A, "Ho");
    (void) convrelay_history_append_extra(&h, h.last, 0, &extra);

    test_history(&h, USER("Hi") "," SIGNED("Ho"),
                 "also of an answer without calls");

    add(&h, A, "Hu");

    test_history(&h, USER("Hi") "," SAID("Ho\\nHu"),
                 "but not with a text that it did not have");

    convrelay_history_free(&h);

    add(&h, U, "Hi");
    add(&h, A, "Ha");
    add(&h, A, "Ho");
    (void) convrelay_history_append_extra(&h, h.last, 0, &extra);

    test_history(&h, USER("Hi") "," SAID("Ha\\nHo"), "also before its own");

    (void) convrelay_history_append_calls(&h, 0, &none, &call, &result, 1);

    test_history(&h, USER("Hi") ","
                 CALLS("\"Ha\\nHo\"", SIGNED_CALL) "," TOOL("c", "1"),
                 "and not with calls of another answer");

    convrelay_history_free(&h);
}


/* a signature of one vendor is nothing to another one, which may reject it */

static void
test_extra_llm(void)
{
    convrelay_str_t           extra, result;
    convrelay_history_t       h;
    convrelay_llm_call_t      call;
    convrelay_llm_request_t   r;

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));
    memset(&call, 0, sizeof(call));

    extra = str("{\"google\": {\"s\":\"A\"}}");
    result = str("1");

    call.id = str("c");
    call.name = str("f");
    call.arguments = str("{}");
    call.extra = str("{\"google\":{\"s\":\"B\"}}");
    call.valid = 1;

    add(&h, U, "Hi");
    add(&h, A, "Ho");
    (void) convrelay_history_append_extra(&h, h.last, 0, &extra);
    add(&h, U, "Hm");
    add(&h, A, "Hu");
    (void) convrelay_history_append_extra(&h, h.last, 8, &extra);
    add(&h, U, "Do");
    (void) convrelay_history_append_calls(&h, 8, &extra, &call, &result, 1);

    r.messages = h.first;

    test_request(&r, HEAD USER("Hi") "," SIGNED("Ho") "," USER("Hm") ","
                 SAID("Hu") "," USER("Do") ","
                 CALLS("null", CALL("c", "f", "{}")) "," TOOL("c", "1") "]}",
                 "what the first LLM sent goes back to it alone");

    r.llm = 8;

    test_request(&r, HEAD USER("Hi") "," SAID("Ho") "," USER("Hm") ","
                 SIGNED("Hu") "," USER("Do") ","
                 "{\"role\":\"assistant\",\"content\":null,"
                 "\"extra_content\":{\"google\": {\"s\":\"A\"}},"
                 "\"tool_calls\":[" SIGNED_CALL "]},"
                 TOOL("c", "1") "]}", "and that of the last one to that one");

    convrelay_history_free(&h);
}


/* an answer that the caller cut */

static void
test_marker(void)
{
    convrelay_str_t           none, result;
    convrelay_history_t       h;
    convrelay_llm_call_t      call;
    convrelay_llm_request_t   r;

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));
    memset(&none, 0, sizeof(none));
    memset(&call, 0, sizeof(call));

    call.id = str("c");
    call.name = str("f");
    call.arguments = str("{}");
    call.valid = 1;
    result = str("1");

    add(&h, U, "Hi");
    add(&h, A, "We are op");
    h.last->cut = 1;
    add(&h, A, "Go \"on\"");
    h.last->cut = 1;
    add(&h, A, "Well?");
    add(&h, U, "Bye");
    add(&h, A, "Let me");
    h.last->cut = 1;

    (void) convrelay_history_append_calls(&h, 0, &none, &call, &result, 1);

    r.messages = h.first;

    test_request(&r, HEAD USER("Hi") ","
                 SAID("We are op\\nGo \\\"on\\\"\\nWell?") "," USER("Bye") ","
                 CALLS("\"Let me\"", CALL("c", "f", "{}")) ","
                 TOOL("c", "1") "]}", "without a marker");

    r.marker = str(" [\"cut\"]");

    test_request(&r, HEAD USER("Hi") ","
                 SAID("We are op [\\\"cut\\\"]\\nGo \\\"on\\\" [\\\"cut\\\"]"
                      "\\nWell?") "," USER("Bye") ","
                 CALLS("\"Let me [\\\"cut\\\"]\"", CALL("c", "f", "{}"))
                 "," TOOL("c", "1") "]}",
                 "a message that was cut ends with it");

    convrelay_history_free(&h);
}


static void
test_tools(void)
{
    convrelay_llm_request_t  r;

    static const convrelay_pair_t  fields[] = {
        { convrelay_string("tool_choice"), convrelay_string("\"required\"") },
        { convrelay_string("n"), convrelay_string("1") }
    };

    memset(&r, 0, sizeof(r));

    r.fields = fields;
    r.nfields = 2;
    r.tools = str("[{\"type\":\"function\"}]");

    test_request(&r, "{\"stream\":true,\"tool_choice\":\"required\",\"n\":1,"
                 "\"tools\":[{\"type\":\"function\"}],\"messages\":[]}",
                 "tools as they were written at start");

    r.tool_choice = str("\"none\"");

    test_request(&r, "{\"stream\":true,\"n\":1,"
                 "\"tools\":[{\"type\":\"function\"}],"
                 "\"tool_choice\":\"none\",\"messages\":[]}",
                 "a tool_choice replaces the field");
}


static void
test_fields(void)
{
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
}


static void
add(convrelay_history_t *h, convrelay_llm_role_e role, const char *text)
{
    convrelay_llm_message_t  *m;

    m = convrelay_history_message(role, strlen(text));
    memcpy(m->text, text, strlen(text));

    convrelay_history_append(h, m, strlen(text));
}


static void
test_history(convrelay_history_t *h, const char *want, const char *name)
{
    char                     json[2048];
    convrelay_llm_request_t  r;

    memset(&r, 0, sizeof(r));
    r.messages = h->first;

    sprintf(json, HEAD "%s]}", want);
    test_request(&r, json, name);
}


static void
test_request(const convrelay_llm_request_t *r, const char *want,
    const char *name)
{
    u_char  *p;
    size_t   n, len;

    len = strlen(want);

    n = convrelay_llm_chat.size(r);
    tap_ok(n == len, "%s: %zu bytes", name, n);

    p = tap_flush(want, n);
    memset(p, 0, n);

    n = convrelay_llm_chat.write(p, r) - p;
    tap_is(p, n, want, len, name);

    tap_unflush(p, n);
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
