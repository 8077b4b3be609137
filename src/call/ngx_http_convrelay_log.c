
/*
 * Copyright (C) convrelay contributors
 *
 * Anything that the peer or the LLM can cause repeatedly is logged at most once
 * a second for each call.  The next line says how many were left out, and so
 * does a last line at the end of the call.
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_LOG_TIME  1000   /* ms */
#define NGX_HTTP_CONVRELAY_LOG_MAX   32     /* more than there are kinds */


typedef struct {
    const char                   *kind;
    ngx_uint_t                    level;
    ngx_msec_t                    at;         /* of the last line */
    ngx_uint_t                    left_out;   /* since then */
} ngx_http_convrelay_logged_t;


struct ngx_http_convrelay_log_s {
    ngx_http_convrelay_logged_t   kinds[NGX_HTTP_CONVRELAY_LOG_MAX];
    ngx_uint_t                    n;
};


static ngx_http_convrelay_logged_t *ngx_http_convrelay_log_kind(
    ngx_http_convrelay_call_t *call, ngx_uint_t level, const char *kind);


void ngx_cdecl
ngx_http_convrelay_log(ngx_http_convrelay_call_t *call, ngx_uint_t level,
    const char *kind, const char *fmt, ...)
{
    u_char                        *p, *last;
    va_list                        args;
    ngx_log_t                     *log;
    ngx_uint_t                     left_out;
    ngx_http_convrelay_logged_t   *logged;
    u_char                         line[NGX_MAX_ERROR_STR];

    log = call->connection->log;

    if (ngx_http_convrelay_log_skips(call, level, kind)) {
        return;
    }

    left_out = 0;

    logged = ngx_http_convrelay_log_kind(call, level, kind);

    if (logged) {
        left_out = logged->left_out;

        logged->at = ngx_current_msec;
        logged->left_out = 0;
    }

    last = line + sizeof(line);

    va_start(args, fmt);
    p = ngx_vslprintf(line, last, fmt, args);
    va_end(args);

    if (left_out) {
        p = ngx_slprintf(p, last, " (lines left out before: %ui)", left_out);
    }

    ngx_log_error(level, log, 0, "%*s", (size_t) (p - line), line);
}


ngx_uint_t
ngx_http_convrelay_log_skips(ngx_http_convrelay_call_t *call,
    ngx_uint_t level, const char *kind)
{
    ngx_http_convrelay_logged_t  *logged;

    if (call->connection->log->log_level < level) {
        return 1;
    }

    logged = ngx_http_convrelay_log_kind(call, level, kind);

    if (logged && logged->at
        && ngx_current_msec - logged->at < NGX_HTTP_CONVRELAY_LOG_TIME)
    {
        logged->left_out++;
        return 1;
    }

    return 0;
}


/* the record of a kind, or NULL: no memory */

static ngx_http_convrelay_logged_t *
ngx_http_convrelay_log_kind(ngx_http_convrelay_call_t *call, ngx_uint_t level,
    const char *kind)
{
    ngx_uint_t                    i;
    ngx_http_convrelay_log_t     *l;
    ngx_http_convrelay_logged_t  *logged;

    if (call->log == NULL) {
        call->log = ngx_calloc(sizeof(ngx_http_convrelay_log_t),
                               call->connection->log);
        if (call->log == NULL) {
            return NULL;
        }
    }

    l = call->log;

    for (i = 0; i < l->n; i++) {

        if (ngx_strcmp(l->kinds[i].kind, kind) == 0) {
            return &l->kinds[i];
        }
    }

    /* the last kinds would share a record */

    if (l->n == NGX_HTTP_CONVRELAY_LOG_MAX) {
        return &l->kinds[l->n - 1];
    }

    logged = &l->kinds[l->n++];

    logged->kind = kind;
    logged->level = level;

    return logged;
}


void
ngx_http_convrelay_log_end(ngx_http_convrelay_call_t *call)
{
    ngx_uint_t                    i;
    ngx_http_convrelay_log_t     *l;
    ngx_http_convrelay_logged_t  *logged;

    l = call->log;

    if (l == NULL) {
        return;
    }

    for (i = 0; i < l->n; i++) {
        logged = &l->kinds[i];

        if (logged->left_out) {
            ngx_log_error(logged->level, call->connection->log, 0,
                          "convrelay: %s (lines left out: %ui)",
                          logged->kind, logged->left_out);
        }
    }

    ngx_free(l);
    call->log = NULL;
}
