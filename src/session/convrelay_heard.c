
/*
 * Copyright (C) convrelay contributors
 *
 * The Knuth-Morris-Pratt search over a text that is folded while it is read, so
 * that no copy and no map back are needed: at a match, a second position
 * catches up to the first byte of the match.
 */


#include <stdlib.h>

#include "convrelay_heard.h"


#define CONVRELAY_HEARD_MAX_MISSED  64


typedef struct {
    const convrelay_str_t  *text;
    size_t                  from;     /* no match begins before it */
    size_t                  played;   /* wanted: one that ends after it */
    int64_t                 start;    /* or the one that begins nearest to
                                         it, in characters; -1: any */
    unsigned                anywhere:1;   /* nothing says which place is near */
    unsigned                fold:1;
    unsigned                found:1;
    size_t                  begin;
    size_t                  end;
    uint64_t                distance; /* from start */
} convrelay_heard_search_t;


typedef struct {
    u_char                 *data;     /* folded */
    size_t                  len;
    uint32_t               *border;   /* of data[0 .. i], its longest proper
                                         prefix that is its suffix too */
} convrelay_heard_pattern_t;


static unsigned convrelay_heard_end(const convrelay_str_t *text, size_t pos);
static size_t convrelay_heard_clause(const convrelay_heard_t *h,
    const convrelay_str_t *text, size_t heard);
static size_t convrelay_heard_sign(const convrelay_str_t *text, size_t pos);

static int convrelay_heard_find(convrelay_heard_search_t *s,
    const convrelay_str_t *value);
static int convrelay_heard_run(convrelay_heard_search_t *s,
    const convrelay_str_t *value);
static int convrelay_heard_pattern(convrelay_heard_pattern_t *p,
    const convrelay_str_t *value, unsigned fold);
static void convrelay_heard_scan(convrelay_heard_search_t *s,
    const convrelay_heard_pattern_t *p);
static int convrelay_heard_match(convrelay_heard_search_t *s, size_t begin,
    size_t end, int64_t chars);
static void convrelay_heard_complete(convrelay_heard_search_t *s,
    const convrelay_str_t *value);

static inline int convrelay_heard_next(const convrelay_str_t *text, size_t *pos,
    unsigned fold);
static size_t convrelay_heard_skip(const convrelay_str_t *text, size_t pos,
    unsigned fold);
static size_t convrelay_heard_filler(const convrelay_str_t *text,
    size_t pos);
static inline int convrelay_heard_word(u_char c);


int
convrelay_heard_played(convrelay_heard_t *h, const convrelay_str_t *text,
    const convrelay_str_t *value)
{
    int                       rc;
    convrelay_heard_search_t  s;

    if (h->missed == CONVRELAY_HEARD_MAX_MISSED) {
        return CONVRELAY_DECLINED;
    }

    memset(&s, 0, sizeof(convrelay_heard_search_t));

    s.text = text;
    s.from = h->played;
    s.start = -1;

    rc = convrelay_heard_find(&s, value);

    if (rc != CONVRELAY_OK) {
        h->missed += (convrelay_heard_skip(value, 0, 1) < value->len);
        return rc;
    }

    h->missed = 0;
    h->fragment = s.begin;
    h->played = s.end;
    h->reported = 1;

    return CONVRELAY_OK;
}


int
convrelay_heard_all(const convrelay_heard_t *h, const convrelay_str_t *text)
{
    return h->reported
           && convrelay_heard_skip(text, h->played, 1) == text->len;
}


size_t
convrelay_heard_interrupt(const convrelay_heard_t *h,
    const convrelay_str_t *text, const convrelay_str_t *utterance,
    unsigned events, int64_t start)
{
    size_t  clause;

    return convrelay_heard_cut(h, text, utterance, events, start, &clause);
}


size_t
convrelay_heard_cut(const convrelay_heard_t *h, const convrelay_str_t *text,
    const convrelay_str_t *utterance, unsigned events, int64_t start,
    size_t *clause)
{
    size_t                    heard;
    convrelay_heard_search_t  s;

    memset(&s, 0, sizeof(convrelay_heard_search_t));

    s.text = text;
    s.from = h->fragment;
    s.start = start;
    s.anywhere = (start < 0 && !h->reported);

    if (h->reported) {
        s.played = h->played;
        s.start = -1;
    }

    if (convrelay_heard_find(&s, utterance) == CONVRELAY_OK) {

        *clause = convrelay_heard_sign(text, s.begin);

        /* the utterance is trimmed, the reported text need not be */

        if (s.end < s.played
            && convrelay_heard_skip(text, s.end, 1) >= s.played)
        {
            return s.played;
        }

        return s.end;
    }

    heard = (events || h->reported) ? h->played : text->len;

    *clause = convrelay_heard_clause(h, text, heard);

    return heard;
}


/* where the clause begins, if the utterance does not say that */

static size_t
convrelay_heard_clause(const convrelay_heard_t *h, const convrelay_str_t *text,
    size_t heard)
{
    size_t  pos;

    pos = heard;

    while (pos && text->data[pos - 1] <= ' ') {
        pos--;
    }

    /* the last report is that of a clause that was cut, and ends in it */

    if (h->reported && heard == h->played && pos && heard < text->len
        && (convrelay_heard_word(text->data[pos - 1])
            || text->data[pos - 1] >= 0x80))
    {
        return convrelay_heard_sign(text, h->fragment);
    }

    return heard;
}


/* signs right before the first word belong to it: "$5", "-3" */

static size_t
convrelay_heard_sign(const convrelay_str_t *text, size_t pos)
{
    size_t  begin;

    begin = pos;

    while (begin && text->data[begin - 1] > ' '
           && text->data[begin - 1] < 0x80
           && !convrelay_heard_word(text->data[begin - 1]))
    {
        begin--;
    }

    return (begin == 0 || text->data[begin - 1] <= ' ') ? begin : pos;
}


/*
 * An exact match is also a folded match, so the folded match decides on the
 * place: an exact match far away was not heard.  An exact match at that place
 * has better ends.  If it is not known which place is near, an exact match
 * anywhere is better.
 */

static int
convrelay_heard_find(convrelay_heard_search_t *s,
    const convrelay_str_t *value)
{
    int                       rc;
    convrelay_str_t           text;
    convrelay_heard_search_t  exact;

    if (convrelay_heard_skip(value, 0, 1) == value->len) {
        return CONVRELAY_DECLINED;
    }

    s->fold = 1;

    rc = convrelay_heard_run(s, value);

    if (rc != CONVRELAY_OK || !s->found) {
        return (rc != CONVRELAY_OK) ? rc : CONVRELAY_DECLINED;
    }

    exact = *s;

    exact.start = -1;
    exact.fold = 0;
    exact.found = 0;

    if (!s->anywhere) {
        text.data = s->text->data;
        text.len = convrelay_heard_skip(s->text, s->end, 1);

        exact.text = &text;
        exact.played = s->end;
    }

    rc = convrelay_heard_run(&exact, value);

    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (exact.found
        && (s->anywhere
            || (exact.begin <= s->begin && exact.end >= s->end)))
    {
        s->begin = exact.begin;
        s->end = exact.end;
        s->fold = 0;
    }

    convrelay_heard_complete(s, value);

    return CONVRELAY_OK;
}


static int
convrelay_heard_run(convrelay_heard_search_t *s, const convrelay_str_t *value)
{
    int                        rc;
    convrelay_heard_pattern_t  p;

    rc = convrelay_heard_pattern(&p, value, s->fold);

    if (rc == CONVRELAY_OK) {
        convrelay_heard_scan(s, &p);
        free(p.border);
    }

    return rc;
}


static int
convrelay_heard_pattern(convrelay_heard_pattern_t *p,
    const convrelay_str_t *value, unsigned fold)
{
    int       c;
    size_t    i, k, pos;

    p->border = malloc(value->len * (sizeof(uint32_t) + 1));
    if (p->border == NULL) {
        return CONVRELAY_ERROR;
    }

    p->data = (u_char *) (p->border + value->len);
    p->len = 0;

    pos = 0;

    for ( ;; ) {
        c = convrelay_heard_next(value, &pos, fold);

        if (c == -1) {
            break;
        }

        p->data[p->len++] = c;
    }

    p->border[0] = 0;
    k = 0;

    for (i = 1; i < p->len; i++) {

        while (k && p->data[i] != p->data[k]) {
            k = p->border[k - 1];
        }

        if (p->data[i] == p->data[k]) {
            k++;
        }

        p->border[i] = k;
    }

    return CONVRELAY_OK;
}


static void
convrelay_heard_scan(convrelay_heard_search_t *s,
    const convrelay_heard_pattern_t *p)
{
    int      c;
    size_t   k, n, pos, begin, counted;
    int64_t  chars;

    k = 0;
    n = 0;
    pos = s->from;
    begin = s->from;
    counted = 0;
    chars = 0;

    for ( ;; ) {
        c = convrelay_heard_next(s->text, &pos, s->fold);

        if (c == -1) {
            return;
        }

        n++;

        while (k && (k == p->len || p->data[k] != c)) {
            k = p->border[k - 1];
        }

        if (p->data[k] == c) {
            k++;
        }

        if (k < p->len) {
            continue;
        }

        /* n bytes lie between the two positions, the last k are the match */

        for ( /* void */ ; n > k; n--) {
            (void) convrelay_heard_next(s->text, &begin, s->fold);
        }

        begin = convrelay_heard_skip(s->text, begin, s->fold);

        if (s->start >= 0) {
            chars += convrelay_heard_chars(s->text, counted, begin);
            counted = begin;
        }

        if (convrelay_heard_match(s, begin, pos, chars) == CONVRELAY_DONE) {
            return;
        }
    }
}


/*
 * Takes a match if it is better than the one before.  Returns CONVRELAY_DONE if
 * no later one can be better, otherwise CONVRELAY_AGAIN.
 */

static int
convrelay_heard_match(convrelay_heard_search_t *s, size_t begin, size_t end,
    int64_t chars)
{
    size_t         last;
    uint64_t       distance;
    const u_char  *p;

    p = s->text->data;

    if (begin > s->from
        && convrelay_heard_word(p[begin - 1])
        && convrelay_heard_word(p[begin]))
    {
        return CONVRELAY_AGAIN;
    }

    distance = 0;
    last = end;

    if (s->start >= 0) {
        distance = (chars > s->start) ? chars - s->start : s->start - chars;

        if (s->found && distance >= s->distance) {
            return (chars > s->start) ? CONVRELAY_DONE : CONVRELAY_AGAIN;
        }

    } else {
        last = convrelay_heard_skip(s->text, end, 1);

        if (s->found && last < s->played) {
            return CONVRELAY_AGAIN;
        }
    }

    s->found = 1;
    s->begin = begin;
    s->end = end;
    s->distance = distance;

    if (s->start >= 0) {
        return (chars >= s->start) ? CONVRELAY_DONE : CONVRELAY_AGAIN;
    }

    return (last >= s->played) ? CONVRELAY_DONE : CONVRELAY_AGAIN;
}


/*
 * Moves the end of the match to the end of a character and, if the value ended
 * with punctuation that was folded away, after the punctuation of the text.
 */

static void
convrelay_heard_complete(convrelay_heard_search_t *s,
    const convrelay_str_t *value)
{
    size_t   n;
    u_char  *p;

    p = s->text->data;

    while (s->end < s->text->len && (p[s->end] & 0xc0) == 0x80) {
        s->end++;
    }

    if (!s->fold || convrelay_heard_word(value->data[value->len - 1])) {
        return;
    }

    while (s->end < s->text->len && p[s->end] > ' ') {
        n = convrelay_heard_filler(s->text, s->end);

        if (n == 0) {
            break;
        }

        s->end += n;
    }
}


/* the next byte that counts, or -1 at the end; *pos is moved after it */

static inline int
convrelay_heard_next(const convrelay_str_t *text, size_t *pos, unsigned fold)
{
    u_char  c;

    if (fold && *pos < text->len
        && !convrelay_heard_word(text->data[*pos]))
    {
        *pos = convrelay_heard_skip(text, *pos, fold);
    }

    if (*pos == text->len) {
        return -1;
    }

    c = text->data[(*pos)++];

    return (fold && c >= 'A' && c <= 'Z') ? c | 0x20 : c;
}


static size_t
convrelay_heard_skip(const convrelay_str_t *text, size_t pos, unsigned fold)
{
    size_t  n;

    while (fold && pos < text->len) {
        n = convrelay_heard_filler(text, pos);

        if (n == 0) {
            break;
        }

        pos += n;
    }

    return pos;
}


/*
 * The length of the character at pos if it is white space or punctuation, or 0
 * if it counts.  White space and punctuation are ASCII except letters and
 * digits, the spaces and marks of Latin-1, U+2000 to U+206F, U+3000 to U+303F,
 * and U+FEFF.
 */

static size_t
convrelay_heard_filler(const convrelay_str_t *text, size_t pos)
{
    size_t   left;
    u_char  *p;

    p = text->data + pos;
    left = text->len - pos;

    if (p[0] < 0x80) {
        return convrelay_heard_word(p[0]) ? 0 : 1;
    }

    if (p[0] == 0xc2 && left > 1) {

        switch (p[1]) {

        case 0xa0:  /* no-break space */
        case 0xa1:  /* inverted exclamation mark */
        case 0xab:  /* left guillemet */
        case 0xad:  /* soft hyphen */
        case 0xbb:  /* right guillemet */
        case 0xbf:  /* inverted question mark */
            return 2;
        }

        return 0;
    }

    if (left < 3) {
        return 0;
    }

    if (p[0] == 0xe2 && (p[1] == 0x80 || (p[1] == 0x81 && p[2] <= 0xaf))) {
        return 3;
    }

    if (p[0] == 0xe3 && p[1] == 0x80) {
        return 3;
    }

    if (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        return 3;
    }

    return 0;
}


unsigned
convrelay_heard_question(const convrelay_str_t *text, size_t pos)
{
    size_t    i, n;
    unsigned  end, inside;

    inside = 1;
    n = 0;

    for (i = pos; i && n < CONVRELAY_HEARD_REACTION; i--) {
        end = convrelay_heard_end(text, i - 1);

        if (end == '?') {
            return 1;
        }

        /* between two sentences, the next one does not count */

        if (n == 0 && end) {
            inside = 0;
        }

        n += (text->data[i - 1] > ' ' && (text->data[i - 1] & 0xc0) != 0x80);
    }

    for (i = pos; i < text->len && inside; i++) {
        end = convrelay_heard_end(text, i);

        if (end) {
            return (end == '?');
        }
    }

    return 0;
}


/* '?' or '.' if a mark at pos ends a sentence, or 0 */

static unsigned
convrelay_heard_end(const convrelay_str_t *text, size_t pos)
{
    size_t         i, left;
    const u_char  *p;

    static const struct {
        size_t       len;
        const char  *mark;
        unsigned     end;
    }  marks[] = {
        { 2, "\xd8\x9f", '?' },             /* Arabic */
        { 2, "\xcd\xbe", '?' },             /* Greek */
        { 3, "\xef\xbc\x9f", '?' },         /* CJK */
        { 3, "\xef\xbc\x81", '.' },
        { 3, "\xe3\x80\x82", '.' },
        { 3, "\xe0\xa5\xa4", '.' },         /* danda */
    };

    p = text->data + pos;
    left = text->len - pos;

    switch (p[0]) {

    case '?':
        return '?';

    case '.':
    case '!':

        /* a decimal point, a dot in a name */

        return (left == 1 || !convrelay_heard_word(p[1])) ? '.' : 0;

    case '\n':
        return '.';
    }

    for (i = 0; p[0] >= 0x80 && i < sizeof(marks) / sizeof(marks[0]); i++) {

        if (left >= marks[i].len && memcmp(p, marks[i].mark, marks[i].len) == 0)
        {
            return marks[i].end;
        }
    }

    return 0;
}


size_t
convrelay_heard_pos(const convrelay_str_t *text, uint64_t chars)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if ((text->data[i] & 0xc0) != 0x80 && chars-- == 0) {
            break;
        }
    }

    return i;
}


int64_t
convrelay_heard_chars(const convrelay_str_t *text, size_t pos, size_t end)
{
    int64_t  n;

    n = 0;

    for ( /* void */ ; pos < end; pos++) {
        n += (text->data[pos] & 0xc0) != 0x80;
    }

    return n;
}


static inline int
convrelay_heard_word(u_char c)
{
    return (c >= '0' && c <= '9')
           || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
