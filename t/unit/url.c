
/*
 * Copyright (C) convrelay contributors
 *
 * URLs in parts.
 */


#include "tap.h"

#include "convrelay_url.h"


typedef struct {
    const char  *url;
    int          port;
    const char  *parts;      /* separated by blanks; "-" is an empty one */
} split_t;


static void test_split(void);
static void test_declined(void);
static void test_port(void);
static void test_clean(void);
static void test_authority(void);
static void test_origin(void);


int
main(void)
{
    test_split();
    test_declined();
    test_port();
    test_clean();
    test_authority();
    test_origin();

    return tap_done();
}


/* scheme, user, host, port, path, query, fragment, in one line */

static void
join(char *dst, size_t size, const convrelay_url_t *u)
{
    size_t                  i, n;
    const convrelay_str_t  *part;

    part = &u->scheme;
    n = 0;

    for (i = 0; i < 7; i++) {
        n += snprintf(dst + n, size - n, "%s%.*s", i ? " " : "",
                      part[i].len ? (int) part[i].len : 1,
                      part[i].len ? (char *) part[i].data : "-");
    }
}


static void
test_split(void)
{
    char             got[256];
    size_t           i;
    convrelay_str_t  s;
    convrelay_url_t  u;

    static const split_t  cases[] = {
        { "wss://example.com/ws", 0, "wss - example.com - /ws - -" },
        { "wss://example.com", 0, "wss - example.com - - - -" },
        { "https://u:p@h:8443/a/b?c=d#e", 8443,
          "https u:p@ h :8443 /a/b ?c=d #e" },
        { "https://a@b@c", 0, "https a@b@ c - - - -" },
        { "http://[::1]:80/", 80, "http - [::1] :80 / - -" },
        { "http://[::1]", 0, "http - [::1] - - - -" },
        { "http://[::1", 0, "http - [::1 - - - -" },
        { "http://[::1]x/", -1, "http - [::1] x / - -" },
        { "http://a@[::1]:1", 1, "http a@ [::1] :1 - - -" },
        { "http://h?q/r", 0, "http - h - - ?q/r -" },
        { "http://h#f?g/", 0, "http - h - - - #f?g/" },
        { "http://h/p#f?g", 0, "http - h - /p - #f?g" },
        { "http://h/@b:1", 0, "http - h - /@b:1 - -" },
        { "http://h:1:2/", -1, "http - h :1:2 / - -" },
        { "http:///p", 0, "http - - - /p - -" },
        { "http://:80", 80, "http - - :80 - - -" },
        { "http://", 0, "http - - - - - -" },
        { "a+b-c.1://h", 0, "a+b-c.1 - h - - - -" },
        { "http://h/p?q?r#s#t", 0, "http - h - /p ?q?r #s#t" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.len = strlen(cases[i].url);
        s.data = tap_flush(cases[i].url, s.len);

        tap_ok(convrelay_url_split(&u, &s) == CONVRELAY_OK, "%s",
               cases[i].url);
        join(got, sizeof(got), &u);
        tap_is(got, strlen(got), cases[i].parts, strlen(cases[i].parts),
               "... its parts");
        tap_ok(convrelay_url_port(&u) == cases[i].port, "... its port");

        tap_unflush(s.data, s.len);
    }

    s.len = 11;
    s.data = (u_char *) "ws://a\0b/\0c";
    tap_ok(convrelay_url_split(&u, &s) == CONVRELAY_OK && u.host.len == 3
           && u.path.len == 3, "a NUL ends nothing");
}


static void
test_declined(void)
{
    size_t           i;
    convrelay_str_t  s;
    convrelay_url_t  u;

    static const char *const  cases[] = {
        "", "h", "/p", "//h/p", "http", "http:", "http:/", "http:/h", "://h",
        "1http://h", "ht tp://h", "mailto:a@b", "h/http://x", "-://h", "a_b://c"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.len = strlen(cases[i]);
        s.data = tap_flush(cases[i], s.len);
        tap_ok(convrelay_url_split(&u, &s) == CONVRELAY_DECLINED
               && u.host.len == 0, "\"%s\" is not an absolute URL", cases[i]);
        tap_unflush(s.data, s.len);
    }
}


static void
test_port(void)
{
    size_t           i;
    convrelay_url_t  u;

    static const struct {
        const char  *text;
        int          port;
    } cases[] = {
        { "", 0 }, { ":", -1 }, { ":0", -1 }, { ":1", 1 }, { ":65535", 65535 },
        { ":65536", -1 }, { ":99999999999999999999", -1 }, { ":0080", 80 },
        { ":8/", -1 }, { ":8:", -1 }, { "80", -1 }, { ":-1", -1 }, { ": 1", -1 }
    };

    memset(&u, 0, sizeof(convrelay_url_t));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u.port.len = strlen(cases[i].text);
        u.port.data = tap_flush(cases[i].text, u.port.len);
        tap_ok(convrelay_url_port(&u) == cases[i].port, "port \"%s\" is %d",
               cases[i].text, cases[i].port);
        tap_unflush(u.port.data, u.port.len);
    }
}


static void
test_clean(void)
{
    int              c;
    u_char           text[3];
    unsigned         bad;
    convrelay_str_t  s;

    s.len = 3;
    s.data = text;
    bad = 0;

    for (c = 0; c < 256; c++) {
        text[0] = 'a';
        text[1] = c;
        text[2] = 'b';
        bad += (convrelay_url_clean(&s) != (c <= ' ' || c == 0x7f ? 1 : 3));
    }

    tap_ok(bad == 0, "white space and control characters: %u are wrong", bad);

    s.len = 0;
    tap_ok(convrelay_url_clean(&s) == 0, "nothing");
}


static void
test_authority(void)
{
    char             got[256];
    size_t           i;
    convrelay_str_t  s;
    convrelay_url_t  u;

    static const split_t  cases[] = {
        { "", 0, "- - - - - - -" },
        { "h", 0, "- - h - - - -" },
        { "h:80", 80, "- - h :80 - - -" },
        { "u:p@h:80", 80, "- u:p@ h :80 - - -" },
        { "[::1]:80", 80, "- - [::1] :80 - - -" },
        { "[::1", 0, "- - [::1 - - - -" },
        { ":", -1, "- - - : - - -" },
        { "h/p?q#f", 0, "- - h/p?q#f - - - -" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.len = strlen(cases[i].url);
        s.data = tap_flush(cases[i].url, s.len);

        convrelay_url_split_authority(&u, &s);
        join(got, sizeof(got), &u);
        tap_is(got, strlen(got), cases[i].parts, strlen(cases[i].parts),
               "an authority");
        tap_ok(convrelay_url_port(&u) == cases[i].port,
               "... the port of \"%s\"", cases[i].url);

        tap_unflush(s.data, s.len);
    }

    s.len = 0;
    s.data = NULL;
    convrelay_url_split_authority(&u, &s);
    tap_ok(u.host.len == 0 && u.port.len == 0, "no authority");
}


/* a server, as a URL or as the host alone, and origins of a page */

static void
test_origin(void)
{
    int              want;
    size_t           i;
    convrelay_str_t  s, o;
    convrelay_url_t  u;

    static const struct {
        const char  *server;
        const char  *origin;
        int          same;
    } cases[] = {
        { "https://a.example", "https://a.example", 1 },
        { "https://a.example/phone", "https://a.example", 1 },
        { "https://u:p@a.example", "https://a.example", 1 },
        { "https://A.Example", "HTTPS://a.eXample", 1 },
        { "https://a.example", "https://a.example:443", 1 },
        { "https://a.example:443", "https://a.example", 1 },
        { "https://a.example:", "https://a.example", 1 },
        { "https://a.example:0443", "https://a.example", 1 },
        { "https://a.example:8443", "https://a.example:8443", 1 },
        { "http://a.example", "http://a.example:80", 1 },
        { "http://a.example:80", "http://a.example", 1 },
        { "https://[::1]:8443", "https://[::1]:8443", 1 },
        { "https://[2001:DB8::1]", "https://[2001:db8::1]:443", 1 },

        { "https://a.example", "http://a.example", 0 },
        { "http://a.example", "https://a.example", 0 },
        { "https://a.example", "http://a.example:443", 0 },
        { "http://a.example", "https://a.example:80", 0 },
        { "https://a.example", "https://a.example:8443", 0 },
        { "https://a.example:8443", "https://a.example", 0 },
        { "https://a.example", "https://b.example", 0 },
        { "https://a.example", "https://a.example.evil", 0 },
        { "https://a.example", "https://evil.a.example", 0 },
        { "https://a.example", "https://xa.example", 0 },
        { "https://a.example", "https://a.exampl", 0 },
        { "https://a.example", "https://a.example.", 0 },
        { "https://a.example", "https://evil#a.example", 0 },
        { "https://a.example", "https://evil?a.example", 0 },
        { "https://a.example", "https://evil/a.example", 0 },
        { "https://a.example", "https://a.example@evil", 0 },
        { "https://a.example", "https://evil@a.example", 0 },
        { "https://a.example", "https://@a.example", 0 },
        { "https://a.example", "https://a.example/", 0 },
        { "https://a.example", "https://a.example?", 0 },
        { "https://a.example", "https://a.example#", 0 },
        { "https://a.example", "https://a.example:", 0 },
        { "https://a.example", "https://a.example:x", 0 },
        { "https://a.example", "https://a.example:443x", 0 },
        { "https://a.example", "https://a.example:443:443", 0 },
        { "https://a.example", "https://a.example:0", 0 },
        { "https://a.example", "https://a.example:65979", 0 },
        { "https://a.example:65979", "https://a.example:443", 0 },
        { "https://a.example:x", "https://a.example:x", 0 },
        { "https://a.example", "https://a.example https://a.example", 0 },
        { "https://a.example", "https://a.example, https://a.example", 0 },
        { "https://a.example", " https://a.example", 0 },
        { "https://a.example", "https://a.example\t", 0 },
        { "https://a.example", "a.example", 0 },
        { "https://a.example", "//a.example", 0 },
        { "https://a.example", "wss://a.example", 0 },
        { "https://a.example", "file://a.example", 0 },
        { "https://a.example", "chrome-extension://a.example", 0 },
        { "https://a.example", "null", 0 },
        { "https://a.example", "", 0 },
        { "https://a.example", "https://", 0 },
        { "https://[::1]", "https://::1", 0 },
        { "https://[::1]", "https://[::2]", 0 },
        { "https://[::1", "https://[::1]", 0 },
        { "https://[::1]x", "https://[::1]", 0 },

        /* whether it was http or https is not known */

        { "a.example", "http://a.example", 1 },
        { "a.example", "https://a.example", 1 },
        { "a.example", "http://a.example:80", 1 },
        { "a.example", "https://a.example:443", 1 },
        { "a.example:443", "https://a.example", 1 },
        { "a.example:80", "http://a.example", 1 },
        { "localhost:8080", "http://localhost:8080", 1 },
        { "[::1]:8080", "http://[::1]:8080", 1 },
        { "a.example:", "http://a.example", 1 },
        { "a.example", "http://a.example:443", 0 },
        { "a.example", "https://a.example:80", 0 },
        { "a.example:80", "https://a.example", 0 },
        { "a.example:443", "http://a.example", 0 },
        { "localhost:8080", "http://localhost", 0 },
        { "localhost:8080", "http://localhost:8081", 0 },
        { "localhost:8080", "http://127.0.0.1:8080", 0 },
        { "a.example", "ws://a.example", 0 },
        { "a.example", "null", 0 },
        { "", "https://", 0 },
        { "", "null", 0 },
        { "", "", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.len = strlen(cases[i].server);
        s.data = tap_flush(cases[i].server, s.len);

        if (convrelay_url_split(&u, &s) != CONVRELAY_OK) {
            convrelay_url_split_authority(&u, &s);
        }

        o.len = strlen(cases[i].origin);
        o.data = tap_flush(cases[i].origin, o.len);

        want = cases[i].same ? CONVRELAY_OK : CONVRELAY_DECLINED;

        tap_ok(convrelay_url_check_origin(&u, &o) == want,
               "\"%s\" is %s origin of \"%s\"", cases[i].origin,
               cases[i].same ? "the" : "not the", cases[i].server);

        tap_unflush(o.data, o.len);
        tap_unflush(s.data, s.len);
    }

    o.len = 18;
    o.data = (u_char *) "https://a.example\0";
    s.len = 17;
    s.data = o.data;

    tap_ok(convrelay_url_split(&u, &s) == CONVRELAY_OK
           && convrelay_url_check_origin(&u, &o) == CONVRELAY_DECLINED
           && convrelay_url_check_origin(&u, &s) == CONVRELAY_OK,
           "a NUL is part of a host");
}
