
/*
 * Copyright (C) convrelay contributors
 *
 * Keys that are sent to the other side (sendDigits).  Twilio queues them with
 * speech and files, and reports them as tokensPlayed, whose value is then the
 * digits.  Pauses ("w") do not count when the two are compared: whether the
 * report has them was never seen.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"


/* ms: sendDigits starts late; a key, a pause */
#define CONVRELAY_SESSION_TONES_TIME   2000
#define CONVRELAY_SESSION_TONE_TIME    200
#define CONVRELAY_SESSION_WAIT_TIME    500


static int convrelay_session_tones_equal(const convrelay_tones_t *tones,
    const convrelay_str_t *digits);


int
convrelay_session_tones(convrelay_session_t *s, const convrelay_str_t *digits)
{
    size_t              i;
    convrelay_tones_t  *tones;

    s->queued_time += CONVRELAY_SESSION_TONES_TIME;

    for (i = 0; i < digits->len; i++) {
        s->queued_time += (digits->data[i] == 'w')
                          ? CONVRELAY_SESSION_WAIT_TIME
                          : CONVRELAY_SESSION_TONE_TIME;
    }

    s->tones_last = (s->turn == CONVRELAY_TURN_IDLE);
    s->file_last = 0;

    if (s->tones && convrelay_session_tones_equal(s->tones, digits)) {
        s->tones->n++;
        return CONVRELAY_OK;
    }

    /* the report of the last keys is the one that counts */

    free(s->tones);

    tones = malloc(sizeof(convrelay_tones_t) + digits->len);

    s->tones = tones;

    if (tones == NULL) {
        return CONVRELAY_ERROR;
    }

    tones->n = 1;
    tones->len = 0;

    for (i = 0; i < digits->len; i++) {

        if (digits->data[i] != 'w') {
            tones->digits[tones->len++] = digits->data[i];
        }
    }

    return CONVRELAY_OK;
}


unsigned
convrelay_session_tones_played(convrelay_session_t *s,
    const convrelay_str_t *value)
{
    if (s->tones == NULL || s->tones->len == 0
        || !convrelay_session_tones_equal(s->tones, value)
        || --s->tones->n)
    {
        return 0;
    }

    s->file_playing &= s->file_last;

    convrelay_session_tones_clear(s);

    return 1;
}


void
convrelay_session_tones_clear(convrelay_session_t *s)
{
    free(s->tones);

    s->tones = NULL;
    s->queued_time = 0;
}


static int
convrelay_session_tones_equal(const convrelay_tones_t *tones,
    const convrelay_str_t *digits)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < digits->len; i++) {

        if (digits->data[i] == 'w') {
            continue;
        }

        if (n == tones->len || tones->digits[n++] != digits->data[i]) {
            return 0;
        }
    }

    return n == tones->len;
}
