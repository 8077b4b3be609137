
/*
 * Copyright (C) convrelay contributors
 *
 * The directive of the mock.  Constant values are checked and stored when the
 * configuration is read; those with variables are evaluated for each
 * request, so that a client can ask for a fault:
 *
 *     convrelay_mock_llm  fault=$http_x_mock_fault;
 */


#include "ngx_http_convrelay_mock.h"
#include "ngx_http_convrelay_version.h"


typedef struct ngx_http_convrelay_mock_key_s  ngx_http_convrelay_mock_key_t;

typedef ngx_int_t (*ngx_http_convrelay_mock_set_pt)(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);


struct ngx_http_convrelay_mock_key_s {
    ngx_str_t                            name;
    ngx_http_convrelay_mock_set_pt       set;
    size_t                               offset;
    ngx_uint_t                           min;
    ngx_uint_t                           max;
    ngx_conf_enum_t                     *names;
};


typedef struct {
    ngx_http_convrelay_mock_key_t       *key;
    ngx_http_complex_value_t             value;
} ngx_http_convrelay_mock_value_t;


typedef struct {
    ngx_http_convrelay_mock_opts_t       opts;
    ngx_array_t                         *values;  /* with variables */
} ngx_http_convrelay_mock_loc_conf_t;


static ngx_int_t ngx_http_convrelay_mock_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_convrelay_mock_handler(ngx_http_request_t *r);
static void ngx_http_convrelay_mock_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_mock_eval(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);
static ngx_int_t ngx_http_convrelay_mock_run(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx);

static ngx_int_t ngx_http_convrelay_mock_set_answer(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_mock_set_str(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_mock_set_num(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_mock_set_msec(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_mock_set_enum(
    ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value);

static void *ngx_http_convrelay_mock_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_convrelay_mock_llm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_convrelay_mock_param(ngx_conf_t *cf,
    ngx_http_convrelay_mock_loc_conf_t *mlcf,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *text);


static ngx_conf_enum_t  ngx_http_convrelay_mock_answers[] = {
    { ngx_string("rule"), NGX_HTTP_CONVRELAY_MOCK_RULE },
    { ngx_string("repeat"), NGX_HTTP_CONVRELAY_MOCK_REPEAT },
    { ngx_string("count"), NGX_HTTP_CONVRELAY_MOCK_COUNT },
    { ngx_string("history"), NGX_HTTP_CONVRELAY_MOCK_HISTORY },
    { ngx_string("asked"), NGX_HTTP_CONVRELAY_MOCK_ASKED },
    { ngx_string("script"), NGX_HTTP_CONVRELAY_MOCK_SCRIPT },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_convrelay_mock_faults[] = {
    { ngx_string("none"), NGX_HTTP_CONVRELAY_MOCK_NO_FAULT },
    { ngx_string("stall_before"), NGX_HTTP_CONVRELAY_MOCK_STALL_BEFORE },
    { ngx_string("stall_after"), NGX_HTTP_CONVRELAY_MOCK_STALL_AFTER },
    { ngx_string("cut_before"), NGX_HTTP_CONVRELAY_MOCK_CUT_BEFORE },
    { ngx_string("cut"), NGX_HTTP_CONVRELAY_MOCK_CUT },
    { ngx_string("cut_chunk"), NGX_HTTP_CONVRELAY_MOCK_CUT_CHUNK },
    { ngx_string("half_close"), NGX_HTTP_CONVRELAY_MOCK_HALF_CLOSE },
    { ngx_string("eof"), NGX_HTTP_CONVRELAY_MOCK_EOF },
    { ngx_string("html"), NGX_HTTP_CONVRELAY_MOCK_HTML },
    { ngx_string("empty"), NGX_HTTP_CONVRELAY_MOCK_EMPTY },
    { ngx_string("json"), NGX_HTTP_CONVRELAY_MOCK_JSON },
    { ngx_string("error_in_stream"), NGX_HTTP_CONVRELAY_MOCK_ERROR_IN_STREAM },
    { ngx_string("no_done"), NGX_HTTP_CONVRELAY_MOCK_NO_DONE },
    { ngx_string("no_finish"), NGX_HTTP_CONVRELAY_MOCK_NO_FINISH },
    { ngx_string("tear"), NGX_HTTP_CONVRELAY_MOCK_TEAR },
    { ngx_string("bytewise"), NGX_HTTP_CONVRELAY_MOCK_BYTEWISE },
    { ngx_string("garbage"), NGX_HTTP_CONVRELAY_MOCK_GARBAGE },
    { ngx_string("keepalive"), NGX_HTTP_CONVRELAY_MOCK_KEEPALIVE },
    { ngx_string("reasoning"), NGX_HTTP_CONVRELAY_MOCK_REASONING },
    { ngx_string("done_only"), NGX_HTTP_CONVRELAY_MOCK_DONE_ONLY },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_convrelay_mock_quirks[] = {
    { ngx_string("none"), NGX_HTTP_CONVRELAY_MOCK_OPENAI },
    { ngx_string("azure"), NGX_HTTP_CONVRELAY_MOCK_AZURE },
    { ngx_string("vllm"), NGX_HTTP_CONVRELAY_MOCK_VLLM },
    { ngx_string("llamacpp"), NGX_HTTP_CONVRELAY_MOCK_LLAMACPP },
    { ngx_string("ollama"), NGX_HTTP_CONVRELAY_MOCK_OLLAMA },
    { ngx_string("groq"), NGX_HTTP_CONVRELAY_MOCK_GROQ },
    { ngx_string("openrouter"), NGX_HTTP_CONVRELAY_MOCK_OPENROUTER },
    { ngx_string("gemini"), NGX_HTTP_CONVRELAY_MOCK_GEMINI },
    { ngx_string("crlf"), NGX_HTTP_CONVRELAY_MOCK_CRLF },
    { ngx_string("comments"), NGX_HTTP_CONVRELAY_MOCK_COMMENTS },
    { ngx_string("bom"), NGX_HTTP_CONVRELAY_MOCK_BOM },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_convrelay_mock_switch[] = {
    { ngx_string("off"), 0 },
    { ngx_string("on"), 1 },
    { ngx_null_string, 0 }
};


static ngx_http_convrelay_mock_key_t  ngx_http_convrelay_mock_keys[] = {

    { ngx_string("answer"),
      ngx_http_convrelay_mock_set_answer,
      0,
      0,
      0,
      NULL },

    { ngx_string("tokens"),
      ngx_http_convrelay_mock_set_num,
      offsetof(ngx_http_convrelay_mock_opts_t, tokens),
      0,
      NGX_HTTP_CONVRELAY_MOCK_MAX_TOKENS,
      NULL },

    { ngx_string("first"),
      ngx_http_convrelay_mock_set_msec,
      offsetof(ngx_http_convrelay_mock_opts_t, first),
      0,
      0,
      NULL },

    { ngx_string("interval"),
      ngx_http_convrelay_mock_set_msec,
      offsetof(ngx_http_convrelay_mock_opts_t, interval),
      0,
      0,
      NULL },

    { ngx_string("finish"),
      ngx_http_convrelay_mock_set_str,
      offsetof(ngx_http_convrelay_mock_opts_t, finish),
      0,
      64,
      NULL },

    { ngx_string("tools"),
      ngx_http_convrelay_mock_set_str,
      offsetof(ngx_http_convrelay_mock_opts_t, tools),
      0,
      NGX_HTTP_CONVRELAY_MOCK_MAX_TOOLS,
      NULL },

    { ngx_string("status"),
      ngx_http_convrelay_mock_set_num,
      offsetof(ngx_http_convrelay_mock_opts_t, status),
      200,
      599,
      NULL },

    { ngx_string("fault"),
      ngx_http_convrelay_mock_set_enum,
      offsetof(ngx_http_convrelay_mock_opts_t, fault),
      0,
      0,
      ngx_http_convrelay_mock_faults },

    { ngx_string("at_token"),
      ngx_http_convrelay_mock_set_num,
      offsetof(ngx_http_convrelay_mock_opts_t, at_token),
      0,
      NGX_HTTP_CONVRELAY_MOCK_MAX_TOKENS,
      NULL },

    { ngx_string("quirk"),
      ngx_http_convrelay_mock_set_enum,
      offsetof(ngx_http_convrelay_mock_opts_t, quirk),
      0,
      0,
      ngx_http_convrelay_mock_quirks },

    { ngx_string("stamp"),
      ngx_http_convrelay_mock_set_enum,
      offsetof(ngx_http_convrelay_mock_opts_t, stamp),
      0,
      0,
      ngx_http_convrelay_mock_switch },

    { ngx_null_string, NULL, 0, 0, 0, NULL }
};


static ngx_command_t  ngx_http_convrelay_mock_commands[] = {

    { ngx_string("convrelay_mock_llm"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_ANY,
      ngx_http_convrelay_mock_llm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_convrelay_mock_module_ctx = {
    NULL,                                    /* preconfiguration */
    NULL,                                    /* postconfiguration */

    NULL,                                    /* create main configuration */
    NULL,                                    /* init main configuration */

    NULL,                                    /* create server configuration */
    NULL,                                    /* merge server configuration */

    ngx_http_convrelay_mock_create_loc_conf, /* create location configuration */
    NULL                                     /* merge location configuration */
};


ngx_module_t  ngx_http_convrelay_mock_module = {
    NGX_MODULE_V1,
    &ngx_http_convrelay_mock_module_ctx,     /* module context */
    ngx_http_convrelay_mock_commands,        /* module directives */
    NGX_HTTP_MODULE,                         /* module type */
    NULL,                                    /* init master */
    ngx_http_convrelay_mock_init_module,     /* init module */
    NULL,                                    /* init process */
    NULL,                                    /* init thread */
    NULL,                                    /* exit thread */
    NULL,                                    /* exit process */
    NULL,                                    /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_convrelay_mock_init_module(ngx_cycle_t *cycle)
{
    ngx_http_convrelay_version_log(cycle, &ngx_http_convrelay_mock_module);

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_convrelay_mock_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_convrelay_mock_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_convrelay_mock_module);

    if (ngx_http_convrelay_mock_eval(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->shape = ngx_http_convrelay_mock_shape(ctx->opts.quirk);
    ctx->created = ngx_time();

    if (r->method != NGX_HTTP_POST) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        ctx->opts.status = NGX_HTTP_NOT_ALLOWED;

        return ngx_http_convrelay_mock_send_status(r, ctx);
    }

    rc = ngx_http_read_client_request_body(r,
                                         ngx_http_convrelay_mock_body_handler);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_convrelay_mock_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_convrelay_mock_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_convrelay_mock_module);

    rc = ngx_http_convrelay_mock_run(r, ctx);

    if (rc == NGX_AGAIN) {
        ngx_http_convrelay_mock_start(r, ctx);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/* NGX_AGAIN: the answer is to be sent; otherwise the code to finalize with */

static ngx_int_t
ngx_http_convrelay_mock_run(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->opts.status < NGX_HTTP_SPECIAL_RESPONSE) {

        rc = ngx_http_convrelay_mock_read(r, ctx);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_OK) {
            return NGX_AGAIN;
        }

        return ngx_http_convrelay_mock_send_error(r, ctx);
    }

    return ngx_http_convrelay_mock_send_status(r, ctx);
}


static ngx_int_t
ngx_http_convrelay_mock_eval(ngx_http_request_t *r,
    ngx_http_convrelay_mock_ctx_t *ctx)
{
    ngx_str_t                            text;
    ngx_uint_t                           i;
    ngx_http_convrelay_mock_key_t       *key;
    ngx_http_convrelay_mock_value_t     *value;
    ngx_http_convrelay_mock_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_mock_module);

    ctx->opts = mlcf->opts;

    if (mlcf->values == NULL) {
        return NGX_OK;
    }

    value = mlcf->values->elts;

    for (i = 0; i < mlcf->values->nelts; i++) {

        if (ngx_http_complex_value(r, &value[i].value, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        if (text.len == 0) {
            continue;
        }

        key = value[i].key;

        if (key->set(&ctx->opts, key, &text) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "invalid value \"%V\" of \"%V\" "
                          "in \"convrelay_mock_llm\"", &text, &key->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_set_answer(ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value)
{
    ngx_http_convrelay_mock_key_t  names;

    if (value->len > 4 && ngx_strncmp(value->data, "say:", 4) == 0) {
        opts->answer = NGX_HTTP_CONVRELAY_MOCK_SAY;
        opts->say.data = value->data + 4;
        opts->say.len = value->len - 4;
        return NGX_OK;
    }

    names.offset = offsetof(ngx_http_convrelay_mock_opts_t, answer);
    names.names = ngx_http_convrelay_mock_answers;

    return ngx_http_convrelay_mock_set_enum(opts, &names, value);
}


static ngx_int_t
ngx_http_convrelay_mock_set_str(ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value)
{
    ngx_str_t  *field;

    if (value->len > key->max) {
        return NGX_ERROR;
    }

    field = (ngx_str_t *) ((char *) opts + key->offset);
    *field = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_set_num(ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value)
{
    ngx_int_t    n;
    ngx_uint_t  *field;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR
        || (ngx_uint_t) n < key->min
        || (ngx_uint_t) n > key->max)
    {
        return NGX_ERROR;
    }

    field = (ngx_uint_t *) ((char *) opts + key->offset);
    *field = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_set_msec(ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value)
{
    ngx_int_t    n;
    ngx_msec_t  *field;

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    field = (ngx_msec_t *) ((char *) opts + key->offset);
    *field = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_mock_set_enum(ngx_http_convrelay_mock_opts_t *opts,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *value)
{
    ngx_uint_t       *field;
    ngx_conf_enum_t  *e;

    for (e = key->names; e->name.len; e++) {

        if (e->name.len == value->len
            && ngx_strncmp(e->name.data, value->data, value->len) == 0)
        {
            field = (ngx_uint_t *) ((char *) opts + key->offset);
            *field = e->value;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static void *
ngx_http_convrelay_mock_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_convrelay_mock_loc_conf_t  *mlcf;

    mlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_mock_loc_conf_t));
    if (mlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc(): the rest is 0 or the first of its names.  Nothing
     * is inherited: a location is a mock by the directive in it.
     */

    mlcf->opts.status = NGX_HTTP_OK;
    mlcf->opts.at_token = 3;
    mlcf->opts.first = 200;
    mlcf->opts.interval = 30;

    return mlcf;
}


static char *
ngx_http_convrelay_mock_llm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_mock_loc_conf_t *mlcf = conf;

    char                           *rv;
    ngx_str_t                      *value, text;
    ngx_uint_t                      i, seen, bit;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_convrelay_mock_key_t  *key;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_convrelay_mock_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_convrelay_mock_handler;

    value = cf->args->elts;
    seen = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        for (key = ngx_http_convrelay_mock_keys; key->name.len; key++) {

            if (value[i].len > key->name.len
                && value[i].data[key->name.len] == '='
                && ngx_strncmp(value[i].data, key->name.data, key->name.len)
                   == 0)
            {
                break;
            }
        }

        bit = (ngx_uint_t) 1 << (key - ngx_http_convrelay_mock_keys);

        if (key->name.len == 0 || (seen & bit)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s parameter \"%V\"",
                               key->name.len ? "duplicate" : "invalid",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        seen |= bit;

        text.data = value[i].data + key->name.len + 1;
        text.len = value[i].len - key->name.len - 1;

        rv = ngx_http_convrelay_mock_param(cf, mlcf, key, &text);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_mock_param(ngx_conf_t *cf,
    ngx_http_convrelay_mock_loc_conf_t *mlcf,
    ngx_http_convrelay_mock_key_t *key, ngx_str_t *text)
{
    ngx_http_complex_value_t           cv;
    ngx_http_convrelay_mock_value_t   *value;
    ngx_http_compile_complex_value_t   ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = &cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (cv.lengths == NULL) {

        if (key->set(&mlcf->opts, key, text) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"%V\"",
                               text, &key->name);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (mlcf->values == NULL) {
        mlcf->values = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_http_convrelay_mock_value_t));
        if (mlcf->values == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = ngx_array_push(mlcf->values);
    if (value == NULL) {
        return NGX_CONF_ERROR;
    }

    value->key = key;
    value->value = cv;

    return NGX_CONF_OK;
}
