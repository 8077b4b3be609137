
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte says what the rest is: a definition, arguments, the answer
 * of a tool, or text for the guard, split where the second byte says.
 */


#include <stdlib.h>

#include "convrelay_tool.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void definition(u_char *data, size_t size);
static void arguments(u_char *data, size_t size);
static void answer(u_char *data, size_t size);
static void guard(const u_char *data, size_t size);
static size_t feed(const u_char *data, size_t size, size_t cut, u_char *out,
    unsigned *leaked);
static void document(const u_char *p, size_t len);


static const convrelay_str_t  names[] = {
    convrelay_string("ab"),
    convrelay_string("ab_c"),
    convrelay_string("abcdefghijklmnopqrstuvwxyz")
};


static const convrelay_str_t  keys[] = {
    convrelay_string("d"),
    convrelay_string("de\xc3\xa9"),
    convrelay_string("abcdefghijklmnopqrstuvwxyz")
};


static const convrelay_tool_shapes_t  shapes = { names, 3, keys, 3 };


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char  *copy;

    if (size == 0) {
        return 0;
    }

    copy = malloc(size);
    must(copy);
    memcpy(copy, data + 1, size - 1);

    switch (data[0] % 4) {

    case 0:
        definition(copy, size - 1);
        break;

    case 1:
        arguments(copy, size - 1);
        break;

    case 2:
        answer(copy, size - 1);
        break;

    default:
        guard(copy, size - 1);
        break;
    }

    free(copy);

    return 0;
}


static void
definition(u_char *data, size_t size)
{
    int                           rc;
    char                          error[160];
    u_char                       *p, *last;
    convrelay_str_t               json, name;
    convrelay_tool_definition_t   d, again;

    convrelay_str_set(&name, "t");
    json.data = data;
    json.len = size;
    error[0] = '\0';

    rc = convrelay_tool_definition_read(&d, &name, &json, error,
                                        sizeof(error));

    if (rc != CONVRELAY_OK) {
        must(rc == CONVRELAY_DECLINED && error[0]);
        return;
    }

    json.len = convrelay_tool_definition_size(&d);

    p = malloc(json.len);
    must(p);
    last = convrelay_tool_definition_write(p, &d);
    must((size_t) (last - p) == json.len);

    document(p, json.len);

    /* what was written is a definition that is written alike */

    json.data = p;
    must(convrelay_tool_definition_read(&again, &name, &json, error,
                                        sizeof(error))
         == CONVRELAY_OK);
    must(convrelay_tool_definition_size(&again) == json.len);

    convrelay_tool_definition_free(&again);
    convrelay_tool_definition_free(&d);
    free(p);
}


static void
arguments(u_char *data, size_t size)
{
    int                          rc;
    u_char                      *p;
    size_t                       i;
    const char                  *error;
    convrelay_str_t              text, name;
    const convrelay_str_t       *value;
    convrelay_tool_arguments_t   a, again;

    convrelay_str_set(&name, "t");
    text.data = data;
    text.len = size;
    error = NULL;

    rc = convrelay_tool_arguments_read(&a, &name, &text, &error);

    if (rc != CONVRELAY_OK) {
        must(rc == CONVRELAY_DECLINED && error);
        return;
    }

    document(a.json.data, a.json.len);

    for (i = 0; i < a.nmembers; i++) {
        value = &a.members[i].value;

        must(convrelay_utf8_valid(value->data, value->len) == value->len);
        must(convrelay_tool_argument(&a, &a.members[i].name) != NULL);

        p = malloc(convrelay_tool_url_size(value) + 1);
        must(p);
        must(convrelay_tool_url_write(p, value)
             == p + convrelay_tool_url_size(value));
        free(p);
    }

    must(convrelay_tool_arguments_read(&again, &name, &a.json, &error)
         == CONVRELAY_OK);
    must(memcmp(a.digest, again.digest, sizeof(a.digest)) == 0);

    convrelay_tool_arguments_free(&again);
    convrelay_tool_arguments_free(&a);
}


static void
answer(u_char *data, size_t size)
{
    u_char                   *p, *repeated;
    size_t                    len, n, i;
    unsigned                  ok;
    convrelay_str_t           str;
    convrelay_tool_answer_t   a;

    memset(&a, 0, sizeof(a));

    if (size < 2) {
        return;
    }

    a.status = 100 + 2 * data[0];
    a.end = data[1] & 0x3;
    a.body.data = data + 2;
    a.body.len = size - 2;
    a.length = a.body.len + (data[1] & 0x80);

    p = convrelay_tool_result(&a, CONVRELAY_TOOL_MIN_RESULT, &len, &ok);
    must(p && len);
    must(!ok || len <= CONVRELAY_TOOL_MIN_RESULT);
    must(convrelay_utf8_valid(p, len) == len);
    must(memchr(p, '\0', len) == NULL);

    for (i = 0; i + 1 < len; i++) {
        must(p[i] != '<' || p[i + 1] != '|');
    }

    if (!ok) {
        document(p, len);
    }

    str.data = p;
    str.len = len;

    repeated = convrelay_tool_repeated(&str, &n);
    must(repeated);
    document(repeated, n);

    free(repeated);
    free(p);
}


static void
guard(const u_char *data, size_t size)
{
    u_char    *one, *two;
    size_t     n, m;
    unsigned   leaked, again;

    /* the reader of the answer gives whole characters */

    if (size == 0 || convrelay_utf8_valid(data + 1, size - 1) != size - 1) {
        return;
    }

    one = malloc(size);
    two = malloc(size);
    must(one && two);

    n = feed(data + 1, size - 1, 0, one, &leaked);
    m = feed(data + 1, size - 1, data[0] % size, two, &again);

    must(n == m && leaked == again && memcmp(one, two, n) == 0);
    must(leaked || n == size - 1);

    m = feed(data + 1, size - 1, size, two, &again);

    must(n == m && leaked == again && memcmp(one, two, n) == 0);
    must(memcmp(one, data + 1, n) == 0);

    free(one);
    free(two);
}


/* in two pieces, or, where cut is past the end, character by character */

static size_t
feed(const u_char *data, size_t size, size_t cut, u_char *out,
    unsigned *leaked)
{
    int                      rc;
    u_char                  *copy;
    size_t                   i, n, len;
    convrelay_str_t          in, spoken;
    convrelay_tool_guard_t   g;

    memset(&g, 0, sizeof(g));
    n = 0;

    for (i = 0; i < size; i += len) {
        len = (cut > size) ? 1 : (i < cut) ? cut - i : size - i;

        while (i + len < size && (data[i + len] & 0xc0) == 0x80) {
            len++;
        }

        copy = malloc(len);
        must(copy);
        memcpy(copy, data + i, len);

        in.data = copy;
        in.len = len;

        rc = convrelay_tool_guard_read(&g, &shapes, &in, &spoken);
        must(rc == CONVRELAY_OK || (rc == CONVRELAY_DECLINED && g.leaked));

        memcpy(out + n, spoken.data, spoken.len);
        n += spoken.len;

        free(copy);
    }

    convrelay_tool_guard_end(&g, &spoken);
    memcpy(out + n, spoken.data, spoken.len);
    n += spoken.len;

    *leaked = g.leaked;

    convrelay_tool_guard_free(&g);

    return n;
}


static void
document(const u_char *p, size_t len)
{
    const char  *error;

    must(convrelay_json_check(p, len, &error) == CONVRELAY_OK);
}
