
/*
 * Copyright (C) convrelay contributors
 *
 * A process is killed while it changes the records in shared memory.
 *
 * Each change runs in a child, one machine instruction at a time.  At each
 * one that writes to the memory, this process takes over as if the child were
 * killed there, and must find every record whole: as it was before the change,
 * or as it is after it.  The repair of what was torn is stopped in the same
 * way.
 */


#include "convrelay_store_parts.h"
#include "steps.h"


#define NPIECES     6
#define NKEYS       5
#define MAX_SIZE    8192
#define MAX_STATES  4096
#define MAX_TORN    512

#define OTHER       1
#define KILLED      90          /* the process that makes the change */

#define NOW         1000
#define LATER       2000


/* a text is a length and a value for all of its bytes; length -1: none */

typedef struct {
    int                 len[NKEYS + 1];
    u_char              value[NKEYS + 1];
    unsigned            drafts;
} seen_t;


typedef struct {
    const char         *name;
    void              (*prepare)(void);
    void              (*run)(void);
} change_t;


static void test_serial(void);
static void test_change(const change_t *c);
static unsigned step_through(void (*run)(void), u_char *image, unsigned *ntorn,
    const char **why);
static void run_change(void *data);

static const char *verify(void);
static const char *compare(seen_t *now);
static const char *consistent(void);
static const char *records_consistent(u_char *visits);
static const char *usable(void);
static void look(seen_t *seen);

static void scene(void);
static void scene_full(void);
static void scene_later(void);
static void scene_fresh(void);
static void scene_draft(void);
static void scene_two_drafts(void);

static void reserve(void);
static void reserve_much(void);
static void fill(void);
static void commit(void);
static void commit_new(void);
static void discard(void);
static void touch(void);
static void drop(void);
static void expire(void);
static void sweep(void);
static void reap(void);
static void repair(void);

static void put(unsigned id, size_t len, u_char value, uint64_t expires);
static convrelay_store_key_t key(unsigned id);
static int alive(pid_t pid);


static const change_t  changes[] = {
    { "room is reserved", scene, reserve },
    { "room is reserved, of records and pieces never used", scene_fresh,
      reserve },
    { "room is reserved, and the oldest are removed", scene_full,
      reserve_much },
    { "a draft is filled", scene_draft, fill },
    { "a text replaces another", scene_draft, commit },
    { "a text of a new key", scene_draft, commit_new },
    { "a draft is discarded", scene_draft, discard },
    { "a record is touched", scene, touch },
    { "a record is removed", scene, drop },
    { "the oldest record expires", scene, expire },
    { "another record expires", scene_later, sweep },
    { "drafts of the dead are discarded", scene_two_drafts, reap },
};


static size_t              size;
static convrelay_store_t  *store;       /* in shared memory */
static void              (*running)(void);
static uint32_t            draft;
static int                 killed;      /* KILLED is dead */
static int                 trace;       /* children can be stepped through */
static uint64_t            now = NOW;

static seen_t              before, after;
static u_char              start[MAX_SIZE];
static u_char              torn[MAX_TORN][MAX_SIZE];
static u_char              nothing[CONVRELAY_STORE_PIECE];
static u_char              buf[NPIECES * CONVRELAY_STORE_PIECE];


int
main(void)
{
    unsigned  i;

    while (convrelay_store_capacity(size) < NPIECES) {
        size++;
    }

    store = mmap(NULL, MAX_SIZE, PROT_READ|PROT_WRITE,
                 MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (store == MAP_FAILED || size > MAX_SIZE) {
        printf("Bail out! no shared memory\n");
        return 1;
    }

    test_serial();

    trace = steps_can();

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        test_change(&changes[i]);
    }

    return tap_done();
}


/* a kill between the two stores of a new serial, in either order */

static void
test_serial(void)
{
    uint64_t               serial;
    convrelay_store_key_t  k;

    scene();

    k = key(1);
    serial = convrelay_store_serial(store, &k, NOW);

    store->serial = serial - 1;
    store->changing = 1;

    tap_ok(convrelay_store_repair(store) == CONVRELAY_DONE
           && convrelay_store_serial(store, &k, NOW) == serial,
           "a record is newer than the store says");

    put(1, 10, 'x', LATER);

    tap_ok(convrelay_store_serial(store, &k, NOW) > serial,
           "the next write of it has another serial");
}


static void
test_change(const change_t *c)
{
    unsigned     i, n, ntorn, nrepair, unused;
    const char  *why;

    killed = 0;

    c->prepare();
    memcpy(start, store, size);
    look(&before);

    why = consistent();
    tap_ok(why == NULL, "%s: before (%s)", c->name, why ? why : "right");

    c->run();
    look(&after);

    why = consistent();
    tap_ok(why == NULL && memcmp(start, store, size) != 0,
           "%s: after (%s)", c->name, why ? why : "right");

    if (!trace) {
        printf("ok %d # SKIP no single steps here\n", ++tap_n);
        return;
    }

    n = step_through(c->run, start, &ntorn, &why);

    tap_ok(why == NULL && n > 1, "%s: %u states, %u of them torn (%s)",
           c->name, n, ntorn, why ? why : "right");

    /* its repair is killed as well */

    n = 0;
    nrepair = 0;

    for (i = 0; i < ntorn && why == NULL; i++) {

        memcpy(store, torn[i], size);
        convrelay_store_repair(store);

        if (i && memcmp(start, store, size) == 0) {
            continue;
        }

        memcpy(start, store, size);

        nrepair++;
        n += step_through(repair, torn[i], &unused, &why);
    }

    tap_ok(why == NULL && (ntorn == 0 || n > nrepair),
           "%s: %u states of %u repairs (%s)", c->name, n, nrepair,
           why ? why : "right");
}


/*
 * Runs run() in a child, one instruction at a time.  Each state that it leaves
 * the memory in is what a kill would leave: with the child stopped, this
 * process does what the next one would, and puts the memory back.  Returns
 * the number of states; *why is what was wrong, or NULL.
 */

static unsigned
step_through(void (*run)(void), u_char *image, unsigned *ntorn,
    const char **why)
{
    pid_t     pid;
    u_char    last[MAX_SIZE];
    unsigned  n, keep;

    killed = 0;
    memcpy(store, image, size);

    running = run;
    pid = steps_child(run_change, NULL);

    keep = (run != repair);

    if (keep) {
        *ntorn = 0;
    }

    n = 0;

    do {
        if (n && memcmp(last, store, size) == 0) {
            continue;
        }

        memcpy(last, store, size);

        if (keep && store->changing && *ntorn < MAX_TORN) {
            memcpy(torn[(*ntorn)++], store, size);
        }

        *why = verify();
        memcpy(store, last, size);

        n++;

    } while (*why == NULL && n < MAX_STATES && steps_next(pid));

    if (n == MAX_STATES) {
        *why = "too many states";
    }

    steps_end(pid);

    return n;
}


static void
run_change(void *data)
{
    running();
}


/* what the next process finds; NULL, or what is wrong */

static const char *
verify(void)
{
    int          rc, changing;
    seen_t       seen;
    const char  *why;

    if (convrelay_store_open(store, size) != store) {
        return "it cannot be opened";
    }

    changing = store->changing;
    rc = convrelay_store_repair(store);

    if (rc != (changing ? CONVRELAY_DONE : CONVRELAY_OK)) {
        return "repair's return code";
    }

    why = consistent();
    if (why) {
        return why;
    }

    look(&seen);

    why = compare(&seen);
    if (why) {
        return why;
    }

    /* the other processes go on, without the one that was killed */

    killed = 1;
    convrelay_store_reap(store, alive);

    why = consistent();
    if (why) {
        return why;
    }

    return usable();
}


/* each text is that of before or of after */

static const char *
compare(seen_t *seen)
{
    unsigned  id;

    for (id = 1; id <= NKEYS; id++) {

        if (seen->len[id] == before.len[id]
            && seen->value[id] == before.value[id])
        {
            continue;
        }

        if (seen->len[id] == after.len[id]
            && seen->value[id] == after.value[id])
        {
            continue;
        }

        return "a text is lost, or from nowhere";
    }

    /* several can be discarded in one change */

    if ((seen->drafts < before.drafts || seen->drafts > after.drafts)
        && (seen->drafts > before.drafts || seen->drafts < after.drafts))
    {
        return "a draft is lost, or from nowhere";
    }

    return NULL;
}


static const char *
consistent(void)
{
    u_char                     visits[NPIECES + 1];
    uint32_t                   pos, n;
    uint64_t                   len;
    const char                *why;
    convrelay_store_piece_t   *pieces;
    convrelay_store_record_t  *r, *records;

    records = (convrelay_store_record_t *) (store + 1);
    pieces = (convrelay_store_piece_t *) (records + store->n);

    memset(visits, 0, sizeof(visits));

    for (pos = 1; pos <= store->top_record; pos++) {
        r = &records[pos - 1];

        if (r->state == CONVRELAY_STORE_FREE) {
            continue;
        }

        n = r->first;
        len = r->len;

        do {
            if (n == 0 || n > store->top_piece || visits[n]++) {
                return "the pieces of a record";
            }

            n = pieces[n - 1].next;
            len -= (len < CONVRELAY_STORE_PIECE) ? len : CONVRELAY_STORE_PIECE;

        } while (len);
    }

    n = 0;

    for (pos = store->free_piece; pos; pos = pieces[pos - 1].next) {

        if (pos > store->top_piece || visits[pos]++) {
            return "the list of free pieces";
        }

        if (memcmp(pieces[pos - 1].data, nothing, sizeof(nothing)) != 0) {
            return "text in a free piece";
        }

        n++;
    }

    if (n != store->nfree) {
        return "the number of free pieces";
    }

    for (pos = 1; pos <= store->top_piece; pos++) {
        if (!visits[pos]) {
            return "a piece is lost";
        }
    }

    n = 0;

    for (pos = 1; pos <= store->top_record; pos++) {
        r = &records[pos - 1];

        if (r->state == CONVRELAY_STORE_DRAFT) {
            n += r->len ? (r->len - 1) / CONVRELAY_STORE_PIECE + 1 : 1;
        }
    }

    if (n != store->ndraft) {
        return "the number of pieces of drafts";
    }

    memset(visits, 0, sizeof(visits));

    why = records_consistent(visits);
    if (why) {
        return why;
    }

    for (pos = 1; pos <= store->top_record; pos++) {
        if (visits[pos] != (records[pos - 1].state == CONVRELAY_STORE_LIVE
                            ? 2 : records[pos - 1].state
                                  == CONVRELAY_STORE_FREE))
        {
            return "a record is lost, or twice in a list";
        }
    }

    return NULL;
}


/* a free record is in one list, a live one in two */

static const char *
records_consistent(u_char *visits)
{
    uint32_t                   i, pos, n, older, *buckets;
    convrelay_store_record_t  *records, *r;

    records = (convrelay_store_record_t *) (store + 1);
    buckets = (uint32_t *) ((convrelay_store_piece_t *) (records + store->n)
                            + store->n);

    for (pos = store->free_record; pos; pos = records[pos - 1].next) {
        if (pos > store->top_record || visits[pos]++) {
            return "the list of free records";
        }
    }

    for (i = 0; i < store->n; i++) {
        for (pos = buckets[i]; pos; pos = records[pos - 1].next) {

            if (pos > store->top_record || visits[pos]++
                || records[pos - 1].state != CONVRELAY_STORE_LIVE
                || records[pos - 1].key.word[0] % store->n != i)
            {
                return "a hash chain";
            }
        }
    }

    n = 0;
    older = 0;

    for (pos = store->oldest; pos; pos = r->newer) {
        r = &records[pos - 1];

        if (pos > store->top_record || visits[pos]++ != 1
            || r->older != older
            || (older && records[older - 1].serial >= r->serial)
            || r->serial > store->serial)
        {
            return "the order of writes";
        }

        older = pos;
        n++;
    }

    if (store->newest != older || store->nlive != n) {
        return "the newest write, or the number of records";
    }

    return NULL;
}


/* all of the room is there, and what is written can be read */

static const char *
usable(void)
{
    size_t                     len;
    unsigned                   i, drafts;
    uint32_t                   d[NPIECES], pos, extra;
    convrelay_store_key_t      k;
    convrelay_store_record_t  *r;

    r = (convrelay_store_record_t *) (store + 1);
    drafts = 0;

    for (pos = 1; pos <= store->top_record; pos++) {

        if (r[pos - 1].state == CONVRELAY_STORE_DRAFT) {
            drafts += (r[pos - 1].len + CONVRELAY_STORE_PIECE - 1)
                      / CONVRELAY_STORE_PIECE;
        }
    }

    k = key(NKEYS);
    put(NKEYS, 10, 'z', LATER);

    if (convrelay_store_read(store, &k, NOW, buf, sizeof(buf), &len)
        != CONVRELAY_OK
        || len != 10 || buf[0] != 'z' || buf[9] != 'z')
    {
        return "a new text cannot be read";
    }

    for (i = 0; i < NPIECES; i++) {
        if (convrelay_store_reserve(store, CONVRELAY_STORE_PIECE, OTHER, now,
                                    &d[i])
            != CONVRELAY_OK)
        {
            break;
        }
    }

    if (i != NPIECES - drafts) {
        return "room is lost";
    }

    if (convrelay_store_reserve(store, 0, OTHER, now, &extra)
        != CONVRELAY_DECLINED)
    {
        return "room for too many";
    }

    while (i) {
        convrelay_store_discard(store, d[--i]);
    }

    return consistent();
}


static void
look(seen_t *seen)
{
    size_t                     len;
    unsigned                   id;
    uint32_t                   pos;
    convrelay_store_key_t      k;
    convrelay_store_record_t  *records;

    memset(seen, 0, sizeof(seen_t));

    for (id = 1; id <= NKEYS; id++) {

        k = key(id);
        len = 0;

        if (convrelay_store_read(store, &k, NOW, buf, sizeof(buf), &len)
            != CONVRELAY_OK)
        {
            seen->len[id] = -1;
            continue;
        }

        seen->len[id] = len;
        seen->value[id] = len ? buf[0] : 0;

        if (len && memcmp(buf, buf + 1, len - 1) != 0) {
            seen->len[id] = -2;
        }
    }

    records = (convrelay_store_record_t *) (store + 1);

    for (pos = 1; pos <= store->top_record; pos++) {
        seen->drafts += (records[pos - 1].state == CONVRELAY_STORE_DRAFT);
    }
}


/* two records, and places that were used */

static void
scene(void)
{
    memset(store, 0xa5, size);
    convrelay_store_create(store, size);

    now = NOW;

    put(3, 500, 'c', NOW + 1);
    put(1, 1500, 'a', LATER);
    put(2, 1500, 'b', LATER);
    put(1, 1000, 'A', LATER);
}


/* the oldest one lives, where the first one was */

static void
scene_later(void)
{
    scene();
    put(3, 10, 'C', NOW + 1);
}


static void
scene_full(void)
{
    scene();
    put(4, 1, 'd', LATER);
    put(3, 10, 'C', LATER);
}


static void
scene_fresh(void)
{
    memset(store, 0xa5, size);
    convrelay_store_create(store, size);

    now = NOW;

    put(1, 1000, 'a', LATER);
}


static void
scene_draft(void)
{
    scene_fresh();
    put(2, 1000, 'b', LATER);

    convrelay_store_reserve(store, 1500, KILLED, now, &draft);

    memset(buf, 'x', 1500);
    convrelay_store_fill(store, draft, buf);
}


static void
scene_two_drafts(void)
{
    uint32_t  other;

    scene_draft();

    convrelay_store_reserve(store, 10, OTHER, now, &other);
    convrelay_store_reserve(store, 10, KILLED, now, &other);
}


static void
reserve(void)
{
    uint32_t  d;

    convrelay_store_reserve(store, 1100, KILLED, now, &d);
}


static void
reserve_much(void)
{
    uint32_t  d;

    convrelay_store_reserve(store, 4 * CONVRELAY_STORE_PIECE, KILLED, now, &d);
}


static void
fill(void)
{
    memset(buf, 'y', 1500);
    convrelay_store_fill(store, draft, buf);
}


static void
commit(void)
{
    convrelay_store_key_t  k = key(1);

    convrelay_store_commit(store, draft, &k, LATER);
}


static void
commit_new(void)
{
    convrelay_store_key_t  k = key(3);

    convrelay_store_commit(store, draft, &k, LATER);
}


static void
discard(void)
{
    convrelay_store_discard(store, draft);
}


static void
touch(void)
{
    convrelay_store_key_t  k = key(2);

    convrelay_store_touch(store, &k, now, LATER + 1);
}


static void
drop(void)
{
    convrelay_store_key_t  k = key(2);

    convrelay_store_remove(store, &k);
}


static void
expire(void)
{
    convrelay_store_key_t  k;

    convrelay_store_expire(store, NOW + 1, &k);
}


static void
sweep(void)
{
    uint32_t               cursor;
    convrelay_store_key_t  k;

    cursor = 0;
    convrelay_store_sweep(store, NOW + 1, &cursor, &k);
}


static void
reap(void)
{
    killed = 1;
    convrelay_store_reap(store, alive);
}


static void
repair(void)
{
    convrelay_store_repair(store);
}


static void
put(unsigned id, size_t len, u_char value, uint64_t expires)
{
    uint32_t               d;
    convrelay_store_key_t  k;

    if (convrelay_store_reserve(store, len, OTHER, now, &d) != CONVRELAY_OK) {
        return;
    }

    memset(buf, value, len);
    convrelay_store_fill(store, d, buf);

    k = key(id);
    convrelay_store_commit(store, d, &k, expires);
}


/* keys 1 and 4 share a bucket, and so do 2 and 5 */

static convrelay_store_key_t
key(unsigned id)
{
    convrelay_store_key_t  k;

    memset(&k, 0, sizeof(k));
    k.word[0] = (id - 1) % 3;
    k.word[2] = id;

    return k;
}


static int
alive(pid_t pid)
{
    return pid != KILLED || !killed;
}
