
/*
 * Copyright (C) convrelay contributors
 *
 * No answer with tool calls that is let in by default costs more than 5 ms
 * when it is complete, and no piece of text that is looked at for such calls,
 * whatever is in it: a worker has other calls.
 */


#include <stdlib.h>
#include <time.h>

#include "convrelay_llm_api.h"
#include "convrelay_session.h"
#include "tap.h"


#define LEN      65000       /* of all arguments, within the default limit */
#define CALLS    16          /* the default limit */
#define PIECE    8192        /* bytes of arguments in one event */
#define RUNS     20
#define TEXT     65536       /* bytes of a piece of text */
#define NAMES    256         /* of tools and of parameters */
#ifdef __SANITIZE_ADDRESS__
#define LIMIT    12000000    /* ns */
#else
#define LIMIT    5000000
#endif


typedef struct {
    const char  *name;
    const char  *head;
    const char  *body;        /* repeated; '#': four letters that differ */
    const char  *tail;
} cost_t;


static void cost(const cost_t *t, size_t ncalls);
static void cost_text(const char *text);
static int64_t run_text(const convrelay_str_t *text);
static int64_t limit(void);
static size_t fill(u_char *p, size_t size, const cost_t *t);
static int64_t run(const u_char *arguments, size_t len, size_t n,
    size_t *started);
static int call(convrelay_llm_stream_t *s, size_t i, const u_char *arguments,
    size_t len);
static int event(convrelay_llm_stream_t *s, const char *text, size_t len);
static void start(convrelay_actions_t *out, const convrelay_action_t *a);
static int64_t cpu(void);


static const cost_t  costs[] = {
    { "ones", "{\"a\":[1", ",1", "]}" },
    { "numbers", "{\"a\":[1", ",1e-9", "]}" },
    { "literals", "{\"a\":[true", ",null,true", "]}" },
    { "arrays", "{\"a\":[1", ",[]", "]}" },
    { "objects", "{\"a\":[1", ",{}", "]}" },
    { "objects of one", "{\"a\":[1", ",{\"\":0}", "]}" },
    { "nested objects", "{\"a\":[1", ",{\"\":{\"\":{\"\":{}}}}", "]}" },
    { "empty strings", "{\"a\":[1", ",\"\"", "]}" },
    { "escaped strings", "{\"a\":[1", ",\"\\n\"", "]}" },
    { "one string", "{\"a\":\"", "a", "\"}" },
    { "one escaped string", "{\"a\":\"", "\\u00e4", "\"}" },
    { "one string of escapes", "{\"a\":\"", "\\\\", "\"}" },
    { "one wide string", "{\"a\":\"", "\xe2\x82\xac", "\"}" },
    { "members", "{\"a\":{\"\":1", ",\"#\":1", "}}" },
    { "long names", "{\"a\":{\"\":1", ",\"abcdefgh#\":1", "}}" },
    { "escaped names", "{\"a\":{\"\":1", ",\"\\u0061#\":1", "}}" },
    { "spaces", "{\"a\":[1", " \n", "]}" },
    { "not JSON", "{\"a\":[1", ",1", "}" },
    { "not JSON at all", "", "[", "" }
};


static const char  *texts[] = {
    "{\"b", "{\"", "{", "{ ", "b ", "b(", "bb\xc3\xa4 ", "<", "<tool_call",
    "to=functions ", "\xc3\xa4", "a", " ",
    "{\"bbbbbbbbbbbbbbbbbbbbbbbbbbbb\" ", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        cost(&costs[i], 1);
        cost(&costs[i], CALLS);
    }

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cost_text(texts[i]);
    }

    return tap_done();
}


static void
cost(const cost_t *t, size_t ncalls)
{
    size_t       len, n;
    int64_t      ns, least;
    unsigned     i;

    static u_char  arguments[LEN];

    len = fill(arguments, sizeof(arguments) / ncalls, t);

    least = 0;

    /* the least is what it costs; where other work is in the way, it takes more
       runs to see it */

    for (i = 0; i < RUNS || (least >= limit() && i < 10 * RUNS); i++) {
        ns = run(arguments, len, ncalls, &n);

        if (i == 0 || ns < least) {
            least = ns;
        }
    }

    tap_ok(least > 0 && least < limit()
           && n == (strncmp(t->name, "not JSON", 8) ? ncalls : 0),
           "%s: %zu calls of %zu bytes", t->name, ncalls, len);

    printf("# %.3f ms\n", least / 1e6);
}


static void
cost_text(const char *text)
{
    size_t           i, n;
    int64_t          ns, least;
    convrelay_str_t  piece;

    static u_char  buf[TEXT];

    n = strlen(text);

    piece.data = buf;
    piece.len = TEXT / n * n;

    for (i = 0; i < piece.len; i++) {
        buf[i] = text[i % n];
    }

    least = 0;

    for (i = 0; i < RUNS || (least >= limit() && i < 10 * RUNS); i++) {
        ns = run_text(&piece);

        if (i == 0 || ns < least) {
            least = ns;
        }
    }

    tap_ok(least > 0 && least < limit(), "a text of \"%s\"", text);

    printf("# %.3f ms\n", least / 1e6);
}


/* ns of CPU; no text has a call, but each is like the start of many */

static int64_t
run_text(const convrelay_str_t *text)
{
    int64_t                  ns;
    unsigned                 i;
    convrelay_str_t          out;
    convrelay_tool_guard_t   g;
    convrelay_tool_shapes_t  shapes;

    static char             block[NAMES][8];
    static convrelay_str_t  names[NAMES];

    for (i = 0; i < NAMES; i++) {
        names[i].data = (u_char *) block[i];
        names[i].len = sprintf(block[i], "bb%u", i * 7 % NAMES);
    }

    convrelay_tool_shapes_sort(names, NAMES);

    shapes.names = names;
    shapes.nnames = NAMES;
    shapes.keys = names;
    shapes.nkeys = NAMES;

    memset(&g, 0, sizeof(g));

    ns = cpu();

    if (convrelay_tool_guard_read(&g, &shapes, text, &out) != CONVRELAY_OK
        || out.len + g.held != text->len)
    {
        return -1;
    }

    ns = cpu() - ns;

    convrelay_tool_guard_free(&g);

    return ns;
}


static int64_t
limit(void)
{
    int  slow;

    slow = getenv("TEST_NGINX_SLOW") ? atoi(getenv("TEST_NGINX_SLOW")) : 1;

    return (int64_t) LIMIT * (slow > 1 ? slow * 10 : 1);
}


static size_t
fill(u_char *p, size_t size, const cost_t *t)
{
    u_char      *start, *last;
    unsigned     n;
    const char  *c;

    start = p;
    last = p + size - strlen(t->tail);

    memcpy(p, t->head, strlen(t->head));
    p += strlen(t->head);

    /* the names are in no order */

    for (n = 1; last - p >= (ssize_t) strlen(t->body) + 4; n += 7919) {

        for (c = t->body; *c; c++) {

            if (*c != '#') {
                *p++ = *c;
                continue;
            }

            *p++ = 'A' + (n & 15);
            *p++ = 'A' + (n >> 4 & 15);
            *p++ = 'A' + (n >> 8 & 15);
            *p++ = 'A' + (n >> 12 & 15);
        }
    }

    memcpy(p, t->tail, strlen(t->tail));

    return p + strlen(t->tail) - start;
}


/* ns of CPU from the end of an answer with n calls; started: how many were */

static int64_t
run(const u_char *arguments, size_t len, size_t n, size_t *started)
{
    int                        rc;
    size_t                     i;
    int64_t                    ns;
    convrelay_session_t        s;
    convrelay_actions_t        out;
    convrelay_llm_stream_t     stream;
    convrelay_relay_message_t  m;

    static const char  end[] =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},"
        "\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

    static const convrelay_session_tool_t  tool = {
        .name = convrelay_string("f"), .uri = 1
    };

    static convrelay_session_conf_t  conf = {
        .tools = &tool, .ntools = 1, .max_tool_rounds = 4,
        .max_tool_runs = CALLS
    };

    *started = 0;

    memset(&out, 0, sizeof(out));
    out.act = start;
    out.data = started;

    convrelay_session_init(&s, &conf, 1000);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_SETUP;
    convrelay_str_set(&m.u.setup.call_sid, "CA1");
    convrelay_session_message(&s, &m, 1000, &out);

    memset(&m, 0, sizeof(m));
    m.type = CONVRELAY_RELAY_PROMPT;
    m.u.prompt.last = 1;
    convrelay_str_set(&m.u.prompt.voice_prompt, "Hi");
    convrelay_session_message(&s, &m, 1000, &out);

    convrelay_llm_stream_init(&stream, &convrelay_llm_chat, 200);
    stream.max_calls = CALLS;

    rc = CONVRELAY_AGAIN;

    for (i = 0; i < n && rc == CONVRELAY_AGAIN; i++) {
        rc = call(&stream, i, arguments, len);
    }

    ns = cpu();

    if (rc == CONVRELAY_AGAIN) {
        rc = event(&stream, end, sizeof(end) - 1);
    }

    if (rc == CONVRELAY_DONE && stream.ncalls == n) {
        convrelay_session_turn_calls(&s, &stream.extra, stream.calls,
                                     stream.ncalls, 2000, &out);
        ns = cpu() - ns;

    } else {
        ns = -1;
    }

    convrelay_llm_stream_free(&stream);
    convrelay_session_free(&s);

    return ns;
}


/* the events of one call */

static int
call(convrelay_llm_stream_t *s, size_t i, const u_char *arguments, size_t len)
{
    int      rc;
    char    *p;
    size_t   k, at;

    static char  text[PIECE * 2 + 256];

    at = 0;

    do {
        p = text;

        p += sprintf(p, "data: {\"choices\":[{\"index\":0,\"delta\":"
                     "{\"tool_calls\":[{\"index\":%zu,", i);

        if (at == 0) {
            p += sprintf(p, "\"id\":\"c%zu\",\"type\":\"function\",", i);
        }

        p += sprintf(p, "\"function\":{%s\"arguments\":\"",
                     at ? "" : "\"name\":\"f\",");

        for (k = 0; k < PIECE && at < len; k++, at++) {

            if (arguments[at] == '\n') {
                *p++ = '\\';
                *p++ = 'n';
                continue;
            }

            if (arguments[at] == '"' || arguments[at] == '\\') {
                *p++ = '\\';
            }

            /* different calls, which are all started */

            *p++ = (at == 2 && arguments[at] == 'a') ? 'a' + (int) i
                                                     : arguments[at];
        }

        p += sprintf(p, "\"}}]}}]}\n\n");

        rc = event(s, text, p - text);

    } while (at < len && rc == CONVRELAY_AGAIN);

    return rc;
}


static int
event(convrelay_llm_stream_t *s, const char *text, size_t len)
{
    int               rc;
    u_char           *copy, *pos;
    convrelay_str_t   piece;

    copy = malloc(len);
    memcpy(copy, text, len);

    pos = copy;
    rc = convrelay_llm_stream_read(s, &pos, copy + len, &piece);

    free(copy);

    return rc;
}


/* a tool's location keeps the arguments, as long as the request takes */

static void
start(convrelay_actions_t *out, const convrelay_action_t *a)
{
    size_t                     *started;
    u_char                     *json;
    convrelay_tool_arguments_t  copy;

    if (a->type != CONVRELAY_ACT_TOOL) {
        return;
    }

    started = out->data;
    (*started)++;

    json = malloc(a->run->arguments.json.len);

    if (convrelay_tool_arguments_copy(&copy, &a->run->arguments, json)
        == CONVRELAY_OK)
    {
        convrelay_tool_arguments_free(&copy);
    }

    free(json);
}


/* of the thread: where "ulimit -t" is in force, Linux counts that of a process
   only once in a tick */

static int64_t
cpu(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return t.tv_sec * 1000000000ll + t.tv_nsec;
}
