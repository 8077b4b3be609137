
/*
 * Copyright (C) convrelay contributors
 *
 * Pages that are part of the module: text with a place for a nonce and perhaps
 * another one, made from HTML by util/page.
 */


#ifndef NGX_HTTP_CONVRELAY_PAGE_H_INCLUDED
#define NGX_HTTP_CONVRELAY_PAGE_H_INCLUDED


#include "ngx_http_convrelay.h"


#define NGX_HTTP_CONVRELAY_NONCE_LEN  32     /* hex digits */


/*
 * What takes the place of "@NAME@" in a page; of that length, which write()
 * writes to p, and returns the end.
 */

typedef struct {
    const char   *mark;     /* "@NAME@" */
    size_t        len;
    u_char     *(*write)(u_char *p, void *data);
    void         *data;
} ngx_http_convrelay_page_part_t;


/*
 * Makes a page in r's pool, with a nonce that nobody can guess in each place of
 * "@nonce@", and adds the headers that go with it: only the page's own style
 * and script are used, it talks only to its own server, and no other page can
 * frame it.  part: another place, or NULL.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_page(ngx_http_request_t *r, const char *page,
    const ngx_http_convrelay_page_part_t *part, ngx_str_t *text);

/*
 * Sends text of r->headers_out.content_type, which nobody may keep.  Returns
 * what a content handler returns.
 */
ngx_int_t ngx_http_convrelay_page_send(ngx_http_request_t *r,
    ngx_str_t *text);


#endif /* NGX_HTTP_CONVRELAY_PAGE_H_INCLUDED */
