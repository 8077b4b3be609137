
/*
 * Copyright (C) convrelay contributors
 *
 * Case folding, of single characters and in a search.
 */


#include "convrelay_fold.h"
#include "tap.h"


static void all_test(void);
static void char_test(void);
static void search_test(void);


int
main(void)
{
    all_test();
    char_test();
    search_test();

    return tap_done();
}


/* the figures are those of another program over the data of Unicode 14.0 */

static void
all_test(void)
{
    size_t    n, twice;
    uint32_t  cp, to;
    uint64_t  sum;

    n = 0;
    twice = 0;
    sum = 0;

    for (cp = 0; cp <= 0x110000; cp++) {
        to = convrelay_fold(cp);

        if (to != cp) {
            n++;
            sum = sum * 1000003 + cp * 31 + to;
            twice += (convrelay_fold(to) != to);
        }
    }

    tap_ok(n == 1454, "%zu characters fold to others", n);
    tap_ok(sum == 0x84ffc26de4d48fe1ull, "each to the right one");
    tap_ok(twice == 0, "and these fold to themselves");
}


static void
char_test(void)
{
    size_t  i;

    static const struct {
        uint32_t  from;
        uint32_t  to;
    } chars[] = {
        { '@', '@' }, { 'A', 'a' }, { 'Z', 'z' }, { '[', '[' }, { 'a', 'a' },
        { 0xb4, 0xb4 }, { 0xb5, 0x3bc },
        { 0xc9, 0xe9 }, { 0xd7, 0xd7 }, { 0xdf, 0xdf }, { 0x1e9e, 0xdf },
        { 0x130, 0x130 }, { 0x131, 0x131 }, { 0x12e, 0x12f },
        { 0x12f, 0x12f }, { 0x17f, 's' },
        { 0x386, 0x3ac }, { 0x3a2, 0x3a2 }, { 0x3c2, 0x3c3 },
        { 0x42f, 0x44f }, { 0x401, 0x451 },
        { 0x10a0, 0x2d00 }, { 0x212a, 'k' }, { 0x212b, 0xe5 },
        { 0xff21, 0xff41 }, { 0x10400, 0x10428 }, { 0x1e921, 0x1e943 },
        { 0x1e922, 0x1e922 }, { 0x10ffff, 0x10ffff }
    };

    for (i = 0; i < sizeof(chars) / sizeof(chars[0]); i++) {
        tap_ok(convrelay_fold(chars[i].from) == chars[i].to,
               "U+%04X folds to U+%04X", chars[i].from, chars[i].to);
    }
}


static void
search_test(void)
{
    int              found;
    size_t           i;
    convrelay_str_t  text, part;

    static const struct {
        const char  *text;
        const char  *part;
        int          found;
    } searches[] = {
        { "OPERADOR", "operador", 1 },
        { "an Operator, please", "operator", 1 },
        { "operato", "operator", 0 },
        { "", "a", 0 },
        { "a", "a", 1 },
        { "aab", "ab", 1 },
        { "\u0427\u0435\u043b\u043e\u0432\u0435\u043a, "
          "\u043f\u043e\u0436\u0430\u043b\u0443\u0439\u0441\u0442\u0430.",
          "\u0447\u0435\u043b\u043e\u0432\u0435\u043a", 1 },
        { "\u00c9l\u00e8ve", "\u00e9l\u00c8ve", 1 },
        { "Elève", "\u00e9l\u00e8ve", 0 },
        { "\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3",
          "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c2", 1 },
        { "STRA\u1e9eE", "stra\u00dfe", 1 },
        { "STRASSE", "stra\u00dfe", 0 },
        { "300 \u212a", "300 k", 1 },
        { "\u65e5\u672c", "\u672c", 1 },
        { "\xc9l", "\u00e9l", 0 },
        { "\xff", "\xff", 0 },
        { "a\xff" "b", "b", 1 },
        { "\ufffd", "\xff", 0 },
        { "\u0447", "\xd1", 0 }
    };

    for (i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        text.len = strlen(searches[i].text);
        text.data = tap_flush(searches[i].text, text.len);
        part.len = strlen(searches[i].part);
        part.data = tap_flush(searches[i].part, part.len);

        found = convrelay_fold_contains(&text, &part);

        tap_ok(found == searches[i].found, "%s \"%s\" in \"%s\"",
               searches[i].found ? "there is" : "there is no",
               searches[i].part, searches[i].text);

        tap_unflush(text.data, text.len);
        tap_unflush(part.data, part.len);
    }
}
