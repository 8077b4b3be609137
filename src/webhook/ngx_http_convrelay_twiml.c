
/*
 * Copyright (C) convrelay contributors
 *
 * The webhook of a phone number, "A call comes in": answers with the TwiML that
 * sends the call to this server's WebSocket.
 */


#include "ngx_http_convrelay_webhook.h"


static ngx_int_t ngx_http_convrelay_twiml_answer(ngx_http_request_t *r,
    ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_twiml_reconnect(ngx_http_request_t *r,
    ngx_uint_t reconnects, convrelay_twiml_t *t);
static ngx_int_t ngx_http_convrelay_twiml_url(ngx_http_request_t *r,
    ngx_http_convrelay_twiml_conf_t *conf, convrelay_twiml_t *t);
static ngx_int_t ngx_http_convrelay_twiml_connect(ngx_http_request_t *r,
    ngx_http_convrelay_twiml_conf_t *conf, convrelay_twiml_t *t);
static ngx_int_t ngx_http_convrelay_twiml_parameters(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t);
static ngx_int_t ngx_http_convrelay_twiml_value(void *data,
    ngx_http_convrelay_attribute_t *a, convrelay_str_t *text);


ngx_int_t
ngx_http_convrelay_twiml_handler(ngx_http_request_t *r)
{
    return ngx_http_convrelay_webhook(r, ngx_http_convrelay_twiml_answer);
}


static ngx_int_t
ngx_http_convrelay_twiml_answer(ngx_http_request_t *r, ngx_str_t *document)
{
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    return ngx_http_convrelay_twiml_document(r, clcf, 0, document);
}


ngx_int_t
ngx_http_convrelay_twiml_document(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, ngx_uint_t reconnects,
    ngx_str_t *document)
{
    convrelay_twiml_t                 t;
    ngx_http_convrelay_twiml_conf_t  *conf;

    conf = &clcf->twiml;

    ngx_memzero(&t, sizeof(convrelay_twiml_t));

    if (ngx_http_convrelay_twiml_url(r, conf, &t) != NGX_OK
        || ngx_http_convrelay_twiml_values(r, clcf, &t) != NGX_OK
        || ngx_http_convrelay_twiml_xml(r, conf->before, &t.before) != NGX_OK
        || ngx_http_convrelay_twiml_xml(r, conf->inside, &t.inside) != NGX_OK
        || ngx_http_convrelay_twiml_xml(r, conf->after, &t.after) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reconnects
        && ngx_http_convrelay_twiml_reconnect(r, reconnects, &t) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_convrelay_twiml_greeting(clcf, &t);

    document->len = convrelay_twiml_size(&t);
    document->data = ngx_pnalloc(r->pool, document->len);
    if (document->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_twiml_write(document->data, &t);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_twiml_values(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t)
{
    ngx_http_convrelay_webhook_t  *webhook;

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_ERROR;
    }

    webhook->twiml = clcf;

    if (ngx_http_convrelay_twiml_connect(r, &clcf->twiml, t) != NGX_OK
        || ngx_http_convrelay_twiml_languages(r->pool, clcf->twiml.languages,
                                        t, ngx_http_convrelay_twiml_value, r)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_twiml_parameters(r, clcf, t);
}


/*
 * Starts the same session again, without its greeting.  The URL of its action
 * says how often the call was reconnected: Twilio signs the query with the rest
 * of the URL, so nobody else can change the count, and no memory is needed.
 * Where there are reports, the session learns it as well.
 */

static ngx_int_t
ngx_http_convrelay_twiml_reconnect(ngx_http_request_t *r,
    ngx_uint_t reconnects, convrelay_twiml_t *t)
{
    u_char                          *p, separator;
    size_t                           i;
    convrelay_str_t                  action;
    convrelay_pair_t                *attribute, *pair;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    /* they were made for this document */

    attribute = (convrelay_pair_t *) t->attributes;

    for (i = 0; i < t->nattributes; i++) {

        if (convrelay_str_eq(&attribute[i].name, "welcomeGreeting")) {
            attribute[i].value.len = 0;
        }
    }

    if (mcf->reports) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        pair = (convrelay_pair_t *) &t->parameters[t->nparameters++];

        convrelay_str_set(&pair->name, NGX_HTTP_CONVRELAY_RECONNECTS);
        pair->value.data = p;
        pair->value.len = ngx_sprintf(p, "%ui", reconnects) - p;
    }

    if (t->action.len == 0) {
        return NGX_OK;
    }

    action = t->action;
    i = convrelay_twiml_argument(&action, &separator);

    p = ngx_pnalloc(r->pool, action.len
                             + sizeof("?" NGX_HTTP_CONVRELAY_RECONNECTS "=")
                             + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    t->action.data = p;

    p = ngx_cpymem(p, action.data, i);

    if (separator) {
        *p++ = separator;
    }

    p = ngx_sprintf(p, "%s=%ui%*s", NGX_HTTP_CONVRELAY_RECONNECTS, reconnects,
                    action.len - i, action.data + i);

    t->action.len = p - t->action.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_twiml_url(ngx_http_request_t *r,
    ngx_http_convrelay_twiml_conf_t *conf, convrelay_twiml_t *t)
{
    const char  *error;

    if (ngx_http_convrelay_value_text(r, conf->url, &t->url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (convrelay_twiml_check_url(&t->url, &error) != CONVRELAY_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the URL of \"convrelay_twiml %V\" %s",
                      &conf->url->source, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_twiml_connect(ngx_http_request_t *r,
    ngx_http_convrelay_twiml_conf_t *conf, convrelay_twiml_t *t)
{
    t->attributes = ngx_http_convrelay_twiml_pairs(r->pool, conf->attributes,
                                        0, ngx_http_convrelay_twiml_value, r);
    if (t->attributes == NULL) {
        return NGX_ERROR;
    }

    t->nattributes = conf->attributes->nelts;

    if (conf->action == NULL) {
        return NGX_OK;
    }

    t->method = ngx_http_convrelay_str(&conf->action->name);

    return ngx_http_convrelay_twiml_value(r, conf->action, &t->action);
}


ngx_int_t
ngx_http_convrelay_twiml_languages(ngx_pool_t *pool, ngx_array_t *languages,
    convrelay_twiml_t *t, ngx_http_convrelay_attribute_pt value, void *data)
{
    ngx_uint_t                      i;
    convrelay_twiml_language_t     *l;
    ngx_http_convrelay_language_t  *language;

    if (languages == NULL) {
        return NGX_OK;
    }

    l = ngx_palloc(pool,
                   languages->nelts * sizeof(convrelay_twiml_language_t));
    if (l == NULL) {
        return NGX_ERROR;
    }

    t->languages = l;
    t->nlanguages = languages->nelts;

    language = languages->elts;

    for (i = 0; i < languages->nelts; i++) {

        if (value(data, &language[i].code, &l[i].code) != NGX_OK) {
            return NGX_ERROR;
        }

        l[i].nattributes = language[i].attributes.nelts;
        l[i].attributes = ngx_http_convrelay_twiml_pairs(pool,
                                    &language[i].attributes, 0, value, data);
        if (l[i].attributes == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the parameters of the configuration, and the ticket */

static ngx_int_t
ngx_http_convrelay_twiml_parameters(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t)
{
    ngx_int_t          rc;
    ngx_array_t       *parameters;
    convrelay_pair_t  *pair;

    parameters = clcf->twiml.parameters;

    /* room for the ticket, the greeting and the number of reconnects */

    pair = ngx_http_convrelay_twiml_pairs(r->pool, parameters, 3,
                                          ngx_http_convrelay_twiml_value, r);
    if (pair == NULL) {
        return NGX_ERROR;
    }

    t->parameters = pair;
    t->nparameters = parameters ? parameters->nelts : 0;

    if (clcf->auth.ticket == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_ticket_issue(r, &clcf->auth,
                                         &pair[t->nparameters]);

    if (rc == NGX_OK) {
        t->nparameters++;
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/*
 * The greeting that Twilio will speak comes back in the setup message, so that
 * the model knows it.  There is room after the parameters.
 */

void
ngx_http_convrelay_twiml_greeting(ngx_http_convrelay_loc_conf_t *clcf,
    convrelay_twiml_t *t)
{
    size_t             i;
    convrelay_pair_t  *pair;

    if (!clcf->on.greeting_history) {
        return;
    }

    for (i = 0; i < t->nattributes; i++) {

        if (!convrelay_str_eq(&t->attributes[i].name, "welcomeGreeting")) {
            continue;
        }

        if (t->attributes[i].value.len == 0
            || t->attributes[i].value.len > CONVRELAY_SESSION_MAX_GREETING)
        {
            return;
        }

        pair = (convrelay_pair_t *) &t->parameters[t->nparameters++];

        convrelay_str_set(&pair->name, CONVRELAY_SESSION_GREETING);
        pair->value = t->attributes[i].value;

        return;
    }
}


convrelay_pair_t *
ngx_http_convrelay_twiml_pairs(ngx_pool_t *pool, ngx_array_t *attributes,
    ngx_uint_t more, ngx_http_convrelay_attribute_pt value, void *data)
{
    ngx_uint_t                       i, n;
    convrelay_pair_t                *pair;
    ngx_http_convrelay_attribute_t  *a;

    n = attributes ? attributes->nelts : 0;

    pair = ngx_palloc(pool, (n + more) * sizeof(convrelay_pair_t));
    if (pair == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        a = attributes->elts;

        pair[i].name = ngx_http_convrelay_str(&a[i].name);

        if (value(data, &a[i], &pair[i].value) != NGX_OK) {
            return NULL;
        }
    }

    return pair;
}


/*
 * Twilio silently ignores a wrong value, so it is logged.  The line does not
 * show the value: it can be a caller's number or name.
 */

static ngx_int_t
ngx_http_convrelay_twiml_value(void *data, ngx_http_convrelay_attribute_t *a,
    convrelay_str_t *text)
{
    ngx_http_request_t *r = data;

    const char       *error;
    convrelay_str_t   name;

    if (ngx_http_convrelay_value_text(r, &a->value, text) != NGX_OK) {
        return NGX_ERROR;
    }

    if (a->known || a->unchecked) {
        return NGX_OK;
    }

    name = ngx_http_convrelay_str(&a->name);

    if (convrelay_twiml_check_value(&name, text, &error) != CONVRELAY_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "invalid value of \"%V\", %s", &a->name, error);
    }

    return NGX_OK;
}
