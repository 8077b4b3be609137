
/*
 * Copyright (C) convrelay contributors
 *
 * The output of a call: a bounded queue of frames in front of c->send().  It
 * never goes through the output filters, so that a token leaves in the
 * event-loop iteration in which it arrived.
 *
 * A chunk that was offered to the socket is neither moved nor merged: with TLS
 * a write that has to be retried must be retried from the same address.  Bytes
 * may be appended after those that were offered.
 */


#include "ngx_http_convrelay_call.h"


static ngx_http_convrelay_chunk_t *ngx_http_convrelay_chunk_alloc(
    ngx_http_convrelay_call_t *call, size_t size);
static void ngx_http_convrelay_chunk_free(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_chunk_t *chunk);
static ngx_int_t ngx_http_convrelay_output_response(
    ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_output_failed(
    ngx_http_convrelay_call_t *call);


u_char *
ngx_http_convrelay_output_reserve(ngx_http_convrelay_call_t *call, size_t size)
{
    ngx_http_convrelay_chunk_t   *chunk;
    ngx_http_convrelay_output_t  *out;

    out = &call->output;
    chunk = out->last;

    if (chunk && (size_t) (chunk->end - chunk->last) >= size) {
        return chunk->last;
    }

    chunk = ngx_http_convrelay_chunk_alloc(call, size);
    if (chunk == NULL) {
        return NULL;
    }

    if (out->last) {
        out->last->next = chunk;

    } else {
        out->first = chunk;
    }

    out->last = chunk;

    return chunk->last;
}


static ngx_http_convrelay_chunk_t *
ngx_http_convrelay_chunk_alloc(ngx_http_convrelay_call_t *call, size_t size)
{
    ngx_http_convrelay_chunk_t  *chunk;

    size = ngx_max(size, NGX_HTTP_CONVRELAY_CHUNK_SIZE);
    chunk = call->main->chunk;

    if (chunk && size == NGX_HTTP_CONVRELAY_CHUNK_SIZE) {
        call->main->chunk = NULL;

    } else {
        chunk = ngx_alloc(sizeof(ngx_http_convrelay_chunk_t) + size,
                          call->connection->log);
        if (chunk == NULL) {
            return NULL;
        }
    }

    chunk->next = NULL;
    chunk->pos = (u_char *) (chunk + 1);
    chunk->last = chunk->pos;
    chunk->end = chunk->pos + size;

    return chunk;
}


static void
ngx_http_convrelay_chunk_free(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_chunk_t *chunk)
{
    if (call->main->chunk == NULL
        && chunk->end - (u_char *) (chunk + 1)
           == NGX_HTTP_CONVRELAY_CHUNK_SIZE)
    {
        call->main->chunk = chunk;
        return;
    }

    ngx_free(chunk);
}


void
ngx_http_convrelay_output_commit(ngx_http_convrelay_call_t *call, u_char *last)
{
    ngx_http_convrelay_output_t  *out;

    out = &call->output;

    out->queued += last - out->last->last;
    out->last->last = last;
}


ngx_int_t
ngx_http_convrelay_output_control(ngx_http_convrelay_call_t *call,
    ngx_uint_t opcode, convrelay_str_t *data)
{
    size_t   len;
    u_char  *p;

    len = data ? data->len : 0;

    p = ngx_http_convrelay_output_reserve(call, CONVRELAY_WS_MAX_HEADER + len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = convrelay_ws_header(p, opcode, len);

    if (len) {
        p = ngx_cpymem(p, data->data, len);
    }

    ngx_http_convrelay_output_commit(call, p);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_output_flush(ngx_http_convrelay_call_t *call)
{
    ssize_t                       n;
    ngx_int_t                     rc;
    ngx_uint_t                    progress;
    ngx_connection_t             *c;
    ngx_http_convrelay_chunk_t   *chunk;
    ngx_http_convrelay_output_t  *out;

    c = call->connection;
    out = &call->output;

    rc = ngx_http_convrelay_output_response(call);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    progress = 0;

    while (rc == NGX_OK && out->first) {

        chunk = out->first;

        if (chunk->pos < chunk->last) {

            n = c->send(c, chunk->pos, chunk->last - chunk->pos);

            if (n == NGX_ERROR) {
                return ngx_http_convrelay_output_failed(call);
            }

            if (n == NGX_AGAIN || n == 0) {
                break;
            }

            progress = 1;
            chunk->pos += n;
            out->queued -= n;

            if (chunk->pos < chunk->last) {
                continue;
            }
        }

        out->first = chunk->next;

        if (out->first == NULL) {
            out->last = NULL;
        }

        ngx_http_convrelay_chunk_free(call, chunk);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (out->first == NULL && rc == NGX_OK) {

        /* a closing call keeps its deadline, even if more is sent */

        if (!call->closing) {
            call->send_by = 0;

        } else if (!call->dead) {
            ngx_post_event(&call->event, &ngx_posted_events);
        }

        return NGX_OK;
    }

    if (out->queued > call->conf->limits.max_output_size) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "client does not read: %uz bytes are queued for it, "
                      "limit is %uz", out->queued,
                      call->conf->limits.max_output_size);

        ngx_http_convrelay_count(call->conf, LIMIT_OUTPUT_SIZE);
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_SLOW);

        return NGX_ERROR;
    }

    /* a closing call has one deadline for everything that is queued */

    if (call->send_by == 0 || (progress && !call->closing)) {
        call->send_by = ngx_current_msec + call->conf->limits.send_timeout;
        ngx_http_convrelay_clock_update(call);
    }

    return NGX_AGAIN;
}


/* the 101 response goes first, if it has not left yet */

static ngx_int_t
ngx_http_convrelay_output_response(ngx_http_convrelay_call_t *call)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = call->connection;
    r = call->request;

    if (r->out == NULL && !c->buffered) {
        return NGX_OK;
    }

    if (ngx_http_write_filter(r, NULL) == NGX_ERROR) {
        return ngx_http_convrelay_output_failed(call);
    }

    return (r->out || c->buffered) ? NGX_AGAIN : NGX_OK;
}


/* the caller may have hung up while something was sent */

static ngx_int_t
ngx_http_convrelay_output_failed(ngx_http_convrelay_call_t *call)
{
    if (call->connection->write->error) {
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_DROPPED);
    }

    return NGX_ERROR;
}


void
ngx_http_convrelay_output_free(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_chunk_t  *chunk, *next;

    for (chunk = call->output.first; chunk; chunk = next) {
        next = chunk->next;
        ngx_http_convrelay_chunk_free(call, chunk);
    }

    ngx_memzero(&call->output, sizeof(ngx_http_convrelay_output_t));
}
