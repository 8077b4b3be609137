
/*
 * Copyright (C) convrelay contributors
 *
 * Reports of calls: convrelay_report.  A report is pending from the end of a
 * session until it was delivered, given up, or taken over by another session of
 * the same call.  It holds nothing of the call, whose memory and connection are
 * gone by then.
 */


#ifndef NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED


#include "ngx_http_convrelay.h"

#include "convrelay_report.h"


typedef struct ngx_http_convrelay_report_s  ngx_http_convrelay_report_t;


struct ngx_http_convrelay_report_s {
    ngx_queue_t                       queue;
    ngx_http_convrelay_reports_t     *all;
    ngx_http_convrelay_loc_conf_t    *conf;   /* of the call */
    ngx_http_conf_ctx_t              *ctx;    /* of its server */

    convrelay_report_t                report;
    convrelay_report_out_t            text;   /* that its texts are in */

    ngx_http_convrelay_fetch_t       *fetch;  /* that delivers it, or NULL */
    size_t                            received;       /* bytes of its answer */
    ngx_msec_t                        due;
    ngx_uint_t                        tries;
    unsigned                          again:1;        /* the call is expected to
                                                         have another session */
    unsigned                          last:1; /* there is no other try */
};


/* ngx_http_convrelay_report.c */

/* the reports of a process, none yet; NULL: no memory */
ngx_http_convrelay_reports_t *ngx_http_convrelay_reports_create(
    ngx_conf_t *cf);

/*
 * Copies a report, which then waits to be sent; without memory, or with too
 * many others before it, it is dropped (logged).
 */
void ngx_http_convrelay_report_add(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_loc_conf_t *conf, ngx_http_conf_ctx_t *ctx,
    const convrelay_report_t *report);

/*
 * Another session of a call has begun: the pending report, which the caller of
 * this function owns and frees, or NULL: there is none.
 */
ngx_http_convrelay_report_t *ngx_http_convrelay_report_take(
    ngx_http_convrelay_main_conf_t *mcf, const convrelay_str_t *account,
    const convrelay_str_t *call);
void ngx_http_convrelay_report_free(ngx_http_convrelay_report_t *p);

/* Twilio's request after a session, r, was answered with the document */
void ngx_http_convrelay_report_action(ngx_http_request_t *r,
    ngx_str_t *document);

/* the process ends: logs what is pending */
void ngx_http_convrelay_report_exit_process(ngx_cycle_t *cycle);


/* ngx_http_convrelay_report_conf.c */

char *ngx_http_convrelay_report(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_report_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_report_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);

#endif /* NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED */
