
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_private.h"


typedef struct {
    const char  *begin;   /* of the message */
    const char  *open;    /* the first after that; its last byte is '"' */
    const char  *close;   /* the last one in the message */
} convrelay_private_t;


static const char *convrelay_private_first(const char *p, const char *last,
    const char *text);
static const char *convrelay_private_last(const char *p, const char *last,
    const char *text);


static const convrelay_private_t  convrelay_private_lines[] = {

    /* regular expressions, also those of "map", "if" and "rewrite" */

    { "pcre2_match() failed: ", " on \"", "\" using \"" },
    { "pcre_exec() failed: ", " on \"", "\" using \"" },
    { "\"", "\" matches \"", "\"" },
    { "\"", "\" does not match \"", "\"" },
    { "rewritten data: ", "\"", "\"" },
    { "rewritten redirect: ", "\"", "\"" },
    { "rewrite or internal redirection cycle ", "\"", "\"" },
    { "unsafe URI ", "\"", "\" was detected" },

    /* "limit_req" and "limit_conn" */

    { "the value of the ", " bytes: \"", "\"" },

    /* files of a location whose path has a variable */

    { "open() ", "\"", "\" failed" },
    { "openat() ", "\"", "\" failed" },
    { "stat() ", "\"", "\" failed" },

    /* answers that begin with something other than a header */

    { "upstream sent invalid header", "\"", "\"" },
    { "upstream sent invalid trailer", "\"", "\"" },
    { "upstream sent duplicate header line", "\"", "\"" },
    { "upstream sent invalid \"Content-Length\" header", ": \"", "\"" },
    { "upstream sent unknown \"Transfer-Encoding\"", ": \"", "\"" },
    { "upstream sent invalid status", "\"", "\"" },
    { "upstream sent invalid :status", "\"", "\"" },
    { "upstream sent unexpected :status", "\"", "\"" },

    /* "memcached_pass": the key, or an answer that is none */

    { "key: ", "\"", "\" was not found" },
    { "memcached sent invalid ", "\"", "\"" },

    /* an address that a variable has made */

    { "invalid URL prefix in ", "\"", "\"" },
    { "invalid local address ", "\"", "\"" },
    { "no host in upstream ", "\"", "\"" },
    { "invalid host in upstream ", "\"", "\"" },
    { "invalid IPv6 address in upstream ", "\"", "\"" },
    { "invalid port in upstream ", "\"", "\"" },
    { "no port in upstream ", "\"", "\"" },
    { "no path in the unix domain socket in upstream ", "\"", "\"" },
    { "too long path in the unix domain socket in upstream ", "\"", "\"" },

    { NULL, NULL, NULL }
};


int
convrelay_private(const u_char *msg, size_t len, size_t *from, size_t *to)
{
    size_t                      n;
    const char                 *p, *last, *open, *close;
    const convrelay_private_t  *line;

    p = (const char *) msg;
    last = p + len;

    for (line = convrelay_private_lines; line->begin; line++) {

        n = strlen(line->begin);

        if (len < n || memcmp(p, line->begin, n) != 0) {
            continue;
        }

        open = convrelay_private_first(p + n, last, line->open);

        if (open == NULL) {
            continue;
        }

        open += strlen(line->open);

        close = convrelay_private_last(open, last, line->close);

        *from = open - p;
        *to = (close ? close : last) - p;

        return CONVRELAY_OK;
    }

    return CONVRELAY_DECLINED;
}


static const char *
convrelay_private_first(const char *p, const char *last, const char *text)
{
    size_t  n;

    n = strlen(text);

    for ( /* void */ ; (size_t) (last - p) >= n; p++) {
        if (memcmp(p, text, n) == 0) {
            return p;
        }
    }

    return NULL;
}


static const char *
convrelay_private_last(const char *p, const char *last, const char *text)
{
    size_t       n;
    const char  *found;

    n = strlen(text);

    if ((size_t) (last - p) < n) {
        return NULL;
    }

    for (found = last - n; found >= p; found--) {
        if (memcmp(found, text, n) == 0) {
            return found;
        }
    }

    return NULL;
}
