
/*
 * Copyright (C) convrelay contributors
 *
 * Reads a request to a server as it was sent, to find mistakes in the
 * configuration: in the key, the path, or the version of HTTP.
 */


#ifndef CONVRELAY_SENT_H_INCLUDED
#define CONVRELAY_SENT_H_INCLUDED


#include "convrelay_base.h"


typedef enum {
    CONVRELAY_SENT_KEY = 0,       /* something that looks like a key */
    CONVRELAY_SENT_NO_KEY,
    CONVRELAY_SENT_EMPTY_KEY,     /* a header for a key, but no key */
    CONVRELAY_SENT_NO_SCHEME      /* "Authorization: KEY": no "Bearer" */
} convrelay_sent_key_e;


typedef struct {
    convrelay_str_t        path;          /* without arguments */
    convrelay_str_t        key_name;      /* of the header or argument that has
                                             the key, or should have it */
    convrelay_sent_key_e   key;
    unsigned               http10:1;
    unsigned               blank:1;       /* one in the URI, which ends it for
                                             many servers */
} convrelay_sent_t;


/*
 * Reads a request line and headers, up to the empty line or the end.  Results
 * are borrowed from head; the value of a header or an argument is never kept.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED: not HTTP/1.0 or HTTP/1.1.
 */
int convrelay_sent_read(convrelay_sent_t *s, const convrelay_str_t *head);

/* whether known servers serve chat completions at such a path */
int convrelay_sent_is_chat(const convrelay_str_t *path);


#endif /* CONVRELAY_SENT_H_INCLUDED */
