
/*
 * Copyright (C) convrelay contributors
 *
 * The model's account of moments for which actions are configured, of keys,
 * and of the end.
 */


static int key_over(call_t *c, u_char ch);
static void key_behind(call_t *c, u_char ch);
static void press(call_t *c);
static void queue_tones(call_t *c, const char *digits);
static void perform(call_t *c);
static void perform_text(call_t *c, convrelay_relay_out_t *m, char *want);
static void place_text(call_t *c, const convrelay_str_t *text);
static int joins(const call_t *c, size_t len);
static void perform_end(call_t *c, convrelay_relay_out_t *m, char *want);
static void ending(call_t *c, char *want);
static uint64_t to_be_heard(const call_t *c);
static void declined(call_t *c);
static void done(call_t *c);
static void forgotten(call_t *c);


static int
on(const call_t *c, unsigned event)
{
    return c->conf.triggers >> event & 1;
}


static void
key(call_t *c)
{
    unsigned                   late;
    const char                *keys;
    convrelay_relay_message_t  m;

    c->what = "dtmf";

    keys = "0123456789ABCD*###";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_DTMF;
    m.u.digit.data = (u_char *) keys + rnd(18);
    m.u.digit.len = rnd(16) != 0;
    message(c, &m);

    if (m.u.digit.len) {
        stir(c, 1);
    }

    if (!c->ready || c->closed || c->ending || c->conf.keys.max == 0
        || m.u.digit.len == 0)
    {
        check_actions(c, "");
        check_same(c);
        return;
    }

    late = (m.u.digit.data[0] == c->conf.keys.terminator
            && c->now < c->full_until);

    c->full_until = 0;

    if (late || c->settling) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    c->repeat_until = 0;

    if (c->overtaken && c->keys_at) {
        key_behind(c, m.u.digit.data[0]);
        check_same(c);
        return;
    }

    c->overtaken = 0;

    if (!key_over(c, m.u.digit.data[0])) {
        c->keys_at = c->now + c->conf.keys.pause;
        check_actions(c, "");

    } else {
        press(c);
    }

    check_same(c);
}


static int
key_over(call_t *c, u_char ch)
{
    if (ch == c->conf.keys.terminator && c->nkeys) {
        return 1;
    }

    c->keys[c->nkeys++] = ch;

    if (ch == c->conf.keys.terminator) {
        return 1;
    }

    if (c->nkeys == c->conf.keys.max
        || c->nkeys == CONVRELAY_KEYS_MAX)
    {
        c->full_until = c->now + c->conf.keys.pause;
        return 1;
    }

    return 0;
}


/* a prompt is between the keys and this one: theirs is the event */

static void
key_behind(call_t *c, u_char ch)
{
    uint64_t  wait;

    check_actions(c, "V");

    c->next = ch;

    if (ch != c->conf.keys.terminator) {
        c->keys_at = c->now + c->conf.keys.pause;
        return;
    }

    c->settling = 1;
    c->keys_at = convrelay_session_until(&c->s, CONVRELAY_DEADLINE_KEYS);

    wait = to_be_heard(c) ? SETTLE_TIME : 0;

    if (c->keys_at < c->now || c->keys_at > c->now + wait) {
        bad(c, "a terminator waits for %d ms", (int) (c->keys_at - c->now));
    }
}


/* the keys are complete: their event comes, or waits for an interrupt */

static void
press(call_t *c)
{
    if (to_be_heard(c) == 0) {
        check_actions(c, "V");
        return;
    }

    check_actions(c, "");

    c->settling = 1;
    c->keys_at = convrelay_session_until(&c->s, CONVRELAY_DEADLINE_KEYS);

    if (c->keys_at <= c->now || c->keys_at > c->now + SETTLE_TIME) {
        bad(c, "complete keys wait for %d ms", (int) (c->keys_at - c->now));
    }
}


/* which deadline is due is the session's to say, what it has to bring is not */

/* never while somebody speaks or works, and never too early */

static void
clock_silence(call_t *c)
{
    uint64_t  from;

    from = (c->hold_until > c->stirred) ? c->hold_until : c->stirred;

    if (c->stage >= c->conf.nsilence || c->now < from + c->stages[c->stage]) {
        bad(c, "stage %u of the silence is too early", c->stage);
    }

    if (!c->ready || c->ending || c->running || c->keys_at || c->talking
        || c->speaking || c->playing)
    {
        bad(c, "silence while there is none");
    }

    c->stage++;
    c->stirred = c->now;

    check_actions(c, on(c, CONVRELAY_TRIGGER_SILENCE) ? "V" : "");
}


static void
clock_idle(call_t *c)
{
    if (!c->ready || c->ending || c->running
        || c->now < c->idle_since + c->conf.max_idle_time
        || c->now < c->hold_until + c->conf.max_idle_time)
    {
        bad(c, "idle, and it is not");
    }

    c->stage = c->conf.nsilence;
    c->stirred = c->now;
    c->idle_since = c->now;

    check_actions(c, on(c, CONVRELAY_TRIGGER_SILENCE) ? "LV" : "L");
}


static void
clock_event(call_t *c)
{
    char                  want[16] = "";
    uint64_t              at;
    convrelay_deadline_e  due;

    c->what = "clock";

    at = convrelay_session_deadline(&c->s);

    if (at > c->now && rnd(4)) {

        /* that of the longest call there is comes last, and late */

        if (at - c->started < CONVRELAY_SESSION_MAX_TIME || !rnd(8)) {
            c->now = at + rnd(50);
        }
    }

    for (due = 0; due < CONVRELAY_DEADLINES; due++) {
        if (at && convrelay_session_until(&c->s, due) == at) {
            break;
        }
    }

    convrelay_session_clock(&c->s, c->now, list_next(c->out));

    if (at == 0 || c->now < at) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    ndue[due]++;

    if (convrelay_session_until(&c->s, due) == at) {
        bad(c, "the clock gets nowhere");
    }

    switch (due) {

    case CONVRELAY_DEADLINE_SETUP:
    case CONVRELAY_DEADLINE_CLOSE:
        check_actions(c, (due == CONVRELAY_DEADLINE_SETUP) ? "LX" : "X");
        break;

    case CONVRELAY_DEADLINE_CALL:
        c->too_long = 1;

        if (!c->ready || !on(c, CONVRELAY_TRIGGER_CALL_TOO_LONG)) {
            check_actions(c, "LX");
            break;
        }

        strcpy(want, "L");
        cancel(c, want);
        check_actions(c, strcat(want, "V"));
        check_history(c);
        return;

    case CONVRELAY_DEADLINE_TOKEN:

        if (c->hedge) {
            strcpy(want, "L");
            hedge_takes(c, 0, want);
            break;
        }

        turn_ended(c, CONVRELAY_TURN_FAILED, "LC");
        return;

    case CONVRELAY_DEADLINE_HEDGE:

        if (c->hedge) {
            check_actions(c, "g");
            c->hedge_at = 0;
            break;
        }

        check_actions(c, "G");

        c->hedge_at = c->fallbacks[c->hedge - 1].first_token_timeout;
        c->hedge_at += c->hedge_at ? c->now : 0;
        break;

    case CONVRELAY_DEADLINE_ANSWER:
        c->hedge = 0;
        turn_ended(c, CONVRELAY_TURN_FAILED, "LC");
        return;

    case CONVRELAY_DEADLINE_KEYS:
        check_actions(c, "V");
        break;

    case CONVRELAY_DEADLINE_SILENCE:

        if (filler_waits(c)) {
            clock_filler(c);

        } else {
            clock_silence(c);
        }

        break;

    case CONVRELAY_DEADLINE_IDLE:
        clock_idle(c);
        break;

    case CONVRELAY_DEADLINE_CALL_TIME:
        c->time++;
        check_actions(c, c->ready && on(c, CONVRELAY_TRIGGER_CALL_TIME)
                         ? "V" : "");
        break;

    case CONVRELAY_DEADLINE_END:
        check_actions(c, "H");
        break;

    default:
        bad(c, "deadline %d is due", (int) due);
    }

    check_same(c);
}


/*
 * One turn more.  Of those that were let in there are never more than a
 * minute's worth, and what the time since the call began gives; one that is
 * not let in comes after a minute's worth at least.
 */

static int
counted(call_t *c)
{
    unsigned                   n, rate;
    const convrelay_action_t  *a;

    c->counted++;

    n = c->out->nactions;
    a = &c->out->actions[n - 1];
    rate = c->conf.max_turn_rate;

    if (n == 0 || a->type != CONVRELAY_ACT_CLOSE) {

        if (rate && (uint64_t) (c->counted - rate) * 60000
                    > (c->now - c->started) * rate
            && c->counted > rate)
        {
            bad(c, "%u turns at a rate of %u", c->counted, rate);
        }

        return 1;
    }

    if (rate == 0 || c->counted <= rate) {
        bad(c, "closed for %u turns at a rate of %u", c->counted, rate);
    }

    nfast++;
    check_actions(c, "LX");
    check_same(c);

    return 0;
}


/* the answer to an event: what is configured for it, or nothing */

static void
react(call_t *c)
{
    unsigned  n;

    if (c->event == 0) {
        return;
    }

    nreacted[c->event]++;
    remember(c);

    if ((c->event == CONVRELAY_TRIGGER_PROMPT
         || c->event == CONVRELAY_TRIGGER_DTMF)
        && rnd(3) == 0)
    {
        declined(c);

    } else {

        for (n = rnd(4); n; n--) {
            perform(c);
            remember(c);
        }

        done(c);
    }

    c->event = 0;
}


static void
perform(call_t *c)
{
    char                   want[16] = "";
    u_char                 buf[256];
    unsigned               kind;
    convrelay_relay_out_t  m;

    static const char  *tones[] = { "7", "7w", "77#", "w8*", "w" };

    static const convrelay_relay_out_e  kinds[] = {
        CONVRELAY_RELAY_OUT_TEXT, CONVRELAY_RELAY_OUT_TEXT,
        CONVRELAY_RELAY_OUT_TEXT, CONVRELAY_RELAY_OUT_TEXT,
        CONVRELAY_RELAY_OUT_PLAY, CONVRELAY_RELAY_OUT_SEND_DIGITS,
        CONVRELAY_RELAY_OUT_LANGUAGE, CONVRELAY_RELAY_OUT_RAW,
        CONVRELAY_RELAY_OUT_END,
    };

    c->what = "action";

    memset(&m, 0, sizeof(m));

    kind = rnd(sizeof(kinds) / sizeof(kinds[0]));
    m.type = kinds[kind];
    m.last = 1;

    if (c->tones && rnd(3) == 0) {
        m.type = CONVRELAY_RELAY_OUT_END;
    }

    m.text.data = buf;
    m.text.len = words(buf, 1 + rnd(6));

    if (m.type == CONVRELAY_RELAY_OUT_END) {
        perform_end(c, &m, want);
        return;
    }

    if (m.type == CONVRELAY_RELAY_OUT_SEND_DIGITS) {
        m.text.data = (u_char *) tones[rnd(5)];
        m.text.len = strlen((char *) m.text.data);
    }

    if (m.type == CONVRELAY_RELAY_OUT_LANGUAGE) {
        m.text.data = (u_char *) languages[rnd(2)];
        m.text.len = strlen((char *) m.text.data);
        m.lang.data = (u_char *) languages[rnd(3)];
        m.lang.len = strlen((char *) m.lang.data);
    }

    convrelay_session_perform(&c->s, &m, c->now, list_next(c->out));

    if (c->ending) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    if (c->event == CONVRELAY_TRIGGER_DTMF && !c->overtaken) {
        cut_short(c, want);
    }

    c->message = &m;
    c->said = m.text;

    switch (m.type) {

    case CONVRELAY_RELAY_OUT_TEXT:
        perform_text(c, &m, want);
        return;

    case CONVRELAY_RELAY_OUT_PLAY:
        c->playing = 1;
        c->repeat_until = 0;
        c->file_last = 1;
        c->tones_last = 0;
        break;

    case CONVRELAY_RELAY_OUT_SEND_DIGITS:
        queue_tones(c, (char *) m.text.data);
        break;

    case CONVRELAY_RELAY_OUT_LANGUAGE:
        c->lang = (char *) (m.lang.len ? m.lang.data : m.text.data);
        break;

    default:
        break;
    }

    check_actions(c, strcat(want, "M"));
    check_history(c);
}


/* the same keys twice give two reports, others make the first ones moot */

static void
queue_tones(call_t *c, const char *digits)
{
    char   text[8];
    char  *p;

    p = text;

    for ( /* void */ ; *digits; digits++) {

        if (*digits != 'w') {
            *p++ = *digits;
        }
    }

    *p = '\0';

    c->ntones = (c->ntones && strcmp(c->digits, text) == 0) ? c->ntones + 1
                                                             : 1;
    strcpy(c->digits, text);

    c->tones = 1;
    c->tones_last = !c->running;
    c->file_last = 0;
}


static void
perform_text(call_t *c, convrelay_relay_out_t *m, char *want)
{
    size_t           max;
    u_char           buf[300];
    convrelay_str_t  text;

    if (m->text.len == 0) {
        check_actions(c, want);
        check_history(c);
        return;
    }

    c->tones_last = 0;
    max = c->conf.max_answer;

    if (c->running && max && (c->sent ? c->len : 0) + m->text.len + 1 > max) {
        cancel(c, want);
    }

    text.data = buf;
    text.len = 0;

    place_text(c, &m->text);

    /* what is said in mid-answer is a part of it, also for the voice */

    if (c->len && c->answer[c->len - 1] > ' ' && m->text.data[0] > ' ') {
        add_text(c, (u_char *) " ", 1);

        if (c->running) {
            buf[text.len++] = ' ';
        }
    }

    memcpy(buf + text.len, m->text.data, m->text.len);
    text.len += m->text.len;

    add_text(c, m->text.data, m->text.len);
    c->added |= c->running;

    m->last = !c->running;
    c->said = text;

    check_actions(c, strcat(want, "M"));

    if (c->running) {
        check_same(c);
        return;
    }

    c->ends[c->len] = 1;

    if (c->event == CONVRELAY_TRIGGER_LLM_FAILED) {
        c->aside = c->len - c->kept;
        check_same(c);
        return;
    }

    store(c);
    check_history(c);
}


/* after which words, in which answer, it is heard */

static void
place_text(call_t *c, const convrelay_str_t *text)
{
    uint64_t  from;

    if (c->running) {

        if (!c->sent) {
            new_answer(c, c->now);
            c->sent = 1;
            return;
        }

    } else if (!joins(c, text->len)) {
        new_answer(c, c->until > c->now ? c->until : c->now);
        return;
    }

    from = filler_next(c, c->now);

    if (c->until < from) {
        c->until = from;
    }

    c->phrase = 0;
    c->cut = 0;
}


static int
joins(const call_t *c, size_t len)
{
    if (!c->cuttable || c->len == 0 || c->len + len > MAX_JOINED) {
        return 0;
    }

    if (c->aside) {
        return c->event == CONVRELAY_TRIGGER_LLM_FAILED;
    }

    return c->current != -1 && c->kept == c->len
           && c->current == (long) c->nentries - 1;
}


static void
perform_end(call_t *c, convrelay_relay_out_t *m, char *want)
{
    static const char  *handoffs[] = { "", "{}", "{\"reason\":\"done\"}" };

    const char  *handoff;

    handoff = handoffs[rnd(3)];

    m->text.data = (u_char *) handoff;
    m->text.len = strlen(handoff);

    convrelay_session_perform(&c->s, m, c->now, list_next(c->out));

    if (c->ending) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    c->handoff = handoff;

    if (c->event == CONVRELAY_TRIGGER_DTMF && !c->overtaken) {
        cut_short(c, want);

    } else {
        cancel(c, want);
    }
    ending(c, want);
}


/* an end comes at once where nothing has to be heard before it */

static void
ending(call_t *c, char *want)
{
    uint64_t  least, most;

    c->ending = 1;
    c->settling = 0;
    c->keys_at = 0;
    c->end_from = c->now;

    least = to_be_heard(c);
    most = least + least / 2 + REPORT_TIME;

    if (c->playing || c->tones) {
        least += 1;
        most = c->conf.end_timeout;
    }

    if (least > c->conf.end_timeout) {
        least = c->conf.end_timeout;
    }

    if (most > c->conf.end_timeout) {
        most = c->conf.end_timeout;
    }

    if (least == 0) {
        strcat(want, "H");
    }

    check_actions(c, want);
    check_history(c);

    if (c->ended) {
        return;
    }

    nends++;

    c->end_at = convrelay_session_until(&c->s, CONVRELAY_DEADLINE_END);

    if (c->end_at < c->now + least || c->end_at > c->now + most) {
        bad(c, "an end waits for %lld ms",
            (long long) (c->end_at - c->now));
    }
}


/* ms of speech that, as far as is known, nobody has heard yet */

static uint64_t
to_be_heard(const call_t *c)
{
    uint64_t  answer, filler;

    answer = (c->until > c->now && !heard_all(c)) ? c->until - c->now : 0;
    filler = filler_left(c);

    return (answer > filler) ? answer : filler;
}


static void
declined(call_t *c)
{
    char             want[16] = "";
    convrelay_str_t  text;

    static const convrelay_str_t  told[] = {
        convrelay_null_string, convrelay_string("The caller pressed keys."),
    };

    c->what = "declined";

    text = told[rnd(2)];

    convrelay_session_trigger_declined(&c->s, &text, c->now, list_next(c->out));

    if (c->event == CONVRELAY_TRIGGER_DTMF) {
        forgotten(c);

        if (text.len == 0) {
            check_actions(c, "");
            check_same(c);
            return;
        }

        if (!counted(c)) {
            return;
        }

        cut_short(c, want);
        add(c, 0, text.data, text.len);
        filler_begin(c);
    }

    c->running = 1;
    c->sent = 0;
    c->again = 0;

    check_actions(c, strcat(want, "S"));
    check_history(c);
}


static void
done(call_t *c)
{
    char      want[16] = "";
    unsigned  asked;

    static const convrelay_str_t  question = convrelay_string("Greet them.");

    c->what = "done";

    asked = (c->event != CONVRELAY_TRIGGER_DTMF
             && c->event != CONVRELAY_TRIGGER_CALL_TOO_LONG && rnd(8) == 0);

    if (asked) {
        convrelay_session_ask_later(&c->s, &question, list_next(c->out));
    }

    if (rnd(8) == 0) {
        convrelay_session_hold(&c->s, 5000, c->now);

        if (!c->ending) {
            c->hold_until = c->now + 5000;
        }
    }

    convrelay_session_trigger_done(&c->s, c->now, list_next(c->out));

    if (c->event == CONVRELAY_TRIGGER_DTMF) {

        if (!c->ending && !c->overtaken) {
            cut_short(c, want);
        }

        forgotten(c);
    }

    if (c->event == CONVRELAY_TRIGGER_CALL_TOO_LONG && !c->ending) {
        c->handoff = "";
        ending(c, want);
        return;
    }

    if (asked && !c->ending) {

        if (!counted(c)) {
            return;
        }

        nasked++;
        c->again = 0;

        cancel(c, want);
        add(c, 0, question.data, question.len);
        filler_begin(c);

        c->rescue = (c->event == CONVRELAY_TRIGGER_LLM_FAILED);

        c->running = 1;
        c->sent = 0;

        strcat(want, "S");
    }

    check_actions(c, want);
    check_history(c);
}


/* no key is left in memory but the one that begins the next entry */

static void
forgotten(call_t *c)
{
    size_t  i;

    c->nkeys = 0;

    if (c->next && !c->closed && !c->ending) {
        c->keys[c->nkeys++] = c->next;
        c->overtaken = 0;
    }

    c->next = '\0';

    for (i = c->nkeys; c->s.keys.data && i < CONVRELAY_KEYS_MAX; i++) {
        if (c->s.keys.data->keys[i]) {
            bad(c, "a key was kept");
            break;
        }
    }

    if (c->s.keys.n != c->nkeys) {
        bad(c, "%d digits were kept", (int) c->s.keys.n);
    }
}
