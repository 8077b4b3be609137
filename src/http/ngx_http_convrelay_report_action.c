
/*
 * Copyright (C) convrelay contributors
 *
 * Twilio's request after a session: it says how the session ended, and its
 * answer whether another session follows.
 */


#include "ngx_http_convrelay_report.h"


/* ms for a new session, once Twilio was told to begin one, or where to ask for
   what comes next; with a store at least as long as that keeps the call */

#define NGX_HTTP_CONVRELAY_REPORT_AGAIN    60000


static ngx_http_convrelay_report_t *ngx_http_convrelay_report_ended(
    ngx_http_request_t *r, const ngx_http_convrelay_tenant_t *tenant,
    const convrelay_str_t *account, const convrelay_str_t *call,
    const convrelay_str_t *session, ngx_uint_t goes_on);
static ngx_int_t ngx_http_convrelay_report_decide(ngx_http_request_t *r,
    convrelay_report_figures_t *figures);
static ngx_int_t ngx_http_convrelay_report_value(ngx_http_request_t *r,
    const char *name, convrelay_str_t *value);


void
ngx_http_convrelay_report_action(ngx_http_request_t *r,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t over,
    ngx_uint_t goes_on)
{
    ngx_msec_t                       due;
    convrelay_str_t                  account, call, session;
    ngx_http_convrelay_report_t     *p, *stored;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    if (mcf->reports == NULL
        || ngx_http_convrelay_report_value(r, "AccountSid", &account) != NGX_OK
        || ngx_http_convrelay_report_value(r, "CallSid", &call) != NGX_OK
        || ngx_http_convrelay_report_value(r, "SessionId", &session) != NGX_OK)
    {
        return;
    }

    p = ngx_http_convrelay_report_find(mcf->reports, tenant, &account, &call);
    stored = NULL;

    if (p == NULL && mcf->store) {
        stored = ngx_http_convrelay_report_ended(r, tenant, &account, &call,
                                                 &session, goes_on);
        p = stored;
    }

    if (p == NULL) {
        return;
    }

    due = ngx_current_msec;

    if (convrelay_str_equal(&p->report.texts[CONVRELAY_REPORT_SESSION],
                            &session))
    {
        (void) ngx_http_convrelay_report_decide(r, &p->report.figures);

        p->decided = 1;
        p->again = goes_on;
        due += ngx_http_convrelay_report_again(p);

    } else if (over) {

        /* the session that was expected could not begin */

        p->again = 0;

    } else {

        /* it is late, and about an earlier session */

        if (stored) {
            ngx_http_convrelay_report_free(stored);
        }

        return;
    }

    if (stored) {
        ngx_http_convrelay_report_adopt(mcf->reports, stored, due);
        return;
    }

    if (p->stored) {
        (void) ngx_http_convrelay_report_store(mcf, &p->place,
                                      NGX_HTTP_CONVRELAY_REPORT_PENDING,
                                      ngx_pid, due, &p->report);
    }

    ngx_http_convrelay_report_delay(p, due);
}


/*
 * The stored report of a session that is over, or NULL.  Twilio's request may
 * come before the end of its socket, to any worker: the session's own report
 * follows, so what Twilio says is left for that.
 */

static ngx_http_convrelay_report_t *
ngx_http_convrelay_report_ended(ngx_http_request_t *r,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call, const convrelay_str_t *session,
    ngx_uint_t goes_on)
{
    ngx_http_convrelay_report_t     *p;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    p = ngx_http_convrelay_report_load(mcf, tenant, account, call);

    if (p == NULL || !p->live) {
        return p;
    }

    if (convrelay_str_equal(&p->report.texts[CONVRELAY_REPORT_SESSION],
                            session)
        && ngx_http_convrelay_report_decide(r, &p->report.figures) == NGX_OK)
    {
        ngx_http_convrelay_report_note(mcf, p, goes_on);
        ngx_http_convrelay_report_free(p);

        /* unless it has ended meanwhile, in another worker */

        p = ngx_http_convrelay_report_load(mcf, tenant, account, call);

        if (p == NULL || !p->live) {
            return p;
        }
    }

    ngx_http_convrelay_report_free(p);

    return NULL;
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


/* what Twilio says of the session; NGX_DECLINED: not how it ended */

static ngx_int_t
ngx_http_convrelay_report_decide(ngx_http_request_t *r,
    convrelay_report_figures_t *figures)
{
    ngx_int_t        n, rc;
    convrelay_str_t  value;

    rc = NGX_DECLINED;

    if (ngx_http_convrelay_report_value(r, "SessionStatus", &value) == NGX_OK)
    {
        rc = NGX_OK;

        if (convrelay_str_eq(&value, "completed")) {
            figures->reason = CONVRELAY_REPORT_COMPLETED;

        } else if (convrelay_str_eq(&value, "ended")) {
            figures->reason = CONVRELAY_REPORT_ENDED;

        } else if (convrelay_str_eq(&value, "failed")) {
            figures->reason = CONVRELAY_REPORT_FAILED;

        } else {
            rc = NGX_DECLINED;
        }
    }

    if (ngx_http_convrelay_report_value(r, "ErrorCode", &value) == NGX_OK) {
        n = ngx_atoi(value.data, value.len);

        if (n > 0 && n <= NGX_MAX_INT32_VALUE) {
            figures->code = n;
        }
    }

    if (ngx_http_convrelay_report_value(r, "SessionDuration", &value)
        == NGX_OK)
    {
        n = ngx_atoi(value.data, value.len);

        if (n >= 0 && n < NGX_MAX_INT32_VALUE) {
            figures->seconds = n + 1;
        }
    }

    return rc;
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
