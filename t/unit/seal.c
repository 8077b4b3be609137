
/*
 * Copyright (C) convrelay contributors
 *
 * Sealed texts, with what another implementation of HKDF and AES-GCM makes of
 * them; and envelopes.
 */


#include "convrelay_envelope.h"
#include "convrelay_seal.h"
#include "tap.h"


static void test_vectors(void);
static void test_open(void);
static void test_rotation(void);
static void test_envelope(void);

static void key_of(convrelay_seal_key_t *key, const char *secret);
static size_t sealed(u_char *p, const char *text,
    const convrelay_seal_key_t *key);


static u_char  name[CONVRELAY_SEAL_NAME];
static u_char  nonce[CONVRELAY_SEAL_NONCE];


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(name); i++) {
        name[i] = (u_char) i;
    }

    for (i = 0; i < sizeof(nonce); i++) {
        nonce[i] = (u_char) (100 + i);
    }

    test_vectors();
    test_open();
    test_rotation();
    test_envelope();

    return tap_done();
}


static void
test_vectors(void)
{
    char                  hex[256];
    size_t                i, k, len;
    u_char                buf[128];
    convrelay_seal_key_t  key;

    static char  x[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    static const struct {
        const char  *secret;
        const char  *text;
        const char  *hex;
    } vectors[] = {
        { "correct horse battery staple", "",
          "435231756465666768696a6b6c6d6e6f"
          "a391a55c3fd072034c759282d336d8a1" },
        { "correct horse battery staple", "hello",
          "435231756465666768696a6b6c6d6e6f"
          "a0a952e28314e3ba1ce369fe23a6684a7d612a1444" },
        { "correct horse battery staple",
          "The quick brown fox jumps over the lazy dog",
          "435231756465666768696a6b6c6d6e6f"
          "9ca45bae9d79f89dd0fb83e3616d3b870e34cc5d9ac0c19d6e7a64c2f56aaeb7"
          "ceba2821c9b6a962fe2119e056f64d04324f5ba8f7c02c76319535" },
        { x, "The quick brown fox jumps over the lazy dog",
          "435231b26465666768696a6b6c6d6e6f"
          "6b5d8b2217973b0df44fc5622e716c1fb9d77322c874eaab589874b144b9d79c"
          "41428af17396dba6ec28a0b55df9a839640f24787c31b2c491dd02" }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        key_of(&key, vectors[i].secret);

        len = sealed(buf, vectors[i].text, &key);

        for (k = 0; k < len; k++) {
            sprintf(hex + 2 * k, "%02x", buf[k]);
        }

        tap_ok(strcmp(hex, vectors[i].hex) == 0, "vector %d", (int) i);
    }
}


/* any change, and any other name, is noticed */

static void
test_open(void)
{
    size_t                i, len;
    u_char                buf[128], copy[128], other[CONVRELAY_SEAL_NAME];
    unsigned              opened;
    convrelay_str_t       text;
    convrelay_seal_key_t  key;

    key_of(&key, "correct horse battery staple");
    len = sealed(buf, "what was said", &key);

    memcpy(copy, buf, len);

    tap_ok(convrelay_seal_open(&text, copy, len, &key, 1, name)
           == CONVRELAY_OK, "it is opened");
    tap_is(text.data, text.len, "what was said", 13, "... as it was");

    opened = 0;

    for (i = 0; i < 8 * len; i++) {
        memcpy(copy, buf, len);
        copy[i / 8] ^= (u_char) (1 << i % 8);

        opened += (convrelay_seal_open(&text, copy, len, &key, 1, name)
                   != CONVRELAY_DECLINED);
    }

    tap_ok(opened == 0, "no bit may change");

    for (i = 0; i < len; i++) {
        memcpy(copy, buf, len);

        opened += (convrelay_seal_open(&text, copy, i, &key, 1, name)
                   != CONVRELAY_DECLINED);
    }

    tap_ok(opened == 0, "no byte may be missing");

    for (i = 0; i < 8 * sizeof(name); i++) {
        memcpy(copy, buf, len);
        memcpy(other, name, sizeof(name));
        other[i / 8] ^= (u_char) (1 << i % 8);

        opened += (convrelay_seal_open(&text, copy, len, &key, 1, other)
                   != CONVRELAY_DECLINED);
    }

    tap_ok(opened == 0, "it is of no use under another name");

    key_of(&key, "another secret");
    memcpy(copy, buf, len);
    tap_ok(convrelay_seal_open(&text, copy, len, &key, 1, name)
           == CONVRELAY_DECLINED, "nor with another secret");
    tap_ok(convrelay_seal_open(&text, copy, len, &key, 0, name)
           == CONVRELAY_DECLINED, "nor without one");
}


static void
test_rotation(void)
{
    size_t                len;
    u_char                buf[128];
    convrelay_str_t       text;
    convrelay_seal_key_t  keys[2];

    key_of(&keys[0], "the new secret");
    key_of(&keys[1], "the old secret");

    len = sealed(buf, "of before", &keys[1]);

    tap_ok(convrelay_seal_open(&text, buf, len, keys, 2, name)
           == CONVRELAY_OK, "the old secret opens");
    tap_is(text.data, text.len, "of before", 9, "... what it has sealed");

    /* these two have the same id */

    key_of(&keys[0], "secret 19");
    key_of(&keys[1], "secret 43");

    tap_ok(keys[0].id == keys[1].id, "two secrets with one id");

    len = sealed(buf, "of before", &keys[1]);

    tap_ok(convrelay_seal_open(&text, buf, len, keys, 2, name)
           == CONVRELAY_OK, "... are both tried");
    tap_is(text.data, text.len, "of before", 9, "... on the same text");
}


static void
test_envelope(void)
{
    size_t                i;
    u_char                buf[CONVRELAY_ENVELOPE_HEAD + 4];
    unsigned              read;
    convrelay_envelope_t  e, back;

    memset(&e, 0, sizeof(e));

    memcpy(&e.key, name, sizeof(e.key));
    e.machine = 0x0102030405060708ull;
    e.saved = 1764446400123ull;
    e.ttl = 300000;
    e.ticket = 0xfedcba9876543210ull;
    e.lost = 2;
    e.text.data = (u_char *) "text";
    e.text.len = 4;

    convrelay_envelope_write(buf, &e);
    memcpy(buf + CONVRELAY_ENVELOPE_HEAD, "text", 4);

    tap_ok(convrelay_envelope_read(&back, buf, sizeof(buf)) == CONVRELAY_OK
           && memcmp(&back.key, &e.key, sizeof(e.key)) == 0
           && back.machine == e.machine && back.saved == e.saved
           && back.ttl == e.ttl && back.ticket == e.ticket
           && back.lost == e.lost,
           "an envelope");
    tap_is(back.text.data, back.text.len, "text", 4, "... with its text");

    read = 0;

    for (i = 0; i < sizeof(buf); i++) {
        read += (convrelay_envelope_read(&back, buf, i) == CONVRELAY_OK);
    }

    tap_ok(read == 0, "... which is not shorter");

    buf[0]++;
    tap_ok(convrelay_envelope_read(&back, buf, sizeof(buf))
           == CONVRELAY_DECLINED, "one of another version");
}


static void
key_of(convrelay_seal_key_t *key, const char *secret)
{
    convrelay_str_t  str;

    str.data = (u_char *) secret;
    str.len = strlen(secret);

    convrelay_seal_key(key, &str);
}


/* the length */

static size_t
sealed(u_char *p, const char *text, const convrelay_seal_key_t *key)
{
    size_t  len;

    len = strlen(text);

    if (len) {
        memcpy(p + CONVRELAY_SEAL_HEAD, text, len);
    }

    tap_ok(convrelay_seal(p, len, key, nonce, name) == CONVRELAY_OK,
           "it is sealed");

    return len + CONVRELAY_SEAL_MORE;
}
