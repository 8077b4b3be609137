
/*
 * Copyright (C) convrelay contributors
 *
 * The setup message, and the earlier session and the context that may follow
 * it: the call begins, or goes on.
 */


#include "convrelay_session_parts.h"
#include "convrelay_state.h"


/* ms to wait for a setup message after another one */
#define CONVRELAY_SESSION_AWAIT_TIME  2000


static void convrelay_session_open(convrelay_session_t *s, uint64_t now);
static void convrelay_session_begun(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out);
static int convrelay_session_greeting(convrelay_session_t *s, uint64_t now);


void
convrelay_session_setup(convrelay_session_t *s,
    const convrelay_relay_setup_t *setup, uint64_t now,
    convrelay_actions_t *out)
{
    convrelay_relay_setup_t  first;

    if (s->state == CONVRELAY_SESSION_NEW) {

        if (convrelay_session_copy_setup(s, setup) != CONVRELAY_OK
            || convrelay_session_greeting(s, now) != CONVRELAY_OK)
        {
            convrelay_session_no_memory(s, out);
            return;
        }

        s->restoring = (s->conf->store && setup->call_sid.len);

        if (s->restoring || s->conf->context) {
            convrelay_session_enter(s, CONVRELAY_SESSION_WAITING);
            convrelay_session_act(out, CONVRELAY_ACT_SETUP);
            convrelay_session_act(out, s->restoring ? CONVRELAY_ACT_RESTORE
                                                    : CONVRELAY_ACT_CONTEXT);
            return;
        }

        convrelay_session_open(s, now);
        convrelay_session_act(out, CONVRELAY_ACT_SETUP);
        convrelay_session_begun(s, now, out);

        return;
    }

    convrelay_session_get_setup(s, &first);

    if (s->bare && first.call_sid.len == 0) {
        convrelay_session_note(out, CONVRELAY_LOG_INFO,
                               "client sent setup too late", NULL);
        return;
    }

    if (convrelay_str_equal(&setup->call_sid, &first.call_sid)) {
        convrelay_session_note(out, CONVRELAY_LOG_INFO,
                               "client sent setup again", NULL);
        return;
    }

    convrelay_session_close(s, out, 1008, "client sent setup of another call");
}


void
convrelay_session_begin(convrelay_session_t *s,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid,
    uint64_t now, convrelay_actions_t *out)
{
    convrelay_relay_setup_t  setup;

    if (s->state != CONVRELAY_SESSION_NEW) {
        return;
    }

    convrelay_session_get_setup(s, &setup);

    setup.account_sid = *account_sid;
    setup.call_sid = *call_sid;

    s->bare = 1;

    convrelay_session_setup(s, &setup, now, out);
}


void
convrelay_session_await_setup(convrelay_session_t *s,
    const convrelay_str_t *nonce, uint64_t now)
{
    uint64_t                 until;
    convrelay_relay_setup_t  setup;

    if (s->state != CONVRELAY_SESSION_NEW || s->bare) {
        return;
    }

    memset(&setup, 0, sizeof(convrelay_relay_setup_t));

    setup.nonce = *nonce;

    if (convrelay_session_copy_setup(s, &setup) != CONVRELAY_OK) {
        return;
    }

    s->bare = 1;

    until = convrelay_session_until(s, CONVRELAY_DEADLINE_SETUP);

    if (until == 0 || until > now + CONVRELAY_SESSION_AWAIT_TIME) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_SETUP, now,
                               CONVRELAY_SESSION_AWAIT_TIME);
    }
}


int
convrelay_session_restored(convrelay_session_t *s, u_char *data, size_t len,
    const convrelay_state_conf_t *conf, uint64_t now,
    convrelay_actions_t *out)
{
    int          rc;
    const char  *error;

    if (s->state != CONVRELAY_SESSION_WAITING || !s->restoring) {
        return CONVRELAY_OK;
    }

    if (data) {
        rc = convrelay_state_read(s, data, len, conf, now, &error);

        if (rc == CONVRELAY_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        if (rc == CONVRELAY_ERROR) {
            convrelay_session_no_memory(s, out);
            return CONVRELAY_OK;
        }

        if (rc == CONVRELAY_DECLINED) {
            convrelay_session_log(out, CONVRELAY_LOG_ERR,
                                  "state of the call cannot be used",
                                  "stored state of the call %s, the call "
                                  "starts without its history", error);
        }
    }

    s->restoring = 0;

    if (s->conf->context) {
        convrelay_session_act(out, CONVRELAY_ACT_CONTEXT);
        return CONVRELAY_OK;
    }

    convrelay_session_open(s, now);
    convrelay_session_begun(s, now, out);

    return CONVRELAY_OK;
}


void
convrelay_session_context_end(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    if (s->state != CONVRELAY_SESSION_WAITING || s->restoring) {
        return;
    }

    convrelay_session_open(s, now);
    convrelay_session_begun(s, now, out);
}


static void
convrelay_session_open(convrelay_session_t *s, uint64_t now)
{
    convrelay_session_enter(s, CONVRELAY_SESSION_OPEN);
    convrelay_session_stir(s, now);

    s->silence.idle_since = convrelay_session_time(s, now);
}


static void
convrelay_session_begun(convrelay_session_t *s, uint64_t now,
    convrelay_actions_t *out)
{
    s->version++;

    if (s->resumed) {

        if (convrelay_session_has_rule(s, CONVRELAY_TRIGGER_RESUME)) {
            convrelay_session_trigger(s, CONVRELAY_TRIGGER_RESUME, NULL, out);
            return;
        }

        convrelay_session_resume(s, now, out);
        return;
    }

    if (convrelay_session_has_rule(s, CONVRELAY_TRIGGER_SETUP)) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_SETUP, NULL, out);
    }
}


/* Twilio is speaking the greeting: it is the first answer */

static int
convrelay_session_greeting(convrelay_session_t *s, uint64_t now)
{
    const convrelay_str_t  *text;

    if (!s->conf->greeting) {
        return CONVRELAY_OK;
    }

    text = convrelay_session_parameter(s,
                                  (u_char *) CONVRELAY_SESSION_GREETING,
                                  sizeof(CONVRELAY_SESSION_GREETING) - 1);

    if (text == NULL || text->len == 0
        || text->len > CONVRELAY_SESSION_MAX_GREETING)
    {
        return CONVRELAY_OK;
    }

    convrelay_session_answer_reset(s, CONVRELAY_ANSWER_ENDED, now);

    if (convrelay_session_answer_add(s, text) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    convrelay_session_answer_store(s, s->answer.len);

    return CONVRELAY_OK;
}
