
/*
 * Copyright (C) convrelay contributors
 *
 * The model's account of phrases that are said while an answer is waited for.
 * They have no word that the caller or the model begins one with, so that the
 * voice's reports of them are told apart from all others.
 */


static const char  *phrases[] = {
    "Just for us.", "", "Everybody, just for us: shortly more, much more."
};


static unsigned  nfillers;
static unsigned  nkept;       /* turns that an interruption of one left */


/* it may still be heard, and nothing that follows it is known to be */

static void
filler_told(call_t *c)
{
    if (c->cuttable && c->played > c->filler_at) {
        c->filler_queued = 0;
    }
}


/* a turn begins */

static void
filler_begin(call_t *c)
{
    c->filler_said = 0;
    c->filler_from = c->now;

    if (c->filler_until <= c->now) {
        c->filler_queued = 0;
    }
}


static unsigned
filler_waits(const call_t *c)
{
    return c->conf.filler && c->ready && !c->closed && !c->ending
           && c->running && c->tokens == c->filler_tokens;
}


/* ms that one is still heard, as far as is known */

static uint64_t
filler_left(const call_t *c)
{
    return (c->filler_queued && !c->filler_heard
            && c->filler_until > c->now)
           ? c->filler_until - c->now : 0;
}


/* when a text that is sent now is heard */

static uint64_t
filler_next(call_t *c, uint64_t from)
{
    if (!c->filler_queued || c->filler_heard || c->filler_until <= from) {
        return from;
    }

    if (c->filler_preemptible) {
        c->filler_queued = 0;
        return from;
    }

    return c->filler_until;
}


/* all that was said was reported, as far as it can be */

static unsigned
said_all(const call_t *c)
{
    if (c->filler_queued && (!c->cuttable || c->filler_at == c->len)) {
        return c->filler_voiced;
    }

    return c->cuttable && heard_all(c);
}


static void
heard(call_t *c)
{
    c->unheard = 0;
    c->filler_heard = 1;
}


/* after a report: all of it was heard, or not; what comes of it */

static const char *
filler_reported(call_t *c)
{
    if (c->playing || c->tones || !said_all(c)) {
        return "";
    }

    heard(c);

    return (c->ending && !c->ended) ? "H" : "";
}


/* the voice comes to it, if it has not done so; true if it reports it */

static unsigned
filler_voice(call_t *c)
{
    filler_told(c);

    if (!c->filler_queued || c->filler_voiced
        || (c->cuttable && c->spoken < c->filler_at))
    {
        return 0;
    }

    c->filler_voiced = 1;

    played(c, (u_char *) c->filler_text, strlen(c->filler_text),
           filler_reported(c));
    check_same(c);

    return 1;
}


static void
clock_filler(call_t *c)
{
    uint64_t               from;
    unsigned               i, n;
    const char            *text;
    convrelay_relay_out_t  m;

    from = (c->stirred > c->filler_from) ? c->stirred : c->filler_from;

    if (c->now < from + c->conf.filler->time
        || (c->filler_said && c->now < c->filler_last + c->conf.filler->again))
    {
        bad(c, "a filler is too early");
    }

    if (c->keys_at || c->talking || c->speaking || c->playing
        || c->filler_said == c->conf.filler->max)
    {
        bad(c, "a filler where none may be");
    }

    if ((c->unheard && c->cuttable && c->until > c->now) || filler_left(c)) {
        bad(c, "two voices at once");
    }

    text = "";
    n = c->conf.filler->nphrases;

    for (i = 0; i < n && text[0] == '\0'; i++) {
        text = phrases[c->filler_phrase++ % n];

        if (c->filler_said && strcmp(text, c->filler_text) == 0) {
            text = "";
        }
    }

    c->filler_said++;
    c->filler_last = c->now;

    if (text[0] == '\0') {
        check_actions(c, "");
        return;
    }

    memset(&m, 0, sizeof(m));

    m.type = CONVRELAY_RELAY_OUT_TEXT;
    m.last = 1;
    m.text.data = (u_char *) text;
    m.text.len = strlen(text);

    c->message = &m;
    c->said = m.text;

    c->filler = 1;
    check_actions(c, "M");
    c->filler = 0;

    nfillers++;

    c->filler_text = text;
    c->filler_queued = 1;
    c->filler_voiced = 0;
    c->filler_heard = 0;
    c->filler_preemptible = (text == phrases[2]);
    c->filler_until = c->now + START_TIME + m.text.len * CHAR_TIME;
    c->filler_at = c->len;
    c->unheard = 1;
    c->tones_last = 0;
}


/*
 * An interrupt.  True if it cuts a filler for certain, and what was heard of
 * the answer is what is before that.  u: its words; cut() is what it does to
 * the running turn: true if that goes on.
 */

static unsigned
filler_interrupted(const call_t *c, const convrelay_str_t *u, unsigned own)
{
    if (!c->filler_queued
        || (c->cuttable && c->len > c->filler_at && c->played > c->filler_at))
    {
        return 0;
    }

    return own || (!worded(u) && c->now < c->filler_until);
}


static unsigned
filler_cut(call_t *c)
{
    unsigned  kept;

    kept = c->filler_queued && c->running && !c->sent;

    c->filler_queued = 0;
    nkept += kept;

    return kept;
}
