
/*
 * Copyright (C) convrelay contributors
 *
 * For tests: a server whose requests are as HTTP/3 makes them, where neither
 * this nginx nor a client speaks it.
 *
 *     server {
 *         convrelay_http3;
 *     }
 *
 * A request of HTTP/3 has its version, the host in ":authority" alone, which
 * is not a header, and a body whose end is known when it comes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_CONVRELAY_HTTP3_VERSION  3000


typedef struct {
    ngx_flag_t  enable;
} ngx_http_convrelay_http3_srv_conf_t;


static ngx_int_t ngx_http_convrelay_http3_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_http3_init(ngx_conf_t *cf);
static void *ngx_http_convrelay_http3_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_http3(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_convrelay_http3_commands[] = {

    { ngx_string("convrelay_http3"),
      NGX_HTTP_SRV_CONF|NGX_CONF_NOARGS,
      ngx_http_convrelay_http3,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_http3_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_convrelay_http3_init,         /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_http_convrelay_http3_create_srv_conf,
                                           /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_convrelay_http3_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_http3_module_ctx,  /* module context */
    ngx_http_convrelay_http3_commands,     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_convrelay_http3_handler(ngx_http_request_t *r)
{
    ngx_http_convrelay_http3_srv_conf_t  *conf;

    conf = ngx_http_get_module_srv_conf(r, ngx_http_convrelay_http3_module);

    if (!conf->enable) {
        return NGX_DECLINED;
    }

    r->http_version = NGX_HTTP_CONVRELAY_HTTP3_VERSION;
    ngx_str_set(&r->http_protocol, "HTTP/3.0");
    ngx_str_set(&r->schema, "https");

    if (r->headers_in.host) {
        r->host_start = r->headers_in.host->value.data;
        r->host_end = r->host_start + r->headers_in.host->value.len;
        r->headers_in.host = NULL;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_convrelay_http3_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_convrelay_http3_handler;

    return NGX_OK;
}


static void *
ngx_http_convrelay_http3_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_http3_srv_conf_t));
}


static char *
ngx_http_convrelay_http3(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_http3_srv_conf_t *cscf = conf;

    if (cscf->enable) {
        return "is duplicate";
    }

    cscf->enable = 1;

    return NGX_CONF_OK;
}
