
/*
 * Copyright (C) convrelay contributors
 *
 * Decides which LLM a turn asks, and how long the turn waits for it.
 */


#include "convrelay_session_tools.h"


static uint64_t convrelay_session_client(const convrelay_session_t *s);
static int convrelay_session_hedge_text(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out);
static void convrelay_session_hedge_wins(convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_actions_t *out);
static void convrelay_session_hedge_goes(convrelay_session_t *s,
    const char *note, convrelay_actions_t *out);
static void convrelay_session_useful(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


const convrelay_session_llm_t *
convrelay_session_llm(const convrelay_session_t *s, unsigned i)
{
    return i ? &s->conf->fallbacks[i - 1] : &s->conf->llm;
}


/* the first LLM from i on that has not failed lately; nfallbacks + 1: there is
   none */

unsigned
convrelay_session_llm_after(const convrelay_session_t *s, unsigned i,
    uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    for ( /* void */ ; i <= s->conf->nfallbacks; i++) {
        llm = convrelay_session_llm(s, i);

        if (llm->breaker == NULL
            || !convrelay_breaker_is_open(*llm->breaker,
                                          convrelay_session_client(s), now))
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
    s->tried = s->llm;
    s->spared = (s->llm != 0);
    s->words = 0;
    s->hellos = 0;
}


void
convrelay_session_llm_wait(convrelay_session_t *s, uint64_t now)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    s->useful = 0;
    s->excused = 0;
    s->slow = 0;
    s->hedge = 0;
    s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;

    if (llm->first_token_timeout) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_TOKEN, now,
                               llm->first_token_timeout);
    }

    if (s->conf->hedge && s->tried == 0 && !s->words) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_HEDGE, now,
                               s->conf->hedge);
    }
}


void
convrelay_session_llm_words(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    s->words = 1;

    convrelay_session_useful(s, now, out);
}


void
convrelay_session_call_part(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->turn != CONVRELAY_TURN_IDLE
        && !convrelay_session_tools_running(s))
    {
        convrelay_session_useful(s, now, out);
    }
}


/* the LLM is at work */

static void
convrelay_session_useful(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    const convrelay_session_llm_t  *llm;

    llm = convrelay_session_llm(s, s->llm);

    if (!s->useful) {
        s->useful = 1;
        convrelay_session_hedge_drop(s, NULL, out);
    }

    s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;

    if (llm->token_timeout) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_TOKEN, now,
                               llm->token_timeout);
    }
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

    if (how == CONVRELAY_TURN_FAILED && s->slow && !s->excused) {
        convrelay_session_llm_slow(s, llm, now);

    } else if (how == CONVRELAY_TURN_FAILED && !s->excused) {
        convrelay_session_llm_failed(llm, now);

    } else if (how == CONVRELAY_TURN_COMPLETE) {
        convrelay_breaker_worked(*llm->breaker);
    }
}


void
convrelay_session_llm_failed(const convrelay_session_llm_t *llm, uint64_t now)
{
    if (llm->breaker) {
        convrelay_breaker_failed(*llm->breaker, now, llm->cooldown);
    }
}


void
convrelay_session_llm_slow(const convrelay_session_t *s,
    const convrelay_session_llm_t *llm, uint64_t now)
{
    if (llm->breaker) {
        convrelay_breaker_slow(*llm->breaker, convrelay_session_client(s), now,
                               llm->cooldown);
    }
}


/* a number for the caller, who is the same in several calls, or else for the
   call; not 0 */

static uint64_t
convrelay_session_client(const convrelay_session_t *s)
{
    size_t                   i;
    uint64_t                 hash;
    convrelay_str_t          id;
    convrelay_relay_setup_t  setup;

    convrelay_session_get_setup(s, &setup);

    id = setup.from.len ? setup.from
         : setup.call_sid.len ? setup.call_sid
         : setup.session_id.len ? setup.session_id : setup.nonce;

    /* FNV-1a */

    hash = 0xcbf29ce484222325;

    for (i = 0; i < id.len; i++) {
        hash = (hash ^ id.data[i]) * 0x100000001b3;
    }

    return hash ? hash : 1;
}


/* its first words are still waited for */

void
convrelay_session_hedge_takes(convrelay_session_t *s, const char *note,
    uint64_t now, convrelay_actions_t *out)
{
    convrelay_session_hedge_goes(s, note, out);
    convrelay_session_hedge_speak(s, 0, now, out);
}


static void
convrelay_session_hedge_goes(convrelay_session_t *s, const char *note,
    convrelay_actions_t *out)
{
    if (convrelay_session_paused(s)) {
        convrelay_session_pause_unhold(s);
    }

    s->llm = s->hedge;
    s->hedge = 0;
    s->useful = 0;
    s->excused = 0;
    s->slow = 0;

    s->deadlines[CONVRELAY_DEADLINE_TOKEN] =
        s->deadlines[CONVRELAY_DEADLINE_HEDGE];
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;

    convrelay_session_tools_retry(s);
    convrelay_session_act_note(out, CONVRELAY_ACT_HEDGE_TAKES, note);
}


int
convrelay_session_hedge_won(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    int  rc;

    if (s->hedge == 0) {
        return 0;
    }

    rc = text ? convrelay_session_hedge_text(s, text, out) : CONVRELAY_OK;

    if (rc == CONVRELAY_ERROR) {
        convrelay_session_no_memory(s, out);
    }

    if (rc != CONVRELAY_OK) {
        return 0;
    }

    convrelay_session_hedge_wins(s, 0, now, out);

    return 1;
}


int
convrelay_session_hedge_ended(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int  rc;

    if (s->hedge == 0) {
        return 0;
    }

    rc = convrelay_session_hedge_over(s);

    if (rc == CONVRELAY_ERROR) {
        convrelay_session_no_memory(s, out);
    }

    if (rc != CONVRELAY_OK) {
        return 0;
    }

    convrelay_session_hedge_wins(s, 1, now, out);

    return 1;
}


/* CONVRELAY_OK: there is a word in it; DECLINED: not yet, or there will not be
   one, and the request is ended; ERROR: no memory */

static int
convrelay_session_hedge_text(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out)
{
    int  rc;

    rc = convrelay_session_hedge_read(s, text);

    if (rc != CONVRELAY_DECLINED) {
        return rc;
    }

    if (s->speech->hedge->guard.leaked) {
        convrelay_session_tools_leaked(s, out);
        convrelay_session_hedge_drop(s, NULL, out);

    } else if (s->conf->max_answer
               && convrelay_session_hedge_dropped(s) >= s->conf->max_answer)
    {
        convrelay_session_note(out, CONVRELAY_LOG_WARN,
                               "answer is too long, and none of it can be "
                               "spoken", NULL);
        convrelay_session_hedge_drop(s, NULL, out);
    }

    return CONVRELAY_DECLINED;
}


static void
convrelay_session_hedge_wins(convrelay_session_t *s, unsigned over,
    uint64_t now, convrelay_actions_t *out)
{
    s->hedges_won++;

    /* the first one was only slower: it can be asked again */

    s->spared = 1;

    /* an LLM that is slow for everybody is to be left alone, too; but one that
       was given no time, because the caller asked for it, may not be slow */

    if (s->hellos < CONVRELAY_SESSION_HELLOS) {
        convrelay_session_llm_slow(s, convrelay_session_llm(s, s->llm), now);
    }

    convrelay_session_hedge_goes(s, NULL, out);
    convrelay_session_useful(s, now, out);
    convrelay_session_hedge_speak(s, over, now, out);
}


void
convrelay_session_hedge_missed(convrelay_session_t *s)
{
    if (s->hedge) {
        s->tried = s->llm;
        s->hedge = 0;
        s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;
    }
}


void
convrelay_session_hedge_end(convrelay_session_t *s,
    convrelay_turn_outcome_e how, uint64_t now)
{
    if (s->hedge == 0) {
        return;
    }

    if (how == CONVRELAY_TURN_FAILED) {
        convrelay_session_llm_failed(convrelay_session_llm(s, s->hedge), now);
    }

    s->hedge = 0;
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;
}


void
convrelay_session_hedge_drop(convrelay_session_t *s, const char *note,
    convrelay_actions_t *out)
{
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;

    if (s->hedge) {

        /* one that was only slower can still be asked after a failure */

        if (note == NULL) {
            s->tried = s->llm;
        }

        s->hedge = 0;
        convrelay_session_act_note(out, CONVRELAY_ACT_HEDGE_END, note);
    }
}


void
convrelay_session_hedge(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    const convrelay_session_llm_t  *llm;

    if (s->hedge == 0) {

        /* it is the first fallback's time, not that of those after it */

        if (convrelay_session_llm_after(s, 1, now) == 1) {
            convrelay_session_hedge_now(s, now, out);
        }

        return;
    }

    llm = convrelay_session_llm(s, s->hedge);

    convrelay_session_llm_slow(s, llm, now);
    convrelay_session_hedge_drop(s, "sent no word in time", out);
}


void
convrelay_session_hedge_now(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned                        i;
    const convrelay_session_llm_t  *llm;

    i = convrelay_session_llm_after(s, s->tried + 1, now);

    if (s->hedge || s->useful || s->words || i > s->conf->nfallbacks
        || convrelay_session_tools_running(s))
    {
        return;
    }

    llm = convrelay_session_llm(s, i);

    convrelay_session_hedge_free(s);

    s->hedge = i;
    s->tried = i;
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;

    if (llm->first_token_timeout) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_HEDGE, now,
                               llm->first_token_timeout);
    }

    convrelay_session_act(out, CONVRELAY_ACT_HEDGE);
}
