
/*
 * Copyright (C) convrelay contributors
 *
 * The format of a ticket, a custom parameter of a call: the time until which it
 * is valid, a MAC, and optionally the id of a session.
 *
 *     ticket = 8HEXDIG 28BASE64 [ session ]
 *     input  = [ "=" 2HEXDIG session ] 8HEXDIG call-sid
 *
 * The MAC is the base64 of an HMAC over the input.  No time starts with the
 * byte that a session starts with, so one cannot be taken for the other.
 */


#ifndef CONVRELAY_TICKET_H_INCLUDED
#define CONVRELAY_TICKET_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_signature.h"


#define CONVRELAY_TICKET_TIME_LEN     8       /* hex digits */
#define CONVRELAY_TICKET_MAX_SESSION  64      /* bytes */


/* texts are borrowed */

typedef struct {
    uint32_t          expires;    /* seconds since 1970 */
    convrelay_str_t   mac;        /* CONVRELAY_SIGNATURE_LEN bytes */
    convrelay_str_t   session;    /* that had ended when the ticket was made,
                                     at most MAX_SESSION bytes, or empty */
} convrelay_ticket_t;


/* parses a ticket; CONVRELAY_OK, or CONVRELAY_DECLINED if it is not one */
int convrelay_ticket_parse(convrelay_ticket_t *t, const convrelay_str_t *text);

/* its text, of exactly that size */
size_t convrelay_ticket_size(const convrelay_ticket_t *t);
u_char *convrelay_ticket_write(u_char *p, const convrelay_ticket_t *t);

/* the input of its MAC, for the call of that sid; the MAC is not needed */
size_t convrelay_ticket_input_size(const convrelay_ticket_t *t,
    const convrelay_str_t *sid);
u_char *convrelay_ticket_input_write(u_char *p, const convrelay_ticket_t *t,
    const convrelay_str_t *sid);


#endif /* CONVRELAY_TICKET_H_INCLUDED */
