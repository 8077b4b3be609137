
/*
 * Copyright (C) convrelay contributors
 *
 * The content handler of convrelay_status.
 */


#include "ngx_http_convrelay_status.h"


static ngx_int_t ngx_http_convrelay_status_prometheus(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_json(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_send(ngx_http_request_t *r,
    ngx_str_t *text);


ngx_int_t
ngx_http_convrelay_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_str_t                        text;
    convrelay_metric_report_t        report;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_main_conf_t  *mcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        if (ngx_http_convrelay_add_header(r, "Allow", "GET, HEAD") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    if (ngx_http_convrelay_status_report(r->pool, mcf, &report) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conf->status == NGX_HTTP_CONVRELAY_STATUS_PROMETHEUS) {
        rc = ngx_http_convrelay_status_prometheus(r, &report, &text);

    } else {
        rc = ngx_http_convrelay_status_json(r, &report, &text);
    }

    if (rc != NGX_OK
        || ngx_http_convrelay_add_header(r, "Cache-Control", "no-store")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_convrelay_status_send(r, &text);
}


static ngx_int_t
ngx_http_convrelay_status_prometheus(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text)
{
    ngx_str_set(&r->headers_out.content_type, "text/plain; version=0.0.4");

    text->len = convrelay_metric_prometheus(NULL, report);
    text->data = ngx_pnalloc(r->pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_metric_prometheus(text->data, report);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_json(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text)
{
    unsigned                   n;
    convrelay_metric_cause_t  *causes;

    ngx_str_set(&r->headers_out.content_type, "application/json");

    causes = ngx_palloc(r->pool, CONVRELAY_METRIC_MAX_CAUSES
                                 * sizeof(convrelay_metric_cause_t));
    if (causes == NULL) {
        return NGX_ERROR;
    }

    n = convrelay_metric_causes(report, causes);

    text->len = convrelay_metric_json(NULL, report, causes, n);
    text->data = ngx_pnalloc(r->pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_metric_json(text->data, report, causes, n);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_status_send(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_set(&r->headers_out.charset, "utf-8");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->temporary = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
