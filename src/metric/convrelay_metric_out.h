
/*
 * Copyright (C) convrelay contributors
 *
 * Shared by the writers of this room: a text whose length is counted, and
 * which is written if there is a buffer for it.
 */


#ifndef CONVRELAY_METRIC_OUT_H_INCLUDED
#define CONVRELAY_METRIC_OUT_H_INCLUDED


#include "convrelay_metric_report.h"


typedef struct {
    u_char  *p;             /* NULL: only the length is wanted */
    size_t   len;
} convrelay_metric_out_t;


static inline void convrelay_metric_put(convrelay_metric_out_t *out,
    const void *data, size_t len);

/* inline, so that the length of a constant is one, too: a page of hundreds of
   locations has millions of bytes, in short texts */
static inline void convrelay_metric_text(convrelay_metric_out_t *out,
    const char *text);

void convrelay_metric_number(convrelay_metric_out_t *out, uint64_t n);

/* a time in ms as seconds, "0.25" */
void convrelay_metric_ms(convrelay_metric_out_t *out, uint64_t ms);

/* a JSON string, in quotes */
void convrelay_metric_quote(convrelay_metric_out_t *out, const u_char *data,
    size_t len);


static inline void
convrelay_metric_put(convrelay_metric_out_t *out, const void *data, size_t len)
{
    if (out->p) {
        memcpy(out->p + out->len, data, len);
    }

    out->len += len;
}


static inline void
convrelay_metric_text(convrelay_metric_out_t *out, const char *text)
{
    convrelay_metric_put(out, text, strlen(text));
}


#endif /* CONVRELAY_METRIC_OUT_H_INCLUDED */
