
/*
 * Copyright (C) convrelay contributors
 *
 * Recordings: what is written, and the steps that it is read back as.
 *
 * link: src/caller/convrelay_caller_record.c
 * link: src/caller/convrelay_caller_message.c
 * link: src/caller/convrelay_caller_scenario.c
 * link: src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_caller_record.h"


typedef struct {
    convrelay_caller_step_e  type;
    int64_t                  number;
    const char              *text;
} want_t;


static void test_write(void);
static void test_replay(void);
static void test_cut(void);
static void test_over(void);
static void test_frames(void);
static void test_errors(void);
static void steps(const char *name, const char *data, unsigned fast,
    const want_t *want, size_t n);
static void written(const char *name, const char *from, const char *message,
    size_t len, const char *want);


#define CALL                                                                  \
    "{\"t\":0,\"from\":\"caller\",\"message\":{\"type\":\"setup\","           \
    "\"customParameters\":{\"tenant\":\"birch\",\"n\":7}}}\n"                 \
    "{\"t\":100,\"from\":\"caller\",\"message\":{\"type\":\"prompt\","        \
    "\"voicePrompt\":\"Name ${x}\"}}\n"
#define TOKEN(t, s)                                                           \
    "{\"t\":" #t ",\"from\":\"server\",\"message\":{\"type\":\"text\","       \
    "\"token\":\"" s "\"}}\n"
#define LAST(t)                                                               \
    "{\"t\":" #t ",\"from\":\"server\",\"message\":{\"type\":\"text\","       \
    "\"token\":\"\",\"last\":true}}\n"
#define HELLO                                                                 \
    "{\"t\":500,\"from\":\"caller\",\"message\":{\"type\":\"prompt\","        \
    "\"voicePrompt\":\"Hello\",\"last\":true}}\n"


int
main(void)
{
    test_write();
    test_replay();
    test_cut();
    test_over();
    test_frames();
    test_errors();

    return tap_done();
}


static void
test_write(void)
{
    written("a message is kept as it is", "caller", "{\"type\":\"dtmf\"}", 15,
            "{\"t\":1234,\"from\":\"caller\",\"message\":"
            "{\"type\":\"dtmf\"}}\n");

    written("text that is not JSON is a string", "server", "say \"hi\"\x01", 9,
            "{\"t\":1234,\"from\":\"server\",\"text\":"
            "\"say \\\"hi\\\"\\u0001\"}\n");

    written("a line stays one line", "server", "{\n}", 3,
            "{\"t\":1234,\"from\":\"server\",\"text\":\"{\\n}\"}\n");

    written("a NUL byte", "server", "{\"a\":\"b\0c\"}", 11,
            "{\"t\":1234,\"from\":\"server\","
            "\"text\":\"{\\\"a\\\":\\\"b\\u0000c\\\"}\"}\n");

    written("nothing", "server", "", 0,
            "{\"t\":1234,\"from\":\"server\",\"text\":\"\"}\n");

    convrelay_caller_record(NULL, 0, "server", "x", 1);
    convrelay_caller_record_close(NULL, 0, "server", 1000);
    tap_ok(1, "without a file nothing is recorded");
}


static void
written(const char *name, const char *from, const char *message, size_t len,
    const char *want)
{
    FILE    *file;
    char    *data;
    size_t   size;
    u_char  *p;

    p = tap_flush(message, len);
    file = open_memstream(&data, &size);

    convrelay_caller_record(file, 1234, from, p, len);
    fclose(file);

    tap_is(data, size, want, strlen(want), name);

    free(data);
    tap_unflush(p, len);
}


static void
test_replay(void)
{
    static const want_t  timed[] = {
        { CONVRELAY_CALLER_WAIT_UNTIL, 100, NULL },
        { CONVRELAY_CALLER_SAY_OVER, -1, "Name ${x}" },
        { CONVRELAY_CALLER_WAIT_UNTIL, 500, NULL },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "An oak." },
        { CONVRELAY_CALLER_SAY_OVER, -1, "Hello" },
        { CONVRELAY_CALLER_WAIT_UNTIL, 700, NULL },
        { CONVRELAY_CALLER_RAW, 2, "{\"type\":\"dtmf\",\"digit\":\"1\"}" },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "Hi" },
        { CONVRELAY_CALLER_WAIT_UNTIL, 900, NULL },
        { CONVRELAY_CALLER_HANGUP, -1, NULL }
    };

    static const want_t  fast[] = {
        { CONVRELAY_CALLER_SAY, -1, "Name ${x}" },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "An oak." },
        { CONVRELAY_CALLER_SAY, -1, "Hello" },
        { CONVRELAY_CALLER_RAW, 2, "{\"type\":\"dtmf\",\"digit\":\"1\"}" },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "Hi" },
        { CONVRELAY_CALLER_HANGUP, -1, NULL }
    };

    static const char  call[] =
        CALL TOKEN(200, "An ") TOKEN(210, "oak.") LAST(220) "\n"
        HELLO TOKEN(600, "Hi") LAST(610)
        "{\"t\":700,\"from\":\"caller\",\"message\":{\"type\":\"dtmf\","
        "\"digit\":\"1\"}}\n"
        "{\"t\":800,\"from\":\"server\",\"text\":\"garbage\"}\n"
        "{\"t\":900,\"from\":\"caller\",\"close\":1000}\n"
        "{\"t\":910,\"from\":\"server\",\"close\":1000}";

    steps("with its pauses", call, 0, timed, 10);
    steps("fast", call, 1, fast, 6);
}


static void
test_cut(void)
{
    static const want_t  fast[] = {
        { CONVRELAY_CALLER_SAY, -1, "Name ${x}" },
        { CONVRELAY_CALLER_RAW_INTERRUPT, 3, "{\"type\":\"interrupt\","
          "\"utteranceUntilInterrupt\":\"An\"}" },
        { CONVRELAY_CALLER_EXPECT_SAME_START, -1, "An oak" }
    };

    steps("an interruption comes where it was in the answer",
          CALL TOKEN(200, "An ")
          "{\"t\":300,\"from\":\"caller\",\"message\":{\"type\":"
          "\"interrupt\",\"utteranceUntilInterrupt\":\"An\"}}\n"
          TOKEN(310, "oak") LAST(320), 1, fast, 3);
}


static void
test_over(void)
{
    static const want_t  fast[] = {
        { CONVRELAY_CALLER_SAY, -1, "Name ${x}" },
        { CONVRELAY_CALLER_WAIT_BYTES, 3, NULL },
        { CONVRELAY_CALLER_EXPECT_SAME_START, -1, "An " },
        { CONVRELAY_CALLER_SAY_OVER, -1, "Hello" },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "Hi" }
    };

    steps("a prompt into an answer, too",
          CALL TOKEN(200, "An ") HELLO TOKEN(600, "Hi") LAST(610), 1, fast,
          5);
}


/* the same as a server wrote it, with the time of day */

static void
test_frames(void)
{
    static const want_t  timed[] = {
        { CONVRELAY_CALLER_WAIT_UNTIL, 100, NULL },
        { CONVRELAY_CALLER_SAY_OVER, -1, "Name ${x}" },
        { CONVRELAY_CALLER_EXPECT_SAME, -1, "An oak." },
        { CONVRELAY_CALLER_WAIT_UNTIL, 500, NULL },
        { CONVRELAY_CALLER_HANGUP, -1, NULL }
    };

    steps("dir, frame and ms",
          "\xef\xbb\xbf"
          "{\"t\":\"2026-01-02T03:04:05Z\",\"ms\":1767323045000,\"dir\":\"in\","
          "\"frame\":{\"type\":\"setup\",\"customParameters\":{\"tenant\":"
          "\"birch\"}}}\n"
          "{\"ms\":1767323045100,\"dir\":\"in\",\"frame\":{\"type\":"
          "\"prompt\",\"voicePrompt\":\"Name ${x}\",\"last\":true}}\n"
          "{\"ms\":1767323045200,\"dir\":\"out\",\"frame\":{\"type\":"
          "\"text\",\"token\":\"An oak.\",\"last\":true}}\n"
          "{\"ms\":1767323045500,\"dir\":\"in\",\"close\":1000}\n",
          0, timed, 5);
}


static void
test_errors(void)
{
    int                          rc;
    size_t                       i;
    convrelay_caller_scenario_t  s;

    static const char  *bad[][2] = {
        { CALL "{\"t\":", "line 3 is not JSON" },
        { "\n[1]\n{x}\n", "line 3 is not JSON" },
        { "{\"from\":7}\n{\"from\":\"server\",\"message\":{}}\n"
          "{\"from\":\"caller\",\"message\":{\"type\":null}}\n",
          "has nothing that the caller says or does" },
        { "", "is empty" },
        { "{\"a\":1}\n[]\n{\"from\":\"nobody\",\"message\":{}}\n"
          "{\"from\":\"caller\",\"message\":\"x\"}",
          "has no message: a line needs \"from\" and \"message\", or \"dir\" "
          "and \"frame\"" },
        { CALL HELLO, "has no answer from the server, so there is nothing to "
          "compare (--no-checks plays it anyway)" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&s, 0, sizeof(convrelay_caller_scenario_t));
        rc = convrelay_caller_replay(&s, bad[i][0], strlen(bad[i][0]), 0, 1);

        tap_ok(rc == CONVRELAY_ERROR && strcmp(s.error, bad[i][1]) == 0,
               "%s (%s)", bad[i][1], s.error);
        convrelay_caller_scenario_free(&s);
    }

    memset(&s, 0, sizeof(convrelay_caller_scenario_t));
    tap_ok(convrelay_caller_replay(&s, CALL HELLO, sizeof(CALL HELLO) - 1, 1,
                                   0)
           == CONVRELAY_OK && s.n == 2, "without comparing it is played");
    convrelay_caller_scenario_free(&s);
}


static void
steps(const char *name, const char *data, unsigned fast, const want_t *want,
    size_t n)
{
    int                          rc;
    size_t                       i, len;
    u_char                      *p;
    const char                  *text, *tenant;
    convrelay_caller_scenario_t  s;

    len = strlen(data);
    p = tap_flush(data, len);
    memset(&s, 0, sizeof(convrelay_caller_scenario_t));

    rc = convrelay_caller_replay(&s, (char *) p, len, fast, 1);

    tap_ok(rc == CONVRELAY_OK && s.n == n, "%s: %zu steps, want %zu (%s)",
           name, s.n, n, s.error);

    tenant = convrelay_caller_pairs_get(&s.parameters, "tenant");
    tap_ok(s.parameters.n == 1 && tenant && strcmp(tenant, "birch") == 0,
           "%s: a parameter of the setup", name);

    for (i = 0; i < s.n && i < n; i++) {
        text = s.steps[i].text ? s.steps[i].text : "";

        tap_ok(s.steps[i].type == want[i].type
               && s.steps[i].number == want[i].number
               && s.steps[i].verbatim
               && strcmp(text, want[i].text ? want[i].text : "") == 0,
               "%s: step %zu, type %d, number %lld, \"%s\"", name, i,
               s.steps[i].type, (long long) s.steps[i].number, text);
    }

    convrelay_caller_scenario_free(&s);
    tap_unflush(p, len);
}
