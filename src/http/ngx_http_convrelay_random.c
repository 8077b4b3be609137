
/*
 * Copyright (C) convrelay contributors
 *
 * Random bytes that nobody can guess, where nginx has OpenSSL.
 */


#include "ngx_http_convrelay.h"

#if (NGX_OPENSSL)
#include <openssl/rand.h>
#endif


ngx_int_t
ngx_http_convrelay_random(u_char *p, size_t len)
{
#if (NGX_OPENSSL)
    return (RAND_bytes(p, len) == 1) ? NGX_OK : NGX_ERROR;
#else
    while (len--) {
        *p++ = (u_char) (ngx_random() >> 8);
    }

    return NGX_OK;
#endif
}
