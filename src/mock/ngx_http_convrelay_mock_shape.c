
/*
 * Copyright (C) convrelay contributors
 *
 * The JSON around the text, vendor by vendor: one table of templates, and the
 * writer that fills them in.
 */


#include "ngx_http_convrelay_mock.h"


#define NGX_HTTP_CONVRELAY_MOCK_HEAD                                          \
    "{\"id\":\"$id\",\"object\":\"chat.completion.chunk\","                   \
    "\"created\":$time,\"model\":\"$model\","

#define NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM                                  \
    ngx_string("text/event-stream; charset=utf-8")

#define NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE                             \
    ngx_string("text/event-stream")

#define NGX_HTTP_CONVRELAY_MOCK_LF                                            \
    ngx_string("\n")

#define NGX_HTTP_CONVRELAY_MOCK_ROLE                                          \
    ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD                                   \
        "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\","    \
        "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","        \
        "\"content\":\"\",\"refusal\":null},\"logprobs\":null,"               \
        "\"finish_reason\":null}]$nousage$pad}")

#define NGX_HTTP_CONVRELAY_MOCK_TOKEN                                         \
    ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD                                   \
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"$content\"},"     \
        "\"logprobs\":null,\"finish_reason\":null}]$nousage$pad}")

#define NGX_HTTP_CONVRELAY_MOCK_FINISH                                        \
    ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD                                   \
        "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"           \
        "\"finish_reason\":\"$finish\"}]$nousage$pad}")

#define NGX_HTTP_CONVRELAY_MOCK_USAGE                                         \
    ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD                                   \
        "\"choices\":[],\"usage\":$usage}")

#define NGX_HTTP_CONVRELAY_MOCK_FAULT                                         \
    ngx_string("{\"error\":{\"message\":\"The server had an error while"      \
        " processing your request.\",\"type\":\"server_error\","              \
        "\"param\":null,\"code\":null}}")

#define NGX_HTTP_CONVRELAY_MOCK_BODY                                          \
    ngx_string("{\"error\":{\"message\":\"$message\",\"type\":\"$type\","     \
        "\"param\":$param,\"code\":$code}}\n")

#define NGX_HTTP_CONVRELAY_MOCK_BODY_NUMERIC                                  \
    ngx_string("{\"error\":{\"message\":\"$message\",\"type\":\"$type\","     \
        "\"code\":$status}}\n")


static u_char *ngx_http_convrelay_mock_field(
    ngx_http_convrelay_mock_ctx_t *ctx, u_char *p, u_char *end,
    ngx_uint_t field);
static u_char *ngx_http_convrelay_mock_reason(
    ngx_http_convrelay_mock_ctx_t *ctx, u_char *p, u_char *end);
static u_char *ngx_http_convrelay_mock_text(u_char *p, u_char *end,
    ngx_str_t *text, char *quote);


/* in the order of the names below */

typedef enum {
    ngx_http_convrelay_mock_id = 0,
    ngx_http_convrelay_mock_time,
    ngx_http_convrelay_mock_model_name,
    ngx_http_convrelay_mock_message_content,
    ngx_http_convrelay_mock_finish,
    ngx_http_convrelay_mock_usage,
    ngx_http_convrelay_mock_nousage,
    ngx_http_convrelay_mock_pad,
    ngx_http_convrelay_mock_error_message,
    ngx_http_convrelay_mock_error_type,
    ngx_http_convrelay_mock_error_param,
    ngx_http_convrelay_mock_error_code,
    ngx_http_convrelay_mock_error_status
} ngx_http_convrelay_mock_field_e;


static ngx_str_t  ngx_http_convrelay_mock_fields[] = {
    ngx_string("$id"),
    ngx_string("$time"),
    ngx_string("$model"),
    ngx_string("$content"),
    ngx_string("$finish"),
    ngx_string("$usage"),
    ngx_string("$nousage"),
    ngx_string("$pad"),
    ngx_string("$message"),
    ngx_string("$type"),
    ngx_string("$param"),
    ngx_string("$code"),
    ngx_string("$status"),
    ngx_null_string
};


static ngx_http_convrelay_mock_shape_t  ngx_http_convrelay_mock_shapes[] = {

    /* OpenAI */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_ROLE,
      NGX_HTTP_CONVRELAY_MOCK_TOKEN,
      NGX_HTTP_CONVRELAY_MOCK_FINISH,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      NGX_HTTP_CONVRELAY_MOCK_FAULT,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 },

    /*
     * Azure with its asynchronous filter: verdicts on the prompt before and on
     * the text after the answer, in events without a delta.
     */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_string("{\"id\":\"\",\"object\":\"\",\"created\":0,\"model\":\"\","
          "\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0,"
          "\"content_filter_results\":{\"hate\":{\"filtered\":false,"
          "\"severity\":\"safe\"},\"violence\":{\"filtered\":false,"
          "\"severity\":\"safe\"}}}]$nousage}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},"
          "\"logprobs\":null,\"finish_reason\":null}]$nousage}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"$content\"},"
          "\"logprobs\":null,\"finish_reason\":null}]$nousage}"),
      NGX_HTTP_CONVRELAY_MOCK_FINISH,
      ngx_string("{\"id\":\"\",\"object\":\"\",\"created\":0,\"model\":\"\","
          "\"choices\":[{\"index\":0,\"finish_reason\":null,"
          "\"content_filter_results\":{\"hate\":{\"filtered\":false,"
          "\"severity\":\"safe\"}},\"content_filter_offsets\":"
          "{\"check_offset\":310,\"start_offset\":120,\"end_offset\":402}}]"
          "$nousage}"),
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      NGX_HTTP_CONVRELAY_MOCK_FAULT,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 },

    /* vLLM: the finish chunk carries text, [DONE] comes even after an error */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
          "\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}],"
          "\"prompt_token_ids\":null}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"$content\"},"
          "\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"$content\"},"
          "\"logprobs\":null,\"finish_reason\":\"$finish\","
          "\"stop_reason\":null,\"token_ids\":null}]}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      ngx_string("{\"error\":{\"message\":\"Internal server error\","
          "\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY_NUMERIC,
      1, 0, 1, 1 },

    /* llama.cpp: header and pings at once, choices first, content null */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE,
      ngx_string(":\n\n"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_string("{\"choices\":[{\"finish_reason\":null,\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":null}}],"
          "\"created\":$time,\"id\":\"$id\",\"model\":\"$model\","
          "\"system_fingerprint\":\"b9999-mock\","
          "\"object\":\"chat.completion.chunk\"}"),
      ngx_string("{\"choices\":[{\"finish_reason\":null,\"index\":0,"
          "\"delta\":{\"content\":\"$content\"}}],"
          "\"created\":$time,\"id\":\"$id\",\"model\":\"$model\","
          "\"system_fingerprint\":\"b9999-mock\","
          "\"object\":\"chat.completion.chunk\"}"),
      ngx_string("{\"choices\":[{\"finish_reason\":\"$finish\",\"index\":0,"
          "\"delta\":{}}],"
          "\"created\":$time,\"id\":\"$id\",\"model\":\"$model\","
          "\"system_fingerprint\":\"b9999-mock\","
          "\"object\":\"chat.completion.chunk\","
          "\"timings\":{\"prompt_n\":12,\"prompt_ms\":51.204,"
          "\"predicted_n\":6,\"predicted_ms\":180.5}}"),
      ngx_null_string,
      ngx_string("{\"choices\":[],"
          "\"created\":$time,\"id\":\"$id\",\"model\":\"$model\","
          "\"object\":\"chat.completion.chunk\",\"usage\":$usage}"),
      ngx_string("{\"error\":{\"code\":500,\"message\":\"Compute error.\","
          "\"type\":\"server_error\"}}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY_NUMERIC,
      1, 1, 0, 0 },

    /* Ollama: loses the text of an error in the stream */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\","
          "\"reasoning\":\"The caller wants small talk.\"},"
          "\"finish_reason\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"$content\"},"
          "\"finish_reason\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
          "\"finish_reason\":\"$finish\"}]}"),
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_ollama\",\"choices\":[],"
          "\"usage\":$usage}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
          "\"finish_reason\":null}]}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 },

    /* Groq: reasoning apart, errors as an event of that name */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_groq\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\","
          "\"reasoning\":\"The caller wants small talk.\"},"
          "\"logprobs\":null,\"finish_reason\":null}],"
          "\"x_groq\":{\"id\":\"req_mock\",\"seed\":7}}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_groq\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"content\":\"$content\"},\"logprobs\":null,"
          "\"finish_reason\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"system_fingerprint\":\"fp_groq\",\"choices\":[{\"index\":0,"
          "\"delta\":{},\"logprobs\":null,\"finish_reason\":\"$finish\"}],"
          "\"x_groq\":{\"id\":\"req_mock\",\"usage\":$usage}}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      ngx_string("{\"error\":{\"message\":\"Failed to call a function.\","
          "\"type\":\"invalid_request_error\",\"code\":\"tool_use_failed\","
          "\"failed_generation\":\"\",\"status_code\":400}}"),
      ngx_string("error"),
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 },

    /* OpenRouter: comments while waiting, the finish chunk comes twice */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE,
      ngx_string(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"provider\":\"Mock\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\","
          "\"reasoning\":\"Small talk.\",\"reasoning_details\":["
          "{\"type\":\"reasoning.text\",\"text\":\"Small talk.\"}]},"
          "\"finish_reason\":null,\"native_finish_reason\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"provider\":\"Mock\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"$content\"},"
          "\"finish_reason\":null,\"native_finish_reason\":null}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"provider\":\"Mock\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
          "\"finish_reason\":\"$finish\","
          "\"native_finish_reason\":\"STOP\"}]}"),
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"provider\":\"Mock\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
          "\"finish_reason\":\"$finish\","
          "\"native_finish_reason\":\"STOP\"}],\"usage\":$usage}"),
      ngx_null_string,
      ngx_string(NGX_HTTP_CONVRELAY_MOCK_HEAD
          "\"provider\":\"Mock\",\"error\":{\"code\":502,"
          "\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,"
          "\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}"),
      ngx_null_string,
      ngx_string("{\"error\":{\"message\":\"$message\",\"code\":$status},"
          "\"user_id\":\"user_mock\"}\n"),
      1, 1, 0, 0 },

    /* Gemini: several words in a delta, errors in an array */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM_BARE,
      ngx_null_string,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      ngx_null_string,
      ngx_string("{\"choices\":[{\"delta\":{\"content\":\"$content\","
          "\"role\":\"assistant\"},\"index\":0}],\"created\":$time,"
          "\"id\":\"$id\",\"model\":\"$model\","
          "\"object\":\"chat.completion.chunk\"}"),
      ngx_string("{\"choices\":[{\"delta\":{\"content\":\"$content\","
          "\"role\":\"assistant\"},\"finish_reason\":\"$finish\","
          "\"index\":0}],\"created\":$time,\"id\":\"$id\","
          "\"model\":\"$model\",\"object\":\"chat.completion.chunk\"}"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      ngx_string("[{\"error\":{\"code\":503,\"message\":"
          "\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}]"),
      ngx_null_string,
      ngx_string("[{\"error\":{\"code\":$status,\"message\":\"$message\","
          "\"status\":\"$type\"}}]\n"),
      NGX_HTTP_CONVRELAY_MOCK_MAX_WORDS, 0, 1, 0 },

    /* the three below are OpenAI's JSON in another dress: CRLF */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_null_string,
      ngx_null_string,
      ngx_string(CRLF),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_ROLE,
      NGX_HTTP_CONVRELAY_MOCK_TOKEN,
      NGX_HTTP_CONVRELAY_MOCK_FINISH,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      NGX_HTTP_CONVRELAY_MOCK_FAULT,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 },

    /* comments, events without data, and fields that mean nothing here */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_string(":\n\n: keep-alive\n\nevent: ping\n\nretry: 10x\nfoo\n\n"),
      ngx_string(": keep-alive\n\ndata\n\nid: 7\n"),
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_ROLE,
      NGX_HTTP_CONVRELAY_MOCK_TOKEN,
      NGX_HTTP_CONVRELAY_MOCK_FINISH,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      NGX_HTTP_CONVRELAY_MOCK_FAULT,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 1, 0, 0 },

    /* a byte order mark */

    { NGX_HTTP_CONVRELAY_MOCK_EVENT_STREAM,
      ngx_string("\xef\xbb\xbf"),
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_LF,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_ROLE,
      NGX_HTTP_CONVRELAY_MOCK_TOKEN,
      NGX_HTTP_CONVRELAY_MOCK_FINISH,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_USAGE,
      NGX_HTTP_CONVRELAY_MOCK_FAULT,
      ngx_null_string,
      NGX_HTTP_CONVRELAY_MOCK_BODY,
      1, 0, 0, 0 }
};


ngx_http_convrelay_mock_shape_t *
ngx_http_convrelay_mock_shape(ngx_uint_t quirk)
{
    return &ngx_http_convrelay_mock_shapes[quirk];
}


u_char *
ngx_http_convrelay_mock_expand(ngx_http_convrelay_mock_ctx_t *ctx, u_char *p,
    u_char *end, ngx_str_t *text)
{
    u_char      *pos, *last, *next;
    ngx_uint_t   i;
    ngx_str_t   *name;

    pos = text->data;
    last = text->data + text->len;

    while (pos < last) {

        next = ngx_strlchr(pos, last, '$');
        if (next == NULL) {
            next = last;
        }

        p = ngx_slprintf(p, end, "%*s", next - pos, pos);
        pos = next;

        if (pos == last) {
            break;
        }

        name = ngx_http_convrelay_mock_fields;

        for (i = 0; name[i].len; i++) {

            if ((size_t) (last - pos) >= name[i].len
                && ngx_strncmp(pos, name[i].data, name[i].len) == 0)
            {
                break;
            }
        }

        p = ngx_http_convrelay_mock_field(ctx, p, end, i);
        pos += name[i].len ? name[i].len : 1;
    }

    return p;
}


static u_char *
ngx_http_convrelay_mock_field(ngx_http_convrelay_mock_ctx_t *ctx, u_char *p,
    u_char *end, ngx_uint_t field)
{
    switch (field) {

    case ngx_http_convrelay_mock_id:
        return ngx_slprintf(p, end, "%V", &ctx->id);

    case ngx_http_convrelay_mock_time:
        return ngx_slprintf(p, end, "%T", ctx->created);

    case ngx_http_convrelay_mock_model_name:
        return ngx_slprintf(p, end, "%V", &ctx->model);

    case ngx_http_convrelay_mock_message_content:
        return ngx_http_convrelay_mock_text(p, end, &ctx->content, "");

    case ngx_http_convrelay_mock_finish:
        return ngx_http_convrelay_mock_reason(ctx, p, end);

    case ngx_http_convrelay_mock_usage:
        return ngx_slprintf(p, end, "{\"prompt_tokens\":%ui,"
                            "\"completion_tokens\":%ui,\"total_tokens\":%ui,"
                            "\"prompt_tokens_details\":{\"cached_tokens\":0,"
                            "\"audio_tokens\":0},"
                            "\"completion_tokens_details\":"
                            "{\"reasoning_tokens\":0}}",
                            ctx->prompt_tokens, ctx->sent,
                            ctx->prompt_tokens + ctx->sent);

    case ngx_http_convrelay_mock_nousage:
        return ngx_slprintf(p, end, ctx->usage ? ",\"usage\":null" : "");

    case ngx_http_convrelay_mock_pad:
        return ngx_slprintf(p, end,
                            ctx->pad ? ",\"obfuscation\":\"k3aPq0Zw\"" : "");

    case ngx_http_convrelay_mock_error_message:
        return ngx_http_convrelay_mock_text(p, end, &ctx->error.message, "");

    case ngx_http_convrelay_mock_error_type:
        return ngx_http_convrelay_mock_text(p, end, &ctx->error.type, "");

    case ngx_http_convrelay_mock_error_param:
        return ngx_http_convrelay_mock_text(p, end, &ctx->error.param, "\"");

    case ngx_http_convrelay_mock_error_code:
        return ngx_http_convrelay_mock_text(p, end, &ctx->error.code, "\"");

    default: /* ngx_http_convrelay_mock_error_status */
        return ngx_slprintf(p, end, "%ui", ctx->error.status);
    }
}


static u_char *
ngx_http_convrelay_mock_reason(ngx_http_convrelay_mock_ctx_t *ctx, u_char *p,
    u_char *end)
{
    if (ctx->opts.finish.len) {
        return ngx_http_convrelay_mock_text(p, end, &ctx->opts.finish, "");
    }

    if (ctx->pos < ctx->text.data + ctx->text.len
        || (ctx->calls && ctx->call < ctx->calls->nelts))
    {
        return ngx_slprintf(p, end, "length");
    }

    if (ctx->calls) {
        return ngx_slprintf(p, end, "tool_calls");
    }

    return ngx_slprintf(p, end, "stop");
}


/* with quotes, an empty text is null */

static u_char *
ngx_http_convrelay_mock_text(u_char *p, u_char *end, ngx_str_t *text,
    char *quote)
{
    size_t  len;

    if (quote[0] && text->len == 0) {
        return ngx_slprintf(p, end, "null");
    }

    len = convrelay_json_escaped_len(text->data, text->len);

    if ((size_t) (end - p) < len + 2) {
        return p;
    }

    p = ngx_slprintf(p, end, "%s", quote);
    p = convrelay_json_escape(p, text->data, text->len);

    return ngx_slprintf(p, end, "%s", quote);
}


ngx_int_t
ngx_http_convrelay_mock_prepare(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    u_char     *p, *end, *content;
    ngx_str_t   text, *token;

    p = ngx_pnalloc(pool, NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT);
    if (p == NULL) {
        return NGX_ERROR;
    }

    end = p + NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT;

    token = &ctx->shape->token;
    content = ngx_strnstr(token->data, "$content", token->len);

    ctx->open.data = p;
    p = ngx_slprintf(p, end, "%Vdata: ", &ctx->shape->between);

    text.data = token->data;
    text.len = content - token->data;
    p = ngx_http_convrelay_mock_expand(ctx, p, end, &text);
    ctx->open.len = p - ctx->open.data;

    text.data = content + sizeof("$content") - 1;
    text.len = token->data + token->len - text.data;

    ctx->close.data = p;
    p = ngx_http_convrelay_mock_expand(ctx, p, end, &text);
    p = ngx_slprintf(p, end, "%V%V", &ctx->shape->eol, &ctx->shape->eol);
    ctx->close.len = p - ctx->close.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_mock_whole(ngx_pool_t *pool,
    ngx_http_convrelay_mock_ctx_t *ctx, ngx_str_t *json)
{
    size_t      size;
    u_char     *p, *end;
    ngx_str_t   calls;

    static ngx_str_t  head = ngx_string("{\"id\":\"$id\","
        "\"object\":\"chat.completion\",\"created\":$time,"
        "\"model\":\"$model\",\"choices\":[{\"index\":0,\"message\":"
        "{\"role\":\"assistant\",\"content\":");

    static ngx_str_t  tail = ngx_string(",\"refusal\":null},"
        "\"logprobs\":null,\"finish_reason\":\"$finish\"}],"
        "\"usage\":$usage}\n");

    ngx_str_null(&calls);

    if (ctx->calls
        && ngx_http_convrelay_mock_calls(pool, ctx, &calls) != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = NGX_HTTP_CONVRELAY_MOCK_MAX_EVENT + calls.len
           + convrelay_json_escaped_len(ctx->text.data, ctx->text.len)
           + ctx->limit * sizeof(ctx->scratch);

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    json->data = p;
    end = p + size;

    p = ngx_http_convrelay_mock_expand(ctx, p, end, &head);

    if (calls.len && ctx->text.len == 0) {
        p = ngx_slprintf(p, end, "null");

    } else {
        p = ngx_slprintf(p, end, "\"");

        while (ngx_http_convrelay_mock_token(ctx) == NGX_OK) {
            p = ngx_http_convrelay_mock_text(p, end, &ctx->content, "");
        }

        p = ngx_slprintf(p, end, "\"");
    }

    if (calls.len) {
        p = ngx_slprintf(p, end, ",\"tool_calls\":[%V]", &calls);
    }

    p = ngx_http_convrelay_mock_expand(ctx, p, end, &tail);
    json->len = p - json->data;

    return NGX_OK;
}
