
/*
 * Copyright (C) convrelay contributors
 *
 * The webhooks: declarations that their files share.
 */


#ifndef NGX_HTTP_CONVRELAY_WEBHOOK_H_INCLUDED
#define NGX_HTTP_CONVRELAY_WEBHOOK_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_env.h"

#include "convrelay_twiml.h"
#include "convrelay_twiml_attribute.h"
#include "convrelay_reply.h"


#define NGX_HTTP_CONVRELAY_MAX_REPLY     65536  /* bytes of a file */


/* an attribute of the TwiML, a <Parameter>, or the code of a <Language> */

struct ngx_http_convrelay_attribute_s {
    ngx_str_t                         name;
    ngx_http_convrelay_value_t        value;
    ngx_str_t                         text;   /* of the value, if known */
    unsigned                          known:1;        /* at configuration */
    unsigned                          unchecked:1;
};


/* checks an attribute's value, as far as it is known; NGX_OK or NGX_ERROR */

typedef ngx_int_t (*ngx_http_convrelay_attribute_pt)(void *data,
    ngx_http_convrelay_attribute_t *a, convrelay_str_t *text);


typedef struct {
    ngx_http_convrelay_attribute_t    code;
    ngx_array_t                       attributes;
} ngx_http_convrelay_language_t;


/* convrelay_connect_reply */

struct ngx_http_convrelay_reply_s {
    ngx_http_convrelay_value_t        value;
    ngx_array_t                      *xml;    /* of part_t if it is TwiML,
                                                 otherwise NULL */
};


/* ngx_http_convrelay_webhook.c */

/*
 * Content handler of a webhook: the form of the request is read, its
 * signature checked, and the document sent.
 */
ngx_int_t ngx_http_convrelay_webhook(ngx_http_request_t *r,
    ngx_http_convrelay_webhook_pt document);


/* ngx_http_convrelay_twiml.c */

ngx_int_t ngx_http_convrelay_twiml_handler(ngx_http_request_t *r);

/*
 * The document of a location with convrelay_twiml, which need not be r's;
 * reconnects: 0, or how often its session was started again with this.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_twiml_document(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, ngx_uint_t reconnects,
    ngx_str_t *document);

/*
 * The attributes, languages and parameters of that document, in t, zero-filled
 * to start; the webhook's URL is not needed for them.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_twiml_values(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_twiml_t *t);

/* adds the greeting to these parameters, if the model is to know it */
void ngx_http_convrelay_twiml_greeting(ngx_http_convrelay_loc_conf_t *clcf,
    convrelay_twiml_t *t);

/*
 * Evaluates attributes (or NULL) with value(), in the pool; the result has room
 * for more pairs after them.  NULL or NGX_ERROR: no memory, or value() failed.
 */
convrelay_pair_t *ngx_http_convrelay_twiml_pairs(ngx_pool_t *pool,
    ngx_array_t *attributes, ngx_uint_t more,
    ngx_http_convrelay_attribute_pt value, void *data);
ngx_int_t ngx_http_convrelay_twiml_languages(ngx_pool_t *pool,
    ngx_array_t *languages, convrelay_twiml_t *t,
    ngx_http_convrelay_attribute_pt value, void *data);


/* ngx_http_convrelay_twiml_conf.c */

char *ngx_http_convrelay_twiml(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_attribute(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_language(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_parameter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_twiml_after(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * The location with convrelay_twiml of that name in a server, or, if the name
 * is empty, the only one; NULL if there is none, or more than one.
 */
ngx_http_convrelay_loc_conf_t *ngx_http_convrelay_twiml_find(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_core_srv_conf_t *server,
    convrelay_str_t *name);


/* ngx_http_convrelay_twiml_attribute.c */

char *ngx_http_convrelay_twiml_pair(ngx_conf_t *cf, ngx_array_t *attributes,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t unchecked);
char *ngx_http_convrelay_twiml_pair_value(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a, ngx_str_t *value);
ngx_http_convrelay_attribute_t *ngx_http_convrelay_find_attribute(
    ngx_array_t *attributes, ngx_str_t *name);
char *ngx_http_convrelay_twiml_check_known(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *a);
char *ngx_http_convrelay_twiml_check_action(ngx_conf_t *cf,
    ngx_http_convrelay_attribute_t *action);


/* ngx_http_convrelay_twiml_check.c */

/* defaults: attributes and their values, up to an empty one */
char *ngx_http_convrelay_twiml_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf,
    ngx_keyval_t *defaults);


/* ngx_http_convrelay_twiml_xml.c */

char *ngx_http_convrelay_twiml_xml_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* adds source to *parts, an array of part_t or NGX_CONF_UNSET_PTR */
char *ngx_http_convrelay_twiml_xml_compile(ngx_conf_t *cf,
    ngx_str_t *directive, ngx_str_t *source, ngx_array_t **parts);

ngx_int_t ngx_http_convrelay_twiml_xml(ngx_http_request_t *r,
    ngx_array_t *parts, convrelay_str_t *xml);


/* ngx_http_convrelay_connect.c */

ngx_int_t ngx_http_convrelay_connect_handler(ngx_http_request_t *r);

/*
 * Parses a reply that comes from a variable: as convrelay_reply_parse(), but
 * without TwiML.  NGX_OK, or NGX_DECLINED with a phrase in *error.
 */
ngx_int_t ngx_http_convrelay_reply_parse(convrelay_str_t *text,
    convrelay_reply_t *reply, const char **error);


/* ngx_http_convrelay_connect_conf.c */

char *ngx_http_convrelay_connect_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_connect_reply(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_connect_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


#endif /* NGX_HTTP_CONVRELAY_WEBHOOK_H_INCLUDED */
