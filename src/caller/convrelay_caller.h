
/*
 * Copyright (C) convrelay contributors
 *
 * What the caller's files share: growing text, clocks, ids, exit codes.
 * The caller is a separate program: without memory it exits.
 */


#ifndef CONVRELAY_CALLER_H_INCLUDED
#define CONVRELAY_CALLER_H_INCLUDED


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "convrelay_base.h"


/* exit codes, see the manual */

#define CONVRELAY_CALLER_EXIT_OK       0
#define CONVRELAY_CALLER_EXIT_FAILED   1       /* an expectation did not hold */
#define CONVRELAY_CALLER_EXIT_USAGE    2       /* options, scenario file */
#define CONVRELAY_CALLER_EXIT_WEBHOOK  3       /* no usable TwiML */
#define CONVRELAY_CALLER_EXIT_CONNECT  4       /* no WebSocket */
#define CONVRELAY_CALLER_EXIT_BROKEN   5       /* the call broke off */


/* growing text; data is NUL-terminated once something was added */

typedef struct {
    size_t   len;
    size_t   size;
    char    *data;
} convrelay_caller_buf_t;


/* names and values, all malloc'ed */

typedef struct {
    char    *name;
    char    *value;
} convrelay_caller_pair_t;


typedef struct {
    size_t                    n;
    convrelay_caller_pair_t  *elts;
} convrelay_caller_pairs_t;


void *convrelay_caller_alloc(size_t size);
void *convrelay_caller_realloc(void *p, size_t size);
char *convrelay_caller_strndup(const char *s, size_t len);
char *convrelay_caller_strdup(const char *s);

void convrelay_caller_buf_add(convrelay_caller_buf_t *b, const void *data,
    size_t len);
void convrelay_caller_buf_str(convrelay_caller_buf_t *b, const char *s);
void convrelay_caller_buf_printf(convrelay_caller_buf_t *b, const char *fmt,
    ...)
    __attribute__((format(printf, 2, 3)));
void convrelay_caller_buf_vprintf(convrelay_caller_buf_t *b, const char *fmt,
    va_list args) __attribute__((format(printf, 2, 0)));
void convrelay_caller_buf_reset(convrelay_caller_buf_t *b);
void convrelay_caller_buf_free(convrelay_caller_buf_t *b);

/* adds a pair, or replaces the value of the one with that name */
void convrelay_caller_pairs_set(convrelay_caller_pairs_t *pairs,
    const char *name, size_t name_len, const char *value);
void convrelay_caller_pairs_add(convrelay_caller_pairs_t *pairs,
    const char *name, const char *value);
const char *convrelay_caller_pairs_get(const convrelay_caller_pairs_t *pairs,
    const char *name);

/* whether there is a pair of that name, case ignored, as for headers */
int convrelay_caller_pairs_has(const convrelay_caller_pairs_t *pairs,
    const char *name);
void convrelay_caller_pairs_free(convrelay_caller_pairs_t *pairs);

/* monotonic, in milliseconds and microseconds */
int64_t convrelay_caller_now(void);
int64_t convrelay_caller_now_us(void);

/* unpredictable bytes, and a Twilio id: prefix and 32 hex digits */
void convrelay_caller_random(void *p, size_t len);
void convrelay_caller_sid(char dst[35], const char *prefix);

/*
 * "800 ms", "2s", "1.5 s", "1m" in milliseconds; -1: not a time, -2: a
 * number without its unit, which only 0 does not need.
 */
int64_t convrelay_caller_duration(const char *s);


#endif /* CONVRELAY_CALLER_H_INCLUDED */
