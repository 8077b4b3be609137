
/*
 * Copyright (C) convrelay contributors
 *
 * Phrases that are said while the caller waits for an answer.
 */


#include "session_script.h"


/* WAITING: after a second, then every five, three in a turn; the second phrase
   is empty, "find" has one of its own, and nothing is said while "hush"
   runs */

#define MOMENT                                                               \
    "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\":true,"   \
    "\"preemptible\":false}\n"

#define STILL                                                                \
    "    SEND {\"type\":\"text\",\"token\":\"I am still looking, it will "   \
    "not take long.\",\"last\":true,\"preemptible\":true}\n"

#define LOOK                                                                 \
    "    SEND {\"type\":\"text\",\"token\":\"Let me look.\",\"last\":true,"  \
    "\"preemptible\":false}\n"


static const call_t  calls[] = {

    { "a slow LLM", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "deadline\n"
      "    1000\n"
      "wait 999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      MOMENT
      "deadline\n"
      "    6065\n"
      "wait 6065\n"
      "clock\n"
      STILL
      "deadline\n"
      "    8080\n"
      "wait 8080\n"
      "clock\n"
      MOMENT
      "deadline\n"
      "    -1\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "fillers\n"
      "    3\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n" },

    { "a quick LLM needs none", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 900\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "deadline\n"
      "    -1\n"
      "delta \", you.\"\n"
      "    TEXT \", you.\"\n"
      "wait 20000\n"
      "deadline\n"
      "    -1\n"
      "fillers\n"
      "    0\n" },

    { "a tool with a phrase of its own, and the LLM's second pass", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 find {}\"\n"
      "    TOOL 1 find {}\n"
      "wait 1000\n"
      "clock\n"
      LOOK
      "wait 1100\n"
      "toolok 1 \"9 am\"\n"
      "    START\n"
      "deadline\n"
      "    5030\n"
      "wait 5030\n"
      "clock\n"
      MOMENT
      "delta \"At nine.\"\n"
      "    TEXT \"At nine.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"9 am\"\n"
      "    assistant \"At nine.\"\n" },

    { "a tool that is slow still has other phrases then", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 find {}\"\n"
      "    TOOL 1 find {}\n"
      "wait 1000\n"
      "clock\n"
      LOOK
      "wait 6130\n"
      "clock\n"
      MOMENT
      "wait 6065\n"
      "clock\n"
      LOOK },

    { "none while a tool runs that wants none", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 hush {}\"\n"
      "    TOOL 1 hush {}\n"
      "deadline\n"
      "    -1\n"
      "prompt \"Hello?\"\n"
      "toolok 1 \"9 am\"\n"
      "    START\n"
      "deadline\n"
      "    1000\n" },

    { "but another tool beside it may", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 hush {}; c2 look {}\"\n"
      "    TOOL 1 hush {}\n"
      "    TOOL 2 look {}\n"
      "deadline\n"
      "    1000\n" },

    { "since the words before the calls were played", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Let me check that.\"\n"
      "    TEXT \"Let me check that.\"\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "deadline\n"
      "    2520\n"
      "wait 2520\n"
      "clock\n"
      MOMENT
      "toolok 1 \"9 am\"\n"
      "    START\n"
      "delta \"At nine.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"At nine.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    11650\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Let me check that.\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"9 am\"\n"
      "    assistant \"At nine.\"\n" },

    { "not while the caller speaks", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 500\n"
      "partial \"and al\"\n"
      "deadline\n"
      "    2500\n"
      "client \"on\"\n"
      "deadline\n"
      "    -1\n"
      "client \"off\"\n"
      "deadline\n"
      "    1000\n"
      "wait 1000\n"
      "clock\n"
      MOMENT },

    { "nor while keys are entered, or a file plays", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 500\n"
      "dtmf \"1\"\n"
      "deadline\n"
      "    3000\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "play \"https://h/a.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://h/a.mp3\"}\n"
      "wait 3000\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "deadline\n"
      "    -1\n" },

    { "a key may have cut one: its actions wait for the interrupt", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "deadline\n"
      "    250\n"
      "interrupt 100 \"One\"\n"
      "    EVENT dtmf 1234\n"
      "say \"Thanks.\"\n"
      "    CANCEL\n"
      "    SEND {\"type\":\"text\",\"token\":\"Thanks.\",\"last\":true}\n"
      "done\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Thanks.\"\n" },

    { "an interruption of one leaves the turn as it is", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello, you.\"\n"
      "    TEXT \"Hello, you.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 2000\n"
      "prompt \"And now?\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "wait 600\n"
      "interrupt 600 \"One mom\"\n"
      "deadline\n"
      "    5000\n"
      "wait 5000\n"
      "clock\n"
      STILL
      "wait 500\n"
      "interrupt \"\"\n"
      "delta \"Now.\"\n"
      "    TEXT \"Now.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello, you.\"\n"
      "    user \"And now?\"\n"
      "    assistant \"Now.\"\n" },

    { "of the answer after it, nothing was heard", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "delta \"One day, and\"\n"
      "    TEXT \"One day, and\"\n"
      "wait 500\n"
      "interrupt 150 \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "of the answer after it, one word was", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "delta \"One day, and\"\n"
      "    TEXT \"One day, and\"\n"
      "wait 2000\n"
      "interrupt 150 \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One\"\n" },

    { "words before the calls were heard, and only those", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One sec.\"\n"
      "    TEXT \"One sec.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "wait 3000\n"
      "clock\n"
      MOMENT
      "toolok 1 \"ok\"\n"
      "    START\n"
      "delta \"One slot is yours.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"One slot is yours.\"\n"
      "wait 400\n"
      "interrupt 50 \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One sec.\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"ok\"\n" },

    { "reports of it are not of the answer", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "played \"\"\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "delta \"One moment. It is nine.\"\n"
      "    TEXT \"One moment. It is nine.\"\n"
      "played \"One moment.\"\n"
      "interrupt 50 \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "those of the answer with the same words are", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "delta \"One moment. It is nine.\"\n"
      "    TEXT \"One moment. It is nine.\"\n"
      "played \"One moment.\"\n"
      "played \"One moment.\"\n"
      "interrupt 50 \"It\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment. It\"\n" },

    { "the answer before it is reported first", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One moment, then.\"\n"
      "    TEXT \"One moment, then.\"\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "played \"One\"\n"
      "deadline\n"
      "    5182\n"
      "wait 5182\n"
      "clock\n"
      MOMENT
      "played \"moment, then.\"\n"
      "played \"One moment.\"\n"
      "deadline\n"
      "    5000\n"
      "wait 500\n"
      "toolok 1 \"nine\"\n"
      "    START\n"
      "delta \"At nine.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"At nine.\"\n"
      "played \"At nine.\"\n"
      "interrupt 50 \"nine\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment, then.\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"nine\"\n"
      "    assistant \"At nine.\"\n" },

    { "a Hello? has one at once, and restarts nothing", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 300\n"
      "prompt \"Hello?\"\n"
      MOMENT
      "wait 1000\n"
      "prompt \"Hello?\"\n"
      "wait 100\n"
      "prompt \"Are you there?\"\n"
      STILL
      "delta \"Yes.\"\n"
      "    TEXT \"Yes.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    10610\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Yes.\"\n" },

    { "a Hello? into one, while a tool runs", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "wait 500\n"
      "interrupt 100 \"One\"\n"
      "    CANCEL\n"
      "    TOOL_CANCEL 1\n"
      "wait 300\n"
      "prompt \"Hello?\"\n"
      STILL
      "    START\n" },

    { "a prompt that waits for tools", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "prompt \"Well?\"\n"
      "    CANCEL\n"
      "deadline\n"
      "    1000\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "wait 300\n"
      "prompt \"Hello?\"\n"
      "wait 200\n"
      "clock\n"
      "    START\n" },

    { "an end waits for it", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 look {}; c2 bye {}\"\n"
      "    TOOL 1 look {}\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "toolok 1 \"x\"\n"
      "    EVENT tool bye\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "done\n"
      "deadline\n"
      "    1065\n"
      "played \"One moment.\"\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "and the error message comes after it", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    11805\n" },

    { "what an action says while the LLM works", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "say \"Well.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Well.\",\"last\":false}\n"
      "deadline\n"
      "    1675\n"
      "wait 1675\n"
      "clock\n"
      MOMENT
      "over\n"
      "fillers\n"
      "    1\n" },

    { "the same phrase is not said twice in a row", ALONE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT
      "wait 6065\n"
      "clock\n"
      "deadline\n"
      "    5000\n"
      "wait 5000\n"
      "clock\n"
      "deadline\n"
      "    -1\n"
      "prompt \"Well?\"\n"
      "    CANCEL\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      MOMENT },

    { "none without a turn", WAITING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "deadline\n"
      "    10000\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end empty\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    10740\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
