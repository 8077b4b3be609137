
/*
 * Copyright (C) convrelay contributors
 *
 * The turn to the LLM, which feeds the answer.  The two are not the same: an
 * answer is generated in a second and spoken for twenty, so its record outlives
 * its turn, until the first piece of the next answer.
 */


#include "convrelay_session_parts.h"


static unsigned convrelay_session_is_refused(convrelay_turn_outcome_e how);
static int convrelay_session_refused(convrelay_session_t *s);
static int convrelay_session_halve(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_turn_flush(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now, convrelay_actions_t *out);
static int convrelay_session_say_error(const convrelay_session_t *s,
    convrelay_actions_t *out);
static convrelay_trigger_e convrelay_session_failure(
    const convrelay_session_t *s, convrelay_turn_outcome_e how);
static convrelay_str_t convrelay_session_joint(const convrelay_session_t *s);


void
convrelay_session_start(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int  rc;

    if (s->conf->ntools) {
        rc = convrelay_session_tools_begin(s, now);

        if (rc == CONVRELAY_ERROR) {
            convrelay_session_no_memory(s, out);
        }

        if (rc != CONVRELAY_OK) {
            return;
        }
    }

    convrelay_session_start_now(s, now, out);
}


void
convrelay_session_delta(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    if (s->turn == CONVRELAY_TURN_IDLE || text->len == 0) {
        return;
    }

    convrelay_session_speech_read(s, text, now, out);

    if (s->turn == CONVRELAY_TURN_IDLE || !convrelay_session_speech_full(s)) {
        return;
    }

    if (s->turn == CONVRELAY_TURN_SPEAKING) {
        convrelay_session_too_long(s, out);
        return;
    }

    /* a caller can ask for an answer of any length */

    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "answer is too long, and none of it can be spoken",
                           NULL);
    convrelay_session_llm_excuse(s);
    convrelay_session_fail(s, "wrote too much that cannot be spoken", now,
                           out);
}


void
convrelay_session_turn_end(convrelay_session_t *s, convrelay_turn_outcome_e how,
    const convrelay_str_t *extra, uint64_t now, convrelay_actions_t *out)
{
    if (s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    if (how != CONVRELAY_TURN_COMPLETE || s->useful) {
        convrelay_session_llm_answered(s, how, now);
    }

    if ((how == CONVRELAY_TURN_EMPTY || how == CONVRELAY_TURN_FAILED
         || how == CONVRELAY_TURN_FILTERED
         || convrelay_session_is_refused(how))
        && convrelay_session_fall_back(s, how, now, out) == CONVRELAY_OK)
    {
        return;
    }

    if (!convrelay_session_paused(s)) {
        convrelay_session_turn_ended(s, how, extra, now, out);
        return;
    }

    /* no more comes that the filter could wait for, and how much is left of the
       answer decides whether it goes on */

    convrelay_session_turn_flush(s, how, now, out);

    if (s->state == CONVRELAY_SESSION_CLOSED
        || s->pause->held.end == CONVRELAY_PAUSE_LONG)
    {
        return;
    }

    if (convrelay_session_pause_end(s, how, extra) != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
    }
}


void
convrelay_session_turn_ended(convrelay_session_t *s,
    convrelay_turn_outcome_e how, const convrelay_str_t *extra, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned             sent;
    convrelay_str_t      joint;
    convrelay_trigger_e  trigger;

    convrelay_session_turn_flush(s, how, now, out);

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    sent = (s->turn == CONVRELAY_TURN_SPEAKING);

    if (how == CONVRELAY_TURN_TOO_LONG) {

        if (!sent && convrelay_session_halve(s, now, out) == CONVRELAY_OK) {
            return;
        }

        how = CONVRELAY_TURN_REJECTED;
    }

    if (convrelay_session_fall_back(s, how, now, out) == CONVRELAY_OK) {
        return;
    }

    convrelay_session_hedge_drop(s, NULL, out);
    convrelay_session_turn_over(s);

    if (how <= CONVRELAY_TURN_TRUNCATED) {
        convrelay_session_tools_accepted(s);
    }

    s->repeat_until = 0;
    s->silence.since = convrelay_session_time(s, now);

    if (sent) {
        convrelay_session_answer_end(s);

        if (how == CONVRELAY_TURN_COMPLETE || how == CONVRELAY_TURN_TRUNCATED)
        {
            s->failures = 0;

            s->version++;

            if (convrelay_session_answer_extra(s, extra) != CONVRELAY_OK) {
                convrelay_session_no_memory(s, out);
                return;
            }

            convrelay_session_text_last(out);
            return;
        }
    }

    s->ask_again = 0;

    if (s->failures < 255) {
        s->failures++;
    }

    if (convrelay_session_is_refused(how)
        && convrelay_session_refused(s) != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
        return;
    }

    trigger = convrelay_session_failure(s, how);

    if (trigger != CONVRELAY_TRIGGER_NONE) {

        if (sent) {
            convrelay_session_text_last(out);
        }

        convrelay_session_trigger(s, trigger, NULL, out);
        return;
    }

    if (s->conf->error_message.len) {

        if (sent) {
            convrelay_session_continue(s, now);

        } else {

            /* the previous answer is no longer the one being heard */

            convrelay_session_answer_reset(s, CONVRELAY_ANSWER_ENDED, now);
        }

        s->answer.error_spoken = 1;
        s->silence.heard_at = 0;

        joint = convrelay_session_joint(s);

        if (joint.len) {
            convrelay_session_text(out, &joint);
        }

        if (convrelay_session_say_error(s, out) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

    } else if (!sent) {
        return;
    }

    convrelay_session_text_last(out);
}


/* says what was held back, in which the only word of the answer may be */

static void
convrelay_session_turn_flush(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now, convrelay_actions_t *out)
{
    unsigned  useful;

    useful = s->useful;

    convrelay_session_speech_answered(s, now, out);

    if (how == CONVRELAY_TURN_COMPLETE && s->useful && !useful) {
        convrelay_session_llm_answered(s, how, now);
    }
}


static int
convrelay_session_say_error(const convrelay_session_t *s,
    convrelay_actions_t *out)
{
    int                    rc;
    convrelay_spoken_t     words;
    convrelay_pronounce_t  pronounce;

    static const convrelay_str_t  none = convrelay_null_string;

    rc = convrelay_session_respell(s, &pronounce, &s->conf->error_message,
                                   &none, &words);

    if (rc == CONVRELAY_OK) {
        convrelay_session_text(out, &words.spoken);
    }

    convrelay_pronounce_free(&pronounce);

    return rc;
}


/*
 * The event of a turn without a good end, if there is a rule for it.  A turn
 * that such a rule asked for has none: where every request fails at once,
 * there would be no end of them.
 */

static convrelay_trigger_e
convrelay_session_failure(const convrelay_session_t *s,
    convrelay_turn_outcome_e how)
{
    unsigned  filtered;

    if (s->rescue) {
        return CONVRELAY_TRIGGER_NONE;
    }

    filtered = (how == CONVRELAY_TURN_FILTERED
                || how == CONVRELAY_TURN_PROMPT_FILTERED);

    if (filtered
        && convrelay_session_has_rule(s, CONVRELAY_TRIGGER_LLM_FILTERED))
    {
        return CONVRELAY_TRIGGER_LLM_FILTERED;
    }

    if ((filtered || how == CONVRELAY_TURN_EMPTY
         || how == CONVRELAY_TURN_COMPLETE)
        && convrelay_session_has_rule(s, CONVRELAY_TRIGGER_LLM_EMPTY))
    {
        return CONVRELAY_TRIGGER_LLM_EMPTY;
    }

    if (s->failures >= s->conf->failures
        && convrelay_session_has_rule(s, CONVRELAY_TRIGGER_LLM_FAILED))
    {
        return CONVRELAY_TRIGGER_LLM_FAILED;
    }

    return CONVRELAY_TRIGGER_NONE;
}


/* the LLM would refuse the same request again */

static unsigned
convrelay_session_is_refused(convrelay_turn_outcome_e how)
{
    return how == CONVRELAY_TURN_REJECTED
           || how == CONVRELAY_TURN_PROMPT_FILTERED;
}


/* drops the prompt, unless an earlier request with it was accepted: the calls
   made for it have happened, so they stay, and the prompt with them */

static int
convrelay_session_refused(convrelay_session_t *s)
{
    int                       rc;
    convrelay_llm_message_t  *prompt;

    prompt = s->prompt;
    s->prompt = NULL;

    rc = s->tools ? convrelay_session_tools_refused(s) : CONVRELAY_OK;

    if (rc == CONVRELAY_OK) {
        convrelay_history_take_back(&s->history, prompt);
    }

    return (rc == CONVRELAY_ERROR) ? CONVRELAY_ERROR : CONVRELAY_OK;
}


/* CONVRELAY_OK, or CONVRELAY_DECLINED: it would be of no use */

static int
convrelay_session_halve(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->turn_again || !convrelay_history_halve(&s->history)) {
        return CONVRELAY_DECLINED;
    }

    s->turn_again = 1;
    s->version++;

    /* the second LLM was sent the same history */

    convrelay_session_hedge_drop(s, NULL, out);
    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "history is too long for the LLM: older half "
                           "dropped, asking again", NULL);
    convrelay_session_again(s, now, out);

    return CONVRELAY_OK;
}


/* the full stop and the blank that are missing between the answer and the next
   sentence */

static convrelay_str_t
convrelay_session_joint(const convrelay_session_t *s)
{
    size_t           i, len;
    const u_char    *end;
    convrelay_str_t  text, joint;

    /* the last ones only close the text before them */

    static const convrelay_str_t  ends[] = {
        convrelay_string("."), convrelay_string("!"), convrelay_string("?"),
        convrelay_string(":"), convrelay_string(";"), convrelay_string(","),
        convrelay_string("\xe2\x80\xa6"),                /* ellipsis */
        convrelay_string("\xe3\x80\x81"),                /* CJK */
        convrelay_string("\xe3\x80\x82"),
        convrelay_string("\xef\xbc\x81"),
        convrelay_string("\xef\xbc\x8c"),
        convrelay_string("\xef\xbc\x9f"),
        convrelay_string("\xd8\x9f"),                    /* Arabic */
        convrelay_string("\xe0\xa5\xa4"),                /* danda */
    };

    convrelay_session_answer_text(s, &text);

    len = text.len;

    while (len && text.data[len - 1] <= ' ') {
        len--;
    }

    if (len == 0) {
        convrelay_str_set(&joint, "");
        return joint;
    }

    end = text.data + len;

    if (len > 1 && (end[-1] == '"' || end[-1] == '\'' || end[-1] == ')')) {
        len--;
        end--;
    }

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {

        if (ends[i].len <= len
            && memcmp(end - ends[i].len, ends[i].data, ends[i].len) == 0)
        {
            convrelay_str_set(&joint, " ");
            joint.len = (text.data[text.len - 1] > ' ');

            return joint;
        }
    }

    convrelay_str_set(&joint, ". ");

    return joint;
}


void
convrelay_session_turn_late(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_log(out, CONVRELAY_LOG_WARN,
                          "LLM's answer takes too long",
                          "LLM's answer exceeded "
                          "\"convrelay_max_answer_time\", limit is %llu ms",
                          (unsigned long long) s->conf->max_answer_time);

    /* a caller can ask for an answer of any length */

    if (s->useful) {
        convrelay_session_llm_excuse(s);
    }

    convrelay_session_fail(s, "took too long", now, out);
}


void
convrelay_session_fail(convrelay_session_t *s, const char *note,
    uint64_t now, convrelay_actions_t *out)
{
    static const convrelay_str_t  none = convrelay_null_string;

    s->hedge = 0;
    s->slow = 1;

    convrelay_session_act_note(out, CONVRELAY_ACT_CANCEL, note);
    convrelay_session_turn_end(s, CONVRELAY_TURN_FAILED, &none, now, out);
}


int
convrelay_session_count_turn(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_rate_limit_t  limit;

    limit.number = s->conf->max_turn_rate;
    limit.period = CONVRELAY_SESSION_RATE_PERIOD;
    limit.burst = limit.number;

    if (limit.number == 0
        || convrelay_rate_add(&s->turn_rate, &limit, now) == CONVRELAY_OK)
    {
        return CONVRELAY_OK;
    }

    convrelay_session_log(out, CONVRELAY_LOG_WARN, "too many turns",
                          "client sends too fast: %u turns ahead, limit is %u "
                          "per minute, closing",
                          convrelay_rate_ahead(&s->turn_rate, &limit),
                          limit.number);

    convrelay_session_close_logged(s, out, 1008, "too many turns");

    return CONVRELAY_DECLINED;
}


int
convrelay_session_fall_back(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now, convrelay_actions_t *out)
{
    unsigned  i;

    if (s->words
        || (s->turn == CONVRELAY_TURN_SPEAKING
            && (how == CONVRELAY_TURN_COMPLETE
                || how == CONVRELAY_TURN_TRUNCATED)))
    {
        return CONVRELAY_DECLINED;
    }

    if (s->hedge) {
        convrelay_session_hedge_takes(s, NULL, now, out);
        return CONVRELAY_OK;
    }

    i = convrelay_session_llm_after(s, s->tried + 1, now);

    if (i <= s->conf->nfallbacks) {
        s->llm = i;
        s->tried = i;

    } else if (s->spared) {

        /* rather than none: it may only be slow, or may have recovered */

        s->llm = 0;
        s->spared = 0;

    } else {
        return CONVRELAY_DECLINED;
    }

    convrelay_session_tools_retry(s);
    convrelay_session_again(s, now, out);

    return CONVRELAY_OK;
}


void
convrelay_session_turn_mute(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    if (s->useful) {
        convrelay_session_log(out, CONVRELAY_LOG_WARN,
                              "LLM's next word takes too long",
                              "LLM fell silent for longer than "
                              "\"convrelay_token_timeout\", limit is %llu ms",
                              (unsigned long long) llm->token_timeout);

        convrelay_session_fail(s, "fell silent in mid-answer", now, out);
        return;
    }

    convrelay_session_log(out, CONVRELAY_LOG_WARN,
                          "LLM's first word takes too long",
                          "LLM sent no word within "
                          "\"convrelay_first_token_timeout\", limit is %llu "
                          "ms", (unsigned long long) llm->first_token_timeout);

    if (s->hedge) {
        convrelay_session_llm_slow(s, llm, now);
        convrelay_session_hedge_takes(s, "sent no word in time", now, out);
        return;
    }

    convrelay_session_fail(s, "sent no word in time", now, out);
}
