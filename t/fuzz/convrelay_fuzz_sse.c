
/*
 * Copyright (C) convrelay contributors
 *
 * The first byte picks the limit and the pieces; the rest is a stream.  Read
 * whole and in pieces it has to give the same events, and without a limit
 * those of a reader that is as simple as the specification.
 */


#include <stdlib.h>

#include "convrelay_sse.h"


#define must(x)  if (!(x)) abort()


typedef struct {
    size_t    len;
    size_t    size;
    u_char   *data;
} record_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);
static int feed(const u_char *data, size_t size, size_t step, size_t limit,
    record_t *record);
static void simple(const u_char *data, size_t size, record_t *record);
static void simple_line(const u_char *line, size_t len, record_t *event,
    unsigned *lines, unsigned *error, record_t *record);
static void event(record_t *record, const u_char *data, size_t len,
    unsigned error);
static void add(record_t *record, const void *data, size_t len);
static unsigned same(const record_t *a, const record_t *b);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    int       rc;
    size_t    step, limit;
    record_t  whole, pieces, want;

    if (size == 0) {
        return 0;
    }

    memset(&whole, 0, sizeof(whole));
    memset(&pieces, 0, sizeof(pieces));
    memset(&want, 0, sizeof(want));

    step = 1 + (data[0] >> 3);
    limit = (data[0] & 1) ? 16 : size;

    rc = feed(data + 1, size - 1, size, limit, &whole);

    must(feed(data + 1, size - 1, step, limit, &pieces) == rc);
    must(same(&whole, &pieces));

    if (limit == size) {
        must(rc == CONVRELAY_DONE);
        simple(data + 1, size - 1, &want);
        must(same(&whole, &want));
    }

    free(whole.data);
    free(pieces.data);
    free(want.data);

    return 0;
}


static int
feed(const u_char *data, size_t size, size_t step, size_t limit,
    record_t *record)
{
    int                     rc;
    size_t                  n;
    u_char                 *in, *p;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    memset(&s, 0, sizeof(s));
    s.max_line = limit;
    rc = CONVRELAY_AGAIN;

    for ( /* void */ ; size; data += n, size -= n) {
        n = (size < step) ? size : step;

        in = malloc(n);
        must(in);
        memcpy(in, data, n);

        p = in;

        for ( ;; ) {
            rc = convrelay_sse_read(&s, &p, in + n, &ev);

            if (rc != CONVRELAY_OK) {
                break;
            }

            must(ev.data.len && ev.data.len <= limit);
            event(record, ev.data.data, ev.data.len, ev.error);

            /* it may be written to */

            memset(ev.data.data, '\n', ev.data.len);
        }

        must(rc == CONVRELAY_DECLINED || p == in + n);
        must(s.line.len <= limit && s.data.len <= limit);

        free(in);

        if (rc != CONVRELAY_AGAIN) {
            must(rc == CONVRELAY_DECLINED);
            convrelay_sse_free(&s);
            return rc;
        }
    }

    rc = convrelay_sse_end(&s, &ev);

    if (rc == CONVRELAY_OK) {
        must(ev.data.len && ev.data.len <= limit);
        event(record, ev.data.data, ev.data.len, ev.error);
        rc = convrelay_sse_end(&s, &ev);
    }

    must(rc == CONVRELAY_DONE);

    convrelay_sse_free(&s);

    return rc;
}


/*
 * WHATWG HTML, 9.2.6, except that an event at the end needs no blank line, and
 * that a field "error" is data of that type where there is none before it.
 */

static void
simple(const u_char *data, size_t size, record_t *record)
{
    size_t    from, i;
    record_t  ev;
    unsigned  lines, error;

    memset(&ev, 0, sizeof(ev));
    lines = 0;
    error = 0;

    for (from = 0, i = 0; i < size; i++) {

        if (data[i] != '\r' && data[i] != '\n') {
            continue;
        }

        simple_line(data + from, i - from, &ev, &lines, &error, record);

        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n') {
            i++;
        }

        from = i + 1;
    }

    if (from < size) {
        simple_line(data + from, size - from, &ev, &lines, &error, record);
    }

    simple_line(NULL, 0, &ev, &lines, &error, record);

    free(ev.data);
}


static void
simple_line(const u_char *line, size_t len, record_t *ev, unsigned *lines,
    unsigned *error, record_t *record)
{
    size_t         name, from;
    const u_char  *colon;

    if (len == 0) {

        if (ev->len) {
            event(record, ev->data, ev->len, *error);
        }

        ev->len = 0;
        *lines = 0;
        *error = 0;

        return;
    }

    colon = memchr(line, ':', len);
    name = colon ? (size_t) (colon - line) : len;
    from = colon ? name + 1 : len;

    if (from < len && line[from] == ' ') {
        from++;
    }

    if (name == 4 && memcmp(line, "data", 4) == 0) {

        if ((*lines)++) {
            add(ev, "\n", 1);
        }

        add(ev, line + from, len - from);
    }

    if (name == 5 && memcmp(line, "error", 5) == 0 && len > from
        && *lines == 0)
    {
        *lines = 1;
        *error = 1;
        add(ev, line + from, len - from);
    }

    if (name == 5 && memcmp(line, "event", 5) == 0) {
        *error = (len - from == 5 && memcmp(line + from, "error", 5) == 0);
    }
}


static void
event(record_t *record, const u_char *data, size_t len, unsigned error)
{
    add(record, error ? "!" : ".", 1);
    add(record, &len, sizeof(len));
    add(record, data, len);
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


static unsigned
same(const record_t *a, const record_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
