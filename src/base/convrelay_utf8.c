
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_utf8.h"


/*
 * The state between two bytes: how many are missing, and the range of the
 * next one (RFC 3629, section 4: only the second byte has a narrow range).
 */

#define convrelay_utf8_need(n, min, max)                                     \
    ((uint32_t) (n) | (uint32_t) (min) << 8 | (uint32_t) (max) << 16)

#define CONVRELAY_UTF8_HIGH_BITS  0x8080808080808080ull


static const u_char *convrelay_utf8_ascii(const u_char *p,
    const u_char *last);
static uint32_t convrelay_utf8_lead(u_char c);
static int convrelay_utf8_next(uint32_t *state, u_char c);


int
convrelay_utf8_check(uint32_t *state, const u_char *p, size_t len)
{
    const u_char  *last;

    last = p + len;

    while (p < last) {

        if (*state == 0) {
            p = convrelay_utf8_ascii(p, last);

            if (p == last) {
                break;
            }
        }

        if (convrelay_utf8_next(state, *p++) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


size_t
convrelay_utf8_valid(const u_char *p, size_t len)
{
    uint32_t       state;
    const u_char  *start, *last, *valid;

    start = p;
    last = p + len;
    valid = p;
    state = 0;

    while (p < last) {

        if (state == 0) {
            p = convrelay_utf8_ascii(p, last);
            valid = p;

            if (p == last) {
                break;
            }
        }

        if (convrelay_utf8_next(&state, *p++) != CONVRELAY_OK) {
            break;
        }

        if (state == 0) {
            valid = p;
        }
    }

    return valid - start;
}


size_t
convrelay_utf8_fit(const u_char *p, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }

    while (max && (p[max] & 0xc0) == 0x80) {
        max--;
    }

    return max;
}


u_char *
convrelay_utf8_repair(const u_char *p, size_t *len, size_t valid)
{
    u_char        *copy, *dst;
    const u_char  *last;

    copy = malloc(valid + (*len - valid) * 3);
    if (copy == NULL) {
        return NULL;
    }

    memcpy(copy, p, valid);

    dst = copy + valid;
    last = p + *len;
    p += valid;

    while (p < last) {
        dst = convrelay_utf8_encode(dst, convrelay_utf8_decode(&p, last));
    }

    *len = dst - copy;

    return copy;
}


uint32_t
convrelay_utf8_decode(const u_char **p, const u_char *last)
{
    u_char         c;
    uint32_t       cp, state;
    const u_char  *q;

    q = *p;
    c = *q++;

    *p = q;

    if (c < 0x80) {
        return c;
    }

    state = convrelay_utf8_lead(c);

    if (state == 0) {
        return 0xfffd;
    }

    cp = c & (0x3f >> (state & 0xff));

    while (state) {

        if (q == last || convrelay_utf8_next(&state, *q) != CONVRELAY_OK) {
            *p = q;
            return 0xfffd;
        }

        cp = cp << 6 | (*q++ & 0x3f);
    }

    *p = q;

    return cp;
}


u_char *
convrelay_utf8_encode(u_char *p, uint32_t cp)
{
    if (cp < 0x80) {
        *p++ = (u_char) cp;
        return p;
    }

    if (cp < 0x800) {
        *p++ = (u_char) (0xc0 | cp >> 6);
        *p++ = (u_char) (0x80 | (cp & 0x3f));
        return p;
    }

    if (cp < 0x10000) {
        *p++ = (u_char) (0xe0 | cp >> 12);

    } else {
        *p++ = (u_char) (0xf0 | cp >> 18);
        *p++ = (u_char) (0x80 | (cp >> 12 & 0x3f));
    }

    *p++ = (u_char) (0x80 | (cp >> 6 & 0x3f));
    *p++ = (u_char) (0x80 | (cp & 0x3f));

    return p;
}


/* the first byte that is not ASCII, or last */

static const u_char *
convrelay_utf8_ascii(const u_char *p, const u_char *last)
{
    uint64_t  word;

    while (last - p >= (ssize_t) sizeof(word)) {
        memcpy(&word, p, sizeof(word));

        if (word & CONVRELAY_UTF8_HIGH_BITS) {
            break;
        }

        p += sizeof(word);
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


/* the state after a first byte that is not ASCII; 0: it cannot be a first
   byte */

static uint32_t
convrelay_utf8_lead(u_char c)
{
    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    if (c < 0xe0) {
        return convrelay_utf8_need(1, 0x80, 0xbf);
    }

    switch (c) {

    case 0xe0:
        return convrelay_utf8_need(2, 0xa0, 0xbf);

    case 0xed:
        return convrelay_utf8_need(2, 0x80, 0x9f);

    case 0xf0:
        return convrelay_utf8_need(3, 0x90, 0xbf);

    case 0xf4:
        return convrelay_utf8_need(3, 0x80, 0x8f);

    default:
        return (c < 0xf0) ? convrelay_utf8_need(2, 0x80, 0xbf)
                          : convrelay_utf8_need(3, 0x80, 0xbf);
    }
}


static int
convrelay_utf8_next(uint32_t *state, u_char c)
{
    uint32_t  n;

    if (*state == 0) {

        if (c < 0x80) {
            return CONVRELAY_OK;
        }

        *state = convrelay_utf8_lead(c);

        return *state ? CONVRELAY_OK : CONVRELAY_ERROR;
    }

    if (c < (*state >> 8 & 0xff) || c > (*state >> 16 & 0xff)) {
        return CONVRELAY_ERROR;
    }

    n = (*state & 0xff) - 1;

    *state = n ? convrelay_utf8_need(n, 0x80, 0xbf) : 0;

    return CONVRELAY_OK;
}


unsigned
convrelay_utf8_is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028
           || cp == 0x2029;
}
