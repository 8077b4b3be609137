
/*
 * Copyright (C) convrelay contributors
 *
 * The heap of the session's tests: it counts, and fails where it is told to.
 */


#include <malloc.h>
#include <stddef.h>


static int   armed;           /* allocations count, and may fail */
static long  countdown;       /* the one at 0 fails; < 0: none */
static int   alloc_failed;
static int   alloc_shrunk;    /* what failed was to give some back */
static long  live;            /* blocks */
static long  live_bytes;

static const convrelay_answer_t  *answer;     /* of the call under test */


#ifndef NO_OVERRIDE

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static int alloc_fails(void);
static int alloc_fits(size_t size);


/* a block into which an answer moves because it has too much room */

static int
alloc_fits(size_t size)
{
    const convrelay_llm_message_t  *m;

    m = answer ? answer->message : NULL;

    if (m == NULL) {
        return 0;
    }

    size -= offsetof(convrelay_llm_message_t, text);

    return size < answer->size
           && (size == answer->len || (m->listed && size == m->len));
}


static int
alloc_fails(void)
{
    if (!armed || countdown < 0 || countdown-- > 0) {
        return 0;
    }

    alloc_failed = 1;

    return 1;
}


void *
malloc(size_t size)
{
    void  *p;

    if (alloc_fails()) {
        alloc_shrunk = alloc_fits(size);
        return NULL;
    }

    p = __libc_malloc(size);

    if (p) {
        live++;
        live_bytes += malloc_usable_size(p);
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
        live += (old == NULL);
        live_bytes += malloc_usable_size(p) - bytes;
    }

    return p;
}


void
free(void *p)
{
    if (p) {
        live--;
        live_bytes -= malloc_usable_size(p);
    }

    __libc_free(p);
}

#endif
