
/*
 * Copyright (C) convrelay contributors
 *
 * Keys: they are collected to an entry, which a terminator, a number of keys
 * or a pause ends.
 */


#include "convrelay_session_parts.h"


/* ms from a key to the interrupt that it causes, at most */
#define CONVRELAY_SESSION_SETTLE_TIME  250


static void convrelay_session_next_key(convrelay_session_t *s, u_char key,
    uint64_t now, convrelay_actions_t *out);
static unsigned convrelay_session_cuttable(const convrelay_session_t *s,
    uint64_t now);


void
convrelay_session_key(convrelay_session_t *s, const convrelay_str_t *digit,
    uint64_t now, convrelay_actions_t *out)
{
    u_char    key;
    unsigned  late;

    if (s->state != CONVRELAY_SESSION_OPEN || s->conf->dtmf_max == 0
        || digit->len == 0)
    {
        return;
    }

    key = digit->data[0];
    late = (key == s->conf->dtmf_terminator && now < s->terminator_until);

    s->terminator_until = 0;

    if (s->keys_complete || late) {
        return;
    }

    s->repeat_until = 0;

    if (s->prompt_is_newer && s->deadlines[CONVRELAY_DEADLINE_KEYS]) {
        convrelay_session_next_key(s, key, now, out);
        return;
    }

    s->prompt_is_newer = 0;
    s->digits.data = s->keys;

    /* a terminator alone is an entry, too */

    if (key != s->conf->dtmf_terminator || s->digits.len == 0) {
        s->keys[s->digits.len++] = key;
    }

    if (key != s->conf->dtmf_terminator
        && s->digits.len < s->conf->dtmf_max
        && s->digits.len < CONVRELAY_SESSION_MAX_DIGITS)
    {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now,
                               s->conf->dtmf_pause);
        return;
    }

    if (key != s->conf->dtmf_terminator) {
        s->terminator_until = now + s->conf->dtmf_pause;
    }

    /* Twilio tells the key first, then what it cut: that has to be told apart
       from an interrupt of the answer to the key */

    if (convrelay_session_cuttable(s, now)) {
        s->keys_complete = 1;
        convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now,
                               CONVRELAY_SESSION_SETTLE_TIME);
        return;
    }

    convrelay_session_keys_end(s, out);
}


/* a prompt has ended the entry: its event is first, then the key is another */

static void
convrelay_session_next_key(convrelay_session_t *s, u_char key, uint64_t now,
    convrelay_actions_t *out)
{
    /* what is open to more keys has room */

    s->keys[s->digits.len] = key;
    s->next_key = 1;

    if (key != s->conf->dtmf_terminator) {
        convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now,
                               s->conf->dtmf_pause);

    } else {

        /* complete as it is, but there is one event at a time */

        s->keys_complete = 1;

        convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now,
                               convrelay_session_cuttable(s, now)
                               ? CONVRELAY_SESSION_SETTLE_TIME : 0);
    }

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_DTMF, NULL, out);
}


/* true where a key may have cut an answer: an interrupt may follow it */

static unsigned
convrelay_session_cuttable(const convrelay_session_t *s, uint64_t now)
{
    return convrelay_session_spoken_until(s) > now
           && !convrelay_session_heard_all(s);
}


void
convrelay_session_keys_end(convrelay_session_t *s, convrelay_actions_t *out)
{
    s->keys_complete = 0;
    s->deadlines[CONVRELAY_DEADLINE_KEYS] = 0;

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_DTMF, NULL, out);
}


void
convrelay_session_keys_done(convrelay_session_t *s)
{
    u_char  key;

    key = s->next_key ? s->keys[s->digits.len] : '\0';

    memset(s->keys, 0, sizeof(s->keys));

    s->digits.len = 0;

    if (s->next_key && s->state == CONVRELAY_SESSION_OPEN) {
        s->keys[s->digits.len++] = key;
        s->prompt_is_newer = 0;
    }

    s->next_key = 0;
}
