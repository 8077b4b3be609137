
/*
 * Copyright (C) convrelay contributors
 *
 * The directives.  Those of TLS have the names and the meanings of proxy's,
 * except that the server's certificate is verified unless that is switched
 * off.
 */


#include "ngx_http_convrelay_redis.h"
#include "ngx_http_convrelay_version.h"


static ngx_int_t ngx_http_convrelay_redis_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_convrelay_redis_init_module(ngx_cycle_t *cycle);
static void *ngx_http_convrelay_redis_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_convrelay_redis_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_redis_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static void ngx_http_convrelay_redis_merge_upstream(
    ngx_http_upstream_conf_t *prev, ngx_http_upstream_conf_t *conf);

#if (NGX_HTTP_SSL)
static char *ngx_http_convrelay_redis_merge_ssl(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *prev,
    ngx_http_convrelay_redis_loc_conf_t *conf);
static char *ngx_http_convrelay_redis_set_ssl(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *conf);
static char *ngx_http_convrelay_redis_shared(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *conf);
#endif

static char *ngx_http_convrelay_redis_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_convrelay_redis_ttl(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_convrelay_redis_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_convrelay_redis_db(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_http_complex_value_t *ngx_http_convrelay_redis_compile(
    ngx_conf_t *cf, ngx_str_t *value);


static ngx_conf_bitmask_t  ngx_http_convrelay_redis_next_upstream[] = {
    { ngx_string("error"), NGX_HTTP_UPSTREAM_FT_ERROR },
    { ngx_string("timeout"), NGX_HTTP_UPSTREAM_FT_TIMEOUT },
    { ngx_string("invalid_response"), NGX_HTTP_UPSTREAM_FT_INVALID_HEADER },
    { ngx_string("not_found"), NGX_HTTP_UPSTREAM_FT_HTTP_404 },
    { ngx_string("off"), NGX_HTTP_UPSTREAM_FT_OFF },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_convrelay_redis_commands[] = {

    { ngx_string("convrelay_redis_pass"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_redis_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_redis_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_HTTP_LIF_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, key),
      NULL },

    { ngx_string("convrelay_redis_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_HTTP_LIF_CONF|NGX_CONF_TAKE1,
      ngx_http_convrelay_redis_ttl,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_redis_auth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE12,
      ngx_http_convrelay_redis_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_redis_db"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_http_convrelay_redis_db,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("convrelay_redis_connect_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.connect_timeout),
      NULL },

    { ngx_string("convrelay_redis_send_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.send_timeout),
      NULL },

    { ngx_string("convrelay_redis_read_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.read_timeout),
      NULL },

    { ngx_string("convrelay_redis_buffer_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.buffer_size),
      NULL },

    { ngx_string("convrelay_redis_next_upstream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.next_upstream),
      &ngx_http_convrelay_redis_next_upstream },

    { ngx_string("convrelay_redis_next_upstream_tries"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t,
               upstream.next_upstream_tries),
      NULL },

    { ngx_string("convrelay_redis_next_upstream_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t,
               upstream.next_upstream_timeout),
      NULL },

#if (NGX_HTTP_SSL)

    { ngx_string("convrelay_redis_ssl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl),
      NULL },

    { ngx_string("convrelay_redis_ssl_verify"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.ssl_verify),
      NULL },

    { ngx_string("convrelay_redis_ssl_verify_depth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl_verify_depth),
      NULL },

    { ngx_string("convrelay_redis_ssl_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl_trusted_certificate),
      NULL },

    { ngx_string("convrelay_redis_ssl_crl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl_crl),
      NULL },

    { ngx_string("convrelay_redis_ssl_name"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.ssl_name),
      NULL },

    { ngx_string("convrelay_redis_ssl_server_name"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, upstream.ssl_server_name),
      NULL },

    { ngx_string("convrelay_redis_ssl_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl_certificate),
      NULL },

    { ngx_string("convrelay_redis_ssl_certificate_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
      |NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_convrelay_redis_loc_conf_t, ssl_certificate_key),
      NULL },

#endif

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_redis_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_convrelay_redis_init,         /* postconfiguration */

    ngx_http_convrelay_redis_create_main_conf,
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_convrelay_redis_create_loc_conf,
    ngx_http_convrelay_redis_merge_loc_conf
};


ngx_module_t  ngx_http_convrelay_redis_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_redis_module_ctx,
    ngx_http_convrelay_redis_commands,
    NGX_HTTP_MODULE,
    NULL,                                  /* init master */
    ngx_http_convrelay_redis_init_module,  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_convrelay_redis_init_module(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_version_log(cycle, &ngx_http_convrelay_redis_module);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_redis_init(ngx_conf_t *cf)
{
    ngx_http_convrelay_redis_pools(
        ngx_http_conf_get_module_main_conf(cf,
                                           ngx_http_convrelay_redis_module));

    return NGX_OK;
}


static void *
ngx_http_convrelay_redis_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_redis_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_redis_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->passes, cf->pool, 4,
                       sizeof(ngx_http_convrelay_redis_loc_conf_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


static void *
ngx_http_convrelay_redis_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_redis_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_redis_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->upstream.next_upstream_tries = NGX_CONF_UNSET_UINT;
    conf->upstream.next_upstream_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.send_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.read_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.buffer_size = NGX_CONF_UNSET_SIZE;

    /* what error_page is for comes from here as from nginx's own pages */

    conf->upstream.intercept_errors = 1;
    conf->upstream.intercept_404 = 1;

    conf->key = NGX_CONF_UNSET_PTR;
    conf->ttl = NGX_CONF_UNSET_PTR;
    conf->user = NGX_CONF_UNSET_PTR;
    conf->password = NGX_CONF_UNSET_PTR;
    conf->db = NGX_CONF_UNSET;
    conf->ssl = NGX_CONF_UNSET;

#if (NGX_HTTP_SSL)
    conf->upstream.ssl_name = NGX_CONF_UNSET_PTR;
    conf->upstream.ssl_server_name = NGX_CONF_UNSET;
    conf->upstream.ssl_verify = NGX_CONF_UNSET;
    conf->upstream.ssl_session_reuse = 1;
    conf->ssl_verify_depth = NGX_CONF_UNSET;
#endif

    return conf;
}


static char *
ngx_http_convrelay_redis_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_convrelay_redis_loc_conf_t *prev = parent;
    ngx_http_convrelay_redis_loc_conf_t *conf = child;

    ngx_uint_t                              inherited;
    ngx_http_core_loc_conf_t               *clcf;
    ngx_http_convrelay_redis_loc_conf_t   **passes;
    ngx_http_convrelay_redis_main_conf_t   *rmcf;

    ngx_http_convrelay_redis_merge_upstream(&prev->upstream, &conf->upstream);

    ngx_conf_merge_ptr_value(conf->key, prev->key, NULL);
    ngx_conf_merge_ptr_value(conf->ttl, prev->ttl, NULL);

    ngx_conf_merge_ptr_value(conf->user, prev->user, NULL);
    ngx_conf_merge_ptr_value(conf->password, prev->password, NULL);
    ngx_conf_merge_value(conf->db, prev->db, 0);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" and "limit_except" are in the same location */

    inherited = clcf->noname && conf->upstream.upstream == NULL
                && conf->pass == NULL;

    if (inherited) {
        conf->upstream.upstream = prev->upstream.upstream;
        conf->pass = prev->pass;
    }

#if (NGX_HTTP_SSL)

    if (ngx_http_convrelay_redis_merge_ssl(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

#endif

    if (conf->upstream.upstream == NULL && conf->pass == NULL) {
        return NGX_CONF_OK;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_http_convrelay_redis_handler;
    }

    if (conf->key == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_pass\" needs a key, for example "
                           "\"convrelay_redis_key $uri;\"");
        return NGX_CONF_ERROR;
    }

    if (conf->upstream.buffer_size < NGX_HTTP_CONVRELAY_REDIS_MIN_BUFFER) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_buffer_size\" is too small: "
                           "write at least \"%dk\"",
                           NGX_HTTP_CONVRELAY_REDIS_MIN_BUFFER / 1024);
        return NGX_CONF_ERROR;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_convrelay_redis_module);

    passes = ngx_array_push(&rmcf->passes);
    if (passes == NULL) {
        return NGX_CONF_ERROR;
    }

    *passes = conf;
    conf->block = inherited;

#if (NGX_HTTP_SSL)

    if (inherited) {
        conf->upstream.ssl = prev->upstream.ssl;
        return NGX_CONF_OK;
    }

    if (conf->ssl
        && ngx_http_convrelay_redis_set_ssl(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_redis_shared(cf, conf);

#else

    return NGX_CONF_OK;

#endif
}


static void
ngx_http_convrelay_redis_merge_upstream(ngx_http_upstream_conf_t *prev,
    ngx_http_upstream_conf_t *conf)
{
    ngx_conf_merge_uint_value(conf->next_upstream_tries,
                              prev->next_upstream_tries, 0);
    ngx_conf_merge_msec_value(conf->next_upstream_timeout,
                              prev->next_upstream_timeout, 0);
    ngx_conf_merge_msec_value(conf->connect_timeout,
                              prev->connect_timeout, 60000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 60000);
    ngx_conf_merge_msec_value(conf->read_timeout, prev->read_timeout, 60000);
    ngx_conf_merge_size_value(conf->buffer_size, prev->buffer_size, 16384);

    ngx_conf_merge_bitmask_value(conf->next_upstream, prev->next_upstream,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_HTTP_UPSTREAM_FT_ERROR
                                  |NGX_HTTP_UPSTREAM_FT_TIMEOUT
                                  |NGX_HTTP_UPSTREAM_FT_INVALID_HEADER));

    if (conf->next_upstream & NGX_HTTP_UPSTREAM_FT_OFF) {
        conf->next_upstream = NGX_CONF_BITMASK_SET|NGX_HTTP_UPSTREAM_FT_OFF;
    }
}


#if (NGX_HTTP_SSL)

static char *
ngx_http_convrelay_redis_merge_ssl(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *prev,
    ngx_http_convrelay_redis_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->ssl, prev->ssl, 0);
    ngx_conf_merge_ptr_value(conf->upstream.ssl_name, prev->upstream.ssl_name,
                             NULL);
    ngx_conf_merge_value(conf->upstream.ssl_server_name,
                         prev->upstream.ssl_server_name, 1);
    ngx_conf_merge_value(conf->upstream.ssl_verify, prev->upstream.ssl_verify,
                         1);
    ngx_conf_merge_value(conf->ssl_verify_depth, prev->ssl_verify_depth, 1);
    ngx_conf_merge_str_value(conf->ssl_trusted_certificate,
                             prev->ssl_trusted_certificate, "");
    ngx_conf_merge_str_value(conf->ssl_crl, prev->ssl_crl, "");
    ngx_conf_merge_str_value(conf->ssl_certificate, prev->ssl_certificate, "");
    ngx_conf_merge_str_value(conf->ssl_certificate_key,
                             prev->ssl_certificate_key, "");

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_redis_set_ssl(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *conf)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    static ngx_str_t  ciphers = ngx_string("DEFAULT");

    if (conf->upstream.ssl_verify && conf->ssl_trusted_certificate.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_ssl on\" verifies the server: "
                           "give the CA with \"convrelay_redis_ssl_trusted_"
                           "certificate FILE;\"");
        return NGX_CONF_ERROR;
    }

    if (!conf->ssl_certificate.len != !conf->ssl_certificate_key.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_ssl_certificate\" and "
                           "\"convrelay_redis_ssl_certificate_key\" need each "
                           "other");
        return NGX_CONF_ERROR;
    }

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_CONF_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_ssl_ciphers(cf, ssl, &ciphers, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->ssl_certificate.len
        && ngx_ssl_certificate(cf, ssl, &conf->ssl_certificate,
                               &conf->ssl_certificate_key, NULL)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->upstream.ssl_verify) {

        if (ngx_ssl_trusted_certificate(cf, ssl, &conf->ssl_trusted_certificate,
                                        conf->ssl_verify_depth)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (ngx_ssl_crl(cf, ssl, &conf->ssl_crl) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_ssl_client_session_cache(cf, ssl, conf->upstream.ssl_session_reuse)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->upstream.ssl = ssl;

    return NGX_CONF_OK;
}


/*
 * An upstream's connections and TLS sessions are kept for all locations that
 * use it: one that was verified differently, or not at all, would be taken.
 */

static char *
ngx_http_convrelay_redis_shared(ngx_conf_t *cf,
    ngx_http_convrelay_redis_loc_conf_t *conf)
{
    ngx_uint_t                              i;
    ngx_http_convrelay_redis_loc_conf_t   **passes;
    ngx_http_convrelay_redis_main_conf_t   *rmcf;

    if (conf->upstream.upstream == NULL) {
        return NGX_CONF_OK;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_convrelay_redis_module);
    passes = rmcf->passes.elts;

    for (i = 0; i < rmcf->passes.nelts; i++) {

        if (passes[i]->upstream.upstream == conf->upstream.upstream
            && !passes[i]->block
            && !ngx_http_convrelay_redis_same_ssl(passes[i], conf))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "two locations with \"convrelay_redis_pass "
                               "%V\" have different \"convrelay_redis_ssl"
                               "...\" settings, but share its connections: "
                               "write an \"upstream\" for each",
                               &conf->upstream.upstream->host);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_convrelay_redis_same_ssl(ngx_http_convrelay_redis_loc_conf_t *one,
    ngx_http_convrelay_redis_loc_conf_t *two)
{
    ngx_http_complex_value_t  *name1, *name2;

    if (!one->ssl && !two->ssl) {
        return 1;
    }

    name1 = one->upstream.ssl_name;
    name2 = two->upstream.ssl_name;

    if (name1 && name2) {

        if (!ngx_http_convrelay_redis_same(&name1->value, &name2->value)) {
            return 0;
        }

    } else if (name1 || name2) {
        return 0;
    }

    return one->ssl == two->ssl
           && one->upstream.ssl_verify == two->upstream.ssl_verify
           && one->upstream.ssl_server_name == two->upstream.ssl_server_name
           && one->ssl_verify_depth == two->ssl_verify_depth
           && ngx_http_convrelay_redis_same(&one->ssl_trusted_certificate,
                                            &two->ssl_trusted_certificate)
           && ngx_http_convrelay_redis_same(&one->ssl_crl, &two->ssl_crl)
           && ngx_http_convrelay_redis_same(&one->ssl_certificate,
                                            &two->ssl_certificate)
           && ngx_http_convrelay_redis_same(&one->ssl_certificate_key,
                                            &two->ssl_certificate_key);
}


#endif


static char *
ngx_http_convrelay_redis_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_redis_loc_conf_t *rlcf = conf;

    ngx_str_t                 *value;
    ngx_url_t                  url;
    ngx_http_core_loc_conf_t  *clcf;

    if (rlcf->upstream.upstream || rlcf->pass) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '/')
        && ngx_strncasecmp(value[1].data, (u_char *) "unix:", 5) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_pass %V\": write an upstream, "
                           "\"host:port\" or \"unix:/path\", without a scheme; "
                           "TLS is \"convrelay_redis_ssl on\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_convrelay_redis_handler;

    if (ngx_http_script_variables_count(&value[1])) {
        rlcf->pass = ngx_http_convrelay_redis_compile(cf, &value[1]);

        return rlcf->pass ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    ngx_memzero(&url, sizeof(ngx_url_t));

    url.url = value[1];
    url.default_port = NGX_HTTP_CONVRELAY_REDIS_PORT;
    url.no_resolve = 1;

    rlcf->upstream.upstream = ngx_http_upstream_add(cf, &url, 0);

    return rlcf->upstream.upstream ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_convrelay_redis_ttl(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_redis_loc_conf_t *rlcf = conf;

    ngx_str_t  *value;

    if (rlcf->ttl != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        rlcf->ttl = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_script_variables_count(&value[1]) == 0
        && ngx_http_convrelay_redis_time(&value[1]) == NGX_ERROR)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_ttl %V\": write a time of at "
                           "least 1ms, such as \"300\" (seconds) or \"5m\", or "
                           "\"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rlcf->ttl = ngx_http_convrelay_redis_compile(cf, &value[1]);

    return rlcf->ttl ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_convrelay_redis_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_redis_loc_conf_t *rlcf = conf;

    ngx_str_t                             *value;
    ngx_uint_t                             i;
    ngx_http_convrelay_redis_main_conf_t  *rmcf;

    if (rlcf->password != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    rlcf->user = NULL;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        rlcf->password = NULL;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"convrelay_redis_auth\" has an empty "
                               "parameter: write \"convrelay_redis_auth "
                               "[USER] PASSWORD;\", or \"off\"");
            return NGX_CONF_ERROR;
        }
    }

    if (cf->args->nelts == 3) {
        rlcf->user = ngx_http_convrelay_redis_compile(cf, &value[1]);
        if (rlcf->user == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rlcf->password = ngx_http_convrelay_redis_compile(cf,
                                              &value[cf->args->nelts - 1]);
    if (rlcf->password == NULL) {
        return NGX_CONF_ERROR;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_convrelay_redis_module);
    rmcf->auth = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_redis_db(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_redis_loc_conf_t *rlcf = conf;

    ngx_str_t                             *value;
    ngx_http_convrelay_redis_main_conf_t  *rmcf;

    if (rlcf->db != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rlcf->db = ngx_atoi(value[1].data, value[1].len);

    if (rlcf->db == NGX_ERROR || rlcf->db > 0x7fffffff) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_redis_db %V\": write a number, such as "
                           "\"1\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_convrelay_redis_module);
    rmcf->db = 1;

    return NGX_CONF_OK;
}


static ngx_http_complex_value_t *
ngx_http_convrelay_redis_compile(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    return ngx_http_compile_complex_value(&ccv) == NGX_OK ? cv : NULL;
}
