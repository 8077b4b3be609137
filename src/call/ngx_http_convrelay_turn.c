
/*
 * Copyright (C) convrelay contributors
 *
 * A turn: one prompt goes to the LLM.  The answer is handled in
 * ngx_http_convrelay_answer.c.
 *
 * The LLM is the location's own content handler, mostly proxy_pass.  A fetch
 * runs it on the call's connection, so that a turn costs no connection of its
 * own.
 */


#include "ngx_http_convrelay_call.h"


static ngx_http_convrelay_turn_t *ngx_http_convrelay_turn_create(
    ngx_http_convrelay_call_t *call, ngx_http_convrelay_loc_conf_t *conf,
    ngx_http_convrelay_llm_metrics_t *metrics, ngx_http_convrelay_fetch_t *f,
    ngx_uint_t llm);
static void ngx_http_convrelay_turn_cleanup(void *data);
static ngx_int_t ngx_http_convrelay_turn_request(
    ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_turn_check(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_turn_check_path(
    ngx_http_convrelay_turn_t *t);


ngx_int_t
ngx_http_convrelay_turn_start(ngx_http_convrelay_call_t *call,
    ngx_uint_t hedge)
{
    ngx_uint_t                         llm;
    ngx_http_convrelay_turn_t         *t;
    ngx_http_convrelay_fetch_t        *f;
    ngx_http_convrelay_backup_t       *backup;
    ngx_http_convrelay_loc_conf_t     *conf;
    ngx_http_convrelay_llm_metrics_t  *metrics;

    llm = hedge ? call->session->hedge : call->session->llm;

    if (llm == 0) {
        conf = call->conf;
        metrics = conf->llm.metrics;
        f = ngx_http_convrelay_fetch_create(call->request, 0);

    } else {
        call->fallbacks++;
        ngx_http_convrelay_count_n(call->conf,
                                   hedge ? CONVRELAY_METRIC_FALLBACK_PARALLEL
                                         : CONVRELAY_METRIC_FALLBACK_AFTER, 1);

        backup = &call->conf->llm.backups[llm - 1];
        conf = backup->conf;
        metrics = backup->metrics;

        ngx_http_convrelay_log(call, NGX_LOG_INFO, "asking a fallback",
                               "asking the fallback \"%V\"",
                               &backup->location->name);

        f = ngx_http_convrelay_fetch_create_in(call->request,
                                               backup->location->loc_conf);
    }

    if (f == NULL) {
        return NGX_ERROR;
    }

    t = ngx_http_convrelay_turn_create(call, conf, metrics, f, llm);

    if (t == NULL || ngx_http_convrelay_turn_request(t) != NGX_OK) {
        ngx_http_convrelay_fetch_free(f);
        return NGX_ERROR;
    }

    if (hedge) {
        t->hedge = 1;

    } else {
        call->turn = t;
    }

    if (ngx_http_convrelay_fetch_start(f, &ngx_http_convrelay_answer_sink, t)
        != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_turn_check(t);

    return NGX_OK;
}


/* creates a turn in the pool of its fetch, with which it is freed */

static ngx_http_convrelay_turn_t *
ngx_http_convrelay_turn_create(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_loc_conf_t *conf,
    ngx_http_convrelay_llm_metrics_t *metrics, ngx_http_convrelay_fetch_t *f,
    ngx_uint_t llm)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_convrelay_turn_t  *t;

    cln = ngx_pool_cleanup_add(f->pool, sizeof(ngx_http_convrelay_turn_t));
    if (cln == NULL) {
        return NULL;
    }

    t = cln->data;
    ngx_memzero(t, sizeof(ngx_http_convrelay_turn_t));

    t->call = call;
    t->conf = conf;
    t->metrics = metrics;
    t->fetch = f;
    t->llm = llm;
    t->started = ngx_current_msec;
    t->said = call->session->tokens;

    convrelay_llm_stream_init(&t->stream, conf->llm.api, NGX_HTTP_OK);
    t->stream.max_line = conf->limits.max_line_size;
    t->stream.max_body = conf->limits.max_line_size;
    t->stream.max_call = call->conf->tools.max_arguments;

    if (call->conf->tools.list) {
        t->stream.max_calls = call->conf->tools.max_calls;
        t->stream.turn = call->session->tool_calls;
    }

    ngx_queue_insert_tail(&call->turns, &t->queue);

    cln->handler = ngx_http_convrelay_turn_cleanup;

    if (ngx_http_convrelay_call_bind(call, f->main) != NGX_OK) {
        return NULL;
    }

    return t;
}


static void
ngx_http_convrelay_turn_cleanup(void *data)
{
    ngx_http_convrelay_turn_t *t = data;

    if (t->call->turn == t) {
        t->call->turn = NULL;
    }

    if (t->silence.timer_set) {
        ngx_del_timer(&t->silence);
    }

    convrelay_llm_stream_free(&t->stream);

    ngx_queue_remove(&t->queue);
}


static ngx_int_t
ngx_http_convrelay_turn_request(ngx_http_convrelay_turn_t *t)
{
    ngx_buf_t                           *b;
    ngx_http_core_loc_conf_t            *clcf;
    ngx_http_convrelay_loc_conf_t       *conf;
    ngx_http_convrelay_fetch_request_t  *to;

    conf = t->conf;
    to = &t->fetch->to;

    b = ngx_calloc_buf(t->fetch->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_request_body(t, b) != NGX_OK) {
        return NGX_ERROR;
    }

    to->handler = conf->llm.handler;
    to->body = b;
    to->max_size = conf->limits.max_response_size;
    to->stream = 1;

    clcf = ngx_http_get_module_loc_conf(t->fetch->main, ngx_http_core_module);

    if (clcf->named) {

        /* nginx allows no path in the proxy_pass of such a location */

        ngx_str_set(&to->uri, "/v1/chat/completions");
    }

    ngx_str_set(&to->content_type, "application/json");
    ngx_str_set(&to->accept, "text/event-stream, application/json");

    return NGX_OK;
}


/* checks what can be known about the location only after a request */

static void
ngx_http_convrelay_turn_check(ngx_http_convrelay_turn_t *t)
{
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    ngx_http_convrelay_fetch_check(t->fetch, &t->conf->llm.checked);

    sr = t->fetch->request;
    u = sr->upstream;

    if (t->fetch->done || u == NULL || t->fetch->to.uri.len) {
        return;
    }

    /* equal by chance, or proxy_pass has no path: logged if the turn fails */

    t->no_path = (u->uri.len == sr->uri.len
                  && ngx_strncmp(u->uri.data, sr->uri.data, u->uri.len) == 0);
}


void
ngx_http_convrelay_turn_blame(ngx_http_convrelay_turn_t *t, ngx_str_t *peer)
{
    ngx_http_upstream_t  *u;

    ngx_str_set(peer, "-");

    u = t->fetch->request->upstream;

    if (u && u->state && u->state->peer) {
        *peer = *u->state->peer;
    }

    if (t->no_path && t->fetch->status) {
        ngx_http_convrelay_log(t->call, NGX_LOG_ERR,
                               "\"proxy_pass\" has no path",
                               "the LLM was sent \"%V\", the name of the "
                               "location, as its URI: \"proxy_pass\" has no "
                               "path, write the whole URL of the LLM, such as "
                               "\"https://host/v1/chat/completions\"",
                               &u->uri);
        return;
    }

    ngx_http_convrelay_turn_check_path(t);
}


/* a path made from variables is not logged: it may have a caller's number */

static void
ngx_http_convrelay_turn_check_path(ngx_http_convrelay_turn_t *t)
{
    char                                 path[65];
    ngx_str_t                            shown;
    convrelay_sent_t                     sent;
    ngx_http_convrelay_fetch_t          *f;
    ngx_http_convrelay_fetch_checked_t  *checked;

    f = t->fetch;
    checked = &t->conf->llm.checked;

    if ((f->status != NGX_HTTP_NOT_FOUND
         && f->status != NGX_HTTP_NOT_ALLOWED)
        || checked->path
        || ngx_http_convrelay_fetch_sent(f, &sent) != NGX_OK
        || convrelay_sent_is_chat(&sent.path))
    {
        return;
    }

    checked->path = 1;

    if (f->request->upstream->resolved) {
        ngx_str_set(&shown, "a path with variables");

    } else {
        convrelay_redact(path, sizeof(path), sent.path.data, sent.path.len);

        shown.len = ngx_strlen(path);
        shown.data = (u_char *) path;
    }

    ngx_log_error(NGX_LOG_ERR, f->request->connection->log, 0,
                  "LLM was asked for \"%V\" and answered %ui: is it "
                  "\"/v1/chat/completions\"? Write the whole URL in "
                  "\"proxy_pass\", such as "
                  "\"https://host/v1/chat/completions\"", &shown, f->status);
}


void
ngx_http_convrelay_turn_failed(ngx_http_convrelay_turn_t *t,
    const char *reason)
{
    ngx_str_t                    peer;
    ngx_http_convrelay_fetch_t  *f;

    f = t->fetch;

    ngx_http_convrelay_turn_blame(t, &peer);

    ngx_http_convrelay_log(t->call, NGX_LOG_ERR, "LLM failed",
                           "LLM failed: upstream: %V, status: %ui, %s", &peer,
                           f->status ? f->status
                                     : (ngx_uint_t) ngx_max(f->rc, 0),
                           reason);
}


void
ngx_http_convrelay_turn_usage(ngx_http_convrelay_turn_t *t)
{
    convrelay_session_t     *session;
    convrelay_llm_stream_t  *stream;

    session = t->call->session;
    stream = &t->stream;

    if (stream->prompt_tokens > 0) {
        session->input_tokens += stream->prompt_tokens;
    }

    if (stream->completion_tokens > 0) {
        session->output_tokens += stream->completion_tokens;
    }

    ngx_http_convrelay_stat_usage(t, CONVRELAY_METRIC_LLM_INPUT,
                                  stream->prompt_tokens);
    ngx_http_convrelay_stat_usage(t, CONVRELAY_METRIC_LLM_OUTPUT,
                                  stream->completion_tokens);
    ngx_http_convrelay_stat_usage(t, CONVRELAY_METRIC_LLM_CACHED,
                                  stream->cached_tokens);

    stream->prompt_tokens = -1;
    stream->completion_tokens = -1;
    stream->cached_tokens = -1;
}


void
ngx_http_convrelay_turn_cancel(ngx_http_convrelay_turn_t *t)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, t->call->connection->log, 0,
                   "convrelay turn cancel");

    ngx_http_convrelay_turn_usage(t);

    t->call->turn = NULL;

    ngx_http_convrelay_stat_cancel(t);
    ngx_http_convrelay_fetch_cancel(t->fetch);
}


ngx_http_convrelay_turn_t *
ngx_http_convrelay_turn_hedge(ngx_http_convrelay_call_t *call)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *t;

    for (q = ngx_queue_head(&call->turns);
         q != ngx_queue_sentinel(&call->turns);
         q = ngx_queue_next(q))
    {
        t = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        if (t->hedge) {
            return t;
        }
    }

    return NULL;
}


/* a draining turn holds a request and a connection: a call has only one */

void
ngx_http_convrelay_turn_drain(ngx_http_convrelay_turn_t *t)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *other;

    for (q = ngx_queue_head(&t->call->turns);
         q != ngx_queue_sentinel(&t->call->turns);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        if (other->answered && other != t) {
            ngx_http_convrelay_fetch_cancel(other->fetch);
        }
    }

    t->fetch->to.max_size = ngx_http_convrelay_fetch_received(t->fetch)
                            + NGX_HTTP_CONVRELAY_DRAIN_SIZE;

    ngx_http_convrelay_fetch_timeout(t->fetch, NGX_HTTP_CONVRELAY_DRAIN_TIME);
}


void
ngx_http_convrelay_turns_abort(ngx_http_convrelay_call_t *call)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *t;

    if (call->turn) {
        call->turn = NULL;
    }

    for (q = ngx_queue_head(&call->turns);
         q != ngx_queue_sentinel(&call->turns);
         q = ngx_queue_next(q))
    {
        t = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        ngx_http_convrelay_fetch_abort(t->fetch);
    }
}


/*
 * The pool of the call is being destroyed, so this cannot wait for aio.  The
 * upstreams of nginx never read or write a file for a turn: their answers are
 * not buffered, and a cache is refused in the configuration if the address has
 * no variables.
 */

void
ngx_http_convrelay_turns_free(ngx_http_convrelay_call_t *call)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *t;

    while (!ngx_queue_empty(&call->turns)) {
        q = ngx_queue_head(&call->turns);
        t = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        ngx_http_convrelay_fetch_free(t->fetch);
    }
}
