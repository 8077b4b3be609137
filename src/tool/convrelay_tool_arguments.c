
/*
 * Copyright (C) convrelay contributors
 *
 * Arguments of a call: the LLM writes them, so they are read with care.  A
 * duplicate name is refused, because two readers might take different values.
 */


#include <stdlib.h>

#include "convrelay_tool.h"
#include "convrelay_utf8.h"


#define convrelay_tool_unreserved(c)                                         \
    (convrelay_is_alpha(c) || convrelay_is_digit(c) || (c) == '-'            \
     || (c) == '_' || (c) == '.' || (c) == '~')


static int convrelay_tool_arguments_parse(convrelay_tool_arguments_t *a,
    const convrelay_str_t *tool, const convrelay_str_t *text,
    const char **error);
static int convrelay_tool_controls(const convrelay_str_t *text);
static int convrelay_tool_members(convrelay_tool_arguments_t *a,
    convrelay_json_value_t *root);
static unsigned convrelay_tool_dots(const convrelay_str_t *value, size_t i);


int
convrelay_tool_arguments_read(convrelay_tool_arguments_t *a,
    const convrelay_str_t *tool, const convrelay_str_t *text,
    const char **error)
{
    convrelay_str_t  json;

    json = *text;

    convrelay_str_trim(&json);

    if (json.len == 0 || convrelay_str_eq(&json, "null")) {
        convrelay_str_set(&json, "{}");
    }

    return convrelay_tool_arguments_parse(a, tool, &json, error);
}


int
convrelay_tool_members_read(convrelay_tool_arguments_t *a,
    const convrelay_str_t *json, const char **error)
{
    return convrelay_tool_arguments_parse(a, NULL, json, error);
}


static int
convrelay_tool_arguments_parse(convrelay_tool_arguments_t *a,
    const convrelay_str_t *tool, const convrelay_str_t *text,
    const char **error)
{
    int                       rc;
    u_char                   *copy, *data;
    convrelay_json_reader_t   r;

    memset(a, 0, sizeof(convrelay_tool_arguments_t));
    a->json = *text;

    if (convrelay_utf8_valid(text->data, text->len) != text->len
        || convrelay_tool_controls(text))
    {
        *error = "are not valid JSON";
        return CONVRELAY_DECLINED;
    }

    /* strings are decoded in place, but the JSON is still needed: copy it */

    a->size = text->len + 1;

    data = malloc(a->size);
    if (data == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(data, text->data, text->len);
    data[text->len] = '\0';

    copy = NULL;
    rc = convrelay_json_read(&r, data, text->len, &copy);

    if (rc == CONVRELAY_DECLINED) {
        *error = "are not valid JSON";

    } else if (rc == CONVRELAY_OK
               && r.values[0].type != CONVRELAY_JSON_OBJECT)
    {
        *error = "are not a JSON object";
        rc = CONVRELAY_DECLINED;
    }

    if (rc == CONVRELAY_OK) {
        a->block = data;
        rc = convrelay_tool_members(a, r.values);
    }

    if (rc == CONVRELAY_DECLINED && a->block) {
        *error = "have more than 128 members";
    }

    if (rc == CONVRELAY_OK) {
        rc = convrelay_tool_digest(tool ? a->digest : NULL, tool, &r,
                                   text->len);

        if (rc == CONVRELAY_DECLINED) {
            *error = "name a member twice";
        }
    }

    convrelay_json_reader_free(&r);
    free(copy);

    if (rc != CONVRELAY_OK) {
        free(a->members);
        free(data);

        a->members = NULL;
        a->block = NULL;
    }

    return rc;
}


/* our reader accepts control characters in strings, other servers do not */

static int
convrelay_tool_controls(const convrelay_str_t *text)
{
    size_t    i;
    unsigned  string;

    string = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < ' '
            && (string || !convrelay_json_blank(text->data[i])))
        {
            return 1;
        }

        if (text->data[i] == '"') {
            string = !string;

        } else if (string && text->data[i] == '\\') {
            i++;
        }
    }

    return 0;
}


void
convrelay_tool_arguments_free(convrelay_tool_arguments_t *a)
{
    free(a->members);
    free(a->block);

    a->members = NULL;
    a->block = NULL;
    a->nmembers = 0;
}


int
convrelay_tool_arguments_copy(convrelay_tool_arguments_t *dst,
    const convrelay_tool_arguments_t *src, u_char *json)
{
    size_t            i, n;
    convrelay_pair_t  *pair;

    n = src->nmembers * sizeof(convrelay_pair_t);

    *dst = *src;

    dst->members = malloc(n ? n : 1);
    dst->block = malloc(src->size);

    if (dst->members == NULL || dst->block == NULL) {
        convrelay_tool_arguments_free(dst);
        return CONVRELAY_ERROR;
    }

    dst->json.data = json;

    memcpy(json, src->json.data, src->json.len);
    memcpy(dst->block, src->block, src->size);

    for (i = 0; i < src->nmembers; i++) {
        pair = &dst->members[i];

        *pair = src->members[i];

        pair->name.data = dst->block + (pair->name.data - src->block);
        pair->value.data = dst->block + (pair->value.data - src->block);
    }

    return CONVRELAY_OK;
}


/* CONVRELAY_OK, CONVRELAY_DECLINED: too many, or CONVRELAY_ERROR */

static int
convrelay_tool_members(convrelay_tool_arguments_t *a,
    convrelay_json_value_t *root)
{
    size_t                   n;
    convrelay_pair_t        *pair;
    convrelay_json_value_t  *name;

    n = 0;

    for (name = convrelay_json_name(root, NULL); name;
         name = convrelay_json_name(root, name))
    {
        n++;
    }

    if (n > CONVRELAY_TOOL_MAX_MEMBERS) {
        return CONVRELAY_DECLINED;
    }

    a->members = malloc((n ? n : 1) * sizeof(convrelay_pair_t));
    if (a->members == NULL) {
        return CONVRELAY_ERROR;
    }

    a->nmembers = n;
    pair = a->members;

    for (name = convrelay_json_name(root, NULL); name;
         name = convrelay_json_name(root, name), pair++)
    {
        (void) convrelay_json_utf8(name, &pair->name);

        pair->value.data = name[1].data;
        pair->value.len = name[1].len;

        switch (name[1].type) {

        case CONVRELAY_JSON_STRING:
            (void) convrelay_json_utf8(&name[1], &pair->value);
            break;

        case CONVRELAY_JSON_NULL:
            pair->value.len = 0;
            break;

        default:
            break;
        }
    }

    return CONVRELAY_OK;
}


size_t
convrelay_tool_url_size(const convrelay_str_t *value)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] == '.' && convrelay_tool_dots(value, i)) {
            n += sizeof("%252E") - 1;

        } else {
            n += convrelay_tool_unreserved(value->data[i]) ? 1 : 3;
        }
    }

    return n;
}


u_char *
convrelay_tool_url_write(u_char *p, const convrelay_str_t *value)
{
    u_char  c;
    size_t  i;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c == '.' && convrelay_tool_dots(value, i)) {
            memcpy(p, "%252E", 5);
            p += 5;
            continue;
        }

        if (convrelay_tool_unreserved(c)) {
            *p++ = c;
            continue;
        }

        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    return p;
}


/* true if the dot at i belongs to a path segment of "." or ".." */

static unsigned
convrelay_tool_dots(const convrelay_str_t *value, size_t i)
{
    u_char  c;
    size_t  first, last;

    first = i;
    last = i + 1;

    /* stop as soon as there are more than two */

    while (first && value->data[first - 1] == '.' && last - first < 3) {
        first--;
    }

    while (last < value->len && value->data[last] == '.' && last - first < 3) {
        last++;
    }

    if (last - first > 2) {
        return 0;
    }

    if (first) {
        c = value->data[first - 1];

        if (c != '/' && c != '\\') {
            return 0;
        }
    }

    if (last == value->len) {
        return 1;
    }

    c = value->data[last];

    /* some servers take ";" for the beginning of a segment's parameters */

    return c == '/' || c == '\\' || c == ';' || c == '?' || c == '#'
           || c == '%' || c < ' ';
}
