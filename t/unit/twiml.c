
/*
 * Copyright (C) convrelay contributors
 */


#include "tap.h"

#include "convrelay_twiml.h"
#include "convrelay_xml.h"


#define HEAD  "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"
#define TAIL  "</Connect></Response>"


static void escape_test(void);
static void escape(const char *src, size_t len, const char *want,
    const char *name);
static void document_test(void);
static void document(const convrelay_twiml_t *t, const char *want,
    const char *name);
static void url_test(void);
static int check_url(const char *url, size_t len, const char **error);
static void argument_test(void);
static void name_test(void);
static u_char *room(size_t size);


int
main(void)
{
    escape_test();
    document_test();
    url_test();
    argument_test();
    name_test();

    return tap_done();
}


static void
escape_test(void)
{
    int    i;
    char   controls[32], ascii[96], want[96 + 64], *p;

    escape("", 0, "", "nothing");
    escape(NULL, 0, "", "null");
    escape("plain", 5, "plain", "plain text");
    escape("&", 1, "&amp;", "ampersand");
    escape("a&b<c>d\"e'f", 11,
           "a&amp;b&lt;c&gt;d&quot;e&apos;f", "special characters");
    escape("&amp;", 5, "&amp;amp;", "no second guess");
    escape("]]>", 3, "]]&gt;", "end of CDATA");
    escape("a\tb\nc\rd\r\n", 9, "a&#9;b&#10;c&#13;d&#13;&#10;",
           "tab, LF and CR");

    for (i = 0; i < 32; i++) {
        controls[i] = (char) i;
    }

    escape(controls, 32, "&#9;&#10;&#13;", "control characters are dropped");
    escape("a\0b", 3, "ab", "NUL is dropped");
    escape("\x7f", 1, "\x7f", "DEL is a character");

    p = want;

    for (i = 0; i < 95; i++) {
        ascii[i] = (char) (0x20 + i);

        switch (ascii[i]) {

        case '&':
            p = stpcpy(p, "&amp;");
            break;

        case '<':
            p = stpcpy(p, "&lt;");
            break;

        case '>':
            p = stpcpy(p, "&gt;");
            break;

        case '"':
            p = stpcpy(p, "&quot;");
            break;

        case '\'':
            p = stpcpy(p, "&apos;");
            break;

        default:
            *p++ = ascii[i];
        }
    }

    *p = '\0';

    escape(ascii, 95, want, "printable ASCII");

    escape("\xc3\xb1\xe2\x82\xac\xf0\x9f\x98\x80", 9,
           "\xc3\xb1\xe2\x82\xac\xf0\x9f\x98\x80", "UTF-8 stays");
    escape("\xc2\x85\xe2\x80\xa8", 5, "\xc2\x85\xe2\x80\xa8", "C1, U+2028");
    escape("\xef\xbf\xbd", 3, "\xef\xbf\xbd", "U+FFFD stays");
    escape("a\xef\xbf\xbe" "b\xef\xbf\xbf" "c", 9, "abc",
           "U+FFFE and U+FFFF are dropped");
    escape("\xf0\x9f\xbf\xbe", 4, "\xf0\x9f\xbf\xbe", "U+1FFFE is allowed");
    escape("a\xff" "b", 3, "a\xef\xbf\xbd" "b", "a bad byte");
    escape("\xe2\x82", 2, "\xef\xbf\xbd", "a cut character");
    escape("\xe2\x82<", 3, "\xef\xbf\xbd&lt;", "a cut character before <");
    escape("\xc0\xbc", 2, "\xef\xbf\xbd\xef\xbf\xbd", "an overlong <");
    escape("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
           "a surrogate");
    escape("\xf4\x90\x80\x80", 4,
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
           "above U+10FFFF");
}


static void
escape(const char *src, size_t len, const char *want, const char *name)
{
    size_t   n;
    u_char  *in, *out, *end;

    in = tap_flush(src, len);

    n = convrelay_xml_escaped_len(src ? in : NULL, len);
    out = room(n);
    end = convrelay_xml_escape(out, src ? in : NULL, len);

    tap_ok((size_t) (end - out) == n, "%s: length is exact", name);
    tap_is(out, n, want, strlen(want), name);

    tap_unflush(out, n);
    tap_unflush(in, len);
}


static void
document_test(void)
{
    convrelay_twiml_t  t;

    static convrelay_pair_t  attributes[] = {
        { convrelay_string("welcomeGreeting"), convrelay_string("Hi & bye") },
        { convrelay_string("language"), convrelay_null_string },
        { convrelay_string("voice"), convrelay_string("") },
        { convrelay_string("hints"), convrelay_string("\x01\x02") },
        { convrelay_string("events"), convrelay_string("tokens-played") }
    };

    static convrelay_pair_t  parameters[] = {
        { convrelay_string("tenant"), convrelay_string("birch") },
        { convrelay_string("a\"/><b"), convrelay_string("</x>\n") },
        { convrelay_string("empty"), convrelay_null_string }
    };

    static convrelay_pair_t  spanish[] = {
        { convrelay_string("voice"), convrelay_string("a&b") },
        { convrelay_string("speechModel"), convrelay_string("") }
    };

    static convrelay_twiml_language_t  languages[] = {
        { convrelay_string("es-ES"), spanish, 2 },
        { convrelay_string(""), spanish, 2 },
        { convrelay_string("\x01"), spanish, 2 },
        { convrelay_string("<"), NULL, 0 }
    };

    memset(&t, 0, sizeof(t));

    convrelay_str_set(&t.url, "wss://voice.example.com/ws");

    document(&t, HEAD "<Connect><ConversationRelay "
             "url=\"wss://voice.example.com/ws\"/>" TAIL, "url alone");

    convrelay_str_set(&t.url, "wss://voice.example.com/ws?t=a1&v='2'");
    convrelay_str_set(&t.action, "/action?a=1&b=2");

    document(&t, HEAD "<Connect action=\"/action?a=1&amp;b=2\">"
             "<ConversationRelay url=\"wss://voice.example.com/ws?t=a1&amp;"
             "v=&apos;2&apos;\"/>" TAIL, "url and action are escaped");

    convrelay_str_set(&t.url, "wss://h/");
    convrelay_str_set(&t.action, "/end");
    convrelay_str_set(&t.method, "GET");

    t.attributes = attributes;
    t.nattributes = 5;

    document(&t, HEAD "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\" "
             "welcomeGreeting=\"Hi &amp; bye\" events=\"tokens-played\"/>"
             TAIL, "empty attributes are left out");

    t.parameters = parameters;
    t.nparameters = 3;

    document(&t, HEAD "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\" "
             "welcomeGreeting=\"Hi &amp; bye\" events=\"tokens-played\">"
             "<Parameter name=\"tenant\" value=\"birch\"/>"
             "<Parameter name=\"a&quot;/&gt;&lt;b\" "
             "value=\"&lt;/x&gt;&#10;\"/>"
             "<Parameter name=\"empty\" value=\"\"/>"
             "</ConversationRelay>" TAIL, "parameters are children");

    t.nparameters = 1;
    t.languages = languages;
    t.nlanguages = 4;
    t.nattributes = 0;

    convrelay_str_set(&t.before, "<Say>Hi &amp; bye</Say>");
    convrelay_str_set(&t.inside, "<Failover a='b'/>");

    document(&t, HEAD "<Say>Hi &amp; bye</Say>"
             "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\">"
             "<Language code=\"es-ES\" voice=\"a&amp;b\"/>"
             "<Language code=\"&lt;\"/>"
             "<Parameter name=\"tenant\" value=\"birch\"/>"
             "<Failover a='b'/>"
             "</ConversationRelay>" TAIL, "languages and raw children");

    t.nlanguages = 0;
    t.nparameters = 0;
    t.before.len = 0;

    document(&t, HEAD "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\"><Failover a='b'/>"
             "</ConversationRelay>" TAIL, "raw children alone");

    convrelay_str_set(&t.after, "<Say>Bye</Say><Hangup/>");

    document(&t, HEAD "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\"><Failover a='b'/>"
             "</ConversationRelay></Connect><Say>Bye</Say><Hangup/>"
             "</Response>", "raw children, and verbs after");

    t.inside.len = 0;

    document(&t, HEAD "<Connect action=\"/end\" method=\"GET\">"
             "<ConversationRelay url=\"wss://h/\"/></Connect>"
             "<Say>Bye</Say><Hangup/></Response>", "verbs after alone");

    t.after.len = 0;
    convrelay_str_set(&t.action, "\x01");

    document(&t, HEAD "<Connect><ConversationRelay url=\"wss://h/\"/>" TAIL,
             "no method without an action");

    convrelay_str_set(&t.url, "\"><Say>\xff\x01");

    t.action.len = 0;
    t.method.len = 0;

    document(&t, HEAD "<Connect><ConversationRelay "
             "url=\"&quot;&gt;&lt;Say&gt;\xef\xbf\xbd\"/>" TAIL,
             "nothing gets out of a value");
}


static void
document(const convrelay_twiml_t *t, const char *want, const char *name)
{
    size_t   n;
    u_char  *out, *end;

    n = convrelay_twiml_size(t);
    out = room(n);
    end = convrelay_twiml_write(out, t);

    tap_ok((size_t) (end - out) == n, "%s: size is exact", name);
    tap_is(out, n, want, strlen(want), name);

    tap_unflush(out, n);
}


static void
url_test(void)
{
    int          bad;
    char         text[64];
    size_t       i;
    const char  *error;

    static const char  *good[] = {
        "wss://voice.example.com", "wss://voice.example.com/",
        "wss://voice.example.com/ws", "wss://voice.example.com/ws?t=1&v=2",
        "wss://voice.example.com?t=1", "wss://voice.example.com:8443/ws",
        "wss://voice.example.com:443", "wss://voice.example.com:1?x",
        "wss://VOICE.example.com/ws", "wss://my_host-1.example.com./ws",
        "wss://127.0.0.1:65535/ws", "wss://[::1]/ws", "wss://[2001:DB8::a]",
        "wss://[::ffff:127.0.0.1]:8443/ws", "wss://h/a@b:c//d",
        "wss://h/?u=https://x/y@z", "wss://h/%20"
    };

    static const struct {
        const char  *url;
        const char  *say;
    } wrong[] = {
        { "", "is empty" },
        { "wss:/", "put it in front" },
        { "wss:", "put it in front" },
        { "voice.example.com/ws", "put it in front" },
        { "//voice.example.com/ws", "put it in front" },
        { "/ws", "put it in front" },
        { "ftp://voice.example.com/ws", "put it in front" },
        { " wss://voice.example.com/ws", "put it in front" },
        { "ws://voice.example.com/ws", "starts with \"ws://\", write" },
        { "http://voice.example.com/ws", "starts with \"http://\", write" },
        { "https://voice.example.com/ws",
          "starts with \"https://\", write \"wss://\" instead" },
        { "HTTPS://voice.example.com/ws", "starts with \"https://\"" },
        { "WSS://voice.example.com/ws", "upper case" },
        { "Wss://voice.example.com/ws", "upper case" },
        { "wss://https://voice.example.com/ws",
          "scheme inside the host, drop the \"https://\"" },
        { "wss://HTTPS://voice.example.com/ws", "drop the \"https://\"" },
        { "wss://http://voice.example.com/ws", "drop the \"http://\"" },
        { "wss://ws://voice.example.com/ws", "drop the \"ws://\"" },
        { "wss://wss://voice.example.com/ws", "drop one \"wss://\"" },
        { "wss://https:///ws", "drop the \"https://\"" },
        { "wss://", "has no host" },
        { "wss:///ws", "has no host" },
        { "wss://?a=1", "has no host" },
        { "wss://:8443/ws", "has no host" },
        { "wss://voice.example.com/a b", "white space" },
        { "wss:// voice.example.com/ws", "white space" },
        { "wss://voice.example.com/ws\n", "white space" },
        { "wss://voice.example.com\t/ws", "white space" },
        { "wss://voice.example.com/\x01", "control character" },
        { "wss://voice.example.com/\x7f", "control character" },
        { "wss://voice.example.com/ws#top", "fragment" },
        { "wss://voice.example.com#top", "fragment" },
        { "wss://#", "fragment" },
        { "wss://user@voice.example.com/ws", "user information" },
        { "wss://user:pass@voice.example.com/ws", "user information" },
        { "wss://@voice.example.com/ws", "user information" },
        { "wss://voice.example.com:/ws", "bad port" },
        { "wss://voice.example.com:0/ws", "bad port" },
        { "wss://voice.example.com:65536/ws", "bad port" },
        { "wss://voice.example.com:99999999999999999999/ws", "bad port" },
        { "wss://voice.example.com:80a/ws", "bad port" },
        { "wss://voice.example.com:-1/ws", "bad port" },
        { "wss://voice.example.com:443:443/ws", "bad port" },
        { "wss://ftp://voice.example.com/ws", "bad port" },
        { "wss://::1/ws", "no host before" },
        { "wss://[::1/ws", "closing" },
        { "wss://[]/ws", "no address" },
        { "wss://[::g]/ws", "bad IPv6" },
        { "wss://[::1]8443/ws", "bad port" },
        { "wss://[::1]:/ws", "bad port" },
        { "wss://.example.com/ws", "empty part" },
        { "wss://voice..example.com/ws", "empty part" },
        { "wss://./ws", "empty part" },
        { "wss://voice\\example.com/ws", "a character in the host" },
        { "wss://$convrelay_env_HOST/ws", "a character in the host" },
        { "wss://voice%2eexample.com/ws", "a character in the host" },
        { "wss://\xc3\xb1.example.com/ws", "a character in the host" },
        { "wss://<host>/ws", "a character in the host" },
        { "wss://\"host\"/ws", "a character in the host" }
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tap_ok(check_url(good[i], strlen(good[i]), &error) == CONVRELAY_OK
               && error == NULL, "good url: %s", good[i]);
    }

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {

        if (!tap_ok(check_url(wrong[i].url, strlen(wrong[i].url), &error)
                    == CONVRELAY_DECLINED
                    && error && strstr(error, wrong[i].say),
                    "bad url: \"%s\" %s", wrong[i].url, wrong[i].say))
        {
            printf("# %s\n", error ? error : "no error");
        }
    }

    tap_ok(check_url("wss://h/\0x", 10, &error) == CONVRELAY_DECLINED
           && strstr(error, "control character"), "bad url: NUL");

    bad = 0;

    for (i = 0; i < sizeof("wss://h") - 1; i++) {
        memcpy(text, "wss://h", i);
        bad += (check_url(text, i, &error) != CONVRELAY_DECLINED);
    }

    tap_ok(bad == 0, "a url cut before its host");
}


static int
check_url(const char *url, size_t len, const char **error)
{
    int              rc;
    convrelay_str_t  str;

    *error = "unset";

    str.data = tap_flush(url, len);
    str.len = len;

    rc = convrelay_twiml_check_url(&str, error);

    tap_unflush(str.data, len);

    return rc;
}


static void
argument_test(void)
{
    char             text[64];
    size_t           i, n;
    u_char           separator;
    convrelay_str_t  url;

    static const struct {
        const char  *before;
        const char  *after;
        u_char       separator;
    } urls[] = {
        { "", "", '?' },
        { "/end", "", '?' },
        { "/end?", "", '\0' },
        { "?", "", '\0' },
        { "/end?a=1", "", '&' },
        { "/end?a=1&", "", '\0' },
        { "/end&", "", '?' },
        { "", "#", '?' },
        { "/end", "#rc=2&rp=all", '?' },
        { "/end", "#rc=2?", '?' },
        { "/end?a=1", "#rc=2#?&", '&' },
        { "/end?", "#rc=2", '\0' },
        { "https://voice.example.com", "#", '?' }
    };

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        (void) snprintf(text, sizeof(text), "%s%s", urls[i].before,
                        urls[i].after);

        url.len = strlen(text);
        url.data = tap_flush(text, url.len);
        separator = 'x';

        n = convrelay_twiml_argument(&url, &separator);

        tap_ok(n == strlen(urls[i].before)
               && separator == urls[i].separator,
               "place of an argument in \"%s\"", text);

        tap_unflush(url.data, url.len);
    }
}


static void
name_test(void)
{
    size_t           i;
    convrelay_str_t  str;

    static const char  *good[] = {
        "a", "Z", "voice", "welcomeGreeting", "a1", "elevenlabsV2x"
    };

    static const char  *bad[] = {
        "", "1a", "a b", "a-b", "a_b", "a:b", "a=b", " a", "a\n", "a\"",
        "\xc3\xb1", "a\xff", "[", "@", "`", "{", "a[", "a@", "a`", "a{",
        "a/", "a;"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        str.len = strlen(good[i]);
        str.data = tap_flush(good[i], str.len);
        tap_ok(convrelay_twiml_check_name(&str) == CONVRELAY_OK,
               "good name: %s", good[i]);
        tap_unflush(str.data, str.len);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        str.len = strlen(bad[i]);
        str.data = tap_flush(bad[i], str.len);
        tap_ok(convrelay_twiml_check_name(&str) == CONVRELAY_DECLINED,
               "bad name: %s", bad[i]);
        tap_unflush(str.data, str.len);
    }
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
