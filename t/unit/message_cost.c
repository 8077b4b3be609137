
/*
 * Copyright (C) convrelay contributors
 *
 * No message that is let in by default costs more than 2 ms, whatever is in
 * it and whatever was said before it: a worker has other calls.
 */


#include <stdlib.h>
#include <time.h>

#include "convrelay_session.h"
#include "tap.h"


#define LEN      CONVRELAY_RELAY_MAX_MESSAGE
#define ANSWER   60000
#define RUNS     10
#ifdef __SANITIZE_ADDRESS__
#define LIMIT    8000000     /* ns */
#else
#define LIMIT    2000000
#endif


typedef struct {
    const char  *name;
    const char  *answer;      /* repeated */
    const char  *head;
    const char  *body;        /* repeated */
    const char  *tail;
} cost_t;


static void cost(const cost_t *t);
static size_t fill(u_char *p, size_t size, const cost_t *t);
static void repeat(u_char *p, size_t size, const char *text);
static int64_t run(const u_char *message, size_t len, const u_char *answer);
static void ignore(convrelay_actions_t *out, const convrelay_action_t *a);
static int64_t cpu(void);


#define INFO    "{\"type\":\"info\",\"name\":\"tokensPlayed\",\"value\":\""
#define OTHER   "{\"type\":\"info\",\"a\":["
#define CUT     "{\"type\":\"interrupt\",\"durationUntilInterruptMs\":1000,"  \
                "\"utteranceUntilInterrupt\":\""
#define SETUP   "{\"type\":\"setup\",\"callSid\":\"CA1\""


static const cost_t  costs[] = {
    { "ones", "a ", OTHER, "1,", "1]}" },
    { "strings", "a ", OTHER, "\"\",", "1]}" },
    { "numbers", "a ", OTHER, "1e308,", "1]}" },
    { "arrays", "a ", OTHER, "[],", "1]}" },
    { "nested arrays", "a ", OTHER, "[[[[[[[[[[[[[[]]]]]]]]]]]]]],", "1]}" },
    { "nested objects", "a ", OTHER, "{\"\":{\"\":{\"\":{\"\":{}}}}},", "1]}" },
    { "members", "a ", "{\"type\":\"info\"", ",\"\":1", "}" },
    { "escaped names", "a ", "{\"type\":\"info\"", ",\"\\u0061\\u0061\":1",
      "}" },
    { "names of a setup", "a ", SETUP, ",\"accountSix\":1", "}" },
    { "parameters", "a ", SETUP ",\"customParameters\":{\"a\":1",
      ",\"b\":\"\\n\"", "}}" },
    { "escapes", "a ", "{\"type\":\"info\",\"name\":\"", "\\u0041", "\"}" },
    { "halves of pairs", "a ", "{\"type\":\"info\",\"value\":\"", "\\ud800",
      "\"}" },
    { "not UTF-8", "a ", "{\"type\":\"info\",\"value\":\"", "\xc3", "\"}" },
    { "a type", "a ", "{\"type\":\"", "setup", "\"}" },
    { "an error", "a ", "{\"type\":\"error\",\"description\":\"", "code",
      "\"}" },
    { "not JSON", "a ", "", "[", "" },
    { "a report, one word", "a", INFO, "a", "b\"}" },
    { "a report, words", "a ", INFO, "a ", "b\"}" },
    { "a report, other case", "A.", INFO, "a ", "b\"}" },
    { "a report, dots", "a.", INFO, ".", "b\"}" },
    { "a report, wide", "\xe2\x80\x94\xc3\xa9", INFO, "\xc3\xa9\xe2\x80\x94",
      "b\"}" },
    { "a cut, one word", "a", CUT, "a", "b\"}" },
    { "a cut, words", "a ", CUT, "a ", "b\"}" },
    { "a cut that fits", "a ", CUT, "a ", "a\"}" },
    { "a prompt", "a ", "{\"type\":\"prompt\",\"voicePrompt\":\"", "\\n.",
      "\"}" }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        cost(&costs[i]);
    }

    return tap_done();
}


static void
cost(const cost_t *t)
{
    int          slow;
    size_t       len;
    int64_t      ns, least;
    unsigned     i;

    static u_char  message[LEN], answer[ANSWER];

    slow = getenv("TEST_NGINX_SLOW") ? atoi(getenv("TEST_NGINX_SLOW")) : 1;

    len = fill(message, sizeof(message), t);
    repeat(answer, sizeof(answer), t->answer);

    least = 0;

    for (i = 0; i < RUNS; i++) {
        ns = run(message, len, answer);

        if (i == 0 || ns < least) {
            least = ns;
        }
    }

    tap_ok(least < (int64_t) LIMIT * (slow > 1 ? slow * 10 : 1),
           "%s: %zu bytes", t->name, len);

    printf("# %.3f ms\n", least / 1e6);
}


static size_t
fill(u_char *p, size_t size, const cost_t *t)
{
    size_t  head, body, tail, n;

    head = strlen(t->head);
    body = strlen(t->body);
    tail = strlen(t->tail);

    n = (size - head - tail) / body * body;

    memcpy(p, t->head, head);
    repeat(p + head, n, t->body);
    memcpy(p + head + n, t->tail, tail);

    return head + n + tail;
}


static void
repeat(u_char *p, size_t size, const char *text)
{
    size_t  i, len;

    len = strlen(text);

    for (i = 0; i < size; i++) {
        p[i] = text[i % len];
    }
}


/* ns of CPU for the message, after an answer */

static int64_t
run(const u_char *message, size_t len, const u_char *answer)
{
    u_char                     *data;
    int64_t                     ns;
    convrelay_str_t             text;
    convrelay_session_t         s;
    convrelay_relay_message_t   m;

    static const convrelay_str_t     none = convrelay_null_string;
    static convrelay_actions_t       out = { .act = ignore };
    static convrelay_session_conf_t  conf;

    conf.keys.max = 4;
    conf.keys.pause = 1000;

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

    text.data = (u_char *) answer;
    text.len = ANSWER;
    convrelay_session_delta(&s, &text, 1000, &out);
    convrelay_session_turn_end(&s, CONVRELAY_TURN_COMPLETE, &none, 1000, &out);

    data = malloc(len);
    memcpy(data, message, len);

    ns = cpu();

    if (convrelay_relay_parse(&m, data, len) == CONVRELAY_OK) {
        convrelay_session_message(&s, &m, 2000, &out);
        convrelay_relay_free(&m);
    }

    ns = cpu() - ns;

    free(data);
    convrelay_session_free(&s);

    return ns;
}


static void
ignore(convrelay_actions_t *out, const convrelay_action_t *a)
{
    (void) out;
    (void) a;
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
