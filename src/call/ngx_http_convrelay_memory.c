
/*
 * Copyright (C) convrelay contributors
 *
 * What calls had allocated is free when they are over, but the allocator
 * returns only the end of its heap to the system, and something always lies
 * there, such as a connection to the LLM that is kept.  So it is asked for
 * the rest when a worker's last call has gone and none has come for a while:
 * this takes milliseconds, and nobody is there to be delayed by them.  The
 * chunk that is kept for the next call goes, too.
 */


#include "ngx_http_convrelay_call.h"

#if (NGX_HTTP_CONVRELAY_MALLOC_TRIM)
#include <malloc.h>
#endif


#define NGX_HTTP_CONVRELAY_QUIET_TIME  1000     /* ms without a call */


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
    if (--mcf->calls == 0 && !ngx_exiting) {
        ngx_add_timer(&mcf->quiet, NGX_HTTP_CONVRELAY_QUIET_TIME);
    }
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


/* a configuration that is left behind, where there are no workers */

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
