
/*
 * Copyright (C) convrelay contributors
 *
 * nginx chooses a location only for a request, and there is none when the
 * configuration is checked.  So its rules are repeated here: the longest
 * prefix, an exact name, then regular expressions in their order unless the
 * prefix has "^~"; nested locations likewise.
 */


#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_count.h"


static ngx_int_t ngx_http_convrelay_target_in(ngx_http_core_loc_conf_t *outer,
    ngx_str_t *path, ngx_http_core_loc_conf_t **found);
static ngx_int_t ngx_http_convrelay_target_prefix(
    ngx_http_location_tree_node_t *node, ngx_str_t *path,
    ngx_http_core_loc_conf_t **found);


char *
ngx_http_convrelay_register(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    location = ngx_array_push(&mcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(location, sizeof(ngx_http_convrelay_location_t));

    location->server = ngx_http_conf_get_module_srv_conf(cf,
                                                       ngx_http_core_module);
    location->location = ngx_http_conf_get_module_loc_conf(cf,
                                                       ngx_http_core_module);
    location->conf = conf;

    conf->metrics = ngx_pcalloc(cf->pool,
                                sizeof(ngx_http_convrelay_metrics_t));

    return conf->metrics ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_convrelay_target(ngx_conf_t *cf, ngx_http_core_srv_conf_t *server,
    ngx_str_t *path, ngx_http_core_loc_conf_t **location)
{
    ngx_int_t  rc;

    rc = ngx_http_convrelay_target_first(cf, server, path, location);

    /* the server's own has none */

    if (*location && (*location)->loc_conf
        && ngx_http_convrelay_target_rewrites(cf, (*location)->loc_conf))
    {
        *location = NULL;
        return NGX_DECLINED;
    }

    return rc;
}


ngx_int_t
ngx_http_convrelay_target_first(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *server, ngx_str_t *path,
    ngx_http_core_loc_conf_t **location)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = server->ctx->loc_conf[ngx_http_core_module.ctx_index];
    *location = NULL;

    if (ngx_http_convrelay_target_rewrites(cf, server->ctx->loc_conf)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_target_in(clcf, path, &clcf);

    *location = clcf;

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


/*
 * NGX_OK: an exact name or a regular expression; NGX_AGAIN: a prefix;
 * NGX_DONE: a redirect; NGX_DECLINED: none, so it is the outer one.
 */

static ngx_int_t
ngx_http_convrelay_target_in(ngx_http_core_loc_conf_t *outer, ngx_str_t *path,
    ngx_http_core_loc_conf_t **found)
{
    ngx_int_t                   rc, inner;
    ngx_uint_t                  noregex;
#if (NGX_PCRE)
    ngx_http_core_loc_conf_t  **regex;
#endif

    *found = outer;
    noregex = 0;

    rc = ngx_http_convrelay_target_prefix(outer->static_locations, path,
                                          found);

    if (rc == NGX_AGAIN) {
        noregex = (*found)->noregex;
        inner = ngx_http_convrelay_target_in(*found, path, found);

        if (inner != NGX_DECLINED) {
            rc = inner;
        }
    }

    if (rc == NGX_OK || rc == NGX_DONE || noregex) {
        return rc;
    }

#if (NGX_PCRE)

    for (regex = outer->regex_locations; regex && *regex; regex++) {

        if (ngx_regex_exec((*regex)->regex->regex, path, NULL, 0) >= 0) {
            (void) ngx_http_convrelay_target_in(*regex, path, found);
            return NGX_OK;
        }
    }

#endif

    return rc;
}


/*
 * NGX_OK: an exact name; NGX_AGAIN: the longest prefix; NGX_DONE: a redirect;
 * NGX_DECLINED: none, and *found is left alone.
 */

static ngx_int_t
ngx_http_convrelay_target_prefix(ngx_http_location_tree_node_t *node,
    ngx_str_t *path, ngx_http_core_loc_conf_t **found)
{
    size_t     n;
    ngx_int_t  rc, order;
    ngx_str_t  rest;

    rest = *path;
    rc = NGX_DECLINED;

    while (node) {
        n = ngx_min(rest.len, (size_t) node->len);
        order = ngx_filename_cmp(rest.data, node->name, n);

        if (order == 0 && rest.len < node->len) {

            if (rest.len + 1 == node->len && node->auto_redirect) {
                *found = node->exact ? node->exact : node->inclusive;
                rc = NGX_DONE;
            }

            order = -1;
        }

        if (order == 0 && rest.len == node->len && node->exact) {
            *found = node->exact;
            return NGX_OK;
        }

        if (order == 0 && node->inclusive) {
            *found = node->inclusive;
            rc = NGX_AGAIN;

            if (rest.len == node->len) {
                return rc;
            }

            rest.data += n;
            rest.len -= n;
            node = node->tree;
            continue;
        }

        node = (order < 0) ? node->left : node->right;
    }

    return rc;
}


ngx_http_core_loc_conf_t *
ngx_http_convrelay_target_literal(ngx_http_core_srv_conf_t *server,
    ngx_str_t *name)
{
    ngx_int_t                   rc;
    ngx_http_core_loc_conf_t   *clcf, **named;

    if (name->data[0] == '@') {

        for (named = server->named_locations; named && *named; named++) {

            if ((*named)->name.len == name->len
                && ngx_strncmp((*named)->name.data, name->data, name->len)
                   == 0)
            {
                return *named;
            }
        }

        return NULL;
    }

    clcf = server->ctx->loc_conf[ngx_http_core_module.ctx_index];

    rc = ngx_http_convrelay_target_in(clcf, name, &clcf);

    return (rc == NGX_OK || rc == NGX_AGAIN) ? clcf : NULL;
}


/*
 * The effect of these directives is not known, but the configuration of the
 * rewrite module starts with their code.
 */

ngx_uint_t
ngx_http_convrelay_target_rewrites(ngx_conf_t *cf, void **loc_conf)
{
    void          **conf;
    ngx_uint_t      i;
    ngx_module_t   *module;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, "ngx_http_rewrite_module") == 0) {
            conf = loc_conf[module->ctx_index];

            return conf && *conf;
        }
    }

    return 0;
}
