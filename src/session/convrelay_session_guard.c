
/*
 * Copyright (C) convrelay contributors
 *
 * The text of an answer in a location with tools: it is spoken, except calls in
 * disguise.
 */


#include "convrelay_session_tools.h"


static void convrelay_session_tools_leak(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


void
convrelay_session_tools_delta(convrelay_session_t *s,
    const convrelay_str_t *text, uint64_t now, convrelay_actions_t *out)
{
    int              rc;
    convrelay_str_t  piece;

    rc = convrelay_tool_guard_read(&s->tools->guard, &s->conf->shapes, text,
                                   &piece);

    if (rc == CONVRELAY_ERROR) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (piece.len) {
        convrelay_session_speech(s, &piece, now, out);
    }

    if (rc == CONVRELAY_DECLINED && s->turn != CONVRELAY_TURN_IDLE) {
        convrelay_session_tools_leak(s, now, out);
    }
}


void
convrelay_session_tools_answered(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_str_t             rest;
    convrelay_session_tools_t  *t;

    t = s->tools;

    convrelay_tool_guard_end(&t->guard, &rest);

    if (rest.len) {
        convrelay_session_speech(s, &rest, now, out);
    }
}


/* a call was found in the text, while the turn runs */

static void
convrelay_session_tools_leak(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_session_tools_t  *t;

    t = s->tools;

    convrelay_session_tools_leaked(s, out);

    if (s->words || t->retried) {
        return;
    }

    t->retried = 1;

    convrelay_tool_guard_free(&t->guard);

    convrelay_session_act(out, CONVRELAY_ACT_CANCEL);
    convrelay_session_again(s, now, out);
}


void
convrelay_session_tools_leaked(convrelay_session_t *s,
    convrelay_actions_t *out)
{
    s->leaks++;

    if (!s->tools->leak_logged) {
        s->tools->leak_logged = 1;
        convrelay_session_note(out, CONVRELAY_LOG_ERR,
                               "LLM wrote a tool call into its text, which is "
                               "not spoken", NULL);
    }

    if (s->turn == CONVRELAY_TURN_SPEAKING && s->hedge == 0) {
        s->answer.altered = 1;
    }
}
