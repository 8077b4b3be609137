
/*
 * Copyright (C) convrelay contributors
 *
 * Drops a marker that an LLM has learned from its own messages: it was put
 * there for the LLM alone.
 */


#include "convrelay_speech.h"


static size_t convrelay_speech_marker_find(const convrelay_str_t *marker,
    const convrelay_str_t *text, size_t *matched);
static void convrelay_speech_marker_pass(convrelay_speech_marker_t *t,
    convrelay_str_t *piece, u_char *data, size_t len);
static void convrelay_speech_marker_came(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker);
static void convrelay_speech_marker_shift(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *piece);


unsigned
convrelay_speech_marker_plain(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, const convrelay_str_t *text)
{
    if (text->len == 0) {
        return 1;
    }

    if (t->held || t->blanks
        || memchr(text->data, marker->data[0], text->len))
    {
        return 0;
    }

    t->word = (text->data[text->len - 1] > ' ');

    return 1;
}


/* what is held is the beginning of the marker, so it is not copied */

void
convrelay_speech_marker(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *text,
    convrelay_str_t *piece)
{
    size_t  n, matched;

    piece->data = text->data;
    piece->len = 0;

    if (t->held) {
        n = marker->len - t->held;
        n = (n < text->len) ? n : text->len;

        if (memcmp(marker->data + t->held, text->data, n) != 0) {
            convrelay_speech_marker_shift(t, marker, piece);
            return;
        }

        t->held += n;

    } else {

        while (t->blanks && text->len && text->data[0] == ' ') {
            text->data++;
            text->len--;
            t->dropped++;
        }

        if (text->len == 0) {
            return;
        }

        t->blanks = 0;

        n = convrelay_speech_marker_find(marker, text, &matched);

        convrelay_speech_marker_pass(t, piece, text->data, n);

        t->held = matched;
        n += matched;
    }

    text->data += n;
    text->len -= n;

    if (t->held == marker->len) {
        convrelay_speech_marker_came(t, marker);
    }
}


/* where the marker, or at the end of text its beginning, is, and how many bytes
   of it are */

static size_t
convrelay_speech_marker_find(const convrelay_str_t *marker,
    const convrelay_str_t *text, size_t *matched)
{
    size_t         n;
    const u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    for ( ;; ) {
        p = memchr(p, marker->data[0], last - p);

        if (p == NULL) {
            *matched = 0;
            return text->len;
        }

        n = last - p;
        n = (n < marker->len) ? n : marker->len;

        if (memcmp(p, marker->data, n) == 0) {
            *matched = n;
            return p - text->data;
        }

        p++;
    }
}


static void
convrelay_speech_marker_pass(convrelay_speech_marker_t *t,
    convrelay_str_t *piece, u_char *data, size_t len)
{
    piece->data = data;
    piece->len = len;

    if (len) {
        t->word = (data[len - 1] > ' ');
    }
}


/* of the blanks before and after it, those before remain */

static void
convrelay_speech_marker_came(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker)
{
    t->held = 0;
    t->dropped += marker->len;
    t->blanks = !t->word;
}


/* it was not the marker: passes on what was held, up to where another one may
   begin */

static void
convrelay_speech_marker_shift(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *piece)
{
    size_t  n;

    for (n = 1; n < t->held; n++) {

        if (memcmp(marker->data + n, marker->data, t->held - n) == 0) {
            break;
        }
    }

    convrelay_speech_marker_pass(t, piece, marker->data, n);

    t->held -= n;
}


void
convrelay_speech_marker_flush(convrelay_speech_marker_t *t,
    const convrelay_str_t *marker, convrelay_str_t *piece)
{
    convrelay_speech_marker_pass(t, piece, marker->data, t->held);

    t->held = 0;
}
