
/*
 * Copyright (C) convrelay contributors
 *
 * From bytes to the session, and from what the session says to frames.
 */


#include "ngx_http_convrelay.h"


static ngx_int_t ngx_http_convrelay_frame_rate(
    ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_turn_rate(
    ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_rate(ngx_http_convrelay_call_t *call,
    convrelay_rate_t *rate, const convrelay_rate_limit_t *limit,
    const char *what, const char *period);
static void ngx_http_convrelay_invalid_frame(
    ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_frame(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m);
static void ngx_http_convrelay_message(ngx_http_convrelay_call_t *call,
    convrelay_str_t *data);
static void ngx_http_convrelay_peer_close(ngx_http_convrelay_call_t *call,
    convrelay_ws_message_t *m);
static void ngx_http_convrelay_setup(ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_text(ngx_http_convrelay_call_t *call,
    convrelay_action_t *a);
static ngx_int_t ngx_http_convrelay_send(ngx_http_convrelay_call_t *call,
    const convrelay_relay_out_t *m);
static void ngx_http_convrelay_note(ngx_http_convrelay_call_t *call,
    convrelay_action_t *a);


void
ngx_http_convrelay_input(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    int                     rc;
    convrelay_ws_message_t  m;

    while (!call->closing && !call->dead) {

        rc = convrelay_ws_read(&call->reader, &pos, last, &m);

        if (rc == CONVRELAY_AGAIN) {
            return;
        }

        if (rc == CONVRELAY_ERROR) {
            ngx_http_convrelay_invalid_frame(call);
            return;
        }

        if (ngx_http_convrelay_frame_rate(call) != NGX_OK) {
            return;
        }

        ngx_http_convrelay_frame(call, &m);
    }
}


/* of all that was sent, control frames too: a flood costs its sender the
   call */

static ngx_int_t
ngx_http_convrelay_frame_rate(ngx_http_convrelay_call_t *call)
{
    convrelay_rate_limit_t  limit;

    limit.number = call->conf->max_frame_rate;
    limit.period = 1000;
    limit.burst = limit.number * NGX_HTTP_CONVRELAY_FRAME_BURST;

    return ngx_http_convrelay_rate(call, &call->frames, &limit, "messages",
                                   "second");
}


/*
 * Turns cost money.  Who asks more often than people speak is closed and not
 * told to wait, as nobody is there to be told.
 */

static ngx_int_t
ngx_http_convrelay_turn_rate(ngx_http_convrelay_call_t *call)
{
    convrelay_rate_limit_t  limit;

    limit.number = call->conf->max_turn_rate;
    limit.period = 60000;
    limit.burst = limit.number;

    return ngx_http_convrelay_rate(call, &call->started_turns, &limit,
                                   "turns", "minute");
}


/* NGX_OK, or NGX_DECLINED: the call is closed; a limit of 0 is none */

static ngx_int_t
ngx_http_convrelay_rate(ngx_http_convrelay_call_t *call,
    convrelay_rate_t *rate, const convrelay_rate_limit_t *limit,
    const char *what, const char *period)
{
    u_char           buf[32];
    convrelay_str_t  reason;

    if (limit->number == 0
        || convrelay_rate_add(rate, limit, ngx_current_msec) == CONVRELAY_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                  "client sends too fast: %ui %s ahead, limit is %ui a %s, "
                  "closing",
                  (ngx_uint_t) convrelay_rate_ahead(rate, limit), what,
                  (ngx_uint_t) limit->number, period);

    reason.data = buf;
    reason.len = ngx_sprintf(buf, "too many %s", what) - buf;

    ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                  &reason);

    return NGX_DECLINED;
}


static void
ngx_http_convrelay_invalid_frame(ngx_http_convrelay_call_t *call)
{
    ngx_log_t              *log;
    convrelay_str_t         reason;
    convrelay_ws_reader_t  *r;

    log = call->connection->log;
    r = &call->reader;

    if (r->close_code == CONVRELAY_WS_INTERNAL_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "client sent %s", r->error);

    } else if (r->value) {
        ngx_log_error(NGX_LOG_INFO, log, 0,
                      "client sent %s: %uL, closing with %ui",
                      r->error, r->value, (ngx_uint_t) r->close_code);

    } else {
        ngx_log_error(NGX_LOG_INFO, log, 0,
                      "client sent %s, closing with %ui",
                      r->error, (ngx_uint_t) r->close_code);
    }

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
        if (ngx_http_convrelay_control(call, CONVRELAY_WS_PONG, &m->data)
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
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_UNSUPPORTED_DATA,
                                      &reason);
    }
}


static void
ngx_http_convrelay_message(ngx_http_convrelay_call_t *call,
    convrelay_str_t *data)
{
    int                        rc;
    convrelay_str_t            reason = convrelay_string("no memory");
    convrelay_actions_t        out;
    convrelay_relay_message_t  m;

    rc = convrelay_relay_parse(&m, data->data, data->len);

    if (rc == CONVRELAY_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                      "client sent message that %s, ignored", m.error);
        return;
    }

    if (rc != CONVRELAY_OK) {
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_INTERNAL_ERROR,
                                      &reason);
        return;
    }

    convrelay_session_message(call->session, &m, ngx_current_msec, &out);

    ngx_http_convrelay_call_act(call, &out);

    convrelay_relay_free(&m);

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

    ngx_http_convrelay_call_close(call, m->code, &reason);

    call->linger = 0;
}


void
ngx_http_convrelay_call_act(ngx_http_convrelay_call_t *call,
    convrelay_actions_t *out)
{
    ngx_uint_t           i;
    convrelay_str_t      reason;
    convrelay_action_t  *a;
    convrelay_actions_t  failed;

    for (i = 0; i < out->nactions; i++) {

        if (call->closing || call->dead) {
            return;
        }

        a = &out->actions[i];

        switch (a->type) {

        case CONVRELAY_ACT_SETUP:
            ngx_http_convrelay_setup(call);
            break;

        case CONVRELAY_ACT_CANCEL:
            if (call->turn) {
                ngx_http_convrelay_turn_cancel(call->turn);
            }

            break;

        case CONVRELAY_ACT_TEXT:
            if (ngx_http_convrelay_text(call, a) != NGX_OK) {
                ngx_http_convrelay_call_fail(call, NGX_ERROR);
            }

            break;

        case CONVRELAY_ACT_START:
            if (ngx_http_convrelay_turn_rate(call) != NGX_OK) {
                return;
            }

            if (ngx_http_convrelay_turn_start(call) != NGX_OK) {
                convrelay_session_turn_end(call->session,
                                           CONVRELAY_TURN_FAILED,
                                           ngx_current_msec, &failed);
                ngx_http_convrelay_call_act(call, &failed);
            }

            break;

        case CONVRELAY_ACT_CLOSE:
            ngx_http_convrelay_note(call, a);

            reason.len = ngx_strlen(a->note);
            reason.data = (u_char *) a->note;

            ngx_http_convrelay_call_close(call, a->code, &reason);
            break;

        case CONVRELAY_ACT_LOG:
            ngx_http_convrelay_note(call, a);
            break;

        case CONVRELAY_ACT_SEND:
            if (ngx_http_convrelay_send(call, a->message) != NGX_OK) {
                ngx_http_convrelay_call_fail(call, NGX_ERROR);
            }

            break;

        case CONVRELAY_ACT_EVENT:
            ngx_http_convrelay_event(call, a);
            break;
        }
    }
}


/* the call is known: may it come in, and what is said to the LLM about it */

static void
ngx_http_convrelay_setup(ngx_http_convrelay_call_t *call)
{
    convrelay_str_t  reason, over;

    ngx_http_convrelay_flush_variables(call->request);

    if (ngx_http_convrelay_ticket_check(call, &over) != NGX_OK) {
        convrelay_str_set(&reason, "no valid ticket");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                      &reason);
        return;
    }

    if (ngx_http_convrelay_zone_setup(call, &over) != NGX_OK) {
        convrelay_str_set(&reason, "too many calls");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                      &reason);
        return;
    }

    if (ngx_http_convrelay_prompt_setup(call) != NGX_OK) {
        convrelay_str_set(&reason, "no system prompt");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_INTERNAL_ERROR,
                                      &reason);
    }
}


static ngx_int_t
ngx_http_convrelay_text(ngx_http_convrelay_call_t *call,
    convrelay_action_t *a)
{
    size_t   size;
    u_char  *p;

    size = convrelay_relay_text_size(&a->text, a->last);

    p = ngx_http_convrelay_output_reserve(call,
                                          CONVRELAY_WS_MAX_HEADER + size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = convrelay_ws_header(p, CONVRELAY_WS_TEXT, size);
    p = convrelay_relay_text_write(p, &a->text, a->last);

    ngx_http_convrelay_output_commit(call, p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_send(ngx_http_convrelay_call_t *call,
    const convrelay_relay_out_t *m)
{
    size_t   size;
    u_char  *p;

    size = convrelay_relay_out_size(m);

    p = ngx_http_convrelay_output_reserve(call,
                                          CONVRELAY_WS_MAX_HEADER + size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = convrelay_ws_header(p, CONVRELAY_WS_TEXT, size);
    p = convrelay_relay_out_write(p, m);

    ngx_http_convrelay_output_commit(call, p);

    return NGX_OK;
}


static void
ngx_http_convrelay_note(ngx_http_convrelay_call_t *call,
    convrelay_action_t *a)
{
    char        text[65];
    ngx_uint_t  level;

    static ngx_uint_t  levels[] = {
        NGX_LOG_INFO, NGX_LOG_WARN, NGX_LOG_ERR
    };

    level = (a->type == CONVRELAY_ACT_CLOSE) ? NGX_LOG_INFO
                                             : levels[a->level];

    if (a->text.len == 0) {
        ngx_log_error(level, call->connection->log, 0,
                      "convrelay: %s", a->note);
        return;
    }

    /* it came from outside: one line, and printable */

    convrelay_llm_redact(text, sizeof(text), a->text.data, a->text.len);

    ngx_log_error(level, call->connection->log, 0,
                  "convrelay: %s: \"%s\"", a->note, text);
}
