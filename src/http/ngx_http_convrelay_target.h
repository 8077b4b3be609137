
/*
 * Copyright (C) convrelay contributors
 *
 * Finds the locations of this module, and the location that serves a path.
 */


#ifndef NGX_HTTP_CONVRELAY_TARGET_H_INCLUDED
#define NGX_HTTP_CONVRELAY_TARGET_H_INCLUDED


#include "ngx_http_convrelay.h"


/* a location with convrelay, convrelay_twiml or convrelay_connect_action */

typedef struct {
    ngx_http_core_srv_conf_t         *server;
    ngx_http_core_loc_conf_t         *location;
    ngx_http_convrelay_loc_conf_t    *conf;
    ngx_str_t                         listen; /* where the server does, or
                                                 empty: see tenant_init() */
    ngx_str_t                         address;        /* of that port, or
                                                         empty */
    uint64_t                          id;     /* a hash, no other location has
                                                 it; the same after a reload */
    uint64_t                          path;   /* a hash of its name alone */
    unsigned                          twin:1; /* only a number in the id tells
                                                 it from another one */
    ngx_http_convrelay_tenant_t      *tenant; /* what its sessions can prove: */
    ngx_uint_t                        nsecrets;       /* secrets, of which it
                                                         has so many, and its
                                                         server */
    unsigned                          varies:1;       /* ... and secrets that
                                                         have variables */
} ngx_http_convrelay_location_t;


/* ngx_http_convrelay_target.c */

/* records the location that is being read */
char *ngx_http_convrelay_register(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);

/*
 * Finds the location of a server that gets a request for a decoded path, once
 * all locations are known (at postconfiguration).  NGX_OK; NGX_DONE: *location
 * redirects to its name, which has a "/" more; NGX_DECLINED: there is none, or
 * the rewrite module may send the request elsewhere and *location is NULL.
 */
ngx_int_t ngx_http_convrelay_target(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *server, ngx_str_t *path,
    ngx_http_core_loc_conf_t **location);

/* the same, but does not care whether that location rewrites the request */
ngx_int_t ngx_http_convrelay_target_first(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *server, ngx_str_t *path,
    ngx_http_core_loc_conf_t **location);


/* the location of a server with this name, "/path" or "@name"; NULL: there is
   none */
ngx_http_core_loc_conf_t *ngx_http_convrelay_target_literal(
    ngx_http_core_srv_conf_t *server, ngx_str_t *name);

/* whether a location has "rewrite", "return", "if" or the like */
ngx_uint_t ngx_http_convrelay_target_rewrites(ngx_conf_t *cf,
    void **loc_conf);


/* ngx_http_convrelay_check.c */

/*
 * Warns about locations that do not match each other, at postconfiguration,
 * when all are known.  NGX_OK, or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_check(ngx_conf_t *cf);


/* ngx_http_convrelay_check_path.c */

/*
 * The path that nginx sees for a URL of this server: decoded, and without the
 * prefix that a proxy removes.  A host of NULL means the webhook's.  Returns
 * NGX_OK, NGX_DECLINED if the URL belongs to another server or is not known,
 * or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_local_path(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml, convrelay_str_t *host,
    convrelay_str_t *uri, ngx_str_t *path);


/* ngx_http_convrelay_check_location.c */

/* checks a location with "convrelay" by itself; the same return codes */
ngx_int_t ngx_http_convrelay_check_socket_alone(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


/* ngx_http_convrelay_check_tool.c */

/* checks the locations of its tools and of its context: NGX_ERROR if one cannot
   be used */
ngx_int_t ngx_http_convrelay_check_tools(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


/* checks the location of its "convrelay_store", if that is one; the same */
ngx_int_t ngx_http_convrelay_check_store(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


/* ngx_http_convrelay_check_fallback.c */

/* checks the locations of its "convrelay_fallback": NGX_ERROR if one cannot be
   used */
ngx_int_t ngx_http_convrelay_check_fallbacks(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


#endif /* NGX_HTTP_CONVRELAY_TARGET_H_INCLUDED */
