
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_sent.h"


#define CONVRELAY_SENT_CHAT  "/chat/completions"


static int convrelay_sent_line(u_char **pos, u_char *last,
    convrelay_str_t *line);
static int convrelay_sent_request_line(convrelay_sent_t *s,
    convrelay_str_t *line);
static void convrelay_sent_args(convrelay_sent_t *s, u_char *pos,
    u_char *last);
static void convrelay_sent_header(convrelay_sent_t *s,
    const convrelay_str_t *line);
static convrelay_sent_key_e convrelay_sent_authorization(
    const convrelay_str_t *value);
static void convrelay_sent_found(convrelay_sent_t *s,
    const convrelay_str_t *name, convrelay_sent_key_e key);
static int convrelay_sent_ends(const convrelay_str_t *str,
    const char *suffix);


int
convrelay_sent_read(convrelay_sent_t *s, const convrelay_str_t *head)
{
    u_char           *pos, *last;
    convrelay_str_t   line;

    memset(s, 0, sizeof(convrelay_sent_t));
    s->key = CONVRELAY_SENT_NO_KEY;

    pos = head->data;
    last = head->data + head->len;

    if (convrelay_sent_line(&pos, last, &line) != CONVRELAY_OK
        || convrelay_sent_request_line(s, &line) != CONVRELAY_OK)
    {
        return CONVRELAY_DECLINED;
    }

    while (convrelay_sent_line(&pos, last, &line) == CONVRELAY_OK
           && line.len)
    {
        convrelay_sent_header(s, &line);
    }

    return CONVRELAY_OK;
}


int
convrelay_sent_is_chat(const convrelay_str_t *path)
{
    return path->len > sizeof(CONVRELAY_SENT_CHAT) - 1
           && convrelay_sent_ends(path, CONVRELAY_SENT_CHAT);
}


/* reads a line; CONVRELAY_DECLINED: there are no more */

static int
convrelay_sent_line(u_char **pos, u_char *last, convrelay_str_t *line)
{
    u_char  *p;

    if (*pos == last) {
        return CONVRELAY_DECLINED;
    }

    p = memchr(*pos, '\n', last - *pos);

    if (p == NULL) {
        p = last;
    }

    line->data = *pos;
    line->len = p - *pos;

    *pos = (p == last) ? last : p + 1;

    if (line->len && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    return CONVRELAY_OK;
}


/* the preface of HTTP/2 looks like a request: "PRI * HTTP/2.0" */

static int
convrelay_sent_request_line(convrelay_sent_t *s, convrelay_str_t *line)
{
    u_char  *p, *args, *end;

    static const convrelay_str_t  version = convrelay_string(" HTTP/1.x");

    if (line->len < version.len) {
        return CONVRELAY_DECLINED;
    }

    end = line->data + line->len - version.len;

    if (memcmp(end, version.data, version.len - 1) != 0
        || (end[version.len - 1] != '0' && end[version.len - 1] != '1'))
    {
        return CONVRELAY_DECLINED;
    }

    s->http10 = (end[version.len - 1] == '0');

    p = memchr(line->data, ' ', end - line->data);

    if (p == NULL) {
        return CONVRELAY_DECLINED;
    }

    p++;
    s->blank = (memchr(p, ' ', end - p) != NULL);

    args = (p == end) ? NULL : memchr(p, '?', end - p);

    s->path.data = p;
    s->path.len = (args ? args : end) - p;

    if (args) {
        convrelay_sent_args(s, args + 1, end);
    }

    return CONVRELAY_OK;
}


static void
convrelay_sent_args(convrelay_sent_t *s, u_char *pos, u_char *last)
{
    u_char           *p, *value;
    convrelay_str_t   name;

    for ( /* void */ ; pos < last; pos = p + 1) {

        p = memchr(pos, '&', last - pos);

        if (p == NULL) {
            p = last;
        }

        value = memchr(pos, '=', p - pos);

        if (value == NULL) {
            continue;
        }

        name.data = pos;
        name.len = value - pos;

        if (convrelay_str_is_nocase(&name, "key")
            || convrelay_str_is_nocase(&name, "api-key")
            || convrelay_str_is_nocase(&name, "api_key")
            || convrelay_str_is_nocase(&name, "apikey")
            || convrelay_str_is_nocase(&name, "access_token"))
        {
            convrelay_sent_found(s, &name, (value + 1 == p)
                                           ? CONVRELAY_SENT_EMPTY_KEY
                                           : CONVRELAY_SENT_KEY);
        }
    }
}


static void
convrelay_sent_header(convrelay_sent_t *s, const convrelay_str_t *line)
{
    u_char           *p;
    convrelay_str_t   name, value;

    p = memchr(line->data, ':', line->len);

    if (p == NULL) {
        return;
    }

    name.data = line->data;
    name.len = p - line->data;

    value.data = p + 1;
    value.len = line->data + line->len - value.data;

    convrelay_str_trim(&value);

    if (convrelay_str_is_nocase(&name, "authorization")) {
        convrelay_sent_found(s, &name, convrelay_sent_authorization(&value));
        return;
    }

    if (convrelay_sent_ends(&name, "api-key")
        || convrelay_sent_ends(&name, "apikey")
        || convrelay_sent_ends(&name, "subscription-key")
        || convrelay_sent_ends(&name, "-token")
        || convrelay_sent_ends(&name, "-secret"))
    {
        convrelay_sent_found(s, &name, value.len ? CONVRELAY_SENT_KEY
                                                 : CONVRELAY_SENT_EMPTY_KEY);
    }
}


/* RFC 9110, 11.4: a scheme, spaces, and its credentials */

static convrelay_sent_key_e
convrelay_sent_authorization(const convrelay_str_t *value)
{
    if (value->len == 0
        || convrelay_str_is_nocase(value, "bearer")
        || convrelay_str_is_nocase(value, "basic"))
    {
        return CONVRELAY_SENT_EMPTY_KEY;
    }

    return memchr(value->data, ' ', value->len) ? CONVRELAY_SENT_KEY
                                                : CONVRELAY_SENT_NO_SCHEME;
}


/* a key anywhere counts; otherwise the first place for one is reported */

static void
convrelay_sent_found(convrelay_sent_t *s, const convrelay_str_t *name,
    convrelay_sent_key_e key)
{
    if (s->key == CONVRELAY_SENT_KEY
        || (s->key != CONVRELAY_SENT_NO_KEY && key != CONVRELAY_SENT_KEY))
    {
        return;
    }

    s->key = key;
    s->key_name = *name;
}


static int
convrelay_sent_ends(const convrelay_str_t *str, const char *suffix)
{
    size_t           len;
    convrelay_str_t  end;

    len = strlen(suffix);

    if (str->len < len) {
        return 0;
    }

    end.len = len;
    end.data = str->data + str->len - len;

    return convrelay_str_is_nocase(&end, suffix);
}
