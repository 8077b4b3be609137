
/*
 * Copyright (C) convrelay contributors
 *
 * Sockets that are lost, in the model of session_model_manners.h.
 */


#define HEARD_TIME  20000     /* ms, for all that was said */


static void loosen(call_t *c, long n);
static void said(call_t *c);


/* between any two events: the session ends, or its process does */

static void
lose(call_t *c)
{
    u_char    *state;
    size_t     len, heard;
    answer_t  *a;
    unsigned   i, asks, killed;

    if (c->s.state != CONVRELAY_SESSION_OPEN) {
        return;
    }

    a = cur(c);
    killed = rnd(2);

    /* what was cut is known, and what is spoken only as far as it is
       reported; a state is written before an answer is over, but not for each
       word of it */

    asks = (c->turn != CONVRELAY_TURN_IDLE);

    if (c->paused && c->begun && killed && asks) {
        heard = answer_written(a, c->heard);
        a->cut = 1;
        c->paused = 0;

        store(c, (heard < a->base) ? heard : a->base);

    } else if (c->paused) {
        asks &= !c->begun;
        pause_cut(c);

    } else if (a->live) {

        for (i = 0; i < a->nparts; i++) {

            if (a->parts[i].entry != -1) {
                loosen(c, a->parts[i].entry);
            }
        }

        if (a->entry != -1) {
            loosen(c, a->entry);
        }
    }

    /* one that waits for the actions of an interruption is written once they
       are done */

    if (c->waits && !killed) {
        add(c, 0, c->waiting, strlen(c->waiting));
    }

    if (!killed) {
        convrelay_session_gone(&c->s, c->now);
    }

    state = state_of(c, &len);

    convrelay_session_free(&c->s);

    c->now += rnd(4000);
    c->turn = CONVRELAY_TURN_IDLE;
    c->request = 0;
    c->open = 0;
    c->waits = 0;
    c->nruns = 0;
    c->key_at = 0;
    c->led = 0;
    c->asked = NO;
    a->live = 0;

    begin(c);

    if (take(c, state, len, 1) == CONVRELAY_AGAIN) {
        (void) take(c, state, len, 0);
    }

    free(state);

    if (asks && !c->request) {
        bad(c, "a question is not asked again");
    }

    check_history(c);
    nlost++;
}


/* a part of it is left, or nothing */

static void
loosen(call_t *c, long n)
{
    c->entries[n].loose = 1;
    c->entries[n].cut_short = cur(c)->cut;
}


/* a session that has read the state of this one, and the same events */

static void
twin(call_t *c)
{
    u_char          *state;
    size_t           i, len;
    uint64_t         at;
    unsigned         n;
    static call_t    r;

    if (c->s.state != CONVRELAY_SESSION_OPEN || c->paused || c->waits
        || c->turn != CONVRELAY_TURN_IDLE || c->nruns
        || convrelay_session_turn_open(&c->s)
        || convrelay_session_tools_waiting(&c->s)
        || (c->s.tools && c->s.tools->runs)
        || c->s.keys.state != CONVRELAY_KEYS_NONE
        || c->s.silence.client_speaking
        || convrelay_session_spoken_until(&c->s) > c->now + HEARD_TIME)
    {
        return;
    }

    /* what was said before has been heard */

    c->now += HEARD_TIME;
    cur(c)->live = 0;

    state = state_of(c, &len);

    r = *c;

    for (i = 0; i < r.nentries; i++) {
        r.entries[i].text = malloc(c->entries[i].len + 1);
        memcpy(r.entries[i].text, c->entries[i].text, c->entries[i].len);
    }

    begin(&r);

    if (take(&r, state, len, 1) != CONVRELAY_OK) {
        bad(c, "a twin waits");
    }

    free(state);

    c->log = 0;
    r.log = 0;

    for (n = 0; n < 12; n++) {
        at = rnd_at();

        if (n == 0) {
            said(c);
            rnd_back(at);
            said(&r);

        } else {
            event(c);
            rnd_back(at);
            event(&r);
        }

        if (c->log != r.log || c->now != r.now) {
            bad(c, "the new session is another one");
            break;
        }
    }

    if (!same_state(c, &r)) {
        bad(c, "the new session keeps something else");
    }

    ntwins++;

    convrelay_session_free(&r.s);

    while (r.nentries) {
        free(r.entries[--r.nentries].text);
    }

    c->sessions++;
}


/* a question, and a clause of its answer that Twilio reports: what was said
   before it does not matter any longer */

static void
said(call_t *c)
{
    unsigned  triggers;

    triggers = c->conf.triggers;
    c->conf.triggers &= ~(1u << CONVRELAY_TRIGGER_PROMPT);

    prompt(c, 0);

    c->conf.triggers = triggers;

    if (c->request) {
        fragment(c, &fragments[0]);
        fragment(c, &fragments[1]);
        finish(c);
        speak(c);
    }
}
