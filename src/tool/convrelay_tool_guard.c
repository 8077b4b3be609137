
/*
 * Copyright (C) convrelay contributors
 *
 * Finds calls that an LLM writes into its text, where they would be read
 * aloud.  Text that may be the beginning of a call is held back; the decision
 * is made after CONVRELAY_TOOL_HELD characters at the latest.
 */


#include <stdlib.h>

#include "convrelay_tool.h"


typedef enum {
    convrelay_tool_none = 0,
    convrelay_tool_maybe,
    convrelay_tool_leak
} convrelay_tool_match_e;


/*
 * A decision sees at most CONVRELAY_TOOL_HELD characters, however the pieces
 * are cut.  The window moves on byte by byte, so the time is linear, whatever
 * is in the text.
 */

typedef struct {
    const u_char  *end;
    unsigned       chars;                     /* that begin in it */
    unsigned       full:1;                    /* no more may be held back */
} convrelay_tool_window_t;


static int convrelay_tool_guard_join(convrelay_tool_guard_t *g,
    const convrelay_str_t *text, convrelay_str_t *all);
static void convrelay_tool_window_move(convrelay_tool_window_t *w,
    const u_char *p, const u_char *last);
static convrelay_tool_match_e convrelay_tool_match(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const convrelay_tool_window_t *w, unsigned word);
static convrelay_tool_match_e convrelay_tool_match_text(const u_char *p,
    const u_char *last, const char *text);
static convrelay_tool_match_e convrelay_tool_match_name(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const u_char *last);
static convrelay_tool_match_e convrelay_tool_match_json(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const convrelay_tool_window_t *w);
static convrelay_tool_match_e convrelay_tool_match_list(
    const convrelay_str_t *list, size_t n, const u_char *p, size_t len,
    unsigned ended);
static int convrelay_tool_compare(const void *one, const void *two);
static unsigned convrelay_tool_is_word(u_char c);


/* members that the JSON of a call has for any tool, sorted */

static const convrelay_str_t  convrelay_tool_call_keys[] = {
    convrelay_string("arguments"),
    convrelay_string("function"),
    convrelay_string("name"),
    convrelay_string("parameters"),
    convrelay_string("tool"),
    convrelay_string("tool_calls"),
    convrelay_string("tool_name")
};


void
convrelay_tool_shapes_sort(convrelay_str_t *list, size_t n)
{
    if (n) {
        qsort(list, n, sizeof(convrelay_str_t), convrelay_tool_compare);
    }
}


int
convrelay_tool_guard_read(convrelay_tool_guard_t *g,
    const convrelay_tool_shapes_t *shapes, const convrelay_str_t *text,
    convrelay_str_t *out)
{
    unsigned                  word;
    const u_char             *p, *last;
    convrelay_str_t           all;
    convrelay_tool_match_e    match;
    convrelay_tool_window_t   w;

    out->data = text->data;
    out->len = 0;

    if (g->leaked || text->len == 0) {
        return CONVRELAY_OK;
    }

    all = *text;

    if (g->held && convrelay_tool_guard_join(g, text, &all) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    out->data = all.data;
    last = all.data + all.len;
    word = g->word;

    w.end = all.data;
    w.chars = 0;

    for (p = all.data; p < last; p++) {

        convrelay_tool_window_move(&w, p, last);

        match = convrelay_tool_match(shapes, p, &w, word);

        if (match == convrelay_tool_leak) {
            g->leaked = 1;
            g->held = 0;
            out->len = p - all.data;

            return CONVRELAY_DECLINED;
        }

        if (match == convrelay_tool_maybe) {
            break;
        }

        word = convrelay_tool_is_word(*p);
        w.chars -= ((*p & 0xc0) != 0x80);
    }

    out->len = p - all.data;

    g->word = word;
    g->held = last - p;

    memcpy(g->hold, p, g->held);

    return CONVRELAY_OK;
}


static int
convrelay_tool_guard_join(convrelay_tool_guard_t *g,
    const convrelay_str_t *text, convrelay_str_t *all)
{
    u_char  *p;
    size_t   size;

    size = g->held + text->len;

    if (g->size < size) {
        p = realloc(g->buf, 2 * size);
        if (p == NULL) {
            return CONVRELAY_ERROR;
        }

        g->buf = p;
        g->size = 2 * size;
    }

    memcpy(g->buf, g->hold, g->held);
    memcpy(g->buf + g->held, text->data, text->len);

    all->data = g->buf;
    all->len = size;

    return CONVRELAY_OK;
}


void
convrelay_tool_guard_end(convrelay_tool_guard_t *g, convrelay_str_t *out)
{
    out->data = g->hold;
    out->len = g->held;

    g->held = 0;
}


void
convrelay_tool_guard_free(convrelay_tool_guard_t *g)
{
    free(g->buf);

    memset(g, 0, sizeof(convrelay_tool_guard_t));
}


/* to p, which is the byte after the one that it began with */

static void
convrelay_tool_window_move(convrelay_tool_window_t *w, const u_char *p,
    const u_char *last)
{
    unsigned  starts;

    while (w->end < last && w->end - p < 4 * CONVRELAY_TOOL_HELD) {
        starts = ((*w->end & 0xc0) != 0x80);

        if (starts && w->chars == CONVRELAY_TOOL_HELD) {
            break;
        }

        w->chars += starts;
        w->end++;
    }

    w->full = (w->chars >= CONVRELAY_TOOL_HELD
               || w->end - p >= 4 * CONVRELAY_TOOL_HELD);
}


/* tests what begins at p; word: p is inside a word */

static convrelay_tool_match_e
convrelay_tool_match(const convrelay_tool_shapes_t *shapes, const u_char *p,
    const convrelay_tool_window_t *w, unsigned word)
{
    convrelay_tool_match_e  match;

    switch (*p) {

    case '<':
        match = convrelay_tool_match_text(p, w->end, "<|");

        return match ? match
                     : convrelay_tool_match_text(p, w->end, "<tool_call>");

    case '{':
        return convrelay_tool_match_json(shapes, p, w);
    }

    if (word || !convrelay_tool_is_word(*p)) {
        return convrelay_tool_none;
    }

    if (*p == 't') {
        match = convrelay_tool_match_text(p, w->end, "to=functions.");

        if (match) {
            return match;
        }
    }

    return convrelay_tool_match_name(shapes, p, w->end);
}


static convrelay_tool_match_e
convrelay_tool_match_text(const u_char *p, const u_char *last,
    const char *text)
{
    size_t  n;

    n = strlen(text);

    if ((size_t) (last - p) >= n) {
        return (memcmp(p, text, n) == 0) ? convrelay_tool_leak
                                         : convrelay_tool_none;
    }

    return (memcmp(p, text, last - p) == 0) ? convrelay_tool_maybe
                                            : convrelay_tool_none;
}


/* a name too long to be held back whole is not a word of a sentence */

static convrelay_tool_match_e
convrelay_tool_match_name(const convrelay_tool_shapes_t *shapes,
    const u_char *p, const u_char *last)
{
    const u_char            *end;
    convrelay_tool_match_e   match;

    for (end = p; end < last && convrelay_tool_is_word(*end); end++) {
        /* void */
    }

    if (end < last && *end != '(') {
        return convrelay_tool_none;
    }

    match = convrelay_tool_match_list(shapes->names, shapes->nnames, p,
                                      end - p, end < last);

    if (match == convrelay_tool_maybe && end - p >= CONVRELAY_TOOL_HELD) {
        return convrelay_tool_leak;
    }

    return match;
}


static convrelay_tool_match_e
convrelay_tool_match_json(const convrelay_tool_shapes_t *shapes,
    const u_char *p, const convrelay_tool_window_t *w)
{
    unsigned                 ended;
    const u_char            *key, *end;
    convrelay_tool_match_e   match, best;

    for (key = p + 1; key < w->end && convrelay_json_blank(*key); key++) {
        /* void */
    }

    if (key == w->end) {
        return w->full ? convrelay_tool_none : convrelay_tool_maybe;
    }

    if (*key++ != '"') {
        return convrelay_tool_none;
    }

    end = memchr(key, '"', w->end - key);
    ended = (end != NULL);

    if (!ended) {
        end = w->end;
    }

    best = convrelay_tool_match_list(convrelay_tool_call_keys,
                                     sizeof(convrelay_tool_call_keys)
                                     / sizeof(convrelay_str_t),
                                     key, end - key, ended);

    match = convrelay_tool_match_list(shapes->keys, shapes->nkeys, key,
                                      end - key, ended);

    best = (match > best) ? match : best;

    if (best == convrelay_tool_maybe && w->full) {
        return (end > key) ? convrelay_tool_leak : convrelay_tool_none;
    }

    return best;
}


/* looks for a text in a sorted list; ended: more cannot follow it */

static convrelay_tool_match_e
convrelay_tool_match_list(const convrelay_str_t *list, size_t n,
    const u_char *p, size_t len, unsigned ended)
{
    size_t           low, mid, high;
    convrelay_str_t  text;

    text.data = (u_char *) p;
    text.len = len;

    /* the first one that is not before the text: itself, or it with an end */

    low = 0;
    high = n;

    while (low < high) {
        mid = low + (high - low) / 2;

        if (convrelay_tool_compare(&list[mid], &text) < 0) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    if (low == n || list[low].len < len
        || memcmp(list[low].data, p, len) != 0)
    {
        return convrelay_tool_none;
    }

    if (!ended) {
        return convrelay_tool_maybe;
    }

    return (list[low].len == len) ? convrelay_tool_leak : convrelay_tool_none;
}


/* the order of the lists: a text is before those that it is the start of */

static int
convrelay_tool_compare(const void *one, const void *two)
{
    const convrelay_str_t *a = one;
    const convrelay_str_t *b = two;

    int  rc;

    rc = memcmp(a->data, b->data, (a->len < b->len) ? a->len : b->len);

    if (rc == 0) {
        rc = (a->len > b->len) - (a->len < b->len);
    }

    return rc;
}


static unsigned
convrelay_tool_is_word(u_char c)
{
    return convrelay_is_alpha(c) || convrelay_is_digit(c) || c == '_'
           || c == '-' || c >= 0x80;
}
