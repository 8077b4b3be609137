
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's HTTP requests: for TwiML when a call comes in, and for <Connect
 * action> when the session is over.
 */


#ifndef CONVRELAY_CALLER_HTTP_H_INCLUDED
#define CONVRELAY_CALLER_HTTP_H_INCLUDED


#include <curl/curl.h>

#include "convrelay_caller.h"


#define CONVRELAY_CALLER_MAX_TWIML  (1024 * 1024)


typedef struct {
    const char                      *url;
    const char                      *sign_url;  /* url, or what it is called */
    const char                      *host;      /* for Host, or NULL: url's */
    const char                      *token;     /* or NULL: not signed */
    const convrelay_caller_pairs_t  *form;
    const convrelay_caller_pairs_t  *headers;   /* of --header */
    const char                      *cacert;    /* or NULL */
    int64_t                          timeout;   /* ms */
    unsigned                         get:1;
    unsigned                         insecure:1;
    unsigned                         direct:1;  /* never by a proxy */
    const char                      *method;    /* for show, not read */

    long                             status;    /* out */
    int64_t                          time;      /* ms */
    char                             type[64];
    char                            *location;  /* of a redirect, or NULL */
    convrelay_caller_buf_t           body;
    char                             error[400];

    CURL                            *curl;      /* while it runs, */
    struct curl_slist               *list;      /* its headers, */
    convrelay_caller_buf_t           post;      /* its form */
    char                             errbuf[CURL_ERROR_SIZE];
} convrelay_caller_fetch_t;


/*
 * CONVRELAY_OK: any HTTP answer; CONVRELAY_ERROR: f->error says why there
 * is none.  A redirect is not followed, its target is in f->location,
 * absolute.  Owed: free(f->location), convrelay_caller_buf_free(&f->body).
 */
int convrelay_caller_fetch(convrelay_caller_fetch_t *f);

/*
 * The same in two halves: after start(), f->curl is ready for libcurl's multi
 * interface; end() takes what that says of it, and returns as fetch() does.
 * Between them f stays where it is.
 */
int convrelay_caller_fetch_start(convrelay_caller_fetch_t *f);
int convrelay_caller_fetch_end(convrelay_caller_fetch_t *f, CURLcode rc);

/* libcurl's options for certificates, and what to do about an error of TLS */
void convrelay_caller_tls(CURL *curl, unsigned insecure, const char *cacert);
const char *convrelay_caller_tls_hint(CURLcode rc, const char *error);


#endif /* CONVRELAY_CALLER_HTTP_H_INCLUDED */
