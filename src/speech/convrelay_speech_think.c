
/*
 * Copyright (C) convrelay contributors
 *
 * The first stage: drops what an LLM wrote for itself.
 */


#include "convrelay_speech.h"


#define CONVRELAY_SPEECH_REGIONS  4


typedef struct {
    convrelay_str_t   begin;
    convrelay_str_t   end;
} convrelay_speech_pair_t;


static const u_char *convrelay_speech_think_find(const u_char *p,
    const u_char *last);
static int convrelay_speech_think_match(const u_char *p, size_t len,
    size_t *n);
static const convrelay_str_t *convrelay_speech_think_text(size_t n);
static size_t convrelay_speech_think_enter(convrelay_speech_think_t *t,
    size_t n, convrelay_str_t *piece);
static unsigned convrelay_speech_think_same(const convrelay_str_t *text,
    const u_char *p, size_t len);
static void convrelay_speech_think_region(convrelay_speech_think_t *t,
    convrelay_str_t *text);
static void convrelay_speech_think_shift(convrelay_speech_think_t *t,
    convrelay_str_t *piece);


static const convrelay_speech_pair_t
    convrelay_speech_pairs[CONVRELAY_SPEECH_REGIONS] =
{
    { convrelay_string("<think>"), convrelay_string("</think>") },
    { convrelay_string("<thinking>"), convrelay_string("</thinking>") },
    { convrelay_string("[think]"), convrelay_string("[/think]") },
    { convrelay_string("\xe2\x97\x81think\xe2\x96\xb7"),
      convrelay_string("\xe2\x97\x81/think\xe2\x96\xb7") }
};


void
convrelay_speech_think(convrelay_speech_think_t *t, convrelay_str_t *text,
    convrelay_str_t *piece)
{
    int            rc;
    size_t         n;
    const u_char  *p, *last;

    piece->data = text->data;
    piece->len = 0;

    if (t->region) {
        convrelay_speech_think_region(t, text);
        return;
    }

    p = text->data;
    last = p + text->len;

    if (t->held == 0) {
        rc = CONVRELAY_DECLINED;

        for ( ;; ) {
            p = convrelay_speech_think_find(p, last);

            if (p == last) {
                break;
            }

            rc = convrelay_speech_think_match(p, last - p, &n);

            if (rc != CONVRELAY_DECLINED) {
                break;
            }

            p++;
        }

        piece->len = p - text->data;

        if (p < last && rc == CONVRELAY_AGAIN) {
            t->held = last - p;
            memcpy(t->hold, p, t->held);
            p = last;

        } else if (p < last && piece->len == 0) {
            p += convrelay_speech_think_enter(t, n, piece);
        }

        text->data = (u_char *) p;
        text->len = last - p;

        return;
    }

    while (text->len) {
        t->hold[t->held++] = *text->data++;
        text->len--;

        rc = convrelay_speech_think_match(t->hold, t->held, &n);

        if (rc == CONVRELAY_OK) {
            t->held = 0;
            convrelay_speech_think_enter(t, n, piece);
            return;
        }

        if (rc == CONVRELAY_DECLINED) {
            convrelay_speech_think_shift(t, piece);
            return;
        }
    }
}


void
convrelay_speech_think_flush(convrelay_speech_think_t *t,
    convrelay_str_t *piece)
{
    memcpy(t->piece, t->hold, t->held);

    piece->data = t->piece;
    piece->len = t->held;

    t->held = 0;
}


/* the first byte that a beginning or an end may begin with */

static const u_char *
convrelay_speech_think_find(const u_char *p, const u_char *last)
{
    for ( /* void */ ; p < last; p++) {

        if (*p == '<' || *p == '[' || *p == 0xe2) {
            break;
        }
    }

    return p;
}


/* OK: p begins with number n of the beginnings and ends, one after the other;
   AGAIN: it may become one; DECLINED: it is none */

static int
convrelay_speech_think_match(const u_char *p, size_t len, size_t *n)
{
    size_t                  i;
    unsigned                more;
    const convrelay_str_t  *text;

    more = 0;

    for (i = 0; i < 2 * CONVRELAY_SPEECH_REGIONS; i++) {
        text = convrelay_speech_think_text(i);

        if (!convrelay_speech_think_same(text, p, len)) {
            continue;
        }

        if (len >= text->len) {
            *n = i;
            return CONVRELAY_OK;
        }

        more = 1;
    }

    return more ? CONVRELAY_AGAIN : CONVRELAY_DECLINED;
}


static const convrelay_str_t *
convrelay_speech_think_text(size_t n)
{
    const convrelay_speech_pair_t  *pair;

    pair = &convrelay_speech_pairs[n / 2];

    return (n % 2) ? &pair->end : &pair->begin;
}


/* number n of them came; returns its length.  In place of a region, the next
   stage is given a character that it drops, and counts: it joins the blanks
   around it */

static size_t
convrelay_speech_think_enter(convrelay_speech_think_t *t, size_t n,
    convrelay_str_t *piece)
{
    size_t  len;

    len = convrelay_speech_think_text(n)->len;

    if (n % 2) {
        t->late = 1;
        return len;
    }

    t->region = n / 2 + 1;
    t->matched = 0;
    t->dropped += len - 1;

    convrelay_str_set(piece, "\x01");

    return len;
}


/* whether p begins with text, which is in lower case, or text with p */

static unsigned
convrelay_speech_think_same(const convrelay_str_t *text, const u_char *p,
    size_t len)
{
    size_t  i;

    for (i = 0; i < len && i < text->len; i++) {

        if (convrelay_lower(p[i]) != text->data[i]) {
            return 0;
        }
    }

    return 1;
}


static void
convrelay_speech_think_region(convrelay_speech_think_t *t,
    convrelay_str_t *text)
{
    u_char                  c;
    const convrelay_str_t  *end;

    end = &convrelay_speech_pairs[t->region - 1].end;

    while (text->len) {
        c = convrelay_lower(*text->data);

        text->data++;
        text->len--;
        t->dropped++;

        if (c == end->data[t->matched]) {

            if (++t->matched == end->len) {
                t->region = 0;
                return;
            }

        } else {
            t->matched = (c == end->data[0]);
        }
    }
}


/* passes on the beginning of what was held, up to where another one may be */

static void
convrelay_speech_think_shift(convrelay_speech_think_t *t,
    convrelay_str_t *piece)
{
    size_t         i, n;
    const u_char  *p;

    for ( ;; ) {
        p = convrelay_speech_think_find(t->hold + 1, t->hold + t->held);
        n = p - t->hold;

        memcpy(t->piece + piece->len, t->hold, n);
        piece->len += n;

        memmove(t->hold, p, t->held - n);
        t->held -= n;

        if (t->held == 0
            || convrelay_speech_think_match(t->hold, t->held, &i)
               != CONVRELAY_DECLINED)
        {
            break;
        }
    }

    piece->data = t->piece;
}
