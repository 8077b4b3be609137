
/*
 * Copyright (C) convrelay contributors
 */


#include <float.h>

#include "convrelay_json_tree.h"
#include "convrelay_utf8.h"
#include "tap.h"


#define TEST_CLEAN   "{\"a\":\"x\"}"


typedef struct {
    const char  *doc;
    size_t       len;
    const char  *text;         /* of member "a"; NULL: declined */
} test_doc_t;


#define test_doc(doc, text)  { doc, sizeof(doc) - 1, text }


static void test_parse(const test_doc_t *t);
static void test_depth(void);
static void test_errors(void);
static void test_members(void);
static void test_numbers(void);
static void test_escape(void);


static const test_doc_t  tests[] = {
    test_doc("{\"a\":\"b\"}", "b"),
    test_doc(" \r\n\t{\"a\":\"b\"} \r\n\t", "b"),
    test_doc("\xef\xbb\xbf{\"a\":\"b\"}", "b"),
    test_doc("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t"),
    test_doc("{\"a\":\"\\u00e9\\u20aC\"}", "\xc3\xa9\xe2\x82\xac"),
    test_doc("{\"a\":\"\xe2\x80\xa8\"}", "\xe2\x80\xa8"),
    test_doc("{\"a\":\"[[{{\\\"]\"}", "[[{{\"]"),

    /* surrogates */
    test_doc("{\"a\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"),
    test_doc("{\"a\":\"x\\ud83d\"}", "x\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\ude00x\"}", "\xef\xbf\xbdx"),
    test_doc("{\"a\":\"\\ud83dx\\ude00\"}", "\xef\xbf\xbdx\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\ud83d\\n\"}", "\xef\xbf\xbd\n"),
    test_doc("{\"a\":\"\\ud83d\\ud83d\\ude00\"}",
             "\xef\xbf\xbd\xf0\x9f\x98\x80"),
    test_doc("{\"a\":\"\\ude00\\ud83d\"}", "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\ud800\\udc00\"}", "\xf0\x90\x80\x80"),
    test_doc("{\"a\":\"\\udbff\\udfff\"}", "\xf4\x8f\xbf\xbf"),
    test_doc("{\"a\":\"\\ud83d\\udc00\"}", "\xf0\x9f\x90\x80"),
    test_doc("{\"a\":\"\\ud7ff\\ue000\"}", "\xed\x9f\xbf\xee\x80\x80"),
    test_doc("{\"a\":\"\\ud83d\\ue000\"}", "\xef\xbf\xbd\xee\x80\x80"),
    test_doc("{\"a\":\"\\ud83d\\udbff\"}",
             "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\ud83d\\udfff\"}", "\xf0\x9f\x9f\xbf"),
    test_doc("{\"a\":\"\\ud800\\u0041\"}", "\xef\xbf\xbd""A"),
    test_doc("{\"a\":\"\\udfff\"}", "\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\udc00\\udc00\"}", "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"a\":\"\\\\ud83d\"}", "\\ud83d"),
    test_doc("{\"a\":\"\\\\\\ud83d\"}", "\\\xef\xbf\xbd"),

    /* NULs */
    test_doc("{\"a\":\"x\\u0000y\"}", "xy"),
    test_doc("{\"a\":\"\\u0000\"}", ""),
    test_doc("{\"a\":\"x\\\\u0000y\"}", "x\\u0000y"),
    test_doc("{\"a\":\"x\0y\"}", "xy"),
    test_doc("{\"a\":\"\\ud83d\\u0000\\ude00\"}",
             "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"\\u0000a\":\"x\"}", "x"),

    /* invalid UTF-8, which grows */
    test_doc("{\"a\":\"\xf0\x9f\x98\"}", "\xef\xbf\xbd"),
    test_doc("{\"a\":\"\xff\xfe\"}", "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"a\":\"\xed\xa0\xbd\"}",
             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"a\":\"\xc3\\ud83d\\u0000\xe9t\\ude00\"}",
             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdt\xef\xbf\xbd"),

    /* no JSON */
    test_doc("", NULL),
    test_doc(" ", NULL),
    test_doc("{", NULL),
    test_doc("}", NULL),
    test_doc("{\"a\":\"b\"", NULL),
    test_doc("{\"a\":\"b", NULL),
    test_doc("{\"a\":\"b\\", NULL),
    test_doc("{\"a\":\"b\\u", NULL),
    test_doc("{\"a\":\"b\\u00e", NULL),
    test_doc("{\"a\":\"\\u00g0\"}", NULL),
    test_doc("{\"a\":\"\\uzzzz\"}", NULL),
    test_doc("{\"a\":\"\\ud83d\\uzzzz\"}", NULL),
    test_doc("{\"a\":\"\\x\"}", NULL),
    test_doc("{\"a\":\"b\"}x", NULL),
    test_doc("{\"a\":\"b\"}{", NULL),
    test_doc("{\"a\":\"b\"}\0", NULL),
    test_doc("{\"a\":\0\"b\"}", NULL),
    test_doc("{\"a\":\xff}", NULL),
    test_doc("[DONE]", NULL)
};


int
main(void)
{
    unsigned  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_parse(&tests[i]);
    }

    test_depth();
    test_errors();
    test_members();
    test_numbers();
    test_escape();

    return tap_done();
}


static void
test_parse(const test_doc_t *t)
{
    int               rc;
    u_char           *p;
    convrelay_str_t   value;
    convrelay_json_t  json;

    p = tap_flush(t->doc, t->len);

    rc = convrelay_json_parse(&json, p, t->len);

    if (t->text == NULL) {
        tap_ok(rc == CONVRELAY_DECLINED && json.root == NULL && json.error,
               "declined: %s", t->doc);

    } else if (tap_ok(rc == CONVRELAY_OK, "parsed: %s", t->doc)) {
        convrelay_str_set(&value, "not set");
        rc = convrelay_json_string(json.root, "a", &value);
        tap_ok(rc == CONVRELAY_OK, "has its member");
        tap_is_str(&value, t->text, "the text");
    }

    convrelay_json_free(&json);
    convrelay_json_free(&json);

    tap_unflush(p, t->len);
}


static void
test_depth(void)
{
    int               rc;
    u_char            doc[2 * CONVRELAY_JSON_MAX_DEPTH + 2];
    u_char            wide[9 * CONVRELAY_JSON_MAX_DEPTH + 3];
    unsigned          i, n;
    convrelay_json_t  json;

    for (n = CONVRELAY_JSON_MAX_DEPTH; n <= CONVRELAY_JSON_MAX_DEPTH + 1;
         n++)
    {
        memset(doc, '[', n);
        memset(doc + n, ']', n);

        rc = convrelay_json_parse(&json, doc, 2 * n);

        tap_ok(rc == (n == CONVRELAY_JSON_MAX_DEPTH ? CONVRELAY_OK
                                                    : CONVRELAY_DECLINED),
               "depth %u", n);

        convrelay_json_free(&json);
    }

    tap_ok(strcmp(json.error, "is nested too deep") == 0, "says so");

    /* what is closed is not deep any more */

    for (n = 0; n < 2; n++) {
        memcpy(wide, "[0", 2);

        for (i = 0; i < 3 * CONVRELAY_JSON_MAX_DEPTH; i++) {
            memcpy(wide + 2 + 3 * i, n ? ",{}" : ",[]", 3);
        }

        wide[2 + 3 * i] = ']';

        tap_ok(convrelay_json_parse(&json, wide, 3 + 3 * i) == CONVRELAY_OK,
               "%u %s side by side", i, n ? "objects" : "arrays");

        convrelay_json_free(&json);
    }
}


static void
test_errors(void)
{
    unsigned          i;
    u_char            doc[64];
    convrelay_json_t  json;

    static const struct {
        const char  *doc;
        const char  *error;
    } cases[] = {
        { "{", "is not valid JSON" },
        { "{} {}", "has bytes after its end" },
        { "\"\\u12\"", "has a bad escape" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy((char *) doc, cases[i].doc);

        convrelay_json_parse(&json, doc, strlen(cases[i].doc));

        tap_ok(json.error && strcmp(json.error, cases[i].error) == 0,
               "%s %s", cases[i].doc, cases[i].error);
    }
}


static void
test_members(void)
{
    u_char            doc[] = "{\"n\":null,\"t\":true,\"f\":false,\"s\":\"\","
                              "\"o\":{},\"i\":7}";
    unsigned          flag;
    convrelay_str_t   value;
    convrelay_json_t  json;

    convrelay_json_parse(&json, doc, sizeof(doc) - 1);

    convrelay_str_set(&value, "kept");
    flag = 2;

    tap_ok(convrelay_json_string(json.root, "n", &value)
           == CONVRELAY_DECLINED, "null is not a string");
    tap_ok(convrelay_json_string(json.root, "i", &value)
           == CONVRELAY_DECLINED, "a number is not a string");
    tap_ok(convrelay_json_string(json.root, "S", &value)
           == CONVRELAY_DECLINED, "names have a case");
    tap_ok(convrelay_json_string(NULL, "s", &value)
           == CONVRELAY_DECLINED, "no object");
    tap_is_str(&value, "kept", "the value is left");

    tap_ok(convrelay_json_string(json.root, "s", &value) == CONVRELAY_OK
           && value.len == 0, "an empty string is one");

    tap_ok(convrelay_json_bool(json.root, "i", &flag) == CONVRELAY_DECLINED
           && flag == 2, "a number is not a bool");
    tap_ok(convrelay_json_bool(json.root, "t", &flag) == CONVRELAY_OK
           && flag == 1, "true");
    tap_ok(convrelay_json_bool(json.root, "f", &flag) == CONVRELAY_OK
           && flag == 0, "false");

    convrelay_json_free(&json);
}


static void
test_numbers(void)
{
    int               rc;
    char              doc[512];
    double            value;
    unsigned          i;
    convrelay_json_t  json;

    static const struct {
        const char  *text;
        double       value;
        int          rc;
    } cases[] = {
        { "0", 0, CONVRELAY_OK },
        { "-12.5", -12.5, CONVRELAY_OK },
        { "1e3", 1000, CONVRELAY_OK },
        { "\"1234\"", 1234, CONVRELAY_OK },
        { "\"-0.25\"", -0.25, CONVRELAY_OK },
        { "\"\"", 7, CONVRELAY_DECLINED },
        { "\"-\"", 7, CONVRELAY_DECLINED },
        { "\"1.\"", 7, CONVRELAY_DECLINED },
        { "\".5\"", 7, CONVRELAY_DECLINED },
        { "\"1.2.3\"", 7, CONVRELAY_DECLINED },
        { "\"0x10\"", 7, CONVRELAY_DECLINED },
        { "\" 1\"", 7, CONVRELAY_DECLINED },
        { "\"1ms\"", 7, CONVRELAY_DECLINED },
        { "\"nan\"", 7, CONVRELAY_DECLINED },
        { "1e999", 7, CONVRELAY_DECLINED },
        { "true", 7, CONVRELAY_DECLINED },
        { "null", 7, CONVRELAY_DECLINED }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sprintf(doc, "{\"n\":%s}", cases[i].text);
        convrelay_json_parse(&json, (u_char *) doc, strlen(doc));

        value = 7;
        rc = convrelay_json_number(json.root, "n", &value);

        tap_ok(rc == cases[i].rc && value == cases[i].value,
               "number %s", cases[i].text);

        convrelay_json_free(&json);
    }

    sprintf(doc, "{\"n\":\"%0*d\"}", DBL_MAX_10_EXP, 1);

    tap_ok(convrelay_json_parse(&json, (u_char *) doc, strlen(doc))
           == CONVRELAY_OK
           && convrelay_json_number(json.root, "n", &value) == CONVRELAY_OK
           && value == 1, "%d digits are a number", DBL_MAX_10_EXP);

    convrelay_json_free(&json);

    sprintf(doc, "{\"n\":\"%0*d\"}", DBL_MAX_10_EXP + 1, 1);

    tap_ok(convrelay_json_parse(&json, (u_char *) doc, strlen(doc))
           == CONVRELAY_OK
           && convrelay_json_number(json.root, "n", &value)
              == CONVRELAY_DECLINED, "one more is not");

    convrelay_json_free(&json);

    sprintf(doc, "{\"n\":\"%0*d\"}", 400, 1);
    convrelay_json_parse(&json, (u_char *) doc, strlen(doc));
    tap_ok(convrelay_json_number(json.root, "n", &value)
           == CONVRELAY_DECLINED, "400 digits are not a number");
    convrelay_json_free(&json);
}


static void
test_escape(void)
{
    u_char           *in, *out;
    size_t            n, len;
    unsigned          i;

    static const struct {
        const char  *text;
        size_t       len;
        const char  *want;
    } cases[] = {
        { "", 0, "" },
        { "plain / text\x7f", 13, "plain / text\x7f" },
        { "\"\\\b\f\n\r\t", 7, "\\\"\\\\\\b\\f\\n\\r\\t" },
        { "\0\x1f\v", 3, "\\u0000\\u001f\\u000b" },
        { "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80", 9,
          "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80" },
        { "a\xff" "b\xf0\x9f\x98", 6, "a\xef\xbf\xbd" "b\xef\xbf\xbd" },
        { "\xef\xbf\xbd", 3, "\xef\xbf\xbd" },
        { "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].want);
        in = tap_flush(cases[i].text, cases[i].len);

        n = convrelay_json_escaped_len(in, cases[i].len);
        tap_ok(n == len, "escape %u: %zu bytes", i, n);

        out = tap_flush(cases[i].want, len);
        memset(out, 0, len);

        n = convrelay_json_escape(out, in, cases[i].len) - out;
        tap_is(out, n, cases[i].want, len, "and written");

        tap_unflush(out, len);
        tap_unflush(in, cases[i].len);
    }
}
