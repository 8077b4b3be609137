
/*
 * Copyright (C) convrelay contributors
 *
 * A binary with other counters does not take the memory of this one.  The store
 * is compiled in a second time, with a table of this test.
 */


#include "convrelay_metric_store.h"
#include "tap.h"


static const convrelay_metric_line_t *test_table(void);


#define convrelay_metric_table             test_table
#define convrelay_metric_store_create      test_store_create
#define convrelay_metric_store_open        test_store_open
#define convrelay_metric_store_begin       test_store_begin
#define convrelay_metric_store_block       test_store_block
#define convrelay_metric_store_llm         test_store_llm
#define convrelay_metric_store_tool        test_store_tool
#define convrelay_metric_store_due         test_store_due
#define convrelay_metric_store_tick        test_store_tick
#define convrelay_metric_store_read        test_store_read
#define convrelay_metric_store_read_llm    test_store_read_llm
#define convrelay_metric_store_read_tool   test_store_read_tool
#define convrelay_metric_store_slots       test_store_slots

#include "convrelay_metric_store.c"

#undef convrelay_metric_table
#undef convrelay_metric_store_create
#undef convrelay_metric_store_open


static convrelay_metric_line_t  lines[2 * CONVRELAY_METRIC_N];


static const convrelay_metric_line_t *
test_table(void)
{
    return lines;
}


int
main(void)
{
    void                           *mem;
    size_t                          i, n, last, names, values, kinds;
    const char                     *was;
    const convrelay_metric_line_t  *table;

    table = convrelay_metric_table();

    for (n = 0; table[n].index < CONVRELAY_METRIC_N; n++) { /* void */ }

    memcpy(lines, table, (n + 1) * sizeof(convrelay_metric_line_t));

    mem = malloc(sizeof(convrelay_metric_store_t));
    (void) convrelay_metric_store_create(mem, 1000);

    tap_ok(test_store_open(mem, sizeof(convrelay_metric_store_t)) == mem,
           "the same table");

    names = 0;
    values = 0;
    kinds = 0;
    last = 0;

    for (i = 0; i < n; i++) {

        if (lines[i].name) {
            was = lines[i].name;
            lines[i].name = "another";
            names += (test_store_open(mem, sizeof(convrelay_metric_store_t))
                      == NULL);
            lines[i].name = was;

        } else if (lines[i].value) {
            was = lines[i].value;
            lines[i].value = "another";
            values += (test_store_open(mem, sizeof(convrelay_metric_store_t))
                       == NULL);
            lines[i].value = was;

            was = lines[i].kind;
            lines[i].kind = "another";
            kinds += (test_store_open(mem, sizeof(convrelay_metric_store_t))
                      == NULL);
            lines[i].kind = was;

        } else {
            values++;
            kinds++;
        }

        last += (lines[i].name != NULL);
    }

    tap_ok(names == last, "%zu of %zu other names are noticed", names, last);
    tap_ok(values == n - last && kinds == values,
           "%zu of %zu other values, and kinds", values, n - last);

    /* one that goes to another family */

    for (i = 1; lines[i].name == NULL || lines[i].bounds; i++) { /* void */ }

    lines[n + 1] = lines[i - 1];
    lines[i - 1] = lines[i];
    lines[i] = lines[n + 1];

    tap_ok(test_store_open(mem, sizeof(convrelay_metric_store_t)) == NULL,
           "so is another order");

    free(mem);

    return tap_done();
}
