
/*
 * Copyright (C) convrelay contributors
 *
 * Keeps the session of a call in the store: after each change, once per
 * iteration of the event loop, and before the request of a tool is sent.  When
 * the call is over, the record stays for the session that continues it, unless
 * the caller hung up.
 *
 * Tools run on after the call.  Their results are added to the record, as long
 * as no other session has taken the call over.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_keep.h"
#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_away.h"

#include "convrelay_state.h"


static void ngx_http_convrelay_keep_touch(ngx_http_convrelay_keep_t *keep);
#if (NGX_HAVE_CLOCK_MONOTONIC)
static uint32_t ngx_http_convrelay_keep_clock(ngx_http_convrelay_keep_t *keep);
#endif
static ngx_int_t ngx_http_convrelay_keep_record(
    ngx_http_convrelay_keep_t *keep);
static void ngx_http_convrelay_keep_last(ngx_http_convrelay_keep_t *keep);
static void ngx_http_convrelay_keep_free(ngx_http_convrelay_keep_t *keep);
static void ngx_http_convrelay_keep_act(convrelay_actions_t *out,
    const convrelay_action_t *a);


ngx_int_t
ngx_http_convrelay_keep_create(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_replaced_pt replaced)
{
    convrelay_relay_setup_t     setup;
    ngx_http_convrelay_keep_t  *keep;

    convrelay_session_get_setup(call->session, &setup);

    if (!call->conf->store.enable || setup.call_sid.len == 0) {
        return NGX_OK;
    }

    keep = ngx_calloc(sizeof(ngx_http_convrelay_keep_t),
                      call->connection->log);
    if (keep == NULL) {
        return NGX_ERROR;
    }

    call->keep = keep;

    keep->call = call;
    keep->main = call->main;
    keep->conf = call->conf;
    keep->session = call->session;
    keep->replaced = replaced;

    keep->event.handler = ngx_http_convrelay_keep_handler;
    keep->event.data = keep;
    keep->event.log = ngx_cycle->log;
    keep->event.cancelable = 1;

    ngx_http_convrelay_record_name(&keep->record, call->tenant, 0,
                                   &setup.account_sid, &setup.call_sid);
    keep->key = keep->record.key;

    ngx_http_convrelay_record_find(call->main, &keep->record, call->tenant,
                                   &setup.account_sid, &setup.call_sid);
    keep->record.away = call->conf->store.away;

    keep->ticket = ngx_http_convrelay_ticket_hash(call->session);
    keep->record.head.ticket = keep->ticket;

    return NGX_OK;
}


void
ngx_http_convrelay_keep_changed(ngx_http_convrelay_keep_t *keep)
{
    if (keep->version != keep->session->version
        && !keep->waiting && !keep->stopped && !keep->aside)
    {
        ngx_post_event(&keep->event, &ngx_posted_events);
    }
}


ngx_int_t
ngx_http_convrelay_keep_now(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    if (keep == NULL || keep->aside) {
        return NGX_OK;
    }

    if (keep->version != call->session->version && !keep->stopped) {
        ngx_http_convrelay_keep_write(keep);
    }

    return keep->stopped ? NGX_DECLINED : NGX_OK;
}


void
ngx_http_convrelay_keep_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;
        ngx_http_convrelay_keep_touch(keep);
        return;
    }

    if (keep->version != keep->session->version && !keep->stopped) {
        ngx_http_convrelay_keep_write(keep);
    }
}


/* the record lives as long as the socket */

static void
ngx_http_convrelay_keep_touch(ngx_http_convrelay_keep_t *keep)
{
    ngx_int_t  rc;

    if (keep->stopped) {
        return;
    }

    if (keep->call) {
        ngx_http_convrelay_account_alive(keep->call);
    }

    keep->record.careful = 1;

    rc = ngx_http_convrelay_record_touch(keep->main, &keep->record,
                                         keep->conf->store.ttl);
    keep->record.careful = 0;

    if (rc != NGX_OK)
    {
        /* it was evicted, unless another session has it */

        ngx_http_convrelay_keep_write(keep);
    }

    if (!keep->stopped) {
        ngx_add_timer(&keep->event, keep->conf->store.ttl / 2 + 1);
    }
}


void
ngx_http_convrelay_keep_conf(ngx_http_convrelay_keep_t *keep,
    convrelay_state_conf_t *conf)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    ngx_memzero(conf, sizeof(convrelay_state_conf_t));

    conf->wall = (uint64_t) tp->sec * 1000 + tp->msec;
#if (NGX_HAVE_CLOCK_MONOTONIC)
    conf->clock = ngx_http_convrelay_keep_clock(keep);
#endif
    conf->max = keep->conf->store.max_size;
    conf->numbers = keep->conf->limits.log_numbers;
}


#if (NGX_HAVE_CLOCK_MONOTONIC)

/* records of a location may come from another machine, or from before a boot */

static uint32_t
ngx_http_convrelay_keep_clock(ngx_http_convrelay_keep_t *keep)
{
    if (keep->conf->store.away == 0) {
        return 1;
    }

    return (uint32_t) keep->main->aways->shared->machine | 2;
}

#endif


void
ngx_http_convrelay_keep_write(ngx_http_convrelay_keep_t *keep)
{
    ngx_int_t  rc;

    keep->version = keep->session->version;

    rc = ngx_http_convrelay_keep_record(keep);

    if (rc == NGX_ERROR && keep->record.serial) {

        /* a session that goes on from an old record would do things again that
           were done since */

        (void) ngx_http_convrelay_record_remove(keep->main, &keep->record);
        keep->record.serial = 0;
    }

    if (rc == NGX_DECLINED) {
        keep->stopped = 1;

        if (keep->call && !keep->call->closing) {
            keep->replaced(keep->call);
        }

        return;
    }

    if (keep->call && !keep->event.timer_set) {
        ngx_add_timer(&keep->event, keep->conf->store.ttl / 2 + 1);
    }
}


/* as record_write(); NGX_ERROR also if it is too long, or there is no memory */

static ngx_int_t
ngx_http_convrelay_keep_record(ngx_http_convrelay_keep_t *keep)
{
    size_t                   size;
    u_char                  *p;
    ngx_int_t                rc;
    ngx_log_t               *log;
    convrelay_str_t          text;
    convrelay_state_conf_t   conf;

    log = keep->call ? keep->call->connection->log : ngx_cycle->log;

    ngx_http_convrelay_keep_conf(keep, &conf);

    size = convrelay_state_size(keep->session, &conf);

    if (conf.cut && !keep->cut) {
        keep->cut = 1;

        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "call is longer than \"convrelay_store_max_size\" of "
                      "%uz bytes: its oldest turns are not stored", conf.max);
    }

    if (size == 0) {
        return NGX_ERROR;
    }

    p = ngx_alloc(NGX_HTTP_CONVRELAY_RECORD_HEAD + size, log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text.data = p + NGX_HTTP_CONVRELAY_RECORD_HEAD;
    text.len = convrelay_state_write(text.data, keep->session, &conf,
                                     ngx_current_msec)
               - text.data;

    rc = ngx_http_convrelay_record_write(keep->main, &keep->record, &text,
                                         keep->conf->store.ttl);

    ngx_free(p);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, log, 0,
                   "convrelay store write:%uz rc:%i", text.len, rc);

    return rc;
}


void
ngx_http_convrelay_keep_hung_up(ngx_http_convrelay_call_t *call)
{
    if (call->keep) {
        call->keep->hung_up = 1;
    }
}


void
ngx_http_convrelay_keep_stop(ngx_http_convrelay_call_t *call)
{
    if (call->keep) {
        call->keep->stopped = 1;
    }
}


void
ngx_http_convrelay_keep_replaced(ngx_http_convrelay_call_t *call)
{
    if (call->keep && (call->tools == NULL || call->keep->waiting)) {
        call->keep->stopped = 1;
    }
}


void
ngx_http_convrelay_keep_end(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    if (keep == NULL) {
        return;
    }

    call->keep = NULL;
    keep->call = NULL;
    keep->drained = (call->end - 1 == CONVRELAY_METRIC_SESSION_DRAINED
                                      - CONVRELAY_METRIC_SESSION_HANGUP);

    if (keep->aside) {
        keep->stopped = 1;
    }

    if (keep->event.timer_set) {
        ngx_del_timer(&keep->event);
    }

    if (keep->waiting && keep->record.away) {
        ngx_http_convrelay_away_cancel(keep->main, keep);
    }

    if (keep->event.posted) {
        ngx_delete_posted_event(&keep->event);
    }

    if (!keep->stopped) {
        ngx_http_convrelay_keep_last(keep);
    }

    if (keep->record.claimed) {
        ngx_http_convrelay_record_release(keep->main, &keep->record);
    }

    if (keep->stopped || keep->hung_up || call->tools == NULL) {
        ngx_http_convrelay_keep_free(keep);
        return;
    }

    /* the session belongs to it now: tools still run */

    keep->session->conf = &keep->conf->session;
    keep->users = 1;
    call->parted = keep;
}


static void
ngx_http_convrelay_keep_last(ngx_http_convrelay_keep_t *keep)
{
    if (keep->hung_up) {

        if (keep->waiting) {

            /* it is still that of the earlier session */

            keep->record.serial = 0;
        }

        (void) ngx_http_convrelay_record_remove(keep->main, &keep->record);
        return;
    }

    if (keep->waiting) {
        keep->stopped = 1;
        return;
    }

    keep->record.head.lost = keep->drained ? NGX_HTTP_CONVRELAY_RECORD_DRAINED
                                           : 1;

    convrelay_session_gone(keep->session, ngx_current_msec);

    /* the socket may have been lost long before that was noticed */

    keep->record.careful = 1;

    ngx_http_convrelay_keep_write(keep);
}


void
ngx_http_convrelay_keep_enter(ngx_http_convrelay_keep_t *keep)
{
    keep->users++;
}


void
ngx_http_convrelay_keep_result(ngx_http_convrelay_keep_t *keep,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok)
{
    convrelay_actions_t  out;

    out.act = ngx_http_convrelay_keep_act;
    out.data = keep;

    convrelay_session_tool_end(keep->session, run, result, ok,
                               ngx_current_msec, &out);

    if (!keep->stopped) {
        ngx_http_convrelay_record_head(keep->main, &keep->record);
        ngx_http_convrelay_keep_write(keep);
    }
}


void
ngx_http_convrelay_keep_closing(ngx_http_convrelay_call_t *call,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    if (keep == NULL || keep->stopped || keep->aside || keep->hung_up) {
        return;
    }

    convrelay_session_gone(call->session, ngx_current_msec);

    ngx_http_convrelay_keep_result(keep, run, result, ok);
}


/* a session without a socket does nothing */

static void
ngx_http_convrelay_keep_act(convrelay_actions_t *out,
    const convrelay_action_t *a)
{
}


void
ngx_http_convrelay_keep_leave(ngx_http_convrelay_keep_t *keep)
{
    if (--keep->users == 0) {
        convrelay_session_free(keep->session);
        ngx_free(keep->session);
        ngx_http_convrelay_keep_free(keep);
    }
}


static void
ngx_http_convrelay_keep_free(ngx_http_convrelay_keep_t *keep)
{
    if (keep->rest.data) {
        ngx_free(keep->rest.data);
    }

    if (keep->first.data) {
        ngx_free(keep->first.data);
    }

    ngx_free(keep);
}
