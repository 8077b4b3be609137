
/*
 * Copyright (C) convrelay contributors
 *
 * The text format of Prometheus, 0.0.4: all samples of a family follow its
 * HELP and TYPE, so all locations are written for each family.  Zeros are
 * written as well: a series that appears later would hide its first increase.
 */


#include "convrelay_metric_out.h"


/* what a sample is of: the labels of its location, LLM or tool */

typedef struct {
    const convrelay_metric_location_t  *location;
    const char                         *label;  /* of the latter, with ","
                                                   and "=\"", or NULL */
    const convrelay_str_t              *name;   /* the value of that label */
} convrelay_metric_of_t;


static void convrelay_metric_calls(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_zones(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_records(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_aways(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_family(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const convrelay_metric_line_t *family,
    const convrelay_metric_t *words, unsigned first);
static void convrelay_metric_tools(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_histogram(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const char *name,
    const convrelay_metric_bounds_t *bounds, const convrelay_metric_t *words);
static int convrelay_metric_applies(
    const convrelay_metric_location_t *location, unsigned index);
static void convrelay_metric_head(convrelay_metric_out_t *out,
    const char *name, const char *type, const char *help);
static void convrelay_metric_sample(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const char *name, const char *suffix);
static void convrelay_metric_pair(convrelay_metric_out_t *out,
    const char *name, const char *value);
static void convrelay_metric_label(convrelay_metric_out_t *out,
    const convrelay_str_t *value);


static const char  *convrelay_metric_workers[CONVRELAY_METRIC_WORKERS] = {
    "active", "draining"
};


size_t
convrelay_metric_prometheus(u_char *p, const convrelay_metric_report_t *report)
{
    unsigned                        i;
    convrelay_metric_of_t           of;
    convrelay_metric_out_t          out;
    const convrelay_metric_line_t  *line;
    const convrelay_metric_part_t  *llm;

    out.p = p;
    out.len = 0;

    convrelay_metric_head(&out, "build_info", "gauge",
                          "Versions of the module and of nginx.");
    convrelay_metric_text(&out, "convrelay_build_info{version=\"");
    convrelay_metric_text(&out, report->version);
    convrelay_metric_text(&out, "\",nginx=\"");
    convrelay_metric_text(&out, report->nginx);
    convrelay_metric_text(&out, "\"} 1\n");

    convrelay_metric_zones(&out, report);

    if (report->has_store) {
        convrelay_metric_records(&out, report);
    }

    if (report->naways) {
        convrelay_metric_aways(&out, report);
    }

    convrelay_metric_calls(&out, report);

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL) {
            continue;
        }

        convrelay_metric_head(&out, line->name,
                              line->bounds ? "histogram" : "counter",
                              line->help);

        if (convrelay_metric_of_llm(line)) {

            for (i = 0; i < report->nllms; i++) {
                llm = &report->llms[i];

                of.location = llm->location;
                of.label = ",upstream=\"";
                of.name = &llm->name;

                convrelay_metric_family(&out, &of, line, llm->words,
                                        CONVRELAY_METRIC_LLM);
            }

            continue;
        }

        for (i = 0; i < report->nlocations; i++) {
            of.location = &report->locations[i];
            of.label = NULL;

            convrelay_metric_family(&out, &of, line,
                                    report->locations[i].words, 0);
        }
    }

    convrelay_metric_tools(&out, report);

    return out.len;
}


static void
convrelay_metric_zones(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                        i, used;
    const convrelay_metric_zone_t  *zone;

    convrelay_metric_head(out, "zone_bytes", "gauge",
                          "Shared memory: its size and how much is used.");

    for (i = 0; i < report->nzones; i++) {
        zone = &report->zones[i];

        for (used = 0; used < 2; used++) {
            convrelay_metric_text(out, "convrelay_zone_bytes{zone=\"");
            convrelay_metric_label(out, &zone->name);
            convrelay_metric_pair(out, "\",state", used ? "used" : "size");
            convrelay_metric_text(out, "} ");
            convrelay_metric_number(out, used ? zone->used : zone->size);
            convrelay_metric_text(out, "\n");
        }
    }
}


static void
convrelay_metric_records(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    convrelay_metric_head(out, "store_records", "gauge",
                          "Calls in convrelay_store_zone.");
    convrelay_metric_text(out, "convrelay_store_records ");
    convrelay_metric_number(out, report->records);
    convrelay_metric_text(out, "\n");

    convrelay_metric_head(out, "store_evicted_total", "counter",
                          "Calls that were removed from convrelay_store_zone "
                          "because it was full.");
    convrelay_metric_text(out, "convrelay_store_evicted_total ");
    convrelay_metric_number(out, report->evicted);
    convrelay_metric_text(out, "\n");
}


static void
convrelay_metric_aways(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                        i, kind;
    const convrelay_metric_away_t  *away;

    static const char  *kinds[CONVRELAY_METRIC_AWAY_KINDS] = {
        "read", "write"
    };

    convrelay_metric_head(out, "store_out", "gauge",
                          "Whether the location of convrelay_store is out, so "
                          "that it is left alone.");

    for (i = 0; i < report->naways; i++) {
        away = &report->aways[i];

        for (kind = 0; kind < CONVRELAY_METRIC_AWAY_KINDS; kind++) {
            convrelay_metric_text(out, "convrelay_store_out{server=\"");
            convrelay_metric_label(out, &away->server);
            convrelay_metric_text(out, "\",store=\"");
            convrelay_metric_label(out, &away->uri);
            convrelay_metric_pair(out, "\",kind", kinds[kind]);
            convrelay_metric_text(out, away->out[kind] ? "} 1\n" : "} 0\n");
        }
    }

    convrelay_metric_head(out, "store_pending", "gauge",
                          "Changes that the location of convrelay_store does "
                          "not have yet.");

    for (i = 0; i < report->naways; i++) {
        away = &report->aways[i];

        convrelay_metric_text(out, "convrelay_store_pending{server=\"");
        convrelay_metric_label(out, &away->server);
        convrelay_metric_text(out, "\",store=\"");
        convrelay_metric_label(out, &away->uri);
        convrelay_metric_text(out, "\"} ");
        convrelay_metric_number(out, away->pending);
        convrelay_metric_text(out, "\n");
    }
}


static void
convrelay_metric_calls(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                            i, state, worker;
    convrelay_metric_of_t               of;
    const convrelay_metric_location_t  *location;

    convrelay_metric_head(out, "calls", "gauge",
                          "Live calls, by state and by whether their worker "
                          "takes more calls.");

    of.label = NULL;

    for (i = 0; i < report->nlocations; i++) {
        location = &report->locations[i];
        of.location = location;

        if (!location->call) {
            continue;
        }

        for (state = 0; state < CONVRELAY_METRIC_STATES; state++) {

            for (worker = 0; worker < CONVRELAY_METRIC_WORKERS; worker++) {
                convrelay_metric_sample(out, &of, "calls", "");
                convrelay_metric_pair(out, ",state",
                                      convrelay_metric_states[state]);
                convrelay_metric_pair(out, ",worker",
                                      convrelay_metric_workers[worker]);
                convrelay_metric_text(out, "} ");
                convrelay_metric_number(out, location->calls[state][worker]);
                convrelay_metric_text(out, "\n");
            }
        }
    }
}


/* a family of counters, or a histogram; first: the index of words[0] */

static void
convrelay_metric_family(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const convrelay_metric_line_t *family,
    const convrelay_metric_t *words, unsigned first)
{
    const convrelay_metric_line_t  *line;

    if (family->bounds) {

        if (of->location->call) {
            convrelay_metric_histogram(out, of, family->name, family->bounds,
                                       &words[family->index - first]);
        }

        return;
    }

    for (line = family + 1;
         line->name == NULL && line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (!convrelay_metric_applies(of->location, line->index)) {
            continue;
        }

        convrelay_metric_sample(out, of, family->name, "");

        if (line->kind) {
            convrelay_metric_pair(out, ",kind", line->kind);
        }

        if (family->label) {
            convrelay_metric_text(out, ",");
            convrelay_metric_pair(out, family->label, line->value);
        }

        convrelay_metric_text(out, "} ");
        convrelay_metric_number(out, words[line->index - first]);
        convrelay_metric_text(out, "\n");
    }
}


/* series that a location can never have are not written for it */

static int
convrelay_metric_applies(const convrelay_metric_location_t *location,
    unsigned index)
{
    if (index >= CONVRELAY_METRIC_WEBHOOK_2XX
        && index <= CONVRELAY_METRIC_WEBHOOK_5XX)
    {
        return location->twiml;
    }

    if (index >= CONVRELAY_METRIC_ACTION_2XX
        && index <= CONVRELAY_METRIC_ACTION_5XX)
    {
        return location->action;
    }

    return location->call
           || (index >= CONVRELAY_METRIC_REFUSED_SIGNATURE
               && index <= CONVRELAY_METRIC_REFUSED_ZONE_FULL)
           || (index >= CONVRELAY_METRIC_TWILIO_64101
               && index <= CONVRELAY_METRIC_TWILIO_OTHER);
}


static void
convrelay_metric_tools(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                        i, n;
    convrelay_metric_of_t           of;
    const convrelay_metric_part_t  *tool;

    convrelay_metric_head(out, "tools_total", "counter",
                          "Calls of tools, by whether they did what they were "
                          "called for.");

    of.label = ",tool=\"";

    for (i = 0; i < report->ntools; i++) {
        tool = &report->tools[i];
        of.location = tool->location;
        of.name = &tool->name;

        convrelay_metric_sample(out, &of, "tools_total", "");
        convrelay_metric_text(out, ",outcome=\"ok\"} ");
        convrelay_metric_number(out, tool->words[CONVRELAY_METRIC_TOOL_OK]);
        convrelay_metric_text(out, "\n");

        convrelay_metric_sample(out, &of, "tools_total", "");
        convrelay_metric_text(out, ",outcome=\"failed\"} ");
        convrelay_metric_number(out, convrelay_metric_tool_failed(tool->words));
        convrelay_metric_text(out, "\n");
    }

    convrelay_metric_head(out, "tool_failures_total", "counter",
                          "Calls of tools that failed, by kind.");

    for (i = 0; i < report->ntools; i++) {
        tool = &report->tools[i];
        of.location = tool->location;
        of.name = &tool->name;

        for (n = CONVRELAY_METRIC_TOOL_OK + 1;
             n < CONVRELAY_METRIC_TOOL_SECONDS;
             n++)
        {
            convrelay_metric_sample(out, &of, "tool_failures_total", "");
            convrelay_metric_pair(out, ",kind", convrelay_metric_tool_kinds[n]);
            convrelay_metric_text(out, "} ");
            convrelay_metric_number(out, tool->words[n]);
            convrelay_metric_text(out, "\n");
        }
    }

    convrelay_metric_head(out, "tool_seconds", "histogram",
                          "How long the locations of tools took.");

    for (i = 0; i < report->ntools; i++) {
        tool = &report->tools[i];
        of.location = tool->location;
        of.name = &tool->name;

        convrelay_metric_histogram(out, &of, "tool_seconds",
                                   &convrelay_metric_seconds, tool->words
                                   + CONVRELAY_METRIC_TOOL_SECONDS);
    }
}


static void
convrelay_metric_histogram(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const char *name,
    const convrelay_metric_bounds_t *bounds, const convrelay_metric_t *words)
{
    unsigned            i;
    convrelay_metric_t  n;

    n = 0;

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS; i++) {
        n += words[i];

        convrelay_metric_sample(out, of, name, "_bucket");
        convrelay_metric_pair(out, ",le", bounds->text[i]);
        convrelay_metric_text(out, "} ");
        convrelay_metric_number(out, n);
        convrelay_metric_text(out, "\n");
    }

    convrelay_metric_sample(out, of, name, "_sum");
    convrelay_metric_text(out, "} ");
    convrelay_metric_ms(out, words[CONVRELAY_METRIC_BUCKETS]);
    convrelay_metric_text(out, "\n");

    convrelay_metric_sample(out, of, name, "_count");
    convrelay_metric_text(out, "} ");
    convrelay_metric_number(out, n);
    convrelay_metric_text(out, "\n");
}


static void
convrelay_metric_head(convrelay_metric_out_t *out, const char *name,
    const char *type, const char *help)
{
    convrelay_metric_text(out, "# HELP convrelay_");
    convrelay_metric_text(out, name);
    convrelay_metric_text(out, " ");
    convrelay_metric_text(out, help);
    convrelay_metric_text(out, "\n# TYPE convrelay_");
    convrelay_metric_text(out, name);
    convrelay_metric_text(out, " ");
    convrelay_metric_text(out, type);
    convrelay_metric_text(out, "\n");
}


/* up to the labels of what it is of; the brace is open */

static void
convrelay_metric_sample(convrelay_metric_out_t *out,
    const convrelay_metric_of_t *of, const char *name, const char *suffix)
{
    convrelay_metric_text(out, "convrelay_");
    convrelay_metric_text(out, name);
    convrelay_metric_text(out, suffix);
    convrelay_metric_text(out, "{server=\"");
    convrelay_metric_label(out, &of->location->server);
    convrelay_metric_text(out, "\",location=\"");
    convrelay_metric_label(out, &of->location->location);
    convrelay_metric_text(out, "\"");

    if (of->label) {
        convrelay_metric_text(out, of->label);
        convrelay_metric_label(out, of->name);
        convrelay_metric_text(out, "\"");
    }
}


/* the value comes from the table, so there is nothing to escape */

static void
convrelay_metric_pair(convrelay_metric_out_t *out, const char *name,
    const char *value)
{
    convrelay_metric_text(out, name);
    convrelay_metric_text(out, "=\"");
    convrelay_metric_text(out, value);
    convrelay_metric_text(out, "\"");
}


/* only a backslash, a quote and a line feed need to be escaped */

static void
convrelay_metric_label(convrelay_metric_out_t *out,
    const convrelay_str_t *value)
{
    u_char  ch;
    size_t  i, from;

    from = 0;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch != '\\' && ch != '"' && ch != '\n') {
            continue;
        }

        convrelay_metric_put(out, value->data + from, i - from);
        convrelay_metric_text(out, ch == '\n' ? "\\n"
                                   : ch == '"' ? "\\\"" : "\\\\");
        from = i + 1;
    }

    if (i > from) {
        convrelay_metric_put(out, value->data + from, i - from);
    }
}
