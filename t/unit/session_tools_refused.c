
/*
 * Copyright (C) convrelay contributors
 *
 * Requests with results of tools that the LLM refuses.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "the results are refused: what was done stays", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"1\"\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Again\"\n"
      "    START\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"1\"\n"
      "    user \"Again\"\n" },

    { "a turn too long for the LLM keeps what was done", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hi.\"\n"
      "    TEXT \"Hi.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"1\"\n"
      "    START\n"
      "end too-long\n"
      "    LOG warn history is too long for the LLM: older half d"
      "ropped, asking again\n"
      "    START\n"
      "end too-long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"1\"\n" },

    { "a late result stays where the prompt after its call is refused",
      TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "prompt \"Hello?\"\n"
      "    CANCEL\n"
      "wait 1500\n"
      "clock\n"
      "    START\n"
      "toolok 1 \"booked\"\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \""
      RUNNING
      "\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"booked\"\n" },

    { "they are refused twice in a row: the LLM knows only of the call",
      TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}; c2 look {}; c3 pay {}; c4 bye {}\"\n"
      "    TOOL 1 book {}\n"
      "    TOOL 2 look {}\n"
      "    TOOL 3 pay {}\n"
      "toolok 1 \"1\"\n"
      "toolbad 2 \"{\"ok\":false,\"error\":\"NOT done: no\"}\"\n"
      "prompt \"Hello?\"\n"
      "    CANCEL\n"
      "wait 1500\n"
      "clock\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"And?\"\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "toolok 3 \"paid\"\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    call c2 \"{}\"\n"
      "    call c3 \"{}\"\n"
      "    call c4 \"{}\"\n"
      "    tool c1 \"{\"note\":\"The tool was called and has answer"
      "ed, but the answer is not available any more. Do not make "
      "it up.\"}\"\n"
      "    tool c2 \"{\"ok\":false,\"error\":\"NOT done, or not know"
      "n to be done\"}\"\n"
      "    tool c3 \""
      RUNNING
      "\"\n"
      "    tool c4 \""
      CANCELLED
      "\"\n"
      "    call late_1 \"{}\"\n"
      "    tool late_1 \"paid\"\n" },

    { "an accepted request between two refusals: nothing is lost", TOOLS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Go\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "toolok 1 \"1\"\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hello?\"\n"
      "    START\n"
      "end empty\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"And?\"\n"
      "    START\n"
      "calls \"c2 cook {}\"\n"
      "    ENDS unknown\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Go\"\n"
      "    call c1 \"{}\"\n"
      "    tool c1 \"1\"\n"
      "    user \"Hello?\"\n"
      "    user \"And?\"\n"
      "    call c2 \"{}\"\n"
      "    tool c2 \"{\"ok\":false,\"error\":\"NOT done: there is"
      " no tool \\\"cook\\\"; the tools are: look, book, pay, bye"
      ", both\"}\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
