
/*
 * Copyright (C) convrelay contributors
 *
 * Members, elements, texts and numbers of a document that was read.
 */


#include "convrelay_json_reader.h"
#include "convrelay_utf8.h"


#define convrelay_json_place(dst, field)                                     \
    ((convrelay_json_value_t **) ((char *) (dst) + (field)->offset))


static const convrelay_json_field_t *convrelay_json_field(
    const convrelay_json_field_t *f, const convrelay_str_t *name);
static u_char *convrelay_json_decode(u_char *dst, const u_char *src,
    size_t len);


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
