
/*
 * Copyright (C) convrelay contributors
 *
 * Each case: the answer, what was reported played of it, what the interrupt
 * said, and how much of the answer was heard, as text.
 */


#include "tap.h"

#include "convrelay_heard.h"
#include "convrelay_utf8.h"


#define ALL   NULL
#define NONE  ""


typedef struct {
    const char  *name;
    const char  *text;
    const char  *played[4];
    const char  *utterance;
    unsigned     events;
    int64_t      start;
    const char  *heard;           /* ALL: the whole text */
} interrupt_t;


typedef struct {
    const char  *name;
    const char  *text;
    const char  *values[4];
    int          rc;              /* of the last one */
    const char  *fragment;        /* the text from its beginning on */
    const char  *rest;            /* the text after played */
} played_t;


static void run_interrupt(const interrupt_t *t);
static void run_played(const played_t *t);
static int play(convrelay_heard_t *h, const convrelay_str_t *text,
    const char *value);
static void test_missed(void);
static void test_end(void);
static void test_fillers(void);
static void test_linear(void);
static void test_clauses(void);
static void test_questions(void);


static const played_t  reports[] = {

    { "one clause, whole",
      "Oak, ash.", { "Oak," }, CONVRELAY_OK, "Oak, ash.", " ash." },

    { "clauses in order, with their leading spaces",
      "Oak, ash, elm.", { "Oak,", " ash,", " elm." }, CONVRELAY_OK,
      " elm.", "" },

    { "a trimmed fragment, with no space before it",
      "Oak, ash, elm.", { "Oak,", "as" }, CONVRELAY_OK, "ash, elm.",
      "h, elm." },

    { "other punctuation here is nearer than the same far away",
      "First traces, **metrics**, and logs. At the end come metrics, again.",
      { "First traces,", " metrics," }, CONVRELAY_OK, "metrics**, and logs. "
      "At the end come metrics, again.", " and logs. At the end come metrics, "
      "again." },

    { "exact at the place that is found: its own ends",
      "Oak, (ash), elm (ash)", { "Oak,", " (ash)" }, CONVRELAY_OK,
      " (ash), elm (ash)", ", elm (ash)" },

    { "a phrase that comes twice: the next one is meant",
      "No, no, no.", { "No,", " no," }, CONVRELAY_OK, " no, no.", " no." },

    { "the first one from there on, not the last",
      "a b c b c b", { "a b", "b" }, CONVRELAY_OK, "b c b", " c b" },

    { "a clause that was reported already is not found again",
      "Oak, ash.", { "Oak,", "Oak," }, CONVRELAY_DECLINED, "Oak, ash.",
      " ash." },

    { "the greeting's",
      "Oak, ash.", { "Hi! Ask me anything." }, CONVRELAY_DECLINED,
      "Oak, ash.", "Oak, ash." },

    { "a clause that the voice wrote differently",
      "It costs  -  **Ten** dollars, ok?", { "it costs ten dollars," },
      CONVRELAY_OK, "It costs  -  **Ten** dollars, ok?", " ok?" },

    { "a piece after one that could not be matched",
      "It is 5 pm. Good bye.", { "It is five p m.", " Good bye." },
      CONVRELAY_OK, " Good bye.", "" },

    { "not in the middle of a word",
      "The power. We see.", { "we" }, CONVRELAY_OK, "We see.", " see." },

    { "but where the last piece ended, even there",
      "Understanding.", { "Under", "standing." }, CONVRELAY_OK,
      "standing.", "" },

    { "punctuation alone",
      "Well... yes.", { "..." }, CONVRELAY_DECLINED, "Well... yes.",
      "Well... yes." },

    { "nothing",
      "Oak.", { "" }, CONVRELAY_DECLINED, "Oak.", "Oak." },

    { "longer than the answer",
      "Oak.", { "Oak. And more than that." }, CONVRELAY_DECLINED, "Oak.",
      "Oak." },

    { "of an empty answer",
      "", { "Oak" }, CONVRELAY_DECLINED, "", "" }
};


static const interrupt_t  interrupts[] = {

    /* nothing is reported played */

    { "the first words",
      "Oak, ash, and a very tall", { NULL }, "Oak,", 0, -1, "Oak," },

    { "the clause is in the middle: what is before it was heard too",
      "Oak, ash, and a very tall", { NULL }, "and a", 0, -1,
      "Oak, ash, and a" },

    { "the last words",
      "Oak, ash.", { NULL }, "ash.", 0, -1, ALL },

    { "empty utterance, no reports: all that was sent",
      "Oak, ash.", { NULL }, "", 0, -1, ALL },

    { "not found, no reports: all that was sent",
      "Oak, ash.", { NULL }, "elm", 0, -1, ALL },

    { "punctuation only is as good as empty",
      "Oak, ash.", { NULL }, ", ", 0, -1, ALL },

    { "case differs",
      "We are OPEN until five.", { NULL }, "we are open", 0, -1,
      "We are OPEN" },

    { "white space differs",
      "We  are\nopen until five.", { NULL }, "We are open", 0, -1,
      "We  are\nopen" },

    { "punctuation is missing in the utterance",
      "Well - we're open, until five.", { NULL }, "well were open until", 0,
      -1, "Well - we're open, until" },

    { "punctuation is missing in the text",
      "We are open until five", { NULL }, "We are open, until", 0, -1,
      "We are open until" },

    { "closing punctuation differs and is kept",
      "We are open! Come in.", { NULL }, "we are open.", 0, -1,
      "We are open!" },

    { "markdown that was not spoken",
      "Take **two** of _these_ now.", { NULL }, "Take two of these", 0, -1,
      "Take **two** of _these" },

    { "typographic punctuation, no-break space, CJK comma",
      "\xe2\x80\x9cIt\xe2\x80\x99s\xc2\xa0" "five\xe2\x80\x9d\xe3\x80\x81"
      " he said.", { NULL }, "it's five, he", 0, -1,
      "\xe2\x80\x9cIt\xe2\x80\x99s\xc2\xa0" "five\xe2\x80\x9d\xe3\x80\x81"
      " he" },

    { "an exact match goes before an earlier one that differs",
      "us and US and", { NULL }, "US", 0, -1, "us and US" },

    { "not where the clause is known to have begun near the other",
      "us and US and", { NULL }, "US", 0, 0, "us" },

    { "text in another script",
      "\xd0\x94\xd0\xb0, \xd0\xbc\xd1\x8b \xd1\x82\xd1\x83\xd1\x82.",
      { NULL }, "\xd0\xbc\xd1\x8b", 0, -1,
      "\xd0\x94\xd0\xb0, \xd0\xbc\xd1\x8b" },

    { "text without spaces",
      "\xe6\x88\x91\xe4\xbb\xac\xe5\xbc\x80\xe9\x97\xa8", { NULL },
      "\xe4\xbb\xac\xe5\xbc\x80", 0, -1,
      "\xe6\x88\x91\xe4\xbb\xac\xe5\xbc\x80" },

    { "half a character in the utterance: the whole one is kept",
      "caf\xc3\xa9 au lait", { NULL }, "caf\xc3", 0, -1, "caf\xc3\xa9" },

    { "the same where case differs",
      "Caf\xc3\xa9 au lait", { NULL }, "caf\xc3", 0, -1, "Caf\xc3\xa9" },

    { "in the middle of a word is not a match",
      "The power we need.", { NULL }, "we", 0, -1, "The power we" },

    { "nor across a border of words that begins inside one",
      "low energy", { NULL }, "wen", 0, -1, ALL },

    { "a word that was cut short is one",
      "Good morning", { NULL }, "good mor", 0, -1, "Good mor" },

    { "longer than the text",
      "Oak", { NULL }, "Oak, ash, elm", 0, -1, ALL },

    { "an empty text",
      "", { NULL }, "Oak", 0, -1, NONE },

    { "a search that has to fall back",
      "ha ha ha ho ha", { NULL }, "ha ha ho", 0, -1, "ha ha ha ho" },

    { "twice, within what it fell back to",
      "a a b a a a b a a a x a", { NULL }, "a a b a a a x", 0, -1,
      "a a b a a a b a a a x" },

    { "the same, folded",
      "A a b, a a A b a a a x a", { NULL }, "a a b a a a x", 0, -1,
      "A a b, a a A b a a a x" },

    /* the same phrase several times: when its clause began decides */

    { "twice, no time: the first",
      "I can do it. I can wait.", { NULL }, "I can", 0, -1, "I can" },

    { "twice, began at once: the first",
      "I can do it. I can wait.", { NULL }, "I can", 0, 0, "I can" },

    { "twice, began near the second: the second",
      "I can do it. I can wait.", { NULL }, "I can", 0, 11,
      "I can do it. I can" },

    { "twice, just as near to both: the first",
      "ab cd ab cd", { NULL }, "ab", 0, 3, "ab" },

    { "twice, began far after both: the last",
      "I can do it. I can wait.", { NULL }, "I can", 0, 100000,
      "I can do it. I can" },

    { "three times, the middle one",
      "no, this; no, that; no, it.", { NULL }, "No", 0, 12,
      "no, this; no" },

    { "characters are counted, not bytes",
      "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 no \xc3\xa4\xc3\xa4\xc3\xa4 no",
      { NULL }, "no", 0, 7,
      "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 no" },

    { "matches that overlap",
      "ha ha ha ha", { NULL }, "ha ha", 0, 6, "ha ha ha ha" },

    { "nearest, but in the middle of a word",
      "we and power and we", { NULL }, "we", 0, 8, "we" },

    /* the call reports what was played */

    { "reports, but none of this answer, and nothing found: nothing",
      "Oak, ash.", { NULL }, "Ask me", 1, -1, NONE },

    { "reports, but none of this answer, and empty: nothing",
      "Oak, ash.", { NULL }, "", 1, -1, NONE },

    { "reports, but none of this answer, and found: up to there",
      "Oak, ash.", { NULL }, "Oak", 1, -1, "Oak" },

    { "the last fragment is the utterance",
      "Oak, ash, and a very tall", { "Oak,", " ash,", "and a" }, "and a",
      1, -1, "Oak, ash, and a" },

    { "the utterance comes twice: the one that was reported",
      "no, no, no, no.", { "no,", " no,", "no" }, "no", 1, -1,
      "no, no, no" },

    { "the report decides, whatever the time says",
      "I can do it. I can wait.", { "I can do it.", "I can" }, "I can", 1,
      0, "I can do it. I can" },

    { "the fragment was not reported: after what was",
      "One two. One two three.", { "One two." }, "one two three", 1, -1,
      "One two. One two three" },

    { "the fragment without its punctuation: with it, it was reported",
      "One two. One two three.", { "One two." }, "One two", 1, -1,
      "One two." },

    { "less than was reported, and nowhere else",
      "One two. Three.", { "One two." }, "One", 1, -1, "One" },

    { "reported, and not found: what was reported",
      "One two. Three four.", { "One two." }, "tree", 1, -1, "One two." },

    { "reported, and empty: what was reported",
      "One two. Three four.", { "One two." }, "", 1, -1, "One two." },

    { "reported words before the fragment are not searched",
      "We can. Yes. We go", { "We can.", " Yes." }, "we can", 1, -1,
      "We can. Yes." },

    { "all was played, an error phrase was interrupted",
      "One two.", { "One two." }, "I ran into", 1, -1, ALL }
};


/* each character of the Basic Multilingual Plane between two words */

static int
is_filler(uint32_t cp)
{
    if (cp < 0x80) {
        return !(cp >= '0' && cp <= '9') && !(cp >= 'A' && cp <= 'Z')
               && !(cp >= 'a' && cp <= 'z');
    }

    return cp == 0xa0 || cp == 0xa1 || cp == 0xab || cp == 0xad || cp == 0xbb
           || cp == 0xbf || (cp >= 0x2000 && cp <= 0x206f)
           || (cp >= 0x3000 && cp <= 0x303f) || cp == 0xfeff;
}


static void
test_fillers(void)
{
    size_t             heard, end;
    u_char             buf[64], *p;
    uint32_t           cp;
    unsigned           wrong;
    convrelay_str_t    text, utterance;
    convrelay_heard_t  h;

    wrong = 0;
    convrelay_str_set(&utterance, "Ja nein");

    for (cp = 1; cp <= 0xffff; cp++) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            continue;
        }

        p = buf;
        *p++ = 'J';
        *p++ = 'a';
        p = convrelay_utf8_encode(p, cp);
        memcpy(p, "nein und", sizeof("nein und") - 1);

        end = p + 4 - buf;
        text.len = end + 4;
        text.data = tap_flush(buf, text.len);

        memset(&h, 0, sizeof(convrelay_heard_t));
        heard = convrelay_heard_interrupt(&h, &text, &utterance, 0, -1);

        tap_unflush(text.data, text.len);

        if (heard != (is_filler(cp) ? end : text.len)) {
            printf("# U+%04X\n", cp);
            wrong++;
        }
    }

    tap_ok(wrong == 0, "what counts as white space or punctuation");
}


static void
run_played(const played_t *t)
{
    int                rc;
    size_t             i;
    u_char            *p;
    convrelay_str_t    text;
    convrelay_heard_t  h;

    memset(&h, 0, sizeof(h));

    text.len = strlen(t->text);
    text.data = p = tap_flush(t->text, text.len);

    rc = CONVRELAY_ERROR;

    for (i = 0; i < 4 && t->values[i]; i++) {
        rc = play(&h, &text, t->values[i]);
    }

    tap_ok(rc == t->rc, "played: %s", t->name);
    tap_is(p + h.fragment, text.len - h.fragment, t->fragment,
           strlen(t->fragment), "  the fragment");
    tap_is(p + h.played, text.len - h.played, t->rest, strlen(t->rest),
           "  the rest");

    tap_unflush(p, text.len);
}


static int
play(convrelay_heard_t *h, const convrelay_str_t *text, const char *value)
{
    int               rc;
    u_char           *p;
    convrelay_str_t   str;

    str.len = strlen(value);
    str.data = p = tap_flush(value, str.len);

    rc = convrelay_heard_played(h, text, &str);

    tap_unflush(p, str.len);

    return rc;
}


static void
run_interrupt(const interrupt_t *t)
{
    size_t             i, n;
    u_char            *p, *u;
    const char        *want;
    convrelay_str_t    text, utterance;
    convrelay_heard_t  h;

    memset(&h, 0, sizeof(h));

    text.len = strlen(t->text);
    text.data = p = tap_flush(t->text, text.len);

    for (i = 0; i < 4 && t->played[i]; i++) {
        (void) play(&h, &text, t->played[i]);
    }

    utterance.len = strlen(t->utterance);
    utterance.data = u = tap_flush(t->utterance, utterance.len);

    n = convrelay_heard_interrupt(&h, &text, &utterance, t->events, t->start);

    want = t->heard ? t->heard : t->text;

    tap_is(p, n, want, strlen(want), t->name);

    tap_unflush(u, utterance.len);
    tap_unflush(p, text.len);
}


/* where a naive search would compare 10^11 bytes */

static void
test_missed(void)
{
    unsigned           i;
    convrelay_str_t    text = convrelay_string("Oak, ash, elm.");
    convrelay_heard_t  h;

    memset(&h, 0, sizeof(convrelay_heard_t));

    for (i = 0; i < 63; i++) {
        (void) play(&h, &text, "fir");
        (void) play(&h, &text, "...");
        (void) play(&h, &text, "");
    }

    tap_ok(play(&h, &text, "Oak,") == CONVRELAY_OK,
           "found after 63 values that were not");

    for (i = 0; i < 63; i++) {
        (void) play(&h, &text, "fir");
    }

    tap_ok(play(&h, &text, "ash,") == CONVRELAY_OK,
           "... and again after as many");

    for (i = 0; i < 64; i++) {
        (void) play(&h, &text, "fir");
    }

    tap_ok(play(&h, &text, "elm.") == CONVRELAY_DECLINED,
           "not looked for after 64 in a row");
    tap_ok(h.played == sizeof("Oak, ash,") - 1, "what was found stays");
}


/* a text that nothing may be read after */

static void
test_end(void)
{
    size_t             i;
    u_char            *p;
    convrelay_str_t    text;
    convrelay_heard_t  h;

    static const struct {
        const char  *text;
        int          rc;
        size_t       played;
    } values[] = {
        { "oak ash", CONVRELAY_OK, 8 },
        { "OAK ASH!", CONVRELAY_OK, 8 },
        { "ash elm", CONVRELAY_DECLINED, 0 },
        { "ashes", CONVRELAY_DECLINED, 0 },
    };

    text.len = sizeof("Oak, ash") - 1;
    text.data = p = tap_flush("Oak, ash", text.len);

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        memset(&h, 0, sizeof(convrelay_heard_t));

        tap_ok(play(&h, &text, values[i].text) == values[i].rc
               && h.played == values[i].played,
               "\"%s\" up to the end", values[i].text);
    }

    tap_unflush(p, text.len);
}


static void
test_linear(void)
{
    size_t             i, n;
    convrelay_str_t    text, utterance;
    convrelay_heard_t  h;

    memset(&h, 0, sizeof(h));

    text.len = 1000000;
    text.data = malloc(text.len);
    memset(text.data, 'a', text.len);

    utterance.len = 200000;
    utterance.data = malloc(utterance.len);
    memset(utterance.data, 'a', utterance.len);
    utterance.data[utterance.len - 1] = 'b';

    alarm(20);

    n = convrelay_heard_interrupt(&h, &text, &utterance, 0, 500000);
    tap_ok(n == text.len, "almost matches everywhere");

    for (i = 1; i < text.len; i += 2) {
        text.data[i] = ' ';
    }

    for (i = 1; i < utterance.len; i += 2) {
        utterance.data[i] = ',';
    }

    utterance.data[utterance.len - 2] = 'B';

    n = convrelay_heard_interrupt(&h, &text, &utterance, 0, 500000);
    tap_ok(n == text.len, "the same, folded");

    utterance.len = 1;

    n = convrelay_heard_interrupt(&h, &text, &utterance, 0, 500000);
    tap_ok(n == 500001, "half a million matches, the nearest");

    n = convrelay_heard_interrupt(&h, &text, &utterance, 0, 499999);
    tap_ok(n == 499999, "just as near to two, the first");

    alarm(0);

    free(text.data);
    free(utterance.data);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        run_played(&reports[i]);
    }

    for (i = 0; i < sizeof(interrupts) / sizeof(interrupts[0]); i++) {
        run_interrupt(&interrupts[i]);
    }

    test_missed();
    test_end();
    test_fillers();
    test_linear();
    test_clauses();
    test_questions();

    return tap_done();
}


/* where the clause that was cut begins: the first bytes of it */

static void
test_clauses(void)
{
    size_t             i, heard, clause;
    convrelay_str_t    text, said;
    convrelay_heard_t  h;

    static const struct {
        const char  *text;
        const char  *played[3];
        const char  *said;
        const char  *rest;
    }  cases[] = {
        { "Oak, ash, elm.", { NULL }, "ash", "ash, elm." },
        { "Oak, ash, elm.", { "Oak,", " as", NULL }, "as", "ash, elm." },
        { "Oak, ash, elm.", { "Oak,", " as", NULL }, "", " ash, elm." },
        { "Oak, ash, elm.", { "Oak,", NULL }, "", " ash, elm." },
        { "Oak, ash, elm.", { "Oak,", NULL }, "beech", " ash, elm." },
        { "It is $5, not $6.", { NULL }, "5, not", "$5, not $6." },
        { "It is (five) now.", { NULL }, "five", "(five) now." },
        { "Oak,ash", { NULL }, "ash", "ash" },
        { "Oak", { NULL }, "beech", "" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text.data = (u_char *) cases[i].text;
        text.len = strlen(cases[i].text);
        said.data = (u_char *) cases[i].said;
        said.len = strlen(cases[i].said);

        memset(&h, 0, sizeof(h));

        for (size_t k = 0; cases[i].played[k]; k++) {
            (void) play(&h, &text, cases[i].played[k]);
        }

        heard = convrelay_heard_cut(&h, &text, &said, 0, -1, &clause);

        tap_ok(clause <= heard
               && strcmp(cases[i].text + clause, cases[i].rest) == 0,
               "clause of \"%s\" in \"%s\": \"%s\"", cases[i].said,
               cases[i].text, cases[i].text + clause);
    }
}


/* "|" is where it is heard */

static void
test_questions(void)
{
    char             buf[128];
    size_t           i, pos;
    convrelay_str_t  text;

    static const struct {
        const char  *text;
        unsigned     question;
    }  cases[] = {
        { "Is it Monday?|", 1 },
        { "Is it Mon|day?", 1 },
        { "|Is it Monday?", 1 },
        { "It is Monday.| Is it?", 0 },
        { "It is Monday. |Is it?", 0 },
        { "It is Monday|. Is it?", 0 },
        { "It is Mon|day. Is it?", 0 },
        { "It is 5|.30, is it?", 1 },
        { "Is it? I can al|so do it.", 1 },
        { "Is it? I can do it on any day of your cho|ice.", 0 },
        { "Is it so\n", 0 },
        { "Yes|\nIs it?", 0 },
        { "\xe6\x98\xaf|\xe5\x90\x97\xef\xbc\x9f", 1 },
        { "\xe6\x98\xaf|\xe3\x80\x82\xe5\x90\x97\xef\xbc\x9f", 0 },
        { "\xd9\x87\xd9\x84\xd8\x9f|", 1 },
        { "|", 0 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pos = strcspn(cases[i].text, "|");

        memcpy(buf, cases[i].text, pos);
        text.data = (u_char *) buf;
        text.len = pos;

        if (cases[i].text[pos]) {
            text.len += strlen(cases[i].text + pos + 1);
            memcpy(buf + pos, cases[i].text + pos + 1, text.len - pos);
        }

        text.data = tap_flush(text.data, text.len);

        tap_ok(convrelay_heard_question(&text, pos) == cases[i].question,
               "question %u in \"%s\"", cases[i].question, cases[i].text);

        tap_unflush(text.data, text.len);
    }

    text.data = (u_char *) "\xc3\xa4" "bc";
    text.len = 4;

    tap_ok(convrelay_heard_pos(&text, 0) == 0
           && convrelay_heard_pos(&text, 1) == 2
           && convrelay_heard_pos(&text, 3) == 4
           && convrelay_heard_pos(&text, 9) == 4, "positions of characters");
}
