
/*
 * Copyright (C) convrelay contributors
 *
 * Scenario files: steps, mistakes in them, variables.
 *
 * link: src/caller/convrelay_caller_scenario.c
 * link: src/caller/convrelay_caller_util.c
 */


#include "tap.h"

#include "convrelay_caller_scenario.h"


static void test_steps(void);
static void test_errors(void);
static void test_comments(void);
static void test_hints(void);
static void test_check(void);
static void test_pairs(void);
static void test_expand(void);
static void test_durations(void);


int
main(void)
{
    test_steps();
    test_errors();
    test_comments();
    test_hints();
    test_check();
    test_pairs();
    test_expand();
    test_durations();

    return tap_done();
}


static int
parse(convrelay_caller_scenario_t *s, const char *text)
{
    int      rc;
    size_t   len;
    u_char  *p;

    memset(s, 0, sizeof(convrelay_caller_scenario_t));

    len = strlen(text);
    p = tap_flush(text, len);
    rc = convrelay_caller_scenario_parse(s, (char *) p, len);
    tap_unflush(p, len);

    return rc;
}


static void
step(const char *line, convrelay_caller_step_e type, int64_t number,
    const char *text)
{
    convrelay_caller_scenario_t  s;

    tap_ok(parse(&s, line) == CONVRELAY_OK && s.n == 1
           && s.steps[0].type == type && s.steps[0].number == number
           && (text ? s.steps[0].text && strcmp(s.steps[0].text, text) == 0
                    : s.steps[0].text == NULL),
           "%s", line);

    convrelay_caller_scenario_free(&s);
}


static void
test_steps(void)
{
    convrelay_caller_scenario_t  s;

    step("caller: Name three trees.", CONVRELAY_CALLER_SAY, -1,
         "Name three trees.");
    step("caller:no blank", CONVRELAY_CALLER_SAY, -1, "no blank");
    step("caller over: Stop: now", CONVRELAY_CALLER_SAY_OVER, -1, "Stop: now");
    step("partial: Name thr", CONVRELAY_CALLER_PARTIAL, -1, "Name thr");
    step("presence: Hello?", CONVRELAY_CALLER_PRESENCE, -1, "Hello?");
    step("backchannel: Uh-huh.", CONVRELAY_CALLER_BACKCHANNEL, -1, "Uh-huh.");
    step("caller speaks", CONVRELAY_CALLER_SPEAKS, -1, NULL);
    step("caller stops", CONVRELAY_CALLER_STOPS, -1, NULL);
    step("dtmf: 12#*", CONVRELAY_CALLER_DTMF, -1, "12#*");
    step("dtmf: ${PIN}", CONVRELAY_CALLER_DTMF, -1, "${PIN}");
    step("interrupt", CONVRELAY_CALLER_INTERRUPT, -1, NULL);
    step("interrupt after 12 characters", CONVRELAY_CALLER_INTERRUPT_CHARS, 12,
         NULL);
    step("interrupt after 1 character", CONVRELAY_CALLER_INTERRUPT_CHARS, 1,
         NULL);
    step("interrupt after 3 tokens", CONVRELAY_CALLER_INTERRUPT_TOKENS, 3,
         NULL);
    step("interrupt after 800 ms", CONVRELAY_CALLER_INTERRUPT_MS, 800, NULL);
    step("interrupt after 1 s", CONVRELAY_CALLER_INTERRUPT_MS, 1000, NULL);
    step("wait for answer", CONVRELAY_CALLER_WAIT_ANSWER, -1, NULL);
    step("wait for speech", CONVRELAY_CALLER_WAIT_SPEECH, -1, NULL);
    step("wait 500 ms", CONVRELAY_CALLER_WAIT_MS, 500, NULL);
    step("hangup", CONVRELAY_CALLER_HANGUP, -1, NULL);
    step("drop", CONVRELAY_CALLER_DROP, -1, NULL);
    step("expect greeting contains: Hi", CONVRELAY_CALLER_EXPECT_GREETING, -1,
         "Hi");
    step("expect contains: oak", CONVRELAY_CALLER_EXPECT_CONTAINS, -1, "oak");
    step("expect not contains: palm", CONVRELAY_CALLER_EXPECT_NOT_CONTAINS, -1,
         "palm");
    step("expect matches: [Oo]ak", CONVRELAY_CALLER_EXPECT_MATCHES, -1,
         "[Oo]ak");
    step("expect tool opening_hours", CONVRELAY_CALLER_EXPECT_TOOL, -1,
         "opening_hours");
    step("expect tool: ${NAME}", CONVRELAY_CALLER_EXPECT_TOOL, -1, "${NAME}");
    step("expect first token under 500 ms", CONVRELAY_CALLER_EXPECT_FIRST_TOKEN,
         500, NULL);
    step("expect answer under 3 s", CONVRELAY_CALLER_EXPECT_ANSWER, 3000, NULL);
    step("expect no token after interrupt", CONVRELAY_CALLER_EXPECT_NO_TOKEN,
         -1, NULL);
    step("expect silence 300 ms", CONVRELAY_CALLER_EXPECT_SILENCE, 300, NULL);
    step("expect speech within 2 s", CONVRELAY_CALLER_EXPECT_SPEECH, 2000,
         NULL);
    step("expect ends", CONVRELAY_CALLER_EXPECT_ENDS, -1, NULL);
    step("expect handoff contains: x", CONVRELAY_CALLER_EXPECT_HANDOFF, -1,
         "x");
    step("expect close 1000", CONVRELAY_CALLER_EXPECT_CLOSE, 1000, NULL);
    step("  hangup \r\n", CONVRELAY_CALLER_HANGUP, -1, NULL);

    tap_ok(parse(&s, "# a comment\n\n  \ncaller: hi\n\nhangup")
           == CONVRELAY_OK && s.n == 2 && s.steps[0].line == 4
           && s.steps[1].line == 6, "comments and blank lines count");
    convrelay_caller_scenario_free(&s);

    tap_ok(parse(&s, "") == CONVRELAY_OK && s.n == 0, "an empty file");
    convrelay_caller_scenario_free(&s);
}


static void
error(const char *text, const char *want)
{
    convrelay_caller_scenario_t  s;

    tap_ok(parse(&s, text) == CONVRELAY_ERROR && strstr(s.error, want),
           "\"%s\" is refused: %s", text, s.error);

    convrelay_caller_scenario_free(&s);
}


static void
test_errors(void)
{
    error("caller hi", "line 1 is not a step");
    error("caller:", "no text");
    error("say: hi", "is not a step");
    error("hangup now", "is not a step");
    error("hangups", "is not a step");
    error("dtmf: 12x", "keys other than");
    error("interrupt after", "needs a number");
    error("interrupt after -1 tokens", "needs a number");
    error("interrupt after 3 words", "needs a number");
    error("interrupt after 3", "needs a number");
    error("wait", "needs a time");
    error("wait long", "needs a time");
    error("interrupt after 800", "needs a number");
    error("expect close soon", "needs a close code");
    error("expect close", "needs a close code");
    error("wait 5", "without a unit, write \"5 ms\" or \"5 s\"");
    error("expect silence 200", "without a unit");
    error("expect answer under 3", "without a unit");
    error("expect silence", "needs a time");
    error("expect speech within", "needs a time");
    error("caller speaks: now", "is not a step");
    error("expect nothing", "is not a step");
    error("expect tool", "needs a name");
    error("expect tool a b", "needs a name");
    error("set NAME value", "NAME: value");
    error("# fine\ncaller: hi\nbye", "line 3");
}


static void
test_comments(void)
{
    convrelay_caller_scenario_t  s;

    step("caller: Hi     # a comment", CONVRELAY_CALLER_SAY, -1, "Hi");
    step("caller: Hi\t#\tone", CONVRELAY_CALLER_SAY, -1, "Hi");
    step("caller: Hi #", CONVRELAY_CALLER_SAY, -1, "Hi");
    step("wait 5 s # long", CONVRELAY_CALLER_WAIT_MS, 5000, NULL);
    step("interrupt after 12 characters     # or: 3 tokens, 800 ms",
         CONVRELAY_CALLER_INTERRUPT_CHARS, 12, NULL);
    step("caller: We are #1", CONVRELAY_CALLER_SAY, -1, "We are #1");
    step("caller: C# is a key", CONVRELAY_CALLER_SAY, -1, "C# is a key");
    step("caller: press \\# and \\#", CONVRELAY_CALLER_SAY, -1,
         "press # and #");
    step("dtmf: 12#", CONVRELAY_CALLER_DTMF, -1, "12#");

    tap_ok(parse(&s, "#no blank\n  # a blank\n#\n") == CONVRELAY_OK
           && s.n == 0, "lines of comment");
    convrelay_caller_scenario_free(&s);

    step("\xef\xbb\xbf" "caller: Hi", CONVRELAY_CALLER_SAY, -1, "Hi");
    error("\xff\xfe" "c", "is UTF-16, save it as UTF-8");
    error("\xfe\xff" "c", "is UTF-16, save it as UTF-8");
    error("caller: \xe9t\xe9", "is not UTF-8 text");
}


static void
hint(const char *line, const char *want)
{
    char  text[128];

    if (want) {
        snprintf(text, sizeof(text), "\"; did you mean \"%s\"?", want);

    } else {
        snprintf(text, sizeof(text), "\"; --help lists them");
    }

    error(line, text);
}


static void
test_hints(void)
{
    hint("Caller: hi", "caller: hi");
    hint("caller hi", "caller: hi");
    hint("callers: hi", "caller: hi");
    hint("say: hi", "caller: hi");
    hint("Say: hi: ho", "caller: hi: ho");
    hint("expect: oak", "expect contains: oak");
    hint("expect contain: oak", "expect contains: oak");
    hint("expect oak", "expect contains: oak");
    hint("expects contains: oak", "expect contains: oak");
    hint("expect greeting: Hi", "expect greeting contains: Hi");
    hint("expect end", "expect ends");
    hint("expect tools book", "expect tool book");
    hint("hang up", "hangup");
    hint("hangup now", "hangup");
    hint("Wait 5 s", "wait 5 s");
    hint("sleep 5 s", "wait 5 s");
    hint("wait for answers", "wait for answer");
    hint("press: 12#", "dtmf: 12#");
    hint("param tenant: birch", "parameter tenant: birch");
    hint("expect first token below 500 ms", "expect first token under 500 ms");
    hint("x", NULL);
    hint("something else: oak", NULL);
}


static const char *
value(void *data, const char *name)
{
    return strcmp(name, "KEY") == 0 ? "12" : strcmp(name, "EMPTY") == 0 ? ""
           : strcmp(name, "BAD") == 0 ? "([" : NULL;
}


static void
checked(const char *text, const char *want)
{
    int                          rc;
    convrelay_caller_scenario_t  s;

    rc = parse(&s, text);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_caller_scenario_check(&s, value, NULL);
    }

    tap_ok(want ? rc == CONVRELAY_ERROR && strstr(s.error, want)
                : rc == CONVRELAY_OK, "%s: %s", text, s.error);

    convrelay_caller_scenario_free(&s);
}


static void
test_check(void)
{
    checked("caller: ${KEY}\nexpect contains: ${answer} ${heard}", NULL);
    checked("expect contains: ${SAID}\nset SAID: x", NULL);
    checked("expect matches: ${greeting}([", NULL);
    checked("expect matches: a|b", NULL);
    checked("caller: hi\n\nexpect contains: ${nope}",
            "line 3 has ${nope}, which is not set, use --set nope=VALUE");
    checked("expect matches: ([", "line 1 has an invalid POSIX");
    checked("expect matches: ${BAD}", "line 1 has an invalid POSIX");
    checked("expect contains: ${EMPTY}", "line 1 has an empty text");
    checked("dtmf: ${KEY}#", NULL);
    checked("dtmf: ${KEY}x", "has keys other than");
    checked("hangup\nexpect close 1000\nexpect contains: x", NULL);
    checked("hangup\nset A: b\nparameter A: b", NULL);
    checked("hangup\ncaller: hi",
            "line 2 comes after \"hangup\", which ends the call");
    checked("hangup\nhangup", "line 2 comes after \"hangup\"");
    checked("drop\ncaller: hi", NULL);
    checked("expect ends\ncaller: hi", NULL);
}


static void
test_pairs(void)
{
    const char                  *value;
    convrelay_caller_scenario_t  s;

    tap_ok(parse(&s, "set NAME: a: b\nparameter tenant: birch\nset X:\n")
           == CONVRELAY_OK && s.n == 0, "set and parameter are not steps");

    value = convrelay_caller_pairs_get(&s.variables, "NAME");
    tap_ok(value && strcmp(value, "a: b") == 0, "a value may hold a colon");

    value = convrelay_caller_pairs_get(&s.variables, "X");
    tap_ok(value && *value == '\0', "a value may be empty");

    value = convrelay_caller_pairs_get(&s.parameters, "tenant");
    tap_ok(value && strcmp(value, "birch") == 0, "a parameter");

    convrelay_caller_scenario_free(&s);
}


static const char *
lookup(void *data, const char *name)
{
    return strcmp(name, "NAME") == 0 ? "oak"
           : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}


static void
expand(const char *text, const char *want)
{
    char  *s, *unknown;

    s = convrelay_caller_expand(text, lookup, NULL, &unknown);
    tap_ok(s && strcmp(s, want) == 0, "\"%s\" becomes \"%s\"", text, want);
    free(s);
}


static void
test_expand(void)
{
    char  *s, *unknown;

    expand("plain", "plain");
    expand("${NAME}", "oak");
    expand("an ${NAME}, ${NAME}.", "an oak, oak.");
    expand("[${EMPTY}]", "[]");
    expand("$5 and $ and ${open", "$5 and $ and ${open");
    expand("", "");

    s = convrelay_caller_expand("a ${NOPE}", lookup, NULL, &unknown);
    tap_ok(s == NULL && unknown && strcmp(unknown, "NOPE") == 0,
           "an unknown name is named");
    free(unknown);
}


static void
test_durations(void)
{
    tap_ok(convrelay_caller_duration("800") == -2, "a number has no unit");
    tap_ok(convrelay_caller_duration("0") == 0, "0 needs none");
    tap_ok(convrelay_caller_duration("800ms") == 800, "800ms");
    tap_ok(convrelay_caller_duration("1.5 s") == 1500, "1.5 s");
    tap_ok(convrelay_caller_duration("2m") == 120000, "2m");
    tap_ok(convrelay_caller_duration("") == -1, "nothing is not a time");
    tap_ok(convrelay_caller_duration("-1s") == -1, "none is negative");
    tap_ok(convrelay_caller_duration("nan") == -1, "nan is none");
    tap_ok(convrelay_caller_duration("3 h") == -1, "hours are not known");
}
