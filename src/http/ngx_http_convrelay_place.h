
/*
 * Copyright (C) convrelay contributors
 *
 * The file and the line of a directive, for checks that come after it was
 * read.
 */


#ifndef NGX_HTTP_CONVRELAY_PLACE_H_INCLUDED
#define NGX_HTTP_CONVRELAY_PLACE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* the place of a directive */

typedef struct {
    u_char                           *file;   /* ends in a NUL */
    ngx_uint_t                        line;   /* 0: not known */
} ngx_http_convrelay_place_t;


/* records the line that is being read, unless the place is already known */
void ngx_http_convrelay_place(ngx_conf_t *cf,
    ngx_http_convrelay_place_t *place);

/*
 * Checks that no two of the words from..to - 1 of the directive are the same
 * parameter: what is before "=", or a whole word.  NGX_CONF_OK or
 * NGX_CONF_ERROR (logged).
 */
char *ngx_http_convrelay_conf_options(ngx_conf_t *cf, ngx_uint_t from,
    ngx_uint_t to);

/* like ngx_conf_log_error(), but names this place, if it is known */
void ngx_cdecl ngx_http_convrelay_conf_error(ngx_uint_t level,
    ngx_conf_t *cf, const ngx_http_convrelay_place_t *place,
    const char *fmt, ...);


#endif /* NGX_HTTP_CONVRELAY_PLACE_H_INCLUDED */
