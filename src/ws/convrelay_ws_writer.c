
/*
 * Copyright (C) convrelay contributors
 *
 * The writer, and masking for both sides.
 */


#include "convrelay_ws.h"
#include "convrelay_utf8.h"


#define CONVRELAY_WS_FIN   0x80
#define CONVRELAY_WS_MASK  0x80


static u_char *convrelay_ws_head(u_char *p, unsigned opcode, uint64_t len,
    unsigned mask);


u_char *
convrelay_ws_header(u_char *p, unsigned opcode, uint64_t len)
{
    return convrelay_ws_head(p, opcode, len, 0);
}


u_char *
convrelay_ws_header_masked(u_char *p, unsigned opcode, uint64_t len,
    const u_char mask[4])
{
    p = convrelay_ws_head(p, opcode, len, CONVRELAY_WS_MASK);

    memcpy(p, mask, 4);

    return p + 4;
}


static u_char *
convrelay_ws_head(u_char *p, unsigned opcode, uint64_t len, unsigned mask)
{
    int  shift;

    *p++ = (u_char) (CONVRELAY_WS_FIN | opcode);

    if (len < 126) {
        *p++ = (u_char) (mask | len);
        return p;
    }

    if (len < 65536) {
        *p++ = (u_char) (mask | 126);
        shift = 8;

    } else {
        *p++ = (u_char) (mask | 127);
        shift = 56;
    }

    for ( /* void */ ; shift >= 0; shift -= 8) {
        *p++ = (u_char) (len >> shift);
    }

    return p;
}


void
convrelay_ws_mask(u_char *p, size_t len, const u_char mask[4],
    uint64_t offset)
{
    u_char    key[8];
    size_t    i;
    uint64_t  k, word;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = mask[(offset + i) & 3];
    }

    memcpy(&k, key, sizeof(k));

    while (len >= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        word ^= k;
        memcpy(p, &word, sizeof(word));

        p += sizeof(word);
        len -= sizeof(word);
    }

    for (i = 0; i < len; i++) {
        p[i] ^= key[i];
    }
}


u_char *
convrelay_ws_close_payload(u_char *p, unsigned code,
    const convrelay_str_t *reason)
{
    size_t  n;

    if (code == CONVRELAY_WS_NO_STATUS) {
        return p;
    }

    *p++ = (u_char) (code >> 8);
    *p++ = (u_char) code;

    if (reason == NULL || reason->len == 0) {
        return p;
    }

    n = reason->len;

    if (n > CONVRELAY_WS_MAX_CONTROL - 2) {
        n = CONVRELAY_WS_MAX_CONTROL - 2;
    }

    n = convrelay_utf8_valid(reason->data, n);

    memcpy(p, reason->data, n);

    return p + n;
}
