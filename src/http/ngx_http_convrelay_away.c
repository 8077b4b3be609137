
/*
 * Copyright (C) convrelay contributors
 *
 * Writes records to the location of the store, and removes them there.  One
 * request at a time for each record, and a limited number for all of them: what
 * waits meanwhile is sent as it is then.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_count.h"


#define NGX_HTTP_CONVRELAY_AWAY_MAX     10000   /* records that wait */
#define NGX_HTTP_CONVRELAY_AWAY_TRIES   8       /* of one that fails while
                                                   others do not */
#define NGX_HTTP_CONVRELAY_AWAY_PITY    3       /* of them, until it is
                                                   complained of */
#define NGX_HTTP_CONVRELAY_AWAY_PAUSE   1000    /* ms after the first one, then
                                                   twice as long, ... */
#define NGX_HTTP_CONVRELAY_AWAY_LONGEST 30000
#define NGX_HTTP_CONVRELAY_AWAY_TICK    1000    /* ms, in which a process
                                                   notices that it leaves */
#define NGX_HTTP_CONVRELAY_AWAY_LEAVE   15000   /* ms for what waits then, and
                                                   from one that was taken to
                                                   the next */
#define NGX_HTTP_CONVRELAY_AWAY_LEAVES  60000   /* ... for all of them */
#define NGX_HTTP_CONVRELAY_AWAY_ANSWER  16384   /* bytes that are read */


/* a call and its report have different last words */

#define ngx_http_convrelay_away_word(key)                                    \
    ((ngx_rbtree_key_t) ((key)->word[0] ^ (key)->word[3]))


typedef struct {
    ngx_http_convrelay_away_op_t      op;
    ngx_rbtree_node_t                 node;
    ngx_queue_t                       queue;
    uint64_t                          received;
    ngx_uint_t                        tries;  /* that have failed */
    ngx_msec_t                        due;    /* of one that has failed */
    unsigned                          waiting:1;      /* in a queue */
    unsigned                          removed:1;
    unsigned                          changed:1;      /* since it was sent */
} ngx_http_convrelay_away_write_t;


static ngx_http_convrelay_away_write_t *ngx_http_convrelay_away_find(
    ngx_http_convrelay_aways_t *all, const convrelay_store_key_t *key);
static ngx_http_convrelay_away_write_t *ngx_http_convrelay_away_add(
    ngx_http_convrelay_away_t *away, const convrelay_store_key_t *key);
static ngx_int_t ngx_http_convrelay_away_drop(ngx_http_convrelay_aways_t *all);
static void ngx_http_convrelay_away_wait(ngx_http_convrelay_away_write_t *w);
static void ngx_http_convrelay_away_unwait(ngx_http_convrelay_away_write_t *w);
static void ngx_http_convrelay_away_free(ngx_http_convrelay_away_write_t *w);

static void ngx_http_convrelay_away_writes(ngx_http_convrelay_aways_t *all);
static ngx_int_t ngx_http_convrelay_away_pump(
    ngx_http_convrelay_away_store_t *store);
static ngx_queue_t *ngx_http_convrelay_away_first(
    ngx_http_convrelay_away_store_t *store);
static void ngx_http_convrelay_away_due(
    ngx_http_convrelay_away_store_t *store, ngx_uint_t all);
static void ngx_http_convrelay_away_retry(ngx_http_convrelay_away_write_t *w);
static ngx_uint_t ngx_http_convrelay_away_leaves(
    ngx_http_convrelay_away_store_t *store);
static void ngx_http_convrelay_away_leave(
    ngx_http_convrelay_away_store_t *store);
static void ngx_http_convrelay_away_left(
    ngx_http_convrelay_away_store_t *store);
static ngx_int_t ngx_http_convrelay_away_send(
    ngx_http_convrelay_away_write_t *w);
static ngx_int_t ngx_http_convrelay_away_body(
    ngx_http_convrelay_away_write_t *w, ngx_http_convrelay_fetch_t *f,
    ngx_http_convrelay_record_t *record, convrelay_str_t *text);
static void ngx_http_convrelay_away_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_away_write_end(ngx_http_convrelay_fetch_t *f);


const ngx_http_convrelay_fetch_sink_t  ngx_http_convrelay_away_write_sink = {
    NULL,
    ngx_http_convrelay_away_data,
    NULL,
    ngx_http_convrelay_away_write_end
};


void
ngx_http_convrelay_away_changed(ngx_http_convrelay_main_conf_t *mcf,
    ngx_uint_t away, const convrelay_store_key_t *key, ngx_msec_t ttl,
    ngx_uint_t removed)
{
    ngx_http_convrelay_away_t        *a;
    ngx_http_convrelay_aways_t       *all;
    ngx_http_convrelay_away_write_t  *w;

    all = mcf->aways;
    a = ((ngx_http_convrelay_away_t **) all->list.elts)[away - 1];

    w = ngx_http_convrelay_away_find(all, key);

    if (w == NULL) {
        w = ngx_http_convrelay_away_add(a, key);

        if (w == NULL) {
            ngx_http_convrelay_count(a->conf, STORE_DROPPED);
            return;
        }
    }

    w->op.ttl = ttl;
    w->removed = (removed != 0);
    w->changed = 1;

    if (w->op.fetch || w->waiting) {
        return;
    }

    ngx_http_convrelay_away_wait(w);
    ngx_post_event(&all->event, &ngx_posted_events);
}


static ngx_http_convrelay_away_write_t *
ngx_http_convrelay_away_find(ngx_http_convrelay_aways_t *all,
    const convrelay_store_key_t *key)
{
    ngx_rbtree_key_t                  word;
    ngx_rbtree_node_t                *node;
    ngx_http_convrelay_away_write_t  *w;

    node = all->tree.root;
    word = ngx_http_convrelay_away_word(key);

    while (node != &all->sentinel) {

        if (word != node->key) {
            node = (word < node->key) ? node->left : node->right;
            continue;
        }

        w = (ngx_http_convrelay_away_write_t *)
            ((u_char *) node - offsetof(ngx_http_convrelay_away_write_t, node));

        /* otherwise one word of two hashes is equal: both may be sent */

        return (ngx_memcmp(key, &w->op.key, sizeof(convrelay_store_key_t))
                == 0)
               ? w : NULL;
    }

    return NULL;
}


static ngx_http_convrelay_away_write_t *
ngx_http_convrelay_away_add(ngx_http_convrelay_away_t *away,
    const convrelay_store_key_t *key)
{
    ngx_http_convrelay_aways_t       *all;
    ngx_http_convrelay_away_write_t  *w;

    all = away->all;

    if (all->nwrites == NGX_HTTP_CONVRELAY_AWAY_MAX
        && ngx_http_convrelay_away_drop(all) != NGX_OK)
    {
        return NULL;
    }

    w = ngx_calloc(sizeof(ngx_http_convrelay_away_write_t), ngx_cycle->log);
    if (w == NULL) {
        return NULL;
    }

    w->op.away = away;
    w->op.key = *key;
    w->node.key = ngx_http_convrelay_away_word(key);

    ngx_rbtree_insert(&all->tree, &w->node);
    all->nwrites++;
    (*away->store->pending)++;

    return w;
}


/* the one that has waited the longest, of the store of which most wait */

static ngx_int_t
ngx_http_convrelay_away_drop(ngx_http_convrelay_aways_t *all)
{
    ngx_uint_t                         i;
    ngx_queue_t                       *q;
    ngx_http_convrelay_away_store_t   *most, **store;
    ngx_http_convrelay_away_write_t   *w;

    store = all->stores.elts;
    most = store[0];

    for (i = 1; i < all->stores.nelts; i++) {

        if (store[i]->nchanged > most->nchanged) {
            most = store[i];
        }
    }

    if (most->nchanged == 0) {
        return NGX_DECLINED;
    }

    q = ngx_queue_head(ngx_queue_empty(&most->changed) ? &most->again
                                                       : &most->changed);
    w = ngx_queue_data(q, ngx_http_convrelay_away_write_t, queue);

    ngx_http_convrelay_count(w->op.away->conf, STORE_DROPPED);
    ngx_http_convrelay_away_free(w);

    return NGX_OK;
}


static void
ngx_http_convrelay_away_wait(ngx_http_convrelay_away_write_t *w)
{
    w->waiting = 1;
    w->op.away->store->nchanged++;

    ngx_queue_insert_tail(&w->op.away->store->changed, &w->queue);
}


static void
ngx_http_convrelay_away_unwait(ngx_http_convrelay_away_write_t *w)
{
    w->waiting = 0;
    w->op.away->store->nchanged--;

    ngx_queue_remove(&w->queue);
}


static void
ngx_http_convrelay_away_free(ngx_http_convrelay_away_write_t *w)
{
    ngx_http_convrelay_aways_t  *all;

    all = w->op.away->all;

    if (w->waiting) {
        ngx_http_convrelay_away_unwait(w);
    }

    ngx_rbtree_delete(&all->tree, &w->node);
    all->nwrites--;
    (*w->op.away->store->pending)--;

    ngx_free(w);
}


void
ngx_http_convrelay_away_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_aways_t  *all;

    all = ev->data;

    if (ngx_exiting && !all->deferred) {

        /* after the ends of requests that worker_shutdown_timeout has closed */

        all->deferred = 1;
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    all->deferred = 0;

    /* callers wait for what is read */

    ngx_http_convrelay_away_reads(all);
    ngx_http_convrelay_away_writes(all);
}


void
ngx_http_convrelay_away_timer_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_away_store_t  *store;

    store = ev->data;

    ngx_http_convrelay_away_writes(store->all);
}


/* the stores take turns */

static void
ngx_http_convrelay_away_writes(ngx_http_convrelay_aways_t *all)
{
    ngx_int_t                          rc;
    ngx_uint_t                         n, left;
    ngx_http_convrelay_away_store_t  **store;

    store = all->stores.elts;
    n = all->stores.nelts;
    left = n;

    while (left) {
        rc = ngx_http_convrelay_away_pump(store[all->write_turn++ % n]);
        left = (rc == NGX_OK) ? n : left - 1;
    }
}


/* NGX_OK: one was sent, or need not be; NGX_DECLINED: none waits, or none may
   be sent */

static ngx_int_t
ngx_http_convrelay_away_pump(ngx_http_convrelay_away_store_t *store)
{
    uint64_t                          until;
    ngx_int_t                         rc;
    ngx_queue_t                      *q;
    ngx_http_convrelay_away_write_t  *w;

    if (store->closed) {
        return NGX_DECLINED;
    }

    q = ngx_http_convrelay_away_first(store);

    if (q == NULL && store->nleft) {
        ngx_http_convrelay_away_left(store);
    }

    if (q == NULL
        || !convrelay_share_may(&store->all->writes, &store->writes))
    {
        return NGX_DECLINED;
    }

    if (!ngx_http_convrelay_away_leaves(store)
        && ngx_http_convrelay_away_ask(store, CONVRELAY_OUTAGE_WRITE, &until)
           != NGX_OK)
    {
        ngx_http_convrelay_away_pause(store, until - ngx_current_msec);
        return NGX_DECLINED;
    }

    w = ngx_queue_data(q, ngx_http_convrelay_away_write_t, queue);

    ngx_http_convrelay_away_unwait(w);

    rc = ngx_http_convrelay_away_send(w);

    if (rc == NGX_ERROR) {
        ngx_http_convrelay_away_retry(w);

    } else if (rc == NGX_DECLINED) {
        ngx_http_convrelay_away_free(w);
    }

    return NGX_OK;
}


void
ngx_http_convrelay_away_pause(ngx_http_convrelay_away_store_t *store,
    ngx_msec_t msec)
{
    msec = ngx_min(msec, NGX_HTTP_CONVRELAY_AWAY_TICK);

    if (store->timer.timer_set
        && (ngx_msec_int_t) (store->timer.timer.key - ngx_current_msec)
           <= (ngx_msec_int_t) msec)
    {
        return;
    }

    ngx_add_timer(&store->timer, msec);
}


/*
 * The next one, or NULL.  In an outage, one that has not failed yet is tried
 * before those that have: the store may refuse a record, and take all others.
 */

static ngx_queue_t *
ngx_http_convrelay_away_first(ngx_http_convrelay_away_store_t *store)
{
    ngx_uint_t  out;

    if (ngx_http_convrelay_away_leaves(store)) {
        ngx_http_convrelay_away_leave(store);

        return ngx_queue_empty(&store->changed)
               ? NULL : ngx_queue_head(&store->changed);
    }

    out = convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_WRITE);

    if (!out) {
        ngx_http_convrelay_away_due(store, store->out);
    }

    store->out = (out != 0);

    if (!ngx_queue_empty(&store->changed)) {
        return ngx_queue_head(&store->changed);
    }

    return (out && !ngx_queue_empty(&store->again))
           ? ngx_queue_head(&store->again) : NULL;
}


/* those whose pauses are over wait as others do; all: they have waited for the
   end of an outage */

static void
ngx_http_convrelay_away_due(ngx_http_convrelay_away_store_t *store,
    ngx_uint_t all)
{
    ngx_msec_t                        next;
    ngx_queue_t                      *q, *p;
    ngx_http_convrelay_away_write_t  *w;

    if (ngx_queue_empty(&store->again)) {
        return;
    }

    if (!all && (ngx_msec_int_t) (store->due - ngx_current_msec) > 0) {
        ngx_http_convrelay_away_pause(store, store->due - ngx_current_msec);
        return;
    }

    next = NGX_HTTP_CONVRELAY_AWAY_LONGEST;

    for (q = ngx_queue_head(&store->again);
         q != ngx_queue_sentinel(&store->again);
         q = p)
    {
        p = ngx_queue_next(q);
        w = ngx_queue_data(q, ngx_http_convrelay_away_write_t, queue);

        if (all || (ngx_msec_int_t) (w->due - ngx_current_msec) <= 0) {
            ngx_http_convrelay_away_unwait(w);
            ngx_http_convrelay_away_wait(w);

        } else {
            next = ngx_min(next, w->due - ngx_current_msec);
        }
    }

    store->due = ngx_current_msec + next;

    if (!ngx_queue_empty(&store->again)) {
        ngx_http_convrelay_away_pause(store, next);
    }
}


/* one that has failed: after a pause of its own, or of the outage */

static void
ngx_http_convrelay_away_retry(ngx_http_convrelay_away_write_t *w)
{
    ngx_msec_t                        pause;
    ngx_http_convrelay_away_store_t  *store;

    store = w->op.away->store;

    if (store->closed) {

        /* it stays for the number that is logged */

        ngx_http_convrelay_away_wait(w);
        return;
    }

    if (ngx_http_convrelay_away_leaves(store)) {
        store->nleft++;
        store->left = w->op.away;

        ngx_http_convrelay_away_free(w);

        /* the others have to wait for its end, which this process cannot do */

        if (convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_WRITE)) {
            store->leave = ngx_current_msec;
            ngx_http_convrelay_away_leave(store);
        }

        return;
    }

    if (!convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_WRITE)) {

        if (w->tries + 1 == NGX_HTTP_CONVRELAY_AWAY_PITY) {
            ngx_http_convrelay_away_complain(w->op.away, NGX_LOG_WARN,
                                 "fails again and again for one record: other "
                                 "machines have an older state of that call");
        }

        if (w->tries + 1 == NGX_HTTP_CONVRELAY_AWAY_TRIES) {
            ngx_http_convrelay_count(w->op.away->conf, STORE_DROPPED);
            ngx_http_convrelay_away_free(w);
            return;
        }
    }

    pause = (ngx_msec_t) NGX_HTTP_CONVRELAY_AWAY_PAUSE << w->tries;
    pause = ngx_min(pause, NGX_HTTP_CONVRELAY_AWAY_LONGEST);

    if (w->tries + 1 < NGX_HTTP_CONVRELAY_AWAY_TRIES) {
        w->tries++;
    }

    w->waiting = 1;
    w->due = ngx_current_msec + pause;

    if (ngx_queue_empty(&store->again)
        || (ngx_msec_int_t) (w->due - store->due) < 0)
    {
        store->due = w->due;
    }

    store->nchanged++;
    ngx_queue_insert_tail(&store->again, &w->queue);

    ngx_http_convrelay_away_pause(store, pause);
}


/* the process is told to go, and has no calls that could change any more */

static ngx_uint_t
ngx_http_convrelay_away_leaves(ngx_http_convrelay_away_store_t *store)
{
    return ngx_exiting && store->all->mcf->calls == 0;
}


/* each change that waits is tried once, without a pause, until the deadline;
   a later one has a deadline of its own */

static void
ngx_http_convrelay_away_leave(ngx_http_convrelay_away_store_t *store)
{
    ngx_queue_t                      *q;
    ngx_http_convrelay_away_write_t  *w;

    if (store->nchanged == 0) {
        store->leave = 0;

        if (store->writes.used == 0) {
            store->leaves = 0;
        }

        return;
    }

    ngx_http_convrelay_away_due(store, 1);

    if (store->leave == 0) {
        store->leave = ngx_current_msec + NGX_HTTP_CONVRELAY_AWAY_LEAVE;
    }

    if (store->leaves == 0) {
        store->leaves = ngx_current_msec + NGX_HTTP_CONVRELAY_AWAY_LEAVES;
    }

    if ((ngx_msec_int_t) (store->leave - ngx_current_msec) > 0
        && (ngx_msec_int_t) (store->leaves - ngx_current_msec) > 0)
    {
        return;
    }

    while (!ngx_queue_empty(&store->changed)) {
        q = ngx_queue_head(&store->changed);
        w = ngx_queue_data(q, ngx_http_convrelay_away_write_t, queue);

        store->nleft++;
        store->left = w->op.away;

        ngx_http_convrelay_away_free(w);
    }
}


static void
ngx_http_convrelay_away_left(ngx_http_convrelay_away_store_t *store)
{
    if (store->writes.used) {
        return;
    }

    ngx_http_convrelay_count_n(store->left->conf,
                               CONVRELAY_METRIC_STORE_DROPPED,
                               store->nleft);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "changes that \"convrelay_store %V\" does not have: %ui, "
                  "because it %s when the worker had to leave",
                  &store->left->conf->store.uri, store->nleft,
                  convrelay_outage_is(store->outage, CONVRELAY_OUTAGE_WRITE)
                  ? "was out" : "had not taken them");

    store->nleft = 0;
    store->leave = 0;
    store->leaves = 0;
}


/* NGX_OK, NGX_DECLINED: it need not be sent, or NGX_ERROR: it cannot be now */

static ngx_int_t
ngx_http_convrelay_away_send(ngx_http_convrelay_away_write_t *w)
{
    ngx_int_t                        rc;
    convrelay_str_t                  text;
    ngx_http_convrelay_fetch_t      *f;
    ngx_http_convrelay_aways_t      *all;
    ngx_http_convrelay_record_t      record;
    ngx_http_convrelay_main_conf_t  *mcf;

    all = w->op.away->all;
    mcf = all->mcf;

    convrelay_str_null(&text);
    ngx_memzero(&record, sizeof(ngx_http_convrelay_record_t));

    record.key = w->op.key;

    if (w->removed) {

        /* another session may have begun meanwhile */

        if (ngx_http_convrelay_record_exists(mcf, &record)) {
            return NGX_DECLINED;
        }

    } else if (ngx_http_convrelay_record_read(mcf, &record, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    f = ngx_http_convrelay_away_fetch(&w->op, w->removed ? NGX_HTTP_DELETE
                                                         : NGX_HTTP_PUT,
                                      w->op.away->conf->store.timeout
                                      * (ngx_http_convrelay_away_leaves(
                                                           w->op.away->store)
                                         ? 1
                                         : NGX_HTTP_CONVRELAY_AWAY_PATIENT));

    rc = f ? NGX_OK : NGX_ERROR;

    if (f && !w->removed) {
        rc = ngx_http_convrelay_away_body(w, f, &record, &text);

        if (rc != NGX_OK) {
            ngx_http_convrelay_fetch_free(f);
        }
    }

    ngx_http_convrelay_record_free(&text);

    if (rc == NGX_OK) {
        w->changed = 0;
        w->received = 0;
        w->op.fetch = f;

        rc = ngx_http_convrelay_fetch_start(f,
                                          &ngx_http_convrelay_away_write_sink,
                                          &w->op);
    }

    if (rc != NGX_OK) {
        w->op.fetch = NULL;
        ngx_http_convrelay_away_unsent(&w->op, "could not be sent");
        return NGX_ERROR;
    }

    convrelay_share_take(&all->writes, &w->op.away->store->writes);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_away_body(ngx_http_convrelay_away_write_t *w,
    ngx_http_convrelay_fetch_t *f, ngx_http_convrelay_record_t *record,
    convrelay_str_t *text)
{
    size_t                      room;
    u_char                     *p;
    ngx_buf_t                  *b;
    convrelay_envelope_t        e;
    ngx_http_convrelay_away_t  *away;
#if (NGX_OPENSSL)
    u_char                      nonce[CONVRELAY_SEAL_NONCE];
#endif

    away = w->op.away;

    e.key = w->op.key;
    e.machine = away->all->shared->machine;
    e.saved = record->head.saved;
    e.ttl = w->op.ttl + ngx_http_convrelay_away_now() - record->head.saved;
    e.ticket = record->head.ticket;
    e.lost = record->head.lost;
    e.text = *text;

    room = 0;

#if (NGX_OPENSSL)
    room = away->nkeys ? CONVRELAY_SEAL_MORE : 0;
#endif

    b = ngx_create_temp_buf(f->pool,
                            room + CONVRELAY_ENVELOPE_HEAD + text->len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    f->to.body = b;
    b->last = b->end;

    p = b->pos;

#if (NGX_OPENSSL)
    if (away->nkeys) {
        p += CONVRELAY_SEAL_HEAD;
    }
#endif

    convrelay_envelope_write(p, &e);
    ngx_memcpy(p + CONVRELAY_ENVELOPE_HEAD, text->data, text->len);

#if (NGX_OPENSSL)

    if (away->nkeys
        && (ngx_http_convrelay_random(nonce, sizeof(nonce)) != NGX_OK
            || convrelay_seal(b->pos, CONVRELAY_ENVELOPE_HEAD + text->len,
                              &away->keys[0], nonce, (u_char *) &e.key)
               != CONVRELAY_OK))
    {
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


/* the answer is of no interest, but a short one leaves the connection usable */

static void
ngx_http_convrelay_away_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_away_write_t *w = f->data;

    w->received += last - pos;

    if (w->received > NGX_HTTP_CONVRELAY_AWAY_ANSWER) {
        ngx_http_convrelay_fetch_full(f);
    }
}


static void
ngx_http_convrelay_away_write_end(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_away_write_t *w = f->data;

    ngx_http_convrelay_aways_t     *all;
    ngx_http_convrelay_away_end_e   end;

    all = w->op.away->all;

    end = ngx_http_convrelay_away_end(&w->op, 0);

    ngx_http_convrelay_away_count(&w->op, end);

    w->op.fetch = NULL;
    w->op.why = NULL;

    convrelay_share_give(&all->writes, &w->op.away->store->writes);

    if (end == NGX_HTTP_CONVRELAY_AWAY_FAILED
        || end == NGX_HTTP_CONVRELAY_AWAY_TIMED_OUT)
    {
        ngx_http_convrelay_away_retry(w);

    } else {

        /* the store works: a deadline that has begun does so again */

        w->op.away->store->leave = 0;

        if (w->changed) {
            w->tries = 0;
            ngx_http_convrelay_away_wait(w);

        } else {
            ngx_http_convrelay_away_free(w);
        }
    }

    ngx_post_event(&all->event, &ngx_posted_events);
}


/* the process ends, or, without a master process, the configuration does */

void
ngx_http_convrelay_away_cleanup(void *data)
{
    ngx_http_convrelay_aways_t *all = data;

    ngx_uint_t                        i, n, closed;
    ngx_rbtree_node_t                *node;
    ngx_http_convrelay_away_store_t **store;
    ngx_http_convrelay_away_write_t  *w;

    n = all->nwrites;
    closed = 0;
    store = all->stores.elts;

    for (i = 0; i < all->stores.nelts; i++) {

        if (store[i]->nleft) {
            n += store[i]->nleft;
            closed |= store[i]->closed;

            ngx_http_convrelay_count_n(store[i]->left->conf,
                                       CONVRELAY_METRIC_STORE_DROPPED,
                                       store[i]->nleft);
        }
    }

    while (all->tree.root != &all->sentinel) {
        node = all->tree.root;

        w = (ngx_http_convrelay_away_write_t *)
            ((u_char *) node - offsetof(ngx_http_convrelay_away_write_t, node));

        if (w->op.fetch && ngx_process == NGX_PROCESS_SINGLE) {
            ngx_http_convrelay_fetch_cancel(w->op.fetch);
        }

        if (w->op.away->store->closed) {
            ngx_http_convrelay_count(w->op.away->conf, STORE_DROPPED);
            closed = 1;
        }

        ngx_http_convrelay_away_free(w);
    }

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "changes that \"convrelay_store\" may not have: %ui, "
                      "because %s", n,
                      closed ? "\"worker_shutdown_timeout\" was over"
                             : "the worker was terminated");
    }

    ngx_http_convrelay_away_cancel(all->mcf, NULL);

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return;
    }

    if (all->event.posted) {
        ngx_delete_posted_event(&all->event);
    }

    for (i = 0; i < all->stores.nelts; i++) {
        *store[i]->pending -= store[i]->nlooks;

        if (store[i]->timer.timer_set) {
            ngx_del_timer(&store[i]->timer);
        }

        if (store[i]->probe.timer_set) {
            ngx_del_timer(&store[i]->probe);
        }
    }
}
