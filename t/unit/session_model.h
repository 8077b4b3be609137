
/*
 * Copyright (C) convrelay contributors
 *
 * A second, simple-minded account of a call, held against the session at
 * every event: what was sent is what the model said, every answer that sent a
 * piece is closed once, nothing of it follows an interrupt, the history is
 * valid, never empty-handed, and of the turns before the current answer not a
 * byte changes.
 *
 * In half of the calls a voice speaks the answers clause by clause and
 * reports it, as Twilio does.  There it is known to the byte what was heard.
 *
 * Who includes this gives the choices: rnd(n) is one of 0 to n - 1.
 */


#ifndef CONVRELAY_SESSION_MODEL_H_INCLUDED
#define CONVRELAY_SESSION_MODEL_H_INCLUDED


#include "tap.h"

#include "convrelay_session.h"
#include "convrelay_utf8.h"


#define EVENTS       200      /* at most in a call */
#define MAX_ANSWER   16384
#define MAX_ENTRIES  512


typedef struct {
    int                        assistant;
    size_t                     len;
    char                      *text;
} entry_t;


/* the model: a second, simple-minded account of the call */

typedef struct {
    convrelay_session_t        s;
    convrelay_session_conf_t   conf;
    convrelay_actions_t        out;
    uint64_t                   now;
    unsigned                   seed;
    unsigned                   event;
    const char                *what;

    unsigned                   reports:1; /* a voice speaks and reports */
    unsigned                   running:1;
    unsigned                   sent:1;
    unsigned                   open:1;    /* pieces were sent, no last yet */
    unsigned                   cuttable:1;

    u_char                     answer[MAX_ANSWER];
    size_t                     len;
    size_t                     spoken;    /* by the voice */
    size_t                     played;    /* and the session knows */

    entry_t                    entries[MAX_ENTRIES];
    size_t                     nentries;
    long                       current;   /* the answer's entry, or -1 */

    u_char                    *before;    /* the history's bytes */
    size_t                     before_len;
} call_t;


static void start_call(call_t *c, unsigned seed);
static void run_event(call_t *c);
static void end_call(call_t *c);

static void prompt(call_t *c);
static void partial(call_t *c);
static void delta(call_t *c);
static void turn_end(call_t *c);
static void interrupt(call_t *c);
static void speak(call_t *c);
static void noise(call_t *c);

static void played(call_t *c, const u_char *p, size_t len);
static void message(call_t *c, convrelay_relay_message_t *m);
static size_t clause(const call_t *c);
static int counts(const u_char *p, size_t len);
static size_t words(u_char *p, unsigned n);

static void check_actions(call_t *c, const char *want);
static void check_text(call_t *c, const convrelay_str_t *text);
static void check_history(call_t *c);
static void check_same(call_t *c);
static void learn_cut(call_t *c, cJSON *root);
static void check_limits(call_t *c, cJSON *root);

static void add(call_t *c, int assistant, const u_char *p, size_t len);
static void del(call_t *c, size_t i);
static void store(call_t *c);
static int blank(const u_char *p, size_t len);
static void bad(call_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static unsigned rnd(unsigned n);


static unsigned  nbad;
static unsigned  nevents;
static unsigned  nexact;      /* cuts whose place was known */
static unsigned  nguess;      /* cuts in calls without reports */


static const char  *vocabulary[] = {
    "no", "No", "a", "we", "We", "can", "power", "two", "I", "I can", "the",
    "Caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\"yes\"", "\\", "3.50",
    "it's", "\xe2\x80\x94", "\n", "*", "10:30", "",
};


static void
start_call(call_t *c, unsigned seed)
{
    convrelay_relay_message_t  m;

    memset(c, 0, sizeof(call_t));

    c->seed = seed;
    c->current = -1;
    c->now = rnd(1000000);
    c->reports = seed & 1;

    if (rnd(4)) {
        convrelay_str_set(&c->conf.error_message, "Sorry for that.");
    }

    c->conf.max_history_messages = rnd(2) ? 0 : 1 + rnd(12);
    c->conf.max_history_bytes = rnd(2) ? 0 : 100 + rnd(2000);
    c->conf.max_answer = rnd(3) ? 0 : 20 + rnd(200);

    convrelay_session_init(&c->s, &c->conf);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    message(c, &m);

    if (c->reports) {
        played(c, (u_char *) "Welcome to all of this!", 23);
    }
}


static void
run_event(call_t *c)
{
    unsigned  n;

    c->now += rnd(500);
    nevents++;

    free(c->before);

    c->before_len = c->s.history.len;
    c->before = malloc(c->before_len + 1);

    if (c->before_len) {
        memcpy(c->before, c->s.history.data, c->before_len);
    }

    n = rnd(100);

    if (n < 12) {
        prompt(c);

    } else if (n < 15) {
        partial(c);

    } else if (n < 60) {
        delta(c);

    } else if (n < 68) {
        turn_end(c);

    } else if (n < 77) {
        interrupt(c);

    } else if (n < 95) {
        speak(c);

    } else {
        noise(c);
    }

    c->event++;
}


static void
end_call(call_t *c)
{
    convrelay_session_free(&c->s);

    while (c->nentries) {
        del(c, c->nentries - 1);
    }

    free(c->before);
    c->before = NULL;
}


static void
prompt(call_t *c)
{
    u_char                     text[256];
    convrelay_relay_message_t  m;

    c->what = "prompt";

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    m.u.prompt.voice_prompt.data = text;
    m.u.prompt.voice_prompt.len = words(text, 1 + rnd(6));
    convrelay_str_set(&m.u.prompt.lang, "en-US");

    if (m.u.prompt.voice_prompt.len == 0) {
        message(c, &m);
        check_actions(c, "");
        check_same(c);
        return;
    }

    message(c, &m);

    check_actions(c, !c->running ? "S" : c->sent ? "C.S" : "CS");

    if (c->running && c->sent) {
        store(c);
    }

    add(c, 0, text, m.u.prompt.voice_prompt.len);

    c->running = 1;
    c->sent = 0;

    check_history(c);
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

    check_actions(c, "");
    check_same(c);
}


static void
delta(call_t *c)
{
    int              over;
    size_t           max;
    u_char           buf[256], *p;
    convrelay_str_t  text;

    c->what = "delta";

    text.len = words(buf, 1 + rnd(4));

    if (text.len == 0) {
        return;
    }

    text.data = p = tap_flush(buf, text.len);

    convrelay_session_delta(&c->s, &text, c->now, &c->out);

    if (!c->running) {
        check_actions(c, "");
        check_same(c);
        tap_unflush(p, text.len);
        return;
    }

    if (!c->sent) {
        c->len = 0;
        c->spoken = 0;
        c->played = 0;
        c->current = -1;
        c->cuttable = 0;
    }

    max = c->conf.max_answer;
    over = (max && c->len + text.len > max);

    if (!over) {
        check_actions(c, "T");
        check_text(c, &text);
        c->sent = 1;
        c->cuttable = 1;
        check_same(c);

    } else {
        text.len = max - c->len;
        text.len = convrelay_utf8_valid(text.data, text.len);

        if (text.len) {
            check_actions(c, "TC.L");
            check_text(c, &text);
            c->sent = 1;
            c->cuttable = 1;

        } else {
            check_actions(c, c->sent ? "C.L" : "CL");
        }

        if (c->sent) {
            store(c);
        }

        c->running = 0;
        check_history(c);
    }

    tap_unflush(p, text.len);
}


static void
turn_end(call_t *c)
{
    const char            *want;
    convrelay_turn_end_e   how;

    c->what = "turn end";

    how = rnd(3) ? CONVRELAY_TURN_COMPLETE : rnd(5);

    convrelay_session_turn_end(&c->s, how, c->now, &c->out);

    if (!c->running) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    c->running = 0;

    if (c->sent) {
        store(c);
        want = (how == CONVRELAY_TURN_COMPLETE
                || how == CONVRELAY_TURN_TRUNCATED
                || c->conf.error_message.len == 0) ? "." : "E.";

    } else {
        want = c->conf.error_message.len ? "E." : "";

        if (how == CONVRELAY_TURN_REJECTED) {
            del(c, c->nentries - 1);
        }

        if (c->conf.error_message.len) {
            c->cuttable = 0;
            c->current = -1;
        }
    }

    check_actions(c, want);
    check_history(c);
}


static void
interrupt(call_t *c)
{
    size_t                     end, first, cut;
    u_char                     text[256], *p;
    convrelay_str_t            u;
    convrelay_relay_message_t  m;

    c->what = "interrupt";

    u.data = text;
    u.len = rnd(3) ? words(text, 1 + rnd(3)) : 0;
    cut = 0;

    if (c->cuttable && c->reports) {

        /* a fragment of the clause that is just being spoken, trimmed */

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

        u.data = c->answer + first;
        u.len = end - first;

        if (u.len) {
            played(c, u.data, u.len);
        }

        if (counts(u.data, u.len)) {
            c->played = end;
        }

        cut = c->played;
        c->what = "interrupt";

    } else if (c->cuttable && c->len && rnd(2)) {
        first = rnd(c->len);
        u.data = c->answer + first;
        u.len = 1 + rnd(c->len - first);
    }

    p = tap_flush(u.data, u.len);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_INTERRUPT;
    m.u.interrupt.utterance.data = p;
    m.u.interrupt.utterance.len = u.len;
    m.u.interrupt.duration = rnd(4) ? (int64_t) rnd(3000) : -1;
    message(c, &m);

    tap_unflush(p, u.len);

    check_actions(c, !c->running ? "" : c->sent ? "C." : "C");

    if (!c->cuttable) {
        c->running = 0;
        check_same(c);
        return;
    }

    if (c->current == -1 && c->running && c->sent) {
        store(c);
    }

    c->running = 0;
    c->cuttable = 0;

    if (c->current == -1) {
        check_history(c);
        return;
    }

    if (!c->reports) {
        nguess++;
        check_history(c);
        return;
    }

    nexact++;

    if (blank(c->answer, cut)) {
        del(c, c->current);

    } else {
        c->entries[c->current].len = cut;
    }

    c->current = -1;

    check_history(c);
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

    if (!c->cuttable) {
        played(c, (u_char *) "Sorry for", 9);
        check_actions(c, "");
        check_same(c);
        return;
    }

    end = clause(c);
    from = c->spoken;

    if (end == from
        || (c->running && c->sent && end == c->len
            && strchr(",.:", c->answer[end - 1]) == NULL))
    {
        return;
    }

    played(c, c->answer + from, end - from);

    c->spoken = end;

    if (counts(c->answer + from, end - from)) {
        c->played = end;
    }

    check_actions(c, "");
    check_same(c);
}


static void
noise(call_t *c)
{
    static unsigned            unknown;
    convrelay_relay_message_t  m;

    c->what = "noise";

    memset(&m, 0, sizeof(m));

    switch (rnd(4)) {

    case 0:
        m.type = CONVRELAY_RELAY_DTMF;
        convrelay_str_set(&m.u.digit, "5");
        message(c, &m);
        check_actions(c, "");
        break;

    case 1:
        m.type = CONVRELAY_RELAY_ERROR;
        m.u.error.code = 64107;
        message(c, &m);
        check_actions(c, "L");
        break;

    case 2:
        m.type = CONVRELAY_RELAY_SETUP;
        message(c, &m);
        check_actions(c, "L");
        break;

    case 3:
        unknown = c->s.unknown;
        convrelay_str_set(&m.type_name, "news");
        message(c, &m);
        check_actions(c, unknown ? "" : "L");
        break;
    }

    check_same(c);
}


static void
played(call_t *c, const u_char *p, size_t len)
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

    check_actions(c, "");

    tap_unflush(copy, len);
}


static void
message(call_t *c, convrelay_relay_message_t *m)
{
    convrelay_session_message(&c->s, m, c->now, &c->out);
}


/* where the clause ends that the voice has come to */

static size_t
clause(const call_t *c)
{
    size_t  i;

    for (i = c->spoken; i < c->len; i++) {
        if (strchr(",.:", c->answer[i])) {
            return i + 1;
        }
    }

    return c->len;
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


/*
 * The actions by letters: S start, C cancel, T text, E the error message,
 * "." text "" last, L log.
 */

static void
check_actions(call_t *c, const char *want)
{
    char                       got[16];
    unsigned                   i;
    const convrelay_action_t  *a;

    for (i = 0; i < c->out.nactions; i++) {
        a = &c->out.actions[i];

        switch (a->type) {

        case CONVRELAY_ACT_TEXT:

            if (a->last) {
                got[i] = '.';

                if (!c->open || a->text.len) {
                    bad(c, "closed what was not open");
                }

                c->open = 0;
                break;
            }

            got[i] = (a->text.data == c->conf.error_message.data) ? 'E' : 'T';
            c->open = 1;

            if (convrelay_utf8_valid(a->text.data, a->text.len)
                != a->text.len)
            {
                bad(c, "invalid UTF-8 sent");
            }

            break;

        case CONVRELAY_ACT_START:
            got[i] = 'S';

            if (c->open) {
                bad(c, "started before the last answer was closed");
            }

            break;

        case CONVRELAY_ACT_CANCEL:
            got[i] = 'C';
            break;

        case CONVRELAY_ACT_LOG:
            got[i] = 'L';
            break;

        default:
            got[i] = '?';
        }
    }

    got[i] = '\0';

    if (strcmp(got, want) != 0) {
        bad(c, "actions \"%s\", not \"%s\"", got, want);
    }
}


static void
check_text(call_t *c, const convrelay_str_t *text)
{
    const convrelay_str_t  *got;

    got = &c->out.actions[0].text;

    if (got->len != text->len || memcmp(got->data, text->data, text->len)) {
        bad(c, "another text was sent");
    }

    memcpy(c->answer + c->len, text->data, text->len);
    c->len += text->len;

    if (c->len != c->s.answer.len
        || memcmp(c->answer, c->s.answer.data, c->len))
    {
        bad(c, "the answer is not what was sent");
    }
}


static void
check_same(call_t *c)
{
    if (c->s.history.len != c->before_len
        || (c->before_len
            && memcmp(c->s.history.data, c->before, c->before_len)))
    {
        bad(c, "the history changed");
    }
}


static void
check_history(call_t *c)
{
    int          assistant;
    char        *json;
    cJSON       *root, *item;
    size_t       i, n;
    const char  *text;

    json = malloc(c->s.history.len + 2);
    json[0] = '[';

    if (c->s.history.len) {
        memcpy(json + 1, c->s.history.data, c->s.history.len);
    }

    json[c->s.history.len + 1] = ']';

    root = cJSON_ParseWithLength(json, c->s.history.len + 2);

    free(json);

    if (root == NULL) {
        bad(c, "the history is no JSON");
        return;
    }

    learn_cut(c, root);

    n = cJSON_GetArraySize(root);

    if (n > c->nentries || n != c->s.history.nentries) {
        bad(c, "%zu messages, not %zu", n, c->nentries);
        cJSON_Delete(root);
        return;
    }

    check_limits(c, root);

    while (c->nentries > n) {
        del(c, 0);
    }

    i = 0;

    cJSON_ArrayForEach(item, root) {
        assistant = strcmp(cJSON_GetObjectItem(item, "role")->valuestring,
                           "assistant") == 0;
        text = cJSON_GetObjectItem(item, "content")->valuestring;

        if (assistant != c->entries[i].assistant
            || strlen(text) != c->entries[i].len
            || memcmp(text, c->entries[i].text, c->entries[i].len))
        {
            bad(c, "message %zu of %zu is \"%s\", not \"%.*s\"", i, n, text,
                (int) c->entries[i].len, c->entries[i].text);
        }

        if (assistant && blank((u_char *) text, strlen(text))) {
            bad(c, "an empty assistant message");
        }

        i++;
    }

    cJSON_Delete(root);
}


/* without reports only the session knows what was heard: some prefix */

static void
learn_cut(call_t *c, cJSON *root)
{
    long      i;
    cJSON    *item;
    size_t    len;
    entry_t  *e;

    if (c->reports || c->cuttable || c->current == -1) {
        return;
    }

    e = &c->entries[c->current];
    i = cJSON_GetArraySize(root) - (c->nentries - c->current);

    item = (i >= 0) ? cJSON_GetArrayItem(root, i) : NULL;

    if (item == NULL
        || strcmp(cJSON_GetObjectItem(item, "role")->valuestring,
                  "assistant"))
    {
        del(c, c->current);

    } else {
        len = strlen(cJSON_GetObjectItem(item, "content")->valuestring);

        if (len > e->len
            || convrelay_utf8_valid((u_char *) e->text, len) != len)
        {
            bad(c, "cut to %zu of %zu", len, e->len);

        } else {
            e->len = len;
        }
    }

    c->current = -1;
}


/* only whole turns go, only the oldest, and only as many as have to */

static void
check_limits(call_t *c, cJSON *root)
{
    size_t  i, n, len;

    n = cJSON_GetArraySize(root);
    i = c->nentries - n;

    if (i && n && c->entries[i].assistant) {
        bad(c, "a turn was torn apart");
    }

    if (i && c->conf.max_history_messages == 0
        && c->conf.max_history_bytes == 0)
    {
        bad(c, "a turn went without a limit");
    }

    /* the turn that went last would not have fitted */

    if (i) {
        len = c->s.history.len;

        do {
            i--;
            n++;
            len += c->entries[i].len + sizeof("{'role':'user','content':''},");
        } while (i && c->entries[i].assistant);

        if ((c->conf.max_history_messages == 0
             || n <= c->conf.max_history_messages)
            && (c->conf.max_history_bytes == 0
                || len + 200 <= c->conf.max_history_bytes))
        {
            bad(c, "a turn went that could have stayed");
        }
    }

    n = 0;

    for (i = c->nentries - cJSON_GetArraySize(root); i < c->nentries; i++) {
        n += !c->entries[i].assistant;
    }

    if (n > 1 && c->conf.max_history_messages
        && c->s.history.nentries > c->conf.max_history_messages)
    {
        bad(c, "more messages than the limit");
    }

    if (n > 1 && c->conf.max_history_bytes
        && c->s.history.len > c->conf.max_history_bytes)
    {
        bad(c, "more bytes than the limit");
    }
}


static void
add(call_t *c, int assistant, const u_char *p, size_t len)
{
    entry_t  *e;

    e = &c->entries[c->nentries++];
    e->assistant = assistant;
    e->len = len;
    e->text = malloc(len + 1);

    memcpy(e->text, p, len);
}


static void
del(call_t *c, size_t i)
{
    free(c->entries[i].text);

    c->nentries--;
    memmove(&c->entries[i], &c->entries[i + 1],
            (c->nentries - i) * sizeof(entry_t));

    if (c->current == (long) i) {
        c->current = -1;

    } else if (c->current > (long) i) {
        c->current--;
    }
}


static void
store(call_t *c)
{
    if (blank(c->answer, c->len)) {
        return;
    }

    c->current = c->nentries;
    add(c, 1, c->answer, c->len);
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
        printf("# seed %u, event %u, %s: ", c->seed, c->event, c->what);
        va_start(args, fmt);
        vprintf(fmt, args);
        va_end(args);
        printf("\n");
    }
}


#endif /* CONVRELAY_SESSION_MODEL_H_INCLUDED */
