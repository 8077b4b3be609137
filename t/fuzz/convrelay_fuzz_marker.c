
/*
 * Copyright (C) convrelay contributors
 *
 * The marker of an interruption in an LLM's text.  The first byte is the length
 * of the marker, which follows; the next one is where random pieces begin.  The
 * result is the same as that of a search in the whole text, however it is cut,
 * and pieces of whole characters remain such.
 */


#include <stdlib.h>

#include "convrelay_speech.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    u_char                     *data;
    size_t                      len;
} fuzz_out_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void search(fuzz_out_t *out, const convrelay_str_t *marker,
    const convrelay_str_t *text);
static void feed(fuzz_out_t *out, const convrelay_str_t *marker,
    const convrelay_str_t *text, uint32_t seed, unsigned how);
static void add(fuzz_out_t *out, const convrelay_str_t *piece, unsigned whole);


enum { WHOLE, BYTES, RANDOM, CHARACTERS, FLUSH };


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t            n;
    uint32_t          seed;
    unsigned          how;
    fuzz_out_t        want, out;
    convrelay_str_t   marker, text;

    if (size < 2) {
        return 0;
    }

    n = 1 + data[0] % 128;
    seed = data[1] + 1;
    data += 2;
    size -= 2;

    n = (n < size) ? n : size;

    marker.len = n;
    marker.data = convrelay_utf8_repair(data, &marker.len, 0);
    must(marker.data);

    text.len = size - n;
    text.data = convrelay_utf8_repair(data + n, &text.len, 0);
    must(text.data);

    if (marker.len && marker.data[0] != ' ') {
        want.data = malloc(text.len + 1);
        out.data = malloc(text.len + 1);
        must(want.data && out.data);

        search(&want, &marker, &text);

        for (how = WHOLE; how <= FLUSH; how++) {
            feed(&out, &marker, &text, seed, how);

            must(how == FLUSH
                 || (out.len == want.len
                     && memcmp(out.data, want.data, out.len) == 0));
        }

        free(want.data);
        free(out.data);
    }

    free(marker.data);
    free(text.data);

    return 0;
}


static void
search(fuzz_out_t *out, const convrelay_str_t *marker,
    const convrelay_str_t *text)
{
    size_t  i;

    out->len = 0;

    for (i = 0; i < text->len; /* void */ ) {

        if (text->len - i < marker->len
            || memcmp(text->data + i, marker->data, marker->len) != 0)
        {
            out->data[out->len++] = text->data[i++];
            continue;
        }

        i += marker->len;

        while ((out->len == 0 || out->data[out->len - 1] <= ' ')
               && i < text->len && text->data[i] == ' ')
        {
            i++;
        }
    }
}


static void
feed(fuzz_out_t *out, const convrelay_str_t *marker,
    const convrelay_str_t *text, uint32_t seed, unsigned how)
{
    u_char                     *copy;
    size_t                      i, n;
    convrelay_str_t             rest, piece;
    convrelay_speech_marker_t   t;

    memset(&t, 0, sizeof(t));

    out->len = 0;

    for (i = 0; i < text->len; i += n) {
        seed = seed * 1103515245 + 12345;

        n = (how == WHOLE) ? text->len
            : (how == BYTES) ? 1 : 1 + (seed >> 16) % 12;

        if (n > text->len - i) {
            n = text->len - i;
        }

        while (how >= CHARACTERS && i + n < text->len
               && (text->data[i + n] & 0xc0) == 0x80)
        {
            n++;
        }

        copy = malloc(n);
        must(copy);
        memcpy(copy, text->data + i, n);

        rest.data = copy;
        rest.len = n;

        if ((seed >> 24) % 2
            && convrelay_speech_marker_plain(&t, marker, &rest))
        {
            add(out, &rest, how >= CHARACTERS);
            rest.len = 0;
        }

        while (rest.len) {
            convrelay_speech_marker(&t, marker, &rest, &piece);
            add(out, &piece, how >= CHARACTERS);

            must(t.held < marker->len);
        }

        free(copy);

        if (how == FLUSH && (seed >> 20) % 4 == 0) {
            convrelay_speech_marker_flush(&t, marker, &piece);
            add(out, &piece, 1);
            must(t.held == 0);
        }
    }

    convrelay_speech_marker_flush(&t, marker, &piece);
    add(out, &piece, how >= CHARACTERS);

    must(out->len + t.dropped == text->len);
}


static void
add(fuzz_out_t *out, const convrelay_str_t *piece, unsigned whole)
{
    must(!whole
         || convrelay_utf8_valid(piece->data, piece->len) == piece->len);

    if (piece->len) {
        memcpy(out->data + out->len, piece->data, piece->len);
        out->len += piece->len;
    }
}
