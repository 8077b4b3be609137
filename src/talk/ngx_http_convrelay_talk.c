
/*
 * Copyright (C) convrelay contributors
 *
 * The content handler of convrelay_talk: the page, and a ticket for it.  The
 * location's access control applies to both; the WebSocket asks only for the
 * ticket, because not all browsers send credentials with it.
 */


#include "ngx_http_convrelay_talk.h"
#include "ngx_http_convrelay_page.h"
#include "ngx_http_convrelay_talk_page.h"
#include "ngx_http_convrelay_webhook.h"

#include "convrelay_talk.h"
#include "convrelay_talk_answer.h"


#define NGX_HTTP_CONVRELAY_TALK_SID  14      /* random bytes in a SID */


static ngx_int_t ngx_http_convrelay_talk_get(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_talk_post(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_talk_from(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_talk_document(ngx_http_request_t *r,
    ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_talk_sid(ngx_http_request_t *r,
    const char *prefix, convrelay_str_t *sid);
static ngx_int_t ngx_http_convrelay_talk_form(ngx_http_request_t *r,
    convrelay_str_t *call_sid);
static ngx_int_t ngx_http_convrelay_talk_ticket(ngx_http_request_t *r,
    ngx_http_convrelay_talk_page_t *page, const convrelay_str_t *setup,
    convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_talk_path(ngx_http_request_t *r,
    convrelay_str_t *path);


ngx_int_t
ngx_http_convrelay_talk_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        if (ngx_http_convrelay_add_header(r, "Allow", "GET, HEAD, POST")
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return (r->method == NGX_HTTP_POST) ? ngx_http_convrelay_talk_post(r)
                                        : ngx_http_convrelay_talk_get(r);
}


static ngx_int_t
ngx_http_convrelay_talk_get(ngx_http_request_t *r)
{
    ngx_str_t  text;

    if (ngx_http_convrelay_page(r, ngx_http_convrelay_talk_page, NULL, &text)
        != NGX_OK
        || ngx_http_convrelay_add_header(r, "Permissions-Policy",
                                         "microphone=(self)")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_convrelay_page_send(r, &text);
}


static ngx_int_t
ngx_http_convrelay_talk_post(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_str_t                      text;
    ngx_http_convrelay_webhook_t  *webhook;

    rc = ngx_http_convrelay_talk_from(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* at the webhook, these are in the URL that Twilio has signed */

    if (r->args.len) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "client asked for a ticket of \"convrelay_talk\" with "
                      "arguments in the URL");
        return NGX_HTTP_BAD_REQUEST;
    }

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    webhook->document = ngx_http_convrelay_talk_document;

    if (webhook->document(r, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&r->headers_out.content_type, "application/json");

    return ngx_http_convrelay_page_send(r, &text);
}


/* whether a page of this server asks: all browsers say which one it is */

static ngx_int_t
ngx_http_convrelay_talk_from(ngx_http_request_t *r)
{
    ngx_uint_t                 i;
    convrelay_str_t            name, value;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *header;
    convrelay_ws_handshake_t   h;

    ngx_memzero(&h, sizeof(convrelay_ws_handshake_t));

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            name = ngx_http_convrelay_str(&header[i].key);
            value = ngx_http_convrelay_str(&header[i].value);

            convrelay_ws_handshake_header(&h, &name, &value);
        }
    }

    if (h.origins == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "client asked for a ticket of \"convrelay_talk\" without "
                      "\"Origin\"");
        return NGX_HTTP_FORBIDDEN;
    }

    return ngx_http_convrelay_origin(r, &h);
}


/* what the page needs, see convrelay_talk_answer.h */

static ngx_int_t
ngx_http_convrelay_talk_document(ngx_http_request_t *r, ngx_str_t *document)
{
    convrelay_twiml_t                t;
    convrelay_talk_setup_t           setup;
    convrelay_talk_answer_t          answer;
    ngx_http_convrelay_loc_conf_t   *clcf;
    ngx_http_convrelay_talk_page_t  *page;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);
    page = clcf->talk.page;

    ngx_memzero(&t, sizeof(convrelay_twiml_t));
    ngx_memzero(&setup, sizeof(convrelay_talk_setup_t));
    ngx_memzero(&answer, sizeof(convrelay_talk_answer_t));

    if (ngx_http_convrelay_talk_sid(r, CONVRELAY_TALK_CALL_SID,
                                    &setup.call_sid)
        != NGX_OK
        || ngx_http_convrelay_talk_sid(r, CONVRELAY_TALK_SESSION_ID,
                                       &setup.session_id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (page->twiml) {

        if (ngx_http_convrelay_talk_form(r, &setup.call_sid) != NGX_OK
            || ngx_http_convrelay_twiml_values(r, page->twiml, &t) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_convrelay_twiml_greeting(page->twiml, &t);

        setup.twiml = &t;
        answer.twiml = &t;
    }

    answer.setup.len = convrelay_talk_setup(NULL, &setup);
    answer.setup.data = ngx_pnalloc(r->pool, answer.setup.len);
    if (answer.setup.data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_talk_setup(answer.setup.data, &setup);

    if (ngx_http_convrelay_talk_ticket(r, page, &answer.setup, &answer.ticket)
        != NGX_OK
        || ngx_http_convrelay_talk_path(r, &answer.path) != NGX_OK)
    {
        return NGX_ERROR;
    }

    answer.location = ngx_http_convrelay_str(&page->socket_name);
    answer.time = page->time / 1000;

    document->len = convrelay_talk_answer(NULL, &answer);
    document->data = ngx_pnalloc(r->pool, document->len);
    if (document->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_talk_answer(document->data, &answer);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_sid(ngx_http_request_t *r, const char *prefix,
    convrelay_str_t *sid)
{
    u_char  *p, bytes[NGX_HTTP_CONVRELAY_TALK_SID];
    size_t   len;

    len = ngx_strlen(prefix);

    sid->len = len + 2 * sizeof(bytes);
    sid->data = ngx_pnalloc(r->pool, sid->len);

    if (sid->data == NULL
        || ngx_http_convrelay_random(bytes, sizeof(bytes)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(sid->data, prefix, len);
    (void) ngx_hex_dump(p, bytes, sizeof(bytes));

    return NGX_OK;
}


/* the webhook's values may depend on what Twilio would send to it */

static ngx_int_t
ngx_http_convrelay_talk_form(ngx_http_request_t *r, convrelay_str_t *call_sid)
{
    ngx_uint_t                     i;
    convrelay_pair_t              *pair;
    ngx_http_convrelay_webhook_t  *webhook;

    static const convrelay_pair_t  fields[] = {
        { convrelay_string("AccountSid"),
          convrelay_string(CONVRELAY_TALK_ACCOUNT_SID) },
        { convrelay_string("From"), convrelay_string(CONVRELAY_TALK_FROM) },
        { convrelay_string("Caller"), convrelay_string(CONVRELAY_TALK_FROM) },
        { convrelay_string("To"), convrelay_string("") },
        { convrelay_string("Called"), convrelay_string("") },
        { convrelay_string("Direction"), convrelay_string("inbound") },
        { convrelay_string("CallStatus"), convrelay_string("ringing") },
        { convrelay_string("ApiVersion"), convrelay_string("2010-04-01") }
    };

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_ERROR;
    }

    webhook->form = ngx_array_create(r->pool,
                                 sizeof(fields) / sizeof(convrelay_pair_t) + 1,
                                 sizeof(convrelay_pair_t));
    if (webhook->form == NULL) {
        return NGX_ERROR;
    }

    /* there is room for all of them */

    pair = ngx_array_push(webhook->form);

    convrelay_str_set(&pair->name, "CallSid");
    pair->value = *call_sid;

    for (i = 0; i < sizeof(fields) / sizeof(convrelay_pair_t); i++) {
        pair = ngx_array_push(webhook->form);
        *pair = fields[i];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_ticket(ngx_http_request_t *r,
    ngx_http_convrelay_talk_page_t *page, const convrelay_str_t *setup,
    convrelay_str_t *text)
{
    convrelay_str_t                  id;
    convrelay_talk_ticket_t          ticket;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    text->len = CONVRELAY_TALK_TICKET_LEN;
    text->data = ngx_pnalloc(r->pool, text->len);

    if (text->data == NULL
        || ngx_http_convrelay_random(ticket.nonce, sizeof(ticket.nonce))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ticket.expires = ngx_time() + NGX_HTTP_CONVRELAY_TALK_LIFETIME;
    convrelay_talk_setup_hash(ticket.setup, setup);

    id = ngx_http_convrelay_str(&page->id);
    convrelay_talk_ticket_sign(&ticket, ngx_http_convrelay_talk_key(mcf), &id);

    (void) convrelay_talk_ticket_write(text->data, &ticket);

    return NGX_OK;
}


/* a prefix that a proxy removes, which convrelay_public_url has */

static ngx_int_t
ngx_http_convrelay_talk_path(ngx_http_request_t *r, convrelay_str_t *path)
{
    ngx_int_t                        rc;
    ngx_http_convrelay_public_url_t  public;

    convrelay_str_null(path);

    rc = ngx_http_convrelay_public_url(r, &public);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    path->data = ngx_strlchr(public.rest.data,
                             public.rest.data + public.rest.len, '/');

    if (path->data) {
        path->len = public.rest.data + public.rest.len - path->data;
    }

    return NGX_OK;
}
