
/*
 * Copyright (C) convrelay contributors
 *
 * What the JSON reader allocates, and that it survives having nothing to
 * allocate from.  The reader is compiled in a second time, with the heap of
 * this test under other names.
 */


#include "convrelay_utf8.h"
#include "tap.h"


static void *test_realloc(void *p, size_t size);
static void test_free(void *p);
static u_char *test_utf8_repair(const u_char *p, size_t *len, size_t valid);


#define realloc                      test_realloc
#define free                         test_free
#define convrelay_utf8_repair        test_utf8_repair
#define convrelay_json_read          test_json_read
#define convrelay_json_read_repaired  test_json_read_repaired
#define convrelay_json_reader_free   test_json_reader_free
#define convrelay_json_member        test_json_member
#define convrelay_json_members       test_json_members
#define convrelay_json_element       test_json_element
#define convrelay_json_text          test_json_text
#define convrelay_json_is_literal    test_json_is_literal
#define convrelay_json_value_number  test_json_value_number
#define convrelay_json_value_bool    test_json_value_bool
#define convrelay_json_name          test_json_name
#define convrelay_json_utf8          test_json_utf8
#define convrelay_json_check         test_json_check

#include "convrelay_json_reader.c"

#undef realloc
#undef free
#undef convrelay_utf8_repair


static int read_numbers(convrelay_json_reader_t *r, unsigned n);
static void growth(void);
static void failures(void);


static int       heap_blocks;
static u_char   *copy;
static unsigned  heap_calls, heap_fail;


static void *
test_realloc(void *p, size_t size)
{
    heap_calls++;

    if (heap_fail && --heap_fail == 0) {
        return NULL;
    }

    heap_blocks += (p == NULL);

    return realloc(p, size);
}


static void
test_free(void *p)
{
    heap_blocks -= (p != NULL);

    free(p);
}


static u_char *
test_utf8_repair(const u_char *p, size_t *len, size_t valid)
{
    heap_calls++;

    if (heap_fail && --heap_fail == 0) {
        return NULL;
    }

    heap_blocks++;

    return convrelay_utf8_repair(p, len, valid);
}


/* an array of n - 1 */

static int
read_numbers(convrelay_json_reader_t *r, unsigned n)
{
    size_t         len;
    unsigned       i;
    static u_char  doc[4096];

    len = 0;
    heap_calls = 0;

    for (i = 0; i < n; i++) {
        doc[len++] = i ? '0' : '[';
        doc[len++] = i ? ',' : ' ';
    }

    doc[len - 1] = ']';

    return convrelay_json_read(r, doc, len, &copy);
}


static void
growth(void)
{
    int                      rc;
    convrelay_json_reader_t  r;

    tap_ok(read_numbers(&r, CONVRELAY_JSON_VALUES - 1) == CONVRELAY_OK
           && heap_calls == 0 && r.values == r.room,
           "what fits allocates nothing");
    convrelay_json_reader_free(&r);

    tap_ok(read_numbers(&r, 2 * CONVRELAY_JSON_VALUES) == CONVRELAY_OK
           && heap_blocks == 1 && r.nvalues == 2 * CONVRELAY_JSON_VALUES,
           "what does not has one block");
    convrelay_json_reader_free(&r);
    tap_ok(heap_blocks == 0, "which is freed");

    convrelay_json_reader_free(&r);
    tap_ok(heap_blocks == 0, "once");

    rc = read_numbers(&r, 2000);
    tap_ok(rc == CONVRELAY_OK && heap_calls == 5,
           "it grows in few steps, %u", heap_calls);
    convrelay_json_reader_free(&r);
}


static void
failures(void)
{
    int                      rc;
    u_char                   doc[] = "[\"\xff\"]";
    unsigned                 nth;
    convrelay_json_reader_t  r;

    for (nth = 1; nth <= 3; nth++) {
        heap_fail = nth;
        rc = read_numbers(&r, 1000);

        tap_ok(rc == CONVRELAY_ERROR && r.nvalues == 0
               && strcmp(r.error, "could not be read: out of memory") == 0,
               "no memory for a block, try %u", nth);

        convrelay_json_reader_free(&r);
        tap_ok(heap_blocks == 0, "nothing is left");
    }

    heap_fail = 1;
    rc = convrelay_json_read(&r, doc, sizeof(doc) - 1, &copy);

    tap_ok(rc == CONVRELAY_ERROR && r.nvalues == 0 && copy == NULL
           && strcmp(r.error, "could not be read: out of memory") == 0,
           "no memory for a repaired copy");
    convrelay_json_reader_free(&r);

    rc = convrelay_json_read(&r, doc, sizeof(doc) - 1, &copy);
    tap_ok(rc == CONVRELAY_OK && heap_blocks == 1, "which is the caller's");
    convrelay_json_reader_free(&r);

    tap_ok(read_numbers(&r, 1) == CONVRELAY_OK && copy == NULL
           && heap_blocks == 0, "until the next document");
    convrelay_json_reader_free(&r);
}


int
main(void)
{
    growth();
    failures();

    return tap_done();
}
