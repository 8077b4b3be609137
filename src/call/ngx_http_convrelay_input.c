
/*
 * Copyright (C) convrelay contributors
 *
 * The input of a call: from bytes to the session.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_talk.h"
#include "ngx_http_convrelay_keep.h"


static u_char *ngx_http_convrelay_frames(ngx_http_convrelay_call_t *call,
    u_char *pos, u_char *last);
static ngx_int_t ngx_http_convrelay_frame_rate(
    ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_invalid_frame(
    ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_frame(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m);
static void ngx_http_convrelay_message(ngx_http_convrelay_call_t *call,
    convrelay_str_t *data);
static void ngx_http_convrelay_peer_close(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m);


u_char *
ngx_http_convrelay_input(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    call->reading = 1;

    pos = ngx_http_convrelay_frames(call, pos, last);

    call->reading = 0;

    ngx_http_convrelay_act_start(call);

    return pos;
}


static u_char *
ngx_http_convrelay_frames(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    int                     rc;
    convrelay_ws_message_t  m;

    while (!call->closing && !call->dead) {

        rc = convrelay_ws_read(&call->reader, &pos, last, &m);

        if (rc == CONVRELAY_AGAIN) {
            return last;
        }

        if (rc == CONVRELAY_ERROR) {
            ngx_http_convrelay_invalid_frame(call);
            return last;
        }

        if (ngx_http_convrelay_frame_rate(call) != NGX_OK) {
            return last;
        }

        ngx_http_convrelay_frame(call, &m);

        if (call->wait) {
            return pos;
        }
    }

    return last;
}


/* counts every frame, including control frames: a flood costs its sender the
   call */

static ngx_int_t
ngx_http_convrelay_frame_rate(ngx_http_convrelay_call_t *call)
{
    convrelay_rate_limit_t  limit;

    limit.number = call->conf->limits.max_frame_rate;
    limit.period = 1000;
    limit.burst = limit.number * NGX_HTTP_CONVRELAY_FRAME_BURST;

    return ngx_http_convrelay_call_rate(call, &call->frames, &limit,
                                        "messages", "second");
}


static void
ngx_http_convrelay_invalid_frame(ngx_http_convrelay_call_t *call)
{
    ngx_log_t              *log;
    ngx_uint_t              level;
    convrelay_str_t         reason;
    convrelay_ws_reader_t  *r;

    log = call->connection->log;
    r = &call->reader;

    /* an error, because the limit may be set too low */

    level = (r->close_code == CONVRELAY_WS_MESSAGE_TOO_BIG) ? NGX_LOG_ERR
                                                            : NGX_LOG_INFO;

    if (r->close_code == CONVRELAY_WS_INTERNAL_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "client sent %s", r->error);

    } else if (r->value) {
        ngx_log_error(level, log, 0,
                      "client sent %s: %uL, closing with %ui",
                      r->error, r->value, (ngx_uint_t) r->close_code);

    } else {
        ngx_log_error(level, log, 0,
                      "client sent %s, closing with %ui",
                      r->error, (ngx_uint_t) r->close_code);
    }

    if (r->close_code == CONVRELAY_WS_MESSAGE_TOO_BIG) {
        ngx_http_convrelay_count(call->conf, LIMIT_MESSAGE_SIZE);
    }

    ngx_http_convrelay_stat_close(call, r->close_code);

    reason.len = ngx_strlen(r->error);
    reason.data = (u_char *) r->error;

    ngx_http_convrelay_call_close(call, r->close_code, &reason);
}


static void
ngx_http_convrelay_frame(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m)
{
    convrelay_str_t  reason = convrelay_string("text messages only");

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay message op:%ui len:%uz",
                   (ngx_uint_t) m->opcode, m->data.len);

    switch (m->opcode) {

    case CONVRELAY_WS_TEXT:
        ngx_http_convrelay_message(call, &m->data);
        break;

    case CONVRELAY_WS_PING:
        if (ngx_http_convrelay_output_control(call, CONVRELAY_WS_PONG, &m->data)
            != NGX_OK)
        {
            ngx_http_convrelay_call_fail(call, NGX_ERROR);
        }

        break;

    case CONVRELAY_WS_PONG:
        break;

    case CONVRELAY_WS_CLOSE:
        ngx_http_convrelay_peer_close(call, m);
        break;

    default: /* CONVRELAY_WS_BINARY */
        ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                      "client sent binary message");
        ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_PROTOCOL);
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_UNSUPPORTED_DATA,
                                      &reason);
    }
}


static void
ngx_http_convrelay_message(ngx_http_convrelay_call_t *call,
    convrelay_str_t *data)
{
    int                        rc;
    u_char                     nonce[CONVRELAY_SESSION_NONCE];
    convrelay_str_t            copy;
    convrelay_str_t            reason = convrelay_string("no memory");
    convrelay_actions_t        out;
    convrelay_relay_message_t  m;

    if (call->browser && call->session->state == CONVRELAY_SESSION_NEW
        && ngx_http_convrelay_talk_setup(call, data) != NGX_OK)
    {
        return;
    }

    if (ngx_http_convrelay_redial_copy(call, data, &copy) != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    rc = convrelay_relay_parse(&m, data->data, data->len);

    if (rc == CONVRELAY_OK && m.type != CONVRELAY_RELAY_SETUP
        && call->session->state == CONVRELAY_SESSION_NEW
        && ngx_http_convrelay_redial(call, &copy) == NGX_AGAIN)
    {
        convrelay_relay_free(&m);
        return;
    }

    if (copy.data) {
        ngx_free(copy.data);
    }

    if (rc == CONVRELAY_DECLINED) {
        ngx_http_convrelay_log(call, NGX_LOG_INFO,
                               "client sent invalid message",
                               "client sent message that %s, ignored",
                               m.error);
        ngx_http_convrelay_count(call->conf, MESSAGE_INVALID);
        return;
    }

    if (rc != CONVRELAY_OK) {
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_INTERNAL_ERROR,
                                      &reason);
        return;
    }

    ngx_http_convrelay_stat_message(call, &m);

    if (m.type == CONVRELAY_RELAY_SETUP
        && m.u.setup.call_sid.len == 0 && m.u.setup.session_id.len == 0
        && ngx_http_convrelay_random(nonce, sizeof(nonce)) == NGX_OK)
    {
        m.u.setup.nonce.data = nonce;
        m.u.setup.nonce.len = sizeof(nonce);
    }

    out = ngx_http_convrelay_actions(call);

    convrelay_session_message(call->session, &m, ngx_current_msec, &out);

    convrelay_relay_free(&m);

    ngx_http_convrelay_stat_settle(call);
    ngx_http_convrelay_clock_update(call);
}


/* RFC 6455, 5.5.1: the same code goes back, then the server closes first */

static void
ngx_http_convrelay_peer_close(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m)
{
    convrelay_str_t  reason = convrelay_null_string;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, call->connection->log, 0,
                   "convrelay peer close code:%ui", (ngx_uint_t) m->code);

    /* Twilio's code when the caller hangs up; and after an "end" of ours, where
       the action of <Connect> decides whether the call goes on */

    if (m->code == CONVRELAY_WS_NORMAL
        && call->session->state != CONVRELAY_SESSION_ENDED)
    {
        ngx_http_convrelay_keep_hung_up(call);
    }

    ngx_http_convrelay_stat_ends(call, (call->session->state
                                        == CONVRELAY_SESSION_ENDED)
                                       ? CONVRELAY_METRIC_SESSION_ENDED
                                       : CONVRELAY_METRIC_SESSION_HANGUP);
    ngx_http_convrelay_call_close(call, m->code, &reason);

    call->linger = 0;
}
