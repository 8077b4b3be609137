
/*
 * Copyright (C) convrelay contributors
 *
 * A process in a word: its pid, and some of the time when it started.
 */


#include "convrelay_process.h"
#include "tap.h"


static void word_test(void);
static void stat_test(void);
static int start(const char *text, size_t len, uint64_t *time);


int
main(void)
{
    word_test();
    stat_test();

    return tap_done();
}


static void
word_test(void)
{
    pid_t     process, pid, other;
    uint64_t  time;
    unsigned  wrong, i;

    static const pid_t  pids[] = { 1, 2, 32767, 4194303 };

    wrong = 0;

    for (i = 0; i < 4; i++) {
        pid = pids[i];

        for (time = 0; time < 2000; time++) {
            process = convrelay_process(pid, time);

            wrong += (process <= 0 || convrelay_process_pid(process) != pid
                      || !convrelay_process_has_start(process)
                      || !convrelay_process_started(process, time)
                      || convrelay_process_started(process, time + 1)
                      || convrelay_process_started(process, time + 510)
                      || !convrelay_process_started(process, time + 511));
        }

        wrong += (convrelay_process_pid(pid) != pid
                  || convrelay_process_has_start(pid)
                  || convrelay_process_started(pid, 0));
    }

    tap_ok(wrong == 0, "the word has the pid and the time");

    process = convrelay_process(4194303, UINT64_MAX);

    tap_ok(process > 0 && convrelay_process_pid(process) == 4194303,
           "also where both are the largest");

    other = convrelay_process(4194304, 1);

    tap_ok(other == 0 && convrelay_process(0, 1) == 0
           && convrelay_process(-1, 1) == 0, "a pid that has no room");
}


static void
stat_test(void)
{
    size_t       len;
    uint64_t     time;
    unsigned     wrong;
    const char  *text;

    tap_ok(start("17 (nginx) S 1 17 17 0 -1 4194560 123 0 0 0 1 2 0 0 20 0 "
                 "1 0 987654321 4096\n", 0, &time) == CONVRELAY_OK
           && time == 987654321, "the 22nd field is the time");

    tap_ok(start("17 (a b) (c) d) S 1 17 17 0 -1 4194560 123 0 0 0 1 2 0 0 "
                 "20 0 1 0 5 4096\n", 0, &time) == CONVRELAY_OK && time == 5,
           "after a name with blanks and parentheses");

    text = "17 (nginx) S 1 17 17 0 -1 4194560 123 0 0 0 1 2 0 0 20 0 1 0 98 ";
    wrong = 0;

    for (len = 0; len < strlen(text); len++) {
        wrong += (start(text, len ? len : SIZE_MAX, &time) == CONVRELAY_OK);
    }

    tap_ok(wrong == 0 && start(text, 0, &time) == CONVRELAY_OK && time == 98,
           "a text that is cut has none");

    tap_ok(start("17 (nginx) S 1 17 17 0 -1 4194560 123 0 0 0 1 2 0 0 20 0 1 "
                 "0 -1 5\n", 0, &time) == CONVRELAY_ERROR
           && start("17 (nginx) S 1 17 17 0 -1 4194560 123 0 0 0 1 2 0 0 20 "
                    "0 1 0 1234567890123456789 5\n", 0, &time)
              == CONVRELAY_ERROR
           && start("17 nginx S", 0, &time) == CONVRELAY_ERROR,
           "nor has one that is another text");
}


/* len: 0, all of it; SIZE_MAX, nothing; in a copy, so that reading past its end
   is seen */

static int
start(const char *text, size_t len, uint64_t *time)
{
    int      rc;
    u_char  *copy;

    len = (len == 0) ? strlen(text) : (len == SIZE_MAX) ? 0 : len;

    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    *time = 0;
    rc = convrelay_process_start(copy, len, time);

    free(copy);

    return rc;
}
