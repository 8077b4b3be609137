
/*
 * Copyright (C) convrelay contributors
 *
 * The opening handshake, RFC 6455, 4.2.1, clause by clause.
 */


#include "tap.h"
#include "convrelay_ws_handshake.h"


#define KEY  "dGhlIHNhbXBsZSBub25jZQ=="          /* 1.3 */


typedef struct {
    const char *name;
    const char *upgrade;
    const char *connection;
    const char *key;
    const char *version;
    int         status;
    const char *error;
} handshake_case_t;


typedef struct {
    const char *name;
    const char *list;
    const char *token;
    int         found;
} token_case_t;


static const handshake_case_t  handshake_cases[] = {

    { "4.2.1 the handshake of section 1.3",
      "websocket", "Upgrade", KEY, "13", 101, NULL },

    /* 4.2.1, 3: Upgrade */

    { "4.2.1 no Upgrade is answered 426",
      NULL, "Upgrade", KEY, "13",
      426, "without \"websocket\" in \"Upgrade\"" },

    { "4.2.1 an empty Upgrade, too",
      "", "Upgrade", KEY, "13",
      426, "without \"websocket\" in \"Upgrade\"" },

    { "4.2.1 an Upgrade to h2c, too",
      "h2c", "Upgrade", KEY, "13",
      426, "without \"websocket\" in \"Upgrade\"" },

    { "4.2.1 \"websocket\" is compared without case",
      "WebSocket", "Upgrade", KEY, "13", 101, NULL },

    { "4.2.1 \"websocket\" may be one of several protocols",
      "h2c, websocket", "Upgrade", KEY, "13", 101, NULL },

    { "4.2.1 \"websocket\" has to be a whole token",
      "websockets", "Upgrade", KEY, "13",
      426, "without \"websocket\" in \"Upgrade\"" },

    { "4.2.1 a version of the protocol is another protocol",
      "websocket/2", "Upgrade", KEY, "13",
      426, "without \"websocket\" in \"Upgrade\"" },

    /* 4.2.1, 4: Connection */

    { "4.2.1 no Connection is answered 426",
      "websocket", NULL, KEY, "13",
      426, "without \"upgrade\" in \"Connection\"" },

    { "4.2.1 \"Connection: close\", too",
      "websocket", "close", KEY, "13",
      426, "without \"upgrade\" in \"Connection\"" },

    { "4.2.1 \"upgrade\" may be one of several options",
      "websocket", "keep-alive, Upgrade", KEY, "13", 101, NULL },

    { "4.2.1 \"upgrade\" is compared without case",
      "websocket", "uPGRADE,close", KEY, "13", 101, NULL },

    { "4.2.1 \"upgrade\" has to be a whole token",
      "websocket", "no-upgrade", KEY, "13",
      426, "without \"upgrade\" in \"Connection\"" },

    /* 4.2.1, 5: Sec-WebSocket-Key */

    { "4.2.1 no key is answered 400",
      "websocket", "Upgrade", NULL, "13",
      400, "without \"Sec-WebSocket-Key\"" },

    { "4.2.1 an empty key, too",
      "websocket", "Upgrade", "", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key of 15 bytes is answered 400",
      "websocket", "Upgrade", "AAECAwQFBgcICQoLDA0O", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key of 17 bytes is answered 400",
      "websocket", "Upgrade", "AAECAwQFBgcICQoLDA0ODxA=", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key of 18 bytes is answered 400",
      "websocket", "Upgrade", "AAECAwQFBgcICQoLDA0ODxAR", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key without padding is answered 400",
      "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key with more after it is answered 400",
      "websocket", "Upgrade", KEY "=", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key with half its padding is answered 400",
      "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ=Q", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 padding within a key is answered 400",
      "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25j=Q==", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key in the alphabet for URLs is answered 400",
      "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25j_w==", "13",
      400, "with an invalid \"Sec-WebSocket-Key\"" },

    { "4.2.1 a key may use all of base64",
      "websocket", "Upgrade", "+/azAZ09+/azAZ09+/azAA==", "13", 101, NULL },

    { "4.1 a key's spare bits do not matter",
      "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZR==", "13", 101, NULL },

    { "4.2.1 white space around a key is not part of it",
      "websocket", "Upgrade", "\t" KEY " ", "13", 101, NULL },

    /* 4.2.1, 6; 4.4: Sec-WebSocket-Version */

    { "4.2.1 no version is answered 426",
      "websocket", "Upgrade", KEY, NULL,
      426, "without \"13\" in \"Sec-WebSocket-Version\"" },

    { "4.2.2 another version is answered 426",
      "websocket", "Upgrade", KEY, "8",
      426, "without \"13\" in \"Sec-WebSocket-Version\"" },

    { "4.2.2 a version that begins with 13, too",
      "websocket", "Upgrade", KEY, "130",
      426, "without \"13\" in \"Sec-WebSocket-Version\"" },

    { "4.3 a version has no leading zero",
      "websocket", "Upgrade", KEY, "013",
      426, "without \"13\" in \"Sec-WebSocket-Version\"" },

    { "11.3.5 a version must not be a list",
      "websocket", "Upgrade", KEY, "13, 13",
      426, "without \"13\" in \"Sec-WebSocket-Version\"" },

    { "4.2.1 white space around a version is not part of it",
      "websocket", "Upgrade", KEY, " 13\t", 101, NULL },

    /* a version that we do not know may have a key that we do not know */

    { "4.2.2 the version is judged before the key",
      "websocket", "Upgrade", "12345", "14",
      426, "without \"13\" in \"Sec-WebSocket-Version\"" }
};


static const token_case_t  token_cases[] = {
    { "one token", "upgrade", "upgrade", 1 },
    { "a comma before it", ",upgrade", "upgrade", 1 },
    { "a comma after it", "upgrade,", "upgrade", 1 },
    { "the last one", "a,upgrade", "upgrade", 1 },
    { "the first", "upgrade,a,b", "upgrade", 1 },
    { "the second", "a,upgrade,b", "upgrade", 1 },
    { "the last", "a,b,upgrade", "upgrade", 1 },
    { "case of the list", "UPGRADE", "upgrade", 1 },
    { "case of the token", "upgrade", "Upgrade", 1 },
    { "spaces and tabs", "a \t, \t upgrade\t ,b", "upgrade", 1 },
    { "empty elements", ",, ,upgrade,,", "upgrade", 1 },
    { "only commas", ",,,", "upgrade", 0 },
    { "only spaces", "   ", "upgrade", 0 },
    { "an empty list", "", "upgrade", 0 },
    { "an empty token is never found", "a,,b, ,", "", 0 },
    { "a longer one", "upgraded", "upgrade", 0 },
    { "a shorter one", "upgrad", "upgrade", 0 },
    { "a suffix", "xupgrade", "upgrade", 0 },
    { "two words", "upgrade now", "upgrade", 0 },
    { "another separator", "a;upgrade", "upgrade", 0 },
    { "only letters have case", "A[", "a{", 0 },
    { "bytes above ASCII", "\xd5pgrade", "upgrade", 0 }
};


/* passes a header line; its value has to live as long as *h */

static void
line(convrelay_ws_handshake_t *h, const char *name, const char *value)
{
    u_char           *data;
    convrelay_str_t   n, v;

    if (value == NULL) {
        return;
    }

    n.len = strlen(name);
    n.data = data = tap_flush(name, n.len);

    v.len = strlen(value);
    v.data = (u_char *) value;

    convrelay_ws_handshake_header(h, &n, &v);

    tap_unflush(data, n.len);
}


static void
init(convrelay_ws_handshake_t *h)
{
    memset(h, 0, sizeof(convrelay_ws_handshake_t));

    h->get = 1;
    h->http11 = 1;
}


static void
good(convrelay_ws_handshake_t *h)
{
    init(h);

    line(h, "Upgrade", "websocket");
    line(h, "Connection", "upgrade");
    line(h, "Sec-WebSocket-Key", KEY);
    line(h, "Sec-WebSocket-Version", "13");
}


static void
is(convrelay_ws_handshake_t *h, int status, const char *error,
    const char *name)
{
    int         got, ok;

    got = convrelay_ws_handshake_check(h);

    ok = (got == status
          && (error ? h->error && strcmp(h->error, error) == 0
                    : h->error == NULL));

    tap_ok(ok, "%s", name);

    if (!ok) {
        printf("#  got: %d %s\n# want: %d %s\n", got,
               h->error ? h->error : "-", status, error ? error : "-");
    }
}


static void
requests(void)
{
    convrelay_ws_handshake_t  h;

    good(&h);
    h.get = 0;
    is(&h, 405, "with a method other than GET",
       "4.2.1 a POST is answered 405");

    good(&h);
    h.http11 = 0;
    is(&h, 400, "in a version of HTTP other than 1.1",
       "4.2.1 HTTP/1.0 and HTTP/2 are answered 400");

    good(&h);
    h.body = 1;
    is(&h, 400, "with a request body",
       "4.1 a request body is answered 400");

    good(&h);
    h.error = "stale";
    is(&h, 101, NULL, "a good handshake leaves no error");

    init(&h);
    is(&h, 426, "without \"websocket\" in \"Upgrade\"",
       "4.2.1 an ordinary GET is answered 426");
}


/* headers on several lines, in any case and order, among others */

static void
lines(void)
{
    convrelay_ws_handshake_t  h;

    init(&h);
    line(&h, "sec-websocket-version", "13");
    line(&h, "SEC-WEBSOCKET-KEY", "\t " KEY " \t");
    line(&h, "connection", "upgrade");
    line(&h, "uPGRADE", "websocket");
    is(&h, 101, NULL, "names have no case, lines no order");
    tap_is_str(&h.key, KEY, "4.2.2 a key is answered without white space");

    init(&h);
    line(&h, "Upgrade", "h2c");
    line(&h, "Connection", "keep-alive");
    line(&h, "X-Other", "a");
    line(&h, "", "b");
    line(&h, "Upgrade", "websocket");
    line(&h, "Connection", "close, upgrade");
    line(&h, "Sec-WebSocket-Key", KEY);
    line(&h, "Sec-WebSocket-Version", "13");
    line(&h, "Connection", "te");
    line(&h, "Upgrade", "");
    is(&h, 101, NULL, "RFC 9110, 5.3: a list may have several lines");

    init(&h);
    line(&h, "Upgrade", "web");
    line(&h, "Upgrade", "socket");
    is(&h, 426, "without \"websocket\" in \"Upgrade\"",
       "a token does not continue on the next line");

    init(&h);
    line(&h, "Connection", "Upgrade");
    line(&h, "Upgrades", "websocket");
    line(&h, "pgrade", "websocket");
    is(&h, 426, "without \"websocket\" in \"Upgrade\"",
       "the name of a header has to be whole");

    good(&h);
    line(&h, "Sec-WebSocket-Key", KEY);
    is(&h, 400, "with more than one \"Sec-WebSocket-Key\"",
       "11.3.1 two keys are answered 400");

    good(&h);
    line(&h, "Sec-WebSocket-Key", "");
    line(&h, "Sec-WebSocket-Key", KEY);
    line(&h, "Sec-WebSocket-Key", KEY);
    line(&h, "Sec-WebSocket-Key", KEY);
    is(&h, 400, "with more than one \"Sec-WebSocket-Key\"",
       "11.3.1 so are five");

    good(&h);
    line(&h, "Sec-WebSocket-Version", "13");
    is(&h, 400, "with more than one \"Sec-WebSocket-Version\"",
       "11.3.5 two versions are answered 400");

    init(&h);
    line(&h, "Upgrade", "websocket");
    line(&h, "Connection", "upgrade");
    line(&h, "Sec-WebSocket-Key", KEY);
    line(&h, "Sec-WebSocket-Version", "8");
    line(&h, "Sec-WebSocket-Version", "13");
    line(&h, "Sec-WebSocket-Version", "13");
    line(&h, "Sec-WebSocket-Version", "13");
    line(&h, "Sec-WebSocket-Version", "13");
    is(&h, 400, "with more than one \"Sec-WebSocket-Version\"",
       "11.3.5 so are five");

    good(&h);
    tap_ok(h.origins == 0, "4.1 a client need not send an Origin");
    line(&h, "oRIGIN", "https://a.example");
    is(&h, 101, NULL, "4.2.1 an Origin is the caller's business");
    tap_ok(h.origins == 1, "... which is told that there is one");
    tap_is_str(&h.origin, "https://a.example", "... and what it is");
    line(&h, "Origin", "null");
    line(&h, "Origin", "null");
    line(&h, "Origin", "null");
    tap_ok(h.origins == 2, "... and that there are others");
    tap_is_str(&h.origin, "https://a.example", "... of which it has the first");
}


/* each value flush against a page that cannot be read */

static void
values(const handshake_case_t *hc)
{
    int                        i;
    u_char                    *data[4];
    convrelay_str_t            name, value[4];
    convrelay_ws_handshake_t   h;

    static const char  *names[] = {
        "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"
    };

    const char  *text[] = {
        hc->upgrade, hc->connection, hc->key, hc->version
    };

    init(&h);

    for (i = 0; i < 4; i++) {

        if (text[i] == NULL) {
            continue;
        }

        name.len = strlen(names[i]);
        name.data = (u_char *) names[i];

        value[i].len = strlen(text[i]);
        value[i].data = data[i] = tap_flush(text[i], value[i].len);

        convrelay_ws_handshake_header(&h, &name, &value[i]);
    }

    is(&h, hc->status, hc->error, hc->name);

    for (i = 0; i < 4; i++) {

        if (text[i]) {
            tap_unflush(data[i], value[i].len);
        }
    }
}


static void
tokens(const token_case_t *t)
{
    u_char           *data;
    convrelay_str_t   list;

    list.len = strlen(t->list);
    list.data = data = tap_flush(t->list, list.len);

    tap_ok(convrelay_ws_has_token(&list, t->token) == t->found,
           "token list: %s", t->name);

    tap_unflush(data, list.len);
}


int
main(void)
{
    size_t           i;
    convrelay_str_t  list = convrelay_null_string;

    requests();
    lines();

    for (i = 0; i < sizeof(handshake_cases) / sizeof(handshake_cases[0]); i++)
    {
        values(&handshake_cases[i]);
    }

    for (i = 0; i < sizeof(token_cases) / sizeof(token_cases[0]); i++) {
        tokens(&token_cases[i]);
    }

    tap_ok(convrelay_ws_has_token(&list, "a") == 0, "token list: none");

    return tap_done();
}
