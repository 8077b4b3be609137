
/*
 * Copyright (C) convrelay contributors
 *
 * What nginx quotes in the lines that it logs.
 */


#define _GNU_SOURCE

#include "convrelay_private.h"
#include "tap.h"


static void lines_test(void);
static void cut_test(void);


typedef struct {
    const char  *line;
    const char  *shown;   /* NULL: all of it */
} private_t;


static private_t  lines[] = {
    { "pcre2_match() failed: -47 on \"my pin\" using \"^(a+)+$\"",
      "pcre2_match() failed: -47 on \"***\" using \"^(a+)+$\"" },
    { "pcre_exec() failed: -8 on \"my \" using \"pin\" using \"x\"",
      "pcre_exec() failed: -8 on \"***\" using \"x\"" },
    { "\"^a\" matches \"a pin\"", "\"^a\" matches \"***\"" },
    { "\"^a\" does not match \"pin\"", "\"^a\" does not match \"***\"" },
    { "rewritten data: \"/pin\", args: \"a=pin\"", "rewritten data: \"***\"" },
    { "rewritten redirect: \"/pin\"", "rewritten redirect: \"***\"" },
    { "rewrite or internal redirection cycle while processing \"/pin\"",
      "rewrite or internal redirection cycle while processing \"***\"" },
    { "unsafe URI \"/../pin\" was detected",
      "unsafe URI \"***\" was detected" },
    { "the value of the \"$convrelay_arg_a\" key is more than 255 bytes: "
      "\"pin\"",
      "the value of the \"$convrelay_arg_a\" key is more than 255 bytes: "
      "\"***\"" },
    { "open() \"/data/pin.json\" failed (2: No such file or directory)",
      "open() \"***\" failed (2: No such file or directory)" },
    { "openat() \"/data/pin\" failed (40: Too many levels)",
      "openat() \"***\" failed (40: Too many levels)" },
    { "stat() \"/data/pin\" failed (13: Permission denied)",
      "stat() \"***\" failed (13: Permission denied)" },
    { "upstream sent invalid header: \"pin \"x\\x20...\"",
      "upstream sent invalid header: \"***\"" },
    { "upstream sent invalid header \"pin: y\"",
      "upstream sent invalid header \"***\"" },
    { "upstream sent invalid trailer \"pin: y\"",
      "upstream sent invalid trailer \"***\"" },
    { "upstream sent duplicate header line: \"Date: pin\", previous value: "
      "\"Date: x\", ignored",
      "upstream sent duplicate header line: \"***\", ignored" },
    { "upstream sent invalid \"Content-Length\" header: "
      "\"Content-Length: pin\"",
      "upstream sent invalid \"Content-Length\" header: \"***\"" },
    { "upstream sent unknown \"Transfer-Encoding\": \"pin\"",
      "upstream sent unknown \"Transfer-Encoding\": \"***\"" },
    { "upstream sent invalid status \"pin\"",
      "upstream sent invalid status \"***\"" },
    { "upstream sent invalid :status \"pin\"",
      "upstream sent invalid :status \"***\"" },
    { "upstream sent unexpected :status \"pin\"",
      "upstream sent unexpected :status \"***\"" },

    { "key: \"my pin\" was not found by memcached",
      "key: \"***\" was not found by memcached" },
    { "memcached sent invalid key in response \"VALUE a 0 1\" for key \"pin\"",
      "memcached sent invalid key in response \"***\"" },
    { "memcached sent invalid length in response \"VALUE pin 0 x\" "
      "for key \"pin\"",
      "memcached sent invalid length in response \"***\"" },
    { "memcached sent invalid response: \"SERVER_ERROR pin\"",
      "memcached sent invalid response: \"***\"" },
    { "invalid URL prefix in \"pin\"", "invalid URL prefix in \"***\"" },
    { "invalid local address \"pin\"", "invalid local address \"***\"" },
    { "no host in upstream \"/pin\"", "no host in upstream \"***\"" },
    { "invalid host in upstream \"a pin\"",
      "invalid host in upstream \"***\"" },
    { "invalid IPv6 address in upstream \"[pin]\"",
      "invalid IPv6 address in upstream \"***\"" },
    { "invalid port in upstream \"a:pin\"",
      "invalid port in upstream \"***\"" },
    { "no port in upstream \"pin\"", "no port in upstream \"***\"" },
    { "no path in the unix domain socket in upstream \"unix:\"",
      "no path in the unix domain socket in upstream \"***\"" },
    { "too long path in the unix domain socket in upstream \"unix:pin\"",
      "too long path in the unix domain socket in upstream \"***\"" },

    /* these have nothing from outside */

    { "memcached sent invalid trailer", NULL },

    { "upstream prematurely closed connection", NULL },
    { "upstream sent no valid HTTP/1.0 header", NULL },
    { "\"convrelay_on prompt ~x\" gave up on a prompt of 17 bytes", NULL },
    { "connect() failed (111: Connection refused)", NULL },
    { "LLM was asked for \"/v1\" and answered 404", NULL },
    { "", NULL },

    { NULL, NULL }
};


int
main(void)
{
    lines_test();
    cut_test();

    return tap_done();
}


static void
lines_test(void)
{
    int         rc;
    char        shown[256];
    size_t      from, to, len;
    private_t  *l;

    for (l = lines; l->line; l++) {
        len = strlen(l->line);

        rc = convrelay_private((u_char *) l->line, len, &from, &to);

        if (rc == CONVRELAY_OK) {
            snprintf(shown, sizeof(shown), "%.*s***%s", (int) from, l->line,
                     l->line + to);
        }

        tap_ok(l->shown ? rc == CONVRELAY_OK && strcmp(shown, l->shown) == 0
                        : rc == CONVRELAY_DECLINED,
               "%s", l->line);
    }
}


/* a line may end anywhere, as nginx cuts long ones */

static void
cut_test(void)
{
    int         rc;
    size_t      len, from, to, wrong, words;
    u_char     *copy;
    private_t  *l;

    wrong = 0;
    words = 0;

    for (l = lines; l->line; l++) {

        for (len = 1; l->shown && len <= strlen(l->line); len++) {

            /* reading past its end is seen */

            copy = malloc(len);
            memcpy(copy, l->line, len);

            rc = convrelay_private(copy, len, &from, &to);

            if (rc == CONVRELAY_OK) {
                wrong += (from > to || to > len);
                from = (from > len) ? len : from;

                /* where it was cut, everything after *from is hidden */

                memset(copy + from, '*', len - from);
            }

            if (memmem(l->line, len, "pin", 3)) {
                words++;
                wrong += (memmem(copy, len, "pin", 3) != NULL);
            }

            free(copy);
        }
    }

    tap_ok(wrong == 0 && words > 200, "a line that is cut: %zu of %zu wrong",
           wrong, words);
}
