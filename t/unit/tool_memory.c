
/*
 * Copyright (C) convrelay contributors
 *
 * What the room of tools does without memory: whichever allocation fails, it
 * says so or gives what it gives otherwise, and nothing is left.
 */


#include "convrelay_tool.h"
#include "heap.h"
#include "tap.h"


#define str(s)  (convrelay_str_t) convrelay_string(s)

/* more values than lie on the stack */

#define ONES                                                                 \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"     \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
#define MANY  "[" ONES ONES ONES "1]"


/* 1: it went well, and *out is its result, to be freed; 0: no memory */

typedef int (*memory_pt)(u_char **out, size_t *len);


typedef struct {
    const char  *name;
    memory_pt    run;
} memory_t;


static void test(const memory_t *m);
static int definition(u_char **out, size_t *len);
static int arguments(u_char **out, size_t *len);
static int success(u_char **out, size_t *len);
static int done(u_char **out, size_t *len);
static int cut(u_char **out, size_t *len);
static int page(u_char **out, size_t *len);
static int refused(u_char **out, size_t *len);
static int timed_out(u_char **out, size_t *len);
static int result(unsigned status, const char *body, u_char **out,
    size_t *len);
static int failure(u_char **out, size_t *len);
static int repeated(u_char **out, size_t *len);
static int guard(u_char **out, size_t *len);


static const memory_t  tests[] = {
    { "a definition", definition },
    { "the arguments of a call", arguments },
    { "a result", success },
    { "a result without words", done },
    { "a result that is cut", cut },
    { "a web page", page },
    { "a refusal", refused },
    { "a service that is late", timed_out },
    { "a failure", failure },
    { "a repetition", repeated },
    { "the guard", guard }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test(&tests[i]);
    }

    return tap_done();
}


static void
test(const memory_t *m)
{
    int       rc;
    long      n, live;
    size_t    len, want_len;
    u_char   *out, *want;
    unsigned  bad;

    if (!tap_ok(m->run(&want, &want_len), "%s, with memory", m->name)) {
        return;
    }

    bad = 0;

    for (n = 0; /* void */ ; n++) {
        out = NULL;
        len = 0;

        live = heap.live;
        heap.failed = 0;
        heap.countdown = n;
        heap.armed = 1;

        rc = m->run(&out, &len);

        heap.armed = 0;
        heap.countdown = -1;

        if (rc && (len != want_len || memcmp(out, want, len) != 0)) {
            printf("# allocation %ld: \"%.*s\"\n", n, (int) len, out);
            bad++;
        }

        if (rc) {
            free(out);
        }

        if (heap.live != live) {
            printf("# allocation %ld: %ld blocks are left\n", n,
                   heap.live - live);
            bad++;
        }

        if (!heap.failed) {
            break;
        }

        bad += rc;
    }

    tap_ok(bad == 0 && rc, "%s, each of %ld allocations fails", m->name, n);

    free(want);
}


static int
definition(u_char **out, size_t *len)
{
    int                           rc;
    char                          error[128];
    convrelay_str_t               name, json;
    convrelay_tool_definition_t   d;

    name = str("book");
    json = str("{\"description\":\"Books.\",\"parameters\":{\"type\":"
               "\"object\",\"properties\":{\"day\":{\"enum\":" MANY "}}}}");

    memset(&d, 0xa5, sizeof(d));

    rc = convrelay_tool_definition_read(&d, &name, &json, error,
                                        sizeof(error));
    if (rc != CONVRELAY_OK) {
        convrelay_tool_definition_free(&d);
        return rc != CONVRELAY_ERROR;
    }

    heap.armed = 0;

    *len = convrelay_tool_definition_size(&d);
    *out = malloc(*len);
    (void) convrelay_tool_definition_write(*out, &d);

    convrelay_tool_definition_free(&d);

    return 1;
}


static int
arguments(u_char **out, size_t *len)
{
    int                          rc;
    const char                  *error;
    convrelay_str_t              name, json;
    convrelay_tool_arguments_t   a;

    name = str("book");
    json = str("{\"day\":\"S\\u00fcn\",\"n\":[{\"a\":\"\\u00fc\"}],\"l\":"
               MANY "}");

    memset(&a, 0xa5, sizeof(a));

    rc = convrelay_tool_arguments_read(&a, &name, &json, &error);

    if (rc != CONVRELAY_OK) {
        convrelay_tool_arguments_free(&a);
        return rc != CONVRELAY_ERROR;
    }

    heap.armed = 0;

    *len = CONVRELAY_TOOL_DIGEST;
    *out = malloc(*len);
    memcpy(*out, a.digest, *len);

    convrelay_tool_arguments_free(&a);

    return 1;
}


static int
result(unsigned status, const char *body, u_char **out, size_t *len)
{
    unsigned                 ok;
    convrelay_tool_answer_t  a;

    memset(&a, 0, sizeof(convrelay_tool_answer_t));

    a.end = status ? CONVRELAY_TOOL_ANSWERED : CONVRELAY_TOOL_TIMED_OUT;
    a.status = status;
    a.seconds = 1;
    a.type = str("text/plain");
    a.body.len = strlen(body);
    a.body.data = (u_char *) body;
    a.length = a.body.len;

    *out = convrelay_tool_result(&a, CONVRELAY_TOOL_MIN_RESULT, len, &ok);

    return *out != NULL;
}


static int
success(u_char **out, size_t *len)
{
    return result(200, "ten to four", out, len);
}


static int
done(u_char **out, size_t *len)
{
    return result(200, " ", out, len);
}


static int
cut(u_char **out, size_t *len)
{
    static char  body[2 * CONVRELAY_TOOL_MIN_RESULT];

    memset(body, 'x', sizeof(body) - 1);

    return result(200, body, out, len);
}


static int
page(u_char **out, size_t *len)
{
    return result(200, "<html>", out, len);
}


static int
refused(u_char **out, size_t *len)
{
    return result(409, "taken", out, len);
}


static int
timed_out(u_char **out, size_t *len)
{
    return result(0, "", out, len);
}


static int
failure(u_char **out, size_t *len)
{
    convrelay_str_t  text;

    text = str("x");
    *out = convrelay_tool_failure("there is no tool \"", &text, "\"", len);

    return *out != NULL;
}


static int
repeated(u_char **out, size_t *len)
{
    convrelay_str_t  text;

    text = str("ten to four");
    *out = convrelay_tool_repeated(&text, len);

    return *out != NULL;
}


/* half a name is held back, then it is spoken after all */

static int
guard(u_char **out, size_t *len)
{
    int                       rc;
    convrelay_str_t           text, spoken;
    convrelay_tool_guard_t    g;

    static const convrelay_str_t          names[] = {
        convrelay_string("book")
    };
    static const convrelay_tool_shapes_t  shapes = { names, 1, NULL, 0 };

    memset(&g, 0, sizeof(convrelay_tool_guard_t));

    text = str("I bo");
    rc = convrelay_tool_guard_read(&g, &shapes, &text, &spoken);

    if (rc == CONVRELAY_OK) {
        text = str("ok it, of course");
        rc = convrelay_tool_guard_read(&g, &shapes, &text, &spoken);
    }

    heap.armed = 0;

    if (rc == CONVRELAY_OK) {
        *len = spoken.len;
        *out = malloc(spoken.len + 1);
        memcpy(*out, spoken.data, spoken.len);
    }

    convrelay_tool_guard_free(&g);

    return rc == CONVRELAY_OK;
}
