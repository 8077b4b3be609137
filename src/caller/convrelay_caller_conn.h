
/*
 * Copyright (C) convrelay contributors
 *
 * The client side of the WebSocket: connects, shakes hands, reads and writes,
 * and never waits.  Without TLS the socket is ours from the first packet; with
 * TLS libcurl connects (CURLOPT_CONNECT_ONLY) and carries the bytes, because
 * many builds lack its WebSocket support.
 */


#ifndef CONVRELAY_CALLER_CONN_H_INCLUDED
#define CONVRELAY_CALLER_CONN_H_INCLUDED


#include <curl/curl.h>
#include <netdb.h>

#include "convrelay_ws.h"
#include "convrelay_ws_handshake.h"

#include "convrelay_caller.h"
#include "convrelay_caller_sign.h"


#define CONVRELAY_CALLER_MAX_MESSAGE   (1024 * 1024)
#define CONVRELAY_CALLER_MAX_RESPONSE  16384
#define CONVRELAY_CALLER_MAX_OUTPUT    (4 * 1024 * 1024)
#define CONVRELAY_CALLER_MAX_READS     32      /* at a time, of one */


/* where to connect and what to say; shared by all calls of a load */

typedef struct {
    char                      url[2048];   /* as signed, for show */
    convrelay_caller_url_t    parsed;
    char                     *host;        /* to connect to, if another */
    char                     *authority;   /* for Host, if another */
    char                      port[6];
    const char               *cacert;      /* file to verify by, or NULL */
    unsigned                  tls:1;
    unsigned                  insecure:1;  /* do not verify certificates */
    char                     *signature;   /* or NULL */
    convrelay_caller_pairs_t  headers;     /* of --header */
    const char               *edit;        /* of the handshake, or NULL */
    const char               *edited;      /* what replaces that */
    int64_t                   timeout;     /* ms, of TLS connecting */
    struct addrinfo          *addrs;       /* once resolved */
    const char               *error;       /* or why they are not */
} convrelay_caller_target_t;


typedef enum {
    CONVRELAY_CALLER_CONN_NONE = 0,
    CONVRELAY_CALLER_CONN_CONNECTING,
    CONVRELAY_CALLER_CONN_HANDSHAKE,
    CONVRELAY_CALLER_CONN_OPEN,
    CONVRELAY_CALLER_CONN_CLOSED
} convrelay_caller_conn_state_e;


/* zero-fill to start */

typedef struct {
    convrelay_caller_conn_state_e     state;
    int                               fd;
    CURL                             *curl;        /* under TLS */
    const convrelay_caller_target_t  *target;
    const struct addrinfo            *addr;        /* to try next */

    convrelay_caller_buf_t            out;
    size_t                            sent;        /* of out */
    convrelay_caller_buf_t            response;    /* during the handshake */
    char                              key[CONVRELAY_WS_KEY_LEN + 1];

    convrelay_ws_reader_t             reader;
    u_char                           *pos;         /* input not yet read */
    u_char                           *last;
    unsigned                          reads;       /* since AGAIN */

    unsigned                          status;      /* of the handshake */
    unsigned                          code;        /* of the peer's Close */
    char                              reason[124];
    unsigned                          close_sent:1;
    unsigned                          close_received:1;
    unsigned                          eof:1;
    char                              error[300];  /* after ERROR */
} convrelay_caller_conn_t;


/*
 * Prepares a target: url is the relay's, connect_to is NULL, HOST:PORT, or
 * ws://HOST:PORT (which, like plain, drops TLS, as a tunnel does).
 * CONVRELAY_OK, or CONVRELAY_ERROR with a phrase in *error.
 */
int convrelay_caller_target_init(convrelay_caller_target_t *t, const char *url,
    const char *connect_to, unsigned plain, const char **error);
void convrelay_caller_target_free(convrelay_caller_target_t *t);

void convrelay_caller_target_resolve(convrelay_caller_target_t *t);

/* once resolved: all addresses are of this machine */
int convrelay_caller_target_is_loopback(const convrelay_caller_target_t *t);

/* CONVRELAY_OK, CONVRELAY_AGAIN, or CONVRELAY_ERROR with conn->error */
int convrelay_caller_conn_open(convrelay_caller_conn_t *c,
    const convrelay_caller_target_t *t);

/*
 * Continues with whatever the socket is ready for.  buf is room for input,
 * shared by all connections; a message points into it, so read one connection
 * until CONVRELAY_AGAIN before the next.
 *
 * CONVRELAY_OK: *m is a message (pings were answered, pongs are given);
 * m->opcode is 0 if the handshake has just been completed.  CONVRELAY_AGAIN:
 * nothing more for now, or a great deal was read and it is the turn of others;
 * the socket is ready in that case.  CONVRELAY_DONE: closed, code and reason
 * are the peer's, 1006 without any.  CONVRELAY_ERROR: conn->error says why.
 */
int convrelay_caller_conn_read(convrelay_caller_conn_t *c, u_char *buf,
    size_t size, convrelay_ws_message_t *m);

/* queues a frame and sends what the socket takes */
void convrelay_caller_conn_send(convrelay_caller_conn_t *c, unsigned opcode,
    const void *data, size_t len);

/* the same, but sends only the first part bytes of the payload */
void convrelay_caller_conn_send_part(convrelay_caller_conn_t *c,
    unsigned opcode, const void *data, size_t len, size_t part);

void convrelay_caller_conn_close(convrelay_caller_conn_t *c, unsigned code,
    const char *reason);
int convrelay_caller_conn_flush(convrelay_caller_conn_t *c);

/* reads and drops bytes: how many, 0 at their end, AGAIN, or ERROR */
int convrelay_caller_conn_drop(convrelay_caller_conn_t *c, u_char *buf,
    size_t size);

/* the connection waits to write */
int convrelay_caller_conn_writes(const convrelay_caller_conn_t *c);

/* closes the socket, with a reset if rst is set */
void convrelay_caller_conn_free(convrelay_caller_conn_t *c, unsigned rst);


#endif /* CONVRELAY_CALLER_CONN_H_INCLUDED */
