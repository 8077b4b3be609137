
/*
 * Copyright (C) convrelay contributors
 *
 * The records of a kind, one after the other.
 */


#include "convrelay_store_parts.h"
#include "tap.h"


#define PID     100
#define NUMBER  3000


static void add(convrelay_store_t *store, unsigned n, uint64_t tag,
    size_t len, uint64_t expires);


static void
add(convrelay_store_t *store, unsigned n, uint64_t tag, size_t len,
    uint64_t expires)
{
    u_char                 text[3000];
    uint32_t               draft;
    convrelay_store_key_t  key;

    memset(text, n, sizeof(text));
    memset(&key, 0, sizeof(key));

    key.word[0] = n;
    key.word[3] = tag;

    if (convrelay_store_reserve(store, len, PID, 1, &draft) != CONVRELAY_OK) {
        abort();
    }

    convrelay_store_fill(store, draft, text);
    convrelay_store_commit(store, draft, &key, expires);
}


int
main(void)
{
    int                     rc;
    void                   *mem;
    size_t                  size;
    u_char                  p[8];
    unsigned                n, again, found, bad;
    uint32_t                cursor;
    convrelay_store_t      *store;
    convrelay_store_key_t   key;

    size = NUMBER * (CONVRELAY_STORE_PIECE + 200);
    mem = malloc(size);

    store = convrelay_store_create(mem, size);

    cursor = 0;
    tap_ok(convrelay_store_next(store, 7, 1, &cursor, &key, p, 8)
           == CONVRELAY_DECLINED, "an empty store has none");

    add(store, 1, 7, 8, 100);
    add(store, 2, 8, 8, 100);
    add(store, 3, 7, 7, 100);
    add(store, 4, 7, 8, 50);
    add(store, 5, 7, 3000, 100);

    cursor = 0;

    tap_ok(convrelay_store_next(store, 7, 50, &cursor, &key, p, 8)
           == CONVRELAY_OK && key.word[0] == 1 && p[0] == 1 && p[7] == 1,
           "the first one of its kind");
    tap_ok(convrelay_store_next(store, 7, 50, &cursor, &key, p, 8)
           == CONVRELAY_OK && key.word[0] == 5 && p[0] == 5 && p[7] == 5,
           "not one of another kind, that is too short, or has expired");
    tap_ok(convrelay_store_next(store, 7, 50, &cursor, &key, p, 8)
           == CONVRELAY_DECLINED, "there are no more");

    convrelay_store_remove(store, &key);

    cursor = 0;
    found = 0;

    while (convrelay_store_next(store, 7, 50, &cursor, &key, p, 0)
           == CONVRELAY_OK)
    {
        found += (key.word[0] == 1 || key.word[0] == 3);
    }

    tap_ok(found == 2, "nor one that was removed");

    for (n = 10; n < NUMBER - 10; n++) {
        add(store, n, (n % 1500 == 0) ? 9 : 8, 8, 100);
    }

    cursor = 0;
    again = 0;
    found = 0;
    bad = 0;

    for ( ;; ) {
        rc = convrelay_store_next(store, 9, 1, &cursor, &key, p, 8);

        if (rc == CONVRELAY_DECLINED) {
            break;
        }

        again += (rc == CONVRELAY_AGAIN);
        found += (rc == CONVRELAY_OK);
        bad += (rc == CONVRELAY_OK && key.word[0] % 1500 != 0);
    }

    tap_ok(found == 1 && bad == 0, "a rare one is found");
    tap_ok(again >= 2, "in steps");

    /* a sweep takes as many: one in the middle, and the last one, expire */

    add(store, 1400, 8, 8, 40);
    add(store, 2900, 8, 8, 40);

    cursor = 0;
    again = 0;
    found = 0;
    bad = 0;

    for ( ;; ) {
        rc = convrelay_store_sweep(store, 40, &cursor, &key);

        if (rc == CONVRELAY_DECLINED) {
            break;
        }

        again += (rc == CONVRELAY_AGAIN);
        found += (rc == CONVRELAY_OK);
        bad += (rc == CONVRELAY_OK && key.word[0] != 1400
                && key.word[0] != 2900);
    }

    tap_ok(found == 2 && bad == 0, "those that have expired are swept");
    tap_ok(again >= 2, "in steps, too");

    free(mem);

    return tap_done();
}
