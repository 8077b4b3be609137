
/*
 * Copyright (C) convrelay contributors
 *
 * Turns what an LLM writes into what can be read aloud: no Markdown, no emoji,
 * no markup, no reasoning.
 *
 * The text comes in pieces, and where it is cut makes no difference: the rules
 * look at a window of the text, a rule that needs more of it waits, and a rule
 * that has decided would decide the same with more.
 */


#ifndef CONVRELAY_SPEECH_H_INCLUDED
#define CONVRELAY_SPEECH_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_SPEECH_HELD   256       /* bytes, at most, that wait */
#define CONVRELAY_SPEECH_TIME   300       /* ms that they should wait */

/* a byte of text becomes at most so many, and a text so many more */
#define CONVRELAY_SPEECH_GROWTH 16
#define CONVRELAY_SPEECH_EXTRA  32


typedef enum {
    CONVRELAY_SPEECH_OFF = 0,
    CONVRELAY_SPEECH_ON,
    CONVRELAY_SPEECH_SSML         /* as ON, and SSML that voices read passes */
} convrelay_speech_mode_e;


/* what kind of region the text is in, for the filter */

typedef enum {
    CONVRELAY_SPEECH_TEXT = 0,
    CONVRELAY_SPEECH_FENCE,       /* code */
    CONVRELAY_SPEECH_TARGET,      /* of a link */
    CONVRELAY_SPEECH_URL,         /* after its host */
    CONVRELAY_SPEECH_RULE         /* a line of nothing but marks */
} convrelay_speech_region_e;


/*
 * The first stage: text that the LLM wrote for itself, "<think>...</think>" and
 * its like.  Zero-filled for each answer.
 */

typedef struct {
    size_t                    dropped;    /* bytes of regions, except for one of
                                             each: see below */
    u_char                    held;
    u_char                    region;     /* 0: none; else which, plus one */
    u_char                    matched;    /* bytes of the region's end */
    unsigned                  late:1;     /* an end came without a beginning, so
                                             that reasoning was passed on */
    u_char                    hold[16];
    u_char                    piece[16];
} convrelay_speech_think_t;


/*
 * Takes a prefix of *text, which is moved on, and sets *piece to what is to be
 * passed on: it may be empty, and is borrowed from text or from t until the
 * next call.  To be called until *text is empty.  In place of a region, piece
 * is a control character, which the second stage drops, and counts.
 */
void convrelay_speech_think(convrelay_speech_think_t *t, convrelay_str_t *text,
    convrelay_str_t *piece);

/* what is held, which may have been the beginning of a region, is text */
void convrelay_speech_think_flush(convrelay_speech_think_t *t,
    convrelay_str_t *piece);


/*
 * Between the two: a marker that other messages of the LLM ended with, and that
 * it writes now.  Zero-filled for each answer.  The marker is not empty, does
 * not begin with a blank, and is the same for all calls.
 */

typedef struct {
    size_t                    dropped;    /* bytes */
    uint16_t                  held;       /* bytes of the marker */
    unsigned                  word:1;     /* the last byte was not a blank */
    unsigned                  blanks:1;   /* those that follow are dropped: one
                                             came before the marker */
} convrelay_speech_marker_t;


/* true if text, the next piece, is passed on as it is; it counts as read */
unsigned convrelay_speech_marker_plain(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, const convrelay_str_t *text);

/* as convrelay_speech_think(); the piece may be borrowed from marker */
void convrelay_speech_marker(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *text,
    convrelay_str_t *piece);

/* what is held, which may have been the beginning of the marker, is text */
void convrelay_speech_marker_flush(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *piece);


/* zero-filled for each answer, after convrelay_speech_free(); mode and english
   are the owner's, and may change between two pieces */

typedef struct {
    convrelay_speech_mode_e   mode;       /* ON or SSML */
    unsigned                  english:1;  /* the language spoken: words stand
                                             for signs */

    /* for the owner */
    unsigned                  changed:1;  /* the text so far is not as it
                                             came */
    unsigned                  moved:1;    /* what is held began to wait with the
                                             last piece */
    size_t                    held;       /* bytes */
    size_t                    dropped;    /* bytes that were read, and are
                                             neither passed on nor due */

    /* private */
    unsigned                  failed:1;   /* no memory */
    unsigned                  ending:1;   /* no more text comes */
    unsigned                  begun:1;    /* the first piece came */
    unsigned                  said:1;     /* something was passed on */
    unsigned                  bol:1;      /* nothing of this line was */
    unsigned                  item:1;     /* the line ends as a sentence does */
    unsigned                  heading:1;
    unsigned                  table:1;
    unsigned                  comma:1;    /* a cell ended */
    unsigned                  pause:1;    /* a line ended: a blank is due */
    unsigned                  cut:1;      /* something was dropped, or words
                                             were put in, after last */
    unsigned                  ticks:1;    /* a run of three is open */
    unsigned                  copy:1;     /* the URL is passed on */
    unsigned                  links:3;    /* open */
    u_char                    depth;      /* of parentheses in a target */
    u_char                    closer;     /* of a target; of a fence */
    u_char                    run;        /* a fence's length */
    u_char                    count;      /* of closers in a row */
    convrelay_speech_region_e region;
    uint32_t                  blanks;     /* that are due */
    uint32_t                  last;       /* the last code point passed on */
    uint32_t                  mark;       /* the same, without quotes and
                                             brackets that close */
    u_char                   *out;        /* owned */
    size_t                    len;
    size_t                    size;
    u_char                   *in;         /* owned; held, and the text after
                                             it */
    size_t                    in_size;
} convrelay_speech_t;


/* whether the language, of which nothing may be known, is English: "en-GB" */
unsigned convrelay_speech_english(const convrelay_str_t *lang);

/*
 * True if no rule of either stage is interested in text, the next piece of an
 * answer, so that it is passed on as it is; it counts as read by this stage.
 */
unsigned convrelay_speech_plain(convrelay_speech_t *s,
    const convrelay_str_t *text);

/*
 * Reads the next piece of an answer, valid UTF-8 that may be cut anywhere.
 * *out is what can be spoken: it may be empty, consists of whole characters,
 * and is borrowed from text or from s until the next call.  Text without marks
 * is passed on as it is, not copied.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_ERROR: no memory.
 */
int convrelay_speech_read(convrelay_speech_t *s, const convrelay_str_t *text,
    convrelay_str_t *out);

/* what is held has waited long enough, so that it is text, except the bytes of
   a character that is not whole; the same codes */
int convrelay_speech_flush(convrelay_speech_t *s, convrelay_str_t *out);

/* the answer is over: the rest of it; the same codes */
int convrelay_speech_end(convrelay_speech_t *s, convrelay_str_t *out);

void convrelay_speech_free(convrelay_speech_t *s);


#endif /* CONVRELAY_SPEECH_H_INCLUDED */
