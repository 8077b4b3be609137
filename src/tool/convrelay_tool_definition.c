
/*
 * Copyright (C) convrelay contributors
 *
 * Definitions of tools.  A schema is passed on as it was written: only what is
 * certain to be a mistake is reported here, the rest is left to the server.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_tool.h"
#include "convrelay_utf8.h"


typedef struct {
    convrelay_json_value_t  *type;
    convrelay_json_value_t  *function;
} convrelay_tool_wrapping_t;


typedef struct {
    convrelay_json_value_t  *name;
    convrelay_json_value_t  *description;
    convrelay_json_value_t  *parameters;
    convrelay_json_value_t  *strict;
} convrelay_tool_members_t;


typedef struct {
    convrelay_json_value_t  *type;
    convrelay_json_value_t  *properties;
    convrelay_json_value_t  *required;
    convrelay_json_value_t  *additional;
    convrelay_json_value_t  *items;
    convrelay_json_value_t  *any;
    convrelay_json_value_t  *definitions;
    convrelay_json_value_t  *old_definitions;
} convrelay_tool_schema_t;


static int convrelay_tool_definition_parse(convrelay_tool_definition_t *d,
    convrelay_json_value_t *root, char *error, size_t size);
static int convrelay_tool_definition_unknown(convrelay_json_value_t *object,
    const char *known, char *error, size_t size);
static int convrelay_tool_definition_parameters(
    convrelay_tool_definition_t *d, convrelay_json_value_t *parameters,
    char *error, size_t size);
static int convrelay_tool_definition_copy(convrelay_tool_definition_t *d,
    const convrelay_tool_members_t *m, convrelay_json_value_t *properties);
static u_char *convrelay_tool_compact(u_char *p, const u_char *src,
    size_t len);
static void convrelay_tool_raw(const convrelay_json_value_t *v,
    convrelay_str_t *raw);

static int convrelay_tool_strict(convrelay_tool_definition_t *d,
    const convrelay_json_value_t *schema, char *path, size_t len);
static int convrelay_tool_strict_object(convrelay_tool_definition_t *d,
    const convrelay_tool_schema_t *s, char *path, size_t len);
static int convrelay_tool_strict_each(convrelay_tool_definition_t *d,
    const convrelay_json_value_t *object, char *path, size_t len);
static int convrelay_tool_is_listed(const convrelay_json_value_t *array,
    const convrelay_json_value_t *name);
static int convrelay_tool_is_text(const convrelay_json_value_t *v,
    const char *text);


#define CONVRELAY_TOOL_EMPTY                                                 \
    "{\"type\":\"object\",\"properties\":{}}"
#define CONVRELAY_TOOL_EMPTY_STRICT                                          \
    "{\"type\":\"object\",\"properties\":{},\"required\":[],"                \
    "\"additionalProperties\":false}"

#define CONVRELAY_TOOL_MAX_PATH  128


static const convrelay_json_field_t  convrelay_tool_wrapping[] = {
    { convrelay_string("type"), offsetof(convrelay_tool_wrapping_t, type) },
    { convrelay_string("function"),
      offsetof(convrelay_tool_wrapping_t, function) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_tool_members_table[] = {
    { convrelay_string("name"), offsetof(convrelay_tool_members_t, name) },
    { convrelay_string("description"),
      offsetof(convrelay_tool_members_t, description) },
    { convrelay_string("parameters"),
      offsetof(convrelay_tool_members_t, parameters) },
    { convrelay_string("strict"), offsetof(convrelay_tool_members_t, strict) },
    convrelay_json_no_field
};


static const convrelay_json_field_t  convrelay_tool_schema[] = {
    { convrelay_string("type"), offsetof(convrelay_tool_schema_t, type) },
    { convrelay_string("properties"),
      offsetof(convrelay_tool_schema_t, properties) },
    { convrelay_string("required"),
      offsetof(convrelay_tool_schema_t, required) },
    { convrelay_string("additionalProperties"),
      offsetof(convrelay_tool_schema_t, additional) },
    { convrelay_string("items"), offsetof(convrelay_tool_schema_t, items) },
    { convrelay_string("anyOf"), offsetof(convrelay_tool_schema_t, any) },
    { convrelay_string("$defs"),
      offsetof(convrelay_tool_schema_t, definitions) },
    { convrelay_string("definitions"),
      offsetof(convrelay_tool_schema_t, old_definitions) },
    convrelay_json_no_field
};


int
convrelay_tool_is_name(const convrelay_str_t *name)
{
    size_t  i;
    u_char  c;

    if (name->len == 0 || name->len > CONVRELAY_TOOL_MAX_NAME) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!convrelay_is_alpha(c) && !convrelay_is_digit(c) && c != '_'
            && c != '-')
        {
            return 0;
        }
    }

    return 1;
}


int
convrelay_tool_definition_read(convrelay_tool_definition_t *d,
    const convrelay_str_t *name, const convrelay_str_t *json, char *error,
    size_t size)
{
    int                       rc;
    u_char                   *copy;
    size_t                    n;
    convrelay_json_reader_t   r;

    memset(d, 0, sizeof(convrelay_tool_definition_t));
    d->name = *name;

    n = convrelay_utf8_valid(json->data, json->len);

    if (n != json->len) {
        (void) snprintf(error, size, "is not UTF-8 at byte %zu", n);
        return CONVRELAY_DECLINED;
    }

    copy = NULL;
    rc = convrelay_json_read(&r, json->data, json->len, &copy);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_tool_definition_parse(d, r.values, error, size);

    } else if (rc == CONVRELAY_DECLINED) {
        (void) snprintf(error, size, "%s", r.error);
    }

    convrelay_json_reader_free(&r);
    free(copy);

    return rc;
}


static int
convrelay_tool_definition_parse(convrelay_tool_definition_t *d,
    convrelay_json_value_t *root, char *error, size_t size)
{
    convrelay_tool_members_t   m;
    convrelay_tool_wrapping_t  w;

    if (root->type != CONVRELAY_JSON_OBJECT) {
        (void) snprintf(error, size, "is not a JSON object");
        return CONVRELAY_DECLINED;
    }

    convrelay_json_members(root, convrelay_tool_wrapping, &w);

    if (w.type && !convrelay_tool_is_text(w.type, "function")) {
        (void) snprintf(error, size, "has a \"type\" other than \"function\": "
                        "the schema belongs in \"parameters\"");
        return CONVRELAY_DECLINED;
    }

    if (w.function) {

        if (w.function->type != CONVRELAY_JSON_OBJECT) {
            (void) snprintf(error, size,
                            "has a \"function\" that is not an object");
            return CONVRELAY_DECLINED;
        }

        if (convrelay_tool_definition_unknown(root, " type function ", error,
                                              size)
            != CONVRELAY_OK)
        {
            return CONVRELAY_DECLINED;
        }

        root = w.function;
    }

    if (convrelay_tool_definition_unknown(root,
                            " type name description parameters strict ",
                            error, size)
        != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    convrelay_json_members(root, convrelay_tool_members_table, &m);

    if (m.name
        && (m.name->type != CONVRELAY_JSON_STRING
            || m.name->len != d->name.len
            || memcmp(m.name->data, d->name.data, d->name.len) != 0))
    {
        (void) snprintf(error, size, "has a different \"name\"");
        return CONVRELAY_DECLINED;
    }

    if (m.description && m.description->type == CONVRELAY_JSON_NULL) {
        m.description = NULL;
    }

    if (m.description && m.description->type != CONVRELAY_JSON_STRING) {
        (void) snprintf(error, size,
                        "has a \"description\" that is not a string");
        return CONVRELAY_DECLINED;
    }

    if (m.strict) {

        if (m.strict->type != CONVRELAY_JSON_TRUE
            && m.strict->type != CONVRELAY_JSON_FALSE)
        {
            (void) snprintf(error, size,
                            "has a \"strict\" other than true or false");
            return CONVRELAY_DECLINED;
        }

        d->strict = (m.strict->type == CONVRELAY_JSON_TRUE);
    }

    if (convrelay_tool_definition_parameters(d, m.parameters, error, size)
        != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    return convrelay_tool_definition_copy(d, &m,
                                          convrelay_json_member(m.parameters,
                                                                "properties"));
}


/* known lists names, with a blank before and after each */

static int
convrelay_tool_definition_unknown(convrelay_json_value_t *object,
    const char *known, char *error, size_t size)
{
    char                     word[32];
    convrelay_json_value_t  *name;

    for (name = convrelay_json_name(object, NULL); name;
         name = convrelay_json_name(object, name))
    {
        if (name->len < sizeof(word) - 2
            && memchr(name->data, ' ', name->len) == NULL)
        {
            (void) snprintf(word, sizeof(word), " %.*s ", (int) name->len,
                            name->data);

            if (name->len && strstr(known, word)) {
                continue;
            }
        }

        (void) snprintf(error, size, "has the unknown member \"%.*s\"",
                        (int) convrelay_utf8_fit(name->data, name->len, 64),
                        name->data);
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_tool_definition_parameters(convrelay_tool_definition_t *d,
    convrelay_json_value_t *parameters, char *error, size_t size)
{
    char                      path[CONVRELAY_TOOL_MAX_PATH];
    convrelay_tool_schema_t   s;

    if (parameters == NULL) {
        return CONVRELAY_OK;
    }

    if (parameters->type != CONVRELAY_JSON_OBJECT) {
        (void) snprintf(error, size, "has \"parameters\" that are not an "
                        "object");
        return CONVRELAY_DECLINED;
    }

    convrelay_json_members(parameters, convrelay_tool_schema, &s);

    if (s.type && !convrelay_tool_is_text(s.type, "object")) {
        (void) snprintf(error, size, "has \"parameters\" whose \"type\" is "
                        "not \"object\"");
        return CONVRELAY_DECLINED;
    }

    if (s.properties && s.properties->type != CONVRELAY_JSON_OBJECT) {
        (void) snprintf(error, size, "has \"properties\" that are not an "
                        "object");
        return CONVRELAY_DECLINED;
    }

    if (d->strict && parameters->size > 1) {
        (void) snprintf(path, sizeof(path), "parameters");
        (void) convrelay_tool_strict(d, parameters, path, strlen(path));
    }

    return CONVRELAY_OK;
}


static int
convrelay_tool_definition_copy(convrelay_tool_definition_t *d,
    const convrelay_tool_members_t *m, convrelay_json_value_t *properties)
{
    u_char                  *p;
    size_t                   n, size;
    convrelay_str_t          raw;
    convrelay_json_value_t  *name;

    n = 0;
    size = 0;

    for (name = convrelay_json_name(properties, NULL); name;
         name = convrelay_json_name(properties, name))
    {
        n++;
        size += name->len;
    }

    if (m->description) {
        size += m->description->len + 2;
    }

    if (m->parameters) {
        size += m->parameters->len;
    }

    d->block = malloc(n * sizeof(convrelay_str_t) + size + 1);
    if (d->block == NULL) {
        return CONVRELAY_ERROR;
    }

    d->keys = (convrelay_str_t *) d->block;
    p = (u_char *) &d->keys[n];

    if (m->description) {
        convrelay_tool_raw(m->description, &raw);

        d->description.data = p;
        p = convrelay_str_copy(p, &raw);
        d->description.len = p - d->description.data;
    }

    if (m->parameters && m->parameters->size > 1) {
        d->parameters.data = p;
        p = convrelay_tool_compact(p, m->parameters->data,
                                   m->parameters->len);
        d->parameters.len = p - d->parameters.data;
    }

    /* names are decoded in place, so they come last */

    for (name = convrelay_json_name(properties, NULL); name;
         name = convrelay_json_name(properties, name))
    {
        (void) convrelay_json_utf8(name, &raw);

        d->keys[d->nkeys].data = p;
        d->keys[d->nkeys].len = raw.len;
        d->nkeys++;

        p = convrelay_str_copy(p, &raw);
    }

    return CONVRELAY_OK;
}


/* a string with its quotes */

static void
convrelay_tool_raw(const convrelay_json_value_t *v, convrelay_str_t *raw)
{
    raw->data = v->data - 1;
    raw->len = v->len + 2;
}


static u_char *
convrelay_tool_compact(u_char *p, const u_char *src, size_t len)
{
    unsigned       string;
    const u_char  *last;

    string = 0;

    for (last = src + len; src < last; src++) {

        if (!string && convrelay_json_blank(*src)) {
            continue;
        }

        *p++ = *src;

        if (*src == '"') {
            string = !string;

        } else if (string && *src == '\\') {
            *p++ = *++src;
        }
    }

    return p;
}


void
convrelay_tool_definition_free(convrelay_tool_definition_t *d)
{
    free(d->block);
    d->block = NULL;
}


/* checks what "strict" requires of each object: CONVRELAY_OK, or
   CONVRELAY_DECLINED with d->warning set */

static int
convrelay_tool_strict(convrelay_tool_definition_t *d,
    const convrelay_json_value_t *schema, char *path, size_t len)
{
    convrelay_tool_schema_t        s;
    const convrelay_json_value_t  *v;

    if (schema->type != CONVRELAY_JSON_OBJECT) {
        return CONVRELAY_OK;
    }

    convrelay_json_members(schema, convrelay_tool_schema, &s);

    if ((s.properties || convrelay_tool_is_text(s.type, "object"))
        && convrelay_tool_strict_object(d, &s, path, len) != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    if (s.items) {
        (void) snprintf(path + len, CONVRELAY_TOOL_MAX_PATH - len, ".items");

        if (convrelay_tool_strict(d, s.items, path, strlen(path))
            != CONVRELAY_OK)
        {
            return CONVRELAY_DECLINED;
        }
    }

    for (v = convrelay_json_element(s.any, NULL); v;
         v = convrelay_json_element(s.any, v))
    {
        if (convrelay_tool_strict(d, v, path, len) != CONVRELAY_OK) {
            return CONVRELAY_DECLINED;
        }
    }

    if (convrelay_tool_strict_each(d, s.properties, path, len)
        != CONVRELAY_OK
        || convrelay_tool_strict_each(d, s.definitions, path, len)
           != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    return convrelay_tool_strict_each(d, s.old_definitions, path, len);
}


static int
convrelay_tool_strict_object(convrelay_tool_definition_t *d,
    const convrelay_tool_schema_t *s, char *path, size_t len)
{
    const convrelay_json_value_t  *name;

    if (s->additional == NULL || s->additional->type != CONVRELAY_JSON_FALSE) {
        (void) snprintf(d->warning, sizeof(d->warning),
                        "\"%.*s\" lacks \"additionalProperties\":false",
                        (int) len, path);
        return CONVRELAY_DECLINED;
    }

    for (name = convrelay_json_name(s->properties, NULL); name;
         name = convrelay_json_name(s->properties, name))
    {
        if (!convrelay_tool_is_listed(s->required, name)) {
            (void) snprintf(d->warning, sizeof(d->warning),
                            "\"required\" of \"%.*s\" lacks \"%.*s\": an "
                            "optional value has a \"type\" such as "
                            "[\"string\",\"null\"]", (int) len, path,
                            (int) convrelay_utf8_fit(name->data, name->len,
                                                     40),
                            name->data);
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_tool_strict_each(convrelay_tool_definition_t *d,
    const convrelay_json_value_t *object, char *path, size_t len)
{
    const convrelay_json_value_t  *name;

    for (name = convrelay_json_name(object, NULL); name;
         name = convrelay_json_name(object, name))
    {
        (void) snprintf(path + len, CONVRELAY_TOOL_MAX_PATH - len, ".%.*s",
                        (int) convrelay_utf8_fit(name->data, name->len, 40),
                        name->data);

        if (convrelay_tool_strict(d, &name[1], path, strlen(path))
            != CONVRELAY_OK)
        {
            return CONVRELAY_DECLINED;
        }
    }

    return CONVRELAY_OK;
}


/* compares names as they are written, undecoded */

static int
convrelay_tool_is_listed(const convrelay_json_value_t *array,
    const convrelay_json_value_t *name)
{
    const convrelay_json_value_t  *v;

    for (v = convrelay_json_element(array, NULL); v;
         v = convrelay_json_element(array, v))
    {
        if (v->type == CONVRELAY_JSON_STRING && v->len == name->len
            && memcmp(v->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
convrelay_tool_is_text(const convrelay_json_value_t *v, const char *text)
{
    return v && v->type == CONVRELAY_JSON_STRING && v->len == strlen(text)
           && memcmp(v->data, text, v->len) == 0;
}


size_t
convrelay_tool_definition_size(const convrelay_tool_definition_t *d)
{
    size_t  n;

    n = sizeof("{\"type\":\"function\",\"function\":{\"name\":\"\","
               "\"parameters\":}}") - 1
        + d->name.len;

    if (d->description.len) {
        n += sizeof("\"description\":,") - 1 + d->description.len;
    }

    n += d->parameters.len ? d->parameters.len
         : d->strict ? sizeof(CONVRELAY_TOOL_EMPTY_STRICT) - 1
         : sizeof(CONVRELAY_TOOL_EMPTY) - 1;

    return n + (d->strict ? sizeof(",\"strict\":true") - 1 : 0);
}


u_char *
convrelay_tool_definition_write(u_char *p,
    const convrelay_tool_definition_t *d)
{
    convrelay_str_t  parameters;

    static const convrelay_str_t  head =
        convrelay_string("{\"type\":\"function\",\"function\":{\"name\":\"");
    static const convrelay_str_t  description =
        convrelay_string("\"description\":");
    static const convrelay_str_t  next = convrelay_string("\"parameters\":");
    static const convrelay_str_t  strict =
        convrelay_string(",\"strict\":true");

    parameters = d->parameters;

    if (parameters.len == 0) {

        if (d->strict) {
            convrelay_str_set(&parameters, CONVRELAY_TOOL_EMPTY_STRICT);

        } else {
            convrelay_str_set(&parameters, CONVRELAY_TOOL_EMPTY);
        }
    }

    p = convrelay_str_copy(p, &head);
    p = convrelay_str_copy(p, &d->name);
    *p++ = '"';
    *p++ = ',';

    if (d->description.len) {
        p = convrelay_str_copy(p, &description);
        p = convrelay_str_copy(p, &d->description);
        *p++ = ',';
    }

    p = convrelay_str_copy(p, &next);
    p = convrelay_str_copy(p, &parameters);

    if (d->strict) {
        p = convrelay_str_copy(p, &strict);
    }

    *p++ = '}';
    *p++ = '}';

    return p;
}
