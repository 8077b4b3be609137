
/*
 * Copyright (C) convrelay contributors
 *
 * The parts of a URL, put together again, are the URL.  What follows an LF
 * is an Origin header for it.
 */


#include <stdlib.h>

#include "convrelay_twiml.h"
#include "convrelay_url.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void parts(const convrelay_str_t *url, const convrelay_url_t *u);
static void origin(const convrelay_url_t *u, const convrelay_str_t *value);
static int has(const convrelay_str_t *str, const char *bytes);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int              port;
    const char      *error;
    const u_char    *p;
    convrelay_str_t  url, value;
    convrelay_url_t  u;

    p = size ? memchr(data, '\n', size) : NULL;

    if (p) {
        p++;
        value.len = data + size - p;
        value.data = malloc(value.len);
        must(value.data || value.len == 0);

        if (value.len) {
            memcpy(value.data, p, value.len);
        }

        size = p - 1 - data;
    }

    url.len = size;
    url.data = malloc(size);
    must(url.data || size == 0);

    if (size) {
        memcpy(url.data, data, size);
    }

    if (convrelay_url_split(&u, &url) == CONVRELAY_OK) {
        parts(&url, &u);

        port = convrelay_url_port(&u);
        must(port >= -1 && port <= 65535);
        must((port == 0) == (u.port.len == 0));

    } else {
        must(!convrelay_str_starts_nocase(&url, "wss://"));
    }

    must(convrelay_url_clean(&url) <= url.len);

    /* what Twilio would be given has a host, and nothing odd in it */

    if (convrelay_twiml_check_url(&url, &error) == CONVRELAY_OK) {
        must(convrelay_str_eq(&u.scheme, "wss") && u.host.len);
        must(u.user.len == 0 && u.fragment.len == 0);
        must(convrelay_url_port(&u) >= 0);
        must(convrelay_url_clean(&url) == url.len);

    } else {
        must(error && error[0]);
    }

    if (p) {

        if (convrelay_url_split(&u, &url) != CONVRELAY_OK) {
            convrelay_url_split_authority(&u, &url);
        }

        origin(&u, &value);
        free(value.data);
    }

    free(url.data);

    return 0;
}


/* what is let in is the host with a port, after "http://" or "https://" */

static void
origin(const convrelay_url_t *u, const convrelay_str_t *value)
{
    int              rc;
    size_t           i, skip;
    convrelay_str_t  copy;
    convrelay_url_t  o;

    rc = convrelay_url_check_origin(u, value);

    must(rc == CONVRELAY_OK || rc == CONVRELAY_DECLINED);

    if (rc != CONVRELAY_OK) {
        return;
    }

    skip = convrelay_str_starts_nocase(value, "https://") ? 8 : 7;

    must(skip == 8 || convrelay_str_starts_nocase(value, "http://"));
    must(u->host.len && value->len >= skip + u->host.len);
    must(!has(value, "?#@") && convrelay_url_split(&o, value) == CONVRELAY_OK);

    for (i = 0; i < u->host.len; i++) {
        must(convrelay_lower(value->data[skip + i])
             == convrelay_lower(u->host.data[i]));
    }

    i = skip + u->host.len;
    must(i == value->len || value->data[i] == ':');

    for (i++; i < value->len; i++) {
        must(convrelay_is_digit(value->data[i]));
    }

    /* an origin is its own */

    must(convrelay_url_check_origin(&o, value) == CONVRELAY_OK);

    /* and never that of its host with a byte more */

    copy.len = u->host.len + 1;
    copy.data = malloc(copy.len);
    must(copy.data);

    memcpy(copy.data, u->host.data, u->host.len);
    copy.data[u->host.len] = 'x';

    o = *u;
    o.host = copy;
    must(convrelay_url_check_origin(&o, value) == CONVRELAY_DECLINED);

    free(copy.data);
}


static void
parts(const convrelay_str_t *url, const convrelay_url_t *u)
{
    u_char  *p;

    p = url->data;

    must(u->scheme.data == p && u->scheme.len);
    p += u->scheme.len + 3;

    must(u->user.data == p);
    p += u->user.len;
    must(u->host.data == p);
    p += u->host.len;
    must(u->port.data == p);
    p += u->port.len;
    must(u->path.data == p);
    p += u->path.len;
    must(u->query.data == p);
    p += u->query.len;
    must(u->fragment.data == p);
    p += u->fragment.len;

    must(p == url->data + url->len);

    must(!has(&u->scheme, ":/?#@") && !has(&u->user, "/?#"));
    must(!has(&u->host, "/?#@") && !has(&u->port, "/?#@"));
    must(!has(&u->path, "?#") && !has(&u->query, "#"));

    must(u->user.len == 0 || u->user.data[u->user.len - 1] == '@');
    must(u->path.len == 0 || u->path.data[0] == '/');
    must(u->query.len == 0 || u->query.data[0] == '?');
    must(u->fragment.len == 0 || u->fragment.data[0] == '#');
}


static int
has(const convrelay_str_t *str, const char *bytes)
{
    size_t  i;

    for (i = 0; i < str->len; i++) {

        if (str->data[i] && strchr(bytes, str->data[i])) {
            return 1;
        }
    }

    return 0;
}
