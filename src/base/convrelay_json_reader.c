
/*
 * Copyright (C) convrelay contributors
 *
 * One pass finds where each value starts and ends.  While an array or an
 * object is open, its size field holds the index of the container around it,
 * so no stack is needed.
 */


#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_utf8.h"


#define CONVRELAY_JSON_ONES      convrelay_json_bytes(1)

/* eight of them */

#define convrelay_json_bytes(c)  (0x0101010101010101ull * (c))

#define convrelay_json_digit(c)  ((c) >= '0' && (c) <= '9')

#define convrelay_json_starts(p, last, word)                                 \
    ((size_t) ((last) - (p)) >= sizeof(word) - 1                             \
     && memcmp(p, word, sizeof(word) - 1) == 0)


typedef struct {
    u_char                   *pos;
    u_char                   *last;
    convrelay_json_value_t   *next;       /* place of a value */
    convrelay_json_value_t   *end;        /* of the places */
    uint32_t                  open;       /* the innermost container */
    unsigned                  depth;
    unsigned                  object;     /* open is an object */
} convrelay_json_scan_t;


static int convrelay_json_scan(convrelay_json_reader_t *r, u_char *data,
    size_t len);
static int convrelay_json_scan_name(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static int convrelay_json_scan_value(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static int convrelay_json_scan_behind(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static inline u_char convrelay_json_next(convrelay_json_scan_t *s);
static inline int convrelay_json_open(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s, convrelay_json_type_e type);
static void convrelay_json_close(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static u_char *convrelay_json_scan_string(convrelay_json_reader_t *r,
    convrelay_json_value_t *v, u_char *p, u_char *last);
static inline u_char *convrelay_json_skip_plain(u_char *p, u_char *last);
static inline uint64_t convrelay_json_word(const u_char *p,
    const u_char *last);
static u_char *convrelay_json_scan_special(convrelay_json_reader_t *r,
    convrelay_json_value_t *v, u_char *last) __attribute__((noinline));
static size_t convrelay_json_wide(const u_char *p, const u_char *last);
static u_char *convrelay_json_scan_word(convrelay_json_value_t *v, u_char *p,
    u_char *last);
static size_t convrelay_json_number_len(const u_char *p, const u_char *last);
static const u_char *convrelay_json_digits(const u_char *p,
    const u_char *last);
static inline void convrelay_json_set(convrelay_json_value_t *v,
    convrelay_json_type_e type, u_char *data, size_t len);
static int convrelay_json_grow(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);


int
convrelay_json_read(convrelay_json_reader_t *r, u_char *data, size_t len,
    u_char **copy)
{
    return convrelay_json_read_repaired(r, data, len, copy,
                                        convrelay_utf8_repair);
}


int
convrelay_json_read_repaired(convrelay_json_reader_t *r, u_char *data,
    size_t len, u_char **copy, convrelay_json_repair_pt repair)
{
    int     rc;
    size_t  valid;

    r->values = r->room;
    r->size = CONVRELAY_JSON_VALUES;

    free(*copy);
    *copy = NULL;

    rc = convrelay_json_scan(r, data, len);

    if (r->invalid) {
        valid = convrelay_utf8_valid(data, len);
        *copy = repair(data, &len, valid);

        rc = *copy ? convrelay_json_scan(r, *copy, len) : CONVRELAY_ERROR;
    }

    if (rc == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    r->nvalues = 0;

    if (rc == CONVRELAY_ERROR) {
        r->error = "could not be read: out of memory";

    } else if (r->error == NULL) {
        r->error = "is not valid JSON";
    }

    return rc;
}


int
convrelay_json_check(const u_char *data, size_t len, const char **error)
{
    int                      rc;
    u_char                  *copy;
    convrelay_json_reader_t  r;

    copy = NULL;

    rc = convrelay_json_read(&r, (u_char *) data, len, &copy);

    *error = r.error;

    convrelay_json_reader_free(&r);
    free(copy);

    return rc;
}


void
convrelay_json_reader_free(convrelay_json_reader_t *r)
{
    if (r->values != r->room) {
        free(r->values);
        r->values = r->room;
    }

    r->nvalues = 0;
}


static int
convrelay_json_scan(convrelay_json_reader_t *r, u_char *data, size_t len)
{
    int                     rc;
    convrelay_json_scan_t   s;

    static const u_char  bom[] = { 0xef, 0xbb, 0xbf };

    r->nvalues = 0;
    r->error = NULL;
    r->invalid = 0;

    if (len > CONVRELAY_JSON_MAX_LEN) {
        r->error = "is too long";
        return CONVRELAY_DECLINED;
    }

    s.pos = data;
    s.last = data + len;
    s.next = r->values;
    s.end = r->values + r->size;
    s.open = 0;
    s.depth = 0;
    s.object = 0;

    if (len >= sizeof(bom) && memcmp(data, bom, sizeof(bom)) == 0) {
        s.pos += sizeof(bom);
    }

    do {

        /* for a name and its value */

        if (s.end - s.next < 2 && convrelay_json_grow(r, &s) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }

        if (s.object && convrelay_json_scan_name(r, &s) != CONVRELAY_OK) {
            return CONVRELAY_DECLINED;
        }

        rc = convrelay_json_scan_value(r, &s);

        if (rc == CONVRELAY_OK) {
            rc = convrelay_json_scan_behind(r, &s);
        }

    } while (rc == CONVRELAY_AGAIN);

    r->nvalues = s.next - r->values;

    return rc;
}


static int
convrelay_json_scan_name(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s)
{
    u_char  *p;

    if (convrelay_json_next(s) != '"') {
        return CONVRELAY_DECLINED;
    }

    p = convrelay_json_scan_string(r, s->next++, s->pos, s->last);
    if (p == NULL) {
        return CONVRELAY_DECLINED;
    }

    s->pos = p;

    if (convrelay_json_next(s) != ':') {
        return CONVRELAY_DECLINED;
    }

    s->pos++;

    return CONVRELAY_OK;
}


/* CONVRELAY_OK; CONVRELAY_AGAIN: the first value inside follows;
   CONVRELAY_DECLINED */

static int
convrelay_json_scan_value(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s)
{
    u_char  *p;

    switch (convrelay_json_next(s)) {

    case '{':
        return convrelay_json_open(r, s, CONVRELAY_JSON_OBJECT);

    case '[':
        return convrelay_json_open(r, s, CONVRELAY_JSON_ARRAY);

    case '"':
        p = convrelay_json_scan_string(r, s->next++, s->pos, s->last);
        break;

    default:
        p = convrelay_json_scan_word(s->next++, s->pos, s->last);
    }

    if (p == NULL) {
        return CONVRELAY_DECLINED;
    }

    s->pos = p;

    return CONVRELAY_OK;
}


/*
 * Closes the containers that end after a value.
 *
 * CONVRELAY_OK: the document ends here; CONVRELAY_AGAIN: another value
 * follows; CONVRELAY_DECLINED.
 */

static int
convrelay_json_scan_behind(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s)
{
    u_char  c;

    while (s->depth) {
        c = convrelay_json_next(s);

        if (c == ',') {
            s->pos++;
            return CONVRELAY_AGAIN;
        }

        if (c != (s->object ? '}' : ']')) {
            return CONVRELAY_DECLINED;
        }

        convrelay_json_close(r, s);
    }

    (void) convrelay_json_next(s);

    if (s->pos < s->last) {
        r->error = "has bytes after its end";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


/* skips blanks and returns the byte after them, or at the end a NUL, which the
   grammar never allows */

static inline u_char
convrelay_json_next(convrelay_json_scan_t *s)
{
    u_char  c;

    for ( /* void */ ; s->pos < s->last; s->pos++) {
        c = *s->pos;

        if (!convrelay_json_blank(c)) {
            return c;
        }
    }

    return '\0';
}


/* CONVRELAY_OK: it is empty; CONVRELAY_AGAIN: it is not; CONVRELAY_DECLINED */

static inline int
convrelay_json_open(convrelay_json_reader_t *r, convrelay_json_scan_t *s,
    convrelay_json_type_e type)
{
    convrelay_json_value_t  *v;

    if (s->depth == CONVRELAY_JSON_MAX_DEPTH) {
        r->error = "is nested too deep";
        return CONVRELAY_DECLINED;
    }

    v = s->next++;

    convrelay_json_set(v, type, s->pos, 0);
    v->size = s->open;

    s->pos++;
    s->open = v - r->values;
    s->depth++;
    s->object = (type == CONVRELAY_JSON_OBJECT);

    return (convrelay_json_next(s) == (s->object ? '}' : ']'))
           ? CONVRELAY_OK : CONVRELAY_AGAIN;
}


static void
convrelay_json_close(convrelay_json_reader_t *r, convrelay_json_scan_t *s)
{
    uint32_t                 around;
    convrelay_json_value_t  *v;

    s->pos++;

    v = &r->values[s->open];
    around = v->size;

    v->len = s->pos - v->data;
    v->size = s->next - v;

    s->open = around;
    s->depth--;
    s->object = (s->depth && r->values[around].type == CONVRELAY_JSON_OBJECT);
}


/* p is at the opening quote; returns the end of the string, or NULL */

static u_char *
convrelay_json_scan_string(convrelay_json_reader_t *r,
    convrelay_json_value_t *v, u_char *p, u_char *last)
{
    u_char  *end;

    p++;
    end = convrelay_json_skip_plain(p, last);

    convrelay_json_set(v, CONVRELAY_JSON_STRING, p, end - p);

    return (end < last && *end == '"')
           ? end + 1 : convrelay_json_scan_special(r, v, last);
}


/*
 * The first byte of a string that needs a closer look (a quote, a backslash,
 * a control character or not ASCII), or last.  Tests eight bytes at a time: if
 * all are below 0x80, subtracting one sets the high bit only of zeros, or of a
 * byte from which a zero below it borrowed.
 */

static inline u_char *
convrelay_json_skip_plain(u_char *p, u_char *last)
{
    uint64_t  word, stop;

    do {
        word = convrelay_json_word(p, last);

        stop = word
               | (word - CONVRELAY_JSON_ONES)
               | ((word ^ convrelay_json_bytes('"')) - CONVRELAY_JSON_ONES)
               | ((word ^ convrelay_json_bytes('\\')) - CONVRELAY_JSON_ONES);

        stop &= convrelay_json_bytes(0x80);

        p += stop ? __builtin_ctzll(stop) / 8 : (int) sizeof(word);

    } while (stop == 0);

    return p;
}


/* the next eight bytes, the first one lowest, padded with zeros at the end */

static inline uint64_t
convrelay_json_word(const u_char *p, const u_char *last)
{
    uint64_t  word;
    unsigned  shift;

    if (last - p >= (ssize_t) sizeof(word)) {
        memcpy(&word, p, sizeof(word));
#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        word = __builtin_bswap64(word);
#endif
        return word;
    }

    word = 0;

    for (shift = 0; p < last; shift += 8) {
        word |= (uint64_t) *p++ << shift;
    }

    return word;
}


/* scans the rest of a string, from its first unusual byte; returns as above */

static u_char *
convrelay_json_scan_special(convrelay_json_reader_t *r,
    convrelay_json_value_t *v, u_char *last)
{
    size_t     n;
    u_char    *p;
    uint32_t   cp;

    p = v->data + v->len;

    while (p < last && *p != '"') {

        if (*p >= 0x80) {
            n = convrelay_json_wide(p, last);
            r->invalid = (n == 0);

        } else {
            n = *p ? convrelay_json_unescape(p, last, &cp) : 1;
            v->coded = 1;
        }

        if (n == 0) {
            r->error = r->invalid ? NULL : "has a bad escape";
            return NULL;
        }

        p = convrelay_json_skip_plain(p + n, last);
    }

    if (p == last) {
        return NULL;
    }

    v->len = p - v->data;

    return p + 1;
}


/* the length of the non-ASCII bytes at p; 0: they are not valid UTF-8 */

static size_t
convrelay_json_wide(const u_char *p, const u_char *last)
{
    size_t         n;
    const u_char  *q;

    q = p;

    while (q < last && *q >= 0x80) {
        q++;
    }

    n = q - p;

    return (convrelay_utf8_valid(p, n) == n) ? n : 0;
}


/* scans a number or a literal name; returns as above */

static u_char *
convrelay_json_scan_word(convrelay_json_value_t *v, u_char *p, u_char *last)
{
    size_t                 len;
    convrelay_json_type_e  type;

    if (convrelay_json_starts(p, last, "null")) {
        type = CONVRELAY_JSON_NULL;
        len = 4;

    } else if (convrelay_json_starts(p, last, "true")) {
        type = CONVRELAY_JSON_TRUE;
        len = 4;

    } else if (convrelay_json_starts(p, last, "false")) {
        type = CONVRELAY_JSON_FALSE;
        len = 5;

    } else {
        type = CONVRELAY_JSON_NUMBER;
        len = convrelay_json_number_len(p, last);
    }

    if (len == 0) {
        return NULL;
    }

    convrelay_json_set(v, type, p, len);

    return p + len;
}


/* length of the number at p; 0: not a number */

static size_t
convrelay_json_number_len(const u_char *p, const u_char *last)
{
    const u_char  *q, *start;

    start = p;

    if (p < last && *p == '-') {
        p++;
    }

    q = convrelay_json_digits(p, last);

    if (q == p || (*p == '0' && q - p > 1)) {
        return 0;
    }

    p = q;

    if (p < last && *p == '.') {
        p++;
        q = convrelay_json_digits(p, last);

        if (q == p) {
            return 0;
        }

        p = q;
    }

    if (p < last && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        q = convrelay_json_digits(p, last);

        if (q == p) {
            return 0;
        }

        p = q;
    }

    return p - start;
}


unsigned
convrelay_json_is_literal(const convrelay_str_t *text)
{
    if (convrelay_str_eq(text, "true") || convrelay_str_eq(text, "false")
        || convrelay_str_eq(text, "null"))
    {
        return 1;
    }

    return text->len
           && convrelay_json_number_len(text->data, text->data + text->len)
              == text->len
           && memchr(text->data, 'e', text->len) == NULL
           && memchr(text->data, 'E', text->len) == NULL;
}


static const u_char *
convrelay_json_digits(const u_char *p, const u_char *last)
{
    while (p < last && convrelay_json_digit(*p)) {
        p++;
    }

    return p;
}


static inline void
convrelay_json_set(convrelay_json_value_t *v, convrelay_json_type_e type,
    u_char *data, size_t len)
{
    v->data = data;
    v->len = len;
    v->size = 1;
    v->type = type;
    v->coded = 0;
}


static int
convrelay_json_grow(convrelay_json_reader_t *r, convrelay_json_scan_t *s)
{
    size_t                   n;
    uint32_t                 size;
    convrelay_json_value_t  *v, *old;

    n = s->next - r->values;
    size = 2 * r->size;
    old = (r->values == r->room) ? NULL : r->values;

    v = realloc(old, size * sizeof(convrelay_json_value_t));
    if (v == NULL) {
        return CONVRELAY_ERROR;
    }

    if (old == NULL) {
        memcpy(v, r->room, sizeof(r->room));
    }

    r->values = v;
    r->size = size;

    s->next = v + n;
    s->end = v + size;

    return CONVRELAY_OK;
}
