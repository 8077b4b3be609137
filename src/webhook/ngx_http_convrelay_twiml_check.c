
/*
 * Copyright (C) convrelay contributors
 *
 * The settings that a webhook inherits, and their checks.  A value is checked
 * as soon as it is known: one without variables when its line is read, one from
 * the environment when all files have been read, any other when the webhook is
 * requested.
 */


#include "ngx_http_convrelay_webhook.h"


static char *ngx_http_convrelay_twiml_check_url(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static ngx_int_t ngx_http_convrelay_default_attribute(ngx_conf_t *cf,
    ngx_http_convrelay_twiml_conf_t *conf, ngx_keyval_t *kv);
static char *ngx_http_convrelay_twiml_check_languages(ngx_conf_t *cf,
    ngx_array_t *languages);
static char *ngx_http_convrelay_twiml_check_values(ngx_conf_t *cf,
    ngx_array_t *attributes);

static char *ngx_http_convrelay_twiml_check_after(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static char *ngx_http_convrelay_twiml_check_together(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static void ngx_http_convrelay_twiml_check_path(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static ngx_int_t ngx_http_convrelay_twiml_known(void *data,
    ngx_http_convrelay_attribute_t *a, convrelay_str_t *text);


char *
ngx_http_convrelay_twiml_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf,
    ngx_keyval_t *defaults)
{
    char          *rv;
    ngx_keyval_t  *kv;

    if (conf->twiml.url == NULL) {
        return NGX_CONF_OK;
    }

    /* an "if" block without settings of its own was checked already */

    if (conf->twiml.url == prev->twiml.url
        && conf->twiml.attributes == prev->twiml.attributes
        && conf->twiml.languages == prev->twiml.languages
        && conf->twiml.action == prev->twiml.action
        && conf->twiml.after == prev->twiml.after)
    {
        return NGX_CONF_OK;
    }

    rv = ngx_http_convrelay_twiml_check_url(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    for (kv = defaults; kv->key.len; kv++) {

        if (ngx_http_convrelay_default_attribute(cf, &conf->twiml, kv)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    rv = ngx_http_convrelay_twiml_check_values(cf, conf->twiml.attributes);

    if (rv == NGX_CONF_OK && conf->twiml.languages) {
        rv = ngx_http_convrelay_twiml_check_languages(cf,
                                                      conf->twiml.languages);
    }

    if (rv == NGX_CONF_OK && conf->twiml.action) {
        rv = ngx_http_convrelay_twiml_check_action(cf, conf->twiml.action);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_twiml_check_after(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_convrelay_twiml_check_together(cf, conf);
    }

    if (rv == NGX_CONF_OK) {
        ngx_http_convrelay_twiml_check_path(cf, conf);
    }

    return rv;
}


static char *
ngx_http_convrelay_twiml_check_url(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t         rc;
    ngx_str_t         url;
    const char       *error;
    convrelay_str_t   str;

    rc = ngx_http_convrelay_env_expand(cf, &conf->twiml.url->source, &url);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return NGX_CONF_OK;
    }

    str = ngx_http_convrelay_str(&url);

    if (convrelay_twiml_check_url(&str, &error) != CONVRELAY_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                           &conf->twiml.url->place,
                           "the URL of \"convrelay_twiml %V\" %s",
                           &conf->twiml.url->source, error);
        return NGX_CONF_ERROR;
    }

    if (conf->auth.tokens && ngx_strlchr(url.data, url.data + url.len, '?')) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                           &conf->twiml.url->place,
                           "the URL of \"convrelay_twiml %V\" has arguments, "
                           "which may be signed in a way that is not accepted: "
                           "use \"convrelay_twiml_parameter\"",
                           &conf->twiml.url->source);
    }

    return NGX_CONF_OK;
}


/* the array may belong to an outer level, so it is copied */

static ngx_int_t
ngx_http_convrelay_default_attribute(ngx_conf_t *cf,
    ngx_http_convrelay_twiml_conf_t *conf, ngx_keyval_t *kv)
{
    ngx_uint_t                       n;
    ngx_array_t                     *attributes;
    ngx_http_convrelay_attribute_t  *a;

    n = 0;

    if (conf->attributes) {

        if (ngx_http_convrelay_find_attribute(conf->attributes, &kv->key)) {
            return NGX_OK;
        }

        n = conf->attributes->nelts;
    }

    attributes = ngx_array_create(cf->pool, n + 1,
                                  sizeof(ngx_http_convrelay_attribute_t));
    if (attributes == NULL) {
        return NGX_ERROR;
    }

    if (n) {
        a = ngx_array_push_n(attributes, n);
        ngx_memcpy(a, conf->attributes->elts,
                   n * sizeof(ngx_http_convrelay_attribute_t));
    }

    conf->attributes = attributes;

    return ngx_http_convrelay_twiml_pair(cf, attributes, &kv->key, &kv->value,
                                         0)
           == NGX_CONF_OK ? NGX_OK : NGX_ERROR;
}


static char *
ngx_http_convrelay_twiml_check_languages(ngx_conf_t *cf,
    ngx_array_t *languages)
{
    char                           *rv;
    ngx_uint_t                      i;
    ngx_http_convrelay_language_t  *language;

    language = languages->elts;

    for (i = 0; i < languages->nelts; i++) {

        rv = ngx_http_convrelay_twiml_check_known(cf, &language[i].code);

        if (rv == NGX_CONF_OK) {
            rv = ngx_http_convrelay_twiml_check_values(cf,
                                                     &language[i].attributes);
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_twiml_check_values(ngx_conf_t *cf, ngx_array_t *attributes)
{
    char                            *rv;
    ngx_uint_t                       i;
    ngx_http_convrelay_attribute_t  *a;

    a = attributes->elts;

    for (i = 0; i < attributes->nelts; i++) {

        rv = ngx_http_convrelay_twiml_check_known(cf, &a[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* an action that is not known yet may turn out to be empty */

static char *
ngx_http_convrelay_twiml_check_after(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    if (conf->twiml.after == NULL || conf->twiml.after->nelts == 0
        || conf->twiml.action == NULL || !conf->twiml.action->known
        || conf->twiml.action->text.len == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->twiml.after_place,
                       "Twilio never runs the TwiML of "
                       "\"convrelay_twiml_after\": after the session it "
                       "requests \"convrelay_twiml_action %V\"; use only one "
                       "of them, or write the verbs into "
                       "\"convrelay_connect_reply\"",
                       &conf->twiml.action->value.source);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_convrelay_twiml_check_together(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    size_t                       i, n;
    ngx_str_t                    code;
    convrelay_twiml_t            t;
    ngx_http_core_loc_conf_t    *clcf;
    convrelay_twiml_conflict_t   c[CONVRELAY_TWIML_MAX_CONFLICTS];

    ngx_memzero(&t, sizeof(convrelay_twiml_t));

    t.nattributes = conf->twiml.attributes->nelts;
    t.attributes = ngx_http_convrelay_twiml_pairs(cf->temp_pool,
                                          conf->twiml.attributes, 0,
                                          ngx_http_convrelay_twiml_known, NULL);

    if (t.attributes == NULL
        || ngx_http_convrelay_twiml_languages(cf->temp_pool,
                                     conf->twiml.languages, &t,
                                     ngx_http_convrelay_twiml_known, NULL)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    n = convrelay_twiml_conflicts(&t, c);

    for (i = 0; i < n; i++) {

        if (c[i].code == NULL) {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                               &conf->twiml.url->place,
                               "location \"%V\": %s, otherwise Twilio may "
                               "reject the live call",
                               &clcf->name, c[i].phrase);
            continue;
        }

        code = ngx_http_convrelay_ngx_str(c[i].code);

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &conf->twiml.url->place,
                           "location \"%V\", language \"%V\": %s, otherwise "
                           "Twilio may reject the live call",
                           &clcf->name, &code, c[i].phrase);
    }

    return NGX_CONF_OK;
}


/* a socket that Twilio opens again must be told from others */

static void
ngx_http_convrelay_twiml_check_path(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_str_t                       *url;
    ngx_http_convrelay_main_conf_t  *mcf;
    ngx_http_convrelay_attribute_t  *a;

    static ngx_str_t  name = ngx_string("applicationReconnect");

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    a = ngx_http_convrelay_find_attribute(conf->twiml.attributes, &name);

    url = &conf->twiml.url->source;

    if (mcf->store == NULL || a == NULL
        || (a->known && !convrelay_str_eq(&a->text, "true")))
    {
        return;
    }

    if (ngx_strlcasestrn(url->data, url->data + url->len,
                         (u_char *) "call_path", sizeof("call_path") - 2))
    {
        if (conf->auth.tokens == NULL) {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                       &conf->twiml.url->place,
                       "the URL of \"convrelay_twiml %V\" names the call, "
                       "which proves nothing unless it is signed: write "
                       "\"convrelay_auth_token\" here and in the location of "
                       "the socket", url);
        }

        return;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &conf->twiml.url->place,
                       "the URL of \"convrelay_twiml %V\" does not name the "
                       "call: after \"applicationReconnect\", Twilio may send "
                       "no setup message, and then the call starts without its "
                       "history; end the URL with \"/$convrelay_call_path\"",
                       url);
}


/* "unchecked" was given */

static ngx_int_t
ngx_http_convrelay_twiml_known(void *data, ngx_http_convrelay_attribute_t *a,
    convrelay_str_t *text)
{
    text->len = 0;
    text->data = NULL;

    if (a->known && !a->unchecked) {
        text->len = a->text.len;
        text->data = a->text.data ? a->text.data : (u_char *) "";
    }

    return NGX_OK;
}
