
/*
 * Copyright (C) convrelay contributors
 *
 * Keys are reported as tokensPlayed, with the digits as its value.  Pauses
 * ("w") are ignored in the comparison: it is not known whether the report
 * contains them.
 */


#include <stdlib.h>

#include "convrelay_playback.h"


/* ms: sendDigits starts late; a key, a pause */
#define CONVRELAY_PLAYBACK_TONES_TIME   2000
#define CONVRELAY_PLAYBACK_TONE_TIME    200
#define CONVRELAY_PLAYBACK_PAUSE_TIME   500

/* ms by which reports of the last words may be late */
#define CONVRELAY_PLAYBACK_REPORT_TIME  2000


static int convrelay_playback_equal(const convrelay_tones_t *tones,
    const convrelay_str_t *digits);


void
convrelay_playback_free(convrelay_playback_t *p)
{
    free(p->tones);

    p->tones = NULL;
}


void
convrelay_playback_file(convrelay_playback_t *p)
{
    p->file = 1;
    p->file_after = 1;
    p->tones_last = 0;
}


void
convrelay_playback_text(convrelay_playback_t *p)
{
    p->tones_last = 0;
}


int
convrelay_playback_tones(convrelay_playback_t *p,
    const convrelay_str_t *digits, unsigned last)
{
    size_t              i;
    convrelay_tones_t  *tones;

    p->queued += CONVRELAY_PLAYBACK_TONES_TIME;

    for (i = 0; i < digits->len; i++) {
        p->queued += (digits->data[i] == 'w') ? CONVRELAY_PLAYBACK_PAUSE_TIME
                                              : CONVRELAY_PLAYBACK_TONE_TIME;
    }

    p->tones_last = last;
    p->file_after = 0;

    if (p->tones && convrelay_playback_equal(p->tones, digits)) {
        p->tones->n++;
        return CONVRELAY_OK;
    }

    /* only the report of the last keys counts */

    free(p->tones);

    tones = malloc(sizeof(convrelay_tones_t) + digits->len);

    p->tones = tones;

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


void
convrelay_playback_drop(convrelay_playback_t *p)
{
    convrelay_playback_free(p);

    p->file = 0;
    p->queued = 0;
}


void
convrelay_playback_cut(convrelay_playback_t *p)
{
    convrelay_playback_drop(p);

    /* an agentSpeaking off may still follow */

    p->voice = 0;
}


unsigned
convrelay_playback_played(convrelay_playback_t *p,
    const convrelay_str_t *value)
{
    if (p->tones == NULL || p->tones->len == 0
        || !convrelay_playback_equal(p->tones, value)
        || --p->tones->n)
    {
        return 0;
    }

    convrelay_playback_free(p);

    p->file &= p->file_after;
    p->queued = 0;

    return p->tones_last;
}


static int
convrelay_playback_equal(const convrelay_tones_t *tones,
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


/* "off" ends the last words if there was an "on" before it, and it is not too
   early */

unsigned
convrelay_playback_speaking(convrelay_playback_t *p,
    const convrelay_str_t *value, uint64_t now)
{
    unsigned  ended;

    p->voice_reports = 1;

    if (convrelay_str_eq(value, "on")) {
        p->voice = 1;
        return 0;
    }

    if (!convrelay_str_eq(value, "off")) {
        return 0;
    }

    ended = (p->voice && now >= p->voice_until);

    p->voice = 0;
    p->file = 0;

    return ended;
}


uint64_t
convrelay_playback_wait(convrelay_playback_t *p, uint64_t speech,
    uint64_t max, uint64_t now)
{
    uint64_t  left;

    p->voice_until = now;

    if (p->file) {
        return max;
    }

    p->voice_until += (speech + p->queued) / 3;

    left = convrelay_playback_time(p, speech);

    return (left < max) ? left : max;
}


uint64_t
convrelay_playback_time(const convrelay_playback_t *p, uint64_t speech)
{
    uint64_t  left;

    left = speech + p->queued;

    if (left && (p->reports || p->voice_reports)) {
        left += left / 2 + CONVRELAY_PLAYBACK_REPORT_TIME;
    }

    return left;
}
