
/*
 * Copyright (C) convrelay contributors
 */


#include "tap.h"

#include "convrelay_twiml.h"
#include "convrelay_xml.h"


static void xml(const char *text, size_t len, const char *want);
static void at(const char *text, size_t place, const char *want);
static void nested(size_t depth, const char *want);
static void attributes(size_t n, const char *want);
static void cut(const char *text);


static const char  *good[] = {
    "", " \n\t", "<a/>", "<a />", "<a></a >", "<a>text</a>",
    "<a/> <b/>\n<c>d</c>", "<a b=\"c\" d='e'/>", "<a b = \"c\"\n d='e' />",
    "<a b=\"it's\" c='\"'/>", "<a b=''/>", "<a b='>'>></a>",
    "<a>&amp;&lt;&gt;&quot;&apos;&#10;&#x1F600;&#x10ffff;</a>",
    "<a b='&amp;&#9;'/>", "<a><b><c/></b>x<b/></a>", "<a.b-c_1:d/>",
    "<_a/>", "<a xml:lang='de'/>", "<!-- comment --><a/>",
    "<a><!----></a>", "<a><![CDATA[<&]]></a>", "<a>]]</a>",
    "<a>\x01</a>", "<a b='\x01' c=\"x\x01y\"/>", "<a>caf\xc3\xa9</a>",
    "<Start><Recording recordingStatusCallback=\"https://e/?a&amp;b\"/></Start>"
};


static const struct {
    const char  *text;
    const char  *want;
} bad[] = {
    { "text", "text outside" },
    { "<a/>text", "text outside" },
    { "\x01", "text outside" },
    { "<a/>&amp;", "text outside" },
    { "<![CDATA[a]]>", "declaration" },
    { "<?xml version='1.0'?><a/>", "declaration" },
    { "<!DOCTYPE a><a/>", "declaration" },
    { "<a><?php ?></a>", "declaration" },
    { "<a>", "does not close an element" },
    { "<a><b></a></b>", "closes an element that is not open" },
    { "</a>", "closes an element that is not open" },
    { "<a></b>", "closes an element that is not open" },
    { "<a></ab>", "closes an element that is not open" },
    { "<ab></a>", "closes an element that is not open" },
    { "<a></A>", "closes an element that is not open" },
    { "<a></>", "closes an element that is not open" },
    { "<a></a", "does not end a tag" },
    { "<a></a x>", "does not end a tag" },
    { "<", "\"<\" without a name" },
    { "< a/>", "\"<\" without a name" },
    { "<1/>", "\"<\" without a name" },
    { "<a>1 < 2</a>", "\"<\" without a name" },
    { "<\x01/>", "\"<\" without a name" },
    { "<a", "does not end a tag" },
    { "<a ", "does not end a tag" },
    { "<a/", "does not end a tag" },
    { "<a / >", "invalid attribute name" },
    { "<a\x01/>", "does not end a tag" },
    { "<a \x01='b'/>", "invalid attribute name" },
    { "<a \x01/>", "invalid attribute name" },
    { "<a b/>", "without a value" },
    { "<a b>", "without a value" },
    { "<a b=c/>", "without quotes" },
    { "<a b=\x01/>", "without quotes" },
    { "<a b=", "without quotes" },
    { "<a b='c/>", "does not close a quote" },
    { "<a b='<'/>", "\"<\" in a value" },
    { "<a b='c'd='e'/>", "does not end a tag" },
    { "<a b='c' b='d'/>", "duplicate attribute" },
    { "<a b='1' c='2' bb='3' b='4'/>", "duplicate attribute" },
    { "<a 1b='c'/>", "invalid attribute name" },
    { "<a>A & B</a>", "bare \"&\"" },
    { "<a b='c&d'/>", "bare \"&\"" },
    { "<a>&</a>", "bare \"&\"" },
    { "<a>&;</a>", "entity" },
    { "<a>&nbsp;</a>", "entity" },
    { "<a>&AMP;</a>", "entity" },
    { "<a>&\x01;</a>", "entity" },
    { "<a>&#;</a>", "character reference" },
    { "<a>&#x;</a>", "character reference" },
    { "<a>&#0;</a>", "character reference" },
    { "<a>&#8;</a>", "character reference" },
    { "<a>&#xD800;</a>", "character reference" },
    { "<a>&#xFFFE;</a>", "character reference" },
    { "<a>&#x110000;</a>", "character reference" },
    { "<a>&#999999999;</a>", "character reference" },
    { "<a>&#1a;</a>", "character reference" },
    { "<a>&#xg;</a>", "character reference" },
    { "<a>&#X41;</a>", "character reference" },
    { "<a>]]></a>", "\"]]>\"" },
    { "<!-- a -- b --><a/>", "\"--\" in a comment" },
    { "<!-- a --->", "\"--\" in a comment" },
    { "<!-- a", "does not close a comment" },
    { "<!-- \x01 -->", "variable in a comment" },
    { "<a><![CDATA[\x01]]></a>", "variable in a comment" },
    { "<a><![CDATA[x</a>", "does not close a CDATA" },
    { "<a>\x02</a>", "character that XML" },
    { "<a b='\x1f'/>", "character that XML" },
    { "<a>\xef\xbf\xbf</a>", "character that XML" },
    { "<!-- \x02 -->", "character that XML" },
    { "<a>\xff</a>", "not valid UTF-8" },
    { "<a>\xc3</a>", "not valid UTF-8" },
    { "<\xc3\xa9/>", "\"<\" without a name" }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        xml(good[i], strlen(good[i]), NULL);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        xml(bad[i].text, strlen(bad[i].text), bad[i].want);
    }

    xml("<a>\0</a>", 8, "character that XML");

    nested(CONVRELAY_XML_MAX_DEPTH, NULL);
    nested(CONVRELAY_XML_MAX_DEPTH + 1, "nested too deep");
    attributes(60, NULL);
    attributes(70, "too many attributes");

    at("<a><b>", 4, "does not close");
    at("<a>", 1, "does not close");
    at("<a><!-- x", 3, "comment");
    at("<a>b<![CDATA[ x", 4, "CDATA");
    at("<a>b<!DOCTYPE x></a>", 4, "declaration");
    at("<a>b<?x?></a>", 4, "instruction");
    at("<a>b & c</a>", 5, "bare");
    at("<a>b &c; d</a>", 5, "&");
    at("<a></b>", 5, "not open");
    at("<a/>b", 4, "");

    cut("<a b='&amp;' c=\"\x01\"><!-- d --><![CDATA[e]]>&#x41;</a >");

    return tap_done();
}


static void
xml(const char *text, size_t len, const char *want)
{
    int              rc;
    const char      *error;
    const u_char    *pos;
    convrelay_str_t  str;

    str.len = len;
    str.data = tap_flush(text, len);
    error = NULL;
    pos = NULL;

    rc = convrelay_twiml_check_xml(&str, &error, &pos);

    if (want == NULL) {
        tap_ok(rc == CONVRELAY_OK, "good: %.60s", text);

    } else if (!tap_ok(rc == CONVRELAY_DECLINED && error
                       && strstr(error, want)
                       && pos >= str.data && pos <= str.data + len,
                       "bad: %.60s %s", text, want))
    {
        printf("# %s\n", error ? error : "no error");
    }

    tap_unflush(str.data, len);
}


/* the place of a fault is where what is wrong begins */

static void
at(const char *text, size_t place, const char *want)
{
    int              rc;
    const char      *error;
    const u_char    *pos;
    convrelay_str_t  str;

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);

    error = "";
    pos = str.data;

    rc = convrelay_twiml_check_xml(&str, &error, &pos);

    if (!tap_ok(rc == CONVRELAY_DECLINED && strstr(error, want)
                && pos == str.data + place, "%s at %zu", text, place))
    {
        printf("# %s, at %td\n", error, pos - str.data);
    }

    tap_unflush(str.data, str.len);
}


static void
nested(size_t depth, const char *want)
{
    char    text[1024], *p;
    size_t  i;

    p = text;

    for (i = 0; i < depth; i++) {
        p = stpcpy(p, "<a>");
    }

    for (i = 0; i < depth; i++) {
        p = stpcpy(p, "</a>");
    }

    xml(text, p - text, want);
}


static void
attributes(size_t n, const char *want)
{
    char    text[1024], *p;
    size_t  i;

    p = stpcpy(text, "<a");

    for (i = 0; i < n; i++) {
        p += sprintf(p, " a%zu=''", i);
    }

    p = stpcpy(p, "/>");

    xml(text, p - text, want);
}


/* no beginning of it is well-formed, except for the empty one */

static void
cut(const char *text)
{
    size_t           i, wrong;
    const char      *error;
    const u_char    *pos;
    convrelay_str_t  str;

    wrong = 0;

    for (i = 1; i < strlen(text); i++) {
        str.len = i;
        str.data = tap_flush(text, i);

        wrong += (convrelay_twiml_check_xml(&str, &error, &pos)
                  != CONVRELAY_DECLINED);

        tap_unflush(str.data, i);
    }

    tap_ok(wrong == 0, "cut anywhere");
    xml(text, strlen(text), NULL);
}
