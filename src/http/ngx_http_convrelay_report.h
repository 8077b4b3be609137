
/*
 * Copyright (C) convrelay contributors
 *
 * Reports of calls: convrelay_report.  A report is pending from the end of a
 * session until it was delivered, given up, or taken over by another session of
 * the same call.  It holds nothing of the call, whose memory and connection are
 * gone by then.
 */


#ifndef NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED


#include "ngx_http_convrelay.h"

#include "ngx_http_convrelay_store.h"

#include "convrelay_report.h"


/* ms from a delivery that failed to the first one that is tried again */

#define NGX_HTTP_CONVRELAY_REPORT_FIRST    1000

/* written or read at once */

#define NGX_HTTP_CONVRELAY_REPORT_BATCH        16
#define NGX_HTTP_CONVRELAY_REPORT_BATCH_BYTES  262144

#define NGX_HTTP_CONVRELAY_REPORT_SID      64   /* bytes of one in a log line */

/* ms from the end of a session to its report: where another request or session
   may follow, and where that is not expected */

#define NGX_HTTP_CONVRELAY_REPORT_WAIT     10000
#define NGX_HTTP_CONVRELAY_REPORT_SOON     1000


typedef struct ngx_http_convrelay_report_s  ngx_http_convrelay_report_t;


/* what the record of a report is for */

typedef enum {
    NGX_HTTP_CONVRELAY_REPORT_LIVE = 1,       /* a session of the call lives */
    NGX_HTTP_CONVRELAY_REPORT_PENDING,
    NGX_HTTP_CONVRELAY_REPORT_SENT,           /* or being sent */
    NGX_HTTP_CONVRELAY_REPORT_DONE,

    /* of what Twilio said of a session that lived: the call is over, or may go
       on */

    NGX_HTTP_CONVRELAY_NOTE_OVER,
    NGX_HTTP_CONVRELAY_NOTE_AGAIN,

    /* a copy of one that another machine has: of a session that lives there,
       or that is over */

    NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE,
    NGX_HTTP_CONVRELAY_REPORT_FOREIGN
} ngx_http_convrelay_report_state_e;


/* the name of the report of a call, in all of its sessions, and where it is
   stored */

typedef struct {
    ngx_http_convrelay_record_t       record;
    uint64_t                          location;       /* its id */
    uint64_t                          path;   /* ... and its path */
    u_char                            tenant[CONVRELAY_SHA256_LEN];
    ngx_msec_t                        ttl;
} ngx_http_convrelay_report_place_t;


/* all names that the report of a call may have, the first for a new one */

typedef struct {
    ngx_uint_t                        n;
    convrelay_store_key_t             key[NGX_HTTP_CONVRELAY_TENANT_MAX];
} ngx_http_convrelay_report_names_t;


struct ngx_http_convrelay_report_s {
    ngx_queue_t                       queue;
    ngx_queue_t                       own;    /* of its directive */
    ngx_http_convrelay_reports_t     *all;
    ngx_http_convrelay_loc_conf_t    *conf;   /* of the call */
    ngx_http_conf_ctx_t              *ctx;    /* of its server */

    convrelay_report_t                report;
    convrelay_report_out_t            text;   /* that its texts are in */

    ngx_http_convrelay_fetch_t       *fetch;  /* that delivers it, or NULL */
    ngx_msec_t                        begun;  /* that */
    size_t                            received;       /* bytes of its answer */
    ngx_msec_t                        due;
    ngx_uint_t                        tries;
    ngx_http_convrelay_report_place_t place;
    unsigned                          stored:1;
    unsigned                          live:1; /* as it was loaded, it was that
                                                 of a session that lives */
    unsigned                          decided:1;      /* by Twilio's request */
    unsigned                          again:1;        /* the call is expected to
                                                         have another session */
    unsigned                          last:1; /* there is no other try */
    unsigned                          hanging:1;      /* its delivery is one of
                                                         these */
    unsigned                          early:1;        /* as it was loaded, it
                                                         was that of a session
                                                         of another machine */
    unsigned                          looking:1;      /* whether another machine
                                                         has it */
    unsigned                          looked:1;
};


struct ngx_http_convrelay_reports_s {
    ngx_event_t                       timer;
    ngx_queue_t                       queue;  /* the oldest first */
    convrelay_report_shares_t         shares; /* of its directives */
    ngx_uint_t                        fetches;
    ngx_uint_t                        hanging;        /* of them, of directives
                                                         that hang */
    ngx_uint_t                        turns;  /* deliveries, ever */
    ngx_uint_t                        dropped;        /* not logged yet */
    ngx_http_convrelay_report_conf_t *of;     /* the last one that was */
    ngx_msec_t                        logged; /* when; 0: never */
    ngx_msec_t                        stranger;       /* the same, of a report
                                                         that has no location
                                                         here */
    ngx_queue_t                       early;  /* what Twilio said of sessions
                                                 of other machines */
    ngx_uint_t                        nearly; /* how many */
    ngx_http_convrelay_main_conf_t   *mcf;
    ngx_event_t                       scan;   /* timer: look at the store */
    uint32_t                          cursor; /* of it */
    ngx_msec_t                        leave;  /* until then, it may wait for
                                                 them; 0: it need not leave */
    ngx_uint_t                        closing;        /* it must not wait */
};


/* ngx_http_convrelay_report.c */

/* the reports of a process, none yet; NULL: no memory */
ngx_http_convrelay_reports_t *ngx_http_convrelay_reports_create(
    ngx_conf_t *cf, ngx_http_convrelay_main_conf_t *mcf);

/*
 * Copies a report, which then waits to be sent; place: its name, and where it
 * is, if it is stored.  Without memory it is dropped (logged).  Where there are
 * too many, one of the directive that has most of them is, which may be this
 * one.
 */
void ngx_http_convrelay_report_add(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_loc_conf_t *conf, ngx_http_conf_ctx_t *ctx,
    const convrelay_report_t *report,
    const ngx_http_convrelay_report_place_t *place, ngx_uint_t stored);

/*
 * Another session of a call has begun: the pending report, which the caller of
 * this function owns and frees, or NULL: there is none.  stored: it may be in
 * the store; there, nobody else finds it by another id of the tenant than the
 * first.
 */
ngx_http_convrelay_report_t *ngx_http_convrelay_report_take(
    ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call, ngx_uint_t stored);
void ngx_http_convrelay_report_free(ngx_http_convrelay_report_t *p);

/* the pending report of a call, unless it is being sent; or NULL */
ngx_http_convrelay_report_t *ngx_http_convrelay_report_find(
    ngx_http_convrelay_reports_t *all,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call);

/* sends a pending report at another time */
void ngx_http_convrelay_report_delay(ngx_http_convrelay_report_t *p,
    ngx_msec_t due);

/* a stored report, which nobody else has in hand from now on, is due at a time;
   or it is dropped, as in report_add() */
void ngx_http_convrelay_report_adopt(ngx_http_convrelay_reports_t *all,
    ngx_http_convrelay_report_t *p, ngx_msec_t due);


/* its CallSid, as one word of a log line, in REPORT_SID bytes */
char *ngx_http_convrelay_report_sid(ngx_http_convrelay_report_t *p,
    char *text);

/* its delivery, which is not running any more, is over */
void ngx_http_convrelay_report_sent(ngx_http_convrelay_report_t *p);

/* one of them may be due earlier, or later, than the timer is set for */
void ngx_http_convrelay_report_timer(ngx_http_convrelay_reports_t *all);

/* takes it out of the queue; a delivery has failed: another try, or none */
void ngx_http_convrelay_report_remove(ngx_http_convrelay_report_t *p);
void ngx_http_convrelay_report_failed(ngx_http_convrelay_report_t *p,
    const char *phrase, ngx_uint_t status);


/* ngx_http_convrelay_report_away.c */

/* before it is sent: NGX_OK, or NGX_AGAIN: another machine may have it, which
   is asked for; p is due again then, or freed */
ngx_int_t ngx_http_convrelay_report_look(ngx_http_convrelay_report_t *p);


/* ngx_http_convrelay_report_leave.c */

ngx_int_t ngx_http_convrelay_report_init_process(ngx_cycle_t *cycle);

/* the process ends: logs what is pending */
void ngx_http_convrelay_report_exit_process(ngx_cycle_t *cycle);

/* the worker has been told to leave: ends all deliveries once its time is
   over; for one report, NGX_OK, or NGX_DONE: it was left to others */
void ngx_http_convrelay_report_leave(ngx_http_convrelay_reports_t *all);
ngx_int_t ngx_http_convrelay_report_drain(ngx_http_convrelay_report_t *p);

/* only this worker gives up: NGX_OK, p is freed, or NGX_ERROR: it is not
   stored, p is as it was */
ngx_int_t ngx_http_convrelay_report_to_others(ngx_http_convrelay_report_t *p,
    ngx_msec_t due);


/* ngx_http_convrelay_report_action.c */

/* Twilio's request after a session, r, is answered, which can reach the
   tenant's calls; over: the call is; goes_on: the answer may lead to another
   session */
void ngx_http_convrelay_report_action(ngx_http_request_t *r,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t over,
    ngx_uint_t goes_on);

/* frees what waits for other machines */
void ngx_http_convrelay_report_forget(ngx_http_convrelay_reports_t *all);

/* ms for which the report of a session that has ended waits: for Twilio's
   request, unless that was before it, or another session */
ngx_msec_t ngx_http_convrelay_report_wait(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p);

/* ms for which a report waits for another session, once Twilio has said how the
   last one ended */
ngx_msec_t ngx_http_convrelay_report_again(ngx_http_convrelay_report_t *p);


/* ngx_http_convrelay_report_request.c */

/* fills in f->to, in the pool of f; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_report_request(ngx_http_convrelay_report_t *p,
    ngx_http_convrelay_fetch_t *f);


/* ngx_http_convrelay_report_store.c */

/* names the report of a call, by one of the tenant's ids */
void ngx_http_convrelay_report_place(ngx_http_convrelay_report_place_t *place,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t id,
    const convrelay_str_t *account, const convrelay_str_t *call);

/* by all of them; and whether p has one of these names */
void ngx_http_convrelay_report_names(ngx_http_convrelay_report_names_t *names,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call);
ngx_uint_t ngx_http_convrelay_report_named(
    const ngx_http_convrelay_report_t *p,
    const ngx_http_convrelay_report_names_t *names);

/* a report was taken, or NULL, which is to have the first name from now on: one
   that is stored by another name is done */
void ngx_http_convrelay_report_renamed(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p, const ngx_http_convrelay_tenant_t *tenant,
    const convrelay_str_t *account, const convrelay_str_t *call);

/* for how long it is kept after its last write, or after the report was due:
   place's ttl */
ngx_msec_t ngx_http_convrelay_report_ttl(ngx_http_convrelay_loc_conf_t *conf);

/*
 * For a store that is a location: whether a key is that of a report; and the
 * text of one that another machine has written becomes that of a copy.
 */
ngx_uint_t ngx_http_convrelay_report_is(const convrelay_store_key_t *key);
void ngx_http_convrelay_report_foreign(convrelay_str_t *text);

/* notes which location it is from; a block of "if" belongs to one */
void ngx_http_convrelay_report_location(
    ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_core_srv_conf_t *server,
    ngx_http_core_loc_conf_t *clcf);

/*
 * Writes it; pid: ngx_pid, if this worker has it in hand, or 0; report: or
 * NULL.  NGX_OK, NGX_DECLINED: another worker has it; or NGX_ERROR: it is not
 * stored.
 */
ngx_int_t ngx_http_convrelay_report_store(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_report_state_e state, ngx_pid_t pid, ngx_msec_t due,
    const convrelay_report_t *report);

/*
 * Reads the report of a call: the caller frees it, or NULL: there is none, or
 * it was delivered.  Nothing is changed.
 */
ngx_http_convrelay_report_t *ngx_http_convrelay_report_load(
    ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call);

/*
 * Keeps what Twilio's request said of a session that lives, in p's figures, for
 * its own report; goes_on: as in report_action().  noted() takes it, and sets
 * the figures and again of the session's report, whose place is set; NGX_OK, or
 * NGX_DECLINED: Twilio has said nothing yet.
 */
void ngx_http_convrelay_report_note(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_report_t *p, ngx_uint_t goes_on);
ngx_int_t ngx_http_convrelay_report_noted(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p);

/* adopts the reports of workers that are gone, and those that were left, from
   *cursor on, which is 0 at first: NGX_OK, that was all, or NGX_AGAIN */
ngx_int_t ngx_http_convrelay_report_scan(ngx_http_convrelay_reports_t *all,
    uint32_t *cursor);


/* ngx_http_convrelay_report_conf.c */

char *ngx_http_convrelay_report(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_report_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_report_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);

#endif /* NGX_HTTP_CONVRELAY_REPORT_H_INCLUDED */
