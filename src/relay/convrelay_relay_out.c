
/*
 * Copyright (C) convrelay contributors
 *
 * Messages to Twilio.  The text of an answer has its own writer: every token
 * takes this path.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_relay.h"
#include "convrelay_url.h"


#define CONVRELAY_RELAY_TEXT   "{\"type\":\"text\",\"token\":\""
#define CONVRELAY_RELAY_MORE   "\",\"last\":false}"
#define CONVRELAY_RELAY_LAST   "\",\"last\":true}"


typedef struct {
    const char                *name;
    convrelay_relay_out_e      type;
    const char                *required;  /* a string, or NULL */
} convrelay_relay_kind_t;


static int convrelay_relay_check_url(const convrelay_str_t *url,
    const char **error);
static int convrelay_relay_check_digits(const convrelay_str_t *digits,
    const char **error);
static int convrelay_relay_check_lang(const convrelay_str_t *lang,
    const char **error);
static int convrelay_relay_check_raw(const convrelay_str_t *raw,
    const char **error);
static int convrelay_relay_check_object(const convrelay_json_value_t *root,
    const char **error);
static int convrelay_relay_check_kind(const convrelay_json_value_t *root,
    const convrelay_relay_kind_t *kind, const char **error);
static int convrelay_relay_is_loop(const convrelay_json_value_t *value);

static u_char *convrelay_relay_out(u_char *p, size_t *size,
    const convrelay_relay_out_t *m);
static u_char *convrelay_relay_put(u_char *p, size_t *size, const char *text);
static u_char *convrelay_relay_put_str(u_char *p, size_t *size,
    const char *name, const convrelay_str_t *value);
static u_char *convrelay_relay_put_flag(u_char *p, size_t *size,
    const char *name, unsigned flag);


static const convrelay_relay_kind_t  convrelay_relay_kinds[] = {

    { "text", CONVRELAY_RELAY_OUT_TEXT, "token" },
    { "play", CONVRELAY_RELAY_OUT_PLAY, "source" },
    { "sendDigits", CONVRELAY_RELAY_OUT_SEND_DIGITS, "digits" },
    { "language", CONVRELAY_RELAY_OUT_LANGUAGE, NULL },
    { "end", CONVRELAY_RELAY_OUT_END, NULL },

    { NULL, CONVRELAY_RELAY_OUT_RAW, NULL }
};


size_t
convrelay_relay_text_size(const convrelay_str_t *token, unsigned last)
{
    size_t  size;

    size = sizeof(CONVRELAY_RELAY_TEXT) - 1;

    if (token->len) {
        size += convrelay_json_escaped_len(token->data, token->len);
    }

    if (last) {
        return size + sizeof(CONVRELAY_RELAY_LAST) - 1;
    }

    return size + sizeof(CONVRELAY_RELAY_MORE) - 1;
}


u_char *
convrelay_relay_text_write(u_char *p, const convrelay_str_t *token,
    unsigned last)
{
    memcpy(p, CONVRELAY_RELAY_TEXT, sizeof(CONVRELAY_RELAY_TEXT) - 1);
    p += sizeof(CONVRELAY_RELAY_TEXT) - 1;

    if (token->len) {
        p = convrelay_json_escape(p, token->data, token->len);
    }

    if (last) {
        memcpy(p, CONVRELAY_RELAY_LAST, sizeof(CONVRELAY_RELAY_LAST) - 1);
        return p + sizeof(CONVRELAY_RELAY_LAST) - 1;
    }

    memcpy(p, CONVRELAY_RELAY_MORE, sizeof(CONVRELAY_RELAY_MORE) - 1);
    return p + sizeof(CONVRELAY_RELAY_MORE) - 1;
}


int
convrelay_relay_out_check(const convrelay_relay_out_t *m, const char **error)
{
    switch (m->type) {

    case CONVRELAY_RELAY_OUT_TEXT:
        return m->lang.len ? convrelay_relay_check_lang(&m->lang, error)
                           : CONVRELAY_OK;

    case CONVRELAY_RELAY_OUT_PLAY:

        if (m->looped && m->loop > CONVRELAY_RELAY_MAX_LOOP) {
            *error = "has a loop that is not from 0 to 1000";
            return CONVRELAY_DECLINED;
        }

        return convrelay_relay_check_url(&m->text, error);

    case CONVRELAY_RELAY_OUT_SEND_DIGITS:
        return convrelay_relay_check_digits(&m->text, error);

    case CONVRELAY_RELAY_OUT_LANGUAGE:

        if (m->text.len == 0 && m->lang.len == 0) {
            *error = "has no language, write one such as \"en-US\"";
            return CONVRELAY_DECLINED;
        }

        if (m->text.len
            && convrelay_relay_check_lang(&m->text, error) != CONVRELAY_OK)
        {
            return CONVRELAY_DECLINED;
        }

        return m->lang.len ? convrelay_relay_check_lang(&m->lang, error)
                           : CONVRELAY_OK;

    case CONVRELAY_RELAY_OUT_RAW:
        return convrelay_relay_check_raw(&m->text, error);

    case CONVRELAY_RELAY_OUT_END:
    case CONVRELAY_RELAY_OUT_SKIP:
        break;
    }

    return CONVRELAY_OK;
}


static int
convrelay_relay_check_url(const convrelay_str_t *url, const char **error)
{
    convrelay_url_t  u;

    if (convrelay_url_split(&u, url) != CONVRELAY_OK
        || !(convrelay_str_eq(&u.scheme, "https")
             || convrelay_str_eq(&u.scheme, "http"))
        || u.host.len == 0)
    {
        *error = "is not a URL, write one such as \"https://host/hold.mp3\"";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_url_clean(url) < url->len) {
        *error = "has a space or a control character in its URL, write \"%20\"";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_relay_check_digits(const convrelay_str_t *digits,
    const char **error)
{
    size_t  i;

    for (i = 0; i < digits->len; i++) {

        if (digits->data[i] == '\0'
            || strchr("0123456789w#*", digits->data[i]) == NULL)
        {
            break;
        }
    }

    if (digits->len == 0 || i < digits->len) {
        *error = "has characters other than digits, \"*\", \"#\" and \"w\" (a "
                 "half-second pause)";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_relay_check_lang(const convrelay_str_t *lang, const char **error)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < lang->len; i++) {
        c = lang->data[i];

        if (!convrelay_is_digit(c) && !convrelay_is_alpha(c)
            && (c != '-' || i == 0))
        {
            *error = "is not a language, write one such as \"en-US\"";
            return CONVRELAY_DECLINED;
        }
    }

    /* RFC 5646, 2.2.1: no language has more than three letters so far */

    for (i = 0; i < lang->len && lang->data[i] != '-'; i++) { /* void */ }

    if (i > 3 && !convrelay_str_is_nocase(lang, "multi")) {
        *error = "is not a language, write one such as \"en-US\"";
        return CONVRELAY_DECLINED;
    }

    return CONVRELAY_OK;
}


static int
convrelay_relay_check_raw(const convrelay_str_t *raw, const char **error)
{
    int                       rc;
    u_char                   *copy, *repaired;
    convrelay_json_reader_t   r;

    *error = "is not a JSON object, write one such as {\"type\":\"config\"}";

    /* a copy, because its strings are decoded in place */

    copy = malloc(raw->len + 1);
    if (copy == NULL) {
        return CONVRELAY_DECLINED;
    }

    if (raw->len) {
        memcpy(copy, raw->data, raw->len);
    }

    repaired = NULL;

    rc = convrelay_json_read(&r, copy, raw->len, &repaired);

    if (rc == CONVRELAY_OK) {
        rc = convrelay_relay_check_object(r.values, error);
    }

    if (rc == CONVRELAY_OK && repaired) {
        *error = "is not UTF-8";
        rc = CONVRELAY_DECLINED;
    }

    convrelay_json_reader_free(&r);
    free(repaired);
    free(copy);

    return (rc == CONVRELAY_OK) ? CONVRELAY_OK : CONVRELAY_DECLINED;
}


static int
convrelay_relay_check_object(const convrelay_json_value_t *root,
    const char **error)
{
    convrelay_str_t                type;
    const convrelay_relay_kind_t  *kind;

    if (root->type != CONVRELAY_JSON_OBJECT) {
        return CONVRELAY_DECLINED;
    }

    if (convrelay_json_utf8(convrelay_json_member(root, "type"), &type)
        != CONVRELAY_OK
        || type.len == 0)
    {
        *error = "has no string \"type\"";
        return CONVRELAY_DECLINED;
    }

    if (convrelay_str_eq(&type, "error")) {
        *error = "cannot have the type \"error\", which Twilio does not accept";
        return CONVRELAY_DECLINED;
    }

    for (kind = convrelay_relay_kinds; kind->name; kind++) {

        if (convrelay_str_is(&type, kind->name)) {
            return convrelay_relay_check_kind(root, kind, error);
        }
    }

    return CONVRELAY_OK;
}


/* a message of a known type, written by hand */

static int
convrelay_relay_check_kind(const convrelay_json_value_t *root,
    const convrelay_relay_kind_t *kind, const char **error)
{
    unsigned                 flag;
    const char * const      *name;
    convrelay_str_t          text;
    convrelay_relay_out_t    m;
    convrelay_json_value_t  *value;

    static const char * const  flags[] = {
        "last", "interruptible", "preemptible", NULL
    };

    static const char * const  strings[] = {
        "lang", "ttsLanguage", "transcriptionLanguage", "handoffData", NULL
    };

    memset(&m, 0, sizeof(convrelay_relay_out_t));
    m.type = kind->type;

    if (kind->required
        && convrelay_json_utf8(convrelay_json_member(root, kind->required),
                               &m.text)
           != CONVRELAY_OK)
    {
        *error = "lacks the string that its type requires: \"token\" of "
                 "\"text\", \"source\" of \"play\", \"digits\" of "
                 "\"sendDigits\"";
        return CONVRELAY_DECLINED;
    }

    for (name = flags; *name; name++) {
        value = convrelay_json_member(root, *name);

        if (value && convrelay_json_value_bool(value, &flag) != CONVRELAY_OK) {
            *error = "has a \"last\", \"interruptible\" or \"preemptible\" "
                     "that is neither true nor false";
            return CONVRELAY_DECLINED;
        }
    }

    for (name = strings; *name; name++) {
        value = convrelay_json_member(root, *name);

        if (value && convrelay_json_utf8(value, &text) != CONVRELAY_OK) {
            *error = "has a language or \"handoffData\" that is not a string";
            return CONVRELAY_DECLINED;
        }
    }

    if (kind->type == CONVRELAY_RELAY_OUT_LANGUAGE) {
        (void) convrelay_json_utf8(convrelay_json_member(root, "ttsLanguage"),
                                   &m.text);
        (void) convrelay_json_utf8(convrelay_json_member(root,
                                                    "transcriptionLanguage"),
                                   &m.lang);
    }

    value = convrelay_json_member(root, "loop");

    if (value && !convrelay_relay_is_loop(value)) {
        *error = "has a \"loop\" that is not from 0 to 1000";
        return CONVRELAY_DECLINED;
    }

    return convrelay_relay_out_check(&m, error);
}


static int
convrelay_relay_is_loop(const convrelay_json_value_t *value)
{
    double  n;

    return convrelay_json_value_number(value, &n) == CONVRELAY_OK
           && n >= 0 && n <= CONVRELAY_RELAY_MAX_LOOP
           && n == (double) (int) n;
}


size_t
convrelay_relay_out_size(const convrelay_relay_out_t *m)
{
    size_t  size;

    size = 0;
    (void) convrelay_relay_out(NULL, &size, m);

    return size;
}


u_char *
convrelay_relay_out_write(u_char *p, const convrelay_relay_out_t *m)
{
    size_t  size;

    size = 0;

    return convrelay_relay_out(p, &size, m);
}


/* measures if p is NULL, otherwise writes: one walk, so that both agree */

static u_char *
convrelay_relay_out(u_char *p, size_t *size, const convrelay_relay_out_t *m)
{
    char  loop[sizeof(",\"loop\":4294967295")];

    switch (m->type) {

    case CONVRELAY_RELAY_OUT_TEXT:
        p = convrelay_relay_put_str(p, size, "{\"type\":\"text\",\"token\"",
                                    &m->text);
        p = convrelay_relay_put(p, size, m->last ? ",\"last\":true"
                                                 : ",\"last\":false");

        if (m->lang.len) {
            p = convrelay_relay_put_str(p, size, ",\"lang\"", &m->lang);
        }

        break;

    case CONVRELAY_RELAY_OUT_PLAY:
        p = convrelay_relay_put_str(p, size,
                                    "{\"type\":\"play\",\"source\"",
                                    &m->text);

        if (m->looped) {
            (void) snprintf(loop, sizeof(loop), ",\"loop\":%u", m->loop);
            p = convrelay_relay_put(p, size, loop);
        }

        break;

    case CONVRELAY_RELAY_OUT_SEND_DIGITS:
        p = convrelay_relay_put_str(p, size,
                                    "{\"type\":\"sendDigits\",\"digits\"",
                                    &m->text);
        break;

    case CONVRELAY_RELAY_OUT_LANGUAGE:
        p = convrelay_relay_put(p, size, "{\"type\":\"language\"");

        if (m->text.len) {
            p = convrelay_relay_put_str(p, size, ",\"ttsLanguage\"",
                                        &m->text);
        }

        if (m->lang.len) {
            p = convrelay_relay_put_str(p, size, ",\"transcriptionLanguage\"",
                                        &m->lang);
        }

        break;

    case CONVRELAY_RELAY_OUT_END:
        p = convrelay_relay_put(p, size, "{\"type\":\"end\"");

        if (m->text.len) {
            p = convrelay_relay_put_str(p, size, ",\"handoffData\"",
                                        &m->text);
        }

        break;

    case CONVRELAY_RELAY_OUT_RAW:

        if (p == NULL) {
            *size += m->text.len;
            return NULL;
        }

        memcpy(p, m->text.data, m->text.len);
        return p + m->text.len;

    case CONVRELAY_RELAY_OUT_SKIP:
        return p;
    }

    if (m->type == CONVRELAY_RELAY_OUT_TEXT
        || m->type == CONVRELAY_RELAY_OUT_PLAY)
    {
        p = convrelay_relay_put_flag(p, size, ",\"interruptible\"",
                                     m->interruptible);
        p = convrelay_relay_put_flag(p, size, ",\"preemptible\"",
                                     m->preemptible);
    }

    return convrelay_relay_put(p, size, "}");
}


static u_char *
convrelay_relay_put(u_char *p, size_t *size, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (p == NULL) {
        *size += len;
        return NULL;
    }

    memcpy(p, text, len);

    return p + len;
}


static u_char *
convrelay_relay_put_str(u_char *p, size_t *size, const char *name,
    const convrelay_str_t *value)
{
    p = convrelay_relay_put(p, size, name);
    p = convrelay_relay_put(p, size, ":\"");

    if (value->len && p == NULL) {
        *size += convrelay_json_escaped_len(value->data, value->len);

    } else if (value->len) {
        p = convrelay_json_escape(p, value->data, value->len);
    }

    return convrelay_relay_put(p, size, "\"");
}


static u_char *
convrelay_relay_put_flag(u_char *p, size_t *size, const char *name,
    unsigned flag)
{
    if (flag == CONVRELAY_RELAY_UNSET) {
        return p;
    }

    p = convrelay_relay_put(p, size, name);

    return convrelay_relay_put(p, size, (flag == CONVRELAY_RELAY_TRUE)
                                        ? ":true" : ":false");
}
