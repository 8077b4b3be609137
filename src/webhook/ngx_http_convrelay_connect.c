
/*
 * Copyright (C) convrelay contributors
 *
 * Answers the request that Twilio makes for <Connect action> when a session is
 * over, with the TwiML with which the call continues.  The answer is a document
 * even after a failure: after an error status the caller would hear an error.
 */


#include "ngx_http_convrelay_webhook.h"
#include "ngx_http_convrelay_store.h"

#include "ngx_http_convrelay_report.h"
#include "ngx_http_convrelay_tenant.h"

#include "convrelay_handoff.h"
#include "convrelay_redact.h"


#define NGX_HTTP_CONVRELAY_CONNECT_LOST  64105  /* Twilio's code: the socket */
#define NGX_HTTP_CONVRELAY_REPLY_NAME  256      /* bytes of one in a log line */


static ngx_int_t ngx_http_convrelay_connect_answer(ngx_http_request_t *r,
    ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_connect_document(ngx_http_request_t *r,
    ngx_str_t *document, ngx_uint_t *goes_on);
static ngx_int_t ngx_http_convrelay_connect_log(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);
static ngx_uint_t ngx_http_convrelay_connect_drained(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);
static ngx_int_t ngx_http_convrelay_connect_evaluate(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_reply_t *reply);
static ngx_int_t ngx_http_convrelay_connect_reconnect(ngx_http_request_t *r,
    convrelay_reply_t *reply, ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_connect_count(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_connect_write(ngx_http_request_t *r,
    convrelay_reply_t *reply, ngx_str_t *document);
static ngx_int_t ngx_http_convrelay_connect_over(ngx_http_request_t *r);
static ngx_uint_t ngx_http_convrelay_connect_goes_on(
    convrelay_reply_t *reply);
static ngx_int_t ngx_http_convrelay_connect_forget(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant, ngx_uint_t goes_on);
static ngx_int_t ngx_http_convrelay_connect_task(ngx_http_request_t *r,
    convrelay_str_t *task);


ngx_int_t
ngx_http_convrelay_connect_handler(ngx_http_request_t *r)
{
    return ngx_http_convrelay_webhook(r, ngx_http_convrelay_connect_answer);
}


static ngx_int_t
ngx_http_convrelay_connect_answer(ngx_http_request_t *r, ngx_str_t *document)
{
    ngx_int_t                    over;
    ngx_uint_t                   goes_on;
    ngx_http_convrelay_tenant_t  tenant;

    over = ngx_http_convrelay_connect_over(r);

    if (over == NGX_ERROR
        || ngx_http_convrelay_tenant_action(r, &tenant) != NGX_OK
        || ngx_http_convrelay_connect_log(r, &tenant) != NGX_OK
        || ngx_http_convrelay_connect_document(r, document, &goes_on) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (over == NGX_OK) {
        goes_on = 0;
    }

    if (ngx_http_convrelay_connect_forget(r, &tenant, goes_on) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_report_action(r, &tenant, over == NGX_OK, goes_on);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_connect_document(ngx_http_request_t *r,
    ngx_str_t *document, ngx_uint_t *goes_on)
{
    ngx_int_t                       rc;
    convrelay_reply_t               reply;
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    ngx_memzero(&reply, sizeof(convrelay_reply_t));

    rc = ngx_http_convrelay_connect_evaluate(r, clcf, &reply);

    if (rc == NGX_OK && reply.kind == CONVRELAY_REPLY_RECONNECT) {
        rc = ngx_http_convrelay_connect_reconnect(r, &reply, document);

        if (rc == NGX_OK) {
            *goes_on = 1;
            return NGX_OK;
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        reply.kind = CONVRELAY_REPLY_HANGUP;
    }

    *goes_on = ngx_http_convrelay_connect_goes_on(&reply);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay action reply:%ui", (ngx_uint_t) reply.kind);

    return ngx_http_convrelay_connect_write(r, &reply, document);
}


/* Twilio's message may contain an address or a name: only the code is logged */

static ngx_int_t
ngx_http_convrelay_connect_log(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_int_t                       rc, n;
    ngx_uint_t                      level, drained;
    convrelay_str_t                 status, code, message;
    ngx_http_convrelay_loc_conf_t  *clcf;

    static ngx_str_t  status_name = ngx_string("SessionStatus");
    static ngx_str_t  code_name = ngx_string("ErrorCode");
    static ngx_str_t  message_name = ngx_string("ErrorMessage");

    rc = ngx_http_convrelay_form_value(r, &status_name, &status);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    if (!convrelay_str_eq(&status, "failed")) {
        return NGX_OK;
    }

    ngx_memzero(&code, sizeof(convrelay_str_t));
    ngx_memzero(&message, sizeof(convrelay_str_t));

    if (ngx_http_convrelay_form_value(r, &code_name, &code) == NGX_ERROR
        || ngx_http_convrelay_form_value(r, &message_name, &message)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    n = ngx_atoi(code.data, code.len);

    drained = (n == NGX_HTTP_CONVRELAY_CONNECT_LOST
               && ngx_http_convrelay_connect_drained(r, tenant));

    level = drained ? NGX_LOG_INFO : NGX_LOG_ERR;

    ngx_log_error(level, r->connection->log, 0,
                  "client reported a failed session, error %i%s", n,
                  drained ? ", which convrelay_drain has closed" : "");

    ngx_http_convrelay_count_n(clcf, convrelay_metric_twilio(n), 1);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "convrelay action error:\"%*s\"",
                   message.len, message.data);

    return NGX_OK;
}


/* as far as the store knows: its record is still there, and says so */

static ngx_uint_t
ngx_http_convrelay_connect_drained(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_uint_t                       i;
    convrelay_str_t                  account, call;
    ngx_http_convrelay_record_t      record;
    ngx_http_convrelay_loc_conf_t   *clcf;
    ngx_http_convrelay_main_conf_t  *mcf;

    static ngx_str_t  account_name = ngx_string("AccountSid");
    static ngx_str_t  call_name = ngx_string("CallSid");

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    if (!clcf->store.enable
        || ngx_http_convrelay_form_value(r, &account_name, &account) != NGX_OK
        || ngx_http_convrelay_form_value(r, &call_name, &call) != NGX_OK)
    {
        return 0;
    }

    for (i = 0; i < tenant->n; i++) {
        ngx_http_convrelay_record_name(&record, tenant, i, &account, &call);
        ngx_http_convrelay_record_head(mcf, &record);

        if (record.head.lost == NGX_HTTP_CONVRELAY_RECORD_DRAINED) {
            return 1;
        }
    }

    return 0;
}


/*
 * NGX_OK; NGX_DECLINED if there is none to use (logged); NGX_ERROR.
 *
 * TwiML that comes from a variable could contain anything that a caller said,
 * because a map escapes nothing.  So it is not used.
 */

static ngx_int_t
ngx_http_convrelay_connect_evaluate(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, convrelay_reply_t *reply)
{
    const char                  *error;
    convrelay_str_t              text;
    ngx_http_convrelay_reply_t  *conf;

    conf = clcf->connect.reply;

    if (conf == NULL) {
        return NGX_OK;
    }

    if (conf->xml) {
        reply->kind = CONVRELAY_REPLY_TWIML;
        return ngx_http_convrelay_twiml_xml(r, conf->xml, &reply->text);
    }

    if (ngx_http_convrelay_value_text(r, &conf->value, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_convrelay_reply_parse(&text, reply, &error) == NGX_OK) {
        return NGX_OK;
    }

    /* the value itself is not logged: it may contain what people said */

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "\"convrelay_connect_reply %V\" evaluated to a value that %s",
                  &conf->value.source, error);

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_convrelay_reply_parse(convrelay_str_t *text,
    convrelay_reply_t *reply, const char **error)
{
    if (convrelay_reply_parse(text, reply, error) != CONVRELAY_OK) {
        return NGX_DECLINED;
    }

    if (reply->kind == CONVRELAY_REPLY_TWIML) {
        *error = "is TwiML, which is not taken from a variable: write it in "
                 "the directive itself, where variables are escaped, or name "
                 "a file, as in \"file=reply.xml\"";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* NGX_OK; NGX_DECLINED if the call is to end (logged); NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_connect_reconnect(ngx_http_request_t *r,
    convrelay_reply_t *reply, ngx_str_t *document)
{
    char                             name[NGX_HTTP_CONVRELAY_REPLY_NAME];
    ngx_int_t                        n;
    ngx_http_core_srv_conf_t        *cscf;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    conf = ngx_http_convrelay_twiml_find(mcf, cscf, &reply->text);

    if (conf == NULL) {

        /* its name may come from a variable: make it one printable line */

        convrelay_redact(name, sizeof(name), reply->text.data,
                         reply->text.len);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"reconnect%s%s\" finds no location with "
                      "\"convrelay_twiml\": name one of this server",
                      name[0] ? " " : "", name);
        return NGX_DECLINED;
    }

    n = ngx_http_convrelay_connect_count(r);

    if (n == NGX_ERROR || n >= (ngx_int_t) reply->max) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "reconnect limit of %ui reached, hanging up",
                      (ngx_uint_t) reply->max);
        return NGX_DECLINED;
    }

    /* errors were logged, and must not reach the caller */

    if (ngx_http_convrelay_twiml_document(r, conf, n + 1, document)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * The number of times the call was reconnected; NGX_ERROR if the argument is
 * not a number.  The last argument of that name counts: earlier ones are part
 * of the configured URL, in which a variable can contain a caller's choice.
 */

static ngx_int_t
ngx_http_convrelay_connect_count(ngx_http_request_t *r)
{
    size_t      len;
    u_char     *p, *last, *end;
    ngx_int_t   n;

    static ngx_str_t  name = ngx_string(NGX_HTTP_CONVRELAY_RECONNECTS "=");

    n = 0;

    p = r->args.data;
    last = p + r->args.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        len = end - p;

        if (len >= name.len
            && ngx_strncasecmp(p, name.data, name.len) == 0)
        {
            n = ngx_atoi(p + name.len, len - name.len);
        }
    }

    return n;
}


/* whether the reply may lead to another session of the call */

static ngx_uint_t
ngx_http_convrelay_connect_goes_on(convrelay_reply_t *reply)
{
    u_char  *p, *last;

    if (reply->kind != CONVRELAY_REPLY_TWIML) {
        return 0;
    }

    p = reply->text.data;
    last = p + reply->text.len;

    return ngx_strlcasestrn(p, last, (u_char *) "<Connect", 7) != NULL
           || ngx_strlcasestrn(p, last, (u_char *) "<Redirect", 8) != NULL;
}


/*
 * Whether the call itself is over, so that the answer does not matter, and not
 * only a session of it: NGX_OK, NGX_DECLINED, or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_connect_over(ngx_http_request_t *r)
{
    ngx_int_t        rc;
    ngx_uint_t       i;
    convrelay_str_t  status;

    static ngx_str_t  session_name = ngx_string("SessionStatus");
    static ngx_str_t  call_name = ngx_string("CallStatus");

    static const convrelay_str_t  over[] = {
        convrelay_string("completed"),
        convrelay_string("failed"),
        convrelay_string("busy"),
        convrelay_string("no-answer"),
        convrelay_string("canceled")
    };

    rc = ngx_http_convrelay_form_value(r, &session_name, &status);

    if (rc == NGX_OK && convrelay_str_eq(&status, "completed")) {
        return NGX_OK;
    }

    if (rc != NGX_ERROR) {
        rc = ngx_http_convrelay_form_value(r, &call_name, &status);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(over) / sizeof(over[0]); i++) {

        if (convrelay_str_equal(&status, &over[i])) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* unless the conversation goes on, its record is removed from the store */

static ngx_int_t
ngx_http_convrelay_connect_forget(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant, ngx_uint_t goes_on)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    convrelay_str_t                  account, call;
    ngx_http_convrelay_record_t      record;
    ngx_http_convrelay_loc_conf_t   *clcf;
    ngx_http_convrelay_main_conf_t  *mcf;

    static ngx_str_t  account_name = ngx_string("AccountSid");
    static ngx_str_t  call_name = ngx_string("CallSid");

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (goes_on || !clcf->store.enable) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_form_value(r, &call_name, &call);

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_form_value(r, &account_name, &account);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    for (i = 0; i < tenant->n; i++) {
        ngx_http_convrelay_record_name(&record, tenant, i, &account, &call);
        record.away = clcf->store.away;
        (void) ngx_http_convrelay_record_remove(mcf, &record);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_connect_write(ngx_http_request_t *r,
    convrelay_reply_t *reply, ngx_str_t *document)
{
    convrelay_str_t  task;

    ngx_memzero(&task, sizeof(convrelay_str_t));

    if (reply->kind == CONVRELAY_REPLY_ENQUEUE
        && ngx_http_convrelay_connect_task(r, &task) != NGX_OK)
    {
        return NGX_ERROR;
    }

    document->len = convrelay_reply_size(reply, &task);
    document->data = ngx_pnalloc(r->pool, document->len);
    if (document->data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_reply_write(document->data, reply, &task);

    return NGX_OK;
}


/* the JSON of a task; left as it is without hand-off data */

static ngx_int_t
ngx_http_convrelay_connect_task(ngx_http_request_t *r, convrelay_str_t *task)
{
    u_char                        *p;
    ngx_int_t                      rc;
    convrelay_str_t                data;
    ngx_http_convrelay_webhook_t  *webhook;

    rc = ngx_http_convrelay_handoff_text(r, &data);

    if (rc != NGX_OK || data.len == 0) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    if (ngx_http_convrelay_handoff(r) == NULL) {
        return NGX_ERROR;
    }

    webhook = ngx_http_convrelay_get_webhook(r);
    if (webhook == NULL) {
        return NGX_ERROR;
    }

    task->len = convrelay_handoff_task_size(&data, webhook->json);

    p = ngx_pnalloc(r->pool, task->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    task->data = p;

    (void) convrelay_handoff_task_write(p, &data, webhook->json);

    return NGX_OK;
}
