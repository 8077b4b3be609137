
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_call_path.h"
#include "tap.h"


#define CA  "CA00000000000000000000000000000001"
#define AC  "AC00000000000000000000000000000002"


static void is(const char *uri, const char *call, const char *account,
    uint64_t ticket);
static void declined(const char *uri);
static void unwritten(const char *call, const char *account);


int
main(void)
{
    char  text[256];

    is("/ws/" CA "." AC, CA, AC, 0);
    is("/ws/" CA "." AC ".0123456789abcdef", CA, AC, 0x0123456789abcdef);
    is("/CA1.AC2.ffffffffffffffff", "CA1", "AC2", UINT64_MAX);
    is("/a/b/CA1.AC2?x=/y", "CA1", "AC2", 0);
    is("CA1.AC2", "CA1", "AC2", 0);
    is("/CAz9.ACZ", "CAz9", "ACZ", 0);

    (void) snprintf(text, sizeof(text), "/CA%062d.AC%062d", 1, 2);
    is(text, NULL, NULL, 0);

    (void) snprintf(text, sizeof(text), "/CA%063d.AC%062d", 1, 2);
    declined(text);

    (void) snprintf(text, sizeof(text), "/CA%062d.AC%063d", 1, 2);
    declined(text);

    declined("");
    declined("/");
    declined("/ws");
    declined("/ws/");
    declined("/ws/?CA1.AC2");
    declined("/ws/CA1");
    declined("/ws/CA1.");
    declined("/ws/CA.AC2");
    declined("/ws/CA1.AC");
    declined("/ws/AC2.CA1");
    declined("/ws/ca1.ac2");
    declined("/ws/CA1.AC2.");
    declined("/ws/CA1.AC2/");
    declined("/ws/CA1..AC2");
    declined("/ws/CA1%2e.AC2");
    declined("/ws/CA1:.AC2");
    declined("/ws/CA1@.AC2");
    declined("/ws/CA1[.AC2");
    declined("/ws/CA1`.AC2");
    declined("/ws/CA1{.AC2");
    declined("/ws/CA1.AC2.0123456789abcde");
    declined("/ws/CA1.AC2.0123456789abcdef0");
    declined("/ws/CA1.AC2.0123456789ABCDEF");
    declined("/ws/CA1.AC2.0123456789abcdeg");
    declined("/ws/CA1.AC2.0123456789abcde.");
    declined("/ws/CA1.AC2.0123456789abcdef.x");

    unwritten("", "AC2");
    unwritten("CA1", "");
    unwritten("CA1/", "AC2");
    unwritten("CA1", "AC2.");

    return tap_done();
}


/* what was read is written again */

static void
is(const char *uri, const char *call, const char *account, uint64_t ticket)
{
    u_char                 buf[256];
    u_char                *p;
    size_t                 size;
    convrelay_str_t        str;
    convrelay_call_path_t  c;

    str.data = (u_char *) uri;
    str.len = strlen(uri);

    if (!tap_ok(convrelay_call_path_parse(&c, &str) == CONVRELAY_OK,
            "a call: %s", uri))
    {
        return;
    }

    tap_ok(call == NULL
       || (c.call_sid.len == strlen(call)
           && memcmp(c.call_sid.data, call, c.call_sid.len) == 0
           && c.account_sid.len == strlen(account)
           && memcmp(c.account_sid.data, account, c.account_sid.len) == 0),
       "... its sids");
    tap_ok(c.ticket == ticket, "... its ticket");

    size = convrelay_call_path_size(&c);
    p = convrelay_call_path_write(buf, &c);

    tap_ok(size == (size_t) (p - buf)
       && memcmp(c.call_sid.data, buf, size) == 0, "... written again");
}


static void
declined(const char *uri)
{
    convrelay_str_t        str;
    convrelay_call_path_t  c;

    str.data = (u_char *) uri;
    str.len = strlen(uri);

    tap_ok(convrelay_call_path_parse(&c, &str) == CONVRELAY_DECLINED,
       "not a call: %s", uri);
}


static void
unwritten(const char *call, const char *account)
{
    convrelay_call_path_t  c;

    c.call_sid.data = (u_char *) call;
    c.call_sid.len = strlen(call);
    c.account_sid.data = (u_char *) account;
    c.account_sid.len = strlen(account);
    c.ticket = 1;

    tap_ok(convrelay_call_path_size(&c) == 0, "not sids: \"%s\" \"%s\"", call,
       account);
}
