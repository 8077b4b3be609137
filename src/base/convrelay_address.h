
/*
 * Copyright (C) convrelay contributors
 */


#ifndef CONVRELAY_ADDRESS_H_INCLUDED
#define CONVRELAY_ADDRESS_H_INCLUDED


#include "convrelay_base.h"


/*
 * Whether an address of IPv4 (4 bytes) or IPv6 (16 bytes), in network order,
 * is loopback, link-local or private (RFC 1122, 1918, 3927, 4193, 4291,
 * 6598).  An IPv4-mapped IPv6 address counts as the IPv4 address.
 */
int convrelay_address_is_private(const u_char *address, size_t len);


#endif /* CONVRELAY_ADDRESS_H_INCLUDED */
