
/*
 * Copyright (C) convrelay contributors
 */


#define _GNU_SOURCE

#include <stdarg.h>
#include <unistd.h>

#include "bench.h"


#define BENCH_EVENTS  256
#define BENCH_STALL   (20 * BENCH_SECOND)


static int64_t bench_wait(int64_t until, struct epoll_event *events, int *n);
static void bench_expire(void);
static void bench_up(size_t i);
static void bench_down(size_t i);
static void bench_place(size_t i, bench_call_t *c);
static void bench_batch_next(void);
static void bench_batch_idle(bench_call_t *c);
static int bench_batch_over(void);


static struct {
    bench_call_pt   start;
    unsigned        next;
    unsigned        last;
    unsigned        done;
    unsigned        count;
} bench_batched;


int64_t
bench_clock(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * BENCH_SECOND + ts.tv_nsec;
}


void
bench_watch(bench_event_t *ev, unsigned events)
{
    int                 op;
    struct epoll_event  ee;

    if (events == ev->events) {
        return;
    }

    op = ev->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = events;
    ee.data.ptr = ev;

    if (epoll_ctl(bench.epoll, op, ev->fd, &ee) == -1) {
        perror("epoll_ctl");
        exit(2);
    }

    ev->events = events;
}


/* the socket is closed, events that were read for it are void */

void
bench_unwatch(bench_event_t *ev)
{
    if (ev->fd != -1) {
        close(ev->fd);
    }

    ev->fd = -1;
    ev->events = 0;
}


void
bench_loop(int64_t until, bench_over_pt over)
{
    int                 i, n;
    bench_event_t      *ev;
    struct epoll_event  events[BENCH_EVENTS];

    bench.now = bench_clock();

    while (bench.now < until && !(over && over())) {
        bench.now = bench_wait(until, events, &n);

        for (i = 0; i < n; i++) {
            ev = events[i].data.ptr;

            if (ev->fd != -1) {
                ev->handler(ev, events[i].events);
            }
        }

        bench_expire();
    }
}


static int64_t
bench_wait(int64_t until, struct epoll_event *events, int *n)
{
    int64_t          left;
    struct timespec  ts;

    left = until - bench.now;

    if (bench.nheap && bench.heap[1]->due - bench.now < left) {
        left = bench.heap[1]->due - bench.now;
    }

    if (left < 0) {
        left = 0;
    }

    if (left > 50 * BENCH_MS) {
        left = 50 * BENCH_MS;
    }

    ts.tv_sec = 0;
    ts.tv_nsec = left;

    *n = epoll_pwait2(bench.epoll, events, BENCH_EVENTS, &ts, NULL);

    return bench_clock();
}


static void
bench_expire(void)
{
    bench_call_t  *c;

    while (bench.nheap && bench.heap[1]->due <= bench.now) {
        c = bench.heap[1];
        bench_timer(c, 0);

        if (c->stream && c->what == BENCH_DUE_NOTHING) {
            bench_model_due(c);

        } else {
            bench_call_due(c);
        }
    }
}


void
bench_timer(bench_call_t *c, int64_t at)
{
    size_t         i;
    bench_call_t  *last;

    i = c->heap;

    if (i) {
        last = bench.heap[bench.nheap--];
        c->heap = 0;

        if (last != c) {
            bench_place(i, last);
            bench_up(i);
            bench_down(last->heap);
        }
    }

    if (at == 0) {
        return;
    }

    c->due = at;
    bench_place(++bench.nheap, c);
    bench_up(bench.nheap);
}


static void
bench_up(size_t i)
{
    bench_call_t  *c;

    c = bench.heap[i];

    while (i > 1 && bench.heap[i / 2]->due > c->due) {
        bench_place(i, bench.heap[i / 2]);
        i /= 2;
    }

    bench_place(i, c);
}


static void
bench_down(size_t i)
{
    size_t         child;
    bench_call_t  *c;

    c = bench.heap[i];

    for ( ;; ) {
        child = 2 * i;

        if (child > bench.nheap) {
            break;
        }

        if (child < bench.nheap
            && bench.heap[child + 1]->due < bench.heap[child]->due)
        {
            child++;
        }

        if (bench.heap[child]->due >= c->due) {
            break;
        }

        bench_place(i, bench.heap[child]);
        i = child;
    }

    bench_place(i, c);
}


static void
bench_place(size_t i, bench_call_t *c)
{
    bench.heap[i] = c;
    c->heap = i;
}


void
bench_batch(unsigned first, unsigned last, unsigned at_once,
    bench_call_pt start)
{
    unsigned       done;
    bench_call_pt  idle;

    idle = bench.idle;
    bench.idle = bench_batch_idle;

    bench_batched.start = start;
    bench_batched.next = first;
    bench_batched.last = last;
    bench_batched.count = last - first;
    bench_batched.done = 0;

    while (at_once--) {
        bench_batch_next();
    }

    do {
        done = bench_batched.done;
        bench_loop(bench_clock() + BENCH_STALL, bench_batch_over);
    } while (bench_batched.done != done && !bench_batch_over());

    if (!bench_batch_over()) {
        bench_fault(&bench.failed, "%u of %u calls got no further",
                    bench_batched.count - bench_batched.done,
                    bench_batched.count);
    }

    bench_batched.next = bench_batched.last;
    bench.idle = idle;
}


static void
bench_batch_next(void)
{
    if (bench_batched.next < bench_batched.last) {
        bench_batched.start(&bench.calls[bench_batched.next++]);
    }
}


static void
bench_batch_idle(bench_call_t *c)
{
    bench_batched.done++;
    bench_batch_next();
}


static int
bench_batch_over(void)
{
    return bench_batched.done >= bench_batched.count;
}


void
bench_fault(uint64_t *counter, const char *fmt, ...)
{
    va_list  args;

    (*counter)++;

    if (bench.error[0]) {
        return;
    }

    va_start(args, fmt);
    vsnprintf(bench.error, sizeof(bench.error), fmt, args);
    va_end(args);
}


void *
bench_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size ? size : 1);

    if (p == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }

    return p;
}
