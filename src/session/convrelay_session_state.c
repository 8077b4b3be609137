
/*
 * Copyright (C) convrelay contributors
 *
 * The state of a call, and the deadlines that it sets.
 */


#include "convrelay_session_parts.h"


void
convrelay_session_wait(convrelay_session_t *s, convrelay_deadline_e deadline,
    uint64_t now, uint64_t ms)
{
    s->deadlines[deadline] = convrelay_session_time(s, now + ms);
}


void
convrelay_session_wait_age(convrelay_session_t *s,
    convrelay_deadline_e deadline, uint64_t now, uint64_t ms)
{
    uint32_t  age;

    age = now - s->began;

    if (ms >= age) {
        convrelay_session_wait(s, deadline, now, ms - age);

    } else {

        /* the call may be older than the clock */

        convrelay_session_wait(s, deadline,
                               (now > age - ms) ? now - (age - ms) : 1, 0);
    }
}


void
convrelay_session_enter(convrelay_session_t *s,
    convrelay_session_state_e state)
{
    s->state = state;

    if (state == CONVRELAY_SESSION_OPEN || state == CONVRELAY_SESSION_WAITING)
    {
        s->deadlines[CONVRELAY_DEADLINE_SETUP] = 0;
        return;
    }

    s->turn = CONVRELAY_TURN_IDLE;
    s->hedge = 0;

    memset(s->deadlines, 0, sizeof(s->deadlines));
}
