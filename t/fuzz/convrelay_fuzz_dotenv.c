
/*
 * Copyright (C) convrelay contributors
 *
 * The input is an env file; a first byte that is odd ends the reading at its
 * first error.  What is read, written down in double quotes and read again
 * has to be the same.
 */


#include <stdlib.h>

#include "convrelay_dotenv.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void entry(const convrelay_dotenv_t *env, const convrelay_pair_t *pair,
    const u_char *first, const u_char *last);
static void again(const convrelay_pair_t *pair);
static u_char *quote(u_char *p, const convrelay_str_t *s);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                  rc;
    u_char              *copy;
    unsigned             line, strict;
    convrelay_pair_t     pair;
    convrelay_dotenv_t   env;

    if (size == 0) {
        return 0;
    }

    strict = data[0] & 1;
    data++;
    size--;

    copy = malloc(size ? size : 1);
    must(copy);
    memcpy(copy, data, size);

    line = 0;
    convrelay_dotenv_init(&env, copy, size);

    for ( ;; ) {
        rc = convrelay_dotenv_next(&env, &pair);

        if (rc == CONVRELAY_DONE) {
            must(env.pos == copy + size);
            break;
        }

        must(env.line > line && env.line <= size);
        line = env.line;

        if (rc == CONVRELAY_ERROR) {
            must(env.error);

            if (strict) {
                break;
            }

            continue;
        }

        must(rc == CONVRELAY_OK);
        entry(&env, &pair, copy, copy + size);
    }

    free(copy);

    return 0;
}


static void
entry(const convrelay_dotenv_t *env, const convrelay_pair_t *pair,
    const u_char *first, const u_char *last)
{
    must(pair->name.len > 0);
    must(pair->name.data >= first);
    must(pair->name.data + pair->name.len < pair->value.data);
    must(pair->value.data + pair->value.len <= env->pos);
    must(env->pos <= last);

    must(pair->value.len == 0
         || memchr(pair->value.data, '\0', pair->value.len) == NULL);

    again(pair);
}


static void
again(const convrelay_pair_t *pair)
{
    u_char              *out, *p;
    convrelay_pair_t     got;
    convrelay_dotenv_t   env;

    out = malloc(pair->name.len + 2 * pair->value.len + 3);
    must(out);

    memcpy(out, pair->name.data, pair->name.len);
    p = out + pair->name.len;

    *p++ = '=';
    p = quote(p, &pair->value);

    convrelay_dotenv_init(&env, out, p - out);

    must(convrelay_dotenv_next(&env, &got) == CONVRELAY_OK);
    must(got.name.len == pair->name.len);
    must(memcmp(got.name.data, pair->name.data, got.name.len) == 0);
    must(got.value.len == pair->value.len);
    must(memcmp(got.value.data, pair->value.data, got.value.len) == 0);
    must(convrelay_dotenv_next(&env, &got) == CONVRELAY_DONE);

    free(out);
}


static u_char *
quote(u_char *p, const convrelay_str_t *s)
{
    size_t  i;

    *p++ = '"';

    for (i = 0; i < s->len; i++) {

        switch (s->data[i]) {

        case '\\':
        case '"':
            *p++ = '\\';
            *p++ = s->data[i];
            break;

        case '\r':
            *p++ = '\\';
            *p++ = 'r';
            break;

        default:
            *p++ = s->data[i];
        }
    }

    *p++ = '"';

    return p;
}
