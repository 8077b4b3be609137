
/*
 * Copyright (C) convrelay contributors
 *
 * What a store answers, sealed or not.  The first byte chooses: an answer as it
 * is, one that was sealed and then changed, or an envelope.
 */


#include <stdlib.h>

#include "convrelay_envelope.h"
#include "convrelay_seal.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static void fuzz_open(u_char *p, size_t len);
static void fuzz_change(const u_char *data, size_t size);
static void fuzz_envelope(u_char *p, size_t len);


static convrelay_seal_key_t  keys[2];
static const u_char          name[CONVRELAY_SEAL_NAME] = "a name";


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char                 *copy, how;
    static convrelay_str_t  secret = convrelay_string("a secret");

    if (size == 0) {
        return 0;
    }

    convrelay_seal_key(&keys[0], &secret);
    keys[1] = keys[0];
    keys[1].key[0]++;

    how = *data++;
    size--;

    copy = malloc(size ? size : 1);
    must(copy);

    if (size) {
        memcpy(copy, data, size);
    }

    switch (how % 3) {

    case 0:
        fuzz_open(copy, size);
        break;

    case 1:
        fuzz_change(data, size);
        break;

    default:
        fuzz_envelope(copy, size);
    }

    free(copy);

    return 0;
}


/* nobody can guess a tag */

static void
fuzz_open(u_char *p, size_t len)
{
    convrelay_str_t  text;

    must(convrelay_seal_open(&text, p, len, keys, 2, name)
         == CONVRELAY_DECLINED);
}


/* the first two bytes change one byte, or none; the rest is the text */

static void
fuzz_change(const u_char *data, size_t size)
{
    int              rc;
    size_t           len;
    u_char          *p, change;
    convrelay_str_t  text;

    static const u_char  nonce[CONVRELAY_SEAL_NONCE];

    if (size < 2) {
        return;
    }

    len = size - 2;

    p = malloc(len + CONVRELAY_SEAL_MORE);
    must(p);

    if (len) {
        memcpy(p + CONVRELAY_SEAL_HEAD, data + 2, len);
    }

    must(convrelay_seal(p, len, &keys[data[0] & 1], nonce, name)
         == CONVRELAY_OK);

    change = data[1];
    p[data[0] % (len + CONVRELAY_SEAL_MORE)] ^= change;

    rc = convrelay_seal_open(&text, p, len + CONVRELAY_SEAL_MORE, keys, 2,
                             name);

    must(rc == (change ? CONVRELAY_DECLINED : CONVRELAY_OK));

    if (rc == CONVRELAY_OK) {
        must(text.len == len);
        must(len == 0 || memcmp(text.data, data + 2, len) == 0);
    }

    free(p);
}


/* what is read is written as it was */

static void
fuzz_envelope(u_char *p, size_t len)
{
    u_char                head[CONVRELAY_ENVELOPE_HEAD];
    convrelay_envelope_t  e;

    if (convrelay_envelope_read(&e, p, len) != CONVRELAY_OK) {
        return;
    }

    must(e.text.data == p + CONVRELAY_ENVELOPE_HEAD);
    must(e.text.len == len - CONVRELAY_ENVELOPE_HEAD);

    convrelay_envelope_write(head, &e);
    must(memcmp(head, p, sizeof(head)) == 0);
}
