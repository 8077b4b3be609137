
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE         /* wcwidth() */

#include <wchar.h>

#include "convrelay_caller_screen.h"
#include "convrelay_utf8.h"


#define CONVRELAY_CALLER_SCREEN_PLAIN  "\033[0m"


static size_t convrelay_caller_screen_style(convrelay_caller_screen_t *s,
    const char *p, size_t len);
static void convrelay_caller_screen_char(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out, const char *p, size_t len, size_t width);
static void convrelay_caller_screen_wrap(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out);
static void convrelay_caller_screen_draw(convrelay_caller_buf_t *out,
    const char *row, size_t len, const char *style);
static void convrelay_caller_screen_begin(convrelay_caller_screen_t *s);
static size_t convrelay_caller_screen_width(uint32_t cp);
static size_t convrelay_caller_screen_measure(const char *p, size_t len);


void
convrelay_caller_screen_write(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out, const char *text, size_t len)
{
    size_t         n;
    uint32_t       cp;
    const u_char  *p, *last, *start;

    if (s->drawn) {
        convrelay_caller_buf_str(out, "\033[A\r\033[J");
        s->drawn = 0;
    }

    p = (const u_char *) text;
    last = p + len;

    while (p < last) {
        start = p;

        if (*p == '\033') {
            n = convrelay_caller_screen_style(s, text + (p - (u_char *) text),
                                              last - p);
            p += n;
            continue;
        }

        cp = convrelay_utf8_decode(&p, last);

        if (cp == '\n') {
            convrelay_caller_screen_draw(out, s->row.data, s->row.len,
                                         s->style);
            convrelay_caller_buf_reset(&s->row);
            s->width = 0;
            s->brk = 0;
            continue;
        }

        convrelay_caller_screen_char(s, out, (char *) start, p - start,
                                     convrelay_caller_screen_width(cp));
    }

    if (s->row.len) {
        convrelay_caller_screen_draw(out, s->row.data, s->row.len, s->style);
        s->drawn = 1;
    }
}


/* a style holds until the next one; it takes no room */

static size_t
convrelay_caller_screen_style(convrelay_caller_screen_t *s, const char *p,
    size_t len)
{
    size_t  n;

    for (n = 1; n < len && p[n] != 'm'; n++) { /* void */ }

    if (n == len || n + 1 >= CONVRELAY_CALLER_SCREEN_STYLE) {
        return 1;
    }

    n++;

    convrelay_caller_buf_add(&s->row, p, n);

    memcpy(s->style, p, n);
    s->style[n] = '\0';

    if (strcmp(s->style, CONVRELAY_CALLER_SCREEN_PLAIN) == 0) {
        s->style[0] = '\0';
    }

    return n;
}


/*
 * The last column stays empty: a terminal's cursor has two places after a
 * character in it, and they do not agree on which.
 */

static void
convrelay_caller_screen_char(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out, const char *p, size_t len, size_t width)
{
    size_t  max;

    max = s->cols > 2 ? s->cols - 1 : 2;

    if (width == 2) {
        s->brk = s->row.len;
        strcpy(s->brk_style, s->style);
    }

    if (s->width + width > max) {

        if (*p == ' ') {
            s->brk = s->row.len;
            strcpy(s->brk_style, s->style);
            return;
        }

        convrelay_caller_screen_wrap(s, out);
    }

    convrelay_caller_buf_add(&s->row, p, len);
    s->width += width;

    if (*p == ' ' || width == 2) {

        /* the blanks in front of a text do not divide it */

        if (s->width > s->indent) {
            s->brk = s->row.len;
            strcpy(s->brk_style, s->style);
        }
    }
}


/* the last word goes to a row of its own, or is divided if it is as long */

static void
convrelay_caller_screen_wrap(convrelay_caller_screen_t *s,
    convrelay_caller_buf_t *out)
{
    char    *rest;
    size_t   len;

    if (s->brk == 0) {
        s->brk = s->row.len;
        strcpy(s->brk_style, s->style);
    }

    convrelay_caller_screen_draw(out, s->row.data, s->brk, s->brk_style);

    len = s->row.len - s->brk;
    rest = convrelay_caller_strndup(s->row.data + s->brk, len);

    convrelay_caller_screen_begin(s);

    convrelay_caller_buf_str(&s->row, s->brk_style);
    convrelay_caller_buf_add(&s->row, rest, len);
    s->width += convrelay_caller_screen_measure(rest, len);
    s->brk = 0;

    free(rest);
}


static void
convrelay_caller_screen_begin(convrelay_caller_screen_t *s)
{
    size_t  i, indent;

    /* of a narrow terminal, most is for the text */

    indent = (s->indent > s->cols / 3) ? 0 : s->indent;

    convrelay_caller_buf_reset(&s->row);

    for (i = 0; i < indent; i++) {
        convrelay_caller_buf_add(&s->row, " ", 1);
    }

    s->width = indent;
}


static void
convrelay_caller_screen_draw(convrelay_caller_buf_t *out, const char *row,
    size_t len, const char *style)
{
    convrelay_caller_buf_add(out, row, len);

    if (style[0]) {
        convrelay_caller_buf_str(out, CONVRELAY_CALLER_SCREEN_PLAIN);
    }

    convrelay_caller_buf_str(out, "\r\n");
}


/* what has no width of its own is taken for one column, as terminals do */

static size_t
convrelay_caller_screen_width(uint32_t cp)
{
    int  width;

    width = wcwidth((wchar_t) cp);

    return (width < 0) ? 1 : width;
}


static size_t
convrelay_caller_screen_measure(const char *text, size_t len)
{
    size_t         width;
    const u_char  *p, *last;

    width = 0;
    p = (const u_char *) text;
    last = p + len;

    while (p < last) {

        if (*p == '\033') {
            while (p < last && *p != 'm') {
                p++;
            }

            p += (p < last);
            continue;
        }

        width += convrelay_caller_screen_width(convrelay_utf8_decode(&p, last));
    }

    return width;
}


/* the row that has not ended goes on in a new one, of the new width */

void
convrelay_caller_screen_resize(convrelay_caller_screen_t *s, size_t cols)
{
    s->cols = cols;

    if (s->row.len == 0) {
        return;
    }

    convrelay_caller_screen_begin(s);
    convrelay_caller_buf_str(&s->row, s->style);
    s->brk = 0;
    s->drawn = 0;
}


void
convrelay_caller_screen_clear(convrelay_caller_screen_t *s)
{
    s->drawn = 0;
}


void
convrelay_caller_screen_free(convrelay_caller_screen_t *s)
{
    convrelay_caller_buf_free(&s->row);
}


/* as libedit lays it out: a wide character is never divided */

size_t
convrelay_caller_screen_row(size_t cols, size_t prompt, const wchar_t *text,
    size_t len)
{
    size_t  i, row, col, width;

    row = prompt / cols;
    col = prompt % cols;

    for (i = 0; i < len; i++) {
        width = convrelay_caller_screen_width(text[i]);

        if (col + width > cols) {
            row++;
            col = 0;
        }

        col += width;

        if (col == cols) {
            row++;
            col = 0;
        }
    }

    return row;
}
