
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_hmac.h"


#define CONVRELAY_HMAC_BLOCK  64


static void convrelay_hmac_start(convrelay_sha256_t *h, const u_char *key,
    u_char pad);


void
convrelay_hmac_sha256(const convrelay_str_t *key,
    const convrelay_str_t *texts, size_t n, u_char *digest)
{
    size_t              i;
    u_char              block[CONVRELAY_HMAC_BLOCK];
    convrelay_sha256_t  h;

    memset(block, 0, sizeof(block));

    if (key->len > sizeof(block)) {
        convrelay_sha256_init(&h);
        convrelay_sha256_update(&h, key->data, key->len);
        convrelay_sha256_final(&h, block);

    } else if (key->len) {
        memcpy(block, key->data, key->len);
    }

    convrelay_hmac_start(&h, block, 0x36);

    for (i = 0; i < n; i++) {

        if (texts[i].len) {
            convrelay_sha256_update(&h, texts[i].data, texts[i].len);
        }
    }

    convrelay_sha256_final(&h, digest);

    convrelay_hmac_start(&h, block, 0x5c);
    convrelay_sha256_update(&h, digest, CONVRELAY_SHA256_LEN);
    convrelay_sha256_final(&h, digest);
}


static void
convrelay_hmac_start(convrelay_sha256_t *h, const u_char *key, u_char pad)
{
    size_t  i;
    u_char  block[CONVRELAY_HMAC_BLOCK];

    for (i = 0; i < sizeof(block); i++) {
        block[i] = key[i] ^ pad;
    }

    convrelay_sha256_init(h);
    convrelay_sha256_update(h, block, sizeof(block));
}
