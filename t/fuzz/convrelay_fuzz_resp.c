
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks the command and the pieces; the rest is what a server
 * sent.  Read whole and in pieces it has to mean the same, no byte may be
 * read twice or skipped, and no value may come before the mark.
 */


#include <stdlib.h>

#include "convrelay_resp_redis.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    int                       rc;
    size_t                    read;
    size_t                    len;
    u_char                    value[8192];
    convrelay_redis_reply_t   reply;
} result_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void feed(result_t *r, const convrelay_redis_command_t *cmd,
    const u_char *data, size_t size, size_t step);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char                     *p;
    static result_t             whole, pieces;
    convrelay_redis_command_t   cmd;

    if (size == 0 || size > sizeof(whole.value)) {
        return 0;
    }

    memset(&cmd, 0, sizeof(cmd));

    cmd.verb = data[0] % 3;
    cmd.reset = (data[0] & 4) != 0;
    cmd.db = (data[0] & 8) ? 1 : -1;

    if (data[0] & 16) {
        convrelay_str_set(&cmd.password, "pw");
    }

    memcpy(cmd.mark, "0123456789abcdef", CONVRELAY_REDIS_MARK);

    feed(&whole, &cmd, data + 1, size - 1, size);
    feed(&pieces, &cmd, data + 1, size - 1, 1 + (data[0] >> 5));

    must(whole.rc == pieces.rc);
    must(whole.read == pieces.read || whole.rc == CONVRELAY_ERROR);
    must(whole.len == pieces.len);
    must(memcmp(whole.value, pieces.value, whole.len) == 0);
    must(whole.reply.outcome == pieces.reply.outcome);
    must(whole.reply.complete == pieces.reply.complete);
    must(whole.reply.error == pieces.reply.error);
    must(whole.reply.refusal == pieces.reply.refusal);

    must((whole.rc == CONVRELAY_ERROR) == (whole.reply.error != NULL));

    if (whole.reply.complete || whole.len) {
        must(whole.reply.marked == CONVRELAY_REDIS_MARK);

        for (p = (u_char *) data + 1;
             memcmp(p, cmd.mark, CONVRELAY_REDIS_MARK) != 0;
             p++)
        {
            must(p + CONVRELAY_REDIS_MARK < data + size);
        }
    }

    if (whole.reply.outcome == CONVRELAY_REDIS_VALUE) {
        must(whole.reply.length >= 0);
        must((int64_t) whole.len <= whole.reply.length);
        must(!whole.reply.complete
             || (int64_t) whole.len == whole.reply.length);
    }

    return 0;
}


static void
feed(result_t *r, const convrelay_redis_command_t *cmd, const u_char *data,
    size_t size, size_t step)
{
    size_t           n;
    u_char          *in, *p;
    convrelay_str_t  part;

    r->len = 0;
    r->read = 0;
    r->rc = CONVRELAY_AGAIN;

    convrelay_redis_expect(&r->reply, cmd);

    while (r->read < size && r->rc == CONVRELAY_AGAIN) {
        n = (size - r->read < step) ? size - r->read : step;

        in = malloc(n);
        must(in);
        memcpy(in, data + r->read, n);
        p = in;

        if (!r->reply.outcome) {
            r->rc = convrelay_redis_read(&r->reply, &p, in + n);
        }

        if (r->reply.outcome == CONVRELAY_REDIS_VALUE) {
            r->rc = convrelay_redis_value(&r->reply, &p, in + n, &part);

            must(part.data >= in && part.data + part.len <= p);
            memcpy(r->value + r->len, part.data, part.len);
            r->len += part.len;
        }

        must(p <= in + n);
        must(r->rc != CONVRELAY_AGAIN || p == in + n);

        r->read += p - in;
        free(in);
    }
}
