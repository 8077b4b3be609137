
/*
 * Copyright (C) convrelay contributors
 *
 * The log of a connection, without what nginx quotes in it.  nginx logs the
 * subject of a regular expression that fails, also of one in "map", a header
 * line that is none, a path that does not exist.  In a call all these can be
 * what somebody said or pressed, or what a tool was given or returned.
 */


#include "ngx_http_convrelay_fetch.h"
#include "convrelay_private.h"


typedef struct {
    ngx_log_t          *log;
    ngx_log_writer_pt   writer;   /* those that log had before */
    void               *wdata;
    ngx_log_t          *next;
} ngx_http_convrelay_fetch_log_t;


static void ngx_http_convrelay_fetch_log_hide(ngx_log_t *log,
    ngx_http_convrelay_fetch_log_t *to);
static void ngx_http_convrelay_fetch_log_cleanup(void *data);
static void ngx_http_convrelay_fetch_log_writer(ngx_log_t *log,
    ngx_uint_t level, u_char *buf, size_t len);
static u_char *ngx_http_convrelay_fetch_log_message(ngx_log_t *log,
    u_char *p, u_char *last);
static u_char *ngx_http_convrelay_fetch_log_tail(u_char *p, u_char *last);
static void ngx_http_convrelay_fetch_log_write(ngx_log_t *log,
    ngx_uint_t level, u_char *buf, size_t len);


ngx_int_t
ngx_http_convrelay_fetch_private_log(ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_http_convrelay_fetch_log_t  *to;

    to = pool ? ngx_palloc(pool, sizeof(ngx_http_convrelay_fetch_log_t))
              : ngx_alloc(sizeof(ngx_http_convrelay_fetch_log_t), log);
    if (to == NULL) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_fetch_log_hide(log, to);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_fetch_private(ngx_http_request_t *r)
{
    ngx_log_t                       *log;
    ngx_pool_cleanup_t              *cln;
    ngx_http_convrelay_fetch_log_t  *to;

    log = r->connection->log;

    /* a call hides it already, and outlives its subrequests */

    if (log->writer == ngx_http_convrelay_fetch_log_writer) {
        to = log->wdata;

        if (to->log == log) {
            return NGX_OK;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_convrelay_fetch_log_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_convrelay_fetch_log_cleanup;

    ngx_http_convrelay_fetch_log_hide(log, cln->data);

    return NGX_OK;
}


static void
ngx_http_convrelay_fetch_log_hide(ngx_log_t *log,
    ngx_http_convrelay_fetch_log_t *to)
{
    ngx_http_convrelay_fetch_log_t  *from;

    to->writer = log->writer;
    to->wdata = log->wdata;
    to->next = log->next;

    /* a copy of such a log: it may outlive what it was copied from */

    if (log->writer == ngx_http_convrelay_fetch_log_writer) {
        from = log->wdata;
        *to = *from;
    }

    to->log = log;

    log->writer = ngx_http_convrelay_fetch_log_writer;
    log->wdata = to;
    log->next = NULL;
}


void
ngx_http_convrelay_fetch_public_log(ngx_log_t *log)
{
    ngx_http_convrelay_fetch_log_t  *to;

    if (log->writer == ngx_http_convrelay_fetch_log_writer) {
        to = log->wdata;

        ngx_http_convrelay_fetch_log_cleanup(to);
        ngx_free(to);
    }
}


/* nginx itself gives the connection another log in another location */

static void
ngx_http_convrelay_fetch_log_cleanup(void *data)
{
    ngx_http_convrelay_fetch_log_t *to = data;

    if (to->log->wdata == to) {
        to->log->writer = to->writer;
        to->log->wdata = to->wdata;
        to->log->next = to->next;
    }
}


static void
ngx_http_convrelay_fetch_log_writer(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len)
{
    size_t   from, to;
    u_char  *p, *msg, *last;
    u_char   line[NGX_MAX_ERROR_STR + sizeof("***")];

    last = buf + len;
    msg = ngx_http_convrelay_fetch_log_message(log, buf, last);

    if (level >= NGX_LOG_DEBUG || len > NGX_MAX_ERROR_STR
        || convrelay_private(msg, ngx_http_convrelay_fetch_log_tail(msg, last)
                                  - msg, &from, &to)
           != CONVRELAY_OK)
    {
        ngx_http_convrelay_fetch_log_write(log, level, buf, len);
        return;
    }

    p = ngx_cpymem(line, buf, msg + from - buf);
    p = ngx_cpymem(p, "***", sizeof("***") - 1);

    /* nginx cuts a line, and a quote, at this length */

    if (len == NGX_MAX_ERROR_STR) {
        to = last - NGX_LINEFEED_SIZE - msg;
    }

    p = ngx_cpymem(p, msg + to, last - (msg + to));

    ngx_http_convrelay_fetch_log_write(log, level, line, p - line);
}


/* after "TIME [LEVEL] PID#TID: *CONNECTION " */

static u_char *
ngx_http_convrelay_fetch_log_message(ngx_log_t *log, u_char *p, u_char *last)
{
    while (p < last && *p != '#') {
        p++;
    }

    while (p < last && *p != ' ') {
        p++;
    }

    if (log->connection) {

        while (p < last && (*p == ' ' || *p == '*')) {
            p++;
        }

        while (p < last && *p != ' ') {
            p++;
        }
    }

    return (p < last) ? p + 1 : last;
}


/*
 * What the log's handler adds: ", client: " and what follows, or the end of the
 * line.  The last such word, so that none in a quote ends the message; " while
 * ..." before it has no quotes.
 */

static u_char *
ngx_http_convrelay_fetch_log_tail(u_char *p, u_char *last)
{
    u_char  *tail;

    static const char  word[] = ", client: ";

    for (tail = last - (sizeof(word) - 1); tail >= p; tail--) {
        if (ngx_strncmp(tail, word, sizeof(word) - 1) == 0) {
            return tail;
        }
    }

    return (last > p) ? last - NGX_LINEFEED_SIZE : last;
}


/* to each log of the chain, as nginx itself does */

static void
ngx_http_convrelay_fetch_log_write(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len)
{
    ssize_t                          n;
    ngx_log_t                       *l, first;
    ngx_uint_t                       debug_connection;
    ngx_http_convrelay_fetch_log_t  *to;

    to = log->wdata;

    first = *log;
    first.writer = to->writer;
    first.wdata = to->wdata;
    first.next = to->next;

    debug_connection = (log->log_level & NGX_LOG_DEBUG_CONNECTION) != 0;

    for (l = &first; l; l = l->next) {

        if (l->log_level < level && !debug_connection) {
            break;
        }

        if (l->writer) {
            l->writer(l, level, buf, len);
            continue;
        }

        if (ngx_time() == l->disk_full_time) {
            continue;
        }

        n = ngx_write_fd(l->file->fd, buf, len);

        if (n == -1 && ngx_errno == NGX_ENOSPC) {
            l->disk_full_time = ngx_time();
        }
    }

    log->disk_full_time = first.disk_full_time;
}
