
/*
 * Copyright (C) convrelay contributors
 *
 * The directives of other modules cannot be read, so mistakes in them are
 * looked for in the first request that a location's handler makes.
 */


#include "ngx_http_convrelay_fetch.h"

#include "convrelay_address.h"
#include "convrelay_sent.h"


static ngx_int_t ngx_http_convrelay_fetch_read(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent, ngx_uint_t line);
static void ngx_http_convrelay_fetch_check_version(
    ngx_http_convrelay_fetch_t *f, convrelay_sent_t *sent);
static void ngx_http_convrelay_fetch_check_blank(
    ngx_http_convrelay_fetch_t *f);
static ngx_int_t ngx_http_convrelay_fetch_check_plain(
    ngx_http_convrelay_fetch_t *f, convrelay_sent_t *sent);
static ngx_int_t ngx_http_convrelay_fetch_is_private(
    ngx_http_convrelay_fetch_t *f, ngx_str_t *peer);
static void ngx_http_convrelay_fetch_check_key(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent);


#define ngx_http_convrelay_fetch_location(f)                                  \
    (&((ngx_http_core_loc_conf_t *)                                           \
       ngx_http_get_module_loc_conf((f)->request, ngx_http_core_module))->name)


ngx_int_t
ngx_http_convrelay_fetch_sent(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent)
{
    return ngx_http_convrelay_fetch_read(f, sent, 0);
}


/* line: the request line alone */

static ngx_int_t
ngx_http_convrelay_fetch_read(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent, ngx_uint_t line)
{
    u_char               *p;
    ngx_buf_t            *b;
    convrelay_str_t       head;
    ngx_http_upstream_t  *u;

    u = f->request->upstream;

    if (u == NULL || u->request_bufs == NULL) {
        return NGX_DECLINED;
    }

    b = u->request_bufs->buf;

    head.data = b->start;
    head.len = b->last - b->start;

    if (line) {
        p = memchr(head.data, LF, head.len);

        if (p) {
            head.len = p - head.data;
        }
    }

    return (convrelay_sent_read(sent, &head) == CONVRELAY_OK) ? NGX_OK
                                                              : NGX_DECLINED;
}


void
ngx_http_convrelay_fetch_check(ngx_http_convrelay_fetch_t *f,
    ngx_http_convrelay_fetch_checked_t *checked)
{
    ngx_uint_t        refused, headers;
    convrelay_sent_t  sent;

    refused = (f->status == NGX_HTTP_UNAUTHORIZED
               || f->status == NGX_HTTP_FORBIDDEN);

    headers = !checked->request || (refused && !checked->key);

    if ((!headers && checked->blank)
        || ngx_http_convrelay_fetch_read(f, &sent, !headers) != NGX_OK)
    {
        return;
    }

    /* the URI depends on the values of each call */

    if (sent.blank && !checked->blank) {
        checked->blank = 1;
        ngx_http_convrelay_fetch_check_blank(f);
    }

    if (!checked->request) {

        if (!checked->version) {
            checked->version = 1;
            ngx_http_convrelay_fetch_check_version(f, &sent);
        }

        if (ngx_http_convrelay_fetch_check_plain(f, &sent) != NGX_AGAIN) {
            checked->request = 1;
        }
    }

    if (refused && !checked->key) {
        checked->key = 1;
        ngx_http_convrelay_fetch_check_key(f, &sent);
    }
}


/* the version of HTTP matters only for streamed answers */

static void
ngx_http_convrelay_fetch_check_version(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent)
{
    if (!sent->http10 || !f->to.stream) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, f->request->connection->log, 0,
                  "requests to the LLM of location \"%V\" are HTTP/1.0, each "
                  "on a new connection: add \"proxy_http_version 1.1;\" and "
                  "\"proxy_set_header Connection \"\";\"",
                  ngx_http_convrelay_fetch_location(f));
}


static void
ngx_http_convrelay_fetch_check_blank(ngx_http_convrelay_fetch_t *f)
{
    ngx_log_error(NGX_LOG_ERR, f->request->connection->log, 0,
                  "location \"%V\" sends a request with a blank in its URI, "
                  "which comes from a variable: write "
                  "\"$convrelay_url_NAME\", which is encoded, in place of "
                  "\"$convrelay_NAME\"",
                  ngx_http_convrelay_fetch_location(f));
}


/* NGX_AGAIN: the destination of the request is not known yet */

static ngx_int_t
ngx_http_convrelay_fetch_check_plain(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent)
{
    ngx_int_t   rc;
    ngx_str_t   peer;

#if (NGX_HTTP_SSL)

    if (f->request->upstream->ssl) {
        return NGX_OK;
    }

#endif

    if (sent->key == CONVRELAY_SENT_NO_KEY
        || sent->key == CONVRELAY_SENT_EMPTY_KEY)
    {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_fetch_is_private(f, &peer);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_log_error(NGX_LOG_ERR, f->request->connection->log, 0,
                  "location \"%V\" sends a key (\"%*s\") to %V without TLS, "
                  "where others can read it: write \"proxy_pass https://...\"",
                  ngx_http_convrelay_fetch_location(f),
                  sent->key_name.len, sent->key_name.data, &peer);

    return NGX_OK;
}


/* NGX_OK: the peer is private; NGX_DECLINED: it is not; NGX_AGAIN: it has no
   address yet */

static ngx_int_t
ngx_http_convrelay_fetch_is_private(ngx_http_convrelay_fetch_t *f,
    ngx_str_t *peer)
{
    int                   private;
    ngx_addr_t            addr;
    ngx_http_upstream_t  *u;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    u = f->request->upstream;

    if (u->state == NULL || u->state->peer == NULL) {
        return NGX_AGAIN;
    }

    *peer = *u->state->peer;

    /* a UNIX domain socket */

    if (peer->len > 5 && ngx_strncmp(peer->data, "unix:", 5) == 0) {
        return NGX_OK;
    }

    /* not an address: the name of a group whose servers have all failed */

    if (ngx_parse_addr_port(f->pool, &addr, peer->data, peer->len) != NGX_OK) {
        return NGX_AGAIN;
    }

    switch (addr.sockaddr->sa_family) {

#if (NGX_HAVE_INET6)

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) addr.sockaddr;
        private = convrelay_address_is_private(sin6->sin6_addr.s6_addr, 16);
        break;

#endif

    default: /* AF_INET */
        sin = (struct sockaddr_in *) addr.sockaddr;
        private = convrelay_address_is_private((u_char *) &sin->sin_addr, 4);
        break;
    }

    return private ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_convrelay_fetch_check_key(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent)
{
    ngx_str_t  *name;
    ngx_log_t  *log;

    name = ngx_http_convrelay_fetch_location(f);
    log = f->request->connection->log;

    switch (sent->key) {

    case CONVRELAY_SENT_NO_KEY:
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "location \"%V\" sends no key and was answered %ui: "
                      "add \"proxy_set_header Authorization ...;\" to the "
                      "location itself, since one with a \"proxy_set_header\" "
                      "of its own inherits none", name, f->status);
        break;

    case CONVRELAY_SENT_EMPTY_KEY:
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "location \"%V\" sends an empty key (\"%*s\") and was "
                      "answered %ui: a variable in it has no value", name,
                      sent->key_name.len, sent->key_name.data, f->status);
        break;

    case CONVRELAY_SENT_NO_SCHEME:
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "location \"%V\" sends \"Authorization\" without a "
                      "scheme and was answered %ui: write "
                      "\"proxy_set_header Authorization \"Bearer KEY\";\"",
                      name, f->status);
        break;

    default: /* CONVRELAY_SENT_KEY */
        break;
    }
}
