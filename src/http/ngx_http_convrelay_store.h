
/*
 * Copyright (C) convrelay contributors
 *
 * The records of calls, in the shared memory of convrelay_store_zone.  A record
 * is the text of a session, for the session that continues the call after its
 * socket was lost, in whatever worker that is.
 *
 * A session owns the record that it has written or read last, until another
 * session writes it.  Nothing here blocks except for the lock of the memory.
 */


#ifndef NGX_HTTP_CONVRELAY_STORE_H_INCLUDED
#define NGX_HTTP_CONVRELAY_STORE_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_tenant.h"

#include "convrelay_store.h"


/* a socket that is gone, since its worker has handed the call over */

#define NGX_HTTP_CONVRELAY_RECORD_DRAINED  2


/* what is stored before the text */

typedef struct {
    uint64_t                  ticket;     /* a hash of the one that its session
                                             came with; 0: none */
    uint32_t                  pid;        /* the worker that wrote it, as
                                             shared_process() */
    uint32_t                  lost;       /* 1: its socket is gone; or
                                             RECORD_DRAINED */
    uint64_t                  saved;      /* when, in ms since 1970 */
} ngx_http_convrelay_record_head_t;


typedef struct {
    convrelay_store_key_t     key;
    uint64_t                  serial;     /* of the owner's last write; 0: it
                                             has written and read none */
    ngx_msec_t                expires;    /* of that write */
    ngx_http_convrelay_record_head_t  head;       /* to write, or as it was
                                                     read */
    unsigned                  claimed:1;  /* by record_claim() */
    unsigned                  later:1;    /* it is to be, once it was looked for
                                             in the location */
    unsigned                  foreign:1;  /* of another machine: written as it
                                             was saved there */
    unsigned                  careful:1;  /* another machine may have the call
                                             by now: its record must stay */
    unsigned                  away:16;    /* a change goes to this one of
                                             main->aways; 0: to none */
} ngx_http_convrelay_record_t;


#define NGX_HTTP_CONVRELAY_RECORD_LOOK  64    /* bytes: see record_next() */


/* bytes of room that a text to be written has before it */

#define NGX_HTTP_CONVRELAY_RECORD_HEAD                                       \
    sizeof(ngx_http_convrelay_record_head_t)


/* ngx_http_convrelay_record.c */

/* names the record of a call, by one of the tenant's ids, and forgets what was
   known of it */
void ngx_http_convrelay_record_name(ngx_http_convrelay_record_t *record,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t id,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid);

/* the same, by the first id by which there is a record, or else by the first */
void ngx_http_convrelay_record_find(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record,
    const ngx_http_convrelay_tenant_t *tenant,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid);


/* ngx_http_convrelay_store_conf.c */

char *ngx_http_convrelay_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_store_merge(ngx_conf_t *cf,
    ngx_http_convrelay_store_conf_t *prev,
    ngx_http_convrelay_store_conf_t *conf);


/* ngx_http_convrelay_store.c */

char *ngx_http_convrelay_store_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

void ngx_http_convrelay_store_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_convrelay_store_init_process(ngx_cycle_t *cycle);

/*
 * Writes the text, with record->head, whose pid and saved are set.  text has
 * RECORD_HEAD bytes of room before it.  A record that was evicted since the
 * owner has written it is written again.
 *
 *     NGX_OK        the caller of this function owns it
 *     NGX_DECLINED  another session does, or the call is over: it was removed
 *     NGX_ERROR     the zone is too small for it (logged)
 */
ngx_int_t ngx_http_convrelay_record_write(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, const convrelay_str_t *text,
    ngx_msec_t ttl);

/*
 * Reads it, and takes over what record->serial and record->head say; the next
 * write makes the reader its owner.  record_free() frees the text.
 *
 *     NGX_OK
 *     NGX_DECLINED  there is none
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_convrelay_record_read(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, convrelay_str_t *text);
void ngx_http_convrelay_record_free(convrelay_str_t *text);

/* whether there is one, of any owner */
ngx_uint_t ngx_http_convrelay_record_exists(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_record_t *record);

/* whether it is as it was when it was read or written last */
ngx_uint_t ngx_http_convrelay_record_same(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record);

/* lets the owner's record live on; NGX_OK, or NGX_DECLINED: there is none of
   its own */
ngx_int_t ngx_http_convrelay_record_touch(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, ngx_msec_t ttl);

/* removes the owner's record or, where record->serial is 0, anybody's; NGX_OK,
   or NGX_DECLINED: there is none */
ngx_int_t ngx_http_convrelay_record_remove(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_record_t *record);

/*
 * Takes the call over from its last session, if that came with this ticket and
 * is over: its socket is gone, or its worker.  NGX_OK for one of several that
 * try, or NGX_DECLINED.  release() gives it back: the session of a record that
 * was claimed ends before it could begin.
 */
ngx_int_t ngx_http_convrelay_record_claim(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record, uint64_t ticket);
void ngx_http_convrelay_record_release(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record);

/* whether the session of a record that was read is over, or has been claimed */
ngx_uint_t ngx_http_convrelay_record_lost(
    ngx_http_convrelay_record_t *record);

/* reads what is stored before the text of the owner's record into record->head,
   which may have been claimed since it was written */
void ngx_http_convrelay_record_head(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record);

/*
 * The next record, from *cursor on, which is 0 at first, whose key has tag as
 * its last word: names it, and copies the first size bytes of its text, at most
 * RECORD_LOOK.
 *
 *     NGX_OK
 *     NGX_AGAIN     not among the many that were looked at
 *     NGX_DECLINED  the end was reached
 */
ngx_int_t ngx_http_convrelay_record_next(ngx_http_convrelay_main_conf_t *mcf,
    uint64_t tag, uint32_t *cursor, ngx_http_convrelay_record_t *record,
    u_char *p, size_t size);

/* figures of the zone; NGX_DECLINED: there is none */
ngx_int_t ngx_http_convrelay_store_figures(
    ngx_http_convrelay_main_conf_t *mcf, convrelay_store_stat_t *stat);


#endif /* NGX_HTTP_CONVRELAY_STORE_H_INCLUDED */
