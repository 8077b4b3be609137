
/*
 * Copyright (C) convrelay contributors
 *
 * Status for operators: the shared memory of the counters, and the locations
 * that show them.
 */


#ifndef NGX_HTTP_CONVRELAY_STATUS_H_INCLUDED
#define NGX_HTTP_CONVRELAY_STATUS_H_INCLUDED


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_target.h"

#include "convrelay_metric_report.h"


typedef struct {
    ngx_str_t                         server;
    ngx_str_t                         location;
    unsigned                          call:1;
    unsigned                          twiml:1;
    unsigned                          action:1;
} ngx_http_convrelay_status_name_t;


typedef struct {
    ngx_str_t                         name;       /* of an LLM or a tool */
    ngx_uint_t                        block;      /* of its location; 0: it has
                                                     no name */
} ngx_http_convrelay_status_part_t;


/* the shared memory, of one configuration */

typedef struct {
    convrelay_metric_store_t         *store;
    ngx_http_convrelay_main_conf_t   *main;
    ngx_pool_t                       *pool;       /* of its names */
    ngx_http_convrelay_status_name_t *names;      /* by block; without data
                                                     where no location has
                                                     it */
    ngx_http_convrelay_status_part_t *llms;       /* the same */
    ngx_http_convrelay_status_part_t *tools;
    ngx_uint_t                        overflow;   /* locations without one */
    ngx_uint_t                        llm_overflow;
    ngx_uint_t                        tool_overflow;
    ngx_event_t                       tick;       /* timer */
} ngx_http_convrelay_status_t;


/* ngx_http_convrelay_status_conf.c */

char *ngx_http_convrelay_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_status_check(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf);


/* ngx_http_convrelay_status_zone.c */

/* creates the zone; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_status_zone(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf);

void ngx_http_convrelay_status_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_convrelay_status_init_process(ngx_cycle_t *cycle);


/* ngx_http_convrelay_status_report.c */

/* collects everything to show, in the pool; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_status_report(ngx_pool_t *pool,
    ngx_http_convrelay_main_conf_t *mcf, convrelay_metric_report_t *report);

/* makes a name of the configuration printable; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_status_shown(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *shown);


/* ngx_http_convrelay_status.c */

ngx_int_t ngx_http_convrelay_status_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_CONVRELAY_STATUS_H_INCLUDED */
