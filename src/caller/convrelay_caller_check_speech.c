
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of what a voice is given to read.  They ask the agent to repeat
 * something, which shows what became of it on the way.
 */


#include "convrelay_caller_check.h"


static int convrelay_caller_rule_speech(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_pronounce(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_said(convrelay_caller_check_t *k,
    const char *text, const char *word);


const convrelay_caller_rule_t  convrelay_caller_rules_speech[] = {

    { .name = "speech", .did = "asked for a word in bold, code and an emoji",
      .expected = "the word, without marks", .clause = "phone manners",
      .run = convrelay_caller_rule_speech,
      .data = "Please repeat: **" CONVRELAY_CALLER_CHECK_WORD "** `is` blue "
              "\xf0\x9f\x98\x80",
      .more = CONVRELAY_CALLER_CHECK_WORD },

    { .name = "pronounce", .did = "asked for a word that is pronounced in "
                                  "another way",
      .expected = "the word as it is pronounced", .clause = "phone manners",
      .run = convrelay_caller_rule_pronounce },

    { .name = NULL }
};


static int
convrelay_caller_rule_speech(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int                 rc;
    const char *const  *mark;

    static const char  *const  marks[] = {
        "*", "`", "\xf0\x9f\x98\x80", NULL
    };

    rc = convrelay_caller_rule_said(k, rule->data, rule->more);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    for (mark = marks; *mark; mark++) {

        if (strstr(k->answer.data, *mark)) {
            return convrelay_caller_check_fail(k, "\"%s\" is in \"%.80s\"",
                                               *mark, k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_pronounce(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int   rc;
    char  text[256];

    if (k->options->word == NULL) {
        convrelay_caller_check_fail(k, "no --pronounce");
        return CONVRELAY_DECLINED;
    }

    snprintf(text, sizeof(text), "Please say the word %s.", k->options->word);

    rc = convrelay_caller_rule_said(k, text, k->options->spoken);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (convrelay_caller_check_word(k->answer.data, k->options->word)) {
        return convrelay_caller_check_fail(k, "\"%s\" is in \"%.80s\"",
                                           k->options->word, k->answer.data);
    }

    return CONVRELAY_OK;
}


/* says the text and waits for the answer, which has the word */

static int
convrelay_caller_rule_said(convrelay_caller_check_t *k, const char *text,
    const char *word)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, text);

    if (convrelay_caller_check_answer(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data, word)) {
        return convrelay_caller_check_fail(k, "no \"%s\" is in \"%.80s\"",
                                           word, k->answer.data);
    }

    return CONVRELAY_OK;
}
