
/*
 * Copyright (C) convrelay contributors
 *
 * The timer of a call.
 */


#include "ngx_http_convrelay_call.h"


static ngx_msec_t ngx_http_convrelay_clock_next(
    ngx_http_convrelay_call_t *call);


/*
 * The timer is always set and is not cancelable: it keeps a draining worker
 * alive for its calls.
 */

void
ngx_http_convrelay_clock_update(ngx_http_convrelay_call_t *call)
{
    ngx_msec_t    next;
    ngx_event_t  *ev;

    if (call->dead) {
        return;
    }

    ev = &call->event;
    next = ngx_http_convrelay_clock_next(call);

    if (ev->timer_set) {

        if ((ngx_msec_int_t) (ev->timer.key - ngx_current_msec - next) <= 0) {
            return;
        }

        /* nginx does not move a timer that would change only slightly */

        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, next);
}


/* milliseconds until the next deadline, at least 1 */

static ngx_msec_t
ngx_http_convrelay_clock_next(ngx_http_convrelay_call_t *call)
{
    uint64_t        deadline;
    ngx_msec_int_t  next, send;

    send = call->send_by - ngx_current_msec;

    if (call->closing) {
        return ngx_max(send, 1);
    }

    next = call->pinged + call->conf->limits.ping_interval - ngx_current_msec;

    if (call->send_by) {
        next = ngx_min(next, send);
    }

    deadline = convrelay_session_deadline(call->session);

    if (deadline) {
        next = ngx_min(next, (ngx_msec_int_t) (deadline - ngx_current_msec));
    }

    return ngx_max(next, 1);
}
