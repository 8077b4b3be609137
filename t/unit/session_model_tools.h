
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with tools.  After every event the history is one that every LLM
 * accepts: each group of calls is followed by its results, one for each, in
 * order.  No call runs twice at the same time, none is lost, whatever the
 * caller does meanwhile, and what was said is closed once.  A filler comes only
 * while the caller waits, and never into a sentence.  All of this holds across
 * sessions of a call, see session_model_resume.h.
 *
 * The includer gives the choices: rnd(n) is one of 0 to n - 1.  What came after
 * rnd_at() comes once more after rnd_back().
 */


#ifndef CONVRELAY_SESSION_MODEL_TOOLS_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_TOOLS_H_INCLUDED


#include "tap.h"
#include "session_heap.h"
#include "convrelay_word.h"
#include "convrelay_session_tools.h"
#include "convrelay_state.h"


#define EVENTS    60
#define MAX_RUNS  64
#define MAX_KEYS  256


typedef struct {
    convrelay_actions_t        out;       /* first */
    convrelay_session_t        s;
    convrelay_session_conf_t   conf;
    uint64_t                   now;
    uint64_t                   talked_at;
    unsigned                   llm:1;     /* a request runs */
    unsigned                   open:1;    /* text without its last */
    unsigned                   trigger:1; /* waits for its actions */
    unsigned                   closed:1;
    unsigned                   ended:1;
    unsigned                   refused:1; /* the newest request */
    unsigned                   halved:1;  /* its history */
    unsigned                   spoke:1;   /* the request that runs did */
    unsigned                   waits:1;   /* the caller asked something */
    unsigned                   nids;
    convrelay_tool_run_t      *runs[MAX_RUNS];
    unsigned                   nruns;
    unsigned                   results;   /* that were given */
    unsigned char              wanted[1024];      /* of them */
    unsigned                   paid[2][3];        /* successes of those with
                                                     "once", by argument */
    unsigned                   sessions;
    u_char                     used[MAX_KEYS][CONVRELAY_TOOL_KEY];
    unsigned                   nused;     /* keys of calls that succeeded */
    uint64_t                   log;       /* of all actions, in short */
} call_t;


static void run_call(call_t *c, unsigned i);
static void start(call_t *c, unsigned i);
static void wait_for_context(call_t *c);
static void event(call_t *c);
static void turn_end(call_t *c, convrelay_turn_outcome_e how);
static void actions(call_t *c);
static void calls(call_t *c);
static void tool_end(call_t *c, unsigned n);
static void caller(call_t *c, convrelay_relay_type_e type);
static void talk(call_t *c);
static void tick(call_t *c);
static void settle(call_t *c);
static void act(convrelay_actions_t *out, const convrelay_action_t *a);
static unsigned told(const call_t *c, const char *text);
static void filler(call_t *c);
static unsigned find(call_t *c, const convrelay_tool_run_t *run);
static void check(call_t *c);
static void check_all(call_t *c);
static void bad(call_t *c, const char *what);
static unsigned rnd(unsigned n);
static uint64_t rnd_at(void);
static void rnd_back(uint64_t at);

/* session_model_state.h */

static void begin(call_t *c);
static void log_action(call_t *c, const convrelay_action_t *a);

/* session_model_resume.h */

static void lose(call_t *c);
static void twin(call_t *c);


static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("look"), .uri = 1, .cancel = 1 },
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 },
    { convrelay_string("bye"), .actions = 1 },
    { convrelay_string("both"), .uri = 1, .actions = 1 },
    { convrelay_string("leave"), .actions = 1, .once = 1 },
    { convrelay_string("move"), .uri = 1, .actions = 1, .once = 1 },
    { convrelay_string("find"), .uri = 1, .filler = 1 },
    { convrelay_string("hush"), .uri = 1, .mute = 1 }
};


static const convrelay_str_t  names[] = {
    convrelay_string("look"), convrelay_string("book"),
    convrelay_string("pay"), convrelay_string("bye"),
    convrelay_string("both"), convrelay_string("leave"),
    convrelay_string("move"), convrelay_string("find"),
    convrelay_string("hush"), convrelay_string("none")
};


/* the first nine, sorted */

static const convrelay_str_t  shapes[] = {
    convrelay_string("book"), convrelay_string("both"),
    convrelay_string("bye"), convrelay_string("find"),
    convrelay_string("hush"), convrelay_string("leave"),
    convrelay_string("look"), convrelay_string("move"),
    convrelay_string("pay")
};


static const convrelay_str_t  extras[] = {
    convrelay_null_string, convrelay_string("{\"a\":1}")
};


static const convrelay_session_filler_conf_t  fillers = {
    .time = 300, .again = 500, .max = 3, .nphrases = 2
};


static unsigned  number, nbad, nlate, nshared, ncancelled, nback, nresumed,
                 nskipped, nleaks, nrepeated, nwithheld,
                 nfailed, nperformed, nfillers, nown, nhello, nwaited,
                 nlost, nasked, nunheard, nunsure, nadded, ntwins;


static void
run_call(call_t *c, unsigned i)
{
    unsigned  n;
    long      live;

    live = heap.live;

    start(c, i);

    for (n = 0; n < EVENTS && !c->closed && !c->ended; n++) {
        event(c);
        check(c);

        if (c->conf.store && rnd(20) == 1) {
            lose(c);
            check(c);
        }

        if (c->conf.store && rnd(20) == 1) {
            twin(c);
        }
    }

    if (rnd(2)) {
        settle(c);
    }

    nleaks += c->s.leaks;

    convrelay_session_over(&c->s);
    convrelay_session_free(&c->s);

#ifndef NO_OVERRIDE
    if (heap.live != live) {
        bad(c, "memory is lost");
    }
#else
    (void) live;
#endif
}


static void
start(call_t *c, unsigned i)
{
    memset(c, 0, sizeof(call_t));

    c->out.act = act;
    c->now = 1000000;

    c->conf.tools = tools;
    c->conf.ntools = 9;
    c->conf.shapes.names = shapes;
    c->conf.shapes.nnames = 9;
    c->conf.presence = 1;
    c->conf.filler = rnd(4) ? &fillers : NULL;
    c->conf.max_tool_rounds = 1 + rnd(4);
    c->conf.max_tool_runs = (i % 5 == 1) ? 2 : 0;
    c->conf.tool_wait = rnd(3) ? 1500 : 0;
    c->conf.end_timeout = 10000;
    c->conf.max_call_time = 600000;
    c->conf.context = (i % 7 == 3);
    c->conf.store = i % 2;

    if (i % 3 == 0) {
        c->conf.max_history_messages = 2 + rnd(8);
    }

    convrelay_str_set(&c->conf.error_message, "Sorry.");

    begin(c);

    if (c->conf.store) {
        (void) convrelay_session_restored(&c->s, NULL, 0, NULL, c->now,
                                          &c->out);
    }

    if (c->conf.context) {
        wait_for_context(c);
    }
}


/* nothing happens until it comes */

static void
wait_for_context(call_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");

    convrelay_session_message(&c->s, &m, c->now, &c->out);

    if (c->s.state != CONVRELAY_SESSION_WAITING || c->llm
        || c->s.history.first)
    {
        bad(c, "the call has begun");
    }

    c->now += rnd(2000);
    nwaited++;

    convrelay_session_context_end(&c->s, c->now, &c->out);
}


static void
event(call_t *c)
{
    uint64_t         deadline;
    convrelay_str_t  text;

    static const char  *pieces[] = {
        "Well. ", "Let me look", " at it.", "look(", "to", "<", " fine "
    };

    if (c->trigger) {
        actions(c);
        return;
    }

    c->now += rnd(400);

    switch (rnd(13)) {

    case 0:
        caller(c, CONVRELAY_RELAY_PROMPT);
        return;

    case 1:
        caller(c, CONVRELAY_RELAY_INTERRUPT);
        return;

    case 10:
        talk(c);
        return;

    case 2:
    case 3:
        deadline = convrelay_session_deadline(&c->s);

        if (deadline && deadline < c->now + 5000) {
            c->now = (deadline > c->now) ? deadline : c->now;
            tick(c);
        }

        return;

    case 4:
    case 5:
    case 6:
        if (c->nruns) {
            tool_end(c, rnd(c->nruns));
            return;
        }

        break;

    case 7:
    case 8:
    case 9:
        if (c->llm) {
            calls(c);
            return;
        }

        break;
    }

    if (!c->llm) {
        return;
    }

    if (rnd(3)) {
        text.data = (u_char *) pieces[rnd(7)];
        text.len = strlen((char *) text.data);

        convrelay_session_delta(&c->s, &text, c->now, &c->out);
        return;
    }

    turn_end(c, rnd(4) ? rnd(4) : CONVRELAY_TURN_REJECTED + rnd(2));
}


/* after two refusals in a row the LLM is shown no results */

static void
turn_end(call_t *c, convrelay_turn_outcome_e how)
{
    unsigned  refused, withheld;

    refused = (how == CONVRELAY_TURN_REJECTED
               || how == CONVRELAY_TURN_TOO_LONG);
    withheld = refused && c->refused;

    c->halved |= (how == CONVRELAY_TURN_TOO_LONG);
    c->refused = refused || (c->refused && how == CONVRELAY_TURN_FAILED);
    c->llm = 0;

    if (withheld) {
        memset(c->wanted, 0, c->results);
        nwithheld++;
    }

    convrelay_session_turn_end(&c->s, how, &extras[rnd(2)], c->now, &c->out);
}


/* of the tool whose TRIGGER came last */

static void
actions(call_t *c)
{
    convrelay_relay_out_t  m;

    memset(&m, 0, sizeof(m));

    c->trigger = 0;

    switch (rnd(5)) {

    case 0:
        m.type = CONVRELAY_RELAY_OUT_TEXT;
        convrelay_str_set(&m.text, "One moment.");
        m.last = 1;
        break;

    case 1:
        m.type = CONVRELAY_RELAY_OUT_SKIP;
        nskipped++;
        break;

    case 2:
        m.type = CONVRELAY_RELAY_OUT_END;

        if (rnd(2)) {
            convrelay_str_set(&m.text, "x");
        }

        break;

    case 3:
        convrelay_session_tool_failed(&c->s, "it cannot be sent");

        /* fall through */

    default:
        convrelay_session_trigger_done(&c->s, c->now, &c->out);
        return;
    }

    convrelay_session_perform(&c->s, &m, c->now, &c->out);
    convrelay_session_trigger_done(&c->s, c->now, &c->out);
}


static void
calls(call_t *c)
{
    char                   ids[3][16], arguments[3][16];
    unsigned               i, n;
    convrelay_llm_call_t   list[3];

    memset(list, 0, sizeof(list));
    n = 1 + rnd(3);

    for (i = 0; i < n; i++) {
        list[i].id.data = (u_char *) ids[i];
        list[i].id.len = sprintf(ids[i], "c%u", c->nids++);
        list[i].name = names[rnd(10)];
        list[i].arguments.data = (u_char *) arguments[i];
        list[i].arguments.len = sprintf(arguments[i], rnd(9) ? "{\"n\":%u}"
                                                             : "{%u",
                                        rnd(3));
        list[i].valid = 1;
    }

    c->llm = 0;
    c->refused = 0;
    convrelay_session_turn_calls(&c->s, &extras[rnd(2)], list, n, c->now,
                                 &c->out);
}


static void
tool_end(call_t *c, unsigned n)
{
    char                   text[16];
    unsigned               ok, wanted;
    convrelay_str_t        result;
    convrelay_tool_run_t  *run, *other;

    run = c->runs[n];
    c->runs[n] = c->runs[--c->nruns];

    ok = rnd(4) != 0;

    /* where actions fail, the location's success does not count, either */

    if (ok && !run->tool->once && !run->tool->actions && c->nused < MAX_KEYS)
    {
        memcpy(c->used[c->nused++], run->key, CONVRELAY_TOOL_KEY);
    }

    nlate += run->late;
    nperformed += (run->late && ok && run->tool->actions
                   && c->s.tools->round);

    for (other = run->next; other; other = other->next) {
        nshared += (other->same == run);
    }

    if (ok && run->tool->once) {
        n = run->call.arguments.data[5] - '0';

        if (c->paid[run->tool->actions][n]++) {
            bad(c, "paid twice");
        }
    }

    result.data = (u_char *) text;
    result.len = sprintf(text, "r%u", c->results);

    /* actions may make another result of it */

    wanted = !run->tool->actions;
    c->wanted[c->results++] = wanted;

    convrelay_session_tool_end(&c->s, run, &result, ok, c->now, &c->out);

    if (wanted && !c->closed && !told(c, text)) {
        bad(c, "a result is not told");
    }
}


static unsigned
told(const call_t *c, const char *text)
{
    convrelay_llm_call_t            result;
    const convrelay_llm_message_t  *m;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_TOOL) {
            convrelay_llm_message_call(m, &result);

            if (convrelay_str_is(&result.arguments, text)) {
                return 1;
            }
        }
    }

    return 0;
}


static void
caller(call_t *c, convrelay_relay_type_e type)
{
    unsigned                   ending, before;
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));
    m.type = type;

    if (type == CONVRELAY_RELAY_PROMPT) {
        convrelay_str_set(&m.u.prompt.lang, "en-US");

        if (rnd(2)) {
            convrelay_str_set(&m.u.prompt.voice_prompt, "Go on");

        } else {
            convrelay_str_set(&m.u.prompt.voice_prompt, "Hello?");
        }

        m.u.prompt.last = 1;
        c->waits |= (c->s.state == CONVRELAY_SESSION_OPEN);
        c->now += 1100;

    } else {
        convrelay_str_set(&m.u.interrupt.utterance, "Let me");
        m.u.interrupt.duration = rnd(2000);
    }

    ending = (c->s.state == CONVRELAY_SESSION_ENDING);
    before = nfillers;

    convrelay_session_message(&c->s, &m, c->now, &c->out);

    nhello += nfillers - before;

    nback += (ending && c->s.state == CONVRELAY_SESSION_OPEN);
}


/* a turn that was interrupted goes on only once the caller is silent */

static void
tick(call_t *c)
{
    unsigned  resume, ending;

    resume = c->s.tools && c->s.tools->resume;
    ending = c->s.tools && c->s.tools->goodbye
             && c->s.state == CONVRELAY_SESSION_ENDING;

    convrelay_session_clock(&c->s, c->now, &c->out);

    if (((resume && c->s.turn != CONVRELAY_TURN_IDLE)
         || (ending && c->s.state != CONVRELAY_SESSION_ENDING))
        && c->now < c->talked_at + 1500)
    {
        bad(c, "the caller is still talking");
    }
}


/* a sign that the caller is talking, or was */

static void
talk(call_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    if (rnd(2)) {
        m.type = CONVRELAY_RELAY_PROMPT;
        convrelay_str_set(&m.u.prompt.voice_prompt, "Go");

    } else {
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "clientSpeaking");
        if (rnd(3)) {
            convrelay_str_set(&m.u.info.value, "off");

        } else {
            convrelay_str_set(&m.u.info.value, "on");
        }
    }

    c->talked_at = c->now;

    convrelay_session_message(&c->s, &m, c->now, &c->out);
}


/* all that can come has come: nothing is open, nothing was lost */

static void
settle(call_t *c)
{
    unsigned  i;
    uint64_t  deadline;

    for (i = 0; i < 200 && !c->closed && !c->ended; i++) {

        if (c->trigger) {
            actions(c);

        } else if (c->nruns) {
            tool_end(c, 0);

        } else if (c->llm) {
            turn_end(c, CONVRELAY_TURN_COMPLETE);

        } else {
            deadline = convrelay_session_until(&c->s, CONVRELAY_DEADLINE_TOOLS);

            if (deadline == 0) {
                break;
            }

            c->now = deadline;
            nresumed += (c->s.turn == CONVRELAY_TURN_IDLE);
            tick(c);
        }

        check(c);
    }

    if (c->closed || c->ended) {
        return;
    }

    if (i == 200 || c->s.turn != CONVRELAY_TURN_IDLE) {
        bad(c, "the turn does not end");
    }

    if (c->open) {
        bad(c, "text is left open");
    }

    check_all(c);
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    call_t           *c = (call_t *) out;
    unsigned          i;
    convrelay_str_t   text;

    static const char  *phrases[] = {
        "One moment.", "Still looking.", "Let me look."
    };

    log_action(c, a);

    switch (a->type) {

    case CONVRELAY_ACT_START:

        if (c->llm || c->s.turn == CONVRELAY_TURN_IDLE) {
            bad(c, "two requests at a time");
        }

        c->llm = 1;
        c->spoke = 0;
        check(c);
        break;

    case CONVRELAY_ACT_CANCEL:
        c->llm = 0;
        break;

    case CONVRELAY_ACT_TEXT:

        if (a->last && !c->open) {
            bad(c, "closed what was not open");
        }

        c->open = !a->last;
        c->spoke |= (c->open && convrelay_has_word(&a->text));
        break;

    case CONVRELAY_ACT_FILLER:
        text.data = (u_char *) phrases[a->run ? 2 : a->code];
        text.len = strlen((char *) text.data);

        nown += convrelay_session_phrase(&c->s, &text, out) && a->run;
        break;

    case CONVRELAY_ACT_SEND:

        if (a->message->preemptible) {
            filler(c);
            break;
        }

        if (a->message->type == CONVRELAY_RELAY_OUT_TEXT) {
            c->open = !a->message->last;
        }

        c->ended |= (a->message->type == CONVRELAY_RELAY_OUT_END);
        break;

    case CONVRELAY_ACT_CLOSE:
        c->closed = 1;
        break;

    case CONVRELAY_ACT_TRIGGER:
        c->trigger = 1;
        break;

    case CONVRELAY_ACT_TOOL:

        for (i = 0; i < c->nruns; i++) {

            if (memcmp(c->runs[i]->arguments.digest, a->run->arguments.digest,
                       CONVRELAY_TOOL_DIGEST)
                == 0)
            {
                bad(c, "the same call runs twice");
            }
        }

        for (i = 0; i < c->nused; i++) {

            if (memcmp(c->used[i], a->run->key, CONVRELAY_TOOL_KEY) == 0) {
                bad(c, "the key of a call that has succeeded");
            }
        }

        if (rnd(20) == 0) {
            a->run->failed = 1;
            nfailed++;
            break;
        }

        c->runs[c->nruns++] = a->run;
        break;

    case CONVRELAY_ACT_TOOL_CANCEL:
        i = find(c, a->run);
        c->runs[i] = c->runs[--c->nruns];
        ncancelled++;
        break;

    default:
        break;
    }
}


static void
filler(call_t *c)
{
    unsigned  i, mute;

    nfillers++;

    if (c->trigger || !c->waits || (c->llm && c->spoke)) {
        bad(c, "a filler while nobody waits");
    }

    mute = 0;

    for (i = 0; i < c->nruns; i++) {

        if (!c->runs[i]->tool->mute && !c->runs[i]->late) {
            break;
        }

        mute |= !c->runs[i]->late;
    }

    if (i == c->nruns && mute) {
        bad(c, "a filler while a tool runs that wants none");
    }

    if (!c->llm && c->nruns == 0
        && convrelay_session_until(&c->s, CONVRELAY_DEADLINE_TOOLS) == 0)
    {
        bad(c, "a filler while nothing is done");
    }
}


static unsigned
find(call_t *c, const convrelay_tool_run_t *run)
{
    unsigned  i;

    for (i = 0; i < c->nruns && c->runs[i] != run; i++) { /* void */ }

    if (i == c->nruns) {
        bad(c, "a run that is not known");
        abort();
    }

    return i;
}


static void
check(call_t *c)
{
    unsigned                        ncalls, nresults;
    convrelay_llm_call_t            call, result;
    const convrelay_tool_run_t     *run;
    const convrelay_llm_message_t  *m, *first, *last;
    const convrelay_session_tools_t  *t;

    if (c->closed) {
        return;
    }

    t = c->s.tools;

    for (run = t ? t->runs : NULL; run; run = run->next) {

        if (run->acts && run != c->s.run && !t->round && !t->resume) {
            bad(c, "actions wait for nothing");
        }
    }

    last = NULL;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_EXTRA) {
            convrelay_llm_message_call(m, &call);

            if (call.valid ? m->next->role != CONVRELAY_LLM_CALL
                           : last == NULL
                             || last->role != CONVRELAY_LLM_ASSISTANT)
            {
                bad(c, "an extra of nothing");
            }
        }

        last = m;
    }

    m = c->s.history.first;

    while (m) {

        if (m->role == CONVRELAY_LLM_TOOL) {
            bad(c, "a result without a call");
        }

        if (m->role != CONVRELAY_LLM_CALL) {
            m = m->next;
            continue;
        }

        first = m;

        for (ncalls = 0; m && m->role == CONVRELAY_LLM_CALL; m = m->next) {
            ncalls++;
        }

        for (nresults = 0; m && m->role == CONVRELAY_LLM_TOOL; m = m->next) {
            convrelay_llm_message_call(first, &call);
            convrelay_llm_message_call(m, &result);

            if (nresults++ == ncalls || result.arguments.len == 0
                || !convrelay_str_equal(&call.id, &result.id)
                || !convrelay_str_equal(&call.name, &result.name))
            {
                bad(c, "a result of another call");
                break;
            }

            first = first->next;
        }

        if (nresults != ncalls) {
            bad(c, "a call without a result");
        }
    }
}


/* every result was told, where the history forgets nothing */

static void
check_all(call_t *c)
{
    char                            text[16];
    unsigned                        i;
    convrelay_llm_call_t            result;
    const convrelay_llm_message_t  *m;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_TOOL) {
            convrelay_llm_message_call(m, &result);
            nrepeated += convrelay_str_starts(&result.arguments,
                                              "{\"repeated\"");
        }
    }

    if (c->conf.max_history_messages || c->halved) {
        return;
    }

    for (i = 0; i < c->results; i++) {
        sprintf(text, "r%u", i);

        if (c->wanted[i] && !told(c, text)) {
            bad(c, "a result is lost");
        }
    }
}


static void
bad(call_t *c, const char *what)
{
    if (nbad++ < 10) {
        printf("# call %u, %u results: %s\n", number, c->results, what);
    }
}


#include "session_model_resume.h"


#endif /* CONVRELAY_SESSION_MODEL_TOOLS_H_INCLUDED */
