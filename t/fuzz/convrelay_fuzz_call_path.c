
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_call_path.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


/* what is read is part of the input, and is written as it was */

int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t                 n;
    u_char                *text, *buf, *p;
    convrelay_str_t        str;
    convrelay_call_path_t  c;

    text = malloc(size + 1);
    must(text);

    if (size) {
        memcpy(text, data, size);
    }

    str.len = size;
    str.data = text;

    if (convrelay_call_path_parse(&c, &str) != CONVRELAY_OK) {
        free(text);
        return 0;
    }

    must(c.call_sid.data >= text);
    must(c.account_sid.data + c.account_sid.len <= text + size);

    n = convrelay_call_path_size(&c);
    must(n);

    buf = malloc(n);
    must(buf);

    p = convrelay_call_path_write(buf, &c);
    must(p == buf + n);
    must(c.call_sid.data + n <= text + size || c.ticket == 0);
    must(memcmp(buf, c.call_sid.data, n) == 0);

    free(buf);
    free(text);

    return 0;
}
