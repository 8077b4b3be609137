
/*
 * Copyright (C) convrelay contributors
 *
 * The model's account of what is said by the caller, and by the voice, which
 * reports it.
 */


static int repeated(const call_t *c);
static cJSON *parameters(call_t *c, const char *greeting);
static void utterance(call_t *c, convrelay_str_t *u, size_t *cut);

static void report(call_t *c, size_t from, size_t end);
static size_t clause(const call_t *c);
static int counts(const u_char *p, size_t len);


static const char  *vocabulary[] = {
    "no", "No", "a", "we", "We", "can", "power", "two", "I", "I can", "the",
    "Caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\"yes\"", "\\", "3.50",
    "it's", "\xe2\x80\x94", "\n", "*", "10:30", "",
};


static void
setup(call_t *c)
{
    const char                 *greeting;
    convrelay_relay_message_t   m;

    static const char  *greetings[] = {
        NULL, "", "Hi! Ask me.", "Welcome to all of this!", " \n",
    };

    c->what = "setup";
    c->call_sid = rnd(4) ? "CA1" : "";

    greeting = greetings[rnd(5)];

    /* so that the session knows that there is a voice that reports */

    if (c->reports) {
        played(c, (u_char *) "Welcome to all of this!", 23, "");
    }

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    m.u.setup.call_sid.data = (u_char *) c->call_sid;
    m.u.setup.call_sid.len = strlen(c->call_sid);
    m.u.setup.parameters = json_values(parameters(c, greeting));
    message(c, &m);

    c->waiting = !c->closed && c->conf.context;
    c->ready = !c->closed && !c->waiting;
    stir(c, 1);

    check_actions(c, c->closed ? "" : c->waiting ? "UW"
                     : on(c, CONVRELAY_TRIGGER_SETUP) ? "UV" : "U");

    if (c->closed) {
        return;
    }

    if (convrelay_session_parameter(&c->s, (u_char *) "NAME", 4) == NULL) {
        bad(c, "a parameter is not there");
    }

    if (c->conf.greeting && greeting && greeting[0]) {
        new_answer(c, c->now);
        add_text(c, (u_char *) greeting, strlen(greeting));
        c->ends[c->len] = 1;
        store(c);
    }

    check_history(c);
}


static void
context_end(call_t *c)
{
    size_t                  i, n;
    convrelay_str_t         name;
    const convrelay_str_t  *value;

    static const convrelay_pair_t  pairs[] = {
        { convrelay_string("name"), convrelay_string("Ann") },
        { convrelay_string("last-order"), convrelay_string("17") },
        { convrelay_string(""), convrelay_null_string }
    };

    c->what = "setup";
    n = rnd(4);
    nwaited++;

    if (convrelay_session_set_variables(&c->s, pairs, n) != CONVRELAY_OK) {
        bad(c, "no variables");
    }

    for (i = 0; i < 2; i++) {
        name = pairs[i].name;

        if (i == 1) {
            convrelay_str_set(&name, "LAST_ORDER");
        }

        value = convrelay_session_variable(&c->s, &name);

        if ((value != NULL) != (i < n)
            || (value && !convrelay_str_equal(value, &pairs[i].value)))
        {
            bad(c, "a variable is another");
        }
    }

    value = convrelay_session_parameter(&c->s, (u_char *) "name", 4);

    if (value == NULL || !convrelay_str_eq(value, "value")) {
        bad(c, "a parameter is lost");
    }

    convrelay_session_context_end(&c->s, c->now, list_next(c->out));

    c->waiting = 0;
    c->ready = 1;
    stir(c, 1);

    check_actions(c, on(c, CONVRELAY_TRIGGER_SETUP) ? "V" : "");
    check_same(c);
}


/* what comes while the context is awaited */

static void
deaf(call_t *c)
{
    convrelay_relay_message_t  m;

    c->what = "message while waiting";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP + rnd(6);

    switch (m.type) {

    case CONVRELAY_RELAY_SETUP:
        convrelay_str_set(&m.u.setup.call_sid, "CA9");
        break;

    case CONVRELAY_RELAY_PROMPT:
        convrelay_str_set(&m.u.prompt.voice_prompt, "Hello?");
        m.u.prompt.last = rnd(2);
        break;

    case CONVRELAY_RELAY_INTERRUPT:
        convrelay_str_set(&m.u.interrupt.utterance, "Welcome");
        break;

    case CONVRELAY_RELAY_DTMF:
        convrelay_str_set(&m.u.digit, "1");
        break;

    default:
        break;
    }

    message(c, &m);

    check_actions(c, "");
    check_same(c);
}


static cJSON *
parameters(call_t *c, const char *greeting)
{
    char      name[16];
    cJSON    *json;
    unsigned  n;

    json = cJSON_CreateObject();

    if (greeting) {
        cJSON_AddStringToObject(json, CONVRELAY_SESSION_GREETING, greeting);
    }

    cJSON_AddStringToObject(json, "name", "value");
    cJSON_AddNumberToObject(json, "number", rnd(100) - 0.5);
    cJSON_AddBoolToObject(json, "flag", rnd(2));
    cJSON_AddNullToObject(json, "null");
    cJSON_AddObjectToObject(json, "object");

    for (n = rnd(8) ? 0 : 2 * CONVRELAY_SESSION_MAX_PARAMETERS; n; n--) {
        snprintf(name, sizeof(name), "p%u", n);
        cJSON_AddStringToObject(json, name, "");
    }

    return json;
}


static void
prompt(call_t *c)
{
    char                       want[16] = "";
    u_char                     text[256];
    entry_t                   *newest;
    convrelay_relay_message_t  m;

    c->what = "prompt";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    m.u.prompt.voice_prompt.data = text;
    m.u.prompt.voice_prompt.len = words(text, 1 + rnd(6));

    if (c->nentries && rnd(4) == 0) {
        newest = &c->entries[c->nentries - 1];
        m.u.prompt.voice_prompt.len = (newest->len < sizeof(text))
                                      ? newest->len : sizeof(text);
        memcpy(text, newest->text, m.u.prompt.voice_prompt.len);
    }

    m.u.prompt.lang.data = (u_char *) languages[rnd(3)];
    m.u.prompt.lang.len = strlen((char *) m.u.prompt.lang.data);

    c->prompt = m.u.prompt.voice_prompt;

    message(c, &m);

    if (worded(&c->prompt)) {
        stir(c, !repeated(c));
    }

    if (!c->ready || c->closed || c->ending || !worded(&c->prompt)
        || repeated(c))
    {
        check_actions(c, c->ready || c->closed ? "" : "L");
        check_same(c);
        return;
    }

    if (!counted(c)) {
        return;
    }

    cut_short(c, want);
    add(c, 0, text, m.u.prompt.voice_prompt.len);
    filler_begin(c);

    c->lang = (char *) m.u.prompt.lang.data;
    c->playing = 0;
    c->tones = 0;
    c->ntones = 0;

    if (c->keys_at) {
        c->overtaken = 1;
        c->keys_at = c->settling ? c->keys_at : c->now;
    }

    c->running = !on(c, CONVRELAY_TRIGGER_PROMPT);
    c->sent = 0;
    c->again = 0;
    c->repeat_until = c->now + 1000;

    check_actions(c, strcat(want, c->running ? "S" : "V"));
    check_history(c);
}


/* of the vocabulary, what is not a word is punctuation and a dash */

static int
worded(const convrelay_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (isalnum(text->data[i]) || text->data[i] == 0xe6
            || text->data[i] == 0xc3)
        {
            return 1;
        }
    }

    return 0;
}


static int
repeated(const call_t *c)
{
    const entry_t  *newest;

    if (c->now >= c->repeat_until || c->nentries == 0) {
        return 0;
    }

    newest = &c->entries[c->nentries - 1];

    if (newest->assistant || newest->len != c->prompt.len
        || memcmp(newest->text, c->prompt.data, newest->len) != 0)
    {
        return 0;
    }

    nrepeated++;

    return 1;
}


static void
partial(call_t *c)
{
    convrelay_relay_message_t  m;

    c->what = "partial";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    convrelay_str_set(&m.u.prompt.voice_prompt, "so I");
    message(c, &m);
    stir(c, 0);

    check_actions(c, c->ready || c->closed ? "" : "L");
    check_same(c);
}


/* clientSpeaking */

static void
talking(call_t *c)
{
    convrelay_relay_message_t  m;

    c->what = "clientSpeaking";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INFO;
    convrelay_str_set(&m.u.info.name, "clientSpeaking");

    if (rnd(3)) {
        convrelay_str_set(&m.u.info.value, "off");

    } else {
        convrelay_str_set(&m.u.info.value, "on");
    }

    message(c, &m);

    if (m.u.info.value.len == 2) {
        stir(c, 0);
    }

    if (!c->closed) {
        c->talking = (m.u.info.value.len == 2);
    }

    check_actions(c, "");
    check_same(c);
}


/* what ends the silence; final: more than a noise */

static void
stir(call_t *c, unsigned final)
{
    if (!c->ready || c->closed || c->ending) {
        return;
    }

    c->stage = 0;
    c->stirred = c->now;
    c->hold_until = 0;

    if (final) {
        c->idle_since = c->now;
    }
}


static void
interrupt(call_t *c)
{
    char                       want[16] = "";
    size_t                     cut;
    u_char                     text[256], *p;
    unsigned                   known, filler, ended;
    convrelay_str_t            u, rest;
    convrelay_relay_message_t  m;

    c->what = "interrupt";
    ended = 0;

    u.data = text;
    u.len = rnd(3) ? words(text, 1 + rnd(3)) : 0;
    cut = 0;
    known = c->cuttable && c->reports;
    filler = c->filler_queued && rnd(2);

    if (filler) {
        u.data = (u_char *) c->filler_text;
        u.len = 1 + rnd(strlen(c->filler_text));
        cut = c->played;

    } else if (known) {
        utterance(c, &u, &cut);
        c->what = "interrupt";

    } else if (c->cuttable && c->len && rnd(2)) {
        cut = rnd(c->len);
        u.data = c->answer + cut;
        u.len = 1 + rnd(c->len - cut);
    }

    filler = filler_interrupted(c, &u, filler);

    if (filler) {
        known = c->cuttable;
        cut = c->filler_at;
    }

    p = tap_flush(u.data, u.len);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INTERRUPT;
    m.u.interrupt.utterance.data = p;
    m.u.interrupt.utterance.len = u.len;
    m.u.interrupt.duration = rnd(4) ? (int64_t) rnd(3000) : -1;
    message(c, &m);

    tap_unflush(p, u.len);

    if (!c->ready || c->closed) {
        check_actions(c, c->ready || c->closed ? "" : "L");
        return;
    }

    if (!filler_cut(c) && c->running) {
        strcat(want, c->sent ? "C." : "C");
        c->running = 0;
        ended = c->sent;
    }

    if (c->ending && !c->ended) {
        strcat(want, "H");

    } else if (c->settling
               || (!c->ending && on(c, CONVRELAY_TRIGGER_INTERRUPT)))
    {
        strcat(want, "V");
    }

    stir(c, 0);
    c->interrupts++;
    c->repeat_until = 0;
    c->playing = 0;
    c->tones = 0;
    c->ntones = 0;
    c->speaking = 0;
    c->until = 0;

    check_actions(c, want);

    if (!c->cuttable) {
        check_same(c);
        return;
    }

    c->cuttable = 0;
    nexact += known;
    nguess += !known;

    if (!known) {
        cut = learn_cut(c);
    }

    if (cut > c->len - c->aside) {
        cut = c->len - c->aside;
    }

    rest.data = c->answer + cut;
    rest.len = c->len - c->aside - cut;

    c->cut |= ended || convrelay_has_word(&rest);

    store_heard(c, cut);
    check_history(c);
}


/* a fragment of the clause that is just being spoken, trimmed */

static void
utterance(call_t *c, convrelay_str_t *u, size_t *cut)
{
    size_t  end, first;

    end = clause(c);
    end = c->spoken + (end > c->spoken ? rnd(end - c->spoken + 1) : 0);

    while (end > c->spoken && end < c->len
           && (c->answer[end] & 0xc0) == 0x80)
    {
        end--;
    }

    first = c->spoken;

    while (first < end && c->answer[first] <= ' ') {
        first++;
    }

    while (end > first && c->answer[end - 1] <= ' ') {
        end--;
    }

    u->data = c->answer + first;
    u->len = end - first;

    if (u->len) {
        report(c, first, end);
    }

    *cut = c->played;
}


/* the voice ends a clause and reports it */

static void
speak(call_t *c)
{
    size_t  end, from;

    c->what = "tokensPlayed";

    if (!c->reports) {
        return;
    }

    if (filler_voice(c)) {
        return;
    }

    if (!c->cuttable) {
        played(c, (u_char *) "Sorry for", 9, filler_reported(c));
        check_same(c);
        return;
    }

    end = clause(c);
    from = c->spoken;

    if (end == from
        || (c->running && c->sent && end == c->len && !c->ends[end]
            && strchr(",.:", c->answer[end - 1]) == NULL))
    {
        return;
    }

    c->spoken = end;

    report(c, from, end);
    check_same(c);
}


/* the other side has heard the keys that were sent, as reported */

static void
tones_played(call_t *c)
{
    unsigned     all;
    const char  *want;

    c->what = "tokensPlayed of keys";

    if (!c->reports || c->closed || c->ntones == 0 || c->digits[0] == '\0') {
        return;
    }

    want = "";

    if (--c->ntones == 0) {
        c->tones = 0;
        c->playing &= c->file_last;

        filler_told(c);

        all = c->tones_last || (!c->playing && said_all(c));

        if (all) {
            heard(c);
        }

        want = (c->ending && !c->ended && all) ? "H" : "";
        ntones += (*want == 'H');
    }

    played(c, (u_char *) c->digits, strlen(c->digits), want);
    check_same(c);
}


/* the agent starts or stops speaking, as reported */

static void
agent(call_t *c)
{
    uint64_t                   off_from;
    const char                *want;
    convrelay_relay_message_t  m;

    static const char  *values[] = { "on", "off", "off", "on", "of" };

    c->what = "agentSpeaking";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INFO;
    convrelay_str_set(&m.u.info.name, "agentSpeaking");
    m.u.info.value.data = (u_char *) values[rnd(5)];
    m.u.info.value.len = strlen((char *) m.u.info.value.data);
    message(c, &m);

    want = "";

    if (m.u.info.value.len == 3) {

        if (c->speaking && !c->ending) {
            heard(c);
        }

        if (c->ending && !c->ended && !c->closed && c->speaking) {
            off_from = c->playing ? c->end_from
                                  : c->end_from
                                    + (c->end_at - c->end_from) / 3;

            /* how early is too early is the session's to say */

            want = (c->now >= off_from && (c->playing
                    || c->end_at < c->end_from + c->conf.end_timeout))
                   ? "H" : "H?";
        }

        c->speaking = 0;
        c->playing = 0;

    } else if (strcmp((char *) m.u.info.value.data, "on") == 0) {
        c->speaking = 1;
    }

    check_actions(c, want);
    check_same(c);
}


static void
noise(call_t *c)
{
    unsigned                   unknown;
    const char                *want;
    convrelay_relay_message_t  m;

    c->what = "noise";
    want = "";

    memset(&m, 0, sizeof(m));

    switch (rnd(5)) {

    case 0:
    case 1:
        m.type = CONVRELAY_RELAY_ERROR;
        m.u.error.code = rnd(2) ? 64107 : -rnd(2);
        want = "L";

        if (c->ready && !c->ending && c->now >= c->error_at
            && on(c, CONVRELAY_TRIGGER_ERROR))
        {
            c->error_at = c->now + ERROR_TIME;
            want = "LV";
        }

        break;

    case 2:

        if (!c->ready) {
            return;
        }

        m.type = CONVRELAY_RELAY_SETUP;
        m.u.setup.call_sid.data = (u_char *) (rnd(8) ? c->call_sid : "CA2");
        m.u.setup.call_sid.len = strlen((char *) m.u.setup.call_sid.data);
        want = m.u.setup.call_sid.data == (u_char *) c->call_sid ? "L" : "X";
        break;

    case 3:
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "roundTripDelayMs");
        convrelay_str_set(&m.u.info.value, "80");
        break;

    case 4:
        unknown = c->unknown;
        c->unknown |= !c->closed;
        convrelay_str_set(&m.type_name,
                          "news of a kind that has a name as long as caf\xc3");
        m.type_name.len = rnd(m.type_name.len);
        want = unknown ? "" : "L";
        break;
    }

    message(c, &m);

    check_actions(c, c->closed ? "" : want);
    check_same(c);
}


static void
silence(call_t *c)
{
    c->now += rnd(20000);
}


static void
report(call_t *c, size_t from, size_t end)
{
    filler_told(c);

    if (counts(c->answer + from, end - from)) {
        c->played = end;
    }

    played(c, c->answer + from, end - from, filler_reported(c));
}


static void
played(call_t *c, const u_char *p, size_t len, const char *want)
{
    u_char                    *copy;
    convrelay_relay_message_t  m;

    copy = tap_flush(p, len);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INFO;
    convrelay_str_set(&m.u.info.name, "tokensPlayed");
    m.u.info.value.data = copy;
    m.u.info.value.len = len;
    message(c, &m);

    check_actions(c, c->closed ? "" : want);

    tap_unflush(copy, len);
}


static void
message(call_t *c, convrelay_relay_message_t *m)
{
    convrelay_session_message(&c->s, m, c->now, list_next(c->out));
}


static void
new_answer(call_t *c, uint64_t from)
{
    memset(c->ends, 0, c->len + 1);

    c->len = 0;
    c->aside = 0;
    c->kept = 0;
    c->stored = 0;
    c->cut = 0;
    c->added = 0;
    c->spoken = 0;
    c->played = 0;
    c->current = -1;
    c->cuttable = 1;
    c->until = filler_next(c, from) + START_TIME;
    c->filler_at = 0;
    c->phrase = 0;
    c->repeat_until = 0;
}


static void
add_text(call_t *c, const u_char *p, size_t len)
{
    memcpy(c->answer + c->len, p, len);
    c->len += len;
    c->unheard = 1;

    while (len--) {
        c->until += ((*p++ & 0xc0) != 0x80) ? CHAR_TIME : 0;
    }
}


/* where the clause ends that the voice has come to */

static size_t
clause(const call_t *c)
{
    size_t  i;

    for (i = c->spoken; i < c->len; i++) {
        if (strchr(",.:", c->answer[i]) || c->ends[i + 1]) {
            return i + 1;
        }
    }

    return c->len;
}


static int
heard_all(const call_t *c)
{
    return !c->phrase && c->played
           && !counts(c->answer + c->played, c->len - c->played);
}


/* whether there is more in it than white space and punctuation */

static int
counts(const u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (p[i] == 0xe2) {
            i += 2;
            continue;
        }

        if (p[i] >= 0x80 || (p[i] >= '0' && p[i] <= '9')
            || (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z'))
        {
            return 1;
        }
    }

    return 0;
}


static size_t
words(u_char *p, unsigned n)
{
    u_char      *last;
    const char  *word;

    last = p;

    while (n--) {
        word = vocabulary[rnd(sizeof(vocabulary) / sizeof(vocabulary[0]))];
        last = (u_char *) stpcpy((char *) last, word);

        if (rnd(4) == 0) {
            *last++ = ",.:!"[rnd(4)];
        }

        if (rnd(8)) {
            *last++ = ' ';
        }
    }

    return last - p;
}
