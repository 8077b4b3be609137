
/*
 * Copyright (C) convrelay contributors
 *
 * An LLM that is slow, dead, or dribbles.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "an LLM has to begin in time", PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "deadline\n"
      "    4000\n"
      "wait 3999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    LOG warn LLM sent no word within \"convrelay_first_token_timeout\", "
      "limit is 4000 ms\n"
      "    CANCEL sent no word in time\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    -1\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "and to go on: the sentence is ended, and what was said stays", PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 3000\n"
      "delta \"We are\"\n"
      "    TEXT \"We are\"\n"
      "deadline\n"
      "    5000\n"
      "wait 4000\n"
      "delta \" open until\"\n"
      "    TEXT \" open until\"\n"
      "wait 4999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    LOG warn LLM fell silent for longer than "
      "\"convrelay_token_timeout\", limit is 5000 ms\n"
      "    CANCEL fell silent in mid-answer\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "delta \" nine\"\n"
      "end complete\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open until\"\n" },

    { "blanks are not words, in whichever place", PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 3000\n"
      "delta \"  \"\n"
      "    TEXT \"  \"\n"
      "deadline\n"
      "    1000\n"
      "delta \"Yes.\"\n"
      "    TEXT \"Yes.\"\n"
      "wait 4000\n"
      "delta \" \"\n"
      "    TEXT \" \"\n"
      "wait 1000\n"
      "clock\n"
      "    LOG warn LLM fell silent for longer than "
      "\"convrelay_token_timeout\", limit is 5000 ms\n"
      "    CANCEL fell silent in mid-answer\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "a call that the LLM writes is work, its text in disguise is not",
      PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 3000\n"
      "part \"\"\n"
      "deadline\n"
      "    5000\n"
      "wait 4000\n"
      "part \"\"\n"
      "wait 4000\n"
      "delta \"{\"\n"
      "deadline\n"
      "    1000\n" },

    { "while tools run nobody waits for words; then they have their time again",
      PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "calls \"c1 book {}\"\n"
      "    TOOL 1 book {}\n"
      "part \"\"\n"
      "deadline\n"
      "    -1\n"
      "wait 20000\n"
      "toolok 1 \"done\"\n"
      "    START\n"
      "deadline\n"
      "    4000\n"
      "delta \"It is\"\n"
      "    TEXT \"It is\"\n"
      "deadline\n"
      "    5000\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    -1\n" },

    { "an interruption ends the wait, a prompt begins it again", PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 3000\n"
      "prompt \"Well?\"\n"
      "    CANCEL\n"
      "    START\n"
      "deadline\n"
      "    4000\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "deadline\n"
      "    -1\n"
      "part \"\"\n"
      "deadline\n"
      "    -1\n" },

    { "what ends a sentence needs no full stop", PATIENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Well,\"\n"
      "    TEXT \"Well,\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"(Really?)\"\n"
      "    TEXT \"(Really?)\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Ni hao\"\n"
      "    START\n"
      "delta \"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\"\n"
      "    TEXT \"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \" \"\n"
      "    TEXT \" \"\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
