
/*
 * Copyright (C) convrelay contributors
 *
 * Splits absolute URLs into their parts (RFC 3986, 3).
 */


#ifndef CONVRELAY_URL_H_INCLUDED
#define CONVRELAY_URL_H_INCLUDED


#include "convrelay_base.h"


/* a part that the URL does not have is empty */

typedef struct {
    convrelay_str_t   scheme;      /* "wss" */
    convrelay_str_t   user;        /* "user:password@" */
    convrelay_str_t   host;        /* "example.com", "[::1]" */
    convrelay_str_t   port;        /* ":443" */
    convrelay_str_t   path;        /* "/a/b" */
    convrelay_str_t   query;       /* "?a=b" */
    convrelay_str_t   fragment;    /* "#a" */
} convrelay_url_t;


/*
 * The parts are borrowed from url and follow each other without a gap, after
 * the "://" of the scheme.  Only the delimiters are checked: a part may contain
 * any other byte, and a "[" in front of a host may lack its "]".
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED if url does not start with a
 * scheme and "://".
 */
int convrelay_url_split(convrelay_url_t *u, const convrelay_str_t *url);

/* the same for the part of a URL between "://" and its path; never declines */
void convrelay_url_split_authority(convrelay_url_t *u,
    const convrelay_str_t *authority);

/* the port number, 0 if there is none, -1 if it is invalid */
int convrelay_url_port(const convrelay_url_t *u);

/* the index of the first white space or control character, or url->len */
size_t convrelay_url_clean(const convrelay_str_t *url);

/*
 * Checks whether the value of an Origin header (RFC 6454, 7) is the origin of
 * u: the same scheme, host and port, ignoring case, with the default port
 * written out or not.  If u has no scheme, the origin's "http" or "https" is
 * taken for it.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED if it is a different origin,
 * "null", or not exactly one origin.
 */
int convrelay_url_check_origin(const convrelay_url_t *u,
    const convrelay_str_t *origin);


#endif /* CONVRELAY_URL_H_INCLUDED */
