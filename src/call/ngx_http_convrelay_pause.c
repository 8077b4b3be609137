
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_resume TIME [PHRASE] | off: an answer that a noise has interrupted
 * goes on.
 *
 * convrelay_backchannel PHRASE ... | off: words that do not interrupt it.
 *
 * convrelay_interrupt_marker TEXT | off: what an answer that was cut ends with,
 * for the LLM.
 */


#include "ngx_http_convrelay_pause.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


/* ms: a caller who has waited for longer has given up */
#define NGX_HTTP_CONVRELAY_PAUSE_LIMIT        30000

/* a prompt with more words is one */
#define NGX_HTTP_CONVRELAY_BACKCHANNEL_WORDS  3

/* bytes: it is sent with each answer that was cut */
#define NGX_HTTP_CONVRELAY_MAX_MARKER         128


static const char *ngx_http_convrelay_marker_check(const ngx_str_t *text);


char *
ngx_http_convrelay_pause(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_int_t                    time;
    ngx_str_t                   *value;
    ngx_http_convrelay_pause_t  *pause;

    if (clcf->on.pause != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    pause = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_pause_t));
    if (pause == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->on.pause = pause;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    time = ngx_parse_time(&value[1], 0);

    if (time == NGX_ERROR || time == 0
        || time > NGX_HTTP_CONVRELAY_PAUSE_LIMIT)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\", write how long words are "
                           "waited for after an interruption, as in "
                           "\"1500ms\", at most \"30s\", or \"off\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    pause->time = time;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    pause->phrase = ngx_palloc(cf->pool, sizeof(ngx_http_convrelay_value_t));
    if (pause->phrase == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_filler_compile(cf, &value[2], pause->phrase);
}


char *
ngx_http_convrelay_backchannel(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t        *value;
    ngx_uint_t        i;
    convrelay_str_t  *phrase;

    if (clcf->on.backchannels != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        clcf->on.backchannels = NULL;
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    clcf->on.backchannels = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                             sizeof(convrelay_str_t));
    if (clcf->on.backchannels == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        phrase = ngx_array_push(clcf->on.backchannels);
        if (phrase == NULL) {
            return NGX_CONF_ERROR;
        }

        *phrase = ngx_http_convrelay_str(&value[i]);

        if (!convrelay_has_word(phrase)
            || convrelay_word_count(phrase)
               > NGX_HTTP_CONVRELAY_BACKCHANNEL_WORDS)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\", write what a caller says who "
                               "is only listening, at most three words, such "
                               "as \"uh-huh\", or \"off\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_marker(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t   *value;
    const char  *wrong;

    if (clcf->on.marker.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&clcf->on.marker, "");
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    wrong = ngx_http_convrelay_marker_check(&value[1]);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid marker \"%V\" %s, write what tells the "
                           "LLM that the caller interrupted it, such as "
                           "\" [interrupted by the caller]\", or \"off\"",
                           &value[1], wrong);
        return NGX_CONF_ERROR;
    }

    clcf->on.marker = value[1];

    return NGX_CONF_OK;
}


/* NULL, or what is wrong.  Words alone would be taken for ones that were said,
   and could not be told from them where the LLM writes the marker itself */

static const char *
ngx_http_convrelay_marker_check(const ngx_str_t *text)
{
    uint32_t       first, cp;
    const u_char  *p, *last;

    if (text->len > NGX_HTTP_CONVRELAY_MAX_MARKER) {
        return "is longer than 128 bytes";
    }

    if (convrelay_utf8_valid(text->data, text->len) != text->len) {
        return "is not valid UTF-8";
    }

    p = text->data;
    last = p + text->len;
    first = 0;

    while (p < last) {
        cp = convrelay_utf8_decode(&p, last);

        if (convrelay_utf8_is_control(cp)) {
            return "has a control character";
        }

        if (first == 0 && cp != ' ') {
            first = cp;
        }
    }

    if (first == 0) {
        return "is empty";
    }

    return convrelay_is_word(first) ? "begins with a letter or a digit" : NULL;
}


void
ngx_http_convrelay_marker_merge(ngx_http_convrelay_loc_conf_t *conf)
{
    convrelay_str_t  text;

    text = ngx_http_convrelay_str(&conf->on.marker);

    conf->session.marker = text;

    while (text.len && text.data[0] == ' ') {
        text.data++;
        text.len--;
    }

    while (text.len && text.data[text.len - 1] == ' ') {
        text.len--;
    }

    /* marks alone, such as "...", may be meant as they are */

    if (!convrelay_has_word(&text)) {
        text.len = 0;
    }

    conf->session.spoken_marker = text;
}


void
ngx_http_convrelay_pause_lead(ngx_http_convrelay_call_t *call,
    convrelay_actions_t *out)
{
    ngx_int_t                    rc;
    convrelay_str_t              text;
    ngx_http_convrelay_on_t      on;
    ngx_http_convrelay_value_t  *value;

    /* from now on, a turn that ends was not interrupted */

    call->interrupts = call->session->interrupts;

    value = call->conf->on.pause->phrase;

    if (value == NULL) {
        return;
    }

    ngx_memzero(&on, sizeof(ngx_http_convrelay_on_t));

    rc = NGX_OK;

    if (value->value->lengths) {
        rc = ngx_http_convrelay_on_open(&on, call, NULL);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_value_text(on.shadow ? on.shadow
                                                     : call->request,
                                           value, &text);
    }

    if (rc == NGX_OK) {
        convrelay_session_lead(call->session, &text, out);

    } else {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
    }

    ngx_http_convrelay_on_end(&on);
}
