
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_shm_parts.h"


#define CONVRELAY_SHM_MAGIC  0x43525301     /* the last byte: version */

/* of the layout, which may differ in other versions */

#define CONVRELAY_SHM_LAYOUT                                                 \
    (uint32_t) (sizeof(convrelay_shm_t) << 16                                \
                | sizeof(convrelay_shm_call_t) << 8                          \
                | sizeof(convrelay_shm_counter_t))

#define CONVRELAY_SHM_PIDS   16             /* remembered at a time */


/* remembers which processes are alive: one system call each, not per call */

typedef struct {
    convrelay_shm_alive_pt  alive;
    uint32_t                n;
    struct {
        pid_t               pid;
        int                 alive;
    } pids[CONVRELAY_SHM_PIDS];
} convrelay_shm_pids_t;


static uint32_t convrelay_shm_find_live(convrelay_shm_t *shm,
    const convrelay_shm_id_t *id, convrelay_shm_alive_pt alive);
static int convrelay_shm_find_full(convrelay_shm_t *shm,
    const convrelay_shm_entry_t *entry, const convrelay_shm_call_t *old);
static int convrelay_shm_has(const convrelay_shm_call_t *call,
    uint32_t counter);
static void convrelay_shm_count(convrelay_shm_t *shm,
    convrelay_shm_call_t *call, const convrelay_shm_entry_t *entry);
static void convrelay_shm_forget(convrelay_shm_t *shm, uint32_t pos);
static int convrelay_shm_pid_alive(convrelay_shm_pids_t *pids, pid_t pid);

static void convrelay_shm_begin(convrelay_shm_t *shm);
static void convrelay_shm_end(convrelay_shm_t *shm);
static void convrelay_shm_store(uint32_t *p, uint32_t value);

static uint64_t convrelay_shm_table_init(convrelay_shm_table_t *t,
    uint64_t offset, uint32_t size, uint32_t n);
static void convrelay_shm_table_clear(convrelay_shm_t *shm,
    convrelay_shm_table_t *t);
static uint32_t convrelay_shm_find(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, const convrelay_shm_id_t *id);
static uint32_t convrelay_shm_take(convrelay_shm_t *shm,
    convrelay_shm_table_t *t);
static void convrelay_shm_give(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, uint32_t pos);
static void convrelay_shm_link(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, uint32_t pos);
static void convrelay_shm_unlink(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, uint32_t pos);
static convrelay_shm_node_t *convrelay_shm_node(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, uint32_t pos);
static convrelay_shm_call_t *convrelay_shm_call(convrelay_shm_t *shm,
    uint32_t pos);
static uint32_t *convrelay_shm_bucket(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, const convrelay_shm_id_t *id);
static int convrelay_shm_same(const convrelay_shm_id_t *a,
    const convrelay_shm_id_t *b);
static int convrelay_shm_null(const convrelay_shm_id_t *id);


size_t
convrelay_shm_capacity(size_t size)
{
    size_t  n;

    if (size < sizeof(convrelay_shm_t)) {
        return 0;
    }

    /* a bucket for each call in both tables */

    n = (size - sizeof(convrelay_shm_t))
        / (sizeof(convrelay_shm_call_t) + 2 * sizeof(uint32_t)
           + CONVRELAY_SHM_MAX_LIMITS * sizeof(convrelay_shm_counter_t));

    if (n > UINT32_MAX / CONVRELAY_SHM_MAX_LIMITS) {
        n = UINT32_MAX / CONVRELAY_SHM_MAX_LIMITS;
    }

    return n;
}


convrelay_shm_t *
convrelay_shm_create(void *mem, size_t size)
{
    uint32_t          n;
    uint64_t          offset;
    convrelay_shm_t  *shm = mem;

    n = convrelay_shm_capacity(size);

    if (n == 0) {
        return NULL;
    }

    memset(shm, 0, sizeof(convrelay_shm_t));

    shm->layout = CONVRELAY_SHM_LAYOUT;
    shm->size = size;

    offset = sizeof(convrelay_shm_t);

    offset = convrelay_shm_table_init(&shm->calls, offset,
                                      sizeof(convrelay_shm_call_t), n);
    offset = convrelay_shm_table_init(&shm->counters, offset,
                                      sizeof(convrelay_shm_counter_t),
                                      n * CONVRELAY_SHM_MAX_LIMITS);

    shm->calls.buckets = offset;
    shm->calls.nbuckets = n;

    shm->counters.buckets = offset + n * sizeof(uint32_t);
    shm->counters.nbuckets = n;

    convrelay_shm_table_clear(shm, &shm->calls);
    convrelay_shm_table_clear(shm, &shm->counters);

    convrelay_shm_store(&shm->magic, CONVRELAY_SHM_MAGIC);

    return shm;
}


convrelay_shm_t *
convrelay_shm_open(void *mem, size_t size)
{
    convrelay_shm_t  *shm = mem;

    if (shm == NULL
        || size < sizeof(convrelay_shm_t)
        || shm->magic != CONVRELAY_SHM_MAGIC
        || shm->layout != CONVRELAY_SHM_LAYOUT
        || shm->size > size
        || shm->calls.n != convrelay_shm_capacity(shm->size))
    {
        return NULL;
    }

    return shm;
}


int
convrelay_shm_repair(convrelay_shm_t *shm)
{
    uint32_t               pos, i;
    convrelay_shm_node_t  *counter;
    convrelay_shm_call_t  *call;

    if (!shm->changing) {
        return CONVRELAY_OK;
    }

    /* the record is only read here, so a repair may be interrupted as well */

    convrelay_shm_table_clear(shm, &shm->calls);
    convrelay_shm_table_clear(shm, &shm->counters);

    for (pos = 1; pos <= shm->counters.top; pos++) {
        convrelay_shm_node(shm, &shm->counters, pos)->use = 0;
    }

    for (pos = 1; pos <= shm->calls.top; pos++) {

        call = convrelay_shm_call(shm, pos);

        if (call->node.use == CONVRELAY_SHM_FREE) {
            convrelay_shm_give(shm, &shm->calls, pos);
        }

        if (call->node.use != CONVRELAY_SHM_LIVE) {
            continue;
        }

        convrelay_shm_link(shm, &shm->calls, pos);

        for (i = 0; i < CONVRELAY_SHM_MAX_LIMITS && call->counters[i]; i++) {
            convrelay_shm_node(shm, &shm->counters, call->counters[i])->use++;
        }
    }

    for (pos = 1; pos <= shm->counters.top; pos++) {

        counter = convrelay_shm_node(shm, &shm->counters, pos);

        if (counter->use) {
            convrelay_shm_link(shm, &shm->counters, pos);

        } else {
            convrelay_shm_give(shm, &shm->counters, pos);
        }
    }

    convrelay_shm_end(shm);

    return CONVRELAY_DONE;
}


int
convrelay_shm_add(convrelay_shm_t *shm, const convrelay_shm_entry_t *entry,
    convrelay_shm_alive_pt alive, uint32_t *added, int *full)
{
    uint32_t               pos, old_pos;
    convrelay_shm_call_t  *call, *old;

    old = NULL;
    old_pos = convrelay_shm_find_live(shm, &entry->id, alive);

    if (old_pos == 0) {
        old_pos = convrelay_shm_find_live(shm, &entry->also, alive);
    }

    if (old_pos) {
        old = convrelay_shm_call(shm, old_pos);

        if (!entry->replaces || old->session != entry->ended_session) {
            *full = -1;
            return CONVRELAY_DECLINED;
        }
    }

    *full = convrelay_shm_find_full(shm, entry, old);

    if (*full >= 0) {
        return CONVRELAY_DECLINED;
    }

    convrelay_shm_begin(shm);

    pos = convrelay_shm_take(shm, &shm->calls);

    if (pos == 0) {
        convrelay_shm_end(shm);
        return CONVRELAY_ERROR;
    }

    call = convrelay_shm_call(shm, pos);

    call->node.id = entry->id;
    call->data = entry->data;
    call->pid = entry->pid;
    call->session = entry->session;
    call->mark = entry->mark;
    call->until = 0;

    convrelay_shm_count(shm, call, entry);
    convrelay_shm_link(shm, &shm->calls, pos);

    convrelay_shm_store(&call->node.use, CONVRELAY_SHM_LIVE);

    /* last: a kill before this leaves the old call as it was */

    if (old) {
        convrelay_shm_store(&shm->replaced, shm->replaced + 1);
        convrelay_shm_store(&old->node.use, CONVRELAY_SHM_REPLACED);

        convrelay_shm_forget(shm, old_pos);
    }

    convrelay_shm_end(shm);

    *added = pos;

    return old ? CONVRELAY_DONE : CONVRELAY_OK;
}


/* the live call with this id, or 0; removes those that have no process */

static uint32_t
convrelay_shm_find_live(convrelay_shm_t *shm, const convrelay_shm_id_t *id,
    convrelay_shm_alive_pt alive)
{
    uint32_t  pos;

    if (convrelay_shm_null(id)) {
        return 0;
    }

    for ( ;; ) {
        pos = convrelay_shm_find(shm, &shm->calls, id);

        if (pos == 0 || alive(convrelay_shm_call(shm, pos)->pid)) {
            return pos;
        }

        convrelay_shm_remove(shm, pos);
    }
}


/* the first limit that is reached, or -1; old does not count */

static int
convrelay_shm_find_full(convrelay_shm_t *shm,
    const convrelay_shm_entry_t *entry, const convrelay_shm_call_t *old)
{
    uint32_t  i, pos, calls;

    for (i = 0; i < entry->nlimits; i++) {

        pos = convrelay_shm_find(shm, &shm->counters, &entry->limits[i].id);

        if (pos == 0) {
            continue;
        }

        calls = convrelay_shm_node(shm, &shm->counters, pos)->use;

        if (old && convrelay_shm_has(old, pos)) {
            calls--;
        }

        if (calls >= entry->limits[i].max) {
            return i;
        }
    }

    return -1;
}


static int
convrelay_shm_has(const convrelay_shm_call_t *call, uint32_t counter)
{
    uint32_t  i;

    for (i = 0; i < CONVRELAY_SHM_MAX_LIMITS && call->counters[i]; i++) {

        if (call->counters[i] == counter) {
            return 1;
        }
    }

    return 0;
}


/* counts once in each counter, even if two limits have the same id */

static void
convrelay_shm_count(convrelay_shm_t *shm, convrelay_shm_call_t *call,
    const convrelay_shm_entry_t *entry)
{
    uint32_t                i, n, pos;
    convrelay_shm_node_t   *counter;
    convrelay_shm_table_t  *t;

    t = &shm->counters;
    n = 0;

    memset(call->counters, 0, sizeof(call->counters));

    for (i = 0; i < entry->nlimits; i++) {

        pos = convrelay_shm_find(shm, t, &entry->limits[i].id);

        if (pos == 0) {
            pos = convrelay_shm_take(shm, t);

            counter = convrelay_shm_node(shm, t, pos);
            counter->id = entry->limits[i].id;

            convrelay_shm_link(shm, t, pos);

        } else if (convrelay_shm_has(call, pos)) {
            continue;
        }

        convrelay_shm_node(shm, t, pos)->use++;
        call->counters[n++] = pos;
    }
}


void
convrelay_shm_remove(convrelay_shm_t *shm, uint32_t pos)
{
    uint32_t               use;
    convrelay_shm_call_t  *call;

    call = convrelay_shm_call(shm, pos);
    use = call->node.use;

    convrelay_shm_begin(shm);

    convrelay_shm_store(&call->node.use, CONVRELAY_SHM_FREE);

    if (use == CONVRELAY_SHM_LIVE) {
        convrelay_shm_forget(shm, pos);
    }

    convrelay_shm_give(shm, &shm->calls, pos);

    convrelay_shm_end(shm);
}


/* takes a call that was live out of the index */

static void
convrelay_shm_forget(convrelay_shm_t *shm, uint32_t pos)
{
    uint32_t                i;
    convrelay_shm_call_t   *call;
    convrelay_shm_node_t   *counter;
    convrelay_shm_table_t  *t;

    call = convrelay_shm_call(shm, pos);

    convrelay_shm_unlink(shm, &shm->calls, pos);

    t = &shm->counters;

    for (i = 0; i < CONVRELAY_SHM_MAX_LIMITS && call->counters[i]; i++) {

        counter = convrelay_shm_node(shm, t, call->counters[i]);

        if (--counter->use == 0) {
            convrelay_shm_unlink(shm, t, call->counters[i]);
            convrelay_shm_give(shm, t, call->counters[i]);
        }
    }
}


void *
convrelay_shm_replaced(convrelay_shm_t *shm, pid_t pid, uint32_t *seen)
{
    uint32_t               pos;
    convrelay_shm_call_t  *call;

    for (pos = 1; pos <= shm->calls.top; pos++) {

        call = convrelay_shm_call(shm, pos);

        if (call->node.use == CONVRELAY_SHM_REPLACED && call->pid == pid) {
            convrelay_shm_store(&call->node.use, CONVRELAY_SHM_NOTIFIED);
            return call->data;
        }
    }

    *seen = shm->replaced;

    return NULL;
}


int
convrelay_shm_has_replaced(convrelay_shm_t *shm, uint32_t seen)
{
    return *(volatile uint32_t *) &shm->replaced != seen;
}


uint32_t
convrelay_shm_reap(convrelay_shm_t *shm, convrelay_shm_alive_pt alive)
{
    uint32_t               n, pos;
    convrelay_shm_pids_t   pids;
    convrelay_shm_call_t  *call;

    n = 0;

    pids.alive = alive;
    pids.n = 0;

    for (pos = 1; pos <= shm->calls.top; pos++) {

        call = convrelay_shm_call(shm, pos);

        if (call->node.use != CONVRELAY_SHM_FREE
            && !convrelay_shm_pid_alive(&pids, call->pid))
        {
            convrelay_shm_remove(shm, pos);
            n++;
        }
    }

    return n;
}


uint32_t
convrelay_shm_live(convrelay_shm_t *shm, convrelay_shm_alive_pt alive)
{
    return convrelay_shm_marks(shm, alive, NULL, NULL);
}


uint32_t
convrelay_shm_marks(convrelay_shm_t *shm, convrelay_shm_alive_pt alive,
    convrelay_shm_marked_pt marked, void *data)
{
    uint32_t               n, pos;
    convrelay_shm_pids_t   pids;
    convrelay_shm_call_t  *call;

    n = 0;

    pids.alive = alive;
    pids.n = 0;

    for (pos = 1; pos <= shm->calls.top; pos++) {

        call = convrelay_shm_call(shm, pos);

        if (call->node.use != CONVRELAY_SHM_LIVE
            || !convrelay_shm_pid_alive(&pids, call->pid))
        {
            continue;
        }

        n++;

        if (marked) {
            marked(data, call->mark, call->until);
        }
    }

    return n;
}


void
convrelay_shm_mark(convrelay_shm_t *shm, uint32_t pos, uint32_t mark,
    uint32_t until)
{
    convrelay_shm_call_t  *call;

    call = convrelay_shm_call(shm, pos);

    *(volatile uint32_t *) &call->until = until;
    *(volatile uint32_t *) &call->mark = mark;
}


void
convrelay_shm_session(convrelay_shm_t *shm, uint32_t pos, uint32_t session)
{
    convrelay_shm_call(shm, pos)->session = session;
}


uint64_t
convrelay_shm_size(const convrelay_shm_t *shm)
{
    return shm->size;
}


/* includes replaced calls, which still need their nodes */

uint64_t
convrelay_shm_used(convrelay_shm_t *shm)
{
    uint32_t  n, pos;

    n = 0;

    for (pos = 1; pos <= shm->calls.top; pos++) {
        n += (convrelay_shm_call(shm, pos)->node.use != CONVRELAY_SHM_FREE);
    }

    return (shm->calls.n == n) ? shm->size : shm->size / shm->calls.n * n;
}


static int
convrelay_shm_pid_alive(convrelay_shm_pids_t *pids, pid_t pid)
{
    uint32_t  i;

    for (i = 0; i < pids->n; i++) {

        if (pids->pids[i].pid == pid) {
            return pids->pids[i].alive;
        }
    }

    if (pids->n == CONVRELAY_SHM_PIDS) {
        pids->n = 0;
    }

    i = pids->n++;

    pids->pids[i].pid = pid;
    pids->pids[i].alive = pids->alive(pid);

    return pids->pids[i].alive;
}


static void
convrelay_shm_begin(convrelay_shm_t *shm)
{
    convrelay_shm_store(&shm->changing, 1);
}


static void
convrelay_shm_end(convrelay_shm_t *shm)
{
    convrelay_shm_store(&shm->changing, 0);
}


/* one store, ordered after all writes above it and before all below it */

static void
convrelay_shm_store(uint32_t *p, uint32_t value)
{
    __sync_synchronize();

    *(volatile uint32_t *) p = value;

    __sync_synchronize();
}


/* the offset after the nodes */

static uint64_t
convrelay_shm_table_init(convrelay_shm_table_t *t, uint64_t offset,
    uint32_t size, uint32_t n)
{
    t->nodes = offset;
    t->size = size;
    t->n = n;

    return offset + (uint64_t) size * n;
}


static void
convrelay_shm_table_clear(convrelay_shm_t *shm, convrelay_shm_table_t *t)
{
    memset((u_char *) shm + t->buckets, 0, t->nbuckets * sizeof(uint32_t));

    t->free = 0;
}


static uint32_t
convrelay_shm_find(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    const convrelay_shm_id_t *id)
{
    uint32_t               pos;
    convrelay_shm_node_t  *node;

    pos = *convrelay_shm_bucket(shm, t, id);

    while (pos) {
        node = convrelay_shm_node(shm, t, pos);

        if (convrelay_shm_same(&node->id, id)) {
            return pos;
        }

        pos = node->next;
    }

    return 0;
}


/* a free node, or 0 */

static uint32_t
convrelay_shm_take(convrelay_shm_t *shm, convrelay_shm_table_t *t)
{
    uint32_t  pos;

    pos = t->free;

    if (pos) {
        t->free = convrelay_shm_node(shm, t, pos)->next;
        return pos;
    }

    if (t->top == t->n) {
        return 0;
    }

    pos = t->top + 1;

    convrelay_shm_node(shm, t, pos)->use = 0;
    convrelay_shm_store(&t->top, pos);

    return pos;
}


static void
convrelay_shm_give(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    uint32_t pos)
{
    convrelay_shm_node(shm, t, pos)->next = t->free;
    t->free = pos;
}


static void
convrelay_shm_link(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    uint32_t pos)
{
    uint32_t              *head;
    convrelay_shm_node_t  *node;

    node = convrelay_shm_node(shm, t, pos);

    if (convrelay_shm_null(&node->id)) {
        return;
    }

    head = convrelay_shm_bucket(shm, t, &node->id);

    node->next = *head;
    *head = pos;
}


static void
convrelay_shm_unlink(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    uint32_t pos)
{
    uint32_t              *p;
    convrelay_shm_node_t  *node;

    node = convrelay_shm_node(shm, t, pos);

    for (p = convrelay_shm_bucket(shm, t, &node->id);
         *p;
         p = &convrelay_shm_node(shm, t, *p)->next)
    {
        if (*p == pos) {
            *p = node->next;
            return;
        }
    }
}


static convrelay_shm_node_t *
convrelay_shm_node(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    uint32_t pos)
{
    return (convrelay_shm_node_t *)
               ((u_char *) shm + t->nodes + (uint64_t) t->size * (pos - 1));
}


static convrelay_shm_call_t *
convrelay_shm_call(convrelay_shm_t *shm, uint32_t pos)
{
    return (convrelay_shm_call_t *) convrelay_shm_node(shm, &shm->calls, pos);
}


static uint32_t *
convrelay_shm_bucket(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    const convrelay_shm_id_t *id)
{
    return (uint32_t *) ((u_char *) shm + t->buckets)
           + id->word[0] % t->nbuckets;
}


static int
convrelay_shm_same(const convrelay_shm_id_t *a, const convrelay_shm_id_t *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}


static int
convrelay_shm_null(const convrelay_shm_id_t *id)
{
    return id->word[0] == 0 && id->word[1] == 0;
}
