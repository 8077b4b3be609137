
/*
 * Copyright (C) convrelay contributors
 *
 * Counting for convrelay_status; without it, nothing is counted.  The counters
 * are listed in convrelay_metric_table.h.
 */


#ifndef NGX_HTTP_CONVRELAY_COUNT_H_INCLUDED
#define NGX_HTTP_CONVRELAY_COUNT_H_INCLUDED


#include "ngx_http_convrelay.h"

#include "convrelay_metric.h"


/* the counters of an LLM of a location */

struct ngx_http_convrelay_llm_metrics_s {
    ngx_str_t                          upstream;      /* as it is written, or
                                                         "variable" */
    convrelay_metric_t                *words; /* in shared memory, or NULL; the
                                                 first one is
                                                 CONVRELAY_METRIC_LLM */
    ngx_http_convrelay_llm_metrics_t  *next;
};


/* the counters of a location, and of the "if" blocks in it */

struct ngx_http_convrelay_metrics_s {
    convrelay_metric_t                *words; /* in shared memory, or NULL */
    convrelay_metric_t               **tools; /* the same, for each of its
                                                 tools */
    ngx_http_convrelay_llm_metrics_t  *llms;  /* its own and its fallbacks' */
    uint32_t                           block;
};


static ngx_inline convrelay_metric_t *
ngx_http_convrelay_metrics(ngx_http_convrelay_loc_conf_t *conf)
{
    return conf->metrics ? conf->metrics->words : NULL;
}


static ngx_inline void
ngx_http_convrelay_count_n(ngx_http_convrelay_loc_conf_t *conf,
    convrelay_metric_e index, ngx_uint_t n)
{
    convrelay_metric_t  *words;

    words = ngx_http_convrelay_metrics(conf);

    if (words) {
        convrelay_metric_add(words, index, n);
    }
}


/* counts one CONVRELAY_METRIC_<id> for the location */

#define ngx_http_convrelay_count(conf, id)                                   \
    ngx_http_convrelay_count_n(conf, CONVRELAY_METRIC_##id, 1)


/* adds a time in ms to a histogram */

#define ngx_http_convrelay_count_time(conf, id, ms)                          \
    do {                                                                     \
        convrelay_metric_t  *words_ = ngx_http_convrelay_metrics(conf);      \
                                                                             \
        if (words_) {                                                        \
            convrelay_metric_time(words_, CONVRELAY_METRIC_##id, ms);        \
        }                                                                    \
    } while (0)


#endif /* NGX_HTTP_CONVRELAY_COUNT_H_INCLUDED */
