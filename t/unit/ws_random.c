
/*
 * Copyright (C) convrelay contributors
 *
 * Streams of random frames, whole and broken ones: however they are split,
 * the reader gives the same.
 */


#include "ws_transcript.h"


static uint64_t  seed = 6455;


static unsigned
any(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;

    return (unsigned) ((seed >> 33) % n);
}


static size_t
any_text(u_char *p, size_t len)
{
    size_t  i;

    static const char  *chars[] = {
        "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"
    };

    for (i = 0; i < len; /* void */ ) {
        strcpy((char *) p + i, chars[any(4)]);
        i += strlen((char *) p + i);
    }

    return i;
}


static u_char *
any_frame(u_char *p, unsigned opcode, unsigned fin, const u_char *data,
    size_t len)
{
    u_char    mask[4];
    u_char   *payload;
    unsigned  i;

    for (i = 0; i < 4; i++) {
        mask[i] = (u_char) any(256);
    }

    payload = convrelay_ws_header_masked(p, opcode, len, mask);

    if (!fin) {
        p[0] &= 0x7f;
    }

    if (len) {
        memcpy(payload, data, len);
        convrelay_ws_mask(payload, len, mask, 0);
    }

    return payload + len;
}


/* a message in fragments, with control frames between them */

static u_char *
any_message(u_char *p)
{
    size_t         len, n, done;
    u_char         ping[125];
    unsigned       opcode, fin, first;
    static u_char  data[80000];

    opcode = any(2) ? CONVRELAY_WS_TEXT : CONVRELAY_WS_BINARY;
    len = any(any(20) ? 300 : 70000);
    len = any_text(data, len);

    done = 0;
    first = 1;

    do {
        n = any(3) ? any((unsigned) (len - done) + 1) : len - done;
        fin = (done + n == len) && any(4);

        p = any_frame(p, first ? opcode : 0, fin, data + done, n);
        done += n;
        first = 0;

        if (fin) {
            note_message(&want, opcode, 0, data, len);
        }

        if (any(3) == 0) {
            n = any(126);
            memset(ping, 'p', n);

            p = any_frame(p, CONVRELAY_WS_PING, 1, ping, n);
            note_message(&want, CONVRELAY_WS_PING, 0, ping, n);
        }

    } while (!fin);

    return p;
}


static void
run_split(const limits_t *limits, const u_char *in, size_t len)
{
    size_t                 n, done;
    convrelay_ws_reader_t  r;

    start(&r, limits);

    for (done = 0; done < len; done += n) {
        n = any(4) ? 1 + any(40) : 1 + any(5000);

        if (n > len - done) {
            n = len - done;
        }

        if (feed(&r, in + done, n, &got) == CONVRELAY_ERROR) {
            break;
        }
    }

    convrelay_ws_reader_free(&r);
}


static void
splits(void)
{
    u_char    *in, *p;
    unsigned   i, n, ok;

    in = malloc(1024 * 1024);
    ok = 1;

    for (i = 0; i < 300 && ok; i++) {
        want.len = 0;
        p = in;

        for (n = 1 + any(4); n; n--) {
            p = any_message(p);
        }

        run_split(&no_limits, in, p - in);

        ok = (got.len == want.len
              && memcmp(got.data, want.data, got.len) == 0);
    }

    tap_ok(ok, "300 random streams in random pieces (%u)", i);

    free(in);
}


static void
broken(void)
{
    u_char    *in, *p;
    limits_t   l;
    unsigned   i, ok, failed;

    memset(&l, 0, sizeof(l));
    l.max_message = 60000;
    l.max_fragments = 8;

    in = malloc(1024 * 1024);
    ok = 1;
    failed = 0;

    for (i = 0; i < 1000 && ok; i++) {
        want.len = 0;

        p = any_message(in);
        p = any_message(p);

        if (p - in > CHUNK) {
            continue;
        }

        in[any((unsigned) (p - in))] ^= (u_char) (1 << any(8));

        run_split(&l, in, p - in);
        want = got;

        run(&l, in, p - in, CHUNK);
        ok &= (strcmp(got.data, want.data) == 0);

        run(&l, in, p - in, 1);
        ok &= (strcmp(got.data, want.data) == 0);

        failed += (strstr(got.data, "error") != NULL);
    }

    tap_ok(ok, "1000 broken streams give the same however split (%u)", i);
    tap_ok(failed > 100 && failed < 1000, "some of them fail (%u)", failed);

    free(in);
}


int
main(void)
{
    open_chunk();

    splits();
    broken();

    close_chunk();

    return tap_done();
}
