
/*
 * Copyright (C) convrelay contributors
 *
 * The ticket with which a page opens one WebSocket.  A page cannot set headers
 * of a handshake, and URLs are logged, so the ticket is offered as one of two
 * subprotocols (RFC 6455, 1.9):
 *
 *     Sec-WebSocket-Protocol: convrelay.talk, ct.TICKET
 *
 *     TICKET = base64url(expires 4 | nonce 12 | setup 16 | mac 16)
 *
 * The setup is the start of a hash of the first message, which the server made:
 * a page cannot choose who is calling, nor the parameters of the call.  The MAC
 * covers all of this, and where the ticket is good.
 */


#ifndef CONVRELAY_TALK_H_INCLUDED
#define CONVRELAY_TALK_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_TALK_PROTOCOL    "convrelay.talk"
#define CONVRELAY_TALK_PREFIX      "ct."
#define CONVRELAY_TALK_KEY_LEN     32       /* bytes, as are these: */
#define CONVRELAY_TALK_NONCE_LEN   12
#define CONVRELAY_TALK_SETUP_LEN   16
#define CONVRELAY_TALK_MAC_LEN     16
#define CONVRELAY_TALK_TICKET_LEN  64       /* characters */


/* the subprotocols that a handshake offers; zero-filled to start */

typedef struct {
    convrelay_str_t   ticket;    /* of the first "ct.", without that */
    unsigned          talk:1;    /* "convrelay.talk" is among them */
    unsigned          tickets:2; /* how many, capped */
} convrelay_talk_offer_t;


typedef struct {
    uint32_t          expires;   /* seconds since 1970 */
    u_char            nonce[CONVRELAY_TALK_NONCE_LEN];
    u_char            setup[CONVRELAY_TALK_SETUP_LEN];
    u_char            mac[CONVRELAY_TALK_MAC_LEN];
} convrelay_talk_ticket_t;


/*
 * Takes one line of Sec-WebSocket-Protocol, a list of tokens (RFC 6455, 11.3.4)
 * whose case counts; o->ticket points into it.
 */
void convrelay_talk_offer(convrelay_talk_offer_t *o,
    const convrelay_str_t *line);

/* decodes a ticket; CONVRELAY_OK, or CONVRELAY_DECLINED if it is not one */
int convrelay_talk_ticket_read(convrelay_talk_ticket_t *t,
    const convrelay_str_t *text);

/* writes CONVRELAY_TALK_TICKET_LEN characters and returns their end */
u_char *convrelay_talk_ticket_write(u_char *p,
    const convrelay_talk_ticket_t *t);

/* sets t->mac, for a place, with a key of CONVRELAY_TALK_KEY_LEN bytes */
void convrelay_talk_ticket_sign(convrelay_talk_ticket_t *t, const u_char *key,
    const convrelay_str_t *place);

/* whether t->mac is the one that sign() would set; takes the same time for any
   wrong one */
int convrelay_talk_ticket_valid(const convrelay_talk_ticket_t *t,
    const u_char *key, const convrelay_str_t *place);

/* the hash of a setup message: CONVRELAY_TALK_SETUP_LEN bytes */
void convrelay_talk_setup_hash(u_char *hash, const convrelay_str_t *message);


#endif /* CONVRELAY_TALK_H_INCLUDED */
