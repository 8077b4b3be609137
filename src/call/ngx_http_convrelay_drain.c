
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_drain: a worker that is told to go hands its calls over.
 *
 * It closes them between two turns, or once their time is over, with 1001:
 * Twilio then requests the action, which connects the call again, to a worker
 * of the new configuration.
 *
 * nginx does not inform modules that a worker is told to go, so that a worker
 * with such calls checks that once a second.  From then on it looks at its
 * calls twenty times a second, and closes only a few of them each time: each
 * one that is closed is a webhook request and two handshakes for the new
 * workers.
 *
 * The calls are found by their timers, one of which each call has: a list of
 * them would cost memory in each call.
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_DRAIN_WATCH  1000    /* ms */
#define NGX_HTTP_CONVRELAY_DRAIN_STEP   50      /* ms */
#define NGX_HTTP_CONVRELAY_DRAIN_PACE   5       /* calls a step, at least */
#define NGX_HTTP_CONVRELAY_DRAIN_CALL   1000000 /* one call, in the units that
                                                   the pace is counted in */


static void ngx_http_convrelay_drain_handler(ngx_event_t *ev);
static void ngx_http_convrelay_drain_begin(
    ngx_http_convrelay_main_conf_t *mcf);
static void ngx_http_convrelay_drain_step(ngx_http_convrelay_main_conf_t *mcf);
static ngx_uint_t ngx_http_convrelay_drain_due(
    ngx_http_convrelay_call_t *call);
static void ngx_http_convrelay_drain_close(ngx_http_convrelay_call_t *call);
static ngx_http_convrelay_call_t *ngx_http_convrelay_drain_next(
    ngx_http_convrelay_main_conf_t *mcf, ngx_rbtree_node_t **node);
static void ngx_http_convrelay_drain_cleanup(void *data);


void
ngx_http_convrelay_drain_watch(ngx_http_convrelay_call_t *call)
{
    ngx_http_convrelay_drain_t  *drain;

    drain = &call->main->drain;

    if (call->conf->limits.drain && !drain->event.timer_set) {
        ngx_add_timer(&drain->event, drain->active
                                     ? NGX_HTTP_CONVRELAY_DRAIN_STEP
                                     : NGX_HTTP_CONVRELAY_DRAIN_WATCH);
    }
}


static void
ngx_http_convrelay_drain_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ev->data;

    if (mcf->calls == 0) {
        return;
    }

    if (!ngx_exiting) {
        ngx_add_timer(ev, NGX_HTTP_CONVRELAY_DRAIN_WATCH);
        return;
    }

    if (!mcf->drain.active) {
        ngx_http_convrelay_drain_begin(mcf);
    }

    ngx_http_convrelay_drain_step(mcf);

    ngx_add_timer(ev, NGX_HTTP_CONVRELAY_DRAIN_STEP);
}


/* the pace would close all calls in half of their time */

static void
ngx_http_convrelay_drain_begin(ngx_http_convrelay_main_conf_t *mcf)
{
    uint64_t                     pace;
    ngx_uint_t                   n;
    ngx_rbtree_node_t           *node;
    ngx_http_convrelay_call_t   *call;
    ngx_http_convrelay_drain_t  *drain;

    drain = &mcf->drain;
    node = NULL;
    pace = 0;
    n = 0;

    for ( ;; ) {
        call = ngx_http_convrelay_drain_next(mcf, &node);

        if (call == NULL) {
            break;
        }

        n++;
        pace += (uint64_t) 2 * NGX_HTTP_CONVRELAY_DRAIN_CALL
                * NGX_HTTP_CONVRELAY_DRAIN_STEP / call->conf->limits.drain;
    }

    drain->active = 1;
    drain->since = ngx_current_msec;
    drain->pace = ngx_max(pace, NGX_HTTP_CONVRELAY_DRAIN_PACE
                                * NGX_HTTP_CONVRELAY_DRAIN_CALL);

    if (n) {
        ngx_log_error(NGX_LOG_NOTICE, drain->event.log, 0,
                      "worker process is going, handing over %ui calls", n);
    }
}


static void
ngx_http_convrelay_drain_step(ngx_http_convrelay_main_conf_t *mcf)
{
    uint64_t                    credit;
    ngx_rbtree_node_t          *node;
    ngx_http_convrelay_call_t  *call, *next;

    credit = mcf->drain.rest + mcf->drain.pace;

    node = NULL;
    next = ngx_http_convrelay_drain_next(mcf, &node);

    while (next && credit >= NGX_HTTP_CONVRELAY_DRAIN_CALL) {
        call = next;

        /* closing a call moves its timer: the next one is found before that */

        next = ngx_http_convrelay_drain_next(mcf, &node);

        if (ngx_http_convrelay_drain_due(call)) {
            ngx_http_convrelay_drain_close(call);
            credit -= NGX_HTTP_CONVRELAY_DRAIN_CALL;
        }
    }

    mcf->drain.rest = credit % NGX_HTTP_CONVRELAY_DRAIN_CALL;
}


static ngx_uint_t
ngx_http_convrelay_drain_due(ngx_http_convrelay_call_t *call)
{
    if (call->closing || call->dead) {
        return 0;
    }

    if (ngx_current_msec - call->main->drain.since
        >= call->conf->limits.drain)
    {
        return 1;
    }

    return call->turn == NULL && call->tools == NULL && !call->start
           && !call->wait && call->context == NULL
           && call->output.first == NULL
           && convrelay_session_between_turns(call->session, ngx_current_msec);
}


static void
ngx_http_convrelay_drain_close(ngx_http_convrelay_call_t *call)
{
    convrelay_str_t  reason = convrelay_string("server is shutting down");

    ngx_http_set_log_request(call->connection->log, call->request);

    ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                  "worker process is going, closing the call%s",
                  convrelay_session_between_turns(call->session,
                                                  ngx_current_msec)
                  ? " between two turns" : " after convrelay_drain");

    ngx_http_convrelay_stat_ends(call, CONVRELAY_METRIC_SESSION_DRAINED);

    ngx_http_convrelay_call_close(call, CONVRELAY_WS_GOING_AWAY, &reason);
}


/* the next call with convrelay_drain after that of *node, NULL: the first one;
   or NULL */

static ngx_http_convrelay_call_t *
ngx_http_convrelay_drain_next(ngx_http_convrelay_main_conf_t *mcf,
    ngx_rbtree_node_t **node)
{
    ngx_event_t                *ev;
    ngx_rbtree_t               *tree;
    ngx_rbtree_node_t          *n;
    ngx_http_convrelay_call_t  *call;

    tree = &ngx_event_timer_rbtree;

    if (tree->root == tree->sentinel) {
        return NULL;
    }

    n = *node ? ngx_rbtree_next(tree, *node)
              : ngx_rbtree_min(tree->root, tree->sentinel);

    for ( /* void */ ; n; n = ngx_rbtree_next(tree, n)) {
        ev = ngx_rbtree_data(n, ngx_event_t, timer);
        call = ngx_http_convrelay_call_of(ev);

        if (call && call->main == mcf && call->conf->limits.drain) {
            break;
        }
    }

    *node = n;

    return n ? call : NULL;
}


ngx_int_t
ngx_http_convrelay_drain_init(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t              *cln;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    mcf->drain.event.handler = ngx_http_convrelay_drain_handler;
    mcf->drain.event.data = mcf;
    mcf->drain.event.log = &cf->cycle->new_log;
    mcf->drain.event.cancelable = 1;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_convrelay_drain_cleanup;
    cln->data = mcf;

    return NGX_OK;
}


/* without a master process, a replaced configuration leaves its timer */

static void
ngx_http_convrelay_drain_cleanup(void *data)
{
    ngx_http_convrelay_main_conf_t *mcf = data;

    if (mcf->drain.event.timer_set) {
        ngx_del_timer(&mcf->drain.event);
    }
}


char *
ngx_http_convrelay_drain(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t   *value;
    ngx_msec_t   time;

    if (clcf->limits.drain != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ngx_http_convrelay_place(cf, &clcf->own);
    ngx_http_convrelay_place(cf, &clcf->limits.drain_place);

    if (ngx_strcmp(value[1].data, "off") == 0) {
        clcf->limits.drain = 0;
        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value[1], 0);

    if (time == (ngx_msec_t) NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"convrelay_drain\", write "
                           "how long calls may go on, such as \"5m\", or "
                           "\"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf->limits.drain = time;

    return NGX_CONF_OK;
}
