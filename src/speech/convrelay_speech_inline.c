
/*
 * Copyright (C) convrelay contributors
 *
 * Marks in a line.  A run of "*" or "_" is judged by the characters around it,
 * not by the run that would close it: that one may never come, or not soon.
 */


#include "convrelay_speech_parts.h"


static const u_char *convrelay_speech_literal(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_stars(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_tildes(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_hashes(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_mark(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_emoticon(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_escape(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_dollars(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_dot(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);


const u_char *
convrelay_speech_inline(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    u_char  c;

    c = *w->p;

    switch (c) {

    case '*':
    case '_':
        return convrelay_speech_stars(s, w);

    case '`':
        return convrelay_speech_ticks(s, w);

    case '~':
        return convrelay_speech_tildes(s, w);

    case '#':
        return convrelay_speech_hashes(s, w);

    case '[':
        return convrelay_speech_open(s, w);

    case ']':
        return convrelay_speech_close(s, w);

    case '!':
    case '?':
        return convrelay_speech_mark(s, w);

    case ':':
    case ';':
        return convrelay_speech_emoticon(s, w);

    case '<':
        return convrelay_speech_less(s, w);

    case '>':
        return convrelay_speech_greater(s, w);

    case '&':
        return convrelay_speech_ampersand(s, w);

    case '\\':
        return convrelay_speech_escape(s, w);

    case '$':
        return convrelay_speech_dollars(s, w);

    case '.':
    case '-':
    case '+':
    case '@':
        return convrelay_speech_dot(s, w);

    case '|':
        if (s->table) {
            s->comma = !s->bol;
            convrelay_speech_drop(s);

            return w->p + 1;
        }

        break;
    }

    if (c < ' ' || c == 0x7f) {
        convrelay_speech_drop(s);
        return w->p + 1;
    }

    return convrelay_speech_literal(s, w);
}


static const u_char *
convrelay_speech_literal(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    convrelay_speech_put(s, w->p, 1);

    return w->p + 1;
}


/* "*" and "_" */

static const u_char *
convrelay_speech_stars(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    u_char         c;
    size_t         n;
    uint32_t       before, after;
    const u_char  *p;

    c = *w->p;

    for (p = w->p; p < w->last && *p == c; p++) { /* void */ }

    after = convrelay_speech_next(w, p);

    if (after == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    n = p - w->p;
    before = convrelay_speech_before(s);

    if (c == '*') {

        if (n <= 2
            && ((convrelay_speech_is_number(before)
                 && convrelay_speech_is_number(after))
                || (n == 1 && before == 0 && !s->bol
                    && convrelay_speech_is_blank(after))))
        {
            convrelay_speech_put(s, w->p, n);
            return p;
        }

    } else if (convrelay_speech_is_word(before)
               && convrelay_speech_is_word(after))
    {
        p = convrelay_speech_mail(s, w);

        if (p != w->p) {
            return p;
        }

        s->blanks = 1;
        convrelay_speech_drop(s);

        return w->p + n;
    }

    convrelay_speech_drop(s);

    return p;
}


static const u_char *
convrelay_speech_tildes(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    size_t         n;
    uint32_t       next;
    const u_char  *p, *q;

    for (p = w->p; p < w->last && *p == '~'; p++) { /* void */ }

    next = convrelay_speech_next(w, p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    n = p - w->p;

    if (n == 1) {

        if (s->english && convrelay_speech_is_number(next)
            && !convrelay_speech_is_word(convrelay_speech_before(s)))
        {
            convrelay_speech_words(s, "about");
            return p;
        }

        return convrelay_speech_literal(s, w);
    }

    convrelay_speech_drop(s);

    if (n > 2) {
        return p;
    }

    /* what is struck out is not said */

    n = 0;

    for (q = p; q < w->last && n <= CONVRELAY_SPEECH_SHORT; q++) {

        if (convrelay_speech_is_line(*q)) {
            return p;
        }

        if (*q == '~') {

            if (q + 1 == w->last) {
                return w->full ? p : NULL;
            }

            if (q[1] == '~') {
                return q + 2;
            }
        }

        n += ((*q & 0xc0) != 0x80);
    }

    return (q == w->last && n <= CONVRELAY_SPEECH_SHORT && !w->full) ? NULL
                                                                      : p;
}


static const u_char *
convrelay_speech_hashes(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    uint32_t       before, next;
    const u_char  *p;

    for (p = w->p; p < w->last && *p == '#'; p++) { /* void */ }

    next = convrelay_speech_next(w, p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    before = convrelay_speech_before(s);

    if (p - w->p > 1
        || (s->heading && before == 0
            && (next == CONVRELAY_SPEECH_NONE || convrelay_is_space(next))))
    {
        convrelay_speech_drop(s);
        return p;
    }

    /* "C#" is not a mark, and "press #" is a key */

    if (convrelay_speech_is_word(before) || !convrelay_speech_is_word(next)) {
        return convrelay_speech_literal(s, w);
    }

    if (!convrelay_speech_is_number(next)) {
        convrelay_speech_drop(s);
        return p;
    }

    if (s->english) {
        convrelay_speech_words(s, "number");
        return p;
    }

    return convrelay_speech_literal(s, w);
}


/* "!" and "?": only the first of several; and that of an image */

static const u_char *
convrelay_speech_mark(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    uint32_t  before, next;

    before = convrelay_speech_before(s);

    if (*w->p == '!' && (before == 0 || s->links)) {
        next = convrelay_speech_next(w, w->p + 1);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }

        if (next == '[') {
            convrelay_speech_drop(s);
            return w->p + 1;
        }
    }

    if (before == '!' || before == '?') {
        s->changed = 1;
        return w->p + 1;
    }

    return convrelay_speech_literal(s, w);
}


static const u_char *
convrelay_speech_emoticon(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    int           rc;
    size_t        len;
    uint32_t      next;
    unsigned      i, more;

    static const char  *faces[] = {
        ":-)", ":)", ":-(", ":(", ":-d", ":d", ":-p", ":p", ":-/", ":-|",
        ":'(", ":-o", ":o", ";-)", ";)"
    };

    if (convrelay_speech_before(s)) {
        return convrelay_speech_literal(s, w);
    }

    more = 0;

    for (i = 0; i < sizeof(faces) / sizeof(faces[0]); i++) {
        rc = convrelay_speech_match(w, w->p, faces[i]);

        if (rc == 1) {
            len = strlen(faces[i]);
            next = convrelay_speech_next(w, w->p + len);

            if (next == CONVRELAY_SPEECH_MORE) {
                return NULL;
            }

            if (!convrelay_speech_is_word(next)) {
                convrelay_speech_drop(s);
                return w->p + len;
            }
        }

        more |= (rc == 0);
    }

    return more ? NULL : convrelay_speech_literal(s, w);
}


/* a backslash: LaTeX's brackets go, and what it quotes is text */

static const u_char *
convrelay_speech_escape(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    uint32_t  next;

    next = convrelay_speech_next(w, w->p + 1);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (next == '(' || next == ')' || next == '[' || next == ']') {
        convrelay_speech_drop(s);
        return w->p + 2;
    }

    if (next < 0x80 && next > ' ' && strchr("\\`*_{}#+-.!<>|~$&\"'", next)) {
        convrelay_speech_put(s, w->p + 1, 1);
        s->changed = 1;

        return w->p + 2;
    }

    return convrelay_speech_literal(s, w);
}


static const u_char *
convrelay_speech_dollars(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    const u_char  *p;

    for (p = w->p; p < w->last && *p == '$'; p++) { /* void */ }

    if (p == w->last && !w->full) {
        return NULL;
    }

    if (p - w->p == 1) {
        return convrelay_speech_literal(s, w);
    }

    convrelay_speech_drop(s);

    return p;
}


/* what may be in the name of an address of mail */

static const u_char *
convrelay_speech_dot(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    uint32_t       before, next;
    const u_char  *p;

    before = convrelay_speech_before(s);

    if (convrelay_speech_is_alnum(before) && before
        && (s->english || *w->p == '@'))
    {
        p = convrelay_speech_mail(s, w);

        if (p != w->p) {
            return p;
        }

    } else if (*w->p == '.' && before == 0 && s->english) {
        next = convrelay_speech_next(w, w->p + 1);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }

        if (next < 0x80 && convrelay_is_alpha(next)) {
            convrelay_speech_words(s, "dot");
            return w->p + 1;
        }
    }

    return convrelay_speech_literal(s, w);
}
