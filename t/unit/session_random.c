
/*
 * Copyright (C) convrelay contributors
 *
 * Random phone calls, held against the invariants.
 */


#include "session_model.h"


#define CALLS  600


static uint64_t  state;


static unsigned
rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;

    return (state >> 33) % n;
}


int
main(void)
{
    unsigned       i, n;
    static call_t  c;

    for (i = 0; i < CALLS; i++) {
        state = i * 2654435761u + 1;

        start_call(&c, i);

        for (n = 0; n < EVENTS; n++) {
            run_event(&c);
        }

        end_call(&c);
    }

    tap_ok(nbad == 0, "%u events in %u calls", nevents, CALLS);
    tap_ok(nexact > 1000, "%u cuts where what was heard is known", nexact);
    tap_ok(nguess > 1000, "%u cuts where it is guessed", nguess);

    return tap_done();
}
