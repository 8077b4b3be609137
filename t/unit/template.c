
/*
 * Copyright (C) convrelay contributors
 *
 * The wanted parts are written one after the other: literal text between
 * "[" and "]", a variable's name between "<" and ">", with a '"' before it
 * where the part starts inside a string of JSON.
 */


#include "convrelay_json_reader.h"
#include "convrelay_template.h"
#include "tap.h"


static void parts(const char *source, unsigned json, const char *want);
static void literal(const char *text, unsigned want);


int
main(void)
{
    parts("", 0, "");
    parts("a", 0, "[a]");
    parts("a b\n\"c\" \\", 0, "[a b\n\"c\" \\]");

    parts("$a", 0, "<a>");
    parts("$a$b", 0, "<a><b>");
    parts("${a}", 0, "<a>");
    parts("x${a}y", 0, "[x]<a>[y]");
    parts("x$a y", 0, "[x]<a>[ y]");
    parts("$a_1-$B2", 0, "<a_1>[-]<B2>");
    parts("$1", 0, "<1>");
    parts("${a", 0, "<a>");
    parts("\\$a", 0, "[\\]<a>");

    parts("$", 0, "[$]");
    parts("$$", 0, "[$$]");
    parts("$$a", 0, "[$]<a>");
    parts("$ a", 0, "[$ a]");
    parts("a$", 0, "[a$]");
    parts("${", 0, "[${]");
    parts("${}", 0, "[${}]");
    parts("$-$a", 0, "[$-]<a>");
    parts("\xc3\xa4$\xc3\xa4", 0, "[\xc3\xa4$\xc3\xa4]");

    parts("[1, $a]", 1, "[[1, ]<a>[]]");
    parts("\"$a\"", 1, "[\"]\"<a>\"[\"]");
    parts("{\"a\": $a}", 1, "[{\"a\": ]<a>[}]");
    parts("{\"a\": \"$a b\", \"c\": $d}", 1,
          "[{\"a\": \"]\"<a>\"[ b\", \"c\": ]<d>[}]");
    parts("\"\\$a\"", 1, "[\"\\$a\"]");
    parts("\"\\\\$a\"", 1, "[\"\\\\]\"<a>\"[\"]");
    parts("\"\\\"$a\"", 1, "[\"\\\"]\"<a>\"[\"]");
    parts("\\$a", 1, "[\\]<a>");
    parts("\"\\", 1, "[\"\\]");
    parts("\"$", 1, "[\"$]");

    literal("true", 1);
    literal("false", 1);
    literal("null", 1);
    literal("0", 1);
    literal("-0", 1);
    literal("-12", 1);
    literal("1.5", 1);
    literal("-0.25", 1);
    literal("123456789012345678901234567890", 1);

    literal("", 0);
    literal("True", 0);
    literal("truer", 0);
    literal("tru", 0);
    literal("NaN", 0);
    literal("-", 0);
    literal("+1", 0);
    literal("007", 0);
    literal("-01", 0);
    literal(".5", 0);
    literal("1.", 0);
    literal("1.2.3", 0);
    literal("1e5", 0);
    literal("1E5", 0);
    literal("1 ", 0);
    literal(" 1", 0);
    literal("1,2", 0);
    literal("0x10", 0);
    literal("+15550100001", 0);

    return tap_done();
}


static void
parts(const char *source, unsigned json, const char *want)
{
    char                       *p, got[128];
    size_t                      len;
    u_char                     *data;
    convrelay_template_t        t;
    convrelay_template_part_t   part;

    len = strlen(source);
    data = tap_flush(source, len);
    p = got;

    memset(&t, 0, sizeof(convrelay_template_t));

    t.pos = data;
    t.last = data + len;
    t.json = json;

    while (convrelay_template_next(&t, &part) == CONVRELAY_OK) {
        p += snprintf(p, got + sizeof(got) - p, "%s%c%.*s%c",
                      part.quoted ? "\"" : "", part.variable ? '<' : '[',
                      (int) part.text.len, (char *) part.text.data,
                      part.variable ? '>' : ']');
    }

    tap_is(got, p - got, want, strlen(want), source);

    tap_unflush(data, len);
}


static void
literal(const char *text, unsigned want)
{
    convrelay_str_t  str;

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);

    tap_ok(convrelay_json_is_literal(&str) == want,
           "\"%s\" is %sa literal of JSON", text, want ? "" : "not ");

    tap_unflush(str.data, str.len);
}
