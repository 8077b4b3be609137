
/*
 * Copyright (C) convrelay contributors
 *
 * A call as Twilio holds it.  With --raw there is no call at all: the caller
 * asks the model itself, through a server that only passes bytes.
 */


#define _GNU_SOURCE

#include "bench.h"


static void bench_call_handler(bench_event_t *ev, unsigned events);
static void bench_call_begin(bench_call_t *c);
static void bench_call_read(bench_call_t *c, u_char *p, size_t len);
static size_t bench_call_head(bench_call_t *c, u_char *p, size_t len);
static void bench_call_open(bench_call_t *c);
static void bench_call_frames(bench_call_t *c, u_char *p, u_char *last);
static void bench_call_message(bench_call_t *c, const convrelay_str_t *m);
static const u_char *bench_call_member(const convrelay_str_t *m,
    const char *name, size_t len);
static void bench_call_lines(bench_call_t *c, u_char *p, u_char *last);
static void bench_call_line(bench_call_t *c, const u_char *p, size_t len);
static void bench_call_keep(bench_call_t *c, const u_char *p, size_t len);
static void bench_call_words(bench_call_t *c, const u_char *p,
    const u_char *last);
static void bench_call_number(bench_call_t *c, unsigned n);
static void bench_call_answered(bench_call_t *c);
static void bench_call_rest(bench_call_t *c);
static int bench_call_frame(bench_call_t *c, unsigned opcode,
    const u_char *data, size_t len);


void
bench_call_start(bench_call_t *c)
{
    c->ev.handler = bench_call_handler;
    c->state = BENCH_CONNECT;
    c->turn = 0;
    c->resync = 0;

    free(c->kept);
    c->kept = NULL;
    c->nkept = 0;

    memset(&c->reader, 0, sizeof(convrelay_ws_reader_t));
    c->reader.unmasked = 1;
    c->reader.max_message = 65536;

    if (bench_io_connect(c) != CONVRELAY_OK) {
        bench_call_fail(c, "a connection failed");
    }
}


void
bench_call_due(bench_call_t *c)
{
    bench_due_e  what;

    what = c->what;
    c->what = BENCH_DUE_NOTHING;

    if (what == BENCH_DUE_START) {
        bench_call_start(c);

    } else if (what == BENCH_DUE_PROMPT) {
        bench_call_prompt(c);
    }
}


static void
bench_call_handler(bench_event_t *ev, unsigned events)
{
    int            rc;
    ssize_t        n;
    bench_call_t  *c;

    c = (bench_call_t *) ev;

    if (c->state == BENCH_CONNECT || c->state == BENCH_TLS) {
        rc = bench_io_handshake(c);

        if (rc == CONVRELAY_OK) {
            bench_call_begin(c);

        } else if (rc == CONVRELAY_ERROR) {
            bench_call_fail(c, "the server refused a connection");
        }

        return;
    }

    do {
        n = bench_io_recv(c, bench.input, BENCH_INPUT);

        if (n == CONVRELAY_AGAIN) {
            return;
        }

        if (n > 0) {
            bench_call_read(c, bench.input, n);
            continue;
        }

        bench_call_fail(c, "the server closed a connection");
        return;

    } while (c->ssl && c->ev.fd != -1);
}


static void
bench_call_begin(bench_call_t *c)
{
    size_t  len;
    u_char  buf[BENCH_MAX_EVENT];

    if (bench.options.raw) {
        bench_call_open(c);
        return;
    }

    if (c->webhook) {
        c->state = BENCH_WEBHOOK;
        c->asked_at = bench_clock();
        len = bench_text_webhook(c, buf);

    } else {
        c->state = BENCH_UPGRADE;
        len = bench_text_upgrade(c, buf);
    }

    (void) bench_io_send(c, buf, len);
}


static void
bench_call_read(bench_call_t *c, u_char *p, size_t len)
{
    size_t   n;
    u_char  *whole;

    whole = NULL;

    if (c->nkept) {
        bench_call_keep(c, p, len);

        whole = c->kept;
        p = whole;
        len = c->nkept;

        c->kept = NULL;
        c->nkept = 0;
    }

    n = 0;

    if (c->state == BENCH_UPGRADE || c->state == BENCH_WEBHOOK) {
        n = bench_call_head(c, p, len);
    }

    if (n < len && c->ev.fd != -1 && c->state != BENCH_UPGRADE
        && c->state != BENCH_WEBHOOK)
    {
        bench.now = bench_clock();

        if (bench.options.raw) {
            bench_call_lines(c, p + n, p + len);

        } else {
            bench_call_frames(c, p + n, p + len);
        }
    }

    free(whole);
}


/* returns the length of the answer's head, once that is complete */

static size_t
bench_call_head(bench_call_t *c, u_char *p, size_t len)
{
    u_char  *end;

    end = memmem(p, len, "\r\n\r\n", 4);

    if (end == NULL) {
        bench_call_keep(c, p, len);
        return len;
    }

    end += 4;

    if (c->state == BENCH_WEBHOOK) {

        if (memmem(end, p + len - end, "</Response>", 11)) {
            convrelay_histogram_add(&bench.webhook,
                                    (bench_clock() - c->asked_at) / 1000);
            bench.webhooks++;
            bench_call_end(c);

        } else if (memcmp(p + 8, " 200", 4) == 0) {
            bench_call_keep(c, p, len);

        } else {
            bench_call_fail(c, "a webhook was not answered with 200");
        }

        return len;
    }

    if (bench_text_accepts(c, p, end - p) != CONVRELAY_OK) {
        bench_call_fail(c, "a handshake was not accepted");
        return len;
    }

    bench_call_open(c);

    return end - p;
}


static void
bench_call_open(bench_call_t *c)
{
    size_t  len;
    u_char  buf[BENCH_MAX_EVENT];

    c->state = BENCH_OPEN;
    bench.opened++;

    if (!bench.options.raw) {
        len = bench_text_setup(c, buf);

        if (bench_call_frame(c, CONVRELAY_WS_TEXT, buf, len)
            != CONVRELAY_OK)
        {
            return;
        }
    }

    if (c->shut) {
        bench_call_hangup(c);

    } else {
        bench_call_rest(c);
    }
}


static void
bench_call_frames(bench_call_t *c, u_char *p, u_char *last)
{
    int                     rc;
    convrelay_ws_message_t  m;

    for ( ;; ) {
        rc = convrelay_ws_read(&c->reader, &p, last, &m);

        if (rc == CONVRELAY_AGAIN) {
            return;
        }

        if (rc == CONVRELAY_ERROR) {
            bench_call_fail(c, c->reader.error);
            return;
        }

        switch (m.opcode) {

        case CONVRELAY_WS_TEXT:
            bench_call_message(c, &m.data);
            break;

        case CONVRELAY_WS_PING:
            (void) bench_call_frame(c, CONVRELAY_WS_PONG, m.data.data,
                                    m.data.len);
            break;

        case CONVRELAY_WS_CLOSE:

            if (c->state != BENCH_CLOSE) {
                bench_call_fail(c, "the server ended a call");
                return;
            }

            bench.closed++;
            bench_call_end(c);
            return;
        }

        if (c->ev.fd == -1) {
            return;
        }
    }
}


static void
bench_call_message(bench_call_t *c, const convrelay_str_t *m)
{
    const u_char  *p, *last;

    p = bench_call_member(m, "\"token\"", 7);

    if (p == NULL || *p++ != '"') {
        bench_fault(&bench.strange, "a message without a token: %.*s",
                    (int) m->len, m->data);
        return;
    }

    last = memchr(p, '"', m->data + m->len - p);

    if (last == NULL) {
        last = m->data + m->len;
    }

    if (p < last) {
        bench_call_words(c, p, last);
    }

    p = bench_call_member(m, "\"last\"", 6);

    if (p && *p == 't' && c->ev.fd != -1) {
        bench_call_answered(c);
    }
}


/* the value of a member, after white space */

static const u_char *
bench_call_member(const convrelay_str_t *m, const char *name, size_t len)
{
    const u_char  *p, *last;

    last = m->data + m->len;
    p = memmem(m->data, m->len, name, len);

    if (p == NULL) {
        return NULL;
    }

    for (p += len; p < last && (*p == ':' || *p == ' '); p++) { /* void */ }

    return p < last ? p : NULL;
}


static void
bench_call_lines(bench_call_t *c, u_char *p, u_char *last)
{
    u_char  *end;

    while (p < last && c->ev.fd != -1) {
        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            bench_call_keep(c, p, last - p);
            return;
        }

        bench_call_line(c, p, end - p);
        p = end + 1;
    }
}


static void
bench_call_line(bench_call_t *c, const u_char *p, size_t len)
{
    const u_char  *last;

    static const char  content[] = "\"delta\":{\"content\":\"";

    if (len < 6 || memcmp(p, "data: ", 6) != 0) {
        return;
    }

    if (len > 11 && memcmp(p + 6, "[DONE]", 6) == 0) {
        bench_call_answered(c);
        return;
    }

    last = p + len;
    p = memmem(p, len, content, sizeof(content) - 1);

    if (p) {
        p += sizeof(content) - 1;
        bench_call_words(c, p, memchr(p, '"', last - p));
    }
}


static void
bench_call_keep(bench_call_t *c, const u_char *p, size_t len)
{
    c->kept = realloc(c->kept, c->nkept + len);

    if (c->kept == NULL) {
        exit(2);
    }

    memcpy(c->kept + c->nkept, p, len);
    c->nkept += len;
}


/* one or more of " w123", with or without other words after them */

static void
bench_call_words(bench_call_t *c, const u_char *p, const u_char *last)
{
    unsigned       n, found;
    const u_char  *start;

    found = 0;
    start = p;

    while (p + 2 < last) {

        if (p[0] != ' ' || p[1] != 'w' || p[2] < '0' || p[2] > '9') {
            p++;
            continue;
        }

        n = 0;

        for (p += 2; p < last && *p >= '0' && *p <= '9'; p++) {
            n = n * 10 + *p - '0';
        }

        found = 1;
        bench_call_number(c, n);
    }

    if (!found) {
        bench_fault(&bench.strange, "an answer that is not the model's: "
                    "%.*s", (int) (last - start), start);
    }
}


static void
bench_call_number(bench_call_t *c, unsigned n)
{
    if (c->resync) {

        if (n != 0 || c->state != BENCH_ANSWER) {
            return;
        }

        c->resync = 0;
    }

    bench.tokens++;

    if (n < c->expect || c->state != BENCH_ANSWER) {
        bench_fault(&bench.doubled, "token %u came when it was the turn of "
                    "%u", n, c->expect);
        return;
    }

    if (n > c->expect) {
        bench_fault(&bench.lost, "token %u came after %u of them", n,
                    c->expect);
        bench.lost += n - c->expect - 1;
    }

    c->expect = n + 1;

    if (bench.measuring) {
        convrelay_histogram_add(&bench.delay,
            (bench.now - c->stamps[n & (bench.ring - 1)]) / 1000);
    }

    if (bench.token) {
        bench.token(c);
    }
}


static void
bench_call_answered(bench_call_t *c)
{
    if (c->state != BENCH_ANSWER || c->resync) {
        return;
    }

    if (c->expect != c->total) {
        bench_fault(&bench.lost, "an answer ended after %u of %u tokens",
                    c->expect, c->total);
        bench.lost += c->total - c->expect - 1;
    }

    bench.turns++;
    c->state = BENCH_OPEN;

    bench_call_rest(c);
}


/* a call with nothing to do asks again, or hangs up, or is idle */

static void
bench_call_rest(bench_call_t *c)
{
    if (c->want == 0) {

        if (bench.idle) {
            bench.idle(c);
        }

        return;
    }

    if (c->turn == bench.options.turns) {
        bench_call_hangup(c);
        return;
    }

    c->want--;
    bench_call_prompt(c);
}


void
bench_call_prompt(bench_call_t *c)
{
    size_t   len;
    u_char  *request, buf[BENCH_MAX_EVENT];

    c->turn++;
    c->expect = 0;
    c->total = bench.options.tokens;
    c->state = BENCH_ANSWER;
    c->tool = BENCH_TOOL_ASKED;
    c->tool_at = bench_clock();

    if (c->turn == 1 && bench.spread) {
        c->total = 1 + (uint64_t) c->index * c->total / bench.options.calls;
    }

    if (bench.options.raw) {
        request = bench_text_request(c, &len);
        (void) bench_io_send(c, request, len);
        free(request);
        return;
    }

    len = bench_text_prompt(c, buf);
    (void) bench_call_frame(c, CONVRELAY_WS_TEXT, buf, len);
}


void
bench_call_interrupt(bench_call_t *c)
{
    static const char  text[] = "{\"type\":\"interrupt\","
        "\"utteranceUntilInterrupt\":\" w0 w1\","
        "\"durationUntilInterruptMs\":460}";

    c->state = BENCH_CUT;
    c->resync = 1;
    c->cut_at = bench_clock();

    if (bench.options.raw) {
        bench_io_close(c);
        return;
    }

    (void) bench_call_frame(c, CONVRELAY_WS_TEXT, (const u_char *) text,
                            sizeof(text) - 1);
}


void
bench_call_cut(bench_call_t *c)
{
    bench_timer(c, 0);

    if (c->state == BENCH_CUT) {
        convrelay_histogram_add(&bench.cut, (bench_clock() - c->cut_at)
                                          / 1000);
        bench.cuts++;
        bench.idle(c);

    } else if (c->state == BENCH_ANSWER) {
        bench_fault(&bench.broken, "the server left the model in the middle "
                    "of an answer");
    }
}


void
bench_call_written(bench_call_t *c)
{
    if (c->state == BENCH_CUT) {
        bench.uncut++;
        bench.idle(c);
    }
}


void
bench_call_hangup(bench_call_t *c)
{
    static const u_char  code[] = { 0x03, 0xe8 };           /* 1000 */

    c->state = BENCH_CLOSE;

    if (bench.options.raw) {
        bench.closed++;
        bench_call_end(c);
        return;
    }

    (void) bench_call_frame(c, CONVRELAY_WS_CLOSE, code, 2);
}


void
bench_call_fail(bench_call_t *c, const char *what)
{
    bench_fault(&bench.failed, "call %u, turn %u: %s", c->index, c->turn,
                what);
    c->want = 0;
    bench_call_end(c);
}


void
bench_call_end(bench_call_t *c)
{
    bench_timer(c, 0);
    bench_io_close(c);
    convrelay_ws_reader_free(&c->reader);

    free(c->kept);
    c->kept = NULL;
    c->nkept = 0;
    c->what = BENCH_DUE_NOTHING;
    c->state = BENCH_NONE;

    if (c->stream) {
        c->stream->call = NULL;
        c->stream = NULL;
    }

    /* one that wants more turns has had those that a call may have */

    if (c->want) {
        c->what = BENCH_DUE_START;
        bench_timer(c, bench.now);

    } else if (bench.idle) {
        bench.idle(c);
    }
}


static int
bench_call_frame(bench_call_t *c, unsigned opcode, const u_char *data,
    size_t len)
{
    u_char  *p, mask[4], buf[BENCH_MAX_EVENT + CONVRELAY_WS_MAX_HEADER];

    bench.random = bench.random * 6364136223846793005ULL + 1442695040888963407;
    memcpy(mask, (u_char *) &bench.random + 4, 4);

    p = convrelay_ws_header_masked(buf, opcode, len, mask);
    memcpy(p, data, len);
    convrelay_ws_mask(p, len, mask, 0);

    return bench_io_send(c, buf, p + len - buf);
}
