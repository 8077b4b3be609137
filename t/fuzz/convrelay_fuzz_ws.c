
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks the limits, the side and the pieces; the rest is what
 * the peer sent.  Read whole and in pieces it has to give the same messages
 * and the same error; each message has to be within the limits, text and
 * reasons UTF-8, and to come back when it is written and read again.
 */


#include <stdlib.h>

#include "convrelay_ws.h"
#include "convrelay_utf8.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    size_t    len;
    size_t    size;
    u_char   *data;
} record_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static void reader(convrelay_ws_reader_t *r, u_char options);
static void feed(convrelay_ws_reader_t *r, const u_char *data, size_t size,
    size_t step, record_t *record);
static void message(convrelay_ws_reader_t *r, convrelay_ws_message_t *m);
static void again(convrelay_ws_message_t *m);
static void add(record_t *record, const void *data, size_t len);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t                  step;
    record_t                whole, pieces;
    convrelay_ws_reader_t   r1, r2;

    if (size == 0) {
        return 0;
    }

    memset(&whole, 0, sizeof(whole));
    memset(&pieces, 0, sizeof(pieces));

    step = 1 + (data[0] >> 3);

    reader(&r1, data[0]);
    feed(&r1, data + 1, size - 1, size, &whole);

    reader(&r2, data[0]);
    feed(&r2, data + 1, size - 1, step, &pieces);

    must(whole.len == pieces.len);
    must(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
    must(r1.state == r2.state && r1.close_code == r2.close_code);
    must(r1.error == r2.error && r1.value == r2.value);
    must(r1.len == r2.len);

    convrelay_ws_reader_free(&r1);
    convrelay_ws_reader_free(&r2);

    free(whole.data);
    free(pieces.data);

    return 0;
}


static void
reader(convrelay_ws_reader_t *r, u_char options)
{
    memset(r, 0, sizeof(convrelay_ws_reader_t));

    r->unmasked = options & 1;
    r->max_message = (options & 2) ? 64 : 0;
    r->max_fragments = (options & 4) ? 3 : 0;
}


static void
feed(convrelay_ws_reader_t *r, const u_char *data, size_t size, size_t step,
    record_t *record)
{
    int                      rc;
    size_t                   n;
    u_char                  *in, *p;
    convrelay_ws_message_t   m;

    for ( /* void */ ; size; data += n, size -= n) {
        n = (size < step) ? size : step;

        in = malloc(n);
        must(in);
        memcpy(in, data, n);

        p = in;

        for ( ;; ) {
            rc = convrelay_ws_read(r, &p, in + n, &m);

            if (rc != CONVRELAY_OK) {
                break;
            }

            add(record, &m.opcode, sizeof(m.opcode));
            add(record, &m.code, sizeof(m.code));
            add(record, &m.data.len, sizeof(m.data.len));
            add(record, m.data.data, m.data.len);

            message(r, &m);
        }

        free(in);

        if (rc == CONVRELAY_ERROR) {
            must(r->buf == NULL && r->error && r->close_code);
            return;
        }

        must(rc == CONVRELAY_AGAIN && p == in + n);
        must(r->max_message == 0 || r->size <= r->max_message);
        must(r->size <= 256 || r->size <= 2 * r->len);
    }
}


static void
message(convrelay_ws_reader_t *r, convrelay_ws_message_t *m)
{
    switch (m->opcode) {

    case CONVRELAY_WS_TEXT:
        must(convrelay_utf8_valid(m->data.data, m->data.len) == m->data.len);

        /* fall through */

    case CONVRELAY_WS_BINARY:
        must(r->max_message == 0 || m->data.len <= r->max_message);
        must(m->code == 0);
        again(m);
        break;

    case CONVRELAY_WS_CLOSE:
        must(m->data.len <= CONVRELAY_WS_MAX_CONTROL - 2);
        must(m->code >= 1000 && m->code < 5000);
        must(convrelay_utf8_valid(m->data.data, m->data.len) == m->data.len);
        again(m);
        break;

    case CONVRELAY_WS_PING:
    case CONVRELAY_WS_PONG:
        must(m->data.len <= CONVRELAY_WS_MAX_CONTROL);
        must(m->code == 0);
        again(m);
        break;

    default:
        abort();
    }
}


static void
again(convrelay_ws_message_t *m)
{
    u_char                  *out, *payload, *p, *last, reason[125];
    convrelay_str_t          s;
    convrelay_ws_reader_t    r;
    convrelay_ws_message_t   got;

    static const u_char  mask[4] = { 0xde, 0xad, 0xbe, 0xef };

    s = m->data;

    if (m->opcode == CONVRELAY_WS_CLOSE) {
        s.data = reason;
        s.len = convrelay_ws_close_payload(reason, m->code, &m->data)
                - reason;
    }

    out = malloc(s.len + CONVRELAY_WS_MAX_HEADER);
    must(out);

    payload = convrelay_ws_header_masked(out, m->opcode, s.len, mask);

    if (s.len) {
        memcpy(payload, s.data, s.len);
    }

    convrelay_ws_mask(payload, s.len, mask, 0);

    p = out;
    last = payload + s.len;
    memset(&r, 0, sizeof(r));

    must(convrelay_ws_read(&r, &p, last, &got) == CONVRELAY_OK);
    must(p == last && r.buf == NULL);
    must(got.opcode == m->opcode && got.code == m->code);
    must(got.data.len == m->data.len);
    must(got.data.len == 0
         || memcmp(got.data.data, m->data.data, got.data.len) == 0);

    free(out);
}


static void
add(record_t *record, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }

    if (record->size - record->len < len) {
        record->size = 2 * (record->len + len);
        record->data = realloc(record->data, record->size);
        must(record->data);
    }

    memcpy(record->data + record->len, data, len);
    record->len += len;
}
