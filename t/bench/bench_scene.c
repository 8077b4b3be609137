
/*
 * Copyright (C) convrelay contributors
 *
 * The scenarios.  Each takes the options it was given, or its own.
 */


#include <limits.h>

#include "bench.h"


#define BENCH_WEBHOOKS     100             /* a second */
#define BENCH_SLOTS        1000            /* of them */
#define BENCH_INTERRUPTED  6               /* tokens, at least */
#define BENCH_ANSWER_TEXT  512             /* bytes, history that grows */
#define BENCH_ANSWERS      10
#define BENCH_WRITE        4               /* tokens */


typedef struct {
    const char  *name;
    void       (*run)(bench_options_t *o);
    unsigned     calls;
    unsigned     tokens;
    unsigned     turns;
    unsigned     at_once;
    double       rate;                     /* 0: as fast as it goes; of
                                              "turn": turns, at least */
    double       seconds;
    double       warmup;
} bench_scene_t;


static void bench_scene_load(bench_options_t *o);
static void bench_scene_turn(bench_options_t *o);
static void bench_scene_tool(bench_options_t *o);
static void bench_scene_connect(bench_options_t *o);
static void bench_scene_interrupt(bench_options_t *o);
static void bench_scene_idle(bench_options_t *o);
static void bench_scene_twiml(bench_options_t *o);
static void bench_scene_many(bench_options_t *o);

static void bench_measure(bench_options_t *o, bench_mark_t *from,
    bench_mark_t *to);
static void bench_stream(bench_options_t *o, unsigned n, double seconds);
static void bench_start_idle(bench_call_t *c);
static void bench_start_turns(bench_call_t *c);
static void bench_more_turns(bench_call_t *c);
static void bench_start_shut(bench_call_t *c);
static void bench_stop(bench_call_t *c);
static void bench_interrupt_token(bench_call_t *c);
static void bench_interrupt_idle(bench_call_t *c);
static int bench_all_idle(void);


static const bench_scene_t  bench_scenes[] = {
    { "load", bench_scene_load, 250, 100, 20, 0, 8300, 2.5, 1 },
    { "flat", bench_scene_load, 32, 2000, 8, 0, 0, 1.5, 0.4 },
    { "turn", bench_scene_turn, 24, 1, UINT_MAX, 8, 500, 0, 0 },
    { "tool", bench_scene_tool, 50, 1, 20, 0, 400, 2.5, 1 },
    { "connect", bench_scene_connect, 2000, 1, 1, 16, 0, 0, 0 },
    { "interrupt", bench_scene_interrupt, 50, 60, UINT_MAX, 0, 1650, 1.5, 0.5 },
    { "idle", bench_scene_idle, 5000, 8, UINT_MAX, 20, 0, 0.3, 0 },
    { "twiml", bench_scene_twiml, 1000, 100, 20, 0, 8000, 2.5, 1.5 },
    { "many", bench_scene_many, 10000, 16, UINT_MAX, 100, 8000, 5, 2.5 }
};


/* turns that bench_start_turns() and bench_more_turns() ask for */

static unsigned  bench_turns;


int
bench_scene(void)
{
    size_t                i, n;
    int64_t              *stamps;
    bench_options_t      *o;
    const bench_scene_t  *scene;

    o = &bench.options;

    for (i = 0; i < sizeof(bench_scenes) / sizeof(bench_scene_t); i++) {
        scene = &bench_scenes[i];

        if (strcmp(scene->name, o->scenario) == 0) {
            break;
        }
    }

    if (i == sizeof(bench_scenes) / sizeof(bench_scene_t)) {
        return CONVRELAY_DECLINED;
    }

    o->calls = o->calls ? o->calls : scene->calls;
    o->tokens = o->tokens ? o->tokens : scene->tokens;
    o->turns = o->turns ? o->turns : scene->turns;
    o->at_once = o->at_once ? o->at_once : scene->at_once;
    o->rate = o->rate ? o->rate : scene->rate;
    o->seconds = o->seconds ? o->seconds : scene->seconds;
    o->warmup = o->warmup ? o->warmup : scene->warmup;
    o->batch = o->batch ? o->batch : BENCH_WRITE;
    o->earlier = o->earlier ? o->earlier : 3;
    o->streaming = o->streaming ? o->streaming : o->calls / 10;

    for (bench.ring = 1; bench.ring <= o->tokens; bench.ring *= 2) {
        /* void */
    }

    n = o->calls + BENCH_SLOTS;
    stamps = bench_alloc(n * bench.ring * sizeof(int64_t));
    bench.calls = bench_alloc(n * sizeof(bench_call_t));
    bench.heap = bench_alloc((n + 1) * sizeof(bench_call_t *));

    for (i = 0; i < n; i++) {
        bench.calls[i].index = i;
        bench.calls[i].ev.fd = -1;
        bench.calls[i].stamps = stamps + i * bench.ring;
    }

    bench_model_listen(o->model_port);
    scene->run(o);

    return CONVRELAY_OK;
}


/* with a rate and without: "load" and "flat" */

static void
bench_scene_load(bench_options_t *o)
{
    bench_mark_t  from, to;

    bench_stream(o, o->calls, o->warmup / 2);
    bench_measure(o, &from, &to);

    bench_result_interval(&from, &to);
    bench_result_hist("delay", &bench.delay);
}


static void
bench_measure(bench_options_t *o, bench_mark_t *from, bench_mark_t *to)
{
    bench_loop(bench_clock() + o->warmup * BENCH_SECOND, NULL);
    bench_strace_start();

    bench.measuring = 1;
    bench_mark(from);
    bench_loop(bench_clock() + o->seconds * BENCH_SECOND, NULL);
    bench_mark(to);
    bench.measuring = 0;

    bench_strace_stop();
}


/* n calls ask and ask again, and begin one after another */

static void
bench_stream(bench_options_t *o, unsigned n, double seconds)
{
    unsigned       i;
    int64_t        now;
    bench_call_t  *c;

    if (o->rate) {
        bench.gap = n / o->rate * BENCH_SECOND;
    }

    bench.spread = 1;
    now = bench_clock();

    for (i = 0; i < n; i++) {
        c = &bench.calls[i];
        c->want = UINT_MAX;
        c->what = c->state == BENCH_OPEN ? BENCH_DUE_PROMPT : BENCH_DUE_START;
        bench_timer(c, now + i * seconds / n * BENCH_SECOND);
    }
}


/*
 * The same calls again and again, until there were turns enough: those on both
 * sides of "earlier" count, so that their mean is that.
 */

static void
bench_scene_turn(bench_options_t *o)
{
    unsigned      half;
    uint64_t      turns;
    bench_mark_t  from, to, sum;

    o->text = o->text ? o->text : 60;
    half = o->earlier < 10 ? 1 : 5;
    memset(&sum, 0, sizeof(bench_mark_t));

    do {
        bench.gap = 0;
        bench_turns = o->earlier - half;
        bench_batch(0, o->calls, o->at_once, bench_start_turns);
        bench_loop(bench_clock() + 10 * BENCH_MS, NULL);

        bench.gap = BENCH_MS;
        bench_turns = 2 * half + 1;
        turns = bench.turns;

        bench_mark(&from);
        bench_batch(0, o->calls, o->at_once, bench_more_turns);
        bench_mark(&to);

        bench_mark_add(&sum, &from, &to);
        turns = bench.turns - turns;

        bench_batch(0, o->calls, o->at_once, bench_stop);

    } while (turns && sum.turns < o->rate);

    bench.gap = 0;
    memset(&from, 0, sizeof(bench_mark_t));

    bench_result("earlier", o->earlier);
    bench_result_interval(&from, &sum);
}


static void
bench_start_turns(bench_call_t *c)
{
    c->want = bench_turns;
    bench_call_start(c);
}


static void
bench_more_turns(bench_call_t *c)
{
    if (c->state != BENCH_OPEN) {
        bench.idle(c);
        return;
    }

    c->want = bench_turns - 1;
    bench_call_prompt(c);
}


/* each turn: the model calls a tool, has its result, and says one token */

static void
bench_scene_tool(bench_options_t *o)
{
    bench_mark_t  from, to;

    bench.tools = 1;
    o->history = 0;

    bench_stream(o, o->calls, o->warmup / 2);
    bench_measure(o, &from, &to);

    bench_result_interval(&from, &to);
    bench_result_hist("tool", &bench.tool);
    bench_result_hist("result", &bench.result);
}


static void
bench_scene_connect(bench_options_t *o)
{
    unsigned      warm;
    bench_mark_t  from, to;

    warm = o->calls / 10;

    bench_batch(0, warm, o->at_once, bench_start_shut);

    bench_mark(&from);
    bench_batch(warm, o->calls, o->at_once, bench_start_shut);
    bench_mark(&to);

    bench_result_interval(&from, &to);
}


static void
bench_start_shut(bench_call_t *c)
{
    c->shut = 1;
    bench_call_start(c);
}


static void
bench_scene_interrupt(bench_options_t *o)
{
    bench_mark_t  from, to;

    bench.token = bench_interrupt_token;
    bench.idle = bench_interrupt_idle;

    bench_stream(o, o->calls, o->warmup / 2);
    bench.spread = 0;
    bench_measure(o, &from, &to);

    bench_result_interval(&from, &to);
    bench_result("interrupts", bench.cuts + bench.uncut);
    bench_result("not_closed", bench.uncut);
    bench_result_hist("cut", &bench.cut);
}


static void
bench_interrupt_token(bench_call_t *c)
{
    if (c->expect == BENCH_INTERRUPTED + c->index % 8) {
        bench_call_interrupt(c);
    }
}


static void
bench_interrupt_idle(bench_call_t *c)
{
    if (c->state != BENCH_CUT) {
        return;
    }

    c->next_at = 0;
    c->want = 1;
    c->what = bench.options.raw ? BENCH_DUE_START : BENCH_DUE_PROMPT;
    bench_timer(c, bench.now + 50 * BENCH_MS);
}


/* the first calls also grow a history, to see what that takes */

static void
bench_scene_idle(bench_options_t *o)
{
    int64_t   before, idle, grown, after, own, settle;
    unsigned  n;

    n = o->calls / 5;
    settle = o->seconds * BENCH_SECOND;
    bench_turns = 1;

    bench_batch(0, o->at_once, o->at_once, bench_start_turns);
    bench_batch(0, o->at_once, o->at_once, bench_stop);
    bench_loop(bench_clock() + settle, NULL);
    before = bench_memory();
    own = bench_private_memory();

    bench_batch(0, o->calls, o->at_once, bench_start_turns);
    bench_loop(bench_clock() + settle, NULL);
    idle = bench_memory();
    own = bench_private_memory() - own;

    o->text = BENCH_ANSWER_TEXT;
    bench_turns = BENCH_ANSWERS;
    bench_batch(0, n, o->at_once, bench_more_turns);
    bench_loop(bench_clock() + settle, NULL);
    grown = bench_memory();

    bench_batch(0, o->calls, o->at_once, bench_stop);
    bench_loop(bench_clock() + 6 * settle, NULL);
    after = bench_memory();

    bench_result("calls", o->calls);
    bench_result("kib_before", before / 1024.0);
    bench_result("kib_per_call", (idle - before) / 1024.0 / o->calls);
    bench_result("private_kib_per_call", own / 1024.0 / o->calls);
    bench_result("bytes_per_kib_of_history",
                 (grown - idle) / (double) n
                 / (BENCH_ANSWERS * (BENCH_ANSWER_TEXT + 60) / 1024.0));
    bench_result("kib_after", (after - before) / 1024.0);
}


static void
bench_stop(bench_call_t *c)
{
    c->want = 0;

    if (c->state != BENCH_OPEN) {
        bench.idle(c);
        return;
    }

    bench_call_hangup(c);
}


static void
bench_scene_twiml(bench_options_t *o)
{
    int64_t        until;
    unsigned       i;
    bench_call_t  *c;
    bench_mark_t   from, to;

    bench_stream(o, o->calls, o->warmup / 2);
    bench_loop(bench_clock() + o->warmup * BENCH_SECOND, NULL);

    bench.measuring = 1;
    bench_mark(&from);
    until = bench_clock();

    for (i = 0; i < o->seconds * BENCH_WEBHOOKS; i++) {
        until += BENCH_SECOND / BENCH_WEBHOOKS;
        bench_loop(until, NULL);

        c = &bench.calls[o->calls + i % BENCH_SLOTS];

        if (c->state != BENCH_NONE) {
            bench_call_fail(c, "a webhook was not answered in ten seconds");
        }

        c->webhook = 1;
        bench_call_start(c);
    }

    bench_mark(&to);

    bench_result_interval(&from, &to);
    bench_result_hist("delay", &bench.delay);
    bench_result("webhooks", bench.webhooks);
    bench_result_hist("webhook", &bench.webhook);
}


static void
bench_scene_many(bench_options_t *o)
{
    unsigned      i;
    bench_mark_t  from, to;

    bench_batch(0, o->calls, o->at_once, bench_start_idle);
    bench_stream(o, o->streaming, 1);
    bench_measure(o, &from, &to);

    for (i = 0; i < o->streaming; i++) {
        bench.calls[i].want = 0;
    }

    bench_loop(bench_clock() + 10 * BENCH_SECOND, bench_all_idle);
    bench_result("kib", bench_memory() / 1024.0);
    bench_result("calls_at_once", bench.opened - bench.closed);

    bench_batch(0, o->calls, o->at_once, bench_stop);

    bench_result_interval(&from, &to);
    bench_result_hist("delay", &bench.delay);
    bench_result("calls_closed", bench.closed);
}


static void
bench_start_idle(bench_call_t *c)
{
    c->want = 0;
    bench_call_start(c);
}


static int
bench_all_idle(void)
{
    unsigned  i;

    for (i = 0; i < bench.options.streaming; i++) {

        if (bench.calls[i].state == BENCH_ANSWER) {
            return 0;
        }
    }

    return 1;
}
