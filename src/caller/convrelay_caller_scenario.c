
/*
 * Copyright (C) convrelay contributors
 */


#include <regex.h>
#include <strings.h>

#include "convrelay_utf8.h"

#include "convrelay_caller_scenario.h"


/* the kinds of argument after the words of a step */

typedef enum {
    CONVRELAY_CALLER_ARG_NONE = 0,
    CONVRELAY_CALLER_ARG_TEXT,              /* ": text" */
    CONVRELAY_CALLER_ARG_NAME,              /* " NAME" */
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


/* words that are often written instead of a step's own */

typedef struct {
    const char              *typed;
    const char              *words;
} convrelay_caller_synonym_t;


/* resolves the variables that are known before the call */

typedef struct {
    convrelay_caller_scenario_t  *scenario;
    convrelay_caller_lookup_pt    lookup;
    void                         *data;
    unsigned                      late:1;   /* one is only known later */
} convrelay_caller_known_t;


static char *convrelay_caller_scenario_text(const char *line, size_t len);
static int convrelay_caller_scenario_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_syntax_t *syntax, const char *arg, unsigned line,
    const char *source);
static int convrelay_caller_scenario_time(convrelay_caller_scenario_t *s,
    convrelay_caller_step_t *step, const char *arg, const char *source);
static int convrelay_caller_scenario_count(convrelay_caller_step_t *step,
    const char *arg);
static int convrelay_caller_scenario_pair(convrelay_caller_scenario_t *s,
    convrelay_caller_step_t *step, const char *arg);
static int convrelay_caller_scenario_digits(const char *p);

static int convrelay_caller_scenario_check_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_step_t *step, convrelay_caller_known_t *known);
static const char *convrelay_caller_scenario_known(void *data,
    const char *name);

static int convrelay_caller_scenario_unknown(convrelay_caller_scenario_t *s,
    unsigned line, const char *source);
static void convrelay_caller_scenario_hint(convrelay_caller_buf_t *b,
    const char *source);
static int convrelay_caller_scenario_error(convrelay_caller_scenario_t *s,
    unsigned line, const char *error, const char *source);


/* of two that fit, the first one wins: the longer ones come first */

static const convrelay_caller_syntax_t  convrelay_caller_syntax[] = {

    { "caller over", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_SAY_OVER },
    { "caller", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_SAY },
    { "caller speaks", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_SPEAKS },
    { "caller stops", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_STOPS },
    { "partial", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_PARTIAL },
    { "presence", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_PRESENCE },
    { "backchannel", CONVRELAY_CALLER_ARG_TEXT, CONVRELAY_CALLER_BACKCHANNEL },
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
    { "drop and reconnect", CONVRELAY_CALLER_ARG_NONE,
      CONVRELAY_CALLER_REDIAL },
    { "drop", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_DROP },

    { "expect greeting contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_GREETING },
    { "expect contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_CONTAINS },
    { "expect not contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_NOT_CONTAINS },
    { "expect matches", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_MATCHES },
    { "expect tool", CONVRELAY_CALLER_ARG_NAME, CONVRELAY_CALLER_EXPECT_TOOL },
    { "expect first token under", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_FIRST_TOKEN },
    { "expect answer under", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_ANSWER },
    { "expect no token after interrupt", CONVRELAY_CALLER_ARG_NONE,
      CONVRELAY_CALLER_EXPECT_NO_TOKEN },
    { "expect silence", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_SILENCE },
    { "expect speech within", CONVRELAY_CALLER_ARG_MS,
      CONVRELAY_CALLER_EXPECT_SPEECH },
    { "expect ends", CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_EXPECT_ENDS },
    { "expect handoff contains", CONVRELAY_CALLER_ARG_TEXT,
      CONVRELAY_CALLER_EXPECT_HANDOFF },
    { "expect close", CONVRELAY_CALLER_ARG_NUMBER,
      CONVRELAY_CALLER_EXPECT_CLOSE },

    { "set", CONVRELAY_CALLER_ARG_PAIR, CONVRELAY_CALLER_SET },
    { "parameter", CONVRELAY_CALLER_ARG_PAIR, CONVRELAY_CALLER_PARAMETER },

    { NULL, CONVRELAY_CALLER_ARG_NONE, CONVRELAY_CALLER_SAY }
};


static const convrelay_caller_synonym_t  convrelay_caller_synonyms[] = {
    { "say", "caller" },
    { "says", "caller" },
    { "user", "caller" },
    { "prompt", "caller" },
    { "speak", "caller" },
    { "keys", "dtmf" },
    { "press", "dtmf" },
    { "digits", "dtmf" },
    { "sleep", "wait" },
    { "pause", "wait" },
    { "hang up", "hangup" },
    { "bye", "hangup" },
    { "expect greeting", "expect greeting contains" },
    { "expect handoff", "expect handoff contains" },
    { "expect", "expect contains" },
    { "param", "parameter" },
    { NULL, NULL }
};


/* set while a call is held */

static const char  *convrelay_caller_late[] = {
    "answer", "heard", "beyond", "greeting", "callSid", "from", "to", NULL
};


int
convrelay_caller_scenario_parse(convrelay_caller_scenario_t *s,
    const char *data, size_t len)
{
    size_t       n, valid;
    unsigned     number;
    const char  *p, *last, *end;

    last = data + len;
    number = 0;

    if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0
                     || memcmp(data, "\xfe\xff", 2) == 0))
    {
        snprintf(s->error, sizeof(s->error), "is UTF-16, save it as UTF-8");
        return CONVRELAY_ERROR;
    }

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    valid = len ? convrelay_utf8_valid((u_char *) data, len) : 0;
    end = len ? memchr(data, '\0', len) : NULL;

    if (valid < len || end) {
        snprintf(s->error, sizeof(s->error), "is not UTF-8 text");
        return CONVRELAY_ERROR;
    }

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

    copy = convrelay_caller_scenario_text(line, len);
    rc = CONVRELAY_DECLINED;

    if (copy == NULL) {
        return CONVRELAY_DECLINED;
    }

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
        rc = convrelay_caller_scenario_unknown(s, number, copy);
    }

    free(copy);

    return rc;
}


/* the line without its comment, and without white space around it, or NULL */

static char *
convrelay_caller_scenario_text(const char *line, size_t len)
{
    char             *text, *p;
    size_t            i;
    convrelay_str_t   s;

    for (i = 0; i < len; i++) {

        if (line[i] == '#'
            && (i == 0 || convrelay_is_space(line[i - 1]))
            && (i + 1 == len || convrelay_is_space(line[i + 1])))
        {
            break;
        }
    }

    s.data = (u_char *) line;
    s.len = i;
    convrelay_str_trim(&s);

    if (s.len == 0 || s.data[0] == '#') {
        return NULL;
    }

    text = convrelay_caller_strndup((char *) s.data, s.len);

    for (p = strstr(text, "\\#"); p; p = strstr(p + 1, "\\#")) {
        memmove(p, p + 1, strlen(p));
    }

    return text;
}


/* CONVRELAY_DECLINED: the argument does not fit the words */

static int
convrelay_caller_scenario_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_syntax_t *syntax, const char *arg, unsigned line,
    const char *source)
{
    int                      rc;
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

    case CONVRELAY_CALLER_ARG_NAME:

        if (*text == '\0' || strpbrk(text, ": ")) {
            return convrelay_caller_scenario_error(s, line, "needs a name",
                                                   source);
        }

        step.text = convrelay_caller_strdup(text);
        break;

    case CONVRELAY_CALLER_ARG_PAIR:
        return convrelay_caller_scenario_pair(s, &step, text);

    case CONVRELAY_CALLER_ARG_MS:
        rc = convrelay_caller_scenario_time(s, &step, text, source);

        if (rc != CONVRELAY_OK) {
            return rc;
        }

        break;

    case CONVRELAY_CALLER_ARG_NUMBER:
    case CONVRELAY_CALLER_ARG_COUNT:

        if (convrelay_caller_scenario_count(&step, text) != CONVRELAY_OK) {
            return convrelay_caller_scenario_error(s, line,
                       step.type == CONVRELAY_CALLER_EXPECT_CLOSE
                       ? "needs a close code, such as 1000"
                       : "needs a number and a unit, such as \"12 "
                         "characters\", \"3 tokens\" or \"800 ms\"", source);
        }

        break;
    }

    step.source = convrelay_caller_strdup(source);
    *convrelay_caller_scenario_add(s) = step;

    return CONVRELAY_OK;
}


convrelay_caller_step_t *
convrelay_caller_scenario_add(convrelay_caller_scenario_t *s)
{
    convrelay_caller_step_t  *step;

    s->steps = convrelay_caller_realloc(s->steps,
                                 (s->n + 1) * sizeof(convrelay_caller_step_t));
    step = &s->steps[s->n++];
    memset(step, 0, sizeof(convrelay_caller_step_t));
    step->number = -1;

    return step;
}


static int
convrelay_caller_scenario_time(convrelay_caller_scenario_t *s,
    convrelay_caller_step_t *step, const char *arg, const char *source)
{
    char  error[80];

    if (strncmp(arg, "for ", 4) == 0) {
        return CONVRELAY_DECLINED;
    }

    step->number = convrelay_caller_duration(arg);

    if (step->number >= 0) {
        return CONVRELAY_OK;
    }

    if (step->number == -1) {
        return convrelay_caller_scenario_error(s, step->line, "needs a time "
                                               "such as \"300 ms\" or "
                                               "\"2 s\"", source);
    }

    snprintf(error, sizeof(error), "has a time without a unit, write "
             "\"%.16s ms\" or \"%.16s s\"", arg, arg);

    return convrelay_caller_scenario_error(s, step->line, error, source);
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


/* the keys may come from a variable */

static int
convrelay_caller_scenario_digits(const char *p)
{
    return strchr(p, '$') || p[strspn(p, "0123456789*#")] == '\0';
}


int
convrelay_caller_scenario_check(convrelay_caller_scenario_t *s,
    convrelay_caller_lookup_pt lookup, void *data)
{
    size_t                     i;
    unsigned                   over;
    convrelay_caller_step_t   *step;
    convrelay_caller_known_t   known;

    memset(&known, 0, sizeof(convrelay_caller_known_t));

    known.scenario = s;
    known.lookup = lookup;
    known.data = data;
    over = 0;

    for (i = 0; i < s->n; i++) {
        step = &s->steps[i];

        if (over && !convrelay_caller_step_expects(step->type)) {
            return convrelay_caller_scenario_error(s, step->line, "comes after "
                                                   "\"hangup\", which ends "
                                                   "the call", step->source);
        }

        over |= (step->type == CONVRELAY_CALLER_HANGUP);

        if (step->text && !step->verbatim
            && convrelay_caller_scenario_check_step(s, step, &known)
               != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_scenario_check_step(convrelay_caller_scenario_t *s,
    const convrelay_caller_step_t *step, convrelay_caller_known_t *known)
{
    char        *text, *unknown, error[240];
    regex_t      re;
    const char  *phrase;

    known->late = 0;
    text = convrelay_caller_expand(step->text, convrelay_caller_scenario_known,
                                   known, &unknown);

    if (text == NULL) {
        snprintf(error, sizeof(error), "has ${%.40s}, which is not set, use "
                 "--set %.40s=VALUE or a line \"set %.40s: VALUE\"", unknown,
                 unknown, unknown);
        free(unknown);
        return convrelay_caller_scenario_error(s, step->line, error,
                                               step->source);
    }

    phrase = NULL;

    if (known->late) {
        goto done;
    }

    if (text[0] == '\0') {
        phrase = "has an empty text";

    } else if (step->type == CONVRELAY_CALLER_DTMF
               && text[strspn(text, "0123456789*#")])
    {
        phrase = "has keys other than 0-9, * and #";

    } else if (step->type == CONVRELAY_CALLER_EXPECT_MATCHES) {

        if (regcomp(&re, text, REG_EXTENDED|REG_NOSUB) == 0) {
            regfree(&re);

        } else {
            phrase = "has an invalid POSIX extended expression";
        }
    }

done:

    free(text);

    if (phrase) {
        return convrelay_caller_scenario_error(s, step->line, phrase,
                                               step->source);
    }

    return CONVRELAY_OK;
}


static const char *
convrelay_caller_scenario_known(void *data, const char *name)
{
    size_t                     i;
    const char                *value;
    convrelay_caller_known_t  *known = data;

    for (i = 0; convrelay_caller_late[i]; i++) {

        if (strcmp(name, convrelay_caller_late[i]) == 0) {
            known->late = 1;
            return "";
        }
    }

    value = known->lookup(known->data, name);

    if (value == NULL) {
        value = convrelay_caller_pairs_get(&known->scenario->variables, name);
    }

    return value;
}


static int
convrelay_caller_scenario_unknown(convrelay_caller_scenario_t *s,
    unsigned line, const char *source)
{
    convrelay_caller_buf_t  b;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(&b);

    convrelay_caller_scenario_hint(&b, source);
    (void) convrelay_caller_scenario_error(s, line, "is not a step", source);

    if (b.len) {
        snprintf(s->error + strlen(s->error),
                 sizeof(s->error) - strlen(s->error),
                 "; did you mean \"%.60s\"?", b.data);

    } else {
        snprintf(s->error + strlen(s->error),
                 sizeof(s->error) - strlen(s->error),
                 "; --help lists them");
    }

    convrelay_caller_buf_free(&b);

    return CONVRELAY_ERROR;
}


/*
 * The step that may have been meant: the one that shares the most words with
 * the line, similar ones included, and then the rest of the line.  A missing
 * colon is added.
 */

static void
convrelay_caller_scenario_hint(convrelay_caller_buf_t *b, const char *source)
{
    size_t                             n, best, nwords, most;
    const char                        *p, *rest, *words;
    convrelay_str_t                    typed, known;
    const convrelay_caller_syntax_t   *syntax, *found;
    const convrelay_caller_synonym_t  *synonym;

    found = NULL;
    rest = NULL;
    best = 0;
    most = 0;

    for (syntax = convrelay_caller_syntax; syntax->words; syntax++) {
        known.data = (u_char *) syntax->words;
        known.len = strlen(syntax->words);

        /* as many words of the line, and no further than its colon */

        p = source;
        nwords = 0;

        for (words = syntax->words; words; /* void */ ) {
            p += strspn(p, " ");

            if (*p == ':' || *p == '\0') {
                break;
            }

            p += strcspn(p, ": ");
            words = strchr(words, ' ');
            words = words ? words + 1 : NULL;
            nwords++;
        }

        if (words) {
            continue;
        }

        typed.data = (u_char *) source;
        typed.len = p - source;
        n = convrelay_str_distance(&known, &typed);

        if (n > known.len / 6 + 1 || n >= typed.len) {
            continue;
        }

        if (nwords > most || (nwords == most && n < best)) {
            best = n;
            most = nwords;
            found = syntax;
            rest = p;
        }
    }

    for (synonym = convrelay_caller_synonyms; !found; synonym++) {

        if (synonym->typed == NULL) {
            return;
        }

        typed.len = strlen(synonym->typed);

        if (strncasecmp(source, synonym->typed, typed.len) != 0
            || strchr(": ", source[typed.len]) == NULL)
        {
            continue;
        }

        found = convrelay_caller_syntax;

        while (strcmp(found->words, synonym->words) != 0) {
            found++;
        }

        rest = source + typed.len;
    }

    rest += strspn(rest, ": ");

    convrelay_caller_buf_str(b, found->words);

    if (found->arg != CONVRELAY_CALLER_ARG_NONE && *rest) {
        convrelay_caller_buf_printf(b, "%s%s",
                                    found->arg == CONVRELAY_CALLER_ARG_TEXT
                                    ? ": " : " ", rest);
    }
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

    free(s->name);
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
