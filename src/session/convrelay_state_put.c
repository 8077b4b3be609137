
/*
 * Copyright (C) convrelay contributors
 *
 * Writes the values of a state.
 */


#include "convrelay_state_parts.h"


/* digits of a 64-bit number */
#define CONVRELAY_STATE_DIGITS  20

/* bytes of a value that may be a phone number, of which both ends are shown */
#define CONVRELAY_STATE_MASKED  8


void
convrelay_state_phone(convrelay_state_out_t *w, const char *name,
    const convrelay_str_t *value)
{
    u_char           buf[CONVRELAY_STATE_MASKED];
    convrelay_str_t  masked;

    masked = *value;

    if (value->len && !w->conf->numbers) {
        masked.data = buf;

        if (value->len < CONVRELAY_STATE_MASKED) {
            masked.len = sizeof("***") - 1;
            memcpy(buf, "***", masked.len);

        } else {
            masked.len = CONVRELAY_STATE_MASKED;
            memcpy(buf, value->data, 3);
            memcpy(buf + 3, "***", 3);
            memcpy(buf + 6, value->data + value->len - 2, 2);
        }
    }

    convrelay_state_member(w, name, &masked);
}


/* name is written as it is; an empty value is left out, as is 0 */

void
convrelay_state_member(convrelay_state_out_t *w, const char *name,
    const convrelay_str_t *value)
{
    if (value->len) {
        convrelay_state_put(w, name);
        convrelay_state_string(w, value);
    }
}


void
convrelay_state_count(convrelay_state_out_t *w, const char *name, uint64_t n)
{
    if (n) {
        convrelay_state_put(w, name);
        convrelay_state_number(w, n);
    }
}


/* time: of the clock, which may be before or after now */

void
convrelay_state_number_of(convrelay_state_out_t *w, const char *name,
    uint64_t n)
{
    convrelay_state_put(w, name);

    if (w->p == NULL) {
        w->len += CONVRELAY_STATE_DIGITS;
        return;
    }

    convrelay_state_number(w, n);
}


void
convrelay_state_time(convrelay_state_out_t *w, const char *name,
    uint64_t time)
{
    convrelay_state_number_of(w, name, w->conf->wall + (time - w->now));
}


void
convrelay_state_string(convrelay_state_out_t *w, const convrelay_str_t *text)
{
    convrelay_state_put(w, "\"");

    if (w->p) {
        w->len = convrelay_json_escape(w->p + w->len, text->data, text->len)
                 - w->p;

    } else {
        w->len += convrelay_json_escaped_len(text->data, text->len);
    }

    convrelay_state_put(w, "\"");
}


void
convrelay_state_number(convrelay_state_out_t *w, uint64_t n)
{
    u_char  *p, buf[CONVRELAY_STATE_DIGITS];

    p = buf + sizeof(buf);

    do {
        *--p = '0' + n % 10;
        n /= 10;
    } while (n);

    convrelay_state_bytes(w, p, buf + sizeof(buf) - p);
}


void
convrelay_state_digest(convrelay_state_out_t *w, const u_char *digest)
{
    size_t  i;
    u_char  *p;

    static const char  hex[] = "0123456789abcdef";

    convrelay_state_put(w, "\"");

    if (w->p) {
        p = w->p + w->len;

        for (i = 0; i < CONVRELAY_TOOL_DIGEST; i++) {
            *p++ = hex[digest[i] >> 4];
            *p++ = hex[digest[i] & 0xf];
        }
    }

    w->len += CONVRELAY_TOOL_KEY;
    convrelay_state_put(w, "\"");
}


void
convrelay_state_bytes(convrelay_state_out_t *w, const void *data, size_t len)
{
    if (w->p && len) {
        memcpy(w->p + w->len, data, len);
    }

    w->len += len;
}
