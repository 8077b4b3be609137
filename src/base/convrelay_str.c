
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_base.h"


static int convrelay_str_match(const convrelay_str_t *str, const char *text,
    unsigned nocase, size_t *len);
static int convrelay_pair_is(const convrelay_str_t *name,
    const convrelay_str_t *variable, unsigned loose);


void
convrelay_str_trim(convrelay_str_t *str)
{
    while (str->len && convrelay_is_space(str->data[0])) {
        str->data++;
        str->len--;
    }

    while (str->len && convrelay_is_space(str->data[str->len - 1])) {
        str->len--;
    }
}


u_char *
convrelay_str_copy(u_char *p, const convrelay_str_t *str)
{
    if (str->len) {
        memcpy(p, str->data, str->len);
    }

    return p + str->len;
}


int
convrelay_str_equal(const convrelay_str_t *a, const convrelay_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


int
convrelay_str_is(const convrelay_str_t *str, const char *text)
{
    size_t  len;

    return convrelay_str_match(str, text, 0, &len) && len == str->len;
}


int
convrelay_str_is_nocase(const convrelay_str_t *str, const char *text)
{
    size_t  len;

    return convrelay_str_match(str, text, 1, &len) && len == str->len;
}


int
convrelay_str_starts(const convrelay_str_t *str, const char *prefix)
{
    size_t  len;

    return convrelay_str_match(str, prefix, 0, &len);
}


int
convrelay_str_starts_nocase(const convrelay_str_t *str, const char *prefix)
{
    size_t  len;

    return convrelay_str_match(str, prefix, 1, &len);
}


/* whether str starts with text; if so, *len becomes the length of text */

static int
convrelay_str_match(const convrelay_str_t *str, const char *text,
    unsigned nocase, size_t *len)
{
    u_char  ch;
    size_t  i;

    for (i = 0; text[i]; i++) {
        ch = (u_char) text[i];

        if (i == str->len) {
            return 0;
        }

        if (str->data[i] != ch
            && !(nocase && convrelay_lower(str->data[i])
                           == convrelay_lower(ch)))
        {
            return 0;
        }
    }

    *len = i;

    return 1;
}


size_t
convrelay_str_distance(const convrelay_str_t *a, const convrelay_str_t *b)
{
    size_t  row[CONVRELAY_STR_MAX_DISTANCE + 1], i, j, n, above;

    if (b->len > CONVRELAY_STR_MAX_DISTANCE) {
        return (a->len > b->len) ? a->len : b->len;
    }

    for (j = 0; j <= b->len; j++) {
        row[j] = j;
    }

    for (i = 1; i <= a->len; i++) {
        above = row[0];
        row[0] = i;

        for (j = 1; j <= b->len; j++) {
            n = above + (convrelay_lower(a->data[i - 1])
                         != convrelay_lower(b->data[j - 1]));
            above = row[j];

            if (n > row[j] + 1) {
                n = row[j] + 1;
            }

            if (n > row[j - 1] + 1) {
                n = row[j - 1] + 1;
            }

            row[j] = n;
        }
    }

    return row[b->len];
}


const convrelay_str_t *
convrelay_pair_find(const convrelay_pair_t *pair, size_t n,
    const convrelay_str_t *name)
{
    size_t    i;
    unsigned  loose;

    for (loose = 0; loose < 2; loose++) {

        for (i = 0; i < n; i++) {

            if (convrelay_pair_is(&pair[i].name, name, loose)) {
                return &pair[i].value;
            }
        }
    }

    return NULL;
}


static int
convrelay_pair_is(const convrelay_str_t *name, const convrelay_str_t *variable,
    unsigned loose)
{
    size_t  i;
    u_char  a, b;

    if (name->len != variable->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        a = convrelay_lower(name->data[i]);
        b = convrelay_lower(variable->data[i]);

        if (a != b
            && !(loose && b == '_' && (a == '-' || a == '.' || a == ' ')))
        {
            return 0;
        }
    }

    return 1;
}
