
/*
 * Copyright (C) convrelay contributors
 *
 * Counts what a process holds of the heap, to be preloaded: the bytes and the
 * pieces are two words of the file MALLOC_COUNT, 64 bits each, for the test to
 * read at any time; a third one counts calls of malloc_trim().
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);


static void *count(void *p);
static void uncount(void *p);


static int64_t   nowhere[3];
static int64_t  *counts = nowhere;


__attribute__((constructor)) static void
start(void)
{
    int    fd;
    char  *name;
    void  *p;

    name = getenv("MALLOC_COUNT");
    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CREAT|O_CLOEXEC, 0600);

    if (fd == -1 || ftruncate(fd, sizeof(nowhere)) == -1) {
        abort();
    }

    p = mmap(NULL, sizeof(nowhere), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        abort();
    }

    counts = p;
    close(fd);
}


static void *
count(void *p)
{
    if (p) {
        __atomic_add_fetch(&counts[0], malloc_usable_size(p),
                           __ATOMIC_RELAXED);
        __atomic_add_fetch(&counts[1], 1, __ATOMIC_RELAXED);
    }

    return p;
}


static void
uncount(void *p)
{
    if (p) {
        __atomic_sub_fetch(&counts[0], malloc_usable_size(p),
                           __ATOMIC_RELAXED);
        __atomic_sub_fetch(&counts[1], 1, __ATOMIC_RELAXED);
    }
}


void *
malloc(size_t size)
{
    return count(__libc_malloc(size));
}


void *
calloc(size_t n, size_t size)
{
    return count(__libc_calloc(n, size));
}


void *
realloc(void *p, size_t size)
{
    void    *q;
    size_t   old;

    old = p ? malloc_usable_size(p) : 0;

    q = __libc_realloc(p, size);

    if (q == NULL && size) {
        return NULL;
    }

    if (p) {
        __atomic_sub_fetch(&counts[0], old, __ATOMIC_RELAXED);
        __atomic_sub_fetch(&counts[1], 1, __ATOMIC_RELAXED);
    }

    return count(q);
}


void *
memalign(size_t alignment, size_t size)
{
    return count(__libc_memalign(alignment, size));
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return count(__libc_memalign(alignment, size));
}


int
posix_memalign(void **memptr, size_t alignment, size_t size)
{
    void  *p;

    p = count(__libc_memalign(alignment, size));

    if (p == NULL) {
        return ENOMEM;
    }

    *memptr = p;

    return 0;
}


void
free(void *p)
{
    uncount(p);
    __libc_free(p);
}


int
malloc_trim(size_t pad)
{
    int  (*trim)(size_t pad);

    __atomic_add_fetch(&counts[2], 1, __ATOMIC_RELAXED);

    trim = (int (*)(size_t)) dlsym(RTLD_NEXT, "malloc_trim");

    return trim ? trim(pad) : 0;
}
