
/*
 * Copyright (C) convrelay contributors
 *
 * The input is a reply, a NUL, and hand-off data.  Whatever they are, the
 * document made of them is one well-formed <Response>.
 */


#include <stdlib.h>

#include "convrelay_handoff.h"
#include "convrelay_reply.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static unsigned handoff(const convrelay_str_t *data);
static void document(const convrelay_reply_t *reply,
    const convrelay_str_t *data, unsigned json);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                rc;
    u_char            *copy;
    unsigned           json;
    const char        *error;
    const u_char      *nul;
    convrelay_str_t    text, rest;
    convrelay_reply_t  reply;

    nul = size ? memchr(data, '\0', size) : NULL;

    text.len = nul ? (size_t) (nul - data) : size;

    copy = malloc(text.len ? text.len : 1);
    must(copy);
    memcpy(copy, data, text.len);

    text.data = copy;
    rest.len = nul ? size - text.len - 1 : 0;
    rest.data = (u_char *) (nul ? nul + 1 : data);

    json = handoff(&rest);
    error = NULL;

    (void) convrelay_reply_check_start(&text, &error);

    error = NULL;
    rc = convrelay_reply_parse(&text, &reply, &error);

    if (rc == CONVRELAY_OK) {
        must(reply.text.len == 0
             || (reply.text.data >= copy
                 && reply.text.data + reply.text.len <= copy + text.len));
        must(reply.kind != CONVRELAY_REPLY_RECONNECT
             || (reply.max >= 1
                 && reply.max <= CONVRELAY_REPLY_MAX_RECONNECTS));

        document(&reply, &rest, json);

    } else {
        must(rc == CONVRELAY_DECLINED && error);
    }

    free(copy);

    return 0;
}


static unsigned
handoff(const convrelay_str_t *data)
{
    int                   rc;
    u_char               *copy;
    size_t                n;
    convrelay_pair_t      pair;
    convrelay_handoff_t   h;

    copy = malloc(data->len ? data->len : 1);
    must(copy);
    memcpy(copy, data->data, data->len);

    rc = convrelay_handoff_open(&h, copy, data->len);

    for (n = 0; rc == CONVRELAY_OK; n++) {

        if (convrelay_handoff_next(&h, &pair) != CONVRELAY_OK) {
            convrelay_handoff_close(&h);
            break;
        }

        must(convrelay_pair_find(&pair, 1, &pair.name) == &pair.value);
        must(n < data->len);
    }

    free(copy);

    return rc == CONVRELAY_OK;
}


static void
document(const convrelay_reply_t *reply, const convrelay_str_t *data,
    unsigned json)
{
    u_char             *xml, *p;
    const char         *error;
    convrelay_str_t     task, str;
    convrelay_reply_t   again;

    task.len = convrelay_handoff_task_size(data, json);

    p = malloc(task.len ? task.len : 1);
    must(p);
    task.data = p;
    must(convrelay_handoff_task_write(p, data, json) == p + task.len);

    str.len = convrelay_reply_size(reply, &task);

    xml = malloc(str.len);
    must(xml);
    str.data = xml;
    must(convrelay_reply_write(xml, reply, &task) == xml + str.len);

    must(convrelay_reply_parse(&str, &again, &error) == CONVRELAY_OK);
    must(again.kind == CONVRELAY_REPLY_TWIML);

    free(xml);
    free(p);
}
