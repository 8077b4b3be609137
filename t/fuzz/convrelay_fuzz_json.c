
/*
 * Copyright (C) convrelay contributors
 *
 * The input is parsed as a document, and written as a string and read back.
 * Every string of a tree has to be valid, a document that needs no scrub has
 * to give cJSON's own tree, and one that cJSON takes with other escapes has
 * to be taken.
 */


#include <math.h>
#include <stdlib.h>

#include "convrelay_json_tree.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void document(const u_char *data, size_t size);
static void tree(const cJSON *item, unsigned depth);
static void string(const char *str);
static void members(const cJSON *object);
static void compare(const cJSON *a, const cJSON *b);
static unsigned clean(const u_char *data, size_t size);
static unsigned taken(const u_char *data, size_t size);
static void escape(const u_char *data, size_t size);
static u_char *duplicate(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    document(data, size);
    escape(data, size);

    return 0;
}


static void
document(const u_char *data, size_t size)
{
    int                rc;
    cJSON             *root;
    u_char            *copy;
    convrelay_json_t   json;

    copy = duplicate(data, size);

    rc = convrelay_json_parse(&json, copy, size);

    free(copy);

    if (rc != CONVRELAY_OK) {
        must(rc == CONVRELAY_DECLINED && json.error && json.root == NULL);
        must(strcmp(json.error, "is not valid JSON") != 0
             || !taken(data, size));
        convrelay_json_free(&json);
        return;
    }

    must(json.error == NULL);

    tree(json.root, 0);

    if (clean(data, size)) {
        root = cJSON_ParseWithLength((const char *) data, size);
        must(root);
        compare(json.root, root);
        cJSON_Delete(root);
    }

    convrelay_json_free(&json);
    convrelay_json_free(&json);
}


static void
tree(const cJSON *item, unsigned depth)
{
    const cJSON  *child;

    if (cJSON_IsString(item)) {
        string(item->valuestring);
    }

    if (cJSON_IsObject(item)) {
        members(item);
    }

    if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
        must(depth < CONVRELAY_JSON_MAX_DEPTH);
    }

    cJSON_ArrayForEach(child, item) {

        if (cJSON_IsObject(item)) {
            string(child->string);
        }

        tree(child, depth + 1);
    }
}


static void
string(const char *str)
{
    size_t  len;

    len = strlen(str);

    must(convrelay_utf8_valid((const u_char *) str, len) == len);
}


static void
members(const cJSON *object)
{
    double            number;
    unsigned          flag;
    const cJSON      *child, *item;
    convrelay_str_t   str;

    static u_char  unset[] = "unset";

    cJSON_ArrayForEach(child, object) {
        item = cJSON_GetObjectItemCaseSensitive(object, child->string);

        str.data = unset;
        str.len = 5;
        flag = 7;
        number = 0.5;

        if (convrelay_json_string(object, child->string, &str)
            == CONVRELAY_OK)
        {
            must(cJSON_IsString(item));
            must(str.len == strlen(item->valuestring));
            must(memcmp(str.data, item->valuestring, str.len) == 0);

        } else {
            must(!cJSON_IsString(item) && str.data == unset && str.len == 5);
        }

        if (convrelay_json_bool(object, child->string, &flag)
            == CONVRELAY_OK)
        {
            must(cJSON_IsBool(item) && flag == (unsigned) cJSON_IsTrue(item));

        } else {
            must(!cJSON_IsBool(item) && flag == 7);
        }

        if (convrelay_json_number(object, child->string, &number)
            == CONVRELAY_OK)
        {
            must(cJSON_IsNumber(item) || cJSON_IsString(item));
            must(isfinite(number));
            must(!cJSON_IsString(item)
                 || fabs(number - strtod(item->valuestring, NULL))
                    <= fabs(number) * 1e-9);

        } else {
            must(number == 0.5);
        }
    }
}


static void
compare(const cJSON *a, const cJSON *b)
{
    for ( ;; ) {
        must(a->type == b->type);

        must((a->string == NULL) == (b->string == NULL));
        must(a->string == NULL || strcmp(a->string, b->string) == 0);

        must((a->valuestring == NULL) == (b->valuestring == NULL));
        must(a->valuestring == NULL
             || strcmp(a->valuestring, b->valuestring) == 0);

        must(memcmp(&a->valuedouble, &b->valuedouble, sizeof(double)) == 0);

        must((a->child == NULL) == (b->child == NULL));

        if (a->child) {
            compare(a->child, b->child);
        }

        a = a->next;
        b = b->next;

        must((a == NULL) == (b == NULL));

        if (a == NULL) {
            return;
        }
    }
}


static unsigned
clean(const u_char *data, size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {

        if (data[i] == '\0'
            || (data[i] == '\\' && i + 1 < size && data[i + 1] == 'u'))
        {
            return 0;
        }
    }

    return convrelay_utf8_valid(data, size) == size;
}


/* whether all is well except the code points of escapes */

static unsigned
taken(const u_char *data, size_t size)
{
    cJSON       *root;
    size_t       i;
    u_char      *copy;
    const char  *end;

    for (i = 0; i < size; i++) {

        if (data[i] < 0x20) {
            return 0;
        }
    }

    if (convrelay_utf8_valid(data, size) != size) {
        return 0;
    }

    copy = duplicate(data, size);

    for (i = 0; i + 1 < size; i++) {

        if (copy[i] != '\\') {
            continue;
        }

        i++;

        if (copy[i] == 'u' && size - i > 4) {
            memcpy(&copy[i + 1], "0041", 4);
            i += 4;
        }
    }

    root = cJSON_ParseWithLengthOpts((char *) copy, size, &end, 0);

    while (root && end < (char *) copy + size && *end == ' ') {
        end++;
    }

    i = (root && end == (char *) copy + size);

    cJSON_Delete(root);
    free(copy);

    return i;
}


static void
escape(const u_char *data, size_t size)
{
    size_t             len;
    u_char            *copy, *out;
    convrelay_str_t    str;
    convrelay_json_t   json;

    static const char  head[] = "{\"a\":\"";

    copy = duplicate(data, size);

    len = convrelay_json_escaped_len(copy, size);

    out = malloc(len);
    must(len == 0 || out);
    must(convrelay_json_escape(out, copy, size) == out + len);
    must(convrelay_utf8_valid(out, len) == len);

    out = realloc(out, sizeof(head) - 1 + len + 2);
    must(out);
    memmove(out + sizeof(head) - 1, out, len);
    memcpy(out, head, sizeof(head) - 1);
    memcpy(out + sizeof(head) - 1 + len, "\"}", 2);

    must(convrelay_json_parse(&json, out, sizeof(head) - 1 + len + 2)
         == CONVRELAY_OK);
    must(convrelay_json_string(json.root, "a", &str) == CONVRELAY_OK);

    if (size && memchr(copy, '\0', size) == NULL
        && convrelay_utf8_valid(copy, size) == size)
    {
        must(str.len == size && memcmp(str.data, copy, size) == 0);
    }

    convrelay_json_free(&json);
    free(out);
    free(copy);
}


/* of exactly this size, so that a byte too far is seen */

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
