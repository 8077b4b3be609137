
/*
 * Copyright (C) convrelay contributors
 *
 * A message before the first LF, and after it texts of a conversation: the
 * message never grows, and of a text that is the message no word is left.
 */


#include <stdlib.h>

#include "convrelay_echo.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void echo_parts(const u_char *text, const u_char *last,
    const char *message);
static void echo_whole(const char *message);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    char           message[513];
    size_t         len;
    const u_char  *p;

    p = size ? memchr(data, '\n', size) : NULL;
    len = p ? (size_t) (p - data) : size;

    if (len > sizeof(message) - 1) {
        len = sizeof(message) - 1;
    }

    if (len) {
        memcpy(message, data, len);
    }

    message[len] = '\0';

    echo_whole(message);

    if (p) {
        echo_parts(p + 1, data + size, message);
    }

    return 0;
}


static void
echo_parts(const u_char *text, const u_char *last, const char *message)
{
    char              copy[513];
    u_char           *exact;
    size_t            len;
    const u_char     *p;
    convrelay_echo_t  e;

    strcpy(copy, message);
    convrelay_echo_start(&e, copy);

    while (text < last) {
        p = memchr(text, '\n', last - text);
        len = (p ? p : last) - text;

        exact = malloc(len);
        must(exact || len == 0);

        if (len) {
            memcpy(exact, text, len);
        }

        convrelay_echo_text(&e, exact, len, len % 2);
        free(exact);

        text += len + 1;
    }

    convrelay_echo_mask(&e, last[-1] == 'x');

    must(strlen(copy) <= strlen(message));
}


static void
echo_whole(const char *message)
{
    char              copy[513];
    convrelay_echo_t  e;

    strcpy(copy, message);

    convrelay_echo_start(&e, copy);
    convrelay_echo_text(&e, (const u_char *) message, strlen(message), 1);
    convrelay_echo_mask(&e, 0);

    must(strlen(copy) <= strlen(message));

    convrelay_echo_start(&e, copy);

    must(e.nwords == 0 || e.nwords < CONVRELAY_ECHO_RUN);
}
