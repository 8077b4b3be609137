
/*
 * Copyright (C) convrelay contributors
 */


#include <signal.h>

#include "convrelay_caller_check.h"


typedef struct {
    const char                     *title;
    const convrelay_caller_rule_t  *rules;
} convrelay_caller_check_group_t;


static int convrelay_caller_check_begin(convrelay_caller_check_t *k);
static void convrelay_caller_check_run(convrelay_caller_check_t *k);
static unsigned convrelay_caller_check_wanted(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule);
static void convrelay_caller_check_report(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc);
static void convrelay_caller_check_tap(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc);
static void convrelay_caller_check_json(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc);
static void convrelay_caller_check_summary(convrelay_caller_check_t *k);


static const convrelay_caller_check_group_t  convrelay_caller_check_groups[] = {
    { "The handshake", convrelay_caller_rules_handshake },
    { "Signatures", convrelay_caller_rules_sign },
    { "Frames", convrelay_caller_rules_frame },
    { "Closing", convrelay_caller_rules_close },
    { "Messages", convrelay_caller_rules_message },
    { "Malformed input", convrelay_caller_rules_malformed },
    { "Interruptions", convrelay_caller_rules_interrupt },
    { "The talk", convrelay_caller_rules_talk },
    { "Tools", convrelay_caller_rules_tool },
    { "Manners", convrelay_caller_rules_manners },
    { "Noise", convrelay_caller_rules_noise },
    { "Speech", convrelay_caller_rules_speech },
    { NULL, NULL }
};


int
convrelay_caller_check(convrelay_caller_check_options_t *check_options,
    convrelay_caller_options_t *options, convrelay_caller_print_t *print)
{
    int                        code;
    convrelay_caller_t        *call;
    convrelay_caller_check_t  *k;

    k = convrelay_caller_alloc(sizeof(convrelay_caller_check_t));
    call = convrelay_caller_alloc(sizeof(convrelay_caller_t));

    k->mute.out = print->out;
    k->mute.quiet = 1;
    k->options = check_options;
    k->print = print;
    k->call = call;
    k->timeout = options->timeout;
    k->patience = k->timeout < CONVRELAY_CALLER_CHECK_CLOSE
                  ? k->timeout : CONVRELAY_CALLER_CHECK_CLOSE;
    k->quiet = CONVRELAY_CALLER_CHECK_QUIET;
    k->input = convrelay_caller_alloc(65536);
    k->conn.fd = -1;

    call->options = options;
    call->print = &k->mute;

    convrelay_caller_buf_reset(&k->answer);
    convrelay_caller_buf_reset(&k->pong);
    signal(SIGPIPE, SIG_IGN);

    code = convrelay_caller_check_begin(k);

    if (code == CONVRELAY_CALLER_EXIT_OK) {
        convrelay_caller_check_run(k);
        convrelay_caller_check_summary(k);

        code = k->failed ? CONVRELAY_CALLER_EXIT_FAILED
                         : CONVRELAY_CALLER_EXIT_OK;
    }

    convrelay_caller_conn_free(&k->conn, 0);
    convrelay_caller_forget(call);
    convrelay_caller_buf_free(&k->message);
    convrelay_caller_buf_free(&k->answer);
    convrelay_caller_buf_free(&k->pong);
    free(k->input);
    free(call);
    free(k);

    return code;
}


/* without a server, there is nothing to check */

static int
convrelay_caller_check_begin(convrelay_caller_check_t *k)
{
    if (convrelay_caller_check_dial(k) != CONVRELAY_OK) {
        return k->call->code;
    }

    k->call->options->no_warnings = 1;

    if (convrelay_caller_check_connect(k) != CONVRELAY_OK
        && k->conn.status != 101)
    {
        convrelay_caller_print_error("%s: %s", k->call->twiml.url, k->got);
        return CONVRELAY_CALLER_EXIT_CONNECT;
    }

    /* measures how long the agent thinks; rules report everything else */

    convrelay_caller_check_setup(k);
    (void) convrelay_caller_check_alive(k);

    return CONVRELAY_CALLER_EXIT_OK;
}


static void
convrelay_caller_check_run(convrelay_caller_check_t *k)
{
    int                                    rc;
    unsigned                               titled;
    const convrelay_caller_rule_t         *rule;
    const convrelay_caller_check_group_t  *group;

    for (group = convrelay_caller_check_groups; group->title; group++) {
        titled = 0;

        for (rule = group->rules; rule->name; rule++) {

            if (!convrelay_caller_check_wanted(k, rule)) {
                continue;
            }

            if (!titled && !k->print->json && !k->print->quiet) {
                fprintf(k->print->out, "%s%s\n", k->print->tap ? "# " : "",
                        group->title);
                titled = 1;
            }

            k->got[0] = '\0';

            if (convrelay_caller_pairs_get(&k->options->skip, rule->name)) {
                convrelay_caller_check_fail(k, "because of --skip");
                rc = CONVRELAY_DECLINED;

            } else {
                rc = rule->run(k, rule);
                convrelay_caller_check_hang_up(k);
            }

            convrelay_caller_check_report(k, rule, rc);
        }
    }
}


static unsigned
convrelay_caller_check_wanted(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule)
{
    return k->options->only.n == 0
           || convrelay_caller_pairs_get(&k->options->only, rule->name);
}


static void
convrelay_caller_check_report(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc)
{
    FILE        *out;
    const char  *word;

    k->passed += (rc == CONVRELAY_OK);
    k->failed += (rc == CONVRELAY_ERROR);
    k->skipped += (rc == CONVRELAY_DECLINED);

    if (k->print->json) {
        convrelay_caller_check_json(k, rule, rc);
        return;
    }

    if (k->print->tap) {
        convrelay_caller_check_tap(k, rule, rc);
        return;
    }

    if (k->print->quiet && rc != CONVRELAY_ERROR) {
        return;
    }

    out = k->print->out;
    word = (rc == CONVRELAY_OK) ? "ok" : (rc == CONVRELAY_ERROR) ? "FAILED"
                                                                 : "skipped";

    fprintf(out, "  %s%-7s%s  %-17s  %s -> %s (%s)",
            !k->print->color ? "" : (rc == CONVRELAY_OK) ? "\033[32m"
            : (rc == CONVRELAY_ERROR) ? "\033[1;31m" : "\033[2m",
            word, k->print->color ? "\033[0m" : "", rule->name, rule->did,
            rule->expected, rule->clause);

    if (rc != CONVRELAY_OK) {
        fprintf(out, ": ");
        convrelay_caller_print_text(k->print, k->got, strlen(k->got));
    }

    fprintf(out, "\n");
    fflush(out);
}


static void
convrelay_caller_check_tap(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc)
{
    FILE  *out;

    out = k->print->out;

    fprintf(out, "%sok %u - %s: %s -> %s (%s)",
            rc == CONVRELAY_ERROR ? "not " : "",
            k->passed + k->failed + k->skipped, rule->name, rule->did,
            rule->expected, rule->clause);

    if (rc != CONVRELAY_OK) {
        fprintf(out, rc == CONVRELAY_ERROR ? "\n#   " : " # SKIP ");
        convrelay_caller_print_text(k->print, k->got, strlen(k->got));
    }

    fprintf(out, "\n");
    fflush(out);
}


static void
convrelay_caller_check_json(convrelay_caller_check_t *k,
    const convrelay_caller_rule_t *rule, int rc)
{
    cJSON  *node, *rules;

    rules = cJSON_GetObjectItem(k->print->root, "rules");

    if (rules == NULL) {
        rules = cJSON_AddArrayToObject(k->print->root, "rules");
    }

    node = cJSON_CreateObject();

    cJSON_AddStringToObject(node, "rule", rule->name);
    cJSON_AddStringToObject(node, "did", rule->did);
    cJSON_AddStringToObject(node, "expected", rule->expected);
    cJSON_AddStringToObject(node, "clause", rule->clause);
    cJSON_AddStringToObject(node, "result", rc == CONVRELAY_OK ? "ok"
                            : rc == CONVRELAY_ERROR ? "failed" : "skipped");

    if (rc != CONVRELAY_OK) {
        cJSON_AddStringToObject(node, "got", k->got);
    }

    cJSON_AddItemToArray(rules, node);
}


static void
convrelay_caller_check_summary(convrelay_caller_check_t *k)
{
    unsigned                   n;
    convrelay_caller_print_t  *print;

    print = k->print;
    n = k->passed + k->failed;

    if (print->json) {
        cJSON_DeleteItemFromObject(print->root, "turns");
        cJSON_DeleteItemFromObject(print->root, "checks");
        cJSON_AddNumberToObject(print->root, "passed", k->passed);
        cJSON_AddNumberToObject(print->root, "failed", k->failed);
        cJSON_AddNumberToObject(print->root, "skipped", k->skipped);
        return;
    }

    /* with TAP, the plan follows */

    print->failed = k->failed;

    if (print->tap) {
        print->checks = n + k->skipped;
        return;
    }

    fprintf(print->out, "\n%u of %u rules hold", k->passed, n);

    if (k->skipped) {
        fprintf(print->out, ", %u skipped", k->skipped);
    }

    fprintf(print->out, "\n");
}


void
convrelay_caller_check_list(FILE *out)
{
    const convrelay_caller_rule_t         *rule;
    const convrelay_caller_check_group_t  *group;

    for (group = convrelay_caller_check_groups; group->title; group++) {
        fprintf(out, "%s\n", group->title);

        for (rule = group->rules; rule->name; rule++) {
            fprintf(out, "  %-17s  %s -> %s (%s)\n", rule->name, rule->did,
                    rule->expected, rule->clause);
        }
    }
}


int
convrelay_caller_check_split(const char *arg, char **left, const char **right,
    const char *wrong)
{
    const char  *separator;

    separator = strrchr(arg, '=');

    if (separator == NULL || separator == arg || separator[1] == '\0') {
        convrelay_caller_print_error(wrong, arg);
        return CONVRELAY_ERROR;
    }

    free(*left);

    *left = convrelay_caller_strndup(arg, separator - arg);
    *right = separator + 1;

    return CONVRELAY_OK;
}


int
convrelay_caller_check_known(const char *name)
{
    const convrelay_caller_rule_t         *rule;
    const convrelay_caller_check_group_t  *group;

    for (group = convrelay_caller_check_groups; group->title; group++) {

        for (rule = group->rules; rule->name; rule++) {

            if (strcmp(rule->name, name) == 0) {
                return CONVRELAY_OK;
            }
        }
    }

    return CONVRELAY_DECLINED;
}
