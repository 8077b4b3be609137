
/*
 * Copyright (C) convrelay contributors
 *
 * Answers that the caller has cut: the LLM is told, and the marker that tells
 * it is not spoken where it writes that itself.
 */


#include "session_script.h"


#define BEGUN                                                                \
      "setup \"CA1\"\n"                                                       \
      "    SETUP\n"                                                          \
      "    RESTORE\n"                                                        \
      "none\n"                                                               \
      "prompt \"Hi\"\n"                                                       \
      "    START\n"

#define ANSWER                                                               \
      BEGUN                                                                  \
      "delta \"We are open today, \"\n"                                       \
      "    TEXT \"We are open today, \"\n"                                    \
      "delta \"and on Saturday\"\n"                                           \
      "    TEXT \"and on Saturday\"\n"

#define LOST                                                                 \
      "lost 1500 \"CA1\"\n"                                                  \
      "    SETUP\n"                                                          \
      "    RESTORE\n"


static const call_t  calls[] = {

    { "an answer that is interrupted is cut", MARKED_PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "interrupt \"We are\"\n"
      "cuts\n"
      "prompt \"What?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    START\n"
      "cuts\n"
      "    \"We are\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are\"\n"
      "    user \"What?\"\n" },

    { "an answer that goes on is not", MARKED_PAUSED,
      ANSWER
      "interrupt \"We are\"\n"
      "wait 1500\n"
      "clock\n"
      "    LOG info answer goes on 1500 ms after an interruption: no words "
      "followed\n"
      "    GO_ON\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"What?\"\n"
      "    START\n"
      "cuts\n" },

    { "without a pause, at once; one that was heard is not", MARKED,
      BEGUN
      "delta \"We are open today.\"\n"
      "    TEXT \"We are open today.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are open today\"\n"
      "cuts\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today\"\n"
      "prompt \"What?\"\n"
      "    START\n"
      "delta \"Today.\"\n"
      "    TEXT \"Today.\"\n"
      "interrupt \"Today.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "    \"Today.\"\n" },

    { "nothing was heard, so no answer is kept", MARKED,
      BEGUN
      "delta \"  \"\n"
      "    TEXT \"  \"\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "words without an interruption cut it where the LLM was", MARKED,
      ANSWER
      "prompt \"What?\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "cuts\n"
      "    \"We are open today, and on Saturday\"\n"
      "delta \"Today.\"\n"
      "    TEXT \"Today.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Ah\"\n"
      "    START\n"
      "cuts\n"
      "    \"We are open today, and on Saturday\"\n" },

    { "so does a key; what an action adds is not cut", MARKED,
      ANSWER
      "dtmf \"1\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "say \"One moment.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\":true}\n"
      "cuts\n"
      "done\n"
      "prompt \"What?\"\n"
      "    START\n"
      "delta \"Open today.\"\n"
      "    TEXT \"Open today.\"\n"
      "dtmf \"1\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "declined \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "cuts\n"
      "    \"Open today.\"\n"
      "delta \"Well\"\n"
      "    TEXT \"Well\"\n"
      "dtmf \"1\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "done\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "    \"Open today.\"\n"
      "    \"Well\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday One moment.\"\n"
      "    user \"What?\"\n"
      "    assistant \"Open today.\"\n"
      "    user \"One\"\n"
      "    assistant \"Well\"\n" },

    { "an answer that the LLM ends early is not cut", MARKED_PAUSED,
      BEGUN
      "delta \"We are open\"\n"
      "    TEXT \"We are open\"\n"
      "end failed\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "prompt \"What?\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday until "
      "midnight, or so we hope.\"\n"
      "    TEXT \"We are open today, and on Saturday until "
      "midnight, or so we \"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "cuts\n" },

    { "what the LLM vouched for was not this", MARKED,
      BEGUN
      "delta \"We are open. Bye.\"\n"
      "    TEXT \"We are open. Bye.\"\n"
      "extra \"{1}\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "cuts\n"
      "    \"We are\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are\"\n" },

    { "an answer with calls: the part that was cut", MARKED,
      BEGUN
      "delta \"Let me look for you.\"\n"
      "    TEXT \"Let me look for you.\"\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "toolok 1 \"ok\"\n"
      "    START\n"
      "delta \"Yes, on Monday.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"Yes, on Monday.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"Let me look for you. Yes,\"\n"
      "cuts\n"
      "    \"Yes,\"\n"
      "interrupt \"Let me\"\n"
      "cuts\n"
      "    \"Yes,\"\n" },

    { "the first part", MARKED,
      BEGUN
      "delta \"Let me look for you.\"\n"
      "    TEXT \"Let me look for you.\"\n"
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "toolok 1 \"ok\"\n"
      "    START\n"
      "delta \"Yes, on Monday.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"Yes, on Monday.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"Let me\"\n"
      "cuts\n"
      "    \"Let me\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Let me\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"ok\"\n" },

    { "a session that goes on has it", MARKED,
      ANSWER
      "interrupt \"We are\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "prompt \"What?\"\n"
      "    START\n"
      "delta \"Today.\"\n"
      "    TEXT \"Today.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 5000\n"
      "gone\n"
      LOST
      "restored\n"
      "cuts\n"
      "    \"We are\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are\"\n"
      "    user \"What?\"\n"
      "    assistant \"Today.\"\n" },

    { "the loss of the socket is not the caller's doing", MARKED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"We are open today,\"\n"
      "gone\n"
      "cuts\n"
      LOST
      "restored\n"
      "cuts\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today,\"\n" },

    { "during a pause, the caller's was first", MARKED_PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "cuts\n"
      LOST
      "restored\n"
      "cuts\n"
      "    \"We are\"\n" },

    { "the same without the loss of the process", MARKED_PAUSED,
      ANSWER
      "interrupt \"We are\"\n"
      "gone\n"
      "cuts\n"
      "    \"We are\"\n" },

    { "keys and actions in a pause cut it, too", MARKED_PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "say \"Hm?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Hm?\",\"last\":true}\n"
      "cuts\n"
      "    \"We are\"\n" },

    { "the rest has no words: it was heard", MARKED_PAUSED,
      BEGUN
      "delta \"We are open. \"\n"
      "    TEXT \"We are open. \"\n"
      "interrupt \"We are open\"\n"
      "end complete\n"
      "prompt \"What?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "cuts\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open\"\n"
      "    user \"What?\"\n" },

    { "the LLM's own marker is not spoken", MARKED_SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are [cut sho\"\n"
      "    TEXT \"We are\"\n"
      "deadline\n"
      "    300\n"
      "wait 299\n"
      "delta \"rt]\"\n"
      "    LOG info LLM wrote the marker of an interruption into its text, "
      "which is not spoken\n"
      "delta \" open\"\n"
      "    TEXT \" open\"\n"
      "delta \" today. [cut short]\"\n"
      "    TEXT \" today.\"\n"
      "extra \"{1}\"\n"
      "end complete\n"
      "    TEXT \" \"\n"
      "    TEXT \"\" last\n"
      "cuts\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today. \"\n"
      "prompt \"And?\"\n"
      "    START\n"
      "delta \"Bye\"\n"
      "    TEXT \"Bye\"\n"
      "delta \" now.\"\n"
      "    TEXT \" now\"\n"
      "extra \"{2}\"\n"
      "end complete\n"
      "    TEXT \".\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today. \"\n"
      "    user \"And?\"\n"
      "    assistant \"Bye now.\"\n"
      "    extra \"{2}\"\n" },

    { "its beginning waits for 300 ms at most", MARKED_PAUSED,
      BEGUN
      "delta \"See [cut\"\n"
      "    TEXT \"See \"\n"
      "deadline\n"
      "    300\n"
      "wait 200\n"
      "delta \" sho\"\n"
      "deadline\n"
      "    100\n"
      "wait 100\n"
      "clock\n"
      "    TEXT \"[cut sho\"\n"
      "deadline\n"
      "    -1\n"
      "delta \"rt] <b> [c\"\n"
      "    TEXT \"rt] <b> \"\n"
      "end complete\n"
      "    TEXT \"[c\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"See [cut short] <b> [c\"\n" },

    { "an answer of nothing else is empty", MARKED,
      BEGUN
      "delta \"[cut short]\"\n"
      "    LOG info LLM wrote the marker of an interruption into its text, "
      "which is not spoken\n"
      "end complete\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "one without an end is too long", MARKED_PAUSED,
      BEGUN
      "delta \"[cut short][cut short][cut short][cut short][cut short]\"\n"
      "    LOG info LLM wrote the marker of an interruption into its text, "
      "which is not spoken\n"
      "delta \"[cut short]\"\n"
      "    LOG warn answer is too long, and none of it can be spoken\n"
      "    CANCEL wrote too much that cannot be spoken\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "before a call in the text", MARKED,
      BEGUN
      "delta \"[cut short] book({\\\"day\\\":1})\"\n"
      "    LOG info LLM wrote the marker of an interruption into its text, "
      "which is not spoken\n"
      "    LOG err LLM wrote a tool call into its text, which is not spoken\n"
      "    CANCEL\n"
      "    START\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
