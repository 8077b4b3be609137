
/*
 * Copyright (C) convrelay contributors
 *
 * The filter of speech.  The first byte has the mode and the language; the
 * second is where random pieces begin.  The text is made valid first, because
 * nothing else comes from an LLM's JSON.  Whole, byte by byte, and in pieces:
 * the result is the same, is valid, is not much longer than the text, and
 * nothing waits for long.  With a flush in between, only the latter.
 */


#include <stdlib.h>

#include "convrelay_speech.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    u_char                   *data;
    size_t                    len;
    size_t                    size;
} fuzz_out_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void feed(fuzz_out_t *out, const u_char *data, size_t size,
    u_char option, uint32_t seed, unsigned how);
static void piece(convrelay_speech_t *s, fuzz_out_t *out, const u_char *p,
    size_t len);
static void add(fuzz_out_t *out, const convrelay_str_t *text);


enum { WHOLE, BYTES, RANDOM, FLUSH };


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char      *text;
    size_t       i, len;
    unsigned     how;
    fuzz_out_t   out[4];

    if (size < 2) {
        return 0;
    }

    len = size - 2;
    text = convrelay_utf8_repair(data + 2, &len, 0);
    must(text);

    for (how = WHOLE; how <= FLUSH; how++) {
        out[how].size = CONVRELAY_SPEECH_GROWTH * len + CONVRELAY_SPEECH_EXTRA;
        out[how].data = malloc(out[how].size);
        must(out[how].data);
        out[how].len = 0;

        feed(&out[how], text, len, data[0], data[1] + 1, how);

        must(convrelay_utf8_valid(out[how].data, out[how].len)
             == out[how].len);
    }

    for (how = BYTES; how <= RANDOM; how++) {
        must(out[how].len == out[WHOLE].len);
        must(memcmp(out[how].data, out[WHOLE].data, out[how].len) == 0);
    }

    for (i = 0; i < 4; i++) {
        free(out[i].data);
    }

    free(text);

    return 0;
}


static void
feed(fuzz_out_t *out, const u_char *data, size_t size, u_char option,
    uint32_t seed, unsigned how)
{
    size_t                     i, n;
    convrelay_str_t            text, rest;
    convrelay_speech_t         s;
    convrelay_speech_think_t   t;

    memset(&s, 0, sizeof(s));
    memset(&t, 0, sizeof(t));

    s.mode = (option & 1) ? CONVRELAY_SPEECH_SSML : CONVRELAY_SPEECH_ON;
    s.english = (option & 2) != 0;

    for (i = 0; i < size; i += n) {
        seed = seed * 1103515245 + 12345;

        n = (how == WHOLE) ? size : (how == BYTES) ? 1 : 1 + (seed >> 16) % 12;

        if (n > size - i) {
            n = size - i;
        }

        text.data = (u_char *) data + i;
        text.len = n;

        while (text.len) {
            convrelay_speech_think(&t, &text, &rest);
            piece(&s, out, rest.data, rest.len);
        }

        must(t.held < sizeof(t.hold));

        if (how == FLUSH && (seed >> 20) % 4 == 0) {
            convrelay_speech_think_flush(&t, &rest);
            piece(&s, out, rest.data, rest.len);

            must(convrelay_speech_flush(&s, &rest) == CONVRELAY_OK);
            add(out, &rest);
            must(s.held < 4);
        }
    }

    convrelay_speech_think_flush(&t, &rest);
    piece(&s, out, rest.data, rest.len);

    must(convrelay_speech_end(&s, &rest) == CONVRELAY_OK);
    add(out, &rest);

    if (!s.changed && t.dropped == 0 && !t.late) {
        must(out->len == size);
        must(memcmp(out->data, data, size) == 0);
    }

    convrelay_speech_free(&s);
}


static void
piece(convrelay_speech_t *s, fuzz_out_t *out, const u_char *p, size_t len)
{
    u_char           *copy;
    convrelay_str_t   text, rest;

    if (len == 0) {
        return;
    }

    copy = malloc(len);
    must(copy);
    memcpy(copy, p, len);

    text.data = copy;
    text.len = len;

    must(convrelay_speech_read(s, &text, &rest) == CONVRELAY_OK);
    must(s->held < CONVRELAY_SPEECH_HELD);
    must(!s->moved || s->held);

    add(out, &rest);
    free(copy);
}


static void
add(fuzz_out_t *out, const convrelay_str_t *text)
{
    must(text->len <= out->size - out->len);

    if (text->len) {
        memcpy(out->data + out->len, text->data, text->len);
        out->len += text->len;
    }
}
