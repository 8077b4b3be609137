
/*
 * Copyright (C) convrelay contributors
 *
 * The face of the module: its directives, and what becomes of them.
 */


#include "ngx_http_convrelay_fetch.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_webhook.h"


#define NGX_HTTP_CONVRELAY_CONF                                              \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF


static char *ngx_http_convrelay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

static ngx_int_t ngx_http_convrelay_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_convrelay_init(ngx_conf_t *cf);
static void *ngx_http_convrelay_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_convrelay_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_convrelay_own(ngx_http_convrelay_loc_conf_t *conf);
static void ngx_http_convrelay_merge_values(
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);
static char *ngx_http_convrelay_merge_handler(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);

static char *ngx_http_convrelay_own_msec_slot(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_convrelay_check_time(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_convrelay_check_size(ngx_conf_t *cf, void *post,
    void *data);


static ngx_conf_num_bounds_t  ngx_http_convrelay_count_bounds = {
    ngx_conf_check_num_bounds, 0, 1000000
};


static ngx_conf_post_t  ngx_http_convrelay_time_post = {
    ngx_http_convrelay_check_time
};


static ngx_conf_post_t  ngx_http_convrelay_size_post = {
    ngx_http_convrelay_check_size
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
      ngx_http_convrelay_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, model),
      NULL },

    { ngx_string("convrelay_system_prompt"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_phrase_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, system_prompt),
      NULL },

    { ngx_string("convrelay_system_prompt_file"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, system_prompt_file),
      NULL },

    { ngx_string("convrelay_error_message"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_phrase_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, error_message),
      NULL },

    { ngx_string("convrelay_request_field"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE2,
      ngx_http_convrelay_request_field,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_on"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_2MORE,
      ngx_http_convrelay_on,
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
      offsetof(ngx_http_convrelay_loc_conf_t, dtmf_message),
      NULL },

    { ngx_string("convrelay_end_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, end_timeout),
      NULL },

    { ngx_string("convrelay_greeting_history"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, greeting_history),
      NULL },

    { ngx_string("convrelay_ping_interval"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, ping_interval),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_setup_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, setup_timeout),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_max_call_time"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_call_time),
      NULL },

    { ngx_string("convrelay_max_answer_time"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_own_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_answer_time),
      NULL },

    { ngx_string("convrelay_max_frame_rate"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_frame_rate),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_max_turn_rate"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_turn_rate),
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
      offsetof(ngx_http_convrelay_loc_conf_t, log_numbers),
      NULL },

    { ngx_string("convrelay_send_timeout"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, send_timeout),
      &ngx_http_convrelay_time_post },

    { ngx_string("convrelay_max_message_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_message_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_fragments"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_fragments),
      &ngx_http_convrelay_count_bounds },

    { ngx_string("convrelay_max_output_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_output_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_answer_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_answer_size),
      NULL },

    { ngx_string("convrelay_max_response_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_response_size),
      NULL },

    { ngx_string("convrelay_max_line_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_line_size),
      &ngx_http_convrelay_size_post },

    { ngx_string("convrelay_max_history_size"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_history_size),
      NULL },

    { ngx_string("convrelay_max_history_messages"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, max_history_messages),
      &ngx_http_convrelay_count_bounds },

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
      offsetof(ngx_http_convrelay_loc_conf_t, public_url),
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
      offsetof(ngx_http_convrelay_loc_conf_t, twiml),
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
      offsetof(ngx_http_convrelay_loc_conf_t, before),
      NULL },

    { ngx_string("convrelay_twiml_inside"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml_xml_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, inside),
      NULL },

    { ngx_string("convrelay_twiml_after"),
      NGX_HTTP_CONVRELAY_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_twiml_after,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_loc_conf_t, after),
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

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_module_ctx = {
    ngx_http_convrelay_add_variables,      /* preconfiguration */
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
    ngx_http_convrelay_zone_init_process,  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
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

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_init_module(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_env_init_module(cycle);

    return ngx_http_convrelay_zone_init_module(cycle);
}


static ngx_int_t
ngx_http_convrelay_init(ngx_conf_t *cf)
{
    if (ngx_http_convrelay_env_check(cf) != NGX_OK
        || ngx_http_convrelay_memory_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_fetch_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_filter_init(cf);
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
        || ngx_array_init(&mcf->twimls, cf->pool, 4,
                          sizeof(ngx_http_convrelay_twiml_location_t))
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
    /* a name that is missing is told before what comes of its absence */

    if (ngx_http_convrelay_env_check(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
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
     *     conf->llm_handler = NULL;
     *     conf->system = { 0, NULL };
     *     conf->session = { 0 };
     *     conf->checked = 0;
     *     conf->connect_action = 0;
     *     conf->auth = 0;
     *     conf->ticket_lifetime = 0;
     */

    conf->enable = NGX_CONF_UNSET;
    conf->model = NGX_CONF_UNSET_PTR;
    conf->system_prompt = NGX_CONF_UNSET_PTR;
    conf->system_prompt_file = NGX_CONF_UNSET_PTR;
    conf->error_message = NGX_CONF_UNSET_PTR;
    conf->fields = NGX_CONF_UNSET_PTR;
    conf->ping_interval = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->setup_timeout = NGX_CONF_UNSET_MSEC;
    conf->max_call_time = NGX_CONF_UNSET_MSEC;
    conf->max_answer_time = NGX_CONF_UNSET_MSEC;
    conf->max_frame_rate = NGX_CONF_UNSET;
    conf->max_turn_rate = NGX_CONF_UNSET;
    conf->limits = NGX_CONF_UNSET_PTR;
    conf->log_numbers = NGX_CONF_UNSET;
    conf->rules = NGX_CONF_UNSET_PTR;
    conf->dtmf = NGX_CONF_UNSET_PTR;
    conf->dtmf_message = NGX_CONF_UNSET_PTR;
    conf->end_timeout = NGX_CONF_UNSET_MSEC;
    conf->greeting_history = NGX_CONF_UNSET;
    conf->max_message_size = NGX_CONF_UNSET_SIZE;
    conf->max_output_size = NGX_CONF_UNSET_SIZE;
    conf->max_answer_size = NGX_CONF_UNSET_SIZE;
    conf->max_response_size = NGX_CONF_UNSET_SIZE;
    conf->max_line_size = NGX_CONF_UNSET_SIZE;
    conf->max_history_size = NGX_CONF_UNSET_SIZE;
    conf->max_history_messages = NGX_CONF_UNSET;
    conf->max_fragments = NGX_CONF_UNSET;
    conf->twiml = NGX_CONF_UNSET_PTR;
    conf->attributes = NGX_CONF_UNSET_PTR;
    conf->languages = NGX_CONF_UNSET_PTR;
    conf->parameters = NGX_CONF_UNSET_PTR;
    conf->action = NGX_CONF_UNSET_PTR;
    conf->before = NGX_CONF_UNSET_PTR;
    conf->inside = NGX_CONF_UNSET_PTR;
    conf->after = NGX_CONF_UNSET_PTR;
    conf->reply = NGX_CONF_UNSET_PTR;
    conf->auth_tokens = NGX_CONF_UNSET_PTR;
    conf->public_url = NGX_CONF_UNSET_PTR;
    conf->ticket = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_convrelay_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_convrelay_loc_conf_t *prev = parent;
    ngx_http_convrelay_loc_conf_t *conf = child;

    char  *rv;

    if (conf->system_prompt != NGX_CONF_UNSET_PTR
        && conf->system_prompt_file != NGX_CONF_UNSET_PTR)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                                      &conf->system_prompt_file->place,
                                      "\"convrelay_system_prompt\" and "
                                      "\"convrelay_system_prompt_file\" "
                                      "exclude each other");
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_own(conf);

    ngx_http_convrelay_merge_values(prev, conf);

    rv = ngx_http_convrelay_merge_handler(cf, prev, conf);

    if (rv == NGX_CONF_OK && conf->enable) {
        rv = ngx_http_convrelay_request_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_on_merge(cf, prev, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_twiml_merge(cf, prev, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_connect_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_signature_merge(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_limit_merge(cf, conf);
    }

    return rv;
}


/* values know where they stand; setters of the other directives note it */

static void
ngx_http_convrelay_own(ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                   i;
    ngx_http_convrelay_value_t  *values[4];

    values[0] = conf->model;
    values[1] = conf->system_prompt;
    values[2] = conf->system_prompt_file;
    values[3] = conf->error_message;

    for (i = 0; i < 4 && conf->own.line == 0; i++) {

        if (values[i] != NGX_CONF_UNSET_PTR) {
            conf->own = values[i]->place;
        }
    }
}


static void
ngx_http_convrelay_merge_values(ngx_http_convrelay_loc_conf_t *prev,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->model, prev->model, NULL);

    /* either of the two replaces what an outer level has */

    if (conf->system_prompt == NGX_CONF_UNSET_PTR
        && conf->system_prompt_file == NGX_CONF_UNSET_PTR)
    {
        conf->system_prompt = prev->system_prompt;
        conf->system_prompt_file = prev->system_prompt_file;
    }

    ngx_conf_init_ptr_value(conf->system_prompt, NULL);
    ngx_conf_init_ptr_value(conf->system_prompt_file, NULL);

    ngx_conf_merge_ptr_value(conf->error_message, prev->error_message, NULL);
    ngx_conf_merge_ptr_value(conf->fields, prev->fields, NULL);

    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval, 30000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 30000);
    ngx_conf_merge_msec_value(conf->setup_timeout, prev->setup_timeout, 10000);
    ngx_conf_merge_msec_value(conf->max_call_time, prev->max_call_time,
                              4 * 60 * 60 * 1000);
    ngx_conf_merge_msec_value(conf->max_answer_time, prev->max_answer_time,
                              120000);
    ngx_conf_merge_value(conf->max_frame_rate, prev->max_frame_rate, 100);
    ngx_conf_merge_value(conf->max_turn_rate, prev->max_turn_rate, 60);
    ngx_conf_merge_ptr_value(conf->limits, prev->limits, NULL);
    ngx_conf_merge_value(conf->log_numbers, prev->log_numbers, 0);

    ngx_conf_merge_size_value(conf->max_message_size, prev->max_message_size,
                              CONVRELAY_RELAY_MAX_MESSAGE);
    ngx_conf_merge_size_value(conf->max_output_size, prev->max_output_size,
                              262144);
    ngx_conf_merge_size_value(conf->max_answer_size, prev->max_answer_size,
                              65536);
    ngx_conf_merge_size_value(conf->max_response_size,
                              prev->max_response_size, 8 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_line_size, prev->max_line_size,
                              262144);
    ngx_conf_merge_size_value(conf->max_history_size, prev->max_history_size,
                              262144);
    ngx_conf_merge_value(conf->max_history_messages,
                         prev->max_history_messages, 400);
    ngx_conf_merge_value(conf->max_fragments, prev->max_fragments, 128);

    conf->session.max_answer = conf->max_answer_size;
    conf->session.max_history_bytes = conf->max_history_size;
    conf->session.max_history_messages = conf->max_history_messages;

    ngx_conf_init_ptr_value(conf->twiml, NULL);
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

    ngx_conf_merge_ptr_value(conf->reply, prev->reply, NULL);

    if (!conf->auth) {
        conf->auth = prev->auth;
    }

    ngx_conf_merge_ptr_value(conf->auth_tokens, prev->auth_tokens, NULL);
    ngx_conf_merge_ptr_value(conf->public_url, prev->public_url, NULL);

    if (conf->ticket == NGX_CONF_UNSET_PTR) {
        conf->ticket_lifetime = prev->ticket_lifetime;
    }

    ngx_conf_merge_ptr_value(conf->ticket, prev->ticket, NULL);
}


/*
 * The location's content handler becomes the LLM of its calls, and ours takes
 * its place.  Blocks of "if" and "limit_except" belong to their location,
 * nested locations do not.
 */

static char *
ngx_http_convrelay_merge_handler(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                 block;
    ngx_http_handler_pt        webhook;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    block = clcf->noname || clcf->lmt_excpt;

    if (block && prev->enable == 1) {
        conf->enable = 1;
        conf->llm_handler = prev->llm_handler;
    }

    if (block) {
        conf->place = prev->place;
        conf->twiml = prev->twiml;
        conf->connect_action = prev->connect_action;
    }

    webhook = conf->twiml ? ngx_http_convrelay_twiml_handler
              : conf->connect_action ? ngx_http_convrelay_connect_handler
              : NULL;

    ngx_conf_init_value(conf->enable, 0);

    if (webhook && !block
        && (conf->enable || clcf->handler != webhook
            || (conf->twiml && conf->connect_action)))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                           conf->twiml ? &conf->twiml->place : &conf->place,
                           "location \"%V\" has both \"%s\" and %s: they "
                           "need a location each", &clcf->name,
                           conf->twiml ? "convrelay_twiml"
                                       : "convrelay_connect_action",
                           conf->enable ? "\"convrelay\""
                                        : "another content handler");
        return NGX_CONF_ERROR;
    }

    if (!conf->enable) {

        /* a block of "limit_except" has no handler but its own */

        if (webhook && clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = webhook;
        }

        if (conf->own.line && clcf->handler && !block && webhook == NULL) {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &conf->own,
                               "location \"%V\" has convrelay directives, but "
                               "not \"convrelay;\": anybody can use its LLM",
                               &clcf->name);
        }

        return NGX_CONF_OK;
    }

    if (clcf->handler) {
        conf->llm_handler = clcf->handler;
    }

    if (clcf->handler || clcf->lmt_excpt) {
        clcf->handler = ngx_http_convrelay_handler;
    }

    if (conf->llm_handler == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->place,
                           "location \"%V\" has \"convrelay\", but no LLM: add "
                           "\"proxy_pass https://host/v1/chat/completions\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_check_location(cf, clcf, &conf->place);
}


static char *
ngx_http_convrelay_own_msec_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_place(cf, &clcf->own);

    return ngx_conf_set_msec_slot(cf, cmd, conf);
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
