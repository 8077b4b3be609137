
/*
 * Copyright (C) convrelay contributors
 *
 * Reads what a state remembers of tools.
 */


#include <stdlib.h>

#include "convrelay_state_parts.h"


static int convrelay_state_once(convrelay_state_in_t *in);
static int convrelay_state_keys(convrelay_state_in_t *in);
static void convrelay_state_read_digest(convrelay_state_in_t *in,
    convrelay_json_value_t *value, u_char *digest);


int
convrelay_state_read_tools(convrelay_state_in_t *in)
{
    int  rc;

    if (in->s->conf->ntools == 0) {
        return CONVRELAY_OK;
    }

    in->tools = calloc(1, sizeof(convrelay_session_tools_t));
    if (in->tools == NULL) {
        return CONVRELAY_ERROR;
    }

    in->tools->leak_logged = (in->to.leaks != 0);
    in->tools->refused = in->refused;
    in->tools->rounds = in->rounds;

    rc = convrelay_state_once(in);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_state_keys(in);
    }

    return rc;
}


static int
convrelay_state_once(convrelay_state_in_t *in)
{
    unsigned                    n;
    convrelay_str_t             result;
    convrelay_json_value_t     *value;
    convrelay_session_once_t   *once;
    convrelay_session_tools_t  *t;

    t = in->tools;

    if (in->m.once && in->m.once->type != CONVRELAY_JSON_ARRAY) {
        in->error = "has a wrong memory";
        return CONVRELAY_DECLINED;
    }

    n = 0;

    for (value = convrelay_json_element(in->m.once, NULL); value;
         value = convrelay_json_element(in->m.once, value))
    {
        if (n++ == 2 * CONVRELAY_SESSION_MAX_ONCE) {
            in->error = "has a wrong memory";
            return CONVRELAY_DECLINED;
        }

        once = convrelay_session_tools_once(t);
        if (once == NULL) {
            return CONVRELAY_ERROR;
        }

        convrelay_state_read_digest(in, convrelay_json_member(value, "digest"),
                                    once->digest);
        result = convrelay_state_string_of(in,
                               convrelay_json_member(value, "result"));
        once->undone = convrelay_state_flag(in,
                               convrelay_json_member(value, "undone"));

        if (in->error) {
            return CONVRELAY_DECLINED;
        }

        once->result.len = result.len;
        once->result.data = malloc(result.len ? result.len : 1);

        if (once->result.data == NULL) {
            return CONVRELAY_ERROR;
        }

        (void) convrelay_str_copy(once->result.data, &result);
    }

    return CONVRELAY_OK;
}


static int
convrelay_state_keys(convrelay_state_in_t *in)
{
    size_t                      n, size;
    convrelay_json_value_t     *value;
    convrelay_session_key_t    *key;
    convrelay_session_tools_t  *t;

    t = in->tools;

    if (in->m.keys == NULL) {
        return CONVRELAY_OK;
    }

    n = 0;

    for (value = convrelay_json_element(in->m.keys, NULL); value;
         value = convrelay_json_element(in->m.keys, value))
    {
        n++;
    }

    if (n == 0 || n > CONVRELAY_SESSION_MAX_KEYS) {
        in->error = "has wrong keys";
        return CONVRELAY_DECLINED;
    }

    /* the room doubles */

    for (size = 1; size < n; size *= 2) { /* void */ }

    t->keys = malloc(size * sizeof(convrelay_session_key_t));
    if (t->keys == NULL) {
        return CONVRELAY_ERROR;
    }

    for (value = convrelay_json_element(in->m.keys, NULL); value;
         value = convrelay_json_element(in->m.keys, value))
    {
        key = &t->keys[t->nkeys++];

        convrelay_state_read_digest(in, convrelay_json_member(value, "digest"),
                                    key->digest);
        key->n = convrelay_state_get(in, convrelay_json_member(value, "n"),
                                     CONVRELAY_STATE_MAX_NUMBER);
    }

    return in->error ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


static void
convrelay_state_read_digest(convrelay_state_in_t *in,
    convrelay_json_value_t *value, u_char *digest)
{
    u_char           c;
    size_t           i;
    unsigned         n;
    convrelay_str_t  text;

    text = convrelay_state_string_of(in, value);

    if (text.len != CONVRELAY_TOOL_KEY) {
        in->error = "has a wrong digest";
        return;
    }

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (convrelay_is_digit(c)) {
            n = c - '0';

        } else if (c >= 'a' && c <= 'f') {
            n = c - 'a' + 10;

        } else {
            in->error = "has a wrong digest";
            return;
        }

        digest[i / 2] = (u_char) ((i & 1) ? digest[i / 2] | n : n << 4);
    }
}
