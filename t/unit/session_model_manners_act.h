
/*
 * Copyright (C) convrelay contributors
 *
 * What comes of an event: the actions of the session, what the model's rules
 * do, and what becomes of the answer and of the history.
 */


/* what holds after every event, and what the rules do then */

static void
after(call_t *c)
{
    answer_t  *a;

    a = cur(c);

    if (c->closed) {
        bad(c, "the call is over");
        return;
    }

    if (c->complete) {
        c->complete = 0;

        if (a->to != a->spoken_len) {
            bad(c, "not all of the answer is sent");
            printf("# %u of %u, \"%.60s\"\n", (unsigned) a->to,
                   (unsigned) a->spoken_len, a->spoken + a->to);
        }
    }

    if (c->release) {
        c->release = 0;

        if (a->to - c->sent > MAX_PAUSED || a->to - c->sent < MAX_PAUSED - 1024)
        {
            bad(c, "not as much was read as is kept");
        }

        turn_cancelled(c, 0);
    }

    c->failing = 0;
    c->stored = 0;

    if (c->goes_on && a->to < a->spoken_len && c->clause < c->sent) {
        bad(c, "it goes on, and nothing is said");
    }

    c->goes_on = 0;

    /* a turn that was interrupted while its tools ran goes on */

    if (c->turn == CONVRELAY_TURN_IDLE
        && convrelay_session_tools_running(&c->s))
    {
        c->turn = CONVRELAY_TURN_ASKED;
        c->gen = !c->cur;
        answer_new(gen(c));
    }

    if (c->turn == CONVRELAY_TURN_IDLE && c->request) {
        bad(c, "the request goes on, although its answer is over");
        c->request = 0;
    }

    if (c->turn == CONVRELAY_TURN_IDLE && c->open) {
        bad(c, "text is left open");
        c->open = 0;
    }

    if (c->trigger) {
        react(c);
    }
}


/* the rules */

static void
react(call_t *c)
{
    unsigned  trigger;

    trigger = c->trigger;
    c->trigger = 0;

    if (trigger == CONVRELAY_TRIGGER_DTMF) {
        react_keys(c);

    } else if (trigger == CONVRELAY_TRIGGER_PROMPT && rnd(2)) {
        convrelay_session_trigger_declined(&c->s, &no_text, c->now, &c->out);

    } else {

        if (rnd(2)) {
            say(c);
        }

        convrelay_session_trigger_done(&c->s, c->now, &c->out);
    }

    after(c);
}


static void
react_keys(call_t *c)
{
    unsigned         newer;
    convrelay_str_t  text;

    static const convrelay_str_t  pressed = convrelay_string("Key 1.");

    newer = c->s.keys.prompt_is_newer;

    switch (rnd(4)) {

    case 0:
        text = pressed;

        turn_cancelled(c, 1);
        add(c, 0, (char *) text.data, text.len);

        convrelay_session_trigger_declined(&c->s, &text, c->now, &c->out);
        return;

    case 1:
        convrelay_session_trigger_declined(&c->s, &no_text, c->now, &c->out);
        return;

    default:

        if (!newer) {
            turn_cancelled(c, 1);
        }

        if (rnd(2)) {
            say(c);
        }

        convrelay_session_trigger_done(&c->s, c->now, &c->out);
    }
}


/* an action's text: as the lexicon says it, and not filtered */

static void
say(call_t *c)
{
    char                    buf[64], want[64];
    size_t                  from;
    answer_t               *a;
    convrelay_relay_out_t   m;

    a = cur(c);

    /* where an answer is being written, its text and this one are not mixed */

    if (c->turn == CONVRELAY_TURN_SPEAKING && !c->paused
        && (a->fed < a->raw_len || a->to < a->spoken_len))
    {
        return;
    }

    if (c->turn == CONVRELAY_TURN_ASKED && !c->paused && gen(c)->raw_len) {
        return;
    }

    if (c->paused) {
        pause_cut(c);
    }

    if (c->turn == CONVRELAY_TURN_ASKED) {
        promote(c);

    } else if (c->turn == CONVRELAY_TURN_IDLE && !joins(c)) {
        c->cur = !c->cur;
        c->gen = c->cur;

        answer_new(cur(c));
        cur(c)->live = 1;
    }

    a = cur(c);
    a->cut = 0;
    a->error = 0;
    a->mixed = 1;

    /* the blank before it is sent with it only in a turn, or after calls */

    if (a->base && a->written_len == a->base) {

        if (a->spoken[a->spoken_len - 1] != ' ') {
            answer_chars(a, " ", 1);
            a->base++;
        }

        from = a->spoken_len;

    } else {

        if (a->written_len && a->written[a->written_len - 1] != ' ') {
            answer_chars(a, " ", 1);

            if (c->turn == CONVRELAY_TURN_IDLE) {
                a->to++;
            }
        }

        from = a->to;
    }

    sprintf(buf, "w%04u go nginx. ", ++c->words);
    sprintf(want, "w%04u go " NGINX ". ", c->words);

    answer_expect(a, &c->conf, want);

    if (c->turn == CONVRELAY_TURN_IDLE) {
        store(c, a->written_len);
    }

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_OUT_TEXT;
    m.text.data = (u_char *) buf;
    m.text.len = strlen(buf);
    m.last = 1;

    c->expected = a->spoken + from;
    c->expected_len = a->spoken_len - from;

    convrelay_session_perform(&c->s, &m, c->now, &c->out);

    if (c->expected) {
        bad(c, "an action's text is not sent");
    }

    nsaid++;
}


/* true if what is said now is a part of the answer */

static unsigned
joins(const call_t *c)
{
    const answer_t  *a;

    a = cur(c);

    return a->live && a->written_len > a->base && a->entry != -1
           && a->entry == (long) c->nentries - 1
           && a->written_len - a->base < 8000
           && (c->stored
               || c->s.history.last->role == CONVRELAY_LLM_ASSISTANT);
}


static void
act(convrelay_actions_t *out, const convrelay_action_t *a)
{
    call_t    *c = (call_t *) out;
    unsigned   i;

    if (a->type != CONVRELAY_ACT_LOG) {
        log_action(c, a);
    }

    if (c->unsure) {
        c->unsure = 0;

        if (a->type != CONVRELAY_ACT_BACKCHANNEL) {
            prompted(c);
        }
    }

    switch (a->type) {

    case CONVRELAY_ACT_START:
        act_start(c);
        break;

    case CONVRELAY_ACT_CANCEL:

        if (c->paused && c->held == HELD_NOTHING) {
            c->held = HELD_LONG;

        } else if (c->turn != CONVRELAY_TURN_IDLE && !c->release) {
            bad(c, "a turn is cancelled");
        }

        c->request = 0;
        break;

    case CONVRELAY_ACT_TEXT:
        act_text(c, a);
        break;

    case CONVRELAY_ACT_SEND:
        act_send(c, a->message);
        break;

    case CONVRELAY_ACT_GO_ON:
        act_go_on(c);
        break;

    case CONVRELAY_ACT_BACKCHANNEL:
        c->noise = 1;
        break;

    case CONVRELAY_ACT_TRIGGER:
        c->trigger = a->code;

        if (c->trigger == CONVRELAY_TRIGGER_DTMF && c->asked) {
            c->asked = MAYBE;
        }

        break;

    case CONVRELAY_ACT_LOG:
        act_log(c, a->note);
        break;

    case CONVRELAY_ACT_TOOL:
        c->runs[c->nruns++] = a->run;
        break;

    case CONVRELAY_ACT_TOOL_CANCEL:

        for (i = 0; i < c->nruns && c->runs[i] != a->run; i++) { /* void */ }

        if (i == c->nruns) {
            bad(c, "a run that is not known");
            break;
        }

        c->runs[i] = c->runs[--c->nruns];
        break;

    case CONVRELAY_ACT_CLOSE:
        c->closed = 1;
        break;

    default:
        break;
    }
}


static void
act_start(call_t *c)
{
    if (c->request) {
        bad(c, "two requests at a time");
    }

    if (c->paused) {
        bad(c, "a request while an answer is paused");
    }

    check_history(c);

    c->request = 1;

    if (c->turn == CONVRELAY_TURN_SPEAKING) {
        gen(c)->request = gen(c)->spoken_len;
        gen(c)->raw_len = 0;
        gen(c)->fed = 0;
        gen(c)->safe = 0;
        return;
    }

    c->turn = CONVRELAY_TURN_ASKED;
    c->gen = !c->cur;

    answer_new(gen(c));
}


static void
act_text(call_t *c, const convrelay_action_t *act)
{
    answer_t               *a;
    const convrelay_str_t  *text;

    text = &act->text;

    if (act->last) {

        if (!c->open || text->len) {
            bad(c, "closes what is not open");
        }

        c->open = 0;
        return;
    }

    c->open = 1;

    if (c->paused) {
        bad(c, "text in a pause");
        return;
    }

    if (c->turn == CONVRELAY_TURN_ASKED) {
        promote(c);
    }

    a = cur(c);
    c->goes_on = 0;

    if (c->failing && a->to == a->spoken_len) {
        return;
    }

    if (!a->live || text->len > a->spoken_len - a->to
        || memcmp(text->data, a->spoken + a->to, text->len) != 0)
    {
        bad(c, "another text than comes next");
        printf("# \"%.*s\", not \"%.*s\"\n", (int) text->len,
               (char *) text->data,
               (int) (a->spoken_len - a->to < 60 ? a->spoken_len - a->to : 60),
               a->spoken + a->to);
        a->to = a->spoken_len;
        return;
    }

    a->to += text->len;
}


static void
act_send(call_t *c, const convrelay_relay_out_t *m)
{
    if (m->type != CONVRELAY_RELAY_OUT_TEXT) {
        bad(c, "another message than a text");
        return;
    }

    if (convrelay_str_eq(&m->text, LEAD)) {

        if (!c->goes_on) {
            bad(c, "words before nothing");
        }

        return;
    }

    if (c->expected == NULL || m->text.len != c->expected_len
        || memcmp(m->text.data, c->expected, m->text.len) != 0)
    {
        bad(c, "another text of an action");
    }

    c->expected = NULL;
    c->open = !m->last;

    cur(c)->to = cur(c)->spoken_len;
}


static void
act_log(call_t *c, const char *note)
{
    if (strcmp(note, "answer goes on") == 0) {
        pause_over(c);

    } else if (strcmp(note, "answer is cut") == 0 && c->paused) {

        if (!pause_short(c)) {
            bad(c, "it is cut, although there is more to say");
        }

        pause_cut(c);
    }
}


/* from the clause that was cut */

static void
act_go_on(call_t *c)
{
    answer_t         *a;
    convrelay_str_t   lead;

    a = cur(c);

    if (!c->goes_on) {
        bad(c, "nothing was paused that could go on");
        return;
    }

    if (a->went_on++ == 2) {
        bad(c, "it goes on once more");
    }

    ntwice += (a->went_on == 2);
    nwent_on++;

    a->to = answer_skip(a, c->clause);
    a->voice = a->to;

    if (c->number & 1) {
        convrelay_str_set(&lead, LEAD);
        convrelay_session_lead(&c->s, &lead, &c->out);
        c->led = 1;
    }
}


/* the caller is going to hear it, and no longer the one before */

static void
promote(call_t *c)
{
    c->cur = c->gen;
    cur(c)->live = 1;
    c->turn = CONVRELAY_TURN_SPEAKING;
}


static void
turn_done(call_t *c, unsigned failed)
{
    unsigned  error;

    error = (failed && c->conf.error_message.len);

    if (c->turn == CONVRELAY_TURN_ASKED && (gen(c)->spoken_len || error)) {
        promote(c);
    }

    if (c->turn == CONVRELAY_TURN_SPEAKING) {
        store(c, cur(c)->written_len);
        c->complete = 1;
    }

    cur(c)->error |= error;
    c->failing = error;
    c->turn = CONVRELAY_TURN_IDLE;
}


/* what it said so far is a message of its own */

static void
turn_called(call_t *c)
{
    part_t    *part;
    answer_t  *a;

    if (c->turn == CONVRELAY_TURN_ASKED && gen(c)->spoken_len) {
        promote(c);
    }

    a = cur(c);

    if (c->turn != CONVRELAY_TURN_SPEAKING || a->written_len == a->base) {
        return;
    }

    store(c, a->written_len);

    if (a->nparts == MAX_PARTS) {
        abort();
    }

    part = &a->parts[a->nparts++];

    part->from = a->base;
    part->len = a->written_len - a->base;
    part->entry = a->entry;

    a->base = a->written_len;
    a->entry = -1;
    c->complete = 1;
}


/* all that was sent of it stays */

static void
turn_cancelled(call_t *c, unsigned by_caller)
{
    answer_t  *a;

    a = cur(c);

    if (c->paused) {
        pause_cut(c);
    }

    if (c->turn == CONVRELAY_TURN_SPEAKING) {
        a->cut |= by_caller;

        answer_end(a);
        store(c, a->written_len);

        c->stored = 1;
    }

    c->turn = CONVRELAY_TURN_IDLE;
}


static void
cut(call_t *c, size_t heard, unsigned running)
{
    answer_t  *a;

    a = cur(c);

    if (c->turn != CONVRELAY_TURN_ASKED
        && memchr(a->spoken, '?', a->spoken_len))
    {
        c->asked = ((heard && a->spoken[heard - 1] == '?')
                    || (heard < a->to && a->spoken[heard] == '?'))
                   ? YES : c->asked ? c->asked : MAYBE;
    }

    a->cut |= running || answer_has_word(a, heard, a->spoken_len);
    a->live = 0;

    store(c, answer_written(a, heard));
    ncuts++;
}


/* true if too little is left for going on */

static unsigned
pause_short(const call_t *c)
{
    return c->begun
           && (c->turn == CONVRELAY_TURN_IDLE || c->held == HELD_END
               || c->held == HELD_LONG)
           && answer_chars_left(cur(c), c->heard) < REST;
}


static void
pause_cut(call_t *c)
{
    unsigned  running;

    running = (c->turn != CONVRELAY_TURN_IDLE && c->held != HELD_END
               && c->held != HELD_FAILED);

    c->paused = 0;
    c->turn = CONVRELAY_TURN_IDLE;

    if (c->begun) {
        cut(c, c->heard, running);
        nleft++;
    }
}


static void
pause_over(call_t *c)
{
    if (!c->paused) {
        bad(c, "nothing was paused");
        return;
    }

    if (c->keyed) {
        bad(c, "it goes on after a key");
    }

    if (pause_short(c)) {
        bad(c, "it goes on for a few characters");
    }

    if (!c->noise && c->now < c->paused_at + PAUSE) {
        bad(c, "it goes on before its time");
    }

    c->paused = 0;
    c->goes_on = c->begun;

    switch (c->held) {

    case HELD_NOTHING:
        break;

    case HELD_END:
    case HELD_FAILED:
        turn_done(c, c->held == HELD_FAILED);
        break;

    case HELD_CALLS:
        turn_called(c);
        break;

    case HELD_LONG:
        c->release = 1;
        break;
    }
}


/* the first bytes of the answer, as it is written, are its messages */

static void
store(call_t *c, size_t written)
{
    size_t     len;
    part_t    *part;
    answer_t  *a;
    unsigned   i;

    a = cur(c);

    for (i = 0; i < a->nparts; i++) {
        part = &a->parts[i];
        len = (written > part->from) ? written - part->from : 0;

        if (len < part->len) {
            set(c, part->entry, a->written + part->from, len, a->cut);
            part->len = len;
        }
    }

    len = (written > a->base) ? written - a->base : 0;

    if (a->entry != -1) {
        set(c, a->entry, a->written + a->base, len, a->cut);

    } else if (len) {
        a->entry = c->nentries;
        add(c, 1, a->written + a->base, len);
        c->entries[a->entry].cut = a->cut;
    }
}


static void
add(call_t *c, unsigned assistant, const char *p, size_t len)
{
    entry_t  *e;

    if (c->nentries == MAX_ENTRIES) {
        abort();
    }

    e = &c->entries[c->nentries++];

    memset(e, 0, sizeof(entry_t));

    e->assistant = assistant;
    e->text = malloc(len + 1);
    e->len = len;

    memcpy(e->text, p, len);
}


static void
set(call_t *c, long n, const char *p, size_t len, unsigned cut)
{
    entry_t  *e;

    e = &c->entries[n];

    e->gone |= (len == 0);
    e->cut = cut;

    e->text = realloc(e->text, len + 1);
    e->len = len;

    memcpy(e->text, p, len);
}


/* what the LLM is told is what was said, and heard */

static void
check_history(call_t *c)
{
    size_t                          i;
    entry_t                        *e;
    const convrelay_llm_message_t  *m;

    i = 0;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role != CONVRELAY_LLM_USER && m->role != CONVRELAY_LLM_ASSISTANT)
        {
            continue;
        }

        for ( /* void */ ; i < c->nentries; i++) {
            e = &c->entries[i];

            if (!e->gone && !(e->loose && m->role == CONVRELAY_LLM_USER)) {
                break;
            }

            e->gone = 1;
        }

        if (i == c->nentries) {
            break;
        }

        e = &c->entries[i++];

        if (e->loose && m->len < e->len) {
            e->len = m->len;
            e->cut |= (e->cut_short && m->cut);
        }

        e->loose = 0;
        nmarked += m->cut;

        if (e->assistant != (m->role == CONVRELAY_LLM_ASSISTANT)
            || e->len != m->len || memcmp(e->text, m->text, m->len) != 0)
        {
            bad(c, "the history is another one");
            printf("# \"%.*s\", not \"%.*s\"\n", (int) m->len,
                   (char *) m->text, (int) e->len, e->text);
            return;
        }

        if (e->cut != m->cut) {
            bad(c, m->cut ? "an answer is marked that was not cut"
                          : "an answer was cut, and is not marked");
            printf("# \"%.*s\"\n", (int) e->len, e->text);
        }
    }

    for ( /* void */ ; i < c->nentries; i++) {

        if (c->entries[i].loose) {
            c->entries[i].gone = 1;

        } else if (!c->entries[i].gone) {
            bad(c, "something is not in the history");
            printf("# \"%.*s\"\n", (int) c->entries[i].len,
                   c->entries[i].text);
            return;
        }
    }

    if (m) {
        bad(c, "the history has something that was not said");
        printf("# \"%.*s\"\n", (int) m->len, (char *) m->text);
    }
}
