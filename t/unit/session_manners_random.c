
/*
 * Copyright (C) convrelay contributors
 *
 * Random calls with everything that is about speech, held against a model that
 * is simpler: "session_manners_random CALLS" for more than a test has time for.
 */


#include "session_model_manners.h"


#define CALLS  3000


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
main(int argc, char **argv)
{
    unsigned       i, n;
    static call_t  c;

    n = (argc > 1) ? strtoul(argv[1], NULL, 10) : CALLS;

    lexicon_init();

    for (i = 0; i < n; i++) {
        state = i * 2654435761u + 11;
        run_call(&c, i);
    }

    tap_ok(nbad == 0, "%u calls", n);
    tap_ok(nwhole > n, "%u requests' texts, each in one piece", nwhole);
    tap_ok(nlate > n / 10, "%u times the rest waited too long", nlate);
    tap_ok(npauses > n, "%u pauses", npauses);
    tap_ok(nwent_on > n / 2, "%u answers went on", nwent_on);
    tap_ok(ntwice > n / 20, "%u twice", ntwice);
    tap_ok(nleft > n / 4, "%u did not", nleft);
    tap_ok(nkeyed > n / 20, "%u for a key", nkeyed);
    tap_ok(nshort > n / 40, "%u had too little left", nshort);
    tap_ok(ncuts > n, "%u were cut", ncuts);
    tap_ok(nmarked > n, "%u times that was told", nmarked);
    tap_ok(nnoise > n / 4, "%u \"uh-huh\"s", nnoise);
    tap_ok(nlong > n / 40, "%u answers with more than 64 KiB", nlong);
    tap_ok(nsaid > n / 4, "%u texts of actions", nsaid);
    tap_ok(nlost > n / 2, "%u sockets that were lost", nlost);
    tap_ok(ntwins > n / 4, "%u twins", ntwins);
    tap_ok(nforeign > n / 10, "%u calls not in English", nforeign);

    return tap_done();
}
