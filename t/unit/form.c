
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_form.h"
#include "tap.h"


typedef struct {
    const char  *name;
    size_t       len;
} bytes_t;


static void form(const char *text, size_t len, size_t n, const bytes_t *want);
static void cut_test(void);


#define B(s)  { s, sizeof(s) - 1 }

#define FORM(text, ...)                                                      \
    do {                                                                     \
        static const bytes_t  want[] = { __VA_ARGS__ };                      \
        form(text, sizeof(text) - 1, sizeof(want) / sizeof(want[0]), want);  \
    } while (0)


int
main(void)
{
    FORM("a=b", B("a"), B("b"));
    FORM("a=b&c=d", B("a"), B("b"), B("c"), B("d"));
    FORM("a", B("a"), B(""));
    FORM("a=", B("a"), B(""));
    FORM("=b", B(""), B("b"));
    FORM("=", B(""), B(""));
    FORM("a&b", B("a"), B(""), B("b"), B(""));
    FORM("a=b=c", B("a"), B("b=c"));
    FORM("a==", B("a"), B("="));
    FORM("&&a=b&&&c=d&&", B("a"), B("b"), B("c"), B("d"));
    FORM("a=1&a=2&a=1", B("a"), B("1"), B("a"), B("2"), B("a"), B("1"));
    FORM("a;b=c", B("a;b"), B("c"));

    FORM("From=%2B15550100001", B("From"), B("+15550100001"));
    FORM("a+b=c+d", B("a b"), B("c d"));
    FORM("%61%3d=%26%3D%2b+", B("a="), B("&=+ "));
    FORM("a=%C3%b1%00x", B("a"), B("\xc3\xb1\0x"));
    FORM("a= b ", B("a"), B(" b "));
    FORM("a=%ff\xff", B("a"), B("\xff\xff"));

    FORM("a=%", B("a"), B("%"));
    FORM("a=%4", B("a"), B("%4"));
    FORM("a=%4g", B("a"), B("%4g"));
    FORM("a=%g4", B("a"), B("%g4"));
    FORM("a=%%41", B("a"), B("%A"));
    FORM("a=%4%41", B("a"), B("%4A"));
    FORM("a=%25%34%31", B("a"), B("%41"));
    FORM("a=%:0%@0%`0%G0", B("a"), B("%:0%@0%`0%G0"));
    FORM("a%=b%&c%2=d", B("a%"), B("b%"), B("c%2"), B("d"));

    FORM("HandoffData=%7B%22reasonCode%22%3A%22live-agent-handoff%22%7D",
         B("HandoffData"), B("{\"reasonCode\":\"live-agent-handoff\"}"));

    form("", 0, 0, NULL);
    form("&", 1, 0, NULL);
    form("&&&", 3, 0, NULL);

    cut_test();

    return tap_done();
}


static void
form(const char *text, size_t len, size_t n, const bytes_t *want)
{
    u_char            *data, *pos, *last;
    size_t             i;
    convrelay_pair_t   pair;

    data = tap_flush(text, len);
    pos = data;
    last = data + len;

    tap_ok(convrelay_form_count(data, len) == n / 2, "count: %s", text);

    for (i = 0; i < n; i += 2) {

        if (!tap_ok(convrelay_form_next(&pos, last, &pair) == CONVRELAY_OK,
                    "pair %zu: %s", i / 2, text))
        {
            return;
        }

        tap_is(pair.name.data, pair.name.len, want[i].name, want[i].len,
               "its name");
        tap_is(pair.value.data, pair.value.len, want[i + 1].name,
               want[i + 1].len, "its value");
    }

    tap_ok(convrelay_form_next(&pos, last, &pair) == CONVRELAY_DONE
           && pos == last, "done: %s", text);
    tap_ok(convrelay_form_next(&pos, last, &pair) == CONVRELAY_DONE,
           "done again");

    tap_unflush(data, len);
}


/* a body cut anywhere: as many pairs as counted, nothing read after it */

static void
cut_test(void)
{
    int                bad;
    u_char            *data, *pos;
    size_t             len, n;
    convrelay_pair_t   pair;

    static const char  body[] = "a%20b=c%2&&%=%3&d=+%C3%B1&&=&e";

    bad = 0;

    for (len = 0; len < sizeof(body); len++) {
        data = tap_flush(body, len);
        n = convrelay_form_count(data, len);
        pos = data;

        while (convrelay_form_next(&pos, data + len, &pair) == CONVRELAY_OK) {
            n--;

            if (pair.name.data < data
                || pair.value.data + pair.value.len > data + len)
            {
                bad++;
            }
        }

        bad += (n != 0);

        tap_unflush(data, len);
    }

    tap_ok(bad == 0, "a body cut anywhere");
}
