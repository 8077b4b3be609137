
/*
 * Copyright (C) convrelay contributors
 *
 * Performs the actions of the session.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_prewarm.h"
#include "ngx_http_convrelay_keep.h"
#include "ngx_http_convrelay_pause.h"


static void ngx_http_convrelay_act(convrelay_actions_t *out,
    const convrelay_action_t *a);
static void ngx_http_convrelay_act_cancel(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a);
static void ngx_http_convrelay_act_hedge(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_act_hedge_end(ngx_http_convrelay_call_t *call,
    const char *note);
static void ngx_http_convrelay_act_hedge_takes(
    ngx_http_convrelay_call_t *call, const char *note);
static void ngx_http_convrelay_act_lose(ngx_http_convrelay_turn_t *t,
    const char *note);
static void ngx_http_convrelay_act_setup(ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_act_admit(ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_act_text(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a);
static ngx_int_t ngx_http_convrelay_act_send(ngx_http_convrelay_call_t *call,
    const convrelay_relay_out_t *m);
static void ngx_http_convrelay_act_note(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a);
static void ngx_http_convrelay_act_trigger(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a);
static ngx_int_t ngx_http_convrelay_act_rule(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_on_t *on, const convrelay_action_t *a);


convrelay_actions_t
ngx_http_convrelay_actions(ngx_http_convrelay_call_t *call)
{
    convrelay_actions_t  out;

    out.act = ngx_http_convrelay_act;
    out.data = call;

    return out;
}


static void
ngx_http_convrelay_act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    ngx_http_convrelay_call_t *call = out->data;

    convrelay_str_t  reason;

    if (call->closing || call->dead) {
        return;
    }

    switch (a->type) {

    case CONVRELAY_ACT_SETUP:
        ngx_http_convrelay_act_setup(call);
        break;

    case CONVRELAY_ACT_RESTORE:
        ngx_http_convrelay_resume(call);
        break;

    case CONVRELAY_ACT_CONTEXT:
        call->wait = 1;
        break;

    case CONVRELAY_ACT_CANCEL:
        ngx_http_convrelay_act_cancel(call, a);

        break;

    case CONVRELAY_ACT_TEXT:
        if (call->unheard && convrelay_has_word(&a->text)) {
            ngx_http_convrelay_stat_sound(call);
        }

        if (ngx_http_convrelay_act_text(call, a) != NGX_OK) {
            ngx_http_convrelay_call_fail(call, NGX_ERROR);
        }

        break;

    case CONVRELAY_ACT_START:
        call->start = 1;
        ngx_http_convrelay_stat_start(call);

        if (call->answering) {
            ngx_post_event(&call->event, &ngx_posted_events);

        } else if (!call->reading) {
            ngx_http_convrelay_act_start(call);
        }

        break;

    case CONVRELAY_ACT_HEDGE:
        ngx_http_convrelay_act_hedge(call);
        break;

    case CONVRELAY_ACT_HEDGE_END:
        ngx_http_convrelay_act_hedge_end(call, a->note);
        break;

    case CONVRELAY_ACT_HEDGE_TAKES:
        ngx_http_convrelay_act_hedge_takes(call, a->note);
        break;

    case CONVRELAY_ACT_TOOL:

        /* the record says that the tool was started, whatever comes then */

        if (ngx_http_convrelay_keep_now(call) == NGX_OK) {
            ngx_http_convrelay_tool_start(call, a->run, out);

        } else {
            a->run->failed = 1;
        }

        break;

    case CONVRELAY_ACT_TOOL_CANCEL:
        ngx_http_convrelay_tool_cancel(a->run);
        break;

    case CONVRELAY_ACT_TOOL_ENDS:
        ngx_http_convrelay_stat_tool_ends(call, a);
        break;

    case CONVRELAY_ACT_FILLER:
        ngx_http_convrelay_filler_phrase(call, a, out);
        break;

    case CONVRELAY_ACT_BACKCHANNEL:
        ngx_http_convrelay_count(call->conf, BACKCHANNELS);
        break;

    case CONVRELAY_ACT_GO_ON:
        ngx_http_convrelay_count(call->conf, RESUMED_ANSWERS);
        ngx_http_convrelay_pause_lead(call, out);
        break;

    case CONVRELAY_ACT_CLOSE:
        if (!a->logged) {
            ngx_http_convrelay_stat_note(call, a->note);
            ngx_http_convrelay_act_note(call, a);
        }

        reason.len = ngx_strlen(a->note);
        reason.data = (u_char *) a->note;

        ngx_http_convrelay_stat_close(call, a->code);
        ngx_http_convrelay_call_close(call, a->code, &reason);
        break;

    case CONVRELAY_ACT_LOG:
        ngx_http_convrelay_stat_note(call, a->note);
        ngx_http_convrelay_act_note(call, a);
        break;

    case CONVRELAY_ACT_SEND:
        if (call->unheard && (a->message->type == CONVRELAY_RELAY_OUT_TEXT
                              || a->message->type == CONVRELAY_RELAY_OUT_PLAY))
        {
            ngx_http_convrelay_stat_sound(call);
        }

        if (ngx_http_convrelay_act_send(call, a->message) != NGX_OK) {
            ngx_http_convrelay_call_fail(call, NGX_ERROR);
        }

        break;

    case CONVRELAY_ACT_TRIGGER:
        ngx_http_convrelay_act_trigger(call, a);
        break;
    }
}


static void
ngx_http_convrelay_act_cancel(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    call->start = 0;

    if (call->session->turn == CONVRELAY_TURN_IDLE) {
        call->unheard = 0;
    }

    ngx_http_convrelay_act_hedge_end(call, NULL);

    if (call->turn == NULL) {
        ngx_http_convrelay_stat_waits(call, a->note != NULL);
        return;
    }

    if (a->note) {
        ngx_http_convrelay_stat_late(call->turn);
        ngx_http_convrelay_turn_failed(call->turn, a->note);
    }

    ngx_http_convrelay_turn_cancel(call->turn);

    /* if a delta exceeded a limit, nothing else would settle the turn */

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_clock_update(call);
}


static void
ngx_http_convrelay_act_hedge(ngx_http_convrelay_call_t *call)
{
    if (ngx_http_convrelay_turn_start(call, 1) != NGX_OK) {
        convrelay_session_hedge_missed(call->session);
    }

    ngx_http_convrelay_clock_update(call);
}


static void
ngx_http_convrelay_act_hedge_end(ngx_http_convrelay_call_t *call,
    const char *note)
{
    ngx_http_convrelay_turn_t  *t;

    t = ngx_http_convrelay_turn_hedge(call);

    if (t) {
        t->hedge = 0;
        ngx_http_convrelay_act_lose(t, note);
    }
}


/* the turn goes on with the answer of the second LLM */

static void
ngx_http_convrelay_act_hedge_takes(ngx_http_convrelay_call_t *call,
    const char *note)
{
    ngx_http_convrelay_turn_t  *t, *first;

    first = call->turn;
    t = ngx_http_convrelay_turn_hedge(call);

    t->hedge = 0;
    t->said = call->session->tokens;
    call->turn = t;
    call->start = 0;

    if (first) {
        ngx_http_convrelay_act_lose(first, note);
    }
}


/* the request of an LLM is ended; note: how it failed, or NULL */

static void
ngx_http_convrelay_act_lose(ngx_http_convrelay_turn_t *t, const char *note)
{
    if (note) {
        ngx_http_convrelay_turn_failed(t, note);
    }

    ngx_http_convrelay_turn_usage(t);
    ngx_http_convrelay_stat_lost(t, note ? CONVRELAY_METRIC_LLM_TOO_SLOW
                                         : CONVRELAY_METRIC_N);
    ngx_http_convrelay_fetch_cancel(t->fetch);
}


/*
 * One packet can hold many prompts, and each turn holds a copy of the history:
 * a turn is started only for the last prompt.
 */

void
ngx_http_convrelay_act_start(ngx_http_convrelay_call_t *call)
{
    convrelay_actions_t  out;

    static const convrelay_str_t  none = convrelay_null_string;

    if (!call->start || call->closing || call->dead) {
        return;
    }

    call->start = 0;

    if (ngx_http_convrelay_turn_start(call, 0) == NGX_OK) {
        return;
    }

    ngx_http_convrelay_stat_unmade(call);

    out = ngx_http_convrelay_actions(call);

    convrelay_session_llm_excuse(call->session);
    convrelay_session_turn_end(call->session, CONVRELAY_TURN_FAILED, &none,
                               ngx_current_msec, &out);

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_clock_update(call);
}


/* setup has arrived: checks ticket and limits, then evaluates the system
   prompt, unless an earlier session or a context is to come */

static void
ngx_http_convrelay_act_setup(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_captures_t  captures;

    ngx_http_convrelay_captures_keep(call->request, &captures);
    ngx_http_convrelay_act_admit(call);
    ngx_http_convrelay_captures_restore(call->request, &captures);

    /* a session that may go on looks for its records later */

    if (call->tenant
        && (call->keep == NULL
            || (call->conf->report == NULL && !call->conf->store.away)))
    {
        ngx_free(call->tenant);
        call->tenant = NULL;
    }
}


/* whether the call may continue; prepares what it needs */

static void
ngx_http_convrelay_act_admit(ngx_http_convrelay_call_t *call)
{
    ngx_int_t                     rc;
    convrelay_str_t               reason, ended_session;
    ngx_http_convrelay_record_t  *record;

    static const convrelay_str_t  none = convrelay_null_string;

    ngx_http_convrelay_flush_variables(call->request);

    if ((call->tenant
         && ngx_http_convrelay_tenant_session(call->request, call->tenant)
            != NGX_OK)
        || ngx_http_convrelay_keep_create(call,
                                          ngx_http_convrelay_call_replaced)
           != NGX_OK)
    {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    record = call->keep ? &call->keep->record : NULL;

    convrelay_str_null(&ended_session);

    rc = call->session->bare
         ? ngx_http_convrelay_redial_check(call)
         : ngx_http_convrelay_ticket_check(call->request, &call->conf->auth,
                                           call->session, record,
                                           &ended_session);

    if (rc != NGX_OK) {
        ngx_http_convrelay_keep_stop(call);
        ngx_http_convrelay_count(call->conf, REFUSED_TICKET);
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_REFUSED);

        convrelay_str_set(&reason, "no valid ticket");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                      &reason);
        return;
    }

    if (ngx_http_convrelay_limit_setup(call, &ended_session) != NGX_OK) {
        ngx_http_convrelay_keep_stop(call);
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_REFUSED);

        convrelay_str_set(&reason, "too many calls");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                      &reason);
        return;
    }

    if (call->keep == NULL) {
        ngx_http_convrelay_account_begin(call);
    }

    if (call->conf->prewarm) {
        ngx_http_convrelay_prewarm_start(call);
    }

    if (call->conf->context == NULL && call->keep == NULL
        && ngx_http_convrelay_request_prepare(call, &none) != NGX_OK)
    {
        convrelay_str_set(&reason, "no system prompt");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_INTERNAL_ERROR,
                                      &reason);
    }
}


static ngx_int_t
ngx_http_convrelay_act_text(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    size_t   size;
    u_char  *p;

    size = convrelay_relay_text_size(&a->text, a->last);

    p = ngx_http_convrelay_output_reserve(call,
                                          CONVRELAY_WS_MAX_HEADER + size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = convrelay_ws_header(p, CONVRELAY_WS_TEXT, size);
    p = convrelay_relay_text_write(p, &a->text, a->last);

    ngx_http_convrelay_output_commit(call, p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_act_send(ngx_http_convrelay_call_t *call,
    const convrelay_relay_out_t *m)
{
    size_t   size;
    u_char  *p;

    size = convrelay_relay_out_size(m);

    p = ngx_http_convrelay_output_reserve(call,
                                          CONVRELAY_WS_MAX_HEADER + size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = convrelay_ws_header(p, CONVRELAY_WS_TEXT, size);
    p = convrelay_relay_out_write(p, m);

    ngx_http_convrelay_output_commit(call, p);

    return NGX_OK;
}


static void
ngx_http_convrelay_act_note(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    char        text[65];
    ngx_uint_t  level;

    /* the session's warnings are visible at nginx's default level */

    static ngx_uint_t  levels[] = {
        NGX_LOG_INFO, NGX_LOG_ERR, NGX_LOG_ERR
    };

    level = (a->type == CONVRELAY_ACT_CLOSE) ? NGX_LOG_INFO
                                             : levels[a->level];

    if (a->line.len) {
        ngx_http_convrelay_log(call, level, a->note, "%*s", a->line.len,
                               a->line.data);
        return;
    }

    if (a->text.len == 0) {
        ngx_http_convrelay_log(call, level, a->note, "convrelay: %s", a->note);
        return;
    }

    /* it comes from outside: make it one printable line */

    convrelay_redact(text, sizeof(text), a->text.data, a->text.len);

    ngx_http_convrelay_log(call, level, a->note, "convrelay: %s: \"%s\"",
                           a->note, text);
}


static void
ngx_http_convrelay_act_trigger(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    ngx_http_convrelay_on_t  on;

    if (call->session->trigger == CONVRELAY_TRIGGER_SILENCE) {
        ngx_http_convrelay_count(call->conf, NUDGES);
    }

    if (ngx_http_convrelay_act_rule(call, &on, a) != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
    }

    ngx_http_convrelay_on_end(&on);

    ngx_http_convrelay_clock_update(call);
}


/* each action is evaluated after the previous ones were performed */

static ngx_int_t
ngx_http_convrelay_act_rule(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_on_t *on, const convrelay_action_t *a)
{
    ngx_int_t              rc;
    convrelay_actions_t    out;
    convrelay_relay_out_t  m;

    if (ngx_http_convrelay_on_start(on, call, a) != NGX_OK) {
        return NGX_ERROR;
    }

    out = ngx_http_convrelay_actions(call);

    if (on->rule == NULL) {
        convrelay_session_trigger_declined(call->session, &on->text,
                                           ngx_current_msec, &out);
        return NGX_OK;
    }

    if (a->code == CONVRELAY_TRIGGER_SILENCE) {
        call->nudges++;
    }

    for ( ;; ) {
        rc = ngx_http_convrelay_on_next(on, &m);

        if (rc != NGX_OK) {
            break;
        }

        switch (on->action->kind) {

        case NGX_HTTP_CONVRELAY_ON_SEND:
            convrelay_session_perform(call->session, &m, ngx_current_msec,
                                      &out);
            break;

        case NGX_HTTP_CONVRELAY_ON_HOLD:
            convrelay_session_hold(call->session, on->action->time,
                                   ngx_current_msec);
            break;

        case NGX_HTTP_CONVRELAY_ON_ASK:
            convrelay_session_ask_later(call->session, &m.text, &out);
            break;
        }

        if (call->closing || call->dead) {
            return NGX_OK;
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    convrelay_session_trigger_done(call->session, ngx_current_msec, &out);

    return NGX_OK;
}
