
/*
 * Copyright (C) convrelay contributors
 *
 * Calls of tools by rule, so that no model is needed to try them:
 *
 *     tools="hours: opening_hours {\"day\":\"sunday\"}; book: book {}"
 *
 * Where the last prompt has the words of a rule, in any case, its tool is
 * called with these arguments, whatever they are; all rules that fit give
 * calls of the same answer.  "!" before the words writes the call into the
 * text.  A result is read aloud.
 */


#include "ngx_http_convrelay_mock.h"


static ngx_int_t ngx_http_convrelay_mock_results(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *message);
static ngx_uint_t ngx_http_convrelay_mock_says(ngx_str_t *said,
    ngx_str_t *words);
static ngx_int_t ngx_http_convrelay_mock_call(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *call, ngx_uint_t leak);


ngx_int_t
ngx_http_convrelay_mock_tools(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root,
    const cJSON *messages)
{
    u_char           *p, *last, *end, *colon;
    ngx_int_t         rc;
    ngx_str_t         said, words, call;
    ngx_uint_t        leak;
    const cJSON      *message;
    convrelay_str_t   role, choice;

    if (ctx->opts.tools.len == 0) {
        return NGX_DECLINED;
    }

    message = cJSON_GetArrayItem(messages, cJSON_GetArraySize(messages) - 1);

    if (convrelay_json_string(message, "role", &role) != CONVRELAY_OK) {
        return NGX_DECLINED;
    }

    if (convrelay_str_eq(&role, "tool")) {
        return ngx_http_convrelay_mock_results(r, ctx, message);
    }

    if (!convrelay_str_eq(&role, "user")
        || !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "tools"))
        || (convrelay_json_string(root, "tool_choice", &choice) == CONVRELAY_OK
            && convrelay_str_eq(&choice, "none")))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_convrelay_mock_content(r->pool, message, &said) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ctx->opts.tools.data;
    last = p + ctx->opts.tools.len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == LF || *p == CR)) {
            p++;
        }

        leak = (p < end && *p == '!');
        p += leak;

        colon = ngx_strlchr(p, end, ':');
        if (colon == NULL) {
            continue;
        }

        words.data = p;
        words.len = colon - p;

        call.data = colon + 1;
        call.len = end - call.data;

        while (call.len && *call.data == ' ') {
            call.data++;
            call.len--;
        }

        if (!ngx_http_convrelay_mock_says(&said, &words)) {
            continue;
        }

        rc = ngx_http_convrelay_mock_call(r, ctx, &call, leak);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx->pos = ctx->text.data;

    return (ctx->calls.len || ctx->text.len) ? NGX_OK : NGX_DECLINED;
}


/* "The answer is: " and the results of the last calls */

static ngx_int_t
ngx_http_convrelay_mock_results(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *message)
{
    u_char     *p;
    ngx_str_t   text;

    static ngx_str_t  start = ngx_string("The answer is: ");

    if (ngx_http_convrelay_mock_content(r->pool, message, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, start.len + text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->text.data = p;
    p = ngx_cpymem(p, start.data, start.len);
    p = ngx_cpymem(p, text.data, text.len);
    ctx->text.len = p - ctx->text.data;
    ctx->pos = ctx->text.data;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_convrelay_mock_says(ngx_str_t *said, ngx_str_t *words)
{
    size_t  i;

    if (words->len == 0) {
        return 0;
    }

    for (i = 0; i + words->len <= said->len; i++) {

        if (ngx_strncasecmp(said->data + i, words->data, words->len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* "name {arguments}" becomes an entry of "tool_calls", or a text */

static ngx_int_t
ngx_http_convrelay_mock_call(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *call, ngx_uint_t leak)
{
    u_char     *p, *blank;
    size_t      size;
    ngx_str_t   name, arguments, old;

    blank = ngx_strlchr(call->data, call->data + call->len, ' ');

    name.data = call->data;
    name.len = blank ? (size_t) (blank - call->data) : call->len;

    arguments.data = blank ? blank + 1 : call->data + call->len;
    arguments.len = call->data + call->len - arguments.data;

    old = leak ? ctx->text : ctx->calls;

    size = old.len + name.len + sizeof(",{\"index\":,\"id\":\"call_\",\"type\":"
                                       "\"function\",\"function\":{\"name\":"
                                       "\"\",\"arguments\":\"\"}}")
           + 2 * NGX_INT_T_LEN
           + convrelay_json_escaped_len(arguments.data, arguments.len);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (leak) {
        ctx->text.data = p;
        ctx->text.len = ngx_sprintf(p, "%V%V(%V)", &old, &name, &arguments)
                        - p;
        return NGX_OK;
    }

    ctx->calls.data = p;

    p = ngx_sprintf(p, "%V%s{\"index\":%ui,\"id\":\"call_%ui\",\"type\":"
                    "\"function\",\"function\":{\"name\":\"%V\",\"arguments\":"
                    "\"", &old, ctx->ncalls ? "," : "", ctx->ncalls,
                    ctx->ncalls, &name);
    p = convrelay_json_escape(p, arguments.data, arguments.len);
    p = ngx_cpymem(p, "\"}}", 3);

    ctx->calls.len = p - ctx->calls.data;
    ctx->ncalls++;

    return NGX_OK;
}
