
/*
 * Copyright (C) convrelay contributors
 *
 * The voice that speaks the answer: at a steady pace as text arrives, clause
 * by clause.  It knows what the caller heard when it is cut off.  It has no
 * clock: its owner passes times in milliseconds.
 */


#ifndef CONVRELAY_CALLER_VOICE_H_INCLUDED
#define CONVRELAY_CALLER_VOICE_H_INCLUDED


#include "convrelay_caller.h"


#define CONVRELAY_CALLER_VOICE_PACE   65      /* ms a character */
#define CONVRELAY_CALLER_VOICE_START  350     /* ms, first token to sound */


/*
 * Zero-fill, then set pace and start.  A character is a code point; its
 * sound begins when the one before it has ended, or when it arrives.
 */

typedef struct {
    int64_t                 pace;       /* ms a character; 0: at once */
    int64_t                 start;      /* ms before the first sound */

    convrelay_caller_buf_t  text;       /* what arrived, whole */
    size_t                  spoken;     /* bytes that were heard */
    size_t                  chars;      /* and characters */
    size_t                  shown;      /* bytes that its owner has printed */
    size_t                  limit;      /* stop after so many, 0: do not */
    size_t                  clause;     /* where the current clause begins */
    int64_t                 clause_at;  /* when its sound began */
    int64_t                 clock;      /* when the next sound may begin */
    unsigned                last:1;     /* no more text will come */
    unsigned                silent:1;   /* was cut off */
} convrelay_caller_voice_t;


/* forgets the last text, keeps pace and start */
void convrelay_caller_voice_reset(convrelay_caller_voice_t *v);
void convrelay_caller_voice_free(convrelay_caller_voice_t *v);

void convrelay_caller_voice_add(convrelay_caller_voice_t *v, int64_t now,
    const void *data, size_t len);

/* speaks on until now */
void convrelay_caller_voice_advance(convrelay_caller_voice_t *v, int64_t now);

/* speaks everything that has arrived, as if enough time had passed */
void convrelay_caller_voice_finish(convrelay_caller_voice_t *v, int64_t now);

/*
 * The next clause that was spoken to its end, as tokensPlayed reports it:
 * with the white space in front of it.  CONVRELAY_OK, or CONVRELAY_AGAIN.
 */
int convrelay_caller_voice_clause(convrelay_caller_voice_t *v,
    convrelay_str_t *clause);

/*
 * Cuts the voice off: gives the heard part of the current clause, trimmed
 * and possibly empty, and for how long that clause was being spoken.
 */
void convrelay_caller_voice_cut(convrelay_caller_voice_t *v, int64_t now,
    convrelay_str_t *fragment, int64_t *duration);

/* all was heard and no more will come, or it was cut off */
int convrelay_caller_voice_done(const convrelay_caller_voice_t *v);

/* when the next character ends, or -1 when there is none */
int64_t convrelay_caller_voice_due(const convrelay_caller_voice_t *v);

/*
 * Where the clause ends that begins at from: after a comma, colon,
 * semicolon, full stop, "?" or "!" that white space follows, or at the end
 * of the text when it is complete.  0 when that is not known yet.
 */
size_t convrelay_caller_clause(const char *text, size_t len, size_t from,
    unsigned last);


#endif /* CONVRELAY_CALLER_VOICE_H_INCLUDED */
