
/*
 * Copyright (C) convrelay contributors
 *
 * The words are sorted by their keys, so that the keys with the same first
 * bytes are neighbours, and each further byte of a text limits them to fewer.
 */


#include <stdlib.h>

#include "convrelay_fold.h"
#include "convrelay_lexicon.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


static unsigned convrelay_lexicon_is_text(const convrelay_str_t *text);
static unsigned convrelay_lexicon_is_lang(const convrelay_str_t *lang);
static int convrelay_lexicon_compare(const void *one, const void *two);
static int convrelay_lexicon_order(const convrelay_lexicon_word_t *a,
    const convrelay_lexicon_word_t *b);
static int convrelay_lexicon_memcmp(const convrelay_str_t *a,
    const convrelay_str_t *b);
static int convrelay_lexicon_langcmp(const convrelay_str_t *a,
    const convrelay_str_t *b);
static unsigned convrelay_lexicon_speaks(const convrelay_str_t *tag,
    const convrelay_str_t *lang);
static unsigned convrelay_lexicon_same(const convrelay_str_t *word,
    const convrelay_str_t *text);


const char *
convrelay_lexicon_check(const convrelay_lexicon_word_t *word,
    const char **part)
{
    *part = "WORD";

    if (word->word.len == 0) {
        return "is empty";
    }

    if (word->word.len > CONVRELAY_LEXICON_WORD) {
        return "is longer than 128 bytes";
    }

    if (!convrelay_lexicon_is_text(&word->word)) {
        return "is not UTF-8, or has control characters";
    }

    if (word->word.data[0] == ' '
        || word->word.data[word->word.len - 1] == ' ')
    {
        return "begins or ends with a blank";
    }

    if (memchr(word->word.data, '<', word->word.len)
        || memchr(word->word.data, '>', word->word.len))
    {
        return "has \"<\" or \">\", but tags are left as they are";
    }

    if (!convrelay_has_word(&word->word)) {
        return "has neither a letter nor a digit";
    }

    *part = "SPOKEN";

    if (word->spoken.len == 0) {
        return "is empty";
    }

    if (word->spoken.len > CONVRELAY_LEXICON_SPOKEN) {
        return "is longer than 256 bytes";
    }

    if (!convrelay_lexicon_is_text(&word->spoken)) {
        return "is not UTF-8, or has control characters";
    }

    if (!convrelay_has_word(&word->spoken)) {
        return "has neither a letter nor a digit";
    }

    *part = "lang";

    if (word->lang.len && !convrelay_lexicon_is_lang(&word->lang)) {
        return "is not a language such as \"en\" or \"en-GB\"";
    }

    return NULL;
}


static unsigned
convrelay_lexicon_is_text(const convrelay_str_t *text)
{
    const u_char  *p, *last;

    if (convrelay_utf8_valid(text->data, text->len) != text->len) {
        return 0;
    }

    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (convrelay_utf8_is_control(convrelay_utf8_decode(&p, last))) {
            return 0;
        }
    }

    return 1;
}


/* letters and digits, up to 8 together, with hyphens between them; letters come
   first */

static unsigned
convrelay_lexicon_is_lang(const convrelay_str_t *lang)
{
    size_t  i, n;
    u_char  c;

    if (lang->len > CONVRELAY_LEXICON_LANG) {
        return 0;
    }

    n = 0;

    for (i = 0; i < lang->len; i++) {
        c = lang->data[i];

        if (c == '-') {

            if (n == 0 || i == 1) {
                return 0;
            }

            n = 0;
            continue;
        }

        n++;

        if (n > 8
            || !(convrelay_is_alpha(c) || (n < i + 1 && convrelay_is_digit(c))))
        {
            return 0;
        }
    }

    return n && i > 1;
}


u_char *
convrelay_lexicon_key(u_char *buf, const convrelay_str_t *word)
{
    const u_char  *p, *last;

    p = word->data;
    last = p + word->len;

    while (p < last) {
        buf = convrelay_utf8_encode(buf,
                       convrelay_lexicon_fold(convrelay_utf8_decode(&p, last)));
    }

    return buf;
}


uint32_t
convrelay_lexicon_fold(uint32_t cp)
{
    cp = convrelay_lexicon_sign(cp);

    return (cp < 0x80) ? convrelay_lower(cp) : convrelay_fold(cp);
}


uint32_t
convrelay_lexicon_sign(uint32_t cp)
{
    switch (cp) {

    case '\t':
    case '\n':
    case '\r':
    case 0xa0:      /* no-break space, and narrow ones */
    case 0x2009:
    case 0x202f:
        return ' ';

    case 0x2018:
    case 0x2019:
    case 0x02bc:
        return '\'';

    case 0x2010:    /* hyphens */
    case 0x2011:
        return '-';
    }

    return cp;
}


const convrelay_lexicon_word_t *
convrelay_lexicon_sort(convrelay_lexicon_t *lexicon)
{
    size_t                     i, c;
    convrelay_lexicon_word_t  *words;

    words = lexicon->words;

    if (lexicon->nwords) {
        qsort(words, lexicon->nwords, sizeof(convrelay_lexicon_word_t),
              convrelay_lexicon_compare);
    }

    c = 0;

    for (i = 0; i < lexicon->nwords; i++) {

        while (c <= words[i].key.data[0]) {
            lexicon->first[c++] = i;
        }
    }

    while (c < 257) {
        lexicon->first[c++] = i;
    }

    for (i = 1; i < lexicon->nwords; i++) {

        if (convrelay_lexicon_order(&words[i - 1], &words[i]) == 0) {
            return &words[i];
        }
    }

    return NULL;
}


static int
convrelay_lexicon_compare(const void *one, const void *two)
{
    int                              rc;
    const convrelay_lexicon_word_t  *a, *b;

    a = one;
    b = two;

    rc = convrelay_lexicon_order(a, b);

    return rc ? rc : (a->number > b->number) - (a->number < b->number);
}


/* of the words with the same key, the one that is to be tried first */

static int
convrelay_lexicon_order(const convrelay_lexicon_word_t *a,
    const convrelay_lexicon_word_t *b)
{
    int  rc;

    rc = convrelay_lexicon_memcmp(&a->key, &b->key);

    if (rc) {
        return rc;
    }

    if (a->lang.len != b->lang.len) {
        return (a->lang.len > b->lang.len) ? -1 : 1;
    }

    rc = convrelay_lexicon_langcmp(&a->lang, &b->lang);

    if (rc) {
        return rc;
    }

    if (a->exact != b->exact) {
        return a->exact ? -1 : 1;
    }

    return a->exact ? convrelay_lexicon_memcmp(&a->word, &b->word) : 0;
}


static int
convrelay_lexicon_memcmp(const convrelay_str_t *a, const convrelay_str_t *b)
{
    int     rc;
    size_t  len;

    len = (a->len < b->len) ? a->len : b->len;
    rc = memcmp(a->data, b->data, len);

    return rc ? rc : (a->len > b->len) - (a->len < b->len);
}


static int
convrelay_lexicon_langcmp(const convrelay_str_t *a, const convrelay_str_t *b)
{
    size_t  i;
    u_char  c, d;

    for (i = 0; i < a->len; i++) {
        c = convrelay_lower(a->data[i]);
        d = convrelay_lower(b->data[i]);

        if (c != d) {
            return (c < d) ? -1 : 1;
        }
    }

    return 0;
}


void
convrelay_lexicon_next(convrelay_lexicon_set_t *set, u_char c)
{
    size_t                           i;
    const convrelay_lexicon_word_t  *low, *high, *middle, *end;

    i = set->depth++;
    end = set->last;

    if (set->first->key.data[i] == c && end[-1].key.data[i] == c) {
        return;
    }

    low = set->first;
    high = end;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (middle->key.data[i] < c) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    set->first = low;
    high = end;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (middle->key.data[i] <= c) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    set->last = low;
}


const convrelay_lexicon_word_t *
convrelay_lexicon_end(convrelay_lexicon_set_t *set,
    const convrelay_str_t *text, const convrelay_str_t *lang)
{
    const convrelay_lexicon_word_t  *word, *best;

    best = NULL;

    while (set->first < set->last && set->first->key.len == set->depth) {
        word = set->first++;

        if (best == NULL
            && convrelay_lexicon_speaks(&word->lang, lang)
            && (!word->exact || convrelay_lexicon_same(&word->word, text)))
        {
            best = word;
        }
    }

    return best;
}


/* true if a word for tag is one of the language, too */

static unsigned
convrelay_lexicon_speaks(const convrelay_str_t *tag,
    const convrelay_str_t *lang)
{
    static const convrelay_str_t  unknown = convrelay_string("en-US");

    if (tag->len == 0) {
        return 1;
    }

    if (lang->len == 0) {
        lang = &unknown;
    }

    return lang->len >= tag->len
           && (lang->len == tag->len || lang->data[tag->len] == '-')
           && convrelay_lexicon_langcmp(tag, lang) == 0;
}


/* equal, in upper and lower case, too */

static unsigned
convrelay_lexicon_same(const convrelay_str_t *word,
    const convrelay_str_t *text)
{
    uint32_t       a, b;
    const u_char  *p, *q, *end, *last;

    p = word->data;
    end = p + word->len;
    q = text->data;
    last = q + text->len;

    while (p < end && q < last) {
        a = convrelay_lexicon_sign(convrelay_utf8_decode(&p, end));
        b = convrelay_lexicon_sign(convrelay_utf8_decode(&q, last));

        if (a != b) {
            return 0;
        }
    }

    return p == end && q == last;
}
