
/*
 * Copyright (C) convrelay contributors
 *
 * Words that are spoken in another way than they are written.
 */


#include <time.h>

#include "convrelay_pronounce.h"
#include "convrelay_utf8.h"
#include "tap.h"


#define MAX_WORDS  64
#define LIMIT      16    /* times the cost of another phrase */


typedef struct {
    const char              *text;
    const char              *spoken;      /* NULL: as it is written */
    const char              *lang;        /* NULL: not known */
} test_row_t;


typedef struct {
    char                     written[4096];
    char                     spoken[8192];
    size_t                   written_len;
    size_t                   spoken_len;
    convrelay_replaced_t     words[256];
    size_t                   nwords;
    unsigned                 failed;
} test_out_t;


static void lexicon(void);
static void add(const char *word, const char *spoken, const char *lang,
    unsigned exact);
static void row_test(const test_row_t *row);
static void once(const char *text, size_t len, const char *lang,
    const size_t *cuts, size_t ncuts, test_out_t *out);
static void take(test_out_t *out, const convrelay_spoken_t *spoken);
static unsigned same(const test_out_t *a, const test_out_t *b);
static void flush_test(void);
static void bound_test(void);
static void map_test(void);
static void cut_test(void);
static void check_test(void);
static void duplicate_test(void);
static void many_test(void);
static void cost_test(void);
static int64_t cost(const char *phrase);
static int64_t cpu(void);


static convrelay_lexicon_word_t  words[MAX_WORDS];
static u_char                    keys[MAX_WORDS][256];
static convrelay_lexicon_t       lex = { words, 0, { 0 } };


static const test_row_t  rows[] = {

    /* whole words */

    { "nginx", "engine x", NULL },
    { "Use nginx, or NGINX.", "Use engine x, or engine x.", NULL },
    { "(nginx)", "(engine x)", NULL },
    { "nginx-based", "engine x-based", NULL },
    { "nginx.conf", "engine x.conf", NULL },
    { "nginx!nginx?", "engine x!engine x?", NULL },
    { "nginxes", NULL, NULL },
    { "my_nginx", NULL, NULL },
    { "nginx_conf", NULL, NULL },
    { "engnginx", NULL, NULL },
    { "nginx2", NULL, NULL },
    { "ngin", NULL, NULL },
    { "nginxnginx", NULL, NULL },
    { "nginx\nnginx\tnginx", "engine x\nengine x\tengine x", NULL },
    { "", NULL, NULL },
    { "nothing of it", NULL, NULL },

    /* apostrophes */

    { "nginx's", "engine x's", NULL },
    { "nginx\xe2\x80\x99s logs", "engine x\xe2\x80\x99s logs", NULL },
    { "NGINX'S", "engine x'S", NULL },
    { "'nginx'", "'engine x'", NULL },
    { "'nginx' is", "'engine x' is", NULL },
    { "nginx'", "engine x'", NULL },
    { "nginx'd", NULL, NULL },
    { "nginx'sed", NULL, NULL },
    { "can't", NULL, NULL },
    { "I can.", "I may.", NULL },
    { "can'", "may'", NULL },
    { "you're", NULL, NULL },
    { "you\xe2\x80\x99re re", "you\xe2\x80\x99re regarding", NULL },
    { "'re", "'regarding", NULL },
    { "l'INSEE", "l'inn say", NULL },
    { "O\xe2\x80\x99Neil", "oh neel", NULL },
    { "O'Neil's", "oh neel's", NULL },

    /* the longest first */

    { "Acme", "ack me", NULL },
    { "Acme Corp", "ack me corporation", NULL },
    { "Acme Corp. Ltd", "ack me limited", NULL },
    { "Acme Corp. Other", "ack me corporation. Other", NULL },
    { "Acme Corporal", "ack me Corporal", NULL },
    { "Acme Acme Corp", "ack me ack me corporation", NULL },
    { "Acme\xc2\xa0" "Corp", "ack me corporation", NULL },
    { "Acme\nCorp", "ack me corporation", NULL },
    { "Acme  Corp", "ack me  Corp", NULL },

    /* marks in words, and at their ends */

    { "C++", "see plus plus", NULL },
    { "C++, C", "see plus plus, see", NULL },
    { "C++17", "see++17", NULL },
    { ".NET", "dot net", NULL },
    { "use .NET.", "use dot net.", NULL },
    { "ASP.NET", NULL, NULL },
    { "St. Mary", "Saint Mary", NULL },
    { "St", NULL, NULL },
    { "e\xe2\x80\x91mail", "ee mail", NULL },
    { "e-mail E-Mail", "ee mail ee mail", NULL },
    { "AT&T", "A T and T", NULL },

    /* numbers */

    { "911", "nine one one", NULL },
    { "Call 911.", "Call nine one one.", NULL },
    { "911, 911:", "nine one one, nine one one:", NULL },
    { "1,911", NULL, NULL },
    { "911,000", NULL, NULL },
    { "911.5", NULL, NULL },
    { "911.", "nine one one.", NULL },
    { "911. 5", "nine one one. 5", NULL },
    { "9110", NULL, NULL },
    { "24/7", "around the clock", NULL },
    { "24/75", NULL, NULL },
    { "24/7/365", NULL, NULL },

    /* upper and lower case */

    { "IT", "eye tee", NULL },
    { "it", NULL, NULL },
    { "It is IT.", "It is eye tee.", NULL },
    { "Us US us", "Us you ess us", NULL },
    { "polish Polish", "pollish pole ish", NULL },

    /* languages */

    { "Jan", "January", "en" },
    { "Jan", "January", "en-GB" },
    { "Jan", "January", NULL },
    { "Jan", "yahn", "de-DE" },
    { "Jan", NULL, "fr-FR" },
    { "Jan", NULL, "eng" },
    { "route", "root", "en-GB" },
    { "route", "rowt", "en-US" },
    { "route", "rowt", "EN-us" },
    { "route", "rowt", NULL },
    { "route", "reroute", "en-AU" },
    { "route", NULL, "fr" },

    /* other scripts */

    { "\xd0\x9a\xd0\xb8\xd0\xb5\xd0\xb2", "Kyiv", NULL },
    { "\xd0\xba\xd0\x98\xd0\xb5\xd0\xb2.", "Kyiv.", NULL },
    { "\xd0\x9a\xd0\xb8\xd0\xb5\xd0\xb2\xd0\xb5", NULL, NULL },
    { "caf\xc3\xa9", "ka fay", NULL },
    { "CAF\xc3\x89s", NULL, NULL },
    { "cafe\xcc\x81", NULL, NULL },
    { "cafe", NULL, NULL },
    { "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab", "Tokyo\xe3\x81\xab", NULL },
    { "\xe4\xbd\xbf\xe7\x94\xa8nginx\xe6\x9c\x8d",
      "\xe4\xbd\xbf\xe7\x94\xa8" "engine x\xe6\x9c\x8d", NULL },
    { "nginx\xf0\x9f\x98\x80", "engine x\xf0\x9f\x98\x80", NULL },
    { "nginx\xe2\x80\xa6 nginx", "engine x\xe2\x80\xa6 engine x", NULL },

    /* tags, and elements that say how their text is spoken */

    { "<break time=\"1s\"/> time", "<break time=\"1s\"/> thyme", NULL },
    { "<nginx>nginx</nginx>", "<nginx>engine x</nginx>", NULL },
    { "<sub alias=\"time\">nginx</sub> nginx",
      "<sub alias=\"time\">nginx</sub> engine x", NULL },
    { "<say-as interpret-as=\"characters\">IT <b>IT</b></say-as> IT",
      "<say-as interpret-as=\"characters\">IT <b>IT</b></say-as> eye tee",
      NULL },
    { "<phoneme ph=\"x\"/>nginx", "<phoneme ph=\"x\"/>engine x", NULL },
    { "<phoneme>nginx</sub>nginx</phoneme>nginx",
      "<phoneme>nginx</sub>nginx</phoneme>engine x", NULL },
    { "5 < 7 nginx > 3", "5 < 7 engine x > 3", NULL },
};


int
main(void)
{
    size_t  i;

    lexicon();

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row_test(&rows[i]);
    }

    flush_test();
    bound_test();
    map_test();
    cut_test();
    check_test();
    duplicate_test();
    many_test();
    cost_test();

    return tap_done();
}


static void
lexicon(void)
{
    lex.nwords = 0;

    add("nginx", "engine x", "", 0);
    add("can", "may", "", 0);
    add("re", "regarding", "", 0);
    add("insee", "inn say", "", 0);
    add("O'Neil", "oh neel", "", 0);
    add("Acme", "ack me", "", 0);
    add("Acme Corp", "ack me corporation", "", 0);
    add("Acme Corp. Ltd", "ack me limited", "", 0);
    add("C++", "see plus plus", "", 0);
    add("C", "see", "", 0);
    add(".NET", "dot net", "", 0);
    add("St.", "Saint", "", 0);
    add("e-mail", "ee mail", "", 0);
    add("AT&T", "A T and T", "", 0);
    add("911", "nine one one", "", 0);
    add("24/7", "around the clock", "", 0);
    add("IT", "eye tee", "", 1);
    add("US", "you ess", "", 1);
    add("polish", "pollish", "", 0);
    add("Polish", "pole ish", "", 1);
    add("Jan", "yahn", "de", 0);
    add("Jan", "January", "en", 0);
    add("route", "reroute", "en", 0);
    add("route", "root", "en-GB", 0);
    add("route", "rowt", "en-US", 0);
    add("\xd0\x9a\xd0\xb8\xd0\xb5\xd0\xb2", "Kyiv", "", 0);
    add("caf\xc3\xa9", "ka fay", "", 0);
    add("\xe6\x9d\xb1\xe4\xba\xac", "Tokyo", "", 0);
    add("time", "thyme", "", 0);

    tap_ok(convrelay_lexicon_sort(&lex) == NULL, "no word is there twice");
}


static void
add(const char *word, const char *spoken, const char *lang, unsigned exact)
{
    size_t                     n;
    convrelay_lexicon_word_t  *w;

    n = lex.nwords++;
    w = &words[n];

    memset(w, 0, sizeof(*w));

    w->word.data = (u_char *) word;
    w->word.len = strlen(word);
    w->spoken.data = (u_char *) spoken;
    w->spoken.len = strlen(spoken);
    w->lang.data = (u_char *) lang;
    w->lang.len = strlen(lang);
    w->exact = exact;
    w->number = n;
    w->key.data = keys[n];
    w->key.len = convrelay_lexicon_key(keys[n], &w->word) - keys[n];
}


/* whole, byte by byte, cut once and twice at every byte, in random pieces */

static void
row_test(const test_row_t *row)
{
    size_t             i, k, n, len, cuts[64];
    unsigned           bad, seed;
    const char        *want;
    static test_out_t  whole, out;

    want = row->spoken ? row->spoken : row->text;
    len = strlen(row->text);

    once(row->text, len, row->lang, NULL, 0, &whole);

    tap_is(whole.spoken, whole.spoken_len, want, strlen(want), row->text);

    bad = whole.failed || whole.written_len != len
          || memcmp(whole.written, row->text, len) != 0
          || (row->spoken == NULL && whole.nwords);

    for (i = 0; i <= len; i++) {
        cuts[0] = i;

        for (k = i; k <= len; k++) {
            cuts[1] = k;
            once(row->text, len, row->lang, cuts, 2, &out);
            bad += !same(&whole, &out);
        }
    }

    for (seed = 1; seed <= 16; seed++) {
        n = 0;

        for (i = 0; i < len && n < 64; i++) {

            if (seed == 1 || (i * 2654435761u >> 4) % 16 < seed) {
                cuts[n++] = i;
            }
        }

        once(row->text, len, row->lang, cuts, n, &out);
        bad += !same(&whole, &out);
    }

    tap_ok(!bad, "... wherever it is cut, and the text stays: %s", row->text);
}


static void
once(const char *text, size_t len, const char *lang, const size_t *cuts,
    size_t ncuts, test_out_t *out)
{
    size_t                 i, from, to;
    u_char                *copy;
    convrelay_str_t        piece;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  p;

    memset(&p, 0, sizeof(p));
    memset(out, 0, sizeof(*out));

    p.lang.data = (u_char *) lang;
    p.lang.len = lang ? strlen(lang) : 0;

    from = 0;

    for (i = 0; i <= ncuts; i++) {
        to = (i < ncuts) ? cuts[i] : len;

        copy = malloc(to - from + 1);
        memcpy(copy, text + from, to - from);

        piece.data = copy;
        piece.len = to - from;

        if (convrelay_pronounce_read(&p, &lex, &piece,
                                     (i == ncuts) ? CONVRELAY_PRONOUNCE_END
                                                  : CONVRELAY_PRONOUNCE_MORE,
                                     &spoken)
            != CONVRELAY_OK)
        {
            out->failed = 1;
        }

        take(out, &spoken);

        out->failed |= (p.held >= CONVRELAY_PRONOUNCE_HELD
                        || (p.moved && !p.held));

        free(copy);
        from = to;
    }

    out->failed |= (p.held != 0);

    convrelay_pronounce_free(&p);
}


/* the words of all pieces, as one text */

static void
take(test_out_t *out, const convrelay_spoken_t *spoken)
{
    size_t                 i;
    convrelay_replaced_t  *word;

    for (i = 0; i < spoken->nwords; i++) {
        word = &out->words[out->nwords++];

        *word = spoken->words[i];
        word->from += out->written_len;
        word->spoken += out->spoken_len;
    }

    if (spoken->written.len) {
        memcpy(out->written + out->written_len, spoken->written.data,
               spoken->written.len);
        out->written_len += spoken->written.len;
    }

    if (spoken->spoken.len) {
        memcpy(out->spoken + out->spoken_len, spoken->spoken.data,
               spoken->spoken.len);
        out->spoken_len += spoken->spoken.len;
    }
}


static unsigned
same(const test_out_t *a, const test_out_t *b)
{
    return !b->failed
           && a->written_len == b->written_len
           && memcmp(a->written, b->written, a->written_len) == 0
           && a->spoken_len == b->spoken_len
           && memcmp(a->spoken, b->spoken, a->spoken_len) == 0
           && a->nwords == b->nwords
           && memcmp(a->words, b->words,
                     a->nwords * sizeof(convrelay_replaced_t)) == 0;
}


/* what waited long enough is a word, except a character that is not whole */

static void
flush_test(void)
{
    size_t                 i;
    convrelay_str_t        text;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  p;

    static const struct {
        const char  *text;
        const char  *first;
        const char  *flushed;
        size_t       held;
        const char  *rest;
        const char  *last;
    } cases[] = {
        { "on nginx", "on ", "engine x", 0, ", yes", ", yes" },
        { "on ngi", "on ", "ngi", 0, "nx", "nx" },
        { "Acme ", "", "ack me ", 0, "Corp", "Corp" },
        { "nginx\xe2\x80", "", "engine x", 2, "\xa6 C", "\xe2\x80\xa6 see" },
        { "caf\xc3", "", "caf", 1, "\xa9", "\xc3\xa9" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&p, 0, sizeof(p));

        text.data = (u_char *) cases[i].text;
        text.len = strlen(cases[i].text);

        (void) convrelay_pronounce_read(&p, &lex, &text,
                                        CONVRELAY_PRONOUNCE_MORE, &spoken);

        tap_is_str(&spoken.spoken, cases[i].first, "before it waits");
        tap_ok(p.moved && p.held, "... the rest waits");

        text.len = 0;

        (void) convrelay_pronounce_read(&p, &lex, &text,
                                        CONVRELAY_PRONOUNCE_FLUSH, &spoken);

        tap_is_str(&spoken.spoken, cases[i].flushed, "... and is text then");
        tap_ok(p.held == cases[i].held, "... all of it, in whole characters");

        text.data = (u_char *) cases[i].rest;
        text.len = strlen(cases[i].rest);

        (void) convrelay_pronounce_read(&p, &lex, &text,
                                        CONVRELAY_PRONOUNCE_END, &spoken);

        tap_is_str(&spoken.spoken, cases[i].last, "... before what follows");

        convrelay_pronounce_free(&p);
    }
}


/* signs of three bytes are those of one byte in a word, which could wait for
   long */

static void
bound_test(void)
{
    char                      text[1024];
    size_t                    i, len, max;
    unsigned                  bad;
    convrelay_str_t           piece;
    convrelay_spoken_t        spoken;
    convrelay_pronounce_t     p;
    static char               word[CONVRELAY_LEXICON_WORD + 1];

    memset(word, '-', sizeof(word) - 1);
    word[0] = 'x';
    word[sizeof(word) - 2] = 'x';

    lex.nwords = 0;
    add(word, "a line", "", 0);
    (void) convrelay_lexicon_sort(&lex);

    text[0] = 'x';

    for (len = 1; len < 1000; len += 3) {
        memcpy(text + len, "\xe2\x80\x91", 3);
    }

    memset(&p, 0, sizeof(p));

    max = 0;
    bad = 0;

    for (i = 0; i < len; i++) {
        piece.data = (u_char *) text + i;
        piece.len = 1;

        bad |= (convrelay_pronounce_read(&p, &lex, &piece,
                                         CONVRELAY_PRONOUNCE_MORE, &spoken)
                != CONVRELAY_OK);

        max = (p.held > max) ? p.held : max;
    }

    tap_ok(!bad && max > 100 && max < CONVRELAY_PRONOUNCE_HELD,
           "%zu bytes wait at most", max);

    convrelay_pronounce_free(&p);

    lexicon();
}


static void
map_test(void)
{
    size_t             i;
    static test_out_t  out;

    static const char  text[] = "On nginx, C.";

    /*  "On nginx, C."
        "On engine x, see."  */

    static const size_t  written[] = {
        0, 1, 2, 3, 8, 8, 8, 8, 8, 8, 8, 8, 9, 10, 11, 11, 11, 12
    };

    once(text, sizeof(text) - 1, NULL, NULL, 0, &out);

    for (i = 0; i <= out.spoken_len; i++) {
        tap_ok(convrelay_spoken_written(out.words, out.nwords, i)
               == written[i], "%zu bytes of it were heard", i);
    }

    tap_ok(convrelay_spoken_written(NULL, 0, 7) == 7, "nothing was replaced");
}


static void
cut_test(void)
{
    size_t                 i;
    convrelay_str_t        text;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  p;

    static const struct {
        size_t       written;
        size_t       said;
        const char  *text;
        const char  *spoken;
    } cases[] = {
        { 100, 100, "On nginx, caf\xc3\xa9 \xc3\xa9.",
                    "On engine x, ka fay \xc3\xa9." },
        { 0, 0, "", "" },
        { 2, 100, "On", "On" },
        { 7, 100, "On ", "On " },
        { 8, 100, "On nginx", "On engine x" },
        { 100, 10, "On ", "On " },
        { 100, 11, "On nginx", "On engine x" },
        { 100, 12, "On nginx,", "On engine x," },
        { 16, 100, "On nginx, caf\xc3\xa9 ", "On engine x, ka fay " },
        { 100, 21, "On nginx, caf\xc3\xa9 ", "On engine x, ka fay " },
        { 17, 100, "On nginx, caf\xc3\xa9 ", "On engine x, ka fay " },
        { 18, 22, "On nginx, caf\xc3\xa9 \xc3\xa9",
                  "On engine x, ka fay \xc3\xa9" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&p, 0, sizeof(p));

        text.data = (u_char *) cases[0].text;
        text.len = strlen(cases[0].text);

        (void) convrelay_pronounce_read(&p, &lex, &text,
                                        CONVRELAY_PRONOUNCE_END, &spoken);
        convrelay_spoken_cut(&spoken, cases[i].written, cases[i].said);

        tap_is_str(&spoken.written, cases[i].text, "cut as it is written");
        tap_is_str(&spoken.spoken, cases[i].spoken, "... as it is spoken");

        convrelay_pronounce_free(&p);
    }
}


static void
check_test(void)
{
    size_t                     i;
    const char                *why, *part;
    static char                longer[512];
    convrelay_lexicon_word_t   w;

    static const struct {
        const char  *word;
        const char  *spoken;
        const char  *lang;
        const char  *part;
        const char  *why;
    } cases[] = {
        { "a", "b", "", NULL, NULL },
        { "a", "b", "en", NULL, NULL },
        { "a", "b", "zh-Hans-CN", NULL, NULL },
        { "a", "b", "es-419", NULL, NULL },
        { "", "b", "", "WORD", "is empty" },
        { longer, "b", "", "WORD", "is longer than 128 bytes" },
        { "a\xff", "b", "", "WORD",
          "is not UTF-8, or has control characters" },
        { "a\n", "b", "", "WORD", "is not UTF-8, or has control characters" },
        { " a", "b", "", "WORD", "begins or ends with a blank" },
        { "a ", "b", "", "WORD", "begins or ends with a blank" },
        { "<a", "b", "", "WORD",
          "has \"<\" or \">\", but tags are left as they are" },
        { "%", "b", "", "WORD", "has neither a letter nor a digit" },
        { "a", "", "", "SPOKEN", "is empty" },
        { "a", longer, "", "SPOKEN", "is longer than 256 bytes" },
        { "a", "b\x07", "", "SPOKEN",
          "is not UTF-8, or has control characters" },
        { "a", "-", "", "SPOKEN", "has neither a letter nor a digit" },
        { "a", "b", "e", "lang",
          "is not a language such as \"en\" or \"en-GB\"" },
        { "a", "b", "en-", "lang", NULL },
        { "a", "b", "e-GB", "lang", NULL },
        { "a", "b", "en--GB", "lang", NULL },
        { "a", "b", "en_GB", "lang", NULL },
        { "a", "b", "4en", "lang", NULL },
        { "a", "b", "en-abcdefghi", "lang", NULL },
        { "a", "b", longer, "lang", NULL },
    };

    memset(longer, 'a', 257);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&w, 0, sizeof(w));

        w.word.data = (u_char *) cases[i].word;
        w.word.len = strlen(cases[i].word);
        w.spoken.data = (u_char *) cases[i].spoken;
        w.spoken.len = strlen(cases[i].spoken);
        w.lang.data = (u_char *) cases[i].lang;
        w.lang.len = strlen(cases[i].lang);

        why = convrelay_lexicon_check(&w, &part);

        tap_ok(cases[i].part
               ? why && strcmp(part, cases[i].part) == 0
                 && (cases[i].why == NULL || strcmp(why, cases[i].why) == 0)
               : why == NULL,
               "checked: %.20s, %.20s, %.20s", cases[i].word,
               cases[i].spoken, cases[i].lang);
    }
}


static void
duplicate_test(void)
{
    const convrelay_lexicon_word_t  *twice;

    lex.nwords = 0;

    add("b", "x", "", 0);
    add("B", "y", "", 1);
    add("b", "z", "", 1);
    add("b", "x", "en", 0);
    add("b", "x", "en-GB", 0);

    tap_ok(convrelay_lexicon_sort(&lex) == NULL, "case and language differ");

    add("a", "x", "", 0);
    add("B", "late", "EN", 0);

    twice = convrelay_lexicon_sort(&lex);

    tap_ok(twice && twice->number == 6 && twice[-1].number == 3,
           "the later one of two is found, after the earlier one");

    lex.nwords = 0;
    tap_ok(convrelay_lexicon_sort(&lex) == NULL, "no words at all");

    lexicon();
}


/* each of many words is found, and nothing else */

static void
many_test(void)
{
    char                      text[32], want[32];
    size_t                    i;
    unsigned                  bad;
    convrelay_str_t           piece;
    convrelay_spoken_t        spoken;
    convrelay_lexicon_t       many;
    convrelay_pronounce_t     p;

    enum { MANY = 5000 };

    static char                      names[MANY][16], says[MANY][16];
    static convrelay_lexicon_word_t  entries[MANY];

    many.words = entries;
    many.nwords = MANY;

    for (i = 0; i < MANY; i++) {
        snprintf(names[i], 16, "k%zx", i * 7);
        snprintf(says[i], 16, "say %zu", i);

        entries[i].word.data = (u_char *) names[i];
        entries[i].word.len = strlen(names[i]);
        entries[i].key = entries[i].word;
        entries[i].spoken.data = (u_char *) says[i];
        entries[i].spoken.len = strlen(says[i]);
        entries[i].number = i;
    }

    bad = (convrelay_lexicon_sort(&many) != NULL);

    memset(&p, 0, sizeof(p));

    for (i = 0; i < 7 * MANY; i++) {
        snprintf(text, sizeof(text), " K%zX,", i);

        if (i % 7 == 0) {
            snprintf(want, sizeof(want), " say %zu,", i / 7);

        } else {
            memcpy(want, text, sizeof(want));
        }

        piece.data = (u_char *) text;
        piece.len = strlen(text);

        bad += (convrelay_pronounce_read(&p, &many, &piece,
                                         CONVRELAY_PRONOUNCE_END, &spoken)
                != CONVRELAY_OK
                || spoken.spoken.len != strlen(want)
                || memcmp(spoken.spoken.data, want, strlen(want)) != 0);
    }

    convrelay_pronounce_free(&p);

    tap_ok(!bad, "%d words", (int) MANY);
}


/* a phrase that repeats itself begins again and again in a text that does */

static void
cost_test(void)
{
    size_t   i;
    int64_t  repeated, other;

    static char  phrase[CONVRELAY_LEXICON_WORD];

    /* ends in " b" */

    for (i = 0; i < sizeof(phrase) - 1; i++) {
        phrase[i] = (i % 2) ? ' ' : 'a';
    }

    phrase[(i - 1) & ~1ul] = 'b';

    repeated = cost(phrase);
    other = cost("a b");

    tap_ok(repeated < LIMIT * other, "its cost: %lld us, not much more than "
           "%lld us", (long long) repeated / 1000, (long long) other / 1000);
}


/* ns for a text of 64 KB in one piece, of which nothing is replaced */

static int64_t
cost(const char *phrase)
{
    size_t                 i;
    int64_t                time, best;
    unsigned               run;
    convrelay_str_t        piece;
    convrelay_spoken_t     spoken;
    convrelay_pronounce_t  p;

    static u_char  text[65536];

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (i % 2) ? ' ' : 'a';
    }

    lex.nwords = 0;
    add(phrase, "x", "", 0);

    (void) convrelay_lexicon_sort(&lex);

    piece.data = text;
    piece.len = sizeof(text);
    best = INT64_MAX;

    for (run = 0; run < 5; run++) {
        memset(&p, 0, sizeof(p));

        time = cpu();
        (void) convrelay_pronounce_read(&p, &lex, &piece,
                                        CONVRELAY_PRONOUNCE_END, &spoken);
        time = cpu() - time;

        best = (time < best) ? time : best;

        convrelay_pronounce_free(&p);
    }

    return best;
}


static int64_t
cpu(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return t.tv_sec * 1000000000ll + t.tv_nsec;
}
