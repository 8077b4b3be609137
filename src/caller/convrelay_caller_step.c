
/*
 * Copyright (C) convrelay contributors
 */


#include <ctype.h>
#include <regex.h>

#include "convrelay_caller_run.h"


#define CONVRELAY_CALLER_NO_TOKEN_WINDOW  200     /* ms after the pong */

/* comes before a tool's result where the mock reads it aloud */
#define CONVRELAY_CALLER_TOOL_SAYS        " says: "


static int convrelay_caller_step(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text);
static int convrelay_caller_step_late(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_step_interrupt(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_step_expect(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text);
static int convrelay_caller_expect_answer(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text);
static int convrelay_caller_expect_tool(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *name);
static int convrelay_caller_expect_same(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text);
static int convrelay_caller_expect_time(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_expect_no_token(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_expect_silence(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_expect_speech(convrelay_caller_t *call,
    convrelay_caller_step_t *step);
static int convrelay_caller_expect_over(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text);
static int convrelay_caller_matches(const char *pattern, const char *text,
    const char **error);

static int convrelay_caller_await(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *what);
static int convrelay_caller_sleep(convrelay_caller_t *call, int64_t until);
static int convrelay_caller_check(convrelay_caller_t *call,
    convrelay_caller_step_t *step, unsigned ok, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static unsigned convrelay_caller_interrupt_follows(convrelay_caller_t *call);
static unsigned convrelay_caller_words_follow(convrelay_caller_t *call);
static const char *convrelay_caller_variable(void *data, const char *name);


int
convrelay_caller_steps(convrelay_caller_t *call)
{
    int                       rc;
    char                     *text, *unknown;
    convrelay_caller_step_t  *step;

    call->wake = 0;

    while (call->step < call->scenario->n) {
        step = &call->scenario->steps[call->step];
        text = NULL;

        if (call->step_at == 0) {
            call->step_at = call->now;
            call->step_texts = call->texts;
        }

        if (step->text && step->verbatim) {
            text = convrelay_caller_strdup(step->text);

        } else if (step->text) {
            text = convrelay_caller_expand(step->text,
                                           convrelay_caller_variable, call,
                                           &unknown);

            if (text == NULL) {
                convrelay_caller_check(call, step, 0, "${%s} is not set",
                                       unknown);
                free(unknown);
                call->step++;
                call->step_at = 0;
                continue;
            }
        }

        rc = CONVRELAY_AGAIN;

        if (!convrelay_caller_between(call)
            || convrelay_caller_step_ends(step->type))
        {
            rc = convrelay_caller_step(call, step, text);
        }

        free(text);

        if (rc == CONVRELAY_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        call->step++;
        call->step_at = 0;
    }

    return CONVRELAY_DONE;
}


static int
convrelay_caller_step(convrelay_caller_t *call, convrelay_caller_step_t *step,
    const char *text)
{
    if (convrelay_caller_step_expects(step->type)) {
        return convrelay_caller_step_expect(call, step, text);
    }

    if (call->over && step->type != CONVRELAY_CALLER_HANGUP
        && step->type != CONVRELAY_CALLER_DROP
        && step->type != CONVRELAY_CALLER_REDIAL)
    {
        if (!call->last) {
            return CONVRELAY_AGAIN;
        }

        return convrelay_caller_step_late(call, step);
    }

    switch (step->type) {

    case CONVRELAY_CALLER_SAY:

        if (!convrelay_caller_answered(call) && !call->turn.dropped) {
            return convrelay_caller_await(call, step, "the answer before");
        }

        if (call->options->listen
            && !convrelay_caller_voice_done(&call->voice))
        {
            return CONVRELAY_AGAIN;
        }

        /* fall through */

    case CONVRELAY_CALLER_SAY_OVER:
        convrelay_caller_say(call, text);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_PARTIAL:
        convrelay_caller_partial(call, text);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_PRESENCE:

        if (convrelay_caller_answered(call) || call->turn.tokens) {
            return convrelay_caller_check(call, step, 0,
                                          convrelay_caller_answered(call)
                                          ? "no answer is pending"
                                          : "the answer had begun");
        }

        /* fall through */

    case CONVRELAY_CALLER_BACKCHANNEL:
        convrelay_caller_presence(call, text);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_SPEAKS:
    case CONVRELAY_CALLER_STOPS:
        convrelay_caller_client_speaks(call,
                                       step->type == CONVRELAY_CALLER_SPEAKS);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_DTMF:
        convrelay_caller_press(call, text);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_WAIT_ANSWER:

        if (!convrelay_caller_answered(call)) {
            return convrelay_caller_await(call, step, "an answer");
        }

        return CONVRELAY_OK;

    case CONVRELAY_CALLER_WAIT_SPEECH:

        if (!convrelay_caller_answered(call)) {
            return convrelay_caller_await(call, step, "an answer");
        }

        return convrelay_caller_voice_done(&call->voice) ? CONVRELAY_OK
                                                       : CONVRELAY_AGAIN;

    case CONVRELAY_CALLER_WAIT_MS:
        return convrelay_caller_sleep(call, call->step_at + step->number);

    case CONVRELAY_CALLER_WAIT_UNTIL:
        return convrelay_caller_sleep(call, call->begun_at + step->number);

    case CONVRELAY_CALLER_WAIT_BYTES:
    case CONVRELAY_CALLER_RAW_INTERRUPT:

        /* without the recording's pauses: at the same place of the answer */

        if (call->turn.answer.len < (size_t) step->number
            && !convrelay_caller_answered(call))
        {
            return convrelay_caller_await(call, step, "that much of an answer");
        }

        if (step->type == CONVRELAY_CALLER_RAW_INTERRUPT) {
            convrelay_caller_raw(call, text, 1);
        }

        return CONVRELAY_OK;

    case CONVRELAY_CALLER_RAW:
        convrelay_caller_raw(call, text, 0);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_HANGUP:
        call->ended_at = step->line;
        convrelay_caller_hang_up(call);
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_DROP:
    case CONVRELAY_CALLER_REDIAL:
        call->ended_at = step->line;
        convrelay_caller_note_turn(call);
        convrelay_caller_print_said(call->print, "caller",
                                    "(drops the connection)");
        convrelay_caller_conn_free(&call->conn, 1);
        call->hung_up = 1;
        call->dropped = 1;
        call->redial = (step->type == CONVRELAY_CALLER_REDIAL);
        call->over = 1;
        return CONVRELAY_OK;

    default:
        return convrelay_caller_step_interrupt(call, step);
    }
}


static int
convrelay_caller_step_late(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    if (call->ended_at) {
        return convrelay_caller_check(call, step, 0, "the call ended at line "
                                                     "%u", call->ended_at);
    }

    return convrelay_caller_check(call, step, 0, "the call is over: the "
                                  "server %s", call->ended ? "ended the session"
                                  : "closed the connection");
}


static int
convrelay_caller_step_interrupt(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    unsigned                   due;
    convrelay_caller_turn_t   *turn;
    convrelay_caller_voice_t  *v;

    v = &call->voice;
    turn = &call->turn;

    switch (step->type) {

    case CONVRELAY_CALLER_INTERRUPT_CHARS:

        /* the voice stops there, so that a late timer makes no difference */

        if (v->chars <= (size_t) step->number) {
            v->limit = step->number;
        }

        due = v->chars >= (size_t) step->number;
        break;

    case CONVRELAY_CALLER_INTERRUPT_TOKENS:
        due = turn->tokens >= step->number;
        break;

    case CONVRELAY_CALLER_INTERRUPT_MS:
        due = turn->first_at && call->now >= turn->first_at + step->number;

        if (turn->first_at) {
            call->wake = turn->first_at + step->number;
        }

        break;

    default:
        due = 1;
        break;
    }

    if (due) {
        convrelay_caller_barge_in(call);

        if (!convrelay_caller_words_follow(call)) {
            convrelay_caller_client_speaks(call, 0);
        }

        return CONVRELAY_OK;
    }

    if (convrelay_caller_voice_done(v)) {
        return convrelay_caller_check(call, step, 0, "the answer was over "
                                      "after %zu characters and %u tokens",
                                      v->chars, turn->tokens);
    }

    return convrelay_caller_await(call, step, "that much of an answer");
}


static int
convrelay_caller_step_expect(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text)
{
    const char  *greeting;

    switch (step->type) {

    case CONVRELAY_CALLER_EXPECT_GREETING:
        greeting = call->twiml.greeting ? call->twiml.greeting : "";
        return convrelay_caller_check(call, step,
                                      strstr(greeting, text) != NULL,
                                      "the greeting is \"%s\"", greeting);

    case CONVRELAY_CALLER_EXPECT_CONTAINS:
    case CONVRELAY_CALLER_EXPECT_NOT_CONTAINS:
    case CONVRELAY_CALLER_EXPECT_MATCHES:
        return convrelay_caller_expect_answer(call, step, text);

    case CONVRELAY_CALLER_EXPECT_TOOL:
        return convrelay_caller_expect_tool(call, step, text);

    case CONVRELAY_CALLER_EXPECT_SAME:
    case CONVRELAY_CALLER_EXPECT_SAME_START:
        return convrelay_caller_expect_same(call, step, text);

    case CONVRELAY_CALLER_EXPECT_FIRST_TOKEN:
    case CONVRELAY_CALLER_EXPECT_ANSWER:
        return convrelay_caller_expect_time(call, step);

    case CONVRELAY_CALLER_EXPECT_NO_TOKEN:
        return convrelay_caller_expect_no_token(call, step);

    case CONVRELAY_CALLER_EXPECT_SILENCE:
        return convrelay_caller_expect_silence(call, step);

    case CONVRELAY_CALLER_EXPECT_SPEECH:
        return convrelay_caller_expect_speech(call, step);

    default:
        return convrelay_caller_expect_over(call, step, text);
    }
}


static int
convrelay_caller_expect_answer(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text)
{
    unsigned     holds, over;
    const char  *answer, *error;

    error = NULL;
    over = convrelay_caller_answered(call);
    answer = call->turn.answer.data ? call->turn.answer.data : "";

    if (text[0] == '\0') {
        return convrelay_caller_check(call, step, 0, "there is nothing to look "
                                      "for");
    }

    if (step->type == CONVRELAY_CALLER_EXPECT_MATCHES) {
        holds = convrelay_caller_matches(text, answer, &error);

    } else {
        holds = strstr(answer, text) != NULL;
    }

    if (error) {
        return convrelay_caller_check(call, step, 0, "%s", error);
    }

    if (step->type == CONVRELAY_CALLER_EXPECT_NOT_CONTAINS) {

        if (!holds && !over && !convrelay_caller_interrupt_follows(call)) {
            return convrelay_caller_await(call, step, "an answer");
        }

        return convrelay_caller_check(call, step, !holds, "\"%s\" is in the "
                                      "answer \"%s\"", text, answer);
    }

    if (!over && !(holds && convrelay_caller_interrupt_follows(call))) {
        return convrelay_caller_await(call, step, "an answer");
    }

    /* an error message that the scenario expects is a good answer */

    if (holds && step->type == CONVRELAY_CALLER_EXPECT_MATCHES) {
        call->excused |= convrelay_caller_matches(text, CONVRELAY_CALLER_EXCUSE,
                                                  &error);

    } else if (holds) {
        call->excused |= strstr(CONVRELAY_CALLER_EXCUSE, text) != NULL;
    }

    return convrelay_caller_check(call, step, holds, "\"%s\" is not in the "
                                  "answer \"%s\"", text, answer);
}


/* the name is not the end of another one; where the agent filters what is
   spoken, it has blanks in place of "_" */

static int
convrelay_caller_expect_tool(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *name)
{
    size_t       i;
    const char  *answer, *p;

    if (!convrelay_caller_answered(call)) {
        return convrelay_caller_await(call, step, "an answer");
    }

    answer = call->turn.answer.data ? call->turn.answer.data : "";

    for (p = answer; *p; p++) {

        if (p > answer && (isalnum((u_char) p[-1]) || strchr("_-", p[-1]))) {
            continue;
        }

        for (i = 0; name[i]; i++) {

            if (p[i] != name[i] && (name[i] != '_' || p[i] != ' ')) {
                break;
            }
        }

        if (name[i] == '\0'
            && strncmp(p + i, CONVRELAY_CALLER_TOOL_SAYS,
                       sizeof(CONVRELAY_CALLER_TOOL_SAYS) - 1)
               == 0)
        {
            return convrelay_caller_check(call, step, 1, NULL);
        }
    }

    return convrelay_caller_check(call, step, 0, "\"%s"
                                  CONVRELAY_CALLER_TOOL_SAYS "\" is not in the "
                                  "answer \"%s\"", name, answer);
}


static int
convrelay_caller_expect_same(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text)
{
    size_t       len;
    const char  *answer;

    if (step->type == CONVRELAY_CALLER_EXPECT_SAME
        && !convrelay_caller_answered(call))
    {
        return convrelay_caller_await(call, step, "an answer");
    }

    answer = call->turn.answer.data ? call->turn.answer.data : "";

    for (len = 0; text[len] && text[len] == answer[len]; len++) {
        /* void */
    }

    if (text[len] == answer[len]
        || (step->type == CONVRELAY_CALLER_EXPECT_SAME_START
            && (text[len] == '\0' || answer[len] == '\0')))
    {
        return convrelay_caller_check(call, step, 1, NULL);
    }

    return convrelay_caller_check(call, step, 0, "from byte %zu on it was "
                                  "\"%.60s\" and is \"%.60s\"", len,
                                  text + len, answer + len);
}


static int
convrelay_caller_expect_time(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    int64_t                   at, took;
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    at = (step->type == CONVRELAY_CALLER_EXPECT_FIRST_TOKEN) ? turn->first_at
                                                           : turn->end_at;

    if (at == 0 && !convrelay_caller_answered(call)) {
        return convrelay_caller_await(call, step, "an answer");
    }

    if (at == 0 || !turn->asked) {
        return convrelay_caller_check(call, step, 0, "there was none");
    }

    took = at - turn->asked_at;

    return convrelay_caller_check(call, step, took < step->number,
                                  "it took %lld ms", (long long) took);
}


static int
convrelay_caller_expect_no_token(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    int64_t                   window;
    convrelay_caller_turn_t  *turn;

    turn = &call->turn;

    if (!turn->interrupted) {
        return convrelay_caller_check(call, step, 0, "nothing was interrupted");
    }

    if (turn->stray == 0 && !call->over) {

        if (turn->pong_at == 0) {
            return convrelay_caller_await(call, step, "the pong");
        }

        window = CONVRELAY_CALLER_NO_TOKEN_WINDOW + call->options->grace;

        if (convrelay_caller_sleep(call, turn->pong_at + window)
            == CONVRELAY_AGAIN)
        {
            return CONVRELAY_AGAIN;
        }
    }

    return convrelay_caller_check(call, step, turn->stray == 0,
                                  "%u tokens came after it", turn->stray);
}


static int
convrelay_caller_expect_silence(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    if (call->text_at > call->step_at) {
        return convrelay_caller_check(call, step, 0, "a token came after %lld "
                                      "ms", (long long) (call->text_at
                                                         - call->step_at));
    }

    if (convrelay_caller_sleep(call, call->step_at + step->number)
        == CONVRELAY_AGAIN)
    {
        return CONVRELAY_AGAIN;
    }

    return convrelay_caller_check(call, step, 1, NULL);
}


static int
convrelay_caller_expect_speech(convrelay_caller_t *call,
    convrelay_caller_step_t *step)
{
    if (call->texts == call->step_texts && !call->over
        && convrelay_caller_sleep(call, call->step_at + step->number)
           == CONVRELAY_AGAIN)
    {
        return CONVRELAY_AGAIN;
    }

    return convrelay_caller_check(call, step, call->texts != call->step_texts,
                                  "not a word came in %lld ms",
                                  (long long) (call->now - call->step_at));
}


static int
convrelay_caller_expect_over(convrelay_caller_t *call,
    convrelay_caller_step_t *step, const char *text)
{
    const char  *handoff;

    if (!call->over && !(call->ended
                         && step->type != CONVRELAY_CALLER_EXPECT_CLOSE))
    {
        return convrelay_caller_await(call, step, "the end");
    }

    switch (step->type) {

    case CONVRELAY_CALLER_EXPECT_CLOSE:
        return convrelay_caller_check(call, step,
                                      call->conn.code == step->number,
                                      "the code was %u", call->conn.code);

    case CONVRELAY_CALLER_EXPECT_HANDOFF:
        handoff = call->handoff.data ? call->handoff.data : "";
        return convrelay_caller_check(call, step, strstr(handoff, text) != NULL,
                                      "handoffData is \"%s\"", handoff);

    default:
        return convrelay_caller_check(call, step, call->ended, "the connection "
                                      "was closed without an \"end\" (%u)",
                                      call->conn.code);
    }
}


static int
convrelay_caller_matches(const char *pattern, const char *text,
    const char **error)
{
    int      rc;
    regex_t  re;

    if (regcomp(&re, pattern, REG_EXTENDED|REG_NOSUB) != 0) {
        *error = "the POSIX extended expression is invalid";
        return 0;
    }

    rc = regexec(&re, text, 0, NULL, 0);
    regfree(&re);

    return rc == 0;
}


/* CONVRELAY_AGAIN until the timeout, which is a failure */

static int
convrelay_caller_await(convrelay_caller_t *call, convrelay_caller_step_t *step,
    const char *what)
{
    int64_t  until;

    until = call->step_at + call->options->timeout;

    if (call->over || call->now >= until) {
        return convrelay_caller_check(call, step, 0, "waited %lld ms for %s",
                                      (long long) (call->now - call->step_at),
                                      what);
    }

    if (call->wake <= call->now || call->wake > until) {
        call->wake = until;
    }

    return CONVRELAY_AGAIN;
}


static int
convrelay_caller_sleep(convrelay_caller_t *call, int64_t until)
{
    if (call->now >= until || call->over) {
        return CONVRELAY_OK;
    }

    call->wake = until;

    return CONVRELAY_AGAIN;
}


static int
convrelay_caller_check(convrelay_caller_t *call, convrelay_caller_step_t *step,
    unsigned ok, const char *fmt, ...)
{
    va_list  args;
    char     detail[1024];

    if (call->options->no_checks && convrelay_caller_step_expects(step->type)) {
        return CONVRELAY_OK;
    }

    detail[0] = '\0';

    if (!ok && fmt) {
        va_start(args, fmt);
        vsnprintf(detail, sizeof(detail), fmt, args);
        va_end(args);
    }

    convrelay_caller_print_check(call->print, call->scenario->name, step->line,
                                 step->source, ok, detail[0] ? detail : NULL);

    return CONVRELAY_OK;
}


/* the next step that is not an expectation cuts the answer off */

static unsigned
convrelay_caller_interrupt_follows(convrelay_caller_t *call)
{
    size_t                   i;
    convrelay_caller_step_e  type;

    for (i = call->step + 1; i < call->scenario->n; i++) {
        type = call->scenario->steps[i].type;

        if (!convrelay_caller_step_expects(type)) {
            return (type >= CONVRELAY_CALLER_INTERRUPT
                    && type <= CONVRELAY_CALLER_INTERRUPT_MS)
                   || type == CONVRELAY_CALLER_SAY_OVER
                   || type == CONVRELAY_CALLER_DROP
                   || type == CONVRELAY_CALLER_REDIAL;
        }
    }

    return 0;
}


/* an interruption by words, not by noise */

static unsigned
convrelay_caller_words_follow(convrelay_caller_t *call)
{
    size_t                   i;
    convrelay_caller_step_e  type;

    for (i = call->step + 1; i < call->scenario->n; i++) {
        type = call->scenario->steps[i].type;

        if (type == CONVRELAY_CALLER_STOPS
            || type == CONVRELAY_CALLER_EXPECT_SPEECH)
        {
            return (type == CONVRELAY_CALLER_STOPS);
        }

        if (type <= CONVRELAY_CALLER_PARTIAL) {
            return 1;
        }

        if (!convrelay_caller_step_expects(type)) {
            break;
        }
    }

    return 0;
}


static const char *
convrelay_caller_variable(void *data, const char *name)
{
    const char          *value;
    convrelay_caller_t  *call = data;

    if (strcmp(name, "answer") == 0) {
        return call->turn.answer.data ? call->turn.answer.data : "";
    }

    if (strcmp(name, "heard") == 0) {
        return call->heard.data;
    }

    if (strcmp(name, "beyond") == 0) {
        return call->beyond.data;
    }

    if (strcmp(name, "greeting") == 0) {
        return call->twiml.greeting;
    }

    if (strcmp(name, "callSid") == 0) {
        return call->ident.call_sid;
    }

    if (strcmp(name, "from") == 0) {
        return call->ident.from;
    }

    if (strcmp(name, "to") == 0) {
        return call->ident.to;
    }

    value = convrelay_caller_pairs_get(&call->options->variables, name);

    if (value == NULL) {
        value = convrelay_caller_pairs_get(&call->scenario->variables, name);
    }

    return value ? value : getenv(name);
}
