
/*
 * Copyright (C) convrelay contributors
 *
 * Small helpers for spans of bytes.
 */


#include "tap.h"


static void test_bytes(void);
static void test_trim(void);
static void test_copy(void);
static void test_compare(void);
static void test_distance(void);
static void test_pairs(void);
static void found(const char *name, const char *want);


int
main(void)
{
    test_bytes();
    test_trim();
    test_copy();
    test_compare();
    test_distance();
    test_pairs();

    return tap_done();
}


/* a string that ends at an unreadable page */

static convrelay_str_t
str(const char *text)
{
    convrelay_str_t  s;

    s.len = strlen(text);
    s.data = tap_flush(text, s.len);

    return s;
}


/* each of 256 bytes, so that both ends of each class are seen */

static void
test_bytes(void)
{
    int       c;
    unsigned  bad;

    bad = 0;

    for (c = 0; c < 256; c++) {
        bad += (convrelay_is_space(c) != (c && strchr(" \t\r\n", c) != NULL));
        bad += (convrelay_is_digit(c)
                != (c && strchr("0123456789", c) != NULL));
        bad += (convrelay_is_alpha(c)
                != ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')));
        bad += (convrelay_lower(c) != ((c >= 'A' && c <= 'Z') ? c + 32 : c));
    }

    tap_ok(bad == 0, "classes of bytes: %u are wrong", bad);
}


static void
test_trim(void)
{
    size_t           i;
    convrelay_str_t  s, t;

    static const char *const  cases[][2] = {
        { "", "" },
        { " \t\r\n ", "" },
        { "word", "word" },
        { "\n\t two words\r\n", "two words" },
        { "\v x \f", "\v x \f" },
        { "\xc2\xa0x", "\xc2\xa0x" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = str(cases[i][0]);
        t = s;
        convrelay_str_trim(&t);
        tap_is_str(&t, cases[i][1], "trimmed");
        tap_unflush(s.data, s.len);
    }

    memset(&t, 0, sizeof(convrelay_str_t));
    convrelay_str_trim(&t);
    tap_ok(t.len == 0, "a string that is not there");
}


static void
test_copy(void)
{
    u_char           buf[8];
    convrelay_str_t  s;

    memset(buf, 'x', sizeof(buf));

    s = str("four");
    tap_ok(convrelay_str_copy(buf, &s) == buf + 4
           && memcmp(buf, "fourxxxx", 8) == 0, "a copy, and its end");
    tap_unflush(s.data, s.len);

    memset(&s, 0, sizeof(convrelay_str_t));
    tap_ok(convrelay_str_copy(buf, &s) == buf, "a copy of nothing");
}


static void
test_compare(void)
{
    size_t           i;
    convrelay_str_t  s, t;

    static const struct {
        const char  *str;
        const char  *text;
        unsigned     is:1;
        unsigned     is_nocase:1;
        unsigned     starts:1;
        unsigned     starts_nocase:1;
    } cases[] = {
        { "", "", 1, 1, 1, 1 },
        { "a", "", 0, 0, 1, 1 },
        { "", "a", 0, 0, 0, 0 },
        { "wss://x", "wss://", 0, 0, 1, 1 },
        { "WSS://x", "wss://", 0, 0, 0, 1 },
        { "wss:/", "wss://", 0, 0, 0, 0 },
        { "Aa[`Zz", "Aa[`Zz", 1, 1, 1, 1 },
        { "Aa[`Zz", "aA[`zZ", 0, 1, 0, 1 },
        { "[", "{", 0, 0, 0, 0 },
        { "@", "`", 0, 0, 0, 0 },
        { "\xc3\x84", "\xc3\xa4", 0, 0, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = str(cases[i].str);
        t = str(cases[i].text);

        tap_ok(convrelay_str_is(&s, cases[i].text) == cases[i].is
               && convrelay_str_equal(&s, &t) == cases[i].is
               && convrelay_str_is_nocase(&s, cases[i].text)
                  == cases[i].is_nocase
               && convrelay_str_starts(&s, cases[i].text) == cases[i].starts
               && convrelay_str_starts_nocase(&s, cases[i].text)
                  == cases[i].starts_nocase,
               "\"%s\" and \"%s\"", cases[i].str, cases[i].text);

        tap_unflush(s.data, s.len);
        tap_unflush(t.data, t.len);
    }

    s.len = 3;
    s.data = (u_char *) "a\0b";
    t = s;
    t.data = (u_char *) "a\0c";

    tap_ok(!convrelay_str_equal(&s, &t) && !convrelay_str_is(&s, "a")
           && convrelay_str_starts(&s, "a"), "a NUL inside");
}


static void
test_distance(void)
{
    char             text[CONVRELAY_STR_MAX_DISTANCE + 2];
    size_t           i;
    convrelay_str_t  s, t;

    static const struct {
        const char  *a;
        const char  *b;
        size_t       n;
    } cases[] = {
        { "", "", 0 },
        { "", "abc", 3 },
        { "abc", "", 3 },
        { "kitten", "sitting", 3 },
        { "voice", "VOICE", 0 },
        { "abcd", "bcd", 1 },
        { "ab", "ba", 2 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = str(cases[i].a);
        t = str(cases[i].b);
        tap_ok(convrelay_str_distance(&s, &t) == cases[i].n
               && convrelay_str_distance(&t, &s) == cases[i].n,
               "from \"%s\" to \"%s\" and back", cases[i].a, cases[i].b);
        tap_unflush(s.data, s.len);
        tap_unflush(t.data, t.len);
    }

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    s = str("aa");

    for (i = CONVRELAY_STR_MAX_DISTANCE; i < sizeof(text); i++) {
        t.len = i;
        t.data = (u_char *) text;
        tap_ok(convrelay_str_distance(&s, &t)
               == (i > CONVRELAY_STR_MAX_DISTANCE ? i : i - 2),
               "to a string of %zu bytes", i);
    }

    tap_unflush(s.data, s.len);
}


static const convrelay_pair_t  pairs[] = {
    { convrelay_string("tenant"), convrelay_string("1") },
    { convrelay_string("order-id"), convrelay_string("2") },
    { convrelay_string("order.id"), convrelay_string("3") },
    { convrelay_string("Order_Id"), convrelay_string("4") },
    { convrelay_string("first name"), convrelay_string("5") },
    { convrelay_string("a.b-c d_e"), convrelay_string("6") },
    { convrelay_string("x-y"), convrelay_string("7") },
    { convrelay_string("x.y"), convrelay_string("8") },
    { convrelay_string("tenant"), convrelay_string("9") },
    { convrelay_string("[-"), convrelay_string("10") },
    { convrelay_string(""), convrelay_string("11") }
};


static void
test_pairs(void)
{
    found("tenant", "1");
    found("TENANT", "1");
    found("tenan", NULL);
    found("tenants", NULL);
    found("order_id", "4");
    found("ORDER_ID", "4");
    found("order-id", "2");
    found("order.id", "3");
    found("first_name", "5");
    found("first.name", NULL);
    found("a_b_c_d_e", "6");
    found("a_b_c_d-e", NULL);
    found("x_y", "7");
    found("X_Y", "7");
    found("x y", NULL);
    found("__", NULL);
    found("[_", "10");
    found("{_", NULL);
    found("", "11");
}


static void
found(const char *name, const char *want)
{
    convrelay_str_t         s;
    const convrelay_str_t  *value;

    s = str(name);
    value = convrelay_pair_find(pairs, sizeof(pairs) / sizeof(pairs[0]), &s);

    tap_ok(want ? value && convrelay_str_is(value, want) : value == NULL,
           "the pair that a variable calls \"%s\"", name);

    tap_unflush(s.data, s.len);
}
