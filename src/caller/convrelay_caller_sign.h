
/*
 * Copyright (C) convrelay contributors
 *
 * URLs, and X-Twilio-Signature.
 */


#ifndef CONVRELAY_CALLER_SIGN_H_INCLUDED
#define CONVRELAY_CALLER_SIGN_H_INCLUDED


#include "convrelay_caller.h"


typedef struct {
    char      scheme[8];     /* http, https, ws, wss */
    char      host[256];     /* IPv6 without its brackets */
    char      port[6];       /* as written or the scheme's default */
    char     *authority;     /* host and port as written, malloc'ed */
    char     *target;        /* path and query as written, malloc'ed */
    unsigned  tls:1;
    unsigned  websocket:1;
} convrelay_caller_url_t;


/*
 * CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error.  Owed after
 * OK: convrelay_caller_url_free().
 */
int convrelay_caller_url_parse(convrelay_caller_url_t *u, const char *url,
    const char **error);
void convrelay_caller_url_free(convrelay_caller_url_t *u);

/* resolves a reference such as <Connect action>; malloc'ed, or NULL */
char *convrelay_caller_url_resolve(const char *base, const char *ref);

/* base64 of HMAC-SHA1, malloc'ed; params may be NULL (GET, handshake) */
char *convrelay_caller_sign(const char *token, const char *url,
    const convrelay_caller_pairs_t *params);


#endif /* CONVRELAY_CALLER_SIGN_H_INCLUDED */
