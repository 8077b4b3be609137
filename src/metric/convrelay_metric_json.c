
/*
 * Copyright (C) convrelay contributors
 *
 * The same figures as JSON, for the page and for scripts.
 */


#include "convrelay_metric_out.h"


static void convrelay_metric_json_causes(convrelay_metric_out_t *out,
    const convrelay_metric_cause_t *causes, unsigned n);
static void convrelay_metric_json_zones(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_json_aways(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_json_bounds(convrelay_metric_out_t *out,
    const char *name, const convrelay_metric_bounds_t *bounds);
static void convrelay_metric_json_location(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location);
static void convrelay_metric_json_tools(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location);
static void convrelay_metric_json_tool(convrelay_metric_out_t *out,
    const convrelay_metric_t *words);
static void convrelay_metric_json_buckets(convrelay_metric_out_t *out,
    const convrelay_metric_t *words);
static void convrelay_metric_json_calls(convrelay_metric_out_t *out,
    const convrelay_metric_location_t *location);
static void convrelay_metric_json_llms(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location);
static void convrelay_metric_json_words(convrelay_metric_out_t *out,
    const convrelay_metric_t *words, unsigned first, unsigned history);
static void convrelay_metric_json_family(convrelay_metric_out_t *out,
    const convrelay_metric_line_t *family, const convrelay_metric_t *words,
    unsigned first);
static int convrelay_metric_json_drawn(const char *name);
static void convrelay_metric_json_slots(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report);
static void convrelay_metric_json_str(convrelay_metric_out_t *out,
    const convrelay_str_t *value);
static void convrelay_metric_json_name(convrelay_metric_out_t *out,
    const char *name);


size_t
convrelay_metric_json(u_char *p, const convrelay_metric_report_t *report,
    const convrelay_metric_cause_t *causes, unsigned n)
{
    unsigned                i;
    convrelay_metric_out_t  out;

    out.p = p;
    out.len = 0;

    convrelay_metric_text(&out, "{\"version\":\"");
    convrelay_metric_text(&out, report->version);
    convrelay_metric_text(&out, "\",\"nginx\":\"");
    convrelay_metric_text(&out, report->nginx);
    convrelay_metric_text(&out, "\",\"window_seconds\":");
    convrelay_metric_number(&out, report->window / 1000);

    convrelay_metric_json_causes(&out, causes, n);
    convrelay_metric_json_zones(&out, report);

    convrelay_metric_text(&out, ",\"bounds\":{");
    convrelay_metric_json_bounds(&out, "seconds", &convrelay_metric_seconds);
    convrelay_metric_text(&out, ",");
    convrelay_metric_json_bounds(&out, "session_seconds",
                                 &convrelay_metric_minutes);

    convrelay_metric_text(&out, "},\"locations\":[");

    for (i = 0; i < report->nlocations; i++) {
        convrelay_metric_text(&out, i ? ",\n" : "\n");
        convrelay_metric_json_location(&out, report, &report->locations[i]);
    }

    convrelay_metric_text(&out, "],\"history\":[");
    convrelay_metric_json_slots(&out, report);
    convrelay_metric_text(&out, "]}\n");

    return out.len;
}


static void
convrelay_metric_json_causes(convrelay_metric_out_t *out,
    const convrelay_metric_cause_t *causes, unsigned n)
{
    unsigned  i;

    static const char  *levels[] = { "note", "warning", "trouble" };

    convrelay_metric_text(out, ",\"causes\":[");

    for (i = 0; i < n; i++) {
        convrelay_metric_text(out, i ? ",\n{" : "\n{");
        convrelay_metric_json_name(out, "kind");
        convrelay_metric_text(out, "\"");
        convrelay_metric_text(out, causes[i].kind);
        convrelay_metric_text(out, "\",\"level\":\"");
        convrelay_metric_text(out, levels[causes[i].level]);
        convrelay_metric_text(out, "\",\"text\":");
        convrelay_metric_quote(out, (u_char *) causes[i].text,
                               strlen(causes[i].text));
        convrelay_metric_text(out, "}");
    }

    convrelay_metric_text(out, "]");
}


static void
convrelay_metric_json_zones(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned  i;

    convrelay_metric_text(out, ",\"zones\":[");

    for (i = 0; i < report->nzones; i++) {
        convrelay_metric_text(out, i ? ",{" : "{");
        convrelay_metric_json_name(out, "zone");
        convrelay_metric_json_str(out, &report->zones[i].name);
        convrelay_metric_text(out, ",\"size\":");
        convrelay_metric_number(out, report->zones[i].size);
        convrelay_metric_text(out, ",\"used\":");
        convrelay_metric_number(out, report->zones[i].used);
        convrelay_metric_text(out, "}");
    }

    convrelay_metric_text(out, "]");

    if (report->has_store) {
        convrelay_metric_text(out, ",\"store\":{\"records\":");
        convrelay_metric_number(out, report->records);
        convrelay_metric_text(out, ",\"evicted\":");
        convrelay_metric_number(out, report->evicted);
        convrelay_metric_json_aways(out, report);
        convrelay_metric_text(out, "}");
    }
}


static void
convrelay_metric_json_aways(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                        i;
    const convrelay_metric_away_t  *away;

    convrelay_metric_text(out, ",\"locations\":[");

    for (i = 0; i < report->naways; i++) {
        away = &report->aways[i];

        convrelay_metric_text(out, i ? ",{" : "{");
        convrelay_metric_json_name(out, "server");
        convrelay_metric_json_str(out, &away->server);
        convrelay_metric_text(out, ",");
        convrelay_metric_json_name(out, "store");
        convrelay_metric_json_str(out, &away->uri);
        convrelay_metric_text(out, ",\"read_out_seconds\":");
        convrelay_metric_ms(out, away->out[CONVRELAY_METRIC_AWAY_READ]);
        convrelay_metric_text(out, ",\"write_out_seconds\":");
        convrelay_metric_ms(out, away->out[CONVRELAY_METRIC_AWAY_WRITE]);
        convrelay_metric_text(out, ",\"pending\":");
        convrelay_metric_number(out, away->pending);
        convrelay_metric_text(out, "}");
    }

    convrelay_metric_text(out, "]");
}


/* the bounds of all buckets except the last, which has none */

static void
convrelay_metric_json_bounds(convrelay_metric_out_t *out, const char *name,
    const convrelay_metric_bounds_t *bounds)
{
    unsigned  i;

    convrelay_metric_json_name(out, name);

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS - 1; i++) {
        convrelay_metric_text(out, i ? "," : "[");
        convrelay_metric_text(out, bounds->text[i]);
    }

    convrelay_metric_text(out, "]");
}


static void
convrelay_metric_json_location(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location)
{
    convrelay_metric_text(out, "{");
    convrelay_metric_json_name(out, "server");
    convrelay_metric_json_str(out, &location->server);
    convrelay_metric_text(out, ",");
    convrelay_metric_json_name(out, "location");
    convrelay_metric_json_str(out, &location->location);

    convrelay_metric_json_calls(out, location);

    convrelay_metric_text(out, ",\n\"total\":{");
    convrelay_metric_json_words(out, location->words, 0, 0);
    convrelay_metric_text(out, "},\n\"recent\":{");
    convrelay_metric_json_words(out, location->recent, 0, 0);
    convrelay_metric_text(out, "}");

    convrelay_metric_json_llms(out, report, location);
    convrelay_metric_json_tools(out, report, location);

    convrelay_metric_text(out, "}");
}


static void
convrelay_metric_json_llms(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location)
{
    unsigned                        i, n;
    const convrelay_metric_part_t  *llm;

    n = 0;

    convrelay_metric_text(out, ",\n\"llms\":{");

    for (i = 0; i < report->nllms; i++) {
        llm = &report->llms[i];

        if (llm->location != location) {
            continue;
        }

        convrelay_metric_text(out, n++ ? ",\n" : "\n");
        convrelay_metric_json_str(out, &llm->name);
        convrelay_metric_text(out, ":{\"total\":{");
        convrelay_metric_json_words(out, llm->words, CONVRELAY_METRIC_LLM, 0);
        convrelay_metric_text(out, "},\"recent\":{");
        convrelay_metric_json_words(out, llm->recent, CONVRELAY_METRIC_LLM, 0);
        convrelay_metric_text(out, "}}");
    }

    convrelay_metric_text(out, "}");
}


static void
convrelay_metric_json_tools(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report,
    const convrelay_metric_location_t *location)
{
    unsigned                        i, n;
    const convrelay_metric_part_t  *tool;

    n = 0;

    convrelay_metric_text(out, ",\n\"tools\":{");

    for (i = 0; i < report->ntools; i++) {
        tool = &report->tools[i];

        if (tool->location != location) {
            continue;
        }

        convrelay_metric_text(out, n++ ? ",\n" : "\n");
        convrelay_metric_json_str(out, &tool->name);
        convrelay_metric_text(out, ":{\"total\":{");
        convrelay_metric_json_tool(out, tool->words);
        convrelay_metric_text(out, "},\"recent\":{");
        convrelay_metric_json_tool(out, tool->recent);
        convrelay_metric_text(out, "}}");
    }

    convrelay_metric_text(out, "}");
}


static void
convrelay_metric_json_tool(convrelay_metric_out_t *out,
    const convrelay_metric_t *words)
{
    unsigned  i;

    convrelay_metric_json_name(out, "ok");
    convrelay_metric_number(out, words[CONVRELAY_METRIC_TOOL_OK]);
    convrelay_metric_text(out, ",");
    convrelay_metric_json_name(out, "failed");
    convrelay_metric_number(out, convrelay_metric_tool_failed(words));
    convrelay_metric_text(out, ",");
    convrelay_metric_json_name(out, "failures");

    for (i = CONVRELAY_METRIC_TOOL_OK + 1;
         i < CONVRELAY_METRIC_TOOL_SECONDS;
         i++)
    {
        convrelay_metric_text(out, i == CONVRELAY_METRIC_TOOL_OK + 1 ? "{"
                                                                     : ",");
        convrelay_metric_json_name(out, convrelay_metric_tool_kinds[i]);
        convrelay_metric_number(out, words[i]);
    }

    convrelay_metric_text(out, "},");
    convrelay_metric_json_name(out, "seconds");
    convrelay_metric_json_buckets(out, words + i);
}


/* a histogram is its buckets, and then its sum in seconds */

static void
convrelay_metric_json_buckets(convrelay_metric_out_t *out,
    const convrelay_metric_t *words)
{
    unsigned  i;

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS; i++) {
        convrelay_metric_text(out, i ? "," : "[");
        convrelay_metric_number(out, words[i]);
    }

    convrelay_metric_text(out, ",");
    convrelay_metric_ms(out, words[i]);
    convrelay_metric_text(out, "]");
}


static void
convrelay_metric_json_calls(convrelay_metric_out_t *out,
    const convrelay_metric_location_t *location)
{
    uint64_t  draining;
    unsigned  state;

    draining = 0;

    convrelay_metric_text(out, ",\"calls\":{");

    for (state = 0; state < CONVRELAY_METRIC_STATES; state++) {
        draining += location->calls[state][CONVRELAY_METRIC_DRAINING];

        convrelay_metric_json_name(out, convrelay_metric_states[state]);
        convrelay_metric_number(out,
                           location->calls[state][CONVRELAY_METRIC_ACTIVE]
                           + location->calls[state][CONVRELAY_METRIC_DRAINING]);
        convrelay_metric_text(out, ",");
    }

    convrelay_metric_json_name(out, "draining");
    convrelay_metric_number(out, draining);
    convrelay_metric_text(out, "}");
}


/* first: the index of words[0]; of the history there is only what the page
   draws */

static void
convrelay_metric_json_words(convrelay_metric_out_t *out,
    const convrelay_metric_t *words, unsigned first, unsigned history)
{
    unsigned                        n;
    const convrelay_metric_line_t  *line;

    n = 0;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL
            || (first && !convrelay_metric_of_llm(line))
            || (history && !convrelay_metric_json_drawn(line->name)))
        {
            continue;
        }

        convrelay_metric_text(out, n++ ? "," : "");
        convrelay_metric_json_name(out, line->name);

        if (line->bounds) {
            convrelay_metric_json_buckets(out, &words[line->index - first]);

        } else {
            convrelay_metric_json_family(out, line, words, first);
        }
    }
}


static void
convrelay_metric_json_family(convrelay_metric_out_t *out,
    const convrelay_metric_line_t *family, const convrelay_metric_t *words,
    unsigned first)
{
    unsigned                        opens;
    const char                     *kind;
    const convrelay_metric_line_t  *line;

    if (family->label == NULL) {
        convrelay_metric_number(out, words[family[1].index - first]);
        return;
    }

    kind = NULL;

    convrelay_metric_text(out, "{");

    for (line = family + 1;
         line->name == NULL && line->index < CONVRELAY_METRIC_N;
         line++)
    {
        opens = (line->kind && (kind == NULL || strcmp(line->kind, kind) != 0));

        if (line != family + 1) {
            convrelay_metric_text(out, opens ? "}," : ",");
        }

        if (opens) {
            kind = line->kind;
            convrelay_metric_json_name(out, kind);
            convrelay_metric_text(out, "{");
        }

        convrelay_metric_json_name(out, line->value);
        convrelay_metric_number(out, words[line->index - first]);
    }

    convrelay_metric_text(out, kind ? "}}" : "}");
}


static int
convrelay_metric_json_drawn(const char *name)
{
    return strcmp(name, "sessions_total") == 0
           || strcmp(name, "turns_total") == 0
           || strcmp(name, "first_word_seconds") == 0
           || strcmp(name, "llm_failures_total") == 0;
}


static void
convrelay_metric_json_slots(convrelay_metric_out_t *out,
    const convrelay_metric_report_t *report)
{
    unsigned                        i;
    const convrelay_metric_slot_t  *slot;

    for (i = 0; i < report->nslots; i++) {
        slot = &report->slots[i];

        convrelay_metric_text(out, i ? ",\n{" : "\n{");
        convrelay_metric_json_name(out, "ago");
        convrelay_metric_ms(out, report->now > slot->at
                                 ? report->now - slot->at : 0);
        convrelay_metric_text(out, ",");
        convrelay_metric_json_name(out, "calls");
        convrelay_metric_number(out, slot->calls);
        convrelay_metric_text(out, ",\"total\":{");
        convrelay_metric_json_words(out, slot->words, 0, 1);
        convrelay_metric_text(out, "}}");
    }
}


static void
convrelay_metric_json_str(convrelay_metric_out_t *out,
    const convrelay_str_t *value)
{
    convrelay_metric_quote(out, value->data, value->len);
}


static void
convrelay_metric_json_name(convrelay_metric_out_t *out, const char *name)
{
    convrelay_metric_text(out, "\"");
    convrelay_metric_text(out, name);
    convrelay_metric_text(out, "\":");
}
