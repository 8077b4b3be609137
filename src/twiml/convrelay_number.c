
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_number.h"
#include "convrelay_utf8.h"


#define CONVRELAY_NUMBER_MAX_COUNTRY  3         /* digits of a country code */

#define CONVRELAY_NUMBER_COMMA        "wwww"    /* two seconds */


static int convrelay_number_digits(convrelay_number_t *n, const u_char **pos,
    const u_char *last);
static int convrelay_number_trunk(const convrelay_number_t *n,
    const u_char *p, const u_char *last);
static int convrelay_number_tail(convrelay_number_t *n, const u_char *p,
    const u_char *last);
static size_t convrelay_number_extension(const u_char *p,
    const u_char *last);
static int convrelay_number_tone(convrelay_number_t *n, u_char ch);
static int convrelay_number_pause(convrelay_number_t *n);
static size_t convrelay_number_separator(const u_char *p,
    const u_char *last);
static int convrelay_number_starts(const u_char *p, const u_char *last,
    const char *word);


/* a longer word must come before one that it begins with */

static const char  *convrelay_number_words[] = {
    ";ext=", "extension", "ext", "x", "#"
};


int
convrelay_number_parse(const convrelay_str_t *text, convrelay_number_t *n)
{
    size_t         len;
    const u_char  *p, *last;

    n->len = 0;
    n->ntones = 0;

    p = text->data;
    last = p + text->len;

    if (convrelay_number_starts(p, last, "tel:")) {
        p += sizeof("tel:") - 1;
    }

    while (p < last && *p != '+') {
        len = convrelay_number_separator(p, last);

        if (len == 0) {
            break;
        }

        p += len;
    }

    if (p < last && *p == '+') {
        n->digits[n->len++] = *p++;
    }

    if (convrelay_number_digits(n, &p, last) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_number_tail(n, p, last);
}


/* up to the first byte that is neither a digit nor between two of them */

static int
convrelay_number_digits(convrelay_number_t *n, const u_char **pos,
    const u_char *last)
{
    size_t         len, first;
    const u_char  *p;

    p = *pos;
    first = n->len;

    while (p < last) {

        if (*p >= '0' && *p <= '9') {

            if (n->len - first == CONVRELAY_NUMBER_MAX) {
                return CONVRELAY_DECLINED;
            }

            n->digits[n->len++] = *p++;
            continue;
        }

        if (convrelay_number_trunk(n, p, last)) {
            p += sizeof("(0)") - 1;
            continue;
        }

        len = convrelay_number_separator(p, last);

        if (len == 0) {
            break;
        }

        p += len;
    }

    *pos = p;

    return (n->len - first >= CONVRELAY_NUMBER_MIN) ? CONVRELAY_OK
                                                    : CONVRELAY_DECLINED;
}


/* the digit that is dialed only within the country */

static int
convrelay_number_trunk(const convrelay_number_t *n, const u_char *p,
    const u_char *last)
{
    return n->len > 1
           && n->len <= CONVRELAY_NUMBER_MAX_COUNTRY + 1
           && n->digits[0] == '+'
           && convrelay_number_starts(p, last, "(0)");
}


static int
convrelay_number_tail(convrelay_number_t *n, const u_char *p,
    const u_char *last)
{
    int       rc;
    size_t    len, blank;
    unsigned  keys;

    if (p == last) {
        return CONVRELAY_OK;
    }

    len = convrelay_number_extension(p, last);
    p += len;
    keys = 0;

    if (len && convrelay_number_pause(n) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    if (len == 0 && *p != ',' && *p != 'w' && *p != 'W') {
        return CONVRELAY_DECLINED;
    }

    while (p < last) {

        if (*p == ',' || *p == 'w' || *p == 'W') {

            /* an extension begins with a digit */

            if (len && keys == 0) {
                return CONVRELAY_DECLINED;
            }

            rc = (*p == ',') ? convrelay_number_pause(n)
                             : convrelay_number_tone(n, 'w');
            p++;

        } else if ((*p >= '0' && *p <= '9') || *p == '*' || *p == '#') {
            rc = convrelay_number_tone(n, *p++);
            keys = 1;

        } else {
            blank = convrelay_number_separator(p, last);
            rc = blank ? CONVRELAY_OK : CONVRELAY_DECLINED;
            p += blank;
        }

        if (rc != CONVRELAY_OK) {
            return CONVRELAY_DECLINED;
        }
    }

    return keys ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


/* length of the word that announces an extension, or 0 */

static size_t
convrelay_number_extension(const u_char *p, const u_char *last)
{
    size_t        i, len;
    const u_char  *start;

    start = p;

    for (i = 0; i < sizeof(convrelay_number_words) / sizeof(char *); i++) {

        if (!convrelay_number_starts(p, last, convrelay_number_words[i])) {
            continue;
        }

        p += strlen(convrelay_number_words[i]);

        while (p < last) {

            if (*p == ':') {
                p++;
                continue;
            }

            len = convrelay_number_separator(p, last);

            if (len == 0) {
                break;
            }

            p += len;
        }

        return p - start;
    }

    return 0;
}


static int
convrelay_number_tone(convrelay_number_t *n, u_char ch)
{
    if (n->ntones == CONVRELAY_NUMBER_MAX_TONES) {
        return CONVRELAY_DECLINED;
    }

    n->tones[n->ntones++] = ch;

    return CONVRELAY_OK;
}


static int
convrelay_number_pause(convrelay_number_t *n)
{
    const char  *p;

    for (p = CONVRELAY_NUMBER_COMMA; *p; p++) {

        if (convrelay_number_tone(n, *p) != CONVRELAY_OK) {
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}


/*
 * Length of a character that only makes a number legible, or 0: this includes
 * the no-break space and the dashes that are pasted from web pages.
 */

static size_t
convrelay_number_separator(const u_char *p, const u_char *last)
{
    uint32_t       cp;
    const u_char  *start;

    if (*p < 0x80) {
        return strchr(" \t-./()", *p) && *p ? 1 : 0;
    }

    start = p;
    cp = convrelay_utf8_decode(&p, last);

    return (cp == 0xa0 || cp == 0x202f || (cp >= 0x2010 && cp <= 0x2015)
            || cp == 0x2212) ? p - start : 0;
}


static int
convrelay_number_starts(const u_char *p, const u_char *last, const char *word)
{
    convrelay_str_t  rest;

    rest.data = (u_char *) p;
    rest.len = last - p;

    return convrelay_str_starts_nocase(&rest, word);
}
