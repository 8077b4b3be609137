
/*
 * Copyright (C) convrelay contributors
 *
 * Reading XML: what the handler is told, in which order, and what values
 * mean.  What is well-formed is in twiml_xml.c.
 */


#include "tap.h"

#include "convrelay_xml.h"


static void test_content(void);
static void test_document(void);
static void test_refused(void);
static void test_places(void);
static void test_unescape(void);
static void test_characters(void);


static size_t  place;          /* where the last one ended */


int
main(void)
{
    test_content();
    test_document();
    test_refused();
    test_places();
    test_unescape();
    test_characters();

    return tap_done();
}


/* events in one line; x->data is the buffer */

static void
handler(convrelay_xml_t *x, convrelay_xml_event_e event,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    char  *p;

    p = x->data;
    p += strlen(p);

    switch (event) {

    case CONVRELAY_XML_OPEN:
        sprintf(p, "(%.*s ", (int) name->len, (char *) name->data);
        break;

    case CONVRELAY_XML_ATTRIBUTE:
        sprintf(p, "%.*s=%.*s ", (int) name->len, (char *) name->data,
                (int) value->len, (char *) value->data);
        break;

    case CONVRELAY_XML_CLOSE:
        sprintf(p, "%.*s) ", (int) name->len, (char *) name->data);
        break;

    case CONVRELAY_XML_TEXT:
        sprintf(p, "\"%.*s\" ", (int) value->len, (char *) value->data);
        break;

    case CONVRELAY_XML_CDATA:
        sprintf(p, "[%.*s] ", (int) value->len, (char *) value->data);
        break;
    }
}


static int
run(const char *text, unsigned document, char *events, const char **error)
{
    int              rc;
    size_t           len;
    u_char          *p;
    convrelay_xml_t  x;
    convrelay_str_t  xml;

    len = strlen(text);
    p = tap_flush(text, len);

    memset(&x, 0, sizeof(convrelay_xml_t));
    events[0] = '\0';

    x.document = document;
    x.handler = handler;
    x.data = events;
    xml.data = p;
    xml.len = len;

    rc = convrelay_xml_read(&x, &xml);
    *error = x.error;

    tap_ok(x.pos >= p && x.pos <= p + len, "the place is inside");
    place = x.pos - p;
    tap_unflush(p, len);

    return rc;
}


static void
events(const char *text, unsigned document, const char *want)
{
    char         got[512];
    const char  *error;

    tap_ok(run(text, document, got, &error) == CONVRELAY_OK && error == NULL,
           "%s", text);
    tap_is(got, strlen(got), want, strlen(want), "... its events");
}


static void
test_content(void)
{
    events("", 0, "");
    events(" \n", 0, "");
    events("<a/>", 0, "(a a) ");
    events("<a/>\n<b></b>", 0, "(a a) (b b) ");
    events("<a b='c' d = \"e&amp;f\"/>", 0, "(a b=c d=e&amp;f a) ");
    events("<a>x<!-- y -->z<b c=''/>&#65;</a>", 0,
           "(a \"x\" \"z\" (b c= b) \"&#65;\" a) ");
    events("<a><![CDATA[<b>&amp;]]>x</a>", 0, "(a [<b>&amp;] \"x\" a) ");
    events("<a><![CDATA[]]></a>", 0, "(a [] a) ");
}


static void
test_document(void)
{
    events("<a/>", 1, "(a a) ");
    events("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x --><?y z?>\n<a>b</a>\n"
           "<!-- end -->", 1, "(a \"b\" a) ");
    events("<?xml version=\"1.0\"?><a><?php 1 ?></a>", 1, "(a a) ");
    events("<?xml-stylesheet x?><a/>", 1, "(a a) ");
    events(" <?xml-stylesheet x?><a/>", 1, "(a a) ");
}


static void
refused(const char *text, unsigned document, const char *want,
    const char *before)
{
    int          rc;
    char         got[512];
    const char  *error;

    rc = run(text, document, got, &error);

    tap_ok(rc == CONVRELAY_DECLINED && error && strcmp(error, want) == 0,
           "%s: %s", text, error ? error : "taken");
    tap_is(got, strlen(got), before, strlen(before), "... what came before");
}


/* what is shown of a mistake begins with it */

static void
test_places(void)
{
    int          rc;
    char         got[512];
    size_t       i;
    const char  *error, *rest;

    static const struct {
        const char  *text;
        const char  *rest;
        unsigned     document;
    } places[] = {
        { "", "", 1 },
        { "<a/> <b/>", "<b/>", 1 },
        { "x<a/>", "x<a/>", 1 },
        { " <?xml version='1.0'?><a/>", "<?xml version='1.0'?><a/>", 1 },
        { " <?\?><a/>", "<?\?><a/>", 1 },
        { " <?x <a/>", "<?x <a/>", 1 },
        { " <!-- x <a/>", "<!-- x <a/>", 1 },
        { " <!DOCTYPE a><a/>", "<!DOCTYPE a><a/>", 1 },
        { "<a>x<?x ?></a>", "<?x ?></a>", 0 },
        { "<a>x<b>y", "b>y", 0 },
        { "<a>x</b>", "b>", 0 },
        { "<a>x</a", "", 0 },
        { "<a b='1' b='3'/>", "b='3'/>", 0 },
        { "<a>x&y;</a>", "&y;</a>", 0 },
        { "<a>x<1/></a>", "<1/></a>", 0 },
        { "<a>x<![CDATA[y</a>", "<![CDATA[y</a>", 0 },
        { "<a>x\001</a>", "\001</a>", 0 },
        { "<a>x]]></a>", "]]></a>", 0 }
    };

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {

        rc = run(places[i].text, places[i].document, got, &error);
        rest = places[i].text + place;

        tap_ok(rc == CONVRELAY_DECLINED && strcmp(rest, places[i].rest) == 0,
               "%s: at \"%s\"", places[i].text, rest);
    }
}


static void
test_refused(void)
{
    refused("", 1, "has no element", "");
    refused(" <!-- x -->", 1, "has no element", "");
    refused("<a/><b/>", 1, "has a second root element", "(a a) ");
    refused("<a></a> <b/>", 1, "has a second root element", "(a a) ");
    refused(" <?xml version='1.0'?><a/>", 1, "has an XML declaration that is "
            "not at its very beginning", "");
    refused("<a/><?xml version='1.0'?>", 1, "has an XML declaration that is "
            "not at its very beginning", "(a a) ");
    refused("<?\?><a/>", 1, "has a \"<?\" without a name", "");
    refused("<?x <a/>", 1, "does not close a \"<?\"", "");
    refused("<!DOCTYPE a><a/>", 1, "has a declaration (\"<!...>\"), write "
            "elements only", "");
    refused("<![CDATA[x]]><a/>", 1, "has a declaration (\"<!...>\"), write "
            "elements only", "");
    refused("x<a/>", 1, "has text outside of an element", "");
    refused("<a b='1' c='2' b='3'/>", 0, "has a duplicate attribute",
            "(a b=1 c=2 ");
    refused("<a>x<b>", 0, "does not close an element", "(a \"x\" (b ");
    refused("<a><?x ?></a>", 0, "has a declaration or an instruction, write "
            "elements only", "(a ");
}


static void
unescaped(const char *text, unsigned attribute, const char *want)
{
    size_t           len;
    u_char          *out;
    convrelay_str_t  value;

    len = strlen(text);
    value.len = len;
    value.data = tap_flush(text, len);
    out = tap_flush(text, len);

    tap_is(out, convrelay_xml_unescape(out, &value, attribute) - out, want,
           strlen(want), text);

    tap_unflush(value.data, len);
    tap_unflush(out, len);
}


static void
test_unescape(void)
{
    unescaped("", 0, "");
    unescaped("plain caf\xc3\xa9", 0, "plain caf\xc3\xa9");
    unescaped("&lt;&gt;&amp;&quot;&apos;", 0, "<>&\"'");
    unescaped("&#65;&#x42;&#x20AC;&#128512;", 0,
              "AB\xe2\x82\xac\xf0\x9f\x98\x80");
    unescaped("a\tb\nc\r\nd\re\r", 0, "a\tb\nc\nd\ne\n");
    unescaped("a\tb\nc\r\nd\re\r", 1, "a b c d e ");
    unescaped("&#9;&#10;&#13;", 1, "\t\n\r");
    unescaped("&amp;lt;", 1, "&lt;");
}


/* XML 1.0, 2.2: both ends of each range */

static void
test_characters(void)
{
    char         text[32], got[512];
    unsigned     i;
    const char  *error;

    static const struct {
        uint32_t  cp;
        int       rc;
    } chars[] = {
        { 0x0, CONVRELAY_DECLINED }, { 0x8, CONVRELAY_DECLINED },
        { 0x9, CONVRELAY_OK }, { 0xa, CONVRELAY_OK },
        { 0xb, CONVRELAY_DECLINED }, { 0xc, CONVRELAY_DECLINED },
        { 0xd, CONVRELAY_OK }, { 0xe, CONVRELAY_DECLINED },
        { 0x1f, CONVRELAY_DECLINED }, { 0x20, CONVRELAY_OK },
        { 0xd7ff, CONVRELAY_OK }, { 0xd800, CONVRELAY_DECLINED },
        { 0xdfff, CONVRELAY_DECLINED }, { 0xe000, CONVRELAY_OK },
        { 0xfffd, CONVRELAY_OK }, { 0xfffe, CONVRELAY_DECLINED },
        { 0xffff, CONVRELAY_DECLINED }, { 0x10000, CONVRELAY_OK },
        { 0x10ffff, CONVRELAY_OK }, { 0x110000, CONVRELAY_DECLINED },
        { 0x1000041, CONVRELAY_DECLINED }
    };

    for (i = 0; i < sizeof(chars) / sizeof(chars[0]); i++) {
        (void) sprintf(text, "<a>&#%u;</a>", chars[i].cp);

        tap_ok(run(text, 0, got, &error) == chars[i].rc, "%s", text);
    }
}
