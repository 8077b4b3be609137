
/*
 * Copyright (C) convrelay contributors
 *
 * The transcript of a call that ends in the middle of an answer.
 */


#include "session_script.h"


#define ASKED                                                                \
    "setup \"CA1\"\n"                                                         \
    "    SETUP\n"                                                             \
    "prompt \"Hi\"\n"                                                         \
    "    START\n"

#define ASKED_KEPT                                                           \
    "setup \"CA1\"\n"                                                         \
    "    SETUP\n"                                                             \
    "    RESTORE\n"                                                           \
    "none\n"                                                                 \
    "prompt \"Hi\"\n"                                                         \
    "    START\n"

#define ANSWER                                                               \
    "delta \"We are open today, and on Saturday until noon.\"\n"             \
    "    TEXT \"We are open today, and on Saturday until noon.\"\n"

#define COMPLETE                                                             \
    "end complete\n"                                                         \
    "    TEXT \"\" last\n"

#define HEARD                                                                \
    "transcript\n"                                                           \
    "    user \"Hi\"\n"                                                       \
    "    assistant \"We are open\"\n"

#define SAID                                                                 \
    "transcript\n"                                                           \
    "    user \"Hi\"\n"                                                       \
    "    said \"We are open\"\n"


static const call_t  calls[] = {

    { "an answer that was over ends with what was heard", DEFAULT,
      ASKED ANSWER COMPLETE
      "played \"We are open\"\n"
      HEARD
      "live\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday until noon.\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday until noon.\"\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 1\n" },

    { "one of which nothing was heard is missing", DEFAULT,
      ASKED ANSWER COMPLETE
      "played \"something else\"\n"
      "transcript\n"
      "    user \"Hi\"\n" },

    { "one that was heard is there", DEFAULT,
      ASKED ANSWER COMPLETE
      "played \"We are open today, and on Saturday until noon.\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday until noon.\"\n" },

    { "the running one is there as far as it was heard", DEFAULT,
      ASKED ANSWER
      "played \"We are open\"\n"
      SAID
      "live\n"
      "    user \"Hi\"\n" },

    { "or, without reports, as far as it was sent", DEFAULT,
      ASKED ANSWER
      "transcript\n"
      "    user \"Hi\"\n"
      "    said \"We are open today, and on Saturday until noon.\"\n" },

    { "the greeting", PAUSED,
      "greeting \"Welcome to the shop\"\n"
      "    SETUP\n"
      "played \"Welcome\"\n"
      "transcript\n"
      "    assistant \"Welcome\"\n" },

    { "an answer that was interrupted is cut already", DEFAULT,
      ASKED ANSWER
      "interrupt \"We are open\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      HEARD },

    { "the same with the marker, which nobody said", MARKED_PAUSED,
      ASKED_KEPT ANSWER COMPLETE
      "interrupt \"We are open\"\n"
      HEARD },

    { "a pause of an answer that was over", PAUSED,
      ASKED ANSWER COMPLETE
      "played \"We are\"\n"
      "interrupt \"We are open\"\n"
      HEARD
      "live\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open\"\n"
      "wait 1500\n"
      "clock\n"
      "    LOG info answer goes on 1500 ms after an interruption: no words "
      "followed\n"
      "    GO_ON\n"
      "    SEND {\"type\":\"text\",\"token\":\"As I was saying,\","
      "\"last\":true,\"preemptible\":false}\n"
      "    TEXT \"We are open today, and on Saturday until noon.\"\n"
      "    TEXT \"\" last\n"
      "played \"As I was saying,\"\n"
      "played \"We are open today,\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today,\"\n" },

    { "a pause of a running one", PAUSED,
      ASKED ANSWER
      "interrupt \"We are open\"\n"
      "delta \" Goodbye.\"\n"
      SAID
      "end complete\n"
      SAID
      "live\n"
      "    user \"Hi\"\n"
      "    said \"We are open\"\n" },

    { "a pause in which one ends that calls a tool", PAUSED,
      ASKED ANSWER
      "interrupt \"We are open\"\n"
      "calls \"c1 book {}\"\n"
      SAID },

    { "a pause before anything was sent", PAUSED,
      ASKED
      "interrupt \"\"\n"
      "delta \"We are open.\"\n"
      "transcript\n"
      "    user \"Hi\"\n" },

    { "words for which the answer was cut, and that wait", PAUSED_RULE,
      ASKED_KEPT ANSWER COMPLETE
      "interrupt \"We are open\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      HEARD
      "    waits \"And Sunday?\"\n"
      "live\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open\"\n"
      "    waits \"And Sunday?\"\n"
      "gone\n"
      HEARD
      "    user \"And Sunday?\"\n" },

    { "the socket is lost in an answer that was over", KEPT,
      ASKED_KEPT ANSWER COMPLETE
      "played \"We are open\"\n"
      "gone\n"
      HEARD },

    { "in a running one, which another session gives again", KEPT,
      ASKED_KEPT ANSWER
      "played \"We are open\"\n"
      "gone\n"
      "history\n"
      "    user \"Hi\"\n"
      SAID
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "transcript\n"
      "    user \"Hi\"\n" },

    { "in one of which nothing was heard", KEPT,
      ASKED_KEPT ANSWER
      "played \"something else\"\n"
      "gone\n"
      "transcript\n"
      "    user \"Hi\"\n" },

    { "in a pause of a running one", PAUSED_ON,
      ASKED_KEPT ANSWER
      "interrupt \"We are open\"\n"
      "gone\n"
      HEARD },

    { "in a pause before anything was sent", PAUSED_ON,
      ASKED_KEPT
      "interrupt \"\"\n"
      "delta \"We are open.\"\n"
      "gone\n"
      "transcript\n"
      "    user \"Hi\"\n" },

    { "an answer that calls tools: none of its later texts", TOOLS,
      ASKED
      "delta \"One moment, I will look at the table.\"\n"
      "    TEXT \"One moment, I will look at the table.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "played \"One moment,\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment,\"\n"
      "    call\n"
      "    result\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "delta \"It is yours.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"It is yours.\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment,\"\n"
      "    call\n"
      "    result\n"
      "played \"I will look at the table.\"\n"
      "played \"It is\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment, I will look at the table.\"\n"
      "    call\n"
      "    result\n"
      "    said \"It is\"\n" },

    { "a tool that runs still does: the end does not cancel it", TOOLS,
      ASKED
      "calls \"c1 look {}\"\n"
      "    TOOL 1 look {}\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    call\n"
      "    result\n"
      "toolok 1 \"done\"\n"
      "    START\n" },

    { "the socket is lost after a tool has answered", KEPT,
      ASKED_KEPT
      "delta \"One moment.\"\n"
      "    TEXT \"One moment.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "delta \"It is yours.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"It is yours.\"\n"
      "played \"One moment.\"\n"
      "played \"It is\"\n"
      "gone\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    assistant \"One moment.\"\n"
      "    call\n"
      "    result\n"
      "    said \"It is\"\n" },

    { "an end that the server sent", PAUSED_ON,
      ASKED_KEPT ANSWER COMPLETE
      "played \"We are open\"\n"
      "wait 1000\n"
      "clock\n"
      "    EVENT call_time 1s\n"
      "hangup \"\"\n"
      "done\n"
      HEARD
      "wait 9000\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n"
      HEARD },

    { "a close in a running answer", TIMED,
      ASKED ANSWER
      "played \"We are open\"\n"
      "setup \"CA2\"\n"
      "    CLOSE 1008 client sent setup of another call\n"
      SAID },

    { "words are as they are written", RESPELLED,
      ASKED
      "delta \"This is acme corp. We run nginx.\"\n"
      "    TEXT \"This is ack me corporation. We run \"\n"
      "played \"This is ack me corporation.\"\n"
      "played \"We run\"\n"
      "transcript\n"
      "    user \"Hi\"\n"
      "    said \"This is acme corp. We run\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
