
/*
 * Copyright (C) convrelay contributors
 *
 * The state of a session as text: what is in it, what is taken of it, and what
 * is not.  How calls go on is in session_resume.c.
 */


#include "tap.h"
#include "heap.h"
#include "json_values.h"
#include "convrelay_state.h"
#include "convrelay_session_tools.h"


#define WALL    1700000100000
#define NOW     500000

#define DIGEST  "00112233445566778899aabbccddeeff"                           \
                "00112233445566778899aabbccddeeff"
#define OTHER   "ff112233445566778899aabbccddeeff"                           \
                "00112233445566778899aabbccddeeff"

/* the members that every state has; the first session of the call */
#define HEAD    "\"v\":2,\"saved\":1700000098000,\"account\":\"AC1\","       \
                "\"call\":\"CA1\",\"session\":\"VX1\",\"sessions\":1,"       \
                "\"started\":1700000000000"


typedef struct {
    const char  *name;
    const char  *text;
    const char  *want;    /* what is written of it, or why it is declined */
} state_t;


static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 }
};

static const convrelay_session_time_t  times[] = {
    { 60000, convrelay_string("1m") },
    { 120000, convrelay_string("2m") }
};

static const convrelay_session_filler_conf_t  filler = {
    .time = 1000, .max = 1, .nphrases = 1
};

static const convrelay_session_llm_t  fallbacks[1];

static const convrelay_session_conf_t  conf = {
    .store = 1, .tools = tools, .ntools = 2, .max_tool_rounds = 3,
    .call_times = times, .ncall_times = 2, .filler = &filler,
    .fallbacks = fallbacks, .nfallbacks = 1
};


/* what is read, and what is written then: by session VX2 */

static const state_t  kept[] = {

    { "nothing but what has to be there", "{" HEAD ",\"messages\":[]}",
      ",\"messages\":[]}" },

    { "everything",
      "{" HEAD ",\"from\":\"+15***01\",\"to\":\"***\","
      "\"direction\":\"inbound\",\"lang\":\"en-US\",\"turns\":2,"
      "\"interrupts\":3,\"tool_calls\":4,\"tool_failures\":5,\"tokens\":6,"
      "\"input_tokens\":7000000000,\"output_tokens\":8000000000,\"leaks\":9,"
      "\"hedges_won\":10,\"failures\":11,\"call_time\":60000,\"fillers\":12,"
      "\"next_filler\":13,\"rate\":14,\"rate_at\":1700000090000,"
      "\"latency\":{\"max\":15,\"every\":16,\"skipped\":15,"
      "\"samples\":[17,18]},"
      "\"parameters\":{\"tenant\":\"birch\",\"n\":\"1\"},"
      "\"variables\":{\"name\":\"Ann\"},"
      "\"late\":19,\"refused\":true,\"once\":[{\"digest\":\"" DIGEST "\","
      "\"result\":\"{}\"},{\"digest\":\"" OTHER "\",\"result\":\"\","
      "\"undone\":true}],\"keys\":[{\"digest\":\"" OTHER "\",\"n\":20}],"
      "\"messages\":[]}",
      ",\"lang\":\"en-US\",\"turns\":2,"
      "\"interrupts\":3,\"tool_calls\":4,\"tool_failures\":5,\"tokens\":6,"
      "\"input_tokens\":7000000000,\"output_tokens\":8000000000,\"leaks\":9,"
      "\"hedges_won\":10,\"failures\":11,\"call_time\":60000,\"fillers\":12,"
      "\"next_filler\":13,\"rate\":14,\"rate_at\":1700000090000,"
      "\"latency\":{\"max\":15,\"every\":16,\"skipped\":15,"
      "\"samples\":[17,18]},"
      "\"parameters\":{\"tenant\":\"birch\",\"n\":\"1\"},"
      "\"variables\":{\"name\":\"Ann\"},"
      "\"late\":19,\"refused\":true,\"once\":[{\"digest\":\"" DIGEST "\","
      "\"result\":\"{}\"},{\"digest\":\"" OTHER "\",\"result\":\"\","
      "\"undone\":true}],\"keys\":[{\"digest\":\"" OTHER "\",\"n\":20}],"
      "\"messages\":[]}" },

    { "all kinds of messages",
      "{" HEAD ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"Hi.\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\",\"llm\":1},"
      "{\"role\":\"user\",\"content\":\"a \\\"b\\\"\\n\"},"
      "{\"role\":\"user\",\"content\":\"c\"},"
      "{\"role\":\"assistant\",\"content\":\"One moment.\"},"
      "{\"role\":\"extra\",\"calls\":true,\"extra\":\"[1]\"},"
      "{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\",\"extra\":\"\\\"x\\\"\"},"
      "{\"role\":\"call\",\"id\":\"2\",\"name\":\"pay\","
      "\"arguments\":\"{\",\"invalid\":true},"
      "{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\","
      "\"content\":\"done\"},"
      "{\"role\":\"tool\",\"id\":\"2\",\"name\":\"pay\","
      "\"content\":\"not done\"}]}",
      ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"Hi.\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\",\"llm\":1},"
      "{\"role\":\"user\",\"content\":\"a \\\"b\\\"\\n\"},"
      "{\"role\":\"user\",\"content\":\"c\"},"
      "{\"role\":\"assistant\",\"content\":\"One moment.\"},"
      "{\"role\":\"extra\",\"calls\":true,\"extra\":\"[1]\"},"
      "{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\",\"extra\":\"\\\"x\\\"\"},"
      "{\"role\":\"call\",\"id\":\"2\",\"name\":\"pay\","
      "\"arguments\":\"{\",\"invalid\":true},"
      "{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\","
      "\"content\":\"done\"},"
      "{\"role\":\"tool\",\"id\":\"2\",\"name\":\"pay\","
      "\"content\":\"not done\"}]}" },

    { "an answer that was cut, and what it did not vouch for",
      "{" HEAD ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"We a\",\"cut\":true},"
      "{\"role\":\"extra\",\"extra\":\"{}\"},"
      "{\"role\":\"user\",\"content\":\"Hi\",\"cut\":true},"
      "{\"role\":\"assistant\",\"content\":\"a\\nb\",\"cut\":true}]}",
      ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"We a\",\"cut\":true},"
      "{\"role\":\"user\",\"content\":\"Hi\"},"
      "{\"role\":\"assistant\",\"content\":\"a\\nb\",\"cut\":true}]}" },

    { "a turn",
      "{" HEAD ",\"turns\":1,\"turn\":{\"rounds\":2,\"rescue\":true},"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
      ",\"turns\":1,\"turn\":{\"rounds\":2,\"rescue\":true},"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },

    { "tools without a result",
      "{" HEAD ",\"late\":1,"
      "\"runs\":[{\"name\":\"pay\",\"arguments\":\"{}\"}],"
      "\"messages\":[{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\"},{\"role\":\"tool\",\"id\":\"1\","
      "\"name\":\"book\",\"content\":\"running\",\"open\":true}]}",
      ",\"tool_failures\":2,\"late\":2,"
      "\"messages\":[{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\"},{\"role\":\"tool\",\"id\":\"1\","
      "\"name\":\"book\",\"content\":\"{\\\"ok\\\":false,\\\"error\\\":"
      "\\\"MAY have been done: the line was cut, check before doing it "
      "again\\\"}\"},"
      "{\"role\":\"call\",\"id\":\"late_2\",\"name\":\"pay\","
      "\"arguments\":\"{}\"},{\"role\":\"tool\",\"id\":\"late_2\","
      "\"name\":\"pay\",\"content\":\"{\\\"ok\\\":false,\\\"error\\\":"
      "\\\"MAY have been done: the line was cut, check before doing it "
      "again\\\"}\"}]}" },

    { "an answer that was spoken to its end",
      "{" HEAD ",\"spoken\":1700000098500,\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"One\",\"rest\":\" two\"},"
      "{\"role\":\"assistant\",\"content\":\" \",\"rest\":\"three\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}",
      ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"One two\"},"
      "{\"role\":\"assistant\",\"content\":\" three\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}" },

    { "one that was not",
      "{" HEAD ",\"spoken\":1700000098501,\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"One\",\"rest\":\" two\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"},"
      "{\"role\":\"assistant\",\"content\":\" \",\"rest\":\"three\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}",
      ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"One\"}]}" },

    { "one of which nothing was heard, to a question",
      "{" HEAD ",\"turns\":1,\"spoken\":1700000098501,\"again\":2,"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"b\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}",
      ",\"turns\":1,\"turn\":{\"rounds\":2},"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },

    { "one that was heard, to a question",
      "{" HEAD ",\"spoken\":1700000098500,\"again\":2,"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"b\"}]}",
      ",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"b\"}]}" },

    { "and another question",
      "{" HEAD ",\"spoken\":1700000098501,\"again\":2,"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"b\"},"
      "{\"role\":\"user\",\"content\":\"c\"}]}",
      ",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"user\",\"content\":\"c\"}]}" },

    { "to a question that was answered before",
      "{" HEAD ",\"spoken\":1700000098501,\"again\":2,"
      "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"b\"},"
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"c\"}]}",
      ",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
      "{\"role\":\"assistant\",\"content\":\"b\"}]}" },

    { "a question without words of the caller",
      "{" HEAD ",\"spoken\":1700000098501,\"again\":2,"
      "\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"b\"}]}",
      ",\"messages\":[]}" },

    { "what is the module's own is not a parameter",
      "{" HEAD ",\"parameters\":{\"Convrelay_Ticket\":\"t\",\"a\":\"b\"},"
      "\"messages\":[]}",
      ",\"parameters\":{\"a\":\"b\"},\"messages\":[]}" },

    { "members that nobody knows",
      "{" HEAD ",\"x\":[{}],\"messages\":[{\"role\":\"user\","
      "\"content\":\"a\",\"y\":1}]}",
      ",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },

    { "extras of an LLM that there is not",
      "{" HEAD ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"Hi.\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\",\"llm\":2},"
      "{\"role\":\"extra\",\"calls\":true,\"extra\":\"{}\",\"llm\":2},"
      "{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\",\"extra\":\"1\",\"llm\":2},"
      "{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\","
      "\"content\":\"done\"}]}",
      ",\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"Hi.\"},"
      "{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\","
      "\"arguments\":\"{}\",\"llm\":2},"
      "{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\","
      "\"content\":\"done\"}]}" }
};


#define MESSAGES(text)  "{" HEAD ",\"messages\":[" text "]}"
#define WITH(text)      "{" HEAD "," text ",\"messages\":[]}"
#define CALL            "{\"role\":\"call\",\"id\":\"1\",\"name\":\"book\"," \
                        "\"arguments\":\"{}\"}"
#define TOOL            "{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\"," \
                        "\"content\":\"done\"}"


static const state_t  declined[] = {

    { "nothing", "", "is not JSON" },
    { "no object", "[]", "is not a JSON object" },
    { "no version", "{}", "has no version" },
    { "version 0", "{\"v\":0}", "has no version" },
    { "version 1", "{\"v\":1}", "is of an older version" },
    { "version 3", "{\"v\":3}", "is of a newer version" },
    { "a version as text", "{\"v\":\"1\"}", "has no version" },

    { "another account",
      "{\"v\":2,\"saved\":1,\"account\":\"AC2\",\"call\":\"CA1\","
      "\"session\":\"VX1\",\"sessions\":1,\"started\":1,\"messages\":[]}",
      "is of another call" },
    { "no account",
      "{\"v\":2,\"saved\":1,\"call\":\"CA1\","
      "\"session\":\"VX1\",\"sessions\":1,\"started\":1,\"messages\":[]}",
      "is of another call" },
    { "another call",
      "{\"v\":2,\"saved\":1,\"account\":\"AC1\",\"call\":\"CA2\","
      "\"session\":\"VX1\",\"sessions\":1,\"started\":1,\"messages\":[]}",
      "is of another call" },
    { "this session",
      "{\"v\":2,\"saved\":1,\"account\":\"AC1\",\"call\":\"CA1\","
      "\"session\":\"VX2\",\"sessions\":1,\"started\":1,\"messages\":[]}",
      "is of the same session" },
    { "a session that is not a text",
      "{\"v\":2,\"saved\":1,\"account\":\"AC1\",\"call\":\"CA1\","
      "\"session\":1,\"sessions\":1,\"started\":1,\"messages\":[]}",
      "has a wrong text" },
    { "no sessions",
      "{\"v\":2,\"saved\":1,\"account\":\"AC1\",\"call\":\"CA1\","
      "\"session\":\"VX1\",\"started\":1,\"messages\":[]}",
      "is not complete" },
    { "no time",
      "{\"v\":2,\"saved\":1,\"account\":\"AC1\",\"call\":\"CA1\","
      "\"session\":\"VX1\",\"sessions\":1,\"messages\":[]}",
      "is not complete" },

    { "a count below 0", WITH("\"turns\":-1"), "has a wrong number" },
    { "a count as text", WITH("\"turns\":\"1\""), "has a wrong number" },
    { "a fraction", WITH("\"turns\":1.5"), "has a wrong number" },
    { "too much", WITH("\"turns\":4294967296"), "has a wrong number" },
    { "far too much", WITH("\"input_tokens\":99999999999999999999"),
      "has a wrong number" },
    { "failures", WITH("\"failures\":256"), "has a wrong number" },
    { "a flag", WITH("\"lost\":1"), "has a wrong flag" },
    { "a language", WITH("\"lang\":\"en-US-x-0123456789012345678901234567\""),
      "has a wrong language" },
    { "a language that is not a text", WITH("\"lang\":1"), "has a wrong text" },

    { "times", WITH("\"latency\":[]"), "has wrong times of answers" },
    { "no samples", WITH("\"latency\":{\"every\":1}"),
      "has wrong times of answers" },
    { "too many samples",
      WITH("\"latency\":{\"every\":1,\"samples\":[0,0,0,0,0,0,0,0,0,0,0,0,0,"
           "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"),
      "has wrong times of answers" },
    { "samples in samples",
      WITH("\"latency\":{\"every\":1,\"samples\":[[1]]}"),
      "has a wrong number" },
    { "a large sample", WITH("\"latency\":{\"every\":1,\"samples\":[65536]}"),
      "has a wrong number" },
    { "samples without an interval", WITH("\"latency\":{\"samples\":[]}"),
      "has wrong times of answers" },
    { "more skipped than the interval",
      WITH("\"latency\":{\"every\":1,\"skipped\":1,\"samples\":[]}"),
      "has wrong times of answers" },

    { "parameters", WITH("\"parameters\":[]"), "has wrong parameters" },
    { "a parameter", WITH("\"parameters\":{\"a\":1}"),
      "has wrong parameters" },
    { "variables", WITH("\"variables\":1"), "has wrong parameters" },

    { "a memory", WITH("\"once\":{}"), "has a wrong memory" },
    { "no digest", WITH("\"once\":[{}]"), "has a wrong digest" },
    { "a short digest", WITH("\"once\":[{\"digest\":\"00\"}]"),
      "has a wrong digest" },
    { "a digest", WITH("\"keys\":[{\"digest\":\"0011223344556677889AABBCCDDEE"
                       "FF00112233445566778899aabbccddeeffgg\",\"n\":1}]"),
      "has a wrong digest" },
    { "keys", WITH("\"keys\":[]"), "has wrong keys" },
    { "no keys", WITH("\"keys\":1"), "has wrong keys" },
    { "runs", WITH("\"runs\":1"), "has wrong tools" },
    { "a run", WITH("\"runs\":[1]"), "has wrong tools" },

    { "no messages", "{" HEAD "}", "has no messages" },
    { "messages", "{" HEAD ",\"messages\":{}}", "has no messages" },
    { "a message", MESSAGES("1"), "has a wrong message" },
    { "no role", MESSAGES("{\"content\":\"a\"}"), "has a wrong message" },
    { "another role", MESSAGES("{\"role\":\"system\",\"content\":\"a\"}"),
      "has a wrong message" },
    { "no text", MESSAGES("{\"role\":\"user\"}"), "has an empty message" },
    { "a text", MESSAGES("{\"role\":\"user\",\"content\":1}"),
      "has a wrong text" },
    { "a blank answer",
      MESSAGES("{\"role\":\"assistant\",\"content\":\" \"}"),
      "has an empty message" },
    { "an extra", MESSAGES("{\"role\":\"extra\",\"extra\":\"{}\"}"),
      "has an extra without an answer" },
    { "an extra of a question",
      MESSAGES("{\"role\":\"user\",\"content\":\"a\"},"
               "{\"role\":\"extra\",\"extra\":\"{}\"}"),
      "has an extra without an answer" },
    { "two extras",
      MESSAGES("{\"role\":\"assistant\",\"content\":\"a\"},"
               "{\"role\":\"extra\",\"extra\":\"{}\"},"
               "{\"role\":\"extra\",\"extra\":\"{}\"}"),
      "has an extra without an answer" },
    { "an extra that is none",
      MESSAGES("{\"role\":\"assistant\",\"content\":\"a\"},"
               "{\"role\":\"extra\",\"extra\":\"{\"}"),
      "has an extra that is not JSON" },
    { "an empty extra",
      MESSAGES("{\"role\":\"assistant\",\"content\":\"a\"},"
               "{\"role\":\"extra\",\"extra\":\"\"}"),
      "has an extra that is not JSON" },
    { "an extra without calls",
      MESSAGES("{\"role\":\"extra\",\"calls\":true,\"extra\":\"{}\"},"
               "{\"role\":\"user\",\"content\":\"a\"}"),
      "has an extra without calls" },
    { "an extra of an LLM",
      MESSAGES("{\"role\":\"assistant\",\"content\":\"a\"},"
               "{\"role\":\"extra\",\"extra\":\"{}\",\"llm\":9}"),
      "has a wrong number" },
    { "LLMs that are not a list",
      "{" HEAD ",\"llms\":1,\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"a\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}", "has wrong LLMs" },
    { "an LLM that is not a number",
      "{" HEAD ",\"llms\":[\"x\"],\"messages\":["
      "{\"role\":\"assistant\",\"content\":\"a\"},"
      "{\"role\":\"extra\",\"extra\":\"{}\"}]}", "has a wrong number" },
    { "an extra of another LLM than its call",
      MESSAGES("{\"role\":\"extra\",\"calls\":true,\"extra\":\"{}\","
               "\"llm\":1}," CALL "," TOOL), "has calls of several LLMs" },
    { "the same, of one that there is not",
      MESSAGES("{\"role\":\"extra\",\"calls\":true,\"extra\":\"{}\","
               "\"llm\":2},{\"role\":\"call\",\"id\":\"1\",\"name\":"
               "\"book\",\"arguments\":\"{}\",\"extra\":\"1\","
               "\"llm\":4}," TOOL), "has calls of several LLMs" },
    { "a call", MESSAGES(CALL), "has a call without a result" },
    { "two calls, one result", MESSAGES(CALL "," CALL "," TOOL),
      "has a call without a result" },
    { "a result", MESSAGES(TOOL), "has a wrong message" },
    { "two results, one call", MESSAGES(CALL "," TOOL "," TOOL),
      "has a wrong message" },
    { "the result of another call",
      MESSAGES("{\"role\":\"call\",\"id\":\"2\",\"name\":\"book\","
               "\"arguments\":\"{}\"}," TOOL),
      "has a wrong result" },
    { "an empty result",
      MESSAGES(CALL ",{\"role\":\"tool\",\"id\":\"1\",\"name\":\"book\"}"),
      "has a wrong result" },
    { "a turn without requests",
      "{" HEAD ",\"turn\":{},\"messages\":[{\"role\":\"user\","
      "\"content\":\"a\"}]}",
      "has a wrong turn" },
    { "another question", WITH("\"again\":true"), "has a wrong number" },
    { "a turn without a question", WITH("\"turn\":{\"rounds\":1}"),
      "has a turn without a question" }
};


static void test_kept(const state_t *state);
static void test_declined(const state_t *state);
static void test_truncated(const char *text);
static void test_numbers(void);
static void test_parameters(void);
static void test_size(void);
static void test_same(void);
static void test_rate(void);
static void test_clock(void);
static void test_stepped(int64_t step, const char *name);
static void test_another_clock(uint64_t up, const char *name);
static void test_llms(void);
static void test_once(void);
static void test_memory(const char *text);
static void begin(convrelay_session_t *s, const char *session,
    const char *parameters, uint64_t now);
static int take(convrelay_session_t *s, const char *text, size_t len,
    uint64_t now);
static unsigned is_fresh(convrelay_session_t *s);
static char *written(const convrelay_session_t *s,
    convrelay_state_conf_t *sconf, uint64_t now);
static char *rest_of(char *text);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);


static char         log_line[256];
static char         actions[32];
static unsigned     nactions;
static convrelay_actions_t  out = { act, NULL };


static void
test_kept(const state_t *state)
{
    char                    *text;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };

    begin(&s, "VX2", NULL, NOW);
    take(&s, state->text, strlen(state->text), NOW);

    tap_is(log_line, strlen(log_line), "", 0, state->name);
    tap_ok(s.resumed == 1, "  resumed once");

    text = written(&s, &sconf, NOW);

    tap_is(rest_of(text), strlen(rest_of(text)), state->want,
           strlen(state->want), "  what is written");

    free(text);
    convrelay_session_free(&s);
}


static void
test_declined(const state_t *state)
{
    char                 line[256];
    convrelay_session_t  s;

    begin(&s, "VX2", NULL, NOW);
    take(&s, state->text, strlen(state->text), NOW);

    snprintf(line, sizeof(line), "stored state of the call %s, the call "
             "starts without its history", state->want);

    tap_is(log_line, strlen(log_line), line, strlen(line), state->name);
    tap_ok(is_fresh(&s), "  and nothing is taken");

    convrelay_session_free(&s);
}


/* nothing but all of it is taken */

static void
test_truncated(const char *text)
{
    size_t               i, n;
    convrelay_session_t  s;

    n = 0;

    for (i = 0; i < strlen(text); i++) {
        begin(&s, "VX2", NULL, NOW);
        take(&s, text, i, NOW);

        n += (log_line[0] == '\0' || !is_fresh(&s));

        convrelay_session_free(&s);
    }

    tap_ok(n == 0, "cut at each of %zu bytes", i);
}


static void
test_numbers(void)
{
    char                    *text;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };

    begin(&s, "VX2", NULL, NOW);
    (void) convrelay_session_restored(&s, NULL, 0, &sconf, NOW, &out);

    text = written(&s, &sconf, NOW);
    tap_ok(strstr(text, ",\"from\":\"+15***01\",\"to\":\"***\",") != NULL,
           "numbers are masked");
    free(text);

    sconf.numbers = 1;

    text = written(&s, &sconf, NOW);
    tap_ok(strstr(text, ",\"from\":\"+15550100001\",\"to\":\"117\",") != NULL,
           "or not");
    free(text);

    convrelay_session_free(&s);
}


static void
test_parameters(void)
{
    char                    *text;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };
    const convrelay_str_t   *value;

    static const char  state[] =
        "{" HEAD ",\"parameters\":{\"tenant\":\"birch\","
        "\"convrelay_greeting\":\"Hi\",\"Plan\":\"gold\"},"
        "\"variables\":{\"name\":\"Ann\"},\"messages\":[]}";

    static const convrelay_str_t   name = convrelay_string("name");
    static const convrelay_pair_t  pair = {
        convrelay_string("age"), convrelay_string("17")
    };

    begin(&s, "VX2", "{\"TENANT\":\"oak\",\"convrelay_ticket\":\"secret\","
                     "\"n\":1}", NOW);
    take(&s, state, sizeof(state) - 1, NOW);

    value = convrelay_session_parameter(&s, (u_char *) "tenant", 6);
    tap_is_str(value, "oak", "a parameter of the setup counts");

    value = convrelay_session_parameter(&s, (u_char *) "plan", 4);
    tap_is_str(value, "gold", "one that it does not have goes on");

    value = convrelay_session_parameter(&s, (u_char *) "convrelay_ticket", 16);
    tap_is_str(value, "secret", "the ticket is still there");

    tap_ok(convrelay_session_parameter(&s, (u_char *) "convrelay_greeting", 18)
           == NULL, "what is the module's own is not taken");

    tap_is_str(convrelay_session_variable(&s, &name), "Ann", "a variable");

    text = written(&s, &sconf, NOW);
    tap_is(rest_of(text), strlen(rest_of(text)),
           ",\"parameters\":{\"TENANT\":\"oak\",\"n\":\"1\","
           "\"Plan\":\"gold\"},\"variables\":{\"name\":\"Ann\"},"
           "\"messages\":[]}", strlen(rest_of(text)), "all but the ticket");
    tap_ok(strstr(text, "secret") == NULL, "which is not written");
    free(text);

    tap_ok(convrelay_session_set_variables(&s, &pair, 1) == CONVRELAY_OK
           && convrelay_session_variable(&s, &name) == NULL,
           "variables of another context replace them");

    value = convrelay_session_parameter(&s, (u_char *) "plan", 4);
    tap_is_str(value, "gold", "and parameters stay");

    convrelay_session_free(&s);
}


static void
test_size(void)
{
    char                    *text;
    size_t                   size, least, n, bad;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };

    static const char  state[] = "{" HEAD ",\"late\":1,"
        "\"once\":[{\"digest\":\"" DIGEST "\",\"result\":\"0123456789012345678"
        "90123456789012345678901234567890123456789012345678901234567890123456"
        "78901234567890123456789012345678901234567890123456789\"}],"
        "\"messages\":["
        "{\"role\":\"assistant\",\"content\":\"One\"},"
        "{\"role\":\"user\",\"content\":\"Two\"}," CALL "," TOOL ","
        "{\"role\":\"user\",\"content\":\"Three\"}]}";

    begin(&s, "VX2", NULL, NOW);
    take(&s, state, sizeof(state) - 1, NOW);

    size = convrelay_state_size(&s, &sconf);
    bad = 0;
    least = 0;

    for (n = size; n; n--) {
        sconf.max = n;

        if (convrelay_state_size(&s, &sconf) == 0) {
            bad += !sconf.cut;
            continue;
        }

        least = n;
        text = written(&s, &sconf, NOW);
        bad += (strlen(text) > n || sconf.cut != (n < size));

        /* a call is never without its result */

        bad += ((strstr(text, "\"call\",") == NULL)
                != (strstr(text, "\"tool\",") == NULL));
        bad += (strstr(text, "One") && !strstr(text, "Two"));
        bad += (strstr(text, "Two") && !strstr(text, "Three"));
        bad += (strstr(text, DIGEST) == NULL);

        free(text);
    }

    tap_ok(bad == 0, "%zu bytes, and fewer", size);

    sconf.max = least;
    text = written(&s, &sconf, NOW);
    tap_ok(strstr(text, ",\"messages\":[]}") != NULL,
           "at %zu there is no message left", least);
    tap_ok(strstr(text, "0123456789") == NULL
           && strstr(text, "The tool was called") != NULL,
           "and not the text of a result");
    free(text);

    convrelay_session_free(&s);

    begin(&s, "VX2", NULL, NOW);
    sconf.max = least;

    text = malloc(sizeof(state));
    memcpy(text, state, sizeof(state));
    (void) convrelay_session_restored(&s, (u_char *) text, sizeof(state) - 1,
                                      &sconf, NOW, &out);
    free(text);

    tap_ok(s.resumed == 1, "one of an earlier, higher maximum is read");
    convrelay_session_free(&s);

    /* a text of it would not fit into a message */

    size = 32 * 1024 * 1024;
    text = calloc(1, size);

    begin(&s, "VX2", NULL, NOW);
    (void) convrelay_session_restored(&s, (u_char *) text, size, &sconf, NOW,
                                      &out);
    free(text);

    tap_ok(strstr(log_line, "is too long") != NULL && is_fresh(&s),
           "32 MB are not");
    convrelay_session_free(&s);
}


/* Twilio may connect again, and say that it is the same session */

static void
test_same(void)
{
    char                    *text;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL, .lost = 1 };

    static const char  state[] = "{" HEAD ",\"messages\":[]}";

    begin(&s, "VX1", NULL, NOW);
    take(&s, state, sizeof(state) - 1, NOW);

    tap_ok(strstr(log_line, "is of the same session") != NULL && is_fresh(&s),
           "the same session does not go on");
    convrelay_session_free(&s);

    begin(&s, "VX1", NULL, NOW);

    text = malloc(sizeof(state));
    memcpy(text, state, sizeof(state));
    (void) convrelay_session_restored(&s, (u_char *) text, sizeof(state) - 1,
                                      &sconf, NOW, &out);
    free(text);

    tap_ok(s.resumed == 1, "unless its socket is known to be lost");
    convrelay_session_free(&s);
}


/* a limit that was lowered meanwhile does not end the call */

static void
test_rate(void)
{
    unsigned                   i;
    convrelay_session_t        s;
    convrelay_session_conf_t   limited;
    convrelay_relay_message_t  m;

    static const char  state[] = "{" HEAD ",\"rate\":600000,"
                                 "\"rate_at\":1700000100000,\"messages\":[]}";

    limited = conf;
    limited.max_turn_rate = 2;

    begin(&s, "VX2", NULL, NOW);
    s.conf = &limited;
    take(&s, state, sizeof(state) - 1, NOW);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;

    for (i = 0; i < 2; i++) {
        m.u.prompt.voice_prompt.data = (u_char *) (i ? "b" : "a");
        m.u.prompt.voice_prompt.len = 1;
        convrelay_session_message(&s, &m, NOW, &out);

        tap_ok((s.state == CONVRELAY_SESSION_CLOSED) == i,
               "turn %u of a lower limit", i + 1);
    }

    convrelay_session_free(&s);
}


/* the clock of another machine, or after a restart of this one */

static void
test_clock(void)
{
    char                    *text;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };

    static const char  state[] = "{" HEAD ",\"rate\":60000,"
                                 "\"rate_at\":1700000090000,\"messages\":[]}";

    begin(&s, "VX2", NULL, 7);
    take(&s, state, sizeof(state) - 1, 7);

    text = written(&s, &sconf, 7);
    tap_ok(strstr(text, ",\"started\":1700000000000,") != NULL
           && strstr(text, ",\"rate_at\":1700000090000,") != NULL,
           "a clock that is younger than the call");
    free(text);

    sconf.wall = WALL + 5000;

    text = written(&s, &sconf, 5007);
    tap_ok(strstr(text, ",\"saved\":1700000105000,") != NULL
           && strstr(text, ",\"started\":1700000000000,") != NULL,
           "five seconds later");
    free(text);

    tap_ok(convrelay_session_deadline(&s) == 7 + 20000
           || convrelay_session_deadline(&s) == 1,
           "a time of the call");

    convrelay_session_free(&s);

    /* a wall clock that went back */

    begin(&s, "VX2", NULL, NOW);

    text = malloc(sizeof(state));
    memcpy(text, state, sizeof(state));
    sconf.wall = 1600000000000;
    (void) convrelay_session_restored(&s, (u_char *) text, sizeof(state) - 1,
                                      &sconf, NOW, &out);
    free(text);

    tap_ok(s.resumed == 1 && s.began == NOW && s.turn_rate.at == NOW,
           "a wall clock that went back");

    convrelay_session_free(&s);
}


/* NTP sets the wall clock between two sessions: by the clock that they share,
   six seconds have passed */

static void
test_stepped(int64_t step, const char *name)
{
    char                    *text;
    size_t                   n;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL, .clock = 1 };

    static const char  state[] = "{" HEAD ",\"turns\":1,\"turn\":"
                                 "{\"rounds\":1},\"messages\":[{\"role\":"
                                 "\"user\",\"content\":\"Hi\"}]}";

    begin(&s, "VX2", NULL, NOW);
    take(&s, state, sizeof(state) - 1, NOW);

    text = written(&s, &sconf, NOW);
    n = strlen(text);
    convrelay_session_free(&s);

    sconf.wall = WALL + 6000 + step;

    begin(&s, "VX3", NULL, NOW + 6000);
    (void) convrelay_session_restored(&s, (u_char *) text, n, &sconf,
                                      NOW + 6000, &out);
    free(text);

    tap_ok(s.resumed == 2 && s.ask_again,
           "%s: the question is asked again", name);

    text = written(&s, &sconf, NOW + 6000);
    n = strtoull(strstr(text, "\"saved\":") + 8, NULL, 10)
        - strtoull(strstr(text, "\"started\":") + 10, NULL, 10);
    free(text);

    tap_ok(n == 106000, "... and the call is as old as it is: %zu", n);
    convrelay_session_free(&s);
}


/* the clock of another machine began at another time: the wall clock counts */

static void
test_another_clock(uint64_t up, const char *name)
{
    char                    *text;
    size_t                   n;
    uint64_t                 now;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL, .clock = 1 };

    static const char  state[] = "{" HEAD ",\"turns\":1,\"turn\":"
                                 "{\"rounds\":1},\"messages\":[{\"role\":"
                                 "\"user\",\"content\":\"Hi\"}]}";

    now = NOW + up;

    begin(&s, "VX2", NULL, now);
    take(&s, state, sizeof(state) - 1, now);

    text = written(&s, &sconf, now);
    n = strlen(text);
    convrelay_session_free(&s);

    sconf.wall = WALL + 6000;
    sconf.clock = 2;

    begin(&s, "VX3", NULL, NOW);
    (void) convrelay_session_restored(&s, (u_char *) text, n, &sconf, NOW,
                                      &out);
    free(text);

    tap_ok(s.resumed == 2 && s.ask_again,
           "%s: the question is asked again", name);

    text = written(&s, &sconf, NOW);
    n = strtoull(strstr(text, "\"saved\":") + 8, NULL, 10)
        - strtoull(strstr(text, "\"started\":") + 10, NULL, 10);
    free(text);

    tap_ok(n == 106000, "... and the call is as old as it is: %zu", n);
    convrelay_session_free(&s);
}


/* a change of the configuration gives the LLMs other numbers */

static void
test_llms(void)
{
    size_t                     i, n;
    char                      *text;
    convrelay_session_t        s;
    convrelay_session_conf_t   before, after;
    convrelay_state_conf_t     sconf = { .wall = WALL };

    static const convrelay_session_llm_t  first[] = {
        { .id = 22 }, { .id = 33 }
    };

    static const convrelay_session_llm_t  then[] = {
        { .id = 33 }, { .id = 44 }
    };

    static const char  state[] =
        "{" HEAD ",\"llms\":[11,22,33],\"messages\":["
        "{\"role\":\"assistant\",\"content\":\"a\"},"
        "{\"role\":\"extra\",\"extra\":\"{\\\"a\\\":0}\"},"
        "{\"role\":\"user\",\"content\":\"?\"},"
        "{\"role\":\"assistant\",\"content\":\"b\"},"
        "{\"role\":\"extra\",\"extra\":\"{\\\"b\\\":1}\",\"llm\":1},"
        "{\"role\":\"user\",\"content\":\"?\"},"
        "{\"role\":\"assistant\",\"content\":\"c\"},"
        "{\"role\":\"extra\",\"extra\":\"{\\\"c\\\":2}\",\"llm\":2}]}";

    static const char *const  want[] = {
        "{\\\"a\\\":0}\"}", "{\\\"b\\\":1}\",\"llm\":1}",
        "{\\\"c\\\":2}\",\"llm\":2}", "\"llms\":[11,22,33]"
    };

    before = conf;
    before.llm.id = 11;
    before.fallbacks = first;
    before.nfallbacks = 2;

    after = before;
    after.llm.id = 22;
    after.fallbacks = then;

    begin(&s, "VX2", NULL, NOW);
    s.conf = &before;
    take(&s, state, sizeof(state) - 1, NOW);

    text = written(&s, &sconf, NOW);

    for (i = 0; i < 4; i++) {
        tap_ok(strstr(text, want[i]) != NULL, "an LLM by its number: %s",
               want[i]);
    }

    n = strlen(text);
    convrelay_session_free(&s);

    begin(&s, "VX3", NULL, NOW);
    s.conf = &after;
    (void) convrelay_session_restored(&s, (u_char *) text, n, &sconf, NOW,
                                      &out);
    free(text);
    text = written(&s, &sconf, NOW);

    tap_ok(strstr(text, "{\\\"a\\\":0}") == NULL,
           "one that has gone gets nothing");
    tap_ok(strstr(text, "{\\\"b\\\":1}\"}") != NULL,
           "one that is the first now");
    tap_ok(strstr(text, "{\\\"c\\\":2}\",\"llm\":1}") != NULL
           && strstr(text, "\"llms\":[22,33,44]") != NULL,
           "one that was moved");

    free(text);
    convrelay_session_free(&s);
}


/* of more results than are remembered, the newest, and the oldest of them
   first */

static void
test_once(void)
{
    int                      bad;
    char                    *text, *p, *state;
    unsigned                 i, n;
    convrelay_session_t      s;
    convrelay_state_conf_t   sconf = { .wall = WALL };

    static const unsigned  counts[] = { 1, 2, 3, 32, 33, 64, 65 };

    tap_ok(sizeof(convrelay_session_tools_t) <= 300,
           "each call with tools has no room for results of its own");

    state = malloc(65 * 128 + 512);

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        p = state + sprintf(state, "{" HEAD ",\"once\":[");

        for (n = 0; n < counts[i]; n++) {
            p += sprintf(p, "%s{\"digest\":\"%064x\",\"result\":\"r%u\"}",
                         n ? "," : "", n, n);
        }

        p += sprintf(p, "],\"messages\":[]}");

        begin(&s, "VX2", NULL, NOW);
        take(&s, state, p - state, NOW);

        if (counts[i] == 65) {
            tap_ok(is_fresh(&s), "65 results are too many");
            convrelay_session_free(&s);
            break;
        }

        text = written(&s, &sconf, NOW);
        p = text;
        bad = 0;

        for (n = counts[i] > 32 ? counts[i] - 32 : 0; n < counts[i]; n++) {
            sprintf(state, "{\"digest\":\"%064x\",\"result\":\"r%u\"}",
                    n, n);
            p = strstr(p, state);

            if (p == NULL) {
                bad = 1;
                break;
            }
        }

        n = 0;

        for (p = strstr(text, "\"digest\""); p;
             p = strstr(p + 1, "\"digest\""))
        {
            n++;
        }

        tap_ok(!bad && n == (counts[i] < 32 ? counts[i] : 32),
               "%u results", counts[i]);

        free(text);
        convrelay_session_free(&s);
    }

    free(state);
}


/* without memory the session is as it was */

static void
test_memory(const char *text)
{
#ifndef NO_OVERRIDE

    long                     n, bad, live;
    convrelay_session_t      s;

    bad = 0;

    for (n = 0; /* void */ ; n++) {
        live = heap.live;

        begin(&s, "VX2", NULL, NOW);

        heap.countdown = n;
        heap.failed = 0;

        take(&s, text, strlen(text), NOW);

        heap.countdown = -1;

        /* what fails may also be the turn that follows */

        bad += (heap.failed
                && (strcmp(actions, "X") != 0
                    || (!s.resumed && (s.history.first || s.tools))));

        convrelay_session_free(&s);

        bad += (heap.live != live);

        if (!heap.failed) {
            break;
        }
    }

    tap_ok(bad == 0 && n > 0, "without memory at %ld places", n);

#else
    tap_ok(1, "without memory # SKIP the allocator is not ours");
#endif
}


/* a session that waits for its state */

static void
begin(convrelay_session_t *s, const char *session, const char *parameters,
    uint64_t now)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.session_id.data = (u_char *) session;
    m.u.setup.session_id.len = strlen(session);
    convrelay_str_set(&m.u.setup.account_sid, "AC1");
    convrelay_str_set(&m.u.setup.call_sid, "CA1");
    convrelay_str_set(&m.u.setup.from, "+15550100001");
    convrelay_str_set(&m.u.setup.to, "117");
    convrelay_str_set(&m.u.setup.direction, "inbound");

    if (parameters) {
        m.u.setup.parameters = json_values(cJSON_Parse(parameters));
    }

    convrelay_session_init(s, &conf, now);
    convrelay_session_message(s, &m, now, &out);

    log_line[0] = '\0';
    nactions = 0;
    actions[0] = '\0';
}


static int
take(convrelay_session_t *s, const char *text, size_t len, uint64_t now)
{
    int                     rc;
    u_char                 *flush;
    convrelay_state_conf_t  sconf = { .wall = WALL };

    flush = tap_flush(text, len);

    heap.armed = 1;
    rc = convrelay_session_restored(s, flush, len, &sconf, now, &out);
    heap.armed = 0;

    tap_unflush(flush, len);

    return rc;
}


static unsigned
is_fresh(convrelay_session_t *s)
{
    return s->state == CONVRELAY_SESSION_OPEN && s->resumed == 0
           && !s->resume_lost && !s->ask_again && s->tools == NULL
           && s->filler == NULL && s->history.first == NULL && s->turns == 0
           && s->input_tokens == 0 && s->lang.len == 0 && s->nparameters == 0
           && s->nvariables == 0 && s->latency == NULL
           && s->call_time == 0 && s->began == NOW && s->failures == 0;
}


/* free() it */

static char *
written(const convrelay_session_t *s, convrelay_state_conf_t *sconf,
    uint64_t now)
{
    size_t   size;
    u_char  *p, *last;

    size = convrelay_state_size(s, sconf);
    p = malloc(size + 1);
    last = convrelay_state_write(p, s, sconf, now);

    if ((size_t) (last - p) > size) {
        tap_ok(0, "%zu bytes in %zu", (size_t) (last - p), size);
    }

    *last = '\0';

    return (char *) p;
}


/* after the members that every state has */

static char *
rest_of(char *text)
{
    static const char  head[] =
        "{\"v\":2,\"saved\":1700000100000,\"account\":\"AC1\","
        "\"call\":\"CA1\",\"session\":\"VX2\",\"sessions\":2,"
        "\"started\":1700000000000,\"from\":\"+15***01\",\"to\":\"***\","
        "\"direction\":\"inbound\"";

    return (strncmp(text, head, sizeof(head) - 1) == 0)
           ? text + sizeof(head) - 1 : text;
}


static void
act(convrelay_actions_t *o, const convrelay_action_t *a)
{
    char  c;

    switch (a->type) {

    case CONVRELAY_ACT_LOG:
        snprintf(log_line, sizeof(log_line), "%.*s", (int) a->line.len,
                 (char *) a->line.data);
        c = 'L';
        break;

    case CONVRELAY_ACT_CLOSE:
        c = 'X';
        break;

    case CONVRELAY_ACT_START:
        c = 'S';
        break;

    default:
        c = '?';
        break;
    }

    if (nactions < sizeof(actions) - 1) {
        actions[nactions++] = c;
        actions[nactions] = '\0';
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        test_kept(&kept[i]);
        test_truncated(kept[i].text);
        test_memory(kept[i].text);
    }

    for (i = 0; i < sizeof(declined) / sizeof(declined[0]); i++) {
        test_declined(&declined[i]);
    }

    test_numbers();
    test_parameters();
    test_size();
    test_same();
    test_rate();
    test_clock();
    test_stepped(0, "a wall clock that is not set");
    test_another_clock(864000000, "a machine that is up ten days less");
    test_another_clock(0, "a machine that is up as long");
    test_stepped(3600000, "one that is set an hour forward");
    test_stepped(-3600000, "an hour back");
    test_llms();
    test_once();

    return tap_done();
}
