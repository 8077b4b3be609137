
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of ConversationRelay's messages, and of malformed ones.
 */


#include "convrelay_caller_check.h"


#define CONVRELAY_CALLER_CHECK_DEPTH  20000            /* brackets */
#define CONVRELAY_CALLER_CHECK_HUGE   (2 * 1024 * 1024)


static int convrelay_caller_rule_answer(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_once(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_silent(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_harmless(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_first(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_nulls(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_written(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_deep(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_huge(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);


const convrelay_caller_rule_t  convrelay_caller_rules_message[] = {

    { .name = "answer", .did = "a prompt",
      .expected = "\"text\" messages, the last one with last:true",
      .clause = "Twilio, text", .run = convrelay_caller_rule_answer },

    { .name = "answer-once", .did = "a prompt",
      .expected = "nothing more after last:true",
      .clause = "Twilio, text", .run = convrelay_caller_rule_once },

    { .name = "partial", .did = "prompts with last:false",
      .expected = "no answer until the final one",
      .clause = "Twilio, prompt", .run = convrelay_caller_rule_silent,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":\"Hello\","
              "\"lang\":\"en-US\",\"last\":false}" },

    { .name = "empty-prompt", .did = "a prompt without words",
      .expected = "no answer, the call goes on",
      .clause = "Twilio, prompt", .run = convrelay_caller_rule_silent,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":\"\","
              "\"lang\":\"en-US\",\"last\":true}" },

    { .name = "prompt-first", .did = "a prompt before setup",
      .expected = "no answer", .clause = "Twilio, setup",
      .run = convrelay_caller_rule_first },

    { .name = "nulls", .did = "a setup with nulls and an unknown field",
      .expected = "the call goes on", .clause = "Twilio, setup",
      .run = convrelay_caller_rule_nulls },

    { .name = "order", .did = "a prompt with its type at the end",
      .expected = "an answer", .clause = "RFC 8259, 4",
      .run = convrelay_caller_rule_written,
      .data = "\n{ \"last\" : true , \"lang\" : \"en-US\" ,\t"
              "\"voicePrompt\" : \"Hello!\", \"type\" : \"prompt\" }\r\n" },

    { .name = "escapes", .did = "a prompt in \\u escapes",
      .expected = "an answer to what it says", .clause = "RFC 8259, 7",
      .run = convrelay_caller_rule_written,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":\"Please say the word "
              "m\\u0061rig\\u006fld. \\ud83d\\ude00\",\"lang\":\"en-US\","
              "\"last\":true}",
      .more = "marigold" },

    { .name = "dtmf", .did = "a key", .expected = "the call goes on",
      .clause = "Twilio, dtmf", .run = convrelay_caller_rule_harmless,
      .data = "{\"type\":\"dtmf\",\"digit\":\"5\"}" },

    { .name = "info", .did = "tokensPlayed for words that nobody sent",
      .expected = "the call goes on", .clause = "Twilio, info",
      .run = convrelay_caller_rule_harmless,
      .data = "{\"type\":\"info\",\"name\":\"tokensPlayed\","
              "\"value\":\" nobody said so.\"}" },

    { .name = "error", .did = "an error from Twilio",
      .expected = "the call goes on", .clause = "Twilio, error",
      .run = convrelay_caller_rule_silent,
      .data = "{\"type\":\"error\",\"description\":\"Invalid message "
              "received, code: 64107, {}\"}" },

    { .name = "unknown-type", .did = "a message of an unknown type",
      .expected = "no answer, the call goes on",
      .clause = "Twilio, messages", .run = convrelay_caller_rule_silent,
      .data = "{\"type\":\"checking\",\"a\":[{\"b\":null}]}" },

    { .name = NULL }
};


const convrelay_caller_rule_t  convrelay_caller_rules_malformed[] = {

    { .name = "not-json", .did = "text that is not JSON",
      .expected = "no answer, the call goes on",
      .clause = "Twilio, messages", .run = convrelay_caller_rule_silent,
      .data = "Hello!" },

    { .name = "no-error", .did = "JSON that is cut off",
      .expected = "no \"error\" message back, the call goes on",
      .clause = "Twilio, messages to Twilio",
      .run = convrelay_caller_rule_silent,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":\"Hel" },

    { .name = "not-object", .did = "JSON that is not an object",
      .expected = "no answer, the call goes on",
      .clause = "Twilio, messages", .run = convrelay_caller_rule_silent,
      .data = "[\"prompt\",1,null]", .more = "7" },

    { .name = "no-type", .did = "an object without a type",
      .expected = "no answer, the call goes on",
      .clause = "Twilio, messages", .run = convrelay_caller_rule_silent,
      .data = "{\"voicePrompt\":\"Hello!\",\"last\":true}" },

    { .name = "wrong-types", .did = "a prompt that is a number",
      .expected = "the call goes on",
      .clause = "Twilio, prompt", .run = convrelay_caller_rule_harmless,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":7,\"lang\":[],"
              "\"last\":\"no\"}" },

    { .name = "surrogates", .did = "a prompt with half a character",
      .expected = "valid UTF-8, the call goes on",
      .clause = "RFC 8259, 8.2", .run = convrelay_caller_rule_harmless,
      .data = "{\"type\":\"prompt\",\"voicePrompt\":\"Say \\ud800 and "
              "\\u0000 and \\udfff.\",\"lang\":\"en-US\",\"last\":true}" },

    { .name = "deep", .did = "20,000 brackets, opened",
      .expected = "the call goes on", .clause = "RFC 8259, 9",
      .run = convrelay_caller_rule_deep },

    { .name = "huge", .did = "a message of 2 MiB",
      .expected = "Close 1009, or the call goes on",
      .clause = "RFC 6455, 7.4.1", .run = convrelay_caller_rule_huge },

    { .name = NULL }
};


static int
convrelay_caller_rule_answer(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_once(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_answer(k, rule) != CONVRELAY_OK
        || convrelay_caller_check_quiet(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (k->lasts > 1) {
        return convrelay_caller_check_fail(k, "last:true came %u times",
                                           k->lasts);
    }

    return CONVRELAY_OK;
}


/* twice: nothing of the first time may remain */

static int
convrelay_caller_rule_silent(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    const char  *more;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    more = rule->more ? rule->more : rule->data;

    convrelay_caller_check_text(k, rule->data, strlen(rule->data));
    convrelay_caller_check_text(k, more, strlen(more));

    if (convrelay_caller_check_quiet(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_harmless(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_text(k, rule->data, strlen(rule->data));

    if (convrelay_caller_check_rest(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (k->tokens == 0) {
        return convrelay_caller_check_alive(k);
    }

    if (convrelay_caller_check_say_over(k, "Hello!") != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_answer(k);
}


/* closing is fine as well */

static int
convrelay_caller_rule_first(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_open(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, "Hello!");

    if (convrelay_caller_check_quiet(k) != CONVRELAY_OK
        && (k->tokens || !k->conn.close_received))
    {
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_nulls(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    const char             *name;
    convrelay_caller_buf_t  setup;

    static const char  empty[] = "\"callerName\":\"\"";

    if (convrelay_caller_check_open(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_setup(&k->message, &k->call->ident,
                           &k->call->twiml.parameters);

    memset(&setup, 0, sizeof(convrelay_caller_buf_t));
    name = strstr(k->message.data, empty);

    convrelay_caller_buf_add(&setup, k->message.data, name - k->message.data);
    convrelay_caller_buf_str(&setup, "\"callerName\":null,"
                                   "\"checking\":{\"a\":[1,null]}");
    convrelay_caller_buf_str(&setup, name + sizeof(empty) - 1);

    convrelay_caller_check_text(k, setup.data, setup.len);
    convrelay_caller_buf_free(&setup);

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_written(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_text(k, rule->data, strlen(rule->data));

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (rule->more && !convrelay_caller_check_word(k->answer.data, rule->more))
    {
        return convrelay_caller_check_fail(k, "\"%s\" is not in \"%.80s\"",
                                           rule->more, k->answer.data);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_deep(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char  *text;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    text = convrelay_caller_alloc(CONVRELAY_CALLER_CHECK_DEPTH);
    memset(text, '[', CONVRELAY_CALLER_CHECK_DEPTH);

    convrelay_caller_check_text(k, text, CONVRELAY_CALLER_CHECK_DEPTH);
    free(text);

    if (convrelay_caller_check_quiet(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_alive(k);
}


static int
convrelay_caller_rule_huge(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int              rc;
    int64_t          until;
    convrelay_str_t  value;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    value.data = convrelay_caller_alloc(CONVRELAY_CALLER_CHECK_HUGE);
    value.len = CONVRELAY_CALLER_CHECK_HUGE;
    memset(value.data, 'x', value.len);

    convrelay_caller_info(&k->message, "check", &value);
    convrelay_caller_check_text(k, k->message.data, k->message.len);
    free(value.data);

    convrelay_caller_check_say(k, "Hello!");
    until = convrelay_caller_now() + k->timeout;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK && k->lasts == 0);

    if (rc == CONVRELAY_OK
        || k->conn.code == CONVRELAY_WS_MESSAGE_TOO_BIG)
    {
        return CONVRELAY_OK;
    }

    if (rc == CONVRELAY_AGAIN) {
        return convrelay_caller_check_fail(k, "neither a Close nor an answer");
    }

    return CONVRELAY_ERROR;
}
