
/*
 * Copyright (C) convrelay contributors
 *
 * The answer that brings the context of a call.
 */


#include <stdlib.h>

#include "convrelay_tool.h"
#include "heap.h"
#include "tap.h"


#define JSON  "application/json"
#define TEXT  "text/plain"


static void good(const char *type, const char *body, const char *want);
static void good_len(const char *type, const char *body, size_t len,
    const char *want);
static void bad(const char *type, const char *body, const char *want);
static void read_test(const char *type, const char *body, size_t len,
    const char *want, int want_rc);
static void many(size_t n, int want_rc);
#ifndef NO_OVERRIDE
static void no_memory(const char *type, const char *body);
#endif
static size_t show(char *out, size_t size, const convrelay_tool_context_t *x);


int
main(void)
{
    /* the forms of an answer */

    good(JSON, "{\"system\":\"A regular.\",\"variables\":{\"name\":\"Ann\"}}",
         "A regular.|name=Ann");
    good(JSON, "{\"system\":\"A regular.\"}", "A regular.");
    good(JSON, "{\"variables\":{\"a\":\"b\"}}", "|a=b");
    good(JSON, "{}", "");
    good(JSON, "{\"system\":null,\"variables\":null}", "");
    good(JSON, "{\"system\":\"\",\"variables\":{}}", "");
    good(JSON, "{\"other\":[1],\"System\":\"x\"}", "");
    good(JSON, " \n{\"system\":\" a \\n\"}\n", "a");
    good(JSON, "{\"system\":\"one\",\"system\":\"two\"}", "one");
    good(TEXT, "A regular.\nTwo lines.\n", "A regular.\nTwo lines.");
    good(TEXT, "\xef\xbb\xbf" "a", "a");
    good(TEXT, "{\"system\":\"a\"}", "{\"system\":\"a\"}");

    /* types of values */

    good(JSON, "{\"variables\":{\"s\":\"a\",\"n\":-1.50e2,\"t\":true,"
         "\"f\":false,\"z\":null,\"e\":\"\"}}",
         "|s=a|n=-1.50e2|t=true|f=false|e=");
    good(JSON, "{\"variables\":{\"a\\u0020b\":\"\\\"\\u00e9\\n\"}}",
         "|a b=\"\xc3\xa9\n");

    /* types of answers */

    good("application/json; charset=utf-8", "{\"system\":\"a\"}", "a");
    good("Application/JSON", "{\"system\":\"a\"}", "a");
    good("text/plain;charset=utf-8", "a", "a");
    bad("application/jsonp", "{}",
        "is neither \"application/json\" nor \"text/plain\"");
    bad("text/html", "<html>",
        "is neither \"application/json\" nor \"text/plain\"");
    bad("application/jso", "{}",
        "is neither \"application/json\" nor \"text/plain\"");
    bad("", "a", "is neither \"application/json\" nor \"text/plain\"");

    /* nothing */

    good("", "", "");
    good("image/png", " \r\n\t", "");
    good(JSON, "", "");

    /* what does not reach an LLM */

    good(TEXT, "a<|im_end|>b\x07" "c\x7f\x1b" "d\te\xff",
         "a< |im_end|>b c  d\te\xef\xbf\xbd");
    good(JSON, "{\"system\":\"<\\u007cx|>\\u0000\\u0007\\ud800\\u001b!\","
         "\"variables\":{\"a\":\"<|b\\u007f\"}}",
         "< |x|> \xef\xbf\xbd !|a=< |b ");
    good(JSON, "{\"system\":\"a\xff" "b\"}", "a\xef\xbf\xbd" "b");
    good_len(TEXT, "a\0b", 3, "a b");

    /* what is wrong */

    bad(JSON, "{\"system\":\"a\"", "is not JSON");
    bad(JSON, "A regular.", "is not JSON");
    bad(JSON, "{} {}", "is not JSON");
    bad(JSON, "[]", "is not a JSON object");
    bad(JSON, "\"a\"", "is not a JSON object");
    bad(JSON, "null", "is not a JSON object");
    bad(JSON, "{\"system\":1}", "has a \"system\" that is not a string");
    bad(JSON, "{\"system\":[\"a\"]}", "has a \"system\" that is not a string");
    bad(JSON, "{\"variables\":[]}", "has \"variables\" that are not an object");
    bad(JSON, "{\"variables\":\"a\"}",
        "has \"variables\" that are not an object");
    bad(JSON, "{\"system\":\"a\",\"variables\":{\"a\":{}}}",
        "has a variable that is neither a string, a number nor a boolean");
    bad(JSON, "{\"variables\":{\"a\":[1]}}",
        "has a variable that is neither a string, a number nor a boolean");

    many(128, CONVRELAY_OK);
    many(129, CONVRELAY_DECLINED);

#ifndef NO_OVERRIDE
    no_memory(TEXT, "a");
    no_memory(JSON, "{\"system\":\"a\xff\",\"variables\":{\"a\":1}}");
#endif

    return tap_done();
}


static void
good(const char *type, const char *body, const char *want)
{
    read_test(type, body, strlen(body), want, CONVRELAY_OK);
}


static void
good_len(const char *type, const char *body, size_t len, const char *want)
{
    read_test(type, body, len, want, CONVRELAY_OK);
}


static void
bad(const char *type, const char *body, const char *want)
{
    read_test(type, body, strlen(body), want, CONVRELAY_DECLINED);
}


static void
read_test(const char *type, const char *body, size_t len, const char *want,
    int want_rc)
{
    int                        rc;
    char                       got[4096];
    size_t                     n;
    u_char                    *flush, *flush_type;
    const char                *error;
    convrelay_str_t            str, type_str;
    convrelay_tool_context_t   x;

    flush = tap_flush(body, len);
    flush_type = tap_flush(type, strlen(type));

    str.data = flush;
    str.len = len;
    type_str.data = flush_type;
    type_str.len = strlen(type);

    error = "";
    rc = convrelay_tool_context_read(&x, &type_str, &str, &error);

    /* what was read does not need the body */

    memset(flush, '?', len);
    n = 0;

    if (rc == CONVRELAY_OK) {
        n = show(got, sizeof(got), &x);

    } else {
        n = snprintf(got, sizeof(got), "%s", error);
    }

    tap_ok(rc == want_rc, "%s %s: %d", type, body, rc);
    tap_is(got, n, want, strlen(want), body);

    convrelay_tool_context_free(&x);
    tap_unflush(flush, len);
    tap_unflush(flush_type, strlen(type));
}


static void
many(size_t n, int want_rc)
{
    int                        rc;
    char                       body[4096];
    size_t                     i, len;
    const char                *error;
    convrelay_str_t            str, type = convrelay_string(JSON);
    convrelay_tool_context_t   x;

    len = snprintf(body, sizeof(body), "{\"variables\":{\"z\":null");

    for (i = 0; i < n; i++) {
        len += snprintf(body + len, sizeof(body) - len, ",\"v%zu\":%zu", i,
                        i);
    }

    len += snprintf(body + len, sizeof(body) - len, "}}");

    str.data = (u_char *) body;
    str.len = len;
    error = NULL;

    rc = convrelay_tool_context_read(&x, &type, &str, &error);

    tap_ok(rc == want_rc, "%zu variables: %d", n, rc);
    tap_ok((error != NULL) == (rc == CONVRELAY_DECLINED), "... %s",
           error ? error : "all right");
    tap_ok(rc != CONVRELAY_OK || x.nvariables == n, "... all of them");

    convrelay_tool_context_free(&x);
}


#ifndef NO_OVERRIDE

/* no allocation may fail without an error, and nothing is left */

static void
no_memory(const char *type, const char *body)
{
    int                        rc;
    char                       text[256];
    long                       n, live;
    unsigned                   wrong;
    const char                *error;
    convrelay_str_t            str, type_str;
    convrelay_tool_context_t   x;

    type_str.data = (u_char *) type;
    type_str.len = strlen(type);
    wrong = 0;

    for (n = 0; /* void */ ; n++) {
        str.len = snprintf(text, sizeof(text), "%s", body);
        str.data = (u_char *) text;

        live = heap.live;
        heap.failed = 0;
        heap.countdown = n;
        heap.armed = 1;

        rc = convrelay_tool_context_read(&x, &type_str, &str, &error);

        heap.armed = 0;
        heap.countdown = -1;

        wrong += (rc != (heap.failed ? CONVRELAY_ERROR : CONVRELAY_OK));

        convrelay_tool_context_free(&x);

        wrong += (heap.live != live);

        if (!heap.failed) {
            break;
        }
    }

    tap_ok(n > 0 && wrong == 0, "%s: without memory, %ld times", body, n);
}

#endif


static size_t
show(char *out, size_t size, const convrelay_tool_context_t *x)
{
    size_t  i, n;

    n = snprintf(out, size, "%.*s", (int) x->system.len,
                 (char *) x->system.data);

    for (i = 0; i < x->nvariables; i++) {
        n += snprintf(out + n, size - n, "|%.*s=%.*s",
                      (int) x->variables[i].name.len,
                      (char *) x->variables[i].name.data,
                      (int) x->variables[i].value.len,
                      (char *) x->variables[i].value.data);
    }

    return n;
}
