
/*
 * Copyright (C) convrelay contributors
 *
 * The reports of a worker that are not delivered yet.  A timer runs while there
 * are any; it is not cancelable, so a worker that is told to leave stays until
 * it is done with them, for a limited time (see report_leave()).
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_report.h"

#include "convrelay_redact.h"


#define NGX_HTTP_CONVRELAY_REPORT_MAX      1000 /* pending, a worker */
#define NGX_HTTP_CONVRELAY_REPORT_BYTES    67108864       /* of them */
#define NGX_HTTP_CONVRELAY_REPORT_FETCHES  16   /* at the same time */
#define NGX_HTTP_CONVRELAY_REPORT_HANGING  8    /* of them, of all receivers
                                                   that hang */
#define NGX_HTTP_CONVRELAY_REPORT_SHARE    4    /* of them, by one directive:
                                                   its receiver may hang */
#define NGX_HTTP_CONVRELAY_REPORT_HANGS    1000 /* ms: a delivery that failed
                                                   held others up */
#define NGX_HTTP_CONVRELAY_REPORT_ANSWER   16384  /* bytes that are read */

#define NGX_HTTP_CONVRELAY_REPORT_TICK     1000 /* ms */


static ngx_http_convrelay_report_t *ngx_http_convrelay_report_create(
    const convrelay_report_t *report);
static void ngx_http_convrelay_report_drop(ngx_http_convrelay_report_t *p);
static void ngx_http_convrelay_report_dropped(
    ngx_http_convrelay_reports_t *all, ngx_http_convrelay_loc_conf_t *conf);
static void ngx_http_convrelay_report_log(ngx_http_convrelay_reports_t *all,
    const char *more);
static ngx_int_t ngx_http_convrelay_report_done(
    ngx_http_convrelay_report_t *p);
static ngx_http_convrelay_report_t *ngx_http_convrelay_report_oldest(
    ngx_http_convrelay_report_conf_t *rcf);
static void ngx_http_convrelay_reports_cleanup(void *data);

static void ngx_http_convrelay_report_handler(ngx_event_t *ev);

static ngx_uint_t ngx_http_convrelay_report_may_send(
    ngx_http_convrelay_report_t *p);
static void ngx_http_convrelay_report_send(ngx_http_convrelay_report_t *p);
static ngx_uint_t ngx_http_convrelay_report_partial(
    ngx_http_convrelay_report_t *p);
static void ngx_http_convrelay_report_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_report_end(ngx_http_convrelay_fetch_t *f);


static const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_report_sink = {
    NULL,
    ngx_http_convrelay_report_data,
    NULL,
    ngx_http_convrelay_report_end
};


/* after the first failure, the second, and all others */

static const ngx_msec_t  ngx_http_convrelay_report_delays[] = {
    NGX_HTTP_CONVRELAY_REPORT_FIRST, 10000, 60000
};


ngx_http_convrelay_reports_t *
ngx_http_convrelay_reports_create(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_convrelay_reports_t  *all;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    all = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_reports_t));
    if (all == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_convrelay_reports_cleanup;
    cln->data = all;

    all->mcf = mcf;

    all->shares.max = NGX_HTTP_CONVRELAY_REPORT_MAX;
    all->shares.max_bytes = NGX_HTTP_CONVRELAY_REPORT_BYTES;

    ngx_queue_init(&all->queue);
    ngx_queue_init(&all->early);

    all->timer.handler = ngx_http_convrelay_report_handler;
    all->timer.data = all;
    all->timer.log = &cf->cycle->new_log;

    return all;
}


/* the process ends, or, without a master process, the configuration does */

static void
ngx_http_convrelay_reports_cleanup(void *data)
{
    ngx_http_convrelay_reports_t *all = data;

    ngx_queue_t                  *q;
    ngx_http_convrelay_report_t  *p;

    while (!ngx_queue_empty(&all->queue)) {
        q = ngx_queue_head(&all->queue);
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);

        if (p->fetch && ngx_process == NGX_PROCESS_SINGLE) {
            ngx_http_convrelay_fetch_cancel(p->fetch);
        }

        /* its read, if there is one, is freed with the others */

        p->looking = 0;

        ngx_queue_remove(q);
        ngx_http_convrelay_report_free(p);
    }

    ngx_http_convrelay_report_forget(all);

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return;
    }

    if (all->timer.timer_set) {
        ngx_del_timer(&all->timer);
    }

    if (all->scan.timer_set) {
        ngx_del_timer(&all->scan);
    }
}


void
ngx_http_convrelay_report_add(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_loc_conf_t *conf, ngx_http_conf_ctx_t *ctx,
    const convrelay_report_t *report,
    const ngx_http_convrelay_report_place_t *place, ngx_uint_t stored)
{
    ngx_msec_t                    due;
    ngx_http_convrelay_report_t  *p;

    p = ngx_http_convrelay_report_create(report);

    if (p == NULL) {
        ngx_http_convrelay_report_dropped(mcf->reports, conf);
        return;
    }

    p->conf = conf;
    p->ctx = ctx;

    p->place = *place;
    p->stored = (stored != 0);

    /* the socket may have been lost long before that was noticed */

    p->place.record.careful = 1;

    due = ngx_current_msec + ngx_http_convrelay_report_wait(mcf, p);

    ngx_http_convrelay_report_adopt(mcf->reports, p, due);
}


/*
 * The record says who has it, unless another worker has it meanwhile.  A report
 * that is dropped does not stay there: a worker that has as little room would
 * take it over next.
 */

void
ngx_http_convrelay_report_adopt(ngx_http_convrelay_reports_t *all,
    ngx_http_convrelay_report_t *p, ngx_msec_t due)
{
    size_t                             len;
    ngx_int_t                          rc;
    convrelay_report_share_t          *share, *most;
    ngx_http_convrelay_report_t       *oldest;
    ngx_http_convrelay_report_conf_t  *rcf;

    p->all = all;
    p->due = due;
    p->early = 0;

    len = p->text.len;
    share = &p->conf->report->share;

    if (convrelay_report_share_room(&all->shares, share, len)
        != CONVRELAY_OK)
    {
        ngx_http_convrelay_report_drop(p);
        return;
    }

    if (p->stored) {
        rc = ngx_http_convrelay_report_store(all->mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_PENDING,
                                      ngx_pid, due, &p->report);

        if (rc == NGX_DECLINED) {
            ngx_http_convrelay_report_free(p);
            return;
        }

        p->stored = (rc == NGX_OK);
        p->place.record.careful = 1;
    }

    for ( ;; ) {
        most = convrelay_report_share_most(&all->shares, len);
        if (most == NULL) {
            break;
        }

        rcf = ngx_queue_data(most, ngx_http_convrelay_report_conf_t, share);

        oldest = ngx_http_convrelay_report_oldest(rcf);

        ngx_http_convrelay_report_remove(oldest);
        ngx_http_convrelay_report_drop(oldest);
    }

    ngx_queue_insert_tail(&all->queue, &p->queue);
    ngx_queue_insert_tail(&p->conf->report->queue, &p->own);

    convrelay_report_share_add(&all->shares, share, len);

    ngx_http_convrelay_report_timer(all);
}


/* of those that are not in delivery, of which there is one; few are */

static ngx_http_convrelay_report_t *
ngx_http_convrelay_report_oldest(ngx_http_convrelay_report_conf_t *rcf)
{
    ngx_queue_t                  *q;
    ngx_http_convrelay_report_t  *p;

    q = ngx_queue_head(&rcf->queue);

    for ( ;; ) {
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, own);

        if (p->fetch == NULL) {
            return p;
        }

        q = ngx_queue_next(q);
    }
}


/* it is not in the queue, and is freed; another worker may have it meanwhile,
   and send it */

static void
ngx_http_convrelay_report_drop(ngx_http_convrelay_report_t *p)
{
    if (ngx_http_convrelay_report_done(p) != NGX_DECLINED) {
        ngx_http_convrelay_report_dropped(p->all, p->conf);
    }

    ngx_http_convrelay_report_free(p);
}


/* nobody needs to send it any more; NGX_DECLINED: another worker has it */

static ngx_int_t
ngx_http_convrelay_report_done(ngx_http_convrelay_report_t *p)
{
    if (!p->stored) {
        return NGX_OK;
    }

    return ngx_http_convrelay_report_store(p->all->mcf, &p->place,
                                           NGX_HTTP_CONVRELAY_REPORT_DONE, 0,
                                           0, NULL);
}


/* in one piece of memory besides the text */

static ngx_http_convrelay_report_t *
ngx_http_convrelay_report_create(const convrelay_report_t *report)
{
    convrelay_str_t               text;
    ngx_http_convrelay_report_t  *p;

    p = ngx_calloc(sizeof(ngx_http_convrelay_report_t), ngx_cycle->log);
    if (p == NULL) {
        return NULL;
    }

    convrelay_report_pack(&p->text, report);

    text.data = p->text.data;
    text.len = p->text.len;

    if (p->text.failed
        || convrelay_report_unpack(&p->report, &text) != CONVRELAY_OK)
    {
        ngx_http_convrelay_report_free(p);
        return NULL;
    }

    return p;
}


/* counts and logs it, a line a second */

static void
ngx_http_convrelay_report_dropped(ngx_http_convrelay_reports_t *all,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_convrelay_count(conf, REPORT_DROPPED);

    all->dropped++;
    all->of = conf->report;

    if (all->logged
        && ngx_current_msec - all->logged < NGX_HTTP_CONVRELAY_REPORT_TICK)
    {
        ngx_http_convrelay_report_timer(all);
        return;
    }

    ngx_http_convrelay_report_log(all, "");
}


static void
ngx_http_convrelay_report_log(ngx_http_convrelay_reports_t *all,
    const char *more)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "%sreports of calls dropped: %ui, because %uz are pending in "
                  "this worker, with %uz bytes; the last one was that of "
                  "\"convrelay_report %V\" in %s:%ui",
                  more, all->dropped, all->shares.n, all->shares.bytes,
                  &all->of->uri, all->of->place.file, all->of->place.line);

    all->dropped = 0;
    all->logged = ngx_current_msec;
}


ngx_http_convrelay_report_t *
ngx_http_convrelay_report_take(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call, ngx_uint_t stored)
{
    ngx_http_convrelay_report_t  *p;

    p = ngx_http_convrelay_report_find(mcf->reports, tenant, account, call);

    if (p) {
        ngx_http_convrelay_report_remove(p);

    } else if (stored) {
        p = ngx_http_convrelay_report_load(mcf, tenant, account, call);
    }

    ngx_http_convrelay_report_renamed(mcf, p, tenant, account, call);

    return p;
}


ngx_http_convrelay_report_t *
ngx_http_convrelay_report_find(ngx_http_convrelay_reports_t *all,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call)
{
    ngx_queue_t                       *q;
    ngx_http_convrelay_report_t       *p;
    ngx_http_convrelay_report_names_t  names;

    p = NULL;

    ngx_http_convrelay_report_names(&names, tenant, account, call);

    for (q = ngx_queue_head(&all->queue);
         q != ngx_queue_sentinel(&all->queue);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);

        if (p->fetch == NULL && ngx_http_convrelay_report_named(p, &names)) {
            break;
        }
    }

    if (q == ngx_queue_sentinel(&all->queue)) {
        return NULL;
    }

    if (p->stored
        && ngx_http_convrelay_report_store(all->mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_PENDING,
                                      ngx_pid, p->due, &p->report)
           == NGX_DECLINED)
    {
        /* another worker has it, or a session of the call */

        ngx_http_convrelay_report_remove(p);
        ngx_http_convrelay_report_free(p);

        return NULL;
    }

    return p;
}


void
ngx_http_convrelay_report_remove(ngx_http_convrelay_report_t *p)
{
    ngx_http_convrelay_reports_t  *all;

    all = p->all;

    if (p->looking) {
        p->looking = 0;
        ngx_http_convrelay_away_cancel(all->mcf, p);
    }

    ngx_queue_remove(&p->queue);
    ngx_queue_remove(&p->own);

    convrelay_report_share_remove(&all->shares, &p->conf->report->share,
                                  p->text.len);

    if (all->shares.n == 0 && all->timer.timer_set) {
        ngx_http_convrelay_report_timer(all);
    }
}


void
ngx_http_convrelay_report_delay(ngx_http_convrelay_report_t *p,
    ngx_msec_t due)
{
    p->due = due;

    ngx_http_convrelay_report_timer(p->all);
}


void
ngx_http_convrelay_report_free(ngx_http_convrelay_report_t *p)
{
    convrelay_report_free(&p->text);
    ngx_free(p);
}


static void
ngx_http_convrelay_report_handler(ngx_event_t *ev)
{
    size_t                         len, bytes;
    ngx_uint_t                     left;
    ngx_queue_t                   *q, *next;
    ngx_http_convrelay_report_t   *p, *next_one;
    ngx_http_convrelay_reports_t  *all;

    all = ev->data;
    next_one = NULL;
    left = 0;
    bytes = 0;

    if (ngx_exiting) {
        ngx_http_convrelay_report_leave(all);
    }

    for (q = ngx_queue_head(&all->queue);
         q != ngx_queue_sentinel(&all->queue)
         && all->fetches < NGX_HTTP_CONVRELAY_REPORT_FETCHES;
         q = next)
    {
        next = ngx_queue_next(q);
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);

        if (p->fetch || p->looking) {
            continue;
        }

        if (left == NGX_HTTP_CONVRELAY_REPORT_BATCH
            || bytes >= NGX_HTTP_CONVRELAY_REPORT_BATCH_BYTES)
        {
            break;
        }

        len = p->text.len;

        if (ngx_exiting && ngx_http_convrelay_report_drain(p) == NGX_DONE) {
            left++;
            bytes += len;
            continue;
        }

        if ((ngx_msec_int_t) (p->due - ngx_current_msec) > 0
            || !ngx_http_convrelay_report_may_send(p))
        {
            continue;
        }

        /* the directives take turns */

        if (next_one == NULL
            || p->conf->report->turn < next_one->conf->report->turn)
        {
            next_one = p;
        }
    }

    /* a long one takes milliseconds: other connections come first */

    if (next_one && left == 0) {
        ngx_http_convrelay_report_send(next_one);
    }

    if (all->dropped
        && ngx_current_msec - all->logged >= NGX_HTTP_CONVRELAY_REPORT_TICK)
    {
        ngx_http_convrelay_report_log(all, "more ");
    }

    ngx_http_convrelay_report_timer(all);

    /* many are left to others: the next ones soon */

    if (all->timer.timer_set && (left || all->closing)) {
        ngx_del_timer(&all->timer);
        ngx_add_timer(&all->timer, 1);
    }
}


/* runs at least once in a second, to notice that the worker leaves */

void
ngx_http_convrelay_report_timer(ngx_http_convrelay_reports_t *all)
{
    ngx_queue_t                  *q;
    ngx_msec_int_t                left, wait;
    ngx_http_convrelay_report_t  *p;

    if (all->timer.timer_set) {
        ngx_del_timer(&all->timer);
    }

    if (all->shares.n == 0 && all->dropped == 0) {
        return;
    }

    wait = NGX_HTTP_CONVRELAY_REPORT_TICK;

    for (q = ngx_queue_head(&all->queue);
         q != ngx_queue_sentinel(&all->queue)
         && all->fetches < NGX_HTTP_CONVRELAY_REPORT_FETCHES;
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_convrelay_report_t, queue);

        if (p->fetch == NULL && !p->looking
            && ngx_http_convrelay_report_may_send(p))
        {
            left = (ngx_msec_int_t) (p->due - ngx_current_msec);

            /* nginx runs a timer of 0 ms before it looks at connections */

            wait = ngx_max(ngx_min(left, wait), 1);
        }
    }

    ngx_add_timer(&all->timer, (ngx_msec_t) wait);
}


/* a receiver that hangs must not have the deliveries that others need, nor must
   many of them together */

static ngx_uint_t
ngx_http_convrelay_report_may_send(ngx_http_convrelay_report_t *p)
{
    ngx_http_convrelay_report_conf_t  *rcf;

    rcf = p->conf->report;

    if (rcf->hangs) {
        return rcf->share.sent == 0
               && p->all->hanging < NGX_HTTP_CONVRELAY_REPORT_HANGING;
    }

    return rcf->share.sent < NGX_HTTP_CONVRELAY_REPORT_SHARE;
}


static void
ngx_http_convrelay_report_send(ngx_http_convrelay_report_t *p)
{
    ngx_http_convrelay_fetch_t  *f;

    if (ngx_http_convrelay_report_look(p) == NGX_AGAIN) {
        return;
    }

    if (p->tries == 0) {
        p->report.figures.partial |= ngx_http_convrelay_report_partial(p);
    }

    if (p->stored
        && ngx_http_convrelay_report_store(p->all->mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_SENT, ngx_pid,
                                      ngx_current_msec, &p->report)
           == NGX_DECLINED)
    {
        /* another worker has it */

        ngx_http_convrelay_report_remove(p);
        ngx_http_convrelay_report_free(p);
        return;
    }

    f = ngx_http_convrelay_fetch_create_alone(p->ctx);

    if (f && ngx_http_convrelay_report_request(p, f) != NGX_OK) {
        ngx_http_convrelay_fetch_free(f);
        f = NULL;
    }

    p->received = 0;
    p->begun = ngx_current_msec;
    p->conf->report->turn = ++p->all->turns;

    if (f == NULL) {
        ngx_http_convrelay_report_failed(p, "could not be sent", 0);
        return;
    }

    /* the location may be one that adopts reports: this one does not wait */

    p->fetch = f;
    p->all->fetches++;

    p->hanging = p->conf->report->hangs;
    p->all->hanging += p->hanging;

    convrelay_report_share_send(&p->conf->report->share, p->text.len);

    if (ngx_http_convrelay_fetch_start(f, &ngx_http_convrelay_report_sink, p)
        != NGX_OK)
    {
        ngx_http_convrelay_report_sent(p);
        ngx_http_convrelay_report_failed(p, "could not be sent", 0);
    }
}


void
ngx_http_convrelay_report_sent(ngx_http_convrelay_report_t *p)
{
    p->fetch = NULL;
    p->all->fetches--;
    p->all->hanging -= p->hanging;

    convrelay_report_share_sent(&p->conf->report->share, p->text.len);
}


/*
 * Without a store, Twilio's request and the next session may have come to
 * another worker.  A caller who has hung up does not come back.
 */

static ngx_uint_t
ngx_http_convrelay_report_partial(ngx_http_convrelay_report_t *p)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    if (p->stored || (ccf->worker_processes == 1 && !ngx_exiting)) {
        return 0;
    }

    return p->again
           || (!p->decided
               && p->report.figures.reason != CONVRELAY_REPORT_COMPLETED
               && ngx_http_convrelay_report_wait(p->all->mcf, p)
                  == NGX_HTTP_CONVRELAY_REPORT_WAIT);
}


/* the answer is of no interest, but a short one leaves the connection usable */

static void
ngx_http_convrelay_report_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_report_t *p = f->data;

    p->received += last - pos;

    if (p->received > NGX_HTTP_CONVRELAY_REPORT_ANSWER) {
        ngx_http_convrelay_fetch_full(f);
    }
}


/* the status is what counts, also where the body breaks off */

static void
ngx_http_convrelay_report_end(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_report_t *p = f->data;

    ngx_http_convrelay_reports_t    *all;
    ngx_http_convrelay_fetch_end_e   end;

    all = p->all;

    ngx_http_convrelay_report_sent(p);

    /* worker_shutdown_timeout */

    if (f->own->close) {
        all->closing = 1;
    }

    end = ngx_http_convrelay_fetch_result(f);

    if (f->status >= NGX_HTTP_OK && f->status < NGX_HTTP_SPECIAL_RESPONSE
        && end != NGX_HTTP_CONVRELAY_FETCH_REDIRECTED)
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "convrelay report delivered, status:%ui", f->status);

        ngx_http_convrelay_count(p->conf, REPORT_DELIVERED);

        p->conf->report->hangs = 0;

        (void) ngx_http_convrelay_report_done(p);
        ngx_http_convrelay_report_remove(p);
        ngx_http_convrelay_report_free(p);

    } else {
        p->conf->report->hangs = ngx_current_msec - p->begun
                                 >= NGX_HTTP_CONVRELAY_REPORT_HANGS;

        ngx_http_convrelay_report_failed(p,
                           (end == NGX_HTTP_CONVRELAY_FETCH_OK)
                           ? "failed" : ngx_http_convrelay_fetch_phrase(end),
                           f->status);
    }

    ngx_http_convrelay_report_timer(all);
}


char *
ngx_http_convrelay_report_sid(ngx_http_convrelay_report_t *p, char *text)
{
    convrelay_str_t  *call;

    call = &p->report.texts[CONVRELAY_REPORT_CALL];

    convrelay_redact(text, NGX_HTTP_CONVRELAY_REPORT_SID, call->data,
                     call->len);

    return text;
}


void
ngx_http_convrelay_report_failed(ngx_http_convrelay_report_t *p,
    const char *phrase, ngx_uint_t status)
{
    char                           text[NGX_HTTP_CONVRELAY_REPORT_SID];
    ngx_uint_t                     n;
    ngx_http_convrelay_reports_t  *all;

    all = p->all;
    n = sizeof(ngx_http_convrelay_report_delays) / sizeof(ngx_msec_t);

    p->tries++;

    if (p->tries <= p->conf->report->retry && !p->last && !all->closing) {
        p->due = ngx_current_msec
                 + ngx_http_convrelay_report_delays[ngx_min(p->tries, n) - 1];

        if (p->stored) {

            /* if another worker has it meanwhile, the next try notices that */

            (void) ngx_http_convrelay_report_store(all->mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_PENDING,
                                      ngx_pid, p->due, &p->report);
        }

        ngx_http_convrelay_report_timer(all);
        return;
    }

    if (p->stored && p->tries <= p->conf->report->retry
        && ngx_http_convrelay_report_to_others(p, ngx_current_msec
                                     + ngx_http_convrelay_report_delays[1])
           == NGX_OK)
    {
        return;
    }

    (void) ngx_http_convrelay_report_done(p);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "report of call \"%s\" was not delivered: the last of %ui "
                  "requests to \"%V\" %s, status: %ui",
                  ngx_http_convrelay_report_sid(p, text), p->tries,
                  &p->conf->report->uri, phrase, status);

    ngx_http_convrelay_count(p->conf, REPORT_FAILED);

    ngx_http_convrelay_report_remove(p);
    ngx_http_convrelay_report_free(p);
}
