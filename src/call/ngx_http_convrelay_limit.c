
/*
 * Copyright (C) convrelay contributors
 *
 * Decides whether a call is admitted.  A CallSid has one live socket, and
 * convrelay_limit_calls limits the live calls for each value of a key.
 */


#include <ngx_sha1.h>

#include "ngx_http_convrelay_shared.h"
#include "ngx_http_convrelay_zone.h"


static ngx_int_t ngx_http_convrelay_limit_entry(
    ngx_http_convrelay_call_t *call, convrelay_str_t *ended_session,
    convrelay_shm_entry_t *entry, ngx_http_convrelay_limit_t **limits,
    ngx_str_t *values);
static void ngx_http_convrelay_limit_id(convrelay_shm_id_t *id,
    ngx_str_t *kind, ngx_str_t *value);
static void ngx_http_convrelay_limit_log(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_limit_t *limit, ngx_str_t *value);
static void ngx_http_convrelay_limit_mask(ngx_str_t *value, u_char *buf,
    ngx_str_t *masked);


char *
ngx_http_convrelay_limit_calls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_int_t                    max;
    ngx_str_t                   *value;
    ngx_http_convrelay_limit_t  *limit;

    value = cf->args->elts;

    max = ngx_atoi(value[2].data, value[2].len);

    if (max == NGX_ERROR || max == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of calls \"%V\", write at least 1",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    if (clcf->limits.calls == NGX_CONF_UNSET_PTR) {

        clcf->limits.calls = ngx_array_create(cf->pool, 2,
                                          sizeof(ngx_http_convrelay_limit_t));
        if (clcf->limits.calls == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (clcf->limits.calls->nelts == CONVRELAY_SHM_MAX_LIMITS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a location can have at most %d \"%V\" directives",
                           CONVRELAY_SHM_MAX_LIMITS, &cmd->name);
        return NGX_CONF_ERROR;
    }

    limit = ngx_array_push(clcf->limits.calls);
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    limit->max = ngx_min(max, NGX_MAX_INT32_VALUE);

    return ngx_http_convrelay_value_compile(cf, &value[1], &limit->key, 0);
}


char *
ngx_http_convrelay_limit_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_convrelay_limit_t      *limit;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (conf->enable && conf->limits.calls && mcf->zone == NULL) {
        limit = conf->limits.calls->elts;

        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &limit->key.place,
                           "\"convrelay_limit_calls\" needs shared memory: add "
                           "\"convrelay_zone NAME SIZE\" to http");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_convrelay_limit_setup(ngx_http_convrelay_call_t *call,
    convrelay_str_t *ended_session)
{
    int                          full;
    ngx_int_t                    rc;
    ngx_str_t                    sid, values[CONVRELAY_SHM_MAX_LIMITS];
    ngx_shm_zone_t              *zone;
    convrelay_shm_entry_t        entry;
    convrelay_relay_setup_t      setup;
    ngx_http_convrelay_limit_t  *limits[CONVRELAY_SHM_MAX_LIMITS];

    zone = call->main->zone;

    if (zone == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_limit_entry(call, ended_session, &entry, limits,
                                        values);

    if (rc == NGX_DONE) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_zone_add(call, &entry, &full);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                      "convrelay_zone \"%V\" is full, its size is %uz: call "
                      "refused", &zone->shm.name, zone->shm.size);

        ngx_http_convrelay_count(call->conf, REFUSED_ZONE_FULL);

    } else if (full < 0) {
        convrelay_session_get_setup(call->session, &setup);

        sid = ngx_http_convrelay_ngx_str(&setup.call_sid);

        ngx_http_convrelay_limit_log(call, NULL, &sid);
        ngx_http_convrelay_count(call->conf, REFUSED_SECOND_SOCKET);

    } else {
        ngx_http_convrelay_limit_log(call, limits[full], &values[full]);
        ngx_http_convrelay_count(call->conf, REFUSED_LIMIT_CALLS);
    }

    return NGX_DECLINED;
}


/*
 * An empty value is not counted, as with limit_conn.  NGX_OK; NGX_DONE if there
 * is nothing to count; NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_limit_entry(ngx_http_convrelay_call_t *call,
    convrelay_str_t *ended_session, convrelay_shm_entry_t *entry,
    ngx_http_convrelay_limit_t **limits, ngx_str_t *values)
{
    uint64_t                     until;
    ngx_str_t                    value, tenant;
    ngx_uint_t                   i, n;
    convrelay_relay_setup_t      setup;
    ngx_http_convrelay_limit_t  *limit;

    convrelay_session_get_setup(call->session, &setup);

    ngx_memzero(entry, sizeof(convrelay_shm_entry_t));

    entry->data = call;
    entry->pid = ngx_http_convrelay_shared_process(&call->main->process);
    entry->session = ngx_crc32_long(setup.session_id.data,
                                    setup.session_id.len);

    if (ended_session->len) {
        entry->replaces = 1;
        entry->ended_session = ngx_crc32_long(ended_session->data,
                                              ended_session->len);
    }

    if (setup.call_sid.len) {
        value = ngx_http_convrelay_ngx_str(&setup.call_sid);

        tenant.len = CONVRELAY_SHA256_LEN;
        tenant.data = call->tenant->id[0];

        ngx_http_convrelay_limit_id(&entry->id, &tenant, &value);

        if (call->tenant->n > 1) {
            tenant.data = call->tenant->id[1];

            ngx_http_convrelay_limit_id(&entry->also, &tenant, &value);
        }
    }

    n = 0;
    limit = NULL;

    if (call->conf->limits.calls) {
        limit = call->conf->limits.calls->elts;
        n = call->conf->limits.calls->nelts;
    }

    for (i = 0; i < n; i++) {

        if (ngx_http_complex_value(call->request, limit[i].key.value, &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (value.len == 0) {
            continue;
        }

        limits[entry->nlimits] = &limit[i];
        values[entry->nlimits] = value;

        entry->limits[entry->nlimits].max = limit[i].max;

        ngx_http_convrelay_limit_id(&entry->limits[entry->nlimits].id,
                                    &limit[i].key.source, &value);
        entry->nlimits++;
    }

    if (call->main->status) {
        entry->mark = ngx_http_convrelay_stat_mark(call, &until);
        return NGX_OK;
    }

    return (setup.call_sid.len || entry->nlimits) ? NGX_OK : NGX_DONE;
}


/*
 * A calling number and the same number when called are different: the kind
 * distinguishes them.  The hash of a value of any length fits into the zone,
 * and keeps numbers and names out of shared memory.
 */

static void
ngx_http_convrelay_limit_id(convrelay_shm_id_t *id, ngx_str_t *kind,
    ngx_str_t *value)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, kind->data, kind->len);
    ngx_sha1_update(&sha1, "\0", 1);
    ngx_sha1_update(&sha1, value->data, value->len);
    ngx_sha1_final(digest, &sha1);

    ngx_memcpy(id, digest, sizeof(convrelay_shm_id_t));
}


/* limit: the one that was reached, or NULL if value is a CallSid */

static void
ngx_http_convrelay_limit_log(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_limit_t *limit, ngx_str_t *value)
{
    char       text[65];
    u_char     buf[16];
    ngx_str_t  shown;

    shown = *value;

    if (limit && !call->conf->limits.log_numbers) {
        ngx_http_convrelay_limit_mask(value, buf, &shown);
    }

    /* the value comes from outside: make it one printable line */

    convrelay_redact(text, sizeof(text), shown.data, shown.len);

    if (limit == NULL) {
        ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                      "call \"%s\" already has a live socket: second one "
                      "refused", text);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "too many calls for \"%s\" (%V): limit is %ui, call refused",
                  text, &limit->key.source, limit->max);
}


/* shows at most both ends of a value that may be a phone number */

static void
ngx_http_convrelay_limit_mask(ngx_str_t *value, u_char *buf,
    ngx_str_t *masked)
{
    masked->data = buf;

    if (value->len < 8) {
        masked->len = ngx_sprintf(buf, "***") - buf;
        return;
    }

    masked->len = ngx_sprintf(buf, "%*s***%*s", (size_t) 3, value->data,
                              (size_t) 2, value->data + value->len - 2)
                  - buf;
}
