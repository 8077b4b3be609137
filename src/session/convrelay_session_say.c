
/*
 * Copyright (C) convrelay contributors
 *
 * The steps of a turn, which others decide on: a request begins, a piece of the
 * answer is spoken, the turn ends.
 */


#include "convrelay_session_parts.h"
#include "convrelay_word.h"


static int convrelay_session_first(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out);
static size_t convrelay_session_room(const convrelay_session_t *s,
    size_t len);


int
convrelay_session_ask(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now)
{
    convrelay_llm_message_t  *m;

    m = convrelay_history_message(CONVRELAY_LLM_USER, text->len);
    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(m->text, text->data, text->len);

    convrelay_history_append(&s->history, m, text->len);

    s->prompt = m;
    s->rescue = 0;
    s->ask_again = 0;
    s->version++;

    return convrelay_session_filler_begin(s, now);
}


void
convrelay_session_start_now(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    s->turn = CONVRELAY_TURN_ASKED;
    s->turn_again = 0;
    s->turns++;
    s->version++;
    s->asked_at = convrelay_session_time(s, now);
    s->first_token = -1;

    convrelay_session_llm_begin(s, now);
    convrelay_playback_text(&s->playback);

    convrelay_session_again(s, now, out);
}


void
convrelay_session_again(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->conf->max_answer_time) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_ANSWER, now,
                               s->conf->max_answer_time);
    }

    convrelay_session_speech_drop(s);
    convrelay_session_llm_wait(s, now);
    convrelay_session_filler_request(s);

    convrelay_session_act(out, CONVRELAY_ACT_START);
}


void
convrelay_session_speak(convrelay_session_t *s, const convrelay_spoken_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    size_t              len, sent;
    unsigned            too_long;
    convrelay_spoken_t  cut;

    too_long = 0;

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED
        && convrelay_session_pause_full(s, text, out))
    {
        return;
    }

    if (s->conf->max_answer) {
        len = convrelay_session_speech_dropped(s);
        sent = len;

        if (s->turn == CONVRELAY_TURN_SPEAKING) {
            len += convrelay_session_answer_len(s);
            sent += convrelay_session_answer_sent(s);
        }

        len = convrelay_session_room(s, len);
        sent = convrelay_session_room(s, sent);

        if (text->written.len > len || text->spoken.len > sent) {
            cut = *text;
            convrelay_spoken_cut(&cut, len, sent);
            text = &cut;
            too_long = 1;
        }
    }

    if (text->written.len) {

        if (s->turn == CONVRELAY_TURN_ASKED) {
            convrelay_session_answer_reset(s, CONVRELAY_ANSWER_RUNNING, now);

            s->turn = CONVRELAY_TURN_SPEAKING;

            if (convrelay_session_paused(s)) {
                convrelay_session_pause_begin(s);
            }
        }

        if ((!s->words || !s->useful)
            && convrelay_session_first(s, &text->spoken, now, out)
               != CONVRELAY_OK)
        {
            convrelay_session_no_memory(s, out);
            return;
        }

        if (s->answer.base && s->answer.len == 0) {

            if (s->answer.state != CONVRELAY_ANSWER_PAUSED) {
                convrelay_session_continue(s, now);
            }

            if (convrelay_session_answer_gap(s, &text->spoken, out)
                != CONVRELAY_OK)
            {
                convrelay_session_no_memory(s, out);
                return;
            }
        }

        if (convrelay_session_answer_add_spoken(s, text) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

        if (s->useful && s->deadlines[CONVRELAY_DEADLINE_TOKEN]
            && !convrelay_session_is_blank(&text->written))
        {
            s->deadlines[CONVRELAY_DEADLINE_TOKEN] =
                now - s->epoch + convrelay_session_llm_asked(s)->token_timeout;
        }

        s->tokens++;

        if (s->answer.state != CONVRELAY_ANSWER_PAUSED) {
            convrelay_session_text(out, &text->spoken);
        }
    }

    if (too_long) {
        convrelay_session_too_long(s, out);
    }
}


/* text, the next piece of the answer, may be the first one with a word in it,
   which is what the caller waits for */

static int
convrelay_session_first(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    convrelay_str_t  said;

    if (!convrelay_session_has_word(s, text)) {
        convrelay_session_filler_wordless(s);
        return CONVRELAY_OK;
    }

    /* an action may have spoken before it */

    convrelay_session_answer_text(s, &said);

    if (s->first_token == -1
        && (said.len == 0 || !convrelay_session_has_word(s, &said)))
    {
        s->first_token = now - convrelay_session_ms(s, s->asked_at);

        if (convrelay_latency_add(&s->latency, s->first_token)
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }
    }

    convrelay_session_llm_words(s, now, out);

    return CONVRELAY_OK;
}


unsigned
convrelay_session_has_word(const convrelay_session_t *s,
    const convrelay_str_t *text)
{
    u_char           *end, *last;
    convrelay_str_t   part, rest;

    rest = *text;
    last = rest.data + rest.len;

    while (s->conf->speech == CONVRELAY_SPEECH_SSML && rest.len) {
        part.data = rest.data;
        rest.data = memchr(rest.data, '<', rest.len);
        end = rest.data ? memchr(rest.data, '>', last - rest.data) : NULL;

        if (end == NULL) {
            rest.data = part.data;
            break;
        }

        part.len = rest.data - part.data;

        if (convrelay_has_word(&part)) {
            return 1;
        }

        rest.data = end + 1;
        rest.len = last - rest.data;
    }

    return convrelay_has_word(&rest);
}


/* the bytes that an answer of len bytes may still have */

static size_t
convrelay_session_room(const convrelay_session_t *s, size_t len)
{
    return (len < s->conf->max_answer) ? s->conf->max_answer - len : 0;
}


void
convrelay_session_too_long(convrelay_session_t *s, convrelay_actions_t *out)
{
    convrelay_session_note(out, CONVRELAY_LOG_WARN, "answer is too long", NULL);

    if (s->answer.state == CONVRELAY_ANSWER_PAUSED) {
        convrelay_session_pause_long(s, out);
        return;
    }

    convrelay_session_cancel(s, out);
}


void
convrelay_session_cancel(convrelay_session_t *s, convrelay_actions_t *out)
{
    unsigned  sent;

    convrelay_session_tools_stop(s, out);

    if (convrelay_session_paused(s)) {
        convrelay_session_pause_drop(s, out);
        return;
    }

    if (s->turn == CONVRELAY_TURN_IDLE) {
        return;
    }

    sent = (s->turn == CONVRELAY_TURN_SPEAKING);

    convrelay_session_turn_over(s);
    s->repeat_until = 0;

    convrelay_session_act(out, CONVRELAY_ACT_CANCEL);

    if (sent) {
        convrelay_session_text_last(out);
        convrelay_session_answer_end(s);
    }
}


void
convrelay_session_turn_over(convrelay_session_t *s)
{
    s->turn = CONVRELAY_TURN_IDLE;
    s->version++;
    s->deadlines[CONVRELAY_DEADLINE_ANSWER] = 0;
    s->deadlines[CONVRELAY_DEADLINE_TOKEN] = 0;
    s->deadlines[CONVRELAY_DEADLINE_HEDGE] = 0;
    s->hedge = 0;

    convrelay_session_speech_drop(s);
}
