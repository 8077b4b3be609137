
/*
 * Copyright (C) convrelay contributors
 *
 * What a call remembers of tools that succeeded: how often, for the key of the
 * next call, and the results of those that run once.  Both are limited.
 */


#include <malloc.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"
#include "tap.h"


#define str(s)  (convrelay_str_t) convrelay_string(s)


typedef struct {
    convrelay_actions_t      out;         /* first */
    convrelay_session_t      s;
    convrelay_tool_run_t    *run;         /* of the last TOOL */
    unsigned                 started:1;   /* a request followed */
    unsigned                 fails:1;     /* a location cannot be asked */
    unsigned                 ntools;
} test_t;


static void keys_test(void);
static void nameless_test(void);
static void many_keys_test(void);
static void once_test(void);
static void failed_test(void);
static void silence_test(void);
static void goodbye_test(void);
static void parts_test(void);
static void unknown_test(void);

static void start(test_t *t, const convrelay_session_conf_t *conf);
static void start_with(test_t *t, const convrelay_session_conf_t *conf,
    const convrelay_relay_message_t *setup);
static void stop(test_t *t);
static void call(test_t *t, const char *tool, unsigned n);
static void end(test_t *t, const char *result, unsigned ok);
static int has_key(const test_t *t, uint64_t succeeded);
static void result_is(const test_t *t, const char *want, const char *name);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);


static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 }
};


static const convrelay_session_conf_t  conf = {
    .error_message = convrelay_string("Sorry."),
    .max_history_messages = 8,
    .tools = tools,
    .ntools = 2,
    .max_tool_rounds = 1000000
};


int
main(void)
{
    keys_test();
    nameless_test();
    many_keys_test();
    once_test();
    failed_test();
    silence_test();
    goodbye_test();
    parts_test();
    unknown_test();

    return tap_done();
}


static void
keys_test(void)
{
    unsigned  i;
    test_t    t;

    start(&t, &conf);

    for (i = 0; i < 3; i++) {
        call(&t, "book", 1);
        tap_ok(has_key(&t, i), "book 1 has the key of %u successes", i);
        end(&t, "booked", 1);
    }

    call(&t, "book", 2);
    tap_ok(has_key(&t, 0), "book 2 has one of its own");
    end(&t, "full", 0);

    call(&t, "book", 2);
    tap_ok(has_key(&t, 0), "and the same after a failure");
    end(&t, "booked", 1);

    call(&t, "book", 2);
    tap_ok(has_key(&t, 1), "and the next one after a success");
    end(&t, "booked", 1);

    call(&t, "book", 1);
    tap_ok(has_key(&t, 3), "book 1 is still counted");
    end(&t, "booked", 1);

    stop(&t);
}


static void
nameless_test(void)
{
    size_t                     i, k;
    u_char                     keys[6][CONVRELAY_TOOL_KEY];
    test_t                     t;
    unsigned                   ok;
    convrelay_str_t            nonce;
    convrelay_relay_setup_t    setup;
    convrelay_relay_message_t  m;

    static u_char           nonces[3][CONVRELAY_SESSION_NONCE + 1];
    static convrelay_str_t  sids[6] = { convrelay_string("CA1") };
    static convrelay_str_t  sessions[6] = {
        convrelay_string("VX1"), convrelay_string("VX1"),
        convrelay_string("VX2")
    };

    memset(nonces[0], 'a', sizeof(nonces[0]));
    memset(nonces[1], 'b', sizeof(nonces[1]));

    for (i = 0; i < 6; i++) {
        memset(&m, 0, sizeof(m));
        m.type = CONVRELAY_RELAY_SETUP;
        m.u.setup.call_sid = sids[i];
        m.u.setup.session_id = sessions[i];
        m.u.setup.nonce.data = nonces[i % 2];
        m.u.setup.nonce.len = sizeof(nonces[0]) - (i < 5);

        start_with(&t, &conf, &m);

        convrelay_session_get_setup(&t.s, &setup);
        nonce.data = nonces[(i == 5) ? 2 : i % 2];
        nonce.len = (i < 3) ? 0 : CONVRELAY_SESSION_NONCE;

        tap_ok(convrelay_str_equal(&setup.nonce, &nonce),
               "setup %zu is kept with%s its nonce", i,
               i < 3 ? "out" : "");

        call(&t, "book", 1);

        memcpy(keys[i], t.run->key, CONVRELAY_TOOL_KEY);
        stop(&t);
    }

    ok = 1;

    for (i = 0; i < 6; i++) {

        for (k = 0; k < i; k++) {
            ok &= (memcmp(keys[i], keys[k], CONVRELAY_TOOL_KEY) != 0);
        }
    }

    tap_ok(ok, "calls without a CallSid have keys of their own");
}


static void
many_keys_test(void)
{
    unsigned  i, bad;
    test_t    t;

    start(&t, &conf);

    for (i = 0; i < CONVRELAY_SESSION_MAX_KEYS; i++) {
        call(&t, "book", i);
        end(&t, "booked", 1);
    }

    bad = 0;

    for (i = 0; i < CONVRELAY_SESSION_MAX_KEYS; i++) {
        call(&t, "book", i);
        bad += !has_key(&t, 1);
        end(&t, "full", 0);
    }

    tap_ok(bad == 0, "%u calls are counted, %u were forgotten", i, bad);
    tap_ok(t.s.tools->nkeys == CONVRELAY_SESSION_MAX_KEYS, "and no more");

    for (i = 0; i < 2; i++) {
        call(&t, "book", CONVRELAY_SESSION_MAX_KEYS + i);
        end(&t, "booked", 1);
    }

    tap_ok(t.s.tools->nkeys == CONVRELAY_SESSION_MAX_KEYS,
           "two others take the places of two");

    bad = 0;

    for (i = 0; i < CONVRELAY_SESSION_MAX_KEYS + 2; i++) {
        call(&t, "book", i);
        bad += !has_key(&t, i > 1);
        end(&t, "full", 0);
    }

    tap_ok(bad == 0, "those of the two oldest, %u are wrong", bad);

    stop(&t);
}


static void
once_test(void)
{
    char      result[32], want[64];
    unsigned  i, bad;
    test_t    t;

    start(&t, &conf);

    for (i = 0; i <= CONVRELAY_SESSION_MAX_ONCE; i++) {
        call(&t, "pay", i);
        sprintf(result, "[%u]", i);
        end(&t, result, 1);
    }

    bad = 0;

    for (i = 1; i <= CONVRELAY_SESSION_MAX_ONCE; i++) {
        call(&t, "pay", i);
        bad += (t.run != NULL || !t.started);
    }

    tap_ok(bad == 0, "the last %u payments are not made again",
           CONVRELAY_SESSION_MAX_ONCE);

    sprintf(want, "{\"repeated\":true,\"result\":[%u]}",
            CONVRELAY_SESSION_MAX_ONCE);
    result_is(&t, want, "the LLM gets their results again");

    call(&t, "pay", 0);
    tap_ok(t.run != NULL, "the one before them is");
    end(&t, "", 1);

    call(&t, "pay", 0);
    tap_ok(t.run == NULL && t.started, "and then no more");
    result_is(&t, "{\"repeated\":true,\"result\":\"\"}",
              "not even one whose result is empty");

    call(&t, "pay", 1);
    tap_ok(t.run != NULL, "it took the place of the oldest");
    end(&t, "no", 0);

    call(&t, "pay", 2);
    tap_ok(t.run == NULL, "and of no other");

    stop(&t);
}


/* a location that cannot be asked has failed at once */

static void
failed_test(void)
{
    test_t                t;
    convrelay_llm_call_t  calls[3];

    static const convrelay_str_t  none = convrelay_null_string;

    static const char  want[] =
        "{\"ok\":false,\"error\":\"NOT done: the service cannot be "
        "reached\"}";

    start(&t, &conf);

    t.fails = 1;
    call(&t, "book", 1);

    tap_ok(t.started && t.s.tools->runs == NULL, "the LLM is asked at once");
    tap_ok(t.s.tool_failures == 1 && t.s.tool_calls == 1,
           "and it counts as a failure");
    result_is(&t, want, "with a result that says so");

    /* two that are the same, and another */

    memset(calls, 0, sizeof(calls));

    calls[0].id = str("c1");
    calls[0].name = str("book");
    calls[0].arguments = str("{\"n\":2}");
    calls[1] = calls[0];
    calls[1].id = str("c2");
    calls[2] = calls[0];
    calls[2].arguments = str("{\"n\":3}");

    t.started = 0;
    t.ntools = 0;
    convrelay_session_turn_calls(&t.s, &none, calls, 3, 1000, &t.out);

    tap_ok(t.started && t.s.tools->runs == NULL && t.ntools == 2,
           "one that is the same is not asked for, and fails with it");
    tap_ok(t.s.tool_failures == 3 && t.s.tool_calls == 4, "two more failures");

    t.fails = 0;
    call(&t, "book", 1);
    tap_ok(t.run && has_key(&t, 0), "a failure is not counted for the key");
    end(&t, "booked", 1);

    stop(&t);
}


/* the caller's silence begins again with what a tool brings */

static void
silence_test(void)
{
    test_t           t;
    convrelay_str_t  text;

    start(&t, &conf);

    call(&t, "book", 1);

    text = str("booked");
    convrelay_session_tool_end(&t.s, t.run, &text, 1, 5000, &t.out);
    tap_ok(convrelay_session_ms(&t.s, t.s.silence.since) == 5000,
           "a result is a stir");

    call(&t, "book", 1);

    convrelay_session_since(&t.s, 9000);
    convrelay_session_tool_end(&t.s, t.run, &text, 1, 6000, &t.out);
    tap_ok(convrelay_session_ms(&t.s, t.s.silence.since) == 9000,
           "unless there was a later one");

    stop(&t);
}


/* a goodbye that is taken back gives the call its deadlines again */

static void
goodbye_test(void)
{
    uint64_t                   call_until, time_until;
    test_t                     t;
    convrelay_relay_out_t      bye;
    convrelay_session_conf_t   c;
    convrelay_relay_message_t  m;

    static const convrelay_session_tool_t  list[] = {
        { convrelay_string("bye"), .actions = 1 }
    };

    static const convrelay_session_time_t  times[] = {
        { 60000, convrelay_string("1m") }
    };

    c = conf;
    c.tools = list;
    c.ntools = 1;
    c.end_timeout = 10000;
    c.max_call_time = 600000;
    c.call_times = times;
    c.ncall_times = 1;
    c.triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_CALL_TIME);

    start(&t, &c);

    call_until = convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL);
    time_until = convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL_TIME);

    tap_ok(call_until == 601000 && time_until == 61000, "two deadlines");

    /* some words first: they are what the end waits for */

    {
        convrelay_str_t  text = str("Goodbye, and thank you!");

        convrelay_session_delta(&t.s, &text, 1000, &t.out);
    }

    call(&t, "bye", 1);

    memset(&bye, 0, sizeof(bye));
    bye.type = CONVRELAY_RELAY_OUT_END;
    convrelay_session_perform(&t.s, &bye, 1000, &t.out);
    convrelay_session_trigger_done(&t.s, 1000, &t.out);

    tap_ok(t.s.state == CONVRELAY_SESSION_ENDING
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL) == 0
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL_TIME) == 0
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_END) != 0,
           "a goodbye has one of its own");

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.voice_prompt = str("One more thing");
    m.u.prompt.last = 1;
    convrelay_session_message(&t.s, &m, 2000, &t.out);

    tap_ok(t.s.state == CONVRELAY_SESSION_OPEN
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL)
              == call_until
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_CALL_TIME)
              == time_until
           && convrelay_session_until(&t.s, CONVRELAY_DEADLINE_END) == 0,
           "taken back, they are as they were");

    stop(&t);
}


/* text before a call has the room that it needs, and no more */

static void
parts_test(void)
{
    char                      words[900];
    size_t                    room;
    test_t                    t;
    convrelay_str_t           text;
    convrelay_llm_message_t  *m;
    convrelay_answer_part_t  *part;

    memset(words, 'x', sizeof(words));

    text.data = (u_char *) words;
    text.len = sizeof(words);

    start(&t, &conf);

    convrelay_session_delta(&t.s, &text, 1000, &t.out);
    call(&t, "book", 1);

    m = t.s.history.first->next;
    room = malloc_usable_size(m) - offsetof(convrelay_llm_message_t, text);

    tap_ok(m->role == CONVRELAY_LLM_ASSISTANT && m->len == 900
           && room >= 900 && room < 900 + 32, "%zu bytes for 900", room);

    end(&t, "booked", 1);

    /* and of two parts each is cut where the caller cuts it */

    text.len = 100;
    convrelay_session_delta(&t.s, &text, 1000, &t.out);
    call(&t, "book", 2);

    part = t.s.answer.whole->parts;

    tap_ok(t.s.answer.whole->nparts == 2 && part[0].from == 0
           && part[0].len == 900 && part[1].from == 901
           && part[1].len == 100, "a blank is between the parts");

    stop(&t);
}


/* the LLM is given as many names as fit, each of them whole */

static void
unknown_test(void)
{
    char                        names[12][64], want[1024];
    size_t                      i, len;
    test_t                      t;
    convrelay_session_conf_t    many;
    convrelay_session_tool_t    list[12];

    many = conf;
    many.tools = list;
    many.ntools = 12;

    memset(list, 0, sizeof(list));

    /* 512 bytes hold the 18 before the names, ten names of 45 with ", " after
       each, one of 23, and the NUL */

    for (len = 22; len <= 24; len++) {

        strcpy(want, "{\"ok\":false,\"error\":\"NOT done: there is no tool "
               "\\\"none\\\"; the tools are: ");

        for (i = 0; i < 12; i++) {
            sprintf(names[i], "%02zu_%042u", i, 0);
            names[i][i < 10 ? 45 : len] = '\0';

            list[i].name.data = (u_char *) names[i];
            list[i].name.len = strlen(names[i]);

            if (i < 10 || (i == 10 && len < 24)) {
                sprintf(want + strlen(want), "%s%s", i ? ", " : "", names[i]);
            }
        }

        strcat(want, "\"}");

        start(&t, &many);
        call(&t, "none", 1);

        tap_ok(t.run == NULL && t.started, "a tool that there is not");
        result_is(&t, want, "the LLM is given the names of others");

        stop(&t);
    }
}


static void
start(test_t *t, const convrelay_session_conf_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.call_sid = str("CA1");

    start_with(t, c, &m);
}


static void
start_with(test_t *t, const convrelay_session_conf_t *c,
    const convrelay_relay_message_t *setup)
{
    convrelay_relay_message_t  m;

    memset(t, 0, sizeof(test_t));
    t->out.act = act;

    convrelay_session_init(&t->s, c, 1000);
    convrelay_session_message(&t->s, setup, 1000, &t->out);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.voice_prompt = str("Go");
    m.u.prompt.last = 1;
    convrelay_session_message(&t->s, &m, 1000, &t->out);
}


static void
stop(test_t *t)
{
    convrelay_session_over(&t->s);
    convrelay_session_free(&t->s);
}


static void
call(test_t *t, const char *tool, unsigned n)
{
    char                  arguments[32];
    convrelay_llm_call_t  c;

    static const convrelay_str_t  none = convrelay_null_string;

    memset(&c, 0, sizeof(c));

    c.id = str("c1");
    c.name.data = (u_char *) tool;
    c.name.len = strlen(tool);
    c.arguments.data = (u_char *) arguments;
    c.arguments.len = sprintf(arguments, "{\"n\":%u}", n);
    c.valid = 1;

    t->run = NULL;
    t->started = 0;

    convrelay_session_turn_calls(&t->s, &none, &c, 1, 1000, &t->out);
}


static void
end(test_t *t, const char *result, unsigned ok)
{
    convrelay_str_t  text;

    text.data = (u_char *) result;
    text.len = strlen(result);

    convrelay_session_tool_end(&t->s, t->run, &text, ok, 1000, &t->out);
}


static int
has_key(const test_t *t, uint64_t succeeded)
{
    u_char           key[CONVRELAY_TOOL_KEY];
    convrelay_str_t  sid;

    sid = str("CA1");

    convrelay_tool_key(key, &sid, NULL, t->run->arguments.digest, succeeded);

    return memcmp(key, t->run->key, sizeof(key)) == 0;
}


static void
result_is(const test_t *t, const char *want, const char *name)
{
    convrelay_str_t       text;
    convrelay_llm_call_t  c;

    convrelay_llm_message_call(t->s.history.last, &c);
    text = c.arguments;

    tap_is_str(&text, want, name);
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    test_t  *t = (test_t *) out;

    if (a->type == CONVRELAY_ACT_TOOL) {
        t->run = a->run;
        t->run->failed = t->fails;
        t->ntools++;

    } else if (a->type == CONVRELAY_ACT_START) {
        t->started = 1;
    }
}
