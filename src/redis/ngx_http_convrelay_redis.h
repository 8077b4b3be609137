
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


/* the connections of an upstream, which all locations share that pass to it */

typedef struct {
    ngx_http_complex_value_t     *user;      /* of the first location */
    ngx_http_complex_value_t     *password;
    ngx_int_t                     db;
    unsigned                      mixed:1;   /* of several users or databases:
                                                none is kept */
} ngx_http_convrelay_redis_pool_t;


typedef struct {
    ngx_http_upstream_conf_t      upstream;
    ngx_http_convrelay_redis_pool_t  *pool;  /* NULL: with variables */

    ngx_http_complex_value_t     *pass;      /* with variables, or NULL */
    ngx_http_complex_value_t     *key;
    ngx_http_complex_value_t     *ttl;       /* NULL: keys do not expire */
    ngx_http_complex_value_t     *user;      /* NULL: the server's default */
    ngx_http_complex_value_t     *password;  /* NULL: no AUTH */
    ngx_int_t                     db;

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

/*
 * Finds or makes conf->pool, once the user, the password and the database are
 * known; inherited: conf is that of a block, such as "if", of the location of
 * prev.
 */
char *ngx_http_convrelay_redis_pool(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *prev,
    ngx_http_convrelay_redis_loc_conf_t *conf, ngx_uint_t inherited);

ngx_uint_t ngx_http_convrelay_redis_same(ngx_str_t *one, ngx_str_t *two);


extern ngx_module_t  ngx_http_convrelay_redis_module;


#endif /* NGX_HTTP_CONVRELAY_REDIS_H_INCLUDED */
