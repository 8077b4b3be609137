
/*
 * Copyright (C) convrelay contributors
 *
 * The replies of Redis and Valkey, RESP2: simple strings, errors, integers and
 * bulk strings.  Arrays, and all of RESP3, are an answer to nothing that is
 * asked here, so they are errors.
 *
 * A reader is filled with zeros before each reply.  It takes its input in
 * pieces of any size and allocates nothing.
 */


#ifndef CONVRELAY_RESP_H_INCLUDED
#define CONVRELAY_RESP_H_INCLUDED


#include "convrelay_base.h"


/* bytes of a line, its type and CRLF not included */

#define CONVRELAY_RESP_MAX_LINE   4096

/* bytes of a bulk string: the server's own limit, proto-max-bulk-len */

#define CONVRELAY_RESP_MAX_BULK   (512 * 1024 * 1024)

/* bytes of a line that are kept */

#define CONVRELAY_RESP_KEPT       64

/* the longest number, of 64 bits and a sign */

#define CONVRELAY_RESP_MAX_NUMBER 20


typedef enum {
    CONVRELAY_RESP_NONE = 0,
    CONVRELAY_RESP_SIMPLE,
    CONVRELAY_RESP_ERROR,
    CONVRELAY_RESP_INTEGER,
    CONVRELAY_RESP_BULK,
    CONVRELAY_RESP_NIL                       /* the bulk string "$-1" */
} convrelay_resp_type_e;


typedef struct {
    int64_t                  number;         /* of INTEGER; length of BULK */
    int64_t                  rest;           /* bytes of BULK to come */
    size_t                   len;            /* of the line so far */
    u_char                   line[CONVRELAY_RESP_KEPT];
    unsigned                 type:3;         /* convrelay_resp_type_e */
    unsigned                 state:4;
    const char              *error;          /* what is wrong, such as "an
                                                unknown type of reply" */
} convrelay_resp_t;


/*
 * Reads the first line of a reply from *p to last; *p is then after what was
 * read.
 *
 * OK     the line is complete: type, and number or line, are valid; a BULK
 *        needs convrelay_resp_bulk()
 * AGAIN  all was read, and more is needed
 * ERROR  that is not a reply; the reader cannot go on
 */
int convrelay_resp_line(convrelay_resp_t *r, u_char **p, u_char *last);

/*
 * Reads what follows the line of a BULK.  "part" is set to the next bytes of
 * the string, which are in the input; it can be empty.
 *
 * OK     the string and its CRLF are complete
 * AGAIN  all was read, and more is needed
 * ERROR  the string does not end where it should
 */
int convrelay_resp_bulk(convrelay_resp_t *r, u_char **p, u_char *last,
    convrelay_str_t *part);

/* what was kept of the line of a SIMPLE or an ERROR */
void convrelay_resp_text(const convrelay_resp_t *r, convrelay_str_t *text);


#endif /* CONVRELAY_RESP_H_INCLUDED */
