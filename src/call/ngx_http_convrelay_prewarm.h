
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_prewarm URI | off
 */


#ifndef NGX_HTTP_CONVRELAY_PREWARM_H_INCLUDED
#define NGX_HTTP_CONVRELAY_PREWARM_H_INCLUDED


#include "ngx_http_convrelay_call.h"


struct ngx_http_convrelay_prewarm_conf_s {
    ngx_str_t                         uri;    /* its path */
    ngx_str_t                         args;
    ngx_http_convrelay_place_t        place;
    ngx_http_convrelay_fetch_t       *fetch;  /* that runs, or NULL */
};


char *ngx_http_convrelay_prewarm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * A call with conf->prewarm begins: sends the request, unless one of the same
 * directive runs in this worker, or too many do, or the connections that its
 * LLM was asked on, or an earlier one, are not idle for long.  Nothing of it
 * depends on the call.
 */
void ngx_http_convrelay_prewarm_start(ngx_http_convrelay_call_t *call);


#endif /* NGX_HTTP_CONVRELAY_PREWARM_H_INCLUDED */
