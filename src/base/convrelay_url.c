
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_url.h"


static u_char *convrelay_url_until(u_char *p, u_char *last,
    const char *delimiters);
static void convrelay_url_authority(convrelay_url_t *u, u_char *p,
    u_char *last);
static void convrelay_url_part(convrelay_str_t *part, u_char *p, u_char *last);


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
