
/*
 * Copyright (C) convrelay contributors
 *
 * One request: its method is the command, its body the value.
 *
 * A reply is taken only if it is certainly ours: after the mark that was sent
 * with the command, when all of the command was sent, and with nothing after
 * it.  A connection with anything left over is closed.
 */


#include "ngx_http_convrelay_redis.h"


#if (CONVRELAY_OK != NGX_OK || CONVRELAY_ERROR != NGX_ERROR                  \
     || CONVRELAY_AGAIN != NGX_AGAIN)
#error "return codes differ from nginx's"
#endif


typedef struct {
    ngx_http_request_t           *request;
    convrelay_redis_command_t     cmd;
    convrelay_redis_reply_t       reply;
    ngx_chain_t                  *held;      /* what waits for the login */
    unsigned                      sent:1;    /* the login was, to the writer */
} ngx_http_convrelay_redis_ctx_t;


static ngx_int_t ngx_http_convrelay_redis_command(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_redis_auth(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_redis_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, convrelay_str_t *str);
static ngx_int_t ngx_http_convrelay_redis_resolve(ngx_http_request_t *r,
    ngx_http_complex_value_t *pass);

static ngx_int_t ngx_http_convrelay_redis_create_request(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_redis_body(ngx_http_request_t *r,
    convrelay_redis_command_t *cmd, ngx_chain_t **ll);
static ngx_int_t ngx_http_convrelay_redis_output(void *data,
    ngx_chain_t *in);
static ngx_int_t ngx_http_convrelay_redis_reinit_request(
    ngx_http_request_t *r);

static ngx_int_t ngx_http_convrelay_redis_process_header(
    ngx_http_request_t *r);
static ngx_uint_t ngx_http_convrelay_redis_keep(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_redis_refused(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_redis_filter_init(void *data);
static ngx_int_t ngx_http_convrelay_redis_filter(void *data, ssize_t bytes);

static void ngx_http_convrelay_redis_abort_request(ngx_http_request_t *r);
static void ngx_http_convrelay_redis_finalize_request(ngx_http_request_t *r,
    ngx_int_t rc);


ngx_int_t
ngx_http_convrelay_redis_handler(ngx_http_request_t *r)
{
    ngx_int_t                             rc;
    ngx_http_upstream_t                  *u;
    ngx_http_convrelay_redis_ctx_t       *ctx;
    ngx_http_convrelay_redis_loc_conf_t  *rlcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_PUT|NGX_HTTP_DELETE))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (r->method != NGX_HTTP_PUT) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_convrelay_redis_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    if (ngx_http_convrelay_redis_command(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_upstream_create(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_convrelay_redis_module);

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_redis_module);

    u = r->upstream;

    if (rlcf->pass
        && ngx_http_convrelay_redis_resolve(r, rlcf->pass) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&u->schema, "redis://");

#if (NGX_HTTP_SSL)

    if (rlcf->upstream.ssl) {
        ngx_str_set(&u->schema, "rediss://");
        u->ssl = 1;
    }

#endif

    u->output.tag = (ngx_buf_tag_t) &ngx_http_convrelay_redis_module;

    u->conf = &rlcf->upstream;

    u->create_request = ngx_http_convrelay_redis_create_request;
    u->reinit_request = ngx_http_convrelay_redis_reinit_request;
    u->process_header = ngx_http_convrelay_redis_process_header;
    u->abort_request = ngx_http_convrelay_redis_abort_request;
    u->finalize_request = ngx_http_convrelay_redis_finalize_request;

    u->input_filter_init = ngx_http_convrelay_redis_filter_init;
    u->input_filter = ngx_http_convrelay_redis_filter;
    u->input_filter_ctx = ctx;

    if (r->method == NGX_HTTP_PUT) {
        rc = ngx_http_read_client_request_body(r, ngx_http_upstream_init);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        return NGX_DONE;
    }

    r->main->count++;

    ngx_http_upstream_init(r);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_convrelay_redis_command(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx)
{
    ngx_str_t                              ttl;
    convrelay_redis_command_t             *cmd;
    ngx_http_convrelay_redis_loc_conf_t   *rlcf;
    ngx_http_convrelay_redis_main_conf_t  *rmcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_redis_module);
    rmcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_redis_module);

    cmd = &ctx->cmd;

    cmd->verb = r->method == NGX_HTTP_GET ? CONVRELAY_REDIS_GET
                : r->method == NGX_HTTP_PUT ? CONVRELAY_REDIS_SET
                : CONVRELAY_REDIS_DEL;

    cmd->db = rmcf->db ? (int) rlcf->db : -1;
    cmd->reset = rmcf->auth ? 1 : 0;

    if (ngx_http_convrelay_redis_value(r, rlcf->key, &cmd->key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (cmd->key.len == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"convrelay_redis_key\" is empty");
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_redis_auth(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (cmd->verb != CONVRELAY_REDIS_SET || rlcf->ttl == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, rlcf->ttl, &ttl) != NGX_OK) {
        return NGX_ERROR;
    }

    cmd->ttl = ngx_http_convrelay_redis_time(&ttl);

    if (cmd->ttl == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"convrelay_redis_ttl\" is not a time such as \"300\" "
                      "or \"5m\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_auth(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx)
{
    ngx_http_convrelay_redis_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_redis_module);

    if (rlcf->password == NULL) {
        return NGX_OK;
    }

    if (ngx_http_convrelay_redis_value(r, rlcf->password, &ctx->cmd.password)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rlcf->user
        && ngx_http_convrelay_redis_value(r, rlcf->user, &ctx->cmd.user)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* never as another user than the one that was meant */

    if (ctx->cmd.password.len == 0 || (rlcf->user && ctx->cmd.user.len == 0)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a user or a password of \"convrelay_redis_auth\" is "
                      "empty: a variable in it has no value");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, convrelay_str_t *str)
{
    ngx_str_t  text;

    if (ngx_http_complex_value(r, value, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    str->len = text.len;
    str->data = text.data;

    return NGX_OK;
}


ngx_msec_int_t
ngx_http_convrelay_redis_time(ngx_str_t *value)
{
    ngx_int_t  time;

    time = ngx_parse_time(value, 0);

    return time <= 0 ? NGX_ERROR : time;
}


/* a name or an address that is known only now */

static ngx_int_t
ngx_http_convrelay_redis_resolve(ngx_http_request_t *r,
    ngx_http_complex_value_t *pass)
{
    ngx_url_t             url;
    ngx_http_upstream_t  *u;

    ngx_memzero(&url, sizeof(ngx_url_t));

    if (ngx_http_complex_value(r, pass, &url.url) != NGX_OK) {
        return NGX_ERROR;
    }

    url.default_port = NGX_HTTP_CONVRELAY_REDIS_PORT;
    url.no_resolve = 1;

    if (ngx_parse_url(r->pool, &url) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "%s in upstream \"%V\"", url.err ? url.err : "error",
                      &url.url);
        return NGX_ERROR;
    }

    u = r->upstream;

    u->resolved = ngx_pcalloc(r->pool, sizeof(ngx_http_upstream_resolved_t));
    if (u->resolved == NULL) {
        return NGX_ERROR;
    }

    if (url.addrs) {
        u->resolved->sockaddr = url.addrs[0].sockaddr;
        u->resolved->socklen = url.addrs[0].socklen;
        u->resolved->name = url.addrs[0].name;
        u->resolved->naddrs = 1;
    }

    u->resolved->host = url.host;
    u->resolved->port = url.port;
    u->resolved->no_port = url.no_port;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_create_request(ngx_http_request_t *r)
{
    ngx_buf_t                       *b, *login;
    ngx_uint_t                       i;
    ngx_chain_t                     *cl, *body;
    convrelay_redis_command_t       *cmd;
    ngx_http_convrelay_redis_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_redis_module);
    cmd = &ctx->cmd;

    for (i = 0; i < CONVRELAY_REDIS_MARK; i += 4) {
        (void) ngx_sprintf(cmd->mark + i, "%04xD",
                           (uint32_t) ngx_random() & 0xffff);
    }

    body = NULL;

    if (cmd->verb == CONVRELAY_REDIS_SET
        && ngx_http_convrelay_redis_body(r, cmd, &body) != NGX_OK)
    {
        return NGX_ERROR;
    }

    login = ngx_create_temp_buf(r->pool, convrelay_redis_size(cmd));
    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (login == NULL || b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    login->last = convrelay_redis_write_login(login->last, cmd);

    b->temporary = 1;
    b->start = login->last;
    b->pos = login->last;
    b->last = convrelay_redis_write(b->pos, cmd);
    b->end = login->end;

    /* TLS sends what it has gathered only when it is told to */

    b->flush = (body == NULL);

    cl->buf = b;
    cl->next = body;

    if (login->pos != login->last) {
        login->flush = 1;

        body = cl;

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = login;
        cl->next = body;
    }

    r->upstream->request_bufs = cl;
    r->upstream->output.output_filter = ngx_http_convrelay_redis_output;
    r->upstream->output.filter_ctx = r;

    convrelay_redis_expect(&ctx->reply, cmd);

    return NGX_OK;
}


/* copies of the body's buffers, in memory or in a file, and their end */

static ngx_int_t
ngx_http_convrelay_redis_body(ngx_http_request_t *r,
    convrelay_redis_command_t *cmd, ngx_chain_t **ll)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *in;

    in = r->request_body ? r->request_body->bufs : NULL;

    for ( /* void */ ; in; in = in->next) {

        if (ngx_buf_size(in->buf) == 0) {
            continue;
        }

        b = ngx_alloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NGX_ERROR;
        }

        *b = *in->buf;

        /* another try begins at the start of each buffer */

        b->start = b->pos;
        b->last_buf = 0;
        b->last_in_chain = 0;
        b->flush = 0;

        cmd->size += ngx_buf_size(b);

        cl->buf = b;
        *ll = cl;
        ll = &cl->next;
    }

    b = ngx_create_temp_buf(r->pool, CONVRELAY_REDIS_MAX_END);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->last = convrelay_redis_write_end(b->last, cmd);
    b->flush = 1;

    cl->buf = b;
    cl->next = NULL;
    *ll = cl;

    return NGX_OK;
}


/*
 * Redis executes a command whose AUTH or SELECT it has refused: on a new
 * connection as its default user, and in database 0.  So the command waits for
 * their replies there.  A kept connection has had them, for the same user and
 * database; see ngx_http_convrelay_redis_pool.c.
 */

static ngx_int_t
ngx_http_convrelay_redis_output(void *data, ngx_chain_t *in)
{
    ngx_http_request_t *r = data;

    ngx_chain_t                     *cl, **ll;
    ngx_http_upstream_t             *u;
    ngx_http_convrelay_redis_ctx_t  *ctx;

    u = r->upstream;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_redis_module);

    if (convrelay_redis_logged_in(&ctx->reply) || u->peer.cached) {

        if (ctx->held == NULL) {
            return ngx_chain_writer(&u->writer, in);
        }

        cl = ctx->held;
        ctx->held = NULL;

        for (ll = &cl; *ll; ll = &(*ll)->next) { /* void */ }

        *ll = in;

        return ngx_chain_writer(&u->writer, cl);
    }

    for (ll = &ctx->held; *ll; ll = &(*ll)->next) { /* void */ }

    if (!ctx->sent && in) {
        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = in->buf;
        cl->next = NULL;

        ctx->sent = 1;
        in = in->next;

        ngx_add_timer(u->peer.connection->read, u->conf->read_timeout);

    } else {
        cl = NULL;
    }

    if ((in && ngx_chain_add_copy(r->pool, ll, in) != NGX_OK)
        || ngx_chain_writer(&u->writer, cl) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_convrelay_redis_reinit_request(ngx_http_request_t *r)
{
    ngx_http_convrelay_redis_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_redis_module);

    ctx->held = NULL;
    ctx->sent = 0;

    convrelay_redis_expect(&ctx->reply, &ctx->cmd);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_process_header(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_buf_t                       *b;
    ngx_connection_t                *c;
    ngx_http_upstream_t             *u;
    convrelay_redis_reply_t         *reply;
    ngx_http_convrelay_redis_ctx_t  *ctx;

    u = r->upstream;
    b = &u->buffer;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_redis_module);
    reply = &ctx->reply;

    rc = convrelay_redis_read(reply, &b->pos, b->last);

    if (rc == NGX_AGAIN) {

        if (!u->request_body_sent && convrelay_redis_logged_in(reply)) {
            c = u->peer.connection;

            /* it begins again when all is sent, which may take longer */

            if (c->read->timer_set) {
                ngx_del_timer(c->read);
            }

            ngx_post_event(c->write, &ngx_posted_events);
        }

        b->pos = b->start;
        b->last = b->start;

        return NGX_AGAIN;
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "redis sent %s", reply->error);
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    if (reply->outcome == CONVRELAY_REDIS_REFUSED) {
        return ngx_http_convrelay_redis_refused(r, ctx);
    }

    if (!u->request_body_sent) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "redis sent a reply before it had the command");
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    if (reply->complete ? b->pos != b->last
        : b->last - b->pos > reply->length + 2)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "redis sent more than the replies");
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    switch (reply->outcome) {

    case CONVRELAY_REDIS_VALUE:

        if (ngx_http_set_content_type(r) != NGX_OK) {
            return NGX_ERROR;
        }

        u->headers_in.content_length_n = reply->length;
        u->headers_in.status_n = NGX_HTTP_OK;
        break;

    case CONVRELAY_REDIS_MISSING:
        u->headers_in.content_length_n = 0;
        u->headers_in.status_n = NGX_HTTP_NOT_FOUND;
        break;

    default: /* CONVRELAY_REDIS_DONE */
        u->headers_in.status_n = NGX_HTTP_NO_CONTENT;
        break;
    }

    u->state->status = u->headers_in.status_n;
    u->keepalive = reply->complete && ngx_http_convrelay_redis_keep(r);

    return NGX_OK;
}


/* whether another request may use the connection */

static ngx_uint_t
ngx_http_convrelay_redis_keep(ngx_http_request_t *r)
{
    ngx_http_convrelay_redis_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_redis_module);

    return rlcf->keep;
}


static ngx_int_t
ngx_http_convrelay_redis_refused(ngx_http_request_t *r,
    ngx_http_convrelay_redis_ctx_t *ctx)
{
    ngx_uint_t                level;
    ngx_http_upstream_t      *u;
    convrelay_redis_reply_t  *reply;

    u = r->upstream;
    reply = &ctx->reply;

    /* not an error where a master is looked for among replicas */

    level = reply->refusal->next && u->peer.tries > 1
            && (u->conf->next_upstream & NGX_HTTP_UPSTREAM_FT_INVALID_HEADER)
            ? NGX_LOG_WARN : NGX_LOG_ERR;

    ngx_log_error(level, r->connection->log, 0,
                  "redis refused %s: %*s", reply->asked,
                  reply->refusal->reason.len, reply->refusal->reason.data);

    if (reply->refusal->next) {
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    u->headers_in.content_length_n = 0;
    u->headers_in.status_n = NGX_HTTP_BAD_GATEWAY;
    u->state->status = NGX_HTTP_BAD_GATEWAY;

    u->keepalive = reply->complete && u->request_body_sent
                   && u->buffer.pos == u->buffer.last
                   && ngx_http_convrelay_redis_keep(r);

    /* what follows a refusal is not for anybody */

    u->buffer.last = u->buffer.pos;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_filter_init(void *data)
{
    ngx_http_convrelay_redis_ctx_t  *ctx = data;

    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;

    u->length = ctx->reply.outcome == CONVRELAY_REDIS_VALUE
                ? ctx->reply.length + 2 : 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_filter(void *data, ssize_t bytes)
{
    ngx_http_convrelay_redis_ctx_t  *ctx = data;

    u_char               *p, *last;
    ngx_int_t             rc;
    ngx_buf_t            *b;
    ngx_chain_t          *cl, **ll;
    convrelay_str_t       part;
    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;
    b = &u->buffer;

    p = b->last;
    last = b->last + bytes;
    b->last = last;

    rc = convrelay_redis_value(&ctx->reply, &p, last, &part);

    if (rc == NGX_ERROR || p != last) {

        if (!u->error) {
            ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log, 0,
                          "redis sent %s", rc == NGX_ERROR
                          ? ctx->reply.error : "more than the replies");
        }

        u->error = 1;
        return NGX_OK;
    }

    u->length -= bytes;

    if (rc == NGX_OK) {
        u->keepalive = ngx_http_convrelay_redis_keep(ctx->request);
    }

    if (part.len == 0) {
        return NGX_OK;
    }

    for (cl = u->out_bufs, ll = &u->out_bufs; cl; cl = cl->next) {
        ll = &cl->next;
    }

    cl = ngx_chain_get_free_buf(ctx->request->pool, &u->free_bufs);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf->flush = 1;
    cl->buf->memory = 1;
    cl->buf->pos = part.data;
    cl->buf->last = part.data + part.len;
    cl->buf->tag = u->output.tag;

    *ll = cl;

    return NGX_OK;
}


static void
ngx_http_convrelay_redis_abort_request(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay redis abort");
}


static void
ngx_http_convrelay_redis_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay redis finalize: %i", rc);
}
