
/*
 * Copyright (C) convrelay contributors
 *
 * Words and the way in which they are spoken: in the configuration, and in
 * files of many of them.
 */


#include "ngx_http_convrelay.h"


/* bytes of a file, at most: some 100,000 words */
#define NGX_HTTP_CONVRELAY_PRONOUNCE_SIZE  (4 * 1024 * 1024)


struct ngx_http_convrelay_pronounce_s {
    ngx_array_t                words;     /* convrelay_lexicon_word_t */
    convrelay_lexicon_t        lexicon;   /* the same, sorted */
    ngx_uint_t                 sorted;    /* unsigned  sorted:1; */
};


static ngx_http_convrelay_pronounce_t *ngx_http_convrelay_pronounce_list(
    ngx_conf_t *cf, ngx_http_convrelay_loc_conf_t *clcf);
static char *ngx_http_convrelay_pronounce_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_convrelay_pronounce_add(ngx_conf_t *cf,
    ngx_http_convrelay_pronounce_t *pronounce, ngx_uint_t from);
static char *ngx_http_convrelay_pronounce_option(ngx_conf_t *cf,
    convrelay_lexicon_word_t *word, ngx_str_t *option);
static ngx_uint_t ngx_http_convrelay_pronounce_variable(
    const convrelay_str_t *spoken);
static char *ngx_http_convrelay_pronounce_sort(ngx_conf_t *cf,
    ngx_http_convrelay_pronounce_t *pronounce);


char *
ngx_http_convrelay_pronounce(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_http_convrelay_pronounce_t  *pronounce;

    pronounce = ngx_http_convrelay_pronounce_list(cf, clcf);
    if (pronounce == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_pronounce_add(cf, pronounce, 1);
}


char *
ngx_http_convrelay_pronounce_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                            *rv;
    ngx_str_t                       *value, name, content;
    ngx_int_t                        rc;
    ngx_conf_t                       save;
    ngx_uint_t                       n;
    ngx_file_info_t                  fi;
    ngx_http_convrelay_pronounce_t  *pronounce;

    pronounce = ngx_http_convrelay_pronounce_list(cf, clcf);
    if (pronounce == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    name = value[1];

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_convrelay_read_file(cf->temp_pool, NGX_LOG_EMERG, cf->log,
                                      &name, &name,
                                      NGX_HTTP_CONVRELAY_PRONOUNCE_SIZE,
                                      &content, &fi);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "file \"%V\" was not found",
                           &name);
    }

    if (rc == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_pronounce_file\" cannot read \"%V\", "
                           "name a text file that has lines such as: nginx "
                           "\"engine x\" lang=en;", &name);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (content.len >= 3 && ngx_memcmp(content.data, "\xef\xbb\xbf", 3) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" begins with a byte order mark, save it "
                           "as UTF-8 without one", &name);
        return NGX_CONF_ERROR;
    }

    n = pronounce->words.nelts;

    save = *cf;

    cf->handler = ngx_http_convrelay_pronounce_line;
    cf->handler_conf = (void *) pronounce;

    rv = ngx_conf_parse(cf, &name);

    *cf = save;

    if (rv == NGX_CONF_OK && n == pronounce->words.nelts) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "file \"%V\" has no words", &name);
    }

    return rv;
}


static ngx_http_convrelay_pronounce_t *
ngx_http_convrelay_pronounce_list(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *clcf)
{
    ngx_http_convrelay_pronounce_t  *pronounce;

    ngx_http_convrelay_place(cf, &clcf->own);

    if (clcf->pronounce) {
        return clcf->pronounce;
    }

    pronounce = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_pronounce_t));
    if (pronounce == NULL) {
        return NULL;
    }

    if (ngx_array_init(&pronounce->words, cf->pool, 4,
                       sizeof(convrelay_lexicon_word_t))
        != NGX_OK)
    {
        return NULL;
    }

    clcf->pronounce = pronounce;

    return pronounce;
}


/* a line of a file, such as: nginx "engine x" lang=en; */

static char *
ngx_http_convrelay_pronounce_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    /* in other files of nginx it is not a word */

    if (cf->args->nelts == 2 && ngx_strcmp(value[0].data, "include") == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a file of words cannot include \"%V\": write "
                           "another \"convrelay_pronounce_file\"; the word "
                           "\"include\" can be one of \"convrelay_pronounce\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_pronounce_add(cf, conf, 0);
}


static char *
ngx_http_convrelay_pronounce_add(ngx_conf_t *cf,
    ngx_http_convrelay_pronounce_t *pronounce, ngx_uint_t from)
{
    u_char                    *p;
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    const char                *why, *part;
    convrelay_lexicon_word_t  *word;

    value = cf->args->elts;

    if (cf->args->nelts < from + 2 || cf->args->nelts > from + 4) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments for the word \"%V\", "
                           "write a line such as: nginx \"engine x\" lang=en;",
                           &value[from]);
        return NGX_CONF_ERROR;
    }

    word = ngx_array_push(&pronounce->words);
    if (word == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(word, sizeof(convrelay_lexicon_word_t));

    word->word.data = value[from].data;
    word->word.len = value[from].len;
    word->spoken.data = value[from + 1].data;
    word->spoken.len = value[from + 1].len;
    word->file.data = cf->conf_file->file.name.data;
    word->file.len = cf->conf_file->file.name.len;
    word->line = cf->conf_file->line;
    word->number = pronounce->words.nelts;

    for (i = from + 2; i < cf->args->nelts; i++) {

        if (ngx_http_convrelay_pronounce_option(cf, word, &value[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    why = convrelay_lexicon_check(word, &part);

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s \"%V\" %s", part,
                           (part[0] == 'W') ? &value[from]
                           : (part[0] == 'S') ? &value[from + 1]
                                              : (ngx_str_t *) &word->lang,
                           why);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_convrelay_pronounce_variable(&word->spoken)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "SPOKEN \"%V\" has a variable, which is not "
                           "evaluated here: write what is to be spoken",
                           &value[from + 1]);
        return NGX_CONF_ERROR;
    }

    p = ngx_pnalloc(cf->pool, 2 * word->word.len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    word->key.data = p;
    word->key.len = convrelay_lexicon_key(p, &word->word) - p;

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_pronounce_option(ngx_conf_t *cf,
    convrelay_lexicon_word_t *word, ngx_str_t *option)
{
    if (ngx_strncmp(option->data, "lang=", 5) == 0) {

        if (word->lang.data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", option);
            return NGX_CONF_ERROR;
        }

        word->lang.data = option->data + 5;
        word->lang.len = option->len - 5;

        if (word->lang.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", write a language "
                               "such as \"lang=en\"", option);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_strcmp(option->data, "case") == 0) {

        if (word->exact) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", option);
            return NGX_CONF_ERROR;
        }

        word->exact = 1;

        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", it must be \"lang=...\" or "
                       "\"case\"; put words with blanks in quotes", option);

    return NGX_CONF_ERROR;
}


/* true if it looks as if a variable was meant */

static ngx_uint_t
ngx_http_convrelay_pronounce_variable(const convrelay_str_t *spoken)
{
    size_t  i;
    u_char  c;

    for (i = 0; i + 1 < spoken->len; i++) {
        c = spoken->data[i + 1];

        if (spoken->data[i] == '$'
            && (c == '{' || c == '_' || convrelay_is_alpha(c)))
        {
            return 1;
        }
    }

    return 0;
}


/* the words of a level take the place of those of the levels above it */

char *
ngx_http_convrelay_pronounce_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *prev, ngx_http_convrelay_loc_conf_t *conf)
{
    if (prev->pronounce
        && ngx_http_convrelay_pronounce_sort(cf, prev->pronounce)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->pronounce == NULL) {
        conf->pronounce = prev->pronounce;

    } else if (ngx_http_convrelay_pronounce_sort(cf, conf->pronounce)
               != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->pronounce && conf->pronounce->words.nelts) {
        conf->session.lexicon = &conf->pronounce->lexicon;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_pronounce_sort(ngx_conf_t *cf,
    ngx_http_convrelay_pronounce_t *pronounce)
{
    ngx_http_convrelay_place_t       place;
    const convrelay_lexicon_word_t  *twice;

    if (pronounce->sorted) {
        return NGX_CONF_OK;
    }

    pronounce->sorted = 1;

    pronounce->lexicon.words = pronounce->words.elts;
    pronounce->lexicon.nwords = pronounce->words.nelts;

    twice = convrelay_lexicon_sort(&pronounce->lexicon);

    if (twice == NULL) {
        return NGX_CONF_OK;
    }

    place.file = twice->file.data;
    place.line = twice->line;

    ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &place,
                                  "word \"%V\" is duplicate, it is also in "
                                  "%s:%uz", &twice->word, twice[-1].file.data,
                                  twice[-1].line);

    return NGX_CONF_ERROR;
}
