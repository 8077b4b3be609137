
/*
 * Copyright (C) convrelay contributors
 *
 * Tickets.  A signature proves who sent a request, but it can be replayed.  So
 * the webhook gives each call a ticket, a custom parameter that comes back in
 * the setup message: the time until which it is valid, and an HMAC over that
 * time and the CallSid.
 *
 * A ticket that is issued when Twilio says that a session of the call is over
 * also names that session, and the HMAC covers it as well.  If the network
 * failed silently, the socket of the old session may still be alive, and the
 * new call may replace it, and no other: so neither a replayed ticket nor a
 * replayed setup message ends a call in progress.
 */


#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_env.h"

#include "convrelay_call_path.h"
#include "convrelay_secret.h"
#include "convrelay_sha256.h"
#include "convrelay_ticket.h"


#define NGX_HTTP_CONVRELAY_TICKET_MAX     31536000     /* seconds */
#define NGX_HTTP_CONVRELAY_TICKET_SECRET  16           /* bytes, at least */


static convrelay_str_t *ngx_http_convrelay_ticket_field(ngx_array_t *form,
    ngx_str_t *name);
static uint64_t ngx_http_convrelay_ticket_digest(const convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_ticket_mac(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_ticket_t *ticket,
    convrelay_str_t *sid, u_char *mac);


char *
ngx_http_convrelay_ticket(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    time_t                       lifetime;
    ngx_str_t                   *value;
    ngx_http_convrelay_value_t  *secret;

    if (clcf->auth.ticket != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    ngx_http_convrelay_place(cf, &clcf->own);

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts == 3) {
            return "takes no other parameter with \"off\"";
        }

        clcf->auth.ticket = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        return "has an empty secret";
    }

    lifetime = 0;

    if (cf->args->nelts == 3) {
        lifetime = ngx_parse_time(&value[2], 1);

        if (lifetime == (time_t) NGX_ERROR || lifetime < 1
            || lifetime > NGX_HTTP_CONVRELAY_TICKET_MAX)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid lifetime \"%V\", write a time from 1s "
                               "to 1y, such as \"2m\"", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    clcf->auth.ticket_lifetime = lifetime;

    secret = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_value_t));
    if (secret == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->auth.ticket = secret;

    return ngx_http_convrelay_value_compile(cf, &value[1], secret, 0);
}


/* a secret is checked as far as it is known; only a word or a time is logged */

char *
ngx_http_convrelay_ticket_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t                    rc;
    ngx_str_t                    secret;
    convrelay_str_t              str;
    ngx_http_convrelay_value_t  *v;

    v = conf->auth.ticket;

    if (v == NULL || (!conf->enable && conf->twiml.url == NULL)) {
        return NGX_CONF_OK;
    }

    rc = ngx_http_convrelay_env_expand(cf, &v->source, &secret);

    if (rc != NGX_OK || secret.len == 0) {
        return (rc == NGX_ERROR) ? NGX_CONF_ERROR : NGX_CONF_OK;
    }

    str = ngx_http_convrelay_str(&secret);

    if (convrelay_signature_token(&str) == CONVRELAY_TOKEN_SWITCH
        || (secret.len < NGX_HTTP_CONVRELAY_TICKET_SECRET
            && ngx_parse_time(&secret, 1) != (time_t) NGX_ERROR))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "\"%V\" is not a secret: write \"convrelay_ticket "
                       "SECRET\" with at least %d random characters, the same "
                       "for all machines, or \"convrelay_ticket off\"",
                       &secret, NGX_HTTP_CONVRELAY_TICKET_SECRET);
        return NGX_CONF_ERROR;
    }

    if (!v->warned
        && (secret.len < NGX_HTTP_CONVRELAY_TICKET_SECRET
            || convrelay_secret_is_placeholder(&str)))
    {
        v->warned = 1;

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &v->place,
                       "the secret of \"convrelay_ticket\" can be guessed: "
                       "write at least %d random characters",
                       NGX_HTTP_CONVRELAY_TICKET_SECRET);
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_convrelay_ticket_issue(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_pair_t *parameter)
{
    u_char              mac[CONVRELAY_SIGNATURE_LEN];
    ngx_array_t        *form;
    convrelay_str_t    *sid, *session;
    convrelay_ticket_t  ticket;

    static ngx_str_t  sid_name = ngx_string("CallSid");
    static ngx_str_t  session_name = ngx_string("SessionId");

    form = ngx_http_convrelay_form(r);
    if (form == NULL) {
        return NGX_ERROR;
    }

    sid = ngx_http_convrelay_ticket_field(form, &sid_name);

    if (sid == NULL) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client sent no \"CallSid\": no ticket for its call");
        return NGX_DECLINED;
    }

    ngx_memzero(&ticket, sizeof(convrelay_ticket_t));

    ticket.expires = ngx_time() + conf->ticket_lifetime;

    /* only the request of an action has this field */

    session = ngx_http_convrelay_ticket_field(form, &session_name);

    if (session && session->len <= CONVRELAY_TICKET_MAX_SESSION) {
        ticket.session = *session;
    }

    if (ngx_http_convrelay_ticket_mac(r, conf, &ticket, sid, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ticket.mac.len = sizeof(mac);
    ticket.mac.data = mac;

    convrelay_str_set(&parameter->name, NGX_HTTP_CONVRELAY_TICKET_NAME);

    parameter->value.len = convrelay_ticket_size(&ticket);

    parameter->value.data = ngx_pnalloc(r->pool, parameter->value.len);
    if (parameter->value.data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_ticket_write(parameter->value.data, &ticket);

    return NGX_OK;
}


/* the first value of that name which is not empty, or NULL */

static convrelay_str_t *
ngx_http_convrelay_ticket_field(ngx_array_t *form, ngx_str_t *name)
{
    ngx_uint_t         i;
    convrelay_pair_t  *pair;

    pair = form->elts;

    for (i = 0; i < form->nelts; i++) {

        if (pair[i].value.len && pair[i].name.len == name->len
            && ngx_strncmp(pair[i].name.data, name->data, name->len) == 0)
        {
            return &pair[i].value;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_convrelay_ticket_check(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_session_t *s,
    ngx_http_convrelay_record_t *record, convrelay_str_t *ended_session)
{
    u_char                           wanted[CONVRELAY_SIGNATURE_LEN];
    const char                      *reason;
    convrelay_ticket_t               ticket;
    const convrelay_str_t           *text;
    convrelay_relay_setup_t          setup;
    ngx_http_convrelay_main_conf_t  *mcf;

    convrelay_str_null(ended_session);

    if (conf->ticket == NULL) {
        return NGX_OK;
    }

    reason = "no ticket";

    text = convrelay_session_parameter(s,
                               (u_char *) NGX_HTTP_CONVRELAY_TICKET_NAME,
                               sizeof(NGX_HTTP_CONVRELAY_TICKET_NAME) - 1);

    if (text == NULL || text->len == 0) {
        goto refused;
    }

    reason = "wrong ticket";

    if (convrelay_ticket_parse(&ticket, text) != CONVRELAY_OK) {
        goto refused;
    }

    convrelay_session_get_setup(s, &setup);

    if (ngx_http_convrelay_ticket_mac(r, conf, &ticket, &setup.call_sid,
                                      wanted)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (convrelay_signature_check(&ticket.mac, wanted) != CONVRELAY_OK) {
        goto refused;
    }

    if ((time_t) ticket.expires >= ngx_time()) {
        *ended_session = ticket.session;
        return NGX_OK;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    if (record
        && ngx_http_convrelay_record_claim(mcf, record,
                                           ngx_http_convrelay_ticket_hash(s))
           == NGX_OK)
    {
        return NGX_OK;
    }

    if (record && record->away) {

        /* the session of that ticket may have been on another machine */

        record->later = 1;
        return NGX_OK;
    }

    reason = "an expired ticket";

refused:

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client sent setup with %s for its call", reason);

    return NGX_DECLINED;
}


uint64_t
ngx_http_convrelay_ticket_hash(convrelay_session_t *s)
{
    const convrelay_str_t  *text;

    text = convrelay_session_parameter(s,
                               (u_char *) NGX_HTTP_CONVRELAY_TICKET_NAME,
                               sizeof(NGX_HTTP_CONVRELAY_TICKET_NAME) - 1);

    return (text && text->len) ? ngx_http_convrelay_ticket_digest(text) : 0;
}


static uint64_t
ngx_http_convrelay_ticket_digest(const convrelay_str_t *text)
{
    u_char              digest[CONVRELAY_SHA256_LEN];
    uint64_t            hash;
    convrelay_sha256_t  h;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, text->data, text->len);
    convrelay_sha256_final(&h, digest);

    ngx_memcpy(&hash, digest, sizeof(uint64_t));

    return hash;
}


ngx_int_t
ngx_http_convrelay_call_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                       rc;
    convrelay_pair_t                ticket;
    convrelay_call_path_t           path;
    ngx_http_convrelay_webhook_t   *webhook;
    ngx_http_convrelay_loc_conf_t  *clcf;

    static ngx_str_t  call_sid = ngx_string("CallSid");
    static ngx_str_t  account_sid = ngx_string("AccountSid");

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = 0;

    ngx_memzero(&path, sizeof(convrelay_call_path_t));

    r = r->main;

    rc = ngx_http_convrelay_form_value(r, &call_sid, &path.call_sid);

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_form_value(r, &account_sid,
                                           &path.account_sid);
    }

    if (rc == NGX_OK && convrelay_call_path_size(&path) == 0) {
        rc = NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        v->not_found = (rc == NGX_DECLINED);
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    /* an action may answer with the TwiML of another location */

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_ERROR;
    }

    clcf = webhook->twiml
           ? webhook->twiml
           : ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (clcf->auth.ticket) {

        if (ngx_http_convrelay_ticket_issue(r, &clcf->auth, &ticket)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        path.ticket = ngx_http_convrelay_ticket_digest(&ticket.value);
    }

    v->data = ngx_pnalloc(r->pool, convrelay_call_path_size(&path));
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = convrelay_call_path_write(v->data, &path) - v->data;

    return NGX_OK;
}


/* in base64; NGX_OK or NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_ticket_mac(ngx_http_request_t *r,
    ngx_http_convrelay_auth_conf_t *conf, convrelay_ticket_t *ticket,
    convrelay_str_t *sid, u_char *mac)
{
    u_char           digest[NGX_HTTP_CONVRELAY_SHA1_LEN];
    ngx_str_t        secret, src, dst;
    convrelay_str_t  input;

    if (ngx_http_complex_value(r, conf->ticket->value, &secret) != NGX_OK) {
        return NGX_ERROR;
    }

    if (secret.len == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "secret of \"convrelay_ticket\" is empty");
        return NGX_ERROR;
    }

    input.len = convrelay_ticket_input_size(ticket, sid);

    input.data = ngx_pnalloc(r->pool, input.len);
    if (input.data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_ticket_input_write(input.data, ticket, sid);

    ngx_http_convrelay_hmac_sha1(&secret, &input, digest);

    src.len = sizeof(digest);
    src.data = digest;
    dst.data = mac;

    ngx_encode_base64(&dst, &src);

    return NGX_OK;
}
