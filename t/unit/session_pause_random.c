
/*
 * Copyright (C) convrelay contributors
 *
 * Random calls with coughs.  A model of Twilio speaks what it is sent, purges
 * it at an interrupt, and knows what the caller has heard: from an interrupt on
 * nothing is sent, until the answer goes on from the start of a clause, or was
 * cut; and in the end the history has what was heard, once.
 */


#include <stdio.h>
#include <stdlib.h>

#include "tap.h"
#include "convrelay_session.h"


#define CALLS   4000
#define EVENTS  60
#define SIZE    16384


typedef struct {
    convrelay_actions_t   out;            /* first */
    convrelay_session_t   s;
    uint64_t              now;
    char                  text[SIZE];     /* of the answer, as the LLM wrote
                                             it */
    size_t                len;
    size_t                from;           /* where what Twilio has begins */
    size_t                to;             /* and ends */
    size_t                heard;          /* of a paused answer */
    size_t                clause;         /* where its cut clause begins */
    unsigned              paused:1;
    unsigned              running:1;      /* a turn */
    unsigned              ended:1;        /* its end was fed, in a pause */
    unsigned              goes_on:1;
    unsigned              went_on:2;
    unsigned              words;
    const char           *wrong;
} call_t;


static const convrelay_str_t  backchannels[] = { convrelay_string("uh-huh") };

static const convrelay_session_conf_t  conf = {
    .error_message = convrelay_string("Sorry."), .pause = 1500,
    .backchannels = backchannels, .nbackchannels = 1
};

static uint64_t  seed;
static unsigned  npauses, nresumed, ncut;


static void run(call_t *c);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);
static void say(call_t *c);
static void end(call_t *c);
static void interrupt(call_t *c);
static void prompt(call_t *c, const char *text);
static void tick(call_t *c);
static void check_history(call_t *c, size_t heard);
static unsigned any(unsigned n);
static size_t clause_of(const call_t *c, size_t pos);
static size_t chars(const call_t *c, size_t pos);


int
main(void)
{
    unsigned        i, wrong;
    static call_t   c;

    wrong = 0;

    for (i = 0; i < CALLS && wrong < 5; i++) {
        seed = i + 1;

        memset(&c, 0, sizeof(c));
        run(&c);

        if (c.wrong) {
            printf("# call %u: %s\n", i, c.wrong);
            wrong++;
        }
    }

    tap_ok(wrong == 0, "%u calls", i);
    tap_ok(npauses > CALLS / 10 && nresumed > CALLS / 10 && ncut > CALLS / 10,
           "%u pauses, %u answers went on, %u were cut", npauses, nresumed,
           ncut);

    return tap_done();
}


static void
run(call_t *c)
{
    unsigned                   i;
    convrelay_relay_message_t  m;

    c->out.act = act;
    c->now = 1000000;

    convrelay_session_init(&c->s, &conf, c->now);

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_session_message(&c->s, &m, c->now, &c->out);

    prompt(c, "Hi");

    for (i = 0; i < EVENTS && c->wrong == NULL; i++) {

        switch (any(10)) {

        case 0:
        case 1:
        case 2:
            interrupt(c);
            break;

        case 3:
            end(c);
            break;

        case 4:
            prompt(c, any(2) ? "Uh-huh." : "And then?");
            break;

        case 5:
        case 6:
            tick(c);
            break;

        default:
            say(c);
        }
    }

    convrelay_session_free(&c->s);
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    call_t  *c = (call_t *) out;

    switch (a->type) {

    case CONVRELAY_ACT_TEXT:

        if (a->text.len == 0) {
            break;
        }

        if (c->paused && !c->goes_on) {
            c->wrong = "text in a pause";
            break;
        }

        if (c->goes_on) {
            c->goes_on = 0;
            c->paused = 0;
            c->from = c->clause;
            c->to = c->clause;
        }

        if (a->text.len > c->len - c->to
            || memcmp(a->text.data, c->text + c->to, a->text.len) != 0)
        {
            c->wrong = "other text than comes next";
            break;
        }

        c->to += a->text.len;
        break;

    case CONVRELAY_ACT_GO_ON:

        if (!c->paused || c->went_on == 2) {
            c->wrong = "goes on without a pause, or too often";
        }

        c->went_on++;
        c->goes_on = 1;
        nresumed++;
        break;

    case CONVRELAY_ACT_START:
        c->running = 1;
        c->ended = 0;
        break;

    case CONVRELAY_ACT_SEND:
    case CONVRELAY_ACT_CLOSE:
        c->wrong = "an action that nothing leads to";
        break;

    default:
        break;
    }
}


static void
say(call_t *c)
{
    char             word[16];
    size_t           n;
    convrelay_str_t  text;

    if (!c->running || c->ended || c->len > SIZE - 64) {
        return;
    }

    /* each word is another one, so that it can be found */

    c->words++;
    n = snprintf(word, sizeof(word), "w%u%s ", c->words,
                 c->words % 4 ? "" : ",");

    memcpy(c->text + c->len, word, n);
    c->len += n;

    text.data = (u_char *) word;
    text.len = n;

    convrelay_session_delta(&c->s, &text, c->now, &c->out);
}


static void
end(call_t *c)
{
    static const convrelay_str_t  none = convrelay_null_string;

    if (!c->running || c->ended || c->len == 0) {
        return;
    }

    c->ended = c->paused;
    c->running = c->paused;

    convrelay_session_turn_end(&c->s, CONVRELAY_TURN_COMPLETE, &none, c->now,
                               &c->out);
}


/* after a random number of words of what was sent */

static void
interrupt(call_t *c)
{
    size_t                     pos, left;
    unsigned                   n;
    convrelay_relay_message_t  m;

    if (c->paused || c->to == c->from) {
        return;
    }

    pos = c->from;

    for (n = 1 + any(6); n && pos < c->to; n--) {

        while (c->text[pos] != ' ') {
            pos++;
        }

        if (n > 1) {
            pos++;
        }
    }

    if (pos >= c->to) {
        pos = c->to - 1;
    }

    c->heard = pos;
    c->clause = clause_of(c, pos);

    if (c->clause < c->from) {
        c->clause = c->from;
    }

    left = chars(c, pos);

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_INTERRUPT;
    m.u.interrupt.utterance.data = (u_char *) c->text + c->clause;
    m.u.interrupt.utterance.len = pos - c->clause;
    m.u.interrupt.duration = -1;

    c->from = c->to;
    c->paused = (c->went_on < 2 && (c->running || left >= 15));

    convrelay_session_message(&c->s, &m, c->now, &c->out);

    if (c->paused) {
        npauses++;
        return;
    }

    c->running = 0;
    check_history(c, pos);
}


static void
prompt(call_t *c, const char *text)
{
    unsigned                   paused, went_on;
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.voice_prompt.data = (u_char *) text;
    m.u.prompt.voice_prompt.len = strlen(text);
    m.u.prompt.last = 1;

    c->now += 2000;

    if (text[0] == 'U' && !c->paused) {

        /* whether it is spoken depends on the time */

        return;
    }

    paused = c->paused;
    went_on = c->went_on;

    if (paused && text[0] == 'U') {
        c->now -= 1999;
        convrelay_session_message(&c->s, &m, c->now, &c->out);

        if (c->went_on == went_on) {
            ncut++;
            c->paused = 0;
            c->running = 0;
            check_history(c, c->heard);
        }

        c->running &= !c->ended;
        c->ended = 0;
        return;
    }

    if (paused) {
        ncut++;
    }

    c->paused = 0;
    convrelay_session_message(&c->s, &m, c->now, &c->out);

    if (paused) {
        check_history(c, c->heard);
    }

    c->len = 0;
    c->from = 0;
    c->to = 0;
    c->went_on = 0;
}


static void
tick(call_t *c)
{
    unsigned  paused, went_on;

    paused = c->paused;
    went_on = c->went_on;

    c->now += 1500;
    convrelay_session_clock(&c->s, c->now, &c->out);

    if (!paused) {
        return;
    }

    if (c->went_on == went_on) {
        c->paused = 0;
        c->running = 0;
        ncut++;

        if (!c->ended && chars(c, c->heard) >= 15) {
            c->wrong = "cut, although there was more to say";
        }

        check_history(c, c->heard);
    }

    c->running &= !c->ended;
    c->ended = 0;
}


/* the newest answer is what was heard of it */

static void
check_history(call_t *c, size_t heard)
{
    convrelay_llm_message_t  *m, *answer;

    answer = NULL;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_ASSISTANT) {
            answer = m;
        }
    }

    if (answer == NULL || answer->len != heard
        || memcmp(answer->text, c->text, heard) != 0)
    {
        c->wrong = "the history is not what was heard";
    }
}


static size_t
clause_of(const call_t *c, size_t pos)
{
    while (pos > 1 && c->text[pos - 2] != ',') {
        pos--;
    }

    return (pos > 1) ? pos : 0;
}


static size_t
chars(const call_t *c, size_t pos)
{
    return c->len - pos;
}


static unsigned
any(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;

    return (seed >> 33) % n;
}
