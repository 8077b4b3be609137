
/*
 * Copyright (C) convrelay contributors
 *
 * Which calls a location can reach.  A setup message names its call, and nobody
 * signs it: only the peer is known, by what it has proved.  So the name of
 * whatever is kept of a call contains the secret that its sessions prove, and
 * tenants that do not share a secret never find each other's calls.
 *
 * A location has all auth tokens that it accepts, so that calls live through
 * their rotation; without one, the secret of its tickets; without both, its
 * server.  Nothing depends on the machine: another one with the same
 * configuration makes the same names.
 */


#ifndef NGX_HTTP_CONVRELAY_TENANT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_TENANT_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_target.h"

#include "convrelay_sha256.h"


/* two auth tokens, a ticket's secret, and a server */

#define NGX_HTTP_CONVRELAY_TENANT_MAX    4


/* hashes: each finds what is kept of a call, the first names what is new; n is
   0 until it is complete */

struct ngx_http_convrelay_tenant_s {
    ngx_uint_t                n;
    u_char                    id[NGX_HTTP_CONVRELAY_TENANT_MAX]
                                [CONVRELAY_SHA256_LEN];
};


/*
 * What the sessions of a location can reach.  tenant_token() adds an auth token
 * that it accepts, at the handshake: what a peer sends later must not choose
 * one.  tenant_session() completes the rest at setup, when what the secret of a
 * ticket may depend on is known.  NGX_OK or NGX_ERROR.
 */
void ngx_http_convrelay_tenant_token(ngx_http_convrelay_tenant_t *tenant,
    ngx_str_t *token);
ngx_int_t ngx_http_convrelay_tenant_session(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);

/* what Twilio's request after a session, r, can reach: its sockets may be less
   protected than it is.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_tenant_action(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);

/* at postconfiguration, while it is known which server listens where */
ngx_int_t ngx_http_convrelay_tenant_init(ngx_conf_t *cf);

/* after init: the id of a location of the same server, such as a fallback */
uint64_t ngx_http_convrelay_tenant_beside(
    ngx_http_convrelay_location_t *location, ngx_http_core_loc_conf_t *clcf);

/*
 * The location, among those with reports, for what is kept of a call: id and
 * path are those of the call's location, tenant is what named the call.  If
 * that location is gone, another one with the same secret is taken, if only one
 * of these has this path, or else if there is only one.  Where secrets have
 * variables, the id has to do.  NULL: none.
 */
ngx_http_convrelay_location_t *ngx_http_convrelay_tenant_home(
    ngx_http_convrelay_main_conf_t *mcf, uint64_t id, uint64_t path,
    const u_char *tenant);


#endif /* NGX_HTTP_CONVRELAY_TENANT_H_INCLUDED */
