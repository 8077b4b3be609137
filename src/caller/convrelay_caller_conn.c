
/*
 * Copyright (C) convrelay contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "convrelay_caller_conn.h"
#include "convrelay_caller_http.h"


static int convrelay_caller_conn_connect(convrelay_caller_conn_t *c, int err);
static int convrelay_caller_conn_connect_tls(convrelay_caller_conn_t *c);
static int convrelay_caller_conn_test(convrelay_caller_conn_t *c);
static int convrelay_caller_conn_connected(convrelay_caller_conn_t *c);
static void convrelay_caller_conn_request(convrelay_caller_conn_t *c);
static void convrelay_caller_conn_header(convrelay_caller_conn_t *c,
    const char *name, const char *value);
static void convrelay_caller_conn_edit(convrelay_caller_conn_t *c);
static int convrelay_caller_conn_response(convrelay_caller_conn_t *c);
static int convrelay_caller_conn_check(convrelay_caller_conn_t *c, char *head,
    size_t len);
static int convrelay_caller_conn_accept(convrelay_caller_conn_t *c,
    const char *accept);
static int convrelay_caller_conn_frame(convrelay_caller_conn_t *c,
    convrelay_ws_message_t *m);
static ssize_t convrelay_caller_conn_recv(convrelay_caller_conn_t *c,
    u_char *buf, size_t size);
static int convrelay_caller_conn_closed(convrelay_caller_conn_t *c);
static int convrelay_caller_conn_fail(convrelay_caller_conn_t *c,
    const char *fmt, ...) __attribute__((format(printf, 2, 3)));


int
convrelay_caller_conn_open(convrelay_caller_conn_t *c,
    const convrelay_caller_target_t *t)
{
    u_char  nonce[16];

    memset(c, 0, sizeof(convrelay_caller_conn_t));

    c->fd = -1;
    c->target = t;
    c->reader.unmasked = 1;
    c->reader.max_message = CONVRELAY_CALLER_MAX_MESSAGE;

    convrelay_caller_random(nonce, sizeof(nonce));
    EVP_EncodeBlock((u_char *) c->key, nonce, sizeof(nonce));

    if (t->tls) {
        return convrelay_caller_conn_connect_tls(c);
    }

    c->addr = t->addrs;

    return convrelay_caller_conn_connect(c, 0);
}


/* tries the target's next address; err is why the last one failed */

static int
convrelay_caller_conn_connect(convrelay_caller_conn_t *c, int err)
{
    int                     one, last;
    const struct addrinfo  *ai;

    if (c->target->addrs == NULL) {
        return convrelay_caller_conn_fail(c, "%s", c->target->error);
    }

    one = 1;

    while (c->addr) {
        ai = c->addr;
        c->addr = ai->ai_next;

        /* whoever waits for its events sees another number */

        last = c->fd;

        c->fd = socket(ai->ai_family, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC,
                       0);

        if (last != -1) {
            close(last);
        }

        if (c->fd == -1) {
            err = errno;
            continue;
        }

        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(int));

        if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) == 0) {
            return convrelay_caller_conn_connected(c);
        }

        if (errno == EINPROGRESS) {
            c->state = CONVRELAY_CALLER_CONN_CONNECTING;
            return CONVRELAY_AGAIN;
        }

        err = errno;
    }

    return convrelay_caller_conn_fail(c, "%s", strerror(err));
}


static int
convrelay_caller_conn_connect_tls(convrelay_caller_conn_t *c)
{
    char                              url[512], errbuf[CURL_ERROR_SIZE];
    CURLcode                          rc;
    curl_socket_t                     fd;
    struct curl_slist                *to;
    convrelay_caller_buf_t            b;
    const convrelay_caller_target_t  *t;

    t = c->target;
    to = NULL;
    errbuf[0] = '\0';
    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    c->curl = curl_easy_init();

    if (c->curl == NULL) {
        return convrelay_caller_conn_fail(c, "libcurl failed");
    }

    if (t->host) {
        convrelay_caller_buf_printf(&b, strchr(t->host, ':') ? "::[%s]:%s"
                                                           : "::%s:%s",
                                    t->host, t->port);
        to = curl_slist_append(NULL, b.data);
    }

    snprintf(url, sizeof(url), "https://%s/", t->parsed.authority);

    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c->curl, CURLOPT_CONNECT_TO, to);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, errbuf);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION,
                     (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long) (t->timeout ? t->timeout : 10000));

    convrelay_caller_tls(c->curl, t->insecure, t->cacert);

    rc = curl_easy_perform(c->curl);

    curl_easy_setopt(c->curl, CURLOPT_CONNECT_TO, NULL);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(to);
    convrelay_caller_buf_free(&b);

    if (rc == CURLE_SSL_CONNECT_ERROR
        && strstr(errbuf, "wrong version number") != NULL)
    {
        return convrelay_caller_conn_fail(c, "%s:%s does not speak TLS: write "
                                          "%sws://%s:%s, or --plain",
                                          t->host ? t->host : t->parsed.host,
                                          t->port,
                                          t->host ? "--connect-to " : "",
                                          t->host ? t->host : t->parsed.host,
                                          t->port);
    }

    if (rc != CURLE_OK) {
        return convrelay_caller_conn_fail(c, "%s%s", errbuf[0]
                                          ? errbuf : curl_easy_strerror(rc),
                                          convrelay_caller_tls_hint(rc,
                                                                    errbuf));
    }

    if (curl_easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK
        || fd == CURL_SOCKET_BAD)
    {
        return convrelay_caller_conn_fail(c, "libcurl gave no socket");
    }

    c->fd = fd;

    return convrelay_caller_conn_connected(c);
}


/* the socket reports the result of connect() */

static int
convrelay_caller_conn_test(convrelay_caller_conn_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
        err = errno;
    }

    if (err) {
        return convrelay_caller_conn_connect(c, err);
    }

    return convrelay_caller_conn_connected(c);
}


static int
convrelay_caller_conn_connected(convrelay_caller_conn_t *c)
{
    c->state = CONVRELAY_CALLER_CONN_HANDSHAKE;

    convrelay_caller_conn_request(c);

    return convrelay_caller_conn_flush(c);
}


/*
 * The handshake as Twilio sends it (docs/protocol.md, 4.9), in its order;
 * headers of --header replace those of the same name.
 */

static void
convrelay_caller_conn_request(convrelay_caller_conn_t *c)
{
    size_t                            i;
    convrelay_caller_buf_t           *b;
    const convrelay_caller_target_t  *t;

    b = &c->out;
    t = c->target;

    convrelay_caller_buf_printf(b, "GET %s HTTP/1.1\r\n", t->parsed.target);
    convrelay_caller_conn_header(c, "Host", t->authority
                                 ? t->authority : t->parsed.authority);
    convrelay_caller_conn_header(c, "Upgrade", "websocket");
    convrelay_caller_conn_header(c, "Connection", "Upgrade");
    convrelay_caller_conn_header(c, "Sec-WebSocket-Key", c->key);
    convrelay_caller_conn_header(c, "Sec-WebSocket-Version", "13");
    convrelay_caller_conn_header(c, "User-Agent", "Jetty/11.0.24");
    convrelay_caller_conn_header(c, "Accept-Encoding", "gzip");
    convrelay_caller_conn_header(c, "Pragma", "no-cache");
    convrelay_caller_conn_header(c, "Cache-Control", "no-cache");

    if (t->signature) {
        convrelay_caller_conn_header(c, "X-Twilio-Signature", t->signature);
        convrelay_caller_conn_header(c, "x-amzn-bedrock-agentcore-runtime-"
                                     "custom-twilio-signature", t->signature);
    }

    for (i = 0; i < t->headers.n; i++) {

        if (t->headers.elts[i].value[0]) {
            convrelay_caller_buf_printf(b, "%s: %s\r\n",
                                        t->headers.elts[i].name,
                                        t->headers.elts[i].value);
        }
    }

    convrelay_caller_buf_str(b, "\r\n");

    if (t->edit) {
        convrelay_caller_conn_edit(c);
    }
}


static void
convrelay_caller_conn_header(convrelay_caller_conn_t *c, const char *name,
    const char *value)
{
    if (!convrelay_caller_pairs_has(&c->target->headers, name)) {
        convrelay_caller_buf_printf(&c->out, "%s: %s\r\n", name, value);
    }
}


/* puts a fault into the handshake, for the server to find */

static void
convrelay_caller_conn_edit(convrelay_caller_conn_t *c)
{
    char                   *p;
    convrelay_caller_buf_t  b;

    p = strstr(c->out.data, c->target->edit);

    if (p == NULL) {
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_add(&b, c->out.data, p - c->out.data);
    convrelay_caller_buf_str(&b, c->target->edited);
    convrelay_caller_buf_str(&b, p + strlen(c->target->edit));

    convrelay_caller_buf_free(&c->out);
    c->out = b;
}


int
convrelay_caller_conn_read(convrelay_caller_conn_t *c, u_char *buf, size_t size,
    convrelay_ws_message_t *m)
{
    int      rc;
    ssize_t  n;

    memset(m, 0, sizeof(convrelay_ws_message_t));

    if (c->state == CONVRELAY_CALLER_CONN_CONNECTING) {
        rc = convrelay_caller_conn_test(c);

        if (rc == CONVRELAY_ERROR
            || c->state == CONVRELAY_CALLER_CONN_CONNECTING)
        {
            return rc;
        }
    }

    if (convrelay_caller_conn_flush(c) == CONVRELAY_ERROR
        && c->state != CONVRELAY_CALLER_CONN_OPEN)
    {
        return CONVRELAY_ERROR;
    }

    for ( ;; ) {

        if (c->state == CONVRELAY_CALLER_CONN_CLOSED) {
            return c->error[0] ? CONVRELAY_ERROR : CONVRELAY_DONE;
        }

        if (c->pos < c->last) {
            rc = convrelay_caller_conn_frame(c, m);

            if (rc != CONVRELAY_AGAIN) {
                return rc;
            }
        }

        /* a server that never stops would be all that is ever looked at */

        n = CONVRELAY_AGAIN;

        if (c->reads < CONVRELAY_CALLER_MAX_READS) {
            c->reads++;
            n = convrelay_caller_conn_recv(c, buf, size);
        }

        if (n == CONVRELAY_AGAIN) {
            c->reads = 0;
            return CONVRELAY_AGAIN;
        }

        if (n <= 0) {
            return convrelay_caller_conn_closed(c);
        }

        if (c->state == CONVRELAY_CALLER_CONN_OPEN) {
            c->pos = buf;
            c->last = buf + n;
            continue;
        }

        convrelay_caller_buf_add(&c->response, buf, n);
        rc = convrelay_caller_conn_response(c);

        if (rc == CONVRELAY_AGAIN) {
            continue;
        }

        if (rc == CONVRELAY_ERROR) {
            return CONVRELAY_ERROR;
        }

        /* bytes after the response are frames already */

        c->last = buf + n;
        c->pos = c->last - c->response.len;
        convrelay_caller_buf_free(&c->response);

        return CONVRELAY_OK;
    }
}


/* leaves the bytes after the header in response; they are of the last read */

static int
convrelay_caller_conn_response(convrelay_caller_conn_t *c)
{
    char    *end;
    size_t   len;

    end = strstr(c->response.data, "\r\n\r\n");

    if (end == NULL) {

        if (c->response.len > CONVRELAY_CALLER_MAX_RESPONSE) {
            return convrelay_caller_conn_fail(c, "the server's answer to the "
                                              "handshake has no end");
        }

        return CONVRELAY_AGAIN;
    }

    len = end + 4 - c->response.data;

    if (convrelay_caller_conn_check(c, c->response.data, len) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    c->response.len -= len;
    c->state = CONVRELAY_CALLER_CONN_OPEN;

    return CONVRELAY_OK;
}


/* RFC 6455, 4.1: what a client must check */

static int
convrelay_caller_conn_check(convrelay_caller_conn_t *c, char *head, size_t len)
{
    char             *p, *value, *accept;
    size_t            n;
    unsigned          upgrade, connection;
    convrelay_str_t   list;

    upgrade = 0;
    connection = 0;
    accept = NULL;

    if (strncmp(head, "HTTP/1.1 ", 9) != 0) {
        return convrelay_caller_conn_fail(c, "the server does not answer in "
                                          "HTTP/1.1");
    }

    c->status = atoi(head + 9);

    if (c->status != 101) {
        return convrelay_caller_conn_fail(c, "the server answered \"%.*s\" to "
                                          "the WebSocket handshake",
                                          (int) strcspn(head + 9, "\r\n"),
                                          head + 9);
    }

    head[len - 2] = '\0';

    for (p = strstr(head, "\r\n") + 2; *p; p += n + 2) {
        n = strcspn(p, "\r");
        value = memchr(p, ':', n);

        if (value == NULL) {
            return convrelay_caller_conn_fail(c, "the server answered a header "
                                              "line without a colon");
        }

        *value++ = '\0';
        p[n] = '\0';
        value += strspn(value, " \t");

        list.data = (u_char *) value;
        list.len = strlen(value);

        if (strcasecmp(p, "Upgrade") == 0) {
            upgrade = convrelay_ws_has_token(&list, "websocket");

        } else if (strcasecmp(p, "Connection") == 0) {
            connection |= convrelay_ws_has_token(&list, "upgrade");

        } else if (strcasecmp(p, "Sec-WebSocket-Accept") == 0) {
            accept = value;

        } else if (strcasecmp(p, "Sec-WebSocket-Extensions") == 0
                   || strcasecmp(p, "Sec-WebSocket-Protocol") == 0)
        {
            return convrelay_caller_conn_fail(c, "the server accepted %s, "
                                              "which was not offered", p);
        }
    }

    if (!upgrade || !connection) {
        return convrelay_caller_conn_fail(c, "the server's 101 lacks %s",
                                          upgrade ? "Connection: upgrade"
                                                : "Upgrade: websocket");
    }

    return convrelay_caller_conn_accept(c, accept);
}


static int
convrelay_caller_conn_accept(convrelay_caller_conn_t *c, const char *accept)
{
    char    text[CONVRELAY_WS_KEY_LEN + sizeof(CONVRELAY_WS_GUID)];
    char    want[CONVRELAY_WS_ACCEPT_LEN + 1];
    u_char  md[SHA_DIGEST_LENGTH];

    snprintf(text, sizeof(text), "%s%s", c->key, CONVRELAY_WS_GUID);
    SHA1((u_char *) text, strlen(text), md);
    EVP_EncodeBlock((u_char *) want, md, sizeof(md));

    if (accept == NULL || strncmp(accept, want, sizeof(want) - 1) != 0
        || accept[sizeof(want) - 1 + strspn(accept + sizeof(want) - 1, " ")])
    {
        return convrelay_caller_conn_fail(c, "the server's "
                                          "Sec-WebSocket-Accept is %s",
                                          accept ? "wrong" : "missing");
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_conn_frame(convrelay_caller_conn_t *c,
    convrelay_ws_message_t *m)
{
    int  rc;

    for ( ;; ) {
        rc = convrelay_ws_read(&c->reader, &c->pos, c->last, m);

        if (rc == CONVRELAY_AGAIN) {
            c->pos = c->last;
            return CONVRELAY_AGAIN;
        }

        if (rc != CONVRELAY_OK) {
            convrelay_caller_conn_close(c, c->reader.close_code, "");
            return convrelay_caller_conn_fail(c, "the server sent %s (close "
                                              "code %u)", c->reader.error,
                                              c->reader.close_code);
        }

        if (m->opcode == CONVRELAY_WS_PING) {
            convrelay_caller_conn_send(c, CONVRELAY_WS_PONG, m->data.data,
                                       m->data.len);

            if (c->state == CONVRELAY_CALLER_CONN_CLOSED) {
                return CONVRELAY_ERROR;
            }

            continue;
        }

        if (m->opcode == CONVRELAY_WS_CLOSE) {
            c->close_received = 1;
            c->code = m->code;
            snprintf(c->reason, sizeof(c->reason), "%.*s",
                     (int) m->data.len, (char *) m->data.data);

            if (!c->close_sent) {
                convrelay_caller_conn_close(c, m->code == CONVRELAY_WS_NO_STATUS
                                            ? CONVRELAY_WS_NORMAL : m->code,
                                            "");
            }

            c->state = CONVRELAY_CALLER_CONN_CLOSED;
            return CONVRELAY_DONE;
        }

        return CONVRELAY_OK;
    }
}


static ssize_t
convrelay_caller_conn_recv(convrelay_caller_conn_t *c, u_char *buf, size_t size)
{
    size_t    len;
    ssize_t   n;
    CURLcode  rc;

    if (c->curl) {
        rc = curl_easy_recv(c->curl, buf, size, &len);

        if (rc == CURLE_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        return (rc == CURLE_OK) ? (ssize_t) len : CONVRELAY_ERROR;
    }

    do {
        n = recv(c->fd, buf, size, 0);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        return (errno == EAGAIN) ? CONVRELAY_AGAIN : CONVRELAY_ERROR;
    }

    return n;
}


int
convrelay_caller_conn_drop(convrelay_caller_conn_t *c, u_char *buf, size_t size)
{
    return (int) convrelay_caller_conn_recv(c, buf, size);
}


static int
convrelay_caller_conn_closed(convrelay_caller_conn_t *c)
{
    c->eof = 1;

    if (c->state != CONVRELAY_CALLER_CONN_OPEN) {
        return convrelay_caller_conn_fail(c, "the server closed the connection "
                                          "during the handshake");
    }

    if (c->code == 0) {
        c->code = 1006;
    }

    c->state = CONVRELAY_CALLER_CONN_CLOSED;

    return CONVRELAY_DONE;
}


void
convrelay_caller_conn_send(convrelay_caller_conn_t *c, unsigned opcode,
    const void *data, size_t len)
{
    convrelay_caller_conn_send_part(c, opcode, data, len, len);
}


void
convrelay_caller_conn_send_part(convrelay_caller_conn_t *c, unsigned opcode,
    const void *data, size_t len, size_t part)
{
    u_char   mask[4], head[CONVRELAY_WS_MAX_HEADER], *last;
    size_t   start;

    if (c->state != CONVRELAY_CALLER_CONN_OPEN || c->close_sent) {
        return;
    }

    convrelay_caller_random(mask, sizeof(mask));

    last = convrelay_ws_header_masked(head, opcode, len, mask);
    convrelay_caller_buf_add(&c->out, head, last - head);

    start = c->out.len;
    convrelay_caller_buf_add(&c->out, data, part);
    convrelay_ws_mask((u_char *) c->out.data + start, part, mask, 0);

    (void) convrelay_caller_conn_flush(c);

    /* pongs are asked for by the server */

    if (c->out.len > CONVRELAY_CALLER_MAX_OUTPUT) {
        (void) convrelay_caller_conn_fail(c, "the server does not read: %zu "
                                             "bytes are queued for it",
                                          c->out.len - c->sent);
    }
}


void
convrelay_caller_conn_close(convrelay_caller_conn_t *c, unsigned code,
    const char *reason)
{
    u_char           payload[CONVRELAY_WS_MAX_CONTROL], *last;
    convrelay_str_t  s;

    s.data = (u_char *) reason;
    s.len = strlen(reason);

    last = convrelay_ws_close_payload(payload, code, &s);

    convrelay_caller_conn_send(c, CONVRELAY_WS_CLOSE, payload, last - payload);
    c->close_sent = 1;
}


int
convrelay_caller_conn_flush(convrelay_caller_conn_t *c)
{
    size_t    n;
    ssize_t   rc;
    CURLcode  code;

    if (c->state == CONVRELAY_CALLER_CONN_CONNECTING) {
        return CONVRELAY_AGAIN;
    }

    while (c->sent < c->out.len) {

        if (c->curl) {
            code = curl_easy_send(c->curl, c->out.data + c->sent,
                                  c->out.len - c->sent, &n);

            if (code == CURLE_AGAIN) {
                return CONVRELAY_AGAIN;
            }

            rc = (code == CURLE_OK) ? (ssize_t) n : -1;

        } else {
            rc = send(c->fd, c->out.data + c->sent, c->out.len - c->sent,
                      MSG_NOSIGNAL);

            if (rc == -1 && errno == EINTR) {
                continue;
            }

            if (rc == -1 && errno == EAGAIN) {
                return CONVRELAY_AGAIN;
            }
        }

        if (rc == -1) {
            c->out.len = 0;
            c->sent = 0;
            return CONVRELAY_ERROR;
        }

        c->sent += rc;
    }

    c->out.len = 0;
    c->sent = 0;

    return CONVRELAY_OK;
}


int
convrelay_caller_conn_writes(const convrelay_caller_conn_t *c)
{
    return c->state == CONVRELAY_CALLER_CONN_CONNECTING || c->sent < c->out.len;
}


void
convrelay_caller_conn_free(convrelay_caller_conn_t *c, unsigned rst)
{
    struct linger  linger;

    if (rst && c->fd != -1) {
        linger.l_onoff = 1;
        linger.l_linger = 0;
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger,
                   sizeof(struct linger));
    }

    if (c->curl) {
        curl_easy_cleanup(c->curl);

    } else if (c->fd != -1) {
        close(c->fd);
    }

    c->curl = NULL;
    c->fd = -1;
    c->pos = NULL;
    c->last = NULL;

    convrelay_ws_reader_free(&c->reader);
    convrelay_caller_buf_free(&c->out);
    convrelay_caller_buf_free(&c->response);

    c->sent = 0;
    c->state = CONVRELAY_CALLER_CONN_CLOSED;
}


static int
convrelay_caller_conn_fail(convrelay_caller_conn_t *c, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(c->error, sizeof(c->error), fmt, args);
    va_end(args);

    c->state = CONVRELAY_CALLER_CONN_CLOSED;

    return CONVRELAY_ERROR;
}
