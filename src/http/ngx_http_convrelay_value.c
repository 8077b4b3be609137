
/*
 * Copyright (C) convrelay contributors
 *
 * Values of directives.  They are like nginx's complex values, but their source
 * is kept, so that everything known when the configuration is read can be
 * checked then.
 */


#include "ngx_http_convrelay.h"


static char *ngx_http_convrelay_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf, ngx_uint_t phrase);


char *
ngx_http_convrelay_phrase_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_convrelay_slot(cf, cmd, conf, 1);
}


char *
ngx_http_convrelay_value_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_convrelay_slot(cf, cmd, conf, 0);
}


static char *
ngx_http_convrelay_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf,
    ngx_uint_t phrase)
{
    char  *p = conf;

    ngx_str_t                    *value;
    ngx_http_convrelay_value_t  **v;

    v = (ngx_http_convrelay_value_t **) (p + cmd->offset);

    if (*v != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *v = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_value_t));
    if (*v == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    return ngx_http_convrelay_value_compile(cf, &value[1], *v, phrase);
}


/*
 * Setters of directives that have no meaning without "convrelay": a location
 * that has one of them but not "convrelay" is probably an open LLM.
 */

char *
ngx_http_convrelay_own_value_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_place(cf, &clcf->own);

    return ngx_http_convrelay_value_slot(cf, cmd, conf);
}


char *
ngx_http_convrelay_own_phrase_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_place(cf, &clcf->own);

    return ngx_http_convrelay_phrase_slot(cf, cmd, conf);
}


char *
ngx_http_convrelay_own_msec_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_place(cf, &clcf->own);

    return ngx_conf_set_msec_slot(cf, cmd, conf);
}


char *
ngx_http_convrelay_value_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_value_t *v, ngx_uint_t phrase)
{
    ngx_http_compile_complex_value_t  ccv;

    if (phrase && ngx_http_convrelay_phrase_check(cf, source) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(v, sizeof(ngx_http_convrelay_value_t));

    v->source = *source;
    ngx_http_convrelay_place(cf, &v->place);

    v->value = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (v->value == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = source;
    ccv.complex_value = v->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* a capture in nginx's syntax is an amount in a phrase */

char *
ngx_http_convrelay_phrase_check(ngx_conf_t *cf, ngx_str_t *source)
{
    size_t  i;

    for (i = 0; i + 1 < source->len; i++) {

        if (source->data[i] == '$'
            && source->data[i + 1] >= '0' && source->data[i + 1] <= '9')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"$%c\" in a phrase would be a regex capture, "
                               "not an amount: write it in words, or put a "
                               "prompt into a file that "
                               "\"convrelay_system_prompt_file\" names",
                               source->data[i + 1]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_convrelay_value_text(ngx_http_request_t *r,
    ngx_http_convrelay_value_t *value, convrelay_str_t *text)
{
    ngx_str_t  str;

    if (value->value == NULL) {
        *text = ngx_http_convrelay_str(&value->source);
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, value->value, &str) != NGX_OK) {
        return NGX_ERROR;
    }

    *text = ngx_http_convrelay_str(&str);

    return NGX_OK;
}


ngx_http_convrelay_ctx_t *
ngx_http_convrelay_get_ctx(ngx_http_request_t *r)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_convrelay_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_convrelay_module);
    }

    return ctx;
}


ngx_http_convrelay_webhook_t *
ngx_http_convrelay_get_webhook(ngx_http_request_t *r)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_convrelay_get_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    if (ctx->webhook == NULL) {
        ctx->webhook = ngx_pcalloc(r->pool,
                                   sizeof(ngx_http_convrelay_webhook_t));
    }

    return ctx->webhook;
}


ngx_int_t
ngx_http_convrelay_read_file(ngx_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log, ngx_str_t *name, ngx_str_t *label, off_t max,
    ngx_str_t *content, ngx_file_info_t *fi)
{
    ssize_t     n;
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *label;
    file.log = log;
    rc = NGX_ERROR;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                            NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {

        if (ngx_errno == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        ngx_log_error(level, log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed", label);
        return NGX_ERROR;
    }

    if (ngx_fd_info(file.fd, fi) == NGX_FILE_ERROR) {
        ngx_log_error(level, log, ngx_errno,
                      ngx_fd_info_n " \"%V\" failed", label);
        goto done;
    }

    if (!ngx_is_file(fi) || ngx_file_size(fi) > max) {
        ngx_log_error(level, log, 0,
                      "\"%V\" is not a regular file of at most %O bytes",
                      label, max);
        goto done;
    }

    content->data = ngx_pnalloc(pool, (size_t) ngx_file_size(fi) + 1);
    if (content->data == NULL) {
        goto done;
    }

    n = 0;

    if (ngx_file_size(fi) > 0) {
        n = ngx_read_file(&file, content->data, (size_t) ngx_file_size(fi), 0);
        if (n == NGX_ERROR) {
            goto done;
        }
    }

    content->len = n;
    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", label);
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_variables_add(ngx_conf_t *cf, ngx_http_variable_t *table)
{
    ngx_http_variable_t  *var, *v;

    for (v = table; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
