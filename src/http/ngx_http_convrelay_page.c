
/*
 * Copyright (C) convrelay contributors
 *
 * Pages that are part of the module.
 */


#include "ngx_http_convrelay_page.h"


#define NGX_HTTP_CONVRELAY_NONCE_MARK  "@nonce@"


static size_t ngx_http_convrelay_page_write(u_char *p, const char *page,
    const u_char *nonce, const ngx_http_convrelay_page_part_t *part);
static ngx_int_t ngx_http_convrelay_page_headers(ngx_http_request_t *r,
    u_char *nonce);


ngx_int_t
ngx_http_convrelay_page(ngx_http_request_t *r, const char *page,
    const ngx_http_convrelay_page_part_t *part, ngx_str_t *text)
{
    u_char  nonce[NGX_HTTP_CONVRELAY_NONCE_LEN + 1];

    ngx_str_set(&r->headers_out.content_type, "text/html");

    if (ngx_http_convrelay_page_headers(r, nonce) != NGX_OK) {
        return NGX_ERROR;
    }

    text->len = ngx_http_convrelay_page_write(NULL, page, nonce, part);

    text->data = ngx_pnalloc(r->pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_convrelay_page_write(text->data, page, nonce, part);

    return NGX_OK;
}


/* the length of the page; writes it unless p is NULL */

static size_t
ngx_http_convrelay_page_write(u_char *p, const char *page,
    const u_char *nonce, const ngx_http_convrelay_page_part_t *part)
{
    size_t       len, n, mark_len, part_len;
    const char  *mark;

    mark_len = sizeof(NGX_HTTP_CONVRELAY_NONCE_MARK) - 1;
    part_len = part ? ngx_strlen(part->mark) : 0;
    len = 0;

    for ( ;; ) {
        mark = ngx_strchr(page, '@');

        /* skip an "@" such as that of "@media" */

        while (mark
               && ngx_strncmp(mark, NGX_HTTP_CONVRELAY_NONCE_MARK, mark_len)
                  != 0
               && (part == NULL
                   || ngx_strncmp(mark, part->mark, part_len) != 0))
        {
            mark = ngx_strchr(mark + 1, '@');
        }

        n = mark ? (size_t) (mark - page) : ngx_strlen(page);
        len += n;

        if (p) {
            p = ngx_cpymem(p, page, n);
        }

        if (mark == NULL) {
            return len;
        }

        if (part && ngx_strncmp(mark, part->mark, part_len) == 0) {
            len += part->len;
            page = mark + part_len;

            if (p) {
                p = part->write(p, part->data);
            }

            continue;
        }

        len += NGX_HTTP_CONVRELAY_NONCE_LEN;
        page = mark + mark_len;

        if (p) {
            p = ngx_cpymem(p, nonce, NGX_HTTP_CONVRELAY_NONCE_LEN);
        }
    }
}


static ngx_int_t
ngx_http_convrelay_page_headers(ngx_http_request_t *r, u_char *nonce)
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


ngx_int_t
ngx_http_convrelay_page_send(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    if (ngx_http_convrelay_add_header(r, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
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
