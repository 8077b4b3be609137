
/*
 * Copyright (C) convrelay contributors
 *
 * A second, simple-minded account of a call, held against the session at
 * every event: what was sent is what the model and the actions said, every
 * answer that sent a piece is closed once, nothing of it follows an
 * interrupt, the history is valid, never empty-handed, and of the turns
 * before the current answer not a byte changes; each event that is configured
 * comes, once and in time, with the right keys; after an "end" nothing comes
 * but the end, not before its last words were heard, nor much later.
 *
 * In half of the calls a voice speaks the answers clause by clause and
 * reports it, as Twilio does.  There it is known to the byte what was heard.
 *
 * Who includes this gives the choices: rnd(n) is one of 0 to n - 1.
 */


#ifndef CONVRELAY_SESSION_MODEL_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_H_INCLUDED


#include <ctype.h>

#include "tap.h"
#include "json_values.h"
#include "written.h"

#include "session_actions.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


#define EVENTS       200      /* at most in a call */
#define MAX_ANSWER   16384
#define MAX_ENTRIES  1024

#define START_TIME   350      /* ms from a text to its first sound */
#define CHAR_TIME    65
#define SETTLE_TIME  250      /* ms that an interrupt may be after its key */
#define REPORT_TIME  2000     /* ms that reports of it may be late */
#define CLOSE_TIME   10000    /* ms from an end to the close */
#define ERROR_TIME   5000     /* ms between two events of errors */
#define MAX_JOINED   8192


typedef struct {
    int                        assistant;
    size_t                     len;
    unsigned                   cut;       /* by the caller */
    char                      *text;
    char                       extra[16]; /* that goes back with it; or "" */
    unsigned                   llm;       /* from where */
} entry_t;


/* the model: a second, simple-minded account of the call */

typedef struct {
    convrelay_session_t        s;
    convrelay_session_conf_t   conf;
    list_t                    *out;
    uint64_t                   now;
    unsigned                   seed;
    unsigned                   number;
    unsigned                   after;     /* events after the close */
    const char                *what;

    unsigned                   reports:1; /* a voice speaks and reports */
    unsigned                   ready:1;
    unsigned                   waiting:1; /* for the context */
    unsigned                   closed:1;
    unsigned                   running:1;
    unsigned                   sent:1;
    unsigned                   again:1;   /* it is asked for again */
    unsigned                   same:1;    /* another LLM is asked for it */
    unsigned                   words:1;   /* an LLM has said a word of it */
    unsigned                   llm;       /* that is asked */
    unsigned                   tried;     /* the last one that was */
    unsigned                   spared;    /* the first one was only slower */
    unsigned                   rescue;    /* a rule of llm_failed asked */
    unsigned                   hedge;     /* that is asked, too */
    uint64_t                   llm_at;    /* when it was */
    uint64_t                   hedged_at;
    uint64_t                   hedge_at;  /* its deadline */
    convrelay_str_t            hedged;    /* what it wrote, without a word */
    u_char                     hedged_text[512];
    convrelay_session_llm_t    fallbacks[3];
    unsigned                   open:1;    /* pieces were sent, no last yet */
    unsigned                   cuttable:1;
    unsigned                   unknown:1;

    u_char                     answer[MAX_ANSWER];
    u_char                     ends[MAX_ANSWER + 1];  /* of messages */
    size_t                     len;
    size_t                     aside;     /* at the end, not for the history */
    size_t                     kept;      /* bytes in the history */
    size_t                     spoken;    /* by the voice */
    size_t                     played;    /* and the session knows */
    uint64_t                   until;     /* ms, all is spoken: a guess */
    unsigned                   phrase:1;  /* the error message is after it */

    entry_t                    entries[MAX_ENTRIES];
    size_t                     nentries;
    long                       current;   /* the answer's entry, or -1 */
    const convrelay_str_t     *extra;     /* of the answer that ends */
    unsigned                   added:1;   /* actions said a part of it */
    unsigned                   stored:1;  /* it has or had one */
    unsigned                   cut:1;     /* the caller has ended it early */

    unsigned                   event;     /* that waits for an answer */
    convrelay_str_t            prompt;
    uint64_t                   repeat_until;  /* ms, the same is not new */
    const char                *lang;
    const char                *call_sid;
    uint64_t                   error_at;

    u_char                     keys[CONVRELAY_KEYS_MAX];
    size_t                     nkeys;
    uint64_t                   keys_at;   /* ms, they are complete; or 0 */
    uint64_t                   full_until;    /* ms, a terminator is theirs */
    unsigned                   settling:1;
    unsigned                   overtaken:1;   /* a turn is newer than they */
    u_char                     next;      /* key of the entry after theirs */

    const convrelay_relay_out_t  *message;    /* that is to be sent */
    convrelay_str_t            said;      /* its text */

    unsigned                   playing:1;
    unsigned                   tones:1;
    unsigned                   tones_last:1;  /* nothing is queued after */
    unsigned                   file_last:1;   /* a file is */
    unsigned                   ntones;    /* reports to come, of the last */
    char                       digits[8]; /* of them */
    unsigned                   speaking:1;    /* the agent, as reported */
    unsigned                   ending:1;
    unsigned                   ended:1;
    const char                *handoff;
    uint64_t                   end_from;  /* ms, when it was wanted */
    uint64_t                   end_at;    /* ms, no later */

    uint64_t                   started;
    convrelay_session_state_e  state;     /* after the last event */
    unsigned                   too_long:1;    /* its time is over */
    unsigned                   counted;   /* turns, for their rate */

    uint64_t                   stages[3];
    unsigned                   stage;     /* stages that are over */
    uint64_t                   stirred;   /* ms: the caller did something */
    uint64_t                   idle_since;
    uint64_t                   hold_until;
    unsigned                   talking:1; /* the caller, as reported */
    convrelay_session_filler_conf_t  fillers;
    unsigned                   filler:1;  /* one is being sent */
    unsigned                   filler_queued:1;
    unsigned                   filler_voiced:1;   /* all of it is reported */
    unsigned                   filler_heard:1;    /* and of what was said */
    unsigned                   filler_preemptible:1;
    unsigned                   unheard:1; /* something was said since */
    unsigned                   filler_said;       /* in the turn */
    unsigned                   filler_phrase;     /* the next */
    const char                *filler_text;       /* the last one */
    size_t                     filler_at; /* bytes of the answer before it */
    uint64_t                   filler_from;       /* ms: the turn began */
    uint64_t                   filler_last;       /* ms: one was due */
    uint64_t                   filler_until;      /* ms: it is over */
    uint64_t                   filler_tokens;     /* as the request began */
    convrelay_session_time_t   times[2];
    unsigned                   time;      /* of them, that are over */

    uint64_t                   turns;
    uint64_t                   interrupts;
    uint64_t                   tokens;
    uint64_t                   asked_at;
    uint64_t                   requested_at;
    uint64_t                   useful_at; /* the last word; 0: none yet */
    int64_t                    first_token;   /* ms from then, or -1 */
    uint32_t                   worst;
    unsigned                   ntokens;   /* turns that have one */

    u_char                    *before;    /* the history's bytes */
    size_t                     before_len;
} call_t;


static void start_call(call_t *c, unsigned seed);
static void run_event(call_t *c);
static int over(call_t *c);
static void end_call(call_t *c);

/* session_model_talk.h: what is said, on both sides */

static void setup(call_t *c);
static void context_end(call_t *c);
static void deaf(call_t *c);
static void prompt(call_t *c);
static void partial(call_t *c);
static void interrupt(call_t *c);
static void speak(call_t *c);
static void tones_played(call_t *c);
static void agent(call_t *c);
static void noise(call_t *c);
static void talking(call_t *c);
static void stir(call_t *c, unsigned final);
static void silence(call_t *c);

static void message(call_t *c, convrelay_relay_message_t *m);
static void new_answer(call_t *c, uint64_t from);
static void add_text(call_t *c, const u_char *p, size_t len);
static int heard_all(const call_t *c);
static int worded(const convrelay_str_t *text);
static void played(call_t *c, const u_char *p, size_t len, const char *want);
static size_t words(u_char *p, unsigned n);

/* session_model_llm.h: LLMs */

static void delta(call_t *c);
static void turn_end(call_t *c);
static void useful(call_t *c, const convrelay_str_t *text, char *want);
static void hedge_delta(call_t *c);
static void hedge_takes(call_t *c, unsigned useful, char *want);
static void hedge_end(call_t *c);
static void turn_ended(call_t *c, convrelay_turn_outcome_e how,
    const char *before);

/* session_model_on.h: what is configured for a moment, keys, the end */

static int on(const call_t *c, unsigned event);
static void key(call_t *c);
static void clock_event(call_t *c);
static int counted(call_t *c);
static void react(call_t *c);

/* session_model_filler.h: what is said meanwhile */

static void filler_told(call_t *c);
static void filler_begin(call_t *c);
static unsigned filler_waits(const call_t *c);
static uint64_t filler_left(const call_t *c);
static uint64_t filler_next(call_t *c, uint64_t from);
static unsigned said_all(const call_t *c);
static void heard(call_t *c);
static const char *filler_reported(call_t *c);
static unsigned filler_voice(call_t *c);
static void clock_filler(call_t *c);
static unsigned filler_interrupted(const call_t *c, const convrelay_str_t *u,
    unsigned own);
static unsigned filler_cut(call_t *c);

/* session_model_check.h */

static void cancel(call_t *c, char *want);
static void cut_short(call_t *c, char *want);
static void check_actions(call_t *c, const char *want);
static void check_text(call_t *c, const convrelay_str_t *text);
static void check_state(call_t *c);
static int blank(const u_char *p, size_t len);
static void bad(call_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static unsigned rnd(unsigned n);

/* session_model_history.h */

static void check_history(call_t *c);
static size_t learn_cut(call_t *c);
static void check_same(call_t *c);
static void remember(call_t *c);
static void add(call_t *c, int assistant, const u_char *p, size_t len);
static void add_extra(call_t *c);
static void del(call_t *c, size_t i);
static size_t newest_prompt(const call_t *c);
static void take_back(call_t *c);
static unsigned halve(call_t *c);
static void store(call_t *c);
static void store_heard(call_t *c, size_t len);


static unsigned  nbad;
static unsigned  nevents;
static unsigned  nrepeated;   /* prompts that are the one before */
static unsigned  nexact;      /* cuts whose place was known */
static unsigned  nguess;      /* cuts in calls without reports */
static unsigned  nreacted[CONVRELAY_TRIGGER_CALL_TIME + 1];
static unsigned  nasked;      /* questions of actions */
static unsigned  nwaited;     /* calls that waited for their context */
static unsigned  ndue[CONVRELAY_DEADLINES + 1];
static unsigned  nfast;       /* calls with too many turns */
static unsigned  nends;       /* ends that waited */
static unsigned  nextras;     /* that stood in the history */
static unsigned  ncuts;       /* answers in it that the caller has cut */
static unsigned  nfallen;     /* turns that asked another LLM */
static unsigned  nhedged;     /* hedges that were won */
static unsigned  nunhedged;   /* and lost */
static unsigned  ntones;      /* ends that came with a report of keys */


static const char  *languages[] = { "en-US", "es-ES", "" };


#include "session_model_filler.h"


static void
start_call(call_t *c, unsigned seed)
{
    unsigned                   i;
    convrelay_session_conf_t  *conf;

    memset(c, 0, sizeof(call_t));

    c->seed = seed;
    c->current = -1;
    c->now = 1 + rnd(1000000);
    c->reports = seed & 1;
    c->lang = "";
    c->hedged.data = c->hedged_text;
    c->first_token = -1;

    /* of its own, so that what is written after it is seen */

    c->out = malloc(sizeof(list_t));
    list_start(c->out, &c->s);
    c->out->fills = &c->s;
    c->out->phrases = phrases;

    conf = &c->conf;

    if (rnd(4)) {
        convrelay_str_set(&conf->error_message, "Sorry for that.");
    }

    conf->max_history_messages = rnd(2) ? 0 : 1 + rnd(12);
    conf->max_history_bytes = rnd(2) ? 0 : 100 + rnd(2000);
    conf->max_answer = rnd(3) ? 0 : 20 + rnd(200);

    conf->triggers = rnd(3) ? rnd(2048) & ~1u : 0;
    conf->greeting = rnd(2);
    conf->keys.max = rnd(4) ? rnd(6) : CONVRELAY_KEYS_MAX;
    conf->keys.terminator = rnd(2) ? '#' : '\0';
    conf->keys.pause = 1 + rnd(4000);
    conf->end_timeout = rnd(3) ? 10000 : rnd(3000);

    conf->setup_timeout = rnd(2) ? 0 : 1 + rnd(1500);
    conf->max_call_time = rnd(4) ? 0 : 1 + rnd(60000);
    conf->max_answer_time = rnd(2) ? 0 : 1 + rnd(5000);
    conf->llm.first_token_timeout = rnd(2) ? 0 : 1 + rnd(4000);
    conf->llm.token_timeout = rnd(2) ? 0 : 1 + rnd(2000);
    conf->nfallbacks = rnd(2) ? 0 : 1 + rnd(3);
    conf->fallbacks = c->fallbacks;
    conf->hedge = (conf->nfallbacks && rnd(3)) ? 1 + rnd(500) : 0;

    for (i = 0; i < conf->nfallbacks; i++) {
        c->fallbacks[i].first_token_timeout = rnd(2) ? 0 : 1 + rnd(4000);
        c->fallbacks[i].token_timeout = rnd(2) ? 0 : 1 + rnd(2000);
    }

    conf->max_turn_rate = rnd(4) ? 0 : 1 + rnd(20);

    conf->nsilence = rnd(2) ? 0 : 1 + rnd(3);
    conf->silence = c->stages;
    conf->max_idle_time = rnd(2) ? 0 : 1 + rnd(20000);
    conf->ncall_times = rnd(3);
    conf->call_times = c->times;

    for (i = 0; i < 3; i++) {
        c->stages[i] = 1 + rnd(6000);
    }

    c->fillers.time = 1 + rnd(500);
    c->fillers.again = 1 + rnd(3000);
    c->fillers.max = 1 + rnd(4);
    c->fillers.nphrases = 1 + rnd(3);
    conf->filler = rnd(2) ? &c->fillers : NULL;

    c->times[0].ms = 1 + rnd(20000);
    c->times[1].ms = c->times[0].ms + 1 + rnd(20000);

    conf->context = (rnd(3) == 0);

    c->started = c->now;
    convrelay_session_init(&c->s, conf, c->now);

    if (rnd(8)) {
        setup(c);
        react(c);
    }
}


static void
run_event(call_t *c)
{
    size_t  i, n;

    static const struct {
        unsigned    of;
        void      (*run)(call_t *c);

    } events[] = {
        { 12, prompt },
        { 3, partial },
        { 3, talking },
        { 40, delta },
        { 14, hedge_delta },
        { 2, hedge_end },
        { 8, turn_end },
        { 9, interrupt },
        { 16, speak },
        { 16, tones_played },
        { 4, agent },
        { 14, key },
        { 10, clock_event },
        { 5, noise },
        { 2, silence },
    };

    c->now += rnd(500);
    nevents++;

    remember(c);

    n = rnd(158);

    if (c->waiting && !c->closed) {

        if (n < 40) {
            context_end(c);

        } else if (n < 100) {
            deaf(c);

        } else {
            clock_event(c);
        }

    } else if (!c->ready && !c->closed && n >= 90) {

        if (rnd(3)) {
            setup(c);

        } else {
            clock_event(c);
        }

    } else {

        for (i = 0; n >= events[i].of; i++) {
            n -= events[i].of;
        }

        events[i].run(c);
    }

    react(c);
    check_state(c);

    c->number++;
}


/* whether nothing new can come any more */

static int
over(call_t *c)
{
    return c->closed && c->after++ == 8;
}


static void
end_call(call_t *c)
{
    convrelay_session_free(&c->s);

    while (c->nentries) {
        del(c, c->nentries - 1);
    }

    free(c->out);
    free(c->before);
    c->before = NULL;
}


#include "session_model_talk.h"
#include "session_model_llm.h"
#include "session_model_on.h"
#include "session_model_check.h"
#include "session_model_history.h"


#endif /* CONVRELAY_SESSION_MODEL_H_INCLUDED */
