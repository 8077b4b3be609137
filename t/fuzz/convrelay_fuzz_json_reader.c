
/*
 * Copyright (C) convrelay contributors
 *
 * The reader against cJSON after its scrub: a document that one accepts the
 * other has to accept, with the same values, except numbers that cJSON takes
 * and RFC 8259 does not know.
 */


#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_json_tree.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void compare(convrelay_json_value_t *v, const cJSON *item,
    const u_char *start, const u_char *last);
static void object(convrelay_json_value_t *v, const cJSON *item,
    const u_char *start, const u_char *last);
static void string(convrelay_json_value_t *v, const char *str);
static u_char *duplicate(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                      rc, known;
    u_char                  *copy, *same, *start, *last;
    convrelay_json_t         json;
    convrelay_json_reader_t  r;

    static u_char  *repaired;

    copy = duplicate(data, size);
    same = duplicate(data, size);

    rc = convrelay_json_read(&r, copy, size, &repaired);

    must(size == 0 || memcmp(copy, data, size) == 0);
    must(rc != CONVRELAY_ERROR);

    known = convrelay_json_parse(&json, same, size);

    if (rc == CONVRELAY_OK && known != CONVRELAY_OK) {

        /* cJSON wants two bytes after a BOM */

        must(size == 4 && data[0] == 0xef);

    } else if (rc == CONVRELAY_OK) {
        must(r.nvalues == r.values[0].size && r.error == NULL);
        must((repaired != NULL) == (convrelay_utf8_valid(data, size) != size));

        start = repaired ? repaired : copy;
        last = repaired ? start + 3 * size : start + size;

        compare(r.values, json.root, start, last);

    } else {
        must(r.error && r.nvalues == 0);

        must(known != CONVRELAY_OK || memchr(data, '.', size)
             || memchr(data, '0', size) || memchr(data, '+', size));
    }

    convrelay_json_reader_free(&r);
    convrelay_json_free(&json);

    free(copy);
    free(same);

    return 0;
}


static void
compare(convrelay_json_value_t *v, const cJSON *item, const u_char *start,
    const u_char *last)
{
    double                   number, error;
    const cJSON             *child;
    convrelay_json_value_t  *e;

    must(v->data >= start && v->data <= last
         && v->len <= (size_t) (last - v->data));

    switch (v->type) {

    case CONVRELAY_JSON_NULL:
        must(cJSON_IsNull(item) && v->size == 1);
        break;

    case CONVRELAY_JSON_FALSE:
        must(cJSON_IsFalse(item) && v->size == 1);
        break;

    case CONVRELAY_JSON_TRUE:
        must(cJSON_IsTrue(item) && v->size == 1);
        break;

    case CONVRELAY_JSON_NUMBER:
        must(cJSON_IsNumber(item) && v->size == 1);

        if (convrelay_json_value_number(v, &number) == CONVRELAY_OK) {
            error = number - item->valuedouble;
            must(error * error <= number * number * 1e-18);
        }

        break;

    case CONVRELAY_JSON_STRING:
        must(cJSON_IsString(item) && v->size == 1);
        string(v, item->valuestring);
        break;

    case CONVRELAY_JSON_ARRAY:
        must(cJSON_IsArray(item));

        e = NULL;

        cJSON_ArrayForEach(child, item) {
            e = convrelay_json_element(v, e);
            must(e);
            compare(e, child, start, last);
        }

        must(convrelay_json_element(v, e) == NULL);
        break;

    default: /* CONVRELAY_JSON_OBJECT */
        must(cJSON_IsObject(item));
        object(v, item, start, last);
    }
}


static void
object(convrelay_json_value_t *v, const cJSON *item, const u_char *start,
    const u_char *last)
{
    const cJSON             *child;
    convrelay_json_value_t  *name, *first;

    name = v + 1;

    cJSON_ArrayForEach(child, item) {
        must(name < v + v->size && name->type == CONVRELAY_JSON_STRING);

        first = convrelay_json_member(v, child->string);

        if (name->len <= 192
            && strstr(child->string, CONVRELAY_UTF8_REPLACEMENT) == NULL)
        {
            must(first && first <= name + 1);
            must((first == name + 1)
                 == (cJSON_GetObjectItemCaseSensitive(item, child->string)
                     == child));
        }

        compare(name + 1, child, start, last);
        string(name, child->string);

        name += 1 + name[1].size;
    }

    must(name == v + v->size);
}


/* halves of surrogate pairs are left in the one, replaced in the other */

static void
string(convrelay_json_value_t *v, const char *str)
{
    u_char           *p, *end;
    convrelay_str_t   text;

    must(convrelay_json_text(v, &text) == CONVRELAY_OK);

    end = text.data + text.len;

    for (p = text.data; end - p >= 3; p++) {

        if (p[0] == 0xed && p[1] >= 0xa0) {
            memcpy(p, CONVRELAY_UTF8_REPLACEMENT, 3);
        }
    }

    must(text.len == strlen(str) && memcmp(text.data, str, text.len) == 0);
    must(convrelay_utf8_valid(text.data, text.len) == text.len);
}


static u_char *
duplicate(const u_char *data, size_t size)
{
    u_char  *copy;

    copy = malloc(size);
    must(size == 0 || copy);

    if (size) {
        memcpy(copy, data, size);
    }

    return copy;
}
