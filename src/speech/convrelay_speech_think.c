
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
static int convrelay_speech_think_match(convrelay_speech_think_t *t);
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
    const u_char  *p, *last;

    piece->data = text->data;
    piece->len = 0;

    while (text->len) {

        if (t->region) {
            convrelay_speech_think_region(t, text);
            continue;
        }

        if (t->held == 0) {
            last = text->data + text->len;
            p = convrelay_speech_think_find(text->data, last);

            piece->data = text->data;
            piece->len = p - text->data;

            text->data += piece->len;
            text->len -= piece->len;

            if (text->len == 0) {
                return;
            }
        }

        t->hold[t->held++] = *text->data++;
        text->len--;

        rc = convrelay_speech_think_match(t);

        if (rc == CONVRELAY_AGAIN) {

            if (piece->len) {
                return;
            }

            continue;
        }

        if (rc == CONVRELAY_DECLINED && piece->len == 0) {
            convrelay_speech_think_shift(t, piece);
        }

        if (piece->len) {
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


/* OK: what was held is a beginning or an end, and is dropped; AGAIN: it may
   become one; DECLINED: it is none */

static int
convrelay_speech_think_match(convrelay_speech_think_t *t)
{
    unsigned                        i, more;
    const convrelay_speech_pair_t  *pair;

    more = 0;

    for (i = 0; i < CONVRELAY_SPEECH_REGIONS; i++) {
        pair = &convrelay_speech_pairs[i];

        if (convrelay_speech_think_same(&pair->begin, t->hold, t->held)) {

            if (t->held == pair->begin.len) {
                t->region = i + 1;
                t->matched = 0;
                t->dropped += t->held;
                t->held = 0;

                return CONVRELAY_OK;
            }

            more = 1;
        }

        if (convrelay_speech_think_same(&pair->end, t->hold, t->held)) {

            if (t->held == pair->end.len) {
                t->late = 1;
                t->held = 0;

                return CONVRELAY_OK;
            }

            more = 1;
        }
    }

    return more ? CONVRELAY_AGAIN : CONVRELAY_DECLINED;
}


/* whether text, in lower case, begins with p */

static unsigned
convrelay_speech_think_same(const convrelay_str_t *text, const u_char *p,
    size_t len)
{
    size_t  i;

    if (len > text->len) {
        return 0;
    }

    for (i = 0; i < len; i++) {

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
    u_char         n;
    const u_char  *p;

    for ( ;; ) {
        p = convrelay_speech_think_find(t->hold + 1, t->hold + t->held);
        n = p - t->hold;

        memcpy(t->piece + piece->len, t->hold, n);
        piece->len += n;

        memmove(t->hold, p, t->held - n);
        t->held -= n;

        if (t->held == 0
            || convrelay_speech_think_match(t) != CONVRELAY_DECLINED)
        {
            break;
        }
    }

    piece->data = t->piece;
}
