
/*
 * Copyright (C) convrelay contributors
 *
 * The caller's silence, "Hello?", times of the call, questions of actions.
 */


#include "session_script.h"


/* MANNERS: stages after 10, 5 and 20 seconds, two minutes at most */

static const call_t  calls[] = {

    { "stages, each from the end of the words before", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "deadline\n"
      "    10000\n"
      "wait 9999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    EVENT silence 1\n"
      "say \"Are you there?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Are you there?\","
      "\"last\":true}\n"
      "done\n"
      "deadline\n"
      "    6260\n"
      "wait 6260\n"
      "clock\n"
      "    EVENT silence 2\n"
      "done\n"
      "deadline\n"
      "    20000\n"
      "wait 20000\n"
      "clock\n"
      "    EVENT silence 3\n"
      "declined \"\"\n"
      "history\n"
      "    assistant \"Are you there?\"\n" },

    { "from the reports of what was heard, where there are any", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "deadline\n"
      "    60000\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "speaking \"on\"\n"
      "deadline\n"
      "    60000\n"
      "wait 4000\n"
      "speaking \"off\"\n"
      "deadline\n"
      "    10000\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello, you.\"\n"
      "    TEXT \"Hello, you.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    13597\n"
      "wait 1000\n"
      "played \"Hello, you.\"\n"
      "deadline\n"
      "    10000\n" },

    { "not before the greeting was heard", MANNERS,
      "greeting \"Hello, this is the practice.\"\n"
      "    SETUP\n"
      "deadline\n"
      "    12170\n" },

    { "a call that speaks is not silent", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 9000\n"
      "partial \"I wo\"\n"
      "deadline\n"
      "    10000\n"
      "wait 10000\n"
      "clock\n"
      "    EVENT silence 1\n"
      "done\n"
      "wait 4000\n"
      "client \"on\"\n"
      "wait 30000\n"
      "clock\n"
      "client \"off\"\n"
      "wait 6999\n"
      "clock\n"
      "wait 3001\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "done\n"
      "clock\n"
      "    EVENT silence 1\n"
      "done\n"
      "interrupt \"\"\n"
      "    EVENT interrupt\n"
      "done\n"
      "deadline\n"
      "    10000\n" },

    { "nor one that presses keys", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 9999\n"
      "dtmf \"1\"\n"
      "wait 2999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "declined \"\"\n"
      "deadline\n"
      "    7000\n" },

    { "nor is it counted while the LLM works, or a file plays", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 20000\n"
      "clock\n"
      "end failed\n"
      "    EVENT llm_failed\n"
      "done\n"
      "deadline\n"
      "    10000\n"
      "play \"https://h/a.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://h/a.mp3\"}\n"
      "deadline\n"
      "    40000\n" },

    { "hold, and what ends it", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 1000\n"
      "hold 30000\n"
      "deadline\n"
      "    40000\n"
      "partial \"I'm ba\"\n"
      "deadline\n"
      "    10000\n" },

    { "a wait that is too long for the call", PRESENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "hold 1727980000\n"
      "deadline\n"
      "    1727990000\n"
      "hold 4294967300\n"
      "deadline\n"
      "    -1\n"
      "hold 18446744073709551\n"
      "deadline\n"
      "    -1\n" },

    { "two minutes without a prompt or a key, whatever else there is",
      MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "client \"on\"\n"
      "wait 60000\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "done\n"
      "partial \"uh\"\n"
      "wait 30000\n"
      "clock\n"
      "    EVENT call_time 90s\n"
      "done\n"
      "wait 29999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    LOG warn caller was neither heard nor pressed a key for "
      "convrelay_max_idle_time\n"
      "    EVENT silence 3\n"
      "say \"Bye.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Bye.\",\"last\":true}\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    610\n"
      "wait 610\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "an end that waits ends the silence", MANNERS,
      "greeting \"Hello, this is the practice.\"\n"
      "    SETUP\n"
      "hangup \"\"\n"
      "deadline\n"
      "    2170\n" },

    { "hold outlasts the end of the words that asked for it", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "client \"on\"\n"
      "hold 30000\n"
      "wait 100\n"
      "client \"off\"\n"
      "deadline\n"
      "    39900\n" },

    { "words that are reported later than estimated", MANNERS,
      "greeting \"Hello, you all.\"\n"
      "    SETUP\n"
      "wait 9000\n"
      "played \"Hello,\"\n"
      "deadline\n"
      "    10000\n" },

    { "a question of actions is a turn", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 10000\n"
      "clock\n"
      "    EVENT silence 1\n"
      "ask \"The caller\"\n"
      "ask \"The caller is silent.\"\n"
      "done\n"
      "    START\n"
      "delta \"Hello?\"\n"
      "    TEXT \"Hello?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"The caller is silent.\"\n"
      "    assistant \"Hello?\"\n" },

    { "... counted as one, and taking the place of another", MANNERS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "prompt \"Two\"\n"
      "    CANCEL\n"
      "    START\n"
      "wait 60000\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "ask \"Three\"\n"
      "done\n"
      "    CANCEL\n"
      "    START\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "    EVENT interrupt\n"
      "ask \"\"\n"
      "done\n"
      "ask \"Four\"\n"
      "over\n" },

    { "\"Hello?\" does not make a wait longer", PRESENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hello?\"\n"
      "    START\n"
      "prompt \"Hello? Are you there?\"\n"
      "prompt \"On Monday\"\n"
      "    CANCEL\n"
      "    START\n"
      "delta \"Yes\"\n"
      "    TEXT \"Yes\"\n"
      "prompt \"Hello?\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "stats\n"
      "    turns 3 interrupts 0 tokens 1\n"
      "history\n"
      "    user \"Hello?\"\n"
      "    user \"On Monday\"\n"
      "    assistant \"Yes\"\n"
      "    user \"Hello?\"\n" },

    { "silence without a rule for it", PRESENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "wait 10000\n"
      "clock\n"
      "deadline\n"
      "    5000\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
