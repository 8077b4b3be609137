
/*
 * Copyright (C) convrelay contributors
 *
 * Writes the state of a session.
 */


#include "convrelay_state_parts.h"


static unsigned convrelay_state_has_begun(const convrelay_session_t *s);
static unsigned convrelay_state_plan(convrelay_state_out_t *w);
static void convrelay_state_all(convrelay_state_out_t *w);
static void convrelay_state_llms(convrelay_state_out_t *w);
static void convrelay_state_head(convrelay_state_out_t *w);
static void convrelay_state_counts(convrelay_state_out_t *w);
static void convrelay_state_latency(convrelay_state_out_t *w);
static void convrelay_state_pairs(convrelay_state_out_t *w, const char *name,
    const convrelay_pair_t *pair, size_t n);
static void convrelay_state_turn(convrelay_state_out_t *w);
static unsigned convrelay_state_rounds(const convrelay_session_t *s);
static void convrelay_state_answer(convrelay_state_out_t *w);
static unsigned convrelay_state_is_own(const convrelay_str_t *name);


size_t
convrelay_state_size(const convrelay_session_t *s,
    convrelay_state_conf_t *conf)
{
    convrelay_state_out_t  w;

    memset(&w, 0, sizeof(convrelay_state_out_t));

    w.s = s;
    w.conf = conf;

    conf->cut = convrelay_state_plan(&w);

    return w.len;
}


u_char *
convrelay_state_write(u_char *p, const convrelay_session_t *s,
    const convrelay_state_conf_t *conf, uint64_t now)
{
    convrelay_state_out_t  w;

    memset(&w, 0, sizeof(convrelay_state_out_t));

    w.s = s;
    w.conf = conf;

    if (!convrelay_state_has_begun(s)) {
        return p;
    }

    w.first = s->history.first;

    if (conf->cut) {
        (void) convrelay_state_plan(&w);

        if (w.len == 0) {
            return p;
        }
    }

    w.p = p;
    w.len = 0;
    w.now = now;

    convrelay_state_all(&w);

    return p + w.len;
}


static unsigned
convrelay_state_has_begun(const convrelay_session_t *s)
{
    convrelay_relay_setup_t  setup;

    convrelay_session_get_setup(s, &setup);

    return setup.call_sid.len && s->state >= CONVRELAY_SESSION_OPEN;
}


/* chooses the messages that fit; w->len: the bytes of everything, at most; true
   if something does not fit */

static unsigned
convrelay_state_plan(convrelay_state_out_t *w)
{
    size_t                          max, rest, messages;
    unsigned                        cut;
    const convrelay_llm_message_t  *m;

    w->len = 0;

    if (!convrelay_state_has_begun(w->s)) {
        return 0;
    }

    max = w->conf->max;
    cut = 0;

    w->first = NULL;
    convrelay_state_all(w);

    if (max && w->len > max) {
        cut = 1;

        w->withheld = 1;
        w->len = 0;
        convrelay_state_all(w);

        if (w->len > max) {
            w->len = 0;
            return 1;
        }
    }

    rest = w->len;

    w->first = w->s->history.first;
    w->len = 0;
    convrelay_state_write_messages(w);

    messages = w->len;

    for (m = w->first; max && m && messages + rest > max; w->first = m) {
        cut = 1;

        /* a turn: up to the next message of the caller */

        do {
            w->len = 0;
            convrelay_state_write_message(w, m);

            m = m->next;
            messages -= w->len + (m != NULL);
        } while (m && m->role != CONVRELAY_LLM_USER);
    }

    w->len = messages + rest;

    return cut;
}


/* where first is NULL, all runs are written that have no message, so that what
   is measured then is never too little */

static void
convrelay_state_all(convrelay_state_out_t *w)
{
    convrelay_state_put(w, "{");
    convrelay_state_head(w);
    convrelay_state_counts(w);
    convrelay_state_latency(w);

    convrelay_state_pairs(w, ",\"parameters\":{", w->s->parameters,
                          w->s->nparameters);
    convrelay_state_pairs(w, ",\"variables\":{",
                          w->s->nvariables
                          ? w->s->parameters + w->s->nparameters : NULL,
                          w->s->nvariables);

    if (w->s->tools) {
        convrelay_state_write_tools(w);
    }

    convrelay_state_turn(w);
    convrelay_state_answer(w);

    convrelay_state_put(w, ",\"messages\":[");
    convrelay_state_write_messages(w);
    convrelay_state_put(w, "]");
    convrelay_state_llms(w);
    convrelay_state_put(w, "}");
}


/* the LLMs by number, for what they alone must get back */

static void
convrelay_state_llms(convrelay_state_out_t *w)
{
    size_t                           i;
    const convrelay_session_conf_t  *conf;

    conf = w->s->conf;

    if (conf->llm.id == 0 || (w->p && !w->extra)) {
        return;
    }

    convrelay_state_put(w, ",\"llms\":[");
    convrelay_state_number(w, conf->llm.id);

    for (i = 0; i < conf->nfallbacks; i++) {
        convrelay_state_put(w, ",");
        convrelay_state_number(w, conf->fallbacks[i].id);
    }

    convrelay_state_put(w, "]");
}


static void
convrelay_state_head(convrelay_state_out_t *w)
{
    const convrelay_session_t  *s;
    convrelay_relay_setup_t     setup;

    s = w->s;

    convrelay_session_get_setup(s, &setup);

    convrelay_state_put(w, "\"v\":");
    convrelay_state_number(w, CONVRELAY_STATE_VERSION);
    convrelay_state_time(w, ",\"saved\":", w->now);

    if (w->conf->clock) {
        convrelay_state_number_of(w, ",\"clock\":", w->now);
        convrelay_state_number_of(w, ",\"clock_id\":", w->conf->clock);
    }

    convrelay_state_member(w, ",\"account\":", &setup.account_sid);
    convrelay_state_member(w, ",\"call\":", &setup.call_sid);
    convrelay_state_member(w, ",\"session\":", &setup.session_id);

    convrelay_state_count(w, ",\"sessions\":", (uint64_t) s->resumed + 1);
    convrelay_state_time(w, ",\"started\":",
                         w->now - (uint32_t) (w->now - s->began));

    convrelay_state_phone(w, ",\"from\":", &setup.from);
    convrelay_state_phone(w, ",\"to\":", &setup.to);
    convrelay_state_member(w, ",\"direction\":", &setup.direction);
    convrelay_state_member(w, ",\"lang\":", &s->lang);
}


static void
convrelay_state_counts(convrelay_state_out_t *w)
{
    unsigned                    waits;
    const convrelay_session_t  *s;

    s = w->s;

    /* a question that waits for tools is a turn as well, once it is asked */

    waits = (s->turn == CONVRELAY_TURN_IDLE
             && convrelay_session_tools_waiting(s));

    convrelay_state_count(w, ",\"turns\":", (uint64_t) s->turns + waits);
    convrelay_state_count(w, ",\"interrupts\":", s->interrupts);
    convrelay_state_count(w, ",\"tool_calls\":", s->tool_calls);
    convrelay_state_count(w, ",\"tool_failures\":", s->tool_failures);
    convrelay_state_count(w, ",\"tokens\":", s->tokens);
    convrelay_state_count(w, ",\"input_tokens\":", s->input_tokens);
    convrelay_state_count(w, ",\"output_tokens\":", s->output_tokens);
    convrelay_state_count(w, ",\"leaks\":", s->leaks);
    convrelay_state_count(w, ",\"hedges_won\":", s->hedges_won);
    convrelay_state_count(w, ",\"failures\":", s->failures);

    if (s->call_time) {
        convrelay_state_count(w, ",\"call_time\":",
                              s->conf->call_times[s->call_time - 1].ms);
    }

    if (s->filler) {
        convrelay_state_count(w, ",\"fillers\":", s->filler->total);
        convrelay_state_count(w, ",\"next_filler\":", s->filler->next);
    }

    if (s->turn_rate.level) {
        convrelay_state_count(w, ",\"rate\":", s->turn_rate.level);
        convrelay_state_time(w, ",\"rate_at\":", s->turn_rate.at);
    }
}


static void
convrelay_state_latency(convrelay_state_out_t *w)
{
    size_t                      i;
    const convrelay_latency_t  *l;

    l = w->s->latency;

    if (l == NULL) {
        return;
    }

    convrelay_state_put(w, ",\"latency\":{\"max\":");
    convrelay_state_number(w, l->max);
    convrelay_state_count(w, ",\"every\":", l->every);
    convrelay_state_count(w, ",\"skipped\":", l->skipped);
    convrelay_state_put(w, ",\"samples\":[");

    for (i = 0; i < l->n; i++) {

        if (i) {
            convrelay_state_put(w, ",");
        }

        convrelay_state_number(w, l->samples[i]);
    }

    convrelay_state_put(w, "]}");
}


static void
convrelay_state_pairs(convrelay_state_out_t *w, const char *name,
    const convrelay_pair_t *pair, size_t n)
{
    size_t    i;
    unsigned  written;

    written = 0;

    for (i = 0; i < n; i++) {

        if (convrelay_state_is_own(&pair[i].name)) {
            continue;
        }

        convrelay_state_put(w, written ? "," : name);
        written = 1;

        convrelay_state_string(w, &pair[i].name);
        convrelay_state_put(w, ":");
        convrelay_state_string(w, &pair[i].value);
    }

    if (written) {
        convrelay_state_put(w, "}");
    }
}


/* a question that has no answer yet */

static void
convrelay_state_turn(convrelay_state_out_t *w)
{
    const convrelay_session_t      *s;
    const convrelay_llm_message_t  *m;

    s = w->s;

    if (!convrelay_session_turn_open(s)
        && !convrelay_session_tools_waiting(s)
        && !(s->state == CONVRELAY_SESSION_GONE && s->ask_again))
    {
        return;
    }

    for (m = w->first; m && m->role != CONVRELAY_LLM_USER; m = m->next) {
        /* void */
    }

    if (m == NULL && w->p) {
        return;
    }

    convrelay_state_put(w, ",\"turn\":{\"rounds\":");
    convrelay_state_number(w, convrelay_state_rounds(s));
    convrelay_state_put(w, s->rescue ? ",\"rescue\":true}" : "}");
}


/* the number of the turn's next request */

static unsigned
convrelay_state_rounds(const convrelay_session_t *s)
{
    const convrelay_session_tools_t  *t;

    t = s->tools;

    if (t == NULL || t->waiting || t->rounds == 0) {
        return 1;
    }

    return t->rounds + (t->round || t->resume);
}


/* an answer that may still be spoken */

static void
convrelay_state_answer(convrelay_state_out_t *w)
{
    uint64_t                    until;
    unsigned                    paused, complete;
    const convrelay_session_t  *s;

    s = w->s;

    if (s->answer.lost) {
        convrelay_state_put(w, ",\"lost\":true");
        return;
    }

    paused = (s->answer.state == CONVRELAY_ANSWER_PAUSED);

    if (!paused
        && (!convrelay_session_audible(s) || convrelay_session_heard_all(s)))
    {
        return;
    }

    /* a paused one is not being spoken: its rest will not be heard, ever */

    until = paused ? w->now + CONVRELAY_SESSION_MAX_PAST
                   : convrelay_session_spoken_until(s);

    if (w->p && until <= w->now) {
        return;
    }

    convrelay_state_time(w, ",\"spoken\":", until);

    /* its question is asked again if nothing of it was heard */

    complete = paused ? (s->turn == CONVRELAY_TURN_IDLE)
                      : (s->answer.state == CONVRELAY_ANSWER_ENDED);

    if (s->answer.asked && complete
        && s->state == CONVRELAY_SESSION_OPEN)
    {
        convrelay_state_count(w, ",\"again\":", convrelay_state_rounds(s));
    }
}


/* parameters of the module itself, such as the ticket */

static unsigned
convrelay_state_is_own(const convrelay_str_t *name)
{
    return convrelay_str_starts_nocase(name, "convrelay_");
}
