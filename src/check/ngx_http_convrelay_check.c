
/*
 * Copyright (C) convrelay contributors
 *
 * What "nginx -t" finds across locations: a webhook sends calls to a socket,
 * and both have to agree.  These are warnings, because a path can be served
 * in ways that cannot be seen here.
 */


#include "ngx_http_convrelay_call.h"
#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_webhook.h"

#include "convrelay_secret.h"
#include "convrelay_template.h"
#include "convrelay_url.h"


/* a webhook, and the location that its calls go to */

typedef struct {
    ngx_http_convrelay_location_t    *twiml;
    ngx_http_convrelay_loc_conf_t    *socket; /* NULL: not known, or none */
} ngx_http_convrelay_route_t;


static ngx_int_t ngx_http_convrelay_check_route(ngx_conf_t *cf,
    ngx_http_convrelay_route_t *route);
static ngx_int_t ngx_http_convrelay_check_socket(ngx_conf_t *cf,
    ngx_http_convrelay_route_t *route);
static ngx_http_convrelay_location_t *ngx_http_convrelay_only_socket(
    ngx_conf_t *cf, ngx_http_core_srv_conf_t *server, ngx_uint_t *n);
static ngx_int_t ngx_http_convrelay_check_host(ngx_conf_t *cf,
    ngx_http_convrelay_value_t *url);
static ngx_int_t ngx_http_convrelay_check_action(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml);
static ngx_int_t ngx_http_convrelay_action_path(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml, ngx_str_t *path);

static ngx_int_t ngx_http_convrelay_check_pair(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_array_t *routes);
static ngx_int_t ngx_http_convrelay_check_drain(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_array_t *routes,
    ngx_uint_t known);
static ngx_int_t ngx_http_convrelay_check_reply(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml);
static ngx_uint_t ngx_http_convrelay_leads(ngx_http_convrelay_route_t *route,
    ngx_http_convrelay_location_t *socket, ngx_uint_t known);
static ngx_int_t ngx_http_convrelay_check_ticket(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml);
static ngx_uint_t ngx_http_convrelay_reports_keys(
    ngx_http_convrelay_location_t *twiml);
static void ngx_http_convrelay_check_keys(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml);
static void ngx_http_convrelay_check_public_url(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location);


ngx_int_t
ngx_http_convrelay_check(ngx_conf_t *cf)
{
    ngx_uint_t                       i;
    ngx_array_t                      routes;
    ngx_http_convrelay_route_t      *route;
    ngx_http_convrelay_location_t   *location;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (ngx_array_init(&routes, cf->temp_pool, 4,
                       sizeof(ngx_http_convrelay_route_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {

        ngx_http_convrelay_check_public_url(cf, &location[i]);

        mcf->actions |= location[i].conf->connect.enable;

        if (ngx_http_convrelay_check_store(cf, &location[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (location[i].conf->enable
            && (ngx_http_convrelay_check_tools(cf, &location[i]) != NGX_OK
                || ngx_http_convrelay_check_fallbacks(cf, &location[i])
                   != NGX_OK))
        {
            return NGX_ERROR;
        }

        if (location[i].conf->twiml.url == NULL) {
            continue;
        }

        route = ngx_array_push(&routes);
        if (route == NULL) {
            return NGX_ERROR;
        }

        route->twiml = &location[i];
        route->socket = NULL;

        if (ngx_http_convrelay_check_route(cf, route) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (location[i].conf->enable
            && (ngx_http_convrelay_check_pair(cf, &location[i], &routes)
                != NGX_OK
                || ngx_http_convrelay_check_socket_alone(cf, &location[i])
                   != NGX_OK))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A server without a convrelay location is not checked: its calls go to
 * another server, maybe on another machine.
 */

static ngx_int_t
ngx_http_convrelay_check_route(ngx_conf_t *cf,
    ngx_http_convrelay_route_t *route)
{
    ngx_uint_t                   n;
    convrelay_str_t              str;
    convrelay_url_t              u;
    ngx_http_convrelay_value_t  *url;

    url = route->twiml->conf->twiml.url;
    str = ngx_http_convrelay_str(&url->source);

    if (convrelay_url_split(&u, &str) == CONVRELAY_OK
        && memchr(u.host.data, '$', u.host.len) == NULL
        && convrelay_secret_is_placeholder(&u.host))
    {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &url->place,
                           "the host of \"convrelay_twiml %V\" is still a "
                           "placeholder", &url->source);
    }

    (void) ngx_http_convrelay_only_socket(cf, route->twiml->server, &n);

    if (n == 0) {
        return NGX_OK;
    }

    if (ngx_http_convrelay_check_socket(cf, route) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_check_action(cf, route->twiml);
}


static ngx_int_t
ngx_http_convrelay_check_socket(ngx_conf_t *cf,
    ngx_http_convrelay_route_t *route)
{
    ngx_int_t                       rc;
    ngx_str_t                       url, path;
    ngx_uint_t                      n;
    convrelay_str_t                 str;
    convrelay_url_t                 u;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_value_t     *value;
    ngx_http_convrelay_location_t  *only;

    value = route->twiml->conf->twiml.url;

    rc = ngx_http_convrelay_env_expand(cf, &value->source, &url);
    if (rc != NGX_OK) {
        return rc;
    }

    str = ngx_http_convrelay_str(&url);

    if (convrelay_url_split(&u, &str) != CONVRELAY_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_http_convrelay_local_path(cf, route->twiml, &u.host, &u.path,
                                       &path);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_convrelay_target(cf, route->twiml->server, &path, &clcf);

    if (clcf == NULL) {
        return NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        route->socket =
                 clcf->loc_conf[ngx_http_convrelay_module.ctx_index];

        if (route->socket->enable) {
            return NGX_OK;
        }

        route->socket = NULL;
    }

    if (ngx_http_convrelay_check_host(cf, value) == NGX_OK) {
        return NGX_DECLINED;
    }

    only = ngx_http_convrelay_only_socket(cf, route->twiml->server, &n);

    if (only) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &value->place,
                           "no location with \"convrelay\" matches \"%V\", to "
                           "which \"convrelay_twiml %V\" sends calls; did you "
                           "mean \"%V\"?",
                           &path, &value->source, &only->location->name);
        return NGX_DECLINED;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &value->place,
                       "no location with \"convrelay\" matches \"%V\", to "
                       "which \"convrelay_twiml %V\" sends calls",
                       &path, &value->source);

    return NGX_DECLINED;
}


/* *n: how many locations of the server take calls; if one, it is returned */

static ngx_http_convrelay_location_t *
ngx_http_convrelay_only_socket(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *server, ngx_uint_t *n)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_location_t   *location, *found;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    location = mcf->locations.elts;
    found = NULL;
    *n = 0;

    for (i = 0; i < mcf->locations.nelts; i++) {

        if (location[i].server == server && location[i].conf->enable) {
            found = &location[i];
            (*n)++;
        }
    }

    return (*n == 1) ? found : NULL;
}


/*
 * The variable for the host, such as NGROK_URL, may contain a path as well.
 * Returns NGX_OK if a warning was logged, otherwise NGX_DECLINED.
 */

static ngx_int_t
ngx_http_convrelay_check_host(ngx_conf_t *cf, ngx_http_convrelay_value_t *url)
{
    ngx_str_t                        name, value;
    convrelay_template_t             t;
    convrelay_template_part_t        part;
    ngx_http_convrelay_main_conf_t  *mcf;

    ngx_memzero(&t, sizeof(convrelay_template_t));

    t.pos = url->source.data;
    t.last = url->source.data + url->source.len;

    if (convrelay_template_next(&t, &part) != CONVRELAY_OK
        || !convrelay_str_eq(&part.text, "wss://")
        || convrelay_template_next(&t, &part) != CONVRELAY_OK
        || !part.variable
        || !convrelay_str_starts_nocase(&part.text, "convrelay_env_"))
    {
        return NGX_DECLINED;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    name.len = part.text.len - (sizeof("convrelay_env_") - 1);
    name.data = part.text.data + sizeof("convrelay_env_") - 1;

    if (ngx_http_convrelay_env_lookup(mcf, name.data, name.len, &value)
        != NGX_OK
        || ngx_strlchr(value.data, value.data + value.len, '/') == NULL)
    {
        return NGX_DECLINED;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &url->place,
                       "%V is \"%V\": write the host alone, \"convrelay_twiml "
                       "%V\" already has the path",
                       &name, &value, &url->source);

    return NGX_OK;
}


/* an action URL requested with GET is not checked: a file can answer it */

static ngx_int_t
ngx_http_convrelay_check_action(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml)
{
    ngx_int_t                        rc;
    ngx_str_t                        path;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_attribute_t  *action;

    action = twiml->conf->twiml.action;

    if (action == NULL || !action->known || action->text.len == 0
        || (action->name.len && ngx_strcmp(action->name.data, "GET") == 0))
    {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_action_path(cf, twiml, &path);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    rc = ngx_http_convrelay_target(cf, twiml->server, &path, &clcf);

    if (clcf == NULL) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        conf = clcf->loc_conf[ngx_http_convrelay_module.ctx_index];

        if (clcf->handler && !conf->enable) {
            return NGX_OK;
        }
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &action->value.place,
                       "no location answers \"%V\", which Twilio requests for "
                       "\"convrelay_twiml_action %V\": add \"location = %V { "
                       "convrelay_connect_action; }\"",
                       &path, &action->value.source, &path);

    return NGX_OK;
}


/*
 * Returns NGX_OK, NGX_DECLINED if the path is not known or belongs to another
 * host, or NGX_ERROR.
 */

static ngx_int_t
ngx_http_convrelay_action_path(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *twiml, ngx_str_t *path)
{
    size_t           i;
    ngx_str_t       *name;
    convrelay_str_t  str, uri;
    convrelay_url_t  u;

    str = ngx_http_convrelay_str(&twiml->conf->twiml.action->text);

    if (convrelay_url_split(&u, &str) == CONVRELAY_OK) {
        return ngx_http_convrelay_local_path(cf, twiml, &u.host, &u.path,
                                             path);
    }

    uri = str;

    for (uri.len = 0; uri.len < str.len; uri.len++) {

        if (str.data[uri.len] == '?' || str.data[uri.len] == '#') {
            break;
        }
    }

    if (uri.len && uri.data[0] == '/') {
        return ngx_http_convrelay_local_path(cf, twiml, NULL, &uri, path);
    }

    /* relative to the webhook's path, known only if its location is exact */

    if (!twiml->location->exact_match || uri.len == 0
        || ngx_strlchr(uri.data, uri.data + uri.len, '.'))
    {
        return NGX_DECLINED;
    }

    name = &twiml->location->name;

    for (i = name->len; i && name->data[i - 1] != '/'; i--) { /* void */ }

    path->len = i + uri.len;
    path->data = ngx_pnalloc(cf->pool, path->len);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(path->data, "%*s%*s", i, name->data, uri.len,
                       uri.data);

    return NGX_OK;
}


/*
 * Checks a socket against the webhooks that lead to it: those whose URL names
 * it or, if there are none, those of the same server whose URL is not known
 * yet.
 */

static ngx_int_t
ngx_http_convrelay_check_pair(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_array_t *routes)
{
    ngx_uint_t                      i, known, tickets, keys;
    ngx_http_convrelay_route_t     *route;
    ngx_http_convrelay_location_t  *first;

    route = routes->elts;
    known = 0;

    for (i = 0; i < routes->nelts; i++) {
        known |= (route[i].socket == socket->conf);
    }

    first = NULL;
    tickets = 0;
    keys = 0;

    for (i = 0; i < routes->nelts; i++) {

        if (!ngx_http_convrelay_leads(&route[i], socket, known)) {
            continue;
        }

        if (first == NULL) {
            first = route[i].twiml;
        }

        tickets |= (route[i].twiml->conf->auth.ticket != NULL);
        keys |= ngx_http_convrelay_reports_keys(route[i].twiml);

        if (known
            && ngx_http_convrelay_check_ticket(cf, socket, route[i].twiml)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (first == NULL) {
        return NGX_OK;
    }

    if (!known && !tickets != (socket->conf->auth.ticket == NULL)
        && ngx_http_convrelay_check_ticket(cf, socket, first) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!keys) {
        ngx_http_convrelay_check_keys(cf, socket, first);
    }

    if (socket->conf->limits.drain) {
        return ngx_http_convrelay_check_drain(cf, socket, routes, known);
    }

    return NGX_OK;
}


/* calls that are handed over come back only by the action */

static ngx_int_t
ngx_http_convrelay_check_drain(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket, ngx_array_t *routes,
    ngx_uint_t known)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_http_convrelay_route_t     *route;
    ngx_http_convrelay_location_t  *twiml;

    route = routes->elts;

    for (i = 0; i < routes->nelts; i++) {

        if (!ngx_http_convrelay_leads(&route[i], socket, known)) {
            continue;
        }

        twiml = route[i].twiml;

        if (twiml->conf->twiml.action == NULL) {
            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                               &socket->conf->limits.drain_place,
                               "\"convrelay_drain\" of location \"%V\" ends "
                               "calls, because \"%V\", which sends them there, "
                               "has no \"convrelay_twiml_action\": set it to a "
                               "location with \"convrelay_connect_action\" and "
                               "\"convrelay_connect_reply reconnect\"",
                               &socket->location->name,
                               &twiml->location->name);
            return NGX_OK;
        }

        rc = ngx_http_convrelay_check_reply(cf, socket, twiml);

        if (rc != NGX_OK) {
            return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
        }
    }

    return NGX_OK;
}


/* NGX_OK, NGX_DECLINED (a warning was logged) or NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_check_reply(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml)
{
    ngx_int_t                        rc;
    ngx_str_t                        path, *source;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_convrelay_loc_conf_t   *conf;
    ngx_http_convrelay_attribute_t  *action;

    action = twiml->conf->twiml.action;

    if (!action->known || action->text.len == 0) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_action_path(cf, twiml, &path);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    if (ngx_http_convrelay_target(cf, twiml->server, &path, &clcf) != NGX_OK
        || clcf == NULL)
    {
        return NGX_OK;
    }

    conf = clcf->loc_conf[ngx_http_convrelay_module.ctx_index];

    if (!conf->connect.enable) {
        return NGX_OK;
    }

    source = conf->connect.reply ? &conf->connect.reply->value.source : NULL;

    if (source
        && (ngx_strlchr(source->data, source->data + source->len, '$')
            || source->data[0] == '<'
            || ngx_strncmp(source->data, "file=", 5) == 0
            || ngx_strncmp(source->data, "reconnect", 9) == 0))
    {
        return NGX_OK;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf,
                       &socket->conf->limits.drain_place,
                       "\"convrelay_drain\" of location \"%V\" ends calls, "
                       "because \"%V\", which Twilio requests then, does not "
                       "connect them again: set \"convrelay_connect_reply\" to "
                       "\"reconnect\", or to a variable that is \"reconnect\" "
                       "for the error code 64105",
                       &socket->location->name, &path);

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_convrelay_leads(ngx_http_convrelay_route_t *route,
    ngx_http_convrelay_location_t *socket, ngx_uint_t known)
{
    return known ? route->socket == socket->conf
                 : (route->socket == NULL
                    && route->twiml->server == socket->server);
}


static ngx_int_t
ngx_http_convrelay_check_ticket(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml)
{
    ngx_int_t                    rc;
    ngx_str_t                    asked, given;
    ngx_http_convrelay_value_t  *ask, *give;

    ask = socket->conf->auth.ticket;
    give = twiml->conf->auth.ticket;

    if (ask && give == NULL) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &ask->place,
                           "location \"%V\" asks for tickets, but \"%V\", "
                           "which sends calls there, gives none: every call "
                           "is closed; set \"convrelay_ticket\" in both",
                           &socket->location->name, &twiml->location->name);
    }

    if (ask == NULL && give) {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &give->place,
                           "location \"%V\" gives tickets, but \"%V\", to "
                           "which it sends calls, does not ask for them, so "
                           "they protect nothing; set \"convrelay_ticket\" in "
                           "both",
                           &twiml->location->name, &socket->location->name);
    }

    if (ask == NULL || give == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_convrelay_env_expand(cf, &ask->source, &asked);

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_env_expand(cf, &give->source, &given);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    if (asked.len != given.len
        || ngx_memcmp(asked.data, given.data, asked.len) != 0)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &ask->place,
                           "location \"%V\" has a different ticket secret "
                           "than \"%V\", which sends calls there: every call "
                           "is closed; set the same \"convrelay_ticket\" in "
                           "both",
                           &socket->location->name, &twiml->location->name);
    }

    return NGX_OK;
}


/* true as well if the attribute's value is not known yet */

static ngx_uint_t
ngx_http_convrelay_reports_keys(ngx_http_convrelay_location_t *twiml)
{
    ngx_http_convrelay_attribute_t  *a;

    static ngx_str_t  name = ngx_string("dtmfDetection");

    if (twiml->conf->twiml.attributes == NULL) {
        return 0;
    }

    a = ngx_http_convrelay_find_attribute(twiml->conf->twiml.attributes,
                                          &name);

    return a && (!a->known || (a->text.len == 4
                               && ngx_strncmp(a->text.data, "true", 4) == 0));
}


static void
ngx_http_convrelay_check_keys(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *socket,
    ngx_http_convrelay_location_t *twiml)
{
    ngx_uint_t                     i;
    ngx_http_convrelay_rule_t     *rule;
    ngx_http_convrelay_place_t    *place;
    ngx_http_convrelay_on_conf_t  *on;

    on = &socket->conf->on;
    place = on->dtmf ? &on->dtmf->place : NULL;

    if (on->rules && place == NULL) {
        rule = on->rules->elts;

        for (i = 0; i < on->rules->nelts && place == NULL; i++) {

            if (rule[i].trigger == CONVRELAY_TRIGGER_DTMF) {
                place = &rule[i].place;
            }
        }
    }

    if (place == NULL) {
        return;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, place,
                       "location \"%V\" waits for keys, but Twilio reports "
                       "them only with \"convrelay_twiml_attribute "
                       "dtmfDetection true\" in \"%V\", which sends calls "
                       "there",
                       &socket->location->name, &twiml->location->name);
}


/* the request already contains the location's path: it would appear twice */

static void
ngx_http_convrelay_check_public_url(ngx_conf_t *cf,
    ngx_http_convrelay_location_t *location)
{
    size_t                       len;
    ngx_str_t                    url, *name;
    ngx_http_convrelay_value_t  *value;

    value = location->conf->auth.public_url;
    name = &location->location->name;

    if (value == NULL || value->warned || location->conf->auth.tokens == NULL
        || name->len < 2
        || ngx_http_convrelay_env_expand(cf, &value->source, &url) != NGX_OK)
    {
        return;
    }

    for (len = url.len; len && url.data[len - 1] == '/'; len--) { /* void */ }

    if (len <= name->len
        || ngx_memcmp(url.data + len - name->len, name->data, name->len) != 0)
    {
        return;
    }

    value->warned = 1;

    ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &value->place,
                       "\"convrelay_public_url %V\" ends in the path of "
                       "location \"%V\": write the scheme, the host, and only "
                       "the prefix that a proxy removes, such as "
                       "\"https://voice.example.com\"",
                       &value->source, name);
}
