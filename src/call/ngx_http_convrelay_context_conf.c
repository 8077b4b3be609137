
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_context URI [timeout=TIME] | off
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_CONTEXT_TIMEOUT  2000


static ngx_int_t ngx_http_convrelay_context_timeout(ngx_conf_t *cf,
    ngx_http_convrelay_context_conf_t *ccf, ngx_str_t *word);


char *
ngx_http_convrelay_context(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    u_char                             *p;
    ngx_str_t                          *value, *uri;
    ngx_http_convrelay_context_conf_t  *ccf;

    if (clcf->context != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    uri = &value[1];

    if (cf->args->nelts == 2 && ngx_strcmp(uri->data, "off") == 0) {
        clcf->context = NULL;
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    if (uri->len < 2 || uri->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" of \"convrelay_context\", write "
                           "the URI of a location of this server, such as "
                           "\"/context\", or \"off\"", uri);
        return NGX_CONF_ERROR;
    }

    ccf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_context_conf_t));
    if (ccf == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->context = ccf;

    ccf->timeout = NGX_HTTP_CONVRELAY_CONTEXT_TIMEOUT;
    ccf->uri = *uri;
    ngx_http_convrelay_place(cf, &ccf->place);

    p = ngx_strlchr(uri->data, uri->data + uri->len, '?');

    if (p) {
        ccf->uri.len = p - uri->data;
        ccf->args.data = p + 1;
        ccf->args.len = uri->data + uri->len - p - 1;
    }

    if (cf->args->nelts == 3
        && ngx_http_convrelay_context_timeout(cf, ccf, &value[2]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_context_timeout(ngx_conf_t *cf,
    ngx_http_convrelay_context_conf_t *ccf, ngx_str_t *word)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(word->data, "timeout=", 8) == 0) {
        s.data = word->data + 8;
        s.len = word->len - 8;

        n = ngx_parse_time(&s, 0);

        if (n != NGX_ERROR && n > 0) {
            ccf->timeout = n;
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\" of \"convrelay_context\", write how "
                       "long the beginning of a call may wait, as in "
                       "\"timeout=2s\"", word);

    return NGX_ERROR;
}
