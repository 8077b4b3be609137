
/*
 * Copyright (C) convrelay contributors
 *
 * Rules of what a caller hears while waiting.  Those of silence need to know
 * after which time of it the agent asks whether the caller is still there
 * (--silence); they report the voice as Twilio does.  That of fillers needs to
 * know after which time of waiting the agent says something (--filler).
 */


#include <ctype.h>

#include "convrelay_caller_check.h"


#define CONVRELAY_CALLER_CHECK_COUNT  8      /* numbers, in their order */


static int convrelay_caller_rule_presence(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_voice(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_nudge(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_unheard(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_talking(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_pending(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static int convrelay_caller_rule_filler(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);

static int convrelay_caller_rule_twice(convrelay_caller_check_t *k,
    const char *text, const char *again);
static int convrelay_caller_rule_answered(convrelay_caller_check_t *k);
static int convrelay_caller_rule_no_word(convrelay_caller_check_t *k,
    const char *when);
static void convrelay_caller_rule_event(convrelay_caller_check_t *k,
    const char *name, const char *value);
static void convrelay_caller_rule_played(convrelay_caller_check_t *k,
    const char *text);


const convrelay_caller_rule_t  convrelay_caller_rules_manners[] = {

    { .name = "presence", .did = "\"Hello?\" while an answer is pending",
      .expected = "that answer, and no other", .clause = "phone manners",
      .run = convrelay_caller_rule_presence },

    { .name = "one-voice", .did = "asked the same again before the answer",
      .expected = "one answer at a time", .clause = "phone manners",
      .run = convrelay_caller_rule_voice },

    { .name = "nudge", .did = "silence after the last words were heard",
      .expected = "the agent says something", .clause = "phone manners",
      .run = convrelay_caller_rule_nudge },

    { .name = "nudge-heard", .did = "silence while the agent is heard",
      .expected = "no other words", .clause = "phone manners",
      .run = convrelay_caller_rule_unheard },

    { .name = "nudge-caller", .did = "the caller speaks for a long time",
      .expected = "not one word", .clause = "phone manners",
      .run = convrelay_caller_rule_talking },

    { .name = "nudge-pending", .did = "waited for a slow answer",
      .expected = "the answer, before anything else is over",
      .clause = "phone manners", .run = convrelay_caller_rule_pending },

    { .name = "filler", .did = "waited for a slow answer",
      .expected = "other words first, and an end of their own",
      .clause = "phone manners", .run = convrelay_caller_rule_filler },

    { .name = NULL }
};


static int
convrelay_caller_rule_presence(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int  rc;

    rc = convrelay_caller_rule_twice(k, CONVRELAY_CALLER_CHECK_ASK, "Hello?");

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (convrelay_caller_check_say_word(k, CONVRELAY_CALLER_CHECK_WORD)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    /* a filler may have had a last:true of its own */

    rc = k->lasts ? convrelay_caller_check_rest(k)
                  : convrelay_caller_check_answer(k);

    return (rc == CONVRELAY_OK) ? convrelay_caller_check_quiet(k) : rc;
}


/* two answers at once show as numbers that are not in their order */

static int
convrelay_caller_rule_voice(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int            rc;
    char          *end;
    int64_t        until;
    const char    *p;
    unsigned long  n, number;

    rc = convrelay_caller_rule_twice(k, k->options->say, k->options->say);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    until = convrelay_caller_now() + k->timeout;

    while (!convrelay_caller_check_number(k->answer.data,
                                          CONVRELAY_CALLER_CHECK_COUNT))
    {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "no %u in \"%.80s\"",
                                               CONVRELAY_CALLER_CHECK_COUNT,
                                               k->answer.data);
        }
    }

    number = 0;

    for (p = k->answer.data;
         *p && number < CONVRELAY_CALLER_CHECK_COUNT;
         p = end)
    {
        end = (char *) p + 1;

        if (!isdigit((u_char) *p)) {

            if (isalpha((u_char) *p) && number) {
                break;
            }

            continue;
        }

        n = strtoul(p, &end, 10);

        if (n != number + 1) {
            break;
        }

        number = n;
    }

    if (number < CONVRELAY_CALLER_CHECK_COUNT) {
        return convrelay_caller_check_fail(k, "after %lu, it was not in order: "
                                           "\"%.80s\"", number,
                                           k->answer.data);
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_nudge(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int      rc;
    int64_t  until;

    rc = convrelay_caller_rule_answered(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    convrelay_caller_rule_event(k, "agentSpeaking", "on");
    convrelay_caller_rule_played(k, k->answer.data);
    convrelay_caller_rule_event(k, "agentSpeaking", "off");

    k->tokens = 0;
    until = convrelay_caller_now() + k->options->silence + k->patience;

    while (k->tokens == 0) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "not a word within %lld ms",
                                               (long long)
                                               (k->options->silence
                                                + k->patience));
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_rule_unheard(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int  rc;

    rc = convrelay_caller_rule_answered(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    convrelay_caller_rule_event(k, "agentSpeaking", "on");

    return convrelay_caller_rule_no_word(k, "while its answer was heard");
}


static int
convrelay_caller_rule_talking(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int  rc;

    rc = convrelay_caller_rule_answered(k);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (!k->call->twiml.speaker_events) {
        convrelay_caller_check_fail(k, "no speaker-events in the TwiML");
        return CONVRELAY_DECLINED;
    }

    convrelay_caller_rule_event(k, "agentSpeaking", "on");
    convrelay_caller_rule_played(k, k->answer.data);
    convrelay_caller_rule_event(k, "agentSpeaking", "off");
    convrelay_caller_rule_event(k, "clientSpeaking", "on");

    return convrelay_caller_rule_no_word(k, "while the caller spoke");
}


static int
convrelay_caller_rule_pending(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int      rc;
    int64_t  asked, first;

    if (k->options->silence == 0) {
        convrelay_caller_check_fail(k, "no --silence");
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, CONVRELAY_CALLER_CHECK_ASK);
    asked = convrelay_caller_now();

    do {
        rc = convrelay_caller_check_next(k, asked + k->timeout);

    } while (rc == CONVRELAY_OK && k->tokens == 0);

    first = convrelay_caller_now();

    if (rc == CONVRELAY_ERROR
        || convrelay_caller_check_answer(k) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (!convrelay_caller_check_word(k->answer.data,
                                     CONVRELAY_CALLER_CHECK_WORD))
    {
        return convrelay_caller_check_fail(k, "\"%.80s\" came instead",
                                           k->answer.data);
    }

    if (first - asked <= k->options->silence) {
        convrelay_caller_check_fail(k, "the answer came within --silence");
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


/* words that end with a last:true of their own come before the answer */

static int
convrelay_caller_rule_filler(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    int      rc;
    int64_t  asked, first, until;

    if (k->options->filler == 0) {
        convrelay_caller_check_fail(k, "no --filler");
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, CONVRELAY_CALLER_CHECK_ASK);

    asked = convrelay_caller_now();
    until = asked + k->options->filler + k->patience;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK && k->tokens == 0);

    first = convrelay_caller_now();

    if (rc == CONVRELAY_ERROR) {
        return rc;
    }

    if (k->tokens == 0) {
        return convrelay_caller_check_fail(k, "not a word within %lld ms",
                                           (long long) (until - asked));
    }

    if (convrelay_caller_check_say_word(k, CONVRELAY_CALLER_CHECK_WORD)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (first - asked < k->options->filler) {
        convrelay_caller_check_fail(k, "the answer came within --filler");
        return CONVRELAY_DECLINED;
    }

    until = convrelay_caller_now() + k->patience;

    while (k->lasts < 2) {
        rc = convrelay_caller_check_next(k, until);

        if (rc == CONVRELAY_ERROR) {
            return rc;
        }

        if (rc == CONVRELAY_AGAIN) {
            return convrelay_caller_check_fail(k, "after %lld ms, only one "
                                               "text came: \"%.80s\"",
                                               (long long) (first - asked),
                                               k->answer.data);
        }
    }

    return CONVRELAY_OK;
}


/* says both in one write, before the agent can answer, and waits for a pong */

static int
convrelay_caller_rule_twice(convrelay_caller_check_t *k, const char *text,
    const char *again)
{
    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    k->lasts = 0;
    k->said_at = 0;

    convrelay_caller_prompt(&k->message, text, "en-US", 1);
    convrelay_caller_check_queue(k, 0x80|CONVRELAY_WS_TEXT, k->message.data,
                                 k->message.len);

    convrelay_caller_prompt(&k->message, again, "en-US", 1);
    convrelay_caller_check_queue(k, 0x80|CONVRELAY_WS_TEXT, k->message.data,
                                 k->message.len);

    if (convrelay_caller_check_ping(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (k->tokens) {
        convrelay_caller_check_fail(k, "the agent answered at once");
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


/* a long answer: it cannot be taken for one that was heard at once */

static int
convrelay_caller_rule_answered(convrelay_caller_check_t *k)
{
    if (k->options->silence == 0) {
        convrelay_caller_check_fail(k, "no --silence");
        return CONVRELAY_DECLINED;
    }

    if (convrelay_caller_check_call(k) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_caller_check_say(k, k->options->say);

    return convrelay_caller_check_answer(k);
}


static int
convrelay_caller_rule_no_word(convrelay_caller_check_t *k, const char *when)
{
    int      rc;
    int64_t  until;

    convrelay_caller_buf_reset(&k->answer);
    k->tokens = 0;
    until = convrelay_caller_now() + 2 * k->options->silence;

    do {
        rc = convrelay_caller_check_next(k, until);

    } while (rc == CONVRELAY_OK && k->tokens == 0);

    if (rc == CONVRELAY_ERROR) {
        return rc;
    }

    if (k->tokens) {
        return convrelay_caller_check_fail(k, "\"%.80s\" came %s",
                                           k->answer.data, when);
    }

    return CONVRELAY_OK;
}


/* only what the TwiML asks for, as Twilio does */

static void
convrelay_caller_rule_event(convrelay_caller_check_t *k, const char *name,
    const char *value)
{
    convrelay_str_t  s;

    if (!k->call->twiml.speaker_events) {
        return;
    }

    s.data = (u_char *) value;
    s.len = strlen(value);

    convrelay_caller_info(&k->message, name, &s);
    convrelay_caller_check_text(k, k->message.data, k->message.len);
}


static void
convrelay_caller_rule_played(convrelay_caller_check_t *k, const char *text)
{
    size_t           len, end;
    convrelay_str_t  clause;

    if (!k->call->twiml.tokens_played) {
        return;
    }

    len = strlen(text);

    for (clause.data = (u_char *) text; len; len -= end) {
        end = convrelay_caller_clause((char *) clause.data, len, 0, 1);
        clause.len = end;

        convrelay_caller_info(&k->message, "tokensPlayed", &clause);
        convrelay_caller_check_text(k, k->message.data, k->message.len);

        clause.data += end;
    }
}
