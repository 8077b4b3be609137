
/*
 * Copyright (C) convrelay contributors
 *
 * The heap of the session's tests: it counts, and fails where it is told to.
 */


#include <malloc.h>
#include <stddef.h>

#include "convrelay_session.h"


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


static struct {
    int                        armed;     /* allocations count, and may fail */
    long                       countdown; /* the one at 0 fails; < 0: none */
    int                        failed;
    int                        shrunk;    /* what failed was to give back */
    long                       live;      /* blocks */
    long                       bytes;
    const convrelay_answer_t  *answer;    /* of the call under test */
} heap = { .countdown = -1 };


#ifndef NO_OVERRIDE

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static int alloc_fails(void);
static int alloc_fits(size_t size);


/* a block into which an answer moves because it has too much room */

static int
alloc_fits(size_t size)
{
    const convrelay_llm_message_t  *m;

    m = heap.answer ? heap.answer->message : NULL;

    if (m == NULL) {
        return 0;
    }

    size -= offsetof(convrelay_llm_message_t, text);

    return size < heap.answer->size
           && (size == heap.answer->len || (m->listed && size == m->len));
}


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
        heap.shrunk = alloc_fits(size);
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
