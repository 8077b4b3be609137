
/*
 * Copyright (C) convrelay contributors
 *
 * Addresses where nobody on the way can listen.
 */


#include "convrelay_address.h"
#include "tap.h"

#include <arpa/inet.h>


static void is(const char *text, int want);


int
main(void)
{
    size_t  i;

    static const char *const  private[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
        "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
        "169.254.0.0", "169.254.255.255", "172.16.0.0", "172.31.255.255",
        "192.168.0.0", "192.168.255.255", "::", "::1", "fc00::",
        "fdff:ffff::1", "fe80::1", "febf:ffff::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1"
    };

    static const char *const  public[] = {
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
        "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "255.255.255.255", "::2", "::1:0", "1::1",
        "fbff:ffff::1", "fe00::1", "fe7f:ffff::1", "fec0::1", "2001:db8::1",
        "::ffff:8.8.8.8", "::fffe:10.0.0.1"
    };

    for (i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
        is(private[i], 1);
    }

    for (i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        is(public[i], 0);
    }

    return tap_done();
}


static void
is(const char *text, int want)
{
    int     v6;
    u_char  address[16];

    v6 = (strchr(text, ':') != NULL);

    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, address) != 1) {
        tap_ok(0, "%s is not an address", text);
        return;
    }

    tap_ok(convrelay_address_is_private(address, v6 ? 16 : 4) == want,
           "%s is %s", text, want ? "private" : "public");
}
