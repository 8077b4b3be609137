
/*
 * Copyright (C) convrelay contributors
 *
 * The deadlines of a call, and the limits that a clock alone decides.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "no setup message", TIMED,
      "deadline\n"
      "    10000\n"
      "prompt \"Hi\"\n"
      "    LOG info client sent prompt before setup\n"
      "wait 9999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    LOG info client sent no setup message for 10000 ms, limit is 10000"
      " ms, closing\n"
      "    CLOSE 1008 no setup message\n"
      "deadline\n"
      "    -1\n"
      "setup \"CA1\"\n" },

    { "a clock that is late says how late", TIMED,
      "wait 10250\n"
      "clock\n"
      "    LOG info client sent no setup message for 10250 ms, limit is 10000"
      " ms, closing\n"
      "    CLOSE 1008 no setup message\n" },

    { "once a call is set up, there is no hurry", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "deadline\n"
      "    60000\n"
      "wait 10000\n"
      "clock\n" },

    { "a call too long, with and without a turn", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 59000\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "deadline\n"
      "    1000\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "wait 1000\n"
      "clock\n"
      "    LOG warn call is 60000 ms long, limit is 60000 ms, closing\n"
      "    CLOSE 1000 call is too long\n"
      "delta \" you\"\n"
      "clock\n" },

    { "... that is noticed late", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 61234\n"
      "clock\n"
      "    LOG warn call is 61234 ms long, limit is 60000 ms, closing\n"
      "    CLOSE 1000 call is too long\n" },

    { "no session is longer than twenty days", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 1727999999\n"
      "clock\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1\n"
      "clock\n"
      "    LOG warn call is 1728000000 ms long, limit is 1728000000 ms,"
      " closing\n"
      "    CLOSE 1000 call is too long\n" },

    { "a call too long is asked once for its actions", TIMED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "wait 60000\n"
      "clock\n"
      "    LOG warn call is 60000 ms long, limit is 60000 ms, closing\n"
      "    EVENT call_too_long\n"
      "clock\n"
      "done\n"
      "    SEND {\"type\":\"end\"}\n"
      "deadline\n"
      "    10000\n"
      "wait 9999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    CLOSE 1000 call has ended\n" },

    { "an end that waits has the call's time no more", TIMED_ON,
      "wait 59000\n"
      "greeting \"Hello, how are you? It is so nice to hear you.\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    3340\n"
      "wait 3340\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "an answer that does not begin", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "deadline\n"
      "    5000\n"
      "wait 4999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    LOG warn LLM's answer exceeded \"convrelay_max_answer_time\", "
      "limit is 5000 ms\n"
      "    CANCEL took too long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    55000\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "an answer that does not end: what was said stays", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 4990\n"
      "delta \"Hello, \"\n"
      "    TEXT \"Hello, \"\n"
      "wait 10\n"
      "clock\n"
      "    LOG warn LLM's answer exceeded \"convrelay_max_answer_time\", "
      "limit is 5000 ms\n"
      "    CANCEL took too long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "delta \"you\"\n"
      "end complete\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello, \"\n" },

    { "an answer too late is a failure of the LLM", TIMED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "wait 5000\n"
      "clock\n"
      "    LOG warn LLM's answer exceeded \"convrelay_max_answer_time\", "
      "limit is 5000 ms\n"
      "    CANCEL took too long\n"
      "    TEXT \"\" last\n"
      "    EVENT llm_failed\n"
      "done\n" },

    { "the time of an answer ends with it", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    60000\n"
      "prompt \"Eh?\"\n"
      "    START\n"
      "interrupt \"Hello\"\n"
      "    CANCEL\n"
      "deadline\n"
      "    60000\n"
      "wait 5000\n"
      "clock\n" },

    { "a prompt that takes a turn's place has all its time", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 4000\n"
      "prompt \"Eh?\"\n"
      "    CANCEL\n"
      "    START\n"
      "deadline\n"
      "    5000\n" },

    { "too many turns", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "prompt \"Two\"\n"
      "    CANCEL\n"
      "    START\n"
      "prompt \"...\"\n"
      "prompt \"Two\"\n"
      "prompt \"Three\"\n"
      "    CANCEL\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "prompt \"Four\"\n"
      "    LOG warn client sends too fast: 4 turns ahead, limit is 3 per "
      "minute, closing\n"
      "    CLOSE 1008 too many turns\n"
      "delta \" you\"\n" },

    { "a third of a minute later there is one more", TIMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "prompt \"Two\"\n"
      "    CANCEL\n"
      "    START\n"
      "prompt \"Three\"\n"
      "    CANCEL\n"
      "    START\n"
      "wait 20000\n"
      "prompt \"Four\"\n"
      "    CANCEL\n"
      "    START\n"
      "wait 19999\n"
      "prompt \"Five\"\n"
      "    LOG warn client sends too fast: 4 turns ahead, limit is 3 per "
      "minute, closing\n"
      "    CLOSE 1008 too many turns\n" },

    { "a turn is a prompt, whoever answers it, or keys that the LLM is asked "
      "about", TIMED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"One\"\n"
      "    EVENT prompt One\n"
      "declined \"\"\n"
      "    START\n"
      "prompt \"Two\"\n"
      "    CANCEL\n"
      "    EVENT prompt Two\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 1\n"
      "declined \"\"\n"
      "dtmf \"2\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 2\n"
      "done\n"
      "dtmf \"3\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 3\n"
      "declined \"The caller pressed 3.\"\n"
      "    START\n"
      "dtmf \"4\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 4\n"
      "declined \"The caller pressed 4.\"\n"
      "    LOG warn client sends too fast: 4 turns ahead, limit is 3 per "
      "minute, closing\n"
      "    CLOSE 1008 too many turns\n" },

    { "what is due at once comes in order, one at a time", TIMED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "wait 55000\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "wait 2000\n"
      "dtmf \"1\"\n"
      "wait 3000\n"
      "clock\n"
      "    LOG warn call is 60000 ms long, limit is 60000 ms, closing\n"
      "    CANCEL\n"
      "    EVENT call_too_long\n"
      "done\n"
      "    SEND {\"type\":\"end\"}\n"
      "clock\n"
      "deadline\n"
      "    10000\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
