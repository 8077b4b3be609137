
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_report URI [transcript] [retry=N] | off
 * convrelay_report_secret SECRET | off
 */


#include "ngx_http_convrelay_env.h"
#include "ngx_http_convrelay_report.h"

#include "convrelay_secret.h"


#define NGX_HTTP_CONVRELAY_REPORT_RETRY   3
#define NGX_HTTP_CONVRELAY_REPORT_RETRIES 100
#define NGX_HTTP_CONVRELAY_REPORT_SECRET  16    /* bytes, at least */


static ngx_int_t ngx_http_convrelay_report_option(ngx_conf_t *cf,
    ngx_http_convrelay_report_conf_t *rcf, ngx_str_t *word);


char *
ngx_http_convrelay_report(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    u_char                            *p;
    ngx_str_t                         *value, *uri;
    ngx_uint_t                         i;
    ngx_http_convrelay_main_conf_t    *mcf;
    ngx_http_convrelay_report_conf_t  *rcf;

    if (clcf->report != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    uri = &value[1];

    if (cf->args->nelts == 2 && ngx_strcmp(uri->data, "off") == 0) {
        clcf->report = NULL;
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    if (uri->len < 2 || uri->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" of \"convrelay_report\", write "
                           "the URI of a location of this server, such as "
                           "\"/report\", or \"off\"", uri);
        return NGX_CONF_ERROR;
    }

    rcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_report_conf_t));
    if (rcf == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->report = rcf;

    rcf->uri = *uri;
    rcf->retry = NGX_HTTP_CONVRELAY_REPORT_RETRY;
    ngx_queue_init(&rcf->queue);
    ngx_http_convrelay_place(cf, &rcf->place);

    p = ngx_strlchr(uri->data, uri->data + uri->len, '?');

    if (p) {
        rcf->uri.len = p - uri->data;
        rcf->args.data = p + 1;
        rcf->args.len = uri->data + uri->len - p - 1;
    }

    if (ngx_http_convrelay_conf_options(cf, 2, cf->args->nelts)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_convrelay_report_option(cf, rcf, &value[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (mcf->reports == NULL) {
        mcf->reports = ngx_http_convrelay_reports_create(cf, mcf);
    }

    return mcf->reports ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_convrelay_report_option(ngx_conf_t *cf,
    ngx_http_convrelay_report_conf_t *rcf, ngx_str_t *word)
{
    ngx_int_t  n;

    if (ngx_strcmp(word->data, "transcript") == 0) {
        rcf->transcript = 1;
        return NGX_OK;
    }

    if (ngx_strncmp(word->data, "retry=", 6) == 0) {
        n = ngx_atoi(word->data + 6, word->len - 6);

        if (n != NGX_ERROR && n <= NGX_HTTP_CONVRELAY_REPORT_RETRIES) {
            rcf->retry = n;
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\" of \"convrelay_report\", write "
                       "\"transcript\", or how often a delivery that failed is "
                       "tried again, at most %d times, as in \"retry=3\"",
                       word, NGX_HTTP_CONVRELAY_REPORT_RETRIES);

    return NGX_ERROR;
}


char *
ngx_http_convrelay_report_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                   *value;
    ngx_http_convrelay_value_t  *secret;

    if (clcf->report_secret != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        clcf->report_secret = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        return "has an empty secret";
    }

    secret = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_value_t));
    if (secret == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->report_secret = secret;

    return ngx_http_convrelay_value_compile(cf, &value[1], secret, 0);
}


/* the secret is checked as far as it is known; it is not logged */

char *
ngx_http_convrelay_report_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t                    rc;
    ngx_str_t                    secret;
    convrelay_str_t              str;
    ngx_http_convrelay_value_t  *v;

    ngx_conf_merge_ptr_value(conf->report, prev->report, NULL);
    ngx_conf_merge_ptr_value(conf->report_secret, prev->report_secret, NULL);

    v = conf->report_secret;

    if (v == NULL || v->warned || !conf->enable || conf->report == NULL) {
        return NGX_CONF_OK;
    }

    rc = ngx_http_convrelay_env_expand(cf, &v->source, &secret);

    if (rc != NGX_OK || secret.len == 0) {
        return (rc == NGX_ERROR) ? NGX_CONF_ERROR : NGX_CONF_OK;
    }

    str = ngx_http_convrelay_str(&secret);

    if (secret.len < NGX_HTTP_CONVRELAY_REPORT_SECRET
        || convrelay_secret_is_placeholder(&str))
    {
        v->warned = 1;

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &v->place,
                       "the secret of \"convrelay_report_secret\" can be "
                       "guessed: write at least %d random characters",
                       NGX_HTTP_CONVRELAY_REPORT_SECRET);
    }

    return NGX_CONF_OK;
}
