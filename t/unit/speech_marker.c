
/*
 * Copyright (C) convrelay contributors
 *
 * The marker of an interruption, where an LLM writes it: each text whole, cut
 * in two everywhere, and byte by byte.
 */


#include "convrelay_speech.h"
#include "tap.h"


typedef struct {
    const char  *name;
    const char  *marker;
    const char  *text;
    const char  *want;
    size_t       dropped;
} marker_t;


static const marker_t  markers[] = {

    { "none", "[cut]", "We are open.", "We are open.", 0 },
    { "at the end", "[cut]", "We are [cut]", "We are ", 5 },
    { "at the beginning", "[cut]", "[cut] We are", "We are", 6 },
    { "alone", "[cut]", "[cut]", "", 5 },
    { "several", "[cut]", "a[cut]b [cut] [cut]  c", "ab c", 18 },
    { "without blanks", "[cut]", "a[cut] b", "a b", 5 },
    { "after a line end", "[cut]", "a\n[cut] b", "a\nb", 6 },
    { "before a line end", "[cut]", "a [cut]\nb", "a \nb", 5 },
    { "another case", "[cut]", "a [Cut] b", "a [Cut] b", 0 },
    { "half of it", "[cut]", "a [cu", "a [cu", 0 },
    { "its beginning, twice", "[cut]", "a [[cut] [cu] [c[cut]",
      "a [ [cu] [c", 10 },
    { "it is in itself", "[[a[[b]", "[[a[[a[[b] [[a[[[a[[b]", "[[a [[a[", 14 },
    { "of one byte", "|", "a|b||c", "abc", 3 },
    { "whole characters remain", "\xe2\x80\xa6" "cut", "a\xe2\x80\x94\xe2\x80"
      "\xa6 \xe2\x80\xa6\xe2\x80\xa6" "cut", "a\xe2\x80\x94\xe2\x80\xa6 "
      "\xe2\x80\xa6", 6 }
};


static void test_marker(const marker_t *m);
static size_t feed(const marker_t *m, u_char *out, size_t first, size_t each,
    convrelay_speech_marker_t *t);
static size_t piece(const marker_t *m, convrelay_speech_marker_t *t,
    u_char *out, const char *text, size_t len);
static void test_plain(void);
static void test_flush(void);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
        test_marker(&markers[i]);
    }

    test_plain();
    test_flush();

    return tap_done();
}


static void
test_marker(const marker_t *m)
{
    size_t                      len, i;
    u_char                      out[64];
    unsigned                    same;
    convrelay_speech_marker_t   t;

    len = feed(m, out, strlen(m->text), 1, &t);

    tap_is(out, len, m->want, strlen(m->want), m->name);
    tap_ok(t.dropped == m->dropped, "%s: dropped %d", m->name,
           (int) t.dropped);

    same = 1;

    for (i = 0; i < strlen(m->text); i++) {
        len = feed(m, out, i, strlen(m->text), &t);
        same &= (len == strlen(m->want) && memcmp(out, m->want, len) == 0
                 && t.dropped == m->dropped);

        len = feed(m, out, i, 1, &t);
        same &= (len == strlen(m->want) && memcmp(out, m->want, len) == 0
                 && t.dropped == m->dropped);
    }

    tap_ok(same, "%s: however it is cut", m->name);
}


/* first: bytes of the first piece, each: of the others */

static size_t
feed(const marker_t *m, u_char *out, size_t first, size_t each,
    convrelay_speech_marker_t *t)
{
    size_t           i, n, len, size;
    convrelay_str_t  marker, rest;

    memset(t, 0, sizeof(convrelay_speech_marker_t));

    marker.data = (u_char *) m->marker;
    marker.len = strlen(m->marker);

    len = 0;
    size = strlen(m->text);

    for (i = 0; i < size; i += n) {
        n = (i == 0 && first) ? first : each;
        n = (n < size - i) ? n : size - i;

        len += piece(m, t, out + len, m->text + i, n);
    }

    convrelay_speech_marker_flush(t, &marker, &rest);

    return convrelay_str_copy(out + len, &rest) - out;
}


/* from a buffer that ends at an unreadable page */

static size_t
piece(const marker_t *m, convrelay_speech_marker_t *t, u_char *out,
    const char *text, size_t len)
{
    u_char           *p, *flush;
    convrelay_str_t   marker, rest, said;

    marker.data = (u_char *) m->marker;
    marker.len = strlen(m->marker);

    flush = tap_flush(text, len);
    p = out;

    rest.data = flush;
    rest.len = len;

    while (rest.len) {
        convrelay_speech_marker(t, &marker, &rest, &said);
        p = convrelay_str_copy(p, &said);
    }

    tap_unflush(flush, len);

    return p - out;
}


static void
test_plain(void)
{
    convrelay_str_t             text, piece;
    convrelay_speech_marker_t   t;

    static const convrelay_str_t  marker = convrelay_string("[cut]");

    memset(&t, 0, sizeof(t));

    convrelay_str_set(&text, "We are ");
    tap_ok(convrelay_speech_marker_plain(&t, &marker, &text),
           "words are plain");

    convrelay_str_set(&text, "[cu");
    tap_ok(!convrelay_speech_marker_plain(&t, &marker, &text),
           "not with its first byte");

    convrelay_speech_marker(&t, &marker, &text, &piece);

    convrelay_str_set(&text, "t]");
    tap_ok(!convrelay_speech_marker_plain(&t, &marker, &text),
           "not after a beginning");

    convrelay_speech_marker(&t, &marker, &text, &piece);
    tap_ok(t.dropped == 5 && piece.len == 0, "it came");

    convrelay_str_set(&text, " open");
    tap_ok(!convrelay_speech_marker_plain(&t, &marker, &text),
           "not after it, where a blank came before");

    convrelay_speech_marker(&t, &marker, &text, &piece);
    tap_is(piece.data, piece.len, "open", 4, "one blank remains");

    convrelay_str_null(&text);
    tap_ok(convrelay_speech_marker_plain(&t, &marker, &text), "nothing");
}


static void
test_flush(void)
{
    convrelay_str_t             text, piece;
    convrelay_speech_marker_t   t;

    static const convrelay_str_t  marker = convrelay_string("[cut]");

    memset(&t, 0, sizeof(t));

    convrelay_str_set(&text, "[cu");
    convrelay_speech_marker(&t, &marker, &text, &piece);
    convrelay_speech_marker_flush(&t, &marker, &piece);
    tap_is(piece.data, piece.len, "[cu", 3, "what waited long is text");

    convrelay_str_set(&text, "t] a");
    convrelay_speech_marker(&t, &marker, &text, &piece);
    tap_is(piece.data, piece.len, "t] a", 4, "and so is what follows");
    tap_ok(t.dropped == 0, "nothing is dropped");
}
