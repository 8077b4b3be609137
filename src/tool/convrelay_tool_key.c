
/*
 * Copyright (C) convrelay contributors
 *
 * The idempotency key of a tool call.
 */


#include "convrelay_tool.h"


void
convrelay_tool_key(u_char *key, const convrelay_str_t *call_sid,
    const convrelay_str_t *other, const u_char *digest, uint64_t succeeded)
{
    u_char              number[8], hash[CONVRELAY_SHA256_LEN];
    size_t              i;
    convrelay_sha256_t  h;

    static const u_char  hex[] = "0123456789abcdef";

    for (i = 0; i < 8; i++) {
        number[i] = succeeded >> (56 - 8 * i);
    }

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, digest, CONVRELAY_TOOL_DIGEST);
    convrelay_sha256_update(&h, number, sizeof(number));

    if (call_sid->len) {
        convrelay_sha256_update(&h, call_sid->data, call_sid->len);

    } else {

        /* no CallSid begins like that */

        convrelay_sha256_update(&h, (u_char *) "\0", 1);
        convrelay_sha256_update(&h, other->data, other->len);
    }

    convrelay_sha256_final(&h, hash);

    for (i = 0; i < CONVRELAY_TOOL_DIGEST; i++) {
        *key++ = hex[hash[i] >> 4];
        *key++ = hex[hash[i] & 0xf];
    }
}
