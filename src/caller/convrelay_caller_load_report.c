
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_load.h"


typedef struct {
    const char             *name;
    const char             *json;
    size_t                  offset;
} convrelay_caller_load_row_t;


static void convrelay_caller_load_phrase(convrelay_caller_buf_t *line,
    uint64_t n, const char *what);
static void convrelay_caller_load_times(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print);


static const convrelay_caller_load_row_t  convrelay_caller_load_rows[] = {
    { "connect", "connect_us",
      offsetof(convrelay_caller_load_t, connect) },
    { "first token", "first_token_us",
      offsetof(convrelay_caller_load_t, first) },
    { "token gap", "token_gap_us",
      offsetof(convrelay_caller_load_t, gap) },
    { "added delay", "added_delay_us",
      offsetof(convrelay_caller_load_t, delay) },
    { "interrupt read", "interrupt_us",
      offsetof(convrelay_caller_load_t, cut) },
    { "lost to back", "reconnect_us",
      offsetof(convrelay_caller_load_t, back) },
    { NULL, NULL, 0 }
};


int
convrelay_caller_load_verdict(const convrelay_caller_load_t *load,
    convrelay_caller_buf_t *line)
{
    convrelay_caller_buf_reset(line);

    convrelay_caller_load_phrase(line, load->order.lost, "token%s lost");
    convrelay_caller_load_phrase(line, load->order.doubled, "token%s doubled");
    convrelay_caller_load_phrase(line, load->order.reordered,
                                 "token%s reordered");
    convrelay_caller_load_phrase(line, load->stray,
                                 "token%s after an interrupt");
    convrelay_caller_load_phrase(line, load->unclosed,
                                 "answer%s without last:true");
    convrelay_caller_load_phrase(line, load->extra, "last:true too many");
    convrelay_caller_load_phrase(line, load->bad,
                                 "message%s that Twilio would reject");
    convrelay_caller_load_phrase(line, load->length ? load->unordered : 0,
                                 "answer%s without numbers");
    convrelay_caller_load_phrase(line, load->unwanted,
                                 "answer%s with what --fail-on names");
    convrelay_caller_load_phrase(line, load->memory.lost,
                                 "question%s forgotten");
    convrelay_caller_load_phrase(line, load->forgotten,
                                 "answer%s that did not come to its question");

    if (load->excuses && load->excuses == load->answers
        && !load->dial->options->fail_on_set)
    {
        convrelay_caller_buf_printf(line, "%severy answer was \"%s\"",
                                    line->len ? ", " : "FAILED: ",
                                    CONVRELAY_CALLER_EXCUSE);
    }

    if (line->len) {
        convrelay_caller_load_phrase(line, load->failed, "call%s failed");
        return CONVRELAY_CALLER_EXIT_FAILED;
    }

    if (load->failed) {
        convrelay_caller_load_phrase(line, load->failed, "call%s failed");
        return load->connect.n ? CONVRELAY_CALLER_EXIT_BROKEN
                               : CONVRELAY_CALLER_EXIT_CONNECT;
    }

    convrelay_caller_buf_printf(line, "ok: %u calls, %llu turns, %llu tokens, "
                                "%s", load->started,
                                (unsigned long long) load->turns,
                                (unsigned long long) load->tokens,
                                load->unordered && !load->options->numbered
                                ? "not numbered, so a lost one "
                                                  "cannot be detected"
                                : "nothing lost");

    return CONVRELAY_CALLER_EXIT_OK;
}


static void
convrelay_caller_load_phrase(convrelay_caller_buf_t *line, uint64_t n,
    const char *what)
{
    const char  *s;

    if (n == 0) {
        return;
    }

    convrelay_caller_buf_printf(line, "%s%llu ", line->len ? ", " : "FAILED: ",
                                (unsigned long long) n);

    s = strstr(what, "%s");

    if (s == NULL) {
        convrelay_caller_buf_str(line, what);
        return;
    }

    convrelay_caller_buf_add(line, what, s - what);
    convrelay_caller_buf_str(line, n == 1 ? "" : "s");
    convrelay_caller_buf_str(line, s + 2);
}


void
convrelay_caller_load_report(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print, const char *verdict)
{
    FILE      *out;
    unsigned   i;

    out = print->out;

    fprintf(out, "calls       %u started, %u completed, %u hung up, %u "
            "failed; %u at once\n",
            load->started, load->completed, load->hung_up, load->failed,
            load->peak);
    fprintf(out, "turns       %llu, %llu answered to the end, %llu "
            "interrupted, %llu talked over\n",
            (unsigned long long) load->turns,
            (unsigned long long) load->answers,
            (unsigned long long) load->interrupts,
            (unsigned long long) load->overs);
    fprintf(out, "tokens      %llu, %llu of them under way when an answer "
            "was cut off\n\n",
            (unsigned long long) load->tokens,
            (unsigned long long) load->flight);

    if (load->drops || load->losses) {
        fprintf(out, "lost        %llu dropped, %llu by the server; %llu "
                "reconnected, %llu calls lost\n"
                "pending     %llu questions; %llu answered unasked, %llu asked "
                "again; %llu answers\n            repeated\n\n",
                (unsigned long long) load->drops,
                (unsigned long long) load->losses,
                (unsigned long long) load->reconnects,
                (unsigned long long) load->gone,
                (unsigned long long) load->pending,
                (unsigned long long) load->resumed,
                (unsigned long long) load->asked_again,
                (unsigned long long) load->repeated);
    }

    convrelay_caller_load_times(load, print);

    fprintf(out, "\nlost %llu, doubled %llu, reordered %llu, stray after an "
            "interrupt %llu,\nanswers without their last:true %llu, with one "
            "too many %llu,\nmessages that Twilio would reject %llu\n",
            (unsigned long long) load->order.lost,
            (unsigned long long) load->order.doubled,
            (unsigned long long) load->order.reordered,
            (unsigned long long) load->stray,
            (unsigned long long) load->unclosed,
            (unsigned long long) load->extra,
            (unsigned long long) load->bad);

    for (i = 0; i < load->nerrors; i++) {
        fprintf(out, "%6llu x ", (unsigned long long) load->errors[i].n);
        convrelay_caller_print_text(print, load->errors[i].text,
                                    strlen(load->errors[i].text));
        fprintf(out, "\n");
    }

    fprintf(out, "seed %llu\n\n%s\n",
            (unsigned long long) load->options->seed, verdict);
    fflush(out);
}


static void
convrelay_caller_load_times(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print)
{
    const convrelay_histogram_t        *h;
    const convrelay_caller_load_row_t  *row;

    fprintf(print->out, "%-16s %10s %10s %10s %10s %10s   (ms)\n", "", "n",
            "p50", "p90", "p99", "max");

    for (row = convrelay_caller_load_rows; row->name; row++) {
        h = (convrelay_histogram_t *) ((char *) load + row->offset);

        if (h->n == 0) {
            continue;
        }

        fprintf(print->out, "%-16s %10llu %10.2f %10.2f %10.2f %10.2f\n",
                row->name, (unsigned long long) h->n,
                convrelay_histogram_at(h, 50) / 1000.0,
                convrelay_histogram_at(h, 90) / 1000.0,
                convrelay_histogram_at(h, 99) / 1000.0, h->max / 1000.0);
    }
}


void
convrelay_caller_load_json(convrelay_caller_load_t *load,
    convrelay_caller_print_t *print, const char *verdict)
{
    cJSON                              *root, *node;
    unsigned                            i;
    const convrelay_histogram_t        *h;
    const convrelay_caller_load_row_t  *row;

    root = print->root;

    cJSON_DeleteItemFromObject(root, "turns");
    cJSON_DeleteItemFromObject(root, "checks");

    cJSON_AddNumberToObject(root, "calls", load->started);
    cJSON_AddNumberToObject(root, "completed", load->completed);
    cJSON_AddNumberToObject(root, "hung_up", load->hung_up);
    cJSON_AddNumberToObject(root, "failed", load->failed);
    cJSON_AddNumberToObject(root, "peak", load->peak);
    cJSON_AddNumberToObject(root, "turns", load->turns);
    cJSON_AddNumberToObject(root, "answers", load->answers);
    cJSON_AddNumberToObject(root, "interrupts", load->interrupts);
    cJSON_AddNumberToObject(root, "talked_over", load->overs);
    cJSON_AddNumberToObject(root, "tokens", load->tokens);
    cJSON_AddNumberToObject(root, "in_flight", load->flight);
    cJSON_AddNumberToObject(root, "lost", load->order.lost);
    cJSON_AddNumberToObject(root, "doubled", load->order.doubled);
    cJSON_AddNumberToObject(root, "reordered", load->order.reordered);
    cJSON_AddNumberToObject(root, "stray", load->stray);
    cJSON_AddNumberToObject(root, "unclosed", load->unclosed);
    cJSON_AddNumberToObject(root, "closed_twice", load->extra);
    cJSON_AddNumberToObject(root, "bad_messages", load->bad);
    cJSON_AddNumberToObject(root, "not_numbered", load->unordered);
    cJSON_AddNumberToObject(root, "error_messages", load->excuses);
    cJSON_AddNumberToObject(root, "fail_on", load->unwanted);
    cJSON_AddNumberToObject(root, "drops", load->drops);
    cJSON_AddNumberToObject(root, "lost_by_server", load->losses);
    cJSON_AddNumberToObject(root, "reconnects", load->reconnects);
    cJSON_AddNumberToObject(root, "calls_lost", load->gone);
    cJSON_AddNumberToObject(root, "pending", load->pending);
    cJSON_AddNumberToObject(root, "answered_unasked", load->resumed);
    cJSON_AddNumberToObject(root, "asked_again", load->asked_again);
    cJSON_AddNumberToObject(root, "answers_repeated", load->repeated);
    cJSON_AddNumberToObject(root, "forgotten", load->memory.lost
                                               + load->forgotten);
    cJSON_AddNumberToObject(root, "seed", load->options->seed);

    for (row = convrelay_caller_load_rows; row->name; row++) {
        h = (convrelay_histogram_t *) ((char *) load + row->offset);

        if (h->n == 0) {
            continue;
        }

        node = cJSON_AddObjectToObject(root, row->json);
        cJSON_AddNumberToObject(node, "n", h->n);
        cJSON_AddNumberToObject(node, "p50", convrelay_histogram_at(h, 50));
        cJSON_AddNumberToObject(node, "p90", convrelay_histogram_at(h, 90));
        cJSON_AddNumberToObject(node, "p99", convrelay_histogram_at(h, 99));
        cJSON_AddNumberToObject(node, "max", h->max);
    }

    node = cJSON_AddObjectToObject(root, "errors");

    for (i = 0; i < load->nerrors; i++) {
        cJSON_AddNumberToObject(node, load->errors[i].text,
                                load->errors[i].n);
    }

    cJSON_AddStringToObject(root, "verdict", verdict);
}
