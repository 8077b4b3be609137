
/*
 * Copyright (C) convrelay contributors
 *
 * The reports of workers that leave, or are gone: what a worker does with those
 * it has when it was told to go, and how others take them over.
 */


#include "ngx_http_convrelay_report.h"


/* ms that a worker stays for its reports, once it was told to leave */

#define NGX_HTTP_CONVRELAY_REPORT_LEAVE    15000

#define NGX_HTTP_CONVRELAY_REPORT_SCAN     2000 /* ms */


static void ngx_http_convrelay_report_scan_handler(ngx_event_t *ev);
static void ngx_http_convrelay_report_taken(ngx_http_convrelay_reports_t *all);


/* the worker has been told to leave, and does so in a limited time */

void
ngx_http_convrelay_report_leave(ngx_http_convrelay_reports_t *all)
{
    size_t                        bytes;
    ngx_uint_t                    n;
    ngx_queue_t                  *q, *next;
    ngx_http_convrelay_report_t  *p;

    n = 0;
    bytes = 0;

    if (all->leave == 0) {
        all->leave = ngx_current_msec + NGX_HTTP_CONVRELAY_REPORT_LEAVE;
    }

    if ((ngx_msec_int_t) (all->leave - ngx_current_msec) <= 0) {
        all->closing = 1;
    }

    if (!all->closing) {
        return;
    }

    for (q = ngx_queue_head(&all->queue);
         q != ngx_queue_sentinel(&all->queue)
         && n < NGX_HTTP_CONVRELAY_REPORT_BATCH
         && bytes < NGX_HTTP_CONVRELAY_REPORT_BATCH_BYTES;
         q = next)
    {
        next = ngx_queue_next(q);
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);
        n++;
        bytes += p->text.len;

        if (p->fetch) {
            ngx_http_convrelay_fetch_cancel(p->fetch);
            ngx_http_convrelay_report_sent(p);
        }

        ngx_http_convrelay_report_failed(p, "did not end before the worker "
                                         "had to leave", 0);
    }
}


/*
 * A report still waits for Twilio's request after its session, which may come
 * to this worker; but not for another session, which is going to have another
 * worker; and one that has failed has one try left.  NGX_OK, or NGX_DONE: it
 * was left to others.
 */

ngx_int_t
ngx_http_convrelay_report_drain(ngx_http_convrelay_report_t *p)
{
    if (p->again && p->stored
        && ngx_http_convrelay_report_to_others(p, p->due) == NGX_OK)
    {
        return NGX_DONE;
    }

    if (p->again) {
        p->report.figures.partial = 1;
        p->again = 0;
        p->due = ngx_current_msec;
    }

    if (p->tries && !p->last) {
        p->last = 1;

        if ((ngx_msec_int_t) (p->due - ngx_current_msec)
            > (ngx_msec_int_t) NGX_HTTP_CONVRELAY_REPORT_FIRST)
        {
            p->due = ngx_current_msec + NGX_HTTP_CONVRELAY_REPORT_FIRST;
        }
    }

    return NGX_OK;
}


/* only this worker gives up; p is freed */

ngx_int_t
ngx_http_convrelay_report_to_others(ngx_http_convrelay_report_t *p,
    ngx_msec_t due)
{
    char       text[NGX_HTTP_CONVRELAY_REPORT_SID];
    ngx_int_t  rc;

    rc = ngx_http_convrelay_report_store(p->all->mcf, &p->place,
                                         NGX_HTTP_CONVRELAY_REPORT_PENDING, 0,
                                         due, &p->report);

    if (rc == NGX_ERROR) {
        p->stored = 0;
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "report of call \"%s\" is left to other workers",
                  ngx_http_convrelay_report_sid(p, text));

    ngx_http_convrelay_report_remove(p);
    ngx_http_convrelay_report_free(p);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_report_init_process(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_reports_t    *all;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->reports == NULL || mcf->store == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    all = mcf->reports;

    all->scan.handler = ngx_http_convrelay_report_scan_handler;
    all->scan.data = all;
    all->scan.log = cycle->log;
    all->scan.cancelable = 1;

    ngx_add_timer(&all->scan, NGX_HTTP_CONVRELAY_REPORT_SCAN);

    return NGX_OK;
}


/* a worker that leaves takes nothing over */

static void
ngx_http_convrelay_report_scan_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_reports_t  *all;

    all = ev->data;

    if (ngx_exiting) {
        return;
    }

    if (all->cursor == 0) {
        ngx_http_convrelay_report_taken(all);
    }

    /* to read many of them takes long: other connections come in between */

    ngx_add_timer(ev, (ngx_http_convrelay_report_scan(all, &all->cursor)
                       == NGX_AGAIN)
                      ? 1 : NGX_HTTP_CONVRELAY_REPORT_SCAN);
}


/* those that another worker has by now, with Twilio's request or a session of
   the call, must not stay here until they are due */

static void
ngx_http_convrelay_report_taken(ngx_http_convrelay_reports_t *all)
{
    ngx_queue_t                  *q, *next;
    ngx_http_convrelay_report_t  *p;

    for (q = ngx_queue_head(&all->queue);
         q != ngx_queue_sentinel(&all->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);

        if (p->stored && p->fetch == NULL && !p->looking
            && ngx_http_convrelay_record_exists(all->mcf, &p->place.record)
            && !ngx_http_convrelay_record_same(all->mcf, &p->place.record))
        {
            ngx_http_convrelay_report_remove(p);
            ngx_http_convrelay_report_free(p);
        }
    }
}


void
ngx_http_convrelay_report_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       n;
    ngx_queue_t                     *q;
    ngx_http_convrelay_report_t     *p;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->reports == NULL) {
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&mcf->reports->queue);
         q != ngx_queue_sentinel(&mcf->reports->queue);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);
        n += !p->stored;
    }

    if (n) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "reports of calls not delivered: %ui, because the worker "
                      "was terminated", n);
    }
}
