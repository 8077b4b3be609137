
/*
 * Copyright (C) convrelay contributors
 *
 * What is known of a call before it begins: the wait for it, the request for
 * it, and its variables.
 */


#include "session_script.h"


static void test_request(void);
static void test_request_is(const char *name, cJSON *setup, const char *want);
static void test_variables(void);
static void test_variable(const convrelay_session_t *s, const char *name,
    const char *want);
#ifndef NO_OVERRIDE
static void test_no_memory(void);
#endif
static void start(convrelay_session_t *s, cJSON *json);


static const call_t  calls[] = {

    { "the call begins when the context came", INFORMED,
      "greeting \"Welcome.\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "deadline\n"
      "    60000\n"
      "wait 400\n"
      "context\n"
      "    EVENT setup\n"
      "say \"Hello.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Hello.\",\"last\":true}\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "history\n"
      "    assistant \"Welcome. Hello.\"\n"
      "    user \"Hi\"\n" },

    { "messages meanwhile do nothing", INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "setup \"CA2\"\n"
      "prompt \"Hi\"\n"
      "interrupt \"Hel\"\n"
      "dtmf \"1\"\n"
      "error 64107\n"
      "unknown \"type\"\n"
      "played \"Hel\"\n"
      "hold 5000\n"
      "history\n"
      "stats\n"
      "    turns 0 interrupts 0 tokens 0\n"
      "context\n"
      "    EVENT setup\n" },

    { "the end of the wait comes once", INFORMED,
      "context\n"
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "context\n"
      "    EVENT setup\n"
      "done\n"
      "context\n" },

    { "a time of the call waits as well", INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "wait 1500\n"
      "clock\n"
      "context\n"
      "    EVENT setup\n"
      "done\n"
      "deadline\n"
      "    -500\n"
      "clock\n"
      "    EVENT call_time 1s\n" },

    { "its length does not", INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "wait 60000\n"
      "clock\n"
      "    LOG warn call is 60000 ms long, limit is 60000 ms, closing\n"
      "    CLOSE 1000 call is too long\n"
      "context\n" },

    { "the caller is silent from its end on", INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "wait 3000\n"
      "context\n"
      "    EVENT setup\n"
      "done\n"
      "clock\n"
      "    EVENT call_time 1s\n"
      "done\n"
      "deadline\n"
      "    10000\n" },

    { "the call is over meanwhile", INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    CONTEXT\n"
      "over\n"
      "context\n"
      "deadline\n"
      "    -1\n" },

    { "without one there is no wait", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "context\n" }
};


static void
test_request(void)
{
    cJSON  *setup, *p;

    setup = cJSON_CreateObject();
    cJSON_AddStringToObject(setup, "type", "setup");
    cJSON_AddStringToObject(setup, "callSid", "CA1");

    test_request_is("the shortest one", setup,
                    "{\"callSid\":\"CA1\",\"customParameters\":{}}");

    setup = cJSON_CreateObject();
    cJSON_AddStringToObject(setup, "type", "setup");
    p = cJSON_AddObjectToObject(setup, "customParameters");
    cJSON_AddStringToObject(p, "first", "1");

    test_request_is("a single parameter", setup,
                    "{\"customParameters\":{\"first\":\"1\"}}");

    setup = cJSON_CreateObject();
    cJSON_AddStringToObject(setup, "type", "setup");
    cJSON_AddStringToObject(setup, "sessionId", "VX1");
    cJSON_AddStringToObject(setup, "accountSid", "AC1");
    cJSON_AddStringToObject(setup, "callSid", "CA1");
    cJSON_AddStringToObject(setup, "parentCallSid", "CA0");
    cJSON_AddStringToObject(setup, "from", "+1");
    cJSON_AddStringToObject(setup, "to", "+2");
    cJSON_AddStringToObject(setup, "forwardedFrom", "+3");
    cJSON_AddStringToObject(setup, "callerName", "\"A\"\n\\");
    cJSON_AddStringToObject(setup, "direction", "inbound");
    cJSON_AddStringToObject(setup, "callType", "PSTN");
    cJSON_AddStringToObject(setup, "callStatus", "RINGING");
    p = cJSON_AddObjectToObject(setup, "customParameters");
    cJSON_AddStringToObject(p, "Ticket", "secret");
    cJSON_AddStringToObject(p, "a \"b\"", "caf\xc3\xa9");
    cJSON_AddNumberToObject(p, "n", 17);
    cJSON_AddBoolToObject(p, "flag", 1);
    cJSON_AddNullToObject(p, "null");
    cJSON_AddStringToObject(p, "tickets", "");

    test_request_is("the longest one", setup,
                    "{\"callSid\":\"CA1\",\"sessionId\":\"VX1\","
                    "\"accountSid\":\"AC1\",\"parentCallSid\":\"CA0\","
                    "\"from\":\"+1\",\"to\":\"+2\",\"forwardedFrom\":\"+3\","
                    "\"callerName\":\"\\\"A\\\"\\n\\\\\","
                    "\"direction\":\"inbound\",\"callType\":\"PSTN\","
                    "\"callStatus\":\"RINGING\",\"customParameters\":"
                    "{\"a \\\"b\\\"\":\"caf\xc3\xa9\",\"n\":\"17\","
                    "\"flag\":\"true\",\"tickets\":\"\"}}");
}


static void
test_request_is(const char *name, cJSON *setup, const char *want)
{
    u_char               *p;
    size_t                size;
    const char           *error;
    convrelay_session_t   s;

    start(&s, setup);

    size = convrelay_session_setup_size(&s, "ticket");
    p = tap_flush(want, size);

    tap_ok(convrelay_session_setup_write(p, &s, "ticket") == p + size,
           "%s: %zu bytes", name, size);
    tap_is(p, size, want, strlen(want), name);
    tap_ok(convrelay_json_check(p, size, &error) == CONVRELAY_OK,
           "%s: is JSON", name);

    tap_unflush(p, size);
    convrelay_session_free(&s);
}


static void
test_variables(void)
{
    cJSON                    *setup, *p;
    convrelay_session_t       s;

    static const convrelay_pair_t  pairs[] = {
        { convrelay_string("Name"), convrelay_string("Ann") },
        { convrelay_string("last-order"), convrelay_string("17") },
        { convrelay_string("empty"), convrelay_null_string },
        { convrelay_string("name"), convrelay_string("second") }
    };

    setup = cJSON_CreateObject();
    cJSON_AddStringToObject(setup, "type", "setup");
    p = cJSON_AddObjectToObject(setup, "customParameters");
    cJSON_AddStringToObject(p, "tenant", "b");

    start(&s, setup);

    test_variable(&s, "name", NULL);

    tap_ok(convrelay_session_set_variables(&s, NULL, 0) == CONVRELAY_OK,
           "no variables");
    test_variable(&s, "name", NULL);

    tap_ok(convrelay_session_set_variables(&s, pairs, 4) == CONVRELAY_OK,
           "variables");

    test_variable(&s, "name", "Ann");
    test_variable(&s, "NAME", "Ann");
    test_variable(&s, "LAST_Order", "17");
    test_variable(&s, "empty", "");
    test_variable(&s, "tenant", NULL);

    tap_ok(convrelay_session_parameter(&s, (u_char *) "TENANT", 6) != NULL,
           "a parameter is still there");
    tap_ok(convrelay_session_parameter(&s, (u_char *) "Name", 4) == NULL,
           "a variable is not a parameter");

    convrelay_session_over(&s);

    test_variable(&s, "last_order", "17");

    convrelay_session_free(&s);
}


static void
test_variable(const convrelay_session_t *s, const char *name,
    const char *want)
{
    convrelay_str_t         str;
    const convrelay_str_t  *value;

    str.data = (u_char *) name;
    str.len = strlen(name);

    value = convrelay_session_variable(s, &str);

    tap_ok(value ? want && convrelay_str_is(value, want) : want == NULL,
           "\"%s\" is %s", name, want ? want : "not there");
}


#ifndef NO_OVERRIDE

static void
test_no_memory(void)
{
    cJSON                *setup;
    convrelay_session_t   s;

    static const convrelay_pair_t  pair = {
        convrelay_string("name"), convrelay_string("Ann")
    };

    setup = cJSON_CreateObject();
    cJSON_AddStringToObject(setup, "type", "setup");
    start(&s, setup);

    heap.countdown = 0;
    heap.armed = 1;

    tap_ok(convrelay_session_set_variables(&s, &pair, 1) == CONVRELAY_ERROR,
           "no memory for variables");

    heap.armed = 0;
    heap.countdown = -1;

    test_variable(&s, "name", NULL);

    convrelay_session_free(&s);
}

#endif


/* a session that got this setup message */

static void
start(convrelay_session_t *s, cJSON *json)
{
    char                       *text;
    u_char                     *copy;
    size_t                      len;
    static list_t               list;
    convrelay_relay_message_t   m;

    text = cJSON_PrintUnformatted(json);
    len = strlen(text);
    copy = malloc(len);
    memcpy(copy, text, len);

    tap_ok(convrelay_relay_parse(&m, copy, len) == CONVRELAY_OK, "a setup");

    list_start(&list, s);
    convrelay_session_init(s, &confs[INFORMED], 1);
    convrelay_session_message(s, &m, 1, list_next(&list));

    convrelay_relay_free(&m);
    free(copy);
    cJSON_free(text);
    cJSON_Delete(json);
}


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    test_request();
    test_variables();
#ifndef NO_OVERRIDE
    test_no_memory();
#endif

    return tap_done();
}
