
/*
 * Copyright (C) convrelay contributors
 *
 * Messages of all kinds, whole and broken at random, are the same for the
 * reader and for a tree of cJSON.
 */


#include "relay_tree.h"
#include "tap.h"


#define ROUNDS  300000


static void known_test(void);
static void random_test(void);
static size_t change(u_char *p, size_t len, size_t max);
static size_t splice(u_char *p, size_t len, size_t max, size_t at,
    size_t cut, const char *text, size_t n);
static unsigned rnd(unsigned n);
static void report_doc(const u_char *p, size_t len, const char *what);


static uint64_t  seed = 88172645463325252ull;


#define doc(s)  { s, sizeof(s) - 1 }


static const struct {
    const char  *text;
    size_t       len;
} docs[] = {
    doc("{\"type\":\"setup\",\"sessionId\":\"VX01\",\"callSid\":\"CA01\","
        "\"parentCallSid\":\"\",\"from\":\"+15550100001\","
        "\"to\":\"+15550100002\",\"forwardedFrom\":null,"
        "\"callerName\":\"J\\u00f6rg\",\"direction\":\"inbound\","
        "\"callType\":\"PSTN\",\"callStatus\":\"RINGING\","
        "\"accountSid\":\"AC01\",\"customParameters\":{\"tenant\":\"birch\","
        "\"n\":-1.5e3,\"vip\":true,\"old\":false,\"none\":null,\"l\":[1],"
        "\"o\":{\"a\":{}},\"\\ud83d\\ude00\":\"x\\u0000y\\ud800\"}}"),
    doc("{\"type\":\"setup\",\"callSid\":\" \",\"callControlId\":\"v3:aa\","
        "\"callSessionId\":\"cc\",\"callLegId\":\"dd\",\"sessionId\":\"\"}"),
    doc("{\"customParameters\":{},\"callSid\":[],\"callLegId\":\"dd\","
        "\"type\":\"setup\"}"),
    doc("{\"type\":\"prompt\",\"voicePrompt\":\"  What \\\"now\\\"?"
        " \xc3\xa9 \",\"lang\":\"en-US\",\"last\":true,"
        "\"agentSpeaking\":\"on\"}"),
    doc("{\"last\":false,\"lang\":null,\"voicePrompt\":\"\\t\\ud83d\\n\","
        "\"type\":\"prompt\",\"x\":[{\"y\":null},[[]],{},\"\"]}"),
    doc("{\"type\":\"interrupt\",\"utteranceUntilInterrupt\":\" We are \","
        "\"durationUntilInterruptMs\":460}"),
    doc("{\"type\":\"interrupt\",\"durationUntilInterruptMs\":\"7.25\"}"),
    doc("{\"type\":\"interrupt\",\"durationUntilInterruptMs\":4.35e2}"),
    doc("{\"type\":\"dtmf\",\"digit\":\"#\"}"),
    doc("{\"type\":\"info\",\"name\":\"tokensPlayed\",\"value\":\" and\"}"),
    doc("{\"type\":\"error\",\"description\":\"Invalid message, code: 64107, "
        "{\\\"type\\\":\\\"txt\\\"}\"}"),
    doc("{\"type\":\"mark\",\"type\":\"dtmf\",\"digit\":\"1\",\"digit\":2}"),
    doc("{\"reasonCode\":\"live-agent\",\"n\":12,\"b\":true,\"x\":null}"),
    doc("[\"type\"]"),
    doc("\xef\xbb\xbf {\"type\":\"dtmf\" , \"digit\":\"5\\u0000\"}\r\n"),
    doc("{\"type\":\"prompt\",\"voicePrompt\":\"\xed\xa0\x80 \xff \xf0\x9f\"}"),
};


static const char  *pieces[] = {
    "\"type\":", "\"callSid\":", "\"last\":", "\"digit\":", "\"value\":",
    "\"customParameters\":", "\"durationUntilInterruptMs\":", "\"setup\"",
    "\"prompt\"", "\"interrupt\"", "\"dtmf\"", "\"info\"", "\"error\"", "null",
    "true", "false", "0", "-1", "1.5", "2e3", "-0.0", "1E-2", "1e999", "01",
    "\"\"", "[]", "{}", "{\"a\":1}", ",", ":", "{", "}", "[", "]", "\"", "\\",
    "\\\"", "\\n", "\\u0000", "\\u00e9", "\\ud83d", "\\ude00", "\\ud83d\\ude00",
    "\\ud800\\ud800", "\\x", "\\u12", " ", "\n", "\t", "\xef\xbb\xbf", "\xc3",
    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xff",
    "code: 64", "*", "#", "A"
};


int
main(void)
{
    known_test();
    random_test();

    return tap_done();
}


static void
known_test(void)
{
    size_t       i;
    const char  *what;

    for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
        what = relay_differs((u_char *) docs[i].text, docs[i].len);

        tap_ok(what == NULL, "document %zu is the same", i);

        if (what) {
            report_doc((u_char *) docs[i].text, docs[i].len, what);
        }
    }
}


static void
random_test(void)
{
    u_char       p[2048];
    size_t       i, len;
    unsigned     n, bad;
    const char  *what;

    bad = 0;
    relay_messages = 0;

    for (i = 0; i < ROUNDS && bad < 5; i++) {
        n = rnd(sizeof(docs) / sizeof(docs[0]));

        len = docs[n].len;
        memcpy(p, docs[n].text, len);

        for (n = rnd(4) + 1; n; n--) {
            len = change(p, len, sizeof(p));
        }

        what = relay_differs(p, len);

        if (what) {
            report_doc(p, len, what);
            bad++;
        }
    }

    tap_ok(bad == 0, "%u changed documents are the same", ROUNDS);
    tap_ok(relay_messages > ROUNDS / 10, "%u of them are messages",
           relay_messages);
}


static size_t
change(u_char *p, size_t len, size_t max)
{
    size_t       at, n;
    const char  *piece;

    at = rnd(len + 1);

    switch (rnd(6)) {

    case 0:
        if (at < len) {
            p[at] = rnd(256);
        }

        return len;

    case 1:
        n = rnd(4);
        return splice(p, len, max, at, n, "", 0);

    case 2:
        n = rnd(len - at + 1);
        return splice(p, len, max, at, n, "", 0);

    case 3:
        n = rnd(len - at + 1);
        return splice(p, len, max, rnd(len + 1), 0, (char *) p + at, n);

    default:
        piece = pieces[rnd(sizeof(pieces) / sizeof(char *))];
        return splice(p, len, max, at, rnd(3) ? 0 : rnd(8), piece,
                      strlen(piece));
    }
}


/* text may lie in p */

static size_t
splice(u_char *p, size_t len, size_t max, size_t at, size_t cut,
    const char *text, size_t n)
{
    u_char  copy[2048];

    if (cut > len - at) {
        cut = len - at;
    }

    if (len - cut + n > max) {
        return len;
    }

    memcpy(copy, text, n);
    memmove(p + at + n, p + at + cut, len - at - cut);
    memcpy(p + at, copy, n);

    return len - cut + n;
}


static unsigned
rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (seed >> 16) % n;
}


static void
report_doc(const u_char *p, size_t len, const char *what)
{
    size_t  i;

    printf("# %s differs: ", what);

    for (i = 0; i < len; i++) {

        if (p[i] >= ' ' && p[i] < 0x7f) {
            putchar(p[i]);

        } else {
            printf("<%02x>", p[i]);
        }
    }

    printf("\n");
}
