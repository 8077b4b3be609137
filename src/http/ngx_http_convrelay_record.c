
/*
 * Copyright (C) convrelay contributors
 *
 * The names of records.
 */


#include "ngx_http_convrelay_store.h"


void
ngx_http_convrelay_record_name(ngx_http_convrelay_record_t *record,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t id,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid)
{
    convrelay_sha256_t  h;

    ngx_memzero(record, sizeof(ngx_http_convrelay_record_t));

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, tenant->id[id], CONVRELAY_SHA256_LEN);
    convrelay_sha256_update(&h, account_sid->data, account_sid->len);
    convrelay_sha256_update(&h, ":", 1);
    convrelay_sha256_update(&h, call_sid->data, call_sid->len);
    convrelay_sha256_final(&h, (u_char *) &record->key);
}


void
ngx_http_convrelay_record_find(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_record_t *record,
    const ngx_http_convrelay_tenant_t *tenant,
    const convrelay_str_t *account_sid, const convrelay_str_t *call_sid)
{
    ngx_uint_t  i;

    for (i = 0; tenant->n > 1 && i < tenant->n; i++) {
        ngx_http_convrelay_record_name(record, tenant, i, account_sid,
                                       call_sid);

        if (ngx_http_convrelay_record_exists(mcf, record)) {
            return;
        }
    }

    ngx_http_convrelay_record_name(record, tenant, 0, account_sid, call_sid);
}
