
/*
 * Copyright (C) convrelay contributors
 *
 * One pass finds where each value starts and ends.  While an array or object
 * is open its size is the place of the one around it, so that no stack is
 * needed.
 */


#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_utf8.h"


#define CONVRELAY_JSON_VALUES    64     /* of a first document */
#define CONVRELAY_JSON_MAX_NAME  32     /* bytes of a name that is asked for */
#define CONVRELAY_JSON_NO_VALUE  UINT32_MAX

#define convrelay_json_digit(c)  ((c) >= '0' && (c) <= '9')


typedef struct {
    u_char                   *pos;
    u_char                   *last;
    uint32_t                  open;       /* the container, or NO_VALUE */
    unsigned                  depth;
} convrelay_json_scan_t;


static int convrelay_json_scan(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static int convrelay_json_open(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s, convrelay_json_type_e type);
static void convrelay_json_close(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static int convrelay_json_scalar(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static int convrelay_json_scan_string(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s);
static size_t convrelay_json_scan_number(const u_char *p, const u_char *last);
static const u_char *convrelay_json_digits(const u_char *p,
    const u_char *last);
static convrelay_json_value_t *convrelay_json_push(convrelay_json_reader_t *r);

static unsigned convrelay_json_is(const convrelay_json_value_t *string,
    const char *name, size_t len);
static u_char *convrelay_json_decode(u_char *dst, const u_char *src,
    size_t len);


/* what does not stand for itself in a string */

static const u_char  convrelay_json_special[256] = {
    ['\0'] = 1, ['"'] = 1, ['\\'] = 1
};


int
convrelay_json_read(convrelay_json_reader_t *r, u_char *data, size_t len)
{
    int                     rc;
    size_t                  valid;
    convrelay_json_scan_t   s;

    static const u_char  bom[] = { 0xef, 0xbb, 0xbf };

    r->nvalues = 0;
    r->error = NULL;

    free(r->copy);
    r->copy = NULL;

    if (len >= CONVRELAY_JSON_NO_VALUE) {
        r->error = "is too long";
        return CONVRELAY_DECLINED;
    }

    valid = convrelay_utf8_valid(data, len);

    if (valid != len) {
        r->copy = convrelay_utf8_repair(data, &len, valid);

        if (r->copy == NULL) {
            r->error = "found no memory";
            return CONVRELAY_ERROR;
        }

        data = r->copy;
    }

    s.pos = data;
    s.last = data + len;
    s.open = CONVRELAY_JSON_NO_VALUE;
    s.depth = 0;

    if (len >= sizeof(bom) && memcmp(data, bom, sizeof(bom)) == 0) {
        s.pos += sizeof(bom);
    }

    rc = convrelay_json_scan(r, &s);

    if (rc == CONVRELAY_OK) {
        return CONVRELAY_OK;
    }

    r->nvalues = 0;

    if (rc == CONVRELAY_ERROR) {
        r->error = "found no memory";

    } else if (r->error == NULL) {
        r->error = "is not valid JSON";
    }

    return rc;
}


void
convrelay_json_reader_free(convrelay_json_reader_t *r)
{
    free(r->values);
    free(r->copy);

    memset(r, 0, sizeof(convrelay_json_reader_t));
}


static int
convrelay_json_scan(convrelay_json_reader_t *r, convrelay_json_scan_t *s)
{
    int     rc;
    u_char  c;
    enum {
        sw_value = 0,
        sw_first_value,
        sw_name,
        sw_first_name,
        sw_colon,
        sw_behind,
        sw_end
    } state;

    state = sw_value;

    while (s->pos < s->last) {

        c = *s->pos;

        if (convrelay_json_blank(c)) {
            s->pos++;
            continue;
        }

        switch (state) {

        case sw_first_value:

            if (c == ']') {
                convrelay_json_close(r, s);
                state = sw_behind;
                break;
            }

            /* fall through */

        case sw_value:

            if (c == '{') {
                rc = convrelay_json_open(r, s, CONVRELAY_JSON_OBJECT);
                state = sw_first_name;

            } else if (c == '[') {
                rc = convrelay_json_open(r, s, CONVRELAY_JSON_ARRAY);
                state = sw_first_value;

            } else {
                rc = convrelay_json_scalar(r, s);
                state = sw_behind;
            }

            if (rc != CONVRELAY_OK) {
                return rc;
            }

            break;

        case sw_first_name:

            if (c == '}') {
                convrelay_json_close(r, s);
                state = sw_behind;
                break;
            }

            /* fall through */

        case sw_name:

            if (c != '"') {
                return CONVRELAY_DECLINED;
            }

            rc = convrelay_json_scan_string(r, s);

            if (rc != CONVRELAY_OK) {
                return rc;
            }

            state = sw_colon;
            break;

        case sw_colon:

            if (c != ':') {
                return CONVRELAY_DECLINED;
            }

            s->pos++;
            state = sw_value;
            break;

        case sw_behind:

            if (c == ',') {
                s->pos++;
                state = (r->values[s->open].type == CONVRELAY_JSON_OBJECT)
                        ? sw_name : sw_value;
                break;
            }

            if (c != (r->values[s->open].type == CONVRELAY_JSON_OBJECT
                      ? '}' : ']'))
            {
                return CONVRELAY_DECLINED;
            }

            convrelay_json_close(r, s);
            break;

        default: /* sw_end */
            r->error = "has bytes behind its end";
            return CONVRELAY_DECLINED;
        }

        if (state == sw_behind && s->open == CONVRELAY_JSON_NO_VALUE) {
            state = sw_end;
        }
    }

    return (state == sw_end) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_json_open(convrelay_json_reader_t *r, convrelay_json_scan_t *s,
    convrelay_json_type_e type)
{
    convrelay_json_value_t  *v;

    if (s->depth == CONVRELAY_JSON_MAX_DEPTH) {
        r->error = "is nested too deep";
        return CONVRELAY_DECLINED;
    }

    v = convrelay_json_push(r);
    if (v == NULL) {
        return CONVRELAY_ERROR;
    }

    v->type = type;
    v->data = s->pos++;
    v->size = s->open;

    s->open = r->nvalues - 1;
    s->depth++;

    return CONVRELAY_OK;
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
    v->size = r->nvalues - s->open;

    s->open = around;
    s->depth--;
}


static int
convrelay_json_scalar(convrelay_json_reader_t *r, convrelay_json_scan_t *s)
{
    size_t                   i, len;
    convrelay_json_value_t  *v;

    static const struct {
        convrelay_str_t        text;
        convrelay_json_type_e  type;
    } words[] = {
        { convrelay_string("null"), CONVRELAY_JSON_NULL },
        { convrelay_string("false"), CONVRELAY_JSON_FALSE },
        { convrelay_string("true"), CONVRELAY_JSON_TRUE }
    };

    if (*s->pos == '"') {
        return convrelay_json_scan_string(r, s);
    }

    v = convrelay_json_push(r);
    if (v == NULL) {
        return CONVRELAY_ERROR;
    }

    v->data = s->pos;
    v->type = CONVRELAY_JSON_NUMBER;

    len = convrelay_json_scan_number(s->pos, s->last);

    for (i = 0; len == 0 && i < sizeof(words) / sizeof(words[0]); i++) {

        if ((size_t) (s->last - s->pos) >= words[i].text.len
            && memcmp(s->pos, words[i].text.data, words[i].text.len) == 0)
        {
            v->type = words[i].type;
            len = words[i].text.len;
        }
    }

    if (len == 0) {
        return CONVRELAY_DECLINED;
    }

    v->len = len;
    s->pos += len;

    return CONVRELAY_OK;
}


static int
convrelay_json_scan_string(convrelay_json_reader_t *r,
    convrelay_json_scan_t *s)
{
    size_t                   n;
    u_char                  *p;
    uint32_t                 cp;
    convrelay_json_value_t  *v;

    v = convrelay_json_push(r);
    if (v == NULL) {
        return CONVRELAY_ERROR;
    }

    p = s->pos + 1;

    v->type = CONVRELAY_JSON_STRING;
    v->data = p;

    for ( ;; ) {

        while (p < s->last && !convrelay_json_special[*p]) {
            p++;
        }

        if (p == s->last) {
            return CONVRELAY_DECLINED;
        }

        if (*p == '"') {
            break;
        }

        v->coded = 1;

        if (*p == '\0') {
            p++;
            continue;
        }

        n = convrelay_json_unescape(p, s->last, &cp);

        if (n == 0) {
            r->error = "has a bad escape";
            return CONVRELAY_DECLINED;
        }

        p += n;
    }

    v->len = p - v->data;
    s->pos = p + 1;

    return CONVRELAY_OK;
}


/* length of the number at p, or 0: there is none */

static size_t
convrelay_json_scan_number(const u_char *p, const u_char *last)
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


static const u_char *
convrelay_json_digits(const u_char *p, const u_char *last)
{
    while (p < last && convrelay_json_digit(*p)) {
        p++;
    }

    return p;
}


static convrelay_json_value_t *
convrelay_json_push(convrelay_json_reader_t *r)
{
    uint32_t                 size;
    convrelay_json_value_t  *v;

    if (r->nvalues == r->size) {
        size = r->size ? 2 * r->size : CONVRELAY_JSON_VALUES;

        v = realloc(r->values, size * sizeof(convrelay_json_value_t));
        if (v == NULL) {
            return NULL;
        }

        r->values = v;
        r->size = size;
    }

    v = &r->values[r->nvalues++];

    v->size = 1;
    v->coded = 0;

    return v;
}


convrelay_json_value_t *
convrelay_json_member(const convrelay_json_value_t *object, const char *name)
{
    size_t                         len;
    const convrelay_json_value_t  *v, *last;

    if (object == NULL || object->type != CONVRELAY_JSON_OBJECT) {
        return NULL;
    }

    len = strlen(name);
    last = object + object->size;

    for (v = object + 1; v < last; v += 1 + v[1].size) {

        if (convrelay_json_is(v, name, len)) {
            return (convrelay_json_value_t *) v + 1;
        }
    }

    return NULL;
}


/* a name is compared in its decoded form, and left as it is */

static unsigned
convrelay_json_is(const convrelay_json_value_t *string, const char *name,
    size_t len)
{
    u_char  buf[CONVRELAY_JSON_MAX_NAME * CONVRELAY_JSON_ESCAPE_LEN];
    u_char  *p;

    if (!string->coded) {
        return string->len == len && memcmp(string->data, name, len) == 0;
    }

    if (string->len > sizeof(buf)) {
        return 0;
    }

    p = convrelay_json_decode(buf, string->data, string->len);

    return (size_t) (p - buf) == len && memcmp(buf, name, len) == 0;
}


convrelay_json_value_t *
convrelay_json_element(const convrelay_json_value_t *array,
    const convrelay_json_value_t *previous)
{
    const convrelay_json_value_t  *v;

    if (array == NULL || array->type != CONVRELAY_JSON_ARRAY) {
        return NULL;
    }

    v = previous ? previous + previous->size : array + 1;

    return (v < array + array->size) ? (convrelay_json_value_t *) v : NULL;
}


int
convrelay_json_text(convrelay_json_value_t *value, convrelay_str_t *text)
{
    u_char  *p, *last;

    if (value == NULL || value->type != CONVRELAY_JSON_STRING) {
        return CONVRELAY_DECLINED;
    }

    if (value->coded) {
        last = value->data + value->len;
        p = convrelay_json_decode(value->data, value->data, value->len);

        memset(p, ' ', last - p);

        value->len = p - value->data;
        value->coded = 0;
    }

    text->data = value->data;
    text->len = value->len;

    return CONVRELAY_OK;
}


/* never writes past what it has read: dst may be src */

static u_char *
convrelay_json_decode(u_char *dst, const u_char *src, size_t len)
{
    uint32_t       cp;
    const u_char  *last;

    last = src + len;

    while (src < last) {

        if (*src != '\\' && *src != '\0') {
            *dst++ = *src++;
            continue;
        }

        cp = 0;
        src += *src ? convrelay_json_unescape(src, last, &cp) : 1;

        if (cp) {
            dst = convrelay_utf8_encode(dst, cp);
        }
    }

    return dst;
}


int
convrelay_json_value_number(const convrelay_json_value_t *value,
    double *number)
{
    if (value == NULL || value->type != CONVRELAY_JSON_NUMBER) {
        return CONVRELAY_DECLINED;
    }

    return convrelay_json_decimal(value->data, value->len, number);
}
