
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of interruptions and of what the agent remembers.  They ask for
 * numbers, because a number shows its place in the answer.
 */


#include <ctype.h>

#include "convrelay_caller_check.h"


static int convrelay_caller_rule_interrupt(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_next(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_idle(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_heard(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_kept(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_older(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_over(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_caller(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_agent(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);

static int convrelay_caller_rule_cut(convrelay_caller_check_t *k,
    unsigned heard);
static int convrelay_caller_rule_recall(convrelay_caller_check_t *k);
static void convrelay_caller_rule_last_word(const char *text, char *word,
    size_t size);


const convrelay_caller_rule_t  convrelay_caller_rules_interrupt[] = {

    { .name = "interrupt", .did = "interrupted a long answer",
      .expected = "not one token after the interrupt was read",
      .clause = "Twilio, interrupt", .run = convrelay_caller_rule_interrupt },

    { .name = "interrupt-next", .did = "a prompt after an interruption",
      .expected = "an answer", .clause = "Twilio, interrupt",
      .run = convrelay_caller_rule_next },

    { .name = "interrupt-idle", .did = "interrupts while nothing is spoken",
      .expected = "the call goes on", .clause = "Twilio, interrupt",
      .run = convrelay_caller_rule_idle },

    { .name = "interrupt-heard", .did = "asked what was said",
      .expected = "nothing that the caller did not hear",
      .clause = "Twilio, utteranceUntilInterrupt",
      .run = convrelay_caller_rule_heard },

    { .name = "interrupt-kept", .did = "asked what was said",
      .expected = "what the caller heard of it",
      .clause = "Twilio, utteranceUntilInterrupt",
      .run = convrelay_caller_rule_kept },

    { .name = "interrupt-older", .did = "interrupted before a word was heard",
      .expected = "older answers are still known",
      .clause = "Twilio, utteranceUntilInterrupt",
      .run = convrelay_caller_rule_older },

    { .name = "prompt-over", .did = "a prompt in the middle of an answer",
      .expected = "an answer to it, the old one stops",
      .clause = "Twilio, prompt", .run = convrelay_caller_rule_over },

    { .name = NULL }
};


const convrelay_caller_rule_t  convrelay_caller_rules_talk[] = {

    { .name = "memory-caller", .did = "told a word, asked for it",
      .expected = "the word", .clause = "chat history",
      .run = convrelay_caller_rule_caller },

    { .name = "memory-agent", .did = "asked what the agent has said",
      .expected = "a word of its answer", .clause = "chat history",
      .run = convrelay_caller_rule_agent },

    { .name = NULL }
};


static int
convrelay_caller_rule_interrupt(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_rule_cut(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (k->tokens) {
        return convrelay_caller_check_fail(k, "%u tokens came after it",
                                           k->tokens);
    }

    if (k->lasts > 1) {
        return convrelay_caller_check_fail(k, "last:true came %u times",
                                           k->lasts);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_next(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_rule_cut(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_alive(k);
}


/* before the first prompt, and twice when an answer is over */

static int
convrelay_caller_rule_idle(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int              i;
    convrelay_str_t  nothing;

    nothing.data = (u_char *) "";
    nothing.len = 0;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    for (i = 0; i < 2; i++) {
        convrelay_caller_interrupt(&k->message, &nothing, 0);
        convrelay_caller_check_text(k, k->message.data, k->message.len);

        if (i) {
            convrelay_caller_check_text(k, k->message.data, k->message.len);
        }

        if (convrelay_caller_check_alive(k) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_heard(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    unsigned  n;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_rule_cut(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK
        || convrelay_caller_rule_recall(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    for (n = CONVRELAY_CALLER_CHECK_HEARD + 1;
         n <= CONVRELAY_CALLER_CHECK_SENT;
         n++)
    {
        if (convrelay_caller_check_number(k->answer.data, n)) {
            return convrelay_caller_check_fail(k, "%u, which was not heard, is "
                                               "in \"%.100s\"", n,
                                               k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_kept(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_rule_cut(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK
        || convrelay_caller_rule_recall(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_number(k->answer.data,
                                       CONVRELAY_CALLER_CHECK_HEARD))
    {
        return convrelay_caller_check_fail(k, "%u, which was heard, is not in "
                                           "\"%.100s\"",
                                           CONVRELAY_CALLER_CHECK_HEARD,
                                           k->answer.data);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_older(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char  word[40];

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, "Name three trees.");

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_rule_last_word(k->answer.data, word, sizeof(word));

    if (convrelay_caller_rule_cut(k, 0) != CONVRELAY_OK
        || convrelay_caller_rule_recall(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data, word)) {
        return convrelay_caller_check_fail(k, "\"%s\", said before, is not in "
                                           "\"%.100s\"", word, k->answer.data);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_over(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    const char  *p;

    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_check_count(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_check_say_over(k, CONVRELAY_CALLER_CHECK_ASK)
        != CONVRELAY_OK
        || convrelay_caller_check_answer(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    for (p = k->answer.data; *p; p++) {

        if (isdigit((u_char) *p)) {
            return convrelay_caller_check_fail(k, "the old answer went on: "
                                               "\"%.80s\"", k->answer.data);
        }
    }

    if (!convrelay_caller_check_word(k->answer.data,
                                     CONVRELAY_CALLER_CHECK_WORD))
    {
        return convrelay_caller_check_fail(k, "\"" CONVRELAY_CALLER_CHECK_WORD
                                           "\" is not in \"%.80s\"",
                                           k->answer.data);
    }

    return convrelay_caller_check_quiet(k);
}


static int
convrelay_caller_rule_caller(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, "My word is marigold.");

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK
        || convrelay_caller_check_alive(k) != CONVRELAY_OK
        || convrelay_caller_rule_recall(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data, "my word is marigold")) {
        return convrelay_caller_check_fail(k, "\"My word is marigold\" is not "
                                           "in \"%.100s\"", k->answer.data);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_agent(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    char  word[40];

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, "Name three trees.");

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_rule_last_word(k->answer.data, word, sizeof(word));

    if (convrelay_caller_rule_recall(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data, word)) {
        return convrelay_caller_check_fail(k, "\"%s\", said before, is not in "
                                           "\"%.100s\"", word, k->answer.data);
    }

    return CONVRELAY_OK;
}


/* asks for numbers and waits for the n-th; the answer must go on then */

int
convrelay_caller_check_count(convrelay_caller_check_t *k, unsigned n)
{
    int      rc;
    int64_t  until;

    convrelay_caller_check_say(k, k->options->say);
    until = convrelay_caller_now() + k->timeout;

    while (!convrelay_caller_check_number(k->answer.data, n)) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN || k->lasts) {
            return convrelay_caller_check_fail(k, "no %u in the answer to "
                                               "\"%s\": \"%.80s\"", n,
                                               k->options->say,
                                               k->answer.data);
        }
    }

    if (k->lasts) {
        return convrelay_caller_check_fail(k, "the answer was over too soon, "
                                           "see --say");
    }

    return CONVRELAY_OK;
}


/* tokens becomes the number of tokens that came too late */

static int
convrelay_caller_rule_cut(convrelay_caller_check_t *k, unsigned heard)
{
    if (convrelay_caller_check_cut(k, heard) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_rest(k);
}


/* all clauses except the last are reported as played, as by Twilio */

int
convrelay_caller_check_cut(convrelay_caller_check_t *k, unsigned heard)
{
    const char       *p, *text;
    convrelay_str_t   s;

    if (convrelay_caller_check_count(k, CONVRELAY_CALLER_CHECK_SENT)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    text = k->answer.data;
    s.data = (u_char *) text;
    s.len = 0;

    if (heard) {
        p = convrelay_caller_check_number(text, heard);
        s.len = p ? p - text : 0;

        convrelay_caller_info(&k->message, "tokensPlayed", &s);
        convrelay_caller_check_text(k, k->message.data, k->message.len);

        s.data += s.len;
        s.len = strcspn((char *) s.data, " ");

        convrelay_caller_info(&k->message, "tokensPlayed", &s);
        convrelay_caller_check_text(k, k->message.data, k->message.len);
    }

    convrelay_caller_interrupt(&k->message, &s, 130);
    convrelay_caller_check_text(k, k->message.data, k->message.len);

    return convrelay_caller_check_ping(k);
}


static int
convrelay_caller_rule_recall(convrelay_caller_check_t *k)
{
    convrelay_caller_check_say(k, "What have we said so far? Please quote all "
                               "of it, word by word.");

    return convrelay_caller_check_answer(k);
}


/* of at least four letters */

static void
convrelay_caller_rule_last_word(const char *text, char *word, size_t size)
{
    size_t       len;
    const char  *p, *start;

    word[0] = '\0';

    for (p = text; *p; p++) {

        if (!isalpha((u_char) *p)) {
            continue;
        }

        start = p;

        while (isalpha((u_char) p[1])) {
            p++;
        }

        len = p + 1 - start;

        if (len >= 4 && len < size) {
            memcpy(word, start, len);
            word[len] = '\0';
        }
    }
}
