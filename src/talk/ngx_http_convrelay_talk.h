
/*
 * Copyright (C) convrelay contributors
 *
 * A page to talk to the agent: the directive convrelay_talk.
 *
 * GET is answered with the page, POST with a ticket and what else the page
 * needs.  With the ticket the page opens the WebSocket of one location.  The
 * call is then like any other, except that it has limits of its own and is
 * never resumed: it uses a copy of its location's configuration.
 */


#ifndef NGX_HTTP_CONVRELAY_TALK_H_INCLUDED
#define NGX_HTTP_CONVRELAY_TALK_H_INCLUDED


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_TALK_LIFETIME  30     /* seconds, of a ticket */


/* the configuration of calls by a page, made when there is the first one */

typedef struct ngx_http_convrelay_talk_conf_s  ngx_http_convrelay_talk_conf_t;

struct ngx_http_convrelay_talk_conf_s {
    ngx_http_convrelay_talk_conf_t   *next;
    ngx_http_convrelay_loc_conf_t    *of;     /* of the location, or of an "if"
                                                 in it */
    ngx_http_convrelay_loc_conf_t     conf;
};


/* a location with convrelay_talk */

struct ngx_http_convrelay_talk_page_s {
    ngx_str_t                         socket_name;
    ngx_str_t                         twiml_name;     /* or empty */
    ngx_http_core_srv_conf_t         *server;
    ngx_http_core_loc_conf_t         *location;
    ngx_http_convrelay_place_t        place;
    ngx_uint_t                        public; /* anybody may talk */

    /* found at postconfiguration */

    ngx_http_core_loc_conf_t         *socket;
    ngx_http_convrelay_loc_conf_t    *twiml;  /* or NULL */
    ngx_uint_t                        limit;  /* calls at once */
    ngx_msec_t                        time;   /* of a call, at most */
    ngx_str_t                         id;     /* where its tickets are good: a
                                                 hash of the socket's location,
                                                 and the name of this one */
    ngx_pool_t                       *pool;   /* of the configuration */
    ngx_http_convrelay_talk_conf_t   *confs;
};


/* ngx_http_convrelay_talk_conf.c */

char *ngx_http_convrelay_talk(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* at postconfiguration, when locations have their ids; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_talk_init(ngx_conf_t *cf);


/* ngx_http_convrelay_talk.c */

/* content handler of a location with convrelay_talk */
ngx_int_t ngx_http_convrelay_talk_handler(ngx_http_request_t *r);


/* ngx_http_convrelay_talk_open.c */

/*
 * The handshake of a page of this server, which may have a ticket of
 * convrelay_talk; that is used up, and *conf is the configuration of its call
 * then.  NGX_OK; NGX_DECLINED: it does not offer that subprotocol; or an HTTP
 * status (logged).
 */
ngx_int_t ngx_http_convrelay_talk_open(ngx_http_request_t *r,
    ngx_http_convrelay_loc_conf_t **conf);

/* the first message of a call by a browser: NGX_OK, or NGX_DECLINED: it has a
   ticket, for another message (logged, and the call is closed) */
ngx_int_t ngx_http_convrelay_talk_setup(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *message);


/* ngx_http_convrelay_talk_zone.c */

/* creates the memory of used tickets; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_convrelay_talk_zone(ngx_conf_t *cf,
    ngx_http_convrelay_main_conf_t *mcf);

/* without a master process, the pages of before a reload go on in this one */
void ngx_http_convrelay_talk_init_module(ngx_cycle_t *cycle);

/* the key that signs tickets, CONVRELAY_TALK_KEY_LEN bytes */
const u_char *ngx_http_convrelay_talk_key(
    ngx_http_convrelay_main_conf_t *mcf);

/* uses a ticket up: as convrelay_spent_add() */
ngx_int_t ngx_http_convrelay_talk_spend(ngx_http_convrelay_main_conf_t *mcf,
    const u_char *nonce, uint32_t expires);


#endif /* NGX_HTTP_CONVRELAY_TALK_H_INCLUDED */
