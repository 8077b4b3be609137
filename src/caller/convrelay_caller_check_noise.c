
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of interruptions that are none: a cough, and words that only show that
 * the caller is listening.  They need to know how long the agent waits for
 * words (--resume), and which words these are (--backchannel).
 */


#include <ctype.h>

#include "convrelay_caller_check.h"


static int convrelay_caller_rule_cough(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_words(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_backchannel(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_listens(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);

static int convrelay_caller_rule_cut_off(convrelay_caller_check_t *k);
static int convrelay_caller_rule_goes_on(convrelay_caller_check_t *k,
    unsigned first, unsigned last, int64_t ms);
static int convrelay_caller_rule_order(convrelay_caller_check_t *k,
    unsigned first, unsigned last, unsigned *number);
static int convrelay_caller_rule_known(convrelay_caller_check_t *k,
    unsigned words);


const convrelay_caller_rule_t  convrelay_caller_rules_noise[] = {

    { .name = "cough", .did = "interrupted a long answer, and said nothing",
      .expected = "it goes on where it was cut",
      .clause = "phone manners", .run = convrelay_caller_rule_cough },

    { .name = "cough-words", .did = "interrupted a long answer, and asked "
                                    "something",
      .expected = "an answer to that, and the old one is over",
      .clause = "phone manners", .run = convrelay_caller_rule_words },

    { .name = "backchannel", .did = "\"uh-huh\" in the middle of an answer",
      .expected = "that answer, and no other", .clause = "phone manners",
      .run = convrelay_caller_rule_backchannel },

    { .name = "backchannel-cut", .did = "\"uh-huh\", which interrupted a long "
                                        "answer",
      .expected = "it goes on at once where it was cut",
      .clause = "phone manners", .run = convrelay_caller_rule_listens },

    { .name = NULL }
};


static int
convrelay_caller_rule_cough(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_known(k, 0) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_rule_cut_off(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_rule_goes_on(k, CONVRELAY_CALLER_CHECK_HEARD + 1,
                                         CONVRELAY_CALLER_CHECK_SENT + 2,
                                         k->options->resume + k->patience);
}


static int
convrelay_caller_rule_words(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int          rc;
    int64_t      until;
    const char  *p;

    if (convrelay_caller_rule_known(k, 0) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_rule_cut_off(k) != CONVRELAY_OK
        || convrelay_caller_check_say_over(k, CONVRELAY_CALLER_CHECK_ASK)
           != CONVRELAY_OK
        || convrelay_caller_check_say_word(k, CONVRELAY_CALLER_CHECK_WORD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    until = convrelay_caller_now() + k->options->resume + k->quiet;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK);

    if (rc == CONVRELAY_ERROR) {
        return rc;
    }

    for (p = k->answer.data; *p; p++) {

        if (isdigit((u_char) *p)) {
            return convrelay_caller_check_fail(k, "the old answer went on: "
                                               "\"%.80s\"", k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_backchannel(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    if (convrelay_caller_rule_known(k, 1) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_check_count(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_prompt(&k->message, k->options->backchannel, "en-US", 1);
    convrelay_caller_check_text(k, k->message.data, k->message.len);

    if (convrelay_caller_rule_goes_on(k, 1, CONVRELAY_CALLER_CHECK_SENT + 2,
                                      k->timeout)
        != CONVRELAY_OK
        || convrelay_caller_check_answer(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_check_quiet(k);
}


static int
convrelay_caller_rule_listens(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int64_t  cut;

    if (convrelay_caller_rule_known(k, 0) != CONVRELAY_OK
        || convrelay_caller_rule_known(k, 1) != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_rule_cut_off(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    cut = convrelay_caller_now();

    convrelay_caller_check_say(k, k->options->backchannel);

    if (convrelay_caller_rule_goes_on(k, CONVRELAY_CALLER_CHECK_HEARD + 1,
                                      CONVRELAY_CALLER_CHECK_HEARD + 1,
                                      k->options->resume + k->patience)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    /* what follows takes as long as the LLM does */

    cut = convrelay_caller_now() - cut;

    if (cut >= k->options->resume) {
        return convrelay_caller_check_fail(k, "it went on after %lld ms only",
                                           (long long) cut);
    }

    return convrelay_caller_rule_goes_on(k, CONVRELAY_CALLER_CHECK_HEARD + 1,
                                         CONVRELAY_CALLER_CHECK_SENT,
                                         k->timeout);
}


/* interrupts the count; what is in k->answer then came after that */

static int
convrelay_caller_rule_cut_off(convrelay_caller_check_t *k)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK
        || convrelay_caller_check_cut(k, CONVRELAY_CALLER_CHECK_HEARD)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    k->lasts = 0;
    k->said_at = 0;

    return CONVRELAY_OK;
}


/* waits for the numbers up to last, beginning with first or an earlier one */

static int
convrelay_caller_rule_goes_on(convrelay_caller_check_t *k, unsigned first,
    unsigned last, int64_t ms)
{
    int       rc;
    int64_t   until;
    unsigned  number;

    until = convrelay_caller_now() + ms;

    for ( ;; ) {
        rc = convrelay_caller_rule_order(k, first, last, &number);

        if (rc != CONVRELAY_AGAIN) {
            return rc;
        }

        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            break;
        }
    }

    if (k->tokens == 0) {
        return convrelay_caller_check_fail(k, "not a word within %lld ms",
                                           (long long) ms);
    }

    return convrelay_caller_check_fail(k, "no %u within %lld ms: \"%.80s\"",
                                       number ? number + 1 : first,
                                       (long long) ms,
                                       k->answer.data);
}


/* AGAIN: more of the answer has to come; words may precede the numbers, but not
   follow one.  *number: the last one that came in order, or 0 */

static int
convrelay_caller_rule_order(convrelay_caller_check_t *k, unsigned first,
    unsigned last, unsigned *number)
{
    char           *end;
    const char     *p;
    unsigned long   n;

    *number = 0;

    for (p = k->answer.data; *p; p = end) {
        end = (char *) p + 1;

        if (isalpha((u_char) *p) && *number) {
            return convrelay_caller_check_fail(k, "other words came after %u: "
                                               "\"%.80s\"", *number,
                                               k->answer.data);
        }

        if (!isdigit((u_char) *p)) {
            continue;
        }

        n = strtoul(p, &end, 10);

        /* its other digits may be to come */

        if (*end == '\0') {
            break;
        }

        if (*number ? (n != *number + 1) : (n == 0 || n > first)) {
            return convrelay_caller_check_fail(k, "%lu came after %u: "
                                               "\"%.80s\"", n,
                                               *number ? *number : first - 1,
                                               k->answer.data);
        }

        *number = n;

        if (n == last) {
            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_AGAIN;
}


/* words: those of --backchannel, otherwise the time of --resume */

static int
convrelay_caller_rule_known(convrelay_caller_check_t *k, unsigned words)
{
    if (words ? (k->options->backchannel != NULL) : (k->options->resume != 0)) {
        return CONVRELAY_OK;
    }

    return convrelay_caller_check_fail(k, words ? "no --backchannel"
                                                : "no --resume");
}
