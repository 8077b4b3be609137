
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_metric.h"


/* the buckets of the GenAI conventions of OpenTelemetry */

const convrelay_metric_bounds_t  convrelay_metric_seconds = {
    { 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 40960,
      81920 },
    { "0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64", "1.28", "2.56",
      "5.12", "10.24", "20.48", "40.96", "81.92", "+Inf" }
};


const convrelay_metric_bounds_t  convrelay_metric_minutes = {
    { 10000, 30000, 60000, 120000, 180000, 300000, 600000, 900000, 1200000,
      1800000, 3600000, 5400000, 7200000, 14400000 },
    { "10", "30", "60", "120", "180", "300", "600", "900", "1200", "1800",
      "3600", "5400", "7200", "14400", "+Inf" }
};


const char  *convrelay_metric_states[CONVRELAY_METRIC_STATES] = {
    "greeting", "listening", "thinking", "speaking", "parting"
};


const char  *convrelay_metric_tool_kinds[CONVRELAY_METRIC_TOOL_SECONDS] = {
    "ok", "status", "timeout", "connect", "truncated", "web_page", "arguments",
    "busy", "action", "other"
};


#define CONVRELAY_FAMILY(name, label, help)                                  \
    { name, label, help, NULL, NULL, NULL, 0 },
#define CONVRELAY_SERIES(id, value)                                          \
    { NULL, NULL, NULL, value, NULL, NULL, CONVRELAY_METRIC_##id },
#define CONVRELAY_SERIES_OF(id, kind, value)                                 \
    { NULL, NULL, NULL, value, kind, NULL, CONVRELAY_METRIC_##id },
#define CONVRELAY_HISTOGRAM(id, bounds, name, help)                          \
    { name, NULL, help, NULL, NULL, &convrelay_metric_##bounds,              \
      CONVRELAY_METRIC_##id },

static const convrelay_metric_line_t  convrelay_metric_lines[] = {
#include "convrelay_metric_table.h"
    { NULL, NULL, NULL, NULL, NULL, NULL, CONVRELAY_METRIC_N }
};

#undef CONVRELAY_FAMILY
#undef CONVRELAY_SERIES
#undef CONVRELAY_SERIES_OF
#undef CONVRELAY_HISTOGRAM


const convrelay_metric_line_t *
convrelay_metric_table(void)
{
    return convrelay_metric_lines;
}


int
convrelay_metric_of_llm(const convrelay_metric_line_t *line)
{
    return (line->bounds ? line->index : line[1].index) >= CONVRELAY_METRIC_LLM;
}


unsigned
convrelay_metric_bucket(const convrelay_metric_bounds_t *bounds, uint64_t ms)
{
    unsigned  i;

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS - 1; i++) {

        if (ms <= bounds->ms[i]) {
            break;
        }
    }

    return i;
}


/* only one histogram has the other bounds: no index of an LLM's or a tool's may
   equal its own */

typedef char convrelay_metric_check_t[
    (CONVRELAY_METRIC_LLM_SECONDS - CONVRELAY_METRIC_LLM
     < CONVRELAY_METRIC_SESSION_SECONDS) ? 1 : -1];


void
convrelay_metric_time(convrelay_metric_t *words, unsigned hist, uint64_t ms)
{
    const convrelay_metric_bounds_t  *bounds;

    bounds = (hist == CONVRELAY_METRIC_SESSION_SECONDS)
             ? &convrelay_metric_minutes : &convrelay_metric_seconds;

    convrelay_metric_add(words, hist + convrelay_metric_bucket(bounds, ms), 1);
    convrelay_metric_add(words, hist + CONVRELAY_METRIC_BUCKETS, ms);
}


convrelay_metric_t
convrelay_metric_count(const convrelay_metric_t *words, unsigned hist)
{
    return convrelay_metric_sum(words, hist,
                                hist + CONVRELAY_METRIC_BUCKETS - 1);
}


convrelay_metric_t
convrelay_metric_ended(const convrelay_metric_t *words, unsigned end)
{
    return words[end] + words[end - CONVRELAY_METRIC_SESSION_HANGUP
                              + CONVRELAY_METRIC_BROWSER_HANGUP];
}


convrelay_metric_t
convrelay_metric_sum(const convrelay_metric_t *words, unsigned first,
    unsigned last)
{
    unsigned            i;
    convrelay_metric_t  n;

    n = 0;

    for (i = first; i <= last; i++) {
        n += words[i];
    }

    return n;
}


convrelay_metric_t
convrelay_metric_tool_failed(const convrelay_metric_t *words)
{
    return convrelay_metric_sum(words, CONVRELAY_METRIC_TOOL_OK + 1,
                                CONVRELAY_METRIC_TOOL_SECONDS - 1);
}


uint64_t
convrelay_metric_percentile(const convrelay_metric_t *words, unsigned hist,
    unsigned percent)
{
    double                            want, n;
    uint64_t                          low, high;
    unsigned                          i;
    const convrelay_metric_bounds_t  *bounds;

    n = convrelay_metric_count(words, hist);

    if (n == 0) {
        return 0;
    }

    bounds = (hist == CONVRELAY_METRIC_SESSION_SECONDS)
             ? &convrelay_metric_minutes : &convrelay_metric_seconds;

    want = n * percent / 100;
    n = 0;

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS - 1; i++) {

        if (words[hist + i] && n + words[hist + i] >= want) {
            low = i ? bounds->ms[i - 1] : 0;
            high = bounds->ms[i];

            return low + (high - low) * ((want - n) / words[hist + i]);
        }

        n += words[hist + i];
    }

    return bounds->ms[CONVRELAY_METRIC_BUCKETS - 2];
}


const char *
convrelay_metric_value(unsigned index)
{
    const convrelay_metric_line_t  *line;

    for (line = convrelay_metric_lines; line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL && line->index == index) {
            return line->value;
        }
    }

    return NULL;
}


/* the series have the codes as text */

unsigned
convrelay_metric_twilio(int64_t code)
{
    const convrelay_metric_line_t  *line;

    for (line = convrelay_metric_lines; line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->index >= CONVRELAY_METRIC_TWILIO_64101
            && line->index < CONVRELAY_METRIC_TWILIO_OTHER
            && line->value && atoi(line->value) == code)
        {
            return line->index;
        }
    }

    return CONVRELAY_METRIC_TWILIO_OTHER;
}
