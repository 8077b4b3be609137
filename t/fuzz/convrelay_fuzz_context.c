
/*
 * Copyright (C) convrelay contributors
 *
 * The answer that brings the context of a call.  The first byte picks its type,
 * the rest is its body.
 */


#include <stdlib.h>

#include "convrelay_tool.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void text(const convrelay_str_t *str);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                        rc;
    size_t                     i;
    u_char                    *copy;
    const char                *error;
    convrelay_str_t            body;
    convrelay_tool_context_t   x;

    static const convrelay_str_t  types[] = {
        convrelay_string("application/json"),
        convrelay_string("text/plain; charset=utf-8"),
        convrelay_string("application/jsonp"),
        convrelay_null_string
    };

    if (size == 0) {
        return 0;
    }

    copy = malloc(size);
    must(copy);
    memcpy(copy, data + 1, size - 1);

    body.data = copy;
    body.len = size - 1;
    error = NULL;

    rc = convrelay_tool_context_read(&x, &types[data[0] % 4], &body, &error);

    if (rc != CONVRELAY_OK) {
        must(rc == CONVRELAY_DECLINED && error);

    } else {
        text(&x.system);

        for (i = 0; i < x.nvariables; i++) {
            text(&x.variables[i].value);
        }

        must(x.nvariables <= 128);

        /* nothing of it is in the body */

        memset(copy, 'x', size);

        text(&x.system);
    }

    convrelay_tool_context_free(&x);
    free(copy);

    return 0;
}


/* what an LLM may be given */

static void
text(const convrelay_str_t *str)
{
    u_char  c;
    size_t  i;

    if (str->len == 0) {
        return;
    }

    must(convrelay_utf8_valid(str->data, str->len) == str->len);

    for (i = 0; i < str->len; i++) {
        c = str->data[i];

        must(c != 0x7f && (c >= ' ' || convrelay_is_space(c)));
        must(c != '|' || i == 0 || str->data[i - 1] != '<');
    }
}
