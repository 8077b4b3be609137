
/*
 * Copyright (C) convrelay contributors
 *
 * The common parts of Twilio's requests: methods, the form in their body, the
 * signature, and a TwiML document as the answer.
 */


#include "ngx_http_convrelay_webhook.h"


static void ngx_http_convrelay_webhook_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_webhook_respond(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_webhook_document(ngx_http_request_t *r,
    ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_webhook_count(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_convrelay_webhook_send(ngx_http_request_t *r,
    ngx_str_t *document);


ngx_int_t
ngx_http_convrelay_webhook(ngx_http_request_t *r,
    ngx_http_convrelay_webhook_pt document)
{
    ngx_int_t                      rc;
    ngx_http_convrelay_webhook_t  *webhook;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        if (ngx_http_convrelay_add_header(r, "Allow", "GET, HEAD, POST")
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_convrelay_webhook_count(r, NGX_HTTP_NOT_ALLOWED);
    }

    webhook = ngx_http_convrelay_get_webhook(r);

    if (webhook == NULL || ngx_http_convrelay_fetch_private(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    webhook->document = document;

    if (r->method != NGX_HTTP_POST) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_convrelay_webhook_respond(r);
    }

    if (r->headers_in.content_length_n > NGX_HTTP_CONVRELAY_MAX_FORM) {
        return ngx_http_convrelay_webhook_count(r,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
    }

    rc = ngx_http_read_client_request_body(r,
                                     ngx_http_convrelay_webhook_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_convrelay_webhook_body_handler(ngx_http_request_t *r)
{
    if (ngx_http_convrelay_body_size(r) > NGX_HTTP_CONVRELAY_MAX_FORM) {
        ngx_http_finalize_request(r, ngx_http_convrelay_webhook_count(r,
                                          NGX_HTTP_REQUEST_ENTITY_TOO_LARGE));
        return;
    }

    ngx_http_finalize_request(r, ngx_http_convrelay_webhook_respond(r));
}


static ngx_int_t
ngx_http_convrelay_webhook_respond(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  document;

    rc = ngx_http_convrelay_webhook_count(r,
                           ngx_http_convrelay_webhook_document(r, &document));

    return (rc == NGX_OK) ? ngx_http_convrelay_webhook_send(r, &document) : rc;
}


/* NGX_OK or an HTTP status */

static ngx_int_t
ngx_http_convrelay_webhook_document(ngx_http_request_t *r,
    ngx_str_t *document)
{
    ngx_int_t                      rc;
    ngx_http_convrelay_webhook_t  *webhook;

    rc = ngx_http_convrelay_signature(r, NULL);
    if (rc != NGX_OK) {
        return rc;
    }

    /* without signature checks, nothing has read the form yet */

    if (ngx_http_convrelay_form(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (webhook->many) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    if (webhook->document(r, document) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


/* of a request that was answered, or failed with a status; returns rc */

static ngx_int_t
ngx_http_convrelay_webhook_count(ngx_http_request_t *r, ngx_int_t rc)
{
    convrelay_metric_e              index;
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (rc == NGX_OK) {
        index = CONVRELAY_METRIC_WEBHOOK_2XX;

    } else if (rc == NGX_HTTP_FORBIDDEN) {
        index = CONVRELAY_METRIC_WEBHOOK_403;

    } else if (rc >= NGX_HTTP_BAD_REQUEST
               && rc < NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        index = CONVRELAY_METRIC_WEBHOOK_4XX;

    } else {
        index = CONVRELAY_METRIC_WEBHOOK_5XX;
    }

    if (clcf->twiml.url == NULL) {
        index += CONVRELAY_METRIC_ACTION_2XX - CONVRELAY_METRIC_WEBHOOK_2XX;
    }

    ngx_http_convrelay_count_n(clcf, index, 1);

    return rc;
}


static ngx_int_t
ngx_http_convrelay_webhook_send(ngx_http_request_t *r, ngx_str_t *document)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = document->data;
    b->last = document->data + document->len;
    b->temporary = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = document->len;

    ngx_str_set(&r->headers_out.content_type, "text/xml");
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
