
/*
 * Copyright (C) convrelay contributors
 *
 * A very small TAP writer for the unit tests.  Each test is one program,
 * src files linked in, run by prove.
 */


#ifndef CONVRELAY_TAP_H_INCLUDED
#define CONVRELAY_TAP_H_INCLUDED


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "convrelay_base.h"


static int  tap_n;
static int  tap_failed;


__attribute__((unused, format(printf, 2, 3)))
static int
tap_ok(int ok, const char *fmt, ...)
{
    va_list  args;

    tap_n++;

    if (!ok) {
        tap_failed++;
    }

    printf("%sok %d - ", ok ? "" : "not ", tap_n);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);

    return ok;
}


/* compares bytes, shows both sides where they differ */

__attribute__((unused))
static int
tap_is(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *name)
{
    int  ok;

    ok = (got_len == want_len
          && (want_len == 0 || memcmp(got, want, want_len) == 0));

    tap_ok(ok, "%s", name);

    if (!ok) {
        printf("#   got (%zu): \"%.*s\"\n#  want (%zu): \"%.*s\"\n",
               got_len, (int) got_len, (const char *) got,
               want_len, (int) want_len, (const char *) want);
    }

    return ok;
}


__attribute__((unused))
static int
tap_is_str(const convrelay_str_t *got, const char *want, const char *name)
{
    return tap_is(got->data, got->len, want, strlen(want), name);
}


/*
 * A writable copy of the input that ends flush against an unreadable page,
 * so that a read past the end is a crash.  Free with tap_unflush().
 */

__attribute__((unused))
static u_char *
tap_flush(const void *data, size_t len)
{
    long    page;
    size_t  size;
    u_char  *p;

    page = sysconf(_SC_PAGESIZE);
    size = (len / page + 1) * page;

    p = mmap(NULL, size + page, PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || mprotect(p + size, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }

    if (len) {
        memcpy(p + size - len, data, len);
    }

    return p + size - len;
}


__attribute__((unused))
static void
tap_unflush(u_char *p, size_t len)
{
    long    page;
    size_t  size;

    page = sysconf(_SC_PAGESIZE);
    size = (len / page + 1) * page;

    munmap(p - (size - len), size + page);
}


__attribute__((unused))
static int
tap_done(void)
{
    printf("1..%d\n", tap_n);
    return tap_failed ? 1 : 0;
}


#endif /* CONVRELAY_TAP_H_INCLUDED */
