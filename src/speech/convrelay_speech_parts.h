
/*
 * Copyright (C) convrelay contributors
 *
 * Private to the files of this room.
 */


#ifndef CONVRELAY_SPEECH_PARTS_H_INCLUDED
#define CONVRELAY_SPEECH_PARTS_H_INCLUDED


#include "convrelay_speech.h"


/*
 * The text that a rule sees: [p, last).  full: it is all that the rule will
 * ever see, as it is CONVRELAY_SPEECH_HELD bytes long, or the text is over.
 *
 * A rule returns the end of what it has consumed; or p: this is not its
 * business; or NULL: it needs more, which it must not say of a full window,
 * unless that ends within a character.
 */

typedef struct {
    const u_char  *p;
    const u_char  *last;
    unsigned       full;
} convrelay_speech_window_t;

typedef convrelay_speech_window_t  convrelay_speech_win_t;


/* bytes within which a tag, a control token or a fence's name must end */
#define CONVRELAY_SPEECH_SHORT  64

/* that are passed on in a row */
#define CONVRELAY_SPEECH_BLANKS 64

/* what next() returns where there is no character: the end, or, for MORE, none
   yet */
#define CONVRELAY_SPEECH_NONE   0
#define CONVRELAY_SPEECH_MORE   0xffffffff


#define convrelay_speech_is_blank(c)  ((c) == ' ' || (c) == '\t')

#define convrelay_speech_is_line(c)   ((c) == '\n' || (c) == '\r')

#define convrelay_speech_is_alnum(c)                                         \
    ((c) < 0x80 && (convrelay_is_alpha(c) || convrelay_is_digit(c)))


/* convrelay_speech_out.c: what is passed on */

/* characters of the text, or in place of it: whole ones, at least one */
void convrelay_speech_put(convrelay_speech_t *s, const u_char *p, size_t len);
void convrelay_speech_put_text(convrelay_speech_t *s, const char *text);

/* one or more English words, with blanks around them */
void convrelay_speech_words(convrelay_speech_t *s, const char *text);

/* markup that is not spoken */
void convrelay_speech_raw(convrelay_speech_t *s, const u_char *p, size_t len);

/* a blank of the text; the end of a line; a short pause, such as a dash */
void convrelay_speech_blank(convrelay_speech_t *s);
void convrelay_speech_newline(convrelay_speech_t *s);
void convrelay_speech_comma(convrelay_speech_t *s);

/* something is left out */
void convrelay_speech_drop(convrelay_speech_t *s);

/* the full stop that a line needs */
void convrelay_speech_stop(convrelay_speech_t *s);

/* the character before this one; 0: a blank, or none */
uint32_t convrelay_speech_before(const convrelay_speech_t *s);

/* the character at p, or NONE or MORE */
uint32_t convrelay_speech_next(const convrelay_speech_win_t *w,
    const u_char *p);

/* the same, after blanks */
uint32_t convrelay_speech_next_word(const convrelay_speech_win_t *w,
    const u_char *p);

unsigned convrelay_speech_is_word(uint32_t cp);
unsigned convrelay_speech_is_number(uint32_t cp);

/* it ends a sentence or a part of one */
unsigned convrelay_speech_is_closer(uint32_t cp);

/* what the text at p and text have in common: -1 it is not text, 0 it may yet
   be, 1 it is.  ASCII letters are equal in upper and lower case */
int convrelay_speech_match(const convrelay_speech_win_t *w, const u_char *p,
    const char *text);


/* convrelay_speech_line.c: at the beginning of a line, and regions of lines */
const u_char *convrelay_speech_line(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_fence(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_rule(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_ticks(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);

/* convrelay_speech_inline.c: the rule for the ASCII character at p */
const u_char *convrelay_speech_inline(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);

/* convrelay_speech_link.c */
const u_char *convrelay_speech_open(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_close(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_target(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_mail(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_host(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_url(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);

/* convrelay_speech_tag.c */
const u_char *convrelay_speech_less(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_greater(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
const u_char *convrelay_speech_ampersand(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);

/* convrelay_speech_sign.c: the character at p, which is not ASCII */
const u_char *convrelay_speech_sign(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);

/* the sign cp, written in a way that ends at p */
const u_char *convrelay_speech_sign_at(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, uint32_t cp, const u_char *p);


#endif /* CONVRELAY_SPEECH_PARTS_H_INCLUDED */
