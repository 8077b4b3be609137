
/*
 * Copyright (C) convrelay contributors
 *
 * HMAC (RFC 2104) with SHA-256.
 */


#ifndef CONVRELAY_HMAC_H_INCLUDED
#define CONVRELAY_HMAC_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_sha256.h"


/* of n texts, one after the other; writes CONVRELAY_SHA256_LEN bytes */
void convrelay_hmac_sha256(const convrelay_str_t *key,
    const convrelay_str_t *texts, size_t n, u_char *digest);


#endif /* CONVRELAY_HMAC_H_INCLUDED */
