
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
static int convrelay_tool_hash_value(convrelay_sha256_t *h,
    convrelay_json_value_t *v);
static int convrelay_tool_hash_object(convrelay_sha256_t *h,
    convrelay_json_value_t *object);
static void convrelay_tool_hash_text(convrelay_sha256_t *h, u_char type,
    const convrelay_str_t *text);
static void convrelay_tool_hash_number(convrelay_sha256_t *h,
    const convrelay_json_value_t *v);
static int convrelay_tool_name_cmp(const void *one, const void *two);
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
    convrelay_sha256_t     h;
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

    data = malloc(text->len + 1);
    if (data == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(data, text->data, text->len);

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
        convrelay_sha256_init(&h);

        if (tool) {
            convrelay_tool_hash_text(&h, 't', tool);
        }

        rc = convrelay_tool_hash_value(&h, r.values);

        convrelay_sha256_final(&h, a->digest);

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


/*
 * Equal values give the same hash, however they are written: members are
 * sorted by name, strings decoded, numbers put into one form.  CONVRELAY_OK,
 * CONVRELAY_DECLINED: a name occurs twice, or CONVRELAY_ERROR.
 */

static int
convrelay_tool_hash_value(convrelay_sha256_t *h, convrelay_json_value_t *v)
{
    int                      rc;
    convrelay_str_t          text, none = convrelay_null_string;
    convrelay_json_value_t  *element, copy;

    switch (v->type) {

    case CONVRELAY_JSON_OBJECT:
        return convrelay_tool_hash_object(h, v);

    case CONVRELAY_JSON_ARRAY:
        convrelay_tool_hash_text(h, '[', &none);

        for (element = convrelay_json_element(v, NULL); element;
             element = convrelay_json_element(v, element))
        {
            rc = convrelay_tool_hash_value(h, element);

            if (rc != CONVRELAY_OK) {
                return rc;
            }
        }

        convrelay_tool_hash_text(h, ']', &none);
        break;

    case CONVRELAY_JSON_STRING:

        /* inside an object that is passed on as JSON: do not decode in place */

        if (!v->coded) {
            text.data = v->data;
            text.len = v->len;
            convrelay_tool_hash_text(h, '"', &text);
            break;
        }

        copy = *v;
        copy.data = malloc(v->len);
        if (copy.data == NULL) {
            return CONVRELAY_ERROR;
        }

        memcpy(copy.data, v->data, v->len);
        (void) convrelay_json_utf8(&copy, &text);
        convrelay_tool_hash_text(h, '"', &text);
        free(copy.data);
        break;

    case CONVRELAY_JSON_NUMBER:
        convrelay_tool_hash_number(h, v);
        break;

    default:
        text.data = v->data;
        text.len = v->len;
        convrelay_tool_hash_text(h, 'l', &text);
        break;
    }

    return CONVRELAY_OK;
}


/* a name and its value, to be sorted */

typedef struct {
    convrelay_str_t          name;
    convrelay_json_value_t  *value;
} convrelay_tool_entry_t;


static int
convrelay_tool_hash_object(convrelay_sha256_t *h,
    convrelay_json_value_t *object)
{
    int                      rc;
    u_char                  *p;
    size_t                   i, n, size;
    convrelay_str_t          none = convrelay_null_string;
    convrelay_json_value_t  *name, copy;
    convrelay_tool_entry_t  *entry;

    n = 0;
    size = 0;

    for (name = convrelay_json_name(object, NULL); name;
         name = convrelay_json_name(object, name))
    {
        n++;
        size += name->len;
    }

    convrelay_tool_hash_text(h, '{', &none);

    if (n == 0) {
        convrelay_tool_hash_text(h, '}', &none);
        return CONVRELAY_OK;
    }

    entry = malloc(n * sizeof(convrelay_tool_entry_t) + size);
    if (entry == NULL) {
        return CONVRELAY_ERROR;
    }

    p = (u_char *) &entry[n];
    i = 0;

    for (name = convrelay_json_name(object, NULL); name;
         name = convrelay_json_name(object, name))
    {
        copy = *name;
        copy.data = p;

        memcpy(p, name->data, name->len);
        p += name->len;

        (void) convrelay_json_utf8(&copy, &entry[i].name);
        entry[i].value = &name[1];
        i++;
    }

    qsort(entry, n, sizeof(convrelay_tool_entry_t), convrelay_tool_name_cmp);

    rc = CONVRELAY_OK;

    for (i = 0; i < n && rc == CONVRELAY_OK; i++) {

        if (i && convrelay_str_equal(&entry[i].name, &entry[i - 1].name)) {
            rc = CONVRELAY_DECLINED;
            break;
        }

        convrelay_tool_hash_text(h, ':', &entry[i].name);
        rc = convrelay_tool_hash_value(h, entry[i].value);
    }

    free(entry);

    convrelay_tool_hash_text(h, '}', &none);

    return rc;
}


/* the length comes first, so different sequences of texts never collide */

static void
convrelay_tool_hash_text(convrelay_sha256_t *h, u_char type,
    const convrelay_str_t *text)
{
    u_char  head[5];

    head[0] = type;
    head[1] = text->len >> 24;
    head[2] = text->len >> 16;
    head[3] = text->len >> 8;
    head[4] = text->len;

    convrelay_sha256_update(h, head, sizeof(head));
    convrelay_sha256_update(h, text->data, text->len);
}


/* the sign, the digits without zeros at either end, and the power of ten of
   the last digit: 10, 10.0 and 1e1 are the same */

static void
convrelay_tool_hash_number(convrelay_sha256_t *h,
    const convrelay_json_value_t *v)
{
    u_char         sign, power[8];
    size_t         i;
    int64_t        exponent, written;
    unsigned       minus, fraction;
    const u_char  *p, *q, *e, *last;

    static const convrelay_str_t  none = convrelay_null_string;

    p = v->data;
    last = v->data + v->len;

    sign = (p < last && *p == '-') ? '-' : '+';
    p += (sign == '-');

    /* the end of the digits, and the exponent after it */

    for (q = p; q < last && *q != 'e' && *q != 'E'; q++) { /* void */ }

    written = 0;
    exponent = 0;

    if (q < last) {
        e = q + 1;
        minus = (e < last && *e == '-');
        e += (e < last && (*e == '-' || *e == '+'));

        for ( /* void */ ; e < last; e++) {

            if (written < 1000000000) {
                written = written * 10 + (*e - '0');
            }
        }

        exponent = minus ? -written : written;
    }

    last = q;

    /* digits after the point */

    for (fraction = 0; q > p && q[-1] != '.'; q--) {
        fraction++;
    }

    if (q > p) {
        exponent -= fraction;
    }

    while (p < last && (*p == '0' || *p == '.')) {
        p++;
    }

    if (p == last) {
        convrelay_tool_hash_text(h, '0', &none);
        return;
    }

    while (last[-1] == '0' || last[-1] == '.') {

        if (last[-1] == '0') {
            exponent++;
        }

        last--;
    }

    convrelay_tool_hash_text(h, sign, &none);

    for ( /* void */ ; p < last; p++) {

        if (*p != '.') {
            convrelay_sha256_update(h, p, 1);
        }
    }

    convrelay_tool_hash_text(h, 'e', &none);

    for (i = 0; i < sizeof(power); i++) {
        power[i] = (uint64_t) exponent >> (56 - 8 * i);
    }

    convrelay_sha256_update(h, power, sizeof(power));
}


static int
convrelay_tool_name_cmp(const void *one, const void *two)
{
    int                            rc;
    const convrelay_tool_entry_t  *a, *b;

    a = one;
    b = two;

    rc = memcmp(a->name.data, b->name.data,
                (a->name.len < b->name.len) ? a->name.len : b->name.len);

    if (rc) {
        return rc;
    }

    return (a->name.len > b->name.len) - (a->name.len < b->name.len);
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
