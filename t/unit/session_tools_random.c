
/*
 * Copyright (C) convrelay contributors
 *
 * Random calls with tools, held against their invariants.
 */


#include "session_model_tools.h"


#define CALLS  6000


static uint64_t  state;


static unsigned
rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;

    return (state >> 33) % n;
}


static uint64_t
rnd_at(void)
{
    return state;
}


static void
rnd_back(uint64_t at)
{
    state = at;
}


int
main(void)
{
    static call_t  c;

    for (number = 0; number < CALLS; number++) {
        state = number * 2654435761u + 7;
        run_call(&c, number);
    }

    tap_ok(nbad == 0, "%u calls", CALLS);
    tap_ok(nlate > 50, "%u results that came late", nlate);
    tap_ok(nshared > 50, "%u results for two calls", nshared);
    tap_ok(ncancelled > 50, "%u look-ups that were cancelled", ncancelled);
    tap_ok(nback > 5, "%u goodbyes that were taken back", nback);
    tap_ok(nresumed > 50, "%u turns that went on", nresumed);
    tap_ok(nskipped > 20, "%u turns without a word", nskipped);
    tap_ok(nleaks > 50 && nleaks < 10 * CALLS, "%u leaks", nleaks);
    tap_ok(nrepeated > 20, "%u calls that were remembered", nrepeated);
    tap_ok(nwithheld > 50, "%u times results were withheld", nwithheld);
    tap_ok(nfailed > 50, "%u that could not be started", nfailed);
    tap_ok(nperformed > 20, "%u with actions for one that was late",
           nperformed);
    tap_ok(nfillers > 500, "%u fillers", nfillers);
    tap_ok(nown > 50, "%u of a tool", nown);
    tap_ok(nhello > 50, "%u after a Hello?", nhello);
    tap_ok(nlost > 500, "%u sockets that were lost", nlost);
    tap_ok(nasked > 200, "%u questions that were asked again", nasked);
    tap_ok(nunheard > 5, "%u of which no answer was heard", nunheard);
    tap_ok(nadded > 50, "%u results that came after that", nadded);
    tap_ok(nunsure > 50, "%u sessions with a tool without one", nunsure);
    tap_ok(ntwins > 200, "%u twins", ntwins);
    tap_ok(nwaited > 500, "%u calls that waited for their context", nwaited);

    return tap_done();
}
