
/*
 * Copyright (C) convrelay contributors
 *
 * Triggers, the actions configured for them, and the end.  A TRIGGER is a
 * question to the code that uses this room and knows the configuration; its
 * answer comes back at once.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


/* bytes of an answer that another "say" may continue */
#define CONVRELAY_SESSION_MAX_JOINED   8192


static int convrelay_session_perform_text(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out);
static unsigned convrelay_session_continues(const convrelay_session_t *s,
    const convrelay_str_t *text, unsigned unstored);
static int convrelay_session_perform_language(convrelay_session_t *s,
    const convrelay_relay_out_t *m, convrelay_actions_t *out);
static int convrelay_session_perform_end(convrelay_session_t *s,
    const convrelay_str_t *handoff, uint64_t now, convrelay_actions_t *out);
static int convrelay_session_ask_now(convrelay_session_t *s,
    convrelay_trigger_e trigger, uint64_t now, convrelay_actions_t *out);
static int convrelay_session_is_failure(convrelay_trigger_e trigger);


void
convrelay_session_perform(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out)
{
    int  rc;

    if (s->state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    rc = CONVRELAY_OK;

    if (convrelay_session_paused(s)) {
        convrelay_session_pause_drop(s, out);
    }

    if (s->trigger == CONVRELAY_TRIGGER_DTMF && !s->keys.prompt_is_newer) {
        convrelay_session_cut_short(s);
        convrelay_session_cancel(s, out);
        convrelay_session_tools_forget(s, out);

        if (s->state == CONVRELAY_SESSION_CLOSED) {
            return;
        }
    }

    switch (m->type) {

    case CONVRELAY_RELAY_OUT_TEXT:
        rc = convrelay_session_perform_text(s, m, now, out);
        break;

    case CONVRELAY_RELAY_OUT_LANGUAGE:
        rc = convrelay_session_perform_language(s, m, out);
        break;

    case CONVRELAY_RELAY_OUT_END:
        rc = convrelay_session_perform_end(s, &m->text, now, out);
        break;

    case CONVRELAY_RELAY_OUT_PLAY:
        s->repeat_until = 0;

        s->silence.heard_at = 0;

        convrelay_playback_file(&s->playback);
        convrelay_session_send(out, m);
        break;

    case CONVRELAY_RELAY_OUT_SEND_DIGITS:
        rc = convrelay_playback_tones(&s->playback, &m->text,
                                      s->turn == CONVRELAY_TURN_IDLE);
        convrelay_session_send(out, m);
        break;

    case CONVRELAY_RELAY_OUT_RAW:
        convrelay_session_send(out, m);
        break;

    case CONVRELAY_RELAY_OUT_SKIP:
        convrelay_session_tools_skip(s);
        break;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    /* a message of the answer's text alone would not repeat these */

    if (m->type != CONVRELAY_RELAY_OUT_TEXT || m->lang.len
        || m->interruptible != CONVRELAY_RELAY_UNSET)
    {
        s->answer.fixed = convrelay_session_answer_sent(s);
    }
}


static int
convrelay_session_perform_text(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out)
{
    int                    rc;
    size_t                 from, max;
    u_char                 last;
    unsigned               unstored;
    uint64_t               spoken;
    convrelay_str_t        text;
    convrelay_answer_t    *a;
    convrelay_spoken_t     words;
    convrelay_relay_out_t  said;
    convrelay_pronounce_t  pronounce;

    static const convrelay_str_t  blank = convrelay_string(" ");

    text = m->text;

    if (text.len == 0) {
        return CONVRELAY_OK;
    }

    convrelay_playback_text(&s->playback);

    a = &s->answer;
    max = s->conf->max_answer;
    unstored = convrelay_session_is_failure(s->trigger)
               || (s->trigger == CONVRELAY_TRIGGER_RESUME && s->ask_again);

    if (s->turn != CONVRELAY_TURN_IDLE && max
        && (s->turn == CONVRELAY_TURN_SPEAKING
            ? convrelay_session_answer_len(s) : 0) + text.len + 1
           > max)
    {
        convrelay_session_cancel(s, out);

        if (s->state == CONVRELAY_SESSION_CLOSED) {
            return CONVRELAY_OK;
        }
    }

    if (s->turn == CONVRELAY_TURN_ASKED) {
        convrelay_session_answer_reset(s, CONVRELAY_ANSWER_RUNNING, now);
        s->turn = CONVRELAY_TURN_SPEAKING;

    } else if (s->turn == CONVRELAY_TURN_IDLE
               && !convrelay_session_continues(s, &text, unstored))
    {
        spoken = convrelay_session_spoken_until(s);
        convrelay_session_answer_reset(s, CONVRELAY_ANSWER_ENDED,
                                       (spoken > now) ? spoken : now);

    } else {
        a->cut = 0;
        convrelay_session_continue(s, now);
    }

    if (s->trigger == CONVRELAY_TRIGGER_INTERRUPT) {
        a->invites = 1;
    }

    if (convrelay_session_answer_gap(s, &text, out) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    from = convrelay_session_answer_sent(s);

    if (a->len) {
        last = a->message->text[a->len - 1];

        if (last > ' ' && text.data[0] > ' ') {

            if (convrelay_session_answer_add(s, &blank) != CONVRELAY_OK) {
                return CONVRELAY_ERROR;
            }

            /* during a turn, the blank is sent with the text */

            from += (s->turn == CONVRELAY_TURN_IDLE);
        }
    }

    rc = convrelay_session_respell(s, &pronounce, &text, &m->lang, &words);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_session_answer_add_spoken(s, &words);
    }

    convrelay_pronounce_free(&pronounce);

    if (rc != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    said = *m;

    convrelay_session_answer_text(s, &said.text);

    said.text.data += from;
    said.text.len -= from;
    said.last = (s->turn == CONVRELAY_TURN_IDLE);

    convrelay_session_send(out, &said);

    if (s->turn != CONVRELAY_TURN_IDLE) {
        a->altered = 1;
        return CONVRELAY_OK;
    }

    if (unstored) {
        a->unstored = a->len - a->stored;
        return CONVRELAY_OK;
    }

    convrelay_session_answer_store(s, convrelay_session_answer_len(s));

    return CONVRELAY_OK;
}


/* true if the caller said nothing between the answer and the text */

static unsigned
convrelay_session_continues(const convrelay_session_t *s,
    const convrelay_str_t *text, unsigned unstored)
{
    const convrelay_answer_t  *a;

    a = &s->answer;

    if (a->state != CONVRELAY_ANSWER_ENDED || a->len == 0
        || a->len + text->len > CONVRELAY_SESSION_MAX_JOINED)
    {
        return 0;
    }

    if (a->unstored) {
        return unstored;
    }

    return convrelay_history_is_last(&s->history, a->message);
}


static int
convrelay_session_perform_language(convrelay_session_t *s,
    const convrelay_relay_out_t *m, convrelay_actions_t *out)
{
    convrelay_session_send(out, m);

    return convrelay_session_set_lang(s, m->lang.len ? &m->lang : &m->text);
}


static int
convrelay_session_perform_end(convrelay_session_t *s,
    const convrelay_str_t *handoff, uint64_t now, convrelay_actions_t *out)
{
    uint64_t  wait, spoken;

    convrelay_session_cancel(s, out);

    if (s->state == CONVRELAY_SESSION_CLOSED) {
        return CONVRELAY_OK;
    }

    if (handoff->len
        && (convrelay_session_texts(s) != CONVRELAY_OK
            || convrelay_session_copy_text(&s->texts->handoff, handoff)
               != CONVRELAY_OK))
    {
        return CONVRELAY_ERROR;
    }

    convrelay_keys_report(&s->keys);

    /* the caller's words may take the end back: an entry that no event is going
       to report must not be the beginning of the next one */

    if (s->trigger != CONVRELAY_TRIGGER_DTMF) {
        convrelay_keys_done(&s->keys, 0);
    }

    convrelay_session_enter(s, CONVRELAY_SESSION_ENDING);

    spoken = convrelay_session_unheard_until(s, now);

    wait = convrelay_playback_wait(&s->playback,
                                   (spoken > now) ? spoken - now : 0,
                                   s->conf->end_timeout, now);

    if (wait == 0) {
        convrelay_session_send_end(s, now, out);
        return CONVRELAY_OK;
    }

    convrelay_session_wait(s, CONVRELAY_DEADLINE_END, now, wait);

    return CONVRELAY_OK;
}


void
convrelay_session_ask_later(convrelay_session_t *s, const convrelay_str_t *text,
    convrelay_actions_t *out)
{
    if (s->state != CONVRELAY_SESSION_OPEN || text->len == 0) {
        return;
    }

    if (convrelay_session_texts(s) != CONVRELAY_OK
        || convrelay_session_copy_text(&s->texts->question, text)
           != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
    }
}


int
convrelay_session_texts(convrelay_session_t *s)
{
    if (s->texts == NULL) {
        s->texts = calloc(1, sizeof(convrelay_session_texts_t));
    }

    return s->texts ? CONVRELAY_OK : CONVRELAY_ERROR;
}


int
convrelay_session_copy_text(convrelay_str_t *to, const convrelay_str_t *text)
{
    u_char  *p;

    p = realloc(to->data, text->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, text->data, text->len);

    to->data = p;
    to->len = text->len;

    return CONVRELAY_OK;
}


/* begins a turn with the question of a trigger's actions, if there is one */

static int
convrelay_session_ask_now(convrelay_session_t *s, convrelay_trigger_e trigger,
    uint64_t now, convrelay_actions_t *out)
{
    int              rc;
    convrelay_str_t  question;

    if (s->texts == NULL || s->texts->question.len == 0) {
        return CONVRELAY_OK;
    }

    question = s->texts->question;

    s->texts->question.data = NULL;
    s->texts->question.len = 0;

    rc = CONVRELAY_OK;

    if (s->state == CONVRELAY_SESSION_OPEN
        && convrelay_session_count_turn(s, now, out) == CONVRELAY_OK)
    {
        convrelay_session_cancel(s, out);

        if (s->state == CONVRELAY_SESSION_OPEN) {
            rc = convrelay_session_ask(s, &question, now);

            /* what is said next is said to the LLM's new answer, except by a
               caller that has just interrupted */

            if (trigger != CONVRELAY_TRIGGER_INTERRUPT) {
                s->question_cut = 0;
            }

            if (rc == CONVRELAY_OK) {
                s->rescue = convrelay_session_is_failure(trigger);
                convrelay_session_start(s, now, out);
            }
        }
    }

    free(question.data);

    return rc;
}


static int
convrelay_session_is_failure(convrelay_trigger_e trigger)
{
    return trigger == CONVRELAY_TRIGGER_LLM_FAILED
           || trigger == CONVRELAY_TRIGGER_LLM_EMPTY
           || trigger == CONVRELAY_TRIGGER_LLM_FILTERED;
}


void
convrelay_session_trigger_done(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int                  rc;
    unsigned             prompt_is_newer;
    convrelay_trigger_e  trigger;

    static const convrelay_str_t  none = convrelay_null_string;

    trigger = s->trigger;
    prompt_is_newer = s->keys.prompt_is_newer;
    s->trigger = CONVRELAY_TRIGGER_NONE;

    rc = CONVRELAY_OK;

    if (trigger == CONVRELAY_TRIGGER_DTMF) {
        convrelay_keys_done(&s->keys, s->state == CONVRELAY_SESSION_OPEN);

        s->question_cut = 0;
    }

    if (trigger == CONVRELAY_TRIGGER_TOOL) {
        convrelay_session_tools_acted(s, now, out);
        return;
    }

    if (s->state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    if (trigger == CONVRELAY_TRIGGER_DTMF && !prompt_is_newer) {
        convrelay_session_cut_short(s);
        convrelay_session_cancel(s, out);
        convrelay_session_tools_forget(s, out);

    } else if (trigger == CONVRELAY_TRIGGER_PROMPT) {
        convrelay_session_tools_forget(s, out);

    } else if (trigger == CONVRELAY_TRIGGER_CALL_TOO_LONG) {
        rc = convrelay_session_perform_end(s, &none, now, out);
    }

    if (rc == CONVRELAY_OK) {
        rc = convrelay_session_ask_now(s, trigger, now, out);
    }

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (trigger == CONVRELAY_TRIGGER_RESUME) {
        convrelay_session_resume(s, now, out);
    }
}


void
convrelay_session_trigger_declined(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    convrelay_trigger_e  trigger;

    trigger = s->trigger;
    s->trigger = CONVRELAY_TRIGGER_NONE;

    if (trigger == CONVRELAY_TRIGGER_DTMF) {
        convrelay_keys_done(&s->keys, s->state == CONVRELAY_SESSION_OPEN);

        s->question_cut = 0;
    }

    if (s->state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    if (trigger == CONVRELAY_TRIGGER_RESUME) {
        convrelay_session_resume(s, now, out);
        return;
    }

    if (trigger == CONVRELAY_TRIGGER_DTMF) {

        if (text->len == 0) {
            return;
        }

        if (convrelay_session_count_turn(s, now, out) != CONVRELAY_OK) {
            return;
        }

        convrelay_session_cut_short(s);
        convrelay_session_cancel(s, out);

        if (s->state == CONVRELAY_SESSION_CLOSED) {
            return;
        }

        if (convrelay_session_ask(s, text, now) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

    } else if (trigger != CONVRELAY_TRIGGER_PROMPT) {
        return;
    }

    convrelay_session_start(s, now, out);
}
