
/*
 * Copyright (C) convrelay contributors
 *
 * Reports for operators: the figures of all locations as text for Prometheus
 * and as JSON, and sentences that say what is wrong.
 */


#ifndef CONVRELAY_METRIC_REPORT_H_INCLUDED
#define CONVRELAY_METRIC_REPORT_H_INCLUDED


#include "convrelay_metric_store.h"


/* what a location of convrelay_store is asked for */

typedef enum {
    CONVRELAY_METRIC_AWAY_READ = 0,
    CONVRELAY_METRIC_AWAY_WRITE,
    CONVRELAY_METRIC_AWAY_KINDS
} convrelay_metric_away_e;


#define CONVRELAY_METRIC_MAX_CAUSES  12
#define CONVRELAY_METRIC_MAX_TEXT    720    /* bytes of a sentence */


/* a call's worker is running normally, or waits for its calls to end */

typedef enum {
    CONVRELAY_METRIC_ACTIVE = 0,
    CONVRELAY_METRIC_DRAINING,
    CONVRELAY_METRIC_WORKERS
} convrelay_metric_worker_e;


typedef struct {
    convrelay_str_t                     server;
    convrelay_str_t                     location;
    unsigned                            call:1;     /* it takes calls */
    unsigned                            twiml:1;    /* it starts calls */
    unsigned                            action:1;   /* it gets their ends */
    uint64_t                            calls[CONVRELAY_METRIC_STATES]
                                             [CONVRELAY_METRIC_WORKERS];
    convrelay_metric_t                 *words;      /* _N of them, those of
                                                       LLMs summed up */
    convrelay_metric_t                 *recent;     /* added lately */
} convrelay_metric_location_t;


/* an LLM or a tool of a location; those without a block are one, "other" */

typedef struct {
    convrelay_str_t                     name;
    const convrelay_metric_location_t  *location;
    const convrelay_metric_t           *words;      /* _LLM_N or _TOOL_N */
    const convrelay_metric_t           *recent;
} convrelay_metric_part_t;


typedef struct {
    convrelay_str_t                     name;
    uint64_t                            size;       /* bytes */
    uint64_t                            used;
} convrelay_metric_zone_t;


/* a location of convrelay_store */

typedef struct {
    convrelay_str_t                     server;
    convrelay_str_t                     uri;
    uint64_t                            out[CONVRELAY_METRIC_AWAY_KINDS];
                                                    /* ms since it failed; 0: it
                                                       works */
    uint64_t                            pending;    /* changes that it does not
                                                       have yet */
} convrelay_metric_away_t;


typedef struct {
    const char                         *version;
    const char                         *nginx;
    uint64_t                            now;        /* ms, as in the slots */
    uint64_t                            window;     /* ms, of "lately" */

    const convrelay_metric_location_t  *locations;
    unsigned                            nlocations;
    const convrelay_metric_part_t      *llms;
    unsigned                            nllms;
    const convrelay_metric_part_t      *tools;
    unsigned                            ntools;
    const convrelay_metric_zone_t      *zones;
    unsigned                            nzones;
    uint64_t                            records;    /* of convrelay_store_zone,
                                                       with has_store */
    uint64_t                            evicted;
    const convrelay_metric_away_t      *aways;
    unsigned                            naways;
    const convrelay_metric_slot_t      *slots;      /* of the ring, oldest
                                                       first */
    unsigned                            nslots;
    unsigned                            has_store:1;
} convrelay_metric_report_t;


typedef enum {
    CONVRELAY_METRIC_NOTE = 0,
    CONVRELAY_METRIC_WARNING,
    CONVRELAY_METRIC_TROUBLE
} convrelay_metric_level_e;


/* one thing that is wrong */

typedef struct {
    const char                         *kind;       /* such as "llm_key" */
    convrelay_metric_level_e            level;
    const convrelay_metric_location_t  *location;   /* or NULL */
    char                                text[CONVRELAY_METRIC_MAX_TEXT];
} convrelay_metric_cause_t;


/*
 * Finds the causes of recent trouble, the worst first; causes has room for
 * CONVRELAY_METRIC_MAX_CAUSES.  Returns how many were found.
 */
unsigned convrelay_metric_causes(const convrelay_metric_report_t *report,
    convrelay_metric_cause_t *causes);

/*
 * A name as it is shown: bytes that are not UTF-8, one of which would cost a
 * whole scrape, become what nginx logs for them, "\xE9", so that two names
 * that differ in them still do.  Returns its length, and writes where p is not
 * NULL.
 */
size_t convrelay_metric_printable(u_char *p, const convrelay_str_t *name);

/*
 * Each returns the length of the whole text, and writes it if p is not NULL; p
 * must have room for it.
 *
 * Prometheus's text format 0.0.4; one JSON object; HTML: items of a list.
 */
size_t convrelay_metric_prometheus(u_char *p,
    const convrelay_metric_report_t *report);
size_t convrelay_metric_json(u_char *p,
    const convrelay_metric_report_t *report,
    const convrelay_metric_cause_t *causes, unsigned n);
size_t convrelay_metric_html(u_char *p,
    const convrelay_metric_cause_t *causes, unsigned n);


#endif /* CONVRELAY_METRIC_REPORT_H_INCLUDED */
