
/*
 * Copyright (C) convrelay contributors
 *
 * A relay URL is usually composed of variables.  The mistakes are always the
 * same, and each has a phrase that says what to write.
 */


#include "convrelay_twiml.h"
#include "convrelay_url.h"


typedef struct {
    const char  *scheme;
    const char  *outside;    /* the URL starts with it */
    const char  *inside;     /* it follows "wss://" */
} convrelay_twiml_scheme_t;


static const char *convrelay_twiml_url_scheme(const convrelay_str_t *url);
static const char *convrelay_twiml_url_inside(const convrelay_str_t *rest);
static const char *convrelay_twiml_url_bytes(const convrelay_str_t *url);
static const char *convrelay_twiml_url_authority(const convrelay_url_t *u);
static const char *convrelay_twiml_url_host(const convrelay_str_t *host);
static const char *convrelay_twiml_url_literal(const convrelay_str_t *host);


#define CONVRELAY_TWIML_WSS  "wss://"


static const convrelay_twiml_scheme_t  convrelay_twiml_schemes[] = {

    { "https://",
      "starts with \"https://\", write \"wss://\" instead",
      "has a scheme inside the host, drop the \"https://\"" },

    { "http://",
      "starts with \"http://\", write \"wss://\" instead",
      "has a scheme inside the host, drop the \"http://\"" },

    { "wss://",
      "has its scheme in upper case, write \"wss://\"",
      "has the scheme twice, drop one \"wss://\"" },

    { "ws://",
      "starts with \"ws://\", write \"wss://\": Twilio connects with TLS only",
      "has a scheme inside the host, drop the \"ws://\"" },

    { NULL, NULL, NULL }
};


int
convrelay_twiml_check_url(const convrelay_str_t *url, const char **error)
{
    convrelay_url_t  u;
    convrelay_str_t  rest;

    *error = convrelay_twiml_url_scheme(url);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    rest.data = url->data + sizeof(CONVRELAY_TWIML_WSS) - 1;
    rest.len = url->len - (sizeof(CONVRELAY_TWIML_WSS) - 1);

    *error = convrelay_twiml_url_inside(&rest);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    *error = convrelay_twiml_url_bytes(url);
    if (*error) {
        return CONVRELAY_DECLINED;
    }

    (void) convrelay_url_split(&u, url);

    *error = convrelay_twiml_url_authority(&u);

    return *error ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


static const char *
convrelay_twiml_url_scheme(const convrelay_str_t *url)
{
    const convrelay_twiml_scheme_t  *known;

    if (url->len == 0) {
        return "is empty, write \"wss://\", the host and the path";
    }

    if (convrelay_str_starts(url, CONVRELAY_TWIML_WSS)) {
        return NULL;
    }

    for (known = convrelay_twiml_schemes; known->scheme; known++) {

        if (convrelay_str_starts_nocase(url, known->scheme)) {
            return known->outside;
        }
    }

    return "does not start with \"wss://\", put it in front of the host";
}


static const char *
convrelay_twiml_url_inside(const convrelay_str_t *rest)
{
    const convrelay_twiml_scheme_t  *known;

    for (known = convrelay_twiml_schemes; known->scheme; known++) {

        if (convrelay_str_starts_nocase(rest, known->scheme)) {
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
            return "has a fragment, drop the \"#\" and all after it";
        }
    }

    return NULL;
}


static const char *
convrelay_twiml_url_authority(const convrelay_url_t *u)
{
    const char  *error;

    if (u->user.len) {
        return "has user information in it, drop the \"@\""
               " and what is before it";
    }

    if (u->host.len == 0 && u->port.len == 0) {
        return "has no host, put one after \"wss://\""
               " (a variable there may be empty)";
    }

    error = (u->host.len && u->host.data[0] == '[')
            ? convrelay_twiml_url_literal(&u->host)
            : convrelay_twiml_url_host(&u->host);

    if (error) {
        return error;
    }

    if (u->port.len && convrelay_url_port(u) == -1) {
        return "has a bad port, write \":\" and a number from 1 to 65535, or"
               " none";
    }

    return NULL;
}


static const char *
convrelay_twiml_url_host(const convrelay_str_t *host)
{
    size_t  i;
    u_char  ch, prev;

    if (host->len == 0) {
        return "has no host before the \":\", put one after \"wss://\""
               " (a variable there may be empty)";
    }

    prev = '.';

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if (ch == '.') {

            if (prev == '.') {
                return "has an empty part in the host, remove the \".\""
                       " (a variable there may be empty)";
            }

        } else if (ch != '-' && ch != '_' && !convrelay_is_digit(ch)
                   && !convrelay_is_alpha(ch))
        {
            return "has a character in the host that host names do not have,"
                   " write letters, digits, \"-\" and \".\"";
        }

        prev = ch;
    }

    return NULL;
}


/* an IPv6 address in brackets */

static const char *
convrelay_twiml_url_literal(const convrelay_str_t *host)
{
    size_t  i;
    u_char  ch;

    if (host->data[host->len - 1] != ']') {
        return "has an IPv6 address without the closing \"]\"";
    }

    if (host->len == 2) {
        return "has no address inside \"[]\"";
    }

    for (i = 1; i < host->len - 1; i++) {
        ch = host->data[i];

        if (ch == ':' || ch == '.' || convrelay_is_digit(ch)) {
            continue;
        }

        ch |= 0x20;

        if (ch < 'a' || ch > 'f') {
            return "has a bad IPv6 address";
        }
    }

    return NULL;
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
