
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_resume, and what else there is about interruptions.
 */


#ifndef NGX_HTTP_CONVRELAY_PAUSE_H_INCLUDED
#define NGX_HTTP_CONVRELAY_PAUSE_H_INCLUDED


#include "ngx_http_convrelay_call.h"


struct ngx_http_convrelay_pause_s {
    ngx_msec_t                        time;   /* 0: off */
    ngx_http_convrelay_value_t       *phrase; /* or NULL */
};


char *ngx_http_convrelay_pause(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_convrelay_backchannel(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_convrelay_marker(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* sets the markers of conf->session */
void ngx_http_convrelay_marker_merge(ngx_http_convrelay_loc_conf_t *conf);

/* an answer goes on: hands the phrase, if there is one, to the session */
void ngx_http_convrelay_pause_lead(ngx_http_convrelay_call_t *call,
    convrelay_actions_t *out);


#endif /* NGX_HTTP_CONVRELAY_PAUSE_H_INCLUDED */
