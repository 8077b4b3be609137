
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_dotenv.h"


static void convrelay_dotenv_skip_blank(convrelay_dotenv_t *env);
static void convrelay_dotenv_skip_space(convrelay_dotenv_t *env);
static void convrelay_dotenv_skip_line(convrelay_dotenv_t *env);
static void convrelay_dotenv_skip_newline(convrelay_dotenv_t *env);
static int convrelay_dotenv_name(convrelay_dotenv_t *env,
    convrelay_str_t *name);
static void convrelay_dotenv_word(convrelay_dotenv_t *env,
    convrelay_str_t *word);
static int convrelay_dotenv_unquoted(convrelay_dotenv_t *env,
    convrelay_str_t *value);
static int convrelay_dotenv_quoted(convrelay_dotenv_t *env,
    convrelay_str_t *value);
static void convrelay_dotenv_unescape(convrelay_str_t *s, u_char quote);
static u_char convrelay_dotenv_escaped(u_char ch, u_char quote);
static int convrelay_dotenv_is_blank(u_char ch);
static int convrelay_dotenv_is_newline(u_char ch);
static int convrelay_dotenv_is_name(u_char ch, size_t i);
static int convrelay_dotenv_fail(convrelay_dotenv_t *env, const char *error);


void
convrelay_dotenv_init(convrelay_dotenv_t *env, u_char *data, size_t len)
{
    memset(env, 0, sizeof(convrelay_dotenv_t));

    env->next = 1;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    env->pos = data;
    env->last = len ? data + len : data;
}


int
convrelay_dotenv_next(convrelay_dotenv_t *env, convrelay_pair_t *pair)
{
    int  rc;

    convrelay_dotenv_skip_space(env);

    if (env->pos == env->last) {
        return CONVRELAY_DONE;
    }

    env->line = env->next;

    if (convrelay_dotenv_name(env, &pair->name) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (env->pos == env->last || *env->pos != '=') {
        return convrelay_dotenv_fail(env, "no \"=\" after the name");
    }

    env->pos++;

    convrelay_dotenv_skip_blank(env);

    if (env->pos < env->last && (*env->pos == '\'' || *env->pos == '"')) {
        rc = convrelay_dotenv_quoted(env, &pair->value);

    } else {
        rc = convrelay_dotenv_unquoted(env, &pair->value);
    }

    if (rc != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    /* no variable and no header can carry it */

    if (pair->value.len
        && memchr(pair->value.data, '\0', pair->value.len) != NULL)
    {
        return convrelay_dotenv_fail(env, "a NUL byte in the value");
    }

    return CONVRELAY_OK;
}


static void
convrelay_dotenv_skip_blank(convrelay_dotenv_t *env)
{
    while (env->pos < env->last && convrelay_dotenv_is_blank(*env->pos)) {
        env->pos++;
    }
}


/* white space, empty lines and lines of comment */

static void
convrelay_dotenv_skip_space(convrelay_dotenv_t *env)
{
    for ( ;; ) {
        convrelay_dotenv_skip_blank(env);

        if (env->pos == env->last) {
            return;
        }

        if (*env->pos == '#') {
            convrelay_dotenv_skip_line(env);

        } else if (convrelay_dotenv_is_newline(*env->pos)) {
            convrelay_dotenv_skip_newline(env);

        } else {
            return;
        }
    }
}


static void
convrelay_dotenv_skip_line(convrelay_dotenv_t *env)
{
    while (env->pos < env->last && !convrelay_dotenv_is_newline(*env->pos)) {
        env->pos++;
    }
}


static void
convrelay_dotenv_skip_newline(convrelay_dotenv_t *env)
{
    u_char  ch;

    ch = *env->pos++;

    if (ch == '\r' && env->pos < env->last && *env->pos == '\n') {
        env->pos++;
    }

    env->next++;
}


/* the name and the white space behind it */

static int
convrelay_dotenv_name(convrelay_dotenv_t *env, convrelay_str_t *name)
{
    convrelay_dotenv_word(env, name);

    /* "export" is a prefix where another name follows, else a name itself */

    if (convrelay_str_eq(name, "export")
        && env->pos < env->last
        && convrelay_dotenv_is_name(*env->pos, 0))
    {
        convrelay_dotenv_word(env, name);
    }

    if (name->len == 0) {
        return convrelay_dotenv_fail(env, "an invalid name");
    }

    if (env->pos == name->data + name->len
        && env->pos < env->last
        && *env->pos != '='
        && !convrelay_dotenv_is_newline(*env->pos))
    {
        return convrelay_dotenv_fail(env, "an invalid character in the name");
    }

    return CONVRELAY_OK;
}


static void
convrelay_dotenv_word(convrelay_dotenv_t *env, convrelay_str_t *word)
{
    word->data = env->pos;

    while (env->pos < env->last
           && convrelay_dotenv_is_name(*env->pos, env->pos - word->data))
    {
        env->pos++;
    }

    word->len = env->pos - word->data;

    convrelay_dotenv_skip_blank(env);
}


static int
convrelay_dotenv_unquoted(convrelay_dotenv_t *env, convrelay_str_t *value)
{
    u_char  *p, *last;

    p = env->pos;

    convrelay_dotenv_skip_line(env);

    for (last = p; last < env->pos; last++) {

        /* last[-1] is there: a "=" stands somewhere before p */

        if (*last == '#' && convrelay_dotenv_is_blank(last[-1])) {
            break;
        }
    }

    while (last > p && convrelay_dotenv_is_blank(last[-1])) {
        last--;
    }

    value->data = p;
    value->len = last - p;

    return CONVRELAY_OK;
}


static int
convrelay_dotenv_quoted(convrelay_dotenv_t *env, convrelay_str_t *value)
{
    u_char    *p, quote;
    unsigned   next;

    next = env->next;
    quote = *env->pos;

    for (p = env->pos + 1; p < env->last && *p != quote; /* void */) {

        if (*p == '\\' && env->last - p > 1
            && !convrelay_dotenv_is_newline(p[1]))
        {
            p += 2;
            continue;
        }

        if (*p == '\n'
            || (*p == '\r' && (env->last - p == 1 || p[1] != '\n')))
        {
            next++;
        }

        p++;
    }

    if (p == env->last) {
        return convrelay_dotenv_fail(env, "no closing quote");
    }

    value->data = env->pos + 1;
    value->len = p - value->data;

    env->pos = p + 1;
    env->next = next;

    convrelay_dotenv_skip_blank(env);

    if (env->pos < env->last
        && *env->pos != '#'
        && !convrelay_dotenv_is_newline(*env->pos))
    {
        return convrelay_dotenv_fail(env, "text after the closing quote");
    }

    convrelay_dotenv_skip_line(env);
    convrelay_dotenv_unescape(value, quote);

    return CONVRELAY_OK;
}


static void
convrelay_dotenv_unescape(convrelay_str_t *s, u_char quote)
{
    u_char  *p, *last, *dst, ch;

    dst = s->data;
    last = s->data + s->len;

    /* the closing quote is still there behind the last character */

    for (p = s->data; p < last; p++) {

        if (*p == '\r' && p[1] == '\n') {
            continue;
        }

        if (*p != '\\') {
            *dst++ = *p;
            continue;
        }

        ch = convrelay_dotenv_escaped(p[1], quote);

        if (ch) {
            *dst++ = ch;
            p++;

        } else {
            *dst++ = *p;
        }
    }

    s->len = dst - s->data;
}


/* the character that a backslash and ch stand for, or 0: for themselves */

static u_char
convrelay_dotenv_escaped(u_char ch, u_char quote)
{
    if (ch == '\\' || ch == '\'') {
        return ch;
    }

    if (quote == '\'') {
        return 0;
    }

    switch (ch) {

    case '"':
        return '"';

    case 'a':
        return '\a';

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    case 'v':
        return '\v';

    default:
        return 0;
    }
}


static int
convrelay_dotenv_is_blank(u_char ch)
{
    return ch == ' ' || ch == '\t';
}


static int
convrelay_dotenv_is_newline(u_char ch)
{
    return ch == '\n' || ch == '\r';
}


static int
convrelay_dotenv_is_name(u_char ch, size_t i)
{
    if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_') {
        return 1;
    }

    return i && ((ch >= '0' && ch <= '9') || ch == '.');
}


static int
convrelay_dotenv_fail(convrelay_dotenv_t *env, const char *error)
{
    env->error = error;

    convrelay_dotenv_skip_line(env);

    return CONVRELAY_ERROR;
}
