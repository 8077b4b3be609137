
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks what the request line says; the rest is header lines,
 * "name: value".
 */


#include <stdlib.h>

#include "convrelay_ws_handshake.h"


#define must(x)  if (!(x)) abort()

#define MAX_LINES  64


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static const u_char *field(const u_char *p, const u_char *last, u_char end,
    convrelay_str_t *s);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                        status;
    size_t                     i, n;
    const u_char              *p, *last;
    convrelay_str_t            name, values[MAX_LINES];
    convrelay_ws_handshake_t   h;

    if (size == 0) {
        return 0;
    }

    memset(&h, 0, sizeof(h));

    h.get = !(data[0] & 1);
    h.http11 = !(data[0] & 2);
    h.body = !!(data[0] & 4);

    p = data + 1;
    last = data + size;

    for (n = 0; n < MAX_LINES && p < last; n++) {
        p = field(p, last, ':', &name);
        p = field(p, last, '\n', &values[n]);

        convrelay_ws_handshake_header(&h, &name, &values[n]);

        free(name.data);
    }

    status = convrelay_ws_handshake_check(&h);

    must((status == 101) == (h.error == NULL));
    must(status == 101 || status == 400 || status == 405 || status == 426);

    if (status == 101) {
        must(h.get && h.http11 && !h.body && h.upgrade && h.connection);
        must(h.version && h.versions == 1 && h.keys == 1);
        must(h.key.len == CONVRELAY_WS_KEY_LEN);
        must(memcmp(h.key.data + CONVRELAY_WS_KEY_LEN - 2, "==", 2) == 0);
    }

    for (i = 0; i < n; i++) {
        free(values[i].data);
    }

    return 0;
}


/* up to end or last, on the heap by itself */

static const u_char *
field(const u_char *p, const u_char *last, u_char end, convrelay_str_t *s)
{
    const u_char  *stop;

    stop = (p < last) ? memchr(p, end, last - p) : NULL;

    if (stop == NULL) {
        stop = last;
    }

    s->len = stop - p;
    s->data = malloc(s->len ? s->len : 1);
    must(s->data);

    if (s->len) {
        memcpy(s->data, p, s->len);
    }

    return (stop == last) ? last : stop + 1;
}
