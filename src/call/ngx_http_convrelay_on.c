
/*
 * Copyright (C) convrelay contributors
 *
 * A moment has come for which convrelay_on has actions: which ones, and with
 * which values.  Values are evaluated for a shadow of the call's request in a
 * pool of the event, so that nothing of it is left in a call that lasts.
 */


#include "ngx_http_convrelay.h"


static void ngx_http_convrelay_event_run(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_event_e event, convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_event_rule(
    ngx_http_convrelay_call_t *call, ngx_http_request_t *m,
    convrelay_event_e event, convrelay_str_t *text,
    ngx_http_convrelay_rule_t **found);
static ngx_int_t ngx_http_convrelay_event_match(ngx_http_request_t *m,
    ngx_http_convrelay_rule_t *rule, convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_event_message(
    ngx_http_convrelay_call_t *call, ngx_http_request_t *m,
    convrelay_event_e event, convrelay_str_t *text);

static ngx_int_t ngx_http_convrelay_event_do(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, ngx_http_convrelay_do_t *action);


void
ngx_http_convrelay_event(ngx_http_convrelay_call_t *call,
    convrelay_action_t *a)
{
    ngx_pool_t          *pool;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *m;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay event:%ui", (ngx_uint_t) a->code);

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE / 4, call->connection->log);

    if (pool == NULL) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    m = ngx_http_convrelay_shadow(call, pool);

    if (m == NULL) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        ngx_destroy_pool(pool);
        return;
    }

    ngx_http_convrelay_event_run(call, m, a->code, &a->text);

    for (cln = m->cleanup; cln; cln = cln->next) {
        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    ngx_destroy_pool(pool);

    ngx_http_convrelay_clock_update(call);
}


static void
ngx_http_convrelay_event_run(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_event_e event, convrelay_str_t *text)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    convrelay_actions_t         out;
    ngx_http_convrelay_do_t    *action;
    ngx_http_convrelay_rule_t  *rule;

    rc = ngx_http_convrelay_event_rule(call, m, event, text, &rule);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_convrelay_event_message(call, m, event, text);
    }

    if (rc != NGX_OK) {
        goto failed;
    }

    if (rule == NULL) {
        convrelay_session_event_declined(call->session, text, &out);
        ngx_http_convrelay_call_act(call, &out);
        return;
    }

    action = rule->actions.elts;

    for (i = 0; i < rule->actions.nelts; i++) {

        if (call->closing || call->dead) {
            return;
        }

        if (ngx_http_convrelay_event_do(call, m, &action[i]) != NGX_OK) {
            goto failed;
        }
    }

    convrelay_session_event_done(call->session, ngx_current_msec, &out);
    ngx_http_convrelay_call_act(call, &out);

    return;

failed:

    ngx_http_convrelay_call_fail(call, NGX_ERROR);
}


/* NGX_OK; NGX_DECLINED: none, and *found is NULL; NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_event_rule(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_event_e event, convrelay_str_t *text,
    ngx_http_convrelay_rule_t **found)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_http_convrelay_rule_t  *rule, *other;

    *found = NULL;

    if (call->conf->rules == NULL) {
        return NGX_DECLINED;
    }

    other = NULL;
    rule = call->conf->rules->elts;

    if (event == CONVRELAY_EVENT_DTMF) {
        text = &call->session->digits;
    }

    for (i = 0; i < call->conf->rules->nelts; i++) {

        if (rule[i].event != event) {
            continue;
        }

        if (event == CONVRELAY_EVENT_DTMF && rule[i].match.data[0] == 'd') {
            other = &rule[i];
            continue;
        }

        rc = ngx_http_convrelay_event_match(m, &rule[i], text);

        if (rc == NGX_OK) {
            *found = &rule[i];
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    *found = other;

    return other ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_convrelay_event_match(ngx_http_request_t *m,
    ngx_http_convrelay_rule_t *rule, convrelay_str_t *text)
{
#if (NGX_PCRE)
    ngx_int_t   rc;
    ngx_str_t   str;
#endif
    ngx_str_t  *match;

    match = &rule->match;

    if (rule->event == CONVRELAY_EVENT_DTMF) {
        return (match->len == text->len
                && ngx_strncmp(match->data, text->data, text->len) == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    if (rule->event != CONVRELAY_EVENT_PROMPT) {
        return NGX_OK;
    }

#if (NGX_PCRE)

    if (rule->regex) {
        str.len = text->len;
        str.data = text->data;

        /* nginx would log what was said, were it the first to fail */

        rc = ngx_regex_exec(rule->regex->regex, &str, NULL, 0);

        if (rc < NGX_REGEX_NO_MATCHED) {
            ngx_log_error(NGX_LOG_ERR, m->connection->log, 0,
                          "regex \"%V\" of \"convrelay_on\" failed on a "
                          "prompt of %uz bytes: %i, it is taken as no match",
                          match, text->len, rc);
            return NGX_DECLINED;
        }

        return (rc == NGX_REGEX_NO_MATCHED)
               ? NGX_DECLINED : ngx_http_regex_exec(m, rule->regex, &str);
    }

#endif

    return (text->len >= match->len
            && ngx_strlcasestrn(text->data, text->data + text->len,
                                match->data, match->len - 1))
           ? NGX_OK : NGX_DECLINED;
}


/* what the model is told of keys that nothing else is configured for */

static ngx_int_t
ngx_http_convrelay_event_message(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_event_e event, convrelay_str_t *text)
{
    if (event != CONVRELAY_EVENT_DTMF) {
        return NGX_OK;
    }

    text->len = 0;

    if (call->conf->dtmf == NULL) {
        return NGX_OK;
    }

    return ngx_http_convrelay_value_text(m, call->conf->dtmf_message, text);
}


static ngx_int_t
ngx_http_convrelay_event_do(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, ngx_http_convrelay_do_t *action)
{
    const char             *error;
    convrelay_pair_t        pair;
    convrelay_actions_t     out;
    convrelay_relay_out_t   message;

    message = action->message;
    message.last = (message.type == CONVRELAY_RELAY_OUT_TEXT);

    if (action->json.parts.nelts) {

        if (ngx_http_convrelay_json_eval(m, &action->json, &pair) != NGX_OK) {
            return NGX_ERROR;
        }

        message.text = pair.value;

    } else if (ngx_http_convrelay_value_text(m, &action->text, &message.text)
               != NGX_OK
               || ngx_http_convrelay_value_text(m, &action->lang,
                                                &message.lang)
                  != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* an empty value is a way of saying: not this time */

    if (message.text.len == 0 && message.lang.len == 0
        && message.type != CONVRELAY_RELAY_OUT_END)
    {
        return NGX_OK;
    }

    if (convrelay_relay_out_check(&message, &error) != CONVRELAY_OK) {
        ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                      "\"%V\" of \"convrelay_on %V\" %s: it is not sent",
                      &action->name, &action->event, error);
        return NGX_OK;
    }

    convrelay_session_perform(call->session, &message, ngx_current_msec,
                              &out);

    ngx_http_convrelay_call_act(call, &out);

    return NGX_OK;
}
