
/*
 * Copyright (C) convrelay contributors
 *
 * A relay URL is mostly put together from variables.  What goes wrong there
 * is always the same, and each case gets a phrase that says what to write.
 */


#include <strings.h>

#include "convrelay_twiml.h"


typedef struct {
    convrelay_str_t   scheme;
    const char       *outside;    /* the URL starts with it */
    const char       *inside;     /* it follows "wss://" */
} convrelay_twiml_scheme_t;


static const char *convrelay_twiml_url_scheme(const convrelay_str_t *url);
static const char *convrelay_twiml_url_inside(const u_char *p,
    const u_char *last);
static const char *convrelay_twiml_url_bytes(const convrelay_str_t *url);
static const char *convrelay_twiml_url_authority(const u_char *p,
    const u_char *last);
static const char *convrelay_twiml_url_host(const u_char *p,
    const u_char *last);
static const char *convrelay_twiml_url_literal(const u_char *p,
    const u_char *last);
static const char *convrelay_twiml_url_port(const u_char *p,
    const u_char *last);
static int convrelay_twiml_url_starts(const u_char *p, const u_char *last,
    const convrelay_str_t *prefix);


#define CONVRELAY_TWIML_WSS  "wss://"


static const convrelay_twiml_scheme_t  convrelay_twiml_schemes[] = {

    { convrelay_string("https://"),
      "starts with \"https://\", write \"wss://\" instead",
      "has a scheme inside the host, drop the \"https://\"" },

    { convrelay_string("http://"),
      "starts with \"http://\", write \"wss://\" instead",
      "has a scheme inside the host, drop the \"http://\"" },

    { convrelay_string("wss://"),
      "has its scheme in upper case, write \"wss://\"",
      "has the scheme twice, drop one \"wss://\"" },

    { convrelay_string("ws://"),
      "starts with \"ws://\", write \"wss://\": Twilio connects with TLS only",
      "has a scheme inside the host, drop the \"ws://\"" },

    { convrelay_null_string, NULL, NULL }
};


int
convrelay_twiml_check_url(const convrelay_str_t *url, const char **error)
{
    const u_char  *p, *last, *end;

    *error = convrelay_twiml_url_scheme(url);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    p = url->data + sizeof(CONVRELAY_TWIML_WSS) - 1;
    last = url->data + url->len;

    *error = convrelay_twiml_url_inside(p, last);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    *error = convrelay_twiml_url_bytes(url);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    for (end = p; end < last; end++) {

        if (*end == '/' || *end == '?') {
            break;
        }
    }

    *error = convrelay_twiml_url_authority(p, end);

    return *error ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


static const char *
convrelay_twiml_url_scheme(const convrelay_str_t *url)
{
    size_t                           n;
    const u_char                    *last;
    const convrelay_twiml_scheme_t  *known;

    if (url->len == 0) {
        return "is empty, write \"wss://\", the host and the path";
    }

    n = sizeof(CONVRELAY_TWIML_WSS) - 1;

    if (url->len >= n && memcmp(url->data, CONVRELAY_TWIML_WSS, n) == 0) {
        return NULL;
    }

    last = url->data + url->len;

    for (known = convrelay_twiml_schemes; known->scheme.len; known++) {

        if (convrelay_twiml_url_starts(url->data, last, &known->scheme)) {
            return known->outside;
        }
    }

    return "does not start with \"wss://\", put it in front of the host";
}


static const char *
convrelay_twiml_url_inside(const u_char *p, const u_char *last)
{
    const convrelay_twiml_scheme_t  *known;

    for (known = convrelay_twiml_schemes; known->scheme.len; known++) {

        if (convrelay_twiml_url_starts(p, last, &known->scheme)) {
            return known->inside;
        }
    }

    return NULL;
}


static const char *
convrelay_twiml_url_bytes(const convrelay_str_t *url)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < url->len; i++) {
        ch = url->data[i];

        if (ch == ' ' || (ch >= '\t' && ch <= '\r')) {
            return "has white space in it, remove it or write \"%20\"";
        }

        if (ch < 0x20 || ch == 0x7f) {
            return "has a control character in it, remove it";
        }

        if (ch == '#') {
            return "has a fragment, drop the \"#\" and what follows it";
        }
    }

    return NULL;
}


static const char *
convrelay_twiml_url_authority(const u_char *p, const u_char *last)
{
    const char    *error;
    const u_char  *end;

    if (p == last) {
        return "has no host, put one after \"wss://\""
               " (a variable there may be empty)";
    }

    if (memchr(p, '@', last - p)) {
        return "has user information in it, drop the \"@\""
               " and what is before it";
    }

    if (*p == '[') {
        end = memchr(p, ']', last - p);
        if (end == NULL) {
            return "has an IPv6 address without the closing \"]\"";
        }

        error = convrelay_twiml_url_literal(p + 1, end);
        end++;

    } else {
        end = memchr(p, ':', last - p);
        if (end == NULL) {
            end = last;
        }

        error = convrelay_twiml_url_host(p, end);
    }

    if (error) {
        return error;
    }

    return convrelay_twiml_url_port(end, last);
}


static const char *
convrelay_twiml_url_host(const u_char *p, const u_char *last)
{
    u_char  ch, prev;

    if (p == last) {
        return "has no host before the \":\", put one after \"wss://\""
               " (a variable there may be empty)";
    }

    for (prev = '.'; p < last; p++) {
        ch = *p;

        if (ch == '.') {

            if (prev == '.') {
                return "has an empty part in the host, remove the \".\""
                       " (a variable there may be empty)";
            }

        } else if (ch != '-' && ch != '_' && (ch < '0' || ch > '9')
                   && ((ch | 0x20) < 'a' || (ch | 0x20) > 'z'))
        {
            return "has a character in the host that host names do not have,"
                   " write letters, digits, \"-\" and \".\"";
        }

        prev = ch;
    }

    return NULL;
}


static const char *
convrelay_twiml_url_literal(const u_char *p, const u_char *last)
{
    u_char  ch;

    if (p == last) {
        return "has no address inside \"[]\"";
    }

    for ( /* void */ ; p < last; p++) {
        ch = *p;

        if (ch == ':' || ch == '.' || (ch >= '0' && ch <= '9')) {
            continue;
        }

        ch |= 0x20;

        if (ch < 'a' || ch > 'f') {
            return "has a bad IPv6 address";
        }
    }

    return NULL;
}


static const char *
convrelay_twiml_url_port(const u_char *p, const u_char *last)
{
    unsigned  port;

    static const char  error[] =
        "has a bad port, write \":\" and a number from 1 to 65535, or none";

    if (p == last) {
        return NULL;
    }

    if (*p++ != ':') {
        return error;
    }

    for (port = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return error;
        }

        port = port * 10 + (*p - '0');

        if (port > 65535) {
            return error;
        }
    }

    return port ? NULL : error;
}


static int
convrelay_twiml_url_starts(const u_char *p, const u_char *last,
    const convrelay_str_t *prefix)
{
    return (size_t) (last - p) >= prefix->len
           && strncasecmp((const char *) p, (const char *) prefix->data,
                          prefix->len) == 0;
}


size_t
convrelay_twiml_argument(const convrelay_str_t *url, u_char *separator)
{
    size_t  i;

    *separator = '?';

    for (i = 0; i < url->len && url->data[i] != '#'; i++) {

        if (url->data[i] == '?') {
            *separator = '&';
        }
    }

    if (i && (url->data[i - 1] == '?' || url->data[i - 1] == '&')
        && *separator == '&')
    {
        *separator = '\0';
    }

    return i;
}
