
/*
 * Copyright (C) convrelay contributors
 *
 * The environment: $convrelay_env_NAME.
 */


#ifndef NGX_HTTP_CONVRELAY_ENV_H_INCLUDED
#define NGX_HTTP_CONVRELAY_ENV_H_INCLUDED


#include "ngx_http_convrelay.h"


typedef struct {
    ngx_str_t                         name;
    ngx_str_t                         value;
    ngx_uint_t                        file;   /* its number, 0: none */
    unsigned                          text:1; /* set by a file, not only named
                                                 there */
} ngx_http_convrelay_env_t;


/* ngx_http_convrelay_env.c */

char *ngx_http_convrelay_env(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Value of a name, case ignored as nginx does with variables.  NGX_OK, or
 * NGX_DECLINED if it is not set, or is empty and has no default.
 */
ngx_int_t ngx_http_convrelay_env_lookup(ngx_http_convrelay_main_conf_t *mcf,
    u_char *name, size_t len, ngx_str_t *value);

/*
 * Checks that every $convrelay_env_NAME in use is set, to a value that a header
 * can contain.  last: the configuration is complete, so warnings are given.
 */
ngx_int_t ngx_http_convrelay_env_check(ngx_conf_t *cf, ngx_uint_t last);

/*
 * Expands a value whose only variables are $convrelay_env_*.  NGX_OK;
 * NGX_DECLINED if it contains others; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_convrelay_env_expand(ngx_conf_t *cf, ngx_str_t *source,
    ngx_str_t *value);

/* an entry of the array, or NULL; names of variables are in lower case */
ngx_http_convrelay_env_t *ngx_http_convrelay_env_find(ngx_array_t *array,
    u_char *name, size_t len);

/* file, text: as in ngx_http_convrelay_env_t; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_env_set(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t file, ngx_uint_t text);

/*
 * Whether the process or another file has set the name, which a plain file
 * does not change; in one file the last line wins.
 */
ngx_uint_t ngx_http_convrelay_env_is_set(ngx_http_convrelay_main_conf_t *mcf,
    ngx_str_t *name, ngx_uint_t file);


/* ngx_http_convrelay_env_file.c */

char *ngx_http_convrelay_env_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_convrelay_env_process.c */

/*
 * Value of a name of the process, case ignored, without white space around it.
 * NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_http_convrelay_env_process(u_char *name, size_t len,
    ngx_str_t *value);

/* the process may have this name, which is used; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_env_use(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf, u_char *name, size_t len);

/* passes the names in use of the process environment on to a new binary */
void ngx_http_convrelay_env_init_module(ngx_cycle_t *cycle);


#endif /* NGX_HTTP_CONVRELAY_ENV_H_INCLUDED */
