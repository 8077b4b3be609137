
/*
 * Copyright (C) convrelay contributors
 *
 * The server's half of the opening handshake, RFC 6455 section 4.2.
 */


#ifndef CONVRELAY_WS_HANDSHAKE_H_INCLUDED
#define CONVRELAY_WS_HANDSHAKE_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_WS_GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define CONVRELAY_WS_KEY_LEN     24                 /* base64 of 16 bytes */
#define CONVRELAY_WS_ACCEPT_LEN  28                 /* base64 of SHA-1 */


/*
 * What the check looks at.  A header that is missing has data == NULL; one
 * that was sent on several lines is joined with ", " by the caller, except
 * the key, of which a second one makes the handshake bad (4.2.1, 11.3.1).
 */

typedef struct {
    convrelay_str_t   upgrade;
    convrelay_str_t   connection;
    convrelay_str_t   key;
    convrelay_str_t   version;

    unsigned          get:1;              /* the method is GET */
    unsigned          http11:1;           /* HTTP/1.1 or a later 1.x */
    unsigned          body:1;             /* the request has a body */
    unsigned          keys:2;             /* how many key headers, capped */

    const char       *error;              /* out: goes on after "client
                                             sent a websocket handshake " */
} convrelay_ws_handshake_t;


/*
 * Returns the HTTP status that answers the request: 101, 400, 405 (not GET),
 * or 426 (no upgrade asked for, or no version or one other than 13: the
 * answer then carries "Sec-WebSocket-Version: 13" and "Upgrade: websocket").
 * After 101, h->error is NULL and h->key has no white space around it: it is
 * ready for Sec-WebSocket-Accept.
 */
int convrelay_ws_handshake_check(convrelay_ws_handshake_t *h);

/* a comma-separated token list holds the token (ASCII case ignored) */
int convrelay_ws_has_token(const convrelay_str_t *list, const char *token);


#endif /* CONVRELAY_WS_HANDSHAKE_H_INCLUDED */
