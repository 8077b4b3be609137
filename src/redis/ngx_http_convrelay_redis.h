
/*
 * Copyright (C) convrelay contributors
 *
 * A location that reads, writes and deletes one key of Redis or Valkey with
 * GET, PUT and DELETE.  The connection is nginx's upstream: it is chosen,
 * kept, encrypted, timed and retried there.
 */


#ifndef NGX_HTTP_CONVRELAY_REDIS_H_INCLUDED
#define NGX_HTTP_CONVRELAY_REDIS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "convrelay_resp_redis.h"


#define NGX_HTTP_CONVRELAY_REDIS_PORT        6379
#define NGX_HTTP_CONVRELAY_REDIS_MIN_BUFFER  1024


/*
 * Locations can share an upstream{}, and so its kept connections.  If one of
 * them chooses a user or a database, all of them have to.
 */

typedef struct {
    ngx_flag_t                    auth;
    ngx_flag_t                    db;
    ngx_array_t                   passes;    /* locations' configurations */
} ngx_http_convrelay_redis_main_conf_t;


typedef struct {
    ngx_http_upstream_conf_t      upstream;

    ngx_http_complex_value_t     *pass;      /* with variables, or NULL */
    ngx_http_complex_value_t     *key;
    ngx_http_complex_value_t     *ttl;       /* NULL: keys do not expire */
    ngx_http_complex_value_t     *user;      /* NULL: the server's default */
    ngx_http_complex_value_t     *password;  /* NULL: no AUTH */
    ngx_int_t                     db;
    unsigned                      keep:1;    /* its connections are */
    unsigned                      block:1;   /* "if": TLS is its location's */

    ngx_flag_t                    ssl;
#if (NGX_HTTP_SSL)
    ngx_int_t                     ssl_verify_depth;
    ngx_str_t                     ssl_trusted_certificate;
    ngx_str_t                     ssl_crl;
    ngx_str_t                     ssl_certificate;
    ngx_str_t                     ssl_certificate_key;
#endif
} ngx_http_convrelay_redis_loc_conf_t;


ngx_int_t ngx_http_convrelay_redis_handler(ngx_http_request_t *r);

/*
 * A value of "convrelay_redis_ttl" in ms, or NGX_ERROR: it is a time as in
 * nginx's directives, so that a number alone is seconds, and not zero.
 */
ngx_msec_int_t ngx_http_convrelay_redis_time(ngx_str_t *value);


/* ngx_http_convrelay_redis_pool.c */

/* decides which locations' connections are kept, once all are known */
void ngx_http_convrelay_redis_pools(
    ngx_http_convrelay_redis_main_conf_t *rmcf);

#if (NGX_HTTP_SSL)

/* the same TLS, verified in the same way, or none */
ngx_uint_t ngx_http_convrelay_redis_same_ssl(
    ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two);

#endif

ngx_uint_t ngx_http_convrelay_redis_same(ngx_str_t *one, ngx_str_t *two);


extern ngx_module_t  ngx_http_convrelay_redis_module;


#endif /* NGX_HTTP_CONVRELAY_REDIS_H_INCLUDED */
