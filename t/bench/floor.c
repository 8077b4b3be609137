
/*
 * Copyright (C) convrelay contributors
 *
 * The floor of the benchmark: the least that a relay can do.  It finds each
 * token by its name, without a look at the rest of the event, checks nothing,
 * remembers nothing, and writes what came in one read in one write.
 *
 * floor PORT MODEL_PORT
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/sha.h>


#define FLOOR_GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define FLOOR_EVENTS  256
#define FLOOR_READ    16384
#define FLOOR_KEEP    8192              /* input without its end, at most */

#define FLOOR_BODY                                                           \
    "{\"model\":\"bench\",\"stream\":true,\"messages\":["                    \
    "{\"role\":\"system\",\"content\":\"You are a helpful assistant on the " \
    "phone.\"},{\"role\":\"user\",\"content\":\"%.*s\"}]}"


typedef struct floor_conn_s  floor_conn_t;

typedef void (*floor_handler_pt)(floor_conn_t *c, u_char *p, u_char *last);


struct floor_conn_s {
    int                fd;
    floor_handler_pt   handler;           /* takes what was read */
    floor_conn_t      *peer;              /* caller and model */
    floor_conn_t      *next;              /* idle or closed ones */
    size_t             nkept;
    u_char            *kept;
};


static int floor_listen(int port);
static void floor_accept(int listener);
static floor_conn_t *floor_conn(int fd, floor_handler_pt handler);
static void floor_read(floor_conn_t *c);
static void floor_keep(floor_conn_t *c, u_char *p, u_char *last);
static void floor_close(floor_conn_t *c);
static void floor_upgrade(floor_conn_t *c, u_char *p, u_char *last);
static void floor_frames(floor_conn_t *c, u_char *p, u_char *last);
static void floor_message(floor_conn_t *c, u_char *p, size_t len);
static void floor_ask(floor_conn_t *c, u_char *prompt, size_t len);
static floor_conn_t *floor_connect(void);
static void floor_events(floor_conn_t *m, u_char *p, u_char *last);
static u_char *floor_text(u_char *p, u_char *token, size_t len,
    const char *end);
static void floor_send(floor_conn_t *c, u_char *p, size_t len);


static int            floor_epoll;
static int            floor_model_port;
static floor_conn_t  *floor_idle;
static floor_conn_t  *floor_closed;
static u_char         floor_in[FLOOR_KEEP + FLOOR_READ + 1];
static u_char         floor_out[2 * FLOOR_READ];


int
main(int argc, char **argv)
{
    int                  i, n, listener;
    floor_conn_t        *c;
    struct rlimit        rlim;
    struct epoll_event   events[FLOOR_EVENTS];

    if (argc != 3) {
        fprintf(stderr, "usage: floor PORT MODEL_PORT\n");
        return 2;
    }

    signal(SIGPIPE, SIG_IGN);

    getrlimit(RLIMIT_NOFILE, &rlim);
    rlim.rlim_cur = rlim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rlim);

    floor_model_port = atoi(argv[2]);
    floor_epoll = epoll_create1(0);
    listener = floor_listen(atoi(argv[1]));

    for ( ;; ) {
        n = epoll_wait(floor_epoll, events, FLOOR_EVENTS, -1);

        for (i = 0; i < n; i++) {

            if (events[i].data.ptr == NULL) {
                floor_accept(listener);

            } else {
                floor_read(events[i].data.ptr);
            }
        }

        /* no event that was read already leads to them any more */

        while (floor_closed) {
            c = floor_closed;
            floor_closed = c->next;
            free(c);
        }
    }
}


static int
floor_listen(int port)
{
    int                  fd, on;
    struct epoll_event   ee;
    struct sockaddr_in   sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);

    on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(port);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 4096) == -1)
    {
        perror("listen");
        exit(1);
    }

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = EPOLLIN;
    epoll_ctl(floor_epoll, EPOLL_CTL_ADD, fd, &ee);

    return fd;
}


static void
floor_accept(int listener)
{
    int  fd, on;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

        if (fd == -1) {
            return;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
        floor_conn(fd, floor_upgrade);
    }
}


static floor_conn_t *
floor_conn(int fd, floor_handler_pt handler)
{
    floor_conn_t        *c;
    struct epoll_event   ee;

    c = calloc(1, sizeof(floor_conn_t));

    if (c == NULL) {
        exit(1);
    }

    c->fd = fd;
    c->handler = handler;

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = EPOLLIN;
    ee.data.ptr = c;
    epoll_ctl(floor_epoll, EPOLL_CTL_ADD, fd, &ee);

    return c;
}


static void
floor_read(floor_conn_t *c)
{
    size_t   kept;
    ssize_t  n;

    if (c->fd == -1) {
        return;
    }

    kept = c->nkept;

    n = recv(c->fd, floor_in + kept, FLOOR_READ, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        floor_close(c);
        return;
    }

    if (kept) {
        memcpy(floor_in, c->kept, kept);
        c->nkept = 0;
        free(c->kept);
    }

    n += kept;
    floor_in[n] = '\0';

    c->handler(c, floor_in, floor_in + n);
}


static void
floor_keep(floor_conn_t *c, u_char *p, u_char *last)
{
    size_t  len;

    len = last - p;

    if (len == 0 || c->fd == -1) {
        return;
    }

    if (len > FLOOR_KEEP) {
        floor_close(c);
        return;
    }

    c->kept = malloc(len);

    if (c->kept == NULL) {
        exit(1);
    }

    memcpy(c->kept, p, len);
    c->nkept = len;
}


/* of a call, the connection to the model goes too */

static void
floor_close(floor_conn_t *c)
{
    floor_conn_t  *peer, **p;

    if (c->fd == -1) {
        return;
    }

    for (p = &floor_idle; *p; p = &(*p)->next) {

        if (*p == c) {
            *p = c->next;
            break;
        }
    }

    peer = c->peer;
    c->peer = NULL;

    close(c->fd);
    c->fd = -1;
    c->next = floor_closed;
    floor_closed = c;

    if (c->nkept) {
        free(c->kept);
    }

    if (peer) {
        peer->peer = NULL;
        floor_close(peer);
    }
}


static void
floor_upgrade(floor_conn_t *c, u_char *p, u_char *last)
{
    int      len;
    char     text[24 + sizeof(FLOOR_GUID)];
    u_char  *key, *end, md[SHA_DIGEST_LENGTH], accept[29];

    static const char  name[] = "\r\nSec-WebSocket-Key: ";

    end = memmem(p, last - p, "\r\n\r\n", 4);

    if (end == NULL) {
        floor_keep(c, p, last);
        return;
    }

    key = memmem(p, end - p, name, sizeof(name) - 1);

    if (key == NULL) {
        floor_close(c);
        return;
    }

    sprintf(text, "%.24s" FLOOR_GUID, key + sizeof(name) - 1);
    SHA1((u_char *) text, strlen(text), md);
    EVP_EncodeBlock(accept, md, SHA_DIGEST_LENGTH);

    len = sprintf((char *) floor_out, "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n"
                  "\r\n", accept);

    c->handler = floor_frames;
    floor_send(c, floor_out, len);
    floor_frames(c, end + 4, last);
}


static void
floor_frames(floor_conn_t *c, u_char *p, u_char *last)
{
    size_t   i, len, head;
    u_char  *mask, opcode;

    while (last - p >= 6 && c->fd != -1) {
        opcode = p[0] & 0x0f;
        len = p[1] & 0x7f;
        head = 6;

        if (len == 126) {
            len = p[2] << 8 | p[3];
            head = 8;
        }

        if ((size_t) (last - p) < head + len) {
            break;
        }

        mask = p + head - 4;
        p += head;

        for (i = 0; i < len; i++) {
            p[i] ^= mask[i & 3];
        }

        if (opcode == 1) {
            floor_message(c, p, len);

        } else if (opcode == 8) {
            floor_send(c, (u_char *) "\x88\x02\x03\xe8", 4);
            floor_close(c);
        }

        p += len;
    }

    floor_keep(c, p, last);
}


static void
floor_message(floor_conn_t *c, u_char *p, size_t len)
{
    u_char        *end;
    floor_conn_t  *model;

    static const char  prompt[] = "\"voicePrompt\":\"";

    if (memmem(p, len, "\"type\":\"interrupt\"", 18)) {
        model = c->peer;

        if (model) {
            c->peer = NULL;
            model->peer = NULL;
            floor_close(model);
        }

        return;
    }

    end = p + len;
    p = memmem(p, len, prompt, sizeof(prompt) - 1);

    if (p == NULL) {
        return;
    }

    p += sizeof(prompt) - 1;
    end = memchr(p, '"', end - p);

    if (end && c->peer == NULL) {
        floor_ask(c, p, end - p);
    }
}


static void
floor_ask(floor_conn_t *c, u_char *prompt, size_t len)
{
    int            n;
    floor_conn_t  *model;

    model = floor_idle;

    if (model) {
        floor_idle = model->next;

    } else {
        model = floor_connect();
    }

    model->peer = c;
    c->peer = model;

    n = sprintf((char *) floor_out, "POST /v1/chat/completions HTTP/1.1\r\n"
                "Host: 127.0.0.1\r\n"
                "Content-Type: application/json\r\n"
                "Content-Length: %zu\r\n"
                "\r\n" FLOOR_BODY, sizeof(FLOOR_BODY) - 5 + len, (int) len,
                prompt);

    floor_send(model, floor_out, n);
}


/* a loopback connection is there before connect() returns */

static floor_conn_t *
floor_connect(void)
{
    int                  fd, on;
    struct sockaddr_in   sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);

    on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(floor_model_port);

    (void) connect(fd, (struct sockaddr *) &sin, sizeof(sin));

    return floor_conn(fd, floor_events);
}


static void
floor_events(floor_conn_t *m, u_char *p, u_char *last)
{
    int      done;
    u_char  *end, *line, *token, *out;

    static const char  content[] = "\"content\":\"";

    done = 0;
    out = floor_out;

    while (p < last && !done) {
        line = p;
        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            break;
        }

        p = end + 1;

        if (end - line < 6 || memcmp(line, "data: ", 6) != 0) {
            continue;
        }

        if (memcmp(line + 6, "[DONE]", 6) == 0) {
            out = floor_text(out, line, 0, "true");
            done = 1;
            continue;
        }

        token = memmem(line, end - line, content, sizeof(content) - 1);

        if (token == NULL) {
            continue;
        }

        token += sizeof(content) - 1;
        end = memchr(token, '"', end - token);

        if (end && end > token) {
            out = floor_text(out, token, end - token, "false");
        }
    }

    if (m->peer && out > floor_out) {
        floor_send(m->peer, floor_out, out - floor_out);
    }

    if (!done) {
        floor_keep(m, p, last);

    } else if (m->peer) {
        m->peer->peer = NULL;
        m->peer = NULL;
        m->next = floor_idle;
        floor_idle = m;
    }
}


static u_char *
floor_text(u_char *p, u_char *token, size_t len, const char *end)
{
    int  n;

    static const char  head[] = "{\"type\":\"text\",\"token\":\"";

    n = sizeof(head) - 1 + len + sizeof("\",\"last\":}") - 1 + strlen(end);

    *p++ = 0x81;

    if (n < 126) {
        *p++ = n;

    } else {
        *p++ = 126;
        *p++ = n >> 8;
        *p++ = n;
    }

    p = mempcpy(p, head, sizeof(head) - 1);
    p = mempcpy(p, token, len);
    p = mempcpy(p, "\",\"last\":", 9);
    p = mempcpy(p, end, strlen(end));
    *p++ = '}';

    return p;
}


/* who does not take it all is closed */

static void
floor_send(floor_conn_t *c, u_char *p, size_t len)
{
    if (send(c->fd, p, len, MSG_NOSIGNAL) != (ssize_t) len) {
        floor_close(c);
    }
}
