
/*
 * Copyright (C) convrelay contributors
 *
 * A look at each byte finds where words begin; from there, the text is compared
 * with those of the lexicon that begin in the same way.  Where more text could
 * make a difference, the text from there on waits.
 */


#include <stdlib.h>

#include "convrelay_pronounce.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


/* the longest text that is compared with words, what follows them included */
#define CONVRELAY_PRONOUNCE_MATCH  (CONVRELAY_PRONOUNCE_HELD - 16)

/* bytes within which a tag must end */
#define CONVRELAY_PRONOUNCE_TAG    256


#define convrelay_pronounce_is_alnum(c)                                      \
    (convrelay_is_alpha(c) || convrelay_is_digit(c))


typedef struct {
    convrelay_pronounce_t           *p;
    const convrelay_lexicon_t       *lexicon;
    const u_char                    *last;
    convrelay_pronounce_how_e        how;
    const convrelay_lexicon_word_t  *word;        /* that was found */
    const u_char                    *end;         /* of it */
    size_t                           nwords;
    size_t                           len;         /* as it is spoken */
} convrelay_pronounce_run_t;


static unsigned convrelay_pronounce_plain(convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lexicon, const convrelay_str_t *text);
static int convrelay_pronounce_reserve(u_char **buf, size_t *size, size_t len,
    size_t keep);
static int convrelay_pronounce_run(convrelay_pronounce_run_t *r,
    const u_char *start, const u_char **end);
static int convrelay_pronounce_replace(convrelay_pronounce_run_t *r,
    const u_char *start, const u_char *from);
static int convrelay_pronounce_find(convrelay_pronounce_run_t *r,
    const u_char *start);
static const u_char *convrelay_pronounce_common(
    const convrelay_pronounce_run_t *r, convrelay_lexicon_set_t *set,
    const u_char *start, const u_char *q);
static unsigned convrelay_pronounce_begins(const convrelay_pronounce_t *p,
    uint32_t cp);
static unsigned convrelay_pronounce_is_rest(const convrelay_pronounce_t *p,
    const convrelay_str_t *key);
static int convrelay_pronounce_ends(const convrelay_pronounce_run_t *r,
    uint32_t last, const u_char *p);
static int convrelay_pronounce_look(const convrelay_pronounce_run_t *r,
    const u_char **p, uint32_t *cp);
static size_t convrelay_pronounce_char(const u_char *p, const u_char *last,
    uint32_t *cp);
static void convrelay_pronounce_tag(convrelay_pronounce_t *p, uint32_t cp);
static void convrelay_pronounce_tag_end(convrelay_pronounce_t *p);
static unsigned convrelay_pronounce_is_word(uint32_t cp);
static unsigned convrelay_pronounce_joins(uint32_t cp, uint32_t edge);


/* those of which the text is said in another way, or not at all */

static const char *const  convrelay_pronounce_elements[] = {
    "say-as", "phoneme", "sub"
};


int
convrelay_pronounce_read(convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lexicon, const convrelay_str_t *text,
    convrelay_pronounce_how_e how, convrelay_spoken_t *spoken)
{
    size_t                      held, rest;
    const u_char               *start, *end;
    convrelay_pronounce_run_t   r;

    if (p->held == 0 && convrelay_pronounce_plain(p, lexicon, text)) {
        spoken->written = *text;
        spoken->spoken = *text;
        spoken->words = NULL;
        spoken->nwords = 0;

        p->moved = 0;

        return CONVRELAY_OK;
    }

    memset(&r, 0, sizeof(convrelay_pronounce_run_t));

    r.p = p;
    r.lexicon = lexicon;
    r.how = how;

    held = p->held;
    start = text->data;

    if (held) {
        if (p->in_from) {
            memmove(p->in, p->in + p->in_from, held);
            p->in_from = 0;
        }

        if (convrelay_pronounce_reserve(&p->in, &p->in_size, held + text->len,
                                        held)
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }

        if (text->len) {
            memcpy(p->in + held, text->data, text->len);
        }

        start = p->in;
    }

    r.last = start + held + text->len;

    if (convrelay_pronounce_run(&r, start, &end) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    rest = r.last - end;

    spoken->written.data = (u_char *) start;
    spoken->written.len = end - start;
    spoken->spoken = spoken->written;
    spoken->words = p->words;
    spoken->nwords = r.nwords;

    if (r.nwords) {
        spoken->spoken.data = p->out;
        spoken->spoken.len = r.len;
    }

    if (held) {
        p->in_from = end - start;

    } else if (rest) {

        if (convrelay_pronounce_reserve(&p->in, &p->in_size, rest, 0)
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }

        memcpy(p->in, end, rest);
        p->in_from = 0;
    }

    p->moved = (rest && (held == 0 || end != start));
    p->held = rest;

    return CONVRELAY_OK;
}


/* true if no word begins in text, most often because no word of the lexicon has
   such a letter at its beginning; it counts as read then */

static unsigned
convrelay_pronounce_plain(convrelay_pronounce_t *p,
    const convrelay_lexicon_t *lexicon, const convrelay_str_t *text)
{
    u_char         c, key;
    uint32_t       before;
    const u_char  *q, *last;

    before = p->before;

    if (text->len == 0 || p->tag || p->element || before == '<') {
        return 0;
    }

    q = text->data;
    last = q + text->len;

    while (q < last) {
        c = *q++;
        key = convrelay_lower(c);

        if (c >= 0x80 || c == '<'
            || (lexicon->first[key] < lexicon->first[key + 1]
                && !convrelay_pronounce_is_alnum(before)))
        {
            return 0;
        }

        if (convrelay_pronounce_is_alnum(c)) {

            while (q < last && convrelay_pronounce_is_alnum(*q)) {
                q++;
            }
        }

        before = q[-1];
    }

    p->before2 = (text->len > 1) ? last[-2] : p->before;
    p->before = before;

    return 1;
}


void
convrelay_pronounce_free(convrelay_pronounce_t *p)
{
    free(p->in);
    free(p->out);
    free(p->words);

    memset(p, 0, sizeof(convrelay_pronounce_t));
}


static int
convrelay_pronounce_reserve(u_char **buf, size_t *size, size_t len,
    size_t keep)
{
    u_char  *p;

    if (len <= *size) {
        return CONVRELAY_OK;
    }

    len = 2 * len + 64;

    p = keep ? realloc(*buf, len) : malloc(len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    if (!keep) {
        free(*buf);
    }

    *buf = p;
    *size = len;

    return CONVRELAY_OK;
}


/* *end is where the text begins that has to wait; where words were replaced,
   the text before it was copied to out */

static int
convrelay_pronounce_run(convrelay_pronounce_run_t *r, const u_char *start,
    const u_char **end)
{
    int                     rc;
    size_t                  n, copied;
    u_char                  c;
    uint32_t                cp;
    const u_char           *q, *done;
    convrelay_pronounce_t  *p;

    p = r->p;
    q = start;
    done = start;

    while (q < r->last) {
        c = *q;

        if (c < 0x80) {
            cp = c;
            n = 1;
            c = convrelay_lower(c);

        } else {
            n = convrelay_pronounce_char(q, r->last, &cp);

            if (n == 0) {

                if (r->how != CONVRELAY_PRONOUNCE_END) {
                    break;
                }

                n = r->last - q;
            }

            c = 0x80;
        }

        if (p->tag || p->before == '<') {
            convrelay_pronounce_tag(p, cp);

        } else if (p->element == 0
                   && r->lexicon->first[c]
                      < r->lexicon->first[(c == 0x80) ? 256 : c + 1]
                   && convrelay_pronounce_begins(p, cp))
        {
            rc = convrelay_pronounce_find(r, q);

            if (rc == CONVRELAY_AGAIN) {
                break;
            }

            if (rc == CONVRELAY_OK) {

                copied = q - done;

                if (convrelay_pronounce_reserve(&p->out, &p->out_size,
                                  r->len + copied + r->word->spoken.len,
                                  r->len)
                    != CONVRELAY_OK
                    || convrelay_pronounce_replace(r, start, q)
                       != CONVRELAY_OK)
                {
                    return CONVRELAY_ERROR;
                }

                if (copied) {
                    memcpy(p->out + r->len, done, copied);
                    r->len += copied;
                }

                p->words[r->nwords - 1].spoken = r->len;

                memcpy(p->out + r->len, r->word->spoken.data,
                       r->word->spoken.len);
                r->len += r->word->spoken.len;

                q = r->end;
                done = q;

                continue;
            }
        }

        p->before2 = p->before;
        p->before = cp;
        q += n;

        /* within a word, none begins */

        if (!p->tag && convrelay_pronounce_is_alnum(cp)) {

            while (q < r->last && convrelay_pronounce_is_alnum(*q)) {
                p->before2 = p->before;
                p->before = *q++;
            }
        }
    }

    *end = q;

    if (r->nwords) {
        copied = q - done;

        if (convrelay_pronounce_reserve(&p->out, &p->out_size, r->len + copied,
                                        r->len)
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }

        if (copied) {
            memcpy(p->out + r->len, done, copied);
            r->len += copied;
        }
    }

    return CONVRELAY_OK;
}


/* notes the word that was found at from; sets before as it does the text */

static int
convrelay_pronounce_replace(convrelay_pronounce_run_t *r, const u_char *start,
    const u_char *from)
{
    size_t                  size;
    uint32_t                cp;
    const u_char           *q;
    convrelay_replaced_t   *words;
    convrelay_pronounce_t  *p;

    p = r->p;

    if (r->nwords == p->words_size) {
        size = 2 * p->words_size + 4;

        words = realloc(p->words, size * sizeof(convrelay_replaced_t));
        if (words == NULL) {
            return CONVRELAY_ERROR;
        }

        p->words = words;
        p->words_size = size;
    }

    words = &p->words[r->nwords++];

    words->from = from - start;
    words->len = r->end - from;
    words->spoken_len = r->word->spoken.len;

    for (q = from; q < r->end; /* void */ ) {
        q += convrelay_pronounce_char(q, r->end, &cp);

        p->before2 = p->before;
        p->before = cp;
    }

    return CONVRELAY_OK;
}


/*
 * CONVRELAY_OK: the longest word at start, up to r->end, is r->word;
 * CONVRELAY_DECLINED: there is none; CONVRELAY_AGAIN: this depends on what
 * follows.
 */

static int
convrelay_pronounce_find(convrelay_pronounce_run_t *r, const u_char *start)
{
    int                              rc;
    size_t                           i, n;
    u_char                           buf[4], *last;
    uint32_t                         cp;
    const u_char                    *q;
    convrelay_str_t                  text;
    convrelay_lexicon_set_t          set;
    const convrelay_lexicon_word_t  *word;

    r->word = NULL;

    set.first = r->lexicon->words;
    set.last = set.first + r->lexicon->nwords;
    set.depth = 0;

    for (q = start; q - start < CONVRELAY_PRONOUNCE_MATCH; /* void */ ) {

        if (set.depth) {
            q = convrelay_pronounce_common(r, &set, start, q);
        }

        n = 0;

        if (q < r->last) {
            n = convrelay_pronounce_char(q, r->last, &cp);
        }

        if (n == 0) {

            if (r->how == CONVRELAY_PRONOUNCE_MORE) {
                return CONVRELAY_AGAIN;
            }

            break;
        }

        last = convrelay_utf8_encode(buf, convrelay_lexicon_fold(cp));

        i = 0;

        if (set.depth == 0) {
            set.last = set.first + r->lexicon->first[buf[0] + 1];
            set.first += r->lexicon->first[buf[0]];
            set.depth = 1;

            i = 1;
        }

        for ( /* void */ ; i < (size_t) (last - buf); i++) {

            if (set.first == set.last) {
                break;
            }

            convrelay_lexicon_next(&set, buf[i]);
        }

        q += n;

        text.data = (u_char *) start;
        text.len = q - start;

        word = convrelay_lexicon_end(&set, &text, &r->p->lang);

        if (word && !convrelay_pronounce_is_rest(r->p, &word->key)) {
            rc = convrelay_pronounce_ends(r, cp, q);

            if (rc == CONVRELAY_AGAIN) {
                return CONVRELAY_AGAIN;
            }

            if (rc == CONVRELAY_OK) {
                r->word = word;
                r->end = q;
            }
        }

        if (set.first == set.last) {
            break;
        }
    }

    return r->word ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


/* skips text that is the same in all keys of the set, and ends none of them;
   for phrases that repeat themselves, this is most of what is compared */

static const u_char *
convrelay_pronounce_common(const convrelay_pronounce_run_t *r,
    convrelay_lexicon_set_t *set, const u_char *start, const u_char *q)
{
    size_t         i, n;
    u_char         c;
    const u_char  *first, *last, *end;

    first = set->first->key.data;
    last = set->last[-1].key.data;
    n = set->first->key.len;

    end = r->last;

    if (end - start > CONVRELAY_PRONOUNCE_MATCH - 1) {
        end = start + CONVRELAY_PRONOUNCE_MATCH - 1;
    }

    for (i = set->depth; i + 1 < n && q < end; i++) {
        c = convrelay_lower(*q);

        /* a key has what stands for each character, as it is in most texts */

        if (c >= 0x80 || c != first[i] || c != last[i]) {
            break;
        }

        q++;
    }

    set->depth = i;

    return q;
}


/* true if a word can begin with cp here */

static unsigned
convrelay_pronounce_begins(const convrelay_pronounce_t *p, uint32_t cp)
{
    uint32_t  b;

    b = p->before;

    if (b == 0 || b == ' ') {
        return 1;
    }

    if (convrelay_pronounce_joins(b, cp)) {
        return 0;
    }

    /* digits go on after these, as in "1,911" and "24/7" */

    return !((b == '.' || b == ',' || b == ':' || b == '/')
             && convrelay_is_digit(cp) && convrelay_is_digit(p->before2));
}


/* true for the end of an English word, such as the one of "we're" */

static unsigned
convrelay_pronounce_is_rest(const convrelay_pronounce_t *p,
    const convrelay_str_t *key)
{
    size_t  i;

    static const char *const  rests[] = {
        "s", "t", "d", "m", "ll", "re", "ve"
    };

    if (convrelay_lexicon_sign(p->before) != '\''
        || !convrelay_pronounce_is_word(p->before2))
    {
        return 0;
    }

    for (i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {

        if (convrelay_str_is(key, rests[i])) {
            return 1;
        }
    }

    return 0;
}


/* CONVRELAY_OK: a word whose last character is the last one can end before q;
   CONVRELAY_DECLINED; CONVRELAY_AGAIN */

static int
convrelay_pronounce_ends(const convrelay_pronounce_run_t *r, uint32_t last,
    const u_char *q)
{
    int       rc;
    uint32_t  cp;

    rc = convrelay_pronounce_look(r, &q, &cp);

    if (rc != CONVRELAY_DECLINED) {
        return rc;
    }

    if (convrelay_pronounce_joins(cp, last)) {
        return CONVRELAY_DECLINED;
    }

    if (cp == '.' || cp == ',' || cp == ':' || cp == '/') {

        if (!convrelay_is_digit(last)) {
            return CONVRELAY_OK;
        }

        rc = convrelay_pronounce_look(r, &q, &cp);

        if (rc != CONVRELAY_DECLINED) {
            return rc;
        }

        return convrelay_is_digit(cp) ? CONVRELAY_DECLINED : CONVRELAY_OK;
    }

    if (convrelay_lexicon_sign(cp) != '\'') {
        return CONVRELAY_OK;
    }

    rc = convrelay_pronounce_look(r, &q, &cp);

    if (rc != CONVRELAY_DECLINED) {
        return rc;
    }

    if (!convrelay_pronounce_is_word(cp)) {
        return CONVRELAY_OK;
    }

    if (cp != 's' && cp != 'S') {
        return CONVRELAY_DECLINED;
    }

    rc = convrelay_pronounce_look(r, &q, &cp);

    if (rc != CONVRELAY_DECLINED) {
        return rc;
    }

    return convrelay_pronounce_is_word(cp) ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


/* CONVRELAY_DECLINED: cp is the character at *q, which is moved on;
   CONVRELAY_OK: there is none; CONVRELAY_AGAIN: there is none yet */

static int
convrelay_pronounce_look(const convrelay_pronounce_run_t *r, const u_char **q,
    uint32_t *cp)
{
    size_t  n;

    n = (*q < r->last) ? convrelay_pronounce_char(*q, r->last, cp) : 0;

    if (n) {
        *q += n;
        return CONVRELAY_DECLINED;
    }

    return (r->how == CONVRELAY_PRONOUNCE_MORE) ? CONVRELAY_AGAIN
                                                : CONVRELAY_OK;
}


/* the length of the character at p, which is set; 0: it is not whole */

static size_t
convrelay_pronounce_char(const u_char *p, const u_char *last, uint32_t *cp)
{
    size_t         len;
    const u_char  *end;

    if (*p < 0x80) {
        *cp = *p;
        return 1;
    }

    len = (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;
    end = p;

    *cp = convrelay_utf8_decode(&end, last);

    if ((size_t) (last - p) < len && end == last) {
        return 0;
    }

    return end - p;
}


/* cp is in a tag, or follows a "<" */

static void
convrelay_pronounce_tag(convrelay_pronounce_t *p, uint32_t cp)
{
    if (!p->tag) {

        if (cp != '/' && !convrelay_is_alpha(cp)) {
            return;
        }

        p->tag = 1;
        p->closing = (cp == '/');
        p->named = 0;
        p->name_len = 0;
        p->tag_len = 0;

        if (p->closing) {
            return;
        }
    }

    if (cp == '>') {
        convrelay_pronounce_tag_end(p);
        return;
    }

    if (++p->tag_len == CONVRELAY_PRONOUNCE_TAG) {
        p->tag = 0;
        return;
    }

    if (cp == '/' || cp == ' ' || cp > 0x7f
        || p->name_len == sizeof(p->name))
    {
        p->named = 1;
    }

    if (!p->named) {
        p->name[p->name_len++] = convrelay_lower(cp);
    }
}


static void
convrelay_pronounce_tag_end(convrelay_pronounce_t *p)
{
    size_t           i, n;
    convrelay_str_t  name;

    p->tag = 0;

    name.data = p->name;
    name.len = p->name_len;

    n = sizeof(convrelay_pronounce_elements)
        / sizeof(convrelay_pronounce_elements[0]);

    for (i = 0; i < n; i++) {

        if (!convrelay_str_is(&name, convrelay_pronounce_elements[i])) {
            continue;
        }

        if (p->closing) {
            if (p->element == i + 1) {
                p->element = 0;
            }

        } else if (p->element == 0 && p->before != '/') {
            p->element = i + 1;
        }
    }
}


static unsigned
convrelay_pronounce_is_word(uint32_t cp)
{
    return cp == '_' || (cp && convrelay_is_word(cp));
}


/* true if the word with this character at its edge goes on with cp */

static unsigned
convrelay_pronounce_joins(uint32_t cp, uint32_t edge)
{
    return convrelay_pronounce_is_word(cp) && !convrelay_word_is_alone(cp)
           && !convrelay_word_is_alone(edge);
}


void
convrelay_spoken_cut(convrelay_spoken_t *spoken, size_t written, size_t said)
{
    size_t                       i, at, done, room;
    const convrelay_replaced_t  *word;

    if (spoken->written.len <= written && spoken->spoken.len <= said) {
        return;
    }

    /* the words that fit, each with the text before it */

    at = 0;
    done = 0;

    for (i = 0; i < spoken->nwords; i++) {
        word = &spoken->words[i];

        if ((size_t) word->from + word->len > written
            || (size_t) word->spoken + word->spoken_len > said)
        {
            break;
        }

        at = word->from + word->len;
        done = word->spoken + word->spoken_len;
    }

    /* then the text after them */

    room = (i < spoken->nwords) ? spoken->words[i].from : spoken->written.len;

    if (room > written) {
        room = written;
    }

    room -= at;

    if (room > said - done) {
        room = said - done;
    }

    room = convrelay_utf8_fit(spoken->written.data + at,
                              spoken->written.len - at, room);

    spoken->nwords = i;
    spoken->written.len = at + room;
    spoken->spoken.len = done + room;
}


size_t
convrelay_spoken_written(const convrelay_replaced_t *words, size_t n,
    size_t pos)
{
    size_t                       low, high, middle, end;
    const convrelay_replaced_t  *word;

    low = 0;
    high = n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (words[middle].spoken < pos) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == 0) {
        return pos;
    }

    word = &words[low - 1];
    end = (size_t) word->spoken + word->spoken_len;

    return word->from + word->len + ((pos > end) ? pos - end : 0);
}
