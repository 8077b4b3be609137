
/*
 * Copyright (C) convrelay contributors
 *
 * A request that the module itself sends to a location: to an LLM, a tool, a
 * store, or whatever an operator puts there.  It is a background subrequest
 * below a shadow main request in a pool of its own, so that nothing outlives
 * it, and the answer of the location goes to a sink, not to a client.
 *
 * There are two ways to run one.
 *
 *   - A content handler, called directly on the connection of a client, as
 *     a turn does with the handler of its own location.  No phase runs and no
 *     connection is taken.  The fetch has to end before that client's request
 *     does.
 *
 *   - Another location, by URI, through the phases of any subrequest:
 *     rewrite, limit_req, limit_conn, content; not the access phase, which
 *     nginx skips for subrequests ("internal" is the protection).  The fetch
 *     has a connection of its own without a descriptor, so that a delay waits
 *     there and not on the client's socket, and so that the fetch can outlive
 *     the client or have none.  This takes one of worker_connections.
 *
 * A fetch is ended and freed by its posted event only: whenever a part of an
 * answer is handled, the upstream's code is on the stack.
 */


#ifndef NGX_HTTP_CONVRELAY_FETCH_H_INCLUDED
#define NGX_HTTP_CONVRELAY_FETCH_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "convrelay_sent.h"


typedef struct ngx_http_convrelay_fetch_s  ngx_http_convrelay_fetch_t;


/*
 * Where the answer goes; each may be NULL.  A sink may cancel its fetch but not
 * free it, and is not called again after that, except that data is still
 * followed by its flush.
 */

typedef struct {

    /* f->status is known; f->encoded says that the body cannot be used */
    void  (*header)(ngx_http_convrelay_fetch_t *f);

    /* bytes of the body, which may be written to until the return */
    void  (*data)(ngx_http_convrelay_fetch_t *f, u_char *pos, u_char *last);

    /* all data of one call of the filter was passed on */
    void  (*flush)(ngx_http_convrelay_fetch_t *f);

    /* the end, however it came: called once and last; f is freed afterwards */
    void  (*end)(ngx_http_convrelay_fetch_t *f);

} ngx_http_convrelay_fetch_sink_t;


/* how the fetch ended, as far as nginx knows */

typedef enum {
    NGX_HTTP_CONVRELAY_FETCH_OK = 0,      /* the answer is complete, with any
                                             status */
    NGX_HTTP_CONVRELAY_FETCH_NO_ANSWER,   /* there was no header */
    NGX_HTTP_CONVRELAY_FETCH_CUT,         /* the body broke off */
    NGX_HTTP_CONVRELAY_FETCH_TIMED_OUT,   /* the deadline passed, or the worker
                                             shuts down */
    NGX_HTTP_CONVRELAY_FETCH_TOO_LARGE,   /* more than max_size bytes */
    NGX_HTTP_CONVRELAY_FETCH_ENCODED,     /* a Content-Encoding */
    NGX_HTTP_CONVRELAY_FETCH_REDIRECTED   /* X-Accel-Redirect asked for
                                             another location */
} ngx_http_convrelay_fetch_end_e;


/* zero-filled at first, and filled in before the start */

typedef struct {
    ngx_http_handler_pt               handler;    /* run it, or */
    ngx_str_t                         uri;        /* the location, from "/";
                                                     or "@name"; of a handler:
                                                     its URI, or empty: the
                                                     location's name */
    ngx_str_t                         args;

    ngx_uint_t                        method;     /* NGX_HTTP_POST, ... */
    ngx_str_t                         method_name;
    ngx_str_t                         content_type;   /* of the body */
    ngx_str_t                         accept;
    ngx_buf_t                        *body;       /* or NULL */
    ngx_keyval_t                     *headers;    /* more of them; a name ends
                                                     in a NUL */
    ngx_uint_t                        nheaders;

    ngx_msec_t                        timeout;    /* for all of it, not 0 for
                                                     a fetch by URI */
    off_t                             max_size;   /* bytes; 0: no limit */
    off_t                             max_received;   /* the same, of a body
                                                     that is not streamed, as
                                                     the upstream sends it */
    unsigned                          stream:1;   /* the upstream's answer is
                                                     passed on as it arrives,
                                                     and is not cached */
} ngx_http_convrelay_fetch_request_t;


struct ngx_http_convrelay_fetch_s {
    ngx_pool_t                       *pool;
    ngx_http_request_t               *main;       /* the shadow */
    ngx_http_request_t               *request;    /* below it; NULL: not
                                                     started */
    ngx_http_request_t               *client;     /* whose connection is used;
                                                     NULL: own is */
    ngx_connection_t                 *own;

    ngx_http_convrelay_fetch_request_t      to;
    const ngx_http_convrelay_fetch_sink_t  *sink;
    void                             *data;       /* the owner's */

    ngx_event_t                       event;      /* posted: the fetch is over
                                                     or has to end */
    ngx_event_t                       timer;      /* its deadline */
    ngx_http_post_subrequest_t        post;

    u_char                           *buffer;     /* for bytes of files */
    off_t                             received;   /* bytes of the body, where
                                                     no upstream counts */
    ngx_uint_t                        status;     /* 0: no header yet */
    ngx_int_t                         rc;         /* of the subrequest */

    /* what fetch_upstream.c has replaced with its own */

    ngx_int_t                       (*process_header)(ngx_http_request_t *r);
    ngx_int_t                       (*reinit_request)(ngx_http_request_t *r);
    ngx_int_t                       (*input_filter_init)(void *data);
    ngx_int_t                       (*input_filter)(void *data,
                                                    ssize_t bytes);
    void                             *input_filter_ctx;
    ngx_event_pipe_input_filter_pt    pipe_filter;

    unsigned                          done:1;     /* the subrequest is over */
    unsigned                          clean:1;    /* the body's end was seen */
    unsigned                          encoded:1;
    unsigned                          late:1;
    unsigned                          full:1;     /* the sink wants no more of
                                                     the body */
    unsigned                          large:1;
    unsigned                          redirected:1;
    unsigned                          failed:1;   /* no memory, or a file that
                                                     cannot be read */
    unsigned                          cancelled:1;
    unsigned                          stopping:1;
    unsigned                          moved:1;    /* nginx may have taken back
                                                     the connection's events,
                                                     or created another
                                                     upstream */
    unsigned                          enough:1;   /* the owner has all that it
                                                     wants: a stop is not a
                                                     failure of the answer */
};


/*
 * Creates a fetch in a pool of its own.  The fetch uses the configuration of
 * r's location, r's addresses and, in f->main, r's variables.  With own, it
 * gets a connection of its own, for a URI, and does not refer to r's memory;
 * otherwise it runs on r's connection and must be freed before r is.
 *
 * NULL: no memory or no connection (logged).  f->main can be used at once to
 * evaluate values; its ctx of any module is the caller's to set.
 */
ngx_http_convrelay_fetch_t *ngx_http_convrelay_fetch_create(
    ngx_http_request_t *r, ngx_uint_t own);

/* the same on r's connection, with another location's configuration */
ngx_http_convrelay_fetch_t *ngx_http_convrelay_fetch_create_in(
    ngx_http_request_t *r, void **loc_conf);

/*
 * The same without a request: with the configuration ctx of a server, and
 * loopback addresses.
 */
ngx_http_convrelay_fetch_t *ngx_http_convrelay_fetch_create_alone(
    ngx_http_conf_ctx_t *ctx);

/*
 * Starts the fetch that f->to describes.  NGX_OK: the sink's end() will be
 * called, from an event and not before this returns, unless the fetch is
 * cancelled.  NGX_ERROR: the fetch was freed.
 */
ngx_int_t ngx_http_convrelay_fetch_start(ngx_http_convrelay_fetch_t *f,
    const ngx_http_convrelay_fetch_sink_t *sink, void *data);

/* replaces the deadline, in ms from now; 0: none */
void ngx_http_convrelay_fetch_timeout(ngx_http_convrelay_fetch_t *f,
    ngx_msec_t timeout);

/*
 * Bytes received so far: of the body, or, if an answer is streamed from an
 * upstream, including all framing.
 */
off_t ngx_http_convrelay_fetch_received(ngx_http_convrelay_fetch_t *f);

/*
 * Called from the sink's data(): the rest of the body is not wanted.  No more
 * of it is read, and end() is called in this event-loop iteration.
 */
void ngx_http_convrelay_fetch_full(ngx_http_convrelay_fetch_t *f);

/*
 * The answer is no longer wanted: no function of the sink is called from now
 * on; the upstream is closed and f is freed in this event-loop iteration.  May
 * be called from anywhere, the sink included.
 */
void ngx_http_convrelay_fetch_cancel(ngx_http_convrelay_fetch_t *f);

/*
 * The request from which the fetch was created is about to be freed, and the
 * fetch continues without it: evaluates now the variables of the module that
 * may be needed later.  Only for a fetch with a connection of its own.
 */
void ngx_http_convrelay_fetch_detach(ngx_http_convrelay_fetch_t *f);

/*
 * For a client's request that is being freed: abort() ends the upstream at
 * once, free() frees everything.  Must not be called below a callback of the
 * fetch.
 */
void ngx_http_convrelay_fetch_abort(ngx_http_convrelay_fetch_t *f);
void ngx_http_convrelay_fetch_free(ngx_http_convrelay_fetch_t *f);

ngx_http_convrelay_fetch_end_e ngx_http_convrelay_fetch_result(
    ngx_http_convrelay_fetch_t *f);

/* continues "request to /uri ": "timed out" */
const char *ngx_http_convrelay_fetch_phrase(
    ngx_http_convrelay_fetch_end_e end);

/* installs the filters and the phase handler; once, in postconfiguration */
ngx_int_t ngx_http_convrelay_fetch_init(ngx_conf_t *cf);

/*
 * Prevents what an answer must not do on behalf of the module: redirect inside
 * nginx (X-Accel-Redirect), be stored, or lose its body to an error page.
 */
void ngx_http_convrelay_fetch_guard(ngx_http_upstream_conf_t *conf);

/*
 * The same for every upstream module of a location.  Called for each location
 * that a directive names, after its configuration was merged.
 */
void ngx_http_convrelay_fetch_guard_location(ngx_conf_t *cf, void **loc_conf);


/* what this worker has already checked in requests to a location */

typedef struct {
    unsigned                          version:1;
    unsigned                          request:1;  /* all of it */
    unsigned                          key:1;      /* after a 401 or 403 */
    unsigned                          path:1;     /* after a 404 or 405 */
    unsigned                          blank:1;    /* a URI has one */
} ngx_http_convrelay_fetch_checked_t;

/*
 * Logs once, at level error, faults of the request that the location's handler
 * has made and that cannot be seen in the module's directives: a key sent to a
 * public address without TLS, no key and a 401, an old version of HTTP, a
 * blank in the URI.  Called after the start, and again at the end; checked
 * belongs to the directive that names the location, and is zero-filled at
 * first.
 */
void ngx_http_convrelay_fetch_check(ngx_http_convrelay_fetch_t *f,
    ngx_http_convrelay_fetch_checked_t *checked);

/* reads the request that was sent; NGX_OK, or NGX_DECLINED: there is none, or
   it is not HTTP/1 */
ngx_int_t ngx_http_convrelay_fetch_sent(ngx_http_convrelay_fetch_t *f,
    convrelay_sent_t *sent);


/*
 * Makes $args and $arg_NAME of a fetch that runs a handler those of the client;
 * once, in preconfiguration.  NGX_OK.
 */
ngx_int_t ngx_http_convrelay_fetch_add_variables(ngx_conf_t *cf);


/* private to the files of this room */

/* the fetch whose subrequest r is, or NULL */
#define ngx_http_convrelay_fetch_of(r)                                        \
    (((r)->post_subrequest                                                    \
      && (r)->post_subrequest->handler                                        \
         == ngx_http_convrelay_fetch_post_handler)                            \
     ? (r)->post_subrequest->data : NULL)

/* the sink wants nothing more */

#define ngx_http_convrelay_fetch_over(f)                                      \
    ((f)->cancelled || (f)->full || (f)->late || (f)->large                   \
     || (f)->redirected || (f)->failed)

/* m gets the regex captures of r, which has to outlive it */
void ngx_http_convrelay_fetch_captures(ngx_http_request_t *m,
    ngx_http_request_t *r);

ngx_int_t ngx_http_convrelay_fetch_post_handler(ngx_http_request_t *r,
    void *data, ngx_int_t rc);

/*
 * The subrequest may have another upstream than before, and nginx may handle
 * the events of the fetch's own connection: both are taken over, unless they
 * are already.
 */
void ngx_http_convrelay_fetch_hold(ngx_http_convrelay_fetch_t *f);

/* called when the handler has created an upstream, before its header is read */
void ngx_http_convrelay_fetch_upstream_init(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u);

/* counts the bytes of interim responses, before the header is complete */
void ngx_http_convrelay_fetch_upstream_watch(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u);

/* called between the header and the body of an answer */
void ngx_http_convrelay_fetch_upstream_header(ngx_http_convrelay_fetch_t *f,
    ngx_http_upstream_t *u);

/* NGX_OK, or NGX_ERROR: the answer is too long to read on */
ngx_int_t ngx_http_convrelay_fetch_limit(ngx_http_convrelay_fetch_t *f,
    off_t size);

/* a connection without a descriptor; client may be NULL.  NULL: logged */
ngx_connection_t *ngx_http_convrelay_fetch_connect(ngx_pool_t *pool,
    ngx_connection_t *client);
void ngx_http_convrelay_fetch_disconnect(ngx_connection_t *c);

/*
 * From now on the lines at levels above debug have "***" where nginx quotes
 * what it failed on: in the log of a request's connection until the request is
 * freed, or in a log that lives as long as pool does, such as a copy of one
 * that is private, or, where pool is NULL, until public_log().  NGX_OK, or
 * NGX_ERROR: the log is as it was.
 */
ngx_int_t ngx_http_convrelay_fetch_private(ngx_http_request_t *r);
ngx_int_t ngx_http_convrelay_fetch_private_log(ngx_pool_t *pool,
    ngx_log_t *log);
void ngx_http_convrelay_fetch_public_log(ngx_log_t *log);

/*
 * Creates a main request that is never finalized, in pool; r may be NULL.  With
 * keep, its strings and variables are r's, otherwise they are copies or empty.
 */
ngx_http_request_t *ngx_http_convrelay_fetch_shadow(ngx_pool_t *pool,
    ngx_connection_t *c, ngx_http_conf_ctx_t *ctx, ngx_http_request_t *r,
    ngx_uint_t keep);

/*
 * The end of an error line about a fetch, of which sr is the request: the path
 * of its location, and the upstream.  Neither has what a caller or an LLM said.
 */
u_char *ngx_http_convrelay_fetch_where(ngx_http_request_t *sr, u_char *buf,
    size_t len);


#endif /* NGX_HTTP_CONVRELAY_FETCH_H_INCLUDED */
