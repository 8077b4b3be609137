
/*
 * Copyright (C) convrelay contributors
 *
 * The files of convrelay_env_file.
 */


#include "ngx_http_convrelay_env.h"

#include "convrelay_dotenv.h"
#include "convrelay_secret.h"


#define NGX_HTTP_CONVRELAY_MAX_ENV_FILE  1048576


/* a file that is read */

typedef struct {
    ngx_conf_t                       *cf;
    ngx_http_convrelay_main_conf_t   *mcf;
    ngx_str_t                        *name;
    ngx_uint_t                        override;
    convrelay_dotenv_t                env;
    unsigned                          secrets:1;      /* in it */
    unsigned                          unset:1;        /* a name in a value */
    unsigned                          failed:1;       /* no memory */
} ngx_http_convrelay_env_file_t;


static ngx_int_t ngx_http_convrelay_env_load(
    ngx_http_convrelay_env_file_t *ef, ngx_str_t *content);
static ngx_int_t ngx_http_convrelay_env_entry(
    ngx_http_convrelay_env_file_t *ef, convrelay_dotenv_entry_t *entry);
static ngx_int_t ngx_http_convrelay_env_alone(
    ngx_http_convrelay_env_file_t *ef, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_convrelay_env_text(
    ngx_http_convrelay_env_file_t *ef, convrelay_dotenv_entry_t *entry,
    ngx_str_t *value);
static int ngx_http_convrelay_env_reference(void *data,
    const convrelay_str_t *name, convrelay_str_t *value);
static ngx_int_t ngx_http_convrelay_env_failed(
    ngx_http_convrelay_env_file_t *ef, const char *error);
static void ngx_http_convrelay_env_warn(ngx_http_convrelay_env_file_t *ef,
    const char *warning);


char *
ngx_http_convrelay_env_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ngx_int_t                       rc;
    ngx_str_t                      *value, file, content;
    ngx_uint_t                      i, override, optional;
    ngx_file_info_t                 fi;
    ngx_http_convrelay_env_file_t   ef;

    value = cf->args->elts;
    override = 0;
    optional = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "override") == 0) {
            override = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "optional") == 0) {
            optional = 1;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", it can be \"override\" "
                           "or \"optional\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_convrelay_read_file(cf->pool, NGX_LOG_EMERG, cf->log, &file,
                                      &file, NGX_HTTP_CONVRELAY_MAX_ENV_FILE,
                                      &content, &fi);

    if (rc == NGX_DECLINED && optional) {
        return NGX_CONF_OK;
    }

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file);
        return NGX_CONF_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_env_file\" cannot read \"%V\", name a "
                           "text file that has lines such as: NAME=value",
                           &file);
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ef, sizeof(ngx_http_convrelay_env_file_t));

    ef.cf = cf;
    ef.mcf = mcf;
    ef.name = &file;
    ef.override = override;

    if (ngx_http_convrelay_env_load(&ef, &content) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if ((fi.st_mode & S_IROTH) && (override || ef.secrets)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%V\" is world-readable, but holds secrets: run "
                           "\"chmod o-r\" on it", &file);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_env_load(ngx_http_convrelay_env_file_t *ef,
    ngx_str_t *content)
{
    int                        rc;
    convrelay_dotenv_entry_t   entry;

    ef->mcf->nfiles++;

    convrelay_dotenv_init(&ef->env, content->data, content->len);

    for ( ;; ) {

        rc = convrelay_dotenv_next(&ef->env, &entry);

        if (rc == CONVRELAY_DONE) {
            return NGX_OK;
        }

        if (rc != CONVRELAY_OK) {
            return ngx_http_convrelay_env_failed(ef, ef->env.error);
        }

        if (ngx_http_convrelay_env_entry(ef, &entry) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_http_convrelay_env_entry(ngx_http_convrelay_env_file_t *ef,
    convrelay_dotenv_entry_t *entry)
{
    ngx_int_t  rc;
    ngx_str_t  name, value;

    name = ngx_http_convrelay_ngx_str(&entry->name);

    if (entry->alone) {
        rc = ngx_http_convrelay_env_alone(ef, &name, &value);

    } else {
        rc = ngx_http_convrelay_env_text(ef, entry, &value);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (!ef->override
        && ngx_http_convrelay_env_is_set(ef->mcf, &name, ef->mcf->nfiles))
    {
        return NGX_OK;
    }

    return ngx_http_convrelay_env_set(ef->mcf, &name, &value, ef->mcf->nfiles,
                                      !entry->alone);
}


/* NGX_OK, NGX_DECLINED: the process does not have it, or NGX_ERROR */

static ngx_int_t
ngx_http_convrelay_env_alone(ngx_http_convrelay_env_file_t *ef,
    ngx_str_t *name, ngx_str_t *value)
{
    if (ngx_http_convrelay_env_process(name->data, name->len, value)
        != NGX_OK)
    {
        ngx_http_convrelay_env_warn(ef, "a name without \"=\" that is not in "
                                        "the process environment is ignored");
        return NGX_DECLINED;
    }

    return ngx_http_convrelay_env_use(ef->cf, ef->mcf, name->data, name->len);
}


static ngx_int_t
ngx_http_convrelay_env_text(ngx_http_convrelay_env_file_t *ef,
    convrelay_dotenv_entry_t *entry, ngx_str_t *value)
{
    size_t           size;
    convrelay_str_t  text;

    ef->unset = 0;

    size = convrelay_dotenv_value(entry, ngx_http_convrelay_env_reference, ef,
                                  NULL);
    if (ef->failed) {
        return NGX_ERROR;
    }

    if (size > CONVRELAY_DOTENV_MAX_VALUE) {
        return ngx_http_convrelay_env_failed(ef, "the value is longer than "
                                             "65536 bytes");
    }

    if (ef->unset) {
        ngx_http_convrelay_env_warn(ef, "a \"${NAME}\" that is not set is "
                                    "expanded to nothing");
    }

    text.len = size;
    text.data = ngx_pnalloc(ef->cf->pool, size + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    (void) convrelay_dotenv_value(entry, ngx_http_convrelay_env_reference, ef,
                                  text.data);

    convrelay_dotenv_trim(entry, &text);

    if (text.len
        && convrelay_secret_is_name(&entry->name)
        && !convrelay_secret_is_placeholder(&text))
    {
        ef->secrets = 1;
    }

    *value = ngx_http_convrelay_ngx_str(&text);

    return NGX_OK;
}


/* the value that a name in a value has at this line */

static int
ngx_http_convrelay_env_reference(void *data, const convrelay_str_t *name,
    convrelay_str_t *value)
{
    ngx_http_convrelay_env_file_t *ef = data;

    ngx_str_t                  text;
    ngx_http_convrelay_env_t  *env;

    if (ngx_http_convrelay_env_use(ef->cf, ef->mcf, name->data, name->len)
        != NGX_OK)
    {
        ef->failed = 1;
        return CONVRELAY_DECLINED;
    }

    env = ngx_http_convrelay_env_find(&ef->mcf->env, name->data, name->len);

    if (env) {
        text = env->value;

    } else if (ngx_http_convrelay_env_process(name->data, name->len, &text)
               != NGX_OK)
    {
        if (value->data == NULL) {
            ef->unset = 1;
        }

        return CONVRELAY_DECLINED;
    }

    *value = ngx_http_convrelay_str(&text);

    return CONVRELAY_OK;
}


/* names a line by its number: its text may be part of a secret */

static ngx_int_t
ngx_http_convrelay_env_failed(ngx_http_convrelay_env_file_t *ef,
    const char *error)
{
    ngx_conf_log_error(NGX_LOG_EMERG, ef->cf, 0, "\"%V\" line %ui: %s",
                       ef->name, (ngx_uint_t) ef->env.line, error);

    return NGX_ERROR;
}


static void
ngx_http_convrelay_env_warn(ngx_http_convrelay_env_file_t *ef,
    const char *warning)
{
    ngx_conf_log_error(NGX_LOG_WARN, ef->cf, 0, "\"%V\" line %ui: %s",
                       ef->name, (ngx_uint_t) ef->env.line, warning);
}
