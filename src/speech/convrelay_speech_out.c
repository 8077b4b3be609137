
/*
 * Copyright (C) convrelay contributors
 *
 * What the filter passes on, and what is due before it: blanks, which wait for
 * the next word, because a text that loses its emoji loses the blank before it
 * as well.
 */


#include <stdlib.h>

#include "convrelay_speech_parts.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


static void convrelay_speech_append(convrelay_speech_t *s, const u_char *p,
    size_t len);
static void convrelay_speech_gap(convrelay_speech_t *s, uint32_t next);
static unsigned convrelay_speech_is_quote(uint32_t cp);
static unsigned convrelay_speech_is_cjk(uint32_t cp);


static void
convrelay_speech_append(convrelay_speech_t *s, const u_char *p, size_t len)
{
    size_t   size;
    u_char  *buf;

    if (s->failed) {
        return;
    }

    if (len > s->size - s->len) {
        size = 2 * (s->len + len) + CONVRELAY_SPEECH_SHORT;

        buf = realloc(s->out, size);
        if (buf == NULL) {
            s->failed = 1;
            return;
        }

        s->out = buf;
        s->size = size;
    }

    memcpy(s->out + s->len, p, len);
    s->len += len;
}


/* the blanks that are due before next */

static void
convrelay_speech_gap(convrelay_speech_t *s, uint32_t next)
{
    uint32_t  n;

    static const u_char  blanks[] = "                ";

    if (s->comma) {

        if (!convrelay_speech_is_closer(s->mark)) {
            convrelay_speech_append(s, (u_char *) ",", 1);
        }

        convrelay_speech_append(s, blanks, 1);

    } else if (s->pause) {

        if (!convrelay_speech_is_cjk(s->mark) && s->mark != 0x3002) {
            convrelay_speech_append(s, blanks, 1);
        }

    } else if (s->blanks
               && !(s->cut
                    && (next == ')' || convrelay_speech_is_closer(next))))
    {
        for ( /* void */ ; s->blanks; s->blanks -= n) {
            n = (s->blanks < sizeof(blanks)) ? s->blanks : sizeof(blanks) - 1;
            convrelay_speech_append(s, blanks, n);
        }
    }

    s->comma = 0;
    s->pause = 0;
    s->blanks = 0;
    s->cut = 0;
}


void
convrelay_speech_put(convrelay_speech_t *s, const u_char *p, size_t len)
{
    uint32_t       cp;
    const u_char  *first, *end, *last;

    end = p + len;
    first = p;

    convrelay_speech_gap(s, (*p < 0x80) ? *p
                                        : convrelay_utf8_decode(&first, end));
    convrelay_speech_append(s, p, len);

    last = end - 1;

    while (last > p && (*last & 0xc0) == 0x80) {
        last--;
    }

    cp = convrelay_utf8_decode(&last, end);

    s->last = cp;

    if (!convrelay_speech_is_quote(cp)) {
        s->mark = cp;
    }

    s->bol = 0;
    s->said = 1;
}


void
convrelay_speech_put_text(convrelay_speech_t *s, const char *text)
{
    convrelay_speech_put(s, (const u_char *) text, strlen(text));

    s->changed = 1;
}


void
convrelay_speech_words(convrelay_speech_t *s, const char *text)
{
    uint32_t  before;

    before = convrelay_speech_before(s);

    if (before && strchr("([{\"'", before < 0x80 ? (int) before : ' ') == NULL)
    {
        s->blanks = 1;
    }

    convrelay_speech_put_text(s, text);

    s->blanks = 1;
    s->cut = 1;
}


void
convrelay_speech_raw(convrelay_speech_t *s, const u_char *p, size_t len)
{
    convrelay_speech_gap(s, ' ');

    if (len) {
        convrelay_speech_append(s, p, len);
    }
}


void
convrelay_speech_blank(convrelay_speech_t *s)
{
    if ((s->cut && (s->blanks || s->pause || s->bol)) || (s->bol && s->said)) {
        s->changed = 1;
        return;
    }

    if (s->blanks == CONVRELAY_SPEECH_BLANKS) {
        s->changed = 1;
        return;
    }

    s->blanks++;
}


void
convrelay_speech_newline(convrelay_speech_t *s)
{
    if (!s->bol) {
        convrelay_speech_stop(s);
    }

    s->bol = 1;
    s->item = 0;
    s->heading = 0;
    s->table = 0;
    s->comma = 0;
    s->ticks = 0;
    s->links = 0;
    s->blanks = 0;
    s->pause = s->said;
    s->cut = 1;
    s->changed = 1;
}


void
convrelay_speech_comma(convrelay_speech_t *s)
{
    if (!convrelay_speech_is_closer(s->mark)) {
        convrelay_speech_append(s, (u_char *) ",", 1);

        s->last = ',';
        s->mark = ',';
    }

    s->blanks = 1;
    s->cut = 1;
    s->changed = 1;
}


void
convrelay_speech_drop(convrelay_speech_t *s)
{
    s->cut = 1;
    s->changed = 1;
}


void
convrelay_speech_stop(convrelay_speech_t *s)
{
    if (convrelay_speech_is_closer(s->mark)) {
        return;
    }

    if (convrelay_speech_is_cjk(s->mark)) {
        convrelay_speech_append(s, (u_char *) "\xe3\x80\x82", 3);
        s->mark = 0x3002;

    } else {
        convrelay_speech_append(s, (u_char *) ".", 1);
        s->mark = '.';
    }

    s->last = s->mark;
    s->changed = 1;
}


uint32_t
convrelay_speech_before(const convrelay_speech_t *s)
{
    return (s->blanks || s->pause || s->comma || s->bol) ? 0 : s->last;
}


uint32_t
convrelay_speech_next(const convrelay_speech_win_t *w, const u_char *p)
{
    size_t  len;

    if (p < w->last && *p < 0x80) {

        /* a NUL is not the end */

        return *p ? *p : ' ';
    }

    len = (p == w->last) ? 1
          : (*p < 0xe0) ? 2
          : (*p < 0xf0) ? 3 : 4;

    if ((size_t) (w->last - p) < len) {
        return w->full ? CONVRELAY_SPEECH_NONE : CONVRELAY_SPEECH_MORE;
    }

    return convrelay_utf8_decode(&p, p + len);
}


uint32_t
convrelay_speech_next_word(const convrelay_speech_win_t *w, const u_char *p)
{
    while (p < w->last && convrelay_speech_is_blank(*p)) {
        p++;
    }

    return convrelay_speech_next(w, p);
}


unsigned
convrelay_speech_is_word(uint32_t cp)
{
    return (cp < 0x80) ? convrelay_is_alpha(cp) || convrelay_is_digit(cp)
                       : convrelay_is_word(cp);
}


unsigned
convrelay_speech_is_number(uint32_t cp)
{
    return convrelay_is_digit(cp);
}


unsigned
convrelay_speech_is_closer(uint32_t cp)
{
    switch (cp) {

    case '.':
    case ',':
    case '!':
    case '?':
    case ':':
    case ';':
    case 0x0589:    /* Armenian full stop */
    case 0x060c:    /* Arabic comma, semicolon, question mark, full stop */
    case 0x061b:
    case 0x061f:
    case 0x06d4:
    case 0x0964:    /* dandas */
    case 0x0965:
    case 0x1362:    /* Ethiopic full stop */
    case 0x17d4:    /* Khmer full stop */
    case 0x2026:
    case 0x3001:    /* CJK */
    case 0x3002:
    case 0xff01:
    case 0xff0c:
    case 0xff0e:
    case 0xff1a:
    case 0xff1b:
    case 0xff1f:
    case 0xff61:
    case 0xff64:
        return 1;

    default:
        return 0;
    }
}


/* a sentence may have ended before it */

static unsigned
convrelay_speech_is_quote(uint32_t cp)
{
    return cp == '"' || cp == '\'' || cp == ')' || cp == ']' || cp == '}'
           || cp == 0xbb || cp == 0x300d || cp == 0x300f || cp == 0xff09;
}


static unsigned
convrelay_speech_is_cjk(uint32_t cp)
{
    return (cp >= 0x3005 && cp <= 0x30ff) || (cp >= 0x3400 && cp <= 0x9fff)
           || (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0xff00 && cp <= 0xffef)
           || (cp >= 0x20000 && cp <= 0x3ffff);
}


int
convrelay_speech_match(const convrelay_speech_win_t *w, const u_char *p,
    const char *text)
{
    for ( /* void */ ; *text; text++, p++) {

        if (p == w->last) {
            return w->full ? -1 : 0;
        }

        if (convrelay_lower(*p) != (u_char) *text) {
            return -1;
        }
    }

    return 1;
}
