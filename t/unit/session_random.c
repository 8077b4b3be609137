
/*
 * Copyright (C) convrelay contributors
 *
 * Random phone calls, held against the invariants.
 */


#include "session_model.h"


#define CALLS  2000


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

        for (n = 0; n < EVENTS && !over(&c); n++) {
            run_event(&c);
        }

        end_call(&c);
    }

    tap_ok(nbad == 0, "%u events in %u calls", nevents, CALLS);
    tap_ok(nexact > 500, "%u cuts where what was heard is known", nexact);
    tap_ok(nguess > 500, "%u cuts where it is guessed", nguess);
    tap_ok(nfast > 20, "%u calls with too many turns", nfast);

    for (i = 0; i < CONVRELAY_DEADLINES; i++) {

        /* session_tools_random.c; session_speech.c */

        if (i == CONVRELAY_DEADLINE_TOOLS || i == CONVRELAY_DEADLINE_SPEECH) {
            continue;
        }

        tap_ok(ndue[i] > 20, "deadline %u, %u times", i, ndue[i]);
    }

    tap_ok(nwaited > 100, "%u calls that waited for their context", nwaited);
    tap_ok(nasked > 20, "%u questions of actions", nasked);
    tap_ok(nfillers > 200, "%u fillers", nfillers);
    tap_ok(nkept > 50, "%u turns that outlived a cut filler", nkept);
    tap_ok(nends > 50, "%u ends that waited", nends);
    tap_ok(nrepeated > 50, "%u prompts that are the one before", nrepeated);
    tap_ok(nhedged > 20, "%u answers of a second LLM", nhedged);
    tap_ok(nunhedged > 20, "%u that were not needed", nunhedged);
    tap_ok(nextras > 1000, "%u extras in the history", nextras);
    tap_ok(ncuts > 1000, "%u answers in it that were cut", ncuts);
    tap_ok(nfallen > 50, "%u turns that asked another LLM", nfallen);
    tap_ok(ntones > 20, "%u ends that came with a report of keys", ntones);

    for (i = CONVRELAY_TRIGGER_SETUP; i <= CONVRELAY_TRIGGER_CALL_TIME;
         i++)
    {
        if (i == CONVRELAY_TRIGGER_TOOL) {
            continue;             /* those have a model of their own */
        }

        tap_ok(nreacted[i] > 20, "event %u, %u times", i, nreacted[i]);
    }

    return tap_done();
}
