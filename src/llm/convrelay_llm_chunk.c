
/*
 * Copyright (C) convrelay contributors
 *
 * One chat.completion.chunk, or one whole chat.completion.  Nothing of it
 * can be relied upon but the path to the text: keys come in any order, most
 * of them may be missing, and null stands for every type.
 */


#include "convrelay_llm_parts.h"


static void convrelay_llm_usage(convrelay_llm_stream_t *s,
    const cJSON *usage);
static void convrelay_llm_count(const cJSON *object, const char *name,
    int64_t *count);
static const cJSON *convrelay_llm_choice(const cJSON *choices);
static void convrelay_llm_finish(convrelay_llm_stream_t *s,
    const cJSON *choice);
static int convrelay_llm_delta(convrelay_llm_stream_t *s, const cJSON *delta,
    convrelay_str_t *text);
static int convrelay_llm_content(convrelay_llm_stream_t *s,
    const cJSON *content, convrelay_str_t *text);
static int convrelay_llm_join(convrelay_llm_stream_t *s,
    convrelay_str_t *text, const convrelay_str_t *piece);


static const struct {
    convrelay_str_t         name;
    convrelay_llm_finish_e  finish;
} convrelay_llm_finishes[] = {
    { convrelay_string("stop"), CONVRELAY_LLM_FINISH_STOP },
    { convrelay_string("length"), CONVRELAY_LLM_FINISH_LENGTH },
    { convrelay_string("tool_calls"), CONVRELAY_LLM_FINISH_TOOL_CALLS },
    { convrelay_string("function_call"), CONVRELAY_LLM_FINISH_TOOL_CALLS },
    { convrelay_string("content_filter"),
      CONVRELAY_LLM_FINISH_CONTENT_FILTER },
    { convrelay_string("error"), CONVRELAY_LLM_FINISH_ERROR },
    { convrelay_string("insufficient_system_resource"),
      CONVRELAY_LLM_FINISH_ERROR }
};


int
convrelay_llm_chunk(convrelay_llm_stream_t *s, const cJSON *root,
    const convrelay_str_t *raw, convrelay_str_t *text)
{
    int           rc;
    const cJSON  *chunk, *choice, *delta;

    chunk = convrelay_llm_unwrap(root);

    if (!cJSON_IsObject(chunk)) {
        convrelay_llm_fail(s, "bad_answer", "is not a JSON object");
        return CONVRELAY_AGAIN;
    }

    if (convrelay_llm_is_error(chunk)) {
        convrelay_llm_fail_json(s, chunk, raw);
        return CONVRELAY_AGAIN;
    }

    convrelay_llm_usage(s, cJSON_GetObjectItemCaseSensitive(chunk, "usage"));

    choice = convrelay_llm_choice(cJSON_GetObjectItemCaseSensitive(chunk,
                                                                   "choices"));
    if (choice == NULL) {
        return CONVRELAY_AGAIN;
    }

    convrelay_llm_finish(s, choice);

    if (s->failed) {
        return CONVRELAY_AGAIN;
    }

    delta = cJSON_GetObjectItemCaseSensitive(choice, "delta");

    if (!cJSON_IsObject(delta)) {
        delta = cJSON_GetObjectItemCaseSensitive(choice, "message");
    }

    text->len = 0;
    text->data = NULL;

    rc = convrelay_llm_delta(s, delta, text);

    if (rc != CONVRELAY_OK) {
        convrelay_llm_fail(s, "no_memory", "found no memory");
        return CONVRELAY_AGAIN;
    }

    if (text->len == 0) {
        return CONVRELAY_AGAIN;
    }

    return convrelay_llm_text(s, text);
}


static void
convrelay_llm_usage(convrelay_llm_stream_t *s, const cJSON *usage)
{
    const cJSON  *details;

    if (!cJSON_IsObject(usage)) {
        return;
    }

    convrelay_llm_count(usage, "prompt_tokens", &s->prompt_tokens);
    convrelay_llm_count(usage, "completion_tokens", &s->completion_tokens);

    /* DeepSeek's own name of it, before the usual one */
    convrelay_llm_count(usage, "prompt_cache_hit_tokens",
                        &s->cached_tokens);

    details = cJSON_GetObjectItemCaseSensitive(usage,
                                               "prompt_tokens_details");
    convrelay_llm_count(details, "cached_tokens", &s->cached_tokens);
}


static void
convrelay_llm_count(const cJSON *object, const char *name, int64_t *count)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    /* 2^53: above it a double counts no ones any more */

    if (cJSON_IsNumber(item) && item->valuedouble >= 0
        && item->valuedouble <= 9007199254740992.0)
    {
        *count = (int64_t) item->valuedouble;
    }
}


/* we never ask for more than one, servers may send more all the same */

static const cJSON *
convrelay_llm_choice(const cJSON *choices)
{
    const cJSON  *choice, *index;

    if (!cJSON_IsArray(choices)) {
        return NULL;
    }

    cJSON_ArrayForEach(choice, choices) {

        if (!cJSON_IsObject(choice)) {
            continue;
        }

        index = cJSON_GetObjectItemCaseSensitive(choice, "index");

        if (!cJSON_IsNumber(index) || index->valuedouble == 0) {
            return choice;
        }
    }

    return NULL;
}


/*
 * The first one counts: OpenRouter sends it twice, Azure sends chunks with
 * null behind it.
 */

static void
convrelay_llm_finish(convrelay_llm_stream_t *s, const cJSON *choice)
{
    size_t            i;
    convrelay_str_t   reason;

    if (s->finish != CONVRELAY_LLM_FINISH_NONE) {
        return;
    }

    if (convrelay_json_string(choice, "finish_reason", &reason)
        != CONVRELAY_OK || reason.len == 0)
    {
        return;
    }

    s->finish = CONVRELAY_LLM_FINISH_STOP;

    for (i = 0; i < sizeof(convrelay_llm_finishes)
                    / sizeof(convrelay_llm_finishes[0]); i++)
    {
        if (reason.len == convrelay_llm_finishes[i].name.len
            && memcmp(reason.data, convrelay_llm_finishes[i].name.data,
                      reason.len) == 0)
        {
            s->finish = convrelay_llm_finishes[i].finish;
            break;
        }
    }

    if (s->finish == CONVRELAY_LLM_FINISH_CONTENT_FILTER) {
        convrelay_llm_fail(s, "content_filter", "was cut by a filter");

    } else if (s->finish == CONVRELAY_LLM_FINISH_ERROR) {
        convrelay_llm_fail(s, (char *) reason.data, "was broken off");
    }
}


static int
convrelay_llm_delta(convrelay_llm_stream_t *s, const cJSON *delta,
    convrelay_str_t *text)
{
    const cJSON      *calls;
    convrelay_str_t   refusal;

    calls = cJSON_GetObjectItemCaseSensitive(delta, "tool_calls");

    if ((cJSON_IsArray(calls) && calls->child)
        || cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(delta,
                                                           "function_call")))
    {
        s->tools = 1;
    }

    if (convrelay_llm_content(s, cJSON_GetObjectItemCaseSensitive(delta,
                                                                  "content"),
                              text)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (convrelay_json_string(delta, "refusal", &refusal) != CONVRELAY_OK
        || refusal.len == 0)
    {
        return CONVRELAY_OK;
    }

    s->refusal = 1;

    return convrelay_llm_join(s, text, &refusal);
}


/* a string, or an array of parts of which the text is taken */

static int
convrelay_llm_content(convrelay_llm_stream_t *s, const cJSON *content,
    convrelay_str_t *text)
{
    const cJSON      *part;
    convrelay_str_t   type, piece;

    if (cJSON_IsString(content)) {
        text->data = (u_char *) content->valuestring;
        text->len = strlen(content->valuestring);

        return CONVRELAY_OK;
    }

    if (!cJSON_IsArray(content)) {
        return CONVRELAY_OK;
    }

    cJSON_ArrayForEach(part, content) {

        if (convrelay_json_string(part, "type", &type) == CONVRELAY_OK
            && !convrelay_str_eq(&type, "text"))
        {
            continue;
        }

        if (convrelay_json_string(part, "text", &piece) != CONVRELAY_OK) {
            continue;
        }

        if (convrelay_llm_join(s, text, &piece) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_llm_join(convrelay_llm_stream_t *s, convrelay_str_t *text,
    const convrelay_str_t *piece)
{
    int  rc;

    if (text->len == 0) {
        *text = *piece;
        return CONVRELAY_OK;
    }

    if (text->data != s->parts.data) {
        s->parts.len = 0;

        rc = convrelay_llm_buf_append(&s->parts, text->data, text->len);

        if (rc != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    rc = convrelay_llm_buf_append(&s->parts, piece->data, piece->len);

    if (rc != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    text->data = s->parts.data;
    text->len = s->parts.len;

    return CONVRELAY_OK;
}
