
/*
 * Copyright (C) convrelay contributors
 *
 * Numbered tokens that are lost, doubled or out of order.
 *
 * link: src/caller/convrelay_caller_sequence.c
 */


#include "tap.h"

#include "convrelay_caller_sequence.h"


static void test_sequences(void);


int
main(void)
{
    test_sequences();

    return tap_done();
}


static void
sequence(const char *text, unsigned lost, unsigned doubled,
    unsigned reordered, const char *name)
{
    size_t                       i, len;
    u_char                      *p;
    unsigned                     bytes;
    convrelay_caller_order_t     order;
    convrelay_caller_sequence_t  s;

    len = strlen(text);
    p = tap_flush(text, len);

    for (bytes = 0; bytes < 2; bytes++) {
        memset(&s, 0, sizeof(convrelay_caller_sequence_t));
        memset(&order, 0, sizeof(convrelay_caller_order_t));

        if (bytes) {
            for (i = 0; i < len; i++) {
                convrelay_caller_sequence_read(&s, &order, p + i, 1);
            }

        } else {
            convrelay_caller_sequence_read(&s, &order, p, len);
        }

        convrelay_caller_sequence_end(&s, &order);

        tap_ok(order.lost == lost && order.doubled == doubled
               && order.reordered == reordered, "%s%s: %u %u %u", name,
               bytes ? ", byte by byte" : "", (unsigned) order.lost,
               (unsigned) order.doubled, (unsigned) order.reordered);
    }

    tap_unflush(p, len);
}


static void
test_sequences(void)
{
    sequence(" 1 2 3 4 5 6 7 8 9 10 11", 0, 0, 0, "in order");
    sequence("", 0, 0, 0, "nothing");
    sequence(" 2 3", 1, 0, 0, "the first is lost");
    sequence(" 1 2 5 6", 2, 0, 0, "two are lost");
    sequence(" 1 2 2 3", 0, 1, 0, "one is doubled");
    sequence(" 1 2 1 2 3", 0, 1, 1, "two again");
    sequence(" 1 3 2 4", 1, 0, 1, "two changed places");
    sequence(" 1 210 3", 208, 0, 1, "two tokens grew together");
    sequence("I am sorry, 5 or 3.", 0, 0, 0, "words are not looked at");
    sequence(" 5000000000 5000000020 5000000021", 0, 0, 0, "stamps may jump");
    sequence(" 5000000020 5000000000", 0, 0, 1, "but not back");
}
