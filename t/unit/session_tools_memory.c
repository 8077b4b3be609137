
/*
 * Copyright (C) convrelay contributors
 *
 * More than 10,000 turns with tools on one call: the heap is counted, and does
 * not grow once the history, and the memory of the calls that succeeded, are
 * full.
 */


#include "tap.h"
#include "session_heap.h"


#define PERIOD  64        /* turns, after which everything is repeated */
#define TURNS   (157 * PERIOD)
#define FULL    (32 * PERIOD)     /* enough to fill all that has a limit */


typedef struct {
    convrelay_actions_t        out;       /* first */
    convrelay_session_t        s;
    convrelay_tool_run_t      *runs[4];
    unsigned                   nruns;
    unsigned                   starts;
    unsigned                   closed:1;
    uint64_t                   now;
} call_t;


static void turn(call_t *c, unsigned n);
static void run(call_t *c, unsigned ok, unsigned n);
static void prompt(call_t *c, unsigned n);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);


static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("look"), .uri = 1, .cancel = 1 },
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 },
    { convrelay_string("bye"), .actions = 1 }
};


static const convrelay_session_conf_t  conf = {
    .error_message = convrelay_string("Sorry."),
    .max_history_messages = 40, .max_history_bytes = 8192,
    .tools = tools, .ntools = 4, .max_tool_rounds = 4, .tool_wait = 1500,
    .end_timeout = 10000
};


int
main(void)
{
    long                       live, bytes, last_live, last_bytes;
    unsigned                   n;
    static call_t              c;
    convrelay_relay_message_t  m;

    c.out.act = act;
    c.now = 1000000;

    convrelay_session_init(&c.s, &conf, c.now);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");
    convrelay_session_message(&c.s, &m, c.now, &c.out);

    live = 0;
    bytes = 0;

    for (n = 0; n < FULL + TURNS && !c.closed; n++) {

        if (n == FULL) {
            live = heap.live;
            bytes = heap.bytes;
        }

        turn(&c, n);
    }

    last_live = heap.live;
    last_bytes = heap.bytes;

    tap_ok(!c.closed && c.s.tool_calls > 2 * TURNS, "%d turns, %d calls",
           TURNS, (int) c.s.tool_calls);

#ifdef NO_OVERRIDE
    (void) live;
    (void) bytes;
    (void) last_live;
    (void) last_bytes;
    tap_ok(1, "the heap # SKIP the allocator is not ours");
#else
    tap_ok(last_live == live, "%ld blocks, then %ld", live, last_live);
    tap_ok(last_bytes == bytes, "%ld bytes, then %ld", bytes, last_bytes);
#endif

    convrelay_session_free(&c.s);

    return tap_done();
}


/* what a turn can be, each kind with other arguments each time */

static void
turn(call_t *c, unsigned n)
{
    char                       arguments[2][32], ids[2][16];
    unsigned                   i, kind;
    convrelay_llm_call_t       calls[2];
    convrelay_relay_message_t  m;

    static const convrelay_str_t  none = convrelay_null_string;
    static const convrelay_str_t  before =
        convrelay_string("Let me look that up.");
    static const convrelay_str_t  after =
        convrelay_string("Here it is, as you wished.");

    n %= PERIOD;
    kind = n % 8;

    prompt(c, n);

    if (n % 3) {
        convrelay_session_delta(&c->s, &before, c->now, &c->out);
    }

    memset(calls, 0, sizeof(calls));

    for (i = 0; i < 2; i++) {
        calls[i].id.data = (u_char *) ids[i];
        calls[i].id.len = sprintf(ids[i], "c%02u%u", n, i);
        calls[i].arguments.data = (u_char *) arguments[i];
        calls[i].arguments.len = sprintf(arguments[i], "{\"n\":\"%02u\"}",
                                         n / 8 + (kind == 4 ? 0 : i));
        calls[i].name = tools[kind == 3 && i ? 3 : n % 3].name;
        calls[i].valid = 1;
    }

    convrelay_session_turn_calls(&c->s, &none, calls, 2, c->now, &c->out);

    memset(&m, 0, sizeof(m));

    switch (kind) {

    case 5:         /* the caller interrupts, without a word */
        m.type = CONVRELAY_RELAY_INTERRUPT;
        convrelay_str_set(&m.u.interrupt.utterance, "Let me");
        m.u.interrupt.duration = 500;
        convrelay_session_message(&c->s, &m, c->now, &c->out);
        run(c, 1, n);
        c->now += 1500;
        convrelay_session_clock(&c->s, c->now, &c->out);
        break;

    case 6:         /* another prompt, and the results come late */
        prompt(c, n + PERIOD);
        c->now += 1500;
        convrelay_session_clock(&c->s, c->now, &c->out);
        run(c, 1, n);
        break;

    case 7:         /* the LLM refuses the results */
        run(c, 1, n);
        convrelay_session_turn_end(&c->s, CONVRELAY_TURN_REJECTED, &none,
                                   c->now, &c->out);
        return;

    default:
        run(c, kind != 2, n);
        break;
    }

    /* a goodbye, or words like it */

    if (c->s.trigger == CONVRELAY_TRIGGER_TOOL) {
        convrelay_session_trigger_done(&c->s, c->now, &c->out);
    }

    convrelay_session_delta(&c->s, &after, c->now, &c->out);
    convrelay_session_turn_end(&c->s, CONVRELAY_TURN_COMPLETE, &none, c->now,
                               &c->out);
}


/* all that were asked answer */

static void
run(call_t *c, unsigned ok, unsigned n)
{
    char                   text[64];
    convrelay_str_t        result;
    convrelay_tool_run_t  *r;

    while (c->nruns) {
        r = c->runs[--c->nruns];

        result.data = (u_char *) text;
        result.len = sprintf(text, "{\"ok\":%s,\"n\":%02u}",
                             ok ? "true" : "false", n);

        convrelay_session_tool_end(&c->s, r, &result, ok, c->now, &c->out);
    }
}


static void
prompt(call_t *c, unsigned n)
{
    char                       text[32];
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.voice_prompt.data = (u_char *) text;
    m.u.prompt.voice_prompt.len = sprintf(text, "What about %03u", n);
    m.u.prompt.last = 1;

    c->now += 5000;

    convrelay_session_message(&c->s, &m, c->now, &c->out);
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    unsigned   i;
    call_t    *c = (call_t *) out;

    switch (a->type) {

    case CONVRELAY_ACT_TOOL:
        c->runs[c->nruns++] = a->run;
        break;

    case CONVRELAY_ACT_TOOL_CANCEL:

        for (i = 0; c->runs[i] != a->run; i++) { /* void */ }

        c->runs[i] = c->runs[--c->nruns];
        break;

    case CONVRELAY_ACT_START:
        c->starts++;
        break;

    case CONVRELAY_ACT_CLOSE:
        c->closed = 1;
        break;

    default:
        break;
    }
}
