
/*
 * Copyright (C) convrelay contributors
 *
 * The request, checked as OpenAI checks it, so that the module's mistakes fail
 * here as well.
 */


#include "ngx_http_convrelay_mock.h"


static ngx_int_t ngx_http_convrelay_mock_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_convrelay_mock_parse(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root);
static ngx_int_t ngx_http_convrelay_mock_model(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root);
static ngx_int_t ngx_http_convrelay_mock_options(
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root);
static ngx_int_t ngx_http_convrelay_mock_messages(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages);
static ngx_int_t ngx_http_convrelay_mock_message(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *message, ngx_uint_t n);
static ngx_int_t ngx_http_convrelay_mock_paired(
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *message);
static ngx_uint_t ngx_http_convrelay_mock_has_result(const cJSON *message,
    const convrelay_str_t *id);
static ngx_uint_t ngx_http_convrelay_mock_has_role(const cJSON *message,
    const char *name);
static ngx_uint_t ngx_http_convrelay_mock_has_content(const cJSON *message);
static ngx_int_t ngx_http_convrelay_mock_wrong(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_uint_t n, char *name);
static ngx_int_t ngx_http_convrelay_mock_bad_type(
    ngx_http_convrelay_mock_ctx_t *ctx);


static ngx_str_t  ngx_http_convrelay_mock_roles[] = {
    ngx_string("developer"),
    ngx_string("system"),
    ngx_string("user"),
    ngx_string("assistant"),
    ngx_string("tool"),
    ngx_string("function"),
    ngx_null_string
};


ngx_int_t
ngx_http_convrelay_mock_read(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    int               parsed;
    ngx_int_t         rc;
    ngx_str_t         body;
    convrelay_json_t  json;

    /* the kind of most errors */

    ctx->error.status = NGX_HTTP_BAD_REQUEST;
    ngx_str_set(&ctx->error.type, "invalid_request_error");

    if (ngx_http_convrelay_mock_body(r, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    parsed = convrelay_json_parse(&json, body.data, body.len);

    if (parsed == CONVRELAY_ERROR) {
        return NGX_ERROR;
    }

    if (parsed != CONVRELAY_OK) {
        ngx_str_set(&ctx->error.message, "We could not parse the JSON body of"
                                         " your request.");
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_mock_parse(r, ctx, json.root);

    convrelay_json_free(&json);

    return rc;
}


/*
 * Works on a copy of the body, because the parser changes it and the module
 * needs the original for a second try.
 */

static ngx_int_t
ngx_http_convrelay_mock_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t         size;
    u_char       *p;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    body->data = ngx_pnalloc(r->pool, size);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = body->data;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        if (!b->in_file) {
            continue;
        }

        n = ngx_read_file(b->file, p, b->file_last - b->file_pos, b->file_pos);

        if (n == NGX_ERROR || n != b->file_last - b->file_pos) {
            return NGX_ERROR;
        }

        p += n;
    }

    body->len = p - body->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_parse(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root)
{
    double        number;
    ngx_int_t     rc;
    const cJSON  *messages;

    if (!cJSON_IsObject(root)) {
        ngx_str_set(&ctx->error.message, "The JSON body of your request must"
                                         " be an object.");
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_mock_model(r, ctx, root);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_convrelay_mock_options(ctx, root);
    if (rc != NGX_OK) {
        return rc;
    }

    messages = cJSON_GetObjectItemCaseSensitive(root, "messages");

    rc = ngx_http_convrelay_mock_messages(r, ctx, messages);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->limit = ctx->opts.tokens;

    if (convrelay_json_number(root, "max_completion_tokens", &number)
        == CONVRELAY_OK
        || convrelay_json_number(root, "max_tokens", &number) == CONVRELAY_OK)
    {
        if (number >= 1 && number < NGX_HTTP_CONVRELAY_MOCK_MAX_TOKENS
            && (ctx->limit == 0 || number < ctx->limit))
        {
            ctx->limit = number;
        }
    }

    rc = ngx_http_convrelay_mock_tools(r, ctx, root, messages);

    return (rc == NGX_DECLINED)
           ? ngx_http_convrelay_mock_answer(r, ctx, messages) : rc;
}


static ngx_int_t
ngx_http_convrelay_mock_model(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *root)
{
    size_t           len;
    convrelay_str_t  model;

    model.len = 0;

    (void) convrelay_json_string(root, "model", &model);

    if (model.len == 0) {
        ngx_str_set(&ctx->error.message, "you must provide a model parameter");
        return NGX_DECLINED;
    }

    if (model.len > NGX_HTTP_CONVRELAY_MOCK_MAX_MODEL) {
        ctx->error.status = NGX_HTTP_NOT_FOUND;
        ngx_str_set(&ctx->error.message, "The model does not exist or you do"
                                         " not have access to it.");
        ngx_str_set(&ctx->error.code, "model_not_found");
        return NGX_DECLINED;
    }

    len = convrelay_json_escaped_len(model.data, model.len);

    ctx->model.data = ngx_pnalloc(r->pool, len);
    if (ctx->model.data == NULL) {
        return NGX_ERROR;
    }

    ctx->model.len = len;

    (void) convrelay_json_escape(ctx->model.data, model.data, model.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_options(ngx_http_convrelay_mock_ctx_t *ctx,
    const cJSON *root)
{
    unsigned      value;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(root, "stream");

    if (item && !cJSON_IsBool(item) && !cJSON_IsNull(item)) {
        ngx_str_set(&ctx->error.param, "stream");
        return ngx_http_convrelay_mock_bad_type(ctx);
    }

    ctx->stream = cJSON_IsTrue(item) ? 1 : 0;
    ctx->pad = 1;

    item = cJSON_GetObjectItemCaseSensitive(root, "stream_options");

    if (item == NULL || cJSON_IsNull(item)) {
        return NGX_OK;
    }

    ngx_str_set(&ctx->error.param, "stream_options");

    if (!cJSON_IsObject(item)) {
        return ngx_http_convrelay_mock_bad_type(ctx);
    }

    if (!ctx->stream) {
        ngx_str_set(&ctx->error.message, "The 'stream_options' parameter is"
                                         " only allowed when 'stream' is"
                                         " enabled.");
        return NGX_DECLINED;
    }

    ngx_str_null(&ctx->error.param);

    if (convrelay_json_bool(item, "include_usage", &value) == CONVRELAY_OK) {
        ctx->usage = value;
    }

    if (convrelay_json_bool(item, "include_obfuscation", &value)
        == CONVRELAY_OK)
    {
        ctx->pad = value;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_messages(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *messages)
{
    ngx_int_t     rc;
    ngx_str_t     text;
    ngx_uint_t    n;
    const cJSON  *message;

    ngx_str_set(&ctx->error.param, "messages");

    if (messages == NULL) {
        ngx_str_set(&ctx->error.message, "Missing required parameter:"
                                         " 'messages'.");
        ngx_str_set(&ctx->error.code, "missing_required_parameter");
        return NGX_DECLINED;
    }

    if (!cJSON_IsArray(messages)) {
        return ngx_http_convrelay_mock_bad_type(ctx);
    }

    if (messages->child == NULL) {
        ngx_str_set(&ctx->error.message, "Invalid 'messages': empty array."
                                         " Expected an array with minimum"
                                         " length 1.");
        ngx_str_set(&ctx->error.code, "empty_array");
        return NGX_DECLINED;
    }

    n = 0;

    for (message = messages->child; message; message = message->next) {

        rc = ngx_http_convrelay_mock_message(r, ctx, message, n++);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_convrelay_mock_paired(ctx, message);
        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_http_convrelay_mock_content(r->pool, message, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* an estimate */

        ctx->prompt_tokens += 4 + (text.len + 3) / 4;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_message(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, const cJSON *message, ngx_uint_t n)
{
    ngx_str_t       *name;
    convrelay_str_t  role;

    if (!cJSON_IsObject(message)) {
        return ngx_http_convrelay_mock_bad_type(ctx);
    }

    if (convrelay_json_string(message, "role", &role) != CONVRELAY_OK) {
        return ngx_http_convrelay_mock_wrong(r, ctx, n, "role");
    }

    for (name = ngx_http_convrelay_mock_roles; name->len; name++) {

        if (name->len == role.len
            && ngx_strncmp(name->data, role.data, role.len) == 0)
        {
            break;
        }
    }

    if (name->len == 0) {

        if (ngx_http_convrelay_mock_wrong(r, ctx, n, "role") == NGX_ERROR) {
            return NGX_ERROR;
        }

        ngx_str_set(&ctx->error.message, "Invalid value of 'role'. Supported"
                                         " values are: 'system', 'assistant',"
                                         " 'user', 'function', 'tool', and"
                                         " 'developer'.");
        ngx_str_set(&ctx->error.code, "invalid_value");
        return NGX_DECLINED;
    }

    if (!ngx_http_convrelay_mock_has_content(message)) {
        return ngx_http_convrelay_mock_wrong(r, ctx, n, "content");
    }

    return NGX_OK;
}


/* each call of a message has a result after it, and each result has a call */

static ngx_int_t
ngx_http_convrelay_mock_paired(ngx_http_convrelay_mock_ctx_t *ctx,
    const cJSON *message)
{
    const cJSON      *call, *calls, *asked;
    convrelay_str_t   id, wanted;

    calls = cJSON_GetObjectItemCaseSensitive(message, "tool_calls");

    cJSON_ArrayForEach(call, calls) {

        if (convrelay_json_string(call, "id", &id) != CONVRELAY_OK
            || !ngx_http_convrelay_mock_has_result(message, &id))
        {
            ngx_str_set(&ctx->error.message, "An assistant message with"
                        " 'tool_calls' must be followed by tool messages"
                        " responding to each 'tool_call_id'.");
            return NGX_DECLINED;
        }
    }

    if (!ngx_http_convrelay_mock_has_role(message, "tool")) {
        return NGX_OK;
    }

    /* "prev" of the first message is the last one */

    asked = message;

    do {
        asked = asked->prev;

    } while (asked->next
             && ngx_http_convrelay_mock_has_role(asked, "tool"));

    calls = asked->next ? cJSON_GetObjectItemCaseSensitive(asked, "tool_calls")
                        : NULL;

    if (convrelay_json_string(message, "tool_call_id", &wanted)
        == CONVRELAY_OK)
    {
        cJSON_ArrayForEach(call, calls) {

            if (convrelay_json_string(call, "id", &id) == CONVRELAY_OK
                && convrelay_str_equal(&id, &wanted))
            {
                return NGX_OK;
            }
        }
    }

    ngx_str_set(&ctx->error.message, "Messages with role 'tool' must be a"
                " response to a preceding message with 'tool_calls'.");

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_convrelay_mock_has_result(const cJSON *message,
    const convrelay_str_t *id)
{
    convrelay_str_t  of;

    for (message = message->next;
         message && ngx_http_convrelay_mock_has_role(message, "tool");
         message = message->next)
    {
        if (convrelay_json_string(message, "tool_call_id", &of) == CONVRELAY_OK
            && convrelay_str_equal(&of, id))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_convrelay_mock_has_role(const cJSON *message, const char *name)
{
    convrelay_str_t  role;

    return convrelay_json_string(message, "role", &role) == CONVRELAY_OK
           && convrelay_str_is(&role, name);
}


static ngx_uint_t
ngx_http_convrelay_mock_has_content(const cJSON *message)
{
    const cJSON  *content, *calls, *part, *text;

    content = cJSON_GetObjectItemCaseSensitive(message, "content");

    if (cJSON_IsString(content)) {
        return 1;
    }

    if (content == NULL || cJSON_IsNull(content)) {
        calls = cJSON_GetObjectItemCaseSensitive(message, "tool_calls");
        return cJSON_IsArray(calls) && calls->child;
    }

    if (!cJSON_IsArray(content) || content->child == NULL) {
        return 0;
    }

    for (part = content->child; part; part = part->next) {
        text = cJSON_GetObjectItemCaseSensitive(part, "text");

        if (!cJSON_IsString(text)) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_convrelay_mock_content(ngx_pool_t *pool, const cJSON *message,
    ngx_str_t *text)
{
    u_char       *p;
    const cJSON  *content, *part, *item;

    ngx_str_null(text);

    content = cJSON_GetObjectItemCaseSensitive(message, "content");

    if (cJSON_IsString(content)) {
        text->data = (u_char *) content->valuestring;
        text->len = ngx_strlen(content->valuestring);
        return NGX_OK;
    }

    if (!cJSON_IsArray(content)) {
        return NGX_OK;
    }

    for (part = content->child; part; part = part->next) {
        item = cJSON_GetObjectItemCaseSensitive(part, "text");
        text->len += ngx_strlen(item->valuestring);
    }

    text->data = ngx_pnalloc(pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (part = content->child; part; part = part->next) {
        item = cJSON_GetObjectItemCaseSensitive(part, "text");
        p = ngx_cpymem(p, item->valuestring, ngx_strlen(item->valuestring));
    }

    return NGX_OK;
}


/* a member of message n; missing by default */

static ngx_int_t
ngx_http_convrelay_mock_wrong(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_uint_t n, char *name)
{
    u_char     *p;
    ngx_str_t  *param, *message;

    param = &ctx->error.param;
    message = &ctx->error.message;

    p = ngx_pnalloc(r->pool, 256);
    if (p == NULL) {
        return NGX_ERROR;
    }

    param->data = p;
    p = ngx_sprintf(p, "messages[%ui].%s", n, name);
    param->len = p - param->data;

    message->data = p;
    p = ngx_sprintf(p, "Missing required parameter: '%V'.", param);
    message->len = p - message->data;

    ngx_str_set(&ctx->error.code, "missing_required_parameter");

    return NGX_DECLINED;
}


/* ctx->error.param is set already */

static ngx_int_t
ngx_http_convrelay_mock_bad_type(ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_str_set(&ctx->error.message, "Invalid type for a parameter.");
    ngx_str_set(&ctx->error.code, "invalid_type");

    return NGX_DECLINED;
}
