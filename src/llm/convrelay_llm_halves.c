
/*
 * Copyright (C) convrelay contributors
 *
 * Servers that decode token by token cut characters in two: one delta ends
 * with half a surrogate pair, or with the first bytes of a character, and the
 * next one begins with the rest.
 *
 * A JSON document with such bytes is not valid UTF-8.  Those at an end of a
 * string are turned into escapes of lone surrogates, U+DC80 to U+DCFF, which
 * stand for the bytes 0x80 to 0xff.  So they come out of the reader like the
 * halves of pairs, and both are joined here.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_llm_parts.h"
#include "convrelay_utf8.h"


#define CONVRELAY_LLM_BYTE  0xdc00    /* plus a byte: its lone surrogate */


static size_t convrelay_llm_repair_write(u_char *dst, const u_char *p,
    size_t len);
static unsigned convrelay_llm_at_an_end(const u_char *start,
    const u_char *from, const u_char *to, const u_char *last);
static uint32_t convrelay_llm_half(const u_char *p, const u_char *last);
static int convrelay_llm_one_half(convrelay_llm_halves_t *h,
    convrelay_llm_buf_t *out, uint32_t half);
static int convrelay_llm_one_byte(convrelay_llm_halves_t *h,
    convrelay_llm_buf_t *out, u_char c);
static int convrelay_llm_put(convrelay_llm_buf_t *out, uint32_t cp);


u_char *
convrelay_llm_repair(const u_char *p, size_t *len, size_t valid)
{
    u_char  *copy;
    size_t   size;

    size = convrelay_llm_repair_write(NULL, p, *len);

    copy = malloc(size);
    if (copy == NULL) {
        return NULL;
    }

    *len = convrelay_llm_repair_write(copy, p, *len);

    return copy;
}


/* returns the length of the result, and writes it unless dst is NULL */

static size_t
convrelay_llm_repair_write(u_char *dst, const u_char *p, size_t len)
{
    char           piece[32];
    size_t         n, size;
    uint32_t       cp;
    const u_char  *start, *from, *last;

    size = 0;
    start = p;
    last = p + len;

    while (p < last) {
        from = p;
        cp = convrelay_utf8_decode(&p, last);

        if (cp != 0xfffd || (*from == 0xef && p - from == 3)) {
            n = p - from;
            memcpy(piece, from, n);

        } else if (!convrelay_llm_at_an_end(start, from, p, last)) {
            n = convrelay_utf8_encode((u_char *) piece, cp)
                - (u_char *) piece;

        } else {
            for (n = 0; from < p; from++) {
                n += sprintf(piece + n, "\\u%04x",
                             CONVRELAY_LLM_BYTE + *from);
            }
        }

        if (dst) {
            memcpy(dst + size, piece, n);
        }

        size += n;
    }

    return size;
}


/* true if the invalid bytes are a character cut at the end of a string, or the
   rest of a character at its beginning */

static unsigned
convrelay_llm_at_an_end(const u_char *start, const u_char *from,
    const u_char *to, const u_char *last)
{
    const u_char  *p;

    if (*from >= 0xc2 && to < last && *to == '"') {
        return 1;
    }

    for (p = from; p > start && from - p < 3 && (*p & 0xc0) == 0x80; p--) {

        if (p[-1] == '"') {
            return 1;
        }
    }

    return 0;
}


int
convrelay_llm_halves(convrelay_llm_halves_t *h, convrelay_llm_buf_t *out,
    convrelay_str_t *text)
{
    int        rc;
    u_char    *p, *from, *last;
    uint32_t   half;

    p = text->data;
    last = p + text->len;

    if (h->surrogate == 0 && h->nbytes == 0) {

        do {
            p = memchr(p, 0xed, last - p);

            if (p == NULL) {
                return CONVRELAY_OK;
            }

        } while (convrelay_llm_half(p++, last) == 0);

        p = text->data;
    }

    rc = CONVRELAY_OK;

    while (p < last && rc == CONVRELAY_OK) {
        half = convrelay_llm_half(p, last);

        if (half) {
            rc = convrelay_llm_one_half(h, out, half);
            p += 3;
            continue;
        }

        rc = convrelay_llm_halves_end(h, out);

        if (rc == CONVRELAY_OK) {
            from = p++;
            p = memchr(p, 0xed, last - p);

            if (p == NULL) {
                p = last;
            }

            rc = convrelay_llm_buf_append(out, from, p - from);
        }
    }

    if (out->len) {
        text->data = out->data;
    }

    text->len = out->len;

    return rc;
}


int
convrelay_llm_halves_end(convrelay_llm_halves_t *h, convrelay_llm_buf_t *out)
{
    if (h->surrogate == 0 && h->nbytes == 0) {
        return CONVRELAY_OK;
    }

    h->surrogate = 0;
    h->nbytes = 0;

    return convrelay_llm_put(out, 0xfffd);
}


/* the half at p, three bytes that valid UTF-8 never has, or 0 */

static uint32_t
convrelay_llm_half(const u_char *p, const u_char *last)
{
    if (last - p < 3 || p[0] != 0xed || p[1] < 0xa0) {
        return 0;
    }

    return 0xd000 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}


static int
convrelay_llm_one_half(convrelay_llm_halves_t *h,
    convrelay_llm_buf_t *out, uint32_t half)
{
    uint32_t  cp;

    if (h->surrogate && half >= 0xdc00) {
        cp = 0x10000 + ((h->surrogate & 0x3ffu) << 10) + (half & 0x3ff);
        h->surrogate = 0;

        return convrelay_llm_put(out, cp);
    }

    if (h->surrogate == 0 && half >= CONVRELAY_LLM_BYTE + 0x80
        && half <= CONVRELAY_LLM_BYTE + 0xff)
    {
        return convrelay_llm_one_byte(h, out, (u_char) half);
    }

    if (convrelay_llm_halves_end(h, out) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (half >= 0xdc00) {
        return convrelay_llm_put(out, 0xfffd);
    }

    h->surrogate = (uint16_t) half;

    return CONVRELAY_OK;
}


static int
convrelay_llm_one_byte(convrelay_llm_halves_t *h, convrelay_llm_buf_t *out,
    u_char c)
{
    int       rc;
    uint32_t  state;

    h->bytes[h->nbytes] = c;
    state = 0;

    if (convrelay_utf8_check(&state, h->bytes, h->nbytes + 1u)
        == CONVRELAY_OK)
    {
        h->nbytes++;

        if (state) {
            return CONVRELAY_OK;
        }

        rc = convrelay_llm_buf_append(out, h->bytes, h->nbytes);
        h->nbytes = 0;

        return rc;
    }

    if (h->nbytes == 0) {
        return convrelay_llm_put(out, 0xfffd);
    }

    if (convrelay_llm_halves_end(h, out) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return convrelay_llm_one_byte(h, out, c);
}


static int
convrelay_llm_put(convrelay_llm_buf_t *out, uint32_t cp)
{
    u_char  buf[4];

    return convrelay_llm_buf_append(out, buf,
                                    convrelay_utf8_encode(buf, cp) - buf);
}
