
/*
 * Copyright (C) convrelay contributors
 *
 * Interruptions, and reports of the speech that the caller hears.
 */


#include "convrelay_session_parts.h"
#include "convrelay_session_filler.h"


static void convrelay_session_cut(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_played(convrelay_session_t *s,
    const convrelay_str_t *value, uint64_t now, convrelay_actions_t *out);


void
convrelay_session_interrupt(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out)
{
    unsigned  running, unheard;

    if (s->state == CONVRELAY_SESSION_NEW) {
        convrelay_session_note(out, CONVRELAY_LOG_INFO,
                               "client sent interrupt before setup", NULL);
        return;
    }

    s->interrupts++;
    s->version++;
    s->ask_again = 0;

    convrelay_session_stir(s, now);
    convrelay_session_filler_stir(s, now + CONVRELAY_SESSION_WORDS_TIME);

    s->repeat_until = 0;

    if (s->pause) {
        s->pause->newest = 0;
    }

    convrelay_playback_cut(&s->playback);

    if (convrelay_session_pause(s, m, now, out)) {
        return;
    }

    running = convrelay_session_tools_running(s);
    unheard = (s->turn == CONVRELAY_TURN_ASKED);

    convrelay_session_cut(s, m, now, out);

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return;
    }

    if (s->state != CONVRELAY_SESSION_OPEN) {

        if (convrelay_session_tools_goodbye(s)) {
            convrelay_session_wait(s, CONVRELAY_DEADLINE_END, now,
                                   CONVRELAY_SESSION_WORDS_TIME);

        } else {
            convrelay_session_send_end(s, now, out);
        }

        return;
    }

    convrelay_session_interrupted(s, running, unheard, now, out);
}


static void
convrelay_session_cut(convrelay_session_t *s,
    const convrelay_relay_interrupt_t *m, uint64_t now,
    convrelay_actions_t *out)
{
    size_t    heard, clause;
    unsigned  sent, audible;

    sent = 0;
    audible = convrelay_session_audible(s);
    heard = audible ? convrelay_session_heard_until(s, m, now, &clause) : 0;

    if (convrelay_session_phrase_asks(s, now)) {
        s->question_cut = 1;
    }

    /* where nothing but a filler was cut, the answer is still wanted: noise
       may have cut it, or a "Hello?" */

    if (convrelay_session_filler_cut(s, now)
        && s->turn == CONVRELAY_TURN_ASKED
        && !convrelay_session_tools_running(s))
    {
        /* void */

    } else if (s->turn != CONVRELAY_TURN_IDLE) {
        sent = (s->turn == CONVRELAY_TURN_SPEAKING);

        convrelay_session_turn_over(s);

        convrelay_session_act(out, CONVRELAY_ACT_CANCEL);

        if (sent) {
            convrelay_session_text_last(out);
        }
    }

    if (audible) {
        convrelay_session_cut_at(s, heard, sent, now);
    }
}


void
convrelay_session_info(convrelay_session_t *s,
    const convrelay_relay_info_t *info, uint64_t now,
    convrelay_actions_t *out)
{
    if (convrelay_str_eq(&info->name, "tokensPlayed")) {
        convrelay_session_played(s, &info->value, now, out);

    } else if (convrelay_str_eq(&info->name, "agentSpeaking")) {

        if (convrelay_playback_speaking(&s->playback, &info->value, now)) {
            convrelay_session_heard(s, now, out);
        }

    } else if (convrelay_str_eq(&info->name, "clientSpeaking")) {
        s->silence.client_speaking = convrelay_str_eq(&info->value, "on");

        convrelay_session_filler_stir(s, now);

        if (s->silence.client_speaking) {
            convrelay_session_stir(s, now);

        } else {
            convrelay_session_since(s, now);
        }

        convrelay_session_words(s, now);
    }

    /* roundTripDelayMs is known, and ignored */
}


static void
convrelay_session_played(convrelay_session_t *s, const convrelay_str_t *value,
    uint64_t now, convrelay_actions_t *out)
{
    int                  rc;
    unsigned             all;
    convrelay_str_t      text;
    convrelay_answer_t  *a;

    s->playback.reports = 1;

    /* words are being heard, in spite of any estimate */

    convrelay_session_since(s, now);

    convrelay_session_filler_stir(s, now);

    rc = convrelay_session_filler_played(s, value);

    if (rc == CONVRELAY_ERROR) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (rc == CONVRELAY_DECLINED && convrelay_session_audible(s)) {
        a = &s->answer;

        convrelay_session_answer_text(s, &text);

        rc = convrelay_heard_played(&a->heard, &text, value);

        if (rc == CONVRELAY_ERROR) {
            convrelay_session_no_memory(s, out);
            return;
        }

        /* of the answer to it; before its first words, others are heard */

        if (rc == CONVRELAY_OK && s->first_token >= 0) {
            s->ask_again = 0;
        }
    }

    all = (rc == CONVRELAY_DECLINED
           && convrelay_playback_played(&s->playback, value));

    if (!all) {
        rc = convrelay_session_filler_all(s);

        all = (!s->playback.file && !s->playback.queued
               && (rc == CONVRELAY_OK
                   || (rc == CONVRELAY_DECLINED
                       && convrelay_session_audible(s)
                       && convrelay_session_heard_all(s))));
    }

    if (all) {
        convrelay_session_heard(s, now, out);
    }
}
