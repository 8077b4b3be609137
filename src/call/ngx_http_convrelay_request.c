
/*
 * Copyright (C) convrelay contributors
 *
 * The request of a turn: system prompt, model, other fields.
 */


#include "ngx_http_convrelay_call.h"

#include "convrelay_utf8.h"


static ngx_int_t ngx_http_convrelay_system_read(ngx_pool_t *pool,
    ngx_uint_t level, ngx_log_t *log, ngx_str_t *file, ngx_str_t *label,
    ngx_str_t *text);
static ngx_int_t ngx_http_convrelay_system_name(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *file);
static ngx_int_t ngx_http_convrelay_system_extend(
    ngx_http_convrelay_call_t *call, const convrelay_str_t *context);

static void ngx_http_convrelay_request_forgets(
    ngx_http_convrelay_call_t *call);
static ngx_int_t ngx_http_convrelay_field_check(ngx_conf_t *cf,
    ngx_http_convrelay_field_t *field);


char *
ngx_http_convrelay_request_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_int_t                       rc;
    ngx_str_t                       text, file;
    ngx_http_convrelay_llm_conf_t  *llm;

    llm = &conf->llm;
    llm->api = &convrelay_llm_chat;
    rc = NGX_OK;

    if (llm->system_prompt) {
        rc = ngx_http_convrelay_env_expand(cf, &llm->system_prompt->source,
                                           &text);
    }

    if (llm->system_prompt_file) {
        rc = ngx_http_convrelay_env_expand(cf,
                                           &llm->system_prompt_file->source,
                                           &file);

        if (rc == NGX_OK) {

            if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            rc = ngx_http_convrelay_system_read(cf->pool, NGX_LOG_EMERG,
                                                cf->log, &file, &file, &text);
        }

        if (rc == NGX_ERROR) {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                                    &llm->system_prompt_file->place,
                                    "\"convrelay_system_prompt_file %V\" "
                                    "cannot be used",
                                    &llm->system_prompt_file->source);
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    llm->system_varies = (rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        llm->system = text;
    }

    rc = ngx_http_convrelay_env_expand(cf, &llm->error_message->source, &text);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    llm->error_varies = (rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        conf->session.error_message = ngx_http_convrelay_str(&text);
    }

    return NGX_CONF_OK;
}


/*
 * Reads the whole file, except the line break that editors add.  The log has
 * label in place of its name: a name with variables can contain a caller's
 * number.
 */

static ngx_int_t
ngx_http_convrelay_system_read(ngx_pool_t *pool, ngx_uint_t level,
    ngx_log_t *log, ngx_str_t *file, ngx_str_t *label, ngx_str_t *text)
{
    size_t           n;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    rc = ngx_http_convrelay_read_file(pool, level, log, file, label,
                                      NGX_HTTP_CONVRELAY_MAX_PROMPT, text,
                                      &fi);

    if (rc == NGX_DECLINED) {
        ngx_log_error(level, log, NGX_ENOENT,
                      "system prompt file \"%V\"", label);
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    n = convrelay_utf8_valid(text->data, text->len);

    if (n != text->len) {
        ngx_log_error(level, log, 0,
                      "system prompt file \"%V\" is not UTF-8 at byte %uz",
                      label, n);
        return NGX_ERROR;
    }

    if (n >= 3 && ngx_strncmp(text->data, "\xef\xbb\xbf", 3) == 0) {
        text->data += 3;
        text->len -= 3;
    }

    while (text->len && (text->data[text->len - 1] == LF
                         || text->data[text->len - 1] == CR))
    {
        text->len--;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_request_prepare(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *context)
{
    ngx_str_t                       text, file;
    ngx_http_request_t             *r;
    convrelay_session_conf_t       *conf;
    ngx_http_convrelay_llm_conf_t  *llm;

    r = call->request;
    llm = &call->conf->llm;

    if (llm->error_varies) {

        conf = ngx_palloc(r->pool, sizeof(convrelay_session_conf_t));
        if (conf == NULL) {
            return NGX_ERROR;
        }

        *conf = call->conf->session;

        if (ngx_http_convrelay_value_text(r, llm->error_message,
                                          &conf->error_message)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        call->session->conf = conf;
    }

    if (!llm->system_varies) {
        text = llm->system;

    } else if (llm->system_prompt_file) {

        if (ngx_http_convrelay_system_name(r, llm->system_prompt_file->value,
                                           &file)
            != NGX_OK
            || ngx_get_full_name(r->pool, (ngx_str_t *) &ngx_cycle->conf_prefix,
                                 &file)
               != NGX_OK
            || ngx_http_convrelay_system_read(r->pool, NGX_LOG_ERR,
                                              r->connection->log, &file,
                                              &llm->system_prompt_file->source,
                                              &text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (ngx_http_complex_value(r, llm->system_prompt->value, &text)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->system = ngx_http_convrelay_str(&text);

    return context->len ? ngx_http_convrelay_system_extend(call, context)
                        : NGX_OK;
}


void
ngx_http_convrelay_request_begin(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *context)
{
    ngx_int_t                      rc;
    convrelay_str_t                reason;
    ngx_http_convrelay_captures_t  captures;

    ngx_http_convrelay_captures_keep(call->request, &captures);

    ngx_http_convrelay_flush_variables(call->request);
    rc = ngx_http_convrelay_request_prepare(call, context);

    ngx_http_convrelay_captures_restore(call->request, &captures);

    if (rc != NGX_OK) {
        convrelay_str_set(&reason, "no system prompt");
        ngx_http_convrelay_call_close(call, CONVRELAY_WS_INTERNAL_ERROR,
                                      &reason);
    }
}


/* a blank line, and the text */

static ngx_int_t
ngx_http_convrelay_system_extend(ngx_http_convrelay_call_t *call,
    const convrelay_str_t *context)
{
    u_char           *p, *last;
    convrelay_str_t  *system;

    system = &call->system;

    p = ngx_pnalloc(call->request->pool, system->len + 2 + context->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = convrelay_str_copy(p, system);

    if (system->len) {
        *last++ = '\n';
        *last++ = '\n';
    }

    last = convrelay_str_copy(last, context);

    system->data = p;
    system->len = last - p;

    call->context_len = context->len;

    return NGX_OK;
}


/* a full name is opened unchanged, and so must end in a NUL */

static ngx_int_t
ngx_http_convrelay_system_name(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *file)
{
    u_char     *p;
    ngx_str_t   name;

    if (ngx_http_complex_value(r, value, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, name.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    file->len = name.len;
    file->data = p;

    p = ngx_cpymem(p, name.data, name.len);
    *p = '\0';

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_request_body(ngx_http_convrelay_turn_t *t, ngx_buf_t *b)
{
    size_t                          size;
    ngx_uint_t                      i;
    convrelay_pair_t               *pair;
    ngx_http_request_t             *r;
    convrelay_llm_request_t         request;
    ngx_http_convrelay_call_t      *call;
    ngx_http_convrelay_field_t     *field;
    ngx_http_convrelay_llm_conf_t  *llm;

    r = t->fetch->main;
    call = t->call;
    llm = &t->conf->llm;

    ngx_memzero(&request, sizeof(convrelay_llm_request_t));

    if (ngx_http_convrelay_value_text(r, llm->model, &request.model)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (llm->fields) {
        pair = ngx_palloc(r->pool,
                          llm->fields->nelts * sizeof(convrelay_pair_t));
        if (pair == NULL) {
            return NGX_ERROR;
        }

        field = llm->fields->elts;

        for (i = 0; i < llm->fields->nelts; i++) {

            pair[i].name = ngx_http_convrelay_str(&field[i].name);

            if (ngx_http_convrelay_json_eval(r, &field[i].parts,
                                             &pair[i].value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        request.fields = pair;
        request.nfields = llm->fields->nelts;
    }

    request.system = call->system;
    request.tools = ngx_http_convrelay_str(&call->conf->tools.json);

    if (convrelay_session_last_round(call->session)) {
        convrelay_str_set(&request.tool_choice, "\"none\"");
    }

    ngx_http_convrelay_request_forgets(call);

    request.messages = call->session->history.first;
    request.marker = call->conf->session.marker;
    request.llm = t->llm;

    size = llm->api->size(&request);

    b->start = ngx_pnalloc(r->pool, size);
    if (b->start == NULL) {
        return NGX_ERROR;
    }

    b->pos = b->start;
    b->last = llm->api->write(b->pos, &request);
    b->end = b->start + size;
    b->temporary = 1;

    return NGX_OK;
}


/* the LLM no longer knows what was said first: once a session for each limit */

static void
ngx_http_convrelay_request_forgets(ngx_http_convrelay_call_t *call)
{
    ngx_uint_t            over;
    convrelay_history_t  *h;

    h = &call->session->history;

    over = (h->over_bytes | (h->over_messages << 1)) & ~call->history_over;

    if (over & 1) {
        ngx_http_convrelay_count(call->conf, LIMIT_HISTORY_SIZE);

        ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                      "the oldest turns are dropped from the history, whose "
                      "texts exceed %uz bytes: see "
                      "\"convrelay_max_history_size\", not logged again for "
                      "this call", h->max_bytes);
    }

    if (over & 2) {
        ngx_http_convrelay_count(call->conf, LIMIT_HISTORY_MESSAGES);

        ngx_log_error(NGX_LOG_INFO, call->connection->log, 0,
                      "the oldest turns are dropped from the history, which "
                      "exceeds %uD messages: see "
                      "\"convrelay_max_history_messages\", not logged again "
                      "for this call", h->max_messages);
    }

    call->history_over |= over;
}


char *
ngx_http_convrelay_request_field(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_convrelay_field_t  *field;

    value = cf->args->elts;
    ngx_http_convrelay_place(cf, &clcf->own);

    if (clcf->llm.fields == NGX_CONF_UNSET_PTR) {

        clcf->llm.fields = ngx_array_create(cf->pool, 4,
                                            sizeof(ngx_http_convrelay_field_t));
        if (clcf->llm.fields == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    field = clcf->llm.fields->elts;

    for (i = 0; i < clcf->llm.fields->nelts; i++) {

        if (field[i].name.len == value[1].len
            && ngx_strncmp(field[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate request field \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    field = ngx_array_push(clcf->llm.fields);
    if (field == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(field, sizeof(ngx_http_convrelay_field_t));

    field->name = value[1];
    ngx_http_convrelay_place(cf, &field->place);

    if (ngx_http_convrelay_json_compile(cf, &value[2], &field->parts) != NGX_OK
        || ngx_http_convrelay_field_check(cf, field) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* must be JSON when each variable is replaced with "0" */

static ngx_int_t
ngx_http_convrelay_field_check(ngx_conf_t *cf,
    ngx_http_convrelay_field_t *field)
{
    const char       *error;
    convrelay_str_t   name, json;

    if (ngx_http_convrelay_template_sample(cf->pool, &field->parts, 0, '0',
                                           &json)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = ngx_http_convrelay_str(&field->name);

    if (convrelay_llm_check_field(&name, &json, &error) != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "request field \"%V\" %s", &field->name, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}
