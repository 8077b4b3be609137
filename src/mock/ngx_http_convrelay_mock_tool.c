
/*
 * Copyright (C) convrelay contributors
 *
 * Calls of tools by rule, so that no model is needed to try them:
 *
 *     tools="hours: opening_hours {\"day\":\"sunday\"}; book: book {}"
 *
 * Where the last prompt has the words of a rule, in any case, its tool is
 * called with these arguments, whatever they are; all rules that fit give
 * calls of the same answer.  A ";" in a text of the arguments is written
 * \u003b.
 *
 *     words: NAME ARGUMENTS         the whole call in one event
 *     words: NAME/3 ARGUMENTS       its name, then the arguments in 3 pieces
 *     words: NAME/all ARGUMENTS     ... in single characters
 *     words: "One moment." NAME ..  this is said before; a call may be missing
 *     !words: NAME ARGUMENTS        NAME(ARGUMENTS) in the text, not as a call
 *     !words: <tool_call>{}         what begins with no name is that text
 *
 * Results are read aloud, each after "NAME says: ".
 */


#include "ngx_http_convrelay_mock.h"


static ngx_int_t ngx_http_convrelay_mock_results(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages);
static void ngx_http_convrelay_mock_called(const cJSON *calls,
    const cJSON *message, convrelay_str_t *name);
static ngx_uint_t ngx_http_convrelay_mock_says(ngx_str_t *said,
    ngx_str_t *words);
static ngx_int_t ngx_http_convrelay_mock_rule(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *rule, ngx_uint_t leak);
static ngx_int_t ngx_http_convrelay_mock_call(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *name,
    ngx_str_t *arguments);
static size_t ngx_http_convrelay_mock_pieces(ngx_str_t *name, size_t len);
static ngx_int_t ngx_http_convrelay_mock_add(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *first, char *between,
    ngx_str_t *then, char *after);
static u_char *ngx_http_convrelay_mock_entry(u_char *p, ngx_str_t *name,
    ngx_uint_t n);
static size_t ngx_http_convrelay_mock_take(ngx_str_t *text, size_t len);


ngx_int_t
ngx_http_convrelay_mock_tools(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root,
    const cJSON *messages)
{
    u_char           *p, *last, *end, *colon;
    ngx_int_t         rc;
    ngx_str_t         said, words, rule;
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
        return ngx_http_convrelay_mock_results(r, ctx, messages);
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

        rule.data = colon + 1;
        rule.len = end - rule.data;

        if (!ngx_http_convrelay_mock_says(&said, &words)) {
            continue;
        }

        rc = ngx_http_convrelay_mock_rule(r, ctx, &rule, leak);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->calls == NULL && ctx->text.len == 0) {
        return NGX_DECLINED;
    }

    ctx->pos = ctx->text.data;
    ctx->opts.answer = NGX_HTTP_CONVRELAY_MOCK_SAY;

    return NGX_OK;
}


/* the results of the last calls, and of which tools they are */

static ngx_int_t
ngx_http_convrelay_mock_results(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages)
{
    ngx_int_t         rc;
    ngx_str_t         tool, text;
    const cJSON      *message, *calls, *item;
    convrelay_str_t   role, name;

    if (ctx->opts.answer == NGX_HTTP_CONVRELAY_MOCK_COUNT) {
        return NGX_DECLINED;
    }

    calls = NULL;
    message = NULL;

    for (item = messages->child; item; item = item->next) {

        if (convrelay_json_string(item, "role", &role) == CONVRELAY_OK
            && !convrelay_str_eq(&role, "tool"))
        {
            calls = cJSON_GetObjectItemCaseSensitive(item, "tool_calls");
            message = item->next;
        }
    }

    if (message == NULL) {
        message = messages->child;
    }

    for ( /* void */ ; message; message = message->next) {

        if (ngx_http_convrelay_mock_content(r->pool, message, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_convrelay_mock_called(calls, message, &name);

        tool.data = name.data;
        tool.len = name.len;

        rc = ngx_http_convrelay_mock_add(r->pool, ctx, &tool, " says: ",
                                         &text, message->next ? " " : "");
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx->pos = ctx->text.data;
    ctx->opts.answer = NGX_HTTP_CONVRELAY_MOCK_SAY;

    return NGX_OK;
}


/* the name of the tool whose result a message is */

static void
ngx_http_convrelay_mock_called(const cJSON *calls, const cJSON *message,
    convrelay_str_t *name)
{
    const cJSON      *call, *function;
    convrelay_str_t   id, wanted;

    name->data = (u_char *) "a tool";
    name->len = sizeof("a tool") - 1;

    if (convrelay_json_string(message, "tool_call_id", &wanted)
        != CONVRELAY_OK)
    {
        return;
    }

    cJSON_ArrayForEach(call, calls) {

        if (convrelay_json_string(call, "id", &id) != CONVRELAY_OK
            || !convrelay_str_equal(&id, &wanted))
        {
            continue;
        }

        function = cJSON_GetObjectItemCaseSensitive(call, "function");
        (void) convrelay_json_string(function, "name", name);
        return;
    }
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


/* what is after the words of a rule */

static ngx_int_t
ngx_http_convrelay_mock_rule(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *rule, ngx_uint_t leak)
{
    u_char     *p, *last, *end;
    ngx_str_t   name, arguments, text;

    p = rule->data;
    last = p + rule->len;

    while (p < last && *p == ' ') {
        p++;
    }

    while (last > p && last[-1] == ' ') {
        last--;
    }

    if (p < last && *p == '"') {
        end = ngx_strlchr(p + 1, last, '"');

        if (end == NULL) {
            end = last;
        }

        text.data = p + 1;
        text.len = end - text.data;
        ngx_str_null(&name);

        if (ngx_http_convrelay_mock_add(r->pool, ctx, &text, "", &name, "")
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        for (p = end + 1; p < last && *p == ' '; p++) { /* void */ }
    }

    if (p >= last) {
        return NGX_OK;
    }

    end = ngx_strlchr(p, last, ' ');

    name.data = p;
    name.len = end ? end - p : last - p;

    arguments.data = end ? end + 1 : last;
    arguments.len = last - arguments.data;

    if (!leak) {
        return ngx_http_convrelay_mock_call(r, ctx, &name, &arguments);
    }

    if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_') {
        return ngx_http_convrelay_mock_add(r->pool, ctx, &name, "(",
                                           &arguments, ")");
    }

    return ngx_http_convrelay_mock_add(r->pool, ctx, &name, end ? " " : "",
                                       &arguments, "");
}


static ngx_int_t
ngx_http_convrelay_mock_call(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *name,
    ngx_str_t *arguments)
{
    size_t                           len, pieces;
    ngx_http_convrelay_mock_call_t  *call;

    if (ctx->calls == NULL) {
        ctx->calls = ngx_array_create(r->pool, 2,
                                      sizeof(ngx_http_convrelay_mock_call_t));
        if (ctx->calls == NULL) {
            return NGX_ERROR;
        }
    }

    call = ngx_array_push(ctx->calls);
    if (call == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(call, sizeof(ngx_http_convrelay_mock_call_t));

    pieces = ngx_http_convrelay_mock_pieces(name, arguments->len);

    call->name = *name;
    call->arguments = *arguments;
    call->split = (pieces != 0);

    len = pieces ? (arguments->len + pieces - 1) / pieces : arguments->len;

    call->piece = ngx_min(len, NGX_HTTP_CONVRELAY_MOCK_MAX_PIECE);

    return NGX_OK;
}


/* takes "/3" or "/all" off a name; 0: all in one event, with the name */

static size_t
ngx_http_convrelay_mock_pieces(ngx_str_t *name, size_t len)
{
    u_char     *slash, *last;
    ngx_int_t   n;

    last = name->data + name->len;
    slash = ngx_strlchr(name->data, last, '/');
    n = 0;

    if (slash) {
        name->len = slash - name->data;
        n = ngx_atoi(slash + 1, last - slash - 1);

        if (n == NGX_ERROR || (size_t) n > len) {
            n = ngx_max(len, 1);
        }
    }

    name->len = ngx_min(name->len, NGX_HTTP_CONVRELAY_MOCK_MAX_TOOL);

    return n;
}


/* appends to the text */

static ngx_int_t
ngx_http_convrelay_mock_add(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *first, char *between,
    ngx_str_t *then, char *after)
{
    u_char  *p;

    p = ngx_pnalloc(pool, ctx->text.len + first->len + ngx_strlen(between)
                          + then->len + ngx_strlen(after));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->text.len = ngx_sprintf(p, "%V%V%s%V%s", &ctx->text, first, between,
                                then, after)
                    - p;
    ctx->text.data = p;

    return NGX_OK;
}


ngx_uint_t
ngx_http_convrelay_mock_calls_left(ngx_http_convrelay_mock_ctx_t *ctx)
{
    return ctx->calls && ctx->call < ctx->calls->nelts
           && (ctx->limit == 0 || ctx->sent < ctx->limit);
}


u_char *
ngx_http_convrelay_mock_piece(ngx_http_convrelay_mock_ctx_t *ctx, u_char *p)
{
    size_t                           len;
    ngx_http_convrelay_mock_call_t  *call;

    call = ctx->calls->elts;
    call += ctx->call;

    if (call->begun) {
        p = ngx_sprintf(p, "{\"index\":%ui,\"function\":{\"arguments\":\"",
                        ctx->call);

    } else {
        p = ngx_http_convrelay_mock_entry(p, &call->name, ctx->call);
    }

    len = 0;

    if (call->begun || !call->split) {
        len = ngx_http_convrelay_mock_take(&call->arguments, call->piece);
        p = convrelay_json_escape(p, call->arguments.data, len);
    }

    call->arguments.data += len;
    call->arguments.len -= len;
    call->begun = 1;

    if (call->arguments.len == 0) {
        ctx->call++;
    }

    return ngx_cpymem(p, "\"}}", 3);
}


ngx_int_t
ngx_http_convrelay_mock_calls(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *calls)
{
    size_t                           size;
    u_char                          *p;
    ngx_uint_t                       i;
    ngx_http_convrelay_mock_call_t  *call;

    size = 0;
    call = ctx->calls->elts;

    for (i = 0; i < ctx->calls->nelts; i++) {
        size += 128 + convrelay_json_escaped_len(call[i].name.data,
                                                 call[i].name.len)
                + convrelay_json_escaped_len(call[i].arguments.data,
                                             call[i].arguments.len);
    }

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    calls->data = p;

    for (i = 0; i < ctx->calls->nelts; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_http_convrelay_mock_entry(p, &call[i].name, i);
        p = convrelay_json_escape(p, call[i].arguments.data,
                                  call[i].arguments.len);
        p = ngx_cpymem(p, "\"}}", 3);
    }

    calls->len = p - calls->data;
    ctx->call = i;

    return NGX_OK;
}


/* up to where the arguments begin */

static u_char *
ngx_http_convrelay_mock_entry(u_char *p, ngx_str_t *name, ngx_uint_t n)
{
    p = ngx_sprintf(p, "{\"index\":%ui,\"id\":\"call_%ui\",\"type\":"
                    "\"function\",\"function\":{\"name\":\"", n, n);
    p = convrelay_json_escape(p, name->data, name->len);

    return ngx_sprintf(p, "\",\"arguments\":\"");
}


/* at most len bytes, and a whole character at least */

static size_t
ngx_http_convrelay_mock_take(ngx_str_t *text, size_t len)
{
    if (len >= text->len) {
        return text->len;
    }

    while (len && (text->data[len] & 0xc0) == 0x80) {
        len--;
    }

    if (len) {
        return len;
    }

    for (len = 1; len < text->len; len++) {

        if ((text->data[len] & 0xc0) != 0x80) {
            break;
        }
    }

    return ngx_min(len, NGX_HTTP_CONVRELAY_MOCK_MAX_PIECE);
}
