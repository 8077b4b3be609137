
/*
 * Copyright (C) convrelay contributors
 *
 * What a caller heard of an answer, clause by clause and at a pace.
 *
 * link: src/caller/convrelay_caller_voice.c
 * link: src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_caller_voice.h"


static void test_clauses(void);
static void test_pace(void);
static void test_starved(void);
static void test_played(void);
static void test_cut(void);
static void test_limit(void);
static void test_characters(void);


int
main(void)
{
    test_clauses();
    test_pace();
    test_starved();
    test_played();
    test_cut();
    test_limit();
    test_characters();

    return tap_done();
}


static size_t
clause(const char *text, size_t from, unsigned last)
{
    size_t   len, end;
    u_char  *p;

    len = strlen(text);
    p = tap_flush(text, len);
    end = convrelay_caller_clause((char *) p, len, from, last);
    tap_unflush(p, len);

    return end;
}


static void
test_clauses(void)
{
    tap_ok(clause("Oak, ash", 0, 0) == 4, "a comma ends a clause");
    tap_ok(clause("Oak, ash", 4, 0) == 0, "its end is not known yet");
    tap_ok(clause("Oak, ash", 4, 1) == 8, "the end of the text ends it");
    tap_ok(clause("It is 3.5 km.", 0, 0) == 0, "a decimal point does not");
    tap_ok(clause("It is 3.5 km.", 0, 1) == 13, "the whole is one clause");
    tap_ok(clause("One: two", 0, 0) == 4, "a colon does");
    tap_ok(clause("Really? Yes", 0, 0) == 7, "a question mark does");
    tap_ok(clause("", 0, 1) == 0, "nothing has no clause");
    tap_ok(clause("a,", 0, 0) == 0, "a comma at the end waits for more");
    tap_ok(clause("a,", 2, 1) == 0, "nothing is left after the last one");
}


static void
test_pace(void)
{
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 10;
    v.start = 100;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 1000, "Oak, ash.", 9);
    tap_ok(convrelay_caller_voice_due(&v) == 1110, "the first sound is due");

    convrelay_caller_voice_advance(&v, 1109);
    tap_ok(v.spoken == 0, "nothing is heard before it");

    convrelay_caller_voice_advance(&v, 1110);
    tap_ok(v.spoken == 1, "one character after one pace");

    convrelay_caller_voice_advance(&v, 1155);
    tap_ok(v.spoken == 5 && v.chars == 5, "five after five and a half");

    convrelay_caller_voice_advance(&v, 5000);
    tap_ok(v.spoken == 9, "all in the end");
    tap_ok(!convrelay_caller_voice_done(&v), "more may come");

    v.last = 1;
    tap_ok(convrelay_caller_voice_done(&v), "no more will come");
    tap_ok(convrelay_caller_voice_due(&v) == -1, "nothing is due");

    convrelay_caller_voice_free(&v);
}


/* a voice that waited for text does not catch up on the silence */

static void
test_starved(void)
{
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 10;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 0, "ab", 2);
    convrelay_caller_voice_advance(&v, 500);
    tap_ok(v.spoken == 2, "both were heard");

    convrelay_caller_voice_add(&v, 500, "cdef", 4);
    convrelay_caller_voice_advance(&v, 519);
    tap_ok(v.spoken == 3, "the next begins when it arrives");

    convrelay_caller_voice_finish(&v, 520);
    tap_ok(v.spoken == 6, "finishing hears it all");

    convrelay_caller_voice_free(&v);
}


static void
test_played(void)
{
    convrelay_str_t           s;
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 1;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 0, "Oak, ash, elm", 13);
    convrelay_caller_voice_advance(&v, 3);
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_AGAIN,
           "a clause is not reported before its end");

    convrelay_caller_voice_advance(&v, 100);
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_OK, "it is then");
    tap_is_str(&s, "Oak,", "the first one");
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_OK, "the next");
    tap_is_str(&s, " ash,", "keeps the space in front of it");
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_AGAIN,
           "the last waits for the end of the answer");

    v.last = 1;
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_OK, "which came");
    tap_is_str(&s, " elm", "the rest");
    tap_ok(convrelay_caller_voice_clause(&v, &s) == CONVRELAY_AGAIN,
           "and no more");

    convrelay_caller_voice_free(&v);
}


static void
test_cut(void)
{
    int64_t                   duration;
    convrelay_str_t           s;
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 10;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 0, "Oak, ash and elm.", 17);
    convrelay_caller_voice_advance(&v, 90);
    (void) convrelay_caller_voice_clause(&v, &s);
    convrelay_caller_voice_cut(&v, 95, &s, &duration);

    tap_is_str(&s, "ash", "the heard part of the clause, without the rest");
    tap_ok(duration == 5, "since that clause was found begun");
    tap_ok(convrelay_caller_voice_done(&v), "it is silent");

    convrelay_caller_voice_add(&v, 200, " more", 5);
    convrelay_caller_voice_advance(&v, 1000);
    tap_ok(v.text.len == 17 && v.spoken == 9, "and stays so");

    convrelay_caller_voice_reset(&v);
    convrelay_caller_voice_cut(&v, 2000, &s, &duration);
    tap_ok(s.len == 0, "nothing was heard of nothing");

    convrelay_caller_voice_free(&v);
}


static void
test_limit(void)
{
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 10;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 0, "0123456789", 10);
    v.limit = 4;
    convrelay_caller_voice_advance(&v, 10000);
    tap_ok(v.chars == 4, "a late clock goes no further than the limit");
    tap_ok(convrelay_caller_voice_due(&v) == -1, "and waits for nothing");

    convrelay_caller_voice_free(&v);
}


static void
test_characters(void)
{
    convrelay_caller_voice_t  v;

    memset(&v, 0, sizeof(convrelay_caller_voice_t));
    v.pace = 10;
    convrelay_caller_voice_reset(&v);

    convrelay_caller_voice_add(&v, 0, "\xc3\xa9\xe2\x82", 4);
    convrelay_caller_voice_advance(&v, 1000);
    tap_ok(v.spoken == 2 && v.chars == 1, "half a character is not spoken");

    convrelay_caller_voice_add(&v, 1000, "\xac", 1);
    convrelay_caller_voice_advance(&v, 2000);
    tap_ok(v.spoken == 5 && v.chars == 2, "it is when the rest is there");

    convrelay_caller_voice_free(&v);
}
