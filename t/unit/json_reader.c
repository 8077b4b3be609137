
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_json_reader.h"
#include "convrelay_utf8.h"
#include "tap.h"


typedef struct {
    const char  *doc;
    size_t       len;
    const char  *text;         /* of member "a"; NULL: declined */
} test_doc_t;


#define test_doc(doc, text)  { doc, sizeof(doc) - 1, text }


static int read_doc(convrelay_json_reader_t *r, u_char *data, size_t len);
static void test_read(convrelay_json_reader_t *r, const test_doc_t *t);
static void test_errors(convrelay_json_reader_t *r);
static void test_depth(convrelay_json_reader_t *r);
static void test_numbers(convrelay_json_reader_t *r);
static void test_members(convrelay_json_reader_t *r);
static void test_names(convrelay_json_reader_t *r);
static void test_utf8(convrelay_json_reader_t *r);
static void test_check(void);
static void test_table(convrelay_json_reader_t *r);
static void test_elements(convrelay_json_reader_t *r);
static void test_untouched(convrelay_json_reader_t *r);
static void test_many(convrelay_json_reader_t *r);
static void test_sizes(convrelay_json_reader_t *r);
static void test_copy(convrelay_json_reader_t *r);
static void test_bytes(convrelay_json_reader_t *r);
static void test_quotes(convrelay_json_reader_t *r);


static u_char  *copy;


typedef struct {
    convrelay_json_value_t  *a;
    convrelay_json_value_t  *none;
    convrelay_json_value_t  *b;
} test_members_t;


static const convrelay_json_field_t  fields[] = {
    { convrelay_string("b"), offsetof(test_members_t, b) },
    { convrelay_string("none"), offsetof(test_members_t, none) },
    { convrelay_string("a"), offsetof(test_members_t, a) },
    { convrelay_null_string, 0 }
};


static const test_doc_t  tests[] = {
    test_doc("{\"a\":\"b\"}", "b"),
    test_doc("{\"a\":\"\"}", ""),
    test_doc("{\"b\":{\"a\":1},\"c\":[\"a\",{}],\"a\":\"b\"}", "b"),
    test_doc("{\"a\":\"first\",\"a\":\"second\"}", "first"),
    test_doc(" \r\n\t{ \"a\" :\t\"b\" } \r\n\t", "b"),
    test_doc("\xef\xbb\xbf{\"a\":\"b\"}", "b"),
    test_doc("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t"),
    test_doc("{\"a\":\"\\u00e9\\u20aC\"}", "\xc3\xa9\xe2\x82\xac"),
    test_doc("{\"a\":\"\xe2\x80\xa8\"}", "\xe2\x80\xa8"),
    test_doc("{\"a\":\"[[{{\\\"]\"}", "[[{{\"]"),
    test_doc("{\"a\":\"line\nend\"}", "line\nend"),
    test_doc("{\"\\u0061\":\"b\"}", "b"),

    /* surrogates */
    test_doc("{\"a\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"),
    test_doc("{\"a\":\"\\ude00x\\ud83d\"}", "\xed\xb8\x80x\xed\xa0\xbd"),
    test_doc("{\"a\":\"\\ud83d\\ud83d\\ude00\"}",
             "\xed\xa0\xbd\xf0\x9f\x98\x80"),
    test_doc("{\"a\":\"\\ud83d\\n\"}", "\xed\xa0\xbd\n"),
    test_doc("{\"a\":\"\\\\ud83d\"}", "\\ud83d"),
    test_doc("{\"a\":\"\xed\xa0\x80\\ud83d\\ude00\"}",
             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80"),

    /* NULs */
    test_doc("{\"a\":\"x\\u0000y\"}", "xy"),
    test_doc("{\"a\":\"\\u0000\"}", ""),
    test_doc("{\"a\":\"x\0y\"}", "xy"),
    test_doc("{\"\\u0000a\":\"x\"}", "x"),
    test_doc("{\"a\0\":\"x\"}", "x"),

    /* invalid UTF-8, which grows */
    test_doc("{\"a\":\"\xf0\x9f\x98\"}", "\xef\xbf\xbd"),
    test_doc("{\"a\":\"\xff\xfe\"}", "\xef\xbf\xbd\xef\xbf\xbd"),
    test_doc("{\"\xff\":1,\"a\":\"\xe2\x82\"}", "\xef\xbf\xbd"),
    test_doc("{\"a\":\"\xe2\x82\xac\\n\xe2\x82\\n\"}",
             "\xe2\x82\xac\n\xef\xbf\xbd\n"),

    /* no JSON */
    test_doc("", NULL),
    test_doc(" ", NULL),
    test_doc("{", NULL),
    test_doc("}", NULL),
    test_doc("]", NULL),
    test_doc(":", NULL),
    test_doc(",", NULL),
    test_doc("{]", NULL),
    test_doc("[}", NULL),
    test_doc("[1", NULL),
    test_doc("[1,", NULL),
    test_doc("[1,]", NULL),
    test_doc("[,1]", NULL),
    test_doc("[1 2]", NULL),
    test_doc("[1:2]", NULL),
    test_doc("{\"a\"}", NULL),
    test_doc("{\"a\":}", NULL),
    test_doc("{\"a\" \"b\"}", NULL),
    test_doc("{\"a\":\"b\",}", NULL),
    test_doc("{,\"a\":\"b\"}", NULL),
    test_doc("{a:\"b\"}", NULL),
    test_doc("{1:\"b\"}", NULL),
    test_doc("{'a':'b'}", NULL),
    test_doc("{\"a\":\"b\"", NULL),
    test_doc("{\"a\":\"b\":\"c\"}", NULL),
    test_doc("{\"a\":\"b", NULL),
    test_doc("{\"a\":\"b\\", NULL),
    test_doc("{\"a\":\"b\\\"", NULL),
    test_doc("{\"a\":\"b\\u", NULL),
    test_doc("{\"a\":\"b\\u00e", NULL),
    test_doc("{\"a\":\"\\u00g0\"}", NULL),
    test_doc("{\"a\":\"\\ud83d\\uzzzz\"}", NULL),
    test_doc("{\"a\":\"\\x\"}", NULL),
    test_doc("{\"a\":\"b\"}x", NULL),
    test_doc("{\"a\":\"b\"}{", NULL),
    test_doc("{\"a\":\"b\"}}", NULL),
    test_doc("{\"a\":\"b\"}\0", NULL),
    test_doc("{\"a\":\0\"b\"}", NULL),
    test_doc("{\"a\":\xff}", NULL),
    test_doc("[DONE]", NULL),
    test_doc("{\"a\":nul}", NULL),
    test_doc("{\"a\":nulll}", NULL),
    test_doc("{\"a\":TRUE}", NULL),
    test_doc("{\"a\":NaN}", NULL)
};


int
main(void)
{
    unsigned                 i;
    convrelay_json_reader_t  r;

    r.values = r.room;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_read(&r, &tests[i]);
    }

    test_errors(&r);
    test_depth(&r);
    test_numbers(&r);
    test_members(&r);
    test_names(&r);
    test_utf8(&r);
    test_check();
    test_table(&r);
    test_elements(&r);
    test_untouched(&r);
    test_many(&r);
    test_sizes(&r);
    test_copy(&r);
    test_bytes(&r);
    test_quotes(&r);

    convrelay_json_reader_free(&r);
    convrelay_json_reader_free(&r);

    free(copy);

    return tap_done();
}


static int
read_doc(convrelay_json_reader_t *r, u_char *data, size_t len)
{
    convrelay_json_reader_free(r);

    return convrelay_json_read(r, data, len, &copy);
}


static void
test_read(convrelay_json_reader_t *r, const test_doc_t *t)
{
    int               rc;
    u_char           *p;
    convrelay_str_t   text;

    p = tap_flush(t->doc, t->len);

    rc = read_doc(r, p, t->len);

    if (t->text == NULL) {
        tap_ok(rc == CONVRELAY_DECLINED && r->error && r->nvalues == 0,
               "declined: %s", t->doc);

    } else if (tap_ok(rc == CONVRELAY_OK && r->error == NULL,
                      "read: %s", t->doc))
    {
        convrelay_str_set(&text, "not set");
        rc = convrelay_json_text(convrelay_json_member(r->values, "a"),
                                 &text);
        tap_ok(rc == CONVRELAY_OK, "has its member");
        tap_is_str(&text, t->text, "the text");

        rc = convrelay_json_text(convrelay_json_member(r->values, "a"),
                                 &text);
        tap_ok(rc == CONVRELAY_OK, "once more");
        tap_is_str(&text, t->text, "is decoded once only");
    }

    tap_unflush(p, t->len);
}


static void
test_errors(convrelay_json_reader_t *r)
{
    size_t     len;
    u_char    *doc;
    unsigned   i;

    static const struct {
        const char  *doc;
        const char  *error;
    } cases[] = {
        { "{", "is not valid JSON" },
        { "{} {}", "has bytes after its end" },
        { "\"\\u12\"", "has a bad escape" },
        { "\"\\", "has a bad escape" },
        { "\"", "is not valid JSON" },
        { "\"\xff", "is not valid JSON" },
        { "\xff", "is not valid JSON" },
        { "\"\xff\\x\"", "has a bad escape" },
        { "\"\xff\" 1", "has bytes after its end" },
        { "\"\xc3\xa9", "is not valid JSON" },
        { "-", "is not valid JSON" },
        { "01", "is not valid JSON" },
        { "1.", "is not valid JSON" },
        { "1e", "is not valid JSON" },
        { "1e+", "is not valid JSON" },
        { "[1.]", "is not valid JSON" },
        { "[1e]", "is not valid JSON" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].doc);
        doc = tap_flush(cases[i].doc, len);

        read_doc(r, doc, len);

        tap_ok(r->error && strcmp(r->error, cases[i].error) == 0,
               "%s %s", cases[i].doc, cases[i].error);

        tap_unflush(doc, len);
    }

    doc = (u_char *) "1";

    tap_ok(read_doc(r, doc, (size_t) CONVRELAY_JSON_MAX_LEN + 1)
           == CONVRELAY_DECLINED
           && strcmp(r->error, "is too long") == 0,
           "what is too long is not looked at");
}


static void
test_depth(convrelay_json_reader_t *r)
{
    int       rc;
    u_char    doc[2 * CONVRELAY_JSON_MAX_DEPTH + 2];
    unsigned  n;

    for (n = CONVRELAY_JSON_MAX_DEPTH; n <= CONVRELAY_JSON_MAX_DEPTH + 1;
         n++)
    {
        memset(doc, '[', n);
        memset(doc + n, ']', n);

        rc = read_doc(r, doc, 2 * n);

        tap_ok(rc == (n == CONVRELAY_JSON_MAX_DEPTH ? CONVRELAY_OK
                                                    : CONVRELAY_DECLINED),
               "depth %u", n);
    }

    tap_ok(strcmp(r->error, "is nested too deep") == 0, "says so");

    strcpy((char *) doc, "[[[1],[2]],[[]]]");
    tap_ok(read_doc(r, doc, 16) == CONVRELAY_OK
           && r->values[0].size == 8 && r->values[1].size == 5
           && r->values[6].size == 2 && r->values[0].len == 16,
           "depth ends with its array");
}


static void
test_numbers(convrelay_json_reader_t *r)
{
    int       rc, n;
    char      doc[512];
    double    value, error;
    unsigned  i;

    static const struct {
        const char  *text;
        double       value;
        int          rc;          /* ERROR: no JSON */
    } cases[] = {
        { "0", 0, CONVRELAY_OK },
        { "-0", 0, CONVRELAY_OK },
        { "10", 10, CONVRELAY_OK },
        { "-12.5", -12.5, CONVRELAY_OK },
        { "0.25", 0.25, CONVRELAY_OK },
        { "1e3", 1000, CONVRELAY_OK },
        { "1E+3", 1000, CONVRELAY_OK },
        { "-2.5e1", -25, CONVRELAY_OK },
        { "25e-1", 2.5, CONVRELAY_OK },
        { "0e99999", 0, CONVRELAY_OK },
        { "1e-99999", 0, CONVRELAY_OK },
        { "1e-4294967296", 0, CONVRELAY_OK },
        { "1e308", 1e308, CONVRELAY_OK },
        { "1.7976931348623159e308", 7, CONVRELAY_DECLINED },
        { "1e309", 7, CONVRELAY_DECLINED },
        { "4.35e2", 435, CONVRELAY_OK },
        { "9007199254740993", 9007199254740992, CONVRELAY_OK },
        { "1e99999999999999999999", 7, CONVRELAY_DECLINED },
        { "-1e4294967296", 7, CONVRELAY_DECLINED },
        { "\"1\"", 7, CONVRELAY_DECLINED },
        { "true", 7, CONVRELAY_DECLINED },
        { "null", 7, CONVRELAY_DECLINED },
        { "-", 7, CONVRELAY_ERROR },
        { "+1", 7, CONVRELAY_ERROR },
        { "01", 7, CONVRELAY_ERROR },
        { "-01", 7, CONVRELAY_ERROR },
        { "1.", 7, CONVRELAY_ERROR },
        { ".5", 7, CONVRELAY_ERROR },
        { "1.e3", 7, CONVRELAY_ERROR },
        { "1e", 7, CONVRELAY_ERROR },
        { "1e+", 7, CONVRELAY_ERROR },
        { "1.2.3", 7, CONVRELAY_ERROR },
        { "0x10", 7, CONVRELAY_ERROR },
        { "--1", 7, CONVRELAY_ERROR }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sprintf(doc, "{\"n\":%s}", cases[i].text);

        rc = read_doc(r, (u_char *) doc, strlen(doc));

        if (cases[i].rc == CONVRELAY_ERROR) {
            tap_ok(rc == CONVRELAY_DECLINED, "no number: %s", cases[i].text);
            continue;
        }

        tap_ok(rc == CONVRELAY_OK, "read: %s", cases[i].text);

        value = 7;
        rc = convrelay_json_value_number(convrelay_json_member(r->values,
                                                               "n"), &value);

        error = value / (cases[i].value ? cases[i].value : 1);
        error -= (cases[i].value != 0);

        tap_ok(rc == cases[i].rc && error * error < 1e-28,
               "number %s", cases[i].text);
    }

    /* more digits than a double has */

    memset(doc, '0', sizeof(doc));
    doc[0] = '7';
    doc[400] = 'e';
    n = sprintf(doc + 401, "-399");

    tap_ok(read_doc(r, (u_char *) doc, 401 + n) == CONVRELAY_OK
           && convrelay_json_value_number(r->values, &value) == CONVRELAY_OK
           && value > 6.999 && value < 7.001, "7 with 399 zeros");

    doc[1] = '.';
    doc[400] = '3';

    tap_ok(read_doc(r, (u_char *) doc, 401) == CONVRELAY_OK
           && convrelay_json_value_number(r->values, &value) == CONVRELAY_OK
           && value > 6.999 && value < 7.001, "7 with 399 digits of fraction");

    tap_ok(read_doc(r, (u_char *) "12", 2) == CONVRELAY_OK
           && r->values->type == CONVRELAY_JSON_NUMBER && r->values->len == 2,
           "a number up to the end");
}


static void
test_members(convrelay_json_reader_t *r)
{
    u_char            doc[] = "{\"n\":null,\"t\":true,\"f\":false,\"s\":\"\","
                              "\"o\":{\"in\":1},\"i\":7,"
                              "\"\\u006c\\u006f\\u006e\\u0067\":1}";
    unsigned          flag;
    convrelay_str_t   text;

    read_doc(r, doc, sizeof(doc) - 1);

    convrelay_str_set(&text, "kept");

    tap_ok(convrelay_json_member(r->values, "n")->type == CONVRELAY_JSON_NULL,
           "null");
    tap_ok(convrelay_json_member(r->values, "t")->type == CONVRELAY_JSON_TRUE,
           "true");
    tap_ok(convrelay_json_member(r->values, "f")->type
           == CONVRELAY_JSON_FALSE, "false");
    tap_ok(convrelay_json_member(r->values, "long") != NULL,
           "a name of escapes");
    tap_ok(convrelay_json_member(r->values, "in") == NULL,
           "a member of a member is none");
    tap_ok(convrelay_json_member(r->values, "S") == NULL, "names have a case");
    tap_ok(convrelay_json_member(r->values, "") == NULL, "no empty name");
    tap_ok(convrelay_json_member(NULL, "s") == NULL, "no object");
    tap_ok(convrelay_json_member(convrelay_json_member(r->values, "s"), "s")
           == NULL, "a string has no members");

    tap_ok(convrelay_json_text(NULL, &text) == CONVRELAY_DECLINED
           && convrelay_json_text(convrelay_json_member(r->values, "i"),
                                  &text)
              == CONVRELAY_DECLINED, "a number is not a string");
    tap_is_str(&text, "kept", "the text is left");

    tap_ok(convrelay_json_value_number(NULL, NULL) == CONVRELAY_DECLINED,
           "nothing is not a number");

    flag = 7;

    tap_ok(convrelay_json_value_bool(NULL, &flag) == CONVRELAY_DECLINED
           && convrelay_json_value_bool(convrelay_json_member(r->values, "n"),
                                        &flag)
              == CONVRELAY_DECLINED
           && convrelay_json_value_bool(convrelay_json_member(r->values, "i"),
                                        &flag)
              == CONVRELAY_DECLINED
           && flag == 7, "null and numbers are not bools");
    tap_ok(convrelay_json_value_bool(convrelay_json_member(r->values, "t"),
                                     &flag)
           == CONVRELAY_OK && flag == 1, "a bool of true");
    tap_ok(convrelay_json_value_bool(convrelay_json_member(r->values, "f"),
                                     &flag)
           == CONVRELAY_OK && flag == 0, "a bool of false");
}


static void
test_names(convrelay_json_reader_t *r)
{
    u_char                   doc[] = "{\"a\":[1,{\"x\":2}],\"a\":{},"
                                     "\"\\u0062\":null,\"\":\"c\"}";
    char                     got[64];
    size_t                   n;
    convrelay_str_t          text;
    convrelay_json_value_t  *name;

    read_doc(r, doc, sizeof(doc) - 1);

    n = 0;

    for (name = convrelay_json_name(r->values, NULL);
         name;
         name = convrelay_json_name(r->values, name))
    {
        (void) convrelay_json_utf8(name, &text);
        n += snprintf(got + n, sizeof(got) - n, "%.*s:%c ", (int) text.len,
                      (char *) text.data, name[1].data[0]);
    }

    tap_is(got, n, "a:[ a:{ b:n :c ", 15, "names of an object, each time");

    tap_ok(convrelay_json_name(NULL, NULL) == NULL
           && convrelay_json_name(convrelay_json_member(r->values, "a"), NULL)
              == NULL, "nothing and an array have no names");

    read_doc(r, (u_char *) "{}", 2);
    tap_ok(convrelay_json_name(r->values, NULL) == NULL, "no names in {}");
}


static void
test_utf8(convrelay_json_reader_t *r)
{
    u_char                  *p;
    unsigned                 i;
    convrelay_str_t          text;

    static const struct {
        const char  *doc;
        const char  *text;
    } cases[] = {
        { "\"a\"", "a" },
        { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
        { "\"\\ude00x\\ud83d\"", "\xef\xbf\xbdx\xef\xbf\xbd" },
        { "\"\\ud83d\\ud800\\udc00\"", "\xef\xbf\xbd\xf0\x90\x80\x80" },
        { "\"\\udfff\\u0000\\ud7ff\\ue000\"",
          "\xef\xbf\xbd\xed\x9f\xbf\xee\x80\x80" },
        { "\"\xed\x9f\xbf\\n\"", "\xed\x9f\xbf\n" },
        { "\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = tap_flush(cases[i].doc, strlen(cases[i].doc));

        tap_ok(read_doc(r, p, strlen(cases[i].doc)) == CONVRELAY_OK
               && convrelay_json_utf8(r->values, &text) == CONVRELAY_OK,
               "read: %s", cases[i].doc);
        tap_is_str(&text, cases[i].text, "is valid UTF-8");

        tap_ok(convrelay_json_utf8(r->values, &text) == CONVRELAY_OK,
               "once more");
        tap_is_str(&text, cases[i].text, "is the same");

        tap_unflush(p, strlen(cases[i].doc));
    }

    convrelay_str_set(&text, "kept");
    read_doc(r, (u_char *) "1", 1);

    tap_ok(convrelay_json_utf8(NULL, &text) == CONVRELAY_DECLINED
           && convrelay_json_utf8(r->values, &text) == CONVRELAY_DECLINED,
           "a number is not text");
    tap_is_str(&text, "kept", "the text is left");
}


static void
test_check(void)
{
    const char  *error;

    tap_ok(convrelay_json_check((u_char *) "[1,2]", 5, &error)
           == CONVRELAY_OK && error == NULL, "JSON is JSON");
    tap_ok(convrelay_json_check((u_char *) "[\"\xff\"]", 5, &error)
           == CONVRELAY_OK && error == NULL, "whatever its bytes");
    tap_ok(convrelay_json_check((u_char *) "[1,2", 4, &error)
           == CONVRELAY_DECLINED && strcmp(error, "is not valid JSON") == 0,
           "half of it is not");
}


/* the order of the document and the order of the table are all the same */

static void
test_table(convrelay_json_reader_t *r)
{
    unsigned         i;
    u_char           doc[128];
    test_members_t   m;

    static const char  *docs[] = {
        "{\"a\":1,\"b\":2}",
        "{\"b\":2,\"a\":1,\"a\":3,\"b\":3}",
        "{\"\\u0061\":1,\"c\":{\"a\":3,\"b\":[3]},\"b\":2,\"a\":3}",
        "{\"aa\":3,\"\":3,\"a\":1,\"nona\":3,\"\\u0062\":2,\"b\":3}"
    };

    for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
        strcpy((char *) doc, docs[i]);
        memset(&m, 0xff, sizeof(m));

        read_doc(r, doc, strlen(docs[i]));
        convrelay_json_members(r->values, fields, &m);

        tap_ok(m.a && *m.a->data == '1' && m.b && *m.b->data == '2'
               && m.none == NULL, "the first ones of %s", docs[i]);
        tap_ok(m.a == convrelay_json_member(r->values, "a")
               && m.b == convrelay_json_member(r->values, "b"),
               "each of them by itself");
    }

    memset(&m, 0xff, sizeof(m));
    convrelay_json_members(NULL, fields, &m);
    tap_ok(m.a == NULL && m.b == NULL && m.none == NULL, "of nothing none");

    memset(&m, 0xff, sizeof(m));
    convrelay_json_members(convrelay_json_member(r->values, "a"), fields, &m);
    tap_ok(m.a == NULL && m.b == NULL && m.none == NULL,
           "of a number none");
}


static void
test_elements(convrelay_json_reader_t *r)
{
    u_char                   doc[] = "[[1,[2]],{\"a\":3},\"x\"]";
    unsigned                 n;
    convrelay_json_value_t  *v;

    static const convrelay_json_type_e  types[] = {
        CONVRELAY_JSON_ARRAY, CONVRELAY_JSON_OBJECT, CONVRELAY_JSON_STRING
    };

    read_doc(r, doc, sizeof(doc) - 1);

    n = 0;

    for (v = convrelay_json_element(r->values, NULL);
         v;
         v = convrelay_json_element(r->values, v))
    {
        tap_ok(n < 3 && v->type == types[n], "element %u", n);
        n++;
    }

    tap_ok(n == 3, "three elements");

    v = convrelay_json_element(convrelay_json_element(r->values, NULL), NULL);
    tap_ok(v->type == CONVRELAY_JSON_NUMBER && v->data == doc + 2
           && v->len == 1, "the first of the first");

    tap_ok(convrelay_json_element(NULL, NULL) == NULL
           && convrelay_json_element(v, NULL) == NULL, "no array");

    read_doc(r, doc, 0);
    read_doc(r, (u_char *) "[]", 2);
    tap_ok(convrelay_json_element(r->values, NULL) == NULL, "an empty array");
}


/* a string that nobody asked for stays as it came, the rest of one that was
   decoded is blank */

static void
test_untouched(convrelay_json_reader_t *r)
{
    u_char           doc[] = "{\"\\u0061\":\"\\u0062\",\"c\":[\"\\n\"]}";
    u_char           was[sizeof(doc)];
    convrelay_str_t  text;

    memcpy(was, doc, sizeof(doc));

    read_doc(r, doc, sizeof(doc) - 1);
    (void) convrelay_json_member(r->values, "a");
    (void) convrelay_json_member(r->values, "none");

    tap_is(doc, sizeof(doc), was, sizeof(was), "nothing is changed unasked");

    (void) convrelay_json_text(convrelay_json_member(r->values, "a"), &text);
    memcpy(strstr((char *) was, "\\u0062"), "b     ", 6);

    tap_is(doc, sizeof(doc), was, sizeof(was), "blanks after what was");
}


static void
test_many(convrelay_json_reader_t *r)
{
    size_t    len;
    u_char    doc[4096];
    unsigned  i;

    len = 0;
    doc[len++] = '[';

    for (i = 0; i < 1000; i++) {
        len += sprintf((char *) doc + len, "%u,", i % 10);
    }

    doc[len - 1] = ']';

    tap_ok(read_doc(r, doc, len) == CONVRELAY_OK
           && r->nvalues == 1001 && r->values[1000].data == doc + len - 2,
           "more values than there were");
}


/* around the sizes at which room is made; with open containers around it */

static void
test_sizes(convrelay_json_reader_t *r)
{
    size_t                   len;
    u_char                   doc[8192];
    unsigned                 i, n, bad;
    convrelay_json_value_t  *v;

    for (n = 0; n <= 600; n += (n % CONVRELAY_JSON_VALUES > 4) ? 50 : 1) {
        len = sprintf((char *) doc, "[{\"a\":[");

        for (i = 0; i < n; i++) {
            len += sprintf((char *) doc + len, "{\"%u\":%u},", i, i);
        }

        len -= (n != 0);
        len += sprintf((char *) doc + len, "],\"b\":true}]");

        if (!tap_ok(read_doc(r, doc, len) == CONVRELAY_OK
                    && r->nvalues == 3 * n + 6
                    && r->values[0].size == r->nvalues
                    && r->values[1].size == r->nvalues - 1
                    && r->values[3].size == 3 * n + 1,
                    "%u objects in an array", n))
        {
            continue;
        }

        i = 0;
        bad = 0;

        for (v = convrelay_json_element(&r->values[3], NULL);
             v;
             v = convrelay_json_element(&r->values[3], v))
        {
            bad += (v->type != CONVRELAY_JSON_OBJECT || v->size != 3
                    || (unsigned) atoi((char *) v[1].data) != i
                    || (unsigned) atoi((char *) v[2].data) != i);
            i++;
        }

        v = convrelay_json_member(&r->values[1], "b");

        tap_ok(i == n && bad == 0 && v && v->type == CONVRELAY_JSON_TRUE,
               "each in its place");
    }
}


/* texts outlive the values; a copy is of one document only */

static void
test_copy(convrelay_json_reader_t *r)
{
    u_char            good[] = "[\"\xc3\xa9\",\"x\"]";
    u_char            bad[] = "[\"\xc3\",\"x\\n\"]";
    convrelay_str_t   text;

    read_doc(r, good, sizeof(good) - 1);
    tap_ok(copy == NULL && r->values[1].data == good + 2,
           "valid UTF-8 is not copied");

    read_doc(r, bad, sizeof(bad) - 1);
    tap_ok(copy != NULL && r->values[1].data == copy + 2, "other is");
    tap_ok(memcmp(bad, "[\"\xc3\",\"x\\n\"]", sizeof(bad)) == 0,
           "and left as it was");

    convrelay_json_text(&r->values[2], &text);
    convrelay_json_reader_free(r);
    tap_is_str(&text, "x\n", "the text is there without its value");

    read_doc(r, bad, 0);
    tap_ok(copy == NULL && r->nvalues == 0, "and not beyond the next one");
}


/* each byte at each place of a string, that ends where reading is allowed */

static void
test_bytes(convrelay_json_reader_t *r)
{
    int       rc, want;
    size_t    len, i;
    u_char    doc[64], *p;
    unsigned  c, bad, coded;

    for (len = 1; len <= 20; len++) {
        bad = 0;

        for (i = 0; i < len; i++) {

            for (c = 0; c < 256; c++) {
                memset(doc, 'x', sizeof(doc));

                doc[0] = '"';
                doc[len + 1] = '"';
                doc[i + 1] = (u_char) c;

                want = (c == '"' || c == '\\') ? CONVRELAY_DECLINED
                                                : CONVRELAY_OK;
                coded = (c == '\0');

                if (c == '\\' && i + 1 < len) {
                    doc[i + 2] = 'n';
                    want = CONVRELAY_OK;
                    coded = 1;
                }

                p = tap_flush(doc, len + 2);
                rc = read_doc(r, p, len + 2);

                bad += (rc != want);

                if (rc == CONVRELAY_OK) {
                    bad += (r->values[0].coded != coded
                            || r->values[0].len != len + (c < 0x80 ? 0 : 2)
                            || (copy != NULL) != (c >= 0x80));
                }

                tap_unflush(p, len + 2);
            }
        }

        tap_ok(bad == 0, "each byte in a string of %zu", len);
    }
}


/* quotes after escapes are not ends; no byte is looked at again and again */

static void
test_quotes(convrelay_json_reader_t *r)
{
    size_t           i, len;
    u_char          *p, *doc;
    convrelay_str_t  text;

    len = 1 << 20;
    doc = malloc(len);

    if (!tap_ok(doc != NULL, "memory")) {
        return;
    }

    p = doc;
    *p++ = '"';

    for (i = 0; i < (len - 2) / 2; i++) {
        *p++ = '\\';
        *p++ = (i & 1) ? '"' : 'n';
    }

    *p = '"';

    tap_ok(read_doc(r, doc, len) == CONVRELAY_OK
           && convrelay_json_text(r->values, &text) == CONVRELAY_OK
           && text.len == (len - 2) / 2 && text.data[1] == '"',
           "a megabyte of escapes");

    free(doc);
}
