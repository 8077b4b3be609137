
/*
 * Copyright (C) convrelay contributors
 *
 * All figures of several locations, as JSON and for Prometheus: each has a
 * value of its own and is found in its place, once.
 */


#include <cjson/cJSON.h>

#include "convrelay_metric_report.h"
#include "tap.h"


#define LOCATIONS  3
#define ZONES      2
#define SLOTS      2
#define TOOLS      3
#define LLMS       3


static void json_test(void);
static void json_location(const cJSON *json, unsigned i);
static unsigned json_tools(const cJSON *json, unsigned i);
static unsigned json_tool(const cJSON *json, const convrelay_metric_t *w);
static unsigned json_llms(const cJSON *json, unsigned i);
static unsigned json_words(const cJSON *json, const convrelay_metric_t *words,
    unsigned first, unsigned history);
static int is(const cJSON *object, const char *name, double n);
static int is_text(const cJSON *object, const char *name, const char *text);

static void prometheus_test(void);
static void prometheus_counters(char *text, const char *label,
    const convrelay_metric_location_t *l, const convrelay_metric_t *w,
    unsigned first);
static void prometheus_llms(char *text);
static void prometheus_tools(char *text);
static void prometheus_heads(char *text);
static unsigned samples(const char *text, const char *sample,
    const char *value);
static unsigned lines(const char *text, const char *start);

static void report(void);
static char *written(unsigned json);
static const char *seconds(char *buf, convrelay_metric_t ms);


/* of LLMs, and as Prometheus has them */

static const char  *upstreams[LLMS] = {
    "127.0.0.1:8080", "h\xc3\xb6r \"<\\\n>\"", "variable"
};

static const char  *escaped[LLMS] = {
    "127.0.0.1:8080", "h\xc3\xb6r \\\"<\\\\\\n>\\\"", "variable"
};

static convrelay_metric_t           words[LOCATIONS][CONVRELAY_METRIC_N];
static convrelay_metric_t           recent[LOCATIONS][CONVRELAY_METRIC_N];
static convrelay_metric_location_t  locations[LOCATIONS];
static convrelay_metric_t           counts[TOOLS][2][CONVRELAY_METRIC_TOOL_N];
static convrelay_metric_part_t      tools[TOOLS];
static convrelay_metric_t           llm_counts[LLMS][2][CONVRELAY_METRIC_LLM_N];
static convrelay_metric_part_t      llms[LLMS];
static convrelay_metric_zone_t      zones[ZONES];
static convrelay_metric_slot_t      slots[SLOTS];
static convrelay_metric_cause_t     causes[2];
static convrelay_metric_report_t    r;


int
main(void)
{
    report();

    json_test();
    prometheus_test();

    return tap_done();
}


/* a location of calls, one of webhooks, and one of both */

static void
report(void)
{
    unsigned  i, n, k;

    static const char  *servers[] = { "a.example", "", "b.example" };
    static const char  *paths[] = { "/ws", "/twiml", "~ \"\\\n$" };

    for (i = 0; i < LOCATIONS; i++) {

        for (n = 0; n < CONVRELAY_METRIC_N; n++) {
            words[i][n] = 1000003 * (i + 1) + 1009 * n;
            recent[i][n] = 500009 * (i + 1) + 1013 * n;
        }

        locations[i].server.data = (u_char *) servers[i];
        locations[i].server.len = strlen(servers[i]);
        locations[i].location.data = (u_char *) paths[i];
        locations[i].location.len = strlen(paths[i]);
        locations[i].words = words[i];
        locations[i].recent = recent[i];
        locations[i].call = (i != 1);
        locations[i].twiml = (i != 0);
        locations[i].action = (i == 2);

        for (n = 0; n < CONVRELAY_METRIC_STATES; n++) {

            for (k = 0; k < CONVRELAY_METRIC_WORKERS; k++) {
                locations[i].calls[n][k] = 100 * i + 10 * n + k + 3;
            }
        }
    }

    for (i = 0; i < TOOLS; i++) {
        tools[i].location = &locations[i == 2 ? 2 : 0];
        tools[i].words = counts[i][0];
        tools[i].recent = counts[i][1];

        for (n = 0; n < CONVRELAY_METRIC_TOOL_N; n++) {
            counts[i][0][n] = 300007 * (i + 1) + 1021 * n;
            counts[i][1][n] = 200003 * (i + 1) + 1031 * n;
        }
    }

    for (i = 0; i < LLMS; i++) {
        llms[i].location = &locations[i == 2 ? 2 : 0];
        llms[i].words = llm_counts[i][0];
        llms[i].recent = llm_counts[i][1];
        llms[i].name.data = (u_char *) upstreams[i];
        llms[i].name.len = strlen(upstreams[i]);

        for (n = 0; n < CONVRELAY_METRIC_LLM_N; n++) {
            llm_counts[i][0][n] = 400009 * (i + 1) + 1033 * n;
            llm_counts[i][1][n] = 100003 * (i + 1) + 1039 * n;
        }
    }

    convrelay_str_set(&tools[0].name, "book");
    convrelay_str_set(&tools[1].name, "look");
    convrelay_str_set(&tools[2].name, "book");

    convrelay_str_set(&zones[0].name, "calls");
    zones[0].size = 10485760;
    zones[0].used = 4096;
    convrelay_str_set(&zones[1].name, "counters");
    zones[1].size = 18446744073709551615ull;
    zones[1].used = 0;

    for (i = 0; i < SLOTS; i++) {
        slots[i].at = 1000 + 10000 * i;
        slots[i].calls = 5 + i;

        for (n = 0; n < CONVRELAY_METRIC_N; n++) {
            slots[i].words[n] = 700001 * (i + 1) + 1019 * n;
        }
    }

    causes[0].kind = "x";
    causes[0].level = CONVRELAY_METRIC_TROUBLE;
    strcpy(causes[0].text, "a \"b\"");
    causes[1].kind = "y";
    causes[1].level = CONVRELAY_METRIC_NOTE;
    strcpy(causes[1].text, "c");

    r.version = "1.2";
    r.nginx = "3.4";
    r.now = 11001;
    r.window = 150999;
    r.locations = locations;
    r.nlocations = LOCATIONS;
    r.llms = llms;
    r.nllms = LLMS;
    r.tools = tools;
    r.ntools = TOOLS;
    r.zones = zones;
    r.nzones = ZONES;
    r.slots = slots;
    r.nslots = SLOTS;
}


static char *
written(unsigned json)
{
    size_t   len;
    u_char  *p;

    len = json ? convrelay_metric_json(NULL, &r, causes, 2)
               : convrelay_metric_prometheus(NULL, &r);

    p = malloc(len + 1);
    memset(p, '#', len + 1);

    tap_ok((json ? convrelay_metric_json(p, &r, causes, 2)
                 : convrelay_metric_prometheus(p, &r)) == len
           && p[len] == '#', "%zu bytes, as said", len);

    p[len] = '\0';

    return (char *) p;
}


static void
json_test(void)
{
    char         *text;
    cJSON        *root, *list, *item, *bounds;
    unsigned      i, bad;

    static const char  *levels[] = { "trouble", "note" };
    static const char  *texts[] = { "a \"b\"", "c" };
    static const char  *kinds[] = { "x", "y" };
    static const double  ago[] = { 10.001, 0.001 };

    text = written(1);
    root = cJSON_ParseWithOpts(text, NULL, 0);

    if (!tap_ok(root != NULL, "it is JSON")) {
        return;
    }

    tap_ok(is_text(root, "version", "1.2") && is_text(root, "nginx", "3.4")
           && is(root, "window_seconds", 150), "versions and the window");

    list = cJSON_GetObjectItemCaseSensitive(root, "causes");

    for (i = 0; i < 2; i++) {
        item = cJSON_GetArrayItem(list, i);

        tap_ok(is_text(item, "kind", kinds[i])
               && is_text(item, "level", levels[i])
               && is_text(item, "text", texts[i]), "cause %u", i);
    }

    tap_ok(cJSON_GetArraySize(list) == 2, "no other cause");

    list = cJSON_GetObjectItemCaseSensitive(root, "zones");

    tap_ok(cJSON_GetArraySize(list) == ZONES
           && is_text(cJSON_GetArrayItem(list, 0), "zone", "calls")
           && is(cJSON_GetArrayItem(list, 0), "size", 10485760)
           && is(cJSON_GetArrayItem(list, 0), "used", 4096)
           && is_text(cJSON_GetArrayItem(list, 1), "zone", "counters")
           && is(cJSON_GetArrayItem(list, 1), "used", 0)
           && strstr(text, "\"size\":18446744073709551615,"), "zones");

    bounds = cJSON_GetObjectItemCaseSensitive(root, "bounds");
    bad = 0;

    for (i = 0; i < CONVRELAY_METRIC_BUCKETS - 1; i++) {
        item = cJSON_GetArrayItem(cJSON_GetObjectItem(bounds, "seconds"), i);
        bad += (item->valuedouble * 1000 != convrelay_metric_seconds.ms[i]);

        item = cJSON_GetArrayItem(cJSON_GetObjectItem(bounds,
                                                      "session_seconds"), i);
        bad += (item->valuedouble * 1000 != convrelay_metric_minutes.ms[i]);
    }

    tap_ok(bad == 0 && cJSON_GetArraySize(bounds) == 2
           && cJSON_GetArraySize(cJSON_GetObjectItem(bounds, "seconds"))
              == CONVRELAY_METRIC_BUCKETS - 1
           && cJSON_GetArraySize(cJSON_GetObjectItem(bounds,
                                                     "session_seconds"))
              == CONVRELAY_METRIC_BUCKETS - 1, "bounds");

    list = cJSON_GetObjectItemCaseSensitive(root, "locations");

    for (i = 0; i < LOCATIONS; i++) {
        json_location(cJSON_GetArrayItem(list, i), i);
    }

    tap_ok(cJSON_GetArraySize(list) == LOCATIONS, "no other location");

    list = cJSON_GetObjectItemCaseSensitive(root, "history");

    for (i = 0; i < SLOTS; i++) {
        item = cJSON_GetArrayItem(list, i);

        tap_ok(is(item, "ago", ago[i]) && is(item, "calls", 5 + i)
               && cJSON_GetArraySize(item) == 3
               && json_words(cJSON_GetObjectItem(item, "total"),
                             slots[i].words, 0, 1) == 0,
               "slot %u, with what is drawn", i);
    }

    tap_ok(cJSON_GetArraySize(list) == SLOTS, "no other slot");

    cJSON_Delete(root);
    free(text);

    /* a slot of this very moment, or of a clock that went back */

    r.now = 11000;
    text = written(1);
    tap_ok(strstr(text, "{\"ago\":0,\"calls\":6,") != NULL, "a slot of now");
    free(text);

    r.now = 10999;
    text = written(1);
    tap_ok(strstr(text, "{\"ago\":0,\"calls\":6,") != NULL,
           "one of the future is of now");
    free(text);
}


static void
json_location(const cJSON *json, unsigned i)
{
    cJSON     *calls;
    uint64_t   draining;
    unsigned   n, bad;
    char       text[32];

    (void) sprintf(text, "%.*s", (int) locations[i].server.len,
                   locations[i].server.data);
    tap_ok(is_text(json, "server", text), "server %u", i);

    (void) sprintf(text, "%.*s", (int) locations[i].location.len,
                   locations[i].location.data);
    tap_ok(is_text(json, "location", text), "location %u", i);

    calls = cJSON_GetObjectItemCaseSensitive(json, "calls");
    draining = 0;
    bad = 0;

    for (n = 0; n < CONVRELAY_METRIC_STATES; n++) {
        draining += locations[i].calls[n][CONVRELAY_METRIC_DRAINING];

        bad += !is(calls, convrelay_metric_states[n],
                   locations[i].calls[n][CONVRELAY_METRIC_ACTIVE]
                   + locations[i].calls[n][CONVRELAY_METRIC_DRAINING]);
    }

    tap_ok(bad == 0 && is(calls, "draining", draining)
           && cJSON_GetArraySize(calls) == CONVRELAY_METRIC_STATES + 1,
           "its calls");

    tap_ok(json_words(cJSON_GetObjectItemCaseSensitive(json, "total"),
                      words[i], 0, 0) == 0, "its counters");
    tap_ok(json_words(cJSON_GetObjectItemCaseSensitive(json, "recent"),
                      recent[i], 0, 0) == 0, "what was added lately");
    tap_ok(json_llms(cJSON_GetObjectItemCaseSensitive(json, "llms"), i)
           == 0, "its LLMs");
    tap_ok(json_tools(cJSON_GetObjectItemCaseSensitive(json, "tools"), i)
           == 0, "its tools");
    tap_ok(cJSON_GetArraySize(json) == 7, "and nothing else");
}


/* how many are wrong */

static unsigned
json_llms(const cJSON *json, unsigned i)
{
    unsigned      k, n, bad;
    const cJSON  *llm;

    bad = 0;
    n = 0;

    for (k = 0; k < LLMS; k++) {
        llm = cJSON_GetObjectItemCaseSensitive(json, upstreams[k]);

        if (llms[k].location != &locations[i]) {
            bad += (llm != NULL);
            continue;
        }

        n++;
        bad += (cJSON_GetArraySize(llm) != 2)
               + json_words(cJSON_GetObjectItem(llm, "total"),
                            llms[k].words, CONVRELAY_METRIC_LLM, 0)
               + json_words(cJSON_GetObjectItem(llm, "recent"),
                            llms[k].recent, CONVRELAY_METRIC_LLM, 0);
    }

    return bad + (cJSON_GetArraySize(json) != (int) n);
}


/* how many are wrong */

static unsigned
json_tools(const cJSON *json, unsigned i)
{
    char          name[16];
    unsigned      k, n, bad;
    const cJSON  *tool;

    bad = 0;
    n = 0;

    for (k = 0; k < TOOLS; k++) {

        if (tools[k].location != &locations[i]) {
            continue;
        }

        n++;

        (void) sprintf(name, "%.*s", (int) tools[k].name.len,
                       tools[k].name.data);
        tool = cJSON_GetObjectItemCaseSensitive(json, name);

        bad += json_tool(cJSON_GetObjectItem(tool, "total"), tools[k].words)
               + json_tool(cJSON_GetObjectItem(tool, "recent"),
                           tools[k].recent)
               + (cJSON_GetArraySize(tool) != 2);
    }

    return bad + (cJSON_GetArraySize(json) != (int) n);
}


static unsigned
json_tool(const cJSON *json, const convrelay_metric_t *w)
{
    unsigned      i, bad;
    const cJSON  *list, *item, *failures;

    bad = !is(json, "ok", w[CONVRELAY_METRIC_TOOL_OK])
          + !is(json, "failed", convrelay_metric_tool_failed(w));

    failures = cJSON_GetObjectItemCaseSensitive(json, "failures");

    for (i = CONVRELAY_METRIC_TOOL_STATUS; i <= CONVRELAY_METRIC_TOOL_OTHER;
         i++)
    {
        bad += !is(failures, convrelay_metric_tool_kinds[i], w[i]);
    }

    bad += (cJSON_GetArraySize(failures) != CONVRELAY_METRIC_TOOL_OTHER);

    list = cJSON_GetObjectItemCaseSensitive(json, "seconds");
    w += CONVRELAY_METRIC_TOOL_SECONDS;

    for (i = 0; i <= CONVRELAY_METRIC_BUCKETS; i++) {
        item = cJSON_GetArrayItem(list, i);
        bad += (item == NULL || item->valuedouble
                                != (i < CONVRELAY_METRIC_BUCKETS
                                    ? w[i] : w[i] / 1000.0));
    }

    return bad + (cJSON_GetArraySize(list) != (int) i
                  || cJSON_GetArraySize(json) != 4);
}


/* how many are wrong */

static unsigned
json_words(const cJSON *json, const convrelay_metric_t *w, unsigned first,
    unsigned history)
{
    int                             kinds;
    unsigned                        i, n, bad, series;
    const cJSON                    *family, *outer, *item;
    const convrelay_metric_line_t  *line, *next;

    bad = 0;
    n = 0;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL || (first && !convrelay_metric_of_llm(line))) {
            continue;
        }

        family = cJSON_GetObjectItemCaseSensitive(json, line->name);

        if (history && strcmp(line->name, "sessions_total") != 0
            && strcmp(line->name, "turns_total") != 0
            && strcmp(line->name, "first_word_seconds") != 0
            && strcmp(line->name, "llm_failures_total") != 0)
        {
            bad += (family != NULL);
            continue;
        }

        n++;

        if (line->bounds) {

            for (i = 0; i < CONVRELAY_METRIC_BUCKETS; i++) {
                item = cJSON_GetArrayItem(family, i);
                bad += (item == NULL
                        || item->valuedouble != w[line->index - first + i]);
            }

            item = cJSON_GetArrayItem(family, i);
            bad += (item == NULL || item->valuedouble
                                    != w[line->index - first + i] / 1000.0
                    || cJSON_GetArraySize(family) != (int) i + 1);
            continue;
        }

        series = 0;
        outer = NULL;

        for (next = line + 1;
             next->name == NULL && next->index < CONVRELAY_METRIC_N;
             next++)
        {
            outer = next->kind
                    ? cJSON_GetObjectItemCaseSensitive(family, next->kind)
                    : family;

            item = line->label
                   ? cJSON_GetObjectItemCaseSensitive(outer, next->value)
                   : outer;

            bad += (item == NULL
                    || item->valuedouble != w[next->index - first]);
            series++;
        }

        /* all kinds have the same series */

        kinds = line[1].kind ? cJSON_GetArraySize(family) : 1;

        bad += (line->label
                && cJSON_GetArraySize(outer) * kinds != (int) series);
    }

    return bad + (cJSON_GetArraySize(json) != (int) n);
}


static int
is(const cJSON *object, const char *name, double n)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) && item->valuedouble == n;
}


static int
is_text(const cJSON *object, const char *name, const char *text)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}


static const char  *labels[LOCATIONS] = {
    "{server=\"a.example\",location=\"/ws\"",
    "{server=\"\",location=\"/twiml\"",
    "{server=\"b.example\",location=\"~ \\\"\\\\\\n$\""
};


static void
prometheus_test(void)
{
    char      *text;
    char       sample[256], value[32];
    unsigned   i, n, k, bad;

    static const char  *workers[] = { "active", "draining" };

    text = written(0);

    tap_ok(samples(text, "convrelay_build_info{version=\"1.2\",nginx=\"3.4\"}",
                   "1") == 1, "the versions");

    tap_ok(samples(text, "convrelay_zone_bytes{zone=\"calls\",state=\"size\"}",
                   "10485760") == 1
           && samples(text, "convrelay_zone_bytes{zone=\"calls\","
                      "state=\"used\"}", "4096") == 1
           && samples(text, "convrelay_zone_bytes{zone=\"counters\","
                      "state=\"size\"}", "18446744073709551615") == 1
           && samples(text, "convrelay_zone_bytes{zone=\"counters\","
                      "state=\"used\"}", "0") == 1
           && lines(text, "convrelay_zone_bytes{") == 4, "zones");

    bad = 0;

    for (i = 0; i < LOCATIONS; i++) {

        for (n = 0; n < CONVRELAY_METRIC_STATES; n++) {

            for (k = 0; k < CONVRELAY_METRIC_WORKERS; k++) {
                sprintf(sample, "convrelay_calls%s,state=\"%s\","
                        "worker=\"%s\"}", labels[i],
                        convrelay_metric_states[n], workers[k]);
                sprintf(value, "%u", 100 * i + 10 * n + k + 3);

                bad += (samples(text, sample, value) != (i != 1));
            }
        }
    }

    tap_ok(bad == 0 && lines(text, "convrelay_calls{")
                       == 2 * CONVRELAY_METRIC_STATES
                         * CONVRELAY_METRIC_WORKERS, "calls");

    for (i = 0; i < LOCATIONS; i++) {
        prometheus_counters(text, labels[i], &locations[i], words[i], 0);
    }

    prometheus_llms(text);
    prometheus_tools(text);
    prometheus_heads(text);

    free(text);
}


/* each family of a location that it can have, and no other */

static void
prometheus_counters(char *text, const char *label,
    const convrelay_metric_location_t *l, const convrelay_metric_t *w,
    unsigned first)
{
    char                            sample[256], value[32], start[128];
    unsigned                        n, series, bad, has;
    convrelay_metric_t              sum;
    const convrelay_metric_line_t  *line, *next;

    bad = 0;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL
            || convrelay_metric_of_llm(line) != (first != 0))
        {
            continue;
        }

        has = l->call
              || strcmp(line->name, "refused_total") == 0
              || strcmp(line->name, "twilio_errors_total") == 0;

        series = 0;

        if (line->bounds) {
            sum = 0;

            for (n = 0; n < CONVRELAY_METRIC_BUCKETS; n++) {
                sum += w[line->index - first + n];

                sprintf(sample, "convrelay_%s_bucket%s,le=\"%s\"}",
                        line->name, label, line->bounds->text[n]);
                sprintf(value, "%lu", sum);
                bad += (samples(text, sample, value) != has);
            }

            sprintf(sample, "convrelay_%s_count%s}", line->name, label);
            sprintf(value, "%lu", sum);
            bad += (samples(text, sample, value) != has);

            sprintf(sample, "convrelay_%s_sum%s}", line->name, label);
            bad += (samples(text, sample,
                            seconds(value, w[line->index - first + n]))
                    != has);

            sprintf(start, "convrelay_%s_bucket%s", line->name, label);
            bad += (lines(text, start) != (has ? n : 0));
            continue;
        }

        for (next = line + 1;
             next->name == NULL && next->index < CONVRELAY_METRIC_N;
             next++)
        {
            if (strcmp(line->name, "webhooks_total") == 0) {
                has = (strcmp(next->kind, "twiml") == 0)
                      ? l->twiml : l->action;
            }

            if (next->kind) {
                sprintf(sample, "convrelay_%s%s,kind=\"%s\",%s=\"%s\"}",
                        line->name, label, next->kind, line->label,
                        next->value);

            } else if (line->label) {
                sprintf(sample, "convrelay_%s%s,%s=\"%s\"}", line->name,
                        label, line->label, next->value);

            } else {
                sprintf(sample, "convrelay_%s%s}", line->name, label);
            }

            sprintf(value, "%lu", w[next->index - first]);
            bad += (samples(text, sample, value) != has);
            series += has;
        }

        sprintf(start, "convrelay_%s%s", line->name, label);
        bad += (lines(text, start) != series);
    }

    tap_ok(bad == 0, "all counters of %s", label);
}


static void
prometheus_llms(char *text)
{
    char      label[160];
    unsigned  i;

    for (i = 0; i < LLMS; i++) {
        sprintf(label, "%s,upstream=\"%s\"", labels[i == 2 ? 2 : 0],
                escaped[i]);
        prometheus_counters(text, label, llms[i].location, llms[i].words,
                            CONVRELAY_METRIC_LLM);
    }

    tap_ok(lines(text, "convrelay_llm_seconds_count{") == LLMS,
           "those of LLMs are only by LLM");
}


static void
prometheus_tools(char *text)
{
    char                       sample[256], value[32], tool[128];
    unsigned                   i, n, bad;
    convrelay_metric_t         sum;
    const convrelay_metric_t  *w;

    bad = 0;

    for (i = 0; i < TOOLS; i++) {
        w = tools[i].words;

        sprintf(tool, "%s,tool=\"%.*s\"", labels[i == 2 ? 2 : 0],
                (int) tools[i].name.len, tools[i].name.data);

        sprintf(sample, "convrelay_tools_total%s,outcome=\"ok\"}", tool);
        sprintf(value, "%lu", w[CONVRELAY_METRIC_TOOL_OK]);
        bad += (samples(text, sample, value) != 1);

        sprintf(sample, "convrelay_tools_total%s,outcome=\"failed\"}", tool);
        sprintf(value, "%lu", convrelay_metric_tool_failed(w));
        bad += (samples(text, sample, value) != 1);

        sum = 0;

        for (n = CONVRELAY_METRIC_TOOL_STATUS;
             n <= CONVRELAY_METRIC_TOOL_OTHER;
             n++)
        {
            sprintf(sample, "convrelay_tool_failures_total%s,kind=\"%s\"}",
                    tool, convrelay_metric_tool_kinds[n]);
            sprintf(value, "%lu", w[n]);
            bad += (samples(text, sample, value) != 1);
            sum += w[n];
        }

        bad += (sum != convrelay_metric_tool_failed(w));

        w += CONVRELAY_METRIC_TOOL_SECONDS;
        sum = 0;

        for (n = 0; n < CONVRELAY_METRIC_BUCKETS; n++) {
            sum += w[n];

            sprintf(sample, "convrelay_tool_seconds_bucket%s,le=\"%s\"}",
                    tool, convrelay_metric_seconds.text[n]);
            sprintf(value, "%lu", sum);
            bad += (samples(text, sample, value) != 1);
        }

        sprintf(sample, "convrelay_tool_seconds_count%s}", tool);
        sprintf(value, "%lu", sum);
        bad += (samples(text, sample, value) != 1);

        sprintf(sample, "convrelay_tool_seconds_sum%s}", tool);
        bad += (samples(text, sample, seconds(value, w[n])) != 1);
    }

    tap_ok(bad == 0 && lines(text, "convrelay_tools_total{") == 2 * TOOLS
           && lines(text, "convrelay_tool_seconds_bucket{")
              == TOOLS * CONVRELAY_METRIC_BUCKETS, "all counters of tools");
}


/* what stands above them, and that they stand below it */

static void
prometheus_heads(char *text)
{
    char                            head[512];
    char                           *p, *next, *end;
    unsigned                        bad, n;
    const convrelay_metric_line_t  *line;

    bad = 0;
    n = 6;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name == NULL) {
            continue;
        }

        n++;

        sprintf(head, "\n# HELP convrelay_%s %s\n# TYPE convrelay_%s %s\n",
                line->name, line->help, line->name,
                line->bounds ? "histogram" : "counter");

        p = strstr(text, head);

        if (p == NULL) {
            printf("# no %s\n", line->name);
            bad++;
            continue;
        }

        next = strstr(p + 1, "\n# HELP");
        sprintf(head, "\nconvrelay_%s%s", line->name,
                line->bounds ? "_bucket{" : "{");

        for (end = strstr(text, head); end; end = strstr(end + 1, head)) {
            bad += (end < p || (next && end > next));
        }
    }

    tap_ok(bad == 0, "each family has its head");

    tap_ok(strncmp(text, "# HELP convrelay_build_info ", 28) == 0
           && strstr(text, "\n# TYPE convrelay_build_info gauge\n")
           && strstr(text, "\n# HELP convrelay_zone_bytes ")
           && strstr(text, "\n# TYPE convrelay_zone_bytes gauge\n")
           && strstr(text, "\n# HELP convrelay_calls ")
           && strstr(text, "\n# TYPE convrelay_calls gauge\n")
           && strstr(text, "\n# TYPE convrelay_tools_total counter\n")
           && strstr(text, "\n# TYPE convrelay_tool_failures_total counter\n")
           && strstr(text, "\n# TYPE convrelay_tool_seconds histogram\n")
           && lines(text, "# TYPE ") == n && lines(text, "# HELP ") == n,
           "so have the gauges");
}


static const char *
seconds(char *buf, convrelay_metric_t ms)
{
    if (ms % 1000) {
        sprintf(buf, "%lu.%03lu", ms / 1000, ms % 1000);

    } else {
        sprintf(buf, "%lu", ms / 1000);
    }

    return buf;
}


/* how many lines are this sample with this value, or with another */

static unsigned
samples(const char *text, const char *sample, const char *value)
{
    char  line[512];

    sprintf(line, "%s ", sample);

    if (lines(text, line) == 0) {
        return 0;
    }

    sprintf(line, "%s %s\n", sample, value);

    return lines(text, line) == 1 ? 1 : 99;
}


/* that begin so */

static unsigned
lines(const char *text, const char *start)
{
    unsigned     n;
    const char  *p;

    n = (strncmp(text, start, strlen(start)) == 0);

    for (p = strstr(text, start); p; p = strstr(p + 1, start)) {
        n += (p > text && p[-1] == '\n');
    }

    return n;
}
