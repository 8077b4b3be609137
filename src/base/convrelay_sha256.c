
/*
 * Copyright (C) convrelay contributors
 *
 * SHA-256 (FIPS 180-4): nginx may be built without OpenSSL.
 */


#include "convrelay_sha256.h"


#define convrelay_rotate(x, n)  ((x) >> (n) | (x) << (32 - (n)))


static void convrelay_sha256_block(convrelay_sha256_t *h,
    const u_char *p);


static const uint32_t  convrelay_sha256_start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};


static const uint32_t  convrelay_sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};


void
convrelay_sha256_init(convrelay_sha256_t *h)
{
    memcpy(h->state, convrelay_sha256_start, sizeof(h->state));
    h->len = 0;
}


void
convrelay_sha256_update(convrelay_sha256_t *h, const void *data,
    size_t len)
{
    size_t         n, used;
    const u_char  *p;

    p = data;

    while (len) {
        used = h->len % sizeof(h->block);

        if (used == 0 && len >= sizeof(h->block)) {
            convrelay_sha256_block(h, p);

            p += sizeof(h->block);
            len -= sizeof(h->block);
            h->len += sizeof(h->block);
            continue;
        }

        n = sizeof(h->block) - used;

        if (n > len) {
            n = len;
        }

        memcpy(h->block + used, p, n);

        p += n;
        len -= n;
        h->len += n;

        if (used + n == sizeof(h->block)) {
            convrelay_sha256_block(h, h->block);
        }
    }
}


void
convrelay_sha256_final(convrelay_sha256_t *h, u_char *digest)
{
    u_char    length[8];
    size_t    i;
    uint64_t  bits;

    static const u_char  padding[64] = { 0x80 };

    bits = h->len * 8;

    for (i = 0; i < 8; i++) {
        length[i] = bits >> (56 - 8 * i);
    }

    i = h->len % 64;

    convrelay_sha256_update(h, padding, (i < 56) ? 56 - i : 120 - i);
    convrelay_sha256_update(h, length, sizeof(length));

    for (i = 0; i < CONVRELAY_SHA256_LEN; i++) {
        digest[i] = h->state[i / 4] >> (24 - 8 * (i % 4));
    }
}


static void
convrelay_sha256_block(convrelay_sha256_t *h, const u_char *p)
{
    uint32_t  s[8], w[64], t1, t2;
    unsigned  i;

    for (i = 0; i < 16; i++, p += 4) {
        w[i] = (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
    }

    for ( /* void */ ; i < 64; i++) {
        t1 = w[i - 15];
        t2 = w[i - 2];

        w[i] = w[i - 16] + w[i - 7]
               + (convrelay_rotate(t1, 7) ^ convrelay_rotate(t1, 18)
                  ^ t1 >> 3)
               + (convrelay_rotate(t2, 17) ^ convrelay_rotate(t2, 19)
                  ^ t2 >> 10);
    }

    memcpy(s, h->state, sizeof(s));

    for (i = 0; i < 64; i++) {
        t1 = s[7] + convrelay_sha256_rounds[i] + w[i]
             + (convrelay_rotate(s[4], 6) ^ convrelay_rotate(s[4], 11)
                ^ convrelay_rotate(s[4], 25))
             + ((s[4] & s[5]) ^ (~s[4] & s[6]));
        t2 = (convrelay_rotate(s[0], 2) ^ convrelay_rotate(s[0], 13)
              ^ convrelay_rotate(s[0], 22))
             + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        memmove(s + 1, s, 7 * sizeof(uint32_t));

        s[4] += t1;
        s[0] = t1 + t2;
    }

    for (i = 0; i < 8; i++) {
        h->state[i] += s[i];
    }
}
