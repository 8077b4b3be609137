
/*
 * Copyright (C) convrelay contributors
 *
 * Directives for a caller who says nothing, or only "Hello?", and for times of
 * a call that are events.
 */


#include "ngx_http_convrelay_pause.h"
#include "convrelay_word.h"


#define NGX_HTTP_CONVRELAY_MAX_STAGES  20


static char *ngx_http_convrelay_silence_check(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static char *ngx_http_convrelay_call_times(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static ngx_int_t ngx_http_convrelay_call_time_cmp(const void *one,
    const void *two);


char *
ngx_http_convrelay_silence(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    uint64_t    *ms;
    ngx_int_t    time;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (clcf->on.silence != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        clcf->on.silence = NULL;
        return NGX_CONF_OK;
    }

    if (cf->args->nelts - 1 > NGX_HTTP_CONVRELAY_MAX_STAGES) {
        return "has more than 20 stages";
    }

    clcf->on.silence = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                        sizeof(uint64_t));
    if (clcf->on.silence == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    for (i = 1; i < cf->args->nelts; i++) {
        time = ngx_parse_time(&value[i], 0);

        if (time == NGX_ERROR || time == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time \"%V\", write the stages as in "
                               "\"10s 10s 20s\", or \"off\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        ms = ngx_array_push(clcf->on.silence);
        if (ms == NULL) {
            return NGX_CONF_ERROR;
        }

        *ms = time;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_presence(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t        *value;
    ngx_uint_t        i;
    convrelay_str_t  *phrase;

    if (clcf->on.presence != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    ngx_http_convrelay_place(cf, &clcf->own);

    clcf->on.presence = (ngx_strcmp(value[1].data, "off") != 0);

    if (!clcf->on.presence || ngx_strcmp(value[1].data, "on") == 0) {

        if (cf->args->nelts > 2) {
            return "takes phrases, or \"on\" or \"off\" alone";
        }

        return NGX_CONF_OK;
    }

    clcf->on.phrases = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                        sizeof(convrelay_str_t));
    if (clcf->on.phrases == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        phrase = ngx_array_push(clcf->on.phrases);
        if (phrase == NULL) {
            return NGX_CONF_ERROR;
        }

        *phrase = ngx_http_convrelay_str(&value[i]);

        if (!convrelay_has_word(phrase)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has no word, write what a waiting "
                               "caller says, such as \"are you there\", or "
                               "\"off\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_silence_match(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule)
{
    ngx_int_t  n;

    if (rule->trigger == CONVRELAY_TRIGGER_SILENCE) {
        n = ngx_atoi(rule->match.data, rule->match.len);

        if (n >= 1 && n <= NGX_HTTP_CONVRELAY_MAX_STAGES
            && rule->match.data[0] != '0')
        {
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid stage \"%V\" of \"silence\", write 1 for "
                           "the first time of \"convrelay_silence\"",
                           &rule->match);
        return NGX_CONF_ERROR;
    }

    n = ngx_parse_time(&rule->match, 0);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" of \"call_time\", write it as "
                           "in \"9m\"", &rule->match);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_on_hold(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_convrelay_on_action_t *action)
{
    ngx_int_t  time;

    time = ngx_parse_time(value, 0);

    if (time == NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" of \"hold\", write it as in "
                           "\"60s\"", value);
        return NGX_CONF_ERROR;
    }

    action->time = time;

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_silence_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    convrelay_session_conf_t  *session;

    session = &conf->session;

    session->presence = conf->on.presence;
    session->presence_phrases = NULL;
    session->npresence_phrases = 0;

    if (conf->on.phrases) {
        session->presence_phrases = conf->on.phrases->elts;
        session->npresence_phrases = conf->on.phrases->nelts;
    }

    session->pause = conf->on.pause ? conf->on.pause->time : 0;
    session->backchannels = NULL;
    session->nbackchannels = 0;

    if (conf->on.backchannels) {
        session->backchannels = conf->on.backchannels->elts;
        session->nbackchannels = conf->on.backchannels->nelts;
    }

    ngx_http_convrelay_marker_merge(conf);

    session->silence = NULL;
    session->nsilence = 0;
    session->max_idle_time = conf->on.max_idle_time;

    if (conf->on.silence) {
        session->silence = conf->on.silence->elts;
        session->nsilence = conf->on.silence->nelts;
    }

    session->call_times = NULL;
    session->ncall_times = 0;

    if (!conf->enable || conf->on.rules == NULL) {
        return NGX_CONF_OK;
    }

    if (ngx_http_convrelay_silence_check(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_call_times(cf, conf);
}


/* a rule for a stage that does not exist would never run */

static char *
ngx_http_convrelay_silence_check(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                  i, stages;
    ngx_http_convrelay_rule_t  *rule;

    rule = conf->on.rules->elts;
    stages = conf->session.nsilence;

    for (i = 0; i < conf->on.rules->nelts; i++) {

        if (rule[i].trigger != CONVRELAY_TRIGGER_SILENCE
            || (ngx_uint_t) ngx_atoi(rule[i].match.data, rule[i].match.len)
               <= stages)
        {
            continue;
        }

        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &rule[i].place,
                           "\"convrelay_on silence %V\" never happens: "
                           "\"convrelay_silence\" has %ui stages, write a "
                           "time for each", &rule[i].match, stages);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_call_times(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                  i;
    ngx_array_t                 times;
    convrelay_session_time_t   *time;
    ngx_http_convrelay_rule_t  *rule;

    if (ngx_array_init(&times, cf->pool, 2, sizeof(convrelay_session_time_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rule = conf->on.rules->elts;

    for (i = 0; i < conf->on.rules->nelts; i++) {

        if (rule[i].trigger != CONVRELAY_TRIGGER_CALL_TIME) {
            continue;
        }

        time = ngx_array_push(&times);
        if (time == NULL) {
            return NGX_CONF_ERROR;
        }

        time->ms = ngx_parse_time(&rule[i].match, 0);
        time->name = ngx_http_convrelay_str(&rule[i].match);

        if (conf->limits.max_call_time
            && time->ms >= conf->limits.max_call_time)
        {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &rule[i].place,
                               "\"convrelay_on call_time %V\" never happens: "
                               "\"convrelay_max_call_time\" is %M ms",
                               &rule[i].match, conf->limits.max_call_time);
            return NGX_CONF_ERROR;
        }
    }

    ngx_sort(times.elts, times.nelts, sizeof(convrelay_session_time_t),
             ngx_http_convrelay_call_time_cmp);

    conf->session.call_times = times.elts;
    conf->session.ncall_times = times.nelts;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_call_time_cmp(const void *one, const void *two)
{
    const convrelay_session_time_t *first = one;
    const convrelay_session_time_t *second = two;

    return (first->ms > second->ms) - (first->ms < second->ms);
}
