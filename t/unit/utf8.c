
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_utf8.h"
#include "tap.h"


typedef struct {
    const char  *text;
    unsigned     valid;        /* bytes of the valid prefix */
    unsigned     cut:1;        /* valid so far, but not complete */
} test_utf8_t;


static void test_prefix(const test_utf8_t *t);
static void test_round_trip(void);
static void test_decode(void);
static void test_fit(void);
static int test_is_valid(const u_char *p, size_t len);
static void test_exhaustive(void);
static void test_control(void);


static const test_utf8_t  tests[] = {
    { "", 0, 0 },
    { "plain ascii, longer than two words of eight", 43, 0 },
    { "\x7f\xc2\x80\xdf\xbf", 5, 0 },
    { "\xc3\xa9\x7f\xc3\xa9\x7f", 6, 0 },
    { "\xe0\xa0\x80\xef\xbf\xbf", 6, 0 },
    { "\xed\x9f\xbf\xee\x80\x80", 6, 0 },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, 0 },
    { "12345678\xc3\xa9" "12345678\xe2\x82\xac", 21, 0 },

    { "a\x80", 1, 0 },
    { "a\xc0\x80", 1, 0 },
    { "a\xc1\xbf", 1, 0 },
    { "a\xe0\x9f\xbf", 1, 0 },
    { "a\xed\xa0\x80", 1, 0 },
    { "a\xed\xbf\xbf", 1, 0 },
    { "a\xf0\x8f\xbf\xbf", 1, 0 },
    { "a\xf4\x90\x80\x80", 1, 0 },
    { "a\xf5\x80\x80\x80", 1, 0 },
    { "a\xff", 1, 0 },
    { "a\xc3z", 1, 0 },
    { "a\xe2\x82z", 1, 0 },
    { "a\xf0\x9f\x98z", 1, 0 },
    { "12345678" "1234567\xff", 15, 0 },

    { "a\xc3", 1, 1 },
    { "a\xe2\x82", 1, 1 },
    { "a\xf0\x9f\x98", 1, 1 }
};


int
main(void)
{
    unsigned  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_prefix(&tests[i]);
    }

    test_round_trip();
    test_decode();
    test_fit();
    test_exhaustive();
    test_control();

    return tap_done();
}


static void
test_prefix(const test_utf8_t *t)
{
    int       whole, bytes;
    size_t    i, len;
    u_char   *p;
    uint32_t  state, state_bytes;

    len = strlen(t->text);
    p = tap_flush(t->text, len);

    tap_ok(convrelay_utf8_valid(p, len) == t->valid,
           "prefix of %u bytes", t->valid);

    state = 0;
    whole = convrelay_utf8_check(&state, p, len);

    state_bytes = 0;
    bytes = CONVRELAY_OK;

    for (i = 0; i < len && bytes == CONVRELAY_OK; i++) {
        bytes = convrelay_utf8_check(&state_bytes, p + i, 1);
    }

    if (t->valid == len) {
        tap_ok(whole == CONVRELAY_OK && state == 0, "valid whole");
        tap_ok(bytes == CONVRELAY_OK && state_bytes == 0, "valid by bytes");

    } else if (t->cut) {
        tap_ok(whole == CONVRELAY_OK && state != 0, "cut whole");
        tap_ok(bytes == CONVRELAY_OK && state_bytes != 0, "cut by bytes");

    } else {
        tap_ok(whole == CONVRELAY_ERROR, "invalid whole");
        tap_ok(bytes == CONVRELAY_ERROR, "invalid by bytes");
    }

    tap_unflush(p, len);
}


static void
test_round_trip(void)
{
    u_char         buf[4];
    u_char        *end;
    uint32_t       cp, state;
    unsigned       bad;
    const u_char  *p;

    bad = 0;

    for (cp = 0; cp <= 0x10ffff; cp++) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            continue;
        }

        end = convrelay_utf8_encode(buf, cp);
        state = 0;
        p = buf;

        if (convrelay_utf8_check(&state, buf, end - buf) != CONVRELAY_OK
            || state != 0
            || convrelay_utf8_decode(&p, end) != cp
            || p != end)
        {
            bad++;
        }
    }

    tap_ok(bad == 0, "all code points survive, %u do not", bad);
}


static void
test_decode(void)
{
    u_char         *data;
    size_t          len, n;
    unsigned        i;
    const u_char   *p, *last;

    static const struct {
        const char  *text;
        unsigned     bytes;
    } cases[] = {
        { "\x80z", 1 },
        { "\xc3z", 1 },
        { "\xe2\x82z", 2 },
        { "\xe2\x82", 2 },
        { "\xf0\x9f\x98", 3 },
        { "\xf0\x9f\x98\xff", 3 },
        { "\xed\xa0\x80", 1 },
        { "\xc0\x80", 1 },
        { "\xff", 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].text);
        data = tap_flush(cases[i].text, len);

        p = data;
        last = data + len;

        tap_ok(convrelay_utf8_decode(&p, last) == 0xfffd,
               "decode %u is a replacement", i);

        n = p - data;
        tap_ok(n == cases[i].bytes, "decode %u moved over %zu", i, n);

        tap_unflush(data, len);
    }
}


/* the definition of RFC 3629 as plainly as it goes, to compare with */

static void
test_fit(void)
{
    u_char        *p;
    unsigned       max;

    static const unsigned  fits[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
    static const char      text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";

    for (max = 0; max < sizeof(fits) / sizeof(fits[0]); max++) {
        p = tap_flush(text, sizeof(text) - 1);

        tap_ok(convrelay_utf8_fit(p, sizeof(text) - 1, max) == fits[max],
               "what fits into %u bytes", max);

        tap_unflush(p, sizeof(text) - 1);
    }

    tap_ok(convrelay_utf8_fit(NULL, 0, 5) == 0, "an empty text fits");
}


static int
test_is_valid(const u_char *p, size_t len)
{
    size_t    i, n;
    uint32_t  cp;

    static const uint32_t  min[] = { 0, 0x80, 0x800, 0x10000 };

    while (len) {
        n = (p[0] < 0x80) ? 0 : (p[0] >> 5 == 6) ? 1 : (p[0] >> 4 == 14) ? 2
            : (p[0] >> 3 == 30) ? 3 : 4;

        if (n == 4 || len < n + 1) {
            return 0;
        }

        cp = n ? p[0] & (0x3f >> n) : p[0];

        for (i = 1; i <= n; i++) {
            if (p[i] >> 6 != 2) {
                return 0;
            }

            cp = cp << 6 | (p[i] & 0x3f);
        }

        if (cp < min[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
            return 0;
        }

        p += n + 1;
        len -= n + 1;
    }

    return 1;
}


static void
test_exhaustive(void)
{
    u_char    buf[4];
    uint32_t  i, j, k;
    unsigned  bad;

    static const u_char  tails[] = { 'a', 0x80, 0xbf, 0xc3 };

    bad = 0;

    for (i = 0; i < 0x10000; i++) {
        for (j = 0; j < sizeof(tails); j++) {
            for (k = 0; k < sizeof(tails); k++) {
                buf[0] = i >> 8;
                buf[1] = i & 0xff;
                buf[2] = tails[j];
                buf[3] = tails[k];

                if ((convrelay_utf8_valid(buf, 4) == 4)
                    != test_is_valid(buf, 4))
                {
                    bad++;
                }
            }
        }
    }

    tap_ok(bad == 0, "agrees with the definition, %u do not", bad);
}


/* both ends of each range */

static void
test_control(void)
{
    unsigned  i, control;
    uint32_t  cp;

    static const uint32_t  ends[] = {
        0x00, 0x1f, 0x7f, 0x9f, 0x2028, 0x2029
    };

    for (cp = 0; cp < 0x110000; cp++) {
        control = 0;

        for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i += 2) {
            control |= (cp >= ends[i] && cp <= ends[i + 1]);
        }

        if (convrelay_utf8_is_control(cp) != control) {
            break;
        }
    }

    tap_ok(cp == 0x110000, "control characters, up to U+%04X", cp);
}
