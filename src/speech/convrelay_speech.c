
/*
 * Copyright (C) convrelay contributors
 *
 * The filter's loop: text without marks passes at the cost of one look at each
 * byte; for other text, rules look at a window of it, one after the other.
 */


#include <stdlib.h>

#include "convrelay_speech_parts.h"
#include "convrelay_utf8.h"


static unsigned convrelay_speech_may_be_url(convrelay_speech_t *s,
    const u_char *p, const u_char *last);
static int convrelay_speech_feed(convrelay_speech_t *s,
    const convrelay_str_t *text, unsigned flush);
static size_t convrelay_speech_account(const convrelay_speech_t *s);
static const u_char *convrelay_speech_run(convrelay_speech_t *s,
    const u_char *p, const u_char *last, unsigned flush);
static const u_char *convrelay_speech_step(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);
static const u_char *convrelay_speech_in_text(convrelay_speech_t *s,
    const convrelay_speech_win_t *w);


/*
 * Bytes that no rule is interested in.  Of the bytes of longer characters,
 * those are missing that begin one of a block with signs, and 0x97 and 0xb7,
 * which end the signs that are among the letters of Latin-1.  Those of "https"
 * and "www" are 2: text that ends with one may go on as a URL.
 */

#define convrelay_speech_16(a)  a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a

static const u_char  convrelay_speech_plains[256] = {
    convrelay_speech_16(0),
    convrelay_speech_16(0),

    /*     ! " #   $ % & '   ( ) * +   , - . / */
    1, 0, 1, 0,  0, 1, 0, 1,  1, 1, 0, 0,  1, 0, 0, 1,
    /* 0 1 2 3   4 5 6 7   8 9 : ;   < = > ? */
    1, 1, 1, 1,  1, 1, 1, 1,  1, 1, 0, 0,  0, 1, 0, 0,
    /* @ A ... */
    0, 1, 1, 1,  1, 1, 1, 1,  2, 1, 1, 1,  1, 1, 1, 1,
    /* P                          [   \ ] ^ _ */
    2, 1, 1, 2,  2, 1, 1, 2,  1, 1, 1, 0,  0, 0, 1, 0,
    /* ` a ... */
    0, 1, 1, 1,  1, 1, 1, 1,  2, 1, 1, 1,  1, 1, 1, 1,
    /* p                          {   | } ~ DEL */
    2, 1, 1, 2,  2, 1, 1, 2,  1, 1, 1, 1,  0, 1, 0, 0,

    convrelay_speech_16(1),
    1, 1, 1, 1,  1, 1, 1, 0,  1, 1, 1, 1,  1, 1, 1, 1,
    convrelay_speech_16(1),
    1, 1, 1, 1,  1, 1, 1, 0,  1, 1, 1, 1,  1, 1, 1, 1,

    /* c2 */
    1, 1, 0, 1,  1, 1, 1, 1,  1, 1, 1, 1,  1, 1, 1, 1,
    convrelay_speech_16(1),
    /* e2, e3, ef */
    1, 1, 0, 0,  1, 1, 1, 1,  1, 1, 1, 1,  1, 1, 1, 0,
    convrelay_speech_16(0)
};


unsigned
convrelay_speech_english(const convrelay_str_t *lang)
{
    return lang->len == 0
           || (lang->len >= 2
               && convrelay_lower(lang->data[0]) == 'e'
               && convrelay_lower(lang->data[1]) == 'n'
               && (lang->len == 2 || !convrelay_is_alpha(lang->data[2])));
}


int
convrelay_speech_read(convrelay_speech_t *s, const convrelay_str_t *text,
    convrelay_str_t *out)
{
    if (convrelay_speech_plain(s, text)) {
        s->moved = 0;
        *out = *text;

        return CONVRELAY_OK;
    }

    if (convrelay_speech_feed(s, text, 0) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    out->data = s->out;
    out->len = s->len;

    return CONVRELAY_OK;
}


int
convrelay_speech_flush(convrelay_speech_t *s, convrelay_str_t *out)
{
    static const convrelay_str_t  none = convrelay_string("");

    if (convrelay_speech_feed(s, &none, 1) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    out->data = s->out;
    out->len = s->len;

    return CONVRELAY_OK;
}


int
convrelay_speech_end(convrelay_speech_t *s, convrelay_str_t *out)
{
    static const convrelay_str_t  none = convrelay_string("");

    s->ending = 1;

    if (convrelay_speech_feed(s, &none, 1) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (s->item && !s->bol) {
        convrelay_speech_stop(s);
        s->blanks = 0;
    }

    if (s->blanks) {

        if (s->cut || !s->said) {
            s->blanks = 0;
            s->changed = 1;

        } else {
            convrelay_speech_raw(s, NULL, 0);
        }
    }

    s->ending = 0;

    if (s->failed) {
        return CONVRELAY_ERROR;
    }

    out->data = s->out;
    out->len = s->len;

    return CONVRELAY_OK;
}


void
convrelay_speech_free(convrelay_speech_t *s)
{
    free(s->out);
    free(s->in);

    memset(s, 0, sizeof(convrelay_speech_t));
}


unsigned
convrelay_speech_plain(convrelay_speech_t *s, const convrelay_str_t *text)
{
    uint32_t       cp;
    const u_char  *p, *last, *end;

    if (s->held || s->bol || !s->begun || s->blanks || s->pause || s->comma
        || s->cut || s->region != CONVRELAY_SPEECH_TEXT || text->len == 0)
    {
        return 0;
    }

    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (!convrelay_speech_plains[*p]) {
            return 0;
        }
    }

    p = last - 1;
    cp = *p;

    if (cp == ' ') {
        return 0;
    }

    if (cp >= 0x80) {

        while (p > text->data && last - p < 4 && (*p & 0xc0) == 0x80) {
            p--;
        }

        end = p;
        cp = convrelay_utf8_decode(&end, last);

        if (cp == 0xfffd || end != last) {
            return 0;
        }

    } else if (convrelay_speech_plains[cp] == 2
               && convrelay_speech_may_be_url(s, text->data, last))
    {
        return 0;
    }

    s->last = cp;

    while (*p == '"' || *p == '\'' || *p == ')' || *p == '}') {

        if (p == text->data) {
            return 1;
        }

        p--;
    }

    if (*p < 0x80) {
        s->mark = *p;

    } else {

        while (p > text->data && (*p & 0xc0) == 0x80) {
            p--;
        }

        s->mark = convrelay_utf8_decode(&p, last);
    }

    return 1;
}


/* true if the last word may become that of a URL */

static unsigned
convrelay_speech_may_be_url(convrelay_speech_t *s, const u_char *p,
    const u_char *last)
{
    const u_char            *word;
    convrelay_speech_win_t   w;

    for (word = last; word > p; word--) {

        if (!convrelay_speech_is_alnum(word[-1])) {
            break;
        }
    }

    if (word > p
        ? word[-1] >= 0x80 : convrelay_speech_is_word(s->last))
    {
        return 0;
    }

    w.p = word;
    w.last = last;
    w.full = 0;

    return convrelay_speech_match(&w, word, "https://") == 0
           || convrelay_speech_match(&w, word, "www.") == 0;
}


/* reads what is held, and text after it; flush: as if no more came */

static int
convrelay_speech_feed(convrelay_speech_t *s, const convrelay_str_t *text,
    unsigned flush)
{
    size_t         size, rest, before, after;
    u_char        *buf;
    unsigned       held;
    const u_char  *p, *start, *last;

    s->len = 0;
    before = convrelay_speech_account(s);

    if (!s->begun) {
        s->begun = 1;
        s->bol = 1;
    }

    held = (s->held != 0);
    start = text->data;
    last = start + text->len;

    if (held) {
        size = s->held + text->len;

        if (size > s->in_size) {
            buf = realloc(s->in, 2 * size);
            if (buf == NULL) {
                return CONVRELAY_ERROR;
            }

            s->in = buf;
            s->in_size = 2 * size;
        }

        if (text->len) {
            memcpy(s->in + s->held, text->data, text->len);
        }

        start = s->in;
        last = start + size;
    }

    p = convrelay_speech_run(s, start, last, flush);
    rest = last - p;

    /* each byte that was read is passed on, due, or counted as dropped */

    before += p - start;
    after = convrelay_speech_account(s);

    if (after < before) {
        s->dropped += before - after;
    }

    if (rest > s->in_size) {
        size = (rest < CONVRELAY_SPEECH_SHORT) ? 2 * CONVRELAY_SPEECH_SHORT
                                               : 2 * rest;

        /* in is not what p points to, which would be larger */

        buf = malloc(size);
        if (buf == NULL) {
            return CONVRELAY_ERROR;
        }

        free(s->in);

        s->in = buf;
        s->in_size = size;
    }

    if (rest) {
        memmove(s->in, p, rest);
    }

    s->moved = (rest && (!held || p != start));
    s->held = rest;

    return s->failed ? CONVRELAY_ERROR : CONVRELAY_OK;
}


static size_t
convrelay_speech_account(const convrelay_speech_t *s)
{
    return s->len + s->dropped + s->blanks + (s->pause || s->comma);
}


/* returns where the text begins that has to wait */

static const u_char *
convrelay_speech_run(convrelay_speech_t *s, const u_char *p,
    const u_char *last, unsigned flush)
{
    const u_char            *next;
    convrelay_speech_win_t   w;

    while (p < last) {

        w.p = p;
        w.last = last;
        w.full = flush;

        if (last - p >= CONVRELAY_SPEECH_HELD) {
            w.last = p + CONVRELAY_SPEECH_HELD;
            w.full = 1;
        }

        next = convrelay_speech_step(s, &w);

        if (next == NULL) {

            /* of a full window, only the rest of a character is asked for */

            break;
        }

        p = next;
    }

    return p;
}


static const u_char *
convrelay_speech_step(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    const u_char  *next;

    switch (s->region) {

    case CONVRELAY_SPEECH_FENCE:
        return convrelay_speech_fence(s, w);

    case CONVRELAY_SPEECH_TARGET:
        return convrelay_speech_target(s, w);

    case CONVRELAY_SPEECH_URL:
        return convrelay_speech_url(s, w);

    case CONVRELAY_SPEECH_RULE:
        return convrelay_speech_rule(s, w);

    case CONVRELAY_SPEECH_TEXT:
        break;
    }

    if (s->bol) {
        next = convrelay_speech_line(s, w);

        if (next != w->p) {
            return next;
        }

        if (s->region != CONVRELAY_SPEECH_TEXT) {
            return next;
        }
    }

    return convrelay_speech_in_text(s, w);
}


static const u_char *
convrelay_speech_in_text(convrelay_speech_t *s,
    const convrelay_speech_win_t *w)
{
    u_char         c;
    const u_char  *p, *next;

    p = w->p;
    c = *p;

    if (convrelay_speech_is_alnum(c)) {

        if (((c | 0x20) == 'h' || (c | 0x20) == 'w')
            && !convrelay_speech_is_word(convrelay_speech_before(s)))
        {
            next = convrelay_speech_host(s, w);

            if (next != p) {
                return next;
            }
        }

        do {
            p++;
        } while (p < w->last && convrelay_speech_is_alnum(*p));

        convrelay_speech_put(s, w->p, p - w->p);

        return p;
    }

    if (convrelay_speech_is_blank(c)) {
        convrelay_speech_blank(s);
        s->changed |= (c == '\t');

        return p + 1;
    }

    if (convrelay_speech_is_line(c)) {
        convrelay_speech_newline(s);
        return p + 1;
    }

    return (c < 0x80) ? convrelay_speech_inline(s, w)
                      : convrelay_speech_sign(s, w);
}
