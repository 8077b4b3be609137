
/*
 * Copyright (C) convrelay contributors
 *
 * The load side of the benchmark: one process with one event loop that plays
 * the model and all callers, so that a token's way through the server is
 * measured by one clock, and each token is known to have come, once, in its
 * place.
 *
 *     bench_loop.c    the event loop and its timers
 *     bench_io.c      sockets of callers, with TLS or without
 *     bench_model.c   the model: requests in, streams of events out
 *     bench_call.c    a call: handshake, setup, prompts, what comes back
 *     bench_text.c    what is said: messages, bodies, signatures
 *     bench_stat.c    CPU and memory of the server, the result
 *     bench_scene.c   the scenarios
 *     bench_main.c    options
 *
 * Times are nanoseconds of CLOCK_MONOTONIC.
 */


#ifndef BENCH_H_INCLUDED
#define BENCH_H_INCLUDED


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include <openssl/ssl.h>

#include "convrelay_histogram.h"
#include "convrelay_ws.h"


#define BENCH_HOST         "bench.example.com"
#define BENCH_KEY_LEN      24
#define BENCH_INPUT        262144             /* one read */
#define BENCH_MAX_EVENT    4096               /* an SSE event, at most */
#define BENCH_SECOND       1000000000LL
#define BENCH_MS           1000000LL
#define BENCH_MAX_PIDS     64


typedef struct bench_call_s    bench_call_t;
typedef struct bench_event_s   bench_event_t;
typedef struct bench_stream_s  bench_stream_t;

typedef void (*bench_handler_pt)(bench_event_t *ev, unsigned events);
typedef int (*bench_over_pt)(void);
typedef void (*bench_call_pt)(bench_call_t *c);


typedef enum {
    BENCH_NONE = 0,
    BENCH_CONNECT,
    BENCH_TLS,
    BENCH_WEBHOOK,
    BENCH_UPGRADE,
    BENCH_OPEN,                   /* after setup, nothing going on */
    BENCH_ANSWER,                 /* from a prompt to last:true */
    BENCH_CUT,                    /* an interrupt was sent */
    BENCH_CLOSE                   /* Close was sent */
} bench_state_e;


/* how far a turn with a tool has come, "tool" */

typedef enum {
    BENCH_TOOL_ASKED = 0,         /* the prompt was sent */
    BENCH_TOOL_CALLED,            /* the model has called it */
    BENCH_TOOL_DONE,              /* the tool has answered */
    BENCH_TOOL_TOLD               /* the model has the result */
} bench_tool_e;


/* what the timer of a call is for, when no stream wants it */

typedef enum {
    BENCH_DUE_NOTHING = 0,
    BENCH_DUE_START,
    BENCH_DUE_PROMPT
} bench_due_e;


struct bench_event_s {
    bench_handler_pt        handler;
    int                     fd;
    unsigned                events;
};


struct bench_call_s {
    bench_event_t           ev;               /* first: events lead here */
    bench_state_e           state;
    bench_due_e             what;
    int64_t                 due;
    size_t                  heap;             /* place, from 1; 0: none */

    bench_stream_t         *stream;
    int64_t                 next_at;          /* next token, if paced */
    int64_t                *stamps;           /* when token n was written */
    int64_t                 cut_at;
    int64_t                 asked_at;
    bench_tool_e            tool;
    int64_t                 tool_at;          /* prompt or result sent */

    unsigned                index;
    unsigned                turn;             /* turns begun in this call */
    unsigned                want;             /* turns to go, then idle */
    unsigned                expect;           /* number of the next token */
    unsigned                total;            /* tokens of this answer */

    SSL                    *ssl;
    u_char                 *kept;             /* input without its end */
    size_t                  nkept;
    convrelay_ws_reader_t   reader;
    char                    key[BENCH_KEY_LEN + 1];

    unsigned                webhook:1;        /* POST /twiml, no socket */
    unsigned                resync:1;         /* old tokens may come first */
    unsigned                shut:1;           /* Close in place of setup's
                                                 prompt */
};


/* a connection from the server, or from a caller where --raw is given */

struct bench_stream_s {
    bench_event_t           ev;
    bench_call_t           *call;             /* being answered, or NULL */
    u_char                 *in;
    size_t                  nin;
    u_char                 *out;              /* not taken by the socket */
    size_t                  nout;
    unsigned                next;             /* token to write */
    unsigned                total;
};


typedef struct {
    const char             *scenario;
    const char             *token;            /* auth token */
    const char             *ticket;           /* secret of tickets, or NULL */
    const char             *strace;           /* file of a summary, or NULL */
    int                     port;
    int                     model_port;
    pid_t                   pid;              /* of the server */
    unsigned                calls;
    unsigned                streaming;        /* calls of them, "many" */
    unsigned                tokens;           /* of an answer */
    unsigned                turns;            /* of a call */
    unsigned                earlier;          /* turns, "turn" */
    unsigned                at_once;
    unsigned                batch;            /* tokens a write, if flat */
    unsigned                text;             /* bytes of an answer, or 0 */
    double                  rate;             /* tokens/s of all; 0: flat */
    double                  seconds;
    double                  warmup;
    unsigned                raw:1;
    unsigned                tls:1;
    unsigned                history:1;        /* the server keeps it */
} bench_options_t;


typedef struct {
    int64_t                 wall;
    int64_t                 own;              /* CPU */
    int64_t                 waited;           /* for the core */
    int64_t                 server;
    uint64_t                tokens;
    uint64_t                turns;
    uint64_t                calls;
} bench_mark_t;


typedef struct {
    bench_options_t          options;
    bench_call_t            *calls;
    bench_call_t           **heap;
    size_t                   nheap;
    int                      epoll;
    int64_t                  now;
    int64_t                  gap;              /* between tokens; 0: flat */
    unsigned                 ring;             /* stamps a call, 2^n */
    uint64_t                 random;
    u_char                  *input;
    SSL_CTX                 *ssl;
    char                    *signature;        /* of the handshake */
    bench_call_pt            idle;             /* want went to 0, or closed */
    bench_call_pt            token;            /* came, or NULL */
    unsigned                 measuring:1;      /* delays count */
    unsigned                 spread:1;         /* first answers are shorter */
    unsigned                 tools:1;          /* each turn calls a tool */

    uint64_t                 tokens;           /* read by callers */
    uint64_t                 turns;            /* answered */
    uint64_t                 opened;           /* calls up to setup */
    uint64_t                 closed;           /* with both Close frames */
    uint64_t                 webhooks;
    uint64_t                 cuts;             /* seen by the model */
    uint64_t                 uncut;            /* not in a second */

    uint64_t                 lost;             /* tokens */
    uint64_t                 doubled;          /* again, or out of order */
    uint64_t                 strange;          /* answers without numbers */
    uint64_t                 forgot;           /* requests with a wrong
                                                  number of messages */
    uint64_t                 failed;           /* calls */
    uint64_t                 broken;           /* streams of the model */
    char                     error[256];       /* the first of these */

    convrelay_histogram_t    delay;
    convrelay_histogram_t    cut;
    convrelay_histogram_t    webhook;
    convrelay_histogram_t    tool;             /* prompt to tool */
    convrelay_histogram_t    result;           /* result to model */
} bench_t;


extern bench_t  bench;


/* bench_loop.c */

int64_t bench_clock(void);
void bench_watch(bench_event_t *ev, unsigned events);
void bench_unwatch(bench_event_t *ev);

/* sets the timer of a call; 0 takes it away */
void bench_timer(bench_call_t *c, int64_t at);

/* until the time is there, or over() is true; over may be NULL */
void bench_loop(int64_t until, bench_over_pt over);

/* runs start() for calls from first to last - 1, at_once unfinished ones at
 * most; a call is finished when bench.idle is called for it */
void bench_batch(unsigned first, unsigned last, unsigned at_once,
    bench_call_pt start);

/* counts a failure, and keeps the words of the first one */
void bench_fault(uint64_t *counter, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void *bench_alloc(size_t size);


/* bench_io.c: what the socket of a call gives and takes */

int bench_io_connect(bench_call_t *c);

/* CONVRELAY_OK, CONVRELAY_AGAIN or CONVRELAY_ERROR */
int bench_io_handshake(bench_call_t *c);

/* bytes, 0 at the end, CONVRELAY_AGAIN, or CONVRELAY_ERROR */
ssize_t bench_io_recv(bench_call_t *c, u_char *buf, size_t size);

/* all of it, or the call has failed; CONVRELAY_OK or CONVRELAY_ERROR */
int bench_io_send(bench_call_t *c, const u_char *buf, size_t len);

void bench_io_close(bench_call_t *c);


/* bench_model.c */

void bench_model_listen(int port);

/* the next token of a call's answer is due */
void bench_model_due(bench_call_t *c);


/* bench_call.c */

void bench_call_start(bench_call_t *c);
void bench_call_due(bench_call_t *c);
void bench_call_prompt(bench_call_t *c);
void bench_call_interrupt(bench_call_t *c);
void bench_call_hangup(bench_call_t *c);

/* the model saw its connection go while it was answering, or wrote it all */
void bench_call_cut(bench_call_t *c);
void bench_call_written(bench_call_t *c);

/* the call is over, by a fault or well */
void bench_call_fail(bench_call_t *c, const char *what);
void bench_call_end(bench_call_t *c);


/* bench_text.c: all write to buf and return the length */

size_t bench_text_upgrade(bench_call_t *c, u_char *buf);
size_t bench_text_webhook(bench_call_t *c, u_char *buf);
size_t bench_text_setup(bench_call_t *c, u_char *buf);
size_t bench_text_prompt(bench_call_t *c, u_char *buf);

/* a whole request, for a server that only passes bytes; malloc'ed */
u_char *bench_text_request(bench_call_t *c, size_t *len);

/* the head of an answer, an event of a token, the end of an answer */
size_t bench_text_head(u_char *buf);
size_t bench_text_token(u_char *buf, unsigned n);
size_t bench_text_finish(u_char *buf);

/* a whole answer that calls a tool, and that of the tool */
size_t bench_text_call(bench_call_t *c, u_char *buf);
size_t bench_text_result(u_char *buf);

/* CONVRELAY_OK if the answer accepts the call's key */
int bench_text_accepts(bench_call_t *c, const u_char *head, size_t len);

char *bench_text_sign(const char *url, convrelay_pair_t *pairs, size_t n);


/* bench_stat.c */

/* the server's CPU, over its processes, and memory (PSS, bytes) */
void bench_mark(bench_mark_t *mark);
void bench_mark_add(bench_mark_t *sum, const bench_mark_t *from,
    const bench_mark_t *to);
int64_t bench_memory(void);
int64_t bench_cpu(void);

/* of that, what no other process can have: shared memory is left out */
int64_t bench_private_memory(void);

/* process ids of the server, up to BENCH_MAX_PIDS */
size_t bench_pids(pid_t *pids);

/* system calls of the server from now on; bench_strace_stop() waits */
void bench_strace_start(void);
void bench_strace_stop(void);

/* a member of the result; the first opens it, bench_result_end() ends it */
void bench_result(const char *name, double value);
void bench_result_hist(const char *name, const convrelay_histogram_t *h);
void bench_result_end(void);

/* what all scenarios report of an interval */
void bench_result_interval(const bench_mark_t *from, const bench_mark_t *to);


/* bench_scene.c: CONVRELAY_OK, or CONVRELAY_DECLINED where there is none */

int bench_scene(void);


#endif /* BENCH_H_INCLUDED */
