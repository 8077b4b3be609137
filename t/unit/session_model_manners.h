
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with everything that is about speech: the filter, pronunciations,
 * pauses after coughs, backchannels, the marker of interruptions; with tools,
 * rules, keys, and sockets that are lost.  Twilio is played here: it speaks
 * clauses, reports them, and purges what it has at an interruption.
 *
 *   - what is sent is, to the byte, what session_model_answer.h says is to be
 *     heard, and at the end of an answer all of it
 *   - from an interruption on nothing of the answer is sent, until it goes on
 *     from the clause that was cut, twice at most, not after a key, and not for
 *     less than 15 characters; once it is known that it does not, the LLM's
 *     request ends in the same step
 *   - while an answer is paused, no more than 64 KiB are read
 *   - at every request the history is what was heard, once, as it was written,
 *     and exactly the messages that were cut are marked
 *   - across sessions it is, too, and between two turns a session that has read
 *     the state acts as the one that has written it
 *
 * The includer gives the choices: rnd(n) is one of 0 to n - 1.  What came after
 * rnd_at() comes once more after rnd_back().
 */


#ifndef CONVRELAY_SESSION_MODEL_MANNERS_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_MANNERS_H_INCLUDED


#include "tap.h"
#include "convrelay_session.h"
#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"
#include "convrelay_state.h"

#include "session_model_answer.h"


#define EVENTS       80
#define MAX_ENTRIES  512
#define MAX_RUNS     16
#define PAUSE        1500
#define MAX_ANSWER   8000
#define REST         15           /* characters that are worth being spoken */
#define MAX_PAUSED   65536
#define SETTLE       250          /* ms after a key */
#define LEAD         "As I said,"
#define NOTHING      ((size_t) -1)        /* no speech that can be cut */

#define NO           0
#define MAYBE        1
#define YES          2


typedef struct {
    unsigned                   assistant:1;
    unsigned                   cut:1;
    unsigned                   gone:1;
    unsigned                   loose:1;   /* the socket was lost while it was
                                             spoken: a part of it is left */
    unsigned                   cut_short:1;       /* which is marked */
    size_t                     len;
    char                      *text;
} entry_t;


/* what an LLM's answer has ended with in a pause */

typedef enum {
    HELD_NOTHING = 0,
    HELD_END,
    HELD_FAILED,
    HELD_CALLS,
    HELD_LONG
} held_e;


typedef struct {
    convrelay_actions_t        out;       /* first */
    convrelay_session_t        s;
    convrelay_session_conf_t   conf;
    uint64_t                   now;
    unsigned                   number;
    unsigned                   event;
    unsigned                   sessions;
    uint64_t                   log;

    convrelay_str_t            lang;
    unsigned                   reports:1; /* Twilio does */
    unsigned                   led:1;     /* words came before an answer */

    answer_t                   answers[2];
    unsigned                   cur:1;     /* what is heard */
    unsigned                   gen:1;     /* what the LLM writes */
    convrelay_turn_e           turn;
    unsigned                   request:1; /* one runs */
    unsigned                   open:1;    /* text without its last */
    unsigned                   failing:1; /* the error message may come */
    unsigned                   closed:1;
    unsigned                   wrong:1;   /* more of the call says nothing */
    unsigned                   trigger;   /* waits for its actions */
    unsigned                   words;     /* that begin fragments */
    unsigned                   noise:1;   /* a prompt was one */
    unsigned                   unsure:1;  /* it may be: the next action says */
    unsigned                   complete:1;        /* all must have been sent */
    unsigned                   stored:1;  /* an answer, in this event */
    unsigned                   release:1; /* of an answer that is too long */

    unsigned                   paused:1;
    unsigned                   begun:1;   /* some of the answer was sent */
    unsigned                   goes_on:1;
    unsigned                   keyed:1;   /* since the interruption */
    uint64_t                   paused_at;
    uint64_t                   key_at;
    size_t                     heard;
    size_t                     clause;
    size_t                     sent;      /* before the pause */
    held_e                     held;
    unsigned                   waits:1;   /* a prompt does, for a rule */
    unsigned                   asked;     /* whether a question was cut, and
                                             not answered: YES, MAYBE, NO */
    char                       waiting[64];
    char                       prompt[64];

    entry_t                    entries[MAX_ENTRIES];
    size_t                     nentries;

    convrelay_tool_run_t      *runs[MAX_RUNS];
    unsigned                   nruns;
    unsigned                   ids;
    const char                *expected;  /* of an action */
    size_t                     expected_len;
} call_t;


static void run_call(call_t *c, unsigned number);
static void start(call_t *c, unsigned number);
static void event(call_t *c);

/* the LLM, and tools */

static void delta(call_t *c);
static void fragment(call_t *c, const fragment_t *f);
static void feed(call_t *c, size_t len);
static void finish(call_t *c);
static void flood(call_t *c);
static void end(call_t *c, unsigned failed);
static void calls(call_t *c);
static void tool_end(call_t *c, unsigned n);
static void settle(call_t *c);

/* session_model_manners_talk.h: Twilio, and the caller */

static void speak(call_t *c);
static void interrupt(call_t *c);
static size_t interrupt_pos(call_t *c, convrelay_str_t *utterance,
    size_t *clause);
static unsigned interrupt_pauses(call_t *c, size_t heard);
static void prompt(call_t *c, unsigned noise);
static const char *any_noise(const call_t *c);
static unsigned asked(const call_t *c, const char *text);
static void prompted(call_t *c);
static unsigned may_ask(const call_t *c);
static void talk(call_t *c);
static void key(call_t *c);
static void twilio_error(call_t *c);
static void tick(call_t *c);
static void message(call_t *c, convrelay_relay_message_t *m);

/* session_model_manners_act.h: what comes of it */

static void after(call_t *c);
static void react(call_t *c);
static void react_keys(call_t *c);
static void say(call_t *c);
static unsigned joins(const call_t *c);

static void act(convrelay_actions_t *out, const convrelay_action_t *a);
static void act_start(call_t *c);
static void act_text(call_t *c, const convrelay_action_t *a);
static void act_send(call_t *c, const convrelay_relay_out_t *m);
static void act_log(call_t *c, const char *note);
static void act_go_on(call_t *c);

static void promote(call_t *c);
static void turn_done(call_t *c, unsigned failed);
static void turn_called(call_t *c);
static void turn_cancelled(call_t *c, unsigned by_caller);
static void cut(call_t *c, size_t heard, unsigned running);
static unsigned pause_short(const call_t *c);
static void pause_cut(call_t *c);
static void pause_over(call_t *c);

static void store(call_t *c, size_t written);
static void add(call_t *c, unsigned assistant, const char *p, size_t len);
static void set(call_t *c, long n, const char *p, size_t len, unsigned cut);
static void check_history(call_t *c);
static void bad(call_t *c, const char *what);

static unsigned rnd(unsigned n);
static uint64_t rnd_at(void);
static void rnd_back(uint64_t at);

/* session_model_state.h */

static void begin(call_t *c);
static void log_action(call_t *c, const convrelay_action_t *a);

/* session_model_lost.h */

static void lose(call_t *c);
static void twin(call_t *c);


#define cur(c)  (&(c)->answers[(c)->cur])
#define gen(c)  (&(c)->answers[(c)->gen])


static const convrelay_str_t  no_text = convrelay_null_string;

static const convrelay_str_t  backchannels[] = {
    convrelay_string("uh-huh"), convrelay_string("right")
};

/* nothing is said twice in a row: that is not always another prompt */

static const char  *noises[] = { "Uh-huh, right.", "Right!", "Uh-huh!" };

static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("look"), .uri = 1, .cancel = 1 },
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("note"), .actions = 1 },
};

static const convrelay_str_t  shapes[] = {
    convrelay_string("book"), convrelay_string("look"), convrelay_string("note")
};


static unsigned  nbad, nrequests, nwhole, npauses, nwent_on, ntwice, nleft,
                 ncuts, nkeyed, nshort, nnoise, nlong, nmarked, nlate,
                 nlost, ntwins, nsaid, nforeign;


static void
run_call(call_t *c, unsigned number)
{
    start(c, number);

    for (c->event = 0; c->event < EVENTS && !c->wrong; c->event++) {
        event(c);

        if (rnd(60) == 0 && !c->wrong) {
            lose(c);
        }

        if (rnd(12) == 0 && !c->wrong) {
            twin(c);
        }
    }

    convrelay_session_free(&c->s);

    while (c->nentries) {
        free(c->entries[--c->nentries].text);
    }
}


static void
start(call_t *c, unsigned number)
{
    size_t  at;

    at = offsetof(call_t, answers);

    memset(c, 0, at);

    answer_new(&c->answers[0]);
    answer_new(&c->answers[1]);

    at += sizeof(c->answers);
    memset((char *) c + at, 0, sizeof(call_t) - at);

    c->out.act = act;
    c->number = number;
    c->now = 1000000;
    c->reports = rnd(2);

    convrelay_str_set(&c->lang, "en-US");

    if (rnd(4) == 0) {
        convrelay_str_set(&c->lang, "es-ES");
        nforeign++;
    }

    c->conf.store = 1;
    c->conf.speech = rnd(3);
    c->conf.lexicon = rnd(3) ? &lexicon : NULL;
    c->conf.pause = rnd(5) ? PAUSE : 0;
    c->conf.backchannels = backchannels;
    c->conf.nbackchannels = rnd(4) ? 2 : 0;
    c->conf.keys.max = 1;
    c->conf.keys.pause = 1000;
    c->conf.end_timeout = 10000;
    c->conf.failures = 1;
    c->conf.tools = tools;
    c->conf.ntools = rnd(2) ? 3 : 0;
    c->conf.shapes.names = shapes;
    c->conf.shapes.nnames = 3;
    c->conf.max_tool_rounds = 1 + rnd(4);
    c->conf.tool_wait = rnd(2) ? 1500 : 0;
    c->conf.triggers = rnd(2) ? 1u << CONVRELAY_TRIGGER_INTERRUPT : 0;
    c->conf.triggers |= rnd(2) ? 1u << CONVRELAY_TRIGGER_ERROR : 0;
    c->conf.triggers |= rnd(4) ? 0 : 1u << CONVRELAY_TRIGGER_PROMPT;

    if (rnd(3)) {
        convrelay_str_set(&c->conf.marker, " " MARKER);
        convrelay_str_set(&c->conf.spoken_marker, MARKER);
    }

    if (rnd(2)) {
        convrelay_str_set(&c->conf.error_message, "Sorry.");
    }

    begin(c);
    (void) convrelay_session_restored(&c->s, NULL, 0, NULL, c->now, &c->out);

    prompt(c, 0);
}


static void
event(call_t *c)
{
    unsigned  n;

    c->now += rnd(120);
    n = rnd(100);

    if (c->request) {

        if (n < 45) {
            delta(c);
            return;
        }

        if (n < 52) {
            end(c, rnd(6) == 0);
            return;
        }

        if (n < 56 && c->conf.ntools) {
            calls(c);
            return;
        }

        if (n == 99 && c->paused && c->held == HELD_NOTHING && rnd(3) == 0) {
            flood(c);
            return;
        }

    } else if (c->nruns && n < 35) {
        tool_end(c, rnd(c->nruns));
        return;
    }

    n = rnd(100);

    if (n < 22) {
        interrupt(c);

    } else if (n < 50) {
        speak(c);

    } else if (n < 76) {
        tick(c);

    } else if (n < 84) {
        prompt(c, 0);

    } else if (n < 91) {
        prompt(c, 1);

    } else if (n < 94) {
        talk(c);

    } else if (n < 97) {
        key(c);

    } else {
        twilio_error(c);
    }
}


static void
delta(call_t *c)
{
    answer_t  *a;

    a = gen(c);

    if (a->fed == a->raw_len) {

        if (a->spoken_len > MAX_ANSWER || a->nwords > MAX_WORDS - 16) {
            return;
        }

        fragment(c, &fragments[rnd(FRAGMENTS)]);
    }

    feed(c, 1 + rnd(rnd(4) ? 12 : 80));
}


/* what follows a call of a tool is another sentence */

static void
fragment(call_t *c, const fragment_t *f)
{
    answer_t  *a;

    a = gen(c);

    if (a->base && a->written_len == a->base
        && a->spoken[a->spoken_len - 1] != ' ')
    {
        answer_chars(a, " ", 1);
        a->base++;
        a->request++;
    }

    answer_fragment(a, &c->conf, convrelay_speech_english(&c->lang), f,
                    ++c->words);
}


/* the LLM writes some bytes more, whole characters */

static void
feed(call_t *c, size_t len)
{
    answer_t         *a;
    convrelay_str_t   text;

    a = gen(c);

    if (len > a->raw_len - a->fed) {
        len = a->raw_len - a->fed;
    }

    text.data = (u_char *) a->raw + a->fed;
    text.len = len;

    while (a->fed + text.len < a->raw_len
           && (text.data[text.len] & 0xc0) == 0x80)
    {
        text.len++;
    }

    if (text.len == 0) {
        return;
    }

    a->fed += text.len;

    convrelay_session_delta(&c->s, &text, c->now, &c->out);
    after(c);
}


/* all of the fragments that were begun */

static void
finish(call_t *c)
{
    while (c->request && gen(c)->fed < gen(c)->raw_len) {
        feed(c, 1 + rnd(40));
    }
}


/* an LLM that does not stop, in a pause */

static void
flood(call_t *c)
{
    char        buf[1024];
    size_t      before;
    answer_t   *a;
    fragment_t  f;

    finish(c);

    memset(buf, 0, sizeof(buf));
    strcpy(buf, "w%04u very");

    while (strlen(buf) < 200) {
        strcat(buf, " very");
    }

    strcat(buf, " long, ");

    f.raw = buf;
    f.on = buf;
    f.off = buf;
    f.ssml = NULL;
    f.foreign = NULL;

    a = gen(c);
    before = a->raw_len;

    while (c->request && a->raw_len - before < 2 * MAX_PAUSED
           && a->spoken_len + 512 < MAX_TEXT)
    {
        fragment(c, &f);
        finish(c);
    }

    if (c->request || c->held != HELD_LONG) {
        bad(c, "more than 64 KiB are read in a pause");
    }

    nlong++;
}


static void
end(call_t *c, unsigned failed)
{
    answer_t                 *a;
    unsigned                  paused;
    convrelay_turn_outcome_e  how;

    static const convrelay_str_t  none = convrelay_null_string;

    a = gen(c);

    if (c->request && a->fed < a->safe && rnd(2)) {
        answer_stop(a);
    }

    finish(c);

    if (!c->request) {
        return;
    }

    settle(c);

    paused = c->paused;
    failed |= (c->turn == CONVRELAY_TURN_ASKED && gen(c)->spoken_len == 0);
    how = failed ? CONVRELAY_TURN_FAILED
          : rnd(4) ? CONVRELAY_TURN_COMPLETE : CONVRELAY_TURN_TRUNCATED;

    c->request = 0;

    if (paused) {
        c->held = failed ? HELD_FAILED : HELD_END;

    } else {
        turn_done(c, failed);
    }

    convrelay_session_turn_end(&c->s, how, &none, c->now, &c->out);
    after(c);
}


static void
calls(call_t *c)
{
    char                  ids[2][16];
    unsigned              i, n, last;
    convrelay_llm_call_t  list[2];

    static const convrelay_str_t  none = convrelay_null_string;

    finish(c);

    if (!c->request) {
        return;
    }

    last = convrelay_session_last_round(&c->s);

    if (last && c->turn == CONVRELAY_TURN_ASKED && gen(c)->spoken_len == 0) {
        end(c, 1);
        return;
    }

    memset(list, 0, sizeof(list));
    n = 1 + rnd(2);

    for (i = 0; i < n; i++) {
        list[i].id.data = (u_char *) ids[i];
        list[i].id.len = sprintf(ids[i], "c%u", c->ids++);
        list[i].name = tools[rnd(3)].name;
        convrelay_str_set(&list[i].arguments, "{}");
        list[i].valid = 1;
    }

    settle(c);

    c->request = 0;

    if (c->paused) {
        c->held = last ? HELD_END : HELD_CALLS;

    } else if (last) {
        turn_done(c, 0);

    } else {
        turn_called(c);
    }

    convrelay_session_turn_calls(&c->s, &none, list, n, c->now, &c->out);
    after(c);
}


static void
tool_end(call_t *c, unsigned n)
{
    convrelay_tool_run_t  *run;

    static const convrelay_str_t  result = convrelay_string("{\"ok\":1}");

    run = c->runs[n];
    c->runs[n] = c->runs[--c->nruns];

    convrelay_session_tool_end(&c->s, run, &result, 1, c->now, &c->out);
    after(c);
}


/* the request is over: the rooms, given all of its text at once, agree with
   what is known by heart; whether the last blank is spoken is theirs to say */

static void
settle(call_t *c)
{
    size_t       len, want;
    answer_t    *a;
    static char  buf[MAX_TEXT];

    a = gen(c);

    if (a->raw_len == 0) {
        return;
    }

    len = answer_whole(a, &c->conf, &c->lang, buf);
    want = a->spoken_len - a->request;
    nrequests++;

    if (!a->mixed
        && (len > want || len + 1 < want
            || memcmp(buf, a->spoken + a->request, len) != 0
            || (len < want && a->spoken[a->spoken_len - 1] != ' ')))
    {
        bad(c, "all in one piece it is another text");
        printf("# %.*s\n# %.*s\n", (int) len, buf, (int) want,
               a->spoken + a->request);
        return;
    }

    if (a->spoken[a->spoken_len - 1] == ' ' && buf[len - 1] != ' ') {
        a->spoken_len--;
        a->written_len--;
    }

    nwhole++;
}


static void
message(call_t *c, convrelay_relay_message_t *m)
{
    convrelay_session_message(&c->s, m, c->now, &c->out);
    after(c);
}


static void
bad(call_t *c, const char *what)
{
    if (!c->wrong && nbad++ < 10) {
        printf("# call %u, event %u: %s\n", c->number, c->event, what);
    }

    c->wrong = 1;
}


#include "session_model_manners_talk.h"
#include "session_model_manners_act.h"
#include "session_model_state.h"
#include "session_model_lost.h"


#endif /* CONVRELAY_SESSION_MODEL_MANNERS_H_INCLUDED */
