
/*
 * Copyright (C) convrelay contributors
 *
 * Seals a text for a store that must not read it: AES-256-GCM.  What is sealed
 * is bound to a name, so that it is of no use under another one.
 *
 *     "CR1"  1 byte: id of the key  12 bytes: nonce  the text  16 bytes: tag
 *
 * The key is made from a secret by HKDF-SHA256 (RFC 5869, no salt, the
 * info "convrelay store 1"): 32 bytes, and one more for its id.  The first four
 * bytes and the name are authenticated with the text.
 */


#ifndef CONVRELAY_SEAL_H_INCLUDED
#define CONVRELAY_SEAL_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_SEAL_KEY    32
#define CONVRELAY_SEAL_NAME   32        /* bytes of a name */
#define CONVRELAY_SEAL_NONCE  12
#define CONVRELAY_SEAL_HEAD   (4 + CONVRELAY_SEAL_NONCE)
#define CONVRELAY_SEAL_TAG    16
#define CONVRELAY_SEAL_MORE   (CONVRELAY_SEAL_HEAD + CONVRELAY_SEAL_TAG)


typedef struct {
    u_char                   key[CONVRELAY_SEAL_KEY];
    u_char                   id;
} convrelay_seal_key_t;


void convrelay_seal_key(convrelay_seal_key_t *key,
    const convrelay_str_t *secret);

/*
 * Seals len bytes at p + CONVRELAY_SEAL_HEAD, in place: p has room for
 * CONVRELAY_SEAL_MORE bytes more than that, all of which are written.  nonce:
 * NONCE bytes, which must never be used twice with a key: random ones are safe
 * for 2^32 texts.  CONVRELAY_OK, or CONVRELAY_ERROR: OpenSSL failed.
 */
int convrelay_seal(u_char *p, size_t len, const convrelay_seal_key_t *key,
    const u_char *nonce, const u_char *name);

/*
 * Opens len bytes at p, in place, with one of n keys; *text is in p.
 *
 *     CONVRELAY_OK
 *     CONVRELAY_DECLINED  it was not sealed by one of the keys under this name,
 *                         or was changed since; p may be changed
 *     CONVRELAY_ERROR     OpenSSL failed
 */
int convrelay_seal_open(convrelay_str_t *text, u_char *p, size_t len,
    const convrelay_seal_key_t *keys, size_t n, const u_char *name);


#endif /* CONVRELAY_SEAL_H_INCLUDED */
