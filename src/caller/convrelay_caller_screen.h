
/*
 * Copyright (C) convrelay contributors
 *
 * Text above an input line.  The last row of the text may still grow: it is
 * kept, and drawn again with what follows it, so that nothing depends on where
 * the terminal believes that it ends.
 */


#ifndef CONVRELAY_CALLER_SCREEN_H_INCLUDED
#define CONVRELAY_CALLER_SCREEN_H_INCLUDED


#include "convrelay_caller.h"


#define CONVRELAY_CALLER_SCREEN_STYLE  16


/* zero-fill, then set cols and indent, both in columns */

typedef struct {
    size_t                  cols;        /* of the terminal */
    size_t                  indent;      /* of rows that continue a line */

    convrelay_caller_buf_t  row;         /* the last one, which has no end */
    size_t                  width;       /* of it */
    size_t                  brk;         /* bytes before its last word; 0: it
                                            cannot be divided there */
    char                    style[CONVRELAY_CALLER_SCREEN_STYLE];
    char                    brk_style[CONVRELAY_CALLER_SCREEN_STYLE];
    unsigned                drawn:1;     /* it is on the screen */
} convrelay_caller_screen_t;


/*
 * Adds to out what a terminal needs for this text, in UTF-8, with styles
 * (SGR) as the only controls besides '\n'.  Its cursor is in the first column
 * of the row below the text, before and after it.
 */
void convrelay_caller_screen_write(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out, const char *text, size_t len);

/* the terminal's width has changed: rows that were drawn stay as they are */
void convrelay_caller_screen_resize(convrelay_caller_screen_t *s, size_t cols);

/* the screen was cleared */
void convrelay_caller_screen_clear(convrelay_caller_screen_t *s);
void convrelay_caller_screen_free(convrelay_caller_screen_t *s);

/* the row, from 0, in which a line with these characters has its end */
size_t convrelay_caller_screen_row(size_t cols, size_t prompt,
    const wchar_t *text, size_t len);


#endif /* CONVRELAY_CALLER_SCREEN_H_INCLUDED */
