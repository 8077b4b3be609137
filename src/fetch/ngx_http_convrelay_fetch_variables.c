
/*
 * Copyright (C) convrelay contributors
 *
 * Arguments of the client's request, for a fetch that runs the handler of a
 * location.  The subrequest has no arguments, because proxy_pass would append
 * them to its own URI; so the variables come from the shadow, which has those
 * of the client.
 */


#include "ngx_http_convrelay_fetch.h"


static ngx_int_t ngx_http_convrelay_fetch_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_fetch_is_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_fetch_arg(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_request_t *ngx_http_convrelay_fetch_client(
    ngx_http_request_t *r);
static ngx_uint_t ngx_http_convrelay_fetch_is(ngx_str_t *name,
    const char *other);


/* nginx's own, which are the same for every configuration */

static ngx_http_get_variable_pt  ngx_http_convrelay_fetch_next_args;
static ngx_http_get_variable_pt  ngx_http_convrelay_fetch_next_is_args;
static ngx_http_get_variable_pt  ngx_http_convrelay_fetch_next_arg;


ngx_int_t
ngx_http_convrelay_fetch_add_variables(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_hash_key_t             *key;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {
        v = key[i].value;

        if (ngx_http_convrelay_fetch_is(&v->name, "args")
            || ngx_http_convrelay_fetch_is(&v->name, "query_string"))
        {
            ngx_http_convrelay_fetch_next_args = v->get_handler;
            v->get_handler = ngx_http_convrelay_fetch_args;

        } else if (ngx_http_convrelay_fetch_is(&v->name, "is_args")) {
            ngx_http_convrelay_fetch_next_is_args = v->get_handler;
            v->get_handler = ngx_http_convrelay_fetch_is_args;
        }
    }

    v = cmcf->prefix_variables.elts;

    for (i = 0; i < cmcf->prefix_variables.nelts; i++) {

        if (ngx_http_convrelay_fetch_is(&v[i].name, "arg_")) {
            ngx_http_convrelay_fetch_next_arg = v[i].get_handler;
            v[i].get_handler = ngx_http_convrelay_fetch_arg;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_fetch_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_convrelay_fetch_next_args(
                                  ngx_http_convrelay_fetch_client(r), v, data);
}


static ngx_int_t
ngx_http_convrelay_fetch_is_args(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_convrelay_fetch_next_is_args(
                                  ngx_http_convrelay_fetch_client(r), v, data);
}


static ngx_int_t
ngx_http_convrelay_fetch_arg(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_convrelay_fetch_next_arg(
                                  ngx_http_convrelay_fetch_client(r), v, data);
}


/* the request whose arguments r gets */

static ngx_http_request_t *
ngx_http_convrelay_fetch_client(ngx_http_request_t *r)
{
    ngx_http_convrelay_fetch_t  *f;

    f = ngx_http_convrelay_fetch_of(r);

    return (f && f->to.handler) ? f->main : r;
}


static ngx_uint_t
ngx_http_convrelay_fetch_is(ngx_str_t *name, const char *other)
{
    return name->len == ngx_strlen(other)
           && ngx_strncmp(name->data, other, name->len) == 0;
}
