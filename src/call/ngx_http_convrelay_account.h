
/*
 * Copyright (C) convrelay contributors
 *
 * What a live call keeps for its report.
 */


#ifndef NGX_HTTP_CONVRELAY_ACCOUNT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_ACCOUNT_H_INCLUDED


#include "ngx_http_convrelay_call.h"


/*
 * What is needed for the report of the call, with convrelay_report: begin() at
 * setup, once the call was accepted and, with a store, its record was read: a
 * session that stands aside for another one has no report; end(), before the
 * session is over, hands the report to the worker; it may be called more than
 * once.
 */
void ngx_http_convrelay_account_begin(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_account_end(ngx_http_convrelay_call_t *call);

/* ms from a prompt to the first words of the LLM; a tool call has ended, and
   tool is the tool's number in the configuration */
void ngx_http_convrelay_account_word(ngx_http_convrelay_call_t *call,
    ngx_msec_t ms);
void ngx_http_convrelay_account_tool(ngx_http_convrelay_call_t *call,
    ngx_uint_t tool, ngx_msec_t ms, const char *outcome);


/* a turn is over: stores the report so far.  The record of the call lives on:
   so does that of its report */
void ngx_http_convrelay_account_store(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_account_alive(ngx_http_convrelay_call_t *call);


#endif /* NGX_HTTP_CONVRELAY_ACCOUNT_H_INCLUDED */
