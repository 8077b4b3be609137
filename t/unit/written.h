
/*
 * Copyright (C) convrelay contributors
 *
 * A history as the JSON that is sent, by its messages alone.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_history.h"


/* to be free()d */

static u_char *
written(const convrelay_history_t *h, size_t *len)
{
    u_char                         *p;
    size_t                          size;
    const convrelay_llm_message_t  *m;

    size = 0;

    for (m = h->first; m; m = m->next) {
        size += convrelay_llm_message_json_len(m) + (m->next ? 1 : 0);
    }

    p = malloc(size + 1);
    *len = convrelay_llm_messages_write(p, h->first) - p;

    if (*len != size) {
        fprintf(stderr, "%zu bytes written, not %zu\n", *len, size);
        exit(2);
    }

    return p;
}
