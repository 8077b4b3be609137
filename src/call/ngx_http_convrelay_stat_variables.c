
/*
 * Copyright (C) convrelay contributors
 *
 * Variables for the access log: how a call and its last turn ended, and what
 * was counted for the call.
 */


#include "ngx_http_convrelay_call.h"


static ngx_int_t ngx_http_convrelay_stat_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_stat_figure_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static uint32_t ngx_http_convrelay_stat_longest_gap(ngx_http_request_t *r,
    ngx_http_convrelay_call_t *call);


static ngx_http_variable_t  ngx_http_convrelay_stat_variables[] = {

    { ngx_string("convrelay_end"), NULL,
      ngx_http_convrelay_stat_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_outcome"), NULL,
      ngx_http_convrelay_stat_variable, 1,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_failures"), NULL,
      ngx_http_convrelay_stat_variable, 2,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_fillers"), NULL,
      ngx_http_convrelay_stat_variable, 3,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    /* by name: with more of them, the default size of nginx's table of
       variables would be too small */

    { ngx_string("convrelay_fallbacks"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_hedges_won"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_nudges"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_longest_gap"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_resumed"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_resume_lost"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_resumed_answers"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_first_sound"), NULL,
      ngx_http_convrelay_stat_figure_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_convrelay_stat_add_variables(ngx_conf_t *cf)
{
    return ngx_http_convrelay_variables_add(cf,
                                            ngx_http_convrelay_stat_variables);
}


/* how the call ended, how its last turn ended, how many turns failed, and how
   many fillers were said */

static ngx_int_t
ngx_http_convrelay_stat_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     *p;
    const char                 *value;
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_convrelay_call_t  *call;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);
    call = ctx ? ctx->call : NULL;

    value = NULL;

    if (call && data == 0 && call->end) {
        value = convrelay_metric_value(CONVRELAY_METRIC_SESSION_HANGUP
                                       + call->end - 1);

    } else if (call && data == 1 && call->outcome) {
        value = convrelay_metric_value(CONVRELAY_METRIC_TURN_COMPLETE
                                       + call->outcome - 1);
    }

    if (value) {
        v->len = ngx_strlen(value);
        v->data = (u_char *) value;

    } else if (call && data >= 2) {
        p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        v->len = ngx_sprintf(p, "%uD",
                             (data == 2)
                             ? call->failures
                             : convrelay_session_fillers(call->session))
                 - p;
        v->data = p;

    } else {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* a figure of the call; data is the name, as it is used */

static ngx_int_t
ngx_http_convrelay_stat_figure_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    u_char                     *p;
    uint32_t                    n;
    ngx_http_convrelay_ctx_t   *ctx;
    ngx_http_convrelay_call_t  *call;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);
    call = ctx ? ctx->call : NULL;

    if (call == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    /* each begins with another letter, after "convrelay_" */

    switch (name->data[sizeof("convrelay_") - 1] == 'f'
            ? name->data[sizeof("convrelay_")]
            : name->data[sizeof("convrelay_") - 1])
    {
    case 'a':
        n = call->fallbacks;
        break;

    case 'h':
        n = call->session->hedges_won;
        break;

    case 'n':
        n = call->nudges;
        break;

    case 'l':
        n = ngx_http_convrelay_stat_longest_gap(r, call);
        break;

    case 'r':
        n = (name->data[name->len - 1] == 'd') ? call->session->resumed
            : (name->data[name->len - 1] == 't') ? call->session->resume_lost
            : convrelay_session_went_on(call->session);
        break;

    default: /* first_sound */

        if (call->first_sound == 0) {
            v->not_found = 1;
            return NGX_OK;
        }

        n = call->first_sound - 1;
    }

    p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%uD", n) - p;
    v->data = p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* of the request whose line it is, else of the call */

static uint32_t
ngx_http_convrelay_stat_longest_gap(ngx_http_request_t *r,
    ngx_http_convrelay_call_t *call)
{
    ngx_queue_t                *q;
    ngx_http_convrelay_turn_t  *t;

    for (q = ngx_queue_head(&call->turns);
         q != ngx_queue_sentinel(&call->turns);
         q = ngx_queue_next(q))
    {
        t = ngx_queue_data(q, ngx_http_convrelay_turn_t, queue);

        if (t->fetch->main == r->main) {
            return t->longest_gap;
        }
    }

    return call->longest_gap;
}
