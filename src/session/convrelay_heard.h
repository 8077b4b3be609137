
/*
 * Copyright (C) convrelay contributors
 *
 * How much of an answer the caller heard: the algorithm of section 4.5 of
 * docs/protocol.md, over the text of the current answer alone.
 */


#ifndef CONVRELAY_HEARD_H_INCLUDED
#define CONVRELAY_HEARD_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_HEARD_MS_PER_CHAR  65     /* a voice's pace, roughly */
#define CONVRELAY_HEARD_START_MS     350    /* first token to first sound */


typedef struct {
    size_t            played;     /* text up to here was reported played */
    size_t            fragment;   /* where the last reported piece began */
    unsigned          reported:1; /* tokensPlayed came for this answer */
    unsigned          missed:8;   /* values in a row that were not found */
} convrelay_heard_t;


/*
 * Takes one tokensPlayed value: finds it in text from where the last one
 * ended and moves played and fragment.
 *
 * Returns CONVRELAY_OK, CONVRELAY_DECLINED where it is not part of the
 * text (a greeting's, an error phrase's), CONVRELAY_ERROR without memory.
 * A search that finds nothing reads all of the text: after 64 of them in a row
 * the answer's values are not looked for any more, and are declined.
 */
int convrelay_heard_played(convrelay_heard_t *h, const convrelay_str_t *text,
    const convrelay_str_t *value);

/* true where all of text that counts was reported played */
int convrelay_heard_all(const convrelay_heard_t *h,
    const convrelay_str_t *text);

/* characters of text from pos to end, in bytes */
int64_t convrelay_heard_chars(const convrelay_str_t *text, size_t pos,
    size_t end);

/*
 * Length in bytes of the part of text that was heard when the interrupt
 * came, always at the end of a character.
 *
 * utterance: utteranceUntilInterrupt, the heard part of the current clause.
 * events: this call reports tokensPlayed.  start: estimated offset in
 * characters where the clause began, or -1 (used to choose among several
 * matches where nothing was reported).
 *
 * Matching is blind to ASCII case and to white space and punctuation; where it
 * is exact at the same place, its ends are the exact ones; where nothing was
 * reported and start is -1, an exact match goes first.  A match begins where a
 * word does: so does every clause.  Of several matches counts the first from
 * fragment on that does not end before what was reported played; where nothing
 * was reported, the one that begins nearest to start, or the first one without
 * start.
 *
 * Not found or empty (no letter, no digit): played, or, where the call
 * reports none, all of the text.  Without memory it counts as not found.
 * One pass each over text and utterance, whatever they are.
 */
size_t convrelay_heard_interrupt(const convrelay_heard_t *h,
    const convrelay_str_t *text, const convrelay_str_t *utterance,
    unsigned events, int64_t start);


#endif /* CONVRELAY_HEARD_H_INCLUDED */
