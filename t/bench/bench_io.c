
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "bench.h"


#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT  24
#endif


static ssize_t bench_io_ssl(bench_call_t *c, int n);


/*
 * Callers come from 127.0.1.1 to 127.0.1.250: an address has 28,000 ports, and
 * those of closed connections stay taken for a minute.
 */

int
bench_io_connect(bench_call_t *c)
{
    int                  fd, on;
    struct sockaddr_in   sin;

    static unsigned      from;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return CONVRELAY_ERROR;
    }

    on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(int));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(0x7f000101 + from++ % 250);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        close(fd);
        return CONVRELAY_ERROR;
    }

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(bench.options.port + bench.options.tls);

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        close(fd);
        return CONVRELAY_ERROR;
    }

    c->ev.fd = fd;
    c->ev.events = 0;

    if (bench.options.tls) {
        c->ssl = SSL_new(bench.ssl);
        SSL_set_fd(c->ssl, fd);
        SSL_set_connect_state(c->ssl);
        SSL_set_tlsext_host_name(c->ssl, BENCH_HOST);
    }

    bench_watch(&c->ev, EPOLLIN|EPOLLOUT);

    return CONVRELAY_OK;
}


int
bench_io_handshake(bench_call_t *c)
{
    int        rc, n;
    socklen_t  len;

    rc = 0;
    len = sizeof(int);

    if (c->state == BENCH_CONNECT) {
        getsockopt(c->ev.fd, SOL_SOCKET, SO_ERROR, &rc, &len);

        if (rc) {
            return CONVRELAY_ERROR;
        }

        if (c->ssl == NULL) {
            bench_watch(&c->ev, EPOLLIN);
            return CONVRELAY_OK;
        }
    }

    c->state = BENCH_TLS;
    n = SSL_do_handshake(c->ssl);

    if (n == 1) {
        bench_watch(&c->ev, EPOLLIN);
        return CONVRELAY_OK;
    }

    if (bench_io_ssl(c, n) != CONVRELAY_AGAIN) {
        return CONVRELAY_ERROR;
    }

    bench_watch(&c->ev, SSL_want_write(c->ssl) ? EPOLLIN|EPOLLOUT : EPOLLIN);

    return CONVRELAY_AGAIN;
}


ssize_t
bench_io_recv(bench_call_t *c, u_char *buf, size_t size)
{
    ssize_t  n;

    if (c->ssl) {
        n = SSL_read(c->ssl, buf, size);
        return n > 0 ? n : bench_io_ssl(c, n);
    }

    n = recv(c->ev.fd, buf, size, 0);

    if (n == -1) {
        return errno == EAGAIN ? CONVRELAY_AGAIN : CONVRELAY_ERROR;
    }

    return n;
}


/* what a caller says is small: a socket that does not take it is stuck */

int
bench_io_send(bench_call_t *c, const u_char *buf, size_t len)
{
    ssize_t  n;

    n = c->ssl ? SSL_write(c->ssl, buf, len)
               : send(c->ev.fd, buf, len, MSG_NOSIGNAL);

    if (n != (ssize_t) len) {
        bench_call_fail(c, "the server did not take what a caller said");
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


void
bench_io_close(bench_call_t *c)
{
    if (c->ssl) {
        SSL_set_quiet_shutdown(c->ssl, 1);
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
        c->ssl = NULL;
    }

    bench_unwatch(&c->ev);
}


static ssize_t
bench_io_ssl(bench_call_t *c, int n)
{
    int  error;

    error = SSL_get_error(c->ssl, n);
    ERR_clear_error();

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return CONVRELAY_AGAIN;
    }

    return error == SSL_ERROR_ZERO_RETURN ? 0 : CONVRELAY_ERROR;
}
