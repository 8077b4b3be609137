
/*
 * Copyright (C) convrelay contributors
 *
 * Each thing that goes wrong: from how many on it is said, how bad it is,
 * and with which figures.
 */


#include "convrelay_metric_report.h"
#include "tap.h"


#define NONE   0
#define WARN   (1 + CONVRELAY_METRIC_WARNING)
#define BAD    (1 + CONVRELAY_METRIC_TROUBLE)

#define W(id)  CONVRELAY_METRIC_##id


typedef struct {
    unsigned     word;
    unsigned     n;
} count_t;


typedef struct {
    const char  *kind;
    unsigned     level;
    const char  *text;         /* a part of the sentence */
    count_t      counts[5];
} test_cause_t;


static void test_case(const test_cause_t *t);
static void test_all(void);
static void test_order(void);
static void test_llms(void);
static void test_tools(void);
static void test_name(void);
static void test_long(void);
static void test_aways(void);
static void test_html(void);
static unsigned causes_of(convrelay_metric_t *words,
    convrelay_metric_cause_t *causes);


static const test_cause_t  tests[] = {
    { "zone_full", BAD, " 1 call was refused",
      { { W(REFUSED_ZONE_FULL), 1 } } },

    { "signature", WARN, "1 of 2 requests had no valid",
      { { W(REFUSED_SIGNATURE), 1 }, { W(WEBHOOK_2XX), 1 },
        { W(WEBHOOK_403), 1 } } },
    { "signature", WARN, "1 of 1 request had no valid",
      { { W(REFUSED_SIGNATURE), 1 }, { W(WEBHOOK_403), 1 } } },
    { "signature", WARN, "2 of 2 requests had no valid",
      { { W(REFUSED_SIGNATURE), 2 }, { W(WEBHOOK_403), 2 } } },
    { "signature", BAD, "3 of 4 requests had no valid",
      { { W(REFUSED_SIGNATURE), 3 }, { W(WEBHOOK_5XX), 1 },
        { W(WEBHOOK_403), 3 } } },
    { "signature", BAD, "3 of 4 requests had no valid",
      { { W(REFUSED_SIGNATURE), 3 }, { W(SESSION_HANGUP), 1 } } },
    { "signature", WARN, "1 of 2 requests had no valid",
      { { W(REFUSED_SIGNATURE), 1 }, { W(SESSION_ERROR), 1 } } },

    { "llm_key", WARN, "refused the API key in 1 of 20 turns",
      { { W(LLM_KEY), 1 }, { W(TURN_COMPLETE), 19 }, { W(TURN_FAILED), 1 } } },
    { "llm_key", BAD, "refused the API key in 1 of 19 turns",
      { { W(LLM_KEY), 1 }, { W(TURN_ABANDONED), 18 },
        { W(TURN_FAILED), 1 } } },
    { "llm_key", BAD, "refused the API key in 1 of 1 turn (",
      { { W(LLM_KEY), 2 }, { W(TURN_FAILED), 1 } } },
    { "llm_key", BAD, "refused the API key in 2 of 2 turns (",
      { { W(LLM_KEY), 2 } } },
    { "llm_rate", BAD, "was reached in 3 of 4 turns",
      { { W(LLM_RATE), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_unreachable", BAD, " in 3 of 4 turns",
      { { W(LLM_CONNECT), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_timeout", BAD, "timed out in 3 of 4 turns",
      { { W(LLM_TIMEOUT), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_too_slow", BAD, "was too slow in 3 of 4 turns",
      { { W(LLM_TOO_SLOW), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_5xx", BAD, " in 3 of 4 turns (5xx)",
      { { W(LLM_STATUS_5XX), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_4xx", BAD, " in 3 of 4 turns (4xx)",
      { { W(LLM_STATUS_4XX), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_rejected", BAD, "rejected the request in 3 of 4 turns",
      { { W(LLM_REJECTED), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_stream", BAD, "instead of an answer in 3 of 4 turns",
      { { W(LLM_STREAM), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_truncated", BAD, "broke off in 3 of 4 turns",
      { { W(LLM_TRUNCATED), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_empty", BAD, "was empty in 3 of 4 turns",
      { { W(LLM_EMPTY), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_encoded", BAD, "was compressed in 3 of 4 turns",
      { { W(LLM_ENCODED), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_too_large", BAD, "convrelay_max_response_size in 3 of 4 turns",
      { { W(LLM_TOO_LARGE), 3 }, { W(TURN_COMPLETE), 4 } } },
    { "llm_failed", BAD, "failed here in 3 of 4 turns",
      { { W(LLM_OTHER), 3 }, { W(TURN_COMPLETE), 4 } } },

    /* bucket 7 ends at 1.28 s */

    { "llm_slow", NONE, "", { { W(FIRST_WORD) + 8, 1 } } },
    { "llm_slow", NONE, "",
      { { W(FIRST_WORD) + 7, 2 }, { W(FIRST_WORD) + 8, 1 } } },
    { "llm_slow", NONE, "",
      { { W(FIRST_WORD), 19 }, { W(FIRST_WORD) + 8, 2 } } },
    { "llm_slow", WARN, "after more than 1.28 s in 2 of 20 turns, p50 "
      "is 0.0 s and p95 1.9 s (",
      { { W(FIRST_WORD), 18 }, { W(FIRST_WORD) + 8, 2 } } },
    { "llm_slow", WARN, " in 2 of 5 turns, p50 is 1.1 s",
      { { W(FIRST_WORD) + 7, 3 }, { W(FIRST_WORD) + 14, 2 } } },
    { "llm_slow", BAD, " in 2 of 4 turns, p50 is 1.2 s and p95 2.4 s (",
      { { W(FIRST_WORD) + 7, 2 }, { W(FIRST_WORD) + 8, 2 } } },
    { "llm_slow", BAD, " s; its response begins after 0.4 s (",
      { { W(FIRST_WORD) + 14, 2 }, { W(LLM_FIRST_BYTE) + 6, 1 } } },

    { "flood", BAD, "3 of 5 sessions sent too many messages (1) or prompts "
      "(2)", { { W(LIMIT_FRAME_RATE), 1 }, { W(LIMIT_TURN_RATE), 2 },
               { W(SESSION_TOO_FAST), 3 }, { W(SESSION_HANGUP), 2 } } },
    { "flood", BAD, "1 of 1 session sent too many messages (1)",
      { { W(LIMIT_FRAME_RATE), 1 } } },
    { "limit_calls", BAD, ": 1 was refused by convrelay_limit_calls",
      { { W(REFUSED_LIMIT_CALLS), 1 } } },

    { "ticket", WARN, "1 call had no valid ticket",
      { { W(REFUSED_TICKET), 1 } } },
    { "ticket", WARN, "11 calls had no valid ticket",
      { { W(REFUSED_TICKET), 11 } } },
    { "origin", WARN, "1 socket was opened by a page",
      { { W(REFUSED_ORIGIN), 1 } } },
    { "handshake", WARN, "1 request was not a WebSocket handshake. A",
      { { W(REFUSED_HANDSHAKE), 1 } } },
    { "handshake", WARN, "2 requests were not WebSocket handshakes. A",
      { { W(REFUSED_HANDSHAKE), 2 } } },
    { "second_socket", WARN, "1 socket was refused because its call",
      { { W(REFUSED_SECOND_SOCKET), 1 } } },
    { "second_socket", WARN, "2 sockets were refused because their call",
      { { W(REFUSED_SECOND_SOCKET), 2 } } },

    { "unknown_tool", WARN, "tools that do not exist, 2 times",
      { { W(UNKNOWN_TOOLS), 2 } } },

    { "dropped", NONE, "", { { W(SESSION_DROPPED), 1 } } },
    { "dropped", NONE, "",
      { { W(SESSION_DROPPED), 2 }, { W(SESSION_HANGUP), 18 } } },
    { "dropped", WARN, "2 of 19 sessions were lost: the connection broke (2), "
      "went silent (0) or did not accept data (0)",
      { { W(SESSION_DROPPED), 2 }, { W(SESSION_HANGUP), 17 } } },
    { "dropped", WARN, "6 of 6 sessions were lost: the connection broke (1), "
      "went silent (2) or did not accept data (3)",
      { { W(SESSION_DROPPED), 1 }, { W(SESSION_SILENT), 2 },
        { W(SESSION_SLOW), 3 } } },
    { "dropped", WARN, "3 of 3 sessions were lost: the connection broke (2), "
      "went silent (0) or did not accept data (1)",
      { { W(SESSION_DROPPED), 1 }, { W(BROWSER_DROPPED), 1 },
        { W(BROWSER_SLOW), 1 } } },
    { "error", BAD, "1 session was ended by an error of this server",
      { { W(SESSION_ERROR), 1 }, { W(SESSION_HANGUP), 1000 } } },

    { "twilio", WARN, "Twilio reported error 64101 1 time.",
      { { W(TWILIO_64101), 1 } } },
    { "twilio", WARN, "Twilio reported error 64110 2 times",
      { { W(TWILIO_64110), 2 } } },
    { "twilio", WARN, "Twilio reported errors 3 times",
      { { W(TWILIO_OTHER), 3 } } },

    { "webhook", BAD, "1 of 3 webhook requests failed here",
      { { W(WEBHOOK_5XX), 1 }, { W(WEBHOOK_2XX), 2 } } },
    { "webhook", BAD, "2 of 4 webhook requests failed here",
      { { W(WEBHOOK_5XX), 1 }, { W(ACTION_5XX), 1 }, { W(ACTION_2XX), 2 } } }
};


static convrelay_metric_location_t  location, other;
static convrelay_metric_part_t      tools[3], llms[3];
static unsigned                     ntools, nllms;


int
main(void)
{
    size_t  i;

    convrelay_str_set(&location.server, "a.example");
    convrelay_str_set(&location.location, "/ws");

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_case(&tests[i]);
    }

    test_all();
    test_order();
    test_llms();
    test_tools();
    test_name();
    test_long();
    test_aways();
    test_html();

    return tap_done();
}


static unsigned
causes_of(convrelay_metric_t *words, convrelay_metric_cause_t *causes)
{
    convrelay_metric_report_t  r;

    memset(&r, 0, sizeof(convrelay_metric_report_t));

    location.recent = words;
    location.words = words;

    r.locations = &location;
    r.nlocations = 1;
    r.llms = llms;
    r.nllms = nllms;
    r.tools = tools;
    r.ntools = ntools;

    return convrelay_metric_causes(&r, causes);
}


static void
test_case(const test_cause_t *t)
{
    size_t                             i;
    unsigned                           n, level;
    const char                        *text;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    memset(words, 0, sizeof(words));

    for (i = 0; i < 5; i++) {
        words[t->counts[i].word] += t->counts[i].n;
    }

    n = causes_of(words, causes);

    level = NONE;
    text = "";

    for (i = 0; i < n; i++) {

        if (strcmp(causes[i].kind, t->kind) == 0) {
            level = 1 + causes[i].level;
            text = causes[i].text;
        }
    }

    tap_ok(level == t->level, "%s is of level %u", t->kind, t->level);

    if (!tap_ok(strstr(text, t->text) != NULL, "\"%s\"", t->text)) {
        printf("# %s\n", text);
    }

    if (level) {
        n = sizeof(" (location \"/ws\" of a.example).") - 1;

        tap_ok(strcmp(text + strlen(text) - n,
                      " (location \"/ws\" of a.example).") == 0,
               "and it names the location");
    }
}


/* no counter of trouble is without a rule, and none of anything else has one */

static void
test_all(void)
{
    unsigned                           i, n, bad;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    static const unsigned  well[] = {
        W(SESSION_HANGUP), W(SESSION_ENDED), W(SESSION_PROTOCOL),
        W(SESSION_TOO_FAST), W(SESSION_NO_SETUP), W(SESSION_REFUSED),
        W(SESSION_REPLACED), W(SESSION_TOO_LONG), W(SESSION_SHUTDOWN),
        W(TURN_COMPLETE), W(TURN_EMPTY), W(TURN_TRUNCATED), W(TURN_FAILED),
        W(TURN_REJECTED), W(TURN_INTERRUPTED), W(TURN_SUPERSEDED),
        W(TURN_ABANDONED), W(TOKENS), W(LLM_NEW), W(LLM_KEPT), W(LLM_NONE),
        W(LLM_INPUT), W(LLM_OUTPUT), W(LLM_CACHED), W(TOOL_ROUNDS),
        W(MESSAGE_UNKNOWN), W(MESSAGE_INVALID), W(WEBHOOK_2XX),
        W(WEBHOOK_403), W(WEBHOOK_4XX), W(LIMIT_MESSAGE_SIZE),
        W(BROWSER_HANGUP), W(BROWSER_SHUTDOWN), W(ACTION_2XX), W(ACTION_403),
        W(PROMPTS), W(INTERRUPTS), W(KEYS),
        W(LIMIT_CALL_TIME), W(TURN_SECONDS) + 14, W(SESSION_SECONDS) + 14,
        W(FIRST_WORD) + 7
    };

    bad = 0;

    for (i = 0; i < sizeof(well) / sizeof(well[0]); i++) {
        memset(words, 0, sizeof(words));
        words[well[i]] = 100;

        n = causes_of(words, causes);

        if (n) {
            printf("# %s\n", causes[0].text);
            bad++;
        }
    }

    tap_ok(bad == 0, "%u counters are not trouble", i);
}


/* the worst first, and of equals the one that costs callers more; the least bad
   one makes room */

static void
test_order(void)
{
    unsigned                           i, n;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES + 1];

    memset(words, 0, sizeof(words));
    memset(causes, '#', sizeof(causes));

    words[W(REFUSED_TICKET)] = 1;
    words[W(REFUSED_ORIGIN)] = 1;
    words[W(WEBHOOK_5XX)] = 1;
    words[W(REFUSED_ZONE_FULL)] = 1;

    n = causes_of(words, causes);

    tap_ok(n == 4 && strcmp(causes[0].kind, "zone_full") == 0
           && strcmp(causes[1].kind, "webhook") == 0
           && strcmp(causes[2].kind, "ticket") == 0
           && strcmp(causes[3].kind, "origin") == 0,
           "two bad ones, then two warnings, each in the order of the rules");
    tap_ok(causes[0].location == &location && causes[3].location == &location,
           "each is of its location");

    /* eleven bad ones and three warnings */

    for (i = W(TWILIO_64101); i <= W(TWILIO_64102); i++) {
        words[i] = 1;
    }

    for (i = W(LLM_CONNECT); i <= W(LLM_STREAM); i++) {
        words[i] = 1;
    }

    memset(causes, '#', sizeof(causes));
    n = causes_of(words, causes);

    tap_ok(n == CONVRELAY_METRIC_MAX_CAUSES
           && causes[10].level == CONVRELAY_METRIC_TROUBLE
           && strcmp(causes[10].kind, "webhook") == 0
           && strcmp(causes[11].kind, "ticket") == 0,
           "the first of the warnings is the last one for which there is room");

    /* thirteen bad ones */

    words[W(SESSION_ERROR)] = 1;
    words[W(REFUSED_LIMIT_CALLS)] = 1;

    memset(causes, '#', sizeof(causes));
    n = causes_of(words, causes);

    tap_ok(n == CONVRELAY_METRIC_MAX_CAUSES
           && strcmp(causes[10].kind, "limit_calls") == 0
           && strcmp(causes[11].kind, "error") == 0,
           "no warning has any");

    tap_ok(causes[CONVRELAY_METRIC_MAX_CAUSES].text[0] == '#'
           && causes[CONVRELAY_METRIC_MAX_CAUSES].level == 0x23232323,
           "nothing is written past them");
}


/* one is "the LLM", of several each has its name */

static void
test_llms(void)
{
    unsigned                           i, n;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    convrelay_metric_t                 counts[3][CONVRELAY_METRIC_LLM_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    memset(words, 0, sizeof(words));
    memset(counts, 0, sizeof(counts));

    for (i = 0; i < 3; i++) {
        llms[i].location = &location;
        llms[i].recent = counts[i];
        llms[i].words = counts[i];
    }

    convrelay_str_set(&llms[0].name, "openai");
    convrelay_str_set(&llms[1].name, "backup");
    convrelay_str_set(&llms[2].name, "elsewhere");
    llms[1].location = &other;
    llms[2].location = &other;
    nllms = 3;

    words[W(TURN_COMPLETE)] = 30;
    words[W(LLM_KEY)] = 1;
    counts[0][W(LLM_KEY) - W(LLM)] = 1;
    counts[1][W(LLM_CONNECT) - W(LLM)] = 7;

    n = causes_of(words, causes);

    tap_ok(n == 1 && strstr(causes[0].text, "in 1 of 30 turns")
           && strstr(causes[0].text, " (location \"/ws\" of a.example)."),
           "%s", causes[0].text);

    llms[1].location = &location;
    words[W(LLM_CONNECT)] = 7;

    n = causes_of(words, causes);

    tap_ok(n == 2 && strcmp(causes[0].kind, "llm_unreachable") == 0
           && strstr(causes[0].text, "in 7 of 30 turns")
           && strstr(causes[0].text, " (upstream \"backup\", location "
                                     "\"/ws\" of a.example)."),
           "%s", causes[0].text);
    tap_ok(n == 2 && strcmp(causes[1].kind, "llm_key") == 0
           && strstr(causes[1].text, " (upstream \"openai\", location "),
           "%s", causes[1].text);

    words[W(REFUSED_ORIGIN)] = 1;

    n = causes_of(words, causes);

    tap_ok(n == 3 && strcmp(causes[2].kind, "origin") == 0
           && strstr(causes[2].text, "upstream") == NULL,
           "other causes are not of an LLM");

    nllms = 0;
}


/* of those of the location each that fails, one in ten is bad */

static void
test_tools(void)
{
    unsigned                           i, n;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    convrelay_metric_t                 counts[3][CONVRELAY_METRIC_TOOL_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    memset(words, 0, sizeof(words));
    memset(counts, 0, sizeof(counts));

    for (i = 0; i < 3; i++) {
        tools[i].location = &location;
        tools[i].recent = counts[i];
        tools[i].words = counts[i];
    }

    convrelay_str_set(&tools[0].name, "book");
    convrelay_str_set(&tools[1].name, "look");
    convrelay_str_set(&tools[2].name, "pay");
    ntools = 3;

    counts[0][W(TOOL_OK)] = 9;
    counts[1][W(TOOL_OK)] = 8;

    tap_ok(causes_of(words, causes) == 0, "tools that work");

    counts[0][W(TOOL_STATUS)] = 1;
    counts[1][W(TOOL_STATUS)] = 1;
    counts[2][W(TOOL_STATUS)] = 1;
    tools[2].location = &other;

    n = causes_of(words, causes);

    tap_ok(n == 2 && causes[0].level == CONVRELAY_METRIC_TROUBLE
           && strcmp(causes[0].kind, "tool") == 0
           && strstr(causes[0].text, "\"look\" failed in 1 of 9 requests"),
           "%s", causes[0].text);
    tap_ok(n == 2 && causes[1].level == CONVRELAY_METRIC_WARNING
           && strstr(causes[1].text, "\"book\" failed in 1 of 10 requests"),
           "%s", causes[1].text);

    counts[0][W(TOOL_ARGUMENTS)] = 1;

    (void) causes_of(words, causes);

    tap_ok(strstr(causes[0].text, "\"book\" failed in 2 of 11 requests")
           != NULL,
           "half of them: %s", causes[0].text);

    counts[0][W(TOOL_ARGUMENTS)] = 2;

    (void) causes_of(words, causes);

    tap_ok(strstr(causes[0].text, "The LLM called the tool \"book\" with wrong "
                                  "arguments in 2 of 12 calls") != NULL,
           "most of them: %s", causes[0].text);

    ntools = 0;
}


static void
test_name(void)
{
    u_char                             name[66];
    char                               want[128];
    const char                        *text;
    convrelay_str_t                    was, server;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    memset(words, 0, sizeof(words));
    words[W(REFUSED_ORIGIN)] = 1;

    was = location.location;
    server = location.server;

    memset(name, 'x', sizeof(name));
    memcpy(name + 63, "\xc3\xa9", 2);

    location.location.data = name;
    location.location.len = 65;
    location.server.len = 0;

    (void) causes_of(words, causes);

    sprintf(want, " (location \"%.*s\").", 63, name);
    text = causes[0].text;

    tap_ok(strcmp(text + strlen(text) - strlen(want), want) == 0,
           "of a long name 64 bytes, whole characters, and no empty server");

    location.location.data++;

    location.location.len = 64;

    (void) causes_of(words, causes);

    sprintf(want, " (location \"%.*s\").", 64, name + 1);
    tap_ok(strcmp(text + strlen(text) - strlen(want), want) == 0,
           "64 bytes are a whole one");

    location.location = was;
    location.server = server;
}


/* the longest sentence, with the largest figures and names, is whole */

static void
test_long(void)
{
    size_t                             len, longest;
    u_char                             name[64];
    unsigned                           i, n, bad;
    convrelay_str_t                    was, server;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    was = location.location;
    server = location.server;

    memset(name, 'x', sizeof(name));

    location.location.data = name;
    location.location.len = sizeof(name);
    location.server = location.location;

    bad = 0;
    longest = 0;

    for (i = 0; i < CONVRELAY_METRIC_N; i++) {
        memset(words, 0, sizeof(words));
        words[i] = (convrelay_metric_t) -1 / 100;

        n = causes_of(words, causes);

        while (n--) {
            len = strlen(causes[n].text);
            longest = (len > longest) ? len : longest;

            bad += (len < 2 || len >= CONVRELAY_METRIC_MAX_TEXT
                    || strcmp(causes[n].text + len - 3, "x).") != 0
                    || strstr(causes[n].text, " (location \"x") == NULL);
        }
    }

    tap_ok(bad == 0 && longest > 300, "all sentences are whole, of %zu bytes",
           longest);

    /* and with the name of an LLM */

    bad = 0;
    nllms = 2;

    for (i = 0; i < 2; i++) {
        llms[i].location = &location;
        llms[i].name = location.location;
        llms[i].recent = words;
    }

    for (i = 0; i < CONVRELAY_METRIC_LLM_N; i++) {
        memset(words, 0, sizeof(words));
        words[i] = (convrelay_metric_t) -1 / 100;

        n = causes_of(words, causes);

        while (n--) {

            if (strncmp(causes[n].kind, "llm_", 4) == 0) {
                len = strlen(causes[n].text);
                bad += (strcmp(causes[n].text + len - 3, "x).") != 0
                        || strstr(causes[n].text, " (upstream \"x") == NULL);
            }
        }
    }

    tap_ok(bad == 0, "with three names, too");

    nllms = 0;

    location.location = was;
    location.server = server;
}


/* how it is now, whatever was counted */

static void
test_aways(void)
{
    size_t                             i;
    unsigned                           n;
    convrelay_metric_t                 words[CONVRELAY_METRIC_N];
    convrelay_metric_away_t            away[2];
    convrelay_metric_report_t          r;
    static convrelay_metric_cause_t    causes[CONVRELAY_METRIC_MAX_CAUSES];

    static const struct {
        uint64_t    read;
        uint64_t    write;
        const char *text;
    } cases[] = {
        { 0, 0, NULL },
        { 1, 0, "The store has not answered reads for 0 seconds: " },
        { 0, 1999, "The store has not accepted writes for 1 second: " },
        { 3000, 2999, "The store has been out for 3 seconds: " },
        { 2999, 70000, "The store has been out for 70 seconds: " }
    };

    memset(words, 0, sizeof(words));
    memset(away, 0, sizeof(away));
    memset(&r, 0, sizeof(convrelay_metric_report_t));

    convrelay_str_set(&away[0].uri, "/other");
    convrelay_str_set(&away[1].uri, "/store");
    convrelay_str_set(&away[1].server, "b.example");

    location.recent = words;
    r.locations = &location;
    r.nlocations = 1;
    r.aways = away;
    r.naways = 2;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        away[1].out[CONVRELAY_METRIC_AWAY_READ] = cases[i].read;
        away[1].out[CONVRELAY_METRIC_AWAY_WRITE] = cases[i].write;

        n = convrelay_metric_causes(&r, causes);

        if (cases[i].text == NULL) {
            tap_ok(n == 0, "a store that works is not trouble");
            continue;
        }

        tap_ok(n == 1 && strcmp(causes[0].kind, "store_out") == 0
               && causes[0].level == CONVRELAY_METRIC_TROUBLE
               && causes[0].location == NULL
               && strncmp(causes[0].text, cases[i].text, strlen(cases[i].text))
                  == 0
               && strstr(causes[0].text,
                         " (location \"/store\" of b.example)."),
               "%s", n ? causes[0].text : "nothing");
    }

    words[W(WEBHOOK_5XX)] = 1;
    words[W(REFUSED_TICKET)] = 1;
    away[0].out[CONVRELAY_METRIC_AWAY_READ] = 1000;

    n = convrelay_metric_causes(&r, causes);

    tap_ok(n == 4 && strcmp(causes[0].kind, "webhook") == 0
           && strstr(causes[1].text, " (location \"/other\").")
           && strstr(causes[2].text, "/store") && causes[2].location == NULL
           && strcmp(causes[3].kind, "ticket") == 0
           && causes[3].location == &location,
           "each of two, after what callers notice at once");
}


static void
test_html(void)
{
    size_t                             len;
    u_char                             html[512];
    static convrelay_metric_cause_t    causes[3];

    static const char  want[] =
        "<li class=\"trouble\"><b>Trouble:</b> a &amp; b</li>\n"
        "<li class=\"warning\"><b>Warning:</b> &lt;c&gt;</li>\n"
        "<li class=\"note\"><b>Note:</b> &quot;d'</li>\n";

    static const char  well[] = "<li class=\"well\">Nothing is wrong.</li>\n";

    causes[0].level = CONVRELAY_METRIC_TROUBLE;
    strcpy(causes[0].text, "a & b");
    causes[1].level = CONVRELAY_METRIC_WARNING;
    strcpy(causes[1].text, "<c>");
    causes[2].level = CONVRELAY_METRIC_NOTE;
    strcpy(causes[2].text, "\"d'");

    len = convrelay_metric_html(html, causes, 3);
    tap_is(html, len, want, sizeof(want) - 1, "causes as HTML");

    len = convrelay_metric_html(html, causes, 0);
    tap_is(html, len, well, sizeof(well) - 1, "and that there are none");

    tap_ok(convrelay_metric_html(NULL, causes, 3) == sizeof(want) - 1
           && convrelay_metric_html(NULL, causes, 0) == sizeof(well) - 1,
           "as long as said");
}
