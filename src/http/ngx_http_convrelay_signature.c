
/*
 * Copyright (C) convrelay contributors
 *
 * X-Twilio-Signature, of the webhooks and of the WebSocket handshake: only a
 * client that knows the account's auth token is served.
 */


#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_count.h"
#include "ngx_http_convrelay_env.h"

#include "convrelay_signature.h"

#include <ngx_sha1.h>

#if (NGX_OPENSSL)
#include <openssl/evp.h>
#endif


#define NGX_HTTP_CONVRELAY_SHA1_BLOCK   64
#define NGX_HTTP_CONVRELAY_SHA256_LEN   32
#define NGX_HTTP_CONVRELAY_CHECK_POOL   1024


static ngx_int_t ngx_http_convrelay_signature_all(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_http_convrelay_loc_conf_t *clcf,
    ngx_http_convrelay_tenant_t *tenant);
static ngx_int_t ngx_http_convrelay_signature_try(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_array_t *tokens, ngx_str_t *url,
    ngx_array_t *pairs, convrelay_str_t *header);
static ngx_int_t ngx_http_convrelay_signature_pairs(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_array_t **pairs);
static ngx_int_t ngx_http_convrelay_signature_base(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_uint_t ws, ngx_uint_t plain, ngx_str_t *base);
static ngx_int_t ngx_http_convrelay_signature_body(ngx_http_request_t *r);
static char *ngx_http_convrelay_check_tokens(ngx_conf_t *cf,
    ngx_array_t *tokens);
static char *ngx_http_convrelay_check_token(ngx_conf_t *cf,
    ngx_http_convrelay_value_t *v, ngx_str_t *token);


/* uses a pool of its own: the request's pool may live for hours */

ngx_int_t
ngx_http_convrelay_signature(ngx_http_request_t *r,
    ngx_http_convrelay_tenant_t *tenant)
{
    ngx_int_t                       rc;
    ngx_pool_t                     *pool;
    ngx_http_convrelay_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_convrelay_module);

    if (clcf->auth.tokens == NULL) {
        return NGX_OK;
    }

    pool = ngx_create_pool(NGX_HTTP_CONVRELAY_CHECK_POOL, r->connection->log);
    if (pool == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_convrelay_signature_all(r, pool, clcf, tenant);

    if (rc == NGX_HTTP_FORBIDDEN) {
        ngx_http_convrelay_count(clcf, REFUSED_SIGNATURE);
    }

    ngx_destroy_pool(pool);

    return rc;
}


static ngx_int_t
ngx_http_convrelay_signature_all(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_http_convrelay_loc_conf_t *clcf, ngx_http_convrelay_tenant_t *tenant)
{
    ngx_str_t         base, url, first, *token;
    ngx_int_t         rc;
    ngx_uint_t        i, ws, plain;
    const char       *reason, *arguments;
    ngx_array_t      *tokens, *pairs;
    ngx_table_elt_t  *h;
    convrelay_str_t   header;

    tokens = ngx_http_convrelay_signature_tokens(r, pool, clcf->auth.tokens);
    if (tokens == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ws = (tenant != NULL);
    ngx_str_null(&first);

    h = ngx_http_convrelay_header(r, "x-twilio-signature");

    header.len = h ? h->value.len : 0;
    header.data = h ? h->value.data : NULL;

    reason = header.len ? "wrong" : "no";

    /* a signature of the wrong length is neither decoded nor hashed */

    pairs = NULL;

    if (header.len == CONVRELAY_SIGNATURE_LEN) {

        rc = ngx_http_convrelay_signature_pairs(r, pool, &pairs);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* behind a TLS tunnel the connection is plain, but its URL is not */

    for (plain = 0; plain < 2; plain++) {

        rc = ngx_http_convrelay_signature_base(r, pool, ws, plain, &base);

        if (rc == NGX_DECLINED) {
            break;
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (plain == 0) {
            first = base;
        }

        if (pairs == NULL) {
            break;
        }

        url.len = base.len + r->unparsed_uri.len;
        url.data = ngx_pnalloc(pool, url.len);
        if (url.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        (void) ngx_sprintf(url.data, "%V%V", &base, &r->unparsed_uri);

        rc = ngx_http_convrelay_signature_try(r, pool, tokens, &url, pairs,
                                              &header);

        if (rc == NGX_OK) {
            token = tokens->elts;

            for (i = 0; tenant && i < tokens->nelts; i++) {
                ngx_http_convrelay_tenant_token(tenant, &token[i]);
            }

            return ngx_http_convrelay_signature_body(r);
        }

        if (rc != NGX_DECLINED) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* arguments can be secrets */

    url = r->unparsed_uri;

    for (url.len = 0; url.len < r->unparsed_uri.len; url.len++) {

        if (url.data[url.len] == '?') {
            break;
        }
    }

    arguments = "";

    if (url.len < r->unparsed_uri.len) {
        arguments = ws ? " and its arguments, which may be signed in another "
                         "way: use \"convrelay_twiml_parameter\""
                       : " and its arguments";
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client sent %s \"X-Twilio-Signature\" for \"%V%V\"%s%s",
                  reason, &first, &url, arguments,
                  tokens->nelts ? ""
                                : ", and \"convrelay_auth_token\" is empty");

    return NGX_HTTP_FORBIDDEN;
}


/* an empty token is ignored: everybody would know it */

ngx_array_t *
ngx_http_convrelay_signature_tokens(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_array_t *values)
{
    ngx_str_t                    value, *token;
    ngx_uint_t                   i;
    ngx_array_t                 *tokens;
    ngx_http_convrelay_value_t  *v;

    tokens = ngx_array_create(pool, values->nelts, sizeof(ngx_str_t));
    if (tokens == NULL) {
        return NULL;
    }

    v = values->elts;

    for (i = 0; i < values->nelts; i++) {

        if (ngx_http_complex_value(r, v[i].value, &value) != NGX_OK) {
            return NULL;
        }

        if (value.len == 0) {
            continue;
        }

        token = ngx_array_push(tokens);
        *token = value;
    }

    return tokens;
}


/* NGX_OK, NGX_DECLINED: the signature does not match, or NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_signature_try(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_array_t *tokens, ngx_str_t *url, ngx_array_t *pairs,
    convrelay_str_t *header)
{
    u_char                 *buf;
    u_char                  digest[NGX_HTTP_CONVRELAY_SHA1_LEN];
    u_char                  wanted[CONVRELAY_SIGNATURE_LEN];
    ngx_int_t               rc;
    ngx_str_t               src, dst, *token;
    ngx_uint_t              i;
    convrelay_str_t         str, input;
    convrelay_signature_t   s;

    str = ngx_http_convrelay_str(url);

    convrelay_signature_init(&s, &str, pairs->elts, pairs->nelts);
    pairs->nelts = s.npairs;

    buf = ngx_pnalloc(pool, convrelay_signature_size(&s));
    if (buf == NULL) {
        return NGX_ERROR;
    }

    src.len = sizeof(digest);
    src.data = digest;
    dst.data = wanted;

    token = tokens->elts;
    rc = NGX_DECLINED;

    while (convrelay_signature_next(&s, buf, &input) == CONVRELAY_OK) {

        for (i = 0; i < tokens->nelts; i++) {

            ngx_http_convrelay_hmac_sha1(&token[i], &input, digest);
            ngx_encode_base64(&dst, &src);

            if (convrelay_signature_check(header, wanted) == CONVRELAY_OK) {
                rc = NGX_OK;
            }
        }
    }

    return rc;
}


/* the form's pairs, in an array of their own; NGX_OK or an HTTP status */

static ngx_int_t
ngx_http_convrelay_signature_pairs(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_array_t **pairs)
{
    ngx_uint_t                     n;
    ngx_array_t                   *form;
    ngx_http_convrelay_webhook_t  *webhook;

    n = 0;
    form = NULL;

    if (r->method == NGX_HTTP_POST) {
        form = ngx_http_convrelay_form(r);
        if (form == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        webhook = ngx_http_convrelay_get_webhook(r);
        if (webhook == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (webhook->many) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        n = form->nelts;
    }

    *pairs = ngx_array_create(pool, ngx_max(n, 1),
                              sizeof(convrelay_pair_t));
    if (*pairs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (n) {
        ngx_memcpy(ngx_array_push_n(*pairs, n), form->elts,
                   n * sizeof(convrelay_pair_t));
    }

    return NGX_OK;
}


/*
 * The part before the request's URI in the URL that Twilio used.  NGX_DECLINED
 * if there is no (other) such part.
 */

static ngx_int_t
ngx_http_convrelay_signature_base(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_uint_t ws, ngx_uint_t plain, ngx_str_t *base)
{
    ngx_int_t                        rc;
    ngx_str_t                        scheme;
    ngx_http_convrelay_public_url_t  public;

    rc = ngx_http_convrelay_public_url(r, &public);

    if (rc != NGX_OK) {
        return rc;
    }

    scheme = public.scheme;

    if (plain) {

        if (ws || scheme.len) {
            return NGX_DECLINED;
        }

        ngx_str_set(&scheme, "http");

    } else if (ws) {
        ngx_str_set(&scheme, "wss");

    } else if (scheme.len == 0) {
        ngx_str_set(&scheme, "https");
    }

    base->data = ngx_pnalloc(pool, scheme.len + 3 + public.rest.len);
    if (base->data == NULL) {
        return NGX_ERROR;
    }

    base->len = ngx_sprintf(base->data, "%V://%V", &scheme, &public.rest)
                - base->data;

    return NGX_OK;
}


/*
 * A body that is not a form is signed by its hash, which is part of the URL
 * (argument bodySHA256) and so of what was just checked.
 */

static ngx_int_t
ngx_http_convrelay_signature_body(ngx_http_request_t *r)
{
#if (NGX_OPENSSL)
    u_char      digest[NGX_HTTP_CONVRELAY_SHA256_LEN];
    u_char      hex[2 * NGX_HTTP_CONVRELAY_SHA256_LEN];
#endif
    ngx_str_t   value, body;

    if (r->method != NGX_HTTP_POST
        || ngx_http_arg(r, (u_char *) "bodySHA256", 10, &value) != NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_http_convrelay_body(r, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_OPENSSL)

    if (EVP_Digest(body.data, body.len, digest, NULL, EVP_sha256(), NULL) == 1)
    {
        (void) ngx_hex_dump(hex, digest, sizeof(digest));

        if (value.len == sizeof(hex)
            && ngx_strncasecmp(value.data, hex, sizeof(hex)) == 0)
        {
            return NGX_OK;
        }
    }

#endif

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client sent a body that does not match its \"bodySHA256\"");

    return NGX_HTTP_FORBIDDEN;
}


void
ngx_http_convrelay_hmac_sha1(ngx_str_t *key, convrelay_str_t *input,
    u_char *digest)
{
    u_char      block[NGX_HTTP_CONVRELAY_SHA1_BLOCK];
    ngx_uint_t  i;
    ngx_sha1_t  sha1;

    ngx_memzero(block, sizeof(block));

    if (key->len > sizeof(block)) {
        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, key->data, key->len);
        ngx_sha1_final(block, &sha1);

    } else {
        ngx_memcpy(block, key->data, key->len);
    }

    for (i = 0; i < sizeof(block); i++) {
        block[i] ^= 0x36;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, block, sizeof(block));
    ngx_sha1_update(&sha1, input->data, input->len);
    ngx_sha1_final(digest, &sha1);

    for (i = 0; i < sizeof(block); i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, block, sizeof(block));
    ngx_sha1_update(&sha1, digest, NGX_HTTP_CONVRELAY_SHA1_LEN);
    ngx_sha1_final(digest, &sha1);
}


char *
ngx_http_convrelay_auth_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                        *rv;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_convrelay_value_t  *v;

    if (clcf->auth.tokens != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    ngx_http_convrelay_place(cf, &clcf->own);

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            return "takes no other parameter with \"off\"";
        }

        clcf->auth.tokens = NULL;
        clcf->auth.set = 1;

        return NGX_CONF_OK;
    }

    clcf->auth.tokens = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_http_convrelay_value_t));
    if (clcf->auth.tokens == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->auth.set = 1;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "off") == 0) {
            return "takes no other parameter with \"off\"";
        }

        v = ngx_array_push(clcf->auth.tokens);
        if (v == NULL) {
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_convrelay_value_compile(cf, &value[i], v, 0);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_signature_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    if (!conf->enable && conf->twiml.url == NULL && !conf->connect.enable) {
        return NGX_CONF_OK;
    }

    if (conf->auth.public_url) {
        rv = ngx_http_convrelay_public_url_check(cf, conf->auth.public_url);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (conf->auth.tokens) {
        return ngx_http_convrelay_check_tokens(cf, conf->auth.tokens);
    }

    if (conf->auth.set) {
        return NGX_CONF_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                       conf->twiml.url ? &conf->twiml.url->place : &conf->place,
                       "location \"%V\" would let anybody in: add "
                       "\"convrelay_auth_token "
                       "$convrelay_env_TWILIO_AUTH_TOKEN\" to check Twilio's "
                       "signatures, or \"convrelay_auth_token off\"",
                       &clcf->name);

    return NGX_CONF_ERROR;
}


/* checks the tokens known at start; one may be missing, as between rotations */

static char *
ngx_http_convrelay_check_tokens(ngx_conf_t *cf, ngx_array_t *tokens)
{
    ngx_int_t                    rc;
    ngx_str_t                    token;
    ngx_uint_t                   i, found;
    ngx_http_convrelay_value_t  *v;

    v = tokens->elts;
    found = 0;

    for (i = 0; i < tokens->nelts; i++) {

        rc = ngx_http_convrelay_env_expand(cf, &v[i].source, &token);

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        found |= (rc == NGX_DECLINED || token.len);

        if (rc == NGX_OK && token.len
            && ngx_http_convrelay_check_token(cf, &v[i], &token)
               != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (found) {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "\"convrelay_auth_token\" is empty, which would let "
                       "nobody in: give it the account's auth token, or write "
                       "\"off\"");

    return NGX_CONF_ERROR;
}


/* a token is secret: only a value that cannot be a token is logged */

static char *
ngx_http_convrelay_check_token(ngx_conf_t *cf, ngx_http_convrelay_value_t *v,
    ngx_str_t *token)
{
    convrelay_str_t  str;

    str.len = token->len;
    str.data = token->data;

    switch (convrelay_signature_token(&str)) {

    case CONVRELAY_TOKEN_OK:
        break;

    case CONVRELAY_TOKEN_SWITCH:
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "\"%V\" is not an auth token: write the account's auth "
                       "token (32 hex digits), or \"convrelay_auth_token off\" "
                       "to check no signatures", token);
        return NGX_CONF_ERROR;

    case CONVRELAY_TOKEN_ACCOUNT:
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "\"convrelay_auth_token\" is the Account SID: the auth "
                       "token (32 hex digits) is below it in the console");
        return NGX_CONF_ERROR;

    case CONVRELAY_TOKEN_KEY:
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &v->place,
                       "\"convrelay_auth_token\" is the SID of an API key: "
                       "Twilio signs with the account's auth token (32 hex "
                       "digits)");
        return NGX_CONF_ERROR;

    default: /* CONVRELAY_TOKEN_ODD */

        if (!v->warned) {
            v->warned = 1;

            ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &v->place,
                       "\"convrelay_auth_token\" does not look like a Twilio "
                       "auth token (32 hex digits): with a wrong one every "
                       "request gets 403");
        }
    }

    return NGX_CONF_OK;
}
