
/*
 * Copyright (C) convrelay contributors
 */


#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>

#include "convrelay_signature.h"

#include "convrelay_caller_sign.h"


static const char *convrelay_caller_url_authority(convrelay_caller_url_t *u,
    const char *p, size_t len);


int
convrelay_caller_url_parse(convrelay_caller_url_t *u, const char *url,
    const char **error)
{
    size_t       i, len;
    const char  *p;

    static const struct {
        const char  *scheme;
        const char  *port;
        unsigned     tls;
        unsigned     websocket;
    } schemes[] = {
        { "http", "80", 0, 0 },
        { "https", "443", 1, 0 },
        { "ws", "80", 0, 1 },
        { "wss", "443", 1, 1 }
    };

    memset(u, 0, sizeof(convrelay_caller_url_t));

    p = strstr(url, "://");

    if (p == NULL) {
        *error = "has no scheme, write http://, https://, ws:// or wss://";
        return CONVRELAY_DECLINED;
    }

    len = p - url;

    for (i = 0; i < 4; i++) {

        if (strlen(schemes[i].scheme) == len
            && strncasecmp(url, schemes[i].scheme, len) == 0)
        {
            break;
        }
    }

    if (i == 4) {
        *error = "has a scheme other than http, https, ws and wss";
        return CONVRELAY_DECLINED;
    }

    strcpy(u->scheme, schemes[i].scheme);
    strcpy(u->port, schemes[i].port);
    u->tls = schemes[i].tls;
    u->websocket = schemes[i].websocket;

    for (p = url; *p; p++) {

        if ((u_char) *p <= 0x20 || *p == 0x7f) {
            *error = "has white space or a control character in it";
            return CONVRELAY_DECLINED;
        }
    }

    p = url + len + 3;
    len = strcspn(p, "/?#");
    *error = convrelay_caller_url_authority(u, p, len);

    if (*error) {
        return CONVRELAY_DECLINED;
    }

    u->authority = convrelay_caller_strndup(p, len);

    p += len;
    len = strcspn(p, "#");

    u->target = convrelay_caller_alloc(len + 2);

    if (*p != '/') {
        u->target[0] = '/';
    }

    memcpy(u->target + (*p != '/'), p, len);

    return CONVRELAY_OK;
}


static const char *
convrelay_caller_url_authority(convrelay_caller_url_t *u, const char *p,
    size_t len)
{
    size_t       n;
    const char  *last, *port;

    last = p + len;

    if (memchr(p, '@', len)) {
        return "has a user in it";
    }

    if (len && *p == '[') {
        port = memchr(p, ']', len);

        if (port == NULL) {
            return "has an open \"[\"";
        }

        p++;
        n = port++ - p;

        if (port < last && *port != ':') {
            return "has a bad host";
        }

    } else {
        port = memchr(p, ':', len);

        if (port == NULL) {
            port = last;
        }

        n = port - p;
    }

    if (n == 0 || n >= sizeof(u->host)) {
        return "has no host, or one that is too long";
    }

    memcpy(u->host, p, n);

    if (port == last) {
        return NULL;
    }

    port++;
    n = last - port;

    if (n == 0 || n >= sizeof(u->port)
        || strspn(port, "0123456789") < n || atoi(port) > 65535)
    {
        return "has a bad port";
    }

    memcpy(u->port, port, n);
    u->port[n] = '\0';

    return NULL;
}


void
convrelay_caller_url_free(convrelay_caller_url_t *u)
{
    free(u->authority);
    free(u->target);
    memset(u, 0, sizeof(convrelay_caller_url_t));
}


char *
convrelay_caller_url_resolve(const char *base, const char *ref)
{
    char   *url, *copy;
    CURLU  *u;

    if (strstr(ref, "://")) {
        return convrelay_caller_strdup(ref);
    }

    u = curl_url();

    if (u == NULL) {
        return NULL;
    }

    url = NULL;
    copy = NULL;

    if (curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK
        && curl_url_set(u, CURLUPART_URL, ref, 0) == CURLUE_OK
        && curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
    {
        copy = convrelay_caller_strdup(url);
        curl_free(url);
    }

    curl_url_cleanup(u);

    return copy;
}


char *
convrelay_caller_sign(const char *token, const char *url,
    const convrelay_caller_pairs_t *params)
{
    char                   *signature;
    size_t                  i, n;
    u_char                  md[EVP_MAX_MD_SIZE], *buf;
    unsigned                len;
    convrelay_str_t         s, input;
    convrelay_pair_t       *pairs;
    convrelay_signature_t   sig;

    n = params ? params->n : 0;
    pairs = convrelay_caller_alloc(n * sizeof(convrelay_pair_t));

    for (i = 0; i < n; i++) {
        pairs[i].name.data = (u_char *) params->elts[i].name;
        pairs[i].name.len = strlen(params->elts[i].name);
        pairs[i].value.data = (u_char *) params->elts[i].value;
        pairs[i].value.len = strlen(params->elts[i].value);
    }

    s.data = (u_char *) url;
    s.len = strcspn(url, "#");

    convrelay_signature_init(&sig, &s, pairs, n);

    buf = convrelay_caller_alloc(convrelay_signature_size(&sig));
    (void) convrelay_signature_next(&sig, buf, &input);

    HMAC(EVP_sha1(), token, strlen(token), input.data, input.len, md, &len);

    signature = convrelay_caller_alloc(CONVRELAY_SIGNATURE_LEN + 1);
    EVP_EncodeBlock((u_char *) signature, md, len);

    free(buf);
    free(pairs);

    return signature;
}
