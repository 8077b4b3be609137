
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_handoff.h"


static int convrelay_handoff_value(convrelay_json_value_t *value,
    convrelay_str_t *text);


/* around a text that is not JSON */

static const convrelay_str_t  convrelay_handoff_head =
    convrelay_string("{\"handoffData\":\"");
static const convrelay_str_t  convrelay_handoff_tail =
    convrelay_string("\"}");


int
convrelay_handoff_open(convrelay_handoff_t *h, u_char *data, size_t len)
{
    int  rc;

    h->name = NULL;
    h->copy = NULL;

    rc = convrelay_json_read(&h->json, data, len, &h->copy);

    if (rc == CONVRELAY_OK && h->json.values->type != CONVRELAY_JSON_OBJECT) {
        rc = CONVRELAY_DECLINED;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_handoff_close(h);
    }

    return rc;
}


void
convrelay_handoff_close(convrelay_handoff_t *h)
{
    convrelay_json_reader_free(&h->json);

    free(h->copy);
    h->copy = NULL;
}


int
convrelay_handoff_next(convrelay_handoff_t *h, convrelay_pair_t *pair)
{
    convrelay_json_value_t  *name;

    for ( ;; ) {
        name = convrelay_json_name(h->json.values, h->name);

        if (name == NULL) {
            return CONVRELAY_DONE;
        }

        h->name = name;

        if (convrelay_handoff_value(name + 1, &pair->value) == CONVRELAY_OK) {
            return convrelay_json_utf8(name, &pair->name);
        }
    }
}


static int
convrelay_handoff_value(convrelay_json_value_t *value, convrelay_str_t *text)
{
    switch (value->type) {

    case CONVRELAY_JSON_STRING:
        return convrelay_json_utf8(value, text);

    case CONVRELAY_JSON_NUMBER:
    case CONVRELAY_JSON_TRUE:
    case CONVRELAY_JSON_FALSE:
        text->data = value->data;
        text->len = value->len;
        return CONVRELAY_OK;

    default:
        return CONVRELAY_DECLINED;
    }
}


size_t
convrelay_handoff_task_size(const convrelay_str_t *data, unsigned json)
{
    if (json) {
        return data->len;
    }

    return convrelay_handoff_head.len
           + convrelay_json_escaped_len(data->data, data->len)
           + convrelay_handoff_tail.len;
}


u_char *
convrelay_handoff_task_write(u_char *p, const convrelay_str_t *data,
    unsigned json)
{
    if (json) {
        return convrelay_str_copy(p, data);
    }

    p = convrelay_str_copy(p, &convrelay_handoff_head);
    p = convrelay_json_escape(p, data->data, data->len);

    return convrelay_str_copy(p, &convrelay_handoff_tail);
}
