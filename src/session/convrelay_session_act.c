
/*
 * Copyright (C) convrelay contributors
 *
 * What an event leads to: the list of actions, and its entries.
 */


#include "convrelay_session_parts.h"


convrelay_action_t *
convrelay_session_act(convrelay_actions_t *out, convrelay_act_e type)
{
    convrelay_action_t  *act;

    act = &out->actions[out->nactions++];

    memset(act, 0, sizeof(convrelay_action_t));
    act->type = type;

    return act;
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
convrelay_session_text(convrelay_actions_t *out, const convrelay_str_t *text)
{
    convrelay_session_act(out, CONVRELAY_ACT_TEXT)->text = *text;
}


void
convrelay_session_text_last(convrelay_actions_t *out)
{
    convrelay_session_act(out, CONVRELAY_ACT_TEXT)->last = 1;
}


void
convrelay_session_close(convrelay_session_t *s, convrelay_actions_t *out,
    unsigned code, const char *note)
{
    convrelay_action_t  *act;

    s->closed = 1;
    s->turn_running = 0;
    s->keys_deadline = 0;
    s->end_deadline = 0;

    act = convrelay_session_act(out, CONVRELAY_ACT_CLOSE);
    act->code = code;
    act->note = note;
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
    convrelay_action_t  *act;

    s->trigger = trigger;

    act = convrelay_session_act(out, CONVRELAY_ACT_TRIGGER);
    act->code = trigger;

    if (text) {
        act->text = *text;
    }
}
