
/*
 * Copyright (C) convrelay contributors
 *
 * A process in a word of 32 bits that shared memory can hold: its pid, and
 * above that 9 bits of the time when it started, so that another process that
 * has its pid later is another one.
 *
 * Linux has pids of at most 22 bits.  The word is not negative, and 0 is none.
 * Without the time, where it is not known, the word is the pid.
 */


#ifndef CONVRELAY_PROCESS_H_INCLUDED
#define CONVRELAY_PROCESS_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_PROCESS_PID_BITS  22
#define CONVRELAY_PROCESS_STARTS    511   /* start times that differ */


/* 0: pid is too large for one */
pid_t convrelay_process(pid_t pid, uint64_t start);

pid_t convrelay_process_pid(pid_t process);

/* true if it has a time, which start, of the process that has its pid now, is
   or is not */
int convrelay_process_has_start(pid_t process);
int convrelay_process_started(pid_t process, uint64_t start);

/* the time in the text of /proc/PID/stat, in ticks since the machine started.
   CONVRELAY_OK, or CONVRELAY_ERROR: it has none */
int convrelay_process_start(const u_char *stat, size_t len, uint64_t *start);


#endif /* CONVRELAY_PROCESS_H_INCLUDED */
