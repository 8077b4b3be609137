
/*
 * Copyright (C) convrelay contributors
 *
 * A process is killed while it changes the live calls in shared memory.
 *
 * Each change runs in a child, one machine instruction at a time.  At each
 * one that writes to the memory, this process takes over as if the child were
 * killed there, and must find all of it right: no call lost, none from
 * nowhere, no node leaked, limits exact.  The repair of what was torn is
 * stopped in the same way.
 *
 * Then several processes at once are killed at random, with a lock like
 * nginx's.
 */


#include <errno.h>
#include <time.h>

#include "convrelay_shm_parts.h"
#include "steps.h"


#define MAX_CALLS    6
#define MAX_STATES   256
#define MAX_SIZE     4096
#define NLIMITS      5          /* their ids are 1 to NLIMITS */

#define KILLED       90         /* the process that makes the change */
#define GONE         99         /* one that was gone before it */

#define WORKERS      4
#define KILLS        500


typedef struct {
    unsigned            id;
    pid_t               pid;
    unsigned            limits;     /* a bit for each */
    uint32_t            use;
} seen_t;


typedef struct {
    seen_t              calls[MAX_CALLS];
    unsigned            n;
    uint32_t            replaced;
} record_t;


typedef struct {
    const char         *name;
    void              (*prepare)(convrelay_shm_t *shm);
    void              (*run)(convrelay_shm_t *shm);
    int                 reads;  /* nothing is written */
} change_t;


typedef struct {
    uint32_t            lock;   /* pid of its holder, as nginx's */
    uint32_t            repairs;
    uint32_t            changes;
    uint32_t            wrong;
} shared_t;


static void test_change(const change_t *c);
static unsigned step_through(void (*run)(convrelay_shm_t *shm),
    u_char *image, record_t *before, record_t *after,
    u_char torn[][MAX_SIZE], unsigned *ntorn, const char **why);
static void run_change(void *data);

static const char *verify(convrelay_shm_t *shm, record_t *before,
    record_t *after);
static const char *compare(record_t *now, record_t *before, record_t *after);
static const char *consistent(convrelay_shm_t *shm);
static const char *table_consistent(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, u_char *visits);
static const char *usable(convrelay_shm_t *shm);
static void record(convrelay_shm_t *shm, record_t *r);
static int has(record_t *r, seen_t *c, uint32_t use);

static void scene(convrelay_shm_t *shm);
static void scene_full(convrelay_shm_t *shm);
static void scene_twice(convrelay_shm_t *shm);
static void scene_replaced(convrelay_shm_t *shm);

static void add(convrelay_shm_t *shm);
static void add_refused(convrelay_shm_t *shm);
static void add_second(convrelay_shm_t *shm);
static void add_again(convrelay_shm_t *shm);
static void add_again_own(convrelay_shm_t *shm);
static void add_after_gone(convrelay_shm_t *shm);
static void remove_first(convrelay_shm_t *shm);
static void remove_last(convrelay_shm_t *shm);
static void remove_all(convrelay_shm_t *shm);
static void reap(convrelay_shm_t *shm);
static void replaced(convrelay_shm_t *shm);
static void repair(convrelay_shm_t *shm);

static int call(convrelay_shm_t *shm, unsigned id, pid_t pid, int limits,
    uint32_t ended_session);
static void drop(convrelay_shm_t *shm, unsigned id, pid_t pid);
static uint32_t find(convrelay_shm_t *shm, unsigned id, pid_t pid);
static convrelay_shm_call_t *call_at(convrelay_shm_t *shm, uint32_t pos);
static convrelay_shm_node_t *node_at(convrelay_shm_t *shm,
    convrelay_shm_table_t *t, uint32_t pos);
static int alive(pid_t pid);

static void test_random(void);
static void worker(convrelay_shm_t *shm, unsigned seed);
static void lock(convrelay_shm_t *shm);
static void unlock(void);
static int process_alive(pid_t pid);


static const change_t  changes[] = {
    { "a call comes in, in a place that was used", scene, add, 0 },
    { "a call comes in, in a fresh place", scene_replaced, add, 0 },
    { "there is no room for it", scene_full, add, 0 },
    { "it is one too many of a limit", scene, add_refused, 1 },
    { "it has a live socket", scene, add_second, 1 },
    { "it replaces its old socket in another process", scene, add_again, 0 },
    { "it replaces its old socket", scene, add_again_own, 0 },
    { "its old socket has no process", scene, add_after_gone, 0 },
    { "its two old sockets have none", scene_twice, add_after_gone, 0 },
    { "a call ends, with counters of its own", scene, remove_first, 0 },
    { "a call without a CallSid ends", scene, remove_last, 0 },
    { "all calls of a process end", scene_replaced, remove_all, 0 },
    { "what a process left behind is reaped", scene_replaced, reap, 0 },
    { "a process learns that a call was replaced", scene_replaced, replaced,
      0 },
};


static size_t            size;      /* bytes of a zone */
static convrelay_shm_t  *zone;      /* in shared memory */
static shared_t         *shared;
static int               killed;    /* KILLED is dead */
static int               trace;     /* children can be stepped through */
static void            (*running)(convrelay_shm_t *shm);

static u_char            start[MAX_SIZE];
static u_char            torn[MAX_STATES][MAX_SIZE];


int
main(void)
{
    unsigned  i;

    while (convrelay_shm_capacity(size) < MAX_CALLS) {
        size++;
    }

    zone = mmap(NULL, 1024 * 1024, PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (zone == MAP_FAILED || shared == MAP_FAILED || size > MAX_SIZE) {
        printf("Bail out! no shared memory\n");
        return 1;
    }

    trace = steps_can();

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        test_change(&changes[i]);
    }

    test_random();

    return tap_done();
}


static void
test_change(const change_t *c)
{
    unsigned     i, n, ntorn, nrepair;
    record_t     before, after;
    const char  *why;

    /* what it does when nobody is killed */

    killed = 0;

    c->prepare(zone);
    memcpy(start, zone, size);
    record(zone, &before);

    why = consistent(zone);
    tap_ok(why == NULL, "%s: before (%s)", c->name, why ? why : "right");

    c->run(zone);
    record(zone, &after);

    why = consistent(zone);
    tap_ok(why == NULL, "%s: after (%s)", c->name, why ? why : "right");

    if (!trace) {
        printf("ok %d # SKIP no single steps here\n", ++tap_n);
        return;
    }

    n = step_through(c->run, start, &before, &after, torn, &ntorn, &why);

    tap_ok(why == NULL && (c->reads ? n == 1 : n > 1),
           "%s: %u states, %u of them torn (%s)", c->name, n, ntorn,
           why ? why : "right");

    /* its repair is killed as well; the same record is repaired alike */

    n = 0;
    nrepair = 0;

    for (i = 0; i < ntorn; i++) {

        memcpy(zone, torn[i], size);
        convrelay_shm_repair(zone);

        if (i && memcmp(start, zone, size) == 0) {
            continue;
        }

        memcpy(start, zone, size);

        nrepair++;
        n += step_through(repair, torn[i], &before, &after, NULL, NULL, &why);

        if (why) {
            break;
        }
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
step_through(void (*run)(convrelay_shm_t *shm), u_char *image,
    record_t *before, record_t *after, u_char torn[][MAX_SIZE],
    unsigned *ntorn, const char **why)
{
    pid_t     pid;
    u_char    last[MAX_SIZE];
    unsigned  n;

    killed = 0;
    memcpy(zone, image, size);

    running = run;
    pid = steps_child(run_change, zone);

    if (torn) {
        *ntorn = 0;
    }

    n = 0;

    do {
        if (n && memcmp(last, zone, size) == 0) {
            continue;
        }

        memcpy(last, zone, size);

        if (torn && zone->changing) {
            memcpy(torn[(*ntorn)++], zone, size);
        }

        *why = verify(zone, before, after);
        memcpy(zone, last, size);

        n++;

    } while (*why == NULL && n < MAX_STATES && steps_next(pid));

    steps_end(pid);

    return n;
}


static void
run_change(void *data)
{
    running(data);
}


/* what the next process finds; NULL, or what is wrong */

static const char *
verify(convrelay_shm_t *shm, record_t *before, record_t *after)
{
    int          rc, torn;
    unsigned     i;
    record_t     now, left;
    const char  *why;

    if (convrelay_shm_open(shm, size) != shm) {
        return "it cannot be opened";
    }

    torn = shm->changing;
    rc = convrelay_shm_repair(shm);

    if (rc != (torn ? CONVRELAY_DONE : CONVRELAY_OK)) {
        return "repair's return code";
    }

    why = consistent(shm);
    if (why) {
        return why;
    }

    record(shm, &now);

    why = compare(&now, before, after);
    if (why) {
        return why;
    }

    /* the other processes go on, without the one that was killed */

    killed = 1;
    convrelay_shm_reap(shm, alive);

    record(shm, &left);

    for (i = 0; i < left.n; i++) {
        if (!alive(left.calls[i].pid)) {
            return "a call without a process is left";
        }
    }

    for (i = 0; i < now.n; i++) {
        if (alive(now.calls[i].pid)
            && !has(&left, &now.calls[i], 0))
        {
            return "a call with a process was reaped";
        }
    }

    why = consistent(shm);
    if (why) {
        return why;
    }

    return usable(shm);
}


static const char *
compare(record_t *now, record_t *before, record_t *after)
{
    seen_t    *c;
    unsigned   i, j;

    for (i = 0; i < now->n; i++) {
        c = &now->calls[i];

        if (!has(before, c, c->use) && !has(after, c, c->use)) {
            return "a call from nowhere, or half written";
        }

        if (c->use == CONVRELAY_SHM_REPLACED
            && has(before, c, CONVRELAY_SHM_LIVE))
        {
            for (j = 0; j < now->n; j++) {
                if (now->calls[j].id == c->id
                    && now->calls[j].use == CONVRELAY_SHM_LIVE)
                {
                    break;
                }
            }

            if (j == now->n) {
                return "a call was replaced by nobody";
            }

            if (now->replaced == before->replaced) {
                return "a call was replaced, and its process looks away";
            }
        }
    }

    for (i = 0; i < before->n; i++) {
        c = &before->calls[i];

        if (has(after, c, 0) && !has(now, c, 0)) {
            return "a call is lost";
        }
    }

    return NULL;
}


/* the index is what the record says, and no node is lost */

static const char *
consistent(convrelay_shm_t *shm)
{
    u_char                 visits[CONVRELAY_SHM_MAX_LIMITS * MAX_CALLS + 1];
    uint32_t               pos, i, uses[sizeof(visits)];
    const char            *why;
    convrelay_shm_node_t  *node;
    convrelay_shm_call_t  *c;

    if (shm->changing) {
        return "still changing";
    }

    memset(visits, 0, sizeof(visits));
    memset(uses, 0, sizeof(uses));

    why = table_consistent(shm, &shm->calls, visits);
    if (why) {
        return why;
    }

    for (pos = 1; pos <= shm->calls.top; pos++) {
        c = call_at(shm, pos);

        if (c->node.use != CONVRELAY_SHM_LIVE) {

            if (visits[pos] != (c->node.use == CONVRELAY_SHM_FREE)) {
                return "a call that is not live";
            }

            continue;
        }

        if (visits[pos] != (c->node.id.word[0] != 0)) {
            return "a live call";
        }

        for (i = 0; i < CONVRELAY_SHM_MAX_LIMITS && c->counters[i]; i++) {
            if (c->counters[i] > shm->counters.top) {
                return "a counter that was never used";
            }

            uses[c->counters[i]]++;
        }
    }

    memset(visits, 0, sizeof(visits));

    why = table_consistent(shm, &shm->counters, visits);
    if (why) {
        return why;
    }

    for (pos = 1; pos <= shm->counters.top; pos++) {
        node = node_at(shm, &shm->counters, pos);

        if (visits[pos] != 1) {
            return "a counter is lost";
        }

        if (node->use != uses[pos]) {
            return "a counter is wrong";
        }
    }

    return NULL;
}


/* how often each node is in a chain or in the list of free ones */

static const char *
table_consistent(convrelay_shm_t *shm, convrelay_shm_table_t *t,
    u_char *visits)
{
    uint32_t               i, pos, *buckets;
    convrelay_shm_node_t  *node;

    if (t->top > t->n) {
        return "more nodes than there are";
    }

    buckets = (uint32_t *) ((u_char *) shm + t->buckets);

    for (i = 0; i < t->nbuckets; i++) {

        for (pos = buckets[i]; pos; pos = node->next) {

            if (pos > t->top || visits[pos]++) {
                return "a chain";
            }

            node = node_at(shm, t, pos);

            if (node->use == 0 || node->id.word[0] % t->nbuckets != i) {
                return "a node in the wrong chain";
            }
        }
    }

    for (pos = t->free; pos; pos = node->next) {

        if (pos > t->top || visits[pos]++) {
            return "the list of free nodes";
        }

        node = node_at(shm, t, pos);

        if (node->use) {
            return "a free node in use";
        }
    }

    return NULL;
}


/* limits let in as many as they say, and the zone as many as it has room for */

static const char *
usable(convrelay_shm_t *shm)
{
    int                     full;
    uint32_t                i, j, pos, n, used, calls[MAX_CALLS + 1];
    record_t                r;
    convrelay_shm_call_t   *c;
    convrelay_shm_entry_t   e;

    record(shm, &r);
    used = r.n;

    for (i = 1; i <= NLIMITS && used < MAX_CALLS; i++) {

        memset(&e, 0, sizeof(e));
        e.pid = 1;
        e.nlimits = 1;
        e.limits[0].id.word[0] = i;

        n = 0;

        for (pos = 1; pos <= shm->calls.top; pos++) {
            c = call_at(shm, pos);

            for (j = 0;
                 c->node.use == CONVRELAY_SHM_LIVE
                 && j < CONVRELAY_SHM_MAX_LIMITS && c->counters[j];
                 j++)
            {
                n += node_at(shm, &shm->counters, c->counters[j])->id.word[0]
                     == i;
            }
        }

        e.limits[0].max = n;

        if (n && convrelay_shm_add(shm, &e, alive, &pos, &full)
                 != CONVRELAY_DECLINED)
        {
            return "a limit lets too many in";
        }

        e.limits[0].max = n + 1;

        if (convrelay_shm_add(shm, &e, alive, &pos, &full) != CONVRELAY_OK) {
            return "a limit refuses too many";
        }

        convrelay_shm_remove(shm, pos);
    }

    for (i = 1; i < 10 && used < MAX_CALLS; i++) {

        for (j = 0; j < r.n; j++) {
            if (r.calls[j].id == i && r.calls[j].use == CONVRELAY_SHM_LIVE) {
                break;
            }
        }

        if (call(shm, i, 1, 0, 0)
            != (j == r.n ? CONVRELAY_OK : CONVRELAY_DECLINED))
        {
            return "a CallSid is refused, or has two calls";
        }

        if (j == r.n) {
            drop(shm, i, 1);
        }
    }

    for (n = 0; n <= MAX_CALLS; n++) {

        memset(&e, 0, sizeof(e));
        e.pid = 1;

        for (j = 0; j < CONVRELAY_SHM_MAX_LIMITS; j++) {
            e.limits[j].id.word[0] = 100 + n * CONVRELAY_SHM_MAX_LIMITS + j;
            e.limits[j].max = 1;
            e.nlimits++;
        }

        if (convrelay_shm_add(shm, &e, alive, &calls[n], &full)
            != CONVRELAY_OK)
        {
            break;
        }
    }

    if (n != MAX_CALLS - used) {
        return "room is lost";
    }

    while (n) {
        convrelay_shm_remove(shm, calls[--n]);
    }

    return consistent(shm);
}


static void
record(convrelay_shm_t *shm, record_t *r)
{
    uint32_t               pos, i;
    seen_t                *seen;
    convrelay_shm_call_t  *c;

    r->n = 0;
    r->replaced = shm->replaced;

    for (pos = 1; pos <= shm->calls.top; pos++) {
        c = call_at(shm, pos);

        if (c->node.use == CONVRELAY_SHM_FREE) {
            continue;
        }

        seen = &r->calls[r->n++];

        seen->id = c->node.id.word[0];
        seen->pid = c->pid;
        seen->limits = 0;
        seen->use = c->node.use;

        /* the counters of one that is not live may be those of others now */

        for (i = 0;
             c->node.use == CONVRELAY_SHM_LIVE
             && i < CONVRELAY_SHM_MAX_LIMITS && c->counters[i];
             i++)
        {
            seen->limits |= 1 << node_at(shm, &shm->counters, c->counters[i])
                                 ->id.word[0];
        }
    }
}


/* use 0: any */

static int
has(record_t *r, seen_t *c, uint32_t use)
{
    unsigned  i;

    for (i = 0; i < r->n; i++) {
        if (r->calls[i].id == c->id
            && r->calls[i].pid == c->pid
            && (r->calls[i].limits == c->limits || r->calls[i].use != c->use)
            && (use == 0 || r->calls[i].use == use))
        {
            return 1;
        }
    }

    return 0;
}


/* live calls of three processes, and two places that were used */

static void
scene(convrelay_shm_t *shm)
{
    memset(shm, 0xa5, size);
    convrelay_shm_create(shm, size);

    call(shm, 1, 1, 2, 0);
    call(shm, 2, KILLED, 3, 0);
    call(shm, 0, KILLED, 1, 0);
    call(shm, 8, 1, 5, 0);
    call(shm, 3, GONE, 2, 0);
    call(shm, 9, 1, 4, 0);

    drop(shm, 8, 1);
    drop(shm, 9, 1);
}


static void
scene_full(convrelay_shm_t *shm)
{
    scene(shm);

    call(shm, 5, 1, 1, 0);
    call(shm, 6, 2, 1, 0);
}


/* two live calls of one CallSid, as after a kill between two stores */

static void
scene_twice(convrelay_shm_t *shm)
{
    scene(shm);

    call(shm, 9, GONE, 2, 0);
    call_at(shm, find(shm, 9, GONE))->node.id.word[0] = 3;

    shm->changing = 1;
    convrelay_shm_repair(shm);
}


/* calls that were replaced, and a place that was never used */

static void
scene_replaced(convrelay_shm_t *shm)
{
    memset(shm, 0xa5, size);
    convrelay_shm_create(shm, size);

    call(shm, 1, KILLED, 2, 0);
    call(shm, 2, KILLED, 3, 0);
    call(shm, 3, GONE, 1, 0);
    call(shm, 1, 1, 2, KILLED);
    call(shm, 3, GONE, 2, GONE);
}


static void
add(convrelay_shm_t *shm)
{
    (void) call(shm, 4, KILLED, 5, 0);
}


static void
add_refused(convrelay_shm_t *shm)
{
    (void) call(shm, 4, KILLED, -2, 0);
}


static void
add_second(convrelay_shm_t *shm)
{
    (void) call(shm, 1, KILLED, 1, 0);
}


static void
add_again(convrelay_shm_t *shm)
{
    (void) call(shm, 1, KILLED, 4, 1);
}


static void
add_again_own(convrelay_shm_t *shm)
{
    (void) call(shm, 2, KILLED, 1, KILLED);
}


static void
add_after_gone(convrelay_shm_t *shm)
{
    (void) call(shm, 3, KILLED, 3, 0);
}


static void
remove_first(convrelay_shm_t *shm)
{
    drop(shm, 2, KILLED);
}


static void
remove_last(convrelay_shm_t *shm)
{
    drop(shm, 0, KILLED);
}


static void
remove_all(convrelay_shm_t *shm)
{
    drop(shm, 1, KILLED);
    drop(shm, 2, KILLED);
}


static void
reap(convrelay_shm_t *shm)
{
    convrelay_shm_reap(shm, alive);
}


static void
replaced(convrelay_shm_t *shm)
{
    uint32_t  seen = 0;

    while (convrelay_shm_replaced(shm, KILLED, &seen)) { /* void */ }
}


static void
repair(convrelay_shm_t *shm)
{
    convrelay_shm_repair(shm);
}


/* limits: the first so many of them; negative: of one call at most */

static int
call(convrelay_shm_t *shm, unsigned id, pid_t pid, int limits,
    uint32_t ended_session)
{
    int                    i, n, full;
    uint32_t               pos;
    convrelay_shm_entry_t  e;

    memset(&e, 0, sizeof(e));

    e.id.word[0] = id;
    e.pid = pid;
    e.data = &e;
    e.session = pid;
    e.ended_session = ended_session;
    e.replaces = (ended_session != 0);

    n = (limits < 0) ? -limits : limits;

    for (i = 0; i < n; i++) {
        e.limits[i].id.word[0] = NLIMITS - i;
        e.limits[i].max = (limits < 0) ? 1 : 100;
    }

    e.nlimits = n;

    return convrelay_shm_add(shm, &e, alive, &pos, &full);
}


static void
drop(convrelay_shm_t *shm, unsigned id, pid_t pid)
{
    convrelay_shm_remove(shm, find(shm, id, pid));
}


static uint32_t
find(convrelay_shm_t *shm, unsigned id, pid_t pid)
{
    uint32_t               pos;
    convrelay_shm_call_t  *c;

    for (pos = 1; pos <= shm->calls.top; pos++) {
        c = call_at(shm, pos);

        if (c->node.use != CONVRELAY_SHM_FREE
            && c->node.id.word[0] == id && c->pid == pid)
        {
            return pos;
        }
    }

    printf("Bail out! no call %u of %d\n", id, (int) pid);
    exit(1);
}


static convrelay_shm_call_t *
call_at(convrelay_shm_t *shm, uint32_t pos)
{
    return (convrelay_shm_call_t *) node_at(shm, &shm->calls, pos);
}


static convrelay_shm_node_t *
node_at(convrelay_shm_t *shm, convrelay_shm_table_t *t, uint32_t pos)
{
    return (convrelay_shm_node_t *)
               ((u_char *) shm + t->nodes + (pos - 1) * t->size);
}


static int
alive(pid_t pid)
{
    return pid < (killed ? KILLED : GONE);
}


/* processes that are killed at any time, with a lock, in one zone */

static void
test_random(void)
{
    pid_t            pid[WORKERS];
    unsigned         i, n, seed;
    record_t         r;
    const char      *why;
    struct timespec  ts;

    convrelay_shm_create(zone, size);

    ts.tv_sec = 0;
    seed = getpid();
    printf("# seed %u\n", seed);
    fflush(stdout);

    memset(pid, 0, sizeof(pid));

    for (n = 0; n < KILLS; n++) {

        for (i = 0; i < WORKERS; i++) {

            if (pid[i]) {
                continue;
            }

            pid[i] = fork();

            if (pid[i] == 0) {
                worker(zone, seed + n * WORKERS + i);
            }
        }

        seed = seed * 1103515245 + 12345;
        ts.tv_nsec = (seed >> 16) % 3000000;
        nanosleep(&ts, NULL);

        i = (seed >> 8) % WORKERS;

        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
        pid[i] = 0;
    }

    for (i = 0; i < WORKERS; i++) {
        if (pid[i]) {
            kill(pid[i], SIGKILL);
            waitpid(pid[i], NULL, 0);
        }
    }

    printf("# %u changes, %u times killed in one\n", shared->changes,
           shared->repairs);

    tap_ok(shared->changes > KILLS, "processes change calls and are killed");
    tap_ok(shared->wrong == 0, "none of them finds anything wrong");

    lock(zone);
    convrelay_shm_reap(zone, process_alive);
    why = consistent(zone);
    record(zone, &r);

    tap_ok(why == NULL && r.n == 0, "nothing is left of them (%s)",
           why ? why : "right");

    why = usable(zone);
    unlock();

    tap_ok(why == NULL, "and nothing is lost (%s)", why ? why : "right");
}


static void
worker(convrelay_shm_t *shm, unsigned seed)
{
    int                    full;
    unsigned               i, j;
    uint32_t               pos[3];
    convrelay_shm_entry_t  e;

    memset(pos, 0, sizeof(pos));

    for (i = 0; i < 1000000; i++) {
        seed = seed * 1103515245 + 12345;
        j = (seed >> 16) % 3;

        lock(shm);

        if (i % 64 == 0 && consistent(shm)) {
            shared->wrong++;
        }

        if (pos[j]) {
            convrelay_shm_remove(shm, pos[j]);
            pos[j] = 0;

        } else {
            memset(&e, 0, sizeof(e));

            e.id.word[0] = (seed >> 8) % 4;
            e.pid = getpid();
            e.session = 1;
            e.ended_session = 1;
            e.replaces = seed >> 18;
            e.nlimits = 2;
            e.limits[0].id.word[0] = 1;
            e.limits[0].max = 100;
            e.limits[1].id.word[0] = 2 + (seed >> 20) % 3;
            e.limits[1].max = 2;

            switch (convrelay_shm_add(shm, &e, process_alive, &pos[j], &full))
            {
            case CONVRELAY_OK:
            case CONVRELAY_DONE:
                break;

            default:
                pos[j] = 0;
                convrelay_shm_reap(shm, process_alive);
                break;
            }
        }

        shared->changes++;

        unlock();
    }

    _exit(0);
}


/* as nginx's: the lock of a process that is gone is taken away from it */

static void
lock(convrelay_shm_t *shm)
{
    uint32_t  holder, none;

    for ( ;; ) {
        none = 0;

        if (__atomic_compare_exchange_n(&shared->lock, &none, getpid(), 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        {
            break;
        }

        holder = none;

        if (!process_alive(holder)) {
            (void) __atomic_compare_exchange_n(&shared->lock, &holder, 0, 0,
                                               __ATOMIC_SEQ_CST,
                                               __ATOMIC_SEQ_CST);
        }
    }

    if (convrelay_shm_repair(shm) == CONVRELAY_DONE) {
        shared->repairs++;
        shared->wrong += (consistent(shm) != NULL);
    }
}


static void
unlock(void)
{
    __atomic_store_n(&shared->lock, 0, __ATOMIC_SEQ_CST);
}


static int
process_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}
