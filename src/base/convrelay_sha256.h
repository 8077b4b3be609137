
/*
 * Copyright (C) convrelay contributors
 *
 * SHA-256 (FIPS 180-4).
 */


#ifndef CONVRELAY_SHA256_H_INCLUDED
#define CONVRELAY_SHA256_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_SHA256_LEN  32        /* bytes of a digest */


typedef struct {
    uint32_t                 state[8];
    uint64_t                 len;         /* bytes */
    u_char                   block[64];
} convrelay_sha256_t;


/* final() writes CONVRELAY_SHA256_LEN bytes */
void convrelay_sha256_init(convrelay_sha256_t *h);
void convrelay_sha256_update(convrelay_sha256_t *h, const void *data,
    size_t len);
void convrelay_sha256_final(convrelay_sha256_t *h, u_char *digest);


#endif /* CONVRELAY_SHA256_H_INCLUDED */
