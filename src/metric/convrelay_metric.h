
/*
 * Copyright (C) convrelay contributors
 *
 * Counters: a block of words for each location, in memory that the workers
 * share, and smaller ones for its LLMs and tools.  Counting is one atomic
 * instruction, without a lock or a lookup.
 */


#ifndef CONVRELAY_METRIC_H_INCLUDED
#define CONVRELAY_METRIC_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_METRIC_BUCKETS  15    /* the last one has no bound */


/* a counter; on a 32-bit machine it wraps, which looks like a reset */

typedef unsigned long  convrelay_metric_t;


/* the index of a counter, or of the first bucket of a histogram, in a block;
   the word after the buckets is the sum of what was added, in ms */

#define CONVRELAY_FAMILY(name, label, help)
#define CONVRELAY_SERIES(id, value)                                          \
    CONVRELAY_METRIC_##id,
#define CONVRELAY_SERIES_OF(id, kind, value)                                 \
    CONVRELAY_METRIC_##id,
#define CONVRELAY_HISTOGRAM(id, bounds, name, help)                          \
    CONVRELAY_METRIC_##id,                                                   \
    CONVRELAY_METRIC_##id##_SUM = CONVRELAY_METRIC_##id                      \
                                  + CONVRELAY_METRIC_BUCKETS,

typedef enum {
#include "convrelay_metric_table.h"
    CONVRELAY_METRIC_N,
    CONVRELAY_METRIC_LLM = CONVRELAY_METRIC_LLM_NEW,
                                            /* words of a location's block */
    CONVRELAY_METRIC_LLM_N = CONVRELAY_METRIC_N - CONVRELAY_METRIC_LLM
                                            /* of an LLM's: the others */
} convrelay_metric_e;

#undef CONVRELAY_FAMILY
#undef CONVRELAY_SERIES
#undef CONVRELAY_SERIES_OF
#undef CONVRELAY_HISTOGRAM


/* what is counted for a tool of a location, in a block of its own */

typedef enum {
    CONVRELAY_METRIC_TOOL_OK = 0,
    CONVRELAY_METRIC_TOOL_STATUS,           /* failures: not 2xx */
    CONVRELAY_METRIC_TOOL_TIMEOUT,
    CONVRELAY_METRIC_TOOL_CONNECT,          /* no answer */
    CONVRELAY_METRIC_TOOL_TRUNCATED,
    CONVRELAY_METRIC_TOOL_WEB_PAGE,
    CONVRELAY_METRIC_TOOL_ARGUMENTS,        /* of the LLM, that are wrong */
    CONVRELAY_METRIC_TOOL_BUSY,             /* too many are running */
    CONVRELAY_METRIC_TOOL_ACTION,           /* could not be done */
    CONVRELAY_METRIC_TOOL_OTHER,
    CONVRELAY_METRIC_TOOL_SECONDS,          /* a histogram, with its sum */
    CONVRELAY_METRIC_TOOL_N = CONVRELAY_METRIC_TOOL_SECONDS
                              + CONVRELAY_METRIC_BUCKETS + 1
} convrelay_metric_tool_e;


/* bounds of a histogram's buckets: ms, and as text in seconds */

typedef struct {
    uint32_t                         ms[CONVRELAY_METRIC_BUCKETS - 1];
    const char                      *text[CONVRELAY_METRIC_BUCKETS];
} convrelay_metric_bounds_t;


/*
 * A line of the table: a family of counters, which has a name; a series of the
 * family before it, which has a value; or a histogram, which has bounds.
 */

typedef struct {
    const char                      *name;    /* without "convrelay_" */
    const char                      *label;   /* NULL: a single series */
    const char                      *help;
    const char                      *value;   /* of the label */
    const char                      *kind;    /* value of a label "kind", or
                                                 NULL: there is none */
    const convrelay_metric_bounds_t *bounds;
    unsigned                         index;   /* of its first word */
} convrelay_metric_line_t;


/* the states of a live call, in the order of convrelay_activity_e */

typedef enum {
    CONVRELAY_METRIC_GREETING = 0,  /* no prompt came yet */
    CONVRELAY_METRIC_LISTENING,
    CONVRELAY_METRIC_THINKING,      /* a turn has sent nothing yet */
    CONVRELAY_METRIC_SPEAKING,
    CONVRELAY_METRIC_PARTING,       /* it is about to end */
    CONVRELAY_METRIC_STATES
} convrelay_metric_state_e;


extern const char  *convrelay_metric_states[CONVRELAY_METRIC_STATES];

/* of a tool, by TOOL_<kind>; that of TOOL_OK is "ok" */
extern const char  *convrelay_metric_tool_kinds[CONVRELAY_METRIC_TOOL_SECONDS];

/* of all histograms except SESSION_SECONDS, and of that one */
extern const convrelay_metric_bounds_t  convrelay_metric_seconds;
extern const convrelay_metric_bounds_t  convrelay_metric_minutes;


static inline void
convrelay_metric_add(convrelay_metric_t *words, unsigned index,
    convrelay_metric_t n)
{
    (void) __atomic_fetch_add(&words[index], n, __ATOMIC_RELAXED);
}


/* the lines of the table, up to one with index CONVRELAY_METRIC_N */
const convrelay_metric_line_t *convrelay_metric_table(void);

/* whether a family or a histogram of the table is counted for each LLM */
int convrelay_metric_of_llm(const convrelay_metric_line_t *line);

/* the bucket of a time in ms */
unsigned convrelay_metric_bucket(const convrelay_metric_bounds_t *bounds,
    uint64_t ms);

/* adds one time to the histogram with that index, of a location or a tool, or
   of an LLM from CONVRELAY_METRIC_LLM on */
void convrelay_metric_time(convrelay_metric_t *words, unsigned hist,
    uint64_t ms);

/* how many were added */
convrelay_metric_t convrelay_metric_count(const convrelay_metric_t *words,
    unsigned hist);

/*
 * A percentile in ms, interpolated within its bucket; 0: nothing was added.
 * Past the last bound, the last bound is returned.
 */
uint64_t convrelay_metric_percentile(const convrelay_metric_t *words,
    unsigned hist, unsigned percent);

/* how many sessions ended like this, of both kinds; end: SESSION_<end> */
convrelay_metric_t convrelay_metric_ended(const convrelay_metric_t *words,
    unsigned end);

/* the sum of the counters from first to last */
convrelay_metric_t convrelay_metric_sum(const convrelay_metric_t *words,
    unsigned first, unsigned last);

/* how often a tool failed, of its words */
convrelay_metric_t convrelay_metric_tool_failed(
    const convrelay_metric_t *words);

/* the value of the label of a counter, or NULL */
const char *convrelay_metric_value(unsigned index);

/* the counter of a Twilio error code */
unsigned convrelay_metric_twilio(int64_t code);


#endif /* CONVRELAY_METRIC_H_INCLUDED */
