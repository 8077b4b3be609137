
/*
 * Copyright (C) convrelay contributors
 *
 * Acts on keys: convrelay_keys.c collects them into entries, whose event is
 * handled here.
 */


#include "convrelay_session_parts.h"


static unsigned convrelay_session_cuttable(const convrelay_session_t *s,
    uint64_t now);


void
convrelay_session_key(convrelay_session_t *s, const convrelay_str_t *digit,
    uint64_t now, convrelay_actions_t *out)
{
    uint64_t         wait;
    unsigned         cut;
    convrelay_key_e  key;

    if (s->state != CONVRELAY_SESSION_OPEN || digit->len == 0) {
        return;
    }

    convrelay_session_stir(s, now);
    s->silence.idle_since = convrelay_session_time(s, now);

    cut = 0;

    if (s->conf->pause) {

        if (convrelay_session_pause_block(s) == NULL) {
            convrelay_session_no_memory(s, out);
            return;
        }

        s->pause->key_at = now;

        if (s->pause->waiting) {
            cut = 1;
            convrelay_session_pause_drop(s, out);

            if (s->tools) {
                convrelay_session_tools_interrupt(s, 0, 0, now, out);
            }

            if (s->state == CONVRELAY_SESSION_CLOSED) {
                return;
            }
        }
    }

    key = convrelay_keys_press(&s->keys, &s->conf->keys, digit->data[0], now);

    if (key == CONVRELAY_KEY_ERROR) {
        convrelay_session_no_memory(s, out);
        return;
    }

    /* the entry's event takes the place of the interruption's */

    cut = (cut && convrelay_session_has_rule(s, CONVRELAY_TRIGGER_INTERRUPT));

    if (key == CONVRELAY_KEY_IGNORED) {

        if (cut) {
            convrelay_session_trigger(s, CONVRELAY_TRIGGER_INTERRUPT, NULL,
                                      out);
        }

        return;
    }

    s->repeat_until = 0;

    /* Twilio reports the key first, then the interrupt that it caused, which
       must not be taken for an interrupt of the answer to the key */

    wait = (key == CONVRELAY_KEY_TAKEN) ? s->conf->keys.pause
           : convrelay_session_cuttable(s, now) ? CONVRELAY_SESSION_SETTLE_TIME
                                                : 0;

    if (wait == 0 && !s->keys.has_next) {
        convrelay_session_keys_end(s, out);
        return;
    }

    convrelay_session_wait(s, CONVRELAY_DEADLINE_KEYS, now, wait);

    /* two entries cannot trigger at once: report the first one now */

    if (s->keys.has_next) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_DTMF, NULL, out);

    } else if (cut) {
        convrelay_session_trigger(s, CONVRELAY_TRIGGER_INTERRUPT, NULL, out);
    }
}


/* true if a key may have cut an answer, so that an interrupt may follow */

static unsigned
convrelay_session_cuttable(const convrelay_session_t *s, uint64_t now)
{
    return convrelay_session_unheard_until(s, now) > now;
}


void
convrelay_session_keys_end(convrelay_session_t *s, convrelay_actions_t *out)
{
    s->deadlines[CONVRELAY_DEADLINE_KEYS] = 0;

    convrelay_keys_report(&s->keys);

    convrelay_session_trigger(s, CONVRELAY_TRIGGER_DTMF, NULL, out);
}


convrelay_str_t
convrelay_session_digits(const convrelay_session_t *s)
{
    convrelay_str_t  digits;

    digits.data = s->keys.data ? s->keys.data->keys : NULL;
    digits.len = s->keys.n;

    return digits;
}
