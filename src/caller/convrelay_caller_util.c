
/*
 * Copyright (C) convrelay contributors
 */


#include <errno.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "convrelay_caller.h"


static void convrelay_caller_buf_room(convrelay_caller_buf_t *b, size_t len);


void *
convrelay_caller_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size ? size : 1);

    if (p == NULL) {
        fprintf(stderr, "convrelay-call: out of memory\n");
        exit(CONVRELAY_CALLER_EXIT_BROKEN);
    }

    return p;
}


void *
convrelay_caller_realloc(void *p, size_t size)
{
    p = realloc(p, size);

    if (p == NULL) {
        fprintf(stderr, "convrelay-call: out of memory\n");
        exit(CONVRELAY_CALLER_EXIT_BROKEN);
    }

    return p;
}


char *
convrelay_caller_strndup(const char *s, size_t len)
{
    char  *p;

    p = convrelay_caller_alloc(len + 1);

    if (len) {
        memcpy(p, s, len);
    }

    return p;
}


char *
convrelay_caller_strdup(const char *s)
{
    return convrelay_caller_strndup(s, strlen(s));
}


static void
convrelay_caller_buf_room(convrelay_caller_buf_t *b, size_t len)
{
    size_t  size;

    if (b->size - b->len > len) {
        return;
    }

    size = b->size ? b->size : 64;

    while (size - b->len <= len) {
        size *= 2;
    }

    b->data = convrelay_caller_realloc(b->data, size);
    b->size = size;
}


void
convrelay_caller_buf_add(convrelay_caller_buf_t *b, const void *data,
    size_t len)
{
    convrelay_caller_buf_room(b, len);

    if (len) {
        memcpy(b->data + b->len, data, len);
    }

    b->len += len;
    b->data[b->len] = '\0';
}


void
convrelay_caller_buf_str(convrelay_caller_buf_t *b, const char *s)
{
    convrelay_caller_buf_add(b, s, strlen(s));
}


void
convrelay_caller_buf_printf(convrelay_caller_buf_t *b, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    convrelay_caller_buf_vprintf(b, fmt, args);
    va_end(args);
}


void
convrelay_caller_buf_vprintf(convrelay_caller_buf_t *b, const char *fmt,
    va_list args)
{
    int      n;
    va_list  copy;

    va_copy(copy, args);
    n = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);

    if (n < 0) {
        return;
    }

    convrelay_caller_buf_room(b, n);
    vsnprintf(b->data + b->len, n + 1, fmt, args);

    b->len += n;
}


void
convrelay_caller_buf_reset(convrelay_caller_buf_t *b)
{
    convrelay_caller_buf_room(b, 0);

    b->len = 0;
    b->data[0] = '\0';
}


void
convrelay_caller_buf_free(convrelay_caller_buf_t *b)
{
    free(b->data);
    memset(b, 0, sizeof(convrelay_caller_buf_t));
}


void
convrelay_caller_pairs_add(convrelay_caller_pairs_t *pairs, const char *name,
    const char *value)
{
    convrelay_caller_pair_t  *pair;

    pairs->elts = convrelay_caller_realloc(pairs->elts,
                             (pairs->n + 1) * sizeof(convrelay_caller_pair_t));

    pair = &pairs->elts[pairs->n++];
    pair->name = convrelay_caller_strdup(name);
    pair->value = convrelay_caller_strdup(value);
}


void
convrelay_caller_pairs_set(convrelay_caller_pairs_t *pairs, const char *name,
    size_t name_len, const char *value)
{
    char    *copy;
    size_t   i;

    copy = convrelay_caller_strndup(name, name_len);

    for (i = 0; i < pairs->n; i++) {

        if (strcmp(pairs->elts[i].name, copy) == 0) {
            free(copy);
            copy = convrelay_caller_strdup(value);
            free(pairs->elts[i].value);
            pairs->elts[i].value = copy;
            return;
        }
    }

    convrelay_caller_pairs_add(pairs, copy, value);
    free(copy);
}


const char *
convrelay_caller_pairs_get(const convrelay_caller_pairs_t *pairs,
    const char *name)
{
    size_t  i;

    for (i = 0; i < pairs->n; i++) {

        if (strcmp(pairs->elts[i].name, name) == 0) {
            return pairs->elts[i].value;
        }
    }

    return NULL;
}


int
convrelay_caller_pairs_has(const convrelay_caller_pairs_t *pairs,
    const char *name)
{
    size_t  i;

    for (i = 0; i < pairs->n; i++) {

        if (strcasecmp(pairs->elts[i].name, name) == 0) {
            return 1;
        }
    }

    return 0;
}


void
convrelay_caller_pairs_free(convrelay_caller_pairs_t *pairs)
{
    size_t  i;

    for (i = 0; i < pairs->n; i++) {
        free(pairs->elts[i].name);
        free(pairs->elts[i].value);
    }

    free(pairs->elts);
    memset(pairs, 0, sizeof(convrelay_caller_pairs_t));
}


int64_t
convrelay_caller_now(void)
{
    return convrelay_caller_now_us() / 1000;
}


int64_t
convrelay_caller_now_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


void
convrelay_caller_random(void *p, size_t len)
{
    ssize_t  n;
    u_char  *last;

    last = (u_char *) p + len;

    while (len) {
        n = getrandom(last - len, len, 0);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            fprintf(stderr, "convrelay-call: getrandom() failed\n");
            exit(CONVRELAY_CALLER_EXIT_BROKEN);
        }

        len -= n;
    }
}


void
convrelay_caller_sid(char dst[35], const char *prefix)
{
    int      i;
    u_char   bytes[16];

    convrelay_caller_random(bytes, sizeof(bytes));

    dst[0] = prefix[0];
    dst[1] = prefix[1];

    for (i = 0; i < 16; i++) {
        snprintf(dst + 2 + 2 * i, 3, "%02x", bytes[i]);
    }
}


int64_t
convrelay_caller_duration(const char *s)
{
    char    *end;
    double   value;

    value = strtod(s, &end);

    if (end == s || !(value >= 0 && value < 1e9)) {
        return -1;
    }

    while (*end == ' ') {
        end++;
    }

    if (*end == '\0') {
        return (value == 0) ? 0 : -2;
    }

    if (strcmp(end, "ms") == 0) {
        return (int64_t) (value + 0.5);
    }

    if (strcmp(end, "s") == 0) {
        return (int64_t) (value * 1000 + 0.5);
    }

    if (strcmp(end, "m") == 0) {
        return (int64_t) (value * 60000 + 0.5);
    }

    return -1;
}
