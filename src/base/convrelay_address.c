
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_address.h"


typedef struct {
    u_char    bytes[2];
    unsigned  bits;
} convrelay_network_t;


static int convrelay_address_in(const u_char *address,
    const convrelay_network_t *network, size_t n);


static const convrelay_network_t  convrelay_networks[] = {
    { { 0, 0 }, 8 },              /* this host */
    { { 10, 0 }, 8 },
    { { 100, 64 }, 10 },          /* shared by the customers of a provider */
    { { 127, 0 }, 8 },            /* loopback */
    { { 169, 254 }, 16 },         /* link-local */
    { { 172, 16 }, 12 },
    { { 192, 168 }, 16 }
};


static const convrelay_network_t  convrelay_networks6[] = {
    { { 0xfc, 0 }, 7 },           /* unique local */
    { { 0xfe, 0x80 }, 10 }        /* link-local */
};


int
convrelay_address_is_private(const u_char *address, size_t len)
{
    size_t  i;

    static const u_char  mapped[12] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
    };

    if (len == 4) {
        return convrelay_address_in(address, convrelay_networks,
                                    sizeof(convrelay_networks)
                                    / sizeof(convrelay_networks[0]));
    }

    if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        return convrelay_address_is_private(address + sizeof(mapped), 4);
    }

    for (i = 0; i < 15 && address[i] == 0; i++) { /* void */ }

    if (i == 15 && address[15] <= 1) {
        return 1;
    }

    return convrelay_address_in(address, convrelay_networks6,
                                sizeof(convrelay_networks6)
                                / sizeof(convrelay_networks6[0]));
}


static int
convrelay_address_in(const u_char *address,
    const convrelay_network_t *network, size_t n)
{
    size_t    i;
    unsigned  a, b, shift;

    a = address[0] << 8 | address[1];

    for (i = 0; i < n; i++) {
        b = network[i].bytes[0] << 8 | network[i].bytes[1];
        shift = 16 - network[i].bits;

        if (a >> shift == b >> shift) {
            return 1;
        }
    }

    return 0;
}
