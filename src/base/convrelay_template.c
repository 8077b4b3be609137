
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_template.h"


static size_t convrelay_template_variable(const convrelay_template_t *t,
    convrelay_str_t *name);
static size_t convrelay_template_literal(convrelay_template_t *t);
static unsigned convrelay_template_is_name(u_char ch);


int
convrelay_template_next(convrelay_template_t *t,
    convrelay_template_part_t *part)
{
    size_t           len;
    convrelay_str_t  name;

    if (t->pos == t->last) {
        return CONVRELAY_DONE;
    }

    part->quoted = t->quoted;

    len = convrelay_template_variable(t, &name);

    if (len) {
        part->variable = 1;
        part->text = name;

        t->pos += len;

        return CONVRELAY_OK;
    }

    part->variable = 0;
    part->text.data = t->pos;

    do {
        t->pos += convrelay_template_literal(t);
    } while (t->pos < t->last && convrelay_template_variable(t, &name) == 0);

    part->text.len = t->pos - part->text.data;

    return CONVRELAY_OK;
}


/* length of the variable at t->pos, or 0 */

static size_t
convrelay_template_variable(const convrelay_template_t *t,
    convrelay_str_t *name)
{
    u_char    *p;
    unsigned   bracket;

    p = t->pos;

    if (*p++ != '$' || p == t->last) {
        return 0;
    }

    bracket = (*p == '{');
    p += bracket;

    name->data = p;

    while (p < t->last && convrelay_template_is_name(*p)) {
        p++;
    }

    name->len = p - name->data;

    if (name->len == 0) {
        return 0;
    }

    if (bracket && p < t->last) {
        p++;
    }

    return p - t->pos;
}


/* length of the character at t->pos, including the one that it escapes */

static size_t
convrelay_template_literal(convrelay_template_t *t)
{
    if (!t->json) {
        return 1;
    }

    if (*t->pos == '"') {
        t->quoted = !t->quoted;
        return 1;
    }

    return (t->quoted && *t->pos == '\\' && t->pos + 1 < t->last) ? 2 : 1;
}


static unsigned
convrelay_template_is_name(u_char ch)
{
    return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')
           || (ch >= '0' && ch <= '9') || ch == '_';
}
