
/*
 * Copyright (C) convrelay contributors
 *
 * Characters that are not ASCII: signs, quotes, dashes, arrows, emoji.
 */


#include "convrelay_speech_parts.h"
#include "convrelay_utf8.h"


#define CONVRELAY_SPEECH_CITATION  128    /* bytes */


typedef enum {
    convrelay_speech_sg_text = 0, /* is written as text, in any language */
    convrelay_speech_sg_words,    /* is said as words, in English */
    convrelay_speech_sg_fraction, /* the same, added to a number before it */
    convrelay_speech_sg_power,    /* the same, after a number or a letter */
    convrelay_speech_sg_arrow,    /* is said between words, else dropped */
    convrelay_speech_sg_minus,    /* is said before a number */
    convrelay_speech_sg_degree,
    convrelay_speech_sg_range,    /* a dash between numbers, or a pause */
    convrelay_speech_sg_pause,
    convrelay_speech_sg_blank,
    convrelay_speech_sg_line,     /* ends a line */
    convrelay_speech_sg_joiner,   /* belongs to an emoji, or is text */
    convrelay_speech_sg_citation
} convrelay_speech_sign_e;


typedef struct {
    uint32_t                  cp;
    convrelay_speech_sign_e   type;
    const char               *text;
} convrelay_speech_sign_t;


typedef struct {
    uint32_t                  first;
    uint32_t                  last;
} convrelay_speech_range_t;


static const convrelay_speech_sign_t *convrelay_speech_find_sign(uint32_t cp);
static unsigned convrelay_speech_is_dropped(uint32_t cp);
static const u_char *convrelay_speech_word_sign(convrelay_speech_t *s,
    const u_char *p, uint32_t cp, const char *text);
static void convrelay_speech_put_cp(convrelay_speech_t *s, uint32_t cp);
static const u_char *convrelay_speech_arrow(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp,
    const char *text);
static const u_char *convrelay_speech_degree(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp);
static const u_char *convrelay_speech_dash(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp,
    unsigned range);
static const u_char *convrelay_speech_citation(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp);


/* in ascending order */

static const convrelay_speech_sign_t  convrelay_speech_signs[] = {
    { 0x00a0, convrelay_speech_sg_blank, NULL },
    { 0x00b0, convrelay_speech_sg_degree, NULL },
    { 0x00b1, convrelay_speech_sg_words, "plus or minus" },
    { 0x00b2, convrelay_speech_sg_power, "squared" },
    { 0x00b3, convrelay_speech_sg_power, "cubed" },
    { 0x00b7, convrelay_speech_sg_pause, NULL },
    { 0x00bc, convrelay_speech_sg_fraction, "one quarter" },
    { 0x00bd, convrelay_speech_sg_fraction, "one half" },
    { 0x00be, convrelay_speech_sg_fraction, "three quarters" },
    { 0x00d7, convrelay_speech_sg_words, "times" },
    { 0x00f7, convrelay_speech_sg_words, "divided by" },
    { 0x2000, convrelay_speech_sg_blank, NULL },
    { 0x2001, convrelay_speech_sg_blank, NULL },
    { 0x2002, convrelay_speech_sg_blank, NULL },
    { 0x2003, convrelay_speech_sg_blank, NULL },
    { 0x2004, convrelay_speech_sg_blank, NULL },
    { 0x2005, convrelay_speech_sg_blank, NULL },
    { 0x2006, convrelay_speech_sg_blank, NULL },
    { 0x2007, convrelay_speech_sg_blank, NULL },
    { 0x2008, convrelay_speech_sg_blank, NULL },
    { 0x2009, convrelay_speech_sg_blank, NULL },
    { 0x200a, convrelay_speech_sg_blank, NULL },
    { 0x200c, convrelay_speech_sg_joiner, NULL },
    { 0x200d, convrelay_speech_sg_joiner, NULL },
    { 0x2010, convrelay_speech_sg_text, "-" },
    { 0x2011, convrelay_speech_sg_text, "-" },
    { 0x2012, convrelay_speech_sg_range, NULL },
    { 0x2013, convrelay_speech_sg_range, NULL },
    { 0x2014, convrelay_speech_sg_pause, NULL },
    { 0x2015, convrelay_speech_sg_pause, NULL },
    { 0x2018, convrelay_speech_sg_text, "'" },
    { 0x2019, convrelay_speech_sg_text, "'" },
    { 0x201a, convrelay_speech_sg_text, "'" },
    { 0x201b, convrelay_speech_sg_text, "'" },
    { 0x201c, convrelay_speech_sg_text, "\"" },
    { 0x201d, convrelay_speech_sg_text, "\"" },
    { 0x201e, convrelay_speech_sg_text, "\"" },
    { 0x201f, convrelay_speech_sg_text, "\"" },
    { 0x2022, convrelay_speech_sg_pause, NULL },
    { 0x2023, convrelay_speech_sg_pause, NULL },
    { 0x2026, convrelay_speech_sg_text, "..." },
    { 0x2028, convrelay_speech_sg_line, NULL },
    { 0x2029, convrelay_speech_sg_line, NULL },
    { 0x202f, convrelay_speech_sg_blank, NULL },
    { 0x205f, convrelay_speech_sg_blank, NULL },
    { 0x2074, convrelay_speech_sg_power, "to the power of 4" },
    { 0x2075, convrelay_speech_sg_power, "to the power of 5" },
    { 0x2076, convrelay_speech_sg_power, "to the power of 6" },
    { 0x2077, convrelay_speech_sg_power, "to the power of 7" },
    { 0x2078, convrelay_speech_sg_power, "to the power of 8" },
    { 0x2079, convrelay_speech_sg_power, "to the power of 9" },
    { 0x2103, convrelay_speech_sg_words, "degrees Celsius" },
    { 0x2109, convrelay_speech_sg_words, "degrees Fahrenheit" },
    { 0x2150, convrelay_speech_sg_fraction, "one seventh" },
    { 0x2151, convrelay_speech_sg_fraction, "one ninth" },
    { 0x2152, convrelay_speech_sg_fraction, "one tenth" },
    { 0x2153, convrelay_speech_sg_fraction, "one third" },
    { 0x2154, convrelay_speech_sg_fraction, "two thirds" },
    { 0x2155, convrelay_speech_sg_fraction, "one fifth" },
    { 0x2156, convrelay_speech_sg_fraction, "two fifths" },
    { 0x2157, convrelay_speech_sg_fraction, "three fifths" },
    { 0x2158, convrelay_speech_sg_fraction, "four fifths" },
    { 0x2159, convrelay_speech_sg_fraction, "one sixth" },
    { 0x215a, convrelay_speech_sg_fraction, "five sixths" },
    { 0x215b, convrelay_speech_sg_fraction, "one eighth" },
    { 0x215c, convrelay_speech_sg_fraction, "three eighths" },
    { 0x215d, convrelay_speech_sg_fraction, "five eighths" },
    { 0x215e, convrelay_speech_sg_fraction, "seven eighths" },
    { 0x2192, convrelay_speech_sg_arrow, "to" },
    { 0x2194, convrelay_speech_sg_arrow, "to" },
    { 0x21d2, convrelay_speech_sg_arrow, "to" },
    { 0x21d4, convrelay_speech_sg_arrow, "to" },
    { 0x2212, convrelay_speech_sg_minus, "minus" },
    { 0x221e, convrelay_speech_sg_words, "infinity" },
    { 0x2248, convrelay_speech_sg_words, "about" },
    { 0x2260, convrelay_speech_sg_words, "is not" },
    { 0x2264, convrelay_speech_sg_words, "at most" },
    { 0x2265, convrelay_speech_sg_words, "at least" },
    { 0x2794, convrelay_speech_sg_arrow, "to" },
    { 0x279c, convrelay_speech_sg_arrow, "to" },
    { 0x27a1, convrelay_speech_sg_arrow, "to" },
    { 0x27f6, convrelay_speech_sg_arrow, "to" },
    { 0x3010, convrelay_speech_sg_citation, NULL }
};


/*
 * Emoji, dingbats, pictures, box drawing and what is invisible, from Unicode's
 * emoji-data (the symbols that are presented as pictures) and the names of its
 * blocks; in ascending order.
 */

static const convrelay_speech_range_t  convrelay_speech_dropped[] = {
    { 0x80, 0x9f },               /* C1 controls */
    { 0xa9, 0xa9 },
    { 0xad, 0xae },               /* soft hyphen; registered */
    { 0xb9, 0xb9 },               /* superscript one: a footnote */
    { 0x200b, 0x200b },           /* zero width */
    { 0x200e, 0x200f },           /* directions */
    { 0x2020, 0x2021 },           /* daggers */
    { 0x202a, 0x202e },
    { 0x203c, 0x203c },
    { 0x2049, 0x2049 },
    { 0x2060, 0x2064 },
    { 0x2066, 0x206f },
    { 0x20e0, 0x20e3 },           /* keycaps */
    { 0x2117, 0x2117 },
    { 0x2120, 0x2120 },
    { 0x2122, 0x2122 },
    { 0x2139, 0x2139 },
    { 0x2190, 0x21ff },           /* arrows */
    { 0x2300, 0x23ff },           /* technical, media controls */
    { 0x2500, 0x27bf },           /* box drawing to dingbats */
    { 0x27f0, 0x27ff },           /* arrows */
    { 0x2900, 0x297f },
    { 0x2b00, 0x2bff },
    { 0x3030, 0x3030 },
    { 0x303d, 0x303d },
    { 0x3297, 0x3297 },
    { 0x3299, 0x3299 },
    { 0xe000, 0xf8ff },           /* private use */
    { 0xfe00, 0xfe0f },           /* variations */
    { 0xfeff, 0xfeff },
    { 0x1f000, 0x1faff },
    { 0xe0000, 0xe0fff }          /* tags of flags, variations */
};


const u_char *
convrelay_speech_sign(convrelay_speech_t *s, const convrelay_speech_win_t *w)
{
    uint32_t       cp;
    const u_char  *p;

    cp = convrelay_speech_next(w, w->p);

    if (cp == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (cp == CONVRELAY_SPEECH_NONE) {

        /* the text ends within a character */

        if (!s->ending) {
            return NULL;
        }

        s->changed = 1;
        return w->last;
    }

    p = w->p;
    cp = convrelay_utf8_decode(&p, w->last);

    return convrelay_speech_sign_at(s, w, cp, p);
}


const u_char *
convrelay_speech_sign_at(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, uint32_t cp, const u_char *p)
{
    uint32_t                        next, before;
    const convrelay_speech_sign_t  *sign;

    sign = (cp < 0x2000 && cp > 0xff) ? NULL : convrelay_speech_find_sign(cp);

    if (sign == NULL) {

        if (convrelay_speech_is_dropped(cp)) {
            convrelay_speech_drop(s);

        } else {
            convrelay_speech_put_cp(s, cp);
        }

        return p;
    }

    switch (sign->type) {

    case convrelay_speech_sg_text:
        convrelay_speech_put_text(s, sign->text);
        return p;

    case convrelay_speech_sg_words:
        return convrelay_speech_word_sign(s, p, cp, sign->text);

    case convrelay_speech_sg_fraction:

        if (s->english && !s->bol && convrelay_speech_is_number(s->last)) {
            convrelay_speech_words(s, "and");
        }

        return convrelay_speech_word_sign(s, p, cp, sign->text);

    case convrelay_speech_sg_power:
        before = convrelay_speech_before(s);

        if (convrelay_speech_is_word(before)) {
            return convrelay_speech_word_sign(s, p, cp, sign->text);
        }

        break;

    case convrelay_speech_sg_arrow:
        return convrelay_speech_arrow(s, w, p, cp, sign->text);

    case convrelay_speech_sg_minus:
        next = convrelay_speech_next_word(w, p);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }

        if (convrelay_speech_is_number(next)) {
            return convrelay_speech_word_sign(s, p, cp, sign->text);
        }

        break;

    case convrelay_speech_sg_degree:
        return convrelay_speech_degree(s, w, p, cp);

    case convrelay_speech_sg_range:
        return convrelay_speech_dash(s, w, p, cp, 1);

    case convrelay_speech_sg_pause:
        return convrelay_speech_dash(s, w, p, cp, 0);

    case convrelay_speech_sg_blank:
        convrelay_speech_blank(s);
        s->changed = 1;
        return p;

    case convrelay_speech_sg_line:
        convrelay_speech_newline(s);
        return p;

    case convrelay_speech_sg_joiner:

        if (s->cut) {
            s->changed = 1;
            return p;
        }

        break;

    case convrelay_speech_sg_citation:
        return convrelay_speech_citation(s, w, p, cp);
    }

    convrelay_speech_put_cp(s, cp);

    return p;
}


static const convrelay_speech_sign_t *
convrelay_speech_find_sign(uint32_t cp)
{
    size_t  i, first, last;

    first = 0;
    last = sizeof(convrelay_speech_signs) / sizeof(convrelay_speech_signs[0]);

    while (first < last) {
        i = (first + last) / 2;

        if (convrelay_speech_signs[i].cp == cp) {
            return &convrelay_speech_signs[i];
        }

        if (convrelay_speech_signs[i].cp < cp) {
            first = i + 1;

        } else {
            last = i;
        }
    }

    return NULL;
}


static unsigned
convrelay_speech_is_dropped(uint32_t cp)
{
    size_t  i, first, last;

    first = 0;
    last = sizeof(convrelay_speech_dropped)
           / sizeof(convrelay_speech_dropped[0]);

    while (first < last) {
        i = (first + last) / 2;

        if (convrelay_speech_dropped[i].last < cp) {
            first = i + 1;

        } else {
            last = i;
        }
    }

    return first < sizeof(convrelay_speech_dropped)
                   / sizeof(convrelay_speech_dropped[0])
           && cp >= convrelay_speech_dropped[first].first;
}


/* p is the end of the sign, and returned */

static const u_char *
convrelay_speech_word_sign(convrelay_speech_t *s, const u_char *p,
    uint32_t cp, const char *text)
{
    if (s->english) {
        convrelay_speech_words(s, text);

    } else {
        convrelay_speech_put_cp(s, cp);
    }

    return p;
}


static void
convrelay_speech_put_cp(convrelay_speech_t *s, uint32_t cp)
{
    u_char  buf[4];

    convrelay_speech_put(s, buf, convrelay_utf8_encode(buf, cp) - buf);
}


static const u_char *
convrelay_speech_arrow(convrelay_speech_t *s, const convrelay_speech_win_t *w,
    const u_char *p, uint32_t cp, const char *text)
{
    uint32_t  next;

    next = convrelay_speech_next(w, p);

    if (next == 0xfe0e || next == 0xfe0f) {
        p += 3;
    }

    next = convrelay_speech_next_word(w, p);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (!s->bol && convrelay_speech_is_word(s->mark)
        && convrelay_speech_is_word(next))
    {
        return convrelay_speech_word_sign(s, p, cp, text);
    }

    convrelay_speech_drop(s);

    return p;
}


/* "21 °C" */

static const u_char *
convrelay_speech_degree(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp)
{
    uint32_t  unit, next;

    if (!s->english) {
        convrelay_speech_put_cp(s, cp);
        return p;
    }

    unit = convrelay_speech_next(w, p);

    if (unit == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    if (unit == 'C' || unit == 'F') {
        next = convrelay_speech_next(w, p + 1);

        if (next == CONVRELAY_SPEECH_MORE) {
            return NULL;
        }

        if (!convrelay_speech_is_word(next)) {
            convrelay_speech_words(s, unit == 'C' ? "degrees Celsius"
                                                  : "degrees Fahrenheit");
            return p + 1;
        }
    }

    convrelay_speech_words(s, "degrees");

    return p;
}


/* a dash between numbers, or, where range is set, before a capital letter, is a
   range; every other one is a pause */

static const u_char *
convrelay_speech_dash(convrelay_speech_t *s, const convrelay_speech_win_t *w,
    const u_char *p, uint32_t cp, unsigned range)
{
    uint32_t       next, before;
    const u_char  *q;

    for (q = p; q < w->last && convrelay_speech_is_blank(*q); q++) {
        /* void */
    }

    next = convrelay_speech_next(w, q);

    if (next == CONVRELAY_SPEECH_MORE) {
        return NULL;
    }

    before = s->bol ? 0 : s->last;

    if ((convrelay_speech_is_number(before) && convrelay_speech_is_number(next)
         && (range || (q == p && s->blanks == 0)))
        || (range && q == p && convrelay_speech_is_word(before)
            && s->blanks == 0 && next >= 'A' && next <= 'Z'))
    {
        return convrelay_speech_word_sign(s, p, cp, "to");
    }

    if (before == 0 || next == CONVRELAY_SPEECH_NONE
        || convrelay_speech_is_line(next) || convrelay_speech_is_closer(next))
    {
        convrelay_speech_drop(s);
        return p;
    }

    if (before >= 0x2e80) {

        /* scripts that have no blanks have dashes of their own */

        convrelay_speech_put_cp(s, cp);
        return p;
    }

    convrelay_speech_comma(s);

    return p;
}


/* where a search of files found it; elsewhere, these are brackets */

static const u_char *
convrelay_speech_citation(convrelay_speech_t *s,
    const convrelay_speech_win_t *w, const u_char *p, uint32_t cp)
{
    unsigned       dagger, digits;
    const u_char  *q;

    dagger = 0;
    digits = 1;

    for (q = p;
         q < w->last && q - w->p < CONVRELAY_SPEECH_CITATION;
         q += (*q >= 0xf0) ? 4 : (*q >= 0xe0) ? 3 : (*q >= 0xc0) ? 2 : 1)
    {
        if (*q >= 0xe0 && w->last - q < 3) {
            q = w->last;
            break;
        }

        if (convrelay_speech_is_line(*q)) {
            convrelay_speech_put_cp(s, cp);
            return p;
        }

        if (memcmp(q, "\xe3\x80\x91", *q >= 0xe0 ? 3 : 1) == 0) {

            if (dagger || (digits && q > p)) {
                convrelay_speech_drop(s);
                return q + 3;
            }

            convrelay_speech_put_cp(s, cp);
            return p;
        }

        if (*q >= 0xe0 && memcmp(q, "\xe2\x80\xa0", 3) == 0) {
            dagger = 1;

        } else if (!convrelay_is_digit(*q) && *q != ':') {
            digits = 0;
        }
    }

    if (q >= w->last && !w->full) {
        return NULL;
    }

    convrelay_speech_put_cp(s, cp);

    return p;
}
