
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_ticket.h"
#include "tap.h"


#define MAC      "0123456789abcdefghijklmnop/="
#define SESSION  "VX00000000000000000000000000000001"


static void parse(const char *text, int rc, uint32_t expires,
    const char *session);
static void input(uint32_t expires, const char *session, const char *sid,
    const char *want);


int
main(void)
{
    char  text[256];

    parse("00000000" MAC, CONVRELAY_OK, 0, "");
    parse("6543210f" MAC, CONVRELAY_OK, 0x6543210f, "");
    parse("ffffffff" MAC, CONVRELAY_OK, 0xffffffff, "");
    parse("6543210f" MAC SESSION, CONVRELAY_OK, 0x6543210f, SESSION);
    parse("6543210f" MAC "x", CONVRELAY_OK, 0x6543210f, "x");

    (void) snprintf(text, sizeof(text), "6543210f" MAC "%064d", 7);
    parse(text, CONVRELAY_OK, 0x6543210f, text + 8 + strlen(MAC));

    (void) snprintf(text, sizeof(text), "6543210f" MAC "%065d", 7);
    parse(text, CONVRELAY_DECLINED, 0, NULL);

    parse("", CONVRELAY_DECLINED, 0, NULL);
    parse("6543210f", CONVRELAY_DECLINED, 0, NULL);
    parse("6543210f0123456789abcdefghijklmnop/", CONVRELAY_DECLINED, 0, NULL);
    parse("6543210g" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse("-6543210" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse(" 6543210" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse("0x654321" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse("6543210:" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse("6543210@" MAC, CONVRELAY_DECLINED, 0, NULL);
    parse("6543210`" MAC, CONVRELAY_DECLINED, 0, NULL);

    input(0x6543210f, "", "CA1", "6543210fCA1");
    input(1, "", "", "00000001");
    input(0x6543210f, "VX1", "CA1", "=03VX16543210fCA1");
    input(0x6543210f, SESSION, "CA1", "=22" SESSION "6543210fCA1");

    /* texts that were cut elsewhere are never the same */

    input(0x6543210f, "VX16543210f", "CA1", "=0bVX16543210f6543210fCA1");
    input(0x6543210f, "", "6543210fCA1", "6543210f6543210fCA1");

    return tap_done();
}


/* what was taken apart is put together again */

static void
parse(const char *text, int rc, uint32_t expires, const char *session)
{
    int                 got;
    u_char              written[256], *p;
    convrelay_str_t     str;
    convrelay_ticket_t  t;

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);

    got = convrelay_ticket_parse(&t, &str);

    tap_ok(got == rc, "\"%s\" is %sa ticket", text, rc ? "not " : "");

    if (got == CONVRELAY_OK && rc == CONVRELAY_OK) {
        tap_ok(t.expires == expires, "it expires at %u", expires);
        tap_is_str(&t.mac, MAC, "its MAC");
        tap_is_str(&t.session, session, "its session");

        p = convrelay_ticket_write(written, &t);

        tap_is(written, p - written, text, strlen(text), "it is written");
        tap_ok(convrelay_ticket_size(&t) == strlen(text), "its size");
    }

    tap_unflush(str.data, str.len);
}


static void
input(uint32_t expires, const char *session, const char *sid,
    const char *want)
{
    size_t              size;
    u_char             *p, *buf;
    convrelay_str_t     str;
    convrelay_ticket_t  t;

    memset(&t, 0, sizeof(convrelay_ticket_t));

    t.expires = expires;
    t.session.len = strlen(session);
    t.session.data = (u_char *) session;

    str.len = strlen(sid);
    str.data = (u_char *) sid;

    size = convrelay_ticket_input_size(&t, &str);
    buf = tap_flush(want, size);

    p = convrelay_ticket_input_write(buf, &t, &str);

    tap_is(buf, p - buf, want, strlen(want), want);
    tap_ok(size == strlen(want), "its size");

    tap_unflush(buf, size);
}
