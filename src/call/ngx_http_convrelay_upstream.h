
/*
 * Copyright (C) convrelay contributors
 *
 * The upstream of a turn: what an LLM's answer may not do, and how much it
 * may send.
 */


#ifndef NGX_HTTP_CONVRELAY_UPSTREAM_H_INCLUDED
#define NGX_HTTP_CONVRELAY_UPSTREAM_H_INCLUDED


#include "ngx_http_convrelay_call.h"


/*
 * What an LLM's answer may not do in the caller's name: redirect inside of
 * nginx (X-Accel-Redirect), be stored, or lose its body to an error page.
 */
void ngx_http_convrelay_upstream_guard(ngx_http_upstream_conf_t *conf);

/* the turn's handler has created an upstream */
void ngx_http_convrelay_upstream_init(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u);

/* the header of the answer was read, its body was not */
void ngx_http_convrelay_upstream_header(ngx_http_convrelay_turn_t *t,
    ngx_http_upstream_t *u);


#endif /* NGX_HTTP_CONVRELAY_UPSTREAM_H_INCLUDED */
