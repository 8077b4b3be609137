
/*
 * Copyright (C) convrelay contributors
 *
 * The segment of a URL's path that names a call, so that a socket whose first
 * message is not setup can be told from others.
 *
 *     segment = call-sid "." account-sid [ "." 16HEXDIG ]
 *
 * A sid is 3 to 64 letters and digits, and begins with "CA" or "AC".  The
 * digits are a hash of the call's ticket, which cannot be worked out from it.
 * URLs are logged, so the segment alone proves nothing.
 */


#ifndef CONVRELAY_CALL_PATH_H_INCLUDED
#define CONVRELAY_CALL_PATH_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_CALL_PATH_MAX_SID  64       /* bytes */


/* texts are borrowed */

typedef struct {
    convrelay_str_t   call_sid;
    convrelay_str_t   account_sid;
    uint64_t          ticket;     /* its hash, or 0: there is none */
} convrelay_call_path_t;


/* the last segment of a URI, without its query; CONVRELAY_OK, or
   CONVRELAY_DECLINED if it does not name a call */
int convrelay_call_path_parse(convrelay_call_path_t *c,
    const convrelay_str_t *uri);

/* its text, of exactly that size; 0: these are not sids */
size_t convrelay_call_path_size(const convrelay_call_path_t *c);
u_char *convrelay_call_path_write(u_char *p, const convrelay_call_path_t *c);


#endif /* CONVRELAY_CALL_PATH_H_INCLUDED */
