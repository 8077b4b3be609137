
/*
 * Copyright (C) convrelay contributors
 *
 * OpenAI's chat completions: one chat.completion.chunk, or one whole
 * chat.completion.  Only the path to the text can be relied upon: keys come in
 * any order, most of them may be missing, and null stands for every type.
 */


#include "convrelay_llm_parts.h"


typedef struct {
    convrelay_json_value_t  *error;
    convrelay_json_value_t  *object;
    convrelay_json_value_t  *usage;
    convrelay_json_value_t  *choices;
} convrelay_llm_chunk_t;


typedef struct {
    convrelay_json_value_t  *index;
    convrelay_json_value_t  *finish_reason;
    convrelay_json_value_t  *delta;
    convrelay_json_value_t  *message;
} convrelay_llm_choice_t;


typedef struct {
    convrelay_json_value_t  *content;
    convrelay_json_value_t  *refusal;
    convrelay_json_value_t  *tool_calls;
    convrelay_json_value_t  *function_call;
    convrelay_json_value_t  *extra_content;
} convrelay_llm_delta_t;


/* an element of "tool_calls" */

typedef struct {
    convrelay_json_value_t  *index;
    convrelay_json_value_t  *id;
    convrelay_json_value_t  *type;
    convrelay_json_value_t  *function;
    convrelay_json_value_t  *extra_content;
} convrelay_llm_entry_t;


typedef struct {
    convrelay_json_value_t  *name;
    convrelay_json_value_t  *arguments;
} convrelay_llm_function_t;


static int convrelay_llm_chat_event(convrelay_llm_stream_t *s,
    const convrelay_str_t *type, const convrelay_json_value_t *root,
    const convrelay_str_t *raw, convrelay_str_t *text);
static int convrelay_llm_chunk(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw,
    convrelay_str_t *text);
static void convrelay_llm_chat_usage(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *usage);
static void convrelay_llm_count(const convrelay_json_value_t *object,
    const char *name, int64_t *count);
static int convrelay_llm_choice(const convrelay_json_value_t *choices,
    convrelay_llm_choice_t *choice);
static int convrelay_llm_choice_text(convrelay_llm_stream_t *s,
    const convrelay_llm_choice_t *choice, convrelay_str_t *text);
static void convrelay_llm_reasoning(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object);
static void convrelay_llm_chat_finish(convrelay_llm_stream_t *s,
    convrelay_json_value_t *finish_reason);
static int convrelay_llm_delta(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, convrelay_str_t *text);
static void convrelay_llm_delta_extra(convrelay_llm_stream_t *s,
    const convrelay_llm_delta_t *delta);
static void convrelay_llm_tool_calls(convrelay_llm_stream_t *s,
    const convrelay_llm_delta_t *delta);
static void convrelay_llm_tool_call(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object);
static void convrelay_llm_function(convrelay_llm_piece_t *piece,
    const convrelay_json_value_t *object);
static void convrelay_llm_raw(convrelay_str_t *json,
    const convrelay_json_value_t *value);
static int convrelay_llm_content(convrelay_llm_stream_t *s,
    convrelay_json_value_t *content, convrelay_str_t *text);
static unsigned convrelay_llm_is_object(const convrelay_json_value_t *value);
static int convrelay_llm_join(convrelay_llm_stream_t *s,
    convrelay_str_t *text, const convrelay_str_t *piece);


static const convrelay_json_field_t  convrelay_llm_chunk_fields[] = {
    { convrelay_string("error"), offsetof(convrelay_llm_chunk_t, error) },
    { convrelay_string("object"), offsetof(convrelay_llm_chunk_t, object) },
    { convrelay_string("usage"), offsetof(convrelay_llm_chunk_t, usage) },
    { convrelay_string("choices"), offsetof(convrelay_llm_chunk_t, choices) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_llm_choice_fields[] = {
    { convrelay_string("index"), offsetof(convrelay_llm_choice_t, index) },
    { convrelay_string("finish_reason"),
      offsetof(convrelay_llm_choice_t, finish_reason) },
    { convrelay_string("delta"), offsetof(convrelay_llm_choice_t, delta) },
    { convrelay_string("message"), offsetof(convrelay_llm_choice_t, message) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_llm_delta_fields[] = {
    { convrelay_string("content"), offsetof(convrelay_llm_delta_t, content) },
    { convrelay_string("refusal"), offsetof(convrelay_llm_delta_t, refusal) },
    { convrelay_string("tool_calls"),
      offsetof(convrelay_llm_delta_t, tool_calls) },
    { convrelay_string("function_call"),
      offsetof(convrelay_llm_delta_t, function_call) },
    { convrelay_string("extra_content"),
      offsetof(convrelay_llm_delta_t, extra_content) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_llm_entry_fields[] = {
    { convrelay_string("index"), offsetof(convrelay_llm_entry_t, index) },
    { convrelay_string("id"), offsetof(convrelay_llm_entry_t, id) },
    { convrelay_string("type"), offsetof(convrelay_llm_entry_t, type) },
    { convrelay_string("function"),
      offsetof(convrelay_llm_entry_t, function) },
    { convrelay_string("extra_content"),
      offsetof(convrelay_llm_entry_t, extra_content) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_llm_function_fields[] = {
    { convrelay_string("name"), offsetof(convrelay_llm_function_t, name) },
    { convrelay_string("arguments"),
      offsetof(convrelay_llm_function_t, arguments) },
    convrelay_json_no_field
};


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


const convrelay_llm_api_t  convrelay_llm_chat = {
    convrelay_string("chat"),
    convrelay_llm_chat_size,
    convrelay_llm_chat_write,
    convrelay_llm_chat_event
};


/* the type is not used: the data says the same */

static int
convrelay_llm_chat_event(convrelay_llm_stream_t *s,
    const convrelay_str_t *type, const convrelay_json_value_t *root,
    const convrelay_str_t *raw, convrelay_str_t *text)
{
    const convrelay_json_value_t  *object;

    object = convrelay_llm_unwrap(root);

    if (type == NULL
        && convrelay_json_member(object, "choices") == NULL
        && !convrelay_llm_is_error(convrelay_json_member(object, "error"),
                                   convrelay_json_member(object, "object")))
    {
        convrelay_llm_fail(s, "bad_answer", "is JSON without \"choices\"");
        return CONVRELAY_AGAIN;
    }

    return convrelay_llm_chunk(s, object, raw, text);
}


static int
convrelay_llm_chunk(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, const convrelay_str_t *raw,
    convrelay_str_t *text)
{
    int                     rc;
    convrelay_llm_chunk_t   chunk;
    convrelay_llm_choice_t  choice;

    if (!convrelay_llm_is_object(object)) {
        s->odd = 1;
        return CONVRELAY_AGAIN;
    }

    convrelay_json_members(object, convrelay_llm_chunk_fields, &chunk);

    convrelay_llm_chat_usage(s, chunk.usage);

    convrelay_str_null(text);

    rc = convrelay_llm_choice(chunk.choices, &choice);

    if (rc == CONVRELAY_OK
        && convrelay_llm_choice_text(s, &choice, text) != CONVRELAY_OK)
    {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
        return CONVRELAY_AGAIN;
    }

    /* the text before the failure of an answer is spoken */

    if (convrelay_llm_is_error(chunk.error, chunk.object)) {
        convrelay_llm_fail_json(s, object, raw);

    } else if (rc != CONVRELAY_OK) {
        convrelay_llm_hint(s, object, raw);
    }

    if (text->len && s->finish != CONVRELAY_LLM_FINISH_NONE) {
        s->early = 1;
    }

    if (rc == CONVRELAY_OK) {
        convrelay_llm_chat_finish(s, choice.finish_reason);
    }

    if (text->len == 0) {
        return CONVRELAY_AGAIN;
    }

    return convrelay_llm_text(s, text);
}


/*
 * Some streams end with the whole message after its pieces; in others, each
 * piece comes with the whole text so far.
 */

static int
convrelay_llm_choice_text(convrelay_llm_stream_t *s,
    const convrelay_llm_choice_t *choice, convrelay_str_t *text)
{
    int                            rc;
    unsigned                       piece;
    convrelay_llm_delta_t          message;
    const convrelay_json_value_t  *object;

    piece = convrelay_llm_is_object(choice->delta);

    if (!piece && s->pieces) {
        convrelay_json_members(choice->message, convrelay_llm_delta_fields,
                               &message);
        convrelay_llm_delta_extra(s, &message);

        if (!s->tools) {
            convrelay_llm_tool_calls(s, &message);
        }

        return CONVRELAY_OK;
    }

    object = piece ? choice->delta : choice->message;

    rc = convrelay_llm_delta(s, object, text);

    if (text->len == 0) {
        convrelay_llm_reasoning(s, object);
    }

    if (piece && (text->len || s->tools)) {
        s->pieces = 1;
    }

    return rc;
}


/* notes reasoning: it is never spoken, but explains an answer without text */

static void
convrelay_llm_reasoning(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object)
{
    size_t           i;
    convrelay_str_t  text;

    static const char  *names[] = { "reasoning_content", "reasoning" };

    for (i = 0; !s->thought && i < sizeof(names) / sizeof(names[0]); i++) {

        s->thought = (convrelay_json_text(convrelay_json_member(object,
                                                                names[i]),
                                          &text)
                      == CONVRELAY_OK && text.len);
    }
}


static void
convrelay_llm_chat_usage(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *usage)
{
    int64_t  input, cached, output;

    if (!convrelay_llm_is_object(usage)) {
        return;
    }

    input = -1;
    cached = -1;
    output = -1;

    convrelay_llm_count(usage, "prompt_tokens", &input);
    convrelay_llm_count(usage, "completion_tokens", &output);

    /* DeepSeek's own name; the usual one follows and overrides it */
    convrelay_llm_count(usage, "prompt_cache_hit_tokens", &cached);

    convrelay_llm_count(convrelay_json_member(usage,
                                              "prompt_tokens_details"),
                        "cached_tokens", &cached);

    convrelay_llm_usage(s, input, cached, output);
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

    /* 2^53: above it, a double cannot hold every integer */

    if (number >= 0 && number <= 9007199254740992.0) {
        *count = (int64_t) number;
    }
}


/* finds choice 0: only one is requested, but servers may send more */

static int
convrelay_llm_choice(const convrelay_json_value_t *choices,
    convrelay_llm_choice_t *choice)
{
    double                         index;
    const convrelay_json_value_t  *element;

    for (element = convrelay_json_element(choices, NULL);
         element;
         element = convrelay_json_element(choices, element))
    {
        if (!convrelay_llm_is_object(element)) {
            continue;
        }

        convrelay_json_members(element, convrelay_llm_choice_fields, choice);

        if (convrelay_json_value_number(choice->index, &index)
            != CONVRELAY_OK || index == 0)
        {
            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_DECLINED;
}


static void
convrelay_llm_chat_finish(convrelay_llm_stream_t *s,
    convrelay_json_value_t *finish_reason)
{
    size_t                  i;
    convrelay_str_t         reason;
    convrelay_llm_finish_e  finish;

    if (s->finish != CONVRELAY_LLM_FINISH_NONE
        || convrelay_json_text(finish_reason, &reason) != CONVRELAY_OK
        || reason.len == 0)
    {
        return;
    }

    finish = CONVRELAY_LLM_FINISH_STOP;

    for (i = 0; i < sizeof(convrelay_llm_finishes)
                    / sizeof(convrelay_llm_finishes[0]); i++)
    {
        if (convrelay_str_equal(&reason, &convrelay_llm_finishes[i].name)) {
            finish = convrelay_llm_finishes[i].finish;
            break;
        }
    }

    convrelay_llm_finish(s, finish, &reason);
}


static int
convrelay_llm_delta(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object, convrelay_str_t *text)
{
    convrelay_str_t        refusal;
    convrelay_llm_delta_t  delta;

    convrelay_json_members(object, convrelay_llm_delta_fields, &delta);

    if (delta.tool_calls || delta.function_call) {
        convrelay_llm_tool_calls(s, &delta);
    }

    if (delta.extra_content) {
        convrelay_llm_delta_extra(s, &delta);
    }

    if (convrelay_llm_content(s, delta.content, text) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (convrelay_json_text(delta.refusal, &refusal) != CONVRELAY_OK
        || refusal.len == 0)
    {
        return CONVRELAY_OK;
    }

    s->refusal = 1;

    return convrelay_llm_join(s, text, &refusal);
}


/* Gemini's label of a piece of its thoughts is not a part of the answer */

static void
convrelay_llm_delta_extra(convrelay_llm_stream_t *s,
    const convrelay_llm_delta_t *delta)
{
    convrelay_str_t                extra;
    const convrelay_json_value_t  *label;

    if (!convrelay_llm_is_object(delta->extra_content)) {
        return;
    }

    label = convrelay_json_member(convrelay_json_member(delta->extra_content,
                                                        "google"),
                                  "thought");

    if (label && label->type == CONVRELAY_JSON_TRUE) {
        s->thought = 1;
        return;
    }

    convrelay_llm_raw(&extra, delta->extra_content);
    convrelay_llm_extra(s, &extra);
}


static void
convrelay_llm_tool_calls(convrelay_llm_stream_t *s,
    const convrelay_llm_delta_t *delta)
{
    convrelay_llm_piece_t          piece;
    const convrelay_json_value_t  *element;

    for (element = convrelay_json_element(delta->tool_calls, NULL);
         element;
         element = convrelay_json_element(delta->tool_calls, element))
    {
        s->tools = 1;

        convrelay_llm_tool_call(s, element);
    }

    if (!convrelay_llm_is_object(delta->function_call)) {
        return;
    }

    /* the old form, with a single call */

    s->tools = 1;

    memset(&piece, 0, sizeof(convrelay_llm_piece_t));

    convrelay_llm_function(&piece, delta->function_call);
    convrelay_llm_call_piece(s, &piece);
}


static void
convrelay_llm_tool_call(convrelay_llm_stream_t *s,
    const convrelay_json_value_t *object)
{
    double                  index;
    convrelay_str_t         type;
    convrelay_llm_piece_t   piece;
    convrelay_llm_entry_t   entry;

    if (!convrelay_llm_is_object(object)) {
        return;
    }

    memset(&piece, 0, sizeof(convrelay_llm_piece_t));

    convrelay_json_members(object, convrelay_llm_entry_fields, &entry);

    piece.index = -1;

    if (convrelay_json_value_number(entry.index, &index) == CONVRELAY_OK
        && index >= 0 && index < 1e9 && index == (double) (int64_t) index)
    {
        piece.index = (int64_t) index;
    }

    (void) convrelay_json_utf8(entry.id, &piece.id);

    if (convrelay_json_utf8(entry.type, &type) == CONVRELAY_OK) {
        piece.other = convrelay_str_eq(&type, "custom");
    }

    if (convrelay_llm_is_object(entry.extra_content)) {
        convrelay_llm_raw(&piece.extra, entry.extra_content);
    }

    convrelay_llm_function(&piece, entry.function);
    convrelay_llm_call_piece(s, &piece);
}


/* arguments that are not a string are used as they are written */

static void
convrelay_llm_function(convrelay_llm_piece_t *piece,
    const convrelay_json_value_t *object)
{
    convrelay_llm_function_t  function;

    convrelay_json_members(object, convrelay_llm_function_fields, &function);

    (void) convrelay_json_utf8(function.name, &piece->name);

    if (convrelay_json_text(function.arguments, &piece->arguments)
        == CONVRELAY_OK
        || function.arguments == NULL
        || function.arguments->type == CONVRELAY_JSON_NULL)
    {
        return;
    }

    convrelay_llm_raw(&piece->arguments, function.arguments);
    piece->whole = 1;
}


static void
convrelay_llm_raw(convrelay_str_t *json, const convrelay_json_value_t *value)
{
    json->len = value->len;
    json->data = value->data;
}


/* reads a string, or the texts of an array of parts */

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
