
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_filler TIME [again=TIME] [max=NUMBER] PHRASE ... | off: phrases
 * that are said while the caller waits for an answer.
 */


#include "ngx_http_convrelay_call.h"
#include "convrelay_word.h"


#define NGX_HTTP_CONVRELAY_FILLER_AGAIN    5000
#define NGX_HTTP_CONVRELAY_FILLER_MAX      3
#define NGX_HTTP_CONVRELAY_FILLER_LIMIT    10   /* of max */
#define NGX_HTTP_CONVRELAY_FILLER_PHRASES  32


static ngx_int_t ngx_http_convrelay_filler_option(ngx_conf_t *cf,
    ngx_http_convrelay_filler_t *filler, ngx_str_t *word);
static ngx_http_convrelay_value_t *ngx_http_convrelay_filler_value(
    ngx_http_convrelay_call_t *call, const convrelay_action_t *a);


char *
ngx_http_convrelay_filler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                         *rv;
    ngx_int_t                     rc, time;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_convrelay_value_t   *phrase;
    ngx_http_convrelay_filler_t  *filler;

    if (clcf->on.filler != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    filler = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_filler_t));
    if (filler == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->on.filler = filler;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    ngx_http_convrelay_place(cf, &clcf->own);

    time = ngx_parse_time(&value[1], 0);

    if (time == NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\", write how long a caller "
                           "waits for the first phrase, as in \"1s\", or "
                           "\"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    filler->session.time = time;
    filler->session.again = NGX_HTTP_CONVRELAY_FILLER_AGAIN;
    filler->session.max = NGX_HTTP_CONVRELAY_FILLER_MAX;

    if (ngx_array_init(&filler->phrases, cf->pool, 4,
                       sizeof(ngx_http_convrelay_value_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        rc = ngx_http_convrelay_filler_option(cf, filler, &value[i]);

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_OK) {
            continue;
        }

        phrase = ngx_array_push(&filler->phrases);
        if (phrase == NULL) {
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_convrelay_filler_compile(cf, &value[i], phrase);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    filler->session.nphrases = filler->phrases.nelts;

    if (filler->phrases.nelts == 0) {
        return "has no phrase, add what is to be said, such as "
               "\"One moment, please.\"";
    }

    if (filler->phrases.nelts > NGX_HTTP_CONVRELAY_FILLER_PHRASES) {
        return "has more than 32 phrases";
    }

    return NGX_CONF_OK;
}


/* NGX_OK; NGX_DECLINED: it is a phrase; NGX_ERROR (logged) */

static ngx_int_t
ngx_http_convrelay_filler_option(ngx_conf_t *cf,
    ngx_http_convrelay_filler_t *filler, ngx_str_t *word)
{
    u_char     *p, *last;
    ngx_int_t   n;
    ngx_str_t   s;

    last = word->data + word->len;

    for (p = word->data; p < last && *p >= 'a' && *p <= 'z'; p++) {
        /* void */
    }

    if (p == word->data || p == last || *p != '=') {
        return NGX_DECLINED;
    }

    s.data = p + 1;
    s.len = last - s.data;

    if (ngx_strncmp(word->data, "again=", 6) == 0) {
        n = ngx_parse_time(&s, 0);

        if (n != NGX_ERROR && n > 0) {
            filler->session.again = n;
            return NGX_OK;
        }
    }

    if (ngx_strncmp(word->data, "max=", 4) == 0) {
        n = ngx_atoi(s.data, s.len);

        if (n > 0 && n <= NGX_HTTP_CONVRELAY_FILLER_LIMIT) {
            filler->session.max = n;
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\", write \"again=5s\", \"max=3\", which "
                       "is at most %d, or a phrase", word,
                       NGX_HTTP_CONVRELAY_FILLER_LIMIT);

    return NGX_ERROR;
}


char *
ngx_http_convrelay_filler_compile(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_value_t *v)
{
    char             *rv;
    convrelay_str_t   text;

    rv = ngx_http_convrelay_value_compile(cf, source, v, 1);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    text = ngx_http_convrelay_str(source);

    if (v->value->lengths == NULL && !convrelay_has_word(&text)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the phrase \"%V\" has no word, write what is to "
                           "be said, such as \"One moment, please.\"", source);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_filler_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                    i;
    ngx_http_convrelay_tool_t    *tool;
    ngx_http_convrelay_filler_t  *filler;

    filler = conf->on.filler;

    conf->session.filler = (filler && filler->session.nphrases)
                           ? &filler->session : NULL;

    if (!conf->enable || filler || conf->tools.list == NULL) {
        return NGX_CONF_OK;
    }

    tool = conf->tools.list->elts;

    for (i = 0; i < conf->tools.list->nelts; i++) {

        if (tool[i].filler) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &tool[i].place,
                               "\"filler=\" of the tool \"%V\" is never said, "
                               "add \"convrelay_filler 1s\" with phrases, or "
                               "\"convrelay_filler off\"", &tool[i].name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_http_convrelay_filler_phrase(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a, convrelay_actions_t *out)
{
    ngx_int_t                    rc;
    convrelay_str_t              text;
    ngx_http_convrelay_on_t      on;
    ngx_http_convrelay_value_t  *value;

    value = ngx_http_convrelay_filler_value(call, a);

    if (value == NULL) {
        return;
    }

    ngx_memzero(&on, sizeof(ngx_http_convrelay_on_t));

    rc = NGX_OK;

    if (value->value->lengths) {
        rc = ngx_http_convrelay_on_open(&on, call, a->run);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_convrelay_value_text(on.shadow ? on.shadow
                                                     : call->request,
                                           value, &text);
    }

    if (rc != NGX_OK) {
        ngx_http_convrelay_call_fail(call, NGX_ERROR);

    } else if (convrelay_session_phrase(call->session, &text, out)) {
        ngx_http_convrelay_count(call->conf, FILLERS);
    }

    ngx_http_convrelay_on_end(&on);
}


static ngx_http_convrelay_value_t *
ngx_http_convrelay_filler_value(ngx_http_convrelay_call_t *call,
    const convrelay_action_t *a)
{
    ngx_http_convrelay_tool_t   *tool;
    ngx_http_convrelay_value_t  *phrase;

    if (a->run) {
        tool = call->conf->tools.list->elts;

        return tool[a->run->index].filler;
    }

    phrase = call->conf->on.filler->phrases.elts;

    return &phrase[a->code];
}
