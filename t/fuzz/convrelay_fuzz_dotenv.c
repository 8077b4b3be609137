
/*
 * Copyright (C) convrelay contributors
 *
 * The input is an env file; a first byte that is odd ends the reading at its
 * first error.  Names that are expanded have what an earlier line gave them,
 * or nothing.  What is read, written down in double quotes and read again,
 * and in single quotes where it can be, has to be the same.
 */


#include <stdlib.h>

#include "convrelay_dotenv.h"
#include "convrelay_secret.h"


#define must(x)  if (!(x)) abort()

#define MAX_NAMES  8


typedef struct {
    convrelay_pair_t      pairs[MAX_NAMES];
    size_t                n;
    size_t                asked;
} names_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void entry(const convrelay_dotenv_t *env,
    const convrelay_dotenv_entry_t *e, names_t *names, const u_char *first,
    const u_char *last);
static int lookup(void *data, const convrelay_str_t *name,
    convrelay_str_t *value);
static int nothing(void *data, const convrelay_str_t *name,
    convrelay_str_t *value);
static void keep(names_t *names, const convrelay_str_t *name, u_char *data,
    size_t len);
static void looks(const convrelay_str_t *value);
static void again(const convrelay_str_t *name, const convrelay_str_t *value,
    u_char quote);
static u_char *quoted(u_char *p, const convrelay_str_t *s, u_char quote);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                        rc;
    size_t                     i;
    u_char                    *copy;
    names_t                    names;
    unsigned                   line, strict;
    convrelay_dotenv_t         env;
    convrelay_dotenv_entry_t   e;

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
    names.n = 0;
    convrelay_dotenv_init(&env, copy, size);

    for ( ;; ) {
        rc = convrelay_dotenv_next(&env, &e);

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
        entry(&env, &e, &names, copy, copy + size);
    }

    must(size == 0 || memcmp(copy, data, size) == 0);

    for (i = 0; i < names.n; i++) {
        free(names.pairs[i].value.data);
    }

    free(copy);

    return 0;
}


static void
entry(const convrelay_dotenv_t *env, const convrelay_dotenv_entry_t *e,
    names_t *names, const u_char *first, const u_char *last)
{
    size_t           len;
    u_char          *out;
    convrelay_str_t  value;

    must(e->name.len > 0);
    must(e->name.data >= first);
    must(e->name.data + e->name.len <= e->value.data);
    must(e->value.data + e->value.len <= env->pos);
    must(env->pos <= last);

    must(!e->alone || (e->value.len == 0 && e->quote == '\0'));

    must(e->value.len == 0
         || memchr(e->value.data, '\0', e->value.len) == NULL);

    names->asked = 0;
    len = convrelay_dotenv_value(e, lookup, names, NULL);

    must(names->asked || e->value.len > CONVRELAY_DOTENV_MAX_VALUE
         || len <= e->value.len);
    must(names->asked == 0 || e->quote != '\'');

    if (len > CONVRELAY_DOTENV_MAX_VALUE) {
        return;
    }

    out = malloc(len ? len : 1);
    must(out);
    must(convrelay_dotenv_value(e, lookup, names, out) == len);

    value.data = out;
    value.len = len;
    convrelay_dotenv_trim(e, &value);

    must(value.data >= out && value.data + value.len <= out + len);
    must(value.len == 0 || (value.data[0] != '\n' && value.data[0] != '\r'));

    looks(&value);
    again(&e->name, &value, '"');
    again(&e->name, &value, '\'');

    if (e->alone) {
        free(out);
        return;
    }

    memmove(out, value.data, value.len);
    keep(names, &e->name, out, value.len);
}


static int
lookup(void *data, const convrelay_str_t *name, convrelay_str_t *value)
{
    names_t  *names = data;

    size_t  i;

    names->asked++;

    must(name->len > 0);

    for (i = 0; i < names->n; i++) {
        if (convrelay_str_equal(&names->pairs[i].name, name)) {
            *value = names->pairs[i].value;
            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_DECLINED;
}


static int
nothing(void *data, const convrelay_str_t *name, convrelay_str_t *value)
{
    abort();
}


static void
keep(names_t *names, const convrelay_str_t *name, u_char *data, size_t len)
{
    convrelay_pair_t  *pair;

    if (names->n == MAX_NAMES) {
        free(data);
        return;
    }

    pair = &names->pairs[names->n++];

    pair->name = *name;
    pair->value.data = data;
    pair->value.len = len;
}


static void
looks(const convrelay_str_t *value)
{
    int  control;

    control = convrelay_secret_control(value);

    must(control == -1 || memchr(value->data, control, value->len));
    must(!convrelay_secret_is_quoted(value) || value->len >= 2);
    must(!convrelay_secret_is_placeholder(value) || value->len >= 2);
    must(!convrelay_secret_is_name(value) || value->len >= 4);
}


static void
again(const convrelay_str_t *name, const convrelay_str_t *value, u_char quote)
{
    size_t                     len;
    u_char                    *out, *got, *p;
    convrelay_dotenv_t         env;
    convrelay_dotenv_entry_t   e;

    /* single quotes cannot hold CRLF: it is a line end in them, which is LF */

    if (quote == '\'' && value->len
        && memchr(value->data, '\r', value->len) != NULL)
    {
        return;
    }

    out = malloc(name->len + 2 * value->len + 3);
    must(out);

    memcpy(out, name->data, name->len);
    p = out + name->len;

    *p++ = '=';
    p = quoted(p, value, quote);

    convrelay_dotenv_init(&env, out, p - out);

    must(convrelay_dotenv_next(&env, &e) == CONVRELAY_OK);
    must(convrelay_str_equal(&e.name, name));
    must(e.quote == quote);

    len = convrelay_dotenv_value(&e, nothing, NULL, NULL);
    must(len == value->len);

    got = malloc(len ? len : 1);
    must(got);
    (void) convrelay_dotenv_value(&e, nothing, NULL, got);
    must(len == 0 || memcmp(got, value->data, len) == 0);

    must(convrelay_dotenv_next(&env, &e) == CONVRELAY_DONE);

    free(got);
    free(out);
}


static u_char *
quoted(u_char *p, const convrelay_str_t *s, u_char quote)
{
    size_t  i;
    u_char  ch;

    *p++ = quote;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if (ch == '\\' || ch == quote) {
            *p++ = '\\';

        } else if (quote == '"' && (ch == '$' || ch == '\r')) {
            *p++ = '\\';

            if (ch == '\r') {
                ch = 'r';
            }
        }

        *p++ = ch;
    }

    *p++ = quote;

    return p;
}
