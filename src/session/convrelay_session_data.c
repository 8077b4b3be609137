
/*
 * Copyright (C) convrelay contributors
 *
 * What a call knows of itself: the texts and parameters of its setup, its
 * language.
 */


#include <stdlib.h>
#include <strings.h>

#include "convrelay_session_parts.h"


static size_t convrelay_session_measure_setup(
    const convrelay_relay_setup_t *setup, size_t *nparameters);
static int convrelay_session_parameter_text(convrelay_json_value_t *value,
    convrelay_str_t *text);
static u_char *convrelay_session_copy_str(u_char *p, convrelay_str_t *dst,
    const convrelay_str_t *src);


/* another call may have the same setup */

#define convrelay_session_nameless(setup)                                    \
    ((setup)->call_sid.len == 0 && (setup)->session_id.len == 0)

#define convrelay_session_field(setup, i)                                    \
    ((convrelay_str_t *) ((u_char *) (setup)                                 \
                          + convrelay_session_setup_fields[i]))


static const size_t
    convrelay_session_setup_fields[CONVRELAY_SESSION_SETUP_FIELDS] = {
    offsetof(convrelay_relay_setup_t, session_id),
    offsetof(convrelay_relay_setup_t, call_sid),
    offsetof(convrelay_relay_setup_t, parent_call_sid),
    offsetof(convrelay_relay_setup_t, from),
    offsetof(convrelay_relay_setup_t, to),
    offsetof(convrelay_relay_setup_t, forwarded_from),
    offsetof(convrelay_relay_setup_t, caller_name),
    offsetof(convrelay_relay_setup_t, direction),
    offsetof(convrelay_relay_setup_t, call_type),
    offsetof(convrelay_relay_setup_t, call_status),
    offsetof(convrelay_relay_setup_t, account_sid)
};


int
convrelay_session_copy_setup(convrelay_session_t *s,
    const convrelay_relay_setup_t *setup)
{
    size_t                   n, len;
    u_char                  *p, *old;
    convrelay_str_t          text;
    convrelay_pair_t        *pair;
    convrelay_json_value_t  *name;

    len = convrelay_session_measure_setup(setup, &n);

    p = (len < UINT32_MAX) ? malloc(len + 1) : NULL;
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    if (n) {
        s->parameters = malloc(n * sizeof(convrelay_pair_t));
        if (s->parameters == NULL) {
            free(p);
            return CONVRELAY_ERROR;
        }
    }

    old = s->setup_data;
    s->setup_data = p;

    p = convrelay_session_copy_fields(p, setup, s->setup_lens);

    free(old);

    for (name = convrelay_json_name(setup->parameters, NULL);
         name && s->nparameters < n;
         name = convrelay_json_name(setup->parameters, name))
    {
        if (!convrelay_session_parameter_text(name + 1, &text)) {
            continue;
        }

        pair = &s->parameters[s->nparameters++];

        p = convrelay_session_copy_str(p, &pair->value, &text);

        (void) convrelay_json_utf8(name, &text);

        p = convrelay_session_copy_str(p, &pair->name, &text);
    }

    return CONVRELAY_OK;
}


size_t
convrelay_session_fields_len(const convrelay_relay_setup_t *setup)
{
    size_t  i, len;

    len = convrelay_session_nameless(setup) ? CONVRELAY_SESSION_NONCE : 0;

    for (i = 0; i < CONVRELAY_SESSION_SETUP_FIELDS; i++) {
        len += convrelay_session_field(setup, i)->len;
    }

    return len;
}


u_char *
convrelay_session_copy_fields(u_char *p, const convrelay_relay_setup_t *setup,
    uint32_t *lens)
{
    size_t           i;
    convrelay_str_t  text;

    for (i = 0; i < CONVRELAY_SESSION_SETUP_FIELDS; i++) {
        p = convrelay_session_copy_str(p, &text,
                                       convrelay_session_field(setup, i));

        lens[i] = text.len;
    }

    if (convrelay_session_nameless(setup)) {
        memset(p, 0, CONVRELAY_SESSION_NONCE);

        if (setup->nonce.len == CONVRELAY_SESSION_NONCE) {
            memcpy(p, setup->nonce.data, CONVRELAY_SESSION_NONCE);
        }

        p += CONVRELAY_SESSION_NONCE;
    }

    return p;
}


static size_t
convrelay_session_measure_setup(const convrelay_relay_setup_t *setup,
    size_t *nparameters)
{
    size_t                   n, len;
    convrelay_str_t          text;
    convrelay_json_value_t  *name;

    len = convrelay_session_fields_len(setup);
    n = 0;

    for (name = convrelay_json_name(setup->parameters, NULL);
         name && n < CONVRELAY_SESSION_MAX_PARAMETERS;
         name = convrelay_json_name(setup->parameters, name))
    {
        if (convrelay_session_parameter_text(name + 1, &text)) {
            len += name->len + text.len;
            n++;
        }
    }

    *nparameters = n;

    return len;
}


/* true for a string, a number or a bool; the last two are used as written */

static int
convrelay_session_parameter_text(convrelay_json_value_t *value,
    convrelay_str_t *text)
{
    switch (value->type) {

    case CONVRELAY_JSON_STRING:
        return convrelay_json_utf8(value, text) == CONVRELAY_OK;

    case CONVRELAY_JSON_NUMBER:
    case CONVRELAY_JSON_TRUE:
    case CONVRELAY_JSON_FALSE:
        text->data = value->data;
        text->len = value->len;
        return 1;

    default:
        return 0;
    }
}


static u_char *
convrelay_session_copy_str(u_char *p, convrelay_str_t *dst,
    const convrelay_str_t *src)
{
    dst->data = p;
    dst->len = src->len;

    if (src->len) {
        memcpy(p, src->data, src->len);
    }

    return p + src->len;
}


void
convrelay_session_get_setup(const convrelay_session_t *s,
    convrelay_relay_setup_t *setup)
{
    size_t            i;
    u_char           *p;
    convrelay_str_t  *field;

    p = s->setup_data;

    for (i = 0; i < CONVRELAY_SESSION_SETUP_FIELDS; i++) {
        field = convrelay_session_field(setup, i);

        field->data = p;
        field->len = s->setup_lens[i];

        p = p ? p + field->len : NULL;
    }

    convrelay_str_null(&setup->nonce);

    if (p && convrelay_session_nameless(setup)) {
        setup->nonce.data = p;
        setup->nonce.len = CONVRELAY_SESSION_NONCE;
    }

    setup->parameters = NULL;
}


const convrelay_str_t *
convrelay_session_parameter(const convrelay_session_t *s, const u_char *name,
    size_t len)
{
    size_t                   i;
    const convrelay_pair_t  *p;

    for (i = 0; i < s->nparameters; i++) {
        p = &s->parameters[i];

        if (p->name.len == len
            && strncasecmp((const char *) p->name.data, (const char *) name,
                           len)
               == 0)
        {
            return &p->value;
        }
    }

    return NULL;
}


int
convrelay_session_set_lang(convrelay_session_t *s,
    const convrelay_str_t *lang)
{
    u_char  *p;

    if (lang->len == 0 || lang->len > CONVRELAY_SESSION_MAX_LANG) {
        s->version += (s->lang.len != 0);
        s->lang.len = 0;
        return CONVRELAY_OK;
    }

    if (convrelay_str_equal(lang, &s->lang)) {
        return CONVRELAY_OK;
    }

    p = realloc(s->lang.data, lang->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, lang->data, lang->len);

    s->lang.data = p;
    s->lang.len = lang->len;
    s->version++;

    return CONVRELAY_OK;
}
