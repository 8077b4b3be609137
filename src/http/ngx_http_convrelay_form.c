
/*
 * Copyright (C) convrelay contributors
 *
 * The form parameters of a webhook, and the members of the hand-off data in
 * them.
 */


#include "ngx_http_convrelay.h"

#include "convrelay_form.h"
#include "convrelay_handoff.h"


static ngx_uint_t ngx_http_convrelay_form_complete(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_form_source(ngx_http_request_t *r,
    ngx_str_t *data);
static ngx_int_t ngx_http_convrelay_form_body(ngx_http_request_t *r,
    ngx_str_t *data);

static ngx_int_t ngx_http_convrelay_handoff_members(ngx_http_request_t *r,
    convrelay_handoff_t *h, ngx_array_t *members);
static ngx_int_t ngx_http_convrelay_handoff_copy(ngx_http_request_t *r,
    convrelay_str_t *dst, convrelay_str_t *src);


ngx_array_t *
ngx_http_convrelay_form(ngx_http_request_t *r)
{
    u_char                        *pos, *last;
    ngx_str_t                      data;
    ngx_uint_t                     n;
    ngx_array_t                   *form;
    convrelay_pair_t               pair, *p;
    ngx_http_convrelay_webhook_t  *webhook;

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NULL;
    }

    if (webhook->form) {
        return webhook->form;
    }

    if (ngx_http_convrelay_form_source(r, &data) != NGX_OK) {
        return NULL;
    }

    n = convrelay_form_count(data.data, data.len);

    if (n > NGX_HTTP_CONVRELAY_MAX_PAIRS) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "client sent a form with %ui parameters, limit is %d",
                      n, NGX_HTTP_CONVRELAY_MAX_PAIRS);

        webhook->many = 1;
        data.len = 0;
        n = 0;
    }

    form = ngx_array_create(r->pool, ngx_max(n, 1), sizeof(convrelay_pair_t));
    if (form == NULL) {
        return NULL;
    }

    pos = data.data;
    last = data.data + data.len;

    while (convrelay_form_next(&pos, last, &pair) == CONVRELAY_OK) {

        p = ngx_array_push(form);
        if (p == NULL) {
            return NULL;
        }

        *p = pair;
    }

    if (ngx_http_convrelay_form_complete(r)) {
        webhook->form = form;
    }

    return form;
}


ngx_int_t
ngx_http_convrelay_form_value(ngx_http_request_t *r, ngx_str_t *name,
    convrelay_str_t *value)
{
    ngx_array_t            *form;
    convrelay_str_t         str;
    const convrelay_str_t  *found;

    form = ngx_http_convrelay_form(r);
    if (form == NULL) {
        return NGX_ERROR;
    }

    str = ngx_http_convrelay_str(name);

    found = convrelay_pair_find(form->elts, form->nelts, &str);

    if (found == NULL) {
        return NGX_DECLINED;
    }

    *value = *found;

    return NGX_OK;
}


/*
 * Variables of the form can be evaluated at any time in any request: before its
 * body was read, meanwhile, after it broke off, or when it is passed to an
 * upstream unread.  A form that was cut has values that nobody sent, so it does
 * not count as a form, and the next evaluation tries again.
 */

static ngx_uint_t
ngx_http_convrelay_form_complete(ngx_http_request_t *r)
{
    return r->method != NGX_HTTP_POST
           || (r->request_body && r->request_body->rest <= 0
               && !r->request_body_no_buffering);
}


/* a copy that may be written to */

static ngx_int_t
ngx_http_convrelay_form_source(ngx_http_request_t *r, ngx_str_t *data)
{
    if (!ngx_http_convrelay_form_complete(r)) {
        ngx_str_set(data, "");
        return NGX_OK;
    }

    if (r->method == NGX_HTTP_POST) {
        return ngx_http_convrelay_form_body(r, data);
    }

    data->len = r->args.len;
    data->data = ngx_pnalloc(r->pool, ngx_max(r->args.len, 1));
    if (data->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(data->data, r->args.data, r->args.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_form_body(ngx_http_request_t *r, ngx_str_t *data)
{
    off_t             size;
    size_t            len;
    ngx_table_elt_t  *type;

    static const char  name[] = "application/x-www-form-urlencoded";

    type = r->headers_in.content_type;
    len = sizeof(name) - 1;

    ngx_str_set(data, "");

    /* parameters may follow */

    if (type == NULL || type->value.len < len
        || ngx_strncasecmp(type->value.data, (u_char *) name, len) != 0
        || (type->value.len > len
            && ngx_strchr("; \t", type->value.data[len]) == NULL))
    {
        return NGX_OK;
    }

    /* a webhook would have been refused; other locations have other limits */

    size = ngx_http_convrelay_body_size(r);

    if (size > NGX_HTTP_CONVRELAY_MAX_FORM) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "client sent a form of %O bytes, limit for variables "
                      "is %d", size, NGX_HTTP_CONVRELAY_MAX_FORM);
        return NGX_OK;
    }

    return ngx_http_convrelay_body(r, data);
}


off_t
ngx_http_convrelay_body_size(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *cl;

    size = 0;

    /* a subrequest of "mirror" is a POST, perhaps without a body */

    cl = r->request_body ? r->request_body->bufs : NULL;

    for ( /* void */ ; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    return size;
}


ngx_int_t
ngx_http_convrelay_body(ngx_http_request_t *r, ngx_str_t *data)
{
    u_char       *p;
    size_t        size;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_set(data, "");

    size = (size_t) ngx_http_convrelay_body_size(r);

    if (size == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    data->data = p;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        /* the end of a body may be an empty buffer */

        if (!b->in_file) {
            continue;
        }

        /* nginx closes the file after an upstream has read it */

        if (b->file->fd == NGX_INVALID_FILE) {
            ngx_str_set(data, "");
            return NGX_OK;
        }

        n = ngx_read_file(b->file, p, (size_t) ngx_buf_size(b), b->file_pos);

        if (n != (ssize_t) ngx_buf_size(b)) {
            return NGX_ERROR;
        }

        p += n;
    }

    data->len = p - data->data;

    return NGX_OK;
}


ngx_array_t *
ngx_http_convrelay_handoff(ngx_http_request_t *r)
{
    u_char                        *copy;
    ngx_int_t                      rc;
    ngx_array_t                   *members;
    convrelay_str_t                data;
    convrelay_handoff_t            h;
    ngx_http_convrelay_webhook_t  *webhook;

    rc = ngx_http_convrelay_handoff_text(r, &data);
    if (rc == NGX_ERROR) {
        return NULL;
    }

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NULL;
    }

    if (webhook->handoff) {
        return webhook->handoff;
    }

    members = ngx_array_create(r->pool, 4, sizeof(convrelay_pair_t));
    if (members == NULL) {
        return NULL;
    }

    if (rc == NGX_OK && data.len) {

        copy = ngx_pnalloc(r->pool, data.len);
        if (copy == NULL) {
            return NULL;
        }

        ngx_memcpy(copy, data.data, data.len);

        rc = convrelay_handoff_open(&h, copy, data.len);

        if (rc == CONVRELAY_ERROR) {
            return NULL;
        }

        if (rc == CONVRELAY_OK) {
            webhook->json = 1;

            rc = ngx_http_convrelay_handoff_members(r, &h, members);
            convrelay_handoff_close(&h);

            if (rc != NGX_OK) {
                return NULL;
            }
        }
    }

    /* like form: if the body was not read yet, a later call tries again */

    if (webhook->form) {
        webhook->handoff = members;
    }

    return members;
}


ngx_int_t
ngx_http_convrelay_handoff_text(ngx_http_request_t *r, convrelay_str_t *data)
{
    static ngx_str_t  name = ngx_string("HandoffData");

    return ngx_http_convrelay_form_value(r, &name, data);
}


static ngx_int_t
ngx_http_convrelay_handoff_members(ngx_http_request_t *r,
    convrelay_handoff_t *h, ngx_array_t *members)
{
    convrelay_pair_t   pair, *member;

    while (members->nelts < NGX_HTTP_CONVRELAY_MAX_PAIRS
           && convrelay_handoff_next(h, &pair) == CONVRELAY_OK)
    {

        member = ngx_array_push(members);
        if (member == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_convrelay_handoff_copy(r, &member->name, &pair.name)
            != NGX_OK
            || ngx_http_convrelay_handoff_copy(r, &member->value, &pair.value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_handoff_copy(ngx_http_request_t *r, convrelay_str_t *dst,
    convrelay_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pnalloc(r->pool, ngx_max(src->len, 1));
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, src->len);

    return NGX_OK;
}
