
/*
 * Copyright (C) convrelay contributors
 */


#include <netinet/in.h>
#include <sys/socket.h>

#include "convrelay_caller_conn.h"


int
convrelay_caller_target_init(convrelay_caller_target_t *t, const char *url,
    const char *connect_to, unsigned plain, const char **error)
{
    int                     rc;
    char                   *to;
    convrelay_caller_url_t  u;

    if (strlen(url) >= sizeof(t->url)) {
        *error = "is too long";
        return CONVRELAY_ERROR;
    }

    strcpy(t->url, url);

    if (convrelay_caller_url_parse(&t->parsed, url, error) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (!t->parsed.websocket) {
        *error = "is not a ws:// or wss:// URL";
        return CONVRELAY_ERROR;
    }

    t->tls = t->parsed.tls && !plain;
    memcpy(t->port, t->parsed.port, sizeof(t->port));

    if (connect_to) {
        to = convrelay_caller_alloc(strlen(connect_to) + 7);
        sprintf(to, "%s%s", strstr(connect_to, "://") ? "" : "wss://",
                connect_to);

        rc = convrelay_caller_url_parse(&u, to, error);
        free(to);

        if (rc != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }

        if (!u.tls) {
            t->tls = 0;
        }

        t->host = convrelay_caller_strdup(u.host);
        memcpy(t->port, u.port, sizeof(t->port));
        convrelay_caller_url_free(&u);
    }

    return CONVRELAY_OK;
}


void
convrelay_caller_target_free(convrelay_caller_target_t *t)
{
    if (t->addrs) {
        freeaddrinfo(t->addrs);
    }

    free(t->host);
    free(t->authority);
    free(t->signature);
    convrelay_caller_pairs_free(&t->headers);
    convrelay_caller_url_free(&t->parsed);
    memset(t, 0, sizeof(convrelay_caller_target_t));
}


void
convrelay_caller_target_resolve(convrelay_caller_target_t *t)
{
    int              rc;
    struct addrinfo  hints;

    memset(&hints, 0, sizeof(struct addrinfo));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(t->host ? t->host : t->parsed.host, t->port, &hints,
                     &t->addrs);

    if (rc != 0) {
        t->error = gai_strerror(rc);
        t->addrs = NULL;
    }
}


int
convrelay_caller_target_is_loopback(const convrelay_caller_target_t *t)
{
    struct addrinfo      *ai;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    if (t->addrs == NULL) {
        return 0;
    }

    for (ai = t->addrs; ai; ai = ai->ai_next) {

        if (ai->ai_family == AF_INET) {
            sin = (struct sockaddr_in *) ai->ai_addr;

            if ((ntohl(sin->sin_addr.s_addr) >> 24) != 127) {
                return 0;
            }

            continue;
        }

        sin6 = (struct sockaddr_in6 *) ai->ai_addr;

        if (ai->ai_family != AF_INET6
            || !IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr))
        {
            return 0;
        }
    }

    return 1;
}
