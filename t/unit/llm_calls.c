
/*
 * Copyright (C) convrelay contributors
 *
 * Tool calls of an answer, in all the ways in which servers send them.  Each
 * answer is read whole, split at every byte into two reads, and byte by byte,
 * and again with each allocation of it failing.
 */


#include <stdio.h>

#include "convrelay_llm_api.h"
#include "heap.h"
#include "tap.h"


#define CHUNK(rest)  "data: {\"object\":\"chat.completion.chunk\","         \
                     "\"choices\":[" rest "]}\n\n"
#define DELTA(rest)  CHUNK("{\"index\":0,\"delta\":{" rest "},"              \
                           "\"finish_reason\":null}")
#define TEXT(text)   DELTA("\"content\":\"" text "\"")
#define CALLS(list)  DELTA("\"tool_calls\":[" list "]")
#define FINISH(f)    CHUNK("{\"index\":0,\"delta\":{},"                      \
                           "\"finish_reason\":\"" f "\"}")
#define RUN          FINISH("tool_calls")
#define DONE         "data: [DONE]\n\n"

#define ENTRY(keys, name, args)                                              \
    "{" keys "\"type\":\"function\",\"function\":{\"name\":\"" name          \
    "\",\"arguments\":\"" args "\"}}"
#define MORE(keys, args)                                                     \
    "{" keys "\"function\":{\"arguments\":\"" args "\"}}"

#define I(n)         "\"index\":" #n ","
#define ID(s)        "\"id\":\"" s "\","

#define DAY(d)       "{\\\"day\\\":\\\"" d "\\\"}"


/*
 * want: each call as NAME(ID, ARGUMENTS), with "!" after it where these are
 * not an object, and with the extra of the call; "[extra X]": of the answer.
 */

typedef struct {
    const char               *name;
    const char               *input;
    const char               *want;
    const char               *text;
    convrelay_llm_outcome_e   outcome;
} test_calls_t;


static void test_run(const test_calls_t *t);
static void test_split(const test_calls_t *t, size_t at, size_t step,
    char *got, size_t size);
static void test_without_memory(const test_calls_t *t, size_t step,
    const char *want);
static size_t test_print(char *p, size_t size,
    const convrelay_llm_stream_t *s);
static void test_limits(void);
static void test_limit_together(void);
static void test_limit_extra(void);
static void test_without(void);
static int test_event(convrelay_llm_stream_t *s, const convrelay_str_t *type,
    const convrelay_json_value_t *root, const convrelay_str_t *raw,
    convrelay_str_t *text);
static void test_types(void);


static char  types[256];

static const test_calls_t  tests[] = {

    /* numbers are those of the list of vectors the reader was written to */

    { .name = "20: in pieces",
      .input = DELTA("\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
                     ENTRY(I(0) ID("a"), "hours", "") "]")
               CALLS(MORE(I(0), "{\\\"da"))
               CALLS(MORE(I(0), "y\\\":\\\"Sun\\\"}")) RUN DONE,
      .want = "hours(a, {\"day\":\"Sun\"})" },

    { .name = "20: whole",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", DAY("Sun"))) RUN DONE,
      .want = "hours(a, {\"day\":\"Sun\"})" },

    { .name = "20: two, interleaved",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", ""))
               CALLS(ENTRY(I(1) ID("b"), "price", ""))
               CALLS(MORE(I(0), "{\\\"x\\\"") "," MORE(I(1), "{\\\"y\\\""))
               CALLS(MORE(I(1), ":2}") "," MORE(I(0), ":1}")) RUN DONE,
      .want = "hours(a, {\"x\":1}) price(b, {\"y\":2})" },

    { .name = "20: two entries in one delta",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", DAY("Sat")) ","
                     ENTRY(I(1) ID("b"), "hours", DAY("Sun"))) RUN DONE,
      .want = "hours(a, {\"day\":\"Sat\"}) hours(b, {\"day\":\"Sun\"})" },

    { .name = "20: no index",
      .input = CALLS(ENTRY(ID("a"), "hours", "{"))
               CALLS(MORE("", "}"))
               CALLS(ENTRY(ID("b"), "price", "{}")) RUN DONE,
      .want = "hours(a, {}) price(b, {})" },

    { .name = "20: no index, no id, a call without arguments before another",
      .input = CALLS(ENTRY("", "f", "")) CALLS(ENTRY("", "g", "{}")) RUN DONE,
      .want = "f(call_7_0, {}) g(call_7_1, {})" },

    { .name = "20: no index, no id, and another name after half a call",
      .input = CALLS(ENTRY("", "f", "{")) CALLS(ENTRY("", "g", "{}")) RUN
               DONE,
      .want = "f(call_7_0, {)! g(call_7_1, {})" },

    { .name = "20: no index, pieces by their ids",
      .input = CALLS(ENTRY(ID("a"), "f", "{"))
               CALLS(ENTRY(ID("b"), "g", "["))
               CALLS(MORE(ID("a"), "}") "," MORE(ID("b"), "]")) RUN DONE,
      .want = "f(a, {}) g(b, [])!" },

    { .name = "20: no index, no id",
      .input = CALLS(ENTRY("", "hours", "{}") "," ENTRY("", "price", "{"))
               CALLS(MORE("", "}")) CALLS(ENTRY("", "price", "")) RUN DONE,
      .want = "hours(call_7_0, {}) price(call_7_1, {})" },

    { .name = "20: no index, no id, the name in each piece",
      .input = CALLS(ENTRY("", "hours", "{\\\"a\\\":"))
               CALLS(ENTRY("", "hours", "1}"))
               CALLS(ENTRY("", "hours", "{}")) RUN DONE,
      .want = "hours(call_7_0, {\"a\":1}) hours(call_7_1, {})" },

    { .name = "20: the index begins with 1",
      .input = CALLS(ENTRY(I(1) ID("a"), "hours", "{"))
               CALLS(ENTRY(I(2) ID("b"), "price", "{}"))
               CALLS(MORE(I(1), "}")) RUN DONE,
      .want = "hours(a, {}) price(b, {})" },

    { .name = "20: index 0 twice, with another id",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", "{}"))
               CALLS(ENTRY(I(0) ID("b"), "hours", "{")) CALLS(MORE(I(0), "}"))
               RUN DONE,
      .want = "hours(a, {}) hours(b, {})" },

    { .name = "20: index 0 twice, without an id",
      .input = CALLS(ENTRY(I(0), "hours", DAY("Sat")) ","
                     ENTRY(I(0), "hours", DAY("Sun"))) RUN DONE,
      .want = "hours(call_7_0, {\"day\":\"Sat\"}) "
              "hours(call_7_1, {\"day\":\"Sun\"})" },

    { .name = "20: index 0 for each call, whose name comes in its pieces",
      .input = CALLS(ENTRY(I(0), "hours", "{\\\"a\\\":"))
               CALLS(ENTRY(I(0), "hours", "\\\"}\\\"}"))
               CALLS(ENTRY(I(0), "hours", "")) RUN DONE,
      .want = "hours(call_7_0, {\"a\":\"}\"})" },

    { .name = "20: index 0 twice, and a quote in a string before it",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":\\\"\\\\\\\"}\\\"}"))
               CALLS(ENTRY(I(0), "f", "{\\\"b\\\":1}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":\"\\\"}\"}) f(call_7_1, {\"b\":1})" },

    { .name = "20: ... and a backslash",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":\\\"\\\\\\\\\\\"}"))
               CALLS(ENTRY(I(0), "f", "{\\\"b\\\":1}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":\"\\\\\"}) f(call_7_1, {\"b\":1})" },

    { .name = "20: ... and lists in lists",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":[[1],{}]}"))
               CALLS(ENTRY(I(0), "f", "{\\\"b\\\":1}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":[[1],{}]}) f(call_7_1, {\"b\":1})" },

    { .name = "20: the name in each piece, cut after a bracket in a string",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":\\\"}\\\""))
               CALLS(ENTRY(I(0), "f", ",\\\"b\\\":[\\\"{\\\"]"))
               CALLS(ENTRY(I(0), "f", "}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":\"}\",\"b\":[\"{\"]})" },

    { .name = "20: ... cut in a string and after a backslash",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":\\\"\\\\"))
               CALLS(ENTRY(I(0), "f", "\\\"}"))
               CALLS(ENTRY(I(0), "f", "\\\"}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":\"\\\"}\"})" },

    { .name = "20: ... and a list closed",
      .input = CALLS(ENTRY(I(0), "f", "{\\\"a\\\":[1]"))
               CALLS(ENTRY(I(0), "f", ",\\\"b\\\":{}"))
               CALLS(ENTRY(I(0), "f", "}")) RUN DONE,
      .want = "f(call_7_0, {\"a\":[1],\"b\":{}})" },

    { .name = "20: id and name repeated",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", "{\\\"a\\\""))
               CALLS(ENTRY(I(0) ID("a"), "hours", ":1}")) RUN DONE,
      .want = "hours(a, {\"a\":1})" },

    { .name = "20: an id that is made up for each piece",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", "{\\\"a\\\""))
               CALLS(MORE(I(0) ID("b"), ":1")) CALLS(MORE(I(0) ID("c"), "}"))
               RUN DONE,
      .want = "hours(a, {\"a\":1})" },

    { .name = "20: the id in a later delta",
      .input = CALLS(ENTRY(I(0), "hours", "")) CALLS("{" I(0) "\"id\":\"a\"}")
               CALLS(MORE(I(0), "{}")) RUN DONE,
      .want = "hours(a, {})" },

    { .name = "20: the name in a later delta",
      .input = CALLS("{\"id\":\"a\"}") CALLS(ENTRY("", "hours", "{}")) RUN
               DONE,
      .want = "hours(a, {})" },

    { .name = "20: empty ids, and null",
      .input = CALLS(ENTRY(I(0) ID("a"), "hours", "{"))
               CALLS("{" I(0) "\"id\":\"\",\"function\":{\"name\":\"\","
                     "\"arguments\":\"\"}}")
               CALLS("{" I(0) "\"id\":null,\"type\":null,\"function\":"
                     "{\"name\":null,\"arguments\":\"}\"}}") RUN DONE,
      .want = "hours(a, {})" },

    { .name = "20: arguments null, missing, empty, \"null\"",
      .input = CALLS("{" I(0) ID("a") "\"function\":{\"name\":\"f\","
                     "\"arguments\":null}}")
               CALLS("{" I(1) ID("b") "\"function\":{\"name\":\"f\"}}")
               CALLS(ENTRY(I(2) ID("c"), "f", ""))
               CALLS(ENTRY(I(3) ID("d"), "f", " null")) RUN DONE,
      .want = "f(a, {}) f(b, {}) f(c, {}) f(d, {})" },

    { .name = "20: arguments as an object",
      .input = CALLS("{" I(0) ID("a") "\"function\":{\"name\":\"f\","
                     "\"arguments\":{\"day\": \"S\\u00fcn\", \"n\":[1]}}}")
               RUN DONE,
      .want = "f(a, {\"day\": \"S\\u00fcn\", \"n\":[1]})" },

    { .name = "20: as an object, twice",
      .input = CALLS("{" I(0) ID("a") "\"function\":{\"name\":\"f\","
                     "\"arguments\":{\"n\":1}}}")
               CALLS("{" I(0) ID("a") "\"function\":{\"name\":\"f\","
                     "\"arguments\":{\"n\":1}}}") RUN DONE,
      .want = "f(a, {\"n\":1})" },

    { .name = "20: arguments that are not an object",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "[1]"))
               CALLS(ENTRY(I(1) ID("b"), "f", "{\\\"a\\\":"))
               CALLS(ENTRY(I(2) ID("c"), "f", "Sunday"))
               CALLS("{" I(3) ID("d") "\"function\":{\"name\":\"f\","
                     "\"arguments\":7}}")
               CALLS(ENTRY(I(4) ID("e"), "f", "{\\\"a\\\":\\\"\\n\\\"}"))
               CALLS(ENTRY(I(5) ID("f"), "f", "{}{}")) RUN DONE,
      .want = "f(a, [1])! f(b, {\"a\":)! f(c, Sunday)! f(d, 7)! "
              "f(e, {\"a\":\"\n\"})! f(f, {}{})!" },

    { .name = "20: a character cut in two",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "{\\\"a\\\":\\\"\\ud83d"))
               CALLS(MORE(I(0), "\\ude00\\ud83d\\\"}")) RUN DONE,
      .want = "f(a, {\"a\":\"\xf0\x9f\x98\x80\xef\xbf\xbd\"})" },

    { .name = "20: one in bytes",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "{\\\"a\\\":\\\"\xf0\x9f"))
               CALLS(MORE(I(0), "\x98\x80\\\"}")) RUN DONE,
      .want = "f(a, {\"a\":\"\xf0\x9f\x98\x80\"})" },

    { .name = "20: no name",
      .input = CALLS(MORE(I(0) ID("a"), "{}"))
               CALLS(ENTRY(I(1) ID("b"), "f", "{}")) RUN DONE,
      .want = "f(b, {}) [dropped]" },

    { .name = "20: another type",
      .input = CALLS("{" I(0) ID("a") "\"type\":\"custom\",\"function\":"
                     "{\"name\":\"f\",\"arguments\":\"{}\"}}")
               CALLS(ENTRY(I(1) ID("b"), "f", "{}")) RUN DONE,
      .want = "f(b, {}) [dropped]" },

    { .name = "20: entries that are none",
      .input = DELTA("\"tool_calls\":null") DELTA("\"tool_calls\":{}")
               CALLS("null,7,[]," ENTRY(I(0) ID("a"), "f", "{}")) RUN DONE,
      .want = "f(a, {})" },

    { .name = "20: the old form",
      .input = DELTA("\"content\":null,\"function_call\":{\"name\":\"f\","
                     "\"arguments\":\"\"}")
               DELTA("\"function_call\":{\"arguments\":\"{\\\"a\\\"\"}")
               DELTA("\"function_call\":{\"arguments\":\":1}\"}")
               FINISH("function_call") DONE,
      .want = "f(call_7_0, {\"a\":1})" },

    { .name = "20: in a document",
      .input = "{\"choices\":[{\"message\":{\"content\":\"Hm.\","
               "\"tool_calls\":[" ENTRY(ID("a"), "f", "{}") ","
               ENTRY(ID("b"), "f", "{}") "]},\"finish_reason\":"
               "\"tool_calls\"}]}",
      .want = "f(a, {}) f(b, {})", .text = "Hm." },

    { .name = "20: in the whole message after pieces",
      .input = TEXT("Hm.")
               CHUNK("{\"message\":{\"content\":\"Hm.\",\"tool_calls\":["
                     ENTRY(ID("a"), "f", "{}") "]},\"finish_reason\":"
                     "\"tool_calls\"}") DONE,
      .want = "f(a, {})", .text = "Hm." },

    { .name = "20: in pieces, and again in the whole message",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "{}"))
               CHUNK("{\"message\":{\"tool_calls\":["
                     ENTRY(ID("a"), "f", "{}") "]},\"finish_reason\":"
                     "\"tool_calls\"}") DONE,
      .want = "f(a, {})" },

    { .name = "21: text, then calls",
      .input = TEXT("One moment.") CALLS(ENTRY(I(0) ID("a"), "f", "{}")) RUN
               DONE,
      .want = "f(a, {})", .text = "One moment." },

    { .name = "21: text and a call in one delta",
      .input = DELTA("\"content\":\"One moment.\",\"tool_calls\":["
                     ENTRY(I(0) ID("a"), "f", "{}") "]") RUN DONE,
      .want = "f(a, {})", .text = "One moment." },

    { .name = "21: text in parts and a call",
      .input = DELTA("\"content\":[{\"type\":\"text\",\"text\":\"One \"},"
                     "{\"type\":\"thinking\",\"thinking\":[]},"
                     "{\"type\":\"text\",\"text\":\"moment.\"}],"
                     "\"tool_calls\":[" ENTRY(I(0) ID("a"), "f", "{}") "]")
               RUN DONE,
      .want = "f(a, {})", .text = "One moment." },

    { .name = "21: delta is null",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "{}"))
               CHUNK("{\"index\":0,\"delta\":null,\"finish_reason\":null}")
               CHUNK("{\"index\":0,\"delta\":null,"
                     "\"finish_reason\":\"tool_calls\"}") DONE,
      .want = "f(a, {})" },

    { .name = "21: stop runs them",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) FINISH("stop") DONE,
      .want = "f(a, {})" },
    { .name = "21: and an unknown reason",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) FINISH("end_turn") DONE,
      .want = "f(a, {})" },
    { .name = "21: and [DONE] without a reason",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) DONE, .want = "f(a, {})" },
    { .name = "21: and a reason without [DONE]",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) RUN, .want = "f(a, {})" },

    { .name = "21: a limit runs none",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) FINISH("length") DONE,
      .want = "", .outcome = CONVRELAY_LLM_EMPTY },
    { .name = "21: nor with text",
      .input = TEXT("Hm.") CALLS(ENTRY(ID("a"), "f", "{}")) FINISH("length")
               DONE,
      .want = "", .text = "Hm.", .outcome = CONVRELAY_LLM_COMPLETE },
    { .name = "21: nor a filter",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) FINISH("content_filter")
               DONE,
      .want = "[FAILED content_filter]", .outcome = CONVRELAY_LLM_FAILED },
    { .name = "21: nor an error",
      .input = CALLS(ENTRY(ID("a"), "f", "{}"))
               "data: {\"error\":{\"message\":\"m\",\"code\":\"c\"}}\n\n" DONE,
      .want = "[FAILED c]", .outcome = CONVRELAY_LLM_FAILED },
    { .name = "21: nor an answer that breaks off",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")),
      .want = "[FAILED no_answer]", .outcome = CONVRELAY_LLM_FAILED },
    { .name = "21: nor after some text",
      .input = TEXT("Hm.") CALLS(ENTRY(ID("a"), "f", "{}")),
      .want = "", .text = "Hm.", .outcome = CONVRELAY_LLM_TRUNCATED },

    { .name = "21: the reason without a call",
      .input = RUN DONE, .want = "", .outcome = CONVRELAY_LLM_EMPTY },
    { .name = "21: the reason, and a call without a name",
      .input = CALLS(MORE(ID("a"), "{}")) RUN DONE, .want = "[dropped]",
      .outcome = CONVRELAY_LLM_EMPTY },

    { .name = "22: Gemini's call",
      .input = CALLS("{" ID("a") "\"type\":\"function\",\"function\":"
                     "{\"name\":\"f\",\"arguments\":\"{}\"},"
                     "\"extra_content\":{\"google\":"
                     "{\"thought_signature\": \"QkF\\u003d\"}}}")
               FINISH("stop") DONE,
      .want = "f(a, {}){\"google\":{\"thought_signature\": "
              "\"QkF\\u003d\"}}" },
    { .name = "22: its signature in a delta of its own",
      .input = CALLS(ENTRY(I(0) ID("a"), "f", "{}"))
               CALLS("{" I(0) "\"extra_content\":{\"google\":1}}")
               FINISH("stop") DONE,
      .want = "f(a, {}){\"google\":1}" },
    { .name = "22: without an index",
      .input = CALLS(ENTRY(ID("a"), "f", "{}") "," ENTRY(ID("b"), "g", "{}"))
               CALLS("{\"extra_content\":{\"google\":1}}")
               FINISH("stop") DONE,
      .want = "f(a, {}) g(b, {}){\"google\":1}" },
    { .name = "22: without a call",
      .input = DELTA("\"content\":\"Hi.\",\"extra_content\":{\"google\":1}")
               DELTA("\"content\":\"\",\"extra_content\":{\"google\":{}}")
               DELTA("\"extra_content\":null") FINISH("stop") DONE,
      .want = "[extra {\"google\":{}}]", .text = "Hi.",
      .outcome = CONVRELAY_LLM_COMPLETE },
    { .name = "22: in the whole message, after its pieces",
      .input = DELTA("\"content\":\"Hi.\"")
               CHUNK("{\"finish_reason\":\"stop\",\"message\":"
                     "{\"content\":\"Hi.\",\"extra_content\":{\"a\":1}}}")
               DONE,
      .want = "[extra {\"a\":1}]", .text = "Hi.",
      .outcome = CONVRELAY_LLM_COMPLETE },
    { .name = "22: a label of thoughts is none, the signature is one",
      .input = DELTA("\"content\":\"\",\"extra_content\":"
                     "{\"google\":{\"thought\":true}}")
               DELTA("\"content\":\"Hi.\",\"extra_content\":"
                     "{\"google\":{\"thought_signature\":\"A\"}}")
               DELTA("\"content\":\"\",\"extra_content\":"
                     "{\"google\":{\"thought\":true}}")
               FINISH("stop") DONE,
      .want = "[extra {\"google\":{\"thought_signature\":\"A\"}}]",
      .text = "Hi.", .outcome = CONVRELAY_LLM_COMPLETE },
    { .name = "22: one that is not JSON for all",
      .input = CALLS("{" ID("a") "\"function\":{\"name\":\"f\"},"
                     "\"extra_content\":{\"a\":\"\t\"}}")
               FINISH("stop") DONE,
      .want = "f(a, {})" },

    { .name = "23: a finish that comes twice",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) RUN RUN DONE,
      .want = "f(a, {})" },
    { .name = "23: calls after it are ignored",
      .input = CALLS(ENTRY(ID("a"), "f", "{}")) RUN
               CALLS(ENTRY(ID("b"), "f", "{}")) DONE,
      .want = "f(a, {})" },
    { .name = "23: a call with it is not",
      .input = CHUNK("{\"finish_reason\":\"tool_calls\",\"delta\":"
                     "{\"tool_calls\":[" ENTRY(ID("a"), "f", "{}") "]}}")
               DONE,
      .want = "f(a, {})" },

    { .name = "limits: as many calls as there may be",
      .input = CALLS(ENTRY(ID("1"), "f", "") "," ENTRY(ID("2"), "f", "") ","
                     ENTRY(ID("3"), "f", "") "," ENTRY(ID("4"), "f", "") ","
                     ENTRY(ID("5"), "f", "") "," ENTRY(ID("6"), "f", ""))
               RUN DONE,
      .want = "f(1, {}) f(2, {}) f(3, {}) f(4, {}) f(5, {}) f(6, {})" },
    { .name = "limits: one more",
      .input = CALLS(ENTRY(ID("1"), "f", "") "," ENTRY(ID("2"), "f", "") ","
                     ENTRY(ID("3"), "f", "") "," ENTRY(ID("4"), "f", "") ","
                     ENTRY(ID("5"), "f", "") "," ENTRY(ID("6"), "f", "") ","
                     ENTRY(ID("7"), "f", ""))
               RUN DONE,
      .want = "[FAILED too_large]", .outcome = CONVRELAY_LLM_FAILED }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_run(&tests[i]);
    }

    test_limits();
    test_limit_together();
    test_limit_extra();
    test_without();
    test_types();

    return tap_done();
}


static void
test_run(const test_calls_t *t)
{
    char      want[2048], got[2048];
    size_t    at, len;
    unsigned  bad;

    len = strlen(t->input);

    (void) snprintf(want, sizeof(want), "%u \"%s\" %s",
                    t->outcome ? t->outcome
                               : (t->want[0] && t->want[0] != '['
                                  ? CONVRELAY_LLM_CALLS : 0),
                    t->text ? t->text : "", t->want);

    test_split(t, len, len, got, sizeof(got));
    tap_is(got, strlen(got), want, strlen(want), t->name);

    test_split(t, 1, 1, got, sizeof(got));
    tap_ok(strcmp(got, want) == 0, "%s, byte by byte", t->name);

    bad = 0;

    for (at = 1; at < len; at++) {
        test_split(t, at, len, got, sizeof(got));
        bad += (strcmp(got, want) != 0);
    }

    tap_ok(bad == 0, "%s, split at every byte", t->name);

    test_without_memory(t, len, want);
    test_without_memory(t, 7, want);
}


/*
 * The answer is what it is with memory, or it lacks what is opaque in it, or it
 * fails as one without memory.  No call of half an answer is run, and nothing
 * is left.
 */

static void
test_without_memory(const test_calls_t *t, size_t step, const char *want)
{
    long         n, live;
    char         got[2048];
    size_t       len;
    unsigned     bad;
    const char  *extra;

    bad = 0;
    extra = strstr(want, "[extra");
    len = extra ? (size_t) (extra - want) : strlen(want);

    for (n = 0; /* void */ ; n++) {
        live = heap.live;
        heap.failed = 0;
        heap.countdown = n;

        test_split(t, step, step, got, sizeof(got));

        heap.countdown = -1;

        if (heap.live != live) {
            printf("# allocation %ld: %ld blocks are left\n", n,
                   heap.live - live);
            bad++;
        }

        if (!heap.failed) {
            break;
        }

        if (strcmp(got, want) != 0
            && (strncmp(got, want, len) != 0 || got[len] != '\0')
            && (strchr(got, '(') || strstr(got, "[FAILED no_memory]") == NULL))
        {
            printf("# allocation %ld: %s\n", n, got);
            bad++;
        }
    }

    tap_ok(bad == 0, "%s, by %zu, each of %ld allocations fails", t->name,
           step, n);
}


/* reads of at bytes, then of step bytes each */

static void
test_split(const test_calls_t *t, size_t at, size_t step, char *got,
    size_t size)
{
    int                       rc;
    char                      text[256];
    size_t                    off, n, len, total;
    u_char                   *p, *pos;
    convrelay_str_t           str;
    convrelay_llm_stream_t    s;
    convrelay_llm_outcome_e   outcome;

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

    s.max_calls = 6;
    s.turn = 7;

    total = strlen(t->input);
    len = 0;
    n = at;
    rc = CONVRELAY_AGAIN;

    for (off = 0; off < total && rc == CONVRELAY_AGAIN; off += n) {
        n = off ? step : at;
        n = (total - off < n) ? total - off : n;

        p = malloc(n);
        memcpy(p, t->input + off, n);
        pos = p;

        do {
            heap.armed = 1;
            rc = convrelay_llm_stream_read(&s, &pos, p + n, &str);
            heap.armed = 0;

            if (rc == CONVRELAY_OK) {
                memcpy(text + len, str.data, str.len);
                len += str.len;
            }

        } while (rc == CONVRELAY_OK);

        free(p);
    }

    do {
        heap.armed = 1;
        rc = convrelay_llm_stream_end(&s, &str);
        heap.armed = 0;

        if (rc == CONVRELAY_OK) {
            memcpy(text + len, str.data, str.len);
            len += str.len;
        }

    } while (rc == CONVRELAY_OK);

    outcome = convrelay_llm_outcome(&s, 1);

    n = snprintf(got, size, "%u \"%.*s\" ", outcome, (int) len, text);
    (void) test_print(got + n, size - n, &s);

    convrelay_llm_stream_free(&s);
    convrelay_llm_stream_free(&s);
}


static size_t
test_print(char *p, size_t size, const convrelay_llm_stream_t *s)
{
    size_t                       i, n;
    const convrelay_llm_call_t  *c;

    n = 0;
    p[0] = '\0';

    for (i = 0; i < s->ncalls; i++) {
        c = &s->calls[i];

        n += snprintf(p + n, size - n, "%s%.*s(%.*s, %.*s)%s%.*s",
                      i ? " " : "", (int) c->name.len, c->name.data,
                      (int) c->id.len, c->id.data, (int) c->arguments.len,
                      c->arguments.data, c->valid ? "" : "!",
                      (int) c->extra.len, c->extra.data);
    }

    if (s->dropped) {
        n += snprintf(p + n, size - n, "%s[dropped]", n ? " " : "");
    }

    if (s->extra.len) {
        n += snprintf(p + n, size - n, "[extra %.*s]", (int) s->extra.len,
                      s->extra.data);
    }

    if (s->failed) {
        n += snprintf(p + n, size - n, "[FAILED %s]",
                      s->error ? s->error->code : "no_memory");
    }

    return n;
}


/* of the calls of an answer, with all their parts */

static void
test_limits(void)
{
    int                      diff, rc;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const char  input[] =
        CALLS(ENTRY(I(0) ID("abc"), "f", "{"))
        CALLS(MORE(I(0), "\\\"a\\\":1}")) RUN DONE;

    static char  copy[sizeof(input)];

    for (diff = -1; diff <= 1; diff++) {
        memcpy(copy, input, sizeof(input));

        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        s.max_calls = 1;
        s.max_call = sizeof("abc" "f" "{\"a\":1}") - 1 + diff;

        pos = (u_char *) copy;
        rc = convrelay_llm_stream_read(&s, &pos,
                                       pos + sizeof(input) - 1, &text);

        if (diff < 0) {
            tap_ok(rc == CONVRELAY_ERROR
                   && strcmp(s.error->code, "too_large") == 0
                   && strcmp(s.error->message,
                             "has tool calls that are too long") == 0
                   && s.ncalls == 0, "a call that is too long");

        } else {
            tap_ok(rc == CONVRELAY_DONE && s.ncalls == 1,
                   "a call within the limit, by %d", diff);
        }

        convrelay_llm_stream_free(&s);
    }
}


/* of several calls, whose pieces take turns */

static void
test_limit_together(void)
{
    int                      diff, rc;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const char  input[] =
        CALLS(ENTRY(I(0) ID("abc"), "f", "{"))
        CALLS(ENTRY(I(1) ID("def"), "f", "{"))
        CALLS(MORE(I(0), "\\\"a\\\":1}"))
        CALLS(MORE(I(1), "\\\"a\\\":2}")) RUN DONE;

    static char  copy[sizeof(input)];

    for (diff = -1; diff <= 0; diff++) {
        memcpy(copy, input, sizeof(input));

        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        s.max_calls = 2;
        s.max_call = 2 * (sizeof("abc" "f" "{\"a\":1}") - 1) + diff;

        pos = (u_char *) copy;
        rc = convrelay_llm_stream_read(&s, &pos,
                                       pos + sizeof(input) - 1, &text);

        tap_ok(diff ? rc == CONVRELAY_ERROR && s.ncalls == 0
                    : rc == CONVRELAY_DONE && s.ncalls == 2,
               "two calls, by %d of their limit", diff);

        convrelay_llm_stream_free(&s);
    }
}


/* of an extra: one that is too long is left out, the answer is not */

static void
test_limit_extra(void)
{
    int                      rc;
    size_t                   max;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const char  input[] = DELTA("\"extra_content\":{\"a\":1}") DONE;
    static char        copy[sizeof(input)];

    for (max = sizeof("{\"a\":1}") - 2; max < sizeof("{\"a\":1}"); max++) {
        memcpy(copy, input, sizeof(input));

        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        s.max_call = max;

        pos = (u_char *) copy;
        rc = convrelay_llm_stream_read(&s, &pos, pos + sizeof(input) - 1,
                                       &text);

        tap_ok(rc == CONVRELAY_DONE && s.extra.len == (max < 7 ? 0 : max),
               "an extra, limit %zu", max);

        convrelay_llm_stream_free(&s);
    }
}


/* where nothing runs them, they are not collected; what goes back with the
   answer is */

static void
test_without(void)
{
    int                      rc;
    u_char                   input[] = TEXT("a")
                                       CALLS(ENTRY(I(0) ID("a"), "f", "{}"))
                                       DELTA("\"extra_content\":{\"a\":1}")
                                       RUN DONE;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

    pos = input;

    do {
        rc = convrelay_llm_stream_read(&s, &pos, input + sizeof(input) - 1,
                                       &text);
    } while (rc == CONVRELAY_OK);

    tap_ok(s.collect == NULL && s.ncalls == 0 && s.tools
           && convrelay_llm_outcome(&s, 1) == CONVRELAY_LLM_COMPLETE,
           "without a number of calls they are only noticed");
    tap_ok(convrelay_str_is(&s.extra, "{\"a\":1}"), "an extra is read");

    convrelay_llm_stream_free(&s);
}


/* what a stream calls its events is handed on */

static int
test_event(convrelay_llm_stream_t *s, const convrelay_str_t *type,
    const convrelay_json_value_t *root, const convrelay_str_t *raw,
    convrelay_str_t *text)
{
    size_t  n;

    (void) s;
    (void) root;
    (void) raw;
    (void) text;

    n = strlen(types);

    (void) snprintf(types + n, sizeof(types) - n, "%.*s|", (int) type->len,
                    type->data);

    return CONVRELAY_AGAIN;
}


static void
test_types(void)
{
    size_t                   i;
    u_char                   c;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const convrelay_llm_api_t  api = {
        convrelay_string("test"), NULL, NULL, test_event
    };

    static const char  input[] =
        "event: response.created\ndata: {}\n\ndata: {}\n\n"
        "event: a\n\nevent: b\nevent:c\ndata: {}\n\ndata: {}\nevent: d\n\n"
        "event: 0123456789012345678901234567890123456789012345678901234567"
        "890123456789\ndata: {}\n\n";

    static const char  want[] =
        "response.created||c|d|0123456789012345678901234567890123456789"
        "012345678901234567890123|";

    convrelay_llm_stream_init(&s, &api, 200);

    for (i = 0; i < sizeof(input) - 1; i++) {
        c = input[i];
        pos = &c;

        (void) convrelay_llm_stream_read(&s, &pos, pos + 1, &text);
    }

    tap_is(types, strlen(types), want, strlen(want), "the types of events");

    convrelay_llm_stream_free(&s);
}
