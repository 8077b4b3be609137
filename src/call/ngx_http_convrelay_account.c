
/*
 * Copyright (C) convrelay contributors
 *
 * What a live call keeps for its report, and the report itself at its end.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_report.h"


/* on the heap, from the setup to the end of the call */

struct ngx_http_convrelay_account_s {
    ngx_http_convrelay_report_t      *earlier;        /* that of the call's
                                                         earlier sessions, or
                                                         NULL */
    convrelay_report_out_t            words;
    convrelay_report_out_t            tools;
    uint64_t                          started;
    ngx_http_convrelay_report_place_t place;
    unsigned                          stored:1;
    unsigned                          lost:1; /* another session has it */
};


static void ngx_http_convrelay_account_place(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_account_t *a, convrelay_relay_setup_t *setup);
static void ngx_http_convrelay_account_report(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_account_t *a, ngx_uint_t over);
static void ngx_http_convrelay_account_figures(
    ngx_http_convrelay_call_t *call, ngx_http_convrelay_account_t *a,
    ngx_uint_t over, convrelay_report_figures_t *figures);
static ngx_uint_t ngx_http_convrelay_account_again(
    const convrelay_session_t *s);
static convrelay_report_reason_e ngx_http_convrelay_account_reason(
    ngx_http_convrelay_call_t *call);
static uint64_t ngx_http_convrelay_account_now(void);
static void ngx_http_convrelay_account_free(ngx_http_convrelay_account_t *a);


void
ngx_http_convrelay_account_begin(ngx_http_convrelay_call_t *call)
{
    convrelay_str_t               *texts;
    convrelay_relay_setup_t        setup;
    ngx_http_convrelay_account_t  *a;

    if (call->conf->report == NULL) {
        return;
    }

    convrelay_session_get_setup(call->session, &setup);

    if (setup.call_sid.len == 0) {
        return;
    }

    a = ngx_calloc(sizeof(ngx_http_convrelay_account_t),
                   call->connection->log);
    if (a == NULL) {
        return;
    }

    a->started = ngx_http_convrelay_account_now();

    ngx_http_convrelay_account_place(call, a, &setup);

    a->earlier = ngx_http_convrelay_report_take(call->main, call->tenant,
                                                &setup.account_sid,
                                                &setup.call_sid, a->stored);

    /* whatever is stored, it is this session's from now on */

    a->place.record.serial = 0;

    if (a->earlier) {
        texts = a->earlier->report.texts;
        a->place.record.head.saved = a->earlier->place.record.head.saved;

        convrelay_report_put(&a->words, texts[CONVRELAY_REPORT_WORDS].data,
                             texts[CONVRELAY_REPORT_WORDS].len);
        convrelay_report_put(&a->tools, texts[CONVRELAY_REPORT_TOOLS].data,
                             texts[CONVRELAY_REPORT_TOOLS].len);
    }

    call->account = a;

    ngx_http_convrelay_account_store(call);
}


static void
ngx_http_convrelay_account_place(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_account_t *a, convrelay_relay_setup_t *setup)
{
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    ngx_http_convrelay_report_place(&a->place, call->tenant, 0,
                                    &setup->account_sid, &setup->call_sid);

    if (call->main->store == NULL || !call->conf->store.enable) {
        return;
    }

    clcf = ngx_http_get_module_loc_conf(call->request, ngx_http_core_module);
    cscf = ngx_http_get_module_srv_conf(call->request, ngx_http_core_module);

    ngx_http_convrelay_report_location(&a->place, call->main, cscf, clcf);
    a->place.ttl = ngx_http_convrelay_report_ttl(call->conf);
    a->place.record.away = call->conf->store.away;
    a->stored = 1;
}


/* once in a turn: what is lost if the worker is killed is the current one */

void
ngx_http_convrelay_account_store(ngx_http_convrelay_call_t *call)
{
    if (call->account && call->account->stored && !call->account->lost) {
        ngx_http_convrelay_account_report(call, call->account, 0);
    }
}


void
ngx_http_convrelay_account_alive(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_account_t  *a;

    a = call->account;

    if (a && a->stored && !a->lost
        && ngx_http_convrelay_record_touch(call->main, &a->place.record,
                                           a->place.ttl)
           != NGX_OK)
    {
        ngx_http_convrelay_account_report(call, a, 0);
    }
}


void
ngx_http_convrelay_account_word(ngx_http_convrelay_call_t *call,
    ngx_msec_t ms)
{
    if (call->account) {
        convrelay_report_word(&call->account->words, ms);
    }
}


void
ngx_http_convrelay_account_tool(ngx_http_convrelay_call_t *call,
    ngx_uint_t tool, ngx_msec_t ms, const char *outcome)
{
    convrelay_str_t             name;
    ngx_http_convrelay_tool_t  *list;

    if (call->account == NULL) {
        return;
    }

    list = call->conf->tools.list->elts;
    name = ngx_http_convrelay_str(&list[tool].name);

    convrelay_report_tool(&call->account->tools, &name, ms, outcome);
}


/* a socket that another one has replaced leaves the report to that one; with a
   store, the report's record says whether there is another one: the call's may
   be gone since Twilio's request has ended the call */

void
ngx_http_convrelay_account_end(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_account_t  *a;

    a = call->account;

    if (a == NULL) {
        return;
    }

    if (!a->lost
        && (a->stored
            || call->end - 1 != CONVRELAY_METRIC_SESSION_REPLACED
                             - CONVRELAY_METRIC_SESSION_HANGUP))
    {
        if (call->wordless && call->session->first_token >= 0) {

            /* of the turn that the end of the call has cut short */

            call->wordless = 0;
            convrelay_report_word(&a->words, call->session->first_token);
        }

        ngx_http_convrelay_tools_running(call);

        ngx_http_convrelay_account_report(call, a, 1);
    }

    call->account = NULL;
    ngx_http_convrelay_account_free(a);
}


/* over: the call is; else the report is only stored, as that of a call which
   is lost now */

static void
ngx_http_convrelay_account_report(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_account_t *a, ngx_uint_t over)
{
    size_t                     max;
    convrelay_str_t           *texts;
    convrelay_report_t         report;
    convrelay_report_out_t     members, messages, newest;
    convrelay_transcript_t     transcript;
    convrelay_relay_setup_t    setup;
    ngx_http_core_srv_conf_t  *cscf;

    convrelay_session_get_setup(call->session, &setup);

    ngx_memzero(&report, sizeof(convrelay_report_t));
    ngx_memzero(&members, sizeof(convrelay_report_out_t));
    ngx_memzero(&messages, sizeof(convrelay_report_out_t));
    ngx_memzero(&newest, sizeof(convrelay_report_out_t));

    ngx_http_convrelay_account_figures(call, a, over, &report.figures);

    convrelay_report_members(&members, call->session,
                             call->conf->limits.log_numbers);

    texts = report.texts;

    if (call->conf->report->transcript) {
        convrelay_session_transcript(call->session, over, ngx_current_msec,
                                     &transcript);

        /* a record of the report must not be longer than one of the call */

        max = a->stored ? ngx_min(CONVRELAY_REPORT_MAX_MESSAGES,
                                  call->conf->store.max_size)
                        : CONVRELAY_REPORT_MAX_MESSAGES;

        convrelay_report_messages(&newest, &call->session->history,
                                  &transcript, max);

        if (a->earlier && call->session->resumed == 0) {
            convrelay_report_earlier(&messages,
                   &a->earlier->report.texts[CONVRELAY_REPORT_MESSAGES],
                   max - newest.len);
        }

        convrelay_report_put(&messages, newest.data, newest.len);
    }

    texts[CONVRELAY_REPORT_CALL] = setup.call_sid;
    texts[CONVRELAY_REPORT_ACCOUNT] = setup.account_sid;
    texts[CONVRELAY_REPORT_SESSION] = setup.session_id;
    texts[CONVRELAY_REPORT_MEMBERS].data = members.data;
    texts[CONVRELAY_REPORT_MEMBERS].len = members.len;
    texts[CONVRELAY_REPORT_WORDS].data = a->words.data;
    texts[CONVRELAY_REPORT_WORDS].len = a->words.len;
    texts[CONVRELAY_REPORT_TOOLS].data = a->tools.data;
    texts[CONVRELAY_REPORT_TOOLS].len = a->tools.len;
    texts[CONVRELAY_REPORT_MESSAGES].data = messages.data;
    texts[CONVRELAY_REPORT_MESSAGES].len = messages.len;

    if (over) {
        cscf = ngx_http_get_module_srv_conf(call->request,
                                            ngx_http_core_module);

        ngx_http_convrelay_report_add(call->main, call->conf, cscf->ctx,
                                      &report, &a->place, a->stored);

    } else if (ngx_http_convrelay_report_store(call->main, &a->place,
                                               NGX_HTTP_CONVRELAY_REPORT_LIVE,
                                               ngx_pid, 0, &report)
               == NGX_DECLINED)
    {
        a->lost = 1;
    }

    convrelay_report_free(&members);
    convrelay_report_free(&messages);
    convrelay_report_free(&newest);
}


static void
ngx_http_convrelay_account_figures(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_account_t *a, ngx_uint_t over,
    convrelay_report_figures_t *figures)
{
    convrelay_session_t  *s;

    s = call->session;

    if (a->earlier) {
        *figures = a->earlier->report.figures;

    } else {
        figures->started = a->started;
        figures->partial = s->resumed || ngx_http_convrelay_account_again(s);
    }

    figures->ended = ngx_http_convrelay_account_now();
    figures->sessions++;
    figures->failures += call->failures;

    if (s->resumed) {

        /* the session continues the earlier one, and counts for both */

        figures->turns = 0;
        figures->interrupts = 0;
        figures->tokens_in = 0;
        figures->tokens_out = 0;
    }

    figures->turns += s->turns;
    figures->interrupts += s->interrupts;
    figures->tokens_in += s->input_tokens;
    figures->tokens_out += s->output_tokens;
    figures->code = 0;
    figures->seconds = 0;

    if (over) {
        figures->end = call->end - 1;
        figures->reason = ngx_http_convrelay_account_reason(call);

    } else {
        figures->end = CONVRELAY_METRIC_SESSION_DROPPED
                       - CONVRELAY_METRIC_SESSION_HANGUP;
        figures->reason = CONVRELAY_REPORT_FAILED;
    }
}


/* whether it is not the call's first session: "reconnect" began it */

static ngx_uint_t
ngx_http_convrelay_account_again(const convrelay_session_t *s)
{
    convrelay_str_t  name = convrelay_string(NGX_HTTP_CONVRELAY_RECONNECTS);

    return convrelay_pair_find(s->parameters, s->nparameters, &name) != NULL;
}


static convrelay_report_reason_e
ngx_http_convrelay_account_reason(ngx_http_convrelay_call_t *call)
{
    switch (CONVRELAY_METRIC_SESSION_HANGUP + call->end - 1) {

    case CONVRELAY_METRIC_SESSION_HANGUP:
        return CONVRELAY_REPORT_COMPLETED;

    case CONVRELAY_METRIC_SESSION_ENDED:
    case CONVRELAY_METRIC_SESSION_TOO_LONG:
        return CONVRELAY_REPORT_ENDED;

    default:
        return CONVRELAY_REPORT_FAILED;
    }
}


/* ms since 1970 */

static uint64_t
ngx_http_convrelay_account_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


static void
ngx_http_convrelay_account_free(ngx_http_convrelay_account_t *a)
{
    if (a->earlier) {
        ngx_http_convrelay_report_free(a->earlier);
    }

    convrelay_report_free(&a->words);
    convrelay_report_free(&a->tools);

    ngx_free(a);
}
