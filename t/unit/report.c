
/*
 * Copyright (C) convrelay contributors
 *
 * The report of a call: its JSON, and its parts as one text.
 */


#include "convrelay_report.h"
#include "tap.h"


/* more values than a reader has room for by itself */

#define TEN  "1,2,3,4,5,6,7,8,9,10,"


static void append(convrelay_history_t *history, convrelay_llm_role_e role,
    const char *text);
static void is(convrelay_report_out_t *out, const char *want,
    const char *name);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);
static void test_body(void);
static void test_members(void);
static void test_handoff(void);
static void test_messages(void);
static void test_earlier(void);
static void test_lists(void);
static void test_pack(void);
static void test_key(void);


static void
append(convrelay_history_t *history, convrelay_llm_role_e role,
    const char *text)
{
    convrelay_llm_message_t  *m;

    m = convrelay_history_message(role, strlen(text));

    memcpy(m->text, text, strlen(text));
    convrelay_history_append(history, m, strlen(text));
}


static void
is(convrelay_report_out_t *out, const char *want, const char *name)
{
    tap_is(out->data, out->len, want, strlen(want), name);
    convrelay_report_free(out);
}


static void
test_body(void)
{
    convrelay_report_t      report;
    convrelay_report_out_t  out = { NULL, 0, 0, 0 };

    memset(&report, 0, sizeof(report));

    convrelay_report_body(&out, &report, "dropped", 0);

    is(&out, "{\"v\":1,\"sessions\":0,\"reason\":\"completed\","
             "\"end\":\"dropped\",\"started\":\"1970-01-01T00:00:00.000Z\","
             "\"ended\":\"1970-01-01T00:00:00.000Z\",\"duration_ms\":0,"
             "\"turns\":0,\"interrupts\":0,\"failures\":0,\"tokens_in\":0,"
             "\"tokens_out\":0,\"first_word_ms\":[],\"tools\":[]}",
       "an empty report");

    report.figures.started = 951782399999;    /* before the leap day of 2000 */
    report.figures.ended = 951782400000;
    report.figures.reason = CONVRELAY_REPORT_FAILED;
    report.figures.sessions = 2;
    report.figures.turns = 3;
    report.figures.interrupts = 4;
    report.figures.failures = 5;
    report.figures.tokens_in = 6000000000;
    report.figures.tokens_out = 7;
    report.figures.code = 64105;
    report.figures.seconds = 1;
    report.figures.partial = 1;

    convrelay_str_set(&report.texts[CONVRELAY_REPORT_CALL], "CA\"1");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_ACCOUNT], "AC1");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_SESSION], "VX1\n");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_MEMBERS], ",\"a\":1");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_WORDS], ",8,9");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_TOOLS], ",{},{}");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_MESSAGES], ",{}");

    convrelay_report_body(&out, &report, "dropped", 1);

    is(&out, "{\"v\":1,\"id\":\"CA\\\"1\",\"account\":\"AC1\","
             "\"session\":\"VX1\\n\",\"sessions\":2,\"partial\":true,"
             "\"reason\":\"failed\","
             "\"end\":\"dropped\",\"error_code\":64105,"
             "\"started\":\"2000-02-28T23:59:59.999Z\","
             "\"ended\":\"2000-02-29T00:00:00.000Z\",\"duration_ms\":1,"
             "\"session_seconds\":0,"
             "\"turns\":3,\"interrupts\":4,\"failures\":5,"
             "\"tokens_in\":6000000000,\"tokens_out\":7,"
             "\"first_word_ms\":[8,9],\"tools\":[{},{}],\"a\":1,"
             "\"messages\":[{}]}", "a full report");
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
}


static void
test_members(void)
{
    convrelay_pair_t          *own;
    convrelay_session_t        s;
    convrelay_actions_t        none = { act, NULL };
    convrelay_report_out_t     out = { NULL, 0, 0, 0 };
    convrelay_session_conf_t   conf;
    convrelay_relay_message_t  m;

    static convrelay_pair_t  pairs[] = {
        { convrelay_string("Convrelay_Ticket"), convrelay_string("x") },
        { convrelay_string("a\""), convrelay_string("b\x01") },
        { convrelay_string("n"), convrelay_string("+15550100001") },
        { convrelay_string("m"), convrelay_string("117") },
        { convrelay_string("e"), convrelay_null_string }
    };

    memset(&conf, 0, sizeof(conf));
    convrelay_session_init(&s, &conf, 1);

    convrelay_report_members(&out, &s, 1);
    is(&out, ",\"parameters\":{}", "a session without setup");

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");
    convrelay_str_set(&m.u.setup.from, "+15550100001");
    convrelay_str_set(&m.u.setup.to, "117");
    convrelay_str_set(&m.u.setup.direction, "inbound");

    convrelay_session_message(&s, &m, 1, &none);

    own = s.parameters;
    s.parameters = pairs;
    s.nparameters = 5;

    convrelay_report_members(&out, &s, 1);
    is(&out, ",\"from\":\"+15550100001\",\"to\":\"117\","
             "\"direction\":\"inbound\",\"parameters\":{\"a\\\"\":\"b\\u0001\","
             "\"n\":\"+15550100001\",\"m\":\"117\",\"e\":\"\"}",
       "with numbers");

    convrelay_report_members(&out, &s, 0);
    is(&out, ",\"from\":\"+15***01\",\"to\":\"***\","
             "\"direction\":\"inbound\",\"parameters\":{\"a\\\"\":\"b\\u0001\","
             "\"n\":\"+15***01\",\"m\":\"***\",\"e\":\"\"}",
       "without numbers, also in parameters");

    s.parameters = own;
    s.nparameters = 0;

    convrelay_session_free(&s);
}


static void
test_handoff(void)
{
    unsigned                  i;
    convrelay_session_t       s;
    convrelay_report_out_t    out = { NULL, 0, 0, 0 };
    convrelay_session_conf_t  conf;
    convrelay_session_texts_t  texts;

    static const struct {
        convrelay_str_t       handoff;
        const char           *want;
    } cases[] = {
        { convrelay_string("{\"a\":[1,{}]}"), ",\"handoff\":{\"a\":[1,{}]}" },
        { convrelay_string("{\"a\":[" TEN TEN TEN TEN TEN TEN TEN "0]}"),
          ",\"handoff\":{\"a\":[" TEN TEN TEN TEN TEN TEN TEN "0]}" },
        { convrelay_string("live-agent"), ",\"handoff\":\"live-agent\"" },
        { convrelay_string("[1]"), ",\"handoff\":\"[1]\"" },
        { convrelay_string("{\"a\":1"), ",\"handoff\":\"{\\\"a\\\":1\"" },
        { convrelay_string("{\"a\":\"\x01\"}"),
          ",\"handoff\":\"{\\\"a\\\":\\\"\\u0001\\\"}\"" },
        { convrelay_string("{\"a\":\"\xff\"}"),
          ",\"handoff\":\"{\\\"a\\\":\\\"\xef\xbf\xbd\\\"}\"" },
        { convrelay_string("\xef\xbb\xbf{}"),
          ",\"handoff\":\"\xef\xbb\xbf{}\"" },
        { convrelay_string(" {}"), ",\"handoff\":\" {}\"" }
    };

    memset(&conf, 0, sizeof(conf));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        convrelay_session_init(&s, &conf, 1);
        memset(&texts, 0, sizeof(texts));
        texts.handoff = cases[i].handoff;
        s.texts = &texts;

        convrelay_report_members(&out, &s, 1);

        tap_ok(out.len > 16
               && out.len - 16 == strlen(cases[i].want)
               && memcmp(out.data + 16, cases[i].want, out.len - 16) == 0,
               "hand-off data, %u", i);

        convrelay_report_free(&out);

        s.texts = NULL;
        convrelay_session_free(&s);
    }
}


static void
test_messages(void)
{
    size_t                  len, full;
    const char             *last;
    convrelay_history_t     history;
    convrelay_llm_call_t    call;
    convrelay_report_out_t  out = { NULL, 0, 0, 0 };
    convrelay_transcript_t  t;

    static const convrelay_str_t  extra = convrelay_string("{\"x\":1}");
    static const convrelay_str_t  result = convrelay_string("\"ok\"");

    memset(&history, 0, sizeof(history));
    memset(&call, 0, sizeof(call));
    memset(&t, 0, sizeof(t));

    convrelay_report_messages(&out, &history, &t, 100);
    is(&out, "", "an empty history");

    append(&history, CONVRELAY_LLM_ASSISTANT, "Hello \"you\".");
    append(&history, CONVRELAY_LLM_USER, "One");
    append(&history, CONVRELAY_LLM_USER, "Two\n");

    convrelay_str_set(&call.id, "c1");
    convrelay_str_set(&call.name, "book");
    convrelay_str_set(&call.arguments, "{\"a\":1}");
    call.valid = 1;

    convrelay_history_append_calls(&history, 0, &extra, &call, &result, 1);
    append(&history, CONVRELAY_LLM_ASSISTANT, "Done.");

    convrelay_report_messages(&out, &history, &t, 10000);
    full = out.len;

    is(&out, ",{\"role\":\"assistant\",\"content\":\"Hello \\\"you\\\".\"}"
             ",{\"role\":\"user\",\"content\":\"One\"}"
             ",{\"role\":\"user\",\"content\":\"Two\\n\"}"
             ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\","
             "\"type\":\"function\",\"function\":{\"name\":\"book\","
             "\"arguments\":\"{\\\"a\\\":1}\"}}]}"
             ",{\"role\":\"tool\",\"tool_call_id\":\"c1\","
             "\"content\":\"\\\"ok\\\"\"}"
             ",{\"role\":\"assistant\",\"content\":\"Done.\"}",
       "all messages");

    convrelay_report_messages(&out, &history, &t, full);
    tap_ok(out.len == full, "all of them fit");
    convrelay_report_free(&out);

    convrelay_report_messages(&out, &history, &t, full - 1);
    tap_ok(out.len > 30
           && memcmp(out.data, ",{\"role\":\"user\",\"content\":\"One\"}", 32)
              == 0, "one byte less: they begin with a turn");
    full = out.len;
    convrelay_report_free(&out);

    convrelay_report_messages(&out, &history, &t, full - 1);
    tap_ok(out.len > 30
           && memcmp(out.data, ",{\"role\":\"user\",\"content\":\"Two\\n\"}",
                     34) == 0, "and one less than that: with the next one");
    full = out.len;
    convrelay_report_free(&out);

    convrelay_report_messages(&out, &history, &t, full - 1);
    is(&out, "", "the newest turn is too long");

    convrelay_str_set(&t.said, "Not");
    convrelay_str_set(&t.prompt, "Wait");

    convrelay_report_messages(&out, &history, &t, 10000);
    last = ",{\"role\":\"assistant\",\"content\":\"Not\"}"
           ",{\"role\":\"user\",\"content\":\"Wait\"}";
    len = strlen(last);
    full = out.len;

    tap_ok(full > len && memcmp(out.data + full - len, last, len) == 0,
           "what is in no message comes last");
    convrelay_report_free(&out);

    convrelay_report_messages(&out, &history, &t, full - 1);
    tap_ok(out.len > len
           && memcmp(out.data, ",{\"role\":\"user\",\"content\":\"One\"}", 32)
              == 0
           && memcmp(out.data + out.len - len, last, len) == 0,
           "also after turns were left out");
    convrelay_report_free(&out);

    convrelay_history_free(&history);
}


static void
test_earlier(void)
{
    size_t                  len;
    convrelay_report_out_t  out = { NULL, 0, 0, 0 };

    static const convrelay_str_t  none = convrelay_string("");
    static const convrelay_str_t  all = convrelay_string(
        ",{\"role\":\"assistant\",\"content\":\"Hello.\"}"
        ",{\"role\":\"user\",\"content\":\",{\\\"role\\\":\\\"user\\\"\"}"
        ",{\"role\":\"assistant\",\"content\":\"One.\"}"
        ",{\"role\":\"user\",\"content\":\"2\"}");

    len = strlen(",{\"role\":\"user\",\"content\":\"2\"}");

    convrelay_report_earlier(&out, &none, 0);
    is(&out, "", "no earlier messages");

    convrelay_report_earlier(&out, &all, all.len);
    is(&out, (char *) all.data, "all earlier messages fit");

    convrelay_report_earlier(&out, &all, all.len - 1);
    is(&out, strstr((char *) all.data, ",{\"role\":\"user\""),
       "one byte less: from a turn on");

    convrelay_report_earlier(&out, &all, all.len - 47);
    is(&out, (char *) all.data + all.len - len,
       "what is quoted begins no turn");

    convrelay_report_earlier(&out, &all, len);
    is(&out, (char *) all.data + all.len - len, "the last turn fits");

    convrelay_report_earlier(&out, &all, len - 1);
    is(&out, "", "one byte less: it does not");
}


static void
test_lists(void)
{
    size_t                  len;
    unsigned                i;
    convrelay_report_out_t  out = { NULL, 0, 0, 0 };

    static const convrelay_str_t  name = convrelay_string("book\"");

    convrelay_report_word(&out, 0);
    convrelay_report_word(&out, 12345);
    is(&out, ",0,12345", "words");

    convrelay_report_tool(&out, &name, 7, "ok");
    convrelay_report_tool(&out, &name, 8, "busy");
    is(&out, ",{\"name\":\"book\\\"\",\"ms\":7,\"outcome\":\"ok\"}"
             ",{\"name\":\"book\\\"\",\"ms\":8,\"outcome\":\"busy\"}", "tools");

    for (i = 0; i < 100000; i++) {
        convrelay_report_word(&out, 12345);
    }

    len = out.len;

    for (i = 0; i < 1000; i++) {
        convrelay_report_tool(&out, &name, 7, "ok");
    }

    tap_ok(len <= CONVRELAY_REPORT_MAX_LIST + 6 && out.len == len,
           "a list is limited");
    convrelay_report_free(&out);
}


static void
test_pack(void)
{
    size_t                  len;
    unsigned                i, bad;
    convrelay_str_t         text;
    convrelay_report_t      report, read;
    convrelay_report_out_t  out = { NULL, 0, 0, 0 };

    memset(&report, 0, sizeof(report));

    report.figures.started = 1;
    report.figures.seconds = 2;
    report.figures.reason = CONVRELAY_REPORT_ENDED;

    for (i = 0; i < CONVRELAY_REPORT_TEXTS; i++) {
        report.texts[i].data = (u_char *) "abcdefghij";
        report.texts[i].len = i;
    }

    convrelay_report_pack(&out, &report);

    text.data = out.data;
    text.len = out.len;

    bad = 0;

    tap_ok(convrelay_report_unpack(&read, &text) == CONVRELAY_OK
           && memcmp(&read.figures, &report.figures, sizeof(read.figures))
              == 0, "the figures are read");

    for (i = 0; i < CONVRELAY_REPORT_TEXTS; i++) {
        bad += !convrelay_str_equal(&read.texts[i], &report.texts[i]);
    }

    tap_ok(bad == 0, "and all texts");

    for (len = 0; len < out.len; len++) {
        text.len = len;
        bad += (convrelay_report_unpack(&read, &text)
                != CONVRELAY_DECLINED);
    }

    tap_ok(bad == 0, "nothing shorter is read");

    convrelay_report_put(&out, "x", 1);

    text.data = out.data;
    text.len = out.len;

    tap_ok(convrelay_report_unpack(&read, &text) == CONVRELAY_DECLINED,
           "nor anything longer");

    text.len--;
    text.data[0] ^= 1;

    tap_ok(convrelay_report_unpack(&read, &text) == CONVRELAY_DECLINED,
           "nor another version");

    text.data[0] ^= 1;
    report.figures.reason = CONVRELAY_REPORT_FAILED + 1;
    out.len = 0;
    convrelay_report_pack(&out, &report);

    tap_ok(convrelay_report_unpack(&read, &text) == CONVRELAY_DECLINED,
           "nor a reason that does not exist");

    convrelay_report_free(&out);
}


static void
test_key(void)
{
    u_char              a[CONVRELAY_REPORT_KEY], b[CONVRELAY_REPORT_KEY];
    convrelay_report_t  report;

    memset(&report, 0, sizeof(report));

    convrelay_str_set(&report.texts[CONVRELAY_REPORT_ACCOUNT], "AC1");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_CALL], "CA1");
    convrelay_str_set(&report.texts[CONVRELAY_REPORT_SESSION], "VX1");

    /* printf 'convrelay report:AC1:CA1' | sha256sum */

    convrelay_report_key(a, &report);
    tap_is(a, sizeof(a), "2b2d281db01a5f48f3b7b2fe043d86c3", 32, "the key");

    /* printf 'convrelay report:AC1:CA1:VX1' | sha256sum */

    report.figures.partial = 1;

    convrelay_report_key(b, &report);
    tap_is(b, sizeof(b), "84c4e4285c459059a61c9b1e70286860", 32,
           "of a session");

    report.figures.partial = 0;
    convrelay_str_null(&report.texts[CONVRELAY_REPORT_ACCOUNT]);

    convrelay_report_key(b, &report);
    tap_ok(memcmp(a, b, sizeof(a)) != 0, "of another account");
}


int
main(void)
{
    test_body();
    test_members();
    test_handoff();
    test_messages();
    test_earlier();
    test_lists();
    test_pack();
    test_key();

    return tap_done();
}
