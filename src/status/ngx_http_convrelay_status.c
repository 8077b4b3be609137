
/*
 * Copyright (C) convrelay contributors
 *
 * The content handler of convrelay_status.
 */


#include "ngx_http_convrelay_status.h"
#include "ngx_http_convrelay_status_page.h"


#define NGX_HTTP_CONVRELAY_NONCE_LEN  32     /* hex digits */


static ngx_int_t ngx_http_convrelay_status_prometheus(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_json(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_html(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_status_nonce(ngx_http_request_t *r,
    u_char *nonce);
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

    } else if (conf->status == NGX_HTTP_CONVRELAY_STATUS_HTML
               && (r->args.len != 4
                   || ngx_strncmp(r->args.data, "data", 4) != 0))
    {
        rc = ngx_http_convrelay_status_html(r, &report, &text);

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


/*
 * The page already says what is wrong, so it can be read without the script.
 * The script then requests the data every few seconds.
 */

static ngx_int_t
ngx_http_convrelay_status_html(ngx_http_request_t *r,
    convrelay_metric_report_t *report, ngx_str_t *text)
{
    u_char                    *p, *end;
    unsigned                   n;
    const char                *src, *mark;
    convrelay_metric_cause_t  *causes;
    u_char                     nonce[NGX_HTTP_CONVRELAY_NONCE_LEN + 1];

    ngx_str_set(&r->headers_out.content_type, "text/html");

    causes = ngx_palloc(r->pool, CONVRELAY_METRIC_MAX_CAUSES
                                 * sizeof(convrelay_metric_cause_t));
    if (causes == NULL
        || ngx_http_convrelay_status_nonce(r, nonce) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = convrelay_metric_causes(report, causes);

    /* the nonce replaces "@nonce@" twice */

    text->data = ngx_pnalloc(r->pool,
                             sizeof(ngx_http_convrelay_status_page)
                             + 2 * NGX_HTTP_CONVRELAY_NONCE_LEN
                             + convrelay_metric_html(NULL, causes, n));
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;
    src = ngx_http_convrelay_status_page;

    for ( ;; ) {
        mark = ngx_strchr(src, '@');

        /* skip an "@" such as that of "@media" */

        while (mark && ngx_strncmp(mark, "@nonce@", 7) != 0
               && ngx_strncmp(mark, "@causes@", 8) != 0)
        {
            mark = ngx_strchr(mark + 1, '@');
        }

        end = (u_char *) (mark ? mark : src + ngx_strlen(src));
        p = ngx_cpymem(p, src, end - (u_char *) src);

        if (mark == NULL) {
            break;
        }

        if (mark[1] == 'n') {
            p = ngx_cpymem(p, nonce, NGX_HTTP_CONVRELAY_NONCE_LEN);
            src = mark + 7;

        } else {
            p += convrelay_metric_html(p, causes, n);
            src = mark + 8;
        }
    }

    text->len = p - text->data;

    return NGX_OK;
}


/* makes a nonce that nobody can guess, and sets the headers that need it */

static ngx_int_t
ngx_http_convrelay_status_nonce(ngx_http_request_t *r, u_char *nonce)
{
    u_char  *csp, random[NGX_HTTP_CONVRELAY_NONCE_LEN / 2];

    if (ngx_http_convrelay_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(nonce, random, sizeof(random));
    nonce[NGX_HTTP_CONVRELAY_NONCE_LEN] = '\0';

    csp = ngx_pnalloc(r->pool, 256 + 2 * NGX_HTTP_CONVRELAY_NONCE_LEN);
    if (csp == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(csp, "default-src 'none'; script-src 'nonce-%s'; "
                            "style-src 'nonce-%s'; connect-src 'self'; "
                            "base-uri 'none'; form-action 'none'; "
                            "frame-ancestors 'none'%Z", nonce, nonce);

    if (ngx_http_convrelay_add_header(r, "Content-Security-Policy",
                                      (char *) csp)
        != NGX_OK
        || ngx_http_convrelay_add_header(r, "X-Content-Type-Options",
                                         "nosniff")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_add_header(r, "Referrer-Policy", "no-referrer");
}


static ngx_int_t
ngx_http_convrelay_status_send(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->temporary = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_set(&r->headers_out.charset, "utf-8");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
