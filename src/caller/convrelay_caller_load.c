
/*
 * Copyright (C) convrelay contributors
 */


#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "convrelay_caller_load.h"


#define CONVRELAY_CALLER_LOAD_EVENTS    512
#define CONVRELAY_CALLER_LOAD_PROGRESS  500000     /* us, on a terminal */
#define CONVRELAY_CALLER_LOAD_LINES     10000000   /* us, elsewhere */


static int convrelay_caller_load_prepare(convrelay_caller_load_t *load);
static void convrelay_caller_load_loop(convrelay_caller_load_t *load);
static void convrelay_caller_load_expire(convrelay_caller_load_t *load);
static void convrelay_caller_load_progress(convrelay_caller_load_t *load,
    int64_t begun);
static void convrelay_caller_load_up(convrelay_caller_load_t *load, size_t i);
static void convrelay_caller_load_down(convrelay_caller_load_t *load, size_t i);
static void convrelay_caller_load_place(convrelay_caller_load_t *load, size_t i,
    convrelay_caller_load_call_t *c);
static void convrelay_caller_load_stop_handler(int signo);


static volatile sig_atomic_t  convrelay_caller_load_stop;


int
convrelay_caller_load(convrelay_caller_load_options_t *load_options,
    convrelay_caller_options_t *options, convrelay_caller_print_t *print)
{
    int                       rc;
    unsigned                  i;
    convrelay_caller_t       *dial;
    convrelay_caller_buf_t    line;
    convrelay_caller_load_t  *load;

    dial = convrelay_caller_alloc(sizeof(convrelay_caller_t));
    load = convrelay_caller_alloc(sizeof(convrelay_caller_load_t));

    dial->options = options;
    dial->print = print;
    load->options = load_options;
    load->dial = dial;
    load->epoll = -1;
    load->multi_due = INT64_MAX;
    load->random = load_options->seed | 1;
    load->length = load_options->tokens;

    rc = CONVRELAY_ERROR;

    if (convrelay_caller_dial(dial) == CONVRELAY_OK
        && convrelay_caller_aim(dial) == CONVRELAY_OK)
    {
        rc = convrelay_caller_load_prepare(load);
    }

    if (rc == CONVRELAY_OK) {
        convrelay_caller_load_loop(load);

        memset(&line, 0, sizeof(convrelay_caller_buf_t));
        dial->code = convrelay_caller_load_verdict(load, &line);

        if (print->json) {
            convrelay_caller_load_json(load, print, line.data);

        } else {
            convrelay_caller_load_report(load, print, line.data);
        }

        convrelay_caller_buf_free(&line);
    }

    rc = dial->code;

    for (i = 0; load->calls && i < load_options->calls; i++) {

        if (load->calls[i].state != CONVRELAY_CALLER_LOAD_IDLE) {
            convrelay_caller_conn_free(&load->calls[i].conn, 0);
        }

        convrelay_caller_load_again_free(&load->calls[i]);
        convrelay_caller_buf_free(&load->calls[i].text);
    }

    if (load->multi) {
        curl_multi_cleanup(load->multi);
    }

    if (load->epoll != -1) {
        close(load->epoll);
    }

    convrelay_caller_buf_free(&load->message);
    convrelay_caller_forget(dial);
    free(load->input);
    free(load->heap);
    free(load->calls);
    free(load);
    free(dial);

    return rc;
}


static int
convrelay_caller_load_prepare(convrelay_caller_load_t *load)
{
    unsigned          i, calls;
    struct rlimit     rlim;
    struct sigaction  sa;

    if (!load->options->own
        && !convrelay_caller_target_is_loopback(&load->dial->target))
    {
        convrelay_caller_print_error("%s is not on this machine; a load on "
                                     "your own server elsewhere needs "
                                     "--i-own-this-server",
                                     load->dial->target.host
                                     ? load->dial->target.host
                                     : load->dial->target.parsed.host);
        load->dial->code = CONVRELAY_CALLER_EXIT_USAGE;
        return CONVRELAY_ERROR;
    }

    if (load->options->own_twiml && load->dial->direct) {
        convrelay_caller_print_error("--own-twiml needs the URL of a webhook");
        load->dial->code = CONVRELAY_CALLER_EXIT_USAGE;
        return CONVRELAY_ERROR;
    }

    calls = load->options->calls;

    getrlimit(RLIMIT_NOFILE, &rlim);
    rlim.rlim_cur = rlim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rlim);

    if (rlim.rlim_cur < (rlim_t) calls * (load->dial->target.tls ? 3 : 1)
                        + 128)
    {
        convrelay_caller_print_error("%u calls need more than the %lu open "
                                     "files that the limit allows", calls,
                                     (unsigned long) rlim.rlim_cur);
        load->dial->code = CONVRELAY_CALLER_EXIT_USAGE;
        return CONVRELAY_ERROR;
    }

    load->epoll = epoll_create1(EPOLL_CLOEXEC);

    if (load->epoll == -1) {
        convrelay_caller_print_error("epoll: %s", strerror(errno));
        load->dial->code = CONVRELAY_CALLER_EXIT_BROKEN;
        return CONVRELAY_ERROR;
    }

    if (convrelay_caller_load_http_init(load) != CONVRELAY_OK) {
        convrelay_caller_print_error("libcurl failed");
        load->dial->code = CONVRELAY_CALLER_EXIT_BROKEN;
        return CONVRELAY_ERROR;
    }

    load->calls = convrelay_caller_alloc(calls * sizeof(load->calls[0]));
    load->heap = convrelay_caller_alloc((calls + 1) * sizeof(load->heap[0]));
    load->input = convrelay_caller_alloc(65536);

    for (i = 0; i < calls; i++) {
        load->calls[i].load = load;
    }

    signal(SIGPIPE, SIG_IGN);

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = convrelay_caller_load_stop_handler;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);

    return CONVRELAY_OK;
}


static void
convrelay_caller_load_loop(convrelay_caller_load_t *load)
{
    int                            i, n;
    int64_t                        begun, next, shown, until, every;
    convrelay_caller_load_call_t  *c;
    struct epoll_event             events[CONVRELAY_CALLER_LOAD_EVENTS];

    begun = convrelay_caller_now_us();
    shown = begun;
    load->now = begun;
    every = isatty(STDERR_FILENO) ? CONVRELAY_CALLER_LOAD_PROGRESS
                                  : CONVRELAY_CALLER_LOAD_LINES;

    while (load->done < load->options->calls && !convrelay_caller_load_stop) {
        next = INT64_MAX;

        if (load->started < load->options->calls) {
            next = begun + load->started * 1000000.0 / load->options->rate;

            if (next <= load->now) {
                convrelay_caller_load_begin(&load->calls[load->started]);
                next = load->now;
            }
        }

        until = load->now + 100000;

        if (next < until) {
            until = next;
        }

        if (load->nheap && load->heap[1]->due < until) {
            until = load->heap[1]->due;
        }

        if (load->multi_due < until) {
            until = load->multi_due;
        }

        n = epoll_wait(load->epoll, events, CONVRELAY_CALLER_LOAD_EVENTS,
                       until > load->now ? (until - load->now + 999) / 1000
                                         : 0);

        load->now = convrelay_caller_now_us();

        for (i = 0; i < n; i++) {

            if (events[i].data.u64 & 1) {
                convrelay_caller_load_http(load, events[i].data.u64 >> 1,
                                           events[i].events);
                continue;
            }

            c = events[i].data.ptr;

            if (c->state != CONVRELAY_CALLER_LOAD_DONE) {
                convrelay_caller_load_event(c);
            }
        }

        convrelay_caller_load_expire(load);

        if (load->multi_due <= load->now) {
            convrelay_caller_load_http(load, -1, 0);
        }

        if (load->now >= shown + every) {
            shown = load->now;
            convrelay_caller_load_progress(load, begun);
        }
    }

    convrelay_caller_load_progress(load, 0);
}


static void
convrelay_caller_load_expire(convrelay_caller_load_t *load)
{
    convrelay_caller_load_call_t  *c;

    while (load->nheap && load->heap[1]->due <= load->now) {
        c = load->heap[1];
        convrelay_caller_load_timer(c, 0);
        convrelay_caller_load_due(c);
    }
}


/*
 * One line: on a terminal written over the last one, as wide as it is, and
 * wiped at the end (begun 0).
 */

static void
convrelay_caller_load_progress(convrelay_caller_load_t *load, int64_t begun)
{
    int             tty, width;
    char            line[200];
    struct winsize  size;

    tty = isatty(STDERR_FILENO);

    if (begun == 0) {

        if (tty) {
            fprintf(stderr, "\r\033[K");
        }

        return;
    }

    snprintf(line, sizeof(line), "%3lld s  %u of %u calls, %u live, %u failed, "
             "%llu tokens, first in %lld ms (p99)",
             (long long) ((load->now - begun) / 1000000), load->started,
             load->options->calls, load->live, load->failed,
             (unsigned long long) load->tokens,
             (long long) (convrelay_histogram_at(&load->first, 99) / 1000));

    if (!tty) {
        fprintf(stderr, "%s\n", line);
        return;
    }

    width = 80;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        width = size.ws_col;
    }

    fprintf(stderr, "\r\033[K%.*s", width - 1, line);
    fflush(stderr);
}


void
convrelay_caller_load_watch(convrelay_caller_load_call_t *c)
{
    unsigned            events;
    struct epoll_event  ee;

    if (c->conn.fd == -1) {
        return;
    }

    events = EPOLLIN;

    if (convrelay_caller_conn_writes(&c->conn)) {
        events |= EPOLLOUT;
    }

    /* a name with several addresses may have opened another socket */

    if (c->fd != c->conn.fd) {
        c->fd = c->conn.fd;
        c->events = 0;
    }

    if (events == c->events) {
        return;
    }

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = events;
    ee.data.ptr = c;

    epoll_ctl(c->load->epoll, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
              c->conn.fd, &ee);

    c->events = events;
}


void
convrelay_caller_load_end(convrelay_caller_load_call_t *c, unsigned rst)
{
    convrelay_caller_load_timer(c, 0);
    convrelay_caller_conn_free(&c->conn, rst);
    convrelay_caller_load_again_free(c);
    convrelay_caller_buf_free(&c->text);

    c->state = CONVRELAY_CALLER_LOAD_DONE;
    c->load->live--;
    c->load->done++;
}


void
convrelay_caller_load_fail(convrelay_caller_load_call_t *c, const char *text)
{
    unsigned                        i;
    convrelay_caller_load_t        *load;
    convrelay_caller_load_error_t  *error;

    load = c->load;
    load->failed++;

    for (i = 0; i < load->nerrors; i++) {

        if (strncmp(load->errors[i].text, text,
                    sizeof(load->errors[i].text) - 1) == 0)
        {
            break;
        }
    }

    if (i == CONVRELAY_CALLER_MAX_ERRORS) {
        i--;
    }

    error = &load->errors[i];

    if (i == load->nerrors) {
        load->nerrors++;
        snprintf(error->text, sizeof(error->text), "%s", text);
    }

    error->n++;

    convrelay_caller_load_end(c, 0);
}


/* xorshift64*: the seed repeats a run, as far as the server allows */

uint64_t
convrelay_caller_load_random(convrelay_caller_load_t *load, uint64_t n)
{
    uint64_t  x;

    x = load->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    load->random = x;

    return n ? ((x * 0x2545f4914f6cdd1dULL) >> 16) % n : 0;
}


void
convrelay_caller_load_timer(convrelay_caller_load_call_t *c, int64_t us)
{
    size_t                         i;
    convrelay_caller_load_t       *load;
    convrelay_caller_load_call_t  *last;

    load = c->load;
    i = c->heap;

    if (i) {
        last = load->heap[load->nheap--];
        c->heap = 0;

        if (last != c) {
            convrelay_caller_load_place(load, i, last);
            convrelay_caller_load_up(load, i);
            convrelay_caller_load_down(load, last->heap);
        }
    }

    if (us <= 0) {
        return;
    }

    c->due = load->now + us;
    convrelay_caller_load_place(load, ++load->nheap, c);
    convrelay_caller_load_up(load, load->nheap);
}


static void
convrelay_caller_load_up(convrelay_caller_load_t *load, size_t i)
{
    convrelay_caller_load_call_t  *c;

    c = load->heap[i];

    while (i > 1 && load->heap[i / 2]->due > c->due) {
        convrelay_caller_load_place(load, i, load->heap[i / 2]);
        i /= 2;
    }

    convrelay_caller_load_place(load, i, c);
}


static void
convrelay_caller_load_down(convrelay_caller_load_t *load, size_t i)
{
    size_t                         child;
    convrelay_caller_load_call_t  *c;

    c = load->heap[i];

    for ( ;; ) {
        child = 2 * i;

        if (child > load->nheap) {
            break;
        }

        if (child < load->nheap
            && load->heap[child + 1]->due < load->heap[child]->due)
        {
            child++;
        }

        if (load->heap[child]->due >= c->due) {
            break;
        }

        convrelay_caller_load_place(load, i, load->heap[child]);
        i = child;
    }

    convrelay_caller_load_place(load, i, c);
}


static void
convrelay_caller_load_place(convrelay_caller_load_t *load, size_t i,
    convrelay_caller_load_call_t *c)
{
    load->heap[i] = c;
    c->heap = i;
}


static void
convrelay_caller_load_stop_handler(int signo)
{
    convrelay_caller_load_stop = 1;
}
