
/*
 * Copyright (C) convrelay contributors
 *
 * The directive convrelay_talk.
 */


#include "ngx_http_convrelay_talk.h"
#include "ngx_http_convrelay_target.h"


static ngx_int_t ngx_http_convrelay_talk_find(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page);
static ngx_http_convrelay_location_t *ngx_http_convrelay_talk_socket(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_talk_page_t *page,
    ngx_str_t **other);
static ngx_int_t ngx_http_convrelay_talk_twiml(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page);
static ngx_int_t ngx_http_convrelay_talk_id(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page,
    ngx_http_convrelay_location_t *socket);
static ngx_uint_t ngx_http_convrelay_talk_guarded(ngx_conf_t *cf,
    void **loc_conf);
static void *ngx_http_convrelay_talk_module(ngx_conf_t *cf, void **loc_conf,
    const char *name);


char *
ngx_http_convrelay_talk(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                        *value, *access;
    ngx_uint_t                        i;
    ngx_http_core_loc_conf_t         *core;
    ngx_http_convrelay_talk_page_t   *page, **p;
    ngx_http_convrelay_main_conf_t   *mcf;

    if (clcf->talk.page) {
        return "is duplicate";
    }

    value = cf->args->elts;
    access = &value[cf->args->nelts - 1];

    if (ngx_strcmp(access->data, "protected") != 0
        && ngx_strcmp(access->data, "public") != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_talk\" must say who can talk at your "
                           "expense: write \"convrelay_talk %V protected\" in "
                           "a location that has \"auth_basic\", "
                           "\"auth_request\", or \"allow\" and \"deny\", or "
                           "\"convrelay_talk %V public\" for everybody",
                           &value[1], &value[1]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_talk\" has no location: write that of "
                           "a \"convrelay\", as in \"convrelay_talk /ws %V\"",
                           access);
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts - 1; i++) {

        if (value[i].len == 0 || value[i].data[0] != '/') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid location \"%V\" of \"convrelay_talk\", "
                               "write the name of a location of this server, "
                               "such as \"%s\"", &value[i],
                               i == 1 ? "/ws" : "/twiml");
            return NGX_CONF_ERROR;
        }
    }

    page = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_talk_page_t));
    if (page == NULL) {
        return NGX_CONF_ERROR;
    }

    core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    page->socket_name = value[1];
    page->public = (access->data[1] == 'u');
    page->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    page->location = core;
    page->pool = cf->pool;

    if (cf->args->nelts == 4) {
        page->twiml_name = value[2];
    }

    ngx_http_convrelay_place(cf, &page->place);
    ngx_http_convrelay_place(cf, &clcf->place);

    clcf->talk.page = page;
    core->handler = ngx_http_convrelay_talk_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (mcf->talk_zone == NULL
        && ngx_http_convrelay_talk_zone(cf, mcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    p = ngx_array_push(&mcf->talks);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    *p = page;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_convrelay_talk_init(ngx_conf_t *cf)
{
    ngx_uint_t                        i;
    ngx_http_convrelay_talk_page_t  **page;
    ngx_http_convrelay_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    page = mcf->talks.elts;

    for (i = 0; i < mcf->talks.nelts; i++) {

        if (mcf->zone == NULL) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &page[i]->place,
                           "\"convrelay_talk\" counts its calls in shared "
                           "memory: add \"convrelay_zone NAME SIZE\" to http");
            return NGX_ERROR;
        }

        if (ngx_http_convrelay_talk_find(cf, page[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!page[i]->public
            && !ngx_http_convrelay_talk_guarded(cf,
                                                page[i]->location->loc_conf))
        {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &page[i]->place,
                           "location \"%V\" is called protected, but nginx "
                           "sees nothing that protects it: add \"auth_basic\", "
                           "\"auth_request\", or \"allow\" and \"deny\", or, "
                           "if anybody may talk at your expense, write "
                           "\"public\"", &page[i]->location->name);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_find(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page)
{
    ngx_str_t                       *other;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_location_t   *socket;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    socket = ngx_http_convrelay_talk_socket(mcf, page, &other);

    if (socket == NULL) {

        if (other) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &page->place,
                           "this server has no location \"%V\" with "
                           "\"convrelay\", to which \"convrelay_talk\" leads; "
                           "did you mean \"%V\"?", &page->socket_name, other);

        } else {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &page->place,
                           "this server has no location \"%V\" with "
                           "\"convrelay\", to which \"convrelay_talk\" leads",
                           &page->socket_name);
        }

        return NGX_ERROR;
    }

    if (socket->conf->limits.calls
        && socket->conf->limits.calls->nelts == CONVRELAY_SHM_MAX_LIMITS)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &page->place,
                           "location \"%V\" can have at most %d "
                           "\"convrelay_limit_calls\", because "
                           "\"convrelay_talk\" adds one",
                           &page->socket_name, CONVRELAY_SHM_MAX_LIMITS - 1);
        return NGX_ERROR;
    }

    conf = page->location->loc_conf[ngx_http_convrelay_module.ctx_index];

    page->socket = socket->location;
    page->limit = conf->talk.limit;
    page->time = conf->talk.time;

    if (page->twiml_name.len
        && ngx_http_convrelay_talk_twiml(cf, page) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_talk_id(cf, page, socket);
}


/* *other: the name of another one, if it is the only one, or NULL */

static ngx_http_convrelay_location_t *
ngx_http_convrelay_talk_socket(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_talk_page_t *page, ngx_str_t **other)
{
    ngx_uint_t                      i, n;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_location_t  *location;

    clcf = ngx_http_convrelay_target_literal(page->server, &page->socket_name);

    location = mcf->locations.elts;
    *other = NULL;
    n = 0;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (location[i].server != page->server || !location[i].conf->enable) {
            continue;
        }

        if (location[i].location == clcf) {
            return &location[i];
        }

        *other = (n++ == 0) ? &location[i].location->name : NULL;
    }

    return NULL;
}


static ngx_int_t
ngx_http_convrelay_talk_twiml(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page)
{
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_loc_conf_t  *conf;

    clcf = ngx_http_convrelay_target_literal(page->server, &page->twiml_name);

    conf = clcf ? clcf->loc_conf[ngx_http_convrelay_module.ctx_index] : NULL;

    if (conf == NULL || conf->twiml.url == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &page->place,
                           "this server has no location \"%V\" with "
                           "\"convrelay_twiml\", from which "
                           "\"convrelay_talk\" takes greeting and parameters",
                           &page->twiml_name);
        return NGX_ERROR;
    }

    page->twiml = conf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_id(ngx_conf_t *cf,
    ngx_http_convrelay_talk_page_t *page,
    ngx_http_convrelay_location_t *socket)
{
    u_char  *p;

    page->id.len = sizeof(uint64_t) + page->location->name.len;

    page->id.data = ngx_pnalloc(cf->pool, page->id.len);
    if (page->id.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(page->id.data, &socket->id, sizeof(uint64_t));

    ngx_memcpy(p, page->location->name.data, page->location->name.len);

    return NGX_OK;
}


/*
 * Only what modules of nginx do can be seen here.  Their configurations are
 * private, but begin in the same way in all versions.
 */

static ngx_uint_t
ngx_http_convrelay_talk_guarded(ngx_conf_t *cf, void **loc_conf)
{
    ngx_str_t                  *uri;
    ngx_array_t               **rules;
    ngx_http_complex_value_t  **realm;

    /* IPv4, IPv6, unix sockets */

    rules = ngx_http_convrelay_talk_module(cf, loc_conf,
                                           "ngx_http_access_module");

    if (rules && rules[0]) {
        return 1;
    }

#if (NGX_HAVE_INET6)
    if (rules && rules[1]) {
        return 1;
    }
#endif

    realm = ngx_http_convrelay_talk_module(cf, loc_conf,
                                           "ngx_http_auth_basic_module");

    if (realm && *realm && *realm != NGX_CONF_UNSET_PTR
        && ((*realm)->lengths
            || (*realm)->value.len != 3
            || ngx_strncmp((*realm)->value.data, "off", 3) != 0))
    {
        return 1;
    }

    uri = ngx_http_convrelay_talk_module(cf, loc_conf,
                                         "ngx_http_auth_request_module");

    return uri && uri->data && uri->len;
}


static void *
ngx_http_convrelay_talk_module(ngx_conf_t *cf, void **loc_conf,
    const char *name)
{
    ngx_uint_t  i;

    for (i = 0; cf->cycle->modules[i]; i++) {

        if (cf->cycle->modules[i]->type == NGX_HTTP_MODULE
            && ngx_strcmp(cf->cycle->modules[i]->name, name) == 0)
        {
            return loc_conf[cf->cycle->modules[i]->ctx_index];
        }
    }

    return NULL;
}
