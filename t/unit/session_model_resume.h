
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with tools that lose their socket: another session reads what the one
 * before has written.  A question without an answer is asked again, a tool is
 * never asked twice, and no result that came is lost.
 *
 * Between two turns the new session is the same as the old one: given the same
 * events, both hand out the same actions, and leave the same state.
 */


#define WALL  1700000000000


static u_char *state_of(const call_t *c, size_t *len);
static int take(call_t *c, u_char *state, size_t len, unsigned wait);
static unsigned same_state(const call_t *c, const call_t *r);
static void said(call_t *c);
static void log_bytes(call_t *c, const void *data, size_t len);


/* a session of the call, up to its RESTORE or CONTEXT */

static void
begin(call_t *c)
{
    char                       session[16];
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    convrelay_session_init(&c->s, &c->conf, c->now);

    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.session_id.data = (u_char *) session;
    m.u.setup.session_id.len = sprintf(session, "VX%u", ++c->sessions);
    convrelay_str_set(&m.u.setup.account_sid, "AC1");
    convrelay_str_set(&m.u.setup.call_sid, "CA1");

    convrelay_session_message(&c->s, &m, c->now, &c->out);
}


static void
lose(call_t *c)
{
    int       rc;
    u_char   *state;
    size_t    len;
    unsigned  asked;

    if (c->s.state != CONVRELAY_SESSION_OPEN || c->trigger || c->closed) {
        return;
    }

    asked = convrelay_session_turn_open(&c->s)
            || convrelay_session_tools_waiting(&c->s);

    /* either the process goes on without the socket, and tools may still end,
       or it is killed */

    if (rnd(2)) {
        convrelay_session_gone(&c->s, c->now);

        /* or nothing of its answer was heard, but a filler before it */

        if (c->s.ask_again && !asked) {
            asked = 1;
            nunheard++;

            if (c->s.history.last->role == CONVRELAY_LLM_ASSISTANT) {
                bad(c, "an answer is left");
            }
        }

        while (c->nruns && rnd(3)) {
            tool_end(c, rnd(c->nruns));
            nadded++;
        }

        if (c->trigger) {
            bad(c, "actions without a socket");
        }
    }

    state = state_of(c, &len);

    convrelay_session_free(&c->s);

    c->llm = 0;
    c->open = 0;
    c->now += rnd(4000);

    begin(c);

    rc = take(c, state, len, 1);

    if (rc != (c->nruns ? CONVRELAY_AGAIN : CONVRELAY_OK)) {
        bad(c, "waits for a tool, or does not");
    }

    if (rc == CONVRELAY_AGAIN) {

        if (c->s.state != CONVRELAY_SESSION_WAITING || c->s.history.first) {
            bad(c, "something is taken before the result");
        }

        (void) take(c, state, len, 0);
        nunsure++;
    }

    free(state);
    c->nruns = 0;

    if (c->conf.context) {
        convrelay_session_context_end(&c->s, c->now, &c->out);
    }

    if (c->s.resumed != c->sessions - 1) {
        bad(c, "the state is not taken");
    }

    if (c->llm != asked || (asked && !c->s.resume_lost)) {
        bad(c, "the question is not asked again, or one that has an answer");
    }

    nlost++;
    nasked += asked;
}


static void
twin(call_t *c)
{
    u_char         *state;
    size_t          len;
    uint64_t        at;
    unsigned        i;
    static call_t   r;

    if (c->s.state != CONVRELAY_SESSION_OPEN || c->trigger || c->closed
        || c->llm || c->nruns || convrelay_session_turn_open(&c->s)
        || convrelay_session_tools_waiting(&c->s)
        || (c->s.tools && c->s.tools->runs) || c->s.silence.client_speaking)
    {
        return;
    }

    /* what was said before has been heard */

    c->now += 20000;

    state = state_of(c, &len);

    r = *c;
    r.out.act = act;

    begin(&r);

    if (take(&r, state, len, 1) != CONVRELAY_OK) {
        bad(c, "a twin waits");
    }

    free(state);

    if (r.conf.context) {
        convrelay_session_context_end(&r.s, r.now, &r.out);
    }

    c->log = 0;
    r.log = 0;
    r.waits = c->waits;

    for (i = 0; i < 16 && !c->closed && !c->ended; i++) {
        at = rnd_at();

        if (i == 0) {
            said(c);
            rnd_back(at);
            said(&r);

        } else {
            event(c);
            rnd_back(at);
            event(&r);
        }

        check(c);
        check(&r);

        if (c->log != r.log || c->now != r.now) {
            bad(c, "the new session is another one");
            break;
        }
    }

    if (c->s.state != CONVRELAY_SESSION_CLOSED && !same_state(c, &r)) {
        bad(c, "the new session keeps something else");
    }

    convrelay_session_free(&r.s);
    ntwins++;
}


/* a question, and the first words of its answer: what was said before it does
   not matter any longer */

static void
said(call_t *c)
{
    convrelay_str_t  text;

    caller(c, CONVRELAY_RELAY_PROMPT);

    convrelay_str_set(&text, "Well.");
    convrelay_session_delta(&c->s, &text, c->now, &c->out);
}


static u_char *
state_of(const call_t *c, size_t *len)
{
    size_t                  size;
    u_char                 *p;
    const char             *error;
    convrelay_state_conf_t  conf = { .wall = WALL + c->now };

    size = convrelay_state_size(&c->s, &conf);
    p = malloc(size + 1);

    *len = convrelay_state_write(p, &c->s, &conf, c->now) - p;

    if (*len > size || *len == 0 || conf.cut
        || convrelay_json_check(p, *len, &error) != CONVRELAY_OK)
    {
        bad((call_t *) c, "no state");
    }

    return p;
}


/* it is changed while it is read */

static int
take(call_t *c, u_char *state, size_t len, unsigned wait)
{
    int                     rc;
    u_char                 *p;
    convrelay_state_conf_t  conf = { .wall = WALL + c->now };

    conf.wait = wait;

    p = malloc(len);
    memcpy(p, state, len);

    rc = convrelay_session_restored(&c->s, p, len, &conf, c->now, &c->out);

    free(p);

    return rc;
}


/* all but which session it is */

static unsigned
same_state(const call_t *c, const call_t *r)
{
    u_char    *p, *q;
    size_t     m, n;
    unsigned   same;
    char      *from, *with;

    p = state_of(c, &m);
    q = state_of(r, &n);

    p[m] = '\0';
    q[n] = '\0';

    from = strstr((char *) p, ",\"started\":");
    with = strstr((char *) q, ",\"started\":");

    same = (from && with && strcmp(from, with) == 0);

    if (!same) {
        printf("# %s\n# %s\n", from, with);
    }

    free(p);
    free(q);

    return same;
}


static void
log_action(call_t *c, const convrelay_action_t *a)
{
    u_char  *p;
    size_t   size;

    log_bytes(c, &a->type, sizeof(a->type));
    log_bytes(c, &a->code, sizeof(a->code));
    log_bytes(c, &a->tool, sizeof(a->tool));
    log_bytes(c, a->text.data, a->text.len);
    log_bytes(c, a->line.data, a->line.len);

    if (a->note) {
        log_bytes(c, a->note, strlen(a->note));
    }

    if (a->run) {
        log_bytes(c, a->run->key, CONVRELAY_TOOL_KEY);
    }

    if (a->message) {
        size = convrelay_relay_out_size(a->message);
        p = malloc(size);
        convrelay_relay_out_write(p, a->message);
        log_bytes(c, p, size);
        free(p);
    }
}


/* FNV-1a */

static void
log_bytes(call_t *c, const void *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        c->log = (c->log ^ ((const u_char *) data)[i]) * 1099511628211u;
    }

    c->log++;
}
