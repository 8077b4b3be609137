
/*
 * Copyright (C) convrelay contributors
 *
 * The live calls in shared memory: what is let in, counted, replaced, found
 * to have no process, and how many there is room for.  What a kill does to
 * them is in shm_kill.c.
 */


#include "convrelay_shm.h"
#include "tap.h"


#define PID     100
#define OTHER   200
#define DEAD    300

#define SIZE    (64 * 1024)


static void test_layout(void);
static void test_call_sid(void);
static void test_limits(void);
static void test_same_limit(void);
static void test_full(void);
static void test_replaced(void);
static void test_also(void);
static void test_replaced_limits(void);
static void test_many_replaced(void);
static void test_reap(void);
static void test_marks(void);
static void marked(void *data, uint32_t mark, uint32_t until);
static void test_used(void);
static void test_many_pids(void);
static void test_churn(void);

static convrelay_shm_t *zone(size_t size);
static convrelay_shm_entry_t entry(unsigned sid);
static void limit(convrelay_shm_entry_t *e, unsigned id, uint32_t max);
static int add(convrelay_shm_t *shm, convrelay_shm_entry_t *e);
static int alive(pid_t pid);


static uint32_t  node;          /* of the last call that was added */
static int       full;
static unsigned  asked;         /* how often alive() was */
static pid_t     gone = DEAD;   /* this one and all above are */


int
main(void)
{
    test_layout();
    test_call_sid();
    test_limits();
    test_same_limit();
    test_full();
    test_replaced();
    test_also();
    test_replaced_limits();
    test_many_replaced();
    test_reap();
    test_marks();
    test_used();
    test_many_pids();
    test_churn();

    return tap_done();
}


static void
test_layout(void)
{
    size_t            n, one, size;
    u_char           *mem;
    convrelay_shm_t  *shm;

    for (size = 0; convrelay_shm_capacity(size) == 0; size++) { /* void */ }

    one = size;

    tap_ok(convrelay_shm_capacity(one - 1) == 0 && one < 512,
           "one call needs %zu bytes", one);

    mem = malloc(2 * one);
    memset(mem, 0xa5, 2 * one);

    tap_ok(convrelay_shm_create(mem, one - 1) == NULL, "too small for one");

    shm = convrelay_shm_create(mem, one);

    tap_ok(shm == (void *) mem, "large enough for one, in used memory");
    tap_ok(mem[one] == 0xa5, "nothing is written after it");

    tap_ok(convrelay_shm_open(mem, one) == shm, "opened");
    tap_ok(convrelay_shm_open(mem, 2 * one) == shm, "in more memory");
    tap_ok(convrelay_shm_open(mem, one - 1) == NULL, "in less memory");
    tap_ok(convrelay_shm_open(mem, 0) == NULL, "in none");
    tap_ok(convrelay_shm_open(NULL, one) == NULL, "without any");

    for (n = 0; n < 8; n++) {
        mem[n]++;

        tap_ok(convrelay_shm_open(mem, one) == NULL,
               "another version, byte %zu", n);

        mem[n]--;
    }

    /* size, and the number of calls that it has room for */

    mem[8]--;
    tap_ok(convrelay_shm_open(mem, 2 * one) == NULL, "another size");
    mem[8]++;

    tap_ok(convrelay_shm_open(mem, one) == shm, "as it was");
    tap_ok(convrelay_shm_repair(shm) == CONVRELAY_OK, "nothing to repair");

    free(mem);

    /* the figures of docs/reference.md */

    n = convrelay_shm_capacity(1024 * 1024);

    tap_ok(n > 3700 && n < 3800, "%zu calls in a megabyte", n);

    n = convrelay_shm_capacity(SIZE_MAX);

    tap_ok(n == UINT32_MAX / CONVRELAY_SHM_MAX_LIMITS || sizeof(n) < 8,
           "a position is 32 bits");
}


static void
test_call_sid(void)
{
    uint32_t               first;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    e = entry(1);

    tap_ok(add(shm, &e) == CONVRELAY_OK && node, "a call");
    first = node;

    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == -1,
           "a second socket of it");

    e.pid = OTHER;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == -1,
           "in another worker");

    e = entry(2);
    tap_ok(add(shm, &e) == CONVRELAY_OK && node != first, "another call");
    tap_ok(convrelay_shm_live(shm, alive) == 2, "two live calls");

    /* ids that differ in one word are different, in one chain too */

    e.id.word[1] = 1;
    tap_ok(add(shm, &e) == CONVRELAY_OK, "one word differs");
    convrelay_shm_remove(shm, node);

    convrelay_shm_remove(shm, first);

    e = entry(1);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "the first one again");

    /* there is no CallSid */

    e = entry(0);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "a call without a CallSid");
    first = node;
    tap_ok(add(shm, &e) == CONVRELAY_OK && node != first,
           "two of them are two calls");

    convrelay_shm_remove(shm, first);
    convrelay_shm_remove(shm, node);

    tap_ok(convrelay_shm_live(shm, alive) == 2, "two are left");

    free(shm);
}


static void
test_limits(void)
{
    uint32_t               nodes[3];
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);

    e = entry(1);
    limit(&e, 10, 3);
    limit(&e, 20, 1);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "first of both");
    nodes[0] = node;

    e = entry(2);
    limit(&e, 10, 3);
    limit(&e, 20, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 1,
           "one too many of the second");

    e = entry(2);
    limit(&e, 10, 3);
    limit(&e, 21, 1);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "second of the first");
    nodes[1] = node;

    e = entry(3);
    limit(&e, 10, 3);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "third: what was refused is not "
           "counted");
    nodes[2] = node;

    e = entry(4);
    limit(&e, 30, 9);
    limit(&e, 10, 3);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 1, "one too many");

    convrelay_shm_remove(shm, nodes[1]);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "one of them has ended");

    e = entry(5);
    limit(&e, 21, 1);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "so has the other counter of it");

    e = entry(6);
    limit(&e, 10, 2);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 0,
           "a limit that was lowered");

    limit(&e, 10, 4);
    e.limits[0].max = 4;
    tap_ok(add(shm, &e) == CONVRELAY_OK, "a limit that was raised");

    free(shm);
}


static void
test_same_limit(void)
{
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);

    e = entry(1);
    limit(&e, 10, 2);
    limit(&e, 10, 5);
    limit(&e, 10, 2);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "a limit that is there three times");

    e.id.word[0]++;
    tap_ok(add(shm, &e) == CONVRELAY_OK, "counts a call once");

    e.id.word[0]++;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 0,
           "and the lowest counts");

    convrelay_shm_remove(shm, node);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "until one has ended");

    free(shm);
}


static void
test_full(void)
{
    unsigned               i, j, n;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    n = convrelay_shm_capacity(SIZE);

    /* each with as many counters as a call can have, all different */

    for (i = 0; i <= n; i++) {
        e = entry(i + 1);

        for (j = 0; j < CONVRELAY_SHM_MAX_LIMITS; j++) {
            limit(&e, i * CONVRELAY_SHM_MAX_LIMITS + j + 1, 1);
        }

        if (add(shm, &e) != CONVRELAY_OK) {
            break;
        }
    }

    tap_ok(i == n, "room for %u calls, and for all of their counters", n);
    tap_ok(add(shm, &e) == CONVRELAY_ERROR, "no room for one more");
    tap_ok(convrelay_shm_repair(shm) == CONVRELAY_OK, "which is not damage");

    convrelay_shm_remove(shm, n / 2);

    tap_ok(add(shm, &e) == CONVRELAY_OK && node == n / 2,
           "the place of one that has ended");
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == -1,
           "a second socket is told from no room");

    e = entry(n + 2);
    tap_ok(add(shm, &e) == CONVRELAY_ERROR, "full again");
    tap_ok(convrelay_shm_live(shm, alive) == n, "%u live calls", n);

    free(shm);
}


/* a call may be known by an id of before a rotation */

static void
test_also(void)
{
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e, other;

    shm = zone(SIZE);

    e = entry(1);
    e.session = 1;
    add(shm, &e);

    other = entry(2);
    other.also = e.id;
    tap_ok(add(shm, &other) == CONVRELAY_DECLINED && full == -1,
           "a second socket, by its other id");

    other.replaces = 1;
    other.ended_session = 1;
    tap_ok(add(shm, &other) == CONVRELAY_DONE, "which may replace it");
    tap_ok(convrelay_shm_live(shm, alive) == 1, "one live call");

    tap_ok(add(shm, &e) == CONVRELAY_OK, "the new one has only its first id");

    free(shm);
}


static void
test_replaced(void)
{
    int                    a, b, c;
    uint32_t               seen, seen_other, old;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    seen = 0;
    seen_other = 0;

    tap_ok(!convrelay_shm_has_replaced(shm, seen), "none was replaced");

    e = entry(1);
    e.session = 1;
    e.data = &a;
    add(shm, &e);
    old = node;

    e.session = 2;
    e.ended_session = 1;
    e.data = &b;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "nothing may be replaced");

    e.replaces = 1;
    e.ended_session = 2;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "not this session");

    e.ended_session = 1;
    e.pid = OTHER;
    tap_ok(add(shm, &e) == CONVRELAY_DONE && node != old,
           "the ended session");

    tap_ok(convrelay_shm_live(shm, alive) == 1, "one live call");
    tap_ok(convrelay_shm_has_replaced(shm, seen), "one was replaced");
    tap_ok(convrelay_shm_replaced(shm, OTHER, &seen_other) == NULL,
           "not in the other process");
    tap_ok(!convrelay_shm_has_replaced(shm, seen_other),
           "which looks no further");
    tap_ok(convrelay_shm_replaced(shm, PID, &seen) == &a, "but in this one");
    tap_ok(convrelay_shm_has_replaced(shm, seen), "there may be more");
    tap_ok(convrelay_shm_replaced(shm, PID, &seen) == NULL, "there is none");
    tap_ok(!convrelay_shm_has_replaced(shm, seen), "nor later");

    /* the old one ends; it takes nothing of the new one along */

    convrelay_shm_remove(shm, old);

    e.replaces = 0;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "the new one is live");

    /* and is replaced itself */

    e.replaces = 1;
    e.session = 3;
    e.ended_session = 2;
    e.data = &c;
    tap_ok(add(shm, &e) == CONVRELAY_DONE, "replaced again");
    tap_ok(convrelay_shm_replaced(shm, PID, &seen) == NULL,
           "not in the first process");
    tap_ok(convrelay_shm_replaced(shm, OTHER, &seen_other) == &b,
           "but in the second one");

    /* a session that is not there: a call like any other */

    e = entry(2);
    e.replaces = 1;
    e.ended_session = 7;
    tap_ok(add(shm, &e) == CONVRELAY_OK, "nothing there to be replaced");

    free(shm);
}


static void
test_replaced_limits(void)
{
    uint32_t               old;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);

    e = entry(1);
    limit(&e, 10, 1);
    add(shm, &e);
    old = node;

    e.replaces = 1;
    tap_ok(add(shm, &e) == CONVRELAY_DONE, "a replaced call does not count");

    e = entry(2);
    limit(&e, 10, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "its successor does");

    e = entry(3);
    limit(&e, 30, 1);
    add(shm, &e);

    /* without room in a counter that the old one does not have */

    e = entry(1);
    e.replaces = 1;
    limit(&e, 30, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 0,
           "nor is it replaced where the new one is refused");
    e.replaces = 0;
    e.nlimits = 0;
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == -1, "it is live");

    convrelay_shm_remove(shm, old);

    e = entry(2);
    limit(&e, 10, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "an old one that ends leaves "
           "the counter alone");

    limit(&e, 10, 1);
    e.limits[0].max = 2;
    e.limits[1].max = 2;
    tap_ok(add(shm, &e) == CONVRELAY_OK, "of one call");

    free(shm);
}


static void
test_many_replaced(void)
{
    int                    calls[8];
    unsigned               i, n;
    uint32_t               seen;
    int                   *data;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    memset(calls, 0, sizeof(calls));

    for (i = 0; i < 8; i++) {
        e = entry(i + 1);
        e.data = &calls[i];
        add(shm, &e);

        e.replaces = 1;
        e.pid = OTHER;
        add(shm, &e);
    }

    seen = 0;
    n = 0;

    for ( ;; ) {
        data = convrelay_shm_replaced(shm, PID, &seen);

        if (data == NULL) {
            break;
        }

        (*data)++;
        n++;
    }

    for (i = 0; i < 8 && calls[i] == 1; i++) { /* void */ }

    tap_ok(n == 8 && i == 8, "each is returned once");

    free(shm);
}


static void
test_reap(void)
{
    uint32_t               dead;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);

    e = entry(1);
    e.pid = DEAD;
    limit(&e, 10, 1);
    add(shm, &e);
    dead = node;

    tap_ok(convrelay_shm_live(shm, alive) == 0, "a call without a process");

    e = entry(2);
    limit(&e, 10, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED && full == 0,
           "is counted until it is reaped");

    e = entry(1);
    tap_ok(add(shm, &e) == CONVRELAY_OK && node == dead,
           "but its CallSid is free");
    convrelay_shm_remove(shm, node);

    /* one that was replaced while its process lived, and two others */

    gone = 0;

    e = entry(1);
    e.pid = DEAD;
    limit(&e, 10, 1);
    add(shm, &e);

    e.replaces = 1;
    e.pid = OTHER;
    tap_ok(add(shm, &e) == CONVRELAY_DONE, "replaced");

    e = entry(3);
    limit(&e, 30, 1);
    e.pid = DEAD;
    add(shm, &e);
    e = entry(0);
    limit(&e, 30, 2);
    e.pid = DEAD;
    add(shm, &e);

    gone = DEAD;
    asked = 0;

    tap_ok(convrelay_shm_reap(shm, alive) == 3, "all of them are reaped");
    tap_ok(asked == 2, "with one question a process");
    tap_ok(convrelay_shm_reap(shm, alive) == 0, "once");
    tap_ok(convrelay_shm_live(shm, alive) == 1, "others are left");

    e = entry(4);
    limit(&e, 30, 1);
    tap_ok(add(shm, &e) == CONVRELAY_OK, "their counter is free");

    e = entry(5);
    limit(&e, 10, 1);
    tap_ok(add(shm, &e) == CONVRELAY_DECLINED, "that of the others is not");

    free(shm);
}


/* what each process says about its calls */

static void
test_marks(void)
{
    char                   seen[64];
    uint32_t               one, two;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    gone = DEAD;

    seen[0] = '\0';
    tap_ok(convrelay_shm_marks(shm, alive, marked, seen) == 0
           && seen[0] == '\0', "no calls, no marks");

    e = entry(1);
    e.mark = 7;
    add(shm, &e);
    one = node;

    e = entry(2);
    e.pid = OTHER;
    e.mark = 8;
    add(shm, &e);
    two = node;

    e = entry(3);
    e.pid = DEAD;
    e.mark = 9;
    add(shm, &e);

    tap_ok(convrelay_shm_marks(shm, alive, marked, seen) == 2
           && strcmp(seen, "7:0 8:0 ") == 0, "those to begin with: %s", seen);

    convrelay_shm_mark(shm, one, 11, 1000);
    convrelay_shm_mark(shm, two, 12, 2000);

    seen[0] = '\0';
    tap_ok(convrelay_shm_marks(shm, alive, marked, seen) == 2
           && strcmp(seen, "11:1000 12:2000 ") == 0, "later ones: %s", seen);

    tap_ok(convrelay_shm_marks(shm, alive, NULL, NULL) == 2, "only counted");

    /* one that is replaced is not live */

    e = entry(1);
    e.pid = OTHER;
    e.replaces = 1;
    e.mark = 13;
    add(shm, &e);

    seen[0] = '\0';
    tap_ok(convrelay_shm_marks(shm, alive, marked, seen) == 2
           && strstr(seen, "13:0 ") && strstr(seen, "11:1000") == NULL,
           "of the new one, not of the one it replaced: %s", seen);

    /* a place that is used again has nothing of its last call */

    convrelay_shm_remove(shm, two);

    e = entry(4);
    e.mark = 14;
    add(shm, &e);

    seen[0] = '\0';
    tap_ok(node == two
           && convrelay_shm_marks(shm, alive, marked, seen) == 2
           && strstr(seen, "14:0 "), "nor is it of the one before: %s", seen);

    free(shm);
}


static void
marked(void *data, uint32_t mark, uint32_t until)
{
    char  *seen = data;

    sprintf(seen + strlen(seen), "%u:%u ", mark, until);
}


static void
test_used(void)
{
    size_t                 n, i;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    n = convrelay_shm_capacity(SIZE);
    shm = zone(SIZE);
    gone = DEAD;

    tap_ok(convrelay_shm_size(shm) == SIZE, "the size of the memory");
    tap_ok(convrelay_shm_used(shm) == 0, "nothing of it is used");

    for (i = 1; i <= n; i++) {
        e = entry(i);
        add(shm, &e);

        if (i == 1) {
            tap_ok(convrelay_shm_used(shm) == SIZE / n, "that of a call");
        }

        if (i == n - 1) {
            tap_ok(convrelay_shm_used(shm) == SIZE / n * (n - 1),
                   "all but one");
        }
    }

    tap_ok(convrelay_shm_used(shm) == SIZE, "all of it");

    convrelay_shm_remove(shm, node);
    tap_ok(convrelay_shm_used(shm) == SIZE / n * (n - 1), "less again");

    free(shm);
}


static void
test_many_pids(void)
{
    unsigned               i;
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);

    for (i = 0; i < 200; i++) {
        e = entry(i + 1);
        e.pid = (i % 2) ? DEAD + (i % 50) : PID + (i % 50);
        add(shm, &e);
    }

    tap_ok(convrelay_shm_live(shm, alive) == 100, "more processes than are "
           "remembered");
    tap_ok(convrelay_shm_reap(shm, alive) == 100
           && convrelay_shm_live(shm, alive) == 100, "each is asked for");

    free(shm);
}


/* whatever comes and goes, what is full is full of live calls */

static void
test_churn(void)
{
    unsigned               i, j, n, live, bad, seed;
    uint32_t               nodes[64];
    convrelay_shm_t       *shm;
    convrelay_shm_entry_t  e;

    shm = zone(SIZE);
    n = convrelay_shm_capacity(SIZE);

    memset(nodes, 0, sizeof(nodes));
    seed = 1;
    live = 0;
    bad = 0;

    for (i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        j = (seed >> 16) % 64;

        if (nodes[j]) {
            convrelay_shm_remove(shm, nodes[j]);
            nodes[j] = 0;
            live--;
            continue;
        }

        e = entry(j + 1);
        limit(&e, 100 + j % 7, 64);
        limit(&e, 200 + i % 64, 64);

        bad += add(shm, &e) != CONVRELAY_OK;
        nodes[j] = node;
        live++;

        bad += convrelay_shm_live(shm, alive) != live;
    }

    tap_ok(bad == 0, "20000 calls come and go");

    for (i = live; i < n; i++) {
        e = entry(1000 + i);
        bad += add(shm, &e) != CONVRELAY_OK;
    }

    e = entry(999);
    tap_ok(bad == 0 && add(shm, &e) == CONVRELAY_ERROR, "none is lost");

    free(shm);
}


static convrelay_shm_t *
zone(size_t size)
{
    void  *mem;

    mem = malloc(size);
    memset(mem, 0x5a, size);

    return convrelay_shm_create(mem, size);
}


static convrelay_shm_entry_t
entry(unsigned sid)
{
    convrelay_shm_entry_t  e;

    memset(&e, 0, sizeof(e));

    e.pid = PID;
    e.data = &node;
    e.id.word[0] = sid;

    return e;
}


static void
limit(convrelay_shm_entry_t *e, unsigned id, uint32_t max)
{
    convrelay_shm_limit_t  *l;

    l = &e->limits[e->nlimits++];

    l->id.word[0] = id;
    l->id.word[1] = 1;
    l->max = max;
}


static int
add(convrelay_shm_t *shm, convrelay_shm_entry_t *e)
{
    full = -2;

    return convrelay_shm_add(shm, e, alive, &node, &full);
}


static int
alive(pid_t pid)
{
    asked++;

    return gone == 0 || pid < gone;
}
