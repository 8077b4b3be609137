
/*
 * Copyright (C) convrelay contributors
 *
 * Definitions of tools, arguments of calls, keys, and results.
 */


#include <stdlib.h>
#include <unistd.h>

#include "convrelay_tool.h"
#include "tap.h"


static void name_test(void);
static void definition_test(void);
static void definition(const char *json, const char *want);
static void refused(const char *json, const char *want);
static void keys_test(void);
static void members_test(size_t n, int want);
static void strict_test(void);
static void strict(const char *parameters, const char *want);
static void arguments_test(void);
static void argument(const char *json, const char *name, const char *want);
static void bad_arguments(const char *json, const char *want);
static void equal_test(void);
static void equal(const char *one, const char *two, int want);
static int digest(const char *tool, const char *json, u_char *p);
static void key_test(void);
static void url_test(void);
static void url(const char *text, const char *want);
static void dots_test(void);
static void result_test(void);
static void result(const char *name, unsigned status, const char *type,
    const char *body, const char *want, unsigned want_ok);
static void refused_test(void);
static void cut_test(void);
static void ends_test(void);
static void withheld_test(void);
static void failure_test(void);
static void repeated(const char *text, const char *want);
static convrelay_str_t str(const char *text);


int
main(void)
{
    name_test();
    definition_test();
    keys_test();
    strict_test();
    members_test(128, CONVRELAY_OK);
    members_test(129, CONVRELAY_DECLINED);
    arguments_test();
    equal_test();
    key_test();
    url_test();
    dots_test();
    result_test();
    refused_test();
    cut_test();
    ends_test();
    withheld_test();
    failure_test();

    return tap_done();
}


static convrelay_str_t
str(const char *text)
{
    convrelay_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static void
name_test(void)
{
    convrelay_str_t  s;

    s = str("find_slots-2");
    tap_ok(convrelay_tool_is_name(&s), "a name");
    s = str("");
    tap_ok(!convrelay_tool_is_name(&s), "no name");
    s = str("find slots");
    tap_ok(!convrelay_tool_is_name(&s), "a blank in a name");
    s = str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    tap_ok(convrelay_tool_is_name(&s), "64 bytes of a name");
    s = str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    tap_ok(!convrelay_tool_is_name(&s), "65 bytes of a name");
}


#define HEAD   "{\"type\":\"function\",\"function\":{\"name\":\"book\","
#define EMPTY  "\"parameters\":{\"type\":\"object\",\"properties\":{}}"


static void
definition_test(void)
{
    definition("{}", HEAD EMPTY "}}");
    definition(" {\"parameters\" : { } } ", HEAD EMPTY "}}");
    definition("{\"description\":null}", HEAD EMPTY "}}");
    definition("{\"description\":\"Books \\\"it\\\".\\u00e9\"}",
               HEAD "\"description\":\"Books \\\"it\\\".\\u00e9\"," EMPTY
               "}}");
    definition("{ \"parameters\": { \"type\": \"object\",\n \"properties\": {"
               " \"a b\": { \"type\" : \"string\", \"pattern\": \"^[ \\\" ]$\""
               ", \"$ref\": \"#/$defs/x\" } } } }",
               HEAD "\"parameters\":{\"type\":\"object\",\"properties\":{"
               "\"a b\":{\"type\":\"string\",\"pattern\":\"^[ \\\" ]$\","
               "\"$ref\":\"#/$defs/x\"}}}}}");
    definition("{\"type\":\"function\",\"function\":{\"name\":\"book\","
               "\"description\":\"d\",\"parameters\":{},\"strict\":false}}",
               HEAD "\"description\":\"d\"," EMPTY "}}");
    definition("{\"type\":\"function\",\"name\":\"book\",\"strict\":true}",
               HEAD "\"parameters\":{\"type\":\"object\",\"properties\":{},"
               "\"required\":[],\"additionalProperties\":false},"
               "\"strict\":true}}");

    refused("", "is not valid JSON");
    refused("[]", "is not a JSON object");
    refused("{\"name\":\"booking\"}", "has a different \"name\"");
    refused("{\"name\":\"boo\"}", "has a different \"name\"");
    refused("{\"name\":\"cook\"}", "has a different \"name\"");
    refused("{\"name\":7}", "has a different \"name\"");
    refused("{\"parameters\":[]}", "has \"parameters\" that are not an "
            "object");
    refused("{\"parameters\":{\"type\":\"string\"}}",
            "has \"parameters\" whose \"type\" is not \"object\"");
    refused("{\"parameters\":{\"properties\":[]}}",
            "has \"properties\" that are not an object");
    refused("{\"description\":1}",
            "has a \"description\" that is not a string");
    refused("{\"strict\":1}", "has a \"strict\" other than true or false");
    refused("{\"name\":\"cook\"}", "has a different \"name\"");
    refused("{\"parametres\":{}}", "has the unknown member \"parametres\"");
    refused("{\"type\":\"object\",\"properties\":{}}",
            "has a \"type\" other than \"function\": the schema belongs in "
            "\"parameters\"");
    refused("{\"function\":1}", "has a \"function\" that is not an object");
    refused("{\"function\":{},\"strict\":true}",
            "has the unknown member \"strict\"");
    refused("{\"description\":\"\xff\"}", "is not UTF-8 at byte 16");
}


static void
definition(const char *json, const char *want)
{
    int                           rc;
    char                          error[160];
    u_char                       *p, *last;
    size_t                        size;
    convrelay_str_t               name, text;
    convrelay_tool_definition_t   d;

    name = str("book");
    text = str(json);

    /* a copy: texts of a document are decoded in place */

    text.data = (u_char *) strdup(json);

    rc = convrelay_tool_definition_read(&d, &name, &text, error,
                                        sizeof(error));
    free(text.data);

    if (!tap_ok(rc == CONVRELAY_OK, "read: %s", json)) {
        printf("# %s\n", error);
        return;
    }

    size = convrelay_tool_definition_size(&d);
    p = malloc(size);
    last = convrelay_tool_definition_write(p, &d);

    tap_ok((size_t) (last - p) == size, "size");
    tap_is(p, last - p, want, strlen(want), "written");

    free(p);
    convrelay_tool_definition_free(&d);
}


static void
refused(const char *json, const char *want)
{
    int                           rc;
    char                          error[160];
    convrelay_str_t               name, text;
    convrelay_tool_definition_t   d;

    name = str("book");
    text = str(json);
    text.data = (u_char *) strdup(json);

    rc = convrelay_tool_definition_read(&d, &name, &text, error,
                                        sizeof(error));

    tap_ok(rc == CONVRELAY_DECLINED, "refused: %s", json);
    tap_is(error, strlen(error), want, strlen(want), "why");

    free(text.data);
}


/* the names of the parameters, decoded */

static void
keys_test(void)
{
    int                           rc;
    char                          error[160];
    u_char                        json[] =
        "{\"description\":\"d\",\"parameters\":{\"properties\":{"
        "\"day\":{\"type\":\"string\"},\"s\\u00fcn\":{},\"\":{}}}}";
    convrelay_str_t               name, text;
    convrelay_tool_definition_t   d;

    name = str("book");
    text = str((char *) json);

    rc = convrelay_tool_definition_read(&d, &name, &text, error,
                                        sizeof(error));

    if (!tap_ok(rc == CONVRELAY_OK && d.nkeys == 3, "three parameters")) {
        return;
    }

    tap_is_str(&d.keys[0], "day", "the first one");
    tap_is_str(&d.keys[1], "s\xc3\xbcn", "one with an escape");
    tap_is_str(&d.keys[2], "", "an empty one");

    convrelay_tool_definition_free(&d);
}


static void
strict_test(void)
{
    strict("{\"type\":\"object\"}",
           "\"parameters\" lacks \"additionalProperties\":false");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{}},"
           "\"additionalProperties\":false}",
           "\"required\" of \"parameters\" lacks \"a\": an optional "
           "value has a \"type\" such as [\"string\",\"null\"]");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\"}},"
           "\"required\":[\"a\"],\"additionalProperties\":false}",
           "\"parameters.a\" lacks \"additionalProperties\":false");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"items\":{\"anyOf\":["
           "{\"properties\":{}}]}}},\"required\":[\"a\"],"
           "\"additionalProperties\":false}",
           "\"parameters.a.items\" lacks \"additionalProperties\":false");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\","
           "\"null\"]}},\"required\":[\"a\"],\"additionalProperties\":false}",
           "");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"items\":{}},"
           "\"b\":{\"type\":\"object\"}},\"required\":[\"a\",\"b\"],"
           "\"additionalProperties\":false}",
           "\"parameters.b\" lacks \"additionalProperties\":false");
    strict("{\"type\":\"object\",\"properties\":{"
           "\"0123456789012345678901234567890123456789x\":"
           "{\"type\":\"object\"}},\"required\":["
           "\"0123456789012345678901234567890123456789x\"],"
           "\"additionalProperties\":false}",
           "\"parameters.0123456789012345678901234567890123456789\" lacks "
           "\"additionalProperties\":false");
    strict("{\"properties\":{},\"additionalProperties\":false,\"$defs\":{"
           "\"x\":{\"type\":\"object\"}}}",
           "\"parameters.x\" lacks \"additionalProperties\":false");

    /* the first one is named, however deep it is */

    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\"},"
           "\"b\":{\"type\":\"object\"}},\"required\":[\"a\",\"b\"],"
           "\"additionalProperties\":false}",
           "\"parameters.a\" lacks \"additionalProperties\":false");
    strict("{\"type\":\"object\",\"properties\":{\"a\":{\"items\":"
           "{\"type\":\"object\"}},\"b\":{\"type\":\"object\"}},"
           "\"required\":[\"a\",\"b\"],\"additionalProperties\":false}",
           "\"parameters.a.items\" lacks \"additionalProperties\":false");
}


static void
members_test(size_t n, int want)
{
    int                          rc;
    char                         json[2048];
    size_t                       i, len;
    const char                  *error;
    convrelay_str_t              tool = convrelay_string("book"), text;
    convrelay_tool_arguments_t   a;

    len = snprintf(json, sizeof(json), "{\"m0\":0");

    for (i = 1; i < n; i++) {
        len += snprintf(json + len, sizeof(json) - len, ",\"m%zu\":%zu", i, i);
    }

    len += snprintf(json + len, sizeof(json) - len, "}");

    text.data = (u_char *) json;
    text.len = len;

    rc = convrelay_tool_arguments_read(&a, &tool, &text, &error);

    tap_ok(rc == want && (rc != CONVRELAY_OK || a.nmembers == n),
           "%zu members", n);

    convrelay_tool_arguments_free(&a);
}


static void
strict(const char *parameters, const char *want)
{
    int                           rc;
    char                          error[160], json[512];
    convrelay_str_t               name, text;
    convrelay_tool_definition_t   d;

    snprintf(json, sizeof(json), "{\"strict\":true,\"parameters\":%s}",
             parameters);

    name = str("book");
    text = str(json);

    rc = convrelay_tool_definition_read(&d, &name, &text, error,
                                        sizeof(error));

    if (tap_ok(rc == CONVRELAY_OK, "strict: %s", parameters)) {
        tap_is(d.warning, strlen(d.warning), want, strlen(want), "warning");
        convrelay_tool_definition_free(&d);
    }
}


static void
arguments_test(void)
{
    argument("{\"day\":\"Mon\"}", "day", "Mon");
    argument("{\"day\":\"Mon\"}", "DAY", "Mon");
    argument("{\"start-day\":\"Mon\"}", "start_day", "Mon");
    argument("{\"start-day\":\"a\",\"start_day\":\"b\"}", "start_day", "b");
    argument("{\"n\":12.50}", "n", "12.50");
    argument("{\"n\":true}", "n", "true");
    argument("{\"n\":false}", "n", "false");
    argument("{\"n\":null}", "n", "");
    argument("{\"n\":{\"a\": [1, \"\\n\"]}}", "n", "{\"a\": [1, \"\\n\"]}");
    argument("{\"n\":[]}", "n", "[]");
    argument("{\"n\":\"\\u00e9\\n\\ud83d\\ude00\"}", "n",
             "\xc3\xa9\n\xf0\x9f\x98\x80");
    argument("{\"n\":\"\\ud83d\"}", "n", "\xef\xbf\xbd");
    argument("{\"a\":1}", "b", NULL);
    argument("", "b", NULL);
    argument(" null ", "b", NULL);
    argument("\n{}\n", "b", NULL);

    bad_arguments("{\"a\":\"b\nc\"}", "are not valid JSON");
    bad_arguments("[]", "are not a JSON object");
    bad_arguments("\"day\"", "are not a JSON object");
    bad_arguments("{\"day\":\"Mon\"", "are not valid JSON");
    bad_arguments("{\"day\":\"Mon\"}}", "are not valid JSON");
    bad_arguments("{\"day\":\"\xff\"}", "are not valid JSON");
    bad_arguments("{\"day\":\"a\001\"}", "are not valid JSON");
    bad_arguments("{\"a\":1,\"\\u0061\":2}", "name a member twice");
    bad_arguments("{\"a\":[{\"b\":1,\"b\":1}]}", "name a member twice");
}


static void
argument(const char *json, const char *name, const char *want)
{
    int                           rc;
    const char                   *error;
    convrelay_str_t               tool, text, n;
    const convrelay_str_t        *value;
    convrelay_tool_arguments_t    a;

    tool = str("book");
    text = str(json);
    n = str(name);

    rc = convrelay_tool_arguments_read(&a, &tool, &text, &error);

    if (!tap_ok(rc == CONVRELAY_OK, "arguments: %s", json)) {
        return;
    }

    value = convrelay_tool_argument(&a, &n);

    if (want == NULL) {
        tap_ok(value == NULL, "no \"%s\"", name);

    } else if (tap_ok(value != NULL, "\"%s\" is there", name)) {
        tap_is(value->data, value->len, want, strlen(want), name);
    }

    convrelay_tool_arguments_free(&a);
}


static void
bad_arguments(const char *json, const char *want)
{
    int                           rc;
    const char                   *error;
    convrelay_str_t               tool, text;
    convrelay_tool_arguments_t    a;

    tool = str("book");
    text = str(json);

    rc = convrelay_tool_arguments_read(&a, &tool, &text, &error);

    tap_ok(rc == CONVRELAY_DECLINED, "bad arguments: %s", json);
    tap_is(error, strlen(error), want, strlen(want), "why");
}


static void
equal_test(void)
{
    char    hex[2 * CONVRELAY_TOOL_DIGEST + 1] = "";
    size_t  i;
    u_char  a[CONVRELAY_TOOL_DIGEST], b[CONVRELAY_TOOL_DIGEST];

    equal("{}", "", 1);
    equal("{\"a\":1,\"b\":2}", " { \"b\" : 2, \"a\" : 1 }", 1);
    equal("{\"a\":\"\\u0041\"}", "{\"\\u0061\":\"A\"}", 1);
    equal("{\"a\":10}", "{\"a\":10.0}", 1);
    equal("{\"a\":10}", "{\"a\":1e1}", 1);
    equal("{\"a\":0.5}", "{\"a\":5E-1}", 1);
    equal("{\"a\":1500}", "{\"a\":1.50e+3}", 1);
    equal("{\"a\":0}", "{\"a\":-0.0e5}", 1);
    equal("{\"a\":-1}", "{\"a\":1}", 0);
    equal("{\"a\":10}", "{\"a\":100}", 0);
    equal("{\"a\":12}", "{\"a\":1.2}", 0);
    equal("{\"a\":1}", "{\"a\":\"1\"}", 0);
    equal("{\"a\":null}", "{}", 0);
    equal("{\"a\":true}", "{\"a\":false}", 0);
    equal("{\"a\":{},\"b\":{\"c\":1}}", "{\"a\":{\"b\":{},\"c\":1}}", 0);
    equal("{\"a\":[1,2]}", "{\"a\":[2,1]}", 0);
    equal("{\"a\":[[1],2]}", "{\"a\":[[1,2]]}", 0);
    equal("{\"a\":[\"\\u0061\",\"\\u00e9\"]}", "{\"a\":[\"a\",\"\u00e9\"]}", 1);
    equal("{\"a\":[\"a\"]}", "{\"a\":[\"b\"]}", 0);
    equal("{\"a\":\"b\",\"c\":\"d\"}", "{\"a\":\"bc\",\"\":\"d\"}", 0);
    equal("{\"a\":{\"x\":1,\"y\":[{\"p\":1,\"q\":2}]}}",
          "{\"a\":{\"y\":[{\"q\":2,\"p\":1}],\"x\":1}}", 1);

    tap_ok(digest("book", "{}", a) && digest("cook", "{}", b)
           && memcmp(a, b, sizeof(a)) != 0, "tools differ");

    /* stored states have digests */

    i = digest("book", "{\"day\":\"\\u00e9\",\"n\":[1.50,true,null,{}]}", a)
        ? 0 : sizeof(a);

    for ( /* void */ ; i < sizeof(a); i++) {
        sprintf(hex + 2 * i, "%02x", a[i]);
    }

    tap_ok(strcmp(hex, "92e21b2a25851f2f42dbfedeee366a0f"
                       "10f961deb875b1de3f7bb6f3e40fd597") == 0,
           "a change of it needs another CONVRELAY_STATE_VERSION (%s)", hex);
}


static void
equal(const char *one, const char *two, int want)
{
    u_char  a[CONVRELAY_TOOL_DIGEST], b[CONVRELAY_TOOL_DIGEST];

    if (tap_ok(digest("t", one, a) && digest("t", two, b), "both are read")) {
        tap_ok((memcmp(a, b, sizeof(a)) == 0) == want, "%s %s %s", one,
               want ? "is" : "is not", two);
    }
}


static int
digest(const char *tool, const char *json, u_char *p)
{
    const char                   *error;
    convrelay_str_t               name, text;
    convrelay_tool_arguments_t    a;

    name = str(tool);
    text = str(json);

    if (convrelay_tool_arguments_read(&a, &name, &text, &error)
        != CONVRELAY_OK)
    {
        return 0;
    }

    memcpy(p, a.digest, CONVRELAY_TOOL_DIGEST);
    convrelay_tool_arguments_free(&a);

    return 1;
}


static void
key_test(void)
{
    u_char           d[CONVRELAY_TOOL_DIGEST], one[CONVRELAY_TOOL_KEY + 1],
                     two[CONVRELAY_TOOL_KEY];
    convrelay_str_t  sid, other;

    memset(d, 7, sizeof(d));
    sid = str("CA1");

    convrelay_tool_key(one, &sid, NULL, d, 0);
    convrelay_tool_key(two, &sid, NULL, d, 0);

    one[sizeof(two)] = '\0';

    tap_ok(memcmp(one, two, sizeof(two)) == 0, "the same key again");
    tap_ok(strspn((char *) one, "0123456789abcdef") == sizeof(two), "hex");

    convrelay_tool_key(two, &sid, NULL, d, 1);
    tap_ok(memcmp(one, two, sizeof(two)) != 0, "another after a success");

    /* the digest, the number in 8 bytes, and the CallSid, by another program */

    tap_is(two, sizeof(two), "7ffecc0dfa6c0c2c2d36f9b74578f9882e1cd78011a88f30"
           "060ea312ae0d9da5", 64, "a service may know keys of last week");

    convrelay_tool_key(two, &sid, NULL, d, 0x0102030405060708);
    tap_is(two, sizeof(two), "1e6daa52a232257d0a0caf58749aa21524508dcc15531d4f"
           "6c1a2a0869d58db4", 64, "of any number");

    sid = str("CA2");
    convrelay_tool_key(two, &sid, NULL, d, 0);
    tap_ok(memcmp(one, two, sizeof(two)) != 0, "another in another call");

    sid = str("");
    other = str("CA1");
    convrelay_tool_key(two, &sid, &other, d, 0);
    tap_ok(memcmp(one, two, sizeof(two)) != 0,
           "a session's id is not a CallSid");

    memcpy(one, two, sizeof(two));
    other = str("VX2");
    convrelay_tool_key(two, &sid, &other, d, 0);
    tap_ok(memcmp(one, two, sizeof(two)) != 0, "another in another session");
}


static void
url_test(void)
{
    url("", "");
    url("Mon-1_2.3~x", "Mon-1_2.3~x");
    url("a b&c=d?e#f/g%h;i", "a%20b%26c%3Dd%3Fe%23f%2Fg%25h%3Bi");
    url("\r\n", "%0D%0A");
    url("\xc3\xa9", "%C3%A9");
    url("http://evil/", "http%3A%2F%2Fevil%2F");
    url("../../admin", "%252E%252E%2F%252E%252E%2Fadmin");
    url("..", "%252E%252E");
    url(".", "%252E");
    url("a/..", "a%2F%252E%252E");
    url("a/../b", "a%2F%252E%252E%2Fb");
    url("a\\..\\b", "a%5C%252E%252E%5Cb");
    url("..;/b", "%252E%252E%3B%2Fb");
    url("...", "...");
    url("a..b", "a..b");
    url("1.5", "1.5");
    url("v1./x", "v1.%2Fx");
}


static void
url(const char *text, const char *want)
{
    u_char           buf[128], *last;
    convrelay_str_t  s;

    s = str(text);
    last = convrelay_tool_url_write(buf, &s);

    tap_is(buf, last - buf, want, strlen(want), text);
    tap_ok((size_t) (last - buf) == convrelay_tool_url_size(&s), "size");
}


/* so many that a look at all of them from each takes minutes */

static void
dots_test(void)
{
    u_char           *p;
    convrelay_str_t   s;

    s.len = 4000000;
    s.data = malloc(s.len);
    p = malloc(s.len);

    memset(s.data, '.', s.len);

    alarm(60);

    tap_ok(convrelay_tool_url_size(&s) == s.len, "size of four million dots");
    tap_ok(convrelay_tool_url_write(p, &s) == p + s.len
           && memcmp(p, s.data, s.len) == 0, "four million dots");

    alarm(0);

    free(p);
    free(s.data);
}


#define DONE     "{\"ok\":true}"
#define NOT_TEXT  "{\"ok\":true,\"note\":\"the answer is not text\"}"
#define X51       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define NOT(s)   "{\"ok\":false,\"status\":" #s ",\"error\":\"NOT done: "


static void
result_test(void)
{
    result("JSON", 200, "application/json", "{\"a\": 1}\n", "{\"a\": 1}", 1);
    result("text", 200, "text/plain", "ten to four", "ten to four", 1);
    result("nothing", 204, "", "", DONE, 1);
    result("blanks", 200, "text/plain", " \n", DONE, 1);
    result("tokens", 200, "", "a <|im_end|> b <<||", "a < |im_end|> b << ||",
           1);
    result("bad UTF-8", 200, "", "a\xff" "b\xc3", "a\xef\xbf\xbd" "b"
           "\xef\xbf\xbd", 1);
    result("controls", 200, "", "a\001b\tc\x7f", "a b\tc ", 1);
    result("a page", 200, "text/html; charset=utf-8", "<p>ok</p>",
           "{\"ok\":false,\"status\":200,\"error\":\"NOT known to be done: the "
           "answer is a web page\"}", 0);
    result("a page without a type", 200, "", "\n<!DOCTYPE HTML><p>",
           "{\"ok\":false,\"status\":200,\"error\":\"NOT known to be done: the "
           "answer is a web page\"}", 0);
    result("a picture", 200, "image/png",
           "\x89PNG\r\n\x1a\n\1\2\3\4\5\6\7\10\11\12\13\14\15",
           "{\"ok\":true,\"note\":\"the answer is not text\"}", 1);

    /* up to four control characters are text, and one in 32 */

    result("four controls", 200, "", "a\1\1\1\x1f" "b", "a    b", 1);
    result("five controls", 200, "", "a\1\1\1\1\x1f" "b", NOT_TEXT, 1);
    result("other white space", 200, "", "a\f\f\f\t\r\n\x1b\x1b" "b",
           "a   \t\r\n  b", 1);
    result("five controls in 159 bytes", 200, "", "a\1\1\1\1\1" X51 X51 X51,
           NOT_TEXT, 1);
    result("five controls in 160 bytes", 200, "", "ax\1\1\1\1\1" X51 X51 X51,
           "ax     " X51 X51 X51, 1);
    result("a refusal that is not text", 400, "", "a\1\1\1\1\1" "b",
           NOT(400) "the service refused it\"}", 0);
    result("blanks say nothing", 400, "", " \n",
           NOT(400) "the service refused it\"}", 0);

    result("404", 404, "application/json", "{\"detail\":\"Not Found\"}",
           NOT(404) "not found: {\\\"detail\\\":\\\"Not Found\\\"}\"}", 0);
    result("409", 409, "text/plain", "taken",
           NOT(409) "the service refused it: taken\"}", 0);
    result("429", 429, "", "", NOT(429) "too many requests\"}", 0);
    result("404 in HTML", 404, "text/html", "<p>no</p>",
           NOT(404) "not found\"}", 0);
    result("199", 199, "", "x", NOT(199) "the service gave no result\"}", 0);
    result("200", 200, "", "x", "x", 1);
    result("299", 299, "", "x", "x", 1);
    result("300", 300, "", "x", NOT(300) "the service sent a redirect\"}", 0);
    result("399", 399, "", "x", NOT(399) "the service sent a redirect\"}", 0);
    result("400", 400, "", "x", NOT(400) "the service refused it: x\"}", 0);
    result("499", 499, "", "x", NOT(499) "the service refused it: x\"}", 0);
    result("500 without a type", 500, "", "x",
           NOT(500) "the service failed\"}", 0);
    result("500", 500, "application/json", "{\"trace\":\"secret\"}",
           NOT(500) "the service failed\"}", 0);
    result("302", 302, "text/plain", "there",
           NOT(302) "the service sent a redirect\"}", 0);
}


static void
result(const char *name, unsigned status, const char *type, const char *body,
    const char *want, unsigned want_ok)
{
    u_char                   *p;
    size_t                    len;
    unsigned                  ok;
    convrelay_tool_answer_t   a;

    memset(&a, 0, sizeof(a));
    a.status = status;
    a.type = str(type);
    a.body = str(body);
    a.length = a.body.len;

    p = convrelay_tool_result(&a, 16384, &len, &ok);

    tap_is(p, len, want, strlen(want), name);
    tap_ok(ok == want_ok, "%s: %s", name, want_ok ? "done" : "not done");

    free(p);
}


/* what is cut from a refusal: a character of every length, at every byte */

static void
refused_test(void)
{
    u_char                   *p, body[600];
    size_t                    i, k, n, len, whole;
    unsigned                  ok, right;
    convrelay_tool_answer_t   a;

    static const char  *chars[] = {
        "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"
    };

    memset(&a, 0, sizeof(a));
    a.status = 409;
    a.body.data = body;

    right = 1;

    for (i = 0; i < sizeof(chars) / sizeof(chars[0]); i++) {
        n = strlen(chars[i]);

        for (k = CONVRELAY_TOOL_MAX_BODY - 5; k <= CONVRELAY_TOOL_MAX_BODY; k++)
        {
            memset(body, 'x', sizeof(body));
            memcpy(body + k, chars[i], n);

            whole = (k + n <= CONVRELAY_TOOL_MAX_BODY)
                    ? CONVRELAY_TOOL_MAX_BODY : k;

            a.body.len = k + n + 20;
            p = convrelay_tool_result(&a, 16384, &len, &ok);

            right &= (len == whole
                             + strlen(NOT(409) "the service refused it: \"}"));
            free(p);

            /* the server's own body ends here */

            a.body.len = k + n;

            if (a.body.len <= CONVRELAY_TOOL_MAX_BODY) {
                p = convrelay_tool_result(&a, 16384, &len, &ok);
                right &= (len == k + n
                             + strlen(NOT(409) "the service refused it: \"}"));
                free(p);
            }
        }
    }

    tap_ok(right, "a refusal is cut between characters");
}


static void
cut_test(void)
{
    u_char                   *p, *body;
    size_t                    i, len, n;
    unsigned                  ok, fits, valid, told;
    const char               *note;
    convrelay_str_t           s;
    convrelay_tool_answer_t   a;

    body = malloc(8192);
    memset(&a, 0, sizeof(a));
    a.status = 200;
    a.body.data = body;

    fits = 1;
    valid = 1;
    told = 1;

    for (i = 0; i + 3 <= 8192; i += 3) {
        memcpy(body + i, "\xe2\x82\xac", 3);
    }

    for (n = 1000; n < 1100; n++) {

        /* a euro sign may be cut by whoever collected them */

        a.body.len = n;
        a.length = (n > 1024) ? 5000 : n;
        a.more = n % 2;

        p = convrelay_tool_result(&a, CONVRELAY_TOOL_MIN_RESULT, &len, &ok);

        fits &= (len <= CONVRELAY_TOOL_MIN_RESULT);

        for (i = 0; i + 3 <= len && p[i] == 0xe2; i += 3) { /* void */ }

        s.data = p + i;
        s.len = len - i;
        note = a.more ? "\n[cut: only the first part of more than 5000 bytes]"
                      : "\n[cut: only the first part of 5000 bytes]";

        if (a.length > n) {
            told &= convrelay_str_is(&s, note);

        } else if (n % 3 == 0) {
            valid &= (s.len == 0);
        }

        free(p);
    }

    tap_ok(fits, "no result is longer than its limit");
    tap_ok(valid, "a result that fits is whole");
    tap_ok(told, "one that does not is cut at a character, with a note");

    memset(body, 0xff, 8192);
    a.body.len = 1000;
    a.length = 1000;
    a.more = 0;

    p = convrelay_tool_result(&a, CONVRELAY_TOOL_MIN_RESULT, &len, &ok);
    tap_ok(len <= CONVRELAY_TOOL_MIN_RESULT && len > 900,
           "one that grows by mending is cut");
    free(p);

    memset(body, 'x', 8192);
    memcpy(body + 511, "\xe2\x82\xac", 3);
    a.status = 400;
    a.body.len = 8192;

    p = convrelay_tool_result(&a, CONVRELAY_TOOL_MIN_RESULT, &len, &ok);
    s.data = p;
    s.len = len;
    tap_ok(len == 511 + strlen(NOT(400) "the service refused it: \"}"),
           "512 bytes of an error at most, and whole characters");
    free(p);
    free(body);
}


static void
ends_test(void)
{
    u_char                   *p;
    size_t                    len;
    unsigned                  ok;
    const char               *want;
    convrelay_tool_answer_t   a;

    memset(&a, 0, sizeof(a));
    a.end = CONVRELAY_TOOL_TIMED_OUT;
    a.status = 200;
    a.body = str("half");
    a.seconds = 5;

    p = convrelay_tool_result(&a, 16384, &len, &ok);
    want = NOT(504) "there was no answer within 5 seconds\"}";
    tap_is(p, len, want, strlen(want), "timed out");
    tap_ok(!ok, "and not done");
    free(p);

    a.seconds = 1;

    p = convrelay_tool_result(&a, 16384, &len, &ok);
    want = NOT(504) "there was no answer within 1 second\"}";
    tap_is(p, len, want, strlen(want), "timed out after one second");
    free(p);

    a.end = CONVRELAY_TOOL_NO_ANSWER;
    p = convrelay_tool_result(&a, 16384, &len, &ok);
    want = NOT(502) "the service cannot be reached\"}";
    tap_is(p, len, want, strlen(want), "no answer");
    free(p);

    a.end = CONVRELAY_TOOL_BROKE_OFF;
    p = convrelay_tool_result(&a, 16384, &len, &ok);
    want = NOT(502) "the answer broke off\"}";
    tap_is(p, len, want, strlen(want), "broke off");
    free(p);
}


static void
withheld_test(void)
{
    size_t           i;
    convrelay_str_t  result, text;

    static const convrelay_str_t  *const constants[] = {
        &convrelay_tool_done, &convrelay_tool_running,
        &convrelay_tool_cancelled, &convrelay_tool_taken_back
    };

    static const char  *const results[] = {
        "{\"ok\":false,\"status\":409,\"error\":\"NOT done: x\"}",
        "{\"ok\":false,\"error\":\"NOT done, or not known to be done\"}",
        "{\"ok\":true,\"x\":1}",
        "{\"note\":\"The tool was called and has answered, but the answer "
        "is not available any more. Do not make it up.\"}"
    };

    for (i = 0; i < 4; i++) {
        text = convrelay_tool_withheld(constants[i]);
        tap_is(text.data, text.len, (char *) constants[i]->data,
               constants[i]->len, "a constant is not withheld");

        result = str(results[i]);
        text = convrelay_tool_withheld(&result);
        tap_is(text.data, text.len, results[i | 1], strlen(results[i | 1]),
               "a result is withheld, and stays so");
    }
}


static void
failure_test(void)
{
    u_char           *p;
    size_t            len;
    const char       *want;
    convrelay_str_t   s;

    s = str("a\"b");
    p = convrelay_tool_failure("there is no tool \"", &s, "\"", &len);
    want = "{\"ok\":false,\"error\":\"NOT done: there is no tool "
           "\\\"a\\\"b\\\"\"}";
    tap_is(p, len, want, strlen(want), "a failure");
    free(p);

    repeated("{\"a\":1}", "{\"repeated\":true,\"a\":1}");
    repeated("{ }", "{\"repeated\":true}");
    repeated("[1]", "{\"repeated\":true,\"result\":[1]}");
    repeated("\xef\xbb\xbf[1]", "{\"repeated\":true,\"result\":[1]}");
    repeated("\xef\xbb\xbf{\"a\":1}", "{\"repeated\":true,\"a\":1}");
    repeated("ten \"o\"", "{\"repeated\":true,\"result\":\"ten \\\"o\\\"\"}");
    repeated("{\"a\":1", "{\"repeated\":true,\"result\":\"{\\\"a\\\":1\"}");
}


static void
repeated(const char *text, const char *want)
{
    u_char           *p;
    size_t            len;
    convrelay_str_t   s;

    s = str(text);
    p = convrelay_tool_repeated(&s, &len);
    tap_is(p, len, want, strlen(want), text);
    free(p);
}
