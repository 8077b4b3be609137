
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay_tool NAME DEFINITION ...: the tools that an LLM may call.  All
 * words are literal, because a schema is full of "$".
 */


#include "ngx_http_convrelay_call.h"


#define NGX_HTTP_CONVRELAY_MAX_DEFINITION  65536        /* bytes of a file */
#define NGX_HTTP_CONVRELAY_MANY_TOOLS      20   /* with more, LLMs get worse */
#define NGX_HTTP_CONVRELAY_TOOL_TIMEOUT    5000
#define NGX_HTTP_CONVRELAY_TOOL_RUNS       16   /* at the same time, of each
                                                   phone call: at least */


static char *ngx_http_convrelay_tool_definition(ngx_conf_t *cf,
    ngx_http_convrelay_tool_t *tool, ngx_str_t *source);
static void ngx_http_convrelay_tool_cleanup(void *data);
static char *ngx_http_convrelay_tool_option(ngx_conf_t *cf,
    ngx_http_convrelay_tool_t *tool, ngx_str_t *word);
static char *ngx_http_convrelay_tool_uri(ngx_conf_t *cf,
    ngx_http_convrelay_tool_t *tool, ngx_str_t *uri);
static char *ngx_http_convrelay_tools_check(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static char *ngx_http_convrelay_tools_session(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);
static char *ngx_http_convrelay_tools_json(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


char *
ngx_http_convrelay_tool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  i;
    convrelay_str_t             name;
    ngx_http_convrelay_tool_t  *tool;

    value = cf->args->elts;
    ngx_http_convrelay_place(cf, &clcf->own);

    if (clcf->tools.list == NGX_CONF_UNSET_PTR) {

        clcf->tools.list = ngx_array_create(cf->pool, 4,
                                            sizeof(ngx_http_convrelay_tool_t));
        if (clcf->tools.list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    name = ngx_http_convrelay_str(&value[1]);

    if (!convrelay_tool_is_name(&name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name of a tool \"%V\", write 1 to %d "
                           "letters, digits, \"_\" and \"-\"",
                           &value[1], CONVRELAY_TOOL_MAX_NAME);
        return NGX_CONF_ERROR;
    }

    tool = clcf->tools.list->elts;

    for (i = 0; i < clcf->tools.list->nelts; i++) {

        if (tool[i].name.len == value[1].len
            && ngx_strncmp(tool[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate tool \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    tool = ngx_array_push(clcf->tools.list);
    if (tool == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(tool, sizeof(ngx_http_convrelay_tool_t));

    tool->name = value[1];
    tool->timeout = NGX_HTTP_CONVRELAY_TOOL_TIMEOUT;
    tool->method = NGX_HTTP_POST;
    ngx_http_convrelay_place(cf, &tool->place);

    if (ngx_http_convrelay_tool_definition(cf, tool, &value[2])
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 3; i < cf->args->nelts; i++) {

        if (ngx_http_convrelay_tool_option(cf, tool, &value[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_convrelay_conf_options(cf, 3, cf->args->nelts);
}


/* JSON, or the name of a file that holds it */

static char *
ngx_http_convrelay_tool_definition(ngx_conf_t *cf,
    ngx_http_convrelay_tool_t *tool, ngx_str_t *source)
{
    int                           rc;
    char                          error[160];
    ngx_str_t                     json, file;
    convrelay_str_t               name, str;
    ngx_file_info_t               fi;
    ngx_pool_cleanup_t           *cln;
    convrelay_tool_definition_t  *d;

    ngx_str_null(&file);

    if (source->len && source->data[0] == '{') {

        /* a copy: texts are decoded in place, and the words of the
           configuration belong to nginx */

        json.len = source->len;
        json.data = ngx_pstrdup(cf->pool, source);

        if (json.data == NULL) {
            return NGX_CONF_ERROR;
        }

    } else {
        file = *source;

        if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        rc = ngx_http_convrelay_read_file(cf->pool, NGX_LOG_EMERG, cf->log,
                                          &file, &file,
                                          NGX_HTTP_CONVRELAY_MAX_DEFINITION,
                                          &json, &fi);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "definition of the tool \"%V\": there is no "
                               "file \"%V\"; write a file, or JSON that "
                               "begins with \"{\"", &tool->name, &file);
        }

        if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(convrelay_tool_definition_t));
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    d = cln->data;
    ngx_memzero(d, sizeof(convrelay_tool_definition_t));
    cln->handler = ngx_http_convrelay_tool_cleanup;

    tool->definition = d;

    name = ngx_http_convrelay_str(&tool->name);
    str = ngx_http_convrelay_str(&json);

    rc = convrelay_tool_definition_read(d, &name, &str, error, sizeof(error));

    if (rc == CONVRELAY_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "definition of the tool \"%V\"%s%V %s", &tool->name,
                           file.len ? " in " : "", &file, error);
        return NGX_CONF_ERROR;
    }

    if (d->warning[0]) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "definition of the tool \"%V\": it is \"strict\", "
                           "and %s", &tool->name, d->warning);
    }

    return NGX_CONF_OK;
}


static void
ngx_http_convrelay_tool_cleanup(void *data)
{
    convrelay_tool_definition_free(data);
}


static char *
ngx_http_convrelay_tool_option(ngx_conf_t *cf,
    ngx_http_convrelay_tool_t *tool, ngx_str_t *word)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(word->data, "uri=", 4) == 0) {
        s.data = word->data + 4;
        s.len = word->len - 4;

        return ngx_http_convrelay_tool_uri(cf, tool, &s);
    }

    if (ngx_strcmp(word->data, "method=POST") == 0) {
        tool->method = NGX_HTTP_POST;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(word->data, "method=GET") == 0) {
        tool->method = NGX_HTTP_GET;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(word->data, "timeout=", 8) == 0) {
        s.data = word->data + 8;
        s.len = word->len - 8;

        n = ngx_parse_time(&s, 0);

        if (n != NGX_ERROR && n > 0) {
            tool->timeout = n;
            return NGX_CONF_OK;
        }
    }

    if (ngx_strcmp(word->data, "once") == 0) {
        tool->once = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(word->data, "filler=off") == 0) {
        tool->mute = 1;
        tool->filler = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(word->data, "filler=", 7) == 0) {
        s.data = word->data + 7;
        s.len = word->len - 7;

        tool->mute = 0;
        tool->filler = ngx_palloc(cf->pool,
                                  sizeof(ngx_http_convrelay_value_t));
        if (tool->filler == NULL) {
            return NGX_CONF_ERROR;
        }

        return ngx_http_convrelay_filler_compile(cf, &s, tool->filler);
    }

    if (ngx_strcmp(word->data, "on_interrupt=finish") == 0) {
        tool->cancel = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(word->data, "on_interrupt=cancel") == 0) {
        tool->cancel = 1;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\" of the tool \"%V\", write \"uri=/URI\", "
                       "\"method=POST\", \"method=GET\", \"timeout=5s\", "
                       "\"once\", \"on_interrupt=finish\", "
                       "\"on_interrupt=cancel\", \"filler=PHRASE\" or "
                       "\"filler=off\"", word, &tool->name);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_convrelay_tool_uri(ngx_conf_t *cf, ngx_http_convrelay_tool_t *tool,
    ngx_str_t *uri)
{
    u_char  *p;

    if (uri->len < 2 || uri->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"uri=%V\" of the tool \"%V\", write the "
                           "URI of a location of this server, such as "
                           "\"uri=/tools/%V\"", uri, &tool->name, &tool->name);
        return NGX_CONF_ERROR;
    }

    tool->uri = *uri;

    p = ngx_strlchr(uri->data, uri->data + uri->len, '?');

    if (p) {
        tool->uri.len = p - uri->data;
        tool->args.data = p + 1;
        tool->args.len = uri->data + uri->len - p - 1;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_tools_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    char  *rv;

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    rv = ngx_http_convrelay_tools_check(cf, conf);

    if (rv == NGX_CONF_OK && conf->tools.list) {
        rv = ngx_http_convrelay_tools_session(cf, conf);
    }

    if (rv == NGX_CONF_OK && conf->tools.list) {
        rv = ngx_http_convrelay_tools_json(cf, conf);
    }

    return rv;
}


/* checks that every tool does something, and that every rule belongs to a
   tool */

static char *
ngx_http_convrelay_tools_check(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_uint_t                  i, n, nrules, ntools;
    ngx_http_convrelay_rule_t  *rule;
    ngx_http_convrelay_tool_t  *tool;

    rule = conf->on.rules ? conf->on.rules->elts : NULL;
    nrules = conf->on.rules ? conf->on.rules->nelts : 0;

    tool = conf->tools.list ? conf->tools.list->elts : NULL;
    ntools = conf->tools.list ? conf->tools.list->nelts : 0;

    for (i = 0; i < nrules; i++) {

        if (rule[i].trigger != CONVRELAY_TRIGGER_TOOL) {
            continue;
        }

        for (n = 0; n < ntools; n++) {

            if (tool[n].name.len == rule[i].match.len
                && ngx_strncmp(tool[n].name.data, rule[i].match.data,
                               tool[n].name.len)
                   == 0)
            {
                break;
            }
        }

        if (n == ntools) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &rule[i].place,
                               "\"convrelay_on tool %V\": there is no "
                               "\"convrelay_tool %V\"", &rule[i].match,
                               &rule[i].match);
            return NGX_CONF_ERROR;
        }
    }

    for (n = 0; n < ntools; n++) {

        if (tool[n].uri.len) {
            continue;
        }

        for (i = 0; i < nrules; i++) {

            if (rule[i].trigger == CONVRELAY_TRIGGER_TOOL
                && tool[n].name.len == rule[i].match.len
                && ngx_strncmp(tool[n].name.data, rule[i].match.data,
                               tool[n].name.len)
                   == 0)
            {
                break;
            }
        }

        if (i == nrules) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &tool[n].place,
                               "the tool \"%V\" does nothing, add \"uri=\" "
                               "with a location, or \"convrelay_on tool %V\" "
                               "with an action", &tool[n].name,
                               &tool[n].name);
            return NGX_CONF_ERROR;
        }
    }

    if (ntools > NGX_HTTP_CONVRELAY_MANY_TOOLS) {
        tool = &tool[NGX_HTTP_CONVRELAY_MANY_TOOLS];

        ngx_http_convrelay_conf_error(NGX_LOG_WARN, cf, &tool->place,
                           "%ui tools: with more than %d an LLM begins to "
                           "choose the wrong ones, and takes longer for its "
                           "first word", ntools,
                           NGX_HTTP_CONVRELAY_MANY_TOOLS);
    }

    return NGX_CONF_OK;
}


/* the session's view of the tools */

static char *
ngx_http_convrelay_tools_session(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    size_t                       k, at, nkeys;
    ngx_uint_t                   i, n;
    convrelay_str_t             *names, *keys;
    ngx_http_convrelay_rule_t   *rule;
    ngx_http_convrelay_tool_t   *tool;
    convrelay_session_tool_t    *t;

    tool = conf->tools.list->elts;
    n = conf->tools.list->nelts;
    nkeys = 0;

    for (i = 0; i < n; i++) {
        nkeys += tool[i].definition->nkeys;
    }

    t = ngx_pcalloc(cf->pool, n * sizeof(convrelay_session_tool_t));
    names = ngx_palloc(cf->pool, n * sizeof(convrelay_str_t));
    keys = ngx_palloc(cf->pool, (nkeys + 1) * sizeof(convrelay_str_t));

    if (t == NULL || names == NULL || keys == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->session.tools = t;
    conf->session.max_tool_rounds = conf->tools.max_rounds;
    conf->session.max_tool_runs = ngx_max(conf->tools.max_calls,
                                          NGX_HTTP_CONVRELAY_TOOL_RUNS);
    conf->session.tool_wait = conf->tools.wait;
    conf->session.ntools = n;
    conf->session.shapes.names = names;
    conf->session.shapes.nnames = n;
    conf->session.shapes.keys = keys;
    conf->session.shapes.nkeys = nkeys;

    at = 0;

    for (i = 0; i < n; i++) {
        names[i] = ngx_http_convrelay_str(&tool[i].name);

        t[i].name = names[i];
        t[i].uri = (tool[i].uri.len != 0);
        t[i].once = tool[i].once;
        t[i].cancel = tool[i].cancel;
        t[i].filler = (tool[i].filler != NULL);
        t[i].mute = tool[i].mute;

        for (k = 0; k < tool[i].definition->nkeys; k++) {
            keys[at++] = tool[i].definition->keys[k];
        }
    }

    convrelay_tool_shapes_sort(names, n);
    convrelay_tool_shapes_sort(keys, nkeys);

    if (conf->on.rules == NULL) {
        return NGX_CONF_OK;
    }

    rule = conf->on.rules->elts;

    for (i = 0; i < n; i++) {

        for (k = 0; k < conf->on.rules->nelts; k++) {

            if (rule[k].trigger == CONVRELAY_TRIGGER_TOOL
                && rule[k].match.len == tool[i].name.len
                && ngx_strncmp(rule[k].match.data, tool[i].name.data,
                               tool[i].name.len)
                   == 0)
            {
                t[i].actions = 1;
            }
        }
    }

    return NGX_CONF_OK;
}


/* writes the tools once: the same bytes in each request suit prompt caches */

static char *
ngx_http_convrelay_tools_json(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    u_char                     *p;
    size_t                      size;
    ngx_uint_t                  i;
    ngx_http_convrelay_tool_t  *tool;

    tool = conf->tools.list->elts;
    size = 1;

    for (i = 0; i < conf->tools.list->nelts; i++) {
        size += convrelay_tool_definition_size(tool[i].definition) + 1;
    }

    p = ngx_pnalloc(cf->pool, size);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->tools.json.data = p;
    conf->tools.json.len = size;

    for (i = 0; i < conf->tools.list->nelts; i++) {
        *p++ = i ? ',' : '[';
        p = convrelay_tool_definition_write(p, tool[i].definition);
    }

    *p = ']';

    return NGX_CONF_OK;
}
