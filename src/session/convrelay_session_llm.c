
/*
 * Copyright (C) convrelay contributors
 *
 * Decides which LLM a turn asks, and how long the turn waits for it.
 */


#include "convrelay_session_parts.h"


static const convrelay_session_llm_t *convrelay_session_llm(
    const convrelay_session_t *s, unsigned i);
static unsigned convrelay_session_llm_after(const convrelay_session_t *s,
    unsigned i, uint64_t now);
static void convrelay_session_useful(convrelay_session_t *s, uint64_t now);


static const convrelay_session_llm_t *
convrelay_session_llm(const convrelay_session_t *s, unsigned i)
{
    return i ? &s->conf->fallbacks[i - 1] : &s->conf->llm;
}


/* the first LLM from i on that has not failed lately; nfallbacks + 1: there is
   none */

static unsigned
convrelay_session_llm_after(const convrelay_session_t *s, unsigned i,
    uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    for ( /* void */ ; i <= s->conf->nfallbacks; i++) {
        llm = convrelay_session_llm(s, i);

        if (llm->breaker == NULL
            || !convrelay_breaker_is_open(*llm->breaker, now))
        {
            break;
        }
    }

    return i;
}


void
convrelay_session_llm_begin(convrelay_session_t *s, uint64_t now)
{
    unsigned  i;

    i = convrelay_session_llm_after(s, 0, now);

    /* if all have failed, the first one is as good as any */

    s->llm = (i <= s->conf->nfallbacks) ? i : 0;
    s->words = 0;
}


void
convrelay_session_llm_wait(convrelay_session_t *s, uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    s->useful = 0;
    s->excused = 0;
    s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;

    if (llm->first_token_timeout) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_TOKEN, now,
                               llm->first_token_timeout);
    }
}


void
convrelay_session_llm_words(convrelay_session_t *s, uint64_t now)
{
    s->words = 1;

    convrelay_session_useful(s, now);
}


void
convrelay_session_call_part(convrelay_session_t *s, uint64_t now)
{
    if (s->turn != CONVRELAY_TURN_IDLE
        && !convrelay_session_tools_running(s))
    {
        convrelay_session_useful(s, now);
    }
}


/* the LLM is at work */

static void
convrelay_session_useful(convrelay_session_t *s, uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    s->useful = 1;
    s->deadlines[CONVRELAY_DEADLINE_TOKEN] =
        llm->token_timeout ? now + llm->token_timeout : 0;
}


void
convrelay_session_llm_excuse(convrelay_session_t *s)
{
    s->excused = 1;
}


void
convrelay_session_llm_answered(const convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    if (llm->breaker == NULL) {
        return;
    }

    /* the words of one caller must not make the LLM unavailable to others */

    if (how == CONVRELAY_TURN_FAILED && !s->excused) {
        convrelay_breaker_failed(*llm->breaker, now, llm->cooldown);

    } else if (how == CONVRELAY_TURN_COMPLETE) {
        convrelay_breaker_worked(*llm->breaker);
    }
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

    i = convrelay_session_llm_after(s, s->llm + 1, now);

    if (i > s->conf->nfallbacks) {
        return CONVRELAY_DECLINED;
    }

    s->llm = i;

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

    convrelay_session_fail(s, "sent no word in time", now, out);
}
