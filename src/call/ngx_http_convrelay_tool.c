
/*
 * Copyright (C) convrelay contributors
 *
 * A running tool: a fetch of its location.  It has its own connection, so that
 * a slow tool does not delay the call, and the end of the call does not stop
 * the tool, which may be in the middle of a booking.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_keep.h"


/* what a server may send around the bytes of a result */

#define NGX_HTTP_CONVRELAY_TOOL_FRAMING  8
#define NGX_HTTP_CONVRELAY_TOOL_HEADER   65536


/* in the pool of its fetch */

struct ngx_http_convrelay_tool_run_s {
    ngx_http_convrelay_tool_run_t    *next;
    ngx_http_convrelay_call_t        *call;   /* NULL: it is over */
    ngx_http_convrelay_fetch_t       *fetch;
    ngx_http_convrelay_keep_t        *parted; /* that takes the result after
                                                 the call, or NULL */
    convrelay_tool_run_t             *run;    /* the session's; NULL: it does
                                                 not want the result */
    ngx_http_convrelay_tool_t        *tool;
    ngx_uint_t                        index;  /* of it */
    ngx_http_convrelay_tool_call_t    vars;
    convrelay_tool_arguments_t        arguments;
    u_char                            key[CONVRELAY_TOOL_KEY];

    u_char                           *body;   /* the kept part of the answer */
    size_t                            len;
    size_t                            size;   /* that there is room for */
    size_t                            max;
    uint64_t                          total;
    ngx_msec_t                        started;
    convrelay_actions_t               out;
    unsigned                          full:1; /* do not wait for the rest */
};


static ngx_http_convrelay_tool_run_t *ngx_http_convrelay_tool_create(
    ngx_http_convrelay_call_t *call, ngx_http_convrelay_fetch_t *f,
    convrelay_tool_run_t *run);
static void ngx_http_convrelay_tool_free(void *data);
static ngx_int_t ngx_http_convrelay_tool_request(
    ngx_http_convrelay_tool_run_t *t);
static void ngx_http_convrelay_tool_unlink(
    ngx_http_convrelay_tool_run_t *t);
static convrelay_session_t *ngx_http_convrelay_tool_session(
    ngx_pool_t *pool, convrelay_session_t *from);
static ngx_uint_t ngx_http_convrelay_tool_copy(ngx_pool_t *pool,
    convrelay_str_t *str);
static void ngx_http_convrelay_tool_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_tool_end(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_tool_answer(ngx_http_convrelay_tool_run_t *t,
    convrelay_tool_answer_t *answer);
static ngx_uint_t ngx_http_convrelay_tool_answered(
    ngx_http_convrelay_tool_run_t *t, const convrelay_tool_answer_t *answer);
static convrelay_metric_tool_e ngx_http_convrelay_tool_kind(
    ngx_http_convrelay_tool_run_t *t, const convrelay_tool_answer_t *answer);
static void ngx_http_convrelay_tool_log(ngx_http_convrelay_tool_run_t *t,
    ngx_http_convrelay_call_t *call, unsigned status);


static const ngx_http_convrelay_fetch_sink_t  ngx_http_convrelay_tool_sink = {
    NULL,
    ngx_http_convrelay_tool_data,
    NULL,
    ngx_http_convrelay_tool_end
};


void
ngx_http_convrelay_tool_start(ngx_http_convrelay_call_t *call,
    convrelay_tool_run_t *run, const convrelay_actions_t *out)
{
    ngx_http_convrelay_fetch_t     *f;
    ngx_http_convrelay_tool_run_t  *t;

    run->failed = 1;

    f = ngx_http_convrelay_fetch_create(call->request, 1);
    if (f == NULL) {
        return;
    }

    t = ngx_http_convrelay_tool_create(call, f, run);

    if (t == NULL || ngx_http_convrelay_tool_request(t) != NGX_OK) {
        ngx_http_convrelay_fetch_free(f);
        return;
    }

    t->next = call->tools;
    call->tools = t;
    t->call = call;
    t->out = *out;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay tool \"%V\"", &t->tool->name);

    if (ngx_http_convrelay_fetch_start(f, &ngx_http_convrelay_tool_sink, t)
        != NGX_OK)
    {
        return;
    }

    run->failed = 0;
    run->data = t;
    t->run = run;
}


static ngx_http_convrelay_tool_run_t *
ngx_http_convrelay_tool_create(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_fetch_t *f, convrelay_tool_run_t *run)
{
    u_char                         *p;
    ngx_pool_cleanup_t             *cln;
    ngx_http_convrelay_ctx_t       *ctx;
    ngx_http_convrelay_tool_t      *tool;
    ngx_http_convrelay_tool_run_t  *t;

    cln = ngx_pool_cleanup_add(f->pool, sizeof(ngx_http_convrelay_tool_run_t));
    if (cln == NULL) {
        return NULL;
    }

    t = cln->data;
    ngx_memzero(t, sizeof(ngx_http_convrelay_tool_run_t));
    cln->handler = ngx_http_convrelay_tool_free;

    tool = call->conf->tools.list->elts;

    t->fetch = f;
    t->tool = &tool[run->index];
    t->index = run->index;
    t->max = call->conf->tools.max_result;
    t->started = ngx_current_msec;

    /* a copy: the session frees its run when the call is over */

    p = ngx_pnalloc(f->pool, run->arguments.json.len);

    if (p == NULL
        || convrelay_tool_arguments_copy(&t->arguments, &run->arguments, p)
           != CONVRELAY_OK)
    {
        return NULL;
    }

    ngx_memcpy(t->key, run->key, CONVRELAY_TOOL_KEY);

    t->vars.name = ngx_http_convrelay_str(&t->tool->name);
    t->vars.key.data = t->key;
    t->vars.key.len = CONVRELAY_TOOL_KEY;
    t->vars.arguments = &t->arguments;

    if (ngx_http_convrelay_call_bind(call, f->main) != NGX_OK) {
        return NULL;
    }

    ctx = ngx_http_convrelay_get_ctx(f->main);
    ctx->tool = &t->vars;
    ctx->copies = 1;

    return t;
}


/* with the pool of its fetch */

static void
ngx_http_convrelay_tool_free(void *data)
{
    ngx_http_convrelay_tool_run_t *t = data;

    ngx_http_convrelay_tool_unlink(t);

    if (t->parted) {
        ngx_http_convrelay_keep_leave(t->parted);
    }

    convrelay_tool_arguments_free(&t->arguments);
}


static void
ngx_http_convrelay_tool_unlink(ngx_http_convrelay_tool_run_t *t)
{
    ngx_http_convrelay_tool_run_t  **next;

    if (t->call == NULL) {
        return;
    }

    for (next = &t->call->tools; *next != t; next = &(*next)->next) {
        /* void */
    }

    *next = t->next;
    t->call = NULL;
}


static ngx_int_t
ngx_http_convrelay_tool_request(ngx_http_convrelay_tool_run_t *t)
{
    ngx_buf_t                           *b;
    ngx_http_convrelay_fetch_request_t  *to;

    to = &t->fetch->to;

    to->uri = t->tool->uri;
    to->args = t->tool->args;
    to->timeout = t->tool->timeout;
    to->max_received = NGX_HTTP_CONVRELAY_TOOL_FRAMING * t->max
                       + NGX_HTTP_CONVRELAY_TOOL_HEADER;

    ngx_str_set(&to->accept, "application/json, text/plain;q=0.9");

    if (t->tool->method == NGX_HTTP_GET) {
        to->method = NGX_HTTP_GET;
        ngx_str_set(&to->method_name, "GET");

        return NGX_OK;
    }

    b = ngx_calloc_buf(t->fetch->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->start = t->arguments.json.data;
    b->pos = b->start;
    b->last = b->start + t->arguments.json.len;
    b->end = b->last;
    b->temporary = 1;

    to->body = b;
    ngx_str_set(&to->content_type, "application/json");

    return NGX_OK;
}


void
ngx_http_convrelay_tool_cancel(convrelay_tool_run_t *run)
{
    ngx_http_convrelay_tool_run_t  *t;

    t = run->data;

    if (t) {
        t->run = NULL;
        ngx_http_convrelay_fetch_cancel(t->fetch);
    }
}


void
ngx_http_convrelay_tools_running(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_tool_run_t  *t;

    for (t = call->tools; t; t = t->next) {
        ngx_http_convrelay_account_tool(call, t->index,
                                        ngx_current_msec - t->started,
                                        "running");
    }
}


void
ngx_http_convrelay_tools_leave(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_ctx_t       *ctx;
    ngx_http_convrelay_tool_run_t  *t;

    while (call->tools) {
        t = call->tools;

        if (t->run && call->parted) {
            t->parted = call->parted;
            ngx_http_convrelay_keep_enter(t->parted);

        } else {
            t->run = NULL;
        }

        ngx_http_convrelay_fetch_detach(t->fetch);

        ctx = ngx_http_convrelay_get_ctx(t->fetch->main);

        ctx->call = NULL;
        ctx->session = ngx_http_convrelay_tool_session(t->fetch->pool,
                                                       call->session);

        ngx_http_convrelay_tool_unlink(t);
    }
}


/*
 * Copies the values of variables that may still be evaluated: Lua and njs look
 * them up by name, so they are not known in advance.  NULL: no memory, and they
 * are empty.
 */

static convrelay_session_t *
ngx_http_convrelay_tool_session(ngx_pool_t *pool, convrelay_session_t *from)
{
    size_t                i, n, size;
    ngx_uint_t            ok;
    convrelay_str_t       texts;
    convrelay_session_t  *s;

    s = ngx_pcalloc(pool, sizeof(convrelay_session_t));
    if (s == NULL) {
        return NULL;
    }

    ok = 1;

    texts.data = from->setup_data;
    texts.len = 0;

    for (i = 0; i < CONVRELAY_SESSION_SETUP_FIELDS; i++) {
        s->setup_lens[i] = from->setup_lens[i];
        texts.len += from->setup_lens[i];
    }

    ok &= ngx_http_convrelay_tool_copy(pool, &texts);
    s->setup_data = texts.data;

    s->lang = from->lang;
    ok &= ngx_http_convrelay_tool_copy(pool, &s->lang);

    n = from->nparameters + from->nvariables;

    s->parameters = ngx_palloc(pool, (n + 1) * sizeof(convrelay_pair_t));
    ok &= (s->parameters != NULL);

    for (i = 0; ok && i < n; i++) {
        s->parameters[i] = from->parameters[i];

        ok &= ngx_http_convrelay_tool_copy(pool, &s->parameters[i].name)
              && ngx_http_convrelay_tool_copy(pool, &s->parameters[i].value);
    }

    s->nparameters = from->nparameters;
    s->nvariables = from->nvariables;
    s->turns = from->turns;
    s->interrupts = from->interrupts;
    s->tokens = from->tokens;
    s->input_tokens = from->input_tokens;
    s->output_tokens = from->output_tokens;
    s->first_token = from->first_token;

    if (from->latency) {
        size = sizeof(convrelay_latency_t)
               + from->latency->n * sizeof(uint16_t);

        s->latency = ngx_palloc(pool, size);
        ok &= (s->latency != NULL);

        if (ok) {
            ngx_memcpy(s->latency, from->latency, size);
        }
    }

    return ok ? s : NULL;
}


static ngx_uint_t
ngx_http_convrelay_tool_copy(ngx_pool_t *pool, convrelay_str_t *str)
{
    u_char  *p;

    if (str->len == 0) {
        return 1;
    }

    p = ngx_pnalloc(pool, str->len);
    if (p == NULL) {
        return 0;
    }

    ngx_memcpy(p, str->data, str->len);
    str->data = p;

    return 1;
}


static void
ngx_http_convrelay_tool_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    u_char                         *p;
    size_t                          n, size;
    ngx_http_convrelay_tool_run_t  *t = f->data;

    n = last - pos;
    t->total += n;

    n = t->full ? 0 : ngx_min(n, t->max - t->len);

    if (n > t->size - t->len) {

        /* most answers are small; a pool frees nothing before its end */

        size = t->len ? ngx_min(t->max, 4 * (t->len + n)) : n;

        p = ngx_pnalloc(f->pool, size);
        if (p == NULL) {
            t->full = 1;          /* nothing comes after a gap */
            ngx_http_convrelay_fetch_full(f);
            return;
        }

        if (t->len) {
            ngx_memcpy(p, t->body, t->len);
        }

        t->body = p;
        t->size = size;
    }

    if (n) {
        ngx_memcpy(t->body + t->len, pos, n);
        t->len += n;
    }

    if (t->total > t->max && !t->full) {
        t->full = 1;
        ngx_http_convrelay_fetch_full(f);
    }
}


static void
ngx_http_convrelay_tool_end(ngx_http_convrelay_fetch_t *f)
{
    size_t                          len;
    u_char                         *p;
    unsigned                        ok;
    ngx_msec_t                      ms;
    ngx_connection_t               *c;
    convrelay_str_t                 result;
    convrelay_actions_t             out;
    convrelay_tool_run_t           *run;
    convrelay_metric_tool_e         how;
    convrelay_tool_answer_t         answer;
    ngx_http_convrelay_call_t      *call;
    ngx_http_convrelay_tool_run_t  *t = f->data;

    call = t->call;
    run = t->run;
    out = t->out;

    ngx_http_convrelay_tool_unlink(t);

    ngx_http_convrelay_tool_answer(t, &answer);

    p = convrelay_tool_result(&answer, t->max, &len, &ok);

    how = ok ? CONVRELAY_METRIC_TOOL_OK
             : ngx_http_convrelay_tool_kind(t, &answer);
    ms = ngx_current_msec - t->started;

    ngx_http_convrelay_stat_tool(
             ngx_http_get_module_loc_conf(f->main, ngx_http_convrelay_module),
             t->index, how, ms);

    if (call) {
        ngx_http_convrelay_account_tool(call, t->index, ms,
                                        convrelay_metric_tool_kinds[how]);
    }

    if (!ok) {
        ngx_http_convrelay_tool_log(t, call, answer.status);
    }

    if (t->parted) {

        if (p && ngx_http_convrelay_tool_answered(t, &answer)) {
            result.data = p;
            result.len = len;

            ngx_http_convrelay_keep_result(t->parted, run, &result, ok);
        }

        free(p);
        return;
    }

    if (call == NULL || run == NULL || call->dead) {
        free(p);
        return;
    }

    if (call->closing) {

        if (p && ngx_http_convrelay_tool_answered(t, &answer)) {
            result.data = p;
            result.len = len;

            ngx_http_convrelay_keep_closing(call, run, &result, ok);
        }

        free(p);
        return;
    }

    c = call->connection;
    ngx_http_set_log_request(c->log, call->request);

    if (p == NULL) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    result.data = p;
    result.len = len;

    convrelay_session_tool_end(call->session, run, &result, ok,
                               ngx_current_msec, &out);

    free(p);

    ngx_http_convrelay_stat_settle(call);

    if (call->output.first && !call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }

    ngx_http_convrelay_clock_update(call);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_tool_answer(ngx_http_convrelay_tool_run_t *t,
    convrelay_tool_answer_t *answer)
{
    ngx_http_request_t          *sr;
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;
    sr = f->request;

    ngx_memzero(answer, sizeof(convrelay_tool_answer_t));

    answer->status = f->status;
    answer->seconds = (t->tool->timeout + 999) / 1000;
    answer->body.data = t->body;
    answer->body.len = t->len;
    answer->length = t->total;
    answer->type = ngx_http_convrelay_str(&sr->headers_out.content_type);

    if (t->full) {

        if (sr->headers_out.content_length_n > (off_t) t->total) {
            answer->length = sr->headers_out.content_length_n;

        } else {
            answer->more = (sr->headers_out.content_length_n == -1);
        }

        return;
    }

    switch (ngx_http_convrelay_fetch_result(f)) {

    case NGX_HTTP_CONVRELAY_FETCH_OK:
        return;

    case NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT:
        answer->end = CONVRELAY_TOOL_TIMED_OUT;
        answer->status = NGX_HTTP_GATEWAY_TIME_OUT;
        return;

    case NGX_HTTP_CONVRELAY_FETCH_REDIRECTED:
        answer->status = NGX_HTTP_MOVED_TEMPORARILY;
        return;

    case NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER:
        answer->end = CONVRELAY_TOOL_NO_ANSWER;
        answer->status = NGX_HTTP_BAD_GATEWAY;
        return;

    default:
        answer->end = CONVRELAY_TOOL_BROKE_OFF;
        answer->status = NGX_HTTP_BAD_GATEWAY;
        return;
    }
}


/*
 * After its call, only an answer of the location counts.  Whatever else ends
 * the request, such as the end of the worker, says nothing about what was done:
 * the record goes on saying that it may have been.
 */

static ngx_uint_t
ngx_http_convrelay_tool_answered(ngx_http_convrelay_tool_run_t *t,
    const convrelay_tool_answer_t *answer)
{
    ngx_http_upstream_t  *u;

    u = t->fetch->request->upstream;

    return answer->end == CONVRELAY_TOOL_ANSWERED
           && (u == NULL || u->headers_in.status_n);
}


/* how it failed, for the counters; where an upstream has no answer, nginx makes
   one with a status of its own */

static convrelay_metric_tool_e
ngx_http_convrelay_tool_kind(ngx_http_convrelay_tool_run_t *t,
    const convrelay_tool_answer_t *answer)
{
    ngx_http_upstream_t  *u;

    u = t->fetch->request->upstream;

    switch (answer->end) {

    case CONVRELAY_TOOL_ANSWERED:

        if (answer->status >= 200 && answer->status < 300) {
            return CONVRELAY_METRIC_TOOL_WEB_PAGE;
        }

        if (u == NULL || u->headers_in.status_n) {
            return CONVRELAY_METRIC_TOOL_STATUS;
        }

        return (answer->status == NGX_HTTP_GATEWAY_TIME_OUT)
               ? CONVRELAY_METRIC_TOOL_TIMEOUT
               : (answer->status == NGX_HTTP_BAD_GATEWAY)
               ? CONVRELAY_METRIC_TOOL_CONNECT : CONVRELAY_METRIC_TOOL_STATUS;

    case CONVRELAY_TOOL_NO_ANSWER:
        return CONVRELAY_METRIC_TOOL_CONNECT;

    case CONVRELAY_TOOL_TIMED_OUT:
        return CONVRELAY_METRIC_TOOL_TIMEOUT;

    default: /* CONVRELAY_TOOL_BROKE_OFF */
        return CONVRELAY_METRIC_TOOL_TRUNCATED;
    }
}


/* logs neither arguments nor results: they are private to the caller */

static void
ngx_http_convrelay_tool_log(ngx_http_convrelay_tool_run_t *t,
    ngx_http_convrelay_call_t *call, unsigned status)
{
    ngx_msec_t                      time;
    const char                     *phrase;
    ngx_http_convrelay_fetch_end_e  end;

    time = ngx_current_msec - t->started;
    end = ngx_http_convrelay_fetch_result(t->fetch);

    phrase = (end == NGX_HTTP_CONVRELAY_FETCH_OK)
             ? "failed" : ngx_http_convrelay_fetch_phrase(end);

    if (call) {
        ngx_http_convrelay_log(call, NGX_LOG_ERR, "a tool failed",
                               "tool \"%V\" %s, status: %ui, %M ms",
                               &t->tool->name, phrase, (ngx_uint_t) status,
                               time);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "tool \"%V\" %s after the end of its call, status: %ui, "
                  "%M ms", &t->tool->name, phrase, (ngx_uint_t) status, time);
}
