
/*
 * Copyright (C) convrelay contributors
 *
 * What the files of the nginx glue share.
 */


#ifndef NGX_HTTP_CONVRELAY_H_INCLUDED
#define NGX_HTTP_CONVRELAY_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "convrelay_base.h"
#include "convrelay_json.h"
#include "convrelay_json_reader.h"
#include "convrelay_rate.h"
#include "convrelay_redact.h"
#include "convrelay_ws.h"
#include "convrelay_ws_handshake.h"
#include "convrelay_relay.h"
#include "convrelay_twiml.h"
#include "convrelay_twiml_attribute.h"
#include "convrelay_reply.h"
#include "convrelay_llm_body.h"
#include "convrelay_llm_stream.h"
#include "convrelay_session.h"


#define NGX_HTTP_CONVRELAY_UPGRADE_REQUIRED  426

#define NGX_HTTP_CONVRELAY_READ_SIZE     4096   /* one recv(), per worker */
#define NGX_HTTP_CONVRELAY_CHUNK_SIZE    4064   /* of the output queue */
#define NGX_HTTP_CONVRELAY_MAX_FORM      65536  /* bytes of a webhook's form */
#define NGX_HTTP_CONVRELAY_MAX_PROMPT    1048576        /* bytes of a file */
#define NGX_HTTP_CONVRELAY_FRAME_BURST   10     /* seconds' worth */
#define NGX_HTTP_CONVRELAY_TICKET_NAME   "convrelay_ticket"
#define NGX_HTTP_CONVRELAY_TICKET_LIFETIME  120 /* seconds */
#define NGX_HTTP_CONVRELAY_RECONNECTS    "convrelay_reconnects" /* argument */
#define NGX_HTTP_CONVRELAY_SHA1_LEN      20
#define NGX_HTTP_CONVRELAY_SILENT_PINGS  2      /* unanswered, the third is
                                                   the end */
#define NGX_HTTP_CONVRELAY_CLOSE_TIME    5000   /* ms for a Close to leave */
#define NGX_HTTP_CONVRELAY_DRAIN_TIME    1000   /* ms from [DONE] to the end
                                                   of the body */


typedef struct ngx_http_convrelay_chunk_s  ngx_http_convrelay_chunk_t;


/* configuration */

typedef struct {
    ngx_str_t                         name;
    ngx_str_t                         value;
    ngx_uint_t                        file;   /* its number, 0: none */
} ngx_http_convrelay_env_t;


typedef struct {
    ngx_array_t                       env;    /* ngx_http_convrelay_env_t */
    ngx_array_t                       defaults;       /* the same */
    ngx_uint_t                        nfiles;
    ngx_shm_zone_t                   *zone;   /* or NULL */
    u_char                           *buffer; /* READ_SIZE bytes, shared by
                                                 the calls of a worker */
    ngx_http_convrelay_chunk_t       *chunk;  /* that no call has, or NULL */
    ngx_array_t                       twimls; /* of twiml_location_t */
    ngx_uint_t                        calls;  /* of this worker */
    ngx_event_t                       quiet;  /* timer: there are none */
} ngx_http_convrelay_main_conf_t;


typedef struct ngx_http_convrelay_loc_conf_s  ngx_http_convrelay_loc_conf_t;


/* a directive's value that may hold variables, and how it was written */

typedef struct {
    ngx_http_complex_value_t         *value;
    ngx_str_t                         source;
} ngx_http_convrelay_value_t;


/* a part of a template: literal text, or a variable */

typedef struct {
    convrelay_str_t                   text;   /* or the variable's name */
    ngx_int_t                         index;  /* of the variable, or -1 */
    unsigned                          quoted:1;       /* JSON: in a string */
} ngx_http_convrelay_part_t;


/* length of a variable's value in a template; written where p is not NULL */

typedef size_t (*ngx_http_convrelay_escape_pt)(u_char *p,
    ngx_http_convrelay_part_t *part, convrelay_str_t *value);


typedef struct {
    ngx_str_t                         name;
    ngx_array_t                       parts;  /* of its JSON */
} ngx_http_convrelay_field_t;


/* an attribute of the TwiML, a <Parameter>, or the code of a <Language> */

typedef struct {
    ngx_str_t                         name;
    ngx_http_convrelay_value_t        value;
    ngx_str_t                         text;   /* of the value, if known */
    unsigned                          known:1;        /* at configuration */
    unsigned                          unchecked:1;
} ngx_http_convrelay_attribute_t;


/* an attribute's value, now or as far as it is known; NGX_OK or NGX_ERROR */

typedef ngx_int_t (*ngx_http_convrelay_attribute_pt)(void *data,
    ngx_http_convrelay_attribute_t *a, convrelay_str_t *text);


typedef struct {
    ngx_http_convrelay_attribute_t    code;
    ngx_array_t                       attributes;
} ngx_http_convrelay_language_t;


/* a location with convrelay_twiml */

typedef struct {
    ngx_http_core_srv_conf_t         *server;
    ngx_http_core_loc_conf_t         *location;
    ngx_http_convrelay_loc_conf_t    *conf;
} ngx_http_convrelay_twiml_location_t;


/* convrelay_connect_reply */

typedef struct {
    ngx_http_convrelay_value_t        value;
    ngx_array_t                      *xml;    /* of part_t, where it is
                                                 TwiML, else NULL */
} ngx_http_convrelay_reply_t;


/* an action of convrelay_on */

typedef struct {
    convrelay_relay_out_t             message;        /* what is constant */
    ngx_http_convrelay_value_t        text;
    ngx_http_convrelay_value_t        lang;
    ngx_array_t                       json;   /* of part_t: raw message, or
                                                 hand-off data */
    ngx_str_t                         name;
    ngx_str_t                         event;
} ngx_http_convrelay_do_t;


/* an event of convrelay_on, and what is done */

typedef struct {
    convrelay_event_e                 event;
    ngx_str_t                         match;  /* as it is written */
    ngx_array_t                       actions;        /* of do_t */
#if (NGX_PCRE)
    ngx_http_regex_t                 *regex;  /* of the match, or NULL */
#endif
} ngx_http_convrelay_rule_t;


/* convrelay_dtmf */

typedef struct {
    ngx_uint_t                        max;
    ngx_msec_t                        pause;
    u_char                            terminator;     /* or '\0' */
} ngx_http_convrelay_dtmf_t;


/* convrelay_limit_calls */

typedef struct {
    ngx_http_convrelay_value_t        key;
    ngx_uint_t                        max;
} ngx_http_convrelay_limit_t;


struct ngx_http_convrelay_loc_conf_s {
    ngx_flag_t                        enable;
    ngx_http_handler_pt               llm_handler;

    ngx_http_convrelay_value_t       *model;
    ngx_http_convrelay_value_t       *system_prompt;
    ngx_http_convrelay_value_t       *system_prompt_file;
    ngx_http_convrelay_value_t       *error_message;
    ngx_array_t                      *fields;
    ngx_str_t                         system; /* its message, where static */

    ngx_msec_t                        ping_interval;
    ngx_msec_t                        setup_timeout;
    ngx_msec_t                        max_call_time;  /* 0: no limit */
    ngx_msec_t                        max_answer_time;        /* the same */
    ngx_msec_t                        send_timeout;
    size_t                            max_message_size;
    size_t                            max_output_size;
    size_t                            max_answer_size;
    size_t                            max_response_size;      /* 0: none */
    size_t                            max_line_size;
    size_t                            max_history_size;
    ngx_int_t                         max_history_messages;
    ngx_int_t                         max_fragments;
    ngx_int_t                         max_frame_rate; /* a second; 0: none */
    ngx_int_t                         max_turn_rate;  /* a minute; 0: none */
    ngx_array_t                      *limits; /* of limit_t, or NULL */
    ngx_flag_t                        log_numbers;

    ngx_array_t                      *rules;  /* of rule_t, or NULL */
    ngx_http_convrelay_dtmf_t        *dtmf;   /* or NULL */
    ngx_http_convrelay_value_t       *dtmf_message;
    ngx_msec_t                        end_timeout;
    ngx_flag_t                        greeting_history;

    convrelay_session_conf_t          session;
    unsigned                          error_varies:1; /* error_message has
                                                         variables */
    unsigned                          checked:1;      /* a first request was
                                                         looked at */

    ngx_http_convrelay_value_t       *twiml;
    ngx_array_t                      *attributes;     /* of attribute_t */
    ngx_array_t                      *languages;
    ngx_array_t                      *parameters;     /* of attribute_t */
    ngx_http_convrelay_attribute_t   *action; /* its name is the method */
    ngx_array_t                      *before; /* of part_t */
    ngx_array_t                      *inside; /* the same */

    ngx_uint_t                        connect_action;
    ngx_http_convrelay_reply_t       *reply;  /* or NULL: hangup */

    ngx_array_t                      *auth_tokens;    /* of values, or NULL:
                                                         signatures are not
                                                         checked */
    ngx_uint_t                        auth;   /* convrelay_auth_token was
                                                 said */
    ngx_http_convrelay_value_t       *public_url;
    ngx_http_convrelay_value_t       *ticket; /* its secret, or NULL */
    time_t                            ticket_lifetime;
};


/* run time */

typedef struct ngx_http_convrelay_call_s  ngx_http_convrelay_call_t;
typedef struct ngx_http_convrelay_turn_s  ngx_http_convrelay_turn_t;
typedef struct ngx_http_convrelay_zone_s  ngx_http_convrelay_zone_t;
typedef struct ngx_http_convrelay_seat_s  ngx_http_convrelay_seat_t;


/* makes the answer to a webhook, in r's pool; NGX_OK or NGX_ERROR (logged) */

typedef ngx_int_t (*ngx_http_convrelay_webhook_pt)(ngx_http_request_t *r,
    ngx_str_t *document);


/* of a main request, and of a turn's shadow main request */

typedef struct {
    ngx_http_convrelay_call_t        *call;   /* or NULL */
    convrelay_session_t              *session;        /* of the call */
    ngx_array_t                      *form;   /* convrelay_pair_t */
    ngx_array_t                      *handoff;        /* the same */
    ngx_uint_t                        json;   /* so was the hand-off data */
    ngx_http_convrelay_webhook_pt     document;
} ngx_http_convrelay_ctx_t;


/* the body of a turn's answer is over, whole or not */

typedef void (*ngx_http_convrelay_answer_end_pt)(
    ngx_http_convrelay_turn_t *t);


/*
 * One piece of the output queue; owned by it, freed when it was sent.  One is
 * kept for the next call that sends: a token takes what another has left.
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
 * One phone call.  Lives in the pool of its request; what grows is malloc'ed
 * by the rooms and freed with it.
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

    /* a token needs nothing of what follows */

    ngx_queue_t                       turns;  /* all that are not freed */
    ngx_http_convrelay_answer_end_pt  answer_end;     /* called by turns */
    convrelay_str_t                   system; /* written system message */
    convrelay_ws_reader_t             reader;

    ngx_http_convrelay_seat_t        *seat;   /* in the zone, or NULL */

    ngx_msec_t                        started;
    ngx_msec_t                        pinged;
    convrelay_rate_t                  frames;
    convrelay_rate_t                  started_turns;

    ngx_event_t                       event;  /* timer: what time brings next;
                                                 posted: see closing, dead */

    ngx_int_t                         rc;     /* to finalize with */
};


/*
 * One turn: the request to the LLM and its answer.  Lives in its own pool,
 * together with the shadow main request and the subrequest.
 */

struct ngx_http_convrelay_turn_s {
    ngx_queue_t                       queue;
    ngx_pool_t                       *pool;
    ngx_http_request_t               *shadow;

    convrelay_llm_stream_t            stream;

    ngx_http_convrelay_call_t        *call;
    ngx_http_request_t               *request;
    ngx_http_post_subrequest_t        post;   /* of the request */
    size_t                            received;       /* bytes of its body */

    unsigned                          header:1;       /* it was seen */
    unsigned                          encoded:1;      /* by Content-Encoding */
    unsigned                          clean:1;        /* body is complete */
    unsigned                          answered:1;     /* session was told */
    unsigned                          cancelled:1;
    unsigned                          done:1; /* subrequest is finalized */
    unsigned                          no_path:1;      /* URI is the
                                                         location's name */
    unsigned                          late:1; /* max_answer_time is over */
    unsigned                          large:1;        /* max_response_size is
                                                         passed */

    ngx_int_t                         rc;     /* of the subrequest */
    ngx_uint_t                        status; /* HTTP status of the answer */

    ngx_event_t                       event;  /* posted: cancel, finish */
    ngx_event_t                       timer;  /* of the answer; from [DONE]
                                                 on, of the body's end */
};


/* the actions of a rule while they are evaluated, in a pool of their own */

typedef struct {
    ngx_http_convrelay_call_t        *call;
    ngx_http_request_t               *shadow;
    ngx_pool_t                       *pool;
    ngx_http_convrelay_rule_t        *rule;   /* or NULL: there is none */
    ngx_uint_t                        next;   /* of its actions */
    convrelay_str_t                   text;
} ngx_http_convrelay_on_t;


extern ngx_module_t  ngx_http_convrelay_module;


/* ngx_http_convrelay_upgrade.c */

/* content handler of a location with "convrelay;" */
ngx_int_t ngx_http_convrelay_handler(ngx_http_request_t *r);


/* ngx_http_convrelay_socket.c */

/*
 * Takes the connection over after the 101 was sent; what is left in
 * r->header_in are the first frames.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_call_start(ngx_http_convrelay_call_t *call);

/*
 * Creates the call of r, whose 101 was sent, with its cleanups; NULL without
 * memory.
 */
ngx_http_convrelay_call_t *ngx_http_convrelay_call_create(
    ngx_http_request_t *r, ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_call.c */

/*
 * Ends the call: a Close frame with the code goes out, then the connection
 * is closed.  call_fail() is for a connection that is of no use any more.
 * Both only post an event, so they can be called from anywhere.
 */
void ngx_http_convrelay_call_close(ngx_http_convrelay_call_t *call,
    ngx_uint_t code, convrelay_str_t *reason);
void ngx_http_convrelay_call_fail(ngx_http_convrelay_call_t *call,
    ngx_int_t rc);

/*
 * Counts one more; what and period are words of a limit.  NGX_OK, or
 * NGX_DECLINED: too many (logged), the call is closed.  A number of 0 in the
 * limit is none.
 */
ngx_int_t ngx_http_convrelay_call_rate(ngx_http_convrelay_call_t *call,
    convrelay_rate_t *rate, const convrelay_rate_limit_t *limit,
    const char *what, const char *period);


/* ngx_http_convrelay_clock.c */

/* re-arms the timer if the next deadline has moved closer */
void ngx_http_convrelay_clock_update(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_memory.c */

/* a call has come, has gone: its memory goes back to the system some time */
void ngx_http_convrelay_memory_enter(ngx_http_convrelay_main_conf_t *mcf);
void ngx_http_convrelay_memory_leave(ngx_http_convrelay_main_conf_t *mcf);

ngx_int_t ngx_http_convrelay_memory_init(ngx_conf_t *cf);


/* ngx_http_convrelay_on.c */

/*
 * Finds and evaluates what is configured for the EVENT; performs nothing.
 * on_start() looks for the rule; NGX_OK or NGX_ERROR.  Without one on->rule
 * is NULL and on->text goes to the LLM: the prompt, or the message about keys.
 * on_next() evaluates the rule's next action, as the call is then; NGX_OK,
 * NGX_DONE: there is none left; NGX_ERROR.  The message lives until on_end(),
 * which has to be called in any case.
 */
ngx_int_t ngx_http_convrelay_on_start(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_call_t *call, convrelay_action_t *a);
ngx_int_t ngx_http_convrelay_on_next(ngx_http_convrelay_on_t *on,
    convrelay_relay_out_t *m);
void ngx_http_convrelay_on_end(ngx_http_convrelay_on_t *on);


/* ngx_http_convrelay_on_conf.c */

char *ngx_http_convrelay_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_convrelay_dtmf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_on_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_input.c */

/* takes bytes that were read; they may be written to */
void ngx_http_convrelay_input(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last);


/* ngx_http_convrelay_act.c */

/* does what the session decided; a call that ended is left alone */
void ngx_http_convrelay_call_act(ngx_http_convrelay_call_t *call,
    convrelay_actions_t *out);


/* ngx_http_convrelay_output.c */

/* size contiguous bytes at the end of the queue, or NULL without memory */
u_char *ngx_http_convrelay_output_reserve(ngx_http_convrelay_call_t *call,
    size_t size);

/* the reserved bytes up to last are to be sent */
void ngx_http_convrelay_output_commit(ngx_http_convrelay_call_t *call,
    u_char *last);

/* queues a control frame; data may be NULL.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_control(ngx_http_convrelay_call_t *call,
    ngx_uint_t opcode, convrelay_str_t *data);

/*
 * Sends what the socket takes.  NGX_OK: the queue is empty, and a call that
 * closes is ended by its event; NGX_AGAIN: the rest waits for the write event;
 * NGX_ERROR: the connection is broken, or its reader is too slow (logged).
 */
ngx_int_t ngx_http_convrelay_output_flush(ngx_http_convrelay_call_t *call);

void ngx_http_convrelay_output_free(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_shadow.c */

/*
 * A main request in the pool for which values are evaluated as for the
 * call's, and that leaves nothing in it; NULL without memory.  Cleanups that
 * were added to it have to be run.
 */
ngx_http_request_t *ngx_http_convrelay_shadow(ngx_http_convrelay_call_t *call,
    ngx_pool_t *pool);


/* ngx_http_convrelay_turn.c */

/* NGX_OK, or NGX_ERROR: no turn was started (logged) */
ngx_int_t ngx_http_convrelay_turn_start(ngx_http_convrelay_call_t *call);

/*
 * Ends a turn's subrequest for nginx and posts its event; it also is what
 * the filters know a turn by.  Always NGX_OK.
 */
ngx_int_t ngx_http_convrelay_post_handler(ngx_http_request_t *r, void *data,
    ngx_int_t rc);

/* the session has done with it: ends its upstream in this event-loop turn */
void ngx_http_convrelay_turn_cancel(ngx_http_convrelay_turn_t *t);

/* the call is over: ends all upstreams now; then frees all memory */
void ngx_http_convrelay_turns_abort(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_turns_free(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_upstream.c */

/*
 * What an LLM's answer may not do in the caller's name: redirect inside of
 * nginx (X-Accel-Redirect), be stored, or lose its body to an error page.
 */
void ngx_http_convrelay_guard(ngx_http_upstream_conf_t *conf);

/* the turn's upstream was created by its handler; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_upstream_init(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u);


/* ngx_http_convrelay_answer.c */

/* the answer_end of every call: what is left goes to the session */
void ngx_http_convrelay_answer_end(ngx_http_convrelay_turn_t *t);

ngx_int_t ngx_http_convrelay_filter_init(ngx_conf_t *cf);


/* ngx_http_convrelay_request.c */

/* evaluates at setup what belongs to the call; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_prompt_setup(ngx_http_convrelay_call_t *call);

/* the body of a turn in r's pool, evaluated for r; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_prompt_body(ngx_http_request_t *r,
    ngx_http_convrelay_call_t *call, ngx_buf_t *b);

/* directive setters and merge */
char *ngx_http_convrelay_request_field(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_prompt_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_webhook.c */

/*
 * Content handler of a webhook: the form of the request is read, its
 * signature checked, and the document sent.
 */
ngx_int_t ngx_http_convrelay_webhook(ngx_http_request_t *r,
    ngx_http_convrelay_webhook_pt document);


/* ngx_http_convrelay_twiml.c */

ngx_int_t ngx_http_convrelay_twiml_handler(ngx_http_request_t *r);

/*
 * The document of a location with convrelay_twiml, which need not be r's;
 * reconnects: 0, or how often its session was started anew with this.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_twiml_document(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, ngx_uint_t reconnects,
    ngx_str_t *document);

/*
 * Values of attributes (or NULL) in the pool, as value() has them; pairs has
 * room for more of them behind.  NULL or NGX_ERROR without memory, or where
 * value() fails.
 */
convrelay_pair_t *ngx_http_convrelay_twiml_pairs(ngx_pool_t *pool,
    ngx_array_t *attributes, ngx_uint_t more,
    ngx_http_convrelay_attribute_pt value, void *data);
ngx_int_t ngx_http_convrelay_twiml_languages(ngx_pool_t *pool,
    ngx_array_t *languages, convrelay_twiml_t *t,
    ngx_http_convrelay_attribute_pt value, void *data);


/* ngx_http_convrelay_twiml_conf.c */

char *ngx_http_convrelay_twiml(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_attribute(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_language(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_parameter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* remembers a location with convrelay_twiml, for twiml_find() */
char *ngx_http_convrelay_twiml_register(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);

/*
 * The location with convrelay_twiml of that name in a server, the only one
 * there is for an empty name; NULL: there is none, or there are others.
 */
ngx_http_convrelay_loc_conf_t *ngx_http_convrelay_twiml_find(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_core_srv_conf_t *server,
    convrelay_str_t *name);


/* ngx_http_convrelay_twiml_attribute.c */

char *ngx_http_convrelay_twiml_pair(ngx_conf_t *cf, ngx_array_t *attributes,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t unchecked);
char *ngx_http_convrelay_twiml_pair_value(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a, ngx_str_t *value);
ngx_http_convrelay_attribute_t *ngx_http_convrelay_find_attribute(
    ngx_array_t *attributes, ngx_str_t *name);
char *ngx_http_convrelay_twiml_check_known(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a);
char *ngx_http_convrelay_twiml_check_action(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *action);


/* ngx_http_convrelay_twiml_check.c */

char *ngx_http_convrelay_twiml_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_twiml_xml.c */

char *ngx_http_convrelay_twiml_xml_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* adds source to *parts, an array of part_t or NGX_CONF_UNSET_PTR */
char *ngx_http_convrelay_twiml_xml_compile(ngx_conf_t *cf,
    ngx_str_t *directive, ngx_str_t *source, ngx_array_t **parts);

ngx_int_t ngx_http_convrelay_twiml_xml(ngx_http_request_t *r,
    ngx_array_t *parts, convrelay_str_t *xml);


/* ngx_http_convrelay_connect.c */

ngx_int_t ngx_http_convrelay_action_handler(ngx_http_request_t *r);


/* ngx_http_convrelay_connect_conf.c */

char *ngx_http_convrelay_connect_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_connect_reply(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_action_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_form.c */

/*
 * The form of a request (a POST's body once it was read, else the query
 * string), decoded; parsed once.  Empty where the body is not complete, not
 * kept, or larger than MAX_FORM.  An array of convrelay_pair_t, or NULL
 * without memory.
 */
ngx_array_t *ngx_http_convrelay_form(ngx_http_request_t *r);

/*
 * The first parameter of a name, case ignored, as nginx does with variables.
 * NGX_OK, NGX_DECLINED (there is none) or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_form_value(ngx_http_request_t *r,
    ngx_str_t *name, convrelay_str_t *value);

/* the hand-off data as they are in the form; return codes as form_value() */
ngx_int_t ngx_http_convrelay_handoff_text(ngx_http_request_t *r,
    convrelay_str_t *data);

/*
 * Members of the hand-off data in the form of r, an array of
 * convrelay_pair_t that is empty where there are none; NULL without memory.
 */
ngx_array_t *ngx_http_convrelay_handoff(ngx_http_request_t *r);

/* bytes of the body, as far as it was read and is kept */
off_t ngx_http_convrelay_body_size(ngx_http_request_t *r);

/*
 * The body as it was read, in one piece, in r's pool; empty where it is not
 * kept any more.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_body(ngx_http_request_t *r, ngx_str_t *data);


/* ngx_http_convrelay_signature.c */

/*
 * X-Twilio-Signature (section 5 of the protocol notes); ws: of a handshake.
 * A POST's body has to be read.  NGX_OK, NGX_HTTP_FORBIDDEN (logged) or
 * NGX_HTTP_INTERNAL_SERVER_ERROR.
 */
ngx_int_t ngx_http_convrelay_signature(ngx_http_request_t *r, ngx_uint_t ws);

/* RFC 2104; digest: NGX_HTTP_CONVRELAY_SHA1_LEN bytes */
void ngx_http_convrelay_hmac_sha1(ngx_str_t *key, convrelay_str_t *input,
    u_char *digest);

char *ngx_http_convrelay_auth_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_signature_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_ticket.c */

/*
 * A ticket for the CallSid of the webhook's form, as a <Parameter>.  NGX_OK,
 * NGX_DECLINED (there is no CallSid) or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_ticket_issue(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_pair_t *parameter);

/*
 * The ticket in the setup message: NGX_OK, NGX_DECLINED (logged), NGX_ERROR.
 * *over is the session of this call that was over when the ticket was made,
 * or empty; it lives as long as the session's parameters.
 */
ngx_int_t ngx_http_convrelay_ticket_check(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_session_t *s,
    convrelay_str_t *over);

char *ngx_http_convrelay_ticket(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_convrelay_zone.c */

/*
 * Counts the call, at setup: NGX_OK, or NGX_DECLINED: it is one too many
 * (logged).  over: as ticket_check() says; the socket of that session is
 * closed, and this call takes its place.  zone_leave() takes the call out
 * again; harmless where it is not in.
 */
ngx_int_t ngx_http_convrelay_zone_setup(ngx_http_convrelay_call_t *call,
    convrelay_str_t *over);
void ngx_http_convrelay_zone_leave(ngx_http_convrelay_call_t *call);

ngx_int_t ngx_http_convrelay_zone_init_process(ngx_cycle_t *cycle);

char *ngx_http_convrelay_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_convrelay_limit_calls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_zone_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_env.c */

char *ngx_http_convrelay_env(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_convrelay_env_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Value of a name, case ignored as nginx does with variables.  NGX_OK, or
 * NGX_DECLINED: it is not set, or empty and without a default.
 */
ngx_int_t ngx_http_convrelay_env_lookup(ngx_http_convrelay_main_conf_t *mcf,
    u_char *name, size_t len, ngx_str_t *value);

/* every $convrelay_env_NAME that is used has to be set */
ngx_int_t ngx_http_convrelay_env_check(ngx_conf_t *cf);

/*
 * Expands a value whose only variables are $convrelay_env_*.  NGX_OK;
 * NGX_DECLINED: it holds others; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_convrelay_env_expand(ngx_conf_t *cf, ngx_str_t *source,
    ngx_str_t *value);


/* ngx_http_convrelay_template.c */

/* adds the parts of source to an array of part_t; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_template_compile(ngx_conf_t *cf,
    ngx_str_t *source, ngx_uint_t json, ngx_array_t *parts);

/*
 * The template from its part "first" on, for a check: value stands for each
 * variable.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_template_sample(ngx_pool_t *pool,
    ngx_array_t *parts, ngx_uint_t first, u_char value,
    convrelay_str_t *text);

/* the template with its variables escaped, in r's pool; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_template_eval(ngx_http_request_t *r,
    ngx_array_t *parts, ngx_http_convrelay_escape_pt escape,
    convrelay_str_t *text);

/* the same for JSON; compile() initializes the array */
ngx_int_t ngx_http_convrelay_json_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_array_t *parts);
ngx_int_t ngx_http_convrelay_json_eval(ngx_http_request_t *r,
    ngx_array_t *parts, convrelay_str_t *json);


/* ngx_http_convrelay_variables.c */

ngx_int_t ngx_http_convrelay_add_variables(ngx_conf_t *cf);

/* evaluates anew what was cached before the call was known */
void ngx_http_convrelay_flush_variables(ngx_http_request_t *r);

/*
 * Text that came decoded from outside: a line end in it would end the header
 * or the log line that it becomes part of.  Control characters are blanks
 * then, in a copy in pool.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_one_line(ngx_pool_t *pool, convrelay_str_t *text);


/* ngx_http_convrelay_value.c */

/* setter of a phrase: a value that is spoken, so "$5" is a mistake */
char *ngx_http_convrelay_phrase_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* setter of any other value */
char *ngx_http_convrelay_value_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* compiles source into v; phrase: as above; a phrase of error, or NULL */
char *ngx_http_convrelay_value_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_value_t *v, ngx_uint_t phrase);
char *ngx_http_convrelay_phrase_check(ngx_conf_t *cf, ngx_str_t *source);

/* what a value is for r, empty where none is set; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_value_text(ngx_http_request_t *r,
    ngx_http_convrelay_value_t *value, convrelay_str_t *text);

/* the module's context of a main request, made where there is none */
ngx_http_convrelay_ctx_t *ngx_http_convrelay_get_ctx(ngx_http_request_t *r);

/*
 * Reads a regular file of at most max bytes into the pool (blocking, as
 * nginx reads files); label, which ends in a NUL, is its name in logs.
 * NGX_OK; NGX_DECLINED: there is none (not logged); NGX_ERROR (logged, with
 * the level).
 */
ngx_int_t ngx_http_convrelay_read_file(ngx_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log, ngx_str_t *name, ngx_str_t *label, off_t max,
    ngx_str_t *content, ngx_file_info_t *fi);


#endif /* NGX_HTTP_CONVRELAY_H_INCLUDED */
