
/*
 * Copyright (C) convrelay contributors
 *
 * Variables: the data of a call, parameters of the webhook, and the
 * environment.
 */


#include "ngx_http_convrelay_auth.h"
#include "ngx_http_convrelay_env.h"

#include "convrelay_handoff.h"


static ngx_int_t ngx_http_convrelay_setup_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_lang_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_digits_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_counter_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_usage_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_first_token_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_latency_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_tool_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_arg_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_value_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_convrelay_tool_call_t *ngx_http_convrelay_variable_tool(
    ngx_http_request_t *r);
static const convrelay_str_t *ngx_http_convrelay_variable_member(
    convrelay_tool_arguments_t *a, uintptr_t data, const char *prefix);
static ngx_int_t ngx_http_convrelay_parameter_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_context_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_form_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_connect_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_variable_form(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *name);
static ngx_int_t ngx_http_convrelay_handoff_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_convrelay_env_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static convrelay_session_t *ngx_http_convrelay_variable_session(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_convrelay_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const convrelay_str_t *text);
static ngx_int_t ngx_http_convrelay_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t number);
static ngx_int_t ngx_http_convrelay_variable_set(ngx_http_variable_value_t *v,
    const u_char *data, size_t len);
static void ngx_http_convrelay_variable_suffix(uintptr_t data,
    const char *prefix, convrelay_str_t *suffix);


/*
 * Indexed by the data of their variables: a field of the setup message, and the
 * form parameter of a webhook that has the same value.  CallStatus is spelled
 * differently there.
 */

static struct {
    size_t                            offset;
    ngx_str_t                         form;   /* or empty */
} ngx_http_convrelay_setup_fields[] = {
    { offsetof(convrelay_relay_setup_t, call_sid),
      ngx_string("CallSid") },
    { offsetof(convrelay_relay_setup_t, session_id),
      ngx_string("SessionId") },
    { offsetof(convrelay_relay_setup_t, account_sid),
      ngx_string("AccountSid") },
    { offsetof(convrelay_relay_setup_t, parent_call_sid),
      ngx_string("ParentCallSid") },
    { offsetof(convrelay_relay_setup_t, from),
      ngx_string("From") },
    { offsetof(convrelay_relay_setup_t, to),
      ngx_string("To") },
    { offsetof(convrelay_relay_setup_t, forwarded_from),
      ngx_string("ForwardedFrom") },
    { offsetof(convrelay_relay_setup_t, caller_name),
      ngx_string("CallerName") },
    { offsetof(convrelay_relay_setup_t, direction),
      ngx_string("Direction") },
    { offsetof(convrelay_relay_setup_t, call_type),
      ngx_null_string },
    { offsetof(convrelay_relay_setup_t, call_status),
      ngx_null_string }
};


static ngx_str_t  ngx_http_convrelay_session_status =
    ngx_string("SessionStatus");
static ngx_str_t  ngx_http_convrelay_session_duration =
    ngx_string("SessionDuration");
static ngx_str_t  ngx_http_convrelay_error_code = ngx_string("ErrorCode");
static ngx_str_t  ngx_http_convrelay_handoff_data = ngx_string("HandoffData");


static ngx_http_variable_t  ngx_http_convrelay_variables[] = {

    { ngx_string("convrelay_call_sid"), NULL,
      ngx_http_convrelay_setup_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_session_id"), NULL,
      ngx_http_convrelay_setup_variable, 1,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_account_sid"), NULL,
      ngx_http_convrelay_setup_variable, 2,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_parent_call_sid"), NULL,
      ngx_http_convrelay_setup_variable, 3,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_from"), NULL,
      ngx_http_convrelay_setup_variable, 4,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_to"), NULL,
      ngx_http_convrelay_setup_variable, 5,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_forwarded_from"), NULL,
      ngx_http_convrelay_setup_variable, 6,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_caller_name"), NULL,
      ngx_http_convrelay_setup_variable, 7,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_direction"), NULL,
      ngx_http_convrelay_setup_variable, 8,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_call_type"), NULL,
      ngx_http_convrelay_setup_variable, 9,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_call_status"), NULL,
      ngx_http_convrelay_setup_variable, 10,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_lang"), NULL,
      ngx_http_convrelay_lang_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_digits"), NULL,
      ngx_http_convrelay_digits_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_turns"), NULL,
      ngx_http_convrelay_counter_variable,
      offsetof(convrelay_session_t, turns),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_interrupts"), NULL,
      ngx_http_convrelay_counter_variable,
      offsetof(convrelay_session_t, interrupts),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_tokens"), NULL,
      ngx_http_convrelay_counter_variable,
      offsetof(convrelay_session_t, tokens),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_tool_calls"), NULL,
      ngx_http_convrelay_counter_variable,
      offsetof(convrelay_session_t, tool_calls),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_tool_failures"), NULL,
      ngx_http_convrelay_counter_variable,
      offsetof(convrelay_session_t, tool_failures),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_input_tokens"), NULL,
      ngx_http_convrelay_usage_variable,
      offsetof(convrelay_session_t, input_tokens),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_output_tokens"), NULL,
      ngx_http_convrelay_usage_variable,
      offsetof(convrelay_session_t, output_tokens),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_first_token"), NULL,
      ngx_http_convrelay_first_token_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_first_token_median"), NULL,
      ngx_http_convrelay_latency_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_first_token_max"), NULL,
      ngx_http_convrelay_latency_variable, 1,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_tool"), NULL,
      ngx_http_convrelay_tool_variable,
      offsetof(ngx_http_convrelay_tool_call_t, name),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_tool_key"), NULL,
      ngx_http_convrelay_tool_variable,
      offsetof(ngx_http_convrelay_tool_call_t, key),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_arg_"), NULL,
      ngx_http_convrelay_arg_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_value_"), NULL,
      ngx_http_convrelay_value_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_result_"), NULL,
      ngx_http_convrelay_result_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_parameter_"), NULL,
      ngx_http_convrelay_parameter_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_context_"), NULL,
      ngx_http_convrelay_context_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_form_"), NULL,
      ngx_http_convrelay_form_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_call_path"), NULL,
      ngx_http_convrelay_call_path_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_session_status"), NULL,
      ngx_http_convrelay_connect_variable,
      (uintptr_t) &ngx_http_convrelay_session_status,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_session_duration"), NULL,
      ngx_http_convrelay_connect_variable,
      (uintptr_t) &ngx_http_convrelay_session_duration,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_error_code"), NULL,
      ngx_http_convrelay_connect_variable,
      (uintptr_t) &ngx_http_convrelay_error_code,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_handoff_data"), NULL,
      ngx_http_convrelay_connect_variable,
      (uintptr_t) &ngx_http_convrelay_handoff_data,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("convrelay_handoff_"), NULL,
      ngx_http_convrelay_handoff_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_url_"), NULL,
      ngx_http_convrelay_url_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("convrelay_version"), NULL,
      ngx_http_convrelay_version_variable, 0, 0, 0 },

    { ngx_string("convrelay_env_"), NULL,
      ngx_http_convrelay_env_variable, 0,
      NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_convrelay_add_variables(ngx_conf_t *cf)
{
    return ngx_http_convrelay_variables_add(cf, ngx_http_convrelay_variables);
}


void
ngx_http_convrelay_variables_init(ngx_conf_t *cf)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    cmcf->variables_hash_max_size = ngx_max(2048,
                                            cmcf->variables_hash_max_size);
}


/*
 * A map over a call variable that was evaluated before the setup message has
 * cached its value, so it must be evaluated again.  Variables of "set" are weak
 * and stay, as do others that have no value now.
 */

void
ngx_http_convrelay_flush_variables(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_variable_value_t   old, *value;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (!(v[i].flags & NGX_HTTP_VAR_CHANGEABLE)
            || (v[i].flags & (NGX_HTTP_VAR_WEAK|NGX_HTTP_VAR_NOCACHEABLE))
            || !r->variables[i].valid)
        {
            continue;
        }

        old = r->variables[i];
        r->variables[i].valid = 0;

        value = ngx_http_get_indexed_variable(r, i);

        if (value == NULL || value->not_found
            || value->data == ngx_http_variable_null_value.data)
        {
            r->variables[i] = old;
        }
    }
}


static ngx_int_t
ngx_http_convrelay_setup_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    convrelay_str_t           *field;
    convrelay_session_t       *session;
    convrelay_relay_setup_t    setup;
    ngx_http_convrelay_ctx_t  *ctx;

    i = data;
    session = ngx_http_convrelay_variable_session(r);

    if (session) {
        convrelay_session_get_setup(session, &setup);

        field = (convrelay_str_t *) ((char *) &setup
                                 + ngx_http_convrelay_setup_fields[i].offset);

        return ngx_http_convrelay_variable_text(r, v, field);
    }

    /* the form of any other request is not from Twilio */

    name = &ngx_http_convrelay_setup_fields[i].form;
    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);

    if (name->len == 0 || ctx == NULL || ctx->webhook == NULL
        || ctx->webhook->document == NULL)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_form(r, v, name);
}


static ngx_int_t
ngx_http_convrelay_lang_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);

    if (session == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, &session->lang);
}


/* keys have a value only while their event is being performed */

static ngx_int_t
ngx_http_convrelay_digits_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_str_t       digits;
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);

    if (session == NULL || session->trigger != CONVRELAY_TRIGGER_DTMF) {
        v->not_found = 1;
        return NGX_OK;
    }

    digits = convrelay_session_digits(session);

    return ngx_http_convrelay_variable_set(v, digits.data, digits.len);
}


static ngx_int_t
ngx_http_convrelay_counter_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);

    if (session == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_number(r, v,
                                  *(uint32_t *) ((char *) session + data));
}


/* empty if the LLM reported none */

static ngx_int_t
ngx_http_convrelay_usage_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    uint64_t              n;
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);
    n = session ? *(uint64_t *) ((char *) session + data) : 0;

    if (n == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_number(r, v, n);
}


/* of the last turn, in ms, once it has one */

static ngx_int_t
ngx_http_convrelay_first_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);

    if (session == NULL || session->first_token == -1) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_number(r, v, session->first_token);
}


/* of all turns so far, in ms: the median, or, with data, the worst */

static ngx_int_t
ngx_http_convrelay_latency_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_session_t  *session;

    session = ngx_http_convrelay_variable_session(r);

    if (session == NULL || session->latency == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_number(r, v,
                        data ? session->latency->max
                             : convrelay_latency_median(session->latency));
}


/* variables of the tool whose request is made or whose actions are performed */

static ngx_int_t
ngx_http_convrelay_tool_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_str_t                 *text;
    ngx_http_convrelay_tool_call_t  *tool;

    tool = ngx_http_convrelay_variable_tool(r);

    if (tool == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    text = (convrelay_str_t *) ((char *) tool + data);

    return ngx_http_convrelay_variable_set(v, text->data, text->len);
}


/* an argument, encoded so that it is safe anywhere in a URL */

static ngx_int_t
ngx_http_convrelay_arg_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const convrelay_str_t           *value;
    ngx_http_convrelay_tool_call_t  *tool;

    tool = ngx_http_convrelay_variable_tool(r);
    value = tool ? ngx_http_convrelay_variable_member(tool->arguments, data,
                                                      "convrelay_arg_")
                 : NULL;

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_encoded(r, v, value);
}


static ngx_int_t
ngx_http_convrelay_value_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const convrelay_str_t           *value;
    ngx_http_convrelay_tool_call_t  *tool;

    tool = ngx_http_convrelay_variable_tool(r);
    value = tool ? ngx_http_convrelay_variable_member(tool->arguments, data,
                                                      "convrelay_value_")
                 : NULL;

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, value);
}


static ngx_int_t
ngx_http_convrelay_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const convrelay_str_t           *value;
    ngx_http_convrelay_tool_call_t  *tool;

    tool = ngx_http_convrelay_variable_tool(r);
    value = (tool && tool->result)
            ? ngx_http_convrelay_variable_member(tool->result, data,
                                                 "convrelay_result_")
            : NULL;

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, value);
}


static ngx_http_convrelay_tool_call_t *
ngx_http_convrelay_variable_tool(ngx_http_request_t *r)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);

    return ctx ? ctx->tool : NULL;
}


static const convrelay_str_t *
ngx_http_convrelay_variable_member(convrelay_tool_arguments_t *a,
    uintptr_t data, const char *prefix)
{
    convrelay_str_t  name;

    ngx_http_convrelay_variable_suffix(data, prefix, &name);

    return convrelay_tool_argument(a, &name);
}


static ngx_int_t
ngx_http_convrelay_parameter_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_str_t         name;
    const convrelay_str_t  *value;
    convrelay_session_t    *session;

    session = ngx_http_convrelay_variable_session(r);
    value = NULL;

    if (session) {
        ngx_http_convrelay_variable_suffix(data, "convrelay_parameter_",
                                           &name);
        value = convrelay_pair_find(session->parameters, session->nparameters,
                                    &name);
    }

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, value);
}


static ngx_int_t
ngx_http_convrelay_context_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    convrelay_str_t         name;
    const convrelay_str_t  *value;
    convrelay_session_t    *session;

    session = ngx_http_convrelay_variable_session(r);
    value = NULL;

    if (session) {
        ngx_http_convrelay_variable_suffix(data, "convrelay_context_", &name);
        value = convrelay_session_variable(session, &name);
    }

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, value);
}


static ngx_int_t
ngx_http_convrelay_form_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t        str;
    convrelay_str_t  name;

    ngx_http_convrelay_variable_suffix(data, "convrelay_form_", &name);

    str = ngx_http_convrelay_ngx_str(&name);

    return ngx_http_convrelay_variable_form(r, v, &str);
}


/* a parameter of the action request; data is its name there */

static ngx_int_t
ngx_http_convrelay_connect_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_convrelay_variable_form(r, v, (ngx_str_t *) data);
}


static ngx_int_t
ngx_http_convrelay_variable_form(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *name)
{
    ngx_int_t        rc;
    convrelay_str_t  value;

    rc = ngx_http_convrelay_form_value(r->main, name, &value);

    if (rc == NGX_DECLINED) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_variable_text(r, v, &value);
}


static ngx_int_t
ngx_http_convrelay_handoff_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_array_t            *members;
    convrelay_str_t         name;
    const convrelay_str_t  *value;

    members = ngx_http_convrelay_handoff(r->main);
    if (members == NULL) {
        return NGX_ERROR;
    }

    ngx_http_convrelay_variable_suffix(data, "convrelay_handoff_", &name);

    value = convrelay_pair_find(members->elts, members->nelts, &name);

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_text(r, v, value);
}


static ngx_int_t
ngx_http_convrelay_env_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                        value;
    convrelay_str_t                  name;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_convrelay_module);

    ngx_http_convrelay_variable_suffix(data, "convrelay_env_", &name);

    if (ngx_http_convrelay_env_lookup(mcf, name.data, name.len, &value)
        != NGX_OK)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_convrelay_variable_set(v, value.data, value.len);
}


/* the session of the call to which r, or r's turn, belongs; NULL: none */

static convrelay_session_t *
ngx_http_convrelay_variable_session(ngx_http_request_t *r)
{
    ngx_http_convrelay_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);

    return ctx ? ctx->session : NULL;
}


static ngx_int_t
ngx_http_convrelay_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const convrelay_str_t *text)
{
    convrelay_str_t            line;
    ngx_http_convrelay_ctx_t  *ctx;

    line = *text;

    if (ngx_http_convrelay_one_line(r->pool, &line) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a regex keeps a pointer to its subject, and a tool outlives its call */

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_convrelay_module);

    if (line.len && line.data == text->data && ctx && ctx->copies) {
        line.data = ngx_pnalloc(r->pool, line.len);
        if (line.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(line.data, text->data, line.len);
    }

    return ngx_http_convrelay_variable_set(v, line.data, line.len);
}


ngx_int_t
ngx_http_convrelay_one_line(ngx_pool_t *pool, convrelay_str_t *text)
{
    u_char  *p, *last;
    size_t   i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < ' ' || text->data[i] == 0x7f) {
            break;
        }
    }

    if (i == text->len) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, text->data, text->len);
    text->data = p;

    for (p += i; p < last; p++) {

        if (*p < ' ' || *p == 0x7f) {
            *p = ' ';
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_convrelay_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t number)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_convrelay_variable_set(v, p,
                                           ngx_sprintf(p, "%uL", number) - p);
}


static ngx_int_t
ngx_http_convrelay_variable_set(ngx_http_variable_value_t *v,
    const u_char *data, size_t len)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = len;
    v->data = (u_char *) data;

    return NGX_OK;
}


static void
ngx_http_convrelay_variable_suffix(uintptr_t data, const char *prefix,
    convrelay_str_t *suffix)
{
    size_t      len;
    ngx_str_t  *name;

    name = (ngx_str_t *) data;
    len = ngx_strlen(prefix);

    suffix->len = name->len - len;
    suffix->data = name->data + len;
}
