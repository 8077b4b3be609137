
/*
 * Copyright (C) convrelay contributors
 *
 * Reads a request to a server as it was written, to find what the configuration
 * lacks: a key, a path, a version of HTTP.
 */


#ifndef CONVRELAY_SENT_H_INCLUDED
#define CONVRELAY_SENT_H_INCLUDED


#include "convrelay_base.h"


typedef enum {
    CONVRELAY_SENT_KEY = 0,       /* something that looks like a key */
    CONVRELAY_SENT_NO_KEY,
    CONVRELAY_SENT_EMPTY_KEY,     /* a header for one, without it */
    CONVRELAY_SENT_NO_SCHEME      /* "Authorization: KEY": no "Bearer" */
} convrelay_sent_key_e;


typedef struct {
    convrelay_str_t        path;          /* without arguments */
    convrelay_str_t        key_name;      /* of the header or argument that has
                                             the key, or should have it */
    convrelay_sent_key_e   key;
    unsigned               http10:1;
} convrelay_sent_t;


/*
 * Reads a request line and headers, up to the empty line or the end; what is
 * kept is borrowed from head.  No value of a header or an argument is kept.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED: not HTTP/1.0 or HTTP/1.1.
 */
int convrelay_sent_read(convrelay_sent_t *s, const convrelay_str_t *head);

/* whether chat completions are served at such a path, as far as is known */
int convrelay_sent_is_chat(const convrelay_str_t *path);


#endif /* CONVRELAY_SENT_H_INCLUDED */
