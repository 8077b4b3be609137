
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks the configuration; of the others each is a choice that
 * the unit test's model of calls with tools makes: what the LLM calls, how and
 * when a tool ends, what the caller does meanwhile.  The model checks after
 * every event that the history never holds a call without its result.
 */


#include "../unit/session_model_tools.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


static const u_char  *choice;
static const u_char  *last;


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    static call_t  c;

    if (size == 0) {
        return 0;
    }

    choice = data + 1;
    last = data + size;

    run_call(&c, data[0]);

    if (nbad) {
        abort();
    }

    return 0;
}


static uint64_t
rnd_at(void)
{
    return (uintptr_t) choice;
}


static void
rnd_back(uint64_t at)
{
    choice = (const u_char *) (uintptr_t) at;
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
