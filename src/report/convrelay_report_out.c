
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_report_parts.h"
#include "convrelay_json.h"


static u_char *convrelay_report_reserve(convrelay_report_out_t *out,
    size_t len);


/* room for len bytes at the end, or NULL */

static u_char *
convrelay_report_reserve(convrelay_report_out_t *out, size_t len)
{
    size_t   size;
    u_char  *p;

    if (out->failed) {
        return NULL;
    }

    if (len > out->size - out->len) {
        size = (out->len + len) * 3 / 2;

        p = realloc(out->data, size);
        if (p == NULL) {
            out->failed = 1;
            return NULL;
        }

        out->data = p;
        out->size = size;
    }

    return out->data + out->len;
}


void
convrelay_report_put(convrelay_report_out_t *out, const void *data,
    size_t len)
{
    u_char  *p;

    if (len == 0) {
        return;
    }

    p = convrelay_report_reserve(out, len);

    if (p) {
        memcpy(p, data, len);
        out->len += len;
    }
}


void
convrelay_report_text(convrelay_report_out_t *out, const char *text)
{
    convrelay_report_put(out, text, strlen(text));
}


void
convrelay_report_string(convrelay_report_out_t *out,
    const convrelay_str_t *text)
{
    size_t   len;
    u_char  *p;

    convrelay_report_text(out, "\"");

    len = text->len ? convrelay_json_escaped_len(text->data, text->len) : 0;

    if (len) {
        p = convrelay_report_reserve(out, len);

        if (p) {
            (void) convrelay_json_escape(p, text->data, text->len);
            out->len += len;
        }
    }

    convrelay_report_text(out, "\"");
}


void
convrelay_report_member(convrelay_report_out_t *out, const char *name,
    const convrelay_str_t *value)
{
    if (value->len) {
        convrelay_report_text(out, ",\"");
        convrelay_report_text(out, name);
        convrelay_report_text(out, "\":");
        convrelay_report_string(out, value);
    }
}


void
convrelay_report_free(convrelay_report_out_t *out)
{
    free(out->data);
    memset(out, 0, sizeof(convrelay_report_out_t));
}
