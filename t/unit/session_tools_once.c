
/*
 * Copyright (C) convrelay contributors
 *
 * Calls of tools that are made again, come late, or do not come to an end.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "a result whose call the history has dropped is told all the same",
      TOOLS_FEW,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "prompt \"Hello?\"\n"
      "    CANCEL\n"
      "history\n"
      "    user \"Hello?\"\n"
      "toolok 1 \"booked\"\n"
      "    START\n"
      "history\n"
      "    user \"Hello?\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"booked\"\n" },

    { "the first of two equal calls cannot be started", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "nostart\n"
      "calls \"c1 book {}; c2 book {}; c3 look {}\"\n"
      "    TOOL 1 book {}\n"
      "    TOOL 2 look {}\n"
      "    ENDS unstarted\n"
      "    ENDS unstarted\n"
      "    START\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c1 \"{\"ok\":false,\"error\":\"NOT done: the service "
      "cannot be reached\"}\"\n"
      "    tool c2 \"{\"ok\":false,\"error\":\"NOT done: the service "
      "cannot be reached\"}\"\n"
      "    tool c3 \"{\"ok\":false,\"error\":\"NOT done: the service "
      "cannot be reached\"}\"\n" },

    { "a goodbye that was taken back was not once", TOOLS_ONCE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 leave {}\"\n"
      "    EVENT tool leave\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "prompt \"One more thing\"\n"
      "    START\n"
      "delta \"Goodbye!\"\n"
      "    TEXT \"Goodbye!\"\n"
      "calls \"c2 leave {}\"\n"
      "    EVENT tool leave\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "played \"Goodbye!\"\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "one whose location was asked asks it once, and ends the call",
      TOOLS_ONCE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 move {}\"\n"
      "    TOOL 1 move {}\n"
      "toolok 1 \"{\"n\":1}\"\n"
      "    EVENT tool move\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "prompt \"One more thing\"\n"
      "    START\n"
      "calls \"c2 move {}\"\n"
      "    EVENT tool move\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "done\n"
      "    START\n"
      "calls \"c3 move {}\"\n"
      "    START\n"
      "history\n"
      "    user \"Bye\"\n"
      "    assistant \"Goodbye, and thank you!\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"{\"n\":1}\"\n"
      "    user \"One more thing\"\n"
      "    call c2 \"{}\"\n"
      "    tool c2 \"{\"repeated\":true,\"n\":1}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c3 \"{\"repeated\":true,\"n\":1}\"\n" },

    { "actions that were dropped are performed by the next such call",
      TOOLS_ONCE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 move {}; c2 book {}\"\n"
      "    TOOL 1 move {}\n"
      "    TOOL 2 book {}\n"
      "toolok 1 \"moved\"\n"
      "prompt \"Wait\"\n"
      "    CANCEL\n"
      "toolok 2 \"booked\"\n"
      "    START\n"
      "calls \"c3 move {}\"\n"
      "    EVENT tool move\n"
      "done\n"
      "    START\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c1 \"moved\"\n"
      "    tool c2 \"booked\"\n"
      "    user \"Wait\"\n"
      "    call c3 \"{}\"\n"
      "    tool c3 \"{\"repeated\":true,\"result\":\"moved\"}\"\n" },

    { "actions that are owed are performed, however many tools run", TOOLS_ONCE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 move {}; c2 book {}\"\n"
      "    TOOL 1 move {}\n"
      "    TOOL 2 book {}\n"
      "toolok 1 \"moved\"\n"
      "prompt \"Wait\"\n"
      "    CANCEL\n"
      "toolok 2 \"booked\"\n"
      "    START\n"
      "calls \"c3 book {\"a\":1}; c4 look {}; c5 move {}\"\n"
      "    TOOL 3 book {\"a\":1}\n"
      "    TOOL 4 look {}\n"
      "toolok 3 \"booked\"\n"
      "toolok 4 \"seen\"\n"
      "    EVENT tool move\n"
      "done\n"
      "    START\n" },

    { "actions that fail are not all that is told, and may be done again",
      TOOLS_ONCE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 move {}\"\n"
      "    TOOL 1 move {}\n"
      "toolok 1 \"{\"n\":1}\"\n"
      "    EVENT tool move\n"
      "toolfails \"\"\n"
      "done\n"
      "    ENDS not acted\n"
      "    START\n"
      "calls \"c2 move {}\"\n"
      "    EVENT tool move\n"
      "done\n"
      "    START\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"{\"ok\":false,\"error\":\"NOT done: it canno"
      "t be sent; but before that the service has done its part a"
      "nd answered: {\\\"n\\\":1}\"}\"\n"
      "    call c2 \"{}\"\n"
      "    tool c2 \"{\"repeated\":true,\"n\":1}\"\n" },

    { "a call that waits for a late one performs its actions", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 both {}\"\n"
      "    TOOL 1 both {}\n"
      "prompt \"Hello?\"\n"
      "    CANCEL\n"
      "wait 1500\n"
      "clock\n"
      "    START\n"
      "calls \"c2 both {}; c3 both {}\"\n"
      "toolok 1 \"yes\"\n"
      "    EVENT tool both\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "done\n"
      "    START\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \""
      RUNNING
      "\"\n"
      "    user \"Hello?\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c2 \"yes\"\n"
      "    tool c3 \"yes\"\n" },

    { "actions that wait for their turn end with it", TOOLS_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    EVENT prompt Go\n"
      "declined \"\"\n"
      "    START\n"
      "calls \"c1 bye {}; c2 book {}; c3 both {}\"\n"
      "    TOOL 1 book {}\n"
      "    TOOL 2 both {}\n"
      "toolok 2 \"yes\"\n"
      "dtmf \"1\"\n"
      "    EVENT dtmf 1\n"
      "say \"Menu.\"\n"
      "    CANCEL\n"
      "    SEND {\"type\":\"text\",\"token\":\"Menu.\",\"last\":true}"
      "\n"
      "done\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    tool c1 \""
      CANCELLED
      "\"\n"
      "    tool c2 \""
      RUNNING
      "\"\n"
      "    tool c3 \"yes\"\n"
      "    assistant \"Menu.\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
