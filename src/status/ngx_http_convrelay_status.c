
/*
 * Copyright (C) convrelay contributors
 *
 * The content handler of convrelay_status.
 */


#include "ngx_http_convrelay_status.h"
#include "ngx_http_convrelay_page.h"
#include "ngx_http_convrelay_status_page.h"


/* what is wrong, for the page */

typedef struct {
    unsigned                   n;
    convrelay_metric_cause_t  *causes;
} ngx_http_convrelay_status_causes_t;


static ngx_int_t ngx_http_convrelay_status_prometheus(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_json(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_html(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static u_char *ngx_http_convrelay_status_write(u_char *p, void *data);


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

    } else if (conf->status == NGX_HTTP_CONVRELAY_STATUS_HTML
               && (r->args.len != 4
                   || ngx_strncmp(r->args.data, "data", 4) != 0))
    {
        rc = ngx_http_convrelay_status_html(r, &report, &text);

    } else {
        rc = ngx_http_convrelay_status_json(r, &report, &text);
    }

    return (rc == NGX_OK) ? ngx_http_convrelay_page_send(r, &text)
                          : NGX_HTTP_INTERNAL_SERVER_ERROR;
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


/*
 * The page already says what is wrong, so it can be read without the script.
 * The script then requests the data every few seconds.
 */

static ngx_int_t
ngx_http_convrelay_status_html(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text)
{
    ngx_http_convrelay_page_part_t      part;
    ngx_http_convrelay_status_causes_t  wrong;

    wrong.causes = ngx_palloc(r->pool, CONVRELAY_METRIC_MAX_CAUSES
                                       * sizeof(convrelay_metric_cause_t));
    if (wrong.causes == NULL) {
        return NGX_ERROR;
    }

    wrong.n = convrelay_metric_causes(report, wrong.causes);

    part.mark = "@causes@";
    part.len = convrelay_metric_html(NULL, wrong.causes, wrong.n);
    part.write = ngx_http_convrelay_status_write;
    part.data = &wrong;

    return ngx_http_convrelay_page(r, ngx_http_convrelay_status_page, &part,
                                   text);
}


static u_char *
ngx_http_convrelay_status_write(u_char *p, void *data)
{
    ngx_http_convrelay_status_causes_t *wrong = data;

    return p + convrelay_metric_html(p, wrong->causes, wrong->n);
}
