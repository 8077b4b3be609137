
/*
 * Copyright (C) convrelay contributors
 *
 * For tests: a location that echoes messages, on the frame layer of the
 * calls and nothing else of them.
 *
 *     location = /echo {
 *         convrelay_echo;                  a message may have any size,
 *         convrelay_echo  16m;             or this one at most
 *     }
 *
 * So a conformance suite, which is written for echo servers, can judge
 * src/ws.  To run one, load this module alone into an nginx that listens on
 * loopback, and point the suite there; with Autobahn's:
 *
 *     wstest -m fuzzingclient -s spec.json
 *
 *     { "servers": [ { "agent": "convrelay",
 *                      "url": "ws://127.0.0.1:9001/echo" } ],
 *       "cases": ["*"],
 *       "exclude-cases": ["12.*", "13.*"] }
 *
 * Groups 12 and 13 are about compression, which is never negotiated.
 *
 * One message is under way at a time: while its echo waits for the client,
 * nothing is read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>

#include "convrelay_ws.h"
#include "convrelay_ws_handshake.h"


#define NGX_HTTP_CONVRELAY_ECHO_READ_SIZE  16384


typedef struct {
    size_t                   max_message;
} ngx_http_convrelay_echo_loc_conf_t;


typedef struct {
    ngx_http_request_t      *request;
    convrelay_ws_reader_t    reader;

    u_char                  *buffer;
    u_char                  *pos;         /* input that was not read yet */
    u_char                  *last;

    u_char                  *out;         /* a frame, malloc'ed, or NULL */
    u_char                  *out_pos;
    u_char                  *out_last;

    unsigned                 closing:1;
} ngx_http_convrelay_echo_ctx_t;


static ngx_int_t ngx_http_convrelay_echo_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_echo_accept(ngx_http_request_t *r,
    convrelay_str_t *key);
static ngx_int_t ngx_http_convrelay_echo_add_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_echo_create(ngx_http_request_t *r);
static void ngx_http_convrelay_echo_cleanup(void *data);

static void ngx_http_convrelay_echo_event_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_echo_read(
    ngx_http_convrelay_echo_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_echo_answer(
    ngx_http_convrelay_echo_ctx_t *ctx, convrelay_ws_message_t *m);
static ngx_int_t ngx_http_convrelay_echo_close(
    ngx_http_convrelay_echo_ctx_t *ctx, ngx_uint_t code, const char *text);
static ngx_int_t ngx_http_convrelay_echo_frame(
    ngx_http_convrelay_echo_ctx_t *ctx, ngx_uint_t opcode, u_char *data,
    size_t len);
static ngx_int_t ngx_http_convrelay_echo_flush(
    ngx_http_convrelay_echo_ctx_t *ctx);

static void *ngx_http_convrelay_echo_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_echo(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_convrelay_echo_commands[] = {

    { ngx_string("convrelay_echo"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_convrelay_echo,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_echo_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_convrelay_echo_create_loc_conf,
                                           /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_convrelay_echo_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_echo_module_ctx,   /* module context */
    ngx_http_convrelay_echo_commands,      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_convrelay_echo_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc, status;
    ngx_uint_t                i;
    convrelay_str_t           name, value;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *header;
    convrelay_ws_handshake_t  h;

    ngx_memzero(&h, sizeof(convrelay_ws_handshake_t));

    h.get = (r->method == NGX_HTTP_GET);
    h.http11 = (r->http_version == NGX_HTTP_VERSION_11);
    h.body = (r->headers_in.content_length_n > 0 || r->headers_in.chunked);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            name.len = header[i].key.len;
            name.data = header[i].key.data;
            value.len = header[i].value.len;
            value.data = header[i].value.data;

            convrelay_ws_handshake_header(&h, &name, &value);
        }
    }

    status = convrelay_ws_handshake_check(&h);

    if (status != NGX_HTTP_SWITCHING_PROTOCOLS) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client sent a websocket handshake %s", h.error);
        return status;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_convrelay_echo_create(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_convrelay_echo_accept(r, &h.key);
    if (rc != NGX_OK) {
        return rc;
    }

    r->read_event_handler = ngx_http_convrelay_echo_event_handler;
    r->write_event_handler = ngx_http_convrelay_echo_event_handler;

    r->main->count++;

    ngx_post_event(r->connection->read, &ngx_posted_events);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_convrelay_echo_accept(ngx_http_request_t *r, convrelay_str_t *key)
{
    u_char      digest[20];
    ngx_int_t   rc;
    ngx_str_t   src, dst, upgrade;
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, CONVRELAY_WS_GUID, sizeof(CONVRELAY_WS_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    src.len = sizeof(digest);
    src.data = digest;

    dst.data = ngx_pnalloc(r->pool, CONVRELAY_WS_ACCEPT_LEN);
    if (dst.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_encode_base64(&dst, &src);

    ngx_str_set(&upgrade, "websocket");

    if (ngx_http_convrelay_echo_add_header(r, "Upgrade", &upgrade) != NGX_OK
        || ngx_http_convrelay_echo_add_header(r, "Sec-WebSocket-Accept", &dst)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    r->keepalive = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_tcp_nodelay(r->connection);
}


static ngx_int_t
ngx_http_convrelay_echo_add_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_echo_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t                  *cln;
    ngx_http_convrelay_echo_ctx_t       *ctx;
    ngx_http_convrelay_echo_loc_conf_t  *elcf;

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_convrelay_echo_ctx_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_convrelay_echo_ctx_t));

    cln->handler = ngx_http_convrelay_echo_cleanup;

    ctx->buffer = ngx_palloc(r->pool, NGX_HTTP_CONVRELAY_ECHO_READ_SIZE);
    if (ctx->buffer == NULL) {
        return NGX_ERROR;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_echo_module);

    ctx->request = r;
    ctx->reader.max_message = elcf->max_message;

    /* frames that came with the handshake */

    ctx->pos = r->header_in->pos;
    ctx->last = r->header_in->last;
    r->header_in->pos = r->header_in->last;

    ngx_http_set_ctx(r, ctx, ngx_http_convrelay_echo_module);

    return NGX_OK;
}


static void
ngx_http_convrelay_echo_cleanup(void *data)
{
    ngx_http_convrelay_echo_ctx_t *ctx = data;

    convrelay_ws_reader_free(&ctx->reader);

    if (ctx->out) {
        ngx_free(ctx->out);
    }
}


static void
ngx_http_convrelay_echo_event_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_connection_t               *c;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_echo_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_echo_module);

    if (c->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    do {
        rc = ngx_http_convrelay_echo_flush(ctx);

        if (rc == NGX_AGAIN) {
            clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
            ngx_add_timer(c->write, clcf->send_timeout);
            break;
        }

        if (c->write->timer_set) {
            ngx_del_timer(c->write);
        }

        if (rc == NGX_OK && ctx->closing) {
            ngx_http_finalize_request(r, NGX_OK);
            return;
        }

        if (rc == NGX_OK) {
            rc = ngx_http_convrelay_echo_read(ctx);
        }

    } while (rc == NGX_OK);

    if (rc != NGX_AGAIN
        || ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


/* NGX_OK: go on, NGX_AGAIN: wait, NGX_ERROR: the client is gone */

static ngx_int_t
ngx_http_convrelay_echo_read(ngx_http_convrelay_echo_ctx_t *ctx)
{
    int                     rc;
    ssize_t                 n;
    ngx_connection_t       *c;
    convrelay_ws_message_t  m;

    if (ctx->pos == ctx->last) {

        c = ctx->request->connection;

        n = c->recv(c, ctx->buffer, NGX_HTTP_CONVRELAY_ECHO_READ_SIZE);

        if (n == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR || n == 0) {
            return NGX_ERROR;
        }

        ctx->pos = ctx->buffer;
        ctx->last = ctx->buffer + n;
    }

    rc = convrelay_ws_read(&ctx->reader, &ctx->pos, ctx->last, &m);

    switch (rc) {

    case CONVRELAY_OK:
        return ngx_http_convrelay_echo_answer(ctx, &m);

    case CONVRELAY_ERROR:
        ctx->request->lingering_close = 1;

        return ngx_http_convrelay_echo_close(ctx, ctx->reader.close_code,
                                             ctx->reader.error);

    default: /* CONVRELAY_AGAIN */
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_convrelay_echo_answer(ngx_http_convrelay_echo_ctx_t *ctx,
    convrelay_ws_message_t *m)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                   "convrelay echo op:%ui len:%uz",
                   (ngx_uint_t) m->opcode, m->data.len);

    switch (m->opcode) {

    case CONVRELAY_WS_PING:
        return ngx_http_convrelay_echo_frame(ctx, CONVRELAY_WS_PONG,
                                             m->data.data, m->data.len);

    case CONVRELAY_WS_PONG:
        return NGX_OK;

    case CONVRELAY_WS_CLOSE:
        return ngx_http_convrelay_echo_close(ctx, m->code, NULL);

    default: /* CONVRELAY_WS_TEXT, CONVRELAY_WS_BINARY */
        return ngx_http_convrelay_echo_frame(ctx, m->opcode, m->data.data,
                                             m->data.len);
    }
}


static ngx_int_t
ngx_http_convrelay_echo_close(ngx_http_convrelay_echo_ctx_t *ctx,
    ngx_uint_t code, const char *text)
{
    u_char           payload[CONVRELAY_WS_MAX_CONTROL];
    u_char          *last;
    convrelay_str_t  reason;

    if (text) {
        ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                      "client sent %s, closing with %ui", text, code);
    }

    reason.len = text ? ngx_strlen(text) : 0;
    reason.data = (u_char *) text;

    last = convrelay_ws_close_payload(payload, code, &reason);

    ctx->closing = 1;

    return ngx_http_convrelay_echo_frame(ctx, CONVRELAY_WS_CLOSE, payload,
                                         last - payload);
}


static ngx_int_t
ngx_http_convrelay_echo_frame(ngx_http_convrelay_echo_ctx_t *ctx,
    ngx_uint_t opcode, u_char *data, size_t len)
{
    ctx->out = ngx_alloc(CONVRELAY_WS_MAX_HEADER + len,
                         ctx->request->connection->log);
    if (ctx->out == NULL) {
        return NGX_ERROR;
    }

    ctx->out_pos = ctx->out;
    ctx->out_last = convrelay_ws_header(ctx->out, opcode, len);

    if (len) {
        ctx->out_last = ngx_cpymem(ctx->out_last, data, len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_echo_flush(ngx_http_convrelay_echo_ctx_t *ctx)
{
    ssize_t              n;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    if (r->out || c->buffered) {

        if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (r->out || c->buffered) {
            return NGX_AGAIN;
        }
    }

    while (ctx->out_pos < ctx->out_last) {

        n = c->send(c, ctx->out_pos, ctx->out_last - ctx->out_pos);

        if (n == NGX_AGAIN || n == 0) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        ctx->out_pos += n;
    }

    if (ctx->out) {
        ngx_free(ctx->out);

        ctx->out = NULL;
        ctx->out_pos = NULL;
        ctx->out_last = NULL;
    }

    return NGX_OK;
}


static void *
ngx_http_convrelay_echo_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_echo_loc_conf_t  *elcf;

    elcf = ngx_palloc(cf->pool, sizeof(ngx_http_convrelay_echo_loc_conf_t));
    if (elcf == NULL) {
        return NULL;
    }

    elcf->max_message = NGX_CONF_UNSET_SIZE;

    return elcf;
}


static char *
ngx_http_convrelay_echo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_echo_loc_conf_t *elcf = conf;

    ssize_t                    size;
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (elcf->max_message != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    elcf->max_message = 0;

    if (cf->args->nelts == 2) {
        value = cf->args->elts;

        size = ngx_parse_size(&value[1]);
        if (size == NGX_ERROR) {
            return "invalid value";
        }

        elcf->max_message = size;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_convrelay_echo_handler;

    return NGX_CONF_OK;
}
