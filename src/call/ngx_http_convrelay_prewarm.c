
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_prewarm: a connection to the LLM for the first prompt of a call.
 *
 * A small request at the beginning of a call, to a location with the same
 * upstream, leaves its connection with "keepalive" there: by the time of the
 * first prompt, names are resolved, and TCP and TLS are through.  It belongs to
 * the worker, not to the call, which may end before it.
 */


#include "ngx_http_convrelay_prewarm.h"


#define NGX_HTTP_CONVRELAY_PREWARM_IDLE     30000     /* ms; connections that
                                                         were used later are
                                                         probably still there */
#define NGX_HTTP_CONVRELAY_PREWARM_TIMEOUT  3000      /* ms, for all of it */
#define NGX_HTTP_CONVRELAY_PREWARM_MAX      8         /* at the same time, of
                                                         different directives */
#define NGX_HTTP_CONVRELAY_PREWARM_FAILING  4         /* ... while the last one
                                                         of it has failed */
#define NGX_HTTP_CONVRELAY_PREWARM_ANSWER   1048576   /* bytes; a list of
                                                         models can be long */


/* in the pool of its fetch */

typedef struct {
    ngx_http_convrelay_loc_conf_t    *conf;
    ngx_http_convrelay_main_conf_t   *main;
} ngx_http_convrelay_prewarm_t;


static ngx_uint_t ngx_http_convrelay_prewarm_may(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_loc_conf_t *conf);
static ngx_uint_t ngx_http_convrelay_prewarm_idle(ngx_msec_t time);
static void ngx_http_convrelay_prewarm_end(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_prewarm_log(ngx_http_convrelay_loc_conf_t *conf,
    const char *phrase, ngx_uint_t status);
static void ngx_http_convrelay_prewarm_cleanup(void *data);


static const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_prewarm_sink = {
    NULL,
    NULL,
    NULL,
    ngx_http_convrelay_prewarm_end
};


void
ngx_http_convrelay_prewarm_start(ngx_http_convrelay_call_t *call)
{
    ngx_http_core_srv_conf_t            *cscf;
    ngx_http_convrelay_fetch_t          *f;
    ngx_http_convrelay_prewarm_t        *p;
    ngx_http_convrelay_loc_conf_t       *conf;
    ngx_http_convrelay_main_conf_t      *mcf;
    ngx_http_convrelay_fetch_request_t  *to;

    conf = call->conf;
    mcf = call->main;

    if (!ngx_http_convrelay_prewarm_may(mcf, conf)
        || ngx_exiting || ngx_terminate || ngx_quit
        || !ngx_http_convrelay_prewarm_idle(conf->llm.answered)
        || !ngx_http_convrelay_prewarm_idle(conf->llm.prewarmed))
    {
        return;
    }

    conf->llm.prewarmed = ngx_current_msec ? ngx_current_msec : 1;

    cscf = ngx_http_get_module_srv_conf(call->request, ngx_http_core_module);

    f = ngx_http_convrelay_fetch_create_alone(cscf->ctx);
    if (f == NULL) {
        ngx_http_convrelay_prewarm_log(conf, "could not be sent", 0);
        return;
    }

    p = ngx_palloc(f->pool, sizeof(ngx_http_convrelay_prewarm_t));
    if (p == NULL) {
        ngx_http_convrelay_fetch_free(f);
        return;
    }

    p->conf = conf;
    p->main = mcf;

    to = &f->to;

    to->uri = conf->prewarm->uri;
    to->args = conf->prewarm->args;
    to->method = NGX_HTTP_GET;
    ngx_str_set(&to->method_name, "GET");
    ngx_str_set(&to->accept, "application/json");
    to->timeout = NGX_HTTP_CONVRELAY_PREWARM_TIMEOUT;
    to->max_size = NGX_HTTP_CONVRELAY_PREWARM_ANSWER;
    to->max_received = NGX_HTTP_CONVRELAY_PREWARM_ANSWER;
    to->stream = 1;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay prewarm \"%V\"", &to->uri);

    if (ngx_http_convrelay_fetch_start(f, &ngx_http_convrelay_prewarm_sink, p)
        != NGX_OK)
    {
        ngx_http_convrelay_prewarm_log(conf, "could not be sent", 0);
        return;
    }

    conf->prewarm->fetch = f;
    mcf->prewarms++;
}


/* an LLM that hangs must not have the turns of the others */

static ngx_uint_t
ngx_http_convrelay_prewarm_may(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    return conf->prewarm->fetch == NULL
           && mcf->prewarms < (conf->llm.prewarm_logged
                               ? NGX_HTTP_CONVRELAY_PREWARM_FAILING
                               : NGX_HTTP_CONVRELAY_PREWARM_MAX);
}


/* time: when something last happened, or 0 */

static ngx_uint_t
ngx_http_convrelay_prewarm_idle(ngx_msec_t time)
{
    return time == 0
           || ngx_current_msec - time >= NGX_HTTP_CONVRELAY_PREWARM_IDLE;
}


/* whatever the LLM says, "404 Not Found" included: there is a connection */

static void
ngx_http_convrelay_prewarm_end(ngx_http_convrelay_fetch_t *f)
{
    ngx_uint_t                       status;
    ngx_http_convrelay_prewarm_t    *p = f->data;
    ngx_http_convrelay_fetch_end_e   end;

    p->conf->prewarm->fetch = NULL;
    p->main->prewarms--;

    end = ngx_http_convrelay_fetch_result(f);
    status = f->status;

    if (end == NGX_HTTP_CONVRELAY_FETCH_ENCODED) {
        end = NGX_HTTP_CONVRELAY_FETCH_OK;
    }

    if (end != NGX_HTTP_CONVRELAY_FETCH_OK) {

        if (!ngx_exiting && !ngx_terminate) {
            ngx_http_convrelay_prewarm_log(p->conf,
                                         ngx_http_convrelay_fetch_phrase(end),
                                         status);
        }

        return;
    }

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_http_convrelay_prewarm_log(p->conf, "failed", status);
        return;
    }

    p->conf->llm.prewarm_logged = 0;
}


/* once, until it succeeds again: calls go on without it */

static void
ngx_http_convrelay_prewarm_log(ngx_http_convrelay_loc_conf_t *conf,
    const char *phrase, ngx_uint_t status)
{
    if (conf->llm.prewarm_logged) {
        return;
    }

    conf->llm.prewarm_logged = 1;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "prewarm \"%V\" %s, status: %ui, the first prompt of a call "
                  "may wait for a connection", &conf->prewarm->uri, phrase,
                  status);
}


char *
ngx_http_convrelay_prewarm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    u_char                             *p;
    ngx_str_t                          *value, *uri;
    ngx_pool_cleanup_t                 *cln;
    ngx_http_convrelay_prewarm_conf_t  *pcf;

    if (clcf->prewarm != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    uri = &value[1];

    if (ngx_strcmp(uri->data, "off") == 0) {
        clcf->prewarm = NULL;
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    if (uri->len < 2 || uri->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" of \"convrelay_prewarm\", write "
                           "the URI of a location of this server, such as "
                           "\"/prewarm\", or \"off\"", uri);
        return NGX_CONF_ERROR;
    }

    pcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_prewarm_conf_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (pcf == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_convrelay_prewarm_cleanup;
    cln->data = pcf;

    clcf->prewarm = pcf;

    pcf->uri = *uri;
    ngx_http_convrelay_place(cf, &pcf->place);

    p = ngx_strlchr(uri->data, uri->data + uri->len, '?');

    if (p) {
        pcf->uri.len = p - uri->data;
        pcf->args.data = p + 1;
        pcf->args.len = uri->data + uri->len - p - 1;
    }

    return NGX_CONF_OK;
}


/* without a master process, the configuration may end while it runs */

static void
ngx_http_convrelay_prewarm_cleanup(void *data)
{
    ngx_http_convrelay_prewarm_conf_t *pcf = data;

    if (pcf->fetch && ngx_process == NGX_PROCESS_SINGLE) {
        ngx_http_convrelay_fetch_cancel(pcf->fetch);
    }
}
