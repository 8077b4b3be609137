
/*
 * Copyright (C) convrelay contributors
 *
 * The opening handshake, RFC 6455 section 4.2: an HTTP request becomes a
 * call.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_talk.h"

#include "convrelay_talk.h"

#include <ngx_sha1.h>


static ngx_uint_t ngx_http_convrelay_check_handshake(ngx_http_request_t *r,
    convrelay_ws_handshake_t *h);
static ngx_int_t ngx_http_convrelay_refuse(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_http_convrelay_switch_protocols(ngx_http_request_t *r,
    convrelay_str_t *key, ngx_uint_t talk);


ngx_int_t
ngx_http_convrelay_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_uint_t                      status, talk;
    convrelay_ws_handshake_t        h;
    ngx_http_convrelay_call_t      *call;
    ngx_http_convrelay_tenant_t     tenant;
    ngx_http_convrelay_captures_t   captures;
    ngx_http_convrelay_loc_conf_t  *clcf;

    if (r != r->main) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "subrequest to a location with \"convrelay\" refused");
        return NGX_HTTP_FORBIDDEN;
    }

    /* reached by error_page, the 101 keeps its own status */

    r->err_status = 0;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    status = ngx_http_convrelay_check_handshake(r, &h);
    if (status != NGX_HTTP_SWITCHING_PROTOCOLS) {
        ngx_http_convrelay_count(clcf, REFUSED_HANDSHAKE);
        return ngx_http_convrelay_refuse(r, status);
    }

    ngx_http_convrelay_captures_keep(r, &captures);

    rc = ngx_http_convrelay_origin(r, &h);

    if (rc == NGX_HTTP_FORBIDDEN) {
        ngx_http_convrelay_count(clcf, REFUSED_ORIGIN);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    tenant.n = 0;

    rc = h.origins ? ngx_http_convrelay_talk_open(r, &clcf) : NGX_DECLINED;

    talk = (rc == NGX_OK);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_convrelay_signature(r, &tenant);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_convrelay_switch_protocols(r, &h.key, talk);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_convrelay_captures_restore(r, &captures);

    call = ngx_http_convrelay_call_create(r, clcf, &tenant);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->browser = (h.origins != 0);

    r->main->count++;

    if (ngx_http_convrelay_call_start(call) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/* the status of the response */

static ngx_uint_t
ngx_http_convrelay_check_handshake(ngx_http_request_t *r,
    convrelay_ws_handshake_t *h)
{
    ngx_uint_t        i, status;
    convrelay_str_t   name, value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    ngx_memzero(h, sizeof(convrelay_ws_handshake_t));

    h->get = (r->method == NGX_HTTP_GET);
    h->http11 = (r->http_version == NGX_HTTP_VERSION_11);
    h->body = (r->headers_in.content_length_n > 0 || r->headers_in.chunked);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            name = ngx_http_convrelay_str(&header[i].key);
            value = ngx_http_convrelay_str(&header[i].value);

            convrelay_ws_handshake_header(h, &name, &value);
        }
    }

    status = convrelay_ws_handshake_check(h);

    if (status == NGX_HTTP_SWITCHING_PROTOCOLS) {
        return status;
    }

    /* this remains of a handshake if a proxy in front is not configured for
       WebSockets */

    if (h->get && (!h->http11 || !h->upgrade || !h->connection)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "client sent invalid websocket handshake: %s; a proxy "
                      "in front has to use HTTP/1.1 and to pass \"Upgrade\" "
                      "and \"Connection\"", h->error);
        return status;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "client sent invalid websocket handshake: %s", h->error);

    return status;
}


static ngx_int_t
ngx_http_convrelay_refuse(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_int_t  rc;

    if (status == NGX_HTTP_NOT_ALLOWED) {
        if (ngx_http_convrelay_add_header(r, "Allow", "GET") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return status;
    }

    if (status != NGX_HTTP_CONVRELAY_UPGRADE_REQUIRED) {
        return status;
    }

    /* nginx has neither a page nor a status line for 426 */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_CONVRELAY_UPGRADE_REQUIRED;
    ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");
    r->headers_out.content_length_n = 0;

    if (ngx_http_convrelay_add_header(r, "Upgrade", "websocket") != NGX_OK
        || ngx_http_convrelay_add_header(r, "Sec-WebSocket-Version", "13")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


static ngx_int_t
ngx_http_convrelay_switch_protocols(ngx_http_request_t *r,
    convrelay_str_t *key, ngx_uint_t talk)
{
    u_char             digest[20], *accept;
    ngx_int_t          rc;
    ngx_str_t          src, dst;
    ngx_sha1_t         sha1;
    ngx_connection_t  *c;

    c = r->connection;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, CONVRELAY_WS_GUID, sizeof(CONVRELAY_WS_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    accept = ngx_pnalloc(r->pool, CONVRELAY_WS_ACCEPT_LEN + 1);
    if (accept == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    src.len = sizeof(digest);
    src.data = digest;
    dst.data = accept;

    ngx_encode_base64(&dst, &src);
    accept[dst.len] = '\0';

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    ngx_http_clear_content_length(r);
    r->keepalive = 0;
    r->limit_rate = 0;
    r->limit_rate_set = 1;

    if (ngx_http_convrelay_add_header(r, "Upgrade", "websocket") != NGX_OK
        || ngx_http_convrelay_add_header(r, "Sec-WebSocket-Accept",
                                         (char *) accept)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* never the other subprotocol, which is the ticket */

    if (talk
        && ngx_http_convrelay_add_header(r, "Sec-WebSocket-Protocol",
                                         CONVRELAY_TALK_PROTOCOL)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_SSL)

    /* frames bypass the buffer of 16 KB that a response would use */

    if (c->ssl && !c->buffered) {
        c->ssl->buffer = 0;
        ngx_ssl_free_buffer(c);
    }

#endif

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    if (!r->header_sent) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "a filter holds back the websocket handshake");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * A long response header has left by now, a short one is postponed.  It is
     * sent without the body filters: some wait for a body.  The part that the
     * socket does not accept is sent before the first frame.
     */

    if ((r->out || c->buffered)
        && ngx_http_write_filter(r, NULL) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return ngx_tcp_nodelay(c);
}
