
/*
 * Copyright (C) convrelay contributors
 *
 * A second LLM that writes random text takes the turn with the piece that has
 * the first word that is spoken, as a run of the whole way shows in a call with
 * one LLM; and the same is said in both.
 */


#include "tap.h"
#include "session_actions.h"
#include "convrelay_word.h"


#define ROUNDS  6000
#define PIECES  24


typedef struct {
    convrelay_session_t        s;
    list_t                     list;
    u_char                     text[8192];
    size_t                     len;
    unsigned                   words;     /* one was said */
    unsigned                   started;   /* requests */
    unsigned                   hedged;
    unsigned                   dropped;
    unsigned                   takes;
} caller_t;


typedef struct {
    unsigned                   first;     /* piece that has a word that is
                                             spoken; npieces: what waits at the
                                             end has; more: none has */
    unsigned                   leaked;    /* that has a call, before a word */
    unsigned                   again;     /* a call came while the first word
                                             waited to be pronounced: the LLM
                                             is asked again */
    u_char                     text[8192];
    size_t                     len;
} result_t;


static void rounds(void);
static void alone(const convrelay_session_conf_t *conf, result_t *r,
    unsigned says);
static void two(const convrelay_session_conf_t *conf, const result_t *r,
    unsigned fails);
static void step(caller_t *c, unsigned i);
static void compare(caller_t *c, const result_t *r);
static void caller_begin(caller_t *c, const convrelay_session_conf_t *conf);
static void caller_actions(caller_t *c);
static unsigned has_word(const caller_t *c, convrelay_str_t text);
static void cut(void);
static void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


static const char  *fragments[] = {
    "```", "`", "```c\n", "\n", "\n\n", "int x;", "***", "**", "*", "- ", "# ",
    "---\n", "<think>", "</think>", "[think]", "[/think]", "<thinking>",
    "</thinking>", "Hm ", "<|channel|>", "<|", "<", "{", "{\"name\": \"book\"}",
    "{\"day\"", "book", "book(1)", "look ", " ", "  ", "\xe2\x80\x8b",
    "\xef\xbb\xbf", "\xf0\x9f\x98\x80", "&amp;", "<break time=\"1s\"/>",
    "<speak>", "</speak>", "<b>", "[cut short]", "[cut", " [cut short] ",
    "Hello", "you.", "https://a.example/b ", "acme", "acme corp", "42",
    "\xe2\x80\xa6", "\"", "<!-- x -->", "| a | b |\n", "|---|---|\n",
    "Caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\xc2\xa0",
    "[link](http://x.example)", "$", "?", "to=functions.look"
};


#define word(text, how)                                                      \
    { .word = convrelay_string(text), .key = convrelay_string(text),         \
      .spoken = convrelay_string(how) }

static convrelay_lexicon_word_t  words[] = {
    word("acme", "ack me"), word("acme corp", "ack me corporation"),
    word("hello", "hey low")
};

static convrelay_lexicon_t  lexicon = {
    words, sizeof(words) / sizeof(words[0]), { 0 }
};

static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("look"), .uri = 1, .cancel = 1 },
    { convrelay_string("book"), .uri = 1 }
};

static const convrelay_str_t  names[] = {
    convrelay_string("book"), convrelay_string("look")
};

static const convrelay_str_t  keys[] = { convrelay_string("day") };

static const convrelay_session_llm_t  fallbacks[1];

static u_char           *pieces[PIECES];
static size_t            lens[PIECES];
static unsigned          npieces;
static unsigned          nbad, nround;
static unsigned          nwon, nended, nleaked, nnone, nfailed;
static uint64_t          state;


static unsigned
rnd(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;

    return (state >> 33) % n;
}


int
main(void)
{
    convrelay_lexicon_sort(&lexicon);

    for (nround = 0; nround < ROUNDS; nround++) {
        state = nround * 2654435761u + 1;
        rounds();
    }

    tap_ok(nbad == 0, "%u rounds", nround);
    tap_ok(nwon > 1000, "%u times a word won", nwon);
    tap_ok(nended > 20, "%u times at the end", nended);
    tap_ok(nleaked > 200, "%u times a call was found first", nleaked);
    tap_ok(nnone > 500, "%u times there was none", nnone);
    tap_ok(nfailed > 1000, "%u times the first LLM failed before", nfailed);

    return tap_done();
}


static void
rounds(void)
{
    unsigned                  i, n;
    static result_t           r;
    convrelay_session_conf_t  conf;

    memset(&conf, 0, sizeof(conf));

    conf.speech = rnd(3);

    if (rnd(2)) {
        conf.tools = tools;
        conf.ntools = 2;
        conf.shapes.names = names;
        conf.shapes.nnames = 2;
        conf.shapes.keys = keys;
        conf.shapes.nkeys = 1;
        conf.max_tool_rounds = 3;
    }

    if (rnd(2)) {
        convrelay_str_set(&conf.marker, " [cut short]");
        convrelay_str_set(&conf.spoken_marker, "[cut short]");
    }

    cut();

    /* pronunciation holds words back, but all of them are spoken */

    alone(&conf, &r, 0);

    conf.lexicon = rnd(2) ? &lexicon : NULL;

    alone(&conf, &r, 1);

    conf.fallbacks = fallbacks;
    conf.nfallbacks = 1;
    conf.hedge = 1000;

    two(&conf, &r, 0);

    n = (r.first < npieces) ? r.first : npieces;
    n = (r.leaked < n) ? r.leaked : n;

    if (n) {
        two(&conf, &r, n);
    }

    for (i = 0; i < npieces; i++) {
        tap_unflush(pieces[i], lens[i]);
    }
}


/* random text, cut into pieces between characters */

static void
cut(void)
{
    u_char     text[1024], *p, *last, *end;
    unsigned   n;

    last = text;

    for (n = 1 + rnd(10); n; n--) {
        last = (u_char *) stpcpy((char *) last,
                                 fragments[rnd(sizeof(fragments)
                                               / sizeof(fragments[0]))]);
    }

    npieces = 0;

    for (p = text; p < last; p = end) {
        end = p + 1 + rnd(8);

        if (end > last || npieces == PIECES - 1) {
            end = last;
        }

        while (end < last && (*end & 0xc0) == 0x80) {
            end++;
        }

        lens[npieces] = end - p;
        pieces[npieces++] = tap_flush(p, end - p);
    }
}


/* one LLM; says: what is said, else when the first word is */

static void
alone(const convrelay_session_conf_t *conf, result_t *r, unsigned says)
{
    unsigned         i;
    static caller_t  c;

    r->again = 0;

    if (!says) {
        r->first = npieces + 1;
        r->leaked = npieces + 1;
    }

    caller_begin(&c, conf);

    for (i = 0; i <= npieces; i++) {

        if (i < npieces) {
            step(&c, i);

        } else {
            convrelay_session_turn_end(&c.s, CONVRELAY_TURN_COMPLETE,
                                       &no_extra, 2000, list_next(&c.list));
            caller_actions(&c);
        }

        if (c.started > 1) {
            r->leaked = says ? r->leaked : i;
            r->again = says;
            break;
        }

        if (!says && c.words && r->first > npieces) {
            r->first = i;
        }
    }

    if (says) {
        r->len = c.len;
        memcpy(r->text, c.text, c.len);
    }

    convrelay_session_free(&c.s);
}


/* two LLMs, the first one says nothing; fails: it does so before that piece of
   the second one */

static void
two(const convrelay_session_conf_t *conf, const result_t *r, unsigned fails)
{
    unsigned         i, won;
    static caller_t  c;

    caller_begin(&c, conf);

    convrelay_session_clock(&c.s, 2000, list_next(&c.list));
    caller_actions(&c);

    if (!c.hedged) {
        bad("the second LLM is not asked");
    }

    won = 0;

    for (i = 0; i <= npieces; i++) {

        if (fails && i == fails) {
            convrelay_session_turn_end(&c.s, CONVRELAY_TURN_FAILED, &no_extra,
                                       2000, list_next(&c.list));
            caller_actions(&c);

            if (!c.takes || c.words) {
                bad("it does not take over at %u", i);
            }

            nfailed++;
        }

        if (c.takes) {

            if (i < npieces) {
                step(&c, i);

                if (c.started > 1) {
                    break;
                }

                continue;
            }

            convrelay_session_turn_end(&c.s, CONVRELAY_TURN_COMPLETE,
                                       &no_extra, 2000, list_next(&c.list));
            caller_actions(&c);
            break;
        }

        if (i < npieces) {
            list_next(&c.list);
            won = convrelay_session_hedge_won(&c.s, &(convrelay_str_t) {
                                                  lens[i], pieces[i] }, 2000,
                                              &c.list.out);

        } else {
            list_next(&c.list);
            won = convrelay_session_hedge_ended(&c.s, 2000, &c.list.out);
        }

        caller_actions(&c);

        if (won != (i == r->first) || won != c.takes
            || (won != c.words && conf->lexicon == NULL))
        {
            bad("%s at %u, not %u", won ? "won" : "not won", i, r->first);
            break;
        }

        if (won) {
            nwon += (i < npieces);
            nended += (i == npieces);

        } else if (i == r->leaked) {

            if (!c.dropped || c.s.hedge || c.s.leaks != 1) {
                bad("a call was not found at %u", i);
            }

            nleaked++;
            break;
        }

        if (won && i == npieces) {
            convrelay_session_turn_end(&c.s, CONVRELAY_TURN_COMPLETE,
                                       &no_extra, 2000, list_next(&c.list));
            caller_actions(&c);
        }
    }

    if (c.takes) {

        if (!r->again || r->leaked <= npieces) {
            compare(&c, r);
        }

    } else if (!c.dropped) {
        nnone++;
    }

    convrelay_session_free(&c.s);
}


/* except for blanks at its beginning */

static void
compare(caller_t *c, const result_t *r)
{
    size_t         len;
    const u_char  *p;

    p = r->text;
    len = r->len;

    while (len && *p <= ' ') {
        p++;
        len--;
    }

    while (c->len && c->text[0] <= ' ') {
        memmove(c->text, c->text + 1, --c->len);
    }

    if (c->len != len || memcmp(c->text, p, len) != 0) {
        bad("\"%.*s\" was said, not \"%.*s\"", (int) c->len,
            (char *) c->text, (int) len, (char *) p);
    }
}


static void
step(caller_t *c, unsigned i)
{
    convrelay_str_t  text;

    text.data = pieces[i];
    text.len = lens[i];

    convrelay_session_delta(&c->s, &text, 2000, list_next(&c->list));
    caller_actions(c);
}


static void
caller_begin(caller_t *c, const convrelay_session_conf_t *conf)
{
    convrelay_relay_message_t  m;

    memset(c, 0, sizeof(caller_t));

    list_start(&c->list, NULL);
    c->list.copies = 1;

    convrelay_session_init(&c->s, conf, 1);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");

    convrelay_session_message(&c->s, &m, 1, list_next(&c->list));

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");

    convrelay_session_message(&c->s, &m, 1, list_next(&c->list));
    caller_actions(c);
}


static void
caller_actions(caller_t *c)
{
    unsigned                   i;
    const convrelay_action_t  *a;

    if (!list_ok(&c->list)) {
        bad("something after the last action");
    }

    for (i = 0; i < c->list.nactions; i++) {
        a = &c->list.actions[i];

        switch (a->type) {

        case CONVRELAY_ACT_START:
            c->started++;
            break;

        case CONVRELAY_ACT_HEDGE:
            c->hedged = 1;
            break;

        case CONVRELAY_ACT_HEDGE_END:
            c->dropped = 1;
            break;

        case CONVRELAY_ACT_HEDGE_TAKES:
            c->takes = 1;
            break;

        case CONVRELAY_ACT_TEXT:

            if (a->text.len) {
                memcpy(c->text + c->len, a->text.data, a->text.len);
                c->len += a->text.len;
                c->words |= has_word(c, a->text);
            }

            break;

        default:
            break;
        }
    }

    c->list.nactions = 0;
}


/* a tag is not heard by itself */

static unsigned
has_word(const caller_t *c, convrelay_str_t text)
{
    u_char  *p, *end, *last;

    last = text.data + text.len;

    for (p = text.data; p < last; p++) {

        if (c->s.conf->speech == CONVRELAY_SPEECH_SSML && *p == '<') {
            end = memchr(p, '>', last - p);

            if (end) {
                memset(p, ' ', end - p);
            }
        }
    }

    return convrelay_has_word(&text);
}


static void
bad(const char *fmt, ...)
{
    unsigned  i;
    va_list   args;

    if (nbad++ > 4) {
        return;
    }

    printf("# round %u, ", nround);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n#  ");

    for (i = 0; i < npieces; i++) {
        printf(" \"%.*s\"", (int) lens[i], (char *) pieces[i]);
    }

    printf("\n");
    fflush(stdout);
}
