
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


static int convrelay_tool_guard_join(convrelay_tool_guard_t *g,
    const convrelay_str_t *text, convrelay_str_t *all);
static convrelay_tool_match_e convrelay_tool_match(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const u_char *last, unsigned word);
static convrelay_tool_match_e convrelay_tool_match_text(const u_char *p,
    const u_char *last, const char *text);
static convrelay_tool_match_e convrelay_tool_match_name(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const u_char *last);
static convrelay_tool_match_e convrelay_tool_match_json(
    const convrelay_tool_shapes_t *shapes, const u_char *p,
    const u_char *last);
static convrelay_tool_match_e convrelay_tool_match_key(
    const convrelay_str_t *key, const u_char *p, size_t len, unsigned ended);
static const u_char *convrelay_tool_window(const u_char *p,
    const u_char *last);
static unsigned convrelay_tool_full(const u_char *p, const u_char *last);
static unsigned convrelay_tool_is_word(u_char c);


/* members that the JSON of a call has for any tool */

static const convrelay_str_t  convrelay_tool_call_keys[] = {
    convrelay_string("name"),
    convrelay_string("arguments"),
    convrelay_string("parameters"),
    convrelay_string("function"),
    convrelay_string("tool"),
    convrelay_string("tool_name"),
    convrelay_string("tool_calls"),
    convrelay_null_string
};


int
convrelay_tool_guard_read(convrelay_tool_guard_t *g,
    const convrelay_tool_shapes_t *shapes, const convrelay_str_t *text,
    convrelay_str_t *out)
{
    unsigned                 word;
    const u_char            *p, *last;
    convrelay_str_t          all;
    convrelay_tool_match_e   match;

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

    for (p = all.data; p < last; p++) {

        match = convrelay_tool_match(shapes, p, last, word);

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


/* tests what begins at p; word: p is inside a word */

static convrelay_tool_match_e
convrelay_tool_match(const convrelay_tool_shapes_t *shapes, const u_char *p,
    const u_char *last, unsigned word)
{
    convrelay_tool_match_e  match;

    last = convrelay_tool_window(p, last);

    switch (*p) {

    case '<':
        match = convrelay_tool_match_text(p, last, "<|");

        return match ? match
                     : convrelay_tool_match_text(p, last, "<tool_call>");

    case '{':
        return convrelay_tool_match_json(shapes, p, last);
    }

    if (word || !convrelay_tool_is_word(*p)) {
        return convrelay_tool_none;
    }

    if (*p == 't') {
        match = convrelay_tool_match_text(p, last, "to=functions.");

        if (match) {
            return match;
        }
    }

    return convrelay_tool_match_name(shapes, p, last);
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
    size_t                   i, n;
    const convrelay_str_t   *name;
    convrelay_tool_match_e   match;

    match = convrelay_tool_none;
    n = last - p;

    for (i = 0; i < shapes->nnames; i++) {
        name = &shapes->names[i];

        if (name->data[0] != *p
            || memcmp(name->data, p, (n < name->len) ? n : name->len) != 0)
        {
            continue;
        }

        if (n > name->len) {

            if (p[name->len] == '(') {
                return convrelay_tool_leak;
            }

            continue;
        }

        if (n >= CONVRELAY_TOOL_HELD) {
            return convrelay_tool_leak;
        }

        match = convrelay_tool_maybe;
    }

    return match;
}


static convrelay_tool_match_e
convrelay_tool_match_json(const convrelay_tool_shapes_t *shapes,
    const u_char *p, const u_char *last)
{
    size_t                   i;
    unsigned                 full, ended;
    const u_char            *key, *end;
    convrelay_tool_match_e   match, best;

    full = convrelay_tool_full(p, last);

    for (key = p + 1; key < last && convrelay_json_blank(*key); key++) {
        /* void */
    }

    if (key == last) {
        return full ? convrelay_tool_none : convrelay_tool_maybe;
    }

    if (*key++ != '"') {
        return convrelay_tool_none;
    }

    end = memchr(key, '"', last - key);
    ended = (end != NULL);

    if (!ended) {
        end = last;
    }

    best = convrelay_tool_none;

    for (i = 0; convrelay_tool_call_keys[i].len; i++) {
        match = convrelay_tool_match_key(&convrelay_tool_call_keys[i], key,
                                         end - key, ended);
        best = (match > best) ? match : best;
    }

    for (i = 0; i < shapes->nkeys; i++) {
        match = convrelay_tool_match_key(&shapes->keys[i], key, end - key,
                                         ended);
        best = (match > best) ? match : best;
    }

    if (best == convrelay_tool_maybe && full) {
        return (end > key) ? convrelay_tool_leak : convrelay_tool_none;
    }

    return best;
}


static convrelay_tool_match_e
convrelay_tool_match_key(const convrelay_str_t *key, const u_char *p,
    size_t len, unsigned ended)
{
    if (len > key->len || memcmp(key->data, p, len) != 0) {
        return convrelay_tool_none;
    }

    if (ended) {
        return (len == key->len) ? convrelay_tool_leak : convrelay_tool_none;
    }

    return convrelay_tool_maybe;
}


/* a decision sees this many characters, however the pieces are cut */

static const u_char *
convrelay_tool_window(const u_char *p, const u_char *last)
{
    unsigned       n;
    const u_char  *end;

    if (last - p <= CONVRELAY_TOOL_HELD) {
        return last;
    }

    if (last - p > 4 * CONVRELAY_TOOL_HELD) {
        last = p + 4 * CONVRELAY_TOOL_HELD;
    }

    n = 0;

    for (end = p; end < last; end++) {

        if ((*end & 0xc0) != 0x80 && n++ == CONVRELAY_TOOL_HELD) {
            break;
        }
    }

    return end;
}


/* true if no more may be held back */

static unsigned
convrelay_tool_full(const u_char *p, const u_char *last)
{
    unsigned  n;

    if (last - p >= 4 * CONVRELAY_TOOL_HELD) {
        return 1;
    }

    for (n = 0; p < last; p++) {
        n += ((*p & 0xc0) != 0x80);
    }

    return n >= CONVRELAY_TOOL_HELD;
}


static unsigned
convrelay_tool_is_word(u_char c)
{
    return convrelay_is_alpha(c) || convrelay_is_digit(c) || c == '_'
           || c == '-' || c >= 0x80;
}
