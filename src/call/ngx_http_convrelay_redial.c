
/*
 * Copyright (C) convrelay contributors
 *
 * With the TwiML attribute "applicationReconnect", Twilio opens a lost socket
 * again on its own, and the first message may be anything.  The call is then
 * that of the URL's path, $convrelay_call_path, if the handshake is signed: the
 * signature covers the URL.  Where there are tickets, the path also has a hash
 * of the one that the lost session came with, and is good for the first socket
 * that continues that session.
 */


#include "ngx_http_convrelay_keep.h"
#include "ngx_http_convrelay_zone.h"

#include "convrelay_call_path.h"


static ngx_int_t ngx_http_convrelay_redial_path(
    ngx_http_convrelay_call_t *call, convrelay_call_path_t *path);


ngx_int_t
ngx_http_convrelay_redial_copy(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *data, convrelay_str_t *copy)
{
    convrelay_call_path_t  path;

    static const convrelay_str_t  none = convrelay_null_string;

    *copy = none;

    if (call->session->state != CONVRELAY_SESSION_NEW
        || ngx_http_convrelay_redial_path(call, &path) != NGX_OK)
    {
        return NGX_OK;
    }

    copy->data = ngx_alloc(CONVRELAY_WS_MAX_HEADER + data->len,
                           call->connection->log);
    if (copy->data == NULL) {
        return NGX_ERROR;
    }

    copy->len = data->len;
    ngx_memcpy(copy->data + CONVRELAY_WS_MAX_HEADER, data->data,
               data->len);

    return NGX_OK;
}


/* NGX_OK: it names a call, and has been signed */

static ngx_int_t
ngx_http_convrelay_redial_path(ngx_http_convrelay_call_t *call,
    convrelay_call_path_t *path)
{
    convrelay_str_t  uri;

    /* URLs are logged: only the signature of this one proves something */

    if (!call->conf->store.enable || call->conf->auth.tokens == NULL) {
        return NGX_DECLINED;
    }

    uri = ngx_http_convrelay_str(&call->request->unparsed_uri);

    return (convrelay_call_path_parse(path, &uri) == CONVRELAY_OK)
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_convrelay_redial(ngx_http_convrelay_call_t *call,
    convrelay_str_t *copy)
{
    u_char                          *p, header[CONVRELAY_WS_MAX_HEADER];
    u_char                           bytes[CONVRELAY_SESSION_NONCE];
    convrelay_str_t                  nonce;
    convrelay_actions_t              out;
    convrelay_call_path_t            path;
    ngx_http_convrelay_auth_conf_t  *auth;

    static const u_char  mask[4];

    if (copy->data == NULL) {
        auth = &call->conf->auth;

        /* a peer that has signed is Twilio; any other one needs a ticket */

        if (call->conf->store.enable && auth->tokens && auth->ticket == NULL
            && ngx_http_convrelay_random(bytes, sizeof(bytes)) == NGX_OK)
        {
            nonce.data = bytes;
            nonce.len = sizeof(bytes);

            convrelay_session_await_setup(call->session, &nonce,
                                          ngx_current_msec);
        }

        if (call->conf->store.enable && auth->tokens == NULL) {
            ngx_http_convrelay_log(call, NGX_LOG_WARN, "no signed URL",
                                   "client sent no setup message, and its URL "
                                   "was not signed: no call is resumed, write "
                                   "\"convrelay_auth_token\"");
        }

        return NGX_DECLINED;
    }

    (void) ngx_http_convrelay_redial_path(call, &path);

    out = ngx_http_convrelay_actions(call);

    convrelay_session_begin(call->session, &path.account_sid, &path.call_sid,
                            ngx_current_msec, &out);

    if (!call->wait || call->keep == NULL) {
        return NGX_OK;
    }

    /* the message is read again after the pause, as a frame of the peer */

    p = convrelay_ws_header_masked(header, CONVRELAY_WS_TEXT, copy->len, mask);

    ngx_memmove(copy->data + (p - header),
                copy->data + CONVRELAY_WS_MAX_HEADER, copy->len);
    ngx_memcpy(copy->data, header, p - header);

    call->keep->first.data = copy->data;
    call->keep->first.len = (p - header) + copy->len;

    copy->data = NULL;

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_convrelay_redial_check(ngx_http_convrelay_call_t *call)
{
    convrelay_call_path_t        path;
    ngx_http_convrelay_keep_t   *keep;

    keep = call->keep;

    if (ngx_http_convrelay_redial_path(call, &path) != NGX_OK) {
        path.ticket = 0;
    }

    if (keep) {
        keep->ticket = path.ticket;
        keep->record.head.ticket = path.ticket;
    }

    if (call->conf->auth.ticket == NULL) {
        return NGX_OK;
    }

    if (keep && path.ticket
        && ngx_http_convrelay_record_claim(call->main, &keep->record,
                                           path.ticket)
           == NGX_OK)
    {
        return NGX_OK;
    }

    if (keep && path.ticket && keep->record.away) {

        /* that session may have been on another machine */

        keep->record.later = 1;
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "client sent no setup message, and no lost session of its "
                  "call has the ticket that its URL names");

    return NGX_DECLINED;
}


void
ngx_http_convrelay_redial_restored(ngx_http_convrelay_call_t *call,
    ngx_uint_t found)
{
    convrelay_relay_setup_t  setup;

    if (!found) {
        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "client sent no setup message, and its call has no "
                      "record that can be used: the call begins without its "
                      "history");
        return;
    }

    /* an action may name this session as the one that is to be replaced */

    if (call->node) {
        convrelay_session_get_setup(call->session, &setup);
        ngx_http_convrelay_zone_session(call, &setup.session_id);
    }
}


ngx_int_t
ngx_http_convrelay_redial_rest(ngx_http_convrelay_call_t *call, u_char **pos,
    u_char **last)
{
    u_char           *p;
    size_t            len;
    convrelay_str_t  *first;

    if (call->keep == NULL || call->keep->first.data == NULL) {
        return NGX_DECLINED;
    }

    first = &call->keep->first;
    len = *last - *pos;

    p = ngx_alloc(first->len + len, call->connection->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, first->data, first->len);

    if (len) {
        ngx_memcpy(p + first->len, *pos, len);
    }

    *pos = p;
    *last = p + first->len + len;

    ngx_free(first->data);
    convrelay_str_null(first);

    return NGX_OK;
}
