
/*
 * Copyright (C) convrelay contributors
 *
 * The answer of a turn, as the sink of its fetch: turns the LLM's stream into
 * pieces of text, and in the end into one outcome.
 */


#include "ngx_http_convrelay_call.h"


/* bytes of the conversation that a vendor's message is compared with: they
   take about 2 ms */
#define NGX_HTTP_CONVRELAY_MAX_SEARCH   (384 * 1024)

#define NGX_HTTP_CONVRELAY_ERROR_LINES  (sizeof(convrelay_llm_error_t) + 3)


static void ngx_http_convrelay_answer_header(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_answer_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_answer_flush(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_answer_end(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_log_limit(ngx_http_convrelay_turn_t *t);
static ngx_uint_t ngx_http_convrelay_answer_hedge(
    ngx_http_convrelay_turn_t *t, int rc, convrelay_str_t *text);
static void ngx_http_convrelay_hedge_won(ngx_http_convrelay_turn_t *t,
    ngx_uint_t text);
static void ngx_http_convrelay_answered_hedge(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_hedge_ended(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_answer_part(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_answer_useful(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_answer_silence(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_silence_handler(ngx_event_t *ev);
static void ngx_http_convrelay_delta(ngx_http_convrelay_turn_t *t,
    convrelay_str_t *text);
static void ngx_http_convrelay_answered(ngx_http_convrelay_turn_t *t);
static ngx_int_t ngx_http_convrelay_answer_calls(
    ngx_http_convrelay_turn_t *t);
static convrelay_turn_outcome_e ngx_http_convrelay_answer_outcome(
    ngx_http_convrelay_turn_t *t);
static ngx_uint_t ngx_http_convrelay_answer_filtered(
    convrelay_llm_stream_t *stream);
static ngx_uint_t ngx_http_convrelay_answer_excused(
    ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_log_failure(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_log_error(ngx_http_convrelay_turn_t *t,
    ngx_str_t *peer);
static void ngx_http_convrelay_answer_mask(ngx_http_convrelay_turn_t *t,
    char *lines, unsigned cut);
static size_t ngx_http_convrelay_answer_words(ngx_http_convrelay_turn_t *t);
static char *ngx_http_convrelay_answer_line(char **lines);
static void ngx_http_convrelay_answer_caller(
    const convrelay_session_t *s, convrelay_echo_t *echo);
static ngx_int_t ngx_http_convrelay_log_redirect(
    ngx_http_convrelay_turn_t *t);


const ngx_http_convrelay_fetch_sink_t  ngx_http_convrelay_answer_sink = {
    ngx_http_convrelay_answer_header,
    ngx_http_convrelay_answer_data,
    ngx_http_convrelay_answer_flush,
    ngx_http_convrelay_answer_end
};


static void
ngx_http_convrelay_answer_header(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_turn_t  *t = f->data;

    t->stream.status = f->status;
    t->header_at = ngx_current_msec;
    t->conf->llm.answered = ngx_current_msec ? ngx_current_msec : 1;
}


static void
ngx_http_convrelay_answer_flush(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_call_t  *call;
    ngx_http_convrelay_turn_t  *t = f->data;

    call = t->call;

    if (call->output.first && !call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


static void
ngx_http_convrelay_answer_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    int                         rc;
    ngx_uint_t                  hedge;
    convrelay_str_t             text;
    ngx_http_convrelay_turn_t  *t = f->data;

    f->request->connection->log->action = "reading LLM's answer";

    t->call->answering = 1;

    while (t->call->turn == t || t->hedge) {

        rc = convrelay_llm_stream_read(&t->stream, &pos, last, &text);

        hedge = t->hedge && ngx_http_convrelay_answer_hedge(t, rc, &text);

        if (rc == CONVRELAY_AGAIN) {
            break;
        }

        if (rc == CONVRELAY_OK) {

            if (!hedge) {
                ngx_http_convrelay_delta(t, &text);
            }

            continue;
        }

        /* [DONE], or an error: the rest of the body is not needed */

        ngx_http_convrelay_answered(t);

        if (t->stream.failed) {
            ngx_http_convrelay_fetch_cancel(f);

        } else {
            ngx_http_convrelay_turn_drain(t);
        }
    }

    t->call->answering = 0;

    if (t->stream.part) {
        ngx_http_convrelay_answer_part(t);
    }

    if (convrelay_llm_finished(&t->stream) || t->silence.timer_set) {
        ngx_http_convrelay_answer_silence(t);
    }
}


/* the first useful piece of two LLMs counts; rc: of the stream, OK: text, which
   is true if it was read */

static ngx_uint_t
ngx_http_convrelay_answer_hedge(ngx_http_convrelay_turn_t *t, int rc,
    convrelay_str_t *text)
{
    convrelay_actions_t  out;

    if (rc != CONVRELAY_OK && !t->stream.part) {
        return 0;
    }

    out = ngx_http_convrelay_actions(t->call);

    if (convrelay_session_hedge_won(t->call->session,
                                    (rc == CONVRELAY_OK) ? text : NULL,
                                    ngx_current_msec, &out))
    {
        ngx_http_convrelay_hedge_won(t, rc == CONVRELAY_OK);
    }

    return (rc == CONVRELAY_OK);
}


static void
ngx_http_convrelay_hedge_won(ngx_http_convrelay_turn_t *t, ngx_uint_t text)
{
    ngx_http_convrelay_count(t->call->conf, HEDGE_WON);

    if (text) {
        ngx_http_convrelay_stat_token(t);
        ngx_http_convrelay_answer_useful(t);
    }
}


/* the LLM is writing a tool call: there is nothing to be spoken yet */

static void
ngx_http_convrelay_answer_part(ngx_http_convrelay_turn_t *t)
{
    convrelay_actions_t  out;

    t->stream.part = 0;

    if (t->call->turn != t) {
        return;
    }

    out = ngx_http_convrelay_actions(t->call);

    convrelay_session_call_part(t->call->session, ngx_current_msec, &out);
    ngx_http_convrelay_answer_useful(t);
}


/* from now on, the timeout between words counts, which may be shorter */

static void
ngx_http_convrelay_answer_useful(ngx_http_convrelay_turn_t *t)
{
    if (!t->useful) {
        t->useful = 1;
        ngx_http_convrelay_clock_update(t->call);
    }
}


/* waits for silence after a finished answer, counted from its last chunk */

static void
ngx_http_convrelay_answer_silence(ngx_http_convrelay_turn_t *t)
{
    ngx_event_t  *ev;

    ev = &t->silence;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (t->call->turn != t || !convrelay_llm_finished(&t->stream)) {
        return;
    }

    ev->handler = ngx_http_convrelay_silence_handler;
    ev->data = t;
    ev->log = t->call->connection->log;

    ngx_add_timer(ev, NGX_HTTP_CONVRELAY_FINISH_TIME);
}


static void
ngx_http_convrelay_silence_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_turn_t  *t;

    t = ev->data;

    ngx_http_set_log_request(ev->log, t->call->request);

    convrelay_llm_stream_finish(&t->stream);

    ngx_http_convrelay_answer_data(t->fetch, NULL, NULL);
    ngx_http_convrelay_answer_flush(t->fetch);
}


static void
ngx_http_convrelay_delta(ngx_http_convrelay_turn_t *t, convrelay_str_t *text)
{
    convrelay_actions_t  out;

    ngx_http_convrelay_stat_token(t);

    out = ngx_http_convrelay_actions(t->call);

    convrelay_session_delta(t->call->session, text, ngx_current_msec, &out);

    if (!t->useful && t->call->session->useful) {
        ngx_http_convrelay_answer_useful(t);
    }
}


static void
ngx_http_convrelay_answer_end(ngx_http_convrelay_fetch_t *f)
{
    int                         rc;
    ngx_uint_t                  hedge;
    convrelay_str_t             text;
    ngx_http_convrelay_call_t  *call;
    ngx_http_convrelay_turn_t  *t = f->data;

    call = t->call;

    ngx_http_convrelay_fetch_check(f, &t->conf->llm.checked);

    while ((call->turn == t || t->hedge) && f->status && !f->encoded
           && !f->large && !f->failed)
    {
        rc = convrelay_llm_stream_end(&t->stream, &text);

        hedge = t->hedge && ngx_http_convrelay_answer_hedge(t, rc, &text);

        if (rc != CONVRELAY_OK) {
            break;
        }

        if (!hedge) {
            ngx_http_convrelay_delta(t, &text);
        }
    }

    if (call->turn == t || t->hedge) {
        ngx_http_convrelay_log_limit(t);
        ngx_http_convrelay_answered(t);
    }

    ngx_http_convrelay_answer_flush(f);
}


static void
ngx_http_convrelay_log_limit(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_loc_conf_t  *conf;

    conf = t->conf;

    if (t->fetch->large) {
        ngx_http_convrelay_log(t->call, NGX_LOG_ERR,
                               "LLM's answer is too large",
                               "LLM's answer exceeded "
                               "\"convrelay_max_response_size\": %O bytes, "
                               "limit is %uz",
                               ngx_http_convrelay_fetch_received(t->fetch),
                               conf->limits.max_response_size);
    }
}


/* the answer is over, although its request may not be */

static void
ngx_http_convrelay_answered(ngx_http_convrelay_turn_t *t)
{
    convrelay_actions_t         out;
    convrelay_turn_outcome_e    how;
    ngx_http_convrelay_call_t  *call;

    static const convrelay_str_t  none = convrelay_null_string;

    call = t->call;

    t->answered = 1;
    t->fetch->enough = 1;

    if (t->hedge) {
        ngx_http_convrelay_hedge_ended(t);
    }

    if (t->hedge) {
        ngx_http_convrelay_answered_hedge(t);
        return;
    }

    if (call->turn != t) {
        return;
    }

    call->turn = NULL;

    out = ngx_http_convrelay_actions(call);

    call->answering = 1;

    if (t->stream.ncalls && ngx_http_convrelay_answer_calls(t) == NGX_OK) {
        ngx_http_convrelay_stat_round(t);
        ngx_http_convrelay_turn_usage(t);

        convrelay_session_turn_calls(call->session, &t->stream.extra,
                                     t->stream.calls, t->stream.ncalls,
                                     ngx_current_msec, &out);

    } else {
        how = ngx_http_convrelay_answer_outcome(t);

        if (ngx_http_convrelay_answer_excused(t)) {
            convrelay_session_llm_excuse(call->session);
        }

        ngx_http_convrelay_stat_answer(t, how);
        ngx_http_convrelay_turn_usage(t);

        convrelay_session_turn_end(call->session, how,
                                   t->stream.tools ? &none : &t->stream.extra,
                                   ngx_current_msec, &out);
    }

    convrelay_llm_stream_free(&t->stream);

    call->answering = 0;

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_clock_update(call);
}


/* its last words may have waited for more text */

static void
ngx_http_convrelay_hedge_ended(ngx_http_convrelay_turn_t *t)
{
    convrelay_actions_t          out;
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;

    if (f->status == 0 || f->encoded || f->large || f->failed
        || convrelay_llm_outcome(&t->stream, f->clean)
           > CONVRELAY_LLM_TRUNCATED)
    {
        return;
    }

    out = ngx_http_convrelay_actions(t->call);

    if (convrelay_session_hedge_ended(t->call->session, ngx_current_msec,
                                      &out))
    {
        ngx_http_convrelay_hedge_won(t, 1);
    }
}


/* the second LLM had nothing useful to say, and the first one goes on */

static void
ngx_http_convrelay_answered_hedge(ngx_http_convrelay_turn_t *t)
{
    convrelay_turn_outcome_e  how;

    how = ngx_http_convrelay_answer_outcome(t);

    ngx_http_convrelay_stat_hedge(t, how);
    ngx_http_convrelay_turn_usage(t);

    if (ngx_http_convrelay_answer_excused(t)) {
        how = CONVRELAY_TURN_EMPTY;
    }

    convrelay_llm_stream_free(&t->stream);

    t->hedge = 0;

    convrelay_session_hedge_end(t->call->session, how, ngx_current_msec);
    ngx_http_convrelay_clock_update(t->call);
}


/* NGX_OK: the answer is complete, and its calls are to be run */

static ngx_int_t
ngx_http_convrelay_answer_calls(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;

    return (f->status && !f->encoded && !f->large && !f->failed
            && convrelay_llm_outcome(&t->stream, f->clean)
               == CONVRELAY_LLM_CALLS)
           ? NGX_OK : NGX_DECLINED;
}


static convrelay_turn_outcome_e
ngx_http_convrelay_answer_outcome(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;

    if (f->status == 0 || f->encoded || f->large || f->failed) {
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_FAILED;
    }

    if (t->stream.odd) {
        ngx_http_convrelay_log(t->call, NGX_LOG_INFO,
                               "LLM sent events that are not JSON objects",
                               "LLM sent events that are not JSON objects, "
                               "skipped");
    }

    if (t->stream.tools && t->stream.max_calls == 0) {
        ngx_http_convrelay_log(t->call, NGX_LOG_ERR,
                               "LLM called a tool",
                               "LLM called a tool, which is not handled: "
                               "remove \"tools\" from what "
                               "\"convrelay_request_field\" sends");
    }

    switch (convrelay_llm_outcome(&t->stream, f->clean)) {

    case CONVRELAY_LLM_COMPLETE:

        if (t->stream.finish == CONVRELAY_LLM_FINISH_LENGTH) {
            ngx_http_convrelay_log(t->call,
                                   t->stream.tools ? NGX_LOG_ERR : NGX_LOG_INFO,
                                   "LLM's answer was cut",
                                   "LLM's answer was cut by its token limit%s",
                                   t->stream.tools
                                   ? " with a tool call in it, which is not run"
                                   : "");
        }

        return CONVRELAY_TURN_COMPLETE;

    case CONVRELAY_LLM_EMPTY:
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_EMPTY;

    case CONVRELAY_LLM_TRUNCATED:
        ngx_http_convrelay_log(t->call, NGX_LOG_WARN,
                               "LLM's answer has no end",
                               "LLM's answer ended without \"[DONE]\" or a "
                               "finish_reason");
        return CONVRELAY_TURN_TRUNCATED;

    case CONVRELAY_LLM_REJECTED:
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_REJECTED;

    case CONVRELAY_LLM_PROMPT_FILTERED:
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_PROMPT_FILTERED;

    case CONVRELAY_LLM_TOO_LONG:
        ngx_http_convrelay_log_failure(t);
        return CONVRELAY_TURN_TOO_LONG;

    default: /* CONVRELAY_LLM_FAILED */
        ngx_http_convrelay_log_failure(t);
        return ngx_http_convrelay_answer_filtered(&t->stream)
               ? CONVRELAY_TURN_FILTERED : CONVRELAY_TURN_FAILED;
    }
}


/* an answer that had begun: its finish_reason says so, or an error after it */

static ngx_uint_t
ngx_http_convrelay_answer_filtered(convrelay_llm_stream_t *stream)
{
    return stream->finish == CONVRELAY_LLM_FINISH_CONTENT_FILTER
           || (stream->error
               && ngx_strcmp(stream->error->code, "content_filter") == 0);
}


/* true: the LLM writes too much, or what it may not, for a caller who asks it
   to; or it could not be asked: this server has no memory, or no connection
   left.  Nginx says 500 for that, and 502 for what is the upstream's fault */

static ngx_uint_t
ngx_http_convrelay_answer_excused(ngx_http_convrelay_turn_t *t)
{
    convrelay_llm_error_t       *e;
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;
    e = t->stream.error;

    return f->large || f->failed
           || (f->status == 0 && f->rc == NGX_HTTP_INTERNAL_SERVER_ERROR
               && f->request->upstream)
           || (e && e->own && (ngx_strcmp(e->code, "too_large") == 0
                               || ngx_strcmp(e->code, "content_filter") == 0));
}


/* logs once per turn which upstream failed, how, and its own message */

static void
ngx_http_convrelay_log_failure(ngx_http_convrelay_turn_t *t)
{
    char                         why[160];
    ngx_str_t                    peer;
    const char                  *reason;
    convrelay_llm_error_t       *e;
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;
    e = t->stream.error;

    if (f->encoded) {
        reason = "it sent a Content-Encoding that was not requested";

    } else if (f->large) {
        reason = "sent too much";

    } else if (f->failed) {
        reason = "its answer could not be read: out of memory";

    } else if (f->status == 0) {
        reason = (f->rc == NGX_HTTP_GATEWAY_TIME_OUT) ? "timed out"
                                                      : "gave no answer";

    } else if (ngx_http_convrelay_log_redirect(t) == NGX_OK) {
        return;

    } else if (e) {
        if (ngx_http_convrelay_log_skips(t->call, NGX_LOG_ERR, "LLM failed")) {
            return;
        }

        ngx_http_convrelay_turn_blame(t, &peer);
        ngx_http_convrelay_log_error(t, &peer);
        return;

    } else if (t->stream.spoken) {
        reason = "broke off in mid-answer";

    } else {
        if (ngx_http_convrelay_log_skips(t->call, NGX_LOG_ERR, "LLM failed")) {
            return;
        }

        convrelay_llm_why(&t->stream, why, sizeof(why));
        ngx_http_convrelay_answer_mask(t, why, strlen(why) + 1 == sizeof(why));

        ngx_http_convrelay_turn_blame(t, &peer);

        ngx_http_convrelay_log(t->call, NGX_LOG_ERR, "LLM failed",
                               "LLM failed: upstream: %V, status: %ui, its "
                               "answer was empty%s", &peer, f->status, why);
        return;
    }

    ngx_http_convrelay_turn_failed(t, reason);
}


/* all that the vendor wrote is masked at once */

static void
ngx_http_convrelay_log_error(ngx_http_convrelay_turn_t *t, ngx_str_t *peer)
{
    char                   *p, *code, *type;
    char                    lines[NGX_HTTP_CONVRELAY_ERROR_LINES];
    unsigned                cut;
    convrelay_llm_error_t  *e;

    e = t->stream.error;

    p = (char *) ngx_slprintf((u_char *) lines, (u_char *) lines + sizeof(lines)
                              - 1, "%s\n%s\n%s", e->code, e->type, e->message);
    *p = '\0';

    if (!e->own) {
        cut = (strlen(e->code) + 1 == sizeof(e->code))
              | (strlen(e->type) + 1 == sizeof(e->type)) << 1
              | (strlen(e->message) + 1 == sizeof(e->message)) << 2;

        ngx_http_convrelay_answer_mask(t, lines, cut);
    }

    p = lines;
    code = ngx_http_convrelay_answer_line(&p);
    type = ngx_http_convrelay_answer_line(&p);

    ngx_http_convrelay_log(t->call, NGX_LOG_ERR, "LLM failed",
                           "LLM failed: upstream: %V, status: %ui, "
                           "code: \"%s\", type: \"%s\", message: \"%s\"",
                           peer, t->fetch->status, code, type, p);
}


/* ends the first of the lines and returns it; *lines becomes the rest */

static char *
ngx_http_convrelay_answer_line(char **lines)
{
    char  *p, *line;

    line = *lines;

    p = strchr(line, '\n');

    if (p) {
        *p++ = '\0';

    } else {
        p = line + strlen(line);
    }

    *lines = p;

    return line;
}


/*
 * Masks the parts of the request that vendors repeat in their messages, before
 * they are logged.  The lines are messages of their own; cut is as in
 * convrelay_echo_mask().  What would take too long to be looked for is not
 * logged, except codes.
 */

static void
ngx_http_convrelay_answer_mask(ngx_http_convrelay_turn_t *t, char *lines,
    unsigned cut)
{
    size_t                          n;
    convrelay_echo_t                echo;
    convrelay_llm_call_t            tool;
    ngx_http_convrelay_call_t      *call;
    const convrelay_llm_message_t  *m;

    if (ngx_http_convrelay_answer_words(t) > NGX_HTTP_CONVRELAY_MAX_SEARCH) {
        convrelay_echo_codes(lines);
        return;
    }

    call = t->call;

    n = call->system.len - call->context_len;

    convrelay_echo_start(&echo, lines);
    convrelay_echo_text(&echo, call->system.data, n, 0);

    if (call->context_len) {
        convrelay_echo_text(&echo, call->system.data + n, call->context_len,
                            1);
    }

    for (m = call->session->history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_CALL || m->role == CONVRELAY_LLM_TOOL) {

            /* tool calls contain what the caller said, and their results what
               is known about the caller */

            convrelay_llm_message_call(m, &tool);
            convrelay_echo_text(&echo, tool.arguments.data,
                                tool.arguments.len, 1);
            continue;
        }

        convrelay_echo_text(&echo, m->text, m->len,
                            m->role == CONVRELAY_LLM_USER);
    }

    ngx_http_convrelay_answer_caller(call->session, &echo);

    convrelay_echo_mask(&echo, cut);
}


/* bytes of all that is looked for */

static size_t
ngx_http_convrelay_answer_words(ngx_http_convrelay_turn_t *t)
{
    size_t                      i, n;
    const convrelay_session_t  *s;

    s = t->call->session;

    n = t->call->system.len + s->history.len;

    for (i = 0; i < (size_t) s->nparameters + s->nvariables; i++) {
        n += s->parameters[i].value.len;
    }

    return n;
}


/* the system prompt and request fields can contain the values of setup and
   context */

static void
ngx_http_convrelay_answer_caller(const convrelay_session_t *s,
    convrelay_echo_t *echo)
{
    size_t                   i;
    convrelay_relay_setup_t  setup;

    convrelay_session_get_setup(s, &setup);

    convrelay_echo_text(echo, setup.from.data, setup.from.len, 1);
    convrelay_echo_text(echo, setup.to.data, setup.to.len, 1);
    convrelay_echo_text(echo, setup.forwarded_from.data,
                        setup.forwarded_from.len, 1);
    convrelay_echo_text(echo, setup.caller_name.data, setup.caller_name.len,
                        1);

    for (i = 0; i < (size_t) s->nparameters + s->nvariables; i++) {

        /* a short value, such as "429", may be the message's own word */

        if (s->parameters[i].value.len > 3) {
            convrelay_echo_text(echo, s->parameters[i].value.data,
                                s->parameters[i].value.len, 1);
        }
    }
}


/* NGX_OK, or NGX_DECLINED: the answer is not a redirect */

static ngx_int_t
ngx_http_convrelay_log_redirect(ngx_http_convrelay_turn_t *t)
{
    char                  location[257];
    ngx_str_t             peer;
    ngx_uint_t            status;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    status = t->fetch->status;
    u = t->fetch->request->upstream;

    if (status < NGX_HTTP_SPECIAL_RESPONSE || status >= NGX_HTTP_BAD_REQUEST
        || u == NULL || u->headers_in.location == NULL)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_convrelay_log_skips(t->call, NGX_LOG_ERR, "LLM failed")) {
        return NGX_OK;
    }

    h = u->headers_in.location;

    convrelay_redact(location, sizeof(location), h->value.data, h->value.len);
    ngx_http_convrelay_answer_mask(t, location,
                                   strlen(location) + 1 == sizeof(location));

    ngx_http_convrelay_turn_blame(t, &peer);

    ngx_http_convrelay_log(t->call, NGX_LOG_ERR, "LLM failed",
                           "LLM failed: upstream: %V, status: %ui, it "
                           "redirects to \"%s\", which is not followed: "
                           "write the final URL in \"proxy_pass\"",
                           &peer, status, location);

    return NGX_OK;
}
