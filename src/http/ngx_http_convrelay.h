
/*
 * Copyright (C) convrelay contributors
 *
 * Declarations that the files of the nginx glue share.
 */


#ifndef NGX_HTTP_CONVRELAY_H_INCLUDED
#define NGX_HTTP_CONVRELAY_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_convrelay_fetch.h"
#include "ngx_http_convrelay_place.h"

#include "convrelay_base.h"
#include "convrelay_json.h"
#include "convrelay_json_reader.h"
#include "convrelay_report_share.h"
#include "convrelay_session.h"


#define NGX_HTTP_CONVRELAY_VERSION_30    3000   /* nginx 1.22 has no name */
#define NGX_HTTP_CONVRELAY_RECONNECTS    "convrelay_reconnects" /* argument of
                                                the action, and parameter */
#define NGX_HTTP_CONVRELAY_MAX_FORM      65536  /* bytes of a webhook's form */
#define NGX_HTTP_CONVRELAY_MAX_PAIRS     500    /* of a form; Twilio sends
                                                   about 40 */


/* of the live call and of the webhooks, defined in their own headers */

typedef struct ngx_http_convrelay_chunk_s      ngx_http_convrelay_chunk_t;
typedef struct ngx_http_convrelay_dtmf_s       ngx_http_convrelay_dtmf_t;
typedef struct ngx_http_convrelay_filler_s  ngx_http_convrelay_filler_t;
typedef struct ngx_http_convrelay_pause_s  ngx_http_convrelay_pause_t;
typedef struct ngx_http_convrelay_context_conf_s
    ngx_http_convrelay_context_conf_t;
typedef struct ngx_http_convrelay_prewarm_conf_s
    ngx_http_convrelay_prewarm_conf_t;
typedef struct ngx_http_convrelay_attribute_s  ngx_http_convrelay_attribute_t;
typedef struct ngx_http_convrelay_reply_s      ngx_http_convrelay_reply_t;
typedef struct ngx_http_convrelay_metrics_s    ngx_http_convrelay_metrics_t;
typedef struct ngx_http_convrelay_reports_s    ngx_http_convrelay_reports_t;
typedef struct ngx_http_convrelay_aways_s      ngx_http_convrelay_aways_t;
typedef struct ngx_http_convrelay_tenant_s     ngx_http_convrelay_tenant_t;
typedef struct ngx_http_convrelay_talk_page_s  ngx_http_convrelay_talk_page_t;
typedef struct ngx_http_convrelay_llm_metrics_s
                                            ngx_http_convrelay_llm_metrics_t;


/* the format of a location with convrelay_status; 0: it has none */

typedef enum {
    NGX_HTTP_CONVRELAY_STATUS_NONE = 0,
    NGX_HTTP_CONVRELAY_STATUS_PROMETHEUS,
    NGX_HTTP_CONVRELAY_STATUS_JSON,
    NGX_HTTP_CONVRELAY_STATUS_HTML
} ngx_http_convrelay_status_e;


/* of a worker: the calls that it hands over */

typedef struct {
    ngx_event_t                       event;  /* timer: look at them */
    ngx_msec_t                        since;  /* the worker was told to go */
    uint64_t                          pace;   /* of closing them, and what */
    uint64_t                          rest;   /* was left of it: see drain.c */
    unsigned                          active:1;
} ngx_http_convrelay_drain_t;


/* configuration */

typedef struct {
    ngx_array_t                       env;    /* ngx_http_convrelay_env_t */
    ngx_array_t                       defaults;       /* the same */
    ngx_uint_t                        nfiles;
    ngx_array_t                       process_env;    /* ngx_str_t: names used
                                                         of the process
                                                         environment */
    ngx_shm_zone_t                   *zone;   /* or NULL */
    ngx_shm_zone_t                   *status; /* counters, or NULL */
    ngx_shm_zone_t                   *breakers;       /* failures of LLMs, or
                                                         NULL */
    ngx_shm_zone_t                   *store;  /* records of calls, or NULL */
    ngx_shm_zone_t                   *talk_zone;      /* used tickets of pages,
                                                         or NULL */
    ngx_array_t                       talks;  /* of talk_page_t pointers */
    ngx_http_convrelay_aways_t       *aways;  /* locations that have copies of
                                                 them, or NULL */
    ngx_http_convrelay_place_t        status_place;
    ngx_uint_t                        generation;     /* of this configuration,
                                                         in the counters */
    u_char                           *buffer; /* READ_SIZE bytes, shared by
                                                 the calls of a worker */
    ngx_http_convrelay_chunk_t       *chunk;  /* that no call has, or NULL */
    ngx_array_t                       locations;      /* of location_t */
    ngx_uint_t                        calls;  /* of this worker */
    ngx_http_convrelay_reports_t     *reports;        /* of this worker, or
                                                         NULL: no location has
                                                         convrelay_report */
    ngx_uint_t                        actions;        /* a location has
                                                     convrelay_connect_action */
    ngx_event_t                       quiet;  /* timer: there are none */
    ngx_http_convrelay_drain_t        drain;
    ngx_uint_t                        prewarms;       /* that run */
    ngx_msec_t                        trim_at;        /* not before this */
    ngx_pid_t                         process;        /* this one, or 0; see
                                                     shared_process() */
} ngx_http_convrelay_main_conf_t;


typedef struct ngx_http_convrelay_loc_conf_s  ngx_http_convrelay_loc_conf_t;
typedef struct ngx_http_convrelay_pronounce_s  ngx_http_convrelay_pronounce_t;


/* a directive's value that may contain variables, and how it was written */

typedef struct {
    ngx_http_complex_value_t         *value;
    ngx_str_t                         source;
    ngx_http_convrelay_place_t        place;
    unsigned                          warned:1;       /* of this value */
} ngx_http_convrelay_value_t;


/* a part of a template: literal text, or a variable */

typedef struct {
    convrelay_str_t                   text;   /* or the variable's name */
    ngx_int_t                         index;  /* of the variable, or -1 */
    unsigned                          quoted:1;       /* JSON: in a string */
} ngx_http_convrelay_part_t;


/* the length of a variable's value in a template; writes it unless p is NULL */

typedef size_t (*ngx_http_convrelay_escape_pt)(u_char *p,
    ngx_http_convrelay_part_t *part, convrelay_str_t *value);


/* a location that convrelay_fallback names, once it was found */

typedef struct {
    ngx_http_core_loc_conf_t         *location;
    ngx_http_convrelay_loc_conf_t    *conf;
    ngx_http_convrelay_llm_metrics_t *metrics;        /* as of the call */
} ngx_http_convrelay_backup_t;


/* the LLM, and the contents of a request to it */

typedef struct {
    ngx_http_handler_pt               handler;
    const struct convrelay_llm_api_s *api;    /* that it speaks */
    ngx_http_convrelay_value_t       *model;
    ngx_http_convrelay_value_t       *system_prompt;
    ngx_http_convrelay_value_t       *system_prompt_file;
    ngx_http_convrelay_value_t       *error_message;
    ngx_array_t                      *fields; /* of field_t, or NULL */
    ngx_array_t                      *fallbacks;      /* of fallback_t, or
                                                         NULL */
    ngx_http_convrelay_backup_t      *backups;        /* those of this
                                                         location, found */
    convrelay_breaker_t              *breaker;        /* its failures */
    ngx_http_convrelay_llm_metrics_t *metrics;        /* of the call's own LLM,
                                                         or NULL */
    ngx_str_t                         system; /* its text, where static */
    unsigned                          system_varies:1;        /* it has
                                                         variables */
    unsigned                          error_varies:1; /* error_message has
                                                         variables */
    unsigned                          intercepts:1;   /* the location has
                                                         intercept_errors */
    unsigned                          prewarm_logged:1;       /* its failure */
    ngx_msec_t                        answered;       /* when this worker last
                                                         had an answer; 0:
                                                         never */
    ngx_msec_t                        prewarmed;      /* the same for a prewarm
                                                         that began */
    ngx_http_convrelay_fetch_checked_t  checked;
} ngx_http_convrelay_llm_conf_t;


typedef struct {
    ngx_msec_t                        ping_interval;
    ngx_msec_t                        setup_timeout;
    ngx_msec_t                        send_timeout;
    ngx_msec_t                        max_call_time;  /* 0: no limit */
    ngx_msec_t                        max_answer_time;        /* the same */
    ngx_msec_t                        first_token_timeout;    /* the same */
    ngx_msec_t                        token_timeout;  /* the same */
    size_t                            max_message_size;
    size_t                            max_output_size;
    size_t                            max_response_size;      /* 0: none */
    size_t                            max_line_size;
    ngx_int_t                         max_fragments;  /* the same */
    ngx_int_t                         max_frame_rate; /* a second; the same */
    ngx_int_t                         max_turn_rate;  /* a minute; the same */
    ngx_array_t                      *calls;  /* of limit_t, or NULL */
    ngx_msec_t                        drain;  /* 0: off */
    ngx_http_convrelay_place_t        drain_place;
    ngx_flag_t                        log_numbers;
} ngx_http_convrelay_limits_conf_t;


/* convrelay_on, and what goes with it */

typedef struct {
    ngx_array_t                      *rules;  /* of rule_t, or NULL */
    ngx_http_convrelay_dtmf_t        *dtmf;   /* or NULL */
    ngx_http_convrelay_value_t       *dtmf_message;
    ngx_msec_t                        end_timeout;
    ngx_flag_t                        greeting_history;
    ngx_array_t                      *silence;        /* of uint64_t, ms, or
                                                         NULL */
    ngx_msec_t                        max_idle_time;  /* 0: no limit */
    ngx_flag_t                        presence;
    ngx_array_t                      *phrases;        /* of convrelay_str_t, or
                                                         NULL: ours */
    ngx_http_convrelay_filler_t      *filler; /* or NULL; without phrases: it
                                                 is off */
    ngx_http_convrelay_pause_t       *pause;  /* or NULL */
    ngx_array_t                      *backchannels;   /* of convrelay_str_t, or
                                                         NULL */
    ngx_str_t                         marker; /* empty: off */
} ngx_http_convrelay_on_conf_t;


/* convrelay_tool, and what goes with it */

typedef struct {
    ngx_array_t                      *list;   /* of tool_t, or NULL */
    ngx_str_t                         json;   /* "tools" of a request */
    ngx_int_t                         max_rounds;     /* of a turn */
    ngx_int_t                         max_calls;      /* of an answer */
    ngx_msec_t                        wait;   /* of a prompt, for them */
    size_t                            max_arguments;  /* bytes */
    size_t                            max_result;     /* the same */
} ngx_http_convrelay_tools_conf_t;


/* convrelay_store, and what goes with it */

typedef struct {
    ngx_flag_t                        enable; /* in memory */
    ngx_str_t                         uri;    /* and there, or empty */
    ngx_array_t                      *secrets;        /* of value_t, or NULL:
                                                         off */
    ngx_msec_t                        timeout;
    ngx_uint_t                        away;   /* its number in main->aways, from
                                                 1; 0: only in memory */
    ngx_msec_t                        ttl;
    size_t                            max_size;       /* bytes of a record */
    ngx_http_convrelay_place_t        place;
} ngx_http_convrelay_store_conf_t;


/* convrelay_report */

typedef struct {
    ngx_str_t                         uri;    /* its path */
    ngx_str_t                         args;
    ngx_uint_t                        retry;  /* after a failure, at most */
    ngx_http_convrelay_place_t        place;
    ngx_queue_t                       queue;  /* of this process: its pending
                                                 ones, the oldest first */
    convrelay_report_share_t          share;  /* its part of the queue */
    ngx_uint_t                        turn;   /* the number of its last one */
    unsigned                          hangs:1;        /* the last delivery that
                                                 ended had held it up */
    unsigned                          transcript:1;
} ngx_http_convrelay_report_conf_t;


typedef struct {
    ngx_http_convrelay_value_t       *url;    /* NULL: not a webhook */
    ngx_array_t                      *attributes;     /* of attribute_t */
    ngx_array_t                      *languages;      /* of language_t */
    ngx_array_t                      *parameters;     /* of attribute_t */
    ngx_http_convrelay_attribute_t   *action; /* its name is the method */
    ngx_array_t                      *before; /* of part_t */
    ngx_array_t                      *inside; /* the same */
    ngx_array_t                      *after;  /* the same */
    ngx_http_convrelay_place_t        after_place;
} ngx_http_convrelay_twiml_conf_t;


/* the request of <Connect action> */

typedef struct {
    ngx_uint_t                        enable;
    ngx_http_convrelay_reply_t       *reply;  /* or NULL: hangup */
} ngx_http_convrelay_connect_conf_t;


typedef struct {
    ngx_uint_t                        set;    /* convrelay_auth_token is */
    ngx_array_t                      *tokens; /* of values, or NULL: signatures
                                                 are not checked */
    ngx_http_convrelay_value_t       *public_url;
    ngx_http_convrelay_value_t       *ticket; /* its secret, or NULL */
    time_t                            ticket_lifetime;
} ngx_http_convrelay_auth_conf_t;


/* convrelay_talk, and the limits of its calls */

typedef struct {
    ngx_http_convrelay_talk_page_t   *page;   /* or NULL: it is not one */
    ngx_int_t                         limit;  /* at once */
    ngx_msec_t                        time;   /* of each */
} ngx_http_convrelay_talk_loc_conf_t;


struct ngx_http_convrelay_loc_conf_s {
    ngx_flag_t                        enable;
    ngx_http_convrelay_place_t        place;  /* of "convrelay",
                                                 "convrelay_connect_action",
                                                 "convrelay_status" or
                                                 "convrelay_talk" */
    ngx_http_convrelay_place_t        own;    /* of a directive here that
                                                 belongs to "convrelay" */

    ngx_http_convrelay_llm_conf_t     llm;
    ngx_http_convrelay_limits_conf_t  limits;
    ngx_http_convrelay_on_conf_t      on;
    ngx_http_convrelay_tools_conf_t   tools;
    ngx_http_convrelay_pronounce_t   *pronounce;      /* or NULL: no words */
    ngx_http_convrelay_context_conf_t  *context;      /* or NULL: off */
    ngx_http_convrelay_prewarm_conf_t  *prewarm;      /* or NULL: off */
    ngx_http_convrelay_store_conf_t   store;
    ngx_http_convrelay_report_conf_t *report; /* or NULL: off */
    ngx_http_convrelay_value_t       *report_secret;  /* or NULL: reports are
                                                         not signed */
    ngx_http_convrelay_auth_conf_t    auth;
    ngx_http_convrelay_twiml_conf_t   twiml;
    ngx_http_convrelay_connect_conf_t connect;

    ngx_http_convrelay_talk_loc_conf_t  talk;
    ngx_http_convrelay_status_e       status;
    ngx_http_convrelay_metrics_t     *metrics;        /* or NULL */

    convrelay_session_conf_t          session;
};


/* run time */

typedef struct ngx_http_convrelay_call_s  ngx_http_convrelay_call_t;


/* makes the answer to a webhook, in r's pool; NGX_OK or NGX_ERROR (logged) */

typedef ngx_int_t (*ngx_http_convrelay_webhook_pt)(ngx_http_request_t *r,
    ngx_str_t *document);


/* a call of a tool, for its variables */

typedef struct {
    convrelay_str_t                   name;
    convrelay_str_t                   key;
    convrelay_tool_arguments_t       *arguments;
    convrelay_tool_arguments_t       *result; /* members of a JSON result; or
                                                 NULL */
} ngx_http_convrelay_tool_call_t;


/* what a webhook was sent, and its answer */

typedef struct {
    ngx_array_t                      *form;   /* convrelay_pair_t, or NULL */
    ngx_array_t                      *handoff;        /* the same */
    ngx_http_convrelay_webhook_pt     document;       /* or NULL: the request is
                                                         not one */
    ngx_http_convrelay_loc_conf_t    *twiml;  /* of the document, or NULL */
    unsigned                          json:1; /* the hand-off data is */
    unsigned                          many:1; /* the form has more than
                                                 MAX_PAIRS, so it is empty */
} ngx_http_convrelay_webhook_t;


/* of a main request, and of a turn's shadow main request; each may be NULL */

typedef struct {
    ngx_http_convrelay_call_t        *call;
    convrelay_session_t              *session;        /* of the call */
    ngx_http_convrelay_tool_call_t   *tool;
    ngx_http_convrelay_webhook_t     *webhook;
    ngx_http_log_handler_pt           log_handler;    /* nginx's, of a call's
                                                         request */
    unsigned                          copies:1;       /* it may outlive its
                                                 call: values of variables are
                                                 not in the call's memory */
} ngx_http_convrelay_ctx_t;


extern ngx_module_t  ngx_http_convrelay_module;


/* converts nginx's strings to those of the pure rooms, and back */

static ngx_inline convrelay_str_t
ngx_http_convrelay_str(const ngx_str_t *str)
{
    convrelay_str_t  s;

    s.len = str->len;
    s.data = str->data;

    return s;
}


static ngx_inline ngx_str_t
ngx_http_convrelay_ngx_str(const convrelay_str_t *str)
{
    ngx_str_t  s;

    s.len = str->len;
    s.data = str->data;

    return s;
}


/* ngx_http_convrelay_headers.c */

/* the first line of a request header, its name in lower case, or NULL */
ngx_table_elt_t *ngx_http_convrelay_header(ngx_http_request_t *r,
    const char *name);

/* adds a header to the response; the value must outlive the request; NGX_OK or
   NGX_ERROR */
ngx_int_t ngx_http_convrelay_add_header(ngx_http_request_t *r,
    const char *name, const char *value);

/*
 * The host that a request is for, with its port if there is one, as the client
 * wrote it and as nginx used it to choose the server: that of the request's
 * target (RFC 9112, 3.2.2) or of ":authority", else the Host header.  NGX_OK,
 * or NGX_DECLINED if there is none.
 */
ngx_int_t ngx_http_convrelay_authority(ngx_http_request_t *r,
    ngx_str_t *authority);

/* whether the client's connection is encrypted up to this nginx */
ngx_uint_t ngx_http_convrelay_secure(ngx_http_request_t *r);


/* ngx_http_convrelay_form.c */

/*
 * The decoded form of a request: a POST's body once it was read, otherwise the
 * query string; it is parsed once.  Empty if the body is not complete, not
 * kept, or larger than MAX_FORM, or if it has more than MAX_PAIRS pairs, which
 * sets webhook->many.  An array of convrelay_pair_t, or NULL: no memory.
 */
ngx_array_t *ngx_http_convrelay_form(ngx_http_request_t *r);

/*
 * The first parameter of a name, found by convrelay_pair_find().  NGX_OK,
 * NGX_DECLINED (there is none) or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_form_value(ngx_http_request_t *r,
    ngx_str_t *name, convrelay_str_t *value);

/* the hand-off data as it is in the form; return codes as form_value() */
ngx_int_t ngx_http_convrelay_handoff_text(ngx_http_request_t *r,
    convrelay_str_t *data);

/*
 * Members of the hand-off data in the form of r, an array of convrelay_pair_t,
 * empty if there are none; NULL without memory.
 */
ngx_array_t *ngx_http_convrelay_handoff(ngx_http_request_t *r);

/* bytes of the body that were read and are still kept */
off_t ngx_http_convrelay_body_size(ngx_http_request_t *r);

/*
 * The body as it was read, in one piece, in r's pool; empty if it is no longer
 * kept.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_body(ngx_http_request_t *r, ngx_str_t *data);


/* ngx_http_convrelay_template.c */

/* adds the parts of source to an array of part_t; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_template_compile(ngx_conf_t *cf,
    ngx_str_t *source, ngx_uint_t json, ngx_array_t *parts);

/*
 * Writes the template from its part "first" on, for a check, with value in
 * place of each variable.  NGX_OK or NGX_ERROR.
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

/*
 * Makes room for the names in nginx's hash of all variables, which is built
 * after the modules' postconfiguration.  With the default of 1024, a dozen maps
 * with long names are enough for a warning at each start.
 */
void ngx_http_convrelay_variables_init(ngx_conf_t *cf);

/* evaluates again the values that were cached before the call was known */
void ngx_http_convrelay_flush_variables(ngx_http_request_t *r);

/*
 * Makes decoded text from outside safe: a line break in it would end the header
 * or the log line that it becomes part of.  Control characters become spaces,
 * in a copy in pool.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_one_line(ngx_pool_t *pool, convrelay_str_t *text);


/* ngx_http_convrelay_value.c */

/* setter of a phrase: a value that is spoken, so "$5" is a mistake */
char *ngx_http_convrelay_phrase_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* setter of any other value */
char *ngx_http_convrelay_value_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * The same, and one of a time, for directives that have no meaning without
 * "convrelay": they set conf->own.
 */
char *ngx_http_convrelay_own_phrase_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_own_value_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_own_msec_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_convrelay_speech.c; sets conf->own, too */
char *ngx_http_convrelay_speech_filter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_convrelay_pronounce.c; sets conf->own, too */
char *ngx_http_convrelay_pronounce(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_pronounce_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_pronounce_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);

/* compiles source into v; phrase: as above; a phrase of error, or NULL */
char *ngx_http_convrelay_value_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_value_t *v, ngx_uint_t phrase);
char *ngx_http_convrelay_phrase_check(ngx_conf_t *cf, ngx_str_t *source);

/*
 * Evaluates a value for r: a default, which is not compiled, gives its source;
 * if no value is set, the text is empty.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_value_text(ngx_http_request_t *r,
    ngx_http_convrelay_value_t *value, convrelay_str_t *text);

/* the module's context of a main request, and its webhook, created if there is
   none; NULL: no memory */
ngx_http_convrelay_ctx_t *ngx_http_convrelay_get_ctx(ngx_http_request_t *r);
ngx_http_convrelay_webhook_t *ngx_http_convrelay_get_webhook(
    ngx_http_request_t *r);

/*
 * Reads a regular file of at most max bytes into the pool (blocking, as nginx
 * reads files); label, which ends in a NUL, is its name in logs.  NGX_OK;
 * NGX_DECLINED if there is none (not logged); NGX_ERROR (logged, with the
 * level).
 */
ngx_int_t ngx_http_convrelay_read_file(ngx_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log, ngx_str_t *name, ngx_str_t *label, off_t max,
    ngx_str_t *content, ngx_file_info_t *fi);

/* ngx_http_convrelay_url_variable.c */

/* the get handler of $convrelay_url_NAME */
ngx_int_t ngx_http_convrelay_url_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/* text as a value that cannot leave its place in a path or a query; NGX_OK or
   NGX_ERROR */
ngx_int_t ngx_http_convrelay_variable_encoded(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const convrelay_str_t *text);

/* ngx_http_convrelay_version.c */

/* the get handler of $convrelay_version */
ngx_int_t ngx_http_convrelay_version_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/* ngx_http_convrelay_random.c */

/* fills p with random bytes, which nobody can guess where nginx has OpenSSL;
   NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_random(u_char *p, size_t len);

/* those of a table, which ends with a name of no bytes; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_variables_add(ngx_conf_t *cf,
    ngx_http_variable_t *table);


#endif /* NGX_HTTP_CONVRELAY_H_INCLUDED */
