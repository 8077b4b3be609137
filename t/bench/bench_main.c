
/*
 * Copyright (C) convrelay contributors
 *
 * convrelay-bench SCENARIO --port N --model-port N --pid N [OPTION...]
 *
 * Prints one line of JSON.  Exit code 1: something was lost or failed.
 */


#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bench.h"


static void bench_parse(int argc, char **argv);
static void bench_usage(void);
static void bench_prepare(void);


bench_t  bench;


enum {
    BENCH_OPT_PORT = 1,
    BENCH_OPT_MODEL,
    BENCH_OPT_PID,
    BENCH_OPT_CALLS,
    BENCH_OPT_STREAMING,
    BENCH_OPT_TOKENS,
    BENCH_OPT_TURNS,
    BENCH_OPT_EARLIER,
    BENCH_OPT_AT_ONCE,
    BENCH_OPT_BATCH,
    BENCH_OPT_TEXT,
    BENCH_OPT_RATE,
    BENCH_OPT_SECONDS,
    BENCH_OPT_WARMUP,
    BENCH_OPT_STRACE,
    BENCH_OPT_TICKET,
    BENCH_OPT_RAW,
    BENCH_OPT_TLS,
    BENCH_OPT_NO_HISTORY
};


static const struct option  bench_long_options[] = {
    { "port", 1, NULL, BENCH_OPT_PORT },
    { "model-port", 1, NULL, BENCH_OPT_MODEL },
    { "pid", 1, NULL, BENCH_OPT_PID },
    { "calls", 1, NULL, BENCH_OPT_CALLS },
    { "streaming", 1, NULL, BENCH_OPT_STREAMING },
    { "tokens", 1, NULL, BENCH_OPT_TOKENS },
    { "turns", 1, NULL, BENCH_OPT_TURNS },
    { "earlier", 1, NULL, BENCH_OPT_EARLIER },
    { "at-once", 1, NULL, BENCH_OPT_AT_ONCE },
    { "batch", 1, NULL, BENCH_OPT_BATCH },
    { "text", 1, NULL, BENCH_OPT_TEXT },
    { "rate", 1, NULL, BENCH_OPT_RATE },
    { "seconds", 1, NULL, BENCH_OPT_SECONDS },
    { "warmup", 1, NULL, BENCH_OPT_WARMUP },
    { "strace", 1, NULL, BENCH_OPT_STRACE },
    { "ticket", 1, NULL, BENCH_OPT_TICKET },
    { "raw", 0, NULL, BENCH_OPT_RAW },
    { "tls", 0, NULL, BENCH_OPT_TLS },
    { "no-history", 0, NULL, BENCH_OPT_NO_HISTORY },
    { NULL, 0, NULL, 0 }
};


int
main(int argc, char **argv)
{
    bench_parse(argc, argv);
    bench_prepare();

    if (bench_scene() != CONVRELAY_OK) {
        bench_usage();
    }

    bench_result_end();

    return bench.lost || bench.doubled || bench.strange || bench.forgot
           || bench.failed || bench.broken;
}


static void
bench_parse(int argc, char **argv)
{
    int               opt;
    bench_options_t  *o;

    o = &bench.options;
    o->history = 1;
    o->token = getenv("BENCH_AUTH_TOKEN");

    if (o->token == NULL) {
        o->token = "12345";
    }

    while ((opt = getopt_long(argc, argv, "", bench_long_options, NULL)) > 0) {

        switch (opt) {

        case BENCH_OPT_PORT:
            o->port = atoi(optarg);
            break;

        case BENCH_OPT_MODEL:
            o->model_port = atoi(optarg);
            break;

        case BENCH_OPT_PID:
            o->pid = atoi(optarg);
            break;

        case BENCH_OPT_CALLS:
            o->calls = atoi(optarg);
            break;

        case BENCH_OPT_STREAMING:
            o->streaming = atoi(optarg);
            break;

        case BENCH_OPT_TOKENS:
            o->tokens = atoi(optarg);
            break;

        case BENCH_OPT_TURNS:
            o->turns = atoi(optarg);
            break;

        case BENCH_OPT_EARLIER:
            o->earlier = atoi(optarg);
            break;

        case BENCH_OPT_AT_ONCE:
            o->at_once = atoi(optarg);
            break;

        case BENCH_OPT_BATCH:
            o->batch = atoi(optarg);
            break;

        case BENCH_OPT_TEXT:
            o->text = atoi(optarg);
            break;

        case BENCH_OPT_RATE:
            o->rate = atof(optarg);
            break;

        case BENCH_OPT_SECONDS:
            o->seconds = atof(optarg);
            break;

        case BENCH_OPT_WARMUP:
            o->warmup = atof(optarg);
            break;

        case BENCH_OPT_STRACE:
            o->strace = optarg;
            break;

        case BENCH_OPT_TICKET:
            o->ticket = optarg;
            break;

        case BENCH_OPT_RAW:
            o->raw = 1;
            break;

        case BENCH_OPT_TLS:
            o->tls = 1;
            break;

        case BENCH_OPT_NO_HISTORY:
            o->history = 0;
            break;

        default:
            bench_usage();
        }
    }

    if (optind + 1 != argc || o->port == 0 || o->model_port == 0) {
        bench_usage();
    }

    o->scenario = argv[optind];
}


static void
bench_usage(void)
{
    size_t  i;

    fprintf(stderr, "usage: convrelay-bench SCENARIO --port N --model-port N "
            "[OPTION...]\noptions:");

    for (i = 0; bench_long_options[i].name; i++) {
        fprintf(stderr, " --%s", bench_long_options[i].name);
    }

    fprintf(stderr, "\n");
    exit(2);
}


static void
bench_prepare(void)
{
    struct rlimit  rlim;

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000);

    getrlimit(RLIMIT_NOFILE, &rlim);
    rlim.rlim_cur = rlim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rlim);

    bench.random = bench_clock();
    bench.input = bench_alloc(BENCH_INPUT + 1);
    bench.epoll = epoll_create1(EPOLL_CLOEXEC);
    bench.signature = bench_text_sign("wss://" BENCH_HOST "/ws", NULL, 0);

    if (bench.options.tls) {
        bench.ssl = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(bench.ssl, SSL_MODE_RELEASE_BUFFERS);
    }
}
