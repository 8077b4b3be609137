
/*
 * Copyright (C) convrelay contributors
 *
 * What a session copies, what it borrows, and that a long call does not grow.
 */


#include "tap.h"
#include "written.h"
#include "session_heap.h"
#include "session_actions.h"


static void test_setup(void);
static void test_actions(void);
static void test_over(void);
static void test_long_call(void);
static void test_long_answer(void);
static void test_joined(void);
static void say(convrelay_session_t *s, uint64_t now, unsigned i);


static const convrelay_session_conf_t  conf = {
    .error_message = convrelay_string("Sorry.")
};


static void
test_setup(void)
{
    int                        bad;
    size_t                     i;
#ifndef NO_OVERRIDE
    long                       before;
#endif
    list_t                     out;
    convrelay_session_t        s;
    const convrelay_str_t     *value;
    convrelay_relay_setup_t    setup;
    convrelay_relay_message_t  m;
    u_char                    *data;
    static char                json[4096];

    list_start(&out, NULL);

    strcpy(json,
           "{\"type\":\"setup\",\"sessionId\":\"VX1\",\"callSid\":\"CA1\","
           "\"parentCallSid\":\"CA0\",\"from\":\"+1555\",\"to\":\"+1556\","
           "\"forwardedFrom\":\"+1557\",\"callerName\":\"Ann\","
           "\"direction\":\"inbound\",\"callType\":\"PSTN\","
           "\"callStatus\":\"RINGING\",\"accountSid\":\"AC1\","
           "\"customParameters\":{\"tenant\":\"birch\",\"Level\":3,"
           "\"ratio\":2.5,\"vip\":true,\"none\":null,\"list\":[1],"
           "\"object\":{\"a\":1},\"empty\":\"\",\"TENANT\":\"second\"");

    for (i = 0; i < 100; i++) {
        sprintf(json + strlen(json), ",\"p%zu\":\"v%zu\"", i, i);
    }

    strcat(json, "}}");

    data = tap_flush(json, strlen(json));

    if (!tap_ok(convrelay_relay_parse(&m, data, strlen(json))
                == CONVRELAY_OK, "setup with parameters"))
    {
        return;
    }

    bad = 0;

#ifndef NO_OVERRIDE
    for (i = 0; i < 2; i++) {
        before = heap.live;
        convrelay_session_init(&s, &conf, 0);

        heap.armed = 1;
        heap.countdown = i;
        convrelay_session_message(&s, &m, 1000, list_next(&out));
        heap.countdown = -1;
        heap.armed = 0;

        bad += (out.nactions != 1
                || out.actions[0].type != CONVRELAY_ACT_CLOSE
                || out.actions[0].code != 1011);

        convrelay_session_free(&s);
        bad += (heap.live != before);
    }
#endif

    tap_ok(bad == 0, "setup without memory closes, and nothing is left");

    list_start(&out, &s);

    convrelay_session_init(&s, &conf, 0);
    convrelay_session_message(&s, &m, 1000, list_next(&out));

    convrelay_relay_free(&m);
    tap_unflush(data, strlen(json));

    tap_ok(out.nactions == 1 && out.actions[0].type == CONVRELAY_ACT_SETUP,
           "is an action");

    convrelay_session_get_setup(&s, &setup);

    tap_is_str(&setup.session_id, "VX1", "sessionId is copied");
    tap_is_str(&setup.call_sid, "CA1", "callSid");
    tap_is_str(&setup.parent_call_sid, "CA0", "parentCallSid");
    tap_is_str(&setup.from, "+1555", "from");
    tap_is_str(&setup.to, "+1556", "to");
    tap_is_str(&setup.forwarded_from, "+1557", "forwardedFrom");
    tap_is_str(&setup.caller_name, "Ann", "callerName");
    tap_is_str(&setup.direction, "inbound", "direction");
    tap_is_str(&setup.call_type, "PSTN", "callType");
    tap_is_str(&setup.call_status, "RINGING", "callStatus");
    tap_is_str(&setup.account_sid, "AC1", "accountSid");
    tap_ok(setup.parameters == NULL, "no values are kept");

#define param(name)                                                          \
    (value = convrelay_session_parameter(&s, (u_char *) name,                \
                                         sizeof(name) - 1))

    tap_is_str(param("tenant"), "birch", "a parameter, the first of its name");
    tap_is_str(param("TenAnt"), "birch", "whatever its case");
    tap_is_str(param("level"), "3", "an integer");
    tap_is_str(param("ratio"), "2.5", "a fraction");
    tap_is_str(param("vip"), "true", "a bool");
    tap_is_str(param("empty"), "", "an empty one");
    tap_ok(param("none") == NULL && param("list") == NULL
           && param("object") == NULL,
           "null, arrays and objects are left out");
    tap_ok(param("tenan") == NULL && param("tenants") == NULL
           && param("") == NULL, "a name has to match whole");
    tap_ok(s.nparameters == CONVRELAY_SESSION_MAX_PARAMETERS
           && param("p57") != NULL && param("p58") == NULL,
           "what is more than the limit is left out");

    convrelay_session_free(&s);

    convrelay_session_get_setup(&s, &setup);

    tap_ok(param("tenant") == NULL && setup.call_sid.len == 0,
           "a freed session is empty");

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_UNKNOWN;
    convrelay_session_message(&s, &m, 1000, list_next(&out));

    tap_ok(out.nactions == 0, "and does nothing");
}


/* who owns what an action shows */

static void
test_actions(void)
{
    u_char                     piece[] = "Hello";
    convrelay_str_t            text;
    list_t                     out;
    convrelay_session_t        s;
    convrelay_relay_message_t  m;

    list_start(&out, &s);

    convrelay_session_init(&s, &conf, 0);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_session_message(&s, &m, 0, list_next(&out));

    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");
    convrelay_session_message(&s, &m, 0, list_next(&out));

    tap_is_str(&s.lang, "", "a prompt without a language");

    text.data = piece;
    text.len = 5;

    convrelay_session_delta(&s, &text, 0, list_next(&out));

    tap_ok(out.actions[0].text.data == piece && out.actions[0].text.len == 5,
           "a piece is passed on without a copy");

    memset(piece, 'x', 5);
    convrelay_session_turn_end(&s, CONVRELAY_TURN_FAILED, &no_extra, 0,
                               list_next(&out));

    tap_ok(out.actions[1].text.data == conf.error_message.data,
           "so is the error message");
    text.data = written(&s.history, &text.len);

    tap_is_str(&text, "{\"role\":\"user\",\"content\":\"Hi\"},"
                      "{\"role\":\"assistant\",\"content\":\"Hello\"}",
               "the history has a copy of its own");

    free(text.data);
    convrelay_session_free(&s);
}


/* an answer that runs, digits that wait, a history, a hand-off, a language */

static void
test_over(void)
{
    long                       before, setup;
    u_char                     lang[36];
    unsigned                   i;
    convrelay_str_t            text;
    list_t                     out;
    convrelay_session_t        s;
    convrelay_relay_out_t      end;
    convrelay_relay_setup_t    first;
    convrelay_session_conf_t   conf;
    convrelay_relay_message_t  m;

    memset(&conf, 0, sizeof(conf));
    conf.keys.max = 4;
    conf.keys.pause = 3000;
    conf.end_timeout = 10000;

    before = heap.bytes;

    list_start(&out, &s);

    convrelay_session_init(&s, &conf, 0);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");
    convrelay_session_message(&s, &m, 0, list_next(&out));

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");
    m.u.prompt.lang.data = lang;
    m.u.prompt.lang.len = 35;
    memset(lang, 'x', sizeof(lang));
    convrelay_session_message(&s, &m, 0, list_next(&out));

    tap_ok(s.lang.len == 35, "a language of 35 bytes");

    convrelay_str_set(&m.u.prompt.voice_prompt, "Are you there?");
    m.u.prompt.lang.len = 36;
    convrelay_session_message(&s, &m, 0, list_next(&out));

    tap_ok(s.lang.len == 0, "one of 36 is none");

    convrelay_str_set(&m.u.prompt.voice_prompt, "Hello?");
    convrelay_str_set(&m.u.prompt.lang, "en-US");
    convrelay_session_message(&s, &m, 0, list_next(&out));

    setup = heap.bytes;

    convrelay_str_set(&text, "A piece of an answer");

    for (i = 0; i < 100; i++) {
        convrelay_session_delta(&s, &text, 0, list_next(&out));
    }

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_DTMF;
    convrelay_str_set(&m.u.digit, "1");
    convrelay_session_message(&s, &m, 0, list_next(&out));

    memset(&end, 0, sizeof(end));
    end.type = CONVRELAY_RELAY_OUT_END;
    convrelay_str_set(&end.text, "{}");
    convrelay_session_perform(&s, &end, 0, list_next(&out));

    convrelay_session_over(&s);

    tap_ok(heap.bytes < setup || heap.bytes == 0,
           "a call that is over has no answer and no history");
    tap_ok(s.history.first == NULL && s.history.len == 0
           && s.history.nmessages == 0, "... nor messages in it");
    tap_ok(convrelay_session_deadline(&s) == 0, "it waits for nothing");
    convrelay_session_get_setup(&s, &first);
    tap_is_str(&first.call_sid, "CA1", "a log can name its callSid");
    tap_is_str(&s.lang, "en-US", "... its language");
    tap_ok(s.turns == 3 && s.tokens == 100, "... its counts");

    convrelay_session_delta(&s, &text, 0, list_next(&out));
    tap_ok(out.nactions == 0, "a piece leads to nothing");

    convrelay_session_turn_end(&s, CONVRELAY_TURN_FAILED, &no_extra, 0,
                               list_next(&out));
    tap_ok(out.nactions == 0 && list_ok(&out), "nor does the end of a turn");

    convrelay_session_over(&s);
    convrelay_session_free(&s);

    tap_ok(heap.bytes == before, "nothing is left of it");
}


static void
test_long_call(void)
{
    long                       before, forty;
    size_t                     taken, len;
    unsigned                   i;
    convrelay_session_t        s;
    list_t                     out;
    convrelay_session_conf_t   conf;
    convrelay_llm_message_t   *kept;
    convrelay_relay_message_t  m;

    memset(&conf, 0, sizeof(conf));
    convrelay_str_set(&conf.error_message, "Sorry.");
    conf.max_history_messages = 12;
    conf.max_history_bytes = 2000;
    conf.max_answer = 1000;

    before = heap.bytes;

    list_start(&out, &s);

    convrelay_session_init(&s, &conf, 0);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_session_message(&s, &m, 0, list_next(&out));

    forty = 0;

    for (i = 0; i < 10000; i++) {

        if (i == 40) {
            forty = heap.bytes;
        }

        say(&s, i * 1000, i);
    }

    tap_ok(s.turns == 10000 && s.interrupts == 2000, "10,000 turns");

    /* turns 40 and 10,000 are alike, so that their memory has to be */

    tap_ok(heap.bytes == forty, "as much memory as after forty: %ld, then %ld",
           forty - before, heap.bytes - before);
    tap_ok(s.history.len <= 2000 && s.history.nmessages <= 12,
           "the history within its limits");

    taken = 0;

    for (kept = s.history.first; kept; kept = kept->next) {
        taken += malloc_usable_size(kept) + sizeof(size_t);
    }

    free(written(&s.history, &len));

    tap_ok(taken <= len, "no message has room that it needs not");

    convrelay_session_free(&s);

    tap_ok(heap.bytes == before, "and nothing after the call");
}


/* room for more is only reserved as far as a message can be that long */

static void
test_long_answer(void)
{
    u_char                    *p;
    convrelay_str_t            text;
    list_t                     out;
    convrelay_session_t        s;
    convrelay_llm_message_t   *m;
    convrelay_relay_message_t  message;

    list_start(&out, NULL);

    convrelay_session_init(&s, &conf, 0);

    memset(&message, 0, sizeof(message));
    message.type = CONVRELAY_RELAY_SETUP;
    convrelay_session_message(&s, &message, 0, list_next(&out));

    message.type = CONVRELAY_RELAY_PROMPT;
    message.u.prompt.last = 1;
    convrelay_str_set(&message.u.prompt.voice_prompt, "Tell me all.");
    convrelay_session_message(&s, &message, 0, list_next(&out));

    text.len = CONVRELAY_LLM_MAX_MESSAGE_TEXT / 3 * 2 + 16;
    p = malloc(text.len);
    text.data = p;

    if (p == NULL) {
        tap_ok(0, "no memory for the test");
        return;
    }

    memset(p, 'a', text.len);

    convrelay_session_delta(&s, &text, 0, list_next(&out));
    convrelay_session_turn_end(&s, CONVRELAY_TURN_COMPLETE, &no_extra, 0,
                               list_next(&out));

    m = s.history.first ? s.history.first->next : NULL;

    tap_ok(s.state == CONVRELAY_SESSION_OPEN && m && m->len == text.len,
           "an answer of more than two thirds of a message's limit");

    convrelay_session_free(&s);
    free(p);
}


/* texts that are said one after another are one message of up to 8 KiB */

static void
test_joined(void)
{
    unsigned                   i;
    list_t                     out;
    static u_char              text[8000];
    convrelay_session_t        s;
    convrelay_relay_out_t      say;
    convrelay_relay_message_t  m;

    memset(text, 'a', sizeof(text));

    for (i = 0; i < 2; i++) {
        list_start(&out, NULL);
        convrelay_session_init(&s, &conf, 0);

        memset(&m, 0, sizeof(m));
        m.type = CONVRELAY_RELAY_SETUP;
        convrelay_session_message(&s, &m, 0, list_next(&out));

        memset(&say, 0, sizeof(say));
        say.type = CONVRELAY_RELAY_OUT_TEXT;
        say.text.data = text;
        say.text.len = sizeof(text);
        convrelay_session_perform(&s, &say, 0, list_next(&out));

        say.text.len = 8192 - sizeof(text) + i;
        convrelay_session_perform(&s, &say, 0, list_next(&out));

        tap_ok(s.history.nmessages == 1 + i, "%u bytes are %u messages",
               8192 + i, (unsigned) s.history.nmessages);

        convrelay_session_free(&s);
    }
}


/* one of five kinds of turn */

static void
say(convrelay_session_t *s, uint64_t now, unsigned i)
{
    unsigned                   n;
    convrelay_str_t            text;
    list_t                     out;
    convrelay_relay_message_t  m;

    list_start(&out, s);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Tell me something.");
    convrelay_str_set(&m.u.prompt.lang, "en-US");
    convrelay_session_message(s, &m, now, list_next(&out));

    if (i % 5 == 0) {
        convrelay_session_turn_end(s, CONVRELAY_TURN_REJECTED, &no_extra, now,
                                   list_next(&out));
        return;
    }

    convrelay_str_set(&text, "A piece of an answer, ");

    for (n = 0; n < 10; n++) {
        convrelay_session_delta(s, &text, now, list_next(&out));
    }

    switch (i % 5) {

    case 1:
        memset(&m, 0, sizeof(m));
        m.type = CONVRELAY_RELAY_INTERRUPT;
        m.u.interrupt.duration = 100;
        convrelay_str_set(&m.u.interrupt.utterance, "a piece");
        convrelay_session_message(s, &m, now + 700, list_next(&out));
        break;

    case 2:
        convrelay_session_turn_end(s, CONVRELAY_TURN_FAILED, &no_extra, now,
                                   list_next(&out));
        break;

    case 3:
        break;

    case 4:
        convrelay_session_turn_end(s, CONVRELAY_TURN_COMPLETE, &no_extra, now,
                                   list_next(&out));
        break;
    }
}


int
main(void)
{
    test_setup();
    test_actions();
    test_over();
    test_long_call();
    test_long_answer();
    test_joined();

    return tap_done();
}
