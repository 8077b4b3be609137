
/*
 * Copyright (C) convrelay contributors
 *
 * HMAC-SHA256, with the test cases of RFC 4231.
 */


#include "convrelay_hmac.h"
#include "tap.h"


static void check(u_char key, size_t len, const char *a, const char *b,
    const char *hex, const char *title);


static void
check(u_char key, size_t len, const char *a, const char *b, const char *hex,
    const char *title)
{
    char             text[2 * CONVRELAY_SHA256_LEN + 1];
    size_t           i;
    u_char           digest[CONVRELAY_SHA256_LEN], secret[200];
    convrelay_str_t  k, texts[2];

    memset(secret, key, sizeof(secret));

    k.data = secret;
    k.len = len;

    texts[0].data = (u_char *) a;
    texts[0].len = strlen(a);
    texts[1].data = (u_char *) b;
    texts[1].len = strlen(b);

    convrelay_hmac_sha256(&k, texts, 2, digest);

    for (i = 0; i < sizeof(digest); i++) {
        sprintf(text + 2 * i, "%02x", digest[i]);
    }

    tap_ok(strcmp(text, hex) == 0, "%s", title);
}


int
main(void)
{
    u_char           digest[CONVRELAY_SHA256_LEN];
    convrelay_str_t  none = convrelay_null_string;

    check(0x0b, 20, "Hi ", "There",
          "b0344c61d8db38535ca8afceaf0bf12b"
          "881dc200c9833da726e9376c2e32cff7", "a key of 20 bytes");

    check(0xaa, 131, "Test Using Larger Than Block-Size Key",
          " - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f"
          "8e0bc6213728c5140546040f0ee37f54", "a key that is hashed first");

    check(0xaa, 131, "This is a test using a larger than block-size key and a "
          "larger than block-size data. The key needs to be hashed before "
          "being used by the HMAC algorithm.", "",
          "9b09ffa71b942fcb27635fbcd5b0e944"
          "bfdc63644f0713938a7f51535c3a35e2", "more than a block of text");

    convrelay_hmac_sha256(&none, NULL, 0, digest);

    tap_ok(memcmp(digest, "\xb6\x13\x67\x9a\x08\x14\xd9\xec", 8) == 0,
           "no key and no text");

    return tap_done();
}
