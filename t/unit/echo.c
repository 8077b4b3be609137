
/*
 * Copyright (C) convrelay contributors
 *
 * Words that come back in an error message.
 */


#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "convrelay_echo.h"
#include "convrelay_fold.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"
#include "tap.h"


#ifdef __SANITIZE_ADDRESS__
#define ECHO_LIMIT  24      /* ms */
#else
#define ECHO_LIMIT  6
#endif

#define SAID  "My card number is 4111 1111, and my dog's name is Rex"


typedef struct {
    const char   *message;
    const char   *text;
    unsigned      said;
    unsigned      cut;
    const char   *result;
} echo_test_t;


static void echo(const echo_test_t *t);
static unsigned masks(const char *message, const char *text);
static unsigned is_alone(uint32_t cp);
static void echo_alone(void);
static void echo_escapes(void);
static void echo_hex(void);
static void echo_percent(void);
static void echo_lines(void);
static void echo_codes(void);
static void echo_cost(void);
static void echo_time(void);
static double echo_cpu(void);


static const echo_test_t  tests[] = {

    /* as it was said, in any dress */

    { "bad input: " SAID, SAID, 1, 0, "bad input: ***" },
    { "bad input: my CARD NUMBER is 4111", SAID, 1, 0, "bad input: ***" },
    { "got 'card' of you", SAID, 1, 0, "got '***' of you" },
    { "number 4111 is wrong", SAID, 1, 0, "number *** is wrong" },
    { "[{\\\"content\\\": \\\"My card number is\\\\n4111\\\"}]", SAID, 1, 0,
      "[{\\\"content\\\": \\\"***\\\"}]" },
    { "loc=\\u004dy\\u0020c\\u0061rd!", SAID, 1, 0, "loc=\\u004dy\\u0020***!" },
    { "https://h/?q=My%20card%20number%20is", SAID, 1, 0,
      "https://h/?q=***" },
    { "caf\xc3\xa9 here", "Meet me in the caf\\u00e9", 1, 0, "*** here" },
    { "caf%C3%A9 here", "Meet me in the caf\xc3\xa9", 1, 0, "*** here" },

    /* words of the messages themselves stay, unless three are in a row */

    { "Invalid value: model not found", "The model has invalid value", 1, 0,
      "Invalid value: model not found" },
    { "Invalid value model: not found", "The invalid value model", 1, 0,
      "***: not found" },

    /* of what we said ourselves, only runs */

    { "unexpected opening near", "Our opening hours are nine to five", 0, 0,
      "unexpected opening near" },
    { "unexpected: opening hours are", "Our opening hours are nine", 0, 0,
      "unexpected: ***" },
    { "near \"Good day\" it", "Good day", 0, 0, "near \"***\" it" },
    { "near \"Good\" it", "Good", 0, 0, "near \"Good\" it" },
    { "near \"No\" it", "No", 1, 0, "near \"**\" it" },
    { "near \"5\" it", "5", 1, 0, "near \"*\" it" },
    { "a b c", "", 1, 0, "a b c" },
    { "", SAID, 1, 0, "" },

    /* three in a row at the ends, and one less */

    { "one two three x", "zero one two three four", 0, 0, "*** x" },
    { "x two three four", "zero one two three four", 0, 0, "x ***" },
    { "x one two x three four", "zero one two three four", 0, 0,
      "x one two x three four" },
    { "one two", "one two three", 0, 0, "one two" },

    /* no blanks between words */

    { "\xe4\xb8\x8d\xe6\x98\xaf\xe6\x88\x91\xe7\x9a\x84\xe5\x8d\xa1\xe5\x8f"
      "\xb7\xe3\x80\x82", "\xe6\x88\x91\xe7\x9a\x84\xe5\x8d\xa1\xe5\x8f\xb7",
      1, 0, "\xe4\xb8\x8d\xe6\x98\xaf***\xe3\x80\x82" },

    /* what counts as a word to be masked by itself */

    { "abc x defg", "abc defg", 1, 0, "abc x ***" },
    { "a0 x b9", "a0 q b9", 1, 0, "** x **" },
    { "ab x c", "ab q c", 1, 0, "ab x c" },
    { "abc", "abc", 1, 0, "***" },

    /* the list of common words, at both ends and around them */

    { "ARRAY your assistant with", "with; assistant; your; array", 1, 0,
      "ARRAY your assistant with" },
    { "arrays yours", "arrays q yours", 1, 0, "***" },

    /* the last word may be a part of one */

    { "got: My ca", "My car is red", 1, 1, "got: My **" },
    { "got: My ca", "My car is red", 1, 0, "got: My ca" },

    /* odd bytes */

    { "got \\", "got \\", 1, 0, "*** \\" },
    { "got \\u00", "x", 1, 0, "got \\u00" },
    { "got %4", "x", 1, 0, "got %4" },
    { "got %ff%80 \xff", "x", 1, 0, "got %ff%80 \xff" }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        echo(&tests[i]);
    }

    echo_alone();
    echo_escapes();
    echo_hex();
    echo_percent();
    echo_lines();
    echo_codes();
    echo_cost();
    echo_time();

    return tap_done();
}


static void
echo(const echo_test_t *t)
{
    char              message[256];
    convrelay_echo_t  e;

    (void) snprintf(message, sizeof(message), "%s", t->message);

    convrelay_echo_start(&e, message);
    convrelay_echo_text(&e, (u_char *) t->text, strlen(t->text), t->said);
    convrelay_echo_mask(&e, t->cut);

    if (!tap_ok(strcmp(message, t->result) == 0, "%s", t->message)) {
        printf("# got \"%s\"\n# not \"%s\"\n", message, t->result);
    }
}


/* true where something of the message was masked */

static unsigned
masks(const char *message, const char *text)
{
    char              copy[64];
    convrelay_echo_t  e;

    strcpy(copy, message);

    convrelay_echo_start(&e, copy);
    convrelay_echo_text(&e, (u_char *) text, strlen(text), 1);
    convrelay_echo_mask(&e, 0);

    return strcmp(copy, message) != 0;
}


/* of a script without blanks between words */

static unsigned
is_alone(uint32_t cp)
{
    size_t  i;

    static const struct {
        uint32_t  first;
        uint32_t  last;
    } scripts[] = {
        { 0x0e00, 0x0eff },     /* Thai, Lao */
        { 0x1000, 0x109f },     /* Myanmar */
        { 0x1780, 0x17ff },     /* Khmer */
        { 0x2e80, 0xabff },     /* from CJK's radicals to before Hangul */
        { 0xf900, 0xfaff },     /* CJK's compatibility */
        { 0x20000, 0x10ffff }   /* its supplementary planes */
    };

    cp = convrelay_fold(cp);

    for (i = 0; cp > scripts[i].last; i++) { /* void */ }

    return cp >= scripts[i].first;
}


/* one of two characters in a row is a word where they are of such a script */

static void
echo_alone(void)
{
    char      one[8], two[16];
    u_char   *p;
    uint32_t  cp;
    unsigned  bad;

    bad = 0;

    for (cp = 0x80; cp < 0x30000; cp++) {

        if (!convrelay_is_word(cp) || (cp >= 0xd800 && cp <= 0xdfff)) {
            continue;
        }

        p = convrelay_utf8_encode((u_char *) one, cp);
        *p = '\0';

        sprintf(two, "%s%s", one, one);

        if (masks(two, one) != is_alone(cp)) {
            printf("# U+%04X\n", cp);
            bad++;
        }
    }

    tap_ok(bad == 0, "scripts without blanks between words");

    tap_ok(masks("x\xe4\xb8\xad", "\xe4\xb8\xad")
           && masks("x\xe4\xb8\xad", "x")
           && masks("\xe4\xb8\xad" "x", "\xe4\xb8\xad")
           && masks("\xe4\xb8\xad" "x", "x"), "beside those of other scripts");
}


/* of all characters, in digits of both cases, however often it was escaped */

static void
echo_escapes(void)
{
    char      text[16], message[32];
    u_char   *p;
    uint32_t  cp;
    unsigned  bad, word;

    bad = 0;

    for (cp = 1; cp < 0x10000; cp++) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            continue;
        }

        word = convrelay_is_word(cp);

        p = convrelay_utf8_encode((u_char *) text, cp);
        *p = '\0';

        sprintf(message, "\\u%04x", cp);
        bad += (masks(message, text) != word);

        sprintf(message, "\\\\\\u%04X", cp);
        bad += (masks(message, text) != word);
    }

    tap_ok(bad == 0, "each character is found as an escape");

    tap_ok(masks("x\\n", "x") && masks("x\\ny", "y") && masks("x\\r", "x")
           && masks("x\\ry", "y") && masks("x\\ty", "y")
           && masks("x\\by", "y") && masks("x\\fy", "y")
           && !masks("x\\vy", "y"), "escapes of one letter");
}


/* an "x" is a word unless a letter follows it */

static void
echo_hex(void)
{
    int       value;
    char      message[32];
    size_t    at;
    unsigned  c, bad, letter;

    static const char  digits[] = "0123456789abcdef0123456789ABCDEF";

    bad = 0;

    for (at = 3; at < 7; at++) {

        for (c = 1; c < 256; c++) {
            strcpy(message, "x\\u10a0");
            message[at] = c;

            letter = 0;

            if (strchr(digits, c)) {
                value = strtol(message + 3, NULL, 16);
                letter = convrelay_is_word(value);

                /* a word of its own is not a part of this one */

                letter &= !is_alone(value);
            }

            bad += (masks(message, "x") == letter);
        }
    }

    tap_ok(bad == 0, "the digits of an escape are hexadecimal");

    tap_ok(masks("x\\u00e", "x") && masks("x\\u", "x") && masks("x\\", "x"),
           "and there are four");

    bad = 0;

    for (at = 2; at < 4; at++) {

        for (c = 1; c < 256; c++) {
            strcpy(message, "x%61");
            message[at] = c;

            letter = strchr(digits, c)
                     && convrelay_is_word(strtol(message + 2, NULL, 16));

            /* a byte above 0x7f alone does not make a character */

            if (letter && strtol(message + 2, NULL, 16) > 0x7f) {
                letter = 0;
            }

            bad += (masks(message, "x") == letter);
        }
    }

    tap_ok(bad == 0, "so are those of a URL");

    tap_ok(masks("x%6", "x") && masks("x%", "x"), "and there are two");
}


static void
echo_percent(void)
{
    char      text[16], message[32];
    size_t    i, n, len;
    u_char   *p;
    unsigned  bad;

    static const uint32_t  chars[] = {
        'a', 0x7a, 0xaa, 0xe9, 0x7ca, 0x904, 0xac00, 0xd7a3, 0xff21, 0x10000,
        0x1d7ff, 0x1fbf0
    };

    bad = 0;

    for (i = 0; i < sizeof(chars) / sizeof(chars[0]); i++) {
        p = convrelay_utf8_encode((u_char *) text, chars[i]);
        *p = '\0';

        len = strlen(text);
        message[0] = '\0';

        for (n = 0; n < len; n++) {
            sprintf(message + strlen(message), "%%%02X", (u_char) text[n]);
        }

        bad += !masks(message, text);

        /* with a letter after it, that is another word */

        strcat(message, "q");
        bad += masks(message, text);

        sprintf(message + strlen(message) - 1, "%%71");
        bad += masks(message, text);

        strcat(text, "q");
        bad += !masks(message, text);

        /* and without its last byte it is nothing */

        if (len > 1) {
            message[strlen(message) - 6] = '\0';
            text[len] = '\0';
            bad += masks(message, text);
        }
    }

    tap_ok(bad == 0, "characters as bytes of a URL");
}


/* more words than there is room for: the rest of the message is cut */

/* each line is a message of its own */

static void
echo_lines(void)
{
    size_t            i;
    char              message[128];
    convrelay_echo_t  e;

    static const struct {
        const char   *message;
        const char   *text;
        unsigned      cut;
        const char   *result;
    } lines[] = {
        { "4111\n4111 is\nit 4111", "4111", 0, "***\n*** is\nit ***" },
        { "4111\n4112\n4113", "4111 4112 4113", 0, "***\n***\n***" },
        { "my\nold dog", "my old dog", 0, "my\nold dog" },
        { "my\nold", "my old", 0, "my\nold" },
        { "it is\nmy old dog", "my old dog", 0, "it is\n***" },
        { "a code\na type\na word", "", 1, "a ***\na type\na word" },
        { "a code\na type\na word", "", 2, "a code\na ***\na word" },
        { "a code\na type\na word", "", 4, "a code\na type\na ***" },
        { "a code\n\na word", "", 6, "a code\n\na ***" },
        { "\n\n4111", "4111", 0, "\n\n***" },
        { "4111\n\n", "4111", 0, "***\n\n" },
        { "1\n2\n3\n4\n5 6", "1 2 3 4 5 6", 0, "*\n*\n*\n***" }
    };

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        (void) snprintf(message, sizeof(message), "%s", lines[i].message);

        convrelay_echo_start(&e, message);
        convrelay_echo_text(&e, (u_char *) lines[i].text,
                            strlen(lines[i].text), 1);
        convrelay_echo_mask(&e, lines[i].cut);

        if (!tap_ok(strcmp(message, lines[i].result) == 0, "lines, %zu", i)) {
            printf("# got \"%s\"\n", message);
        }
    }
}


/* what is left where nothing is looked for */

static void
echo_codes(void)
{
    size_t  i;
    char    message[128];

    static const char  *codes[] = {
        "rate_limit_exceeded\ntokens\nLimit reached by Jane",
        "rate_limit_exceeded\ntokens\n***",
        "Some.Code-x\n\n", "Some.Code-x\n\n",
        "4111\n42\n4", "***\n**\n*",
        "two words\na\nb", "***\na\nb",
        "", "",
        "caf\xc3\xa9", "***"
    };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i += 2) {
        (void) snprintf(message, sizeof(message), "%s", codes[i]);

        convrelay_echo_codes(message);

        if (!tap_ok(strcmp(message, codes[i + 1]) == 0, "codes, %zu", i / 2)) {
            printf("# got \"%s\"\n", message);
        }
    }
}


static void
echo_cost(void)
{
    char               message[2048];
    size_t             i;
    u_char            *text;
    convrelay_echo_t   e;

    static const size_t            size = 1000000;
    static const struct itimerval  limit = { .it_value.tv_sec = 20 };
    static const struct itimerval  none;

    for (i = 0; i < sizeof(message) - 1; i++) {
        message[i] = (i % 2) ? ' ' : 'a';
    }

    message[i] = '\0';

    convrelay_echo_start(&e, message);
    convrelay_echo_text(&e, (u_char *) "b c d", 5, 1);
    convrelay_echo_mask(&e, 0);

    tap_ok(strlen(message) == 2 * CONVRELAY_ECHO_MAX_WORDS,
           "a message of too many words is cut");

    /* one word again and again, on both sides */

    text = malloc(size);

    for (i = 0; i < size; i++) {
        text[i] = "a1 "[i % 3];
    }

    memcpy(message, text, 3 * CONVRELAY_ECHO_MAX_WORDS);
    message[3 * CONVRELAY_ECHO_MAX_WORDS] = '\0';

    /* seconds of the processor's, for load and valgrind to matter little */

    (void) setitimer(ITIMER_PROF, &limit, NULL);

    convrelay_echo_start(&e, message);

    for (i = 0; i < 50; i++) {
        convrelay_echo_text(&e, text, size, 1);
    }

    (void) setitimer(ITIMER_PROF, &none, NULL);

    convrelay_echo_mask(&e, 0);
    tap_ok(strcmp(message, "*** ") == 0, "50 MB of its own words take seconds");

    free(text);
}


/* an error of an LLM is compared with at most so much, in one event */

static void
echo_time(void)
{
    int                slow;
    char               message[512];
    double             ms, least;
    size_t             i, k, n;
    u_char            *text;
    unsigned           run;
    convrelay_echo_t   e;

    static const size_t  size = 384 * 1024;

    static const char  *words[] = {
        "the quick brown fox ", "a ", "a1 ", "h\xc3\xa4llo w\xc3\xb6rld ",
        "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 ",
        "\xe4\xbd\xa0\xe5\xa5\xbd", "\xf0\xa0\x80\x80", "\\u4e00",
        "%c3%a4", "\\\\"
    };

    slow = getenv("TEST_NGINX_SLOW") ? atoi(getenv("TEST_NGINX_SLOW")) : 1;

    text = malloc(size);

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        n = strlen(words[i]);

        for (k = 0; k < size; k++) {
            text[k] = words[i][k % n];
        }

        least = 0;

        for (run = 0; run < 20; run++) {
            (void) snprintf(message, sizeof(message), "rate_limit\ntokens\n"
                            "Rate limit reached for this organization on "
                            "tokens per min: limit 30000, used 28000");

            ms = echo_cpu();

            convrelay_echo_start(&e, message);
            convrelay_echo_text(&e, text, size, 1);
            convrelay_echo_mask(&e, 0);

            ms = echo_cpu() - ms;

            if (run == 0 || ms < least) {
                least = ms;
            }
        }

        tap_ok(least < ECHO_LIMIT * (slow > 1 ? slow * 10 : 1),
               "384 KB of \"%s\"", words[i]);

        printf("# %.2f ms\n", least);
    }

    free(text);
}


static double
echo_cpu(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
