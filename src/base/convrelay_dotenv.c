
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
    convrelay_dotenv_entry_t *entry);

static u_char *convrelay_dotenv_reference(u_char *p, u_char *last,
    convrelay_str_t *name, convrelay_str_t *fallback);
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
convrelay_dotenv_next(convrelay_dotenv_t *env,
    convrelay_dotenv_entry_t *entry)
{
    int  rc;

    convrelay_dotenv_skip_space(env);

    if (env->pos == env->last) {
        return CONVRELAY_DONE;
    }

    memset(entry, 0, sizeof(convrelay_dotenv_entry_t));

    env->line = env->next;

    if (convrelay_dotenv_name(env, &entry->name) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (env->pos == env->last
        || *env->pos == '#'
        || convrelay_dotenv_is_newline(*env->pos))
    {
        /* the next entry skips the comment */

        entry->alone = 1;
        entry->value.data = env->pos;

        return CONVRELAY_OK;
    }

    if (*env->pos != '=') {
        return convrelay_dotenv_fail(env, "no \"=\" after the name");
    }

    env->pos++;

    convrelay_dotenv_skip_blank(env);

    if (env->pos < env->last && (*env->pos == '\'' || *env->pos == '"')) {
        rc = convrelay_dotenv_quoted(env, entry);

    } else {
        rc = convrelay_dotenv_unquoted(env, &entry->value);
    }

    if (rc != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    /* neither an environment variable nor a header can contain a NUL */

    if (entry->value.len
        && memchr(entry->value.data, '\0', entry->value.len) != NULL)
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


/* white space, empty lines and comment lines */

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


/* the name and the white space after it */

static int
convrelay_dotenv_name(convrelay_dotenv_t *env, convrelay_str_t *name)
{
    convrelay_dotenv_word(env, name);

    /* "export" is a prefix if another name follows, otherwise a name itself */

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

        /* last[-1] exists: there is a "=" before p */

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
convrelay_dotenv_quoted(convrelay_dotenv_t *env,
    convrelay_dotenv_entry_t *entry)
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

    entry->quote = quote;
    entry->value.data = env->pos + 1;
    entry->value.len = p - entry->value.data;

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

    return CONVRELAY_OK;
}


size_t
convrelay_dotenv_value(const convrelay_dotenv_entry_t *entry,
    convrelay_dotenv_lookup_pt lookup, void *data, u_char *p)
{
    size_t            n;
    u_char           *pos, *end, *next, *last, ch;
    convrelay_str_t   name, value, fallback;

    pos = entry->value.data;
    last = pos + entry->value.len;
    n = 0;

    while (pos < last && n <= CONVRELAY_DOTENV_MAX_VALUE) {

        value.data = pos;
        value.len = 1;
        end = pos + 1;

        if (entry->quote && end < last) {

            if (*pos == '\r' && *end == '\n') {
                value.len = 0;

            } else if (*pos == '\\') {
                ch = convrelay_dotenv_escaped(*end, entry->quote);

                if (ch) {
                    value.data = &ch;
                    end++;
                }
            }
        }

        if (*pos == '$' && entry->quote != '\'') {
            next = convrelay_dotenv_reference(end, last, &name, &fallback);

            if (next) {
                end = next;
                value = fallback;

                if (lookup(data, &name, &value) != CONVRELAY_OK
                    || value.len == 0)
                {
                    value = fallback;
                }
            }
        }

        if (p && value.len) {
            memcpy(p + n, value.data, value.len);
        }

        n += value.len;
        pos = end;
    }

    return n;
}


void
convrelay_dotenv_trim(const convrelay_dotenv_entry_t *entry,
    convrelay_str_t *value)
{
    if (entry->quote == '\0') {
        convrelay_str_trim(value);
        return;
    }

    while (value->len && convrelay_dotenv_is_newline(value->data[0])) {
        value->data++;
        value->len--;
    }

    while (value->len
           && convrelay_dotenv_is_newline(value->data[value->len - 1]))
    {
        value->len--;
    }
}


/* "{NAME}" or "{NAME:-fallback}" at p: its end, or NULL */

static u_char *
convrelay_dotenv_reference(u_char *p, u_char *last, convrelay_str_t *name,
    convrelay_str_t *fallback)
{
    u_char  *end;

    if (p == last || *p != '{') {
        return NULL;
    }

    p++;
    name->data = p;

    while (p < last && convrelay_dotenv_is_name(*p, p - name->data)) {
        p++;
    }

    name->len = p - name->data;

    convrelay_str_null(fallback);

    if (name->len == 0 || p == last) {
        return NULL;
    }

    if (*p == '}') {
        return p + 1;
    }

    if (last - p < 2 || p[0] != ':' || p[1] != '-') {
        return NULL;
    }

    p += 2;

    end = memchr(p, '}', last - p);

    if (end == NULL) {
        return NULL;
    }

    fallback->data = p;
    fallback->len = end - p;

    return end + 1;
}


/* the character that a backslash and ch stand for, or 0: both are literal */

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
    case '$':
        return ch;

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
