
/*
 * Copyright (C) convrelay contributors
 *
 * A connection without a descriptor, for a fetch without a waiting client.
 * nginx needs the addresses, the log, the timers and the events of a
 * connection; this one has them all, and drops whatever is sent on it.
 */


#include "ngx_http_convrelay_fetch.h"


/*
 * Not -1: by that value the Lua module recognizes the connections of its own
 * timers, whose requests it finalizes in its own way, and nginx recognizes
 * those that worker_shutdown_timeout need not close.
 */

#define NGX_HTTP_CONVRELAY_FETCH_FD  ((ngx_socket_t) -2)


static ngx_connection_t *ngx_http_convrelay_fetch_get(ngx_log_t *log);
static ngx_int_t ngx_http_convrelay_fetch_log(ngx_pool_t *pool,
    ngx_connection_t *c, ngx_connection_t *client);
static ngx_int_t ngx_http_convrelay_fetch_addresses(ngx_pool_t *pool,
    ngx_connection_t *c, ngx_connection_t *client);
static struct sockaddr *ngx_http_convrelay_fetch_sockaddr(ngx_pool_t *pool,
    struct sockaddr *sockaddr, socklen_t socklen);
static u_char *ngx_http_convrelay_fetch_log_error(ngx_log_t *log, u_char *buf,
    size_t len);
static void ngx_http_convrelay_fetch_event_handler(ngx_event_t *ev);

static ssize_t ngx_http_convrelay_fetch_recv(ngx_connection_t *c,
    u_char *buf, size_t size);
static ssize_t ngx_http_convrelay_fetch_recv_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static ssize_t ngx_http_convrelay_fetch_send(ngx_connection_t *c,
    u_char *buf, size_t size);
static ngx_chain_t *ngx_http_convrelay_fetch_send_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);


ngx_connection_t *
ngx_http_convrelay_fetch_connect(ngx_pool_t *pool, ngx_connection_t *client)
{
    ngx_connection_t  *c;

    c = ngx_http_convrelay_fetch_get(ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->pool = pool;

    if (ngx_http_convrelay_fetch_log(pool, c, client) != NGX_OK
        || ngx_http_convrelay_fetch_addresses(pool, c, client) != NGX_OK)
    {
        ngx_http_convrelay_fetch_disconnect(c);
        return NULL;
    }

    c->type = SOCK_STREAM;
    c->requests = 1;
    c->start_time = ngx_current_msec;
    c->listening = client ? client->listening : NULL;

    c->recv = ngx_http_convrelay_fetch_recv;
    c->recv_chain = ngx_http_convrelay_fetch_recv_chain;
    c->send = ngx_http_convrelay_fetch_send;
    c->send_chain = ngx_http_convrelay_fetch_send_chain;

    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

    /*
     * Active: no event method is asked to add an event without a descriptor.
     * Ready for writing: no timer is set to wait for it.
     */

    c->read->active = 1;
    c->read->handler = ngx_http_convrelay_fetch_event_handler;
    c->read->log = c->log;

    c->write->active = 1;
    c->write->ready = 1;
    c->write->handler = ngx_http_convrelay_fetch_event_handler;
    c->write->log = c->log;

    return c;
}


/* if nginx has a table of files, it is indexed by descriptor: slot 0 is
   borrowed for that */

static ngx_connection_t *
ngx_http_convrelay_fetch_get(ngx_log_t *log)
{
    ngx_connection_t  *c, *zero;

    zero = ngx_cycle->files ? ngx_cycle->files[0] : NULL;

    c = ngx_get_connection(0, log);

    if (c) {
        c->fd = NGX_HTTP_CONVRELAY_FETCH_FD;
    }

    if (ngx_cycle->files) {
        ngx_cycle->files[0] = zero;
    }

    return c;
}


void
ngx_http_convrelay_fetch_disconnect(ngx_connection_t *c)
{
    ngx_connection_t  *zero;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;
    c->destroyed = 1;

    zero = ngx_cycle->files ? ngx_cycle->files[0] : NULL;

    c->fd = 0;
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    if (ngx_cycle->files) {
        ngx_cycle->files[0] = zero;
    }
}


static ngx_int_t
ngx_http_convrelay_fetch_log(ngx_pool_t *pool, ngx_connection_t *c,
    ngx_connection_t *client)
{
    ngx_log_t           *log;
    ngx_http_log_ctx_t  *ctx;

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    if (log == NULL) {
        return NGX_ERROR;
    }

    ctx = ngx_pcalloc(pool, sizeof(ngx_http_log_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    *log = client ? *client->log : *ngx_cycle->log;

    if (ngx_http_convrelay_fetch_private_log(pool, log) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->connection = c;

    c->number = client ? client->number
                       : ngx_atomic_fetch_add(ngx_connection_counter, 1);

    log->connection = c->number;
    log->handler = ngx_http_convrelay_fetch_log_error;
    log->data = ctx;
    log->action = "running request";

    c->log = log;
    c->log_error = NGX_ERROR_INFO;
    c->pool->log = log;

    return NGX_OK;
}


/* like nginx's own for a client, which is static */

static u_char *
ngx_http_convrelay_fetch_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    ctx = log->data;

    p = ngx_snprintf(buf, len, ", client: %V", &ctx->connection->addr_text);
    len -= p - buf;

    r = ctx->request;

    if (r) {
        return r->log_handler(r, ctx->current_request, p, len);
    }

    return p;
}


static ngx_int_t
ngx_http_convrelay_fetch_addresses(ngx_pool_t *pool, ngx_connection_t *c,
    ngx_connection_t *client)
{
    struct sockaddr_in  loopback;

    if (client && client->local_socklen == 0
        && ngx_connection_local_sockaddr(client, NULL, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (client) {
        c->sockaddr = ngx_http_convrelay_fetch_sockaddr(pool,
                                          client->sockaddr, client->socklen);
        c->socklen = client->socklen;

        c->local_sockaddr = ngx_http_convrelay_fetch_sockaddr(pool,
                              client->local_sockaddr, client->local_socklen);
        c->local_socklen = client->local_socklen;

        c->addr_text.data = ngx_pstrdup(pool, &client->addr_text);
        c->addr_text.len = client->addr_text.len;

    } else {
        ngx_memzero(&loopback, sizeof(struct sockaddr_in));

        loopback.sin_family = AF_INET;
        loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

        c->sockaddr = ngx_http_convrelay_fetch_sockaddr(pool,
                         (struct sockaddr *) &loopback, sizeof(loopback));
        c->socklen = sizeof(loopback);

        c->local_sockaddr = c->sockaddr;
        c->local_socklen = c->socklen;

        ngx_str_set(&c->addr_text, "127.0.0.1");
    }

    if (c->sockaddr == NULL || c->local_sockaddr == NULL
        || c->addr_text.data == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static struct sockaddr *
ngx_http_convrelay_fetch_sockaddr(ngx_pool_t *pool, struct sockaddr *sockaddr,
    socklen_t socklen)
{
    struct sockaddr  *copy;

    copy = ngx_pcalloc(pool, ngx_max(socklen, sizeof(struct sockaddr_in)));
    if (copy == NULL) {
        return NULL;
    }

    ngx_memcpy(copy, sockaddr, socklen);

    return copy;
}


/* handles a timer, such as limit_req's delay, and worker_shutdown_timeout */

static void
ngx_http_convrelay_fetch_event_handler(ngx_event_t *ev)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_convrelay_fetch_t  *f;

    c = ev->data;
    r = c->data;

    ngx_http_set_log_request(c->log, r);

    if (c->close) {
        f = r->main->post_subrequest->data;
        f->late = 1;

        ngx_post_event(&f->event, &ngx_posted_events);
        return;
    }

    if (ev->delayed && ev->timedout) {
        ev->delayed = 0;
        ev->timedout = 0;
    }

    if (ev->write) {
        r->write_event_handler(r);

    } else {
        r->read_event_handler(r);
    }

    ngx_http_run_posted_requests(c);

    /* a delay is over, and what was delayed may have begun */

    f = r->main->post_subrequest->data;

    ngx_http_convrelay_fetch_hold(f);
}


void
ngx_http_convrelay_fetch_hold(ngx_http_convrelay_fetch_t *f)
{
    if (f->done || f->stopping) {
        return;
    }

    f->own->read->handler = ngx_http_convrelay_fetch_event_handler;
    f->own->write->handler = ngx_http_convrelay_fetch_event_handler;

    if (f->request->upstream) {
        ngx_http_convrelay_fetch_upstream_watch(f, f->request->upstream);
    }
}


static ssize_t
ngx_http_convrelay_fetch_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_AGAIN;
}


static ssize_t
ngx_http_convrelay_fetch_recv_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_AGAIN;
}


static ssize_t
ngx_http_convrelay_fetch_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    return size;
}


/* drops the output of subrequests that a module of the location made itself */

static ngx_chain_t *
ngx_http_convrelay_fetch_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        b->pos = b->last;

        if (b->in_file) {
            b->file_pos = b->file_last;
        }
    }

    return NULL;
}
