
/*
 * Copyright (C) convrelay contributors
 *
 * The vectors are those of Twilio's libraries for Node (n), Python (p), Java
 * (j) and Go (g), and of our own; the auth token is "12345".
 */


#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "convrelay_form.h"
#include "convrelay_signature.h"
#include "tap.h"


#define MAX_PAIRS  8

#define CALL                                                                 \
    { "CallSid", "CA1234567890ABCDE" },                                      \
    { "Caller", "+14158675309" },                                            \
    { "Digits", "1234" },                                                    \
    { "From", "+14158675309" },                                              \
    { "To", "+18005551212" }


typedef struct {
    const char        *name;
    const char        *value;
} text_pair_t;


typedef struct {
    const char        *id;
    const char        *sig;
    const char        *url;
    text_pair_t        pairs[MAX_PAIRS];
} vector_t;


static void vector_test(const vector_t *v);
static const vector_t *vector(const char *id);
static void string_test(void);
static void candidates_test(void);
static void candidates(const char *url, const text_pair_t *text,
    const char **want, size_t nwant);
static void accept_test(void);
static int accepted(const char *url, const char *sig);
static void form_body_test(void);
static void many_test(void);
static void check_test(void);

static size_t fill(convrelay_pair_t *pairs, const text_pair_t *text,
    int reverse);
static void sign(u_char *sig, const convrelay_str_t *input);
static u_char *room(size_t size);


static const vector_t  vectors[] = {

    { "A", "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { CALL } },

    { "B", "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "Sid", "CA123" },
        { "SidAccount", "AC123" },
        { "Digits", "5678" },
        { "Digits", "1234" },
        { "Digits", "1234" } } },

    { "C", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
      "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
      { CALL } },

    { "D", "kvajT1Ptam85bY51eRf/AJRuM3w=",
      "https://mycompany.com:443/myapp.php?foo=1&bar=2",
      { CALL } },

    { "E", "0ZXoZLH/DfblKGATFgpif+LLRf4=",
      "http://mycompany.com:80/myapp.php?foo=1&bar=2",
      { CALL } },

    { "F", "a9nBmqA0ju/hNViExpshrM61xv4=",
      "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0"
      "a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f"
      "96e6620",
      { { NULL, NULL } } },

    { "G", "y77kIzt2vzLz71DgmJGsen2scGs=",
      "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab"
      "3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
      { { NULL, NULL } } },

    { "G2", "Ldidvp12m26NI7eqEvxnEpkd9Hc=",
      "https://mycompany.com:443/myapp.php?foo=1&bar=2&bodySHA2"
      "56=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c06"
      "0f61caaff8a",
      { { NULL, NULL } } },

    { "H", "zYQTYrRWXE7LtzbG4PfP7/bkkGo=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { NULL, NULL } } },

    { "I", "1xaxFBvyzXYvWplzNOSs28HWO94=",
      "https://mycompany.com/myapp.php",
      { CALL } },

    { "J", "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "Message", "Hello & goodbye! @#$%^*()" },
        { "From", "+1 (415) 867-5309" },
        { "Special",
          "unicode: \xc3\xb1\xc3\xa1\xc3\xa9\xc3\xad\xc3\xb3\xc3\xba" } } },

    { "K", "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "Digits", "" },
        { "CallSid", "CA1234567890ABCDE" },
        { "EmptyParam", "" } } },

    { "L", "jDK7WKT8wiNrwggd4ceTv4e1MJ4=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "callSid", "lowercase" },
        { "CallSid", "uppercase" },
        { "CALLSID", "allcaps" } } },

    { "M", "vOEb5UThFn24KEfnOFLQY2AE5FY=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "CallSid", "CA1234567890ABCDE" },
        { "Caller", "+14158675309" },
        { "Digits", "1234" },
        { "From", "+14158675309" },
        { "To", "+18005551212" },
        { "ReasonConferenceEnded", "test" },
        { "Reason", "Participant" } } },

    { "N", "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
      "https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue",
      { CALL } },

    { "O", "CukzLTc1tT5dXEDIHm/tKBanW10=",
      "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2",
      { CALL } },

    { "P", "2YRLlVAflCqxaNicjMpJcSTgzSs=",
      "https://user@mycompany.com/myapp.php?foo=1&bar=2",
      { CALL } },

    { "Q", "NBdBDr/T/lgjI+tlgpXjKZQZs/k=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "property", "value" },
        { "boolean", "true" } } },

    { "R", "enveUe73ZTVLAekHxez3Qx6JuuQ=",
      "https://mycompany.com/myapp.php?foo=1&bar=2",
      { { "Zebra", "last" },
        { "Alpha", "first" },
        { "Beta", "second" },
        { "Gamma", "third" } } },

    { "W1", "LmFyXn27n8HDev4KdDwfsgkrc9Y=",
      "wss://voice.example.com/ws",
      { { NULL, NULL } } },

    { "W2", "LuF9lJIqmrvK0uVD+4zgTF+OP8Q=",
      "wss://voice.example.com:443/ws",
      { { NULL, NULL } } },

    { "W3", "fTRv0ysNWUJj1ViLRDejuUOcA7w=",
      "wss://voice.example.com/ws/",
      { { NULL, NULL } } },

    { "W4", "W1Ytz3AvLDaBNIQZYru+BzcVgXc=",
      "wss://voice.example.com",
      { { NULL, NULL } } },

    { "W5", "HbTtEI8pvTak61DpTS/wsLOWoMk=",
      "wss://voice.example.com/",
      { { NULL, NULL } } },

    { "W6", "TTxL9TRRWbPgKyo+nB0lAqVoga8=",
      "https://voice.example.com/ws",
      { { NULL, NULL } } },

    { "W7", "dgQshAGScgXXKCEYkOrnvrF2Zs0=",
      "wss://voice.example.com:8443/ws",
      { { NULL, NULL } } },

    { "W8", "BybX+nuNOHeufac37pOxMPnverI=",
      "wss://voice.example.com/ws?token=abc123&foo=bar",
      { { NULL, NULL } } },

    { "W9", "pq3K4Pe9KK53F62p8hyI3w9rtKQ=",
      "wss://voice.example.com/ws",
      { { "token", "abc123" },
        { "foo", "bar" } } },

    { "T1", "ddwIRMTWZFVwK1GV+eHWrdhjU+g=",
      "https://voice.example.com/twiml",
      { { "CallSid", "CA00000000000000000000000000000001" },
        { "AccountSid", "AC00000000000000000000000000000000" },
        { "From", "+15550100001" },
        { "To", "+15550100002" },
        { "CallStatus", "ringing" },
        { "Direction", "inbound" },
        { "ApiVersion", "2010-04-01" } } },

    { "T2", "SidzaPVIX9N1EtNL9CVJjRn3hoc=",
      "https://voice.example.com/twiml?CallSid=CA00000000000000"
      "000000000000000001&From=%2B15550100001",
      { { NULL, NULL } } },

    { "X1", "NzV99Emy3bLCq9jHYTJP+GhJHwg=",
      "https://voice.example.com/action",
      { { "AccountSid", "AC00000000000000000000000000000000" },
        { "CallSid", "CA00000000000000000000000000000001" },
        { "CallStatus", "in-progress" },
        { "Direction", "inbound" },
        { "SessionId", "VX00000000000000000000000000000001" },
        { "SessionStatus", "ended" },
        { "SessionDuration", "42" },
        { "HandoffData", "{\"reasonCode\":\"live-agent-handoff\"}" } } },

    { NULL, NULL, NULL, { { NULL, NULL } } }
};
static void token_test(void);


int
main(void)
{
    int              n;
    const vector_t  *v;

    n = 0;

    for (v = vectors; v->id; v++) {
        vector_test(v);
        n++;
    }

    tap_ok(n == 31, "all vectors were there");

    string_test();
    candidates_test();
    accept_test();
    form_body_test();
    many_test();
    check_test();
    token_test();

    return tap_done();
}


static void
vector_test(const vector_t *v)
{
    int                     reverse;
    u_char                  sig[CONVRELAY_SIGNATURE_LEN + 1], *buf;
    size_t                  n, size;
    convrelay_str_t         url, input, header;
    convrelay_pair_t        pairs[MAX_PAIRS];
    convrelay_signature_t   s;

    for (reverse = 0; reverse < 2; reverse++) {
        n = fill(pairs, v->pairs, reverse);

        url.len = strlen(v->url);
        url.data = tap_flush(v->url, url.len);

        convrelay_signature_init(&s, &url, pairs, n);

        size = convrelay_signature_size(&s);
        buf = room(size);

        tap_ok(convrelay_signature_next(&s, buf, &input) == CONVRELAY_OK,
               "vector %s has a string", v->id);

        sign(sig, &input);

        tap_is(sig, CONVRELAY_SIGNATURE_LEN, v->sig, strlen(v->sig),
               "its signature");

        header.data = (u_char *) v->sig;
        header.len = strlen(v->sig);

        tap_ok(convrelay_signature_check(&header, sig) == CONVRELAY_OK,
               "is accepted");

        tap_unflush(buf, size);
        tap_unflush(url.data, url.len);
    }
}


static const vector_t *
vector(const char *id)
{
    const vector_t  *v;

    for (v = vectors; v->id; v++) {

        if (strcmp(v->id, id) == 0) {
            return v;
        }
    }

    fprintf(stderr, "no vector %s\n", id);
    exit(2);
}


static void
string_test(void)
{
    u_char                  buf[512];
    size_t                  n;
    convrelay_str_t         url, input;
    convrelay_pair_t        pairs[MAX_PAIRS];
    convrelay_signature_t   s;

    static const text_pair_t  odd[] = {
        { "b", "2" }, { "a", "" }, { "B", "3" }, { "ab", "1" }, { "a", "b" },
        { "a", "" }, { "", "x" }, { NULL, NULL }
    };

    convrelay_str_set(&url, "https://mycompany.com/myapp.php?foo=1&bar=2");

    n = fill(pairs, vector("A")->pairs, 1);
    convrelay_signature_init(&s, &url, pairs, n);
    (void) convrelay_signature_next(&s, buf, &input);

    tap_is_str(&input, "https://mycompany.com/myapp.php?foo=1&bar=2"
               "CallSidCA1234567890ABCDECaller+14158675309Digits1234"
               "From+14158675309To+18005551212", "the whole string");

    convrelay_str_set(&url, "https://h/#fragment?x");

    n = fill(pairs, odd, 0);
    convrelay_signature_init(&s, &url, pairs, n);
    (void) convrelay_signature_next(&s, buf, &input);

    tap_is_str(&input, "https://h/xB3aabab1b2",
               "sorted by name, then value, duplicates and fragment gone");

    tap_is(pairs[0].value.data, pairs[0].value.len, "x", 1,
           "the array is sorted in place");
}


#define CANDIDATES(url, text, ...)                                           \
    do {                                                                     \
        static const char  *want[] = { __VA_ARGS__ };                        \
        candidates(url, text, want, sizeof(want) / sizeof(want[0]));         \
    } while (0)


static void
candidates_test(void)
{
    static const text_pair_t  pairs[] = {
        { "b", "2" }, { "a", "1" }, { NULL, NULL }
    };

    CANDIDATES("https://h/p", NULL, "https://h/p", "https://h:443/p");
    CANDIDATES("https://h:443/p", NULL,
               "https://h:443/p", "https://h/p");
    CANDIDATES("https://h:8443/p?x=1", pairs,
               "https://h:8443/p?x=1a1b2", "https://h/p?x=1a1b2");
    CANDIDATES("http://h/p", NULL, "http://h/p", "http://h:80/p");
    CANDIDATES("http://h:80/p", NULL, "http://h:80/p", "http://h/p");

    CANDIDATES("wss://h/p", NULL,
               "wss://h/p", "wss://h:443/p", "wss://h:80/p");
    CANDIDATES("wss://h:443/p", NULL, "wss://h:443/p", "wss://h/p");
    CANDIDATES("ws://h/p", NULL, "ws://h/p", "ws://h:80/p");

    CANDIDATES("wss://h", NULL,
               "wss://h", "wss://h:443", "wss://h:80",
               "wss://h/", "wss://h:443/", "wss://h:80/");
    CANDIDATES("wss://h/", NULL,
               "wss://h/", "wss://h:443/", "wss://h:80/",
               "wss://h", "wss://h:443", "wss://h:80");
    CANDIDATES("https://h:1?x", NULL,
               "https://h:1?x", "https://h?x",
               "https://h:1/?x", "https://h/?x");
    CANDIDATES("wss://h//", NULL,
               "wss://h//", "wss://h:443//", "wss://h:80//");
    CANDIDATES("wss://h/p/", NULL,
               "wss://h/p/", "wss://h:443/p/", "wss://h:80/p/");

    CANDIDATES("wss://h/p?b=2&a=1", NULL,
               "wss://h/p?b=2&a=1", "wss://h:443/p?b=2&a=1",
               "wss://h:80/p?b=2&a=1");
    CANDIDATES("wss://h?", NULL,
               "wss://h?", "wss://h:443?", "wss://h:80?",
               "wss://h/?", "wss://h:443/?", "wss://h:80/?");
    CANDIDATES("wss://h:8443/p", NULL, "wss://h:8443/p", "wss://h/p");

    CANDIDATES("https://u:p@h/p", NULL,
               "https://u:p@h/p", "https://u:p@h:443/p");
    CANDIDATES("https://u:1@h:1/p", NULL,
               "https://u:1@h:1/p", "https://u:1@h/p");
    CANDIDATES("wss://[::1]/p", NULL,
               "wss://[::1]/p", "wss://[::1]:443/p", "wss://[::1]:80/p");
    CANDIDATES("wss://[::1]:8443/p", NULL,
               "wss://[::1]:8443/p", "wss://[::1]/p");
    CANDIDATES("https://h:/p", NULL, "https://h:/p", "https://h/p");
    CANDIDATES("https://h/a:1/b:2?c:3", NULL,
               "https://h/a:1/b:2?c:3", "https://h:443/a:1/b:2?c:3");
    CANDIDATES("https://h/p?u=https://x:1/y", NULL,
               "https://h/p?u=https://x:1/y",
               "https://h:443/p?u=https://x:1/y");

    CANDIDATES("", pairs, "a1b2");
    CANDIDATES("h:1/p?x", pairs, "h:1/p?xa1b2");
    CANDIDATES("/p?x", NULL, "/p?x");
    CANDIDATES("https:/h", NULL, "https:/h");
    CANDIDATES("https:", NULL, "https:");
    CANDIDATES("#", NULL, "");
}


static void
candidates(const char *url, const text_pair_t *text, const char **want,
    size_t nwant)
{
    u_char                 *buf;
    size_t                  i, n, size;
    convrelay_str_t         str, input;
    convrelay_pair_t        pairs[MAX_PAIRS];
    convrelay_signature_t   s;

    n = text ? fill(pairs, text, 0) : 0;

    str.len = strlen(url);
    str.data = tap_flush(url, str.len);

    convrelay_signature_init(&s, &str, n ? pairs : NULL, n);

    size = convrelay_signature_size(&s);
    buf = room(size);

    for (i = 0; i < nwant; i++) {

        if (!tap_ok(convrelay_signature_next(&s, buf, &input)
                    == CONVRELAY_OK, "candidate %zu of \"%s\"", i, url))
        {
            break;
        }

        tap_is_str(&input, want[i], "is right");
    }

    tap_ok(convrelay_signature_next(&s, buf, &input) == CONVRELAY_DONE
           && convrelay_signature_next(&s, buf, &input) == CONVRELAY_DONE,
           "no more of \"%s\"", url);

    tap_unflush(buf, size);
    tap_unflush(str.data, str.len);
}


static void
accept_test(void)
{
    size_t  i;

    static const struct {
        const char  *url;
        const char  *id;
        int          ok;
    } cases[] = {
        { "wss://voice.example.com/ws", "W1", 1 },
        { "wss://voice.example.com/ws", "W2", 1 },
        { "wss://voice.example.com/ws", "W3", 0 },
        { "wss://voice.example.com/ws", "W4", 0 },
        { "wss://voice.example.com/ws", "W6", 0 },
        { "wss://voice.example.com/ws", "W7", 0 },
        { "wss://voice.example.com/ws", "W8", 0 },
        { "wss://voice.example.com/ws", "W9", 0 },
        { "wss://voice.example.com:443/ws", "W1", 1 },
        { "wss://voice.example.com:443/ws", "W2", 1 },
        { "wss://voice.example.com/ws/", "W3", 1 },
        { "wss://voice.example.com/ws/", "W1", 0 },
        { "wss://voice.example.com", "W4", 1 },
        { "wss://voice.example.com", "W5", 1 },
        { "wss://voice.example.com/", "W4", 1 },
        { "wss://voice.example.com/", "W5", 1 },
        { "wss://voice.example.com:8443/ws", "W7", 1 },
        { "wss://voice.example.com:8443/ws", "W1", 1 },
        { "wss://voice.example.com:8443/ws", "W2", 0 },
        { "wss://voice.example.com/ws?token=abc123&foo=bar", "W8", 1 },
        { "wss://voice.example.com/ws?token=abc123&foo=bar", "W9", 0 },
        { "wss://voice.example.com/ws?token=abc123&foo=bar", "W1", 0 },
        { "wss://voice.example.com/ws?foo=bar&token=abc123", "W8", 0 },
        { "wss://voice.example.com/ws?foo=bar&token=abc123", "W9", 0 },
        { "wss://voice.example.com/ws?token=abc124&foo=bar", "W8", 0 },
        { "wss://voice.example.com:443/ws?token=abc123&foo=bar", "W8", 1 },
        { "wss://voice.example.com:443/ws?token=abc123&foo=bar", "W9", 0 },
        { "wss://voice.example.com/w?s=", "W1", 0 },
        { "wss://voice.example.com/w?s", "W1", 0 },
        { "wss://voice.example.com/w?=s", "W1", 0 },
        { "wss://voice.example.com/?ws=", "W1", 0 },
        { "wss://voice.example.com?ws", "W1", 0 },
        { "wss://voice.example.com/ws?", "W1", 0 },
        { "https://voice.example.com/ws", "W6", 1 },
        { "https://voice.example.com/ws", "W1", 0 },
        { "wss://voice.example.org/ws", "W1", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_ok(accepted(cases[i].url, vector(cases[i].id)->sig)
               == cases[i].ok, "%s %s as %s", cases[i].id,
               cases[i].ok ? "accepted" : "refused", cases[i].url);
    }

    tap_ok(accepted(vector("T2")->url, vector("T2")->sig),
           "T2 accepted, without pairs");

    tap_ok(accepted("https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256="
                    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c06"
                    "0f61caaff8a", vector("G2")->sig),
           "G2 accepted without its port");
}


static int
accepted(const char *url, const char *sig)
{
    int                     ok;
    u_char                  got[CONVRELAY_SIGNATURE_LEN + 1], *buf;
    size_t                  tries;
    convrelay_str_t         str, input, header;
    convrelay_signature_t   s;

    str.data = (u_char *) url;
    str.len = strlen(url);

    header.data = (u_char *) sig;
    header.len = strlen(sig);

    convrelay_signature_init(&s, &str, NULL, 0);

    buf = malloc(convrelay_signature_size(&s));
    tries = 0;
    ok = 0;

    while (convrelay_signature_next(&s, buf, &input) == CONVRELAY_OK) {
        sign(got, &input);
        ok |= (convrelay_signature_check(&header, got) == CONVRELAY_OK);
        tries++;
    }

    free(buf);

    return ok && tries <= CONVRELAY_SIGNATURE_MAX;
}


/* pairs as they come off the wire give the strings that were signed */

static void
form_body_test(void)
{
    u_char                  sig[CONVRELAY_SIGNATURE_LEN + 1], *buf, *pos;
    size_t                  n;
    convrelay_str_t         url, input;
    convrelay_pair_t        pairs[MAX_PAIRS];
    convrelay_signature_t   s;

    static u_char  body[] =
        "Special=unicode%3A+%C3%B1%C3%A1%C3%A9%C3%AD%C3%B3%C3%BA"
        "&Message=Hello+%26+goodbye%21+%40%23%24%25%5E%2A%28%29"
        "&From=%2B1+%28415%29+867-5309";

    n = 0;
    pos = body;

    while (convrelay_form_next(&pos, body + sizeof(body) - 1, &pairs[n])
           == CONVRELAY_OK)
    {
        n++;
    }

    convrelay_str_set(&url, "https://mycompany.com/myapp.php?foo=1&bar=2");
    convrelay_signature_init(&s, &url, pairs, n);

    buf = malloc(convrelay_signature_size(&s));
    (void) convrelay_signature_next(&s, buf, &input);
    sign(sig, &input);

    tap_is(sig, CONVRELAY_SIGNATURE_LEN, vector("J")->sig,
           CONVRELAY_SIGNATURE_LEN, "vector J as a form");

    free(buf);
}


/* a body of nothing but "&a" costs a sort, not a square */

static void
many_test(void)
{
    u_char                 *buf;
    size_t                  i, n;
    convrelay_str_t         url, input;
    convrelay_pair_t       *pairs;
    convrelay_signature_t   s;

    static u_char  names[] = "abcdefghijklmnopqrstuvwxyz";

    n = 200000;
    pairs = calloc(n, sizeof(convrelay_pair_t));

    for (i = 0; i < n; i++) {
        pairs[i].name.data = names + (i * 7) % 26;
        pairs[i].name.len = 1;
    }

    convrelay_str_set(&url, "https://h/");
    convrelay_signature_init(&s, &url, pairs, n);

    buf = malloc(convrelay_signature_size(&s));
    (void) convrelay_signature_next(&s, buf, &input);

    tap_is_str(&input, "https://h/abcdefghijklmnopqrstuvwxyz",
               "200,000 pairs");

    free(buf);
    free(pairs);
}


static void
check_test(void)
{
    int              bad;
    u_char           copy[CONVRELAY_SIGNATURE_LEN + 1];
    size_t           i, bit;
    const u_char    *sig;
    convrelay_str_t  header;

    sig = (const u_char *) vector("A")->sig;

    memcpy(copy, sig, CONVRELAY_SIGNATURE_LEN);
    copy[CONVRELAY_SIGNATURE_LEN] = '=';

    header.data = copy;
    header.len = CONVRELAY_SIGNATURE_LEN;

    tap_ok(convrelay_signature_check(&header, sig) == CONVRELAY_OK, "equal");

    bad = 0;

    for (i = 0; i < CONVRELAY_SIGNATURE_LEN; i++) {

        for (bit = 1; bit < 256; bit <<= 1) {
            copy[i] ^= bit;
            bad += (convrelay_signature_check(&header, sig)
                    != CONVRELAY_DECLINED);
            copy[i] ^= bit;
        }
    }

    tap_ok(bad == 0, "any bit that differs is seen");

    bad = 0;

    for (i = 0; i <= CONVRELAY_SIGNATURE_LEN + 1; i++) {

        if (i != CONVRELAY_SIGNATURE_LEN) {
            header.len = i;
            bad += (convrelay_signature_check(&header, sig)
                    != CONVRELAY_DECLINED);
        }
    }

    tap_ok(bad == 0, "any other length is refused");

    header.data = NULL;
    header.len = 0;

    tap_ok(convrelay_signature_check(&header, sig) == CONVRELAY_DECLINED,
           "a missing header is refused");
}


static size_t
fill(convrelay_pair_t *pairs, const text_pair_t *text, int reverse)
{
    size_t             i, n;
    convrelay_pair_t   pair;

    for (n = 0; n < MAX_PAIRS && text[n].name; n++) {
        pairs[n].name.data = (u_char *) text[n].name;
        pairs[n].name.len = strlen(text[n].name);
        pairs[n].value.data = (u_char *) text[n].value;
        pairs[n].value.len = strlen(text[n].value);
    }

    for (i = 0; reverse && i < n / 2; i++) {
        pair = pairs[i];
        pairs[i] = pairs[n - 1 - i];
        pairs[n - 1 - i] = pair;
    }

    return n;
}


static void
sign(u_char *sig, const convrelay_str_t *input)
{
    u_char    md[EVP_MAX_MD_SIZE];
    unsigned  len;

    (void) HMAC(EVP_sha1(), "12345", 5, input->data, input->len, md, &len);
    (void) EVP_EncodeBlock(sig, md, (int) len);
}


/* a place of exactly size bytes */

static u_char *
room(size_t size)
{
    char    *zero;
    u_char  *p;

    zero = calloc(1, size + 1);
    p = tap_flush(zero, size);
    free(zero);

    return p;
}


static void
token_test(void)
{
    size_t            i;
    convrelay_str_t   token;

    static const struct {
        const char         *token;
        convrelay_token_e   want;
    } tokens[] = {
        { "0123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_OK },
        { "0123456789ABCDEF0123456789ABCDEF", CONVRELAY_TOKEN_OK },
        { "0123456789abcdef0123456789abcde", CONVRELAY_TOKEN_ODD },
        { "0123456789abcdef0123456789abcdef0", CONVRELAY_TOKEN_ODD },
        { "0123456789abcdef0123456789abcdeg", CONVRELAY_TOKEN_ODD },
        { "0123456789abcdef0123456789abcde@", CONVRELAY_TOKEN_ODD },
        { "`123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { "/123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { ":123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { "\x10" "123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { "AC0123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ACCOUNT },
        { "SK0123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_KEY },
        { "ac0123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { "AC0123456789abcdef0123456789abcde", CONVRELAY_TOKEN_ODD },
        { "XX0123456789abcdef0123456789abcdef", CONVRELAY_TOKEN_ODD },
        { "on", CONVRELAY_TOKEN_SWITCH },
        { "On", CONVRELAY_TOKEN_SWITCH },
        { "OFF", CONVRELAY_TOKEN_SWITCH },
        { "true", CONVRELAY_TOKEN_SWITCH },
        { "false", CONVRELAY_TOKEN_SWITCH },
        { "yes", CONVRELAY_TOKEN_SWITCH },
        { "no", CONVRELAY_TOKEN_SWITCH },
        { "enabled", CONVRELAY_TOKEN_SWITCH },
        { "disabled", CONVRELAY_TOKEN_SWITCH },
        { "1", CONVRELAY_TOKEN_SWITCH },
        { "0", CONVRELAY_TOKEN_SWITCH },
        { "ons", CONVRELAY_TOKEN_ODD },
        { "o", CONVRELAY_TOKEN_ODD },
        { "A", CONVRELAY_TOKEN_ODD },
        { "", CONVRELAY_TOKEN_ODD }
    };

    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        token.len = strlen(tokens[i].token);
        token.data = tap_flush(tokens[i].token, token.len);

        tap_ok(convrelay_signature_token(&token) == tokens[i].want,
               "token \"%s\"", tokens[i].token);

        tap_unflush(token.data, token.len);
    }
}
