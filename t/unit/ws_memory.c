
/*
 * Copyright (C) convrelay contributors
 *
 * What the frame reader allocates, and that it survives having nothing to
 * allocate from.  The reader is compiled in a second time, with the heap of
 * this test under other names.
 */


#include "tap.h"


static void *test_malloc(size_t size);
static void *test_realloc(void *p, size_t size);
static void test_free(void *p);


#define malloc                    test_malloc
#define realloc                   test_realloc
#define free                      test_free
#define convrelay_ws_read         test_ws_read
#define convrelay_ws_reader_free  test_ws_reader_free

#include "convrelay_ws.c"

#undef malloc
#undef realloc
#undef free


static size_t    heap_size;
static unsigned  heap_calls, heap_fail;


static void *
test_malloc(size_t size)
{
    return test_realloc(NULL, size);
}


static void *
test_realloc(void *p, size_t size)
{
    heap_calls++;

    if (heap_fail && --heap_fail == 0) {
        return NULL;
    }

    heap_size = size;

    return realloc(p, size);
}


static void
test_free(void *p)
{
    if (p) {
        heap_size = 0;
    }

    free(p);
}


static void
start(convrelay_ws_reader_t *r)
{
    memset(r, 0, sizeof(convrelay_ws_reader_t));

    heap_size = 0;
    heap_calls = 0;
    heap_fail = 0;
}


static int
feed(convrelay_ws_reader_t *r, const void *data, size_t len,
    convrelay_ws_message_t *m)
{
    int           rc;
    u_char       *p;
    static u_char in[128 * 1024];

    memcpy(in, data, len);
    p = in;

    rc = test_ws_read(r, &p, in + len, m);

    return rc;
}


static void
announced(void)
{
    convrelay_ws_reader_t   r;
    convrelay_ws_message_t  m;

    start(&r);
    feed(&r, "\x82\xff\0\0\0\0\x40\0\0\0\0\0\0\0", 14, &m);
    tap_ok(heap_calls == 0, "a header alone allocates nothing");

    feed(&r, "abcd", 4, &m);
    tap_ok(heap_size <= 256, "4 bytes of an announced gigabyte take %zu",
           heap_size);

    test_ws_reader_free(&r);
    tap_ok(heap_size == 0, "and are freed");

    start(&r);
    feed(&r, "\x82\x8a\0\0\0\0" "abcd", 10, &m);
    tap_ok(heap_size == 10, "a short message takes what it needs, %zu",
           heap_size);
    test_ws_reader_free(&r);

    start(&r);
    feed(&r, "\x89\x8a\0\0\0\0" "abcd", 10, &m);
    tap_ok(heap_size == 125, "a control frame in pieces takes its maximum");
    feed(&r, "efghij", 6, &m);
    tap_ok(heap_calls == 1 && m.data.len == 10
           && memcmp(m.data.data, "abcdefghij", 10) == 0,
           "and lives until the next call");
    feed(&r, "", 0, &m);
    tap_ok(heap_size == 0 && r.control == NULL, "and no longer");

    start(&r);
    feed(&r, "\x89\x8a\0\0\0\0" "abcd", 10, &m);
    test_ws_reader_free(&r);
    tap_ok(heap_size == 0 && r.control == NULL, "nor is it lost");

    start(&r);
    feed(&r, "\x01\x82\0\0\0\0" "ab", 8, &m);
    feed(&r, "\x88\x84\0\0\0\0" "\x03\xe8" "b", 9, &m);
    feed(&r, "y", 1, &m);
    tap_ok(m.opcode == CONVRELAY_WS_CLOSE && m.data.len == 2
           && memcmp(m.data.data, "by", 2) == 0 && r.buf == NULL,
           "a close in pieces keeps its reason, not the message");
    feed(&r, "", 0, &m);
    tap_ok(r.control == NULL, "for as long");
}


static void
growth(void)
{
    int                      rc;
    size_t                   i, most;
    convrelay_ws_reader_t    r;
    convrelay_ws_message_t   m;

    start(&r);
    r.max_message = 60000;
    most = 0;

    feed(&r, "\x02\xfe\xea\x60\0\0\0\0", 8, &m);

    for (i = 1; i <= 60000; i++) {
        feed(&r, "x", 1, &m);

        if (heap_size > 2 * i && heap_size > most) {
            most = heap_size;
        }
    }

    tap_ok(most <= 256, "memory is at most twice what arrived");
    tap_ok(heap_size == 60000, "and never more than the limit, %zu",
           heap_size);
    tap_ok(heap_calls < 12, "it grows in few steps, %u", heap_calls);

    rc = feed(&r, "\x80\x80\0\0\0\0", 6, &m);
    tap_ok(rc == CONVRELAY_OK && m.data.len == 60000 && heap_size == 60000,
           "a message lives until the next call");

    feed(&r, "", 0, &m);
    tap_ok(heap_size == 0 && r.buf == NULL, "and no longer");

    feed(&r, "\x02\x82\0\0\0\0" "ab", 8, &m);
    tap_ok(heap_size <= 256, "a short message after it takes little, %zu",
           heap_size);

    test_ws_reader_free(&r);
}


static void
failures(void)
{
    int                      rc;
    unsigned                 nth;
    convrelay_ws_reader_t    r;
    convrelay_ws_message_t   m;
    static u_char            in[2000];

    for (nth = 1; nth <= 2; nth++) {
        start(&r);
        heap_fail = nth;

        feed(&r, "\x01\x82\0\0\0\0" "ab" "\x00\xfe\x07\xd0\0\0\0\0", 16, &m);

        rc = feed(&r, in, sizeof(in), &m);

        tap_ok(rc == CONVRELAY_ERROR
               && r.close_code == CONVRELAY_WS_INTERNAL_ERROR,
               "failure of allocation %u fails with 1011", nth);
        tap_ok(heap_size == 0 && r.buf == NULL, "what was held is freed");
    }

    tap_ok(r.value > 2000, "the error tells how much was wanted");

    start(&r);
    heap_fail = 1;

    rc = feed(&r, "\x89\x8a\0\0\0\0" "abcd", 10, &m);
    tap_ok(rc == CONVRELAY_ERROR
           && r.close_code == CONVRELAY_WS_INTERNAL_ERROR,
           "so does a control frame");
}


int
main(void)
{
    announced();
    growth();
    failures();

    return tap_done();
}
