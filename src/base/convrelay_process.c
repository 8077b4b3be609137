
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_process.h"


#define CONVRELAY_PROCESS_START  20   /* fields after the name of the program */


static uint32_t convrelay_process_bits(uint64_t start);


pid_t
convrelay_process(pid_t pid, uint64_t start)
{
    if (pid <= 0 || (uint32_t) pid >> CONVRELAY_PROCESS_PID_BITS) {
        return 0;
    }

    return (pid_t) ((uint32_t) pid | (convrelay_process_bits(start)
                                      << CONVRELAY_PROCESS_PID_BITS));
}


/* those of two processes that start within five seconds differ */

static uint32_t
convrelay_process_bits(uint64_t start)
{
    return start % CONVRELAY_PROCESS_STARTS + 1;
}


pid_t
convrelay_process_pid(pid_t process)
{
    return (pid_t) ((uint32_t) process
                    & ((1u << CONVRELAY_PROCESS_PID_BITS) - 1));
}


int
convrelay_process_has_start(pid_t process)
{
    return (uint32_t) process >> CONVRELAY_PROCESS_PID_BITS != 0;
}


int
convrelay_process_started(pid_t process, uint64_t start)
{
    return (uint32_t) process >> CONVRELAY_PROCESS_PID_BITS
           == convrelay_process_bits(start);
}


int
convrelay_process_start(const u_char *stat, size_t len, uint64_t *start)
{
    unsigned       n;
    uint64_t       time;
    const u_char  *p, *last;

    last = stat + len;

    /* the name is in parentheses, and can have any characters itself */

    for (p = last; p > stat && p[-1] != ')'; p--) { /* void */ }

    if (p == stat) {
        return CONVRELAY_ERROR;
    }

    for (n = 0; n < CONVRELAY_PROCESS_START; n++) {

        while (p < last && *p != ' ') {
            p++;
        }

        if (p == last) {
            return CONVRELAY_ERROR;
        }

        p++;
    }

    time = 0;

    for (n = 0; p < last && convrelay_is_digit(*p); p++) {

        if (++n > 18) {
            return CONVRELAY_ERROR;
        }

        time = time * 10 + (*p - '0');
    }

    /* the next field follows: the number was not cut */

    if (n == 0 || p == last || *p != ' ') {
        return CONVRELAY_ERROR;
    }

    *start = time;

    return CONVRELAY_OK;
}
