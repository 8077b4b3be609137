
/*
 * Copyright (C) convrelay contributors
 *
 * cJSON has three gaps that matter to someone who passes text on: it refuses
 * a document with half a surrogate pair, cuts a string at a NUL escape, and
 * lets invalid UTF-8 through.  So every document is scrubbed before cJSON
 * reads it: in place, for the scrub itself never grows; only invalid UTF-8
 * needs a copy, which is repaired first.
 */


#include <float.h>
#include <stdlib.h>

#include "convrelay_json.h"
#include "convrelay_utf8.h"


#define convrelay_json_plain(c)                                              \
    ((c) >= 0x20 && (c) < 0x80 && (c) != '"' && (c) != '\\')


static const char *convrelay_json_scrub(u_char *data, size_t *len);
static u_char *convrelay_json_scrub_escape(u_char **dst, u_char *p,
    u_char *last);
static int convrelay_json_hex(const u_char *p, const u_char *last,
    uint32_t *cp);

static u_char convrelay_json_short(u_char c);
static u_char convrelay_json_long(u_char c);


int
convrelay_json_parse(convrelay_json_t *json, u_char *data, size_t len)
{
    u_char      *copy;
    size_t       valid;
    const char  *end, *last;

    json->root = NULL;
    json->error = NULL;

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
 * Only what cJSON gets wrong is looked at, the grammar is left to it.
 * Returns a phrase for a document that is not to be parsed.
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


size_t
convrelay_json_unescape(const u_char *p, const u_char *last, uint32_t *cp)
{
    uint32_t  low;

    if (last - p < 2) {
        return 0;
    }

    if (p[1] != 'u') {
        *cp = convrelay_json_long(p[1]);
        return *cp ? 2 : 0;
    }

    if (convrelay_json_hex(p, last, cp) != CONVRELAY_OK) {
        return 0;
    }

    if (*cp < 0xd800 || *cp >= 0xdc00
        || convrelay_json_hex(p + CONVRELAY_JSON_ESCAPE_LEN, last, &low)
           != CONVRELAY_OK
        || low < 0xdc00 || low > 0xdfff)
    {
        return CONVRELAY_JSON_ESCAPE_LEN;
    }

    *cp = 0x10000 + ((*cp & 0x3ff) << 10) + (low & 0x3ff);

    return 2 * CONVRELAY_JSON_ESCAPE_LEN;
}


static int
convrelay_json_hex(const u_char *p, const u_char *last, uint32_t *cp)
{
    u_char  c, i;

    if (last - p < (ssize_t) CONVRELAY_JSON_ESCAPE_LEN
        || p[0] != '\\' || p[1] != 'u')
    {
        return CONVRELAY_DECLINED;
    }

    *cp = 0;

    for (i = 2; i < CONVRELAY_JSON_ESCAPE_LEN; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            *cp = *cp << 4 | (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return CONVRELAY_DECLINED;
        }

        *cp = *cp << 4 | (c - 'a' + 10);
    }

    return CONVRELAY_OK;
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


/* not strtod(): it knows hex, "inf", blanks and the locale's comma */

int
convrelay_json_decimal(const u_char *p, size_t len, double *value)
{
    double         n, scale;
    unsigned       digits, minus;
    const u_char  *last;

    n = 0;
    scale = 0;
    digits = 0;

    last = p + len;

    minus = (p < last && *p == '-');
    p += minus;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && scale == 0 && digits) {
            scale = 1;
            continue;
        }

        if (*p < '0' || *p > '9' || ++digits > DBL_MAX_10_EXP) {
            return CONVRELAY_DECLINED;
        }

        n = n * 10 + (*p - '0');
        scale *= 10;
    }

    if (digits == 0 || scale == 1) {
        return CONVRELAY_DECLINED;
    }

    if (scale) {
        n /= scale;
    }

    *value = minus ? -n : n;

    return CONVRELAY_OK;
}


size_t
convrelay_json_escaped_len(const u_char *src, size_t len)
{
    size_t         n;
    uint32_t       cp;
    const u_char  *p, *last;

    n = 0;
    last = src + len;

    while (src < last) {

        if (convrelay_json_plain(*src)) {
            n++;
            src++;
            continue;
        }

        if (*src < 0x80) {
            n += convrelay_json_short(*src) ? 2 : CONVRELAY_JSON_ESCAPE_LEN;
            src++;
            continue;
        }

        p = src;
        cp = convrelay_utf8_decode(&src, last);

        n += (cp == 0xfffd) ? sizeof(CONVRELAY_UTF8_REPLACEMENT) - 1
                            : (size_t) (src - p);
    }

    return n;
}


u_char *
convrelay_json_escape(u_char *dst, const u_char *src, size_t len)
{
    u_char               c;
    const u_char        *last;
    static const u_char  hex[] = "0123456789abcdef";

    last = src + len;

    while (src < last) {

        if (convrelay_json_plain(*src)) {
            *dst++ = *src++;
            continue;
        }

        if (*src >= 0x80) {
            dst = convrelay_utf8_encode(dst,
                                        convrelay_utf8_decode(&src, last));
            continue;
        }

        *dst++ = '\\';

        c = convrelay_json_short(*src);

        if (c) {
            *dst++ = c;

        } else {
            *dst++ = 'u';
            *dst++ = '0';
            *dst++ = '0';
            *dst++ = hex[*src >> 4];
            *dst++ = hex[*src & 0xf];
        }

        src++;
    }

    return dst;
}


/* the letter of the two-byte escape of c, or 0 */

static u_char
convrelay_json_short(u_char c)
{
    switch (c) {

    case '"':
    case '\\':
        return c;

    case '\b':
        return 'b';

    case '\f':
        return 'f';

    case '\n':
        return 'n';

    case '\r':
        return 'r';

    case '\t':
        return 't';

    default:
        return 0;
    }
}


/* what the two-byte escape with the letter c stands for, or 0 */

static u_char
convrelay_json_long(u_char c)
{
    switch (c) {

    case '"':
    case '\\':
    case '/':
        return c;

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    default:
        return 0;
    }
}
