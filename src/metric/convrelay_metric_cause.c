
/*
 * Copyright (C) convrelay contributors
 *
 * Says what is wrong, so that operators need not work it out from the figures.
 * Each rule looks at what a location has counted lately.  The rules are sorted
 * by how much their trouble costs callers.
 */


#include <stdarg.h>
#include <stdio.h>

#include "convrelay_metric_out.h"
#include "convrelay_utf8.h"


#define CONVRELAY_METRIC_FEW     3      /* fewer requests without a signature
                                           are those of any stranger */
#define CONVRELAY_METRIC_SLOW    1280   /* ms that callers begin to notice: a
                                           bound of the buckets */
#define CONVRELAY_METRIC_NAME    64     /* bytes of a name */
#define CONVRELAY_METRIC_WHERE   240    /* and of three, with what is between
                                           them */


typedef struct {
    const convrelay_metric_report_t    *report;
    const convrelay_metric_location_t  *location;
    const convrelay_metric_away_t      *away;   /* that the cause is of, or
                                                   NULL: the location */
    const convrelay_metric_t           *recent;
    const convrelay_str_t              *llm;    /* that the cause is of, or
                                                   NULL: any */
    convrelay_metric_t                  turns;
    convrelay_metric_t                  sessions;
    convrelay_metric_t                  webhooks;
    convrelay_metric_cause_t           *causes;
    unsigned                            n;
} convrelay_metric_case_t;


static void convrelay_metric_cause_zone(convrelay_metric_case_t *c);
static void convrelay_metric_cause_signature(convrelay_metric_case_t *c);
static void convrelay_metric_cause_llms(convrelay_metric_case_t *c);
static void convrelay_metric_cause_llm(convrelay_metric_case_t *c,
    const convrelay_metric_t *recent, unsigned first);
static void convrelay_metric_cause_tools(convrelay_metric_case_t *c);
static void convrelay_metric_cause_slow(convrelay_metric_case_t *c);
static void convrelay_metric_cause_flood(convrelay_metric_case_t *c);
static void convrelay_metric_cause_refused(convrelay_metric_case_t *c);
static void convrelay_metric_cause_sessions(convrelay_metric_case_t *c);
static void convrelay_metric_cause_twilio(convrelay_metric_case_t *c);
static void convrelay_metric_cause_webhooks(convrelay_metric_case_t *c);
static void convrelay_metric_cause_away(convrelay_metric_case_t *c);
static void convrelay_metric_say(convrelay_metric_case_t *c, const char *kind,
    convrelay_metric_level_e level, const char *fmt, ...);
static size_t convrelay_metric_plural(char *text);
static int convrelay_metric_name(char *buf, size_t size,
    const convrelay_metric_case_t *c);
static void convrelay_metric_escape(convrelay_metric_out_t *out,
    const char *text);


unsigned
convrelay_metric_causes(const convrelay_metric_report_t *report,
    convrelay_metric_cause_t *causes)
{
    unsigned                 i;
    convrelay_metric_case_t  c;

    memset(&c, 0, sizeof(convrelay_metric_case_t));

    c.report = report;
    c.causes = causes;

    for (i = 0; i < report->nlocations; i++) {
        c.location = &report->locations[i];
        c.recent = c.location->recent;

        c.turns = convrelay_metric_sum(c.recent,
                                       CONVRELAY_METRIC_TURN_COMPLETE,
                                       CONVRELAY_METRIC_TURN_ABANDONED);
        c.sessions = convrelay_metric_sum(c.recent,
                                          CONVRELAY_METRIC_SESSION_HANGUP,
                                          CONVRELAY_METRIC_BROWSER_ERROR);
        c.webhooks = convrelay_metric_sum(c.recent,
                                          CONVRELAY_METRIC_WEBHOOK_2XX,
                                          CONVRELAY_METRIC_ACTION_5XX);

        convrelay_metric_cause_zone(&c);
        convrelay_metric_cause_signature(&c);
        convrelay_metric_cause_llms(&c);
        convrelay_metric_cause_tools(&c);
        convrelay_metric_cause_slow(&c);
        convrelay_metric_cause_flood(&c);
        convrelay_metric_cause_refused(&c);
        convrelay_metric_cause_sessions(&c);
        convrelay_metric_cause_twilio(&c);
        convrelay_metric_cause_webhooks(&c);
    }

    c.location = NULL;

    for (i = 0; i < report->naways; i++) {
        c.away = &report->aways[i];
        convrelay_metric_cause_away(&c);
    }

    return c.n;
}


static void
convrelay_metric_cause_zone(convrelay_metric_case_t *c)
{
    unsigned long  n;

    n = c->recent[CONVRELAY_METRIC_REFUSED_ZONE_FULL];

    if (n) {
        convrelay_metric_say(c, "zone_full", CONVRELAY_METRIC_TROUBLE,
            "convrelay_zone is full: %lu call{s} {was|were} refused. Give it a "
            "larger size; one megabyte holds about 3,700 calls", n);
    }
}


static void
convrelay_metric_cause_signature(convrelay_metric_case_t *c)
{
    unsigned long  n, all;

    n = c->recent[CONVRELAY_METRIC_REFUSED_SIGNATURE];
    all = c->webhooks ? c->webhooks : c->sessions + n;

    if (n) {
        convrelay_metric_say(c, "signature",
            (n >= CONVRELAY_METRIC_FEW && 2 * n > all)
            ? CONVRELAY_METRIC_TROUBLE : CONVRELAY_METRIC_WARNING,
            "%lu of %lu request{s} had no valid X-Twilio-Signature. Check that "
            "convrelay_auth_token is the auth token of the account that owns "
            "the number, and that convrelay_public_url is the address that "
            "Twilio calls; the error log has the address that was expected", n,
            all);
    }
}


/* each LLM by its name, if there are others */

static void
convrelay_metric_cause_llms(convrelay_metric_case_t *c)
{
    unsigned                        i, n;
    const convrelay_metric_part_t  *llm;

    n = 0;

    for (i = 0; i < c->report->nllms; i++) {
        n += (c->report->llms[i].location == c->location);
    }

    if (n < 2) {
        convrelay_metric_cause_llm(c, c->recent, 0);
        return;
    }

    for (i = 0; i < c->report->nllms; i++) {
        llm = &c->report->llms[i];

        if (llm->location == c->location) {
            c->llm = &llm->name;
            convrelay_metric_cause_llm(c, llm->recent, CONVRELAY_METRIC_LLM);
        }
    }

    c->llm = NULL;
}


/* first: the index of recent[0] */

static void
convrelay_metric_cause_llm(convrelay_metric_case_t *c,
    const convrelay_metric_t *recent, unsigned first)
{
    unsigned                   i;
    unsigned long              n, all;
    convrelay_metric_level_e   level;

    static const struct {
        unsigned    index;
        const char *kind;
        const char *text;
    } failures[] = {
        { CONVRELAY_METRIC_LLM_KEY, "llm_key",
          "The LLM refused the API key in %lu of %lu turn{s} (401 or 403). "
          "Check the key, and the \"proxy_set_header Authorization\" that "
          "sends it" },
        { CONVRELAY_METRIC_LLM_RATE, "llm_rate",
          "The LLM's rate or quota was reached in %lu of %lu turn{s} (429). "
          "Raise the quota, or add a second server to the upstream" },
        { CONVRELAY_METRIC_LLM_CONNECT, "llm_unreachable",
          "The LLM could not be reached, or gave no answer, in %lu of %lu "
          "turn{s}. Check its address, DNS and the network; the error log "
          "names the server" },
        { CONVRELAY_METRIC_LLM_TIMEOUT, "llm_timeout",
          "The LLM timed out in %lu of %lu turn{s} (proxy_connect_timeout, "
          "proxy_read_timeout)" },
        { CONVRELAY_METRIC_LLM_TOO_SLOW, "llm_too_slow",
          "The LLM was too slow in %lu of %lu turn{s} "
          "(convrelay_first_token_timeout, convrelay_token_timeout, "
          "convrelay_max_answer_time)" },
        { CONVRELAY_METRIC_LLM_STATUS_5XX, "llm_5xx",
          "The LLM's server failed in %lu of %lu turn{s} (5xx). The error log "
          "has its message" },
        { CONVRELAY_METRIC_LLM_STATUS_4XX, "llm_4xx",
          "The LLM's server refused the request in %lu of %lu turn{s} (4xx). "
          "Check the URL in proxy_pass; the error log has its message" },
        { CONVRELAY_METRIC_LLM_REJECTED, "llm_rejected",
          "The LLM rejected the request in %lu of %lu turn{s} (400, 413 or "
          "422). Check the model and convrelay_request_field; the error log "
          "has its message" },
        { CONVRELAY_METRIC_LLM_STREAM, "llm_stream",
          "The LLM reported an error instead of an answer in %lu of %lu "
          "turn{s}. The error log has its message" },
        { CONVRELAY_METRIC_LLM_TRUNCATED, "llm_truncated",
          "The LLM's answer broke off in %lu of %lu turn{s}" },
        { CONVRELAY_METRIC_LLM_EMPTY, "llm_empty",
          "The LLM's answer was empty in %lu of %lu turn{s}" },
        { CONVRELAY_METRIC_LLM_ENCODED, "llm_encoded",
          "The LLM's answer was compressed in %lu of %lu turn{s}. Send "
          "\"proxy_set_header Accept-Encoding ''\"" },
        { CONVRELAY_METRIC_LLM_TOO_LARGE, "llm_too_large",
          "The LLM's answer was larger than convrelay_max_response_size in %lu "
          "of %lu turn{s}" },
        { CONVRELAY_METRIC_LLM_OTHER, "llm_failed",
          "The request to the LLM failed here in %lu of %lu turn{s}. The error "
          "log says why" }
    };

    for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {

        n = recent[failures[i].index - first];

        if (n) {
            level = (20 * n > c->turns) ? CONVRELAY_METRIC_TROUBLE
                                        : CONVRELAY_METRIC_WARNING;

            /* a turn can have several requests, and may not be over */

            all = c->turns ? c->turns : n;

            convrelay_metric_say(c, failures[i].kind, level, failures[i].text,
                                 (n < all) ? n : all, all);
        }
    }
}


/* each of the location's */

static void
convrelay_metric_cause_tools(convrelay_metric_case_t *c)
{
    unsigned                        i;
    unsigned long                   n, all, wrong;
    convrelay_metric_level_e        level;
    const convrelay_metric_part_t  *tool;

    n = c->recent[CONVRELAY_METRIC_UNKNOWN_TOOLS];

    if (n) {
        convrelay_metric_say(c, "unknown_tool", CONVRELAY_METRIC_WARNING,
            "The LLM called tools that do not exist, %lu time{s}. Check the "
            "system prompt for the names of others", n);
    }

    for (i = 0; i < c->report->ntools; i++) {
        tool = &c->report->tools[i];

        n = convrelay_metric_tool_failed(tool->recent);
        wrong = tool->recent[CONVRELAY_METRIC_TOOL_ARGUMENTS];
        all = n + tool->recent[CONVRELAY_METRIC_TOOL_OK];

        if (n == 0 || tool->location != c->location) {
            continue;
        }

        level = (10 * n > all) ? CONVRELAY_METRIC_TROUBLE
                               : CONVRELAY_METRIC_WARNING;

        if (2 * wrong > n) {
            convrelay_metric_say(c, "tool", level,
                "The LLM called the tool \"%.*s\" with wrong arguments in %lu "
                "of %lu call{s}. Check its description and its parameters",
                (int) tool->name.len, tool->name.data, wrong, all);
            continue;
        }

        convrelay_metric_say(c, "tool", level,
            "The tool \"%.*s\" failed in %lu of %lu request{s} to it. The "
            "error log has the status of its answer", (int) tool->name.len,
            tool->name.data, n, all);
    }
}


/* at least one first word in ten was slow, and more than a single one */

static void
convrelay_metric_cause_slow(convrelay_metric_case_t *c)
{
    char           where[128];
    unsigned       bucket;
    unsigned long  n, slow, median, worst, byte;

    n = convrelay_metric_count(c->recent, CONVRELAY_METRIC_FIRST_WORD);

    bucket = convrelay_metric_bucket(&convrelay_metric_seconds,
                                     CONVRELAY_METRIC_SLOW);

    slow = convrelay_metric_sum(c->recent,
                                CONVRELAY_METRIC_FIRST_WORD + bucket + 1,
                                CONVRELAY_METRIC_FIRST_WORD
                                + CONVRELAY_METRIC_BUCKETS - 1);

    if (slow < 2 || 10 * slow < n) {
        return;
    }

    median = convrelay_metric_percentile(c->recent,
                                         CONVRELAY_METRIC_FIRST_WORD, 50);
    worst = convrelay_metric_percentile(c->recent,
                                        CONVRELAY_METRIC_FIRST_WORD, 95);
    byte = convrelay_metric_percentile(c->recent,
                                       CONVRELAY_METRIC_LLM_FIRST_BYTE, 50);

    where[0] = '\0';

    if (convrelay_metric_count(c->recent, CONVRELAY_METRIC_LLM_FIRST_BYTE)) {
        (void) snprintf(where, sizeof(where),
                        "; its response begins after %lu.%lu s",
                        byte / 1000, byte % 1000 / 100);
    }

    convrelay_metric_say(c, "llm_slow",
                         2 * slow >= n ? CONVRELAY_METRIC_TROUBLE
                                       : CONVRELAY_METRIC_WARNING,
        "The LLM is slow: the first word came after more than 1.28 s in %lu of "
        "%lu turn{s}, p50 is %lu.%lu s and p95 %lu.%lu s%s", slow, n,
        median / 1000, median % 1000 / 100, worst / 1000, worst % 1000 / 100,
        where);
}


static void
convrelay_metric_cause_flood(convrelay_metric_case_t *c)
{
    unsigned long  fast, calls;

    fast = c->recent[CONVRELAY_METRIC_LIMIT_FRAME_RATE]
           + c->recent[CONVRELAY_METRIC_LIMIT_TURN_RATE];
    calls = c->recent[CONVRELAY_METRIC_REFUSED_LIMIT_CALLS];

    if (fast) {
        convrelay_metric_say(c, "flood", CONVRELAY_METRIC_TROUBLE,
            "Callers flood the server: %lu of %lu session{s} sent too many "
            "messages (%lu) or prompts (%lu), see convrelay_max_frame_rate and "
            "convrelay_max_turn_rate", fast,
            (unsigned long) (c->sessions > fast ? c->sessions : fast),
            c->recent[CONVRELAY_METRIC_LIMIT_FRAME_RATE],
            c->recent[CONVRELAY_METRIC_LIMIT_TURN_RATE]);
    }

    if (calls) {
        convrelay_metric_say(c, "limit_calls", CONVRELAY_METRIC_TROUBLE,
            "Too many calls at the same time: %lu {was|were} refused by "
            "convrelay_limit_calls. The error log names the key", calls);
    }
}


static void
convrelay_metric_cause_refused(convrelay_metric_case_t *c)
{
    unsigned       i;
    unsigned long  n;

    static const struct {
        unsigned    index;
        const char *kind;
        const char *text;
    } reasons[] = {
        { CONVRELAY_METRIC_REFUSED_TICKET, "ticket",
          "%lu call{s} had no valid ticket. Check that convrelay_ticket is the "
          "same in the locations of the webhook and of the socket" },
        { CONVRELAY_METRIC_REFUSED_ORIGIN, "origin",
          "%lu socket{s} {was|were} opened by a page of another site and "
          "refused" },
        { CONVRELAY_METRIC_REFUSED_HANDSHAKE, "handshake",
          "%lu {request was not a WebSocket handshake|requests were not "
          "WebSocket handshakes}. A proxy in front must pass on \"Upgrade\" "
          "and \"Connection\"" },
        { CONVRELAY_METRIC_REFUSED_SECOND_SOCKET, "second_socket",
          "%lu socket{s} {was|were} refused because {its|their} call had a "
          "live one" }
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {

        n = c->recent[reasons[i].index];

        if (n) {
            convrelay_metric_say(c, reasons[i].kind, CONVRELAY_METRIC_WARNING,
                                 reasons[i].text, n);
        }
    }
}


static void
convrelay_metric_cause_sessions(convrelay_metric_case_t *c)
{
    unsigned long  n, dropped, silent, slow;

    dropped = convrelay_metric_ended(c->recent,
                                     CONVRELAY_METRIC_SESSION_DROPPED);
    silent = convrelay_metric_ended(c->recent, CONVRELAY_METRIC_SESSION_SILENT);
    slow = convrelay_metric_ended(c->recent, CONVRELAY_METRIC_SESSION_SLOW);

    n = dropped + silent + slow;

    if (n > 1 && 10 * n > c->sessions) {
        convrelay_metric_say(c, "dropped", CONVRELAY_METRIC_WARNING,
            "%lu of %lu sessions were lost: the connection broke (%lu), went "
            "silent (%lu) or did not accept data (%lu). Check the network "
            "and the time-outs of a proxy in front", n,
            (unsigned long) c->sessions, dropped, silent, slow);
    }

    n = convrelay_metric_ended(c->recent, CONVRELAY_METRIC_SESSION_ERROR);

    if (n) {
        convrelay_metric_say(c, "error", CONVRELAY_METRIC_TROUBLE,
            "%lu session{s} {was|were} ended by an error of this server, such "
            "as a lack of memory or a prompt file that cannot be read. The "
            "error log says which", n);
    }
}


static void
convrelay_metric_cause_twilio(convrelay_metric_case_t *c)
{
    unsigned long                   n;
    const convrelay_metric_line_t  *line;

    for (line = convrelay_metric_table(); line->index < CONVRELAY_METRIC_N;
         line++)
    {
        if (line->name || line->index < CONVRELAY_METRIC_TWILIO_64101
            || line->index > CONVRELAY_METRIC_TWILIO_OTHER)
        {
            continue;
        }

        n = c->recent[line->index];

        if (n) {
            convrelay_metric_say(c, "twilio", CONVRELAY_METRIC_WARNING,
                "Twilio reported %s%s %lu time{s}. Its console has the details",
                line->index == CONVRELAY_METRIC_TWILIO_OTHER ? "errors"
                                                             : "error ",
                line->index == CONVRELAY_METRIC_TWILIO_OTHER ? ""
                                                             : line->value,
                n);
        }
    }
}


static void
convrelay_metric_cause_webhooks(convrelay_metric_case_t *c)
{
    unsigned long  n;

    n = c->recent[CONVRELAY_METRIC_WEBHOOK_5XX]
        + c->recent[CONVRELAY_METRIC_ACTION_5XX];

    if (n) {
        convrelay_metric_say(c, "webhook", CONVRELAY_METRIC_TROUBLE,
            "%lu of %lu webhook request{s} failed here. The error log says why",
            n, (unsigned long) c->webhooks);
    }
}


/* unlike the others, this is how it is now */

static void
convrelay_metric_cause_away(convrelay_metric_case_t *c)
{
    uint64_t  read, write;

    read = c->away->out[CONVRELAY_METRIC_AWAY_READ];
    write = c->away->out[CONVRELAY_METRIC_AWAY_WRITE];

    if (read && write) {
        convrelay_metric_say(c, "store_out", CONVRELAY_METRIC_TROUBLE,
            "The store has been out for %lu second{s}: calls that come from "
            "another machine begin without their history, and those of this "
            "one are not copied. The error log says why",
            (unsigned long) ((read > write ? read : write) / 1000));

    } else if (read) {
        convrelay_metric_say(c, "store_out", CONVRELAY_METRIC_TROUBLE,
            "The store has not answered reads for %lu second{s}: calls that "
            "come from another machine begin without their history. The error "
            "log says why", (unsigned long) (read / 1000));

    } else if (write) {
        convrelay_metric_say(c, "store_out", CONVRELAY_METRIC_TROUBLE,
            "The store has not accepted writes for %lu second{s}: calls of "
            "this machine are not copied. The error log says why",
            (unsigned long) (write / 1000));
    }
}


/*
 * Inserts a cause after those that are as bad or worse.  If the list is full,
 * the last one is dropped.
 */

static void
convrelay_metric_say(convrelay_metric_case_t *c, const char *kind,
    convrelay_metric_level_e level, const char *fmt, ...)
{
    size_t                     n;
    va_list                    args;
    unsigned                   i;
    convrelay_metric_cause_t  *cause;

    for (i = c->n; i > 0 && c->causes[i - 1].level < level; i--) { /* void */ }

    if (i == CONVRELAY_METRIC_MAX_CAUSES) {
        return;
    }

    if (c->n < CONVRELAY_METRIC_MAX_CAUSES) {
        c->n++;
    }

    cause = &c->causes[i];

    memmove(cause + 1, cause,
            (c->n - i - 1) * sizeof(convrelay_metric_cause_t));

    cause->kind = kind;
    cause->level = level;
    cause->location = c->location;

    va_start(args, fmt);
    (void) vsnprintf(cause->text, sizeof(cause->text) - CONVRELAY_METRIC_WHERE,
                     fmt, args);
    va_end(args);

    n = convrelay_metric_plural(cause->text);

    (void) convrelay_metric_name(cause->text + n, sizeof(cause->text) - n, c);
}


/* takes one part of each "{one|many}", by the number before it; "{s}" is
   "{|s}"; returns the length of what is left */

static size_t
convrelay_metric_plural(char *text)
{
    int    one, shown;
    char  *p, *last;

    one = 0;
    shown = 1;
    last = text;

    for (p = text; *p; p++) {

        if (*p == '{') {
            shown = (p[1] == 's' && p[2] == '}') ? !one : one;

        } else if (*p == '|') {
            shown = !one;

        } else if (*p == '}') {
            shown = 1;

        } else if (shown) {

            if (*p >= '0' && *p <= '9') {
                one = (*p == '1'
                       && (p == text || p[-1] < '0' || p[-1] > '9'));
            }

            *last++ = *p;
        }
    }

    *last = '\0';

    return last - text;
}


static int
convrelay_metric_name(char *buf, size_t size, const convrelay_metric_case_t *c)
{
    size_t                  server, name, llm;
    const convrelay_str_t  *of, *location;

    of = c->away ? &c->away->server : &c->location->server;
    location = c->away ? &c->away->uri : &c->location->location;

    server = convrelay_utf8_fit(of->data, of->len, CONVRELAY_METRIC_NAME);
    name = convrelay_utf8_fit(location->data, location->len,
                              CONVRELAY_METRIC_NAME);
    llm = c->llm ? convrelay_utf8_fit(c->llm->data, c->llm->len,
                                      CONVRELAY_METRIC_NAME)
                 : 0;

    return snprintf(buf, size, " (%s%.*s%slocation \"%.*s\"%s%.*s).",
                    llm ? "upstream \"" : "", (int) llm,
                    llm ? (char *) c->llm->data : "", llm ? "\", " : "",
                    (int) name, location->data, server ? " of " : "",
                    (int) server, of->data);
}


size_t
convrelay_metric_html(u_char *p, const convrelay_metric_cause_t *causes,
    unsigned n)
{
    unsigned                i;
    convrelay_metric_out_t  out;

    static const char  *classes[] = { "note", "warning", "trouble" };
    static const char  *words[] = { "Note", "Warning", "Trouble" };

    out.p = p;
    out.len = 0;

    for (i = 0; i < n; i++) {
        convrelay_metric_text(&out, "<li class=\"");
        convrelay_metric_text(&out, classes[causes[i].level]);
        convrelay_metric_text(&out, "\"><b>");
        convrelay_metric_text(&out, words[causes[i].level]);
        convrelay_metric_text(&out, ":</b> ");
        convrelay_metric_escape(&out, causes[i].text);
        convrelay_metric_text(&out, "</li>\n");
    }

    if (n == 0) {
        convrelay_metric_text(&out, "<li class=\"well\">Nothing is wrong."
                                    "</li>\n");
    }

    return out.len;
}


static void
convrelay_metric_escape(convrelay_metric_out_t *out, const char *text)
{
    for ( /* void */ ; *text; text++) {

        switch (*text) {

        case '&':
            convrelay_metric_text(out, "&amp;");
            break;

        case '<':
            convrelay_metric_text(out, "&lt;");
            break;

        case '>':
            convrelay_metric_text(out, "&gt;");
            break;

        case '"':
            convrelay_metric_text(out, "&quot;");
            break;

        default:
            convrelay_metric_put(out, text, 1);
        }
    }
}
