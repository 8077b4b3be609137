
/*
 * Copyright (C) convrelay contributors
 *
 * The handshake and the setup message of a call from a page: its ticket takes
 * the place of Twilio's signature.
 */


#include "ngx_http_convrelay_talk.h"

#include "convrelay_spent.h"
#include "convrelay_talk.h"


/* of a request, until its setup message */

typedef struct {
    u_char                            setup[CONVRELAY_TALK_SETUP_LEN];
} ngx_http_convrelay_talk_call_t;


static ngx_int_t ngx_http_convrelay_talk_refuse(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, const char *reason);
static ngx_http_convrelay_talk_page_t *ngx_http_convrelay_talk_issuer(
    ngx_http_request_t *r, const convrelay_talk_ticket_t *ticket);
static ngx_int_t ngx_http_convrelay_talk_spend_once(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf,
    const convrelay_talk_ticket_t *ticket);
static ngx_http_convrelay_loc_conf_t *ngx_http_convrelay_talk_loc_conf(
    ngx_http_request_t *r, ngx_http_convrelay_talk_page_t *page,
    ngx_http_convrelay_loc_conf_t *of);
static ngx_int_t ngx_http_convrelay_talk_limit(ngx_http_request_t *r,
    ngx_http_convrelay_talk_page_t *page, ngx_http_convrelay_loc_conf_t *conf);
static void ngx_http_convrelay_talk_cleanup(void *data);


ngx_int_t
ngx_http_convrelay_talk_open(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t **conf)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    convrelay_str_t                  line;
    ngx_list_part_t                 *part;
    ngx_table_elt_t                 *header;
    ngx_pool_cleanup_t              *cln;
    convrelay_talk_offer_t           offer;
    convrelay_talk_ticket_t          ticket;
    ngx_http_convrelay_loc_conf_t   *clcf, *own;
    ngx_http_convrelay_talk_call_t  *talk;
    ngx_http_convrelay_talk_page_t  *page;

    static const char  name[] = "sec-websocket-protocol";

    ngx_memzero(&offer, sizeof(convrelay_talk_offer_t));

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].key.len == sizeof(name) - 1
                && ngx_strncmp(header[i].lowcase_key, name, sizeof(name) - 1)
                   == 0)
            {
                line = ngx_http_convrelay_str(&header[i].value);
                convrelay_talk_offer(&offer, &line);
            }
        }
    }

    if (!offer.talk) {
        return NGX_DECLINED;
    }

    clcf = *conf;

    if (offer.tickets == 0) {
        return ngx_http_convrelay_talk_refuse(r, clcf, "no ticket");
    }

    if (offer.tickets > 1
        || convrelay_talk_ticket_read(&ticket, &offer.ticket) != CONVRELAY_OK)
    {
        return ngx_http_convrelay_talk_refuse(r, clcf, "a wrong ticket");
    }

    page = ngx_http_convrelay_talk_issuer(r, &ticket);

    if (page == NULL) {
        return ngx_http_convrelay_talk_refuse(r, clcf, "a wrong ticket");
    }

    if ((time_t) ticket.expires < ngx_time()) {
        return ngx_http_convrelay_talk_refuse(r, clcf,
                                              "a ticket that expired");
    }

    own = ngx_http_convrelay_talk_loc_conf(r, page, clcf);
    if (own == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_convrelay_talk_call_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    talk = cln->data;
    ngx_memcpy(talk->setup, ticket.setup, sizeof(talk->setup));
    cln->handler = ngx_http_convrelay_talk_cleanup;

    /* before the 101: it is used up, whatever becomes of the call */

    rc = ngx_http_convrelay_talk_spend_once(r, clcf, &ticket);
    if (rc != NGX_OK) {
        return rc;
    }

    *conf = own;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_talk_refuse(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf, const char *reason)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client sent handshake of \"convrelay_talk\" with %s",
                  reason);

    ngx_http_convrelay_count(clcf, REFUSED_TICKET);

    return NGX_HTTP_FORBIDDEN;
}


/* the page of this location which gave the ticket, or NULL */

static ngx_http_convrelay_talk_page_t *
ngx_http_convrelay_talk_issuer(ngx_http_request_t *r,
    const convrelay_talk_ticket_t *ticket)
{
    ngx_uint_t                        i;
    convrelay_str_t                   id;
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_core_srv_conf_t         *cscf;
    ngx_http_convrelay_talk_page_t  **page;
    ngx_http_convrelay_main_conf_t   *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    page = mcf->talks.elts;

    for (i = 0; i < mcf->talks.nelts; i++) {

        /* a block of "if" has the very name of its location, and not only one
           that is equal, as that of "/ws" is to that of "= /ws" */

        if (page[i]->server != cscf
            || page[i]->socket->name.data != clcf->name.data)
        {
            continue;
        }

        id = ngx_http_convrelay_str(&page[i]->id);

        if (convrelay_talk_ticket_valid(ticket,
                                        ngx_http_convrelay_talk_key(mcf),
                                        &id))
        {
            return page[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_convrelay_talk_spend_once(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t *clcf,
    const convrelay_talk_ticket_t *ticket)
{
    ngx_int_t                        rc;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    rc = ngx_http_convrelay_talk_spend(mcf, ticket->nonce, ticket->expires);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_convrelay_talk_refuse(r, clcf,
                                              "a ticket that was used");
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "too many pages of \"convrelay_talk\" open their calls, "
                  "limit is %d in %d seconds", CONVRELAY_SPENT_MAX,
                  NGX_HTTP_CONVRELAY_TALK_LIFETIME);

    ngx_http_convrelay_count(clcf, REFUSED_TICKET);

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


/* workers make these as they need them: none lives longer than the others */

static ngx_http_convrelay_loc_conf_t *
ngx_http_convrelay_talk_loc_conf(ngx_http_request_t *r,
    ngx_http_convrelay_talk_page_t *page, ngx_http_convrelay_loc_conf_t *of)
{
    ngx_msec_t                       time;
    ngx_http_convrelay_talk_conf_t  *own;

    for (own = page->confs; own; own = own->next) {

        if (own->of == of) {
            return &own->conf;
        }
    }

    own = ngx_palloc(page->pool, sizeof(ngx_http_convrelay_talk_conf_t));
    if (own == NULL) {
        return NULL;
    }

    own->of = of;
    own->conf = *of;

    /* the page's ticket has done the work of this one */

    own->conf.auth.ticket = NULL;

    own->conf.store.enable = 0;
    own->conf.store.away = 0;
    own->conf.session.store = 0;

    time = own->conf.session.max_call_time;

    if (time == 0 || time > page->time) {
        own->conf.session.max_call_time = page->time;
    }

    if (ngx_http_convrelay_talk_limit(r, page, &own->conf) != NGX_OK) {
        return NULL;
    }

    own->next = page->confs;
    page->confs = own;

    return &own->conf;
}


/* the first of the location's limits */

static ngx_int_t
ngx_http_convrelay_talk_limit(ngx_http_request_t *r,
    ngx_http_convrelay_talk_page_t *page, ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                   n;
    ngx_array_t                 *calls;
    ngx_http_complex_value_t    *key;
    ngx_http_convrelay_limit_t  *limit;

    n = conf->limits.calls ? conf->limits.calls->nelts : 0;

    if (n == CONVRELAY_SHM_MAX_LIMITS) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a call of \"convrelay_talk\" can have at most %d "
                      "\"convrelay_limit_calls\"",
                      CONVRELAY_SHM_MAX_LIMITS - 1);
        return NGX_ERROR;
    }

    calls = ngx_array_create(page->pool, n + 1,
                             sizeof(ngx_http_convrelay_limit_t));
    key = ngx_pcalloc(page->pool, sizeof(ngx_http_complex_value_t));

    if (calls == NULL || key == NULL) {
        return NGX_ERROR;
    }

    /* a constant: the number of calls by this page */

    key->value = page->id;

    limit = ngx_array_push_n(calls, n + 1);

    ngx_memzero(limit, sizeof(ngx_http_convrelay_limit_t));

    ngx_str_set(&limit->key.source, "convrelay_talk_limit");
    limit->key.value = key;
    limit->max = page->limit;

    if (n) {
        ngx_memcpy(limit + 1, conf->limits.calls->elts,
                   n * sizeof(ngx_http_convrelay_limit_t));
    }

    conf->limits.calls = calls;

    return NGX_OK;
}


/* only marks the data as these */

static void
ngx_http_convrelay_talk_cleanup(void *data)
{
}


ngx_int_t
ngx_http_convrelay_talk_setup(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *message)
{
    u_char                           hash[CONVRELAY_TALK_SETUP_LEN];
    convrelay_str_t                  reason;
    ngx_pool_cleanup_t              *cln;
    ngx_http_convrelay_talk_call_t  *talk;

    for (cln = call->request->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_convrelay_talk_cleanup) {
            break;
        }
    }

    if (cln == NULL) {
        return NGX_OK;
    }

    talk = cln->data;

    convrelay_talk_setup_hash(hash, message);

    if (ngx_memcmp(hash, talk->setup, sizeof(hash)) == 0) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                  "client sent another setup message than its ticket of "
                  "\"convrelay_talk\" is for");

    ngx_http_convrelay_count(call->conf, REFUSED_TICKET);
    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_REFUSED);

    convrelay_str_set(&reason, "not the setup of the ticket");
    ngx_http_convrelay_call_close(call, CONVRELAY_WS_POLICY_VIOLATION,
                                  &reason);

    return NGX_DECLINED;
}
