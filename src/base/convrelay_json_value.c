
/*
 * Copyright (C) convrelay contributors
 *
 * Members, elements, texts and numbers of a document that was read.
 */


#include <float.h>
#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_utf8.h"


/* ten times this is more than the digits of any document, and fits an int */
#define CONVRELAY_JSON_MAX_EXPONENT  200000000

#define convrelay_json_place(dst, field)                                     \
    ((convrelay_json_value_t **) ((char *) (dst) + (field)->offset))


static const convrelay_json_field_t *convrelay_json_field(
    const convrelay_json_field_t *f, const convrelay_str_t *name);
static u_char *convrelay_json_decode(u_char *dst, const u_char *src,
    size_t len);
static int convrelay_json_exponent(const u_char *p, const u_char *last);
static double convrelay_json_scale(double n, int exponent);


convrelay_json_value_t *
convrelay_json_member(const convrelay_json_value_t *object, const char *name)
{
    convrelay_json_field_t   fields[2];
    convrelay_json_value_t  *value;

    memset(fields, 0, sizeof(fields));

    fields[0].name.len = strlen(name);
    fields[0].name.data = (u_char *) name;

    convrelay_json_members(object, fields, &value);

    return value;
}


void
convrelay_json_members(const convrelay_json_value_t *object,
    const convrelay_json_field_t *fields, void *dst)
{
    u_char                          buf[CONVRELAY_JSON_MAX_NAME
                                        * CONVRELAY_JSON_ESCAPE_LEN];
    convrelay_str_t                 name;
    convrelay_json_value_t        **member;
    const convrelay_json_field_t   *f;
    const convrelay_json_value_t   *v, *last;

    for (f = fields; f->name.data; f++) {
        *convrelay_json_place(dst, f) = NULL;
    }

    if (object == NULL || object->type != CONVRELAY_JSON_OBJECT) {
        return;
    }

    last = object + object->size;

    for (v = object + 1; v < last; v += 1 + v[1].size) {

        name.len = v->len;
        name.data = v->data;

        if (v->coded) {

            if (v->len > sizeof(buf)) {
                continue;
            }

            name.len = convrelay_json_decode(buf, v->data, v->len) - buf;
            name.data = buf;
        }

        f = convrelay_json_field(fields, &name);

        if (f == NULL) {
            continue;
        }

        member = convrelay_json_place(dst, f);

        if (*member == NULL) {
            *member = (convrelay_json_value_t *) v + 1;
        }
    }
}


static const convrelay_json_field_t *
convrelay_json_field(const convrelay_json_field_t *f,
    const convrelay_str_t *name)
{
    for ( /* void */ ; f->name.data; f++) {

        if (f->name.len == name->len
            && memcmp(f->name.data, name->data, name->len) == 0)
        {
            return f;
        }
    }

    return NULL;
}


convrelay_json_value_t *
convrelay_json_name(const convrelay_json_value_t *object,
    const convrelay_json_value_t *previous)
{
    const convrelay_json_value_t  *v;

    if (object == NULL || object->type != CONVRELAY_JSON_OBJECT) {
        return NULL;
    }

    v = previous ? previous + 1 + previous[1].size : object + 1;

    return (v < object + object->size) ? (convrelay_json_value_t *) v : NULL;
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


/* never writes past the bytes already read, so dst may be src */

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
convrelay_json_utf8(convrelay_json_value_t *value, convrelay_str_t *text)
{
    u_char    *p, *last;
    unsigned   coded;

    coded = (value && value->coded);

    if (convrelay_json_text(value, text) != CONVRELAY_OK) {
        return CONVRELAY_DECLINED;
    }

    if (!coded) {
        return CONVRELAY_OK;
    }

    last = text->data + text->len;

    for (p = text->data; last - p >= 3; p++) {

        if (p[0] == 0xed && p[1] >= 0xa0) {
            memcpy(p, CONVRELAY_UTF8_REPLACEMENT, 3);
        }
    }

    return CONVRELAY_OK;
}


/* not strtod(): it accepts the locale's comma */

int
convrelay_json_value_number(const convrelay_json_value_t *value,
    double *number)
{
    int            exponent;
    double         n;
    unsigned       minus, fraction;
    const u_char  *p, *last;

    if (value == NULL || value->type != CONVRELAY_JSON_NUMBER) {
        return CONVRELAY_DECLINED;
    }

    p = value->data;
    last = p + value->len;

    minus = (*p == '-');
    p += minus;

    n = 0;
    exponent = 0;
    fraction = 0;

    for ( /* void */ ; p < last && (*p | 0x20) != 'e'; p++) {

        if (*p == '.') {
            fraction = 1;
            continue;
        }

        /* further digits change only the magnitude */

        if (n > 1e300) {
            exponent += !fraction;
            continue;
        }

        n = n * 10 + (*p - '0');
        exponent -= fraction;
    }

    if (p < last) {
        exponent += convrelay_json_exponent(p + 1, last);
    }

    if (exponent && n != 0) {
        n = convrelay_json_scale(n, exponent);
    }

    if (!(n <= DBL_MAX)) {
        return CONVRELAY_DECLINED;
    }

    *number = minus ? -n : n;

    return CONVRELAY_OK;
}


static int
convrelay_json_exponent(const u_char *p, const u_char *last)
{
    int       exponent;
    unsigned  minus;

    minus = (*p == '-');

    if (*p == '-' || *p == '+') {
        p++;
    }

    for (exponent = 0; p < last; p++) {

        if (exponent < CONVRELAY_JSON_MAX_EXPONENT) {
            exponent = exponent * 10 + (*p - '0');
        }
    }

    return minus ? -exponent : exponent;
}


/* exact if both n and the power of ten are exact */

static double
convrelay_json_scale(double n, int exponent)
{
    int     i;
    double  scale;

    scale = 1;

    for (i = 0; i < abs(exponent) && scale <= DBL_MAX; i++) {
        scale *= 10;
    }

    return (exponent < 0) ? n / scale : n * scale;
}


int
convrelay_json_value_bool(const convrelay_json_value_t *value, unsigned *flag)
{
    if (value == NULL
        || (value->type != CONVRELAY_JSON_TRUE
            && value->type != CONVRELAY_JSON_FALSE))
    {
        return CONVRELAY_DECLINED;
    }

    *flag = (value->type == CONVRELAY_JSON_TRUE);

    return CONVRELAY_OK;
}
