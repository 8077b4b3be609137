
/*
 * Copyright (C) convrelay contributors
 *
 * What the frame reader gives, as a transcript: "text Hello", "ping x", "close
 * 1000 bye", "error 1002 an unmasked frame", with the number of an error
 * in brackets where it has one.
 */


#include "tap.h"
#include "ws_bytes.h"

#include "convrelay_ws.h"


#define CHUNK         (128 * 1024)
#define TRANSCRIPT    (64 * 1024)


typedef struct {
    size_t      len;
    char        data[TRANSCRIPT];
} transcript_t;


typedef struct {
    size_t      max_message;
    unsigned    max_fragments;
    unsigned    unmasked;
} limits_t;


static u_char          *chunk_last;
static transcript_t     got, want;

static const limits_t   no_limits;


/* nothing is read past this page; CHUNK bytes are in front of it */

static void
open_chunk(void)
{
    u_char  *chunk;

    chunk = calloc(1, CHUNK);
    chunk_last = tap_flush(chunk, CHUNK) + CHUNK;
    free(chunk);
}


static void
close_chunk(void)
{
    tap_unflush(chunk_last - CHUNK, CHUNK);
}


static void
note(transcript_t *t, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    t->len += vsnprintf(t->data + t->len, TRANSCRIPT - t->len, fmt, args);
    va_end(args);

    if (t->len >= TRANSCRIPT) {
        printf("Bail out! transcript too long\n");
        exit(2);
    }
}


static void
note_message(transcript_t *t, unsigned opcode, unsigned code, const u_char *p,
    size_t len)
{
    size_t       i;
    uint64_t     hash;
    const char  *name;

    name = (opcode == CONVRELAY_WS_TEXT) ? "text"
           : (opcode == CONVRELAY_WS_BINARY) ? "binary"
           : (opcode == CONVRELAY_WS_PING) ? "ping"
           : (opcode == CONVRELAY_WS_PONG) ? "pong"
           : (opcode == CONVRELAY_WS_CLOSE) ? "close" : "?";

    note(t, "%s%s ", t->len ? "; " : "", name);

    if (opcode == CONVRELAY_WS_CLOSE) {
        note(t, "%u ", code);

    } else if (code) {
        note(t, "code %u ", code);
    }

    if (len > 126) {
        hash = 14695981039346656037u;

        for (i = 0; i < len; i++) {
            hash = (hash ^ p[i]) * 1099511628211u;
        }

        note(t, "(%zu %016llx)", len, (unsigned long long) hash);
        return;
    }

    for (i = 0; i < len; i++) {
        note(t, (p[i] < 0x20 || p[i] > 0x7e) ? "\\x%02x" : "%c", p[i]);
    }
}


/* feeds one piece, flush against the unreadable page; spoils what it can */

static int
feed(convrelay_ws_reader_t *r, const void *data, size_t len, transcript_t *t)
{
    int                      rc;
    u_char                  *p;
    convrelay_ws_message_t   m;

    p = chunk_last - len;

    if (len) {
        memcpy(p, data, len);
    }

    for ( ;; ) {
        memset(&m, 0xee, sizeof(m));

        rc = convrelay_ws_read(r, &p, chunk_last, &m);

        if (rc != CONVRELAY_OK) {
            break;
        }

        note_message(t, m.opcode, m.code, m.data.data, m.data.len);

        if (m.data.len) {
            memset(m.data.data, 0xdd, m.data.len);
        }
    }

    if (rc == CONVRELAY_ERROR) {
        note(t, "%serror %u %s", t->len ? "; " : "", r->close_code, r->error);

        if (r->value) {
            note(t, " (%llu)", (unsigned long long) r->value);
        }
    }

    if (rc == CONVRELAY_AGAIN && p != chunk_last) {
        note(t, "; AGAIN with %zu bytes left", (size_t) (chunk_last - p));
    }

    memset(chunk_last - len, 0xdd, len);

    return rc;
}


static void
start(convrelay_ws_reader_t *r, const limits_t *limits)
{
    memset(r, 0, sizeof(convrelay_ws_reader_t));

    r->max_message = limits->max_message;
    r->max_fragments = limits->max_fragments;
    r->unmasked = limits->unmasked;

    got.len = 0;
    got.data[0] = '\0';
}


/* feeds in pieces of at most step bytes, returns the bytes fed */

static size_t
run(const limits_t *limits, const void *in, size_t len, size_t step)
{
    size_t                  n, done;
    const u_char           *p = in;
    convrelay_ws_reader_t   r;

    start(&r, limits);

    for (done = 0; done < len; done += n) {
        n = (len - done < step) ? len - done : step;

        if (feed(&r, p + done, n, &got) == CONVRELAY_ERROR) {
            done += n;
            break;
        }
    }

    convrelay_ws_reader_free(&r);

    return done;
}
