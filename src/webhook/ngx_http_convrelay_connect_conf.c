
/*
 * Copyright (C) convrelay contributors
 *
 * Directives of the request that ends a session.
 */


#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_webhook.h"

#include "convrelay_template.h"


static ngx_int_t ngx_http_convrelay_reply_join(ngx_conf_t *cf,
    ngx_str_t *source);
static char *ngx_http_convrelay_reply_start(ngx_conf_t *cf,
    ngx_str_t *source, ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_reply_file(ngx_conf_t *cf,
    ngx_str_t *source, ngx_str_t *content);
static void ngx_http_convrelay_reply_notice(ngx_conf_t *cf,
    ngx_http_convrelay_value_t *v);
static char *ngx_http_convrelay_reply_location(ngx_conf_t *cf,
    convrelay_str_t *name, ngx_http_convrelay_place_t *place);


char *
ngx_http_convrelay_connect_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_core_loc_conf_t  *core;

    if (clcf->connect.enable) {
        return "is duplicate";
    }

    clcf->connect.enable = 1;
    ngx_http_convrelay_place(cf, &clcf->place);

    core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = ngx_http_convrelay_connect_handler;

    return ngx_http_convrelay_register(cf, clcf);
}


char *
ngx_http_convrelay_connect_reply(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                        *rv;
    ngx_str_t                    source, text, *value;
    ngx_uint_t                   say;
    ngx_http_convrelay_reply_t  *reply;

    if (clcf->connect.reply != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (ngx_http_convrelay_reply_join(cf, &source) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reply = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_reply_t));
    if (reply == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->connect.reply = reply;

    /* "$5" in a phrase is money, not a capture */

    say = (source.len > 4 && ngx_strncmp(source.data, "say ", 4) == 0);

    text = source;

    if (ngx_http_convrelay_reply_file(cf, &source, &text) == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (text.len && text.data[0] == '<') {
        value = cf->args->elts;

        reply->value.source = source;
        ngx_http_convrelay_place(cf, &reply->value.place);
        reply->xml = NGX_CONF_UNSET_PTR;

        rv = ngx_http_convrelay_twiml_xml_compile(cf, &value[0], &text,
                                                  &reply->xml);

    } else {
        rv = ngx_http_convrelay_value_compile(cf, &source, &reply->value, say);
    }

    return (rv == NGX_CONF_OK) ? ngx_http_convrelay_reply_start(cf, &source,
                                                                &text)
                               : rv;
}


/* words need no quotes */

static ngx_int_t
ngx_http_convrelay_reply_join(ngx_conf_t *cf, ngx_str_t *source)
{
    u_char      *p;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;
    source->len = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        source->len += value[i].len + 1;
    }

    p = ngx_pnalloc(cf->pool, source->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    source->data = p;
    source->len--;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
        *p++ = ' ';
    }

    source->data[source->len] = '\0';

    return NGX_OK;
}


/*
 * The TwiML of "file=NAME".  NGX_OK; NGX_DECLINED if it is another reply;
 * NGX_ERROR (logged).
 */

static ngx_int_t
ngx_http_convrelay_reply_file(ngx_conf_t *cf, ngx_str_t *source,
    ngx_str_t *content)
{
    ngx_int_t           rc;
    ngx_str_t           file;
    const char         *error;
    convrelay_str_t     text;
    ngx_file_info_t     fi;
    convrelay_reply_t   reply;

    if (source->len < 5 || ngx_strncmp(source->data, "file=", 5) != 0) {
        return NGX_DECLINED;
    }

    file.len = source->len - 5;
    file.data = source->data + 5;

    if (ngx_http_script_variables_count(&file)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_connect_reply %V\" has a variable in "
                           "the name: the file is read when nginx starts",
                           source);
        return NGX_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_convrelay_read_file(cf->pool, NGX_LOG_EMERG, cf->log, &file,
                                      &file, NGX_HTTP_CONVRELAY_MAX_REPLY,
                                      content, &fi);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file);
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_connect_reply\" cannot read \"%V\", "
                           "name a file with TwiML", &file);
        return NGX_ERROR;
    }

    text = ngx_http_convrelay_str(content);

    if (convrelay_reply_parse(&text, &reply, &error) != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", &file, error);
        return NGX_ERROR;
    }

    if (reply.kind != CONVRELAY_REPLY_TWIML) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not TwiML, write one "
                           "\"<Response>...</Response>\"", &file);
        return NGX_ERROR;
    }

    /* a declaration before it is dropped */

    *content = ngx_http_convrelay_ngx_str(&reply.text);

    return NGX_OK;
}


/* as far as it is known when its line is read */

static char *
ngx_http_convrelay_reply_start(ngx_conf_t *cf, ngx_str_t *source,
    ngx_str_t *text)
{
    ngx_int_t          rc;
    const char        *error;
    convrelay_str_t    str;
    convrelay_reply_t  parsed;

    str = ngx_http_convrelay_str(text);

    if (text->len && text->data[0] == '<') {
        rc = convrelay_reply_check_root(&str, &error);

    } else if (ngx_http_script_variables_count(source)) {
        str.len = ngx_strlchr(source->data, source->data + source->len, '$')
                  - source->data;

        rc = convrelay_reply_check_start(&str, &error);

    } else {
        rc = convrelay_reply_parse(&str, &parsed, &error);
    }

    if (rc != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_connect_reply %V\" %s", source,
                           error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_connect_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t                    rc;
    ngx_str_t                    value;
    const char                  *error;
    convrelay_str_t              str;
    convrelay_reply_t            reply;
    ngx_http_convrelay_value_t  *v;

    if (!conf->connect.enable || conf->connect.reply == NULL
        || conf->connect.reply->xml)
    {
        return NGX_CONF_OK;
    }

    v = &conf->connect.reply->value;

    rc = ngx_http_convrelay_env_expand(cf, &v->source, &value);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_convrelay_reply_notice(cf, v);
        return NGX_CONF_OK;
    }

    str = ngx_http_convrelay_str(&value);

    if (ngx_http_convrelay_reply_parse(&str, &reply, &error) != NGX_OK) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                           "\"convrelay_connect_reply %V\" evaluated to a "
                           "value that %s",
                           &v->source, error);
        return NGX_CONF_ERROR;
    }

    if (reply.kind == CONVRELAY_REPLY_RECONNECT) {
        return ngx_http_convrelay_reply_location(cf, &reply.text, &v->place);
    }

    return NGX_CONF_OK;
}


/* not a warning: a map of replies other than TwiML is right, and common */

static void
ngx_http_convrelay_reply_notice(ngx_conf_t *cf, ngx_http_convrelay_value_t *v)
{
    convrelay_template_t       t;
    convrelay_template_part_t  part;

    ngx_memzero(&t, sizeof(convrelay_template_t));

    t.pos = v->source.data;
    t.last = v->source.data + v->source.len;

    if (convrelay_template_next(&t, &part) != CONVRELAY_OK || !part.variable
        || t.pos != t.last)
    {
        return;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_NOTICE, cf, &v->place,
                       "if \"%V\" evaluates to TwiML, it is not used and the "
                       "call is hung up: write TwiML in "
                       "\"convrelay_connect_reply\" itself, or name a file, as "
                       "in \"file=reply.xml\"", &v->source);
}


static char *
ngx_http_convrelay_reply_location(ngx_conf_t *cf, convrelay_str_t *name,
    ngx_http_convrelay_place_t *place)
{
    ngx_http_core_srv_conf_t        *cscf;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (ngx_http_convrelay_twiml_find(mcf, cscf, name)) {
        return NGX_CONF_OK;
    }

    if (name->len) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                           "\"convrelay_connect_reply reconnect %*s\": no "
                           "location \"%*s\" with \"convrelay_twiml\" in this "
                           "server", name->len, name->data, name->len,
                           name->data);
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, place,
                       "\"convrelay_connect_reply reconnect\": this server "
                       "does not have exactly one location with "
                       "\"convrelay_twiml\", name one, as in \"reconnect "
                       "/twiml\"");

    return NGX_CONF_ERROR;
}
