
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_handoff.h"

#include <stdio.h>


#define CONVRELAY_HANDOFF_HEAD  "{\"handoffData\":\""
#define CONVRELAY_HANDOFF_TAIL  "\"}"

#define CONVRELAY_HANDOFF_EXACT 9007199254740992.0  /* 2^53 */


static int convrelay_handoff_value(convrelay_handoff_t *h, const cJSON *item,
    convrelay_str_t *value);
static int convrelay_handoff_number(convrelay_handoff_t *h,
    const cJSON *item);
static u_char convrelay_handoff_char(u_char ch);


int
convrelay_handoff_open(convrelay_handoff_t *h, u_char *data, size_t len)
{
    int  rc;

    rc = convrelay_json_parse(&h->json, data, len);
    if (rc != CONVRELAY_OK) {
        return rc;
    }

    if (!cJSON_IsObject(h->json.root)) {
        convrelay_json_free(&h->json);
        return CONVRELAY_DECLINED;
    }

    h->next = h->json.root->child;

    return CONVRELAY_OK;
}


void
convrelay_handoff_close(convrelay_handoff_t *h)
{
    convrelay_json_free(&h->json);
}


int
convrelay_handoff_next(convrelay_handoff_t *h, convrelay_pair_t *pair)
{
    const cJSON  *item;

    while (h->next) {
        item = h->next;
        h->next = item->next;

        if (convrelay_handoff_value(h, item, &pair->value) == CONVRELAY_OK) {
            pair->name.len = strlen(item->string);
            pair->name.data = (u_char *) item->string;

            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_DONE;
}


static int
convrelay_handoff_value(convrelay_handoff_t *h, const cJSON *item,
    convrelay_str_t *value)
{
    if (cJSON_IsString(item)) {
        value->len = strlen(item->valuestring);
        value->data = (u_char *) item->valuestring;
        return CONVRELAY_OK;
    }

    if (cJSON_IsBool(item)) {

        if (cJSON_IsTrue(item)) {
            convrelay_str_set(value, "true");

        } else {
            convrelay_str_set(value, "false");
        }

        return CONVRELAY_OK;
    }

    if (cJSON_IsNumber(item)
        && convrelay_handoff_number(h, item) == CONVRELAY_OK)
    {
        value->len = strlen((char *) h->number);
        value->data = h->number;
        return CONVRELAY_OK;
    }

    return CONVRELAY_DECLINED;
}


/* cJSON rounds to 15 digits, which an account's number can exceed */

static int
convrelay_handoff_number(convrelay_handoff_t *h, const cJSON *item)
{
    double  d;

    d = item->valuedouble;

    if (d > -CONVRELAY_HANDOFF_EXACT && d < CONVRELAY_HANDOFF_EXACT
        && d == (double) (int64_t) d)
    {
        (void) snprintf((char *) h->number, sizeof(h->number), "%lld",
                        (long long) d);
        return CONVRELAY_OK;
    }

    return cJSON_PrintPreallocated((cJSON *) item, (char *) h->number,
                                   sizeof(h->number), 0)
               ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


int
convrelay_handoff_is(const convrelay_str_t *member, const u_char *name,
    size_t len)
{
    size_t  i;

    if (member->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {

        if (convrelay_handoff_char(member->data[i])
            != convrelay_handoff_char(name[i]))
        {
            return 0;
        }
    }

    return 1;
}


static u_char
convrelay_handoff_char(u_char ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch | 0x20;
    }

    return (ch == '-') ? '_' : ch;
}


size_t
convrelay_handoff_task_size(const convrelay_str_t *data, unsigned json)
{
    if (json) {
        return data->len;
    }

    return sizeof(CONVRELAY_HANDOFF_HEAD) - 1
           + convrelay_json_escaped_len(data->data, data->len)
           + sizeof(CONVRELAY_HANDOFF_TAIL) - 1;
}


u_char *
convrelay_handoff_task_write(u_char *p, const convrelay_str_t *data,
    unsigned json)
{
    if (json) {

        if (data->len) {
            memcpy(p, data->data, data->len);
        }

        return p + data->len;
    }

    memcpy(p, CONVRELAY_HANDOFF_HEAD, sizeof(CONVRELAY_HANDOFF_HEAD) - 1);
    p += sizeof(CONVRELAY_HANDOFF_HEAD) - 1;

    p = convrelay_json_escape(p, data->data, data->len);

    memcpy(p, CONVRELAY_HANDOFF_TAIL, sizeof(CONVRELAY_HANDOFF_TAIL) - 1);

    return p + sizeof(CONVRELAY_HANDOFF_TAIL) - 1;
}
