
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_redact.h"
#include "convrelay_utf8.h"


#define CONVRELAY_REDACT_OPAQUE_LEN  16      /* bytes, for a word to be a key */


typedef struct {
    unsigned          key:1;          /* the word "key" was read */
    unsigned          just:1;         /* nothing but "provided" since */
    unsigned          next:1;         /* the next word is a key */
} convrelay_redact_t;


static size_t convrelay_redact_public_len(convrelay_redact_t *r,
    const u_char *word, size_t len);
static size_t convrelay_redact_prefix(const u_char *word, size_t len);
static unsigned convrelay_redact_is(const u_char *word, size_t len,
    const char *name);
static unsigned convrelay_redact_is_opaque(const u_char *word, size_t len);
static unsigned convrelay_redact_is_alnum(u_char c);
static unsigned convrelay_redact_is_word(u_char c);


static const char  *convrelay_redact_prefixes[] = {
    "sk-", "sk_", "gsk_", "xai-", "hf_", "AIza", "eyJ"
};


void
convrelay_redact(char *dst, size_t size, const u_char *src, size_t len)
{
    char                    *p, *end;
    size_t                   n;
    uint32_t                 cp;
    const u_char            *last, *start, *stop;
    convrelay_redact_t       r;

    if (size == 0) {
        return;
    }

    memset(&r, 0, sizeof(convrelay_redact_t));

    p = dst;
    end = dst + size - 1;
    last = src + len;

    while (src < last && p < end) {
        start = src;

        while (src < last && convrelay_redact_is_word(*src)) {
            src++;
        }

        if (src != start) {
            n = convrelay_redact_public_len(&r, start, src - start);
            stop = start + n;

            while (start < stop && p < end) {
                *p++ = (char) *start++;
            }

            for (n = 0; stop != src && n < 3 && p < end; n++) {
                *p++ = '*';
            }

            continue;
        }

        if (r.just && (*src == ':' || *src == '=')) {
            r.next = 1;
        }

        cp = convrelay_utf8_decode(&src, last);

        if (cp == 0xfffd) {
            *p++ = '?';

        } else if (convrelay_utf8_is_control(cp)) {
            *p++ = ' ';

        } else if (end - p < src - start) {
            break;

        } else {
            p = (char *) convrelay_utf8_encode((u_char *) p, cp);
        }
    }

    *p = '\0';
}


/* the number of bytes of the word before a key: all of them if it has none */

static size_t
convrelay_redact_public_len(convrelay_redact_t *r, const u_char *word,
    size_t len)
{
    unsigned  next;

    next = r->next;

    r->next = 0;

    if (convrelay_redact_is(word, len, "bearer")) {
        r->next = 1;
        return len;
    }

    if (next) {
        r->just = 0;
        return 0;
    }

    if (convrelay_redact_is(word, len, "key")
        || convrelay_redact_is(word, len, "keys"))
    {
        r->key = 1;
        r->just = 1;
        return len;
    }

    r->just = (r->just && convrelay_redact_is(word, len, "provided"));

    if (r->key && convrelay_redact_is_opaque(word, len)) {
        return 0;
    }

    return convrelay_redact_prefix(word, len);
}


/* the number of bytes before the first key that has a known prefix */

static size_t
convrelay_redact_prefix(const u_char *word, size_t len)
{
    size_t  i, n, k;

    for (i = 0; i < len; i++) {

        if (i && convrelay_redact_is_alnum(word[i - 1])) {
            continue;
        }

        for (k = 0; k < sizeof(convrelay_redact_prefixes) / sizeof(char *);
             k++)
        {
            n = strlen(convrelay_redact_prefixes[k]);

            if (len - i > n
                && memcmp(word + i, convrelay_redact_prefixes[k], n) == 0)
            {
                return i;
            }
        }
    }

    return len;
}


/* compares the word, or its end as in "api_key", ignoring case */

static unsigned
convrelay_redact_is(const u_char *word, size_t len, const char *name)
{
    size_t  i, n;

    n = strlen(name);

    if (len < n) {
        return 0;
    }

    word += len - n;

    for (i = 0; i < n; i++) {
        if ((word[i] | 0x20) != (u_char) name[i]) {
            return 0;
        }
    }

    return 1;
}


static unsigned
convrelay_redact_is_opaque(const u_char *word, size_t len)
{
    size_t    i;
    unsigned  digits, letters, stars;

    digits = 0;
    letters = 0;
    stars = 0;

    for (i = 0; i < len; i++) {

        if (word[i] >= '0' && word[i] <= '9') {
            digits = 1;

        } else if (word[i] == '*') {
            stars = 1;

        } else if (convrelay_redact_is_alnum(word[i])) {
            letters = 1;
        }
    }

    return stars || (len >= CONVRELAY_REDACT_OPAQUE_LEN && digits && letters);
}


static unsigned
convrelay_redact_is_alnum(u_char c)
{
    if (c >= '0' && c <= '9') {
        return 1;
    }

    c |= 0x20;

    return c >= 'a' && c <= 'z';
}


static unsigned
convrelay_redact_is_word(u_char c)
{
    return convrelay_redact_is_alnum(c) || c == '-' || c == '_' || c == '.'
           || c == '*' || c == '~' || c == '+' || c == '/' || c == '%';
}
