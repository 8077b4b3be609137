
/*
 * Copyright (C) convrelay contributors
 *
 * The rules of convrelay_on: finds the one for an event of the call and
 * evaluates its actions, which act.c performs.  They are evaluated with a
 * shadow of the call's request, in a pool of their own, so that nothing
 * accumulates in the pool of a long call.
 */


#include "ngx_http_convrelay_call.h"
#include "convrelay_fold.h"
#include "convrelay_utf8.h"


/* bytes of a prompt that are searched for a match: a minute of speech */
#define NGX_HTTP_CONVRELAY_MATCH_LEN  1024


static ngx_int_t ngx_http_convrelay_on_find(
    ngx_http_convrelay_call_t *call, ngx_http_request_t *m,
    convrelay_trigger_e trigger, convrelay_str_t *text,
    ngx_http_convrelay_rule_t **found);
static ngx_int_t ngx_http_convrelay_on_matches(
    ngx_http_convrelay_call_t *call, ngx_http_request_t *m,
    ngx_http_convrelay_rule_t *rule, convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_on_keys_message(
    ngx_http_convrelay_call_t *call, ngx_http_request_t *m,
    convrelay_trigger_e trigger, convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_on_tool(ngx_http_convrelay_on_t *on,
    convrelay_tool_run_t *run);
static void ngx_http_convrelay_on_failed(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_on_action_t *action, const char *error);
static ngx_int_t ngx_http_convrelay_on_eval(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_on_action_t *action, convrelay_relay_out_t *message);


ngx_int_t
ngx_http_convrelay_on_start(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_call_t *call, const convrelay_action_t *a)
{
    ngx_int_t  rc;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay event:%ui", (ngx_uint_t) a->code);

    rc = ngx_http_convrelay_on_open(on, call,
                                    (a->code == CONVRELAY_TRIGGER_TOOL)
                                    ? call->session->run : NULL);
    if (rc != NGX_OK) {
        return rc;
    }

    on->text = a->text;

    rc = ngx_http_convrelay_on_find(call, on->shadow, a->code, &on->text,
                                    &on->rule);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_convrelay_on_keys_message(call, on->shadow, a->code,
                                                &on->text);
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_on_open(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_call_t *call, convrelay_tool_run_t *run)
{
    ngx_memzero(on, sizeof(ngx_http_convrelay_on_t));

    on->call = call;

    on->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE / 4,
                               call->connection->log);
    if (on->pool == NULL) {
        return NGX_ERROR;
    }

    on->shadow = ngx_http_convrelay_shadow(call, on->pool);
    if (on->shadow == NULL) {
        return NGX_ERROR;
    }

    return run ? ngx_http_convrelay_on_tool(on, run) : NGX_OK;
}


ngx_int_t
ngx_http_convrelay_on_next(ngx_http_convrelay_on_t *on,
    convrelay_relay_out_t *m)
{
    ngx_int_t                        rc;
    ngx_http_convrelay_on_action_t  *action;

    action = on->rule->actions.elts;

    while (on->next < on->rule->actions.nelts) {

        on->action = &action[on->next++];

        rc = ngx_http_convrelay_on_eval(on, on->action, m);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DONE;
}


void
ngx_http_convrelay_on_end(ngx_http_convrelay_on_t *on)
{
    ngx_http_cleanup_t  *cln;

    convrelay_tool_arguments_free(&on->result);

    if (on->pool == NULL) {
        return;
    }

    if (on->shadow) {

        for (cln = on->shadow->cleanup; cln; cln = cln->next) {
            if (cln->handler) {
                cln->handler(cln->data);
            }
        }
    }

    ngx_destroy_pool(on->pool);
}


/* sets the variables of the tool */

static ngx_int_t
ngx_http_convrelay_on_tool(ngx_http_convrelay_on_t *on,
    convrelay_tool_run_t *run)
{
    int                        rc;
    const char                *error;
    ngx_http_convrelay_ctx_t  *ctx;

    on->tool.name = run->tool->name;
    on->tool.key.data = run->key;
    on->tool.key.len = CONVRELAY_TOOL_KEY;
    on->tool.arguments = &run->arguments;

    if (run->result.len) {
        rc = convrelay_tool_members_read(&on->result, &run->result, &error);

        if (rc == CONVRELAY_ERROR) {
            return NGX_ERROR;
        }

        if (rc == CONVRELAY_OK) {
            on->tool.result = &on->result;
        }
    }

    ctx = ngx_http_convrelay_get_ctx(on->shadow);
    ctx->tool = &on->tool;

    return NGX_OK;
}


/* NGX_OK; NGX_DECLINED: none, and *found is NULL; NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_on_find(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_trigger_e trigger, convrelay_str_t *text,
    ngx_http_convrelay_rule_t **found)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    convrelay_str_t             matched;
    ngx_http_convrelay_rule_t  *rule, *other;

    *found = NULL;

    if (call->conf->on.rules == NULL) {
        return NGX_DECLINED;
    }

    other = NULL;
    rule = call->conf->on.rules->elts;

    matched = (trigger == CONVRELAY_TRIGGER_DTMF)
              ? convrelay_session_digits(call->session) : *text;

    if (trigger == CONVRELAY_TRIGGER_PROMPT) {
        matched.len = convrelay_utf8_fit(matched.data, matched.len,
                                         NGX_HTTP_CONVRELAY_MATCH_LEN);
    }

    for (i = 0; i < call->conf->on.rules->nelts; i++) {

        if (rule[i].trigger != trigger) {
            continue;
        }

        if (trigger == CONVRELAY_TRIGGER_DTMF && rule[i].match.data[0] == 'd') {
            other = &rule[i];
            continue;
        }

        if (trigger == CONVRELAY_TRIGGER_LLM_FAILED) {

            if (rule[i].count <= call->session->failures
                && (other == NULL || other->count < rule[i].count))
            {
                other = &rule[i];
            }

            continue;
        }

        rc = ngx_http_convrelay_on_matches(call, m, &rule[i], &matched);

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
ngx_http_convrelay_on_matches(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, ngx_http_convrelay_rule_t *rule,
    convrelay_str_t *text)
{
#if (NGX_PCRE)
    ngx_int_t        rc, code;
    ngx_str_t        str;
#endif
    ngx_str_t       *match;
    convrelay_str_t  part;

    match = &rule->match;

    if (rule->trigger == CONVRELAY_TRIGGER_DTMF
        || rule->trigger == CONVRELAY_TRIGGER_TOOL
        || rule->trigger == CONVRELAY_TRIGGER_SILENCE
        || rule->trigger == CONVRELAY_TRIGGER_CALL_TIME)
    {
        return (match->len == text->len
                && ngx_strncmp(match->data, text->data, text->len) == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    if (rule->trigger != CONVRELAY_TRIGGER_PROMPT) {
        return NGX_OK;
    }

#if (NGX_PCRE)

    if (rule->regex) {
        str = ngx_http_convrelay_ngx_str(text);

        rc = ngx_http_convrelay_on_regex_exec(m, rule, &str, &code);

        if (rc == NGX_DONE && !call->pattern_failed) {
            call->pattern_failed = 1;

            ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                          "\"convrelay_on prompt %V\" gave up on a prompt "
                          "of %uz bytes, PCRE error %i: treated as no "
                          "match, not logged again for this call",
                          match, text->len, code);
        }

        return (rc == NGX_DONE) ? NGX_DECLINED : rc;
    }

#endif

    part = ngx_http_convrelay_str(match);

    return convrelay_fold_contains(text, &part) ? NGX_OK : NGX_DECLINED;
}


/* the message to the LLM about keys that no rule handles */

static ngx_int_t
ngx_http_convrelay_on_keys_message(ngx_http_convrelay_call_t *call,
    ngx_http_request_t *m, convrelay_trigger_e trigger, convrelay_str_t *text)
{
    if (trigger != CONVRELAY_TRIGGER_DTMF) {
        return NGX_OK;
    }

    text->len = 0;

    if (call->conf->on.dtmf == NULL) {
        return NGX_OK;
    }

    return ngx_http_convrelay_value_text(m, call->conf->on.dtmf_message, text);
}


/* NGX_OK; NGX_DECLINED if there is nothing to perform; NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_on_eval(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_on_action_t *action, convrelay_relay_out_t *message)
{
    const char          *error;
    ngx_http_request_t  *m;

    m = on->shadow;

    *message = action->message;

    if (action->kind == NGX_HTTP_CONVRELAY_ON_HOLD) {
        return NGX_OK;
    }

    message->last = (message->type == CONVRELAY_RELAY_OUT_TEXT);

    if (action->json.nelts) {

        if (ngx_http_convrelay_json_eval(m, &action->json, &message->text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (ngx_http_convrelay_value_text(m, &action->text,
                                             &message->text)
               != NGX_OK
               || ngx_http_convrelay_value_text(m, &action->lang,
                                                &message->lang)
                  != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* an empty value skips the action */

    if (message->type == CONVRELAY_RELAY_OUT_SEND_DIGITS
        && message->text.len == 0)
    {
        ngx_http_convrelay_on_failed(on, action, "has no digits");
    }

    if (message->type != CONVRELAY_RELAY_OUT_SKIP
        && message->text.len == 0 && message->lang.len == 0
        && message->type != CONVRELAY_RELAY_OUT_END)
    {
        return NGX_DECLINED;
    }

    if (convrelay_relay_out_check(message, &error) == CONVRELAY_OK) {
        return NGX_OK;
    }

    ngx_http_convrelay_on_failed(on, action, error);

    ngx_http_convrelay_log(on->call, NGX_LOG_ERR, "an action was not sent",
                           "\"%V\" of \"convrelay_on %V\" %s: it is not sent",
                           &action->name, &action->trigger, error);

    return NGX_DECLINED;
}


/* puts the reason into the tool's result, which lives as long as on->pool */

static void
ngx_http_convrelay_on_failed(ngx_http_convrelay_on_t *on,
    ngx_http_convrelay_on_action_t *action, const char *error)
{
    u_char  *p;
    size_t   len;

    if (on->call->session->run == NULL) {
        return;
    }

    len = sizeof("\"\" ") + action->name.len + ngx_strlen(error);

    p = ngx_pnalloc(on->pool, len);
    if (p == NULL) {
        return;
    }

    (void) ngx_sprintf(p, "\"%V\" %s%Z", &action->name, error);

    convrelay_session_tool_failed(on->call->session, (char *) p);
}
