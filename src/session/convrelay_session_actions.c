
/*
 * Copyright (C) convrelay contributors
 *
 * Moments for which actions are configured, the actions, and the end.
 * An event is a question to the caller of this room, which knows what is
 * configured; its answer comes back at once.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


/* ms that reports of the last words may be late */
#define CONVRELAY_SESSION_REPORT_TIME  2000

/* ms that Twilio has for closing after an end; it needs 90 */
#define CONVRELAY_SESSION_CLOSE_TIME   10000

/* bytes of an answer that another saying continues */
#define CONVRELAY_SESSION_MAX_JOINED   8192


static int convrelay_session_said(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out);
static unsigned convrelay_session_joins(const convrelay_session_t *s,
    const convrelay_str_t *text, unsigned aside);
static int convrelay_session_switch(convrelay_session_t *s,
    const convrelay_relay_out_t *m, convrelay_actions_t *out);
static int convrelay_session_end(convrelay_session_t *s,
    const convrelay_str_t *handoff, uint64_t now, convrelay_actions_t *out);
static uint64_t convrelay_session_patience(convrelay_session_t *s,
    uint64_t now);


void
convrelay_session_perform(convrelay_session_t *s,
    const convrelay_relay_out_t *m, uint64_t now, convrelay_actions_t *out)
{
    int  rc;

    out->nactions = 0;

    if (s->closed || s->ending || !s->ready) {
        return;
    }

    rc = CONVRELAY_OK;

    if (s->event == CONVRELAY_EVENT_DTMF && !s->overtaken) {
        convrelay_session_cancel(s, out);
    }

    s->message = *m;

    switch (m->type) {

    case CONVRELAY_RELAY_OUT_TEXT:
        rc = convrelay_session_said(s, m, now, out);
        break;

    case CONVRELAY_RELAY_OUT_LANGUAGE:
        rc = convrelay_session_switch(s, m, out);
        break;

    case CONVRELAY_RELAY_OUT_END:
        rc = convrelay_session_end(s, &m->text, now, out);
        break;

    case CONVRELAY_RELAY_OUT_PLAY:
        s->playing = 1;
        s->file_last = 1;
        s->tones_last = 0;
        convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = m;
        break;

    case CONVRELAY_RELAY_OUT_SEND_DIGITS:
        rc = convrelay_session_tones(s, &m->text);
        convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = m;
        break;

    case CONVRELAY_RELAY_OUT_RAW:
        convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = m;
        break;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
    }
}


static int
convrelay_session_said(convrelay_session_t *s, const convrelay_relay_out_t *m,
    uint64_t now, convrelay_actions_t *out)
{
    size_t               from, max;
    u_char               last;
    unsigned             aside;
    uint64_t             spoken;
    convrelay_str_t      text;
    convrelay_answer_t  *a;

    static const convrelay_str_t  blank = convrelay_string(" ");

    text = m->text;

    if (text.len == 0) {
        return CONVRELAY_OK;
    }

    s->tones_last = 0;

    a = &s->answer;
    max = s->conf->max_answer;
    aside = (s->event == CONVRELAY_EVENT_LLM_FAILED);

    if (s->running && max && (s->sent ? a->len : 0) + text.len + 1 > max) {
        convrelay_session_cancel(s, out);
    }

    if (s->running && !s->sent) {
        convrelay_session_answer_reset(s, CONVRELAY_ANSWER_RUNNING, now);
        s->sent = 1;

    } else if (!s->running && !convrelay_session_joins(s, &text, aside)) {
        spoken = convrelay_session_spoken(s);
        convrelay_session_answer_reset(s, CONVRELAY_ANSWER_ENDED,
                                       (spoken > now) ? spoken : now);

    } else {
        convrelay_session_speak_on(s, now);
    }

    from = a->len;

    if (from) {
        last = a->message->text[from - 1];

        if (last > ' ' && text.data[0] > ' ') {

            if (convrelay_session_answer_add(s, &blank) != CONVRELAY_OK) {
                return CONVRELAY_ERROR;
            }

            /* heard as one only where it is sent as one */

            from += !s->running;
        }
    }

    if (convrelay_session_answer_add(s, &text) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    s->message.text.data = a->message->text + from;
    s->message.text.len = a->len - from;
    s->message.last = !s->running;

    convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = &s->message;

    if (s->running) {
        return CONVRELAY_OK;
    }

    if (aside) {
        a->aside = a->len - a->kept;
        return CONVRELAY_OK;
    }

    convrelay_session_answer_store(s, a->len);

    return CONVRELAY_OK;
}


/* true where no word of the caller is between the answer and the text */

static unsigned
convrelay_session_joins(const convrelay_session_t *s,
    const convrelay_str_t *text, unsigned aside)
{
    const convrelay_answer_t  *a;

    a = &s->answer;

    if (a->state != CONVRELAY_ANSWER_ENDED || a->len == 0
        || a->len + text->len > CONVRELAY_SESSION_MAX_JOINED)
    {
        return 0;
    }

    if (a->aside) {
        return aside;
    }

    return s->history.last == a->message;
}


static int
convrelay_session_switch(convrelay_session_t *s,
    const convrelay_relay_out_t *m, convrelay_actions_t *out)
{
    convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = m;

    return convrelay_session_set_lang(s, m->lang.len ? &m->lang : &m->text);
}


static int
convrelay_session_end(convrelay_session_t *s, const convrelay_str_t *handoff,
    uint64_t now, convrelay_actions_t *out)
{
    uint64_t  wait;

    convrelay_session_cancel(s, out);

    if (handoff->len) {
        s->handoff.data = malloc(handoff->len);
        if (s->handoff.data == NULL) {
            return CONVRELAY_ERROR;
        }

        memcpy(s->handoff.data, handoff->data, handoff->len);
        s->handoff.len = handoff->len;
    }

    s->ending = 1;
    s->digits_at = 0;
    s->settling = 0;

    wait = convrelay_session_patience(s, now);

    if (wait == 0) {
        convrelay_session_finish(s, now, out);
        return CONVRELAY_OK;
    }

    s->end_at = now + wait;

    return CONVRELAY_OK;
}


/* how long the end waits, at most */

static uint64_t
convrelay_session_patience(convrelay_session_t *s, uint64_t now)
{
    uint64_t  left, spoken;

    s->off_from = now;

    if (s->playing) {
        return s->conf->end_timeout;
    }

    spoken = convrelay_session_heard_all(s) ? 0 : convrelay_session_spoken(s);
    left = (spoken > now) ? spoken - now : 0;
    left += s->after;

    s->off_from += left / 3;

    if (left && (s->events || s->speaker)) {
        left += left / 2 + CONVRELAY_SESSION_REPORT_TIME;
    }

    return (left < s->conf->end_timeout) ? left : s->conf->end_timeout;
}


void
convrelay_session_finish(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->ended) {
        return;
    }

    s->ended = 1;
    s->end_at = now + CONVRELAY_SESSION_CLOSE_TIME;

    memset(&s->message, 0, sizeof(convrelay_relay_out_t));

    s->message.type = CONVRELAY_RELAY_OUT_END;
    s->message.text = s->handoff;

    convrelay_session_act(out, CONVRELAY_ACT_SEND)->message = &s->message;
}


void
convrelay_session_event_done(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    int                rc;
    unsigned           overtaken;
    convrelay_event_e  event;

    static const convrelay_str_t  none = convrelay_null_string;

    event = s->event;
    overtaken = s->overtaken;
    s->event = CONVRELAY_EVENT_NONE;

    out->nactions = 0;
    rc = CONVRELAY_OK;

    if (event == CONVRELAY_EVENT_DTMF) {
        convrelay_session_forget(s);
    }

    if (s->closed || s->ending) {
        return;
    }

    if (event == CONVRELAY_EVENT_DTMF && !overtaken) {
        convrelay_session_cancel(s, out);

    } else if (event == CONVRELAY_EVENT_CALL_TOO_LONG) {
        rc = convrelay_session_end(s, &none, now, out);
    }

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
    }
}


void
convrelay_session_event_declined(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_actions_t *out)
{
    convrelay_event_e  event;

    event = s->event;
    s->event = CONVRELAY_EVENT_NONE;

    out->nactions = 0;

    if (event == CONVRELAY_EVENT_DTMF) {
        convrelay_session_forget(s);
    }

    if (s->closed || s->ending) {
        return;
    }

    if (event == CONVRELAY_EVENT_DTMF) {

        if (text->len == 0) {
            return;
        }

        convrelay_session_cancel(s, out);

        if (convrelay_session_ask(s, text) != CONVRELAY_OK) {
            convrelay_session_no_memory(s, out);
            return;
        }

    } else if (event != CONVRELAY_EVENT_PROMPT) {
        return;
    }

    convrelay_session_start(s, out);
}
