
/*
 * Copyright (C) convrelay contributors
 *
 * The webhook of a phone number, "A call comes in": answers with the TwiML
 * that sends the call to our WebSocket.
 */


#include "ngx_http_convrelay.h"


static void ngx_http_convrelay_twiml_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_twiml_send(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_twiml_values(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t);
static ngx_int_t ngx_http_convrelay_not_allowed(ngx_http_request_t *r);
static ngx_http_convrelay_attribute_t *ngx_http_convrelay_find_attribute(
    ngx_array_t *attributes, ngx_str_t *name);
static ngx_int_t ngx_http_convrelay_default_attribute(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf, ngx_str_t *name, ngx_str_t *value);


static ngx_str_t  ngx_http_convrelay_greeting_name =
    ngx_string("welcomeGreeting");
static ngx_str_t  ngx_http_convrelay_greeting =
    ngx_string("Hi! I am a voice assistant powered by Twilio and Open A I . "
               "Ask me anything!");
static ngx_str_t  ngx_http_convrelay_events_name = ngx_string("events");
static ngx_str_t  ngx_http_convrelay_events = ngx_string("tokens-played");


ngx_int_t
ngx_http_convrelay_twiml_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_convrelay_not_allowed(r);
    }

    if (r->method != NGX_HTTP_POST) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_convrelay_twiml_send(r);
    }

    if (r->headers_in.content_length_n > NGX_HTTP_CONVRELAY_MAX_FORM) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    rc = ngx_http_read_client_request_body(r,
                                       ngx_http_convrelay_twiml_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_convrelay_twiml_body_handler(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *cl;

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size > NGX_HTTP_CONVRELAY_MAX_FORM) {
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_convrelay_twiml_send(r));
}


static ngx_int_t
ngx_http_convrelay_not_allowed(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Allow");
    ngx_str_set(&h->value, "GET, HEAD, POST");

    return NGX_HTTP_NOT_ALLOWED;
}


static ngx_int_t
ngx_http_convrelay_twiml_send(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_buf_t                      *b;
    ngx_chain_t                     out;
    convrelay_pair_t                ticket;
    convrelay_twiml_t               t;
    ngx_http_convrelay_loc_conf_t  *clcf;

    rc = ngx_http_convrelay_signature(r, 0);
    if (rc != NGX_OK) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    ngx_memzero(&t, sizeof(convrelay_twiml_t));

    rc = ngx_http_convrelay_twiml_values(r, clcf, &t);
    if (rc != NGX_OK) {
        return rc;
    }

    if (clcf->ticket) {
        rc = ngx_http_convrelay_ticket_issue(r, clcf, &ticket);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_OK) {
            t.parameters = &ticket;
            t.nparameters = 1;
        }
    }

    b = ngx_create_temp_buf(r->pool, convrelay_twiml_size(&t));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = convrelay_twiml_write(b->pos, &t);
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

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


static ngx_int_t
ngx_http_convrelay_twiml_values(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t)
{
    ngx_str_t                        value;
    ngx_uint_t                       i;
    const char                      *error;
    convrelay_pair_t                *pair;
    ngx_http_convrelay_attribute_t  *a;

    if (ngx_http_complex_value(r, clcf->twiml->value, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->url.len = value.len;
    t->url.data = value.data;

    if (convrelay_twiml_check_url(&t->url, &error) != CONVRELAY_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the URL that \"convrelay_twiml %V\" gives %s",
                      &clcf->twiml->source, error);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    a = clcf->attributes->elts;

    pair = ngx_palloc(r->pool,
                      clcf->attributes->nelts * sizeof(convrelay_pair_t));
    if (pair == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->attributes = pair;
    t->nattributes = clcf->attributes->nelts;

    for (i = 0; i < clcf->attributes->nelts; i++) {

        if (ngx_http_complex_value(r, a[i].value.value, &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        pair[i].name.len = a[i].name.len;
        pair[i].name.data = a[i].name.data;
        pair[i].value.len = value.len;
        pair[i].value.data = value.data;
    }

    return NGX_OK;
}


char *
ngx_http_convrelay_twiml(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_http_convrelay_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_convrelay_twiml_handler;

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_twiml_attribute(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                       *value;
    convrelay_str_t                  name;
    ngx_http_convrelay_attribute_t  *a;

    value = cf->args->elts;

    name.len = value[1].len;
    name.data = value[1].data;

    if (convrelay_twiml_check_name(&name) != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no attribute name, write it as in "
                           "\"welcomeGreeting\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (convrelay_str_eq(&name, "url")) {
        return "cannot set \"url\", \"convrelay_twiml\" does";
    }

    if (clcf->attributes == NGX_CONF_UNSET_PTR) {

        clcf->attributes = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_http_convrelay_attribute_t));
        if (clcf->attributes == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_convrelay_find_attribute(clcf->attributes, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate attribute \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    a = ngx_array_push(clcf->attributes);
    if (a == NULL) {
        return NGX_CONF_ERROR;
    }

    a->name = value[1];

    return ngx_http_convrelay_value_compile(cf, &value[2], &a->value, 1);
}


static ngx_http_convrelay_attribute_t *
ngx_http_convrelay_find_attribute(ngx_array_t *attributes, ngx_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_attribute_t  *a;

    a = attributes->elts;

    for (i = 0; i < attributes->nelts; i++) {

        if (a[i].name.len == name->len
            && ngx_strncmp(a[i].name.data, name->data, name->len) == 0)
        {
            return &a[i];
        }
    }

    return NULL;
}


char *
ngx_http_convrelay_twiml_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t         rc;
    ngx_str_t         url;
    const char       *error;
    convrelay_str_t   str;

    if (conf->twiml == NULL) {
        return NGX_CONF_OK;
    }

    rc = ngx_http_convrelay_env_expand(cf, &conf->twiml->source, &url);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_OK) {
        str.len = url.len;
        str.data = url.data;

        if (convrelay_twiml_check_url(&str, &error) != CONVRELAY_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the URL that \"convrelay_twiml %V\" gives %s",
                               &conf->twiml->source, error);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_convrelay_default_attribute(cf, conf,
                                        &ngx_http_convrelay_greeting_name,
                                        &ngx_http_convrelay_greeting)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* without it, what the caller heard before an interrupt is a guess */

    if (ngx_http_convrelay_default_attribute(cf, conf,
                                             &ngx_http_convrelay_events_name,
                                             &ngx_http_convrelay_events)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the array may be that of an outer level, so it is copied */

static ngx_int_t
ngx_http_convrelay_default_attribute(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf, ngx_str_t *name, ngx_str_t *value)
{
    ngx_uint_t                       n;
    ngx_array_t                     *attributes;
    ngx_http_convrelay_attribute_t  *a;

    n = 0;

    if (conf->attributes) {

        if (ngx_http_convrelay_find_attribute(conf->attributes, name)) {
            return NGX_OK;
        }

        n = conf->attributes->nelts;
    }

    attributes = ngx_array_create(cf->pool, n + 1,
                                  sizeof(ngx_http_convrelay_attribute_t));
    if (attributes == NULL) {
        return NGX_ERROR;
    }

    a = ngx_array_push_n(attributes, n + 1);

    if (n) {
        ngx_memcpy(a, conf->attributes->elts,
                   n * sizeof(ngx_http_convrelay_attribute_t));
    }

    a[n].name = *name;

    if (ngx_http_convrelay_value_compile(cf, value, &a[n].value, 0)
        != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    conf->attributes = attributes;

    return NGX_OK;
}
