
/*
 * Copyright (C) convrelay contributors
 *
 * A request as it was written.  What is found lies in it, and nothing of the
 * value of a key is kept.
 */


#include <stdlib.h>

#include "convrelay_sent.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void inside(const convrelay_str_t *part, const convrelay_str_t *whole);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    convrelay_str_t   head;
    convrelay_sent_t  s;

    head.len = size;
    head.data = malloc(size);
    must(head.data || size == 0);

    if (size) {
        memcpy(head.data, data, size);
    }

    if (convrelay_sent_read(&s, &head) == CONVRELAY_OK) {
        inside(&s.path, &head);
        inside(&s.key_name, &head);

        must(memchr(s.path.data, '?', s.path.len) == NULL);
        must((s.key == CONVRELAY_SENT_NO_KEY) == (s.key_name.data == NULL));

        must(s.key_name.len == 0
             || memchr(s.key_name.data, ':', s.key_name.len) == NULL);

        if (convrelay_sent_is_chat(&s.path)) {
            must(s.path.len > 17);
        }
    }

    free(head.data);

    return 0;
}


static void
inside(const convrelay_str_t *part, const convrelay_str_t *whole)
{
    must(part->data == NULL
         || (part->data >= whole->data
             && part->data + part->len <= whole->data + whole->len));
}
