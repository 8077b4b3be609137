
/*
 * Copyright (C) convrelay contributors
 */


#include <ctype.h>

#include "convrelay_call_scenario.h"


/* what stands behind a step's words */

typedef enum {
    CONVRELAY_CALL_ARG_NONE = 0,
    CONVRELAY_CALL_ARG_TEXT,              /* ": text" */
    CONVRELAY_CALL_ARG_PAIR,              /* " NAME: text" */
    CONVRELAY_CALL_ARG_MS,                /* " 800 ms" */
    CONVRELAY_CALL_ARG_NUMBER,            /* " 1000" */
    CONVRELAY_CALL_ARG_COUNT              /* " 12 characters" */
} convrelay_call_arg_e;


typedef struct {
    const char             *words;
    convrelay_call_arg_e    arg;
    convrelay_call_step_e   type;
} convrelay_call_syntax_t;


static int convrelay_call_scenario_step(convrelay_call_scenario_t *s,
    const convrelay_call_syntax_t *syntax, const char *arg, unsigned line,
    const char *source);
static int convrelay_call_scenario_count(convrelay_call_step_t *step,
    const char *arg);
static int convrelay_call_scenario_pair(convrelay_call_scenario_t *s,
    convrelay_call_step_t *step, const char *arg);
static int convrelay_call_scenario_digits(const char *p);
static int convrelay_call_scenario_error(convrelay_call_scenario_t *s,
    unsigned line, const char *error, const char *source);


/* of two that fit, the first one wins: the longer ones stand above */

static const convrelay_call_syntax_t  convrelay_call_syntax[] = {

    { "caller over", CONVRELAY_CALL_ARG_TEXT, CONVRELAY_CALL_SAY_OVER },
    { "caller", CONVRELAY_CALL_ARG_TEXT, CONVRELAY_CALL_SAY },
    { "partial", CONVRELAY_CALL_ARG_TEXT, CONVRELAY_CALL_PARTIAL },
    { "dtmf", CONVRELAY_CALL_ARG_TEXT, CONVRELAY_CALL_DTMF },

    { "interrupt after", CONVRELAY_CALL_ARG_COUNT,
      CONVRELAY_CALL_INTERRUPT_CHARS },
    { "interrupt", CONVRELAY_CALL_ARG_NONE, CONVRELAY_CALL_INTERRUPT },

    { "wait for answer", CONVRELAY_CALL_ARG_NONE,
      CONVRELAY_CALL_WAIT_ANSWER },
    { "wait for speech", CONVRELAY_CALL_ARG_NONE,
      CONVRELAY_CALL_WAIT_SPEECH },
    { "wait", CONVRELAY_CALL_ARG_MS, CONVRELAY_CALL_WAIT_MS },

    { "hangup", CONVRELAY_CALL_ARG_NONE, CONVRELAY_CALL_HANGUP },
    { "drop", CONVRELAY_CALL_ARG_NONE, CONVRELAY_CALL_DROP },

    { "expect greeting contains", CONVRELAY_CALL_ARG_TEXT,
      CONVRELAY_CALL_EXPECT_GREETING },
    { "expect contains", CONVRELAY_CALL_ARG_TEXT,
      CONVRELAY_CALL_EXPECT_CONTAINS },
    { "expect not contains", CONVRELAY_CALL_ARG_TEXT,
      CONVRELAY_CALL_EXPECT_NOT_CONTAINS },
    { "expect matches", CONVRELAY_CALL_ARG_TEXT,
      CONVRELAY_CALL_EXPECT_MATCHES },
    { "expect first token under", CONVRELAY_CALL_ARG_MS,
      CONVRELAY_CALL_EXPECT_FIRST_TOKEN },
    { "expect answer under", CONVRELAY_CALL_ARG_MS,
      CONVRELAY_CALL_EXPECT_ANSWER },
    { "expect no token after interrupt", CONVRELAY_CALL_ARG_NONE,
      CONVRELAY_CALL_EXPECT_NO_TOKEN },
    { "expect silence", CONVRELAY_CALL_ARG_MS,
      CONVRELAY_CALL_EXPECT_SILENCE },
    { "expect ends", CONVRELAY_CALL_ARG_NONE, CONVRELAY_CALL_EXPECT_ENDS },
    { "expect handoff contains", CONVRELAY_CALL_ARG_TEXT,
      CONVRELAY_CALL_EXPECT_HANDOFF },
    { "expect close", CONVRELAY_CALL_ARG_NUMBER,
      CONVRELAY_CALL_EXPECT_CLOSE },

    { "set", CONVRELAY_CALL_ARG_PAIR, CONVRELAY_CALL_SET },
    { "parameter", CONVRELAY_CALL_ARG_PAIR, CONVRELAY_CALL_PARAMETER },

    { NULL, CONVRELAY_CALL_ARG_NONE, CONVRELAY_CALL_SAY }
};


int
convrelay_call_scenario_parse(convrelay_call_scenario_t *s, const char *data,
    size_t len)
{
    size_t       n;
    unsigned     number;
    const char  *p, *last, *end;

    last = data + len;
    number = 0;

    for (p = data; p < last; p += n + 1) {
        end = memchr(p, '\n', last - p);
        n = end ? (size_t) (end - p) : (size_t) (last - p);

        if (convrelay_call_scenario_line(s, p, n, ++number)
            == CONVRELAY_ERROR)
        {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


int
convrelay_call_scenario_line(convrelay_call_scenario_t *s, const char *line,
    size_t len, unsigned number)
{
    int                             rc;
    char                           *copy;
    size_t                          n;
    const char                     *arg;
    const convrelay_call_syntax_t  *syntax;

    while (len && isspace((u_char) line[len - 1])) {
        len--;
    }

    while (len && isspace((u_char) line[0])) {
        line++;
        len--;
    }

    if (len == 0 || line[0] == '#') {
        return CONVRELAY_DECLINED;
    }

    copy = convrelay_call_strndup(line, len);
    rc = CONVRELAY_DECLINED;

    for (syntax = convrelay_call_syntax; syntax->words; syntax++) {
        n = strlen(syntax->words);
        arg = copy + n;

        if (strncmp(copy, syntax->words, n) == 0
            && (*arg == '\0' || *arg == ':' || *arg == ' '))
        {
            rc = convrelay_call_scenario_step(s, syntax, arg, number, copy);

            if (rc != CONVRELAY_DECLINED) {
                break;
            }
        }
    }

    if (rc == CONVRELAY_DECLINED) {
        rc = convrelay_call_scenario_error(s, number, "is not a step", copy);
    }

    free(copy);

    return rc;
}


/* CONVRELAY_DECLINED: what follows the words does not fit them */

static int
convrelay_call_scenario_step(convrelay_call_scenario_t *s,
    const convrelay_call_syntax_t *syntax, const char *arg, unsigned line,
    const char *source)
{
    const char             *text;
    convrelay_call_step_t   step;

    memset(&step, 0, sizeof(convrelay_call_step_t));

    step.type = syntax->type;
    step.line = line;
    step.number = -1;

    text = arg + strspn(arg, ": ");

    switch (syntax->arg) {

    case CONVRELAY_CALL_ARG_NONE:

        if (*arg) {
            return CONVRELAY_DECLINED;
        }

        break;

    case CONVRELAY_CALL_ARG_TEXT:

        if (*arg != ':') {
            return CONVRELAY_DECLINED;
        }

        if (*text == '\0') {
            return convrelay_call_scenario_error(s, line, "has no text behind "
                                                 "its colon", source);
        }

        if (step.type == CONVRELAY_CALL_DTMF
            && !convrelay_call_scenario_digits(text))
        {
            return convrelay_call_scenario_error(s, line, "has keys other "
                                                 "than 0-9, * and #", source);
        }

        step.text = convrelay_call_strdup(text);
        break;

    case CONVRELAY_CALL_ARG_PAIR:
        return convrelay_call_scenario_pair(s, &step, text);

    case CONVRELAY_CALL_ARG_MS:
        step.number = convrelay_call_duration(text);

        if (step.number < 0) {
            return convrelay_call_scenario_error(s, line, "needs a time such "
                                                 "as \"300 ms\" or \"2 s\"",
                                                 source);
        }

        break;

    case CONVRELAY_CALL_ARG_NUMBER:
    case CONVRELAY_CALL_ARG_COUNT:

        if (convrelay_call_scenario_count(&step, text) != CONVRELAY_OK) {
            return convrelay_call_scenario_error(s, line, "needs a number "
                       "(of characters or tokens, or a time)", source);
        }

        break;
    }

    step.source = convrelay_call_strdup(source);

    s->steps = convrelay_call_realloc(s->steps,
                                 (s->n + 1) * sizeof(convrelay_call_step_t));
    s->steps[s->n++] = step;

    return CONVRELAY_OK;
}


static int
convrelay_call_scenario_count(convrelay_call_step_t *step, const char *arg)
{
    char  *end;

    step->number = strtol(arg, &end, 10);

    if (end == arg || step->number < 0 || step->number > 1000000) {
        return CONVRELAY_ERROR;
    }

    end += strspn(end, " ");

    if (step->type == CONVRELAY_CALL_EXPECT_CLOSE) {
        return *end ? CONVRELAY_ERROR : CONVRELAY_OK;
    }

    if (strcmp(end, "characters") == 0 || strcmp(end, "character") == 0) {
        return CONVRELAY_OK;
    }

    if (strcmp(end, "tokens") == 0 || strcmp(end, "token") == 0) {
        step->type = CONVRELAY_CALL_INTERRUPT_TOKENS;
        return CONVRELAY_OK;
    }

    step->type = CONVRELAY_CALL_INTERRUPT_MS;
    step->number = *end ? convrelay_call_duration(arg) : -1;

    return (step->number < 0) ? CONVRELAY_ERROR : CONVRELAY_OK;
}


static int
convrelay_call_scenario_pair(convrelay_call_scenario_t *s,
    convrelay_call_step_t *step, const char *arg)
{
    size_t       len;
    const char  *value;

    len = strcspn(arg, ": ");
    value = arg + len;

    if (len == 0 || *value != ':') {
        return convrelay_call_scenario_error(s, step->line,
                                       "is not \"NAME: value\"", arg);
    }

    value++;
    value += strspn(value, " ");

    convrelay_call_pairs_set(step->type == CONVRELAY_CALL_SET
                             ? &s->variables : &s->parameters,
                             arg, len, value);

    return CONVRELAY_OK;
}


/* a variable may stand for the keys */

static int
convrelay_call_scenario_digits(const char *p)
{
    return strchr(p, '$') || p[strspn(p, "0123456789*#")] == '\0';
}


static int
convrelay_call_scenario_error(convrelay_call_scenario_t *s, unsigned line,
    const char *error, const char *source)
{
    snprintf(s->error, sizeof(s->error), "line %u %s: \"%.60s\"", line, error,
             source);

    return CONVRELAY_ERROR;
}


void
convrelay_call_scenario_free(convrelay_call_scenario_t *s)
{
    size_t  i;

    for (i = 0; i < s->n; i++) {
        free(s->steps[i].source);
        free(s->steps[i].text);
    }

    free(s->steps);
    convrelay_call_pairs_free(&s->variables);
    convrelay_call_pairs_free(&s->parameters);
    memset(s, 0, sizeof(convrelay_call_scenario_t));
}


char *
convrelay_call_expand(const char *text, convrelay_call_lookup_pt lookup,
    void *data, char **unknown)
{
    char                  *name;
    const char            *p, *end, *value;
    convrelay_call_buf_t   b;

    memset(&b, 0, sizeof(convrelay_call_buf_t));
    convrelay_call_buf_reset(&b);
    *unknown = NULL;

    for (p = text; *p; /* void */) {
        end = (p[0] == '$' && p[1] == '{') ? strchr(p, '}') : NULL;

        if (end == NULL) {
            convrelay_call_buf_add(&b, p++, 1);
            continue;
        }

        name = convrelay_call_strndup(p + 2, end - p - 2);
        value = lookup(data, name);

        if (value == NULL) {
            *unknown = name;
            convrelay_call_buf_free(&b);
            return NULL;
        }

        convrelay_call_buf_str(&b, value);
        free(name);
        p = end + 1;
    }

    return b.data;
}
