
/*
 * Copyright (C) convrelay contributors
 *
 * Many calls at once, in one process.  _load.c starts them, waits for all of
 * them and reports; _load_call.c is one of the calls, _load_again.c connects it
 * again.
 */


#ifndef CONVRELAY_CALLER_LOAD_H_INCLUDED
#define CONVRELAY_CALLER_LOAD_H_INCLUDED


#include "convrelay_histogram.h"

#include "convrelay_caller_run.h"
#include "convrelay_caller_sequence.h"


#define CONVRELAY_CALLER_MAX_ERRORS  16


typedef struct {
    unsigned                   calls;
    double                     rate;          /* new calls a second */
    unsigned                   turns;         /* a call */
    int64_t                    think;         /* ms, the mean; +-50 % */
    double                     interrupt;     /* percent of turns */
    double                     over;          /* prompts into answers */
    double                     hangup;
    double                     drop;          /* of connections */
    unsigned                   tokens;        /* of an answer, 0: unknown */
    uint64_t                   seed;
    const char                *say;
    unsigned                   own:1;         /* --i-own-this-server */
    unsigned                   numbered:1;    /* answers show what the agent
                                                 remembers */
    unsigned                   own_twiml:1;   /* a webhook request a call */
} convrelay_caller_load_options_t;


typedef enum {
    CONVRELAY_CALLER_LOAD_IDLE = 0,
    CONVRELAY_CALLER_LOAD_TWIML,            /* until its own has come */
    CONVRELAY_CALLER_LOAD_CONNECT,
    CONVRELAY_CALLER_LOAD_THINK,
    CONVRELAY_CALLER_LOAD_ANSWER,           /* from a prompt to last:true */
    CONVRELAY_CALLER_LOAD_HEARD,            /* answered, an act is due */
    CONVRELAY_CALLER_LOAD_CUT,              /* from an interrupt to its pong */
    CONVRELAY_CALLER_LOAD_LOST,             /* until it is connected again */
    CONVRELAY_CALLER_LOAD_CLOSE,
    CONVRELAY_CALLER_LOAD_OVER,             /* until the action knows it */
    CONVRELAY_CALLER_LOAD_DONE
} convrelay_caller_load_state_e;


/* what a call does in the middle of a turn */

typedef enum {
    CONVRELAY_CALLER_ACT_NONE = 0,
    CONVRELAY_CALLER_ACT_INTERRUPT,
    CONVRELAY_CALLER_ACT_OVER,
    CONVRELAY_CALLER_ACT_DROP,              /* the call goes on */
    CONVRELAY_CALLER_ACT_CLOSE,             /* Close 1000 */
    CONVRELAY_CALLER_ACT_FIN,               /* no Close */
    CONVRELAY_CALLER_ACT_RST,
    CONVRELAY_CALLER_ACT_TORN               /* half a frame, then a reset */
} convrelay_caller_act_e;


typedef struct convrelay_caller_load_s  convrelay_caller_load_t;


/* of a call that has lost a connection, or has TwiML of its own */

typedef struct {
    convrelay_caller_t             call;        /* ids, TwiML, target */
    convrelay_caller_fetch_t       fetch;       /* of the action or webhook */
    convrelay_caller_route_t       route;
    convrelay_caller_pairs_t       form;
    char                          *url;
    unsigned                       hops;
    unsigned                       idle;        /* sessions in a row without a
                                                   token */
    unsigned                       fresh:1;     /* on a new connection */
} convrelay_caller_load_again_t;


typedef struct {
    convrelay_caller_load_t       *load;
    convrelay_caller_conn_t        conn;
    convrelay_caller_load_state_e  state;
    convrelay_caller_act_e         act;
    unsigned                       act_tokens;  /* after so many, or 0 */
    int64_t                        act_at;      /* or then; us */

    int64_t                        due;         /* of the timer; us */
    size_t                         heap;        /* place in it, from 1; 0 */
    unsigned                       events;      /* that epoll waits for */
    int                            fd;          /* on this socket */

    int64_t                        start_at;
    int64_t                        asked_at;
    int64_t                        first_at;
    int64_t                        token_at;
    int64_t                        cut_at;      /* an interrupt was sent */
    unsigned                       turns;
    unsigned                       tokens;      /* of this answer */
    convrelay_caller_sequence_t    sequence;
    convrelay_caller_buf_t         text;        /* of this answer, its start */

    char                           call_sid[35];
    char                           session_id[35];
    convrelay_caller_load_again_t  *again;      /* or NULL */
    int64_t                        lost_at;
    unsigned                       session_tokens;

    unsigned                       first:1;     /* of TwiML of its own, no
                                                   session has begun yet */
    unsigned                       ended:1;     /* the server sent "end" */
    unsigned                       pending:1;   /* the question was asked in a
                                                   session that is lost */
    unsigned                       unasked:1;   /* nothing was asked in this
                                                   session, which is not the
                                                   first */
    unsigned                       open:1;      /* last:true is missing */
    unsigned                       ponged:1;
    unsigned                       over:1;      /* until the pong comes */
    unsigned                       renewed:1;   /* over, and the old
                                                   answer is closed */
} convrelay_caller_load_call_t;


typedef struct {
    char                          text[96];
    uint64_t                      n;
} convrelay_caller_load_error_t;


struct convrelay_caller_load_s {
    convrelay_caller_load_options_t  *options;
    convrelay_caller_t               *dial;
    convrelay_caller_load_call_t     *calls;
    convrelay_caller_load_call_t    **heap;
    size_t                            nheap;
    int                               epoll;
    int64_t                           now;        /* us */
    uint64_t                          random;
    convrelay_caller_buf_t            message;
    u_char                           *input;

    unsigned                          started;
    unsigned                          live;
    unsigned                          peak;
    unsigned                          done;
    unsigned                          completed;
    unsigned                          hung_up;
    unsigned                          failed;
    uint64_t                          turns;
    uint64_t                          answers;    /* to their end */
    uint64_t                          interrupts;
    uint64_t                          overs;
    uint64_t                          tokens;
    uint64_t                          flight;
    uint64_t                          stray;
    uint64_t                          unclosed;   /* no last:true */
    uint64_t                          extra;      /* one too many */
    uint64_t                          unordered;  /* answers without numbers */
    uint64_t                          bad;
    uint64_t                          excuses;    /* the error message */
    uint64_t                          unwanted;   /* with --fail-on in them */
    uint64_t                          drops;      /* connections that we lost */
    uint64_t                          losses;     /* and those that it lost */
    uint64_t                          reconnects;
    uint64_t                          gone;       /* calls that did not go on */
    uint64_t                          pending;    /* questions at the time */
    uint64_t                          resumed;    /* those answered unasked */
    uint64_t                          asked_again;
    uint64_t                          repeated;   /* answers of one before */
    uint64_t                          forgotten;  /* questions */
    unsigned                          length;     /* of a whole answer */
    convrelay_caller_order_t          order;
    convrelay_caller_order_t          memory;     /* of numbers of questions */

    CURLM                            *multi;      /* of the HTTP requests */
    int64_t                           multi_due;

    convrelay_histogram_t             connect;
    convrelay_histogram_t             first;
    convrelay_histogram_t             gap;
    convrelay_histogram_t             delay;
    convrelay_histogram_t             cut;        /* interrupt to pong */
    convrelay_histogram_t             back;       /* loss to handshake */

    convrelay_caller_load_error_t     errors[CONVRELAY_CALLER_MAX_ERRORS];
    unsigned                          nerrors;
};


/* runs the load against options->url, returns the exit code */
int convrelay_caller_load(convrelay_caller_load_options_t *load_options,
    convrelay_caller_options_t *options, convrelay_caller_print_t *print);

/* one call: start, socket event, timer event */
void convrelay_caller_load_begin(convrelay_caller_load_call_t *c);
void convrelay_caller_load_event(convrelay_caller_load_call_t *c);
void convrelay_caller_load_due(convrelay_caller_load_call_t *c);

/* sets the timer, in microseconds from now; 0 removes it */
void convrelay_caller_load_timer(convrelay_caller_load_call_t *c, int64_t us);

/* updates epoll to what the connection waits for */
void convrelay_caller_load_watch(convrelay_caller_load_call_t *c);

/* the call is over; rst as convrelay_caller_conn_free() has it */
void convrelay_caller_load_end(convrelay_caller_load_call_t *c, unsigned rst);
void convrelay_caller_load_fail(convrelay_caller_load_call_t *c,
    const char *text);

/* convrelay_caller_load_again.c */

int convrelay_caller_load_http_init(convrelay_caller_load_t *load);

/* an event of a socket of HTTP requests; fd -1: their timer */
void convrelay_caller_load_http(convrelay_caller_load_t *load, int fd,
    unsigned events);

/* the call's own TwiML is requested, and leads to its first session */
void convrelay_caller_load_ask_twiml(convrelay_caller_load_call_t *c);

/* the connection is lost: by us, or by the server */
void convrelay_caller_load_lose(convrelay_caller_load_call_t *c,
    unsigned dropped);

/* the time of the action request has come */
void convrelay_caller_load_action(convrelay_caller_load_call_t *c);

/*
 * The session is over for good: the action is requested, as Twilio does, in a
 * load that requests it at all.
 */
void convrelay_caller_load_over(convrelay_caller_load_call_t *c);

/* the call ends, because it cannot be connected again */
void convrelay_caller_load_gone(convrelay_caller_load_call_t *c,
    const char *text);

void convrelay_caller_load_again_free(convrelay_caller_load_call_t *c);

/* at least 0, below n */
uint64_t convrelay_caller_load_random(convrelay_caller_load_t *load,
    uint64_t n);

/*
 * How it went, in a line such as "FAILED: 2 tokens lost, 1 call failed", and
 * as an exit code.
 */
int convrelay_caller_load_verdict(const convrelay_caller_load_t *load,
    convrelay_caller_buf_t *line);

/* the figures at the end */
void convrelay_caller_load_report(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print, const char *verdict);
void convrelay_caller_load_json(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print, const char *verdict);


#endif /* CONVRELAY_CALLER_LOAD_H_INCLUDED */
