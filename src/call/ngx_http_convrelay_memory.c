
/*
 * Copyright (C) convrelay contributors
 *
 * The memory of finished calls is free for the next ones, but glibc returns
 * only the end of its heap to the system, and something is always in use there,
 * such as a keepalive connection to the LLM: 97 % of a peak stays.  So glibc is
 * asked to return the rest after a worker has had no call for a while, at most
 * once a minute: this takes milliseconds, in which the worker serves nobody.
 * The chunk that is kept for the next call is freed as well.
 */


#include "ngx_http_convrelay_call.h"

#if (NGX_HTTP_CONVRELAY_MALLOC_TRIM)
#include <malloc.h>
#endif


#define NGX_HTTP_CONVRELAY_QUIET_TIME  1000     /* ms without a call */
#define NGX_HTTP_CONVRELAY_TRIM_TIME   60000    /* ms between two trims */


static void ngx_http_convrelay_quiet_handler(ngx_event_t *ev);
static void ngx_http_convrelay_quiet_cleanup(void *data);
static void ngx_http_convrelay_memory_free(
    ngx_http_convrelay_main_conf_t *mcf);


void
ngx_http_convrelay_memory_enter(ngx_http_convrelay_main_conf_t *mcf)
{
    mcf->calls++;
}


void
ngx_http_convrelay_memory_leave(ngx_http_convrelay_main_conf_t *mcf)
{
    ngx_msec_int_t  wait;

    if (--mcf->calls || ngx_exiting) {
        return;
    }

    wait = mcf->trim_at - ngx_current_msec;

    if (mcf->trim_at == 0 || wait < NGX_HTTP_CONVRELAY_QUIET_TIME) {
        wait = NGX_HTTP_CONVRELAY_QUIET_TIME;
    }

    ngx_add_timer(&mcf->quiet, wait);
}


static void
ngx_http_convrelay_quiet_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ev->data;

    if (mcf->calls) {
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0, "convrelay memory trim");

    mcf->trim_at = ngx_current_msec + NGX_HTTP_CONVRELAY_TRIM_TIME;

    ngx_http_convrelay_memory_free(mcf);

#if (NGX_HTTP_CONVRELAY_MALLOC_TRIM)
    (void) malloc_trim(0);
#endif
}


ngx_int_t
ngx_http_convrelay_memory_init(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t              *cln;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    mcf->quiet.handler = ngx_http_convrelay_quiet_handler;
    mcf->quiet.data = mcf;
    mcf->quiet.log = &cf->cycle->new_log;
    mcf->quiet.cancelable = 1;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_convrelay_quiet_cleanup;
    cln->data = mcf;

    return NGX_OK;
}


/* without a master process, a replaced configuration leaves its timer */

static void
ngx_http_convrelay_quiet_cleanup(void *data)
{
    ngx_http_convrelay_main_conf_t *mcf = data;

    if (mcf->quiet.timer_set) {
        ngx_del_timer(&mcf->quiet);
    }

    ngx_http_convrelay_memory_free(mcf);
}


static void
ngx_http_convrelay_memory_free(ngx_http_convrelay_main_conf_t *mcf)
{
    if (mcf->chunk) {
        ngx_free(mcf->chunk);
        mcf->chunk = NULL;
    }
}
