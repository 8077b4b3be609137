
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks whether a voice reports; of the others each is a
 * choice that the model of the unit test makes of a call's events.
 */


#include "../unit/tap.h"


/* the sanitizer sees a byte too far, and faster than an unreadable page */

#define tap_flush(data, len)   exact(data, len)
#define tap_unflush(data, len) free(data)


static u_char *exact(const void *data, size_t len);


#include "../unit/session_model.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


static const u_char  *choice;
static const u_char  *last;


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    unsigned       n;
    static call_t  c;

    if (size == 0) {
        return 0;
    }

    choice = data + 1;
    last = data + size;

    start_call(&c, data[0]);

    for (n = 0; n < EVENTS && choice < last && !over(&c); n++) {
        run_event(&c);

        if (nbad) {
            abort();
        }
    }

    end_call(&c);

    return 0;
}


static unsigned
rnd(unsigned n)
{
    unsigned  value;

    value = 0;

    if (choice < last) {
        value = *choice++;
    }

    if (n > 256 && choice < last) {
        value = value << 8 | *choice++;
    }

    return value % n;
}


static u_char *
exact(const void *data, size_t len)
{
    u_char  *copy;

    copy = malloc(len);

    if (len) {
        memcpy(copy, data, len);
    }

    return copy;
}
