
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
 * The parts of a request that matter for a handshake.  Zero-filled to start;
 * the caller sets the bits of the request itself and passes each header line to
 * convrelay_ws_handshake_header().
 */

typedef struct {
    convrelay_str_t   key;                /* of the first line */
    convrelay_str_t   origin;             /* the same */

    unsigned          get:1;              /* the method is GET */
    unsigned          http11:1;           /* HTTP/1.1 */
    unsigned          body:1;             /* the request has a body */

    unsigned          upgrade:1;          /* Upgrade has "websocket" */
    unsigned          connection:1;       /* Connection has "upgrade" */
    unsigned          version:1;          /* the first version is 13 */
    unsigned          versions:2;         /* lines with a version, capped */
    unsigned          keys:2;             /* lines with a key, capped */
    unsigned          origins:2;          /* lines with an origin, capped */

    const char       *error;              /* out: continues "client sent a
                                             websocket handshake " */
} convrelay_ws_handshake_t;


/*
 * Takes one header line, in any order; headers that are not part of a handshake
 * are ignored.  The lines of a list (Upgrade, Connection) are checked one by
 * one, so nothing is joined or copied: h->key and h->origin point into value.
 */
void convrelay_ws_handshake_header(convrelay_ws_handshake_t *h,
    const convrelay_str_t *name, const convrelay_str_t *value);

/*
 * Returns the HTTP status that answers the request: 101, 400, 405 (not GET), or
 * 426 (no upgrade was asked for, or there is no version or one other than 13:
 * the answer then carries "Sec-WebSocket-Version: 13" and "Upgrade:
 * websocket").  A key or a version on more than one line is 400 (4.2.1, 11.3.1,
 * 11.3.5).  After 101, h->error is NULL and h->key has no white space around
 * it, ready for Sec-WebSocket-Accept.  Whether the origin is acceptable (4.2.2,
 * 10.2) is not checked.
 */
int convrelay_ws_handshake_check(convrelay_ws_handshake_t *h);

/* a comma-separated token list holds the token (ASCII case ignored) */
int convrelay_ws_has_token(const convrelay_str_t *list, const char *token);


#endif /* CONVRELAY_WS_HANDSHAKE_H_INCLUDED */
