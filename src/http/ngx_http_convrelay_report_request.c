
/*
 * Copyright (C) convrelay contributors
 *
 * The request that delivers a report.
 */


#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_report.h"

#include "convrelay_hmac.h"


#define NGX_HTTP_CONVRELAY_REPORT_TIMEOUT  10000  /* ms, of a delivery */
#define NGX_HTTP_CONVRELAY_REPORT_RECEIVED 131072 /* bytes of its answer, with
                                                     all framing */


static ngx_int_t ngx_http_convrelay_report_sign(
    ngx_http_convrelay_report_t *p, ngx_http_convrelay_fetch_t *f,
    ngx_buf_t *body, ngx_str_t *value);


ngx_int_t
ngx_http_convrelay_report_request(ngx_http_convrelay_report_t *p,
    ngx_http_convrelay_fetch_t *f)
{
    u_char                              *key;
    const char                          *end;
    ngx_buf_t                           *b;
    ngx_keyval_t                        *header;
    convrelay_report_out_t               out;
    ngx_http_convrelay_report_conf_t    *rcf;
    ngx_http_convrelay_fetch_request_t  *to;

    rcf = p->conf->report;
    to = &f->to;

    ngx_memzero(&out, sizeof(convrelay_report_out_t));

    end = convrelay_metric_value(CONVRELAY_METRIC_SESSION_HANGUP
                                 + p->report.figures.end);

    convrelay_report_body(&out, &p->report, end, rcf->transcript);

    b = out.failed ? NULL : ngx_create_temp_buf(f->pool, out.len);

    if (b) {
        b->last = ngx_cpymem(b->last, out.data, out.len);
    }

    convrelay_report_free(&out);

    header = ngx_pcalloc(f->pool, 2 * sizeof(ngx_keyval_t));
    key = ngx_pnalloc(f->pool, CONVRELAY_REPORT_KEY);

    if (b == NULL || header == NULL || key == NULL) {
        return NGX_ERROR;
    }

    convrelay_report_key(key, &p->report);

    ngx_str_set(&header[0].key, "Idempotency-Key");
    header[0].value.data = key;
    header[0].value.len = CONVRELAY_REPORT_KEY;

    to->headers = header;
    to->nheaders = 1;

    if (p->conf->report_secret) {
        ngx_str_set(&header[1].key, "X-Convrelay-Signature");

        if (ngx_http_convrelay_report_sign(p, f, b, &header[1].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        to->nheaders = 2;
    }

    to->uri = rcf->uri;
    to->args = rcf->args;
    to->timeout = NGX_HTTP_CONVRELAY_REPORT_TIMEOUT;
    to->max_received = NGX_HTTP_CONVRELAY_REPORT_RECEIVED;
    to->body = b;

    ngx_str_set(&to->content_type, "application/json");
    ngx_str_set(&to->accept, "*/*");

    return NGX_OK;
}


/* t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>"> */

static ngx_int_t
ngx_http_convrelay_report_sign(ngx_http_convrelay_report_t *p,
    ngx_http_convrelay_fetch_t *f, ngx_buf_t *body, ngx_str_t *value)
{
    u_char           *last;
    u_char            digest[CONVRELAY_SHA256_LEN];
    u_char            stamp[NGX_TIME_T_LEN + 1];
    convrelay_str_t   secret, texts[2];

    if (ngx_http_convrelay_value_text(f->main, p->conf->report_secret, &secret)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (secret.len == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "\"convrelay_report_secret %V\" is empty, the report is "
                      "not sent", &p->conf->report_secret->source);
        return NGX_ERROR;
    }

    texts[0].data = stamp;
    texts[0].len = ngx_sprintf(stamp, "%T.", ngx_time()) - stamp;
    texts[1].data = body->pos;
    texts[1].len = body->last - body->pos;

    convrelay_hmac_sha256(&secret, texts, 2, digest);

    value->data = ngx_pnalloc(f->pool, sizeof("t=,v1=") + texts[0].len
                                       + 2 * CONVRELAY_SHA256_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(value->data, "t=%*s,v1=", texts[0].len - 1, stamp);
    last = ngx_hex_dump(last, digest, CONVRELAY_SHA256_LEN);

    value->len = last - value->data;

    return NGX_OK;
}
