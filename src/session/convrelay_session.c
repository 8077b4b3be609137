
/*
 * Copyright (C) convrelay contributors
 *
 * Two things are kept apart here: the turn, which runs or not (running,
 * sent), and the answer that the caller hears.  They are not the same: an
 * answer is generated in a second and spoken for twenty, so that its record
 * outlives its turn, up to the first piece of the next answer.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_utf8.h"


/* ms between two errors of Twilio that are events: ours may cause the next */
#define CONVRELAY_SESSION_ERROR_TIME  5000


static void convrelay_session_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_error(convrelay_session_t *s,
    const convrelay_relay_error_t *error, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_actions_t *out);

static void convrelay_session_too_long(convrelay_session_t *s,
    convrelay_actions_t *out);
static void convrelay_session_answer_end(convrelay_session_t *s);
static int convrelay_session_answer_reserve(convrelay_session_t *s,
    size_t len);
static void convrelay_session_answer_shrink(convrelay_session_t *s, size_t len);
static unsigned convrelay_session_blank(const u_char *p, size_t len);
static void convrelay_session_say(convrelay_actions_t *out,
    const convrelay_str_t *text);


void
convrelay_session_init(convrelay_session_t *s,
    const convrelay_session_conf_t *conf)
{
    memset(s, 0, sizeof(convrelay_session_t));

    s->conf = conf;
    s->history.max_messages = conf->max_history_messages;
    s->history.max_bytes = conf->max_history_bytes;
}


void
convrelay_session_free(convrelay_session_t *s)
{
    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_NONE, 0);
    convrelay_history_free(&s->history);

    free(s->parameters);
    free(s->setup_data);
    free(s->lang.data);
    free(s->handoff.data);

    memset(s, 0, sizeof(convrelay_session_t));

    s->closed = 1;
}


void
convrelay_session_message(convrelay_session_t *s,
    const convrelay_relay_message_t *m, uint64_t now,
    convrelay_actions_t *out)
{
    out->nactions = 0;

    if (s->closed) {
        return;
    }

    switch (m->type) {

    case CONVRELAY_RELAY_SETUP:
        convrelay_session_setup(s, &m->u.setup, now, out);
        break;

    case CONVRELAY_RELAY_PROMPT:
        convrelay_session_prompt(s, &m->u.prompt, now, out);
        break;

    case CONVRELAY_RELAY_INTERRUPT:
        convrelay_session_interrupt(s, &m->u.interrupt, now, out);
        break;

    case CONVRELAY_RELAY_INFO:
        convrelay_session_info(s, &m->u.info, now, out);
        break;

    case CONVRELAY_RELAY_ERROR:
        convrelay_session_error(s, &m->u.error, now, out);
        break;

    case CONVRELAY_RELAY_DTMF:
        convrelay_session_key(s, &m->u.digit, now, out);
        break;

    case CONVRELAY_RELAY_UNKNOWN:
        convrelay_session_unknown(s, &m->type_name, out);
        break;
    }
}


static void
convrelay_session_prompt(convrelay_session_t *s,
    const convrelay_relay_prompt_t *prompt, uint64_t now,
    convrelay_actions_t *out)
{
    if (!s->ready) {
        convrelay_session_note(out, CONVRELAY_LOG_INFO,
                               "client sent prompt before setup");
        return;
    }

    if (!prompt->last || prompt->voice_prompt.len == 0 || s->ending) {
        return;
    }

    if (s->digits_at) {
        s->overtaken = 1;

        /* who speaks has done with the keys: no pause is waited for, which
           would end in the middle of the answer */

        s->digits_at = s->settling ? s->digits_at : now;
    }

    /* what was sent of a running answer is going to be spoken: all is kept */

    convrelay_session_cancel(s, out);

    if (convrelay_session_set_lang(s, &prompt->lang) != CONVRELAY_OK
        || convrelay_session_ask(s, &prompt->voice_prompt) != CONVRELAY_OK)
    {
        convrelay_session_no_memory(s, out);
        return;
    }

    s->playing = 0;
    s->after = 0;

    if (convrelay_session_on(s, CONVRELAY_EVENT_PROMPT)) {
        convrelay_session_event(s, CONVRELAY_EVENT_PROMPT,
                                &prompt->voice_prompt, out);
        return;
    }

    convrelay_session_start(s, out);
}


int
convrelay_session_ask(convrelay_session_t *s, const convrelay_str_t *text)
{
    convrelay_llm_message_t  *m;

    m = convrelay_history_message(CONVRELAY_LLM_USER, text->len);
    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(m->text, text->data, text->len);

    convrelay_history_append(&s->history, m, text->len);

    s->prompt = m;

    return CONVRELAY_OK;
}


void
convrelay_session_start(convrelay_session_t *s, convrelay_actions_t *out)
{
    s->running = 1;
    s->sent = 0;
    s->turns++;

    convrelay_session_act(out, CONVRELAY_ACT_START);
}


int
convrelay_session_set_lang(convrelay_session_t *s,
    const convrelay_str_t *lang)
{
    u_char  *p;

    if (lang->len == 0) {
        s->lang.len = 0;
        return CONVRELAY_OK;
    }

    if (convrelay_str_equal(lang, &s->lang)) {
        return CONVRELAY_OK;
    }

    p = realloc(s->lang.data, lang->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, lang->data, lang->len);

    s->lang.data = p;
    s->lang.len = lang->len;

    return CONVRELAY_OK;
}


static void
convrelay_session_error(convrelay_session_t *s,
    const convrelay_relay_error_t *error, uint64_t now,
    convrelay_actions_t *out)
{
    int                  n;
    convrelay_action_t  *act;

    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "client reported an error");

    /* the description repeats what was said: only the code is public */

    if (error->code) {
        n = snprintf(s->code, sizeof(s->code), "%d", error->code);

        act = &out->actions[out->nactions - 1];
        act->text.data = (u_char *) s->code;
        act->text.len = n;
    }

    if (!s->ready || s->ending || now < s->error_at
        || !convrelay_session_on(s, CONVRELAY_EVENT_ERROR))
    {
        return;
    }

    s->error_at = now + CONVRELAY_SESSION_ERROR_TIME;

    convrelay_session_event(s, CONVRELAY_EVENT_ERROR, NULL, out);
}


static void
convrelay_session_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_actions_t *out)
{
    convrelay_action_t  *act;

    if (s->unknown) {
        return;
    }

    s->unknown = 1;

    convrelay_session_note(out, CONVRELAY_LOG_INFO,
                           "client sent a message of unknown type");

    act = &out->actions[out->nactions - 1];
    act->text.data = name->data;
    act->text.len = convrelay_utf8_fit(name->data, name->len,
                                       CONVRELAY_SESSION_MAX_DETAIL);
}


void
convrelay_session_delta(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    size_t               room;
    unsigned             over;
    convrelay_str_t      piece;
    convrelay_action_t  *act;

    out->nactions = 0;

    if (s->closed || !s->running || text->len == 0) {
        return;
    }

    piece = *text;
    over = 0;

    if (s->conf->max_answer) {
        room = s->conf->max_answer - (s->sent ? s->answer.len : 0);

        if (text->len > room) {
            piece.len = convrelay_utf8_fit(text->data, text->len, room);
            over = 1;
        }
    }

    if (piece.len) {

        if (!s->sent) {
            convrelay_session_answer_reset(s, CONVRELAY_ANSWER_RUNNING, now);
        }

        if (convrelay_session_answer_add(s, &piece) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

        s->sent = 1;
        s->tokens++;

        out->nactions = 1;

        act = &out->actions[0];
        memset(act, 0, sizeof(convrelay_action_t));

        act->type = CONVRELAY_ACT_TEXT;
        act->text = piece;
    }

    if (over) {
        convrelay_session_too_long(s, out);
    }
}


static void
convrelay_session_too_long(convrelay_session_t *s, convrelay_actions_t *out)
{
    convrelay_session_cancel(s, out);
    convrelay_session_note(out, CONVRELAY_LOG_WARN, "answer is too long");
}


void
convrelay_session_turn_end(convrelay_session_t *s, convrelay_turn_end_e how,
    uint64_t now, convrelay_actions_t *out)
{
    out->nactions = 0;

    if (s->closed || !s->running) {
        return;
    }

    s->running = 0;

    if (s->sent) {
        convrelay_session_answer_end(s);

        if (how == CONVRELAY_TURN_COMPLETE || how == CONVRELAY_TURN_TRUNCATED)
        {
            convrelay_session_say_last(out);
            return;
        }
    }

    if (how == CONVRELAY_TURN_REJECTED) {
        convrelay_history_remove(&s->history, s->prompt);
        s->prompt = NULL;
    }

    if (convrelay_session_on(s, CONVRELAY_EVENT_LLM_FAILED)) {

        if (s->sent) {
            convrelay_session_say_last(out);
        }

        convrelay_session_event(s, CONVRELAY_EVENT_LLM_FAILED, NULL, out);
        return;
    }

    if (s->conf->error_message.len) {

        if (s->sent) {
            convrelay_session_speak_on(s, now);

        } else {

            /* no longer the answer before it is heard */

            convrelay_session_answer_reset(s, CONVRELAY_ANSWER_ENDED, now);
        }

        s->answer.phrase = 1;

        convrelay_session_say(out, &s->conf->error_message);

    } else if (!s->sent) {
        return;
    }

    convrelay_session_say_last(out);
}


void
convrelay_session_cancel(convrelay_session_t *s, convrelay_actions_t *out)
{
    if (!s->running) {
        return;
    }

    s->running = 0;

    convrelay_session_act(out, CONVRELAY_ACT_CANCEL);

    if (s->sent) {
        convrelay_session_say_last(out);
        convrelay_session_answer_end(s);
    }
}


/* it is spoken on, and kept for the case that it is interrupted */

static void
convrelay_session_answer_end(convrelay_session_t *s)
{
    s->answer.state = CONVRELAY_ANSWER_ENDED;

    convrelay_session_answer_shrink(s, s->answer.len);
    convrelay_session_answer_store(s, s->answer.len);
}


void
convrelay_session_answer_reset(convrelay_session_t *s,
    convrelay_answer_e state, uint64_t now)
{
    convrelay_answer_t  *a;

    a = &s->answer;

    if (a->message) {
        a->message->held = 0;

        if (a->message->listed) {
            convrelay_session_answer_shrink(s, a->message->len);

        } else {
            free(a->message);
        }
    }

    memset(a, 0, sizeof(convrelay_answer_t));

    a->state = state;
    a->started = now;
}


int
convrelay_session_answer_add(convrelay_session_t *s,
    const convrelay_str_t *text)
{
    convrelay_answer_t  *a;

    a = &s->answer;

    if ((a->message == NULL || text->len > a->size - a->len)
        && convrelay_session_answer_reserve(s, text->len) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    memcpy(a->message->text + a->len, text->data, text->len);
    a->len += text->len;

    return CONVRELAY_OK;
}


static int
convrelay_session_answer_reserve(convrelay_session_t *s, size_t len)
{
    size_t                    need, size;
    convrelay_answer_t       *a;
    convrelay_llm_message_t  *m;

    a = &s->answer;

    need = a->len + len;
    size = need + need / 2 + 128;

    if (size > CONVRELAY_LLM_MAX_MESSAGE_TEXT) {
        size = need;
    }

    if (a->message) {
        m = convrelay_history_move(&s->history, a->message, a->len, size);

    } else {
        m = convrelay_history_message(CONVRELAY_LLM_ASSISTANT, size);
    }

    if (m == NULL) {
        return CONVRELAY_ERROR;
    }

    m->held = 1;

    a->message = m;
    a->size = size;

    return CONVRELAY_OK;
}


/* no more room than its text needs; without memory it stays as it is */

static void
convrelay_session_answer_shrink(convrelay_session_t *s, size_t len)
{
    convrelay_answer_t       *a;
    convrelay_llm_message_t  *m;

    a = &s->answer;

    if (a->size == len) {
        return;
    }

    m = convrelay_history_move(&s->history, a->message, len, len);

    if (m) {
        a->message = m;
        a->size = len;
    }
}


void
convrelay_session_answer_text(const convrelay_session_t *s,
    convrelay_str_t *text)
{
    text->len = s->answer.len;
    text->data = s->answer.message ? s->answer.message->text : NULL;
}


void
convrelay_session_answer_store(convrelay_session_t *s, size_t len)
{
    unsigned             blank;
    convrelay_answer_t  *a;

    a = &s->answer;

    if (a->message == NULL) {
        return;
    }

    if (len > a->len - a->aside) {
        len = a->len - a->aside;
    }

    blank = convrelay_session_blank(a->message->text, len);

    if (a->kept == 0) {

        if (blank) {
            return;
        }

        convrelay_history_append(&s->history, a->message, len);

    } else if (a->message->listed && len != a->kept) {

        if (blank) {
            convrelay_history_remove(&s->history, a->message);

        } else {
            convrelay_history_set(&s->history, a->message, len);
        }
    }

    a->kept = len;
}


static unsigned
convrelay_session_blank(const u_char *p, size_t len)
{
    while (len && *p <= ' ') {
        p++;
        len--;
    }

    return (len == 0);
}


convrelay_action_t *
convrelay_session_act(convrelay_actions_t *out, convrelay_act_e type)
{
    convrelay_action_t  *act;

    act = &out->actions[out->nactions++];

    memset(act, 0, sizeof(convrelay_action_t));
    act->type = type;

    return act;
}


static void
convrelay_session_say(convrelay_actions_t *out, const convrelay_str_t *text)
{
    convrelay_session_act(out, CONVRELAY_ACT_TEXT)->text = *text;
}


void
convrelay_session_say_last(convrelay_actions_t *out)
{
    convrelay_session_act(out, CONVRELAY_ACT_TEXT)->last = 1;
}


void
convrelay_session_note(convrelay_actions_t *out, convrelay_log_e level,
    const char *note)
{
    convrelay_action_t  *act;

    act = convrelay_session_act(out, CONVRELAY_ACT_LOG);
    act->level = level;
    act->note = note;
}


void
convrelay_session_close(convrelay_session_t *s, convrelay_actions_t *out,
    unsigned code, const char *note)
{
    convrelay_action_t  *act;

    s->closed = 1;
    s->running = 0;
    s->digits_at = 0;
    s->end_at = 0;

    act = convrelay_session_act(out, CONVRELAY_ACT_CLOSE);
    act->code = code;
    act->note = note;
}


void
convrelay_session_no_memory(convrelay_session_t *s, convrelay_actions_t *out)
{
    convrelay_session_close(s, out, 1011, "no memory");
}
