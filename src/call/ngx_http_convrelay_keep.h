
/*
 * Copyright (C) convrelay contributors
 *
 * The record of a live call in the store.
 */


#ifndef NGX_HTTP_CONVRELAY_KEEP_H_INCLUDED
#define NGX_HTTP_CONVRELAY_KEEP_H_INCLUDED


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_store.h"


/*
 * On the heap, and only where the location of the call has a store: it can
 * outlive the call, with its session, while tools run.
 */

struct ngx_http_convrelay_keep_s {
    ngx_http_convrelay_call_t        *call;   /* NULL: it is over */
    ngx_http_convrelay_main_conf_t   *main;
    ngx_http_convrelay_loc_conf_t    *conf;
    convrelay_session_t              *session;
    ngx_http_convrelay_record_t       record;
    convrelay_store_key_t             key;    /* that it has once it is this
                                                 session's */
    ngx_http_convrelay_replaced_pt    replaced;

    ngx_event_t                       event;  /* posted: write; timer: let the
                                                 record live on, or, while
                                                 waiting, look at it again */
    ngx_msec_t                        until;  /* the end of waiting */
    convrelay_str_t                   rest;   /* of the input meanwhile, on the
                                                 heap */
    convrelay_str_t                   first;  /* the first message, as a frame,
                                                 on the heap, until it is part
                                                 of rest */
    uint64_t                          ticket; /* a hash of the call's, or 0 */
    uint32_t                          version;        /* that was written */
    uint32_t                          users;  /* after the call: its request,
                                                 and tools that run */
    unsigned                          waiting:1;      /* for the result of a
                                                         tool of the earlier
                                                         session */
    unsigned                          stopped:1;      /* another session has
                                                         the call */
    unsigned                          aside:1;        /* not stored: the record
                                                         is that of the same
                                                         session, which has
                                                         another socket */
    unsigned                          hung_up:1;
    unsigned                          drained:1;      /* handed over */
    unsigned                          cut:1;  /* logged: it was too long */
};


/* ngx_http_convrelay_resume.c */

/*
 * Hands the session the record of an earlier session of the call.  Where that
 * one waits for a tool, this one is to wait as well: resume_wait() keeps the
 * bytes from pos to last until then.  resume_drop(): the caller has gone.
 */
void ngx_http_convrelay_resume(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_resume_wait(ngx_http_convrelay_call_t *call,
    u_char *pos, u_char *last);
void ngx_http_convrelay_resume_drop(ngx_http_convrelay_call_t *call);


/* ngx_http_convrelay_redial.c */

/*
 * A message came, before any other.  redial_copy() comes before it is parsed,
 * which changes it: *copy is on the heap, or empty where it is not needed;
 * NGX_OK or NGX_ERROR.  redial() is for one that is not setup.
 *
 *     NGX_OK        the session has begun, and takes the message
 *     NGX_AGAIN     it has begun with a pause, and has taken the copy over
 *     NGX_DECLINED  nothing says which call it is
 */
ngx_int_t ngx_http_convrelay_redial_copy(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *data, convrelay_str_t *copy);
ngx_int_t ngx_http_convrelay_redial(ngx_http_convrelay_call_t *call,
    convrelay_str_t *copy);

/* at setup, in place of ticket_check(): NGX_OK, or NGX_DECLINED (logged) */
ngx_int_t ngx_http_convrelay_redial_check(ngx_http_convrelay_call_t *call);

/* found: the session of the record goes on */
void ngx_http_convrelay_redial_restored(ngx_http_convrelay_call_t *call,
    ngx_uint_t found);

/*
 * A pause begins.  NGX_OK: the message that redial() has kept comes before the
 * bytes from *pos to *last, all in new memory, to be freed; NGX_DECLINED: there
 * is none; NGX_ERROR.
 */
ngx_int_t ngx_http_convrelay_redial_rest(ngx_http_convrelay_call_t *call,
    u_char **pos, u_char **last);


/* ngx_http_convrelay_keep.c */

/* at setup, in a location with a store; replaced() is told that another session
   has the call.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_keep_create(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_replaced_pt replaced);

/* an event of the session is over: stores what has changed, in this iteration
   of the event loop */
void ngx_http_convrelay_keep_changed(ngx_http_convrelay_keep_t *keep);

/* stores what has changed, now; NGX_OK, or NGX_DECLINED: another session has
   the call, and this one must do nothing more */
ngx_int_t ngx_http_convrelay_keep_now(ngx_http_convrelay_call_t *call);

/*
 * hung_up(): by the caller; the record will be removed.  stop(): the call was
 * refused; the record stays as it is.  replaced(): another socket has taken the
 * place of the call.  It stays, too, except that results of tools are added as
 * long as the session of that socket waits for them and has not written it.
 */
void ngx_http_convrelay_keep_hung_up(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_keep_stop(ngx_http_convrelay_call_t *call);
void ngx_http_convrelay_keep_replaced(ngx_http_convrelay_call_t *call);

/* the same as result(), for a call that has not ended yet, but is closing; run
   is freed */
void ngx_http_convrelay_keep_closing(ngx_http_convrelay_call_t *call,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok);

/*
 * The call is over.  If tools run whose results are to be stored, call->parted
 * is set, and the session belongs to it.  Each of them enters, hands in its
 * result, if there is one, and leaves; the call leaves with its request.
 */
void ngx_http_convrelay_keep_end(ngx_http_convrelay_call_t *call);

void ngx_http_convrelay_keep_enter(ngx_http_convrelay_keep_t *keep);
void ngx_http_convrelay_keep_result(ngx_http_convrelay_keep_t *keep,
    convrelay_tool_run_t *run, const convrelay_str_t *result, unsigned ok);
void ngx_http_convrelay_keep_leave(ngx_http_convrelay_keep_t *keep);

/* private to the two files */

/* writes the record now */
void ngx_http_convrelay_keep_write(ngx_http_convrelay_keep_t *keep);

/* the event's handler, except while waiting */
void ngx_http_convrelay_keep_handler(ngx_event_t *ev);

/* what the session's text is to look like, now */
void ngx_http_convrelay_keep_conf(ngx_http_convrelay_keep_t *keep,
    convrelay_state_conf_t *conf);


#endif /* NGX_HTTP_CONVRELAY_KEEP_H_INCLUDED */
