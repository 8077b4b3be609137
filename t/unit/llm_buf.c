
/*
 * Copyright (C) convrelay contributors
 *
 * The buffer of what the reader of LLMs has to keep.
 */


#include <stdlib.h>

#include "convrelay_llm_buf.h"
#include "heap.h"
#include "tap.h"


static void append_test(void);
static void prepend_test(void);
static void memory_test(void);


int
main(void)
{
    append_test();
    prepend_test();
    memory_test();

    return tap_done();
}


/* it doubles: it is copied seldom, and never has twice the room it needs */

static void
append_test(void)
{
    size_t                i, was;
    u_char               *want;
    unsigned              bad, grown;
    convrelay_llm_buf_t   b;

    static const size_t  max = 100000;

    memset(&b, 0, sizeof(b));

    tap_ok(convrelay_llm_buf_append(&b, NULL, 0) == CONVRELAY_OK
           && b.data == NULL, "nothing takes no memory");

    want = malloc(max);
    bad = 0;
    grown = 0;
    was = 0;

    for (i = 0; i < max; i++) {
        want[i] = i * 7;

        bad += (convrelay_llm_buf_append(&b, &want[i], 1) != CONVRELAY_OK);

        if (b.size != was) {
            bad += (b.len > 1 && b.len != was + 1)
                   || (was && b.size != 2 * was);
            was = b.size;
            grown++;
        }

        bad += (b.size < b.len || b.size > 2 * b.len + 1024);
    }

    tap_ok(bad == 0 && grown == 8, "a byte at a time: it grew %u times", grown);
    tap_is(b.data, b.len, want, max, "and has all of them");

    convrelay_llm_buf_free(&b);

    tap_ok(b.data == NULL && b.len == 0 && b.size == 0, "it is empty again");

    tap_ok(convrelay_llm_buf_append(&b, want, 1024) == CONVRELAY_OK
           && b.size == 1024, "exactly what fits");
    tap_ok(convrelay_llm_buf_append(&b, want, 5000) == CONVRELAY_OK
           && b.size == 8192, "much at once");

    convrelay_llm_buf_free(&b);
    free(want);
}


static void
prepend_test(void)
{
    convrelay_llm_buf_t   b;

    memset(&b, 0, sizeof(b));

    (void) convrelay_llm_buf_append(&b, (u_char *) "defg", 4);
    (void) convrelay_llm_buf_prepend(&b, (u_char *) "abc", 3);

    tap_is(b.data, b.len, "abcdefg", 7, "before what is there");

    convrelay_llm_buf_free(&b);

    (void) convrelay_llm_buf_prepend(&b, (u_char *) "abc", 3);

    tap_is(b.data, b.len, "abc", 3, "and where nothing is");

    convrelay_llm_buf_free(&b);
}


/* it stays as it was */

static void
memory_test(void)
{
#ifndef NO_OVERRIDE
    int                   rc;
    static u_char         big[2000];
    convrelay_llm_buf_t   b;

    memset(&b, 0, sizeof(b));

    (void) convrelay_llm_buf_append(&b, (u_char *) "abc", 3);

    heap.armed = 1;
    heap.countdown = 0;
    rc = convrelay_llm_buf_append(&b, big, sizeof(big));

    tap_ok(rc == CONVRELAY_ERROR, "append without memory");

    heap.countdown = 0;
    rc = convrelay_llm_buf_prepend(&b, big, sizeof(big));
    heap.armed = 0;
    heap.countdown = -1;

    tap_ok(rc == CONVRELAY_ERROR, "prepend without memory");
    tap_is(b.data, b.len, "abc", 3, "what was there is still there");

    convrelay_llm_buf_free(&b);
#endif
}
