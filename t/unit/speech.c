
/*
 * Copyright (C) convrelay contributors
 *
 * The filter of speech, with the guard of tools where both are on.
 */


#include "convrelay_speech.h"
#include "convrelay_tool.h"
#include "tap.h"


typedef struct {
    const char               *name;
    const char               *text;
    const char               *english;
    const char               *other;      /* NULL: as English */
    const char               *ssml;       /* NULL: as English */
} test_row_t;


typedef struct {
    convrelay_speech_think_t  think;
    convrelay_tool_guard_t    guard;
    convrelay_speech_t        speech;
    char                      out[8192];
    size_t                    len;
} test_pipe_t;


static void rows_test(const test_row_t *row);
static void splits_test(const test_row_t *row, convrelay_speech_mode_e mode,
    unsigned english, const char *want, const char *column);
static unsigned once(const char *text, size_t len, const size_t *cuts,
    size_t ncuts, convrelay_speech_mode_e mode, unsigned english,
    char *out);
static void piece(test_pipe_t *t, const u_char *p, size_t len);
static void speak(test_pipe_t *t, const convrelay_str_t *text);
static void add(test_pipe_t *t, const convrelay_str_t *text);
static void plain_test(void);
static void flush_test(void);
static void bound_test(void);
static void think_test(void);
static void language_test(void);
static void counted_test(void);
static void state_test(void);


/* in the order of the table of what LLMs write that is not for the ear */

static const test_row_t  rows[] = {
    { "1 bold", "**Sunday**", "Sunday", NULL, NULL },
    { "2 italic", "*really*", "really", NULL, NULL },
    { "3 bold italic", "***now***", "now", NULL, NULL },
    { "4 star operator", "3 * 4", "3 * 4", NULL, NULL },
    { "4 between digits", "3*4 is 2**3", "3*4 is 2**3", NULL, NULL },
    { "5 star glob", "*.txt", "dot txt", ".txt", NULL },
    { "6 underscore emphasis", "_fine_", "fine", NULL, NULL },
    { "7 snake case", "user_id", "user id", NULL, NULL },
    { "8 dunder", "__init__", "init", NULL, NULL },
    { "9 strike", "~~10~~ 8 dollars", "8 dollars", NULL, NULL },
    { "9 strike inside", "It is ~~10~~ 8.", "It is 8.", NULL, NULL },
    { "9 not closed", "~~10 8\n", "10 8.", NULL, NULL },
    { "10 tilde number", "~5 minutes", "about 5 minutes", "~5 minutes", NULL },
    { "10 a path", "a ~/b", "a ~/b", NULL, NULL },
    { "11 heading", "## Opening hours\nNine", "Opening hours. Nine", NULL,
      NULL },
    { "11 heading at the end", "## Opening hours", "Opening hours.", NULL,
      NULL },
    { "12 dollars in a sentence", "One $$ two.", "One two.", NULL, NULL },
    { "12 hashes in a sentence", "One ## two.", "One two.", NULL, NULL },
    { "12 closed heading", "## Hours ##", "Hours.", NULL, NULL },
    { "12 closed heading, a line", "## Hours ##\nNine", "Hours. Nine", NULL,
      NULL },
    { "13 hash number", "#1 choice", "number 1 choice", "#1 choice", NULL },
    { "13 inside", "our #1 choice", "our number 1 choice", "our #1 choice",
      NULL },
    { "13 a key", "press # now, or C#", "press # now, or C#", NULL, NULL },
    { "14 hashtag", "#OpenDay", "OpenDay", NULL, NULL },
    { "15 bullet", "- Oak\n- Ash", "Oak. Ash.", NULL, NULL },
    { "15 after a colon", "We have:\n- Oak\n- Ash!\n", "We have: Oak. Ash!",
      NULL, NULL },
    { "15 no bullet", "-5 degrees", "-5 degrees", NULL, NULL },
    { "16 star", "* Oak", "Oak.", NULL, NULL },
    { "16 plus", "+ Oak", "Oak.", NULL, NULL },
    { "16 dot", "\xe2\x80\xa2 Oak", "Oak.", NULL, NULL },
    { "16 dot inside", "Oak \xe2\x80\xa2 Ash", "Oak, Ash", NULL, NULL },
    { "17 numbered", "1. Oak", "1. Oak.", NULL, NULL },
    { "17 two", "1. Oak\n2) Ash\n", "1. Oak. 2) Ash.", NULL, NULL },
    { "17 a year", "It was in\n2026. Yes", "It was in. 2026. Yes", NULL,
      NULL },
    { "18 nested list", "  - Oak", "  Oak.", NULL, NULL },
    { "18 nested", "- Oak\n  - Ash", "Oak. Ash.", NULL, NULL },
    { "19 task list", "- [x] paid", "paid.", NULL, NULL },
    { "19 not done", "* [ ] paid", "paid.", NULL, NULL },
    { "20 quote", "> He said", "He said", NULL, NULL },
    { "20 nested", "> > He said\n> so", "He said. so", NULL, NULL },
    { "21 rule", "Yes\n---\nNo", "Yes. No", NULL, NULL },
    { "21 rule of stars", "***\nNo", "No", NULL, NULL },
    { "21 with blanks", "Yes.\n* * *\nNo", "Yes. No", NULL, NULL },
    { "22 newline", "Yes\nWe are open", "Yes. We are open", NULL, NULL },
    { "22 CRLF", "Yes\r\nWe", "Yes. We", NULL, NULL },
    { "22 Chinese", "\xe5\xa5\xbd\n\xe5\xa5\xbd",
      "\xe5\xa5\xbd\xe3\x80\x82\xe5\xa5\xbd", NULL, NULL },
    { "22 a quote ends", "He said \"yes.\"\nNo", "He said \"yes.\" No", NULL,
      NULL },
    { "23 blank lines", "Yes\n\nWe", "Yes. We", NULL, NULL },
    { "23 after a stop", "Yes.\n \n\nWe", "Yes. We", NULL, NULL },
    { "24 inline code", "`nginx -t`", "nginx -t", NULL, NULL },
    { "24 double", "``a`b``", "ab", NULL, NULL },
    { "25 fence", "Run:\n```sh\nls -l\n```\nDone", "Run: Done", NULL, NULL },
    { "25 open", "Run:\n```sh\nls -l\n", "Run:", NULL, NULL },
    { "25 alone", "```sh", "", NULL, NULL },
    { "25 in a line", "Run ```ls``` now\nNext", "Run ls now. Next", NULL,
      NULL },
    { "25 after text", "Run ```sh\nls\n``` and go", "Run. and go", NULL,
      NULL },
    { "26 tilde fence", "~~~\nls\n~~~\nDone", "Done", NULL, NULL },
    { "27 link", "[our page](https://x.example)", "our page", NULL, NULL },
    { "27 inside", "See [our *page*](https://x.example/a_(b) \"c\"), now",
      "See our page, now", NULL, NULL },
    { "27 open", "See [our page](https://x.exa", "See our page", NULL, NULL },
    { "27 only its text", "See [our page", "See our page", NULL, NULL },
    { "27 a URL as text", "[https://a.example](https://a.example)!",
      "a dot example!", "https://a.example!", NULL },
    { "28 image", "![map](m.png)", "map", NULL, NULL },
    { "28 in a link", "See [![map](m.png)](https://x.example) now",
      "See map now", NULL, NULL },
    { "29 reference link", "[page][1]", "page", NULL, NULL },
    { "30 footnote", "open[^1]", "open", NULL, NULL },
    { "30 number", "open[1].", "open.", NULL, NULL },
    { "30 a key", "Press [1] now", "Press 1 now", NULL, NULL },
    { "31 citation mark", "\xe3\x80\x90" "4\xe2\x80\xa0source\xe3\x80\x91", "",
      NULL, NULL },
    { "31 after a word", "open\xe3\x80\x90" "4:0\xe2\x80\xa0" "a.md"
      "\xe3\x80\x91.", "open.", NULL, NULL },
    { "31 brackets", "\xe3\x80\x90\xe9\x87\x8d\xe8\xa6\x81\xe3\x80\x91",
      "\xe3\x80\x90\xe9\x87\x8d\xe8\xa6\x81\xe3\x80\x91", NULL, NULL },
    { "32 bare URL", "https://www.example.com/a?b=1", "example dot com",
      "https://www.example.com/a?b=1", NULL },
    { "32 in a sentence", "See https://example.com/a_b. Or (www.b-c.de)!",
      "See example dot com. Or (b dash c dot de)!",
      "See https://example.com/a_b. Or (www.b-c.de)!", NULL },
    { "32 no URL", "whether http is worth www. or not",
      "whether http is worth www. or not", NULL, NULL },
    { "33 bare domain", "example.com", "example.com", NULL, NULL },
    { "34 e-mail", "jane.doe@example.com",
      "jane dot doe at example dot com", "jane.doe@example.com", NULL },
    { "34 signs", "a_b-c+d@x-y.example.org.",
      "a underscore b dash c plus d at x dash y dot example dot org.",
      "a_b-c+d@x-y.example.org.", NULL },
    { "34 none", "me@home, jane.doe", "me@home, jane.doe", NULL, NULL },
    { "35 autolink", "<https://example.com>", "example dot com",
      "https://example.com", NULL },
    { "35 mail", "<me@example.com>", "me at example dot com",
      "me@example.com", NULL },
    { "36 HTML tag", "<b>open</b>", "open", NULL, NULL },
    { "36 attributes", "See <a href=\"https://example.com/a/long/way/to/go/for/"
      "the/limit/of/tags\">this</a>.", "See this.", NULL, NULL },
    { "36 never closed", "See <b", "See", NULL, NULL },
    { "37 break tag", "Yes<br/>No", "Yes. No", NULL, NULL },
    { "38 SSML", "Yes <break time=\"300ms\"/> no", "Yes no", NULL,
      "Yes <break time=\"300ms\"/> no" },
    { "38 SSML after words", "It is 5\xc2\xb0 <emphasis>now</emphasis>",
      "It is 5 degrees now", "It is 5\xc2\xb0 now",
      "It is 5 degrees <emphasis>now</emphasis>" },
    { "38 SSML around words",
      "<prosody rate=\"slow\">Yes</prosody>, <b>now</b>", "Yes, now", NULL,
      "<prosody rate=\"slow\">Yes</prosody>, now" },
    { "39 SSML is dropped", "<phoneme ph=\"x\">a</phoneme>", "a", NULL,
      "<phoneme ph=\"x\">a</phoneme>" },
    { "40 less", "5 < 7", "5 less than 7", "5 < 7", NULL },
    { "40 greater", "7>5", "7 greater than 5", "7>5", NULL },
    { "40 equal", "5 <= 7 >= 6", "5 at most 7 at least 6", "5 <= 7 >= 6",
      NULL },
    { "41 entity", "fish &amp; chips", "fish and chips", "fish & chips",
      NULL },
    { "41 quotes", "&quot;It&#39;s&quot;&nbsp;5 &lt; 7 &bogus;",
      "\"It's\" 5 less than 7 &bogus;", "\"It's\" 5 < 7 &bogus;", NULL },
    { "42 ampersand", "B & B", "B and B", "B & B", NULL },
    { "42 a name", "AT&T", "AT&T", NULL, NULL },
    { "43 think", "<think>Hm, *no*</think>Yes", "Yes", NULL, NULL },
    { "43 lines", "<think>\nHm <b>\n</think>\n\nYes", "Yes", NULL, NULL },
    { "43 thinking", "<thinking>Hm</thinking> Yes", "Yes", NULL, NULL },
    { "43 brackets", "[THINK]Hm[/THINK]Yes", "Yes", NULL, NULL },
    { "43 triangles", "\xe2\x97\x81think\xe2\x96\xb7Hm"
      "\xe2\x97\x81/think\xe2\x96\xb7Yes", "Yes", NULL, NULL },
    { "43 an end alone", "Hm</think>Yes", "HmYes", NULL, NULL },
    { "43 inside", "Yes <think>Hm</think> no", "Yes no", NULL, NULL },
    { "43 open", "Yes <think>Hm", "Yes", NULL, NULL },
    { "44 control token", "Yes<end_of_turn>", "Yes", NULL, NULL },
    { "44 end of sequence", "Yes</s>", "Yes", NULL, NULL },
    { "45 role prefix", "Assistant: Yes", "Yes", NULL, NULL },
    { "45 bold", "**AI:** Yes", "Yes", NULL, NULL },
    { "45 not at the start", "Our assistant: Yes", "Our assistant: Yes", NULL,
      NULL },
    { "46 leaked call", "{\"day\":\"Mon\"}", "", NULL, NULL },
    { "46 a name", "Yes. book({\"day\":1})", "Yes. ", NULL, NULL },
    { "46 harmony", "to=functions.book", "", NULL, NULL },
    { "46 in code", "```json\n{\"name\":\"book\"}\n```", "", NULL, NULL },
    { "46 thought of", "<think>book(1)</think>Yes", "Yes", NULL, NULL },
    { "47 emoji", "Great \xf0\x9f\x98\x80", "Great", NULL, NULL },
    { "47 joined", "A \xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d"
      "\xf0\x9f\x92\xbb b\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa!", "A b!", NULL,
      NULL },
    { "47 a joiner of a script", "\xd9\x85\xe2\x80\x8c\xd8\xae",
      "\xd9\x85\xe2\x80\x8c\xd8\xae", NULL, NULL },
    { "48 keycap", "1\xef\xb8\x8f\xe2\x83\xa3 Oak", "1 Oak", NULL, NULL },
    { "49 dingbat", "\xe2\x9c\x85 Done \xe2\x9c\x93", "Done", NULL, NULL },
    { "50 arrow", "A \xe2\x86\x92 B", "A to B", "A \xe2\x86\x92 B", NULL },
    { "50 not between words", "\xe2\x86\x92 B", "B", NULL, NULL },
    { "51 box drawing", "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90", "", NULL,
      NULL },
    { "52 emoticon", "Fine :-) and ;)", "Fine and", NULL, NULL },
    { "52 none", "Note: a:b ; :x", "Note: a:b ; :x", NULL, NULL },
    { "53 em dash", "open \xe2\x80\x94 always", "open, always", NULL, NULL },
    { "53 without blanks", "open\xe2\x80\x94" "always", "open, always", NULL,
      NULL },
    { "53 at the end", "open \xe2\x80\x94", "open", NULL, NULL },
    { "54 en dash range", "9\xe2\x80\x93" "17", "9 to 17",
      "9\xe2\x80\x93" "17", NULL },
    { "54 days", "Mon\xe2\x80\x93" "Fri", "Mon to Fri", "Mon\xe2\x80\x93" "Fri",
      NULL },
    { "54 a pause", "open \xe2\x80\x93 always", "open, always", NULL, NULL },
    { "55 hyphen range", "10:00-16:00", "10:00-16:00", NULL, NULL },
    { "56 smart quotes", "\xe2\x80\x9cyes\xe2\x80\x9d \xe2\x80\x98ok"
      "\xe2\x80\x99 don\xe2\x80\x99t", "\"yes\" 'ok' don't", NULL, NULL },
    { "57 ellipsis", "Well\xe2\x80\xa6", "Well...", NULL, NULL },
    { "58 repeated marks", "Yes!!!!! No?!?!", "Yes! No?", NULL, NULL },
    { "59 divider line", "Hi\n=====\n_____\nYou", "Hi. You", NULL, NULL },
    { "60 table", "| Day | Open |\n|---|:-:|\n| Mon | 9 |",
      "Day, Open. Mon, 9.", NULL, NULL },
    { "60 empty cells", "| Day | | Open |", "Day, Open.", NULL, NULL },
    { "61 no-break", "a\xc2\xa0" "b\xe2\x80\xaf" "c", "a b c", NULL, NULL },
    { "61 zero width", "a\xe2\x80\x8b" "b\xef\xbb\xbf" "c", "abc", NULL, NULL },
    { "62 control chars", "a\x07" "b\x7f" "c\xc2\x85", "abc", NULL, NULL },
    { "63 LaTeX", "\\(x^2\\) $$a$$ \\boxed{42}", "x^2 a \\boxed{42}", NULL,
      NULL },
    { "63 escapes", "5 \\* 3 \\$", "5 * 3 $", NULL, NULL },
    { "64 superscript", "5 m\xc2\xb2 of 10\xc2\xb3",
      "5 m squared of 10 cubed", "5 m\xc2\xb2 of 10\xc2\xb3", NULL },
    { "65 fraction", "\xc2\xbd, 1\xc2\xbd hours", "one half, 1 and one half "
      "hours", "\xc2\xbd, 1\xc2\xbd hours", NULL },
    { "66 degree", "21 \xc2\xb0" "C, 70\xc2\xb0" "F, 5\xc2\xb0.",
      "21 degrees Celsius, 70 degrees Fahrenheit, 5 degrees.",
      "21 \xc2\xb0" "C, 70\xc2\xb0" "F, 5\xc2\xb0.", NULL },
    { "67 signs", "\xc2\xb1" "5 2\xc3\x97" "3 \xc3\xb7 4 \xe2\x89\x88 1 "
      "\xe2\x89\xa4 2 \xe2\x88\x92" "3",
      "plus or minus 5 2 times 3 divided by 4 about 1 at most 2 minus 3",
      "\xc2\xb1" "5 2\xc3\x97" "3 \xc3\xb7 4 \xe2\x89\x88 1 \xe2\x89\xa4 2 "
      "\xe2\x88\x92" "3", NULL },
    { "68 currency", "$42.50", "$42.50", NULL, NULL },
    { "69 percent", "50%", "50%", NULL, NULL },
    { "70 phone", "+1 (555) 010-0002", "+1 (555) 010-0002", NULL, NULL },
    { "71 ids", "OR-24-12", "OR-24-12", NULL, NULL },
    { "72 ISO date", "2026-11-29", "2026-11-29", NULL, NULL },
    { "73 decimals, times, thousands", "3.14 9.600 1,000 10:30",
      "3.14 9.600 1,000 10:30", NULL, NULL },
    { "74 seam", "Hello. How", "Hello. How", NULL, NULL },
    { "75 bold over a sentence end", "**Yes. Really.**", "Yes. Really.", NULL,
      NULL },
    { "76 TTS annotation", "Well [laughter] yes [breath].", "Well yes.", NULL,
      NULL },
    { "76 a placeholder", "Dear [Your Name]", "Dear [Your Name]", NULL, NULL }
};


static const convrelay_str_t  names[] = { convrelay_string("book") };
static const convrelay_str_t  keys[] = { convrelay_string("day") };
static const convrelay_tool_shapes_t  shapes = { names, 1, keys, 1 };


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rows_test(&rows[i]);
    }

    plain_test();
    flush_test();
    bound_test();
    think_test();
    language_test();
    counted_test();
    state_test();

    return tap_done();
}


static void
rows_test(const test_row_t *row)
{
    splits_test(row, CONVRELAY_SPEECH_ON, 1, row->english, "English");
    splits_test(row, CONVRELAY_SPEECH_ON, 0,
                row->other ? row->other : row->english, "other");
    splits_test(row, CONVRELAY_SPEECH_SSML, 1,
                row->ssml ? row->ssml : row->english, "SSML");
}


/* whole, byte by byte, cut once at every byte, and in random pieces */

static void
splits_test(const test_row_t *row, convrelay_speech_mode_e mode,
    unsigned english, const char *want, const char *column)
{
    char      name[128], out[8192];
    size_t    i, n, len, cuts[1024];
    unsigned  seed, bad, round;

    len = strlen(row->text);

    snprintf(name, sizeof(name), "%s, %s", row->name, column);

    once(row->text, len, NULL, 0, mode, english, out);

    if (!tap_is(out, strlen(out), want, strlen(want), name)) {
        return;
    }

    bad = 0;

    for (i = 0; i < 1024; i++) {
        cuts[i] = i + 1;
    }

    once(row->text, len, cuts, len - 1, mode, english, out);

    bad += (strcmp(out, want) != 0);

    for (i = 1; i < len; i++) {
        once(row->text, len, &i, 1, mode, english, out);
        bad += (strcmp(out, want) != 0);
    }

    seed = 7;

    for (round = 0; round < 20; round++) {
        n = 0;

        for (i = 1; i < len; i++) {
            seed = seed * 1103515245 + 12345;

            if (seed >> 16 & 1) {
                cuts[n++] = i;
            }
        }

        once(row->text, len, cuts, n, mode, english, out);
        bad += (strcmp(out, want) != 0);
    }

    tap_ok(bad == 0, "%s, however it is cut (%u differ)", name, bad);
}


static unsigned
once(const char *text, size_t len, const size_t *cuts, size_t ncuts,
    convrelay_speech_mode_e mode, unsigned english, char *out)
{
    size_t            i, from, to;
    unsigned          late;
    test_pipe_t       t;
    convrelay_str_t   rest;

    memset(&t, 0, sizeof(test_pipe_t));

    t.speech.mode = mode;
    t.speech.english = english;

    from = 0;

    for (i = 0; i <= ncuts; i++) {
        to = (i < ncuts) ? cuts[i] : len;
        piece(&t, (const u_char *) text + from, to - from);
        from = to;
    }

    convrelay_speech_think_flush(&t.think, &rest);
    speak(&t, &rest);

    convrelay_tool_guard_end(&t.guard, &rest);

    if (convrelay_speech_read(&t.speech, &rest, &rest) == CONVRELAY_OK) {
        add(&t, &rest);
    }

    if (convrelay_speech_end(&t.speech, &rest) == CONVRELAY_OK) {
        add(&t, &rest);
    }

    late = t.think.late;

    memcpy(out, t.out, t.len);
    out[t.len] = '\0';

    convrelay_tool_guard_free(&t.guard);
    convrelay_speech_free(&t.speech);

    return late;
}


/* the bytes are in a block of their own, which ends with them */

static void
piece(test_pipe_t *t, const u_char *p, size_t len)
{
    u_char           *copy;
    convrelay_str_t   text, out;

    copy = malloc(len ? len : 1);
    memcpy(copy, p, len);

    text.data = copy;
    text.len = len;

    while (text.len) {
        convrelay_speech_think(&t->think, &text, &out);
        speak(t, &out);
    }

    free(copy);
}


static void
speak(test_pipe_t *t, const convrelay_str_t *text)
{
    convrelay_str_t  out;

    if (convrelay_tool_guard_read(&t->guard, &shapes, text, &out)
        == CONVRELAY_ERROR
        || convrelay_speech_read(&t->speech, &out, &out) != CONVRELAY_OK)
    {
        tap_ok(0, "memory");
        return;
    }

    add(t, &out);
}


static void
add(test_pipe_t *t, const convrelay_str_t *text)
{
    if (text->len) {
        memcpy(t->out + t->len, text->data, text->len);
        t->len += text->len;
    }
}


static void
plain_test(void)
{
    size_t              i;
    unsigned            same;
    convrelay_str_t     text, out;
    convrelay_speech_t  s;

    static const char  *tokens[] = {
        " have", " the", " room", ",", " (both)", " 24/7", " caf\xc3\xa9",
        " \xd0\xb4\xd0\xb0", " it's", "= 5%", " \"so\"", " within", " shw"
    };

    memset(&s, 0, sizeof(s));
    s.mode = CONVRELAY_SPEECH_ON;
    s.english = 1;

    convrelay_str_set(&text, "We");
    convrelay_speech_read(&s, &text, &out);
    tap_is_str(&out, "We", "the first word");

    same = 0;

    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        text.data = (u_char *) tokens[i];
        text.len = strlen(tokens[i]);

        convrelay_speech_read(&s, &text, &out);

        if (out.data == text.data && out.len == text.len) {
            same++;

        } else {
            tap_ok(0, "\"%s\" was touched", tokens[i]);
        }
    }

    tap_ok(same == i, "plain tokens are passed on, not copied");
    tap_ok(!s.changed && s.held == 0 && s.in == NULL,
           "nothing is held or changed, and nothing was allocated to hold it");

    convrelay_str_set(&text, " www");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(out.len == 0 && s.held == 3, "what may be a URL waits");

    convrelay_speech_free(&s);

    /* as the text ends, so does the sentence */

    memset(&s, 0, sizeof(s));
    s.mode = CONVRELAY_SPEECH_ON;
    s.english = 1;

    convrelay_str_set(&text, "- Oak");
    convrelay_speech_read(&s, &text, &out);
    convrelay_str_set(&text, " and \"Ash!\"");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(out.data != NULL && out.len == text.len, "a quote passes");
    convrelay_speech_end(&s, &out);
    tap_is_str(&out, "", "a quote that ends a sentence ends the item");

    convrelay_speech_free(&s);
}


static void
flush_test(void)
{
    size_t              i;
    char                name[64];
    convrelay_str_t     text, out;
    convrelay_speech_t  s;

    static const struct {
        const char  *text;
        const char  *before;
        const char  *flushed;
        const char  *more;
        const char  *after;
    } tests[] = {
        { "Hello.", "Hello", ".", " How", " How" },
        { "See *", "See", "", "bold*!", " bold!" },
        { "See [our", "See", " our", " page](x) now", " page now" },
        { "a <b", "a", " b", "> c", " c" },
        { "See https://exam", "See", " exam", "ple.com now", " now" },
        { "~~a", "", "a", "~~ b\n", " b." }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        memset(&s, 0, sizeof(s));
        s.mode = CONVRELAY_SPEECH_ON;
        s.english = 1;

        text.data = (u_char *) tests[i].text;
        text.len = strlen(tests[i].text);

        convrelay_speech_read(&s, &text, &out);
        snprintf(name, sizeof(name), "\"%s\" waits", tests[i].text);
        tap_is_str(&out, tests[i].before, name);
        tap_ok(s.held && s.moved, "something is held");

        convrelay_speech_flush(&s, &out);
        snprintf(name, sizeof(name), "\"%s\" is text in the end",
                 tests[i].text);
        tap_is_str(&out, tests[i].flushed, name);
        tap_ok(s.held == 0, "nothing is held");

        text.data = (u_char *) tests[i].more;
        text.len = strlen(tests[i].more);

        convrelay_speech_read(&s, &text, &out);
        snprintf(name, sizeof(name), "then comes more, %zu", i);
        tap_is_str(&out, tests[i].after, name);

        convrelay_speech_free(&s);
    }

    memset(&s, 0, sizeof(s));
    s.mode = CONVRELAY_SPEECH_ON;

    convrelay_str_set(&text, "~~a");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(s.moved, "a hold begins");
    convrelay_str_set(&text, "b");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(s.held == 4 && !s.moved, "it goes on");
    convrelay_str_set(&text, "~~ c *");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(s.held == 1 && s.moved, "another one begins");

    convrelay_speech_free(&s);
}


/* whatever comes, no more than CONVRELAY_SPEECH_HELD bytes wait */

static void
bound_test(void)
{
    size_t              i, j, max;
    convrelay_str_t     text, out;
    convrelay_speech_t  s;

    static const char  *units[] = {
        "*", "_", "a_", "`", "~", "#", "[", "[a", "!", "<", "<a ", "<|", "&",
        "|", "|-", "- ", "\\", "$", ":", "https://", "www.", "a.b-", "a@b.",
        "\xe2\x80\x94 ", "\xe2\x86\x92 ", "\xe3\x80\x90", " ", "\n", "1", "[^",
        "](", "'", "\xf0\x9f\x98\x80"
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        memset(&s, 0, sizeof(s));
        s.mode = CONVRELAY_SPEECH_SSML;
        s.english = 1;
        max = 0;

        for (j = 0; j < 2000; j++) {
            text.data = (u_char *) units[i] + j % strlen(units[i]);
            text.len = 1;

            convrelay_speech_read(&s, &text, &out);
            max = (s.held > max) ? s.held : max;
        }

        tap_ok(max < CONVRELAY_SPEECH_HELD, "number %zu of the endless: %zu "
               "bytes wait", i, max);

        convrelay_speech_free(&s);
    }
}


static void
think_test(void)
{
    char                       out[8192];
    unsigned                   i;
    convrelay_str_t            text, piece;
    convrelay_speech_think_t   t;

    tap_ok(once("Hm</think>Yes", 13, NULL, 0, CONVRELAY_SPEECH_ON, 1, out),
           "an end of reasoning without its beginning is noted");
    tap_ok(!once("<think>a</think>b", 17, NULL, 0, CONVRELAY_SPEECH_ON, 1, out),
           "one with it is not");

    memset(&t, 0, sizeof(t));

    convrelay_str_set(&text, "<think>");
    convrelay_speech_think(&t, &text, &piece);
    tap_ok(piece.len == 1 && text.len == 0 && t.region, "a region begins");

    for (i = 0; i < 10000; i++) {
        convrelay_str_set(&text, "*<b");
        convrelay_speech_think(&t, &text, &piece);

        if (piece.len || text.len) {
            break;
        }
    }

    tap_ok(i == 10000 && t.dropped == 30006, "it has no limit, and is counted");

    convrelay_str_set(&text, "</THINK>Yes < <thi");
    convrelay_speech_think(&t, &text, &piece);
    tap_ok(piece.len == 0 && !t.region, "it ends");
    convrelay_speech_think(&t, &text, &piece);
    tap_is_str(&piece, "Yes < ", "text after it");
    tap_ok(text.len == 0 && t.held == 4, "another one may begin");

    convrelay_speech_think_flush(&t, &piece);
    tap_is_str(&piece, "<thi", "it does not");

    convrelay_str_set(&text, "<<<think>a</think>b");
    convrelay_speech_think(&t, &text, &piece);
    tap_is_str(&piece, "<<", "what only looks like a beginning");
    convrelay_speech_think(&t, &text, &piece);
    tap_is_str(&piece, "\x01", "a region");
    convrelay_speech_think(&t, &text, &piece);
    tap_is_str(&piece, "", "its end");
    convrelay_speech_think(&t, &text, &piece);
    tap_is_str(&piece, "b", "after the region");
}


static void
language_test(void)
{
    size_t           i;
    convrelay_str_t  lang;

    static const struct {
        const char  *lang;
        unsigned     english;
    } tests[] = {
        { "", 1 }, { "en", 1 }, { "en-US", 1 }, { "EN-gb", 1 }, { "en_AU", 1 },
        { "de-DE", 0 }, { "e", 0 }, { "enm", 0 }, { "es-US", 0 }, { "fr", 0 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        lang.data = (u_char *) tests[i].lang;
        lang.len = strlen(tests[i].lang);

        tap_ok(convrelay_speech_english(&lang) == tests[i].english,
               "\"%s\"", tests[i].lang);
    }
}


/* what is read is passed on or counted, so that an answer has an end */

static void
counted_test(void)
{
    size_t              i, n, len, read;
    convrelay_str_t     text, out;
    convrelay_speech_t  s;

    static const char  *texts[] = {
        "                ", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\x01\x02\x7f",
        "***", "  \n", "**", "<b></b>", "\t\t", "\xc2\xa0\xc2\xa0", "\r\n\r\n"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        memset(&s, 0, sizeof(s));
        s.mode = CONVRELAY_SPEECH_ON;
        s.english = 1;

        convrelay_str_set(&text, "Hello.");
        convrelay_speech_read(&s, &text, &out);

        len = out.len;
        read = text.len;

        for (n = 0; n < 1000; n++) {
            text.data = (u_char *) texts[i];
            text.len = strlen(texts[i]);
            read += text.len;

            convrelay_speech_read(&s, &text, &out);
            len += out.len;
        }

        tap_ok(len + s.dropped + s.held + 65 >= read, "%zu: %zu of %zu bytes "
               "are counted", i, len + s.dropped, read);

        convrelay_str_set(&text, "x");
        convrelay_speech_read(&s, &text, &out);

        tap_ok(out.len <= 70, "%zu: few are passed on at once: %zu", i,
               out.len);

        convrelay_speech_free(&s);
    }
}


static void
state_test(void)
{
    convrelay_str_t     text, out;
    convrelay_speech_t  s;

    /* the language changes in mid-answer, with a sign held back */

    memset(&s, 0, sizeof(s));
    s.mode = CONVRELAY_SPEECH_ON;
    s.english = 1;

    convrelay_str_set(&text, "A &");
    convrelay_speech_read(&s, &text, &out);
    s.english = 0;
    convrelay_str_set(&text, " B");
    convrelay_speech_read(&s, &text, &out);
    tap_is_str(&out, " & B", "what is decided later is of the new language");

    convrelay_speech_free(&s);
    tap_ok(s.out == NULL && s.in == NULL && !s.begun, "freed");

    /* regions are counted, changes are seen */

    memset(&s, 0, sizeof(s));
    s.mode = CONVRELAY_SPEECH_ON;

    convrelay_str_set(&text, "```\n0123456789\n```");
    convrelay_speech_read(&s, &text, &out);
    tap_ok(out.len == 0 && s.dropped >= 16 && s.changed,
           "a fence is dropped, and counted: %zu", s.dropped);

    convrelay_speech_free(&s);
}
