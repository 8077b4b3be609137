
/*
 * Copyright (C) convrelay contributors
 *
 * Words that come back in an error message.
 */


#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "convrelay_echo.h"
#include "tap.h"


#define SAID  "My card number is 4111 1111, and my dog's name is Rex"


typedef struct {
    const char   *message;
    const char   *text;
    unsigned      said;
    unsigned      cut;
    const char   *result;
} echo_test_t;


static void echo(const echo_test_t *t);
static void echo_cost(void);


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

    echo_cost();

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


/* more words than there is room for: the rest of the message is cut */

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
