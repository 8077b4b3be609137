
/*
 * Copyright (C) convrelay contributors
 */


#include <ctype.h>

#include "convrelay_caller_scenario.h"


/* what stands behind a step's words */

typedef enum {
    CONVRELAY_CALLER_ARG_NONE = 0,
    CONVRELAY_CALLER_ARG_TEXT,              /* ": text" */
    CONVRELAY_CALLER_ARG_PAIR,              /* " NAME: text" */
    CONVRELAY_CALLER_ARG_MS,                /* " 800 ms" */
    CONVRELAY_CALLER_ARG_NUMBER,            /* " 1000" */
    CONVRELAY_CALLER_ARG_COUNT              /* " 12 characters" */
} convrelay_caller_arg_e;


typedef struct {
    const char              *words;
    convrelay_caller_arg_e   arg;
    convrelay_caller_step_e  type;
} convrelay_caller_syntax_t;


static int convrelay_caller_scenario_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_syntax_t *syntax, const char *arg, unsigned line,
    const char *source);
static int convrelay_caller_scenario_count(convrelay_caller_step_t *step,
    const char *arg);
static int convrelay_caller_scenario_pair(convrelay_caller_scenario_t *s,
    convrelay_caller_step_t *step, const char *arg);
static int convrelay_caller_scenario_digits(const char *p);
static int convrelay_caller_scenario_error(convrelay_caller_scenario_t *s,
    unsigned line, const char *error, const char *source);


/* of two that fit, the first one wins: the longer ones stand above */

static const convrelay_caller_syntax_t  convrelay_caller_syntax[] = {

    { "caller over", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_SAY_OVER },
    { "caller", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_SAY },
    { "partial", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_PARTIAL },
    { "dtmf", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_DTMF },

    { "interrupt after", CONVRELAY_CALLER_ARG_COUNT,
      CONVRELAY_CALLER_INTERRUPT_CHARS },
    { "interrupt", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_INTERRUPT },

    { "wait for answer", CONVRELAY_CALLER_ARG_NONE,
      CONVRELAY_CALLER_WAIT_ANSWER },
    { "wait for speech", CONVRELAY_CALLER_ARG_NONE,
      CONVRELAY_CALLER_WAIT_SPEECH },
    { "wait", CONVRELAY_CALLER_ARG_MS, CONVRELAY_CALLER_WAIT_MS },

    { "hangup", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_HANGUP },
    { "drop", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_DROP },

    { "expect greeting contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_GREETING },
    { "expect contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_CONTAINS },
    { "expect not contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_NOT_CONTAINS },
    { "expect matches", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_MATCHES },
    { "expect first token under", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_FIRST_TOKEN },
    { "expect answer under", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_ANSWER },
    { "expect no token after interrupt", CONVRELAY_CALLER_ARG_NONE,
      CONVRELAY_CALLER_EXPECT_NO_TOKEN },
    { "expect silence", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_SILENCE },
    { "expect ends", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_EXPECT_ENDS },
    { "expect handoff contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_HANDOFF },
    { "expect close", CONVRELAY_CALLER_ARG_NUMBER,
      CONVRELAY_CALLER_EXPECT_CLOSE },

    { "set", CONVRELAY_CALLER_ARG_PAIR, CONVRELAY_CALLER_SET },
    { "parameter", CONVRELAY_CALLER_ARG_PAIR, CONVRELAY_CALLER_PARAMETER },

    { NULL, CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_SAY }
};


int
convrelay_caller_scenario_parse(convrelay_caller_scenario_t *s,
    const char *data, size_t len)
{
    size_t       n;
    unsigned     number;
    const char  *p, *last, *end;

    last = data + len;
    number = 0;

    for (p = data; p < last; p += n + 1) {
        end = memchr(p, '\n', last - p);
        n = end ? (size_t) (end - p) : (size_t) (last - p);

        if (convrelay_caller_scenario_line(s, p, n, ++number)
            == CONVRELAY_ERROR)
        {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_scenario_line(convrelay_caller_scenario_t *s, const char *line,
    size_t len, unsigned number)
{
    int                               rc;
    char                             *copy;
    size_t                            n;
    const char                       *arg;
    const convrelay_caller_syntax_t  *syntax;

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

    copy = convrelay_caller_strndup(line, len);
    rc = CONVRELAY_DECLINED;

    for (syntax = convrelay_caller_syntax; syntax->words; syntax++) {
        n = strlen(syntax->words);
        arg = copy + n;

        if (strncmp(copy, syntax->words, n) == 0
            && (*arg == '\0' || *arg == ':' || *arg == ' '))
        {
            rc = convrelay_caller_scenario_step(s, syntax, arg, number, copy);

            if (rc != CONVRELAY_DECLINED) {
                break;
            }
        }
    }

    if (rc == CONVRELAY_DECLINED) {
        rc = convrelay_caller_scenario_error(s, number, "is not a step", copy);
    }

    free(copy);

    return rc;
}


/* CONVRELAY_DECLINED: what follows the words does not fit them */

static int
convrelay_caller_scenario_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_syntax_t *syntax, const char *arg, unsigned line,
    const char *source)
{
    const char              *text;
    convrelay_caller_step_t  step;

    memset(&step, 0, sizeof(convrelay_caller_step_t));

    step.type = syntax->type;
    step.line = line;
    step.number = -1;

    text = arg + strspn(arg, ": ");

    switch (syntax->arg) {

    case CONVRELAY_CALLER_ARG_NONE:

        if (*arg) {
            return CONVRELAY_DECLINED;
        }

        break;

    case CONVRELAY_CALLER_ARG_TEXT:

        if (*arg != ':') {
            return CONVRELAY_DECLINED;
        }

        if (*text == '\0') {
            return convrelay_caller_scenario_error(s, line,
                                                   "has no text after its "
                                                   "colon",
                                                   source);
        }

        if (step.type == CONVRELAY_CALLER_DTMF
            && !convrelay_caller_scenario_digits(text))
        {
            return convrelay_caller_scenario_error(s, line, "has keys other "
                                                   "than 0-9, * and #", source);
        }

        step.text = convrelay_caller_strdup(text);
        break;

    case CONVRELAY_CALLER_ARG_PAIR:
        return convrelay_caller_scenario_pair(s, &step, text);

    case CONVRELAY_CALLER_ARG_MS:
        step.number = convrelay_caller_duration(text);

        if (step.number < 0) {
            return convrelay_caller_scenario_error(s, line, "needs a time such "
                                                   "as \"300 ms\" or \"2 s\"",
                                                   source);
        }

        break;

    case CONVRELAY_CALLER_ARG_NUMBER:
    case CONVRELAY_CALLER_ARG_COUNT:

        if (convrelay_caller_scenario_count(&step, text) != CONVRELAY_OK) {
            return convrelay_caller_scenario_error(s, line, "needs a number "
                       "(of characters or tokens, or a time)", source);
        }

        break;
    }

    step.source = convrelay_caller_strdup(source);

    s->steps = convrelay_caller_realloc(s->steps,
                                 (s->n + 1) * sizeof(convrelay_caller_step_t));
    s->steps[s->n++] = step;

    return CONVRELAY_OK;
}


static int
convrelay_caller_scenario_count(convrelay_caller_step_t *step, const char *arg)
{
    char  *end;

    step->number = strtol(arg, &end, 10);

    if (end == arg || step->number < 0 || step->number > 1000000) {
        return CONVRELAY_ERROR;
    }

    end += strspn(end, " ");

    if (step->type == CONVRELAY_CALLER_EXPECT_CLOSE) {
        return *end ? CONVRELAY_ERROR : CONVRELAY_OK;
    }

    if (strcmp(end, "characters") == 0 || strcmp(end, "character") == 0) {
        return CONVRELAY_OK;
    }

    if (strcmp(end, "tokens") == 0 || strcmp(end, "token") == 0) {
        step->type = CONVRELAY_CALLER_INTERRUPT_TOKENS;
        return CONVRELAY_OK;
    }

    step->type = CONVRELAY_CALLER_INTERRUPT_MS;
    step->number = *end ? convrelay_caller_duration(arg) : -1;

    return (step->number < 0) ? CONVRELAY_ERROR : CONVRELAY_OK;
}


static int
convrelay_caller_scenario_pair(convrelay_caller_scenario_t *s,
    convrelay_caller_step_t *step, const char *arg)
{
    size_t       len;
    const char  *value;

    len = strcspn(arg, ": ");
    value = arg + len;

    if (len == 0 || *value != ':') {
        return convrelay_caller_scenario_error(s, step->line,
                                       "is not \"NAME: value\"", arg);
    }

    value++;
    value += strspn(value, " ");

    convrelay_caller_pairs_set(step->type == CONVRELAY_CALLER_SET
                               ? &s->variables : &s->parameters,
                               arg, len, value);

    return CONVRELAY_OK;
}


/* a variable may stand for the keys */

static int
convrelay_caller_scenario_digits(const char *p)
{
    return strchr(p, '$') || p[strspn(p, "0123456789*#")] == '\0';
}


static int
convrelay_caller_scenario_error(convrelay_caller_scenario_t *s, unsigned line,
    const char *error, const char *source)
{
    snprintf(s->error, sizeof(s->error), "line %u %s: \"%.60s\"", line, error,
             source);

    return CONVRELAY_ERROR;
}


void
convrelay_caller_scenario_free(convrelay_caller_scenario_t *s)
{
    size_t  i;

    for (i = 0; i < s->n; i++) {
        free(s->steps[i].source);
        free(s->steps[i].text);
    }

    free(s->steps);
    convrelay_caller_pairs_free(&s->variables);
    convrelay_caller_pairs_free(&s->parameters);
    memset(s, 0, sizeof(convrelay_caller_scenario_t));
}


char *
convrelay_caller_expand(const char *text, convrelay_caller_lookup_pt lookup,
    void *data, char **unknown)
{
    char                   *name;
    const char             *p, *end, *value;
    convrelay_caller_buf_t  b;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(&b);
    *unknown = NULL;

    for (p = text; *p; /* void */) {
        end = (p[0] == '$' && p[1] == '{') ? strchr(p, '}') : NULL;

        if (end == NULL) {
            convrelay_caller_buf_add(&b, p++, 1);
            continue;
        }

        name = convrelay_caller_strndup(p + 2, end - p - 2);
        value = lookup(data, name);

        if (value == NULL) {
            *unknown = name;
            convrelay_caller_buf_free(&b);
            return NULL;
        }

        convrelay_caller_buf_str(&b, value);
        free(name);
        p = end + 1;
    }

    return b.data;
}
