
/*
 * Copyright (C) convrelay contributors
 *
 * Which calls a location can reach.
 */


#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_env.h"
#include "ngx_http_convrelay_tenant.h"


static void ngx_http_convrelay_tenant_add(ngx_http_convrelay_tenant_t *tenant,
    const char *kind, ngx_str_t *first, ngx_str_t *second);
static ngx_int_t ngx_http_convrelay_tenant_ticket(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);
static void ngx_http_convrelay_tenant_server(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant);
static void ngx_http_convrelay_tenant_location(
    ngx_http_convrelay_location_t *location, ngx_uint_t n);
static uint64_t ngx_http_convrelay_tenant_hash(
    ngx_http_convrelay_location_t *location, ngx_http_core_loc_conf_t *clcf,
    uint32_t number);
static ngx_int_t ngx_http_convrelay_tenant_listen(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);
static ngx_int_t ngx_http_convrelay_tenant_known(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);
static ngx_uint_t ngx_http_convrelay_tenant_has(
    const ngx_http_convrelay_tenant_t *tenant, const u_char *id, ngx_uint_t n);


void
ngx_http_convrelay_tenant_token(ngx_http_convrelay_tenant_t *tenant,
    ngx_str_t *token)
{
    static ngx_str_t  none = ngx_null_string;

    ngx_http_convrelay_tenant_add(tenant, "token", token, &none);
}


/* the kind keeps a secret apart from a server that is called like it */

static void
ngx_http_convrelay_tenant_add(ngx_http_convrelay_tenant_t *tenant,
    const char *kind, ngx_str_t *first, ngx_str_t *second)
{
    convrelay_sha256_t  h;

    if (tenant->n == NGX_HTTP_CONVRELAY_TENANT_MAX) {
        return;
    }

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, kind, ngx_strlen(kind) + 1);

    if (first->len) {
        convrelay_sha256_update(&h, first->data, first->len);
    }

    convrelay_sha256_update(&h, "", 1);

    if (second->len) {
        convrelay_sha256_update(&h, second->data, second->len);
    }

    convrelay_sha256_final(&h, tenant->id[tenant->n++]);
}


ngx_int_t
ngx_http_convrelay_tenant_session(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    if (tenant->n) {
        return NGX_OK;
    }

    if (ngx_http_convrelay_tenant_ticket(r, tenant) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tenant->n == 0) {
        ngx_http_convrelay_tenant_server(r, tenant);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_tenant_action(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_str_t                      *token;
    ngx_uint_t                      i;
    ngx_array_t                    *tokens;
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    tenant->n = 0;

    if (clcf->auth.tokens) {
        tokens = ngx_http_convrelay_signature_tokens(r, r->pool,
                                                     clcf->auth.tokens);
        if (tokens == NULL) {
            return NGX_ERROR;
        }

        token = tokens->elts;

        for (i = 0; i < tokens->nelts; i++) {
            ngx_http_convrelay_tenant_token(tenant, &token[i]);
        }
    }

    if (ngx_http_convrelay_tenant_ticket(r, tenant) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_tenant_server(r, tenant);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_tenant_ticket(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_str_t                       secret;
    ngx_http_convrelay_loc_conf_t  *clcf;

    static ngx_str_t  none = ngx_null_string;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (clcf->auth.ticket == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, clcf->auth.ticket->value, &secret)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (secret.len) {
        ngx_http_convrelay_tenant_add(tenant, "ticket", &secret, &none);
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_tenant_server(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_str_t                        listen;
    ngx_uint_t                       i;
    ngx_http_core_srv_conf_t        *cscf;
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    ngx_str_null(&listen);

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (location[i].server == cscf) {
            listen = location[i].listen;
            break;
        }
    }

    ngx_http_convrelay_tenant_add(tenant, "server", &cscf->server_name,
                                  &listen);
}


ngx_int_t
ngx_http_convrelay_tenant_init(ngx_conf_t *cf)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (i && location[i].server == location[i - 1].server) {
            location[i].listen = location[i - 1].listen;
            location[i].address = location[i - 1].address;

        } else if (ngx_http_convrelay_tenant_listen(cf, &location[i])
                   != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_convrelay_tenant_location(location, i);
    }

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (ngx_http_convrelay_tenant_known(cf, &location[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* what can be told without a request */

static ngx_int_t
ngx_http_convrelay_tenant_known(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    ngx_int_t                       rc;
    ngx_str_t                       secret;
    ngx_uint_t                      i;
    ngx_array_t                    *tokens;
    ngx_http_convrelay_value_t     *v;
    ngx_http_convrelay_tenant_t    *tenant;
    ngx_http_convrelay_loc_conf_t  *conf;

    static ngx_str_t  none = ngx_null_string;

    conf = location->conf;

    if (!conf->enable || conf->report == NULL) {
        return NGX_OK;
    }

    tenant = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_tenant_t));
    if (tenant == NULL) {
        return NGX_ERROR;
    }

    location->tenant = tenant;

    tokens = conf->auth.tokens;
    v = tokens ? tokens->elts : NULL;

    for (i = 0; tokens && i < tokens->nelts; i++) {
        rc = ngx_http_convrelay_env_expand(cf, &v[i].source, &secret);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            location->varies = 1;

        } else if (secret.len) {
            ngx_http_convrelay_tenant_token(tenant, &secret);
        }
    }

    if (conf->auth.ticket) {
        rc = ngx_http_convrelay_env_expand(cf, &conf->auth.ticket->source,
                                           &secret);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            location->varies = 1;

        } else if (secret.len) {
            ngx_http_convrelay_tenant_add(tenant, "ticket", &secret, &none);
        }
    }

    location->nsecrets = tenant->n;

    /* of servers that are told apart by a number, it would be everybody's */

    if (!location->twin) {
        ngx_http_convrelay_tenant_add(tenant, "server",
                                      &location->server->server_name,
                                      &location->listen);
    }

    return NGX_OK;
}


ngx_http_convrelay_location_t *
ngx_http_convrelay_tenant_home(ngx_http_convrelay_main_conf_t *mcf,
    uint64_t id, uint64_t path, const u_char *tenant)
{
    ngx_uint_t                      i, n, same;
    ngx_http_convrelay_location_t  *location, *any, *found;

    n = 0;
    same = 0;
    any = NULL;
    found = NULL;
    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (location[i].tenant == NULL) {
            continue;
        }

        if (location[i].id == id
            && (ngx_http_convrelay_tenant_has(location[i].tenant, tenant,
                                              location[i].tenant->n)
                || (location[i].varies && !location[i].twin)))
        {
            return &location[i];
        }

        /* without a secret, another location may be somebody else's */

        if (ngx_http_convrelay_tenant_has(location[i].tenant, tenant,
                                          location[i].nsecrets))
        {
            any = &location[i];
            n++;

            if (location[i].path == path) {
                found = &location[i];
                same++;
            }
        }
    }

    if (same) {
        return same == 1 ? found : NULL;
    }

    return n == 1 ? any : NULL;
}


static ngx_uint_t
ngx_http_convrelay_tenant_has(const ngx_http_convrelay_tenant_t *tenant,
    const u_char *id, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (ngx_memcmp(tenant->id[i], id, CONVRELAY_SHA256_LEN) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * The same after a reload, whatever is before it in the configuration: a report
 * is delivered by it, and an LLM's failures are counted by it.  Only servers
 * that nginx does not tell apart, and blocks such as "if", are told apart by a
 * number.
 */

static void
ngx_http_convrelay_tenant_location(ngx_http_convrelay_location_t *location,
    ngx_uint_t n)
{
    u_char                     digest[CONVRELAY_SHA256_LEN];
    uint32_t                   number, exact;
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    convrelay_sha256_t         h;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = location[n].location;
    name = &clcf->name;

    exact = clcf->exact_match;
    number = 0;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, &exact, sizeof(uint32_t));

    if (name->len) {
        convrelay_sha256_update(&h, name->data, name->len);
    }

    convrelay_sha256_final(&h, digest);
    ngx_memcpy(&location[n].path, digest, sizeof(uint64_t));

    do {
        location[n].id = ngx_http_convrelay_tenant_hash(&location[n], clcf,
                                                        number);

        for (i = 0; location[i].id != location[n].id; i++) { /* void */ }

        if (i != n) {
            location[i].twin = 1;
            location[n].twin = 1;
        }

        number++;

    } while (i != n);
}


uint64_t
ngx_http_convrelay_tenant_beside(ngx_http_convrelay_location_t *location,
    ngx_http_core_loc_conf_t *clcf)
{
    return (clcf == location->location)
           ? location->id : ngx_http_convrelay_tenant_hash(location, clcf, 0);
}


/* of a location of the same server */

static uint64_t
ngx_http_convrelay_tenant_hash(ngx_http_convrelay_location_t *location,
    ngx_http_core_loc_conf_t *clcf, uint32_t number)
{
    u_char              digest[CONVRELAY_SHA256_LEN];
    uint32_t            exact;
    uint64_t            id;
    ngx_str_t           part[4];
    ngx_uint_t          i;
    convrelay_sha256_t  h;

    part[0] = location->server->server_name;
    part[1] = location->listen;
    part[2] = location->address;
    part[3] = clcf->name;

    exact = clcf->exact_match;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, &number, sizeof(uint32_t));
    convrelay_sha256_update(&h, &exact, sizeof(uint32_t));

    for (i = 0; i < 4; i++) {

        if (part[i].len) {
            convrelay_sha256_update(&h, part[i].data, part[i].len);
        }

        convrelay_sha256_update(&h, "", 1);
    }

    convrelay_sha256_final(&h, digest);

    ngx_memcpy(&id, digest, sizeof(uint64_t));

    return id;
}


/* the lowest port of its server, or else a socket: addresses differ between
   machines; and the first address, by their text, that has it */

static ngx_int_t
ngx_http_convrelay_tenant_listen(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    u_char                      *p;
    in_port_t                    lowest;
    ngx_str_t                   *text;
    ngx_uint_t                   i, j, k;
    ngx_http_conf_addr_t        *addr;
    ngx_http_conf_port_t        *port;
    ngx_http_core_srv_conf_t   **servers;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    lowest = 0;
    port = cmcf->ports ? cmcf->ports->elts : NULL;

    for (i = 0; cmcf->ports && i < cmcf->ports->nelts; i++) {
        addr = port[i].addrs.elts;

        for (j = 0; j < port[i].addrs.nelts; j++) {
            servers = addr[j].servers.elts;

            for (k = 0; k < addr[j].servers.nelts; k++) {

                if (servers[k] != location->server) {
                    continue;
                }

                text = &addr[j].opt.addr_text;

                if (port[i].port == 0) {
                    location->listen = *text;

                } else if (lowest == 0 || port[i].port < lowest) {
                    lowest = port[i].port;
                    location->address = *text;

                } else if (port[i].port == lowest
                           && ngx_memn2cmp(text->data,
                                           location->address.data, text->len,
                                           location->address.len)
                              < 0)
                {
                    location->address = *text;
                }
            }
        }
    }

    if (lowest == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(cf->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    location->listen.data = p;
    location->listen.len = ngx_sprintf(p, "%ui", (ngx_uint_t) lowest)
                           - p;

    return NGX_OK;
}
