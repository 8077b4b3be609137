
/*
 * Copyright (C) convrelay contributors
 *
 * A heap for the tests: it counts, and fails where it is told to.  A test that
 * has to know more of a malloc() that failed defines HEAP_LOST and heap_lost().
 */


#ifndef CONVRELAY_HEAP_H_INCLUDED
#define CONVRELAY_HEAP_H_INCLUDED


#include <malloc.h>
#include <stddef.h>


#if defined(__SANITIZE_ADDRESS__)
#define NO_OVERRIDE  1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_OVERRIDE  1
#endif
#endif

#if !defined(__GLIBC__) && !defined(NO_OVERRIDE)
#define NO_OVERRIDE  1
#endif


/* volatile: compilers assume that malloc() and free() do not look at it */

__attribute__((unused))
static volatile struct {
    int                        armed;     /* allocations count, and may fail */
    long                       countdown; /* the one at 0 fails; < 0: none */
    int                        failed;
    long                       live;      /* blocks */
    long                       bytes;
} heap = { .countdown = -1 };


#ifndef NO_OVERRIDE

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static int alloc_fails(void);

#ifdef HEAP_LOST
static void heap_lost(size_t size);
#else
#define heap_lost(size)
#endif


static int
alloc_fails(void)
{
    if (!heap.armed || heap.countdown < 0 || heap.countdown-- > 0) {
        return 0;
    }

    heap.failed = 1;

    return 1;
}


void *
malloc(size_t size)
{
    void  *p;

    if (alloc_fails()) {
        heap_lost(size);
        return NULL;
    }

    p = __libc_malloc(size);

    if (p) {
        heap.live++;
        heap.bytes += malloc_usable_size(p);
    }

    return p;
}


void *
calloc(size_t n, size_t size)
{
    void  *p;

    if (alloc_fails()) {
        return NULL;
    }

    p = __libc_calloc(n, size);

    if (p) {
        heap.live++;
        heap.bytes += malloc_usable_size(p);
    }

    return p;
}


void *
realloc(void *old, size_t size)
{
    void  *p;
    long   bytes;

    bytes = old ? malloc_usable_size(old) : 0;

    if (alloc_fails()) {
        return NULL;
    }

    p = __libc_realloc(old, size);

    if (p) {
        heap.live += (old == NULL);
        heap.bytes += malloc_usable_size(p) - bytes;
    }

    return p;
}


void
free(void *p)
{
    if (p) {
        heap.live--;
        heap.bytes -= malloc_usable_size(p);
    }

    __libc_free(p);
}

#endif


#endif /* CONVRELAY_HEAP_H_INCLUDED */
