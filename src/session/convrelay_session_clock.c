
/*
 * Copyright (C) convrelay contributors
 *
 * The deadlines of a call, one case for each, and the rate of its turns.
 */


#include "convrelay_session_parts.h"


static convrelay_deadline_e convrelay_session_next(
    const convrelay_session_t *s);
static void convrelay_session_no_setup(convrelay_session_t *s, uint64_t late,
    uint64_t now, convrelay_actions_t *out);
static void convrelay_session_call_too_long(convrelay_session_t *s,
    uint64_t age, convrelay_actions_t *out);
static void convrelay_session_call_time(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);


uint64_t
convrelay_session_deadline(convrelay_session_t *s)
{
    convrelay_deadline_e  next;

    convrelay_session_silence_wait(s);

    next = convrelay_session_next(s);

    return (next < CONVRELAY_DEADLINES) ? convrelay_session_until(s, next) : 0;
}


/*
 * The earliest deadline, and the first of equal ones; CONVRELAY_DEADLINES: none
 * is set.  Before the call begins, only its length counts: events have to wait.
 */

static convrelay_deadline_e
convrelay_session_next(const convrelay_session_t *s)
{
    uint64_t              min;
    convrelay_deadline_e  i, next;

    if (s->state == CONVRELAY_SESSION_WAITING) {
        return CONVRELAY_DEADLINE_CALL;
    }

    next = CONVRELAY_DEADLINES;
    min = UINT64_MAX;

    for (i = 0; i < CONVRELAY_DEADLINES; i++) {

        if (s->deadlines[i] && s->deadlines[i] < min) {
            min = s->deadlines[i];
            next = i;
        }
    }

    return next;
}


void
convrelay_session_clock(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    uint64_t              late;
    convrelay_deadline_e  next;

    convrelay_session_silence_wait(s);

    next = convrelay_session_next(s);

    if (next == CONVRELAY_DEADLINES
        || now < convrelay_session_until(s, next))
    {
        return;
    }

    late = now - convrelay_session_until(s, next);
    s->deadlines[next] = 0;

    switch (next) {

    case CONVRELAY_DEADLINE_SETUP:
        convrelay_session_no_setup(s, late, now, out);
        break;

    case CONVRELAY_DEADLINE_CALL:
        convrelay_session_call_too_long(s, (uint32_t) (now - s->began), out);
        break;

    case CONVRELAY_DEADLINE_ANSWER:
        convrelay_session_turn_late(s, now, out);
        break;

    case CONVRELAY_DEADLINE_TOKEN:
        convrelay_session_turn_mute(s, now, out);
        break;

    case CONVRELAY_DEADLINE_HEDGE:
        convrelay_session_hedge(s, now, out);
        break;

    case CONVRELAY_DEADLINE_SPEECH:
        convrelay_session_speech_clock(s, now, out);
        break;

    case CONVRELAY_DEADLINE_TOOLS:
        convrelay_session_tools_clock(s, now, out);
        break;

    case CONVRELAY_DEADLINE_KEYS:
        convrelay_session_keys_end(s, out);
        break;

    case CONVRELAY_DEADLINE_SILENCE:

        if (convrelay_session_paused(s)) {
            convrelay_session_pause_clock(s, now, out);

        } else if (convrelay_session_prompt_waits(s)) {
            convrelay_session_prompt_due(s, now, out);

        } else {
            convrelay_session_silence(s, now, out);
        }

        break;

    case CONVRELAY_DEADLINE_IDLE:
        convrelay_session_idle(s, now, out);
        break;

    case CONVRELAY_DEADLINE_CALL_TIME:
        convrelay_session_call_time(s, now, out);
        break;

    case CONVRELAY_DEADLINE_END:

        if (!convrelay_session_words_come(s, now)) {
            convrelay_session_send_end(s, now, out);
        }

        break;

    case CONVRELAY_DEADLINE_CLOSE:
        convrelay_session_close(s, out, 1000, "call has ended");
        break;

    case CONVRELAY_DEADLINES:
        break;
    }
}


static void
convrelay_session_no_setup(convrelay_session_t *s, uint64_t late,
    uint64_t now, convrelay_actions_t *out)
{
    static const convrelay_str_t  none = convrelay_null_string;

    if (s->bare) {
        convrelay_session_note(out, CONVRELAY_LOG_WARN,
                               "client sent no setup message, and its URL "
                               "names no call: the call begins without its "
                               "history", NULL);
        convrelay_session_begin(s, &none, &none, now, out);
        return;
    }

    convrelay_session_log(out, CONVRELAY_LOG_INFO, "no setup message",
                          "client sent no setup message for %llu ms, limit is "
                          "%llu ms, closing",
                          (unsigned long long) (s->conf->setup_timeout + late),
                          (unsigned long long) s->conf->setup_timeout);

    convrelay_session_close_logged(s, out, 1008, "no setup message");
}


static void
convrelay_session_call_too_long(convrelay_session_t *s, uint64_t age,
    convrelay_actions_t *out)
{
    convrelay_session_log(out, CONVRELAY_LOG_WARN, "call is too long",
                          "call is %llu ms long, limit is %llu ms, closing",
                          (unsigned long long) age, (unsigned long long)
                          convrelay_session_max_time(s));

    if (s->state < CONVRELAY_SESSION_OPEN
        || !convrelay_session_has_rule(s, CONVRELAY_TRIGGER_CALL_TOO_LONG))
    {
        convrelay_session_close_logged(s, out, 1000, "call is too long");
        return;
    }

    convrelay_session_cancel(s, out);

    if (s->state != CONVRELAY_SESSION_CLOSED) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_CALL_TOO_LONG, NULL,
                                  out);
    }
}


/* a time of the call is an event; sets the deadline for the next one */

static void
convrelay_session_call_time(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    const convrelay_session_time_t  *time;

    /* what is said then would be said in the middle of an answer */

    if (convrelay_session_paused(s)) {
        s->deadlines[CONVRELAY_DEADLINE_CALL_TIME] =
            convrelay_session_time(s, s->pause->until);
        return;
    }

    time = &s->conf->call_times[s->call_time++];
    s->version++;

    if (s->call_time < s->conf->ncall_times) {
        convrelay_session_wait_age(s, CONVRELAY_DEADLINE_CALL_TIME, now,
                                   time[1].ms);
    }

    if (s->state == CONVRELAY_SESSION_OPEN
        && convrelay_session_has_rule(s, CONVRELAY_TRIGGER_CALL_TIME))
    {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_CALL_TIME, &time->name,
                                  out);
    }
}
