
/*
 * Copyright (C) convrelay contributors
 *
 * JSON strings: their escapes, and digits.
 */


#include <float.h>

#include "convrelay_json.h"
#include "convrelay_utf8.h"


#define convrelay_json_plain(c)                                              \
    ((c) >= 0x20 && (c) < 0x80 && (c) != '"' && (c) != '\\')


static int convrelay_json_hex(const u_char *p, const u_char *last,
    uint32_t *cp);

static u_char convrelay_json_short(u_char c);
static u_char convrelay_json_long(u_char c);


size_t
convrelay_json_unescape(const u_char *p, const u_char *last, uint32_t *cp)
{
    uint32_t  low;

    if (last - p < 2) {
        return 0;
    }

    if (p[1] != 'u') {
        *cp = convrelay_json_long(p[1]);
        return *cp ? 2 : 0;
    }

    if (convrelay_json_hex(p, last, cp) != CONVRELAY_OK) {
        return 0;
    }

    if (*cp < 0xd800 || *cp >= 0xdc00
        || convrelay_json_hex(p + CONVRELAY_JSON_ESCAPE_LEN, last, &low)
           != CONVRELAY_OK
        || low < 0xdc00 || low > 0xdfff)
    {
        return CONVRELAY_JSON_ESCAPE_LEN;
    }

    *cp = 0x10000 + ((*cp & 0x3ff) << 10) + (low & 0x3ff);

    return 2 * CONVRELAY_JSON_ESCAPE_LEN;
}


static int
convrelay_json_hex(const u_char *p, const u_char *last, uint32_t *cp)
{
    u_char  c, i;

    if (last - p < (ssize_t) CONVRELAY_JSON_ESCAPE_LEN
        || p[0] != '\\' || p[1] != 'u')
    {
        return CONVRELAY_DECLINED;
    }

    *cp = 0;

    for (i = 2; i < CONVRELAY_JSON_ESCAPE_LEN; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            *cp = *cp << 4 | (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return CONVRELAY_DECLINED;
        }

        *cp = *cp << 4 | (c - 'a' + 10);
    }

    return CONVRELAY_OK;
}


/* not strtod(): it accepts hex, "inf", blanks and the locale's comma */

int
convrelay_json_decimal(const u_char *p, size_t len, double *value)
{
    double         n, scale;
    unsigned       digits, minus;
    const u_char  *last;

    n = 0;
    scale = 0;
    digits = 0;

    last = p + len;

    minus = (p < last && *p == '-');
    p += minus;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && scale == 0 && digits) {
            scale = 1;
            continue;
        }

        if (*p < '0' || *p > '9' || ++digits > DBL_MAX_10_EXP) {
            return CONVRELAY_DECLINED;
        }

        n = n * 10 + (*p - '0');
        scale *= 10;
    }

    if (digits == 0 || scale == 1) {
        return CONVRELAY_DECLINED;
    }

    if (scale) {
        n /= scale;
    }

    *value = minus ? -n : n;

    return CONVRELAY_OK;
}


size_t
convrelay_json_escaped_len(const u_char *src, size_t len)
{
    size_t         n;
    uint32_t       cp;
    const u_char  *p, *last;

    n = 0;
    last = src + len;

    while (src < last) {

        if (convrelay_json_plain(*src)) {
            n++;
            src++;
            continue;
        }

        if (*src < 0x80) {
            n += convrelay_json_short(*src) ? 2 : CONVRELAY_JSON_ESCAPE_LEN;
            src++;
            continue;
        }

        p = src;
        cp = convrelay_utf8_decode(&src, last);

        n += (cp == 0xfffd) ? sizeof(CONVRELAY_UTF8_REPLACEMENT) - 1
                            : (size_t) (src - p);
    }

    return n;
}


u_char *
convrelay_json_escape(u_char *dst, const u_char *src, size_t len)
{
    u_char               c;
    const u_char        *last;
    static const u_char  hex[] = "0123456789abcdef";

    last = src + len;

    while (src < last) {

        if (convrelay_json_plain(*src)) {
            *dst++ = *src++;
            continue;
        }

        if (*src >= 0x80) {
            dst = convrelay_utf8_encode(dst,
                                        convrelay_utf8_decode(&src, last));
            continue;
        }

        *dst++ = '\\';

        c = convrelay_json_short(*src);

        if (c) {
            *dst++ = c;

        } else {
            *dst++ = 'u';
            *dst++ = '0';
            *dst++ = '0';
            *dst++ = hex[*src >> 4];
            *dst++ = hex[*src & 0xf];
        }

        src++;
    }

    return dst;
}


/* the letter of the two-byte escape of c, or 0 */

static u_char
convrelay_json_short(u_char c)
{
    switch (c) {

    case '"':
    case '\\':
        return c;

    case '\b':
        return 'b';

    case '\f':
        return 'f';

    case '\n':
        return 'n';

    case '\r':
        return 'r';

    case '\t':
        return 't';

    default:
        return 0;
    }
}


/* the character that the two-byte escape with the letter c stands for, or 0 */

static u_char
convrelay_json_long(u_char c)
{
    switch (c) {

    case '"':
    case '\\':
    case '/':
        return c;

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    default:
        return 0;
    }
}
