
/*
 * Copyright (C) convrelay contributors
 *
 * Each word of the message is put into two indexes: by itself, and together
 * with the two words before it.  Each text is then read once.  A hash collision
 * can mask a word too many, never one too few.
 */


#include "convrelay_echo.h"
#include "convrelay_fold.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


#define CONVRELAY_ECHO_HASH       2166136261u     /* FNV-1a */
#define CONVRELAY_ECHO_PRIME      16777619u

#define CONVRELAY_ECHO_NAME       "abcdefghijklmnopqrstuvwxyz"                \
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-."

/* the word i is the last one of its line */

#define convrelay_echo_is_last(e, i)                                          \
    ((i) + 1 == (e)->nwords || (e)->words[(i) + 1].line != (e)->words[i].line)

#define convrelay_echo_add(hash, c)                                           \
    (((hash) ^ (c)) * CONVRELAY_ECHO_PRIME)


typedef struct {
    convrelay_echo_t *e;
    const u_char     *pos;
    const u_char     *last;
    const u_char     *begin;          /* of the word just read */
    const u_char     *end;
    uint32_t          hash;
    size_t            nchars;
    unsigned          digit:1;        /* it has one */
} convrelay_echo_reader_t;


static const u_char *convrelay_echo_line(convrelay_echo_t *e,
    const u_char *p, const u_char *last, unsigned line);
static int convrelay_echo_next(convrelay_echo_reader_t *r);
static uint32_t convrelay_echo_char(convrelay_echo_t *e, const u_char **pos,
    const u_char *last);
static int convrelay_echo_hex(const u_char *p);
static uint32_t convrelay_echo_fold(convrelay_echo_t *e, uint32_t cp);
static uint32_t convrelay_echo_run(const uint32_t *hashes, size_t n);
static uint32_t convrelay_echo_percent(const u_char **pos,
    const u_char *last);
static unsigned convrelay_echo_is_common(const convrelay_echo_reader_t *r);
static void convrelay_echo_mark(convrelay_echo_t *e, uint32_t hash);
static void convrelay_echo_mark_run(convrelay_echo_t *e, uint32_t run,
    size_t n);
static uint32_t convrelay_echo_run_at(const convrelay_echo_t *e, size_t last,
    size_t n);


/* a letter or digit, folded, or 0 */

static const u_char  convrelay_echo_ascii[128] = {
    ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
            'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
            'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z'
};


static const char  *convrelay_echo_common[] = {
    "array", "assistant", "body", "content", "does", "empty", "error",
    "expected", "extra", "fail", "failed", "field", "fields", "found", "from",
    "have", "input", "inputs", "invalid", "json", "key", "length", "limit",
    "list", "long", "maximum", "message", "messages", "missing", "model",
    "must", "name", "number", "object", "parse", "permitted", "please",
    "provided", "request", "required", "role", "server", "stream", "string",
    "system", "that", "this", "token", "tokens", "tool", "type",
    "unsupported", "user", "valid", "value", "with", "your"
};


void
convrelay_echo_start(convrelay_echo_t *e, char *message)
{
    unsigned       line;
    const u_char  *p, *last;

    memset(e->slots, 0, sizeof(e->slots));
    memset(e->runs, 0, sizeof(e->runs));
    memset(e->chars, 0, sizeof(e->chars));

    e->message = message;
    e->nwords = 0;

    p = (u_char *) message;
    last = p + strlen(message);

    for (line = 0; p < last; line++) {
        p = convrelay_echo_line(e, p, last,
                                (line < CONVRELAY_ECHO_LINES)
                                ? line : CONVRELAY_ECHO_LINES - 1);
    }
}


/* returns the beginning of the next line, or last */

static const u_char *
convrelay_echo_line(convrelay_echo_t *e, const u_char *p, const u_char *last,
    unsigned line)
{
    size_t                    n;
    uint32_t                  hashes[CONVRELAY_ECHO_RUN];
    const u_char             *end;
    convrelay_echo_word_t    *w;
    convrelay_echo_reader_t   r;

    memset(&r, 0, sizeof(r));

    end = memchr(p, '\n', last - p);

    r.e = e;
    r.pos = p;
    r.last = end ? end : last;

    for (n = 0; convrelay_echo_next(&r) == CONVRELAY_OK; n++) {

        if (e->nwords == CONVRELAY_ECHO_MAX_WORDS) {
            e->message[r.begin - (u_char *) e->message] = '\0';
            return last;
        }

        hashes[n % CONVRELAY_ECHO_RUN] = r.hash;

        w = &e->words[e->nwords++];

        w->begin = (uint16_t) (r.begin - (u_char *) e->message);
        w->end = (uint16_t) (r.end - (u_char *) e->message);
        w->hash = r.hash;
        w->common = convrelay_echo_is_common(&r);
        w->line = line;
        w->masked = 0;
        w->said = 0;
        w->run_said = 0;
        w->next_run = 0;

        w->next = e->slots[r.hash % CONVRELAY_ECHO_SLOTS];
        e->slots[r.hash % CONVRELAY_ECHO_SLOTS] = e->nwords;

        if (n + 1 < CONVRELAY_ECHO_RUN) {
            continue;
        }

        w->run = convrelay_echo_run(hashes, n + 1);
        w->next_run = e->runs[w->run % CONVRELAY_ECHO_SLOTS];
        e->runs[w->run % CONVRELAY_ECHO_SLOTS] = e->nwords;
    }

    return end ? end + 1 : last;
}


void
convrelay_echo_text(convrelay_echo_t *e, const u_char *text, size_t len,
    unsigned said)
{
    size_t                   n;
    uint32_t                 hashes[CONVRELAY_ECHO_RUN];
    convrelay_echo_reader_t  r;

    if (e->nwords == 0) {
        return;
    }

    memset(&r, 0, sizeof(r));

    r.e = e;
    r.pos = text;
    r.last = text + len;

    for (n = 0; convrelay_echo_next(&r) == CONVRELAY_OK; n++) {

        hashes[n % CONVRELAY_ECHO_RUN] = r.hash;

        if (said && (r.digit || r.nchars > 3)) {
            convrelay_echo_mark(e, r.hash);
        }

        if (n + 1 >= CONVRELAY_ECHO_RUN) {
            convrelay_echo_mark_run(e, convrelay_echo_run(hashes, n + 1),
                                    CONVRELAY_ECHO_RUN);
        }
    }

    /* a short text counts only as a whole */

    if (n > 1 && n < CONVRELAY_ECHO_RUN) {
        convrelay_echo_mark_run(e, convrelay_echo_run(hashes, n), n);

    } else if (n == 1 && said) {
        convrelay_echo_mark(e, hashes[0]);
    }
}


void
convrelay_echo_mask(convrelay_echo_t *e, unsigned cut)
{
    char                   *p;
    size_t                  i, from, begin, end, stars;
    convrelay_echo_word_t  *w;

    w = e->words;

    for (i = 0; i < e->nwords; i++) {

        if ((cut >> w[i].line & 1) && convrelay_echo_is_last(e, i)) {
            w[i].masked = 1;
        }
    }

    p = e->message;
    from = 0;

    for (i = 0; i < e->nwords; i++) {

        if (!w[i].masked) {
            continue;
        }

        begin = w[i].begin;

        while (!convrelay_echo_is_last(e, i) && w[i + 1].masked) {
            i++;
        }

        end = w[i].end;
        stars = (end - begin < 3) ? end - begin : 3;

        memmove(p, e->message + from, begin - from);
        p += begin - from;

        memset(p, '*', stars);
        p += stars;

        from = end;
    }

    memmove(p, e->message + from, strlen(e->message + from) + 1);
}


void
convrelay_echo_codes(char *message)
{
    char    *p, *line;
    size_t   len, stars;

    p = message;
    line = message;

    for ( ;; ) {
        len = strcspn(line, "\n");

        if (strspn(line, CONVRELAY_ECHO_NAME) == len) {
            memmove(p, line, len);
            p += len;

        } else {
            stars = (len < 3) ? len : 3;
            memset(p, '*', stars);
            p += stars;
        }

        if (line[len] == '\0') {
            *p = '\0';
            return;
        }

        *p++ = '\n';
        line += len + 1;
    }
}


/* reads a word: CONVRELAY_OK, or CONVRELAY_DONE at the end of the text */

static int
convrelay_echo_next(convrelay_echo_reader_t *r)
{
    uint32_t       cp;
    unsigned       alone;
    const u_char  *p;

    r->begin = NULL;
    r->hash = CONVRELAY_ECHO_HASH;
    r->nchars = 0;
    r->digit = 0;

    while (r->pos < r->last) {
        p = r->pos;

        if (*p < 0x80 && *p != '\\' && *p != '%') {
            cp = convrelay_echo_ascii[*p];
            r->pos++;

        } else {
            cp = convrelay_echo_char(r->e, &r->pos, r->last);
        }

        if (cp == 0) {

            if (r->begin) {
                return CONVRELAY_OK;
            }

            continue;
        }

        alone = convrelay_word_is_alone(cp);

        if (r->begin == NULL) {
            r->begin = p;

        } else if (alone) {
            r->pos = p;
            return CONVRELAY_OK;
        }

        r->end = r->pos;
        r->nchars++;

        if (cp >= '0' && cp <= '9') {
            r->digit = 1;
        }

        for ( /* void */ ; cp; cp >>= 8) {
            r->hash = convrelay_echo_add(r->hash, cp & 0xff);
        }

        if (alone) {
            return CONVRELAY_OK;
        }
    }

    return r->begin ? CONVRELAY_OK : CONVRELAY_DONE;
}


/*
 * A character of a word, folded, or 0 for a character between words.  Any
 * number of backslashes before a letter is one escape, since a message may have
 * been written as JSON more than once; a URL has its own.
 */

static uint32_t
convrelay_echo_char(convrelay_echo_t *e, const u_char **pos,
    const u_char *last)
{
    int            high, low;
    uint32_t       cp;
    const u_char  *p;

    p = *pos;

    if (*p == '\\') {

        while (p < last && *p == '\\') {
            p++;
        }

        if (last - p >= 5 && *p == 'u') {
            high = convrelay_echo_hex(p + 1);
            low = convrelay_echo_hex(p + 3);

            if (high >= 0 && low >= 0) {
                *pos = p + 5;
                return convrelay_echo_fold(e, (uint32_t) (high << 8 | low));
            }
        }

        if (p < last && strchr("nrtbf", *p)) {
            p++;
        }

        *pos = p;

        return 0;
    }

    if (*p == '%' && last - p >= 3 && convrelay_echo_hex(p + 1) >= 0) {
        return convrelay_echo_fold(e, convrelay_echo_percent(pos, last));
    }

    cp = convrelay_utf8_decode(pos, last);

    return convrelay_echo_fold(e, cp);
}


static uint32_t
convrelay_echo_percent(const u_char **pos, const u_char *last)
{
    int            c;
    size_t         n;
    u_char         buf[4];
    const u_char  *p;

    n = 0;

    for (p = *pos; n < sizeof(buf) && last - p >= 3 && *p == '%'; p += 3) {

        c = convrelay_echo_hex(p + 1);

        if (c < 0 || (n && (c & 0xc0) != 0x80)) {
            break;
        }

        buf[n++] = (u_char) c;

        if (buf[0] < 0xc0) {
            p += 3;
            break;
        }
    }

    *pos = p;
    p = buf;

    return convrelay_utf8_decode(&p, buf + n);
}


/* the value of two hex digits, or -1 */

static int
convrelay_echo_hex(const u_char *p)
{
    int     value, i;
    u_char  c;

    value = 0;

    for (i = 0; i < 2; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            value = value * 16 + c - '0';
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return -1;
        }

        value = value * 16 + c - 'a' + 10;
    }

    return value;
}


static uint32_t
convrelay_echo_fold(convrelay_echo_t *e, uint32_t cp)
{
    convrelay_echo_char_t  *c;

    if (cp < 0x80) {
        return convrelay_echo_ascii[cp];
    }

    /* a text has few different characters, and the tables are large */

    c = &e->chars[cp % CONVRELAY_ECHO_CHARS];

    if (c->cp != cp) {
        c->cp = cp;
        c->folded = convrelay_is_word(cp) ? convrelay_fold(cp) : 0;
    }

    return c->folded;
}


/* a hash of the last words, at most three; n were read, hashes is a ring */

static uint32_t
convrelay_echo_run(const uint32_t *hashes, size_t n)
{
    size_t    i;
    uint32_t  run;

    run = CONVRELAY_ECHO_HASH;
    i = (n > CONVRELAY_ECHO_RUN) ? n - CONVRELAY_ECHO_RUN : 0;

    for ( /* void */ ; i < n; i++) {
        run = convrelay_echo_add(run, hashes[i % CONVRELAY_ECHO_RUN]);
    }

    return run;
}


static unsigned
convrelay_echo_is_common(const convrelay_echo_reader_t *r)
{
    size_t           i;
    convrelay_str_t  word;

    word.data = (u_char *) r->begin;
    word.len = r->end - r->begin;

    for (i = 0; i < sizeof(convrelay_echo_common) / sizeof(char *); i++) {

        if (convrelay_str_is_nocase(&word, convrelay_echo_common[i])) {
            return 1;
        }
    }

    return 0;
}


/* marks a hash only once: message and text can repeat a word many times */

static void
convrelay_echo_mark(convrelay_echo_t *e, uint32_t hash)
{
    size_t                  i;
    convrelay_echo_word_t  *w;

    for (i = e->slots[hash % CONVRELAY_ECHO_SLOTS]; i; i = w->next) {
        w = &e->words[i - 1];

        if (w->hash != hash) {
            continue;
        }

        if (w->said) {
            return;
        }

        w->said = 1;
        w->masked |= !w->common;
    }
}


static void
convrelay_echo_mark_run(convrelay_echo_t *e, uint32_t run, size_t n)
{
    size_t                  i, k;
    convrelay_echo_word_t  *w;

    if (n < CONVRELAY_ECHO_RUN) {

        for (i = n; i <= e->nwords; i++) {

            if (e->words[i - n].line != e->words[i - 1].line
                || convrelay_echo_run_at(e, i, n) != run)
            {
                continue;
            }

            for (k = 1; k <= n; k++) {
                e->words[i - k].masked = 1;
            }
        }

        return;
    }

    for (i = e->runs[run % CONVRELAY_ECHO_SLOTS]; i; i = w->next_run) {
        w = &e->words[i - 1];

        if (w->run != run) {
            continue;
        }

        if (w->run_said) {
            return;
        }

        w->run_said = 1;

        for (k = 1; k <= n; k++) {
            e->words[i - k].masked = 1;
        }
    }
}


/* a hash of the n words before the word last */

static uint32_t
convrelay_echo_run_at(const convrelay_echo_t *e, size_t last, size_t n)
{
    size_t    i;
    uint32_t  run;

    run = CONVRELAY_ECHO_HASH;

    for (i = last - n; i < last; i++) {
        run = convrelay_echo_add(run, e->words[i].hash);
    }

    return run;
}
