
/*
 * Copyright (C) convrelay contributors
 *
 * Pronunciations.  The first byte has the number of words, and the second is
 * where random pieces begin; then each word comes with what is spoken for it,
 * each after a byte with its length, and the rest is the text.  It may be cut
 * anywhere: the result is the same, all of the text is there as it was written,
 * and what was replaced lies where the result says.
 */


#include <stdlib.h>

#include "convrelay_pronounce.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()

#define MAX_WORDS  15


typedef struct {
    u_char                   *written;
    size_t                    written_len;
    u_char                   *spoken;
    size_t                    spoken_len;
    convrelay_replaced_t     *words;
    size_t                    nwords;
} fuzz_out_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static size_t lexicon(convrelay_lexicon_t *lex, const u_char *data,
    size_t size);
static void feed(fuzz_out_t *out, const convrelay_lexicon_t *lex,
    const u_char *data, size_t size, uint32_t seed, unsigned how);
static void piece(fuzz_out_t *out, convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lex, const u_char *data, size_t len,
    convrelay_pronounce_how_e how);
static void check(const fuzz_out_t *out, const convrelay_lexicon_t *lex);


static convrelay_lexicon_word_t  words[MAX_WORDS];
static u_char                    keys[MAX_WORDS][2 * CONVRELAY_LEXICON_WORD];


enum { WHOLE, BYTES, RANDOM, FLUSH };


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char              *text;
    size_t               n, len, cut;
    unsigned             how;
    fuzz_out_t           out[4];
    convrelay_spoken_t   all;
    convrelay_lexicon_t  lex;

    n = lexicon(&lex, data, size);

    if (n == 0) {
        return 0;
    }

    len = size - n;
    text = convrelay_utf8_repair(data + n, &len, 0);
    must(text);

    for (how = WHOLE; how <= FLUSH; how++) {
        out[how].written = malloc(len + 1);
        out[how].spoken = malloc((len + 1) * CONVRELAY_LEXICON_SPOKEN);
        out[how].words = malloc((len + 1) * sizeof(convrelay_replaced_t));
        must(out[how].written && out[how].spoken && out[how].words);

        feed(&out[how], &lex, text, len, data[1] + 1, how);

        must(out[how].written_len == len);
        must(len == 0 || memcmp(out[how].written, text, len) == 0);
        must(convrelay_utf8_valid(out[how].spoken, out[how].spoken_len)
             == out[how].spoken_len);

        check(&out[how], &lex);
    }

    for (how = BYTES; how <= RANDOM; how++) {
        must(out[how].spoken_len == out[WHOLE].spoken_len);
        must(len == 0 || memcmp(out[how].spoken, out[WHOLE].spoken,
                                out[how].spoken_len) == 0);
        must(out[how].nwords == out[WHOLE].nwords);
    }

    cut = data[1];

    all.written.data = out[WHOLE].written;
    all.written.len = len;
    all.spoken.data = out[WHOLE].spoken;
    all.spoken.len = out[WHOLE].spoken_len;
    all.words = out[WHOLE].words;
    all.nwords = out[WHOLE].nwords;

    convrelay_spoken_cut(&all, cut, 2 * cut);

    must(all.written.len <= cut && all.spoken.len <= 2 * cut);
    must(convrelay_spoken_written(all.words, all.nwords, all.spoken.len)
         == all.written.len);

    for (how = WHOLE; how <= FLUSH; how++) {
        free(out[how].written);
        free(out[how].spoken);
        free(out[how].words);
    }

    free(text);

    return 0;
}


/* returns where the text begins, or 0 */

static size_t
lexicon(convrelay_lexicon_t *lex, const u_char *data, size_t size)
{
    size_t                     i, at, n;
    const char                *part;
    convrelay_lexicon_word_t  *w;

    if (size < 2) {
        return 0;
    }

    n = data[0] % (MAX_WORDS + 1);
    at = 2;

    lex->words = words;
    lex->nwords = 0;

    for (i = 0; i < n && at < size; i++) {
        w = &words[lex->nwords];

        memset(w, 0, sizeof(*w));

        w->word.len = data[at] & 0x7f;
        w->exact = data[at++] >> 7;

        if (w->word.len > size - at) {
            w->word.len = size - at;
        }

        w->word.data = (u_char *) data + at;
        at += w->word.len;

        if (at == size) {
            break;
        }

        w->spoken.len = data[at++] & 0x3f;

        if (w->spoken.len > size - at) {
            w->spoken.len = size - at;
        }

        w->spoken.data = (u_char *) data + at;
        at += w->spoken.len;

        w->number = lex->nwords;

        if (convrelay_lexicon_check(w, &part) == NULL) {
            w->key.data = keys[lex->nwords];
            w->key.len = convrelay_lexicon_key(w->key.data, &w->word)
                         - w->key.data;
            must(w->key.len <= sizeof(keys[0]));

            lex->nwords++;
        }
    }

    return convrelay_lexicon_sort(lex) ? 0 : at;
}


static void
feed(fuzz_out_t *out, const convrelay_lexicon_t *lex, const u_char *data,
    size_t size, uint32_t seed, unsigned how)
{
    size_t                 i, n;
    convrelay_pronounce_t  p;

    memset(&p, 0, sizeof(p));

    out->written_len = 0;
    out->spoken_len = 0;
    out->nwords = 0;

    for (i = 0; i < size; i += n) {
        seed = seed * 1103515245 + 12345;

        n = (how == WHOLE) ? size : (how == BYTES) ? 1 : 1 + (seed >> 16) % 12;

        if (n > size - i) {
            n = size - i;
        }

        piece(out, &p, lex, data + i, n, CONVRELAY_PRONOUNCE_MORE);

        must(p.held < CONVRELAY_PRONOUNCE_HELD);
        must(!p.moved || p.held);

        if (how == FLUSH && (seed >> 20) % 4 == 0) {
            piece(out, &p, lex, data, 0, CONVRELAY_PRONOUNCE_FLUSH);
            must(p.held < 4);
        }
    }

    piece(out, &p, lex, data, 0, CONVRELAY_PRONOUNCE_END);
    must(p.held == 0);

    convrelay_pronounce_free(&p);
}


static void
piece(fuzz_out_t *out, convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lex, const u_char *data, size_t len,
    convrelay_pronounce_how_e how)
{
    size_t               i;
    u_char              *copy;
    convrelay_str_t      text;
    convrelay_spoken_t   spoken;

    copy = malloc(len + 1);
    must(copy);
    memcpy(copy, data, len);

    text.data = copy;
    text.len = len;

    must(convrelay_pronounce_read(p, lex, &text, how, &spoken)
         == CONVRELAY_OK);

    for (i = 0; i < spoken.nwords; i++) {
        out->words[out->nwords] = spoken.words[i];
        out->words[out->nwords].from += out->written_len;
        out->words[out->nwords++].spoken += out->spoken_len;
    }

    if (spoken.written.len) {
        memcpy(out->written + out->written_len, spoken.written.data,
               spoken.written.len);
        out->written_len += spoken.written.len;
    }

    if (spoken.spoken.len) {
        memcpy(out->spoken + out->spoken_len, spoken.spoken.data,
               spoken.spoken.len);
        out->spoken_len += spoken.spoken.len;
    }

    free(copy);
}


/* the text between two words is the same, and each word is one of the
   lexicon */

static void
check(const fuzz_out_t *out, const convrelay_lexicon_t *lex)
{
    size_t                       i, k, at, said, len;
    const convrelay_replaced_t  *w;

    at = 0;
    said = 0;

    for (i = 0; i <= out->nwords; i++) {
        w = &out->words[i];

        len = (i < out->nwords) ? w->from - at : out->written_len - at;

        must(len <= out->written_len - at);
        must(memcmp(out->written + at, out->spoken + said, len) == 0);

        at += len;
        said += len;

        if (i == out->nwords) {
            break;
        }

        must(w->spoken == said);
        must(convrelay_spoken_written(out->words, out->nwords, said) == at);
        must(convrelay_spoken_written(out->words, out->nwords, said + 1)
             == at + w->len);

        for (k = 0; k < lex->nwords; k++) {

            if (lex->words[k].spoken.len == w->spoken_len
                && memcmp(lex->words[k].spoken.data, out->spoken + said,
                          w->spoken_len) == 0)
            {
                break;
            }
        }

        must(k < lex->nwords);

        at += w->len;
        said += w->spoken_len;
    }

    must(at == out->written_len && said == out->spoken_len);
}
