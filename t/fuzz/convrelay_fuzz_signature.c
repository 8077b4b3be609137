
/*
 * Copyright (C) convrelay contributors
 *
 * A URL, LF, and a form.
 */


#include <stdlib.h>

#include "convrelay_form.h"
#include "convrelay_signature.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static convrelay_pair_t *form(u_char *data, size_t size, size_t *n);
static void strings(const convrelay_str_t *url, convrelay_pair_t *pairs,
    size_t n);
static void check(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char            *url, *body;
    size_t             len, n;
    const u_char      *p, *last;
    convrelay_str_t    str;
    convrelay_pair_t  *pairs;

    p = data;
    last = data + size;

    while (p < last && *p != '\n') {
        p++;
    }

    str.len = p - data;
    url = malloc(str.len);
    must(str.len == 0 || url);

    if (str.len) {
        memcpy(url, data, str.len);
    }

    str.data = url;

    p += (p < last);
    len = last - p;

    body = malloc(len);
    must(len == 0 || body);

    if (len) {
        memcpy(body, p, len);
    }

    pairs = form(body, len, &n);

    strings(&str, pairs, n);
    check(p, len);

    free(pairs);
    free(body);
    free(url);

    return 0;
}


static convrelay_pair_t *
form(u_char *data, size_t size, size_t *n)
{
    size_t             i;
    u_char            *pos, *last, *end;
    convrelay_pair_t  *pairs;

    *n = convrelay_form_count(data, size);

    pairs = malloc(*n * sizeof(convrelay_pair_t));
    must(*n == 0 || pairs);

    pos = data;
    last = data + size;
    end = data;

    for (i = 0; i < *n; i++) {
        must(convrelay_form_next(&pos, last, &pairs[i]) == CONVRELAY_OK);

        must(pairs[i].name.data >= end);
        must(pairs[i].value.data >= pairs[i].name.data + pairs[i].name.len);

        end = pairs[i].value.data + pairs[i].value.len;
        must(end <= last);
    }

    must(convrelay_form_next(&pos, last, &(convrelay_pair_t) {
             convrelay_null_string, convrelay_null_string })
         == CONVRELAY_DONE);

    return pairs;
}


static void
strings(const convrelay_str_t *url, convrelay_pair_t *pairs, size_t n)
{
    u_char                 *buf;
    size_t                  i, plain, rest, size, tries;
    convrelay_str_t         input;
    convrelay_signature_t   s;

    convrelay_signature_init(&s, url, pairs, n);
    must(s.npairs <= n);

    rest = 0;

    for (i = 0; i < s.npairs; i++) {
        rest += pairs[i].name.len + pairs[i].value.len;
    }

    for (i = 1; i < s.npairs; i++) {
        must(pairs[i].name.len != pairs[i - 1].name.len
             || pairs[i].value.len != pairs[i - 1].value.len
             || memcmp(pairs[i].name.data, pairs[i - 1].name.data,
                       pairs[i].name.len) != 0
             || memcmp(pairs[i].value.data, pairs[i - 1].value.data,
                       pairs[i].value.len) != 0);
    }

    for (plain = 0; plain < url->len && url->data[plain] != '#'; plain++) {
        /* void */
    }

    size = convrelay_signature_size(&s);

    for (tries = 0; ; tries++) {
        buf = malloc(size);
        must(buf);

        if (convrelay_signature_next(&s, buf, &input) != CONVRELAY_OK) {
            free(buf);
            break;
        }

        must(input.data == buf && input.len <= size);

        if (tries == 0) {
            must(input.len >= plain);
            must(plain == 0 || memcmp(buf, url->data, plain) == 0);
            must(input.len == plain + rest);
        }

        free(buf);
    }

    must(tries >= 1 && tries <= CONVRELAY_SIGNATURE_MAX);
}


static void
check(const u_char *data, size_t size)
{
    int              equal;
    u_char           header[64];
    convrelay_str_t  str;

    static const u_char  wanted[] = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    str.len = size < sizeof(header) ? size : sizeof(header);
    str.data = header;

    if (str.len) {
        memcpy(header, data, str.len);
    }

    equal = (str.len == CONVRELAY_SIGNATURE_LEN
             && memcmp(header, wanted, CONVRELAY_SIGNATURE_LEN) == 0);

    must((convrelay_signature_check(&str, wanted) == CONVRELAY_OK) == equal);
}
