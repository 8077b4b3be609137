
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_word.h"
#include "tap.h"


static void all_test(void);
static void count_test(void);


typedef struct {
    const char  *text;
    unsigned     word;
} test_word_t;


static const test_word_t  tests[] = {
    { "", 0 },
    { " ", 0 },
    { ".,?!'\"-()[]{}<>|\\/:;@#$%^&*_+=~`", 0 },
    { "/", 0 }, { "0", 1 }, { "9", 1 }, { ":", 0 },
    { "@", 0 }, { "A", 1 }, { "Z", 1 }, { "[", 0 },
    { "`", 0 }, { "a", 1 }, { "z", 1 }, { "{", 0 },
    { "\x01\t\r\n\x7f", 0 },
    { "... no", 1 },
    { "?!1", 1 },

    { "\xc2\x80\xc2\xa9", 0 },          /* U+0080, U+00A9 */
    { "\xc2\xaa", 1 },                  /* U+00AA */
    { "\xc2\xb2\xc2\xb3", 1 },          /* superscripts, digits */
    { "\xc2\xb4", 0 },                  /* acute accent */
    { "\xc2\xb5", 1 },                  /* micro sign, a letter */
    { "\xc2\xbf", 0 },                  /* inverted question mark */
    { "\xc3\x80", 1 },                  /* U+00C0 */
    { "\xc3\x97", 0 },                  /* multiplication */
    { "\xc3\xb7", 0 },                  /* division */

    { "\xe2\x80\xa6", 0 },              /* ellipsis */
    { "\xe2\x82\xac", 0 },              /* euro */
    { "\xf0\x9f\x99\x82", 0 },          /* smile */
    { "\xf0\x9f\x99\x82 x", 1 },
    { "\xd8\x9f", 0 },                  /* Arabic question mark */
    { "\xd9\x86\xd8\xb9\xd9\x85", 1 }, /* Arabic */
    { "\xd9\xa1", 1 },                  /* Arabic digit */
    { "\xe0\xa5\xa4", 0 },              /* danda */
    { "\xe0\xa4\xb9", 1 },              /* Devanagari */
    { "\xe0\xb9\x90", 1 },              /* Thai digit */
    { "\xe3\x80\x82", 0 },              /* ideographic full stop */
    { "\xe3\x80\x85", 1 },              /* iteration mark */
    { "\xe3\x81\xaf", 1 },              /* Hiragana */
    { "\xe4\xb8\xad", 1 },              /* a Chinese character */
    { "\xef\xbc\x9f", 0 },              /* fullwidth question mark */
    { "\xef\xbc\x91", 1 },              /* fullwidth digit */
    { "\xed\x95\x9c", 1 },              /* Hangul */
    { "\xf0\xa0\x80\x80", 1 },          /* beyond the BMP */
    { "\xef\xbf\xbd", 0 },              /* replacement character */

    { "\xff\xfe\xc3", 0 },
    { "\xc3 a", 1 }
};


typedef struct {
    const char  *text;
    unsigned     words;
} test_count_t;


static const test_count_t  counts[] = {
    { "", 0 },
    { " ", 0 },
    { "...", 0 },
    { "One", 1 },
    { "One moment, please.", 3 },
    { " it's  5 o'clock - ", 3 },
    { "a\xc2\xa0" "b", 2 },                /* a no-break space */
    { "a\xc2\xa1" "b", 1 },
    { "a\xe3\x80\x80" "b", 2 },            /* an ideographic one */
    { "a\xe3\x80\x81" "b", 1 },
    { "a\xe2\xbf\xbf" "b", 1 },
    { "a!b", 1 },
    { "a\x1f" "b", 2 },
    { "\xe4\xb8\xad", 1 },
    { "\xe4\xb8\xad\xe4\xb8\xad", 1 },
    { "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 2 },
    { "OK \xe4\xb8\xad", 2 },
    { "a\xe4\xb8\xad" "b", 2 }
};


/* the first and the last of each range of scripts without blanks */

static const uint32_t  alone[] = {
    0x0e00, 0x0eff, 0x1000, 0x109f, 0x1780, 0x17ff, 0x2e80, 0xabff,
    0xf900, 0xfaff, 0x20000, 0x10ffff
};


int
main(void)
{
    u_char           *p;
    unsigned          i;
    convrelay_str_t   text;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        text.len = strlen(tests[i].text);

        p = tap_flush(tests[i].text, text.len);
        text.data = p;

        tap_ok(convrelay_has_word(&text) == tests[i].word,
               "text %u %s", i, tests[i].word ? "has a word" : "has none");

        tap_unflush(p, text.len);
    }

    all_test();
    count_test();

    return tap_done();
}


/*
 * The figures are those of another program over the data of Unicode 14.0: a
 * run of P, S, Z and C that no letter or digit breaks, from its first to its
 * last assigned character, with the marks and gaps between them.
 */

static void
all_test(void)
{
    size_t    n;
    uint32_t  cp;
    uint64_t  sum;

    n = 0;
    sum = 0;

    for (cp = 0; cp < 0x110000; cp++) {

        if (!convrelay_is_word(cp)) {
            n++;
            sum = sum * 1000003 + cp;
        }
    }

    tap_ok(n == 219975, "%zu characters are neither letters nor digits", n);
    tap_ok(sum == 0x8545735f3892777cull, "the right ones");
}


static void
count_test(void)
{
    u_char           *p;
    size_t            n;
    unsigned          i, inside;
    uint32_t          cp;
    convrelay_str_t   str;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        str.len = strlen(counts[i].text);

        p = tap_flush(counts[i].text, str.len);
        str.data = p;

        n = convrelay_word_count(&str);

        tap_ok(n == counts[i].words, "text %u: %zu of %u words", i, n,
               counts[i].words);

        tap_unflush(p, str.len);
    }

    for (cp = 0; cp < 0x110000; cp++) {
        inside = 0;

        for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i += 2) {
            inside |= (cp >= alone[i] && cp <= alone[i + 1]);
        }

        if (convrelay_word_is_alone(cp) != inside) {
            break;
        }
    }

    tap_ok(cp == 0x110000, "scripts without blanks, up to U+%04X", cp);
}
