
/*
 * Copyright (C) convrelay contributors
 *
 * A function runs in a child, one machine instruction at a time, so that what
 * it does to shared memory can be looked at wherever a kill could stop it.
 */


#ifndef CONVRELAY_STEPS_H_INCLUDED
#define CONVRELAY_STEPS_H_INCLUDED


#include <signal.h>
#include <sys/wait.h>

#if (__linux__)
#include <sys/ptrace.h>
#endif

#include "tap.h"


/* a child that waits to be stepped through run(data), or -1 */

static pid_t
steps_child(void (*run)(void *data), void *data)
{
#if (__linux__)
    int    status;
    pid_t  pid;

    fflush(stdout);

    pid = fork();

    if (pid == 0) {

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
            _exit(2);
        }

        raise(SIGSTOP);
        run(data);
        _exit(0);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        return -1;
    }

    return pid;
#else
    return -1;
#endif
}


/* 0: it has ended */

static int
steps_next(pid_t pid)
{
#if (__linux__)
    int  status;

    if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1
        || waitpid(pid, &status, 0) != pid)
    {
        return 0;
    }

    return WIFSTOPPED(status);
#else
    return 0;
#endif
}


static void
steps_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}


static void
steps_nothing(void *data)
{
}


/* whether children can be stepped through here */

static int
steps_can(void)
{
    pid_t       pid;
    const char  *preload;

    /* under valgrind its own instructions would be stepped through */

    preload = getenv("LD_PRELOAD");

    if (preload && strstr(preload, "vgpreload")) {
        return 0;
    }

    pid = steps_child(steps_nothing, NULL);

    if (pid == -1 || !steps_next(pid)) {
        return 0;
    }

    steps_end(pid);

    return 1;
}


#endif /* CONVRELAY_STEPS_H_INCLUDED */
