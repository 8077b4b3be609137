
/*
 * Copyright (C) convrelay contributors
 *
 * Words that the caller is still saying: what waits for them waits on.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "interim prompts after a barge-in: the caller is not done", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "delta \"One moment, please.\"\n"
      "    TEXT \"One moment, please.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"One moment\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"booked\"\n"
      "wait 1000\n"
      "partial \"No\"\n"
      "deadline\n"
      "    1500\n"
      "wait 1400\n"
      "partial \"No, on\"\n"
      "wait 1400\n"
      "clock\n"
      "wait 99\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    START\n" },

    { "the turn goes on only after the caller has stopped talking", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "delta \"One moment, please.\"\n"
      "    TEXT \"One moment, please.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"One moment\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"booked\"\n"
      "client \"on\"\n"
      "wait 1500\n"
      "clock\n"
      "deadline\n"
      "    1500\n"
      "wait 1500\n"
      "clock\n"
      "client \"off\"\n"
      "wait 1400\n"
      "clock\n"
      "prompt \"No\"\n"
      "    START\n" },

    { "a caller who never stops talking is a noise", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "delta \"One moment, please.\"\n"
      "    TEXT \"One moment, please.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "interrupt \"One moment\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"booked\"\n"
      "client \"on\"\n"
      "wait 29000\n"
      "clock\n"
      "deadline\n"
      "    1500\n"
      "partial \"Bla\"\n"
      "wait 1000\n"
      "partial \"Bla bla\"\n"
      "deadline\n"
      "    500\n"
      "wait 500\n"
      "clock\n"
      "    START\n" },

    { "a goodbye is not sent while the caller is talking", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 bye {}\"\n"
      "    EVENT tool bye\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "interrupt \"Goodbye\"\n"
      "wait 1000\n"
      "partial \"One\"\n"
      "wait 1000\n"
      "clock\n"
      "partial \"One more\"\n"
      "wait 1499\n"
      "clock\n"
      "prompt \"One more thing\"\n"
      "    START\n" },

    { "nor where reports say that it was heard", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 bye {}\"\n"
      "    EVENT tool bye\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "client \"on\"\n"
      "played \"Goodbye, and thank you!\"\n"
      "deadline\n"
      "    1500\n"
      "client \"off\"\n"
      "wait 1000\n"
      "played \"Goodbye, and thank you!\"\n"
      "speaking \"off\"\n"
      "wait 500\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "a caller who talks on and on does not hold a goodbye up for ever", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 bye {}\"\n"
      "    EVENT tool bye\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "client \"on\"\n"
      "wait 29999\n"
      "clock\n"
      "wait 1500\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "a transfer waits for no words", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "calls \"c1 bye {}\"\n"
      "    EVENT tool bye\n"
      "hangup \"{}\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "client \"on\"\n"
      "played \"Goodbye, and thank you!\"\n"
      "    SEND {\"type\":\"end\",\"handoffData\":\"{}\"}\n" },

    { "keys before a goodbye are not part of those after it", TOOLS_KEYS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Bye\"\n"
      "    START\n"
      "delta \"Goodbye, and thank you!\"\n"
      "    TEXT \"Goodbye, and thank you!\"\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "calls \"c1 bye {}\"\n"
      "    EVENT tool bye\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "prompt \"Wait\"\n"
      "    START\n"
      "dtmf \"5\"\n"
      "dtmf \"#\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 5\n"
      "declined \"\"\n" },

    { "keys that may belong to an entry hold the turn up", TOOLS_KEYS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "delta \"One moment, please.\"\n"
      "    TEXT \"One moment, please.\"\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "dtmf \"1\"\n"
      "interrupt \"One moment\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "toolok 1 \"booked\"\n"
      "wait 1500\n"
      "clock\n"
      "wait 1500\n"
      "clock\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "declined \"\"\n"
      "deadline\n"
      "    1500\n"
      "wait 1500\n"
      "clock\n"
      "    START\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
