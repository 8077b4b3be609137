
/*
 * Copyright (C) convrelay contributors
 *
 * The filter of speech in a call.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "marks are not spoken, and not remembered", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We\"\n"
      "    TEXT \"We\"\n"
      "delta \" are **open\"\n"
      "    TEXT \" are open\"\n"
      "delta \"** on *Sun\"\n"
      "    TEXT \" on Sun\"\n"
      "delta \"day*\"\n"
      "    TEXT \"day\"\n"
      "delta \".\"\n"
      "deadline\n"
      "    300\n"
      "delta \" So\"\n"
      "    TEXT \". So\"\n"
      "deadline\n"
      "    5000\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open on Sunday. So\"\n" },

    { "text is held back for 300 ms at most", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"See [our\"\n"
      "    TEXT \"See\"\n"
      "wait 200\n"
      "delta \" page\"\n"
      "deadline\n"
      "    100\n"
      "wait 99\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    TEXT \" our page\"\n"
      "deadline\n"
      "    5000\n"
      "delta \"](x.html) now <thi\"\n"
      "    TEXT \" now\"\n"
      "wait 100\n"
      "delta \"s\"\n"
      "deadline\n"
      "    300\n"
      "wait 300\n"
      "clock\n"
      "    TEXT \" this\"\n"
      "delta \" <\"\n"
      "wait 299\n"
      "delta \"t\"\n"
      "deadline\n"
      "    1\n"
      "delta \"hink>Hm</think> one\"\n"
      "    TEXT \" one\"\n"
      "deadline\n"
      "    5000\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"See our page now this one\"\n" },

    { "the end of an answer ends what is held back", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"- Oak or [elm\"\n"
      "    TEXT \"Oak or\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \" elm.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Oak or elm.\"\n"
      "prompt \"And\"\n"
      "    START\n"
      "delta \"Ash\"\n"
      "    TEXT \"Ash\"\n"
      "extra \"{}\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Oak or elm.\"\n"
      "    user \"And\"\n"
      "    assistant \"Ash\"\n"
      "    extra \"{}\"\n" },

    { "an interruption drops what is held back", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We have [maps\"\n"
      "    TEXT \"We have\"\n"
      "interrupt \"We have\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "deadline\n"
      "    -1\n"
      "prompt \"What\"\n"
      "    START\n"
      "delta \"](x) yes\"\n"
      "    TEXT \"](x) yes\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We have\"\n"
      "    user \"What\"\n"
      "    assistant \"](x) yes\"\n" },

    { "an answer of nothing but reasoning is empty", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"<think>He said\"\n"
      "deadline\n"
      "    4000\n"
      "delta \" hi</think>\"\n"
      "delta \" ** \"\n"
      "end complete\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "a call in reasoning is not one", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"<think>I could look(1).</think>Yes\"\n"
      "    TEXT \"Yes\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Yes\"\n" },

    { "one in code, or after marks, is", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"```look(1)```\"\n"
      "    LOG err LLM wrote a tool call into its text, which is not spoken\n"
      "    CANCEL\n"
      "    START\n"
      "delta \"A **bold** look(2) **a\"\n"
      "    TEXT \"A bold\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"A bold\"\n" },

    { "text before a tool call is spoken to its end", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One *moment*.\"\n"
      "    TEXT \"One moment\"\n"
      "calls \"c1 look {}\"\n"
      "    TEXT \".\"\n"
      "    TOOL 1 look {}\n"
      "toolok 1 \"{}\"\n"
      "    START\n"
      "delta \"*Yes* it\"\n"
      "    TEXT \" \"\n"
      "    TEXT \"Yes it\"\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "what is not spoken counts towards the size of an answer", SPOKEN_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Yes. <think>1234567\"\n"
      "    TEXT \"Yes.\"\n"
      "delta \"89\"\n"
      "delta \"0\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Yes.\"\n" },

    { "where nothing else came, the answer failed", SPOKEN_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"<think>123456789012\"\n"
      "delta \"4</think>Yes\"\n"
      "    LOG warn answer is too long, and none of it can be spoken\n"
      "    CANCEL wrote too much that cannot be spoken\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "the same, and the reasoning has no end", SPOKEN_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"<think>123456789012\"\n"
      "delta \"4\"\n"
      "    LOG warn answer is too long, and none of it can be spoken\n"
      "    CANCEL wrote too much that cannot be spoken\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "delta \"5\"\n" },

    { "what was spoken counts as it was spoken", SPOKEN_SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"****5 & 6, ~7 and more\"\n"
      "    TEXT \"5 and 6, about 7 and\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "reasoning without a beginning is noted, once a call", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hm</think>Yes\"\n"
      "    TEXT \"Hm\"\n"
      "    TEXT \"Yes\"\n"
      "    LOG warn LLM ended its reasoning in its text without a beginning, "
      "so that it was spoken\n"
      "delta \" Hm</think> no\"\n"
      "    TEXT \" Hm\"\n"
      "    TEXT \" no\"\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "words of actions are not filtered, those of the LLM are", SPOKEN_ON,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"*Hello* & welcome\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"*Hello* & welcome\","
      "\"last\":true}\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "language \"de-DE\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"de-DE\"}\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"*A* & <break/><b>B</b> < 5\"\n"
      "    TEXT \"A & <break/>B < 5\"\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "an answer that fails in the middle keeps what was held back", SPOKEN,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"We are [open\"\n"
      "    TEXT \"We are\"\n"
      "end failed\n"
      "    TEXT \" open\"\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"We are open\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
