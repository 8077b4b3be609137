
/*
 * Copyright (C) convrelay contributors
 */


#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <unistd.h>

#include "convrelay_caller_check.h"
#include "convrelay_caller_help.h"
#include "convrelay_caller_load.h"
#include "convrelay_caller_phone.h"
#include "convrelay_caller_plays.h"


enum {
    CONVRELAY_CALLER_OPT_GET = 256,
    CONVRELAY_CALLER_OPT_CONNECT_TO,
    CONVRELAY_CALLER_OPT_PLAIN,
    CONVRELAY_CALLER_OPT_INSECURE,
    CONVRELAY_CALLER_OPT_CACERT,
    CONVRELAY_CALLER_OPT_FORM,
    CONVRELAY_CALLER_OPT_FROM,
    CONVRELAY_CALLER_OPT_TO,
    CONVRELAY_CALLER_OPT_PARAMETER,
    CONVRELAY_CALLER_OPT_HEADER,
    CONVRELAY_CALLER_OPT_TOKEN,
    CONVRELAY_CALLER_OPT_PUBLIC_URL,
    CONVRELAY_CALLER_OPT_SET,
    CONVRELAY_CALLER_OPT_PACE,
    CONVRELAY_CALLER_OPT_LISTEN,
    CONVRELAY_CALLER_OPT_TIMEOUT,
    CONVRELAY_CALLER_OPT_GRACE,
    CONVRELAY_CALLER_OPT_DROP_CODE,
    CONVRELAY_CALLER_OPT_RECONNECT,
    CONVRELAY_CALLER_OPT_ACTION_DELAY,
    CONVRELAY_CALLER_OPT_NO_CHECKS,
    CONVRELAY_CALLER_OPT_FAIL_ON,
    CONVRELAY_CALLER_OPT_TAP,
    CONVRELAY_CALLER_OPT_JSON,
    CONVRELAY_CALLER_OPT_COLOR,
    CONVRELAY_CALLER_OPT_RECORD,
    CONVRELAY_CALLER_OPT_REPLAY,
    CONVRELAY_CALLER_OPT_FAST,
    CONVRELAY_CALLER_OPT_CALLS,
    CONVRELAY_CALLER_OPT_RATE,
    CONVRELAY_CALLER_OPT_TURNS,
    CONVRELAY_CALLER_OPT_THINK,
    CONVRELAY_CALLER_OPT_INTERRUPT,
    CONVRELAY_CALLER_OPT_OVER,
    CONVRELAY_CALLER_OPT_HANGUP,
    CONVRELAY_CALLER_OPT_DROP,
    CONVRELAY_CALLER_OPT_NUMBERED,
    CONVRELAY_CALLER_OPT_OWN_TWIML,
    CONVRELAY_CALLER_OPT_TOKENS,
    CONVRELAY_CALLER_OPT_SEED,
    CONVRELAY_CALLER_OPT_OWN,
    CONVRELAY_CALLER_OPT_RULE,
    CONVRELAY_CALLER_OPT_SKIP,
    CONVRELAY_CALLER_OPT_LIST,
    CONVRELAY_CALLER_OPT_TOOL,
    CONVRELAY_CALLER_OPT_SILENCE,
    CONVRELAY_CALLER_OPT_FILLER,
    CONVRELAY_CALLER_OPT_PRONOUNCE,
    CONVRELAY_CALLER_OPT_RESUME,
    CONVRELAY_CALLER_OPT_BACKCHANNEL,
    CONVRELAY_CALLER_OPT_VERSION
};


typedef struct {
    convrelay_caller_options_t        run;
    convrelay_caller_print_t          print;
    convrelay_caller_plays_t          plays;
    convrelay_caller_load_options_t   load;
    convrelay_caller_check_options_t  check;
    const char                       *say;      /* the last one */
    unsigned                          scenarios;
    const char                       *record;   /* a file to be */
    const char                       *replay;   /* a recording */
    unsigned                          fast:1;
    unsigned                          pace:1;   /* --pace was given */
    unsigned                          many:1;   /* the command "load" */
    unsigned                          rules:1;  /* the command "check" */
} convrelay_caller_main_t;


static int convrelay_caller_main_options(convrelay_caller_main_t *m, int argc,
    char *const *argv);
static int convrelay_caller_main_plays(convrelay_caller_main_t *m);
static int convrelay_caller_main_record(convrelay_caller_main_t *m);
static int convrelay_caller_main_calls(convrelay_caller_main_t *m);
static int convrelay_caller_main_option(convrelay_caller_main_t *m, int opt);
static int convrelay_caller_main_public(const char *url);
static int convrelay_caller_main_command(convrelay_caller_main_t *m);
static int convrelay_caller_main_check(convrelay_caller_main_t *m, int opt);
static int convrelay_caller_main_load(convrelay_caller_main_t *m, int opt);
static int convrelay_caller_main_number(double *number, const char *arg,
    double min, double max);
static int convrelay_caller_main_code(unsigned *code, const char *arg);
static int convrelay_caller_main_pair(convrelay_caller_pairs_t *pairs,
    const char *arg, char separator);
static int convrelay_caller_main_header(convrelay_caller_main_t *m,
    const char *arg);
static int convrelay_caller_main_ms(int64_t *ms, const char *arg);
static void convrelay_caller_main_free(convrelay_caller_main_t *m);


static const struct option  convrelay_caller_options[] = {
    { "scenario", required_argument, NULL, 's' },
    { "say", required_argument, NULL, 'e' },
    { "get", no_argument, NULL, CONVRELAY_CALLER_OPT_GET },
    { "connect-to", required_argument, NULL, CONVRELAY_CALLER_OPT_CONNECT_TO },
    { "plain", no_argument, NULL, CONVRELAY_CALLER_OPT_PLAIN },
    { "insecure", no_argument, NULL, CONVRELAY_CALLER_OPT_INSECURE },
    { "cacert", required_argument, NULL, CONVRELAY_CALLER_OPT_CACERT },
    { "form", required_argument, NULL, CONVRELAY_CALLER_OPT_FORM },
    { "from", required_argument, NULL, CONVRELAY_CALLER_OPT_FROM },
    { "to", required_argument, NULL, CONVRELAY_CALLER_OPT_TO },
    { "parameter", required_argument, NULL, CONVRELAY_CALLER_OPT_PARAMETER },
    { "header", required_argument, NULL, CONVRELAY_CALLER_OPT_HEADER },
    { "auth-token", required_argument, NULL, CONVRELAY_CALLER_OPT_TOKEN },
    { "public-url", required_argument, NULL, CONVRELAY_CALLER_OPT_PUBLIC_URL },
    { "set", required_argument, NULL, CONVRELAY_CALLER_OPT_SET },
    { "pace", required_argument, NULL, CONVRELAY_CALLER_OPT_PACE },
    { "listen", no_argument, NULL, CONVRELAY_CALLER_OPT_LISTEN },
    { "timeout", required_argument, NULL, CONVRELAY_CALLER_OPT_TIMEOUT },
    { "grace", required_argument, NULL, CONVRELAY_CALLER_OPT_GRACE },
    { "drop-code", required_argument, NULL, CONVRELAY_CALLER_OPT_DROP_CODE },
    { "reconnect", no_argument, NULL, CONVRELAY_CALLER_OPT_RECONNECT },
    { "action-delay", required_argument, NULL,
      CONVRELAY_CALLER_OPT_ACTION_DELAY },
    { "no-checks", no_argument, NULL, CONVRELAY_CALLER_OPT_NO_CHECKS },
    { "fail-on", required_argument, NULL, CONVRELAY_CALLER_OPT_FAIL_ON },
    { "record", required_argument, NULL, CONVRELAY_CALLER_OPT_RECORD },
    { "replay", required_argument, NULL, CONVRELAY_CALLER_OPT_REPLAY },
    { "fast", no_argument, NULL, CONVRELAY_CALLER_OPT_FAST },
    { "tap", no_argument, NULL, CONVRELAY_CALLER_OPT_TAP },
    { "json", no_argument, NULL, CONVRELAY_CALLER_OPT_JSON },
    { "color", required_argument, NULL, CONVRELAY_CALLER_OPT_COLOR },
    { "calls", required_argument, NULL, CONVRELAY_CALLER_OPT_CALLS },
    { "rate", required_argument, NULL, CONVRELAY_CALLER_OPT_RATE },
    { "turns", required_argument, NULL, CONVRELAY_CALLER_OPT_TURNS },
    { "think", required_argument, NULL, CONVRELAY_CALLER_OPT_THINK },
    { "interrupt", required_argument, NULL, CONVRELAY_CALLER_OPT_INTERRUPT },
    { "talk-over", required_argument, NULL, CONVRELAY_CALLER_OPT_OVER },
    { "hangup", required_argument, NULL, CONVRELAY_CALLER_OPT_HANGUP },
    { "drop", required_argument, NULL, CONVRELAY_CALLER_OPT_DROP },
    { "numbered", no_argument, NULL, CONVRELAY_CALLER_OPT_NUMBERED },
    { "own-twiml", no_argument, NULL, CONVRELAY_CALLER_OPT_OWN_TWIML },
    { "tokens", required_argument, NULL, CONVRELAY_CALLER_OPT_TOKENS },
    { "seed", required_argument, NULL, CONVRELAY_CALLER_OPT_SEED },
    { "i-own-this-server", no_argument, NULL, CONVRELAY_CALLER_OPT_OWN },
    { "rule", required_argument, NULL, CONVRELAY_CALLER_OPT_RULE },
    { "skip", required_argument, NULL, CONVRELAY_CALLER_OPT_SKIP },
    { "list", no_argument, NULL, CONVRELAY_CALLER_OPT_LIST },
    { "tool", required_argument, NULL, CONVRELAY_CALLER_OPT_TOOL },
    { "silence", required_argument, NULL, CONVRELAY_CALLER_OPT_SILENCE },
    { "filler", required_argument, NULL, CONVRELAY_CALLER_OPT_FILLER },
    { "pronounce", required_argument, NULL, CONVRELAY_CALLER_OPT_PRONOUNCE },
    { "resume", required_argument, NULL, CONVRELAY_CALLER_OPT_RESUME },
    { "backchannel", required_argument, NULL,
      CONVRELAY_CALLER_OPT_BACKCHANNEL },
    { "quiet", no_argument, NULL, 'q' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, CONVRELAY_CALLER_OPT_VERSION },
    { NULL, 0, NULL, 0 }
};


int
main(int argc, char *const *argv)
{
    int                      rc;
    const char              *no_color;
    convrelay_caller_main_t  m;

    memset(&m, 0, sizeof(convrelay_caller_main_t));

    m.run.pace = CONVRELAY_CALLER_VOICE_PACE;
    m.run.timeout = 30000;
    m.run.drop_code = CONVRELAY_CALLER_SOCKET_ENDED;
    m.run.from = "+15550100001";
    m.run.to = "+15550100002";
    m.run.auth_token = getenv("TWILIO_AUTH_TOKEN");
    m.print.out = stdout;
    no_color = getenv("NO_COLOR");
    m.print.color = isatty(STDOUT_FILENO) && !(no_color && no_color[0]);

    if (argc > 1 && strcmp(argv[1], "dial") == 0) {
        return convrelay_caller_phone(argc - 1, argv + 1, &m.print);
    }

    m.load.calls = 10;
    m.load.rate = 10;
    m.load.turns = 3;
    m.load.think = 1000;
    convrelay_caller_random(&m.load.seed, sizeof(uint32_t));

    if (argc > 1 && strcmp(argv[1], "load") == 0) {
        m.many = 1;
        argc--;
        argv++;

    } else if (argc > 1 && strcmp(argv[1], "check") == 0) {
        m.rules = 1;
        m.run.timeout = CONVRELAY_CALLER_CHECK_TIMEOUT;
        argc--;
        argv++;
    }

    rc = convrelay_caller_main_options(&m, argc, argv);

    if (rc == CONVRELAY_DONE) {
        convrelay_caller_main_free(&m);
        return CONVRELAY_CALLER_EXIT_OK;
    }

    if (rc != CONVRELAY_OK) {
        convrelay_caller_main_free(&m);
        return CONVRELAY_CALLER_EXIT_USAGE;
    }

    curl_global_init(CURL_GLOBAL_DEFAULT);
    convrelay_caller_print_init(&m.print);

    if (m.many) {
        m.load.say = m.say ? m.say : "Count, please.";
        rc = convrelay_caller_load(&m.load, &m.run, &m.print);

    } else if (m.rules) {
        m.check.say = m.say ? m.say : "Count to 80, please, in digits.";
        rc = convrelay_caller_check(&m.check, &m.run, &m.print);

    } else {
        rc = convrelay_caller_main_calls(&m);
    }

    convrelay_caller_print_done(&m.print, rc);
    convrelay_caller_main_free(&m);
    curl_global_cleanup();

    return rc;
}


static int
convrelay_caller_main_options(convrelay_caller_main_t *m, int argc,
    char *const *argv)
{
    int  opt, rc;

    while ((opt = getopt_long(argc, argv, "s:e:qh", convrelay_caller_options,
                              NULL))
           != -1)
    {
        rc = convrelay_caller_main_option(m, opt);

        if (rc != CONVRELAY_OK) {
            return rc;
        }
    }

    if (optind != argc - 1) {
        convrelay_caller_print_error("%s; try --help", optind == argc
                                     ? "there is no URL" : "there are two "
                                     "URLs");
        return CONVRELAY_ERROR;
    }

    m->run.url = argv[optind];

    if (m->run.auth_token && m->run.auth_token[0] == '\0') {
        m->run.auth_token = NULL;
    }

    if (m->run.public_url
        && convrelay_caller_main_public(m->run.public_url) != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (m->print.tap || m->print.json) {
        m->print.color = 0;
    }

    if (convrelay_caller_main_command(m) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    return (m->many || m->rules) ? CONVRELAY_OK
                                 : convrelay_caller_main_plays(m);
}


/* what is said in the call, or in the calls */

static int
convrelay_caller_main_plays(convrelay_caller_main_t *m)
{
    int  rc;

    if (m->replay) {

        if (m->plays.n) {
            convrelay_caller_print_error("--replay cannot be combined with a "
                                         "scenario or --say");
            return CONVRELAY_ERROR;
        }

        m->run.replay = 1;

        rc = convrelay_caller_plays_recording(&m->plays, m->replay, m->fast,
                                              !m->run.no_checks);

        return (rc == CONVRELAY_OK) ? convrelay_caller_main_record(m) : rc;
    }

    if (m->record && m->plays.n > 1) {
        convrelay_caller_print_error("--record needs a single call, and each "
                                     "-s is one");
        return CONVRELAY_ERROR;
    }

    if (m->plays.n == 0) {
        (void) convrelay_caller_plays_add(&m->plays);
        m->run.keyboard = 1;
        m->run.terminal = isatty(STDIN_FILENO);

        m->run.editing = m->run.terminal && convrelay_caller_line_able()
                         && !m->print.json && !m->print.tap
                         && !m->print.quiet;

        if (m->run.editing) {
            m->run.listen = 1;

        } else if (m->run.terminal && !m->pace && !m->run.listen) {

            /* without a line that text can stay clear of, it comes at once */

            m->run.pace = 0;
        }
    }

    m->print.scenario = (m->scenarios && !m->run.no_checks);

    if (convrelay_caller_plays_check(&m->plays, &m->run.variables)
        != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    return convrelay_caller_main_record(m);
}


/* the last thing that can fail: it empties the file */

static int
convrelay_caller_main_record(convrelay_caller_main_t *m)
{
    if (m->record == NULL) {
        return CONVRELAY_OK;
    }

    m->run.record = fopen(m->record, "w");

    if (m->run.record == NULL) {
        convrelay_caller_print_error("%s: %s", m->record, strerror(errno));
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


/* one after the other; the exit code is that of the first one that failed */

static int
convrelay_caller_main_calls(convrelay_caller_main_t *m)
{
    int                           rc, code;
    char                          detail[32];
    size_t                        i;
    unsigned                      failed;
    convrelay_caller_scenario_t  *s;

    code = CONVRELAY_CALLER_EXIT_OK;

    for (i = 0; i < m->plays.n; i++) {
        s = &m->plays.elts[i];
        failed = m->print.failed;

        if (m->plays.n > 1) {
            convrelay_caller_print_call(&m->print, s->name);
        }

        rc = convrelay_caller_run(&m->run, s, &m->print);

        if (m->plays.n > 1 && rc != CONVRELAY_CALLER_EXIT_OK
            && m->print.failed == failed)
        {
            snprintf(detail, sizeof(detail), "exit code %d", rc);
            convrelay_caller_print_check(&m->print, s->name, 0, "the call", 0,
                                         detail);
        }

        if (code == CONVRELAY_CALLER_EXIT_OK) {
            code = rc;
        }
    }

    return code;
}


static int
convrelay_caller_main_public(const char *url)
{
    const char              *error;
    convrelay_caller_url_t   u;

    if (convrelay_caller_url_parse(&u, url, &error) != CONVRELAY_OK) {
        convrelay_caller_print_error("--public-url \"%s\" %s", url, error);
        return CONVRELAY_ERROR;
    }

    error = strpbrk(url, "?#");
    convrelay_caller_url_free(&u);

    if (error) {
        convrelay_caller_print_error("--public-url \"%s\" has a query or a "
                                     "fragment, write scheme and host", url);
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


/* options that do not go with load or check */

static int
convrelay_caller_main_command(convrelay_caller_main_t *m)
{
    if (m->many && (m->scenarios || m->replay || m->print.tap)) {
        convrelay_caller_print_error("load takes no scenario, no --replay and "
                                     "no --tap");
        return CONVRELAY_ERROR;
    }

    if (m->load.numbered && (m->load.interrupt > 0 || m->load.over > 0)) {
        convrelay_caller_print_error("--numbered needs answers that are heard "
                                     "to their end: it does not go with "
                                     "--interrupt or --talk-over");
        return CONVRELAY_ERROR;
    }

    if (m->rules && (m->scenarios || m->replay)) {
        convrelay_caller_print_error("check takes no scenario and no --replay");
        return CONVRELAY_ERROR;
    }

    if ((m->rules || m->many) && m->record) {
        convrelay_caller_print_error("--record needs a single call");
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_main_option(convrelay_caller_main_t *m, int opt)
{
    switch (opt) {

    case 's':
        m->scenarios++;
        return convrelay_caller_plays_file(&m->plays, optarg);

    case 'e':
        m->say = optarg;
        return convrelay_caller_plays_say(&m->plays, optarg);

    case CONVRELAY_CALLER_OPT_GET:
        m->run.get = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_CONNECT_TO:
        m->run.connect_to = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_PLAIN:
        m->run.plain = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_INSECURE:
        m->run.insecure = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_CACERT:
        m->run.cacert = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_FORM:
        return convrelay_caller_main_pair(&m->run.form, optarg, '=');

    case CONVRELAY_CALLER_OPT_FROM:
        m->run.from = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_TO:
        m->run.to = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_PARAMETER:
        return convrelay_caller_main_pair(&m->run.parameters, optarg, '=');

    case CONVRELAY_CALLER_OPT_HEADER:
        return convrelay_caller_main_header(m, optarg);

    case CONVRELAY_CALLER_OPT_TOKEN:
        m->run.auth_token = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_PUBLIC_URL:
        m->run.public_url = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_SET:
        return convrelay_caller_main_pair(&m->run.variables, optarg, '=');

    case CONVRELAY_CALLER_OPT_PACE:
        m->pace = 1;
        return convrelay_caller_main_ms(&m->run.pace, optarg);

    case CONVRELAY_CALLER_OPT_LISTEN:
        m->run.listen = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_TIMEOUT:
        return convrelay_caller_main_ms(&m->run.timeout, optarg);

    case CONVRELAY_CALLER_OPT_GRACE:
        return convrelay_caller_main_ms(&m->run.grace, optarg);

    case CONVRELAY_CALLER_OPT_DROP_CODE:
        return convrelay_caller_main_code(&m->run.drop_code, optarg);

    case CONVRELAY_CALLER_OPT_RECONNECT:
        m->run.reconnect = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_ACTION_DELAY:
        return convrelay_caller_main_ms(&m->run.action_delay, optarg);

    case CONVRELAY_CALLER_OPT_NO_CHECKS:
        m->run.no_checks = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_FAIL_ON:
        m->run.fail_on_set = 1;

        if (optarg[0]) {
            convrelay_caller_pairs_add(&m->run.fail_on, optarg, "");
        }

        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_RECORD:
        m->record = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_REPLAY:
        m->replay = optarg;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_FAST:
        m->fast = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_TAP:
        m->print.tap = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_JSON:
        m->print.json = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_COLOR:
        m->print.color = (strcmp(optarg, "always") == 0);
        return CONVRELAY_OK;

    case 'q':
        m->print.quiet = 1;
        return CONVRELAY_OK;

    case 'h':
        convrelay_caller_help(stdout);
        return CONVRELAY_DONE;

    case CONVRELAY_CALLER_OPT_VERSION:
        printf("convrelay-call %s\n", CONVRELAY_VERSION);
        return CONVRELAY_DONE;

    case CONVRELAY_CALLER_OPT_RULE:
    case CONVRELAY_CALLER_OPT_SKIP:
    case CONVRELAY_CALLER_OPT_LIST:
    case CONVRELAY_CALLER_OPT_TOOL:
    case CONVRELAY_CALLER_OPT_SILENCE:
    case CONVRELAY_CALLER_OPT_FILLER:
    case CONVRELAY_CALLER_OPT_PRONOUNCE:
    case CONVRELAY_CALLER_OPT_RESUME:
    case CONVRELAY_CALLER_OPT_BACKCHANNEL:
        return convrelay_caller_main_check(m, opt);

    default:
        return convrelay_caller_main_load(m, opt);
    }
}


static int
convrelay_caller_main_check(convrelay_caller_main_t *m, int opt)
{
    if (!m->rules) {
        convrelay_caller_print_error("this option belongs to \"check\"; try "
                                     "--help");
        return CONVRELAY_ERROR;
    }

    if (opt == CONVRELAY_CALLER_OPT_LIST) {
        convrelay_caller_check_list(stdout);
        return CONVRELAY_DONE;
    }

    if (opt == CONVRELAY_CALLER_OPT_TOOL) {
        return convrelay_caller_check_split(optarg, &m->check.tool_prompt,
                                     &m->check.tool_text,
                                     "\"%s\" is not \"PROMPT=TEXT\": what "
                                     "makes the agent call a tool, and what "
                                     "it says then");
    }

    if (opt == CONVRELAY_CALLER_OPT_PRONOUNCE) {
        return convrelay_caller_check_split(optarg, &m->check.word,
                                     &m->check.spoken,
                                     "\"%s\" is not \"WORD=SPOKEN\": a word, "
                                     "and how it is pronounced");
    }

    if (opt == CONVRELAY_CALLER_OPT_SILENCE) {
        return convrelay_caller_main_ms(&m->check.silence, optarg);
    }

    if (opt == CONVRELAY_CALLER_OPT_FILLER) {
        return convrelay_caller_main_ms(&m->check.filler, optarg);
    }

    if (opt == CONVRELAY_CALLER_OPT_RESUME) {
        return convrelay_caller_main_ms(&m->check.resume, optarg);
    }

    if (opt == CONVRELAY_CALLER_OPT_BACKCHANNEL) {
        m->check.backchannel = optarg;
        return CONVRELAY_OK;
    }

    if (convrelay_caller_check_known(optarg) != CONVRELAY_OK) {
        convrelay_caller_print_error("there is no rule \"%s\"; try --list",
                                     optarg);
        return CONVRELAY_ERROR;
    }

    convrelay_caller_pairs_set(opt == CONVRELAY_CALLER_OPT_RULE
                               ? &m->check.only : &m->check.skip,
                               optarg, strlen(optarg), "");

    return CONVRELAY_OK;
}


static int
convrelay_caller_main_load(convrelay_caller_main_t *m, int opt)
{
    int     rc;
    double  n;

    if (opt == '?') {
        return CONVRELAY_ERROR;
    }

    if (!m->many) {
        convrelay_caller_print_error("this option belongs to \"load\"; try "
                                     "--help");
        return CONVRELAY_ERROR;
    }

    n = 0;

    switch (opt) {

    case CONVRELAY_CALLER_OPT_CALLS:
        rc = convrelay_caller_main_number(&n, optarg, 1, 1000000);
        m->load.calls = n;
        return rc;

    case CONVRELAY_CALLER_OPT_RATE:
        return convrelay_caller_main_number(&m->load.rate, optarg, 0.01, 1e6);

    case CONVRELAY_CALLER_OPT_TURNS:
        rc = convrelay_caller_main_number(&n, optarg, 1, 1000000);
        m->load.turns = n;
        return rc;

    case CONVRELAY_CALLER_OPT_THINK:
        return convrelay_caller_main_ms(&m->load.think, optarg);

    case CONVRELAY_CALLER_OPT_INTERRUPT:
        return convrelay_caller_main_number(&m->load.interrupt, optarg, 0, 100);

    case CONVRELAY_CALLER_OPT_OVER:
        return convrelay_caller_main_number(&m->load.over, optarg, 0, 100);

    case CONVRELAY_CALLER_OPT_HANGUP:
        return convrelay_caller_main_number(&m->load.hangup, optarg, 0, 100);

    case CONVRELAY_CALLER_OPT_DROP:
        return convrelay_caller_main_number(&m->load.drop, optarg, 0, 100);

    case CONVRELAY_CALLER_OPT_NUMBERED:
        m->load.numbered = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_OWN_TWIML:
        m->load.own_twiml = 1;
        return CONVRELAY_OK;

    case CONVRELAY_CALLER_OPT_TOKENS:
        rc = convrelay_caller_main_number(&n, optarg, 1, 1000000);
        m->load.tokens = n;
        return rc;

    case CONVRELAY_CALLER_OPT_SEED:
        rc = convrelay_caller_main_number(&n, optarg, 0, 9e15);
        m->load.seed = n;
        return rc;

    default:
        m->load.own = 1;
        return CONVRELAY_OK;
    }
}


/* a number, with or without "%" after it */

static int
convrelay_caller_main_number(double *number, const char *arg, double min,
    double max)
{
    char  *end;

    *number = strtod(arg, &end);

    if (end == arg || (*end && strcmp(end, "%") != 0)
        || !(*number >= min && *number <= max))
    {
        convrelay_caller_print_error("\"%s\" is not a number from %g to %g",
                                     arg, min, max);
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_main_code(unsigned *code, const char *arg)
{
    if (strlen(arg) != 5 || strspn(arg, "0123456789") != 5 || arg[0] == '0') {
        convrelay_caller_print_error("\"%s\" is not an error code of Twilio, "
                                     "such as 64105", arg);
        return CONVRELAY_ERROR;
    }

    *code = atoi(arg);

    return CONVRELAY_OK;
}


static int
convrelay_caller_main_pair(convrelay_caller_pairs_t *pairs, const char *arg,
    char separator)
{
    const char  *value;

    value = strchr(arg, separator);

    if (value == NULL || value == arg) {
        convrelay_caller_print_error("\"%s\" is not NAME%cVALUE", arg,
                                     separator);
        return CONVRELAY_ERROR;
    }

    convrelay_caller_pairs_set(pairs, arg, value - arg,
                               value + 1 + strspn(value + 1, " "));

    return CONVRELAY_OK;
}


/* "NAME: VALUE"; one name may come several times */

static int
convrelay_caller_main_header(convrelay_caller_main_t *m, const char *arg)
{
    char        *name;
    size_t       len;
    const char  *p, *value;

    for (len = 0; arg[len] > 0x20 && arg[len] < 0x7f; len++) {

        if (strchr("\"(),/:;<=>?@[\\]{}", arg[len])) {
            break;
        }
    }

    if (len == 0 || arg[len] != ':') {
        convrelay_caller_print_error("\"%s\" is not a header, write "
                                     "\"NAME: VALUE\"", arg);
        return CONVRELAY_ERROR;
    }

    value = arg + len + 1;
    value += strspn(value, " \t");

    for (p = value; *p; p++) {

        if (((u_char) *p < 0x20 && *p != '\t') || *p == 0x7f) {
            convrelay_caller_print_error("header \"%.*s\" has a control "
                                         "character in its value", (int) len,
                                         arg);
            return CONVRELAY_ERROR;
        }
    }

    name = convrelay_caller_strndup(arg, len);
    convrelay_caller_pairs_add(&m->run.headers, name, value);
    free(name);

    return CONVRELAY_OK;
}


static int
convrelay_caller_main_ms(int64_t *ms, const char *arg)
{
    *ms = convrelay_caller_duration(arg);

    if (*ms == -2) {
        convrelay_caller_print_error("\"%s\" has no unit, write %sms or %ss",
                                     arg, arg, arg);
        return CONVRELAY_ERROR;
    }

    if (*ms < 0) {
        convrelay_caller_print_error("\"%s\" is not a time such as 300ms or "
                                     "2s", arg);
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


static void
convrelay_caller_main_free(convrelay_caller_main_t *m)
{
    if (m->run.record) {
        fclose(m->run.record);
    }

    convrelay_caller_plays_free(&m->plays);
    convrelay_caller_pairs_free(&m->run.form);
    convrelay_caller_pairs_free(&m->run.parameters);
    convrelay_caller_pairs_free(&m->run.variables);
    convrelay_caller_pairs_free(&m->run.headers);
    convrelay_caller_pairs_free(&m->run.fail_on);
    convrelay_caller_pairs_free(&m->check.only);
    convrelay_caller_pairs_free(&m->check.skip);
    free(m->check.tool_prompt);
    free(m->check.word);
}
