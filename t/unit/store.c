
/*
 * Copyright (C) convrelay contributors
 *
 * Records of calls in shared memory: what is stored, found, evicted, and how
 * much there is room for.  What a kill does to them is in store_kill.c.
 */


#include "convrelay_store_parts.h"
#include "tap.h"


#define PID      100
#define OTHER    200
#define DEAD     300

#define NPIECES  16
#define NKEYS    12
#define MAX_LEN  (5 * CONVRELAY_STORE_PIECE)


/* what a model of the store knows of a key */

typedef struct {
    unsigned           live;
    unsigned           value;
    size_t             len;
    uint64_t           serial;
    uint64_t           expires;
} known_t;


static void test_layout(void);
static void test_sizes(void);
static void test_replace(void);
static void test_room(void);
static void test_eviction(void);
static void test_touch(void);
static void test_serial(void);
static void test_evicted(void);
static void test_head(void);
static void test_expired(void);
static void test_sweep(void);
static void test_drafts(void);
static void test_mine(void);
static void test_twice(void);
static void test_reap(void);
static void test_stat(void);
static void test_model(void);

static convrelay_store_t *store_of(size_t n);
static convrelay_store_key_t key(unsigned id);
static int put(unsigned id, size_t len, unsigned value, uint64_t expires);
static int get(unsigned id, size_t len, unsigned value);
static void text(u_char *p, size_t len, unsigned value);
static int alive(pid_t pid);

static int put_known(known_t *known, unsigned id, size_t len, unsigned value,
    uint64_t expires);
static size_t pieces(size_t len);


static convrelay_store_t  *store;
static uint64_t            now = 1000;
static u_char              buf[MAX_LEN + 1];


int
main(void)
{
    test_layout();
    test_sizes();
    test_replace();
    test_room();
    test_eviction();
    test_touch();
    test_serial();
    test_evicted();
    test_head();
    test_expired();
    test_sweep();
    test_drafts();
    test_mine();
    test_twice();
    test_reap();
    test_stat();
    test_model();

    return tap_done();
}


static void
test_layout(void)
{
    size_t              size;
    u_char             *mem;
    convrelay_store_t  *st;

    size = 0;

    while (convrelay_store_capacity(size) < 3) {
        size++;
    }

    tap_ok(convrelay_store_capacity(0) == 0
           && convrelay_store_capacity(sizeof(convrelay_store_t)) == 0
           && convrelay_store_capacity(size - 1) == 2,
           "as many pieces as fit");

    mem = malloc(size + 1);
    memset(mem, 0xa5, size + 1);

    tap_ok(convrelay_store_open(mem, size) == NULL
           && convrelay_store_open(NULL, size) == NULL,
           "other memory is not a store");

    tap_ok(convrelay_store_create(mem, sizeof(convrelay_store_t)) == NULL,
           "a store without a piece");

    st = convrelay_store_create(mem, size);

    tap_ok(st != NULL && mem[size] == 0xa5, "made of memory of any content");

    tap_ok(convrelay_store_open(mem, size) == st
           && convrelay_store_open(mem, size + 1) == st, "found again");

    tap_ok(convrelay_store_open(mem, size - 1) == NULL
           && convrelay_store_open(mem, 10) == NULL,
           "but not in less memory");

    st->layout++;
    tap_ok(convrelay_store_open(mem, size) == NULL, "of another version");
    st->layout--;

    st->n--;
    tap_ok(convrelay_store_open(mem, size) == NULL, "with another table");
    st->n++;

    tap_ok(convrelay_store_repair(st) == CONVRELAY_OK, "nothing to repair");

    /* the last bucket and the last piece are inside */

    store = st;

    tap_ok(put(2, 3 * CONVRELAY_STORE_PIECE, 7, 2000) == CONVRELAY_OK
           && mem[size] == 0xa5
           && get(2, 3 * CONVRELAY_STORE_PIECE, 7) == CONVRELAY_OK,
           "filled to its end");

    free(mem);
}


static void
test_sizes(void)
{
    size_t                 i, len;
    unsigned               bad;
    convrelay_store_key_t  k;

    static const size_t  sizes[] = {
        0, 1, CONVRELAY_STORE_PIECE - 1, CONVRELAY_STORE_PIECE,
        CONVRELAY_STORE_PIECE + 1, 2 * CONVRELAY_STORE_PIECE,
        2 * CONVRELAY_STORE_PIECE + 1, MAX_LEN
    };

    store = store_of(NPIECES);
    bad = 0;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        bad += (put(1, sizes[i], i, 2000) != CONVRELAY_OK);
        bad += (get(1, sizes[i], i) != CONVRELAY_OK);
    }

    tap_ok(bad == 0, "texts around the size of a piece");

    memset(buf, 0xa5, sizeof(buf));

    k = key(1);
    len = 0;

    tap_ok(convrelay_store_read(store, &k, now, buf, MAX_LEN - 1, &len)
           == CONVRELAY_AGAIN
           && len == MAX_LEN && buf[0] == 0xa5,
           "one that is longer than the buffer is not copied");

    tap_ok(get(2, 0, 0) == CONVRELAY_DECLINED, "no such key");

    tap_ok(get(1 + NPIECES, 0, 0) == CONVRELAY_DECLINED,
           "no such key, in the same bucket");
}


static void
test_replace(void)
{
    unsigned                id, n;
    convrelay_store_key_t   k;
    convrelay_store_stat_t  stat;

    store = store_of(NPIECES);

    for (n = 0; n < 100; n++) {
        put(1, 3000, n, 2000);
        put(1 + NPIECES, 2000, n + 1, 2000);
    }

    convrelay_store_stat(store, &stat);

    tap_ok(get(1, 3000, 99) == CONVRELAY_OK
           && get(1 + NPIECES, 2000, 100) == CONVRELAY_OK
           && stat.records == 2 && stat.evicted == 0,
           "the last text of a key is the one that is stored");

    /* all of a bucket, from both ends and the middle */

    for (id = 2; id < 4; id++) {
        put(1 + id * NPIECES, 10, id, 2000);
    }

    n = 0;

    for (id = 0; id < 4; id += 2) {
        k = key(1 + id * NPIECES);

        n += (convrelay_store_remove(store, &k) == CONVRELAY_OK);
        n += (convrelay_store_remove(store, &k) == CONVRELAY_DECLINED);
        n += (get(1 + id * NPIECES, 0, 0) == CONVRELAY_DECLINED);
    }

    tap_ok(n == 6
           && get(1 + NPIECES, 2000, 100) == CONVRELAY_OK
           && get(1 + 3 * NPIECES, 10, 3) == CONVRELAY_OK,
           "others of the same bucket stay");
}


static void
test_room(void)
{
    unsigned  id, n;
    uint32_t  draft;

    store = store_of(NPIECES);

    for (id = 0; id < NPIECES; id++) {
        put(id + 1, CONVRELAY_STORE_PIECE, id, 2000);
    }

    n = 0;

    for (id = 0; id < NPIECES; id++) {
        n += (get(id + 1, CONVRELAY_STORE_PIECE, id) == CONVRELAY_OK);
    }

    tap_ok(n == NPIECES && store->evicted == 0, "as many as there are pieces");

    tap_ok(convrelay_store_reserve(store, NPIECES * CONVRELAY_STORE_PIECE + 1,
                                   PID, now, &draft)
           == CONVRELAY_DECLINED
           && convrelay_store_reserve(store, (size_t) -1, PID, now, &draft)
              == CONVRELAY_DECLINED
           && store->evicted == 0 && store->nlive == NPIECES,
           "one that can never fit removes no other");

    tap_ok(convrelay_store_reserve(store, NPIECES * CONVRELAY_STORE_PIECE, PID,
                                   now, &draft)
           == CONVRELAY_OK
           && store->evicted == NPIECES && store->nlive == 0,
           "one that takes all of it removes all others");
}


static void
test_eviction(void)
{
    unsigned  id;

    store = store_of(NPIECES);

    for (id = 1; id <= NPIECES / 2; id++) {
        put(id, 2 * CONVRELAY_STORE_PIECE, id, 2000);
    }

    put(1, 2 * CONVRELAY_STORE_PIECE, 50, 2000);

    /* that needed room beside the old text: the oldest went */

    tap_ok(get(1, 2 * CONVRELAY_STORE_PIECE, 1) == CONVRELAY_DECLINED
           || get(1, 2 * CONVRELAY_STORE_PIECE, 50) == CONVRELAY_OK,
           "a new text of the oldest key");

    put(20, 1, 20, 2000);

    tap_ok(get(2, 0, 0) == CONVRELAY_DECLINED
           && get(3, 2 * CONVRELAY_STORE_PIECE, 3) == CONVRELAY_OK
           && get(1, 2 * CONVRELAY_STORE_PIECE, 50) == CONVRELAY_OK
           && get(20, 1, 20) == CONVRELAY_OK,
           "the oldest write goes first");

    put(21, CONVRELAY_STORE_PIECE, 21, 2000);

    tap_ok(get(3, 2 * CONVRELAY_STORE_PIECE, 3) == CONVRELAY_OK,
           "and no more than necessary");
}


static void
test_touch(void)
{
    unsigned               id;
    convrelay_store_key_t  k;

    store = store_of(NPIECES);

    for (id = 1; id <= NPIECES; id++) {
        put(id, 10, id, 2000);
    }

    k = key(1);
    tap_ok(convrelay_store_touch(store, &k, now, 3000) == CONVRELAY_OK,
           "touched: the oldest");

    k = key(8);
    tap_ok(convrelay_store_touch(store, &k, now, 3000) == CONVRELAY_OK,
           "touched: one in the middle");

    k = key(NPIECES);
    tap_ok(convrelay_store_touch(store, &k, now, 3000) == CONVRELAY_OK,
           "touched: the newest");

    k = key(NPIECES + 1);
    tap_ok(convrelay_store_touch(store, &k, now, 3000) == CONVRELAY_DECLINED,
           "touched: none");

    put(30, (NPIECES - 3) * CONVRELAY_STORE_PIECE, 30, 2000);

    now = 2500;

    tap_ok(get(1, 10, 1) == CONVRELAY_OK && get(8, 10, 8) == CONVRELAY_OK
           && get(NPIECES, 10, NPIECES) == CONVRELAY_OK
           && get(2, 0, 0) == CONVRELAY_DECLINED
           && get(NPIECES - 1, 0, 0) == CONVRELAY_DECLINED,
           "they are as new as if they were written, and live longer");

    k = key(30);
    tap_ok(convrelay_store_touch(store, &k, now, 3000) == CONVRELAY_DECLINED,
           "one that has expired cannot be revived");

    now = 1000;
}


static void
test_serial(void)
{
    uint64_t               first, second;
    convrelay_store_key_t  k;

    store = store_of(NPIECES);
    k = key(1);

    tap_ok(convrelay_store_serial(store, &k, now) == 0, "no record, no serial");

    put(1, 10, 1, 2000);
    first = convrelay_store_serial(store, &k, now);

    put(2, 10, 2, 2000);
    tap_ok(first && convrelay_store_serial(store, &k, now) == first,
           "another record's write does not change it");

    put(1, 10, 1, 2000);
    second = convrelay_store_serial(store, &k, now);

    convrelay_store_touch(store, &k, now, 2000);
    tap_ok(second > first && convrelay_store_serial(store, &k, now) > second,
           "each write of its own does, and a touch as well");

    tap_ok(convrelay_store_serial(store, &k, 2000) == 0, "it has expired");

    convrelay_store_remove(store, &k);
    tap_ok(convrelay_store_serial(store, &k, now) == 0, "it was removed");
}


static void
test_evicted(void)
{
    unsigned               id;
    uint64_t               serial[NPIECES + 1];
    convrelay_store_key_t  k;

    store = store_of(NPIECES);

    for (id = 1; id <= NPIECES; id++) {
        put(id, 10, id, 2000);
        k = key(id);
        serial[id] = convrelay_store_serial(store, &k, now);
    }

    k = key(5);
    convrelay_store_remove(store, &k);

    tap_ok(!convrelay_store_was_evicted(store, serial[5])
           && !convrelay_store_was_evicted(store, serial[1]),
           "removed, and still there: not evicted");

    put(30, 2 * CONVRELAY_STORE_PIECE, 30, 2000);

    tap_ok(convrelay_store_was_evicted(store, serial[1])
           && !convrelay_store_was_evicted(store, serial[2])
           && !convrelay_store_was_evicted(store, serial[5]),
           "the oldest was evicted, and a removed one not");
}


static void
test_head(void)
{
    u_char                 p[8];
    convrelay_store_key_t  k;

    store = store_of(NPIECES);
    put(1, 8, 3, 2000);
    k = key(1);

    tap_ok(convrelay_store_head(store, &k, now, p, 9) == CONVRELAY_DECLINED
           && convrelay_store_patch(store, &k, now, "123456789", 9)
              == CONVRELAY_DECLINED
           && get(1, 8, 3) == CONVRELAY_OK,
           "a record that is shorter has no such head");

    tap_ok(convrelay_store_patch(store, &k, now, "ab", 2) == CONVRELAY_OK
           && convrelay_store_head(store, &k, now, p, 3) == CONVRELAY_OK
           && p[0] == 'a' && p[1] == 'b',
           "a head that was patched");

    tap_ok(convrelay_store_head(store, &k, 2000, p, 2) == CONVRELAY_DECLINED
           && convrelay_store_patch(store, &k, 2000, "cd", 2)
              == CONVRELAY_DECLINED,
           "it has expired");

    k = key(2);
    tap_ok(convrelay_store_head(store, &k, now, p, 2) == CONVRELAY_DECLINED
           && convrelay_store_patch(store, &k, now, "ab", 2)
              == CONVRELAY_DECLINED,
           "no record, no head");
}


static void
test_expired(void)
{
    convrelay_store_key_t  k;

    store = store_of(NPIECES);

    put(1, 10, 1, 1500);
    put(2, 10, 2, 1500);
    put(3, 10, 3, 2000);

    now = 1499;
    tap_ok(get(1, 10, 1) == CONVRELAY_OK
           && convrelay_store_expire(store, now, &k) == CONVRELAY_DECLINED,
           "a record lives until it expires");

    now = 1500;
    tap_ok(get(1, 0, 0) == CONVRELAY_DECLINED
           && get(3, 10, 3) == CONVRELAY_OK, "and not longer");

    tap_ok(convrelay_store_expire(store, now, &k) == CONVRELAY_OK
           && k.word[0] == 1
           && convrelay_store_expire(store, now, &k) == CONVRELAY_OK
           && k.word[0] == 2
           && convrelay_store_expire(store, now, &k) == CONVRELAY_DECLINED
           && store->nlive == 1,
           "those that have expired are removed one by one");

    now = 2000;
    tap_ok(convrelay_store_expire(store, now, &k) == CONVRELAY_OK
           && k.word[0] == 3
           && convrelay_store_expire(store, now, &k) == CONVRELAY_DECLINED,
           "none is left");

    now = 1000;
    put(4, 10, 4, 1500);
    put(5, 10, 5, 2000);
    now = 1600;

    put(6, NPIECES * CONVRELAY_STORE_PIECE, 6, 2000);

    tap_ok(store->evicted == 1 && get(4, 0, 0) == CONVRELAY_DECLINED
           && get(5, 0, 0) == CONVRELAY_DECLINED,
           "one that has expired is not counted as evicted");

    now = 1000;
}


static void
test_sweep(void)
{
    uint32_t               cursor;
    convrelay_store_key_t  k;

    store = store_of(NPIECES);
    cursor = 0;

    tap_ok(convrelay_store_sweep(store, now, &cursor, &k)
           == CONVRELAY_DECLINED, "there is nothing to sweep");

    put(1, 10, 1, 2000);
    put(2, 10, 2, 1500);
    put(3, 10, 3, 2000);
    put(4, 10, 4, 1500);

    now = 1499;
    tap_ok(convrelay_store_sweep(store, now, &cursor, &k)
           == CONVRELAY_DECLINED && cursor == 0, "nothing has expired");

    now = 1500;
    tap_ok(convrelay_store_expire(store, now, &k) == CONVRELAY_DECLINED,
           "the oldest record lives");
    tap_ok(convrelay_store_sweep(store, now, &cursor, &k) == CONVRELAY_OK
           && k.word[0] == 2
           && convrelay_store_sweep(store, now, &cursor, &k) == CONVRELAY_OK
           && k.word[0] == 4
           && convrelay_store_sweep(store, now, &cursor, &k)
              == CONVRELAY_DECLINED
           && cursor == 0 && store->nlive == 2,
           "others are removed");
    tap_ok(get(1, 10, 1) == CONVRELAY_OK && get(3, 10, 3) == CONVRELAY_OK,
           "those that live are left alone");

    now = 1000;
}


static void
test_drafts(void)
{
    uint32_t               a, b, c;
    convrelay_store_key_t  k;

    store = store_of(NPIECES);

    put(1, 10, 1, 2000);

    tap_ok(convrelay_store_reserve(store, 2000, PID, now, &a) == CONVRELAY_OK
           && convrelay_store_reserve(store, 2000, OTHER, now, &b)
              == CONVRELAY_OK
           && a != b, "two workers write at a time");

    text(buf, 2000, 5);
    convrelay_store_fill(store, a, buf);
    text(buf, 2000, 6);
    convrelay_store_fill(store, b, buf);

    tap_ok(get(1, 10, 1) == CONVRELAY_OK, "nothing is visible yet");

    k = key(1);
    convrelay_store_commit(store, b, &k, 2000);

    tap_ok(get(1, 2000, 6) == CONVRELAY_OK, "the first that is done");

    convrelay_store_commit(store, a, &k, 2000);

    tap_ok(get(1, 2000, 5) == CONVRELAY_OK && store->nlive == 1,
           "the last one wins");

    convrelay_store_reserve(store, (NPIECES - 2) * CONVRELAY_STORE_PIECE, PID,
                            now, &a);

    tap_ok(convrelay_store_reserve(store, 3000, PID, now, &b)
           == CONVRELAY_DECLINED && store->nlive == 1
           && get(1, 2000, 5) == CONVRELAY_OK,
           "drafts are never evicted, and then no record is in vain");

    tap_ok(convrelay_store_reserve(store, 2000, PID, now, &b) == CONVRELAY_OK
           && get(1, 0, 0) == CONVRELAY_DECLINED, "records are");

    convrelay_store_discard(store, a);

    tap_ok(convrelay_store_reserve(store, (NPIECES - 2) * CONVRELAY_STORE_PIECE,
                                   PID, now, &c)
           == CONVRELAY_OK, "a draft that is discarded leaves its room");
}


static void
test_mine(void)
{
    uint64_t                serial;
    uint32_t                draft;
    convrelay_store_key_t   k;
    convrelay_store_stat_t  before, after;

    store = store_of(NPIECES);
    k = key(1);

    tap_ok(convrelay_store_mine(store, &k, 0, 0, now),
           "a writer that has not written yet may");

    put(1, 10, 3, 2000);
    put(1, 10, 1, 2000);
    serial = convrelay_store_serial(store, &k, now);

    tap_ok(convrelay_store_mine(store, &k, serial, 2000, now)
           && convrelay_store_mine(store, &k, serial, 2000, 3000),
           "the last one may again, also when it has expired");

    tap_ok(!convrelay_store_mine(store, &k, serial - 1, 2000, now)
           && !convrelay_store_mine(store, &k, serial + 1, 2000, 3000),
           "no other");

    convrelay_store_stat(store, &before);
    convrelay_store_reserve(store, 2000, PID, now, &draft);
    text(buf, 2000, 2);
    convrelay_store_fill(store, draft, buf);

    tap_ok(convrelay_store_commit_mine(store, draft, &k, serial + 1, 2000, now,
                                       2000)
           == CONVRELAY_DECLINED && get(1, 10, 1) == CONVRELAY_OK,
           "what another one writes is declined");

    convrelay_store_stat(store, &after);
    tap_ok(before.used == after.used, "and takes no room");

    convrelay_store_reserve(store, 2000, PID, now, &draft);
    convrelay_store_fill(store, draft, buf);

    tap_ok(convrelay_store_commit_mine(store, draft, &k, serial, 2000, now,
                                       2500)
           == CONVRELAY_OK && get(1, 2000, 2) == CONVRELAY_OK,
           "what the last one writes is the record");
    tap_ok(convrelay_store_serial(store, &k, 2499) != 0
           && convrelay_store_serial(store, &k, 2500) == 0,
           "which lives until then");

    serial = convrelay_store_serial(store, &k, now);
    convrelay_store_remove(store, &k);

    tap_ok(!convrelay_store_mine(store, &k, serial, 0, now)
           && !convrelay_store_mine(store, &k, serial, now + 1, now),
           "one that was removed is nobody's");
    tap_ok(convrelay_store_mine(store, &k, serial, now, now),
           "unless it had to expire");

    put(1, 10, 1, 2000);
    serial = convrelay_store_serial(store, &k, now);
    put(2, NPIECES * CONVRELAY_STORE_PIECE, 2, 2000);

    tap_ok(convrelay_store_mine(store, &k, serial, 2000, now),
           "or had to make room");
}


/* a kill between a record and the end of the one that it replaces */

static void
test_twice(void)
{
    uint32_t                   i;
    convrelay_store_key_t      k;
    convrelay_store_stat_t     stat;
    convrelay_store_record_t  *old;

    store = store_of(NPIECES);

    for (i = 1; i <= 4; i++) {
        put(i, 10, i, 2000);
    }

    for (i = 1; i <= 2; i++) {
        k = key(i);
        convrelay_store_remove(store, &k);
    }

    k = key(4);
    old = convrelay_store_record(store, convrelay_store_find(store, &k, now));

    put(4, 10, 5, 2000);

    old->state = CONVRELAY_STORE_LIVE;
    store->changing = 1;

    tap_ok(convrelay_store_repair(store) == CONVRELAY_DONE
           && store->nlive == 2 && get(4, 10, 5) == CONVRELAY_OK,
           "of two records of a key, the later one stays");

    for (i = 5; i <= NPIECES + 2; i++) {
        put(i, 10, i, 2000);
    }

    convrelay_store_stat(store, &stat);
    tap_ok(stat.records == NPIECES && stat.evicted == 0,
           "and the room of all others is free");
}


static void
test_reap(void)
{
    uint32_t                a, b, c;
    convrelay_store_key_t   k;
    convrelay_store_stat_t  stat;

    store = store_of(NPIECES);

    convrelay_store_reserve(store, 3000, DEAD, now, &a);
    convrelay_store_reserve(store, 3000, PID, now, &b);
    convrelay_store_reserve(store, 3000, DEAD, now, &c);

    text(buf, 3000, 9);
    convrelay_store_fill(store, c, buf);

    k = key(1);
    convrelay_store_commit(store, c, &k, 2000);

    tap_ok(convrelay_store_reap(store, alive) == 1
           && convrelay_store_reap(store, alive) == 0,
           "the draft of a dead worker is discarded");

    tap_ok(get(1, 3000, 9) == CONVRELAY_OK, "its records stay");

    convrelay_store_stat(store, &stat);
    tap_ok(stat.used == 6 * (stat.size / NPIECES), "and so does another draft");
}


static void
test_stat(void)
{
    convrelay_store_stat_t  stat;

    store = store_of(NPIECES);
    convrelay_store_stat(store, &stat);

    tap_ok(stat.size == store->size && stat.used == 0 && stat.records == 0
           && stat.evicted == 0, "an empty store");

    put(1, CONVRELAY_STORE_PIECE + 1, 1, 2000);
    put(2, 0, 1, 2000);
    convrelay_store_stat(store, &stat);

    tap_ok(stat.used == 3 * (stat.size / NPIECES) && stat.records == 2,
           "two records, three pieces");

    put(3, 14 * CONVRELAY_STORE_PIECE, 1, 2000);
    convrelay_store_stat(store, &stat);

    tap_ok(stat.records == 2 && stat.evicted == 1
           && stat.used == 15 * (stat.size / NPIECES), "one was evicted");
}


/* random changes, against a model without pieces */

static void
test_model(void)
{
    unsigned               i, j, bad, want;
    unsigned               seed, id, value;
    size_t                 len;
    known_t                known[NKEYS + 1], *k;
    uint32_t               cursor;
    convrelay_store_key_t  name;

    store = store_of(NPIECES);
    memset(known, 0, sizeof(known));
    cursor = 0;

    seed = getpid();
    printf("# seed %u\n", seed);

    bad = 0;
    now = 1000;

    for (i = 0; i < 200000 && bad == 0; i++) {

        seed = seed * 1103515245 + 12345;
        id = 1 + (seed >> 16) % NKEYS;
        k = &known[id];
        name = key(id);
        now += (seed >> 8) % 3;

        want = (k->live && k->expires > now) ? CONVRELAY_OK
                                             : (unsigned) CONVRELAY_DECLINED;

        switch ((seed >> 20) % 8) {

        case 0:
            bad += ((unsigned) convrelay_store_touch(store, &name, now,
                                                     now + 100)
                    != want);

            if (want == CONVRELAY_OK) {
                k->expires = now + 100;
                k->serial = store->serial;
            }

            break;

        case 1:
            bad += (convrelay_store_remove(store, &name)
                    != (k->live ? CONVRELAY_OK : CONVRELAY_DECLINED));
            k->live = 0;
            break;

        case 2:
            if (convrelay_store_expire(store, now, &name) == CONVRELAY_OK) {
                k = &known[name.word[0]];
                bad += !k->live || k->expires > now;
                k->live = 0;
            }

            if (convrelay_store_sweep(store, now, &cursor, &name)
                == CONVRELAY_OK)
            {
                k = &known[name.word[0]];
                bad += !k->live || k->expires > now;
                k->live = 0;
            }

            break;

        case 3:
            store->changing = 1;
            bad += (convrelay_store_repair(store) != CONVRELAY_DONE);
            break;

        default:
            seed = seed * 1103515245 + 12345;
            value = seed >> 8;
            len = (seed >> 16) % MAX_LEN;
            bad += put_known(known, id, len, value,
                             now + 50 + (seed >> 12) % 100);
            break;
        }

        for (j = 1; j <= NKEYS; j++) {
            k = &known[j];

            bad += (get(j, k->len, k->value)
                    != (k->live && k->expires > now ? CONVRELAY_OK
                                                    : CONVRELAY_DECLINED));
        }
    }

    tap_ok(bad == 0, "200,000 random changes (%u)", i);

    now = 1000;
}


/* as the store does it: room for the new text first, then the old one goes */

static int
put_known(known_t *known, unsigned id, size_t len, unsigned value,
    uint64_t expires)
{
    size_t    used;
    unsigned  i, oldest;

    for ( ;; ) {
        used = 0;
        oldest = 0;

        for (i = 1; i <= NKEYS; i++) {

            if (!known[i].live) {
                continue;
            }

            used += pieces(known[i].len);

            if (oldest == 0 || known[i].serial < known[oldest].serial) {
                oldest = i;
            }
        }

        if (used + pieces(len) <= NPIECES) {
            break;
        }

        known[oldest].live = 0;
    }

    if (put(id, len, value, expires) != CONVRELAY_OK) {
        return 1;
    }

    known[id].live = 1;
    known[id].len = len;
    known[id].value = value;
    known[id].expires = expires;
    known[id].serial = store->serial;

    return 0;
}


static size_t
pieces(size_t len)
{
    return len ? (len + CONVRELAY_STORE_PIECE - 1) / CONVRELAY_STORE_PIECE : 1;
}


/* a new store in memory that ends where it ends */

static convrelay_store_t *
store_of(size_t n)
{
    size_t         size;

    static u_char  *mem;

    size = 0;

    while (convrelay_store_capacity(size) < n) {
        size++;
    }

    free(mem);
    mem = malloc(size);
    memset(mem, 0xa5, size);

    return convrelay_store_create(mem, size);
}


static convrelay_store_key_t
key(unsigned id)
{
    convrelay_store_key_t  k;

    memset(&k, 0, sizeof(k));
    k.word[0] = id;
    k.word[3] = ~(uint64_t) id;

    return k;
}


static int
put(unsigned id, size_t len, unsigned value, uint64_t expires)
{
    int                     rc;
    uint32_t                draft;
    u_char                 *p;
    convrelay_store_key_t   k;

    rc = convrelay_store_reserve(store, len, PID, now, &draft);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    p = malloc(len + 1);
    text(p, len, value);
    convrelay_store_fill(store, draft, p);
    free(p);

    k = key(id);
    convrelay_store_commit(store, draft, &k, expires);

    return CONVRELAY_OK;
}


/* CONVRELAY_OK: it is that text */

static int
get(unsigned id, size_t len, unsigned value)
{
    int                     rc;
    size_t                  n;
    u_char                 *got, *want;
    convrelay_store_key_t   k;

    k = key(id);
    n = 0;

    got = malloc(NPIECES * CONVRELAY_STORE_PIECE);
    want = malloc(len + 1);

    rc = convrelay_store_read(store, &k, now, got,
                              NPIECES * CONVRELAY_STORE_PIECE, &n);

    if (rc == CONVRELAY_OK) {
        text(want, len, value);
        rc = (n == len && memcmp(got, want, len) == 0) ? CONVRELAY_OK
                                                       : CONVRELAY_ERROR;
    }

    free(got);
    free(want);

    return rc;
}


static void
text(u_char *p, size_t len, unsigned value)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        p[i] = value + i + i / CONVRELAY_STORE_PIECE;
    }
}


static int
alive(pid_t pid)
{
    return pid != DEAD;
}
