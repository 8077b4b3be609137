
/*
 * Copyright (C) convrelay contributors
 */


#include <stdio.h>
#include <time.h>

#include "convrelay_report_parts.h"
#include "convrelay_sha256.h"


#define CONVRELAY_REPORT_MAGIC  0x32707263      /* of this layout */


/* what is stored before the texts */

typedef struct {
    uint32_t                    magic;
    uint32_t                    lens[CONVRELAY_REPORT_TEXTS];
    convrelay_report_figures_t  figures;
} convrelay_report_pack_t;


static void convrelay_report_number(convrelay_report_out_t *out,
    const char *name, uint64_t n);
static void convrelay_report_time(convrelay_report_out_t *out,
    const char *name, uint64_t ms);
static void convrelay_report_list(convrelay_report_out_t *out,
    const char *name, const convrelay_str_t *list);


void
convrelay_report_body(convrelay_report_out_t *out,
    const convrelay_report_t *report, const char *end, unsigned messages)
{
    convrelay_str_t                    reason;
    const convrelay_str_t             *texts;
    const convrelay_report_figures_t  *f;

    static const convrelay_str_t  reasons[] = {
        convrelay_string("completed"),
        convrelay_string("ended"),
        convrelay_string("failed")
    };

    f = &report->figures;
    texts = report->texts;

    convrelay_report_text(out, "{\"v\":1");
    convrelay_report_member(out, "id", &texts[CONVRELAY_REPORT_CALL]);
    convrelay_report_member(out, "account", &texts[CONVRELAY_REPORT_ACCOUNT]);
    convrelay_report_member(out, "session", &texts[CONVRELAY_REPORT_SESSION]);
    convrelay_report_number(out, "sessions", f->sessions);

    if (f->partial) {
        convrelay_report_text(out, ",\"partial\":true");
    }

    reason = reasons[f->reason];
    convrelay_report_member(out, "reason", &reason);

    reason.data = (u_char *) end;
    reason.len = strlen(end);
    convrelay_report_member(out, "end", &reason);

    if (f->code) {
        convrelay_report_number(out, "error_code", f->code);
    }

    convrelay_report_time(out, "started", f->started);
    convrelay_report_time(out, "ended", f->ended);
    convrelay_report_number(out, "duration_ms",
                            (f->ended > f->started) ? f->ended - f->started
                                                    : 0);

    if (f->seconds) {
        convrelay_report_number(out, "session_seconds", f->seconds - 1);
    }

    convrelay_report_number(out, "turns", f->turns);
    convrelay_report_number(out, "interrupts", f->interrupts);
    convrelay_report_number(out, "failures", f->failures);
    convrelay_report_number(out, "tokens_in", f->tokens_in);
    convrelay_report_number(out, "tokens_out", f->tokens_out);

    convrelay_report_list(out, "first_word_ms", &texts[CONVRELAY_REPORT_WORDS]);
    convrelay_report_list(out, "tools", &texts[CONVRELAY_REPORT_TOOLS]);

    convrelay_report_put(out, texts[CONVRELAY_REPORT_MEMBERS].data,
                         texts[CONVRELAY_REPORT_MEMBERS].len);

    if (messages) {
        convrelay_report_list(out, "messages",
                              &texts[CONVRELAY_REPORT_MESSAGES]);
    }

    convrelay_report_text(out, "}");
}


static void
convrelay_report_number(convrelay_report_out_t *out, const char *name,
    uint64_t n)
{
    char  text[32];

    convrelay_report_text(out, ",\"");
    convrelay_report_text(out, name);

    (void) snprintf(text, sizeof(text), "\":%llu", (unsigned long long) n);
    convrelay_report_text(out, text);
}


/* RFC 3339, in UTC */

static void
convrelay_report_time(convrelay_report_out_t *out, const char *name,
    uint64_t ms)
{
    char             text[64];
    time_t           seconds;
    struct tm        tm;
    convrelay_str_t  value;

    seconds = ms / 1000;

    if (gmtime_r(&seconds, &tm) == NULL) {
        return;
    }

    value.data = (u_char *) text;
    value.len = snprintf(text, sizeof(text),
                         "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
                         tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                         tm.tm_hour, tm.tm_min, tm.tm_sec,
                         (unsigned) (ms % 1000));

    convrelay_report_member(out, name, &value);
}


/* each element of the list has a "," before it */

static void
convrelay_report_list(convrelay_report_out_t *out, const char *name,
    const convrelay_str_t *list)
{
    convrelay_report_text(out, ",\"");
    convrelay_report_text(out, name);
    convrelay_report_text(out, "\":[");

    if (list->len) {
        convrelay_report_put(out, list->data + 1, list->len - 1);
    }

    convrelay_report_text(out, "]");
}


void
convrelay_report_word(convrelay_report_out_t *words, uint64_t ms)
{
    char  text[32];

    if (words->len > CONVRELAY_REPORT_MAX_LIST) {
        return;
    }

    (void) snprintf(text, sizeof(text), ",%llu", (unsigned long long) ms);
    convrelay_report_text(words, text);
}


void
convrelay_report_tool(convrelay_report_out_t *tools,
    const convrelay_str_t *name, uint64_t ms, const char *outcome)
{
    char  text[32];

    if (tools->len > CONVRELAY_REPORT_MAX_LIST) {
        return;
    }

    convrelay_report_text(tools, ",{\"name\":");
    convrelay_report_string(tools, name);

    (void) snprintf(text, sizeof(text), ",\"ms\":%llu,\"outcome\":\"",
                    (unsigned long long) ms);
    convrelay_report_text(tools, text);
    convrelay_report_text(tools, outcome);
    convrelay_report_text(tools, "\"}");
}


void
convrelay_report_pack(convrelay_report_out_t *out,
    const convrelay_report_t *report)
{
    unsigned                i;
    convrelay_report_pack_t  pack;

    memset(&pack, 0, sizeof(pack));

    pack.magic = CONVRELAY_REPORT_MAGIC;
    pack.figures = report->figures;

    for (i = 0; i < CONVRELAY_REPORT_TEXTS; i++) {
        pack.lens[i] = report->texts[i].len;
    }

    convrelay_report_put(out, &pack, sizeof(pack));

    for (i = 0; i < CONVRELAY_REPORT_TEXTS; i++) {
        convrelay_report_put(out, report->texts[i].data, report->texts[i].len);
    }
}


int
convrelay_report_unpack(convrelay_report_t *report,
    const convrelay_str_t *text)
{
    size_t                   len;
    u_char                  *p;
    unsigned                 i;
    convrelay_report_pack_t  pack;

    if (text->len < sizeof(pack)) {
        return CONVRELAY_DECLINED;
    }

    memcpy(&pack, text->data, sizeof(pack));

    if (pack.magic != CONVRELAY_REPORT_MAGIC
        || pack.figures.reason > CONVRELAY_REPORT_FAILED)
    {
        return CONVRELAY_DECLINED;
    }

    p = text->data + sizeof(pack);
    len = text->len - sizeof(pack);

    report->figures = pack.figures;

    for (i = 0; i < CONVRELAY_REPORT_TEXTS; i++) {

        if (pack.lens[i] > len) {
            return CONVRELAY_DECLINED;
        }

        report->texts[i].data = p;
        report->texts[i].len = pack.lens[i];

        p += pack.lens[i];
        len -= pack.lens[i];
    }

    return len ? CONVRELAY_DECLINED : CONVRELAY_OK;
}


void
convrelay_report_key(u_char *key, const convrelay_report_t *report)
{
    unsigned                i, n;
    u_char                  digest[CONVRELAY_SHA256_LEN];
    convrelay_sha256_t      h;
    const convrelay_str_t  *parts[3];

    static const char  hex[] = "0123456789abcdef";

    parts[0] = &report->texts[CONVRELAY_REPORT_ACCOUNT];
    parts[1] = &report->texts[CONVRELAY_REPORT_CALL];
    parts[2] = &report->texts[CONVRELAY_REPORT_SESSION];

    n = report->figures.partial ? 3 : 2;

    convrelay_sha256_init(&h);
    convrelay_sha256_update(&h, "convrelay report", 16);

    for (i = 0; i < n; i++) {
        convrelay_sha256_update(&h, ":", 1);

        if (parts[i]->len) {
            convrelay_sha256_update(&h, parts[i]->data, parts[i]->len);
        }
    }

    convrelay_sha256_final(&h, digest);

    for (i = 0; i < CONVRELAY_REPORT_KEY / 2; i++) {
        *key++ = hex[digest[i] >> 4];
        *key++ = hex[digest[i] & 0xf];
    }
}
