
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_url.h"


static u_char *convrelay_url_until(u_char *p, u_char *last,
    const char *delimiters);
static void convrelay_url_authority(convrelay_url_t *u, u_char *p,
    u_char *last);
static void convrelay_url_part(convrelay_str_t *part, u_char *p, u_char *last);
static int convrelay_url_origin_port(const convrelay_url_t *u,
    const convrelay_str_t *scheme);
static int convrelay_url_equal(const convrelay_str_t *a,
    const convrelay_str_t *b);


int
convrelay_url_split(convrelay_url_t *u, const convrelay_str_t *url)
{
    size_t   i;
    u_char  *p, *last, *end;

    memset(u, 0, sizeof(convrelay_url_t));

    for (i = 0; i < url->len; i++) {

        if (convrelay_is_alpha(url->data[i])) {
            continue;
        }

        if (i == 0
            || (!convrelay_is_digit(url->data[i]) && url->data[i] != '+'
                && url->data[i] != '-' && url->data[i] != '.'))
        {
            break;
        }
    }

    if (i == 0 || url->len - i < 3 || memcmp(url->data + i, "://", 3) != 0) {
        return CONVRELAY_DECLINED;
    }

    p = url->data + i + 3;
    last = url->data + url->len;

    convrelay_url_part(&u->scheme, url->data, url->data + i);

    end = convrelay_url_until(p, last, "/?#");
    convrelay_url_authority(u, p, end);

    p = convrelay_url_until(end, last, "?#");
    convrelay_url_part(&u->path, end, p);

    end = convrelay_url_until(p, last, "#");
    convrelay_url_part(&u->query, p, end);
    convrelay_url_part(&u->fragment, end, last);

    return CONVRELAY_OK;
}


void
convrelay_url_split_authority(convrelay_url_t *u,
    const convrelay_str_t *authority)
{
    memset(u, 0, sizeof(convrelay_url_t));

    if (authority->len) {
        convrelay_url_authority(u, authority->data,
                                authority->data + authority->len);
    }
}


/* the first of the delimiters, or last */

static u_char *
convrelay_url_until(u_char *p, u_char *last, const char *delimiters)
{
    while (p < last && (*p == '\0' || strchr(delimiters, *p) == NULL)) {
        p++;
    }

    return p;
}


static void
convrelay_url_authority(convrelay_url_t *u, u_char *p, u_char *last)
{
    u_char  *end;

    for (end = last; end > p && end[-1] != '@'; end--) { /* void */ }

    convrelay_url_part(&u->user, p, end);

    p = end;

    if (p < last && *p == '[') {
        end = convrelay_url_until(p, last, "]");

        if (end < last) {
            end++;
        }

    } else {
        end = convrelay_url_until(p, last, ":");
    }

    convrelay_url_part(&u->host, p, end);
    convrelay_url_part(&u->port, end, last);
}


static void
convrelay_url_part(convrelay_str_t *part, u_char *p, u_char *last)
{
    part->data = p;
    part->len = last - p;
}


int
convrelay_url_port(const convrelay_url_t *u)
{
    int     port;
    size_t  i;

    if (u->port.len == 0) {
        return 0;
    }

    if (u->port.data[0] != ':') {
        return -1;
    }

    port = 0;

    for (i = 1; i < u->port.len; i++) {

        if (!convrelay_is_digit(u->port.data[i])) {
            return -1;
        }

        port = port * 10 + (u->port.data[i] - '0');

        if (port > 65535) {
            return -1;
        }
    }

    return port ? port : -1;
}


size_t
convrelay_url_clean(const convrelay_str_t *url)
{
    size_t  i;

    for (i = 0; i < url->len; i++) {

        if (url->data[i] <= ' ' || url->data[i] == 0x7f) {
            break;
        }
    }

    return i;
}


int
convrelay_url_check_origin(const convrelay_url_t *u,
    const convrelay_str_t *origin)
{
    int              port;
    convrelay_url_t  o;

    if (convrelay_url_split(&o, origin) != CONVRELAY_OK
        || o.user.len || o.host.len == 0
        || o.path.len || o.query.len || o.fragment.len)
    {
        return CONVRELAY_DECLINED;
    }

    if (!convrelay_str_is_nocase(&o.scheme, "https")
        && !convrelay_str_is_nocase(&o.scheme, "http"))
    {
        return CONVRELAY_DECLINED;
    }

    if (u->scheme.len && !convrelay_url_equal(&u->scheme, &o.scheme)) {
        return CONVRELAY_DECLINED;
    }

    /* a URL may have a colon without a port, an origin may not */

    if (o.port.len == 1) {
        return CONVRELAY_DECLINED;
    }

    port = convrelay_url_origin_port(&o, &o.scheme);

    if (port == -1 || port != convrelay_url_origin_port(u, &o.scheme)) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_url_equal(&u->host, &o.host) ? CONVRELAY_OK
                                                  : CONVRELAY_DECLINED;
}


/* the port, or the scheme's default if there is none; -1: not a port */

static int
convrelay_url_origin_port(const convrelay_url_t *u,
    const convrelay_str_t *scheme)
{
    if (u->port.len > 1) {
        return convrelay_url_port(u);
    }

    if (u->port.len == 1 && u->port.data[0] != ':') {
        return -1;
    }

    return convrelay_str_is_nocase(scheme, "https") ? 443 : 80;
}


static int
convrelay_url_equal(const convrelay_str_t *a, const convrelay_str_t *b)
{
    size_t  i;

    if (a->len != b->len) {
        return 0;
    }

    for (i = 0; i < a->len; i++) {

        if (convrelay_lower(a->data[i]) != convrelay_lower(b->data[i])) {
            return 0;
        }
    }

    return 1;
}
