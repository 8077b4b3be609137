
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

    { "with reports in the call, and none for it, nothing", KEPT,
      ANSWERED
      "played \"Welcome\"\n"
      "gone\n"
      LOST
      "restored\n"
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
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
