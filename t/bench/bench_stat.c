
/*
 * Copyright (C) convrelay contributors
 *
 * What the server cost, read from outside: CPU clocks of its processes, in
 * nanoseconds, and their memory.
 */


#define _GNU_SOURCE

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"


#define BENCH_LIMIT  0.85         /* of a core: the load side is the limit */


static size_t bench_pids_below(pid_t *pids, size_t n, pid_t pid);
static int64_t bench_own(void);
static int64_t bench_waited(void);
static int bench_traced(pid_t pid);


static pid_t  bench_tracer;


size_t
bench_pids(pid_t *pids)
{
    return bench.options.pid ? bench_pids_below(pids, 0, bench.options.pid)
                             : 0;
}


static size_t
bench_pids_below(pid_t *pids, size_t n, pid_t pid)
{
    int             child;
    DIR            *dir;
    FILE           *file;
    char            path[300];
    struct dirent  *task;

    if (n == BENCH_MAX_PIDS) {
        return n;
    }

    pids[n++] = pid;

    sprintf(path, "/proc/%d/task", (int) pid);
    dir = opendir(path);

    if (dir == NULL) {
        return n;
    }

    for (task = readdir(dir); task; task = readdir(dir)) {

        if (task->d_name[0] == '.') {
            continue;
        }

        sprintf(path, "/proc/%d/task/%s/children", (int) pid, task->d_name);
        file = fopen(path, "r");

        while (file && fscanf(file, "%d", &child) == 1) {
            n = bench_pids_below(pids, n, child);
        }

        if (file) {
            fclose(file);
        }
    }

    closedir(dir);

    return n;
}


int64_t
bench_cpu(void)
{
    pid_t            pids[BENCH_MAX_PIDS];
    size_t           i, n;
    int64_t          sum;
    clockid_t        clock;
    struct timespec  ts;

    sum = 0;
    n = bench_pids(pids);

    for (i = 0; i < n; i++) {

        if (clock_getcpuclockid(pids[i], &clock) == 0
            && clock_gettime(clock, &ts) == 0)
        {
            sum += ts.tv_sec * BENCH_SECOND + ts.tv_nsec;
        }
    }

    return sum;
}


int64_t
bench_memory(void)
{
    long     kib;
    FILE    *file;
    char     line[256];
    pid_t    pids[BENCH_MAX_PIDS];
    size_t   i, n;
    int64_t  sum;

    sum = 0;
    n = bench_pids(pids);

    for (i = 0; i < n; i++) {
        sprintf(line, "/proc/%d/smaps_rollup", (int) pids[i]);
        file = fopen(line, "r");

        while (file && fgets(line, sizeof(line), file)) {

            if (sscanf(line, "Pss: %ld kB", &kib) == 1) {
                sum += kib * 1024;
            }
        }

        if (file) {
            fclose(file);
        }
    }

    return sum;
}


/* a zone is mapped to be shared, whoever has touched its pages */

int64_t
bench_private_memory(void)
{
    int      shared;
    long     kib;
    FILE    *file;
    char     line[4352], mode[5];
    pid_t    pids[BENCH_MAX_PIDS];
    size_t   i, n;
    int64_t  sum;

    sum = 0;
    n = bench_pids(pids);

    for (i = 0; i < n; i++) {
        sprintf(line, "/proc/%d/smaps", (int) pids[i]);
        file = fopen(line, "r");
        shared = 0;

        while (file && fgets(line, sizeof(line), file)) {

            if (sscanf(line, "%*x-%*x %4s", mode) == 1) {
                shared = (mode[3] == 's');

            } else if (!shared
                       && (sscanf(line, "Private_Clean: %ld kB", &kib) == 1
                           || sscanf(line, "Private_Dirty: %ld kB", &kib)
                              == 1))
            {
                sum += kib * 1024;
            }
        }

        if (file) {
            fclose(file);
        }
    }

    return sum;
}


static int64_t
bench_own(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * BENCH_SECOND + ts.tv_nsec;
}


/* ready to run, and another process had the core */

static int64_t
bench_waited(void)
{
    FILE       *file;
    long long   run, waited;

    waited = 0;
    file = fopen("/proc/self/schedstat", "r");

    if (file) {

        if (fscanf(file, "%lld %lld", &run, &waited) != 2) {
            waited = 0;
        }

        fclose(file);
    }

    return waited;
}


void
bench_mark(bench_mark_t *mark)
{
    mark->server = bench_cpu();
    mark->own = bench_own();
    mark->waited = bench_waited();
    mark->wall = bench_clock();
    mark->tokens = bench.tokens;
    mark->turns = bench.turns;
    mark->calls = bench.closed;
}


void
bench_mark_add(bench_mark_t *sum, const bench_mark_t *from,
    const bench_mark_t *to)
{
    sum->server += to->server - from->server;
    sum->own += to->own - from->own;
    sum->waited += to->waited - from->waited;
    sum->wall += to->wall - from->wall;
    sum->tokens += to->tokens - from->tokens;
    sum->turns += to->turns - from->turns;
    sum->calls += to->calls - from->calls;
}


void
bench_strace_start(void)
{
    char    *argv[2 * BENCH_MAX_PIDS + 8], numbers[BENCH_MAX_PIDS][12];
    pid_t    pids[BENCH_MAX_PIDS];
    size_t   i, n, argc;

    if (bench.options.strace == NULL) {
        return;
    }

    n = bench_pids(pids);
    argc = 0;

    argv[argc++] = "strace";
    argv[argc++] = "-cfqo";
    argv[argc++] = (char *) bench.options.strace;

    for (i = 0; i < n; i++) {
        sprintf(numbers[i], "%d", (int) pids[i]);
        argv[argc++] = "-p";
        argv[argc++] = numbers[i];
    }

    argv[argc] = NULL;
    bench_tracer = fork();

    if (bench_tracer == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }

    for (i = 0; i < n; i++) {

        while (!bench_traced(pids[i])) {
            bench_loop(bench_clock() + BENCH_MS, NULL);

            if (waitpid(bench_tracer, NULL, WNOHANG) != 0) {
                fprintf(stderr, "strace did not start\n");
                exit(2);
            }
        }
    }
}


static int
bench_traced(pid_t pid)
{
    int    tracer;
    FILE  *file;
    char   line[256];

    tracer = 0;
    sprintf(line, "/proc/%d/status", (int) pid);
    file = fopen(line, "r");

    while (file && fgets(line, sizeof(line), file)) {
        sscanf(line, "TracerPid: %d", &tracer);
    }

    if (file) {
        fclose(file);
    }

    return tracer != 0;
}


void
bench_strace_stop(void)
{
    if (bench_tracer) {
        kill(bench_tracer, SIGINT);
        waitpid(bench_tracer, NULL, 0);
        bench_tracer = 0;
    }
}


void
bench_result(const char *name, double value)
{
    static unsigned  members;

    printf("%s\"%s\":%.10g", members++ ? "," : "{", name, value);
}


/* microseconds in, milliseconds out */

void
bench_result_hist(const char *name, const convrelay_histogram_t *h)
{
    size_t  i;
    char    member[64];

    static const struct {
        const char  *name;
        double       percent;
    } points[] = {
        { "p50", 50 },
        { "p90", 90 },
        { "p99", 99 },
        { "max", 100 }
    };

    for (i = 0; i < 4; i++) {
        snprintf(member, sizeof(member), "%s_%s_ms", name, points[i].name);
        bench_result(member,
                     convrelay_histogram_at(h, points[i].percent) / 1e3);
    }
}


void
bench_result_interval(const bench_mark_t *from, const bench_mark_t *to)
{
    double    wall, own, waited, server;
    uint64_t  tokens, turns, calls;

    wall = to->wall - from->wall;
    own = (to->own - from->own) / wall;
    waited = (to->waited - from->waited) / wall;
    server = to->server - from->server;
    tokens = to->tokens - from->tokens;
    turns = to->turns - from->turns;
    calls = to->calls - from->calls;

    bench_result("seconds", wall / BENCH_SECOND);
    bench_result("server_share", server / wall);
    bench_result("load_share", own);
    bench_result("load_waited", waited);
    bench_result("load_is_limit", own + waited > BENCH_LIMIT);
    bench_result("tokens", tokens);
    bench_result("turns", turns);
    bench_result("calls", calls);

    if (bench.gap && bench.options.rate && !bench.token) {
        bench_result("tokens_wanted", bench.options.rate);
    }

    if (tokens) {
        bench_result("tokens_per_second", tokens * BENCH_SECOND / wall);
        bench_result("cpu_us_per_token", server / tokens / 1e3);
    }

    if (turns) {
        bench_result("cpu_us_per_turn", server / turns / 1e3);
    }

    if (calls) {
        bench_result("cpu_us_per_call", server / calls / 1e3);
    }
}


void
bench_result_end(void)
{
    char  *p;

    bench_result("tokens_lost", bench.lost);
    bench_result("tokens_doubled", bench.doubled);
    bench_result("answers_strange", bench.strange);
    bench_result("histories_wrong", bench.forgot);
    bench_result("calls_failed", bench.failed);
    bench_result("streams_broken", bench.broken);

    for (p = bench.error; *p; p++) {

        if (*p == '"' || *p == '\\' || (u_char) *p < 0x20
            || (u_char) *p > 0x7e)
        {
            *p = ' ';
        }
    }

    printf(",\"first_fault\":\"%s\"}\n", bench.error);
}
