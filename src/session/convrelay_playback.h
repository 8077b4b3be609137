
/*
 * Copyright (C) convrelay contributors
 *
 * Everything that Twilio plays besides the answer, and its reports: files of
 * unknown length, keys sent to the caller's side (sendDigits), the agent's
 * voice.  Twilio queues texts, files and keys and plays them in that order.
 * This determines how long an end must wait.
 */


#ifndef CONVRELAY_PLAYBACK_H_INCLUDED
#define CONVRELAY_PLAYBACK_H_INCLUDED


#include "convrelay_base.h"


/* keys that were sent and not yet reported as played */

typedef struct {
    unsigned                 n;           /* how often these were sent */
    size_t                   len;
    u_char                   digits[];    /* without pauses */
} convrelay_tones_t;


/* zero-fill to start */

typedef struct {
    unsigned                 reports:1;   /* tokensPlayed was seen */
    unsigned                 voice_reports:1;     /* agentSpeaking was seen */
    unsigned                 voice:1;     /* on, and nothing was cut since */
    unsigned                 file:1;      /* one plays, or is queued */
    unsigned                 file_after:1;        /* queued after the keys */
    unsigned                 tones_last:1;        /* nothing was queued after
                                             the keys that were sent */
    uint32_t                 queued;      /* ms for everything that was queued
                                             after the answer */
    uint64_t                 voice_until; /* ms of the clock: an "off" before
                                             that does not end the last words */
    convrelay_tones_t       *tones;       /* owned; NULL: not waiting for any */
} convrelay_playback_t;


void convrelay_playback_free(convrelay_playback_t *p);

/* a file is queued */
void convrelay_playback_file(convrelay_playback_t *p);

/* a text is queued, or a queued text continues */
void convrelay_playback_text(convrelay_playback_t *p);

/*
 * Keys are queued, "w" is a pause; last: no text follows them.  CONVRELAY_OK,
 * or CONVRELAY_ERROR: no memory.
 */
int convrelay_playback_tones(convrelay_playback_t *p,
    const convrelay_str_t *digits, unsigned last);

/* the caller talks: stop waiting for everything but the answer */
void convrelay_playback_drop(convrelay_playback_t *p);

/* an interrupt: everything queued is gone */
void convrelay_playback_cut(convrelay_playback_t *p);

/*
 * Takes a tokensPlayed value that is not text of the answer.  True if it
 * reports the last keys: then everything queued before them was played, too.
 */
unsigned convrelay_playback_played(convrelay_playback_t *p,
    const convrelay_str_t *value);

/* takes an agentSpeaking value; true if it ends the last words before an end */
unsigned convrelay_playback_speaking(convrelay_playback_t *p,
    const convrelay_str_t *value, uint64_t now);

/*
 * An end is wanted: returns the maximum ms to wait.  speech: estimated ms until
 * the answer will have been spoken; max: never longer.
 */
uint64_t convrelay_playback_wait(convrelay_playback_t *p, uint64_t speech,
    uint64_t max, uint64_t now);

/* the maximum ms that the speech and everything queued after it take: if Twilio
   reports the end, it may be later than estimated */
uint64_t convrelay_playback_time(const convrelay_playback_t *p,
    uint64_t speech);


#endif /* CONVRELAY_PLAYBACK_H_INCLUDED */
