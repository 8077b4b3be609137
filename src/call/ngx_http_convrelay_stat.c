
/*
 * Copyright (C) convrelay contributors
 *
 * Counts calls: how they end, their turns, and what they are doing.  A turn
 * costs about twenty atomic additions, a token one addition in the turn's own
 * memory.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_keep.h"
#include "ngx_http_convrelay_zone.h"


static convrelay_metric_e ngx_http_convrelay_stat_kind(
    ngx_http_convrelay_turn_t *t, convrelay_turn_outcome_e how);
static convrelay_metric_e ngx_http_convrelay_stat_cancelled(
    ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_stat_pending(ngx_http_convrelay_call_t *call,
    convrelay_metric_e outcome);
static void ngx_http_convrelay_stat_outcome(ngx_http_convrelay_call_t *call);
static ngx_msec_t ngx_http_convrelay_stat_since(
    ngx_http_convrelay_call_t *call, ngx_msec_t at);
static void ngx_http_convrelay_stat_request(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_stat_gaps(ngx_http_convrelay_turn_t *t,
    convrelay_metric_t *words);
static void ngx_http_convrelay_stat_requests(ngx_http_convrelay_turn_t *t,
    convrelay_metric_t *words);
static void ngx_http_convrelay_stat_llm(ngx_http_convrelay_llm_metrics_t *llm,
    convrelay_metric_e index, ngx_uint_t n);


void
ngx_http_convrelay_stat_ends(ngx_http_convrelay_call_t *call,
    convrelay_metric_e how)
{
    if (call->end == 0) {
        call->end = how - CONVRELAY_METRIC_SESSION_HANGUP + 1;
    }
}


void
ngx_http_convrelay_stat_close(ngx_http_convrelay_call_t *call,
    ngx_uint_t code)
{
    convrelay_metric_e  how;

    switch (code) {

    case CONVRELAY_WS_NORMAL:
        how = CONVRELAY_METRIC_SESSION_ENDED;
        break;

    case CONVRELAY_WS_INTERNAL_ERROR:
        how = CONVRELAY_METRIC_SESSION_ERROR;
        break;

    default:
        how = CONVRELAY_METRIC_SESSION_PROTOCOL;
    }

    ngx_http_convrelay_stat_ends(call, how);
}


/* called once for each call, after its last chance to note how it ended */

void
ngx_http_convrelay_stat_session(ngx_http_convrelay_call_t *call)
{
    ngx_time_t          *tp;
    ngx_msec_int_t       ms;
    convrelay_metric_e   how;
    convrelay_metric_t  *words;

    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_ERROR);

    if (call->turn) {
        ngx_http_convrelay_stat_turn(call->turn,
                                     CONVRELAY_METRIC_TURN_ABANDONED);
    }

    if (call->open) {

        if (call->pending == 0) {
            ngx_http_convrelay_stat_pending(call,
                                            CONVRELAY_METRIC_TURN_ABANDONED);
        }

        ngx_http_convrelay_stat_outcome(call);
    }

    words = ngx_http_convrelay_metrics(call->conf);

    if (words == NULL) {
        return;
    }

    how = call->browser ? CONVRELAY_METRIC_BROWSER_HANGUP
                        : CONVRELAY_METRIC_SESSION_HANGUP;

    convrelay_metric_add(words, how + call->end - 1, 1);

    tp = ngx_timeofday();
    ms = (tp->sec - call->request->start_sec) * 1000
         + ((ngx_msec_int_t) tp->msec
            - (ngx_msec_int_t) call->request->start_msec);

    convrelay_metric_time(words, CONVRELAY_METRIC_SESSION_SECONDS,
                          ngx_max(ms, 0));
}


/* the first token comes here as well, because the clock never shows 0 */

void
ngx_http_convrelay_stat_gap(ngx_http_convrelay_turn_t *t, ngx_msec_t gap)
{
    if (t->word_at == 0) {
        t->word_at = t->token_at;
        return;
    }

    t->longest_gap = ngx_max(t->longest_gap, gap);
    t->call->longest_gap = ngx_max(t->call->longest_gap, gap);

    t->long_gaps++;
    t->gaps[convrelay_metric_bucket(&convrelay_metric_seconds, gap)]++;
}


void
ngx_http_convrelay_stat_message(ngx_http_convrelay_call_t *call,
    const convrelay_relay_message_t *m)
{
    convrelay_metric_e   event;
    convrelay_metric_t  *words;

    words = ngx_http_convrelay_metrics(call->conf);

    if (words == NULL) {
        return;
    }

    convrelay_metric_add(words, CONVRELAY_METRIC_MESSAGE_UNKNOWN + m->type, 1);

    switch (m->type) {

    case CONVRELAY_RELAY_PROMPT:
        if (!m->u.prompt.last) {
            return;
        }

        event = CONVRELAY_METRIC_PROMPTS;
        break;

    case CONVRELAY_RELAY_INTERRUPT:
        event = CONVRELAY_METRIC_INTERRUPTS;
        break;

    case CONVRELAY_RELAY_DTMF:
        event = CONVRELAY_METRIC_KEYS;
        break;

    case CONVRELAY_RELAY_ERROR:
        event = convrelay_metric_twilio(m->u.error.code);
        break;

    default:
        return;
    }

    convrelay_metric_add(words, event, 1);
}


/* limits of the session, which reports them with these notes */

void
ngx_http_convrelay_stat_note(ngx_http_convrelay_call_t *call,
    const char *note)
{
    ngx_uint_t  i;

    static const struct {
        const char          *note;
        convrelay_metric_e   limit;   /* or _N: it is not counted as one */
        convrelay_metric_e   end;     /* or _N: the call goes on */
    }  notes[] = {
        { "no setup message", CONVRELAY_METRIC_N,
          CONVRELAY_METRIC_SESSION_NO_SETUP },
        { "call has ended", CONVRELAY_METRIC_N,
          CONVRELAY_METRIC_SESSION_ENDED },
        { "call is too long", CONVRELAY_METRIC_LIMIT_CALL_TIME,
          CONVRELAY_METRIC_SESSION_TOO_LONG },
        { "too many turns", CONVRELAY_METRIC_LIMIT_TURN_RATE,
          CONVRELAY_METRIC_SESSION_TOO_FAST },
        { "answer is too long", CONVRELAY_METRIC_LIMIT_ANSWER_SIZE,
          CONVRELAY_METRIC_N },
        { "LLM's answer takes too long", CONVRELAY_METRIC_LIMIT_ANSWER_TIME,
          CONVRELAY_METRIC_N },
        { "caller was neither heard nor pressed a key for "
          "convrelay_max_idle_time", CONVRELAY_METRIC_LIMIT_IDLE_TIME,
          CONVRELAY_METRIC_N },
        { "LLM calls tools in the last request of a turn, which are not run",
          CONVRELAY_METRIC_LIMIT_TOOL_ROUNDS, CONVRELAY_METRIC_N }
    };

    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {

        if (ngx_strcmp(notes[i].note, note) == 0) {
            break;
        }
    }

    if (i == sizeof(notes) / sizeof(notes[0])) {
        return;
    }

    if (notes[i].limit != CONVRELAY_METRIC_N) {
        ngx_http_convrelay_count_n(call->conf, notes[i].limit, 1);
    }

    if (notes[i].end != CONVRELAY_METRIC_N) {
        ngx_http_convrelay_stat_ends(call, notes[i].end);
    }

    if (notes[i].limit == CONVRELAY_METRIC_LIMIT_ANSWER_SIZE && call->turn) {
        ngx_http_convrelay_stat_turn(call->turn,
                                     CONVRELAY_METRIC_TURN_TRUNCATED);
    }
}


/* a turn is about to be cancelled as one that failed */

void
ngx_http_convrelay_stat_late(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_stat_turn(t, CONVRELAY_METRIC_TURN_FAILED);
    ngx_http_convrelay_stat_failure(t->call, t->metrics,
                                    CONVRELAY_METRIC_LLM_TOO_SLOW);
}


void
ngx_http_convrelay_stat_lost(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e kind)
{
    if (!t->counted) {
        ngx_http_convrelay_stat_request(t);

        if (kind != CONVRELAY_METRIC_N) {
            ngx_http_convrelay_stat_llm(t->metrics, kind, 1);
        }
    }
}


void
ngx_http_convrelay_stat_hedge(ngx_http_convrelay_turn_t *t,
    convrelay_turn_outcome_e how)
{
    ngx_http_convrelay_stat_lost(t, (how == CONVRELAY_TURN_COMPLETE)
                                    ? CONVRELAY_METRIC_LLM_EMPTY
                                    : ngx_http_convrelay_stat_kind(t, how));
}


void
ngx_http_convrelay_stat_answer(ngx_http_convrelay_turn_t *t,
    convrelay_turn_outcome_e how)
{
    static convrelay_metric_e  outcomes[] = {
        CONVRELAY_METRIC_TURN_COMPLETE,
        CONVRELAY_METRIC_TURN_EMPTY,
        CONVRELAY_METRIC_TURN_TRUNCATED,
        CONVRELAY_METRIC_TURN_FAILED,
        CONVRELAY_METRIC_TURN_REJECTED,
        CONVRELAY_METRIC_TURN_REJECTED,       /* CONVRELAY_TURN_TOO_LONG */
        CONVRELAY_METRIC_TURN_FAILED,         /* CONVRELAY_TURN_FILTERED */
        CONVRELAY_METRIC_TURN_REJECTED  /* CONVRELAY_TURN_PROMPT_FILTERED */
    };

    if (how == CONVRELAY_TURN_COMPLETE
        && !convrelay_session_turn_said(t->call->session))
    {
        how = CONVRELAY_TURN_EMPTY;
    }

    ngx_http_convrelay_stat_turn(t, outcomes[how]);

    if (how == CONVRELAY_TURN_COMPLETE) {
        return;
    }

    ngx_http_convrelay_stat_failure(t->call, t->metrics,
                                    ngx_http_convrelay_stat_kind(t, how));

    if (t->fetch->large) {
        ngx_http_convrelay_count(t->call->conf, LIMIT_RESPONSE_SIZE);
    }
}


static convrelay_metric_e
ngx_http_convrelay_stat_kind(ngx_http_convrelay_turn_t *t,
    convrelay_turn_outcome_e how)
{
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;

    if (f->encoded) {
        return CONVRELAY_METRIC_LLM_ENCODED;
    }

    if (f->large) {
        return CONVRELAY_METRIC_LLM_TOO_LARGE;
    }

    if (f->failed) {
        return CONVRELAY_METRIC_LLM_OTHER;
    }

    if (f->status == 0) {
        return (f->rc == NGX_HTTP_GATEWAY_TIME_OUT)
               ? CONVRELAY_METRIC_LLM_TIMEOUT : CONVRELAY_METRIC_LLM_CONNECT;
    }

    if (f->status == NGX_HTTP_UNAUTHORIZED || f->status == NGX_HTTP_FORBIDDEN) {
        return CONVRELAY_METRIC_LLM_KEY;
    }

    if (f->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        return CONVRELAY_METRIC_LLM_RATE;
    }

    if (how == CONVRELAY_TURN_REJECTED || how == CONVRELAY_TURN_TOO_LONG
        || how == CONVRELAY_TURN_PROMPT_FILTERED)
    {
        return CONVRELAY_METRIC_LLM_REJECTED;
    }

    if (f->status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return CONVRELAY_METRIC_LLM_STATUS_5XX;
    }

    if (f->status >= NGX_HTTP_BAD_REQUEST) {
        return CONVRELAY_METRIC_LLM_STATUS_4XX;
    }

    if (how == CONVRELAY_TURN_EMPTY) {
        return CONVRELAY_METRIC_LLM_EMPTY;
    }

    if (how == CONVRELAY_TURN_TRUNCATED || t->stream.error == NULL) {
        return CONVRELAY_METRIC_LLM_TRUNCATED;
    }

    return CONVRELAY_METRIC_LLM_STREAM;
}


/* counts a request once, however it ended */

void
ngx_http_convrelay_stat_turn(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e outcome)
{
    if (!t->counted) {
        ngx_http_convrelay_stat_request(t);
        ngx_http_convrelay_stat_pending(t->call, outcome);
    }
}


void
ngx_http_convrelay_stat_round(ngx_http_convrelay_turn_t *t)
{
    if (!t->counted) {
        ngx_http_convrelay_stat_request(t);
        ngx_http_convrelay_count(t->call->conf, TOOL_ROUNDS);
    }
}


void
ngx_http_convrelay_stat_start(ngx_http_convrelay_call_t *call)
{
    if (call->turn_no == call->session->turns) {
        call->pending = 0;
        return;
    }

    /* the previous turn ended in the same event */

    if (call->open) {
        ngx_http_convrelay_stat_outcome(call);
    }

    call->turn_no = call->session->turns;
    call->interrupts = call->session->interrupts;
    call->open = 1;
    call->failed = 0;
    call->unheard = 1;
    call->wordless = 1;
    call->first_sound = 0;
}


void
ngx_http_convrelay_stat_unmade(ngx_http_convrelay_call_t *call)
{
    ngx_uint_t  llm;

    ngx_http_convrelay_stat_pending(call, CONVRELAY_METRIC_TURN_FAILED);

    llm = call->session->llm;

    ngx_http_convrelay_stat_failure(call,
                                    llm ? call->conf->llm.backups[llm - 1]
                                          .metrics
                                        : call->conf->llm.metrics,
                                    CONVRELAY_METRIC_LLM_OTHER);
}


void
ngx_http_convrelay_stat_waits(ngx_http_convrelay_call_t *call,
    ngx_uint_t failed)
{
    ngx_http_convrelay_stat_pending(call,
                          failed ? CONVRELAY_METRIC_TURN_FAILED
                                 : ngx_http_convrelay_stat_cancelled(call));
}


void
ngx_http_convrelay_stat_settle(ngx_http_convrelay_call_t *call)
{
    if (call->open && !convrelay_session_turn_open(call->session)) {
        ngx_http_convrelay_stat_outcome(call);
    }

    ngx_http_convrelay_stat_state(call);

    if (call->keep) {
        ngx_http_convrelay_keep_changed(call->keep);
    }
}


static void
ngx_http_convrelay_stat_pending(ngx_http_convrelay_call_t *call,
    convrelay_metric_e outcome)
{
    if (call->open) {
        call->pending = outcome - CONVRELAY_METRIC_TURN_COMPLETE + 1;
        call->outcome = call->pending;
        call->lasted = ngx_http_convrelay_stat_since(call, ngx_current_msec);
    }
}


/* counts the outcome of the open turn, which may have ended with its tools */

static void
ngx_http_convrelay_stat_outcome(ngx_http_convrelay_call_t *call)
{
    convrelay_metric_e   outcome;
    convrelay_metric_t  *words;

    if (call->pending == 0) {
        ngx_http_convrelay_stat_pending(call, CONVRELAY_METRIC_TURN_COMPLETE);
    }

    outcome = CONVRELAY_METRIC_TURN_COMPLETE + call->pending - 1;

    call->open = 0;
    call->pending = 0;

    if (!call->dead) {
        ngx_http_convrelay_account_store(call);
    }

    words = ngx_http_convrelay_metrics(call->conf);

    if (words) {
        convrelay_metric_add(words, outcome, 1);
        convrelay_metric_time(words, CONVRELAY_METRIC_TURN_SECONDS,
                              call->lasted);
    }
}


/* called once for each request, while its upstream is still unchanged */

static void
ngx_http_convrelay_stat_request(ngx_http_convrelay_turn_t *t)
{
    uint64_t                    sent;
    ngx_uint_t                  first;
    ngx_msec_t                  ms;
    convrelay_metric_t         *words;
    ngx_http_convrelay_call_t  *call;

    t->counted = 1;

    call = t->call;
    words = ngx_http_convrelay_metrics(call->conf);

    /* a second LLM that lost has sent none of them */

    sent = t->tokens ? call->session->tokens - t->said : 0;
    first = (sent && call->wordless && call->session->words);
    ms = (call->session->first_token >= 0)
         ? (ngx_msec_t) call->session->first_token
         : ngx_http_convrelay_stat_since(call, t->word_at);

    if (first) {
        call->wordless = 0;
        ngx_http_convrelay_account_word(call, ms);
    }

    if (words == NULL) {
        return;
    }

    if (sent) {
        convrelay_metric_add(words, CONVRELAY_METRIC_TOKENS, sent);
    }

    if (first) {
        convrelay_metric_time(words, CONVRELAY_METRIC_FIRST_WORD, ms);
    }

    if (t->tokens > 1) {
        ngx_http_convrelay_stat_gaps(t, words);
    }

    ngx_http_convrelay_stat_requests(t, t->metrics->words);
}


static void
ngx_http_convrelay_stat_gaps(ngx_http_convrelay_turn_t *t,
    convrelay_metric_t *words)
{
    ngx_uint_t  i;

    convrelay_metric_add(words, CONVRELAY_METRIC_TOKEN_GAP,
                         t->tokens - 1 - t->long_gaps);
    convrelay_metric_add(words, CONVRELAY_METRIC_TOKEN_GAP_SUM,
                         t->token_at - t->word_at);

    if (t->long_gaps == 0) {
        return;
    }

    for (i = 1; i < CONVRELAY_METRIC_BUCKETS; i++) {

        if (t->gaps[i]) {
            convrelay_metric_add(words, CONVRELAY_METRIC_TOKEN_GAP + i,
                                 t->gaps[i]);
        }
    }
}


/* counts all servers that were asked; only the last connection is known */

static void
ngx_http_convrelay_stat_requests(ngx_http_convrelay_turn_t *t,
    convrelay_metric_t *words)
{
    ngx_uint_t            tries;
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    convrelay_metric_time(words, CONVRELAY_METRIC_LLM_SECONDS
                                 - CONVRELAY_METRIC_LLM,
                          ngx_current_msec - t->started);

    if (t->header_at) {
        convrelay_metric_time(words, CONVRELAY_METRIC_LLM_FIRST_BYTE
                                     - CONVRELAY_METRIC_LLM,
                              t->header_at - t->started);
    }

    sr = t->fetch->request;
    u = sr ? sr->upstream : NULL;

    if (u == NULL) {
        convrelay_metric_add(words, CONVRELAY_METRIC_LLM_NONE
                                    - CONVRELAY_METRIC_LLM, 1);
        return;
    }

    tries = sr->upstream_states ? sr->upstream_states->nelts : 1;

    convrelay_metric_add(words, (u->peer.cached ? CONVRELAY_METRIC_LLM_KEPT
                                                : CONVRELAY_METRIC_LLM_NEW)
                                - CONVRELAY_METRIC_LLM, 1);
    if (tries > 1) {
        convrelay_metric_add(words, CONVRELAY_METRIC_LLM_NEW
                                    - CONVRELAY_METRIC_LLM, tries - 1);
    }
}


void
ngx_http_convrelay_stat_usage(ngx_http_convrelay_turn_t *t,
    convrelay_metric_e index, int64_t n)
{
    if (n > 0) {
        ngx_http_convrelay_stat_llm(t->metrics, index, n);
    }
}


/* the turn is over before its answer is complete */

void
ngx_http_convrelay_stat_cancel(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_stat_turn(t, ngx_http_convrelay_stat_cancelled(t->call));
}


static convrelay_metric_e
ngx_http_convrelay_stat_cancelled(ngx_http_convrelay_call_t *call)
{
    return (call->interrupts != call->session->interrupts)
           ? CONVRELAY_METRIC_TURN_INTERRUPTED
           : CONVRELAY_METRIC_TURN_SUPERSEDED;
}


void
ngx_http_convrelay_stat_tool(ngx_http_convrelay_loc_conf_t *conf,
    ngx_uint_t tool, convrelay_metric_tool_e how, ngx_msec_t time)
{
    convrelay_metric_t  *words;

    if (ngx_http_convrelay_metrics(conf) == NULL) {
        return;
    }

    words = conf->metrics->tools[tool];

    convrelay_metric_add(words, how, 1);
    convrelay_metric_time(words, CONVRELAY_METRIC_TOOL_SECONDS, time);
}


void
ngx_http_convrelay_stat_tool_ends(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    static convrelay_metric_tool_e  kinds[] = {
        CONVRELAY_METRIC_TOOL_OK,             /* CONVRELAY_TOOL_ACTED */
        CONVRELAY_METRIC_TOOL_ACTION,
        CONVRELAY_METRIC_TOOL_OTHER,          /* CONVRELAY_TOOL_UNKNOWN */
        CONVRELAY_METRIC_TOOL_ARGUMENTS,
        CONVRELAY_METRIC_TOOL_BUSY,
        CONVRELAY_METRIC_TOOL_OTHER           /* CONVRELAY_TOOL_UNSTARTED */
    };

    if (a->code == CONVRELAY_TOOL_UNKNOWN) {
        ngx_http_convrelay_count(call->conf, UNKNOWN_TOOLS);
        return;
    }

    ngx_http_convrelay_account_tool(call, a->tool, 0,
                               convrelay_metric_tool_kinds[kinds[a->code]]);

    if (ngx_http_convrelay_metrics(call->conf)) {
        convrelay_metric_add(call->conf->metrics->tools[a->tool],
                             kinds[a->code], 1);
    }
}


/* ms from the beginning of the last turn */

static ngx_msec_t
ngx_http_convrelay_stat_since(ngx_http_convrelay_call_t *call, ngx_msec_t at)
{
    return at - convrelay_session_ms(call->session, call->session->asked_at);
}


void
ngx_http_convrelay_stat_sound(ngx_http_convrelay_call_t *call)
{
    ngx_msec_t  time;

    time = ngx_http_convrelay_stat_since(call, ngx_current_msec);

    call->unheard = 0;
    call->first_sound = time + 1;

    ngx_http_convrelay_count_time(call->conf, FIRST_SOUND, time);

    ngx_http_convrelay_stat_state(call);
}


void
ngx_http_convrelay_stat_failure(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_llm_metrics_t *llm, convrelay_metric_e kind)
{
    if (!call->failed) {
        call->failed = 1;
        call->failures++;
    }

    ngx_http_convrelay_stat_llm(llm, kind, 1);
}


static void
ngx_http_convrelay_stat_llm(ngx_http_convrelay_llm_metrics_t *llm,
    convrelay_metric_e index, ngx_uint_t n)
{
    if (llm->words) {
        convrelay_metric_add(llm->words, index - CONVRELAY_METRIC_LLM, n);
    }
}


uint32_t
ngx_http_convrelay_stat_mark(ngx_http_convrelay_call_t *call, uint64_t *until)
{
    ngx_uint_t  state;

    state = convrelay_session_activity(call->session, until);

    if (call->closing || call->dead) {
        state = CONVRELAY_ACTIVITY_PARTING;
    }

    return ngx_http_convrelay_mark(call->main->generation,
                                   call->conf->metrics->block, state);
}


void
ngx_http_convrelay_stat_state(ngx_http_convrelay_call_t *call)
{
    uint32_t  mark;
    uint64_t  until;

    if (call->node == 0 || call->main->status == NULL) {
        return;
    }

    mark = ngx_http_convrelay_stat_mark(call, &until);

    ngx_http_convrelay_zone_mark(call, mark,
                                 ngx_min(until, ngx_current_msec
                                                + NGX_MAX_INT32_VALUE));
}
