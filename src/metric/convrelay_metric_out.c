
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_json.h"
#include "convrelay_metric_out.h"
#include "convrelay_utf8.h"


void
convrelay_metric_number(convrelay_metric_out_t *out, uint64_t n)
{
    u_char   buf[20];
    u_char  *p;

    p = buf + sizeof(buf);

    do {
        *--p = '0' + n % 10;
        n /= 10;
    } while (n);

    convrelay_metric_put(out, p, buf + sizeof(buf) - p);
}


void
convrelay_metric_ms(convrelay_metric_out_t *out, uint64_t ms)
{
    u_char  digits[4];

    convrelay_metric_number(out, ms / 1000);

    ms %= 1000;

    if (ms == 0) {
        return;
    }

    digits[0] = '.';
    digits[1] = '0' + ms / 100;
    digits[2] = '0' + ms / 10 % 10;
    digits[3] = '0' + ms % 10;

    convrelay_metric_put(out, digits, 4);
}


void
convrelay_metric_quote(convrelay_metric_out_t *out, const u_char *data,
    size_t len)
{
    convrelay_metric_put(out, "\"", 1);

    if (out->p) {
        (void) convrelay_json_escape(out->p + out->len, data, len);
    }

    out->len += convrelay_json_escaped_len(data, len);

    convrelay_metric_put(out, "\"", 1);
}


size_t
convrelay_metric_printable(u_char *p, const convrelay_str_t *name)
{
    size_t                  i, n;
    convrelay_metric_out_t  out;

    static const char  digits[] = "0123456789ABCDEF";

    out.p = p;
    out.len = 0;

    for (i = 0; i < name->len; i++) {
        n = convrelay_utf8_valid(name->data + i, name->len - i);

        convrelay_metric_put(&out, name->data + i, n);
        i += n;

        if (i < name->len) {
            convrelay_metric_text(&out, "\\x");
            convrelay_metric_put(&out, &digits[name->data[i] >> 4], 1);
            convrelay_metric_put(&out, &digits[name->data[i] & 0xf], 1);
        }
    }

    return out.len;
}
