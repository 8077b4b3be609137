
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_call_path.h"


#define CONVRELAY_CALL_PATH_DIGITS  16


static int convrelay_call_path_part(convrelay_str_t *part, u_char **pos,
    u_char *last);
static unsigned convrelay_call_path_is_sid(const convrelay_str_t *sid,
    const char *prefix);
static int convrelay_call_path_hash(uint64_t *hash,
    const convrelay_str_t *digits);


int
convrelay_call_path_parse(convrelay_call_path_t *c, const convrelay_str_t *uri)
{
    size_t           i, len;
    u_char          *p, *last;
    convrelay_str_t  digits;

    for (len = 0; len < uri->len && uri->data[len] != '?'; len++) {
        /* void */
    }

    for (i = len; i && uri->data[i - 1] != '/'; i--) {
        /* void */
    }

    if (i == len) {
        return CONVRELAY_DECLINED;
    }

    p = uri->data + i;
    last = uri->data + len;

    if (convrelay_call_path_part(&c->call_sid, &p, last) != CONVRELAY_OK
        || convrelay_call_path_part(&c->account_sid, &p, last)
           != CONVRELAY_OK
        || !convrelay_call_path_is_sid(&c->call_sid, "CA")
        || !convrelay_call_path_is_sid(&c->account_sid, "AC"))
    {
        return CONVRELAY_DECLINED;
    }

    c->ticket = 0;

    if (p == NULL) {
        return CONVRELAY_OK;
    }

    digits.data = p;
    digits.len = last - p;

    return convrelay_call_path_hash(&c->ticket, &digits);
}


/* up to the next dot; *pos is after it, or NULL: there is none */

static int
convrelay_call_path_part(convrelay_str_t *part, u_char **pos, u_char *last)
{
    u_char  *p;

    if (*pos == NULL) {
        return CONVRELAY_DECLINED;
    }

    part->data = *pos;

    for (p = *pos; p < last && *p != '.'; p++) {
        /* void */
    }

    part->len = p - part->data;
    *pos = (p < last) ? p + 1 : NULL;

    return CONVRELAY_OK;
}


static unsigned
convrelay_call_path_is_sid(const convrelay_str_t *sid, const char *prefix)
{
    size_t  i;
    u_char  ch;

    if (sid->len < 3 || sid->len > CONVRELAY_CALL_PATH_MAX_SID
        || memcmp(sid->data, prefix, 2) != 0)
    {
        return 0;
    }

    for (i = 2; i < sid->len; i++) {
        ch = sid->data[i] | 0x20;

        if (!convrelay_is_digit(sid->data[i]) && (ch < 'a' || ch > 'z')) {
            return 0;
        }
    }

    return 1;
}


static int
convrelay_call_path_hash(uint64_t *hash, const convrelay_str_t *digits)
{
    size_t    i;
    u_char    ch;
    uint64_t  n;

    if (digits->len != CONVRELAY_CALL_PATH_DIGITS) {
        return CONVRELAY_DECLINED;
    }

    n = 0;

    for (i = 0; i < digits->len; i++) {
        ch = digits->data[i];

        if (convrelay_is_digit(ch)) {
            n = n << 4 | (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            n = n << 4 | (ch - 'a' + 10);

        } else {
            return CONVRELAY_DECLINED;
        }
    }

    *hash = n;

    return CONVRELAY_OK;
}


size_t
convrelay_call_path_size(const convrelay_call_path_t *c)
{
    if (!convrelay_call_path_is_sid(&c->call_sid, "CA")
        || !convrelay_call_path_is_sid(&c->account_sid, "AC"))
    {
        return 0;
    }

    return c->call_sid.len + 1 + c->account_sid.len
           + (c->ticket ? 1 + CONVRELAY_CALL_PATH_DIGITS : 0);
}


u_char *
convrelay_call_path_write(u_char *p, const convrelay_call_path_t *c)
{
    unsigned  shift;

    static const u_char  hex[] = "0123456789abcdef";

    p = convrelay_str_copy(p, &c->call_sid);
    *p++ = '.';
    p = convrelay_str_copy(p, &c->account_sid);

    if (c->ticket == 0) {
        return p;
    }

    *p++ = '.';

    for (shift = 64; shift; /* void */) {
        shift -= 4;
        *p++ = hex[c->ticket >> shift & 0xf];
    }

    return p;
}
