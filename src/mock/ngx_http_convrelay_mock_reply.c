
/*
 * Copyright (C) convrelay contributors
 *
 * Replies that are not streams: errors, whole completions, and replies that
 * a client should never get.
 */


#include "ngx_http_convrelay_mock.h"


static ngx_int_t ngx_http_convrelay_mock_status(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body);
static ngx_int_t ngx_http_convrelay_mock_header(ngx_http_request_t *r,
    char *name, char *value);


ngx_uint_t
ngx_http_convrelay_mock_streamed(ngx_http_convrelay_mock_ctx_t *ctx)
{
    switch (ctx->opts.fault) {

    case NGX_HTTP_CONVRELAY_MOCK_CUT_BEFORE:
    case NGX_HTTP_CONVRELAY_MOCK_HTML:
    case NGX_HTTP_CONVRELAY_MOCK_EMPTY:
    case NGX_HTTP_CONVRELAY_MOCK_JSON:
        return 0;

    default:
        return ctx->stream;
    }
}


ngx_int_t
ngx_http_convrelay_mock_send_reply(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_str_t  type, body;

    switch (ctx->opts.fault) {

    case NGX_HTTP_CONVRELAY_MOCK_CUT_BEFORE:
        return ngx_http_convrelay_mock_cut(r);

    case NGX_HTTP_CONVRELAY_MOCK_HTML:
        ngx_str_set(&type, "text/html");
        ngx_str_set(&body, "<html><body><h1>Bad gateway</h1></body></html>\n");
        break;

    case NGX_HTTP_CONVRELAY_MOCK_EMPTY:
        type = ctx->shape->type;
        ngx_str_null(&body);
        break;

    default:
        ngx_str_set(&type, "application/json");

        if (ngx_http_convrelay_mock_whole(r->pool, ctx, &body) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_convrelay_mock_send(r, ctx->opts.status, &type, &body);
}


ngx_int_t
ngx_http_convrelay_mock_cut(ngx_http_request_t *r)
{
    return (r == r->main) ? NGX_ERROR : NGX_HTTP_BAD_GATEWAY;
}


ngx_int_t
ngx_http_convrelay_mock_send_status(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_convrelay_mock_status(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = NGX_OK;

    switch (ctx->opts.status) {

    case 405:
        rc = ngx_http_convrelay_mock_header(r, "Allow", "POST");
        break;

    case 429:
    case 503:
        rc = ngx_http_convrelay_mock_header(r, "Retry-After", "1");
        break;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_convrelay_mock_send_error(r, ctx);
}


/* OpenAI's error for a status that was asked for */

static ngx_int_t
ngx_http_convrelay_mock_status(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char                           *p;
    ngx_str_t                         key;
    ngx_http_convrelay_mock_error_t  *e;

    e = &ctx->error;
    e->status = ctx->opts.status;

    ngx_str_set(&e->type, "invalid_request_error");

    switch (e->status) {

    case 401:
        ngx_str_set(&key, "sk-mock-0123456789abcdef");

        if (r->headers_in.authorization
            && r->headers_in.authorization->value.len > 7)
        {
            key.data = r->headers_in.authorization->value.data + 7;
            key.len = ngx_min(r->headers_in.authorization->value.len - 7, 256);
        }

        p = ngx_pnalloc(r->pool, key.len
                                 + sizeof("Incorrect API key provided: .") - 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        e->message.data = p;
        p = ngx_sprintf(p, "Incorrect API key provided: %V.", &key);
        e->message.len = p - e->message.data;

        ngx_str_set(&e->code, "invalid_api_key");
        break;

    case 404:
        ngx_str_set(&e->message, "The model does not exist or you do not have"
                                 " access to it.");
        ngx_str_set(&e->code, "model_not_found");
        break;

    case 405:
        ngx_str_set(&e->message, "Only POST requests are accepted.");
        ngx_str_set(&e->code, "method_not_supported");
        break;

    case 429:
        ngx_str_set(&e->message, "Rate limit reached. Please try again in 1s.");
        ngx_str_set(&e->type, "requests");
        ngx_str_set(&e->code, "rate_limit_exceeded");
        break;

    case 503:
        ngx_str_set(&e->message, "The server is currently overloaded.");
        ngx_str_set(&e->type, "service_unavailable_error");
        ngx_str_set(&e->code, "server_is_overloaded");
        break;

    default:
        if (e->status < 500) {
            ngx_str_set(&e->message, "The request was refused.");
            break;
        }

        ngx_str_set(&e->message, "The server had an error while processing"
                                 " your request.");
        ngx_str_set(&e->type, "server_error");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_mock_send_error(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char     *end;
    ngx_str_t   type, body;

    body.data = ngx_pnalloc(r->pool, NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    end = body.data + NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT;

    body.len = ngx_http_convrelay_mock_expand(ctx, body.data, end,
                                              &ctx->shape->body)
               - body.data;

    ngx_str_set(&type, "application/json");

    return ngx_http_convrelay_mock_send(r, ctx->error.status, &type, &body);
}


static ngx_int_t
ngx_http_convrelay_mock_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = body->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (body->len) {
        b->pos = body->data;
        b->last = body->data + body->len;
        b->memory = 1;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;
    b->sync = (b->memory || b->last_buf) ? 0 : 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_convrelay_mock_header(ngx_http_request_t *r, char *name, char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}
