
/*
 * Copyright (C) convrelay contributors
 *
 * A turn: one prompt goes to the LLM.  What comes back is the matter of
 * ngx_http_convrelay_answer.c.
 *
 * The LLM is whatever content handler the location has besides us, mostly
 * proxy_pass.  It runs in a background subrequest, so that the socket of the
 * call stays ours; the subrequest's main request is not the call's but a
 * shadow of it in the turn's own pool, so that nothing of a turn outlives it.
 *
 * A turn is cancelled and freed by a posted event only: its upstream's code
 * is on the stack whenever something of the answer is looked at here.
 */


#include "ngx_http_convrelay_upstream.h"


#define NGX_HTTP_CONVRELAY_POOL_SIZE     4096
#define NGX_HTTP_CONVRELAY_BLOCKED_TIME  20     /* ms till aio is asked for
                                                   again */


static ngx_http_convrelay_turn_t *ngx_http_convrelay_turn_create(
    ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_subrequest(ngx_http_convrelay_turn_t *t);
static ngx_int_t ngx_http_convrelay_request_headers(ngx_http_request_t *sr);
static ngx_int_t ngx_http_convrelay_push_header(ngx_http_request_t *sr,
    ngx_table_elt_t **elt, const char *name, const char *value);
static void ngx_http_convrelay_run(ngx_http_convrelay_turn_t *t);

static void ngx_http_convrelay_turn_handler(ngx_event_t *ev);
static void ngx_http_convrelay_timer_handler(ngx_event_t *ev);
static void ngx_http_convrelay_turn_finish(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_turn_stop(ngx_http_convrelay_turn_t *t);
static void ngx_http_convrelay_turn_free(ngx_http_convrelay_turn_t *t);


ngx_int_t
ngx_http_convrelay_turn_start(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_turn_t  *t;

    t = ngx_http_convrelay_turn_create(call);
    if (t == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_subrequest(t) != NGX_OK) {
        ngx_http_convrelay_turn_free(t);
        return NGX_ERROR;
    }

    call->turn = t;

    if (call->conf->limits.max_answer_time) {
        ngx_add_timer(&t->timer, call->conf->limits.max_answer_time);
    }

    ngx_http_convrelay_run(t);

    return NGX_OK;
}


static ngx_http_convrelay_turn_t *
ngx_http_convrelay_turn_create(ngx_http_convrelay_call_t *call)
{
    ngx_log_t                  *log;
    ngx_pool_t                 *pool;
    ngx_http_convrelay_turn_t  *t;

    log = call->connection->log;

    pool = ngx_create_pool(NGX_HTTP_CONVRELAY_POOL_SIZE, log);
    if (pool == NULL) {
        return NULL;
    }

    t = ngx_pcalloc(pool, sizeof(ngx_http_convrelay_turn_t));
    if (t == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    t->pool = pool;
    t->call = call;

    convrelay_llm_stream_init(&t->stream, NGX_HTTP_OK);
    t->stream.max_line = call->conf->limits.max_line_size;
    t->stream.max_body = call->conf->limits.max_line_size;

    t->max_received = call->conf->limits.max_response_size
                      ? (off_t) call->conf->limits.max_response_size
                      : NGX_MAX_OFF_T_VALUE;

    t->event.handler = ngx_http_convrelay_turn_handler;
    t->event.data = t;
    t->event.log = log;

    t->timer.handler = ngx_http_convrelay_timer_handler;
    t->timer.data = t;
    t->timer.log = log;

    ngx_queue_insert_tail(&call->turns, &t->queue);

    t->shadow = ngx_http_convrelay_shadow(call, pool);
    if (t->shadow == NULL) {
        ngx_http_convrelay_turn_free(t);
        return NULL;
    }

    return t;
}


static ngx_int_t
ngx_http_convrelay_subrequest(ngx_http_convrelay_turn_t *t)
{
    ngx_buf_t                 *b;
    ngx_str_t                  args;
    ngx_http_request_t        *m, *r, *sr;
    ngx_http_core_loc_conf_t  *clcf;

    m = t->shadow;
    r = t->call->request;

    b = ngx_calloc_buf(t->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_request_body(m, t->call, b) != NGX_OK) {
        return NGX_ERROR;
    }

    t->post.handler = ngx_http_convrelay_turn_post_handler;
    t->post.data = t;

    /* the location's own name: what proxy_pass has as a URI replaces it */

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_str_null(&args);

    if (ngx_http_subrequest(m, &clcf->name, &args, &sr, &t->post,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* nobody runs them: it is started by hand */

    m->posted_requests = NULL;

    sr->loc_conf = r->loc_conf;
    sr->valid_location = 1;
    sr->filter_need_in_memory = 1;
    sr->method = NGX_HTTP_POST;
    sr->method_name = m->method_name;
    sr->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_set_ctx(sr, t, ngx_http_convrelay_module);

    sr->request_body = ngx_pcalloc(t->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    sr->request_body->bufs = ngx_alloc_chain_link(t->pool);
    if (sr->request_body->bufs == NULL) {
        return NGX_ERROR;
    }

    b->last_buf = 1;

    sr->request_body->buf = b;
    sr->request_body->bufs->buf = b;
    sr->request_body->bufs->next = NULL;
    sr->headers_in.content_length_n = b->last - b->pos;

    if (ngx_http_convrelay_request_headers(sr) != NGX_OK) {
        return NGX_ERROR;
    }

    t->request = sr;

    return NGX_OK;
}


/* the LLM gets none of the caller's headers, signatures among them */

static ngx_int_t
ngx_http_convrelay_request_headers(ngx_http_request_t *sr)
{
    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_push_header(sr, &sr->headers_in.content_type,
                                       "Content-Type", "application/json")
        != NGX_OK
        || ngx_http_convrelay_push_header(sr, NULL, "Accept",
                                          "text/event-stream, "
                                          "application/json")
           != NGX_OK
        || ngx_http_convrelay_push_header(sr, NULL, "Accept-Encoding",
                                          "identity")
           != NGX_OK
        || ngx_http_convrelay_push_header(sr, &sr->headers_in.user_agent,
                                          "User-Agent", "convrelay")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_push_header(ngx_http_request_t *sr, ngx_table_elt_t **elt,
    const char *name, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = ngx_strlen(value);
    h->value.data = (u_char *) value;

    h->lowcase_key = ngx_pnalloc(sr->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NGX_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    if (elt) {
        *elt = h;
    }

    return NGX_OK;
}


/* does what the content phase does; the turn may be over when it returns */

static void
ngx_http_convrelay_run(ngx_http_convrelay_turn_t *t)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *sr;

    sr = t->request;
    c = sr->connection;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "convrelay turn start body:%O",
                   sr->headers_in.content_length_n);

    rc = t->call->conf->llm.handler(sr);

    if (rc == NGX_DECLINED) {
        rc = NGX_HTTP_NOT_FOUND;
    }

    ngx_http_finalize_request(sr, rc);

    if (!t->done && sr->upstream) {
        ngx_http_convrelay_upstream_init(t, sr->upstream);
    }

    ngx_http_set_log_request(c->log, t->call->request);
}


ngx_int_t
ngx_http_convrelay_turn_post_handler(ngx_http_request_t *r, void *data,
    ngx_int_t rc)
{
    ngx_http_convrelay_turn_t *t = data;

    if (t->done) {
        return NGX_OK;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay turn done rc:%i", rc);

    t->done = 1;
    t->rc = rc;

    if (r->headers_out.status == 0) {
        r->headers_out.status = (rc > 0) ? rc
                                         : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_post_event(&t->event, &ngx_posted_events);

    return NGX_OK;
}


void
ngx_http_convrelay_turn_cancel(ngx_http_convrelay_turn_t *t)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, t->call->connection->log, 0,
                   "convrelay turn cancel");

    t->cancelled = 1;

    if (t->call->turn == t) {
        t->call->turn = NULL;
    }

    ngx_post_event(&t->event, &ngx_posted_events);
}


/* it holds a request and a connection, so there is one of them a call */

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
            ngx_post_event(&other->event, &ngx_posted_events);
        }
    }

    ngx_add_timer(&t->timer, NGX_HTTP_CONVRELAY_DRAIN_TIME);
}


/* posted: the subrequest is over, or has to be */

static void
ngx_http_convrelay_turn_handler(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_http_convrelay_turn_t  *t;

    t = ev->data;
    c = t->call->connection;

    c->log->action = "ending turn";
    ngx_http_set_log_request(c->log, t->call->request);

    if (t->done) {
        ngx_http_convrelay_turn_finish(t);

    } else {
        ngx_http_convrelay_turn_stop(t);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_timer_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_turn_t  *t;

    t = ev->data;

    if (!t->answered && !t->done) {
        ngx_log_error(NGX_LOG_WARN, t->call->connection->log, 0,
                      "LLM's answer takes longer than %M ms, the limit",
                      t->call->conf->limits.max_answer_time);
        t->late = 1;
    }

    ngx_post_event(&t->event, &ngx_posted_events);
}


static void
ngx_http_convrelay_turn_finish(ngx_http_convrelay_turn_t *t)
{
    ngx_http_convrelay_call_t  *call;

    call = t->call;

    if (t->shadow->blocked) {
        ngx_add_timer(&t->timer, NGX_HTTP_CONVRELAY_BLOCKED_TIME);
        return;
    }

    call->answer_end(t);
    ngx_http_convrelay_turn_free(t);

    if (!call->dead && call->output.first
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


/*
 * Ends a subrequest that is not over.  The way is the one in which
 * ngx_http_upstream_create() gets rid of an upstream; not to be called below
 * a callback of the upstream.
 */

static void
ngx_http_convrelay_turn_stop(ngx_http_convrelay_turn_t *t)
{
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = t->request;

    if (sr == NULL || t->done) {
        return;
    }

    if (!t->answered) {
        sr->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    sr->write_event_handler = ngx_http_request_empty_handler;

    u = sr->upstream;

    if (u && u->cleanup) {
        sr->main->count++;
        (*u->cleanup)(sr);
    }

    ngx_http_finalize_request(sr, NGX_HTTP_CLIENT_CLOSED_REQUEST);
}


static void
ngx_http_convrelay_turn_free(ngx_http_convrelay_turn_t *t)
{
    ngx_http_cleanup_t   *cln;
    ngx_http_log_ctx_t   *ctx;
    ngx_http_request_t   *r;

    r = t->call->request;

    if (t->event.posted) {
        ngx_delete_posted_event(&t->event);
    }

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    if (t->shadow) {

        cln = t->shadow->cleanup;
        t->shadow->cleanup = NULL;

        for ( /* void */ ; cln; cln = cln->next) {
            if (cln->handler) {
                cln->handler(cln->data);
            }
        }
    }

    ctx = r->connection->log->data;

    if (ctx->current_request == t->request) {
        ctx->current_request = r;
    }

    if (t->call->turn == t) {
        t->call->turn = NULL;
    }

    convrelay_llm_stream_free(&t->stream);

    ngx_queue_remove(&t->queue);

    ngx_destroy_pool(t->pool);
}


void
ngx_http_convrelay_turns_abort(ngx_http_convrelay_call_t *call)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *t;

    call->turn = NULL;

    for (q = ngx_queue_head(&call->turns);
         q != ngx_queue_sentinel(&call->turns);
         q = ngx_queue_next(q))
    {
        t = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        t->cancelled = 1;
        ngx_http_convrelay_turn_stop(t);
    }
}


/*
 * There is no waiting here as in turn_finish(): the pool of the call goes now.
 * That a file is read or written for a turn is ruled out for the upstreams of
 * nginx: their answers are not buffered (answer.c), and a cache is refused in
 * the configuration, where the address has no variables.
 */

void
ngx_http_convrelay_turns_free(ngx_http_convrelay_call_t *call)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&call->turns)) {
        q = ngx_queue_head(&call->turns);
        ngx_http_convrelay_turn_free(ngx_queue_data(q,
                                           ngx_http_convrelay_turn_t, queue));
    }
}
