
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_ticket.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t              i, n;
    u_char             *text, *buf, *p;
    convrelay_str_t     str, sid;
    convrelay_ticket_t  t, again;

    text = malloc(size);
    must(size == 0 || text);

    if (size) {
        memcpy(text, data, size);
    }

    str.len = size;
    str.data = text;

    if (convrelay_ticket_parse(&t, &str) != CONVRELAY_OK) {
        free(text);
        return 0;
    }

    must(t.session.len <= CONVRELAY_TICKET_MAX_SESSION);
    must(t.session.data + t.session.len == text + size);

    /* what is written is what was read, except for the case of the time */

    n = convrelay_ticket_size(&t);
    must(n == size);

    buf = malloc(n);
    must(buf);

    p = convrelay_ticket_write(buf, &t);
    must(p == buf + n);

    for (i = 0; i < n; i++) {
        must(buf[i] == text[i]
             || (i < CONVRELAY_TICKET_TIME_LEN
                 && buf[i] == (text[i] | 0x20)));
    }

    str.data = buf;

    must(convrelay_ticket_parse(&again, &str) == CONVRELAY_OK);
    must(again.expires == t.expires);

    /* any text is a sid */

    sid.len = size;
    sid.data = text;

    n = convrelay_ticket_input_size(&t, &sid);

    p = malloc(n);
    must(p);
    must(convrelay_ticket_input_write(p, &t, &sid) == p + n);

    free(p);
    free(buf);
    free(text);

    return 0;
}
