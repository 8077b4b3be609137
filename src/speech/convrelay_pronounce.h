
/*
 * Copyright (C) convrelay contributors
 *
 * Replaces words of a text with the way in which they are to be spoken.
 *
 * The text comes in pieces, and where it is cut makes no difference.  A word is
 * a whole one: no letter or digit is next to it, except where a script has no
 * blanks between words.  Of several words that begin at the same place, the
 * longest counts.
 */


#ifndef CONVRELAY_PRONOUNCE_H_INCLUDED
#define CONVRELAY_PRONOUNCE_H_INCLUDED


#include "convrelay_lexicon.h"


#define CONVRELAY_PRONOUNCE_HELD  160     /* fewer bytes wait for what
                                             follows */


/* a word that was replaced */

typedef struct {
    uint32_t                   from;      /* where it is in the text as it was
                                             written */
    uint32_t                   len;
    uint32_t                   spoken;    /* where its replacement is in the
                                             text as it is spoken */
    uint32_t                   spoken_len;
} convrelay_replaced_t;


/* a piece of text, twice */

typedef struct {
    convrelay_str_t            written;
    convrelay_str_t            spoken;
    convrelay_replaced_t      *words;     /* in this piece, in order */
    size_t                     nwords;    /* 0: the two are the same */
} convrelay_spoken_t;


/* zero-filled for each text, after convrelay_pronounce_free(); lang is the
   owner's, and may change between two pieces */

typedef struct {
    convrelay_str_t            lang;      /* of the text; empty: not known */

    /* for the owner */
    unsigned                   moved:1;   /* what is held began to wait with the
                                             last piece */
    size_t                     held;      /* bytes */

    /* private */
    uint32_t                   before;    /* the last character; 0: none */
    uint32_t                   before2;   /* the one before it */
    unsigned                   tag:1;     /* in a tag */
    unsigned                   closing:1; /* it begins with a slash */
    unsigned                   named:1;   /* its name is over */
    u_char                     name_len;
    u_char                     name[8];
    uint16_t                   tag_len;
    u_char                     element;   /* 0: none; else which, plus one, is
                                             open, whose text is left alone */
    u_char                    *in;        /* owned; text that waits is there */
    size_t                     in_from;
    size_t                     in_size;
    u_char                    *out;       /* owned */
    size_t                     out_size;
    convrelay_replaced_t      *words;     /* owned */
    size_t                     words_size;
} convrelay_pronounce_t;


typedef enum {
    CONVRELAY_PRONOUNCE_MORE = 0,         /* text may follow */
    CONVRELAY_PRONOUNCE_FLUSH,            /* what is held waited long enough,
                                             except the bytes of a character
                                             that is not whole */
    CONVRELAY_PRONOUNCE_END               /* the text is over */
} convrelay_pronounce_how_e;


/*
 * Reads the next piece, which may be empty.  *spoken is what can be passed on,
 * borrowed from text or from p until the next call.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR: no memory.
 */
int convrelay_pronounce_read(convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lexicon, const convrelay_str_t *text,
    convrelay_pronounce_how_e how, convrelay_spoken_t *spoken);

void convrelay_pronounce_free(convrelay_pronounce_t *p);


/*
 * Limits a piece to at most so many bytes as it is written, and as it is
 * spoken: whole characters, and whole words where they are replaced.
 */
void convrelay_spoken_cut(convrelay_spoken_t *spoken, size_t written,
    size_t said);

/*
 * How much of a text was written for the first pos bytes as they are spoken: a
 * word that is replaced counts as soon as something of it was spoken.
 */
size_t convrelay_spoken_written(const convrelay_replaced_t *words, size_t n,
    size_t pos);


#endif /* CONVRELAY_PRONOUNCE_H_INCLUDED */
