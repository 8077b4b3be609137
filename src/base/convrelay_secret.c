
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_secret.h"


#define CONVRELAY_SECRET_XS  4          /* this many at the end: not a secret */


static int convrelay_secret_ends(const convrelay_str_t *str,
    const char *suffix);


int
convrelay_secret_control(const convrelay_str_t *value)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if ((ch < 0x20 && ch != '\t') || ch == 0x7f) {
            return ch;
        }
    }

    return -1;
}


int
convrelay_secret_is_quoted(const convrelay_str_t *value)
{
    u_char  ch;

    if (value->len < 2) {
        return 0;
    }

    ch = value->data[0];

    return (ch == '"' || ch == '\'') && value->data[value->len - 1] == ch;
}


int
convrelay_secret_is_placeholder(const convrelay_str_t *value)
{
    size_t       i;
    const char  *const *p;

    static const char *const  words[] = {
        "changeme", "change-me", "change_me", "replaceme", "replace-me",
        "replace_me", "placeholder", "todo", "tbd", NULL
    };

    static const char *const  starts[] = {
        "your-", "your_", "your ", "$convrelay_", "${convrelay_", NULL
    };

    for (p = words; *p; p++) {
        if (convrelay_str_is_nocase(value, *p)) {
            return 1;
        }
    }

    for (p = starts; *p; p++) {
        if (convrelay_str_starts_nocase(value, *p)) {
            return 1;
        }
    }

    if (convrelay_secret_ends(value, "...")
        || convrelay_secret_ends(value, "\xe2\x80\xa6"))
    {
        return 1;
    }

    if (value->len && value->data[0] == '<'
        && convrelay_secret_ends(value, ">"))
    {
        return 1;
    }

    for (i = 0; i < value->len; i++) {
        if (convrelay_lower(value->data[value->len - 1 - i]) != 'x') {
            break;
        }
    }

    return i >= CONVRELAY_SECRET_XS;
}


int
convrelay_secret_is_name(const convrelay_str_t *name)
{
    return convrelay_secret_ends(name, "_KEY")
           || convrelay_secret_ends(name, "_TOKEN")
           || convrelay_secret_ends(name, "_SECRET")
           || convrelay_secret_ends(name, "_PASSWORD");
}


/* case ignored */

static int
convrelay_secret_ends(const convrelay_str_t *str, const char *suffix)
{
    convrelay_str_t  tail;

    tail.len = strlen(suffix);

    if (str->len < tail.len) {
        return 0;
    }

    tail.data = str->data + str->len - tail.len;

    return convrelay_str_is_nocase(&tail, suffix);
}
