
/*
 * Copyright (C) convrelay contributors
 *
 * cJSON has three gaps that matter if text is passed on: it refuses a document
 * with half a surrogate pair, cuts a string at a NUL escape, and lets invalid
 * UTF-8 through.  So every document is scrubbed before cJSON reads it.  This is
 * done in place, because the result is never longer; only invalid UTF-8 needs a
 * copy, which is repaired first.
 */


#include <float.h>
#include <stdlib.h>

#include "convrelay_json_tree.h"
#include "convrelay_utf8.h"


static const char *convrelay_json_scrub(u_char *data, size_t *len);
static u_char *convrelay_json_scrub_escape(u_char **dst, u_char *p,
    u_char *last);


int
convrelay_json_parse(convrelay_json_t *json, u_char *data, size_t len)
{
    u_char      *copy;
    size_t       valid;
    const char  *end, *last;

    json->root = NULL;

    copy = NULL;
    valid = convrelay_utf8_valid(data, len);

    if (valid != len) {
        copy = convrelay_utf8_repair(data, &len, valid);
        if (copy == NULL) {
            json->error = "could not be read: out of memory";
            return CONVRELAY_ERROR;
        }

        data = copy;
    }

    json->error = convrelay_json_scrub(data, &len);

    if (json->error) {
        free(copy);
        return CONVRELAY_DECLINED;
    }

    json->root = cJSON_ParseWithLengthOpts((char *) data, len, &end, 0);

    if (json->root == NULL) {
        json->error = "is not valid JSON";
        free(copy);
        return CONVRELAY_DECLINED;
    }

    last = (char *) data + len;

    while (end < last && convrelay_json_blank(*end)) {
        end++;
    }

    if (end < last) {
        json->error = "has bytes after its end";
        convrelay_json_free(json);
        free(copy);
        return CONVRELAY_DECLINED;
    }

    free(copy);

    return CONVRELAY_OK;
}


void
convrelay_json_free(convrelay_json_t *json)
{
    cJSON_Delete(json->root);
    json->root = NULL;
}


/*
 * Checks only what cJSON gets wrong, and leaves the grammar to cJSON.  Returns
 * a phrase for a document that must not be parsed.
 */

static const char *
convrelay_json_scrub(u_char *data, size_t *len)
{
    u_char    c, *p, *last, *dst;
    unsigned  depth, string;

    p = data;
    dst = data;
    last = data + *len;

    depth = 0;
    string = 0;

    while (p < last) {
        c = *p;

        if (string) {

            if (c == '\\') {
                p = convrelay_json_scrub_escape(&dst, p, last);
                if (p == NULL) {
                    return "has a bad escape";
                }

                continue;
            }

            if (c == '\0') {
                p++;
                continue;
            }

            if (c == '"') {
                string = 0;
            }

        } else if (c == '"') {
            string = 1;

        } else if (c == '{' || c == '[') {

            if (++depth > CONVRELAY_JSON_MAX_DEPTH) {
                return "is nested too deep";
            }

        } else if (c == '}' || c == ']') {

            if (depth-- == 0) {
                return "is not valid JSON";
            }

        } else if (c < 0x20 && !convrelay_json_blank(c)) {
            return "is not valid JSON";
        }

        *dst++ = c;
        p++;
    }

    *len = dst - data;

    return NULL;
}


static u_char *
convrelay_json_scrub_escape(u_char **dst, u_char *p, u_char *last)
{
    size_t    n;
    uint32_t  cp;

    n = convrelay_json_unescape(p, last, &cp);

    if (n == 0) {
        return NULL;
    }

    if (cp == 0) {
        return p + n;
    }

    if (cp >= 0xd800 && cp <= 0xdfff) {
        memcpy(p, "\\ufffd", n);
    }

    memmove(*dst, p, n);
    *dst += n;

    return p + n;
}


int
convrelay_json_string(const cJSON *object, const char *name,
    convrelay_str_t *value)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsString(item)) {
        return CONVRELAY_DECLINED;
    }

    value->data = (u_char *) item->valuestring;
    value->len = strlen(item->valuestring);

    return CONVRELAY_OK;
}


int
convrelay_json_bool(const cJSON *object, const char *name, unsigned *value)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsBool(item)) {
        return CONVRELAY_DECLINED;
    }

    *value = cJSON_IsTrue(item) ? 1 : 0;

    return CONVRELAY_OK;
}


int
convrelay_json_number(const cJSON *object, const char *name, double *value)
{
    double        n;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (cJSON_IsString(item)) {
        return convrelay_json_decimal((u_char *) item->valuestring,
                                      strlen(item->valuestring), value);
    }

    if (!cJSON_IsNumber(item)) {
        return CONVRELAY_DECLINED;
    }

    n = item->valuedouble;

    if (!(n >= -DBL_MAX && n <= DBL_MAX)) {
        return CONVRELAY_DECLINED;
    }

    *value = n;

    return CONVRELAY_OK;
}
