
/*
 * Copyright (C) convrelay contributors
 */


#include "ngx_http_convrelay_place.h"


void
ngx_http_convrelay_place(ngx_conf_t *cf, ngx_http_convrelay_place_t *place)
{
    if (place->line || cf->conf_file == NULL) {
        return;
    }

    place->file = cf->conf_file->file.name.data;
    place->line = cf->conf_file->line;
}


char *
ngx_http_convrelay_conf_options(ngx_conf_t *cf, ngx_uint_t from, ngx_uint_t to)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *value;
    ngx_uint_t   i, n;

    value = cf->args->elts;

    for (i = from; i < to; i++) {

        /* with the "=", or with the NUL at the end */

        p = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
        len = p ? (size_t) (p - value[i].data) + 1 : value[i].len + 1;

        for (n = from; n < i; n++) {

            if (ngx_strncmp(value[n].data, value[i].data, len) == 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"%V\" and \"%V\" are the same parameter, "
                                   "write it once", &value[n], &value[i]);
                return NGX_CONF_ERROR;
            }
        }
    }

    return NGX_CONF_OK;
}


void ngx_cdecl
ngx_http_convrelay_conf_error(ngx_uint_t level, ngx_conf_t *cf,
    const ngx_http_convrelay_place_t *place, const char *fmt, ...)
{
    u_char            errstr[NGX_MAX_CONF_ERRSTR], *p;
    va_list           args;
    ngx_conf_file_t  *conf_file, file;

    va_start(args, fmt);
    p = ngx_vslprintf(errstr, errstr + NGX_MAX_CONF_ERRSTR, fmt, args);
    va_end(args);

    conf_file = cf->conf_file;

    if (place->line) {
        ngx_memzero(&file, sizeof(ngx_conf_file_t));

        file.file.name.data = place->file;
        file.line = place->line;

        cf->conf_file = &file;
    }

    ngx_conf_log_error(level, cf, 0, "%*s", (size_t) (p - errstr), errstr);

    cf->conf_file = conf_file;
}
