
/*
 * Copyright (C) convrelay contributors
 *
 * $convrelay_version.
 */


#include "ngx_http_convrelay.h"


ngx_int_t
ngx_http_convrelay_version_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    v->data = (u_char *) CONVRELAY_VERSION;
    v->len = sizeof(CONVRELAY_VERSION) - 1;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
