
/*
 * Copyright (C) convrelay contributors
 *
 * "convrelay_on prompt ~REGEX": compiles the expression so that no prompt can
 * keep the worker busy with it, and matches prompts.
 */


#include "ngx_http_convrelay_call.h"


/*
 * Put before each pattern, after its own options, because nginx has no options
 * for it: prompts are UTF-8, and letters of any script count, also for "\w",
 * "\b" and case.
 *
 * PCRE counts the steps separately for each place where a match may begin, and
 * a prompt has up to NGX_HTTP_CONVRELAY_MATCH_LEN of them.  So the search for
 * the place is made part of the pattern, which can begin only at the first
 * byte, and one limit covers all places.
 */

#define NGX_HTTP_CONVRELAY_MATCH_LIMIT   "(*LIMIT_MATCH=20000)"

#if (NGX_PCRE2)
#define NGX_HTTP_CONVRELAY_REGEX_OPTIONS                                      \
    NGX_HTTP_CONVRELAY_MATCH_LIMIT "(*UTF)(*UCP)"
#else
#define NGX_HTTP_CONVRELAY_REGEX_OPTIONS                                      \
    NGX_HTTP_CONVRELAY_MATCH_LIMIT "(*UTF8)(*UCP)"
#endif

#define NGX_HTTP_CONVRELAY_REGEX_START   "\\A(?s:.*?)(?:"
#define NGX_HTTP_CONVRELAY_REGEX_END     "\\E)"

/* "\E" ends a "\Q" that is open, and is nothing elsewhere.  A comment of "(?x)"
   goes up to the next line, but only there a line break is nothing. */

#define NGX_HTTP_CONVRELAY_REGEX_COMMENT_END  "\r\n)"


#if (NGX_PCRE)
static ngx_str_t ngx_http_convrelay_regex_options(ngx_str_t *pattern);
static ngx_int_t ngx_http_convrelay_regex_pattern(ngx_conf_t *cf,
    ngx_regex_compile_t *rc, ngx_str_t *options, const char *start,
    ngx_str_t *pattern, const char *end);
#endif


char *
ngx_http_convrelay_on_regex(ngx_conf_t *cf, ngx_http_convrelay_rule_t *rule)
{
#if (NGX_PCRE)

    u_char               errstr[NGX_MAX_CONF_ERRSTR];
    ngx_str_t            pattern, options;
    ngx_uint_t           i;
    ngx_regex_compile_t  rc;

    static const char  *ends[] = {
        NGX_HTTP_CONVRELAY_REGEX_END,
        NGX_HTTP_CONVRELAY_REGEX_COMMENT_END
    };

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    pattern.data = rule->match.data + 1;
    pattern.len = rule->match.len - 1;

    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (pattern.len && pattern.data[0] == '*') {
        pattern.data++;
        pattern.len--;
        rc.options = NGX_REGEX_CASELESS;
    }

    if (pattern.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has no regular expression", &rule->match);
        return NGX_CONF_ERROR;
    }

    options = ngx_http_convrelay_regex_options(&pattern);

    /* compile it unchanged first, for its errors: an unbalanced ")" would end
       the group below */

    if (ngx_http_convrelay_regex_pattern(cf, &rc, &options, "", &pattern, "")
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_regex_compile(&rc) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &rc.err);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < sizeof(ends) / sizeof(char *); i++) {

        if (ngx_http_convrelay_regex_pattern(cf, &rc, &options,
                                             NGX_HTTP_CONVRELAY_REGEX_START,
                                             &pattern, ends[i])
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (ngx_regex_compile(&rc) == NGX_OK) {
            break;
        }
    }

    if (i == sizeof(ends) / sizeof(char *)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must not end in a comment: leave it out, "
                           "or write \"\\#\" for the character",
                           &rule->match);
        return NGX_CONF_ERROR;
    }

    rule->regex = ngx_http_regex_compile(cf, &rc);

    return rule->regex ? NGX_CONF_OK : NGX_CONF_ERROR;

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "using regex \"%V\" requires PCRE library",
                       &rule->match);
    return NGX_CONF_ERROR;

#endif
}


#if (NGX_PCRE)

ngx_int_t
ngx_http_convrelay_on_regex_exec(ngx_http_request_t *m,
    ngx_http_convrelay_rule_t *rule, ngx_str_t *text, ngx_int_t *code)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i, n, len;
    ngx_http_regex_t           *regex;
    ngx_http_variable_value_t  *value;
    ngx_http_core_main_conf_t  *cmcf;

    len = 0;
    regex = rule->regex;

    if (regex->ncaptures) {
        cmcf = ngx_http_get_module_main_conf(m, ngx_http_core_module);
        len = cmcf->ncaptures;

        if (m->captures == NULL || m->realloc_captures) {
            m->realloc_captures = 0;
            m->ncaptures = 0;

            m->captures = ngx_palloc(m->pool, len * sizeof(int));
            if (m->captures == NULL) {
                return NGX_ERROR;
            }
        }
    }

    rc = ngx_regex_exec(regex->regex, text, len ? m->captures : NULL, len);

    if (rc == NGX_REGEX_NO_MATCHED) {
        return NGX_DECLINED;
    }

    if (rc < 0) {
        *code = rc;
        return NGX_DONE;
    }

    for (i = 0; i < regex->nvariables; i++) {
        n = regex->variables[i].capture;
        value = &m->variables[regex->variables[i].index];

        value->len = m->captures[n + 1] - m->captures[n];
        value->valid = 1;
        value->no_cacheable = 0;
        value->not_found = 0;
        value->data = &text->data[m->captures[n]];
    }

    m->ncaptures = rc * 2;
    m->captures_data = text->data;

    return NGX_OK;
}


/*
 * "(*CRLF)" and the like, which are allowed only at the very beginning.  Small
 * letters begin a group that is part of the expression itself: "(*pla:...)", as
 * are the verbs of a match.
 */

static ngx_str_t
ngx_http_convrelay_regex_options(ngx_str_t *pattern)
{
    u_char      *p, *last, *end;
    ngx_str_t    options;
    ngx_uint_t   i;

    static ngx_str_t  verbs[] = {
        ngx_string("ACCEPT"), ngx_string("COMMIT"), ngx_string("F"),
        ngx_string("FAIL"), ngx_string("PRUNE"), ngx_string("SKIP"),
        ngx_string("THEN"), ngx_null_string
    };

    p = pattern->data;
    last = p + pattern->len;

    while (last - p > 2 && p[0] == '(' && p[1] == '*') {

        for (end = p + 2; end < last; end++) {

            if (!((*end >= 'A' && *end <= 'Z') || (*end >= '0' && *end <= '9')
                  || *end == '_' || *end == '='))
            {
                break;
            }
        }

        if (end == last || *end != ')') {
            break;
        }

        for (i = 0; verbs[i].len; i++) {

            if (verbs[i].len == (size_t) (end - p - 2)
                && ngx_strncmp(verbs[i].data, p + 2, verbs[i].len) == 0)
            {
                break;
            }
        }

        if (verbs[i].len) {
            break;
        }

        p = end + 1;
    }

    options.len = p - pattern->data;
    options.data = pattern->data;

    pattern->len -= options.len;
    pattern->data = p;

    return options;
}


static ngx_int_t
ngx_http_convrelay_regex_pattern(ngx_conf_t *cf, ngx_regex_compile_t *rc,
    ngx_str_t *options, const char *start, ngx_str_t *pattern,
    const char *end)
{
    size_t   len;
    u_char  *p;

    len = sizeof(NGX_HTTP_CONVRELAY_REGEX_OPTIONS) - 1 + options->len
          + ngx_strlen(start) + pattern->len + ngx_strlen(end);

    /* PCRE needs the NUL at the end */

    p = ngx_pnalloc(cf->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rc->pool = cf->pool;
    rc->pattern.len = len;
    rc->pattern.data = p;

    /* the last of two limits counts */

    (void) ngx_sprintf(p, "%V%s%s%V%s%Z", options,
                       NGX_HTTP_CONVRELAY_REGEX_OPTIONS, start, pattern, end);

    return NGX_OK;
}

#endif
