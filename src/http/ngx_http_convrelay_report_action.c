
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's request after a session: it says how the session ended, and its
 * answer whether another session follows.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_report.h"


/* ms for a new session, once Twilio was told to begin one, or where to ask for
   what comes next; with a store at least as long as that keeps the call */

#define NGX_HTTP_CONVRELAY_REPORT_AGAIN    60000


/* what Twilio's request says */

typedef struct {
    convrelay_str_t                   account;
    convrelay_str_t                   call;
    convrelay_str_t                   session;
    convrelay_report_figures_t        figures;        /* reason, code,
                                                         seconds */
    ngx_uint_t                        over;
    ngx_uint_t                        goes_on;
    unsigned                          known:1;        /* the reason is */
} ngx_http_convrelay_report_said_t;


/*
 * Twilio's request came before the session of another machine has ended: ms
 * after which that is looked at; at most so many of them wait.  That machine
 * notices a lost socket by pings, at the latest after three intervals; ms that
 * are waited at most.
 */

#define NGX_HTTP_CONVRELAY_REPORT_EARLY    2000
#define NGX_HTTP_CONVRELAY_REPORT_EARLIES  1000
#define NGX_HTTP_CONVRELAY_REPORT_PINGS    3
#define NGX_HTTP_CONVRELAY_REPORT_UNHEARD  120000


/* on the heap: it may be about the report of another machine, which is looked
   for after Twilio has been answered */

typedef struct {
    ngx_queue_t                       queue;  /* of those that wait for that */
    ngx_event_t                       timer;
    ngx_http_convrelay_main_conf_t   *mcf;
    ngx_uint_t                        away;
    ngx_msec_t                        until;  /* then it waits no longer */
    ngx_uint_t                        ticks;  /* of the timer; 0: it has not
                                                 waited yet */
    ngx_uint_t                        last;   /* it is asked once more */
    ngx_http_convrelay_tenant_t       tenant;
    ngx_http_convrelay_report_said_t  said;
    u_char                            text[1];        /* of its strings */
} ngx_http_convrelay_report_elsewhere_t;


static ngx_int_t ngx_http_convrelay_report_listen(
    ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said, ngx_uint_t ask,
    ngx_msec_t *wait);
static ngx_int_t ngx_http_convrelay_report_ended(
    ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said,
    ngx_http_convrelay_report_t **report);
static ngx_int_t ngx_http_convrelay_report_elsewhere(
    ngx_http_convrelay_main_conf_t *mcf, ngx_uint_t away,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said);
static ngx_http_convrelay_report_elsewhere_t *
    ngx_http_convrelay_report_elsewhere_create(
    ngx_http_convrelay_main_conf_t *mcf, ngx_uint_t away,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said);
static ngx_int_t ngx_http_convrelay_report_later(
    const ngx_http_convrelay_report_elsewhere_t *from, ngx_msec_t until);
static ngx_int_t ngx_http_convrelay_report_ask(
    ngx_http_convrelay_report_elsewhere_t *e);
static void ngx_http_convrelay_report_ask_handler(ngx_event_t *ev);
static void ngx_http_convrelay_report_asked(void *data, ngx_int_t rc);
static void ngx_http_convrelay_report_unwait(
    ngx_http_convrelay_report_elsewhere_t *e);
static void ngx_http_convrelay_report_parse(ngx_http_request_t *r,
    ngx_http_convrelay_report_said_t *said);
static void ngx_http_convrelay_report_decide(
    const ngx_http_convrelay_report_said_t *said,
    convrelay_report_figures_t *figures);
static ngx_int_t ngx_http_convrelay_report_value(ngx_http_request_t *r,
    const char *name, convrelay_str_t *value);


void
ngx_http_convrelay_report_action(ngx_http_request_t *r,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t over,
    ngx_uint_t goes_on)
{
    ngx_http_convrelay_loc_conf_t     *clcf;
    ngx_http_convrelay_main_conf_t    *mcf;
    ngx_http_convrelay_report_said_t   said;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    ngx_memzero(&said, sizeof(ngx_http_convrelay_report_said_t));

    if (mcf->reports == NULL
        || ngx_http_convrelay_report_value(r, "AccountSid", &said.account)
           != NGX_OK
        || ngx_http_convrelay_report_value(r, "CallSid", &said.call) != NGX_OK
        || ngx_http_convrelay_report_value(r, "SessionId", &said.session)
           != NGX_OK)
    {
        return;
    }

    said.over = over;
    said.goes_on = goes_on;

    ngx_http_convrelay_report_parse(r, &said);

    if (ngx_http_convrelay_report_listen(mcf, tenant, &said,
                                         clcf->store.away ? 2 : 0, NULL)
        != NGX_OK
        && clcf->store.away
        && ngx_http_convrelay_report_elsewhere(mcf, clcf->store.away, tenant,
                                               &said)
           != NGX_OK)
    {
        /* this machine knows no better */

        (void) ngx_http_convrelay_report_listen(mcf, tenant, &said, 0, NULL);
    }
}


/*
 * NGX_OK, or NGX_DECLINED: this machine has no report of the call.  NGX_AGAIN:
 * it has one of a session that has not ended on another machine, with ask from
 * 1 on, and *wait, unless NULL, is how many ms that may take; or, with 2, that
 * of an earlier session.
 */

static ngx_int_t
ngx_http_convrelay_report_listen(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said, ngx_uint_t ask,
    ngx_msec_t *wait)
{
    ngx_int_t                     rc;
    ngx_msec_t                    due;
    ngx_http_convrelay_report_t  *p, *stored;

    p = ngx_http_convrelay_report_find(mcf->reports, tenant, &said->account,
                                       &said->call);
    stored = NULL;

    if (p == NULL && mcf->store) {
        rc = ngx_http_convrelay_report_ended(mcf, tenant, said, &stored);

        if (stored == NULL) {
            return rc;
        }

        p = stored;
    }

    if (p == NULL) {
        return NGX_DECLINED;
    }

    if (ask
        && (p->early
            || (ask > 1
                && !convrelay_str_equal(
                                   &p->report.texts[CONVRELAY_REPORT_SESSION],
                                   &said->session))))
    {
        if (wait) {
            *wait = ngx_min(NGX_HTTP_CONVRELAY_REPORT_PINGS
                            * p->conf->limits.ping_interval,
                            NGX_HTTP_CONVRELAY_REPORT_UNHEARD);
        }

        if (stored) {
            ngx_http_convrelay_report_free(stored);
        }

        return NGX_AGAIN;
    }

    due = ngx_current_msec;

    if (convrelay_str_equal(&p->report.texts[CONVRELAY_REPORT_SESSION],
                            &said->session))
    {
        ngx_http_convrelay_report_decide(said, &p->report.figures);

        p->decided = 1;
        p->again = (said->goes_on != 0);
        due += ngx_http_convrelay_report_again(p);

    } else if (said->over) {

        /* the session that was expected could not begin */

        p->again = 0;

    } else {

        /* it is late, and about an earlier session */

        if (stored) {
            ngx_http_convrelay_report_free(stored);
        }

        return NGX_OK;
    }

    if (stored) {
        ngx_http_convrelay_report_adopt(mcf->reports, stored, due);
        return NGX_OK;
    }

    if (p->stored) {
        (void) ngx_http_convrelay_report_store(mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_PENDING,
                                      ngx_pid, due, &p->report);
    }

    ngx_http_convrelay_report_delay(p, due);

    return NGX_OK;
}


/*
 * *report: the stored one of a session that is over, or NULL.  Twilio's request
 * may come before the end of its socket, to any worker: the session's own
 * report follows, so what Twilio says is left for that.  NGX_OK, or
 * NGX_DECLINED: there is none.
 */

static ngx_int_t
ngx_http_convrelay_report_ended(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said,
    ngx_http_convrelay_report_t **report)
{
    ngx_http_convrelay_report_t  *p;

    *report = NULL;

    p = ngx_http_convrelay_report_load(mcf, tenant, &said->account,
                                       &said->call);

    if (p == NULL) {
        return NGX_DECLINED;
    }

    if (!p->live) {
        *report = p;
        return NGX_OK;
    }

    if (convrelay_str_equal(&p->report.texts[CONVRELAY_REPORT_SESSION],
                            &said->session)
        && said->known)
    {
        ngx_http_convrelay_report_decide(said, &p->report.figures);
        ngx_http_convrelay_report_note(mcf, p, said->goes_on);
        ngx_http_convrelay_report_free(p);

        /* unless it has ended meanwhile, in another worker */

        p = ngx_http_convrelay_report_load(mcf, tenant, &said->account,
                                           &said->call);

        if (p == NULL || !p->live) {
            *report = p;
            return NGX_OK;
        }
    }

    ngx_http_convrelay_report_free(p);

    return NGX_OK;
}


/*
 * The session may have been on another machine, which may be dead.  NGX_OK: the
 * location is asked, or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_report_elsewhere(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said)
{
    ngx_http_convrelay_report_elsewhere_t  *e;

    e = ngx_http_convrelay_report_elsewhere_create(mcf, away, tenant, said);

    if (e && ngx_http_convrelay_report_ask(e) == NGX_OK) {
        return NGX_OK;
    }

    if (e) {
        ngx_free(e);
    }

    return NGX_ERROR;
}


static ngx_http_convrelay_report_elsewhere_t *
ngx_http_convrelay_report_elsewhere_create(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const ngx_http_convrelay_tenant_t *tenant,
    const ngx_http_convrelay_report_said_t *said)
{
    size_t                                  len;
    u_char                                 *p;
    ngx_uint_t                              i;
    convrelay_str_t                        *texts[3];
    ngx_http_convrelay_report_elsewhere_t  *e;

    len = said->account.len + said->call.len + said->session.len;

    e = ngx_calloc(sizeof(ngx_http_convrelay_report_elsewhere_t) + len,
                   ngx_cycle->log);
    if (e == NULL) {
        return NULL;
    }

    e->mcf = mcf;
    e->away = away;
    e->tenant = *tenant;
    e->said = *said;

    texts[0] = &e->said.account;
    texts[1] = &e->said.call;
    texts[2] = &e->said.session;

    p = e->text;

    for (i = 0; i < 3; i++) {

        if (texts[i]->len) {
            ngx_memcpy(p, texts[i]->data, texts[i]->len);
        }

        texts[i]->data = p;
        p += texts[i]->len;
    }

    return e;
}


/*
 * The session has not ended on its machine, as far as that has noticed: what
 * Twilio says of it waits.  A request that is repeated waits once.  NGX_OK, or
 * NGX_ERROR: it cannot wait.
 */

static ngx_int_t
ngx_http_convrelay_report_later(
    const ngx_http_convrelay_report_elsewhere_t *from, ngx_msec_t until)
{
    ngx_queue_t                            *q;
    ngx_http_convrelay_reports_t           *all;
    ngx_http_convrelay_report_elsewhere_t  *e, *same;

    all = from->mcf->reports;
    same = NULL;

    for (q = ngx_queue_head(&all->early);
         q != ngx_queue_sentinel(&all->early);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_http_convrelay_report_elsewhere_t, queue);

        if (convrelay_str_equal(&e->said.session, &from->said.session)
            && convrelay_str_equal(&e->said.call, &from->said.call)
            && convrelay_str_equal(&e->said.account, &from->said.account)
            && e->tenant.n == from->tenant.n
            && ngx_memcmp(e->tenant.id, from->tenant.id,
                          from->tenant.n * CONVRELAY_SHA256_LEN)
               == 0)
        {
            same = e;
            break;
        }
    }

    if (same == NULL && all->nearly == NGX_HTTP_CONVRELAY_REPORT_EARLIES) {
        return NGX_ERROR;
    }

    e = ngx_http_convrelay_report_elsewhere_create(from->mcf, from->away,
                                                   &from->tenant, &from->said);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->until = same ? same->until : until;
    e->ticks = same ? same->ticks : from->ticks;

    if (same) {
        ngx_http_convrelay_report_unwait(same);
        ngx_free(same);
    }

    e->timer.handler = ngx_http_convrelay_report_ask_handler;
    e->timer.data = e;
    e->timer.log = ngx_cycle->log;

    ngx_add_timer(&e->timer, NGX_HTTP_CONVRELAY_REPORT_EARLY);

    ngx_queue_insert_tail(&all->early, &e->queue);
    all->nearly++;

    return NGX_OK;
}


static void
ngx_http_convrelay_report_unwait(ngx_http_convrelay_report_elsewhere_t *e)
{
    if (e->timer.timer_set) {
        ngx_del_timer(&e->timer);
    }

    ngx_queue_remove(&e->queue);
    e->mcf->reports->nearly--;
}


/* NGX_OK, or NGX_ERROR: e is the caller's */

static ngx_int_t
ngx_http_convrelay_report_ask(ngx_http_convrelay_report_elsewhere_t *e)
{
    ngx_http_convrelay_report_names_t  names;

    ngx_http_convrelay_report_names(&names, &e->tenant, &e->said.account,
                                    &e->said.call);

    return (ngx_http_convrelay_away_read(e->mcf, e->away, names.key, names.n,
                                         NGX_HTTP_CONVRELAY_AWAY_OWNED
                                         |NGX_HTTP_CONVRELAY_AWAY_IDLE,
                                         NGX_HTTP_CONVRELAY_AWAY_ALL,
                                         ngx_http_convrelay_report_asked, e)
            == NGX_AGAIN)
           ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_convrelay_report_ask_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_report_elsewhere_t  *e;

    e = ev->data;

    e->ticks++;
    e->last = ngx_exiting
              || (ngx_msec_int_t) (e->until - ngx_current_msec) <= 0;

    /* after 2, 4, 8, 16, 24, ... seconds */

    if (!e->last && e->ticks % 4 && (e->ticks & (e->ticks - 1))) {
        ngx_add_timer(ev, NGX_HTTP_CONVRELAY_REPORT_EARLY);
        return;
    }

    ngx_http_convrelay_report_unwait(e);

    if (ngx_http_convrelay_report_ask(e) != NGX_OK) {
        ngx_http_convrelay_report_asked(e, NGX_ERROR);
        ngx_free(e);
    }
}


void
ngx_http_convrelay_report_forget(ngx_http_convrelay_reports_t *all)
{
    ngx_queue_t                            *q;
    ngx_http_convrelay_report_elsewhere_t  *e;

    while (!ngx_queue_empty(&all->early)) {
        q = ngx_queue_head(&all->early);
        e = ngx_queue_data(q, ngx_http_convrelay_report_elsewhere_t, queue);

        ngx_queue_remove(q);

        if (ngx_process == NGX_PROCESS_SINGLE) {
            ngx_del_timer(&e->timer);
        }

        ngx_free(e);
    }

    all->nearly = 0;
}


/*
 * What another machine has written since is in the memory now.  Where its
 * session has not ended, that follows: the report of this machine would lack
 * the last words, and come with the key of the whole one.  Where that machine
 * is dead, this report is the only one.
 */

static void
ngx_http_convrelay_report_asked(void *data, ngx_int_t rc)
{
    ngx_http_convrelay_report_elsewhere_t *e = data;

    ngx_msec_t  wait, until;

    if (ngx_http_convrelay_report_listen(e->mcf, &e->tenant, &e->said, !e->last,
                                         &wait)
        != NGX_AGAIN)
    {
        return;
    }

    until = e->ticks ? e->until : ngx_current_msec + wait;

    if (ngx_http_convrelay_report_later(e, until) != NGX_OK) {
        (void) ngx_http_convrelay_report_listen(e->mcf, &e->tenant, &e->said,
                                                0, NULL);
    }
}


/*
 * Twilio's request after a session knows how it ended, and its answer whether
 * there is another session.  Where no location takes that request, only a
 * socket that was lost can come back.
 */

ngx_msec_t
ngx_http_convrelay_report_wait(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p)
{
    if (p->stored && ngx_http_convrelay_report_noted(mcf, p) == NGX_OK) {
        return ngx_http_convrelay_report_again(p);
    }

    return (mcf->actions
            || p->report.figures.reason == CONVRELAY_REPORT_FAILED)
           ? NGX_HTTP_CONVRELAY_REPORT_WAIT : NGX_HTTP_CONVRELAY_REPORT_SOON;
}


ngx_msec_t
ngx_http_convrelay_report_again(ngx_http_convrelay_report_t *p)
{
    if (!p->again) {
        return 0;
    }

    return p->stored ? ngx_max(p->conf->store.ttl,
                               NGX_HTTP_CONVRELAY_REPORT_AGAIN)
                     : NGX_HTTP_CONVRELAY_REPORT_AGAIN;
}


/* what Twilio says of the session, perhaps not how it ended */

static void
ngx_http_convrelay_report_parse(ngx_http_request_t *r,
    ngx_http_convrelay_report_said_t *said)
{
    ngx_int_t        n;
    convrelay_str_t  value;

    if (ngx_http_convrelay_report_value(r, "SessionStatus", &value) == NGX_OK)
    {
        said->known = 1;

        if (convrelay_str_eq(&value, "completed")) {
            said->figures.reason = CONVRELAY_REPORT_COMPLETED;

        } else if (convrelay_str_eq(&value, "ended")) {
            said->figures.reason = CONVRELAY_REPORT_ENDED;

        } else if (convrelay_str_eq(&value, "failed")) {
            said->figures.reason = CONVRELAY_REPORT_FAILED;

        } else {
            said->known = 0;
        }
    }

    if (ngx_http_convrelay_report_value(r, "ErrorCode", &value) == NGX_OK) {
        n = ngx_atoi(value.data, value.len);

        if (n > 0 && n <= NGX_MAX_INT32_VALUE) {
            said->figures.code = n;
        }
    }

    if (ngx_http_convrelay_report_value(r, "SessionDuration", &value)
        == NGX_OK)
    {
        n = ngx_atoi(value.data, value.len);

        if (n >= 0 && n < NGX_MAX_INT32_VALUE) {
            said->figures.seconds = n + 1;
        }
    }
}


static void
ngx_http_convrelay_report_decide(const ngx_http_convrelay_report_said_t *said,
    convrelay_report_figures_t *figures)
{
    if (said->known) {
        figures->reason = said->figures.reason;
    }

    if (said->figures.code) {
        figures->code = said->figures.code;
    }

    if (said->figures.seconds) {
        figures->seconds = said->figures.seconds;
    }
}


/* NGX_OK, or anything else: there is none */

static ngx_int_t
ngx_http_convrelay_report_value(ngx_http_request_t *r, const char *name,
    convrelay_str_t *value)
{
    ngx_str_t  str;

    str.data = (u_char *) name;
    str.len = ngx_strlen(name);

    return ngx_http_convrelay_form_value(r, &str, value);
}
