
/*
 * Copyright (C) convrelay contributors
 *
 * Log lines of a call.
 */


#ifndef NGX_HTTP_CONVRELAY_LOG_H_INCLUDED
#define NGX_HTTP_CONVRELAY_LOG_H_INCLUDED


#include "ngx_http_convrelay.h"


/*
 * ngx_log_error() for events that the peer or the LLM can repeat: at most one
 * line per second for each call and kind, with the number of lines left out
 * before it.  kind: a phrase such as "LLM failed", which must outlive the call.
 */
void ngx_cdecl ngx_http_convrelay_log(ngx_http_convrelay_call_t *call,
    ngx_uint_t level, const char *kind, const char *fmt, ...);

/* true if such a line would be left out now; it counts as left out, and its
   arguments need not be computed */
ngx_uint_t ngx_http_convrelay_log_skips(ngx_http_convrelay_call_t *call,
    ngx_uint_t level, const char *kind);

/* the call is over: logs how many lines were left out last, frees all */
void ngx_http_convrelay_log_end(ngx_http_convrelay_call_t *call);


#endif /* NGX_HTTP_CONVRELAY_LOG_H_INCLUDED */
