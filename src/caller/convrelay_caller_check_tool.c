
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of an agent with tools.  --tool names a prompt that makes it call one,
 * and a text that only the tool knows.
 */


#include "convrelay_caller_check.h"


static int convrelay_caller_rule_tool(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_last(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_leak(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_break(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);

static int convrelay_caller_rule_ask(convrelay_caller_check_t *k);
static int convrelay_caller_rule_halfway(convrelay_caller_check_t *k);


const convrelay_caller_rule_t  convrelay_caller_rules_tool[] = {

    { .name = "tool", .did = "asked what a tool knows",
      .expected = "an answer with its result", .clause = "tool_calls",
      .run = convrelay_caller_rule_tool },

    { .name = "tool-last", .did = "asked what a tool knows",
      .expected = "one last:true, after the result",
      .clause = "Twilio, text", .run = convrelay_caller_rule_last },

    { .name = "tool-leak", .did = "asked what a tool knows",
      .expected = "the call itself is not spoken", .clause = "tool_calls",
      .run = convrelay_caller_rule_leak },

    { .name = "tool-interrupt", .did = "an interrupt halfway to the result",
      .expected = "the next prompt is answered",
      .clause = "tool_calls, each with a result",
      .run = convrelay_caller_rule_break },

    { .name = "tool-over", .did = "a prompt halfway to the result",
      .expected = "an answer to it", .clause = "tool_calls, each with a result",
      .run = convrelay_caller_rule_break, .more = "prompt" },

    { .name = NULL }
};


static int
convrelay_caller_rule_tool(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int  rc;

    rc = convrelay_caller_rule_ask(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    return convrelay_caller_check_say_word(k, k->options->tool_text);
}


static int
convrelay_caller_rule_last(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int  rc;

    rc = convrelay_caller_rule_ask(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data, k->options->tool_text)) {
        return convrelay_caller_check_fail(k, "it came after \"%.80s\"",
                                           k->answer.data);
    }

    if (convrelay_caller_check_rest(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (k->lasts > 1) {
        return convrelay_caller_check_fail(k, "it came %u times", k->lasts);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_leak(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int          rc;
    const char  *const *mark;

    static const char  *const  marks[] = {
        "({", "tool_call", "<|", "functions.", "\"arguments\"", NULL
    };

    rc = convrelay_caller_rule_ask(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    for (mark = marks; *mark; mark++) {

        if (strstr(k->answer.data, *mark)) {
            return convrelay_caller_check_fail(k, "\"%s\" is in \"%.80s\"",
                                               *mark, k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


/*
 * A server that forgets the call or its result sends the LLM a history that it
 * refuses.
 */

static int
convrelay_caller_rule_break(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int              rc;
    convrelay_str_t  nothing;

    rc = convrelay_caller_rule_halfway(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (rule->more == NULL) {
        nothing.data = (u_char *) "";
        nothing.len = 0;

        convrelay_caller_interrupt(&k->message, &nothing, 0);
        convrelay_caller_check_text(k, k->message.data, k->message.len);
    }

    if (convrelay_caller_check_say_over(k, CONVRELAY_CALLER_CHECK_ASK)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_say_word(k, CONVRELAY_CALLER_CHECK_WORD);
}


static int
convrelay_caller_rule_ask(convrelay_caller_check_t *k)
{
    if (k->options->tool_text == NULL) {
        convrelay_caller_check_fail(k, "no --tool");
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, k->options->tool_prompt);

    return CONVRELAY_OK;
}


/* asks twice: once to measure, and once to be in the middle of it */

static int
convrelay_caller_rule_halfway(convrelay_caller_check_t *k)
{
    int      rc;
    int64_t  asked, took;

    asked = convrelay_caller_now();
    rc = convrelay_caller_rule_ask(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (convrelay_caller_check_say_word(k, k->options->tool_text)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    took = convrelay_caller_now() - asked;

    if (convrelay_caller_rule_ask(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    asked = convrelay_caller_now();

    do {
        rc = convrelay_caller_check_next(k, asked + took / 2);

    } while (rc == CONVRELAY_OK);

    return (rc == CONVRELAY_ERROR) ? rc : CONVRELAY_OK;
}
