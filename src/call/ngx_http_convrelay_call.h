
/*
 * Copyright (C) convrelay contributors
 *
 * The live call: declarations that its files share.
 */


#ifndef NGX_HTTP_CONVRELAY_CALL_H_INCLUDED
#define NGX_HTTP_CONVRELAY_CALL_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_env.h"
#include "ngx_http_convrelay_fetch.h"
#include "ngx_http_convrelay_log.h"

#include "convrelay_rate.h"
#include "convrelay_echo.h"
#include "convrelay_word.h"
#include "convrelay_redact.h"
#include "convrelay_shm.h"
#include "convrelay_ws.h"
#include "convrelay_ws_handshake.h"
#include "convrelay_llm_api.h"


#define NGX_HTTP_CONVRELAY_UPGRADE_REQUIRED  426
#define NGX_HTTP_CONVRELAY_READ_SIZE     4096   /* one recv(), per worker */
#define NGX_HTTP_CONVRELAY_CHUNK_SIZE    4064   /* of the output queue */
#define NGX_HTTP_CONVRELAY_MAX_PROMPT    1048576        /* bytes of a file */
#define NGX_HTTP_CONVRELAY_FRAME_BURST   10     /* seconds' worth */
#define NGX_HTTP_CONVRELAY_SILENT_PINGS  2      /* unanswered; a third
                                                   ends the call */
#define NGX_HTTP_CONVRELAY_CLOSE_TIME    5000   /* ms for a Close to leave */
#define NGX_HTTP_CONVRELAY_DRAIN_TIME    1000   /* ms from [DONE] to the end
                                                   of the body */
#define NGX_HTTP_CONVRELAY_DRAIN_SIZE    65536  /* bytes, the same */
#define NGX_HTTP_CONVRELAY_FINISH_TIME   500    /* ms from the last chunk of a
                                                   finished answer to its
                                                   end without [DONE] */


/* configuration */

typedef struct {
    ngx_str_t                         name;
    ngx_array_t                       parts;  /* of its JSON */
    ngx_http_convrelay_place_t        place;
    unsigned                          warned:1;       /* of what is in it */
} ngx_http_convrelay_field_t;


/* an action of convrelay_on */

typedef enum {
    NGX_HTTP_CONVRELAY_ON_SEND = 0,   /* the message */
    NGX_HTTP_CONVRELAY_ON_HOLD,       /* the time */
    NGX_HTTP_CONVRELAY_ON_ASK         /* the message's text is the question */
} ngx_http_convrelay_on_kind_e;


typedef struct {
    ngx_http_convrelay_on_kind_e      kind;
    ngx_msec_t                        time;
    convrelay_relay_out_t             message;        /* what is constant */
    ngx_http_convrelay_value_t        text;
    ngx_http_convrelay_value_t        lang;
    ngx_array_t                       json;   /* of part_t: raw message, or
                                                 hand-off data */
    ngx_str_t                         name;
    ngx_str_t                         trigger;
} ngx_http_convrelay_on_action_t;


/* an event of convrelay_on, and what is done */

typedef struct {
    convrelay_trigger_e               trigger;
    ngx_str_t                         match;  /* as it is written */
    ngx_uint_t                        count;  /* of llm_failed, in a row */
    ngx_http_convrelay_place_t        place;  /* of its first line */
    ngx_array_t                       actions;        /* of on_action_t */
#if (NGX_PCRE)
    ngx_http_regex_t                 *regex;  /* of the match, or NULL */
#endif
    unsigned                          checked:1;
} ngx_http_convrelay_rule_t;


/* convrelay_dtmf */

struct ngx_http_convrelay_dtmf_s {
    ngx_uint_t                        max;
    ngx_msec_t                        pause;
    ngx_int_t                         terminator;     /* or 0 */
    ngx_http_convrelay_place_t        place;
};


/* convrelay_filler */

struct ngx_http_convrelay_filler_s {
    convrelay_session_filler_conf_t   session;
    ngx_array_t                       phrases;        /* of value_t */
};


/* convrelay_tool */

typedef struct {
    ngx_str_t                         name;
    convrelay_tool_definition_t      *definition;
    ngx_str_t                         uri;    /* or empty: it has actions */
    ngx_str_t                         args;
    ngx_uint_t                        method; /* NGX_HTTP_POST or _GET */
    ngx_msec_t                        timeout;
    ngx_http_convrelay_value_t       *filler; /* said first, or NULL */
    ngx_http_convrelay_place_t        place;
    unsigned                          once:1;
    unsigned                          cancel:1;
    unsigned                          mute:1; /* no filler while it runs */
} ngx_http_convrelay_tool_t;


/* convrelay_context */

struct ngx_http_convrelay_context_conf_s {
    ngx_str_t                         uri;    /* its path */
    ngx_str_t                         args;
    ngx_msec_t                        timeout;
    ngx_http_convrelay_place_t        place;
};


/* convrelay_fallback */

typedef struct {
    ngx_str_t                         name;   /* of a location: "/backup" or
                                                 "@backup" */
    ngx_msec_t                        cooldown;
    ngx_msec_t                        hedge;  /* 0: not in parallel */
    ngx_http_convrelay_place_t        place;
} ngx_http_convrelay_fallback_t;


/* convrelay_limit_calls */

typedef struct {
    ngx_http_convrelay_value_t        key;
    ngx_uint_t                        max;
} ngx_http_convrelay_limit_t;


/* run time */

typedef struct ngx_http_convrelay_turn_s  ngx_http_convrelay_turn_t;
typedef struct ngx_http_convrelay_log_s   ngx_http_convrelay_log_t;
typedef struct ngx_http_convrelay_tool_run_s  ngx_http_convrelay_tool_run_t;
typedef struct ngx_http_convrelay_context_s   ngx_http_convrelay_context_t;
typedef struct ngx_http_convrelay_keep_s      ngx_http_convrelay_keep_t;
typedef struct ngx_http_convrelay_account_s   ngx_http_convrelay_account_t;


/* regex captures of a request, saved */

typedef struct {
    int                              *captures;
    ngx_uint_t                        n;
    u_char                           *data;
} ngx_http_convrelay_captures_t;


/*
 * One piece of the output queue, which owns it and frees it once it was sent.
 * One is kept for the next call that sends, so that a token need not allocate.
 */

struct ngx_http_convrelay_chunk_s {
    ngx_http_convrelay_chunk_t       *next;
    u_char                           *pos;
    u_char                           *last;
    u_char                           *end;
};


typedef struct {
    ngx_http_convrelay_chunk_t       *first;
    ngx_http_convrelay_chunk_t       *last;
    size_t                            queued;         /* bytes */
} ngx_http_convrelay_output_t;


/*
 * One phone call.  Lives in the pool of its request; everything that grows is
 * malloc'ed by the rooms and freed with it.
 */

struct ngx_http_convrelay_call_s {
    ngx_http_request_t               *request;
    ngx_connection_t                 *connection;
    ngx_http_convrelay_loc_conf_t    *conf;
    ngx_http_convrelay_main_conf_t   *main;
    convrelay_session_t              *session;
    ngx_http_convrelay_turn_t        *turn;   /* that feeds the session */

    ngx_http_convrelay_output_t       output;
    ngx_msec_t                        send_by;        /* deadline of the
                                                         output, or 0 */

    unsigned                          silent:2;       /* pings since bytes
                                                         came */
    unsigned                          closing:1;      /* a Close is queued */
    unsigned                          linger:1;       /* wait for its FIN */
    unsigned                          dead:1; /* nothing more is sent */
    unsigned                          ended:1;        /* finalized */
    unsigned                          pattern_failed:1;       /* logged */
    unsigned                          history_over:2; /* likewise, bits */
    unsigned                          reading:1;      /* input is being handled,
                                                         more may follow */
    unsigned                          answering:1;    /* a turn's answer is
                                                         being handled */
    unsigned                          start:1;        /* start a turn then */
    unsigned                          wait:1; /* input stops: a pause is to
                                                 begin */
    unsigned                          paused:1;       /* the socket is not
                                                         read */
    unsigned                          unheard:1;      /* nothing of the turn was
                                                         sent yet, */
    unsigned                          wordless:1;     /* nor words of its LLM */
    unsigned                          open:1; /* the last turn is not
                                                 counted yet */
    unsigned                          failed:1;       /* the LLM has failed in
                                                         it */
    unsigned                          browser:1;      /* its handshake had an
                                                         Origin */
    unsigned                          end:5;  /* how the call ends, from 1: a
                                                 CONVRELAY_METRIC_SESSION_* */
    unsigned                          outcome:4;      /* of its last turn, as
                                                         ..._TURN_* */
    unsigned                          pending:4;      /* of the open one, so
                                                         far; or 0 */
    uint32_t                          node;   /* in the zone, or 0 */

    /* a token needs none of the fields below */

    ngx_queue_t                       turns;  /* all that are not freed */
    ngx_http_convrelay_tool_run_t    *tools;  /* whose locations are asked */
    convrelay_str_t                   system; /* prompt */
    convrelay_ws_reader_t             reader;

    uint32_t                          failures;       /* of the LLM */
    uint32_t                          turn_no;        /* that was started last,
                                                         and the interrupts
                                                         before it */
    uint32_t                          interrupts;
    uint32_t                          lasted; /* ms, the open turn until its
                                                 pending outcome */
    uint16_t                          fallbacks;      /* requests to them */
    uint16_t                          nudges; /* stages with actions */
    uint32_t                          first_sound;    /* ms, of the last turn,
                                                         and 1; 0: none yet */
    uint32_t                          longest_gap;    /* ms, of all turns */
    uint32_t                          context_len;    /* bytes at the end of
                                                         system */
    int                               rc;     /* to finalize with */

    ngx_msec_t                        pinged;
    convrelay_rate_t                  frames;

    ngx_event_t                       event;  /* timer: the next deadline;
                                                 posted: see closing, dead */

    ngx_http_convrelay_context_t     *context;        /* that is awaited, or
                                                         NULL */
    ngx_http_convrelay_keep_t        *keep;   /* its record in the store, or
                                                 NULL */
    ngx_http_convrelay_keep_t        *parted; /* that has the session now, or
                                                 NULL */
    ngx_http_convrelay_log_t         *log;    /* lines that were logged; NULL
                                                 until there is one */
    ngx_http_convrelay_account_t     *account;        /* or NULL: no report */
    ngx_http_convrelay_tenant_t      *tenant; /* on the heap until its session
                                                 begins, or NULL */
};


/* one turn: the request to the LLM and its answer, in the fetch's pool */

struct ngx_http_convrelay_turn_s {
    ngx_queue_t                       queue;
    ngx_http_convrelay_call_t        *call;
    ngx_http_convrelay_loc_conf_t    *conf;   /* of the LLM: the call's, or a
                                                 fallback's */
    ngx_http_convrelay_fetch_t       *fetch;
    ngx_http_convrelay_llm_metrics_t *metrics;        /* of the LLM */
    convrelay_llm_stream_t            stream;

    ngx_event_t                       silence;        /* timer: nothing came
                                                         after the finish */

    unsigned                          answered:1;     /* the session knows how
                                                         it ended; the body may
                                                         continue */
    unsigned                          no_path:1;      /* the URI is the
                                                         location's name */
    unsigned                          counted:1;
    unsigned                          useful:1;       /* words or a call
                                                         came */
    unsigned                          hedge:1;        /* of the second LLM, that
                                                         is asked in
                                                         parallel */
    unsigned                          llm:4;          /* its number */

    /* for convrelay_status; times in ms of the clock */

    ngx_msec_t                        started;
    ngx_msec_t                        header_at;      /* 0: there was none */
    ngx_msec_t                        word_at;        /* first token */
    ngx_msec_t                        token_at;       /* last token */
    uint32_t                          said;   /* tokens that the session had
                                                 sent before */
    uint32_t                          tokens;         /* that were received */
    uint32_t                          long_gaps;      /* between tokens */
    uint32_t                          longest_gap;    /* ms; 0: none is long */
    uint32_t                          gaps[CONVRELAY_METRIC_BUCKETS];
                                                      /* those by length */
};


/* the actions of a rule during their evaluation, in a pool of their own */

typedef struct {
    ngx_http_convrelay_call_t        *call;
    ngx_http_request_t               *shadow;
    ngx_pool_t                       *pool;
    ngx_http_convrelay_rule_t        *rule;   /* or NULL: there is none */
    ngx_uint_t                        next;   /* of its actions */
    ngx_http_convrelay_on_action_t   *action; /* the last one evaluated */
    convrelay_str_t                   text;
    ngx_http_convrelay_tool_call_t    tool;   /* that it is done for */
    convrelay_tool_arguments_t        result; /* of its location */
} ngx_http_convrelay_on_t;


/* ngx_http_convrelay_upgrade.c */

/* content handler of a location with "convrelay;" */
ngx_int_t ngx_http_convrelay_handler(ngx_http_request_t *r);


/* ngx_http_convrelay_origin.c */

/*
 * Whether the page that opens the socket belongs to this server, or there is no
 * page at all.  NGX_OK, NGX_HTTP_FORBIDDEN or NGX_HTTP_INTERNAL_SERVER_ERROR
 * (logged).
 */
ngx_int_t ngx_http_convrelay_origin(ngx_http_request_t *r,
    convrelay_ws_handshake_t *h);


/* ngx_http_convrelay_location.c */

/*
 * Puts the handler of "convrelay" in front of the location's own,
 * clcf->handler, after checking that this is possible.  webhook: the handler of
 * a location with a webhook, or NULL.
 */
char *ngx_http_convrelay_location_merge(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_convrelay_loc_conf_t *prev,
    ngx_http_convrelay_loc_conf_t *conf, ngx_http_handler_pt webhook);


/*
 * Directives of other modules that a turn cannot honour, for a location whose
 * configuration is merged; place: of the directive that makes it an LLM.
 */
char *ngx_http_convrelay_location_check(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, void **loc_conf,
    ngx_http_convrelay_place_t *place);

/* the counters of a location's LLM, whose configuration is loc_conf, as one of
   those of a call's location; NULL: no memory */
ngx_http_convrelay_llm_metrics_t *ngx_http_convrelay_location_llm(
    ngx_conf_t *cf, ngx_http_convrelay_metrics_t *metrics, void **loc_conf);

/* its upstream; NULL: it has none, or one that varies */
ngx_http_upstream_srv_conf_t *ngx_http_convrelay_location_upstream(
    ngx_conf_t *cf, void **loc_conf);


/* ngx_http_convrelay_socket.c */

/*
 * Takes over the connection after the 101 was sent; the rest of r->header_in is
 * the first frames.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_call_start(ngx_http_convrelay_call_t *call);

/* the call whose timer this is; NULL: it is another one's */
ngx_http_convrelay_call_t *ngx_http_convrelay_call_of(const ngx_event_t *ev);

/*
 * Creates the call of r, whose 101 was sent, with its cleanups, and copies the
 * tenant if it is needed; NULL: no memory.
 */
ngx_http_convrelay_call_t *ngx_http_convrelay_call_create(
    ngx_http_request_t *r, ngx_http_convrelay_loc_conf_t *conf,
    const ngx_http_convrelay_tenant_t *tenant);


/* ngx_http_convrelay_call.c */

/*
 * Creates a main request in the pool, for which values evaluate as for the
 * call's own request, without leaving anything in that request; NULL: no
 * memory.  Cleanups that were added to it must be run.
 */
ngx_http_request_t *ngx_http_convrelay_shadow(ngx_http_convrelay_call_t *call,
    ngx_pool_t *pool);

/* gives the variables of the call values in the main request m; NGX_ERROR
   without memory */
ngx_int_t ngx_http_convrelay_call_bind(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m);

/*
 * Evaluations for r between these two calls do not change its regex captures:
 * turns use those of the handshake.
 */
void ngx_http_convrelay_captures_keep(ngx_http_request_t *r,
    ngx_http_convrelay_captures_t *kept);
void ngx_http_convrelay_captures_restore(ngx_http_request_t *r,
    ngx_http_convrelay_captures_t *kept);

/*
 * Ends the call: a Close frame with the code goes out, then the connection is
 * closed.  call_fail() is for a connection that cannot be used any longer.
 * Both only post an event, so they can be called from anywhere.
 */
void ngx_http_convrelay_call_close(ngx_http_convrelay_call_t *call,
    ngx_uint_t code, convrelay_str_t *reason);
void ngx_http_convrelay_call_fail(ngx_http_convrelay_call_t *call,
    ngx_int_t rc);

/* another socket has taken the place of the call: closes it (logged) */
void ngx_http_convrelay_call_replaced(ngx_http_convrelay_call_t *call);

/*
 * Counts an event; what and period name the limit in the log.  NGX_OK, or
 * NGX_DECLINED: too many (logged), the call is closed.  A limit of 0 means no
 * limit.
 */
ngx_int_t ngx_http_convrelay_call_rate(ngx_http_convrelay_call_t *call,
    convrelay_rate_t *rate, const convrelay_rate_limit_t *limit,
    const char *what, const char *period);


/* ngx_http_convrelay_clock.c */

/* re-arms the timer if the next deadline has moved closer */
void ngx_http_convrelay_clock_update(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_drain.c */

/* the worker looks at this call from time to time, if it has convrelay_drain */
void ngx_http_convrelay_drain_watch(ngx_http_convrelay_call_t *call);

ngx_int_t ngx_http_convrelay_drain_init(ngx_conf_t *cf);

char *ngx_http_convrelay_drain(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_convrelay_memory.c */

/* count calls; memory is returned once a worker has had none for a while */
void ngx_http_convrelay_memory_enter(ngx_http_convrelay_main_conf_t *mcf);
void ngx_http_convrelay_memory_leave(ngx_http_convrelay_main_conf_t *mcf);

ngx_int_t ngx_http_convrelay_memory_init(ngx_conf_t *cf);


/* ngx_http_convrelay_on.c */

/*
 * Finds and evaluates the actions that are configured for a TRIGGER, without
 * performing them.  on_start() finds the rule; NGX_OK or NGX_ERROR.  Without a
 * rule, on->rule is NULL and on->text goes to the LLM: the prompt, or the
 * message about keys.  on_next() evaluates the rule's next action, on->action,
 * with the call's current values; NGX_OK, NGX_DONE: there is none left, or
 * NGX_ERROR.  The message lives until on_end(), which must always be called.
 */
ngx_int_t ngx_http_convrelay_on_start(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_call_t *call, const convrelay_action_t *a);
ngx_int_t ngx_http_convrelay_on_next(ngx_http_convrelay_on_t *on,
    convrelay_relay_out_t *m);
void ngx_http_convrelay_on_end(ngx_http_convrelay_on_t *on);

/* only prepares on->shadow, with the variables of run's tool, or of none where
   it is NULL; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_on_open(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_call_t *call, convrelay_tool_run_t *run);


/* ngx_http_convrelay_filler.c */

char *ngx_http_convrelay_filler(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_filler_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);

/* a phrase, compiled into v; errors are logged */
char *ngx_http_convrelay_filler_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_value_t *v);

/* hands the phrase of a FILLER to the session */
void ngx_http_convrelay_filler_phrase(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a, convrelay_actions_t *out);


/* ngx_http_convrelay_silence_conf.c */

char *ngx_http_convrelay_silence(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_presence(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the match of a rule for "silence" or "call_time"; errors are logged */
char *ngx_http_convrelay_silence_match(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule);

/* the time of the action "hold"; errors are logged */
char *ngx_http_convrelay_on_hold(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_convrelay_on_action_t *action);

char *ngx_http_convrelay_silence_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_on_regex.c */

/* compiles rule->match, which begins with "~"; errors are logged */
char *ngx_http_convrelay_on_regex(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule);

/* ngx_http_regex_exec(), which logs words.  NGX_OK: the captures of m point to
   text; NGX_DECLINED; NGX_DONE: PCRE gave up with the error *code; NGX_ERROR */
ngx_int_t ngx_http_convrelay_on_regex_exec(ngx_http_request_t *m,
    ngx_http_convrelay_rule_t *rule, ngx_str_t *text, ngx_int_t *code);

/* ngx_http_convrelay_on_conf.c */

char *ngx_http_convrelay_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_convrelay_dtmf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_on_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_input.c */

/*
 * Takes bytes that were read; they may be written to.  Returns the end of those
 * that were handled: last, unless the session waits for its context.
 */
u_char *ngx_http_convrelay_input(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last);


/* ngx_http_convrelay_act.c */

/* receives the session's actions for an event and performs each at once; does
   nothing for a call that has ended */
convrelay_actions_t ngx_http_convrelay_actions(
    ngx_http_convrelay_call_t *call);

/* all input was handled: starts the turn that it led to, if any */
void ngx_http_convrelay_act_start(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_output.c */

/* size contiguous bytes at the end of the queue, or NULL: no memory */
u_char *ngx_http_convrelay_output_reserve(ngx_http_convrelay_call_t *call,
    size_t size);

/* adds the reserved bytes up to last to the queue */
void ngx_http_convrelay_output_commit(ngx_http_convrelay_call_t *call,
    u_char *last);

/* queues a control frame; data may be NULL.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_output_control(ngx_http_convrelay_call_t *call,
    ngx_uint_t opcode, convrelay_str_t *data);

/*
 * Sends as much as the socket accepts.  NGX_OK: the queue is empty, and a call
 * that closes is ended by its event; NGX_AGAIN: the rest waits for the write
 * event; NGX_ERROR: the connection is broken, or its reader is too slow
 * (logged).
 */
ngx_int_t ngx_http_convrelay_output_flush(ngx_http_convrelay_call_t *call);

void ngx_http_convrelay_output_free(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_stat_variables.c */

/* $convrelay_end, _outcome, _failures and other figures of a call; once, in
   preconfiguration */
ngx_int_t ngx_http_convrelay_stat_add_variables(ngx_conf_t *cf);


/* ngx_http_convrelay_stat.c */

/* counts a message of the peer */
void ngx_http_convrelay_stat_message(ngx_http_convrelay_call_t *call,
    const convrelay_relay_message_t *m);

/* notes how the call ends, CONVRELAY_METRIC_SESSION_*; the first one counts */
void ngx_http_convrelay_stat_ends(ngx_http_convrelay_call_t *call,
    convrelay_metric_e how);

/* the same, for the code of the session's Close */
void ngx_http_convrelay_stat_close(ngx_http_convrelay_call_t *call,
    ngx_uint_t code);

/* the call is over; once */
void ngx_http_convrelay_stat_session(ngx_http_convrelay_call_t *call);

/*
 * A piece of the answer came.  Most pieces come right after the previous one:
 * they are not counted here, their number is the rest of all tokens.
 */

#define NGX_HTTP_CONVRELAY_SHORT_GAP  10     /* ms, the first bucket's bound */

#define ngx_http_convrelay_stat_token(t)                                     \
    do {                                                                     \
        ngx_msec_t  gap_ = ngx_current_msec - (t)->token_at;                 \
                                                                             \
        (t)->token_at += gap_;                                               \
        (t)->tokens++;                                                       \
                                                                             \
        if (gap_ > NGX_HTTP_CONVRELAY_SHORT_GAP) {                           \
            ngx_http_convrelay_stat_gap(t, gap_);                            \
        }                                                                    \
    } while (0)

void ngx_http_convrelay_stat_gap(ngx_http_convrelay_turn_t *t,
    ngx_msec_t gap);

/* answer: a request's answer is over, its stream is not freed yet; turn: a
   request is over, with a CONVRELAY_METRIC_TURN_*; cancel: it is cancelled;
   late: it took too long */
void ngx_http_convrelay_stat_answer(ngx_http_convrelay_turn_t *t,
    convrelay_turn_outcome_e how);
void ngx_http_convrelay_stat_turn(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e outcome);
void ngx_http_convrelay_stat_cancel(ngx_http_convrelay_turn_t *t);

void ngx_http_convrelay_stat_late(ngx_http_convrelay_turn_t *t);

/* one of two requests is over, and its turn goes on: it failed, kind, or,
   with _N, it was only slower */
void ngx_http_convrelay_stat_lost(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e kind);

/* as stat_lost(), for an answer without anything useful */
void ngx_http_convrelay_stat_hedge(ngx_http_convrelay_turn_t *t,
    convrelay_turn_outcome_e how);

/*
 * A turn is one or more requests, and has one outcome: that of its last
 * request.  That a request was the last one is known only when the session does
 * not make another, so an outcome is pending until settle(), which ends each
 * event of the session.
 *
 * start: a request is about to be made.  round: its answer calls tools.
 * unmade: it could not be made.  waits: the turn is cancelled while it has no
 * request; failed: it took too long.
 */
void ngx_http_convrelay_stat_start(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_stat_round(ngx_http_convrelay_turn_t *t);
void ngx_http_convrelay_stat_unmade(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_stat_waits(ngx_http_convrelay_call_t *call,
    ngx_uint_t failed);
void ngx_http_convrelay_stat_settle(ngx_http_convrelay_call_t *call);

/* tokens that the LLM reported */
void ngx_http_convrelay_stat_usage(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e index, int64_t n);

/* a tool of conf, by its index, has answered */
void ngx_http_convrelay_stat_tool(ngx_http_convrelay_loc_conf_t *conf,
    ngx_uint_t tool, convrelay_metric_tool_e how, ngx_msec_t time);

/* counts a TOOL_ENDS */
void ngx_http_convrelay_stat_tool_ends(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a);

/* a LOG of the session */
void ngx_http_convrelay_stat_note(ngx_http_convrelay_call_t *call,
    const char *note);

/* the first text of a turn is sent */
void ngx_http_convrelay_stat_sound(ngx_http_convrelay_call_t *call);

/* a turn failed at this LLM: CONVRELAY_METRIC_LLM_* says how */
void ngx_http_convrelay_stat_failure(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_llm_metrics_t *llm, convrelay_metric_e kind);

/* what the call does may have changed; and its mark, with convrelay_status */
void ngx_http_convrelay_stat_state(ngx_http_convrelay_call_t *call);
uint32_t ngx_http_convrelay_stat_mark(ngx_http_convrelay_call_t *call,
    uint64_t *until);


/* ngx_http_convrelay_turn.c */

/* asks the LLM session->llm, or, for a hedge, session->hedge; NGX_OK, or
   NGX_ERROR: no turn was started (logged) */
ngx_int_t ngx_http_convrelay_turn_start(ngx_http_convrelay_call_t *call,
    ngx_uint_t hedge);

/* the one that is asked in parallel, or NULL */
ngx_http_convrelay_turn_t *ngx_http_convrelay_turn_hedge(
    ngx_http_convrelay_call_t *call);

/* the upstream of a turn that failed, or "-"; logs a known cause */
void ngx_http_convrelay_turn_blame(ngx_http_convrelay_turn_t *t,
    ngx_str_t *peer);

/* one line for a turn that failed; reason follows the upstream's status */
void ngx_http_convrelay_turn_failed(ngx_http_convrelay_turn_t *t,
    const char *reason);

/* counts the tokens that the LLM reported; once, when its answer is over */
void ngx_http_convrelay_turn_usage(ngx_http_convrelay_turn_t *t);

/* the session has dropped the turn: closes its upstream in this event-loop
   iteration */
void ngx_http_convrelay_turn_cancel(ngx_http_convrelay_turn_t *t);

/* the answer is over: its body has a second to end */
void ngx_http_convrelay_turn_drain(ngx_http_convrelay_turn_t *t);

/* the call is over: ends all upstreams now; then frees all memory */
void ngx_http_convrelay_turns_abort(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_turns_free(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_tool.c */

/*
 * Sends a request to the location of a run's tool; sets run->failed if it
 * cannot.  out takes the actions that the result leads to.
 */
void ngx_http_convrelay_tool_start(ngx_http_convrelay_call_t *call,
    convrelay_tool_run_t *run, const convrelay_actions_t *out);

/* the run is about to be freed, and its result is not wanted */
void ngx_http_convrelay_tool_cancel(convrelay_tool_run_t *run);

/* adds the tools that are running to what is kept for the report */
void ngx_http_convrelay_tools_running(ngx_http_convrelay_call_t *call);

/* the call is over: running tools continue without it, up to their timeouts */
void ngx_http_convrelay_tools_leave(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_tool_conf.c */

char *ngx_http_convrelay_tool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_tools_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_context.c */

/*
 * The session waits for its context: asks the location, and keeps the bytes
 * from pos to last until it has answered.  If it cannot be asked (logged), the
 * call begins without it.
 */
void ngx_http_convrelay_context_start(ngx_http_convrelay_call_t *call,
    u_char *pos, u_char *last);

/* the caller has gone: the location is not asked any longer; the bytes that
   were kept are handled */
void ngx_http_convrelay_context_drop(ngx_http_convrelay_call_t *call);

/* the call is over, without them */
void ngx_http_convrelay_context_leave(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_context_conf.c */

char *ngx_http_convrelay_context(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_convrelay_fallback_conf.c */

char *ngx_http_convrelay_fallback(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the match "count=N" of a rule for "llm_failed", or none; errors are logged */
char *ngx_http_convrelay_fallback_count(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule);

/* prev: of the location, where conf is that of an "if" in it; else NULL */
char *ngx_http_convrelay_fallback_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_breaker.c */

/* all fallbacks are found: their failures are counted, by all workers together
   where there is a convrelay_zone; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_breaker_init(ngx_conf_t *cf);


/* ngx_http_convrelay_answer.c */

/* takes the answer of a turn, which is the owner of the fetch */
extern const ngx_http_convrelay_fetch_sink_t  ngx_http_convrelay_answer_sink;


/* ngx_http_convrelay_request.c */

/* evaluates the values that stay the same for a call, at setup; context: text
   that extends the system prompt, copied, or empty.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_request_prepare(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *context);

/* the same, with the current values of variables; where it fails, the call is
   closed */
void ngx_http_convrelay_request_begin(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *context);

/* the body of a turn's request, in the pool of its fetch and evaluated for its
   main request; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_request_body(ngx_http_convrelay_turn_t *t,
    ngx_buf_t *b);

/* directive setters and merge */
char *ngx_http_convrelay_request_field(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_request_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_limit.c */

/*
 * Counts the call, at setup: NGX_OK, or NGX_DECLINED: there are too many calls
 * (logged).  Closes the socket of ended_session, which comes from
 * ticket_check(); this call takes its place.
 */
ngx_int_t ngx_http_convrelay_limit_setup(ngx_http_convrelay_call_t *call,
    convrelay_str_t *ended_session);

char *ngx_http_convrelay_limit_calls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_limit_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_zone.c */

/* stops counting the call; harmless if it was not counted */
void ngx_http_convrelay_zone_leave(ngx_http_convrelay_call_t *call);

/* calls marked(), which may be NULL, for each live call of all workers, with
   the last mark that its own worker set; returns their number */
ngx_uint_t ngx_http_convrelay_zone_calls(ngx_http_convrelay_main_conf_t *mcf,
    convrelay_shm_marked_pt marked, void *data);

void ngx_http_convrelay_zone_bytes(ngx_http_convrelay_main_conf_t *mcf,
    uint64_t *size, uint64_t *used);

void ngx_http_convrelay_zone_init_module(ngx_cycle_t *cycle);

/* another socket has taken the place of a call of this worker */
typedef void (*ngx_http_convrelay_replaced_pt)(
    ngx_http_convrelay_call_t *call);

ngx_int_t ngx_http_convrelay_zone_init_process(ngx_cycle_t *cycle,
    ngx_http_convrelay_replaced_pt replaced);

char *ngx_http_convrelay_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* NGX_HTTP_CONVRELAY_CALL_H_INCLUDED */
