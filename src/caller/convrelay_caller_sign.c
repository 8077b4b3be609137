
/*
 * Copyright (C) convrelay contributors
 */


#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "convrelay_signature.h"
#include "convrelay_url.h"

#include "convrelay_caller_sign.h"


static const char *convrelay_caller_url_authority(convrelay_caller_url_t *u,
    const convrelay_url_t *parts);


int
convrelay_caller_url_parse(convrelay_caller_url_t *u, const char *url,
    const char **error)
{
    size_t           i, len, slash;
    convrelay_str_t  s;
    convrelay_url_t  parts;

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

    s.data = (u_char *) url;
    s.len = strlen(url);

    if (convrelay_url_split(&parts, &s) != CONVRELAY_OK) {
        *error = "has no scheme, write http://, https://, ws:// or wss://";
        return CONVRELAY_DECLINED;
    }

    for (i = 0; i < 4; i++) {

        if (convrelay_str_is_nocase(&parts.scheme, schemes[i].scheme)) {
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

    if (convrelay_url_clean(&s) < s.len) {
        *error = "has white space or a control character in it";
        return CONVRELAY_DECLINED;
    }

    *error = convrelay_caller_url_authority(u, &parts);

    if (*error) {
        return CONVRELAY_DECLINED;
    }

    u->authority = convrelay_caller_strndup((char *) parts.host.data,
                                            parts.host.len + parts.port.len);

    /* the path has to begin with "/", even where a query follows the host */

    slash = (parts.path.len == 0);
    len = parts.path.len + parts.query.len;

    u->target = convrelay_caller_alloc(len + 2);
    u->target[0] = '/';
    memcpy(u->target + slash, parts.path.data, len);

    return CONVRELAY_OK;
}


static const char *
convrelay_caller_url_authority(convrelay_caller_url_t *u,
    const convrelay_url_t *parts)
{
    int              port;
    convrelay_str_t  host;

    if (parts->user.len) {
        return "has user information in it";
    }

    host = parts->host;

    if (host.len && host.data[0] == '[') {

        if (host.data[host.len - 1] != ']') {
            return "has an unclosed \"[\"";
        }

        host.data++;
        host.len -= 2;
    }

    if (host.len == 0 || host.len >= sizeof(u->host)) {
        return "has no host, or one that is too long";
    }

    memcpy(u->host, host.data, host.len);

    port = convrelay_url_port(parts);

    if (port == -1) {
        return "has a bad port";
    }

    if (port) {
        snprintf(u->port, sizeof(u->port), "%d", port);
    }

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
