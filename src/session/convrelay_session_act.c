
/*
 * Copyright (C) convrelay contributors
 *
 * Hands out the actions of an event.
 */


#include <stdarg.h>
#include <stdio.h>

#include "convrelay_session_parts.h"


/* ms that Twilio has to close after an end; it needs 90 */
#define CONVRELAY_SESSION_CLOSE_TIME   10000


static void convrelay_session_close_call(convrelay_session_t *s,
    convrelay_actions_t *out, unsigned code, const char *note,
    unsigned logged);


void
convrelay_session_act(convrelay_actions_t *out, convrelay_act_e type)
{
    convrelay_session_act_note(out, type, NULL);
}


void
convrelay_session_act_note(convrelay_actions_t *out, convrelay_act_e type,
    const char *note)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = type;
    a.note = note;

    out->act(out, &a);
}


void
convrelay_session_send(convrelay_actions_t *out,
    const convrelay_relay_out_t *message)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_SEND;
    a.message = message;

    out->act(out, &a);
}


void
convrelay_session_note(convrelay_actions_t *out, convrelay_log_e level,
    const char *note, const convrelay_str_t *detail)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_LOG;
    a.level = level;
    a.note = note;

    if (detail) {
        a.text = *detail;
    }

    out->act(out, &a);
}


void
convrelay_session_text(convrelay_actions_t *out, const convrelay_str_t *text)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_TEXT;
    a.text = *text;

    out->act(out, &a);
}


void
convrelay_session_text_last(convrelay_actions_t *out)
{
    convrelay_action_t  a;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_TEXT;
    a.last = 1;

    out->act(out, &a);
}


void
convrelay_session_log(convrelay_actions_t *out, convrelay_log_e level,
    const char *kind, const char *fmt, ...)
{
    int                 n;
    char                line[256];
    va_list             args;
    convrelay_action_t  a;

    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_LOG;
    a.level = level;
    a.note = kind;
    a.line.data = (u_char *) line;
    a.line.len = (n < (int) sizeof(line)) ? n : (int) sizeof(line) - 1;

    out->act(out, &a);
}


void
convrelay_session_send_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_relay_out_t  end;

    if (s->state != CONVRELAY_SESSION_ENDING) {
        return;
    }

    convrelay_session_enter(s, CONVRELAY_SESSION_ENDED);
    convrelay_session_wait(s, CONVRELAY_DEADLINE_CLOSE, now,
                           CONVRELAY_SESSION_CLOSE_TIME);

    memset(&end, 0, sizeof(convrelay_relay_out_t));

    end.type = CONVRELAY_RELAY_OUT_END;

    if (s->texts) {
        end.text = s->texts->handoff;
    }

    convrelay_session_send(out, &end);
}


void
convrelay_session_close(convrelay_session_t *s, convrelay_actions_t *out,
    unsigned code, const char *note)
{
    convrelay_session_close_call(s, out, code, note, 0);
}


void
convrelay_session_close_logged(convrelay_session_t *s,
    convrelay_actions_t *out, unsigned code, const char *note)
{
    convrelay_session_close_call(s, out, code, note, 1);
}


static void
convrelay_session_close_call(convrelay_session_t *s, convrelay_actions_t *out,
    unsigned code, const char *note, unsigned logged)
{
    convrelay_action_t  a;

    convrelay_session_enter(s, CONVRELAY_SESSION_CLOSED);

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_CLOSE;
    a.code = code;
    a.note = note;
    a.logged = logged;

    out->act(out, &a);
}


void
convrelay_session_no_memory(convrelay_session_t *s, convrelay_actions_t *out)
{
    convrelay_session_close(s, out, 1011, "no memory");
}


void
convrelay_session_trigger(convrelay_session_t *s, convrelay_trigger_e trigger,
    const convrelay_str_t *text, convrelay_actions_t *out)
{
    convrelay_action_t  a;

    s->trigger = trigger;

    memset(&a, 0, sizeof(convrelay_action_t));

    a.type = CONVRELAY_ACT_TRIGGER;
    a.code = trigger;

    if (text) {
        a.text = *text;
    }

    out->act(out, &a);
}
