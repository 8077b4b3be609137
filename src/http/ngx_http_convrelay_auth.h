
/*
 * Copyright (C) convrelay contributors
 *
 * Signatures and tickets, which prove that a request comes from Twilio, and the
 * URL that is part of the signed string.
 */


#ifndef NGX_HTTP_CONVRELAY_AUTH_H_INCLUDED
#define NGX_HTTP_CONVRELAY_AUTH_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_store.h"
#include "ngx_http_convrelay_tenant.h"


#define NGX_HTTP_CONVRELAY_TICKET_NAME   "convrelay_ticket"
#define NGX_HTTP_CONVRELAY_SHA1_LEN      20


/* ngx_http_convrelay_public_url.c */

/* the part before the URI in the URL that the client used */

typedef struct {
    ngx_str_t   scheme;      /* "https" or "http"; empty: it is not known */
    ngx_str_t   rest;        /* "host:port"; with convrelay_public_url,
                                optionally "user@" before it and a path after
                                it, without a "/" at the end */
} ngx_http_convrelay_public_url_t;


/*
 * Taken from convrelay_public_url, otherwise from the host that r is for; lives
 * as long as r.  NGX_OK, NGX_DECLINED (there is neither) or NGX_ERROR (logged).
 */
ngx_int_t ngx_http_convrelay_public_url(ngx_http_request_t *r,
    ngx_http_convrelay_public_url_t *public);

/* checks the directive's value, as far as it is known */
char *ngx_http_convrelay_public_url_check(ngx_conf_t *cf,
    ngx_http_convrelay_value_t *v);


/* ngx_http_convrelay_signature.c */

/*
 * Checks X-Twilio-Signature (docs/protocol.md, 5); tenant: of a handshake, to
 * be given the tokens, or NULL.  The body of a POST must have been read.
 * NGX_OK, NGX_HTTP_FORBIDDEN (logged) or NGX_HTTP_INTERNAL_SERVER_ERROR.
 */
ngx_int_t ngx_http_convrelay_signature(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);

/* the tokens of convrelay_auth_token, an array of ngx_str_t in pool, for r;
   NULL: no memory */
ngx_array_t *ngx_http_convrelay_signature_tokens(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_array_t *values);

/* RFC 2104; digest: NGX_HTTP_CONVRELAY_SHA1_LEN bytes */
void ngx_http_convrelay_hmac_sha1(ngx_str_t *key, convrelay_str_t *input,
    u_char *digest);

char *ngx_http_convrelay_auth_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_signature_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* ngx_http_convrelay_ticket.c */

/*
 * Makes a ticket for the CallSid of the webhook's form, as a <Parameter>.
 * NGX_OK, NGX_DECLINED (there is no CallSid) or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_ticket_issue(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_pair_t *parameter);

/* a hash of the ticket in the setup message; 0: there is none */
uint64_t ngx_http_convrelay_ticket_hash(convrelay_session_t *s);

/*
 * Checks the ticket in the setup message: NGX_OK, NGX_DECLINED (logged), or
 * NGX_ERROR.  record: that of the call, or NULL.  The ticket may have expired
 * if the record can be claimed with it: Twilio can open the socket of a session
 * that is over again on its own.
 * *ended_session is the session of this call that had ended when the ticket
 * was made, or empty; it lives as long as the session's parameters.
 */
ngx_int_t ngx_http_convrelay_ticket_check(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_session_t *s,
    ngx_http_convrelay_record_t *record, convrelay_str_t *ended_session);

/* $convrelay_call_path, of a webhook: see convrelay_call_path.h; with the hash
   of the ticket that the TwiML has */
ngx_int_t ngx_http_convrelay_call_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

char *ngx_http_convrelay_ticket(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_ticket_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


#endif /* NGX_HTTP_CONVRELAY_AUTH_H_INCLUDED */
