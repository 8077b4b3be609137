
/*
 * Copyright (C) convrelay contributors
 *
 * The line in the error log that says which version was loaded.  Each of the
 * modules has it, because they are files of their own and may be of different
 * builds.  It is static: nginx loads modules into one namespace, where a
 * function of this name would be that of the first one for all.
 */


#ifndef NGX_HTTP_CONVRELAY_VERSION_H_INCLUDED
#define NGX_HTTP_CONVRELAY_VERSION_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "convrelay_base.h"


/*
 * For the module's init_module: a line at "notice" when nginx has started, or
 * when a reload has added the module.  Not for "nginx -t", and not for a reload
 * that goes on with the module as it was loaded.
 */

static ngx_inline void
ngx_http_convrelay_version_log(ngx_cycle_t *cycle, ngx_module_t *module)
{
    ngx_uint_t     i;
    ngx_module_t **old;

    if (ngx_test_config) {
        return;
    }

    old = ngx_is_init_cycle(cycle->old_cycle) ? NULL
                                              : cycle->old_cycle->modules;

    for (i = 0; old && old[i]; i++) {

        if (old[i] == module) {
            return;
        }
    }

    ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0, "%s %s, built for %s",
                  module->name, CONVRELAY_VERSION, NGINX_VER);
}


#endif /* NGX_HTTP_CONVRELAY_VERSION_H_INCLUDED */
