
/*
 * Copyright (C) convrelay contributors
 *
 * What Twilio and the caller do in the model: speech, interruptions, words and
 * noise, keys; and the clock.
 */


/* Twilio speaks a clause, and may report it */

static void
speak(call_t *c)
{
    size_t                      end, pos;
    answer_t                   *a;
    convrelay_relay_message_t   m;

    a = cur(c);

    if (!a->live || c->paused) {
        return;
    }

    pos = answer_skip(a, a->voice);
    end = answer_clause(a, pos);

    if (end == 0 && !c->open) {
        end = a->to;
    }

    if (end < pos + NUMBERED) {
        return;
    }

    c->now += rnd(1000);

    a->clause = pos;
    a->voice = end;

    if (c->reports) {
        a->reported = 1;

        memset(&m, 0, sizeof(m));

        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "tokensPlayed");
        m.u.info.value.data = (u_char *) a->spoken + pos;
        m.u.info.value.len = end - pos;

        message(c, &m);
    }
}


static void
interrupt(call_t *c)
{
    size_t                      heard, clause;
    answer_t                   *a;
    unsigned                    running;
    convrelay_relay_message_t   m;

    a = cur(c);

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_INTERRUPT;
    m.u.interrupt.duration = -1;

    if (c->paused) {

        /* one more cough: nothing is playing */

        if (rnd(3) == 0) {
            c->paused_at = c->now;
            message(c, &m);
        }

        return;
    }

    heard = interrupt_pos(c, &m.u.interrupt.utterance, &clause);

    /* of the words before an answer nothing is known here */

    if (heard == NOTHING || (c->turn == CONVRELAY_TURN_ASKED && c->led)) {
        return;
    }

    running = (c->turn == CONVRELAY_TURN_SPEAKING);

    if (interrupt_pauses(c, heard)) {
        c->paused = 1;
        c->paused_at = c->now;
        c->keyed = 0;
        c->held = HELD_NOTHING;
        c->begun = (c->turn != CONVRELAY_TURN_ASKED);
        c->heard = heard;
        c->clause = clause;
        c->sent = a->to;
        npauses++;

        if (!c->begun && a->live) {
            cut(c, heard, 0);
        }

    } else {
        c->turn = CONVRELAY_TURN_IDLE;

        if (a->live) {
            cut(c, heard, running);
        }
    }

    message(c, &m);
}


/* what the caller has heard */

static size_t
interrupt_pos(call_t *c, convrelay_str_t *utterance, size_t *clause)
{
    size_t     pos, end, from;
    answer_t  *a;

    a = cur(c);
    *clause = 0;

    if (!a->live) {
        return rnd(8) ? NOTHING : 0;
    }

    from = answer_skip(a, a->voice);

    if (from + NUMBERED <= a->to) {

        /* it was cut in the word by which a fragment is known */

        if (!isalnum((u_char) a->spoken[from + NUMBERED - 1])) {
            return NOTHING;
        }

        end = answer_clause(a, from);
        end = end ? end : a->to;
        pos = from + NUMBERED + rnd(end - from - NUMBERED + 1);

        while (!isalnum((u_char) a->spoken[pos - 1])) {
            pos--;
        }

        utterance->data = (u_char *) a->spoken + from;
        utterance->len = pos - from;

        *clause = from;

        return pos;
    }

    /* between two clauses, for all that is known */

    if (!a->reported || a->went_on || c->led || rnd(3)) {
        return NOTHING;
    }

    *clause = (isalnum((u_char) a->spoken[a->voice - 1]) && a->voice < a->to)
              ? a->clause : a->voice;

    return a->voice;
}


/* whether it may only be a cough */

static unsigned
interrupt_pauses(call_t *c, size_t heard)
{
    long       newest;
    unsigned   few;
    answer_t  *a;

    a = cur(c);

    if (c->conf.pause == 0 || c->waits || convrelay_session_tools_running(&c->s)
        || c->s.keys.state != CONVRELAY_KEYS_NONE
        || (c->key_at && c->now < c->key_at + SETTLE))
    {
        return 0;
    }

    if (c->turn == CONVRELAY_TURN_ASKED) {
        return 1;
    }

    if (!a->live || a->error || a->went_on == 2) {
        return 0;
    }

    if (c->turn == CONVRELAY_TURN_SPEAKING) {
        return 1;
    }

    /* results of tools may follow it, where it has no words after the calls */

    newest = (a->entry != -1) ? a->entry
             : a->nparts ? a->parts[a->nparts - 1].entry : -1;

    if (newest != (long) c->nentries - 1
        || (a->entry != -1
            && c->s.history.last->role != CONVRELAY_LLM_ASSISTANT)
        || (c->s.tools && (c->s.tools->waiting || c->s.tools->resume)))
    {
        return 0;
    }

    few = (answer_chars_left(a, heard) < REST);
    nshort += few;

    return !few;
}


static void
prompt(call_t *c, unsigned noise)
{
    unsigned                    must, asks;
    answer_t                   *a;
    convrelay_relay_message_t   m;

    a = cur(c);

    c->now += rnd(900);

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    m.u.prompt.lang = c->lang;
    m.u.prompt.voice_prompt.data = (u_char *) c->prompt;
    m.u.prompt.voice_prompt.len = sprintf(c->prompt,
                                          noise ? any_noise(c)
                                                : "And what about %u?",
                                          ++c->ids);

    noise &= (c->conf.nbackchannels != 0);
    must = 0;

    if (noise && c->paused) {
        asks = may_ask(c);
        noise = (asks != YES);
        must = (asks == NO);

    } else if (noise) {
        must = (c->turn == CONVRELAY_TURN_SPEAKING
                && memchr(a->spoken, '?', a->spoken_len) == NULL);
    }

    noise &= (c->asked != YES);
    must &= (c->asked == NO);

    c->noise = 0;
    c->unsure = noise;

    if (!noise) {
        prompted(c);
    }

    convrelay_session_message(&c->s, &m, c->now, &c->out);

    /* without an action it waits for tools */

    if (c->unsure) {
        c->unsure = 0;
        prompted(c);
    }

    if (must && !c->noise) {
        bad(c, "an \"uh-huh\" ends an answer");
    }

    if (c->noise && !noise) {
        bad(c, "words are taken for noise");
    }

    nnoise += c->noise;

    after(c);
}


static const char *
any_noise(const call_t *c)
{
    unsigned  i;

    for (i = 0; asked(c, noises[i]); i++) { /* void */ }

    return noises[i];
}


/* true if that was the last question, or one that waits */

static unsigned
asked(const call_t *c, const char *text)
{
    size_t  i;

    if (c->waits && strcmp(c->waiting, text) == 0) {
        return 1;
    }

    for (i = c->nentries; i && c->entries[i - 1].assistant; i--) { /* void */ }

    return i && c->entries[i - 1].len == strlen(text)
           && memcmp(c->entries[i - 1].text, text, strlen(text)) == 0;
}


/* the prompt is one */

static void
prompted(call_t *c)
{
    unsigned  paused;

    paused = c->paused;

    if (paused) {
        pause_cut(c);

        if (c->conf.triggers & (1u << CONVRELAY_TRIGGER_INTERRUPT)) {
            strcpy(c->waiting, c->prompt);
            c->waits = 1;
            return;
        }
    }

    c->asked = NO;

    turn_cancelled(c, 1);

    if (c->waits) {
        add(c, 0, c->waiting, strlen(c->waiting));
        c->waits = 0;
    }

    add(c, 0, c->prompt, strlen(c->prompt));
}


/* whether the caller may be answering a question, as far as that is simple */

static unsigned
may_ask(const call_t *c)
{
    size_t           from, to, pos;
    const answer_t  *a;

    a = cur(c);

    if (!c->begun) {
        return MAYBE;
    }

    pos = c->heard;
    from = (pos > 80) ? pos - 80 : 0;
    to = (pos + 200 < a->spoken_len) ? pos + 200 : a->spoken_len;

    if (memchr(a->spoken + from, '?', to - from) == NULL
        && (to < a->spoken_len
            || memchr(a->spoken, '?', a->spoken_len) == NULL))
    {
        return NO;
    }

    return (pos && (a->spoken[pos - 1] == '?' || a->spoken[pos] == '?'))
           ? YES : MAYBE;
}


/* signs that the caller talks, or does not */

static void
talk(call_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    if (rnd(2)) {
        m.type = CONVRELAY_RELAY_PROMPT;
        convrelay_str_set(&m.u.prompt.voice_prompt, "And");
        m.u.prompt.lang = c->lang;

    } else {
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "clientSpeaking");

        if (rnd(3)) {
            convrelay_str_set(&m.u.info.value, "off");

        } else {
            convrelay_str_set(&m.u.info.value, "on");
        }
    }

    message(c, &m);
}


static void
key(call_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_DTMF;
    convrelay_str_set(&m.u.digit, "1");

    if (c->paused) {
        c->keyed = 1;
        pause_cut(c);
        nkeyed++;
    }

    c->key_at = c->now;
    c->asked = c->asked ? MAYBE : NO;

    message(c, &m);
}


static void
twilio_error(call_t *c)
{
    convrelay_relay_message_t  m;

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_ERROR;
    m.u.error.code = 64107;

    message(c, &m);
}


static void
tick(call_t *c)
{
    size_t                len;
    uint64_t              at;
    answer_t             *a;
    convrelay_deadline_e  due;

    at = convrelay_session_deadline(&c->s);

    for (due = 0; due < CONVRELAY_DEADLINES; due++) {

        if (at && convrelay_session_until(&c->s, due) == at) {
            break;
        }
    }

    if (due == CONVRELAY_DEADLINES || at > c->now + 60000) {
        return;
    }

    /* elsewhere in a fragment, what comes of it is not known by heart */

    if (due == CONVRELAY_DEADLINE_SPEECH) {
        a = gen(c);

        if (a->fed < a->safe) {
            feed(c, a->safe - a->fed);

        } else if (a->fed > a->safe) {
            finish(c);
        }

        if (convrelay_session_until(&c->s, due) == 0
            || convrelay_session_deadline(&c->s)
               != convrelay_session_until(&c->s, due))
        {
            return;
        }

        at = convrelay_session_until(&c->s, due);
        nlate++;
    }

    if (c->now < at) {
        c->now = at;
    }

    if (due == CONVRELAY_DEADLINE_SILENCE && c->waits && !c->paused) {
        strcpy(c->prompt, c->waiting);
        c->waits = 0;
        prompted(c);
    }

    convrelay_session_clock(&c->s, c->now, &c->out);
    after(c);

    /* the guard of tools waits for the end of the answer */

    if (due == CONVRELAY_DEADLINE_SPEECH && !c->paused && !c->conf.ntools) {
        a = gen(c);
        len = (a->fed == a->safe) ? a->safe_spoken : a->spoken_len;

        if (c->gen != c->cur || answer_skip(a, a->to) < len) {
            bad(c, "something still waits after 300 ms");
        }
    }
}
