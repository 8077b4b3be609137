
/*
 * Copyright (C) convrelay contributors
 *
 * The store as a location: what the workers of this machine share in the
 * memory of convrelay_store_zone is copied to a location, and is read from
 * there when a call begins whose earlier sessions may have been on another
 * machine.
 *
 * A record that changed is in a queue once, however often it changes, and is
 * read from the memory when it is sent.  So nothing of a call waits in the
 * queue, and a record outlives its call there.
 */


#ifndef NGX_HTTP_CONVRELAY_AWAY_H_INCLUDED
#define NGX_HTTP_CONVRELAY_AWAY_H_INCLUDED


#include "ngx_http_convrelay.h"
#include "ngx_http_convrelay_fetch.h"
#include "ngx_http_convrelay_shared.h"
#include "ngx_http_convrelay_store.h"

#include "convrelay_envelope.h"
#include "convrelay_outage.h"
#include "convrelay_share.h"

#if (NGX_OPENSSL)
#include "convrelay_seal.h"
#endif


#define NGX_HTTP_CONVRELAY_AWAY_WRITES  32      /* that a worker sends at
                                                   once */
#define NGX_HTTP_CONVRELAY_AWAY_READS   512     /* the same, of reads, and one
                                                   in so many connections */
#define NGX_HTTP_CONVRELAY_AWAY_PART    8
#define NGX_HTTP_CONVRELAY_AWAY_FEW     16      /* reads, at least */
#define NGX_HTTP_CONVRELAY_AWAY_REST    8       /* one in so many of them is
                                                   sent while nobody waits */
#define NGX_HTTP_CONVRELAY_AWAY_IDLES   1000    /* of a store that wait, and */
#define NGX_HTTP_CONVRELAY_AWAY_LINGER  4       /* ... times the time-out */
#define NGX_HTTP_CONVRELAY_AWAY_PATIENT 10      /* times the time-out, for a
                                                   write: nobody waits */
#define NGX_HTTP_CONVRELAY_AWAY_PEEK    1       /* flags of a read */
#define NGX_HTTP_CONVRELAY_AWAY_OWNED   2
#define NGX_HTTP_CONVRELAY_AWAY_IDLE    4
#define NGX_HTTP_CONVRELAY_AWAY_ALL     ((ngx_msec_t) -1)  /* of the time-out */

#define NGX_HTTP_CONVRELAY_AWAY_PROCESSES  512  /* of which changes are
                                                   counted */
#define NGX_HTTP_CONVRELAY_AWAY_COUNTERS                                     \
    (CONVRELAY_OUTAGES * sizeof(uint32_t))      /* bytes, of a process */

#define NGX_HTTP_CONVRELAY_AWAY_KEYS    2       /* secrets */
#define NGX_HTTP_CONVRELAY_AWAY_NAMES                                        \
    (2 * NGX_HTTP_CONVRELAY_TENANT_MAX)         /* of a call and its report */


typedef struct ngx_http_convrelay_away_s       ngx_http_convrelay_away_t;
typedef struct ngx_http_convrelay_away_read_s  ngx_http_convrelay_away_read_t;


/* a process, and what it has not written yet; those of a process that has died
   do not count */

typedef struct {
    ngx_pid_t                         process;        /* 0: never used, like
                                                         all that follow */
    uint32_t                         *pending;        /* changes of each store,
                                                         as in outages */
} ngx_http_convrelay_away_process_t;


/* in the memory that all workers share */

typedef struct {
    uint64_t                          machine;        /* its id, random */
    convrelay_outage_t                outages[CONVRELAY_OUTAGES];
    ngx_http_convrelay_away_process_t
                             processes[NGX_HTTP_CONVRELAY_AWAY_PROCESSES];
} ngx_http_convrelay_away_shared_t;


/*
 * The same URI of the same server, whatever else differs in the locations that
 * name it; of a process.
 */

typedef struct {
    uint64_t                          id;     /* of the outage */
    ngx_http_convrelay_away_t        *first;  /* of its locations, of calls if
                                                 there is one */
    convrelay_outage_t               *outage;
    ngx_http_convrelay_aways_t       *all;
    ngx_queue_t                       asked;  /* reads that wait */
    ngx_queue_t                       idle;   /* ... for which nobody does */
    ngx_uint_t                        nidle;  /* they, and those of them that
                                                 were sent */
    ngx_uint_t                        nidle_sent;
    convrelay_share_t                 reads;  /* that were sent */
    ngx_queue_t                       changed;        /* writes that wait */
    ngx_queue_t                       again;  /* ... that have failed */
    ngx_uint_t                        nchanged;       /* both */
    ngx_msec_t                        due;    /* the next one of "again" */
    convrelay_share_t                 writes; /* that were sent */
    uint32_t                         *pending;        /* changes that it does
                                                         not have yet: those
                                                         that wait, were sent,
                                                         or are looked for */
    uint32_t                          uncounted;      /* ... of a process that
                                                         has no counters */
    uint32_t                          nlooks; /* for a newer record, before a
                                                 write */
    ngx_event_t                       timer;  /* the end of a pause */
    ngx_msec_t                        leave;  /* when the process has to, if
                                                 none is taken; 0: it does not
                                                 yet */
    ngx_msec_t                        leaves; /* the same, whatever is taken */
    ngx_uint_t                        nleft;  /* changes, not logged yet */
    ngx_http_convrelay_away_t        *left;   /* of one of them */

    ngx_event_t                       probe;  /* the same, of reads, or of an
                                                 outage that may be over */
    ngx_http_convrelay_away_t        *probe_away;     /* NULL: none has failed
                                                         here */
    convrelay_store_key_t             probe_key;
    unsigned                          probing:1;      /* it was sent */
    unsigned                          out:1;  /* of writes, as far as this
                                                 process has noticed */
    unsigned                          closed:1;       /* its requests, by
                                                    worker_shutdown_timeout */
} ngx_http_convrelay_away_store_t;


/* convrelay_store /uri of a location */

struct ngx_http_convrelay_away_s {
    ngx_http_conf_ctx_t              *ctx;    /* of its server */
    ngx_http_convrelay_loc_conf_t    *conf;
#if (NGX_OPENSSL)
    convrelay_seal_key_t              keys[NGX_HTTP_CONVRELAY_AWAY_KEYS];
#endif
    ngx_uint_t                        nkeys;  /* 0: records are not sealed */

    ngx_http_convrelay_aways_t       *all;
    ngx_http_convrelay_away_store_t  *store;
    ngx_msec_t                        complained;     /* of a record; 0: not
                                                         yet */
};


/* of a process */

struct ngx_http_convrelay_aways_s {
    ngx_http_convrelay_main_conf_t   *mcf;
    ngx_array_t                       list;   /* of away_t * */
    ngx_array_t                       stores; /* of away_store_t * */
    ngx_shm_zone_t                   *zone;
    ngx_http_convrelay_away_shared_t *shared;
    ngx_rbtree_t                      tree;   /* of writes, by key */
    ngx_rbtree_node_t                 sentinel;
    ngx_uint_t                        nwrites;        /* in the tree */
    convrelay_shares_t                writes; /* of them, sent */
    ngx_uint_t                        write_turn;     /* the store that is the
                                                         next one */
    ngx_queue_t                       sent;   /* reads */
    convrelay_shares_t                reads;  /* the same */
    ngx_uint_t                        read_turn;
    ngx_event_t                       event;  /* posted: send what waits */
    ngx_uint_t                        deferred;       /* it was posted again */
};


/* what nginx would have logged of a request */

typedef struct {
    size_t                            len;
    u_char                            text[160];
} ngx_http_convrelay_away_why_t;


/* the part that reads and writes have in common */

typedef struct {
    ngx_http_convrelay_away_t        *away;
    ngx_http_convrelay_fetch_t       *fetch;
    ngx_http_convrelay_away_why_t    *why;    /* in the pool of the fetch */
    ngx_uint_t                        method;
    convrelay_store_key_t             key;
    ngx_msec_t                        ttl;
    uint64_t                          began;
} ngx_http_convrelay_away_op_t;


/* how a request has ended; counted in this order */

typedef enum {
    NGX_HTTP_CONVRELAY_AWAY_DONE = 0,
    NGX_HTTP_CONVRELAY_AWAY_NONE,     /* it has no such record */
    NGX_HTTP_CONVRELAY_AWAY_REFUSED,  /* this record, by the location or by
                                         us, not the others */
    NGX_HTTP_CONVRELAY_AWAY_FAILED,
    NGX_HTTP_CONVRELAY_AWAY_TIMED_OUT
} ngx_http_convrelay_away_end_e;


/*
 * What was looked for has been read, or not: NGX_OK, or NGX_ERROR if the
 * location has failed.  What was found is in the memory of the machine; with
 * PEEK, NGX_DONE: another machine has written it since this one did.
 */

typedef void (*ngx_http_convrelay_away_pt)(void *data, ngx_int_t rc);


/* ngx_http_convrelay_away.c */

/*
 * The record of a key has changed in the memory or, with removed, has been
 * removed there; away: of ngx_http_convrelay_record_t.
 */
void ngx_http_convrelay_away_changed(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const convrelay_store_key_t *key, ngx_msec_t ttl,
    ngx_uint_t removed);

/* at the end of a configuration without a master process */
void ngx_http_convrelay_away_cleanup(void *data);

/* sends what waits, in this iteration of the event loop */
void ngx_http_convrelay_away_handler(ngx_event_t *ev);
void ngx_http_convrelay_away_timer_handler(ngx_event_t *ev);

/* the store waits for so many ms at most, until it is asked again */
void ngx_http_convrelay_away_pause(ngx_http_convrelay_away_store_t *store,
    ngx_msec_t msec);


/* ngx_http_convrelay_away_read.c */

/*
 * Reads the records of n keys, at most AWAY_NAMES: those that are newer than
 * what the memory has are copied there.  Of keys of calls, or of reports, the
 * first that is found is enough.  flags: PEEK: nothing is copied; OWNED: data
 * is on the heap, and is freed with the read; IDLE: nobody waits for it, so
 * others come first, and only so many may wait.  wait: ms until handler() is
 * called at the latest, or AWAY_ALL: not more than convrelay_store_timeout.
 *
 *     NGX_AGAIN     handler() is called once, from an event, unless the read
 *                   is cancelled
 *     NGX_DECLINED  the location is left alone, because it has failed lately,
 *                   or without memory, or because too many wait; data is the
 *                   caller's
 */
ngx_int_t ngx_http_convrelay_away_read(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const convrelay_store_key_t *keys, ngx_uint_t n,
    ngx_uint_t flags, ngx_msec_t wait, ngx_http_convrelay_away_pt handler,
    void *data);

/* a record was written or lives on, and has to be copied; with
   record->careful, unless another machine has written it meanwhile */
void ngx_http_convrelay_away_written(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_record_t *record, ngx_msec_t ttl);

/* cancels the reads of data */
void ngx_http_convrelay_away_cancel(ngx_http_convrelay_main_conf_t *mcf,
    void *data);

/* sends reads that wait */
void ngx_http_convrelay_away_reads(ngx_http_convrelay_aways_t *all);

/* reads have failed: one is tried, for which nobody waits; or all has come
   back: is the outage over? */
void ngx_http_convrelay_away_probe_handler(ngx_event_t *ev);


/* ngx_http_convrelay_away_fetch.c */

/*
 * A request that is filled in except for its body; method: NGX_HTTP_GET, ...
 * NULL: no memory or no connection.
 */
ngx_http_convrelay_fetch_t *ngx_http_convrelay_away_fetch(
    ngx_http_convrelay_away_op_t *op, ngx_uint_t method,
    ngx_msec_t timeout);

/* counts it */
void ngx_http_convrelay_away_count(ngx_http_convrelay_away_op_t *op,
    ngx_http_convrelay_away_end_e end);

/* how it has ended, which is logged, not counted; waited: somebody did, so that
   an outage begins with the first failure */
ngx_http_convrelay_away_end_e ngx_http_convrelay_away_end(
    ngx_http_convrelay_away_op_t *op, ngx_uint_t waited);

/* logs a complaint about one record, at most once a minute: the phrase follows
   the method */
void ngx_http_convrelay_away_complain(ngx_http_convrelay_away_t *away,
    ngx_uint_t level, const char *phrase);

/* $convrelay_store_key, $convrelay_store_ttl */
ngx_int_t ngx_http_convrelay_away_add_variables(ngx_conf_t *cf);


/* ngx_http_convrelay_away_outage.c */

/* one has failed; waited: somebody did, so that one is enough for an outage */
void ngx_http_convrelay_away_failed(ngx_http_convrelay_away_op_t *op,
    const char *phrase, ngx_uint_t waited);

/* ... has worked */
void ngx_http_convrelay_away_worked(ngx_http_convrelay_away_op_t *op);

/* reads are out: one is tried when their pause is over, for which nobody
   waits, and which asks for this key */
void ngx_http_convrelay_away_probe(ngx_http_convrelay_away_t *away,
    const convrelay_store_key_t *key);

/* logs the end of an outage after which all has worked for long enough; returns
   in how many ms to ask again, or 0: no need to */
ngx_msec_t ngx_http_convrelay_away_over(ngx_http_convrelay_away_store_t *store);

/* ... was not sent, which says nothing of the location */
void ngx_http_convrelay_away_unsent(ngx_http_convrelay_away_op_t *op,
    const char *phrase);

/* for how many ms requests of this kind have failed; 0: they work */
uint64_t ngx_http_convrelay_away_out(ngx_http_convrelay_away_store_t *store,
    convrelay_outage_kind_e kind);

/* NGX_OK, or NGX_DECLINED: not before *until */
ngx_int_t ngx_http_convrelay_away_ask(ngx_http_convrelay_away_store_t *store,
    convrelay_outage_kind_e kind, uint64_t *until);

/* ms since 1970 */
uint64_t ngx_http_convrelay_away_now(void);


/* ngx_http_convrelay_away_process.c */

/* at the beginning of a process, or of a configuration without a master
   process: its changes are counted, and reads that are out are tried */
ngx_int_t ngx_http_convrelay_away_init_process(ngx_cycle_t *cycle);

/* the changes that a store does not have yet, those of all processes */
uint64_t ngx_http_convrelay_away_pending(
    ngx_http_convrelay_away_store_t *store,
    ngx_http_convrelay_shared_known_t *known);


/* ngx_http_convrelay_away_conf.c */

char *ngx_http_convrelay_store_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_convrelay_away_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf);

/* at postconfiguration, after the merges; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_away_init(ngx_conf_t *cf);


extern const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_away_read_sink;
extern const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_away_write_sink;


#endif /* NGX_HTTP_CONVRELAY_AWAY_H_INCLUDED */
