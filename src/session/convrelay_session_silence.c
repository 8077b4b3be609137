
/*
 * Copyright (C) convrelay contributors
 *
 * The caller's silence: counted from the end of the last words, while nobody
 * speaks and neither the LLM nor a tool is working.  Each stage is an event.
 */


#include <stdio.h>

#include "convrelay_session_parts.h"
#include "convrelay_session_tools.h"


static unsigned convrelay_session_tools_work(const convrelay_session_t *s);
static void convrelay_session_stage(convrelay_session_t *s, unsigned stage,
    uint64_t now, convrelay_actions_t *out);


void
convrelay_session_hold(convrelay_session_t *s, uint64_t ms, uint64_t now)
{
    if (s->state == CONVRELAY_SESSION_OPEN) {
        s->silence.hold_until = convrelay_session_time(s, now + ms);
    }
}


void
convrelay_session_silence_wait(convrelay_session_t *s)
{
    uint64_t                         from;
    const convrelay_session_conf_t  *conf;

    conf = s->conf;

    s->deadlines[CONVRELAY_DEADLINE_SILENCE] = 0;
    s->deadlines[CONVRELAY_DEADLINE_IDLE] = 0;

    if (convrelay_session_paused(s) || convrelay_session_prompt_waits(s)) {

        if (s->state == CONVRELAY_SESSION_OPEN) {
            s->deadlines[CONVRELAY_DEADLINE_SILENCE] =
                convrelay_session_time(s, s->pause->until);
        }

        return;
    }

    convrelay_session_filler_wait(s);

    if (conf->nsilence == 0 || s->state != CONVRELAY_SESSION_OPEN
        || s->turn != CONVRELAY_TURN_IDLE
        || convrelay_session_tools_work(s))
    {
        return;
    }

    from = convrelay_session_later(convrelay_session_words_until(s),
                           convrelay_session_ms(s, s->silence.hold_until));

    if (conf->max_idle_time) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_IDLE,
            convrelay_session_later(
                convrelay_session_ms(s, s->silence.idle_since), from),
            conf->max_idle_time);
    }

    if (s->silence.stage == conf->nsilence
        || !convrelay_session_is_quiet(s))
    {
        return;
    }

    convrelay_session_wait(s, CONVRELAY_DEADLINE_SILENCE,
        convrelay_session_later(convrelay_session_ms(s, s->silence.since),
                                from),
        conf->silence[s->silence.stage]);
}


/* true while a location is asked; actions alone wait for the next turn */

static unsigned
convrelay_session_tools_work(const convrelay_session_t *s)
{
    const convrelay_tool_run_t  *run;

    for (run = s->tools ? s->tools->runs : NULL; run; run = run->next) {

        if (!run->acts) {
            return 1;
        }
    }

    return 0;
}


void
convrelay_session_silence(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (convrelay_session_filler_waits(s)) {
        convrelay_session_filler_clock(s, now, out);
        return;
    }

    convrelay_session_stage(s, s->silence.stage + 1, now, out);
}


void
convrelay_session_idle(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    s->silence.idle_since = convrelay_session_time(s, now);

    convrelay_session_note(out, CONVRELAY_LOG_WARN,
                           "caller was neither heard nor pressed a key for "
                           "convrelay_max_idle_time", NULL);

    convrelay_session_stage(s, s->conf->nsilence, now, out);
}


static void
convrelay_session_stage(convrelay_session_t *s, unsigned stage, uint64_t now,
    convrelay_actions_t *out)
{
    char             buf[16];
    convrelay_str_t  text;

    s->silence.stage = stage;
    s->silence.since = convrelay_session_time(s, now);

    if (!convrelay_session_has_rule(s, CONVRELAY_TRIGGER_SILENCE)) {
        return;
    }

    text.data = (u_char *) buf;
    text.len = snprintf(buf, sizeof(buf), "%u", stage);

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_SILENCE, &text, out);
}
