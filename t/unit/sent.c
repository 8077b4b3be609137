
/*
 * Copyright (C) convrelay contributors
 *
 * What the bytes of a request say about the configuration that made it.
 */


#include "convrelay_sent.h"
#include "tap.h"


static void test_lines(void);
static void test_keys(void);
static void test_cut(void);
static void test_chat(void);
static int reads(convrelay_sent_t *s, const char *head);
static void key(const char *headers, convrelay_sent_key_e want,
    const char *name);


int
main(void)
{
    test_lines();
    test_keys();
    test_cut();
    test_chat();

    return tap_done();
}


static void
test_lines(void)
{
    size_t            i;
    convrelay_sent_t  s;

    static const char *const  others[] = {
        "", "\r\n", "POST", "POST /a", " HTTP/1.1", "HTTP/1.1", "/ HTTP/1.1",
        "POST /a HTTP/1.2", "POST /a HTTP/2.0", "POST /a HTTP/1.", "\x01\x01",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /a HTTP/1.1 ",
        "POST /a http/1.1", "\nPOST /a HTTP/1.1\r\n"
    };

    tap_ok(reads(&s, "POST /v1/a HTTP/1.1\r\n\r\n") == CONVRELAY_OK
           && !s.http10 && s.key == CONVRELAY_SENT_NO_KEY
           && s.key_name.len == 0, "HTTP/1.1");
    tap_is_str(&s.path, "/v1/a", "its path");

    tap_ok(reads(&s, "GET / HTTP/1.0\nHost: a") == CONVRELAY_OK && s.http10,
           "HTTP/1.0, with LF alone and no end");
    tap_is_str(&s.path, "/", "its path");

    tap_ok(reads(&s, "POST /a?b=c?d HTTP/1.1\r\n") == CONVRELAY_OK
           && !s.blank, "arguments");
    tap_is_str(&s.path, "/a", "its path");

    tap_ok(reads(&s, "POST /a b HTTP/1.1\r\n") == CONVRELAY_OK && s.blank,
           "a path with a blank, which a variable can have");
    tap_is_str(&s.path, "/a b", "its path");

    tap_ok(reads(&s, "POST /a?b c HTTP/1.1\r\n") == CONVRELAY_OK && s.blank,
           "arguments with a blank");

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {

        /* " HTTP/1.1" after "/" has no blank of its own before it */

        if (reads(&s, others[i]) != CONVRELAY_DECLINED) {
            break;
        }
    }

    tap_ok(i == sizeof(others) / sizeof(others[0]),
           "what is not HTTP/1: \"%s\"",
           (i < sizeof(others) / sizeof(others[0])) ? others[i] : "none");
}


static void
test_keys(void)
{
    char              line[64];
    size_t            i;
    convrelay_sent_t  s;

    static const char  *names[] = {
        "key", "api-key", "api_key", "apikey", "access_token", "API_KEY"
    };

    key("Host: a\r\n", CONVRELAY_SENT_NO_KEY, "");
    key("Authorization: Bearer sk-1\r\n", CONVRELAY_SENT_KEY,
        "Authorization");
    key("AUTHORIZATION:Basic a\r\n", CONVRELAY_SENT_KEY, "AUTHORIZATION");
    key("Authorization: \r\n", CONVRELAY_SENT_EMPTY_KEY, "Authorization");
    key("Authorization: Bearer \r\n", CONVRELAY_SENT_EMPTY_KEY,
        "Authorization");
    key("Authorization: basic\r\n", CONVRELAY_SENT_EMPTY_KEY,
        "Authorization");
    key("Authorization: sk-1\r\n", CONVRELAY_SENT_NO_SCHEME,
        "Authorization");
    key("api-key: 1\r\n", CONVRELAY_SENT_KEY, "api-key");
    key("X-API-Key: 1\r\n", CONVRELAY_SENT_KEY, "X-API-Key");
    key("x-goog-api-key:\r\n", CONVRELAY_SENT_EMPTY_KEY, "x-goog-api-key");
    key("apikey: 1\r\n", CONVRELAY_SENT_KEY, "apikey");
    key("Ocp-Apim-Subscription-Key: 1\r\n", CONVRELAY_SENT_KEY,
        "Ocp-Apim-Subscription-Key");
    key("X-Auth-Token: 1\r\n", CONVRELAY_SENT_KEY, "X-Auth-Token");
    key("X-Shared-Secret: 1\r\n", CONVRELAY_SENT_KEY, "X-Shared-Secret");
    key("Idempotency-Key: 1\r\n", CONVRELAY_SENT_NO_KEY, "");
    key("X-Authorization: 1\r\n", CONVRELAY_SENT_NO_KEY, "");
    key("Authorization\r\n", CONVRELAY_SENT_NO_KEY, "");

    key("Authorization: \r\napi-key: 1\r\n", CONVRELAY_SENT_KEY, "api-key");
    key("api-key: 1\r\nAuthorization: a\r\n", CONVRELAY_SENT_KEY, "api-key");
    key("api-key:\r\nAuthorization: a\r\n", CONVRELAY_SENT_EMPTY_KEY,
        "api-key");

    key("\r\nAuthorization: Bearer a\r\n", CONVRELAY_SENT_NO_KEY, "");

    (void) reads(&s, "POST /a?b=key&key=1&api_key= HTTP/1.1\r\n");
    tap_ok(s.key == CONVRELAY_SENT_KEY, "an argument");
    tap_is_str(&s.key_name, "key", "its name");

    (void) reads(&s, "POST /a?api_key= HTTP/1.1\r\n");
    tap_ok(s.key == CONVRELAY_SENT_EMPTY_KEY, "an argument without a value");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sprintf(line, "POST /a?b=1&%s=2 HTTP/1.1\r\n", names[i]);
        (void) reads(&s, line);

        tap_ok(s.key == CONVRELAY_SENT_KEY
               && convrelay_str_is(&s.key_name, names[i]), "%s", names[i]);
    }

    (void) reads(&s, "POST /a?b=key&key&apikeys=1& HTTP/1.1\r\n");
    tap_ok(s.key == CONVRELAY_SENT_NO_KEY, "none of them");

    (void) reads(&s, "POST /a? HTTP/1.1\r\n");
    tap_ok(s.key == CONVRELAY_SENT_NO_KEY, "no arguments");

    (void) reads(&s, "POST /key=1 HTTP/1.1\r\n");
    tap_ok(s.key == CONVRELAY_SENT_NO_KEY, "in the path it is not one");
}


/* flush against an unreadable page, cut anywhere */

static void
test_cut(void)
{
    size_t            len;
    u_char           *p;
    convrelay_str_t   head;
    convrelay_sent_t  s;

    static const char  text[] = "POST /a?key=1&access_token= HTTP/1.1\r\n"
                                "Authorization: Bearer x\r\n\r\nbody";

    for (len = 0; len < sizeof(text); len++) {
        p = tap_flush(text, len);

        head.data = p;
        head.len = len;

        (void) convrelay_sent_read(&s, &head);

        tap_unflush(p, len);
    }

    tap_ok(1, "a request that is cut anywhere");
}


static void
test_chat(void)
{
    size_t           i;
    convrelay_str_t  path;

    static const struct {
        const char  *path;
        int          is;
    } paths[] = {
        { "/v1/chat/completions", 1 },
        { "/api/v1/chat/completions", 1 },
        { "/v1beta/openai/chat/completions", 1 },
        { "/openai/deployments/a/chat/completions", 1 },
        { "/chat/completions", 0 },
        { "x/chat/completions", 1 },
        { "/v1/chat/completions/", 0 },
        { "/v1/completions", 0 },
        { "/v1/responses", 0 },
        { "/v1", 0 },
        { "/", 0 },
        { "", 0 }
    };

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        path.data = (u_char *) paths[i].path;
        path.len = strlen(paths[i].path);

        tap_ok(convrelay_sent_is_chat(&path) == paths[i].is, "path \"%s\"",
               paths[i].path);
    }
}


static int
reads(convrelay_sent_t *s, const char *head)
{
    convrelay_str_t  str;

    str.data = (u_char *) head;
    str.len = strlen(head);

    return convrelay_sent_read(s, &str);
}


static void
key(const char *headers, convrelay_sent_key_e want, const char *name)
{
    static char       head[256];
    convrelay_sent_t  s;

    snprintf(head, sizeof(head), "POST /a HTTP/1.1\r\n%s", headers);

    (void) reads(&s, head);

    tap_ok(s.key == want, "key %d of %s", (int) want, name);
    tap_is_str(&s.key_name, name, "its name");
}
