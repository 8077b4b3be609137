
/*
 * Copyright (C) convrelay contributors
 *
 * The model.  A request names the call that it is for, in the words of its
 * last prompt: "[c17 t3] ...".  Its answer is paced by the call's timer, or
 * goes out as fast as the socket takes it.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include "bench.h"


#define BENCH_BATCH  64                 /* events in a write, at most */
#define BENCH_FLAT   65536              /* socket buffer, without a pace */


static void bench_model_accept_handler(bench_event_t *ev, unsigned events);
static void bench_model_handler(bench_event_t *ev, unsigned events);
static int bench_model_read(bench_stream_t *s);
static void bench_model_keep(bench_stream_t *s, const u_char *p, size_t len);
static ssize_t bench_model_request(bench_stream_t *s, u_char *p, size_t len);
static ssize_t bench_model_length(const u_char *p, size_t len);
static void bench_model_answer(bench_stream_t *s, u_char *body, size_t len);
static void bench_model_tool(bench_stream_t *s, u_char *body, size_t len);
static bench_call_t *bench_model_call(const u_char *body, size_t len);
static unsigned bench_model_number(const u_char **p, const u_char *last,
    const char *prefix);
static void bench_model_history(bench_call_t *c, const u_char *body,
    size_t len);
static void bench_model_pump(bench_stream_t *s);
static void bench_model_send(bench_stream_t *s, const u_char *p, size_t len);
static void bench_model_finished(bench_stream_t *s);
static void bench_model_close(bench_stream_t *s);


static bench_event_t  bench_model_listener;


void
bench_model_listen(int port)
{
    int                  fd, on;
    struct sockaddr_in   sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int));

    if (bench.gap == 0) {
        on = BENCH_FLAT;
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &on, sizeof(int));
    }

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(port);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 4096) == -1)
    {
        fprintf(stderr, "127.0.0.1:%d: %s\n", port, strerror(errno));
        exit(2);
    }

    bench_model_listener.fd = fd;
    bench_model_listener.handler = bench_model_accept_handler;
    bench_watch(&bench_model_listener, EPOLLIN);
}


static void
bench_model_accept_handler(bench_event_t *ev, unsigned events)
{
    int              fd, on;
    bench_stream_t  *s;

    for ( ;; ) {
        fd = accept4(ev->fd, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd == -1) {
            return;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

        s = bench_alloc(sizeof(bench_stream_t));
        s->ev.fd = fd;
        s->ev.handler = bench_model_handler;
        bench_watch(&s->ev, EPOLLIN);
    }
}


static void
bench_model_handler(bench_event_t *ev, unsigned events)
{
    size_t           n;
    u_char          *out;
    bench_stream_t  *s;

    s = (bench_stream_t *) ev;

    if (events & (EPOLLIN|EPOLLHUP|EPOLLERR)
        && bench_model_read(s) != CONVRELAY_OK)
    {
        bench_model_close(s);
        return;
    }

    if (!(events & EPOLLOUT)) {
        return;
    }

    if (s->nout) {
        out = s->out;
        n = s->nout;
        s->out = NULL;
        s->nout = 0;
        bench_model_send(s, out, n);
        free(out);
    }

    if (s->nout == 0) {

        if (s->call && bench.gap == 0) {
            bench_model_pump(s);

        } else {
            bench_watch(&s->ev, EPOLLIN);
        }
    }
}


static int
bench_model_read(bench_stream_t *s)
{
    u_char   *p;
    size_t    len;
    ssize_t   n;

    n = recv(s->ev.fd, bench.input, BENCH_INPUT, 0);

    if (n == -1 && errno == EAGAIN) {
        return CONVRELAY_OK;
    }

    if (n <= 0) {
        return CONVRELAY_DONE;
    }

    p = bench.input;
    len = n;

    if (s->nin) {
        bench_model_keep(s, p, len);
        p = s->in;
        len = s->nin;
    }

    n = bench_model_request(s, p, len);

    if (n == CONVRELAY_AGAIN) {

        if (s->nin == 0) {
            bench_model_keep(s, p, len);
        }

        return CONVRELAY_OK;
    }

    free(s->in);
    s->in = NULL;
    s->nin = 0;

    return n == (ssize_t) len ? CONVRELAY_OK : CONVRELAY_ERROR;
}


static void
bench_model_keep(bench_stream_t *s, const u_char *p, size_t len)
{
    s->in = realloc(s->in, s->nin + len);

    if (s->in == NULL) {
        exit(2);
    }

    memcpy(s->in + s->nin, p, len);
    s->nin += len;
}


/* returns the request's length, CONVRELAY_AGAIN or CONVRELAY_ERROR */

static ssize_t
bench_model_request(bench_stream_t *s, u_char *p, size_t len)
{
    u_char   *body;
    ssize_t   n;

    body = memmem(p, len, "\r\n\r\n", 4);

    if (body == NULL) {
        return CONVRELAY_AGAIN;
    }

    body += 4;
    n = bench_model_length(p, body - p);

    if (n <= 0) {
        bench_fault(&bench.broken, "a request without Content-Length: %.80s",
                    p);
        return CONVRELAY_ERROR;
    }

    if ((size_t) (p + len - body) < (size_t) n) {
        return CONVRELAY_AGAIN;
    }

    if (memmem(p, body - p, " /tool ", 7)) {
        bench_model_tool(s, body, n);

    } else {
        bench_model_answer(s, body, n);
    }

    return body + n - p;
}


static ssize_t
bench_model_length(const u_char *p, size_t len)
{
    const u_char  *last;

    static const char  name[] = "\ncontent-length:";

    for (last = p + len - sizeof(name); p < last; p++) {
        p = memchr(p, '\n', last - p);

        if (p == NULL) {
            break;
        }

        if (strncasecmp((const char *) p, name, sizeof(name) - 1) == 0) {
            return atol((const char *) p + sizeof(name) - 1);
        }
    }

    return 0;
}


static void
bench_model_answer(bench_stream_t *s, u_char *body, size_t len)
{
    size_t         n;
    u_char         buf[BENCH_MAX_EVENT];
    bench_call_t  *c;

    c = bench_model_call(body, len);

    if (c == NULL || c->state != BENCH_ANSWER || c->stream || s->call) {
        bench_fault(&bench.broken, "a request that no call waits for");
        return;
    }

    if (bench.tools && c->tool == BENCH_TOOL_ASKED) {
        c->tool = BENCH_TOOL_CALLED;
        n = bench_text_call(c, buf);
        bench_model_send(s, buf, n);
        return;
    }

    if (bench.tools) {

        if (c->tool != BENCH_TOOL_DONE) {
            bench_fault(&bench.broken, "the model was asked again without a "
                        "result");
            return;
        }

        c->tool = BENCH_TOOL_TOLD;

        if (bench.measuring) {
            convrelay_histogram_add(&bench.result,
                                    (bench_clock() - c->tool_at) / 1000);
        }
    }

    bench_model_history(c, body, len);

    s->call = c;
    s->next = 0;
    s->total = c->total;
    c->stream = s;

    if (bench.gap == 0) {
        bench_model_pump(s);
        return;
    }

    n = bench_text_head(buf);
    bench_model_send(s, buf, n);

    if (c->next_at < bench.now) {
        c->next_at = bench.now + (c->next_at ? 0 : bench.gap);
    }

    bench_timer(c, c->next_at);
}


static void
bench_model_tool(bench_stream_t *s, u_char *body, size_t len)
{
    size_t         n;
    u_char         buf[BENCH_MAX_EVENT];
    int64_t        now;
    bench_call_t  *c;

    now = bench_clock();
    c = bench_model_call(body, len);

    if (c == NULL || c->tool != BENCH_TOOL_CALLED) {
        bench_fault(&bench.broken, "a tool that was not called");
        return;
    }

    if (bench.measuring) {
        convrelay_histogram_add(&bench.tool, (now - c->tool_at) / 1000);
    }

    c->tool = BENCH_TOOL_DONE;
    c->tool_at = bench_clock();

    n = bench_text_result(buf);
    bench_model_send(s, buf, n);
}


static bench_call_t *
bench_model_call(const u_char *body, size_t len)
{
    unsigned       index, turn;
    const u_char  *p, *q, *last;

    last = body + len;

    for (p = memrchr(body, '[', len); p; p = memrchr(body, '[', p - body)) {
        q = p;
        index = bench_model_number(&q, last, "[c");
        turn = bench_model_number(&q, last, " t");

        if (q == last || *q != ']') {
            continue;
        }

        return index < bench.options.calls
               && turn == bench.calls[index].turn ? &bench.calls[index]
                                                  : NULL;
    }

    return NULL;
}


/* a number after a prefix; *p is moved past it, or to last */

static unsigned
bench_model_number(const u_char **p, const u_char *last, const char *prefix)
{
    size_t         len;
    unsigned       n;
    const u_char  *q;

    q = *p;
    *p = last;
    len = strlen(prefix);

    if ((size_t) (last - q) < len || memcmp(q, prefix, len) != 0) {
        return 0;
    }

    n = 0;

    for (q += len; q < last && *q >= '0' && *q <= '9'; q++) {
        n = n * 10 + *q - '0';
    }

    *p = q;

    return n;
}


/* the system prompt, two messages an earlier turn, and what was just asked */

static void
bench_model_history(bench_call_t *c, const u_char *body, size_t len)
{
    unsigned       n;
    const u_char  *p, *last;

    static const char  role[] = "\"role\"";

    if (!bench.options.history || c->resync) {
        return;
    }

    n = 0;
    last = body + len;

    for (p = body; p; n++) {
        p = memmem(p, last - p, role, sizeof(role) - 1);

        if (p == NULL) {
            break;
        }

        p += sizeof(role) - 1;
    }

    if (n != 2 * c->turn) {
        bench_fault(&bench.forgot, "turn %u was asked with %u messages",
                    c->turn, n);
    }
}


void
bench_model_due(bench_call_t *c)
{
    size_t           n;
    u_char           buf[BENCH_MAX_EVENT];
    bench_stream_t  *s;

    s = c->stream;

    if (s->next == s->total) {
        n = bench_text_finish(buf);
        bench_model_finished(s);
        bench_model_send(s, buf, n);
        bench_call_written(c);
        return;
    }

    n = bench_text_token(buf, s->next);

    c->stamps[s->next++ & (bench.ring - 1)] = bench_clock();
    bench_model_send(s, buf, n);

    c->next_at += bench.gap;
    bench_timer(c, c->next_at);
}


static void
bench_model_pump(bench_stream_t *s)
{
    u_char    *p;
    int64_t    now;
    unsigned   last;

    static u_char  buf[(BENCH_BATCH + 2) * BENCH_MAX_EVENT];

    p = buf;
    last = s->next + bench.options.batch;
    last = last < s->total ? last : s->total;

    if (s->next == 0) {
        p += bench_text_head(p);
    }

    now = bench_clock();

    while (s->next < last) {
        s->call->stamps[s->next & (bench.ring - 1)] = now;
        p += bench_text_token(p, s->next++);
    }

    if (s->next == s->total) {
        p += bench_text_finish(p);
        bench_model_finished(s);
        bench_watch(&s->ev, EPOLLIN);

    } else {
        bench_watch(&s->ev, EPOLLIN|EPOLLOUT);
    }

    bench_model_send(s, buf, p - buf);
}


static void
bench_model_send(bench_stream_t *s, const u_char *p, size_t len)
{
    ssize_t  n;

    n = 0;

    if (s->nout == 0) {
        n = send(s->ev.fd, p, len, MSG_NOSIGNAL);

        if (n == (ssize_t) len) {
            return;
        }

        if (n == -1) {

            /* a reset is found by reading */

            if (errno != EAGAIN) {
                return;
            }

            n = 0;
        }
    }

    s->out = realloc(s->out, s->nout + len - n);

    if (s->out == NULL) {
        exit(2);
    }

    memcpy(s->out + s->nout, p + n, len - n);
    s->nout += len - n;

    bench_watch(&s->ev, EPOLLIN|EPOLLOUT);
}


static void
bench_model_finished(bench_stream_t *s)
{
    s->call->stream = NULL;
    s->call = NULL;
}


static void
bench_model_close(bench_stream_t *s)
{
    bench_call_t  *c;

    c = s->call;

    if (c) {
        bench_model_finished(s);
        bench_call_cut(c);
    }

    bench_unwatch(&s->ev);
    free(s->in);
    free(s->out);
    free(s);
}
