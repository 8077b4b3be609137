
/*
 * Copyright (C) convrelay contributors
 *
 * Calls that go on after their socket was lost.
 */


#include "session_script.h"


#define UNSURE  "{\"ok\":false,\"error\":\"MAY have been done: the line was "  \
                "cut, check before doing it again\"}"


#define BEGUN                                                                \
      "setup \"CA1\"\n"                                                       \
      "    SETUP\n"                                                          \
      "    RESTORE\n"                                                        \
      "none\n"

#define BEGUN_ON                                                             \
      BEGUN                                                                  \
      "    EVENT setup\n"                                                    \
      "done\n"

/* spoken in 1.975 s */
#define ANSWERED                                                             \
      BEGUN                                                                  \
      "prompt \"Hi\"\n"                                                       \
      "    START\n"                                                          \
      "delta \"Hello there. How are you?\"\n"                                 \
      "    TEXT \"Hello there. How are you?\"\n"                              \
      "end complete\n"                                                       \
      "    TEXT \"\" last\n"

#define LOST                                                                 \
      "lost 1500 \"CA1\"\n"                                                  \
      "    SETUP\n"                                                          \
      "    RESTORE\n"


static const call_t  calls[] = {

    { "a new call has no earlier session", KEPT_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "prompt \"Hi\"\n"
      "deadline\n"
      "    600000\n"
      "context\n"
      "none\n"
      "    EVENT setup\n"
      "done\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n" },

    { "without a callSid none is looked for", KEPT_ON,
      "setup \"\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "state\n"
      "    \n" },

    { "a conversation goes on", KEPT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 5000\n"
      "gone\n"
      "lost 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n"
      "lang\n"
      "    \"en-US\"\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 1\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Bye.\"\n"
      "    TEXT \"Bye.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n"
      "    user \"Bye\"\n"
      "    assistant \"Bye.\"\n" },

    { "a question without an answer is asked again", KEPT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "lost 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 0\n"
      "prompt \"Hi\"\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "prompt \"Hi\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n"
      "played \"Hello.\"\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "within five seconds, and not after other words", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "prompt \"What?\"\n"
      "    CANCEL\n"
      "    START\n"
      "prompt \"Hi\"\n"
      "    CANCEL\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "wait 4999\n"
      "prompt \"Hi\"\n"
      "wait 1\n"
      "prompt \"Hi\"\n"
      "    CANCEL\n"
      "    START\n" },

    { "nor after the LLM failed", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "nor after an interrupt", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "but not after half a minute", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "lost 30000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "lost 30001 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "resumed\n"
      "    2 lost\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "an answer that had begun is given again", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello there.\"\n"
      "    TEXT \"Hello there.\"\n"
      "played \"Hello\"\n"
      "gone\n"
      "delta \" How are you?\"\n"
      "prompt \"Bye\"\n"
      "clock\n"
      LOST
      "restored\n"
      "    START\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "nothing was lost", KEPT,
      ANSWERED
      "wait 2000\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1\n" },

    { "an answer is spoken until it was reported", KEPT,
      ANSWERED
      "played \"Hello there. How\"\n"
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How\"\n" },

    { "a pause after it, and none of it was reported", KEPT,
      ANSWERED
      "played \"Welcome\"\n"
      "wait 1975\n"
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n" },

    { "that it was is enough", KEPT,
      ANSWERED
      "played \"Hello there. How are you?\"\n"
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n" },

    { "without reports all of it is kept", KEPT,
      ANSWERED
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n" },

    { "with reports in the call, and none for it, it is given again", KEPT,
      ANSWERED
      "played \"Welcome\"\n"
      "gone\n"
      LOST
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 1\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "a process is killed while it is spoken", KEPT,
      ANSWERED
      "played \"Hello there. How\"\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How\"\n" },

    { "a process is killed after it", KEPT,
      ANSWERED
      "played \"Hello there. How\"\n"
      "lost 3600 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "resumed\n"
      "    1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n" },

    { "a process is killed, and there were no reports", KEPT,
      ANSWERED
      LOST
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n" },

    { "an answer of which nothing was heard, and its extra", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      LOST
      "restored\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n"
      "    extra \"{}\"\n" },

    { "the greeting is said once", KEPT,
      "greeting \"Welcome.\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "wait 2000\n"
      "lostgreeting 1500 \"Welcome back.\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "history\n"
      "    assistant \"Welcome.\"\n" },

    { "words in place of the setup's", KEPT_ON,
      BEGUN_ON
      "lost 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    EVENT resume\n"
      "say \"Sorry.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Sorry.\",\"last\":true}\n"
      "done\n"
      "history\n"
      "    assistant \"Sorry.\"\n" },

    { "before the answer they are not in the history", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "say \"Sorry.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Sorry.\",\"last\":true}\n"
      "done\n"
      "    START\n"
      "played \"Sorry.\"\n"
      "prompt \"Hi\"\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n" },

    { "no actions for it", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "declined \"\"\n"
      "    START\n" },

    { "they ask something", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "ask \"Say sorry.\"\n"
      "done\n"
      "    START\n"
      "prompt \"Hi\"\n"
      "    CANCEL\n"
      "    EVENT prompt Hi\n" },

    { "they end the call", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "hangup \"\"\n"
      "    SEND {\"type\":\"end\"}\n"
      "done\n" },

    { "a question that actions answered is not asked", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "play \"https://a/b.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://a/b.mp3\"}\n"
      "done\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "resumed\n"
      "    1\n" },

    { "failures in a row", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "wait 5000\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "end failed\n"
      "    EVENT llm_failed\n" },

    { "a turn of such an event has none after a resume, either", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hello\"\n"
      "    EVENT prompt Hello\n"
      "declined \"\"\n"
      "    START\n"
      "end failed\n"
      "    EVENT llm_failed\n"
      "ask \"Try.\"\n"
      "done\n"
      "    START\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "the rate of turns", KEPT_ON,
      BEGUN_ON
      "prompt \"1\"\n"
      "    EVENT prompt 1\n"
      "done\n"
      "prompt \"2\"\n"
      "    EVENT prompt 2\n"
      "done\n"
      "prompt \"3\"\n"
      "    EVENT prompt 3\n"
      "done\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "prompt \"4\"\n"
      "    LOG warn client sends too fast: 4 turns ahead, limit is 3 per "
      "minute, closing\n"
      "    CLOSE 1008 too many turns\n" },

    { "times of the call", KEPT,
      BEGUN
      "wait 61000\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "done\n"
      "deadline\n"
      "    29000\n"
      LOST
      "restored\n"
      "deadline\n"
      "    27500\n"
      "wait 27499\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    EVENT call_time 90s\n"
      "done\n"
      "deadline\n"
      "    510000\n" },

    { "those that passed meanwhile", KEPT,
      BEGUN
      "lost 600000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "done\n"
      "clock\n"
      "    EVENT call_time 90s\n"
      "done\n"
      "clock\n"
      "    LOG warn call is 600000 ms long, limit is 600000 ms, closing\n"
      "    CLOSE 1000 call is too long\n" },

    { "another call", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "lost 1500 \"CA2\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    LOG err stored state of the call is of another call, the call "
      "starts without its history\n"
      "history\n"
      "resumed\n"
      "    0\n" },

    { "a context is asked for again", KEPT_INFORMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "context\n"
      "none\n"
      "    CONTEXT\n"
      "restored\n"
      "context\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    START\n"
      LOST
      "context\n"
      "restored\n"
      "    CONTEXT\n"
      "prompt \"Hi\"\n"
      "deadline\n"
      "    58500\n"
      "context\n"
      "    EVENT resume\n"
      "done\n"
      "    START\n" },

    { "an end with a hand-off, and back", KEPT,
      ANSWERED
      "played \"Hello there. How are you?\"\n"
      "hangup \"{}\"\n"
      "    SEND {\"type\":\"end\",\"handoffData\":\"{}\"}\n"
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "an end of which nothing was heard is not given again", KEPT,
      ANSWERED
      "played \"Welcome\"\n"
      "hangup \"\"\n"
      "gone\n"
      LOST
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "what changes the version", KEPT,
      BEGUN
      "changed\n"
      "    yes\n"
      "partial \"H\"\n"
      "client \"on\"\n"
      "dtmf \"1\"\n"
      "changed\n"
      "    no\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "changed\n"
      "    yes\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "delta \" Let me look.\"\n"
      "    TEXT \" Let me look.\"\n"
      "played \"Hello.\"\n"
      "changed\n"
      "    no\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "changed\n"
      "    yes\n"
      "toolok 1 \"17\"\n"
      "    START\n"
      "changed\n"
      "    yes\n"
      "delta \"It is 17.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"It is 17.\"\n"
      "changed\n"
      "    no\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "changed\n"
      "    yes\n"
      "played \"Let me look.\"\n"
      "changed\n"
      "    no\n"
      "interrupt \"It is\"\n"
      "changed\n"
      "    yes\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "changed\n"
      "    yes\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "changed\n"
      "    no\n"
      "say \"Bye.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Bye.\",\"last\":true}\n"
      "changed\n"
      "    yes\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "changed\n"
      "    yes\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "changed\n"
      "    yes\n"
      "wait 60000\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "done\n"
      "changed\n"
      "    no\n"
      "clock\n"
      "    EVENT call_time 1m\n"
      "done\n"
      "changed\n"
      "    yes\n"
      "gone\n"
      "changed\n"
      "    yes\n"
      LOST
      "restored\n"
      "changed\n"
      "    yes\n" },

    { "a tool without a result", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Let me look.\"\n"
      "    TEXT \"Let me look.\"\n"
      "calls \"c1 book {}; c2 pay {}\"\n"
      "    TOOL 1 book {}\n"
      "    TOOL 2 pay {}\n"
      "toolok 2 \"{}\"\n"
      LOST
      "awaited\n"
      "    again\n"
      "prompt \"Hi\"\n"
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Let me look.\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c1 \"" UNSURE "\"\n"
      "    tool c2 \"{}\"\n" },

    { "its result comes", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "gone\n"
      "toolok 1 \"17\"\n"
      LOST
      "awaited\n"
      "    START\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 0\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"17\"\n" },

    { "unless a later question was answered", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"Welcome\"\n"
      "prompt \"Music\"\n"
      "    EVENT prompt Music\n"
      "play \"a\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"a\"}\n"
      "done\n"
      "gone\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "history\n"
      "    user \"Hi\"\n"
      "    user \"Music\"\n" },

    { "or another answer is before it", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello.\"\n"
      "    TEXT \"Hello.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Bad\"\n"
      "    START\n"
      "delta \"Well.\"\n"
      "    TEXT \"Well.\"\n"
      "end rejected\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "played \"Welcome\"\n"
      "gone\n"
      LOST
      "restored\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello.\"\n" },

    { "words of actions are not given again", KEPT_ON,
      BEGUN_ON
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "say \"Hello.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Hello.\",\"last\":true}\n"
      "done\n"
      "played \"Welcome\"\n"
      "gone\n"
      LOST
      "restored\n"
      "    EVENT resume\n"
      "done\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "what a tool brought is said again, if it was not heard", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Let me look.\"\n"
      "    TEXT \"Let me look.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"17\"\n"
      "    START\n"
      "delta \"It is 17.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"It is 17.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"Let me look.\"\n"
      "state\n"
      "    {\"v\":2,\"saved\":1700001000000,\"account\":\"AC1\","
      "\"call\":\"CA1\",\"session\":\"VX1\",\"sessions\":1,"
      "\"started\":1700001000000,\"from\":\"+15***01\","
      "\"lang\":\"en-US\",\"turns\":1,\"tool_calls\":1,\"tokens\":2,"
      "\"latency\":{\"max\":0,\"every\":1,\"samples\":[0]},"
      "\"keys\":[{\"digest\":\"3d0889060241a8db42b97124c0864370"
      "edf323148e817c63b29bd6d8dcab2d57\",\"n\":1}],"
      "\"spoken\":1700001001780,\"again\":2,\"messages\":["
      "{\"role\":\"user\",\"content\":\"Hi\"},"
      "{\"role\":\"assistant\",\"content\":\"Let me look.\"},"
      "{\"role\":\"call\",\"id\":\"c1\",\"name\":\"book\","
      "\"arguments\":\"{}\"},"
      "{\"role\":\"tool\",\"id\":\"c1\",\"name\":\"book\","
      "\"content\":\"17\"},"
      "{\"role\":\"assistant\",\"content\":\"\",\"rest\":\"It is 17.\"}]}\n"
      LOST
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 2\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Let me look.\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"17\"\n"
      "calls \"c2 book {}\"\n"
      "    TOOL 2 book {}\n"
      "toolok 2 \"18\"\n"
      "    START\n"
      "calls \"c3 book {}\"\n"
      "    LOG err LLM calls tools in the last request of a turn, which are "
      "not run\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "a question that waits for a tool", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"And?\"\n"
      "stats\n"
      "    turns 1 interrupts 1 tokens 0\n"
      "gone\n"
      "toolok 1 \"17\"\n"
      LOST
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 2 interrupts 1 tokens 0\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"17\"\n"
      "    user \"And?\"\n" },

    { "a turn that was interrupted while its tool ran", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      LOST
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 1 interrupts 1 tokens 0\n" },

    { "a tool of which the LLM knows that it is running", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"And?\"\n"
      "wait 1500\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\","
      "\"last\":true,\"preemptible\":false}\n"
      "clock\n"
      "    START\n"
      LOST
      "awaited\n"
      "    again\n"
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"" RUNNING "\"\n"
      "    user \"And?\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"" UNSURE "\"\n" },

    { "its result comes after the socket was lost", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"And?\"\n"
      "wait 1500\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\","
      "\"last\":true,\"preemptible\":false}\n"
      "clock\n"
      "    START\n"
      "gone\n"
      "toolok 1 \"17\"\n"
      LOST
      "awaited\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"" RUNNING "\"\n"
      "    user \"And?\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"17\"\n" },

    { "one result for two calls", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}; c2 book {}\"\n"
      "    TOOL 1 book {}\n"
      LOST
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c1 \"" UNSURE "\"\n"
      "    tool c2 \"" UNSURE "\"\n" },

    { "actions that nobody performed", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 move {}; c2 leave {}; c3 book {}\"\n"
      "    TOOL 1 move {}\n"
      "    TOOL 2 book {}\n"
      "toolok 1 \"17\"\n"
      LOST
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c1 \"17\"\n"
      "    tool c2 \"" CANCELLED "\"\n"
      "    tool c3 \"" UNSURE "\"\n"
      "calls \"c4 move {}\"\n"
      "    EVENT tool move\n"
      "done\n"
      "    START\n"
      "calls \"c5 move {}\"\n"
      "    LOG err LLM calls tools in the last request of a turn, which are "
      "not run\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "and two calls that have the same result", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 both {}; c2 both {}; c3 book {}\"\n"
      "    TOOL 1 both {}\n"
      "    TOOL 2 book {}\n"
      "toolok 1 \"17\"\n"
      LOST
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c1 \"17\"\n"
      "    tool c2 \"17\"\n"
      "    tool c3 \"" UNSURE "\"\n" },

    { "actions of a tool that ended after the socket was lost", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 move {}\"\n"
      "    TOOL 1 move {}\n"
      "gone\n"
      "toolok 1 \"17\"\n"
      LOST
      "restored\n"
      "    START\n"
      "calls \"c2 move {}\"\n"
      "    EVENT tool move\n"
      "done\n"
      "    START\n" },

    { "one late result for two calls", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}; c2 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"And?\"\n"
      "wait 1500\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\","
      "\"last\":true,\"preemptible\":false}\n"
      "clock\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c1 \"" RUNNING "\"\n"
      "    tool c2 \"" RUNNING "\"\n"
      "    user \"And?\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"" UNSURE "\"\n" },

    { "a location that has done its part counts for the next key", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 both {}; c2 book {}\"\n"
      "    TOOL 1 both {}\n"
      "    TOOL 2 book {}\n"
      "toolok 1 \"17\"\n"
      "keys\n"
      LOST
      "restored\n"
      "    START\n"
      "keys\n"
      "    1\n"
      "calls \"c3 both {}; c4 book {}\"\n"
      "    TOOL 3 both {}\n"
      "    TOOL 4 book {}\n"
      "toolok 3 \"17\"\n"
      LOST
      "restored\n"
      "    START\n"
      "keys\n"
      "    2\n" },

    { "keys are never kept", KEPT,
      BEGUN
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "state\n"
      "    {\"v\":2,\"saved\":1700001000000,\"account\":\"AC1\","
      "\"call\":\"CA1\",\"session\":\"VX1\",\"sessions\":1,"
      "\"started\":1700001000000,\"from\":\"+15***01\",\"messages\":[]}\n"
      "lost 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "deadline\n"
      "    58500\n" },

    { "fillers are counted, and the next one comes", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\","
      "\"last\":true,\"preemptible\":false}\n"
      LOST
      "restored\n"
      "    START\n"
      "fillers\n"
      "    1\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am still looking, it will "
      "not take long.\",\"last\":true,\"preemptible\":true}\n"
      "fillers\n"
      "    2\n" },

    { "a question that the LLM refuses is taken back", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      LOST
      "restored\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "a socket that is lost before the call began", KEPT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "gone\n"
      "state\n"
      "    \n"
      "none\n"
      "gone\n"
      "gone\n"
      "prompt \"Hi\"\n"
      "deadline\n"
      "    -1\n" },

    { "a success is remembered", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 pay {}\"\n"
      "    TOOL 1 pay {}\n"
      "toolok 1 \"17\"\n"
      "    START\n"
      LOST
      "awaited\n"
      "    START\n"
      "calls \"c2 pay {}\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"17\"\n"
      "    call c2 \"{}\"\n"
      "    tool c2 \"{\"repeated\":true,\"result\":17}\"\n" },

    { "a socket that is opened again begins without a setup", KEPT,
      ANSWERED
      "wait 5000\n"
      "gone\n"
      "redialed 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "resumed\n"
      "    1\n"
      "session\n"
      "    VX1  \n"
      "setup \"CA1\"\n"
      "    LOG info client sent setup again\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello there. How are you?\"\n"
      "    user \"Bye\"\n"
      "setup \"CA2\"\n"
      "    CLOSE 1008 client sent setup of another call\n" },

    { "what was asked before it was lost is answered once", KEPT,
      BEGUN
      "prompt \"Hi\"\n"
      "    START\n"
      "gone\n"
      "redialed 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "prompt \"Hi\"\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "one without a record begins as a new call", KEPT_ON,
      BEGUN_ON
      "gone\n"
      "redialed 1500 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "    EVENT setup\n"
      "done\n"
      "session\n"
      "      \n" },

    { "one that nothing names waits for a setup", KEPT,
      "prompt \"Hi\"\n"
      "    LOG info client sent prompt before setup\n"
      "unnamed\n"
      "wait 1000\n"
      "unnamed\n"
      "wait 999\n"
      "clock\n"
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "setup \"CA2\"\n"
      "    CLOSE 1008 client sent setup of another call\n" },

    { "... and begins without it after two seconds", KEPT_ON,
      "prompt \"Hi\"\n"
      "    LOG info client sent prompt before setup\n"
      "unnamed\n"
      "wait 2000\n"
      "clock\n"
      "    LOG warn client sent no setup message, and its URL names no call: "
      "the call begins without its history\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined\n"
      "    START\n"
      "setup \"CA1\"\n"
      "    LOG info client sent setup too late\n"
      "session\n"
      "      0123456789abcdef\n"
      "state\n"
      "    \n" },
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
