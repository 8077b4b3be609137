
/*
 * Copyright (C) convrelay contributors
 */


#include <limits.h>

#include <openssl/evp.h>

#include "convrelay_seal.h"
#include "convrelay_hmac.h"


#define CONVRELAY_SEAL_MAGIC  "CR1"


static EVP_CIPHER_CTX *convrelay_seal_begin(int encrypt,
    const convrelay_seal_key_t *key, const u_char *head, const u_char *name);
static int convrelay_seal_try(u_char *p, size_t len,
    const convrelay_seal_key_t *key, const u_char *name);


/* RFC 5869; 33 bytes are two blocks */

void
convrelay_seal_key(convrelay_seal_key_t *key, const convrelay_str_t *secret)
{
    u_char           prk[CONVRELAY_SHA256_LEN], block[CONVRELAY_SHA256_LEN];
    u_char           count;
    convrelay_str_t  k, texts[3];

    static u_char                 salt[CONVRELAY_SHA256_LEN];
    static const convrelay_str_t  info = convrelay_string("convrelay store 1");

    k.data = salt;
    k.len = sizeof(salt);

    convrelay_hmac_sha256(&k, secret, 1, prk);

    k.data = prk;
    k.len = sizeof(prk);

    count = 1;

    texts[0] = info;
    texts[1].data = &count;
    texts[1].len = 1;

    convrelay_hmac_sha256(&k, texts, 2, block);

    memcpy(key->key, block, sizeof(key->key));

    count = 2;

    texts[2] = texts[1];
    texts[1] = texts[0];
    texts[0].data = key->key;
    texts[0].len = sizeof(key->key);

    convrelay_hmac_sha256(&k, texts, 3, block);

    key->id = block[0];
}


int
convrelay_seal(u_char *p, size_t len, const convrelay_seal_key_t *key,
    const u_char *nonce, const u_char *name)
{
    int              n, ok;
    u_char          *text;
    EVP_CIPHER_CTX  *ctx;

    if (len > INT_MAX) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, CONVRELAY_SEAL_MAGIC, 3);
    p[3] = key->id;
    memcpy(p + 4, nonce, CONVRELAY_SEAL_NONCE);

    text = p + CONVRELAY_SEAL_HEAD;

    ctx = convrelay_seal_begin(1, key, p, name);
    if (ctx == NULL) {
        return CONVRELAY_ERROR;
    }

    ok = EVP_EncryptUpdate(ctx, text, &n, text, (int) len) == 1
         && EVP_EncryptFinal_ex(ctx, text + n, &n) == 1
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, CONVRELAY_SEAL_TAG,
                                text + len)
            == 1;

    EVP_CIPHER_CTX_free(ctx);

    return ok ? CONVRELAY_OK : CONVRELAY_ERROR;
}


int
convrelay_seal_open(convrelay_str_t *text, u_char *p, size_t len,
    const convrelay_seal_key_t *keys, size_t n, const u_char *name)
{
    int     rc;
    size_t  i;

    if (len < CONVRELAY_SEAL_MORE || len > INT_MAX
        || memcmp(p, CONVRELAY_SEAL_MAGIC, 3) != 0)
    {
        return CONVRELAY_DECLINED;
    }

    rc = CONVRELAY_DECLINED;

    for (i = 0; i < n; i++) {

        /* two keys can have the same id, with a chance of 1 in 256: a text that
           was opened with the wrong one is no longer what it was */

        if (keys[i].id != p[3]) {
            continue;
        }

        rc = convrelay_seal_try(p, len, &keys[i], name);

        if (rc == CONVRELAY_OK) {
            text->data = p + CONVRELAY_SEAL_HEAD;
            text->len = len - CONVRELAY_SEAL_MORE;
            break;
        }

        if (rc == CONVRELAY_ERROR) {
            break;
        }
    }

    return rc;
}


/* CTR mode is its own inverse: what a wrong key has done, it undoes */

static int
convrelay_seal_try(u_char *p, size_t len, const convrelay_seal_key_t *key,
    const u_char *name)
{
    int              n, m, ok;
    size_t           size;
    u_char          *text;
    EVP_CIPHER_CTX  *ctx;

    text = p + CONVRELAY_SEAL_HEAD;
    size = len - CONVRELAY_SEAL_MORE;

    ctx = convrelay_seal_begin(0, key, p, name);
    if (ctx == NULL) {
        return CONVRELAY_ERROR;
    }

    n = 0;

    if (EVP_DecryptUpdate(ctx, text, &n, text, (int) size) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, CONVRELAY_SEAL_TAG,
                               text + size)
           != 1)
    {
        EVP_CIPHER_CTX_free(ctx);
        return CONVRELAY_ERROR;
    }

    ok = (EVP_DecryptFinal_ex(ctx, text + n, &m) == 1);

    EVP_CIPHER_CTX_free(ctx);

    if (ok) {
        return CONVRELAY_OK;
    }

    ctx = convrelay_seal_begin(1, key, p, name);
    if (ctx == NULL) {
        return CONVRELAY_ERROR;
    }

    ok = (EVP_EncryptUpdate(ctx, text, &n, text, (int) size) == 1);

    EVP_CIPHER_CTX_free(ctx);

    return ok ? CONVRELAY_DECLINED : CONVRELAY_ERROR;
}


/* NULL: OpenSSL failed */

static EVP_CIPHER_CTX *
convrelay_seal_begin(int encrypt, const convrelay_seal_key_t *key,
    const u_char *head, const u_char *name)
{
    int              n;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();

    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, head + 4,
                          encrypt)
        != 1
        || EVP_CipherUpdate(ctx, NULL, &n, head, 4) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, name, CONVRELAY_SEAL_NAME) != 1)
    {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}
