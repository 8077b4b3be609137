
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_form.h"


static size_t convrelay_form_decode(u_char *data, size_t len);
static int convrelay_form_hex(u_char ch);


int
convrelay_form_next(u_char **pos, u_char *last, convrelay_pair_t *pair)
{
    u_char  *p, *end, *eq;

    p = *pos;

    while (p < last && *p == '&') {
        p++;
    }

    if (p == last) {
        *pos = last;
        return CONVRELAY_DONE;
    }

    end = memchr(p, '&', last - p);
    if (end == NULL) {
        end = last;
    }

    *pos = end;

    eq = memchr(p, '=', end - p);
    if (eq == NULL) {
        eq = end;
    }

    pair->name.data = p;
    pair->name.len = convrelay_form_decode(p, eq - p);

    if (eq < end) {
        eq++;
    }

    pair->value.data = eq;
    pair->value.len = convrelay_form_decode(eq, end - eq);

    return CONVRELAY_OK;
}


size_t
convrelay_form_count(const u_char *data, size_t len)
{
    size_t  i, n;
    u_char  prev;

    n = 0;
    prev = '&';

    for (i = 0; i < len; i++) {

        if (prev == '&' && data[i] != '&') {
            n++;
        }

        prev = data[i];
    }

    return n;
}


static size_t
convrelay_form_decode(u_char *data, size_t len)
{
    int      hi, lo;
    u_char  *src, *dst, *last;

    dst = data;
    last = data + len;

    for (src = data; src < last; src++) {

        if (*src == '+') {
            *dst++ = ' ';
            continue;
        }

        if (*src == '%' && last - src > 2) {
            hi = convrelay_form_hex(src[1]);
            lo = convrelay_form_hex(src[2]);

            if (hi >= 0 && lo >= 0) {
                *dst++ = (u_char) (hi << 4 | lo);
                src += 2;
                continue;
            }
        }

        *dst++ = *src;
    }

    return dst - data;
}


static int
convrelay_form_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return -1;
}
