
/*
 * Copyright (C) convrelay contributors
 *
 * Finds how much of an answer the caller heard: the algorithm of section 4.5 of
 * docs/protocol.md, applied to the text of the current answer alone.
 */


#ifndef CONVRELAY_HEARD_H_INCLUDED
#define CONVRELAY_HEARD_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_HEARD_MS_PER_CHAR  65     /* a voice's pace, roughly */
#define CONVRELAY_HEARD_START_MS     350    /* first token to first sound */

/* characters of speech during which a caller makes up an answer: 1.5 s */
#define CONVRELAY_HEARD_REACTION     24


typedef struct {
    uint32_t          played;     /* text up to here was reported played */
    uint32_t          fragment;   /* where the last reported piece began, or
                                     where the answer goes on */
    unsigned          reported:1; /* tokensPlayed came for this answer */
    unsigned          missed:8;   /* values in a row that were not found */
} convrelay_heard_t;


/*
 * Takes one tokensPlayed value: finds it in text, after the end of the last
 * one, and moves played and fragment.
 *
 * Returns CONVRELAY_OK, CONVRELAY_DECLINED if the value is not part of the text
 * (it belongs to a greeting or an error phrase), CONVRELAY_ERROR: no memory.
 * A search that finds nothing reads the whole text: after 64 of them in a row,
 * the answer's values are no longer searched for, and are declined.
 */
int convrelay_heard_played(convrelay_heard_t *h, const convrelay_str_t *text,
    const convrelay_str_t *value);

/* true if all of the text that counts was reported played */
int convrelay_heard_all(const convrelay_heard_t *h,
    const convrelay_str_t *text);

/* the number of characters between pos and end, which are in bytes */
int64_t convrelay_heard_chars(const convrelay_str_t *text, size_t pos,
    size_t end);

/*
 * The length in bytes of the part of text that was heard before the interrupt;
 * it ends with a whole character.
 *
 * utterance: utteranceUntilInterrupt, the heard part of the current clause.
 * events: this call reports tokensPlayed.  start: estimated offset in
 * characters where the clause began, or -1 (used to choose among several
 * matches if nothing was reported).
 *
 * Matching ignores ASCII case, white space and punctuation.  If there is an
 * exact match at the same place, its ends are used; if nothing was reported and
 * start is -1, an exact match anywhere is preferred.  A match begins where a
 * word begins, as every clause does.  Of several matches, the first one after
 * fragment counts that does not end before the part reported as played; if
 * nothing was reported, the one that begins nearest to start or, without start,
 * the first one.
 *
 * If utterance is empty (no letter, no digit) or not found, the result is
 * played or, if the call reports none, the whole text.  Without memory it
 * counts as not found.  Text and utterance are each read once.
 */
size_t convrelay_heard_interrupt(const convrelay_heard_t *h,
    const convrelay_str_t *text, const convrelay_str_t *utterance,
    unsigned events, int64_t start);

/* the same; *clause: where the clause that was cut begins, as far as is known,
   never after the part that was heard */
size_t convrelay_heard_cut(const convrelay_heard_t *h,
    const convrelay_str_t *text, const convrelay_str_t *utterance,
    unsigned events, int64_t start, size_t *clause);

/*
 * True if what is heard at pos is a question: the sentence that pos is in, or
 * one that ended so shortly before it that the caller may be answering it.
 */
unsigned convrelay_heard_question(const convrelay_str_t *text, size_t pos);

/* the position in bytes of a character; text->len: there are not so many */
size_t convrelay_heard_pos(const convrelay_str_t *text, uint64_t chars);


#endif /* CONVRELAY_HEARD_H_INCLUDED */
