
/*
 * Copyright (C) convrelay contributors
 *
 * What a call does at the moment.
 */


#include "convrelay_session.h"
#include "tap.h"


static void message(convrelay_relay_message_t *m);
static void setup(void);
static void prompt(const char *text);
static void delta(const char *text);
static void key(u_char digit);
static void between(int want, const char *name);
static void info(const char *name, const char *value);
static void is(convrelay_activity_e want, const char *name);
static void turn(int open, int said, const char *name);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);


static uint64_t                  now = 1000;
static uint64_t                  until;
static convrelay_session_t       s;
static convrelay_actions_t       out = { act, NULL };
static convrelay_session_conf_t  conf;

static const convrelay_str_t  none = convrelay_null_string;


int
main(void)
{
    conf.end_timeout = 5000;
    conf.keys.max = 4;
    conf.keys.pause = 1000;
    conf.triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_DTMF);

    convrelay_session_init(&s, &conf, now);
    is(CONVRELAY_ACTIVITY_GREETING, "before the setup");
    between(0, "before the setup");

    setup();
    is(CONVRELAY_ACTIVITY_GREETING, "nobody has asked yet");
    between(0, "in the greeting");

    turn(0, 0, "there is no turn");

    prompt("Hi");
    is(CONVRELAY_ACTIVITY_THINKING, "a turn");
    between(0, "with a turn that has sent nothing");
    turn(1, 0, "it is open");

    delta("One.");
    is(CONVRELAY_ACTIVITY_SPEAKING, "its first words");
    tap_ok(until == UINT64_MAX, "more may come");
    between(0, "with a turn that speaks");
    turn(1, 1, "it has said something");

    convrelay_session_turn_end(&s, CONVRELAY_TURN_COMPLETE, &none, now, &out);
    is(CONVRELAY_ACTIVITY_SPEAKING, "they are spoken on");
    turn(0, 0, "the turn is over");
    tap_ok(until > now && until < now + 2000, "for a while");
    between(0, "while words are heard");
    tap_ok(convrelay_session_between_turns(&s, now + 5000),
           "... which is estimated");

    info("tokensPlayed", "One.");
    is(CONVRELAY_ACTIVITY_LISTENING, "all was heard");
    between(0, "right after the caller heard something");
    tap_ok(!convrelay_session_between_turns(&s, now + 1499),
           "... for 1.5 seconds");
    tap_ok(convrelay_session_between_turns(&s, now + 1500), "... not longer");

    info("clientSpeaking", "on");
    now += 60000;
    between(0, "while the caller speaks");
    info("clientSpeaking", "off");
    between(0, "right after that");
    now += 60000;
    between(1, "between two turns");

    prompt("Again");
    delta("Two.");
    convrelay_session_turn_end(&s, CONVRELAY_TURN_COMPLETE, &none, now, &out);
    info("agentSpeaking", "on");
    is(CONVRELAY_ACTIVITY_SPEAKING, "the voice is on");
    now += 60000;
    between(0, "while the voice is on");
    info("agentSpeaking", "off");
    is(CONVRELAY_ACTIVITY_LISTENING, "the voice is off");
    now += 60000;
    between(1, "once it is off");

    prompt("More");
    is(CONVRELAY_ACTIVITY_THINKING, "another turn");
    convrelay_session_turn_end(&s, CONVRELAY_TURN_FAILED, &none, now, &out);
    is(CONVRELAY_ACTIVITY_LISTENING, "it has failed, without a word");

    now += 60000;
    between(1, "after a turn that failed");

    key('1');
    now += 60000;
    between(0, "while keys are entered");
    convrelay_session_clock(&s, now, &out);
    convrelay_session_trigger_done(&s, now, &out);
    now += 60000;
    between(1, "after them");

    convrelay_session_over(&s);
    is(CONVRELAY_ACTIVITY_PARTING, "it is over");
    between(0, "at its end");

    convrelay_session_free(&s);

    /* a prompt that actions answer is one, too */

    conf.triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_PROMPT);

    convrelay_session_init(&s, &conf, now);
    setup();
    is(CONVRELAY_ACTIVITY_GREETING, "nobody has asked yet");

    prompt("operator");
    convrelay_session_trigger_done(&s, now, &out);
    is(CONVRELAY_ACTIVITY_LISTENING, "actions answered");
    now += 60000;
    between(1, "after actions");

    /* one that the LLM refused is gone, and was one */

    prompt("Hi");
    convrelay_session_trigger_declined(&s, &none, now, &out);
    is(CONVRELAY_ACTIVITY_THINKING, "a turn after all");
    convrelay_session_turn_end(&s, CONVRELAY_TURN_REJECTED, &none, now, &out);
    is(CONVRELAY_ACTIVITY_LISTENING, "which was refused");

    convrelay_session_over(&s);
    convrelay_session_free(&s);

    return tap_done();
}


static void
message(convrelay_relay_message_t *m)
{
    now += 1000;

    convrelay_session_message(&s, m, now, &out);
}


static void
setup(void)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");

    message(&m);
}


static void
prompt(const char *text)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.voice_prompt.data = (u_char *) text;
    m.u.prompt.voice_prompt.len = strlen(text);
    m.u.prompt.last = 1;

    message(&m);
}


static void
delta(const char *text)
{
    convrelay_str_t  piece;

    piece.data = (u_char *) text;
    piece.len = strlen(text);

    convrelay_session_delta(&s, &piece, now, &out);
}


static void
info(const char *name, const char *value)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_INFO;
    m.u.info.name.data = (u_char *) name;
    m.u.info.name.len = strlen(name);
    m.u.info.value.data = (u_char *) value;
    m.u.info.value.len = strlen(value);

    message(&m);
}


static void
is(convrelay_activity_e want, const char *name)
{
    convrelay_activity_e  got;

    until = 1;

    got = convrelay_session_activity(&s, &until);

    tap_ok(got == want && (until == 0) == (got != CONVRELAY_ACTIVITY_SPEAKING),
           "%s: %d", name, got);
}


static void
key(u_char digit)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_DTMF;
    m.u.digit.data = &digit;
    m.u.digit.len = 1;

    message(&m);
}


static void
between(int want, const char *name)
{
    tap_ok(convrelay_session_between_turns(&s, now) == want,
           "%s: %sbetween two turns", name, want ? "" : "not ");
}


static void
turn(int open, int said, const char *name)
{
    tap_ok(convrelay_session_turn_open(&s) == open
           && convrelay_session_turn_said(&s) == said, "%s", name);
}


static void
act(convrelay_actions_t *to, const convrelay_action_t *a)
{
    /* void */
}
