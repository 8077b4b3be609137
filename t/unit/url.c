
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


int
main(void)
{
    test_split();
    test_declined();
    test_port();
    test_clean();

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
