
/*
 * Copyright (C) convrelay contributors
 *
 * A request to the location of the store, and what becomes of it.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_report.h"


#define NGX_HTTP_CONVRELAY_AWAY_COMPLAINT  60000        /* ms between two */


static void ngx_http_convrelay_away_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);
static void ngx_http_convrelay_away_keep(ngx_http_convrelay_away_why_t *why,
    u_char *p, u_char *last);
static ngx_http_convrelay_away_end_e ngx_http_convrelay_away_outcome(
    ngx_http_convrelay_away_op_t *op);
static ngx_uint_t ngx_http_convrelay_away_closed(
    ngx_http_convrelay_away_op_t *op);

static ngx_int_t ngx_http_convrelay_away_key_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_away_ttl_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_convrelay_away_op_t *ngx_http_convrelay_away_of(
    ngx_http_request_t *r);


static ngx_http_variable_t  ngx_http_convrelay_away_variables[] = {

    { ngx_string("convrelay_store_key"), NULL,
      ngx_http_convrelay_away_key_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_store_ttl"), NULL,
      ngx_http_convrelay_away_ttl_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_http_convrelay_fetch_t *
ngx_http_convrelay_away_fetch(ngx_http_convrelay_away_op_t *op,
    ngx_uint_t method, ngx_msec_t timeout)
{
    ngx_log_t                   *log;
    ngx_http_convrelay_fetch_t  *f;

    op->method = method;
    op->began = ngx_current_msec;
    op->why = NULL;

    f = ngx_http_convrelay_fetch_create_alone(op->away->ctx);
    if (f == NULL) {
        return NULL;
    }

    op->why = ngx_pcalloc(f->pool, sizeof(ngx_http_convrelay_away_why_t));
    if (op->why == NULL) {
        ngx_http_convrelay_fetch_free(f);
        return NULL;
    }

    log = f->own->log;

    log->writer = ngx_http_convrelay_away_log;
    log->wdata = op->why;
    log->next = NULL;

    f->to.method = method;

    switch (method) {

    case NGX_HTTP_GET:
        ngx_str_set(&f->to.method_name, "GET");
        break;

    case NGX_HTTP_PUT:
        ngx_str_set(&f->to.method_name, "PUT");
        break;

    default:
        ngx_str_set(&f->to.method_name, "DELETE");
    }


    /* for $request_method */

    f->main->method = f->to.method;
    f->main->method_name = f->to.method_name;

    f->to.uri = op->away->conf->store.uri;
    f->to.timeout = timeout;

    ngx_str_set(&f->to.content_type, "application/octet-stream");
    ngx_str_set(&f->to.accept, "*/*");

    return f;
}


/*
 * A writer of the log: errors are kept, and all else is written as always.  Not
 * what nginx quotes, which can be a part of an answer.
 */

static void
ngx_http_convrelay_away_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char     *p, *last, *end;
    ngx_log_t  *to;

    if (level > NGX_LOG_ALERT && level <= NGX_LOG_WARN) {

        /* "time [level] pid#tid: *connection message while ..., client: ..." */

        last = buf + len;

        p = ngx_strlchr(buf, last, '*');
        p = p ? ngx_strlchr(p, last, ' ') : NULL;
        p = p ? p + 1 : buf;

        for (end = p; end < last; end++) {

            if (last - end > 10 && ngx_strncmp(end, ", client: ", 10) == 0) {
                break;
            }
        }

        while (end > p && (end[-1] == LF || end[-1] == CR)) {
            end--;
        }

        ngx_http_convrelay_away_keep(log->wdata, p, end);
        return;
    }

    for (to = ngx_cycle->log; to; to = to->next) {

        if (to->writer == NULL && to->file
            && (to->log_level >= level || level == NGX_LOG_DEBUG))
        {
            (void) ngx_write_fd(to->file->fd, buf, len);
        }
    }
}


/* the first one; what is quoted is from the first quote to the last: it can
   have some itself */

static void
ngx_http_convrelay_away_keep(ngx_http_convrelay_away_why_t *why, u_char *p,
    u_char *last)
{
    u_char  *quote, *end;

    if (why->len) {
        return;
    }

    quote = ngx_strlchr(p, last, '"');

    if (quote == NULL) {
        quote = last;
    }

    for (end = last; end > quote && end[-1] != '"'; end--) { /* void */ }

    if (end <= quote + 1) {

        /* one quote, which was cut off */

        end = last;
    }

    for ( /* void */ ; p < last && why->len < sizeof(why->text); p++) {

        if (p >= quote && p < end) {
            continue;
        }

        why->text[why->len++] = *p;
    }
}


void
ngx_http_convrelay_away_count(ngx_http_convrelay_away_op_t *op,
    ngx_http_convrelay_away_end_e end)
{
    convrelay_metric_e  first;

    switch (op->method) {

    case NGX_HTTP_GET:
        first = CONVRELAY_METRIC_STORE_GET_DONE;
        break;

    case NGX_HTTP_PUT:
        first = CONVRELAY_METRIC_STORE_PUT_DONE;
        break;

    default: /* NGX_HTTP_DELETE */
        first = CONVRELAY_METRIC_STORE_DELETE_DONE;
    }

    ngx_http_convrelay_count_n(op->away->conf, first + end, 1);
}


ngx_http_convrelay_away_end_e
ngx_http_convrelay_away_end(ngx_http_convrelay_away_op_t *op,
    ngx_uint_t waited)
{
    ngx_http_convrelay_away_end_e   end;
    ngx_http_convrelay_fetch_end_e  rc;

    end = ngx_http_convrelay_away_outcome(op);

    if (end == NGX_HTTP_CONVRELAY_AWAY_FAILED
        || end == NGX_HTTP_CONVRELAY_AWAY_TIMED_OUT)
    {
        if (ngx_http_convrelay_away_closed(op)) {
            return end;
        }

        rc = ngx_http_convrelay_fetch_result(op->fetch);

        ngx_http_convrelay_away_failed(op,
                             (rc == NGX_HTTP_CONVRELAY_FETCH_OK)
                             ? "failed" : ngx_http_convrelay_fetch_phrase(rc),
                             waited);
        return end;
    }

    ngx_http_convrelay_away_worked(op);

    ngx_http_convrelay_count_time(op->away->conf, STORE_SECONDS,
                                  ngx_current_msec - op->began);

    if (end == NGX_HTTP_CONVRELAY_AWAY_REFUSED) {
        ngx_http_convrelay_away_complain(op->away, NGX_LOG_WARN,
                                 "refused a record that is too long for it");
    }

    return end;
}


/* worker_shutdown_timeout has ended it, which says nothing of the location */

static ngx_uint_t
ngx_http_convrelay_away_closed(ngx_http_convrelay_away_op_t *op)
{
    ngx_http_convrelay_reports_t     *reports;
    ngx_http_convrelay_away_store_t  *store;

    if (!ngx_exiting || !op->fetch->own->close) {
        return 0;
    }

    store = op->away->store;
    store->closed = 1;

    if (store->timer.timer_set) {
        ngx_del_timer(&store->timer);
    }

    reports = store->all->mcf->reports;

    if (reports && !reports->closing && reports->timer.timer_set) {
        reports->closing = 1;

        ngx_del_timer(&reports->timer);
        ngx_add_timer(&reports->timer, 1);
    }

    ngx_http_convrelay_away_unsent(op, "was ended by \"worker_shutdown_timeout"
                                   "\"");

    return 1;
}


static ngx_http_convrelay_away_end_e
ngx_http_convrelay_away_outcome(ngx_http_convrelay_away_op_t *op)
{
    ngx_uint_t                       status;
    ngx_http_convrelay_fetch_t      *f;
    ngx_http_convrelay_fetch_end_e   end;

    f = op->fetch;
    status = f->status;
    end = ngx_http_convrelay_fetch_result(f);

    if (end == NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT
        || status == NGX_HTTP_GATEWAY_TIME_OUT)
    {
        return NGX_HTTP_CONVRELAY_AWAY_TIMED_OUT;
    }

    if (end == NGX_HTTP_CONVRELAY_FETCH_TOO_LARGE
        && op->method == NGX_HTTP_GET)
    {
        return NGX_HTTP_CONVRELAY_AWAY_REFUSED;
    }

    if (end != NGX_HTTP_CONVRELAY_FETCH_OK
        && (op->method == NGX_HTTP_GET
            || end == NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER
            || end == NGX_HTTP_CONVRELAY_FETCH_REDIRECTED))
    {
        return NGX_HTTP_CONVRELAY_AWAY_FAILED;
    }

    switch (op->method) {

    case NGX_HTTP_GET:

        if (status == NGX_HTTP_OK) {
            return NGX_HTTP_CONVRELAY_AWAY_DONE;
        }

        if (status == NGX_HTTP_NOT_FOUND || status == NGX_HTTP_NO_CONTENT
            || status == 410)
        {
            return NGX_HTTP_CONVRELAY_AWAY_NONE;
        }

        return NGX_HTTP_CONVRELAY_AWAY_FAILED;

    case NGX_HTTP_PUT:

        if (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
            return NGX_HTTP_CONVRELAY_AWAY_REFUSED;
        }

        break;

    default: /* NGX_HTTP_DELETE */

        if (status == NGX_HTTP_NOT_FOUND || status == 410) {
            return NGX_HTTP_CONVRELAY_AWAY_NONE;
        }
    }

    return (status >= NGX_HTTP_OK && status < NGX_HTTP_SPECIAL_RESPONSE)
           ? NGX_HTTP_CONVRELAY_AWAY_DONE : NGX_HTTP_CONVRELAY_AWAY_FAILED;
}


void
ngx_http_convrelay_away_complain(ngx_http_convrelay_away_t *away,
    ngx_uint_t level, const char *phrase)
{
    if (away->complained
        && ngx_current_msec - away->complained
           < NGX_HTTP_CONVRELAY_AWAY_COMPLAINT)
    {
        return;
    }

    away->complained = ngx_current_msec;

    ngx_log_error(level, ngx_cycle->log, 0, "\"convrelay_store %V\" %s",
                  &away->conf->store.uri, phrase);
}


ngx_int_t
ngx_http_convrelay_away_add_variables(ngx_conf_t *cf)
{
    return ngx_http_convrelay_variables_add(cf,
                                            ngx_http_convrelay_away_variables);
}


static ngx_int_t
ngx_http_convrelay_away_key_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_convrelay_away_op_t  *op;

    op = ngx_http_convrelay_away_of(r);

    if (op == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, 2 * sizeof(convrelay_store_key_t));
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(v->data, (u_char *) &op->key,
                        sizeof(convrelay_store_key_t));

    v->len = 2 * sizeof(convrelay_store_key_t);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* seconds; 0 where nothing is written: memcached takes no time with "delete" */

static ngx_int_t
ngx_http_convrelay_away_ttl_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_msec_t                     ttl;
    ngx_http_convrelay_away_op_t  *op;

    op = ngx_http_convrelay_away_of(r);

    if (op == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    ttl = (r->main->method == NGX_HTTP_PUT) ? (op->ttl + 999) / 1000 : 0;

    v->len = ngx_sprintf(v->data, "%M", ttl) - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* NULL: it is not a request of this file */

static ngx_http_convrelay_away_op_t *
ngx_http_convrelay_away_of(ngx_http_request_t *r)
{
    ngx_http_convrelay_fetch_t  *f;

    f = ngx_http_convrelay_fetch_of(r->main);

    if (f && (f->sink == &ngx_http_convrelay_away_read_sink
              || f->sink == &ngx_http_convrelay_away_write_sink))
    {
        return f->data;
    }

    return NULL;
}
