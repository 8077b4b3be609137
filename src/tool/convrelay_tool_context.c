
/*
 * Copyright (C) convrelay contributors
 *
 * Reads what a location knows of a call before the call begins.  The text goes
 * into the system prompt, where the LLM believes every word of it.
 */


#include <stdlib.h>

#include "convrelay_tool.h"


#define CONVRELAY_TOOL_MAX_VARIABLES  128


static int convrelay_tool_context_json(convrelay_tool_context_t *x,
    const convrelay_str_t *body, const char **error);
static int convrelay_tool_context_members(convrelay_tool_context_t *x,
    const convrelay_json_value_t *root, const char **error);
static size_t convrelay_tool_context_measure(
    const convrelay_json_value_t *variables, size_t *n, const char **error);
static int convrelay_tool_context_text(convrelay_tool_context_t *x,
    const convrelay_str_t *body);
static void convrelay_tool_context_value(convrelay_json_value_t *value,
    convrelay_str_t *text);
static u_char *convrelay_tool_context_mend(u_char *p, convrelay_str_t *dst,
    const convrelay_str_t *text);
static unsigned convrelay_tool_context_is(const convrelay_str_t *type,
    const char *name);


int
convrelay_tool_context_read(convrelay_tool_context_t *x,
    const convrelay_str_t *type, const convrelay_str_t *body,
    const char **error)
{
    convrelay_str_t  text;

    memset(x, 0, sizeof(convrelay_tool_context_t));

    text = *body;

    convrelay_str_trim(&text);

    if (text.len == 0) {
        return CONVRELAY_OK;
    }

    if (convrelay_tool_context_is(type, "application/json")) {
        return convrelay_tool_context_json(x, &text, error);
    }

    if (convrelay_tool_context_is(type, "text/plain")) {
        return convrelay_tool_context_text(x, &text);
    }

    *error = "is neither \"application/json\" nor \"text/plain\"";

    return CONVRELAY_DECLINED;
}


void
convrelay_tool_context_free(convrelay_tool_context_t *x)
{
    free(x->block);

    memset(x, 0, sizeof(convrelay_tool_context_t));
}


static int
convrelay_tool_context_json(convrelay_tool_context_t *x,
    const convrelay_str_t *body, const char **error)
{
    int                      rc;
    u_char                  *copy;
    convrelay_json_reader_t  r;

    copy = NULL;
    rc = convrelay_json_read(&r, body->data, body->len, &copy);

    if (rc == CONVRELAY_DECLINED) {
        *error = "is not JSON";

    } else if (rc == CONVRELAY_OK) {
        rc = convrelay_tool_context_members(x, r.values, error);
    }

    convrelay_json_reader_free(&r);
    free(copy);

    return rc;
}


static int
convrelay_tool_context_members(convrelay_tool_context_t *x,
    const convrelay_json_value_t *root, const char **error)
{
    u_char                  *p;
    size_t                   n, size;
    convrelay_str_t          text;
    convrelay_pair_t        *pair;
    convrelay_json_value_t  *system, *variables, *name;

    if (root->type != CONVRELAY_JSON_OBJECT) {
        *error = "is not a JSON object";
        return CONVRELAY_DECLINED;
    }

    system = convrelay_json_member(root, "system");
    variables = convrelay_json_member(root, "variables");

    if (system && system->type == CONVRELAY_JSON_NULL) {
        system = NULL;
    }

    if (system && system->type != CONVRELAY_JSON_STRING) {
        *error = "has a \"system\" that is not a string";
        return CONVRELAY_DECLINED;
    }

    *error = NULL;
    size = convrelay_tool_context_measure(variables, &n, error);

    if (*error) {
        return CONVRELAY_DECLINED;
    }

    if (system) {
        size += convrelay_tool_mend_size(system);
    }

    x->block = malloc(n * sizeof(convrelay_pair_t) + size + 1);
    if (x->block == NULL) {
        return CONVRELAY_ERROR;
    }

    x->variables = (convrelay_pair_t *) x->block;
    p = (u_char *) &x->variables[n];

    for (name = convrelay_json_name(variables, NULL); name;
         name = convrelay_json_name(variables, name))
    {
        if (name[1].type == CONVRELAY_JSON_NULL) {
            continue;
        }

        pair = &x->variables[x->nvariables++];

        convrelay_tool_context_value(&name[1], &text);
        p = convrelay_tool_context_mend(p, &pair->value, &text);

        (void) convrelay_json_utf8(name, &text);

        pair->name.data = p;
        pair->name.len = text.len;

        p = convrelay_str_copy(p, &text);
    }

    if (system) {
        (void) convrelay_json_utf8(system, &text);
        (void) convrelay_tool_context_mend(p, &x->system, &text);

        convrelay_str_trim(&x->system);
    }

    return CONVRELAY_OK;
}


/* bytes of the texts of variables, at most; *n: how many there are */

static size_t
convrelay_tool_context_measure(const convrelay_json_value_t *variables,
    size_t *n, const char **error)
{
    size_t                   size;
    convrelay_json_value_t  *name;

    size = 0;
    *n = 0;

    if (variables == NULL || variables->type == CONVRELAY_JSON_NULL) {
        return 0;
    }

    if (variables->type != CONVRELAY_JSON_OBJECT) {
        *error = "has \"variables\" that are not an object";
        return 0;
    }

    for (name = convrelay_json_name(variables, NULL); name;
         name = convrelay_json_name(variables, name))
    {
        switch (name[1].type) {

        case CONVRELAY_JSON_NULL:
            continue;

        case CONVRELAY_JSON_ARRAY:
        case CONVRELAY_JSON_OBJECT:
            *error = "has a variable that is neither a string, a number nor a "
                     "boolean";
            return 0;

        default:
            break;
        }

        if (++*n > CONVRELAY_TOOL_MAX_VARIABLES) {
            *error = "has more than 128 variables";
            return 0;
        }

        size += name->len + convrelay_tool_mend_size(&name[1]);
    }

    return size;
}


static int
convrelay_tool_context_text(convrelay_tool_context_t *x,
    const convrelay_str_t *body)
{
    convrelay_str_t  text;

    text = *body;

    if (convrelay_str_starts(&text, "\xef\xbb\xbf")) {
        text.data += 3;
        text.len -= 3;
    }

    x->block = malloc(convrelay_tool_mend_size(&text) + 1);
    if (x->block == NULL) {
        return CONVRELAY_ERROR;
    }

    (void) convrelay_tool_context_mend(x->block, &x->system, &text);

    convrelay_str_trim(&x->system);

    return CONVRELAY_OK;
}


/* a string is decoded; numbers and bools are as they were written */

static void
convrelay_tool_context_value(convrelay_json_value_t *value,
    convrelay_str_t *text)
{
    if (convrelay_json_utf8(value, text) != CONVRELAY_OK) {
        text->data = value->data;
        text->len = value->len;
    }
}


static u_char *
convrelay_tool_context_mend(u_char *p, convrelay_str_t *dst,
    const convrelay_str_t *text)
{
    u_char    *last;
    unsigned   cut;

    last = convrelay_tool_mend_write(p, convrelay_tool_mend_size(text), text,
                                     &cut);
    dst->data = p;
    dst->len = last - p;

    return last;
}


/* parameters such as "charset" may follow the type */

static unsigned
convrelay_tool_context_is(const convrelay_str_t *type, const char *name)
{
    size_t  len;

    len = strlen(name);

    return convrelay_str_starts_nocase(type, name)
           && (type->len == len || type->data[len] == ';'
               || type->data[len] == ' ');
}
