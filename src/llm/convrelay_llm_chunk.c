
/*
 * Copyright (C) convrelay contributors
 *
 * One chat.completion.chunk, or one whole chat.completion.  Nothing of it
 * can be relied upon but the path to the text: keys come in any order, most
 * of them may be missing, and null stands for every type.
 */


#include "convrelay_llm_parts.h"


static void convrelay_llm_usage(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *usage);
static void convrelay_llm_count(const convrelay_json_value_t *object,
    const char *name, int64_t *count);
static const convrelay_json_value_t *convrelay_llm_choice(
    const convrelay_json_value_t *choices);
static void convrelay_llm_finish(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *choice);
static int convrelay_llm_delta(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *delta, convrelay_str_t *text);
static int convrelay_llm_content(convrelay_llm_stream_t *s,
    convrelay_json_value_t *content, convrelay_str_t *text);
static unsigned convrelay_llm_is_object(const convrelay_json_value_t *value);
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
convrelay_llm_chunk(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *root, const convrelay_str_t *raw,
    convrelay_str_t *text)
{
    int                            rc;
    const convrelay_json_value_t  *chunk, *choice, *delta;

    chunk = convrelay_llm_unwrap(root);

    if (!convrelay_llm_is_object(chunk)) {
        convrelay_llm_fail(s, "bad_answer", "is not a JSON object");
        return CONVRELAY_AGAIN;
    }

    if (convrelay_llm_is_error(chunk)) {
        convrelay_llm_fail_json(s, chunk, raw);
        return CONVRELAY_AGAIN;
    }

    convrelay_llm_usage(s, convrelay_json_member(chunk, "usage"));

    choice = convrelay_llm_choice(convrelay_json_member(chunk, "choices"));

    if (choice == NULL) {
        return CONVRELAY_AGAIN;
    }

    convrelay_llm_finish(s, choice);

    if (s->failed) {
        return CONVRELAY_AGAIN;
    }

    delta = convrelay_json_member(choice, "delta");

    if (!convrelay_llm_is_object(delta)) {
        delta = convrelay_json_member(choice, "message");
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
convrelay_llm_usage(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *usage)
{
    if (!convrelay_llm_is_object(usage)) {
        return;
    }

    convrelay_llm_count(usage, "prompt_tokens", &s->prompt_tokens);
    convrelay_llm_count(usage, "completion_tokens", &s->completion_tokens);

    /* DeepSeek's own name of it, before the usual one */
    convrelay_llm_count(usage, "prompt_cache_hit_tokens",
                        &s->cached_tokens);

    convrelay_llm_count(convrelay_json_member(usage,
                                              "prompt_tokens_details"),
                        "cached_tokens", &s->cached_tokens);
}


static void
convrelay_llm_count(const convrelay_json_value_t *object, const char *name,
    int64_t *count)
{
    double  number;

    if (convrelay_json_value_number(convrelay_json_member(object, name),
                                    &number)
        != CONVRELAY_OK)
    {
        return;
    }

    /* 2^53: above it a double counts no ones any more */

    if (number >= 0 && number <= 9007199254740992.0) {
        *count = (int64_t) number;
    }
}


/* we never ask for more than one, servers may send more all the same */

static const convrelay_json_value_t *
convrelay_llm_choice(const convrelay_json_value_t *choices)
{
    double                         index;
    const convrelay_json_value_t  *choice;

    choice = NULL;

    for ( ;; ) {
        choice = convrelay_json_element(choices, choice);

        if (choice == NULL) {
            return NULL;
        }

        if (!convrelay_llm_is_object(choice)) {
            continue;
        }

        if (convrelay_json_value_number(convrelay_json_member(choice,
                                                              "index"),
                                        &index)
            != CONVRELAY_OK || index == 0)
        {
            return choice;
        }
    }
}


/*
 * The first one counts: OpenRouter sends it twice, Azure sends chunks with
 * null behind it.
 */

static void
convrelay_llm_finish(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *choice)
{
    size_t           i;
    const char      *name;
    convrelay_str_t  reason;

    if (s->finish != CONVRELAY_LLM_FINISH_NONE) {
        return;
    }

    if (convrelay_json_text(convrelay_json_member(choice, "finish_reason"),
                            &reason)
        != CONVRELAY_OK || reason.len == 0)
    {
        return;
    }

    name = NULL;
    s->finish = CONVRELAY_LLM_FINISH_STOP;

    for (i = 0; i < sizeof(convrelay_llm_finishes)
                    / sizeof(convrelay_llm_finishes[0]); i++)
    {
        if (reason.len == convrelay_llm_finishes[i].name.len
            && memcmp(reason.data, convrelay_llm_finishes[i].name.data,
                      reason.len) == 0)
        {
            name = (char *) convrelay_llm_finishes[i].name.data;
            s->finish = convrelay_llm_finishes[i].finish;
            break;
        }
    }

    if (s->finish == CONVRELAY_LLM_FINISH_CONTENT_FILTER) {
        convrelay_llm_fail(s, "content_filter", "was cut by a filter");

    } else if (s->finish == CONVRELAY_LLM_FINISH_ERROR) {
        convrelay_llm_fail(s, name, "was broken off");
    }
}


static int
convrelay_llm_delta(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *delta, convrelay_str_t *text)
{
    convrelay_str_t  refusal;

    if (convrelay_json_element(convrelay_json_member(delta, "tool_calls"),
                               NULL)
        || convrelay_llm_is_object(convrelay_json_member(delta,
                                                         "function_call")))
    {
        s->tools = 1;
    }

    if (convrelay_llm_content(s, convrelay_json_member(delta, "content"),
                              text)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (convrelay_json_text(convrelay_json_member(delta, "refusal"), &refusal)
        != CONVRELAY_OK || refusal.len == 0)
    {
        return CONVRELAY_OK;
    }

    s->refusal = 1;

    return convrelay_llm_join(s, text, &refusal);
}


/* a string, or an array of parts of which the text is taken */

static int
convrelay_llm_content(convrelay_llm_stream_t *s,
    convrelay_json_value_t *content, convrelay_str_t *text)
{
    convrelay_str_t          type, piece;
    convrelay_json_value_t  *part;

    if (convrelay_json_text(content, text) == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    for (part = convrelay_json_element(content, NULL);
         part;
         part = convrelay_json_element(content, part))
    {
        if (convrelay_json_text(convrelay_json_member(part, "type"), &type)
            == CONVRELAY_OK
            && !convrelay_str_eq(&type, "text"))
        {
            continue;
        }

        if (convrelay_json_text(convrelay_json_member(part, "text"), &piece)
            != CONVRELAY_OK)
        {
            continue;
        }

        if (convrelay_llm_join(s, text, &piece) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


static unsigned
convrelay_llm_is_object(const convrelay_json_value_t *value)
{
    return value && value->type == CONVRELAY_JSON_OBJECT;
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
