
/*
 * Copyright (C) convrelay contributors
 *
 * Directives for the way in which the LLM's text is spoken.
 */


#include "ngx_http_convrelay.h"


char *
ngx_http_convrelay_speech_filter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    static const char  *modes[] = { "off", "on", "ssml" };

    if (clcf->session.speech != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {

        if (ngx_strcmp(value[1].data, modes[i]) == 0) {
            clcf->session.speech = CONVRELAY_SPEECH_OFF + i;
            ngx_http_convrelay_place(cf, &clcf->own);

            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\" directive, it must be "
                       "\"on\", \"off\" or \"ssml\"", &value[1], &cmd->name);

    return NGX_CONF_ERROR;
}
