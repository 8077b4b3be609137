
/*
 * Copyright (C) convrelay contributors
 *
 * The configuration of "convrelay_on EVENT ACTION..." and of the directives
 * that go with it.  ngx_http_convrelay_on.c uses it during a call.
 */


#include "ngx_http_convrelay_call.h"
#include "convrelay_utf8.h"


static ngx_http_convrelay_rule_t *ngx_http_convrelay_on_trigger(ngx_conf_t *cf,
    ngx_array_t *rules, ngx_uint_t *i);
static char *ngx_http_convrelay_on_match(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule);
static ngx_uint_t ngx_http_convrelay_is_digits(ngx_str_t *match);

static char *ngx_http_convrelay_on_action(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule, ngx_uint_t *i);
static ngx_uint_t ngx_http_convrelay_on_asks(ngx_http_convrelay_rule_t *rule);
static char *ngx_http_convrelay_on_operands(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action, ngx_uint_t *i);
static char *ngx_http_convrelay_on_json(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_on_action_t *action);
static ngx_int_t ngx_http_convrelay_on_option(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action, ngx_str_t *word);
static const ngx_str_t *ngx_http_convrelay_on_name(ngx_str_t *word);

static char *ngx_http_convrelay_on_check_rule(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule);
static char *ngx_http_convrelay_on_check(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action);
static char *ngx_http_convrelay_dtmf_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf);


/* by convrelay_trigger_e; "none" cannot be written */

static ngx_str_t  ngx_http_convrelay_triggers[] = {
    ngx_null_string,
    ngx_string("setup"),
    ngx_string("dtmf"),
    ngx_string("prompt"),
    ngx_string("error"),
    ngx_string("llm_failed"),
    ngx_string("call_too_long"),
    ngx_string("tool"),
    ngx_string("interrupt"),
    ngx_string("silence"),
    ngx_string("call_time"),
    ngx_string("llm_empty"),
    ngx_string("llm_filtered"),
    ngx_string("resume")
};


/* by convrelay_relay_out_e, then those that send nothing */

static ngx_str_t  ngx_http_convrelay_on_actions[] = {
    ngx_string("say"),
    ngx_string("play"),
    ngx_string("send_digits"),
    ngx_string("language"),
    ngx_string("end"),
    ngx_string("send"),
    ngx_string("skip"),
    ngx_string("hold"),
    ngx_string("ask")
};


#define NGX_HTTP_CONVRELAY_ACTIONS                                           \
    "\"say TEXT\", \"play URL\", \"send_digits DIGITS\", "                  \
    "\"language CODE\", \"end\", \"send JSON\", \"hold TIME\" or "           \
    "\"ask TEXT\""

#define NGX_HTTP_CONVRELAY_NTRIGGERS                                           \
    (sizeof(ngx_http_convrelay_triggers) / sizeof(ngx_str_t))

#define NGX_HTTP_CONVRELAY_NACTIONS                                          \
    (sizeof(ngx_http_convrelay_on_actions) / sizeof(ngx_str_t))


char *
ngx_http_convrelay_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    char                       *rv;
    ngx_uint_t                  i;
    ngx_http_convrelay_rule_t  *rule;

    if (clcf->on.rules == NGX_CONF_UNSET_PTR) {

        clcf->on.rules = ngx_array_create(cf->pool, 4,
                                          sizeof(ngx_http_convrelay_rule_t));
        if (clcf->on.rules == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rule = ngx_http_convrelay_on_trigger(cf, clcf->on.rules, &i);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    if (i == cf->args->nelts) {
        return "has no action, write " NGX_HTTP_CONVRELAY_ACTIONS;
    }

    while (i < cf->args->nelts) {
        rv = ngx_http_convrelay_on_action(cf, rule, &i);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* finds the rule for this event and match, or creates it */

static ngx_http_convrelay_rule_t *
ngx_http_convrelay_on_trigger(ngx_conf_t *cf, ngx_array_t *rules, ngx_uint_t *i)
{
    ngx_str_t                  *value, match;
    ngx_uint_t                  n, trigger;
    ngx_http_convrelay_rule_t  *rule;

    value = cf->args->elts;

    for (trigger = 1; trigger < NGX_HTTP_CONVRELAY_NTRIGGERS; trigger++) {

        if (ngx_http_convrelay_triggers[trigger].len == value[1].len
            && ngx_strncmp(ngx_http_convrelay_triggers[trigger].data,
                           value[1].data, value[1].len)
               == 0)
        {
            break;
        }
    }

    if (trigger == NGX_HTTP_CONVRELAY_NTRIGGERS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown event \"%V\", write \"setup\", "
                           "\"resume\", \"dtmf DIGITS\", \"prompt MATCH\", "
                           "\"interrupt\", \"silence STAGE\", "
                           "\"call_time TIME\", \"error\", \"llm_failed\", "
                           "\"llm_empty\", \"llm_filtered\", "
                           "\"call_too_long\" or \"tool NAME\"", &value[1]);
        return NULL;
    }

    ngx_str_null(&match);
    *i = 2;

    if (trigger == CONVRELAY_TRIGGER_DTMF
        || trigger == CONVRELAY_TRIGGER_PROMPT
        || trigger == CONVRELAY_TRIGGER_TOOL
        || trigger == CONVRELAY_TRIGGER_SILENCE
        || trigger == CONVRELAY_TRIGGER_CALL_TIME
        || (trigger == CONVRELAY_TRIGGER_LLM_FAILED
            && ngx_strncmp(value[2].data, "count=", 6) == 0))
    {
        match = value[2];
        *i = 3;
    }

    rule = rules->elts;

    for (n = 0; n < rules->nelts; n++) {

        if (rule[n].trigger == trigger && rule[n].match.len == match.len
            && ngx_strncmp(rule[n].match.data, match.data, match.len) == 0)
        {
            return &rule[n];
        }
    }

    rule = ngx_array_push(rules);
    if (rule == NULL) {
        return NULL;
    }

    ngx_memzero(rule, sizeof(ngx_http_convrelay_rule_t));

    rule->trigger = trigger;
    rule->match = match;
    ngx_http_convrelay_place(cf, &rule->place);

    if (ngx_array_init(&rule->actions, cf->pool, 2,
                       sizeof(ngx_http_convrelay_on_action_t))
        != NGX_OK
        || ngx_http_convrelay_on_match(cf, rule) != NGX_CONF_OK)
    {
        return NULL;
    }

    return rule;
}


static char *
ngx_http_convrelay_on_match(ngx_conf_t *cf, ngx_http_convrelay_rule_t *rule)
{
    if (rule->trigger == CONVRELAY_TRIGGER_DTMF
        && !ngx_http_convrelay_is_digits(&rule->match))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a digit string, write 1 to %d of "
                           "0-9, \"*\", \"#\" and A-D, or \"default\"",
                           &rule->match, CONVRELAY_KEYS_MAX);
        return NGX_CONF_ERROR;
    }

    if (rule->trigger == CONVRELAY_TRIGGER_SILENCE
        || rule->trigger == CONVRELAY_TRIGGER_CALL_TIME)
    {
        return ngx_http_convrelay_silence_match(cf, rule);
    }

    if (rule->trigger == CONVRELAY_TRIGGER_LLM_FAILED) {
        return ngx_http_convrelay_fallback_count(cf, rule);
    }

    if (rule->trigger != CONVRELAY_TRIGGER_PROMPT) {
        return NGX_CONF_OK;
    }

    if (rule->match.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prompt\" has nothing to match, write a word or "
                           "\"~\" and a regular expression");
        return NGX_CONF_ERROR;
    }

    if (convrelay_utf8_valid(rule->match.data, rule->match.len)
        != rule->match.len)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the match of \"prompt\" is not UTF-8, so it can "
                           "never match");
        return NGX_CONF_ERROR;
    }

    if (rule->match.data[0] == '~') {
        return ngx_http_convrelay_on_regex(cf, rule);
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_convrelay_is_digits(ngx_str_t *match)
{
    ngx_uint_t  i;

    if (match->len == 7 && ngx_strncmp(match->data, "default", 7) == 0) {
        return 1;
    }

    for (i = 0; i < match->len; i++) {

        if (ngx_strchr("0123456789*#ABCD", match->data[i]) == NULL) {
            return 0;
        }
    }

    return match->len >= 1 && match->len <= CONVRELAY_KEYS_MAX;
}


static char *
ngx_http_convrelay_on_action(ngx_conf_t *cf, ngx_http_convrelay_rule_t *rule,
    ngx_uint_t *i)
{
    ngx_str_t                       *value;
    ngx_uint_t                       n;
    const ngx_str_t                 *name;
    ngx_http_convrelay_on_action_t  *action;

    value = cf->args->elts;

    name = ngx_http_convrelay_on_name(&value[*i]);

    if (name == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown action \"%V\", write "
                           NGX_HTTP_CONVRELAY_ACTIONS, &value[*i]);
        return NGX_CONF_ERROR;
    }

    if (rule->actions.nelts) {
        action = rule->actions.elts;

        if (action[rule->actions.nelts - 1].message.type
            == CONVRELAY_RELAY_OUT_END)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" after \"end\": nothing can follow "
                               "\"end\"", name);
            return NGX_CONF_ERROR;
        }
    }

    action = ngx_array_push(&rule->actions);
    if (action == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(action, sizeof(ngx_http_convrelay_on_action_t));

    n = name - ngx_http_convrelay_on_actions;

    if (n == CONVRELAY_RELAY_OUT_END
        && ngx_http_convrelay_on_asks(rule))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"end\" after \"ask\": the call would end before "
                           "the LLM has answered");
        return NGX_CONF_ERROR;
    }

    if (n > CONVRELAY_RELAY_OUT_SKIP) {
        action->kind = n - CONVRELAY_RELAY_OUT_SKIP;

    } else {
        action->message.type = n;
    }

    action->trigger = ngx_http_convrelay_triggers[rule->trigger];
    action->name = *name;

    (*i)++;

    return ngx_http_convrelay_on_operands(cf, action, i);
}


static ngx_uint_t
ngx_http_convrelay_on_asks(ngx_http_convrelay_rule_t *rule)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_on_action_t  *action;

    action = rule->actions.elts;

    for (i = 0; i < rule->actions.nelts; i++) {

        if (action[i].kind == NGX_HTTP_CONVRELAY_ON_ASK) {
            return 1;
        }
    }

    return 0;
}


static char *
ngx_http_convrelay_on_operands(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action, ngx_uint_t *i)
{
    char        *rv;
    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   type, first;

    value = cf->args->elts;
    type = action->message.type;

    if (type == CONVRELAY_RELAY_OUT_SKIP) {

        if (action->trigger.data
            != ngx_http_convrelay_triggers[CONVRELAY_TRIGGER_TOOL].data)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"skip\" is an action of \"convrelay_on tool\" "
                               "only");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (*i == cf->args->nelts) {

        if (type == CONVRELAY_RELAY_OUT_END) {
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs a value", &action->name);
        return NGX_CONF_ERROR;
    }

    if (action->kind == NGX_HTTP_CONVRELAY_ON_HOLD) {
        return ngx_http_convrelay_on_hold(cf, &value[(*i)++], action);
    }

    if (type == CONVRELAY_RELAY_OUT_RAW
        || (type == CONVRELAY_RELAY_OUT_END && value[*i].data[0] == '{'))
    {
        return ngx_http_convrelay_on_json(cf, &value[(*i)++], action);
    }

    rv = ngx_http_convrelay_value_compile(cf, &value[(*i)++], &action->text,
                                          type == CONVRELAY_RELAY_OUT_TEXT);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (action->kind == NGX_HTTP_CONVRELAY_ON_ASK) {

        if (action->trigger.data
            == ngx_http_convrelay_triggers[CONVRELAY_TRIGGER_TOOL].data)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"ask\" is not an action of \"convrelay_on "
                               "tool\": the LLM is asked afterwards anyway");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (type == CONVRELAY_RELAY_OUT_LANGUAGE) {
        action->lang = action->text;

        if (*i == cf->args->nelts
            || ngx_http_convrelay_on_name(&value[*i]) != NULL)
        {
            return NGX_CONF_OK;
        }

        return ngx_http_convrelay_value_compile(cf, &value[(*i)++],
                                                &action->lang, 0);
    }

    first = *i;

    for ( /* void */ ; *i < cf->args->nelts; (*i)++) {
        rc = ngx_http_convrelay_on_option(cf, action, &value[*i]);

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DECLINED) {
            break;
        }
    }

    return ngx_http_convrelay_conf_options(cf, first, *i);
}


/* a raw message, or hand-off data in JSON */

static char *
ngx_http_convrelay_on_json(ngx_conf_t *cf, ngx_str_t *source,
    ngx_http_convrelay_on_action_t *action)
{
    int                     rc;
    const char             *error;
    convrelay_relay_out_t   m;

    if (ngx_http_convrelay_json_compile(cf, source, &action->json) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    m = action->message;

    if (ngx_http_convrelay_template_sample(cf->pool, &action->json, 0, '0',
                                           &m.text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (m.type == CONVRELAY_RELAY_OUT_RAW) {
        rc = convrelay_relay_out_check(&m, &error);

    } else {
        rc = convrelay_json_check(m.text.data, m.text.len, &error);
        error = "has hand-off data that begins with \"{\" but is not valid "
                "JSON";
    }

    if (rc != CONVRELAY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", &action->name,
                           error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* NGX_OK; NGX_DECLINED: the word is not an option; NGX_ERROR (logged) */

static ngx_int_t
ngx_http_convrelay_on_option(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action, ngx_str_t *word)
{
    ngx_int_t               n;
    ngx_str_t               s;
    ngx_uint_t              flag, interruptible;
    convrelay_relay_out_t  *m;

    m = &action->message;

    if (m->type == CONVRELAY_RELAY_OUT_TEXT
        && ngx_strncmp(word->data, "lang=", 5) == 0)
    {
        s.data = word->data + 5;
        s.len = word->len - 5;

        return (ngx_http_convrelay_value_compile(cf, &s, &action->lang, 0)
                == NGX_CONF_OK) ? NGX_OK : NGX_ERROR;
    }

    if (m->type == CONVRELAY_RELAY_OUT_PLAY
        && ngx_strncmp(word->data, "loop=", 5) == 0)
    {
        n = ngx_atoi(word->data + 5, word->len - 5);

        if (n == NGX_ERROR || n > CONVRELAY_RELAY_MAX_LOOP) {
            goto invalid;
        }

        m->loop = n;
        m->looped = 1;

        return NGX_OK;
    }

    if (m->type != CONVRELAY_RELAY_OUT_TEXT
        && m->type != CONVRELAY_RELAY_OUT_PLAY)
    {
        return NGX_DECLINED;
    }

    interruptible = (ngx_strncmp(word->data, "interruptible=", 14) == 0);

    if (!interruptible && ngx_strncmp(word->data, "preemptible=", 12) != 0) {
        return NGX_DECLINED;
    }

    s.data = (u_char *) ngx_strchr(word->data, '=') + 1;

    if (ngx_strcmp(s.data, "on") == 0) {
        flag = CONVRELAY_RELAY_TRUE;

    } else if (ngx_strcmp(s.data, "off") == 0) {
        flag = CONVRELAY_RELAY_FALSE;

    } else {
        goto invalid;
    }

    if (interruptible) {
        m->interruptible = flag;

    } else {
        m->preemptible = flag;
    }

    return NGX_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"%V\", write \"loop=\" with 0 to 1000, or "
                       "\"interruptible=\" or \"preemptible=\" with \"on\" or "
                       "\"off\"", word);

    return NGX_ERROR;
}


static const ngx_str_t *
ngx_http_convrelay_on_name(ngx_str_t *word)
{
    ngx_str_t  *name;

    for (name = ngx_http_convrelay_on_actions;
         name < ngx_http_convrelay_on_actions + NGX_HTTP_CONVRELAY_NACTIONS;
         name++)
    {
        if (name->len == word->len
            && ngx_strncmp(name->data, word->data, word->len) == 0)
        {
            return name;
        }
    }

    return NULL;
}


char *
ngx_http_convrelay_dtmf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_int_t                   n;
    ngx_str_t                  *value, s;
    ngx_uint_t                  i;
    ngx_http_convrelay_dtmf_t  *dtmf;

    if (clcf->on.dtmf != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        clcf->on.dtmf = NULL;
        return NGX_CONF_OK;
    }

    dtmf = ngx_pcalloc(cf->pool, sizeof(ngx_http_convrelay_dtmf_t));
    if (dtmf == NULL) {
        return NGX_CONF_ERROR;
    }

    dtmf->terminator = NGX_CONF_UNSET;
    dtmf->max = NGX_CONF_UNSET_UINT;
    dtmf->pause = NGX_CONF_UNSET_MSEC;

    clcf->on.dtmf = dtmf;
    ngx_http_convrelay_place(cf, &dtmf->place);

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "on") == 0 && cf->args->nelts == 2) {
            continue;
        }

        if (ngx_strncmp(value[i].data, "terminator=", 11) == 0) {

            if (ngx_strcmp(value[i].data + 11, "off") == 0) {
                dtmf->terminator = '\0';
                continue;
            }

            if (value[i].len == 12
                && ngx_strchr("0123456789*#ABCD", value[i].data[11]))
            {
                dtmf->terminator = value[i].data[11];
                continue;
            }
        }

        if (ngx_strncmp(value[i].data, "max=", 4) == 0) {
            n = ngx_atoi(value[i].data + 4, value[i].len - 4);

            if (n >= 1 && n <= CONVRELAY_KEYS_MAX) {
                dtmf->max = n;
                continue;
            }
        }

        if (ngx_strncmp(value[i].data, "pause=", 6) == 0) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            n = ngx_parse_time(&s, 0);

            if (n != NGX_ERROR && n > 0) {
                dtmf->pause = n;
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\", write \"terminator=#\" (one key, "
                           "or \"off\"), \"max=6\" (1 to %d) or \"pause=3s\"",
                           &value[i], CONVRELAY_KEYS_MAX);
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_conf_options(cf, 1, cf->args->nelts);
}


char *
ngx_http_convrelay_on_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    char                       *rv;
    ngx_uint_t                  i;
    ngx_http_convrelay_rule_t  *rule;

    conf->session.greeting = conf->on.greeting_history;
    conf->session.end_timeout = conf->on.end_timeout;
    conf->session.triggers = 0;

    if (conf->on.rules) {
        rule = conf->on.rules->elts;

        for (i = 0; i < conf->on.rules->nelts; i++) {
            rv = ngx_http_convrelay_on_check_rule(cf, &rule[i]);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            conf->session.triggers |= convrelay_trigger_bit(rule[i].trigger);

            if (rule[i].count && (conf->session.failures == 0
                                  || rule[i].count < conf->session.failures))
            {
                conf->session.failures = rule[i].count;
            }
        }
    }

    if (ngx_http_convrelay_silence_merge(cf, conf) != NGX_CONF_OK
        || ngx_http_convrelay_filler_merge(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_dtmf_merge(cf, conf);
}


/*
 * Each rule is checked once, by the first level that is merged with it: its
 * own, or, for a rule of the http level, the first server.
 */

static char *
ngx_http_convrelay_on_check_rule(ngx_conf_t *cf,
    ngx_http_convrelay_rule_t *rule)
{
    char                            *rv;
    ngx_uint_t                       i;
    ngx_http_convrelay_on_action_t  *action;

    if (rule->checked) {
        return NGX_CONF_OK;
    }

    rule->checked = 1;
    action = rule->actions.elts;

    for (i = 0; i < rule->actions.nelts; i++) {
        rv = ngx_http_convrelay_on_check(cf, &action[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* checks everything that is known at start */

static char *
ngx_http_convrelay_on_check(ngx_conf_t *cf,
    ngx_http_convrelay_on_action_t *action)
{
    ngx_int_t               rc;
    ngx_str_t               text, lang;
    const char             *error;
    convrelay_relay_out_t   m;

    m = action->message;

    if (m.type == CONVRELAY_RELAY_OUT_RAW || action->text.value == NULL) {
        return NGX_CONF_OK;
    }

    ngx_str_null(&lang);

    rc = ngx_http_convrelay_env_expand(cf, &action->text.source, &text);

    if (rc == NGX_OK && action->lang.value) {
        rc = ngx_http_convrelay_env_expand(cf, &action->lang.source, &lang);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_CONF_ERROR : NGX_CONF_OK;
    }

    m.text = ngx_http_convrelay_str(&text);
    m.lang = ngx_http_convrelay_str(&lang);

    error = "has no text";

    if ((m.type == CONVRELAY_RELAY_OUT_TEXT && text.len == 0)
        || convrelay_relay_out_check(&m, &error) != CONVRELAY_OK)
    {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf,
                           &action->text.place,
                           "\"%V\" of \"convrelay_on %V\" %s",
                           &action->name, &action->trigger, error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_convrelay_dtmf_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    size_t                      longest;
    ngx_str_t                  *match, source;
    ngx_uint_t                  i;
    ngx_http_convrelay_rule_t  *rule;

    rule = NULL;
    longest = 0;

    if (conf->on.rules && (conf->session.triggers
                           & convrelay_trigger_bit(CONVRELAY_TRIGGER_DTMF)))
    {
        rule = conf->on.rules->elts;
        longest = 1;

        for (i = 0; i < conf->on.rules->nelts; i++) {

            if (rule[i].trigger == CONVRELAY_TRIGGER_DTMF
                && rule[i].match.data[0] != 'd')
            {
                longest = ngx_max(longest, rule[i].match.len);
            }
        }
    }

    if (conf->on.dtmf == NULL) {

        /* keys lead only to actions: do not wait for keys that no rule has */

        conf->session.keys.max = longest;
        conf->session.keys.terminator = '\0';

        return NGX_CONF_OK;
    }

    if (longest > conf->on.dtmf->max) {
        ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &conf->on.dtmf->place,
                           "\"convrelay_on dtmf\" waits for %uz digits, but "
                           "\"convrelay_dtmf\" ends an entry after %ui",
                           longest, conf->on.dtmf->max);
        return NGX_CONF_ERROR;
    }

    for (i = 0;
         longest && conf->on.dtmf->terminator && i < conf->on.rules->nelts;
         i++)
    {
        match = &rule[i].match;

        if (rule[i].trigger == CONVRELAY_TRIGGER_DTMF && match->len > 1
            && ngx_strlchr(match->data, match->data + match->len,
                           conf->on.dtmf->terminator))
        {
            ngx_http_convrelay_conf_error(NGX_LOG_EMERG, cf, &rule[i].place,
                               "\"convrelay_on dtmf %V\" cannot be pressed: "
                               "\"%c\" is the terminator, which is not part "
                               "of an entry", match, conf->on.dtmf->terminator);
            return NGX_CONF_ERROR;
        }
    }

    conf->session.keys.max = conf->on.dtmf->max;
    conf->session.keys.terminator = conf->on.dtmf->terminator;
    conf->session.keys.pause = conf->on.dtmf->pause;

    if (conf->on.dtmf_message->value) {
        return NGX_CONF_OK;
    }

    /* the default */

    source = conf->on.dtmf_message->source;

    conf->on.dtmf_message = ngx_pcalloc(cf->pool,
                                        sizeof(ngx_http_convrelay_value_t));
    if (conf->on.dtmf_message == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_convrelay_value_compile(cf, &source,
                                            conf->on.dtmf_message, 1);
}
