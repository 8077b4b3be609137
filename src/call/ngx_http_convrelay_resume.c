
/*
 * Copyright (C) convrelay contributors
 *
 * A call that begins may be one whose socket was lost: its record is read, and
 * the session goes on.  Where the store is a location, that is asked first, for
 * what another machine has written.  Where a tool was running then, the result
 * is waited for a little: the worker that asked the tool adds it to the record.
 * Meanwhile the socket is not read.
 */


#include "ngx_http_convrelay_account.h"
#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_keep.h"
#include "ngx_http_convrelay_report.h"

#include "convrelay_state.h"


#define NGX_HTTP_CONVRELAY_RESUME_WAIT  2000    /* ms, for results */
#define NGX_HTTP_CONVRELAY_RESUME_LOOK  100     /* ms between two looks */


static ngx_int_t ngx_http_convrelay_resume_ask(ngx_http_convrelay_keep_t *keep,
    ngx_uint_t report, ngx_msec_t wait);
static void ngx_http_convrelay_resume_asked(void *data, ngx_int_t rc);
static ngx_int_t ngx_http_convrelay_resume_claim(
    ngx_http_convrelay_keep_t *keep);
static ngx_int_t ngx_http_convrelay_resume_begin(
    ngx_http_convrelay_keep_t *keep);
static ngx_int_t ngx_http_convrelay_resume_look(
    ngx_http_convrelay_keep_t *keep);
static void ngx_http_convrelay_resume_end(ngx_http_convrelay_keep_t *keep);
static ngx_int_t ngx_http_convrelay_resume_read(
    ngx_http_convrelay_call_t *call, ngx_uint_t wait);
static void ngx_http_convrelay_resume_count(ngx_http_convrelay_call_t *call,
    ngx_uint_t found);
static void ngx_http_convrelay_resume_handler(ngx_event_t *ev);
static void ngx_http_convrelay_resume_go_on(ngx_http_convrelay_keep_t *keep);
static void ngx_http_convrelay_resume_rest(ngx_http_convrelay_keep_t *keep);


void
ngx_http_convrelay_resume(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    if (keep->record.away
        && ngx_http_convrelay_resume_ask(keep, call->conf->report != NULL,
                                         NGX_HTTP_CONVRELAY_AWAY_ALL)
           == NGX_AGAIN)
    {
        keep->waiting = 1;
        call->wait = 1;
        return;
    }

    if (ngx_http_convrelay_resume_begin(keep) == NGX_AGAIN) {
        call->wait = 1;
    }
}


/* NGX_AGAIN: what the location has is asked for, otherwise it is not */

static ngx_int_t
ngx_http_convrelay_resume_ask(ngx_http_convrelay_keep_t *keep,
    ngx_uint_t report, ngx_msec_t wait)
{
    ngx_uint_t                          i, n;
    convrelay_store_key_t               keys[NGX_HTTP_CONVRELAY_AWAY_NAMES];
    convrelay_relay_setup_t             setup;
    ngx_http_convrelay_call_t          *call;
    ngx_http_convrelay_record_t         record;
    ngx_http_convrelay_report_names_t   names;

    call = keep->call;

    if (call->tenant == NULL) {
        return NGX_DECLINED;
    }

    convrelay_session_get_setup(call->session, &setup);

    n = 0;

    for (i = 0; i < call->tenant->n; i++) {
        ngx_http_convrelay_record_name(&record, call->tenant, i,
                                       &setup.account_sid, &setup.call_sid);
        keys[n++] = record.key;
    }

    if (report) {
        ngx_http_convrelay_report_names(&names, call->tenant,
                                        &setup.account_sid, &setup.call_sid);

        for (i = 0; i < names.n; i++) {
            keys[n++] = names.key[i];
        }
    }

    return ngx_http_convrelay_away_read(keep->main, keep->record.away, keys, n,
                                        0, wait,
                                        ngx_http_convrelay_resume_asked, keep);
}


/* what was found is in the memory of this machine now */

static void
ngx_http_convrelay_resume_asked(void *data, ngx_int_t rc)
{
    ngx_http_convrelay_keep_t *keep = data;

    convrelay_relay_setup_t       setup;
    ngx_http_convrelay_call_t    *call;
    ngx_http_convrelay_record_t   record;

    call = keep->call;

    if (call->dead || call->closing) {
        return;
    }

    ngx_http_set_log_request(call->connection->log, call->request);

    if (keep->until == 0 && !keep->record.claimed) {

        /* it may have another name than was expected */

        convrelay_session_get_setup(call->session, &setup);

        ngx_http_convrelay_record_find(keep->main, &record, call->tenant,
                                       &setup.account_sid, &setup.call_sid);

        keep->record.key = record.key;
    }

    rc = keep->until ? ngx_http_convrelay_resume_look(keep)
                     : ngx_http_convrelay_resume_begin(keep);

    if (rc != NGX_AGAIN) {
        ngx_http_convrelay_resume_end(keep);
    }
}


/*
 * The session of a ticket that is good only for its own call may have been on
 * another machine.  NGX_OK, or NGX_DECLINED: the call is refused.
 */

static ngx_int_t
ngx_http_convrelay_resume_claim(ngx_http_convrelay_keep_t *keep)
{
    convrelay_str_t             reason;
    ngx_http_convrelay_call_t  *call;

    if (!keep->record.later) {
        return NGX_OK;
    }

    keep->record.later = 0;
    call = keep->call;

    if (ngx_http_convrelay_record_claim(keep->main, &keep->record,
                                        keep->ticket)
        == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "client has a ticket that expired, or none, and no lost "
                  "session of its call has that one");

    ngx_http_convrelay_keep_stop(call);
    ngx_http_convrelay_count(call->conf, REFUSED_TICKET);
    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_REFUSED);

    convrelay_str_set(&reason, "no valid ticket");
    ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                  &reason);

    return NGX_DECLINED;
}


/* NGX_AGAIN: a tool is waited for; otherwise NGX_OK */

static ngx_int_t
ngx_http_convrelay_resume_begin(ngx_http_convrelay_keep_t *keep)
{
    ngx_http_convrelay_call_t  *call;

    call = keep->call;

    if (ngx_http_convrelay_resume_claim(keep) != NGX_OK
        || ngx_http_convrelay_resume_read(call, 1) == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                  "call waits for a tool that its earlier session has started");

    keep->waiting = 1;
    keep->until = ngx_current_msec + NGX_HTTP_CONVRELAY_RESUME_WAIT;
    keep->event.handler = ngx_http_convrelay_resume_handler;

    ngx_add_timer(&keep->event, NGX_HTTP_CONVRELAY_RESUME_LOOK);

    return NGX_AGAIN;
}


/* NGX_OK: the session has begun, or goes on; NGX_AGAIN: it is to wait */

static ngx_int_t
ngx_http_convrelay_resume_read(ngx_http_convrelay_call_t *call,
    ngx_uint_t wait)
{
    int                          rc;
    ngx_int_t                    found;
    ngx_uint_t                   reading;
    convrelay_str_t              text;
    convrelay_actions_t          out;
    convrelay_state_conf_t       conf;
    ngx_http_convrelay_keep_t   *keep;
    ngx_http_convrelay_record_t  old;

    static const convrelay_str_t  none = convrelay_null_string;

    keep = call->keep;
    text = none;

    found = ngx_http_convrelay_record_read(call->main, &keep->record, &text);

    ngx_http_convrelay_keep_conf(keep, &conf);
    conf.wait = wait;
    conf.lost = ngx_http_convrelay_record_lost(&keep->record);

    out = ngx_http_convrelay_actions(call);

    /* a turn that this leads to needs the system prompt */

    reading = call->reading;
    call->reading = 1;

    rc = convrelay_session_restored(call->session, text.data, text.len, &conf,
                                    ngx_current_msec, &out);

    call->reading = reading;

    ngx_http_convrelay_record_free(&text);

    if (rc == CONVRELAY_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_http_convrelay_resume_count(call, found == NGX_OK);

    if (call->session->bare) {
        ngx_http_convrelay_redial_restored(call, call->session->resumed != 0);
    }

    if (!call->wait) {
        ngx_http_convrelay_request_begin(call, &none);
    }

    if (found == NGX_OK && call->session->resumed == 0 && !conf.lost) {
        keep->aside = 1;
        return NGX_OK;
    }

    ngx_http_convrelay_account_begin(call);

    if (call->tenant) {
        ngx_free(call->tenant);
        call->tenant = NULL;
    }

    /* the record is this session's from now on */

    old = keep->record;
    old.serial = 0;

    keep->record.key = keep->key;
    keep->record.serial = 0;
    keep->record.head.ticket = keep->ticket;
    keep->record.head.lost = 0;

    if (found == NGX_OK && !call->closing && !call->dead) {
        ngx_http_convrelay_keep_write(keep);
    }

    if (found == NGX_OK
        && ngx_memcmp(&old.key, &keep->key, sizeof(convrelay_store_key_t))
           != 0)
    {
        /* an auth token was rotated: the record has another name now */

        (void) ngx_http_convrelay_record_remove(call->main, &old);
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_resume_count(ngx_http_convrelay_call_t *call,
    ngx_uint_t found)
{
    if (!found) {
        ngx_http_convrelay_count(call->conf, RESUME_NONE);
        return;
    }

    if (call->session->resumed == 0) {
        ngx_http_convrelay_count(call->conf, RESUME_DECLINED);
        return;
    }

    ngx_http_convrelay_count(call->conf, RESUME_FOUND);

    ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                  "call goes on, its earlier sessions: %ui",
                  (ngx_uint_t) call->session->resumed);
}


/* the bytes that came together with the setup message are kept */

void
ngx_http_convrelay_resume_wait(ngx_http_convrelay_call_t *call, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    call->wait = 0;
    call->paused = 1;

    if (pos == last) {
        return;
    }

    keep->rest.data = ngx_alloc(last - pos, call->connection->log);

    if (keep->rest.data == NULL) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);
        return;
    }

    keep->rest.len = last - pos;
    ngx_memcpy(keep->rest.data, pos, keep->rest.len);
}


static void
ngx_http_convrelay_resume_handler(ngx_event_t *ev)
{
    ngx_msec_int_t              left;
    ngx_http_convrelay_call_t  *call;
    ngx_http_convrelay_keep_t  *keep;

    ev->timedout = 0;

    keep = ev->data;
    call = keep->call;

    if (call->dead || call->closing) {
        return;
    }

    ngx_http_set_log_request(call->connection->log, call->request);

    /* a slow location does not make the wait for a tool longer */

    left = (ngx_msec_int_t) (keep->until - ngx_current_msec);

    if (keep->record.away && left > 0
        && ngx_http_convrelay_resume_ask(keep, 0, left) == NGX_AGAIN)
    {
        return;
    }

    if (ngx_http_convrelay_resume_look(keep) != NGX_AGAIN) {
        ngx_http_convrelay_resume_end(keep);
    }
}


/* NGX_OK: the session goes on; NGX_AGAIN: another look will follow */

static ngx_int_t
ngx_http_convrelay_resume_look(ngx_http_convrelay_keep_t *keep)
{
    ngx_uint_t                  wait;
    ngx_http_convrelay_call_t  *call;

    call = keep->call;

    wait = ((ngx_msec_int_t) (keep->until - ngx_current_msec) > 0);

    if (wait
        && (ngx_http_convrelay_record_same(call->main, &keep->record)
            || ngx_http_convrelay_resume_read(call, 1) == NGX_AGAIN))
    {
        ngx_add_timer(&keep->event, NGX_HTTP_CONVRELAY_RESUME_LOOK);
        return NGX_AGAIN;
    }

    if (!wait) {
        (void) ngx_http_convrelay_resume_read(call, 0);
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_resume_end(ngx_http_convrelay_keep_t *keep)
{
    ngx_connection_t           *c;
    ngx_http_convrelay_call_t  *call;

    call = keep->call;
    c = call->connection;

    ngx_http_convrelay_resume_go_on(keep);

    if (!call->dead
        && ngx_http_convrelay_output_flush(call) == NGX_ERROR)
    {
        ngx_http_convrelay_call_fail(call, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }

    ngx_http_convrelay_clock_update(call);

    /* bytes that came meanwhile, perhaps in the buffer of TLS */

    ngx_post_event(c->read, &ngx_posted_events);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_convrelay_resume_go_on(ngx_http_convrelay_keep_t *keep)
{
    u_char                     *pos, *last;
    ngx_http_convrelay_call_t  *call;

    call = keep->call;

    keep->waiting = 0;
    keep->event.handler = ngx_http_convrelay_keep_handler;
    call->paused = 0;

    ngx_http_convrelay_stat_settle(call);

    pos = keep->rest.data;
    last = pos + keep->rest.len;

    if (call->wait) {
        ngx_http_convrelay_context_start(call, pos, last);

    } else {
        (void) ngx_http_convrelay_input(call, pos, last);
    }

    ngx_http_convrelay_resume_rest(keep);
}


/* the caller has gone: the bytes that were kept say how */

void
ngx_http_convrelay_resume_drop(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_keep_t  *keep;

    keep = call->keep;

    call->paused = 0;

    if (keep->event.timer_set) {
        ngx_del_timer(&keep->event);
    }

    if (keep->record.away) {
        ngx_http_convrelay_away_cancel(keep->main, keep);
    }

    /* what it says, such as that the caller has hung up, may not be believed */

    if (ngx_http_convrelay_resume_claim(keep) != NGX_OK) {
        ngx_http_convrelay_resume_rest(keep);
        return;
    }

    (void) ngx_http_convrelay_input(call, keep->rest.data,
                                    keep->rest.data + keep->rest.len);

    ngx_http_convrelay_resume_rest(keep);
}


static void
ngx_http_convrelay_resume_rest(ngx_http_convrelay_keep_t *keep)
{
    if (keep->rest.data) {
        ngx_free(keep->rest.data);
    }

    convrelay_str_null(&keep->rest);
}
