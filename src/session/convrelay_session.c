
/*
 * Copyright (C) convrelay contributors
 *
 * The events of a call, except those of a turn.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_utf8.h"


/* ms between two errors from Twilio that are events: an action may cause the
   next one */
#define CONVRELAY_SESSION_ERROR_TIME   5000


static void convrelay_session_error(convrelay_session_t *s,
    const convrelay_relay_error_t *error, uint64_t now,
    convrelay_actions_t *out);
static void convrelay_session_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_actions_t *out);


void
convrelay_session_init(convrelay_session_t *s,
    const convrelay_session_conf_t *conf, uint64_t now)
{
    memset(s, 0, sizeof(convrelay_session_t));

    s->conf = conf;
    s->epoch = now - CONVRELAY_SESSION_MAX_PAST - 1;
    s->first_token = -1;
    s->history.max_messages = (conf->max_history_messages < UINT32_MAX)
                              ? conf->max_history_messages : 0;
    s->history.max_bytes = conf->max_history_bytes;
    s->turn_rate.at = now;
    s->began = now;

    if (conf->setup_timeout) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_SETUP, now,
                               conf->setup_timeout);
    }

    convrelay_session_wait(s, CONVRELAY_DEADLINE_CALL, now,
                           convrelay_session_max_time(s));

    if (conf->ncall_times) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_CALL_TIME, now,
                               conf->call_times[0].ms);
    }
}


void
convrelay_session_over(convrelay_session_t *s)
{
    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_NONE, 0);
    convrelay_session_tools_free(s);
    convrelay_session_speech_drop(s);
    convrelay_history_free(&s->history);
    convrelay_playback_free(&s->playback);
    convrelay_keys_free(&s->keys);
    convrelay_session_filler_over(s);
    convrelay_session_pause_free(s, 0);

    if (s->texts) {
        free(s->texts->question.data);
        free(s->texts->handoff.data);
        free(s->texts->lost.data);
        free(s->texts);
    }

    s->texts = NULL;
    s->prompt = NULL;

    convrelay_session_enter(s, CONVRELAY_SESSION_CLOSED);
}


void
convrelay_session_free(convrelay_session_t *s)
{
    convrelay_session_over(s);
    convrelay_session_filler_free(s);
    convrelay_session_pause_free(s, 1);

    free(s->latency);
    free(s->parameters);
    free(s->setup_data);
    free(s->lang.data);

    memset(s, 0, sizeof(convrelay_session_t));

    s->first_token = -1;
    s->state = CONVRELAY_SESSION_CLOSED;
}


void
convrelay_session_message(convrelay_session_t *s,
    const convrelay_relay_message_t *m, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->state == CONVRELAY_SESSION_CLOSED
        || s->state == CONVRELAY_SESSION_GONE
        || s->state == CONVRELAY_SESSION_WAITING)
    {
        return;
    }

    switch (m->type) {

    case CONVRELAY_RELAY_SETUP:

        if (s->state == CONVRELAY_SESSION_NEW) {
            s->bare = 0;
        }

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
convrelay_session_error(convrelay_session_t *s,
    const convrelay_relay_error_t *error, uint64_t now,
    convrelay_actions_t *out)
{
    char             buf[16];
    convrelay_str_t  code;

    /* the description repeats what was said: log only the code */

    code.data = (u_char *) buf;
    code.len = error->code ? snprintf(buf, sizeof(buf), "%d", error->code)
                           : 0;

    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "client reported an error", &code);

    if (s->state != CONVRELAY_SESSION_OPEN
        || now < convrelay_session_ms(s, s->error_ignored_until)
        || !convrelay_session_has_rule(s, CONVRELAY_TRIGGER_ERROR))
    {
        return;
    }

    s->error_ignored_until =
        convrelay_session_time(s, now + CONVRELAY_SESSION_ERROR_TIME);

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_ERROR, NULL, out);
}


static void
convrelay_session_unknown(convrelay_session_t *s,
    const convrelay_str_t *name, convrelay_actions_t *out)
{
    convrelay_str_t  type;

    if (s->unknown_logged) {
        return;
    }

    s->unknown_logged = 1;

    type.data = name->data;
    type.len = convrelay_utf8_fit(name->data, name->len,
                                  CONVRELAY_SESSION_MAX_DETAIL);

    convrelay_session_note(out, CONVRELAY_LOG_INFO,
                           "client sent a message of unknown type", &type);
}
