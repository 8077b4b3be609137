
/*
 * Copyright (C) convrelay contributors
 *
 * Reads records from the location of the store.  One that is newer than what
 * the memory of this machine has is copied there, so that all else is as it is
 * for a session that was on this machine.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_report.h"


#define NGX_HTTP_CONVRELAY_AWAY_ROOM  65536     /* bytes of a record besides
                                                   convrelay_store_max_size */
#define NGX_HTTP_CONVRELAY_AWAY_FIRST 16384     /* bytes of the first buffer */
#define NGX_HTTP_CONVRELAY_AWAY_SKEW  5000      /* ms between two clocks */
#define NGX_HTTP_CONVRELAY_AWAY_LATE  1000      /* ms after a pause: nobody has
                                                   tried one */
#define NGX_HTTP_CONVRELAY_AWAY_BATCH 64        /* reads that are sent before
                                                   other events are handled */


struct ngx_http_convrelay_away_read_s {
    ngx_http_convrelay_away_op_t      op;     /* its key: the current one */
    ngx_queue_t                       queue;  /* of the store: it waits; or of
                                                 those that were sent */
    ngx_event_t                       timer;  /* the owner has waited */
    ngx_msec_t                        wait;   /* ... so long */
    convrelay_store_key_t             keys[NGX_HTTP_CONVRELAY_AWAY_NAMES];
    ngx_uint_t                        n;
    ngx_uint_t                        i;
    ngx_uint_t                        flags;
    u_char                           *data;   /* of the answer */
    size_t                            len;
    size_t                            size;
    ngx_http_convrelay_away_pt        handler;        /* NULL: the owner does
                                                         not wait any more */
    void                             *owner;
    unsigned                          failed:1;       /* no memory */
    unsigned                          probe:1;        /* although reads are
                                                         out */
    unsigned                          idle:1;         /* nobody waits */
    unsigned                          newer:1;        /* another machine has
                                                         one */
};


/* a change that has to wait for a look at the location; on the heap */

typedef struct {
    ngx_http_convrelay_main_conf_t   *mcf;
    ngx_http_convrelay_away_store_t  *store;
    convrelay_store_key_t             key;
    ngx_msec_t                        ttl;
    ngx_uint_t                        away;
} ngx_http_convrelay_away_careful_t;


static void ngx_http_convrelay_away_looked(void *data, ngx_int_t rc);
static ngx_http_convrelay_away_read_t *ngx_http_convrelay_away_read_create(
    ngx_http_convrelay_away_t *away, const convrelay_store_key_t *keys,
    ngx_uint_t n);
static ngx_int_t ngx_http_convrelay_away_read_next(
    ngx_http_convrelay_away_store_t *store);
static ngx_int_t ngx_http_convrelay_away_read_start(
    ngx_http_convrelay_away_read_t *rd);
static void ngx_http_convrelay_away_read_done(
    ngx_http_convrelay_away_read_t *rd, ngx_int_t rc);
static void ngx_http_convrelay_away_read_free(
    ngx_http_convrelay_away_read_t *rd);
static void ngx_http_convrelay_away_cancel_queue(ngx_queue_t *queue,
    void *data);
static void ngx_http_convrelay_away_read_timer_handler(ngx_event_t *ev);

static void ngx_http_convrelay_away_read_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_away_read_end(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_away_read_skip(
    ngx_http_convrelay_away_read_t *rd);

static ngx_int_t ngx_http_convrelay_away_import(
    ngx_http_convrelay_away_read_t *rd);
static const char *ngx_http_convrelay_away_open(
    ngx_http_convrelay_away_read_t *rd, convrelay_envelope_t *e);


const ngx_http_convrelay_fetch_sink_t  ngx_http_convrelay_away_read_sink = {
    NULL,
    ngx_http_convrelay_away_read_data,
    NULL,
    ngx_http_convrelay_away_read_end
};


/* of one that was cancelled */

static const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_away_no_sink;


ngx_int_t
ngx_http_convrelay_away_read(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const convrelay_store_key_t *keys, ngx_uint_t n,
    ngx_uint_t flags, ngx_msec_t wait, ngx_http_convrelay_away_pt handler,
    void *data)
{
    ngx_uint_t                       idle;
    convrelay_outage_kind_t         *k;
    ngx_http_convrelay_away_t       *a;
    ngx_http_convrelay_aways_t      *all;
    ngx_http_convrelay_away_read_t  *rd;

    all = mcf->aways;
    a = ((ngx_http_convrelay_away_t **) all->list.elts)[away - 1];

    if (a->store->closed) {
        ngx_http_convrelay_count(a->conf, STORE_SKIPPED);
        return NGX_DECLINED;
    }

    if (convrelay_outage_is(a->store->outage, CONVRELAY_OUTAGE_READ)) {
        k = &a->store->outage->kinds[CONVRELAY_OUTAGE_READ];

        /* the worker that noticed it tries them; but that may have gone */

        if (ngx_current_msec >= k->until + NGX_HTTP_CONVRELAY_AWAY_LATE
            && !a->store->probe.timer_set)
        {
            ngx_http_convrelay_away_probe(a, keys);
        }

        ngx_http_convrelay_count(a->conf, STORE_SKIPPED);
        return NGX_DECLINED;
    }

    idle = ((flags & NGX_HTTP_CONVRELAY_AWAY_IDLE) != 0);

    if (idle && a->store->nidle == NGX_HTTP_CONVRELAY_AWAY_IDLES) {
        ngx_http_convrelay_count(a->conf, STORE_SKIPPED);
        return NGX_DECLINED;
    }

    rd = ngx_http_convrelay_away_read_create(a, keys, n);
    if (rd == NULL) {
        return NGX_DECLINED;
    }

    rd->handler = handler;
    rd->owner = data;
    rd->flags = flags;
    rd->idle = idle;

    rd->wait = ngx_min(wait, a->conf->store.timeout);

    a->store->nidle += idle;

    ngx_add_timer(&rd->timer,
                  rd->wait * (idle ? NGX_HTTP_CONVRELAY_AWAY_LINGER : 1));

    ngx_queue_insert_tail(idle ? &a->store->idle : &a->store->asked,
                          &rd->queue);

    /* not from here: an answer may be there at once */

    ngx_post_event(&all->event, &ngx_posted_events);

    return NGX_AGAIN;
}


void
ngx_http_convrelay_away_written(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_record_t *record, ngx_msec_t ttl)
{
    ngx_http_convrelay_away_t         **list;
    ngx_http_convrelay_away_careful_t  *c;

    if (record->careful) {
        list = mcf->aways->list.elts;

        c = ngx_alloc(sizeof(ngx_http_convrelay_away_careful_t),
                      ngx_cycle->log);
        if (c == NULL) {
            return;
        }

        c->mcf = mcf;
        c->store = list[record->away - 1]->store;
        c->key = record->key;
        c->ttl = ttl;
        c->away = record->away;

        if (ngx_http_convrelay_away_read(mcf, record->away, &record->key, 1,
                                         NGX_HTTP_CONVRELAY_AWAY_PEEK
                                         |NGX_HTTP_CONVRELAY_AWAY_OWNED
                                         |NGX_HTTP_CONVRELAY_AWAY_IDLE,
                                         NGX_HTTP_CONVRELAY_AWAY_ALL,
                                         ngx_http_convrelay_away_looked, c)
            == NGX_AGAIN)
        {
            c->store->nlooks++;
            (*c->store->pending)++;
            return;
        }

        ngx_free(c);
    }

    ngx_http_convrelay_away_changed(mcf, record->away, &record->key, ttl, 0);
}


static void
ngx_http_convrelay_away_looked(void *data, ngx_int_t rc)
{
    ngx_http_convrelay_away_careful_t *c = data;

    c->store->nlooks--;
    (*c->store->pending)--;

    if (rc != NGX_DONE) {
        ngx_http_convrelay_away_changed(c->mcf, c->away, &c->key, c->ttl, 0);
    }
}


static ngx_http_convrelay_away_read_t *
ngx_http_convrelay_away_read_create(ngx_http_convrelay_away_t *away,
    const convrelay_store_key_t *keys, ngx_uint_t n)
{
    ngx_http_convrelay_away_read_t  *rd;

    rd = ngx_calloc(sizeof(ngx_http_convrelay_away_read_t), ngx_cycle->log);
    if (rd == NULL) {
        return NULL;
    }

    rd->op.away = away;
    rd->op.method = NGX_HTTP_GET;
    rd->op.began = ngx_current_msec;
    rd->n = n;

    ngx_memcpy(rd->keys, keys, n * sizeof(convrelay_store_key_t));

    rd->timer.handler = ngx_http_convrelay_away_read_timer_handler;
    rd->timer.data = rd;
    rd->timer.log = ngx_cycle->log;

    return rd;
}


void
ngx_http_convrelay_away_probe_handler(ngx_event_t *ev)
{
    uint64_t                          until;
    ngx_msec_t                        wait;
    ngx_http_convrelay_away_read_t   *rd;
    ngx_http_convrelay_away_store_t  *store;

    store = ev->data;

    if (!convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_READ)) {
        wait = ngx_http_convrelay_away_over(store);

        if (wait) {
            ngx_add_timer(ev, wait);
        }

        return;
    }

    if (!store->probing
        && ngx_http_convrelay_away_ask(store, CONVRELAY_OUTAGE_READ, &until)
           == NGX_OK)
    {
        rd = ngx_http_convrelay_away_read_create(store->probe_away,
                                                 &store->probe_key, 1);

        if (rd) {
            rd->flags = NGX_HTTP_CONVRELAY_AWAY_PEEK;
            rd->probe = 1;
            store->probing = 1;

            ngx_queue_insert_head(&store->asked, &rd->queue);
            ngx_post_event(&store->all->event, &ngx_posted_events);
        }
    }

    until = store->outage->kinds[CONVRELAY_OUTAGE_READ].until;

    ngx_add_timer(ev, (until > ngx_current_msec)
                      ? (ngx_msec_t) (until - ngx_current_msec)
                      : NGX_HTTP_CONVRELAY_AWAY_LATE / 2);
}


/* the stores take turns */

void
ngx_http_convrelay_away_reads(ngx_http_convrelay_aways_t *all)
{
    ngx_int_t                          rc;
    ngx_uint_t                         n, left, sent;
    ngx_http_convrelay_away_store_t  **store;

    n = ngx_max(ngx_cycle->connection_n / NGX_HTTP_CONVRELAY_AWAY_PART,
                NGX_HTTP_CONVRELAY_AWAY_FEW);

    all->reads.max = ngx_min(n, NGX_HTTP_CONVRELAY_AWAY_READS);

    store = all->stores.elts;
    n = all->stores.nelts;
    left = n;
    sent = 0;

    while (left) {

        if (sent == NGX_HTTP_CONVRELAY_AWAY_BATCH) {
            ngx_post_event(&all->event, &ngx_posted_next_events);
            return;
        }

        rc = ngx_http_convrelay_away_read_next(store[all->read_turn++ % n]);

        if (rc == NGX_ERROR) {
            return;
        }

        sent += (rc == NGX_OK);
        left = (rc == NGX_OK) ? n : left - 1;
    }
}


/*
 * NGX_OK: one was sent, or has failed; NGX_DECLINED: none waits, or none may be
 * sent; NGX_ERROR: without a connection or memory, until another one ends.
 */

static ngx_int_t
ngx_http_convrelay_away_read_next(ngx_http_convrelay_away_store_t *store)
{
    size_t                           max;
    ngx_queue_t                     *q;
    ngx_http_convrelay_away_read_t  *rd;

    if (!ngx_queue_empty(&store->asked)) {
        q = ngx_queue_head(&store->asked);

    } else if (!ngx_queue_empty(&store->idle)) {
        q = ngx_queue_head(&store->idle);

    } else {
        return NGX_DECLINED;
    }

    rd = ngx_queue_data(q, ngx_http_convrelay_away_read_t, queue);

    if (store->closed
        || (!rd->probe
            && convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_READ)))
    {
        ngx_http_convrelay_count(rd->op.away->conf, STORE_SKIPPED);
        ngx_http_convrelay_away_read_done(rd, NGX_ERROR);
        return NGX_OK;
    }

    max = store->all->reads.max;

    if (!convrelay_share_may(&store->all->reads, &store->reads)
        || (rd->idle
            && store->nidle_sent >= max / NGX_HTTP_CONVRELAY_AWAY_REST))
    {
        return NGX_DECLINED;
    }

    return ngx_http_convrelay_away_read_start(rd);
}


/* NGX_OK, also for one that has failed, which frees it, and its owner may do
   anything then; or NGX_ERROR: it still waits */

static ngx_int_t
ngx_http_convrelay_away_read_start(ngx_http_convrelay_away_read_t *rd)
{
    ngx_http_convrelay_fetch_t      *f;
    ngx_http_convrelay_aways_t      *all;
    ngx_http_convrelay_loc_conf_t   *conf;

    conf = rd->op.away->conf;
    all = rd->op.away->all;

    rd->op.key = rd->keys[rd->i];
    rd->len = 0;

    /* the time-out of the location itself, which a queue does not shorten */

    f = ngx_http_convrelay_away_fetch(&rd->op, NGX_HTTP_GET,
                                      conf->store.timeout);

    if (f == NULL && all->reads.used) {
        return NGX_ERROR;
    }

    if (f) {
        f->to.max_size = conf->store.max_size + NGX_HTTP_CONVRELAY_AWAY_ROOM;

        if (ngx_http_convrelay_fetch_start(f,
                                           &ngx_http_convrelay_away_read_sink,
                                           &rd->op)
            == NGX_OK)
        {
            rd->op.fetch = f;

            ngx_queue_remove(&rd->queue);
            ngx_queue_insert_tail(&all->sent, &rd->queue);

            convrelay_share_take(&all->reads, &rd->op.away->store->reads);
            rd->op.away->store->nidle_sent += rd->idle;

            return NGX_OK;
        }
    }

    ngx_http_convrelay_away_unsent(&rd->op, "could not be sent");
    ngx_http_convrelay_away_count(&rd->op, NGX_HTTP_CONVRELAY_AWAY_FAILED);
    ngx_http_convrelay_away_read_done(rd, NGX_ERROR);

    return NGX_OK;
}


/* tells the owner */

static void
ngx_http_convrelay_away_read_done(ngx_http_convrelay_away_read_t *rd,
    ngx_int_t rc)
{
    void                        *owner;
    ngx_uint_t                   flags;
    ngx_http_convrelay_away_pt   handler;

    handler = rd->handler;
    owner = rd->owner;
    flags = rd->flags;

    rd->flags = 0;
    ngx_http_convrelay_away_read_free(rd);

    if (handler == NULL) {
        return;
    }

    handler(owner, rc);

    if (flags & NGX_HTTP_CONVRELAY_AWAY_OWNED) {
        ngx_free(owner);
    }
}


static void
ngx_http_convrelay_away_read_free(ngx_http_convrelay_away_read_t *rd)
{
    ngx_http_convrelay_aways_t  *all;

    all = rd->op.away->all;

    if (rd->op.fetch) {
        ngx_http_convrelay_fetch_cancel(rd->op.fetch);

        /* variables of the location may still be evaluated */

        rd->op.fetch->sink = &ngx_http_convrelay_away_no_sink;

        convrelay_share_give(&all->reads, &rd->op.away->store->reads);
        rd->op.away->store->nidle_sent -= rd->idle;

        ngx_post_event(&all->event, &ngx_posted_events);
    }

    rd->op.away->store->nidle -= rd->idle;

    if (rd->timer.timer_set) {
        ngx_del_timer(&rd->timer);
    }

    ngx_queue_remove(&rd->queue);

    if (rd->probe) {
        rd->op.away->store->probing = 0;
    }

    if (rd->data) {
        ngx_free(rd->data);
    }

    if (rd->flags & NGX_HTTP_CONVRELAY_AWAY_OWNED) {
        ngx_free(rd->owner);
    }

    ngx_free(rd);
}


void
ngx_http_convrelay_away_cancel(ngx_http_convrelay_main_conf_t *mcf, void *data)
{
    ngx_uint_t                         i;
    ngx_http_convrelay_aways_t        *all;
    ngx_http_convrelay_away_store_t  **store;

    all = mcf->aways;
    store = all->stores.elts;

    ngx_http_convrelay_away_cancel_queue(&all->sent, data);

    for (i = 0; i < all->stores.nelts; i++) {
        ngx_http_convrelay_away_cancel_queue(&store[i]->asked, data);
        ngx_http_convrelay_away_cancel_queue(&store[i]->idle, data);
    }
}


/* data: NULL: all of them */

static void
ngx_http_convrelay_away_cancel_queue(ngx_queue_t *queue, void *data)
{
    ngx_queue_t                     *q, *next;
    ngx_http_convrelay_away_read_t  *rd;

    for (q = ngx_queue_head(queue); q != ngx_queue_sentinel(queue); q = next) {
        next = ngx_queue_next(q);
        rd = ngx_queue_data(q, ngx_http_convrelay_away_read_t, queue);

        if (data == NULL || rd->owner == data) {
            ngx_http_convrelay_away_read_free(rd);
        }
    }
}


/*
 * The caller must not wait any longer.  A request that was sent goes on until
 * its own time is over, since only that says something of the location.
 */

static void
ngx_http_convrelay_away_read_timer_handler(ngx_event_t *ev)
{
    void                            *owner;
    ngx_uint_t                       flags;
    ngx_http_convrelay_away_t       *away;
    ngx_http_convrelay_away_pt       handler;
    ngx_http_convrelay_away_read_t  *rd;

    rd = ev->data;
    away = rd->op.away;

    /* where it was sent at once, its own time is over, too */

    if (rd->op.fetch == NULL
        || ngx_current_msec - rd->op.began < rd->wait / 2)
    {
        ngx_http_convrelay_away_unsent(&rd->op, "was not sent in time");

        if (!rd->idle && rd->wait == away->conf->store.timeout
            && !convrelay_outage_is(away->store->outage, CONVRELAY_OUTAGE_READ))
        {
            ngx_http_convrelay_away_complain(away, NGX_LOG_WARN,
                                 "could not be asked in time, because other "
                                 "requests take long: a call goes on without "
                                 "it");
        }
    }

    if (rd->op.fetch == NULL) {

        if (rd->idle) {
            ngx_http_convrelay_count(away->conf, STORE_SKIPPED);

        } else {
            ngx_http_convrelay_away_count(&rd->op,
                                          NGX_HTTP_CONVRELAY_AWAY_TIMED_OUT);
        }

        ngx_http_convrelay_away_read_done(rd, NGX_ERROR);
        return;
    }

    handler = rd->handler;
    owner = rd->owner;
    flags = rd->flags;

    rd->handler = NULL;
    rd->owner = NULL;
    rd->flags = 0;

    handler(owner, NGX_ERROR);

    if (flags & NGX_HTTP_CONVRELAY_AWAY_OWNED) {
        ngx_free(owner);
    }
}


static void
ngx_http_convrelay_away_read_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_away_read_t *rd = f->data;

    size_t   size;
    u_char  *p;

    if (f->status != NGX_HTTP_OK) {
        return;
    }

    if (rd->size - rd->len < (size_t) (last - pos)) {

        size = ngx_max(2 * rd->size, NGX_HTTP_CONVRELAY_AWAY_FIRST);
        size = ngx_max(size, rd->len + (size_t) (last - pos));

        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            rd->failed = 1;
            ngx_http_convrelay_fetch_full(f);
            return;
        }

        if (rd->len) {
            ngx_memcpy(p, rd->data, rd->len);
        }

        if (rd->data) {
            ngx_free(rd->data);
        }

        rd->data = p;
        rd->size = size;
    }

    ngx_memcpy(rd->data + rd->len, pos, last - pos);
    rd->len += last - pos;
}


static void
ngx_http_convrelay_away_read_end(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_away_read_t *rd = f->data;

    ngx_int_t                         found;
    ngx_http_convrelay_aways_t       *all;
    ngx_http_convrelay_away_end_e     end;
    ngx_http_convrelay_away_store_t  *store;

    all = rd->op.away->all;

    store = rd->op.away->store;

    end = ngx_http_convrelay_away_end(&rd->op, !rd->idle);

    rd->op.fetch = NULL;
    rd->op.why = NULL;

    convrelay_share_give(&all->reads, &store->reads);
    store->nidle_sent -= rd->idle;

    ngx_post_event(&all->event, &ngx_posted_events);

    if (rd->handler == NULL) {
        ngx_http_convrelay_away_count(&rd->op, end);
        ngx_http_convrelay_away_read_free(rd);
        return;
    }

    found = NGX_ERROR;

    if (end == NGX_HTTP_CONVRELAY_AWAY_DONE) {
        found = rd->failed ? NGX_ERROR : ngx_http_convrelay_away_import(rd);

    } else {
        ngx_http_convrelay_away_count(&rd->op, end);

        if (end == NGX_HTTP_CONVRELAY_AWAY_NONE
            || end == NGX_HTTP_CONVRELAY_AWAY_REFUSED)
        {
            found = NGX_DECLINED;
        }
    }

    if (found == NGX_ERROR) {
        ngx_http_convrelay_away_read_done(rd, NGX_ERROR);
        return;
    }

    if (found == NGX_OK) {
        ngx_http_convrelay_away_read_skip(rd);
    }

    if (++rd->i == rd->n) {
        ngx_http_convrelay_away_read_done(rd, rd->newer ? NGX_DONE : NGX_OK);
        return;
    }

    /* the posted event sends the next one, before those that have not begun */

    ngx_queue_remove(&rd->queue);
    ngx_queue_insert_head(rd->idle ? &store->idle : &store->asked, &rd->queue);
}


/* a record has one name, of those that it may have */

static void
ngx_http_convrelay_away_read_skip(ngx_http_convrelay_away_read_t *rd)
{
    ngx_uint_t  report;

    report = ngx_http_convrelay_report_is(&rd->keys[rd->i]);

    while (rd->i + 1 < rd->n
           && ngx_http_convrelay_report_is(&rd->keys[rd->i + 1]) == report)
    {
        rd->i++;
    }
}


/*
 * NGX_OK: there is one, and the memory has it, or a newer one; NGX_DECLINED:
 * there is none that can be used.
 */

static ngx_int_t
ngx_http_convrelay_away_import(ngx_http_convrelay_away_read_t *rd)
{
    uint64_t                         now;
    const char                      *error;
    ngx_msec_t                       ttl;
    convrelay_envelope_t             e;
    ngx_http_convrelay_away_t       *away;
    ngx_http_convrelay_record_t      record, mine;
    ngx_http_convrelay_main_conf_t  *mcf;

    away = rd->op.away;
    mcf = away->all->mcf;

    error = ngx_http_convrelay_away_open(rd, &e);

    if (error) {
        ngx_http_convrelay_away_complain(away, NGX_LOG_ERR, error);
        ngx_http_convrelay_away_count(&rd->op,
                                      NGX_HTTP_CONVRELAY_AWAY_REFUSED);
        return NGX_DECLINED;
    }

    now = ngx_http_convrelay_away_now();

    if (e.saved + e.ttl + NGX_HTTP_CONVRELAY_AWAY_SKEW < now) {

        /* a store that forgets nothing by itself */

        ngx_http_convrelay_away_count(&rd->op, NGX_HTTP_CONVRELAY_AWAY_NONE);
        return NGX_DECLINED;
    }

    ngx_http_convrelay_away_count(&rd->op, NGX_HTTP_CONVRELAY_AWAY_DONE);

    ngx_memzero(&mine, sizeof(ngx_http_convrelay_record_t));
    mine.key = rd->op.key;
    ngx_http_convrelay_record_head(mcf, &mine);

    if (mine.head.pid
        && (e.machine == away->all->shared->machine
            || mine.head.saved >= e.saved))
    {
        return NGX_OK;
    }

    if (rd->flags & NGX_HTTP_CONVRELAY_AWAY_PEEK) {
        rd->newer = 1;
        return NGX_OK;
    }

    ngx_memzero(&record, sizeof(ngx_http_convrelay_record_t));

    record.key = rd->op.key;
    record.foreign = 1;
    record.head.ticket = e.ticket;
    record.head.saved = e.saved;
    record.head.lost = e.lost ? e.lost : 1;

    ttl = (e.saved + e.ttl > now + 1000) ? e.saved + e.ttl - now : 1000;

    if (ngx_http_convrelay_report_is(&record.key)) {
        ngx_http_convrelay_report_foreign(&e.text);
    }

    return (ngx_http_convrelay_record_write(mcf, &record, &e.text, ttl)
            == NGX_OK)
           ? NGX_OK : NGX_DECLINED;
}


/* NULL, or a phrase of error; e is in rd->data */

static const char *
ngx_http_convrelay_away_open(ngx_http_convrelay_away_read_t *rd,
    convrelay_envelope_t *e)
{
    convrelay_str_t             text;
    ngx_http_convrelay_away_t  *away;

    away = rd->op.away;

    text.data = rd->data;
    text.len = rd->len;

#if (NGX_OPENSSL)

    if (away->nkeys
        && convrelay_seal_open(&text, rd->data, rd->len, away->keys,
                               away->nkeys, (u_char *) &rd->op.key)
           != CONVRELAY_OK)
    {
        return "sent a record that was not sealed for its name with a secret "
               "of \"convrelay_store_secret\": it is not used";
    }

#endif

    if (convrelay_envelope_read(e, text.data, text.len) != CONVRELAY_OK) {
        return "sent what is not a record of this version: it is not used";
    }

    if (ngx_memcmp(&e->key, &rd->op.key, sizeof(convrelay_store_key_t)) != 0) {
        return "sent the record of another call: it is not used";
    }

    return NULL;
}
