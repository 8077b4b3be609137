
/*
 * Copyright (C) convrelay contributors
 *
 * A string to sign is a URL, then the names and values of the pairs.  The URL
 * is cut into base, port, path and query once; a candidate is a number whose
 * digits choose the variants of port and path.
 */


#include <stdlib.h>

#include "convrelay_signature.h"
#include "convrelay_url.h"


#define CONVRELAY_SIGNATURE_TOKEN_LEN  32       /* hex digits */

#define CONVRELAY_SIGNATURE_PORTS    3
#define CONVRELAY_SIGNATURE_LONGEST  (sizeof(":443/") - 1)


static void convrelay_signature_split(convrelay_signature_t *s,
    const convrelay_str_t *url);
static size_t convrelay_signature_unique(convrelay_pair_t *pairs, size_t n);
static int convrelay_signature_cmp_pairs(const void *one, const void *two);
static int convrelay_signature_cmp(const convrelay_str_t *a,
    const convrelay_str_t *b);

static int convrelay_signature_set_port(const convrelay_signature_t *s,
    unsigned variant, convrelay_str_t *port);
static int convrelay_signature_set_path(const convrelay_signature_t *s,
    unsigned variant, convrelay_str_t *path);
static int convrelay_signature_is_hex(const convrelay_str_t *str);
static int convrelay_signature_scheme(const convrelay_signature_t *s,
    const char *scheme, size_t len);


#define convrelay_signature_is(s, scheme)                                    \
    convrelay_signature_scheme(s, scheme "://", sizeof(scheme "://") - 1)


void
convrelay_signature_init(convrelay_signature_t *s, const convrelay_str_t *url,
    convrelay_pair_t *pairs, size_t npairs)
{
    size_t  i;

    memset(s, 0, sizeof(convrelay_signature_t));

    convrelay_signature_split(s, url);

    s->pairs = pairs;
    s->npairs = convrelay_signature_unique(pairs, npairs);

    s->size = s->base.len + s->port.len + s->path.len + s->query.len
              + CONVRELAY_SIGNATURE_LONGEST;

    for (i = 0; i < s->npairs; i++) {
        s->size += pairs[i].name.len + pairs[i].value.len;
    }
}


size_t
convrelay_signature_size(const convrelay_signature_t *s)
{
    return s->size;
}


int
convrelay_signature_next(convrelay_signature_t *s, u_char *buf,
    convrelay_str_t *input)
{
    size_t           i;
    u_char          *p;
    unsigned         n;
    convrelay_str_t  port, path;

    for ( ;; ) {

        if (s->next == CONVRELAY_SIGNATURE_MAX) {
            return CONVRELAY_DONE;
        }

        n = s->next++;

        if (!convrelay_signature_set_port(s, n % CONVRELAY_SIGNATURE_PORTS,
                                          &port))
        {
            continue;
        }

        if (convrelay_signature_set_path(s, n / CONVRELAY_SIGNATURE_PORTS,
                                         &path))
        {
            break;
        }
    }

    p = convrelay_str_copy(buf, &s->base);
    p = convrelay_str_copy(p, &port);
    p = convrelay_str_copy(p, &path);
    p = convrelay_str_copy(p, &s->query);

    for (i = 0; i < s->npairs; i++) {
        p = convrelay_str_copy(p, &s->pairs[i].name);
        p = convrelay_str_copy(p, &s->pairs[i].value);
    }

    input->data = buf;
    input->len = p - buf;

    return CONVRELAY_OK;
}


int
convrelay_signature_check(const convrelay_str_t *header, const u_char *wanted)
{
    size_t           i;
    volatile u_char  diff;

    if (header->len != CONVRELAY_SIGNATURE_LEN) {
        return CONVRELAY_DECLINED;
    }

    diff = 0;

    for (i = 0; i < CONVRELAY_SIGNATURE_LEN; i++) {
        diff |= header->data[i] ^ wanted[i];
    }

    return diff ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


/* text that is not a URL stays in one piece, and is its own only candidate */

static void
convrelay_signature_split(convrelay_signature_t *s,
    const convrelay_str_t *url)
{
    u_char           *p;
    convrelay_url_t   u;

    if (convrelay_url_split(&u, url) == CONVRELAY_OK) {
        s->base.data = url->data;
        s->base.len = u.port.data - url->data;
        s->port = u.port;
        s->path = u.path;
        s->query = u.query;

        return;
    }

    s->base = *url;

    p = url->len ? memchr(url->data, '#', url->len) : NULL;

    if (p) {
        s->base.len = p - url->data;
    }
}


static size_t
convrelay_signature_unique(convrelay_pair_t *pairs, size_t n)
{
    size_t  i, kept;

    if (n == 0) {
        return 0;
    }

    qsort(pairs, n, sizeof(convrelay_pair_t), convrelay_signature_cmp_pairs);

    kept = 1;

    for (i = 1; i < n; i++) {

        if (convrelay_signature_cmp_pairs(&pairs[kept - 1], &pairs[i]) != 0) {
            pairs[kept++] = pairs[i];
        }
    }

    return kept;
}


static int
convrelay_signature_cmp_pairs(const void *one, const void *two)
{
    int                      rc;
    const convrelay_pair_t  *a = one;
    const convrelay_pair_t  *b = two;

    rc = convrelay_signature_cmp(&a->name, &b->name);

    if (rc != 0) {
        return rc;
    }

    return convrelay_signature_cmp(&a->value, &b->value);
}


static int
convrelay_signature_cmp(const convrelay_str_t *a, const convrelay_str_t *b)
{
    int     rc;
    size_t  len;

    len = (a->len < b->len) ? a->len : b->len;

    if (len) {
        rc = memcmp(a->data, b->data, len);

        if (rc != 0) {
            return rc;
        }
    }

    return (a->len > b->len) - (a->len < b->len);
}


static int
convrelay_signature_set_port(const convrelay_signature_t *s, unsigned variant,
    convrelay_str_t *port)
{
    *port = s->port;

    if (variant == 0) {
        return 1;
    }

    if (s->port.len) {
        port->len = 0;
        return (variant == 1);
    }

    if (variant == 1) {

        if (convrelay_signature_is(s, "https")
            || convrelay_signature_is(s, "wss"))
        {
            convrelay_str_set(port, ":443");
            return 1;
        }

        return 0;
    }

    if (convrelay_signature_is(s, "wss")
        || convrelay_signature_is(s, "http")
        || convrelay_signature_is(s, "ws"))
    {
        convrelay_str_set(port, ":80");
        return 1;
    }

    return 0;
}


static int
convrelay_signature_set_path(const convrelay_signature_t *s, unsigned variant,
    convrelay_str_t *path)
{
    *path = s->path;

    if (variant == 0) {
        return 1;
    }

    /* only a URL that was split has a path, empty or not */

    if (s->path.data == NULL) {
        return 0;
    }

    if (s->path.len == 0) {
        convrelay_str_set(path, "/");
        return 1;
    }

    path->len = 0;

    return (s->path.len == 1);
}


convrelay_token_e
convrelay_signature_token(const convrelay_str_t *token)
{
    size_t           i;
    convrelay_str_t  hex;

    static const char  *words[] = {
        "on", "off", "true", "false", "yes", "no", "enabled", "disabled",
        "1", "0"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (convrelay_str_is_nocase(token, words[i])) {
            return CONVRELAY_TOKEN_SWITCH;
        }
    }

    if (convrelay_signature_is_hex(token)) {
        return CONVRELAY_TOKEN_OK;
    }

    if (token->len > 2) {
        hex.len = token->len - 2;
        hex.data = token->data + 2;

        if (convrelay_signature_is_hex(&hex)) {

            if (convrelay_str_starts(token, "AC")) {
                return CONVRELAY_TOKEN_ACCOUNT;
            }

            if (convrelay_str_starts(token, "SK")) {
                return CONVRELAY_TOKEN_KEY;
            }
        }
    }

    return CONVRELAY_TOKEN_ODD;
}


static int
convrelay_signature_is_hex(const convrelay_str_t *str)
{
    size_t  i;
    u_char  ch;

    if (str->len != CONVRELAY_SIGNATURE_TOKEN_LEN) {
        return 0;
    }

    for (i = 0; i < str->len; i++) {
        ch = str->data[i] | 0x20;

        if ((ch < 'a' || ch > 'f') && !convrelay_is_digit(str->data[i])) {
            return 0;
        }
    }

    return 1;
}


static int
convrelay_signature_scheme(const convrelay_signature_t *s, const char *scheme,
    size_t len)
{
    return s->base.len >= len && memcmp(s->base.data, scheme, len) == 0;
}
