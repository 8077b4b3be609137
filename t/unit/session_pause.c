
/*
 * Copyright (C) convrelay contributors
 *
 * Coughs: an answer that is interrupted, and goes on.
 */


#include "session_script.h"


/* PAUSED: words are waited for 1.5 s; 65 ms are a character; the answer of the
   tests is longer than the time that they wait */

#define ANSWER                                                               \
    "setup \"CA1\"\n"                                                         \
    "    SETUP\n"                                                             \
    "prompt \"Hi\"\n"                                                         \
    "    START\n"                                                             \
    "delta \"We are open today, and on Saturday\"\n"                         \
    "    TEXT \"We are open today, and on Saturday\"\n"

#define QUESTION                                                             \
    "setup \"CA1\"\n"                                                         \
    "    SETUP\n"                                                             \
    "    RESTORE\n"                                                           \
    "none\n"                                                                 \
    "prompt \"Hi\"\n"                                                        \
    "    START\n"                                                             \
    "delta \"Shall I book that table for you and the others?\"\n"           \
    "    TEXT \"Shall I book that table for you and the others?\"\n"        \
    "end complete\n"                                                         \
    "    TEXT \"\" last\n"

#define LEAD                                                                 \
    "    GO_ON\n"                                                             \
    "    SEND {\"type\":\"text\",\"token\":\"As I was saying,\","            \
    "\"last\":true,\"preemptible\":false}\n"

#define WENT_ON                                                              \
    "    LOG info answer goes on 1500 ms after an interruption: no words "    \
    "followed\n"

#define WAS_HEARD                                                            \
    "    LOG info answer goes on 300 ms after an interruption: the caller "   \
    "only showed that it is heard\n"


static const call_t  calls[] = {

    { "a cough: the answer goes on", PAUSED,
      ANSWER
      "interrupt \"and on Sat\"\n"
      "activity\n"
      "    listening\n"
      "deadline\n"
      "    1500\n"
      "delta \" until noon\"\n"
      "wait 1499\n"
      "clock\n"
      "delta \".\"\n"
      "wait 1\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday until noon.\"\n"
      "delta \" Bye.\"\n"
      "    TEXT \" Bye.\"\n"
      "activity\n"
      "    speaking\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wenton\n"
      "    1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday until noon. Bye."
      "\"\n" },

    { "without it, the answer is cut at once", DEFAULT,
      ANSWER
      "interrupt \"and on Sat\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "delta \" until noon.\"\n"
      "deadline\n"
      "    -1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Sat\"\n" },

    { "words: the answer is cut, and they are asked", PAUSED,
      ANSWER
      "interrupt \"and on Sat\"\n"
      "wait 700\n"
      "delta \" until noon.\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 700 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "wenton\n"
      "    0\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Sat\"\n"
      "    user \"And Sunday?\"\n" },

    { "an answer that is complete, and still spoken", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "deadline\n"
      "    1500\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"We are open today, and on Saturday\"\n"
      "    TEXT \"\" last\n"
      "played \"As I was saying,\"\n"
      "played \"We are open today,\"\n"
      "interrupt \"and on\"\n"
      "wait 300\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    user \"And Sunday?\"\n" },

    { "twice an answer at most", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "interrupt \"and\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "interrupt \"and on Sat\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "wenton\n"
      "    2\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Sat\"\n"
      "prompt \"Go on\"\n"
      "    START\n"
      "delta \"And on Saturday as well.\"\n"
      "    TEXT \"And on Saturday as well.\"\n"
      "interrupt \"And\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"And on Saturday as well.\"\n" },

    { "a short rest is left out", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"and on \"\n"
      "deadline\n"
      "    10000\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on \"\n" },

    { "also where it turns out to be one", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "end complete\n"
      "wait 1500\n"
      "clock\n"
      "    LOG info answer is cut 1500 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n" },

    { "partial prompts extend the wait", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 1000\n"
      "partial \"And\"\n"
      "deadline\n"
      "    1500\n"
      "wait 1400\n"
      "partial \"And what\"\n"
      "wait 1499\n"
      "clock\n"
      "prompt \"And what about Sunday?\"\n"
      "    LOG info answer is cut 3899 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "and so does clientSpeaking, but noise that never ends does not", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "client \"on\"\n"
      "interrupt \"We are\"\n"
      "wait 1500\n"
      "clock\n"
      "deadline\n"
      "    1500\n"
      "wait 25000\n"
      "client \"off\"\n"
      "client \"on\"\n"
      "deadline\n"
      "    1500\n"
      "wait 1500\n"
      "clock\n"
      "deadline\n"
      "    1500\n"
      "wait 5000\n"
      "clock\n"
      "    LOG info answer goes on 33000 ms after an interruption: no words "
      "followed\n"
      LEAD
      "    TEXT \"We are open today, and on Saturday\"\n"
      "    TEXT \"\" last\n" },

    { "another interrupt begins the wait again", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 1000\n"
      "interrupt \"\"\n"
      "deadline\n"
      "    1500\n"
      "stats\n"
      "    turns 1 interrupts 2 tokens 1\n" },

    { "a key cuts the answer, and its event is that of the entry", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 500\n"
      "dtmf \"1\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "dtmf \"2\"\n"
      "    EVENT dtmf 12\n" },

    { "a key that comes before its interrupt", PAUSED,
      ANSWER
      "dtmf \"1\"\n"
      "interrupt \"and on\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "one that nothing collects", PAUSED_BACKED,
      ANSWER
      "dtmf \"1\"\n"
      "wait 249\n"
      "interrupt \"and on\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "a word of the key's time ago", PAUSED_BACKED,
      ANSWER
      "dtmf \"1\"\n"
      "wait 250\n"
      "interrupt \"and on\"\n"
      "deadline\n"
      "    1500\n"
      "dtmf \"1\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "the event of an interruption comes with the cut", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "say \"Yes?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Yes?\",\"last\":true}\n"
      "done\n"
      "clock\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    assistant \"Yes?\"\n"
      "    user \"And Sunday?\"\n" },

    { "two prompts in one packet keep their order", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "prompt \"Or Monday?\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    user \"And Sunday?\"\n"
      "    user \"Or Monday?\"\n" },

    { "a prompt that waits for that event is not lost by another one",
      PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "say \"Yes please, go ahead, I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Yes please, go ahead, I am "
      "listening.\",\"last\":true}\n"
      "done\n"
      "interrupt \"Yes\"\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "prompt \"Or Monday?\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    assistant \"Yes\"\n"
      "    user \"And Sunday?\"\n"
      "    user \"Or Monday?\"\n" },

    { "a prompt that waits for that event is judged once: the answer \"OK\"",
      PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"OK.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "say \"I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am listening.\","
      "\"last\":true}\n"
      "done\n"
      "clock\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    assistant \"I am listening.\"\n"
      "    user \"OK.\"\n" },

    { "nor is it judged by them without a pause", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book that table for you and the oth\"\n"
      "    EVENT interrupt\n"
      "say \"I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am listening.\","
      "\"last\":true}\n"
      "done\n"
      "wait 500\n"
      "prompt \"OK.\"\n"
      "    START\n"
      "delta \"It is booked.\"\n"
      "    TEXT \"It is booked.\"\n"
      "prompt \"OK.\"\n"
      "    BACKCHANNEL\n" },

    { "but a turn whose tools were interrupted goes on", PAUSED_RULE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "    EVENT interrupt\n"
      "say \"I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am listening.\","
      "\"last\":true}\n"
      "done\n"
      "toolok 1 \"done\"\n"
      "prompt \"OK.\"\n"
      "    BACKCHANNEL\n"
      "    START\n" },

    { "nor by those of the LLM that the event asks", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book that table for you and the oth\"\n"
      "    EVENT interrupt\n"
      "ask \"Ask the caller to go on.\"\n"
      "done\n"
      "    START\n"
      "delta \"I am sorry that I have talked too long.\"\n"
      "    TEXT \"I am sorry that I have talked too long.\"\n"
      "wait 700\n"
      "prompt \"OK.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "delta \"It is booked, and you will get a letter.\"\n"
      "    TEXT \"It is booked, and you will get a letter.\"\n"
      "wait 700\n"
      "prompt \"Uh-huh.\"\n"
      "    BACKCHANNEL\n" },

    { "an answer that another event asked for is one of its own", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book that table for you and the oth\"\n"
      "    EVENT interrupt\n"
      "done\n"
      "wait 10000\n"
      "clock\n"
      "    EVENT silence 1\n"
      "ask \"Ask the caller to go on.\"\n"
      "done\n"
      "    START\n"
      "delta \"I have booked it now, and you will get a letter.\"\n"
      "    TEXT \"I have booked it now, and you will get a letter.\"\n"
      "wait 700\n"
      "prompt \"Uh-huh.\"\n"
      "    BACKCHANNEL\n" },

    { "nor where words about the interruption are interrupted", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book that table for you and the oth\"\n"
      "    EVENT interrupt\n"
      "say \"I am listening, so please go on.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am listening, so please go "
      "on.\",\"last\":true}\n"
      "done\n"
      "interrupt \"I am\"\n"
      "prompt \"OK.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "done\n"
      "clock\n"
      "    START\n" },

    { "a question before calls that was cut has an answer, too", PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Shall I book it?\"\n"
      "    TEXT \"Shall I book it?\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"Shall I\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"done\"\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "a key is the answer as well", PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Shall I book it?\"\n"
      "    TEXT \"Shall I book it?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"Shall I\"\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "    EVENT dtmf 12\n"
      "say \"I have booked that table for you.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I have booked that table for "
      "you.\",\"last\":true}\n"
      "done\n"
      "wait 700\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n" },

    { "one that asks for presence while nothing is pending", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Hello?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "ask \"The caller interrupted.\"\n"
      "done\n"
      "    START\n"
      "clock\n"
      "    CANCEL\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    user \"The caller interrupted.\"\n"
      "    user \"Hello?\"\n" },

    { "one that is reported twice while it waits",
      PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "hold 20000\n"
      "done\n"
      "prompt \"Yes, please.\"\n"
      "clock\n"
      "    START\n"
      "prompt \"Yes, please.\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    user \"Yes, please.\"\n" },

    { "said again after another interruption, it is another one", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "interrupt \"\"\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "prompt \"Yes, please.\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    user \"Yes, please.\"\n"
      "    user \"Yes, please.\"\n" },

    { "it ends a hold of that event, as it does without a pause", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "hold 90000\n"
      "done\n"
      "clock\n"
      "    START\n"
      "delta \"Done.\"\n"
      "    TEXT \"Done.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    10675\n" },

    { "it is asked in the next session, and only once", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "say \"I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am listening.\","
      "\"last\":true}\n"
      "done\n"
      "gone\n"
      "stats\n"
      "    turns 2 interrupts 1 tokens 1\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "prompt \"Yes, please.\"\n"
      "stats\n"
      "    turns 2 interrupts 1 tokens 1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    assistant \"I am listening.\"\n"
      "    user \"Yes, please.\"\n" },

    { "also where that event has asked the LLM something", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "ask \"The caller interrupted.\"\n"
      "done\n"
      "    START\n"
      "gone\n"
      "stats\n"
      "    turns 3 interrupts 1 tokens 1\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "stats\n"
      "    turns 3 interrupts 1 tokens 1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Shall I book\"\n"
      "    user \"The caller interrupted.\"\n"
      "    user \"Yes, please.\"\n" },

    { "its turn can call tools as often as any other", PAUSED_RULE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "calls \"c2 pay {}\"\n"
      "    TOOL 2 pay {}\n"
      "toolok 2 \"done\"\n"
      "    START\n"
      "delta \"Shall I book that table for you and the others?\"\n"
      "    TEXT \"Shall I book that table for you and the others?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "gone\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "calls \"c3 book {}\"\n"
      "    TOOL 3 book {}\n" },

    { "but not where that event ends the call", PAUSED_RULE,
      QUESTION
      "interrupt \"Shall I book\"\n"
      "prompt \"Yes, please.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    EVENT interrupt\n"
      "hangup \"\"\n"
      "    SEND {\"type\":\"end\"}\n"
      "done\n"
      "gone\n"
      "stats\n"
      "    turns 1 interrupts 1 tokens 1\n" },

    { "an event that ends the call: the prompt has no answer", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "hangup \"\"\n"
      "    SEND {\"type\":\"end\"}\n"
      "done\n"
      "wait 9999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    CLOSE 1000 call has ended\n" },

    { "a key that nothing collects has that event", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "dtmf \"1\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "declined \"\"\n"
      "dtmf \"2\"\n"
      "    EVENT dtmf 12\n" },

    { "times of the call wait, errors cut the answer if they do something",
      PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "wait 200\n"
      "interrupt \"and on\"\n"
      "wait 800\n"
      "clock\n"
      "wait 700\n"
      "clock\n"
      WENT_ON
      "    GO_ON\n"
      "    TEXT \"and on Saturday\"\n"
      "clock\n"
      "    EVENT call_time 1s\n"
      "declined \"\"\n"
      "interrupt \"and on\"\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "declined \"\"\n"
      "wait 6000\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"Pardon?\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    SEND {\"type\":\"text\",\"token\":\"Pardon?\",\"last\":true}\n"
      "done\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    assistant \"Pardon?\"\n" },

    { "the LLM fails meanwhile", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 500\n"
      "end failed\n"
      "wait 1000\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n" },

    { "and nobody wants to hear of it", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "end failed\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "tools are not run before it is known", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "extra \"{}\"\n"
      "calls \"c1 book {\"a\":1}; c2 look {}\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "    TOOL 1 book {\"a\":1}\n"
      "    TOOL 2 look {}\n"
      "toolok 1 \"done\"\n"
      "toolok 2 \"seen\"\n"
      "    START\n"
      "delta \"Done.\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"Done.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday\"\n"
      "    extra \"{}\"\n"
      "    call c1 \"{\"a\":1}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c1 \"done\"\n"
      "    tool c2 \"seen\"\n"
      "    assistant \"Done.\"\n" },

    { "and never, if the caller has other wishes", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "calls \"c1 book {\"a\":1}\"\n"
      "prompt \"No, wait.\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    user \"No, wait.\"\n" },

    { "tools that run have a wait of their own", PAUSED,
      ANSWER
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"and on\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"done\"\n"
      "wait 1500\n"
      "clock\n"
      "    START\n" },

    { "the part after them goes on", PAUSED,
      ANSWER
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "delta \"It is done, and you will get a letter.\"\n"
      "end complete\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday It is done, and you will get a letter.\"\n"
      "    TEXT \"\" last\n"
      "interrupt \"and you\"\n"
      "prompt \"Thanks\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"done\"\n"
      "    assistant \"It is done, and you\"\n"
      "    user \"Thanks\"\n" },

    { "a turn that has said nothing is not lost", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "delta \"On Sunday\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      "    TEXT \"On Sunday\"\n"
      "wenton\n"
      "    0\n"
      "delta \" we rest.\"\n"
      "    TEXT \" we rest.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    user \"And Sunday?\"\n"
      "    assistant \"On Sunday we rest.\"\n" },

    { "unless words follow", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "delta \"On Sunday\"\n"
      "prompt \"Or Monday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    user \"And Sunday?\"\n"
      "    user \"Or Monday?\"\n" },

    { "\"Hello?\" ends the wait of such a turn", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "prompt \"Hello?\"\n"
      "delta \"On Sunday\"\n"
      "    TEXT \"On Sunday\"\n" },

    { "a fallback is asked meanwhile", PAUSED_BACKED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "end failed\n"
      "    START fallback 1\n"
      "delta \"On\"\n"
      "delta \" **Sunday**\"\n"
      "wait 1500\n"
      "clock\n"
      "clock\n"
      WENT_ON
      "    TEXT \"On Sunday\"\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "or is faster, although the first one has ended", PAUSED_BACKED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      "    HEDGE fallback 1\n"
      "interrupt \"and on\"\n"
      "end complete\n"
      "hedge \"On Sunday, too.\"\n"
      "    HEDGE_TAKES\n"
      "end complete\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      "    TEXT \"On Sunday, too.\"\n"
      "    TEXT \"\" last\n" },

    { "what the filter holds back is said, too", PAUSED_BACKED,
      ANSWER
      "interrupt \"and on\"\n"
      "delta \" until *noon*\"\n"
      "end complete\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      "    GO_ON\n"
      "    TEXT \"and on Saturday until noon\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday until noon\"\n" },

    { "and it counts where little else is left", MARKED_PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open\"\n"
      "    TEXT \"We are open\"\n"
      "interrupt \"We are\"\n"
      "delta \" [cut shor\"\n"
      "end complete\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "    LOG info answer goes on 0 ms after an interruption: the caller only "
      "showed that it is heard\n"
      "    GO_ON\n"
      "    TEXT \"We are open [cut shor\"\n"
      "    TEXT \"\" last\n" },

    { "the LLM falls silent meanwhile", PAUSED_BACKED,
      ANSWER
      "wait 4000\n"
      "interrupt \"and on\"\n"
      "wait 1000\n"
      "clock\n"
      "    LOG warn LLM fell silent for longer than "
      "\"convrelay_token_timeout\", limit is 5000 ms\n"
      "    CANCEL fell silent in mid-answer\n"
      "wait 500\n"
      "clock\n"
      WENT_ON
      "    GO_ON\n"
      "    TEXT \"and on Saturday\"\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "a filler that is cut leaves the turn as it is", PAUSED_BACKED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      "    HEDGE fallback 1\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\":true,"
      "\"preemptible\":false}\n"
      "interrupt \"One\"\n"
      "delta \"Hello\"\n"
      "    HEDGE_END\n"
      "    TEXT \"Hello\"\n" },

    { "an answer that becomes too long", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "delta \" and on all other days that are not holidays, until the "
      "evening, at least\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "delta \" or so\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"and on Saturday and on all other days that are not "
      "holidays, until the evening, a\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday and on all other "
      "days that are not holidays, until the evening, a\"\n" },

    { "words of an action go on", PAUSED,
      "greeting \"Welcome to the shop of all shops\"\n"
      "    SETUP\n"
      "interrupt \"Welcome\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"Welcome to the shop of all shops\"\n"
      "    TEXT \"\" last\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 12\n"
      "say \"Please listen to this music\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Please listen to this "
      "music\",\"last\":true}\n"
      "play \"https://a/b.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://a/b.mp3\"}\n"
      "say \"That was nice, was it not?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"That was nice, was it "
      "not?\",\"last\":true}\n"
      "done\n"
      "wait 1000\n"
      "interrupt \"That was\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"That was nice, was it not?\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    assistant \"Welcome to the shop of all shops Please listen to "
      "this music That was nice, was it not?\"\n" },

    { "but not before a file", PAUSED,
      "greeting \"Welcome to the shop of all shops\"\n"
      "    SETUP\n"
      "interrupt \"Welcome\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"Welcome to the shop of all shops\"\n"
      "    TEXT \"\" last\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 12\n"
      "say \"Please listen to this music\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Please listen to this "
      "music\",\"last\":true}\n"
      "play \"https://a/b.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://a/b.mp3\"}\n"
      "say \"That was nice, was it not?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"That was nice, was it "
      "not?\",\"last\":true}\n"
      "done\n"
      "wait 1000\n"
      "interrupt \"Please\"\n"
      "history\n"
      "    assistant \"Welcome to the shop of all shops Please\"\n" },

    { "nor in another voice", PAUSED,
      "greeting \"Welcome to the shop of all shops\"\n"
      "    SETUP\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 12\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "done\n"
      "wait 1000\n"
      "interrupt \"Welcome\"\n"
      "history\n"
      "    assistant \"Welcome\"\n" },

    { "a call that is too long ends in a pause as ever", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "wait 599000\n"
      "clock\n"
      "    EVENT call_time 1s\n"
      "declined \"\"\n"
      "interrupt \"and on\"\n"
      "wait 1000\n"
      "clock\n"
      "    LOG warn call is 600000 ms long, limit is 600000 ms, closing\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT call_too_long\n"
      "done\n"
      "    SEND {\"type\":\"end\"}\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n" },

    { "the socket is lost in a pause: what was heard is kept", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "gone\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are\"\n" },

    { "also without a word of it", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "end complete\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "the socket is lost while a prompt waits: it is asked, what was heard is "
      "kept",
      PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "say \"Yes please, go ahead, I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Yes please, go ahead, I am "
      "listening.\",\"last\":true}\n"
      "done\n"
      "gone\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on\"\n"
      "    assistant \"Yes please, go ahead, I am listening.\"\n"
      "    user \"And Sunday?\"\n" },

    { "the same, where the rule's words were heard", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "prompt \"And Sunday?\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT interrupt\n"
      "say \"Yes please, go ahead, I am listening.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Yes please, go ahead, I am "
      "listening.\",\"last\":true}\n"
      "done\n"
      "wait 60000\n"
      "gone\n"
      "lost 1000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "    START\n" },

    { "a worker dies in a pause", PAUSED_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "none\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "lost 9000 \"CA1\"\n"
      "    SETUP\n"
      "    RESTORE\n"
      "restored\n"
      "resumed\n"
      "    1 lost\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are\"\n" },

    { "\"uh-huh\": the answer goes on at once", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 300\n"
      "prompt \"Uh-huh. OK\"\n"
      "    BACKCHANNEL\n"
      WAS_HEARD
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wenton\n"
      "    1\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday\"\n" },

    { "in any language and case, with three words at most", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 300\n"
      "prompt \"\xc3\x84H\xc3\x84, \xc3\xa4h\xc3\xa4, ok\"\n"
      "    BACKCHANNEL\n"
      WAS_HEARD
      LEAD
      "    TEXT \"and on Saturday\"\n"
      "interrupt \"and on\"\n"
      "wait 300\n"
      "prompt \"OK, ok, ok. OK!\"\n"
      "    LOG info answer is cut 300 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "other words cut it", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "prompt \"OK stop\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "after a question it is an answer", PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Is Monday right? Or is it any other day?\"\n"
      "    TEXT \"Is Monday right? Or is it any other day?\"\n"
      "interrupt \"Is Monday right?\"\n"
      "prompt \"OK\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Is Monday right?\"\n"
      "    user \"OK\"\n" },

    { "and in the middle of one", PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are open. Or would Monday be better for you?\"\n"
      "    TEXT \"We are open. Or would Monday be better for you?\"\n"
      "interrupt \"Or would Mon\"\n"
      "prompt \"OK\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "without an interruption, nothing happens while we speak", PAUSED,
      ANSWER
      "wait 700\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "delta \", too\"\n"
      "    TEXT \", too\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"We are open today,\"\n"
      "prompt \"Uh-huh\"\n"
      "    BACKCHANNEL\n"
      "wait 9000\n"
      "prompt \"OK\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open today, and on Saturday, too\"\n"
      "    user \"OK\"\n" },

    { "also where the LLM is slower than the voice", PAUSED,
      ANSWER
      "speaking \"on\"\n"
      "played \"We are open today,\"\n"
      "played \" and on Saturday\"\n"
      "speaking \"off\"\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "delta \", too\"\n"
      "    TEXT \", too\"\n" },

    { "or does, if that was a question", PAUSED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Is Monday right? Then I am going to look for a doctor\"\n"
      "    TEXT \"Is Monday right? Then I am going to look for a doctor\"\n"
      "wait 1500\n"
      "prompt \"OK\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "the error message was one", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry. Shall I try it again?\"\n"
      "    TEXT \"\" last\n"
      "wait 1500\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "after the beginning of an answer, it is the error message", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On Saturday we are open until noon.\"\n"
      "    TEXT \"On Saturday we are open until noon.\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry. Shall I try it again?\"\n"
      "    TEXT \"\" last\n"
      "wait 1000\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "wait 3000\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "as reported, too", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"On Saturday we are open until noon.\"\n"
      "    TEXT \"On Saturday we are open until noon.\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry. Shall I try it again?\"\n"
      "    TEXT \"\" last\n"
      "wait 1000\n"
      "played \"On Saturday we are open until noon.\"\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "a filler was one", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"Do you have a minute?\","
      "\"last\":true,\"preemptible\":false}\n"
      "wait 1200\n"
      "prompt \"OK\"\n"
      "    CANCEL\n"
      "    START\n" },

    { "so was the phrase of a tool, before the answer goes on", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 find {}\"\n"
      "    TOOL 1 find {}\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"May I look for it?\","
      "\"last\":true,\"preemptible\":false}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "wait 2500\n"
      "prompt \"OK\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "delta \"We are open today, and on Saturday\"\n"
      "    TEXT \"We are open today, and on Saturday\"\n"
      "wait 2500\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n" },

    { "that phrase was cut", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 find {}\"\n"
      "    TOOL 1 find {}\n"
      "wait 1000\n"
      "clock\n"
      "    SEND {\"type\":\"text\",\"token\":\"May I look for it?\","
      "\"last\":true,\"preemptible\":false}\n"
      "interrupt \"May I\"\n"
      "    CANCEL\n"
      "toolok 1 \"done\"\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "what was said to a Hello? was one", ASKING,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 300\n"
      "prompt \"Hello?\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Do you have a minute?\","
      "\"last\":true,\"preemptible\":false}\n"
      "wait 1200\n"
      "prompt \"OK\"\n"
      "    CANCEL\n"
      "    START\n" },

    { "the greeting was one", ASKING,
      "greeting \"Hello. Shall I connect you?\"\n"
      "    SETUP\n"
      "wait 1500\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "once all was heard, it is a prompt", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"We are open today,\"\n"
      "played \" and on Saturday\"\n"
      "prompt \"OK\"\n"
      "    START\n" },

    { "a turn whose tools were interrupted goes on", PAUSED,
      ANSWER
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"and on\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"done\"\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "    START\n" },

    { "a turn that has said nothing goes on", PAUSED,
      ANSWER
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And Sunday?\"\n"
      "    START\n"
      "interrupt \"and on\"\n"
      "delta \"On Sunday\"\n"
      "wait 300\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      WAS_HEARD
      "    TEXT \"On Sunday\"\n" },

    { "a short rest is not worth it", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "end complete\n"
      "wait 300\n"
      "prompt \"OK\"\n"
      "    BACKCHANNEL\n"
      "    LOG info answer is cut 300 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "without its words, the same is a prompt", PAUSED_BACKED,
      ANSWER
      "interrupt \"and on\"\n"
      "wait 300\n"
      "prompt \"OK\"\n"
      "    LOG info answer is cut 300 ms after the interruption\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n" },

    { "an answer of which nothing follows its calls goes on", PAUSED,
      ANSWER
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are\"\n"
      "wait 1500\n"
      "clock\n"
      WENT_ON
      LEAD
      "    TEXT \"We are open today, and on Saturday\"\n"
      "    TEXT \"\" last\n"
      "interrupt \"We are open\"\n"
      "prompt \"Thanks\"\n"
      "    LOG info answer is cut 0 ms after the interruption\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"done\"\n"
      "    user \"Thanks\"\n" },

    { "but not after something else was asked", PAUSED,
      ANSWER
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"And now?\"\n"
      "    START\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 12\n"
      "done\n"
      "    CANCEL\n"
      "wait 1000\n"
      "interrupt \"We are\"\n"
      "wait 1500\n"
      "clock\n" },

    { "the call is over in a pause", PAUSED,
      ANSWER
      "interrupt \"and on\"\n"
      "calls \"c1 book {}\"\n"
      "over\n"
      "wenton\n"
      "    0\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
