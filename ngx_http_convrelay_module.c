
/*
 * Copyright (C) convrelay contributors
 *
 * The face of the module: its directives and their configuration.
 */


#include "ngx_http_convrelay_fetch.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_pause.h"
#include "ngx_http_convrelay_prewarm.h"
#include "ngx_http_convrelay_report.h"
#include "ngx_http_convrelay_status.h"
#include "ngx_http_convrelay_store.h"
#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_talk.h"
#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_tenant.h"
#include "ngx_http_convrelay_version.h"
#include "ngx_http_convrelay_webhook.h"


#define NGX_HTTP_CONVRELAY_CONF                                              \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF


/* the defaults of all directives: times in ms, sizes in bytes, 0: no limit */

#define NGX_HTTP_CONVRELAY_PING_INTERVAL      30000
#define NGX_HTTP_CONVRELAY_SETUP_TIMEOUT      10000
#define NGX_HTTP_CONVRELAY_SEND_TIMEOUT       30000
#define NGX_HTTP_CONVRELAY_MAX_CALL_TIME      (4 * 60 * 60 * 1000)
#define NGX_HTTP_CONVRELAY_MAX_ANSWER_TIME    120000
#define NGX_HTTP_CONVRELAY_FIRST_TOKEN_TIMEOUT  15000
#define NGX_HTTP_CONVRELAY_TOKEN_TIMEOUT      15000
#define NGX_HTTP_CONVRELAY_FALLBACK_FIRST_TOKEN_TIMEOUT  4000
#define NGX_HTTP_CONVRELAY_FALLBACK_TOKEN_TIMEOUT        5000
#define NGX_HTTP_CONVRELAY_MAX_MESSAGE_SIZE   CONVRELAY_RELAY_MAX_MESSAGE
#define NGX_HTTP_CONVRELAY_MAX_OUTPUT_SIZE    262144
#define NGX_HTTP_CONVRELAY_MAX_ANSWER_SIZE    65536
#define NGX_HTTP_CONVRELAY_MAX_RESPONSE_SIZE  (8 * 1024 * 1024)
#define NGX_HTTP_CONVRELAY_MAX_LINE_SIZE      262144
#define NGX_HTTP_CONVRELAY_MAX_HISTORY_SIZE   262144
#define NGX_HTTP_CONVRELAY_MAX_MESSAGES       400     /* of the history */
#define NGX_HTTP_CONVRELAY_MAX_FRAGMENTS      128
#define NGX_HTTP_CONVRELAY_MAX_FRAME_RATE     100     /* a second */
#define NGX_HTTP_CONVRELAY_MAX_TURN_RATE      60      /* a minute */
#define NGX_HTTP_CONVRELAY_LOG_NUMBERS        0       /* off */
#define NGX_HTTP_CONVRELAY_DTMF_TERMINATOR    '#'
#define NGX_HTTP_CONVRELAY_DTMF_MAX           CONVRELAY_KEYS_MAX
#define NGX_HTTP_CONVRELAY_DTMF_PAUSE         3000
#define NGX_HTTP_CONVRELAY_END_TIMEOUT        10000
#define NGX_HTTP_CONVRELAY_MAX_IDLE_TIME      120000
#define NGX_HTTP_CONVRELAY_PRESENCE           1
#define NGX_HTTP_CONVRELAY_GREETING_HISTORY   1       /* on */
#define NGX_HTTP_CONVRELAY_TICKET_LIFETIME    120     /* seconds */
#define NGX_HTTP_CONVRELAY_MAX_TOOL_ROUNDS    4       /* requests of a turn */
#define NGX_HTTP_CONVRELAY_MAX_TOOL_CALLS     16      /* of an answer */
#define NGX_HTTP_CONVRELAY_MAX_TOOL_ARGUMENTS 65536
#define NGX_HTTP_CONVRELAY_MAX_TOOL_RESULT    16384
#define NGX_HTTP_CONVRELAY_TOOL_WAIT          1500

#define NGX_HTTP_CONVRELAY_TALK_LIMIT         4       /* calls at once */
#define NGX_HTTP_CONVRELAY_TALK_TIME          600000

#define NGX_HTTP_CONVRELAY_STORE_TIMEOUT      1000
#define NGX_HTTP_CONVRELAY_STORE_TTL          300000
#define NGX_HTTP_CONVRELAY_STORE_MAX_SIZE     524288

#define NGX_HTTP_CONVRELAY_MODEL              "gpt-4o-mini"

#define NGX_HTTP_CONVRELAY_SYSTEM_PROMPT                                     \
    "You are a helpful assistant on the phone. What you say is turned into " \
    "speech, so answer with care and keep it short. Spell out all numbers, " \
    "for example twenty and not 20. Do not use emoji, bullet points, "       \
    "asterisks or other special symbols."

#define NGX_HTTP_CONVRELAY_ERROR_MESSAGE                                     \
    "I ran into a temporary issue while generating a response."

#define NGX_HTTP_CONVRELAY_DTMF_MESSAGE                                      \
    "The caller pressed $convrelay_digits."

#define NGX_HTTP_CONVRELAY_GREETING                                          \
    "Hi! I am a voice assistant powered by Twilio and Open A I . Ask me "    \
    "anything!"


static char *ngx_http_convrelay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

static ngx_int_t ngx_http_convrelay_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_convrelay_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_convrelay_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_convrelay_init(ngx_conf_t *cf);
static void *ngx_http_convrelay_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_convrelay_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_convrelay_merge_llm(
    ngx_http_convrelay_llm_conf_t *prev, ngx_http_convrelay_llm_conf_t *conf);
static void ngx_http_convrelay_merge_limits(
    ngx_http_convrelay_limits_conf_t *prev,
    ngx_http_convrelay_limits_conf_t *conf);
static void ngx_http_convrelay_merge_tokens(
    ngx_http_convrelay_loc_conf_t *conf);
static void ngx_http_convrelay_merge_session(convrelay_session_conf_t *prev,
    convrelay_session_conf_t *conf, ngx_http_convrelay_limits_conf_t *limits);
static void ngx_http_convrelay_merge_on(ngx_http_convrelay_on_conf_t *prev,
    ngx_http_convrelay_on_conf_t *conf);
static void ngx_http_convrelay_merge_tools(
    ngx_http_convrelay_tools_conf_t *prev,
    ngx_http_convrelay_tools_conf_t *conf);
static void ngx_http_convrelay_merge_auth(
    ngx_http_convrelay_auth_conf_t *prev,
    ngx_http_convrelay_auth_conf_t *conf);
static void ngx_http_convrelay_merge_twiml(
    ngx_http_convrelay_twiml_conf_t *prev,
    ngx_http_convrelay_twiml_conf_t *conf);
static ngx_http_handler_pt ngx_http_convrelay_merge_webhook(
    ngx_http_core_loc_conf_t *clcf, ngx_http_convrelay_loc_conf_t *prev,
    ngx_http_convrelay_loc_conf_t *conf);

static char *ngx_http_convrelay_check_time(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_convrelay_check_size(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_convrelay_check_result(ngx_conf_t *cf, void *post,
    void *data);


static ngx_conf_num_bounds_t  ngx_http_convrelay_count_bounds = {
    ngx_conf_check_num_bounds, 0, 1000000
};


static ngx_conf_num_bounds_t  ngx_http_convrelay_talk_bounds = {
    ngx_conf_check_num_bounds, 1, 1000000
};


static ngx_conf_num_bounds_t  ngx_http_convrelay_rounds_bounds = {
    ngx_conf_check_num_bounds, 1, 128
};


static ngx_conf_post_t  ngx_http_convrelay_result_post = {
    ngx_http_convrelay_check_result
};


static ngx_conf_post_t  ngx_http_convrelay_time_post = {
    ngx_http_convrelay_check_time
};


static ngx_conf_post_t  ngx_http_convrelay_size_post = {
    ngx_http_convrelay_check_size
};


static ngx_http_convrelay_value_t  ngx_http_convrelay_default_model = {
    NULL, ngx_string(NGX_HTTP_CONVRELAY_MODEL), { NULL, 0 }, 0
};


static ngx_http_convrelay_value_t  ngx_http_convrelay_default_prompt = {
    NULL, ngx_string(NGX_HTTP_CONVRELAY_SYSTEM_PROMPT), { NULL, 0 }, 0
};


static ngx_http_convrelay_value_t  ngx_http_convrelay_default_error = {
    NULL, ngx_string(NGX_HTTP_CONVRELAY_ERROR_MESSAGE), { NULL, 0 }, 0
};


static ngx_http_convrelay_value_t  ngx_http_convrelay_default_dtmf = {
    NULL, ngx_string(NGX_HTTP_CONVRELAY_DTMF_MESSAGE), { NULL, 0 }, 0
};


/* attributes of every document; without events, the heard text is estimated */

static ngx_keyval_t  ngx_http_convrelay_default_attributes[] = {
    { ngx_string("welcomeGreeting"), ngx_string(NGX_HTTP_CONVRELAY_GREETING) },
    { ngx_string("events"), ngx_string("tokens-played") },
    { ngx_null_string, ngx_null_string }
};


static ngx_command_t  ngx_http_convrelay_commands[] = {

    { ngx_string("convrelay"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_convrelay,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_model"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, llm.model),
      NULL },

    { ngx_string("convrelay_system_prompt"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_phrase_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, llm.system_prompt),
      NULL },

    { ngx_string("convrelay_system_prompt_file"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, llm.system_prompt_file),
      NULL },

    { ngx_string("convrelay_error_message"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_phrase_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, llm.error_message),
      NULL },

    { ngx_string("convrelay_request_field"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_request_field,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_fallback"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_convrelay_fallback,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_on"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_2MORE,
      ngx_http_convrelay_on,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_tool"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_convrelay_tool,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_context"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_context,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_prewarm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_prewarm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_report"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_convrelay_report,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_report_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_report_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_tool_wait"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, tools.wait),
      NULL },

    { ngx_string("convrelay_max_tool_rounds"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, tools.max_rounds),
      &ngx_http_convrelay_rounds_bounds },

    { ngx_string("convrelay_max_tool_calls"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, tools.max_calls),
      &ngx_http_convrelay_rounds_bounds },

    { ngx_string("convrelay_max_tool_arguments"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, tools.max_arguments),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_tool_result"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, tools.max_result),
      &ngx_http_convrelay_result_post },

    { ngx_string("convrelay_silence"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_silence,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_max_idle_time"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, on.max_idle_time),
      NULL },

    { ngx_string("convrelay_presence"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_presence,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_filler"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_filler,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_resume"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_pause,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_backchannel"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_backchannel,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_interrupt_marker"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_marker,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_speech_filter"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_speech_filter,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_pronounce"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
                        |(NGX_CONF_TAKE2|NGX_CONF_TAKE3|NGX_CONF_TAKE4),
      ngx_http_convrelay_pronounce,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_pronounce_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_pronounce_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_dtmf"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_ANY,
      ngx_http_convrelay_dtmf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_dtmf_message"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_phrase_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, on.dtmf_message),
      NULL },

    { ngx_string("convrelay_end_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, on.end_timeout),
      NULL },

    { ngx_string("convrelay_greeting_history"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, on.greeting_history),
      NULL },

    { ngx_string("convrelay_drain"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_drain,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_ping_interval"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.ping_interval),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_setup_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.setup_timeout),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_max_call_time"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_call_time),
      NULL },

    { ngx_string("convrelay_max_answer_time"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_answer_time),
      NULL },

    { ngx_string("convrelay_first_token_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.first_token_timeout),
      NULL },

    { ngx_string("convrelay_token_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.token_timeout),
      NULL },

    { ngx_string("convrelay_max_frame_rate"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_frame_rate),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_max_turn_rate"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_turn_rate),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_limit_calls"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_limit_calls,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_log_numbers"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.log_numbers),
      NULL },

    { ngx_string("convrelay_send_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.send_timeout),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_max_message_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_message_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_fragments"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_fragments),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_max_output_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_output_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_answer_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, session.max_answer),
      NULL },

    { ngx_string("convrelay_max_response_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_response_size),
      NULL },

    { ngx_string("convrelay_max_line_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, limits.max_line_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_history_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, session.max_history_bytes),
      NULL },

    { ngx_string("convrelay_max_history_messages"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, session.max_history_messages),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_store"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_store_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_store_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_store_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, store.timeout),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_store_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, store.ttl),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_store_max_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, store.max_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_auth_token"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_auth_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_public_url"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, auth.public_url),
      NULL },

    { ngx_string("convrelay_ticket"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_ticket,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_twiml"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, twiml.url),
      NULL },

    { ngx_string("convrelay_twiml_attribute"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE23,
      ngx_http_convrelay_twiml_attribute,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_twiml_language"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_twiml_language,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_twiml_parameter"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_twiml_parameter,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_twiml_action"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE12,
      ngx_http_convrelay_twiml_action,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_twiml_before"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml_xml_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, twiml.before),
      NULL },

    { ngx_string("convrelay_twiml_inside"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml_xml_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, twiml.inside),
      NULL },

    { ngx_string("convrelay_twiml_after"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml_after,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, twiml.after),
      NULL },

    { ngx_string("convrelay_connect_action"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_convrelay_connect_action,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_connect_reply"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_connect_reply,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_talk"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_convrelay_talk,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_talk_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, talk.limit),
      &ngx_http_convrelay_talk_bounds },

    { ngx_string("convrelay_talk_time"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, talk.time),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_env"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_env,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_env_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE123,
      ngx_http_convrelay_env_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_store_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_store_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_convrelay_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_module_ctx = {
    ngx_http_convrelay_preconfiguration,   /* preconfiguration */
    ngx_http_convrelay_init,               /* postconfiguration */

    ngx_http_convrelay_create_main_conf,   /* create main configuration */
    ngx_http_convrelay_init_main_conf,     /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_convrelay_create_loc_conf,    /* create location configuration */
    ngx_http_convrelay_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_convrelay_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_module_ctx,        /* module context */
    ngx_http_convrelay_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_convrelay_init_module,        /* init module */
    ngx_http_convrelay_init_process,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_convrelay_report_exit_process,        /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* the codes of the pure rooms are passed on as they are */

#if (CONVRELAY_OK != NGX_OK || CONVRELAY_ERROR != NGX_ERROR                  \
     || CONVRELAY_AGAIN != NGX_AGAIN || CONVRELAY_DONE != NGX_DONE           \
     || CONVRELAY_DECLINED != NGX_DECLINED)
#error return codes of the pure rooms differ from those of nginx
#endif


static char *
ngx_http_convrelay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    if (clcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    clcf->enable = 1;
    ngx_http_convrelay_place(cf, &clcf->place);

    return ngx_http_convrelay_register(cf, clcf);
}


static ngx_int_t
ngx_http_convrelay_init_module(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_version_log(cycle, &ngx_http_convrelay_module);

    ngx_http_convrelay_env_init_module(cycle);

    ngx_http_convrelay_status_init_module(cycle);
    ngx_http_convrelay_store_init_module(cycle);
    ngx_http_convrelay_zone_init_module(cycle);
    ngx_http_convrelay_talk_init_module(cycle);

    /* without a master process, nginx initializes the process only once */

    if (ngx_process == NGX_PROCESS_SINGLE
        && !ngx_is_init_cycle(cycle->old_cycle))
    {
        (void) ngx_http_convrelay_status_init_process(cycle);
        (void) ngx_http_convrelay_away_init_process(cycle);
        (void) ngx_http_convrelay_zone_init_process(cycle,
                                            ngx_http_convrelay_call_replaced);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_init_process(ngx_cycle_t *cycle)
{
    if (ngx_http_convrelay_status_init_process(cycle) != NGX_OK
        || ngx_http_convrelay_store_init_process(cycle) != NGX_OK
        || ngx_http_convrelay_away_init_process(cycle) != NGX_OK
        || ngx_http_convrelay_report_init_process(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_zone_init_process(cycle,
                                            ngx_http_convrelay_call_replaced);
}


static ngx_int_t
ngx_http_convrelay_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_convrelay_fetch_add_variables(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_away_add_variables(cf) != NGX_OK
        || ngx_http_convrelay_stat_add_variables(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_add_variables(cf);
}


static ngx_int_t
ngx_http_convrelay_init(ngx_conf_t *cf)
{
    if (ngx_http_convrelay_env_check(cf, 1) != NGX_OK
        || ngx_http_convrelay_check(cf) != NGX_OK
        || ngx_http_convrelay_tenant_init(cf) != NGX_OK
        || ngx_http_convrelay_talk_init(cf) != NGX_OK
        || ngx_http_convrelay_away_init(cf) != NGX_OK
        || ngx_http_convrelay_breaker_init(cf) != NGX_OK
        || ngx_http_convrelay_memory_init(cf) != NGX_OK
        || ngx_http_convrelay_drain_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_convrelay_variables_init(cf);

    return ngx_http_convrelay_fetch_init(cf);
}


static void *
ngx_http_convrelay_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&mcf->env, cf->pool, 8,
                       sizeof(ngx_http_convrelay_env_t))
        != NGX_OK
        || ngx_array_init(&mcf->defaults, cf->pool, 4,
                          sizeof(ngx_http_convrelay_env_t))
           != NGX_OK
        || ngx_array_init(&mcf->process_env, cf->pool, 4, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&mcf->locations, cf->pool, 4,
                          sizeof(ngx_http_convrelay_location_t))
           != NGX_OK
        || ngx_array_init(&mcf->talks, cf->pool, 1,
                          sizeof(ngx_http_convrelay_talk_page_t *))
           != NGX_OK)
    {
        return NULL;
    }

    mcf->buffer = ngx_palloc(cf->pool, NGX_HTTP_CONVRELAY_READ_SIZE);
    if (mcf->buffer == NULL) {
        return NULL;
    }

    return mcf;
}


static char *
ngx_http_convrelay_init_main_conf(ngx_conf_t *cf, void *conf)
{
    /* report missing variables before the errors that they would cause */

    if (ngx_http_convrelay_env_check(cf, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_status_check(cf, conf);
}


static void *
ngx_http_convrelay_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->place = { NULL, 0 };
     *     conf->own = { NULL, 0 };
     *     conf->llm.handler = NULL;
     *     conf->llm.backups = NULL;
     *     conf->llm.breaker = NULL;
     *     conf->llm.metrics = NULL;
     *     conf->llm.system = { 0, NULL };
     *     conf->llm.error_varies = 0;
     *     conf->llm.intercepts = 0;
     *     conf->llm.checked = { 0 };
     *     conf->tools.json = { 0, NULL };
     *     conf->store.uri = { 0, NULL };
     *     conf->store.away = 0;
     *     conf->store.place = { NULL, 0 };
     *     conf->auth.set = 0;
     *     conf->auth.ticket_lifetime = 0;
     *     conf->twiml.after_place = { NULL, 0 };
     *     conf->connect.enable = 0;
     *     conf->on.phrases = NULL;
     *     conf->talk.page = NULL;
     *     conf->status = NGX_HTTP_CONVRELAY_STATUS_NONE;
     *     conf->metrics = NULL;
     *     conf->session = { 0 };
     */

    conf->enable = NGX_CONF_UNSET;

    conf->llm.model = NGX_CONF_UNSET_PTR;
    conf->llm.system_prompt = NGX_CONF_UNSET_PTR;
    conf->llm.system_prompt_file = NGX_CONF_UNSET_PTR;
    conf->llm.error_message = NGX_CONF_UNSET_PTR;
    conf->llm.fields = NGX_CONF_UNSET_PTR;
    conf->llm.fallbacks = NGX_CONF_UNSET_PTR;

    conf->limits.ping_interval = NGX_CONF_UNSET_MSEC;
    conf->limits.drain = NGX_CONF_UNSET_MSEC;
    conf->limits.setup_timeout = NGX_CONF_UNSET_MSEC;
    conf->limits.send_timeout = NGX_CONF_UNSET_MSEC;
    conf->limits.max_call_time = NGX_CONF_UNSET_MSEC;
    conf->limits.max_answer_time = NGX_CONF_UNSET_MSEC;
    conf->limits.first_token_timeout = NGX_CONF_UNSET_MSEC;
    conf->limits.token_timeout = NGX_CONF_UNSET_MSEC;
    conf->limits.max_message_size = NGX_CONF_UNSET_SIZE;
    conf->limits.max_output_size = NGX_CONF_UNSET_SIZE;
    conf->limits.max_response_size = NGX_CONF_UNSET_SIZE;
    conf->limits.max_line_size = NGX_CONF_UNSET_SIZE;
    conf->limits.max_fragments = NGX_CONF_UNSET;
    conf->limits.max_frame_rate = NGX_CONF_UNSET;
    conf->limits.max_turn_rate = NGX_CONF_UNSET;
    conf->limits.calls = NGX_CONF_UNSET_PTR;
    conf->limits.log_numbers = NGX_CONF_UNSET;

    conf->session.max_answer = NGX_CONF_UNSET_SIZE;
    conf->session.speech = NGX_CONF_UNSET_UINT;
    conf->session.max_history_bytes = NGX_CONF_UNSET_SIZE;
    conf->session.max_history_messages = NGX_CONF_UNSET_SIZE;

    conf->on.rules = NGX_CONF_UNSET_PTR;
    conf->on.dtmf = NGX_CONF_UNSET_PTR;
    conf->on.dtmf_message = NGX_CONF_UNSET_PTR;
    conf->on.end_timeout = NGX_CONF_UNSET_MSEC;
    conf->on.greeting_history = NGX_CONF_UNSET;
    conf->on.silence = NGX_CONF_UNSET_PTR;
    conf->on.max_idle_time = NGX_CONF_UNSET_MSEC;
    conf->on.presence = NGX_CONF_UNSET;
    conf->on.filler = NGX_CONF_UNSET_PTR;
    conf->on.pause = NGX_CONF_UNSET_PTR;
    conf->on.backchannels = NGX_CONF_UNSET_PTR;

    conf->tools.list = NGX_CONF_UNSET_PTR;
    conf->tools.max_rounds = NGX_CONF_UNSET;
    conf->tools.max_calls = NGX_CONF_UNSET;
    conf->tools.max_arguments = NGX_CONF_UNSET_SIZE;
    conf->tools.max_result = NGX_CONF_UNSET_SIZE;
    conf->tools.wait = NGX_CONF_UNSET_MSEC;

    conf->context = NGX_CONF_UNSET_PTR;
    conf->prewarm = NGX_CONF_UNSET_PTR;
    conf->report = NGX_CONF_UNSET_PTR;
    conf->report_secret = NGX_CONF_UNSET_PTR;

    conf->store.enable = NGX_CONF_UNSET;
    conf->store.secrets = NGX_CONF_UNSET_PTR;
    conf->store.timeout = NGX_CONF_UNSET_MSEC;
    conf->store.ttl = NGX_CONF_UNSET_MSEC;
    conf->store.max_size = NGX_CONF_UNSET_SIZE;

    conf->auth.tokens = NGX_CONF_UNSET_PTR;
    conf->auth.public_url = NGX_CONF_UNSET_PTR;
    conf->auth.ticket = NGX_CONF_UNSET_PTR;

    conf->twiml.url = NGX_CONF_UNSET_PTR;
    conf->twiml.attributes = NGX_CONF_UNSET_PTR;
    conf->twiml.languages = NGX_CONF_UNSET_PTR;
    conf->twiml.parameters = NGX_CONF_UNSET_PTR;
    conf->twiml.action = NGX_CONF_UNSET_PTR;
    conf->twiml.before = NGX_CONF_UNSET_PTR;
    conf->twiml.inside = NGX_CONF_UNSET_PTR;
    conf->twiml.after = NGX_CONF_UNSET_PTR;

    conf->connect.reply = NGX_CONF_UNSET_PTR;

    conf->talk.limit = NGX_CONF_UNSET;
    conf->talk.time = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_http_convrelay_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_convrelay_loc_conf_t *prev = parent;
    ngx_http_convrelay_loc_conf_t *conf = child;

    char                      *rv;
    ngx_http_handler_pt        webhook;
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->llm.system_prompt != NGX_CONF_UNSET_PTR
        && conf->llm.system_prompt_file != NGX_CONF_UNSET_PTR)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                                      &conf->llm.system_prompt_file->place,
                                      "\"convrelay_system_prompt\" and "
                                      "\"convrelay_system_prompt_file\" are "
                                      "mutually exclusive");
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_merge_llm(&prev->llm, &conf->llm);
    ngx_http_convrelay_merge_limits(&prev->limits, &conf->limits);
    ngx_http_convrelay_merge_tokens(conf);
    ngx_http_convrelay_merge_session(&prev->session, &conf->session,
                                     &conf->limits);
    ngx_http_convrelay_merge_on(&prev->on, &conf->on);
    ngx_http_convrelay_merge_tools(&prev->tools, &conf->tools);
    ngx_http_convrelay_merge_auth(&prev->auth, &conf->auth);
    ngx_http_convrelay_merge_twiml(&prev->twiml, &conf->twiml);

    ngx_conf_merge_ptr_value(conf->context, prev->context, NULL);
    conf->session.context = (conf->context != NULL);

    ngx_conf_merge_ptr_value(conf->prewarm, prev->prewarm, NULL);

    ngx_conf_merge_msec_value(conf->store.timeout, prev->store.timeout,
                              NGX_HTTP_CONVRELAY_STORE_TIMEOUT);
    ngx_conf_merge_msec_value(conf->store.ttl, prev->store.ttl,
                              NGX_HTTP_CONVRELAY_STORE_TTL);
    ngx_conf_merge_size_value(conf->store.max_size, prev->store.max_size,
                              NGX_HTTP_CONVRELAY_STORE_MAX_SIZE);

    ngx_conf_merge_ptr_value(conf->connect.reply, prev->connect.reply, NULL);

    ngx_conf_merge_value(conf->talk.limit, prev->talk.limit,
                         NGX_HTTP_CONVRELAY_TALK_LIMIT);
    ngx_conf_merge_msec_value(conf->talk.time, prev->talk.time,
                              NGX_HTTP_CONVRELAY_TALK_TIME);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    webhook = ngx_http_convrelay_merge_webhook(clcf, prev, conf);

    rv = ngx_http_convrelay_location_merge(cf, clcf, prev, conf, webhook);

    if (rv == NGX_CONF_OK && conf->enable) {
        rv = ngx_http_convrelay_request_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_pronounce_merge(cf, prev, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_on_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_tools_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_twiml_merge(cf, prev, conf,
                                      ngx_http_convrelay_default_attributes);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_connect_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_signature_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_ticket_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_limit_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_store_merge(cf, &prev->store, &conf->store);
        conf->session.store = conf->store.enable;
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_away_merge(cf, prev, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_report_merge(cf, prev, conf);
    }

    return rv;
}


static void
ngx_http_convrelay_merge_llm(ngx_http_convrelay_llm_conf_t *prev,
    ngx_http_convrelay_llm_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->model, prev->model,
                             &ngx_http_convrelay_default_model);

    /* either of the two replaces both of an outer level */

    if (conf->system_prompt == NGX_CONF_UNSET_PTR
        && conf->system_prompt_file == NGX_CONF_UNSET_PTR)
    {
        conf->system_prompt = prev->system_prompt;
        conf->system_prompt_file = prev->system_prompt_file;
    }

    ngx_conf_init_ptr_value(conf->system_prompt_file, NULL);
    ngx_conf_init_ptr_value(conf->system_prompt,
                            conf->system_prompt_file
                            ? NULL : &ngx_http_convrelay_default_prompt);

    ngx_conf_merge_ptr_value(conf->error_message, prev->error_message,
                             &ngx_http_convrelay_default_error);
    ngx_conf_merge_ptr_value(conf->fields, prev->fields, NULL);
    ngx_conf_merge_ptr_value(conf->fallbacks, prev->fallbacks, NULL);
}


static void
ngx_http_convrelay_merge_limits(ngx_http_convrelay_limits_conf_t *prev,
    ngx_http_convrelay_limits_conf_t *conf)
{
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval,
                              NGX_HTTP_CONVRELAY_PING_INTERVAL);
    ngx_conf_merge_msec_value(conf->setup_timeout, prev->setup_timeout,
                              NGX_HTTP_CONVRELAY_SETUP_TIMEOUT);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout,
                              NGX_HTTP_CONVRELAY_SEND_TIMEOUT);
    ngx_conf_merge_msec_value(conf->max_call_time, prev->max_call_time,
                              NGX_HTTP_CONVRELAY_MAX_CALL_TIME);
    ngx_conf_merge_msec_value(conf->max_answer_time, prev->max_answer_time,
                              NGX_HTTP_CONVRELAY_MAX_ANSWER_TIME);
    ngx_conf_merge_msec_value(conf->first_token_timeout,
                              prev->first_token_timeout, NGX_CONF_UNSET_MSEC);
    ngx_conf_merge_msec_value(conf->token_timeout, prev->token_timeout,
                              NGX_CONF_UNSET_MSEC);
    ngx_conf_merge_size_value(conf->max_message_size, prev->max_message_size,
                              NGX_HTTP_CONVRELAY_MAX_MESSAGE_SIZE);
    ngx_conf_merge_size_value(conf->max_output_size, prev->max_output_size,
                              NGX_HTTP_CONVRELAY_MAX_OUTPUT_SIZE);
    ngx_conf_merge_size_value(conf->max_response_size,
                              prev->max_response_size,
                              NGX_HTTP_CONVRELAY_MAX_RESPONSE_SIZE);
    ngx_conf_merge_size_value(conf->max_line_size, prev->max_line_size,
                              NGX_HTTP_CONVRELAY_MAX_LINE_SIZE);
    ngx_conf_merge_value(conf->max_fragments, prev->max_fragments,
                         NGX_HTTP_CONVRELAY_MAX_FRAGMENTS);
    ngx_conf_merge_value(conf->max_frame_rate, prev->max_frame_rate,
                         NGX_HTTP_CONVRELAY_MAX_FRAME_RATE);
    ngx_conf_merge_value(conf->max_turn_rate, prev->max_turn_rate,
                         NGX_HTTP_CONVRELAY_MAX_TURN_RATE);
    ngx_conf_merge_ptr_value(conf->calls, prev->calls, NULL);

    if (conf->drain == NGX_CONF_UNSET_MSEC) {
        conf->drain_place = prev->drain_place;
    }

    ngx_conf_merge_msec_value(conf->drain, prev->drain, 0);
    ngx_conf_merge_value(conf->log_numbers, prev->log_numbers,
                         NGX_HTTP_CONVRELAY_LOG_NUMBERS);
}


/* the defaults are shorter if there is another LLM to ask */

static void
ngx_http_convrelay_merge_tokens(ngx_http_convrelay_loc_conf_t *conf)
{
    convrelay_session_llm_t  *llm;

    llm = &conf->session.llm;

    llm->first_token_timeout = conf->limits.first_token_timeout;
    llm->token_timeout = conf->limits.token_timeout;

    if (conf->limits.first_token_timeout == NGX_CONF_UNSET_MSEC) {
        llm->first_token_timeout =
                      conf->llm.fallbacks
                      ? NGX_HTTP_CONVRELAY_FALLBACK_FIRST_TOKEN_TIMEOUT
                      : NGX_HTTP_CONVRELAY_FIRST_TOKEN_TIMEOUT;
    }

    if (conf->limits.token_timeout == NGX_CONF_UNSET_MSEC) {
        llm->token_timeout = conf->llm.fallbacks
                             ? NGX_HTTP_CONVRELAY_FALLBACK_TOKEN_TIMEOUT
                             : NGX_HTTP_CONVRELAY_TOKEN_TIMEOUT;
    }

    llm->token_timeout = ngx_min(llm->token_timeout,
                                 CONVRELAY_SESSION_MAX_WAIT);
}


/* directives that only the session needs; on_merge() sets all others */

static void
ngx_http_convrelay_merge_session(convrelay_session_conf_t *prev,
    convrelay_session_conf_t *conf, ngx_http_convrelay_limits_conf_t *limits)
{
    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer,
                              NGX_HTTP_CONVRELAY_MAX_ANSWER_SIZE);
    ngx_conf_merge_uint_value(conf->speech, prev->speech,
                              CONVRELAY_SPEECH_ON);
    ngx_conf_merge_size_value(conf->max_history_bytes,
                              prev->max_history_bytes,
                              NGX_HTTP_CONVRELAY_MAX_HISTORY_SIZE);
    ngx_conf_merge_size_value(conf->max_history_messages,
                              prev->max_history_messages,
                              NGX_HTTP_CONVRELAY_MAX_MESSAGES);

    conf->setup_timeout = limits->setup_timeout;
    conf->max_call_time = ngx_min(limits->max_call_time,
                                  CONVRELAY_SESSION_MAX_TIME);
    conf->max_answer_time = limits->max_answer_time;
    conf->max_turn_rate = limits->max_turn_rate;

    /* for keys that only convrelay_on waits for */

    conf->keys.pause = NGX_HTTP_CONVRELAY_DTMF_PAUSE;
}


static void
ngx_http_convrelay_merge_on(ngx_http_convrelay_on_conf_t *prev,
    ngx_http_convrelay_on_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->rules, prev->rules, NULL);
    ngx_conf_merge_ptr_value(conf->dtmf, prev->dtmf, NULL);

    if (conf->dtmf) {
        ngx_conf_init_value(conf->dtmf->terminator,
                            NGX_HTTP_CONVRELAY_DTMF_TERMINATOR);
        ngx_conf_init_uint_value(conf->dtmf->max, NGX_HTTP_CONVRELAY_DTMF_MAX);
        ngx_conf_init_msec_value(conf->dtmf->pause,
                                 NGX_HTTP_CONVRELAY_DTMF_PAUSE);
    }

    ngx_conf_merge_ptr_value(conf->dtmf_message, prev->dtmf_message,
                             &ngx_http_convrelay_default_dtmf);
    ngx_conf_merge_msec_value(conf->end_timeout, prev->end_timeout,
                              NGX_HTTP_CONVRELAY_END_TIMEOUT);
    ngx_conf_merge_value(conf->greeting_history, prev->greeting_history,
                         NGX_HTTP_CONVRELAY_GREETING_HISTORY);
    ngx_conf_merge_ptr_value(conf->silence, prev->silence, NULL);
    ngx_conf_merge_msec_value(conf->max_idle_time, prev->max_idle_time,
                              NGX_HTTP_CONVRELAY_MAX_IDLE_TIME);

    if (conf->presence == NGX_CONF_UNSET) {
        conf->presence = prev->presence;
        conf->phrases = prev->phrases;
    }

    ngx_conf_init_value(conf->presence, NGX_HTTP_CONVRELAY_PRESENCE);
    ngx_conf_merge_ptr_value(conf->filler, prev->filler, NULL);
    ngx_conf_merge_ptr_value(conf->pause, prev->pause, NULL);
    ngx_conf_merge_ptr_value(conf->backchannels, prev->backchannels, NULL);
    ngx_conf_merge_str_value(conf->marker, prev->marker, "");
}


static void
ngx_http_convrelay_merge_tools(ngx_http_convrelay_tools_conf_t *prev,
    ngx_http_convrelay_tools_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->list, prev->list, NULL);
    ngx_conf_merge_value(conf->max_rounds, prev->max_rounds,
                         NGX_HTTP_CONVRELAY_MAX_TOOL_ROUNDS);
    ngx_conf_merge_value(conf->max_calls, prev->max_calls,
                         NGX_HTTP_CONVRELAY_MAX_TOOL_CALLS);
    ngx_conf_merge_size_value(conf->max_arguments, prev->max_arguments,
                              NGX_HTTP_CONVRELAY_MAX_TOOL_ARGUMENTS);
    ngx_conf_merge_size_value(conf->max_result, prev->max_result,
                              NGX_HTTP_CONVRELAY_MAX_TOOL_RESULT);
    ngx_conf_merge_msec_value(conf->wait, prev->wait,
                              NGX_HTTP_CONVRELAY_TOOL_WAIT);
}


static void
ngx_http_convrelay_merge_auth(ngx_http_convrelay_auth_conf_t *prev,
    ngx_http_convrelay_auth_conf_t *conf)
{
    if (!conf->set) {
        conf->set = prev->set;
    }

    ngx_conf_merge_ptr_value(conf->tokens, prev->tokens, NULL);
    ngx_conf_merge_ptr_value(conf->public_url, prev->public_url, NULL);

    if (conf->ticket == NGX_CONF_UNSET_PTR) {
        conf->ticket = prev->ticket;
        conf->ticket_lifetime = prev->ticket_lifetime;
    }

    ngx_conf_init_ptr_value(conf->ticket, NULL);

    if (conf->ticket_lifetime == 0) {
        conf->ticket_lifetime = NGX_HTTP_CONVRELAY_TICKET_LIFETIME;
    }
}


/* the URL makes a location a webhook, and so is not inherited */

static void
ngx_http_convrelay_merge_twiml(ngx_http_convrelay_twiml_conf_t *prev,
    ngx_http_convrelay_twiml_conf_t *conf)
{
    ngx_conf_init_ptr_value(conf->url, NULL);
    ngx_conf_merge_ptr_value(conf->attributes, prev->attributes, NULL);
    ngx_conf_merge_ptr_value(conf->languages, prev->languages, NULL);
    ngx_conf_merge_ptr_value(conf->parameters, prev->parameters, NULL);
    ngx_conf_merge_ptr_value(conf->action, prev->action, NULL);
    ngx_conf_merge_ptr_value(conf->before, prev->before, NULL);
    ngx_conf_merge_ptr_value(conf->inside, prev->inside, NULL);

    if (conf->after == NGX_CONF_UNSET_PTR) {
        conf->after_place = prev->after_place;
    }

    ngx_conf_merge_ptr_value(conf->after, prev->after, NULL);
}


/*
 * The handler of a webhook's location, or NULL.  Blocks of "if" and
 * "limit_except" belong to their location, nested locations do not.
 */

static ngx_http_handler_pt
ngx_http_convrelay_merge_webhook(ngx_http_core_loc_conf_t *clcf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    if (clcf->noname || clcf->lmt_excpt) {
        conf->place = prev->place;
        conf->twiml.url = prev->twiml.url;
        conf->connect.enable = prev->connect.enable;
        conf->status = prev->status;
        conf->talk.page = prev->talk.page;
        conf->metrics = prev->metrics;
    }

    return conf->twiml.url ? ngx_http_convrelay_twiml_handler
           : conf->connect.enable ? ngx_http_convrelay_connect_handler
           : conf->status ? ngx_http_convrelay_status_handler
           : conf->talk.page ? ngx_http_convrelay_talk_handler
           : NULL;
}


static char *
ngx_http_convrelay_check_time(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *time = data;

    if (*time == 0) {
        return "cannot be zero, write a time such as \"30s\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_check_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t *size = data;

    if (*size == 0) {
        return "cannot be zero, write a size such as \"128k\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_check_result(ngx_conf_t *cf, void *post, void *data)
{
    size_t *size = data;

    if (*size < CONVRELAY_TOOL_MIN_RESULT) {
        return "is too small, write at least \"1k\"";
    }

    return NGX_CONF_OK;
}
