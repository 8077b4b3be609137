
/*
 * Copyright (C) convrelay contributors
 *
 * The context of a call: what its location is asked, and the variables that it
 * answers with.
 */


#include <stdlib.h>

#include "convrelay_session_parts.h"
#include "convrelay_json.h"


static size_t convrelay_session_setup_json(u_char *p,
    const convrelay_session_t *s, const char *without);
static size_t convrelay_session_put_member(u_char *p, size_t len,
    const convrelay_str_t *name, const convrelay_str_t *value);
static size_t convrelay_session_put_escaped(u_char *p, size_t len,
    const convrelay_str_t *text);
static size_t convrelay_session_put(u_char *p, size_t len, const char *text);


/* members of a setup message */

static const struct {
    convrelay_str_t           name;
    size_t                    offset;     /* of a convrelay_str_t */
} convrelay_session_members[] = {
    { convrelay_string("callSid"),
      offsetof(convrelay_relay_setup_t, call_sid) },
    { convrelay_string("sessionId"),
      offsetof(convrelay_relay_setup_t, session_id) },
    { convrelay_string("accountSid"),
      offsetof(convrelay_relay_setup_t, account_sid) },
    { convrelay_string("parentCallSid"),
      offsetof(convrelay_relay_setup_t, parent_call_sid) },
    { convrelay_string("from"),
      offsetof(convrelay_relay_setup_t, from) },
    { convrelay_string("to"),
      offsetof(convrelay_relay_setup_t, to) },
    { convrelay_string("forwardedFrom"),
      offsetof(convrelay_relay_setup_t, forwarded_from) },
    { convrelay_string("callerName"),
      offsetof(convrelay_relay_setup_t, caller_name) },
    { convrelay_string("direction"),
      offsetof(convrelay_relay_setup_t, direction) },
    { convrelay_string("callType"),
      offsetof(convrelay_relay_setup_t, call_type) },
    { convrelay_string("callStatus"),
      offsetof(convrelay_relay_setup_t, call_status) }
};


size_t
convrelay_session_setup_size(const convrelay_session_t *s,
    const char *without)
{
    return convrelay_session_setup_json(NULL, s, without);
}


u_char *
convrelay_session_setup_write(u_char *p, const convrelay_session_t *s,
    const char *without)
{
    return p + convrelay_session_setup_json(p, s, without);
}


/* returns the length; writes it unless p is NULL */

static size_t
convrelay_session_setup_json(u_char *p, const convrelay_session_t *s,
    const char *without)
{
    size_t                    i, len;
    unsigned                  n;
    const convrelay_str_t    *value;
    const convrelay_pair_t   *pair;
    convrelay_relay_setup_t   setup;

    convrelay_session_get_setup(s, &setup);

    len = convrelay_session_put(p, 0, "{");

    for (i = 0; i < CONVRELAY_SESSION_SETUP_FIELDS; i++) {
        value = (convrelay_str_t *) ((u_char *) &setup
                                     + convrelay_session_members[i].offset);

        if (value->len) {
            len = convrelay_session_put_member(p, len,
                                            &convrelay_session_members[i].name,
                                            value);
            len = convrelay_session_put(p, len, ",");
        }
    }

    len = convrelay_session_put(p, len, "\"customParameters\":{");
    n = 0;

    for (i = 0; i < s->nparameters; i++) {
        pair = &s->parameters[i];

        if (convrelay_str_is_nocase(&pair->name, without)) {
            continue;
        }

        if (n++) {
            len = convrelay_session_put(p, len, ",");
        }

        len = convrelay_session_put_member(p, len, &pair->name, &pair->value);
    }

    return convrelay_session_put(p, len, "}}");
}


/* these write at p + len, unless p is NULL, and return the length after it */

static size_t
convrelay_session_put_member(u_char *p, size_t len,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    len = convrelay_session_put(p, len, "\"");
    len = convrelay_session_put_escaped(p, len, name);
    len = convrelay_session_put(p, len, "\":\"");
    len = convrelay_session_put_escaped(p, len, value);

    return convrelay_session_put(p, len, "\"");
}


static size_t
convrelay_session_put_escaped(u_char *p, size_t len,
    const convrelay_str_t *text)
{
    if (p) {
        (void) convrelay_json_escape(p + len, text->data, text->len);
    }

    return len + convrelay_json_escaped_len(text->data, text->len);
}


static size_t
convrelay_session_put(u_char *p, size_t len, const char *text)
{
    size_t  n;

    n = strlen(text);

    if (p) {
        memcpy(p + len, text, n);
    }

    return len + n;
}


int
convrelay_session_set_variables(convrelay_session_t *s,
    const convrelay_pair_t *variables, size_t n)
{
    u_char            *p;
    size_t             i, size;
    convrelay_pair_t  *pair;

    if (n == 0) {
        return CONVRELAY_OK;
    }

    size = (s->nparameters + n) * sizeof(convrelay_pair_t);

    for (i = 0; i < n; i++) {
        size += variables[i].name.len + variables[i].value.len;
    }

    pair = malloc(size);
    if (pair == NULL) {
        return CONVRELAY_ERROR;
    }

    if (s->nparameters) {
        memcpy(pair, s->parameters, s->nparameters * sizeof(convrelay_pair_t));
    }

    free(s->parameters);

    s->parameters = pair;
    s->nvariables = n;

    pair += s->nparameters;
    p = (u_char *) &pair[n];

    for (i = 0; i < n; i++) {
        pair[i] = variables[i];

        pair[i].name.data = p;
        p = convrelay_str_copy(p, &variables[i].name);

        pair[i].value.data = p;
        p = convrelay_str_copy(p, &variables[i].value);
    }

    return CONVRELAY_OK;
}
