
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks what the request line says; the rest is four headers,
 * one a line: Upgrade, Connection, Sec-WebSocket-Key, Sec-WebSocket-Version.
 */


#include <stdlib.h>

#include "convrelay_ws_handshake.h"


#define must(x)  if (!(x)) abort()


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static const u_char *line(const u_char *p, const u_char *last,
    convrelay_str_t *s);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int                        status;
    const u_char              *p, *last;
    convrelay_str_t            key;
    convrelay_ws_handshake_t   h;

    if (size == 0) {
        return 0;
    }

    memset(&h, 0, sizeof(h));
    memset(&key, 0, sizeof(key));

    h.get = !(data[0] & 1);
    h.http11 = !(data[0] & 2);
    h.body = !!(data[0] & 4);
    h.keys = (data[0] & 8) ? 2 : 1;

    p = data + 1;
    last = data + size;

    p = line(p, last, &h.upgrade);
    p = line(p, last, &h.connection);
    p = line(p, last, &key);
    (void) line(p, last, &h.version);

    h.key = key;

    status = convrelay_ws_handshake_check(&h);

    must((status == 101) == (h.error == NULL));
    must(status == 101 || status == 400 || status == 405 || status == 426);

    if (status == 101) {
        must(h.get && h.http11 && !h.body && h.keys == 1);
        must(h.key.len == CONVRELAY_WS_KEY_LEN && h.version.len >= 2);
        must(convrelay_ws_has_token(&h.upgrade, "WEBSOCKET"));
        must(convrelay_ws_has_token(&h.connection, "Upgrade"));
    }

    free(h.upgrade.data);
    free(h.connection.data);
    free(key.data);
    free(h.version.data);

    return 0;
}


/* a header of its own on the heap; none where the lines have run out */

static const u_char *
line(const u_char *p, const u_char *last, convrelay_str_t *s)
{
    const u_char  *end;

    if (p == last) {
        return p;
    }

    end = memchr(p, '\n', last - p);

    if (end == NULL) {
        end = last;
    }

    s->len = end - p;
    s->data = malloc(s->len ? s->len : 1);
    must(s->data);
    memcpy(s->data, p, s->len);

    return (end == last) ? last : end + 1;
}
