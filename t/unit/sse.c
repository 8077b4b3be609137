
/*
 * Copyright (C) convrelay contributors
 */


#include <time.h>

#include "convrelay_sse.h"
#include "tap.h"


#define TEST_LINES  (1u << 20)


/*
 * Events are written down as "[data]" and "![data]" where their type is
 * "error", the end as "<too long>".
 */

typedef struct {
    const char  *name;
    const char  *input;
    const char  *events;
    size_t       max_line;
} test_sse_t;


static void test_run(const test_sse_t *t, size_t step);
static void test_event(char *out, const convrelay_sse_event_t *ev);
static void test_in_place(void);
static void test_lines(const char *unit);
static void test_window(char end);


static const test_sse_t  tests[] = {
    { "nothing", "", "", 0 },
    { "LF", "data: a\n\ndata: b\n\n", "[a][b]", 0 },
    { "CR", "data: a\r\rdata: b\r\r", "[a][b]", 0 },
    { "CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]", 0 },
    { "all of them", "data: a\r\n\rdata: b\n\r\ndata: c\r\r\n\n", "[a][b][c]",
      0 },
    { "no space, one, two", "data:a\n\ndata: a\n\ndata:  a\n\n",
      "[a][a][ a]", 0 },
    { "CRLF is one line end", "data: a\r\ndata: b\r\n\r\n", "[a\nb]", 0 },
    { "CR and CR are two", "data: a\r\rdata: b\r\r", "[a][b]", 0 },
    { "several lines", "data: a\ndata: b\ndata:\ndata: c\n\n",
      "[a\nb\n\nc]", 0 },
    { "a colon in the data", "data: a: b\n\n", "[a: b]", 0 },
    { "no data, no event", "event: ping\n\nid: 7\nretry: 10x\nfoo\n\n\n\n",
      "", 0 },
    { "empty data", "data\n\ndata:\n\ndata: \n\ndata: a\n\n", "[a]", 0 },
    { "empty lines of data", "data\ndata\n\n", "[\n]", 0 },
    { "comments", ":\n\n: keep-alive\ndata: a\n: data: b\n\n", "[a]", 0 },
    { "other fields", "Data: a\ndatax: a\n data: a\ndat: a\ndata : a\n\n", "",
      0 },
    { "the error type", "event: error\ndata: a\n\ndata: b\n\n", "![a][b]",
      0 },
    { "the type after", "data: a\nevent:error\n\n", "![a]", 0 },
    { "the last type", "event: error\nevent: x\ndata: a\n\n", "[a]", 0 },
    { "a field named error", "data: a\n\nerror: {}\n\ndata: b\n\n",
      "[a]![{}][b]", 0 },
    { "the same beside data", "data: a\nerror: b\n\n", "[a]", 0 },
    { "an empty one", "error\n\nerror:\n\ndata: a\n\n", "[a]", 0 },
    { "a type without data", "event: error\n\ndata: a\n\n", "[a]", 0 },
    { "no blank line", "data: a\n\ndata: b\n", "[a][b]", 0 },
    { "no line end", "data: a\n\ndata: b", "[a][b]", 0 },
    { "no blank line, two lines", "data: a\ndata: b", "[a\nb]", 0 },
    { "the cap", "data: abcd\n\ndata: abcd", "[abcd][abcd]", 10 },
    { "above the cap", "data: abc\n\ndata: abcde\n\n", "[abc]<too long>",
      10 },
    { "a comment above the cap", "data: a\n\n: 23456789a\n\n",
      "[a]<too long>", 10 },
    { "no end above the cap", ":23456789abcdef", "<too long>", 10 },
    { "joined data at the cap", "data: ab\ndata: cd\ndata: efgh\n\n",
      "[ab\ncd\nefgh]", 10 },
    { "joined data above it", "data: ab\ndata: cd\ndata:efghi\n\n",
      "<too long>", 10 }
};


int
main(void)
{
    size_t    step;
    unsigned  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_run(&tests[i], 0);

        for (step = 1; step < 8; step++) {
            test_run(&tests[i], step);
        }
    }

    test_in_place();

    test_lines("\r");
    test_lines("x\r");
    test_lines("x\n");
    test_lines("x\r\n");
    test_lines(":\r\r");

    test_window('\r');
    test_window('\n');

    return tap_done();
}


/* step: bytes of a read, 0 for all at once */

static void
test_run(const test_sse_t *t, size_t step)
{
    int                     rc;
    char                    out[256], name[128];
    size_t                  len, n, off;
    u_char                 *p, *pos;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    memset(&s, 0, sizeof(s));
    s.max_line = t->max_line ? t->max_line : 4096;

    len = strlen(t->input);
    out[0] = '\0';
    rc = CONVRELAY_AGAIN;

    for (off = 0; off < len && rc == CONVRELAY_AGAIN; off += n) {
        n = (step && step < len - off) ? step : len - off;

        p = tap_flush(t->input + off, n);
        pos = p;

        do {
            rc = convrelay_sse_read(&s, &pos, p + n, &ev);

            if (rc == CONVRELAY_OK) {
                test_event(out, &ev);
            }

        } while (rc == CONVRELAY_OK);

        if (rc == CONVRELAY_AGAIN && pos != p + n) {
            strcat(out, "<left>");
        }

        tap_unflush(p, n);
    }

    if (rc == CONVRELAY_DECLINED) {
        strcat(out, "<too long>");

    } else if (convrelay_sse_end(&s, &ev) == CONVRELAY_OK) {
        test_event(out, &ev);

        if (convrelay_sse_end(&s, &ev) != CONVRELAY_DONE) {
            strcat(out, "<no end>");
        }
    }

    sprintf(name, "%s, by %zu", t->name, step);
    tap_is(out, strlen(out), t->events, strlen(t->events), name);

    convrelay_sse_free(&s);
}


static void
test_event(char *out, const convrelay_sse_event_t *ev)
{
    sprintf(out + strlen(out), "%s[%.*s]", ev->error ? "!" : "",
            (int) ev->data.len, ev->data.data);
}


static void
test_in_place(void)
{
    u_char                  input[] = ": x\ndata: abc\n\ndata: d\n\n";
    u_char                 *pos;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    memset(&s, 0, sizeof(s));
    s.max_line = 100;

    pos = input;

    convrelay_sse_read(&s, &pos, input + sizeof(input) - 1, &ev);
    tap_ok(ev.data.data == input + 10, "data is borrowed from the input");

    convrelay_sse_read(&s, &pos, input + sizeof(input) - 1, &ev);
    tap_ok(ev.data.data == input + 21, "and again");

    tap_ok(s.line.data == NULL && s.data.data == NULL, "nothing is copied");

    convrelay_sse_free(&s);
}


/* a line costs what is in it, however many of them lie in one buffer */

static void
test_lines(const char *unit)
{
    double                  ms;
    size_t                  i, len;
    u_char                 *input, *pos;
    clock_t                 start;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    len = strlen(unit);
    input = malloc(TEST_LINES * len);

    for (i = 0; i < TEST_LINES; i++) {
        memcpy(input + i * len, unit, len);
    }

    memset(&s, 0, sizeof(s));
    s.max_line = 100;

    pos = input;
    start = clock();

    tap_ok(convrelay_sse_read(&s, &pos, input + TEST_LINES * len, &ev)
           == CONVRELAY_AGAIN, "a million lines of %zu bytes", len);

    ms = (clock() - start) * 1000.0 / CLOCKS_PER_SEC;

    tap_ok(ms < 4000, "... took %.0f ms of CPU, limit is 4000", ms);

    convrelay_sse_free(&s);
    free(input);
}


/* line ends at each place around the first ends of the search's window */

static void
test_window(char end)
{
    char                    want[32];
    u_char                 *p, *pos;
    size_t                  len, n;
    unsigned                good;
    convrelay_sse_t         s;
    convrelay_sse_event_t   ev;

    good = 0;

    for (n = 500; n < 1040; n++) {
        len = n + sizeof(" data: ab  ");
        p = malloc(len);

        memset(p, 'x', len);
        p[0] = ':';
        p[n] = end;

        sprintf(want, "data: ab%c%c", end, end);
        memcpy(p + n + 1, want, 10);

        len = n + 11;
        pos = tap_flush(p, len);
        free(p);
        p = pos;

        memset(&s, 0, sizeof(s));
        s.max_line = 2000;

        good += convrelay_sse_read(&s, &pos, p + len, &ev) == CONVRELAY_OK
                && convrelay_str_eq(&ev.data, "ab") && pos == p + len;

        convrelay_sse_free(&s);
        tap_unflush(p, len);
    }

    tap_ok(good == 540, "%u of 540 lengths of a line that ends with %02x",
           good, end);
}
