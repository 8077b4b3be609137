
/*
 * Copyright (C) convrelay contributors
 *
 * The digest of a call's arguments.  Members are sorted by name, strings are
 * decoded, and numbers are put into one form.  What is hashed is hardly longer
 * than the JSON, and is collected before it is hashed: an LLM can write tens of
 * thousands of values in a call.
 */


#include <stdlib.h>

#include "convrelay_tool.h"


/* a name, and its value */

typedef struct {
    uint64_t                       start;   /* the first eight bytes of name */
    convrelay_str_t                name;
    const convrelay_json_value_t  *value;
} convrelay_tool_entry_t;


typedef struct {
    unsigned                       off;     /* there is no digest */
    size_t                         used;    /* of buf */
    convrelay_tool_entry_t        *entries; /* free ones, for the members of
                                               all objects that are open */
    u_char                        *texts;   /* free bytes, for their names */
    convrelay_sha256_t             sha;
    u_char                         buf[512];
} convrelay_tool_hash_t;


static int convrelay_tool_hash_value(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v);
static int convrelay_tool_hash_object(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *object);
static void convrelay_tool_hash_name(convrelay_tool_entry_t *entry,
    const convrelay_str_t *name, const convrelay_json_value_t *value);
static void convrelay_tool_hash_sort(convrelay_tool_entry_t *entry, size_t n);
static int convrelay_tool_hash_cmp(const void *one, const void *two);
static convrelay_str_t convrelay_tool_hash_decode(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v);
static void convrelay_tool_hash_number(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v);
static void convrelay_tool_hash_exponent(convrelay_tool_hash_t *h,
    int64_t exponent);
static void convrelay_tool_hash_text(convrelay_tool_hash_t *h, u_char type,
    const convrelay_str_t *text);
static inline void convrelay_tool_hash_byte(convrelay_tool_hash_t *h,
    u_char c);
static void convrelay_tool_hash_flush(convrelay_tool_hash_t *h);


int
convrelay_tool_digest(u_char *digest, const convrelay_str_t *tool,
    const convrelay_json_reader_t *document, size_t len)
{
    int                      rc;
    size_t                   n;
    convrelay_tool_hash_t    h;
    convrelay_tool_entry_t  *entries;

    /* each name has a value, and decoded texts are not longer than their
       JSON */

    n = document->nvalues / 2 + 1;

    entries = malloc(n * sizeof(convrelay_tool_entry_t) + len);
    if (entries == NULL) {
        return CONVRELAY_ERROR;
    }

    h.off = (digest == NULL);
    h.used = 0;
    h.entries = entries;
    h.texts = (u_char *) &entries[n];

    convrelay_sha256_init(&h.sha);

    if (digest) {
        convrelay_tool_hash_text(&h, 't', tool);
    }

    rc = convrelay_tool_hash_value(&h, document->values);

    if (digest) {
        convrelay_tool_hash_flush(&h);
        convrelay_sha256_final(&h.sha, digest);
    }

    free(entries);

    return rc;
}


/* no form of a value is the beginning of another value's form */

static int
convrelay_tool_hash_value(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v)
{
    convrelay_str_t                text;
    const convrelay_json_value_t  *last;

    switch (v->type) {

    case CONVRELAY_JSON_OBJECT:
        return convrelay_tool_hash_object(h, v);

    case CONVRELAY_JSON_ARRAY:
        convrelay_tool_hash_byte(h, '[');

        last = v + v->size;

        for (v++; v < last; v += v->size) {

            if (convrelay_tool_hash_value(h, v) != CONVRELAY_OK) {
                return CONVRELAY_DECLINED;
            }
        }

        convrelay_tool_hash_byte(h, ']');
        break;

    case CONVRELAY_JSON_STRING:
        if (!h->off) {
            text = convrelay_tool_hash_decode(h, v);
            convrelay_tool_hash_text(h, '"', &text);
        }

        break;

    case CONVRELAY_JSON_NUMBER:
        if (!h->off) {
            convrelay_tool_hash_number(h, v);
        }

        break;

    default:
        convrelay_tool_hash_byte(h, v->data[0]);
        break;
    }

    return CONVRELAY_OK;
}


static int
convrelay_tool_hash_object(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *object)
{
    u_char                        *texts;
    size_t                         i, n;
    convrelay_str_t                name;
    convrelay_tool_entry_t        *entry;
    const convrelay_json_value_t  *v, *last;

    entry = h->entries;
    texts = h->texts;
    n = 0;

    last = object + object->size;

    for (v = object + 1; v < last; v += v->size) {
        name = convrelay_tool_hash_decode(h, v);

        if (v->coded) {
            h->texts += name.len;
        }

        convrelay_tool_hash_name(&entry[n++], &name, ++v);
    }

    h->entries += n;

    convrelay_tool_hash_sort(entry, n);
    convrelay_tool_hash_byte(h, '{');

    for (i = 0; i < n; i++) {

        if (i && convrelay_str_equal(&entry[i].name, &entry[i - 1].name)) {
            return CONVRELAY_DECLINED;
        }

        if (!h->off) {
            convrelay_tool_hash_text(h, ':', &entry[i].name);
        }

        if (convrelay_tool_hash_value(h, entry[i].value) != CONVRELAY_OK) {
            return CONVRELAY_DECLINED;
        }
    }

    convrelay_tool_hash_byte(h, '}');

    h->entries = entry;
    h->texts = texts;

    return CONVRELAY_OK;
}


static void
convrelay_tool_hash_name(convrelay_tool_entry_t *entry,
    const convrelay_str_t *name, const convrelay_json_value_t *value)
{
    size_t  i;

    entry->name = *name;
    entry->value = value;
    entry->start = 0;

    for (i = 0; i < sizeof(uint64_t); i++) {
        entry->start = entry->start << 8
                       | (i < name->len ? name->data[i] : 0);
    }
}


/* most objects are short, or in order already */

static void
convrelay_tool_hash_sort(convrelay_tool_entry_t *entry, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {

        if (convrelay_tool_hash_cmp(&entry[i - 1], &entry[i]) > 0) {
            qsort(entry, n, sizeof(convrelay_tool_entry_t),
                  convrelay_tool_hash_cmp);
            return;
        }
    }
}


static int
convrelay_tool_hash_cmp(const void *one, const void *two)
{
    int                            rc;
    const convrelay_tool_entry_t  *a, *b;

    a = one;
    b = two;

    if (a->start != b->start) {
        return (a->start < b->start) ? -1 : 1;
    }

    rc = memcmp(a->name.data, b->name.data,
                (a->name.len < b->name.len) ? a->name.len : b->name.len);

    if (rc) {
        return rc;
    }

    return (a->name.len > b->name.len) - (a->name.len < b->name.len);
}


/* the document, which is passed on, stays as it is */

static convrelay_str_t
convrelay_tool_hash_decode(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v)
{
    convrelay_str_t         text;
    convrelay_json_value_t  copy;

    if (!v->coded) {
        text.data = v->data;
        text.len = v->len;

        return text;
    }

    copy = *v;
    copy.data = h->texts;

    memcpy(h->texts, v->data, v->len);

    (void) convrelay_json_utf8(&copy, &text);

    return text;
}


/* the sign, the digits without zeros at either end, and the power of ten of
   the last digit unless it is 0: 10, 10.0 and 1e1 are the same */

static void
convrelay_tool_hash_number(convrelay_tool_hash_t *h,
    const convrelay_json_value_t *v)
{
    u_char         sign;
    int64_t        exponent, written;
    unsigned       minus;
    const u_char  *p, *q, *e, *last;

    p = v->data;
    last = v->data + v->len;

    sign = (p < last && *p == '-') ? '-' : '+';
    p += (sign == '-');

    /* the end of the digits, those after the point, and the exponent */

    exponent = 0;

    for (q = p; q < last && *q >= '0' && *q <= '9'; q++) { /* void */ }

    if (q < last && *q == '.') {

        for (q++; q < last && *q >= '0' && *q <= '9'; q++) {
            exponent--;
        }
    }

    if (q < last) {
        e = q + 1;
        minus = (e < last && *e == '-');
        e += (e < last && (*e == '-' || *e == '+'));

        for (written = 0; e < last; e++) {

            if (written < 1000000000) {
                written = written * 10 + (*e - '0');
            }
        }

        exponent += minus ? -written : written;
    }

    last = q;

    while (p < last && (*p == '0' || *p == '.')) {
        p++;
    }

    if (p == last) {
        convrelay_tool_hash_byte(h, '0');
        return;
    }

    while (last[-1] == '0' || last[-1] == '.') {

        if (last[-1] == '0') {
            exponent++;
        }

        last--;
    }

    convrelay_tool_hash_byte(h, sign);

    for ( /* void */ ; p < last; p++) {

        if (*p != '.') {
            convrelay_tool_hash_byte(h, *p);
        }
    }

    if (exponent) {
        convrelay_tool_hash_exponent(h, exponent);
    }

    convrelay_tool_hash_byte(h, ';');
}


static void
convrelay_tool_hash_exponent(convrelay_tool_hash_t *h, int64_t exponent)
{
    u_char    digits[20];
    size_t    n;
    uint64_t  power;

    convrelay_tool_hash_byte(h, (exponent < 0) ? 'm' : 'e');

    power = (exponent < 0) ? -(uint64_t) exponent : (uint64_t) exponent;
    n = 0;

    for ( /* void */ ; power; power /= 10) {
        digits[n++] = '0' + power % 10;
    }

    while (n) {
        convrelay_tool_hash_byte(h, digits[--n]);
    }
}


/* the length comes first, seven bits in a byte */

static void
convrelay_tool_hash_text(convrelay_tool_hash_t *h, u_char type,
    const convrelay_str_t *text)
{
    size_t  len;

    convrelay_tool_hash_byte(h, type);

    for (len = text->len; len > 127; len >>= 7) {
        convrelay_tool_hash_byte(h, 0x80 | (len & 0x7f));
    }

    convrelay_tool_hash_byte(h, len);

    if (text->len > sizeof(h->buf) - h->used) {
        convrelay_tool_hash_flush(h);
    }

    if (text->len > sizeof(h->buf)) {
        convrelay_sha256_update(&h->sha, text->data, text->len);
        return;
    }

    memcpy(h->buf + h->used, text->data, text->len);
    h->used += text->len;
}


static inline void
convrelay_tool_hash_byte(convrelay_tool_hash_t *h, u_char c)
{
    if (h->used == sizeof(h->buf)) {
        convrelay_tool_hash_flush(h);
    }

    h->buf[h->used++] = c;
}


static void
convrelay_tool_hash_flush(convrelay_tool_hash_t *h)
{
    if (!h->off) {
        convrelay_sha256_update(&h->sha, h->buf, h->used);
    }

    h->used = 0;
}
