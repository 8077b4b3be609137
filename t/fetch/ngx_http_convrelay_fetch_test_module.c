
/*
 * Copyright (C) convrelay contributors
 *
 * For tests: a location that runs fetches and prints how they ended.  It uses
 * src/fetch of the module, which has to be loaded before it.
 *
 *     location = /t {
 *         convrelay_fetch_test  /uri [get|put|delete] [body=TEXT]
 *                               [timeout=MS] [max=N] [stream] [n=N]
 *                               [cancel=start|header|data|MS]
 *                               [alone] [detach] [quiet];
 *     }
 *
 * The answer has a line for each fetch, "200 was answered: text", or with
 * n= a line that says how many there were of each end.  With "detach" the
 * client is answered at once, and the end is logged.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_convrelay_fetch.h"


#define NGX_HTTP_CONVRELAY_FETCH_TEST_MAX  4096   /* bytes that are printed */


typedef struct {
    ngx_http_convrelay_fetch_request_t   to;
    ngx_str_t                            body;
    ngx_http_conf_ctx_t                 *ctx;     /* of the server */
    ngx_str_t                            cancel;
    ngx_uint_t                           n;
    unsigned                             alone:1;
    unsigned                             detach:1;
} ngx_http_convrelay_fetch_test_loc_conf_t;


typedef struct {
    ngx_http_request_t                  *request; /* NULL: it was answered */
    ngx_http_convrelay_fetch_t          *fetch;
    ngx_http_convrelay_fetch_test_loc_conf_t  *conf;

    ngx_event_t                          timer;   /* cancels */
    ngx_event_t                          next;
    ngx_uint_t                           left;
    ngx_uint_t                           ends[8];

    size_t                               len;
    u_char                               text[
                                           NGX_HTTP_CONVRELAY_FETCH_TEST_MAX];
} ngx_http_convrelay_fetch_test_t;


static ngx_int_t ngx_http_convrelay_fetch_test_handler(ngx_http_request_t *r);
static void ngx_http_convrelay_fetch_test_cleanup(void *data);
static ngx_int_t ngx_http_convrelay_fetch_test_start(
    ngx_http_convrelay_fetch_test_t *t);
static void ngx_http_convrelay_fetch_test_header(
    ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_fetch_test_data(ngx_http_convrelay_fetch_t *f,
    u_char *pos, u_char *last);
static void ngx_http_convrelay_fetch_test_end(ngx_http_convrelay_fetch_t *f);
static void ngx_http_convrelay_fetch_test_cancelled(
    ngx_http_convrelay_fetch_test_t *t);
static void ngx_http_convrelay_fetch_test_timer_handler(ngx_event_t *ev);
static void ngx_http_convrelay_fetch_test_next_handler(ngx_event_t *ev);
static void ngx_http_convrelay_fetch_test_over(
    ngx_http_convrelay_fetch_test_t *t);
static void ngx_http_convrelay_fetch_test_respond(
    ngx_http_convrelay_fetch_test_t *t, u_char *text, size_t len);
static void *ngx_http_convrelay_fetch_test_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_fetch_test(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_convrelay_fetch_test_commands[] = {

    { ngx_string("convrelay_fetch_test"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_convrelay_fetch_test,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_fetch_test_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_convrelay_fetch_test_create_loc_conf,
                                           /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_convrelay_fetch_test_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_fetch_test_module_ctx,   /* module context */
    ngx_http_convrelay_fetch_test_commands,      /* module directives */
    NGX_HTTP_MODULE,                             /* module type */
    NULL,                                        /* init master */
    NULL,                                        /* init module */
    NULL,                                        /* init process */
    NULL,                                        /* init thread */
    NULL,                                        /* exit thread */
    NULL,                                        /* exit process */
    NULL,                                        /* exit master */
    NGX_MODULE_V1_PADDING
};


static const ngx_http_convrelay_fetch_sink_t
    ngx_http_convrelay_fetch_test_sink = {
        ngx_http_convrelay_fetch_test_header,
        ngx_http_convrelay_fetch_test_data,
        NULL,
        ngx_http_convrelay_fetch_test_end
    };


static ngx_int_t
ngx_http_convrelay_fetch_test_handler(ngx_http_request_t *r)
{
    ngx_int_t                                  rc;
    ngx_pool_cleanup_t                        *cln;
    ngx_http_convrelay_fetch_test_t           *t;
    ngx_http_convrelay_fetch_test_loc_conf_t  *conf;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r,
                                        ngx_http_convrelay_fetch_test_module);

    t = ngx_calloc(sizeof(ngx_http_convrelay_fetch_test_t),
                   r->connection->log);
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->request = r;
    t->conf = conf;
    t->left = conf->n;

    t->timer.handler = ngx_http_convrelay_fetch_test_timer_handler;
    t->timer.data = t;
    t->timer.log = ngx_cycle->log;

    t->next.handler = ngx_http_convrelay_fetch_test_next_handler;
    t->next.data = t;
    t->next.log = ngx_cycle->log;

    if (!conf->detach) {
        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            ngx_free(t);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_http_convrelay_fetch_test_cleanup;
        cln->data = t;
    }

    if (ngx_http_convrelay_fetch_test_start(t) != NGX_OK) {
        if (conf->detach) {
            ngx_free(t);
        }

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    if (conf->detach) {
        ngx_http_convrelay_fetch_detach(t->fetch);
        ngx_http_convrelay_fetch_test_respond(t, (u_char *) "started\n", 8);
    }

    return NGX_DONE;
}


/* the client has gone, and nobody is told */

static void
ngx_http_convrelay_fetch_test_cleanup(void *data)
{
    ngx_http_convrelay_fetch_test_t *t = data;

    if (t->fetch) {
        ngx_http_convrelay_fetch_cancel(t->fetch);
    }

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    if (t->next.posted) {
        ngx_delete_posted_event(&t->next);
    }

    ngx_free(t);
}


static ngx_int_t
ngx_http_convrelay_fetch_test_start(ngx_http_convrelay_fetch_test_t *t)
{
    ngx_buf_t                                 *b;
    ngx_http_convrelay_fetch_t                *f;
    ngx_http_convrelay_fetch_test_loc_conf_t  *conf;

    conf = t->conf;

    f = conf->alone ? ngx_http_convrelay_fetch_create_alone(conf->ctx)
                    : ngx_http_convrelay_fetch_create(t->request, 1);
    if (f == NULL) {
        return NGX_ERROR;
    }

    f->to = conf->to;

    if (conf->body.data) {
        b = ngx_create_temp_buf(f->pool, conf->body.len + 1);
        if (b == NULL) {
            ngx_http_convrelay_fetch_free(f);
            return NGX_ERROR;
        }

        b->last = ngx_cpymem(b->last, conf->body.data, conf->body.len);
        f->to.body = b;
    }

    t->fetch = f;
    t->len = 0;

    if (ngx_http_convrelay_fetch_start(f, &ngx_http_convrelay_fetch_test_sink,
                                       t)
        != NGX_OK)
    {
        t->fetch = NULL;
        return NGX_ERROR;
    }

    if (conf->cancel.len == 0 || t->fetch == NULL) {
        return NGX_OK;
    }

    if (ngx_strcmp(conf->cancel.data, "start") == 0) {
        ngx_http_convrelay_fetch_test_cancelled(t);

    } else if (conf->cancel.data[0] <= '9') {
        ngx_add_timer(&t->timer, (ngx_msec_t) ngx_atoi(conf->cancel.data,
                                                       conf->cancel.len));
    }

    return NGX_OK;
}


static void
ngx_http_convrelay_fetch_test_header(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_fetch_test_t  *t = f->data;

    if (ngx_strcmp(t->conf->cancel.data, "header") == 0) {
        ngx_http_convrelay_fetch_test_cancelled(t);
    }
}


static void
ngx_http_convrelay_fetch_test_data(ngx_http_convrelay_fetch_t *f, u_char *pos,
    u_char *last)
{
    ngx_http_convrelay_fetch_test_t  *t = f->data;

    size_t  size;

    size = ngx_min((size_t) (last - pos),
                   NGX_HTTP_CONVRELAY_FETCH_TEST_MAX - t->len);

    ngx_memcpy(t->text + t->len, pos, size);
    t->len += size;

    /* the bytes may be written to */

    ngx_memset(pos, '#', last - pos);

    if (ngx_strcmp(t->conf->cancel.data, "data") == 0) {
        ngx_http_convrelay_fetch_test_cancelled(t);
    }
}


static void
ngx_http_convrelay_fetch_test_end(ngx_http_convrelay_fetch_t *f)
{
    ngx_http_convrelay_fetch_test_t  *t = f->data;

    u_char                         *p;
    u_char                          line[
                                     NGX_HTTP_CONVRELAY_FETCH_TEST_MAX + 128];
    ngx_str_t                       text;
    ngx_http_convrelay_fetch_end_e  end;

    end = ngx_http_convrelay_fetch_result(f);

    t->fetch = NULL;
    t->ends[end]++;

    if (t->conf->n > 1) {
        ngx_post_event(&t->next, &ngx_posted_events);
        return;
    }

    text.len = t->len;
    text.data = t->text;

    if (t->len > 200) {
        p = ngx_sprintf(line, "%ui %s: %O bytes\n", f->status,
                        ngx_http_convrelay_fetch_phrase(end),
                        ngx_http_convrelay_fetch_received(f));
    } else {
        p = ngx_sprintf(line, "%ui %s: %V\n", f->status,
                        ngx_http_convrelay_fetch_phrase(end), &text);
    }

    ngx_http_convrelay_fetch_test_respond(t, line, p - line);
}


static void
ngx_http_convrelay_fetch_test_cancelled(ngx_http_convrelay_fetch_test_t *t)
{
    ngx_http_convrelay_fetch_cancel(t->fetch);

    t->fetch = NULL;
    t->ends[7]++;

    ngx_post_event(&t->next, &ngx_posted_events);
}


static void
ngx_http_convrelay_fetch_test_timer_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_fetch_test_t  *t = ev->data;

    if (t->fetch) {
        ngx_http_convrelay_fetch_test_cancelled(t);
    }
}


static void
ngx_http_convrelay_fetch_test_next_handler(ngx_event_t *ev)
{
    ngx_http_convrelay_fetch_test_t  *t = ev->data;

    ngx_connection_t  *c;

    c = t->request ? t->request->connection : NULL;

    if (--t->left == 0
        || ngx_http_convrelay_fetch_test_start(t) != NGX_OK)
    {
        ngx_http_convrelay_fetch_test_over(t);
    }

    if (c) {
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_convrelay_fetch_test_over(ngx_http_convrelay_fetch_test_t *t)
{
    u_char      *p;
    u_char       line[512];
    ngx_uint_t   i;

    if (t->conf->n == 1) {
        ngx_http_convrelay_fetch_test_respond(t, (u_char *) "cancelled\n",
                                              10);
        return;
    }

    p = line;

    for (i = 0; i < 7; i++) {
        if (t->ends[i]) {
            p = ngx_sprintf(p, "%ui %s\n", t->ends[i],
                            ngx_http_convrelay_fetch_phrase(i));
        }
    }

    if (t->ends[7]) {
        p = ngx_sprintf(p, "%ui cancelled\n", t->ends[7]);
    }

    ngx_http_convrelay_fetch_test_respond(t, line, p - line);
}


/* after a "detach" the second time is the log's */

static void
ngx_http_convrelay_fetch_test_respond(ngx_http_convrelay_fetch_test_t *t,
    u_char *text, size_t len)
{
    ngx_buf_t           *b;
    ngx_str_t            line;
    ngx_chain_t          out;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = t->request;

    if (r == NULL) {
        line.data = text;
        line.len = len - 1;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "fetch: %V", &line);

        if (t->timer.timer_set) {
            ngx_del_timer(&t->timer);
        }

        ngx_free(t);
        return;
    }

    c = r->connection;

    if (t->conf->detach) {
        t->request = NULL;
    }

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    b->last = ngx_cpymem(b->last, text, len);
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = len;

    if (ngx_http_send_header(r) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));
    ngx_http_run_posted_requests(c);
}


static void *
ngx_http_convrelay_fetch_test_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_convrelay_fetch_test_loc_conf_t));
}


static char *
ngx_http_convrelay_fetch_test(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_fetch_test_loc_conf_t *flcf = conf;

    u_char                    *p;
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_core_srv_conf_t  *cscf;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    flcf->ctx = cscf->ctx;
    flcf->n = 1;

    flcf->to.uri = value[1];
    flcf->to.method = NGX_HTTP_POST;
    flcf->to.timeout = 5000;
    ngx_str_set(&flcf->to.method_name, "POST");
    ngx_str_set(&flcf->to.content_type, "text/plain");
    ngx_str_set(&flcf->cancel, "");

    p = ngx_strlchr(value[1].data, value[1].data + value[1].len, '?');

    if (p) {
        flcf->to.uri.len = p - value[1].data;
        flcf->to.args.data = p + 1;
        flcf->to.args.len = value[1].data + value[1].len - p - 1;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "get") == 0) {
            flcf->to.method = NGX_HTTP_GET;
            ngx_str_set(&flcf->to.method_name, "GET");

        } else if (ngx_strcmp(value[i].data, "put") == 0) {
            flcf->to.method = NGX_HTTP_PUT;
            ngx_str_set(&flcf->to.method_name, "PUT");

        } else if (ngx_strcmp(value[i].data, "delete") == 0) {
            flcf->to.method = NGX_HTTP_DELETE;
            ngx_str_set(&flcf->to.method_name, "DELETE");

        } else if (ngx_strncmp(value[i].data, "body=", 5) == 0) {
            flcf->body.data = value[i].data + 5;
            flcf->body.len = value[i].len - 5;

        } else if (ngx_strncmp(value[i].data, "timeout=", 8) == 0) {
            flcf->to.timeout = ngx_atoi(value[i].data + 8, value[i].len - 8);

        } else if (ngx_strncmp(value[i].data, "max=", 4) == 0) {
            flcf->to.max_size = ngx_atoi(value[i].data + 4, value[i].len - 4);

        } else if (ngx_strncmp(value[i].data, "n=", 2) == 0) {
            flcf->n = ngx_atoi(value[i].data + 2, value[i].len - 2);

        } else if (ngx_strncmp(value[i].data, "cancel=", 7) == 0) {
            flcf->cancel.data = value[i].data + 7;
            flcf->cancel.len = value[i].len - 7;

        } else if (ngx_strcmp(value[i].data, "stream") == 0) {
            flcf->to.stream = 1;

        } else if (ngx_strcmp(value[i].data, "alone") == 0) {
            flcf->alone = 1;

        } else if (ngx_strcmp(value[i].data, "detach") == 0) {
            flcf->detach = 1;

        } else {
            return "has an unknown parameter";
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_convrelay_fetch_test_handler;

    return NGX_CONF_OK;
}
