
/*
 * Copyright (C) convrelay contributors
 *
 * What a process holds of the heap, and allocations that fail, to be
 * preloaded into nginx, a sanitised one too.
 *
 * CHAOS_HEAP is a file of slots, one for each process, that the test maps or
 * reads at any time.  A slot is four words of 64 bits: pid, bytes, pieces,
 * failures.  The first slot is the test's: one allocation fails in the
 * number that its second word has, none where that is 0; and the one fails
 * that takes its fourth word from 1 to 0, which each allocation counts down.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#define CHAOS_SLOTS  4096


typedef struct {
    int64_t   pid;
    int64_t   bytes;
    int64_t   pieces;
    int64_t   failures;
} chaos_slot_t;


static void take_slot(void);
static void *early(size_t size);
static int is_early(void *p);
static int fails(void);
static void *count(void *p);
static void uncount(void *p);


static chaos_slot_t   nowhere[2];
static chaos_slot_t  *slots = nowhere;
static chaos_slot_t  *slot = &nowhere[1];

static int            ready;        /* 1: the symbols are looked up, 2: done */
static int            counting;
static uint64_t       number;

static char           pool[65536];
static size_t         used;

static void        *(*next_malloc)(size_t size);
static void        *(*next_calloc)(size_t n, size_t size);
static void        *(*next_realloc)(void *p, size_t size);
static void        *(*next_memalign)(size_t alignment, size_t size);
static void         (*next_free)(void *p);


static void
look_up(void)
{
    ready = 1;

    next_malloc = dlsym(RTLD_NEXT, "malloc");
    next_calloc = dlsym(RTLD_NEXT, "calloc");
    next_realloc = dlsym(RTLD_NEXT, "realloc");
    next_memalign = dlsym(RTLD_NEXT, "memalign");
    next_free = dlsym(RTLD_NEXT, "free");

    ready = 2;
}


__attribute__((constructor)) static void
start(void)
{
    int    fd;
    char  *name;
    void  *p;

    name = getenv("CHAOS_HEAP");
    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CLOEXEC);
    if (fd == -1) {
        abort();
    }

    p = mmap(NULL, CHAOS_SLOTS * sizeof(chaos_slot_t), PROT_READ|PROT_WRITE,
             MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        abort();
    }

    slots = p;
    close(fd);

    take_slot();
    pthread_atfork(NULL, NULL, take_slot);

    counting = 1;
}


/* a child starts with what its parent has */

static void
take_slot(void)
{
    int64_t        n;
    chaos_slot_t  *mine;

    n = __atomic_add_fetch(&slots[0].pieces, 1, __ATOMIC_RELAXED);
    mine = &slots[1 + n % (CHAOS_SLOTS - 1)];

    mine->bytes = slot->bytes;
    mine->pieces = slot->pieces;
    mine->failures = 0;
    mine->pid = getpid();

    number = 88172645463325252ull ^ (mine->pid * 2654435761u);
    slot = mine;
}


/* what dlsym() itself asks for is never given back */

static void *
early(size_t size)
{
    void  *p;

    p = pool + used;
    used += (size + 15) & ~(size_t) 15;

    return (used > sizeof(pool)) ? NULL : p;
}


static int
is_early(void *p)
{
    return (char *) p >= pool && (char *) p < pool + sizeof(pool);
}


static int
fails(void)
{
    int64_t  rate;

    if (slots[0].failures > 0
        && __atomic_sub_fetch(&slots[0].failures, 1, __ATOMIC_RELAXED) == 0)
    {
        goto failed;
    }

    rate = slots[0].bytes;

    if (rate == 0) {
        return 0;
    }

    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;

    if ((number >> 20) % rate != 0) {
        return 0;
    }

failed:

    slot->failures++;
    errno = ENOMEM;

    return 1;
}


/* a sanitizer that has not begun cannot be asked for sizes */

static void *
count(void *p)
{
    if (p && counting) {
        slot->bytes += malloc_usable_size(p);
        slot->pieces++;
    }

    return p;
}


static void
uncount(void *p)
{
    if (p && counting) {
        slot->bytes -= malloc_usable_size(p);
        slot->pieces--;
    }
}


void *
malloc(size_t size)
{
    if (ready != 2) {

        if (ready == 1) {
            return early(size);
        }

        look_up();
    }

    return fails() ? NULL : count(next_malloc(size));
}


void *
calloc(size_t n, size_t size)
{
    if (ready != 2) {

        if (ready == 1) {
            return early(n * size);
        }

        look_up();
    }

    return fails() ? NULL : count(next_calloc(n, size));
}


void *
realloc(void *p, size_t size)
{
    void     *q;
    int64_t   old;

    if (ready != 2) {
        look_up();
    }

    if (is_early(p)) {
        q = malloc(size);
        return q ? memcpy(q, p, size) : NULL;
    }

    if (size && fails()) {
        return NULL;
    }

    old = (p && counting) ? malloc_usable_size(p) : 0;
    q = next_realloc(p, size);

    if (q == NULL && size) {
        return NULL;
    }

    if (p && counting) {
        slot->bytes -= old;
        slot->pieces--;
    }

    return count(q);
}


void *
memalign(size_t alignment, size_t size)
{
    if (ready != 2) {
        look_up();
    }

    return fails() ? NULL : count(next_memalign(alignment, size));
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}


int
posix_memalign(void **memptr, size_t alignment, size_t size)
{
    void  *p;

    p = memalign(alignment, size);
    if (p == NULL) {
        return ENOMEM;
    }

    *memptr = p;

    return 0;
}


void
free(void *p)
{
    if (is_early(p)) {
        return;
    }

    if (ready != 2) {
        look_up();
    }

    uncount(p);
    next_free(p);
}
