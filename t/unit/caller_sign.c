
/*
 * Copyright (C) convrelay contributors
 *
 * URLs, and signatures by the vectors of Twilio's SDKs.
 *
 * link: src/caller/convrelay_caller_sign.c src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_caller_sign.h"


static void test_urls(void);
static void test_bad_urls(void);
static void test_resolve(void);
static void test_sign(void);


int
main(void)
{
    test_urls();
    test_bad_urls();
    test_resolve();
    test_sign();

    return tap_done();
}


static void
test_urls(void)
{
    int                     rc;
    size_t                  i, len;
    char                   *p;
    const char             *error;
    convrelay_caller_url_t  u;

    static const struct {
        const char  *url;
        const char  *scheme;
        const char  *host;
        const char  *port;
        const char  *authority;
        const char  *target;
    } cases[] = {
        { "ws://a", "ws", "a", "80", "a", "/" },
        { "WSS://A.b/x?y=1#z", "wss", "A.b", "443", "A.b", "/x?y=1" },
        { "http://a:8080/", "http", "a", "8080", "a:8080", "/" },
        { "https://a?b", "https", "a", "443", "a", "/?b" },
        { "https://a#b", "https", "a", "443", "a", "/" },
        { "ws://[::1]:9/%20", "ws", "::1", "9", "[::1]:9", "/%20" },
        { "wss://[::1]", "wss", "::1", "443", "[::1]", "/" },
        { "http://a/b?c=http://d/@", "http", "a", "80", "a",
          "/b?c=http://d/@" },
        { "http://a:65535", "http", "a", "65535", "a:65535", "/" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].url) + 1;
        p = (char *) tap_flush(cases[i].url, len);

        rc = convrelay_caller_url_parse(&u, p, &error);

        tap_ok(rc == CONVRELAY_OK
               && strcmp(u.scheme, cases[i].scheme) == 0
               && strcmp(u.host, cases[i].host) == 0
               && strcmp(u.port, cases[i].port) == 0
               && strcmp(u.authority, cases[i].authority) == 0
               && strcmp(u.target, cases[i].target) == 0
               && u.tls == (strcmp(u.port, "443") == 0
                            || cases[i].scheme[2] == 's')
               && u.websocket == (u.scheme[0] == 'w'),
               "%s", cases[i].url);

        convrelay_caller_url_free(&u);
        tap_unflush((u_char *) p, len);
    }
}


static void
test_bad_urls(void)
{
    int                     rc;
    char                    host[400];
    size_t                  i;
    const char             *error;
    convrelay_caller_url_t  u;

    static const char  *bad[][2] = {
        { "", "has no scheme" },
        { "a.b/c", "has no scheme" },
        { "ftp://a/", "has a scheme other than" },
        { "://a", "has no scheme" },
        { "ws://", "has no host" },
        { "ws:///x", "has no host" },
        { "ws://:80/", "has no host" },
        { "ws://a:/", "has a bad port" },
        { "ws://a:x/", "has a bad port" },
        { "ws://a:65536/", "has a bad port" },
        { "ws://a:123456/", "has a bad port" },
        { "ws://u:p@a/", "has user information in it" },
        { "ws://[::1/", "has an unclosed \"[\"" },
        { "ws://[::1]x/", "has a bad port" },
        { "ws://a b/", "has white space" },
        { "ws://a/\r\nHost: b", "has white space" },
        { "ws://a/\x7f", "has white space" },
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error = "";
        rc = convrelay_caller_url_parse(&u, bad[i][0], &error);

        tap_ok(rc == CONVRELAY_DECLINED
               && strncmp(error, bad[i][1], strlen(bad[i][1])) == 0,
               "case %zu: %s", i, error);
    }

    memset(host, 'a', sizeof(host));
    memcpy(host, "ws://", 5);
    host[sizeof(host) - 1] = '\0';

    rc = convrelay_caller_url_parse(&u, host, &error);
    tap_ok(rc == CONVRELAY_DECLINED, "a host that is too long");
}


static void
test_resolve(void)
{
    char    *url;
    size_t   i;

    static const char  *cases[][3] = {
        { "https://a.b/c/d?e", "/x", "https://a.b/x" },
        { "https://a.b/c/d?e", "x?y", "https://a.b/c/x?y" },
        { "https://a.b:81/c", "http://d/e", "http://d/e" },
        { "https://a.b/c/d", "../x", "https://a.b/x" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        url = convrelay_caller_url_resolve(cases[i][0], cases[i][1]);
        tap_ok(url && strcmp(url, cases[i][2]) == 0, "%s and %s is %s",
               cases[i][0], cases[i][1], url ? url : "nothing");
        free(url);
    }
}


static void
test_sign(void)
{
    char                     *signature;
    convrelay_caller_pairs_t  form;

    static const char  url[] = "https://mycompany.com/myapp.php?foo=1&bar=2";

    memset(&form, 0, sizeof(convrelay_caller_pairs_t));
    convrelay_caller_pairs_add(&form, "To", "+18005551212");
    convrelay_caller_pairs_add(&form, "Digits", "1234");
    convrelay_caller_pairs_add(&form, "CallSid", "CA1234567890ABCDE");
    convrelay_caller_pairs_add(&form, "Caller", "+14158675309");
    convrelay_caller_pairs_add(&form, "From", "+14158675309");

    signature = convrelay_caller_sign("12345", url, &form);
    tap_ok(strcmp(signature, "RSOYDt4T1cUTdK1PDd93/VVr8B8=") == 0,
           "a form: %s", signature);
    free(signature);

    signature = convrelay_caller_sign("12345",
                     "https://mycompany.com/myapp.php?foo=1&bar=2#x", &form);
    tap_ok(strcmp(signature, "RSOYDt4T1cUTdK1PDd93/VVr8B8=") == 0,
           "a fragment is not signed: %s", signature);
    free(signature);

    signature = convrelay_caller_sign("12345", url, NULL);
    tap_ok(strcmp(signature, "zYQTYrRWXE7LtzbG4PfP7/bkkGo=") == 0,
           "a URL alone: %s", signature);
    free(signature);

    convrelay_caller_pairs_free(&form);
}
