
/*
 * Copyright (C) convrelay contributors
 *
 * What the model holds against the session.
 */


static char check_action(call_t *c, const convrelay_action_t *a);
static char check_spoken(call_t *c, const convrelay_action_t *a);
static char check_event(call_t *c, const convrelay_action_t *a);
static char check_send(call_t *c, const convrelay_action_t *a);
static char check_end(call_t *c, const convrelay_relay_out_t *m);
static void check_states(call_t *c);
static void check_silence(call_t *c, unsigned idle);
static void check_deadlines(call_t *c);


/* a running answer is cancelled: all that was sent of it stays */

static void
cancel(call_t *c, char *want)
{
    if (!c->running) {
        return;
    }

    strcat(want, c->sent ? "C." : "C");

    c->running = 0;
    c->hedge = 0;
    c->repeat_until = 0;

    if (c->sent) {
        store(c);
    }
}


/* the same, by the caller: what was sent of the answer is not all of it */

static void
cut_short(call_t *c, char *want)
{
    c->cut |= (c->running && c->sent);

    cancel(c, want);
}


/*
 * The actions by letters: U set up, W ask for the context, S start, C cancel,
 * T text, E the error message, "." text "" last, V an event, M a message, H the
 * end, X close, L log, G another LLM is asked, g it is not needed, O it takes
 * over.  The last letter of want may be left out where a "?" follows it.
 */

static void
check_actions(call_t *c, const char *want)
{
    char      got[LIST_SIZE + 1];
    size_t    len;
    unsigned  i, n;

    n = c->out->nactions;

    for (i = 0; i < n; i++) {
        got[i] = check_action(c, &c->out->actions[i]);

        if (i != n - 1 && got[i] == 'X') {
            bad(c, "something after a close");
        }
    }

    if (!list_ok(c->out)) {
        bad(c, "something after the last action");
    }

    got[i] = '\0';

    len = strlen(want);

    if (len && want[len - 1] == '?') {
        len -= (n == len - 1) ? 1 : 2;
    }

    if (n != len || memcmp(got, want, len) != 0) {
        bad(c, "actions \"%s\", not \"%s\"", got, want);
    }
}


static char
check_action(call_t *c, const convrelay_action_t *a)
{
    switch (a->type) {

    case CONVRELAY_ACT_SETUP:
        return 'U';

    case CONVRELAY_ACT_RESTORE:
        return 'R';

    case CONVRELAY_ACT_CONTEXT:
        return 'W';

    case CONVRELAY_ACT_CANCEL:
        return 'C';

    case CONVRELAY_ACT_HEDGE:
        c->hedge = ++c->tried;
        c->hedged_at = c->now;
        c->hedged.len = 0;

        if (c->s.hedge != c->hedge) {
            bad(c, "LLM %u is asked, too, not %u", c->s.hedge, c->hedge);
        }

        return 'G';

    case CONVRELAY_ACT_HEDGE_END:

        if (a->note == NULL) {
            c->tried = c->llm;
        }

        c->hedge = 0;
        nunhedged++;

        return 'g';

    case CONVRELAY_ACT_HEDGE_TAKES:
        c->llm = c->hedge;
        c->llm_at = c->hedged_at;
        c->useful_at = 0;
        c->hedge = 0;
        c->hedge_at = 0;

        return 'O';

    case CONVRELAY_ACT_TEXT:
        return check_spoken(c, a);

    case CONVRELAY_ACT_START:
        c->requested_at = c->now;
        c->llm_at = c->now;
        c->useful_at = 0;
        c->filler_tokens = c->tokens;
        c->hedge = 0;

        if (!c->again && !c->same) {
            c->llm = 0;
            c->tried = 0;
            c->spared = 0;
            c->words = 0;
            c->turns++;
            c->asked_at = c->now;
            c->first_token = -1;
            c->tones_last = 0;
        }

        c->hedge_at = (c->conf.hedge && c->tried == 0 && !c->words)
                      ? c->now + c->conf.hedge : 0;

        if (c->s.llm != c->llm) {
            bad(c, "LLM %u is asked, not %u", c->s.llm, c->llm);
        }

        if (c->open && !c->same) {
            bad(c, "started before the last answer was closed");
        }

        return 'S';

    case CONVRELAY_ACT_CLOSE:
        c->closed = 1;
        c->running = 0;

        if (a->code != 1000 && a->code != 1008) {
            bad(c, "closed with %u", a->code);
        }

        return 'X';

    case CONVRELAY_ACT_LOG:
        return 'L';

    case CONVRELAY_ACT_SEND:
        return check_send(c, a);

    case CONVRELAY_ACT_TRIGGER:
        return check_event(c, a);

    case CONVRELAY_ACT_TOOL:
    case CONVRELAY_ACT_TOOL_CANCEL:
    case CONVRELAY_ACT_TOOL_ENDS:
    case CONVRELAY_ACT_FILLER:
    case CONVRELAY_ACT_GO_ON:
    case CONVRELAY_ACT_BACKCHANNEL:
        break;
    }

    return '?';
}


static char
check_spoken(call_t *c, const convrelay_action_t *a)
{
    if (a->last) {

        if (!c->open || a->text.len) {
            bad(c, "closed what was not open");
        }

        c->open = 0;

        return '.';
    }

    c->open = 1;

    return (a->text.data == c->conf.error_message.data) ? 'E' : 'T';
}


static char
check_event(call_t *c, const convrelay_action_t *a)
{
    static const char  *causes[] = {
        "", "setup", "", "prompt", "noise", "turn end", "clock",
        "", "interrupt", "clock", "clock",
    };

    c->event = a->code;

    if (a->code == CONVRELAY_TRIGGER_DTMF) {
        c->settling = 0;
        c->keys_at = 0;

        if (c->s.keys.n != c->nkeys
            || memcmp(c->s.keys.data->keys, c->keys, c->nkeys) != 0)
        {
            bad(c, "other keys than were pressed");
        }

        return 'V';
    }

    if (a->code == 0 || a->code > CONVRELAY_TRIGGER_CALL_TIME
        || (strcmp(causes[a->code], c->what) != 0
            && !(a->code == CONVRELAY_TRIGGER_LLM_FAILED
                 && strcmp(c->what, "clock") == 0)))
    {
        bad(c, "event %u", a->code);
        c->event = 0;
    }

    if (a->code == CONVRELAY_TRIGGER_PROMPT
        && (a->text.len != c->prompt.len
            || memcmp(a->text.data, c->prompt.data, a->text.len) != 0))
    {
        bad(c, "the event of another prompt");
    }

    return 'V';
}


static char
check_send(call_t *c, const convrelay_action_t *a)
{
    const convrelay_relay_out_t  *m;

    m = a->message;

    if (m->type == CONVRELAY_RELAY_OUT_END) {
        return check_end(c, m);
    }

    if (c->message == NULL || m->type != c->message->type
        || m->last != c->message->last
        || m->text.len != c->said.len
        || memcmp(m->text.data, c->said.data, m->text.len) != 0
        || m->lang.len != c->message->lang.len)
    {
        bad(c, "another message is sent");
    }

    if (m->type == CONVRELAY_RELAY_OUT_TEXT && !c->filler) {

        if (c->open && m->last) {
            bad(c, "a text closes what goes on");
        }

        c->open = !m->last;
    }

    return 'M';
}


static char
check_end(call_t *c, const convrelay_relay_out_t *m)
{
    if (!c->ending || c->ended || c->open) {
        bad(c, "an end that nobody waits for");
        return '?';
    }

    if (m->text.len != strlen(c->handoff)
        || (m->text.len && memcmp(m->text.data, c->handoff, m->text.len) != 0))
    {
        bad(c, "another hand-off");
    }

    c->ended = 1;
    c->end_at = c->now + CLOSE_TIME;

    return 'H';
}


static void
check_text(call_t *c, const convrelay_str_t *text)
{
    unsigned                i;
    convrelay_str_t         said;
    const convrelay_str_t  *got;

    for (i = 0; c->out->actions[i].type != CONVRELAY_ACT_TEXT; i++) {
        /* void */
    }

    got = &c->out->actions[i].text;

    if (got->len != text->len || memcmp(got->data, text->data, text->len)) {
        bad(c, "another text was sent");
    }

    if (!c->sent) {
        new_answer(c, c->now);
        c->sent = 1;
    }

    said.data = c->answer;
    said.len = c->len;

    if (c->first_token == -1 && convrelay_has_word(text)
        && !convrelay_has_word(&said))
    {
        c->ntokens++;
        c->first_token = c->now - c->asked_at;

        if (c->first_token > c->worst) {
            c->worst = c->first_token;
        }
    }

    if ((!c->words || !c->useful_at) && c->filler_tokens == c->tokens) {
        c->filler_tokens++;
    }

    add_text(c, text->data, text->len);
    c->tokens++;
}


/* what holds after every event */

static void
check_state(call_t *c)
{
    convrelay_session_t  *s;

    s = &c->s;

    check_states(c);
    check_deadlines(c);

    if (s->lang.len != strlen(c->lang)
        || (s->lang.len && memcmp(s->lang.data, c->lang, s->lang.len) != 0))
    {
        bad(c, "another language");
    }

    if (s->turns != c->turns || s->interrupts != c->interrupts
        || s->tokens != c->tokens)
    {
        bad(c, "counted wrongly");
    }

    if (s->first_token != c->first_token
        || (s->latency ? s->latency->max : 0) != c->worst
        || (s->latency == NULL) != (c->ntokens == 0)
        || (c->ntokens == 1
            && convrelay_latency_median(s->latency)
               != (c->worst < UINT16_MAX ? c->worst : UINT16_MAX)))
    {
        bad(c, "the first token after %lld ms, not %lld",
            (long long) s->first_token, (long long) c->first_token);
    }

    if (c->open && !c->running && !c->closed) {
        bad(c, "an answer stays open");
    }
}


static void
check_states(call_t *c)
{
    convrelay_turn_e           turn;
    convrelay_session_state_e  state;

    state = c->closed ? CONVRELAY_SESSION_CLOSED
            : c->ended ? CONVRELAY_SESSION_ENDED
            : c->ending ? CONVRELAY_SESSION_ENDING
            : c->ready ? CONVRELAY_SESSION_OPEN
            : c->waiting ? CONVRELAY_SESSION_WAITING : CONVRELAY_SESSION_NEW;

    turn = !c->running ? CONVRELAY_TURN_IDLE
           : c->sent ? CONVRELAY_TURN_SPEAKING : CONVRELAY_TURN_ASKED;

    if (c->s.state != state || c->s.turn != turn) {
        bad(c, "state %d, turn %d, not %d, %d", (int) c->s.state,
            (int) c->s.turn, (int) state, (int) turn);
    }

    if (state < c->state) {
        bad(c, "from state %d back to %d", (int) c->state, (int) state);
    }

    c->state = state;
}


/* how long it lasts is an estimate, but not whether it is counted */

static void
check_silence(call_t *c, unsigned idle)
{
    unsigned  quiet;

    idle = idle && c->conf.nsilence;
    quiet = !c->keys_at && !c->talking && !c->speaking && !c->playing
            && ((idle && c->stage < c->conf.nsilence)
                || (filler_waits(c) && c->filler_said < c->conf.filler->max));

    if ((convrelay_session_until(&c->s, CONVRELAY_DEADLINE_SILENCE) != 0)
        != quiet)
    {
        bad(c, "silence is %scounted", quiet ? "not " : "");
    }

    if ((convrelay_session_until(&c->s, CONVRELAY_DEADLINE_IDLE) != 0)
        != (idle && c->conf.max_idle_time))
    {
        bad(c, "idle time is %scounted", idle ? "not " : "");
    }
}


/* each is waited for exactly as long as it can bring something */

static void
check_deadlines(call_t *c)
{
    uint64_t              want[CONVRELAY_DEADLINES] = { 0 }, earliest;
    unsigned              talk;
    convrelay_deadline_e  i;
    const convrelay_session_llm_t  *llm;

    llm = c->llm ? &c->fallbacks[c->llm - 1] : &c->conf.llm;
    talk = !c->closed && !c->ending;
    earliest = 0;

    (void) convrelay_session_deadline(&c->s);

    if (talk && !c->ready && !c->waiting && c->conf.setup_timeout) {
        want[CONVRELAY_DEADLINE_SETUP] = c->started + c->conf.setup_timeout;
    }

    if (talk && !c->too_long) {
        want[CONVRELAY_DEADLINE_CALL] = c->started
                                        + convrelay_session_max_time(&c->s);
    }

    if (talk && c->running && c->conf.max_answer_time) {
        want[CONVRELAY_DEADLINE_ANSWER] = c->requested_at
                                          + c->conf.max_answer_time;
    }

    if (talk && c->running && c->useful_at) {
        want[CONVRELAY_DEADLINE_TOKEN] = llm->token_timeout
                                         ? c->useful_at + llm->token_timeout
                                         : 0;

    } else if (talk && c->running && llm->first_token_timeout) {
        want[CONVRELAY_DEADLINE_TOKEN] = c->llm_at
                                         + llm->first_token_timeout;
    }

    if (talk && c->running && !c->useful_at) {
        want[CONVRELAY_DEADLINE_HEDGE] = c->hedge_at;
    }

    if (talk) {
        want[CONVRELAY_DEADLINE_KEYS] = c->keys_at;
    }

    if (talk && c->time < c->conf.ncall_times) {
        want[CONVRELAY_DEADLINE_CALL_TIME] = c->started + c->times[c->time].ms;
    }

    check_silence(c, talk && c->ready && !c->running);

    want[CONVRELAY_DEADLINE_SILENCE] =
        convrelay_session_until(&c->s, CONVRELAY_DEADLINE_SILENCE);
    want[CONVRELAY_DEADLINE_IDLE] =
        convrelay_session_until(&c->s, CONVRELAY_DEADLINE_IDLE);

    if (!c->closed && c->ending) {
        want[c->ended ? CONVRELAY_DEADLINE_CLOSE : CONVRELAY_DEADLINE_END]
            = c->end_at;
    }

    for (i = 0; i < CONVRELAY_DEADLINES; i++) {

        if (convrelay_session_until(&c->s, i) != want[i]) {
            bad(c, "deadline %d is %lld, not %lld", (int) i,
                (long long) convrelay_session_until(&c->s, i),
                (long long) want[i]);
        }

        if (want[i] && (earliest == 0 || want[i] < earliest)
            && (!c->waiting || i == CONVRELAY_DEADLINE_CALL || c->closed))
        {
            earliest = want[i];
        }
    }

    if (convrelay_session_deadline(&c->s) != earliest) {
        bad(c, "waits until %lld, not %lld",
            (long long) convrelay_session_deadline(&c->s),
            (long long) earliest);
    }
}


static int
blank(const u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] > ' ') {
            return 0;
        }
    }

    return 1;
}


static void
bad(call_t *c, const char *fmt, ...)
{
    va_list  args;

    if (nbad++ < 10) {
        printf("# seed %u, event %u, %s: ", c->seed, c->number, c->what);
        va_start(args, fmt);
        vprintf(fmt, args);
        va_end(args);
        printf("\n");
        fflush(stdout);
    }
}
