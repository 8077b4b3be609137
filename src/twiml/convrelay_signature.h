
/*
 * Copyright (C) convrelay contributors
 *
 * The strings that Twilio signs (X-Twilio-Signature), one for each way in which
 * the URL may have been written; the caller computes base64(HMAC-SHA1(auth
 * token, string)) of each until one matches.
 */


#ifndef CONVRELAY_SIGNATURE_H_INCLUDED
#define CONVRELAY_SIGNATURE_H_INCLUDED


#include "convrelay_base.h"


/* base64 of the 20 bytes of SHA-1, with its padding */
#define CONVRELAY_SIGNATURE_LEN   28

/* convrelay_signature_next() never returns CONVRELAY_OK more often */
#define CONVRELAY_SIGNATURE_MAX   6


typedef struct {
    convrelay_str_t           base;       /* scheme, "://", host */
    convrelay_str_t           port;       /* with its ":" */
    convrelay_str_t           path;
    convrelay_str_t           query;      /* with its "?" */
    const convrelay_pair_t   *pairs;
    size_t                    npairs;
    size_t                    size;
    unsigned                  next;
} convrelay_signature_t;


/*
 * url is the one that the other side used, byte for byte: scheme, host, path
 * and query; a fragment is left out.  For a WebSocket its scheme is "wss".
 * pairs are those of a form's body, decoded, or none; the array is sorted in
 * place by name, then by value, and loses its duplicates, so the caller that
 * wants the order of the form passes a copy.  Both are borrowed for as long
 * as *s is used.
 *
 * Some libraries sign the query of a WebSocket's URL as if it were a form.
 * No such string is made: it would also be that of another path, so that the
 * signature of "/ws2" would open "/ws?2=".
 */
void convrelay_signature_init(convrelay_signature_t *s,
    const convrelay_str_t *url, convrelay_pair_t *pairs, size_t npairs);

/* no string is longer */
size_t convrelay_signature_size(const convrelay_signature_t *s);

/*
 * Writes the next string to buf.  The first one is the plain rule, with the URL
 * as it is: a signer uses that one.  The others have the port removed or, where
 * there is none, the default written out (443, and for "wss" also 80, as the
 * SDKs do); for a bare host each comes with and without "/".
 *
 * Returns CONVRELAY_OK or CONVRELAY_DONE.
 */
int convrelay_signature_next(convrelay_signature_t *s, u_char *buf,
    convrelay_str_t *input);

/*
 * Compares a header's value with the CONVRELAY_SIGNATURE_LEN bytes it should
 * be, in a time that does not depend on where they differ.
 *
 * Returns CONVRELAY_OK where they are equal, else CONVRELAY_DECLINED.
 */
int convrelay_signature_check(const convrelay_str_t *header,
    const u_char *wanted);

/* classes of what an operator wrote as the auth token */

typedef enum {
    CONVRELAY_TOKEN_OK = 0,       /* 32 hex digits */
    CONVRELAY_TOKEN_SWITCH,       /* a word such as "on": the directive was
                                     mistaken for a switch */
    CONVRELAY_TOKEN_ACCOUNT,      /* the Account SID, which is not secret */
    CONVRELAY_TOKEN_KEY,          /* the SID of an API key */
    CONVRELAY_TOKEN_ODD           /* not as Twilio makes them */
} convrelay_token_e;


convrelay_token_e convrelay_signature_token(const convrelay_str_t *token);


#endif /* CONVRELAY_SIGNATURE_H_INCLUDED */
