
/*
 * Copyright (C) convrelay contributors
 *
 * SHA-256.
 */


#include "convrelay_sha256.h"
#include "tap.h"


/* FIPS 180-4's own examples, and a length at each end of a block */

int
main(void)
{
    u_char                 d[CONVRELAY_SHA256_LEN];
    u_char                 e[CONVRELAY_SHA256_LEN];
    u_char                 text[200];
    size_t                 i, n;
    unsigned               same;
    convrelay_sha256_t  h, one;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, "abc", 3);
    convrelay_sha256_final(&h, d);

    tap_ok(memcmp(d, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae"
                  "\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61"
                  "\xf2\x00\x15\xad", 32)
           == 0, "SHA-256 of \"abc\"");

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, "abcdbcdecdefdefgefghfghighijhijkijkljklm"
                               "klmnlmnomnopnopq", 56);
    convrelay_sha256_final(&h, d);

    tap_ok(memcmp(d, "\x24\x8d\x6a\x61\xd2\x06\x38\xb8\xe5\xc0\x26\x93\x0c\x3e"
                  "\x60\x39\xa3\x3c\xe4\x59\x64\xff\x21\x67\xf6\xec\xed\xd4"
                  "\x19\xdb\x06\xc1", 32)
           == 0, "SHA-256 of 56 bytes");

    same = 1;

    for (i = 0; i < sizeof(text); i++) {
        text[i] = i;
    }

    for (n = 0; n <= sizeof(text); n++) {
        convrelay_sha256_init(&h);
        convrelay_sha256_update(&h, text, n);
        convrelay_sha256_final(&h, d);

        convrelay_sha256_init(&h);

        for (i = 0; i < n; i++) {
            convrelay_sha256_update(&h, text + i, 1);
        }

        convrelay_sha256_final(&h, e);

        same &= (memcmp(d, e, sizeof(d)) == 0);
    }

    tap_ok(same, "SHA-256 in pieces");

    /* of those of the first 0 to 200 bytes, by another program */

    convrelay_sha256_init(&h);

    for (n = 0; n <= sizeof(text); n++) {
        convrelay_sha256_init(&one);
        convrelay_sha256_update(&one, text, n);
        convrelay_sha256_final(&one, d);
        convrelay_sha256_update(&h, d, sizeof(d));
    }

    convrelay_sha256_final(&h, d);

    tap_ok(memcmp(d, "\x64\xef\x7c\x22\x9f\xce\x24\x08\xb5\x33\x6b\x6a\x54\x2f"
                  "\xea\x0e\x07\x8c\x3a\x87\xd2\xda\x85\xcb\x3f\xc5\x2e\x20"
                  "\x08\xb6\x50\x21", 32)
           == 0, "SHA-256 of all lengths");

    return tap_done();
}
