
/*
 * Copyright (C) convrelay contributors
 *
 * TwiML as the caller reads it: what it finds, what it refuses, and what it
 * warns of.
 *
 * link: src/caller/convrelay_caller_twiml.c
 * link: src/caller/convrelay_caller_xml.c
 * link: src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_twiml.h"

#include "convrelay_caller_twiml.h"
#include "convrelay_caller_xml.h"


#define RELAY(attributes)                                                    \
    "<Response><Connect><ConversationRelay url=\"wss://a.example/ws\" "      \
    attributes "/></Connect></Response>"


#define CHILD(child)                                                         \
    "<Response><Connect><ConversationRelay url=\"wss://a.example/ws\">"       \
    child "</ConversationRelay></Connect></Response>"


static void test_relay(void);
static void test_escapes(void);
static void test_written(void);
static void test_others(void);
static void test_malformed(void);
static void test_cut_short(void);
static void test_warnings(void);


int
main(void)
{
    test_relay();
    test_escapes();
    test_written();
    test_others();
    test_malformed();
    test_cut_short();
    test_warnings();

    return tap_done();
}


static int
parse(convrelay_caller_twiml_t *t, const char *text, size_t len)
{
    int      rc;
    u_char  *p;

    p = tap_flush(text, len);
    rc = convrelay_caller_twiml_parse(t, (char *) p, len);
    tap_unflush(p, len);

    return rc;
}


static void
test_relay(void)
{
    const char               *value;
    convrelay_caller_twiml_t  t;

    static const char  text[] =
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!-- a comment --><Response>\n"
        "  <Start><Recording/></Start>\n"
        "  <Connect action=\"/action\" method='GET'>\n"
        "    <ConversationRelay url=\"wss://a.example/ws?a=1&amp;b=2\"\n"
        "        welcomeGreeting = 'Hi &#38; \"welcome\"&#x21;'\n"
        "        events=\"speaker-events tokens-played\">\n"
        "      <Language code=\"es-ES\"/>\n"
        "      <Parameter name=\"tenant\" value=\"b&lt;1\"/>\n"
        "    </ConversationRelay>\n"
        "  </Connect>\n"
        "</Response>\n";

    tap_ok(parse(&t, text, sizeof(text) - 1) == CONVRELAY_OK, "full TwiML");
    tap_ok(t.connect && !t.hangup, "it connects");
    tap_ok(strcmp(t.url, "wss://a.example/ws?a=1&b=2") == 0, "url");
    tap_ok(strcmp(t.greeting, "Hi & \"welcome\"!") == 0, "greeting");
    tap_ok(strcmp(t.action, "/action") == 0, "action");
    tap_ok(strcmp(t.method, "GET") == 0, "method");
    tap_ok(strcmp(t.verbs, "<Start> <Connect>") == 0, "verbs: %s", t.verbs);
    tap_ok(t.tokens_played && t.speaker_events, "events");
    tap_ok(t.warnings.len == 0, "nothing to warn of");

    value = convrelay_caller_pairs_get(&t.parameters, "tenant");
    tap_ok(value && strcmp(value, "b<1") == 0, "parameter");

    convrelay_caller_twiml_free(&t);
}


static void
greeting(const char *written, const char *want)
{
    char                      text[512];
    convrelay_caller_twiml_t  t;

    snprintf(text, sizeof(text), RELAY("welcomeGreeting=\"%s\""), written);

    tap_ok(parse(&t, text, strlen(text)) == CONVRELAY_OK && t.greeting
           && strcmp(t.greeting, want) == 0, "\"%s\" is read", written);

    convrelay_caller_twiml_free(&t);
}


static void
test_escapes(void)
{
    greeting("&lt;&gt;&amp;&quot;&apos;", "<>&\"'");
    greeting("a\tb\nc", "a b c");
    greeting("a&#9;b&#10;c", "a\tb\nc");
    greeting("&#x20AC;&#128512;", "\xe2\x82\xac\xf0\x9f\x98\x80");
    greeting("caf\xc3\xa9", "caf\xc3\xa9");
    greeting("it's", "it's");
    greeting("", "");
}


/* whatever the module writes is what the caller reads */

static void
test_written(void)
{
    size_t                    len;
    u_char                   *p;
    convrelay_pair_t          attr, param;
    convrelay_twiml_t         w;
    convrelay_caller_twiml_t  t;

    static char  odd[] = "a<b>&\"'\t\n\r \xc3\xa9 ]]> --";

    memset(&w, 0, sizeof(convrelay_twiml_t));

    convrelay_str_set(&w.url, "wss://a.example/ws?a=1&b=2");
    convrelay_str_set(&attr.name, "welcomeGreeting");
    attr.value.data = (u_char *) odd;
    attr.value.len = sizeof(odd) - 1;
    param.name = attr.value;
    param.value = attr.value;
    w.attributes = &attr;
    w.nattributes = 1;
    w.parameters = &param;
    w.nparameters = 1;

    len = convrelay_twiml_size(&w);
    p = malloc(len);
    tap_ok(convrelay_twiml_write(p, &w) == p + len, "written");

    tap_ok(parse(&t, (char *) p, len) == CONVRELAY_OK, "read");
    tap_ok(t.greeting && strcmp(t.greeting, odd) == 0, "the same greeting");
    tap_ok(t.url && strcmp(t.url, "wss://a.example/ws?a=1&b=2") == 0,
           "the same URL");
    tap_ok(t.parameters.n == 1 && strcmp(t.parameters.elts[0].name, odd) == 0
           && strcmp(t.parameters.elts[0].value, odd) == 0,
           "the same parameter");

    convrelay_caller_twiml_free(&t);
    free(p);
}


static void
test_others(void)
{
    convrelay_caller_twiml_t  t;

    tap_ok(parse(&t, "<Response/>", 11) == CONVRELAY_OK && t.hangup
           && !t.connect, "nothing to do ends the call");
    convrelay_caller_twiml_free(&t);

    tap_ok(parse(&t, "<Response><Hangup/></Response>", 30) == CONVRELAY_OK
           && t.hangup && !t.connect, "so does <Hangup>");
    convrelay_caller_twiml_free(&t);

    tap_ok(parse(&t, "<Response><Say><![CDATA[<hi>]]></Say></Response>", 48)
           == CONVRELAY_OK && !t.connect && strcmp(t.verbs, "<Say>") == 0,
           "CDATA is text");
    convrelay_caller_twiml_free(&t);
}


static void
refused(const char *text, const char *want)
{
    int                       rc;
    convrelay_caller_twiml_t  t;

    rc = parse(&t, text, strlen(text));

    tap_ok(rc == CONVRELAY_ERROR && t.error && strstr(t.error, want),
           "%s: %s", text, t.error ? t.error : "taken");

    convrelay_caller_twiml_free(&t);
}


static void
test_malformed(void)
{
    refused("", "has no element");
    refused("hello", "text outside");
    refused("<html></html>", "no <Response>");
    refused("<Response>", "does not close an element");
    refused("<Response></response>", "not open");
    refused("<Response/><Response/>", "second root");
    refused("<Response/>x", "text outside");
    refused(" <?xml version=\"1.0\"?><Response/>", "very beginning");
    refused("<!DOCTYPE x><Response/>", "declaration");
    refused("<!-- <Response/>", "does not close a comment");
    refused("<Response a=1/>", "without quotes");
    refused("<Response a/>", "without a value");
    refused("<Response a='1'b='2'/>", "does not end a tag");
    refused("<Response a='1' a='2'/>", "duplicate attribute");
    refused("<Response a='<'/>", "\"<\" in a value");
    refused("<Response a='1", "does not close a quote");
    refused("<Response>a & b</Response>", "bare \"&\"");
    refused("<Response>&nbsp;</Response>", "unknown entity");
    refused("<Response>&#0;</Response>", "bad character");
    refused("<Response>&#xD800;</Response>", "bad character");
    refused("<Response>&#x110000;</Response>", "bad character");
    refused("<Response>&#x;</Response>", "bad character");
    refused("<Response>&#12a;</Response>", "bad character");
    refused("<Response>\x01</Response>", "character that XML");
    refused("<Response>\xff</Response>", "UTF-8");
    refused("<Response><![CDATA[x</Response>", "CDATA");
    refused("<Response>\n\n< /></Response>", "line 3");
    refused("<Response><Connect><ConversationRelay/></Connect></Response>",
            "without url");
}


/* every beginning of a document is refused and read no further */

static void
test_cut_short(void)
{
    size_t                    len;
    convrelay_caller_twiml_t  t;

    static const char  text[] =
        "<?xml version='1.0'?><Response><!--x--><Connect a='&amp;&#65;'>"
        "<![CDATA[y]]><ConversationRelay url='wss://a.example/ws'/>"
        "</Connect></Response>";

    for (len = 0; len < sizeof(text) - 1; len++) {

        if (parse(&t, text, len) == CONVRELAY_OK) {
            break;
        }

        convrelay_caller_twiml_free(&t);
    }

    tap_ok(len == sizeof(text) - 1, "no beginning of it is a document");

    tap_ok(parse(&t, text, len) == CONVRELAY_OK, "the whole is");
    convrelay_caller_twiml_free(&t);
}


static void
warned(const char *text, const char *want)
{
    int                       rc;
    const char               *got;
    convrelay_caller_twiml_t  t;

    rc = parse(&t, text, strlen(text));
    got = t.warnings.len ? t.warnings.data : "";

    tap_ok(rc == CONVRELAY_OK && (want ? strstr(got, want) != NULL : !*got),
           "%s: %.*s", want ? want : "no warning",
           (int) strcspn(got, "\n"), got);

    convrelay_caller_twiml_free(&t);
}


static void
test_warnings(void)
{
    warned(RELAY("interruptible=\"any\" speechTimeout=\"auto\""), NULL);
    warned(RELAY("speechTimeout=\"600\" speechModel=\"flux\" "
                 "eotThreshold=\"0.7\""), NULL);
    warned(RELAY("events=\"tokens-played\" ttsProvider=\"google\""), NULL);
    warned(RELAY("greeting=\"x\""), "attribute \"greeting\" of "
           "<ConversationRelay> is not known to Twilio, which ignores it\n");
    warned(RELAY("welcomegreeting=\"x\""),
           "ignores it; did you mean \"welcomeGreeting\"?");
    warned(RELAY("interruptible=\"maybe\""),
           "interruptible=\"maybe\" of <ConversationRelay> is not valid: "
           "write \"none\"");
    warned(RELAY("speechTimeout=\"599\""), "speechTimeout=\"599\"");
    warned(RELAY("speechTimeout=\"1s\""), "speechTimeout=\"1s\"");
    warned(RELAY("events=\"tokens-plaid\""), "events=\"tokens-plaid\"");
    warned("<Response><Connect><ConversationRelay url=\"ws://a/\"/>"
           "</Connect></Response>", "64102");
    warned("<Response><Connect foo='x'><ConversationRelay "
           "url=\"wss://a.example/\"/></Connect></Response>",
           "unknown attribute \"foo\"");
    warned("<Response><Connect action='ftp://x/'><ConversationRelay "
           "url=\"wss://a.example/\"/></Connect></Response>",
           "action=\"ftp://x/\" of <Connect> has a scheme");
    warned(CHILD("<Parameter name='x'/>"), "lacks its name or its value");
    warned(CHILD("<Language code='es-ES' ttsProvider='Amazon' "
                 "voice='Lucia-Neural'/>"), NULL);
    warned(CHILD("<Language ttsProvider='Google'/>"), "lacks its code");
    warned(CHILD("<Language code='es_ES!'/>"),
           "code=\"es_ES!\" of a <Language> is not valid: write a language");
    warned(CHILD("<Language code='es-ES' welcomeGreeting='Hola'/>"),
           "attribute \"welcomeGreeting\" of <Language> is not known");
    warned(CHILD("<Language code='es-ES' voices='x'/>"),
           "did you mean \"voice\"?");
    warned(CHILD("<Language code='es-ES' ttsProvider='Azure'/>"),
           "ttsProvider=\"Azure\" of <Language> is not valid");
    warned(CHILD("<Language code='es-ES' ttsProvider='Google' "
                 "voice='Lucia-Neural'/>"),
           "<Language> \"es-ES\": \"voice\" is an Amazon voice, set");
    warned(RELAY("language=\"multi\" ttsProvider=\"Google\""),
           "\"multi\" needs");
    warned(RELAY("ttsProvider=\"Google\" voice=\"Lucia-Neural\""),
           "reject the live call (64101, 64106)");
}
